"""What is pressed while a circle runs, by whom, and what is gathered at its end."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from bot.app import App
from bot.errors import Refusal
from bot.formats import Role
from bot.services.circling import LONGEST_WISH
from bot.services.people import Person
from bot.store.calls import Audience, Call, CallState
from bot.store.circles import CircleState, ComingKind, Harvest, SeatState, harvest_of, wishes_for
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    CY,
    DEE,
    HERE,
    HOST,
    HOUR,
    at,
    begun,
    come,
    holder,
    kinds_of_words,
    proposed,
    row,
    seats,
    words,
    would_host,
)
from tests.fakes import FixedClock

ELSEWHERE = 701
MINUTE = timedelta(minutes=1)


async def outcomes(*works: Awaitable[Any]) -> list[Any]:
    """Return what each of several simultaneous works returned or refused."""
    return await asyncio.gather(*works, return_exceptions=True)


async def ready(app: App, clock: FixedClock, **chosen: Any) -> int:
    """Let a circle that ADA hosts and BO and CY come to reach its time; return its id."""
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA, within=HOUR, **chosen)
    await come(app, circle_id, BO, CY)
    await at(app, clock, row(app, circle_id).starts_at)
    return circle_id


async def running(app: App, clock: FixedClock, **chosen: Any) -> int:
    """Let that circle begin."""
    circle_id = await ready(app, clock, **chosen)
    await app.circling.begin(HERE, Person(ADA), circle_id)
    return circle_id


def add_call(app: App, clock: FixedClock, rung: int, audience: Audience = Audience.EVERYONE) -> None:
    """Write down an open call that has climbed so far, opened the earlier the lower it is."""

    def write(session: Session) -> None:
        at = clock.now() - timedelta(days=30 - rung)
        call = Call(community_id=HERE, caller_id=BO, audience=audience, rung=rung, written_at=at, opened_at=at)
        call.state = CallState.OPEN
        session.add(call)
        session.flush()
        call.message_id = 900 + (call.id or 0)

    app.database.run_now(write)


def gathered(app: App, circle_id: int) -> Harvest | None:
    """Return a circle's harvest."""
    return app.database.run_now(lambda session: harvest_of(session, circle_id))[0]


async def harvest(app: App, circle_id: int, by: int, lines: str = "One.\nTwo.", **more: str) -> Harvest:
    """Let a member gather a circle's harvest."""
    values = {"question": "", "thanks": ""} | more
    return await app.circling.harvest(HERE, Person(by), circle_id, lines=lines, **values)


async def test_two_who_begin_at_once_begin_it_once(either_app: App, clock: FixedClock) -> None:
    circle_id = await ready(either_app, clock)
    await either_app.circles.take(HERE, Person(BO), circle_id, Role.GUARDIAN)

    pressed = await outcomes(*(either_app.circling.begin(HERE, Person(each), circle_id) for each in (ADA, BO)))

    assert sorted(each.again for each in pressed) == [False, True]
    assert row(either_app, circle_id).step == 0


async def test_of_two_who_press_next_at_once_one_goes_on_and_the_other_is_told(
    either_app: App, clock: FixedClock
) -> None:
    circle_id = await running(either_app, clock)
    await either_app.circles.take(HERE, Person(BO), circle_id, Role.GUARDIAN)
    for step in range(5):
        pressed = await outcomes(*(either_app.circling.next(HERE, Person(each), circle_id, step) for each in (ADA, BO)))
        assert sorted(each.again for each in pressed) == [False, True]

    assert row(either_app, circle_id).state is CircleState.CLOSED
    assert kinds_of_words(either_app, circle_id) == ["harvest"]


async def test_the_piece_spoken_with_twice_at_once_goes_one_place_on(either_app: App, clock: FixedClock) -> None:
    circle_id = await running(either_app, clock, way=Way.WRITTEN, format_id="story-circle")

    pressed = await outcomes(
        *(either_app.circling.speak(HERE, Person(ADA), circle_id, SeatState.SPOKE) for _twice in range(3))
    )

    assert sum(isinstance(each, Refusal) for each in pressed) == 2
    assert [each.state.value for each in seats(either_app, circle_id)] == ["spoke", "holds", "waiting"]


async def test_next_and_the_tick_at_once_go_one_step(either_app: App, clock: FixedClock) -> None:
    circle_id = await running(either_app, clock, way=Way.WRITTEN, format_id="1-2-4-all")
    clock.advance(12 * HOUR)

    await outcomes(
        either_app.circles.tend(),
        either_app.circling.next(HERE, Person(ADA), circle_id, 0),
        either_app.circles.tend(),
    )

    assert row(either_app, circle_id).step == 1


