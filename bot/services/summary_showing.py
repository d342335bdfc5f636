"""Summaries as they stand: whole, in every language, and what a published one shows in its thread."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.store.communities import Community
from bot.store.deliveries import DeliveryKind, Priority, plan
from bot.store.summaries import (
    Summary,
    SummaryPerson,
    SummaryPoint,
    SummarySource,
    SummaryState,
    is_confidential,
    people_in,
    points_of,
    sources_of,
    summaries_resting_on,
)


@dataclass(frozen=True)
class SummaryView:
    """A summary whole: its points in order, each with what it rests on, who is who, and the one it follows.

    ``kept_out``: its thread is confidential by now.
    """

    community: Community
    summary: Summary
    points: list[tuple[SummaryPoint, list[SummarySource]]]
    people: dict[int, SummaryPerson]
    previous: Summary | None = None
    kept_out: bool = False

    @property
    def numbers(self) -> dict[int, int]:
        """The numbers messages have in the form, from 1 on, by message id."""
        cited = sorted({each.message_id for _point, sources in self.points for each in sources})
        return {message_id: number for number, message_id in enumerate(cited, 1)}


def view_of(session: Session, summary: Summary) -> SummaryView:
    """Return a summary whole."""
    sources = sources_of(session, summary.id)
    return SummaryView(
        community=session.get_one(Community, summary.community_id),
        summary=summary,
        points=[
            (point, [each for each in sources if each.point_id == point.id]) for point in points_of(session, summary.id)
        ],
        people={each.number: each for each in people_in(session, summary.id)},
        previous=session.get(Summary, summary.previous_id) if summary.previous_id else None,
        kept_out=is_confidential(session, summary.community_id, summary.thread_id),
    )


def show_summary(session: Session, summary: Summary, now: datetime) -> None:
    """Plan that the thread shows a published summary as it stands; the first time posts it."""
    assert summary.id is not None
    plan(
        session,
        DeliveryKind.SUMMARY,
        summary.id,
        key=str(summary.version),
        community_id=summary.community_id,
        due_at=now,
        priority=Priority.WORDS,
    )
    summary.version += 1


def outdate(session: Session, community_id: int, message_ids: Collection[int], now: datetime) -> None:
    """Note that messages were changed or deleted: the summaries that rest on them are outdated, and say so."""
    for summary in summaries_resting_on(session, community_id, message_ids):
        if not summary.outdated:
            summary.outdated = True
            if summary.state is SummaryState.PUBLISHED:
                show_summary(session, summary, now)


def take_out(session: Session, summaries: Collection[Summary], member_ids: Collection[int], now: datetime) -> None:
    """Take members out of summaries: what rests on their words alone goes, and their name from the rest."""
    for summary in summaries:
        touched = False
        for person in people_in(session, summary.id):
            if person.member_id in member_ids:
                person.member_id, person.name, touched = None, "", True
        theirs = [each for each in sources_of(session, summary.id) if each.author_id in member_ids]
        for source in theirs:
            session.delete(source)
        session.flush()
        left = {each.point_id for each in sources_of(session, summary.id)}
        for point in points_of(session, summary.id):
            if point.id in {each.point_id for each in theirs} - left and not point.added:
                session.delete(point)
        session.flush()
        if (touched or theirs) and summary.state is SummaryState.PUBLISHED:
            show_summary(session, summary, now)
