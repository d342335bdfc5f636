"""Rhythms: what comes round again."""

from collections.abc import Sequence
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache

from sqlalchemy import Index, Integer, bindparam
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.calendar import Recurrence, Schedule, Turn
from bot.store.columns import one_of, row_id, snowflake
from bot.store.communities import Community, are_tended


class Way(StrEnum):
    """How a circle meets."""

    LIVE = "live"
    WRITTEN = "written"


class RhythmKind(StrEnum):
    """What a rhythm brings."""

    CHECKIN = "checkin"
    KEEPER = "keeper"
    CIRCLE = "circle"


class RhythmState(StrEnum):
    """Where a rhythm stands: coming round, waiting for the hosts' word, or over."""

    ACTIVE = "active"
    ASKING = "asking"
    ENDED = "ended"


class Rhythm(SQLModel, table=True):
    """A recurrence in a zone, and where it stands.

    ``next_day`` and ``next_at`` (the local date and its instant) are set exactly while the rhythm is active.
    ``last_day`` is the slot it came round last; no slot comes twice. ``paused_until`` is the first local date it
    may come again. Rounds before ``counted_from`` don't count as quiet. ``request_id`` is the interaction that
    added it, so that the same one delivered twice adds one rhythm.
    """

    __table_args__ = (Index("ix_rhythm_next_at", "state", "next_at"),)

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id", index=True)
    kind: RhythmKind = one_of(RhythmKind, default=RhythmKind.CHECKIN)
    weekday: int
    every: int = 1
    turn: Turn = one_of(Turn, default=Turn.WEEK)
    nth: int | None = None
    anchor: date
    at: time
    zone: str = Field(max_length=64)
    state: RhythmState = one_of(RhythmState, default=RhythmState.ACTIVE)
    next_day: date | None = None
    next_at: datetime | None = None
    last_day: date | None = None
    paused_until: date | None = None
    counted_from: date | None = None
    question_id: str | None = Field(default=None, max_length=80)
    format_id: str | None = Field(default=None, max_length=80)
    way: Way | None = one_of(Way, default=None)
    place_id: int | None = snowflake(default=None)
    link: str = Field(default="", max_length=200)
    room: int | None = None
    request_id: int | None = snowflake(default=None, unique=True)

    @property
    def schedule(self) -> Schedule:
        """When it comes round."""
        return Schedule(Recurrence(self.weekday, self.anchor, self.every, self.turn, self.nth), self.at, self.zone)


def rhythms_of(session: Session, community_id: int, kind: RhythmKind | None = None) -> Sequence[Rhythm]:
    """Return a community's rhythms that have not ended, oldest first; with a kind, only those."""
    wanted = select(Rhythm).where(Rhythm.community_id == community_id, Rhythm.state != RhythmState.ENDED)
    if kind is not None:
        wanted = wanted.where(Rhythm.kind == kind)
    return session.exec(wanted.order_by(col(Rhythm.id))).all()


def rhythm_of(session: Session, community_id: int, rhythm_id: int) -> Rhythm | None:
    """Return one of a community's rhythms, locked against other writers until the transaction ends."""
    return session.exec(
        select(Rhythm).where(Rhythm.id == rhythm_id, Rhythm.community_id == community_id).with_for_update()
    ).one_or_none()


def rhythm_added_by(session: Session, community_id: int, request_id: int) -> Rhythm:
    """Return the rhythm an interaction added, whatever became of it since."""
    return session.exec(
        select(Rhythm).where(Rhythm.community_id == community_id, Rhythm.request_id == request_id)
    ).one()


def rhythms_due(session: Session, kind: RhythmKind, now: datetime, limit: int) -> Sequence[Rhythm]:
    """Return rhythms of a kind whose moment has come in communities Kith tends, the longest due first.

    Rows another process is working on are passed over.
    """
    return session.exec(_due(), params={"kind": kind, "now": now, "limit": limit}).all()


@cache
def _due() -> SelectOfScalar[Rhythm]:
    """Return the question for ``rhythms_due``, which each tick asks for each kind."""
    return (
        select(Rhythm)
        .join(Community, col(Community.id) == Rhythm.community_id)
        .where(
            Rhythm.state == RhythmState.ACTIVE,
            Rhythm.kind == bindparam("kind"),
            col(Rhythm.next_at) <= bindparam("now"),
            *are_tended(),
        )
        .order_by(col(Rhythm.next_at))
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(skip_locked=True, of=Rhythm)
    )
