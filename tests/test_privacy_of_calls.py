"""What others can find out of calls to people named, and of who makes a nameless one: nothing, whatever happens."""

import logging
import re
from collections.abc import Sequence
from typing import Any

import discord
import pytest
from simcord import ChannelHandle, InteractionResult, MemberActor
from simcord.backend.access import channel_accessible
from sqlmodel import Session, col, select

from bot.store.calls import Call, CallState
from tests.discord.scene import Scene, said, text_of
from tests.discord.test_calls import call, fill, in_thread, messages, press, write
from tests.discord.test_keepers import let_a_turn_begin
from tests.test_privacy import apart, behind, everything_answered_to, requests, rows_about, whole

KITH = ("bot", "cogs")


def open_to(scene: Scene, viewer: MemberActor) -> str:
    """Return all that stands in channels and threads a member can see, with their names and who is in them."""
    backend, seen = scene.env.backend, list[str]()
    for channel in backend.channels.values():
        if channel_accessible(backend, channel.id, viewer.id):
            seen.append(f"{channel.id} {channel.name} {sorted(channel.thread_members)}")
            stored = backend.messages[channel.id].values()
            seen += [f"{each.content} {each.components} {each.embeds}" for each in stored if each.visible_to(viewer.id)]
    return "\n".join(seen)


async def begin(scene: Scene, keeper: MemberActor) -> None:
    """Set Kith up with a keeper, who checks in, and wait until it is noon, when people may be asked."""
    await let_a_turn_begin(scene, keeper)
    await scene.check_in(keeper, scene.message(scene.checkins, scene.cards()[-1]), "All is well.")
    await scene.later(hours=(12 - scene.env.now().hour) % 24)


async def days(scene: Scene, count: int) -> None:
    """Let days pass, a quarter at a time, so that nothing comes too late."""
    for _quarter in range(4 * count):
        await scene.later(hours=6)


async def found_by(scene: Scene, viewer: MemberActor) -> str:
    """Return all that a member can read, be answered and take away."""
    return "\n".join([await seen_by(scene, viewer), await everything_answered_to(scene, viewer)])


async def seen_by(scene: Scene, viewer: MemberActor) -> str:
    """Return all that a member can read, be shown of calls and take away."""
    found = [open_to(scene, viewer), str(await scene.app.members.export(scene.guild.id, viewer.id))]
    for listed in ("waiting", "mine"):
        answer = await viewer.slash(scene.circles, "call", open=listed)
        found += [whole(answer), *[text async for text in behind(viewer, answer)]]
    return "\n".join(found)


def told(scene: Scene, hers: set[int], *but_in: int) -> str:
    """Return every request Kith made, without answers to whom a call is for, and but for those into their thread.

    Whether somebody is still in the server is asked of Discord alone, and seen by no one.
    """
    asks = re.compile(r"/guilds/\d+/members/\d+ ")
    own = tuple(f"/channels/{each}" for each in but_in)
    kept = [text for number, text in requests(scene) if number not in hers and not asks.match(text)]
    return "\n".join(text for text in kept if not own or not text.startswith(own))


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Keep all that Kith notes down, of any level."""
    for name in KITH:
        caplog.set_level(logging.DEBUG, name)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that Kith noted down."""
    ours = [each for each in caplog.records if each.name.partition(".")[0] in KITH]
    return "\n".join(f"{each.getMessage()} {each.exc_text}" for each in ours)


def marks_in(text: str, marks: Sequence[str]) -> list[str]:
    """Return those marks that stand in a text."""
    return [mark for mark in marks if mark in text]


