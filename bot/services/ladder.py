"""The ladder of a call: who is asked when, until the caller says that it is answered.

Each rung asks other people than those before it. What a rung says is planned in the transaction that reaches it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.database import insert_if_new
from bot.language import _, speaking
from bot.services.keepers import keeper_of
from bot.services.offers import Asked, fair_asking, may_be_asked, note_asked, wakes_at
from bot.services.summary_showing import outdate
from bot.services.words import given_back, help_word
from bot.store.calls import (
    Audience,
    Call,
    CallState,
    Relay,
    Response,
    ResponseKind,
    Rung,
    Urgency,
    relays_of,
    response_of,
    responses_to,
)
from bot.store.communities import Community
from bot.store.deliveries import (
    UNSAID,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Priority,
    call_card_is_coming,
    plan,
    rungs_planned,
    word_about,
    words_about,
)
from bot.store.members import member_of
from bot.store.said_again import say_again

MATCHING, OTHERS, KEEPER, HOSTS, CALLER = range(5)
"""The rungs. From the last on, the number counts the weeks on which the caller is told."""
HOURS_BETWEEN = {
    Urgency.TODAY: (2, 2, 4, 16),
    Urgency.WEEK: (24, 24, 24, 48),
    Urgency.NO_HURRY: (72, 48, 48, 72),
}
"""From each rung to the next, by urgency."""
WEEK = timedelta(days=7)
MOST_ASKED = 3
"""People a rung asks by name."""
DECLINED = (ResponseKind.NOT_ME, ResponseKind.HANDED_BACK, ResponseKind.LEFT)


@dataclass(frozen=True)
class Step:
    """What a rung comes to: whom it asks, and whether that is ``said``; one that is not ``reached`` is skipped.

    ``waits_until``: everyone it could ask is asleep until then.
    """

    asked: list[Asked] = field(default_factory=list[Asked])
    said: bool = False
    reached: bool = False
    waits_until: datetime | None = None


def gap(urgency: Urgency, number: int) -> timedelta:
    """Return the time from a rung to the next one."""
    return timedelta(hours=HOURS_BETWEEN[urgency][number]) if number < CALLER else WEEK


def climb(session: Session, community: Community, call: Call, now: datetime) -> None:
    """Reach the rung that is due, passing over at once those with nobody to ask.

    The next one is due a rung's time after this one was, so that the overdue follow one another in order; of the
    weekly ones that were missed only the latest comes.
    """
    assert call.next_at is not None and call.id is not None
    due_at = call.next_at
    mend_card(session, community, call, now)
    _say_what_was_lost(session, call, now)
    unkept = False
    while True:
        number = call.rung + 1
        step = _step(session, community, call, number, now)
        if step.waits_until is not None:
            call.next_at = step.waits_until
            return
        skipped = not step.reached
        reached = {"call_id": call.id, "number": number, "due_at": due_at, "reached_at": now, "skipped": skipped}
        if not insert_if_new(session, Rung, reached):
            raise RuntimeError(f"call {call.id} has been on rung {number} before")
        call.rung, call.held = number, False
        if number == HOSTS and step.reached and unkept:
            say_in_thread(session, call, f"still:{number}", due_at)
        ask(session, call, step.asked, number, now)
        if step.said:
            plan_rung(session, call, str(number), due_at)
        if step.reached:
            break
        unkept = number == KEEPER
    call.next_at = due_at + gap(call.urgency, call.rung)
    while call.rung >= CALLER and call.next_at <= now:
        call.next_at += WEEK


def _step(session: Session, community: Community, call: Call, number: int, now: datetime) -> Step:
    if number >= CALLER:
        return Step(said=True, reached=True)
    if call.audience is Audience.NAMED:
        return _named_step(session, community, call, now) if number == MATCHING else Step()
    if number == HOSTS:
        return Step(said=True, reached=True)
    if call.audience is Audience.HOSTS:
        return Step(reached=number == MATCHING)  # the door has asked them
    if number == KEEPER:
        return _keeper_step(session, community, call, now)
    return _peers_step(session, community, call, number, now)


def _named_step(session: Session, community: Community, call: Call, now: datetime) -> Step:
    """Ask the people the caller named; those away or asked often find the call in the thread without being asked."""
    asked = [
        Asked(each.member_id, "", "")
        for each in responses_to(session, call.id)
        if each.named and each.member_id is not None and may_be_asked(session, community, each.member_id, now)
    ]
    return Step(asked, said=bool(asked), reached=True)


def _peers_step(session: Session, community: Community, call: Call, number: int, now: datetime) -> Step:
    leave_out = {each.member_id for each in responses_to(session, call.id) if each.member_id is not None}
    if call.caller_id is not None and not call.nameless:
        leave_out.add(call.caller_id)  # leaving out a nameless call's caller would tell who they are

    def found(*, asleep_too: bool) -> list[Asked]:
        return fair_asking(
            session,
            community,
            wanted_words(community, call),
            now,
            leave_out=leave_out,
            limit=MOST_ASKED,
            asleep_too=asleep_too,
            anyone=number == OTHERS,
        )

    asked = found(asleep_too=number == OTHERS and call.urgency is Urgency.TODAY)
    if not asked and number == OTHERS and (asleep := found(asleep_too=True)):
        return Step(waits_until=min(wakes_at(each.zone, now) for each in asleep))
    return Step(asked, said=bool(asked), reached=bool(asked) or number == MATCHING)  # the card asks everyone


def _keeper_step(session: Session, community: Community, call: Call, now: datetime) -> Step:
    keeper_id = keeper_of(session, community.id, now)
    if keeper_id is None or (keeper_id == call.caller_id and not call.nameless):
        return Step()  # of a nameless call they are asked as anybody would be
    if response_of(session, call.id, keeper_id) is not None:
        return Step()
    zone = member_of(session, community.id, keeper_id).zone or community.zone
    if call.urgency is not Urgency.TODAY and (morning := wakes_at(zone, now)) > now:
        return Step(waits_until=morning)
    return Step([Asked(keeper_id, "", zone)], said=True, reached=True)


def wanted_words(community: Community, call: Call) -> str:
    """Return what a call's matching reads: its words, and what would help in the community's language."""
    with speaking(community.language):
        return " ".join([call.words, *(help_word(each) for each in call.helps)])


def ask(session: Session, call: Call, asked: Sequence[Asked], number: int, now: datetime) -> None:
    """Write down whom a rung asks; what the keeper is asked doesn't count towards how often they may be."""
    assert call.id is not None
    asked_at = None if number == KEEPER else now
    for each in asked:
        new = Response(
            community_id=call.community_id,
            call_id=call.id,
            member_id=each.member_id,
            rung=number,
            why=each.why,
            asked_at=asked_at,
        )
        if not insert_if_new(session, Response, new.model_dump(exclude={"id"})):
            named = part_of(session, call, each.member_id)
            named.rung, named.why, named.asked_at = number, each.why, asked_at or named.asked_at
    if asked_at is not None and asked:
        note_asked(session, call.community_id, [each.member_id for each in asked], now)


