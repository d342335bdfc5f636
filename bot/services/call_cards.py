"""What each message about a call shows, from the rows as they stand, and what the rows remember once it was said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.clock import Clock
from bot.courier import Needless, Said, Settle
from bot.database import Database, transaction
from bot.services.ladder import HOSTS, asked_on, plan_rung, say_in_thread, show_call, with_it
from bot.services.responses import SILENCE
from bot.store.calls import (
    Call,
    CallState,
    Relay,
    Response,
    ResponseKind,
    relay_said_for,
    responses_to,
)
from bot.store.communities import Community, community_of
from bot.store.deliveries import (
    AGAIN,
    Delivery,
    DeliveryKind,
    DeliveryState,
    call_card_is_coming,
    words_about,
)
from bot.store.members import Member, member_of
from bot.store.said_again import said_before, say_again
from bot.store.summaries import is_confidential

LATE_AFTER = timedelta(minutes=30)
"""A message about a call that comes later than this says when it should have come."""
MOST_TRIES = 3
"""How often a rung or a word is said anew after its card or thread was lost."""
CAME = (ResponseKind.WITH_YOU, ResponseKind.DONE)
WAITING_FOR_A_CARD = ("asked", "relay")
"""Words that are still worth saying once a call that lost its card has one again."""
LOST = ("channel-gone", "card-gone")
NO_CARD = "no-card"
"""Why something could not be said: the call has no card, and so no thread."""


@dataclass(frozen=True)
class CallCard:
    """A call as its card shows it: who is with it, who comes later, and whom a private one is for.

    ``confidential``: no summary is made of its thread. ``late_since``: when it should have been posted, if that is
    long ago and it is only posted now. ``moot`` says in a word why it is not to be posted any more, though an earlier
    attempt may have been.
    """

    community: Community
    call: Call
    with_it: list[int] = field(default_factory=list[int])
    later: list[Response] = field(default_factory=list[Response])
    named: list[int] = field(default_factory=list[int])
    confidential: bool = False
    late_since: datetime | None = None
    moot: str = ""


@dataclass(frozen=True)
class CallWord:
    """Something said about a call in its thread, or to the hosts: a rung, or a word such as ``with``.

    ``posted`` (channel, message) is where it was said before, when it is drawn anew. ``asked`` are the people a rung
    asks; ``response`` and ``member`` are whose part the word is about; ``responders`` those who were with the
    caller. ``late_since``: when it should have been said, if that is long ago. ``moot`` says in a word why it is not
    to be said any more, though an earlier attempt may have been.
    """

    community: Community
    call: Call
    what: str
    number: int = 0
    asked: list[Response] = field(default_factory=list[Response])
    response: Response | None = None
    member: Member | None = None
    relay: Relay | None = None
    responders: list[int] = field(default_factory=list[int])
    late_since: datetime | None = None
    posted: tuple[int, int] | None = None
    moot: str = ""


class CallCards:
    """Tells the courier's hands what to show about a call. Each method raises Needless when that is nothing now."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @property
    def settle(self) -> dict[DeliveryKind, Settle]:
        """What to write when a delivery of each kind ended, in the same transaction."""
        return {
            DeliveryKind.CALL: _settle_card,
            DeliveryKind.DOOR: _settle_door,
            DeliveryKind.RUNG: _settle_rung,
            DeliveryKind.WORD: _settle_word,
        }

    @transaction
    def card(self, session: Session, delivery: Delivery) -> CallCard:
        """Return a call as its card or its door shows it."""
        call, community = self._call(session, delivery)
        shown = call.door_id if delivery.kind is DeliveryKind.DOOR else call.message_id
        moot = "ended" if call.state is not CallState.OPEN and shown is None else ""
        if moot and delivery.attempt == 1:
            raise Needless(moot)
        parts = responses_to(session, call.id)
        return CallCard(
            community=community,
            call=call,
            with_it=ids_of([each for each in parts if each.kind is ResponseKind.WITH_YOU]),
            later=[each for each in parts if each.kind is ResponseKind.LATER and each.member_id is not None],
            named=ids_of([each for each in parts if each.named]),
            confidential=call.thread_id is not None and is_confidential(session, community.id, call.thread_id),
            late_since=self._late(delivery) if shown is None else None,
            moot=moot,
        )

    @transaction
    def rung(self, session: Session, delivery: Delivery) -> CallWord:
        """Return what a rung says: to whom, and why them. Whom a peer thought of is asked in words of their own.

        It asks nobody who has answered before it could be said.
        """
        call, community = self._call(session, delivery)
        number = int(delivery.key.partition(AGAIN)[0].partition(".")[0])
        posted = self._posted(session, delivery)
        asked = asked_on(session, call, number)
        if posted is None:
            asked = [each for each in asked if each.kind is ResponseKind.SILENT]
        moot = ""
        if posted is None and (call.state is not CallState.OPEN or call.accompanied or with_it(session, call)):
            moot = "met"  # somebody came, or it ended, before this could be said
        elif posted is None and number < HOSTS and not asked:
            moot = "no-longer"  # all it was to ask have answered or left
        if moot and delivery.attempt == 1:
            raise Needless(moot)
        return CallWord(
            community=community,
            call=call,
            what="rung",
            number=number,
            asked=[each for each in asked if each.member_id is not None and each.kind is not ResponseKind.LEFT],
            late_since=self._late(delivery),
            posted=posted,
            moot=moot,
        )

    @transaction
    def word(self, session: Session, delivery: Delivery) -> CallWord:
        """Return what else is said in a call's thread."""
        call, community = self._call(session, delivery)
        what, subject = what_of(delivery)
        posted = self._posted(session, delivery)
        response = session.get(Response, int(subject.partition(".")[0])) if what in OF_A_RESPONSE else None
        relay = relay_said_for(session, int(subject)) if what == "relay" else None
        moot = "" if posted or _still_true(call, what, subject, response, relay) else "no-longer"
        if moot and delivery.attempt == 1:
            raise Needless(moot)
        member = None
        if response is not None and response.member_id is not None:
            member = member_of(session, community.id, response.member_id)
        came = [each for each in responses_to(session, call.id) if each.kind in CAME]
        return CallWord(
            community=community,
            call=call,
            what=what,
            response=response,
            member=member,
            relay=relay,
            responders=ids_of(came),
            late_since=self._late(delivery),
            posted=posted,
            moot=moot,
        )

    def _call(self, session: Session, delivery: Delivery) -> tuple[Call, Community]:
        call = session.get(Call, delivery.subject_id)
        if call is None or call.state is CallState.DRAFT:
            raise Needless("gone")
        community = community_of(session, call.community_id, self._clock.now())
        if not community.tended:
            raise Needless("left")
        return call, community

    def _posted(self, session: Session, delivery: Delivery) -> tuple[int, int] | None:
        """Return where a message is that a delivery draws anew; ``None`` for one that says something first."""
        if AGAIN not in delivery.key:
            return None
        if (posted := said_before(session, delivery)) is None:
            raise Needless("never-said")
        return posted

    def _late(self, delivery: Delivery) -> datetime | None:
        return delivery.due_at if self._clock.now() - delivery.due_at > LATE_AFTER else None


