"""A live circle's scheduled event, kept in step with it, and what no kill may double or lose."""

from collections import Counter
from datetime import timedelta

import discord
import pytest
from simcord.backend.models import ScheduledEvent
from simcord.enums import ChannelType
from sqlmodel import Session, col, select

from bot import courier
from bot.store.deliveries import WAITING, Delivery, DeliveryKind, DeliveryState
from bot.store.rhythms import Way
from tests.discord.circle_scene import (
    TURNING_AWAY,
    card,
    groups,
    host,
    in_thread,
    notes,
    panel,
    place,
    plan,
    row,
    settled,
)
from tests.discord.scene import Scene, labels_of
from tests.discord.test_call_cards import mentions


class Crashed(BaseException):
    """Stands for kill −9."""


def events(scene: Scene) -> list[ScheduledEvent]:
    """Return the server's scheduled events."""
    return list(scene.env.backend.get_guild(scene.guild.id).scheduled_events.values())


def let_make_events(scene: Scene, *, allowed: bool) -> None:
    """Give Kith's role all permissions, or all but those for events."""
    guild = scene.bot.get_guild(scene.guild.id)
    assert guild is not None
    permissions = discord.Permissions.all()
    permissions.update(administrator=False, create_events=allowed, manage_events=allowed)
    role = guild.me.top_role
    scene.env.backend.edit_role(scene.guild.id, role.id, {"permissions": permissions.value})


def unsaid(scene: Scene) -> list[Delivery]:
    """Return what is due and not said yet."""

    def read(session: Session) -> list[Delivery]:
        due = select(Delivery).where(col(Delivery.state).in_(WAITING), Delivery.due_at <= scene.env.now())
        return list(session.exec(due).all())

    return scene.app.database.run_now(read)[0]


async def test_a_live_circle_has_an_event_that_moves_begins_and_ends_with_it(scene: Scene) -> None:
    await scene.begin()
    voice = scene.guild.create_voice_channel("hearth")

    circle_id = await plan(scene, scene.ada, way=Way.LIVE, place_id=voice.id)

    [event] = events(scene)
    assert (event.id, event.name, event.channel_id) == (row(scene, circle_id).event_id, "Opening *well*", voice.id)
    assert (event.entity_type, event.status) == (2, 1)
    assert event.description is not None
    assert event.description.startswith("To begin together.\n\nCheck-in circle, about 40 minutes.")
    assert event.description.endswith(f"/{scene.circles.id}/{card(scene, circle_id).id}")
    assert f"**How:** live, in <#{voice.id}>, about 40 minutes" in card(scene, circle_id).text

    later = row(scene, circle_id).starts_at + timedelta(days=1)
    await scene.app.circles.move(scene.guild.id, host(scene), circle_id, later)
    await scene.tick()
    assert event.scheduled_start_time == later.isoformat()
    for days in (8, 2):
        await scene.later(days=days)
    await scene.later(hours=23, minutes=50)
    assert "We begin <t:" in in_thread(scene, circle_id)[-1].text
    await scene.app.circling.begin(scene.guild.id, host(scene), circle_id)
    await scene.tick()
    assert event.status == 2
    assert labels_of(panel(scene, circle_id).components_raw) == ["Next", "+2 minutes", "Bell", "Close", "Confidential"]
    await scene.later(minutes=4)
    assert "The time for *Arriving* is over." in in_thread(scene, circle_id)[-1].text
    assert mentions(scene)[-1] == ([scene.host.id], [])
    await scene.app.circling.close(scene.guild.id, host(scene), circle_id)
    await scene.tick()
    assert event.status == 3
    assert {each.state for each in settled(scene, DeliveryKind.EVENT)} == {DeliveryState.SENT}


