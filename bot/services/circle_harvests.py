"""What circles that are over have left: their harvests, and the published summaries of their threads."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from bot.store.circles import Circle, CircleState, Harvest, harvest_of
from bot.store.summaries import Summary, are_published


@dataclass(frozen=True)
class Gathered:
    """A circle that is over, since when, and what it has left: one of the two at least, posted."""

    circle: Circle
    at: datetime
    harvest: Harvest | None
    summary: Summary | None


def gathered(session: Session, community_id: int, readable: Collection[int], limit: int) -> list[Gathered]:
    """Return the circles over last that have left something, of those whose card stands in a ``readable`` channel."""
    harvested = select(Harvest.circle_id).where(Harvest.circle_id == Circle.id, col(Harvest.message_id).is_not(None))
    posted = (*are_published(community_id), col(Summary.message_id).is_not(None))
    summarised = select(Summary.id).where(Summary.thread_id == Circle.message_id, *posted)
    over = (
        select(Circle)
        .where(
            Circle.community_id == community_id,
            Circle.state == CircleState.CLOSED,
            col(Circle.channel_id).in_(readable),
            or_(harvested.exists(), summarised.exists()),
        )
        .order_by(col(Circle.ended_at).desc(), col(Circle.id).desc())
        .limit(limit)
    )
    found: list[Gathered] = []
    for circle in session.exec(over).all():
        harvest = harvest_of(session, circle.id)
        latest = select(Summary).where(Summary.thread_id == circle.message_id, *posted)
        summary = session.exec(latest.order_by(col(Summary.up_to_id).desc(), col(Summary.id).desc()).limit(1)).first()
        there = harvest if harvest is not None and harvest.message_id is not None else None
        found.append(Gathered(circle, circle.ended_at or circle.starts_at, there, summary))
    return found
