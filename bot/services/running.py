"""A circle while it runs: its steps, their time, the talking piece, the groups, and how it closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.formats import Format, Kind, Role, Step, our_formats
from bot.services.circle_showing import say_in_circle, show_circle, show_panel
from bot.services.offers import is_away
from bot.store.calls import calls_for_everyone
from bot.store.circles import (
    Circle,
    CircleGroup,
    CircleState,
    Seat,
    SeatState,
    Way,
    circles_held,
    groups_in,
    roles_in,
    seats_in,
    who_comes,
)
from bot.store.communities import Community
from bot.store.members import member_of, saved_member

MORE_TIME = timedelta(minutes=2)
VANISHED = timedelta(minutes=5)
"""How long a step may be over, or a circle due, before anyone may press what the host would."""
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
    found = formats.format(community.language, circle.format_id)
    return found or formats.all(community.language)[0]


def step_of(community: Community, circle: Circle) -> Step | None:
    """Return the step a running circle is at."""
    steps = format_of(community, circle).steps
    return steps[circle.step] if 0 <= circle.step < len(steps) else None


def begin(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Let a circle begin: with the calls that wait for its hearing, if there are any, and its first step."""
    circle.state, circle.began_at, circle.step = CircleState.RUNNING, now, -1
    if any(call.rung >= CALLS_FROM for call in calls_for_everyone(session, community.id, 1)):
        say_in_circle(session, circle, f"calls:{circle.id}", now)
    show_circle(session, circle, now, event=True)
    next_step(session, community, circle, now)


