"""Settings are read once, mended by name, and never shown."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Settings, SettingsError, application_id, read_settings, read_what_is_sound

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAx.Gabcde.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
NAMES = [name.upper() for name in Settings.model_fields]
SECRET = "hunter2hunter2"

anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
marks = st.text("@:/?#[]%&=+ ;'\"\\é,.", max_size=6)


@contextmanager
def environment(values: dict[str, str]) -> Generator[None]:
    """Let only these settings be set for a while."""
    before = dict(os.environ)
    for name in NAMES:
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder settings are read in, which has no .env yet."""
    folder = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(folder)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return folder


def what_is_said(values: dict[str, str]) -> str:
    """Return what reading these settings complains of; nothing when they are well."""
    with environment(values):
        try:
            read_settings()
        except SettingsError as error:
            return str(error)
    return ""


def test_a_token_is_all_that_is_needed() -> None:
    with environment({"DISCORD_TOKEN": f" {TOKEN}\n"}):
        settings = read_settings()

    assert settings.discord_token.get_secret_value() == TOKEN
    assert application_id(settings.discord_token) == 100000000000000001
    assert settings.database_url.get_secret_value() == "sqlite:///data/kith.db"
    assert settings.openai_model is None


def test_an_empty_variable_is_an_unset_one() -> None:
    with environment({"DISCORD_TOKEN": TOKEN, "LOG_LEVEL": "", "OPENAI_MODEL": ""}):
        settings = read_settings()

    assert (settings.log_level, settings.openai_model) == ("INFO", None)


def test_a_missing_token_is_named_with_where_to_find_one() -> None:
    assert what_is_said({}).startswith("DISCORD_TOKEN is missing. Copy the token from the Discord developer portal")


def test_each_wrong_setting_gets_a_line_of_its_own() -> None:
    said = what_is_said({"DATABASE_URL": "mysql://x/y", "OPENAI_BASE_URL": "ftp://x", "LOG_LEVEL": "loud"})

    assert [line.split()[0] for line in said.splitlines()] == [
        "DISCORD_TOKEN",
        "DATABASE_URL",
        "OPENAI_BASE_URL",
        "LOG_LEVEL",
    ]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_a_database_that_would_forget_everything_is_refused(url: str) -> None:
    assert "names no file" in what_is_said({"DISCORD_TOKEN": TOKEN, "DATABASE_URL": url})


@pytest.mark.parametrize("address", ["127.0.0.1:port", "127.0.0.1:99999", "127.0.0.1:0", "[::1", "a b"])
def test_a_models_address_that_leads_nowhere_is_said_before_kith_runs(address: str) -> None:
    said = what_is_said({"DISCORD_TOKEN": TOKEN, "OPENAI_BASE_URL": f"http://{address}/v1"})

    assert said.startswith("OPENAI_BASE_URL is not a web address.")


def test_blanks_around_what_was_pasted_dont_matter() -> None:
    with environment({"DISCORD_TOKEN": TOKEN, "OPENAI_API_KEY": " sk-x\n", "OPENAI_BASE_URL": " http://[::1]:8/v1 "}):
        settings = read_settings()

    assert settings.openai_api_key is not None and settings.openai_api_key.get_secret_value() == "sk-x"
    assert settings.openai_base_url == "http://[::1]:8/v1"


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, anything)))
def test_hostile_values_are_refused_in_a_sentence(values: dict[str, str]) -> None:
    said = what_is_said(values)

    for value in values.values():
        assert len(value) < 8 or value not in said


@given(marks, marks, st.sampled_from(["postgresql", "postgresql+psycopg", "mysql", "sqlite"]))
def test_a_password_is_never_shown(before: str, after: str, kind: str) -> None:
    said = what_is_said({"DATABASE_URL": f"{kind}://kith:{before}{SECRET}{after}@host:5432/kith"})

    assert SECRET not in said


@given(marks, st.sampled_from([".", "..", " ", "\n", "é"]))
def test_a_token_is_never_shown(mark: str, between: str) -> None:
    said = what_is_said({"DISCORD_TOKEN": f"{SECRET}{mark}{between}{SECRET}.x"})

    assert "DISCORD_TOKEN does not look like a bot's token" in said
    assert SECRET not in said


def test_secrets_stay_hidden_when_settings_are_printed() -> None:
    url = f"postgresql://kith:{SECRET}@host/kith"
    with environment({"DISCORD_TOKEN": TOKEN, "DATABASE_URL": url, "OPENAI_API_KEY": SECRET}):
        settings = read_settings()

    assert SECRET not in f"{settings!r} {settings}"
    assert TOKEN not in f"{settings!r} {settings}"


def test_a_file_that_is_not_text_is_named(elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")

    assert what_is_said({"DISCORD_TOKEN": TOKEN}) == ".env is not UTF-8 text. Save it again as UTF-8."


def test_what_is_sound_is_read_beside_what_is_not(elsewhere: Path) -> None:
    (elsewhere / ".env").write_text("DISCORD_TOKEN=nonsense\nDATABASE_URL=sqlite:///here.db\nLOG_LEVEL=loud\n")

    settings, problems = read_what_is_sound()

    assert settings.database_url.get_secret_value() == "sqlite:///here.db"
    assert set(problems) == {"discord_token", "log_level"}


def test_a_broken_file_leaves_the_environment_readable(elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"\xff")
    with environment({"DISCORD_TOKEN": TOKEN, "DATABASE_URL": "sqlite:///there.db"}):
        settings, problems = read_what_is_sound()

    assert settings.database_url.get_secret_value() == "sqlite:///there.db"
    assert set(problems) == {".env"}


def test_every_setting_stands_in_the_example() -> None:
    example = (Path(__file__).parent.parent / ".env.example").read_text()
    listed = [line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")]

    assert listed == NAMES
