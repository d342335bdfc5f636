"""What Discord refuses while a call is said, and callers who leave: no card comes twice, no call waits on nobody."""

from bot.services.people import Person
from bot.services.responses import Later
from bot.store.calls import Audience, CallState
from tests.discord.scene import Scene
from tests.discord.test_call_cards import (
    WORDS,
    begin,
    found,
    in_channel,
    in_thread,
    leave,
    notes_about_calls,
    send,
    thread_of,
)

TOO_MANY_THREADS, ARCHIVED = 160006, 50083


async def test_a_card_whose_thread_is_one_too_many_is_not_posted_again_with_each_rung(scene: Scene) -> None:
    await begin(scene)
    path = f"/channels/{scene.calls.id}/messages/*/threads"
    scene.env.inject_error("POST", path, status=400, code=TOO_MANY_THREADS, times=None)
    call = await send(scene, scene.ada)

    await scene.later(days=5)

    card, hosts = in_channel(scene)
    assert WORDS in card.text
    assert "A call has not met a person yet" in hosts.text
    assert (await found(scene, call)).message_id == card.id
    [note] = notes_about_calls(scene)
    assert "What a call was to say" in note


async def test_a_private_card_that_was_deleted_comes_anew_in_a_thread_at_rest(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada, audience=Audience.NAMED, named=[scene.bo.id])
    await scene.admin_deletes(scene.message(thread_of(scene, call), call.message_id or 0))
    await scene.app.responses.later(scene.guild.id, Person(scene.bo.id), call.id or 0, Later.WEEK)
    await scene.tick()
    scene.env.inject_error("PUT", f"/channels/{call.thread_id}/thread-members/*", status=400, code=ARCHIVED)

    await scene.later(days=5)

    assert [each.text for each in in_thread(scene, call) if WORDS in each.text]
    assert notes_about_calls(scene) == []


async def test_a_nameless_call_someone_is_with_ends_once_its_caller_has_left_the_server(scene: Scene) -> None:
    await begin(scene)
    call = await send(scene, scene.ada, audience=Audience.NAMELESS)
    await scene.app.callers.accompanied(scene.guild.id, Person(scene.ada.id), call.id or 0)
    leave(scene, scene.ada)

    await scene.later(days=7)

    assert (await found(scene, call)).state is CallState.WITHDRAWN
