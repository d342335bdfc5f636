"""Stand-ins for the world outside Kith."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from bot.courier import Said
from bot.store.deliveries import Delivery

MONDAY_MORNING = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


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
