"""How a circle's panel looks: the step it is at, who holds the talking piece or is in which group, and the buttons."""

from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.formats import Kind, Step
from bot.language import _
from bot.services.circle_cards import CirclePanel
from bot.services.groups import Group
from bot.store.circles import CircleState, Seat, SeatState
from bot.store.rhythms import Way
from cogs.cards import MOST_NAMED, confidential_button, confidential_words, drawing, lasting_button, plain, stamp
from cogs.circle_cards import accent, filled, people_in_line, role_word

STEPS_APART = 1000
"""A *Next* button's id is that of its circle, times this, plus the step it goes on from."""
MOST_GROUPS = 20


def panel(shown: CirclePanel, marker: int | None) -> ui.LayoutView:
    """Draw a circle's panel as it stands."""
    if shown.step is not None:
        return _framed(shown, [*_step_parts(shown, shown.step), *_step_buttons(shown)], marker)
    circle = shown.view.circle
    if circle.state is CircleState.PLANNED:
        begin = lasting_button(_("Begin"), "circle", circle.id, "begin", discord.ButtonStyle.primary)
        return _framed(shown, [ui.TextDisplay(_not_begun_words(shown)), ui.ActionRow(begin)], marker)
    return _framed(shown, [ui.TextDisplay(_heading(shown) + "\n" + _over_words(circle.state))], marker)


def former(shown: CirclePanel) -> ui.LayoutView:
    """Draw the panel before the one that is new: its step, without buttons or anything that passes."""
    if shown.step is None:
        return _framed(shown, [ui.TextDisplay(_heading(shown))], None)
    steps, number = shown.view.format.steps, shown.before
    words = _heading(shown) + "\n" + _("It has begun.")
    if 0 <= number < len(steps):
        step = steps[number]
        words = f"{_step_heading(number + 1, shown.steps, step)}\n{filled(shown.view.circle, step.say)}"
    passed = ", ".join(each.title for each in steps[number + 1 : shown.number - 1])
    if passed:
        words += "\n-# " + _("The circle has gone on past: {steps}").format(steps=passed)
    return _framed(shown, [ui.TextDisplay(words)], None)


def _framed(shown: CirclePanel, parts: list[ui.Item[Any]], marker: int | None) -> ui.LayoutView:
    return drawing(ui.Container(*parts, accent_colour=accent(shown.view.circle), id=marker))


def _heading(shown: CirclePanel) -> str:
    return f"### {plain(shown.view.circle.title)}"


def _not_begun_words(shown: CirclePanel) -> str:
    circle = shown.view.circle
    lines = [
        _heading(shown),
        _("The time of this circle is {when} ({from_now}). When those who come are here, *Begin* starts it.").format(
            when=stamp(circle.starts_at, "t"), from_now=stamp(circle.starts_at, "R")
        ),
        "-# " + _carried_words(shown),
    ]
    return "\n".join(lines)


def _carried_words(shown: CirclePanel) -> str:
    roles = shown.view.roles
    if roles and shown.anyone and not shown.view.circle.hostless:
        return _("Should nobody who holds this circle be here, anyone may press the buttons now.")
    if shown.view.circle.hostless or not roles:
        return _("Nobody hosts this one: I have the words for every step, and anyone may press the buttons.")
    held = ", ".join(f"{role_word(role)} <@{each.member_id}>" for role, each in roles.items())
    return _("Held by {people}.").format(people=held)


def _over_words(state: CircleState) -> str:
    if state is CircleState.CANCELLED:
        return _("This circle does not take place.")
    return _("This circle is closed. Thank you to everyone who was there.")


def _step_heading(number: int, steps: int, step: Step) -> str:
    heading = "-# " + _("Step {number} of {steps}").format(number=number, steps=steps)
    if step.turn is not None:
        heading += " · " + _("turn {number}").format(number=step.turn)
    return f"{heading}\n### {step.title}"


def _step_parts(shown: CirclePanel, step: Step) -> list[ui.Item[Any]]:
    words = f"{_step_heading(shown.number, shown.steps, step)}\n{filled(shown.view.circle, step.say)}"
    parts: list[ui.Item[Any]] = [ui.TextDisplay(words)]
    if step.kind is Kind.ROUND and shown.seats:
        parts.append(ui.TextDisplay(_round_words(shown)))
    elif shown.groups and step.kind in (Kind.GROUPS, Kind.AWAY):
        parts.append(ui.TextDisplay(_group_words(shown, step)))
    ends_at = shown.view.circle.step_ends_at
    small = [] if ends_at is None else [_time_words(shown, ends_at)]
    parts.append(ui.TextDisplay("\n".join(f"-# {each}" for each in [*small, _carried_words(shown)])))
    if shown.confidential:
        parts.append(ui.TextDisplay(confidential_words()))
    return parts


