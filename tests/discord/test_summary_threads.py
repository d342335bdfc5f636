"""What goes into a summary and what does not, what makes one outdated, and threads kept out of them."""

from typing import Any

import discord
import pytest
from simcord import ChannelHandle, MemberActor
from simcord.enums import MessageType

from tests.discord.scene import Scene, discord_press, said
from tests.discord.test_calls import call
from tests.discord.test_communities import deny
from tests.discord.test_summaries import begin_thread, press, published, talk, under

HIDDEN = discord.PermissionOverwrite(view_channel=False)
SHOWN = discord.PermissionOverwrite(view_channel=True)


async def publish(scene: Scene, who: MemberActor, thread: ChannelHandle) -> str:
    """Have a thread gathered, publish the draft as it is, and return the summary."""
    await press(who, await who.slash(thread, "summary"), "Publish")
    await scene.tick()
    return published(scene, thread)[-1].text


async def test_of_those_who_are_left_out_there_are_no_words_no_names_and_no_reactions(scene: Scene) -> None:
    thread = await begin_thread(scene)
    zora = scene.member("zora", nick="Evergreen")
    [silence, bell, *_others] = await talk(scene, thread)
    await zora.send(thread, "Who has ever seen a green bell?")
    await scene.ada.send(thread, "Did Evergreen ask zora's question again?")
    await zora.react(bell, "🔔")
    await scene.bo.react(silence, "🌱")
    await scene.app.members.choose(scene.guild.id, zora.id, left_out=True)

    text = said(await scene.ada.slash(thread, "summary"))

    assert "green" not in text
    assert "zora" not in text
    assert "Did someone ask someone's question again?" in text
    assert under(text, "Most welcomed").startswith("- ada: “We begin with a minute of silence.")
    assert "\n" not in under(text, "Most welcomed")


async def test_people_stand_in_it_by_name_and_nobody_is_mentioned(scene: Scene) -> None:
    thread = await begin_thread(scene)
    cy = scene.member("cy", nick="*Cy* @everyone")
    await scene.ada.send(thread, f"Would {cy.mention} bring tea?")
    await cy.send(thread, "I will bring tea and [biscuits](https://example.org/x).")

    text = await publish(scene, scene.ada, thread)

    assert "- ada: “Would \\*Cy\\* everyone bring tea?”" in text
    assert "- \\*Cy\\* everyone: “I will bring tea and biscuits (link).”" in text
    assert cy.mention not in text
    posts = [each.json for each in scene.env.http_requests if each.method == "POST" and "/messages" in each.path]
    assert posts[-1] is not None
    assert posts[-1]["allowed_mentions"].get("parse", []) == []


async def test_check_ins_that_kith_posted_count_as_their_members_words(scene: Scene) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Who lends me a drum?")
    await scene.check_in(scene.bo, card, "I will rest.", share="hosts")
    thread = scene.thread(card)

    text = await publish(scene, scene.ada, thread)
    assert "ada: “Who lends me a drum?”" in text
    assert "1 message" in text
    assert "rest" not in text
    await scene.check_in(scene.ada, card, "I have a drum.")
    await scene.tick()
    assert "was changed or deleted since" in published(scene, thread)[0].text


async def test_a_call_stands_at_the_beginning_of_its_thread(scene: Scene) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    card = await call(scene, scene.ada, "Who comes along to the river?")
    thread = scene.thread(card)
    scene.guild.create_system_message(
        thread, MessageType.THREAD_STARTER_MESSAGE, author=scene.ada, referenced_message=card
    )

    text = said(await scene.ada.slash(thread, "summary"))

    assert "ada: “Who comes along to the river?”" in text


