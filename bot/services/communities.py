"""Setting a community up, and knowing whether Kith is still part of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.calendar import known_zones
from bot.clock import Clock
from bot.database import Database, transaction
from bot.deck import Decks, Question
from bot.errors import Refusal
from bot.language import _, languages
from bot.services.people import Person, is_host
from bot.services.questions import draw_question
from bot.services.rhythms import schedule_next
from bot.store.checkins import Round, RoundState
from bot.store.communities import Community, Remembered, community_of
from bot.store.deliveries import Delivery, deliveries_that_went_wrong, deliveries_to_come
from bot.store.rhythms import Rhythm, RhythmState, rhythms_of

LONGEST_PURPOSE = 300


@dataclass(frozen=True)
class SetUp:
    """What the set-up panel shows: the community, its first rhythm, and the first question drawn."""

    community: Community
    rhythm: Rhythm | None
    question: Question | None
    missing: list[str] = field(default_factory=list[str])
    """What still has to be chosen before *Begin*, in words."""


@dataclass(frozen=True)
class ToCome:
    """One thing Kith will do: when, and a word for what (``open``, ``close`` or a delivery's kind)."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Outlook:
    """What a host's check shows of one community."""

    community: Community
    to_come: list[ToCome]
    went_wrong: list[Delivery]


class Communities:
    """Keeps what a community agreed on; one row a Discord server."""

    def __init__(self, database: Database, clock: Clock, decks: Decks) -> None:
        self.database = database
        self._clock = clock
        self._decks = decks

    @transaction
    def find(self, session: Session, community_id: int) -> Community:
        """Return the community, with defaults when it was never set up."""
        return community_of(session, community_id, self._clock.now())

    @transaction
    def hosted_by(self, session: Session, community_id: int, person: Person) -> bool:
        """Tell whether the person is a host here."""
        return is_host(community_of(session, community_id, self._clock.now()), person)

    @transaction
    def choose(self, session: Session, community_id: int, person: Person, **choices: Any) -> Community:
        """Keep what was chosen on the set-up panel: columns of Community by name.

        A new zone moves the rhythms that were in the old one. Raises Refusal for a person without *Manage
        Server*, an unknown zone or language, a purpose over 300 characters.
        """
        require_manager(person)
        community = community_of(session, community_id, self._clock.now())
        if "zone" in choices:
            self._move_zone(session, community, check_zone(choices["zone"]))
        if choices.get("language", community.language) not in languages():
            raise Refusal(_("Kith doesn't speak that language yet. Choose one from the list."))
        if "purpose" in choices:
            choices["purpose"] = check_purpose(choices["purpose"])
        for name, value in choices.items():
            setattr(community, name, value)
        session.add(community)
        return community

    def _move_zone(self, session: Session, community: Community, zone: str) -> None:
        now = self._clock.now()
        for rhythm in rhythms_of(session, community.id):
            if rhythm.zone == community.zone:
                rhythm.zone = zone
                if rhythm.state is RhythmState.ACTIVE:
                    schedule_next(rhythm, now)

    @transaction
    def set_up(self, session: Session, community_id: int, person: Person, *, preview: bool = False) -> SetUp:
        """Return what the set-up panel shows; for a preview, with the question the first round will ask."""
        require_manager(person)
        now = self._clock.now()
        community = community_of(session, community_id, now)
        rhythm = next(iter(rhythms_of(session, community_id)), None)
        question = None
        if rhythm is not None and preview:
            question = draw_question(session, self._decks, community, rhythm, now)
            rhythm.question_id = question.id
        return SetUp(community, rhythm, question, missing(community, rhythm))

    @transaction
    def begin(self, session: Session, community_id: int, person: Person) -> SetUp:
        """Let the rhythm start; beginning twice changes nothing. Raises Refusal while something is missing."""
        require_manager(person)
        now = self._clock.now()
        community = community_of(session, community_id, now)
        rhythm = next(iter(rhythms_of(session, community_id)), None)
        if lacking := missing(community, rhythm):
            raise Refusal(_("Not yet: {missing}.").format(missing=", ".join(lacking)))
        if community.begun_at is None:
            community.begun_at = now
            community.left_at = None
            wake_active(session, community_id, now)
        return SetUp(community, rhythm, None)

    @transaction
    def outlook(self, session: Session, community_id: int, limit: int = 10) -> Outlook:
        """Return the next things Kith will do in a community, and what it could not say in the last month."""
        community = community_of(session, community_id, self._clock.now())
        to_come = [
            ToCome(delivery.not_before or delivery.due_at, delivery.kind.value)
            for delivery in deliveries_to_come(session, community_id, limit)
        ]
        closing = select(Round).where(Round.community_id == community_id, Round.state == RoundState.OPEN)
        to_come += [ToCome(each.closes_at, "close") for each in session.exec(closing.limit(limit))]
        for rhythm in rhythms_of(session, community_id):
            if rhythm.state is RhythmState.ACTIVE and rhythm.next_day is not None:
                slots = rhythm.schedule.slots(rhythm.next_day)
                to_come += [ToCome(slot.instant, "open") for slot, _count in zip(slots, range(limit), strict=False)]
        soonest = sorted(to_come, key=lambda thing: thing.at)[:limit] if community.tended else []
        since = self._clock.now() - timedelta(days=30)
        return Outlook(community, soonest, list(deliveries_that_went_wrong(session, community_id, since)))

    @transaction
    def left(self, session: Session, community_id: int) -> None:
        """Note that Kith was removed from a server: nothing is posted there until it is back."""
        community = session.get(Community, community_id)
        if community is not None and community.left_at is None:
            community.left_at = self._clock.now()

    @transaction
    def returned(self, session: Session, community_ids: list[int]) -> None:
        """Note that Kith is part of these servers: where it had left, rhythms go on at their next date."""
        now = self._clock.now()
        gone = select(Community).where(col(Community.id).in_(community_ids), col(Community.left_at).is_not(None))
        for community in session.exec(gone):
            community.left_at = None
            wake_active(session, community.id, now)

    @transaction
    def remembered(self, session: Session, name: str) -> str | None:
        """Return a value Kith keeps for itself."""
        row = session.get(Remembered, name)
        return row.value if row else None

    @transaction
    def remember(self, session: Session, name: str, value: str) -> None:
        """Keep a value for Kith itself."""
        session.merge(Remembered(name=name, value=value))


def missing(community: Community, rhythm: Rhythm | None) -> list[str]:
    """Return, in words, what has to be chosen before a community can begin."""
    lacking: list[str] = []
    if community.checkins_channel_id is None:
        lacking.append(_("choose a channel for check-ins, or press *Make them for me*"))
    if rhythm is None:
        lacking.append(_("choose the first rhythm"))
    return lacking


def wake_active(session: Session, community_id: int, now: datetime) -> None:
    """Let a community's active rhythms come round from now on, leaving out what was missed."""
    for rhythm in rhythms_of(session, community_id):
        if rhythm.state is RhythmState.ACTIVE:
            schedule_next(rhythm, now)


def require_manager(person: Person) -> None:
    """Raise Refusal unless the person may manage the server."""
    if not person.manages:
        raise Refusal(_("Only someone with the *Manage Server* permission can set Kith up. Ask them to run /setup."))


def check_zone(zone: str) -> str:
    """Return a zone's IANA name as it is spelt. Raises Refusal when there is no such zone."""
    spelling = {known.lower(): known for known in known_zones()}
    found = spelling.get(zone.strip().replace(" ", "_").lower())
    if found is None:
        raise Refusal(
            _("I don't know that time zone. Type a city near you and pick from the list, such as Europe/Berlin.")
        )
    return found


def check_purpose(purpose: str) -> str:
    """Return a purpose sentence on one line. Raises Refusal over 300 characters."""
    line = " ".join(purpose.split())
    if len(line) > LONGEST_PURPOSE:
        raise Refusal(_("A purpose fits in 300 characters; this one has {count}.").format(count=len(line)))
    return line
