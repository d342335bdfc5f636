"""What each command of ``kith`` does; the exit status is 0 done, 1 failed, 2 something to mend first."""

import asyncio
import logging
import signal
import sqlite3
import sys
from pathlib import Path
from shlex import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from bot.app import App, assemble
from bot.client import PERMISSIONS, KithBot, invite_url
from bot.clock import Clock, SystemClock
from bot.connection import CannotConnect, silence_voice, stay_connected
from bot.database import NewerDatabase, backup, is_sqlite, migrate
from bot.deck import DeckError
from bot.model import configured_model
from bot.scheduler import Scheduler
from bot.settings import Settings, SettingsError, application_id, read_settings

DONE, FAILED, TO_MEND = 0, 1, 2

REASONS = {
    "read_messages": ("View Channels", "to see the channels it posts in"),
    "send_messages": ("Send Messages", "to post check-ins and their weaving"),
    "create_public_threads": ("Create Public Threads", "to give each round and each call a thread"),
    "create_private_threads": ("Create Private Threads", "to give a call to a few people a thread of their own"),
    "send_messages_in_threads": ("Send Messages in Threads", "to bring answers there"),
    "read_message_history": (
        "Read Message History",
        "to find its own messages again, so that nothing is posted twice, and to read threads for summaries",
    ),
    "create_events": ("Create Events", "to give each live circle an event; you can leave it out"),
    "send_polls": ("Create Polls", "to make a poll of what members wish to happen next; you can leave it out"),
    "manage_channels": ("Manage Channels", "only for *Make them for me* in /setup; you can leave it out"),
}
"""Why Kith asks for each permission: Discord's name for it, and the reason."""


def tell(sentence: object) -> None:
    """Say what went wrong, where error messages go."""
    print(sentence, file=sys.stderr)


def log_plainly(level: str) -> None:
    """Send the log to stderr: Kith's own lines from ``level`` on, and the libraries' warnings.

    At DEBUG discord.py, SQLAlchemy and the model's client would log members' words, so none of them gets there.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for own in ("bot", "cogs"):
        logging.getLogger(own).setLevel(level)
    for library in ("alembic", "apscheduler", "httpx2", "openai", "sqlalchemy"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("discord").setLevel(logging.INFO if level == "DEBUG" else logging.WARNING)
    silence_voice()


def run() -> int:
    """Tend communities until stopped by SIGTERM or SIGINT."""
    try:
        settings = read_settings()
    except SettingsError as error:
        tell(error)
        return TO_MEND
    log_plainly(settings.log_level)
    app = prepare(settings)
    if isinstance(app, int):
        return app
    try:
        asyncio.run(until_stopped(app, settings.discord_token.get_secret_value()))
    except asyncio.CancelledError:
        return DONE
    except CannotConnect as error:
        tell(error)
        return TO_MEND if error.lasting else FAILED
    finally:
        app.database.close()
    return DONE


def prepare(settings: Settings) -> App | int:
    """Migrate the database and wire the parts; where that can't be done, say why and return the exit status."""
    url = make_url(settings.database_url.get_secret_value())
    try:
        migrate(url)
        clock = SystemClock()
        return assemble(settings.database_url.get_secret_value(), clock, configured_model(settings, clock))
    except (DBAPIError, OSError) as error:
        tell(why_no_database(url, error))
    except NewerDatabase:
        tell("The database was written by a newer Kith than this one. Install that version again, or a newer one.")
        return TO_MEND
    except DeckError as error:
        tell(error)
        return TO_MEND
    return FAILED


