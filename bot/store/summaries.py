"""Summaries of threads: drafts and published ones, point by point with what each rests on, and what the model costs."""

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from bot.store.columns import one_of, reference, row_id, snowflake
from bot.store.deliveries import WAITING, Delivery, DeliveryKind

LONGEST_POINT = 300
PERSON = re.compile(r"\bPerson (\d+)\b")
"""How people stand in a point's words: by their number."""


class SummaryState(StrEnum):
    """A draft is seen by its asker alone."""

    PRICED = "priced"
    """There is nothing in it yet: its price is not agreed to, or the model is being asked."""
    DRAFT = "draft"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    """Nothing is left in it: it stays until its thread was told that words of it went to the model."""


class Heading(StrEnum):
    """Under which heading a point stands; the last two are those of a plain gathering."""

    ASKED = "asked"
    OFFERED = "offered"
    OPEN = "open"
    COMMITMENTS = "commitments"
    THANKS = "thanks"
    LINKS = "links"
    WELCOMED = "welcomed"


class Unmodelled(StrEnum):
    """Why a summary was made without the model."""

    NONE = "none"
    """Whoever runs Kith has given it none."""
    OFF = "off"
    """The community has not turned it on."""
    BUDGET = "budget"
    FAILED = "failed"
    CHOSEN = "chosen"


class Summary(SQLModel, table=True):
    """One summary of a thread or channel, from after one message up to another.

    ``parent_id`` is the channel whose permissions say who may read it: a thread's parent, else the channel itself;
    ``private``: only those let into the thread may. ``unmodelled`` is empty when the model made it. ``language`` is
    the thread's, as a code such as ``de``. ``messages`` counts those it was made from, ``skipped`` those left out
    for time or budget; ``cut``: still older ones were not read at all. ``previous_id`` is the published summary whose
    range ended where this begins. ``outdated``: a message it rests on was changed or deleted since. A published one
    stands in the thread as ``message_id``; ``version`` counts what that message has shown.
    """

    __table_args__ = {"sqlite_autoincrement": True}
    """An id stands in buttons and deliveries that outlive a draft: none may come twice."""

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id")
    thread_id: int = snowflake(index=True)
    parent_id: int = snowflake()
    private: bool = False
    asker_id: int | None = snowflake(default=None, index=True)
    request_id: int | None = snowflake(default=None, unique=True)
    state: SummaryState = one_of(SummaryState)
    unmodelled: Unmodelled | None = one_of(Unmodelled, default=None)
    language: str = Field(default="en", max_length=10)
    after_id: int | None = snowflake(default=None)
    up_to_id: int | None = snowflake(default=None)
    previous_id: int | None = reference("summary.id", default=None)
    messages: int = 0
    skipped: int = 0
    cut: bool = False
    made_at: datetime
    published_at: datetime | None = None
    message_id: int | None = snowflake(default=None, unique=True)
    version: int = 0
    outdated: bool = False


class SummaryPoint(SQLModel, table=True):
    """One point of a summary. People stand in its words as ``Person 3``; ``added``: its asker wrote it themselves."""

    id: int | None = row_id()
    summary_id: int = reference("summary.id", index=True)
    heading: Heading = one_of(Heading)
    place: int
    words: str = Field(max_length=LONGEST_POINT)
    added: bool = False


class SummarySource(SQLModel, table=True):
    """A message a point rests on, and who wrote it: nobody's once that member was forgotten or can't be told."""

    id: int | None = row_id()
    point_id: int = reference("summarypoint.id", index=True)
    summary_id: int = reference("summary.id", index=True)
    channel_id: int = snowflake()
    message_id: int = snowflake(index=True)
    author_id: int | None = snowflake(default=None, index=True)


