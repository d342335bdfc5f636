"""One transaction: whole or not at all, off the event loop, and nothing is lost between writers."""

import asyncio
import os
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, text

from bot.database import PLANNED, Database, backup, engine_for, transaction
from bot.errors import Busy
from bot.store.communities import Remembered
from tests.conftest import migrate_url, prepare, required_postgresql


class Notes:
    """A small service."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @transaction
    def keep(self, session: Session, name: str, value: str = "0", *, planning: bool = False) -> int:
        """Keep a note; return the thread it was kept in."""
        session.add(Remembered(name=name, value=value))
        if planning:
            session.info[PLANNED] = True
        return threading.get_ident()

    @transaction
    def keep_then_fail(self, session: Session, name: str) -> None:
        """Keep a note, then stumble."""
        session.add(Remembered(name=name, value=""))
        session.flush()
        session.info[PLANNED] = True
        raise ValueError(name)

    @transaction
    def count_up(self, session: Session, name: str) -> None:
        """Add one to a note, as services change rows: read, then write."""
        note = session.get_one(Remembered, name)
        note.value = str(int(note.value) + 1)

    @transaction
    def read(self, session: Session, name: str) -> str | None:
        """Return a note."""
        note = session.get(Remembered, name)
        return note.value if note else None

    @transaction
    def wait_for(self, _session: Session, gate: threading.Event) -> None:
        """Keep the writer busy until the gate opens."""
        assert gate.wait(10)


@pytest.fixture
async def notes(ready_url: str) -> AsyncIterator[Notes]:
    """Return a service over each kind of database."""
    database = Database(ready_url)
    yield Notes(database)
    database.close()


@pytest.fixture
async def file_notes(sqlite_url: str) -> AsyncIterator[Notes]:
    """Return a service over an SQLite file."""
    prepare(sqlite_url)
    database = Database(sqlite_url)
    yield Notes(database)
    database.close()


async def test_what_is_returned_is_committed(notes: Notes) -> None:
    await notes.keep("greeting", "welcome")

    assert await Notes(notes.database).read("greeting") == "welcome"


async def test_a_failure_takes_everything_back(notes: Notes) -> None:
    with pytest.raises(ValueError, match="greeting"):
        await notes.keep_then_fail("greeting")

    assert await notes.read("greeting") is None


async def test_the_work_is_done_off_the_event_loop(notes: Notes) -> None:
    assert await notes.keep("greeting") != threading.get_ident()


async def test_a_name_taken_by_another_is_not_tried_again(notes: Notes) -> None:
    await notes.keep("greeting", "first")

    with pytest.raises(IntegrityError):
        await notes.keep("greeting", "second")
    assert await notes.read("greeting") == "first"


async def test_many_writers_lose_nothing(notes: Notes, ready_url: str) -> None:
    await notes.keep("count")
    others = [Notes(Database(ready_url)) for _ in range(3)]

    try:
        await asyncio.gather(*(each.count_up("count") for each in others for _ in range(40)))
    finally:
        for each in others:
            each.database.close()

    assert await notes.read("count") == "120"


async def test_cancelling_the_one_who_asked_undoes_nothing(file_notes: Notes) -> None:
    gate = threading.Event()
    busy = asyncio.ensure_future(file_notes.wait_for(gate))
    queued = asyncio.ensure_future(file_notes.keep("greeting", "kept"))
    await asyncio.sleep(0)

    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await queued
    gate.set()
    await busy

    assert await file_notes.read("greeting") == "kept"


async def test_what_was_planned_is_told_on_the_event_loop_once_committed(file_notes: Notes) -> None:
    told: list[int] = []
    file_notes.database.planned = lambda: told.append(threading.get_ident())

    await file_notes.keep("quiet")
    with pytest.raises(ValueError, match="undone"):
        await file_notes.keep_then_fail("undone")
    assert told == []

    await file_notes.keep("loud", planning=True)
    assert told == [threading.get_ident()]


def pragma(database: Database, name: str) -> object:
    """Return a setting of the connection."""
    with database.engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()  # pyright: ignore[reportDeprecated] -- exec takes no PRAGMA


async def test_sqlite_is_set_to_lose_nothing(file_notes: Notes) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}

    assert {name: pragma(file_notes.database, name) for name in expected} == expected


async def test_a_transaction_takes_the_write_lock_before_it_reads(file_notes: Notes) -> None:
    impatient = engine_for(file_notes.database.url, patience=0)
    try:
        with file_notes.database.engine.begin(), pytest.raises(OperationalError, match="locked"), impatient.begin():
            raise AssertionError("two began at once")
    finally:
        impatient.dispose()


@pytest.fixture
async def impatient(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Notes]:
    """Return a service over an SQLite file that waits a moment for other programs, and a few moments in all."""
    monkeypatch.setattr("bot.database.BUSY_TIMEOUT", 20)
    monkeypatch.setattr("bot.database.LOCKED_FOR", 0.3)
    prepare(sqlite_url)
    database = Database(sqlite_url)
    yield Notes(database)
    database.close()


async def test_what_is_asked_while_another_program_locks_the_file_for_long_is_kept_in_the_end(
    impatient: Notes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.database.LOCKED_FOR", 20.0)
    refusals: list[bool] = []
    with closing(sqlite3.connect(tmp_path / "kith.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def refused_thrice(_error: object) -> None:
            refusals.append(True)
            if len(refusals) == 3:
                other.execute("COMMIT")

        event.listen(impatient.database.engine, "handle_error", refused_thrice)
        await impatient.keep("greeting", "in the end")
        event.remove(impatient.database.engine, "handle_error", refused_thrice)  # engines of tests share a dialect

    assert len(refusals) == 3
    assert await impatient.read("greeting") == "in the end"


async def test_a_file_that_stays_locked_is_given_up_and_nothing_is_kept(impatient: Notes, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kith.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.perf_counter()
        with pytest.raises(Busy, match="locked"):
            await impatient.keep("greeting")
        waited = time.perf_counter() - began

    assert waited >= 0.3
    assert await impatient.read("greeting") is None


async def test_a_table_that_is_missing_is_no_matter_of_waiting(impatient: Notes, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kith.db")) as other:
        other.execute("ALTER TABLE remembered RENAME TO elsewhere")

    with pytest.raises(OperationalError, match="no such table"):
        await impatient.keep("greeting")


async def test_a_server_that_does_not_answer_is_busy() -> None:
    notes = Notes(Database("postgresql+psycopg://kith@127.0.0.1:1/kith"))

    with pytest.raises(Busy, match="refused"):
        await notes.keep("greeting")
    notes.database.close()


@pytest.mark.parametrize(("when", "outcome"), [("before the commit", Busy), ("in the commit", OperationalError)])
async def test_a_lost_connection_is_busy_unless_the_commit_may_have_arrived(
    when: str, outcome: type[Exception]
) -> None:
    place = required_postgresql()
    database = Database(place.url)

    def lose_it(session: Session) -> None:
        number = session.connection().scalar(text("SELECT pg_backend_pid()"))
        with place.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
        if when == "before the commit":
            session.connection().execute(text("SELECT 1"))

    with pytest.raises(outcome):
        await database.run(lose_it)
    database.close()


async def test_files_and_their_folder_are_the_owners_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        url = f"sqlite:///{tmp_path / 'data' / 'kith.db'}"
        migrate_url(url)
        database = Database(url)
        await Notes(database).keep("greeting")
        backup(tmp_path / "data" / "kith.db", tmp_path / "data" / "copy.db")
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "data").iterdir()}
        database.close()
    finally:
        os.umask(mask)

    assert modes == dict.fromkeys(["kith.db", "kith.db-wal", "kith.db-shm", "copy.db"], 0o600)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


async def test_a_copy_made_while_others_write_is_whole(file_notes: Notes, tmp_path: Path) -> None:
    await file_notes.keep("count")
    file = Path(file_notes.database.url.database or "")

    writing = asyncio.gather(*(file_notes.count_up("count") for _ in range(100)))
    await asyncio.to_thread(backup, file, tmp_path / "copy.db")
    await writing

    copy = Notes(Database(f"sqlite:///{tmp_path / 'copy.db'}"))
    assert 0 <= int(await copy.read("count") or -1) <= 100
    assert pragma(copy.database, "integrity_check") == "ok"
    copy.database.close()
