"""What members do with the card that says who keeps calls."""

from datetime import timedelta

import discord
from simcord import MemberActor

from tests.discord.scene import Scene, Seen, labels_of, said


async def with_a_turn(scene: Scene, *keeping: MemberActor) -> discord.Message:
    """Let the first keeper's turn begin, with these volunteers; return its card."""
    await let_a_turn_begin(scene, *keeping)
    return scene.message(scene.calls, cards(scene)[-1].id)


async def let_a_turn_begin(scene: Scene, *keeping: MemberActor) -> None:
    """Add the keeper's rhythm as a host, with these volunteers, and wait for the first turn."""
    await scene.begin()
    for member in keeping:
        await scene.app.keepers.volunteer(scene.guild.id, member.id, keeps=True)
    soon = scene.env.now() + timedelta(hours=1)
    added = await scene.host.slash(
        scene.checkins, "rhythm add", weekday=soon.weekday(), time=f"{soon:%H:%M}", what="keeper"
    )
    assert "Keeper of calls: every" in said(added)
    await scene.later(hours=1)


def cards(scene: Scene) -> list[Seen]:
    """Return what stands in the channel for calls."""
    return scene.messages(scene.calls)


def mentioned(scene: Scene) -> list[list[int]]:
    """Return whom each message Kith posted in the channel for calls called by name, and that it was silent."""
    path = f"/channels/{scene.calls.id}/messages"
    posts = [each.json for each in scene.env.http_requests if (each.method, each.path) == ("POST", path) and each.json]
    assert all(each["flags"] & discord.MessageFlags(suppress_notifications=True).value for each in posts)
    return [each["allowed_mentions"].get("users", []) for each in posts]


async def test_the_card_says_who_keeps_and_until_when_and_calls_only_them(scene: Scene) -> None:
    await with_a_turn(scene, scene.ada)

    [card] = cards(scene)
    until = int((scene.env.now() + timedelta(weeks=1)).timestamp())
    assert f"{scene.ada.mention} keeps calls until <t:{until}:f>" in card.text
    assert "only see that each call meets a person" in card.text
    assert labels_of(card.components_raw) == ["Hand on", "I'll take this week", "Count me in", "Count me out"]
    assert mentioned(scene) == [[scene.ada.id]]


async def test_handing_on_brings_a_new_card_that_calls_whoever_keeps_now(scene: Scene) -> None:
    card = await with_a_turn(scene, scene.ada, scene.bo)

    answer = await scene.ada.click(card, label="Hand on")

    assert answer.ephemeral
    assert f"{scene.bo.mention} keeps calls from now on" in said(answer)
    [handed] = cards(scene)
    assert f"{scene.bo.mention} keeps calls" in handed.text
    assert mentioned(scene) == [[scene.ada.id], [scene.bo.id]]


async def test_with_nobody_else_in_line_the_hosts_keep_and_the_card_says_so(scene: Scene) -> None:
    card = await with_a_turn(scene, scene.ada)

    answer = await scene.host.click(card, label="Hand on")

    assert "Nobody else is in line" in said(answer)
    [handed] = cards(scene)
    assert "the hosts keep calls until" in handed.text
    assert labels_of(handed.components_raw) == ["I'll take this week", "Count me in", "Count me out"]
    assert mentioned(scene) == [[scene.ada.id]]


async def test_after_a_restart_a_member_takes_the_turn(scene: Scene) -> None:
    card = await with_a_turn(scene, scene.ada)
    await scene.restart()

    answer = await scene.bo.click(scene.message(scene.calls, card.id), label="I'll take this week")

    assert "You keep calls until" in said(answer)
    assert f"{scene.bo.mention} keeps calls" in cards(scene)[-1].text
    again = await scene.bo.click(scene.message(scene.calls, cards(scene)[-1].id), label="I'll take this week")
    assert "You keep calls already" in said(again)


async def test_members_are_counted_in_and_out(scene: Scene) -> None:
    card = await with_a_turn(scene, scene.ada)

    inside = await scene.bo.click(card, label="Count me in")
    await scene.ada.click(card, label="Count me in")
    kept = await scene.ada.click(card, label="Count me out")
    outside = await scene.host.click(card, label="Count me out")

    assert "You are in line" in said(inside)
    assert "stays yours until you press *Hand on*" in said(kept)
    assert "You are counted out. Thank you" in said(outside)
    await scene.later(weeks=1)
    over, now = cards(scene)
    assert f"This turn is over. Thank you for keeping, {scene.ada.mention}" in over.text
    assert labels_of(over.components_raw) == []
    assert f"{scene.bo.mention} keeps calls" in now.text


async def test_nobody_is_called_who_has_left(scene: Scene) -> None:
    scene.env.backend.remove_member(scene.guild.id, scene.ada.id)

    await with_a_turn(scene, scene.ada, scene.bo)

    assert f"{scene.bo.mention} keeps calls" in cards(scene)[-1].text
    assert mentioned(scene) == [[scene.bo.id]]


async def test_a_new_card_that_comes_too_late_is_left_out(scene: Scene) -> None:
    card = await with_a_turn(scene, scene.ada, scene.bo)
    scene.env.inject_error("POST", f"/channels/{scene.calls.id}/messages", status=503)

    await scene.ada.click(card, label="Hand on")
    await scene.later(weeks=1)

    over, now = cards(scene)
    assert over.id == card.id
    assert f"Thank you for keeping, {scene.bo.mention}" in over.text
    assert f"{scene.ada.mention} keeps calls" in now.text


async def test_the_hosts_hear_when_the_card_could_not_be_posted(scene: Scene) -> None:
    scene.env.inject_error("POST", f"/channels/{scene.calls.id}/messages", status=403, code=50013)

    await let_a_turn_begin(scene, scene.ada)
    await scene.later(minutes=1)

    assert "says who keeps calls was not posted" in scene.messages(scene.checkins)[-1].text
    check = said(await scene.admin.slash(scene.checkins, "setup check"))
    assert "a keeper's turn begins" in check
    assert "the card that says who keeps calls. I am not allowed to post there" in check
