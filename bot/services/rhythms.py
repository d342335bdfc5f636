"""What comes when: adding, moving, skipping, pausing and ending rhythms."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from sqlmodel import Session

from bot.calendar import Slot, Turn, first_day_after_move, local_day
from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.people import Person, require_host
from bot.store.communities import Community, community_of
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState, rhythm_of, rhythms_of

MOST_RHYTHMS = 5
"""Rhythms a community can have at a time; more than that is a calendar, not a rhythm."""
LONGEST_PAUSE = timedelta(days=366)
MONTH_OFF = timedelta(days=28)


@dataclass(frozen=True)
class Beat:
    """When a rhythm comes round, as someone typed it; what is ``None`` stays as it is."""

    weekday: int | None = None
    at: time | None = None
    every: int | None = None
    turn: Turn | None = None
    nth: int | None = None
    zone: str | None = None


@dataclass(frozen=True)
class RhythmView:
    """A rhythm and the next times it comes round (none while it waits for the hosts' word)."""

    rhythm: Rhythm
    coming: list[Slot]


class Rhythms:
    """Keeps rhythms. All look-ups are within one community; changes are for its hosts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def overview(self, session: Session, community_id: int) -> list[RhythmView]:
        """Return a community's rhythms with their next three dates."""
        return [view(rhythm) for rhythm in rhythms_of(session, community_id)]

    @transaction
    def add(self, session: Session, community_id: int, person: Person, beat: Beat, request_id: int) -> RhythmView:
        """Add a check-in rhythm; the same request delivered twice adds one.

        Raises Refusal for someone who doesn't host, or when there are five already.
        """
        now = self._clock.now()
        community = community_of(session, community_id, now)
        require_host(community, person)
        if len(rhythms_of(session, community_id)) >= MOST_RHYTHMS:
            raise Refusal(_("There are five rhythms already. End one with /rhythm end before adding another."))
        return view(self._new(session, community, beat, request_id))

    @transaction
    def set_first(self, session: Session, community_id: int, person: Person, beat: Beat, request_id: int) -> RhythmView:
        """Make or change the first rhythm, as the set-up panel does."""
        community = community_of(session, community_id, self._clock.now())
        require_host(community, person)
        first = next(iter(rhythms_of(session, community_id)), None)
        if first is None:
            return view(self._new(session, community, beat, request_id))
        return view(self._moved(first, beat))

    def _new(self, session: Session, community: Community, beat: Beat, request_id: int) -> Rhythm:
        now = self._clock.now()
        zone = beat.zone or community.zone
        turn = beat.turn or Turn.WEEK
        rhythm = Rhythm(
            community_id=community.id,
            weekday=beat.weekday or 0,
            every=beat.every or 1,
            turn=turn,
            nth=(beat.nth or 1) if turn is Turn.MONTH else None,
            anchor=local_day(now, zone),
            at=beat.at or time(9),
            zone=zone,
            request_id=request_id,
        )
        schedule_next(rhythm, now)
        values = rhythm.model_dump(exclude={"id"}) | {"kind": RhythmKind.CHECKIN, "state": RhythmState.ACTIVE}
        insert_if_new(session, Rhythm, values)
        return next(each for each in rhythms_of(session, community.id) if each.request_id == request_id)

    @transaction
    def move(
        self, session: Session, community_id: int, person: Person, rhythm_id: int | None, beat: Beat
    ) -> RhythmView:
        """Change when a rhythm comes round. It never comes twice within half a turn of its last date."""
        return view(self._moved(self._hosted(session, community_id, person, rhythm_id), beat))

    def _moved(self, rhythm: Rhythm, beat: Beat) -> Rhythm:
        if beat.turn is not None:
            rhythm.turn = beat.turn
            rhythm.nth = (beat.nth or 1) if beat.turn is Turn.MONTH else None
        rhythm.weekday = rhythm.weekday if beat.weekday is None else beat.weekday
        rhythm.at = rhythm.at if beat.at is None else beat.at
        rhythm.every = rhythm.every if beat.every is None else beat.every
        rhythm.zone = rhythm.zone if beat.zone is None else beat.zone
        if rhythm.state is RhythmState.ACTIVE:
            schedule_next(rhythm, self._clock.now())
        else:
            self._wake(rhythm)
        return rhythm

    @transaction
    def skip_once(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """Leave out the next date. Asked again by a second click, it leaves out one more: the answer tells."""
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        if rhythm.next_day is None:
            raise Refusal(_("This rhythm is resting, so there is nothing to skip. /rhythm resume wakes it."))
        rhythm.paused_until = rhythm.next_day + timedelta(days=1)
        schedule_next(rhythm, self._clock.now())
        return view(rhythm)

    @transaction
    def pause(
        self, session: Session, community_id: int, person: Person, rhythm_id: int | None, until: date
    ) -> RhythmView:
        """Let a rhythm rest until a local date, on which it may come round again."""
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        today = local_day(self._clock.now(), rhythm.zone)
        if not today < until <= today + LONGEST_PAUSE:
            raise Refusal(
                _("Choose a date after today and within a year, such as {date}.").format(
                    date=(today + MONTH_OFF).isoformat()
                )
            )
        rhythm.paused_until = until
        self._wake(rhythm)
        return view(rhythm)

    @transaction
    def resume(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """Wake a paused or waiting rhythm: it comes round at its next date."""
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        rhythm.paused_until = None
        self._wake(rhythm)
        return view(rhythm)

    @transaction
    def end(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """End a rhythm for good. A round that is open closes in its own time."""
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        rhythm.state = RhythmState.ENDED
        rhythm.next_day = rhythm.next_at = None
        return view(rhythm)

    @transaction
    def answer_quiet(
        self, session: Session, community_id: int, person: Person, rhythm_id: int, choice: str
    ) -> RhythmView:
        """Do what a host chose when asked whether a rhythm still serves.

        ``choice``: ``keep``, ``slower`` (half as often), ``rest`` (four weeks) or ``end``. Once one host has
        answered, another's press raises Refusal.
        """
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        if rhythm.state is not RhythmState.ASKING:
            raise Refusal(_("Another host has answered this already. /rhythm list shows what comes now."))
        if choice == "end":
            rhythm.state = RhythmState.ENDED
            return view(rhythm)
        if choice == "slower":
            rhythm.every = min(rhythm.every * 2, 52 if rhythm.turn is Turn.WEEK else 12)
        if choice == "rest":
            rhythm.paused_until = local_day(self._clock.now(), rhythm.zone) + MONTH_OFF
        self._wake(rhythm)
        return view(rhythm)

    def _wake(self, rhythm: Rhythm) -> None:
        now = self._clock.now()
        rhythm.state = RhythmState.ACTIVE
        rhythm.counted_from = local_day(now, rhythm.zone)
        schedule_next(rhythm, now)

    def _hosted(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> Rhythm:
        """Return the rhythm a host means; with no id, the only one. Raises Refusal."""
        require_host(community_of(session, community_id, self._clock.now()), person)
        if rhythm_id is None:
            rhythms = rhythms_of(session, community_id)
            if not rhythms:
                raise Refusal(_("There is no rhythm yet. /rhythm add makes one."))
            if len(rhythms) > 1:
                raise Refusal(_("There is more than one rhythm. Choose which one you mean in the command."))
            rhythm_id = rhythms[0].id
            assert rhythm_id is not None
        rhythm = rhythm_of(session, community_id, rhythm_id)
        if rhythm is None or rhythm.state is RhythmState.ENDED:
            raise Refusal(_("That rhythm has ended. /rhythm list shows those there are."))
        return rhythm


def schedule_next(rhythm: Rhythm, now: datetime) -> None:
    """Find the next date a rhythm comes round.

    Not before the pause ends, and never twice within half a turn of the last date, whatever was moved since.
    """
    first = first_day_after_move(rhythm.turn, rhythm.every, rhythm.last_day, local_day(now, rhythm.zone))
    if rhythm.paused_until is not None:
        first = max(first, rhythm.paused_until)
    slot = rhythm.schedule.next_slot(after_day=first - timedelta(days=1), not_before=now)
    rhythm.next_day, rhythm.next_at = slot.day, slot.instant


def view(rhythm: Rhythm) -> RhythmView:
    """Return a rhythm with its next three dates."""
    if rhythm.next_day is None:
        return RhythmView(rhythm, [])
    return RhythmView(rhythm, list(islice(rhythm.schedule.slots(rhythm.next_day), 3)))
