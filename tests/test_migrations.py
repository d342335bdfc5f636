"""Migrations: from nothing, from an older version, cut short, and several processes at once."""

import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, create_engine, insert, inspect, null, table, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from bot import store
from bot.database import MIGRATIONS, ROOT, NewerDatabase, current_revision, engine_for, newest_revision
from bot.store.checkins import CheckIn, CheckInKind, Round, RoundState
from bot.store.communities import Community, Remembered
from bot.store.deliveries import FIRST, Delivery, DeliveryKind, DeliveryState, Priority
from bot.store.members import Member
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState
from tests.conftest import migrate_url
from tests.fakes import MONDAY_MORNING
from tests.nursery import start_migrating

TABLE_NAMES = sorted(store.TABLES[0].metadata.tables)
DIE = "KITH_TEST_DIE"
FOLLOWING = f"{int(newest_revision()) + 1:04}"

NEXT = f'''
"""A release that changes a table others refer to, and may be killed half-way."""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "{FOLLOWING}"
down_revision = "{newest_revision()}"


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE community SET purpose = 'changed'")
    anew = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("community", recreate=anew) as table:
        table.add_column(sa.Column("motto", sa.String(20), nullable=True))
    if os.environ.get("{DIE}"):
        os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Return a folder of migrations with one more than this version has."""
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", folder)
    (folder / "versions" / f"{FOLLOWING}_next.py").write_text(NEXT)
    return folder


def migrate_as(folder: Path, url: str, *, processes: int = 1, die: bool = False) -> list[int | None]:
    """Migrate as that release would, in processes of their own; return how each ended."""
    environment = {DIE: "1"} if die else {}
    running = [start_migrating(url, folder, environment) for _ in range(processes)]
    for each in running:
        each.join(timeout=100)
    return [each.exitcode for each in running]


@dataclass(frozen=True)
class State:
    """What a database holds: its revision, the next release's table and column, and the community's rows."""

    revision: str | None
    half: bool
    motto: bool
    purpose: str
    rhythms: int


def state(url: str) -> State:
    """Look into a database that was filled."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            columns = {each["name"] for each in inspect(connection).get_columns("community")}
            return State(
                current_revision(connection),
                inspect(connection).has_table("half"),
                "motto" in columns,
                connection.execute(text("SELECT purpose FROM community")).scalar_one(),
                connection.execute(text("SELECT count(*) FROM rhythm")).scalar_one(),
            )
    finally:
        engine.dispose()


AS_IT_WAS = State(newest_revision(), half=False, motto=False, purpose="ours", rhythms=1)
MIGRATED = State(FOLLOWING, half=True, motto=True, purpose="changed", rhythms=1)


def fill(url: str) -> None:
    """Bring a database to this version, with a community that has a rhythm."""
    migrate_url(url)
    engine = engine_for(make_url(url))
    with Session(engine) as session, session.begin():
        session.add(Community(id=1, purpose="ours", created_at=MONDAY_MORNING))
        session.flush()
        session.add(Rhythm(community_id=1, weekday=0, anchor=MONDAY_MORNING.date(), at=time(9), zone="UTC"))
    engine.dispose()


def copies(url: str) -> list[Path]:
    """Return the copies that were made of an SQLite file; there are none on PostgreSQL."""
    file = make_url(url).database or ""
    return sorted(Path(file).parent.glob("kith.db.before-*")) if url.startswith("sqlite") else []


def test_migrations_agree_with_the_model(database_url: str) -> None:
    migrate_url(database_url)
    engine = engine_for(make_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)
    engine.dispose()

    assert differences == []


def checks(url: str) -> dict[str, list[str]]:
    """Return what each table's columns are held to."""
    engine = engine_for(make_url(url))
    try:
        with engine.connect() as connection:
            found = {name: inspect(connection).get_check_constraints(name) for name in TABLE_NAMES}
            return {name: sorted(f"{each['name']}: {each['sqltext']}" for each in all_) for name, all_ in found.items()}
    finally:
        engine.dispose()


def test_values_are_held_to_what_the_model_says(database_url: str) -> None:
    migrate_url(database_url)
    migrated = checks(database_url)
    engine = engine_for(make_url(database_url))
    with engine.begin() as connection:
        SQLModel.metadata.drop_all(connection)
        SQLModel.metadata.create_all(connection)
    engine.dispose()

    assert migrated == checks(database_url)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    fill(database_url)
    migrate_url(database_url)

    assert state(database_url) == AS_IT_WAS
    assert copies(database_url) == []


def test_a_new_release_changes_the_tables_and_is_left_alone_by_older_ones(
    database_url: str, next_release: Path
) -> None:
    fill(database_url)

    assert migrate_as(next_release, database_url) == [0]
    assert state(database_url) == MIGRATED

    with pytest.raises(NewerDatabase):
        migrate_url(database_url)
    assert state(database_url) == MIGRATED


def test_an_sqlite_file_is_copied_before_it_is_changed(sqlite_url: str, next_release: Path) -> None:
    fill(sqlite_url)
    migrate_as(next_release, sqlite_url)

    (copy,) = copies(sqlite_url)
    assert copy.name == f"kith.db.before-{FOLLOWING}"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert state(f"sqlite:///{copy}") == AS_IT_WAS


def test_a_migration_killed_half_way_can_be_run_again(database_url: str, next_release: Path) -> None:
    fill(database_url)

    assert migrate_as(next_release, database_url, die=True) == [-signal.SIGKILL]
    assert state(database_url) == AS_IT_WAS
    assert [state(f"sqlite:///{copy}") for copy in copies(database_url)] == copied(database_url)

    assert migrate_as(next_release, database_url) == [0]
    assert state(database_url) == MIGRATED


def test_several_processes_make_the_tables_once(database_url: str, next_release: Path) -> None:
    assert migrate_as(next_release, database_url, processes=4) == [0, 0, 0, 0]


def test_several_processes_change_the_tables_once(database_url: str, next_release: Path) -> None:
    fill(database_url)

    assert migrate_as(next_release, database_url, processes=4) == [0, 0, 0, 0]
    assert state(database_url) == MIGRATED
    assert [state(f"sqlite:///{copy}") for copy in copies(database_url)] == copied(database_url)


def copied(url: str) -> list[State]:
    """Return what the copies must hold: on SQLite one, of the state before."""
    return [AS_IT_WAS] if url.startswith("sqlite") else []


def test_the_newest_file_is_alembics_head() -> None:
    assert ScriptDirectory(str(ROOT / "migrations")).get_current_head() == newest_revision()


LAST_RELEASE = "0001"
LATER = MONDAY_MORNING + timedelta(days=3)


def migrate_to_the_last_release(url: str) -> None:
    """Make the tables as the last release had them."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = engine_for(make_url(url), foreign_keys=False)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, LAST_RELEASE)
    engine.dispose()


def rows_of_the_last_release() -> Iterator[SQLModel]:
    """Yield rows of everything the last release kept, parents first; their ids are counted from one."""
    yield Community(id=1, purpose="To host well.", created_at=MONDAY_MORNING, begun_at=LATER, host_role_id=7)
    yield Community(id=2, language="de", zone="Europe/Berlin", created_at=MONDAY_MORNING, left_at=LATER)
    yield Remembered(name="commands", value="digest")
    yield Member(community_id=1, member_id=11)
    yield Member(
        community_id=1, member_id=12, language="de", zone="Asia/Kathmandu", away_until=LATER.date(), reminders=True
    )
    for community_id, state in ((1, RhythmState.ACTIVE), (2, RhythmState.ENDED)):
        yield Rhythm(
            community_id=community_id, weekday=0, anchor=MONDAY_MORNING.date(), at=time(9), zone="UTC", state=state
        )
    for day, state in enumerate(RoundState, start=1):
        yield Round(
            community_id=1,
            rhythm_id=1,
            day=date(2026, 11, day),
            question_id="work:1",
            question="What are you at?",
            tag="work",
            opens_at=MONDAY_MORNING,
            closes_at=LATER,
            state=state,
            message_id=1000 + day,
        )
    for number, kind in enumerate(CheckInKind):
        yield CheckIn(
            community_id=1, round_id=1, member_id=11 + number, kind=kind, words=f"Words — {number}", written_at=LATER
        )
    yield CheckIn(community_id=1, round_id=2, kind=CheckInKind.ANSWERED, written_at=LATER)  # by someone forgotten
    yield CheckIn(community_id=1, member_id=12, kind=CheckInKind.ANSWERED, words="Ahead.", written_at=LATER)
    for kind in ("round", "check-in", "weaving", "reminder", "quiet", "note"):
        for key, state in enumerate(DeliveryState):
            yield Delivery(
                community_id=1,
                kind=DeliveryKind(kind),
                subject_id=1,
                key=str(key),
                priority=Priority.RITUAL,
                due_at=MONDAY_MORNING,
                state=state,
                claim="c" * 32 if state is DeliveryState.CLAIMED else None,
            )


def keep(connection: Connection, row: SQLModel) -> int | None:
    """Insert a row as far as the tables have its columns; return the id it was given, if they count them."""
    known = SQLModel.metadata.tables[type(row).__name__.lower()]
    there = {each["name"] for each in inspect(connection).get_columns(known.name)}
    plain = table(known.name, *(column(each.name, each.type) for each in known.columns))
    values = {name: value for name, value in row.model_dump().items() if name in there and value is not None}
    inserted = connection.execute(insert(plain).values(values).returning(plain.c.id if "id" in there else null()))
    return inserted.scalar_one()


def everything(connection: Connection, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of some tables, in the columns named."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for name, listed in columns.items():
        rows = connection.execute(text(f"SELECT {', '.join(listed)} FROM {name}"))
        found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def test_the_last_releases_rows_are_all_there_afterwards(database_url: str) -> None:
    migrate_to_the_last_release(database_url)
    engine = engine_for(make_url(database_url))
    with engine.begin() as connection:
        for row in rows_of_the_last_release():
            keep(connection, row)
        tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        columns = {name: [each["name"] for each in inspect(connection).get_columns(name)] for name in tables}
        before = everything(connection, columns)
    assert {len(rows) for rows in before.values()} == {1, 2, 4, 5, 36}

    migrate_url(database_url)

    with engine.connect() as connection:
        assert current_revision(connection) == newest_revision()
        assert everything(connection, columns) == before
        new = connection.execute(text("SELECT about, asks_a_month, keeps, kept_at FROM member")).all()
    engine.dispose()
    assert [tuple(row) for row in new] == [("", 3, False, None)] * 2
    for copy in copies(database_url):
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(LAST_RELEASE,)]


def test_after_the_last_release_no_delivery_gets_an_id_again(database_url: str) -> None:
    migrate_to_the_last_release(database_url)
    engine = engine_for(make_url(database_url))
    with engine.begin() as connection:
        *_others, last = [keep(connection, row) for row in rows_of_the_last_release()]
        assert last == 36
        connection.execute(text("DELETE FROM delivery WHERE id > 30"))

    migrate_url(database_url)

    new = Delivery(
        community_id=1, kind=DeliveryKind.CALL, subject_id=1, priority=Priority.CALL, due_at=LATER, key=FIRST
    )
    with engine.begin() as connection:
        assert keep(connection, new) == 37
    engine.dispose()


def test_after_the_last_release_rows_still_need_their_parents(database_url: str) -> None:
    migrate_to_the_last_release(database_url)
    engine = engine_for(make_url(database_url))
    with engine.begin() as connection:
        for row in rows_of_the_last_release():
            keep(connection, row)

    migrate_url(database_url)

    orphans = (
        CheckIn(community_id=1, round_id=99, member_id=1, kind=CheckInKind.PASSED, written_at=LATER),
        Member(community_id=99, member_id=1),
        Rhythm(community_id=99, weekday=0, anchor=LATER.date(), at=time(9), zone="UTC", kind=RhythmKind.KEEPER),
    )
    for orphan in orphans:
        with pytest.raises(IntegrityError), engine.begin() as connection:
            keep(connection, orphan)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("DELETE FROM community WHERE id = 1"))
    engine.dispose()
