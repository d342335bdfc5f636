"""How peers respond to a call, the lease of those who are with it, and the passing of time over both."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.calendar import instant_at, local_day
from bot.clock import Clock
from bot.database import AFTER_A_FAULT, Database, kept_apart, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.calls import visible_call
from bot.services.keepers import keeper_gone
from bot.services.ladder import (
    DECLINED,
    WEEK,
    climb,
    gap,
    let_go,
    mend_card,
    move_on_when_declined,
    part_of,
    require_open,
    say_in_thread,
    show_call,
    withdraw_call,
)
from bot.services.leaving import gone_from_circles
from bot.services.offers import may_be_asked, note_asked, wakes_at
from bot.services.people import Person, is_host
from bot.store.calls import (
    Audience,
    Call,
    CallState,
    Response,
    ResponseKind,
    Urgency,
    call_of,
    call_with_thread,
    calls_by,
    calls_due,
    leases_run_out,
    response_of,
    responses_by,
)
from bot.store.communities import community_of
from bot.store.deliveries import WAITING, word_about
from bot.store.members import member_of, saved_member

LEASE = timedelta(hours=48)
"""After that the responder is asked how it goes."""
SILENCE = timedelta(hours=24)
"""How long Kith waits for a word after asking; then the call goes on to others."""
AT_ONCE = 50
"""Calls or leases tended in one transaction."""


class Later(StrEnum):
    """When a member could be with a call."""

    HOURS = "hours"
    EVENING = "evening"
    TOMORROW = "tomorrow"
    DAYS = "days"
    WEEK = "week"


@dataclass(frozen=True)
class Answered:
    """What became of a press: the call and the member's part in it. ``again``: it stood so already."""

    call: Call
    response: Response | None = None
    again: bool = False


