"""A rhythm falls due once a slot, in every zone, whatever the clocks do there."""

import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache, partial
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendar import (
    Recurrence,
    Schedule,
    Slot,
    Turn,
    first_day_after_move,
    instant_at,
    known_zones,
    local_day,
    zone_suggestions,
)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BEGIN, END = date(2026, 1, 1), date(2028, 1, 1)
MONDAY = date(2026, 11, 2)
TIMES = (time(0, 0), time(0, 30), time(2, 30), time(3, 0), time(9, 0))
NTHS = (1, 2, 3, 4, -1)

# What a patient person with a wall calendar and a clock would find: no rrule, no local time read by zoneinfo.


def days_between(begin: date, end: date) -> Iterator[date]:
    """Yield every date from ``begin`` until the eve of ``end``."""
    return (begin + DAY * n for n in range((end - begin).days))


def is_nth(day: date, nth: int) -> bool:
    """Tell whether ``day`` is its month's ``nth`` such weekday; -1 is the last."""
    if nth == -1:
        return (day + 7 * DAY).month != day.month
    return (day.day - 1) // 7 + 1 == nth


def dates_by_counting(recurrence: Recurrence, start: date, end: date) -> list[date]:
    """Find a recurrence's dates by looking at every day from its anchor on."""
    matching = [
        day
        for day in days_between(recurrence.anchor, end)
        if day.weekday() == recurrence.weekday and (recurrence.nth is None or is_nth(day, recurrence.nth))
    ]
    # Each week has one match and so has each month: every nth match is every nth week or month.
    return [day for day in matching[:: recurrence.every] if day >= start]


@lru_cache(maxsize=8192)  # more than one zone's share of the sweep
def offset_at(instant: datetime, zone: str) -> timedelta:
    """Return the offset from UTC in force at an instant."""
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset


def wall(instant: datetime, zone: str) -> datetime:
    """Return what the clocks show at an instant."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def instant_by_trying(day: date, at: time, zone: str) -> tuple[datetime, timedelta]:
    """Find the first instant that shows the asked time, and by how much it is later when none does."""
    asked = datetime.combine(day, at)
    # Offsets lie within 15 hours of UTC, so these are what held before and what will hold after.
    before = offset_at(datetime.combine(day - DAY, time(6), UTC), zone)
    after = offset_at(datetime.combine(day + 2 * DAY, time(0), UTC), zone)
    by_old, by_new = (asked.replace(tzinfo=UTC) - offset for offset in (before, after))
    if before == after:
        return by_old, timedelta()
    showing = [instant for instant in (by_old, by_new) if wall(instant, zone) == asked]
    return (min(showing), timedelta()) if showing else (by_old, after - before)


def changed(low: datetime, zone: str, minute: int) -> bool:
    """Tell whether the offset differs from the one at ``low`` so many minutes later."""
    return offset_at(low + minute * MINUTE, zone) != offset_at(low, zone)


@cache
def changes_of(zone: str) -> list[datetime]:
    """Return the instants of the sweep's two years at which a zone's offset changes, to the minute."""
    changes: list[datetime] = []
    for week in range(105):  # no zone changes its clocks twice in a week
        low = datetime.combine(BEGIN, time(12), UTC) + 7 * DAY * week
        if offset_at(low + 7 * DAY, zone) != offset_at(low, zone):
            minutes = range(7 * 24 * 60)
            changes.append(low + MINUTE * bisect_left(minutes, True, key=partial(changed, low, zone)))
    return changes


def clocks_of(zone: str) -> tuple[timedelta | datetime, ...]:
    """Return all that tells a zone's clocks from another's in the sweep's two years: offsets and their changes."""
    begin = datetime.combine(BEGIN, time(12), UTC)
    return offset_at(begin, zone), *(part for change in changes_of(zone) for part in (change, offset_at(change, zone)))


def expect_one_instant_a_slot(schedule: Schedule, days: list[date]) -> None:
    """Hold a schedule's two years against what counting and trying find."""
    slots = list(takewhile(lambda slot: slot.day < END, schedule.slots(BEGIN)))
    assert [slot.day for slot in slots] == days, schedule
    assert all(one.instant < other.instant for one, other in pairwise(slots)), schedule
    for slot in slots:
        expected, later = instant_by_trying(slot.day, schedule.at, schedule.zone)
        assert slot.instant == expected, (schedule, slot)
        assert wall(slot.instant, schedule.zone) == datetime.combine(slot.day, schedule.at) + later, slot


# The sweep.


