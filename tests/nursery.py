"""Processes that begin with Kith imported: forked, one by one, from one that imported it and did nothing else.

Each is a process of its own, with its own connections, that a signal kills; only what Python reads at its start is
shared. They speak within a moment, where ``python -m bot`` takes a second of a processor before.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bot import database
from tests.loopback import launch
from tests.loopback.server import Discord

_nursery = multiprocessing.get_context("forkserver")
_nursery.set_forkserver_preload(
    ["tests.nursery", "bot.commands", "bot.doctor", "bot.client", "alembic.command", "alembic.config", "pytest"]
)


def start_kith(server: Discord, log: Path, **settings: str) -> ForkServerProcess:
    """Start Kith on a Discord on this machine, with its settings; it writes to ``log``, and ends with its status."""
    return _start(_be_kith, server.port, log, {"DISCORD_TOKEN": server.token, **settings})


def start_migrating(url: str, migrations: Path, environment: dict[str, str]) -> ForkServerProcess:
    """Start what brings a database to where a folder of migrations leads."""
    return _start(_migrate, url, migrations, environment)


def _start(do: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    process = _nursery.Process(target=do, args=arguments, daemon=True)
    process.start()
    return process


def _be_kith(port: int, log: Path, environment: dict[str, str]) -> None:
    """Be ``python -m tests.loopback.launch PORT -- run`` in this process."""
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.exit(launch.main([str(port), "--", "run"]))


def _migrate(url: str, migrations: Path, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    database.MIGRATIONS = migrations  # pyright: ignore[reportConstantRedefinition] -- as another release has them
    database.migrate(make_url(url))
