"""A circle while it runs: its steps, their time, the talking piece, the groups, and how it closes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from sqlmodel import Session

from bot.formats import Format, Kind, Role, Step, our_formats
from bot.services.carrying import VANISHED, say_that_it_waits
from bot.services.circle_showing import say_in_circle, show_circle, show_panel
from bot.services.groups import form_groups, open_groups
from bot.services.offers import is_awake, is_away, wakes_at
from bot.services.rhythm_kinds import USUAL_FORMAT
from bot.store.calls import calls_for_everyone
from bot.store.circles import (
    Circle,
    CircleState,
    Seat,
    SeatState,
    Way,
    circle_key,
    circles_held,
    with_room,
)
from bot.store.circles_ahead import answers_to, choices_of, roles_in, seats_in
from bot.store.communities import Community, one_at_a_time
from bot.store.members import saved_member
from bot.store.said_again import is_said

MORE_TIME = {Way.LIVE: timedelta(minutes=2), Way.WRITTEN: timedelta(hours=2)}
OVERRUN = timedelta(hours=2)
"""A live circle whose step was over so long ago is closed; nobody is there any more."""
SHORTEST_HOLD, LONGEST_HOLD = timedelta(hours=2), timedelta(hours=24)
"""How long one member holds the talking piece of a written circle."""
CALLS_FROM = 4
"""The rung from which on a call is the first item of the next circle."""
WISHES_EVERY = 4
"""At the close of every so-manieth circle Kith asks what wants to happen next."""


def format_of(community: Community, circle: Circle) -> Format:
    """Return the format a circle is held in; one whose file is gone is held as a check-in circle."""
    formats = our_formats()
    wanted = (formats.format(community.language, each) for each in (circle.format_id, USUAL_FORMAT))
    return next((each for each in wanted if each is not None), formats.all(community.language)[0])


def step_of(community: Community, circle: Circle) -> Step | None:
    """Return the step a running circle is at."""
    steps = format_of(community, circle).steps
    return steps[circle.step] if 0 <= circle.step < len(steps) else None


def begin(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Let a circle begin: with the calls that wait for its hearing, if there are any, and its first step."""
    circle.state, circle.began_at, circle.step = CircleState.RUNNING, now, -1
    if calls_for_everyone(session, community.id, 1, from_rung=CALLS_FROM):
        say_in_circle(session, circle, f"calls:{circle.id}", now)
    show_circle(session, circle, now, event=True)
    if circle.way is Way.WRITTEN:  # said below the panel of the first step
        say_in_circle(session, circle, f"begun:{circle.id}", now)
    next_step(session, community, circle, now)


