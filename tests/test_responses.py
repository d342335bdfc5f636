"""How peers respond to a call: the lease of those who are with it, and everything that gives it back."""

from datetime import timedelta

import pytest

from bot.app import App
from bot.errors import Refusal
from bot.services.people import Person
from bot.services.responses import LEASE, SILENCE, Later
from bot.store.calls import Audience, CallState, ResponseKind, Urgency
from tests.fakes import FixedClock
from tests.peers import (
    ADA,
    BO,
    CHANNEL,
    CLEO,
    DAN,
    DAY,
    EVE,
    FAY,
    HERE,
    HOUR,
    MINUTE,
    Peers,
    person,
)

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture
async def peers(app: App, clock: FixedClock) -> Peers:
    """Two who offer listening."""
    here = await Peers(app, clock).begin()
    here.offer("listening", BO, CLEO)
    return here


async def test_a_responder_is_asked_after_two_days_how_it_goes(either_app: App, clock: FixedClock) -> None:
    peers = await Peers(either_app, clock).begin()
    call = await peers.call()

    await peers.with_you(call, BO)
    await peers.until(LEASE - MINUTE)
    assert peers.names(call) == ["card", "with"]
    assert peers.row(call).next_at is None

    await peers.until(LEASE)
    assert peers.names(call) == ["card", "with", "lease"]


async def test_silence_after_it_hands_back_and_the_next_rung_comes_at_once(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, FAY)

    await peers.until(LEASE + SILENCE - MINUTE)
    assert peers.rungs(call) == [0]

    await peers.until(LEASE + SILENCE)
    part = peers.part(call, FAY)
    assert part is not None
    assert (part.kind, part.ends_at) == (ResponseKind.HANDED_BACK, None)
    assert peers.names(call)[-1] == "rung 3"
    assert "hand" not in "".join(peers.names(call))  # nobody is told whose it was


async def test_silence_counts_only_from_when_discord_let_kith_ask(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, FAY)

    peers.voice.down = True
    await peers.live(LEASE + 3 * DAY, seldom=7 * HOUR)
    assert peers.row(call).next_at is None

    peers.voice.down = False
    await peers.live(HOUR)
    assert peers.names(call)[-1] == "lease"
    await peers.live(SILENCE - 2 * HOUR)
    assert peers.rungs(call) == [0]
    await peers.live(2 * HOUR)
    assert peers.rungs(call) == [0, 3]


