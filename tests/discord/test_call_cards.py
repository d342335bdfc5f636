"""How calls look and where they are said: in the open, to people named, to hosts, without a name."""

from datetime import timedelta
from typing import Any

from simcord import ChannelHandle, MemberActor
from simcord.enums import ChannelType

from bot.services.calls import NewCall
from bot.services.people import Person
from bot.services.responses import Later
from bot.store.calls import Audience, Call, CallState, Help, Urgency
from tests.discord.scene import Scene, Seen, labels_of
from tests.discord.test_communities import deny

WORDS = "My first circle is on Friday, and I have never opened one."
RESPONSES = ["I'm with you", "Later", "I know someone", "Not me"]
CALLERS = ["Answered", "Still open", "Withdraw"]


async def begin(scene: Scene) -> None:
    """Set Kith up, and wait until it is noon, when people may be asked."""
    await scene.begin()
    await scene.later(hours=(12 - scene.env.now().hour) % 24)


async def send(scene: Scene, caller: MemberActor, **choices: Any) -> Call:
    """Send a call; return it as it stands once its card is there."""
    usual: dict[str, Any] = {"helps": [Help.LISTEN], "urgency": Urgency.WEEK, "audience": Audience.EVERYONE}
    preview = await scene.app.calls.write(scene.guild.id, caller.id, NewCall(WORDS, **usual | choices))
    assert preview.call.id is not None
    await scene.app.calls.send(scene.guild.id, caller.id, preview.call.id)
    await scene.tick()
    return await found(scene, preview.call)


async def found(scene: Scene, call: Call) -> Call:
    """Return a call as it stands now."""
    return await scene.app.database.run(lambda session: session.get_one(Call, call.id))


def thread_of(scene: Scene, call: Call) -> ChannelHandle:
    """Return a call's thread."""
    assert call.thread_id is not None
    return ChannelHandle(scene.env, scene.guild, scene.env.backend.get_channel(call.thread_id))


def in_thread(scene: Scene, call: Call) -> list[Seen]:
    """Return what stands in a call's thread."""
    return [each for each in scene.messages(thread_of(scene, call)) if each.components_raw]


def in_channel(scene: Scene) -> list[Seen]:
    """Return what Kith said in the channel for calls."""
    return [each for each in scene.messages(scene.calls) if each.components_raw]


def mentions(scene: Scene) -> list[tuple[list[int], list[int]]]:
    """Return whom each of Kith's posts notified, by users and roles."""
    posts = [each.json for each in scene.env.http_requests if each.method == "POST" and each.path.endswith("/messages")]
    allowed = [each["allowed_mentions"] for each in posts if each and "components" in each]
    return [(each.get("users", []), each.get("roles", [])) for each in allowed]


def leave(scene: Scene, member: MemberActor) -> None:
    """Let someone leave the server; Kith is not told of it."""
    del scene.env.backend.get_guild(scene.guild.id).members[member.id]


def notes_about_calls(scene: Scene) -> list[str]:
    """Return what the hosts were told could not be said of calls."""
    notes = [each.text for each in scene.messages(scene.checkins) if "note for the hosts" in each.text]
    return [each for each in notes if "call" in each]


async def test_a_call_has_a_card_for_everyone_and_a_thread_in_which_those_who_offer_it_are_asked(scene: Scene) -> None:
    await begin(scene)
    await scene.app.members.choose(scene.guild.id, scene.bo.id, offer="opening a circle")

    call = await send(scene, scene.ada)

    [card] = in_channel(scene)
    assert f"{scene.ada.mention} asks" in card.text
    assert f"> {WORDS}\n**What would help:** listen\n**Waiting** for someone" in card.text
    assert labels_of(card.components_raw) == [*RESPONSES, *CALLERS, "Confidential"]
    assert scene.env.backend.get_channel(card.id).name == "A call: listen"
    [asked] = in_thread(scene, call)
    assert f"{scene.bo.mention} offers *opening a circle*" in asked.text
    assert (
        f"*Not me* is a full answer. The buttons are on the card: https://discord.com/channels/{scene.guild.id}/"
        in (asked.text)
    )
    assert mentions(scene)[-2:] == [([], []), ([scene.bo.id], [])]


