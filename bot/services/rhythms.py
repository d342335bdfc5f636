"""What comes when: adding, moving, skipping, pausing and ending rhythms."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile

from sqlmodel import Session

from bot.calendar import Slot, Turn, first_day_after_move, local_day
from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.people import Person, require_host
from bot.services.rhythm_kinds import AS_USUAL, Holding, check_holding, require_room_for
from bot.services.showing import show_turn
from bot.services.words import visible
from bot.store.communities import Community, community_of, one_at_a_time
from bot.store.deliveries import DeliveryKind, plan
from bot.store.keepers import turn_now
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState, rhythm_added_by, rhythm_of, rhythms_of

MOST_RHYTHMS = 5
"""Rhythms a community can have at a time; more than that is a calendar, not a rhythm."""
LONGEST_PAUSE = timedelta(days=366)
MONTH_OFF = timedelta(days=28)
LONGEST_EVERY = {Turn.WEEK: 52, Turn.MONTH: 12}
DECIDED = "decided"
"""Ends the key of the delivery that shows, on the question to the hosts, what they decided."""


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
    """A rhythm and the next times it comes round (none while it waits for the hosts' word, or has ended).

    ``left_out`` are the times it would have come were it not skipped or paused. Nothing is posted before ``begun``.
    """

    rhythm: Rhythm
    coming: list[Slot]
    left_out: list[Slot] = field(default_factory=list[Slot])
    begun: bool = True


class Rhythms:
    """Keeps rhythms. All look-ups are within one community; changes are for its hosts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def overview(self, session: Session, community_id: int) -> list[RhythmView]:
        """Return a community's rhythms with their next three dates."""
        return [self._view(session, rhythm) for rhythm in rhythms_of(session, community_id)]

    @transaction
    def hosted(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """Return the rhythm a host means; with no id, the only one. Raises Refusal."""
        return self._view(session, self._hosted(session, community_id, person, rhythm_id))

    @transaction
    def add(
        self,
        session: Session,
        community_id: int,
        person: Person,
        beat: Beat,
        request_id: int,
        kind: RhythmKind = RhythmKind.CHECKIN,
        holding: Holding = AS_USUAL,
    ) -> RhythmView:
        """Add a rhythm; the same request delivered twice adds one. ``holding`` is for one of learning circles.

        Raises Refusal for someone who doesn't host, when there are five already, for the keeper of calls when there
        is one already or no channel for calls, and for circles without their channel, with two places to meet, or with
        a format they can't have.
        """
        community = community_of(session, community_id, self._clock.now())
        require_host(community, person)
        one_at_a_time(session, community_id)
        rhythms = rhythms_of(session, community_id)
        added = any(each.request_id == request_id for each in rhythms)
        if len(rhythms) >= MOST_RHYTHMS and not added:
            raise Refusal(_("There are five rhythms already. End one with /rhythm end before adding another."))
        if not added:
            require_room_for(kind, community, rhythms)
        holding = check_holding(community, kind, holding)
        return self._view(session, self._new(session, community, beat, request_id, kind, holding))

    @transaction
    def set_first(self, session: Session, community_id: int, person: Person, beat: Beat, request_id: int) -> RhythmView:
        """Make or change the first rhythm, as the set-up panel does."""
        community = community_of(session, community_id, self._clock.now())
        require_host(community, person)
        first = next(iter(rhythms_of(session, community_id, RhythmKind.CHECKIN)), None)
        if first is None:
            one_at_a_time(session, community_id)
            return self._view(session, self._new(session, community, beat, request_id, RhythmKind.CHECKIN))
        return self._view(session, self._moved(session, first, beat))

    def _new(
        self,
        session: Session,
        community: Community,
        beat: Beat,
        request_id: int,
        kind: RhythmKind,
        holding: Holding = AS_USUAL,
    ) -> Rhythm:
        now = self._clock.now()
        zone = beat.zone or community.zone
        turn = beat.turn or Turn.WEEK
        rhythm = Rhythm(
            community_id=community.id,
            weekday=beat.weekday or 0,
            every=check_every(beat.every or 1, turn),
            turn=turn,
            nth=(beat.nth or 1) if turn is Turn.MONTH else None,
            anchor=local_day(now, zone),
            at=beat.at or time(9),
            zone=zone,
            request_id=request_id,
        )
        if kind is RhythmKind.CIRCLE:
            rhythm.format_id, rhythm.way = holding.format_id, holding.way
            rhythm.place_id, rhythm.link, rhythm.room = holding.place_id, visible(holding.link), holding.room
        schedule_next(rhythm, now)
        values = rhythm.model_dump(exclude={"id"}) | {"kind": kind, "state": RhythmState.ACTIVE}
        insert_if_new(session, Rhythm, values)
        return rhythm_added_by(session, community.id, request_id)

    @transaction
    def move(
        self, session: Session, community_id: int, person: Person, rhythm_id: int | None, beat: Beat
    ) -> RhythmView:
        """Change when a rhythm comes round. It never comes twice within half a turn of its last date.

        Raises Refusal when nothing is to change, or more weeks or months are asked for than there may be.
        """
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        if beat == Beat():
            raise Refusal(_("Nothing to move yet. Add what should change: weekday, time, every, turn or zone."))
        return self._view(session, self._moved(session, rhythm, beat))

    def _moved(self, session: Session, rhythm: Rhythm, beat: Beat) -> Rhythm:
        counted_by = rhythm.turn, rhythm.every
        if beat.turn is not None:
            rhythm.every = rhythm.every if beat.turn is rhythm.turn else 1
            rhythm.turn = beat.turn
            rhythm.nth = (beat.nth or 1) if beat.turn is Turn.MONTH else None
        rhythm.every = check_every(beat.every or rhythm.every, rhythm.turn)
        rhythm.weekday = rhythm.weekday if beat.weekday is None else beat.weekday
        rhythm.at = rhythm.at if beat.at is None else beat.at
        rhythm.zone = beat.zone or rhythm.zone
        if (rhythm.turn, rhythm.every) != counted_by:
            count_from_last_date(rhythm)
        if rhythm.state is RhythmState.ACTIVE:
            schedule_next(rhythm, self._clock.now())
        else:
            self._wake(session, rhythm)
        if rhythm.kind is RhythmKind.KEEPER and rhythm.paused_until is None:
            self._keep_until_next(session, rhythm)
        return rhythm

    def _keep_until_next(self, session: Session, rhythm: Rhythm) -> None:
        """Let the keeper's turn there is now last until the next one begins."""
        now = self._clock.now()
        turn = turn_now(session, rhythm.community_id, now)
        if turn is not None and rhythm.next_at is not None:
            turn.ends_at = rhythm.next_at
            show_turn(session, turn, now)

    @transaction
    def skip_once(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """Leave out the next date. Two hosts at once, or a command delivered twice, leave out one.

        Raises Refusal when a date is left out already, or the rhythm waits for the hosts' word.
        """
        rhythm, now = self._hosted(session, community_id, person, rhythm_id), self._clock.now()
        if rhythm.next_day is None:
            raise Refusal(_("This rhythm is waiting for the hosts' word, so no date is set. /rhythm resume sets one."))
        if any(dates_left_out(rhythm, now)):
            raise Refusal(
                _(
                    "The next date is left out already. /rhythm pause leaves out more, up to a date; /rhythm resume "
                    "brings it back."
                )
            )
        rhythm.paused_until = rhythm.next_day + timedelta(days=1)
        schedule_next(rhythm, now)
        return self._view(session, rhythm)

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
        self._wake(session, rhythm)
        return self._view(session, rhythm)

    @transaction
    def resume(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """Wake a paused or waiting rhythm: it comes round at its next date."""
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        rhythm.paused_until = None
        self._wake(session, rhythm)
        return self._view(session, rhythm)

    @transaction
    def end(self, session: Session, community_id: int, person: Person, rhythm_id: int | None) -> RhythmView:
        """End a rhythm for good. A round or a keeper's turn that has begun ends in its own time."""
        rhythm = self._hosted(session, community_id, person, rhythm_id)
        self._end(session, rhythm)
        return self._view(session, rhythm)

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
            raise Refusal(_("This has been answered already. /rhythm list shows what comes now."))
        if choice == "end":
            self._end(session, rhythm)
            return self._view(session, rhythm)
        if choice == "slower":
            rhythm.every = min(rhythm.every * 2, LONGEST_EVERY[rhythm.turn])
            count_from_last_date(rhythm)
        if choice == "rest":
            rhythm.paused_until = local_day(self._clock.now(), rhythm.zone) + MONTH_OFF
        self._wake(session, rhythm)
        return self._view(session, rhythm)

    def _wake(self, session: Session, rhythm: Rhythm) -> None:
        now = self._clock.now()
        was_asking = rhythm.state is RhythmState.ASKING
        rhythm.state = RhythmState.ACTIVE
        rhythm.counted_from = local_day(now, rhythm.zone)
        schedule_next(rhythm, now)
        if was_asking:
            self._show_decided(session, rhythm)

    def _end(self, session: Session, rhythm: Rhythm) -> None:
        was_asking = rhythm.state is RhythmState.ASKING
        rhythm.state = RhythmState.ENDED
        rhythm.next_day = rhythm.next_at = rhythm.paused_until = None
        if was_asking:
            self._show_decided(session, rhythm)

    def _show_decided(self, session: Session, rhythm: Rhythm) -> None:
        """Plan that the question to the hosts loses its buttons and says what they decided, by whichever way."""
        assert rhythm.id is not None and rhythm.last_day is not None
        plan(
            session,
            DeliveryKind.QUIET,
            rhythm.id,
            key=f"{rhythm.last_day.isoformat()}:{DECIDED}",
            community_id=rhythm.community_id,
            due_at=self._clock.now(),
        )

    def _view(self, session: Session, rhythm: Rhythm) -> RhythmView:
        now = self._clock.now()
        coming: list[Slot] = []
        if rhythm.next_day is not None:
            ahead = (slot for slot in rhythm.schedule.slots(rhythm.next_day) if slot.instant >= now)
            coming = list(islice(ahead, 3))
        begun = community_of(session, rhythm.community_id, now).tended
        return RhythmView(rhythm, coming, list(dates_left_out(rhythm, now)), begun)

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


def first_possible_day(rhythm: Rhythm, now: datetime) -> date:
    """Return the earliest date the last one allows: never twice within half a turn, whatever was moved since."""
    return first_day_after_move(rhythm.turn, rhythm.every, rhythm.last_day, local_day(now, rhythm.zone))


def schedule_next(rhythm: Rhythm, now: datetime) -> None:
    """Find the next date a rhythm comes round: not before the pause ends, nor too soon after its last date."""
    first = first_possible_day(rhythm, now)
    if rhythm.paused_until is not None:
        first = max(first, rhythm.paused_until)
    slot = rhythm.schedule.next_slot(after_day=first - timedelta(days=1), not_before=now)
    rhythm.next_day, rhythm.next_at = slot.day, slot.instant


def come_round(rhythm: Rhythm, now: datetime) -> tuple[Slot, Slot]:
    """Let a due rhythm come round, whatever its kind: return its latest slot that is due, and the one to follow."""
    assert rhythm.next_day is not None
    slots = rhythm.schedule.slots(rhythm.next_day)
    slot, following = next(slots), next(slots)
    while following.instant <= now:  # Kith was off for more than a turn: only the latest matters
        slot, following = following, next(slots)
    rhythm.last_day, rhythm.paused_until = slot.day, None
    rhythm.next_day, rhythm.next_at = following.day, following.instant
    return slot, following


def dates_left_out(rhythm: Rhythm, now: datetime) -> Iterator[Slot]:
    """Yield the times, from now on, at which a rhythm would come were it not skipped or paused."""
    next_day = rhythm.next_day
    if rhythm.paused_until is None or next_day is None:
        return
    slots = rhythm.schedule.slots(first_possible_day(rhythm, now))
    yield from (slot for slot in takewhile(lambda each: each.day < next_day, slots) if slot.instant >= now)


def count_from_last_date(rhythm: Rhythm) -> None:
    """Count the turns of a rhythm that comes more or less often now from the date it came last."""
    rhythm.anchor = rhythm.last_day or rhythm.anchor


def check_every(every: int, turn: Turn) -> int:
    """Return how many weeks or months a turn is. Raises Refusal over 52 weeks or 12 months."""
    if 1 <= every <= LONGEST_EVERY[turn]:
        return every
    if turn is Turn.WEEK:
        raise Refusal(_("A rhythm in weeks comes round every 1 to 52 weeks. Choose a number in between."))
    raise Refusal(_("A rhythm in months comes round every 1 to 12 months. Choose a number in between."))
