"""One run: Kith is killed so many times while it speaks, then left alone until it has nothing more to say."""

import asyncio
import random
import signal
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app import assemble
from tests.crash.callers import Callers
from tests.crash.community import CountingDiscord, Crowd
from tests.crash.count import Tally, tally
from tests.crash.processes import Victims, end, start
from tests.fakes import FixedClock
from tests.loopback.rest import Request
from tests.loopback.server import Loss, some_posts_lost

NONCE_SECONDS, UNREADABLE = 1.5, 0.0
"""Discord as it mostly is, with a short memory for nonces: only reading the channel tells of a message."""
LATE_NONCE_SECONDS, LATE_UNREADABLE = 8.0, 3.0
"""A Discord that is late: a message can't be read back when its claim has run out, and only the nonce tells of it."""
LATENCY = 0.03
LOSSES = 0.1
PATIENCE = 90.0
"""Seconds until a run in which nothing moves is given up."""
POINTS = ("claimed:1", "reconciled:1", "said:1", "recorded:1", "threaded:1", "threaded:3")
"""The courier's and the poster's checkpoints; with the last, both a public and a private thread are met."""


@dataclass(frozen=True)
class Run:
    """What came of one run; ``errors`` are lines of that level in the processes' logs."""

    kills: int
    tally: Tally
    seconds: float
    errors: list[str]


async def killed_at_random(database_url: str, *, processes: int, kills: int, seed: int, late: bool = False) -> Run:
    """Kill one of the processes at random moments, mostly while a message is under way."""
    dice = random.Random(seed)
    async with _scene(database_url, dice, late=late) as scene:
        victims = Victims(scene.server, database_url, processes, scene.log, dice)
        scene.server.lose_answer = some_lost(dice.choice(list(Loss)), seed)
        callers = Callers(scene.crowd, dice)
        try:
            await scene.crowd.gather(2, 5)
            victims.start()
            async with callers.at_it():
                while victims.kills < kills:
                    await scene.message(seconds=3)
                    await asyncio.sleep(dice.uniform(0, 0.25))
                    await victims.kill_one()
                    await scene.crowd.stir()
                    if await scene.crowd.waiting() < 12:
                        await scene.crowd.gather(1, 5)
            scene.server.lose_answer = lambda _request: None
            await scene.rest()
        finally:
            await victims.end()
        return await scene.run(victims.kills, callers)


async def killed_at_each_point(database_url: str, seed: int) -> Run:
    """Kill one process after the other, each at the next checkpoint it comes to; then let one do the rest."""
    async with _scene(database_url, random.Random(seed)) as scene:
        await scene.crowd.gather(2, 3)
        for point in POINTS:
            process = start(scene.server, database_url, scene.log, crash_at=point)
            await asyncio.to_thread(process.join, PATIENCE)
            if process.exitcode != -signal.SIGKILL:
                raise RuntimeError(f"Kith was to die at {point}, and ended with status {await end(process)}")
        process = start(scene.server, database_url, scene.log)
        try:
            await scene.rest()
        finally:
            await end(process)
        return await scene.run(len(POINTS))


class _Scene:
    def __init__(self, crowd: Crowd, log: Path) -> None:
        self.crowd, self.server, self.log = crowd, crowd.server, log
        self._began = time.monotonic()

    async def message(self, *, seconds: float) -> None:
        """Wait for the next message to be sent, but no longer than ``seconds``."""
        seen = len(self.server.requests)
        await _until(lambda: any(_is_message(each) for each in self.server.requests[seen:]), seconds)

    async def rest(self) -> None:
        """Wait until everything has been said. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not await self.crowd.at_rest():  # noqa: ASYNC110 -- it happens in other processes
                await asyncio.sleep(0.1)

    async def run(self, kills: int, callers: Callers | None = None) -> Run:
        """Return what came of it; ``callers`` are those who called by themselves."""
        found = await tally(self.crowd)
        least = self.crowd.called + (callers.told if callers else 0)
        most = self.crowd.called + (callers.begun if callers else 0)
        if not least <= found.calls <= most:
            (found.lost if found.calls < least else found.doubled).append(
                f"{least} to {most} calls were sent, not all once"
            )
        lines = self.log.read_text().splitlines()
        errors = [line for line in lines if " ERROR " in line or line.startswith(("Traceback", "sqlalchemy"))]
        return Run(kills, found, time.monotonic() - self._began, errors)


@asynccontextmanager
async def _scene(database_url: str, dice: random.Random, *, late: bool = False) -> AsyncGenerator[_Scene]:
    clock = FixedClock()
    app = assemble(database_url, clock)
    if late:
        server = CountingDiscord(nonce_seconds=LATE_NONCE_SECONDS, unreadable=LATE_UNREADABLE)
    else:
        server = CountingDiscord(nonce_seconds=NONCE_SECONDS, unreadable=UNREADABLE)
    server.latency = LATENCY
    try:
        async with server:
            with tempfile.TemporaryDirectory(prefix="kith-crash-") as folder:
                yield _Scene(Crowd(app, clock, server, dice), Path(folder) / "log")
    finally:
        app.database.close()


def some_lost(how: Loss, seed: int) -> Callable[[Request], Loss | None]:
    """Return a ``lose_answer`` that loses some receipts of messages, and of private threads that were opened."""
    of_messages, of_threads = (some_posts_lost(LOSSES, how, seed), random.Random(seed))

    def lose(request: Request) -> Loss | None:
        opens = request.method == "POST" and request.path.endswith("/threads")
        return how if opens and of_threads.random() < LOSSES else of_messages(request)

    return lose


def _is_message(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/messages")


async def _until(so: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not so() and time.monotonic() < ends:  # noqa: ASYNC110 -- the server has no event for it
        await asyncio.sleep(0.005)