async def test_the_card_says_who_is_with_it_and_who_comes_later_and_the_thread_tells_the_caller(scene: Scene) -> None:
    await begin(scene)
    await scene.app.members.choose(scene.guild.id, scene.bo.id, about="I open circles on Fridays.")
    call = await send(scene, scene.ada)
    assert call.id is not None

    await scene.app.responses.later(scene.guild.id, Person(scene.host.id), call.id, Later.TOMORROW)
    await scene.app.responses.with_you(scene.guild.id, Person(scene.bo.id), call.id)
    await scene.tick()

    [card] = in_channel(scene)
    assert f"**{scene.bo.mention} is with it**\nLater: {scene.host.mention}, <t:" in card.text
    [told] = in_thread(scene, call)
    assert f"{scene.ada.mention}, {scene.bo.mention} is with you." in told.text
    assert "> I open circles on Fridays." in told.text
    assert mentions(scene)[-1] == ([scene.ada.id], [])

    await scene.later(hours=48)
    assert f"{scene.bo.mention}, two days ago" in in_thread(scene, call)[-1].text
    assert mentions(scene)[-1] == ([scene.bo.id], [])
    await scene.app.callers.answered(scene.guild.id, Person(scene.ada.id), call.id)
    await scene.tick()
    assert "**Answered** <t:" in in_channel(scene)[0].text
    assert labels_of(in_channel(scene)[0].components_raw) == ["Still open"]
    assert f"Thank you, {scene.bo.mention}, for coming" in in_thread(scene, call)[-1].text


async def test_a_silent_call_asks_others_then_the_keeper_then_the_hosts_and_stays_with_its_caller(scene: Scene) -> None:
    await begin(scene)
    await scene.app.members.choose(scene.guild.id, scene.host.id, offer="drawing maps")
    call = await send(scene, scene.ada)
    assert in_thread(scene, call) == []

    for _day in range(5):
        await scene.later(days=1)

    others, still, caller = in_thread(scene, call)
    assert f"{scene.ada.mention}, still with you" in still.text
    assert f"{scene.host.mention} offers other things, and may know someone" in others.text
    assert f"{scene.ada.mention}, your call still stands" in caller.text
    assert labels_of(caller.components_raw) == CALLERS
    _card, hosts = in_channel(scene)
    assert hosts.text.startswith(f"{scene.hosts.mention}\nA call has not met a person yet.")
    assert ([], [scene.hosts.id]) in mentions(scene)


async def test_a_call_to_people_named_is_seen_by_them_and_leaves_no_trace_elsewhere(scene: Scene) -> None:
    await begin(scene)
    before = await scene.app.communities.outlook(scene.guild.id)

    call = await send(scene, scene.ada, audience=Audience.NAMED, named=[scene.bo.id])

    thread = scene.env.backend.get_channel(call.thread_id or 0)
    assert thread.type == ChannelType.PRIVATE_THREAD
    assert thread.name == f"A call ({call.id})"
    assert set(thread.thread_members) == {scene.env.backend.bot_user.id, scene.ada.id, scene.bo.id}
    card, asked = in_thread(scene, call)
    assert f"-# For {scene.bo.mention}." in card.text
    assert f"{scene.bo.mention}, {scene.ada.mention} asks you by name." in asked.text
    assert mentions(scene)[-1] == ([scene.bo.id], [])
    assert in_channel(scene) == []
    await scene.app.responses.later(scene.guild.id, Person(scene.bo.id), call.id or 0, Later.WEEK)
    outlook = await scene.app.communities.outlook(scene.guild.id)
    assert {each.what for each in outlook.to_come} == {each.what for each in before.to_come}

    await scene.later(days=5)
    await scene.later(days=15)
    assert in_channel(scene) == []
    assert f"{scene.ada.mention}, your call still stands" in in_thread(scene, call)[-1].text


