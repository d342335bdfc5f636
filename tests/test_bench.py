"""The benchmark still runs: each measurement once, with tiny numbers. How quick Kith is, is not judged here."""

import asyncio
import sys

import pytest

from tests.bench import alone
from tests.bench.__main__ import MEASUREMENTS, Sizes
from tests.bench.calls import Crowd
from tests.bench.databases import kinds
from tests.bench.idle import summary
from tests.bench.report import Table, machine, page, percentile, with_sections
from tests.bench.summaries import Talk

TINY = Sizes(
    answers=2,
    starts=1,
    interactions=2,
    servers=(1,),
    communities=3,
    sample=2,
    weeks=2,
    ticks=2,
    crowd=Crowd(members=60, past_calls=4, open_calls=20, times=2),
    talk=Talk(lengths=(4,), times=1, answers_after=0, slow=0),
)


async def test_measurements_fill_their_tables() -> None:
    """Those that need few processes or none; the others start more of them in the same way."""
    names = ("answering", "idling", "calls", "summaries")
    tables = await asyncio.gather(*(MEASUREMENTS[name](kinds(None), TINY) for name in names))

    written = page(machine(None), tables)
    for table in tables:
        assert table.rows
        assert all(len(row) == len(table.columns) and all(row) for row in table.rows)
        assert table.title in written


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_what_is_measured_alone_is_told_by_what_it_is() -> None:
    found = alone.gathering(8)

    assert set(found) == {"ready", "gathered", "held", "peak"}
    assert found["ready"] > 0 and found["gathered"] > 0
    assert set(alone.first_use(list)) == {"seconds", "memory"}


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]

    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_one_section_of_the_page_is_written_anew() -> None:
    first, second = (Table(title, ("", "found"), [("one tick", "5 ms")], "A note.") for title in ("Idle", "Calls"))
    written = page([("Python", "3")], [first, second])

    assert with_sections(page([("Python", "3")], [first]), [second]) == written
    assert with_sections(written, [Table("Idle", ("", "found"), [("one tick", "7 ms")], "A note.")]) == (
        written.replace("5 ms", "7 ms", 1)
    )


def test_a_plan_names_its_indexes_and_what_it_reads_whole() -> None:
    assert summary(
        "SEARCH delivery USING INDEX ix_delivery_due_at (state=?)\nSCAN call USING INDEX ix_call_next_at\nSCAN round"
    ) == ("ix_delivery_due_at, ix_call_next_at, all of round")
