"""How circles look and where things are said: cards, panels, talking piece, groups, harvest, and their events."""

from datetime import timedelta
from typing import Any

from simcord.enums import ChannelType
from sqlmodel import Session

from bot.formats import Role, our_formats
from bot.services.people import Person
from bot.services.running import WISHES_EVERY
from bot.store.circles import Circle, CircleState, ComingKind, Harvest, SeatState
from bot.store.deliveries import WAITING, DeliveryKind
from bot.store.members import HostingWish, saved_member
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
    run,
    settled,
)
from tests.discord.scene import Scene, labels_of, said
from tests.discord.test_call_cards import mentions
from tests.discord.test_communities import deny

CARRIED = ["Next", "+2 hours", "Bell", "Close", "Confidential"]
PIECE = ["I spoke", "Pass", "Silence"]


async def test_a_card_says_what_when_how_who_holds_it_and_who_comes(scene: Scene) -> None:
    await scene.begin()

    circle_id = await plan(scene, scene.ada, scene.bo, room=2)

    text = card(scene, circle_id).text
    at = int(row(scene, circle_id).starts_at.timestamp())
    assert "## Opening \\*well\\*\nTo begin together." in text
    assert f"**When:** <t:{at}:F> (<t:{at}:R>)" in text
    assert "**How:** in writing, in this card's thread, over 4 days at the most" in text
    assert "**Format:** Check-in circle. Good for arriving" in text
    assert "-# There is room for 2." in text
    assert f"**Host:** {scene.host.mention}\n**Guardian:** free\n**Who comes:** {scene.host.mention}, " in text
    assert f"**Waiting for room:** {scene.bo.mention}" in text
    assert labels_of(card(scene, circle_id).components_raw) == [
        *["Come", "Maybe", "Not this time"],
        *["I'll host", "Guardian"],
    ]
    assert scene.env.backend.get_channel(card(scene, circle_id).id).name == "Opening *well*"

    await scene.app.circles.answer(scene.guild.id, Person(scene.ada.id), circle_id, ComingKind.MAYBE)
    await scene.app.circles.cancel(scene.guild.id, host(scene), circle_id)
    await scene.tick()
    assert scene.ada.mention not in card(scene, circle_id).text
    assert f"planned for <t:{at}:F>, does not take place" in card(scene, circle_id).text
    assert labels_of(card(scene, circle_id).components_raw) == []
    assert "This circle does not take place." in in_thread(scene, circle_id)[-1].text


async def test_hosts_are_invited_reminded_and_told_of_changes_by_name(scene: Scene) -> None:
    await scene.begin()

    def write(session: Session) -> None:
        member = saved_member(session, scene.guild.id, scene.bo.id)
        member.hosting, member.has_hosted = HostingWish.HOST, True

    scene.app.database.run_now(write)
    circle_id = await plan(scene, scene.ada)
    await scene.app.circles.give_back(scene.guild.id, host(scene), circle_id, Role.HOST)
    await scene.tick()
    assert "is free again" in in_thread(scene, circle_id)[-1].text

    await scene.later(days=4)
    invited = in_thread(scene, circle_id)[-1]
    assert invited.text.startswith(f"{scene.bo.mention}\nWould you like to host this circle, <t:")
    assert labels_of(invited.components_raw) == ["I'll host", "Not this time"]
    assert mentions(scene)[-1] == ([scene.bo.id], [])

    await scene.app.circles.take(scene.guild.id, Person(scene.bo.id), circle_id, Role.HOST)
    await scene.app.circles.offer(scene.guild.id, Person(scene.bo.id), circle_id, Role.HOST, scene.host.id)
    await scene.tick()
    offered = in_thread(scene, circle_id)[-1]
    assert f"{scene.host.mention}, {scene.bo.mention} offers you to be host" in offered.text
    assert labels_of(offered.components_raw) == ["I'll take it"]
    assert mentions(scene)[-1] == ([scene.host.id], [])

    await scene.later(days=5, minutes=1)
    tomorrow = in_thread(scene, circle_id)[-1]
    assert "This circle is a day away: <t:" in tomorrow.text
    assert set(mentions(scene)[-1][0]) == {scene.host.id, scene.ada.id, scene.bo.id}
    later = row(scene, circle_id).starts_at + timedelta(days=8)
    await scene.app.circles.move(scene.guild.id, host(scene), circle_id, later)
    await scene.tick()
    assert f"This circle has moved. It meets <t:{int(later.timestamp())}:F>" in in_thread(scene, circle_id)[-1].text


