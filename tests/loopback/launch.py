"""Run Kith against a loopback Discord: ``python -m tests.loopback.launch PORT -- run``.

``KITH_CRASH_AT="sent:3"`` kills the process, as ``kill -9`` does, the third time the courier calls
``checkpoint("sent")``. ``KITH_SET="bot.courier.LEASE=1.5 bot.scheduler.TICK_SECONDS=0.2"`` gives constants other
values for this process: numbers, or seconds where the constant is a length of time.
"""

import importlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

SetAttribute = Callable[[object, str, object], None]


def point_discord_at(port: int, set_attribute: SetAttribute = setattr) -> None:
    """Make discord.py speak to the loopback server at ``port``; a test passes ``monkeypatch.setattr``."""
    set_attribute(Route, "BASE", f"http://127.0.0.1:{port}/api/v10")
    set_attribute(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://127.0.0.1:{port}/gw"))
    set_attribute(discord.Asset, "BASE", f"http://127.0.0.1:{port}/cdn")


def deadly_checkpoint(where: str) -> Callable[[str], None]:
    """Return a checkpoint that kills this process at ``where``, a step and its count: ``"sent:3"``."""
    fatal, _, number = where.rpartition(":")
    reached: Counter[str] = Counter()

    def checkpoint(step: str) -> None:
        reached[step] += 1
        if step == fatal and reached[step] == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


def arm(where: str) -> None:
    """Put the deadly checkpoint into the courier. Raises AttributeError when it has none to replace."""
    courier = importlib.import_module("bot.courier")
    if not callable(courier.checkpoint):
        raise AttributeError("checkpoint")
    courier.checkpoint = deadly_checkpoint(where)  # pyright: ignore[reportAttributeAccessIssue] -- a module found by name


def connect_at_once() -> None:
    """Leave out the wait that keeps a program restarted over and over within Discord's connections a day."""

    def no_wait(_starts: object, _now: object) -> timedelta:
        return timedelta(0)

    connection = importlib.import_module("bot.connection")
    connection.wait_before_connecting = no_wait  # pyright: ignore[reportAttributeAccessIssue] -- a module found by name


def set_constants(settings: str) -> None:
    """Give modules' constants other values. Raises AttributeError for one that isn't there."""
    for each in settings.split():
        name, _, number = each.partition("=")
        module_name, _, constant = name.rpartition(".")
        module = importlib.import_module(module_name)
        value = float(number) if "." in number else int(number)
        is_time = isinstance(getattr(module, constant), timedelta)
        setattr(module, constant, timedelta(seconds=value) if is_time else value)


def main(arguments: list[str]) -> int | None:
    """Point discord.py at the port, arm the courier if asked, and be Kith."""
    port, separator, *rest = arguments
    if separator != "--":
        raise SystemExit("usage: python -m tests.loopback.launch PORT -- ARGUMENTS")
    point_discord_at(int(port))
    connect_at_once()
    set_constants(os.environ.get("KITH_SET", ""))
    if where := os.environ.get("KITH_CRASH_AT"):
        arm(where)
    return importlib.import_module("bot.__main__").main(rest)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
