"""What calls to peers need of the loopback Discord: private threads, those who are in them, forms and mentions."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from tests.loopback.bare import BareBot
from tests.loopback.launch import point_discord_at
from tests.loopback.people import PRIVATE_THREAD, Channel, Guild, Member, Message
from tests.loopback.server import Discord


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
def ada(server: Discord, guild: Guild) -> Member:
    """A member."""
    return server.add_member(guild, "ada")


@pytest.fixture
async def online(server: Discord, guild: Guild, ada: Member) -> AsyncIterator[BareBot]:
    """A connected bot with its commands registered."""
    bot = BareBot()
    running = asyncio.create_task(bot.start(server.token))
    await server.connected()
    await bot.tree.sync()
    yield bot
    await bot.close()
    await running


async def private_thread(bot: BareBot, guild: Guild) -> discord.Thread:
    """Open a private thread in the calls channel, with something said in it."""
    calls = await bot.fetch_channel(guild.channel("calls").id)
    assert isinstance(calls, discord.TextChannel)
    thread = await calls.create_thread(name="a call", type=discord.ChannelType.private_thread, invitable=False)
    await thread.send("for few")
    return thread


def kept(guild: Guild, thread: discord.Thread) -> Channel:
    """Return a thread as Discord keeps it."""
    return guild.threads[thread.id]


async def test_a_private_thread_is_seen_by_those_who_were_added_and_by_no_one_else(
    server: Discord, online: BareBot, guild: Guild, ada: Member
) -> None:
    bo = server.add_member(guild, "bo")

    thread = await private_thread(online, guild)
    await thread.add_user(discord.Object(ada.id))
    await thread.add_user(discord.Object(ada.id))

    assert (thread.type.value, thread.invitable, kept(guild, thread).kind) == (12, False, PRIVATE_THREAD)
    assert list(kept(guild, thread).people) == [server.bot.id, ada.id]
    assert server.say(kept(guild, thread), ada, "I am here").content == "I am here"
    with pytest.raises(LookupError, match="bo can't see"):
        server.say(kept(guild, thread), bo, "and I")
    with pytest.raises(LookupError, match="bo can't see"):
        await server.slash("later", bo, kept(guild, thread))


async def test_whoever_is_mentioned_in_a_thread_is_in_it(online: BareBot, guild: Guild, ada: Member) -> None:
    thread = await private_thread(online, guild)

    await thread.send(f"<@{ada.id}>", allowed_mentions=discord.AllowedMentions.none())
    assert ada.id not in kept(guild, thread).people

    await thread.send(f"<@{ada.id}>", allowed_mentions=discord.AllowedMentions(users=[discord.Object(ada.id)]))
    assert ada.id in kept(guild, thread).people


async def test_a_role_that_may_be_mentioned_is_pinged_when_it_is_allowed(
    server: Discord, online: BareBot, guild: Guild
) -> None:
    calls, hosts, others = guild.channel("calls"), guild.role("host"), server.add_role(guild, "others")
    words = f"<@&{hosts.id}> <@&{others.id}>"

    await online.channel(calls).send(words, allowed_mentions=discord.AllowedMentions.none())
    await online.channel(calls).send(words, allowed_mentions=discord.AllowedMentions(roles=True))

    assert [message.pinged_roles for message in calls.messages] == [[], [hosts.id]]


async def test_active_threads_and_their_members_can_be_asked_for_and_the_whole_list_only_with_an_intent(
    online: BareBot, guild: Guild, ada: Member
) -> None:
    thread = await private_thread(online, guild)
    there = online.get_guild(guild.id)
    assert there is not None

    (active,) = await there.active_threads()
    assert (active.id, [each.id for each in active.members]) == (thread.id, [online.application_id])
    assert (await thread.fetch_member(online.application_id or 0)).thread_id == thread.id
    with pytest.raises(discord.NotFound) as unknown:
        await thread.fetch_member(ada.id)
    with pytest.raises(discord.Forbidden) as closed:
        await thread.fetch_members()
    assert (unknown.value.code, closed.value.code) == (10007, 50001)

    await thread.edit(archived=True)
    assert await there.active_threads() == []
    with pytest.raises(discord.HTTPException) as archived:
        await thread.add_user(discord.Object(ada.id))
    assert archived.value.code == 50083


async def test_those_who_left_are_unknown_members_and_in_no_thread(
    server: Discord, online: BareBot, guild: Guild, ada: Member
) -> None:
    thread = await private_thread(online, guild)
    await thread.add_user(discord.Object(ada.id))
    there = online.get_guild(guild.id)
    assert there is not None
    assert (await there.fetch_member(ada.id)).name == "ada"

    server.leave(ada)

    assert ada.id not in kept(guild, thread).people
    for asked in (there.fetch_member(ada.id), thread.add_user(discord.Object(ada.id))):
        with pytest.raises(discord.NotFound) as unknown:
            await asked
        assert unknown.value.code == 10007


async def test_a_form_takes_choices_and_people_and_nothing_a_client_would_not_send(
    server: Discord, online: BareBot, guild: Guild, ada: Member
) -> None:
    calls = guild.channel("calls")
    form = await server.slash("ask", ada, calls)
    kept_as_it_was = await server.submit(form, ada, {})
    form = await server.slash("ask", ada, calls)
    filled = await server.submit(form, ada, {"urgency": "today", "help": ["hands", "listen"], "people": [guild.owner]})

    assert kept_as_it_was.data["content"] == "no hurry; []; []"
    assert filled.data["content"] == f"today; ['hands', 'listen']; ['{guild.owner.user.name}']"
    for refused in ({"urgency": "tomorrow"}, {"help": ["listen", "hands", "show me"]}, {"people": [ada, ada]}):
        with pytest.raises(ValueError, match=next(iter(refused))):
            await server.submit(form, ada, refused)


async def test_a_message_menu_brings_the_words_which_the_bot_may_not_read_otherwise(
    server: Discord, online: BareBot, guild: Guild, ada: Member
) -> None:
    server.message_content = False
    said: Message = server.say(guild.channel("calls"), ada, "I could do with a hand")

    made = await server.menu("Make a call of this", said, guild.owner)

    assert made.payload["data"]["type"] == 3
    assert made.data["content"] == "ada: I could do with a hand"
