"""One large community with years of calls behind it, to measure with."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import func, insert, literal, update
from sqlalchemy import select as rows
from sqlmodel import Session, SQLModel, col, select

from bot.services.offers import stem_anew
from bot.store.calls import Audience, Call, CallState, Help, Response, ResponseKind, Rung
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState, Priority
from bot.store.members import Member
from bot.store.offers import NEVER, Offer
from bot.store.rhythms import Rhythm, RhythmKind
from tests.bench.seed import add_communities, add_rows

COMMUNITY, CHANNEL = 1, 10
OFFERED = ("listening", "facilitation", "graphic harvesting", "conflict", "hosting large circles", "fundraising")
"""What most offer; thousands of other words follow, each rarer than the one before."""
WORDS = 20_000
AWAY_FOR_LONG = "dry stone walls"
"""What only members offer who are away."""
ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Africa/Lagos", "Africa/Nairobi"),
    *("Asia/Kolkata", "Asia/Tokyo", "Asia/Jakarta", "Australia/Sydney", "Pacific/Auckland", "America/New_York"),
    *("America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "America/Bogota", "Asia/Kathmandu"),
)
HELPS = tuple(Help)
YEARS = timedelta(days=730)
ASKED_EACH = 4
SAID = (
    *((DeliveryKind.CALL, str(version)) for version in range(4)),
    *((DeliveryKind.RUNG, str(number)) for number in range(3)),
    *((DeliveryKind.WORD, f"{count}:{what}:1") for count, what in enumerate(("with", "done", "thanks"))),
)
"""What was said about each past call."""


def word(rank: int) -> str:
    """Return something that members offer, by how many do: 0 is what most offer."""
    return OFFERED[rank] if rank < len(OFFERED) else f"craft{rank}"


def add_calls(session: Session, now: datetime, members: int, past: int, waiting: int) -> None:
    """Add a community of so many members with what they offer, its past calls and those that wait, none of them due."""
    chance = random.Random(1)
    next_at = now.replace(second=0, microsecond=0) + timedelta(days=6)
    add_communities(session, [(COMMUNITY, CHANNEL)], now, next_at)
    session.connection().execute(update(Community).values(calls_channel_id=CHANNEL))
    keeping = session.exec(select(Rhythm)).one().model_dump(exclude={"id"}) | {"kind": RhythmKind.KEEPER}
    add_rows(session, Rhythm, [keeping])
    add_rows(session, Member, [_member(chance, now, number) for number in range(1, members + 1)])
    add_rows(session, Call, [_past_call(now, number, past) for number in range(past)])
    add_rows(session, Call, [_open_call(chance, now, past + number) for number in range(waiting)])
    _add_responses(session, now, members)
    _add_said(session)
    add_rows(session, Offer, list(_offers(session, chance, members)))
    stem_anew(session, COMMUNITY, "en")


def _member(chance: random.Random, now: datetime, number: int) -> dict[str, Any]:
    """Return a member's choices: one in twenty is away for long, one in fifty does not wish to be asked."""
    return Member(
        community_id=COMMUNITY,
        member_id=number,
        zone=None if number % 3 == 0 else chance.choice(ZONES),
        away_until=(now + timedelta(days=90)).date() if number % 20 == 0 else None,
        asks_a_month=0 if number % 50 == 1 else 3,
        keeps=number % 1000 == 1,
    ).model_dump()


def _past_call(now: datetime, number: int, past: int) -> dict[str, Any]:
    opened_at = now - YEARS * (1 - number / past) - timedelta(days=1)
    ended = {"state": CallState.ANSWERED, "ended_at": opened_at + timedelta(days=5), "answers": 1, "helped": True}
    return _call(number, opened_at) | ended | {"rung": 2, "version": 4, "said": 3}


def _open_call(chance: random.Random, now: datetime, number: int) -> dict[str, Any]:
    """Return an open call at its first rung, its next one still to come; somebody is with every fourth."""
    waits = {"rung": 0, "next_at": None if number % 4 == 0 else now + timedelta(hours=chance.uniform(2, 480))}
    private = {3: Audience.NAMED, 7: Audience.HOSTS, 11: Audience.NAMELESS}
    who = {"audience": private.get(number % 16, Audience.EVERYONE)}
    return _call(number, now - timedelta(days=chance.uniform(1, 60))) | {"state": CallState.OPEN} | waits | who


