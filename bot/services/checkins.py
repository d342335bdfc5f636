"""The check-in rhythm: rounds open, members answer, the round is woven and closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from bot.calendar import instant_at
from bot.clock import Clock
from bot.courier import RITUAL_LATENESS
from bot.database import Database, insert_if_new, transaction
from bot.deck import Decks
from bot.errors import Refusal
from bot.language import _
from bot.services.people import Person, require_begun, require_host
from bot.services.questions import LOOKED_BACK, draw_question
from bot.services.reminders import plan_reminders
from bot.services.rhythms import come_round
from bot.services.rounds import calls_that_wait
from bot.services.showing import erase, show_check_in, show_round, show_weaving
from bot.services.words import check_words, given_back
from bot.store.calls import HOSTS_RUNG
from bot.store.checkins import (
    CheckIn,
    CheckInKind,
    Round,
    RoundState,
    check_in_of,
    check_ins_ahead,
    check_ins_in,
    earlier_rounds,
    latest_round,
    latest_round_shared_with_hosts,
    round_of,
    rounds_to_close,
)
from bot.store.communities import Community, community_of
from bot.store.deliveries import DeliveryKind, plan
from bot.store.members import Share, member_of
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState, rhythms_due, rhythms_of

AHEAD = 0
"""In place of a round's id: what was written ahead."""
OPEN_DAYS = 4
"""Local days a round stays open; a rhythm comes round at most weekly, so there is time for the late."""
QUIET_ROUNDS = 2
AT_ONCE = 50
"""Rhythms or rounds tended in one transaction; on SQLite members wait for as long as it takes."""

ARRIVING = ("rested", "curious", "glad", "full", "tired", "tender", "restless", "grateful")
"""The words one may arrive with; their translations stand with the form."""


class Outcome(StrEnum):
    """What became of a member's words."""

    SHARED = "shared"
    KEPT = "kept"
    AHEAD = "ahead"
    CHANGED = "changed"
    LATE = "late"


@dataclass(frozen=True)
class Answer:
    """What a member wrote in the form."""

    words: str
    share: Share
    arriving: str | None = None
    need: bool = False


@dataclass(frozen=True)
class Form:
    """What the form starts with: the round it answers (none: writing ahead) and what stands there already."""

    round: Round | None
    check_in: CheckIn | None
    share: Share


@dataclass(frozen=True)
class Written:
    """What became of an answer, with the row and its round (none when it was written ahead)."""

    outcome: Outcome
    check_in: CheckIn
    round: Round | None


