"""What is said, and to whom, while a circle waits for its host, goes on without someone, or is left by all."""

from datetime import timedelta
from typing import Any

from bot.formats import Role
from bot.services.people import Person
from bot.store.circles import CircleState, ComingKind
from bot.store.rhythms import Way
from tests.discord.circle_scene import card, host, in_thread, panel, place, plan, row, run
from tests.discord.scene import Scene, Seen, labels_of, said
from tests.discord.test_call_cards import mentions

LIVE: dict[str, Any] = {"way": Way.LIVE, "link": "https://example.org/circle"}


async def soon(scene: Scene, *coming: Any, **values: Any) -> int:
    """Have a circle planned in half an hour; return its id."""
    return await plan(scene, *coming, starts_at=scene.env.now() + timedelta(minutes=30), **values)


def last(scene: Scene, circle_id: int) -> Seen:
    """Return what was said last in a circle's thread."""
    return in_thread(scene, circle_id)[-1]


async def test_a_written_circles_host_and_guardian_are_called_and_it_begins_by_itself_for_those_who_come(
    scene: Scene,
) -> None:
    await scene.begin()
    circle_id = await soon(scene, scene.ada, scene.bo)
    await scene.app.circles.take(scene.guild.id, Person(scene.bo.id), circle_id, Role.GUARDIAN)
    start = int(row(scene, circle_id).starts_at.timestamp())

    await scene.later(minutes=30)
    called = last(scene, circle_id)
    assert mentions(scene)[-1] == ([scene.host.id, scene.bo.id], [])
    await scene.later(minutes=6)
    waits = panel(scene, circle_id)
    await scene.later(hours=6)

    assert called.text.startswith(
        f"{scene.host.mention}, {scene.bo.mention}\nIt is time for this circle. *Begin* is on"
    )
    assert f"with people coming it begins by itself <t:{start + 6 * 3600}:R>" in called.text
    assert "anyone may press the buttons now" in waits.text
    assert row(scene, circle_id).state is CircleState.RUNNING
    begun = last(scene, circle_id)
    assert "\nThis circle has begun. Its first step is here: " in begun.text
    assert begun.text.endswith(f"/{panel(scene, circle_id).id}")
    assert set(mentions(scene)[-1][0]) == {scene.host.id, scene.ada.id, scene.bo.id}


async def test_where_the_host_of_a_live_circle_is_not_there_the_guardian_hears_that_anyone_may_go_on(
    scene: Scene,
) -> None:
    await scene.begin()
    circle_id = await soon(scene, scene.ada, scene.bo, **LIVE)
    await scene.app.circles.take(scene.guild.id, Person(scene.bo.id), circle_id, Role.GUARDIAN)
    await scene.later(minutes=15)
    assert labels_of(panel(scene, circle_id).components_raw) == ["Begin"]
    await scene.later(minutes=15)
    assert "anyone may press" not in panel(scene, circle_id).text
    await scene.later(minutes=5)

    told = last(scene, circle_id)
    assert told.text.startswith(f"{scene.bo.mention}\nShould the host not be here, anyone may press *Begin* now: ")
    assert mentions(scene)[-1] == ([scene.bo.id], [])
    assert "anyone may press the buttons now" in panel(scene, circle_id).text
    thread = place(scene, row(scene, circle_id).message_id)
    begun = await scene.ada.click(scene.message(thread, panel(scene, circle_id).id), label="Begin")
    assert "It begins" in said(begun)
    await scene.tick()
    assert "Held by" in panel(scene, circle_id).text

    await scene.later(minutes=3)
    assert last(scene, circle_id).text.startswith(f"{scene.host.mention}\nThe time for *Arriving* is over.")
    await scene.later(minutes=5)
    told = last(scene, circle_id)
    assert told.text.startswith(f"{scene.bo.mention}\nShould the host not be here, anyone may press *Next* now: ")
    assert "anyone may press the buttons now" in panel(scene, circle_id).text


async def test_those_who_come_hear_when_nobody_begins_and_when_their_circle_is_let_go(scene: Scene) -> None:
    await scene.begin()
    circle_id = await soon(scene, scene.ada, **LIVE)
    await scene.later(minutes=35)
    assert last(scene, circle_id).text.startswith(f"{scene.ada.mention}\nShould the host not be here")
    assert mentions(scene)[-1] == ([scene.ada.id], [])

    await scene.later(hours=2)

    assert "This circle does not take place. Thank you" in last(scene, circle_id).text
    assert set(mentions(scene)[-1][0]) == {scene.host.id, scene.ada.id}


async def test_whoever_time_took_the_piece_from_hears_that_their_words_are_welcome(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada, format_id="story-circle")
    first = row(scene, circle_id).step_ends_at
    assert first is not None
    await scene.later(hours=23)  # the host's half of the time is over

    moved_on, called = in_thread(scene, circle_id)[-2:]
    welcome = "The talking piece has moved on from {}; your words are welcome at any time."
    assert moved_on.text == welcome.format(scene.host.mention)
    assert mentions(scene)[-2:] == [([], []), ([scene.ada.id], [])]
    assert f"The talking piece is with you, {scene.ada.mention}." in called.text
    await scene.later(hours=2)
    assert last(scene, circle_id).text == welcome.format(scene.ada.mention)
    assert row(scene, circle_id).step == 1


async def test_a_circle_that_everyone_has_left_says_so_once_and_asks_for_no_harvest(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada, format_id="story-circle")
    for each in (scene.ada, scene.host):
        await scene.app.circles.answer(scene.guild.id, Person(each.id), circle_id, ComingKind.NOT)
    await scene.tick()

    assert last(scene, circle_id).text == (
        "Nobody is in this circle any more, so it ends here. Thank you to everyone who was."
    )
    assert "This circle is closed." in panel(scene, circle_id).text
    assert not any(
        "Gather" in label for each in in_thread(scene, circle_id) for label in labels_of(each.components_raw)
    )


async def test_a_host_who_may_come_is_told_they_are_counted_on_and_is_reminded_with_the_others(scene: Scene) -> None:
    await scene.begin()
    circle_id = await plan(scene, scene.ada, starts_at=scene.env.now() + timedelta(days=2))
    maybe = [
        await each.click(scene.message(scene.circles, card(scene, circle_id).id), label="Maybe")
        for each in (scene.host, scene.ada)
    ]
    await scene.later(days=1)

    assert ["You hold a role, so the circle counts on you" in said(each) for each in maybe] == [True, False]
    assert f"**Who comes:** {scene.host.mention}" in card(scene, circle_id).text
    assert last(scene, circle_id).text.startswith(f"{scene.host.mention}\nThis circle is a day away")


async def test_the_harvester_hears_that_others_may_gather_after_a_day(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada)
    await scene.app.circling.close(scene.guild.id, host(scene), circle_id)
    await scene.tick()

    assert last(scene, circle_id).text.endswith("-# From a day after the close anyone who came may, if nobody has.")
