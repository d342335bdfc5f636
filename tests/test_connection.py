"""However often Kith is started, it stays within the connections Discord allows."""

from datetime import datetime, timedelta

from bot.app import App
from bot.connection import LONGEST_WAIT, note_start, wait_before_connecting
from tests.fakes import MONDAY_MORNING, FixedClock

ALLOWED_A_DAY = 1000
NOW = MONDAY_MORNING


def ago(**units: float) -> datetime:
    """Return an instant before now."""
    return NOW - timedelta(**units)


def test_the_first_starts_need_no_wait() -> None:
    assert wait_before_connecting([], NOW) == timedelta(0)
    assert wait_before_connecting([ago(minutes=minute) for minute in range(1, 5)], NOW) == timedelta(0)


def test_the_wait_doubles_up_to_fifteen_minutes() -> None:
    waits = [wait_before_connecting([NOW] * starts, NOW) for starts in range(5, 12)]

    assert [wait.total_seconds() / 60 for wait in waits] == [0.5, 1, 2, 4, 8, 15, 15]
    assert wait_before_connecting([NOW] * 100_000, NOW) == LONGEST_WAIT


def test_starts_of_long_ago_and_of_a_clock_set_back_dont_count() -> None:
    assert wait_before_connecting([ago(hours=2)] * 50, NOW) == timedelta(0)
    assert wait_before_connecting([NOW + timedelta(days=1)] * 50, NOW) == timedelta(0)


def test_a_crash_loop_of_a_day_stays_within_the_allowance() -> None:
    starts: list[datetime] = []
    now = NOW
    while now < NOW + timedelta(days=1):
        wait = wait_before_connecting(starts, now)
        starts.append(now)
        now += wait + timedelta(seconds=5)

    assert len(starts) < ALLOWED_A_DAY / 3


async def test_starts_are_remembered_by_the_next_process(app: App, clock: FixedClock) -> None:
    waits: list[timedelta] = []
    for _ in range(6):
        waits.append(await note_start(app))
        clock.advance(timedelta(seconds=5))
    clock.advance(timedelta(hours=1))
    waits.append(await note_start(app))

    assert [wait.total_seconds() for wait in waits] == [0, 0, 0, 0, 0, 30, 0]
