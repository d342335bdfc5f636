"""Answers come in time and are true, also when the database is slow or Discord's line is bad.

These run over real HTTP, since Discord's three seconds are real seconds.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App, assemble
from bot.client import KithBot
from bot.clock import SystemClock
from bot.services.people import Person
from bot.services.rhythms import Beat
from tests.conftest import prepare
from tests.loopback.interactions import Interaction
from tests.loopback.launch import point_discord_at
from tests.loopback.people import Guild
from tests.loopback.server import Discord, Loss

DEFERRED = 5


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Discord]:
    """A loopback Discord that discord.py is pointed at for the length of the test."""
    async with Discord() as running:
        point_discord_at(running.port, monkeypatch.setattr)
        yield running


@pytest.fixture
async def kith(server: Discord, sqlite_url: str) -> AsyncIterator[App]:
    """Kith connected to it, with a community that has begun."""
    guild = server.add_guild()
    prepare(sqlite_url)
    app = assemble(sqlite_url, SystemClock())
    person = Person(guild.owner.id, manages=True)
    await app.communities.choose(guild.id, person, checkins_channel_id=guild.channel("check-ins").id)
    soon = app.clock.now() + timedelta(hours=30)
    await app.rhythms.set_first(guild.id, person, Beat(weekday=soon.weekday()), request_id=1)
    await app.communities.begin(guild.id, person)
    bot = KithBot(app)
    running = asyncio.create_task(bot.start(server.token))
    await server.connected()
    yield app
    await bot.close()
    await running
    under_way = [each for each in asyncio.all_tasks() if "Courier" in repr(each.get_coro())]
    await asyncio.gather(*under_way, return_exceptions=True)  # it can't be sent any more, which is still written down
    app.database.close()


@pytest.fixture
def guild(server: Discord, kith: App) -> Guild:
    """The community Kith is in."""
    return next(iter(server.guilds.values()))


async def form(server: Discord, guild: Guild) -> Interaction:
    """Open the form for writing ahead."""
    return await server.slash("checkin", guild.owner, guild.channel("check-ins"))


async def test_a_form_sent_while_the_database_is_locked_is_acknowledged_in_time_and_kept(
    server: Discord, guild: Guild, kith: App, tmp_path: Path
) -> None:
    opened = await form(server, guild)
    with closing(sqlite3.connect(tmp_path / "kith.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sending = asyncio.create_task(server.submit(opened, guild.owner, {"words": "Slowly.", "share": "everyone"}))
        sent = await sending
        assert sent.kind == DEFERRED
        assert sent.seconds < 3
        other.execute("COMMIT")

    answered = await sent.done()
    assert "Kept" in str(answered)
    written = await kith.checkins.form(guild.id, guild.owner.id)
    assert written.check_in is not None
    assert written.check_in.words == "Slowly."


async def test_a_command_that_opens_a_form_says_so_when_the_database_is_slow(
    server: Discord, guild: Guild, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "kith.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answered = await form(server, guild)
        other.execute("COMMIT")

    assert answered.seconds < 3
    assert "slow at the moment" in str(answered.data)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Kith give up soon on a database that others lock."""
    monkeypatch.setattr("bot.database.BUSY_TIMEOUT", 20)
    monkeypatch.setattr("bot.database.LOCKED_FOR", 0.1)


@pytest.mark.usefixtures("impatient")
async def test_when_the_database_stays_locked_the_member_hears_that_nothing_was_kept(
    server: Discord, guild: Guild, kith: App, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    opened = await form(server, guild)
    with closing(sqlite3.connect(tmp_path / "kith.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sent = await server.submit(opened, guild.owner, {"words": "My words.", "share": "everyone"})
        asked = await form(server, guild)

    assert "nothing was kept. Please try again in a minute." in str(sent.data)
    assert "nothing was kept. Please try again in a minute." in str(asked.data)
    assert "database is locked" in caplog.text
    assert (await kith.checkins.form(guild.id, guild.owner.id)).check_in is None


@pytest.mark.parametrize("loss", list(Loss))
async def test_a_lost_acknowledgement_undoes_nothing(server: Discord, guild: Guild, kith: App, loss: Loss) -> None:
    opened = await form(server, guild)
    server.lose_answer = lambda asked: loss if asked.path.startswith("/interactions/") else None

    await server.submit(opened, guild.owner, {"words": "Unheard.", "share": "everyone"})

    written = await kith.checkins.form(guild.id, guild.owner.id)
    assert written.check_in is not None
    assert written.check_in.words == "Unheard."


async def test_the_same_form_delivered_twice_stands_once(server: Discord, guild: Guild, kith: App) -> None:
    opened = await form(server, guild)
    sent = await server.submit(opened, guild.owner, {"words": "Once.", "share": "everyone"})

    server.gateway.dispatch("INTERACTION_CREATE", sent.payload)
    await asyncio.sleep(0.2)

    export = await kith.members.export(guild.id, guild.owner.id)
    assert [each["words"] for each in export["check_ins"]] == ["Once."]


async def test_an_unexpected_error_gives_a_reference_that_is_in_the_log(
    server: Discord, guild: Guild, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    opened = await form(server, guild)
    with closing(sqlite3.connect(tmp_path / "kith.db")) as other:
        other.execute("ALTER TABLE checkin RENAME TO elsewhere")

    answered = await server.submit(opened, guild.owner, {"words": "My secret.", "share": "me"})

    reference = str(answered.data).split("reference: ")[1][:6]
    assert reference in caplog.text
    assert "My secret." not in caplog.text