async def test_needing_time_gives_two_more_days_once_for_each_asking(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    response = await peers.with_you(call, FAY)
    await peers.until(LEASE)

    first = await peers.app.responses.need_time(HERE, person(FAY), response)
    again = await peers.app.responses.need_time(HERE, person(FAY), response)

    assert (first.again, again.again) == (False, True)
    assert [each.due_at for each in peers.planned(call, "lease")] == [clock.now() + LEASE]
    await peers.until(2 * LEASE)
    assert peers.names(call)[-2:] == ["lease", "lease"]
    await peers.live(SILENCE)
    assert peers.rungs(call) == [0, 3]


async def test_handing_back_puts_the_call_on_the_ladder_at_once(peers: Peers) -> None:
    call = await peers.call()
    response = await peers.with_you(call, FAY)

    await peers.app.responses.hand_back(HERE, person(FAY), response)
    again = await peers.app.responses.hand_back(HERE, person(FAY), response)
    await peers.beat()

    assert again.again
    assert peers.names(call)[-1] == "rung 3"
    await peers.live(5 * DAY)
    assert "lease" not in peers.names(call)


async def test_leaving_the_server_hands_back(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, FAY)

    await peers.app.responses.gone(HERE, FAY)
    await peers.beat()

    part = peers.part(call, FAY)
    assert part is not None
    assert part.kind is ResponseKind.LEFT
    assert peers.rungs(call) == [0, 3]


async def test_several_may_be_with_a_caller_and_the_ladder_rests_until_the_last_lets_go(peers: Peers) -> None:
    call = await peers.call()
    bo, fay = await peers.with_you(call, BO), await peers.with_you(call, FAY)

    await peers.app.responses.hand_back(HERE, person(BO), bo)
    assert peers.row(call).next_at is None

    await peers.app.responses.hand_back(HERE, person(FAY), fay)
    await peers.beat()
    assert peers.rungs(call) == [0, 3]


async def test_who_is_done_lets_the_caller_say_whether_it_is_answered(peers: Peers) -> None:
    call = await peers.call()
    response = await peers.with_you(call, FAY)

    await peers.app.responses.done(HERE, person(FAY), response)
    again = await peers.app.responses.done(HERE, person(FAY), response)
    await peers.beat()

    assert again.again
    assert peers.names(call)[-1] == "done"
    await peers.live(16 * DAY)
    assert peers.names(call)[-3:] == ["rung 3", "rung 4", "rung 5"]  # only the caller's word stops the ladder
    assert peers.row(call).state is CallState.OPEN


async def test_the_callers_no_while_another_is_with_them_is_heeded_when_that_one_lets_go(peers: Peers) -> None:
    call = await peers.call()
    bo, fay = await peers.with_you(call, BO), await peers.with_you(call, FAY)
    await peers.app.responses.done(HERE, person(BO), bo)

    await peers.app.callers.still_open(HERE, person(ADA), call)
    await peers.app.responses.hand_back(HERE, person(FAY), fay)
    await peers.beat()

    assert peers.rungs(call) == [0, 3]


async def test_being_with_a_caller_twice_changes_nothing(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    await peers.with_you(call, FAY)
    before = peers.part(call, FAY)

    clock.advance(HOUR)
    again = await peers.app.responses.with_you(HERE, person(FAY), call)

    assert again.again
    assert peers.part(call, FAY) == before
    assert len(peers.planned(call, "lease")) == 1


async def test_later_says_so_and_asks_at_that_time(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.later(HERE, person(BO), call, Later.HOURS)
    await peers.until(3 * HOUR - MINUTE)
    assert "later" not in peers.names(call)

    await peers.until(3 * HOUR)
    assert peers.names(call)[-1] == "later"


async def test_later_twice_asks_once_at_the_time_said_last(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.later(HERE, person(BO), call, Later.HOURS)
    await peers.app.responses.later(HERE, person(BO), call, Later.TOMORROW)
    await peers.until(3 * DAY)

    (asked,) = peers.heard(call, "later")
    assert asked.delivery.due_at == peers.opened_at + DAY  # at 09:00 in Berlin, as it was sent


async def test_nobody_is_asked_for_later_once_somebody_came(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.later(HERE, person(BO), call, Later.HOURS)
    await peers.with_you(call, FAY)
    await peers.until(DAY)

    assert "later" not in peers.names(call)


async def test_saying_later_or_no_while_with_a_caller_hands_back(peers: Peers) -> None:
    for answer in ("later", "not_me"):
        call = await peers.call()
        await peers.with_you(call, FAY)
        if answer == "later":
            await peers.app.responses.later(HERE, person(FAY), call, Later.DAYS)
        else:
            await peers.app.responses.not_me(HERE, person(FAY), call)
        await peers.beat()

        assert peers.rungs(call) == [0, 3]


async def test_a_member_thought_of_is_asked_and_not_assigned(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.know_someone(HERE, person(BO), call, person(FAY))
    await peers.beat()

    part, thinker = peers.part(call, FAY), peers.part(call, BO)
    assert part is not None
    assert thinker is not None
    assert (part.kind, part.thought_of_by, part.asked_at) == (ResponseKind.SILENT, BO, peers.opened_at)
    assert thinker.kind is ResponseKind.NOT_ME
    assert peers.names(call)[-1] == "asked"
    assert peers.row(call).next_at == peers.opened_at + DAY


async def test_who_was_thought_of_comes_last_in_the_order_of_asking(peers: Peers, clock: FixedClock) -> None:
    peers.offer("listening", DAN, EVE)
    call = await peers.call()
    clock.advance(HOUR)

    await peers.app.responses.know_someone(HERE, person(FAY), call, person(EVE))

    assert peers.asked(await peers.call())[0] == [BO, CLEO, DAN]


async def test_a_member_thought_of_at_night_is_asked_in_the_morning(peers: Peers, clock: FixedClock) -> None:
    call, urgent = await peers.call(), await peers.call(Urgency.TODAY)
    peers.offer("nothing yet", DAN, EVE, zone="America/Los_Angeles")

    await peers.app.responses.know_someone(HERE, person(BO), call, person(DAN))
    await peers.app.responses.know_someone(HERE, person(BO), urgent, person(EVE))
    await peers.beat()

    assert peers.names(urgent)[-1] == "asked"
    assert [each.due_at for each in peers.planned(call, "asked")] == [clock.now() + 8 * HOUR]


@pytest.mark.parametrize("wish", [{"asks_a_month": 0}, {"away": True}])
async def test_a_member_who_wishes_not_to_be_asked_is_not_when_thought_of_either(
    peers: Peers, clock: FixedClock, wish: dict[str, int]
) -> None:
    away = {"away_until": clock.now().date() + timedelta(3)}
    peers.offer("sewing", DAN, **(away if "away" in wish else wish))
    call = await peers.call()

    with pytest.raises(Refusal, match="can't ask them"):
        await peers.app.responses.know_someone(HERE, person(BO), call, person(DAN))
    assert peers.part(call, DAN) is None


@pytest.mark.parametrize(("other", "why"), [(BO, "That is you"), (ADA, "who asks"), (CLEO, "know of this call")])
async def test_thinking_of_somebody_who_need_not_be_asked_is_answered(peers: Peers, other: int, why: str) -> None:
    call = await peers.call()

    with pytest.raises(Refusal, match=why):
        await peers.app.responses.know_someone(HERE, person(BO), call, person(other))


async def test_nobody_else_can_be_thought_of_for_a_call_to_people_named(peers: Peers) -> None:
    call = await peers.call(audience=Audience.NAMED, named=[BO])

    for press in (
        peers.app.responses.open_to(HERE, person(BO), call),
        peers.app.responses.know_someone(HERE, person(BO), call, person(DAN)),
    ):
        with pytest.raises(Refusal, match="Tell the caller whom you think of"):
            await press
    assert peers.part(call, DAN) is None


async def test_the_caller_can_not_respond_to_their_own_call(peers: Peers) -> None:
    call = await peers.call()

    for press in (
        peers.app.responses.with_you(HERE, person(ADA), call),
        peers.app.responses.not_me(HERE, person(ADA), call),
        peers.app.responses.know_someone(HERE, person(ADA), call, person(FAY)),
    ):
        with pytest.raises(Refusal, match="This call is yours"):
            await press


async def test_anothers_lease_can_not_be_ended(peers: Peers) -> None:
    call = await peers.call()
    response = await peers.with_you(call, BO)

    for press in (peers.app.responses.done, peers.app.responses.need_time, peers.app.responses.hand_back):
        with pytest.raises(Refusal, match="for the one who is with this call"):
            await press(HERE, person(FAY), response)


@pytest.mark.parametrize(("ends", "why"), [("answered", "has been answered"), ("withdraw", "was withdrawn")])
async def test_presses_that_come_too_late_are_answered_in_a_sentence(peers: Peers, ends: str, why: str) -> None:
    call = await peers.call()
    response = await peers.with_you(call, BO)
    await getattr(peers.app.callers, ends)(HERE, person(ADA), call)

    for press in (
        peers.app.responses.with_you(HERE, person(FAY), call),
        peers.app.responses.not_me(HERE, person(FAY), call),
        peers.app.responses.done(HERE, person(BO), response),
        peers.app.responses.need_time(HERE, person(BO), response),
    ):
        with pytest.raises(Refusal, match=why):
            await press
    with pytest.raises(Refusal):
        await peers.app.callers.accompanied(HERE, person(ADA), call)


async def test_a_stale_question_for_time_says_how_to_come_again(peers: Peers) -> None:
    call = await peers.call()
    response = await peers.with_you(call, BO)
    await peers.app.responses.hand_back(HERE, person(BO), response)

    with pytest.raises(Refusal, match="takes it up again"):
        await peers.app.responses.need_time(HERE, person(BO), response)


async def test_coming_back_after_handing_back_is_a_lease_of_its_own(peers: Peers, clock: FixedClock) -> None:
    call = await peers.call()
    response = await peers.with_you(call, BO)
    await peers.app.responses.hand_back(HERE, person(BO), response)
    clock.advance(DAY)

    await peers.with_you(call, BO)
    await peers.live(LEASE)

    (asked,) = peers.heard(call, "lease")
    assert asked.delivery.due_at == peers.opened_at + DAY + LEASE


async def test_a_caller_who_leaves_takes_their_calls_back_and_is_asked_nothing_more(peers: Peers) -> None:
    call, other = await peers.call(), await peers.call(caller=DAN)

    await peers.app.responses.gone(HERE, ADA)
    peers.offer("listening", ADA)
    third = await peers.call(caller=DAN)

    assert (peers.row(call).state, peers.row(call).words) == (CallState.WITHDRAWN, "")
    assert peers.row(other).state is CallState.OPEN
    assert ADA not in peers.asked(third)[0]


async def test_a_lease_whose_thread_is_gone_still_ends_and_the_call_goes_on(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, FAY)
    peers.voice.channels = {CHANNEL + 1}

    await peers.live(LEASE + SILENCE)

    assert peers.rungs(call) == [0, 3]
    assert "lease" not in peers.names(call)


async def test_a_caller_someone_is_with_is_still_asked_each_week_when_their_channel_was_lost(peers: Peers) -> None:
    call = await peers.call()
    await peers.app.callers.accompanied(HERE, person(ADA), call)
    peers.voice.channels = {CHANNEL + 1}
    await peers.app.communities.choose(HERE, Person(1, manages=True), calls_channel_id=CHANNEL + 1)

    await peers.live(15 * DAY)

    assert peers.names(call)[-2:] == ["card", "stands"]


async def test_a_reply_in_a_thread_that_is_no_calls_changes_nothing(peers: Peers) -> None:
    call = await peers.call()

    await peers.app.responses.note_reply(HERE, 424242, FAY)
    await peers.app.responses.note_reply(HERE + 1, peers.row(call).thread_id or 0, FAY)

    assert not peers.row(call).held
