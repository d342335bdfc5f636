"""How /me looks: what a member chose and what is kept about them, drawn from rows, with what changes it."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import discord
from babel.dates import format_time, format_timedelta
from babel.lists import format_list
from discord import ui

from bot.language import _, ngettext, spoken
from bot.services.members import ASKS, LONGEST_ABOUT, Me, Mine
from bot.store.members import HostingWish, Member, Share
from cogs import cards
from cogs.hands import shortened
from cogs.support import pressed_name
from cogs.words import date_words, region

Choice = TypeVar("Choice", bound=StrEnum)

WORDS_ON_A_PAGE = 5
LONGEST_PAGE = 3800
"""Characters of check-ins on one page; a message holds 4,000, and one check-in never needs more than this."""
LONGEST_QUESTION = 200


def return_words(day: date, wait: timedelta) -> str:
    """Return a day to be back on, in words: ``Monday 30 November 2026, in 6 days``."""
    off = format_timedelta(wait, granularity="day", add_direction=True, threshold=1.2, locale=region())
    return f"{date_words(day)}, {off}"


def hour_words(hour: int) -> str:
    """Return a full hour as clocks show it in the language spoken."""
    return format_time(time(hour), "short", locale=region())


def me_panel(me: Me) -> ui.LayoutView:
    """Draw what a member chose and how much is kept, with everything that changes it."""
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(
            "### " + _("You, in this community") + "\n-# " + _("Only you can see this.") + "\n" + _zone_words(me)
        ),
        _about_part(me),
        _away_part(me),
        ui.Separator(),
        *_offer_parts(me),
        ui.ActionRow(_asks_select(me)),
        _keeper_part(me),
        ui.TextDisplay(_hosting_words()),
        ui.ActionRow(_hosting_select(me)),
        ui.Separator(),
        *_reminder_parts(me),
        ui.Separator(),
        ui.TextDisplay(
            "**" + _("Who may see what I write") + "**\n-# " + _("The form starts with this; you can change it there.")
        ),
        ui.ActionRow(_share_select(me)),
        _summaries_part(me),
        ui.Separator(),
        ui.TextDisplay(_kept_words(me)),
        ui.ActionRow(
            cards.lasting_button(_("My words"), "member", 0, "words"),
            cards.lasting_button(_("My data"), "member", 0, "export"),
            cards.lasting_button(_("Forget me"), "member", 0, "leave", discord.ButtonStyle.danger),
        ),
    ]
    return cards.drawing(ui.Container(*parts))


def _about_part(me: Me) -> ui.Item[Any]:
    about = me.member.about
    shown = cards.quoted(about) if about else _("Nothing yet, which is fine.")
    seen = _("Shown in a call's thread when you are with its caller.")
    label = _("Change it") if about else _("Write it")
    return ui.Section(
        "**" + _("A line about me") + "**\n" + shown + "\n-# " + seen,
        accessory=cards.lasting_button(label, "member", 0, "ask_about"),
    )


def about_form(member: Member) -> ui.Modal:
    """Draw the form for a member's line about themselves."""
    form = ui.Modal(title=_("A line about me"), custom_id=pressed_name("member", None, "about"))
    form.add_item(
        ui.Label(
            text=_("Who are you here, in a line?"),
            description=_("Leave it empty to take it back."),
            component=ui.TextInput(
                custom_id="about",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=LONGEST_ABOUT,
                default=member.about or None,
            ),
        )
    )
    return form


def _offer_parts(me: Me) -> list[ui.Item[Any]]:
    heading = "**" + _("What I offer") + "**\n"
    hint = "\n-# " + _("To add a word or a phrase, run /me with *offer*.")
    if not me.offers:
        return [ui.TextDisplay(heading + _("Nothing yet. Others may ask you for what you name here.") + hint)]
    shown = cards.quoted("\n".join(each.words for each in me.offers))
    seen = "\n-# " + _("Others see an offer when it is why you were asked, and as a suggestion without your name.")
    back: ui.Select[Any] = ui.Select(
        custom_id=pressed_name("member", 0, "offer"),
        placeholder=_("Take an offer back"),
        options=[discord.SelectOption(label=each.words, value=str(each.id)) for each in me.offers],
    )
    return [ui.TextDisplay(heading + shown + hint + seen), ui.ActionRow(back)]


