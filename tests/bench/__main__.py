"""Measure everything: ``python -m tests.bench [--write docs/performance.md]``. Takes some minutes."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.bench.calls import Crowd, calling
from tests.bench.circles import circling
from tests.bench.crowd import crowding
from tests.bench.databases import Kind, kinds
from tests.bench.idle import idling
from tests.bench.members import answering, starting, weighing
from tests.bench.report import Table, machine, page, show, with_sections
from tests.bench.resting import resting
from tests.bench.summaries import Talk, gathering, summarising, waking
from tests.conftest import postgresql_url

CROWD = Crowd(members=100_000, past_calls=50_000, open_calls=2000, times=200)
TALK = Talk(lengths=(50, 500, 5000), times=5, answers_after=0.2, slow=4.0)


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    answers: int = 1000
    starts: int = 5
    interactions: int = 1000
    servers: tuple[int, ...] = (1, 1000)
    communities: int = 10_000
    sample: int = 1000
    weeks: int = 10
    ticks: int = 500
    crowd: Crowd = CROWD
    running: int = 1000
    talk: Talk = TALK
    before: Path | None = None


Measurement = Callable[[list[Kind], Sizes], Awaitable[Table]]

MEASUREMENTS: dict[str, Measurement] = {
    "answering": lambda on, sizes: answering(on, sizes.answers),
    "starting": lambda on, sizes: starting(on, sizes.starts),
    "weighing": lambda on, sizes: weighing(on[:1], list(sizes.servers), sizes.interactions),
    "crowding": lambda on, sizes: crowding(on, sizes.communities, sizes.sample),
    "idling": lambda on, sizes: idling(on, sizes.communities, sizes.weeks, sizes.ticks),
    "calls": lambda on, sizes: calling(on, sizes.crowd),
    "circles": lambda on, sizes: circling(on, sizes.running, sizes.ticks),
    "summaries": lambda on, sizes: summarising(on, sizes.talk),
    "gathering": lambda _on, sizes: gathering(sizes.talk),
    "waking": lambda _on, sizes: waking(sizes.starts),
    "resting": lambda _on, sizes: resting(sizes.starts, sizes.before),
}


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure how quick Kith is.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write Markdown; --only: that section")
    parser.add_argument("--only", choices=MEASUREMENTS, action="append", help="measure only this; may be repeated")
    parser.add_argument(
        "--before",
        type=lambda folder: Path(folder).absolute(),
        metavar="FOLDER",
        help="an older version that `resting` measures too",
    )
    arguments = parser.parse_args()
    console = Console()
    postgresql = postgresql_url()
    facts = machine(postgresql)
    show(console, Table("The machine", ("", ""), [(name, fact) for name, fact in facts], ""))
    tables: list[Table] = []
    for name in arguments.only or MEASUREMENTS:
        tables.append(asyncio.run(measured(name, kinds(postgresql), arguments.before)))
        show(console, tables[-1])
    if arguments.write:
        amends = arguments.only and arguments.write.exists()
        written = with_sections(arguments.write.read_text("utf-8"), tables) if amends else page(facts, tables)
        arguments.write.write_text(written, encoding="utf-8")


async def measured(name: str, on: list[Kind], before: Path | None) -> Table:
    """Return what one measurement found at full size."""
    return await MEASUREMENTS[name](on, Sizes(before=before))


if __name__ == "__main__":
    main()