async def test_first_timers_are_asked_to_co_host_beside_whoever_hosts(scene: Scene) -> None:
    await scene.begin()
    await scene.app.members.choose(scene.guild.id, scene.bo.id, hosting=HostingWish.HOST)
    hosted = await plan(scene, title="Ours", intention="")
    alone = await plan(scene)
    await scene.app.circles.give_back(scene.guild.id, host(scene), alone, Role.HOST)
    await scene.later(days=3)
    beside, unhosted = (in_thread(scene, each)[-1] for each in (hosted, alone))
    taken = await scene.bo.click(
        scene.message(place(scene, row(scene, alone).message_id), unhosted.id), label="I'll co-host"
    )

    assert f"{scene.bo.mention}\nWould you like to co-host this circle, <t:" in beside.text
    assert f"beside {scene.host.mention}?" in beside.text
    assert "Nobody hosts it yet" not in beside.text
    assert "beside whoever hosts it?\n-# Nobody hosts it yet. If it stays so, I carry the steps" in unhosted.text
    assert labels_of(beside.components_raw) == labels_of(unhosted.components_raw) == ["I'll co-host", "Not this time"]
    assert "you are this circle's co-host. Nobody hosts it yet." in said(taken)
    assert "## Ours\n**When:**" in card(scene, hosted).text.replace("\n\n", "\n")


async def test_a_circle_moved_after_its_time_has_its_panel_below_what_was_said_since(scene: Scene) -> None:
    await scene.begin()
    circle_id = await plan(scene, scene.ada, starts_at=scene.env.now() + timedelta(minutes=30))
    await scene.later(minutes=30)
    former = panel(scene, circle_id)
    await scene.app.circles.move(scene.guild.id, host(scene), circle_id, scene.env.now() + timedelta(days=2))
    await scene.later(days=1)
    await scene.later(days=1)

    said = in_thread(scene, circle_id)
    assert said[-2] == panel(scene, circle_id) != former
    assert "It is time for this circle." in said[-1].text
    assert [each.id for each in said if "Begin" in labels_of(each.components_raw)] == [said[-2].id]


async def test_those_invited_who_have_left_are_not_called(scene: Scene) -> None:
    await scene.begin()
    await scene.app.members.choose(scene.guild.id, scene.bo.id, hosting=HostingWish.CO_HOST)
    circle_id = await plan(scene, scene.ada)
    del scene.env.backend.get_guild(scene.guild.id).members[scene.bo.id]

    await scene.later(days=3, minutes=1)

    assert in_thread(scene, circle_id) == []
    assert settled(scene, DeliveryKind.CIRCLE_WORD)[0].reason == "no-longer"


async def test_the_panel_of_a_written_circle_follows_the_talking_piece_and_only_the_newest_has_buttons(
    scene: Scene,
) -> None:
    await scene.begin()
    circle_id = await run(scene, scene.ada)
    found = our_formats().format("en", "check-in-circle")
    assert found is not None

    begun, _due, first, told = in_thread(scene, circle_id)
    assert begun.text.endswith("It has begun.")
    assert told.text.startswith(
        f"{scene.host.mention}, {scene.ada.mention}\nThis circle has begun. Its first step is here"
    )
    assert told.text.endswith(f"/{first.id}")
    assert labels_of(begun.components_raw) == []
    assert "-# Step 1 of 5\n### Arriving" in first.text
    assert "To begin together." in first.text
    assert f"-# Held by host {scene.host.mention}." in first.text
    assert labels_of(first.components_raw) == CARRIED

    await scene.app.circling.next(scene.guild.id, host(scene), circle_id, 0)
    await scene.tick()
    assert labels_of(in_thread(scene, circle_id)[2].components_raw) == []
    assert "### Arriving" in in_thread(scene, circle_id)[2].text
    shown = panel(scene, circle_id)
    assert f"**The talking piece is with {scene.host.mention}.** It moves on <t:" in shown.text
    assert f"Then: {scene.ada.mention}" in shown.text
    assert labels_of(shown.components_raw) == [*PIECE, *CARRIED]
    piece = in_thread(scene, circle_id)[-1]
    assert f"The talking piece is with you, {scene.host.mention}." in piece.text
    assert f"/{row(scene, circle_id).message_id}/{shown.id}" in piece.text
    assert mentions(scene)[-1] == ([scene.host.id], [])

    await scene.app.circling.speak(scene.guild.id, host(scene), circle_id, SeatState.PASSED)
    await scene.tick()
    assert f"**The talking piece is with {scene.ada.mention}.**" in panel(scene, circle_id).text
    assert "pass" not in panel(scene, circle_id).text.split("Then:")[-1].lower()
    assert mentions(scene)[-1] == ([scene.ada.id], [])
    await scene.app.circling.ring(scene.guild.id, circle_id)
    await scene.tick()
    assert in_thread(scene, circle_id)[-1].text.endswith("We came here with an intention. To begin together.")


