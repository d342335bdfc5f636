"""What becomes of a live circle whose channel or event somebody deleted, and how it moves to another place."""

from datetime import timedelta

from bot.store.deliveries import DeliveryKind, DeliveryState
from bot.store.rhythms import Way
from tests.discord.circle_scene import card, host, in_thread, plan, row, settled
from tests.discord.scene import Scene, said
from tests.discord.test_call_cards import mentions
from tests.discord.test_circle_events import events
from tests.discord.test_circles import press

STILL_OPEN = "live; where is still to be chosen"


async def test_a_circle_whose_channel_is_gone_says_so_and_its_host_chooses_another_in_move(scene: Scene) -> None:
    await scene.begin()
    hearth, garden = (scene.guild.create_voice_channel(name) for name in ("hearth", "garden"))
    circle_id = await plan(scene, scene.ada, way=Way.LIVE, place_id=hearth.id)

    scene.env.backend.delete_channel(hearth.id)
    await scene.later(days=8, hours=23, minutes=59)
    await scene.later(minutes=2)

    reminder, placeless = in_thread(scene, circle_id)[-2:]
    assert f"This circle is a day away: <t:{int(row(scene, circle_id).starts_at.timestamp())}:F>" in reminder.text
    assert STILL_OPEN in reminder.text
    assert placeless.text.startswith(f"{scene.host.mention}\nThe channel this circle was to meet in is gone.")
    assert mentions(scene)[-1] == ([scene.host.id], [])
    assert f"**How:** {STILL_OPEN}" in card(scene, circle_id).text
    assert str(events(scene)[0].entity_metadata).endswith(f"/{row(scene, circle_id).message_id}'}}")

    before = row(scene, circle_id).starts_at
    list_ = await scene.host.slash(scene.circles, "circle")
    when = {"when": f"{before:%Y-%m-%d %H:%M}"}
    both = {**when, "place": [garden], "link": "https://meet.example/garden"}
    refused = await scene.host.submit_modal(await press(scene.host, list_, "Move"), both)
    moved = await scene.host.submit_modal(await press(scene.host, list_, "Move"), {**when, "place": [garden]})
    await scene.tick()

    assert "Choose a channel, or write an address." in said(refused)
    assert f", live in {garden.mention}; those who come are told" in said(moved)
    assert row(scene, circle_id).starts_at == before
    assert f"live, in {garden.mention}." in in_thread(scene, circle_id)[-1].text
    assert set(mentions(scene)[-1][0]) == {scene.host.id, scene.ada.id}
    assert [(each.entity_type, each.channel_id) for each in events(scene)] == [(2, garden.id)]

    elsewhere = {**when, "link": "https://meet.example/garden"}
    await scene.host.submit_modal(await press(scene.host, list_, "Move"), elsewhere)
    as_it_is = await scene.host.submit_modal(await press(scene.host, list_, "Move"), when)
    await scene.tick()

    assert "live at https://meet.example/garden" in said(as_it_is)
    assert [each.text.count("has moved") for each in in_thread(scene, circle_id)][-2:] == [1, 1]
    assert events(scene)[0].entity_metadata == {"location": "https://meet.example/garden"}


async def test_whoever_deletes_a_circles_event_is_not_overruled_and_its_thread_says_once_that_it_takes_place(
    scene: Scene,
) -> None:
    await scene.begin()
    circle_id = await plan(scene, scene.ada, way=Way.LIVE)
    scene.env.backend.delete_scheduled_event(scene.guild.id, row(scene, circle_id).event_id or 0)

    await scene.later(days=8, hours=23, minutes=59)
    await scene.later(minutes=2)
    assert "This circle's event was deleted." in in_thread(scene, circle_id)[-1].text
    await scene.app.circles.move(
        scene.guild.id, host(scene), circle_id, row(scene, circle_id).starts_at + timedelta(days=1)
    )
    await scene.tick()

    told = [each.text for each in in_thread(scene, circle_id) if "event was deleted" in each.text]
    assert len(told) == 1
    assert told[0].startswith(f"{scene.host.mention}\nThis circle's event was deleted. The circle takes place")
    assert events(scene) == []


async def test_a_channel_kith_may_not_look_into_stays_a_circles_place(scene: Scene) -> None:
    await scene.begin()
    cellar = scene.guild.create_voice_channel("cellar")
    guild = scene.bot.get_guild(scene.guild.id)
    assert guild is not None
    guild._channels.pop(cellar.id)  # pyright: ignore[reportPrivateUsage] -- as for a bot that has just come back
    scene.env.inject_error("GET", f"/channels/{cellar.id}", status=403, code=50001)

    circle_id = await plan(scene, way=Way.LIVE, place_id=cellar.id)

    assert f"**How:** live, in {cellar.mention}," in card(scene, circle_id).text
    assert row(scene, circle_id).place_id == cellar.id


async def test_an_event_that_may_not_be_on_a_stage_names_the_stage_and_is_elsewhere(scene: Scene) -> None:
    await scene.begin()
    stage = scene.guild.create_stage_channel("the round room")
    scene.env.inject_error("POST", f"/guilds/{scene.guild.id}/scheduled-events", status=403, code=50013)

    await plan(scene, way=Way.LIVE, place_id=stage.id)

    [event] = events(scene)
    assert (event.entity_type, event.entity_metadata) == (3, {"location": "the round room"})
    assert {each.state for each in settled(scene, DeliveryKind.EVENT)} == {DeliveryState.SENT}