def next_step(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Go on to the next step, or after the last one close."""
    steps = format_of(community, circle).steps
    if circle.step + 1 >= len(steps):
        close(session, community, circle, now)
        return
    circle.step += 1
    step = steps[circle.step]
    length = timedelta(minutes=step.minutes) if circle.way is Way.LIVE else timedelta(hours=step.hours)
    circle.step_ends_at = circle.next_at = now + length
    _seat(session, community, circle, step, now)
    show_panel(session, circle, now, anew=True)


def add_time(session: Session, circle: Circle, now: datetime) -> None:
    """Give the step two more minutes; one that is over, two from now."""
    assert circle.step_ends_at is not None
    circle.step_ends_at = max(circle.step_ends_at, now) + MORE_TIME
    if circle.way is Way.LIVE:
        circle.next_at = circle.step_ends_at
    show_panel(session, circle, now)


def close(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """End a circle: its harvester is asked for the harvest, and every fourth time all for what wants to happen."""
    circle.state, circle.ended_at = CircleState.CLOSED, now
    circle.next_at = circle.step_ends_at = None
    session.flush()
    note_hosted(session, circle, now)
    show_panel(session, circle, now)
    show_circle(session, circle, now, event=True)
    _open_groups(session, circle, None, now)
    say_in_circle(session, circle, f"harvest:{circle.id}", now)
    if circles_held(session, community.id) % WISHES_EVERY == 0:
        say_in_circle(session, circle, f"wishes:{circle.id}", now)


def note_hosted(session: Session, circle: Circle, now: datetime) -> None:
    """Remember who hosted and co-hosted, so that others come first next time."""
    for role, held in roles_in(session, circle.id).items():
        if role in (Role.HOST, Role.CO_HOST):
            member = saved_member(session, circle.community_id, held.member_id)
            member.has_hosted = True
            member.hosted_at = now


def tend_running(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Do what a running circle's time asks for: pass the piece on, ring that a step is over, or go on by itself."""
    step = step_of(community, circle)
    assert step is not None and circle.step_ends_at is not None
    if circle.way is Way.WRITTEN:
        is_over = circle.step_ends_at <= now
        if is_over or (step.kind is Kind.ROUND and not _still_round(session, community, circle, now)):
            next_step(session, community, circle, now)
    elif now >= circle.step_ends_at + OVERRUN:
        close(session, community, circle, now)
    else:
        say_in_circle(session, circle, f"time:{circle.step}", now, expires_at=now + VANISHED)
        show_panel(session, circle, now)
        circle.next_at = circle.step_ends_at + OVERRUN


def _seat(session: Session, community: Community, circle: Circle, step: Step, now: datetime) -> None:
    """Seat those who are there as the step needs them: round the piece, or in groups."""
    _open_groups(session, circle, circle.step, now)
    if step.kind in (Kind.GROUPS, Kind.AWAY):
        assert step.size is not None
        _group(session, circle, step, people_there(session, community, circle, now), now)
        return
    if step.kind is Kind.ROUND:
        for place, member_id in enumerate(people_there(session, community, circle, now)):
            session.add(Seat(circle_id=circle.id or 0, step=circle.step, place=place, member_id=member_id))
        session.flush()
        pass_on(session, community, circle, now, None)


def people_there(session: Session, community: Community, circle: Circle, now: datetime) -> list[int]:
    """Return who takes part, in the order they said that they come, without those away; the host speaks first."""
    held = roles_in(session, circle.id)
    host = [held[Role.HOST].member_id] if Role.HOST in held else []
    others = [each.member_id for each in held.values()]
    people = dict.fromkeys([*host, *who_comes(session, circle), *others])
    return [each for each in people if not _is_away(session, community, each, now)]


def _is_away(session: Session, community: Community, member_id: int, now: datetime) -> bool:
    member = member_of(session, community.id, member_id)
    return is_away(member.away_until, member.zone or community.zone, now)


def holder(session: Session, circle: Circle) -> Seat | None:
    """Return who holds the talking piece."""
    return next((each for each in seats_in(session, circle.id, circle.step) if each.state is SeatState.HOLDS), None)


def pass_on(session: Session, community: Community, circle: Circle, now: datetime, done: SeatState | None) -> bool:
    """Pass the talking piece to the next in the round, skipping those who are away; tell whether someone holds it.

    ``done`` is what its holder did with it.
    """
    seats = seats_in(session, circle.id, circle.step)
    held = next((each for each in seats if each.state is SeatState.HOLDS), None)
    if held is not None and done is not None:
        held.state, held.holds_until = done, None
    waiting = [each for each in seats if each.state is SeatState.WAITING]
    for each in waiting:
        if each.member_id is None or _is_away(session, community, each.member_id, now):
            each.state = SeatState.SKIPPED
            continue
        each.state = SeatState.HOLDS
        if circle.way is Way.WRITTEN:
            each.holds_until = now + _hold(circle, len(seats), now)
            circle.next_at = min(each.holds_until, circle.step_ends_at or each.holds_until)
            say_in_circle(session, circle, f"piece:{each.id or _saved(session, each)}", now)
        show_panel(session, circle, now)
        return True
    circle.next_at = circle.step_ends_at
    show_panel(session, circle, now)
    return False


def _still_round(session: Session, community: Community, circle: Circle, now: datetime) -> bool:
    """Pass the piece on when its holder's time is over; tell whether it still goes round."""
    held = holder(session, circle)
    if held is not None and held.holds_until is not None and held.holds_until > now:
        circle.next_at = min(held.holds_until, circle.step_ends_at or held.holds_until)
        return True
    return pass_on(session, community, circle, now, SeatState.SILENT)


def _saved(session: Session, seat: Seat) -> int:
    session.flush()
    assert seat.id is not None
    return seat.id


def _hold(circle: Circle, people: int, now: datetime) -> timedelta:
    """Return how long one of so many holds the piece, so that a step's time suffices."""
    assert circle.step_ends_at is not None
    share = (circle.step_ends_at - now) / max(people, 1)
    return min(max(share, SHORTEST_HOLD), LONGEST_HOLD)


def _group(session: Session, circle: Circle, step: Step, people: Sequence[int], now: datetime) -> None:
    """Form groups of the step's size; those left over join the groups there are, one each.

    Steps of one turn keep the groups of the one before; with each turn another of the group turns away.
    """
    assert step.size is not None and circle.id is not None
    before = seats_in(session, circle.id, circle.step - 1)
    kept = _groups_kept(before, people) if step.turn is not None else []
    joined = _groups_joined(before, people, step.size)
    groups = kept or joined or grouped(people, step.size)
    place = 0
    for number, group in enumerate(groups):
        asker = group[((step.turn or 1) - 1) % len(group)] if group else None
        for member_id in group:
            away = step.kind is Kind.AWAY and member_id == asker
            seat = Seat(
                circle_id=circle.id, step=circle.step, place=place, number=number, member_id=member_id, away=away
            )
            session.add(seat)
            place += 1
    session.flush()
    if circle.way is Way.WRITTEN and (step.kind is Kind.AWAY or not kept):
        _give_threads(session, circle, len(groups), now, away=step.kind is Kind.AWAY)


def _give_threads(session: Session, circle: Circle, groups: int, now: datetime, *, away: bool) -> None:
    """Plan a thread for each group of a written circle; one without those who turn away lets them in afterwards."""
    for number in range(groups):
        thread = CircleGroup(circle_id=circle.id or 0, step=circle.step, number=number, away=away)
        session.add(thread)
        session.flush()
        say_in_circle(session, circle, f"group:{thread.id}", now)


@dataclass(frozen=True)
class Group:
    """One group of a step: who is in it, and who turns away."""

    number: int
    members: tuple[int, ...]
    away: int | None = None


def groups_of(seats: Sequence[Seat]) -> list[Group]:
    """Return a step's groups."""
    found: dict[int, list[Seat]] = {}
    for each in seats:
        found.setdefault(each.number, []).append(each)
    return [
        Group(
            number,
            tuple(each.member_id for each in members if each.member_id is not None),
            next((each.member_id for each in members if each.away), None),
        )
        for number, members in sorted(found.items())
    ]


def grouped(people: Sequence[int], size: int) -> list[list[int]]:
    """Return groups of a size; those left over join the first ones, so that nobody is alone."""
    if len(people) < size:
        return [list(people)] if people else []
    whole = len(people) // size * size
    groups = [list(people[start : start + size]) for start in range(0, whole, size)]
    for number, each in enumerate(people[whole:]):
        groups[number % len(groups)].append(each)
    return groups


def _groups_kept(before: Sequence[Seat], people: Sequence[int]) -> list[list[int]]:
    """Return the groups of the step before, without those who are gone."""
    kept = [[each for each in group.members if each in people] for group in groups_of(before)]
    return [each for each in kept if each]


def _groups_joined(before: Sequence[Seat], people: Sequence[int], size: int) -> list[list[int]]:
    """Return pairs joined to fours, when the step before had groups of half the size."""
    kept = _groups_kept(before, people)
    if not kept or max(len(each) for each in kept) * 2 > size + 1 or sum(map(len, kept)) != len(people):
        return []
    joined = [[*one, *other] for one, other in zip(kept[::2], kept[1::2], strict=False)]
    if len(kept) % 2:
        joined[-1:] = [[*joined[-1], *kept[-1]]] if joined else [kept[-1]]
    return joined


def _open_groups(session: Session, circle: Circle, step: int | None, now: datetime) -> None:
    """Plan that those who were away may read what was said without them, once their group's step is over."""
    for group in groups_in(session, circle.id):
        if group.opened or not group.away or group.thread_id is None or (step is not None and group.step >= step):
            continue
        group.opened = True
        say_in_circle(session, circle, f"open:{group.id}", now)
