"""Calls while the database is slow or locked, or Discord takes no answer any more: what was asked is done once.

These run over real HTTP, since Discord's three seconds are real seconds; Kith's patience is cut short.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.app import App
from bot.services.people import Person
from bot.store.calls import Call, CallState, Response, ResponseKind
from tests.crash.callers import button
from tests.loopback.interactions import OPEN_FORM, SPEAK_LATER, UPDATE_LATER, Interaction
from tests.loopback.payloads import walk
from tests.loopback.people import Guild, Member, Message
from tests.loopback.server import Discord
from tests.test_support import guild, impatient, kith, server

__all__ = ["guild", "impatient", "kith", "server"]

FILLED: dict[str, Any] = {"words": "Who sits with me?", "help": ["listen"], "urgency": "today", "audience": "everyone"}


@pytest.fixture
async def ada(kith: App, server: Discord, guild: Guild, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A member where calls have a channel; Kith says sooner than usual that an answer comes later."""
    monkeypatch.setattr("cogs.support.ACKNOWLEDGE_WITHIN", 0.1)
    admin = Person(guild.owner.id, manages=True)
    await kith.communities.choose(guild.id, admin, calls_channel_id=guild.channel("calls").id)
    return server.add_member(guild)


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock on the database, as another program would."""
    with closing(sqlite3.connect(folder / "kith.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


async def rows(kith: App) -> tuple[list[Call], list[Response]]:
    """Return all calls, and everyone's part in them."""

    def read(session: Session) -> tuple[list[Call], list[Response]]:
        return list(session.exec(select(Call))), list(session.exec(select(Response)))

    return await kith.database.run(read)


async def card_of(guild: Guild, count: int = 1) -> Message:
    """Wait until so many cards stand in the channel for calls; return the last."""
    async with asyncio.timeout(5):
        while len(guild.channel("calls").shown) < count:  # noqa: ASYNC110 -- the server has no event for it
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # a second one would be here by now
    assert len(guild.channel("calls").shown) == count
    return guild.channel("calls").shown[-1]


def text_of(message: Message | None) -> str:
    """Return what a message says."""
    return "\n".join(str(part.get("content", "")) for part in walk(message.components if message else []))


async def unheard(doing: Awaitable[Interaction]) -> None:
    """Let someone do something whose answer never comes."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await doing


async def test_a_call_written_and_sent_while_the_database_is_locked_is_acknowledged_and_stands_once(
    server: Discord, guild: Guild, ada: Member, kith: App, tmp_path: Path
) -> None:
    opened = await server.slash("call", ada, guild.channel("calls"))
    with locked(tmp_path):
        sent = await server.submit(opened, ada, FILLED)
        assert (sent.kind, sent.seconds < 3) == (SPEAK_LATER, True)
        assert sent.message is not None and text_of(sent.message) == ""  # nothing is claimed yet
    preview = await sent.done()
    assert "Nothing is sent yet" in text_of(preview)
    assert "Who sits with me?" in text_of(preview)

    assert preview is not None
    with locked(tmp_path):
        pressed = await server.press(preview, button(sent, "send"), ada)
        assert (pressed.kind, pressed.seconds < 3) == (UPDATE_LATER, True)
        again = await server.press(preview, button(sent, "send"), ada)
        assert "Nothing is sent yet" in text_of(preview)
        assert guild.channel("calls").shown == []
    card = await card_of(guild)

    assert again.kind == UPDATE_LATER
    assert "Who sits with me?" in text_of(card)
    assert text_of(preview).startswith(("It is on its way", "It was sent before, once"))
    ((call,), _parts) = await rows(kith)
    assert call.state is CallState.OPEN


async def test_a_press_on_a_card_while_the_database_is_locked_is_answered_when_it_is_kept(
    server: Discord, guild: Guild, ada: Member, kith: App, tmp_path: Path
) -> None:
    sent = await server.submit(await server.slash("call", ada, guild.channel("calls")), ada, FILLED)
    assert sent.message is not None
    await server.press(sent.message, button(sent, "send"), ada)
    card, bo = await card_of(guild), server.add_member(guild)

    with locked(tmp_path):
        pressed = await server.press(card, "call:1:with", bo)
        slow = await server.press(card, "call:1:later", bo)
    answered = await pressed.done()

    assert (pressed.kind, pressed.seconds < 3) == (SPEAK_LATER, True)
    assert text_of(answered).startswith("Thank you.")
    assert "slow at the moment" in str(slow.data)
    (_calls, (part,)) = await rows(kith)
    assert part.kind is ResponseKind.WITH_YOU


@pytest.mark.usefixtures("impatient")
async def test_words_that_could_not_be_kept_are_given_back(
    server: Discord, guild: Guild, ada: Member, kith: App, tmp_path: Path
) -> None:
    opened = await server.slash("call", ada, guild.channel("calls"))
    with locked(tmp_path):
        sent = await server.submit(opened, ada, FILLED)
        answered = await sent.done()

    assert "nothing was kept. Please try again in a minute." in text_of(answered)
    assert "Here are your words" in text_of(answered)
    assert "Who sits with me?" in text_of(answered)
    assert await rows(kith) == ([], [])


async def test_answers_that_come_too_late_for_discord_undo_nothing(
    server: Discord, guild: Guild, ada: Member, kith: App
) -> None:
    bo, calls = server.add_member(guild), guild.channel("calls")
    opened = await server.slash("call", ada, calls)
    expired(server)
    await unheard(server.submit(opened, ada, FILLED))
    await unheard(server.slash("call", ada, calls))
    expired(server, seconds=3)
    form = await server.slash("call", ada, calls)
    assert form.kind == OPEN_FORM
    assert "Who sits with me?" in str(form.data)  # the draft was kept

    preview = await server.submit(form, ada, {})
    assert preview.message is not None
    expired(server)
    await unheard(server.press(preview.message, button(preview, "send"), ada))
    card = await card_of(guild)
    for verb in ("with", "later", "know"):
        await unheard(server.press(card, f"call:1:{verb}", bo))
    expired(server, seconds=3)

    again = await server.press(preview.message, button(preview, "send"), ada)
    assert "It was sent before, once" in text_of(again.message)
    joined = await server.press(card, "call:1:with", bo)
    assert "You are with this call already" in str(joined.data)
    ((call,), (part,)) = await rows(kith)
    assert (call.state, part.kind) == (CallState.OPEN, ResponseKind.WITH_YOU)


def expired(server: Discord, *, seconds: float = -1) -> None:
    """Let Discord refuse every answer later than this with 10062."""
    server.interactions.answer_seconds = seconds


async def test_a_form_and_a_press_delivered_twice_ask_once(
    server: Discord, guild: Guild, ada: Member, kith: App
) -> None:
    def again(made: Interaction) -> None:
        server.gateway.dispatch("INTERACTION_CREATE", made.payload)

    sent = await server.submit(await server.slash("call", ada, guild.channel("calls")), ada, FILLED)
    again(sent)
    assert sent.message is not None
    again(await server.press(sent.message, button(sent, "send"), ada))
    await card_of(guild)

    (calls, _parts) = await rows(kith)
    assert [each.words for each in calls if each.state is CallState.OPEN] == ["Who sits with me?"]
