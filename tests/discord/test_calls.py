"""What members write and press for calls: form, preview, lists, and the card's buttons."""

import copy
from typing import Any

import discord
import pytest
import simcord.interactions
from simcord import InteractionResult, MemberActor

from bot.services.calls import NewCall
from bot.store.calls import Audience, Help, Urgency
from tests.discord.scene import Scene, Seen, buttons, discord_press, labels_of, said


async def write(scene: Scene, who: MemberActor, words: str, **values: Any) -> InteractionResult:
    """Open the form with /call, fill it in, and return the preview."""
    form = await who.slash(scene.checkins, "call")
    return await fill(who, form, words, **values)


async def fill(who: MemberActor, form: InteractionResult, words: str, **values: Any) -> InteractionResult:
    """Send the form of a call in."""
    assert form.modal is not None, said(form)
    usual = {"help": ["listen"], "urgency": "this week", "audience": "everyone"}
    return await who.submit_modal(form, {"words": words, **usual, **values})


async def call(scene: Scene, who: MemberActor, words: str, **values: Any) -> discord.Message:
    """Write a call and send it; return its newest message in the calls channel: its card, or the door to it."""
    await press(who, await write(scene, who, words, **values), "Send")
    await scene.tick()
    return scene.message(scene.calls, messages(scene)[-1].id)


async def press(who: MemberActor, answer: InteractionResult, label: str) -> InteractionResult:
    """Press a button on a private answer."""
    assert answer.response is not None
    return await who.click(answer.response, label=label)


def messages(scene: Scene) -> list[Seen]:
    """Return what Kith has said in the calls channel."""
    return [each for each in scene.messages(scene.calls) if each.components_raw]


def thread_of(scene: Scene, card: discord.Message) -> list[str]:
    """Return what stands in a call's thread."""
    return [each.text for each in scene.messages(scene.thread(card)) if each.text]


def in_thread(scene: Scene, card: discord.Message, label: str) -> discord.Message:
    """Return the newest message in a call's thread that has this button."""
    thread = scene.thread(card)
    found = [each for each in scene.messages(thread) if label in labels_of(each.components_raw)]
    return scene.message(thread, found[-1].id)


async def test_a_call_is_written_looked_at_changed_and_sent(scene: Scene) -> None:
    unset = await scene.ada.slash(scene.checkins, "call")
    assert "has not begun" in said(unset)
    await scene.begin()

    preview = await write(scene, scene.ada, "How do I open a circle?", help=["think along", "listen"])
    assert preview.ephemeral
    assert "Nothing is sent yet" in said(preview)
    assert "How do I open a circle?" in said(preview)
    assert "listen, think along" in said(preview)
    assert messages(scene) == []

    form = await press(scene.ada, preview, "Change it")
    assert "How do I open a circle?" in str(form.modal)
    changed = await fill(scene.ada, form, "How do you open a circle?", people=[scene.bo])
    assert "How do you open a circle?" in said(changed)
    assert "You also picked people" in said(changed)

    sent = await press(scene.ada, changed, "Send")
    await scene.tick()
    assert said(sent).startswith(f"It is on its way to {scene.calls.mention}.")
    [card] = messages(scene)
    assert "How do you open a circle?" in card.text


async def test_people_are_named_before_a_call_to_them_is_sent_and_only_they_see_it(scene: Scene) -> None:
    await scene.begin()

    preview = await write(scene, scene.ada, "For you.", audience="named", people=[scene.ada])
    assert "nobody is named yet" in said(preview)
    with pytest.raises(simcord.SetupError):
        await press(scene.ada, preview, "Send")

    form = await press(scene.ada, preview, "Change it")
    preview = await fill(scene.ada, form, "For you.", audience="named", people=[scene.bo])
    assert f"Only you and {scene.bo.mention} will see it, in a private thread" in said(preview)
    assert "Discord lets those who may manage this server's threads open any of them." in said(preview)
    sent = await press(scene.ada, preview, "Send")
    await scene.tick()

    assert "private thread" in said(sent)
    assert messages(scene) == []
    assert "For you." in said(await scene.bo.slash(scene.calls, "call", open="waiting"))
    assert "Nothing waits" in said(await scene.host.slash(scene.calls, "call", open="waiting"))


