"""What Kith takes before anybody asks for a summary: with and without a model, and in an older version."""

import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bench.programs import Program, kith, running
from tests.bench.report import Table, circumstances
from tests.loopback.server import Discord

MODEL = {"OPENAI_MODEL": "loopback", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
NO_MODEL = {"OPENAI_MODEL": "", "OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}


@dataclass
class _Measured:
    """A version of Kith on a database of its own, and what its starts took until the first answer: seconds by the
    clock and by the processor, and MB.
    """

    program: Program
    seconds: list[float] = field(default_factory=list[float])
    processor: list[float] = field(default_factory=list[float])
    memory: list[float] = field(default_factory=list[float])

    async def start(self) -> None:
        """Start it once, until the first answer."""
        async with Discord() as server:
            guild = server.add_guild()
            async with running(server, self.program) as bot:
                await server.slash("checkin", guild.owner, guild.channel("check-ins"))
                self.seconds.append(time.monotonic() - bot.began)
                self.processor.append(bot.processor())
                self.memory.append(bot.memory())

    def row(self) -> tuple[str, ...]:
        """Return what was found, without the first start, which makes the database."""
        seconds, processor, memory = self.seconds[1:], self.processor[1:], self.memory[1:]
        return (
            self.program.name,
            str(len(seconds)),
            f"{statistics.median(seconds):.2f}",
            f"{min(seconds):.2f}–{max(seconds):.2f}",
            f"{statistics.median(processor):.2f}",
            f"{statistics.median(memory):.1f}",
        )


async def resting(times: int, before: Path | None) -> Table:
    """Measure starts and memory, one of each kind after another, so that all have the same share of what disturbs."""
    when = circumstances()
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        kinds = [
            _kind(folder, "without a model", NO_MODEL),
            _kind(folder, "with a model, not asked yet", MODEL),
        ]
        if before is not None:
            older = _kind(folder, "before summaries", {})
            kinds.insert(0, _Measured(replace(older.program, folder=before)))
        for _number in range(times + 1):
            for each in kinds:
                await each.start()
    columns = ("", "n", "first answer (s)", "from–to", "processor (s)", "memory (MB)")
    note = (
        f"Medians of starts by turns, each from the start of the process to the first answer: by the clock, which "
        f"counts what else the machine does, and by the processor, which doesn't; then its resident memory. SQLite, no "
        f"communities. The first start, which makes the database, is left out; {when}."
    )
    return Table("Starts and memory before the first summary", columns, [each.row() for each in kinds], note)


def _kind(folder: str, name: str, environment: dict[str, str]) -> _Measured:
    program = kith(f"sqlite:///{Path(folder) / name.replace(' ', '-')}.db", name)
    return _Measured(replace(program, name=name, environment=program.environment | environment))
