"""Fixtures every test may ask for."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpcore2
import pytest
from sqlalchemy import Connection, Dialect, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from bot.app import App, assemble
from bot.client import KithBot
from bot.database import migrate
from bot.errors import Refusal
from bot.rehearsal.clock import EnvClock
from bot.rehearsal.simulated import SimulatedDiscord
from bot.store import TABLES
from tests.discord.scene import Scene
from tests.fakes import FixedClock
from tests.official import SKIPPED, VARIABLE, check_simcord
from tests.peers import hurry

gc.set_threshold(50_000, 20, 50)  # looking for garbage less often saves a sixth of the suite's time

POSTGRESQL = "KITH_TEST_POSTGRESQL"
"""The variable that names a PostgreSQL database the tests may fill and empty."""
REQUIRED = "KITH_REQUIRE_POSTGRESQL"
"""The variable that, set to 1, makes a missing PostgreSQL a failure instead of tests left out."""
PLACES = 64
"""So many processes can fill and empty the test database side by side, each in a schema of its own."""
LONGEST = ("test_crash.py", "test_commands.py", "test_migrations.py", "test_rehearsal.py")
NO_POSTGRESQL = f"no PostgreSQL: set {POSTGRESQL}, or start one on 127.0.0.1:5432 with a database 'test'"


def pytest_report_header() -> list[str]:
    """Say at the top of a run what it will leave out."""
    notes = [] if postgresql_url() else [f"PostgreSQL tests are skipped: {NO_POSTGRESQL}"]
    return notes if os.environ.get(VARIABLE) else [*notes, SKIPPED]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest: what waits for processes of its own leaves the processors to the other tests."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """Look for garbage only among what tests make, not in all that was imported for them."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let go of this process's part of PostgreSQL."""
    if own_place.cache_info().currsize and (place := own_place()) is not None:
        place.engine.dispose()


@dataclass(frozen=True)
class Place:
    """A schema that is this process's as long as ``engine`` keeps its only connection, which holds the lock on it."""

    schema: str
    url: str
    engine: Engine


@cache
def own_place() -> Place | None:
    """Return this process's own part of a PostgreSQL that answers, empty, if there is one."""
    users = ("root", "postgres")
    local = [f"postgresql+psycopg://{user}@127.0.0.1:5432/test?connect_timeout=2" for user in users]
    asked = os.environ.get(POSTGRESQL)
    for url in [asked] if asked else local:
        engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=0)
        try:
            with engine.connect() as connection:
                number = next(n for n in range(PLACES) if connection.scalar(text(f"SELECT pg_try_advisory_lock({n})")))
        except OperationalError:
            engine.dispose()
            continue
        schema = f"kith_{number}"
        # No test cuts the power: commits need not wait for the disk.
        options = {"options": f"-csearch_path={schema} -csynchronous_commit=off"}
        place = Place(schema, make_url(url).update_query_dict(options).render_as_string(hide_password=False), engine)
        empty_postgresql(place)
        return place
    return None


def postgresql_url() -> str | None:
    """Return the address of this process's part of a PostgreSQL that answers, if there is one."""
    place = own_place()
    return place.url if place else None


def empty_postgresql(place: Place) -> None:
    """Give the tests of this process an empty part of the test database."""
    with place.engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {place.schema} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {place.schema}"))


@pytest.fixture(scope="session", autouse=True)
def remembered_statements() -> Iterator[None]:
    """Let a test's Kith know the statements those before it met, as one that runs knows them after its first day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.database.create_engine", remembering_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Let the clients for models share the certificates they trust, which take longest to read: one Kith has one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


def remembering_engine(url: URL, **choices: Any) -> Engine:
    """Make an engine that shares what SQLAlchemy compiled with this process's others of its kind: a fifth of the time.

    One for another server than the tests' own keeps to itself.
    """
    engine = create_engine(url, **choices)
    if engine.name == "sqlite" or url.render_as_string(hide_password=False) == postgresql_url():
        engine.dialect, compiled = memory("sqlite://" if engine.name == "sqlite" else str(postgresql_url()))
        engine.update_execution_options(compiled_cache=compiled)
    return engine


@cache
def memory(url: str) -> tuple[Dialect, dict[Any, Any]]:
    """Return a dialect that has met the database, and what is compiled in it."""
    engine = create_engine(url)
    with engine.connect():
        pass
    engine.dispose()
    return engine.dialect, {}


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the address of a new SQLite file."""
    return f"sqlite:///{tmp_path / 'kith.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """Return the address of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    place = required_postgresql()
    empty_postgresql(place)
    yield place.url
    empty_postgresql(place)