async def test_a_summary_whose_message_was_changed_or_deleted_says_so(scene: Scene) -> None:
    thread = await begin_thread(scene)
    [_silence, bell, *_others, poem] = await talk(scene, thread)
    other = await scene.bo.send(thread, "Yes.")
    assert "changed or deleted" not in await publish(scene, scene.ada, thread)
    first = published(scene, thread)[0]

    await scene.bo.delete(other)  # nothing rests on it
    await scene.tick()
    assert published(scene, thread) == [first]
    await scene.bo.edit(bell, "Who brings the drum next time?")
    await scene.tick()
    outdated = published(scene, thread)[0]
    assert outdated.id == first.id
    assert "**A message it rests on was changed or deleted since." in outdated.text

    await scene.bo.send(thread, "Who sings?")
    assert "changed or deleted" not in await publish(scene, scene.ada, thread)
    await scene.bo.send(thread, "Who dances?")
    draft = await scene.ada.slash(thread, "summary")
    await scene.bo.delete(next(each for each in thread.history() if each.content == "Who sings?"))
    await scene.bo.delete(poem)
    await scene.tick()
    assert all("changed or deleted" in each.text for each in published(scene, thread))
    assert "Who dances?" in said(draft)


async def test_the_summaries_kept_are_listed_to_those_who_may_read_them(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    assert scene.guild.me is not None
    overwrites: dict[Any, discord.PermissionOverwrite] = {
        scene.guild.default_role: HIDDEN,
        scene.hosts: SHOWN,
        scene.guild.me: SHOWN,
    }
    hall = scene.guild.create_text_channel("hall", overwrites=overwrites)
    begins = await scene.host.send(hall, "Who has the budget?")
    await press(scene.host, await scene.host.context_menu(hall, "Summarise from here", begins), "Publish")
    assert "None yet that you can read" in said(await scene.ada.slash(scene.checkins, "summary", what="past"))
    await publish(scene, scene.ada, thread)
    first = published(scene, thread)[0]

    listed = said(await scene.ada.slash(scene.checkins, "summary", what="past"))
    assert listed == (
        f"### Summaries kept here\n- <#{thread.id}> · <t:1767225600:D> · "
        f"https://discord.com/channels/{scene.guild.id}/{thread.id}/{first.id}"
    )
    hosts = said(await scene.host.slash(scene.checkins, "summary", what="past"))
    assert f"<#{hall.id}>" in hosts
    assert f"<#{thread.id}>" in hosts
    await scene.bo.edit(next(each for each in thread.history() if "bell next" in each.content), "Never mind.")
    here = said(await scene.host.slash(thread, "summary", what="past"))
    assert here.endswith(" · outdated")
    assert f"<#{hall.id}>" not in here


async def test_a_thread_is_kept_out_of_summaries_by_those_who_write_there_until_a_host_allows_them(
    scene: Scene,
) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft = await scene.bo.slash(thread, "summary")

    told = await scene.ada.slash(thread, "summary", what="confidential")
    assert not told.ephemeral
    assert said(told) == "This thread is confidential now: Kith makes no summary of it."
    assert "What is said here stays here." in said(await scene.host.slash(thread, "summary"))
    assert "That draft is gone" in said(await press(scene.bo, draft, "Publish"))

    again = await scene.bo.slash(thread, "summary", what="confidential")
    assert again.ephemeral
    assert "confidential already" in said(again)
    assert "Hosts can change this" in said(await discord_press(scene, f"summary:{thread.id}:lift"))
    hosts = await scene.host.slash(thread, "summary", what="confidential")
    lifted = await press(scene.host, hosts, "Allow summaries again")
    assert not lifted.ephemeral
    assert said(lifted) == "A host allows summaries of this thread again."
    assert "Only you see this draft" in said(await scene.host.slash(thread, "summary"))


async def test_a_button_of_kiths_keeps_its_thread_out_and_tells_the_thread(scene: Scene) -> None:
    thread = await begin_thread(scene)

    pressed = said(await discord_press(scene, f"summary:{thread.id}:confidential"))

    assert pressed == f"This thread is confidential now: Kith makes no summary of it.\n-# <#{thread.id}>"
    assert scene.messages(thread)[-1].text == "This thread is confidential now: Kith makes no summary of it."
    assert "Type it in the thread" in said(await scene.bo.slash(scene.circles, "summary", what="confidential"))


async def test_where_kith_may_not_write_a_summary_stays_a_draft(scene: Scene) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    draft, other = await scene.ada.slash(thread, "summary"), await scene.ada.slash(thread, "summary")
    scene.env.inject_error("POST", f"/channels/{thread.id}/messages", status=403, code=50013)

    await press(scene.ada, draft, "Publish")
    await scene.tick()
    assert published(scene, thread) == []
    assert "A summary that was to be published" in scene.messages(scene.checkins)[-1].text
    assert "5 messages" in said(await scene.ada.slash(thread, "summary"))
    deny(scene, scene.circles.id, send_messages_in_threads=False)
    await scene.env.settle()
    assert "so the draft stays a draft" in said(await press(scene.ada, other, "Publish"))


async def test_of_a_thread_that_is_gone_drafts_go_and_what_was_published_is_outdated(scene: Scene) -> None:
    thread = await begin_thread(scene)
    [silence, bell, *_others] = await talk(scene, thread)
    await publish(scene, scene.bo, thread)
    await scene.bo.send(thread, "Who sings?")
    await scene.bo.slash(thread, "summary")

    scene.env.backend.bulk_delete_messages(thread.id, [silence.id, bell.id])
    await scene.env.settle()
    await scene.tick()
    assert "was changed or deleted since" in published(scene, thread)[0].text
    scene.env.backend.delete_channel(thread.id)
    await scene.env.settle()

    assert "That draft is gone" in said(await discord_press(scene, "summary:2:publish"))
    assert "outdated" in said(await scene.ada.slash(scene.checkins, "summary", what="past"))


async def test_a_private_thread_kith_is_no_part_of_is_not_read(scene: Scene) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    circles = scene.bot.get_channel(scene.circles.id)
    assert isinstance(circles, discord.TextChannel)
    made = await circles.create_thread(name="Between us", type=discord.ChannelType.private_thread)
    await made.add_user(discord.Object(scene.ada.id))
    thread = scene.env.backend.get_channel(made.id)
    handle = ChannelHandle(scene.env, scene.guild, thread)
    await scene.ada.send(handle, "Who knows of this?")
    assert "Who knows of this?" in said(await scene.ada.slash(handle, "summary"))

    scene.env.inject_error("GET", f"/channels/{made.id}/messages", status=403, code=50001)

    assert "since I am not part of it. Mention me in it" in said(await scene.ada.slash(handle, "summary"))


async def test_of_apps_forwards_files_and_system_messages_there_is_nothing(scene: Scene) -> None:
    await scene.begin()
    scene.bot.reads_messages = True
    first = await scene.ada.send(scene.circles, "Who begins this?")
    await scene.bo.forward(await scene.bo.send(scene.checkins, "Who forwards this?"), scene.circles)
    await scene.ada.send(scene.circles, attachments=[("who-reads-this.txt", b"Who reads this?")])
    hooked = await scene.guild.create_webhook(scene.circles, "Who hooks?").send("Who hooks this?")
    scene.guild.create_system_message(scene.circles, MessageType.PINS_ADD, author=scene.bo, referenced_message=hooked)
    await scene.ada.send(scene.circles, "Who ends this?", reply_to=hooked)

    text = said(await scene.ada.context_menu(scene.circles, "Summarise from here", first))

    assert "Who begins this?" in text
    assert "Who ends this?" in text
    assert "2 messages" in text
    assert under(text, "Who spoke") == "ada"
    for other in ("forwards", "reads", "hooks"):
        assert other not in text


async def test_of_a_thread_too_long_the_newest_messages_are_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = await begin_thread(scene)
    await talk(scene, thread)
    monkeypatch.setattr("cogs.thread_reader.MOST_MESSAGES", 3)

    text = said(await scene.ada.slash(thread, "summary"))

    assert "3 messages up to <t:" in text
    assert "-# Older ones were not read." in text
    assert "silence" not in text