class SummaryPerson(SQLModel, table=True):
    """Who ``Person 3`` is in a summary; without a name once that member was forgotten or left their words out."""

    summary_id: int = reference("summary.id", primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    member_id: int | None = snowflake(default=None, index=True)
    name: str = Field(default="", max_length=100)
    spoke: bool = False


class ConfidentialThread(SQLModel, table=True):
    """A thread no summary is made of."""

    thread_id: int = snowflake(primary_key=True)
    community_id: int = snowflake(foreign_key="community.id")


class ModelUse(SQLModel, table=True):
    """One request to the model, counted in the month (its first day, UTC) it was made in.

    ``reserved`` tokens are set aside before it is sent and count until it has ``used`` what the server reports;
    one that reports nothing, or whose process died, has used what was set aside.
    """

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id", index=True)
    month: date
    reserved: int
    used: int | None = None


def summary_of(session: Session, community_id: int, summary_id: int) -> Summary | None:
    """Return one of a community's summaries, locked against other writers until the transaction ends."""
    return session.exec(
        select(Summary).where(Summary.id == summary_id, Summary.community_id == community_id).with_for_update()
    ).one_or_none()


def hold_summary(session: Session, summary_id: int) -> None:
    """Let no two transactions decide at once on a summary's notice and its end: the later one begins anew."""
    held = update(Summary).where(col(Summary.id) == summary_id).values(state=Summary.state)
    session.connection().execute(held)


def summary_requested_by(session: Session, community_id: int, request_id: int) -> Summary | None:
    """Return the summary an interaction asked for."""
    return session.exec(
        select(Summary).where(Summary.community_id == community_id, Summary.request_id == request_id)
    ).one_or_none()


def points_of(session: Session, summary_id: int | None) -> Sequence[SummaryPoint]:
    """Return a summary's points in their order."""
    return session.exec(
        select(SummaryPoint)
        .where(SummaryPoint.summary_id == summary_id)
        .order_by(col(SummaryPoint.place), col(SummaryPoint.id))
    ).all()


def sources_of(session: Session, summary_id: int | None) -> Sequence[SummarySource]:
    """Return what a summary's points rest on, in the order of the messages."""
    return session.exec(
        select(SummarySource)
        .where(SummarySource.summary_id == summary_id)
        .order_by(col(SummarySource.message_id), col(SummarySource.id))
    ).all()


def people_in(session: Session, summary_id: int | None) -> Sequence[SummaryPerson]:
    """Return who is who in a summary."""
    return session.exec(
        select(SummaryPerson).where(SummaryPerson.summary_id == summary_id).order_by(col(SummaryPerson.number))
    ).all()


def latest_published(session: Session, community_id: int, thread_id: int) -> Summary | None:
    """Return the published summary of a thread that reaches furthest."""
    return session.exec(
        select(Summary)
        .where(
            Summary.community_id == community_id,
            Summary.thread_id == thread_id,
            Summary.state == SummaryState.PUBLISHED,
        )
        .order_by(col(Summary.up_to_id).desc(), col(Summary.id).desc())
        .limit(1)
    ).one_or_none()


def are_published(community_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that summaries of a community are published, and their threads not confidential."""
    confidential = select(ConfidentialThread.thread_id).where(ConfidentialThread.community_id == community_id)
    return (
        col(Summary.community_id) == community_id,
        col(Summary.state) == SummaryState.PUBLISHED,
        col(Summary.thread_id).not_in(confidential),
    )


def published_in(
    session: Session,
    community_id: int,
    *,
    thread_id: int | None = None,
    readable: Collection[int] | None = None,
    limit: int,
) -> Sequence[Summary]:
    """Return a community's published summaries, newest first, none of confidential threads.

    Those of one thread; else those everyone may read who reads one of the ``readable`` channels.
    """
    found = select(Summary).where(*are_published(community_id))
    if thread_id is not None:
        found = found.where(Summary.thread_id == thread_id)
    if readable is not None:
        found = found.where(col(Summary.parent_id).in_(readable), col(Summary.private).is_(False))
    return session.exec(found.order_by(col(Summary.published_at).desc(), col(Summary.id).desc()).limit(limit)).all()


def is_confidential(session: Session, community_id: int, thread_id: int) -> bool:
    """Tell whether no summary is made of a thread."""
    found = session.get(ConfidentialThread, thread_id)
    return found is not None and found.community_id == community_id


def summaries_resting_on(session: Session, community_id: int, message_ids: Collection[int]) -> Sequence[Summary]:
    """Return the summaries that cite any of these messages."""
    citing = select(SummarySource.summary_id).where(col(SummarySource.message_id).in_(message_ids))
    return session.exec(
        select(Summary)
        .where(Summary.community_id == community_id, col(Summary.id).in_(citing))
        .order_by(col(Summary.id))
    ).all()


def summaries_standing_as(session: Session, community_id: int, message_ids: Collection[int]) -> Sequence[Summary]:
    """Return the published summaries whose own messages are these."""
    return session.exec(
        select(Summary).where(Summary.community_id == community_id, col(Summary.message_id).in_(message_ids))
    ).all()


def tokens_this_month(session: Session, community_id: int, month: date) -> int:
    """Return how many tokens a community has used, or set aside, in a month."""
    spent = func.coalesce(ModelUse.used, ModelUse.reserved)
    return session.exec(
        select(func.coalesce(func.sum(spent), 0)).where(ModelUse.community_id == community_id, ModelUse.month == month)
    ).one()


def remove_points(session: Session, summary_id: int | None) -> None:
    """Remove a summary's points and what they rest on."""
    session.flush()
    for table in (SummarySource, SummaryPoint):
        session.connection().execute(delete(table).where(col(table.summary_id) == summary_id))


def remove_summary(session: Session, summary: Summary) -> None:
    """Remove a summary whole, or all that is in it while its notice waits; one that follows it stands alone then."""
    remove_points(session, summary.id)
    session.connection().execute(delete(SummaryPerson).where(col(SummaryPerson.summary_id) == summary.id))
    for following in session.exec(select(Summary).where(Summary.previous_id == summary.id)):
        following.previous_id = None
    session.flush()
    notice = select(Delivery.id).where(
        Delivery.kind == DeliveryKind.SUMMARY_NOTICE,
        Delivery.subject_id == summary.id,
        col(Delivery.state).in_(WAITING),
    )
    if session.exec(notice).first() is None:
        session.delete(summary)
    else:
        summary.state = SummaryState.DISCARDED
        summary.request_id = summary.message_id = summary.published_at = None
    session.flush()
