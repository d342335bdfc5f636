"""What whoever runs Kith decides, read once from the environment and ``.env``."""

import base64
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

MENDING = {
    "discord_token": "Copy the token from the Discord developer portal (your application, Bot, Reset Token) into .env.",
    "database_url": "Use sqlite:///data/kith.db, or postgresql+psycopg://user:password@host/name.",
    "openai_base_url": "Use the address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1.",
    "log_level": "Use DEBUG, INFO, WARNING or ERROR.",
}
FILE = ".env"
TOKEN = re.compile(r"[\w-]+(\.[\w-]+){2}", re.ASCII)
LONGEST_ID = 20
"""Digits in the largest of Discord's identifiers (64 bits)."""


class SettingsError(Exception):
    """Settings are missing or malformed; the message names each and says how to mend it, a line each.

    ``problems`` holds the lines by the setting's name; ``".env"`` stands for the file as a whole.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("\n".join(problems.values()))
        self.problems = problems


class Settings(BaseSettings):
    """Every setting. An unset or empty variable takes its default; the token has none."""

    model_config = SettingsConfigDict(
        env_file=FILE, env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    discord_token: SecretStr
    database_url: SecretStr = SecretStr("sqlite:///data/kith.db")
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_model: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("discord_token", "openai_api_key", "openai_base_url", "openai_model", mode="before")
    @classmethod
    def _trimmed(cls, given: object) -> object:
        return given.strip() if isinstance(given, str) else given

    @field_validator("discord_token")
    @classmethod
    def _token_shape(cls, token: SecretStr) -> SecretStr:
        if application_id(token) is None:
            raise ValueError("does not look like a bot's token (three parts with dots between)")
        return token

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: SecretStr) -> SecretStr:
        try:
            parts = make_url(url.get_secret_value())
        except (ArgumentError, ValueError):  # their words may show a part of the password
            raise ValueError("is not a database's address") from None
        if parts.drivername not in ("sqlite", "postgresql", "postgresql+psycopg"):
            raise ValueError("names a database Kith doesn't know")
        if parts.drivername == "sqlite" and parts.database in (None, "", ":memory:"):
            raise ValueError("names no file, so that everything would be forgotten at the next start")
        return url

    @field_validator("openai_base_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not (re.fullmatch(r"https?://[^\s/]+\S*", url) and _sound_port(url)):
            raise ValueError("is not a web address")
        return url


def _sound_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:  # letters, too large a number, or brackets that don't match
        return False


def read_settings() -> Settings:
    """Read the settings. Raises SettingsError naming each one to mend, and never showing a value."""
    return _read()


def read_what_is_sound() -> tuple[Settings, dict[str, str]]:
    """Read the settings with a stand-in for each that needs mending; also return the lines saying what does."""
    given: dict[str, Any] = {}
    problems: dict[str, str] = {}
    while True:
        try:
            return _read(**given), problems
        except SettingsError as error:
            problems |= error.problems
            for name in error.problems:
                given |= {"_env_file": None} if name == FILE else {name: _stand_in(name)}


def _stand_in(name: str) -> object:
    field = Settings.model_fields[name]
    return STAND_IN_TOKEN if field.is_required() else field.default


STAND_IN_TOKEN = SecretStr("MA.-.-")
"""Shaped like a token, and nobody's."""


def _read(**given: Any) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        problems: dict[str, str] = {}
        for problem in error.errors():
            name = str(problem["loc"][0])
            what = "is missing" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
            problems[name] = f"{name.upper()} {what}. {MENDING.get(name, '')}".rstrip()
        raise SettingsError(problems) from None
    except UnicodeDecodeError:
        raise SettingsError({FILE: f"{FILE} is not UTF-8 text. Save it again as UTF-8."}) from None
    except OSError:
        line = f"{FILE} can't be read. Give the user who runs Kith the right to read {Path(FILE).absolute()}."
        raise SettingsError({FILE: line}) from None


def application_id(token: SecretStr) -> int | None:
    """Return the application's id, which a bot's token begins with; ``None`` when it isn't shaped like one."""
    if TOKEN.fullmatch(token.get_secret_value()) is None:
        return None
    first = token.get_secret_value().split(".")[0]
    try:
        decoded = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except ValueError:
        return None
    return int(decoded) if decoded.isdigit() and len(decoded) <= LONGEST_ID else None