def _asks_select(me: Me) -> ui.Select[Any]:
    return ui.Select(
        custom_id=pressed_name("member", 0, "asks"),
        options=[
            discord.SelectOption(label=asks_words(times), value=str(times), default=times == me.member.asks_a_month)
            for times in ASKS
        ],
    )


def asks_words(times: int) -> str:
    """Return how often at the most a member may be asked."""
    if times == 0:
        return _("Don't ask me to respond to calls")
    return ngettext("Ask me at most once in 30 days", "Ask me at most {count} times in 30 days", times).format(
        count=times
    )


def _keeper_part(me: Me) -> ui.Item[Any]:
    heading = "**" + _("Keeper of calls") + "**\n"
    if me.member.keeps:
        words = _("I take turns: for a week I see to it that each call meets a person.")
        return ui.Section(
            heading + words, accessory=cards.lasting_button(_("No more turns"), "member", 0, "keep_no_more")
        )
    words = _("A keeper sees to it for a week that each call meets a person; they need not solve it.")
    return ui.Section(heading + words, accessory=cards.lasting_button(_("Take turns"), "member", 0, "keep"))


def _hosting_words() -> str:
    heading = "**" + _("Hosting circles") + "**\n"
    return heading + _("Hosts are invited in turn, a week before. The first time one co-hosts, beside a host.")


def _hosting_select(me: Me) -> ui.Select[Any]:
    words = {
        HostingWish.HOST: _("I'd like to host"),
        HostingWish.CO_HOST: _("I'd like to co-host first"),
        HostingWish.NOT_NOW: _("Not now"),
    }
    return _choices("hosting", words, me.member.hosting)


def _choices(verb: str, words: Mapping[Choice, str], chosen: Choice) -> ui.Select[Any]:
    """Draw a select of the words for each choice, with the one that was made."""
    return ui.Select(
        custom_id=pressed_name("member", 0, verb),
        options=[
            discord.SelectOption(label=label, value=choice, default=choice is chosen) for choice, label in words.items()
        ],
    )


def _zone_words(me: Me) -> str:
    zone = me.zone if me.member.zone else _("{zone}, as the community").format(zone=me.zone)
    return _("**Time zone:** {zone}").format(zone=zone) + "\n-# " + _("To change it, run /me with *zone*.")


def _away_part(me: Me) -> ui.Item[Any]:
    hint = "\n-# " + _("To change it, run /me with *away_until*.")
    if me.away_until is None:
        return ui.TextDisplay(_("**Away:** no") + hint)
    words = _("**Away:** back on {date}").format(date=date_words(me.away_until))
    return ui.Section(words + hint, accessory=cards.lasting_button(_("I am back"), "member", 0, "here"))


def _reminder_parts(me: Me) -> list[ui.Item[Any]]:
    heading = "**" + _("Reminders by direct message") + "**\n"
    if not me.member.reminders:
        words = _("Off. Kith writes to you only if you ask for it.")
        if me.undelivered:
            words = _(
                "Off, because Discord did not let my last one through. Allow direct messages from this server's "
                "members in your privacy settings, then turn them on again."
            )
        return [
            ui.Section(heading + words, accessory=cards.lasting_button(_("Remind me"), "member", 0, "remind")),
        ]
    words = _("On: one for each round you have neither answered nor passed, before it closes, at")
    hours: ui.Select[Any] = ui.Select(
        custom_id=pressed_name("member", 0, "hour"),
        options=[
            discord.SelectOption(
                label=_("{time} in {zone}").format(time=hour_words(hour), zone=me.zone),
                value=str(hour),
                default=hour == me.member.reminder_hour,
            )
            for hour in range(24)
        ],
    )
    return [
        ui.Section(heading + words, accessory=cards.lasting_button(_("Stop reminders"), "member", 0, "quiet")),
        ui.ActionRow(hours),
    ]


def _share_select(me: Me) -> ui.Select[Any]:
    words = {
        Share.EVERYONE: _("Everyone in this community"),
        Share.HOSTS: _("The hosts"),
        Share.ME: _("Only me"),
    }
    return _choices("share", words, me.member.share)


def _summaries_part(me: Me) -> ui.Item[Any]:
    heading = "**" + _("My words in summaries of threads") + "**\n"
    if me.member.left_out:
        words = _("Left out: they go into no summary and to no language model. Those made before are changed too.")
        return ui.Section(heading + words, accessory=cards.lasting_button(_("Let them in"), "member", 0, "let_in"))
    words = _("They may be in one, by your name. Where a language model writes it, it is not told your name.")
    button = cards.lasting_button(_("Leave my words out"), "member", 0, "leave_out")
    return ui.Section(heading + words, accessory=button)


