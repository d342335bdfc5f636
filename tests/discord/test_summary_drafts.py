"""What the asker of a summary does with its draft: edits it, makes it again, agrees to its price."""

import re
from collections.abc import AsyncIterator

import pytest
from simcord import ChannelHandle, InteractionResult

from bot.model import Model
from cogs.summaries import Summaries
from tests.discord.scene import Scene, discord_press, said, walk
from tests.discord.test_summaries import begin_thread, press, published, talk, under
from tests.loopback.model import ModelServer, failing, well


def fields(form: InteractionResult) -> dict[str, str]:
    """Return what a form is filled in with, by the names of its parts."""
    assert form.modal is not None, said(form)
    found = walk(form.modal["components"], lambda part: part if part.get("type") == 4 else None)
    return {each["custom_id"]: each.get("value") or "" for each in found}


async def test_a_draft_sent_in_as_it_was_opened_stays_as_it_is(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    before = said(draft)

    form = await press(scene.ada, draft, "Edit")
    filled = fields(form)
    assert "- ada: “I will bring the bell on Monday.” [4]" in filled.values()
    assert "- bo: “How do we open a circle well?” [1]\n- bo: “Who brings the bell next time?” [3]" in filled.values()
    edited = await scene.ada.submit_modal(form, filled)

    assert said(edited) == before


async def test_an_edited_draft_shows_the_askers_words_with_names_links_and_lines_of_their_own(scene: Scene) -> None:
    thread = await begin_thread(scene)
    *_others, poem = await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    form = await press(scene.ada, draft, "Edit")
    questions, waiting, commitments, links, welcomed = fields(form)

    edited = await scene.ada.submit_modal(
        form,
        {
            questions: "",
            waiting: "* bo looks for a poem [5], or a *song* [1, 99]\n\n",
            commitments: "ada brings the bell.\n@everyone comes [77]",
            links: "",
            welcomed: "",
        },
    )

    text = said(edited)
    link = f"https://discord.com/channels/{scene.guild.id}"
    own = f"(added by {scene.ada.mention})"
    first = f"[→1]({link}/{scene.circles.id}/{thread.id})"
    assert "Questions" not in text
    assert under(text, "Nobody has answered yet") == (
        f"- bo looks for a poem, or a \\*song\\* {first} [→2]({link}/{thread.id}/{poem.id})"
    )
    assert under(text, "Commitments") == f"- ada brings the bell. {own}\n- @\u200beveryone comes {own}"
    await press(scene.ada, edited, "Publish")
    await scene.tick()
    assert text.endswith(published(scene, thread)[0].text)


async def test_a_form_that_can_not_be_taken_gives_the_words_back(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    forms = [await press(scene.ada, draft, "Edit") for _time in range(4)]
    questions, *others = fields(forms[0])
    rest = dict.fromkeys(others, "")

    long = said(await scene.ada.submit_modal(forms[0], {questions: "o" * 301, **rest}))
    assert "A line has room for 300 characters" in long
    assert "o" * 301 in long
    many = said(await scene.ada.submit_modal(forms[1], {questions: "a b\n" * 41, **rest}))
    assert "room for 40 lines, and these are 41" in many
    await scene.ada.submit_modal(forms[2], {questions: "Only this. [5]", **rest})
    late = said(await scene.ada.submit_modal(forms[3], {questions: "My words. [2]", **rest}))
    assert "was changed since you opened the form" in late
    assert "My words. [2]" in late


async def test_an_emptied_draft_is_not_published_and_is_made_again_with_what_came_since(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    form = await press(scene.ada, draft, "Edit")
    emptied = await scene.ada.submit_modal(form, dict.fromkeys(fields(form), ""))
    assert "nothing in it to publish" in said(await press(scene.ada, emptied, "Publish"))

    await scene.bo.send(thread, "Shall we sing?")
    again = said(await press(scene.ada, emptied, "Make again"))

    assert "Shall we sing?" in again
    assert "6 messages" in again


async def test_two_who_gather_at_once_each_have_a_draft_and_one_is_published(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    hosts, bos = await scene.host.slash(thread, "summary"), await scene.bo.slash(thread, "summary")

    assert "That draft is gone" in said(await discord_press(scene, "summary:1:publish"))  # the host's
    await press(scene.host, hosts, "Publish")
    await scene.tick()
    assert "since you began yours" in said(await press(scene.bo, bos, "Publish"))
    assert "Nothing new was written here" in said(await press(scene.bo, bos, "Make again"))
    await scene.ada.send(thread, "Shall we sing?")
    again = await press(scene.bo, bos, "Make again")
    assert "1 message" in said(again)
    await press(scene.bo, again, "Publish")
    await scene.tick()

    _first, second = published(scene, thread)
    assert "What came before:" in second.text


async def test_those_who_go_by_one_name_are_told_apart_in_the_form(scene: Scene) -> None:
    thread = await begin_thread(scene)
    other = scene.member("cy", nick="bo")
    await other.send(thread, "Who sings?")
    draft = await scene.host.slash(thread, "summary")
    before = said(draft)
    assert under(before, "Who spoke") == "bo, bo"

    form = await press(scene.host, draft, "Edit")
    filled = fields(form)

    assert any("- bo (2): “Who sings?” [2]" in each for each in filled.values())
    assert said(await scene.host.submit_modal(form, filled)) == before


@pytest.fixture
async def server(scene: Scene) -> AsyncIterator[ModelServer]:
    """Give Kith a model, and return its server."""
    with ModelServer().in_thread() as running:
        model = Model("small", scene.app.clock, base_url=running.url)
        scene.app.summariser.model = model
        yield running
        await model.close()


async def begin_long_thread(scene: Scene) -> ChannelHandle:
    """Let a thread be so long that its price is shown first."""
    thread = await begin_thread(scene, model_on=True)
    for _time in range(61):
        scene.env.backend.create_message(thread.id, scene.ada.id, "We sat in silence. " * 100)
    await scene.ada.send(thread, "Who sings?")
    return thread


async def test_the_price_of_a_long_thread_is_shown_before_anything_is_sent(scene: Scene, server: ModelServer) -> None:
    thread = await begin_long_thread(scene)

    priced = await scene.bo.slash(thread, "summary")
    text = said(priced)
    assert "It is long: 63 messages." in text
    assert re.search(r"about 4\d,000 tokens\. Of this month's 200,000, 200,000 are left\.", text)
    assert "Nothing is sent yet." in text
    assert "nothing in it to publish" in said(await discord_press(scene, "summary:1:publish"))
    await scene.restart()
    scene.bot.reads_messages = True
    assert "Who sings?" in said(await press(scene.bo, priced, "Gather without the model"))
    left = await scene.bo.slash(thread, "summary")
    assert "nobody else has seen it" in said(await press(scene.bo, left, "Leave it"))

    assert server.connections == 0


async def test_a_long_thread_goes_to_the_model_once_its_price_was_agreed_to(scene: Scene, server: ModelServer) -> None:
    thread = await begin_long_thread(scene)
    priced = await scene.ada.slash(thread, "summary")

    draft = await press(scene.ada, priced, "Go on")
    await scene.tick()

    text = said(draft)
    assert "Gathered with a language model" in text
    assert "Who sings? [→" in under(text, "What was asked")
    assert under(text, "What was offered").startswith("- We sat in silence.")
    asked = b"".join(each.body for each in server.asked)
    assert b"Person 2: We sat in silence." in asked
    assert b"ada" not in asked
    again = await press(scene.ada, draft, "Make again")
    assert "Nothing is sent yet." in said(again)
    assert said(await press(scene.ada, again, "Back to the draft")) == text
    [notice] = [each.text for each in scene.messages(thread) if "a language model" in each.text]
    assert f"{scene.ada.mention} asked a language model to summarise what was said here." in notice
    assert "Only they see what comes of it" in notice


async def test_a_draft_the_model_failed_says_so(scene: Scene, server: ModelServer) -> None:
    server.script = [failing(401)]
    thread = await begin_thread(scene, model_on=True)
    await talk(scene, thread)

    draft = await scene.ada.slash(thread, "summary")
    assert "The language model gave no answer I could use." in said(draft)
    server.script = [well]
    assert "What was asked" in said(await press(scene.ada, draft, "Make again"))


async def test_a_second_press_while_a_draft_is_made_again_is_told_so(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    cog = scene.bot.get_cog("Summaries")
    assert isinstance(cog, Summaries)

    cog.being_made.add(1)  # as while the model is asked
    assert "I am at it already." in said(await press(scene.ada, draft, "Make again"))
    cog.being_made.discard(1)
    for _time in range(2):
        assert "Only you see this draft" in said(await press(scene.ada, draft, "Make again"))


async def test_words_in_the_form_come_back_when_the_database_is_out_of_reach(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    form = await press(scene.ada, await scene.ada.slash(thread, "summary"), "Edit")
    first, second, *others = fields(form)
    scene.app.database.close()

    answer = await scene.ada.submit_modal(form, {first: "Mine. [1]", second: "Mine too.", **dict.fromkeys(others, "")})

    assert "Mine. [1]\nMine too." in said(answer)
    caplog.clear()
