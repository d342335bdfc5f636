"""A circle that waits: for its host, for whoever holds the talking piece, for anyone who is still in it."""

from datetime import timedelta

import pytest

from bot.app import App
from bot.formats import Role
from bot.services.people import Person
from bot.store.circles import CircleState, ComingKind
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    DAY,
    HERE,
    HOUR,
    PEOPLE,
    at,
    begun,
    come,
    holder,
    kinds_of_words,
    new_panels,
    proposed,
    row,
    running,
    seats,
    words,
    worth_saying,
    would_host,
)
from tests.fakes import MONDAY_MORNING, FixedClock

MINUTE = timedelta(minutes=1)
ALL = "1-2-4-all"


async def test_a_live_circle_nobody_begins_is_let_go_in_the_end_and_those_who_come_are_told(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app)
    await come(app, circle_id, BO)
    start = row(app, circle_id).starts_at

    for moment in (start, start + 4 * MINUTE):
        await at(app, clock, moment)
    assert kinds_of_words(app, circle_id) == []
    for moment in (start + 5 * MINUTE, start + 6 * MINUTE, start + 2 * HOUR - MINUTE):
        await at(app, clock, moment)
    assert words(app, circle_id) == ["waits:-1"]
    assert row(app, circle_id).state is CircleState.PLANNED
    await at(app, clock, start + 2 * HOUR)

    assert (row(app, circle_id).state, row(app, circle_id).next_at) == (CircleState.CANCELLED, None)
    assert kinds_of_words(app, circle_id) == ["waits", "cancelled"]


async def test_a_written_circle_calls_its_host_and_begins_by_itself_when_nobody_does(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, way=Way.WRITTEN, within=HOUR)
    await come(app, circle_id, BO)
    start = row(app, circle_id).starts_at

    for moment in (start, start + 5 * MINUTE, start + 6 * HOUR - MINUTE):
        await at(app, clock, moment)
    assert (words(app, circle_id), row(app, circle_id).state) == (
        [f"due:{int(start.timestamp())}"],
        CircleState.PLANNED,
    )
    await at(app, clock, start + 6 * HOUR)

    assert (row(app, circle_id).state, row(app, circle_id).step) == (CircleState.RUNNING, 0)
    assert kinds_of_words(app, circle_id) == ["due", "begun"]


async def test_a_written_circle_only_its_host_holds_and_nobody_comes_to_is_let_go_unsaid(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, way=Way.WRITTEN, within=HOUR)
    for moment in (HOUR, 2 * HOUR):
        await at(app, clock, MONDAY_MORNING + moment)

    await app.circles.answer(HERE, Person(ADA), circle_id, ComingKind.NOT)
    await at(app, clock, MONDAY_MORNING + 7 * HOUR)

    assert row(app, circle_id).state is CircleState.CANCELLED
    assert kinds_of_words(app, circle_id) == ["due", "free"]


@pytest.mark.parametrize(("way", "early"), [(Way.LIVE, 1), (Way.WRITTEN, 0)])
async def test_the_panel_is_there_from_when_it_may_be_pressed_unless_the_circle_begins_by_itself(
    app: App, clock: FixedClock, way: Way, early: int
) -> None:
    await begun(app)
    circle_id = await proposed(app, way=way, within=2 * DAY)  # a first-timer's: nobody hosts it
    start = row(app, circle_id).starts_at

    await at(app, clock, start - 16 * MINUTE)
    assert new_panels(app, circle_id) == 0
    await at(app, clock, start - 15 * MINUTE)
    assert new_panels(app, circle_id) == early
    await at(app, clock, start)

    assert new_panels(app, circle_id) == 1


