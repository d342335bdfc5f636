"""What members do with a round."""

from tests.discord.scene import Scene, said


async def test_a_round_opens_and_an_answer_appears_in_its_thread(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    answer = await scene.check_in(scene.ada, card, "I hosted my first circle.")

    assert "on their way" in said(answer)
    posts = scene.messages(scene.thread(card))
    assert [each.text for each in posts if "circle" in each.text]