async def test_nobody_finds_out_who_makes_a_call_without_a_name(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    caller, cleo = scene.member("zwinda-41f"), scene.member("cleo")
    marks, hers = (str(caller.id), caller.name), set[int]()
    await begin(scene, scene.bo)
    await scene.app.members.choose(scene.guild.id, cleo.id, offer="opening circles")
    async with apart(scene, hers):
        first = await write(scene, caller, "Of a circle.", audience="everyone")
        preview = await fill(caller, await press(caller, first, "Change it"), "I fear the circle.", audience="nameless")
        sent = await press(caller, preview, "Send")
    await scene.tick()
    card = scene.message(scene.calls, messages(scene)[-1].id)
    thread = scene.thread(card)
    assert "I fear the circle." in text_of([dict(each.to_dict()) for each in card.components])

    await cleo.click(card, label="I'm with you")
    async with apart(scene, hers):
        mine = await press(caller, sent, "My calls")
        form = await press(caller, mine, "Say something")
        await caller.submit_modal(form, {"words": "It is on Friday."})
        for label in ("I'm with you", "Not me", "Later", "I know someone", "Still open"):
            await caller.click(card, label=label)
    await days(scene, 2)
    await cleo.click(in_thread(scene, card, "Hand back"), label="Hand back")
    await scene.host.send(thread, "I once did.")
    async with apart(scene, hers):
        for label in ("Not yet", "Yes"):
            await caller.click(in_thread(scene, card, label), label=label)
        await caller.click(card, label="Still open")
    await days(scene, 7)  # the keeper, the hosts, and the caller who is told
    await scene.restart()
    await scene.app.members.forget(scene.guild.id, cleo.id)
    await scene.tick()
    others = (scene.bo, scene.host, scene.admin)
    seen = [await found_by(scene, each) for each in others]
    async with apart(scene, hers):
        await press(caller, mine, "Answered")
        await press(caller, mine, "Answered")
    await scene.later(days=8)
    seen += [await seen_by(scene, each) for each in others]

    everything = "\n".join([*seen, told(scene, hers), logged(caplog)])
    assert "I fear the circle." in everything
    assert "From the one who asks" in everything
    assert "you keep calls this week" in everything
    assert "your call still stands" in everything
    assert "Calls that wait" in everything
    assert marks_in(everything, marks) == []
    assert await rows_about(scene.app, *marks) == {}
    assert "I fear the circle." not in logged(caplog)


async def test_a_nameless_caller_who_acts_as_a_peer_of_their_call_is_told_from_none(scene: Scene) -> None:
    zwinda = scene.member("zwinda")
    await begin(scene, zwinda)  # she keeps calls, too
    own = await call(scene, zwinda, "About Friday.", audience="nameless")
    anothers = await call(scene, scene.member("yann"), "About Friday.", audience="nameless")

    for card in (own, anothers):
        form = await scene.bo.click(card, label="I know someone")
        accepted = await scene.bo.submit_modal(form, {"people": [zwinda]})
        assert "Thank you for thinking of" in said(accepted)
    await scene.later(hours=12)
    for card in (own, anothers):
        await zwinda.send(scene.thread(card), "I also wonder.")
        await scene.tick()
    for _day in range(4):
        await scene.later(days=1)
        assert public_life(scene, own) == public_life(scene, anothers)
    for card in (own, anothers):
        await zwinda.click(card, label="Not me")
        await scene.bo.click(card, label="Not me")
    await scene.later(days=14)
    for card in (own, anothers):
        await scene.host.click(card, label="I'm with you")
    await scene.later(days=2)

    life = public_life(scene, own)
    assert "bo> thought of you" not in life
    assert "thought of you for this call" in life
    assert "is someone with you?" in life
    assert life == public_life(scene, anothers)


async def test_the_keeper_who_made_a_nameless_call_is_asked_as_any_keeper(scene: Scene) -> None:
    zwinda = scene.member("zwinda")
    await begin(scene, zwinda)
    own = await call(scene, zwinda, "About Friday.", audience="nameless")
    anothers = await call(scene, scene.member("yann"), "About Friday.", audience="nameless")

    await days(scene, 2)
    assert f"{zwinda.mention}, you keep calls this week" in public_life(scene, own)
    assert public_life(scene, own) == public_life(scene, anothers)
    for card in (own, anothers):
        await zwinda.click(card, label="Not me")
    await scene.tick()

    assert public_life(scene, own) == public_life(scene, anothers)
    assert len(calls_to_hosts(scene)) == 2


async def test_a_nameless_caller_who_offers_what_would_help_is_asked_by_name_as_any_peer(scene: Scene) -> None:
    zwinda = scene.member("zwinda")
    await begin(scene, scene.bo)
    await scene.app.members.choose(scene.guild.id, zwinda.id, offer="opening circles")
    own = await call(scene, zwinda, "About opening.", audience="nameless")
    anothers = await call(scene, scene.member("yann"), "About opening.", audience="nameless")

    assert f"{zwinda.mention} offers *opening circles*" in public_life(scene, own)
    assert public_life(scene, own) == public_life(scene, anothers)
    for card in (own, anothers):
        await zwinda.click(card, label="Not me")
        await scene.tick()
    await days(scene, 5)

    assert public_life(scene, own) == public_life(scene, anothers)


def calls_to_hosts(scene: Scene) -> list[str]:
    """Return what the hosts were asked in the calls channel."""
    return [each.text for each in messages(scene) if "has not met a person yet" in each.text]


def public_life(scene: Scene, card: discord.Message) -> str:
    """Return all that is to be seen of a call: its card, its thread, who is in it; its own numbers left out."""
    thread = scene.thread(card)
    channel = scene.env.backend.channels[card.id]
    shown = [each.text for each in messages(scene) if each.id == card.id or f"/{card.id}" in each.text]
    texts = [each.text for each in scene.messages(thread)]
    life = "\n".join([*shown, str(channel.name), str(sorted(channel.thread_members)), *texts])
    return re.sub(r"<t:\d+:", "<t:", life.replace(str(card.id), "CARD"))


async def test_nobody_else_finds_a_word_of_a_call_to_people_named(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    caller, named, cleo = scene.member("zwinda-41f"), scene.member("yorick-8c2"), scene.member("cleo")
    theirs = set[int]()
    await begin(scene, scene.bo)
    await scene.app.members.choose(scene.guild.id, scene.bo.id, offer="grieving-77d0")
    await scene.app.members.choose(scene.guild.id, cleo.id, offer="grieving")
    async with apart(scene, theirs):
        preview = await write(scene, caller, "Of grieving-77d0.", audience="named", people=[named])
        await press(caller, preview, "Send")
    await scene.tick()
    kept = (await scene.app.calls.own(scene.guild.id, caller.id, 0, 1))[0].call
    assert kept.thread_id is not None and kept.message_id is not None and kept.id is not None
    thread = ChannelHandle(scene.env, scene.guild, scene.env.backend.get_channel(kept.thread_id))
    card = scene.message(thread, kept.message_id)
    marks = ("Of grieving", str(kept.thread_id), str(kept.message_id), str(caller.id), str(named.id), caller.name)

    async with apart(scene, theirs):
        await named.click(card, label="I'm with you")
        await caller.send(thread, "Thank you, secret-5f1.")
        await named.send(thread, "Here, secret-5f1.")
        refused = await named.click(card, label="I know someone")
        assert "Only the people its caller named" in said(refused)
    await days(scene, 2)
    async with apart(scene, theirs):
        hand_back = [each for each in thread.history() if "hand_back" in str(each.components)]
        assert isinstance(hand_back[0], discord.Message)
        await named.click(hand_back[0], label="Hand back")
    await days(scene, 5)
    await scene.restart()
    await scene.app.members.forget(scene.guild.id, cleo.id)
    others = (scene.bo, scene.host, scene.admin)
    guesses = [await guessed(scene, each, kept.id) for each in others]
    seen = [await found_by(scene, each) for each in others]
    async with apart(scene, theirs):
        await caller.click(card, label="Answered")
    await scene.later(days=7)
    async with apart(scene, theirs):
        helped = [each for each in thread.history() if ":helped" in str(each.components)]
        assert isinstance(helped[0], discord.Message)
        form = await press(caller, await caller.click(helped[0], label="Yes, it did"), "Add a line")
        await caller.submit_modal(form, {"words": "Learned secret-5f1."})
    await scene.later(days=1)
    seen += [await seen_by(scene, each) for each in others]

    inside = str([text_of(each.components) for each in scene.env.backend.messages[kept.thread_id].values()])
    assert "Learned secret-5f1." in inside
    assert {each.partition(" /call")[0] for each in guesses} == {"That call is not here for you."}
    everything = "\n".join([*seen, told(scene, theirs, kept.thread_id), logged(caplog)])
    assert "Heard this time" in everything
    assert marks_in(everything, (*marks, "secret-5f1")) == []


async def guessed(scene: Scene, who: MemberActor, call_id: int) -> str:
    """Return the one answer a member gets to every button of a call they know nothing of, as a forger would send."""
    heard: set[str] = set()
    for verb in ("with", "later", "know", "not_me", "enter"):
        heard.add(said(await forged(scene, who, f"call:{call_id}:{verb}")))
    assert len(heard) == 1
    for verb in ("answered", "withdraw", "yes", "helped", "add_line", "relay", "really_withdraw"):
        heard.add(said(await forged(scene, who, f"call:{call_id}:{verb}")))
    assert all("nly the one who asked can say that" in each or "not here for you" in each for each in heard)
    return next(each for each in heard if "not here for you" in each)


async def forged(scene: Scene, who: MemberActor, custom_id: str) -> InteractionResult:
    """Press a button with this id, on a message that really has it."""
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.ActionRow(discord.ui.Button[Any](label="old", custom_id=custom_id)))
    view.stop()
    message = await scene.bot.get_partial_messageable(scene.circles.id).send(view=view)
    await scene.env.settle()
    result = await who.click(scene.message(scene.circles, message.id), label="old")
    await message.delete()
    return result


async def test_what_is_kept_of_a_nameless_call_that_ended_leads_to_nobody(scene: Scene) -> None:
    await scene.begin()
    zwinda = scene.member("zwinda")
    ended: list[int] = []
    for how in ("Answered", "Withdraw", "forgotten", "left"):
        card = await call(scene, zwinda, f"Of Friday, {how}.", audience="nameless")
        if how == "Withdraw":
            await press(zwinda, await zwinda.click(card, label=how), "Yes, withdraw it")
        elif how == "forgotten":
            await scene.app.members.forget(scene.guild.id, zwinda.id)
        elif how == "left":
            del scene.env.backend.get_guild(scene.guild.id).members[zwinda.id]
            await scene.later(days=6)
        else:
            await zwinda.click(card, label=how)
        await scene.tick()
        ended.append(card.id)

    about = await rows_about(scene.app, str(zwinda.id))
    assert set(about) <= {"Member"}  # that she left: asked nothing more
    kept = await scene.app.database.run(lambda session: states(session))
    assert kept == [CallState.ANSWERED, CallState.WITHDRAWN, CallState.WITHDRAWN, CallState.WITHDRAWN]


def states(session: Session) -> list[CallState]:
    """Return how all calls ended, in order."""
    return [each.state for each in session.exec(select(Call).order_by(col(Call.id)))]