class CheckIns:
    """Keeps rounds and check-ins. All look-ups are within one community."""

    def __init__(self, database: Database, clock: Clock, decks: Decks) -> None:
        self.database = database
        self._clock = clock
        self._decks = decks

    async def tend(self) -> None:
        """Close the rounds whose time has come, then open those that are due."""
        while await self.close_due() == AT_ONCE:
            pass
        while await self.open_due() == AT_ONCE:
            pass

    @transaction
    def open_due(self, session: Session) -> int:
        """Let due rhythms come round once each; return how many did."""
        due = rhythms_due(session, RhythmKind.CHECKIN, self._clock.now(), AT_ONCE)
        for rhythm in due:
            self._come_round(session, rhythm)
        return len(due)

    def _come_round(self, session: Session, rhythm: Rhythm) -> None:
        """Open the rhythm's latest due slot, or ask the hosts when nobody answered the last two rounds."""
        now = self._clock.now()
        slot, _following = come_round(rhythm, now)
        assert rhythm.id is not None
        earlier = earlier_rounds(session, rhythm.id, LOOKED_BACK)
        if self._is_quiet(session, rhythm, earlier):
            rhythm.state = RhythmState.ASKING
            rhythm.next_day = rhythm.next_at = None
            plan(
                session,
                DeliveryKind.QUIET,
                rhythm.id,
                key=slot.day.isoformat(),
                community_id=rhythm.community_id,
                due_at=slot.instant,
            )
            return
        community = community_of(session, rhythm.community_id, now)
        self._open(session, community, rhythm, earlier, slot.instant)

    def _is_quiet(self, session: Session, rhythm: Rhythm, earlier: Sequence[Round]) -> bool:
        since = rhythm.counted_from
        posted = [
            each
            for each in earlier[:QUIET_ROUNDS]
            if each.message_id is not None and (since is None or each.day >= since)
        ]
        return len(posted) == QUIET_ROUNDS and not any(
            check_ins_in(session, each.id) for each in posted if each.id is not None
        )

    def _open(
        self, session: Session, community: Community, rhythm: Rhythm, earlier: Sequence[Round], opens_at: datetime
    ) -> None:
        now = self._clock.now()
        assert rhythm.id is not None and rhythm.last_day is not None
        for each in earlier[:QUIET_ROUNDS]:
            self._leave_behind(session, each)
        question = draw_question(session, self._decks, community, rhythm, earlier, now)
        rhythm.question_id = None
        closing_day = rhythm.last_day + timedelta(days=OPEN_DAYS)
        opened = Round(
            community_id=community.id,
            rhythm_id=rhythm.id,
            day=rhythm.last_day,
            question_id=question.id,
            question=question.text,
            tag=question.tag,
            opens_at=opens_at,
            closes_at=instant_at(closing_day, rhythm.at, rhythm.zone),
            channel_id=community.checkins_channel_id,
        )
        session.add(opened)
        session.flush()
        show_round(session, opened, opens_at, expires_at=opens_at + RITUAL_LATENESS)
        for ahead in check_ins_ahead(session, community.id):
            ahead.round_id = opened.id
            show_check_in(session, ahead, now)
        plan_reminders(session, community, opened, now)

    def _leave_behind(self, session: Session, earlier: Round) -> None:
        if earlier.state is RoundState.OPEN:  # the rhythm was moved closer
            self._close(session, earlier)
        if earlier.state is RoundState.CLOSED:
            earlier.state = RoundState.OVER
            show_round(session, earlier, self._clock.now())

    @transaction
    def close_due(self, session: Session) -> int:
        """Close the rounds whose time has come; return how many."""
        due = rounds_to_close(session, self._clock.now(), AT_ONCE)
        for each in due:
            self._close(session, each)
        return len(due)

    def _close(self, session: Session, closing: Round) -> None:
        closing.state = RoundState.CLOSED
        show_round(session, closing, self._clock.now())
        assert closing.id is not None
        public = [each for each in check_ins_in(session, closing.id) if each.public]
        for each in public:
            if each.message_id is None:  # Discord refused it before; what stood in the way may be mended
                show_check_in(session, each, self._clock.now())
        if public or any(each.rung >= HOSTS_RUNG for each in calls_that_wait(session, closing.community_id)):
            due_at = min(closing.closes_at, self._clock.now())
            show_weaving(session, closing, due_at, expires_at=due_at + RITUAL_LATENESS)

    @transaction
    def form(self, session: Session, community_id: int, member_id: int, round_id: int | None = None) -> Form:
        """Return what the form starts with: for the given round, else for the latest, else for writing ahead.

        Round ``AHEAD`` is what the member wrote ahead, wherever it stands by now. With no round given, a member whose
        words in a closed one stay as they are writes ahead. Raises Refusal when the given round takes no more answers,
        or the member's can't be changed any more.
        """
        now = self._clock.now()
        community = community_of(session, community_id, now)
        require_begun(community)
        check_in = check_in_of(session, community_id, None, member_id)
        if round_id == AHEAD and check_in is not None:
            return Form(None, check_in, check_in.share)
        if round_id in (None, AHEAD):
            answered = latest_round(session, community_id)
            has_rhythm = bool(rhythms_of(session, community_id, RhythmKind.CHECKIN))
            if not has_rhythm and (answered is None or answered.state is RoundState.CLOSED):
                raise Refusal(_("There is no check-in rhythm at the moment. A host can add one with /rhythm add."))
            if answered is not None:
                given = check_in_of(session, community_id, answered.id, member_id)
                if given is None or is_changeable(answered, given):
                    check_in = given
                else:
                    answered = None
        else:
            assert round_id is not None
            answered = self._welcoming(session, community_id, round_id)
            check_in = check_in_of(session, community_id, answered.id, member_id)
            self._require_changeable(answered, check_in)
        member = member_of(session, community_id, member_id)
        return Form(answered, check_in, check_in.share if check_in else member.share)

    @transaction
    def write(
        self,
        session: Session,
        community_id: int,
        member_id: int,
        round_id: int | None,
        answer: Answer,
    ) -> Written:
        """Keep an answer and plan its post; the same one written twice stands once.

        With no round it is kept for the next that opens. Raises Refusal for empty words, more than 1,000
        characters, a round that is over, an answer given in time to a round that has closed.
        """
        now = self._clock.now()
        words = check_words(answer.words)
        answered = None if round_id is None else self._welcoming(session, community_id, round_id, words)
        if round_id is None:
            community_of(session, community_id, now)
            answered = self._opened_meanwhile(session, community_id, member_id)
            round_id = answered.id if answered else None
        check_in, is_new = self._row(session, community_id, member_id, round_id, CheckInKind.ANSWERED)
        if answered is not None and not is_new:
            self._require_changeable(answered, check_in, words)
        was_answered = not is_new and check_in.kind is CheckInKind.ANSWERED
        changed = self._put(check_in, answer, words, now, was_answered=was_answered)
        if answered is not None and (changed or is_new):
            show_check_in(session, check_in, now)
            if answered.weaving_version:
                show_weaving(session, answered, now)
        session.flush()
        return Written(_outcome(answered, check_in, was_answered=was_answered), check_in, answered)

    def _opened_meanwhile(self, session: Session, community_id: int, member_id: int) -> Round | None:
        """Return the round that opened while a member wrote ahead, when their words can still join it."""
        latest = latest_round(session, community_id)
        if latest is None or check_in_of(session, community_id, None, member_id) is not None:
            return None
        given = check_in_of(session, community_id, latest.id, member_id)
        if given is None:
            return latest
        stands = given.kind is CheckInKind.ANSWERED and given.written_at >= latest.opens_at  # written for this round
        return latest if not stands and is_changeable(latest, given) else None

    def _put(self, check_in: CheckIn, answer: Answer, words: str, now: datetime, *, was_answered: bool) -> bool:
        before = (check_in.kind, check_in.words, check_in.arriving, check_in.share)
        check_in.kind = CheckInKind.ANSWERED
        check_in.words, check_in.share, check_in.need = words, answer.share, answer.need
        check_in.arriving = answer.arriving if answer.arriving in ARRIVING else None
        changed = before != (check_in.kind, check_in.words, check_in.arriving, check_in.share)
        if was_answered and changed:
            check_in.edited_at = now
        if not was_answered:
            check_in.written_at = now
        return changed

    @transaction
    def pass_by(self, session: Session, community_id: int, member_id: int, round_id: int) -> CheckInKind:
        """Note that a member passes; return what stands: an answer given earlier stays as it is."""
        self._welcoming(session, community_id, round_id)
        check_in, is_new = self._row(session, community_id, member_id, round_id, CheckInKind.PASSED)
        if not is_new and check_in.kind is CheckInKind.TAKEN_BACK:
            check_in.kind = CheckInKind.PASSED
        return check_in.kind

    @transaction
    def take_back(self, session: Session, community_id: int, member_id: int, check_in_id: int) -> None:
        """Erase the words of a member's own check-in and plan the removal of its post.

        Possible at any time. Raises Refusal when there is nothing of theirs to take back.
        """
        check_in = session.get(CheckIn, check_in_id)
        if check_in is None or (check_in.community_id, check_in.member_id) != (community_id, member_id):
            raise Refusal(_("There is nothing of yours to take back here."))
        erase(session, check_in, self._clock.now())
        check_in.kind = CheckInKind.TAKEN_BACK
        if check_in.round_id is None:
            session.delete(check_in)

    @transaction
    def shared_with_hosts(
        self, session: Session, community_id: int, person: Person
    ) -> tuple[Round | None, list[CheckIn]]:
        """Return the latest round in which something was shared with hosts only, and what. Raises Refusal for others.

        Where nothing was, the latest round that takes answers comes, if there is one.
        """
        require_host(community_of(session, community_id, self._clock.now()), person)
        found = latest_round_shared_with_hosts(session, community_id)
        if found is None or found.id is None:
            return latest_round(session, community_id), []
        shared = [
            each
            for each in check_ins_in(session, found.id)
            if each.kind is CheckInKind.ANSWERED and each.share is Share.HOSTS and each.member_id is not None
        ]
        return found, shared

    def _row(
        self, session: Session, community_id: int, member_id: int, round_id: int | None, kind: CheckInKind
    ) -> tuple[CheckIn, bool]:
        """Return the member's row for a round, made when there is none; a race or a double click makes one."""
        values = CheckIn(
            community_id=community_id,
            round_id=round_id,
            member_id=member_id,
            kind=kind,
            written_at=self._clock.now(),
        ).model_dump(exclude={"id"})
        is_new = insert_if_new(session, CheckIn, values)
        check_in = check_in_of(session, community_id, round_id, member_id)
        assert check_in is not None
        return check_in, is_new

    def _welcoming(self, session: Session, community_id: int, round_id: int, words: str = "") -> Round:
        found = round_of(session, community_id, round_id)
        if found is None:
            raise given_back(_("That round is not here any more. /checkin opens the one there is."), words)
        if not found.welcomes:
            raise given_back(_("This round is over, and a newer one may be open: /checkin takes you there."), words)
        return found

    def _require_changeable(self, answered: Round, check_in: CheckIn | None, words: str = "") -> None:
        if check_in is not None and not is_changeable(answered, check_in):
            stays = _(
                "This round has closed, so what you said in it stays as it is. /checkin writes ahead for the next one; "
                "*My words* in /me can take it back."
            )
            raise given_back(stays, words)


def is_changeable(answered: Round, check_in: CheckIn) -> bool:
    """Tell whether a check-in may be changed: until its round closes, and a late one until the round is over."""
    in_time = check_in.kind is CheckInKind.ANSWERED and check_in.written_at < answered.closes_at
    return answered.state is RoundState.OPEN or not in_time


def _outcome(answered: Round | None, check_in: CheckIn, *, was_answered: bool) -> Outcome:
    if answered is None:
        return Outcome.AHEAD
    if was_answered:
        return Outcome.CHANGED
    if answered.state is RoundState.CLOSED:
        return Outcome.LATE
    return Outcome.SHARED if check_in.public else Outcome.KEPT
