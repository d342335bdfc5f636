"""Gentle reminders: for those who asked, about a round they have neither answered nor passed."""

from datetime import datetime, time, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.calendar import instant_at, local_day
from bot.store.checkins import Round, RoundState
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState, plan
from bot.store.members import Member, members_who_want_reminders

LAST_CALL = timedelta(hours=6)
"""A reminder this close to the round's end would chase rather than remind."""


def plan_reminders(session: Session, community: Community, opened: Round, now: datetime) -> None:
    """Plan a reminder for everyone in a community who asked for them."""
    for member in members_who_want_reminders(session, community.id):
        plan_reminder(session, community, opened, member, now)


def plan_reminders_anew(session: Session, community: Community, member: Member, now: datetime) -> None:
    """Plan a member's reminders of the rounds that are open, after they changed when or whether they want them.

    Only what was never tried is planned anew: a reminder that came, or may be on its way, stays the round's only one.
    """
    session.connection().execute(
        delete(Delivery).where(
            col(Delivery.community_id) == community.id,
            col(Delivery.kind) == DeliveryKind.REMINDER,
            col(Delivery.key) == str(member.member_id),
            col(Delivery.state) == DeliveryState.PENDING,
            col(Delivery.attempt) == 0,
        )
    )
    if not member.reminders:
        return
    rounds = select(Round).where(Round.community_id == community.id, Round.state == RoundState.OPEN)
    for opened in session.exec(rounds.order_by(col(Round.id))):
        plan_reminder(session, community, opened, member, now)


def plan_reminder(session: Session, community: Community, opened: Round, member: Member, now: datetime) -> None:
    """Plan one member's reminder at their own hour, the last that is six hours before the round closes.

    Nothing is planned when that hour has gone by.
    """
    zone = member.zone or community.zone
    latest = opened.closes_at - LAST_CALL
    due_at = instant_at(local_day(latest, zone), time(member.reminder_hour), zone)
    if due_at > latest:
        due_at = instant_at(local_day(latest, zone) - timedelta(days=1), time(member.reminder_hour), zone)
    if due_at <= max(now, opened.opens_at):
        return
    assert opened.id is not None
    plan(
        session,
        DeliveryKind.REMINDER,
        opened.id,
        key=str(member.member_id),
        community_id=community.id,
        due_at=due_at,
        expires_at=opened.closes_at,
    )
