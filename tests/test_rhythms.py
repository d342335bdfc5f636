"""When rhythms come round, whatever hosts do to them and whenever."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from bot.app import App
from bot.calendar import Turn
from bot.errors import Refusal
from bot.services.moments import read_date, read_time
from bot.services.people import Person
from bot.services.rhythms import MOST_RHYTHMS, Beat, RhythmView
from bot.store.checkins import Round, RoundState
from bot.store.rhythms import Rhythm, RhythmState
from tests.fakes import MONDAY_MORNING, THOROUGH, FixedClock

HERE, ELSEWHERE = 700, 701
HOST = Person(1, manages=True)
MEMBER = Person(2)
MONDAY_NINE = Beat(weekday=0, at=time(9), zone="Europe/Berlin")
"""Due at MONDAY_MORNING: 08:00 UTC is 09:00 in Berlin in November."""


async def begun(app: App, community_id: int = HERE, beat: Beat = MONDAY_NINE) -> int:
    """Set a community up with one rhythm; return the rhythm's id."""
    await app.communities.choose(community_id, HOST, checkins_channel_id=community_id + 1, zone="Europe/Berlin")
    view = await app.rhythms.set_first(community_id, HOST, beat, request_id=community_id)
    await app.communities.begin(community_id, HOST)
    assert view.rhythm.id is not None
    return view.rhythm.id


def rounds_of(app: App, rhythm_id: int) -> list[Round]:
    """Return a rhythm's rounds, oldest first."""

    def read(session: Session) -> list[Round]:
        return list(session.exec(select(Round).where(Round.rhythm_id == rhythm_id).order_by(col(Round.day))))

    return app.database.run_now(read)[0]


def row(app: App, rhythm_id: int) -> Rhythm:
    """Return a rhythm as it is kept."""
    return app.database.run_now(lambda session: session.get_one(Rhythm, rhythm_id))[0]


def make_asking(app: App, rhythm_id: int) -> None:
    """Let the hosts be asked about a rhythm that came at MONDAY_MORNING."""

    def write(session: Session) -> None:
        rhythm = session.get_one(Rhythm, rhythm_id)
        rhythm.state, rhythm.last_day = RhythmState.ASKING, MONDAY_MORNING.date()
        rhythm.next_day = rhythm.next_at = None

    app.database.run_now(write)


def days(view: RhythmView) -> list[str]:
    """Return the dates a rhythm comes next."""
    return [slot.day.isoformat() for slot in view.coming]


async def outcomes(*works: Awaitable[Any]) -> list[Any]:
    """Return what each of several simultaneous works returned or refused."""
    return await asyncio.gather(*works, return_exceptions=True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("09:00", time(9)),
        ("9", time(9)),
        ("9:30", time(9, 30)),
        ("9.30", time(9, 30)),
        ("9am", time(9)),
        ("9 p.m.", time(21)),
        ("9:30 PM", time(21, 30)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("21h", time(21)),
        ("21h30", time(21, 30)),
        (" 00:00 ", time(0)),
    ],
)
def test_a_time_is_read_as_people_write_it(typed: str, meant: time) -> None:
    assert read_time(typed) == meant


@pytest.mark.parametrize("typed", ["", "24:00", "9:60", "13pm", "0am", "9:5", "nine", "0900", "-9", "9am pm", "٩:٠٠"])
def test_anything_else_is_no_time_and_the_refusal_says_the_form(typed: str) -> None:
    with pytest.raises(Refusal, match="09:00"):
        read_time(typed)


@given(st.text(max_size=12))
def test_no_text_breaks_the_readers(typed: str) -> None:
    for read, needs in ((read_time, "1234567890"), (read_date, "-")):
        if not any(each in needs for each in typed):
            with pytest.raises(Refusal):
                read(typed)
        else:
            with suppress(Refusal):
                read(typed)


def test_a_date_is_read_in_one_form_only() -> None:
    assert read_date(" 2026-11-30 ") == date(2026, 11, 30)
    for typed in ("30.11.2026", "2026-11-31", "20261130", "2026-W48-1"):
        with pytest.raises(Refusal, match="2026-11-30"):
            read_date(typed)


