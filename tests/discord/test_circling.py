"""What members press while a circle runs, and what is gathered at its end."""

import asyncio
from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord import InteractionResult, MemberActor
from sqlmodel import Session

from bot.formats import Role
from bot.store.calls import Call, CallState
from bot.store.circles import Circle, CircleState, ComingKind
from tests.discord.scene import Scene, Seen, labels_of, said
from tests.discord.test_circles import card, person, planned, press


async def with_a_circle(scene: Scene, *coming: MemberActor) -> int:
    """Have a host plan a written circle, with those who come, and let its time come; return its id."""
    await scene.begin()
    view = await planned(scene, scene.host)
    circle_id = view.circle.id or 0
    for member in coming:
        await scene.app.circles.answer(scene.guild.id, person(scene, member), circle_id, ComingKind.COMING)
    await scene.later(days=2)
    return circle_id


async def running(scene: Scene, *coming: MemberActor) -> int:
    """Let a circle begin; return its id."""
    circle_id = await with_a_circle(scene, *coming)
    await scene.host.click(in_thread(scene, "Begin"), label="Begin")
    await scene.tick()
    return circle_id


async def closed(scene: Scene, *coming: MemberActor) -> int:
    """Let a circle begin and close; return its id."""
    circle_id = await running(scene, *coming)
    await scene.app.circling.close(scene.guild.id, person(scene, scene.host), circle_id)
    await scene.tick()
    return circle_id


def in_thread(scene: Scene, label: str) -> discord.Message:
    """Return the newest message in the circle's thread that has this button."""
    thread = scene.thread(card(scene))
    found = [each for each in scene.messages(thread) if label in labels_of(each.components_raw)]
    return scene.message(thread, found[-1].id)


def texts(scene: Scene) -> list[Seen]:
    """Return what stands in the circle's thread."""
    return scene.messages(scene.thread(card(scene)))


async def circle_of(scene: Scene, circle_id: int) -> Circle:
    """Return a circle as it stands."""
    return (await scene.app.circles.find(scene.guild.id, circle_id)).circle


async def pressed(scene: Scene, who: MemberActor, custom_id: str) -> InteractionResult:
    """Press a button with this id, on a message that really has it."""
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.ActionRow(discord.ui.Button(label="old", custom_id=custom_id)))
    view.stop()
    message = await scene.bot.get_partial_messageable(scene.calls.id).send(view=view)
    await scene.env.settle()
    return await who.click(scene.message(scene.calls, message.id), label="old")


async def test_the_host_begins_and_goes_on_and_a_guest_does_not(scene: Scene) -> None:
    circle_id = await with_a_circle(scene, scene.ada)

    refused = await scene.ada.click(in_thread(scene, "Begin"), label="Begin")
    panel = in_thread(scene, "Begin")
    begun = await scene.host.click(panel, label="Begin")
    await scene.restart()
    again = await pressed(scene, scene.host, f"circle:{circle_id}:begin")
    await scene.tick()
    guest = await scene.ada.click(in_thread(scene, "Next"), label="Next")
    gone_on = await scene.host.click(in_thread(scene, "Next"), label="Next")

    assert "The host or the guardian does that" in said(refused)
    assert "It begins" in said(begun)
    assert "It has begun already" in said(again)
    assert "The host or the guardian does that" in said(guest)
    assert "On to the next step" in said(gone_on)
    assert (await circle_of(scene, circle_id)).step == 1


async def test_of_two_who_press_next_at_once_one_goes_on_and_the_other_is_told(scene: Scene) -> None:
    circle_id = await running(scene, scene.ada)
    await scene.app.circles.take(scene.guild.id, person(scene, scene.ada), circle_id, Role.GUARDIAN)
    await scene.tick()
    nexts = [
        scene.app.circling.next(scene.guild.id, person(scene, each), circle_id, 0) for each in (scene.host, scene.ada)
    ]

    both = await asyncio.gather(*nexts)
    stale = await pressed(scene, scene.ada, f"step:{circle_id * 1000}:next")
    await scene.restart()
    after = await pressed(scene, scene.host, f"step:{circle_id * 1000}:next")

    assert sorted(each.again for each in both) == [False, True]
    assert "gone on from that step already" in said(stale)
    assert "gone on from that step already" in said(after)
    assert (await circle_of(scene, circle_id)).step == 1