async def test_events_are_on_a_stage_or_elsewhere_and_are_cancelled_with_their_circle(scene: Scene) -> None:
    await scene.begin()
    stage = scene.guild.create_stage_channel("stage")
    gone = scene.guild.create_voice_channel("gone")
    scene.env.backend.delete_channel(gone.id)

    first = await plan(scene, way=Way.LIVE, place_id=stage.id)
    await plan(scene, way=Way.LIVE, link="https://meet.example.org/circle")
    third = await plan(scene, way=Way.LIVE, place_id=gone.id)
    await plan(scene)

    assert [each.entity_type for each in events(scene)] == [1, 3, 3]
    assert events(scene)[1].entity_metadata == {"location": "https://meet.example.org/circle"}
    assert str(events(scene)[2].entity_metadata).endswith(f"/{row(scene, third).message_id}'}}")
    await scene.app.circles.cancel(scene.guild.id, host(scene), first)
    await scene.tick()
    assert [each.status for each in events(scene)] == [4, 1, 1]


async def test_an_event_somebody_deleted_is_not_made_again(scene: Scene) -> None:
    await scene.begin()
    circle_id = await plan(scene, way=Way.LIVE)
    scene.env.backend.delete_scheduled_event(scene.guild.id, row(scene, circle_id).event_id or 0)

    later = row(scene, circle_id).starts_at + timedelta(days=1)
    await scene.app.circles.move(scene.guild.id, host(scene), circle_id, later)
    await scene.tick()

    assert events(scene) == []
    assert [each.reason for each in settled(scene, DeliveryKind.EVENT)] == ["", "event-gone"]
    assert notes(scene) == []


async def test_where_kith_may_make_no_events_the_hosts_hear_once_and_circles_go_on(scene: Scene) -> None:
    await scene.begin()
    let_make_events(scene, allowed=False)

    circle_id = await plan(scene, way=Way.LIVE)
    await scene.later(days=2)
    await plan(scene, way=Way.LIVE)

    assert len(notes(scene)) == 1
    assert "A live circle's event" in notes(scene)[0]
    assert "allow my role *Create Events*" in notes(scene)[0]
    assert events(scene) == []
    assert "**Host:**" in card(scene, circle_id).text

    let_make_events(scene, allowed=True)
    await plan(scene, way=Way.LIVE)
    assert len(events(scene)) == 1


async def test_killed_again_and_again_nothing_about_a_circle_is_said_or_made_twice_or_lost(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.begin()
    reached: Counter[str] = Counter()

    def die_every_other_time(step: str) -> None:
        reached[step] += 1
        if reached[step] % 2:
            raise Crashed

    async def come_through() -> None:
        for _death in range(100):
            if not unsaid(scene):
                return
            await scene.later(minutes=2)
        raise AssertionError([f"{each.kind} {each.key}" for each in unsaid(scene)])

    monkeypatch.setattr(courier, "checkpoint", die_every_other_time)
    live = await plan(scene, way=Way.LIVE)
    circle_id = await plan(scene, scene.ada, scene.bo, format_id="troika-consulting")
    await come_through()
    await scene.later(days=10)
    await scene.app.circling.begin(scene.guild.id, host(scene), circle_id)
    for number in range(TURNING_AWAY):
        await come_through()
        await scene.app.circling.next(scene.guild.id, host(scene), circle_id, number)
    await come_through()

    assert [each.id for each in events(scene)] == [row(scene, live).event_id]
    assert len([each for each in scene.messages(scene.circles) if "Learning circle" in each.text]) == 2
    steps = [each.text.splitlines()[0] for each in in_thread(scene, circle_id) if "Step " in each.text]
    assert [each.split(" of ")[0] for each in steps] == [f"-# Step {each + 1}" for each in range(TURNING_AWAY + 1)]
    assert [len(scene.messages(place(scene, each.thread_id))) for each in groups(scene, circle_id)] == [3, 1]
    private = [each for each in scene.env.backend.channels.values() if each.type == ChannelType.PRIVATE_THREAD]
    assert len(private) == 2
    assert reached["threaded"] > 3
    assert reached["evented"] == 1
    caplog.clear()  # each death is told in the log