def next_step(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Go on to the next step; after the last one, or once everyone has left a written circle, close."""
    _lay_down(session, circle)
    steps = format_of(community, circle).steps
    if circle.step + 1 >= len(steps) or (circle.way is Way.WRITTEN and _is_left(session, circle)):
        close(session, community, circle, now)
        return
    circle.step += 1
    step = steps[circle.step]
    length = timedelta(minutes=step.minutes) if circle.way is Way.LIVE else timedelta(hours=step.hours)
    circle.step_ends_at = circle.next_at = now + length
    _seat(session, community, circle, step, now)
    show_panel(session, circle, now, anew=True)


def add_time(session: Session, circle: Circle, now: datetime) -> None:
    """Give the step, and whoever holds the piece, two more minutes, in writing hours; what is over, two from now."""
    assert circle.step_ends_at is not None
    held, more = holder(session, circle), MORE_TIME[circle.way]
    circle.step_ends_at = max(circle.step_ends_at, now) + more
    if held is not None and held.holds_until is not None:
        held.holds_until = max(held.holds_until, now) + more
    _look_again(circle, held)
    show_panel(session, circle, now)


def close(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """End a circle: its harvester is asked for the harvest, and every fourth time all for what wants to happen.

    Of one that everyone has left nothing is asked.
    """
    one_at_a_time(session, community.id)  # of two that close at once, one is the fourth
    _lay_down(session, circle)
    circle.state, circle.ended_at = CircleState.CLOSED, now
    circle.next_at = circle.step_ends_at = None
    session.flush()
    note_hosted(session, circle, now)
    show_panel(session, circle, now)
    show_circle(session, circle, now, event=True)
    open_groups(session, circle, None, now)
    if _is_left(session, circle):
        say_in_circle(session, circle, f"left:{circle.id}", now)
        return
    say_in_circle(session, circle, f"harvest:{circle.id}", now)
    if circle.step > 0 and circles_held(session, community.id) % WISHES_EVERY == 0:
        say_in_circle(session, circle, f"wishes:{circle.id}", now)


def note_hosted(session: Session, circle: Circle, now: datetime) -> None:
    """Remember who hosted and co-hosted, so that others come first next time.

    A circle that ended in its first step was not held.
    """
    if circle.step < 1:
        return
    for role, held in roles_in(session, circle.id).items():
        if role in (Role.HOST, Role.CO_HOST):
            member = saved_member(session, circle.community_id, held.member_id)
            member.has_hosted = True
            member.hosted_at = now


def tend_running(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Do what a running circle's time asks for: pass the piece on, say that a step is over, or go on by itself."""
    if step_of(community, circle) is None or circle.step_ends_at is None:
        close(session, community, circle, now)  # its format has fewer steps than it had, or is gone
    elif circle.way is Way.WRITTEN:
        _tend_written(session, community, circle, circle.step_ends_at, now)
    elif now >= circle.step_ends_at + OVERRUN:
        close(session, community, circle, now)
    elif now < circle.step_ends_at:
        _look_again(circle, None)
    else:
        _say_that_it_is_over(session, circle, circle.step_ends_at, now)


def _say_that_it_is_over(session: Session, circle: Circle, ends_at: datetime, now: datetime) -> None:
    """Say that a live step's time is over, and five minutes later, once while the circle runs, that anyone may go on.

    Whoever went on since then knows, and the panel says so each time.
    """
    if now < ends_at + VANISHED:
        say_in_circle(session, circle, f"time:{circle.step}", now, expires_at=now + VANISHED)
        circle.next_at = ends_at + VANISHED
    else:
        if not is_said(session, circle.id, "waits", circle.began_at):
            say_that_it_waits(session, circle, roles_in(session, circle.id), now, ends_at + OVERRUN)
        circle.next_at = ends_at + OVERRUN
    show_panel(session, circle, now)


def _is_left(session: Session, circle: Circle) -> bool:
    """Tell whether nobody comes to a circle or holds a role in it any more."""
    held = roles_in(session, circle.id)
    return not (held or with_room(circle, answers_to(session, circle.id), held))


def _tend_written(session: Session, community: Community, circle: Circle, ends_at: datetime, now: datetime) -> None:
    held = holder(session, circle)
    is_over = held is not None and held.holds_until is not None and held.holds_until <= now
    if held is not None and (is_over or ends_at <= now):
        say_in_circle(session, circle, f"moved_on:{held.id}", now)
    if ends_at <= now:
        next_step(session, community, circle, now)
    elif is_over:
        hand_on(session, community, circle, now, SeatState.SILENT)
    else:
        _look_again(circle, held)


def _look_again(circle: Circle, held: Seat | None) -> None:
    """Let a running circle be looked at when its step's time is over, or that of the talking piece's holder."""
    ends = (circle.step_ends_at, held.holds_until if held is not None else None)
    circle.next_at = min(each for each in ends if each is not None)


def _seat(session: Session, community: Community, circle: Circle, step: Step, now: datetime) -> None:
    """Seat those who are there as the step needs them: round the piece, or in groups."""
    open_groups(session, circle, circle.step, now)
    if step.kind in (Kind.GROUPS, Kind.AWAY):
        people = people_there(session, community, circle, now)
        form_groups(session, circle, format_of(community, circle), people, now)
    if step.kind is Kind.ROUND:
        people = people_there(session, community, circle, now)
        for place, member_id in enumerate(people):
            session.add(Seat(circle_id=circle_key(circle), step=circle.step, place=place, member_id=member_id))
        session.flush()
        if circle.way is Way.WRITTEN and circle.step_ends_at is not None:  # so that everyone has the piece
            circle.step_ends_at = max(circle.step_ends_at, now + SHORTEST_HOLD * len(people))
        pass_on(session, community, circle, now, None)


def people_there(session: Session, community: Community, circle: Circle, now: datetime) -> list[int]:
    """Return who takes part, in the order they said that they come, without those away; the host speaks first."""
    held = roles_in(session, circle.id)
    host = [held[Role.HOST].member_id] if Role.HOST in held else []
    others = [each.member_id for each in held.values()]
    coming = with_room(circle, answers_to(session, circle.id), held)
    people = dict.fromkeys([*host, *coming, *others])
    choices = choices_of(session, community.id, people)
    away = {each.member_id for each in choices if is_away(each.away_until, each.zone or community.zone, now)}
    return [each for each in people if each not in away]


def holder(session: Session, circle: Circle) -> Seat | None:
    """Return who holds the talking piece."""
    return next((each for each in seats_in(session, circle.id, circle.step) if each.state is SeatState.HOLDS), None)


def hand_on(session: Session, community: Community, circle: Circle, now: datetime, done: SeatState) -> None:
    """Pass the talking piece on and show who holds it; in writing the next step begins once everyone has had it."""
    if not pass_on(session, community, circle, now, done) and circle.way is Way.WRITTEN:
        next_step(session, community, circle, now)
    else:
        show_panel(session, circle, now)


def pass_on(session: Session, community: Community, circle: Circle, now: datetime, done: SeatState | None) -> bool:
    """Pass the talking piece to the next in the round; tell whether someone holds it.

    Those who are away, or no longer come, are skipped. ``done`` is what its holder did with it.
    """
    seats = seats_in(session, circle.id, circle.step)
    waiting = [each for each in seats if each.state is SeatState.WAITING]
    there = people_there(session, community, circle, now) if waiting else []
    for each in seats:
        if each.state is SeatState.HOLDS and done is not None:
            each.state, each.holds_until = done, None
    skipped = list(takewhile(lambda each: each.member_id not in there, waiting))
    for each in skipped:
        each.state = SeatState.SKIPPED
    left = waiting[len(skipped) :]
    if left:
        left[0].state = SeatState.HOLDS
    if circle.way is Way.WRITTEN:
        if left:
            left[0].holds_until = _holds_until(session, community, circle, left, now)
        _look_again(circle, left[0] if left else None)
    if circle.way is Way.WRITTEN and left:
        say_in_circle(session, circle, f"piece:{left[0].id}", now)
    return bool(left)


def _lay_down(session: Session, circle: Circle) -> None:
    """Let nobody hold the talking piece of a round that is over."""
    held = holder(session, circle)
    if held is not None:
        held.state, held.holds_until = SeatState.SILENT, None


def _holds_until(
    session: Session, community: Community, circle: Circle, waiting: Sequence[Seat], now: datetime
) -> datetime:
    """Return until when the first of those who wait for it holds the piece, so that a step's time suffices for all.

    A time that would end in their night lasts into their morning, where the others keep half of their share.
    """
    ends_at = circle.step_ends_at
    assert ends_at is not None
    share = (ends_at - now) / len(waiting)
    until = now + min(max(share, SHORTEST_HOLD), LONGEST_HOLD)
    chosen = choices_of(session, community.id, [each.member_id for each in waiting[:1] if each.member_id is not None])
    zone = next((each.zone for each in chosen if each.zone), community.zone)
    if is_awake(zone, until):
        return until
    morning = wakes_at(zone, until) + SHORTEST_HOLD
    latest = ends_at - max(share / 2, SHORTEST_HOLD) * (len(waiting) - 1)
    return morning if morning <= min(latest, now + LONGEST_HOLD) else until
