"""What holds of a circle whatever members do to it, whenever, and however often Kith starts again."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from bot.app import App, assemble
from bot.errors import Refusal
from bot.formats import Format, Kind, Role, our_formats
from bot.services.circles import NewCircle
from bot.services.people import Person
from bot.services.running import step_of
from bot.store.circles import Circle, CircleState, ComingKind, HostInvitation, Seat, SeatState, roles_in
from bot.store.communities import community_of
from bot.store.members import HostingWish, saved_member
from bot.store.rhythms import Way
from tests.circle_rows import begun, kinds_of_words, new_panels, row
from tests.fakes import MONDAY_MORNING, THOROUGH, FixedClock

MEMBERS = range(11, 17)
EARLY = (CircleState.PLANNED, CircleState.RUNNING)
communities = count(1000, 10)
requests = count(100_000)
people = st.sampled_from(MEMBERS)
doings = st.one_of(
    st.tuples(st.just("answer"), people, st.sampled_from(ComingKind)),
    st.tuples(st.sampled_from(["take", "give back", "offer"]), people, st.sampled_from(Role)),
    st.tuples(st.sampled_from(["begin", "next", "next"]), people, st.none()),
    st.tuples(st.sampled_from(["more time", "ring", "decline", "forget", "wish"]), people, st.none()),
    st.tuples(st.just("speak"), people, st.sampled_from([SeatState.SPOKE, SeatState.PASSED, SeatState.SILENT])),
    st.tuples(st.sampled_from(["begin", "next", "restart"]), st.just(11), st.none()),
    st.tuples(st.just("move"), people, st.integers(1, 300)),
)
endings = st.tuples(st.sampled_from(["close", "cancel"]), people, st.none())
WAITS = {"a minute": timedelta(minutes=1), "two hours": timedelta(hours=2), "ten days": timedelta(days=10)}
waits = st.sampled_from(["not", "not", "not", "until due", "until due", *WAITS])
BEGUN = [
    *(("not", ("answer", member_id, ComingKind.COMING)) for member_id in (12, 13, 14, 15)),
    ("its time", ("begin", 11, None)),
]
"""What lets most circles begin."""


async def do(app: App, here: int, circle_id: int, doing: tuple[str, int, Any], clock: FixedClock) -> None:
    """Let a member do something, which may be refused."""
    what, member_id, how = doing
    someone, host = Person(member_id), Person(1, manages=True)
    press, circles = app.circling, app.circles
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        "answer": lambda: circles.answer(here, someone, circle_id, how),
        "take": lambda: circles.take(here, someone, circle_id, how),
        "give back": lambda: circles.give_back(here, someone, circle_id, how),
        "offer": lambda: circles.offer(here, someone, circle_id, how, 11 + (member_id - 10) % 6),
        "decline": lambda: circles.decline(here, someone, circle_id),
        "move": lambda: circles.move(here, host, circle_id, clock.now() + timedelta(hours=how)),
        "cancel": lambda: circles.cancel(here, host, circle_id),
        "begin": lambda: press.begin(here, someone, circle_id),
        "next": lambda: press.next(here, someone, circle_id, row(app, circle_id).step),
        "more time": lambda: press.more_time(here, someone, circle_id),
        "ring": lambda: press.ring(here, circle_id),
        "close": lambda: press.close(here, someone, circle_id),
        "speak": lambda: press.speak(here, Person(_holder(app, circle_id) or member_id), circle_id, how),
        "wish": lambda: press.wish(here, someone, circle_id, "More of this"),
        "forget": lambda: app.members.forget(here, member_id),
    }
    with suppress(Refusal):
        await ways[what]()


def _holder(app: App, circle_id: int) -> int | None:
    return next((each.member_id for each in _seats(app, circle_id) if each.state is SeatState.HOLDS), None)


def _seats(app: App, circle_id: int) -> list[Seat]:
    wanted = select(Seat).where(Seat.circle_id == circle_id).order_by(col(Seat.id))
    return app.database.run_now(lambda session: list(session.exec(wanted)))[0]


def let_some_host(app: App, here: int) -> None:
    """Let all wish to host, and half of them have done so before."""

    def write(session: Session) -> None:
        for member_id in MEMBERS:
            member = saved_member(session, here, member_id)
            member.hosting, member.has_hosted = HostingWish.HOST, member_id % 2 == 1

    app.database.run_now(write)


def check(app: App, circle_id: int, before: Circle, *, tended: bool, clock: FixedClock) -> None:
    """Hold a circle to what must be true of it at any time."""
    circle, seats = row(app, circle_id), _seats(app, circle_id)
    states = list(CircleState)
    assert (circle.next_at is not None) == (circle.state in EARLY)
    assert not tended or circle.next_at is None or circle.next_at > clock.now()
    assert circle.step >= before.step and states.index(circle.state) >= states.index(before.state)
    assert (circle.step_ends_at is not None) == (circle.state is CircleState.RUNNING)

    def read(session: Session) -> tuple[dict[Role, int], list[HostInvitation], Kind | None]:
        held = {role: each.member_id for role, each in roles_in(session, circle_id).items()}
        invited = select(HostInvitation).where(HostInvitation.circle_id == circle_id)
        step = step_of(community_of(session, circle.community_id, clock.now()), circle)
        return held, list(session.exec(invited)), step.kind if step else None

    roles, invited, kind = app.database.run_now(read)[0]
    assert not (Role.HOST in roles and circle.hostless)
    assert Role.HOST not in roles or roles[Role.HOST] != roles.get(Role.CO_HOST)
    assert len({each.wave for each in invited if each.wave}) <= kinds_of_words(app, circle_id).count("invite")
    assert new_panels(app, circle_id) <= circle.step + 2 + kinds_of_words(app, circle_id).count("moved")
    holding = [each for each in seats if each.state is SeatState.HOLDS]
    assert len(holding) <= 1
    if holding:
        assert (circle.state, kind, holding[0].step) == (CircleState.RUNNING, Kind.ROUND, circle.step)
        assert circle.way is Way.LIVE or holding[0].holds_until is not None
    named = [(each.step, each.member_id) for each in seats if each.member_id is not None]
    assert len(set(named)) == len(named)


@given(
    format_=st.sampled_from(our_formats().all("en")),
    way=st.sampled_from(Way),
    within=st.sampled_from([1, 30, 100, 240]),
    room=st.sampled_from([None, 3]),
    steps=st.lists(st.tuples(waits, doings), min_size=10, max_size=25),
    ending=st.none() | endings,
    begins=st.sampled_from([True, True, False]),
)
@settings(max_examples=10 * THOROUGH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_members_do_and_whenever_a_circle_goes_forward_and_ends(
    app: App,
    clock: FixedClock,
    caplog: pytest.LogCaptureFixture,
    format_: Format,
    way: Way,
    within: int,
    room: int | None,
    steps: list[tuple[str, tuple[str, int, Any]]],
    ending: tuple[str, int, Any] | None,
    begins: bool,
) -> None:
    clock.set(MONDAY_MORNING)
    here = next(communities)
    await begun(app, here)
    let_some_host(app, here)
    new = NewCircle(clock.now() + timedelta(hours=within), format_.id, way, room=room)
    circle_id = (await app.circles.propose(here, Person(11), new, next(requests))).circle.id
    assert circle_id is not None
    kith = app
    for waited, doing in [*(BEGUN if begins else []), *steps, *([("not", ending)] if ending else [])]:
        before = row(kith, circle_id)
        if waited == "until due" and before.next_at is not None:
            clock.set(max(clock.now(), before.next_at))
        if waited == "its time":
            clock.set(before.starts_at)
        clock.advance(WAITS.get(waited, timedelta(0)))
        if doing[0] == "restart":
            if kith is not app:
                kith.database.close()
            kith = assemble(str(app.database.url), clock)
        else:
            await do(kith, here, circle_id, doing, clock)
        check(kith, circle_id, before, tended=False, clock=clock)
        await kith.circles.tend()
        check(kith, circle_id, before, tended=True, clock=clock)
    for _tick in range(30):
        clock.advance(timedelta(days=14))
        await kith.circles.tend()
    assert row(kith, circle_id).state not in EARLY
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []
    if kith is not app:
        kith.database.close()