OF_A_RESPONSE = ("with", "lease", "later", "asked", "done")
"""Words that are about one member's part in a call."""


def what_of(delivery: Delivery) -> tuple[str, str]:
    """Return what a word's key says: the word, and what it is about."""
    _count, what, subject = delivery.key.partition(AGAIN)[0].split(":")
    return what, subject


def _still_true(call: Call, what: str, subject: str, response: Response | None, relay: Relay | None) -> bool:
    """Tell whether something planned earlier is still worth saying."""
    if what in OF_A_RESPONSE:
        if response is None or response.member_id is None or call.state is not CallState.OPEN:
            return False
        is_latest = "." not in subject or response.turns == int(subject.partition(".")[2])
        wanted = {"with": ResponseKind.WITH_YOU, "lease": ResponseKind.WITH_YOU, "later": ResponseKind.LATER}
        wanted |= {"done": ResponseKind.DONE, "asked": ResponseKind.SILENT}
        if what == "later" and call.next_at is None:
            return False  # somebody is with the caller by now
        return is_latest and response.kind is wanted[what]
    if what in ("reply", "still"):
        return call.state is CallState.OPEN and call.next_at is not None and not call.accompanied
    if what == "stands":
        return call.state is CallState.OPEN and call.accompanied
    if what == "relay":
        return relay is not None and bool(relay.words)
    if what in ("helped", "thanks", "yes", "learned"):
        if what == "helped" and call.helped is not None:
            return False
        return call.state is CallState.ANSWERED and call.answers == int(subject)
    return True


def ids_of(responses: list[Response]) -> list[int]:
    """Return the ids of those members who are still known."""
    return [each.member_id for each in responses if each.member_id is not None]


