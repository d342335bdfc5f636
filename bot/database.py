"""The database: one engine, one way into a transaction, migrations at start.

The same code runs on SQLite and on PostgreSQL. Services write plain synchronous functions over a
``Session``; ``@transaction`` runs each of them off the event loop, in one transaction, committed when
the awaitable returns.
"""

import asyncio
import contextvars
import logging
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial, wraps
from itertools import count
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bot.errors import Busy

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "migrations"
PLANNED = "planned"
"""The key in ``Session.info`` that says: something to be said was written in this transaction."""

BUSY_TIMEOUT = 5000
"""Milliseconds SQLite waits for another writer before it says that the file is locked."""
MIGRATION_PATIENCE = 120_000
"""Milliseconds a process waits on SQLite while another one copies and migrates the file."""

ATTEMPTS = 30
"""How often a transaction is run before a conflict with others is given up on (PostgreSQL only)."""
LOCKED_FOR = 20.0
"""Seconds after which a transaction is given up on that another program keeps away from an SQLite file all the time."""
LONGEST_PAUSE = 0.2
"""Seconds; a transaction that met a conflict waits a random part of at most that before it is run again."""
CONFLICTS = ("40001", "40P01")
"""PostgreSQL's codes for "somebody else changed this row first" and "deadlock": run the transaction again."""
OUT_OF_REACH = ("08", "53300", "57P")
"""How PostgreSQL's codes begin for a broken connection, too many of them, and a server that stops or starts."""

