"""What members choose for themselves, what is kept about them, and how it is forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_
from sqlmodel import Session, col, select

from bot.calendar import local_day
from bot.clock import Clock
from bot.database import Database, transaction
from bot.errors import Refusal
from bot.language import _, ngettext
from bot.services.call_records import calls_export, forget_calls
from bot.services.circle_records import circle_words_kept, circles_export, forget_circles
from bot.services.communities import check_zone
from bot.services.keepers import forget_keeper, keeper_export
from bot.services.offers import add_offer, is_away, suggested_offers
from bot.services.reminders import plan_reminders_anew
from bot.services.showing import erase
from bot.services.summary_records import forget_summaries, leave_out, summaries_export, summaries_resting_on_words
from bot.services.words import visible
from bot.store.calls import calls_by
from bot.store.checkins import CheckIn, CheckInKind, Round, check_ins_by
from bot.store.communities import Community, community_of
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState
from bot.store.members import Member, Share, member_of, saved_member
from bot.store.offers import NEVER, Offer, offers_of, remove_offers, stems_of

LONGEST_AWAY = timedelta(days=366)
AWAY_DAYS = (1, 2, 3, 7, 14, 21, 28, 60, 90, 180)
CLOSED_MESSAGES = "closed-messages"
LONGEST_ABOUT = 200
ASKS = (0, 1, 3, 5, 10)
"""How often in 30 days a member may choose to be asked."""


@dataclass(frozen=True)
class Me:
    """What a member's own panel shows.

    ``zone`` is theirs, else the community's. ``check_ins``, ``calls``, ``circles`` and ``summaries`` count those with
    their words. ``away_until`` is empty once they are back. ``undelivered``: reminders are off because Discord let no
    direct message through. ``offers`` come oldest first.
    """

    member: Member
    zone: str
    check_ins: int
    away_until: date | None
    undelivered: bool
    offers: Sequence[Offer] = ()
    calls: int = 0
    circles: int = 0
    summaries: int = 0


@dataclass(frozen=True)
class Mine:
    """One of a member's own check-ins, with the question it answers (none while it is written ahead)."""

    check_in: CheckIn
    question: str | None