async def test_where_anyone_may_go_on_all_along_nobody_is_told_so_again(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    await app.circles.give_back(HERE, Person(ADA), circle_id, Role.HOST)

    for minutes in (3, 8, 9):
        await at(app, clock, MONDAY_MORNING + HOUR + minutes * MINUTE)

    assert words(app, circle_id) == ["time:0"]


async def test_that_anyone_may_go_on_is_said_once_however_late_a_host_goes_on_later(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock)
    for minutes in (3, 8):
        await at(app, clock, MONDAY_MORNING + HOUR + minutes * MINUTE)
    assert await worth_saying(app, circle_id) == ["time", "waits"]
    await app.circling.more_time(HERE, Person(ADA), circle_id)
    assert await worth_saying(app, circle_id) == ["time"]  # the host is there
    for minutes in (10, 15, 16):
        await at(app, clock, MONDAY_MORNING + HOUR + minutes * MINUTE)
    assert words(app, circle_id) == ["time:0", "waits:0", "time:0"]

    await app.circles.give_back(HERE, Person(ADA), circle_id, Role.HOST)
    assert await worth_saying(app, circle_id) == ["time", "time"]  # there is no host who might be missed
    await app.circles.take(HERE, Person(ADA), circle_id, Role.HOST)
    await app.circling.next(HERE, Person(BO), circle_id, 0)
    for late in (0, 5):
        ends_at = row(app, circle_id).step_ends_at
        assert ends_at is not None
        await at(app, clock, ends_at + late * MINUTE)

    assert words(app, circle_id)[3:] == ["time:1"]


async def test_two_hours_more_in_writing_are_also_for_whoever_holds_the_piece(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 4, way=Way.WRITTEN, format_id="story-circle")
    began = clock.now()

    await app.circling.more_time(HERE, Person(ADA), circle_id)

    assert row(app, circle_id).step_ends_at == began + 26 * HOUR
    assert (row(app, circle_id).next_at, seats(app, circle_id)[0].holds_until) == (began + 8 * HOUR, began + 8 * HOUR)
    await at(app, clock, began + 8 * HOUR - MINUTE)
    assert holder(app, circle_id) == ADA


@pytest.mark.parametrize(
    ("people", "zone", "began", "hours"),
    [
        (2, None, 17, 16),  # from 18 o'clock in Berlin half a day ends at 6, so it lasts until 10
        (2, "America/New_York", 17, 12),  # noon there: until 10 the other would have too little
        (4, None, 17, 6),  # until 10 the others would not have the time
        (1, None, 17, 24),
    ],
)
async def test_the_piece_waits_for_its_holders_morning_where_the_step_has_the_time(
    app: App, clock: FixedClock, people: int, zone: str | None, began: int, hours: int
) -> None:
    if zone:
        await app.members.choose(HERE, ADA, zone=zone)
    clock.set(MONDAY_MORNING.replace(hour=began - 1, minute=0))
    circle_id = await running(app, clock, people, way=Way.WRITTEN, format_id="story-circle")

    assert seats(app, circle_id)[0].holds_until == clock.now() + hours * HOUR


@pytest.mark.parametrize(("format_id", "steps"), [(ALL, 1), ("story-circle", 0)])
async def test_a_written_circle_everyone_has_left_closes_with_its_step_or_with_the_piece_and_asks_nobody_for_anything(
    app: App, clock: FixedClock, format_id: str, steps: int
) -> None:
    circle_id = await running(app, clock, 3, way=Way.WRITTEN, format_id=format_id)
    before = words(app, circle_id)
    for member_id in PEOPLE[:2]:
        await app.circles.answer(HERE, Person(member_id), circle_id, ComingKind.NOT)
    for _step in range(steps):
        ends_at = row(app, circle_id).step_ends_at
        assert ends_at is not None
        await at(app, clock, ends_at)
    assert row(app, circle_id).state is CircleState.RUNNING  # one of three is still there

    await app.circles.answer(HERE, Person(PEOPLE[2]), circle_id, ComingKind.NOT)
    if steps:
        await at(app, clock, clock.now() + 3 * DAY)

    circle = row(app, circle_id)
    assert (circle.state, circle.step) == (CircleState.CLOSED, steps)
    told = [each for each in words(app, circle_id)[len(before) :] if not each.startswith(("piece", "group", "step"))]
    assert told == [f"left:{circle_id}"]


async def test_a_host_who_may_come_is_still_counted_on(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 1, way=Way.WRITTEN, format_id=ALL)
    await app.circles.answer(HERE, Person(ADA), circle_id, ComingKind.MAYBE)

    await at(app, clock, clock.now() + 12 * HOUR)

    assert (row(app, circle_id).state, row(app, circle_id).step) == (CircleState.RUNNING, 1)