async def test_a_call_for_hosts_shows_them_a_door_with_nothing_of_it(scene: Scene) -> None:
    await begin(scene)

    call = await send(scene, scene.ada, audience=Audience.HOSTS)

    [door] = in_channel(scene)
    assert door.text == f"{scene.hosts.mention}\nA call has come in for the hosts. Only hosts can open it."
    assert labels_of(door.components_raw) == ["Open it"]
    assert ([], [scene.hosts.id]) in mentions(scene)
    assert "For the hosts." in in_thread(scene, call)[0].text

    await scene.later(days=3)
    assert "has not met a person yet" in in_channel(scene)[-1].text
    assert labels_of(in_channel(scene)[-1].components_raw) == ["Open it"]
    await scene.app.callers.withdraw(scene.guild.id, Person(scene.ada.id), call.id or 0)
    await scene.tick()
    assert in_channel(scene)[0].text == "A call to the hosts has ended."
    assert WORDS not in str(scene.env.backend.messages[call.thread_id or 0])


async def test_a_host_somebody_thought_of_is_let_in_to_the_call_and_asked(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada, audience=Audience.HOSTS)
    host = Person(scene.host.id, frozenset({scene.hosts.id}))

    await scene.app.responses.know_someone(scene.guild.id, scene.person, call.id or 0, host)
    await scene.tick()

    assert scene.host.id in scene.env.backend.get_channel(call.thread_id or 0).thread_members
    asked = in_thread(scene, call)[-1].text
    assert f"{scene.host.mention}, {scene.admin.mention} thought of you for this call." in asked
    assert mentions(scene)[-1] == ([scene.host.id], [])


async def test_a_call_without_a_name_is_nowhere_with_its_caller(scene: Scene) -> None:
    await begin(scene)
    ada = Person(scene.ada.id)

    call = await send(scene, scene.ada, audience=Audience.NAMELESS)
    assert call.id is not None
    await scene.app.callers.relay(scene.guild.id, ada, call.id, "It is about money.", 5)
    await scene.app.responses.with_you(scene.guild.id, Person(scene.bo.id), call.id)
    await scene.tick()
    await scene.app.responses.hand_back(scene.guild.id, Person(scene.bo.id), 1)
    await scene.later(days=3)
    await scene.later(days=7)

    [card, _hosts] = in_channel(scene)
    assert "### Someone here asks" in card.text
    assert labels_of(card.components_raw) == [*RESPONSES, *CALLERS, "Say something", "Confidential"]
    relayed, with_you, *_others, still = in_thread(scene, call)
    assert relayed.text == "**From the one who asks**\n> It is about money."
    assert with_you.text == (
        f"{scene.bo.mention} is with the one who asks, who can answer with *Say something* on the card."
    )
    assert still.text.startswith("You who asked, your call still stands")
    said = [str(each.json) for each in scene.env.http_requests if each.method != "GET"]
    assert not any(str(scene.ada.id) in each for each in said)
    assert scene.ada.id not in scene.env.backend.get_channel(call.thread_id or 0).thread_members

    await scene.app.callers.withdraw(scene.guild.id, ada, call.id)
    await scene.tick()
    assert in_thread(scene, call)[0].text.endswith("What was written here was taken back.")
    assert "Withdrawn, and its words are gone." in in_channel(scene)[0].text
    assert scene.env.backend.get_channel(call.thread_id or 0).name == "A call: listen"


