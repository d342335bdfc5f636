"""What is said about a circle in its thread, in the community's language.

``mentioned`` tells whom each of these speaks to; everyone else in it is named without being notified.
"""

from collections.abc import Callable
from typing import Any

import discord
from discord import ui

from bot.circle_deck import our_circle_decks
from bot.formats import Kind, Role, Step
from bot.language import _
from bot.services.circle_cards import CircleWord
from bot.services.hosting import PATIENCE
from bot.store.circles import Circle
from bot.store.rhythms import Way
from cogs.cards import drawing, lasting_button, message_link, quoted, stamp
from cogs.circle_cards import (
    accent,
    circle_link,
    filled,
    panel_link,
    people_in_line,
    place_words,
    role_word,
    unhosted_words,
)

Parts = list[ui.Item[Any]]

MOST_SPOKEN_TO = 100
"""How many people one message speaks to by name: as many as Discord lets it notify, and as a circle has room for."""

TAKES = {Role.HOST: "take_host", Role.CO_HOST: "take_cohost", Role.GUARDIAN: "take_guardian"} | {
    Role.HARVESTER: "take_harvester"
}
"""The verb of the button that takes a role somebody offers."""


def mentioned(word: CircleWord) -> list[int]:
    """Return whom a message speaks to; whoever offers a role, or did not use the talking piece, is only named."""
    if word.what == "moved_on":
        return []
    if word.what == "offer":
        return word.members[:1]
    return word.members[:MOST_SPOKEN_TO]


def circle_word(word: CircleWord, marker: int | None) -> ui.LayoutView:
    """Draw anything that is said in a circle's thread, beside its panel."""
    return drawing(ui.Container(*DRAWN[word.what](word), accent_colour=accent(word.view.circle), id=marker))


def _spoken_to(members: list[int], sentence: str) -> str:
    """Return a sentence, and before it the names of those it is for, where there are any."""
    return f"{people_in_line(members, MOST_SPOKEN_TO)}\n{sentence}" if members else sentence


def _button(word: CircleWord, label: str, verb: str, *, primary: bool = False) -> ui.Button[Any]:
    style = discord.ButtonStyle.primary if primary else discord.ButtonStyle.secondary
    return lasting_button(label, "circle", word.view.circle.id, verb, style)


def _invite(word: CircleWord) -> Parts:
    when, held = stamp(word.view.circle.starts_at), word.view.roles.get(Role.HOST)
    would_host = [each for each in word.members if each not in word.beside]
    would_co_host = [each for each in word.members if each in word.beside]
    asks: list[str] = []
    buttons: list[ui.Button[Any]] = []
    small = _("The words for every step are there for you. *Not this time* is a full answer.")
    if would_host or not would_co_host:
        asks.append(_spoken_to(would_host, _("Would you like to host this circle, {when}?").format(when=when)))
        buttons.append(_button(word, _("I'll host"), "host", primary=True))
    if would_co_host:
        beside = _("whoever hosts it") if held is None else f"<@{held.member_id}>"
        ask = _("Would you like to co-host this circle, {when}, beside {host}?").format(when=when, host=beside)
        asks.append(_spoken_to(would_co_host, ask))
        buttons.append(_button(word, _("I'll co-host"), "take_cohost", primary=not would_host))
        if held is None:
            small = f"{unhosted_words()} {small}"
    buttons.append(_button(word, _("Not this time"), "decline"))
    return [ui.TextDisplay("\n".join([*asks, f"-# {small}"])), ui.ActionRow(*buttons)]


def _free(word: CircleWord) -> Parts:
    asks = _("The hosting of this circle, {when}, is free again. Would one of you like it?").format(
        when=stamp(word.view.circle.starts_at)
    )
    return [ui.TextDisplay(asks), ui.ActionRow(_button(word, _("I'll host"), "host", primary=True))]


def _room(word: CircleWord) -> Parts:
    told = _("A place has opened in this circle, {when}, and you are in.").format(
        when=stamp(word.view.circle.starts_at)
    )
    small = _("If it no longer suits you, *Not this time* on the card is a full answer: {link}").format(
        link=circle_link(word.view.circle)
    )
    return [ui.TextDisplay(_spoken_to(word.members, told) + f"\n-# {small}")]


def _where(circle: Circle) -> str:
    return _("in writing, here in this thread") if circle.way is Way.WRITTEN else place_words(circle)


def _tomorrow(word: CircleWord) -> Parts:
    circle = word.view.circle
    told = _("This circle is a day away: {when}, {place}.").format(when=stamp(circle.starts_at), place=_where(circle))
    small = _("If it no longer suits you, *Not this time* on the card is a full answer: {link}").format(
        link=circle_link(circle)
    )
    return [ui.TextDisplay(_spoken_to(word.members, told) + f"\n-# {small}")]


