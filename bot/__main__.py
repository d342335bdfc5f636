"""The command line: kith run."""

import argparse
import asyncio
import logging
import sys

from sqlalchemy.engine import make_url

from bot.app import assemble
from bot.client import KithBot
from bot.clock import SystemClock
from bot.database import migrate
from bot.scheduler import Scheduler
from bot.settings import Settings, SettingsError, read_settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 failed, 2 something to mend first."""
    parser = argparse.ArgumentParser(prog="kith")
    parser.add_argument("command", choices=["run"])
    parser.parse_args(arguments)
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("discord.http").setLevel(logging.INFO)
    asyncio.run(run(settings))
    return 0


async def run(settings: Settings) -> None:
    """Tend communities until stopped."""
    url = settings.database_url.get_secret_value()
    migrate(make_url(url))
    app = assemble(url, SystemClock())
    try:
        async with KithBot(app, Scheduler()) as bot:
            await bot.start(settings.discord_token.get_secret_value())
    finally:
        app.database.close()


if __name__ == "__main__":
    sys.exit(main())