async def test_an_old_preview_sends_only_what_it_shows_and_a_second_press_changes_nothing(scene: Scene) -> None:
    await scene.begin()
    first = await write(scene, scene.ada, "With my name.")
    second = await write(scene, scene.ada, "Rather without.", audience="nameless")
    third = await write(scene, scene.ada, "Rather without.", audience="nameless")
    other = await write(scene, scene.bo, "Something else.")

    refused = await press(scene.ada, first, "Send")
    assert "changed this call since" in said(refused)
    await scene.restart()
    sent = await press(scene.ada, second, "Send")
    await scene.tick()
    assert "without your name" in said(sent)

    assert "It was sent before" in said(await press(scene.ada, third, "Send"))
    assert "stays as it is" in said(await press(scene.ada, first, "Change it"))
    assert "no draft here any more" in said(await press(scene.ada, first, "Throw it away"))
    await scene.tick()
    [card] = messages(scene)
    assert "Someone here asks" in card.text
    assert scene.ada.mention not in card.text
    assert "nobody has seen it" in said(await press(scene.bo, other, "Throw it away"))
    assert "Something else." not in str((await scene.bo.slash(scene.calls, "call")).modal)


async def test_calls_begin_from_a_message_or_from_a_check_in_that_needs_something(scene: Scene) -> None:
    await scene.begin()
    asked = await scene.bo.send(scene.checkins, "Who has harvested a circle? " + "x" * 1200)
    form = await scene.ada.context_menu(scene.checkins, "Make a call of this", asked)
    assert "Who has harvested" in str(form.modal)
    assert "Nothing is sent yet" in said(await fill(scene.ada, form, form_words(form)))

    round_card = await scene.open_round()
    wordless = await scene.ada.context_menu(scene.checkins, "Make a call of this", round_card)
    assert "no words in that message" in said(wordless)

    answer = await scene.check_in(scene.bo, round_card, "The room is too small.", need=True, share="me")
    assert "nothing is sent before you have looked" in said(answer)
    form = await press(scene.bo, answer, "Ask for it")
    assert form_words(form) == "The room is too small."
    enough = await scene.check_in(scene.ada, round_card, "All is well.")
    assert enough.response is not None
    assert "Ask for it" not in [each.label for each in walked(enough)]


def form_words(form: InteractionResult) -> str:
    """Return the words a form of a call is filled in with."""
    assert form.modal is not None
    return form.modal["components"][0]["component"]["value"]


def walked(answer: InteractionResult) -> list[discord.Button]:
    """Return the buttons of a private answer."""
    assert answer.response is not None
    rows = [row for row in answer.response.components if isinstance(row, discord.ActionRow)]
    return [each for row in rows for each in row.children if isinstance(each, discord.Button)]


async def test_peers_answer_each_in_their_way_and_the_caller_is_not_their_own_peer(scene: Scene) -> None:
    await scene.begin(zone="Europe/Berlin")
    eve = scene.member("eve")
    card = await call(scene, scene.ada, "Who comes along?", urgency="today")

    assert "This call is yours" in said(await scene.ada.click(card, label="I'm with you"))
    assert "Only the one who asked" in said(await scene.bo.click(card, label="Answered"))

    form = await scene.bo.click(card, label="Later")
    assert "tomorrow, at 09:00" in str(form.modal)
    assert "I ask you <t:" in said(await scene.bo.submit_modal(form, {"when": "tomorrow"}))
    form = await scene.host.click(card, label="I know someone")
    assert f"thinking of {eve.mention}" in said(await scene.host.submit_modal(form, {"people": [eve]}))
    form = await scene.host.click(card, label="I know someone")
    assert "know of this call already" in said(await scene.host.submit_modal(form, {"people": [eve]}))
    assert "full answer" in said(await eve.click(card, label="Not me"))
    assert "said so already" in said(await eve.click(card, label="Not me"))

    came = said(await scene.bo.click(card, label="I'm with you"))
    assert came.startswith("Thank you.")
    assert f"<#{card.id}>" in came
    assert "already" in said(await scene.bo.click(card, label="I'm with you"))
    await scene.tick()
    assert f"{scene.bo.mention} is with it" in messages(scene)[-1].text


