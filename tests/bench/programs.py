"""Bots as real processes, connected to a loopback Discord."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.loopback.server import Discord

ROOT = Path(__file__).parent.parent.parent
STARTS_WITHIN = 120.0
ENDS_WITHIN = 20.0


@dataclass(frozen=True)
class Program:
    """What is run, as ``python -m`` takes it, with ``{port}`` where the server's port belongs."""

    name: str
    words: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict[str, str])
    folder: Path = ROOT


@dataclass(frozen=True)
class Running:
    """A program under way, since ``began`` on the monotonic clock."""

    process: asyncio.subprocess.Process
    began: float

    def memory(self) -> float:
        """Return the resident memory in MB (10⁶ bytes). Linux only."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise ProcessLookupError(self.process.pid)

    def processor(self) -> float:
        """Return the seconds it has had a processor; that doesn't depend much on what else runs. Linux only."""
        numbers = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def bare() -> Program:
    """Return the bot without a database."""
    return Program("bare discord.py", ("tests.bench.bare", "{port}"))


def kith(database_url: str, name: str, *, per_second: int | None = None) -> Program:
    """Return Kith over a database; with ``per_second`` its courier keeps that pace instead of its own."""
    words = ("tests.loopback.launch", "{port}", "--", "run")
    if per_second is not None:
        words = ("tests.bench.hurried", str(per_second), *words[1:])
    return Program(f"Kith, {name}", words, {"DATABASE_URL": database_url})


@asynccontextmanager
async def running(server: Discord, program: Program) -> AsyncGenerator[Running]:
    """Start a program, yield when it has logged in to the gateway, and end it. Raises RuntimeError: it ended early."""
    environment = os.environ | {
        "DISCORD_TOKEN": server.token,
        "LOG_LEVEL": "WARNING",
        **program.environment,
    }
    words = [each.format(port=server.port) for each in program.words]
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, cwd=program.folder, env=environment, stdout=log, stderr=log
        )
        try:
            await until(server.gateway.ready.is_set, process, seconds=STARTS_WITHIN)
            yield Running(process, began)
        except (RuntimeError, TimeoutError) as error:
            log.seek(0)
            raise RuntimeError(f"{program.name}: {error!r}\n{log.read().decode()[-2000:]}") from error
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(ENDS_WITHIN):
                await process.wait()
            await until(lambda: not server.gateway.connected, None, seconds=ENDS_WITHIN)


async def until(so: Callable[[], bool], process: asyncio.subprocess.Process | None, *, seconds: float) -> None:
    """Wait until something is so. Raises TimeoutError, or RuntimeError when the process ended before."""
    async with asyncio.timeout(seconds):
        while not so():
            if process is not None and process.returncode is not None:
                raise RuntimeError(f"ended with status {process.returncode}")
            await asyncio.sleep(0.005)
