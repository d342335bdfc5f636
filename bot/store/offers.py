"""Offers: what members said they can be asked for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    UniqueConstraint,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    tuple_,
    update,
    values,
)
from sqlalchemy import select as rows
from sqlmodel import AutoString, Field, Session, SQLModel, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from bot.store.calls import Response
from bot.store.columns import reference, row_id, snowflake
from bot.store.members import ASKS_A_MONTH, Member

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""In ``asked_at``: not asked yet. An instant rather than nothing, so that indexes on both databases have it first."""
Turn = tuple[datetime, int]
"""A place in the order of asking: when someone was last asked, and their id."""
FIRST: Turn = (NEVER, -1)
"""Comes before everyone."""
MONTH = timedelta(days=30)


class Offer(SQLModel, table=True):
    """One word or phrase a member offers; ``asked_at`` is when the member was last asked, for whichever offer."""

    __table_args__ = (
        UniqueConstraint("community_id", "member_id", "words"),
        Index("ix_offer_asked_at", "community_id", "asked_at", "member_id"),
    )

    id: int | None = row_id()
    community_id: int = snowflake()
    member_id: int = snowflake()
    words: str = Field(max_length=80)
    asked_at: datetime = Field(default=NEVER)


class OfferStem(SQLModel, table=True):
    """One stem of an offer's words; who was asked longest ago comes first in its index."""

    __table_args__ = (
        Index("ix_offerstem_asked_at", "community_id", "stem", "asked_at", "member_id"),
        Index("ix_offerstem_member_id", "member_id", "community_id"),
    )

    offer_id: int = reference("offer.id", primary_key=True)
    stem: str = Field(primary_key=True, max_length=80)
    community_id: int = snowflake()
    member_id: int = snowflake()
    asked_at: datetime = Field(default=NEVER)


@dataclass(frozen=True)
class Candidate:
    """Someone who might be asked: their choices, and how often they were asked in the last 30 days.

    ``zone`` is empty for the community's.
    """

    asked_at: datetime
    member_id: int
    times: int
    zone: str | None
    away_until: date | None
    asks_a_month: int

    @property
    def turn(self) -> Turn:
        """Where they stand in the order of asking."""
        return self.asked_at, self.member_id


def offers_by(session: Session, community_id: int, member_ids: Collection[int]) -> dict[int, list[Offer]]:
    """Return what each of some members offers, oldest first."""
    found: dict[int, list[Offer]] = {each: [] for each in member_ids}
    wanted = select(Offer).where(Offer.community_id == community_id, col(Offer.member_id).in_(member_ids))
    for each in session.exec(wanted.order_by(col(Offer.id))):
        found[each.member_id].append(each)
    return found


def offers_of(session: Session, community_id: int, member_id: int) -> Sequence[Offer]:
    """Return what a member offers, oldest first."""
    return session.exec(
        select(Offer).where(Offer.community_id == community_id, Offer.member_id == member_id).order_by(col(Offer.id))
    ).all()


def stems_of(session: Session, community_id: int, member_id: int) -> Sequence[OfferStem]:
    """Return the stems of a member's offers, offer by offer."""
    return session.exec(
        select(OfferStem)
        .where(OfferStem.member_id == member_id, OfferStem.community_id == community_id)
        .order_by(col(OfferStem.offer_id), col(OfferStem.stem))
    ).all()


def first_turns(session: Session, community_id: int, stems: Collection[str]) -> dict[str, Turn]:
    """Return, for each of these stems that anybody offers, where the first of them stands in the order of asking.

    It takes two looks into the index for each, however many offer it.
    """
    if not stems:
        return {}
    wanted = values(column("stem", AutoString()), name="wanted").data([(each,) for each in stems]).cte()
    asked_at, member_id = (
        rows(each)
        .where(col(OfferStem.community_id) == community_id, col(OfferStem.stem) == wanted.c.stem)
        .order_by(col(OfferStem.asked_at), col(OfferStem.member_id))
        .limit(1)
        .scalar_subquery()
        for each in (col(OfferStem.asked_at), col(OfferStem.member_id))
    )
    found = session.connection().execute(rows(wanted.c.stem, asked_at, member_id))
    return {stem: (asked_at, member_id) for stem, asked_at, member_id in found if member_id is not None}


