"""What each card of a round shows, and what its rows remember once it was said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from bot.calendar import local_day
from bot.clock import Clock
from bot.courier import Needless, NotYet, Said, Settle
from bot.database import Database, transaction
from bot.services.rhythms import DECIDED
from bot.services.showing import show_check_in, show_weaving
from bot.store.calls import HOSTS_RUNG, Call, calls_for_everyone
from bot.store.checkins import (
    CheckIn,
    CheckInKind,
    Round,
    RoundState,
    check_in_of,
    check_ins_in,
    round_of,
    round_with_card,
)
from bot.store.communities import Community, community_of
from bot.store.deliveries import FIRST, WAITING, Delivery, DeliveryKind, DeliveryState
from bot.store.members import member_of
from bot.store.rhythms import Rhythm, RhythmState
from bot.store.said_again import said_last
from bot.store.summaries import is_confidential

MOST_CALLS = 5
"""Calls a weaving shows."""
MOST_LOOKED_AT = 50


@dataclass(frozen=True)
class RoundCard:
    """A round as its card shows it."""

    community: Community
    round: Round


@dataclass(frozen=True)
class Post:
    """A check-in as the thread shows it; ``shown`` is false when it has to go."""

    community: Community
    round: Round
    check_in: CheckIn
    shown: bool


@dataclass(frozen=True)
class Weaving:
    """What closes a round: who was heard, whose words nobody has replied to yet, when the next one opens.

    ``calls`` are those everyone may see and nobody is with, ``pressing`` those of them that have come to the hosts.
    ``confidential``: no summary is made of the round's thread.
    """

    community: Community
    round: Round
    heard: list[int]
    unanswered: list[CheckIn]
    next_at: datetime | None
    calls: list[Call] = field(default_factory=list[Call])
    confidential: bool = False

    @property
    def pressing(self) -> list[Call]:
        """The calls that have come to the hosts."""
        return [each for each in self.calls if each.rung >= HOSTS_RUNG]


@dataclass(frozen=True)
class Reminder:
    """A reminder to one member about a round."""

    community: Community
    round: Round
    member_id: int
    language: str


@dataclass(frozen=True)
class Quiet:
    """The question to the hosts whether a rhythm still serves, or once ``posted`` (channel, message) their answer."""

    community: Community
    rhythm: Rhythm
    posted: tuple[int, int] | None = None


@dataclass(frozen=True)
class Note:
    """What the hosts are told about a delivery that ended unsaid."""

    community: Community
    about: Delivery


class Rounds:
    """Tells the courier's hands what to show, from the rows as they stand at that moment.

    Each method raises Needless when nothing is to be said any more, NotYet when something else comes first.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @property
    def settle(self) -> dict[DeliveryKind, Settle]:
        """What to write when a delivery of each kind ended, in the same transaction."""
        return {
            DeliveryKind.ROUND: _settle_round,
            DeliveryKind.CHECK_IN: _settle_check_in,
            DeliveryKind.WEAVING: _settle_weaving,
            DeliveryKind.REMINDER: _settle_reminder,
        }

    @transaction
    def card(self, session: Session, delivery: Delivery) -> RoundCard:
        """Return a round as its card shows it."""
        shown = session.get(Round, delivery.subject_id)
        if shown is None or shown.state is RoundState.SKIPPED:
            raise Needless("gone")
        if shown.message_id is None and shown.version > 1 and delivery.key != "0":
            raise Needless("never-posted")
        return RoundCard(self._tended(session, shown.community_id), shown)

    @transaction
    def post(self, session: Session, delivery: Delivery) -> Post:
        """Return a check-in as the thread shows it."""
        check_in = session.get(CheckIn, delivery.subject_id)
        if check_in is None or check_in.round_id is None:
            raise Needless("gone")
        answered = session.get_one(Round, check_in.round_id)
        if answered.state is RoundState.SKIPPED:
            raise Needless("round-skipped")
        if answered.message_id is None:
            raise NotYet if card_is_coming(session, delivery.community_id, answered) else Needless("no-card")
        if not check_in.public and check_in.message_id is None and delivery.attempt == 1:
            raise Needless("private")
        return Post(self._tended(session, check_in.community_id), answered, check_in, check_in.public)

    @transaction
    def weaving(self, session: Session, delivery: Delivery) -> Weaving:
        """Return what closes a round, or closed it."""
        woven = session.get(Round, delivery.subject_id)
        if woven is None:
            raise Needless("gone")
        if woven.state is RoundState.SKIPPED:
            raise Needless("round-skipped")
        if woven.message_id is None:
            raise NotYet if card_is_coming(session, delivery.community_id, woven) else Needless("no-card")
        public = [each for each in check_ins_in(session, delivery.subject_id) if each.public]
        if woven.weaving_id is None and delivery.key != "0":
            raise Needless("never-posted")
        calls = calls_that_wait(session, woven.community_id)
        pressing = any(each.rung >= HOSTS_RUNG for each in calls)
        if not public and not pressing and woven.weaving_id is None and delivery.attempt == 1:
            raise Needless("nobody-shared")
        rhythm = session.get_one(Rhythm, woven.rhythm_id)
        return Weaving(
            community=self._tended(session, woven.community_id),
            round=woven,
            heard=[each.member_id for each in public if each.member_id is not None],
            unanswered=[each for each in public if each.replied_at is None and each.message_id is not None],
            next_at=rhythm.next_at if rhythm.state is RhythmState.ACTIVE else None,
            calls=calls,
            confidential=is_confidential(session, woven.community_id, woven.message_id),
        )

    @transaction
    def reminder(self, session: Session, delivery: Delivery) -> Reminder:
        """Return a reminder, for a member who still wants it and has neither answered nor passed."""
        open_round = session.get(Round, delivery.subject_id)
        if open_round is None or open_round.state is not RoundState.OPEN:
            raise Needless("closed")
        if open_round.message_id is None:
            raise (NotYet if card_is_coming(session, delivery.community_id, open_round) else Needless("no-card"))
        community = self._tended(session, open_round.community_id)
        member_id = int(delivery.key)
        member = member_of(session, community.id, member_id)
        if not member.reminders:
            raise Needless("not-wanted")
        today = local_day(self._clock.now(), member.zone or community.zone)
        if member.away_until is not None and today < member.away_until:
            raise Needless("away")
        check_in = check_in_of(session, community.id, open_round.id, member_id)
        if check_in is not None and check_in.kind is not CheckInKind.TAKEN_BACK:
            raise Needless("answered")
        return Reminder(community, open_round, member_id, member.language or community.language)

    @transaction
    def quiet(self, session: Session, delivery: Delivery) -> Quiet:
        """Return the question to the hosts about a rhythm nobody has answered, or what they decided since."""
        rhythm = session.get_one(Rhythm, delivery.subject_id)
        if not delivery.key.endswith(DECIDED):
            if rhythm.state is not RhythmState.ASKING:
                raise Needless("decided")
            return Quiet(self._tended(session, rhythm.community_id), rhythm)
        asked = said_last(session, delivery)
        if asked is None or asked.channel_id is None or asked.message_id is None:
            raise Needless("never-posted")
        return Quiet(self._tended(session, rhythm.community_id), rhythm, (asked.channel_id, asked.message_id))

    @transaction
    def note(self, session: Session, delivery: Delivery) -> Note:
        """Return what the hosts are told about a delivery that ended unsaid."""
        about = session.get(Delivery, delivery.subject_id)
        if about is None:
            raise Needless("gone")
        if about.kind in (DeliveryKind.RUNG, DeliveryKind.WORD):
            call = session.get(Call, about.subject_id)
            if call is None or call.private:
                raise Needless("private")
        return Note(self._tended(session, delivery.community_id), about)

    @transaction
    def note_replies(
        self, session: Session, community_id: int, thread_id: int, replies: Sequence[tuple[int, set[int]]]
    ) -> None:
        """Note replies in a round's thread: who wrote each, and the ids of the messages and members it answers."""
        answered = round_with_card(session, community_id, thread_id)
        if answered is None or answered.id is None:
            return
        now = self._clock.now()
        for each in check_ins_in(session, answered.id):
            own = {each.message_id, each.member_id}
            replied = any(author_id != each.member_id and own & answers for author_id, answers in replies)
            if each.replied_at is None and replied:
                each.replied_at = now
                if answered.weaving_id is not None:
                    show_weaving(session, answered, now)

    @transaction
    def adopt_card(self, session: Session, community_id: int, round_id: int, channel_id: int, message_id: int) -> None:
        """Remember a card someone pressed a button on, where Kith could not make sure that it was posted."""
        found = round_of(session, community_id, round_id)
        if found is None or found.message_id is not None or not found.welcomes:
            return
        found.channel_id, found.message_id = channel_id, message_id
        for each in check_ins_in(session, round_id):
            if each.public:
                show_check_in(session, each, self._clock.now())

    def _tended(self, session: Session, community_id: int) -> Community:
        community = community_of(session, community_id, self._clock.now())
        if not community.tended:
            raise Needless("left")
        return community


