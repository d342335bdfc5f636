"""Setting a community up, and knowing whether Kith is still part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlmodel import Session, col, select

from bot.calendar import instant_at, known_zones, local_day, zone_suggestions
from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.deck import Decks
from bot.errors import Refusal
from bot.language import _, language_name, languages
from bot.services.checkins import OPEN_DAYS
from bot.services.circles import LEAD, MOST_COMING
from bot.services.offers import stem_anew
from bot.services.people import Person, is_host
from bot.services.questions import LOOKED_BACK, draw_question
from bot.services.rhythms import schedule_next
from bot.services.rounds import RoundCard
from bot.services.words import visible
from bot.store.checkins import Round, RoundState, earlier_rounds
from bot.store.circles import coming_circles
from bot.store.communities import Community, Remembered, Summarising, community_of
from bot.store.deliveries import Delivery, deliveries_that_went_wrong, deliveries_to_come
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState, rhythms_of

LONGEST_PURPOSE = 300
CHANNELS = ("checkins_channel_id", "circles_channel_id", "calls_channel_id")
ROLES = ("host_role_id", "bell_role_id")
BUDGETS = (50_000, 200_000, 500_000, 1_000_000, 5_000_000)
"""What a community may let the model cost in a month, in tokens."""
LISTED: dict[str, tuple[Any, ...]] = {
    "model_on": (False, True),
    "summarising": tuple(Summarising),
    "monthly_tokens": BUDGETS,
}
"""Columns of Community that take one of a few values."""
BEGINS = {
    RhythmKind.CHECKIN: ("open", timedelta(0)),
    RhythmKind.KEEPER: ("turn", timedelta(0)),
    RhythmKind.CIRCLE: ("announce", LEAD),
}
"""What Kith does when a rhythm of each kind comes round, and how long before."""
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

Channels = Mapping[int, bool]
"""A server's text channels by id, and whether Kith can do its work in each, as Discord tells it at that moment."""


@dataclass(frozen=True)
class SetUp:
    """What the set-up panel shows: the community and its first rhythm; in a preview also the first card."""

    community: Community
    rhythm: Rhythm | None
    missing: list[str] = field(default_factory=list[str])
    """What still has to be done before *Begin*, in words."""
    card: RoundCard | None = None
    begun_now: bool = False
    """Whether it was this very request that began."""