async def test_the_same_add_delivered_twice_adds_one_even_when_it_was_the_fifth(either_app: App) -> None:
    for number in range(MOST_RHYTHMS - 1):
        await either_app.rhythms.add(HERE, HOST, Beat(weekday=number), request_id=number)

    fifth = [either_app.rhythms.add(HERE, HOST, Beat(weekday=6), request_id=99) for _twice in range(2)]
    first, second = await asyncio.gather(*fifth)

    assert first.rhythm.id == second.rhythm.id
    assert len(await either_app.rhythms.overview(HERE)) == MOST_RHYTHMS


async def test_hosts_adding_at_once_make_five_and_no_sixth(either_app: App) -> None:
    await either_app.communities.find(HERE)

    done = await outcomes(
        *(either_app.rhythms.add(HERE, HOST, Beat(weekday=number % 7), request_id=number) for number in range(8))
    )

    assert sum(isinstance(each, Refusal) for each in done) == 3
    assert len(await either_app.rhythms.overview(HERE)) == MOST_RHYTHMS


async def test_setting_up_twice_at_once_makes_one_first_rhythm(either_app: App) -> None:
    await either_app.communities.find(HERE)

    await asyncio.gather(
        *(either_app.rhythms.set_first(HERE, HOST, Beat(weekday=3), request_id=number) for number in range(4))
    )

    [view] = await either_app.rhythms.overview(HERE)
    assert view.rhythm.weekday == 3


async def test_two_hosts_moving_at_once_leave_what_one_of_them_said(either_app: App) -> None:
    rhythm_id = await begun(either_app)
    wishes = [Beat(weekday=2, at=time(7)), Beat(weekday=4, at=time(19))]

    await asyncio.gather(*(either_app.rhythms.move(HERE, HOST, None, wish) for wish in wishes))

    kept = row(either_app, rhythm_id)
    assert (kept.weekday, kept.at) in [(wish.weekday, wish.at) for wish in wishes]
    assert kept.next_day is not None and kept.next_day.weekday() == kept.weekday
    assert kept.next_at == next(kept.schedule.slots(kept.next_day)).instant


async def test_two_hosts_skipping_at_once_leave_out_one_date(either_app: App, clock: FixedClock) -> None:
    await begun(either_app)
    clock.advance(-timedelta(hours=1))

    done = await outcomes(*(either_app.rhythms.skip_once(HERE, HOST, None) for _host in range(2)))

    [skipped] = [each for each in done if not isinstance(each, Refusal)]
    assert days(skipped) == ["2026-11-09", "2026-11-16", "2026-11-23"]
    assert [slot.day for slot in skipped.left_out] == [date(2026, 11, 2)]


async def test_what_hosts_do_at_the_very_moment_it_comes_never_posts_a_date_twice(either_app: App) -> None:
    rhythm_id = await begun(either_app)

    done = await outcomes(
        *(either_app.checkins.tend() for _process in range(4)),
        either_app.rhythms.move(HERE, HOST, None, Beat(at=time(10))),
        either_app.communities.choose(HERE, HOST, zone="Europe/Lisbon"),
        either_app.rhythms.move(HERE, HOST, None, Beat(zone="America/New_York")),
        either_app.rhythms.resume(HERE, HOST, None),
        *(either_app.checkins.tend() for _process in range(4)),
    )

    assert [each for each in done if isinstance(each, BaseException)] == []
    kept = row(either_app, rhythm_id)
    assert len(rounds_of(either_app, rhythm_id)) <= 1
    assert kept.next_day is not None
    assert kept.last_day is None or kept.next_day - kept.last_day >= timedelta(days=4)


async def test_the_first_answer_to_the_quiet_question_counts(either_app: App) -> None:
    rhythm_id = await begun(either_app)
    make_asking(either_app, rhythm_id)

    done = await outcomes(
        *(either_app.rhythms.answer_quiet(HERE, HOST, rhythm_id, choice) for choice in ("rest", "keep", "slower"))
    )

    assert sum(isinstance(each, Refusal) for each in done) == 2
    assert row(either_app, rhythm_id).state is RhythmState.ACTIVE