def calls_that_wait(session: Session, community_id: int) -> list[Call]:
    """Return a few calls everyone in a community may see and nobody is with, those come to the hosts first."""
    seen = calls_for_everyone(session, community_id, MOST_LOOKED_AT)
    return [each for each in seen if each.next_at is not None and not each.accompanied][:MOST_CALLS]


def card_is_coming(session: Session, community_id: int, shown: Round) -> bool:
    """Tell whether a round's card is still to be posted."""
    coming = select(Delivery.id).where(
        Delivery.community_id == community_id,
        Delivery.kind == DeliveryKind.ROUND,
        Delivery.subject_id == shown.id,
        col(Delivery.state).in_(WAITING),
    )
    return session.exec(coming.limit(1)).one_or_none() is not None


def _settle_round(session: Session, delivery: Delivery, said: Said | None) -> None:
    """Keep where the card is. A round whose card never came is skipped, unless it may be there after all."""
    shown = session.get(Round, delivery.subject_id)
    if shown is None:
        return
    if said is not None:
        shown.channel_id, shown.message_id = said.channel_id, said.message_id
    elif shown.message_id is None and delivery.key == FIRST and delivery.state is not DeliveryState.NEEDS_REVIEW:
        shown.state = RoundState.SKIPPED
        _keep_for_the_next(session, shown)


