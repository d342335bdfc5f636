"""Reminders: once, by direct message, to those who asked and have neither answered nor passed."""

from datetime import timedelta

import discord
import pytest
from simcord import MemberActor

from tests.discord.scene import Scene, said, text_of
from tests.discord.test_members import choose, kept, open_panel, press


def direct_messages(scene: Scene, actor: MemberActor) -> list[str]:
    """Return what Kith wrote to a member directly."""
    channel_id = scene.env.backend.dm_channels.get(actor.id)
    if channel_id is None:
        return []
    return [text_of(each.components) for each in scene.env.backend.messages[channel_id].values()]


async def test_one_who_asked_is_reminded_once_before_the_round_closes(scene: Scene) -> None:
    await scene.begin()
    await press(scene, await open_panel(scene), "Remind me")
    await scene.open_round()

    await scene.later(days=3, hours=22)
    await scene.later(hours=1)

    assert len(direct_messages(scene, scene.ada)) == 1
    assert "Passing is a full answer" in direct_messages(scene, scene.ada)[0]
    assert direct_messages(scene, scene.bo) == []


@pytest.mark.parametrize("reason", ["answered", "passed", "away", "stopped", "left", "forgotten"])
async def test_nobody_else_is_reminded(scene: Scene, reason: str) -> None:
    await scene.begin()
    panel = await open_panel(scene)
    await press(scene, panel, "Remind me")
    card = await scene.open_round()

    if reason == "answered":
        await scene.check_in(scene.ada, card, "Here.", share="me")
    if reason == "passed":
        await scene.ada.click(card, label="Pass this time")
    if reason == "away":
        await open_panel(scene, away_until=(scene.env.now() + timedelta(days=10)).date().isoformat())
    if reason == "stopped":
        await press(scene, panel, "Stop reminders")
    if reason == "left":
        scene.env.backend.remove_member(scene.guild.id, scene.ada.id)
    if reason == "forgotten":
        await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.later(days=3, hours=22)

    assert direct_messages(scene, scene.ada) == []
    assert len(scene.messages(scene.checkins)) == 1


async def test_closed_direct_messages_turn_reminders_off_and_the_panel_says_why(scene: Scene) -> None:
    await scene.begin()
    panel = await open_panel(scene)
    await press(scene, panel, "Remind me")
    await scene.open_round()
    direct = await scene.bot.create_dm(discord.Object(scene.ada.id))
    scene.env.inject_error("POST", f"/channels/{direct.id}/messages", status=403, code=50007)

    await scene.later(days=3, hours=22)

    later = await open_panel(scene)
    assert "did not let my last one through" in said(later)
    assert (await kept(scene))["choices"]["direct_message_reminders"] is False
    assert len(scene.messages(scene.checkins)) == 1  # no note to the hosts
    await press(scene, later, "Remind me")
    await press(scene, later, "Stop reminders")
    assert "Kith writes to you only if you ask" in said(later)


async def test_changing_hour_and_zone_after_a_reminder_brings_no_second_one(scene: Scene) -> None:
    await scene.begin()
    panel = await open_panel(scene)
    await press(scene, panel, "Remind me")
    await scene.open_round()
    form = await scene.app.checkins.form(scene.guild.id, scene.ada.id)
    assert form.round is not None
    early = (form.round.closes_at - timedelta(hours=12)).hour
    await choose(scene, panel, "hour", str(early))
    await scene.later(days=3, hours=13)
    assert len(direct_messages(scene, scene.ada)) == 1

    await choose(scene, panel, "hour", str((early + 3) % 24))
    await open_panel(scene, zone="Europe/Berlin")
    await press(scene, panel, "Stop reminders")
    await press(scene, panel, "Remind me")
    await scene.later(hours=10)

    assert len(direct_messages(scene, scene.ada)) == 1