def _time_words(shown: CirclePanel, ends_at: datetime) -> str:
    style = "t" if shown.view.circle.way is Way.LIVE else "f"
    return _("Time for this step: until {when} ({from_now}).").format(
        when=stamp(ends_at, style), from_now=stamp(ends_at, "R")
    )


def _round_words(shown: CirclePanel) -> str:
    """Return whose turn it is and who follows; what those before them did with theirs is nobody's list."""
    if shown.view.circle.way is Way.LIVE:
        everyone = people_in_line([each.member_id for each in shown.seats if each.member_id is not None])
        return _("**The talking piece goes round:** {names}").format(names=everyone)
    held: Seat | None = next((each for each in shown.seats if each.state is SeatState.HOLDS), None)
    if held is None:
        return _("The talking piece has been round.")
    holder = _("someone") if held.member_id is None else f"<@{held.member_id}>"
    lines = [_("**The talking piece is with {name}.**").format(name=holder)]
    if held.holds_until is not None:
        lines[0] += " " + _("It moves on {from_now}.").format(from_now=stamp(held.holds_until, "R"))
    waiting = [each.member_id for each in shown.seats if each.state is SeatState.WAITING and each.member_id is not None]
    if waiting:
        lines.append(_("Then: {names}").format(names=people_in_line(waiting)))
    return "\n".join(lines)


def _group_words(shown: CirclePanel, step: Step) -> str:
    lines = ["**" + _("Who is with whom:") + "**"]
    named = 0
    for place, group in enumerate(shown.groups, 1):
        named += len(group.members)
        if place > MOST_GROUPS or named > MOST_NAMED:
            lines.append("- " + _("and others"))
            break
        lines.append("- " + _group_line(shown, group, step))
    if shown.without_turn:
        late = _("No turn to ask came to {names} this time; /call is there for that at any time.")
        lines.append(late.format(names=people_in_line(shown.without_turn)))
    return "\n".join(lines)


def _group_line(shown: CirclePanel, group: Group, step: Step) -> str:
    """Return who is in a group, who of them asks in this turn, and the way to the group's thread."""
    thread_id, part = shown.threads.get(group.number), ""
    if group.asker is None and shown.view.format.asks_until(step.turn) is not None:
        part = _("this turn is for what is still open")
    elif group.asker is not None:
        part = _("{name} turns away") if group.parts else _("{name} only listens")
        part = part if step.kind is Kind.AWAY else _("{name} asks this time")
    words = (
        people_in_line([each for each in group.members if each != group.asker]),
        part.format(name=f"<@{group.asker}>"),
        "" if thread_id is None else f"<#{thread_id}>",
    )
    return " · ".join(each for each in words if each)


def _more_word(way: Way) -> str:
    return _("+2 minutes") if way is Way.LIVE else _("+2 hours")


def _step_buttons(shown: CirclePanel) -> list[ui.Item[Any]]:
    circle = shown.view.circle
    assert circle.id is not None
    rows: list[ui.Item[Any]] = []
    holds = any(each.state is SeatState.HOLDS for each in shown.seats)
    if shown.step is not None and shown.step.kind is Kind.ROUND and circle.way is Way.WRITTEN and holds:
        piece = ui.ActionRow[Any](
            lasting_button(_("I spoke"), "circle", circle.id, "spoke", discord.ButtonStyle.primary),
            lasting_button(_("Pass"), "circle", circle.id, "pass"),
            lasting_button(_("Silence"), "circle", circle.id, "silent"),
        )
        rows.append(piece)
    rows.append(
        ui.ActionRow(
            lasting_button(_("Next"), "step", circle.id * STEPS_APART + circle.step, "next"),
            lasting_button(_more_word(circle.way), "circle", circle.id, "more_time"),
            lasting_button(_("Bell"), "circle", circle.id, "bell"),
            lasting_button(_("Close"), "circle", circle.id, "close"),
            *([] if shown.confidential or circle.message_id is None else [confidential_button(circle.message_id)]),
        )
    )
    return rows