class Members:
    """Keeps members' choices. Everything here is about the member who asks, in one community."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def find(self, session: Session, community_id: int, member_id: int) -> Me:
        """Return what a member chose and how much of theirs is kept."""
        community = community_of(session, community_id, self._clock.now())
        return self._me(session, community, member_of(session, community_id, member_id))

    @transaction
    def choose(
        self, session: Session, community_id: int, member_id: int, *, offer: str | None = None, **choices: Any
    ) -> Me:
        """Keep a member's choices: columns of Member by name, and something more they ``offer``.

        ``reminder_hour`` is 0–23 in their zone. Raises Refusal for an unknown zone, a date that is not after today or
        more than a year away, a line about them over 200 characters, an offer over 80 or beyond the fifth.
        """
        now = self._clock.now()
        community = community_of(session, community_id, now)
        if choices.get("zone") is not None:
            choices["zone"] = check_zone(choices["zone"])
        if choices.get("away_until") is not None:
            zone = choices.get("zone") or member_of(session, community_id, member_id).zone or community.zone
            check_away(choices["away_until"], local_day(now, zone))
        if "about" in choices:
            choices["about"] = check_about(choices["about"])
        if "asks_a_month" in choices and choices["asks_a_month"] not in ASKS:
            raise Refusal(_("Choose how often from the list on the panel of /me."))
        if offer is not None:
            add_offer(session, community, member_id, offer)
        member = saved_member(session, community_id, member_id)
        for name, value in choices.items():
            setattr(member, name, value)
        if choices.get("left_out"):
            leave_out(session, community_id, member_id, now)
        if "reminders" in choices:
            self._start_afresh(session, community_id, member_id)
        if choices.keys() & {"zone", "reminders", "reminder_hour"}:
            session.flush()
            plan_reminders_anew(session, community, member, now)
        return self._me(session, community, member)

    def _start_afresh(self, session: Session, community_id: int, member_id: int) -> None:
        """Forget that a direct message came back: the member has decided about them since."""
        session.connection().execute(
            delete(Delivery).where(
                *_reminders_of(community_id, member_id),
                col(Delivery.state) == DeliveryState.FAILED,
                col(Delivery.reason) == CLOSED_MESSAGES,
            )
        )

    @transaction
    def take_back_offer(self, session: Session, community_id: int, member_id: int, offer_id: int) -> Me:
        """Remove one of a member's offers; one that is gone already changes nothing."""
        remove_offers(session, community_id, member_id, offer_id)
        community = community_of(session, community_id, self._clock.now())
        return self._me(session, community, member_of(session, community_id, member_id))

    @transaction
    def suggested_offers(self, session: Session, community_id: int, member_id: int, typed: str) -> list[str]:
        """Return what others here offer and a member does not yet, containing what was typed, most offered first."""
        return suggested_offers(session, community_id, member_id, typed)

    @transaction
    def days_to_return(self, session: Session, community_id: int, member_id: int) -> list[tuple[date, timedelta]]:
        """Return days an away member might be back on, soonest first, each with how far off it is in their zone."""
        community = community_of(session, community_id, self._clock.now())
        today = local_day(self._clock.now(), member_of(session, community_id, member_id).zone or community.zone)
        next_monday = 7 - today.weekday()
        return [(today + timedelta(days), timedelta(days)) for days in sorted({*AWAY_DAYS, next_monday})]

    @transaction
    def words(self, session: Session, community_id: int, member_id: int, skip: int, limit: int) -> list[Mine]:
        """Return a member's own check-ins with words, whoever else may see them, newest first."""
        written = [
            each
            for each in reversed(check_ins_by(session, community_id, member_id))
            if each.kind is CheckInKind.ANSWERED
        ]
        shown = written[skip : skip + limit]
        rounds = _rounds_of(session, shown)
        return [Mine(each, rounds[each.round_id].question if each.round_id else None) for each in shown]

    @transaction
    def export(self, session: Session, community_id: int, member_id: int) -> dict[str, Any]:
        """Return everything kept about one member here, as plain values for a JSON file."""
        member = member_of(session, community_id, member_id)
        written = check_ins_by(session, community_id, member_id)
        rounds = _rounds_of(session, written)
        messages = session.exec(
            select(Delivery)
            .where(or_(and_(*_reminders_of(community_id, member_id)), _posts_of(written)))
            .order_by(col(Delivery.due_at), col(Delivery.id))
        )
        return {
            "about": _("Everything Kith keeps about you in this community. Times are UTC."),
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
                "about_me": member.about,
                "asked_at_most_in_30_days": member.asks_a_month,
                "takes_turns_as_keeper": member.keeps,
                "last_turn_as_keeper_began_at": _iso(member.kept_at) if member.kept_at else None,
                "words_left_out_of_summaries": member.left_out,
                "hosting_circles": member.hosting.value,
                "has_hosted_a_circle": member.has_hosted,
                "last_hosted_a_circle_at": _iso(member.hosted_at) if member.hosted_at else None,
            },
            "offers": _exported_offers(session, community_id, member_id),
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
            **calls_export(session, community_id, member_id),
            "turns_as_keeper": keeper_export(session, community_id, member_id),
            **circles_export(session, community_id, member_id),
            **summaries_export(session, community_id, member_id),
            "messages": [
                {
                    "what": each.kind.value,
                    "due_at": _iso(each.due_at),
                    "state": each.state.value,
                    "reason": each.reason,
                    "ended_at": _iso(each.settled_at) if each.settled_at else None,
                    "channel_id": str(each.channel_id) if each.channel_id else None,
                    "message_id": str(each.message_id) if each.message_id else None,
                }
                for each in messages
            ],
        }

    @transaction
    def forget(self, session: Session, community_id: int, member_id: int) -> int:
        """Erase everything kept about a member; return of how many check-ins the words were erased.

        What they shared is removed from the threads, and their name from what Kith said of them; calls of theirs that
        are open end, and roles of theirs in circles are free. That someone answered or passed a round, was asked for
        a call and came, or came to a circle, stays as a count without a name. Doing it twice changes nothing.
        """
        now = self._clock.now()
        written = check_ins_by(session, community_id, member_id)
        for each in written:
            erase(session, each, now)
            each.member_id = each.edited_at = None
            each.share = Share.EVERYONE  # the default, so that it tells nothing
            if each.round_id is None:
                session.delete(each)
            else:
                each.written_at = session.get_one(Round, each.round_id).opens_at
        session.connection().execute(delete(Delivery).where(*_reminders_of(community_id, member_id)))
        remove_offers(session, community_id, member_id)
        forget_calls(session, community_id, member_id, now)
        forget_keeper(session, community_id, member_id, now)
        forget_circles(session, community_of(session, community_id, now), member_id, now)
        forget_summaries(session, community_id, member_id, now)
        session.connection().execute(
            delete(Member).where(col(Member.community_id) == community_id, col(Member.member_id) == member_id)
        )
        return sum(each.kind is CheckInKind.ANSWERED for each in written)

    def _me(self, session: Session, community: Community, member: Member) -> Me:
        zone = member.zone or community.zone
        written = check_ins_by(session, community.id, member.member_id)
        away = is_away(member.away_until, zone, self._clock.now())
        came_back = select(Delivery.id).where(
            *_reminders_of(community.id, member.member_id),
            col(Delivery.state) == DeliveryState.FAILED,
            col(Delivery.reason) == CLOSED_MESSAGES,
        )
        return Me(
            member=member,
            zone=zone,
            check_ins=sum(each.kind is CheckInKind.ANSWERED for each in written),
            calls=sum(bool(each.words) for each in calls_by(session, community.id, member.member_id)),
            circles=circle_words_kept(session, community.id, member.member_id),
            summaries=summaries_resting_on_words(session, community.id, member.member_id),
            away_until=member.away_until if away else None,
            undelivered=not member.reminders and session.exec(came_back.limit(1)).one_or_none() is not None,
            offers=offers_of(session, community.id, member.member_id),
        )


