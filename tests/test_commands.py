"""The command line, as whoever runs Kith meets it."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bot.__main__ import main
from bot.client import PERMISSIONS
from bot.commands import DONE, FAILED, REASONS, TO_MEND, back_up, dump_command, why_no_database
from bot.database import ROOT
from tests.conftest import migrate_url
from tests.fakes import FixedClock
from tests.loopback.server import Discord
from tests.nursery import start_kith
from tests.test_settings import NAMES, TOKEN

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder commands run in, with no setting but a token."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return what was printed, and what was complained of."""
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.out, captured.err


def test_help_names_every_command_and_where_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    shown, _ = said(capsys)
    assert ended.value.code == 0
    assert all(f"\n    {name} " in shown for name in ("run", "rehearse", "doctor", "invite", "backup"))
    assert "Where to start:\n  kith rehearse" in shown


def test_wrong_settings_end_a_run_before_it_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", f"{SECRET}.x")

    assert main(["run"]) == TO_MEND
    _, complaint = said(capsys)
    assert complaint.startswith("DISCORD_TOKEN does not look like a bot's token")
    assert SECRET not in complaint


@pytest.mark.parametrize(
    ("url", "sign"),
    [
        (f"postgresql://kith:{SECRET}@127.0.0.1:1/kith", "nothing answers there"),
        (f"postgresql://kith:x@{SECRET}.invalid:1/kith", "host's name isn't known"),
        ("sqlite:////proc/nowhere/kith.db", "can't be used"),
        ("sqlite:///text.db", "not an SQLite database"),
    ],
)
def test_a_database_that_cant_be_used_is_said_in_a_sentence(
    url: str, sign: str, elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "text.db").write_text("not a database" * 100)
    monkeypatch.setenv("DATABASE_URL", url)

    assert main(["run"]) == FAILED
    _, complaint = said(capsys)
    assert sign in complaint
    assert SECRET not in complaint


def test_an_unknown_complaint_of_a_database_is_not_repeated() -> None:
    sentence = why_no_database(make_url("postgresql://host/kith"), OSError(SECRET))

    assert sentence == "The PostgreSQL database that DATABASE_URL names can't be used: OSError."


def test_the_invite_link_gives_a_reason_for_each_permission(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invite"]) == DONE

    shown, _ = said(capsys)
    assert f"client_id=100000000000000001&scope=bot+applications.commands&permissions={PERMISSIONS.value}" in shown
    assert {flag for flag, asked in PERMISSIONS if asked} == set(REASONS)
    assert all(f"{name}: {reason}" in shown for name, reason in REASONS.values())
    assert TOKEN not in shown


def test_a_backup_is_whole_private_and_says_how_to_go_back(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    migrate_url("sqlite:///data/kith.db")
    clock = FixedClock(datetime(2026, 11, 2, 9, 5, tzinfo=UTC))

    assert back_up(None, clock) == DONE

    copy = elsewhere / "data" / "kith-2026-11-02-0905.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    connection.close()
    shown, _ = said(capsys)
    assert "rm -f data/kith.db-wal data/kith.db-shm\n  cp data/kith-2026-11-02-0905.db data/kith.db" in shown
    assert sorted(each.name for each in (elsewhere / "data").iterdir() if "unfinished" in each.name) == []


def test_a_backup_overwrites_nothing(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    migrate_url("sqlite:///data/kith.db")
    (elsewhere / "mine.db").write_text("precious")

    assert main(["backup", "mine.db"]) == FAILED
    assert "mine.db is there already and stays as it is" in said(capsys)[1]
    assert (elsewhere / "mine.db").read_text() == "precious"


def test_a_backup_of_nothing_makes_nothing(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup"]) == FAILED
    assert "There is nothing to copy yet" in said(capsys)[1]
    assert list(elsewhere.iterdir()) == []


def test_postgresql_is_copied_by_its_own_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://kith:{SECRET}@db.example:5433/practice")

    assert main(["backup"]) == TO_MEND
    shown, _ = said(capsys)
    command = "pg_dump --format=custom --file=practice.dump --host=db.example --port=5433 --username=kith practice"
    assert command in shown
    assert SECRET not in shown
    assert dump_command(make_url("postgresql:///a b")) == "pg_dump --format=custom '--file=a b.dump' 'a b'"


def test_a_rehearsal_without_its_requirements_says_how_to_get_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith(("simcord", "bot.rehearsal"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "simcord", None)

    assert main(["rehearse", "--no-page"]) == TO_MEND
    assert "make rehearse installs it" in " ".join(said(capsys)[0].split())


class Running:
    """Kith in a process of its own, on a Discord on this machine."""

    def __init__(self, server: Discord, folder: Path) -> None:
        program = [sys.executable, "-m", "tests.loopback.launch", str(server.port), "--", "run"]
        environment = dict(os.environ, DISCORD_TOKEN=server.token, DATABASE_URL=f"sqlite:///{folder / 'kith.db'}")
        self.process = subprocess.Popen(program, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)

    async def ended(self) -> tuple[int, str]:
        """Return how it ended, and its log."""
        try:
            _, log = await asyncio.to_thread(self.process.communicate, timeout=60)
        finally:
            self.process.kill()
        return self.process.returncode, log


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_run_in_good_order(stop: signal.Signals, tmp_path: Path) -> None:
    async with Discord() as server:
        server.add_guild("Hosting Well")
        running = Running(server, tmp_path)
        line = await asyncio.to_thread(_line_with(running, "is connected"))
        running.process.send_signal(stop)
        status, log = await running.ended()

    assert line.endswith("in 1 communities\n")
    assert (status, log) == (0, "")


def _line_with(running: Running, words: str) -> Callable[[], str]:
    def read() -> str:
        assert running.process.stderr is not None
        return next((line for line in running.process.stderr if words in line), "it ended before")

    return read


async def ended(server: Discord, log: Path, token: str) -> tuple[int | None, str]:
    """Run Kith on a Discord that won't have it, which knows a ``token`` by then; return how it ended, and its log."""
    kith = start_kith(server, log, DATABASE_URL=f"sqlite:///{log.with_name('kith.db')}")
    server.token = token
    await asyncio.to_thread(kith.join, 60)
    kith.kill()
    return kith.exitcode, await asyncio.to_thread(log.read_text)


@pytest.mark.parametrize(("code", "sentence"), [(4004, "Discord refuses DISCORD_TOKEN"), (4014, "refuses an intent")])
async def test_a_closed_door_is_said_in_a_sentence(code: int, sentence: str, tmp_path: Path) -> None:
    async with Discord() as server:
        server.gateway.refuse_with = code
        status, log = await ended(server, tmp_path / "log", server.token)

    assert status == TO_MEND
    assert sentence in log
    assert "Traceback" not in log
    assert server.gateway.identifies == 1


async def test_a_token_discord_doesnt_know_ends_a_run(tmp_path: Path) -> None:
    async with Discord() as server:
        status, log = await ended(server, tmp_path / "log", "another")

    assert status == TO_MEND
    assert log.startswith("Discord refuses DISCORD_TOKEN")
    assert server.gateway.identifies == 0