@dataclass(frozen=True)
class ToCome:
    """One thing Kith will do: when, and what (``open``, ``close``, ``turn``, ``announce`` or a delivery's kind)."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Outlook:
    """What a host's check shows of one community."""

    community: Community
    to_come: list[ToCome]
    went_wrong: list[Delivery]
    database: str = ""
    """Which database keeps it all, and its version."""
    places: frozenset[int] = frozenset()
    """The voice and stage channels in which circles are to meet."""


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
    def start(
        self,
        session: Session,
        community_id: int,
        person: Person,
        *,
        language: str | None = None,
        zone: str | None = None,
        channels: Channels | None = None,
    ) -> SetUp:
        """Return what the set-up panel shows, with Mondays at 09:00 proposed where no rhythm was ever added.

        Raises Refusal as ``choose`` does.
        """
        require_manager(person)
        community = community_of(session, community_id, self._clock.now())
        given = {"language": language, "zone": zone}
        self._keep(session, community, {name: value for name, value in given.items() if value}, channels)
        if community.begun_at is None and not rhythms_of(session, community_id, RhythmKind.CHECKIN):
            propose_first(session, community, self._clock.now())
        return self._set_up(session, community, channels)

    @transaction
    def choose(
        self, session: Session, community_id: int, person: Person, *, channels: Channels | None = None, **choices: Any
    ) -> SetUp:
        """Keep what was chosen on the set-up panels: columns of Community by name.

        A new zone moves the rhythms that were in the old one; in a new language offers are found by its own stems.
        Raises Refusal for a person without *Manage Server*, an unknown zone or language, a purpose over 300
        characters, a channel that is gone, @everyone as a role, or what is not on a list.
        """
        require_manager(person)
        community = community_of(session, community_id, self._clock.now())
        self._keep(session, community, choices, channels)
        return self._set_up(session, community, channels)

    def _keep(self, session: Session, community: Community, choices: dict[str, Any], channels: Channels | None) -> None:
        kept = {name: self._checked(community, name, value, channels) for name, value in choices.items()}
        if "zone" in kept:
            self._move_zone(session, community, kept["zone"])
        if kept.get("language", community.language) != community.language:
            stem_anew(session, community.id, kept["language"])
        for name, value in kept.items():
            setattr(community, name, value)
        session.add(community)

    def _checked(self, community: Community, name: str, value: Any, channels: Channels | None) -> Any:
        if name == "zone":
            return check_zone(value)
        if name == "language":
            return check_language(value)
        if name == "purpose":
            return check_purpose(value)
        if name in CHANNELS and value is not None and channels is not None and value not in channels:
            raise Refusal(_("That channel is gone, or isn't a text channel. Choose another."))
        if name in ROLES and value == community.id:  # Discord gives the role of everyone the server's own id
            raise Refusal(_("That role is everyone. Choose one that only some people have, or make one for it."))
        if name in LISTED:
            return _listed(LISTED[name], value)
        return value

    def _move_zone(self, session: Session, community: Community, zone: str) -> None:
        now = self._clock.now()
        for rhythm in rhythms_of(session, community.id):
            if rhythm.zone == community.zone:
                rhythm.zone = zone
                if rhythm.state is RhythmState.ACTIVE:
                    schedule_next(rhythm, now)

    @transaction
    def set_up(self, session: Session, community_id: int, person: Person, *, channels: Channels | None = None) -> SetUp:
        """Return what the set-up panel shows."""
        require_manager(person)
        return self._set_up(session, community_of(session, community_id, self._clock.now()), channels)

    @transaction
    def preview(
        self, session: Session, community_id: int, person: Person, *, channels: Channels | None = None
    ) -> SetUp:
        """Return the card of the next check-in as it will be, and keep its question for it.

        Raises Refusal when there is no rhythm, or it waits for the hosts' word.
        """
        require_manager(person)
        now = self._clock.now()
        community = community_of(session, community_id, now)
        rhythm = next(iter(rhythms_of(session, community_id, RhythmKind.CHECKIN)), None)
        if rhythm is None or rhythm.next_day is None or rhythm.next_at is None:
            raise Refusal(_("No check-in is coming yet. Choose the first rhythm on the panel of /setup start."))
        assert rhythm.id is not None
        earlier = earlier_rounds(session, rhythm.id, LOOKED_BACK)
        question = draw_question(session, self._decks, community, rhythm, earlier, now)
        rhythm.question_id = question.id
        coming = Round(
            community_id=community_id,
            rhythm_id=rhythm.id,
            day=rhythm.next_day,
            question_id=question.id,
            question=question.text,
            tag=question.tag,
            opens_at=rhythm.next_at,
            closes_at=instant_at(rhythm.next_day + timedelta(days=OPEN_DAYS), rhythm.at, rhythm.zone),
        )
        return SetUp(community, rhythm, missing(community, rhythm, channels), RoundCard(community, coming))

    @transaction
    def begin(self, session: Session, community_id: int, person: Person, *, channels: Channels | None = None) -> SetUp:
        """Let the rhythm start; beginning twice changes nothing. Raises Refusal while something is missing."""
        require_manager(person)
        now = self._clock.now()
        community = community_of(session, community_id, now)
        set_up = self._set_up(session, community, channels)
        if community.begun_at is not None:
            return set_up
        if set_up.missing:
            raise Refusal(_("Not yet: {missing}.").format(missing="; ".join(set_up.missing)))
        community.begun_at = now
        community.left_at = None
        wake_active(session, community_id, now)
        first = next(iter(rhythms_of(session, community_id, RhythmKind.CHECKIN)), None)
        return SetUp(community, first, begun_now=True)

    def _set_up(self, session: Session, community: Community, channels: Channels | None) -> SetUp:
        rhythm = next(iter(rhythms_of(session, community.id, RhythmKind.CHECKIN)), None)
        return SetUp(community, rhythm, missing(community, rhythm, channels))

    @transaction
    def outlook(self, session: Session, community_id: int, limit: int = 10) -> Outlook:
        """Return the next things Kith will do in a community, and what it could not say in the last month."""
        return self._outlook(session, community_id, limit)

    @transaction
    def check(self, session: Session, community_id: int, person: Person) -> Outlook:
        """Return the outlook as /setup check shows it. Raises Refusal for a person without *Manage Server*."""
        require_manager(person)
        return self._outlook(session, community_id, 10)

    def _outlook(self, session: Session, community_id: int, limit: int) -> Outlook:
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
                what, lead = BEGINS[rhythm.kind]
                to_come += [ToCome(slot.instant - lead, what) for slot in islice(slots, limit)]
        soonest = sorted(to_come, key=lambda thing: thing.at)[:limit] if community.tended else []
        since = self._clock.now() - timedelta(days=30)
        went_wrong = list(deliveries_that_went_wrong(session, community_id, since))
        meeting = [*coming_circles(session, community_id, MOST_COMING), *rhythms_of(session, community_id)]
        places = frozenset(each.place_id for each in meeting if each.place_id is not None)
        return Outlook(community, soonest, went_wrong, database_words(session), places)

    @transaction
    def left(self, session: Session, community_id: int) -> None:
        """Note that Kith was removed from a server: nothing is posted there until it is back."""
        community = session.get(Community, community_id)
        if community is not None and community.left_at is None:
            community.left_at = self._clock.now()

    @transaction
    def returned(self, session: Session, community_id: int) -> None:
        """Note that Kith is part of a server again: its rhythms go on at their next date."""
        community = session.get(Community, community_id)
        if community is not None and community.left_at is not None:
            community.left_at = None
            wake_active(session, community_id, self._clock.now())

    @transaction
    def all_left(self, session: Session) -> set[int]:
        """Return the communities Kith was removed from."""
        return set(session.exec(select(Community.id).where(col(Community.left_at).is_not(None))))

    @transaction
    def remembered(self, session: Session, name: str) -> str | None:
        """Return a value Kith keeps for itself."""
        row = session.get(Remembered, name)
        return row.value if row else None

    @transaction
    def remember(self, session: Session, name: str, value: str) -> None:
        """Keep a value for Kith itself."""
        if not insert_if_new(session, Remembered, {"name": name, "value": value}):
            session.get_one(Remembered, name).value = value


