"""A thread is gathered, looked over and published, without a model."""

import discord
from simcord import ChannelHandle, InteractionResult, MemberActor
from simcord.enums import MessageType

from tests.discord.scene import Scene, Seen, said


async def begin_thread(scene: Scene) -> ChannelHandle:
    """Set Kith up, let it read messages, and make a thread of Bo's question in the channel for circles."""
    await scene.begin()
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
    """Let people answer each other in a thread."""
    return [
        await scene.ada.send(thread, "We begin with a minute of silence. See https://example.org/silence"),
        await scene.bo.send(thread, "Who brings the bell next time?"),
        await scene.ada.send(thread, "I will bring the bell on Monday."),
        await scene.bo.send(thread, "And does anybody know a poem for the end?"),
    ]


async def draft(scene: Scene, who: MemberActor, thread: ChannelHandle) -> InteractionResult:
    """Have a thread gathered with /summary."""
    return await who.slash(thread, "summary")


async def press(who: MemberActor, answer: InteractionResult, label: str) -> InteractionResult:
    """Press a button on a private answer."""
    assert answer.response is not None
    return await who.click(answer.response, label=label)


def published(scene: Scene, thread: ChannelHandle) -> list[Seen]:
    """Return the summaries that stand in a thread."""
    return [each for each in scene.messages(thread) if "What this thread holds" in each.text]


async def test_a_thread_is_gathered_for_its_host_alone_and_published_once(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)

    made = await draft(scene, scene.host, thread)
    print(said(made))
    assert made.ephemeral
    assert published(scene, thread) == []

    answer = await press(scene.host, made, "Publish")
    await scene.tick()
    assert "on its way" in said(answer)
    [card] = published(scene, thread)
    print(card.text)