def _kept_words(me: Me) -> str:
    if not (me.check_ins or me.calls or me.circles or me.summaries):
        return _("**Kept:** what stands here. No words of yours are kept.")
    written = ngettext("{count} check-in", "{count} check-ins", me.check_ins).format(count=me.check_ins)
    called = ngettext("{count} call", "{count} calls", me.calls).format(count=me.calls)
    circled = ngettext("{count} circle", "{count} circles", me.circles).format(count=me.circles)
    summed = ngettext("{count} summary", "{count} summaries", me.summaries).format(count=me.summaries)
    counted = [(me.check_ins, written), (me.calls, called), (me.circles, circled), (me.summaries, summed)]
    return _("**Kept:** what stands here, and your words in {written}.").format(
        written=format_list([words for count, words in counted if count], locale=spoken())
    )


def words_panel(mine: list[Mine], skip: int) -> ui.LayoutView:
    """Draw a member's own check-ins after the first ``skip``: as many as fit, each with *Take it back*."""
    parts: list[ui.Item[Any]] = []
    room = LONGEST_PAGE
    for each in mine[:WORDS_ON_A_PAGE]:
        text = mine_words(each)
        room -= len(text)
        if parts and room < 0:
            break
        button = cards.lasting_button(_("Take it back"), "member", each.check_in.id, "back")
        parts.append(ui.Section(text, accessory=button))
    buttons = [cards.lasting_button(_("Back"), "member", 0, "panel")]
    if len(mine) > len(parts):
        buttons.append(cards.lasting_button(_("Older words"), "member", skip + len(parts), "words"))
    if skip:
        buttons.append(cards.lasting_button(_("Latest words"), "member", 0, "words"))
    if not parts:
        parts.append(ui.TextDisplay(_("No check-ins of yours are kept here.")))
    return cards.drawing(ui.Container(*parts), ui.ActionRow(*buttons))


def mine_words(mine: Mine) -> str:
    """Return one check-in as its writer reads it: the question, when, who may see it, the words."""
    shared = {
        Share.EVERYONE: _("shared with everyone"),
        Share.HOSTS: _("shared with hosts"),
        Share.ME: _("only for you"),
    }[mine.check_in.share]
    question = shortened(mine.question, LONGEST_QUESTION) if mine.question else _("Written ahead for the next round")
    when = cards.stamp(mine.check_in.written_at, "f")
    return f"**{question}**\n-# {when} · {shared}\n{cards.quoted(mine.check_in.words)}"


def leaving_panel(me: Me) -> ui.LayoutView:
    """Draw what would go and what would stay, and the question."""
    words = ngettext("the words of {count} check-in", "the words of {count} check-ins", me.check_ins)
    text = "\n".join(
        [
            "### " + _("Shall Kith forget you here?"),
            _("**This goes, for good:**"),
            "- " + _("what you chose, wrote and offer in /me, and your reminders"),
            "- " + _("{words}, with their posts in the threads").format(words=words.format(count=me.check_ins)),
            "- " + _("your calls: those still open end, and the words of all are erased"),
            "- "
            + _("your name in the weavings, in others' calls and in circles' threads, and anything you wrote ahead"),
            "- " + _("in circles: your roles, your harvests and wishes, and your words in those you proposed"),
            "- " + _("in summaries of threads: what rests on your words alone, your name in the rest, and your drafts"),
            "- " + _("that you want your words left out of summaries: if you stay here, choose it anew"),
            _("**This stays:**"),
            "- " + _("that someone answered or passed a round, or came to a call or a circle, without a name"),
            "- " + _("a line of yours in a poll, without a name, and your title for a circle in its thread's name"),
            "- " + _("what a summary says that others wrote as well, without your name"),
            "- " + _("what you and others wrote in Discord yourselves; you can delete your own messages there"),
            _("Nobody can bring it back. *My data* gives you a copy first."),
        ]
    )
    return cards.drawing(
        ui.Container(
            ui.TextDisplay(text),
            ui.ActionRow(
                cards.lasting_button(_("Yes, forget me"), "member", 0, "forget", discord.ButtonStyle.danger),
                cards.lasting_button(_("My data"), "member", 0, "export"),
                cards.lasting_button(_("No, go back"), "member", 0, "panel"),
            ),
        )
    )
