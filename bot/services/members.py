"""What members choose for themselves, what is kept about them, and how it is forgotten."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.calendar import local_day
from bot.clock import Clock
from bot.database import Database, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.checkins import erase
from bot.services.communities import check_zone
from bot.services.reminders import plan_reminder_of_open_rounds
from bot.store.checkins import CheckInKind, Round, check_ins_by
from bot.store.communities import Community, community_of
from bot.store.deliveries import WAITING, Delivery, DeliveryKind
from bot.store.members import Member, member_of, saved_member

LONGEST_AWAY = timedelta(days=366)


@dataclass(frozen=True)
class Me:
    """What a member's own panel shows. ``zone`` is theirs, else the community's."""

    member: Member
    zone: str
    check_ins: int
    language: str


class Members:
    """Keeps members' choices. Everything here is about the member who asks, in one community."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def find(self, session: Session, community_id: int, member_id: int) -> Me:
        """Return what a member chose and how much of theirs is kept."""
        return self._me(session, community_id, member_id)

    @transaction
    def choose(self, session: Session, community_id: int, member_id: int, **choices: Any) -> Me:
        """Keep a member's choices: columns of Member by name.

        ``reminder_hour`` is 0–23 in their zone. Raises Refusal for an unknown zone, or a date that is not after
        today or more than a year away.
        """
        now = self._clock.now()
        community = community_of(session, community_id, now)
        if choices.get("zone") is not None:
            choices["zone"] = check_zone(choices["zone"])
        if choices.get("away_until") is not None:
            zone = choices.get("zone") or member_of(session, community_id, member_id).zone or community.zone
            check_away(choices["away_until"], local_day(now, zone))
        member = saved_member(session, community_id, member_id)
        for name, value in choices.items():
            setattr(member, name, value)
        if choices.keys() & {"zone", "reminders", "reminder_hour"}:
            self._plan_reminders_anew(session, community, member)
        session.flush()
        return self._me(session, community_id, member_id)

    def _plan_reminders_anew(self, session: Session, community: Community, member: Member) -> None:
        session.connection().execute(
            delete(Delivery).where(*_reminders_of(community.id, member.member_id), col(Delivery.state).in_(WAITING))
        )
        if member.reminders:
            plan_reminder_of_open_rounds(session, community, member, self._clock.now())

    @transaction
    def export(self, session: Session, community_id: int, member_id: int) -> dict[str, Any]:
        """Return everything kept about one member here, as plain values for a JSON file."""
        member = member_of(session, community_id, member_id)
        written = check_ins_by(session, community_id, member_id)
        rounds = {
            each.id: each
            for each in session.exec(select(Round).where(col(Round.id).in_([each.round_id for each in written])))
        }
        reminded = session.exec(select(Delivery).where(*_reminders_of(community_id, member_id))).all()
        return {
            "about": "Everything Kith keeps about you in this community. Times are UTC.",
            "exported_at": _iso(self._clock.now()),
            "community_id": str(community_id),
            "member_id": str(member_id),
            "choices": {
                "language": member.language,
                "time_zone": member.zone,
                "away_until": member.away_until.isoformat() if member.away_until else None,
                "direct_message_reminders": member.reminders,
                "reminder_hour": member.reminder_hour,
                "answers_shared_with": member.share.value,
            },
            "check_ins": [
                {
                    "question": rounds[each.round_id].question if each.round_id else None,
                    "round_opened_at": _iso(rounds[each.round_id].opens_at) if each.round_id else None,
                    "what": each.kind.value,
                    "words": each.words,
                    "arriving": each.arriving,
                    "shared_with": each.share.value,
                    "asked_for_something": each.need,
                    "written_at": _iso(each.written_at),
                    "edited_at": _iso(each.edited_at) if each.edited_at else None,
                    "replied_to_at": _iso(each.replied_at) if each.replied_at else None,
                    "message_id": str(each.message_id) if each.message_id else None,
                }
                for each in written
            ],
            "reminders": [{"due_at": _iso(each.due_at), "state": each.state.value} for each in reminded],
        }

    @transaction
    def forget(self, session: Session, community_id: int, member_id: int) -> int:
        """Erase everything kept about a member; return of how many check-ins the words were erased.

        What they shared is removed from the threads. That someone answered or passed a round stays, as a count
        without a name. Doing it twice changes nothing.
        """
        now = self._clock.now()
        written = check_ins_by(session, community_id, member_id)
        for each in written:
            erase(session, each, now)
            each.member_id = None
            if each.round_id is None:
                session.delete(each)
        session.connection().execute(delete(Delivery).where(*_reminders_of(community_id, member_id)))
        session.connection().execute(
            delete(Member).where(col(Member.community_id) == community_id, col(Member.member_id) == member_id)
        )
        return sum(each.kind is CheckInKind.ANSWERED for each in written)

    def _me(self, session: Session, community_id: int, member_id: int) -> Me:
        community = community_of(session, community_id, self._clock.now())
        member = member_of(session, community_id, member_id)
        kept = sum(each.kind is CheckInKind.ANSWERED for each in check_ins_by(session, community_id, member_id))
        return Me(member, member.zone or community.zone, kept, member.language or community.language)


def check_away(until: date, today: date) -> None:
    """Raise Refusal unless ``until`` is after today and within a year."""
    if not today < until <= today + LONGEST_AWAY:
        raise Refusal(
            _("Choose a date after today and within a year, such as {date}.").format(
                date=(today + timedelta(days=14)).isoformat()
            )
        )


def _reminders_of(community_id: int, member_id: int) -> tuple[Any, ...]:
    return (
        col(Delivery.community_id) == community_id,
        col(Delivery.kind) == DeliveryKind.REMINDER,
        col(Delivery.key) == str(member_id),
    )


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
