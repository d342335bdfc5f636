"""Rounds of the check-in rhythm and the members' check-ins."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, Session, SQLModel, col, func, select

from bot.store.columns import one_of, reference, row_id, snowflake
from bot.store.members import Share


class RoundState(StrEnum):
    """A round is open until it closes; late answers are welcome until it is over, when the next one opens.

    A round whose card could not be posted in time is skipped.
    """

    OPEN = "open"
    CLOSED = "closed"
    OVER = "over"
    SKIPPED = "skipped"


class Round(SQLModel, table=True):
    """One turn of the check-in rhythm, unique per rhythm and local date.

    ``message_id`` is the card, and also the thread's id once ``threaded``: Discord gives a thread made from a
    message that message's id. ``weaving_id`` is the message that closed the round. The versions count what
    the two have shown.
    """

    __table_args__ = (
        UniqueConstraint("rhythm_id", "day"),
        Index("ix_round_closes_at", "state", "closes_at"),
    )

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id", index=True)
    rhythm_id: int = reference("rhythm.id")
    day: date
    question_id: str = Field(max_length=80)
    question: str
    tag: str = Field(max_length=20)
    opens_at: datetime
    closes_at: datetime
    state: RoundState = one_of(RoundState, default=RoundState.OPEN)
    channel_id: int | None = snowflake(default=None)
    message_id: int | None = snowflake(default=None, unique=True)
    threaded: bool = False
    version: int = 0
    weaving_id: int | None = snowflake(default=None)
    weaving_version: int = 0

    @property
    def welcomes(self) -> bool:
        """Whether answers are still taken."""
        return self.state in (RoundState.OPEN, RoundState.CLOSED)


class CheckInKind(StrEnum):
    """What a member did with a round."""

    ANSWERED = "answered"
    PASSED = "passed"
    TAKEN_BACK = "taken back"


class CheckIn(SQLModel, table=True):
    """What one member did with one round, or wrote ahead (``round_id`` empty) for the next one to open.

    ``member_id`` is empty once the member was forgotten; such a row counts and says nothing. ``version`` counts
    what the thread has shown; ``message_id`` is the post in the thread, when there is one.
    """

    __table_args__ = (
        UniqueConstraint("round_id", "member_id"),
        Index(
            "uq_checkin_ahead",
            "community_id",
            "member_id",
            unique=True,
            sqlite_where=text("round_id IS NULL AND member_id IS NOT NULL"),
            postgresql_where=text("round_id IS NULL AND member_id IS NOT NULL"),
        ),
        Index("ix_checkin_member_id", "member_id", "community_id"),
    )

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id")
    round_id: int | None = reference("round.id", default=None)
    member_id: int | None = snowflake(default=None)
    kind: CheckInKind = one_of(CheckInKind)
    words: str = Field(default="", max_length=1000)
    arriving: str | None = Field(default=None, max_length=20)
    share: Share = one_of(Share, default=Share.EVERYONE)
    need: bool = False
    written_at: datetime
    edited_at: datetime | None = None
    version: int = 0
    message_id: int | None = snowflake(default=None, unique=True)
    replied_at: datetime | None = None

    @property
    def public(self) -> bool:
        """Whether everyone may see it."""
        return self.kind is CheckInKind.ANSWERED and self.share is Share.EVERYONE and self.member_id is not None


def round_of(session: Session, community_id: int, round_id: int) -> Round | None:
    """Return one of a community's rounds."""
    return session.exec(select(Round).where(Round.id == round_id, Round.community_id == community_id)).one_or_none()


def round_with_card(session: Session, community_id: int, message_id: int) -> Round | None:
    """Return the round whose card (and so whose thread) has this id."""
    return session.exec(
        select(Round).where(Round.message_id == message_id, Round.community_id == community_id)
    ).one_or_none()


