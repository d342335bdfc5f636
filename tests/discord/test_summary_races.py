"""What happens to a summary while it is made, edited or on its way: nothing is lost, told twice, or left untold."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import MessageType, OverwriteType

from bot.services.people import Person
from bot.summariser import MODEL_WITHIN
from cogs import summaries, thread_reader
from cogs.summaries import Summaries
from tests.discord.scene import Scene, discord_press, said
from tests.discord.test_calls import call
from tests.discord.test_summaries import begin_thread, press, published, talk
from tests.discord.test_summary_drafts import fields, server
from tests.discord.test_summary_threads import publish
from tests.loopback.model import Asked, ModelServer, well

__all__ = ["server"]


def cog_of(scene: Scene) -> Summaries:
    """Return the part of Kith that gathers threads."""
    cog = scene.bot.get_cog("Summaries")
    assert isinstance(cog, Summaries)
    return cog


async def test_a_draft_thrown_away_leaves_nothing_to_the_next_one(scene: Scene, server: ModelServer) -> None:
    thread = await begin_thread(scene, model_on=True)
    await talk(scene, thread)
    first = await scene.bo.slash(thread, "summary")
    await scene.tick()
    await discord_press(scene, "summary:1:discard")

    await scene.bo.slash(thread, "summary")
    await scene.tick()

    assert server.connections > 0
    assert len([each for each in scene.messages(thread) if "asked a language model" in each.text]) == 2
    assert "That draft is gone" in said(await press(scene.bo, first, "Publish"))


async def test_what_is_deleted_while_the_model_is_asked_makes_the_draft_outdated(
    scene: Scene, server: ModelServer
) -> None:
    thread = await begin_thread(scene, model_on=True)
    [_silence, bell, *_others] = await talk(scene, thread)
    loop = asyncio.get_running_loop()

    async def deleting(asked: Asked, writer: asyncio.StreamWriter) -> None:
        loop.call_soon_threadsafe(scene.env.backend.delete_message, thread.id, bell.id)
        await well(asked, writer)

    server.script = [deleting, well]
    draft = await scene.ada.slash(thread, "summary")
    again = await scene.ada.slash(thread, "summary")
    assert "bell next time" not in said(again)
    assert "changed or deleted" not in said(again)
    await press(scene.ada, draft, "Publish")
    await scene.tick()

    [card] = published(scene, thread)
    assert "bell next time" in card.text
    assert "was changed or deleted since" in card.text


async def test_a_draft_made_again_rests_on_what_stands_now(scene: Scene) -> None:
    thread = await begin_thread(scene)
    [_silence, bell, *_others] = await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    await scene.bo.delete(bell)

    again = await press(scene.ada, draft, "Make again")

    assert "Who brings the bell" not in said(again)
    assert "changed or deleted" not in said(again)


async def test_words_sent_in_while_a_draft_is_made_again_come_back(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    form = await press(scene.ada, draft, "Edit")
    first, *others = fields(form)

    cog_of(scene).being_made.add(1)  # as while the model is asked
    edited = said(await scene.ada.submit_modal(form, {first: "Mine. [1]", **dict.fromkeys(others, "")}))

    assert "I am at it already." in edited
    assert "Mine. [1]" in edited
    assert "I am at it already." in said(await press(scene.ada, draft, "Edit"))


async def test_words_sent_in_for_a_draft_that_is_gone_come_back(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.ada.slash(thread, "summary")
    form = await press(scene.ada, draft, "Edit")
    first, *others = fields(form)
    await press(scene.ada, draft, "Discard")

    answer = said(await scene.ada.submit_modal(form, {first: "Mine. [1]", **dict.fromkeys(others, "")}))

    assert "That draft is gone" in answer
    assert "Mine. [1]" in answer


async def test_whoever_leaves_their_words_out_while_a_form_is_open_is_not_named_by_it(scene: Scene) -> None:
    thread = await begin_thread(scene)
    cy = scene.member("cy")
    await scene.ada.send(thread, f"Would {cy.mention} bring tea?")
    form = await press(scene.ada, await scene.ada.slash(thread, "summary"), "Edit")
    filled = fields(form)
    assert "Would cy bring tea?" in str(filled)

    await scene.app.members.choose(scene.guild.id, cy.id, left_out=True)

    assert "was changed since you opened the form" in said(await scene.ada.submit_modal(form, filled))


async def test_a_thread_made_confidential_while_a_summary_is_on_its_way_does_not_get_it(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    scene.env.inject_error("POST", f"/channels/{thread.id}/messages", status=401)
    draft = await scene.host.slash(thread, "summary")
    await press(scene.host, draft, "Publish")
    await scene.tick()
    await scene.ada.slash(thread, "summary", what="confidential")

    await scene.later(minutes=1)
    await scene.later(minutes=1)

    assert published(scene, thread) == []
    await scene.app.summaries.lift_confidential(scene.guild.id, scene.person, thread.id)
    assert "5 messages" in said(await scene.host.slash(thread, "summary"))


async def test_a_published_summary_somebody_deletes_is_gone_and_its_messages_are_gathered_anew(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    await publish(scene, scene.ada, thread)

    await scene.admin_deletes(scene.message(thread, published(scene, thread)[0].id))

    assert "None yet" in said(await scene.ada.slash(thread, "summary", what="past"))
    assert "5 messages" in said(await scene.ada.slash(thread, "summary"))


async def test_who_may_not_write_in_a_thread_any_more_publishes_nothing_there(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    bos, hosts = await scene.bo.slash(thread, "summary"), await scene.host.slash(thread, "summary")
    for each in (scene.bo, scene.host):
        mute(scene, each.id)
    await scene.env.settle()

    assert "You may not write here now" in said(await press(scene.bo, bos, "Publish"))
    assert "on its way" in said(await press(scene.host, hosts, "Publish"))


def mute(scene: Scene, user_id: int) -> None:
    """Let somebody not write in threads of the channel for circles."""
    _allow, denied = discord.PermissionOverwrite(send_messages_in_threads=False).pair()
    overwrite = Overwrite(target_id=user_id, type=OverwriteType.MEMBER, deny=denied.value)
    scene.env.backend.set_overwrite(scene.circles.id, overwrite)


async def test_a_call_withdrawn_makes_a_summary_of_its_words_outdated_and_its_card_drawn_anew_does_not(
    scene: Scene,
) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    card = await call(scene, scene.ada, "Who comes along to the river?")
    thread = scene.thread(card)
    scene.guild.create_system_message(
        thread, MessageType.THREAD_STARTER_MESSAGE, author=scene.ada, referenced_message=card
    )
    assert "the river" in await publish(scene, scene.ada, thread)

    await scene.bo.click(card, label="I'm with you")
    await scene.tick()
    assert "changed or deleted" not in published(scene, thread)[0].text
    await scene.app.callers.withdraw(scene.guild.id, Person(scene.ada.id), 1)
    await scene.tick()

    assert "was changed or deleted since" in published(scene, thread)[0].text


async def test_a_check_in_taken_back_makes_a_summary_of_its_words_outdated_and_one_forgotten_leaves_it(
    scene: Scene,
) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Who lends me a drum?")
    await scene.check_in(scene.bo, card, "Who lends me a flute?")
    thread = scene.thread(card)
    assert "changed or deleted" not in await publish(scene, scene.host, thread)

    await scene.app.checkins.take_back(scene.guild.id, scene.ada.id, 1)
    await scene.tick()
    assert "was changed or deleted since" in published(scene, thread)[0].text
    await scene.app.members.forget(scene.guild.id, scene.bo.id)
    await scene.tick()

    [card_now] = published(scene, thread)
    assert "drum" in card_now.text
    assert "flute" not in card_now.text
    assert "bo" not in card_now.text.split()


async def test_what_happens_to_a_message_that_was_edited_long_before_changes_nothing(scene: Scene) -> None:
    thread = await begin_thread(scene)
    [_silence, bell, *_others] = await talk(scene, thread)
    await scene.bo.edit(bell, "Who brings the drum?")
    await scene.later(hours=1)
    await publish(scene, scene.ada, thread)

    scene.env.backend.crosspost_message(thread.id, bell.id)  # as with a pin, the event has the time of the old edit
    await scene.env.settle()
    await scene.tick()

    assert "changed or deleted" not in published(scene, thread)[0].text


async def test_where_reactions_and_names_are_not_told_in_time_nothing_goes_to_the_model(
    scene: Scene, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await begin_thread(scene, model_on=True)
    [silence, *_others] = await talk(scene, thread)
    await scene.bo.react(silence, "🌱")
    await scene.app.members.choose(scene.guild.id, scene.admin.id, left_out=True)

    async def never(_reaction: discord.Reaction, **_options: object) -> AsyncIterator[discord.User]:
        await asyncio.Event().wait()
        yield  # pyright: ignore[reportReturnType] -- never reached

    monkeypatch.setattr("discord.Reaction.users", never)
    monkeypatch.setattr("cogs.thread_reader.PEOPLE_WITHIN", 0)

    text = said(await scene.ada.slash(thread, "summary"))

    assert server.connections == 0
    assert "*Make again* asks it once more" in text
    assert "5 messages" in text
    assert "Most welcomed" not in text


async def test_whoever_asks_has_an_answer_within_45_seconds(
    scene: Scene, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = thread_reader.READ_WITHIN + thread_reader.PEOPLE_WITHIN
    assert reading + MODEL_WITHIN <= summaries.MODEL_DONE_WITHIN < 45
    thread = await begin_thread(scene, model_on=True)
    await talk(scene, thread)
    monkeypatch.setattr("cogs.summaries.MODEL_DONE_WITHIN", 0)  # as if the reading had taken it all

    assert "The language model gave no answer I could use" in said(await scene.ada.slash(thread, "summary"))
    assert server.connections == 0


async def test_nothing_goes_to_the_model_that_should_not(scene: Scene, server: ModelServer) -> None:
    thread = await begin_thread(scene, model_on=True)
    zora = scene.member("zora.z", nick="Evergreen Oak")
    ada = scene.member("ada.l", nick="Lovelace")
    await zora.send(thread, "My diagnosis came back on Tuesday, keep it here.")
    await ada.send(thread, "> My diagnosis came back on Tuesday\nGet well soon, Evergreen, says Lovelace.")
    await scene.bo.send(
        thread,
        f"{zora.mention} said: my diagnosis came back on Tuesday. Write to bo@example.org, "
        "call +49 170 1234567, see https://example.org/secret?of=bo",
    )
    await ada.send(thread, "A picture", attachments=[("evergreen-oak.png", b"bytes of a picture")])
    await scene.app.members.choose(scene.guild.id, zora.id, left_out=True)

    assert "Gathered with a language model" in said(await scene.host.slash(thread, "summary"))
    sent = bytes(server.received).lower()
    await scene.app.summaries.mark_confidential(scene.guild.id, thread.id)
    await scene.host.slash(thread, "summary")

    assert b"get well soon" in sent
    people = (zora.id, ada.id, scene.bo.id, scene.host.id, thread.id, scene.guild.id)
    for kept in (
        "diagnosis",
        "tuesday",
        "evergreen",
        "oak",
        "zora",
        "lovelace",
        "ada.l",
        "bo@",
        "example.org",
        "1234567",
        ".png",
        "bytes of",
        "weavers",
        *map(str, people),
    ):
        assert kept.encode() not in sent, kept
    assert len(server.received) == len(sent)
