"""The tick while very many circles run, and while ten of one community are due at once."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlmodel import Session, SQLModel, col, select

from bot.app import App, assemble
from bot.clock import SystemClock
from bot.formats import Kind, our_formats
from bot.services.rhythm_kinds import USUAL_FORMAT
from bot.store.circles import Circle, CircleState, Coming, ComingKind, Seat, SeatState
from bot.store.communities import Community
from bot.store.deliveries import WAITING, Delivery, DeliveryState
from bot.store.rhythms import Way
from tests.bench.databases import Kind as DatabaseKind
from tests.bench.idle import how_found
from tests.bench.report import Table, percentile
from tests.bench.seed import writing

PEOPLE = 8
TOGETHER = 10
"""Circles that are due at once in one community."""
PAST = 10
"""Circles each community has held."""
BOUND = 20
"""Milliseconds within which the tick is to be done, as a rule (p50) and on an idle machine."""
BUSY = 1
"""The community in which so many run."""


async def circling(databases: list[DatabaseKind], running: int, times: int) -> Table:
    """Measure the tick where so many circles run, and show that what is asked is found by index."""
    rows: list[tuple[str, ...]] = []
    for kind in databases:
        with kind.fresh() as url:
            with writing(url) as session:
                _add_circles(session, SystemClock().now(), running)
            app = assemble(url, SystemClock())
            try:
                rows += [(f"{kind.name}: {what}", how) for what, how in await _found(app, times)]
            finally:
                app.database.close()
    note = (
        f"{running:,} written circles of {PEOPLE} run in as many communities, and {TOGETHER} more in one of them; each "
        f"community has held {PAST}. Due is a round in which the talking piece has to go on. Times are p50 / p99 of "
        f"{times}, in ms; the tick is to take {BOUND} at most. How rows are found is what "
        f"the database itself says (`EXPLAIN`): each name is an index; *all of* is a table read whole."
    )
    return Table("The tick while circles run", ("", "found"), rows, note)


async def _found(app: App, times: int) -> list[tuple[str, str]]:
    """Return what was measured, and the indexes the questions were answered by."""
    measured: dict[str, Callable[[], Awaitable[float]]] = {
        "a tick, nothing due": lambda: _tick(app, 0),
        "a tick, one circle due": lambda: _tick(app, 1),
        f"a tick, {TOGETHER} circles of one community due": lambda: _tick(app, TOGETHER),
    }
    found: list[tuple[str, str]] = []
    for what, measure in measured.items():
        took = [await measure() for _number in range(times)]
        found.append((what, f"{percentile(took, 0.5):.1f} / {percentile(took, 0.99):.1f}"))
    plans = await how_found(app, lambda: _tick(app, 1))
    return found + list(dict.fromkeys((f"finding each {table}", how) for table, how in plans if table != "community"))


async def _tick(app: App, due: int) -> float:
    """Do what the tick does for circles when so many are due, and return the milliseconds it took."""
    await app.database.run(lambda session: _make_due(session, app.clock.now(), due))
    began = time.perf_counter()
    await app.circles.tend()
    return (time.perf_counter() - began) * 1000


def _make_due(session: Session, now: datetime, due: int) -> None:
    """Let all be said that waits, and the piece of so many circles be where it has to go on."""
    session.connection().execute(
        update(Delivery).where(col(Delivery.state).in_(WAITING)).values(state=DeliveryState.SENT, settled_at=now)
    )
    mine = select(Circle.id).where(Circle.community_id == BUSY, Circle.state == CircleState.RUNNING)
    ids = list(session.exec(mine.order_by(col(Circle.id).desc()).limit(due)))
    seats = update(Seat).where(col(Seat.circle_id).in_(ids))
    session.connection().execute(seats.values(state=SeatState.WAITING, holds_until=None))
    session.connection().execute(
        seats.where(col(Seat.place) == 0).values(state=SeatState.HOLDS, holds_until=now - timedelta(seconds=1))
    )
    session.connection().execute(update(Circle).where(col(Circle.id).in_(ids)).values(next_at=now))


def _add_circles(session: Session, now: datetime, running: int) -> None:
    """Add the communities, what they have held, and what runs in them."""
    communities = [Community(id=1 + number, created_at=now, begun_at=now) for number in range(running)]
    _add(session, communities)
    steps = our_formats().format("en", USUAL_FORMAT)
    assert steps is not None
    step = next(number for number, each in enumerate(steps.steps) if each.kind is Kind.ROUND)
    held = [_circle(each.id, now, CircleState.CLOSED) for each in communities for _number in range(PAST)]
    runs = [_circle(each.id, now, CircleState.RUNNING, step) for each in communities]
    runs += [_circle(BUSY, now, CircleState.RUNNING, step) for _number in range(TOGETHER)]
    _add(session, held + runs)
    there = session.exec(select(Circle.id, Circle.community_id, Circle.state)).all()
    _add(
        session,
        [
            Coming(circle_id=each, community_id=here, member_id=member, kind=ComingKind.COMING, answered_at=now)
            for each, here, _state in there
            for member in range(1, PEOPLE + 1)
            if each is not None
        ],
    )
    _add(
        session,
        [
            Seat(circle_id=each, step=step, place=member, member_id=member + 1)
            for each, _here, state in there
            for member in range(PEOPLE)
            if each is not None and state is CircleState.RUNNING
        ],
    )


def _circle(community_id: int, now: datetime, state: CircleState, step: int = 4) -> Circle:
    runs = state is CircleState.RUNNING
    return Circle(
        community_id=community_id,
        title="What grows",
        format_id=USUAL_FORMAT,
        way=Way.WRITTEN,
        starts_at=now - timedelta(days=1 if runs else 30),
        state=state,
        step=step,
        next_at=now + timedelta(hours=20) if runs else None,
        step_ends_at=now + timedelta(days=20) if runs else None,
        panel_version=1,
    )


def _add(session: Session, rows: Sequence[SQLModel]) -> None:
    for start in range(0, len(rows), 5000):
        some = [
            each.model_dump(exclude=None if isinstance(each, Community) else {"id"})
            for each in rows[start : start + 5000]
        ]
        session.connection().execute(insert(type(rows[0])), some)