async def until_stopped(app: App, token: str) -> None:
    """Run the bot; the first SIGTERM or SIGINT cancels it, which closes the connection, and a second ends at once.

    What the courier had claimed is taken up again when its lease runs out.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    async with KithBot(app, Scheduler()) as bot:
        await stay_connected(bot, token)


UNREACHED = {
    "Connection refused": "nothing answers there. See that PostgreSQL runs and that host and port are right.",
    "password": "it refuses the password. Put the right one into DATABASE_URL (@ : / % are written %40 %3A %2F %25).",
    "does not exist": "it has no such database or user. Create it, or correct the name.",
    "resolve host": "its host's name isn't known. Correct it; @ : / % in a password are written %40 %3A %2F %25.",
    "translate host": "its host's name isn't known. Correct it; @ : / % in a password are written %40 %3A %2F %25.",
    "timeout": "it doesn't answer in time. See that this machine can reach it.",
    "permission denied": "the user may not make tables in it. Make that user the database's owner.",
    "not a database": "the file is not an SQLite database. Name another one, or put a backup in its place.",
    "disk is full": "the disk is full. Make room.",
    "readonly": "the file may not be written. Give the user who runs Kith that right.",
    "unable to open": "the file can't be opened. See that its folder exists and may be written.",
    "Permission denied": "the file may not be written. Give the user who runs Kith that right.",
    "locked": "another program keeps the file locked. Stop that one.",
}
"""What databases say, and what it means. Their own words aren't shown: they may hold a part of the password."""


def why_no_database(url: URL, error: Exception) -> str:
    """Return a sentence about a database that can't be used, which never shows its address."""
    kind = "SQLite file" if is_sqlite(url) else "PostgreSQL database"
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    why = next((meaning for sign, meaning in UNREACHED.items() if sign in said), f"{type(error).__name__}.")
    return f"The {kind} that DATABASE_URL names can't be used: {why}"


def invite() -> int:
    """Print the link that adds Kith to a server, and what it asks for there; contacts nobody."""
    try:
        token = read_settings().discord_token
    except SettingsError as error:
        tell(error)
        return TO_MEND
    application = application_id(token)
    assert application is not None  # the settings checked it
    print("Open this link as someone who may manage the server, and choose the server:\n")
    print(f"  {invite_url(application)}\n")
    print("Kith asks for these permissions there:")
    for name, reason in (REASONS[flag] for flag, asked in PERMISSIONS if asked):
        print(f"  {name}: {reason}")
    print("\nThen type /setup in the server.")
    return DONE


def back_up(file: Path | None, clock: Clock | None = None) -> int:
    """Copy the SQLite database while Kith runs, to ``file`` or beside the database with the time in UTC."""
    try:
        url = make_url(read_settings().database_url.get_secret_value())
    except SettingsError as error:
        tell(error)
        return TO_MEND
    if not is_sqlite(url):
        print("Kith copies SQLite files only. PostgreSQL brings its own command for it:\n")
        print(f"  {dump_command(url)}\n")
        print("It asks for the password, and pg_restore puts the copy back.")
        return TO_MEND
    source = Path(url.database or "")
    now = (clock or SystemClock()).now()
    copy = file or source.with_name(f"{source.stem}-{now:%Y-%m-%d-%H%M}.db")
    return _copy(url, source, copy)


def _copy(url: URL, source: Path, copy: Path) -> int:
    if not source.is_file():
        tell(f"There is nothing to copy yet: {source} is made when Kith first runs.")
        return FAILED
    if copy.exists():
        tell(f"{copy} is there already and stays as it is. Give another name: kith backup NAME.")
        return FAILED
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        backup(source, copy)
    except (sqlite3.Error, OSError) as error:
        tell(why_no_database(url, error))
        return FAILED
    print(f"Copied to {copy}.")
    print("To go back to it: stop Kith, then")
    print(f"  rm -f {quote(f'{source}-wal')} {quote(f'{source}-shm')}")
    print(f"  cp {quote(str(copy))} {quote(str(source))}")
    print("and start Kith again.")
    return DONE


def dump_command(url: URL) -> str:
    """Return the pg_dump command for a database, without its password."""
    parts = ["pg_dump", "--format=custom", f"--file={url.database}.dump"]
    for option, value in (("host", url.host), ("port", url.port), ("username", url.username)):
        if value is not None:
            parts.append(f"--{option}={value}")
    return " ".join(map(quote, [*parts, url.database or ""]))
