"""A thread reads that words of it went to a language model, whatever became of the draft."""

import asyncio

from simcord import ChannelHandle

from bot.store.communities import community_of
from tests.discord.scene import Scene, discord_press, said
from tests.discord.test_summaries import begin_thread, press, talk
from tests.discord.test_summary_drafts import server
from tests.loopback.model import Asked, ModelServer, failing, well

__all__ = ["server"]


async def notices(scene: Scene, thread: ChannelHandle) -> list[str]:
    """Do what is due, and return what a thread reads about the model."""
    await scene.tick()
    return [each.text for each in scene.messages(thread) if "asked a language model" in each.text]


async def test_a_thread_reads_once_who_asked_the_model_though_it_failed(scene: Scene, server: ModelServer) -> None:
    thread = await begin_thread(scene, model_on=True)
    await talk(scene, thread)
    now = scene.env.now()
    await scene.app.database.run(
        lambda session: setattr(community_of(session, scene.guild.id, now), "monthly_tokens", 10)
    )
    draft = await scene.ada.slash(thread, "summary")
    assert "budget for the language model is used up" in said(draft)
    assert await notices(scene, thread) == []

    await scene.app.database.run(
        lambda session: setattr(community_of(session, scene.guild.id, now), "monthly_tokens", 100_000)
    )
    server.script = [failing(401), well]
    draft = await press(scene.ada, draft, "Make again")

    assert "gave no answer I could use" in said(draft)
    [notice] = await notices(scene, thread)
    assert f"{scene.ada.mention} asked a language model to summarise what was said here." in notice
    for _time in range(2):
        assert "Gathered with a language model" in said(await press(scene.ada, draft, "Make again"))
    assert await notices(scene, thread) == [notice]


async def test_a_thread_reads_who_asked_the_model_though_the_draft_was_thrown_away_at_once(
    scene: Scene, server: ModelServer
) -> None:
    thread = await begin_thread(scene, model_on=True)
    await talk(scene, thread)
    scene.env.inject_error("POST", f"/channels/{thread.id}/messages", status=401)  # Discord takes it later
    draft = await scene.bo.slash(thread, "summary")
    await scene.tick()
    assert "nobody else has seen it" in said(await press(scene.bo, draft, "Discard"))
    assert "There is no draft here any more" in said(await discord_press(scene, "summary:1:discard"))
    assert "That draft is gone" in said(await discord_press(scene, "summary:1:again"))

    await scene.later(minutes=1)
    [notice] = await notices(scene, thread)

    assert notice.startswith(f"-# {scene.bo.mention} asked a language model")


async def test_a_thread_made_confidential_while_the_model_is_asked_reads_that_it_was(
    scene: Scene, server: ModelServer
) -> None:
    thread = await begin_thread(scene, model_on=True)
    await talk(scene, thread)
    loop = asyncio.get_running_loop()

    async def mark() -> None:
        await scene.app.summaries.mark_confidential(scene.guild.id, thread.id)

    async def marking(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(mark(), loop))
        await well(asked, writer)

    server.script = [marking]
    answer = said(await scene.bo.slash(thread, "summary"))

    assert "This thread is confidential" in answer
    assert "Who brings the bell" not in answer
    assert len(await notices(scene, thread)) == 1
    assert "That draft is gone" in said(await discord_press(scene, "summary:1:show"))
