"""Where Discord says no to a call: hosts hear what to mend and nothing of it, and it goes on once they have."""

import pytest

from bot.services.people import Person
from bot.store.calls import Audience
from tests.discord.scene import Scene, said
from tests.discord.test_call_cards import (
    WORDS,
    begin,
    found,
    in_channel,
    in_thread,
    leave,
    notes_about_calls,
    send,
)
from tests.discord.test_communities import deny

MISSING_ACCESS, MISSING_PERMISSIONS, ARCHIVED = 50001, 50013, 50083


def grant_all(scene: Scene) -> None:
    """Take back what was denied in the channel for calls."""
    deny(scene, scene.calls.id)


@pytest.mark.parametrize("audience", [Audience.NAMED, Audience.HOSTS])
async def test_where_no_private_thread_may_be_made_hosts_hear_it_and_the_call_comes_with_its_next_rung(
    scene: Scene, audience: Audience
) -> None:
    await begin(scene)
    deny(scene, scene.calls.id, create_private_threads=False)
    await scene.env.settle()
    call = await send(scene, scene.ada, audience=audience, named=[scene.bo.id])

    assert call.message_id is None
    assert in_channel(scene) == []
    [note] = notes_about_calls(scene)
    assert "/setup check" in note
    assert [mark for mark in (WORDS, scene.ada.mention, scene.bo.mention) if mark in note] == []
    checked = said(await scene.admin.slash(scene.circles, "setup check"))
    assert "Create Private Threads" in checked
    assert [mark for mark in (WORDS, scene.ada.mention, scene.bo.mention) if mark in checked] == []
    mine = said(await scene.ada.slash(scene.calls, "call", open="mine"))
    assert WORDS.partition(",")[0] in mine  # it is there, though it has no place yet

    grant_all(scene)
    await scene.env.settle()
    await scene.later(days=3)

    call = await found(scene, call)
    assert WORDS in in_thread(scene, call)[0].text
    if audience is Audience.HOSTS:
        told = sorted(each.text for each in in_channel(scene))
        assert len(told) == 2
        assert "A call has come in for the hosts" in told[0]
        assert "A call to the hosts has not met a person yet" in told[1]
    else:
        assert in_channel(scene) == []
        assert any(
            f"{scene.bo.mention}, {scene.ada.mention} asks you by name." in each.text for each in in_thread(scene, call)
        )


async def test_where_kith_may_not_see_the_channel_any_more_the_call_goes_on_once_it_may(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    deny(scene, scene.calls.id, view_channel=False)
    await scene.env.settle()

    await scene.app.responses.with_you(scene.guild.id, Person(scene.bo.id), call.id or 0)
    await scene.tick()
    await scene.app.responses.hand_back(scene.guild.id, Person(scene.bo.id), 1)
    await scene.later(days=1)
    assert len(notes_about_calls(scene)) >= 1
    grant_all(scene)
    await scene.env.settle()
    for _day in range(6):
        await scene.later(days=1)

    card, *hosts = in_channel(scene)
    assert "**Waiting** for someone" in card.text
    assert len(hosts) == 1
    assert "has not met a person yet" in hosts[0].text
    assert "your call still stands" in in_thread(scene, call)[-1].text


async def test_a_thread_that_is_locked_keeps_hosts_informed_and_no_answer_from_being_kept(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada)
    thread = f"/channels/{call.thread_id}"
    scene.env.inject_error("POST", f"{thread}/messages", status=400, code=ARCHIVED, times=None)
    scene.env.inject_error("PATCH", thread, status=403, code=MISSING_PERMISSIONS, times=None)
    [card] = in_channel(scene)

    answer = await scene.bo.click(scene.message(scene.calls, card.id), label="I'm with you")
    await scene.tick()

    assert said(answer).startswith("Thank you.")
    assert f"**{scene.bo.mention} is with it**" in in_channel(scene)[0].text
    [note] = notes_about_calls(scene)
    assert "I am not allowed to post there. /setup check" in note
    await scene.app.responses.hand_back(scene.guild.id, Person(scene.bo.id), 1)
    for _day in range(3):
        await scene.later(days=1)
    assert "has not met a person yet" in in_channel(scene)[-1].text  # the hosts are asked in the channel


async def test_a_host_at_the_door_hears_what_to_do_when_discord_lets_nobody_in(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada, audience=Audience.HOSTS)
    door = scene.message(scene.calls, in_channel(scene)[0].id)
    answers: list[str] = []
    for code, status in ((MISSING_ACCESS, 403), (MISSING_PERMISSIONS, 403), (10003, 404)):
        scene.env.inject_error("PUT", f"/channels/{call.thread_id}/thread-members/*", status=status, code=code)
        answers.append(said(await scene.host.click(door, label="Open it")))
    scene.env.backend.delete_channel(call.thread_id or 0)
    answers.append(said(await scene.host.click(door, label="Open it")))

    assert [each for each in answers if "went wrong on Kith's side" in each or not each] == []
    assert all("/setup check" in each for each in answers[:2])
    assert all("/call open" in each for each in answers[2:])


async def test_named_people_who_have_left_are_left_out_and_the_caller_is_not_left_alone(scene: Scene) -> None:
    await begin(scene)
    leave(scene, scene.bo)

    call = await send(scene, scene.ada, audience=Audience.NAMED, named=[scene.bo.id, scene.host.id])
    alone = await send(scene, scene.ada, audience=Audience.NAMED, named=[scene.bo.id])
    await scene.later(days=2)

    _card, asked, _still = in_thread(scene, call)
    assert asked.text.startswith(scene.host.mention)
    _card, still = in_thread(scene, alone)
    assert "your call still stands" in still.text
    assert notes_about_calls(scene) == []
