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
    """A version of Kith on a database of its own, and what its starts took: seconds, and MB after an answer."""

    program: Program
    seconds: list[float] = field(default_factory=list[float])
    memory: list[float] = field(default_factory=list[float])

    async def start(self) -> None:
        """Start it once, until the first answer."""
        async with Discord() as server:
            guild = server.add_guild()
            async with running(server, self.program) as bot:
                await server.slash("checkin", guild.owner, guild.channel("check-ins"))
                self.seconds.append(time.monotonic() - bot.began)
                self.memory.append(bot.memory())

    def row(self) -> tuple[str, ...]:
        """Return what was found, without the first start, which makes the database."""
        seconds, memory = self.seconds[1:], self.memory[1:]
        found = (statistics.median(seconds), max(seconds)), (statistics.median(memory), max(memory))
        return self.program.name, str(len(seconds)), *(f"{each:.2f}" for each in found[0]), *_megabytes(found[1])


def _megabytes(values: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"{each:.1f}" for each in values)


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
    columns = ("", "n", "first answer (s)", "longest", "memory then (MB)", "most")
    note = (
        f"Medians, and the worst, of starts by turns, each from the start of the process to the first answer; then its "
        f"resident memory. SQLite, no communities. The first start, which makes the database, is left out; {when}."
    )
    return Table("Starts and memory before the first summary", columns, [each.row() for each in kinds], note)


def _kind(folder: str, name: str, environment: dict[str, str]) -> _Measured:
    program = kith(f"sqlite:///{Path(folder) / name.replace(' ', '-')}.db", name)
    return _Measured(replace(program, name=name, environment=program.environment | environment))