def test_every_zone_has_exactly_one_instant_a_slot_for_two_years() -> None:
    recurrences = [Recurrence(weekday, BEGIN) for weekday in range(7)]
    recurrences += [Recurrence(6, BEGIN, turn=Turn.MONTH, nth=nth) for nth in NTHS]
    days = {recurrence: dates_by_counting(recurrence, BEGIN, END) for recurrence in recurrences}
    tried: set[tuple[timedelta | datetime, ...]] = set()
    for number, zone in enumerate(sorted(known_zones())):
        # Each time once in zones that change their clocks together; in those like them one time each, in turn.
        hours = clocks_of(zone)
        # Weekly on the days the zone's clocks change, monthly on each nth Sunday in turn.
        weekdays = {local_day(change, zone).weekday() for change in changes_of(zone)} or {6}
        for step, at in enumerate(TIMES):
            if hours in tried and step != number % len(TIMES):
                continue
            chosen = [recurrences[weekday] for weekday in weekdays] + [recurrences[7 + (number + step) % 5]]
            for recurrence in chosen:
                expect_one_instant_a_slot(Schedule(recurrence, at, zone), days[recurrence])
        tried.add(hours)


def test_a_time_inside_a_zones_own_gap_or_overlap_falls_due_once() -> None:
    met = 0
    for zone in sorted(known_zones()):
        for change in changes_of(zone):
            # Fifteen minutes before and after the change, on either clock: one of them is skipped or doubled.
            offsets = {offset_at(change - MINUTE, zone), offset_at(change, zone)}
            moments = [change.replace(tzinfo=None) + offset for offset in offsets]
            shown = {moment + n * MINUTE for moment in moments for n in (-15, 0, 15)}
            for moment in shown:
                expected, later = instant_by_trying(moment.date(), moment.time(), zone)
                instant = instant_at(moment.date(), moment.time(), zone)
                assert instant == expected, (zone, moment)
                assert wall(instant, zone) == moment + later, (zone, moment)
                met += bool(later)
    assert met > 100, "the sweep met hardly any gap"


