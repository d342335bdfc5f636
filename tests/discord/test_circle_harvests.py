"""/circle lists what circles that are over have left: their harvests, and the published summaries of their threads."""

import discord
from simcord import MemberActor
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.formats import Role
from bot.services.people import Person
from bot.services.summary_terms import Place
from bot.store.summaries import Heading, Unmodelled
from bot.thread import Findings, Point, Source
from tests.discord.scene import Scene, said
from tests.discord.test_circles import card, person
from tests.discord.test_circling import pressed, running


async def harvested(scene: Scene) -> int:
    """Let a circle be held and harvested; return its thread's id."""
    circle_id = await running(scene, scene.ada)
    await scene.app.circles.take(scene.guild.id, person(scene, scene.ada), circle_id, Role.HARVESTER)
    await scene.app.circling.close(scene.guild.id, person(scene, scene.host), circle_id)
    await scene.tick()
    form = await pressed(scene, scene.ada, f"circle:{circle_id}:harvest")
    await scene.ada.submit_modal(form, {"lines": "We listened."})
    await scene.tick()
    return card(scene).id


async def summarised(scene: Scene, thread_id: int) -> int:
    """Publish a summary of a thread; return its message's id."""
    host = Person(scene.host.id, frozenset({scene.hosts.id}))
    terms = await scene.app.summaries.terms(scene.guild.id, host, Place(thread_id, scene.circles.id))
    point = Point(Heading.ASKED, "Who brings the bell?", (Source(thread_id, thread_id + 1, scene.ada.id),))
    findings = Findings("en", (point,), (), messages=1, unmodelled=Unmodelled.OFF)
    view = await scene.app.summaries.keep(terms, thread_id + 1, findings, 5)
    assert view.summary.id is not None
    await scene.app.summaries.publish(scene.guild.id, host, view.summary.id)
    await scene.tick()
    [kept] = await scene.app.summaries.past(scene.guild.id, thread_id, [], 5)
    assert kept.message_id is not None
    return kept.message_id


async def listed(scene: Scene, who: MemberActor) -> str:
    """Return what /circle shows somebody, asked where everyone may read."""
    return said(await who.slash(scene.checkins, "circle"))


async def test_a_circle_that_is_over_leaves_its_harvest_and_its_summary(scene: Scene) -> None:
    thread_id = await harvested(scene)
    [gathered] = [each for each in scene.messages(scene.thread(card(scene))) if "We listened." in each.text]
    link = f"https://discord.com/channels/{scene.guild.id}/{thread_id}"

    before = await listed(scene, scene.bo)
    assert "**Harvests**\n- Opening well, <t:" in before
    assert f"harvest: {link}/{gathered.id}" in before
    assert "summary:" not in before

    summary_id = await summarised(scene, thread_id)
    assert f"summary: {link}/{summary_id}" in await listed(scene, scene.bo)

    await scene.app.summaries.mark_confidential(scene.guild.id, thread_id)
    confidential = await listed(scene, scene.bo)
    assert f"harvest: {link}/{gathered.id}" in confidential
    assert "summary:" not in confidential


async def test_only_those_see_them_who_may_read_the_channel(scene: Scene) -> None:
    await harvested(scene)
    _allow, denied = discord.PermissionOverwrite(view_channel=False).pair()
    overwrite = Overwrite(target_id=scene.bo.id, type=OverwriteType.MEMBER, deny=denied.value)
    scene.env.backend.set_overwrite(scene.circles.id, overwrite)
    await scene.env.settle()

    assert "Harvests" not in await listed(scene, scene.bo)
    assert "Harvests" in await listed(scene, scene.ada)
