"""What people see of a circle when somebody has left the server, when room frees, and after *Forget me*."""

from datetime import timedelta

import pytest
from simcord import MemberActor

from bot.formats import Role
from bot.services.people import Person
from bot.store.circles import ComingKind, SeatState
from bot.store.members import HostingWish
from bot.store.rhythms import Way
from tests.discord.circle_scene import host, in_thread, panel, place, plan, row, run
from tests.discord.scene import Scene
from tests.discord.test_call_cards import leave, mentions


async def answer(scene: Scene, who: MemberActor, circle_id: int, kind: ComingKind) -> None:
    """Let someone answer on a circle's card, and Kith say what follows."""
    await scene.app.circles.answer(scene.guild.id, Person(who.id), circle_id, kind)
    await scene.tick()


def card_of(scene: Scene, circle_id: int) -> str:
    """Return what stands on a circle's card."""
    return next(each.text for each in scene.messages(scene.circles) if each.id == row(scene, circle_id).message_id)


def looks(scene: Scene, who: MemberActor) -> int:
    """Return how often Kith asked Discord whether someone is here."""
    return sum(each.path.endswith(f"/members/{who.id}") for each in scene.env.http_requests if each.method == "GET")


async def test_whoever_waited_is_told_once_and_quietly_that_a_place_has_opened_also_after_a_restart(
    scene: Scene,
) -> None:
    await scene.begin()
    circle_id = await plan(scene, scene.ada, scene.bo, room=2)
    assert f"**Waiting for room:** {scene.bo.mention}" in card_of(scene, circle_id)

    await scene.app.circles.answer(scene.guild.id, Person(scene.ada.id), circle_id, ComingKind.NOT)
    await scene.restart()
    await scene.tick()
    await scene.tick()

    [told] = in_thread(scene, circle_id)
    assert told.text.startswith(f"{scene.bo.mention}\nA place has opened in this circle, <t:")
    assert mentions(scene)[-1] == ([scene.bo.id], [])
    posted = [
        each.json for each in scene.env.http_requests if each.method == "POST" and each.path.endswith("/messages")
    ]
    assert posted[-1] is not None
    assert posted[-1]["flags"] & 1 << 12  # nobody's device makes a sound
    assert "Waiting for room" not in card_of(scene, circle_id)


async def test_a_reminder_names_nobody_who_left_and_their_seat_goes_to_who_waited(scene: Scene) -> None:
    await scene.begin()
    cy = scene.member("cy")
    circle_id = await plan(scene, scene.ada, scene.bo, cy, room=3)
    leave(scene, scene.ada)

    await scene.later(days=9, minutes=1)

    said = [each.text for each in in_thread(scene, circle_id)]
    assert not any(scene.ada.mention in each for each in (*said, card_of(scene, circle_id)))
    [tomorrow] = [each for each in said if "a day away" in each]
    assert all(each.mention in tomorrow for each in (scene.host, scene.bo, cy))
    [room] = [each for each in said if "A place has opened" in each]
    assert room.startswith(cy.mention)
    assert looks(scene, scene.ada) == 1


async def test_the_next_are_invited_where_nobody_invited_is_here_any_more(scene: Scene) -> None:
    await scene.begin()
    cy = scene.member("cy")
    for each in (scene.ada, cy):
        await scene.app.members.choose(scene.guild.id, each.id, hosting=HostingWish.CO_HOST)
    circle_id = await plan(scene)
    leave(scene, scene.ada)

    await scene.later(days=3, minutes=1)

    [invited] = in_thread(scene, circle_id)
    assert cy.mention in invited.text
    assert scene.ada.mention not in invited.text


async def test_a_circle_begins_and_its_talking_piece_goes_round_without_those_who_left(scene: Scene) -> None:
    await scene.begin()
    cy = scene.member("cy")
    circle_id = await plan(scene, scene.ada, scene.bo, cy, starts_at=scene.env.now() + timedelta(minutes=30))
    leave(scene, scene.ada)
    await scene.later(minutes=30)
    await scene.app.circling.begin(scene.guild.id, host(scene), circle_id)
    await scene.tick()
    assert scene.ada.mention not in card_of(scene, circle_id)
    await scene.app.circling.next(scene.guild.id, host(scene), circle_id, 0)
    await scene.tick()
    leave(scene, scene.bo)

    await scene.app.circling.speak(scene.guild.id, host(scene), circle_id, SeatState.SPOKE)
    await scene.tick()

    assert f"**The talking piece is with {cy.mention}.**" in panel(scene, circle_id).text
    pieces = [each.text for each in in_thread(scene, circle_id) if "talking piece is with you" in each.text]
    assert [each.mention in piece for each, piece in zip((scene.host, cy), pieces, strict=True)] == [True, True]
    assert looks(scene, scene.ada) == 1


async def test_a_host_who_left_is_not_named_when_a_step_is_over_and_anyone_goes_on(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada)
    leave(scene, scene.host)
    await scene.app.circling.next(scene.guild.id, host(scene), circle_id, 0)
    await scene.tick()  # the piece is first with the host

    assert row(scene, circle_id).hostless
    assert f"**The talking piece is with {scene.ada.mention}.**" in panel(scene, circle_id).text
    assert "Nobody hosts this one" in panel(scene, circle_id).text
    await scene.ada.click(
        scene.message(place(scene, row(scene, circle_id).message_id), panel(scene, circle_id).id), label="Next"
    )
    await scene.tick()
    assert row(scene, circle_id).step == 2


