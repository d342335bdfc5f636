"""Opens the house: a temporary database, the real Kith, a simulated Discord; then the play, then the page."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from rich.console import Console
from simcord import BackendError, SetupError
from sqlalchemy.engine import make_url

from bot.app import assemble
from bot.client import KithBot
from bot.database import migrate
from bot.rehearsal import month
from bot.rehearsal.clock import EnvClock
from bot.rehearsal.names import Names
from bot.rehearsal.page import keep_open
from bot.rehearsal.stage import Astray, Stage, set_up
from bot.rehearsal.transcript import Transcript, day_words

DONE, FAILED = 0, 1


def run(console: Console, *, page: bool) -> int:
    """Play; return the exit status."""
    with quiet_libraries(), tempfile.TemporaryDirectory(prefix="kith-rehearsal-") as folder:
        try:
            return asyncio.run(_play(console, Path(folder), page=page))
        except KeyboardInterrupt:
            return DONE


@contextmanager
def quiet_libraries() -> Generator[None]:
    """Keep the libraries' warnings out of the transcript."""
    loggers = [logging.getLogger(name) for name in ("alembic", "discord", "simcord")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)


async def _play(console: Console, folder: Path, *, page: bool) -> int:
    async with on_stage(console, folder) as stage:
        try:
            await month.play(stage)
        except (Astray, SetupError, BackendError, TimeoutError) as error:
            now = stage.env.now().astimezone(stage.zone)
            stage.transcript.end(f"The rehearsal broke off on {day_words(now)} at {now:%H:%M}: {error}")
            return FAILED
        stage.transcript.end(
            "Eight weeks: nobody was chased, and no call stayed alone. Nothing of this was sent anywhere."
        )
        if page:
            await keep_open(stage, console)
        return DONE


@asynccontextmanager
async def on_stage(console: Console, folder: Path) -> AsyncGenerator[Stage]:
    """Start Kith over a new SQLite file on a simulated Discord, and put everything away at the end."""
    url = f"sqlite:///{folder / 'kith.db'}"
    migrate(make_url(url))
    clock = EnvClock()
    app = assemble(url, clock)
    bot = KithBot(app)
    env = set_up(bot, clock)
    stage = None
    try:
        await env.start()
        bot.reads_messages = True  # Discord tells it by the application's flags, of which the simulated one has none
        with env.time_context():
            stage = Stage(env, app, bot, Transcript(console, Names(env)))
            yield stage
    finally:
        if stage is not None:
            stage.leave()
        await env.shutdown()
        app.database.close()
