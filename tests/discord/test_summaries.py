"""A thread is gathered without a model, looked over and published; who may ask, and what Kith needs for it."""

from typing import Any

import discord
from simcord import ChannelHandle, InteractionResult, MemberActor
from simcord.backend.models import Overwrite
from simcord.enums import MessageType, OverwriteType

from bot.store.communities import Summarising
from tests.discord.scene import Scene, Seen, discord_press, said


async def begin_thread(scene: Scene, **choices: Any) -> ChannelHandle:
    """Set Kith up, let it read messages, and make a thread of Bo's question in the channel for circles."""
    await scene.begin(**choices)
    scene.bot.reads_messages = True
    first = await scene.bo.send(scene.circles, "How do we open a circle well?")
    circles = scene.bot.get_channel(scene.circles.id)
    assert isinstance(circles, discord.TextChannel)
    await circles.get_partial_message(first.id).create_thread(name="Opening")
    await scene.env.settle()
    thread = scene.thread(first)
    scene.guild.create_system_message(
        thread, MessageType.THREAD_STARTER_MESSAGE, author=scene.bo, referenced_message=first
    )
    return thread


async def talk(scene: Scene, thread: ChannelHandle) -> list[discord.Message]:
    """Let Ada and Bo write in a thread."""
    return [
        await scene.ada.send(thread, "We begin with a minute of silence. See https://example.org/silence"),
        await scene.bo.send(thread, "Who brings the bell next time?"),
        await scene.ada.send(thread, "I will bring the bell on Monday."),
        await scene.bo.send(thread, "And does anybody know a poem for the end?"),
    ]


async def press(who: MemberActor, answer: InteractionResult, label: str) -> InteractionResult:
    """Press a button on a private answer."""
    assert answer.response is not None
    return await who.click(answer.response, label=label)


def published(scene: Scene, thread: ChannelHandle) -> list[Seen]:
    """Return the summaries that stand in a thread or channel."""
    return [each for each in scene.messages(thread) if "What was said here" in each.text]


def under(text: str, heading: str) -> str:
    """Return what stands under a heading of a summary."""
    return text.split(f"**{heading}**\n")[1].split("\n**")[0].split("\n-#")[0]


async def test_a_thread_is_gathered_for_its_host_alone_and_published_once(scene: Scene) -> None:
    thread = await begin_thread(scene)
    silence, bell, monday, poem = await talk(scene, thread)

    draft = await scene.host.slash(thread, "summary")
    assert draft.ephemeral
    text = said(draft)
    assert "Only you see this draft." in text
    assert "Kith has no language model here" in text
    assert "5 messages, <t:1767225600:f> to <t:1767225600:f>. " in text
    assert f"Gathered without a language model, for {scene.host.mention}" in text
    assert under(text, "Who spoke") == "bo, ada"
    link = f"https://discord.com/channels/{scene.guild.id}"
    assert under(text, "Questions") == (
        f"- bo: “How do we open a circle well?” [→1]({link}/{scene.circles.id}/{thread.id})\n"
        f"- bo: “Who brings the bell next time?” [→3]({link}/{thread.id}/{bell.id})"
    )
    assert under(text, "Nobody has answered yet").startswith("- bo: “And does anybody know a poem for the end?” [→5]")
    assert f"- ada: “I will bring the bell on Monday.” [→4]({link}/{thread.id}/{monday.id})" in text
    assert under(text, "Links") == f"- ada: https://example.org/silence [→2]({link}/{thread.id}/{silence.id})"
    assert poem.id > monday.id
    assert published(scene, thread) == []

    await scene.restart()
    assert f"on its way to <#{thread.id}>" in said(await press(scene.host, draft, "Publish"))
    await scene.tick()
    [card] = published(scene, thread)
    assert text.endswith(card.text)
    assert scene.env.backend.get_message(thread.id, card.id).flags & (1 << 12)  # it rings for nobody