def _soon(word: CircleWord) -> Parts:
    circle = word.view.circle
    told = _("We begin {from_now}, {place}.").format(from_now=stamp(circle.starts_at, "R"), place=place_words(circle))
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _due(word: CircleWord) -> Parts:
    circle = word.view.circle
    told = _("It is time for this circle. *Begin* is on the panel: {link}").format(link=panel_link(circle))
    small = _(
        "From five minutes on anyone may press it, and with people coming it begins by itself {from_now}."
    ).format(from_now=stamp(circle.starts_at + PATIENCE[circle.way], "R"))
    return [ui.TextDisplay(_spoken_to(word.members, told) + f"\n-# {small}")]


def _begun(word: CircleWord) -> Parts:
    told = _("This circle has begun. Its first step is here: {link}").format(link=panel_link(word.view.circle))
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _waits(word: CircleWord) -> Parts:
    told = _("Should the host not be here, anyone may press *Begin* now: {link}")
    if word.step is not None:
        told = _("Should the host not be here, anyone may press *Next* now: {link}")
    return [ui.TextDisplay(_spoken_to(word.members, told.format(link=panel_link(word.view.circle))))]


def _moved(word: CircleWord) -> Parts:
    circle = word.view.circle
    told = _("This circle has moved. It meets {when} ({from_now}), {place}.").format(
        when=stamp(circle.starts_at), from_now=stamp(circle.starts_at, "R"), place=_where(circle)
    )
    small = _("If that does not suit you, *Not this time* on the card is a full answer: {link}").format(
        link=circle_link(circle)
    )
    return [ui.TextDisplay(_spoken_to(word.members, told) + f"\n-# {small}")]


def _placeless(word: CircleWord) -> Parts:
    told = _(
        "The channel this circle was to meet in is gone. Its host, or any host here, can choose another place with "
        "*Move* in /circle, and those who come are told."
    )
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _eventless(word: CircleWord) -> Parts:
    told = _(
        "This circle's event was deleted. The circle takes place all the same, {when}, {place}. Should it not, "
        "*Cancel* in /circle tells those who come."
    ).format(when=stamp(word.view.circle.starts_at), place=_where(word.view.circle))
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _cancelled(word: CircleWord) -> Parts:
    told = _("This circle does not take place. Thank you to everyone who would have come.")
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _offer(word: CircleWord) -> Parts:
    assert word.offered is not None
    if not word.members:
        return [ui.TextDisplay("-# " + _("A role in this circle was offered here, and is no longer."))]
    asks = _("{name}, {holder} offers you to be {role} in this circle, {when}. It stays with them until you take it.")
    asked, holder = (f"<@{each}>" for each in word.members[:2])
    words = asks.format(name=asked, holder=holder, role=role_word(word.offered), when=stamp(word.view.circle.starts_at))
    return [
        ui.TextDisplay(words + "\n-# " + _("Leaving it is a full answer.")),
        ui.ActionRow(_button(word, _("I'll take it"), TAKES[word.offered], primary=True)),
    ]


def _calls(word: CircleWord) -> Parts:
    lines = [
        f"- {message_link(each.community_id, each.channel_id, each.message_id)} · {stamp(each.opened_at, 'R')}"
        for each in word.calls
        if each.opened_at is not None
    ]
    if not lines:
        return [ui.TextDisplay(_("Before we begin: no call waits for us."))]
    first = _("Before we begin: these calls have not met a person yet. Could one of us be with them?")
    return [ui.TextDisplay(f"**{first}**\n" + "\n".join(lines))]


def _time(word: CircleWord) -> Parts:
    title = "" if word.step is None else word.step.title
    told = _("The time for *{step}* is over. *Next* goes on when you are ready, and *+2 minutes* stays: {link}").format(
        step=title, link=panel_link(word.view.circle)
    )
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _piece(word: CircleWord) -> Parts:
    name = people_in_line(word.members) or _("someone")
    told = _("The talking piece is with you, {name}. Speak, pass, or keep silence; each is a full answer.").format(
        name=name
    )
    small = _("The buttons are on the panel: {link}").format(link=panel_link(word.view.circle))
    if word.seat is not None and word.seat.holds_until is not None:
        small = (
            _("It moves on by itself {from_now}.").format(from_now=stamp(word.seat.holds_until, "R")) + f"\n-# {small}"
        )
    return [ui.TextDisplay(f"{told}\n-# {small}")]


def _moved_on(word: CircleWord) -> Parts:
    name = people_in_line(word.members) or _("someone")
    told = _("The talking piece has moved on from {name}; your words are welcome at any time.").format(name=name)
    return [ui.TextDisplay(told)]


def _left(_word: CircleWord) -> Parts:
    told = _("Nobody is in this circle any more, so it ends here. Thank you to everyone who was.")
    return [ui.TextDisplay(told)]


def _bell(word: CircleWord) -> Parts:
    bells = our_circle_decks().bells(word.view.community.language)
    return [ui.TextDisplay(filled(word.view.circle, bells[(int(word.about) - 1) % len(bells)]))]


