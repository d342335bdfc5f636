"""The loopback Discord, driven by a bare discord.py client."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from tests.loopback.bare import BareBot, Buttons
from tests.loopback.interactions import Interaction
from tests.loopback.launch import point_discord_at
from tests.loopback.limits import Limits
from tests.loopback.payloads import walk
from tests.loopback.people import Guild
from tests.loopback.rest import Request
from tests.loopback.server import Discord, Loss, some_posts_lost


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Discord]:
    """A loopback Discord that discord.py is pointed at for the length of the test."""
    async with Discord() as running:
        point_discord_at(running.port, monkeypatch.setattr)
        yield running


@pytest.fixture
def guild(server: Discord) -> Guild:
    """A community the bot is in."""
    return server.add_guild()


@pytest.fixture
async def client(server: Discord, guild: Guild) -> AsyncIterator[BareBot]:
    """A bot that is logged in for REST only."""
    bot = BareBot()
    await bot.login(server.token)
    yield bot
    await bot.close()


@pytest.fixture
async def online(server: Discord, client: BareBot) -> AsyncIterator[BareBot]:
    """The same bot, connected to the gateway, with its commands registered."""
    connection = asyncio.create_task(client.connect())
    await server.connected()
    await client.tree.sync()
    yield client
    await client.close()
    await connection


def statuses(server: Discord, method: str = "POST") -> list[int | None]:
    """The statuses of all requests of one method, in order."""
    return [request.status for request in server.requests if request.method == method]


async def test_a_wrong_token_is_refused(server: Discord) -> None:
    bot = BareBot()
    with pytest.raises(discord.LoginFailure):
        await bot.login("another")
    await bot.close()


async def test_a_connected_bot_knows_its_communities(server: Discord, online: BareBot, guild: Guild) -> None:
    there = online.get_guild(guild.id)

    assert there is not None
    assert {channel.name for channel in there.text_channels} == {"check-ins", "circles", "calls"}
    assert discord.utils.get(there.roles, name="host") is not None
    assert there.me.guild_permissions.manage_threads
    assert server.gateway.identifies == 1


async def test_a_dropped_bot_resumes_and_hears_again(server: Discord, online: BareBot, guild: Guild) -> None:
    heard = asyncio.Event()

    @online.event
    async def on_message(_message: discord.Message) -> None:  # pyright: ignore[reportUnusedFunction] -- @event keeps it
        heard.set()

    await server.gateway.close()
    await server.connected()
    server.say(guild.channel("calls"), guild.owner, "hello")

    await asyncio.wait_for(heard.wait(), 5)
    assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


async def test_a_nonce_gives_back_the_first_message_until_its_window_ends(
    server: Discord, client: BareBot, guild: Guild
) -> None:
    calls = client.channel(guild.channel("calls"))

    first = await calls.send("one", nonce="d1")
    again = await calls.send("two", nonce="d1")
    server.nonce_seconds = 0
    afterwards = await calls.send("three", nonce="d1")

    assert again.id == first.id != afterwards.id
    assert [message.content for message in guild.channel("calls").messages] == ["one", "three"]


async def test_a_nonce_over_25_characters_is_refused(client: BareBot, guild: Guild) -> None:
    with pytest.raises(discord.HTTPException) as refusal:
        await client.channel(guild.channel("calls")).send("one", nonce="x" * 26)
    assert refusal.value.code == 50035


async def test_history_is_read_in_pages_from_either_end(client: BareBot, guild: Guild) -> None:
    calls = client.channel(guild.channel("calls"))
    sent = [await calls.send(str(number)) for number in range(7)]
    await sent[3].delete()

    newest = [message.content async for message in calls.history(limit=2)]
    older = [message.content async for message in calls.history(limit=2, before=sent[4])]
    newer = [message.content async for message in calls.history(limit=2, after=sent[1])]
    around = [message.content async for message in calls.history(limit=3, around=sent[4])]

    assert newest == ["6", "5"]
    assert older == ["2", "1"]
    assert newer == ["2", "4"]
    assert around == ["5", "4", "2"]


async def test_parts_keep_their_numbers_and_flags_come_back(client: BareBot, guild: Guild) -> None:
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.TextDisplay("<@5> a card", id=2))
    view.add_item(discord.ui.ActionRow(discord.ui.Button(label="Go", custom_id="d7")))
    calls = client.channel(guild.channel("calls"))

    await calls.send(view=view, silent=True)

    [card] = [message async for message in calls.history()]
    kept = guild.channel("calls").messages[0]
    assert card.flags.components_v2
    assert card.flags.suppress_notifications
    assert [part["id"] for part in walk(kept.components)] == [2, 1, 3]
    assert [part["custom_id"] for part in walk(kept.components) if "custom_id" in part] == ["d7"]


async def test_only_allowed_mentions_reach_anyone(client: BareBot, guild: Guild) -> None:
    calls, nobody = client.channel(guild.channel("calls")), discord.AllowedMentions.none()

    await calls.send("<@5> <@6>", allowed_mentions=nobody)
    await calls.send("<@5> <@6>", allowed_mentions=discord.AllowedMentions(users=[discord.Object(6)]))

    assert [message.pinged for message in guild.channel("calls").messages] == [[], [6]]


async def test_a_message_gets_one_thread(client: BareBot, guild: Guild) -> None:
    calls = await client.fetch_channel(guild.channel("calls").id)
    assert isinstance(calls, discord.TextChannel)
    card = await calls.send("a call")

    thread = await card.create_thread(name="replies")
    await thread.send("I am with you")
    with pytest.raises(discord.HTTPException) as refusal:
        await card.create_thread(name="replies")

    assert thread.id == card.id
    assert refusal.value.code == 160004
    assert [message.content for message in guild.threads[card.id].messages] == ["I am with you"]


async def test_without_read_history_there_seems_to_be_nothing(server: Discord, client: BareBot, guild: Guild) -> None:
    calls = client.channel(guild.channel("calls"))
    await calls.send("one")

    server.forbid(guild.channel("calls"), "read_message_history", "send_messages")

    assert [message async for message in calls.history()] == []
    with pytest.raises(discord.Forbidden) as refusal:
        await calls.send("two")
    assert refusal.value.code == 50013


async def test_members_words_need_the_intent(server: Discord, client: BareBot, guild: Guild) -> None:
    calls = guild.channel("calls")
    server.say(calls, guild.owner, "private words")
    server.say(calls, guild.owner, f"<@{server.bot.id}> words for Kith")

    server.message_content = False

    seen = [message.content async for message in client.channel(calls).history(oldest_first=True)]
    assert seen == ["", f"<@{server.bot.id}> words for Kith"]


async def test_a_direct_message_goes_to_one_person(server: Discord, client: BareBot, guild: Guild) -> None:
    person = await client.fetch_user(guild.owner_id)

    await person.send("good morning")

    assert [message.content for message in server.direct(guild.owner.user).messages] == ["good morning"]


@pytest.mark.parametrize(
    ("how", "error"), [(Loss.CLOSED, aiohttp.ServerDisconnectedError), (Loss.RESET, aiohttp.ClientOSError)]
)
async def test_a_lost_answer_leaves_the_message(
    server: Discord, client: BareBot, guild: Guild, how: Loss, error: type[Exception]
) -> None:
    server.lose_answer = some_posts_lost(1, how)

    with pytest.raises(error):
        await client.channel(guild.channel("calls")).send("one")

    assert [message.content for message in guild.channel("calls").messages] == ["one"]
    assert statuses(server) == [None]


async def test_an_outage_answers_what_it_is_told_and_does_nothing(
    server: Discord, client: BareBot, guild: Guild
) -> None:
    server.status_for = lambda _method, path: 503 if path.startswith("/channels") else None

    with pytest.raises(discord.DiscordServerError):
        await client.channel(guild.channel("calls")).send("one")

    assert guild.channel("calls").messages == []


async def test_an_unreachable_discord_comes_back_with_its_memory(
    server: Discord, client: BareBot, guild: Guild
) -> None:
    calls = client.channel(guild.channel("calls"))
    await calls.send("one")

    await server.stop()
    with pytest.raises(aiohttp.ClientOSError):
        await calls.send("two")
    await server.start()

    await calls.send("three")
    assert [message.content for message in guild.channel("calls").messages] == ["one", "three"]


async def test_too_many_requests_wait_their_turn(server: Discord, client: BareBot, guild: Guild) -> None:
    server.limits = Limits(everywhere=6, bucket=3, bucket_seconds=0.2)
    channels = [client.channel(channel) for channel in guild.channels.values()]

    await asyncio.gather(*(channel.send("hello") for channel in channels for _ in range(3)))

    assert statuses(server).count(200) == 9
    assert 429 in statuses(server)
    assert sum(len(channel.messages) for channel in guild.channels.values()) == 9


async def test_a_bucket_tells_what_is_left() -> None:
    now = [0.0]
    limits = Limits(bucket=1, clock=lambda: now[0])
    asked = Request("POST", "/channels/1/messages", {}, None, 0, ids=["1"])

    first = limits.take(asked, "/channels/*/messages")
    second = limits.take(asked, "/channels/*/messages")
    now[0] = 5.0
    third = limits.take(asked, "/channels/*/messages")

    assert (first[0], first[2]["X-RateLimit-Remaining"]) == (0, "0")
    assert second[0] == 5.0
    assert third[0] == 0


async def test_a_command_is_answered_in_private(server: Discord, online: BareBot, guild: Guild) -> None:
    ada = server.add_member(guild, "ada")

    made = await server.slash("rhythm pause", ada, guild.channel("calls"), {"weeks": 2, "who": ada})

    assert made.data["content"] == "2 ada"
    assert 0 < made.seconds < 1
    assert guild.channel("calls").messages == []


async def test_a_command_nobody_registered_cannot_be_sent(server: Discord, online: BareBot, guild: Guild) -> None:
    with pytest.raises(LookupError):
        await server.slash("rhythm", guild.owner, guild.channel("calls"))


async def test_a_deferred_answer_is_filled_in(server: Discord, online: BareBot, guild: Guild) -> None:
    made = await server.slash("later", guild.owner, guild.channel("calls"))
    message = await made.done()
    await asyncio.wait_for(made.followed.wait(), 5)

    assert made.kind == 5
    assert message is not None
    assert message.content == "thought"
    assert [(each.content, each.files) for each in made.followups] == [("more", {"me.json": b"{}"})]


async def test_a_button_opens_a_form_and_the_form_is_answered(server: Discord, online: BareBot, guild: Guild) -> None:
    await online.channel(guild.channel("calls")).send("a card", view=Buttons())
    card = guild.channel("calls").messages[0]

    form = await server.press(card, "call:1:write", guild.owner)
    kept = await server.submit(form, guild.owner, {})
    form = await server.press(card, "call:1:write", guild.owner)
    changed = await server.submit(form, guild.owner, {"words": "I need hands"})

    assert form.kind == 9
    assert [kept.data["content"], changed.data["content"]] == ["begun", "I need hands"]


async def test_a_pressed_card_is_redrawn_and_a_gone_button_cannot_be_pressed(
    server: Discord, online: BareBot, guild: Guild
) -> None:
    await online.channel(guild.channel("calls")).send("a card", view=Buttons())
    card = guild.channel("calls").messages[0]

    await server.press(card, "call:1:done", guild.owner)

    assert (card.content, card.components) == ("done", [])
    with pytest.raises(LookupError):
        await server.press(card, "call:1:done", guild.owner)


async def test_an_interaction_is_answered_once_and_in_time(server: Discord, online: BareBot, guild: Guild) -> None:
    made = await server.slash("later", guild.owner, guild.channel("calls"))
    late = server.began(2, made.payload["data"], guild.owner, guild.channel("calls"))
    late.sent -= 3.1

    assert await _callback(server, made) == 40060
    assert await _callback(server, late) == 10062


async def _callback(server: Discord, made: Interaction) -> int:
    url = f"http://127.0.0.1:{server.port}/api/v10/interactions/{made.id}/{made.token}/callback"
    async with aiohttp.ClientSession() as session, session.post(url, json={"type": 5}) as answer:
        return (await answer.json())["code"]


async def test_a_route_nobody_serves_is_heard(server: Discord, client: BareBot, guild: Guild) -> None:
    with pytest.raises(discord.DiscordServerError):
        await (await client.fetch_guild(guild.id)).fetch_emojis()
    assert [request.path for request in server.unserved] == [f"/guilds/{guild.id}/emojis"]


def test_it_also_serves_from_a_thread() -> None:
    server = Discord()
    guild = server.add_guild()

    async def ask() -> int:
        url = f"http://127.0.0.1:{server.port}/api/v10/guilds/{guild.id}"
        headers = {"Authorization": f"Bot {server.token}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return answer.status

    with server.in_thread():
        assert asyncio.run(ask()) == 200


def test_a_deadly_checkpoint_kills_at_the_count_it_was_given() -> None:
    program = (
        "from tests.loopback.launch import deadly_checkpoint as made\n"
        "reach = made('sent:2')\n"
        "for step in ('claimed', 'sent', 'claimed', 'sent', 'sent'):\n"
        "    print(step, flush=True); reach(step)\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split() == ["claimed", "sent", "claimed", "sent"]
