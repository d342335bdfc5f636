"""What was said before and is drawn anew, as after somebody was forgotten."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from bot.store.deliveries import AGAIN, WAITING, Delivery, DeliveryKind, DeliveryState, plan


def circle_words_said(session: Session, community_id: int) -> Sequence[Delivery]:
    """Return what was said, or may be being said, in the threads of a community's circles, in the order planned."""
    return session.exec(
        select(Delivery)
        .where(
            Delivery.community_id == community_id,
            Delivery.kind == DeliveryKind.CIRCLE_WORD,
            or_(
                col(Delivery.state) == DeliveryState.SENT,
                and_(col(Delivery.state).in_(WAITING), col(Delivery.attempt) > 0),
            ),
            col(Delivery.key).not_like(f"%{AGAIN}%"),
        )
        .order_by(col(Delivery.id))
    ).all()


def say_again(session: Session, said: Delivery, now: datetime) -> None:
    """Plan that something said before is drawn anew from its rows; its key grows a ``~`` and a count."""
    count = 1
    while not plan(
        session,
        said.kind,
        said.subject_id,
        key=f"{said.key}{AGAIN}{count}",
        community_id=said.community_id,
        due_at=now,
        priority=said.priority,
    ):
        count += 1


def said_before(session: Session, again: Delivery) -> tuple[int, int] | None:
    """Return the channel and id of the message a delivery draws anew; ``None`` where it never came to be."""
    first = session.exec(
        select(Delivery).where(
            Delivery.kind == again.kind,
            Delivery.subject_id == again.subject_id,
            Delivery.key == again.key.partition(AGAIN)[0],
        )
    ).one_or_none()
    if first is None or first.channel_id is None or first.message_id is None:
        return None
    return first.channel_id, first.message_id
