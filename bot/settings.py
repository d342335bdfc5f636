"""What whoever runs Kith decides, read once from the environment and ``.env``."""

import base64
import binascii
import re
from typing import Literal

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


class SettingsError(Exception):
    """A setting is missing or malformed; the message names it and says how to mend it, a line each."""


class Settings(BaseSettings):
    """Every setting. An unset or empty variable takes its default; the token has none."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
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
            backend = make_url(url.get_secret_value()).drivername
        except ArgumentError as error:
            raise ValueError("is not a database's address") from error
        if backend not in ("sqlite", "postgresql", "postgresql+psycopg"):
            raise ValueError("names a database Kith doesn't know")
        return url

    @field_validator("openai_base_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not re.fullmatch(r"https?://[^\s/]+\S*", url):
            raise ValueError("is not a web address")
        return url


def read_settings() -> Settings:
    """Read the settings. Raises SettingsError naming each one to mend, and never showing a value."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] -- the values come from the environment
    except ValidationError as error:
        lines: list[str] = []
        for problem in error.errors():
            name = str(problem["loc"][0])
            what = "is missing" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name.upper()} {what}. {MENDING.get(name, '')}".rstrip())
        raise SettingsError("\n".join(lines)) from None


def application_id(token: SecretStr) -> int | None:
    """Return the application's id, which a bot's token begins with; ``None`` when it isn't shaped like one."""
    parts = token.get_secret_value().split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        decoded = base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return int(decoded) if decoded.isdigit() else None
