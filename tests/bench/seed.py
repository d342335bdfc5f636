"""Rows to measure with, written straight into the tables."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, text
from sqlalchemy.engine import make_url
from sqlmodel import Session, SQLModel, col, select

from bot.connection import STARTS_KEPT_AS
from bot.database import engine_for, is_sqlite
from bot.store.checkins import Round, RoundState
from bot.store.communities import Community, Remembered
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState, Priority
from bot.store.rhythms import Rhythm

WEEK = timedelta(weeks=1)
AT_ONCE = 5000
Place = tuple[int, int]
"""A community's id and the id of its channel for check-ins."""


@contextmanager
def writing(url: str) -> Generator[Session]:
    """Yield a session whose rows are committed, and known to the query planner, at the end."""
    made = make_url(url)
    engine = engine_for(made)
    with Session(engine) as session, session.begin():
        yield session
    if not is_sqlite(made):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def add_communities(session: Session, places: Sequence[Place], now: datetime, next_at: datetime) -> None:
    """Add communities that have begun, each with a weekly rhythm that comes round at ``next_at`` (UTC)."""
    community = Community(id=0, created_at=now, begun_at=now).model_dump()
    add_rows(session, Community, [community | {"id": each, "checkins_channel_id": channel} for each, channel in places])
    rhythm = Rhythm(
        community_id=0,
        weekday=next_at.weekday(),
        anchor=next_at.date(),
        at=next_at.time(),
        zone="UTC",
        next_day=next_at.date(),
        next_at=next_at,
    ).model_dump(exclude={"id"})
    add_rows(session, Rhythm, [rhythm | {"community_id": each} for each, _channel in places])


def add_rounds(
    session: Session,
    now: datetime,
    *,
    weeks: int,
    state: RoundState,
    channel_id: int = 1,
    first_message: int | None = None,
) -> None:
    """Add to every rhythm the round it opened that many weeks ago, with its card said.

    Cards have consecutive message ids, from ``first_message`` on.
    """
    opened = now - weeks * WEEK
    rhythms = session.exec(select(Rhythm.id, Rhythm.community_id).order_by(col(Rhythm.id))).all()
    message = first_message or (weeks + 1) * 100_000_000
    template = Round(
        community_id=0,
        rhythm_id=0,
        day=opened.date(),
        question_id=f"past-{weeks}",
        question="What did you try since we last met?",
        tag="work",
        opens_at=opened,
        closes_at=opened + timedelta(days=4),
        state=state,
        channel_id=channel_id,
        version=1,
    ).model_dump(exclude={"id"})
    add_rows(
        session,
        Round,
        [
            template | {"rhythm_id": rhythm, "community_id": community, "message_id": message + number}
            for number, (rhythm, community) in enumerate(rhythms)
        ],
    )
    _add_sent(session, opened)


def forget_starts(url: str) -> None:
    """Let the next start be the first in a long time, so that Kith doesn't wait before it connects."""
    with writing(url) as session:
        session.connection().execute(delete(Remembered).where(col(Remembered.name) == STARTS_KEPT_AS))


def _add_sent(session: Session, at: datetime) -> None:
    """Add the delivery of each round that opened then, as one that was said."""
    template = Delivery(
        community_id=0,
        kind=DeliveryKind.ROUND,
        subject_id=0,
        key="0",
        priority=Priority.RITUAL,
        due_at=at,
        state=DeliveryState.SENT,
        attempt=1,
        settled_at=at,
    ).model_dump(exclude={"id"})
    rounds = session.exec(select(Round.id, Round.community_id, Round.message_id).where(Round.opens_at == at))
    add_rows(
        session,
        Delivery,
        [
            template | {"subject_id": number, "community_id": community, "message_id": message}
            for number, community, message in rounds
        ],
    )


def add_rows(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    """Add rows in the order given."""
    for start in range(0, len(rows), AT_ONCE):
        session.connection().execute(insert(table), rows[start : start + AT_ONCE])
