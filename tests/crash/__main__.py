"""Kill Kith two hundred times, on each database, alone and three at once: ``python -m tests.crash``.

Prints a table, and ends with status 1 and a sentence when anything was lost or doubled, a process reported an error,
PostgreSQL was missing, or less was done than it promises. Takes some minutes.
"""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Iterator

from tests.bench.databases import Kind, kinds
from tests.conftest import NO_POSTGRESQL, postgresql_url
from tests.crash.runs import Run, killed_at_each_point, killed_at_random

HEADINGS = ("database", "processes", "kills", "calls", "deliveries", "said", "lost", "doubled", "errors", "seconds")
KILLS = 26
"""In each of the eight runs, unless asked otherwise."""
FEWEST_KILLS, FEWEST_DELIVERIES, FEWEST_CALLS = 200, 600, 100
"""In all, with at least the usual kills."""


async def main(kills: int, seed: int) -> int:
    """Run every combination, print what came of it, and return the exit status."""
    found = kinds(postgresql_url())
    print("".join(f"{each:>12}" for each in HEADINGS))
    runs: list[Run] = []
    for processes, late in itertools.product((1, 3), (False, True)):
        runs += await asyncio.gather(*(at_random(kind, processes, kills, seed, late=late) for kind in found))
    runs += await asyncio.gather(*(at_each_point(kind, seed) for kind in found))
    wrong = list(complaints(runs, usual=kills >= KILLS, postgresql=len(found) > 1))
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


def complaints(runs: list[Run], *, usual: bool, postgresql: bool) -> Iterator[str]:
    """Yield a sentence for each reason why these runs prove nothing good; ``usual`` asks for the usual amount."""
    lost, doubled = (sum(len(getattr(run.tally, name)) for run in runs) for name in ("lost", "doubled"))
    errors = sum(len(run.errors) for run in runs)
    done = (
        sum(run.kills for run in runs),
        sum(run.tally.deliveries for run in runs),
        sum(run.tally.calls for run in runs),
    )
    wanted = (FEWEST_KILLS, FEWEST_DELIVERIES, FEWEST_CALLS)
    if not postgresql:
        yield f"Only SQLite was put to the test: {NO_POSTGRESQL}."
    if lost or doubled:
        yield f"Kith lost {lost} and doubled {doubled}; each is named above."
    if errors:
        yield f"Kith reported {errors} errors; each is named above."
    if usual and any(each < least for each, least in zip(done, wanted, strict=True)):
        counted = "{} kills, {} deliveries and {} calls"
        yield f"Too little was done to tell: {counted.format(*done)}, instead of {counted.format(*wanted)}."


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
        *(run.kills, tally.calls, tally.deliveries, tally.said, len(tally.lost), len(tally.doubled), len(run.errors)),
        round(run.seconds),
    )
    print("".join(f"{each:>12}" for each in (kind.name, processes, *numbers)), flush=True)
    for line in (*tally.lost, *tally.doubled, *sorted(set(run.errors))):
        print("   ", line)
    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--kills", type=int, default=KILLS, help="in each of the eight runs")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.kills, asked.seed)))
