"""A circle while it runs: its steps and their time, the talking piece, the groups, and how it closes."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from bot.app import App, assemble
from bot.errors import Refusal
from bot.formats import Format, Kind
from bot.services.people import Person
from bot.store.circles import CircleState, ComingKind, SeatState
from bot.store.deliveries import DeliveryKind
from bot.store.members import saved_member
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    CY,
    DAY,
    EVE,
    FORMATS,
    HERE,
    HOUR,
    PEOPLE,
    at,
    away,
    begun,
    change,
    circles,
    come,
    groups,
    holder,
    kinds_of_words,
    new_panels,
    planned,
    press,
    proposed,
    row,
    running,
    seats,
    speak,
    words,
    would_host,
)
from tests.fakes import MONDAY_MORNING, FixedClock

MINUTE = timedelta(minutes=1)
TROIKA, ALL = "troika-consulting", "1-2-4-all"


async def outcomes(*works: Awaitable[Any]) -> list[Any]:
    """Return what each of several simultaneous works returned or refused."""
    return await asyncio.gather(*works, return_exceptions=True)


async def test_a_live_step_says_once_that_its_time_is_over_then_that_anyone_may_go_on_and_waits(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock)
    ends_at = clock.now() + 3 * MINUTE
    assert row(app, circle_id).step_ends_at == ends_at

    for minutes in range(30):
        await at(app, clock, ends_at + minutes * MINUTE)

    assert words(app, circle_id) == ["time:0", "waits:0"]
    assert row(app, circle_id).step == 0


async def test_time_is_said_once_also_when_the_round_ends_after_it(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    await press(app, circle_id)
    ends_at = row(app, circle_id).step_ends_at
    assert ends_at is not None
    await at(app, clock, ends_at)
    for _member in range(3):
        await speak(app, circle_id)
        await at(app, clock, clock.now() + MINUTE)

    assert words(app, circle_id) == ["time:1"]
    assert [each.state for each in seats(app, circle_id)] == [SeatState.SPOKE] * 3
    assert row(app, circle_id).step == 1


async def test_two_minutes_more_are_counted_from_the_end_or_from_now(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    began = clock.now()

    await app.circling.more_time(HERE, Person(ADA), circle_id)
    assert row(app, circle_id).step_ends_at == began + 5 * MINUTE
    await at(app, clock, began + 4 * MINUTE)
    assert words(app, circle_id) == []
    await at(app, clock, began + 9 * MINUTE)
    await app.circling.more_time(HERE, Person(ADA), circle_id)
    assert row(app, circle_id).step_ends_at == began + 11 * MINUTE
    await at(app, clock, began + 11 * MINUTE)

    assert words(app, circle_id) == ["time:0", "time:0"]


@pytest.mark.parametrize("step", [0, 1])
async def test_two_hours_more_in_writing_neither_hurry_nor_hold_up_the_tick(
    app: App, clock: FixedClock, step: int
) -> None:
    circle_id = await running(app, clock, way=Way.WRITTEN)
    for _step in range(step):
        await press(app, circle_id)
    before = row(app, circle_id)
    assert before.step_ends_at is not None

    await app.circling.more_time(HERE, Person(ADA), circle_id)
    async with asyncio.timeout(5):
        await at(app, clock, before.step_ends_at)

    now = row(app, circle_id)
    assert now.step == step
    assert now.next_at is not None and now.next_at > clock.now()
    await at(app, clock, before.step_ends_at + 2 * HOUR)
    assert row(app, circle_id).step == step + 1


async def test_a_live_circle_left_running_is_closed_in_the_end(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    ends_at = row(app, circle_id).step_ends_at
    assert ends_at is not None

    await at(app, clock, ends_at + 2 * HOUR - MINUTE)
    assert row(app, circle_id).state is CircleState.RUNNING
    await at(app, clock, ends_at + 2 * HOUR)

    circle = row(app, circle_id)
    assert (circle.state, circle.next_at, circle.step_ends_at) == (CircleState.CLOSED, None, None)
    assert words(app, circle_id) == ["waits:0", f"harvest:{circle_id}"]


async def test_a_written_step_moves_on_by_itself_and_kith_off_loses_and_skips_none(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, way=Way.WRITTEN, format_id=ALL)
    assert row(app, circle_id).next_at == clock.now() + 12 * HOUR

    await at(app, clock, clock.now() + 12 * HOUR)
    assert row(app, circle_id).step == 1
    await at(app, clock, clock.now() + 30 * DAY)

    assert (row(app, circle_id).step, row(app, circle_id).next_at) == (2, clock.now() + 24 * HOUR)
    assert "time" not in kinds_of_words(app, circle_id)


async def test_the_talking_piece_goes_round_from_the_host_in_the_order_they_came(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 4)
    with pytest.raises(Refusal, match="not going round"):
        await app.circling.speak(HERE, Person(ADA), circle_id, SeatState.SPOKE)
    await press(app, circle_id)

    with pytest.raises(Refusal, match=f"<@{ADA}> holds the talking piece"):
        await app.circling.speak(HERE, Person(BO), circle_id, SeatState.SPOKE)
    order = [await speak(app, circle_id, each) for each in (SeatState.SPOKE, SeatState.PASSED, SeatState.SILENT)]

    assert order == [ADA, BO, CY]
    assert [each.state.value for each in seats(app, circle_id)] == ["spoke", "passed", "silent", "holds"]
    assert "piece" not in kinds_of_words(app, circle_id)  # live, everyone hears it


async def test_in_writing_the_next_step_begins_at_once_when_everyone_has_had_the_piece(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock, way=Way.WRITTEN, format_id="story-circle")
    panels = new_panels(app, circle_id)
    for _member in range(3):
        await speak(app, circle_id)

    assert (row(app, circle_id).step, new_panels(app, circle_id)) == (1, panels + 1)
    assert kinds_of_words(app, circle_id) == ["due", "begun", "piece", "piece", "piece"]


async def test_in_writing_time_passes_the_piece_on_gently_and_everyone_finds_time(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 4, way=Way.WRITTEN, format_id="story-circle")
    began = clock.now()
    assert row(app, circle_id).next_at == began + 6 * HOUR

    await at(app, clock, began + 6 * HOUR)
    await at(app, clock, began + 8 * HOUR)
    await speak(app, circle_id)
    assert row(app, circle_id).next_at == began + 16 * HOUR  # two are left, with sixteen hours between them
    await at(app, clock, began + 16 * HOUR)
    assert [each.state.value for each in seats(app, circle_id)] == ["silent", "spoke", "silent", "holds"]
    await at(app, clock, began + 24 * HOUR)

    assert row(app, circle_id).step == 1
    sat = seats(app, circle_id, 0)
    assert [each.state.value for each in sat] == ["silent", "spoke", "silent", "silent"]
    assert holder(app, circle_id) is None
    moved_on = [each for each in words(app, circle_id) if each.startswith("moved_on")]
    assert moved_on == [f"moved_on:{each.id}" for each in sat if each.state is SeatState.SILENT]


async def test_in_writing_a_round_of_many_lasts_until_everyone_has_had_the_piece(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 2, way=Way.WRITTEN)
    many = range(100, 113)
    await come(app, circle_id, *many)
    await press(app, circle_id)

    held = [holder(app, circle_id)]
    while row(app, circle_id).step == 1:
        await at(app, clock, row(app, circle_id).next_at or clock.now())
        held.append(holder(app, circle_id))

    assert held == [ADA, BO, *many, None]


async def test_when_the_step_and_the_holders_time_end_together_nobody_is_left_with_the_piece(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock, 1, way=Way.WRITTEN, format_id="story-circle")
    assert row(app, circle_id).next_at == row(app, circle_id).step_ends_at

    await at(app, clock, clock.now() + 24 * HOUR)

    assert row(app, circle_id).step == 1
    assert [(each.state, each.holds_until) for each in seats(app, circle_id, 0)] == [(SeatState.SILENT, None)]


async def test_those_away_or_no_longer_coming_are_skipped(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 5, way=Way.WRITTEN, format_id="story-circle")

    def go_away(session: Session) -> None:
        saved_member(session, HERE, BO).away_until = date(2027, 1, 1)

    app.database.run_now(go_away)
    await app.circles.answer(HERE, Person(CY), circle_id, ComingKind.NOT)
    await app.circles.answer(HERE, Person(EVE), circle_id, ComingKind.MAYBE)
    await speak(app, circle_id)
    await speak(app, circle_id)

    assert [each.state.value for each in seats(app, circle_id, 0)] == [
        "spoke",
        "skipped",
        "skipped",
        "spoke",
        "skipped",
    ]
    assert row(app, circle_id).step == 1


async def test_a_circle_whose_format_is_gone_goes_on_as_a_check_in_circle_and_one_past_its_steps_closes(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock, format_id=TROIKA)
    change(app, circle_id, format_id="gone")
    await press(app, circle_id)
    assert (await app.circles.find(HERE, circle_id)).format.id == "check-in-circle"
    assert holder(app, circle_id) == ADA

    change(app, circle_id, step=11)
    await at(app, clock, clock.now() + DAY)

    assert row(app, circle_id).state is CircleState.CLOSED


async def test_every_fourth_circle_asks_what_wants_to_happen_next(either_app: App, clock: FixedClock) -> None:
    await begun(either_app)
    would_host(either_app, ADA)
    ids = [await proposed(either_app, ADA, within=HOUR) for _number in range(6)]
    clock.advance(HOUR)
    for circle_id in ids:
        await either_app.circling.begin(HERE, Person(ADA), circle_id)
    for circle_id in ids[1:]:
        await press(either_app, circle_id)
    await either_app.circling.close(HERE, Person(ADA), ids[0])  # in its first step, so that it was not held

    async def asked(*closing: int) -> int:
        await outcomes(*(either_app.circling.close(HERE, Person(ADA), each) for each in closing))
        return sum(kinds_of_words(either_app, each).count("wishes") for each in closing)

    assert (await asked(*ids[1:4]), await asked(*ids[4:])) == (0, 1)


WAYS = [(each.id, way) for each in FORMATS.values() for way in Way if (each.live if way is Way.LIVE else each.written)]
SIZES = (2, 3, 4, 5, 7, 12)
WALKS = [(*how, SIZES[(number + number // 6) % 6]) for number, how in enumerate(WAYS)]
"""Each format in each way; every size comes with two formats."""


@pytest.mark.parametrize(("format_id", "way", "people"), WALKS)
async def test_a_format_is_gone_through_from_begin_to_close_over_restarts(
    sqlite_url: str, app: App, clock: FixedClock, format_id: str, way: Way, people: int
) -> None:
    """No step is lost or comes twice, and all who are there sit where they were, once in each step."""
    format_, circle_id = FORMATS[format_id], await running(app, clock, people, way=way, format_id=format_id)
    began, there, steps = clock.now(), sorted(PEOPLE[:people]), [row(app, circle_id).step]
    while row(app, circle_id).state is CircleState.RUNNING:
        before = seats(app, circle_id)
        restarted = assemble(sqlite_url, clock)
        try:
            await restarted.circles.tend()
            assert seats(restarted, circle_id) == before
            _check_seats(restarted, circle_id, format_, there)
            await _go_on(restarted, clock, circle_id)
        finally:
            restarted.database.close()
        steps.append(row(app, circle_id).step)

    assert list(dict.fromkeys(steps)) == list(range(len(format_.steps)))
    assert steps == sorted(steps)
    assert new_panels(app, circle_id) == len(format_.steps) + 1  # one more, with *Begin*
    if way is Way.WRITTEN:
        assert clock.now() - began <= timedelta(hours=format_.written_hours)
    assert kinds_of_words(app, circle_id).count("harvest") == 1
    assert len({each.key for each in planned(app, circle_id, DeliveryKind.CIRCLE_WORD)}) == len(
        planned(app, circle_id, DeliveryKind.CIRCLE_WORD)
    )


def _check_seats(app: App, circle_id: int, format_: Format, there: Sequence[int]) -> None:
    step = format_.steps[row(app, circle_id).step]
    seated = seats(app, circle_id)
    if step.kind in (Kind.ROUND, Kind.GROUPS, Kind.AWAY):
        assert sorted(each.member_id or 0 for each in seated) == there
        assert sum(each.state is SeatState.HOLDS for each in seated) == (step.kind is Kind.ROUND)
    else:
        assert seated == []
    if step.kind is Kind.AWAY:
        asking = set(away(app, circle_id))
        for group in groups(app, circle_id):  # two have both asked when a third turn comes
            assert len(asking & {*group}) == ((step.turn or 0) <= len(group))
    if step.kind in (Kind.GROUPS, Kind.AWAY):
        assert all(len(each) > 1 for each in groups(app, circle_id))


async def _go_on(app: App, clock: FixedClock, circle_id: int) -> None:
    """Let half of those who wait for the talking piece speak, or time pass, or the host press *Next*."""
    circle = row(app, circle_id)
    assert circle.next_at is not None
    there = seats(app, circle_id) if holder(app, circle_id) is not None else []
    left = [each for each in there if each.state in (SeatState.HOLDS, SeatState.WAITING)]
    for each in left[: (len(left) + 1) // 2]:
        await app.circling.speak(HERE, Person(each.member_id or 0), circle_id, SeatState.SPOKE)
    if len(left) > 1:
        return
    if circle.way is Way.LIVE:
        await press(app, circle_id)
    elif not left:
        await at(app, clock, circle.next_at)


async def test_ten_circles_due_in_one_tick_all_go_on(app: App, clock: FixedClock) -> None:
    await begun(app)
    ids = [await proposed(app, way=Way.WRITTEN) for _number in range(10)]

    await at(app, clock, MONDAY_MORNING + 9 * DAY)
    await at(app, clock, MONDAY_MORNING + 10 * DAY)

    assert {each.state for each in circles(app)} == {CircleState.RUNNING}
    assert [new_panels(app, each) for each in ids] == [1] * 10


async def test_a_circle_that_meets_a_fault_keeps_no_other_waiting(app: App, clock: FixedClock) -> None:
    await begun(app)
    faulty, sound = await proposed(app, within=HOUR), await proposed(app, within=HOUR)
    change(app, faulty, stage=99)

    await at(app, clock, row(app, sound).starts_at)

    assert (new_panels(app, faulty), new_panels(app, sound)) == (0, 1)
    assert row(app, faulty).next_at == clock.now() + HOUR
