"""What callers say of their own calls, and what follows from it."""

from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from bot.app import App
from bot.errors import Refusal
from bot.services.call_cards import CallWord
from bot.services.ladder import WEEK
from bot.store.calls import Audience, Call, CallState, Relay, Response, ResponseKind
from bot.store.deliveries import Delivery
from tests.fakes import FixedClock
from tests.peers import ADA, BO, CLEO, DAY, HERE, HOUR, MINUTE, Peers, person

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture
async def peers(app: App, clock: FixedClock) -> Peers:
    """Two who offer listening."""
    here = await Peers(app, clock).begin()
    here.offer("listening", BO, CLEO)
    return here


async def test_an_answered_call_thanks_those_who_came_and_asks_after_a_week(either_app: App, clock: FixedClock) -> None:
    peers = await Peers(either_app, clock).begin()
    call = await peers.call()
    await peers.with_you(call, BO)

    await peers.app.callers.answered(HERE, person(ADA), call)
    again = await peers.app.callers.answered(HERE, person(ADA), call)
    await peers.beat()

    assert again.again
    (thanks,) = peers.heard(call, "thanks")
    assert isinstance(thanks.shown, CallWord)
    assert thanks.shown.responders == [BO]
    assert peers.row(call).state is CallState.ANSWERED
    await peers.until(WEEK - MINUTE)
    assert peers.names(call)[-1] == "thanks"
    await peers.until(WEEK)
    assert peers.names(call)[-1] == "helped"
    await peers.live(5 * WEEK)
    assert peers.names(call)[-1] == "helped"  # asked once


async def test_an_answered_call_leaves_the_ladder_and_all_leases(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, BO)

    await peers.app.callers.answered(HERE, person(ADA), call)
    await peers.until(5 * DAY)

    part = peers.part(call, BO)
    assert part is not None
    assert (part.kind, part.ends_at) == (ResponseKind.DONE, None)
    assert peers.names(call) == ["card", "rung 0", "with", "thanks"]


async def test_that_it_helped_is_told_once_with_a_line_of_learning_if_wished(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, BO)
    await peers.app.callers.answered(HERE, person(ADA), call)

    await peers.app.callers.helped(HERE, person(ADA), call)
    again = await peers.app.callers.helped(HERE, person(ADA), call)
    await peers.app.callers.learned(HERE, person(ADA), call, "Ask  sooner\n")
    same = await peers.app.callers.learned(HERE, person(ADA), call, "Ask sooner")
    await peers.until(2 * WEEK)

    assert (again.again, same.again) == (True, True)
    assert peers.row(call).learning == "Ask sooner"
    assert peers.names(call)[-3:] == ["thanks", "yes", "learned"]  # said before it was asked, so it is not asked


@pytest.mark.parametrize(("words", "why"), [(" \n", "no words"), ("x" * 301, "300 characters")])
async def test_a_line_of_learning_is_a_line(peers: Peers, words: str, why: str) -> None:
    call = await peers.call()
    await peers.app.callers.answered(HERE, person(ADA), call)

    with pytest.raises(Refusal, match=why):
        await peers.app.callers.learned(HERE, person(ADA), call, words)


@pytest.mark.parametrize("verb", ["not_really", "still_open"])
async def test_a_call_that_was_not_helped_opens_again_one_rung_higher(peers: Peers, verb: str) -> None:
    call = await peers.call()
    await peers.app.callers.answered(HERE, person(ADA), call)
    await peers.until(WEEK)

    await getattr(peers.app.callers, verb)(HERE, person(ADA), call)
    await getattr(peers.app.callers, verb)(HERE, person(ADA), call)
    await peers.beat()

    assert peers.row(call).state is CallState.OPEN
    assert peers.rungs(call) == [0, 3]
    assert peers.names(call)[-3:] == ["helped", "still", "rung 3"]