async def test_a_responder_is_asked_after_two_days_and_may_take_time_hand_back_or_be_done(scene: Scene) -> None:
    await scene.begin()
    card = await call(scene, scene.ada, "Who comes along?")
    for who in (scene.bo, scene.host):
        await who.click(card, label="I'm with you")
    await scene.later(hours=49)
    nudge = in_thread(scene, card, "Need time")  # the later of two: the host's

    assert "for the one who is with this call" in said(await scene.bo.click(nudge, label="Done"))
    assert "Take your time. I ask you again <t:" in said(await scene.host.click(nudge, label="Need time"))
    assert "that time already" in said(await scene.host.click(nudge, label="Need time"))
    assert "not left alone" in said(await scene.host.click(nudge, label="Hand back"))
    assert "not with this call any more" in said(await scene.host.click(nudge, label="Done"))
    await scene.host.click(card, label="I'm with you")
    assert "caller is asked" in said(await scene.host.click(nudge, label="Done"))
    assert "noted already" in said(await scene.host.click(nudge, label="Done"))
    await scene.tick()
    assert any("Is your call answered?" in each for each in thread_of(scene, card))


async def test_the_caller_says_how_it_stands_from_the_first_reply_to_what_was_learned(scene: Scene) -> None:
    await scene.begin()
    card = await call(scene, scene.ada, "Who comes along?")
    await scene.ada.click(card, label="Still open")
    await scene.bo.send(scene.thread(card), "Me, perhaps.")
    await scene.tick()
    asked = in_thread(scene, card, "Not yet")
    assert "go on asking" in said(await scene.ada.click(asked, label="Not yet"))
    assert "in a week I ask you how it stands" in said(await scene.ada.click(asked, label="Yes"))
    assert "noted already" in said(await scene.ada.click(asked, label="Yes"))
    assert "go on asking" in said(await scene.ada.click(card, label="Still open"))

    mine = await scene.ada.slash(scene.calls, "call", open="mine")
    assert "in a week I ask you there if it helped" in said(await press(scene.ada, mine, "Answered"))
    assert "answered already" in said(await press(scene.ada, mine, "Answered"))
    assert "has been answered" in said(await discord_press(scene, "call:1:later"))
    await scene.later(days=7, minutes=1)
    asked = in_thread(scene, card, "Not really")
    thanked = await scene.ada.click(asked, label="Yes, it did")
    form = await press(scene.ada, thanked, "Add a line")
    assert "on its way" in said(await scene.ada.submit_modal(form, {"words": "Begin with silence."}))
    await scene.tick()
    assert "Begin with silence." in thread_of(scene, card)[-1]
    assert "go on asking" in said(await scene.ada.click(asked, label="Not really"))
    await scene.tick()

    sure = await scene.ada.click(card, label="Withdraw")
    assert "Withdraw it?" in said(sure)
    assert "Who comes along?" in messages(scene)[0].text
    assert "its words are erased" in said(await press(scene.ada, sure, "Yes, withdraw it"))
    await scene.tick()
    assert "Who comes along?" not in messages(scene)[0].text
    assert "was withdrawn" in said(await discord_press(scene, "call:1:with"))