def asked_on(session: Session, call: Call, number: int) -> list[Response]:
    """Return those a rung asks; whom a peer thought of meanwhile is asked in words of their own."""
    assert call.id is not None
    on_it = [each for each in responses_to(session, call.id) if each.rung == number]
    return [each for each in on_it if word_about(session, call.id, f"asked:{each.id}") is None]


def part_of(session: Session, call: Call, member_id: int) -> Response:
    """Return a member's part in a call, made when they have none yet; a race makes one."""
    assert call.id is not None
    new = Response(community_id=call.community_id, call_id=call.id, member_id=member_id)
    insert_if_new(session, Response, new.model_dump(exclude={"id"}))
    found = response_of(session, call.id, member_id)
    assert found is not None
    return found


def with_it(session: Session, call: Call) -> list[Response]:
    """Return those who are with a call on a lease."""
    return [each for each in responses_to(session, call.id) if each.kind is ResponseKind.WITH_YOU]


def move_on_when_declined(session: Session, call: Call, now: datetime) -> None:
    """Let the next rung come at once when everyone this one asked has said no; those who host can't all have."""
    asked = [each for each in responses_to(session, call.id) if each.rung == call.rung]
    if call.next_at is None or call.accompanied or not asked:
        return
    if call.rung >= HOSTS or call.audience is Audience.HOSTS:
        return
    if all(each.kind in DECLINED for each in asked):
        call.next_at = min(call.next_at, now)


def let_go(session: Session, call: Call, response: Response, kind: ResponseKind, now: datetime) -> None:
    """End a member's lease; when nobody else is with the call, it goes on up the ladder at once."""
    response.kind, response.ends_at = kind, None
    session.flush()
    if with_it(session, call):
        return
    call.next_at = now + WEEK if call.accompanied else now


