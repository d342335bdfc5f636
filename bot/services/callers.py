"""What callers say of their own calls: how they stand, whether it helped, and words without a name."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.ladder import WEEK, gap, require_open, say_in_thread, show_call, with_it, withdraw_call
from bot.services.people import Person
from bot.services.words import check_line, check_words, given_back
from bot.store.calls import Call, CallState, Relay, ResponseKind, Rung, call_of

LONGEST_LEARNING = 300


@dataclass(frozen=True)
class Stands:
    """How a call stands after its caller's word; ``again``: it stood so already."""

    call: Call
    again: bool = False


class Callers:
    """Keeps what callers say of their own calls. Every method raises Refusal for anyone else."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def hold(self, session: Session, community_id: int, person: Person, call_id: int, state: CallState) -> Call:
        """Return a member's own call that is in ``state``, before they are asked for more. Raises Refusal otherwise."""
        call = self._own(session, community_id, person, call_id)
        if state is CallState.ANSWERED:
            require_answered(call)
        else:
            require_open(call)
        return call

    @transaction
    def answered(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """End a call that is answered, thank those who came, and ask in seven days whether it helped.

        A nameless caller is forgotten with it, so they are not asked.
        """
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        if call.state is CallState.ANSWERED:
            return Stands(call, again=True)
        require_open(call)
        call.state, call.ended_at, call.next_at, call.accompanied = CallState.ANSWERED, now, None, False
        call.answers += 1
        for each in with_it(session, call):
            each.kind, each.ends_at = ResponseKind.DONE, None
        say_in_thread(session, call, f"thanks:{call.answers}", now)
        if call.nameless:
            call.caller_id = None
        else:
            say_in_thread(session, call, f"helped:{call.answers}", now + WEEK)
        show_call(session, call, now)
        return Stands(call)

    @transaction
    def still_open(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """Note that a call still waits: one that was answered opens again, one rung higher."""
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        if call.state is CallState.ANSWERED:
            self._reopen(session, call, now)
            return Stands(call)
        require_open(call)
        if call.accompanied:
            call.accompanied = False
            if call.next_at is not None:
                call.next_at = now + gap(call.urgency, call.rung)
            show_call(session, call, now)
            return Stands(call)
        return Stands(call, again=True)

    @transaction
    def not_yet(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """Note the caller's word that nobody is with them: a reply no longer holds the coming rung."""
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        require_open(call)
        reached = session.get(Rung, (call_id, call.rung))
        if call.next_at is None or call.accompanied or not call.held or reached is None:
            return Stands(call, again=True)
        call.next_at = max(now, min(call.next_at, reached.due_at + gap(call.urgency, call.rung)))
        return Stands(call)

    @transaction
    def withdraw(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """End a call its caller no longer asks, and erase its words."""
        call = self._own(session, community_id, person, call_id)
        if call.state is CallState.WITHDRAWN:
            return Stands(call, again=True)
        require_open(call)
        withdraw_call(session, call, self._clock.now())
        return Stands(call)

    @transaction
    def accompanied(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """Note the caller's word that someone is with them: the ladder rests, and they are asked again in a week."""
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        require_open(call)
        if call.accompanied or call.next_at is None:
            return Stands(call, again=True)
        call.accompanied, call.next_at = True, now + WEEK
        call.first_answer_at = call.first_answer_at or now
        show_call(session, call, now)
        return Stands(call)

    @transaction
    def helped(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """Note that an answered call helped, and tell those who came."""
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        require_answered(call)
        if call.helped:
            return Stands(call, again=True)
        call.helped = True
        say_in_thread(session, call, f"yes:{call.answers}", now)
        return Stands(call)

    @transaction
    def not_really(self, session: Session, community_id: int, person: Person, call_id: int) -> Stands:
        """Open a call again that was answered and did not help, one rung higher."""
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        if call.state is CallState.OPEN:
            return Stands(call, again=True)
        require_answered(call)
        self._reopen(session, call, now)
        return Stands(call)

    def _reopen(self, session: Session, call: Call, now: datetime) -> None:
        call.state, call.ended_at, call.helped = CallState.OPEN, None, None
        call.next_at = now
        show_call(session, call, now)

    @transaction
    def learned(self, session: Session, community_id: int, person: Person, call_id: int, words: str) -> Stands:
        """Share one line of what the caller learned. Raises Refusal over 300 characters, or when there is none."""
        call, now = self._own(session, community_id, person, call_id), self._clock.now()
        require_answered(call)
        line = check_line(words, LONGEST_LEARNING)
        again = line == call.learning
        if not again:
            call.learning = line
            say_in_thread(session, call, f"learned:{call.answers}", now)
        return Stands(call, again=again)

    @transaction
    def relay(
        self, session: Session, community_id: int, person: Person, call_id: int, words: str, request_id: int
    ) -> Stands:
        """Say a nameless caller's words in the call's thread; the same request delivered twice says them once."""
        call, now = self._own(session, community_id, person, call_id, words), self._clock.now()
        require_open(call, words)
        kept = Relay(call_id=call_id, words=check_words(words), written_at=now, request_id=request_id)
        again = not insert_if_new(session, Relay, kept.model_dump(exclude={"id"}))
        if not again:
            say_in_thread(session, call, f"relay:{request_id}", now)
        return Stands(call, again=again)

    def _own(self, session: Session, community_id: int, person: Person, call_id: int, words: str = "") -> Call:
        call = call_of(session, community_id, call_id)
        if call is not None and call.caller_id is None:  # a nameless caller is forgotten once it has ended
            require_open(call, words)
        if call is None or call.state is CallState.DRAFT or call.caller_id != person.member_id:
            raise given_back(_("Only the one who asked can say that. *I'm with you* is how you can join."), words)
        return call


def require_answered(call: Call) -> None:
    """Raise Refusal unless a call is answered."""
    if call.state is not CallState.ANSWERED:
        raise Refusal(_("This call is not answered, so how it went can wait. /call open shows how your calls stand."))