@pytest.mark.parametrize(
    ("day", "at", "zone", "utc"),
    [
        (date(2026, 3, 29), time(1, 30), "Europe/London", "2026-03-29T01:30"),  # skipped: shown as 02:30
        (date(2026, 3, 29), time(1, 0), "Europe/London", "2026-03-29T01:00"),  # the gap's first minute
        (date(2026, 3, 29), time(2, 0), "Europe/London", "2026-03-29T01:00"),
        (date(2026, 10, 25), time(1, 30), "Europe/London", "2026-10-25T00:30"),  # doubled: the first
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", "2026-10-03T15:45"),  # half an hour skipped
        (date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe", "2026-04-04T14:45"),  # half an hour doubled
        (date(2026, 11, 2), time(9, 0), "Asia/Kathmandu", "2026-11-02T03:15"),
        (date(1986, 1, 1), time(0, 0), "Asia/Kathmandu", "1985-12-31T18:30"),  # a quarter of an hour skipped
        (date(2018, 11, 4), time(0, 0), "America/Sao_Paulo", "2018-11-04T03:00"),  # no midnight: 01:00
        (date(2018, 2, 17), time(23, 30), "America/Sao_Paulo", "2018-02-18T01:30"),  # doubled before midnight
        (date(2024, 3, 10), time(2, 30), "Africa/Casablanca", "2024-03-10T01:30"),  # back for Ramadan: doubled
        (date(2024, 4, 14), time(2, 30), "Africa/Casablanca", "2024-04-14T02:30"),  # and forth: skipped
        (date(2026, 3, 28), time(23, 30), "America/Nuuk", "2026-03-29T01:30"),  # skipped across midnight
        (date(2011, 12, 30), time(9, 0), "Pacific/Apia", "2011-12-30T19:00"),  # the day was skipped: 31st, 09:00
        (date(1993, 8, 21), time(9, 0), "Pacific/Kwajalein", "1993-08-21T21:00"),  # skipped: 22nd, 09:00
    ],
)
def test_a_skipped_time_moves_on_and_a_doubled_one_is_the_first(day: date, at: time, zone: str, utc: str) -> None:
    assert instant_at(day, at, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert instant_at(day, at.replace(fold=1), zone) == instant_at(day, at, zone)


def test_a_day_the_zone_skipped_keeps_its_slot_and_its_name() -> None:
    fridays = Schedule(Recurrence(4, date(2011, 12, 1)), time(9), "Pacific/Apia")

    slots = list(islice(fridays.slots(date(2011, 12, 23)), 3))

    assert [slot.day.day for slot in slots] == [23, 30, 6]
    assert local_day(slots[1].instant, "Pacific/Apia") == date(2011, 12, 31)
    late = fridays.next_slot(after_day=slots[0].day, not_before=slots[1].instant)
    assert late == slots[1]


# The dates.

anchors = st.dates(date(1999, 1, 1), date(2030, 12, 31))
weekly = st.builds(Recurrence, st.integers(0, 6), anchors, st.integers(1, 52))
monthly = st.builds(
    Recurrence, st.integers(0, 6), anchors, st.integers(1, 12), st.just(Turn.MONTH), st.sampled_from(NTHS)
)
times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
schedules = st.builds(Schedule, weekly | monthly, times, st.sampled_from(sorted(known_zones())))


@given(recurrence=weekly | monthly, start=st.dates(date(1998, 1, 1), date(2034, 12, 31)))
@settings(max_examples=100, deadline=None)
def test_dates_are_those_found_by_counting_from_the_anchor(recurrence: Recurrence, start: date) -> None:
    end = max(start, recurrence.anchor) + 800 * DAY

    found = list(takewhile(lambda day: day < end, recurrence.dates(start)))

    assert found == dates_by_counting(recurrence, start, end)


def test_every_other_week_keeps_its_parity_over_a_year_of_53_weeks() -> None:
    fortnightly = Recurrence(0, anchor=date(2026, 12, 15), every=2)

    days = list(islice(fortnightly.dates(date(2026, 12, 1)), 3))

    assert days == [date(2026, 12, 21), date(2027, 1, 4), date(2027, 1, 18)]


def test_months_are_counted_from_the_first_match_not_from_the_anchors_month() -> None:
    quarterly = Recurrence(0, anchor=date(2026, 1, 6), every=3, turn=Turn.MONTH, nth=1)  # past January's first

    assert list(islice(quarterly.dates(date(2026, 1, 1)), 2)) == [date(2026, 2, 2), date(2026, 5, 4)]


def test_dates_end_quietly_with_the_year_9999() -> None:
    for weekday in range(7):
        by_week = list(Recurrence(weekday, date(1, 1, 1)).dates(date(9999, 12, 25)))
        by_month = list(Recurrence(weekday, MONDAY, 12, Turn.MONTH, -1).dates(date(9999, 12, 1)))
        assert (len(by_week), by_month) == (1, [])
    assert list(Recurrence(0, anchor=date(9999, 12, 31)).dates(MONDAY)) == []
    last = Schedule(Recurrence(0, MONDAY), time(9), "UTC")
    with pytest.raises(OverflowError):
        last.next_slot(after_day=date(9999, 12, 27), not_before=datetime(9999, 12, 28, tzinfo=UTC))


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"weekday": 7}, "weekday runs"),
        ({"weekday": -1}, "weekday runs"),
        ({"anchor": datetime(2026, 11, 2, tzinfo=UTC)}, "without a time"),
        ({"every": 0}, "1 to 52 weeks"),
        ({"every": 53}, "1 to 52 weeks"),
        ({"every": 13, "turn": Turn.MONTH, "nth": 1}, "1 to 12 months"),
        ({"nth": 1}, "belongs to months"),
        ({"turn": Turn.MONTH}, "nth is"),
        ({"turn": Turn.MONTH, "nth": 5}, "nth is"),
        ({"turn": Turn.MONTH, "nth": 0}, "nth is"),
    ],
)
def test_parts_that_make_no_recurrence_are_refused(parts: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Recurrence(**({"weekday": 0, "anchor": MONDAY} | parts))  # pyright: ignore[reportArgumentType] -- parts of any kind


def test_a_schedule_refuses_an_unknown_zone_seconds_and_a_time_with_an_offset() -> None:
    for at, zone in ((time(9), "Europe/Kith"), (time(9, 0, 1), "UTC"), (time(9, tzinfo=UTC), "UTC")):
        with pytest.raises(ValueError, match="not"):
            Schedule(Recurrence(0, MONDAY), at, zone)


# The next slot, and moves.


@given(schedule=schedules, start=st.dates(date(2009, 1, 1), date(2030, 1, 1)))
@settings(max_examples=100, deadline=None)
def test_walking_from_slot_to_next_slot_meets_each_slot_once(schedule: Schedule, start: date) -> None:
    slots = list(islice(schedule.slots(start), 12))

    for one, other in pairwise(slots):
        assert schedule.next_slot(after_day=one.day, not_before=one.instant - MINUTE) == other
        assert schedule.next_slot(after_day=one.day, not_before=other.instant) == other
        assert schedule.next_slot(after_day=None, not_before=one.instant) == one
        assert schedule.next_slot(after_day=None, not_before=one.instant + MINUTE) == other


moves = st.lists(
    st.tuples(
        st.integers(-36 * 60, 36 * 60),  # minutes from the due moment to the move
        st.sampled_from(("time", "zone", "weekday", "all", "anchor")),
        schedules,
    ),
    min_size=1,
    max_size=6,
)


def move(schedule: Schedule, other: Schedule, part: str, anchor: date) -> Schedule:
    """Return ``schedule`` with one part, or all, taken from ``other``."""
    old = schedule.recurrence
    new = Recurrence(other.recurrence.weekday, old.anchor, old.every, old.turn, old.nth)
    anew = Recurrence(other.recurrence.weekday, anchor, old.every, old.turn, old.nth)
    at = other.at if part in ("time", "all") else schedule.at
    zone = other.zone if part in ("zone", "all") else schedule.zone
    return Schedule({"weekday": new, "all": new, "anchor": anew}.get(part, old), at, zone)


@given(schedule=schedules, begun=st.dates(date(2009, 1, 1), date(2030, 1, 1)), moves=moves)
@settings(max_examples=200, deadline=None)
def test_moving_a_rhythm_around_its_due_moment_never_yields_a_day_twice(
    schedule: Schedule, begun: date, moves: list[tuple[int, str, Schedule]]
) -> None:
    now = datetime.combine(begun, time(12), UTC)
    came_round: list[Slot] = []
    due = schedule.next_slot(after_day=None, not_before=now)
    for minutes, part, other in moves:
        now = max(now, due.instant + minutes * MINUTE)
        while due.instant <= now:
            came_round.append(due)
            due = schedule.next_slot(after_day=due.day, not_before=now)
        last_day = came_round[-1].day if came_round else None
        today = local_day(now, other.zone if part in ("zone", "all") else schedule.zone)
        rule = schedule.recurrence
        earliest = first_day_after_move(rule.turn, rule.every, last_day, today)
        schedule = move(schedule, other, part, earliest)
        due = schedule.next_slot(after_day=earliest - DAY, not_before=now)
        assert due.instant >= now
        if last_day is not None:
            assert (due.day - last_day).days > rule.every * (7 if rule.turn is Turn.WEEK else 28) // 2
    came_round.append(due)
    assert all(one.day < other.day for one, other in pairwise(came_round))
    assert all(one.instant < other.instant for one, other in pairwise(came_round))


@pytest.mark.parametrize(("weekday", "comes"), list(enumerate((9, 10, 11, 12, 6, 7, 8))))
def test_moved_after_mondays_round_it_comes_next_past_half_a_week(weekday: int, comes: int) -> None:
    moved = Schedule(Recurrence(weekday, MONDAY), time(9), "Europe/London")
    earliest = first_day_after_move(Turn.WEEK, 1, last_day=MONDAY, today=MONDAY)

    slot = moved.next_slot(after_day=earliest - DAY, not_before=datetime(2026, 11, 2, 9, 30, tzinfo=UTC))

    assert slot.day == date(2026, 11, comes)


def test_a_rhythm_that_never_came_round_or_did_so_long_ago_may_come_today() -> None:
    assert first_day_after_move(Turn.MONTH, 1, last_day=None, today=MONDAY) == MONDAY
    assert first_day_after_move(Turn.WEEK, 1, last_day=MONDAY - 7 * DAY, today=MONDAY) == MONDAY
    assert first_day_after_move(Turn.MONTH, 1, last_day=MONDAY, today=MONDAY) == MONDAY + 15 * DAY


# Zones.


def test_known_zones_are_those_of_the_database_without_the_machines_own() -> None:
    assert available_timezones() - known_zones() <= {"Factory", "localtime", "posixrules"}
    assert {"Europe/London", "Asia/Kathmandu", "UTC"} <= known_zones()
    assert not {"localtime", "Factory"} & known_zones()


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        local_day(datetime(2026, 11, 2, 9, 0), "UTC")  # noqa: DTZ001 -- it is what is refused


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("berlin", "Europe/Berlin"),
        ("  New York", "America/New_York"),
        ("LON", "Europe/London"),
        ("são", "America/Sao_Paulo"),
        ("Zürich", "Europe/Zurich"),
        ("gmt", "GMT"),
        ("buenos_aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_what_is_typed_finds_its_zone_first(typed: str, first: str) -> None:
    assert zone_suggestions(typed)[0] == first


def test_suggestions_are_few_known_and_always_in_the_same_order() -> None:
    for typed in ("", "europe/", "a", "indiana"):
        found = zone_suggestions(typed)
        assert found == zone_suggestions(typed)
        assert len(found) == len(set(found)) <= 25
        assert set(found) <= known_zones()
    assert zone_suggestions("europe/", limit=2) == ["Europe/Berlin", "Europe/Istanbul"]
    assert zone_suggestions("nowhere") == []


def test_nothing_typed_offers_zones_all_round_the_world() -> None:
    offered = zone_suggestions("")
    january = datetime(2026, 1, 1, tzinfo=UTC)

    assert len(offered) == 25
    assert len({offset_at(january, zone) for zone in offered}) > 15


def test_the_calendar_asks_nothing_of_apscheduler() -> None:
    program = "import sys, bot.calendar; sys.exit(any(m.startswith('apscheduler') for m in sys.modules))"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
