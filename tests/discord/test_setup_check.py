"""What /setup check tells someone who manages the server, and how a server that was lost is taken up again."""

from datetime import timedelta

from simcord.backend import serializers

from bot.services.circles import NewCircle
from bot.services.people import Person
from bot.store.rhythms import Way
from tests.discord.scene import Scene, said
from tests.discord.test_communities import delete_channels, deny, posted, start


async def check(scene: Scene) -> str:
    """Return what /setup check says."""
    answer = await scene.admin.slash(scene.circles, "setup check")
    assert answer.ephemeral
    return said(answer)


async def test_the_check_of_a_community_where_all_is_well(scene: Scene) -> None:
    scene.env.backend.edit_role(scene.guild.id, scene.hosts.id, {"mentionable": True})
    await scene.begin()

    text = await check(scene)

    assert text.count("all I need is there") == 3
    assert "**Events** · I can make an event for each live circle." in text
    assert "**Polls** · hosts can have a poll made" in text
    assert "take place without an event" not in text
    assert "I can mention this role" in text
    assert text.count("a check-in opens") == 10
    assert "SQLite 3." in text
    assert "Discord sends me the words only of messages that mention me" in text
    assert "turns on *Message Content Intent*" in text
    assert "could not say" not in text
    scene.bot.reads_messages = True
    assert "When somebody asks for a summary I may read that thread" in await check(scene)


async def test_the_check_of_a_community_that_has_not_begun_says_how_to(scene: Scene) -> None:
    text = await check(scene)

    assert "It has not begun, so nothing is posted. /setup start ends with *Begin*." in text
    assert text.count("no channel yet; /setup start chooses one") == 3
    assert "Nothing is planned" in text


async def test_the_check_names_each_permission_that_is_lacking_and_where_to_grant_it(scene: Scene) -> None:
    await scene.begin()
    deny(scene, scene.checkins.id, send_messages=False, send_messages_in_threads=False)
    deny(scene, scene.calls.id, view_channel=False)
    await scene.env.settle()

    text = await check(scene)

    assert f"Open <#{scene.checkins.id}> → Edit channel → Permissions → " in text
    assert "allow *Send Messages, Send Messages in Threads*" in text
    assert "Has: View Channel, Create Public Threads, Read Message History." in text
    assert f"<#{scene.calls.id}> · lacks *View Channel*." in text
    assert text.count("all I need is there") == 1


async def test_private_threads_are_needed_in_the_channel_for_calls_alone(scene: Scene) -> None:
    await scene.begin()
    for channel in (scene.checkins, scene.calls):
        deny(scene, channel.id, create_private_threads=False)
    await scene.env.settle()

    text = await check(scene)

    assert f"**Calls** · <#{scene.calls.id}> · lacks *Create Private Threads*." in text
    assert text.count("all I need is there") == 2


async def test_the_check_says_what_polls_and_events_need_where_circles_are_to_meet(scene: Scene) -> None:
    await scene.begin()
    hall, stage = scene.guild.create_voice_channel("hall"), scene.guild.create_stage_channel("stage")
    at = scene.env.now() + timedelta(days=2)
    for number, place in enumerate((hall, stage)):
        new = NewCircle(at, "check-in-circle", Way.LIVE, place_id=place.id)
        await scene.app.circles.propose(scene.guild.id, Person(scene.host.id), new, number)
    deny(scene, scene.circles.id, send_polls=False)
    deny(scene, hall.id, connect=False)
    deny(scene, stage.id, mute_members=False, move_members=False)
    await scene.env.settle()

    text = await check(scene)

    assert "**Polls** · hosts do without a poll" in text
    assert f"Open {scene.circles.mention} → Edit channel → Permissions" in text
    assert "allow *Create Polls*." in text
    assert f"circles in <#{hall.id}> take place without an event." in text
    assert "allow *Connect*." in text
    assert "allow *Mute Members, Move Members*." in text
    assert text.count("all I need is there") == 3


async def test_the_check_says_which_channel_or_role_is_gone_and_which_role_is_not_heard(scene: Scene) -> None:
    await scene.begin()
    await scene.app.communities.choose(scene.guild.id, scene.person, bell_role_id=scene.guild.create_role("Bell").id)
    await delete_channels(scene)
    text = await check(scene)
    assert text.count("the channel is gone. Choose another with /setup start.") == 2
    assert "Open Server Settings → Roles → Hosts, and turn on *Allow anyone to @mention this role*" in text

    scene.env.backend.delete_role(scene.guild.id, scene.hosts.id)
    await scene.env.settle()

    assert "**Hosts** · the role is gone. Choose another with /setup start." in await check(scene)


async def test_the_check_says_what_could_not_be_said_and_why(scene: Scene) -> None:
    await scene.begin()
    deny(scene, scene.checkins.id, send_messages=False)
    await scene.env.settle()
    await scene.later(hours=1)
    await scene.later(hours=7)

    text = await check(scene)

    assert "What I could not say lately" in text
    assert "a check-in's card. I am not allowed to post there." in text


async def test_where_discord_has_not_described_the_server_yet_nothing_is_called_gone(scene: Scene) -> None:
    await scene.begin()
    guild = scene.bot.get_guild(scene.guild.id)
    assert guild is not None
    guild.unavailable = True

    panel = await start(scene)
    assert panel.chosen("checkins") == [scene.checkins.id]
    await panel.pick("calls")
    assert "in a minute" in said(await panel.click("Make them for me"))
    assert "Discord hasn't told me about this server's channels yet" in await check(scene)


async def test_sent_away_and_invited_again_the_rhythm_goes_on_at_its_next_date(scene: Scene) -> None:
    await scene.begin()
    backend = scene.env.backend
    kept, channels, messages = backend.get_guild(scene.guild.id), dict(backend.channels), dict(backend.messages)
    backend.remove_guild(scene.guild.id)
    await scene.env.settle()
    await scene.later(days=15)
    assert (await scene.app.communities.outlook(scene.guild.id)).to_come == []

    backend.guilds[scene.guild.id] = kept
    backend.channels.update(channels)
    backend.messages.update(messages)
    backend.emit("GUILD_CREATE", serializers.guild_create_payload(backend, kept))
    await scene.env.settle()
    await scene.tick()

    assert posted(scene) == 0
    assert "It began" in await check(scene)
    assert (await scene.open_round()).channel.id == scene.checkins.id
    assert posted(scene) == 1
