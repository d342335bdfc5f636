"""What a member takes away, and how they are forgotten."""

import json

from simcord import InteractionResult, MemberActor

from tests.discord.scene import Scene, said, thread_texts
from tests.discord.test_members import kept


async def open_panel(scene: Scene, actor: MemberActor | None = None, **options: str) -> InteractionResult:
    """Run /me in the check-in channel, as Ada unless told otherwise."""
    return await (actor or scene.ada).slash(scene.checkins, "me", **options)


async def press(scene: Scene, panel: InteractionResult, label: str) -> InteractionResult:
    """Press a button on Ada's panel."""
    assert panel.response is not None, said(panel)
    return await scene.ada.click(panel.response, label=label)


async def choose(scene: Scene, panel: InteractionResult, name: str, value: str) -> None:
    """Pick a value in one of the selects on Ada's panel."""
    assert panel.response is not None, said(panel)
    await scene.ada.select(panel.response, [value], custom_id=f"member:0:{name}")


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
    assert "came to a call, without a name" in said(panel)
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
