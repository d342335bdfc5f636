"""The benchmark still runs: each measurement once, with tiny numbers. How quick Kith is, is not judged here."""

import asyncio

from tests.bench.__main__ import MEASUREMENTS, Sizes
from tests.bench.databases import kinds
from tests.bench.idle import summary
from tests.bench.report import machine, page, percentile

TINY = Sizes(answers=2, starts=1, interactions=2, servers=(1,), communities=3, sample=2, weeks=2, ticks=2)


async def test_measurements_fill_their_tables() -> None:
    """Two of the five: one needs processes, one does not; the others start more processes in the same way."""
    tables = await asyncio.gather(*(MEASUREMENTS[name](kinds(None), TINY) for name in ("answering", "idling")))

    written = page(machine(None), tables)
    for table in tables:
        assert table.rows
        assert all(len(row) == len(table.columns) and all(row) for row in table.rows)
        assert table.title in written


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]

    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_a_plan_names_its_indexes_and_what_it_reads_whole() -> None:
    assert summary("SEARCH delivery USING INDEX ix_delivery_due_at (state=?)\nSCAN round") == (
        "ix_delivery_due_at, all of round"
    )