async def test_a_troika_is_told_each_step_where_its_groups_are_and_whoever_asks_is_let_in_afterwards(
    scene: Scene,
) -> None:
    await scene.begin()
    cy, dee, troika = scene.member("cy"), scene.member("dee"), our_formats().format("en", "troika-consulting")
    assert troika is not None
    circle_id = await run(scene, scene.ada, scene.bo, cy, dee, format_id=troika.id)

    async def on_to(step: int) -> None:
        for number in range(row(scene, circle_id).step, step):
            await scene.app.circling.next(scene.guild.id, host(scene), circle_id, number)
        await scene.tick()

    def told(group: int) -> list[str]:
        thread = place(scene, groups(scene, circle_id)[group].thread_id or 0)
        return [each.text for each in scene.messages(thread) if each.components_raw]

    await on_to(TURNING_AWAY - 2)
    for group, asks in enumerate((scene.host, cy)):
        assert f" · {asks.mention} asks this time · <#" in panel(scene, circle_id).text
        assert f"{asks.mention} asks this time. The step ends <t:" in told(group)[0]

    await on_to(TURNING_AWAY)
    threads = [scene.env.backend.get_channel(each.thread_id or 0) for each in groups(scene, circle_id)]
    kith, two, three = scene.env.backend.bot_user.id, {cy.id, dee.id}, {scene.host.id, scene.ada.id, scene.bo.id}
    assert [each.type for each in threads] == [ChannelType.PRIVATE_THREAD] * 3
    assert [set(each.thread_members) - {kith} for each in threads] == [three, two, three - {scene.host.id}]
    assert f"{scene.host.mention} turns away · <#{threads[2].id}>" in panel(scene, circle_id).text
    assert f"- {dee.mention} · {cy.mention} only listens · <#{threads[1].id}>" in panel(scene, circle_id).text
    assert told(0)[-1].startswith(f"{scene.host.mention}\nYou turn away now, and the others go on without you.")
    assert told(1)[-1].startswith(f"{cy.mention}, {dee.mention}\nYou are two: {cy.mention} only listens, while the")
    assert "This thread is for the two of you. Whoever turns away now is let in" in told(2)[0]
    assert [f"\n### {troika.steps[TURNING_AWAY].title}\n" in told(each)[-1] for each in range(3)] == [False, True, True]
    spoken_to = [each for users, _roles in mentions(scene)[-4:] for each in users]
    assert sorted(spoken_to) == sorted([*two, *three])

    await on_to(TURNING_AWAY + 1)
    assert scene.host.id in threads[2].thread_members
    assert "You can turn back now" in told(2)[-1]
    assert told(2)[-1].endswith(f"Your group goes on here: <#{threads[0].id}>")
    named = ", ".join(each.mention for each in (scene.host, scene.ada, scene.bo))
    assert told(0)[-1].startswith(f"{named}\n{scene.host.mention} asks this time. The step ends <t:")
    assert f"\n### {troika.steps[TURNING_AWAY + 1].title}\n" in told(0)[-1]
    assert f"<#{threads[0].id}>" in panel(scene, circle_id).text

    await on_to(TURNING_AWAY + 6)
    assert f"- {cy.mention}, {dee.mention} · this turn is for what is still open · <#" in panel(scene, circle_id).text
    assert f"{dee.mention}\nNobody asks this time: this turn is for what is still open between you." in told(1)[-1]

    await on_to(TURNING_AWAY + 7)
    late = scene.member("eve")
    await scene.app.circles.answer(scene.guild.id, Person(late.id), circle_id, ComingKind.COMING)
    await on_to(TURNING_AWAY + 8)
    assert "No turn" not in panel(scene, circle_id).text
    await on_to(TURNING_AWAY + 9)
    assert f"\nNo turn to ask came to {late.mention} this time; /call is there" in panel(scene, circle_id).text


