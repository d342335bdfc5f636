"""Who carries a circle from step to step, and what is said when they do not press what is due."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.formats import Role
from bot.services.circle_showing import say_in_circle
from bot.store.circles import Circle, CircleRole, CircleState

LEADS = (Role.HOST, Role.CO_HOST, Role.GUARDIAN)
VANISHED = timedelta(minutes=5)
"""How long a step may be over, or a circle due, before anyone may press what the host would."""


def is_for_anyone(circle: Circle, roles: Mapping[Role, CircleRole], now: datetime) -> bool:
    """Tell whether anyone may carry a circle: nobody hosts it, or what is due has waited for five minutes."""
    due_at = circle.starts_at if circle.state is CircleState.PLANNED else circle.step_ends_at
    return _is_unled(circle, roles) or (due_at is not None and now >= due_at + VANISHED)


def say_that_it_waits(
    session: Session, circle: Circle, roles: Mapping[Role, CircleRole], now: datetime, until: datetime
) -> None:
    """Say that anyone may press what is due now, unless anyone might all along."""
    if not _is_unled(circle, roles):
        say_in_circle(session, circle, f"waits:{circle.step}", now, expires_at=until)


def _is_unled(circle: Circle, roles: Mapping[Role, CircleRole]) -> bool:
    return circle.hostless or not any(each in roles for each in LEADS)
