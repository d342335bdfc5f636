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
from bot.services.checkins import Answer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.checkins import CheckIn, Round, RoundState
from bot.store.deliveries import WAITING, Delivery
from bot.store.members import Share
from bot.store.rhythms import Rhythm
from tests.fakes import FixedClock
from tests.loopback.people import JSON, Channel, Message, User
from tests.loopback.rest import Request
from tests.loopback.server import Discord
from tests.loopback.world import EPOCH

ADMIN = Person(1, manages=True)
SOON = timedelta(days=1)


class CountingDiscord(Discord):
    """A Discord that remembers which messages came into the world with which marker, whatever they show later.

    A message can be read back ``unreadable`` seconds after it was sent: until then only its nonce tells of it.
    """

    def __init__(self, *, nonce_seconds: float, unreadable: float) -> None:
        super().__init__(nonce_seconds=nonce_seconds)
        self.unreadable = unreadable
        self.born: defaultdict[int, list[Message]] = defaultdict(list)

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

    async def gather(self, communities: int, members: int) -> None:
        """Begin in new communities, each with a check-in that is due at once and words written ahead for it."""
        for _community in range(communities):
            guild = self.server.add_guild()
            self._clock.set(SystemClock().now() - timedelta(minutes=10))
            at = self._clock.now() + timedelta(minutes=1)
            await self.app.communities.choose(
                guild.id,
                ADMIN,
                checkins_channel_id=guild.channel("check-ins").id,
                circles_channel_id=guild.channel("circles").id,
            )
            beat = Beat(weekday=at.weekday(), at=at.time().replace(second=0, microsecond=0))
            await self.app.rhythms.set_first(guild.id, ADMIN, beat, next(self._requests))
            for number in range(members):
                member = self.server.add_member(guild)
                await self._write(guild.id, member.id, None, f"first words of {number}")
            await self.app.communities.begin(guild.id, ADMIN)
            self._clock.set(SystemClock().now())

    async def stir(self) -> None:
        """Let someone change or take back what stands in a thread, and let a round end early whose card stands."""
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

    async def waiting(self) -> int:
        """Return how many deliveries have not ended yet."""
        return sum(each.state in WAITING for each in await self.deliveries())

    async def at_rest(self) -> bool:
        """Tell whether every rhythm has come round, every due round is closed, and every delivery has ended."""
        now = SystemClock().now()

        def nothing_due(session: Session) -> bool:
            rhythm = select(Rhythm).where(col(Rhythm.next_at) <= now)
            closing = select(Round).where(Round.state == RoundState.OPEN, Round.closes_at <= now)
            return not session.exec(rhythm).all() and not session.exec(closing).all()

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
