"""Kith's own threads are kept out of summaries with a button on the card they belong to, which then says so."""

import discord
from simcord import MemberActor

from bot.errors import Refusal
from bot.services.people import Person
from bot.services.summary_terms import Place
from tests.discord.scene import Scene, buttons, said, text_of
from tests.discord.test_calls import call
from tests.discord.test_circling import card, in_thread, running

CONFIDENTIAL = "no summary is made of it"


async def press(scene: Scene, who: MemberActor, message: discord.Message) -> str:
    """Press *Confidential*; return the answer, once what it changes is redrawn."""
    answer = await who.click(message, label="Confidential")
    await scene.tick()
    return said(answer)


async def is_refused(scene: Scene, thread_id: int, parent_id: int) -> bool:
    """Tell whether a summary of a thread is refused to a host."""
    host = Person(scene.host.id, frozenset({scene.hosts.id}))
    try:
        await scene.app.summaries.terms(scene.guild.id, host, Place(thread_id, parent_id))
    except Refusal as refusal:
        return "confidential" in refusal.sentence
    return False


def now(scene: Scene, message: discord.Message) -> str:
    """Return what a message says now."""
    return text_of(scene.env.backend.get_message(message.channel.id, message.id).components)


async def test_a_callers_buttons_keep_the_calls_thread_out_of_summaries_until_a_host_allows_them(scene: Scene) -> None:
    await scene.begin()
    shown = await call(scene, scene.ada, "Who has hosted a dialogue with sixty people?")
    assert CONFIDENTIAL not in now(scene, shown)

    assert "confidential now" in await press(scene, scene.ada, shown)

    assert await is_refused(scene, shown.id, scene.calls.id)
    assert CONFIDENTIAL in now(scene, shown)
    assert "Confidential" not in buttons(scene, shown)
    assert "confidential now" in str([each.text for each in scene.messages(scene.thread(shown))])

    host = Person(scene.host.id, frozenset({scene.hosts.id}))
    await scene.app.summaries.lift_confidential(scene.guild.id, host, shown.id)
    await scene.tick()
    assert not await is_refused(scene, shown.id, scene.calls.id)
    assert CONFIDENTIAL not in now(scene, shown)
    assert "Confidential" in buttons(scene, shown)


async def test_a_call_that_is_not_for_everyone_needs_no_such_button(scene: Scene) -> None:
    await scene.begin()
    door = await call(scene, scene.ada, "May I speak with a host?", audience="hosts")
    [thread] = [each for each in scene.env.backend.channels.values() if "A call" in str(each.name)]

    drawn = str([each.components for each in scene.env.backend.messages[thread.id].values()])
    assert "Withdraw" in drawn and "Confidential" not in drawn
    assert "Confidential" not in buttons(scene, door)


async def test_a_running_circles_panel_has_it_and_says_it(scene: Scene) -> None:
    await running(scene, scene.ada)
    panel = in_thread(scene, "Next")

    assert "confidential now" in await press(scene, scene.host, panel)

    assert await is_refused(scene, card(scene).id, scene.circles.id)
    assert CONFIDENTIAL in now(scene, panel)
    assert "Confidential" not in buttons(scene, panel) and "Next" in buttons(scene, panel)


async def test_a_rounds_weaving_has_it_and_says_it(scene: Scene) -> None:
    await scene.begin()
    shown = await scene.open_round()
    await scene.check_in(scene.ada, shown, "I learned to wait.")
    await scene.tick()
    await scene.later(days=4)
    [found] = [each for each in scene.messages(scene.checkins) if "This round is woven" in each.text]
    weaving = scene.message(scene.checkins, found.id)

    assert "confidential now" in await press(scene, scene.bo, weaving)

    assert await is_refused(scene, shown.id, scene.checkins.id)
    assert "This round's thread is confidential" in now(scene, weaving)
    assert "Confidential" not in buttons(scene, weaving)