def missing(community: Community, rhythm: Rhythm | None, channels: Channels | None = None) -> list[str]:
    """Return, in words, what has to be done before a community can begin.

    ``channels`` is None while Discord hasn't told what the server looks like; then what was chosen is believed.
    """
    lacking: list[str] = []
    chosen = community.checkins_channel_id
    if chosen is None:
        lacking.append(_("choose a channel for check-ins, or press *Make them for me*"))
    elif channels is not None and chosen not in channels:
        lacking.append(_("the channel for check-ins is gone, so choose another"))
    elif channels is not None and not channels[chosen]:
        lacking.append(
            _("I can't do my work in {channel}, and /setup check shows what to allow").format(channel=f"<#{chosen}>")
        )
    if rhythm is None:
        lacking.append(_("choose the first rhythm"))
    return lacking


def propose_first(session: Session, community: Community, now: datetime) -> None:
    """Add the rhythm a community starts with unless it chooses another: Mondays at 09:00 in its zone.

    It is added in the community's own name, so two admins who start at once add one.
    """
    proposed = Rhythm(
        community_id=community.id,
        weekday=0,
        anchor=local_day(now, community.zone),
        at=time(9),
        zone=community.zone,
        request_id=community.id,
    )
    schedule_next(proposed, now)
    values = proposed.model_dump(exclude={"id"}) | {"kind": RhythmKind.CHECKIN, "state": RhythmState.ACTIVE}
    session.flush()
    insert_if_new(session, Rhythm, values)


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
    """Return a zone's IANA name as it is spelt; a city's name will do. Raises Refusal when there is no such zone."""
    typed = zone.strip().replace(" ", "_").lower()
    found = {known.lower(): known for known in known_zones()}.get(typed)
    near = zone_suggestions(zone, 3) if typed else []
    if found is not None:
        return found
    if near and near[0].rpartition("/")[2].lower() == typed:
        return near[0]
    if near:
        raise Refusal(_("I don't know that time zone. Did you mean {zones}?").format(zones=", ".join(near)))
    raise Refusal(_("I don't know that time zone. Name a large city in your zone, such as Europe/Berlin."))


def check_language(language: str) -> str:
    """Return the code of a language given by code or name. Raises Refusal when Kith doesn't speak it."""
    typed = language.strip().lower()
    for code in languages():
        if typed in (code, language_name(code).lower()):
            return code
    raise Refusal(
        _("I don't speak that language yet. Choose one of these: {languages}.").format(
            languages=", ".join(language_name(code) for code in languages())
        )
    )


def _listed(choices: tuple[Any, ...], value: Any) -> Any:
    if value not in choices:
        raise Refusal(_("That can't be chosen. /setup summaries has the lists of what can."))
    return choices[choices.index(value)]


def check_purpose(purpose: str) -> str:
    """Return a purpose sentence on one line. Raises Refusal over 300 characters."""
    line = " ".join(visible(purpose).split())
    if len(line) > LONGEST_PURPOSE:
        raise Refusal(_("A purpose fits in 300 characters; this one has {count}.").format(count=len(line)))
    return line


def database_words(session: Session) -> str:
    """Return which database keeps everything, and its version."""
    dialect = session.connection().dialect
    version = ".".join(str(part) for part in dialect.server_version_info or ())
    return f"{DATABASES[dialect.name]} {version}"