def read_day(typed: str) -> date:
    """Return a date written as year-month-day. Raises Refusal for anything else."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise Refusal(_("I can't read that date. Pick one from the list, or write it like 2027-05-31.")) from None


def check_away(until: date, today: date) -> None:
    """Raise Refusal unless ``until`` is after today and within a year."""
    if not today < until <= today + LONGEST_AWAY:
        raise Refusal(
            _("Choose a date after today and within a year, such as {date}.").format(
                date=(today + timedelta(days=14)).isoformat()
            )
        )


def check_about(about: str) -> str:
    """Return a member's line about themselves, on one line. Raises Refusal over 200 characters."""
    line = " ".join(visible(about).split())
    if len(line) > LONGEST_ABOUT:
        over = len(line) - LONGEST_ABOUT
        raise Refusal(
            ngettext(
                "A line about you fits in 200 characters; this one is {count} character over.",
                "A line about you fits in 200 characters; this one is {count} characters over.",
                over,
            ).format(count=over)
        )
    return line


def _reminders_of(community_id: int, member_id: int) -> tuple[Any, ...]:
    return (
        col(Delivery.community_id) == community_id,
        col(Delivery.kind) == DeliveryKind.REMINDER,
        col(Delivery.key) == str(member_id),
    )


def _exported_offers(session: Session, community_id: int, member_id: int) -> list[dict[str, Any]]:
    stems = stems_of(session, community_id, member_id)
    return [
        {
            "words": offer.words,
            "found_by": [each.stem for each in stems if each.offer_id == offer.id],
            "last_asked_at": None if offer.asked_at == NEVER else _iso(offer.asked_at),
        }
        for offer in offers_of(session, community_id, member_id)
    ]


def _posts_of(written: Sequence[CheckIn]) -> ColumnElement[bool]:
    return and_(
        col(Delivery.kind) == DeliveryKind.CHECK_IN, col(Delivery.subject_id).in_([each.id for each in written])
    )


def _rounds_of(session: Session, written: Sequence[CheckIn]) -> dict[int | None, Round]:
    wanted = select(Round).where(col(Round.id).in_({each.round_id for each in written}))
    return {each.id: each for each in session.exec(wanted)}


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