def required_postgresql() -> Place:
    """Return a part of PostgreSQL; where there is none the test is left out, or fails if it has to be there."""
    place = own_place()
    if place is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(NO_POSTGRESQL)
        pytest.skip(NO_POSTGRESQL)
    return place


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that moves only when told."""
    return FixedClock()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the courier not pace itself, as it need not where there is no Discord with limits to keep."""
    monkeypatch.setattr("bot.courier.PER_SECOND", 10_000)


@pytest.fixture
async def app(sqlite_url: str, clock: FixedClock) -> AsyncIterator[App]:
    """Return Kith without Discord, over a new SQLite file."""
    prepare(sqlite_url)
    kith = assemble(sqlite_url, clock)
    hurry(kith)
    yield kith
    kith.database.close()


@pytest.fixture
async def either_app(ready_url: str, clock: FixedClock) -> AsyncIterator[App]:
    """Return Kith without Discord, once over SQLite and once over PostgreSQL."""
    kith = assemble(ready_url, clock)
    hurry(kith)
    yield kith
    kith.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """Return the address of a database with this version's tables and nothing in them, on each kind."""
    if request.param == "sqlite":
        prepare(sqlite_url)
        return sqlite_url
    place = required_postgresql()
    with place.engine.connect() as connection:
        ready = inspect(connection).has_table("alembic_version", place.schema)  # the test before left its tables
        if ready:
            empty_tables(connection, place.schema)
    if not ready:
        migrate_url(place.url)
    return place.url


def empty_tables(connection: Connection, schema: str) -> None:
    """Take every row out of PostgreSQL's tables and start their ids anew; TRUNCATE takes fifty times as long."""
    for table in reversed(TABLES[0].metadata.sorted_tables):
        connection.execute(text(f"DELETE FROM {schema}.{table.name}"))
    sequences = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences"
    connection.execute(text(f"{sequences} WHERE schemaname = '{schema}'"))


def prepare(url: str) -> None:
    """Make a new SQLite file with this version's tables: a copy of one migrated before, which is quicker."""
    Path(make_url(url).database or "").write_bytes(migrated_file())


@cache
def migrated_file() -> bytes:
    """Return an SQLite file with this version's tables and nothing in them."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "kith.db"
        migrate_url(f"sqlite:///{file}")
        return file.read_bytes()


def migrate_url(url: str) -> None:
    """Bring a database to this version's tables."""
    migrate(make_url(url))


@pytest.fixture
async def scene(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """Return a community on simulated Discord, with Kith in it and nothing set up.

    At the end every request Kith made is checked, and nothing may have gone wrong that members were not told.
    """
    monkeypatch.setattr("bot.courier.PER_SECOND", 10_000)  # simulated Discord has no limits to keep
    prepare(sqlite_url)
    clock = EnvClock()
    kith = assemble(sqlite_url, clock)
    hurry(kith)
    bot = KithBot(kith)
    env = SimulatedDiscord(bot)
    await env.start()
    clock.env = env
    try:
        yield Scene(env, kith, bot)
        assert check_simcord(env) == []
    finally:
        await env.shutdown()
        kith.database.close()
    assert [each for each in env.errors if not isinstance(getattr(each, "original", each), Refusal)] == []
    assert [each.getMessage() for each in caplog.get_records("call") if each.levelno >= logging.ERROR] == []
