"""Tables of what was measured: on the screen, and as Markdown."""

import os
import platform
import sqlite3
from dataclasses import dataclass
from importlib.metadata import version
from math import ceil
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from sqlalchemy import create_engine, text

from bot.clock import SystemClock


@dataclass(frozen=True)
class Table:
    """What one measurement found; the first column names, the others tell."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str


def percentile(values: list[float], share: float) -> float:
    """Return the value at or below which ``share`` (0–1) of ``values`` lie."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]


def machine(postgresql: str | None) -> list[tuple[str, str]]:
    """Return what the numbers depend on, read now."""
    return [
        ("date", SystemClock().now().date().isoformat()),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("discord.py", version("discord.py")),
        ("SQLite", sqlite3.sqlite_version),
        ("PostgreSQL", _postgresql_version(postgresql) if postgresql else "none, left out"),
    ]


def circumstances() -> str:
    """Return when something is measured, and what else the machine has to do meanwhile."""
    today = SystemClock().now().date()
    return f"measured on {today} with a load of {os.getloadavg()[0]:.1f} on {_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _postgresql_version(url: str) -> str:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = str(connection.execute(text("SHOW server_version")).scalar_one())
    engine.dispose()
    return found.split()[0]


def show(console: Console, table: Table) -> None:
    """Print a table."""
    shown = RichTable(title=table.title, title_justify="left", box=box.SIMPLE, caption=table.note)
    shown.caption_justify = "left"
    for number, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if number else "left")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


HOW_IT_WAS_MADE = "How it was made"
PAGE = """\
# How quick Kith is

Written by `make bench`; the numbers and the facts about the machine are those of that run.

## The machine

{machine}

{tables}

## How it was made

Kith runs as a real process, started as a host starts it, and speaks real HTTP and WebSocket with a Discord on
127.0.0.1 that does what Discord does and little else (`tests/loopback`). That server and the members' doings are
another process on the same machine, so the two share its cores, and the network costs next to nothing: what is left
is the time Kith itself takes. Discord's own share, some tens to hundreds of milliseconds, comes on top.

*Bare discord.py* is the smallest bot that answers the same command with the same form and thanks for it, without a
database, a language or a row (`tests/bench/bare.py`). It is the floor: what Kith adds is the difference.

An answer's time runs from the moment the server tells the bot of an interaction until the bot's answer has arrived at
the server. Kith answers a form after its row is on disk (SQLite: write-ahead log, `synchronous = FULL`; PostgreSQL:
as it comes), never before. Interactions come one after another; the first few are left out.

Every measurement starts with an empty database of its own, filled through Kith's tables. Run it again with
`make bench`, on a machine that does nothing else.
"""


def page(facts: list[tuple[str, str]], tables: list[Table]) -> str:
    """Return everything as one Markdown page."""
    return PAGE.format(
        machine=_markdown(("", ""), facts),
        tables="\n\n".join(_section(each) for each in tables),
    )


def with_sections(written: str, tables: list[Table]) -> str:
    """Return a page with these tables in place of those of the same title, new ones last; all else stays."""
    head, *sections = written.split("\n\n## ")
    for table in tables:
        section = _section(table).removeprefix("## ")
        titles = [each.partition("\n")[0] for each in sections]
        if table.title in titles:
            sections[titles.index(table.title)] = section
        else:
            sections.insert(titles.index(HOW_IT_WAS_MADE), section)
    return "\n\n## ".join([head, *sections])


def _section(table: Table) -> str:
    return f"## {table.title}\n\n{_markdown(table.columns, table.rows)}\n\n{table.note}"


def _markdown(columns: tuple[str, ...], rows: list[tuple[str, str]] | list[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