class Responses:
    """Keeps who responds to calls, and climbs the ladder of those nobody is with."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    async def tend(self) -> None:
        """Take back leases that ended in silence, then reach the rungs that are due, all that were missed in order."""
        while await self.release_due():
            pass
        while await self.climb_due():
            pass

    @transaction
    def release_due(self, session: Session) -> int:
        """Put calls back on the ladder whose responder has fallen silent; return how many leases were looked at."""
        now = self._clock.now()
        due = leases_run_out(session, now, AT_ONCE)
        for response in due:
            if not kept_apart(session, f"response {response.id}", partial(self._release, session, response, now)):
                response.ends_at = now + AFTER_A_FAULT
        return len(due)

    def _release(self, session: Session, response: Response, now: datetime) -> None:
        call = call_of(session, response.community_id, response.call_id)
        assert call is not None
        if _nudge_waits(session, call, response):
            response.ends_at = now + SILENCE  # Discord has not let Kith ask yet
        else:
            let_go(session, call, response, ResponseKind.HANDED_BACK, now)
            show_call(session, call, now)

    @transaction
    def climb_due(self, session: Session) -> int:
        """Reach one rung of each call that is due; return how many more there may be: calls still due, or not seen."""
        now = self._clock.now()
        due = calls_due(session, now, AT_ONCE)
        for call in due:
            if not kept_apart(session, f"call {call.id}", partial(self._climb, session, call, now)):
                call.next_at = now + AFTER_A_FAULT
        still_due = [each for each in due if each.next_at is not None and each.next_at <= now]
        return len(due) if len(due) == AT_ONCE else len(still_due)

    def _climb(self, session: Session, call: Call, now: datetime) -> None:
        community = community_of(session, call.community_id, now)
        if not call.accompanied:
            climb(session, community, call, now)
            return
        assert call.next_at is not None
        mend_card(session, community, call, now)
        say_in_thread(session, call, f"stands:{call.id}", call.next_at)
        while call.next_at <= now:
            call.next_at += WEEK

    @transaction
    def with_you(self, session: Session, community_id: int, person: Person, call_id: int) -> Answered:
        """Note that a member is with the caller for two days; the ladder rests meanwhile.

        Raises Refusal for the caller, or when the call has ended or is not for this member.
        """
        call, now = self._open_to(session, community_id, person, call_id), self._clock.now()
        response = part_of(session, call, person.member_id)
        if response.kind is ResponseKind.WITH_YOU:
            return Answered(call, response, again=True)
        response.kind, response.answered_at, response.later_at = ResponseKind.WITH_YOU, now, None
        self._lease(session, call, response, now)
        call.first_answer_at = call.first_answer_at or now
        call.next_at, call.accompanied = None, False
        say_in_thread(session, call, f"with:{response.id}", now)
        show_call(session, call, now)
        return Answered(call, response)

    def _lease(self, session: Session, call: Call, response: Response, now: datetime) -> None:
        response.turns += 1
        response.ends_at = now + LEASE + SILENCE
        say_in_thread(session, call, f"lease:{response.id}.{response.turns}", now + LEASE)

    @transaction
    def open_to(self, session: Session, community_id: int, person: Person, call_id: int) -> Call:
        """Return an open call a member may think of somebody for. Raises Refusal as ``know_someone`` does."""
        call = self._open_to(session, community_id, person, call_id)
        _require_open_to_others(call)
        return call

    @transaction
    def later_choices(self, session: Session, community_id: int, person: Person, call_id: int) -> dict[Later, datetime]:
        """Return when the member could be with a call, in their own zone. Raises Refusal as ``with_you`` does."""
        self._open_to(session, community_id, person, call_id)
        zone = ZoneInfo(self._zone(session, community_id, person.member_id))
        times = self._later_times(session, community_id, person.member_id)
        return {when: at.astimezone(zone) for when, at in times.items()}

    def _zone(self, session: Session, community_id: int, member_id: int) -> str:
        community = community_of(session, community_id, self._clock.now())
        return member_of(session, community_id, member_id).zone or community.zone

    def _later_times(self, session: Session, community_id: int, member_id: int) -> dict[Later, datetime]:
        now, zone = self._clock.now(), self._zone(session, community_id, member_id)
        today = local_day(now, zone)
        times = {
            Later.HOURS: now + timedelta(hours=3),
            Later.EVENING: instant_at(today, time(18), zone),
            Later.TOMORROW: instant_at(today + timedelta(days=1), time(9), zone),
            Later.DAYS: instant_at(today + timedelta(days=3), time(9), zone),
            Later.WEEK: instant_at(today + timedelta(days=7), time(9), zone),
        }
        if times[Later.EVENING] <= now:
            del times[Later.EVENING]
        return times

    @transaction
    def later(self, session: Session, community_id: int, person: Person, call_id: int, when: Later) -> Answered:
        """Note when a member could be with the caller; they are asked then. The ladder goes on meanwhile."""
        call, now = self._open_to(session, community_id, person, call_id), self._clock.now()
        response = part_of(session, call, person.member_id)
        times = self._later_times(session, community_id, person.member_id)
        self._leave_lease(session, call, response, ResponseKind.LATER, now)
        response.answered_at, response.later_at = now, times.get(when, times[Later.TOMORROW])
        response.turns += 1
        call.first_answer_at = call.first_answer_at or now
        say_in_thread(session, call, f"later:{response.id}.{response.turns}", response.later_at)
        show_call(session, call, now)
        return Answered(call, response)

    @transaction
    def know_someone(
        self, session: Session, community_id: int, person: Person, call_id: int, other: Person
    ) -> Answered:
        """Ask somebody a member thought of, in the thread. Raises Refusal when that person can't be asked."""
        call, now = self._open_to(session, community_id, person, call_id), self._clock.now()
        community = community_of(session, community_id, now)
        _require_open_to_others(call)
        if other.member_id == person.member_id:
            raise Refusal(_("That is you. *I'm with you* tells the caller that you come yourself."))
        if other.member_id == call.caller_id and not call.nameless:
            raise Refusal(_("That is who asks. Think of somebody else, or write to them in the thread."))
        if call.audience is Audience.HOSTS and not is_host(community, other):
            raise Refusal(_("Only hosts may see this call. Think of another host, or tell the caller in the thread."))
        found = response_of(session, call.id, other.member_id)
        if found is not None and (found.rung is not None or found.kind is not ResponseKind.SILENT):
            raise Refusal(_("They know of this call already. Is there somebody else, or could it be you?"))
        if not may_be_asked(session, community, other.member_id, now):
            raise Refusal(_("I can't ask them at the moment. You can write to them yourself, or think of another."))
        thought_of = part_of(session, call, other.member_id)
        thought_of.thought_of_by, thought_of.asked_at, thought_of.rung = person.member_id, now, call.rung
        note_asked(session, community_id, [other.member_id], now)
        zone = member_of(session, community_id, other.member_id).zone or community.zone
        due_at = now if call.urgency is Urgency.TODAY else wakes_at(zone, now)
        say_in_thread(session, call, f"asked:{thought_of.id}", due_at)
        call.first_answer_at = call.first_answer_at or now
        own = response_of(session, call.id, person.member_id)
        if own is not None and own.kind is ResponseKind.SILENT:
            own.kind, own.answered_at = ResponseKind.NOT_ME, now
        return Answered(call, thought_of)

    @transaction
    def not_me(self, session: Session, community_id: int, person: Person, call_id: int) -> Answered:
        """Note that a member passes; when everyone asked has, the next are asked at once."""
        now = self._clock.now()
        call = visible_call(session, community_id, person, call_id, now)
        require_open(call)
        if person.member_id == call.caller_id and response_of(session, call.id, person.member_id) is None:
            raise Refusal(_("This call is yours. *Answered*, *Still open* and *Withdraw* are your buttons."))
        response = part_of(session, call, person.member_id)
        again = response.kind in DECLINED
        if not again:
            self._leave_lease(session, call, response, ResponseKind.NOT_ME, now)
            response.answered_at, response.later_at = now, None
            session.flush()
            move_on_when_declined(session, call, now)
            show_call(session, call, now)
        return Answered(call, response, again=again)

    def _leave_lease(self, session: Session, call: Call, response: Response, kind: ResponseKind, now: datetime) -> None:
        if response.kind is ResponseKind.WITH_YOU:
            let_go(session, call, response, kind, now)
        else:
            response.kind = kind

    @transaction
    def done(self, session: Session, community_id: int, person: Person, response_id: int) -> Answered:
        """Note that a responder has done what they came for; the caller is asked whether that answers the call."""
        call, response, now = self._held(session, community_id, person, response_id)
        if response.kind is ResponseKind.WITH_YOU:
            let_go(session, call, response, ResponseKind.DONE, now)
            if call.next_at is not None:  # nobody else is with it: the caller has a while to say how it stands
                call.next_at = now + max(gap(call.urgency, max(call.rung, 0)), SILENCE)
            say_in_thread(session, call, f"done:{response.id}", now)
            show_call(session, call, now)
            return Answered(call, response)
        return Answered(call, response, again=True)

    @transaction
    def need_time(self, session: Session, community_id: int, person: Person, response_id: int) -> Answered:
        """Renew a responder's lease for two more days."""
        call, response, now = self._held(session, community_id, person, response_id)
        if response.kind is not ResponseKind.WITH_YOU:
            raise Refusal(_("You are not with this call any more. *I'm with you* on its card takes it up again."))
        if _nudge_waits(session, call, response):  # pressed twice: the time was given already
            return Answered(call, response, again=True)
        self._lease(session, call, response, now)
        return Answered(call, response)

    @transaction
    def hand_back(self, session: Session, community_id: int, person: Person, response_id: int) -> Answered:
        """Let a responder go; the call goes on to others, and nobody is told whose it was."""
        call, response, now = self._held(session, community_id, person, response_id)
        if response.kind is not ResponseKind.WITH_YOU:
            return Answered(call, response, again=True)
        let_go(session, call, response, ResponseKind.HANDED_BACK, now)
        show_call(session, call, now)
        return Answered(call, response)

    @transaction
    def note_reply(self, session: Session, community_id: int, thread_id: int, author_id: int) -> None:
        """Note that somebody wrote in a call's thread: it holds the ladder for one rung and asks the caller.

        In a nameless call the caller's own words count as anybody's, since a difference would tell who they are.
        """
        call = call_with_thread(session, community_id, thread_id)
        if call is None or call.state is not CallState.OPEN or (author_id == call.caller_id and not call.nameless):
            return
        now = self._clock.now()
        if author_id != call.caller_id:
            call.first_answer_at = call.first_answer_at or now
        if call.next_at is None or call.accompanied or call.held:
            return
        call.held = True
        call.next_at += gap(call.urgency, max(call.rung, 0))
        say_in_thread(session, call, f"reply:{call.rung}", now)

    @transaction
    def gone(self, session: Session, community_id: int, member_id: int) -> None:
        """Note that a member has left the server: what they held goes on to others, what they asked ends.

        They are asked nothing more; should they come back, /me lets them be asked again.
        """
        now = self._clock.now()
        for response in responses_by(session, community_id, member_id):
            call = call_of(session, community_id, response.call_id)
            if call is None or call.state is not CallState.OPEN:
                continue
            if response.kind is ResponseKind.WITH_YOU:
                let_go(session, call, response, ResponseKind.LEFT, now)
                show_call(session, call, now)
            elif response.kind in (ResponseKind.SILENT, ResponseKind.LATER):
                response.kind, response.later_at = ResponseKind.LEFT, None
            session.flush()
            move_on_when_declined(session, call, now)
        for call in calls_by(session, community_id, member_id):
            if call.state is CallState.OPEN:
                withdraw_call(session, call, now)
        saved_member(session, community_id, member_id).asks_a_month = 0
        keeper_gone(session, community_id, member_id, now)
        gone_from_circles(session, community_id, member_id, now)

    @transaction
    def enter(self, session: Session, community_id: int, person: Person, call_id: int) -> Call:
        """Return a hosts' call to a host at its door, whom its thread lets in. Raises Refusal for others."""
        return visible_call(session, community_id, person, call_id, self._clock.now())

    def _held(
        self, session: Session, community_id: int, person: Person, response_id: int
    ) -> tuple[Call, Response, datetime]:
        """Return a member's own lease and its call. Raises Refusal for another's, or once the call has ended."""
        response = session.get(Response, response_id)
        call = None if response is None else call_of(session, community_id, response.call_id)
        if response is None or call is None or response.member_id != person.member_id:
            raise Refusal(_("That question is for the one who is with this call. The card is where you can join."))
        require_open(call)
        return call, response, self._clock.now()

    def _open_to(self, session: Session, community_id: int, person: Person, call_id: int) -> Call:
        """Return an open call to a member other than its caller. Raises Refusal."""
        call = visible_call(session, community_id, person, call_id, self._clock.now())
        require_open(call)
        if person.member_id == call.caller_id:
            raise Refusal(_("This call is yours. *Answered*, *Still open* and *Withdraw* are your buttons."))
        return call


def _require_open_to_others(call: Call) -> None:
    """Raise Refusal for a call to people named, which nobody else is ever asked for."""
    if call.audience is Audience.NAMED:
        raise Refusal(_("Only the people its caller named may see this call. Tell the caller whom you think of."))


def _nudge_waits(session: Session, call: Call, response: Response) -> bool:
    """Tell whether the question how a lease goes is still to be said."""
    assert call.id is not None
    nudge = word_about(session, call.id, f"lease:{response.id}.{response.turns}")
    return nudge is not None and nudge.state in WAITING
