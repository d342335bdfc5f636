"""Whose turn it is to keep calls, and how a turn changes hands."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlmodel import Session, col, select

from bot.app import App
from bot.errors import Refusal
from bot.services.keepers import KeeperCard, forget_keeper, keeper_export, keeper_of
from bot.services.people import Person
from bot.services.rhythms import MOST_RHYTHMS, Beat
from bot.services.showing import ANEW
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.keepers import KeeperTurn
from bot.store.rhythms import RhythmKind
from tests.fakes import MONDAY_MORNING, FakeVoice, FixedClock

HERE, CALLS = 700, 7
"""The community and its channel for calls: the one in which a FakeVoice says everything."""
HOST = Person(1, manages=True)
ADA, BO, CY = 11, 12, 13
WEEK = timedelta(weeks=1)
MONDAY_NINE = Beat(weekday=0, at=time(9), zone="Europe/Berlin")
"""Due at MONDAY_MORNING: 08:00 UTC is 09:00 in Berlin in November."""


async def begun(app: App, *keeping: int) -> int:
    """Set a community up whose keeper's turn is due now, with these volunteers; return the rhythm's id."""
    await app.communities.choose(
        HERE, HOST, checkins_channel_id=701, calls_channel_id=CALLS, zone="Europe/Berlin", host_role_id=9
    )
    await app.rhythms.set_first(HERE, HOST, Beat(weekday=1), request_id=1)
    view = await app.rhythms.add(HERE, HOST, MONDAY_NINE, 2, RhythmKind.KEEPER)
    await app.communities.begin(HERE, HOST)
    for member_id in keeping:
        await app.keepers.volunteer(HERE, member_id, keeps=True)
    assert view.rhythm.id is not None
    return view.rhythm.id


async def a_week_on(app: App, clock: FixedClock) -> KeeperTurn:
    """Let a week pass; return the turn that began."""
    clock.advance(WEEK)
    await app.keepers.tend()
    return turns(app)[-1]


def turns(app: App) -> list[KeeperTurn]:
    """Return all turns, oldest first."""
    return app.database.run_now(lambda session: list(session.exec(select(KeeperTurn).order_by(col(KeeperTurn.id)))))[0]


def keys(app: App) -> list[str]:
    """Return the keys of what was planned to be shown of turns, in order."""

    def read(session: Session) -> list[str]:
        wanted = select(Delivery.key).where(Delivery.kind == DeliveryKind.KEEPER).order_by(col(Delivery.id))
        return list(session.exec(wanted))

    return app.database.run_now(read)[0]


def keeper_now(app: App, clock: FixedClock) -> int | None:
    """Return whom the ladder would ask."""
    return app.database.run_now(lambda session: keeper_of(session, HERE, clock.now()))[0]


async def said(app: App) -> list[KeeperCard]:
    """Say what is due; return the cards that were posted or edited."""
    cards: list[KeeperCard] = []
    voice = FakeVoice()

    async def meet(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.KEEPER:
            cards.append(await app.keepers.card(delivery))

    voice.meet = meet
    await app.courier.tend(voice)
    return cards


async def test_volunteers_take_turns_and_who_kept_longest_ago_comes_first(either_app: App, clock: FixedClock) -> None:
    await begun(either_app, CY, ADA, BO)

    await either_app.keepers.tend()
    for _week in range(4):
        await a_week_on(either_app, clock)

    assert [each.keeper_id for each in turns(either_app)] == [ADA, BO, CY, ADA, BO]
    assert keeper_now(either_app, clock) == BO


async def test_a_turn_begins_once_however_many_processes_tend_it(either_app: App) -> None:
    await begun(either_app, ADA)

    await asyncio.gather(*(either_app.keepers.tend() for _process in range(4)))

    assert len(turns(either_app)) == 1
    assert keys(either_app) == ["0"]


async def test_after_weeks_off_only_the_latest_turn_begins(app: App, clock: FixedClock) -> None:
    await begun(app, ADA)
    clock.advance(3 * WEEK + timedelta(hours=1))

    await app.keepers.tend()

    [turn] = turns(app)
    assert (turn.starts_at, turn.ends_at) == (MONDAY_MORNING + 3 * WEEK, MONDAY_MORNING + 4 * WEEK)


async def test_a_turn_lasts_until_the_next_when_the_clocks_change(app: App, clock: FixedClock) -> None:
    clock.set(datetime(2027, 3, 22, 8, tzinfo=UTC))
    await begun(app, ADA)

    await app.keepers.tend()
    clock.advance(timedelta(days=6, hours=23))
    await app.keepers.tend()

    before, after = turns(app)
    assert (before.day, after.day) == (date(2027, 3, 22), date(2027, 3, 29))
    assert before.ends_at == after.starts_at == datetime(2027, 3, 29, 7, tzinfo=UTC)


async def test_someone_away_is_passed_over_and_a_keeper_who_goes_away_is_not_asked(app: App, clock: FixedClock) -> None:
    await begun(app, ADA, BO)
    await app.members.choose(HERE, ADA, away_until=date(2026, 11, 30))

    await app.keepers.tend()

    assert keeper_now(app, clock) == BO
    await app.members.choose(HERE, BO, away_until=clock.now().date() + timedelta(days=2))
    assert keeper_now(app, clock) is None
    clock.advance(timedelta(days=2))
    assert keeper_now(app, clock) == BO


async def test_without_volunteers_the_hosts_keep_and_one_card_asks_for_as_long_as_that_lasts(
    app: App, clock: FixedClock
) -> None:
    await begun(app)

    await app.keepers.tend()
    [asking] = await said(app)
    await a_week_on(app, clock)
    [edited] = await said(app)

    assert asking.posts
    assert asking.turn.keeper_id is None
    assert keeper_now(app, clock) is None
    assert not edited.posts
    assert [each.message_id for each in turns(app)] == [None, 1001]

    await app.keepers.volunteer(HERE, ADA, keeps=True)
    await a_week_on(app, clock)
    over, posted = await said(app)
    assert (over.over, over.turn.keeper_id, over.posts) == (True, None, False)
    assert (posted.over, posted.turn.keeper_id, posted.posts) == (False, ADA, True)


async def test_after_a_gap_the_card_asks_anew(app: App, clock: FixedClock) -> None:
    rhythm_id = await begun(app)
    await app.keepers.tend()
    await said(app)
    await app.rhythms.skip_once(HERE, HOST, rhythm_id)
    clock.advance(WEEK)
    await app.keepers.tend()
    assert len(turns(app)) == 1

    await a_week_on(app, clock)

    assert [each.posts for each in await said(app)] == [False, True]


async def test_a_turn_is_handed_down_the_line_and_then_to_the_hosts(either_app: App, clock: FixedClock) -> None:
    await begun(either_app, ADA, BO, CY)
    await either_app.keepers.tend()

    handed = [await either_app.keepers.hand_on(HERE, Person(each), each) for each in (ADA, BO, CY)]

    assert [each.keeper_id for each in handed] == [BO, CY, None]
    assert keeper_now(either_app, clock) is None
    assert keys(either_app) == ["0", f"1{ANEW}", f"2{ANEW}", "3"]


async def test_whoever_hands_on_is_next_in_line_another_time(app: App, clock: FixedClock) -> None:
    await begun(app, ADA, BO, CY)
    await app.keepers.tend()

    await app.keepers.hand_on(HERE, Person(ADA), ADA)

    assert [(await a_week_on(app, clock)).keeper_id for _week in range(3)] == [ADA, CY, BO]


async def test_a_second_press_hands_nothing_on(app: App, clock: FixedClock) -> None:
    await begun(app, ADA, BO, CY)
    await app.keepers.tend()
    await app.keepers.hand_on(HERE, HOST, ADA)

    for person in (HOST, Person(ADA)):
        with pytest.raises(Refusal, match="changed hands already"):
            await app.keepers.hand_on(HERE, person, ADA)

    assert keeper_now(app, clock) == BO


async def test_hosts_pressing_at_once_hand_a_turn_on_once(either_app: App, clock: FixedClock) -> None:
    await begun(either_app, ADA, BO, CY)
    await either_app.keepers.tend()

    done = await asyncio.gather(
        *(either_app.keepers.hand_on(HERE, HOST, ADA) for _host in range(3)), return_exceptions=True
    )

    assert sum(isinstance(each, Refusal) for each in done) == 2
    assert keeper_now(either_app, clock) == BO


async def test_only_the_keeper_or_a_host_hands_a_turn_on(app: App) -> None:
    await begun(app, ADA, BO)
    await app.keepers.tend()

    with pytest.raises(Refusal, match="I'll take this week"):
        await app.keepers.hand_on(HERE, Person(BO), ADA)

    assert (await app.keepers.hand_on(HERE, Person(CY, frozenset({9})), ADA)).keeper_id == BO


async def test_a_member_takes_a_turn_and_whoever_had_it_is_next_in_line(either_app: App, clock: FixedClock) -> None:
    await begun(either_app, ADA, BO)
    await either_app.keepers.tend()
    turn_id = turns(either_app)[0].id or 0

    taken = await either_app.keepers.take(HERE, CY, turn_id)
    with pytest.raises(Refusal, match="You keep calls already"):
        await either_app.keepers.take(HERE, CY, turn_id)

    assert taken.keeper_id == keeper_now(either_app, clock) == CY
    assert keys(either_app) == ["0", f"1{ANEW}"]
    assert (await a_week_on(either_app, clock)).keeper_id == ADA


async def test_a_turn_taken_over_and_handed_on_goes_back_to_whoever_had_it(app: App) -> None:
    await begun(app, ADA, BO)
    await app.keepers.tend()
    await app.keepers.take(HERE, CY, turns(app)[0].id or 0)

    assert (await app.keepers.hand_on(HERE, Person(CY), CY)).keeper_id == ADA


async def test_a_turn_the_hosts_keep_is_taken_without_another_card(app: App) -> None:
    await begun(app)
    await app.keepers.tend()
    await said(app)

    await app.keepers.take(HERE, ADA, turns(app)[0].id or 0)

    assert [(each.posts, each.turn.keeper_id) for each in await said(app)] == [(False, ADA)]


async def test_a_turn_that_is_over_or_of_another_community_is_not_taken(app: App, clock: FixedClock) -> None:
    await begun(app, ADA)
    await app.keepers.tend()
    turn_id = turns(app)[0].id or 0
    with pytest.raises(Refusal, match="is over"):
        await app.keepers.take(HERE + 1, BO, turn_id)

    await a_week_on(app, clock)

    with pytest.raises(Refusal, match="is over"):
        await app.keepers.take(HERE, BO, turn_id)


async def test_someone_away_takes_no_turn(app: App, clock: FixedClock) -> None:
    await begun(app, ADA)
    await app.keepers.tend()
    await app.members.choose(HERE, BO, away_until=clock.now().date() + timedelta(days=2))

    with pytest.raises(Refusal, match="/me"):
        await app.keepers.take(HERE, BO, turns(app)[0].id or 0)


async def test_who_is_counted_out_keeps_the_turn_they_have_and_gets_no_other(app: App, clock: FixedClock) -> None:
    await begun(app, ADA, BO)
    await app.keepers.tend()

    assert [await app.keepers.volunteer(HERE, each, keeps=False) for each in (ADA, BO, ADA)] == [True, False, True]

    assert keeper_now(app, clock) == ADA
    assert (await a_week_on(app, clock)).keeper_id is None


async def test_a_keeper_who_left_the_server_is_passed_over_from_then_on(app: App, clock: FixedClock) -> None:
    await begun(app, ADA, BO)
    await app.keepers.tend()

    for _twice in range(2):
        await app.keepers.keeper_left(HERE, turns(app)[0].id or 0, ADA)

    assert keeper_now(app, clock) == BO
    assert (await a_week_on(app, clock)).keeper_id == BO


async def test_a_card_that_could_not_be_posted_in_time_is_left_and_the_turn_stands(app: App, clock: FixedClock) -> None:
    await begun(app, ADA)
    await app.keepers.tend()
    clock.advance(timedelta(hours=7))

    await app.keepers.hand_on(HERE, HOST, ADA)

    assert await said(app) == []
    assert keeper_now(app, clock) is None


async def test_a_moved_turn_lasts_until_the_next_and_one_moved_closer_ends_when_that_begins(
    app: App, clock: FixedClock
) -> None:
    rhythm_id = await begun(app, ADA, BO)
    await app.keepers.tend()

    await app.rhythms.move(HERE, HOST, rhythm_id, Beat(weekday=2))
    assert turns(app)[0].ends_at == MONDAY_MORNING + timedelta(days=9)
    await app.rhythms.move(HERE, HOST, rhythm_id, Beat(weekday=4))
    clock.advance(timedelta(days=4))
    await app.keepers.tend()

    before, after = turns(app)
    assert before.ends_at == after.starts_at == MONDAY_MORNING + timedelta(days=4)
    assert keeper_now(app, clock) == BO


async def test_while_the_rhythm_rests_the_hosts_keep(app: App, clock: FixedClock) -> None:
    rhythm_id = await begun(app, ADA)
    await app.keepers.tend()
    await app.rhythms.pause(HERE, HOST, rhythm_id, date(2026, 12, 14))

    assert keeper_now(app, clock) == ADA
    clock.advance(WEEK)
    await app.keepers.tend()

    assert keeper_now(app, clock) is None


async def test_the_name_of_a_keeper_who_was_forgotten_stands_nowhere(either_app: App, clock: FixedClock) -> None:
    await begun(either_app, ADA, BO)
    await either_app.keepers.tend()
    await said(either_app)
    exported = either_app.database.run_now(lambda session: keeper_export(session, HERE, ADA))[0]

    for _twice in range(2):
        either_app.database.run_now(lambda session: forget_keeper(session, HERE, ADA, clock.now()))

    assert [each["day"] for each in exported] == [turns(either_app)[0].day.isoformat()]
    assert exported[0]["message_id"] == "1001"
    assert either_app.database.run_now(lambda session: keeper_export(session, HERE, ADA))[0] == []
    assert [each.turn.keeper_id for each in await said(either_app)] == [None]
    assert keeper_now(either_app, clock) is None


async def test_there_is_one_keepers_rhythm_and_it_counts_as_one_of_five(either_app: App) -> None:
    await begun(either_app)

    again = await either_app.rhythms.add(HERE, HOST, MONDAY_NINE, 2, RhythmKind.KEEPER)
    with pytest.raises(Refusal, match="/rhythm move"):
        await either_app.rhythms.add(HERE, HOST, MONDAY_NINE, 3, RhythmKind.KEEPER)
    for number in range(3, MOST_RHYTHMS + 1):
        await either_app.rhythms.add(HERE, HOST, Beat(weekday=number), request_id=number)
    with pytest.raises(Refusal, match="five rhythms"):
        await either_app.rhythms.add(HERE, HOST, Beat(weekday=6), request_id=99)

    assert again.rhythm.kind is RhythmKind.KEEPER


async def test_a_keepers_rhythm_needs_a_channel_for_calls(app: App) -> None:
    await app.communities.choose(HERE, HOST, checkins_channel_id=701)

    with pytest.raises(Refusal, match="/setup start"):
        await app.rhythms.add(HERE, HOST, MONDAY_NINE, 1, RhythmKind.KEEPER)


async def test_the_outlook_names_turns_and_check_ins_apart(app: App) -> None:
    await begun(app)

    outlook = await app.communities.outlook(HERE)

    assert [each.what for each in outlook.to_come][:3] == ["turn", "open", "turn"]