async def test_a_call_answered_a_second_time_is_thanked_and_asked_about_again(peers: Peers) -> None:
    call = await peers.call()
    await peers.app.callers.answered(HERE, person(ADA), call)
    await peers.app.callers.not_really(HERE, person(ADA), call)
    await peers.live(DAY)

    await peers.app.callers.answered(HERE, person(ADA), call)
    await peers.live(WEEK)

    assert peers.names(call).count("thanks") == 2 - 1  # the first was overtaken before it could be said
    assert peers.names(call).count("helped") == 1


async def test_yes_somebody_is_with_me_rests_the_ladder_and_is_asked_about_each_week(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.callers.accompanied(HERE, person(ADA), call)
    again = await peers.app.callers.accompanied(HERE, person(ADA), call)
    await peers.until(2 * WEEK)

    assert again.again
    assert peers.names(call) == ["card", "rung 0", "stands", "stands"]


async def test_weeks_missed_are_asked_about_once(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    await peers.app.callers.accompanied(HERE, person(ADA), call)

    clock.advance(5 * WEEK + DAY)
    await peers.beat()

    assert peers.names(call)[2:] == ["stands"]
    assert peers.row(call).next_at == peers.opened_at + 6 * WEEK


async def test_still_open_lets_the_ladder_go_on_after_a_rungs_time(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    await peers.app.callers.accompanied(HERE, person(ADA), call)
    clock.advance(HOUR)

    first = await peers.app.callers.still_open(HERE, person(ADA), call)
    again = await peers.app.callers.still_open(HERE, person(ADA), call)

    assert (first.again, again.again) == (False, True)
    assert peers.row(call).next_at == clock.now() + 24 * HOUR


async def test_still_open_without_any_doubt_changes_nothing(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    clock.advance(HOUR)

    assert (await peers.app.callers.still_open(HERE, person(ADA), call)).again
    assert peers.row(call).next_at == peers.opened_at + 24 * HOUR


async def test_coming_to_a_call_somebody_was_with_makes_it_a_lease(peers: Peers) -> None:
    call = await peers.call()
    await peers.app.callers.accompanied(HERE, person(ADA), call)

    response = await peers.with_you(call, BO)
    await peers.app.responses.hand_back(HERE, person(BO), response)
    await peers.beat()

    assert peers.rungs(call) == [0, 3]


async def test_a_withdrawn_call_is_erased_and_those_with_it_are_told(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, BO)

    await peers.app.callers.withdraw(HERE, person(ADA), call)
    again = await peers.app.callers.withdraw(HERE, person(ADA), call)
    await peers.until(10 * DAY)

    assert again.again
    assert (peers.row(call).state, peers.row(call).words) == (CallState.WITHDRAWN, "")
    assert peers.names(call)[-1] == "withdrawn"
    with pytest.raises(Refusal, match="withdrawn"):
        await peers.app.callers.still_open(HERE, person(ADA), call)


@pytest.mark.parametrize("verb", ["answered", "still_open", "withdraw", "accompanied", "helped", "not_really"])
async def test_only_the_caller_speaks_for_a_call(peers: Peers, verb: str) -> None:
    call = await peers.call()

    with pytest.raises(Refusal, match="Only the one who asked"):
        await getattr(peers.app.callers, verb)(HERE, person(BO), call)


@pytest.mark.parametrize("verb", ["helped", "learned"])
async def test_nothing_is_said_of_how_a_call_went_that_is_not_answered(peers: Peers, verb: str) -> None:
    call = await peers.call()
    words = ["Thank you"] if verb == "learned" else []

    with pytest.raises(Refusal, match="not answered"):
        await getattr(peers.app.callers, verb)(HERE, person(ADA), call, *words)
    assert (await peers.app.callers.not_really(HERE, person(ADA), call)).again


@pytest.mark.parametrize("ends", ["answered", "withdraw", "gone"])
async def test_a_nameless_caller_is_forgotten_with_the_end_of_their_call(peers: Peers, ends: str) -> None:
    somebody = 9_876_543_210
    call = await peers.call(audience=Audience.NAMELESS, caller=somebody)
    await peers.app.callers.relay(HERE, person(somebody), call, "Thank you all", 77)
    await peers.beat()

    if ends == "gone":
        await peers.app.responses.gone(HERE, somebody)
    else:
        await getattr(peers.app.callers, ends)(HERE, person(somebody), call)
    await peers.live(3 * WEEK)

    kept: list[SQLModel] = [each for table in (Call, Response, Relay, Delivery) for each in peers.rows(table)]
    assert str(somebody) not in "".join(str(vars(each)) for each in kept)
    assert "helped" not in peers.names(call)


async def test_nothing_tells_a_nameless_callers_doings_from_anybodys(peers: Peers) -> None:
    """Their reply holds the ladder, and they can be thought of and pass as others do."""
    call = await peers.call(audience=Audience.NAMELESS)
    thread = peers.row(call).thread_id
    assert thread is not None

    await peers.app.responses.note_reply(HERE, thread, ADA)
    await peers.app.responses.know_someone(HERE, person(BO), call, person(ADA))
    passed = await peers.app.responses.not_me(HERE, person(ADA), call)
    await peers.beat()

    assert peers.row(call).held
    assert peers.names(call)[-1] == "reply"
    assert passed.response is not None
    assert passed.response.kind is ResponseKind.NOT_ME
    assert peers.row(call).first_answer_at == peers.opened_at  # by Bo, who thought of somebody


async def test_a_nameless_callers_reply_is_no_first_answer(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS)

    await peers.app.responses.note_reply(HERE, peers.row(call).thread_id or 0, ADA)

    assert peers.row(call).first_answer_at is None


async def test_words_are_relayed_once_for_each_request(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS)

    first = await peers.app.callers.relay(HERE, person(ADA), call, "Thank you all", 77)
    again = await peers.app.callers.relay(HERE, person(ADA), call, "Thank you all", 77)
    await peers.app.callers.relay(HERE, person(ADA), call, "One more thing", 78)
    await peers.beat()

    assert (first.again, again.again) == (False, True)
    said = [each.shown.relay for each in peers.heard(call, "relay") if isinstance(each.shown, CallWord)]
    assert [each.words for each in said if each is not None] == ["Thank you all", "One more thing"]


async def test_words_to_be_relayed_too_late_are_given_back(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS)
    await peers.app.callers.answered(HERE, person(ADA), call)

    with pytest.raises(Refusal, match="Thank you all"):
        await peers.app.callers.relay(HERE, person(ADA), call, "Thank you all", 77)


async def test_a_withdrawn_nameless_call_takes_back_what_was_relayed(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS)
    await peers.app.callers.relay(HERE, person(ADA), call, "Thank you all", 77)
    await peers.beat()

    await peers.app.callers.withdraw(HERE, person(ADA), call)

    (relay,) = peers.rows(Relay)
    assert relay.words == ""
    assert [each.key for each in peers.planned(call, "relay")] == ["0:relay:77~1"]


async def test_a_nameless_call_never_ends_by_itself(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMELESS)
    await peers.live(timedelta(days=100), seldom=timedelta(days=3))

    assert (peers.row(call).state, peers.row(call).caller_id) == (CallState.OPEN, ADA)
    assert len(peers.rungs(call)) > 12


async def test_the_callers_not_yet_lets_the_ladder_go_on_as_if_nobody_had_replied(peers: Peers) -> None:
    call = await peers.call()
    due_at = peers.row(call).next_at
    await peers.app.responses.note_reply(HERE, peers.row(call).thread_id or 0, BO)
    assert due_at is not None and peers.row(call).next_at == due_at + DAY

    for _press in range(2):
        await peers.app.callers.not_yet(HERE, person(ADA), call)

    assert peers.row(call).next_at == due_at
    await peers.app.responses.note_reply(HERE, peers.row(call).thread_id or 0, BO)
    assert peers.row(call).next_at == due_at  # one reply holds a rung, once
