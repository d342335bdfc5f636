"""kith doctor: looks at everything Kith leans on and says, a line each, what has to be mended. It changes nothing."""

import asyncio
import os
import sqlite3
import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import tzdata
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from bot import __version__
from bot.circle_deck import our_circle_decks
from bot.clock import Clock, SystemClock
from bot.commands import DONE, FAILED, why_no_database
from bot.connection import CannotConnect, check_token
from bot.database import SOUND_SQLITE, current_revision, engine_for, is_sqlite, newest_revision
from bot.deck import DeckError, our_decks
from bot.formats import our_formats
from bot.language import languages
from bot.settings import FILE, Settings, application_id, read_what_is_sound

MENDED_LINES = {(3, 50): 7, (3, 44): 6}
"""Older lines of SQLite that carry the mend for the WAL's reset, and from which release on."""
OLD_ZONES = 1
"""Years after which zone data is called old; rules of zones change several times a year."""
OTHERS = 0o077
"""What a file's mode holds for others than its owner."""


class Mark(StrEnum):
    """How a thing is."""

    WELL = "✓"
    TO_MEND = "✗"
    LEFT_OUT = "–"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's."""

    mark: Mark
    sentence: str

    def __str__(self) -> str:
        return f"{self.mark} {self.sentence}"


def doctor(*, offline: bool, clock: Clock | None = None) -> int:
    """Print every finding; return 0 when nothing has to be mended, else 1."""
    to_mend = 0
    for finding in examine(clock or SystemClock(), offline=offline):
        print(finding, flush=True)
        to_mend += finding.mark is Mark.TO_MEND
    print("\nNothing has to be mended." if not to_mend else f"\nTo mend: {to_mend}. Then run kith doctor again.")
    return FAILED if to_mend else DONE


def examine(clock: Clock, *, offline: bool) -> Iterator[Finding]:
    """Look at one thing after the other; Discord last, since it may take ten seconds."""
    settings, problems = read_what_is_sound()
    yield python(sys.version_info[:3])
    yield from settings_as_read(settings, problems)
    yield from database(make_url(settings.database_url.get_secret_value()))
    yield zone_data(clock.now().year)
    yield from words()
    yield Finding(Mark.WELL, "Intents: none of the privileged ones is needed")
    yield model(settings, problems)
    yield from discord_itself(settings, problems, offline=offline)


def python(version: tuple[int, ...]) -> Finding:
    """Look at Python's version."""
    number = ".".join(map(str, version))
    if version < (3, 11):
        return Finding(Mark.TO_MEND, f"Python {number}: Kith {__version__} needs 3.11 or newer. Install one.")
    return Finding(Mark.WELL, f"Python {number}, Kith {__version__}")


def settings_as_read(settings: Settings, problems: dict[str, str]) -> Iterator[Finding]:
    """Say which settings have to be mended; values are never shown."""
    for line in problems.values():
        yield Finding(Mark.TO_MEND, line)
    if not problems:
        yield Finding(Mark.WELL, f"Settings: complete, for application {application_id(settings.discord_token)}")
    file = Path(FILE)
    if file.is_file() and file.stat().st_mode & OTHERS:
        yield Finding(Mark.TO_MEND, f"{FILE} holds the token, and others on this machine may read it. chmod 600 {FILE}")


def database(url: URL) -> Iterator[Finding]:
    """Look whether the database can be used as it stands, and by whom it can be read."""
    if not is_sqlite(url):
        yield reachable(url)
        return
    yield sqlite_version(sqlite3.sqlite_version_info)
    file = Path(url.database or "")
    if not file.exists():
        yield to_be_made(file)
        return
    yield reachable(url)
    yield from private(file)


def reachable(url: URL) -> Finding:
    """Look whether the database answers, may be written, and is at this version's tables."""
    try:
        engine = engine_for(url)
        try:
            with engine.connect() as connection, connection.begin() as trial:
                revision = current_revision(connection)
                if revision is not None:
                    _write_nothing(connection)
                trial.rollback()
        finally:
            engine.dispose()
    except (DBAPIError, OSError) as error:
        return Finding(Mark.TO_MEND, why_no_database(url, error))
    return at_revision(revision)


def _write_nothing(connection: Connection) -> None:
    """Ask to write, so that a file or a user that may only read is found out; the caller rolls it back."""
    connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


def at_revision(revision: str | None) -> Finding:
    """Say how far the database is from this version's tables."""
    if revision == newest_revision():
        return Finding(Mark.WELL, f"Database: reachable, writable, at revision {revision}")
    where = "empty" if revision is None else f"at revision {revision}"
    return Finding(Mark.LEFT_OUT, f"Database: reachable, {where}; kith run brings it to {newest_revision()}")


