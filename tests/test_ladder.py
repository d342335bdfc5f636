"""The ladder of a call: who is asked when, and that it goes on until the caller says otherwise."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.app import App
from bot.services.call_cards import CallWord
from bot.services.ladder import WEEK
from bot.services.responses import Later
from bot.store.calls import Audience, CallState, Response, ResponseKind, Urgency
from tests.fakes import FixedClock
from tests.peers import ADA, ADMIN, BO, CHANNEL, CLEO, DAN, DAY, EVE, FAY, GUS, HAL, HERE, HOUR, Peers, person

pytestmark = pytest.mark.usefixtures("hurried")

PACES = {
    Urgency.TODAY: [0, 2, 4, 8, 24, 24 + 168, 24 + 336],
    Urgency.WEEK: [0, 24, 48, 72, 120, 120 + 168, 120 + 336],
    Urgency.NO_HURRY: [0, 72, 120, 168, 240, 240 + 168, 240 + 336],
}
"""Hours from the sending to each rung."""


@pytest.fixture
async def peers(app: App, clock: FixedClock) -> Peers:
    """Two who offer listening, two who offer something else, and a keeper."""
    here = await Peers(app, clock).begin(GUS)
    here.offer("listening", BO, CLEO)
    here.offer("sewing", DAN, EVE)
    return here


@pytest.mark.parametrize("urgency", Urgency)
async def test_each_urgency_has_its_pace(either_app: App, clock: FixedClock, urgency: Urgency) -> None:
    peers = await Peers(either_app, clock).begin(GUS)
    peers.offer("listening", BO)
    peers.offer("sewing", DAN)

    call = await peers.call(urgency)
    await peers.until(timedelta(hours=PACES[urgency][-1]))

    assert peers.reached(call) == [timedelta(hours=hours) for hours in PACES[urgency]]
    assert peers.asked(call) == {0: [BO], 1: [DAN], 2: [GUS]}
    assert peers.names(call) == ["card", *(f"rung {number}" for number in range(7))]
    assert peers.row(call).state is CallState.OPEN


async def test_each_rung_asks_other_people(peers: Peers) -> None:
    peers.offer("listening", FAY, GUS)

    call = await peers.call()
    await peers.until(72 * HOUR)

    assert peers.asked(call) == {0: [BO, CLEO, FAY], 1: [GUS, DAN, EVE]}  # the keeper was asked with the others
    assert peers.skipped(call) == [2]


async def test_those_least_recently_asked_come_first_and_never_the_caller(peers: Peers, clock: FixedClock) -> None:
    peers.offer("listening", ADA, FAY, HAL)

    first = await peers.call()
    clock.advance(HOUR)
    second = await peers.call()

    assert (peers.asked(first)[0], peers.asked(second)[0]) == ([BO, CLEO, FAY], [HAL, BO, CLEO])


async def test_those_who_sleep_are_not_asked_at_once(peers: Peers) -> None:
    await peers.app.members.choose(HERE, BO, zone="America/Los_Angeles")  # where it is midnight

    assert peers.asked(await peers.call())[0] == [CLEO]


@pytest.mark.parametrize(
    ("zone", "asked_at"),
    [
        ("Europe/Berlin", datetime(2026, 11, 3, 8, 0, tzinfo=UTC)),  # 09:00 there
        ("Pacific/Auckland", datetime(2026, 11, 3, 19, 0, tzinfo=UTC)),  # at 08:00 there, since it was 21:00 … 23:00
    ],
)
async def test_quiet_hours_of_the_asked_hold_the_second_rung(
    app: App, clock: FixedClock, zone: str, asked_at: datetime
) -> None:
    clock.set(datetime(2026, 11, 2, 10, 0, tzinfo=UTC))
    peers = await Peers(app, clock).begin()
    peers.offer("sewing", DAN, zone=zone)

    call = await peers.call()
    await peers.until(3 * DAY)

    rung = peers.heard(call, "rung 1")[0].delivery
    assert rung.due_at == max(asked_at, datetime(2026, 11, 3, 10, 0, tzinfo=UTC))


async def test_quiet_hours_of_the_keeper_hold_the_third_rung(app: App, clock: FixedClock) -> None:
    peers = await Peers(app, clock).begin(GUS)
    await app.members.choose(HERE, GUS, zone="America/Los_Angeles")

    call = await peers.call()
    await peers.until(3 * DAY)

    asked = peers.heard(call, "rung 2")[0].delivery  # the rung before it has nobody to ask, a day on at midnight there
    assert asked.due_at == datetime(2026, 11, 3, 16, 0, tzinfo=UTC)
    assert peers.reached(call)[3] == 32 * HOUR + 24 * HOUR


async def test_a_call_for_today_does_not_wait_for_the_morning(app: App, clock: FixedClock) -> None:
    peers = await Peers(app, clock).begin(GUS)
    clock.set(datetime(2026, 11, 2, 21, 30, tzinfo=UTC))
    peers.offer("sewing", DAN)

    call = await peers.call(Urgency.TODAY)
    await peers.until(8 * HOUR)

    assert peers.asked(call) == {1: [DAN], 2: [GUS]}
    assert peers.reached(call) == [timedelta(0), 2 * HOUR, 4 * HOUR, 8 * HOUR]


async def test_rungs_with_nobody_to_ask_are_skipped_at_once(app: App, clock: FixedClock) -> None:
    peers = await Peers(app, clock).begin()

    call = await peers.call()
    await peers.until(24 * HOUR)

    assert (peers.rungs(call), peers.skipped(call)) == ([0, 3], [1, 2])
    assert peers.names(call) == ["card", "still", "rung 3"]  # the card itself asks everyone


async def test_no_from_all_asked_moves_on_at_once(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.not_me(HERE, person(BO), call)
    await peers.beat()
    assert peers.rungs(call) == [0]

    await peers.app.responses.not_me(HERE, person(CLEO), call)
    await peers.beat()
    assert peers.asked(call)[1] == [DAN, EVE]
    assert peers.row(call).next_at == peers.opened_at + 24 * HOUR


async def test_no_from_someone_who_was_not_asked_moves_nothing(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.not_me(HERE, person(FAY), call)
    await peers.beat()

    assert peers.rungs(call) == [0]


async def test_no_from_a_member_thought_of_does_not_speak_for_all_hosts(peers: Peers) -> None:
    call = await peers.call()
    await peers.until(72 * HOUR)

    await peers.app.responses.know_someone(HERE, person(BO), call, person(FAY))
    await peers.app.responses.not_me(HERE, person(FAY), call)
    await peers.beat()

    assert peers.rungs(call) == [0, 1, 2, 3]


async def test_a_reply_holds_one_rung_once_and_asks_the_caller(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    thread = peers.row(call).thread_id
    assert thread is not None

    for _reply in range(3):
        clock.advance(HOUR)
        await peers.app.responses.note_reply(HERE, thread, FAY)
    await peers.beat()
    assert peers.row(call).next_at == peers.opened_at + 48 * HOUR
    assert peers.names(call) == ["card", "rung 0", "reply"]

    await peers.until(48 * HOUR)
    await peers.app.responses.note_reply(HERE, thread, FAY)
    await peers.beat()
    assert peers.names(call)[3:] == ["rung 1", "reply"]
    assert peers.row(call).next_at == peers.opened_at + 96 * HOUR


async def test_the_callers_own_reply_holds_nothing(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.note_reply(HERE, peers.row(call).thread_id or 0, ADA)

    assert peers.row(call).next_at == peers.opened_at + 24 * HOUR


async def test_later_stops_nothing(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.later(HERE, person(BO), call, Later.WEEK)
    await peers.until(24 * HOUR)

    assert peers.rungs(call) == [0, 1]


async def test_a_keeper_who_is_away_calls_or_left_is_passed_over(peers: Peers, clock: FixedClock) -> None:
    own = await peers.call(caller=GUS)
    other = await peers.call()
    await peers.app.members.choose(HERE, GUS, away_until=clock.now().date() + timedelta(10))
    await peers.until(48 * HOUR)
    assert 2 in peers.skipped(own)
    assert 2 in peers.skipped(other)

    await peers.app.members.choose(HERE, GUS, away_until=None)
    left = await peers.call()
    await peers.app.responses.gone(HERE, GUS)
    await peers.until(48 * HOUR)

    assert 2 in peers.skipped(left)
    assert peers.turn().keeper_id is None


async def test_a_nameless_callers_own_turn_as_keeper_comes_as_anybodys(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS, caller=GUS)
    await peers.until(48 * HOUR)

    assert peers.asked(call)[2] == [GUS]


async def test_being_asked_as_keeper_counts_towards_no_limit(peers: Peers) -> None:
    for _call in range(5):
        call = await peers.call()
        await peers.until(48 * HOUR)
        assert peers.asked(call)[2] == [GUS]


async def test_nobody_is_asked_beyond_what_they_wish_in_thirty_days(peers: Peers, clock: FixedClock) -> None:
    await peers.app.members.choose(HERE, CLEO, asks_a_month=1)

    calls = [await peers.call() for _times in range(4)]

    assert [peers.asked(call).get(0) for call in calls] == [[BO, CLEO], [BO], [BO], None]
    clock.advance(timedelta(days=30))
    assert peers.asked(await peers.call())[0] == [BO, CLEO]


async def test_a_call_to_people_named_asks_them_and_then_only_its_caller(peers: Peers) -> None:
    await peers.app.members.choose(HERE, CLEO, asks_a_month=0)

    call = await peers.call(audience=Audience.NAMED, named=[FAY, CLEO, ADA])
    await peers.until(24 * HOUR)

    assert peers.asked(call) == {0: [FAY]}
    assert (peers.rungs(call), peers.skipped(call)) == ([0, 4], [1, 2, 3])
    assert {each.member_id for each in peers.rows(Response)} == {FAY, CLEO}


async def test_no_from_all_people_named_lets_the_caller_know_at_once(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMED, named=[FAY])

    await peers.app.responses.not_me(HERE, person(FAY), call)
    await peers.beat()

    assert peers.names(call) == ["card", "rung 0", "rung 4"]


async def test_a_call_to_hosts_asks_at_its_door_then_the_hosts_again(peers: Peers) -> None:
    call = await peers.call(audience=Audience.HOSTS)
    await peers.until(24 * HOUR)

    assert peers.names(call) == ["card", "door", "still", "rung 3"]
    assert (peers.asked(call), peers.skipped(call)) == ({}, [1, 2])


async def test_rungs_missed_while_kith_was_off_come_in_order_and_weekly_ones_once(
    peers: Peers, clock: FixedClock
) -> None:
    call = await peers.call()

    clock.advance(timedelta(days=40))
    await peers.beat()

    assert peers.names(call) == ["card", "rung 0", "rung 1", "rung 2", "rung 3", "rung 4"]
    assert peers.row(call).next_at == peers.opened_at + 5 * DAY + 6 * WEEK
    assert all(isinstance(each.shown, CallWord) and each.shown.late_since for each in peers.heard(call, "rung")[1:])


async def test_a_rung_whose_people_could_not_be_told_is_said_at_the_next(peers: Peers) -> None:
    """An outage is waited out; a channel that is gone is not, and so the rung comes again."""
    call = await peers.call()
    peers.voice.channels.clear()
    await peers.until(72 * HOUR)
    assert peers.names(call) == ["card", "rung 0"]

    peers.voice.channels.add(CHANNEL + 1)
    await peers.app.communities.choose(HERE, ADMIN, calls_channel_id=CHANNEL + 1)
    await peers.until(6 * DAY)

    assert sorted(peers.names(call)[2:]) == ["card", "rung 1", "rung 2", "rung 3", "rung 4"]


async def test_a_lost_channel_is_found_out_and_the_call_moves_with_its_card(peers: Peers) -> None:
    call = await peers.call(audience=Audience.HOSTS)
    peers.voice.channels = {CHANNEL + 1}
    await peers.app.communities.choose(HERE, ADMIN, calls_channel_id=CHANNEL + 1)

    await peers.until(24 * HOUR)

    assert sorted(peers.names(call)[2:]) == ["card", "door", "rung 3", "still"]
    assert peers.row(call).channel_id == CHANNEL + 1


async def test_an_outage_of_days_loses_no_rung_and_says_that_it_is_late(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    await peers.live(50 * HOUR, seldom=5 * HOUR)
    assert peers.names(call) == []

    peers.voice.down = False
    await peers.live(HOUR)

    assert peers.names(call) == ["card", "rung 0", "rung 1", "rung 2"]
    shown = peers.heard(call, "rung 0")[0].shown
    assert isinstance(shown, CallWord)
    assert shown.late_since == peers.opened_at


async def test_what_a_rung_was_about_to_say_is_left_out_once_somebody_came(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    response = await peers.with_you(call, FAY)
    peers.voice.down = False
    await peers.live(HOUR)
    assert "rung 0" not in peers.names(call)

    await peers.app.responses.hand_back(HERE, person(FAY), response)
    await peers.beat()

    assert peers.names(call)[-2:] == ["rung 0", "rung 1"]  # those it had chosen are told after all


async def test_while_kith_is_removed_nothing_comes_and_then_all_goes_on(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    await peers.app.communities.left(HERE)
    clock.advance(25 * HOUR)
    await peers.beat()
    assert peers.names(call) == ["card", "rung 0"]

    await peers.app.communities.returned(HERE)
    await peers.beat()

    assert peers.names(call) == ["card", "rung 0", "rung 1"]


async def test_each_rung_is_said_once_however_often_kith_looks(peers: Peers) -> None:
    call = await peers.call()
    for _look in range(3):
        await peers.beat()

    assert peers.names(call) == ["card", "rung 0"]
    assert [each.kind for each in peers.planned(call, "")] == []


async def test_leaving_before_a_rung_is_said_leaves_no_rung_that_asks_nobody(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    for member_id in (BO, CLEO):
        await peers.app.responses.gone(HERE, member_id)
    peers.voice.down = False
    await peers.live(HOUR)

    assert peers.names(call) == ["card", "rung 1"]
    assert [each.kind for each in peers.rows(Response, Response.rung == 0)] == [ResponseKind.LEFT] * 2