def _call(number: int, opened_at: datetime) -> dict[str, Any]:
    return Call(
        community_id=COMMUNITY,
        caller_id=number * 31 + 1,
        words=f"I meet my team about {word(number % 17)} soon. Could someone think along on {word(number % WORDS)}?",
        help=HELPS[number % len(HELPS)],
        written_at=opened_at,
        opened_at=opened_at,
        channel_id=CHANNEL,
        message_id=1_000_000 + number,
        thread_id=1_000_000 + number,
        version=1,
    ).model_dump(exclude={"id"})


def _add_responses(session: Session, now: datetime, members: int) -> None:
    """Add those who were asked to each call, and the one who was or is with it."""
    with_it, lease = ResponseKind.WITH_YOU, now + timedelta(days=3)
    for number in range(ASKED_EACH):
        asked = {
            "community_id": col(Call.community_id),
            "call_id": col(Call.id),
            "member_id": (col(Call.id) * 7919 + number * 10_007) % members + 1,
            "named": col(Call.audience) == Audience.NAMED,
            "rung": literal(0),
            "asked_at": col(Call.opened_at),
            "why": literal(""),
            "kind": _literal(Response, "kind", ResponseKind.SILENT if number else ResponseKind.DONE),
            "turns": literal(0),
        }
        _insert(session, Response, asked, col(Call.state) == CallState.ANSWERED)
        asked["kind"] = _literal(Response, "kind", ResponseKind.SILENT)
        _insert(session, Response, asked, col(Call.state) == CallState.OPEN)
    taken = rows(func.min(col(Response.id))).join(Call, col(Call.id) == col(Response.call_id))
    taken = taken.where(col(Call.state) == CallState.OPEN, col(Call.next_at).is_(None)).group_by(col(Call.id))
    held = update(Response).where(col(Response.id).in_(taken)).values(kind=with_it, ends_at=lease, turns=1)
    session.connection().execute(held)


def _add_said(session: Session) -> None:
    """Add the rungs of each call, and what was said about it; where somebody is with it, what is still to be said."""
    for number in range(3):
        reached = {"call_id": col(Call.id), "number": literal(number)}
        times = {"due_at": col(Call.opened_at), "reached_at": col(Call.opened_at), "skipped": literal(value=False)}
        _insert(session, Rung, reached | times, col(Call.rung) >= number)
    for kind, key in SAID:
        said = _delivery(kind, key, DeliveryState.SENT) | {"settled_at": col(Call.opened_at)}
        first = key == "0"
        _insert(session, Delivery, said, *(() if first else (col(Call.state) == CallState.ANSWERED,)))
    nudge = _delivery(DeliveryKind.WORD, "0:lease:1.1", DeliveryState.PENDING)
    latest = session.exec(select(func.max(Call.next_at))).one()
    nudge["due_at"] = _literal(Delivery, "due_at", latest)
    _insert(session, Delivery, nudge, col(Call.state) == CallState.OPEN, col(Call.next_at).is_(None))


def _delivery(kind: DeliveryKind, key: str, state: DeliveryState) -> dict[str, Any]:
    return {
        "community_id": col(Call.community_id),
        "kind": _literal(Delivery, "kind", kind),
        "subject_id": col(Call.id),
        "key": literal(key),
        "priority": literal(int(Priority.CALL)),
        "due_at": col(Call.opened_at),
        "state": _literal(Delivery, "state", state),
        "attempt": literal(1 if state is DeliveryState.SENT else 0),
        "reason": literal(""),
    }


def _offers(session: Session, chance: random.Random, members: int) -> Iterator[dict[str, Any]]:
    """Yield three offers of each member, the word of rank n being n times as rare as the first."""
    last = select(Response.member_id, func.max(Response.asked_at)).group_by(col(Response.member_id))
    asked = dict(session.exec(last).all())
    ranks, weights = range(WORDS), list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    for number in range(1, members + 1):
        asked_at = asked.get(number) or NEVER
        words = {word(rank) for rank in chance.choices(ranks, cum_weights=weights, k=3)}
        if number % 20 == 0:
            words.add(AWAY_FOR_LONG)
        for each in sorted(words):
            offer = Offer(community_id=COMMUNITY, member_id=number, words=each, asked_at=asked_at)
            yield offer.model_dump(exclude={"id"})


def _literal(table: type[SQLModel], column: str, value: object) -> Any:
    return literal(value, getattr(table, column).type)


def _insert(session: Session, table: type[SQLModel], values: dict[str, Any], *which: Any) -> None:
    """Add one row for each of these calls."""
    found = rows(*values.values()).select_from(Call).where(*which).order_by(col(Call.id))
    session.connection().execute(insert(table).from_select(list(values), found))
