"""The doctor says what has to be mended, a line each, and changes nothing."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import assemble
from bot.circle_deck import our_circle_decks
from bot.clock import SystemClock
from bot.database import ROOT
from bot.deck import DeckError, our_decks, prompts_folder
from bot.doctor import Finding, Mark, doctor, examine, python, sqlite_version, zone_data
from bot.formats import our_formats
from tests.conftest import migrate_url, prepare
from tests.loopback.launch import point_discord_at
from tests.loopback.server import Discord
from tests.test_settings import NAMES, TOKEN


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of the owner's alone with a well-kept .env and database."""
    folder = tmp_path / "kith"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    write_settings(folder, f"DISCORD_TOKEN={TOKEN}\n")
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / "kith.db").touch(mode=0o600)
    prepare("sqlite:///data/kith.db")
    return folder


def write_settings(folder: Path, text: str) -> None:
    """Write .env, for its owner alone."""
    (folder / ".env").write_text(text)
    (folder / ".env").chmod(0o600)


def findings(*, offline: bool = True) -> list[Finding]:
    """Return everything the doctor found."""
    return list(examine(SystemClock(), offline=offline))


def to_mend() -> list[str]:
    """Return the sentences about what has to be mended."""
    return [each.sentence for each in findings() if each.mark is Mark.TO_MEND]


def test_nothing_has_to_be_mended_where_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(offline=True) == 0

    shown = capsys.readouterr().out
    assert "✓ Database: reachable, writable, at revision" in shown
    assert "✓ Decks: questions " in shown
    assert shown.endswith("\nNothing has to be mended.\n")
    assert TOKEN not in shown


