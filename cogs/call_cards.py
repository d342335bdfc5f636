"""How a call's card looks, and the door to a call for hosts, in the community's language."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.language import _
from bot.services.call_cards import CallCard
from bot.services.words import help_word
from bot.store.calls import Audience, Call, CallState, Urgency
from bot.store.communities import Community
from cogs.cards import (
    ACCENTS,
    OWN_THREAD,
    confidential_button,
    confidential_words,
    drawing,
    lasting_button,
    message_link,
    quoted,
    stamp,
)

ACCENT = ACCENTS["sustainability"]
"""Calls live where work and relationship meet."""
MOST_SHOWN = 10
"""How many people a line of a card names."""


def call_card(card: CallCard, marker: int | None) -> ui.LayoutView:
    """Draw a call: who asks for what, by when, and where it stands. Also serves as the preview (no marker)."""
    call = card.call
    eyebrow = _("Call · {urgency}").format(urgency=urgency_words(call.urgency))
    asks = _("{name} asks").format(name=_("someone here") if call.nameless else name_of(call.caller_id))
    parts: list[ui.Item[Any]] = [ui.TextDisplay(f"-# {eyebrow}\n### {begun(asks)}")]
    if call.state is not CallState.WITHDRAWN:
        parts += [ui.TextDisplay(each) for each in _asked_words(call)]
        if seen := _audience_words(card):
            parts.append(ui.TextDisplay(f"-# {seen}"))
    if call.state is not CallState.DRAFT:
        parts.append(ui.TextDisplay(_state_words(card)))
    if card.confidential:
        parts.append(ui.TextDisplay(confidential_words()))
    if card.late_since is not None:
        parts.append(ui.TextDisplay(late_words(card.late_since)))
    return drawing(ui.Container(*parts, *_buttons(card), accent_colour=ACCENT, id=marker))


def door(card: CallCard, marker: int | None) -> ui.LayoutView:
    """Draw the message by which hosts reach a hosts' call: nothing of whose it is, nor what it is about."""
    if card.call.state is not CallState.OPEN:
        return drawing(ui.Container(ui.TextDisplay(_("A call to the hosts has ended.")), id=marker))
    come = _("A call has come in for the hosts. Only hosts can open it.")
    if card.with_it or card.call.accompanied:
        come += "\n" + _("Someone is with it already.")
    if card.late_since is not None:
        come += "\n" + late_words(card.late_since)
    return to_hosts(card.community, come, marker, lasting_button(_("Open it"), "call", card.call.id, "enter"))


def to_hosts(
    community: Community, words: str, marker: int | None, button: ui.Button[Any] | None = None
) -> ui.LayoutView:
    """Draw a message that mentions the hosts, where they have a role."""
    mention = f"<@&{community.host_role_id}>\n" if community.host_role_id else ""
    rows = [ui.ActionRow(button)] if button is not None else []
    return drawing(ui.Container(ui.TextDisplay(mention + words), *rows, accent_colour=ACCENT, id=marker))


def late_words(since: datetime) -> str:
    """Return what stands in small print under something that comes long after it was to."""
    return "-# " + _("This was to come {when}; Discord or Kith could not be reached until now.").format(
        when=stamp(since, "f")
    )


def name_of(member_id: int | None) -> str:
    """Return how a member is named; someone who was forgotten is someone."""
    return _("someone") if member_id is None else f"<@{member_id}>"


def names_of(member_ids: Collection[int]) -> str:
    """Return how some people are named, in one line."""
    names = [f"<@{each}>" for each in list(member_ids)[:MOST_SHOWN]]
    if len(member_ids) > MOST_SHOWN:
        names.append(_("others"))
    if len(names) < 2:
        return "".join(names)
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def begun(sentence: str) -> str:
    """Return a sentence with a capital letter, also where it begins with someone whose name is gone."""
    return sentence[:1].upper() + sentence[1:]


def urgency_words(urgency: Urgency) -> str:
    """Return the words people read for by when something is asked."""
    return {
        Urgency.TODAY: _("today"),
        Urgency.WEEK: _("this week"),
        Urgency.NO_HURRY: _("no hurry"),
    }[urgency]


def card_link(call: Call) -> str:
    """Return the address of a call's card; of its thread while there is none."""
    if call.message_id is None:
        return f"<#{call.thread_id}>"
    return message_link(call.community_id, call.thread_id if call.private else call.channel_id, call.message_id)


def callers_buttons(call: Call, *verbs: str) -> ui.ActionRow[Any]:
    """Return buttons with which a caller says how their call stands."""
    labels = {
        "answered": _("Answered"),
        "still_open": _("Still open"),
        "withdraw": _("Withdraw"),
        "relay": _("Say something"),
    }
    return ui.ActionRow(*[lasting_button(labels[verb], "call", call.id, verb) for verb in verbs])


def _asked_words(call: Call) -> list[str]:
    """Return what is asked, and what would help: apart, so that the second is no part of the quotation."""
    words = [quoted(call.words) if call.words else "-# " + _("These words were taken back.")]
    if call.helps:
        helps = ", ".join(help_word(each) for each in call.helps)
        words.append(_("**What would help:** {helps}").format(helps=helps))
    return words


def _audience_words(card: CallCard) -> str:
    if card.call.audience is Audience.NAMED:
        return _("For {names}.").format(names=names_of(card.named) or _("someone"))
    if card.call.audience is Audience.HOSTS:
        return _("For the hosts.")
    return ""


def _state_words(card: CallCard) -> str:
    call = card.call
    if call.state is CallState.WITHDRAWN:
        return _("Withdrawn, and its words are gone.")
    if call.state is CallState.ANSWERED:
        return _("**Answered** {when}").format(when=_ago(call.ended_at))
    lines: list[str] = []
    if card.with_it:
        with_it = names_of(card.with_it)
        is_one = len(card.with_it) == 1
        lines.append((_("**{name} is with it**") if is_one else _("**{name} are with it**")).format(name=with_it))
    elif call.accompanied:
        lines.append(_("**Someone is with it**"))
    else:
        lines.append(_("**Waiting** for someone"))
    lines += [
        _("Later: {name}, {when}").format(name=name_of(each.member_id), when=stamp(each.later_at, "f"))
        for each in card.later[:MOST_SHOWN]
        if each.later_at is not None
    ]
    return "\n".join(lines)


def _ago(instant: datetime | None) -> str:
    return "" if instant is None else stamp(instant, "R")


def _buttons(card: CallCard) -> list[ui.Item[Any]]:
    call = card.call
    if call.state is CallState.ANSWERED and not call.nameless and call.caller_id is not None:
        return [callers_buttons(call, "still_open")]
    if call.state is not CallState.OPEN:
        return []
    verbs = ["answered", "still_open", "withdraw", *(["relay"] if call.nameless else [])]
    callers = callers_buttons(call, *verbs)
    if not call.private and not card.confidential:
        callers.add_item(confidential_button(OWN_THREAD))
    return [
        ui.ActionRow(
            lasting_button(_("I'm with you"), "call", call.id, "with", discord.ButtonStyle.primary),
            lasting_button(_("Later"), "call", call.id, "later"),
            lasting_button(_("I know someone"), "call", call.id, "know"),
            lasting_button(_("Not me"), "call", call.id, "not_me"),
        ),
        ui.TextDisplay("-# " + _("For the one who asks:")),
        callers,
    ]