async def test_nobody_who_left_is_called_when_a_circle_waits_for_its_host_or_is_let_go(scene: Scene) -> None:
    await scene.begin()
    soon = scene.env.now() + timedelta(minutes=30)
    live = await plan(scene, scene.ada, scene.bo, starts_at=soon, way=Way.LIVE, link="https://example.org/circle")
    written = await plan(scene, scene.bo, starts_at=soon)
    for circle_id in (live, written):
        await scene.app.circles.take(scene.guild.id, Person(scene.bo.id), circle_id, Role.GUARDIAN)
    await scene.later(minutes=16)
    leave(scene, scene.bo)

    await scene.later(minutes=14)
    await scene.later(minutes=5)
    leave(scene, scene.ada)
    await scene.later(hours=2)

    due = in_thread(scene, written)[-1].text
    assert due.startswith(f"{scene.host.mention}\nIt is time for this circle.")
    waits, let_go = (each.text for each in in_thread(scene, live)[-2:])
    assert waits.startswith(f"{scene.ada.mention}\nShould the host not be here, anyone may press *Begin* now")
    assert let_go.startswith(f"{scene.host.mention}\nThis circle does not take place.")


async def test_where_whoever_time_took_the_piece_from_has_left_it_moves_on_unsaid(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada, format_id="story-circle")
    leave(scene, scene.host)
    await scene.later(hours=23)

    [*_before, begun, first, called] = in_thread(scene, circle_id)
    assert "has begun" in begun.text
    assert f"is with you, {scene.host.mention}" in first.text
    assert f"is with you, {scene.ada.mention}" in called.text


async def test_a_harvest_is_left_to_others_where_its_harvester_left(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada)
    await scene.app.circles.take(scene.guild.id, Person(scene.ada.id), circle_id, Role.HARVESTER)
    leave(scene, scene.ada)

    await scene.app.circling.close(scene.guild.id, host(scene), circle_id)
    await scene.tick()

    asked = in_thread(scene, circle_id)[-1]
    assert asked.text.startswith(f"{scene.host.mention}\nThis circle is closed. Would you gather")


@pytest.mark.parametrize("months_later", [False, True])
async def test_whoever_was_forgotten_is_named_nowhere_in_a_circles_thread(scene: Scene, months_later: bool) -> None:
    await scene.begin()
    app, here, ada = scene.app, scene.guild.id, Person(scene.ada.id)
    await app.members.choose(here, scene.ada.id, hosting=HostingWish.CO_HOST)
    circle_id = await plan(scene, scene.bo, room=2)
    await scene.later(days=3, minutes=1)  # she is invited
    await answer(scene, scene.ada, circle_id, ComingKind.COMING)
    await answer(scene, scene.bo, circle_id, ComingKind.NOT)  # she has room
    await app.circles.take(here, host(scene), circle_id, Role.GUARDIAN)
    await app.circles.offer(here, host(scene), circle_id, Role.GUARDIAN, scene.ada.id)
    await scene.tick()
    await scene.later(days=6)  # she is reminded
    await scene.later(days=1)
    await app.circling.begin(here, host(scene), circle_id)
    await app.circling.next(here, host(scene), circle_id, 0)
    await app.circling.speak(here, host(scene), circle_id, SeatState.SPOKE)
    await scene.tick()
    named = [each.text for each in in_thread(scene, circle_id) if scene.ada.mention in each.text]
    for each in ("co-host this circle", "place has opened", "offers you", "a day away", "talking piece is with you"):
        assert any(each in text for text in named), each

    if months_later:
        await app.circling.close(here, host(scene), circle_id)
        await scene.later(days=100)
        await app.courier.tidy()
    await app.members.forget(here, ada.member_id)
    await scene.tick()

    said = [each.text for each in in_thread(scene, circle_id)]
    assert not any(scene.ada.mention in each for each in (*said, card_of(scene, circle_id)))
    assert any("talking piece is with you, someone" in each for each in said)
    assert any(scene.host.mention in each for each in said)


async def test_the_words_of_a_proposer_who_was_forgotten_stand_nowhere_in_the_circles_thread(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada, title="Quiet ovens", intention="To rest our hands.")
    await scene.app.circling.ring(scene.guild.id, circle_id)
    for step in range(2):
        await scene.app.circling.next(scene.guild.id, host(scene), circle_id, step)
        await scene.tick()
    before = [each.text for each in in_thread(scene, circle_id)]
    words = ("Quiet ovens", "To rest our hands.")
    assert [sum(each in text for text in before) for each in words] == [2, 2]  # two panels; a panel and the bell

    await scene.app.circling.close(scene.guild.id, host(scene), circle_id)
    await scene.later(days=100)
    await scene.app.courier.tidy()
    await scene.app.members.forget(scene.guild.id, scene.host.id)
    await scene.tick()

    after = [each.text for each in in_thread(scene, circle_id)]
    assert not any(each in text for text in (*after, card_of(scene, circle_id)) for each in words)
    kept = [each for each in after if each.startswith("-# Step ")]
    assert [each.splitlines()[1] for each in kept] == ["### Arriving", "### First round"]
    assert after[0].endswith("\nIt has begun.")
