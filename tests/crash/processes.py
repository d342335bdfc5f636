"""Kith as real processes that are killed and started again.

They come from the nursery and speak within a moment of being started: the killing takes minutes instead of an hour,
and a restart comes well within Discord's memory of nonces.
"""

import asyncio
import random
import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.loopback.server import Discord
from tests.nursery import start_kith

HURRIED = (
    "bot.courier.LEASE=2 bot.courier.SEND_WITHIN=1.0 bot.courier.AT_ONCE=8 bot.courier.PER_SECOND=25 "
    "bot.courier.LONGEST_WAIT=1 bot.scheduler.TICK_SECONDS=0.2"
)
"""Claims and rests that end before the tester's patience, and sends spread out, so that a kill meets one of them."""

PAUSE = 1.5
"""Seconds some of them stay dead."""


def start(server: Discord, database_url: str, log: Path, *, crash_at: str = "") -> ForkServerProcess:
    """Start Kith; with ``crash_at`` it kills itself there."""
    settings = {"DATABASE_URL": database_url, "LOG_LEVEL": "WARNING", "KITH_SET": HURRIED, "KITH_CRASH_AT": crash_at}
    return start_kith(server, log, **settings)


async def end(process: ForkServerProcess) -> int | None:
    """Kill a process as ``kill -9`` does; return the status it ended with."""
    process.kill()
    await asyncio.to_thread(process.join)
    return process.exitcode


class Victims:
    """So many processes on one database; whichever is killed is started again."""

    def __init__(self, server: Discord, database_url: str, many: int, log: Path, dice: random.Random) -> None:
        self.kills = 0
        self._server, self._url, self._many = server, database_url, many
        self._log, self._dice = log, dice
        self._living: list[ForkServerProcess] = []

    def start(self) -> None:
        """Start those that are missing."""
        while len(self._living) < self._many:
            self._living.append(start(self._server, self._url, self._log))

    async def kill_one(self) -> None:
        """Kill one; start another at once, or after a pause.

        Raises RuntimeError when it had ended by itself.
        """
        status = await end(self._living.pop(self._dice.randrange(len(self._living))))
        if status != -signal.SIGKILL:
            raise RuntimeError(f"Kith ended by itself with status {status}\n{self._log.read_text()[-2000:]}")
        self.kills += 1
        if self._dice.random() < 0.3:
            await asyncio.sleep(PAUSE)
        self.start()

    async def end(self) -> None:
        """Kill all."""
        for each in self._living:
            await end(each)
