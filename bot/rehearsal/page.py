"""Keeps the community open in the browser, where one can press buttons and type commands as any of the eight."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Generator
from datetime import timedelta

from rich.console import Console
from simcord import SetupError

from bot.rehearsal.people import ZONE
from bot.rehearsal.stage import Astray, Stage

TICK_SECONDS = 5.0


async def keep_open(stage: Stage, console: Console) -> None:
    """Serve the page until Ctrl+C, or until it is ended there. Time goes on as it does outside."""
    preview = stage.env.preview(
        stage.checkins, viewers=list(stage.people.values()), layout="channel", locale="en-GB", timezone=ZONE
    )
    async with preview:
        console.print()
        console.print(preview.url, style="bold", soft_wrap=True)
        console.print(
            "Open this address and try it yourself: choose whose eyes you look through, press buttons, type / for "
            "commands. The page shows #check-ins; threads are told here. Ctrl+C ends it."
        )
        ended = asyncio.ensure_future(preview.wait_closed())
        with enter_pressed(console) as hurried:
            before = time.perf_counter()
            while not ended.done():
                waiting = asyncio.ensure_future(hurried.wait())
                await asyncio.wait({ended, waiting}, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                now = time.perf_counter()
                passed, before = timedelta(seconds=now - before), now
                if not ended.done() and await go_on(stage, console, passed, hurried=hurried.is_set()):
                    await preview.refresh()
                hurried.clear()


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
def enter_pressed(console: Console) -> Generator[asyncio.Event]:
    """Set an event whenever Enter is pressed, where there is a keyboard to press it on."""
    pressed, loop = asyncio.Event(), asyncio.get_running_loop()

    def read() -> None:
        if sys.stdin.readline():
            pressed.set()
        else:
            loop.remove_reader(sys.stdin)

    listening = sys.stdin.isatty()
    if listening:
        try:
            loop.add_reader(sys.stdin, read)
        except NotImplementedError:  # Windows
            listening = False
    if listening:
        console.print("Enter, here, lets time pass until the next thing Kith does.")
    try:
        yield pressed
    finally:
        if listening:
            loop.remove_reader(sys.stdin)