@pytest.mark.parametrize(
    ("beat", "next_day"),
    [
        (Beat(weekday=1), "2026-11-10"),  # not the day after
        (Beat(weekday=6), "2026-11-08"),
        (Beat(at=time(10)), "2026-11-09"),
        (Beat(zone="Pacific/Honolulu"), "2026-11-09"),
        (Beat(every=4), "2026-11-30"),
        (Beat(turn=Turn.MONTH, nth=-1), "2026-11-30"),
    ],
)
async def test_moved_just_after_it_came_it_comes_again_when_a_turn_is_over(app: App, beat: Beat, next_day: str) -> None:
    await begun(app)
    await app.checkins.tend()

    moved = await app.rhythms.move(HERE, HOST, None, beat)

    assert days(moved)[0] == next_day


async def test_half_as_often_counts_from_the_date_it_came_last(app: App, clock: FixedClock) -> None:
    rhythm_id = await begun(app)
    make_asking(app, rhythm_id)
    clock.advance(timedelta(days=1))

    slower = await app.rhythms.answer_quiet(HERE, HOST, rhythm_id, "slower")

    assert days(slower) == ["2026-11-16", "2026-11-30", "2026-12-14"]


async def test_a_rhythm_of_many_weeks_can_become_monthly(app: App) -> None:
    await begun(app, beat=Beat(weekday=0, every=26))

    moved = await app.rhythms.move(HERE, HOST, None, Beat(turn=Turn.MONTH, nth=1))

    assert moved.rhythm.every == 1


async def test_another_communitys_rhythm_is_refused_whatever_is_asked(app: App) -> None:
    theirs = await begun(app, ELSEWHERE)
    await begun(app)
    before = row(app, theirs)

    for work in (
        app.rhythms.move(HERE, HOST, theirs, Beat(weekday=3)),
        app.rhythms.skip_once(HERE, HOST, theirs),
        app.rhythms.pause(HERE, HOST, theirs, date(2026, 12, 1)),
        app.rhythms.resume(HERE, HOST, theirs),
        app.rhythms.end(HERE, HOST, theirs),
        app.rhythms.hosted(HERE, HOST, theirs),
        app.rhythms.answer_quiet(HERE, HOST, theirs, "end"),
    ):
        with pytest.raises(Refusal, match="That rhythm has ended"):
            await work

    assert row(app, theirs) == before


async def test_members_change_nothing(app: App) -> None:
    rhythm_id = await begun(app)
    make_asking(app, rhythm_id)

    for work in (
        app.rhythms.add(HERE, MEMBER, Beat(weekday=3), request_id=5),
        app.rhythms.move(HERE, MEMBER, None, Beat(weekday=3)),
        app.rhythms.resume(HERE, MEMBER, None),
        app.rhythms.end(HERE, MEMBER, None),
        app.rhythms.answer_quiet(HERE, MEMBER, rhythm_id, "end"),
    ):
        with pytest.raises(Refusal, match="Hosts can change this"):
            await work

    assert row(app, rhythm_id).state is RhythmState.ASKING


async def test_before_begin_the_dates_shown_are_still_to_come(app: App, clock: FixedClock) -> None:
    await app.rhythms.add(HERE, HOST, MONDAY_NINE, request_id=1)
    clock.advance(timedelta(days=30))

    [view] = await app.rhythms.overview(HERE)

    assert not view.begun
    assert all(slot.instant > clock.now() for slot in view.coming)
    assert len(view.coming) == 3


ZONES = ["Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu", "UTC", "Australia/Lord_Howe"]
AROUND_NINE = [time(8, 55), time(9), time(9, 5), time(23, 58), time(0, 2)]
beats = st.builds(
    Beat,
    weekday=st.none() | st.integers(0, 6),
    at=st.none() | st.sampled_from(AROUND_NINE),
    every=st.none() | st.integers(1, 4),
    turn=st.none() | st.sampled_from(Turn),
    nth=st.sampled_from([1, 2, 3, 4, -1]),
    zone=st.none() | st.sampled_from(ZONES),
)
doings = st.one_of(
    st.tuples(st.just("move"), beats),
    st.tuples(st.just("zone"), st.sampled_from(ZONES)),
    st.tuples(st.just("pause"), st.integers(1, 40)),
    st.tuples(st.just("answer"), st.sampled_from(["keep", "slower", "rest"])),
    st.tuples(st.sampled_from(["skip", "resume", "silence", "end"]), st.none()),
)
waits = st.one_of(
    st.sampled_from(["before", "at", "after"]),  # a minute round the moment it is due
    st.integers(1, 60 * 24 * 20),  # minutes
)
communities = count(1000)


