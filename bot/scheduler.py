"""One tick, every few seconds; all else is in the rows.

APScheduler keeps the beat and nothing more: its persistent store and its cron trigger lose and double what they run.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

TICK_SECONDS = 5


class Scheduler:
    """Calls one function every five seconds, never twice at a time, and outlives its errors."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self, tick: Callable[[], Awaitable[None]]) -> None:
        """Start the beat on the running event loop."""

        async def beat() -> None:
            try:
                await tick()
            except Exception:  # one bad tick must not end the beat; what it missed is still due
                log.exception("the tick failed; what is due stays due")

        self._scheduler.add_job(  # pyright: ignore[reportUnknownMemberType] -- APScheduler 3 has no types
            beat,
            "interval",
            seconds=TICK_SECONDS,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Stop the beat."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
