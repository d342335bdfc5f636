"""Weavings show the calls that wait for everyone."""

from bot.services.people import Person
from bot.store.calls import Audience
from tests.discord.scene import Scene
from tests.discord.test_call_cards import send


async def test_a_weaving_shows_calls_that_wait_and_nothing_of_those_for_a_few(scene: Scene) -> None:
    await scene.begin()
    round_card = await scene.open_round()
    await scene.check_in(scene.bo, round_card, "All well.")
    await scene.later(days=3, hours=23)
    waiting = await send(scene, scene.ada)
    await send(scene, scene.ada, audience=Audience.HOSTS)
    await send(scene, scene.ada, audience=Audience.NAMED, named=[scene.bo.id])
    met = await send(scene, scene.host)
    await scene.app.responses.with_you(scene.guild.id, Person(scene.bo.id), met.id or 0)

    await scene.later(hours=1)

    weaving = scene.messages(scene.checkins)[-1].text
    assert "Heard this time" in weaving
    calls = weaving.split("Calls that wait:")[1].splitlines()[1:-1]
    assert [each.split(" · ")[0] for each in calls] == [
        f"- https://discord.com/channels/{scene.guild.id}/{scene.calls.id}/{waiting.message_id}"
    ]


async def test_a_call_that_has_come_to_the_hosts_is_the_first_line_of_a_weaving_even_when_nobody_checked_in(
    scene: Scene,
) -> None:
    await scene.begin()
    await scene.open_round()
    call = await send(scene, scene.ada)

    await scene.later(days=2)
    await scene.later(days=2, hours=1)

    weaving = scene.messages(scene.checkins)[-1].text
    assert weaving.startswith("**These calls have not met a person yet:**\n- https://discord.com/channels/")
    assert f"/{call.message_id} · <t:" in weaving
    assert "It was quiet this time, which is fine." in weaving
