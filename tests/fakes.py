"""Stand-ins for the world outside Kith."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.courier import Impossible, Needless, Outage, Said
from bot.services.call_cards import CallCard, CallCards, CallWord
from bot.store.deliveries import Delivery, DeliveryKind

MONDAY_MORNING = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
THOROUGH = int(os.environ.get("KITH_THOROUGH", "1"))
"""How many times as many courses of events to try as usual, of those that take long."""


class FixedClock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the instant last set, aware and in UTC."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Make ``instant`` the present."""
        self._now = instant

    def advance(self, by: timedelta) -> None:
        """Move the present forward by ``by``."""
        self._now += by


class FakeVoice:
    """A Discord that remembers what was said to it.

    ``tried`` and ``said`` are deliveries as they were when they were claimed, in order. ``meet`` is awaited before
    each is said, and may raise what keeps it from being said.
    """

    def __init__(self) -> None:
        self.tried: list[Delivery] = []
        self.said: list[Delivery] = []
        self.meet: Callable[[Delivery], Awaitable[None]] | None = None

    async def say(self, delivery: Delivery) -> Said:
        """Say it; messages are numbered from 1001."""
        self.tried.append(delivery)
        if self.meet is not None:
            await self.meet(delivery)
        self.said.append(delivery)
        return Said(7, 1000 + len(self.said))

    def refuse(self, error: Exception | None) -> None:
        """Raise ``error`` at every delivery from now on; with none, say them again."""

        async def meet(_delivery: Delivery) -> None:
            assert error is not None
            raise error

        self.meet = None if error is None else meet


@dataclass(frozen=True)
class Heard:
    """Something about a call that was posted: the delivery as it was claimed, and what it showed."""

    delivery: Delivery
    shown: CallCard | CallWord


class ServerVoice:
    """A Discord on which calls are said: a channel that is deleted takes its messages and threads with it.

    ``channels`` are those there are; ``down``: Discord takes nothing. ``heard`` is what was posted, in order. What an
    earlier attempt posted is found again. Whatever is not about calls is said without a look.
    """

    def __init__(self, cards: CallCards, *channels: int) -> None:
        self.cards = cards
        self.channels = set(channels)
        self.down = False
        self.heard: list[Heard] = []
        self._posted: dict[int | None, Said] = {}
        self._channel_of: dict[int, int] = {}
        self._count = 1000

    async def say(self, delivery: Delivery) -> Said:
        """Say it where the call lives; a private call's card opens a thread."""
        if delivery.kind in (DeliveryKind.CALL, DeliveryKind.DOOR):
            card = await self.cards.card(delivery)
            door = delivery.kind is DeliveryKind.DOOR
            opens = card.call.private and not door
            return self._say(delivery, card, card.call.channel_id, card.call.door_id if door else None, opens=opens)
        if delivery.kind in (DeliveryKind.RUNG, DeliveryKind.WORD):
            draw = self.cards.rung if delivery.kind is DeliveryKind.RUNG else self.cards.word
            word = await draw(delivery)
            if word.posted is not None:
                return Said(*word.posted)
            if word.call.thread_id is None:
                raise Impossible("no-card")
            return self._say(delivery, word, word.call.thread_id, None)
        return Said(1, None)

    def _say(
        self,
        delivery: Delivery,
        shown: CallCard | CallWord,
        place: int | None,
        edits: int | None,
        *,
        opens: bool = False,
    ) -> Said:
        if self.down:
            raise Outage
        if delivery.kind is DeliveryKind.CALL and shown.call.message_id is not None:
            edits = shown.call.message_id
        if place is None or self._channel_of.get(place, place) not in self.channels:
            raise Needless("card-gone") if edits is not None else Impossible("channel-gone")
        if edits is not None:
            return Said(shown.call.thread_id if shown.call.private else place, edits)
        if delivery.id not in self._posted:
            if shown.moot:
                raise Needless(shown.moot)
            self._post(delivery, place, opens=opens)
            self.heard.append(Heard(delivery, shown))
        return self._posted[delivery.id]

    def _post(self, delivery: Delivery, place: int, *, opens: bool) -> None:
        self._count += 2
        thread = self._count + 1 if opens else self._count  # a public call's thread has its card's id
        if delivery.kind is DeliveryKind.CALL:
            self._channel_of[thread] = place
        self._posted[delivery.id] = Said(thread if opens else place, self._count)
