"""What troubles meet calls, and that each keeps to itself: a fault, a loss, someone who goes at the wrong moment."""

from datetime import time

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from bot.app import App
from bot.courier import Said
from bot.services.call_cards import CallWord
from bot.services.calls import NewCall
from bot.services.responses import LEASE, SILENCE
from bot.services.rhythms import Beat
from bot.store.calls import Audience, Help, Relay, Response, Urgency
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState
from bot.store.keepers import KeeperTurn
from bot.store.members import Member
from bot.store.rhythms import RhythmKind
from tests.fakes import FixedClock
from tests.peers import ADA, ADMIN, BERLIN, BO, CHANNEL, CLEO, DAN, DAY, EVE, FAY, HAL, HERE, HOUR, Peers, person

OTHER = HERE + 1
"""Another community."""
pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture
async def peers(app: App, clock: FixedClock) -> Peers:
    """Two who offer listening."""
    here = await Peers(app, clock).begin()
    here.offer("listening", BO, CLEO)
    return here


def named_first(peers: Peers, call_id: int) -> list[int | None]:
    """Return whom the first rung asked by name."""
    (rung,) = peers.heard(call_id, "rung 0")
    assert isinstance(rung.shown, CallWord)
    return [each.member_id for each in rung.shown.asked]


async def test_a_call_that_meets_a_fault_keeps_no_other_from_climbing(
    either_app: App, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    peers = await Peers(either_app, clock).begin()
    faulty, sound = await peers.call(), await peers.call(caller=BO)
    peers.offer("sewing", DAN, zone="Nowhere/Lost")
    knows = Response(community_id=HERE, call_id=sound, member_id=DAN)
    peers.app.database.run_now(lambda session: session.add(knows))

    await peers.until(25 * HOUR)
    assert (peers.rungs(faulty), peers.rungs(sound)) == ([0], [0, 3])
    assert f"call {faulty} met a fault" in caplog.text
    assert peers.names(faulty) == ["card"]

    await peers.app.members.choose(HERE, DAN, zone=BERLIN)
    await peers.live(2 * HOUR)
    assert peers.asked(faulty) == {1: [DAN]}


async def test_a_lease_that_meets_a_fault_keeps_no_other_from_ending(peers: Peers, clock: FixedClock) -> None:
    faulty, sound = await peers.call(), await peers.call(caller=BO)
    await peers.with_you(faulty, DAN)
    await peers.with_you(sound, DAN)
    other = Community(id=OTHER, calls_channel_id=CHANNEL, created_at=clock.now(), begun_at=clock.now())
    astray = update(Response).where(col(Response.call_id) == faulty).values(community_id=OTHER)

    def lead_astray(session: Session) -> None:
        session.add(other)
        session.connection().execute(astray)

    peers.app.database.run_now(lead_astray)

    await peers.until(LEASE + SILENCE + HOUR)

    assert peers.row(faulty).next_at is None
    assert peers.row(sound).rung > 0


async def test_who_answered_before_a_rung_could_be_said_is_not_asked_by_it(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    await peers.app.responses.not_me(HERE, person(BO), call)
    peers.voice.down = False
    await peers.live(HOUR)

    assert named_first(peers, call) == [CLEO]


async def test_a_rung_is_left_out_once_all_it_was_to_ask_have_answered(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    for each in (BO, CLEO):
        await peers.app.responses.not_me(HERE, person(each), call)
    peers.voice.down = False
    await peers.live(HOUR)

    assert peers.names(call) == ["card", "still", "rung 3"]


async def test_who_came_and_handed_back_is_not_asked_by_the_rung_that_was_left_out_meanwhile(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    response = await peers.with_you(call, BO)
    peers.voice.down = False
    await peers.live(DAY)
    await peers.app.responses.hand_back(HERE, person(BO), response)
    await peers.beat()

    assert named_first(peers, call) == [CLEO]
    shown = peers.heard(call, "rung 0")[0].shown
    assert isinstance(shown, CallWord)
    assert shown.late_since is None  # nothing was out of reach: somebody was there


async def test_a_hosts_call_whose_channel_is_lost_has_a_door_in_the_new_one(peers: Peers) -> None:
    call = await peers.call(audience=Audience.HOSTS)
    peers.voice.channels = {CHANNEL + 1}
    await peers.app.responses.not_me(HERE, person(HAL), call)
    await peers.beat()  # so it is found out, by a look at the card
    assert peers.row(call).message_id is None

    await peers.app.communities.choose(HERE, ADMIN, calls_channel_id=CHANNEL + 1)
    await peers.until(24 * HOUR)

    assert peers.names(call) == ["card", "door", "card", "door", "still", "rung 3"]


async def test_forgetting_someone_while_a_rung_is_being_said_takes_their_name_out_of_it(peers: Peers) -> None:
    say = peers.voice.say

    async def forget_meanwhile(delivery: Delivery) -> Said:
        said = await say(delivery)
        if (delivery.kind, delivery.key) == (DeliveryKind.RUNG, "0"):
            await peers.app.members.forget(HERE, BO)
        return said

    peers.voice.say = forget_meanwhile
    await peers.call()
    await peers.live(HOUR)

    rungs = peers.rows(Delivery, Delivery.kind == DeliveryKind.RUNG)
    assert [(each.key, each.state) for each in rungs] == [("0", DeliveryState.SENT), ("0~1", DeliveryState.SENT)]


async def test_forgetting_someone_a_draft_names_leaves_it_a_draft(peers: Peers) -> None:
    new = NewCall("I need company", [Help.LISTEN], Urgency.WEEK, Audience.NAMED, [BO, CLEO])
    draft = (await peers.app.calls.write(HERE, ADA, new)).call

    await peers.app.members.forget(HERE, BO)

    assert peers.rows(Delivery) == []
    assert [each.member_id for each in peers.rows(Response, Response.call_id == draft.id)] == [CLEO]


async def test_lines_of_learning_go_with_the_call_that_is_withdrawn(peers: Peers) -> None:
    call = await peers.call()
    await peers.app.callers.answered(HERE, person(ADA), call)
    for line in ("It was less work than I thought.", "It was more work than I thought."):
        await peers.app.callers.learned(HERE, person(ADA), call, line)
    await peers.beat()
    await peers.app.callers.still_open(HERE, person(ADA), call)
    await peers.app.callers.withdraw(HERE, person(ADA), call)
    await peers.beat()

    words = peers.rows(Delivery, Delivery.kind == DeliveryKind.WORD, Delivery.state == DeliveryState.SENT)
    assert [each.key for each in words if "learned" in each.key] == [
        "2:learned:1",
        "3:learned:1",
        "2:learned:1~1",
        "3:learned:1~1",
    ]


async def test_a_turn_that_meets_a_fault_keeps_no_other_communitys_from_beginning(
    app: App, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    peers = await Peers(app, clock).begin(BO)
    other = Community(id=OTHER, calls_channel_id=CHANNEL, created_at=clock.now(), begun_at=clock.now())
    lost = Member(community_id=HERE, member_id=CLEO, keeps=True, zone="Nowhere/Lost")
    lost.away_until = clock.now().date() + 9 * DAY
    app.database.run_now(lambda session: session.add_all([other, lost]))
    await app.rhythms.add(OTHER, ADMIN, Beat(weekday=0, at=time(11), zone=BERLIN), 3, RhythmKind.KEEPER)

    await peers.live(7 * DAY + HOUR)
    assert [(each.community_id, each.day.day) for each in peers.rows(KeeperTurn)] == [(HERE, 2), (OTHER, 2)]
    assert "rhythm 1 met a fault" in caplog.text

    app.database.run_now(lambda session: setattr(session.get_one(Member, (HERE, CLEO)), "zone", BERLIN))
    await peers.live(2 * HOUR)
    assert [each.day.day for each in peers.rows(KeeperTurn, KeeperTurn.community_id == HERE)] == [2, 9]


async def test_what_was_to_be_said_in_a_lost_thread_is_said_in_the_new_one(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS)
    peers.voice.channels = {CHANNEL + 1}
    await peers.app.communities.choose(HERE, ADMIN, calls_channel_id=CHANNEL + 1)
    await peers.app.responses.know_someone(HERE, person(FAY), call, person(EVE))
    await peers.app.callers.relay(HERE, person(ADA), call, "It is about money.", 5)
    await peers.live(HOUR)

    assert sorted(peers.names(call)) == ["asked", "card", "card", "relay", "rung 0"]
    await peers.app.callers.withdraw(HERE, person(ADA), call)
    await peers.beat()
    (relay,) = peers.rows(Relay)
    again = peers.rows(Delivery, col(Delivery.key).endswith("relay:5~1"), Delivery.state == DeliveryState.SENT)
    assert relay.words == ""
    assert [each.message_id for each in again] == [relay.message_id]


async def test_what_finds_no_thread_anywhere_is_given_up(peers: Peers) -> None:
    call = await peers.call()
    peers.voice.channels.clear()
    await peers.app.responses.know_someone(HERE, person(FAY), call, person(EVE))
    await peers.live(30 * DAY)

    words = peers.rows(Delivery, Delivery.kind == DeliveryKind.WORD, col(Delivery.key).contains(":asked:"))
    assert {each.state for each in words} == {DeliveryState.FAILED}
    assert len(words) <= 4  # each with a rung that might have brought a card


async def test_a_rung_without_anyone_to_ask_is_not_planned_again_for_someone_thought_of(peers: Peers) -> None:
    peers.voice.down = True
    call = await peers.call()
    for each in (BO, CLEO):
        await peers.app.responses.not_me(HERE, person(each), call)
    await peers.app.responses.know_someone(HERE, person(FAY), call, person(EVE))
    peers.voice.down = False
    await peers.until(5 * DAY)

    rungs = peers.rows(Delivery, Delivery.kind == DeliveryKind.RUNG)
    assert [each.key for each in rungs] == ["0", "3", "4"]