def candidates(
    session: Session, community_id: int, stem: str | None, now: datetime, after: Turn, limit: int
) -> list[Candidate]:
    """Return those who offer something with this stem (or, with none, anything) and come after ``after``, in turn.

    The index gives them in the order of asking, so however many there are, only ``limit`` are looked at.
    """
    given = {"here": community_id, "stem": stem, "since": now - MONTH, "limit": limit}
    given |= {"after_at": after[0], "after_id": after[1]}
    return [Candidate(*row) for row in session.connection().execute(_in_turn(by_stem=stem is not None), given)]


@cache
def _in_turn(*, by_stem: bool) -> Any:
    """Return the question ``candidates`` asks, made once: that takes as long as answering it."""
    table: type[Offer] | type[OfferStem] = OfferStem if by_stem else Offer
    asked_at, member_id, here = col(table.asked_at), col(table.member_id), bindparam("here", type_=BigInteger())
    since, after_at = bindparam("since", type_=UTCDateTime()), bindparam("after_at", type_=UTCDateTime())
    times = rows(func.count()).where(
        col(Response.member_id) == member_id, col(Response.community_id) == here, col(Response.asked_at) > since
    )
    found = (
        rows(
            asked_at,
            member_id,
            case((asked_at > since, times.scalar_subquery()), else_=0),  # most were last asked before
            col(Member.zone),
            col(Member.away_until),
            func.coalesce(col(Member.asks_a_month), ASKS_A_MONTH),
        )
        .outerjoin(Member, (col(Member.community_id) == here) & (col(Member.member_id) == member_id))
        .where(col(table.community_id) == here)
        .where(tuple_(asked_at, member_id) > tuple_(after_at, bindparam("after_id", type_=BigInteger())))
        .order_by(asked_at, member_id)
        .limit(bindparam("limit", type_=Integer()))
    )
    return found.where(col(OfferStem.stem) == bindparam("stem", type_=AutoString())) if by_stem else found


def last_asked(session: Session, community_id: int, member_id: int) -> datetime:
    """Return when a member was last asked to respond to a call in a community."""
    asked = select(func.max(Response.asked_at)).where(
        Response.member_id == member_id, Response.community_id == community_id
    )
    return session.exec(asked).one() or NEVER


def note_asked(session: Session, community_id: int, member_ids: Collection[int], now: datetime) -> None:
    """Let members' offers stand where their being asked now puts them in the order of asking."""
    for table in (Offer, OfferStem):
        theirs = (col(table.community_id) == community_id, col(table.member_id).in_(member_ids))
        session.connection().execute(update(table).where(*theirs).values(asked_at=now))


def words_offered(session: Session, community_id: int, limit: int) -> Sequence[tuple[int, str]]:
    """Return who offers what, for the first ``limit`` offers of a community by its members' ids."""
    return session.exec(
        select(Offer.member_id, Offer.words)
        .where(Offer.community_id == community_id)
        .order_by(col(Offer.member_id), col(Offer.words))
        .limit(limit)
    ).all()


def offers_after(session: Session, community_id: int, after: tuple[int, str], limit: int) -> Sequence[Offer]:
    """Return a community's offers that come after these of a member, by members' ids and words."""
    return session.exec(
        select(Offer)
        .where(Offer.community_id == community_id, tuple_(col(Offer.member_id), col(Offer.words)) > after)
        .order_by(col(Offer.member_id), col(Offer.words))
        .limit(limit)
    ).all()


def add_stems(session: Session, stemmed: Iterable[tuple[Offer, Iterable[str]]]) -> None:
    """Note the stems of offers' words."""
    found = [
        {"offer_id": offer.id, "stem": stem, **offer.model_dump(include={"community_id", "member_id", "asked_at"})}
        for offer, stems in stemmed
        for stem in stems
    ]
    if found:
        session.connection().execute(insert(OfferStem), found)


def remove_stems(session: Session, community_id: int) -> None:
    """Forget the stems of all offers in a community."""
    session.connection().execute(delete(OfferStem).where(col(OfferStem.community_id) == community_id))


def remove_offers(session: Session, community_id: int, member_id: int, offer_id: int | None = None) -> None:
    """Remove one of a member's offers, or all of them."""
    for table, number in ((OfferStem, col(OfferStem.offer_id)), (Offer, col(Offer.id))):
        theirs = (col(table.community_id) == community_id, col(table.member_id) == member_id)
        one = () if offer_id is None else (number == offer_id,)
        session.connection().execute(delete(table).where(*theirs, *one))
