"""What is kept about a member in calls: how it is given out to them, and how it is forgotten."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.services.call_cards import say_anew
from bot.services.calls import erase_draft
from bot.services.ladder import let_go, move_on_when_declined, show_call, unsay, withdraw_call
from bot.services.summary_showing import outdate
from bot.store.calls import (
    Call,
    CallState,
    ResponseKind,
    call_of,
    calls_by,
    relays_of,
    responses_by,
    thought_of_by,
)


def forget_calls(session: Session, community_id: int, member_id: int, now: datetime) -> None:
    """Erase a member from calls: the words of their own, which end if they were open, and their name in all others.

    That somebody was asked or came stays, without a name; what Kith said of it is drawn anew. A call they were with
    goes on to others.
    """
    touched: dict[int, Call] = {}
    for call in calls_by(session, community_id, member_id):
        if call.state is CallState.DRAFT:
            erase_draft(session, call)
            continue
        _forget_caller(session, call, now)
        touched[_id(call)] = call
    for response in responses_by(session, community_id, member_id):
        call = call_of(session, community_id, response.call_id)
        assert call is not None
        if call.state is CallState.DRAFT:
            session.delete(response)  # nobody was told that they were named
            continue
        if response.kind is ResponseKind.WITH_YOU:
            let_go(session, call, response, ResponseKind.HANDED_BACK, now)
        elif call.state is CallState.OPEN and response.kind in (ResponseKind.SILENT, ResponseKind.LATER):
            response.kind = ResponseKind.LEFT
        response.member_id = response.later_at = None
        response.why = ""
        session.flush()
        move_on_when_declined(session, call, now)
        touched[_id(call)] = call
    for response in thought_of_by(session, community_id, member_id):
        response.thought_of_by = None
        if (call := call_of(session, community_id, response.call_id)) is not None:
            touched[_id(call)] = call
    session.flush()
    for call in touched.values():
        show_call(session, call, now)
        say_anew(session, _id(call), now)


def _forget_caller(session: Session, call: Call, now: datetime) -> None:
    if call.state is CallState.OPEN:
        withdraw_call(session, call, now)
    for relay in relays_of(session, call.id):
        if relay.words:
            unsay(session, call, relay, now)
    call.words = call.learning = ""
    if call.message_id is not None:
        outdate(session, call.community_id, [call.message_id], now)
    call.caller_id = None


def calls_export(session: Session, community_id: int, member_id: int) -> dict[str, Any]:
    """Return everything kept about a member in calls, as plain values for a JSON file.

    Of other people's calls only the member's own part is told.
    """
    return {
        "calls": [
            {
                "state": each.state.value,
                "words": each.words,
                "what_would_help": [help_.value for help_ in each.helps],
                "by_when": each.urgency.value,
                "who_may_see": each.audience.value,
                "written_at": _iso(each.written_at),
                "opened_at": _iso(each.opened_at),
                "rung": each.rung,
                "next_step_at": _iso(each.next_at),
                "ended_at": _iso(each.ended_at),
                "first_answer_at": _iso(each.first_answer_at),
                "it_helped": each.helped,
                "what_was_learned": each.learning,
                "words_said_without_a_name": [
                    {
                        "words": relay.words,
                        "written_at": _iso(relay.written_at),
                        "message_id": str(relay.message_id) if relay.message_id else None,
                    }
                    for relay in relays_of(session, each.id)
                    if relay.words
                ],
                **_places(each),
            }
            for each in calls_by(session, community_id, member_id)
        ],
        "responses": [
            {
                "call": each.call_id,
                "named_by_the_caller": each.named,
                "thought_of_by": str(each.thought_of_by) if each.thought_of_by else None,
                "rung": each.rung,
                "asked_at": _iso(each.asked_at),
                "because_of_your_offer": each.why,
                "answer": each.kind.value,
                "answered_at": _iso(each.answered_at),
                "later_at": _iso(each.later_at),
                "with_it_until": _iso(each.ends_at),
            }
            for each in responses_by(session, community_id, member_id)
        ],
        "people_you_thought_of": len(thought_of_by(session, community_id, member_id)),
    }


def _places(call: Call) -> dict[str, str | None]:
    ids = {
        "channel_id": call.channel_id,
        "message_id": call.message_id,
        "thread_id": call.thread_id,
        "door_id": call.door_id,
    }
    return {name: str(value) if value else None for name, value in ids.items()}


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None


def _id(call: Call) -> int:
    assert call.id is not None
    return call.id
