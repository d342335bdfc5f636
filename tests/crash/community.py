"""Communities that give Kith much to say, and a Discord that counts each message from its birth."""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from sqlmodel import Session, col, select

from bot.app import App
from bot.clock import SystemClock
from bot.courier import MARKER_BASE
from bot.errors import Refusal
from bot.services.calls import NewCall
from bot.services.checkins import Answer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.calls import Audience, Call, CallState, Help, Response, Rung, Urgency
from bot.store.checkins import CheckIn, Round, RoundState
from bot.store.deliveries import WAITING, Delivery, DeliveryKind, DeliveryState
from bot.store.members import Share
from bot.store.rhythms import Rhythm
from tests.fakes import FixedClock
from tests.loopback.interactions import Interaction
from tests.loopback.people import JSON, Channel, Guild, Member, Message, User
from tests.loopback.rest import Request
from tests.loopback.server import Discord
from tests.loopback.world import EPOCH

ADMIN = Person(1, manages=True)
SOON = timedelta(days=1)
UNANSWERED = 2.0
"""Seconds after which someone does again what nobody answered."""
HIGHEST = 5
"""The rung beyond which nobody hurries a call: two weeks of the caller being told."""


class CountingDiscord(Discord):
    """A Discord that remembers which messages came into the world with which marker, whatever they show later.

    A message can be read back ``unreadable`` seconds after it was sent: until then only its nonce tells of it.
    """

    def __init__(self, *, nonce_seconds: float, unreadable: float) -> None:
        super().__init__(nonce_seconds=nonce_seconds)
        self.unreadable = unreadable
        self.born: defaultdict[int, list[Message]] = defaultdict(list)

    async def interaction(
        self,
        kind: int,
        data: JSON,
        by: Member | User,
        channel: Channel,
        clicked: Message | None = None,
        *,
        seconds: float = UNANSWERED,
    ) -> Interaction:
        """Tell the bot of an interaction; whoever waits for a process that was killed tries again soon."""
        return await super().interaction(kind, data, by, channel, clicked, seconds=seconds)

    def _do(self, asked: Request, template: str) -> tuple[int, Any]:
        status, answer = super()._do(asked, template)
        if status == 200 and (asked.method, template) == ("GET", "/channels/*/messages"):
            history: list[JSON] = answer
            answer = [each for each in history if seconds_since(int(each["id"])) >= self.unreadable]
        return status, answer

    def keep(self, channel: Channel, author: User, body: JSON, *, silent: bool = False) -> Message:
        """Keep a message, and count it when it is Kith's."""
        message = super().keep(channel, author, body, silent=silent)
        if author is self.bot:
            self.born[marker_in(body)].append(message)
        return message


def seconds_since(snowflake: int) -> float:
    """Return how long ago an id was given out."""
    return time.time() - ((snowflake >> 22) + EPOCH) / 1000


def marker_in(body: JSON) -> int:
    """Return the id of the delivery a message was born for. Raises LookupError when it bears no marker."""
    components: list[JSON] = body.get("components") or []
    for part in components:
        number: int = part.get("id") or 0
        if number > MARKER_BASE:
            return number - MARKER_BASE
    raise LookupError("a message without a marker")


