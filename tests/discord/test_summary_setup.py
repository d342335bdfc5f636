"""How summaries are set up: what an admin reads and chooses on /setup summaries, and what a private try shows."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from simcord import InteractionResult, MemberActor
from simcord.backend.errors import SetupError

from bot.errors import Refusal
from bot.model import Model
from bot.services.communities import BUDGETS
from bot.services.people import Person
from bot.store.communities import Community, Summarising
from tests.discord.scene import Scene, discord_press, labels_of, said, text_of
from tests.loopback.model import Answering, ModelServer, failing, pointing, saying


async def open_panel(scene: Scene, who: MemberActor | None = None) -> InteractionResult:
    """Run /setup summaries."""
    return await (who or scene.admin).slash(scene.circles, "setup summaries")


def shown(scene: Scene, panel: InteractionResult) -> list[dict[str, Any]]:
    """Return what a panel is made of now."""
    assert panel.response is not None
    return scene.env.backend.get_message(panel.response.channel_id, panel.response.id).components


async def press(scene: Scene, panel: InteractionResult, label: str) -> InteractionResult:
    """Press a button on the admin's panel."""
    assert panel.response is not None
    return await scene.admin.click(panel.response, label=label)


async def pick(scene: Scene, panel: InteractionResult, name: str, value: str) -> None:
    """Choose in a select on the admin's panel."""
    assert panel.response is not None
    await scene.admin.select(panel.response, [value], custom_id=f"setup:0:{name}")


async def chosen(scene: Scene) -> Community:
    """Return what the community has chosen."""
    return await scene.app.communities.find(scene.guild.id)


@asynccontextmanager
async def answering(scene: Scene, answer: Answering) -> AsyncGenerator[ModelServer]:
    """Let Kith's model be a server that answers in one way."""
    with ModelServer([answer]).in_thread() as server:
        address = server.url.replace("//", "//kith:secret@")
        scene.app.summariser.model = Model("small-*one*", scene.app.clock, base_url=address)
        yield server
        await scene.app.summariser.close()


async def test_only_someone_who_manages_the_server_chooses(scene: Scene) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await open_panel(scene, scene.host)

    for verb in ("summaries", "model_on", "try"):
        refused = await discord_press(scene, f"setup:0:{verb}")
        assert "Only someone with the *Manage Server* permission" in said(refused)
    assert not (await chosen(scene)).model_on


async def test_it_says_what_is_missing_and_where_to_allow_it(scene: Scene) -> None:
    panel = await open_panel(scene)
    assert panel.ephemeral
    assert "Kith may not read messages" in said(panel)
    assert "*Bot*, *Message Content Intent*" in said(panel)
    assert "None is set, and none is needed" in said(panel)
    assert "`OPENAI_MODEL` in `.env`" in said(panel)

    scene.bot.reads_messages = True
    assert "Kith may read messages." in said(await open_panel(scene))


async def test_the_model_is_off_until_somebody_turns_it_on(scene: Scene) -> None:
    panel = await open_panel(scene)
    assert not (await chosen(scene)).model_on
    assert "Off: no words go to a model" in said(panel)
    for promised in ("the names and ids", "e-mail addresses", "links, attachments", "*Leave my words out*"):
        assert promised in said(panel)

    await press(scene, panel, "Turn it on")
    assert (await chosen(scene)).model_on
    assert "On, once whoever runs Kith has set one." in text_of(shown(scene, panel))

    await press(scene, panel, "Turn it off")
    assert not (await chosen(scene)).model_on


async def test_who_may_ask_and_what_it_may_cost_is_kept(scene: Scene) -> None:
    panel = await open_panel(scene)
    await pick(scene, panel, "askers", "hosts")
    await pick(scene, panel, "budget", "50000")
    use = await scene.app.model_uses.reserve(scene.guild.id, 12_345)
    assert use is not None
    await press(scene, panel, "Turn it on")

    community = await chosen(scene)
    assert (community.summarising, community.monthly_tokens) == (Summarising.HOSTS, 50_000)
    assert "12,345 of 50,000 tokens" in text_of(shown(scene, panel))
    assert await scene.app.model_uses.reserve(scene.guild.id, 50_000) is None


@pytest.mark.parametrize(
    "choice", [{"monthly_tokens": 10**9}, {"monthly_tokens": -1}, {"summarising": "everyone"}, {"model_on": "yes"}]
)
async def test_what_is_not_on_a_list_is_refused(scene: Scene, choice: dict[str, Any]) -> None:
    before = await chosen(scene)

    with pytest.raises(Refusal, match="/setup summaries has the lists"):
        await scene.app.communities.choose(scene.guild.id, scene.person, **choice)
    with pytest.raises(Refusal, match="Manage Server"):
        await scene.app.communities.choose(scene.guild.id, Person(scene.host.id), monthly_tokens=BUDGETS[0])

    assert await chosen(scene) == before


async def test_a_try_without_a_model_shows_what_a_plain_gathering_is(scene: Scene) -> None:
    panel = await open_panel(scene)

    draft = await press(scene, panel, "Try it privately")

    assert "A made-up thread" in text_of(shown(scene, panel))
    assert [each.ephemeral for each in draft.followups] == [True]
    assert "No model is set, so Kith gathered this without one." in said(draft)
    assert "Tomasz" in said(draft) and "Person 2" not in said(draft)
    assert "Has anyone found a good way to keep the last round short" in said(draft)
    assert "I'll ask the caretaker" in said(draft)
    assert "https://example.org/opening-an-open-space" in said(draft)
    assert scene.messages(scene.circles) == []
    assert await scene.app.summaries.past(scene.guild.id, 0, [0], 5) == []

    await press(scene, panel, "Back")
    assert "Try it privately" in labels_of(shown(scene, panel))


async def test_a_try_shows_what_the_model_answers_and_what_it_cost(scene: Scene) -> None:
    points = pointing("Person 1 asked about the law of two feet.", 1)
    async with answering(scene, saying(points, {"total_tokens": 1234})) as server:
        panel = await open_panel(scene)
        assert "**small-\\*one\\***, at 127.0.0.1:" in said(panel)
        assert "secret" not in said(panel)
        draft = await press(scene, panel, "Try it privately")

    assert "Ruth asked about the law of two feet." in said(draft)
    assert "1,234 of this month's tokens" in said(draft)
    [asked] = server.asked
    assert "Person 3" in asked.words and b"Imani" not in server.received
    assert (await scene.app.model_uses.spending(scene.guild.id)).spent == 1234
    assert not (await chosen(scene)).model_on


async def test_a_try_says_in_plain_words_why_the_model_did_not_answer(scene: Scene) -> None:
    async with answering(scene, failing(401)):
        draft = await press(scene, await open_panel(scene), "Try it privately")
        assert "The model's server refused. Whoever runs Kith can check `OPENAI_API_KEY`" in said(draft)
        assert "sk-secret" not in said(draft)
        assert "So Kith gathered this without it." in said(draft)
        assert "Tomasz" in said(draft)

        await scene.app.model_uses.reserve(scene.guild.id, 199_000)
        draft = await press(scene, await open_panel(scene), "Try it privately")
        assert "This month's tokens don't reach for it" in said(draft)