async def test_a_nameless_caller_speaks_through_kith_once_and_is_forgotten_at_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.begin()
    card = await call(scene, scene.ada, "I lost my nerve.", audience="nameless")
    mine = await scene.ada.slash(scene.calls, "call", open="mine")
    delivered = remember_interactions(monkeypatch)

    assert "Only the one who asked" in said(await scene.bo.click(card, label="Say something"))
    form = await press(scene.ada, mine, "Say something")
    spoken = await scene.ada.submit_modal(form, {"words": "I am still here."})
    scene.bot._connection.parse_interaction_create(copy.deepcopy(delivered[-1]))  # pyright: ignore[reportPrivateUsage] -- as Discord sends it again
    await scene.env.settle()
    await scene.tick()
    assert "without your name" in said(spoken)
    assert [each for each in thread_of(scene, card) if "I am still here." in each] == [
        "**From the one who asks**\n> I am still here."
    ]

    assert "forget now that it was you" in said(await press(scene.ada, mine, "Answered"))
    assert "has been answered" in said(await press(scene.ada, mine, "Answered"))
    assert "No call of yours" in said(await scene.ada.slash(scene.calls, "call", open="mine"))
    await scene.tick()
    public = str([each.text for each in (*messages(scene), *scene.messages(scene.thread(card)))])
    assert scene.ada.mention not in public


def remember_interactions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that fills with the interactions simulated Discord delivers."""
    delivered: list[Any] = []
    base = simcord.interactions.base_payload

    def payload(*given: Any, **named: Any) -> Any:
        record, sent = base(*given, **named)
        delivered.append(sent)
        return record, sent

    monkeypatch.setattr(simcord.interactions, "base_payload", payload)
    return delivered


async def test_a_hosts_call_opens_to_hosts_at_its_door(scene: Scene) -> None:
    await scene.begin()
    door = await call(scene, scene.ada, "Between us.", audience="hosts")
    assert buttons(scene, door) == ["Open it"]
    assert "Between us." not in messages(scene)[-1].text

    entered = await scene.host.click(door, label="Open it")
    again = await scene.host.click(door, label="Open it")
    refused = await scene.bo.click(door, label="Open it")

    assert said(entered).startswith("You are in: <#")
    assert said(again) == said(entered)
    assert "not here for you" in said(refused)
    thread_id = int(said(entered).split("<#")[1].split(">")[0])
    assert scene.host.id in scene.env.backend.channels[thread_id].thread_members


async def test_lists_show_what_waits_ten_at_a_time_and_hosts_how_calls_fare(scene: Scene) -> None:
    await scene.begin()
    for number in range(11):
        await waiting(scene, 1000 + number % 3, f"Call {number} of many.\nAnd more of it.")
    listed = await scene.ada.slash(scene.calls, "call", open="waiting")
    assert "> Call 0 of many.\n-# <t:" in said(listed)
    assert "Call 9" in said(listed)
    assert "Call 10" not in said(listed)
    assert "And more of it" not in said(listed)
    newer = await press(scene.ada, listed, "Newer")
    assert "Call 10 of many." in said(newer)
    assert "Call 0 of many." in said(await press(scene.ada, newer, "Older"))
    assert "Hosts can look at this" in said(await discord_press(scene, "call:0:measures"))
    measured = await press(scene.host, await scene.host.slash(scene.calls, "call", open="waiting"), "How calls fare")
    assert "**Open now:** 11" in said(measured)
    assert "answered so far: 0%" in said(measured)
    assert "people who were with a caller: too few to show" in said(measured)


async def waiting(scene: Scene, member_id: int, words: str) -> None:
    """Send a call through the services, as one of many."""
    new = NewCall(words, [Help.LISTEN], Urgency.NO_HURRY, Audience.EVERYONE)
    preview = await scene.app.calls.write(scene.guild.id, member_id, new)
    assert preview.call.id is not None
    await scene.app.calls.send(scene.guild.id, member_id, preview.call.id)


async def test_where_calls_have_no_channel_every_way_in_says_what_to_do(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    asked = await scene.bo.send(scene.checkins, "Anybody?")
    answer = await scene.check_in(scene.ada, card, "Help.", need=True)
    await scene.app.communities.choose(scene.guild.id, scene.person, calls_channel_id=None)

    for refused in (
        await scene.ada.slash(scene.checkins, "call"),
        await scene.ada.context_menu(scene.checkins, "Make a call of this", asked),
        await press(scene.ada, answer, "Ask for it"),
    ):
        assert "/setup start" in said(refused)