def withdraw_call(session: Session, call: Call, now: datetime) -> None:
    """End a call its caller no longer asks: its words are erased, and those who were with it are told."""
    call.state, call.ended_at, call.next_at, call.accompanied = CallState.WITHDRAWN, now, None, False
    responders = with_it(session, call)
    for each in responders:
        each.kind, each.ends_at = ResponseKind.DONE, None
    if responders:
        say_in_thread(session, call, f"withdrawn:{call.id}", now)
    call.words = ""
    if call.message_id is not None:
        outdate(session, call.community_id, [call.message_id], now)
    if call.learning:
        _unsay_learning(session, call, now)
    for relay in relays_of(session, call.id):
        if relay.words:
            unsay(session, call, relay, now)
    if call.nameless:
        call.caller_id = None
    show_call(session, call, now)


def _unsay_learning(session: Session, call: Call, now: datetime) -> None:
    """Erase what a caller learned when their call was answered before, also where it was said."""
    call.learning = ""
    assert call.id is not None
    for answer in range(1, call.answers + 1):
        for said in words_about(session, call.id, f"learned:{answer}"):
            say_again(session, said, now)


def unsay(session: Session, call: Call, relay: Relay, now: datetime) -> None:
    """Erase words that were relayed for a nameless caller, also where they were said."""
    relay.words = ""
    assert call.id is not None
    if (said := word_about(session, call.id, f"relay:{relay.request_id}")) is not None:
        say_again(session, said, now)


def require_open(call: Call, words: str = "") -> None:
    """Raise Refusal unless a call is open, giving back the words someone wrote."""
    if call.state is CallState.ANSWERED:
        raise given_back(
            _("This call has been answered. Thank you for being there; /call open shows what waits."), words
        )
    if call.state is not CallState.OPEN:
        raise given_back(
            _("This call was withdrawn, so nothing is asked any more. /call open shows what waits."), words
        )


def show_call(session: Session, call: Call, now: datetime) -> None:
    """Plan that a call's card shows where it stands, and so the door to a hosts' call; the first time posts them."""
    session.flush()
    assert call.id is not None
    kinds = [DeliveryKind.CALL, DeliveryKind.DOOR] if call.audience is Audience.HOSTS else [DeliveryKind.CALL]
    for kind in kinds:
        plan(
            session,
            kind,
            call.id,
            key=str(call.version),
            community_id=call.community_id,
            due_at=now,
            priority=Priority.CALL,
        )
    call.version += 1


def plan_rung(session: Session, call: Call, key: str, due_at: datetime) -> None:
    """Plan that a rung is said; the key begins with its number."""
    assert call.id is not None
    plan(
        session,
        DeliveryKind.RUNG,
        call.id,
        key=key,
        community_id=call.community_id,
        due_at=due_at,
        priority=Priority.CALL,
    )


def say_in_thread(session: Session, call: Call, what: str, due_at: datetime) -> None:
    """Plan something to be said in a call's thread; ``what`` is a word and an id, such as ``with:12``."""
    session.flush()
    assert call.id is not None
    plan(
        session,
        DeliveryKind.WORD,
        call.id,
        key=f"{call.said}:{what}",
        community_id=call.community_id,
        due_at=due_at,
        priority=Priority.CALL,
    )
    call.said += 1


def mend_card(session: Session, community: Community, call: Call, now: datetime) -> None:
    """Plan the card anew where it could not be posted, or was lost with its channel, as the door is then."""
    assert call.id is not None
    if call.message_id is None and not call_card_is_coming(session, call.id):
        if call.channel_id != community.calls_channel_id:
            call.channel_id, call.door_id = community.calls_channel_id, None
        show_call(session, call, now)


def _say_what_was_lost(session: Session, call: Call, now: datetime) -> None:
    """Plan again what a rung could not say, since no other asks the people it asked.

    It is late only where it failed, not where it was left out as somebody had come. Each week's word to the
    caller stands for those before it.
    """
    tries: dict[int, list[Delivery]] = {}
    for each in rungs_planned(session, call.id):
        tries.setdefault(int(each.key.partition(".")[0]), []).append(each)
    for number, said in tries.items():
        if number > HOSTS or any(each.state not in UNSAID for each in said):
            continue
        if number == HOSTS or any(each.kind is ResponseKind.SILENT for each in asked_on(session, call, number)):
            failed = any(each.state is not DeliveryState.SKIPPED for each in said)
            plan_rung(session, call, f"{number}.{len(said)}", said[0].due_at if failed else now)
