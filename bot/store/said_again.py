"""What was said before: to be drawn anew, as after somebody was forgotten, or not to be said twice."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from bot.store.deliveries import AGAIN, NEW, WAITING, Delivery, DeliveryKind, DeliveryState, plan


def said_in_circles(session: Session, community_id: int) -> Sequence[Delivery]:
    """Return what was said, or may be being said, in the threads of a community's circles, in the order planned.

    That is every word, and every panel that was a message of its own.
    """
    return session.exec(
        select(Delivery)
        .where(
            Delivery.community_id == community_id,
            or_(
                col(Delivery.kind) == DeliveryKind.CIRCLE_WORD,
                and_(col(Delivery.kind) == DeliveryKind.PANEL, col(Delivery.key).like(f"%{NEW}")),
            ),
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


def is_said(session: Session, circle_id: int | None, what: str, since: datetime | None = None) -> bool:
    """Tell whether a word was planned for a circle's thread, or said there; ``since``: later than that only."""
    word = select(Delivery.id).where(
        Delivery.kind == DeliveryKind.CIRCLE_WORD,
        Delivery.subject_id == circle_id,
        col(Delivery.key).like(f"%:{what}:%"),
    )
    if since is not None:
        word = word.where(Delivery.due_at > since)
    return session.exec(word.limit(1)).first() is not None


def step_posted(session: Session, circle_id: int | None, message_id: int | None) -> int | None:
    """Return at which step a circle's panel was posted as this message; ``None`` where that is not kept."""
    posted = session.exec(
        select(Delivery.key).where(
            Delivery.kind == DeliveryKind.PANEL,
            Delivery.subject_id == circle_id,
            Delivery.message_id == message_id,
            col(Delivery.key).like(f"%:%{NEW}"),
        )
    ).first()
    return None if posted is None else int(posted.split(":")[1])


def said_last(session: Session, following: Delivery) -> Delivery | None:
    """Return the latest message that was sent or edited for a delivery's subject before it."""
    return session.exec(
        select(Delivery)
        .where(
            Delivery.kind == following.kind,
            Delivery.subject_id == following.subject_id,
            col(Delivery.id) < following.id,
            Delivery.state == DeliveryState.SENT,
        )
        .order_by(col(Delivery.id).desc())
        .limit(1)
    ).one_or_none()
