"""Deliveries that hang on their round: what waits for its card, and what becomes of it when that never comes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from bot.app import App
from bot.courier import LEASE, Impossible
from bot.services.checkins import Answer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.checkins import CheckIn, Round, RoundState
from bot.store.deliveries import SETTLED_FOR, Delivery, DeliveryKind, DeliveryState, deliveries_due
from bot.store.members import Share
from tests.fakes import FakeVoice, FixedClock

HERE = 1
LEASE_OVER = LEASE + timedelta(seconds=1)
PERSON = Person(5, manages=True)


@pytest.fixture
def voice() -> FakeVoice:
    """A Discord on which everything can be said."""
    return FakeVoice()


async def rows(app: App, kind: DeliveryKind) -> Sequence[Delivery]:
    """Return the deliveries of one kind as they stand."""
    wanted = select(Delivery).where(Delivery.kind == kind).order_by(col(Delivery.id))
    return await app.database.run(lambda session: session.exec(wanted).all())


async def open_round(app: App, clock: FixedClock, *, ahead: int) -> None:
    """Begin in a community and open its first round, for which so many members wrote ahead."""
    await app.communities.choose(HERE, PERSON, checkins_channel_id=7, circles_channel_id=8)
    await app.rhythms.set_first(HERE, PERSON, Beat(weekday=clock.now().weekday(), at=clock.now().time()), 1)
    await app.communities.begin(HERE, PERSON)
    for member in range(ahead):
        await app.checkins.write(HERE, 100 + member, None, Answer("Written ahead.", Share.EVERYONE))
    clock.advance(timedelta(weeks=1))
    await app.checkins.tend()


async def test_words_wait_for_their_rounds_card_without_keeping_it_waiting(
    either_app: App, voice: FakeVoice, clock: FixedClock
) -> None:
    await open_round(either_app, clock, ahead=12)

    assert [each.kind for each in await either_app.courier.claim(40)] == [DeliveryKind.ROUND]

    clock.advance(LEASE_OVER)
    await either_app.courier.tend(voice)
    assert [each.kind for each in voice.said] == [DeliveryKind.ROUND] + [DeliveryKind.CHECK_IN] * 12


async def test_a_card_that_never_came_ends_the_wait_of_its_words(
    either_app: App, voice: FakeVoice, clock: FixedClock
) -> None:
    await open_round(either_app, clock, ahead=1)

    async def shut(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.ROUND:
            raise Impossible("no-access")
        if delivery.kind is DeliveryKind.CHECK_IN:
            await either_app.rounds.post(delivery)

    voice.meet = shut
    await either_app.courier.tend(voice)

    (words,) = await rows(either_app, DeliveryKind.CHECK_IN)
    assert (words.state, words.reason) == (DeliveryState.SKIPPED, "gone")


async def test_words_written_ahead_for_a_round_that_never_came_join_the_next(
    either_app: App, voice: FakeVoice, clock: FixedClock
) -> None:
    await open_round(either_app, clock, ahead=1)
    voice.refuse(Impossible("no-access"))
    await either_app.courier.tend(voice)
    voice.refuse(None)

    clock.advance(timedelta(weeks=1))
    await either_app.checkins.tend()
    await either_app.courier.tend(voice)

    rounds = await either_app.database.run(lambda session: session.exec(select(Round).order_by(col(Round.day))).all())
    (words,) = await either_app.database.run(lambda session: session.exec(select(CheckIn)).all())
    assert [each.state for each in rounds] == [RoundState.SKIPPED, RoundState.OPEN]
    assert words.round_id == rounds[1].id
    assert words.message_id is not None


@pytest.mark.parametrize("answer", [None, Impossible("refused")])
async def test_a_delivery_whose_round_was_deleted_by_hand_still_ends(
    either_app: App, voice: FakeVoice, clock: FixedClock, answer: Exception | None
) -> None:
    await open_round(either_app, clock, ahead=0)
    await either_app.database.run(lambda session: session.delete(session.exec(select(Round)).one()))
    voice.refuse(answer)

    await either_app.courier.tend(voice)

    assert [each.state for each in await rows(either_app, DeliveryKind.ROUND)] == [
        DeliveryState.FAILED if answer else DeliveryState.SENT
    ]


async def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(
    either_app: App, voice: FakeVoice, clock: FixedClock
) -> None:
    await open_round(either_app, clock, ahead=0)
    await either_app.courier.tend(voice)
    clock.advance(SETTLED_FOR + timedelta(days=1))
    await either_app.checkins.tend()

    await either_app.courier.tidy()

    assert {each.state for each in await rows(either_app, DeliveryKind.ROUND)} == {DeliveryState.PENDING}


async def test_what_was_planned_before_is_found_by_its_subject_however_much_is_waiting(app: App) -> None:
    asked: list[tuple[str, Any]] = []

    def explained(session: Session) -> str:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *what: asked.append((what[2], what[3])))
        deliveries_due(session, app.clock.now(), 40)
        statement, parameters = asked[-1]
        return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))

    plan = await app.database.run(explained)

    assert "delivery_1 USING INDEX ix_delivery_before (kind=? AND subject_id=?" in plan
    assert "delivery_1 USING INDEX ix_delivery_due_at" not in plan
