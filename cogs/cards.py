"""How each public message looks, drawn from rows in the community's language.

Every card is a components layout whose outermost part carries the delivery's marker. Members' words are shown as
they were written, without letting them change the card around them.
"""

import unicodedata
from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.language import _
from bot.services.rounds import Note, Post, Quiet, Reminder, RoundCard, Weaving
from bot.store.calls import Call
from bot.store.checkins import Round, RoundState
from bot.store.deliveries import IN_THREADS_OF_CALLS, DeliveryKind
from bot.store.rhythms import Rhythm, RhythmState
from cogs.support import pressed_name
from cogs.words import arriving_word, reason_words, rule_words, tag_word

ACCENTS = {
    "work": 0xC9792B,
    "learning": 0x3E7CB1,
    "relationship": 0xB5485D,
    "innovation": 0x5B8E3E,
    "sustainability": 0xA8612F,
    "kinship": 0x7A5AA6,
    "purpose": 0x2F8F83,
}
"""One calm colour an element or overlap, so that a reader knows the kind of question before reading it."""

MOST_NAMED = 60
"""How many people a weaving names; each takes up to 24 of a card's 4,000 characters."""
MOST_UNANSWERED = 10
OWN_THREAD = 0
"""Stands for the thread of the very message a button is on, whose id that message has only once it is posted."""


def stamp(instant: datetime, style: str = "F") -> str:
    """Return an instant as Discord shows it in each reader's own zone and language."""
    return f"<t:{int(instant.timestamp())}:{style}>"


def message_link(community_id: int, channel_id: int | None, message_id: int | None) -> str:
    """Return the address of a message."""
    return f"https://discord.com/channels/{community_id}/{channel_id}/{message_id}"


def quoted(words: str) -> str:
    """Return a member's words as a quotation that shows them letter for letter, links alive, nothing else."""
    return "\n".join(f"> {line}" for line in plain(words).split("\n"))