AFTER_A_FAULT = timedelta(hours=1)
"""How long what met a fault of Kith's is left alone before it is tried again."""

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
    on PostgreSQL a small pool does, each transaction seeing one moment's rows: one that would overwrite
    what it hasn't seen is rolled back and run again. One that another program keeps from the SQLite file is run
    again too. ``planned`` is called on the event loop after each commit that wrote something to be said.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        engine = engine_for(self.url)
        self.engine = engine if is_sqlite(self.url) else engine.execution_options(isolation_level="REPEATABLE READ")
        workers = 1 if is_sqlite(self.url) else POSTGRESQL_CONNECTIONS
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="database")
        self.planned: Callable[[], None] = lambda: None

    async def run(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one transaction off the event loop and return what it returns, committed.

        Cancelling the caller doesn't undo the work, even while it still queues: it ends and commits in its
        thread. ``work`` may be run more than once, so it changes nothing but the session's rows.
        """
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._threads, lambda: context.run(self.run_now, work))
        done.add_done_callback(self._tell)
        answer, _planned = await asyncio.shield(done)
        return answer

    def _tell(self, done: asyncio.Future[tuple[T, bool]]) -> None:
        if not done.cancelled() and done.exception() is None and done.result()[1]:
            self.planned()

    def run_now(self, work: Callable[[Session], T]) -> tuple[T, bool]:
        """Run ``work`` in one transaction in this thread; also tell whether it planned something to say.

        Raises Busy when others keep it from the database for too long, or the database can't be reached.
        """
        began = time.perf_counter()
        for attempt in count(1):
            try:
                return self._attempt(work)
            except OperationalError as error:
                if not _goes_again(error, attempt, time.perf_counter() - began):
                    if _kept_nothing(error):
                        raise Busy(str(error.orig).strip()) from error
                    raise
                time.sleep(random.uniform(0, min(0.005 * 2**attempt, LONGEST_PAUSE)))  # noqa: S311 -- apart from each other, no secret
        raise AssertionError("counting never ends")

    def _attempt(self, work: Callable[[Session], T]) -> tuple[T, bool]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            answer = work(session)
            return answer, PLANNED in session.info

    def close(self) -> None:
        """Wait for running transactions and let go of every connection."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def _goes_again(error: OperationalError, attempt: int, seconds: float) -> bool:
    """Tell whether a transaction that failed after so many attempts and seconds did so for others' sake."""
    if _is_locked(error):
        return seconds < LOCKED_FOR
    return _sqlstate(error) in CONFLICTS and attempt < ATTEMPTS


def _kept_nothing(error: OperationalError) -> bool:
    """Tell whether a transaction certainly kept nothing, and for a reason that may soon be over."""
    if error.connection_invalidated and error.statement is None:
        return False  # the connection was lost during the commit
    return _is_locked(error) or _is_out_of_reach(error) or _sqlstate(error) in CONFLICTS


def _is_locked(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _is_out_of_reach(error: OperationalError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN
    return not _sqlstate(error) or _sqlstate(error).startswith(OUT_OF_REACH)


def _sqlstate(error: OperationalError) -> str:
    """Return PostgreSQL's code for what went wrong; it is empty when nothing answered."""
    return getattr(error.orig, "sqlstate", None) or ""


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


def kept_apart(session: Session, what: str, work: Callable[[], object]) -> bool:
    """Do one of several things within a transaction; a fault in it is logged and undoes it alone.

    Return whether it went well. What others or the network do to the transaction is raised, as it concerns all of it.
    """
    try:
        with session.begin_nested():
            work()
    except OperationalError:
        raise
    except Exception:  # one row that can't be worked on must not keep all others waiting
        log.exception("%s met a fault; it is tried again later", what)
        return False
    return True


def is_sqlite(url: URL) -> bool:
    """Tell whether ``url`` names an SQLite file."""
    return url.get_backend_name() == "sqlite"


def engine_for(url: URL, *, foreign_keys: bool = True, patience: int | None = None) -> Engine:
    """Return an engine with the settings Kith relies on; makes an SQLite file and its folder, the owner's alone.

    SQLite: write-ahead log, every commit on disk before it counts, a wait for other writers, foreign keys
    checked, and ``BEGIN IMMEDIATE``, without which concurrent updates are lost or refused. ``patience`` is
    in milliseconds, else ``BUSY_TIMEOUT``. Raises OSError when the file can't be made.
    """
    patience = BUSY_TIMEOUT if patience is None else patience
    if not is_sqlite(url):
        return create_engine(
            url, pool_size=POSTGRESQL_CONNECTIONS, max_overflow=0, pool_pre_ping=True, hide_parameters=True
        )
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)  # SQLite gives its -wal and -shm files the same mode
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", partial(_prepare_sqlite, foreign_keys=foreign_keys, patience=patience))
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object, *, foreign_keys: bool, patience: int) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {patience}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class NewerDatabase(Exception):
    """The database stands at a migration this version doesn't know."""


def newest_revision() -> str:
    """Return the identifier of the newest migration that comes with this version; their files begin with it."""
    return max(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def current_revision(connection: Connection) -> str | None:
    """Return the migration the database stands at, or ``None`` for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def migrate(url: URL) -> None:
    """Bring the database to this version's tables, in one transaction.

    An SQLite file that has tables is copied first, to ``<file>.before-<revision>``. A process killed half-way
    leaves the database as it was; of several processes starting together one migrates and the others wait.
    Raises NewerDatabase.
    """
    engine = engine_for(url, foreign_keys=False, patience=MIGRATION_PATIENCE)
    try:
        with engine.begin() as connection:
            if not is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            if current_revision(connection) == newest_revision():
                return
            if is_sqlite(url):
                _copy_before_change(connection, Path(url.database or ""))
            _upgrade(connection)
            if is_sqlite(url):
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"the migration would leave {len(broken)} rows without their parent")
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    """Run the migrations that are missing. Alembic takes half a second to import, so only now."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerDatabase from error


def _copy_before_change(connection: Connection, file: Path) -> None:
    """Copy the file while ``connection``'s transaction keeps every other writer waiting."""
    if current_revision(connection) is None:
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
    half_done = copy.with_name(copy.name + ".unfinished")
    shutil.rmtree(half_done, ignore_errors=True)
    half_done.mkdir(mode=0o700)
    unfinished = half_done / copy.name
    try:
        connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT / 1000)
        try:
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        finally:
            connection.close()
        unfinished.chmod(0o600)
        with unfinished.open("rb+") as written:
            os.fsync(written.fileno())
        unfinished.rename(copy)
    finally:
        shutil.rmtree(half_done, ignore_errors=True)


def insert_if_new(session: Session, table: Any, values: dict[str, Any]) -> bool:
    """Insert one row unless a unique constraint says it is there already; tell whether it was inserted."""
    return bool(session.connection().execute(_insert(session, table).values(**values)).rowcount)


def insert_those_new(session: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows in this order, all at once, but those a unique constraint says are there already."""
    session.connection().execute(_insert(session, table), rows)


def _insert(session: Session, table: Any) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()
