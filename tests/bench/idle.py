"""The tick when nothing is due, in a database with a long past."""

import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.app import App, assemble
from bot.clock import SystemClock
from bot.courier import AT_ONCE
from bot.store.checkins import RoundState
from tests.bench.databases import Kind
from tests.bench.report import Table, percentile
from tests.bench.seed import add_communities, add_rounds, writing

INDEX = re.compile(r"\b(?:(?:ix|uq|pk|sqlite_autoindex)_\w+|PRIMARY KEY|INTEGER PRIMARY KEY)")
WHOLE = re.compile(r"(?:Seq Scan on|SCAN) (?!CONSTANT|wanted)(\w+)\b(?! USING)")


async def idling(databases: list[Kind], communities: int, weeks: int, ticks: int) -> Table:
    """Measure the tick when nothing is due, and show that what it asks is found by index."""
    rows: list[tuple[str, ...]] = []
    for kind in databases:
        with kind.fresh() as url:
            _add_past(url, communities, weeks)
            app = assemble(url, SystemClock())
            try:
                plans = await how_found(app, partial(tick, app))
                times = [await tick(app) for _number in range(ticks)]
                found = f"{percentile(times, 0.5):.1f} / {percentile(times, 0.99):.1f}"
                rows.append((f"{kind.name}: one tick", f"{found} ms (p50 / p99)"))
            finally:
                app.database.close()
            rows += [(f"{kind.name}: finding each {table} due", plan) for table, plan in plans]
    past = communities * weeks
    note = (
        f"{communities:,} communities, {past:,} past rounds and as many deliveries; {ticks} ticks. The plan is what "
        f"the database itself says it does (`EXPLAIN`) for each question the tick asks."
    )
    return Table("The tick when nothing is due", ("", "found"), rows, note)


def _add_past(url: str, communities: int, weeks: int) -> None:
    """Write down communities with a round a week, the last of them still open."""
    now = SystemClock().now()
    with writing(url) as session:
        places = [(number, number) for number in range(1, communities + 1)]
        add_communities(session, places, now, now.replace(second=0, microsecond=0) + timedelta(days=6))
        for week in reversed(range(weeks)):
            state = RoundState.OVER if week else RoundState.OPEN
            add_rounds(session, now, weeks=week, state=state)


async def tick(app: App) -> float:
    """Do what the tick does, up to claiming what is to be said, and return the milliseconds it took."""
    began = time.perf_counter()
    await app.responses.tend()
    await app.checkins.tend()
    await app.keepers.tend()
    await app.courier.claim(AT_ONCE)
    return (time.perf_counter() - began) * 1000


async def how_found(app: App, work: Callable[[], Awaitable[object]]) -> list[tuple[str, str]]:
    """Return for each question some work asks the table it is about and how the database finds the rows."""
    asked: dict[str, Any] = {}

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked[statement] = parameters

    event.listen(app.database.engine, "before_cursor_execute", listen)
    await work()
    event.remove(app.database.engine, "before_cursor_execute", listen)
    return _plans(app.database.engine, asked)


def _plans(engine: Engine, asked: dict[str, Any]) -> list[tuple[str, str]]:
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    plans: list[tuple[str, str]] = []
    with engine.connect() as connection:
        for statement, parameters in asked.items():
            lines = [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]
            plans.append((_table_asked(statement), summary("\n".join(lines))))
    return plans


def _table_asked(statement: str) -> str:
    """Return the table a question is about, not one it looks into on the way."""
    outside, removed = statement, 1
    while removed:
        outside, removed = re.subn(r"\([^()]*\)", "", outside)
    table = re.search(r"FROM (?!wanted)(\w+)", outside) or re.search(r"FROM (\w+)", statement)
    return table[1] if table else "row"


def summary(plan: str) -> str:
    """Return the indexes a plan goes by, and the tables it reads whole."""
    found = list(dict.fromkeys(INDEX.findall(plan)))
    whole = [f"all of {table}" for table in dict.fromkeys(WHOLE.findall(plan))]
    return ", ".join(found + whole)