def plain(words: str) -> str:
    """Return a member's words so that they show letter for letter within a sentence, links alive, nothing else."""
    shown = "".join(each for each in words if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs"))
    first, *others = discord.utils.escape_mentions(shown).split("[")
    # bracket by bracket: discord.py takes all from the first link's to the last one's for one, and leaves it alive
    escaped = [
        discord.utils.escape_markdown(first),
        *(discord.utils.escape_markdown(f"x{each}")[1:] for each in others),
    ]
    return "\\[".join(escaped)


def drawing(*parts: ui.Item[Any]) -> ui.LayoutView:
    """Return a message made of these parts, top to bottom."""
    view = ui.LayoutView(timeout=None)
    for part in parts:
        view.add_item(part)
    view.stop()
    return view


def lasting_button(
    label: str,
    noun: str,
    row_id: int | None,
    verb: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> ui.Button[Any]:
    """Return a button that answers for as long as its message stands."""
    return ui.Button(label=label, custom_id=pressed_name(noun, row_id, verb), style=style)


def confidential_button(thread_id: int) -> ui.Button[Any]:
    """Return the button that keeps a thread out of summaries."""
    return lasting_button(_("Confidential"), "summary", thread_id, "confidential")


def confidential_words() -> str:
    """Return what stands in small print where a thread is kept out of summaries."""
    return "-# " + _("This thread is confidential: no summary is made of it.")


def round_card(card: RoundCard, marker: int | None) -> ui.LayoutView:
    """Draw a round: the question, what one can do, when it closes. Also serves as the preview (no marker)."""
    shown = card.round
    eyebrow = _("Check-in · {tag}").format(tag=tag_word(shown.tag))
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(f"-# {eyebrow}\n## {shown.question}"),
        ui.TextDisplay(_round_words(shown)),
    ]
    if shown.welcomes:
        label = _("Check in") if shown.state is RoundState.OPEN else _("Check in late")
        buttons = [lasting_button(label, "round", shown.id, "open", discord.ButtonStyle.primary)]
        if shown.state is RoundState.OPEN:
            buttons.append(lasting_button(_("Pass this time"), "round", shown.id, "pass"))
        parts.append(ui.ActionRow(*buttons))
    framed = ui.Container(*parts, accent_colour=ACCENTS[shown.tag], id=marker)
    bell = card.community.bell_role_id
    if bell is not None and shown.state is RoundState.OPEN:
        return drawing(framed, ui.TextDisplay(f"-# <@&{bell}>"))
    return drawing(framed)


def _round_words(shown: Round) -> str:
    if shown.state is RoundState.OPEN:
        return _("Open until {when} ({from_now}). A line is enough, and passing is a full answer.").format(
            when=stamp(shown.closes_at, "f"), from_now=stamp(shown.closes_at, "R")
        )
    if shown.state is RoundState.CLOSED:
        return _("This round closed {when}. Late words are welcome until the next one opens.").format(
            when=stamp(shown.closes_at, "R")
        )
    if shown.threaded:
        return _("This round is over. Thank you to everyone who brought something.")
    return _("This round is over.")


def post(shown: Post, marker: int) -> ui.LayoutView:
    """Draw a member's check-in in the round's thread."""
    check_in = shown.check_in
    name = f"<@{check_in.member_id}>"
    if check_in.arriving is None:
        heading = _("{name} checks in").format(name=name)
    else:
        heading = _("{name} checks in, arriving {word}").format(name=name, word=arriving_word(check_in.arriving))
    if check_in.written_at >= shown.round.closes_at:
        heading += " · " + _("late and welcome")
    return drawing(ui.TextDisplay(f"**{heading}**\n{quoted(check_in.words)}", id=marker))


def weaving(woven: Weaving, marker: int) -> ui.LayoutView:
    """Draw what closes a round: calls that have long waited, who was heard, whose words wait for a reply, what else."""
    thread_id = woven.round.message_id
    parts: list[ui.Item[Any]] = []
    if woven.pressing:
        parts += [
            ui.TextDisplay("**" + _("These calls have not met a person yet:") + "**\n" + _call_lines(woven.pressing)),
            ui.Separator(),
        ]
    parts += [
        ui.TextDisplay("-# " + _("This round is woven") + f"\n### {woven.round.question}"),
        ui.TextDisplay(_heard_words(woven, thread_id)),
    ]
    if woven.unanswered:
        lines = [
            f"- <@{each.member_id}> · {message_link(woven.community.id, thread_id, each.message_id)}"
            for each in woven.unanswered[:MOST_UNANSWERED]
        ]
        more = len(woven.unanswered) - MOST_UNANSWERED
        if more > 0:
            lines.append("- " + _("and {count} more in the thread").format(count=more))
        parts += [
            ui.Separator(),
            ui.TextDisplay("**" + _("Nobody has replied to these yet. Who will answer?") + "**\n" + "\n".join(lines)),
        ]
    if others := [each for each in woven.calls if each not in woven.pressing]:
        parts += [ui.Separator(), ui.TextDisplay("**" + _("Calls that wait:") + "**\n" + _call_lines(others))]
    if woven.next_at is not None:
        parts.append(ui.TextDisplay("-# " + _("The next check-in opens {when}.").format(when=stamp(woven.next_at))))
    if woven.confidential:
        parts.append(ui.TextDisplay("-# " + _("This round's thread is confidential: no summary is made of it.")))
    elif woven.round.threaded and thread_id is not None:
        parts.append(ui.ActionRow(confidential_button(thread_id)))
    return drawing(ui.Container(*parts, accent_colour=ACCENTS[woven.round.tag], id=marker))


def _call_lines(calls: list[Call]) -> str:
    return "\n".join(
        f"- {message_link(each.community_id, each.channel_id, each.message_id)} · {stamp(each.opened_at, 'R')}"
        for each in calls
        if each.opened_at is not None
    )


def _heard_words(woven: Weaving, thread_id: int | None) -> str:
    if not woven.heard and not woven.round.threaded:
        return _("It was quiet this time, which is fine.")
    if not woven.heard:
        return _("What was shared here has been taken back by those who wrote it.")
    names = [f"<@{member_id}>" for member_id in woven.heard[:MOST_NAMED]]
    if len(woven.heard) > MOST_NAMED:
        names.append(_("and others"))
    return _("Heard this time: {names}.\nTheir words are in {thread}.").format(
        names=", ".join(names), thread=f"<#{thread_id}>"
    )


def reminder(reminded: Reminder) -> str:
    """Return the words of a reminder, in the member's language."""
    return _("The check-in is open until {when}. The question is:\n> {question}\nPassing is a full answer.").format(
        when=stamp(reminded.round.closes_at, "f"), question=reminded.round.question
    )


def reminder_card(reminded: Reminder, marker: int) -> ui.LayoutView:
    """Draw a reminder for a direct message."""
    link = message_link(reminded.community.id, reminded.round.channel_id, reminded.round.message_id)
    go: ui.Button[Any] = ui.Button(label=_("Go to the check-in"), url=link)
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(reminder(reminded)),
        ui.ActionRow(go),
        ui.TextDisplay("-# " + _("You asked for this reminder; /me in the community turns it off.")),
    ]
    return drawing(ui.Container(*parts, id=marker))


