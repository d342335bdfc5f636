"""What is kept about one member in summaries: exported, left out, forgotten."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from bot.services.summary_showing import show_summary, take_out
from bot.store.summaries import (
    Summary,
    SummaryPerson,
    SummaryPoint,
    SummarySource,
    SummaryState,
    remove_summary,
)


def summaries_export(session: Session, community_id: int, member_id: int) -> dict[str, Any]:
    """Return everything kept about a member in summaries, as plain values for a JSON file. Others are not named."""
    resting = session.exec(
        select(SummarySource, SummaryPoint, Summary)
        .join(SummaryPoint, col(SummaryPoint.id) == SummarySource.point_id)
        .join(Summary, col(Summary.id) == SummarySource.summary_id)
        .where(Summary.community_id == community_id, SummarySource.author_id == member_id)
        .order_by(col(SummarySource.id))
    )
    named = session.exec(
        select(SummaryPerson)
        .join(Summary, col(Summary.id) == SummaryPerson.summary_id)
        .where(Summary.community_id == community_id, SummaryPerson.member_id == member_id)
        .order_by(col(SummaryPerson.summary_id))
    )
    return {
        "summaries_asked_for": [
            {
                "summary": each.id,
                "thread_id": str(each.thread_id),
                "state": each.state.value,
                "with_the_model": each.unmodelled is None and each.state is not SummaryState.PRICED,
                "made_at": each.made_at.isoformat(timespec="seconds"),
                "message_id": str(each.message_id) if each.message_id else None,
            }
            for each in _asked_for(session, community_id, member_id)
        ],
        "summaries_resting_on_your_words": [
            {
                "summary": summary.id,
                "thread_id": str(summary.thread_id),
                "under": point.heading.value,
                "words": point.words,
                "message_id": str(source.message_id),
            }
            for source, point, summary in resting
        ],
        "named_in_summaries": [
            {"summary": each.summary_id, "as": f"Person {each.number}", "name": each.name, "spoke": each.spoke}
            for each in named
        ],
    }


def summaries_resting_on_words(session: Session, community_id: int, member_id: int) -> int:
    """Return how many summaries rest on words of a member's."""
    return session.exec(
        select(func.count(func.distinct(SummarySource.summary_id)))
        .join(Summary, col(Summary.id) == SummarySource.summary_id)
        .where(Summary.community_id == community_id, SummarySource.author_id == member_id)
    ).one()


def leave_out(session: Session, community_id: int, member_id: int, now: datetime) -> None:
    """Take a member out of all summaries kept: what rests on their words alone goes, and their name from the rest."""
    resting = select(SummarySource.summary_id).where(SummarySource.author_id == member_id)
    named = select(SummaryPerson.summary_id).where(SummaryPerson.member_id == member_id)
    touched = session.exec(
        select(Summary)
        .where(Summary.community_id == community_id, col(Summary.id).in_(resting) | col(Summary.id).in_(named))
        .order_by(col(Summary.id))
        .with_for_update()
    ).all()
    take_out(session, touched, [member_id], now)


def forget_summaries(session: Session, community_id: int, member_id: int, now: datetime) -> None:
    """Erase a member from summaries, also as the one who asked; their drafts go."""
    leave_out(session, community_id, member_id, now)
    for summary in _asked_for(session, community_id, member_id):
        summary.asker_id = summary.request_id = None
        if summary.state is SummaryState.PUBLISHED:
            show_summary(session, summary, now)
        else:
            remove_summary(session, summary)


def _asked_for(session: Session, community_id: int, member_id: int) -> list[Summary]:
    theirs = select(Summary).where(Summary.community_id == community_id, Summary.asker_id == member_id)
    return list(session.exec(theirs.order_by(col(Summary.id))))
