"""Keepers of calls: whose turn it is to see that each call meets a person."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, func
from sqlmodel import Session, SQLModel, col, select

from bot.store.columns import reference, row_id, snowflake
from bot.store.members import Member


class KeeperTurn(SQLModel, table=True):
    """One turn of the keeper's rhythm, unique per rhythm and local date; without a keeper the hosts keep.

    ``message_id`` is its card, when one was posted; ``version`` counts what it has shown.
    """

    __table_args__ = (
        UniqueConstraint("rhythm_id", "day"),
        Index("ix_keeperturn_ends_at", "community_id", "ends_at"),
    )

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id")
    rhythm_id: int = reference("rhythm.id")
    day: date
    keeper_id: int | None = snowflake(default=None, index=True)
    starts_at: datetime
    ends_at: datetime
    channel_id: int | None = snowflake(default=None)
    message_id: int | None = snowflake(default=None)
    version: int = 0


def turn_of(session: Session, community_id: int, turn_id: int) -> KeeperTurn | None:
    """Return one of a community's turns, locked against other writers until the transaction ends."""
    return session.exec(
        select(KeeperTurn).where(KeeperTurn.id == turn_id, KeeperTurn.community_id == community_id).with_for_update()
    ).one_or_none()


def turns_of(session: Session, community_id: int, member_id: int) -> Sequence[KeeperTurn]:
    """Return the turns a member keeps or kept in a community, oldest first."""
    return session.exec(
        select(KeeperTurn)
        .where(KeeperTurn.keeper_id == member_id, KeeperTurn.community_id == community_id)
        .order_by(col(KeeperTurn.starts_at), col(KeeperTurn.id))
    ).all()


def latest_turn(session: Session, community_id: int) -> KeeperTurn | None:
    """Return the turn that began last in a community, whether or not it is over."""
    return session.exec(
        select(KeeperTurn)
        .where(KeeperTurn.community_id == community_id)
        .order_by(col(KeeperTurn.starts_at).desc(), col(KeeperTurn.id).desc())
        .limit(1)
    ).one_or_none()


def last_kept(session: Session, but_not: KeeperTurn, member_id: int) -> datetime | None:
    """Return when the last turn began that a member kept in a community, another one than ``but_not``."""
    return session.exec(
        select(func.max(KeeperTurn.starts_at)).where(
            KeeperTurn.keeper_id == member_id,
            KeeperTurn.community_id == but_not.community_id,
            KeeperTurn.id != but_not.id,
        )
    ).one()


def members_who_kept_since(session: Session, community_id: int, since: datetime) -> Sequence[Member]:
    """Return the members to whom a turn was given since then."""
    return session.exec(select(Member).where(Member.community_id == community_id, col(Member.kept_at) >= since)).all()


def turn_now(session: Session, community_id: int, now: datetime) -> KeeperTurn | None:
    """Return the keeper's turn a community is in."""
    return session.exec(
        select(KeeperTurn)
        .where(KeeperTurn.community_id == community_id, KeeperTurn.ends_at > now, KeeperTurn.starts_at <= now)
        .order_by(col(KeeperTurn.starts_at).desc(), col(KeeperTurn.id).desc())
        .limit(1)
    ).one_or_none()


def volunteers(session: Session, community_id: int) -> Sequence[Member]:
    """Return the members who take turns at keeping calls, those who never kept first, then the longest ago."""
    found = session.exec(select(Member).where(Member.community_id == community_id, col(Member.keeps).is_(True))).all()
    return sorted(found, key=lambda each: (each.kept_at is not None, each.kept_at, each.member_id))