def quiet(asked: Quiet, marker: int) -> ui.LayoutView:
    """Draw the question to the hosts whether a rhythm still serves; once they answered, what they decided."""
    heading = "### " + _("Does this rhythm still serve?")
    if asked.posted is not None and asked.rhythm.state is not RhythmState.ASKING:
        return drawing(ui.Container(ui.TextDisplay(f"{heading}\n{_decided_words(asked.rhythm)}"), id=marker))
    hosts = asked.community.host_role_id
    rhythm = asked.rhythm
    buttons = [
        lasting_button(_("Keep it"), "rhythm", rhythm.id, "keep", discord.ButtonStyle.primary),
        lasting_button(_("Half as often"), "rhythm", rhythm.id, "slower"),
        lasting_button(_("Rest four weeks"), "rhythm", rhythm.id, "rest"),
        lasting_button(_("End it"), "rhythm", rhythm.id, "end"),
    ]
    words = _(
        "The last two check-ins stayed quiet, which happens to every community. I am holding the next one back "
        "until a host says what would serve now.\n-# So far: {rule}"
    ).format(rule=rule_words(rhythm))
    return drawing(
        ui.Container(
            ui.TextDisplay((f"<@&{hosts}>\n" if hosts else "") + heading),
            ui.TextDisplay(words),
            ui.ActionRow(*buttons),
            id=marker,
        )
    )


def _decided_words(rhythm: Rhythm) -> str:
    if rhythm.next_at is None:
        return _("The hosts have decided: this rhythm has ended. Thank you to everyone who brought something.")
    return _("The hosts have decided: it goes on, {rule}. The next check-in opens {when}.").format(
        rule=rule_words(rhythm), when=stamp(rhythm.next_at)
    )


def note(told: Note, marker: int) -> ui.LayoutView:
    """Draw what the hosts are told about something that could not be said."""
    hosts = told.community.host_role_id
    what = {
        DeliveryKind.ROUND: _("The check-in of {when} was not posted."),
        DeliveryKind.WEAVING: _("The weaving of {when} was not posted."),
        DeliveryKind.CHECK_IN: _("A check-in of {when} could not be shown in its thread. The words are kept."),
        DeliveryKind.QUIET: _("The question to the hosts of {when} was not posted."),
        DeliveryKind.KEEPER: _("The card of {when} that says who keeps calls was not posted."),
        DeliveryKind.CALL: _("A call's card of {when} was not posted. The call is kept, and I try again."),
        DeliveryKind.DOOR: _("What tells the hosts of a call of {when} was not posted."),
        **dict.fromkeys(IN_THREADS_OF_CALLS, _("What a call was to say {when} was not posted.")),
        DeliveryKind.CIRCLE: _("A circle's card of {when} was not posted. The circle is kept."),
        DeliveryKind.EVENT: _("A live circle's event, due {when}, was not made or changed."),
        DeliveryKind.PANEL: _("The panel of a running circle, due {when}, was not posted."),
        DeliveryKind.CIRCLE_WORD: _("Something in a circle's thread, due {when}, was not posted."),
        DeliveryKind.SUMMARY: _(
            "A summary that was to be published {when} was not posted or changed in its thread. One that was not "
            "posted is a draft again, and /summary there makes a new one."
        ),
        DeliveryKind.SUMMARY_NOTICE: _(
            "What tells a thread, {when}, that a language model was asked to summarise it, was not posted."
        ),
    }.get(told.about.kind, _("Something due {when} was not posted."))
    if told.about.reason == "not-removed":
        what = _("A check-in was taken back {when}, but its post is still in the thread.")
    words = what.format(when=stamp(told.about.due_at, "f")) + " " + reason_words(told.about.reason)
    mention = f"<@&{hosts}> " if hosts else ""
    return drawing(ui.Container(ui.TextDisplay(mention + _("A note for the hosts.") + "\n" + words), id=marker))