def _keep_for_the_next(session: Session, skipped: Round) -> None:
    """Let words join the next round, as if they were written ahead, unless their member has written ahead since."""
    assert skipped.id is not None
    for each in check_ins_in(session, skipped.id):
        member_id = each.member_id
        if each.kind is not CheckInKind.ANSWERED or member_id is None:
            continue
        if check_in_of(session, each.community_id, None, member_id) is None:
            each.round_id = None


def _settle_check_in(session: Session, delivery: Delivery, said: Said | None) -> None:
    check_in = session.get(CheckIn, delivery.subject_id)
    if said is None or check_in is None:
        return
    is_moved = check_in.message_id != said.message_id
    check_in.message_id = said.message_id
    if said.message_id is None or check_in.round_id is None:
        return
    answered = session.get_one(Round, check_in.round_id)
    answered.threaded = True
    if (
        is_moved and check_in.public and answered.weaving_version and delivery.settled_at is not None
    ):  # so that it asks for a reply, too
        show_weaving(session, answered, delivery.settled_at)


def _settle_weaving(session: Session, delivery: Delivery, said: Said | None) -> None:
    woven = session.get(Round, delivery.subject_id)
    if said is not None and woven is not None:
        woven.weaving_id = said.message_id


def _settle_reminder(session: Session, delivery: Delivery, _said: Said | None) -> None:
    """Stop writing to a member who doesn't take direct messages."""
    if delivery.reason == "closed-messages":
        member = member_of(session, delivery.community_id, int(delivery.key))
        member.reminders = False
