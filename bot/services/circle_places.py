"""Where a live circle meets: it moves to another place, or the one it had is gone."""

from datetime import datetime

from sqlmodel import Session

from bot.courier import Said
from bot.services.circle_showing import say_in_circle, show_circle
from bot.store.circles import Circle, CircleState, Way
from bot.store.deliveries import Delivery
from bot.store.said_again import is_said

EVENT_GONE = "event-gone"
"""Why an event is not kept in step any more: somebody deleted it."""


def move_to(circle: Circle, place_id: int | None, link: str) -> bool:
    """Let a live circle meet in another channel or at another address, if one is given; tell whether it does."""
    before = circle.place_id, circle.link
    if circle.way is Way.LIVE and (place_id is not None or link):
        circle.place_id, circle.link = place_id, "" if place_id is not None else link
    return before != (circle.place_id, circle.link)


def lose_place(session: Session, circle: Circle, now: datetime) -> None:
    """Note that the channel a planned circle was to meet in is gone: card and thread ask for another."""
    if circle.state is CircleState.PLANNED and circle.place_id is not None:
        circle.place_id = None
        show_circle(session, circle, now, event=True)
        say_in_circle(session, circle, f"placeless:{circle.event_version}", now)


def settle_event(session: Session, delivery: Delivery, said: Said | None) -> None:
    """Keep a circle's event; of a planned circle's that somebody deleted, say so once: it is not made again."""
    circle = session.get(Circle, delivery.subject_id)
    if circle is not None and said is not None:
        circle.event_id = said.message_id
    if circle is None or delivery.reason != EVENT_GONE or circle.state is not CircleState.PLANNED:
        return
    if not is_said(session, circle.id, "eventless"):
        assert delivery.settled_at is not None
        say_in_circle(session, circle, f"eventless:{circle.event_id}", delivery.settled_at)