def sqlite_version(version: tuple[int, ...]) -> Finding:
    """Look for a version that can't, rarely, corrupt the file when its log is reset."""
    number = ".".join(map(str, version))
    line = MENDED_LINES.get((version[0], version[1]))
    if version >= SOUND_SQLITE or (line is not None and version[2] >= line):
        return Finding(Mark.WELL, f"SQLite {number}")
    return Finding(
        Mark.LEFT_OUT,
        f"SQLite {number} can, very rarely, damage the file while it is written to and copied back at once. "
        "Keep backups (kith backup); 3.51.3, 3.50.7 and 3.44.6 mend it.",
    )


def to_be_made(file: Path) -> Finding:
    """Look whether the first start will be able to make the file."""
    folder = next(each for each in file.absolute().parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Finding(Mark.LEFT_OUT, f"Database: {file} is made when Kith first runs")
    return Finding(Mark.TO_MEND, f"Database: {file} can't be made. Let the user who runs Kith write {folder}.")


def private(file: Path) -> Iterator[Finding]:
    """Look whether the file and its folder are the owner's alone: members' words are in there."""
    files = [each for each in sorted(file.parent.glob(f"{file.name}*")) if each.is_file()]
    for each, mode in [(file.parent, "700"), *((found, "600") for found in files)]:
        if each.stat().st_mode & OTHERS:
            yield Finding(Mark.TO_MEND, f"{each} can be read by others on this machine. chmod {mode} {each}")


def zone_data(this_year: int) -> Finding:
    """Look whether time zones are known, and how recent their rules are. The system's data come before Kith's."""
    systems = system_zones()
    own = f"Kith's own, {tzdata.IANA_VERSION}"
    if systems is None:
        if year_of(tzdata.IANA_VERSION) < this_year - OLD_ZONES:
            return Finding(Mark.TO_MEND, f"Time zones: {own}, are old, and clocks have changed since. Update Kith.")
        return Finding(Mark.WELL, f"Time zones: {own}")
    if systems < tzdata.IANA_VERSION:
        how = f"PYTHONTZPATH= before the command uses {own}; or update the system's package tzdata."
        mark = Mark.TO_MEND if year_of(systems) < this_year - OLD_ZONES else Mark.LEFT_OUT
        return Finding(mark, f"Time zones: the system's ({systems or 'of unknown age'}) are older. {how}")
    return Finding(Mark.WELL, f"Time zones: the system's, {systems}")


def year_of(release: str) -> int:
    """Return the year of a release of zone data such as ``2026b``; 0 when it doesn't say."""
    return int(release[:4]) if release[:4].isdigit() else 0


def system_zones() -> str | None:
    """Return the release of the system's zone data, empty when it doesn't say; ``None`` when it has none."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "Europe" / "Berlin").exists():
            for name in ("tzdata.zi", "+VERSION"):
                if (folder / name).is_file():
                    with (folder / name).open(encoding="utf-8") as lines:
                        return lines.readline().removeprefix("# version").strip()
            return ""
    return None


def words() -> Iterator[Finding]:
    """Look whether questions, formats and themes can be used, and which languages are spoken."""
    try:
        decks = our_decks()
        our_formats()
        our_circle_decks()
    except DeckError as error:
        yield Finding(Mark.TO_MEND, f"Decks: {error}")
    else:
        counts = ", ".join(f"{decks.count(each)} ({each})" for each in decks.languages())
        yield Finding(Mark.WELL, f"Decks: questions {counts}")
    yield Finding(Mark.WELL, f"Languages: {', '.join(languages())}")


def model(settings: Settings, problems: dict[str, str]) -> Finding:
    """Look whether the language model's settings go together; it isn't contacted."""
    if "openai_base_url" in problems:
        return Finding(Mark.LEFT_OUT, "Language model: OPENAI_BASE_URL has to be mended first")
    given = {
        "OPENAI_API_KEY": settings.openai_api_key or settings.openai_base_url,
        "OPENAI_MODEL": settings.openai_model,
    }
    lacking = [name for name, value in given.items() if not value]
    if len(lacking) == len(given):
        return Finding(Mark.LEFT_OUT, "Language model: none; summaries are gathered without one")
    if lacking:
        return Finding(
            Mark.TO_MEND,
            f"Language model: {' and '.join(lacking)} is missing. Set it, or empty every OPENAI_ setting.",
        )
    return Finding(Mark.WELL, f"Language model: {settings.openai_model} (not contacted; /setup summaries tries it)")


def discord_itself(settings: Settings, problems: dict[str, str], *, offline: bool) -> Iterator[Finding]:
    """Ask Discord whether the token is valid, unless that was left out or it isn't shaped like one."""
    if offline or "discord_token" in problems:
        yield Finding(Mark.LEFT_OUT, f"Discord: not asked, {'as you wished' if offline else 'without a token'}")
        return
    try:
        name = asyncio.run(check_token(settings.discord_token.get_secret_value()))
    except CannotConnect as error:
        yield Finding(Mark.TO_MEND, f"Discord: {error}")
    else:
        yield Finding(Mark.WELL, f"Discord: knows the token, as {name}")