async def test_the_harvest_is_shown_changed_where_it_stands_and_wishes_are_asked_for_every_fourth_time(
    scene: Scene,
) -> None:
    await scene.begin()

    def held(session: Session) -> None:
        for number in range(WISHES_EVERY - 1):
            values: dict[str, Any] = {"title": "Then", "format_id": "check-in-circle", "way": Way.LIVE}
            at = scene.env.now() - timedelta(days=number + 1)
            session.add(Circle(community_id=scene.guild.id, starts_at=at, state=CircleState.CLOSED, step=1, **values))

    scene.app.database.run_now(held)
    circle_id = await run(scene, scene.ada)
    await scene.app.circling.next(scene.guild.id, host(scene), circle_id, 0)
    await scene.app.circling.close(scene.guild.id, host(scene), circle_id)
    await scene.tick()
    asked, wishes = in_thread(scene, circle_id)[-2:]
    assert labels_of(asked.components_raw) == ["Gather the harvest"]
    assert labels_of(wishes.components_raw) == ["Say it", "Make the poll"]
    assert "What wants to happen next?" in wishes.text

    for lines in ("Begin *small*.", "Begin small, together."):
        await scene.app.circling.harvest(
            scene.guild.id, host(scene), circle_id, lines=lines, question="With whom?", thanks=""
        )
        await scene.tick()

    harvest = scene.app.database.run_now(lambda session: session.get_one(Harvest, circle_id))[0]
    gathered = [each for each in in_thread(scene, circle_id) if "What we take with us" in each.text]
    assert [each.id for each in gathered] == [harvest.message_id]
    assert "> Begin small, together." in gathered[0].text
    assert f"-# Gathered by {scene.host.mention}" in gathered[0].text


async def test_panels_that_could_not_be_posted_in_time_come_as_one(scene: Scene) -> None:
    await scene.begin()
    circle_id = await run(scene)
    before = len(in_thread(scene, circle_id))

    for step in range(3):
        await scene.app.circling.next(scene.guild.id, host(scene), circle_id, step)
    await scene.tick()

    panels = [each for each in in_thread(scene, circle_id)[before:] if "Step " in each.text]
    assert [each.text.splitlines()[0] for each in panels] == ["-# Step 4 of 5"]
    [first] = [each.text for each in in_thread(scene, circle_id)[:before] if "Step " in each.text]
    titles = [each.title for each in our_formats().all("en")[2].steps]
    assert first.startswith(f"-# Step 1 of 5\n### {titles[0]}\n")
    assert first.endswith(f"\n-# The circle has gone on past: {titles[1]}, {titles[2]}")
    assert [each for each in settled(scene, DeliveryKind.PANEL) if each.state in WAITING] == []


async def test_where_the_thread_was_deleted_it_is_made_anew_and_where_the_channel_was_the_hosts_hear(
    scene: Scene,
) -> None:
    await scene.begin()
    circle_id = await run(scene)
    scene.env.backend.delete_channel(row(scene, circle_id).message_id or 0)
    await scene.app.circling.next(scene.guild.id, host(scene), circle_id, 0)
    await scene.tick()
    assert "Step 2 of 5" in panel(scene, circle_id).text

    scene.env.backend.delete_channel(row(scene, circle_id).message_id or 0)
    scene.env.backend.delete_channel(scene.circles.id)
    await scene.app.circling.next(scene.guild.id, host(scene), circle_id, 1)
    await scene.tick()
    assert "The panel of a running circle" in notes(scene)[0]

    others = scene.guild.create_text_channel("other-circles")
    await scene.app.communities.choose(scene.guild.id, scene.person, circles_channel_id=others.id)
    await scene.app.circles.answer(scene.guild.id, Person(scene.ada.id), circle_id, ComingKind.COMING)
    await scene.tick()
    assert row(scene, circle_id).channel_id == others.id
    assert "Step 3 of 5" in panel(scene, circle_id).text


async def test_without_the_permission_for_private_threads_the_hosts_hear_and_the_circle_goes_on(scene: Scene) -> None:
    await scene.begin()
    deny(scene, scene.circles.id, create_private_threads=False)
    await scene.env.settle()

    circle_id = await run(scene, scene.ada, scene.bo, format_id="1-2-4-all")
    for number in range(3):
        await scene.app.circling.next(scene.guild.id, host(scene), circle_id, number)
        await scene.tick()

    assert "Something in a circle's thread" in notes(scene)[0]
    assert "Step 4 of" in panel(scene, circle_id).text
