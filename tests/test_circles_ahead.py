"""Many circles due at once: they are read and said together, and stay as they would be one by one."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from bot.app import App
from bot.services.people import Person
from bot.store.circles import Circle, CircleState, SeatState
from bot.store.circles_ahead import answers_to, choices_of, read_ahead, roles_in, seats_in
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    CY,
    HERE,
    HOUR,
    at,
    begun,
    change,
    come,
    kinds_of_words,
    proposed,
    row,
    seats,
    words,
    would_host,
)
from tests.fakes import FixedClock


async def in_a_round(app: App, *, so_many: int) -> list[int]:
    """Let so many written circles that ADA hosts and BO and CY come to begin with a round; return their ids."""
    ids = [await proposed(app, within=HOUR, way=Way.WRITTEN, format_id="story-circle") for _number in range(so_many)]
    for circle_id in ids:
        await come(app, circle_id, BO, CY)
    return ids


async def begin(app: App, clock: FixedClock, ids: list[int]) -> datetime:
    """Begin these circles at their time; return when the piece of each goes on by itself."""
    await at(app, clock, row(app, ids[0]).starts_at)
    for circle_id in ids:
        await app.circling.begin(HERE, Person(ADA), circle_id)
    goes_on = {row(app, each).next_at for each in ids}
    assert len(goes_on) == 1
    at_once = goes_on.pop()
    assert at_once is not None
    return at_once


async def statements(app: App, clock: FixedClock, moment: datetime) -> int:
    """Let it become that moment, and return how many statements Kith did what is due with."""
    asked: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(app.database.engine, "before_cursor_execute", listen)
    await at(app, clock, moment)
    event.remove(app.database.engine, "before_cursor_execute", listen)
    return len(asked)


async def test_circles_due_at_once_take_as_many_statements_as_one(either_app: App, clock: FixedClock) -> None:
    await begun(either_app)
    would_host(either_app, ADA)
    one = await in_a_round(either_app, so_many=1)
    for_one = await statements(either_app, clock, await begin(either_app, clock, one))
    change(either_app, one[0], next_at=None)
    three = await in_a_round(either_app, so_many=3)

    for_three = await statements(either_app, clock, await begin(either_app, clock, three))

    assert for_three == for_one
    assert [[seat.state for seat in seats(either_app, each)] for each in three] == (
        [[SeatState.SILENT, SeatState.HOLDS, SeatState.WAITING]] * 3
    )
    assert [words(either_app, each)[-1] for each in three] == [
        f"piece:{seats(either_app, each)[1].id}" for each in three
    ]


async def test_a_circle_that_meets_a_fault_lets_the_rounds_of_others_go_on_once(
    app: App, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    await begun(app)
    would_host(app, ADA)
    first, faulty, last = ids = await in_a_round(app, so_many=3)
    goes_on = await begin(app, clock, ids)
    change(app, faulty, state=CircleState.PLANNED, stage=99)
    before = [len(kinds_of_words(app, each)) for each in ids]

    await at(app, clock, goes_on)

    assert f"circle {faulty} met a fault" in caplog.text
    said_since = [kinds_of_words(app, each)[said:] for each, said in zip(ids, before, strict=True)]
    assert said_since == [["moved_on", "piece"], [], ["moved_on", "piece"]]
    for each in (first, last):
        assert [seat.state for seat in seats(app, each)] == [SeatState.SILENT, SeatState.HOLDS, SeatState.WAITING]
    assert row(app, faulty).next_at == goes_on + HOUR


async def test_what_is_read_ahead_is_what_the_circles_would_be_told_one_by_one(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, ADA, CY)
    ids = await in_a_round(app, so_many=2)
    await begin(app, clock, ids)

    def ask(session: Session) -> list[Any]:
        told = [
            (roles_in(session, each), answers_to(session, each), seats_in(session, each, 0), seats_in(session, each, 1))
            for each in ids
        ]
        return [*told, sorted(each.member_id for each in choices_of(session, HERE, (ADA, BO, CY)))]

    def ask_twice(session: Session) -> tuple[list[Any], list[Any]]:
        one_by_one = ask(session)
        read_ahead(session, [session.get_one(Circle, each) for each in ids])
        return one_by_one, ask(session)

    one_by_one, ahead = app.database.run_now(ask_twice)[0]
    assert ahead == one_by_one
    assert one_by_one[-1] == [ADA, CY]
    assert [len(each) for each in one_by_one[0]] == [1, 3, 3, 0]