async def do(app: App, community_id: int, rhythm_id: int, doing: tuple[str, Any], clock: FixedClock) -> None:
    """Do what a host might; what is refused changes nothing."""
    name, value = doing
    if name == "silence":
        make_silent(app, rhythm_id)
        return
    works = {
        "move": lambda: app.rhythms.move(community_id, HOST, rhythm_id, value),
        "zone": lambda: app.communities.choose(community_id, HOST, zone=value),
        "pause": lambda: app.rhythms.pause(community_id, HOST, rhythm_id, clock.now().date() + timedelta(days=value)),
        "answer": lambda: app.rhythms.answer_quiet(community_id, HOST, rhythm_id, value),
        "skip": lambda: app.rhythms.skip_once(community_id, HOST, rhythm_id),
        "resume": lambda: app.rhythms.resume(community_id, HOST, rhythm_id),
        "end": lambda: app.rhythms.end(community_id, HOST, rhythm_id),
    }
    await outcomes(works[name]())


def make_silent(app: App, rhythm_id: int) -> None:
    """Count every round so far as posted, and answered by nobody."""

    def write(session: Session) -> None:
        for each in session.exec(select(Round).where(Round.rhythm_id == rhythm_id)):
            if each.id is not None and each.state is not RoundState.SKIPPED:
                each.message_id = each.id

    app.database.run_now(write)


def wait(app: App, rhythm_id: int, how: str | int, clock: FixedClock) -> None:
    """Let time pass: minutes, or until just about the moment the rhythm is due."""
    due = row(app, rhythm_id).next_at
    if isinstance(how, int):
        clock.advance(timedelta(minutes=how))
    elif due is not None:
        to = due + timedelta(minutes={"before": -1, "at": 0, "after": 1}[how])
        clock.set(max(to, clock.now()))


@given(steps=st.lists(st.tuples(waits, st.none() | doings, st.booleans()), min_size=5, max_size=25))
@settings(max_examples=50 * THOROUGH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_hosts_do_and_whenever_a_rhythm_comes_once_a_turn_and_never_stops_by_itself(
    app: App, clock: FixedClock, steps: list[tuple[str | int, tuple[str, Any] | None, bool]]
) -> None:
    clock.set(datetime(2026, 10, 20, 12, tzinfo=UTC))  # a clock change in Europe comes in five days
    community_id = next(communities)
    rhythm_id = await begun(app, community_id)

    for how, doing, ticks in steps:
        wait(app, rhythm_id, how, clock)
        if doing is not None:
            await do(app, community_id, rhythm_id, doing, clock)
        before, earlier = row(app, rhythm_id), rounds_of(app, rhythm_id)
        if ticks:
            await app.checkins.tend()
        after, rounds = row(app, rhythm_id), rounds_of(app, rhythm_id)

        assert (after.state is RhythmState.ACTIVE) == (after.next_at is not None) == (after.next_day is not None)
        assert after.last_day is None or after.next_day is None or after.next_day > after.last_day
        new = rounds[len(earlier) :]
        assert len(new) <= 1
        if new:
            assert before.state is RhythmState.ACTIVE
            assert before.paused_until is None or new[0].day >= before.paused_until
            assert before.next_at is not None and before.next_at <= clock.now()
            half_a_turn = timedelta(days=before.every * (7 if before.turn is Turn.WEEK else 28) // 2)
            assert all(new[0].day - each.day > half_a_turn for each in earlier)
        if ticks and after.next_at is not None:  # what was due has come, so the next is ahead
            assert after.next_at > clock.now()

    found = [each.day for each in rounds_of(app, rhythm_id)]
    assert all(one < other for one, other in pairwise(found))
    await app.communities.left(community_id)
