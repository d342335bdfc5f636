"""Plans what a circle shows: its card, its event, its panel, and what is said in its thread."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.store.circles import Circle, Way
from bot.store.deliveries import NEW, DeliveryKind, Priority, plan_all

TOGETHER = "together"
"""The key in ``Session.info`` of what is planned together."""


@contextmanager
def planned_together(session: Session) -> Generator[None]:
    """Let what is planned here for circles be written down at the end, all at once and in the order it was planned."""
    planned: list[dict[str, Any]] = []
    session.info[TOGETHER] = planned
    try:
        yield
    finally:
        del session.info[TOGETHER]
    plan_all(session, planned)


def show_circle(session: Session, circle: Circle, now: datetime, *, event: bool = False) -> None:
    """Plan that a circle's card shows how it stands; the first time posts it.

    With ``event`` the scheduled event of a live circle is made, or kept in step.
    """
    circle.version += 1
    _plan(session, circle, DeliveryKind.CIRCLE, str(circle.version - 1), now)
    if event:
        show_event(session, circle, now)


def show_event(session: Session, circle: Circle, now: datetime) -> None:
    """Plan that the scheduled event of a live circle is made, or looked at and kept in step."""
    if circle.way is Way.LIVE:
        circle.event_version += 1
        _plan(session, circle, DeliveryKind.EVENT, str(circle.event_version - 1), now)


def show_panel(session: Session, circle: Circle, now: datetime, *, anew: bool = False) -> None:
    """Plan that a circle's panel shows the step it is at; the first time, and ``anew``, it is a new message."""
    posts = anew or circle.panel_version == 0
    circle.panel_version += 1
    key = f"{circle.panel_version - 1}:{circle.step}{NEW if posts else ''}"
    _plan(session, circle, DeliveryKind.PANEL, key, now)


def say_in_circle(
    session: Session, circle: Circle, what: str, due_at: datetime, *, expires_at: datetime | None = None
) -> None:
    """Plan something to be said in a circle's thread; ``what`` is a word and what it is about, such as ``invite:1``."""
    circle.said += 1
    _plan(session, circle, DeliveryKind.CIRCLE_WORD, f"{circle.said - 1}:{what}", due_at, expires_at)


def begins_at(circle: Circle) -> str:
    """Return when a circle begins, as what a word is about: one about another time is not said any more."""
    return str(int(circle.starts_at.timestamp()))


def _plan(
    session: Session,
    circle: Circle,
    kind: DeliveryKind,
    key: str,
    due_at: datetime,
    expires_at: datetime | None = None,
) -> None:
    assert circle.id is not None
    delivery = {
        "kind": kind,
        "subject_id": circle.id,
        "key": key,
        "community_id": circle.community_id,
        "due_at": due_at,
        "priority": Priority.WORDS,
        "expires_at": expires_at,
    }
    if TOGETHER in session.info:
        session.info[TOGETHER].append(delivery)
    else:
        plan_all(session, [delivery])
