"""/me: what a member chose and what is kept about them, on one private panel."""

import contextlib
import io
import json
from datetime import date, time, timedelta
from typing import Any

import discord
from babel.dates import format_date, format_time, format_timedelta
from discord import app_commands, ui
from discord.app_commands import locale_str

from bot.calendar import zone_suggestions
from bot.errors import Refusal
from bot.language import _, nearest, ngettext, spoken
from bot.services.members import Me, Mine, read_day
from bot.store.members import Share
from cogs import cards
from cogs.hands import shortened
from cogs.support import Interaction, Noun, answers, community_of, press, pressed_name, redraw, show, within_time

NOT_AWAY = "no"
FILE_NAME = "my-kith-data.json"

WORDS_ON_A_PAGE = 5
LONGEST_PAGE = 3800
"""Characters of check-ins on one page; a message holds 4,000, and one check-in never needs more than this."""
LONGEST_QUESTION = 200


class Members(Noun):
    """Members see and choose what is about themselves. Every panel is private and drawn from rows."""

    @app_commands.command(name="me", description=locale_str("What you chose, and everything Kith keeps about you"))
    @app_commands.describe(
        zone=locale_str("Your time zone: type a city near you"),
        away_until=locale_str("The day you are back; until then nobody reminds you"),
    )
    @app_commands.guild_only()
    async def me(self, interaction: Interaction, zone: str | None = None, away_until: str | None = None) -> None:
        """Open the panel, after keeping what was chosen on the way."""
        choices: dict[str, Any] = {} if zone is None else {"zone": zone}
        if away_until is not None:
            choices["away_until"] = None if means_here(away_until) else read_day(away_until)
        await show(interaction, me_panel(await self._choose(interaction, **choices)))

    @me.autocomplete("zone")
    async def suggest_zones(self, _interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Suggest time zones."""
        return [app_commands.Choice(name=zone, value=zone) for zone in zone_suggestions(typed)]

    @me.autocomplete("away_until")
    async def suggest_days(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Suggest days to be back on."""
        days = await self.app.members.days_to_return(community_of(interaction), interaction.user.id)
        offered = [app_commands.Choice(name=_("I am not away"), value=NOT_AWAY)]
        offered += [app_commands.Choice(name=return_words(day, wait), value=day.isoformat()) for day, wait in days]
        wanted = typed.strip().lower()
        found = [each for each in offered if wanted in each.name.lower() or wanted == each.value]
        return found or typed_day(wanted, days[0][0] - days[0][1])

    @press("member:panel")
    async def open(self, interaction: Interaction, _id: int) -> None:
        """Go back to the panel."""
        await redraw(interaction, me_panel(await self._choose(interaction)))

    @press("member:here")
    async def come_back(self, interaction: Interaction, _id: int) -> None:
        """Note that a member is back."""
        await redraw(interaction, me_panel(await self._choose(interaction, away_until=None)))

    @press("member:remind")
    async def remind(self, interaction: Interaction, _id: int) -> None:
        """Turn reminders on."""
        await redraw(interaction, me_panel(await self._choose(interaction, reminders=True)))

    @press("member:quiet")
    async def stop_reminding(self, interaction: Interaction, _id: int) -> None:
        """Turn reminders off."""
        await redraw(interaction, me_panel(await self._choose(interaction, reminders=False)))

    @press("member:hour")
    async def choose_hour(self, interaction: Interaction, _id: int) -> None:
        """Keep the hour reminders come at."""
        hour = int(answers(interaction)["values"][0])
        await redraw(interaction, me_panel(await self._choose(interaction, reminder_hour=hour)))

    @press("member:share")
    async def choose_share(self, interaction: Interaction, _id: int) -> None:
        """Keep who may see a member's answers when they don't say otherwise."""
        share = Share(answers(interaction)["values"][0])
        await redraw(interaction, me_panel(await self._choose(interaction, share=share)))

    @press("member:words")
    async def words(self, interaction: Interaction, skip: int) -> None:
        """Show a member their own check-ins, newest first, after the first ``skip``."""
        await redraw(interaction, words_panel(await within_time(interaction, self._words(interaction, skip)), skip))

    @press("member:back")
    async def take_back(self, interaction: Interaction, check_in_id: int) -> None:
        """Erase one of a member's own check-ins and show those that are left."""
        await within_time(
            interaction,
            self.app.checkins.take_back(community_of(interaction), interaction.user.id, check_in_id),
        )
        await redraw(interaction, words_panel(await self._words(interaction, 0), 0))

    @press("member:export")
    async def export(self, interaction: Interaction, _id: int) -> None:
        """Give a member everything kept about them, as a file."""
        kept = await within_time(interaction, self.app.members.export(community_of(interaction), interaction.user.id))
        written = json.dumps(kept, ensure_ascii=False, indent=2).encode()
        answer = cards.drawing(
            ui.TextDisplay(_("Everything Kith keeps about you in this community. Only you can see this file.")),
            ui.File(f"attachment://{FILE_NAME}"),
        )
        await show(interaction, answer, file=discord.File(io.BytesIO(written), FILE_NAME))

    @press("member:leave")
    async def ask_to_forget(self, interaction: Interaction, _id: int) -> None:
        """Say what would go and what would stay, and ask."""
        await redraw(interaction, leaving_panel(await self._choose(interaction)))

    @press("member:forget")
    async def forget(self, interaction: Interaction, _id: int) -> None:
        """Forget a member; a second press changes nothing."""
        await within_time(interaction, self.app.members.forget(community_of(interaction), interaction.user.id))
        words = _(
            "Kith has forgotten you here. Your posts are being removed from the threads, and your name from the "
            "weavings.\nYou are as welcome as before: if you check in again, Kith begins anew."
        )
        await redraw(interaction, cards.drawing(ui.Container(ui.TextDisplay(words))))

    async def _choose(self, interaction: Interaction, **choices: Any) -> Me:
        """Keep choices, and with them the language the member reads; return how things stand."""
        who = community_of(interaction), interaction.user.id
        if not choices:
            return await within_time(interaction, self.app.members.find(*who))
        language = nearest(str(interaction.locale))
        return await within_time(interaction, self.app.members.choose(*who, language=language, **choices))

    async def _words(self, interaction: Interaction, skip: int) -> list[Mine]:
        limit = WORDS_ON_A_PAGE + 1  # one more tells whether there are older ones
        return await self.app.members.words(community_of(interaction), interaction.user.id, skip, limit)


def means_here(typed: str) -> bool:
    """Tell whether someone chose, or typed, that they are not away."""
    return typed.strip().lower() in (NOT_AWAY, _("I am not away").lower())


def typed_day(typed: str, today: date) -> list[app_commands.Choice[str]]:
    """Return the date someone typed as the one suggestion, if it is a date to come."""
    with contextlib.suppress(Refusal):
        day = read_day(typed)
        if day > today:
            return [app_commands.Choice(name=return_words(day, day - today), value=day.isoformat())]
    return []


def date_words(day: date) -> str:
    """Return a date in words, in the language spoken."""
    return format_date(day, "full", locale=_region())


def return_words(day: date, wait: timedelta) -> str:
    """Return a day to be back on, in words: ``Monday 30 November 2026, in 6 days``."""
    off = format_timedelta(wait, granularity="day", add_direction=True, threshold=1.2, locale=_region())
    return f"{date_words(day)}, {off}"


def hour_words(hour: int) -> str:
    """Return a full hour as clocks show it in the language spoken."""
    return format_time(time(hour), "short", locale=_region())


def _region() -> str:
    return "en_GB" if spoken() == "en" else spoken()


def me_panel(me: Me) -> ui.LayoutView:
    """Draw what a member chose and how much is kept, with everything that changes it."""
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay("### " + _("You, in this community") + "\n-# " + _("Only you can see this.")),
        ui.TextDisplay(_zone_words(me)),
        _away_part(me),
        ui.Separator(),
        *_reminder_parts(me),
        ui.Separator(),
        ui.TextDisplay(
            "**" + _("Who may see what I write") + "**\n-# " + _("The form starts with this; you can change it there.")
        ),
        ui.ActionRow(_share_select(me)),
        ui.Separator(),
        ui.TextDisplay(_kept_words(me)),
        ui.ActionRow(
            cards.lasting_button(_("My words"), "member", 0, "words"),
            cards.lasting_button(_("My data"), "member", 0, "export"),
            cards.lasting_button(_("Forget me"), "member", 0, "leave", discord.ButtonStyle.danger),
        ),
    ]
    return cards.drawing(ui.Container(*parts))


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
    return ui.Select(
        custom_id=pressed_name("member", 0, "share"),
        options=[
            discord.SelectOption(label=label, value=share, default=share is me.member.share)
            for share, label in words.items()
        ],
    )


def _kept_words(me: Me) -> str:
    if not me.check_ins:
        return _("**Kept:** what you choose here. No words of yours are kept.")
    return ngettext(
        "**Kept:** what you choose here, and the words of {count} check-in.",
        "**Kept:** what you choose here, and the words of {count} check-ins.",
        me.check_ins,
    ).format(count=me.check_ins)


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
        parts.append(ui.TextDisplay(_("No words of yours are kept here.")))
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
            "- " + _("what you chose in /me, and your reminders"),
            "- " + _("{words}, with their posts in the threads").format(words=words.format(count=me.check_ins)),
            "- " + _("your name in the weavings, and anything you wrote ahead"),
            _("**This stays:**"),
            "- " + _("that someone answered or passed a round, as a count without a name"),
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