def _settle_card(session: Session, delivery: Delivery, said: Said | None) -> None:
    """Keep where the card is; a public call's thread bears the card's id, a private one's is where the card is.

    A card that is lost is forgotten, so that ``climb`` plans it anew.
    """
    call = session.get(Call, delivery.subject_id)
    if call is None:
        return
    if said is None:
        if delivery.reason in LOST:  # it comes anew with the next rung
            call.message_id = None
            call.thread_id = None if delivery.reason == "channel-gone" else call.thread_id
        return
    call.message_id = said.message_id
    if call.private:
        call.thread_id = said.channel_id
    else:
        call.channel_id, call.thread_id = said.channel_id, said.message_id


def _settle_door(session: Session, delivery: Delivery, said: Said | None) -> None:
    call = session.get(Call, delivery.subject_id)
    if call is not None and said is not None:
        call.door_id = said.message_id


def _settle_rung(session: Session, delivery: Delivery, said: Said | None) -> None:
    """Say a rung again under a new card when the one it belonged to is lost with its thread, or never came."""
    call = session.get(Call, delivery.subject_id)
    if said is not None or call is None or delivery.state is not DeliveryState.FAILED:
        return
    number, _dot, tries = delivery.key.partition(".")
    if AGAIN in delivery.key or int(tries or 0) >= MOST_TRIES or call.state is not CallState.OPEN:
        return
    again = f"{number}.{int(tries or 0) + 1}"
    assert delivery.settled_at is not None
    if delivery.reason == NO_CARD and call.next_at is not None:
        plan_rung(session, call, again, call.next_at)  # the next rung brings the card
    elif delivery.reason in LOST and (call.message_id is not None or call_card_is_coming(session, delivery.subject_id)):
        if call.message_id is not None:
            _post_anew(session, call, delivery.settled_at)
        plan_rung(session, call, again, delivery.due_at)


def _post_anew(session: Session, call: Call, now: datetime) -> None:
    """Plan a new card for an open call, with a thread of its own, since the one it had is lost."""
    call.message_id = call.thread_id = call.door_id = None
    call.channel_id = session.get_one(Community, call.community_id).calls_channel_id
    show_call(session, call, now)


def _settle_word(session: Session, delivery: Delivery, said: Said | None) -> None:
    call = session.get(Call, delivery.subject_id)
    if delivery.state is DeliveryState.FAILED and delivery.reason in (*LOST, NO_CARD) and call is not None:
        if call.state is CallState.OPEN and delivery.settled_at is not None:
            if call.message_id is not None and delivery.reason != NO_CARD:
                _post_anew(session, call, delivery.settled_at)
            if delivery.reason != NO_CARD or what_of(delivery)[0] in WAITING_FOR_A_CARD:
                _say_under_new_card(session, call, delivery)
        return
    what, subject = what_of(delivery)
    if what == "relay" and said is not None and said.message_id is not None:
        relay = relay_said_for(session, int(subject))
        if relay is not None:
            relay.message_id = said.message_id
    if what == "lease" and said is not None and delivery.settled_at is not None:
        response = session.get(Response, int(subject.partition(".")[0]))
        if response is not None and response.ends_at is not None:  # the silence counts from when they were asked
            response.ends_at = max(response.ends_at, delivery.settled_at + SILENCE)


def _say_under_new_card(session: Session, call: Call, lost: Delivery) -> None:
    """Plan once more what was lost with its thread, such as that somebody is asked; a few times at the most.

    Where there is no card to say it under, the next rung brings one.
    """
    what = ":".join(what_of(lost))
    due_at = lost.due_at
    if lost.reason == NO_CARD and lost.settled_at is not None:
        due_at = call.next_at or lost.settled_at + SILENCE
    if len(words_about(session, lost.subject_id, what)) <= MOST_TRIES:
        say_in_thread(session, call, what, due_at)


def say_anew(session: Session, call_id: int, now: datetime) -> None:
    """Plan that everything said about a call, or just being said, is drawn anew, as after somebody was forgotten."""
    said = select(Delivery).where(
        col(Delivery.kind).in_([DeliveryKind.RUNG, DeliveryKind.WORD]),
        Delivery.subject_id == call_id,
        col(Delivery.state).in_([DeliveryState.SENT, DeliveryState.CLAIMED]),
    )
    for each in session.exec(said.order_by(col(Delivery.id))).all():
        if AGAIN not in each.key:
            say_again(session, each, now)
