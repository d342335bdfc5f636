"""Migrations: from nothing, from an older version, cut short, and several processes at once."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlmodel import Session, SQLModel

from bot import store
from bot.database import ROOT, NewerDatabase, current_revision, engine_for, newest_revision
from bot.store.communities import Community
from bot.store.rhythms import Rhythm
from tests.conftest import migrate_url
from tests.fakes import MONDAY_MORNING

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

PROGRAM = """
import os
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from bot import database

url, folder, processes = sys.argv[1:]
database.MIGRATIONS = Path(folder)
children = []
for _ in range(int(processes)):
    child = os.fork()
    if not child:
        database.migrate(make_url(url))
        os._exit(0)
    children.append(child)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Return a folder of migrations with one more than this version has."""
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", folder)
    (folder / "versions" / f"{FOLLOWING}_next.py").write_text(NEXT)
    return folder


def migrate_as(folder: Path, url: str, *, processes: int = 1, die: bool = False) -> list[int]:
    """Migrate as that release would, in processes of their own; return how each ended."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT)) | ({DIE: "1"} if die else {})
    program = [sys.executable, "-c", PROGRAM, url, str(folder), str(processes)]
    done = subprocess.run(program, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=100)
    return [int(status) for status in done.stdout.split()]


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
            columns = {column["name"] for column in inspect(connection).get_columns("community")}
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