def _group(word: CircleWord) -> Parts:
    """Say to a group whose thread this is, the first time, what the step is for, and who of them asks."""
    circle, step, group = word.view.circle, word.step, word.group
    told: list[str] = []
    if word.what == "group":
        told.append(_group_words(len(word.members)))
    if group is not None and group.away:
        told.append(_("Whoever turns away now is let in when the step is over."))
    else:
        told += _asking_words(word)
    if circle.step_ends_at is not None and step is not None and step == _step_now(word):
        told.append(_("The step ends {from_now}.").format(from_now=stamp(circle.step_ends_at, "R")))
    parts: Parts = [ui.TextDisplay(_spoken_to(word.members, " ".join(told)))]
    if step is not None and not _turns_away(word):
        parts.append(ui.TextDisplay(f"### {step.title}\n{filled(circle, step.say)}"))
    return [*parts, ui.TextDisplay("-# " + _("The circle is here: {link}").format(link=f"<#{circle.message_id}>"))]


def _step_now(word: CircleWord) -> Step | None:
    at, steps = word.view.circle.step, word.view.format.steps
    return steps[at] if 0 <= at < len(steps) else None


def _turns_away(word: CircleWord) -> bool:
    """Tell whether a word is for the one of a group who turns away, while the others go on elsewhere."""
    away = word.step is not None and word.step.kind is Kind.AWAY
    return word.what == "step" and away and word.among is not None and word.among.parts


def _asking_words(word: CircleWord) -> list[str]:
    """Return who of a group asks in a turn in which somebody does."""
    step, among = word.step, word.among
    if step is None or among is None or word.view.format.asks_until(step.turn) is None:
        return []
    if among.asker is None:
        return [_("Nobody asks this time: this turn is for what is still open between you.")]
    if _turns_away(word):
        return [_("You turn away now, and the others go on without you. When the step is over, you may read it all.")]
    if step.kind is Kind.AWAY:
        return [_("You are two: {name} only listens, while the other thinks aloud.").format(name=f"<@{among.asker}>")]
    return [_("{name} asks this time.").format(name=f"<@{among.asker}>")]


def _group_words(people: int) -> str:
    """Return whose thread a group's is, in words."""
    numbers = {2: _("two"), 3: _("three"), 4: _("four"), 5: _("five"), 6: _("six"), 7: _("seven")}
    if people not in numbers:
        return _("This thread is for you.")
    return _("This thread is for the {number} of you.").format(number=numbers[people])


def _open(word: CircleWord) -> Parts:
    told = _("You can turn back now, and read what was said meanwhile.")
    if word.goes_on is not None:
        told += " " + _("Your group goes on here: {link}").format(link=f"<#{word.goes_on}>")
    return [ui.TextDisplay(_spoken_to(word.members, told))]


def _harvest(word: CircleWord) -> Parts:
    asks = _("This circle is closed. Would you gather what should stay of it? Three lines are enough.")
    gather = _button(word, _("Gather the harvest"), "harvest", primary=True)
    small = "\n-# " + _("From a day after the close anyone who came may, if nobody has.")
    if len(word.members) > 1:
        asks = _("This circle is closed. Would one of you gather what should stay of it? Three lines are enough.")
        small = ""
    return [ui.TextDisplay(_spoken_to(word.members, asks) + small), ui.ActionRow(gather)]


def _gathered(word: CircleWord) -> Parts:
    harvest = word.harvest
    if harvest is None or not harvest.lines:
        return [ui.TextDisplay("-# " + _("What was written here was taken back."))]
    name = _("someone") if harvest.harvester_id is None else f"<@{harvest.harvester_id}>"
    parts: Parts = [
        ui.TextDisplay("### " + _("What we take with us") + "\n" + quoted(harvest.lines)),
    ]
    if harvest.question:
        parts.append(ui.TextDisplay("**" + _("A question that stays") + "**\n" + quoted(harvest.question)))
    if harvest.thanks:
        parts.append(ui.TextDisplay("**" + _("Thanks") + "**\n" + quoted(harvest.thanks)))
    parts.append(ui.TextDisplay("-# " + _("Gathered by {name}").format(name=name)))
    return [*parts, ui.ActionRow(_button(word, _("Change it"), "harvest"))]


def _wishes(word: CircleWord) -> Parts:
    asks = _("**What wants to happen next?** One line from you is enough, and nobody sees whose it is.")
    small = _("A host can make a poll of the lines for everyone to see.")
    buttons = ui.ActionRow[Any](
        _button(word, _("Say it"), "wish", primary=True), _button(word, _("Make the poll"), "poll")
    )
    return [ui.TextDisplay(_spoken_to(word.members, asks) + f"\n-# {small}"), buttons]


DRAWN: dict[str, Callable[[CircleWord], Parts]] = {
    "invite": _invite,
    "free": _free,
    "room": _room,
    "tomorrow": _tomorrow,
    "soon": _soon,
    "due": _due,
    "begun": _begun,
    "waits": _waits,
    "moved": _moved,
    "placeless": _placeless,
    "eventless": _eventless,
    "cancelled": _cancelled,
    "offer": _offer,
    "calls": _calls,
    "time": _time,
    "piece": _piece,
    "moved_on": _moved_on,
    "left": _left,
    "bell": _bell,
    "group": _group,
    "step": _group,
    "open": _open,
    "harvest": _harvest,
    "gathered": _gathered,
    "wishes": _wishes,
}
