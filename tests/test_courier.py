"""The courier's rules, with a Discord made of a list and a clock that stands still, on both databases."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from bot import courier
from bot.app import App
from bot.courier import AT_ONCE_EACH, FAULTY_TRIES, Courier, Impossible, Needless, NotYet, Outage, Unreadable
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState, Priority, plan
from tests.fakes import FakeVoice, FixedClock

HERE, ELSEWHERE = 1, 2
LEASE_OVER = courier.LEASE + timedelta(seconds=1)


@pytest.fixture
def voice() -> FakeVoice:
    """A Discord on which everything can be said."""
    return FakeVoice()


@pytest.fixture
def post(either_app: App, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Courier:
    """A courier that tells nobody how its deliveries ended, and need not pace itself: a list has no limits to keep."""
    monkeypatch.setattr(courier, "PER_SECOND", 10_000)
    return Courier(either_app.database, clock, {})


async def planned(
    app: App,
    subject_id: int,
    *,
    key: str = "0",
    community_id: int = HERE,
    priority: Priority = Priority.RITUAL,
    due_in: timedelta = timedelta(0),
    expires_in: timedelta | None = None,
) -> None:
    """Plan something to be said."""
    now = app.clock.now()

    def write(session: Session) -> None:
        plan(
            session,
            DeliveryKind.QUIET,
            subject_id,
            key=key,
            community_id=community_id,
            due_at=now + due_in,
            priority=priority,
            expires_at=None if expires_in is None else now + expires_in,
        )

    await app.database.run(write)


async def rows(app: App, kind: DeliveryKind = DeliveryKind.QUIET) -> Sequence[Delivery]:
    """Return the deliveries of one kind as they stand."""
    wanted = select(Delivery).where(Delivery.kind == kind).order_by(col(Delivery.id))
    return await app.database.run(lambda session: session.exec(wanted).all())


async def row(app: App) -> Delivery:
    """Return the only delivery."""
    (only,) = await rows(app)
    return only


def subjects(deliveries: Sequence[Delivery]) -> list[int]:
    """Return what deliveries are about, in order."""
    return [each.subject_id for each in deliveries]


async def test_what_is_due_is_said_once_and_remembers_where(either_app: App, post: Courier, voice: FakeVoice) -> None:
    await planned(either_app, 1)
    await planned(either_app, 1)

    await post.tend(voice)
    await post.tend(voice)

    said = await row(either_app)
    assert (said.state, said.channel_id, said.message_id, said.attempt) == (DeliveryState.SENT, 7, 1001, 1)
    assert len(voice.said) == 1


async def test_nothing_is_said_before_its_time(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1, due_in=timedelta(minutes=1))

    await post.tend(voice)
    assert voice.said == []

    clock.advance(timedelta(minutes=1))
    await post.tend(voice)
    assert subjects(voice.said) == [1]


async def test_peoples_words_go_before_rituals_and_the_longest_due_before_others(
    either_app: App, post: Courier, voice: FakeVoice
) -> None:
    await planned(either_app, 1)
    await planned(either_app, 2, due_in=-timedelta(hours=1))
    await planned(either_app, 3, priority=Priority.WORDS)

    await post.tend(voice)

    assert subjects(voice.said) == [3, 2, 1]


async def test_two_processes_never_hold_the_same_delivery(either_app: App, post: Courier, clock: FixedClock) -> None:
    other = Courier(either_app.database, clock, {})
    for subject in range(4):
        await planned(either_app, subject)

    taken = await asyncio.gather(post.claim(3), other.claim(3))

    assert sorted(subjects([*taken[0], *taken[1]])) == [0, 1, 2, 3]


async def test_a_claim_of_a_process_that_died_is_taken_again_as_a_further_attempt(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1)
    (before,) = await post.claim(1)
    other = Courier(either_app.database, clock, {})

    await other.tend(voice)
    assert voice.said == []

    clock.advance(LEASE_OVER)
    await other.tend(voice)
    assert [each.attempt for each in voice.said] == [2]
    assert voice.said[0].first_claimed_at == before.first_claimed_at


async def test_whoever_lost_the_claim_records_nothing(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_delivery: Delivery) -> None:
        arrived.set()
        await go_on.wait()

    voice.meet = wait
    late = asyncio.create_task(post.tend(voice))
    await arrived.wait()
    clock.advance(LEASE_OVER)
    (taken_over,) = await Courier(either_app.database, clock, {}).claim(1)

    go_on.set()
    await late

    held = await row(either_app)
    assert (held.state, held.claim, held.message_id) == (DeliveryState.CLAIMED, taken_over.claim, None)


async def test_a_process_that_stood_still_leaves_its_delivery_to_the_next(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await planned(either_app, 1)
    stood_still = [LEASE_OVER]

    def stand_still(step: str) -> None:
        if step == "claimed" and stood_still:
            clock.advance(stood_still.pop())

    monkeypatch.setattr(courier, "checkpoint", stand_still)

    await post.tend(voice)

    assert [each.attempt for each in voice.tried] == [2]


async def test_what_shows_the_same_thing_goes_out_in_order_even_when_the_first_has_to_wait(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1, key="0")
    await planned(either_app, 1, key="1")
    voice.refuse(Outage())
    await post.tend(voice)
    voice.refuse(None)

    await post.tend(voice)
    assert voice.said == []

    clock.advance(timedelta(seconds=3))
    await post.tend(voice)
    assert [each.key for each in voice.said] == ["0", "1"]


async def test_a_refusal_is_final_and_the_hosts_get_one_note(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1)
    voice.refuse(Impossible("no-access"))

    for _hour in range(3):
        await post.tend(voice)
        clock.advance(timedelta(hours=1))

    refused = await row(either_app)
    assert (refused.state, refused.reason) == (DeliveryState.FAILED, "no-access")
    assert [each.kind for each in voice.tried] == [DeliveryKind.QUIET, DeliveryKind.NOTE]
    (note,) = await rows(either_app, DeliveryKind.NOTE)
    assert (note.subject_id, note.state) == (refused.id, DeliveryState.FAILED)


async def test_what_may_have_been_said_waits_for_a_persons_look(
    either_app: App, post: Courier, voice: FakeVoice
) -> None:
    await planned(either_app, 1)
    voice.refuse(Unreadable())

    await post.tend(voice)

    assert ((await row(either_app)).state, (await row(either_app)).reason) == (DeliveryState.NEEDS_REVIEW, "unsure")
    assert len(await rows(either_app, DeliveryKind.NOTE)) == 1


async def test_what_became_needless_is_dropped_without_a_word(either_app: App, post: Courier, voice: FakeVoice) -> None:
    await planned(either_app, 1)
    voice.refuse(Needless("answered"))

    await post.tend(voice)

    assert ((await row(either_app)).state, (await row(either_app)).reason) == (DeliveryState.SKIPPED, "answered")
    assert await rows(either_app, DeliveryKind.NOTE) == []


async def test_a_ritual_never_tried_and_too_late_is_skipped_with_a_note(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1, expires_in=timedelta(hours=6))
    clock.advance(timedelta(hours=6))

    await post.tend(voice)
    await post.tend(voice)

    assert ((await row(either_app)).state, (await row(either_app)).reason) == (DeliveryState.SKIPPED, "too-late")
    assert [each.kind for each in voice.said] == [DeliveryKind.NOTE]


async def test_any_number_of_things_too_late_keeps_nothing_else_waiting(
    either_app: App, post: Courier, clock: FixedClock
) -> None:
    for subject in range(6):
        await planned(either_app, subject, expires_in=timedelta(hours=1))
    clock.advance(timedelta(hours=2))
    await planned(either_app, 9)

    taken = await post.claim(3)
    assert subjects([each for each in taken if each.kind is DeliveryKind.QUIET]) == [9]


async def test_a_ritual_once_tried_is_looked_for_even_when_it_is_late(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1, expires_in=timedelta(hours=6))
    await post.claim(1)
    clock.advance(timedelta(hours=7))

    await post.tend(voice)

    assert [each.attempt for each in voice.tried] == [2]


async def test_during_an_outage_ever_fewer_attempts_are_made_and_the_first_success_ends_it(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    for subject in range(8):
        await planned(either_app, subject)
    voice.refuse(Outage())

    attempts: list[int] = []
    for _hour in range(3):
        before = len(voice.tried)
        for _tick in range(60):
            await post.tend(voice)
            clock.advance(timedelta(minutes=1))
        attempts.append(len(voice.tried) - before)
    voice.refuse(None)
    for _tick in range(20):
        await post.tend(voice)
        clock.advance(timedelta(minutes=1))

    assert attempts[0] <= 25
    assert attempts[2] <= 6
    assert sorted(subjects(voice.said)) == list(range(8))


async def test_many_failing_together_are_one_blip_and_not_a_long_rest(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    for subject in range(30):
        await planned(either_app, subject, community_id=subject)
    voice.refuse(Outage())
    await post.tend(voice)
    voice.refuse(None)

    clock.advance(timedelta(seconds=9))
    await post.tend(voice)

    assert sorted(subjects(voice.said)) == list(range(30))


async def test_trouble_in_one_community_keeps_no_other_waiting(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    for subject in range(20):
        await planned(either_app, subject, community_id=HERE, priority=Priority.WORDS)

    async def down_here(delivery: Delivery) -> None:
        if delivery.community_id == HERE:
            raise Outage

    voice.meet = down_here
    for _minute in range(60):
        await post.tend(voice)
        clock.advance(timedelta(minutes=1))
    await planned(either_app, 99, community_id=ELSEWHERE)
    await post.tend(voice)

    assert subjects(voice.said) == [99]
    assert len(voice.tried) <= 30


async def test_a_send_that_takes_too_long_is_given_up_and_tried_again(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "SEND_WITHIN", 0.01)
    await planned(either_app, 1)

    async def never(_delivery: Delivery) -> None:
        await asyncio.Event().wait()

    voice.meet = never
    await post.tend(voice)
    assert (await row(either_app)).state is DeliveryState.PENDING
    voice.meet = None
    clock.advance(timedelta(seconds=3))
    await post.tend(voice)

    assert [each.attempt for each in voice.said] == [2]


async def test_a_fault_in_one_card_keeps_nothing_else_from_going_out_and_is_told_in_the_end(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1)
    await planned(either_app, 2)

    async def stumble(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.QUIET and delivery.subject_id == 1:
            raise ZeroDivisionError

    voice.meet = stumble
    await post.tend(voice)
    assert subjects(voice.said) == [2]

    for _try in range(FAULTY_TRIES):
        clock.advance(timedelta(minutes=11))
        await post.tend(voice)

    faulty = (await rows(either_app))[0]
    assert (faulty.state, faulty.reason, faulty.attempt) == (DeliveryState.NEEDS_REVIEW, "fault", FAULTY_TRIES)
    assert [each.kind for each in voice.said] == [DeliveryKind.QUIET, DeliveryKind.NOTE]


async def test_what_has_to_wait_for_something_else_is_not_counted_as_an_attempt(
    either_app: App, post: Courier, voice: FakeVoice, clock: FixedClock
) -> None:
    await planned(either_app, 1)
    voice.refuse(NotYet())
    await post.tend(voice)
    voice.refuse(None)

    clock.advance(timedelta(seconds=5))
    await post.tend(voice)

    assert [each.attempt for each in voice.said] == [1]


async def test_one_communitys_many_words_leave_room_for_the_others(either_app: App, post: Courier) -> None:
    for subject in range(50):
        await planned(either_app, subject, community_id=HERE, priority=Priority.WORDS)
    await planned(either_app, 99, community_id=ELSEWHERE)

    taken = await post.claim(40)
    more = await post.claim(40, {HERE: 0})

    assert [each.community_id for each in taken] == [HERE] * AT_ONCE_EACH + [ELSEWHERE]
    assert more == []