def latest_round(session: Session, community_id: int) -> Round | None:
    """Return the round opened last that still takes answers."""
    return session.exec(
        select(Round)
        .where(Round.community_id == community_id, col(Round.state).in_([RoundState.OPEN, RoundState.CLOSED]))
        .order_by(col(Round.opens_at).desc(), col(Round.id).desc())
        .limit(1)
    ).one_or_none()


def latest_round_shared_with_hosts(session: Session, community_id: int) -> Round | None:
    """Return the round opened last in which somebody shared something with hosts only."""
    return session.exec(
        select(Round)
        .join(CheckIn, col(CheckIn.round_id) == col(Round.id))
        .where(
            Round.community_id == community_id,
            CheckIn.kind == CheckInKind.ANSWERED,
            CheckIn.share == Share.HOSTS,
            col(CheckIn.member_id).is_not(None),
        )
        .order_by(col(Round.opens_at).desc(), col(Round.id).desc())
        .limit(1)
    ).first()


def rounds_to_close(session: Session, now: datetime, limit: int) -> Sequence[Round]:
    """Return open rounds whose closing time has come; rows another process works on are passed over."""
    return session.exec(
        select(Round)
        .where(Round.state == RoundState.OPEN, Round.closes_at <= now)
        .order_by(col(Round.closes_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def earlier_rounds(session: Session, rhythm_id: int, limit: int) -> Sequence[Round]:
    """Return a rhythm's latest rounds that were not skipped, newest first."""
    return session.exec(
        select(Round)
        .where(Round.rhythm_id == rhythm_id, Round.state != RoundState.SKIPPED)
        .order_by(col(Round.day).desc())
        .limit(limit)
    ).all()


def questions_used(session: Session, community_id: int, since: datetime) -> dict[str, datetime]:
    """Return when each question was asked last in a community, back to ``since``."""
    asked = session.exec(
        select(Round.question_id, func.max(Round.opens_at))
        .where(Round.community_id == community_id, Round.opens_at >= since, Round.state != RoundState.SKIPPED)
        .group_by(Round.question_id)
    ).all()
    return dict(asked)


def round_tags_since(session: Session, community_id: int, since: datetime) -> Sequence[str]:
    """Return the elements or overlaps a community's rounds since then were about."""
    return session.exec(
        select(Round.tag).where(
            Round.community_id == community_id, Round.opens_at >= since, Round.state != RoundState.SKIPPED
        )
    ).all()


def check_in_of(session: Session, community_id: int, round_id: int | None, member_id: int) -> CheckIn | None:
    """Return what a member did with a round; with no round, what they wrote ahead."""
    return session.exec(
        select(CheckIn).where(
            CheckIn.community_id == community_id,
            CheckIn.round_id == round_id,
            CheckIn.member_id == member_id,
        )
    ).one_or_none()


def check_ins_in(session: Session, round_id: int) -> Sequence[CheckIn]:
    """Return a round's check-ins that were not taken back, in the order they came."""
    return session.exec(
        select(CheckIn)
        .where(CheckIn.round_id == round_id, CheckIn.kind != CheckInKind.TAKEN_BACK)
        .order_by(col(CheckIn.written_at), col(CheckIn.id))
    ).all()


def check_ins_ahead(session: Session, community_id: int) -> Sequence[CheckIn]:
    """Return what a community's members wrote ahead, in the order it came."""
    return session.exec(
        select(CheckIn)
        .where(CheckIn.community_id == community_id, col(CheckIn.round_id).is_(None))
        .where(col(CheckIn.member_id).is_not(None))
        .order_by(col(CheckIn.written_at))
    ).all()


def check_ins_by(session: Session, community_id: int, member_id: int) -> Sequence[CheckIn]:
    """Return everything one member wrote in a community, oldest first."""
    return session.exec(
        select(CheckIn)
        .where(CheckIn.community_id == community_id, CheckIn.member_id == member_id)
        .order_by(col(CheckIn.written_at))
    ).all()