async def test_time_and_bell_and_what_is_told_before_it_runs(scene: Scene) -> None:
    circle_id = await with_a_circle(scene, scene.ada)
    early = [
        await pressed(scene, scene.host, f"circle:{circle_id}:{verb}")
        for verb in ("bell", "more_time", "really_close", "spoke")
    ]
    await scene.host.click(in_thread(scene, "Begin"), label="Begin")
    await scene.tick()
    before = (await circle_of(scene, circle_id)).step_ends_at
    assert before is not None

    more = await scene.host.click(in_thread(scene, "+2 hours"), label="+2 hours")
    rung = await scene.ada.click(in_thread(scene, "Bell"), label="Bell")
    again = await scene.bo.click(in_thread(scene, "Bell"), label="Bell")
    await scene.tick()

    for answer, told in zip(early, ("while a circle runs", "not begun", "not begun", "just now"), strict=True):
        assert told in said(answer)
    after = (await circle_of(scene, circle_id)).step_ends_at
    assert after is not None
    assert after == before + timedelta(hours=2)
    assert f"Two more hours: it ends <t:{int(after.timestamp())}:R>" in said(more)
    assert "The bell rings in the thread" in said(rung)
    assert "The bell has just rung" in said(again)
    assert (await circle_of(scene, circle_id)).rings == 1


async def test_close_asks_first(scene: Scene) -> None:
    circle_id = await running(scene, scene.ada)

    asked = await scene.host.click(in_thread(scene, "Close"), label="Close")
    assert "Close the circle for everyone?" in said(asked)
    assert (await circle_of(scene, circle_id)).state is CircleState.RUNNING
    guest = await scene.ada.click(in_thread(scene, "Close"), label="Close")
    refused = await press(scene.ada, guest, "Yes, close it")
    await scene.restart()
    await press(scene.host, asked, "Yes, close it")
    again = await pressed(scene, scene.host, f"circle:{circle_id}:really_close")

    assert "The host or the guardian does that" in said(refused)
    assert "The circle is closed" in said(asked)
    assert "closed already" in said(again)
    assert (await circle_of(scene, circle_id)).state is CircleState.CLOSED


async def test_the_talking_piece_passes_on_when_its_holder_says_so(scene: Scene) -> None:
    circle_id = await running(scene, scene.ada, scene.bo)
    await scene.app.circling.next(scene.guild.id, person(scene, scene.host), circle_id, 0)
    await scene.tick()
    assert any("I spoke" in labels_of(each.components_raw) for each in texts(scene))
    step = (await circle_of(scene, circle_id)).step

    others = await pressed(scene, scene.bo, f"circle:{circle_id}:spoke")
    spoke = await pressed(scene, scene.host, f"circle:{circle_id}:spoke")
    await scene.restart()
    passes = await pressed(scene, scene.ada, f"circle:{circle_id}:pass")
    silent = await pressed(scene, scene.bo, f"circle:{circle_id}:silent")

    assert f"{scene.host.mention} holds the talking piece" in said(others)
    assert "The talking piece goes on" in said(spoke)
    assert "Passing is a full answer" in said(passes)
    assert "Your silence has its place" in said(silent)
    assert (await circle_of(scene, circle_id)).step == step + 1  # everyone has had it


async def test_the_harvester_gathers_and_changes_the_harvest_and_nobody_else(scene: Scene) -> None:
    circle_id = await running(scene, scene.ada, scene.bo)
    early = await pressed(scene, scene.ada, f"circle:{circle_id}:harvest")
    await scene.app.circles.take(scene.guild.id, person(scene, scene.ada), circle_id, Role.HARVESTER)
    await scene.app.circling.close(scene.guild.id, person(scene, scene.host), circle_id)
    await scene.tick()

    refused = await pressed(scene, scene.bo, f"circle:{circle_id}:harvest")
    form = await pressed(scene, scene.ada, f"circle:{circle_id}:harvest")
    kept = await scene.ada.submit_modal(form, {"lines": "We listened.", "question": "Who is missing?"})
    await scene.restart()
    form = await pressed(scene, scene.ada, f"circle:{circle_id}:harvest")
    assert "We listened." in str(form.modal)
    changed = await scene.ada.submit_modal(form, {"lines": "We listened well.", "thanks": "To Bo."})
    await scene.tick()

    assert "once its circle is closed" in said(early)
    assert "for this circle's harvester" in said(refused)
    assert "on its way to the thread" in said(kept)
    assert "on its way to the thread" in said(changed)
    assert any("We listened well." in each.text for each in texts(scene))


