"""Keeps the community open in the browser, where one can press buttons and type commands as any of the eight."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Generator
from datetime import timedelta

from rich.console import Console
from simcord import ChannelHandle, SetupError
from simcord.backend.access import can_access_channel

from bot.rehearsal.people import ZONE
from bot.rehearsal.stage import Astray, Stage

TICK_SECONDS = 5.0


async def keep_open(stage: Stage, console: Console) -> None:
    """Serve the page until Ctrl+C, or until it is ended there. Time goes on as it does outside."""
    with lines_typed(console) as typed:
        shown: ChannelHandle | None = stage.checkins
        while shown is not None:
            shown = await _show(stage, console, shown, typed)


async def _show(
    stage: Stage, console: Console, channel: ChannelHandle, typed: asyncio.Queue[str]
) -> ChannelHandle | None:
    """Serve one channel; return the one someone wants to see instead, or None when the page is ended."""
    people = [each for each in stage.people.values() if can_access_channel(stage.env, channel.id, each, history=True)]
    preview = stage.env.preview(channel, viewers=people, layout="channel", locale="en-GB", timezone=ZONE)
    async with preview:
        console.print()
        console.print(preview.url, style="bold", soft_wrap=True)
        console.print(
            "Open this address and try it yourself: choose whose eyes you look through, press buttons, type / for "
            f"commands, such as /call. The page shows {stage.names.channel(channel.id)}; the rest is told here. "
            "Ctrl+C ends it."
        )
        ended = asyncio.ensure_future(preview.wait_closed())
        before = time.perf_counter()
        while not ended.done():
            waiting = asyncio.ensure_future(typed.get())
            await asyncio.wait({ended, waiting}, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            line = waiting.result() if waiting.done() else None
            waiting.cancel()
            if line and (wanted := place(stage, line)) is not None:
                return wanted
            now = time.perf_counter()
            passed, before = timedelta(seconds=now - before), now
            if not ended.done() and await go_on(stage, console, passed, hurried=line == ""):
                await preview.refresh()
    return None


def place(stage: Stage, line: str) -> ChannelHandle | None:
    """Return the channel someone typed the name of; ``thread`` is the newest of a call's."""
    name = line.strip().removeprefix("#").lower()
    try:
        return stage.call_thread if name == "thread" else stage.channel(name)
    except Astray:
        return None


async def go_on(stage: Stage, console: Console, passed: timedelta, *, hurried: bool) -> bool:
    """Let time pass, up to the next thing Kith does when ``hurried``; return whether anything changed."""
    try:
        due = await stage.next_due() if hurried else None
        if due is not None:
            passed = max(passed, due - stage.env.now())
        return await stage.pass_time(passed)
    except Astray as error:
        console.print(f"Something went wrong: {error}", style="red")
    except SetupError:  # someone acts on the page at this very moment; time waits for the next turn
        pass
    return False


@contextlib.contextmanager
def lines_typed(console: Console) -> Generator[asyncio.Queue[str]]:
    """Queue the lines that are typed, where there is a keyboard to type them on; Enter alone is an empty one."""
    typed, loop = asyncio.Queue[str](), asyncio.get_running_loop()

    def read() -> None:
        if line := sys.stdin.readline():
            typed.put_nowait(line.strip())
        else:
            loop.remove_reader(sys.stdin)

    listening = sys.stdin.isatty()
    if listening:
        try:
            loop.add_reader(sys.stdin, read)
        except NotImplementedError:  # Windows
            listening = False
    if listening:
        console.print()
        console.print(
            "Here, Enter lets time pass until the next thing Kith does; calls, thread or check-ins and Enter move the "
            "page to the channel for calls, to the newest call's thread, or back."
        )
    try:
        yield typed
    finally:
        if listening:
            loop.remove_reader(sys.stdin)
