"""A community in which peers call each other, for tests: who is in it, how time passes, and what is said."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import event
from sqlmodel import Session, col, select

from bot.app import App
from bot.services.calls import NewCall
from bot.services.offers import add_offer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.calls import Audience, Call, CallState, Help, Response, ResponseKind, Rung, Urgency
from bot.store.communities import Community
from bot.store.deliveries import WAITING, Delivery, DeliveryKind
from bot.store.keepers import KeeperTurn
from bot.store.members import Member, saved_member
from bot.store.rhythms import RhythmKind
from tests.fakes import FixedClock, Heard, ServerVoice

HERE, CHANNEL, HOST_ROLE = 500, 10, 9
ADMIN = Person(1, manages=True)
ADA, BO, CLEO, DAN, EVE, FAY, GUS, HAL = range(101, 109)
"""Members; Ada calls, and Hal hosts."""
HOST = Person(HAL, frozenset({HOST_ROLE}))
BERLIN = "Europe/Berlin"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def person(member_id: int) -> Person:
    """Return a member as Discord describes them."""
    return HOST if member_id == HAL else Person(member_id)


def hurry(app: App) -> None:
    """Let SQLite not wait for the disk, before anything is asked of it: no test here cuts the power."""
    if app.database.engine.dialect.name == "sqlite":
        event.listen(app.database.engine, "connect", _write_lightly)


def _write_lightly(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


class Peers:
    """Kith in one community, a Discord to say things on, and a clock."""

    def __init__(self, app: App, clock: FixedClock) -> None:
        hurry(app)
        self.app = app
        self.clock = clock
        self.voice = ServerVoice(app.call_cards, CHANNEL)
        self.opened_at = clock.now()
        self.kept = False

    async def begin(self, *keeping: int, zone: str = BERLIN) -> "Peers":
        """Set the community up, with volunteers for keeping calls; without any, it has no keeper's rhythm."""
        now = self.clock.now()
        kept = Community(id=HERE, zone=zone, calls_channel_id=CHANNEL, host_role_id=HOST_ROLE, created_at=now)
        kept.begun_at = now

        def write(session: Session) -> None:
            session.add(kept)
            session.add_all([Member(community_id=HERE, member_id=each, keeps=True) for each in keeping])

        self.app.database.run_now(write)
        self.kept = bool(keeping)
        if keeping:
            await self.app.rhythms.add(HERE, ADMIN, Beat(weekday=0, at=time(9)), 2, RhythmKind.KEEPER)
            await self.app.keepers.tend()
        return self

    def offer(self, words: str, *members: int, **choices: Any) -> None:
        """Let members offer something, having made these choices."""

        def write(session: Session) -> None:
            community = session.get_one(Community, HERE)
            for member_id in members:
                add_offer(session, community, member_id, words)
                member = saved_member(session, HERE, member_id)
                for name, value in choices.items():
                    setattr(member, name, value)

        self.app.database.run_now(write)

    async def call(
        self,
        urgency: Urgency = Urgency.WEEK,
        audience: Audience = Audience.EVERYONE,
        *,
        caller: int = ADA,
        named: Sequence[int] = (),
        words: str = "I need company",
    ) -> int:
        """Let someone call, and Kith say so; return the call's id."""
        new = NewCall(words, [Help.LISTEN], urgency, audience, named)
        draft = (await self.app.calls.write(HERE, caller, new)).call
        assert draft.id is not None
        await self.app.calls.send(HERE, caller, draft.id)
        self.opened_at = self.clock.now()
        await self.beat()
        return draft.id

    async def with_you(self, call_id: int, member_id: int) -> int:
        """Let a member be with a caller; return the response's id."""
        response = (await self.app.responses.with_you(HERE, person(member_id), call_id)).response
        assert response is not None and response.id is not None
        await self.beat()
        return response.id

    async def beat(self) -> None:
        """Do what is due, as each of Kith's beats does."""
        if self.kept:
            await self.app.keepers.tend()
        await self.app.responses.tend()
        await self.app.courier.tend(self.voice)

    async def live(self, time: timedelta, *, seldom: timedelta | None = None) -> None:
        """Let time pass, doing each thing when it falls due; or only ``seldom``."""
        ends = self.clock.now() + time
        while (now := self.clock.now()) < ends:
            due = max(self.next_thing(now) or ends, now + MINUTE)
            self.clock.set(min(ends, now + seldom if seldom else due))
            await self.beat()

    async def until(self, time: timedelta) -> None:
        """Let time pass until so long after the latest call was sent."""
        await self.live(self.opened_at + time - self.clock.now())

    def next_thing(self, now: datetime) -> datetime | None:
        """Return when something is due next, or may be tried again."""
        dues = [each.next_at for each in self.rows(Call, Call.state == CallState.OPEN)]
        dues += [each.ends_at for each in self.rows(Response, Response.kind == ResponseKind.WITH_YOU)]
        for each in self.rows(Delivery, col(Delivery.state).in_(WAITING)):
            dues += [max(each.due_at, each.not_before or each.due_at, each.leased_until or each.due_at)]
        return min((each for each in dues if each is not None and each > now), default=None)

    def rows(self, table: Any, *where: Any) -> list[Any]:
        """Return rows as they stand, in the order they were written."""

        def read(session: Session) -> list[Any]:
            return list(session.exec(select(table).where(*where).order_by(*table.__table__.primary_key)))

        return self.app.database.run_now(read)[0]

    def row(self, call_id: int) -> Call:
        """Return a call as it stands."""
        (call,) = self.rows(Call, Call.id == call_id)
        return call

    def part(self, call_id: int, member_id: int) -> Response | None:
        """Return a member's part in a call."""
        return next(iter(self.rows(Response, Response.call_id == call_id, Response.member_id == member_id)), None)

    def rungs(self, call_id: int) -> list[int]:
        """Return the numbers of a call's rungs, without those skipped."""
        return [each.number for each in self.rows(Rung, Rung.call_id == call_id) if not each.skipped]

    def skipped(self, call_id: int) -> list[int]:
        """Return the numbers of the rungs that were passed over."""
        return [each.number for each in self.rows(Rung, Rung.call_id == call_id) if each.skipped]

    def reached(self, call_id: int) -> list[timedelta]:
        """Return how long after the latest call was sent each rung was reached."""
        return [each.reached_at - self.opened_at for each in self.rows(Rung, Rung.call_id == call_id)]

    def asked(self, call_id: int) -> dict[int, list[int]]:
        """Return who was asked on which rung."""
        found: dict[int, list[int]] = defaultdict(list)
        for each in self.rows(Response, Response.call_id == call_id):
            if each.rung is not None:
                found[each.rung].append(each.member_id)
        return dict(found)

    def heard(self, call_id: int, what: str = "") -> list[Heard]:
        """Return what was said about a call, or only what begins so, such as ``rung`` or ``lease``."""
        return [
            each
            for each in self.voice.heard
            if each.delivery.subject_id == call_id and name_of(each.delivery).startswith(what)
        ]

    def names(self, call_id: int) -> list[str]:
        """Return what was said about a call, in order: ``card``, ``rung 0``, ``with`` and so on."""
        return [name_of(each.delivery) for each in self.heard(call_id)]

    def planned(self, call_id: int, what: str) -> list[Delivery]:
        """Return what is still to be said about a call that begins so."""
        waiting = self.rows(Delivery, Delivery.subject_id == call_id, col(Delivery.state).in_(WAITING))
        return [each for each in waiting if name_of(each).startswith(what)]

    def turn(self) -> KeeperTurn:
        """Return the latest turn of keeping calls."""
        return self.rows(KeeperTurn)[-1]


def name_of(delivery: Delivery) -> str:
    """Return what a delivery is, in a word or two."""
    if delivery.kind is DeliveryKind.WORD:
        return delivery.key.split(":")[1]
    if delivery.kind is DeliveryKind.RUNG:
        return f"rung {delivery.key.partition('.')[0]}"
    return {DeliveryKind.CALL: "card"}.get(delivery.kind, delivery.kind.value)