def test_what_has_to_be_mended_shows_in_the_status(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_settings(elsewhere, "DISCORD_TOKEN=secretsecret\nLOG_LEVEL=loud\n")

    assert doctor(offline=False) == 1

    shown = capsys.readouterr().out
    assert "✗ DISCORD_TOKEN does not look like a bot's token" in shown
    assert "✗ LOG_LEVEL" in shown
    assert "– Discord: not asked, without a token" in shown
    assert shown.endswith("\nTo mend: 2. Then run kith doctor again.\n")
    assert "secretsecret" not in shown


def test_a_file_of_settings_that_cant_be_read_stops_nothing(elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"\xff\xfe\x00")

    assert to_mend()[0] == ".env is not UTF-8 text. Save it again as UTF-8."
    assert len(findings()) > 6


def test_files_others_may_read_are_named(elsewhere: Path) -> None:
    (elsewhere / ".env").chmod(0o644)
    (elsewhere / "data").chmod(0o755)
    (elsewhere / "data" / "kith.db").chmod(0o640)

    assert [sentence[sentence.index("chmod") :] for sentence in to_mend()] == [
        "chmod 600 .env",
        "chmod 700 data",
        "chmod 600 data/kith.db",
    ]


def test_a_database_to_be_made_is_not_made(elsewhere: Path) -> None:
    shutil.rmtree(elsewhere / "data")

    assert to_mend() == []
    assert not (elsewhere / "data").exists()


def test_an_empty_database_can_wait(elsewhere: Path) -> None:
    (elsewhere / "data" / "kith.db").write_bytes(b"")

    assert "Database: reachable, empty; kith run brings it to" in " ".join(each.sentence for each in findings())


def test_a_file_that_is_no_database_is_named(elsewhere: Path) -> None:
    (elsewhere / "data" / "kith.db").write_text("nonsense" * 100)

    assert "the file is not an SQLite database" in to_mend()[0]


def test_a_database_others_hold_on_to_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.database.BUSY_TIMEOUT", 20)
    holder = sqlite3.connect("data/kith.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert "another program keeps the file locked" in to_mend()[0]
    finally:
        holder.close()


def test_looking_changes_nothing(elsewhere: Path) -> None:
    before = (elsewhere / "data" / "kith.db").read_bytes()
    findings()

    assert (elsewhere / "data" / "kith.db").read_bytes() == before


def test_postgresql_is_looked_at_too(database_url: str, elsewhere: Path) -> None:
    migrate_url(database_url)
    write_settings(elsewhere, f"DISCORD_TOKEN={TOKEN}\nDATABASE_URL={database_url}\n")

    assert "Database: reachable, writable" in " ".join(each.sentence for each in findings() if each.mark is Mark.WELL)


@pytest.mark.parametrize(
    ("version", "mark"),
    [
        ((3, 51, 3), Mark.WELL),
        ((3, 52, 0), Mark.WELL),
        ((3, 50, 7), Mark.WELL),
        ((3, 44, 6), Mark.WELL),
        ((3, 51, 2), Mark.LEFT_OUT),
        ((3, 50, 6), Mark.LEFT_OUT),
        ((3, 45, 9), Mark.LEFT_OUT),
        ((3, 44, 5), Mark.LEFT_OUT),
        ((3, 40, 1), Mark.LEFT_OUT),
    ],
)
def test_versions_of_sqlite_with_the_mend_are_known(version: tuple[int, int, int], mark: Mark) -> None:
    assert sqlite_version(version).mark is mark


def test_an_old_python_has_to_be_mended() -> None:
    assert python((3, 10, 13)).mark is Mark.TO_MEND


def test_zone_data_of_long_ago_has_to_be_mended() -> None:
    assert zone_data(2040).mark is Mark.TO_MEND
    assert zone_data(2026).mark is not Mark.TO_MEND


@pytest.mark.parametrize(
    ("given", "mark", "words"),
    [
        ("", Mark.LEFT_OUT, "none; summaries are gathered without one"),
        ("OPENAI_MODEL=small", Mark.TO_MEND, "OPENAI_API_KEY is missing"),
        ("OPENAI_BASE_URL=http://127.0.0.1:1/v1", Mark.TO_MEND, "OPENAI_MODEL is missing"),
        ("OPENAI_API_KEY=k\nOPENAI_MODEL=small", Mark.WELL, "small (not contacted; /setup summaries tries it)"),
        ("OPENAI_BASE_URL=http://127.0.0.1:1/v1\nOPENAI_MODEL=small", Mark.WELL, "small (not contacted"),
        ("OPENAI_BASE_URL=nonsense", Mark.LEFT_OUT, "OPENAI_BASE_URL has to be mended first"),
    ],
)
def test_settings_of_the_model_go_together(given: str, mark: Mark, words: str, elsewhere: Path) -> None:
    write_settings(elsewhere, f"DISCORD_TOKEN={TOKEN}\n{given}\n")

    (finding,) = [each for each in findings() if each.sentence.startswith("Language model")]
    assert finding.mark is mark
    assert words in finding.sentence


@pytest.mark.parametrize(("known", "mark"), [(True, Mark.WELL), (False, Mark.TO_MEND)])
def test_discord_is_asked_whose_token_it_is(
    known: bool, mark: Mark, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Discord()
    write_settings(elsewhere, f"DISCORD_TOKEN={server.token}\n")
    if not known:
        server.token = "another"
    with server.in_thread():
        point_discord_at(server.port, monkeypatch.setattr)
        finding = findings(offline=False)[-1]

    assert finding.mark is mark
    assert finding.sentence.startswith("Discord: ")


def test_a_discord_that_doesnt_answer_is_said(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_discord_at(1, monkeypatch.setattr)

    assert "Discord can't be reached" in findings(offline=False)[-1].sentence


def test_the_example_of_settings_only_lacks_a_token(elsewhere: Path) -> None:
    write_settings(elsewhere, (ROOT / ".env.example").read_text())

    assert [sentence.split()[0] for sentence in to_mend()] == ["DISCORD_TOKEN"]


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of prompts/ that a test may spoil, where Kith reads it."""
    shutil.copytree(prompts_folder(), tmp_path / "prompts")
    monkeypatch.setattr("bot.deck.__file__", str(tmp_path / "bot" / "deck.py"))
    read_once = (our_decks, our_formats, our_circle_decks)
    for each in read_once:
        each.cache_clear()
    yield tmp_path / "prompts"
    for each in read_once:
        each.cache_clear()


@pytest.mark.parametrize("name", ["work.toml", "formats/check-in-circle.toml", "circles/themes.toml"])
def test_a_mistake_in_questions_formats_and_themes_is_told_before_kith_starts(prompts: Path, name: str) -> None:
    spoilt = prompts / "en" / name
    spoilt.write_text("nonsense")

    assert [each for each in to_mend() if f"{spoilt}: it is not valid TOML" in each]
    with pytest.raises(DeckError, match="it is not valid TOML"):
        assemble("sqlite:///data/kith.db", SystemClock())
