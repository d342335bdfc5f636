"""Kill Kith two hundred times, on each database, alone and three at once: ``python -m tests.crash``.

Prints a table, and ends with status 1 when anything was lost or doubled. Takes some minutes.
"""

import argparse
import asyncio
import itertools
import sys

from tests.bench.databases import Kind, kinds
from tests.conftest import NO_POSTGRESQL, postgresql_url
from tests.crash.runs import Run, killed_at_each_point, killed_at_random

HEADINGS = ("database", "processes", "kills", "deliveries", "said", "lost", "doubled", "errors", "seconds")


async def main(kills: int, seed: int) -> int:
    """Run every combination, print what came of it, and return the exit status."""
    found = kinds(postgresql_url())
    if len(found) == 1:
        print(NO_POSTGRESQL)  # noqa: T201
    print("".join(f"{each:>12}" for each in HEADINGS))  # noqa: T201
    runs: list[Run] = []
    for processes, late in itertools.product((1, 3), (False, True)):
        runs += await asyncio.gather(*(at_random(kind, processes, kills, seed, late=late) for kind in found))
    runs += await asyncio.gather(*(at_each_point(kind, seed) for kind in found))
    return 1 if any(run.tally.lost or run.tally.doubled for run in runs) else 0


async def at_random(kind: Kind, processes: int, kills: int, seed: int, *, late: bool) -> Run:
    """Kill at random on one database."""
    with kind.fresh() as url:
        run = await killed_at_random(url, processes=processes, kills=kills, seed=seed, late=late)
        return shown(kind, f"{processes}, late" if late else str(processes), run)


async def at_each_point(kind: Kind, seed: int) -> Run:
    """Kill at each checkpoint on one database."""
    with kind.fresh() as url:
        return shown(kind, "each point", await killed_at_each_point(url, seed))


def shown(kind: Kind, processes: str, run: Run) -> Run:
    """Print one line of the table."""
    tally = run.tally
    numbers = (
        *(run.kills, tally.deliveries, tally.said, len(tally.lost), len(tally.doubled), len(run.errors)),
        round(run.seconds),
    )
    print("".join(f"{each:>12}" for each in (kind.name, processes, *numbers)), flush=True)  # noqa: T201
    for line in (*tally.lost, *tally.doubled, *sorted(set(run.errors))):
        print("   ", line)  # noqa: T201
    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--kills", type=int, default=26, help="in each of the eight runs")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.kills, asked.seed)))
