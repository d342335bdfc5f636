"""The database: one engine, one way into a transaction, migrations at start.

The same code runs on SQLite and on PostgreSQL. Services write plain synchronous functions over a
``Session``; ``@transaction`` runs each of them off the event loop, in one transaction, committed when
the awaitable returns.
"""

import asyncio
import contextvars
import logging
import os
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlmodel import Session

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent
PLANNED = "planned"
"""The key in ``Session.info`` that says: something to be said was written in this transaction."""

BUSY_TIMEOUT = 5000
"""Milliseconds SQLite waits for another writer before it says that the file is locked."""

POSTGRESQL_CONNECTIONS = 5
MIGRATION_LOCK = 0x4B697468
"""The advisory lock that lets one process at a time migrate on PostgreSQL ('Kith' in ASCII)."""

SOUND_SQLITE = (3, 51, 3)
"""Older ones can, rarely, corrupt a file when the WAL is reset (3.44.6 and 3.50.7 carry the mend)."""

P = ParamSpec("P")
T = TypeVar("T")


class _Service(Protocol):
    @property
    def database(self) -> "Database": ...


S = TypeVar("S", bound=_Service)


class Database:
    """Holds the engine and the threads transactions run in.

    On SQLite a single thread writes, so that writers queue here instead of meeting a locked file;
    on PostgreSQL a small pool does. ``planned`` is called on the event loop after each commit that wrote
    something to be said.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = engine_for(self.url)
        workers = 1 if is_sqlite(self.url) else POSTGRESQL_CONNECTIONS
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="database")
        self.planned: Callable[[], None] = lambda: None

    async def run(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one transaction off the event loop and return what it returns, committed.

        Cancelling the caller doesn't undo the work: it ends and commits in its thread.
        """
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        answer, planned = await loop.run_in_executor(self._threads, lambda: context.run(self.run_now, work))
        if planned:
            self.planned()
        return answer

    def run_now(self, work: Callable[[Session], T]) -> tuple[T, bool]:
        """Run ``work`` in one transaction in this thread; also tell whether it planned something to say."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            answer = work(session)
            return answer, PLANNED in session.info

    def close(self) -> None:
        """Wait for running transactions and let go of every connection."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def transaction(
    method: Callable[Concatenate[S, Session, P], T],
) -> Callable[Concatenate[S, P], Awaitable[T]]:
    """Make a synchronous method over a ``Session`` an awaitable that runs in one transaction."""

    @wraps(method)
    async def in_transaction(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        def work(session: Session) -> T:
            return method(self, session, *args, **kwargs)

        return await self.database.run(work)

    return in_transaction


def is_sqlite(url: URL) -> bool:
    """Tell whether ``url`` names an SQLite file."""
    return url.get_backend_name() == "sqlite"


def engine_for(url: URL, *, foreign_keys: bool = True) -> Engine:
    """Return an engine with the settings Kith relies on; makes the folder of an SQLite file.

    SQLite: write-ahead log, every commit on disk before it counts, a wait for other writers, foreign keys
    checked, and ``BEGIN IMMEDIATE``, without which concurrent updates are lost or refused.
    """
    if not is_sqlite(url):
        return create_engine(
            url, pool_size=POSTGRESQL_CONNECTIONS, max_overflow=0, pool_pre_ping=True, hide_parameters=True
        )
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", partial(_prepare_sqlite, foreign_keys=foreign_keys))
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object, *, foreign_keys: bool) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrations() -> Config:
    """Return Alembic's configuration for the migrations that come with this version."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def newest_revision() -> str:
    """Return the identifier of the newest migration."""
    head = ScriptDirectory.from_config(migrations()).get_current_head()
    assert head is not None
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the migration the database stands at, or ``None`` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(url: URL) -> None:
    """Bring the database to this version's tables, in one transaction.

    An SQLite file that has tables is copied first, to ``<file>.before-<revision>``. A process killed half-way
    leaves the database as it was; several processes starting together migrate once.
    """
    os.umask(0o077)
    engine = engine_for(url, foreign_keys=False)
    try:
        if is_sqlite(url) and url.database:
            _copy_before_change(engine, Path(url.database))
        with engine.begin() as connection:
            if not is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            config = migrations()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if is_sqlite(url):
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"the migration would leave {len(broken)} rows without their parent")
    finally:
        engine.dispose()


def _copy_before_change(engine: Engine, file: Path) -> None:
    with engine.connect() as connection:
        revision = current_revision(connection)
    if revision is None or revision == newest_revision():
        return
    copy = file.with_name(f"{file.name}.before-{newest_revision()}")
    if copy.exists():
        return  # an earlier attempt was cut short; its copy is the older and the better one
    backup(file, copy)
    log.info("copied the database to %s before migrating it", copy.name)


def backup(file: Path, copy: Path) -> None:
    """Write a whole, consistent copy of an SQLite file in use to ``copy``, which must not exist yet.

    ``VACUUM INTO`` reads one moment's state while others write. The copy appears under its name only when
    it is whole.
    """
    unfinished = copy.with_name(copy.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT / 1000)
    try:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
    finally:
        connection.close()
    with unfinished.open("rb+") as written:
        os.fsync(written.fileno())
    shutil.move(unfinished, copy)


def insert_if_new(session: Session, table: Any, values: dict[str, Any]) -> bool:
    """Insert one row unless a unique constraint says it is there already; tell whether it was inserted."""
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    return bool(session.connection().execute(statement).rowcount)
