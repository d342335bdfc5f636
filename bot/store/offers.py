"""Offers: what members said they can be asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from bot.store.columns import reference, row_id, snowflake

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""In ``asked_at``: not asked yet. An instant rather than nothing, so that indexes on both databases have it first."""


class Offer(SQLModel, table=True):
    """One word or phrase a member offers; ``asked_at`` is when the member was last asked, for whichever offer."""

    __table_args__ = (
        UniqueConstraint("community_id", "member_id", "words"),
        Index("ix_offer_asked_at", "community_id", "asked_at"),
    )

    id: int | None = row_id()
    community_id: int = snowflake()
    member_id: int = snowflake()
    words: str = Field(max_length=80)
    asked_at: datetime = Field(default=NEVER)


class OfferStem(SQLModel, table=True):
    """One stem of an offer's words; who was asked longest ago comes first in its index."""

    __table_args__ = (Index("ix_offerstem_asked_at", "community_id", "stem", "asked_at"),)

    offer_id: int = reference("offer.id", primary_key=True)
    stem: str = Field(primary_key=True, max_length=80)
    community_id: int = snowflake()
    member_id: int = snowflake(index=True)
    asked_at: datetime = Field(default=NEVER)


def offers_of(session: Session, community_id: int, member_id: int) -> Sequence[Offer]:
    """Return what a member offers, oldest first."""
    return session.exec(
        select(Offer).where(Offer.community_id == community_id, Offer.member_id == member_id).order_by(col(Offer.id))
    ).all()
