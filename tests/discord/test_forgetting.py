"""What a member takes away, and how they are forgotten."""

import json

from tests.discord.scene import Scene, said, thread_texts
from tests.discord.test_circle_harvests import summarised
from tests.discord.test_members import kept, open_panel, press


async def test_my_data_is_a_file_with_everything_for_the_member_alone(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Zwölf Wörter.", share="me")
    await scene.check_in(scene.bo, card, "Bo's own.")
    panel = await open_panel(scene)

    answer = await press(scene, panel, "My data")

    assert answer.ephemeral
    assert answer.response is not None
    file = answer.response.attachments[0]
    assert file.filename == "my-kith-data.json"
    text = (await file.read()).decode()
    assert json.loads(text)["check_ins"][0]["words"] == "Zwölf Wörter."
    assert "Bo's own." not in text


async def test_forgetting_first_says_what_goes_and_what_stays_and_does_nothing(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Still here.")
    panel = await open_panel(scene)

    await press(scene, panel, "Forget me")

    assert "the words of 1 check-in, with" in said(panel)
    assert "came to a call or a circle, without a name" in said(panel)
    await press(scene, panel, "No, go back")
    assert "your words in 1 check-in" in said(panel)
    assert "Still here." in thread_texts(scene, card)[0]


async def test_a_forgotten_member_is_gone_from_thread_weaving_and_rows(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Ada's words.")
    await scene.check_in(scene.bo, card, "Bo's words.")
    await scene.later(days=4, hours=1)
    assert scene.ada.mention in scene.messages(scene.checkins)[-1].text
    panel = await open_panel(scene)

    await press(scene, panel, "Forget me")
    await press(scene, panel, "Yes, forget me")

    assert "has forgotten you here" in said(panel)
    assert len(thread_texts(scene, card)) == 1
    assert "Bo's words." in thread_texts(scene, card)[0]
    weaving = scene.messages(scene.checkins)[-1].text
    assert scene.ada.mention not in weaving
    assert scene.bo.mention in weaving
    assert (await kept(scene))["check_ins"] == []


async def test_a_second_press_on_forget_me_changes_nothing(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Once.")
    first, second = await open_panel(scene), await open_panel(scene)
    await press(scene, first, "Forget me")
    await press(scene, second, "Forget me")

    await press(scene, first, "Yes, forget me")
    requests = len(scene.env.http_requests)
    await press(scene, second, "Yes, forget me")

    assert "has forgotten you here" in said(second)
    assert len(scene.env.http_requests) == requests + 1  # the answer alone
    assert "No words of yours" in said(await open_panel(scene))


async def test_words_in_a_summary_go_with_their_writer_and_so_does_the_wish_to_have_them_left_out(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Who brings the bell?")
    await scene.tick()
    await summarised(scene, card.id)
    panel = await open_panel(scene)
    assert "your words in 1 check-in and 1 summary" in said(panel)

    await press(scene, panel, "Leave my words out")
    assert (await kept(scene))["summaries_resting_on_your_words"] == []
    await press(scene, panel, "Forget me")
    assert "what rests on your words alone" in said(panel)
    assert "if you stay here, choose it anew" in said(panel)
    await press(scene, panel, "Yes, forget me")
    await scene.tick()

    assert (await kept(scene))["choices"]["words_left_out_of_summaries"] is False
    assert "bell" not in str(thread_texts(scene, card))
