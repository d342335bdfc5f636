"""What Discord refuses while a circle is said: no card or panel comes twice, and all leads to the channel it is in."""

from bot.services.people import Person
from bot.store.circles import ComingKind
from bot.store.rhythms import Way
from tests.discord.circle_scene import card, groups, host, in_thread, panel, plan, row, run
from tests.discord.scene import Scene, labels_of
from tests.discord.test_call_troubles import TOO_MANY_THREADS
from tests.discord.test_circle_events import events

REFUSED_EDIT = 50035


async def test_a_card_whose_thread_is_one_too_many_is_not_posted_again_with_each_answer(scene: Scene) -> None:
    await scene.begin()
    path = f"/channels/{scene.circles.id}/messages/*/threads"
    scene.env.inject_error("POST", path, status=400, code=TOO_MANY_THREADS, times=None)

    circle_id = await plan(scene, scene.ada, scene.bo)
    await scene.app.circles.answer(scene.guild.id, Person(scene.bo.id), circle_id, ComingKind.MAYBE)
    await scene.tick()

    assert [each.id for each in scene.messages(scene.circles)] == [card(scene, circle_id).id]
    assert scene.bo.mention not in card(scene, circle_id).text


async def test_a_panel_counts_also_where_the_buttons_of_the_last_one_stay(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene)
    thread_id = row(scene, circle_id).message_id
    scene.env.inject_error("PATCH", f"/channels/{thread_id}/messages/*", status=400, code=REFUSED_EDIT)

    for step in range(2):
        await scene.app.circling.next(scene.guild.id, host(scene), circle_id, step)
        await scene.tick()

    assert "Step 3 of 5" in panel(scene, circle_id).text
    carried = [each for each in in_thread(scene, circle_id) if "Next" in labels_of(each.components_raw)]
    assert ["Step 1" in carried[0].text, carried[1:]] == [True, [panel(scene, circle_id)]]


async def test_a_circle_whose_channel_was_deleted_leads_to_the_new_one(scene: Scene) -> None:
    await scene.begin()
    written = await run(scene, scene.ada, scene.bo, format_id="1-2-4-all")
    live = await plan(scene, way=Way.LIVE, link="https://example.org/circle")
    for step in range(2):
        await scene.app.circling.next(scene.guild.id, host(scene), written, step)
        await scene.tick()
    assert f"<#{groups(scene, written)[0].thread_id}>" in panel(scene, written).text

    for channel_id in (row(scene, written).message_id, row(scene, live).message_id, scene.circles.id):
        scene.env.backend.delete_channel(channel_id or 0)
    others = scene.guild.create_text_channel("other-circles")
    await scene.app.communities.choose(scene.guild.id, scene.person, circles_channel_id=others.id)
    for circle_id in (written, live):
        await scene.app.circles.answer(scene.guild.id, Person(scene.bo.id), circle_id, ComingKind.MAYBE)
    await scene.tick()
    await scene.app.circling.next(scene.guild.id, host(scene), written, 2)
    await scene.tick()

    thread_id = groups(scene, written)[0].thread_id
    assert f"<#{thread_id}>" in panel(scene, written).text
    assert scene.env.backend.get_channel(thread_id or 0).parent_id == others.id
    assert (events(scene)[0].description or "").endswith(f"{others.id}/{row(scene, live).message_id}")