async def test_a_card_that_was_deleted_comes_anew_with_the_next_rung(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    await scene.admin_deletes(scene.message(scene.calls, call.message_id or 0))

    await scene.app.responses.not_me(scene.guild.id, Person(scene.bo.id), call.id or 0)
    await scene.tick()
    assert in_channel(scene) == []
    await scene.later(days=3)

    [card, hosts] = in_channel(scene)
    assert WORDS in card.text
    assert f"/{card.id}" in hosts.text
    assert (await found(scene, call)).thread_id == card.id


async def test_a_thread_that_was_deleted_is_made_anew_for_what_is_said_next(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    scene.env.backend.delete_channel(call.thread_id or 0)

    await scene.app.responses.with_you(scene.guild.id, Person(scene.bo.id), call.id or 0)
    await scene.tick()

    [told] = in_thread(scene, call)
    assert "is with you" in told.text


async def test_a_private_thread_that_was_deleted_is_made_anew_with_the_card_and_what_was_to_be_said(
    scene: Scene,
) -> None:
    await begin(scene)
    call = await send(scene, scene.ada, audience=Audience.NAMED, named=[scene.bo.id])
    scene.env.backend.delete_channel(call.thread_id or 0)

    await scene.later(days=10)

    anew = await found(scene, call)
    assert anew.thread_id != call.thread_id
    card, told = in_thread(scene, anew)
    assert WORDS in card.text
    assert "your call still stands" in told.text
    assert in_channel(scene) == []
    assert notes_about_calls(scene) == []


async def test_a_call_whose_channel_was_deleted_goes_on_in_the_one_the_hosts_choose(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    scene.env.backend.delete_channel(scene.calls.id)
    await scene.app.communities.choose(scene.guild.id, scene.person, calls_channel_id=scene.circles.id)

    await scene.later(days=3)

    card, hosts = [each for each in scene.messages(scene.circles) if each.components_raw]
    assert WORDS in card.text
    assert "A call has not met a person yet" in hosts.text
    assert (await found(scene, call)).channel_id == scene.circles.id


async def test_who_has_left_the_server_is_not_asked(scene: Scene) -> None:
    await begin(scene)
    for member in (scene.bo, scene.host):
        await scene.app.members.choose(scene.guild.id, member.id, offer="opening a circle")
    leave(scene, scene.bo)

    call = await send(scene, scene.ada)

    [asked] = in_thread(scene, call)
    assert scene.host.mention in asked.text
    assert scene.bo.mention not in asked.text
    assert mentions(scene)[-1] == ([scene.host.id], [])


async def test_a_responder_who_has_left_is_not_nudged_and_the_call_goes_on(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    await scene.app.responses.with_you(scene.guild.id, Person(scene.bo.id), call.id or 0)
    await scene.tick()
    leave(scene, scene.bo)

    await scene.later(days=2)

    assert "two days ago" not in in_thread(scene, call)[-1].text
    assert (await found(scene, call)).next_at is not None
    assert "**Waiting** for someone" in in_channel(scene)[0].text


async def test_the_call_of_someone_who_has_left_the_server_ends(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    nameless = await send(scene, scene.host, audience=Audience.NAMELESS)
    leave(scene, scene.ada)
    leave(scene, scene.host)

    for _day in range(5):
        await scene.later(days=1)

    for each in (call, nameless):
        assert (await found(scene, each)).state is CallState.WITHDRAWN
        assert in_thread(scene, each) == []
    assert all("Withdrawn, and its words are gone." in each.text for each in in_channel(scene)[:2])


async def test_what_comes_late_says_when_it_was_to_come(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    due = (call.next_at or scene.env.now()) + timedelta(days=2)  # the hosts come next, then the caller

    await scene.later(days=9)

    _still, caller = in_thread(scene, call)
    assert f"This was to come <t:{int(due.timestamp())}:f>; Discord or Kith could not be reached" in caller.text


async def test_a_card_or_a_door_that_comes_late_says_so(scene: Scene) -> None:
    await begin(scene)
    scene.app.database.planned = lambda: None  # nothing is delivered before its time is long past
    for audience in (Audience.EVERYONE, Audience.HOSTS):
        new = NewCall(WORDS, [Help.LISTEN], Urgency.TODAY, audience)
        preview = await scene.app.calls.write(scene.guild.id, scene.ada.id, new)
        await scene.app.calls.send(scene.guild.id, scene.ada.id, preview.call.id or 0)

    await scene.later(minutes=90)

    card, door = in_channel(scene)
    assert "@Ada" not in door.text
    assert all("This was to come <t:" in each.text for each in (card, door))


async def test_a_thread_that_may_not_be_made_is_no_fault_of_the_cards_and_hosts_are_told_with_the_next_rung(
    scene: Scene,
) -> None:
    await begin(scene)
    deny(scene, scene.calls.id, create_public_threads=False)
    await scene.env.settle()
    call = await send(scene, scene.ada)
    assert call.message_id is not None

    await scene.later(days=5)

    [note] = notes_about_calls(scene)
    assert "What a call was to say" in note
    assert "/setup check" in note