async def test_a_draft_is_published_once_however_often_its_asker_presses(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    first, second, third = [await scene.bo.slash(thread, "summary") for _time in range(3)]
    assert "nobody else has seen it" in said(await press(scene.bo, second, "Discard"))

    assert "on its way" in said(await press(scene.bo, first, "Publish"))
    assert "on its way" in said(await discord_press(scene, "summary:1:publish"))
    await scene.restart()
    assert "on its way" in said(await discord_press(scene, "summary:1:publish"))
    await scene.tick()

    assert len(published(scene, thread)) == 1
    assert "published already" in said(await discord_press(scene, "summary:1:edit"))
    assert "was published or thrown away" in said(await discord_press(scene, "summary:1:discard"))
    assert "That draft is gone" in said(await discord_press(scene, "summary:2:publish"))
    assert "since you began yours" in said(await press(scene.bo, third, "Publish"))


async def test_a_second_summary_holds_only_what_is_new_and_names_the_first(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    await press(scene.ada, await scene.ada.slash(thread, "summary"), "Publish")
    await scene.tick()
    [first] = published(scene, thread)
    link = f"https://discord.com/channels/{scene.guild.id}/{thread.id}/{first.id}"

    nothing = said(await scene.host.slash(thread, "summary"))
    assert "Nothing new was written here since the last summary." in nothing
    assert link in nothing
    await scene.bo.send(thread, "Shall we sing at the end?")
    second = await scene.ada.slash(thread, "summary")  # she took part before

    text = said(second)
    assert "1 message, " in text
    assert f"What came before: {link}" in text
    assert "Shall we sing" in text
    assert "bell" not in text
    await press(scene.ada, second, "Publish")
    await scene.tick()
    assert len(published(scene, thread)) == 2


async def test_summarise_from_here_gathers_a_channel_from_that_message_on(scene: Scene) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    await scene.ada.send(scene.circles, "Where is the key?")
    second = await scene.bo.send(scene.circles, "Who has the projector?")
    await scene.ada.send(scene.circles, "Who opens the door?")

    refused = said(await scene.bo.slash(scene.circles, "summary"))
    assert "Choose *Summarise from here*" in refused
    draft = await scene.bo.context_menu(scene.circles, "Summarise from here", second)
    assert "2 messages" in said(draft)
    assert "projector" in said(draft)
    assert "key" not in said(draft)
    assert "door" in said(await press(scene.bo, draft, "Make again"))
    await press(scene.bo, draft, "Publish")
    await scene.tick()
    assert len(published(scene, scene.circles)) == 1


async def test_without_message_content_only_what_discord_sends_along_is_gathered(scene: Scene) -> None:
    thread = await begin_thread(scene)
    [first, *_others] = await talk(scene, thread)
    scene.bot.reads_messages = False

    refused = said(await scene.ada.slash(thread, "summary"))

    assert "*Message Content Intent*" in refused
    assert "*Summarise from here*" in refused
    scene.bot.http.message_content_access = False  # pyright: ignore[reportAttributeAccessIssue] -- simcord's
    draft = said(await scene.ada.context_menu(thread, "Summarise from here", first))
    assert "https://example.org/silence" in draft
    assert "1 message" in draft
    assert "poem" not in draft


async def test_those_may_ask_who_host_or_took_part_and_may_read(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    eve = scene.member("eve")

    assert "I found no words of yours here" in said(await eve.slash(thread, "summary"))
    await scene.app.communities.choose(scene.guild.id, scene.person, summarising=Summarising.HOSTS)
    assert "the hosts have threads summarised" in said(await scene.ada.slash(thread, "summary"))
    assert "Only you see this draft" in said(await scene.host.slash(thread, "summary"))

    keep_history_from(scene, scene.env.backend.bot_user.id)
    await scene.env.settle()
    assert "*Read Message History* in this channel's" in said(await scene.host.slash(thread, "summary"))
    keep_history_from(scene, scene.host.id)
    await scene.env.settle()
    assert "You may not read what was written here" in said(await scene.host.slash(thread, "summary"))


def keep_history_from(scene: Scene, user_id: int) -> None:
    """Let somebody not read what was written in the channel for circles before they came."""
    _allow, denied = discord.PermissionOverwrite(read_message_history=False).pair()
    overwrite = Overwrite(target_id=user_id, type=OverwriteType.MEMBER, deny=denied.value)
    scene.env.backend.set_overwrite(scene.circles.id, overwrite)