async def test_host_co_host_and_guardian_carry_it_and_others_once_it_has_waited(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    press = app.circling
    await app.circles.take(HERE, Person(CY), circle_id, Role.HARVESTER)
    for by in (BO, CY, DEE):
        for refused in (press.more_time, press.close):
            with pytest.raises(Refusal, match="five minutes after its time"):
                await refused(HERE, Person(by), circle_id)
        with pytest.raises(Refusal, match="five minutes after its time"):
            await press.next(HERE, Person(by), circle_id, 0)
    await app.circles.take(HERE, Person(BO), circle_id, Role.GUARDIAN)
    await press.next(HERE, Person(BO), circle_id, 0)
    ends_at = row(app, circle_id).step_ends_at
    assert ends_at is not None

    await at(app, clock, ends_at + 5 * MINUTE)
    await press.next(HERE, Person(DEE), circle_id, 1)

    assert row(app, circle_id).step == 2
    with pytest.raises(Refusal, match="five minutes after its time"):
        await press.next(HERE, Person(DEE), circle_id, 2)


async def test_anyone_carries_a_circle_whose_host_gave_back(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)

    await app.circles.answer(HERE, Person(ADA), circle_id, ComingKind.NOT)
    await app.circling.next(HERE, Person(CY), circle_id, 0)
    assert row(app, circle_id).hostless
    would_host(app, BO)
    await app.circles.take(HERE, Person(BO), circle_id, Role.HOST)

    with pytest.raises(Refusal, match="five minutes after its time"):
        await app.circling.next(HERE, Person(CY), circle_id, 1)


async def test_anyone_rings_the_bell_while_it_runs_and_within_a_minute_it_is_one(
    either_app: App, clock: FixedClock
) -> None:
    app = either_app
    circle_id = await ready(app, clock)
    with pytest.raises(Refusal, match="does not yet"):
        await app.circling.ring(HERE, circle_id)
    await app.circling.begin(HERE, Person(ADA), circle_id)
    rung = await outcomes(*(app.circling.ring(HERE, circle_id) for _three in range(3)))
    clock.advance(timedelta(seconds=59))
    rung.append(await app.circling.ring(HERE, circle_id))
    clock.advance(timedelta(seconds=1))
    rung.append(await app.circling.ring(HERE, circle_id))
    await app.circling.close(HERE, Person(ADA), circle_id)

    assert sorted(each.again for each in rung) == [False, False, True, True, True]
    assert words(app, circle_id)[:2] == ["bell:1", "bell:2"]
    with pytest.raises(Refusal, match="is over"):
        await app.circling.ring(HERE, circle_id)


async def test_closing_twice_closes_once_and_nothing_is_pressed_afterwards(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)

    closed = [(await app.circling.close(HERE, Person(ADA), circle_id)).again for _twice in range(2)]

    assert closed == [False, True]
    assert holder(app, circle_id) is None
    for refused in (app.circling.begin, app.circling.more_time):
        with pytest.raises(Refusal, match="is over"):
            await refused(HERE, Person(ADA), circle_id)
    with pytest.raises(Refusal, match="is over"):
        await app.circling.speak(HERE, Person(ADA), circle_id, SeatState.SPOKE)


async def test_nothing_is_reached_from_another_community(app: App, clock: FixedClock) -> None:
    circle_id = await ready(app, clock)
    for refused in (app.circling.begin, app.circling.more_time, app.circling.close):
        with pytest.raises(Refusal, match="/circle shows"):
            await refused(ELSEWHERE, HOST, circle_id)
    with pytest.raises(Refusal, match="/circle shows"):
        await app.circling.ring(ELSEWHERE, circle_id)
    with pytest.raises(Refusal, match="/circle shows"):
        await app.circling.next(ELSEWHERE, HOST, circle_id, 0)


@pytest.mark.parametrize(("rung", "said"), [(3, []), (4, ["calls"]), (7, ["calls"])])
async def test_calls_that_have_climbed_so_far_are_its_first_item(
    app: App, clock: FixedClock, rung: int, said: list[str]
) -> None:
    circle_id = await ready(app, clock)
    add_call(app, clock, 3)  # older, and the hosts' so far
    if rung > 3:
        add_call(app, clock, rung)
    add_call(app, clock, 5, Audience.NAMED)

    await app.circling.begin(HERE, Person(ADA), circle_id)

    assert kinds_of_words(app, circle_id) == said


async def test_the_harvest_is_its_harvesters_and_written_again_it_is_changed(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    await app.circles.take(HERE, Person(CY), circle_id, Role.HARVESTER)
    with pytest.raises(Refusal, match="once its circle is closed"):
        await harvest(app, circle_id, CY)
    await app.circling.close(HERE, Person(ADA), circle_id)
    with pytest.raises(Refusal, match=r"this circle's harvester(.|\n)*Two\."):
        await harvest(app, circle_id, ADA)
    with pytest.raises(Refusal, match=r"no words yet(.|\n)*Why\?"):
        await harvest(app, circle_id, CY, " ", question="Why?")

    await harvest(app, circle_id, CY, question="Why?")
    await harvest(app, circle_id, CY, "Three.", thanks="To all.")

    kept = gathered(app, circle_id)
    assert kept is not None
    assert (kept.lines, kept.question, kept.thanks, kept.harvester_id) == ("Three.", "", "To all.", CY)
    assert words(app, circle_id) == [f"harvest:{circle_id}", "gathered:0", "gathered:1"]


async def test_without_a_harvester_the_host_gathers_and_without_a_host_any_who_came(
    app: App, clock: FixedClock
) -> None:
    with_host = await running(app, clock)
    await app.circling.close(HERE, Person(ADA), with_host)
    without = await proposed(app, ADA, within=HOUR)
    await come(app, without, BO)
    await app.circles.give_back(HERE, Person(ADA), without, Role.HOST)
    clock.advance(HOUR)
    await app.circling.begin(HERE, Person(BO), without)
    await app.circling.close(HERE, Person(BO), without)

    for circle_id, refused in ((with_host, BO), (without, CY)):
        with pytest.raises(Refusal, match="this circle's harvester"):
            await harvest(app, circle_id, refused)
    assert (await harvest(app, with_host, ADA)).harvester_id == ADA
    assert (await harvest(app, without, BO)).harvester_id == BO


async def test_a_day_after_the_close_any_who_came_gathers_what_the_harvester_did_not(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock)
    await app.circles.take(HERE, Person(CY), circle_id, Role.HARVESTER)
    await app.circling.close(HERE, Person(ADA), circle_id)
    clock.advance(24 * HOUR - MINUTE)
    with pytest.raises(Refusal, match="from a day after its close for any who came"):
        await harvest(app, circle_id, ADA)
    clock.advance(MINUTE)
    with pytest.raises(Refusal, match="any who came"):
        await harvest(app, circle_id, DEE)

    assert (await harvest(app, circle_id, BO)).harvester_id == BO
    with pytest.raises(Refusal, match=rf"<@{BO}> has gathered this harvest(.|\n)*Two\."):
        await harvest(app, circle_id, CY)


async def test_only_its_author_sees_and_changes_a_harvest_also_where_nobody_hosts(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    await app.circles.give_back(HERE, Person(ADA), circle_id, Role.HOST)
    await app.circling.close(HERE, Person(ADA), circle_id)
    await harvest(app, circle_id, BO, "Bo's.")

    for refused in (app.circling.harvest_so_far(HERE, Person(CY), circle_id), harvest(app, circle_id, CY)):
        with pytest.raises(Refusal, match=f"<@{BO}> has gathered"):
            await refused
    await harvest(app, circle_id, BO, "Bo's, again.")
    await app.members.forget(HERE, BO)

    assert (await harvest(app, circle_id, CY)).harvester_id == CY


async def test_two_harvests_at_once_leave_one_and_lose_no_version(either_app: App, clock: FixedClock) -> None:
    circle_id = await running(either_app, clock)
    await either_app.circling.close(HERE, Person(ADA), circle_id)

    await outcomes(*(harvest(either_app, circle_id, ADA, f"{number}.") for number in range(4)))

    kept = gathered(either_app, circle_id)
    assert kept is not None and kept.version == 4
    assert words(either_app, circle_id)[1:] == [f"gathered:{number}" for number in range(4)]


async def test_a_wish_is_one_line_of_a_closed_circle_and_is_changed_when_written_again(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock)
    with pytest.raises(Refusal, match=r"once a circle is closed(.|\n)*A walk"):
        await app.circling.wish(HERE, Person(BO), circle_id, "A walk")
    await app.circling.close(HERE, Person(ADA), circle_id)
    with pytest.raises(Refusal, match="55 characters"):
        await app.circling.wish(HERE, Person(BO), circle_id, "x" * (LONGEST_WISH + 1))

    first = await app.circling.wish(HERE, Person(BO), circle_id, " A \n walk ")
    again = await app.circling.wish(HERE, Person(BO), circle_id, "A swim")

    assert (first.again, again.again) == (False, True)
    wished = app.database.run_now(lambda session: [each.words for each in wishes_for(session, HERE, circle_id)])[0]
    assert wished == ["A swim"]
