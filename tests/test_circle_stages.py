"""What a planned circle comes past on its way: its reminders, its panel, who may begin it and when."""

from datetime import datetime, timedelta

import pytest

from bot.app import App
from bot.errors import Refusal
from bot.formats import Role
from bot.services.people import Person
from bot.store.circles import CircleState, ComingKind
from bot.store.deliveries import DeliveryKind
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    CY,
    DAY,
    HERE,
    HOUR,
    at,
    begun,
    come,
    kinds_of_words,
    new_panels,
    planned,
    proposed,
    row,
    words,
    worth_saying,
    would_host,
)
from tests.fakes import MONDAY_MORNING, FixedClock

MINUTE = timedelta(minutes=1)


async def test_reminders_come_a_day_and_a_quarter_of_an_hour_before_once_and_never_late(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    circle_id = await proposed(app, within=3 * DAY)
    start = row(app, circle_id).starts_at

    for moment in (start - DAY - MINUTE, start - DAY, start - DAY, start - HOUR, start - 15 * MINUTE, start - MINUTE):
        await at(app, clock, moment)

    assert words(app, circle_id) == [f"{what}:{int(start.timestamp())}" for what in ("tomorrow", "soon")]
    tomorrow, soon = planned(app, circle_id, DeliveryKind.CIRCLE_WORD)
    assert (tomorrow.due_at, soon.due_at) == (start - DAY, start - 15 * MINUTE)
    assert (tomorrow.expires_at, soon.expires_at) == (start - DAY + 30 * MINUTE, start)


@pytest.mark.parametrize(
    ("looked", "said"),
    [(29 * MINUTE, ["tomorrow"]), (31 * MINUTE, []), (DAY - MINUTE, ["soon"]), (DAY, []), (DAY + HOUR, [])],
)
async def test_a_reminder_that_would_be_late_is_left_out(
    app: App, clock: FixedClock, looked: timedelta, said: list[str]
) -> None:
    await begun(app)
    circle_id = await proposed(app, within=3 * DAY)

    await at(app, clock, row(app, circle_id).starts_at - DAY + looked)

    assert kinds_of_words(app, circle_id) == said


async def test_what_waits_to_be_said_of_a_circle_that_has_moved_or_is_cancelled_is_left_out(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA, within=3 * DAY)
    await at(app, clock, row(app, circle_id).starts_at - DAY)
    await app.circles.offer(HERE, Person(ADA), circle_id, Role.HOST, BO)
    assert await worth_saying(app, circle_id) == ["tomorrow", "offer"]

    for days in (2, 9):
        await app.circles.move(HERE, Person(ADA), circle_id, clock.now() + days * DAY)
    assert kinds_of_words(app, circle_id) == ["tomorrow", "offer", "moved", "moved"]
    assert await worth_saying(app, circle_id) == ["offer", "moved"]

    await app.circles.cancel(HERE, Person(ADA), circle_id)
    assert await worth_saying(app, circle_id) == ["cancelled"]


async def test_a_written_circle_is_announced_a_day_before_only_and_nobody_coming_is_reminded_of_nothing(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    written, empty = await proposed(app, way=Way.WRITTEN), await proposed(app)
    await app.circles.answer(HERE, Person(ADA), empty, ComingKind.NOT)
    for moment in (9 * DAY, 10 * DAY - 15 * MINUTE):
        await at(app, clock, MONDAY_MORNING + moment)

    assert kinds_of_words(app, written) == ["tomorrow"]
    assert kinds_of_words(app, empty) == []


async def test_at_its_time_a_circle_shows_its_panel_and_one_nobody_came_to_just_ends(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    circle_id, empty = await proposed(app), await proposed(app)
    await app.circles.answer(HERE, Person(ADA), empty, ComingKind.NOT)
    await app.circles.answer(HERE, Person(BO), empty, ComingKind.MAYBE)

    for moment in (10 * DAY, 10 * DAY + MINUTE):
        await at(app, clock, MONDAY_MORNING + moment)

    assert (new_panels(app, circle_id), new_panels(app, empty)) == (1, 0)
    assert (row(app, circle_id).state, row(app, empty).state) == (CircleState.PLANNED, CircleState.CANCELLED)
    assert kinds_of_words(app, empty) == []
    with pytest.raises(Refusal, match="does not take place"):
        await app.circling.begin(HERE, Person(ADA), empty)


@pytest.mark.parametrize("way", list(Way))
async def test_kith_off_until_a_circle_is_long_past_shows_no_panel(app: App, clock: FixedClock, way: Way) -> None:
    await begun(app)
    circle_id = await proposed(app, way=way)

    await at(app, clock, row(app, circle_id).starts_at + 2 * DAY)

    assert (row(app, circle_id).state, new_panels(app, circle_id)) == (CircleState.CANCELLED, 0)
    assert kinds_of_words(app, circle_id) == []


async def test_a_written_circle_without_a_host_begins_by_itself_with_one_panel(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app, way=Way.WRITTEN, format_id="story-circle")  # whose first step is a round
    await come(app, circle_id, BO)

    await at(app, clock, row(app, circle_id).starts_at)

    assert (row(app, circle_id).state, row(app, circle_id).step) == (CircleState.RUNNING, 0)
    assert new_panels(app, circle_id) == 1


async def test_begin_is_for_the_host_then_for_anyone_and_never_early(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA)
    await come(app, circle_id, BO)
    start = row(app, circle_id).starts_at

    for person, moment, said in (
        (ADA, start - 16 * MINUTE, "early yet"),
        (BO, start, "five minutes after"),
        (BO, start + 4 * MINUTE, "five minutes after"),
    ):
        clock.set(moment)
        with pytest.raises(Refusal, match=said):
            await app.circling.begin(HERE, Person(person), circle_id)
    await app.circles.take(HERE, Person(CY), circle_id, Role.GUARDIAN)
    assert not (await app.circling.begin(HERE, Person(CY), circle_id)).again
    assert (await app.circling.begin(HERE, Person(BO), circle_id)).again


async def test_five_minutes_after_its_time_anyone_begins_and_a_moved_circle_waits_for_its_new_time(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA)
    start = row(app, circle_id).starts_at
    await at(app, clock, start + 5 * MINUTE)
    panels = len(planned(app, circle_id, DeliveryKind.PANEL))
    await app.circles.move(HERE, Person(ADA), circle_id, start + HOUR)
    assert len(planned(app, circle_id, DeliveryKind.PANEL)) == panels + 1
    with pytest.raises(Refusal, match="early yet"):
        await app.circling.begin(HERE, Person(BO), circle_id)

    clock.set(start + HOUR + 5 * MINUTE)

    assert not (await app.circling.begin(HERE, Person(BO), circle_id)).again
    assert isinstance(row(app, circle_id).began_at, datetime)
