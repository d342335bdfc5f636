"""What members press on a circle's card and in /me: whether they come, and which role they take, pass on or decline."""

from datetime import timedelta

from bot.formats import Role
from bot.store.members import HostingWish
from tests.discord.scene import Scene, discord_press, said
from tests.discord.test_circles import card, coming, labels, person, planned, press


async def test_members_say_whether_they_come_and_a_second_press_is_true_too(scene: Scene) -> None:
    await scene.begin()
    view = await planned(scene, scene.ada, room=2)
    at = int(view.circle.starts_at.timestamp())

    first = await scene.bo.click(card(scene), label="Come")
    again = await scene.bo.click(card(scene), label="Come")
    waits = await scene.host.click(card(scene), label="Come")
    await scene.restart()
    maybe = await scene.bo.click(card(scene), label="Maybe")
    declined = await scene.bo.click(card(scene), label="Not this time")
    twice = await scene.bo.click(card(scene), label="Not this time")
    await scene.tick()

    assert f"Good that you come. It begins <t:{at}:F>" in said(first)
    assert "already: you come" in said(again)
    assert "waiting list" in said(waits)
    assert "You can still come" in said(maybe)
    assert "a full answer" in said(declined)
    assert "already" in said(twice)
    [view] = await coming(scene)
    assert view.coming == [scene.ada.id, scene.host.id]


async def test_a_role_is_taken_held_given_back_and_refused_to_others(scene: Scene) -> None:
    await scene.begin()
    await planned(scene, scene.ada)

    taken = await scene.bo.click(card(scene), label="Guardian")
    refused = await scene.host.click(card(scene), label="Guardian")
    held = await scene.bo.click(card(scene), label="Guardian")
    assert "You hold this already: *guardian*" in said(held)
    assert labels(held) == ["Give it back", "Offer it to someone"]
    await scene.restart()
    freed = await press(scene.bo, held, "Give it back")
    nothing = await discord_press(scene, f"circle:{(await coming(scene))[0].circle.id}:free_guardian")

    assert taken.ephemeral
    assert "you are this circle's guardian" in said(taken)
    assert "\n- " in said(taken)
    assert f"{scene.bo.mention} has taken that already" in said(refused)
    assert "free for others now" in said(freed)
    assert "You don't hold that role" in said(nothing)
    assert list((await coming(scene))[0].roles) == [Role.CO_HOST]


async def test_whoever_never_hosted_co_hosts_and_a_host_hosts(scene: Scene) -> None:
    await scene.begin()
    await planned(scene, scene.host)

    first_time = await scene.bo.click(card(scene), label="I'll host")
    hosting = await scene.host.click(card(scene), label="I'll host")

    assert "you are this circle's co-host" in said(first_time)
    assert "You hold this already: *host*" in said(hosting)
    [view] = await coming(scene)
    held = {role: each.member_id for role, each in view.roles.items()}
    assert held == {Role.HOST: scene.host.id, Role.CO_HOST: scene.bo.id}


async def test_a_role_is_offered_to_someone_who_takes_it(scene: Scene) -> None:
    await scene.begin()
    await planned(scene, scene.host, format_id="story-circle")
    await scene.ada.click(card(scene), label="Harvester")
    held = await scene.ada.click(card(scene), label="Harvester")
    bot = scene.guild.add_member(scene.env.create_user("machine", bot=True))

    to_a_bot = await scene.ada.submit_modal(await press(scene.ada, held, "Offer it to someone"), {"people": [bot]})
    form = await press(scene.ada, held, "Offer it to someone")
    offered = await scene.ada.submit_modal(form, {"people": [scene.bo]})
    again = await scene.ada.submit_modal(await press(scene.ada, held, "Offer it to someone"), {"people": [scene.bo]})
    await scene.tick()
    circle_id = (await coming(scene))[0].circle.id
    taken = await discord_press(scene, f"circle:{circle_id}:take_harvester")

    assert "no bots" in said(to_a_bot)
    assert f"I ask {scene.bo.mention} in the circle's thread" in said(offered)
    assert "asked already" in said(again)
    assert "you gather this circle's harvest" in said(taken)
    assert (await coming(scene))[0].roles[Role.HARVESTER].member_id == scene.bo.id


async def test_whoever_was_invited_declines_and_others_are_told_how_to_take_it(scene: Scene) -> None:
    await scene.begin()
    await scene.app.members.choose(scene.guild.id, scene.bo.id, hosting=HostingWish.CO_HOST)
    view = await planned(scene, scene.ada, starts_at=scene.env.now() + timedelta(days=9))
    await scene.app.circles.give_back(scene.guild.id, person(scene, scene.ada), view.circle.id or 0, Role.CO_HOST)
    await scene.later(days=2, hours=1)

    declined = await discord_press(scene, f"circle:{view.circle.id}:decline")
    again = await discord_press(scene, f"circle:{view.circle.id}:decline")
    await scene.app.members.forget(scene.guild.id, scene.bo.id)
    uninvited = await discord_press(scene, f"circle:{view.circle.id}:decline")

    assert "a full answer" in said(declined)
    assert "You had said so already" in said(again)
    assert "You were not invited" in said(uninvited)


async def test_members_say_in_me_that_they_would_like_to_host(scene: Scene) -> None:
    await scene.begin()
    panel = await scene.ada.slash(scene.circles, "me")
    assert panel.response is not None

    await scene.ada.select(panel.response, ["host"], custom_id="member:0:hosting")

    assert (await scene.app.members.find(scene.guild.id, scene.ada.id)).member.hosting is HostingWish.HOST
    assert "Hosting circles" in said(panel)