class Crowd:
    """Members of several communities, acting through the services on the database Kith runs on."""

    def __init__(self, app: App, clock: FixedClock, server: CountingDiscord, dice: random.Random) -> None:
        self.app, self.server = app, server
        self._clock, self._dice = clock, dice
        self._requests = count(1)
        self.communities: dict[Guild, list[Member]] = {}
        self.called = 0

    async def gather(self, communities: int, members: int) -> None:
        """Begin in new communities, each with a check-in that is due at once, words written ahead for it, and calls."""
        for _community in range(communities):
            guild = self.server.add_guild()
            self._clock.set(SystemClock().now() - timedelta(minutes=10))
            at = self._clock.now() + timedelta(minutes=1)
            await self.app.communities.choose(
                guild.id,
                ADMIN,
                checkins_channel_id=guild.channel("check-ins").id,
                circles_channel_id=guild.channel("circles").id,
                calls_channel_id=guild.channel("calls").id,
                host_role_id=guild.role("host").id,
            )
            beat = Beat(weekday=at.weekday(), at=at.time().replace(second=0, microsecond=0))
            await self.app.rhythms.set_first(guild.id, ADMIN, beat, next(self._requests))
            people = [self.server.add_member(guild) for _number in range(members)]
            for number, member in enumerate(people):
                await self._write(guild.id, member.id, None, f"first words of {number}")
                await self.app.members.choose(guild.id, member.id, offer=f"help with {number}", asks_a_month=10)
            await self.app.communities.begin(guild.id, ADMIN)
            self._clock.set(SystemClock().now())
            self.communities[guild] = people
            await self._call(guild, Audience.EVERYONE)
            await self._call(guild, self._dice.choice([Audience.NAMED, Audience.HOSTS]))

    async def _call(self, guild: Guild, audience: Audience) -> None:
        """Send a call for today, so that nobody's night holds it."""
        caller, *others = self._dice.sample(self.communities[guild], 3)
        named = [each.id for each in others]
        new = NewCall(f"{audience} call of {caller.id}", [Help.HANDS], Urgency.TODAY, audience, named)
        preview = await self.app.calls.write(guild.id, caller.id, new)
        assert preview.call.id is not None
        await self.app.calls.send(guild.id, caller.id, preview.call.id)
        self.called += 1

    async def stir(self) -> None:
        """Let someone change or take back what stands in a thread, a round end early, and calls' time pass quickly."""
        self._clock.set(SystemClock().now())
        posted = await self.app.database.run(
            lambda session: session.exec(select(CheckIn).where(col(CheckIn.message_id).is_not(None))).all()
        )
        for check_in in self._dice.sample(posted, min(2, len(posted))):
            assert check_in.id is not None and check_in.member_id is not None
            if self._dice.random() < 0.3:
                await self.app.checkins.take_back(check_in.community_id, check_in.member_id, check_in.id)
            else:
                await self._write(
                    check_in.community_id, check_in.member_id, check_in.round_id, f"other words {self._dice.random()}"
                )
        await self.app.database.run(self._end_a_round)
        await self.app.database.run(self._hurry_calls)

    async def _write(self, community_id: int, member_id: int, round_id: int | None, words: str) -> None:
        answer = Answer(f"{words} in {community_id}", Share.EVERYONE)
        try:
            await self.app.checkins.write(community_id, member_id, round_id, answer)
        except Refusal:  # the round closed meanwhile, or is over: so would a member be told
            return

    def _end_a_round(self, session: Session) -> None:
        now = SystemClock().now()
        standing = select(Round).where(
            Round.state == RoundState.OPEN, col(Round.message_id).is_not(None), Round.closes_at > now + SOON
        )
        for each in session.exec(standing).all():
            if self._dice.random() < 0.3:
                each.closes_at = now

    def _hurry_calls(self, session: Session) -> None:
        """Let calls come to their next rung, and what was to be said of them in days be due."""
        now = SystemClock().now()
        for call in session.exec(select(Call).where(col(Call.next_at) > now, Call.rung < HIGHEST)).all():
            if self._dice.random() < 0.5:
                call.next_at = now
        coming = (Delivery.kind == DeliveryKind.WORD, Delivery.state == DeliveryState.PENDING, Delivery.due_at > now)
        for each in session.exec(select(Delivery).where(*coming).with_for_update(skip_locked=True)).all():
            each.due_at = now

    async def waiting(self) -> int:
        """Return how many deliveries are due and have not ended yet."""
        now = SystemClock().now()
        return sum(each.state in WAITING and each.due_at <= now for each in await self.deliveries())

    async def at_rest(self) -> bool:
        """Tell whether rhythms, rounds and calls are where they ought to be by now, and every delivery has ended."""
        now = SystemClock().now()

        def nothing_due(session: Session) -> bool:
            rhythm = select(Rhythm).where(col(Rhythm.next_at) <= now)
            closing = select(Round).where(Round.state == RoundState.OPEN, Round.closes_at <= now)
            climbing = select(Call).where(Call.state == CallState.OPEN, col(Call.next_at) <= now)
            return not any(session.exec(each).first() for each in (rhythm, closing, climbing))

        return await self.app.database.run(nothing_due) and await self.waiting() == 0

    async def deliveries(self) -> Sequence[Delivery]:
        """Return all deliveries, in the order they were planned."""
        wanted = select(Delivery).order_by(col(Delivery.id))
        return await self.app.database.run(lambda session: session.exec(wanted).all())

    async def rounds(self) -> Sequence[Round]:
        """Return all rounds."""
        return await self.app.database.run(lambda session: session.exec(select(Round)).all())

    async def check_ins(self) -> Sequence[CheckIn]:
        """Return all check-ins."""
        return await self.app.database.run(lambda session: session.exec(select(CheckIn)).all())

    async def calls(self) -> Sequence[Call]:
        """Return all calls."""
        return await self.app.database.run(lambda session: session.exec(select(Call).order_by(col(Call.id))).all())

    async def rungs(self) -> Sequence[Rung]:
        """Return all rungs that calls have reached."""
        return await self.app.database.run(lambda session: session.exec(select(Rung)).all())

    async def responses(self) -> Sequence[Response]:
        """Return everyone's part in all calls."""
        return await self.app.database.run(lambda session: session.exec(select(Response)).all())