async def test_calls_that_wait_for_the_circle_are_named_before_its_first_step(scene: Scene) -> None:
    circle_id = await with_a_circle(scene, scene.ada)

    def write(session: Session) -> None:
        opened_at = scene.env.now() - timedelta(days=12)
        there: dict[str, Any] = {"channel_id": scene.calls.id, "written_at": opened_at, "opened_at": opened_at}
        for number, rung in enumerate((4, 3)):
            call = Call(community_id=scene.guild.id, caller_id=scene.bo.id, rung=rung, message_id=900 + number, **there)
            call.state = CallState.OPEN
            session.add(call)

    scene.app.database.run_now(write)
    await pressed(scene, scene.host, f"circle:{circle_id}:begin")
    await scene.tick()

    said_there = [each.text for each in texts(scene)]
    [calls] = [each for each in said_there if "Before we begin" in each]
    assert "these calls have not met a person yet" in calls
    assert f"/{scene.calls.id}/900 " in calls
    assert "/901" not in calls
    assert said_there.index(calls) < next(place for place, each in enumerate(said_there) if "-# Step 1 of" in each)


@pytest.mark.parametrize("allowed", [True, False])
async def test_what_is_wished_becomes_a_poll_once(scene: Scene, allowed: bool) -> None:
    circle_id = await closed(scene, scene.ada, scene.bo)
    poll = f"circle:{circle_id}:poll"

    async def wish(who: MemberActor, words: str) -> InteractionResult:
        form = await pressed(scene, who, f"circle:{circle_id}:wish")
        return await who.submit_modal(form, {"words": words})

    first = await wish(scene.ada, "Walk together")
    too_few = await pressed(scene, scene.host, poll)
    await scene.restart()
    again = await wish(scene.ada, "A day outside")
    await wish(scene.bo, "Read a book")
    not_a_host = await pressed(scene, scene.bo, poll)
    if not allowed:
        scene.env.inject_error("POST", f"/channels/{scene.circles.id}/messages", status=403, code=50013)
        assert "Allow me *Create Polls*" in said(await pressed(scene, scene.host, poll))
    published = await pressed(scene, scene.host, poll)
    twice = await pressed(scene, scene.host, poll)

    assert "nobody sees whose is whose" in said(first)
    assert "changed to this one" in said(again)
    assert "two different lines" in said(too_few)
    assert "Hosts can change this" in said(not_a_host)
    assert said(published) == said(twice)
    assert f"/{scene.circles.id}/" in said(published)
    sent = [each.json for each in scene.env.http_requests if each.json and "poll" in each.json]
    polls: list[dict[str, Any]] = [each["poll"] for each in sent[-1:]]
    assert len(sent) == (1 if allowed else 2)
    assert [each["poll_media"]["text"] for each in polls[0]["answers"]] == ["A day outside", "Read a book"]
    assert (polls[0]["duration"], polls[0]["allow_multiselect"]) == (168, True)
    assert str(scene.ada.id) not in str(polls)


async def test_a_line_said_after_the_poll_is_given_back_and_a_poll_that_was_deleted_is_made_anew(scene: Scene) -> None:
    circle_id = await closed(scene, scene.ada, scene.bo)
    for who, line in ((scene.ada, "Walk together"), (scene.bo, "Read a book")):
        await scene.app.circling.wish(scene.guild.id, person(scene, who), circle_id, line)
    published = said(await pressed(scene, scene.host, f"circle:{circle_id}:poll"))
    poll = published.split("/")[-1].split()[0]

    async def wish() -> str:
        form = await pressed(scene, scene.ada, f"circle:{circle_id}:wish")
        return said(await scene.ada.submit_modal(form, {"words": "A day outside"}))

    late = await wish()
    scene.env.backend.delete_message(scene.circles.id, int(poll))
    in_time = await wish()
    anew = said(await pressed(scene, scene.host, f"circle:{circle_id}:poll"))

    assert "takes no more lines" in late
    assert poll in late
    assert "A day outside" in late
    assert "changed to this one" in in_time
    assert poll not in anew
    sent = [str(each.json["poll"]) for each in scene.env.http_requests if each.json and "poll" in each.json]
    assert ["A day outside" in each for each in sent] == [False, True]
