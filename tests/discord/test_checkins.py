"""What members do with a round: card, form, thread, weaving."""

import pytest
from simcord import InteractionResult

from tests.discord.scene import Scene, buttons, discord_press, said, thread_texts


async def press_answer(scene: Scene, result: InteractionResult, label: str) -> InteractionResult:
    """Press a button on a private answer, as the member who got it."""
    assert result.response is not None
    return await scene.ada.click(result.response, label=label)


async def test_nothing_is_posted_before_begin(scene: Scene) -> None:
    await scene.later(days=14)

    assert scene.messages(scene.checkins) == []
    answer = await scene.ada.slash(scene.checkins, "checkin")
    assert "has not begun" in said(answer)


async def test_a_card_shows_the_question_its_element_and_when_it_closes(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    text = scene.messages(scene.checkins)[-1].text
    assert "Check-in · " in text
    assert "\n## " in text
    assert "Open until <t:" in text
    assert buttons(scene, card) == ["Check in", "Pass this time"]
    assert card.flags.suppress_notifications


async def test_a_card_rings_only_for_the_role_that_asked_for_it(scene: Scene) -> None:
    listeners = scene.guild.create_role("Listeners", mentionable=True)
    await scene.begin(bell_role_id=listeners.id)
    card = await scene.open_round()

    sent = [each for each in scene.env.http_requests if each.path == f"/channels/{scene.checkins.id}/messages"][-1]
    assert not card.flags.suppress_notifications
    assert sent.json is not None
    assert sent.json["allowed_mentions"]["roles"] == [listeners.id]
    assert sent.json["allowed_mentions"].get("parse", []) == []


async def test_an_answer_for_everyone_appears_in_the_thread_in_the_members_name(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    answer = await scene.check_in(scene.ada, card, "I hosted my first circle.", arriving=["curious"])

    assert answer.ephemeral
    assert "on their way" in said(answer)
    assert thread_texts(scene, card) == [
        f"**{scene.ada.mention} checks in, arriving curious**\n> I hosted my first circle."
    ]


async def test_the_thread_is_made_with_the_first_answer_only(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    assert scene.checkins.threads == []

    await scene.check_in(scene.ada, card, "One.")
    await scene.check_in(scene.bo, card, "Two.")

    made = [each for each in scene.env.http_requests if each.path.endswith("/threads")]
    assert len(made) == 1
    assert len(thread_texts(scene, card)) == 2


@pytest.mark.parametrize(("share", "told"), [("hosts", "Only the hosts"), ("me", "Only you")])
async def test_an_answer_not_for_everyone_appears_nowhere(scene: Scene, share: str, told: str) -> None:
    await scene.begin()
    card = await scene.open_round()

    answer = await scene.check_in(scene.ada, card, "Between us.", share=share)

    assert told in said(answer)
    assert scene.checkins.threads == []


async def test_the_checkin_command_opens_the_latest_rounds_form(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    form = await scene.ada.slash(scene.circles, "checkin")
    await scene.ada.submit_modal(form, {"words": "From another channel.", "share": "everyone"})

    assert "From another channel." in thread_texts(scene, card)[0]


async def test_an_edit_starts_from_what_was_written_and_changes_the_post(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    answer = await scene.check_in(scene.ada, card, "First words.", arriving=["tired"])

    form = await press_answer(scene, answer, "Change it")
    assert "First words." in str(form.modal)
    changed = await scene.ada.submit_modal(form, {"words": "Better words.", "share": "everyone"})

    assert "Changed" in said(changed)
    assert len(thread_texts(scene, card)) == 1
    assert "Better words." in thread_texts(scene, card)[0]


async def test_making_an_answer_private_takes_its_post_away(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "For a moment.")

    await scene.check_in(scene.ada, card, "For a moment.", share="me")

    assert thread_texts(scene, card) == []


async def test_taking_back_erases_the_words_and_the_post(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    answer = await scene.check_in(scene.ada, card, "Said too much.")

    taken = await press_answer(scene, answer, "Take it back")
    again = await press_answer(scene, answer, "Take it back")

    assert "erased" in said(taken)
    assert "erased" in said(again)
    assert thread_texts(scene, card) == []
    form = await scene.ada.click(card, label="Check in")
    assert "Said too much." not in str(form.modal)


async def test_nobody_takes_back_another_members_words(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Mine.")
    others = await scene.check_in(scene.bo, card, "Also mine.")
    assert others.response is not None
    forged = discord_press(scene, "checkin:1:back")

    answer = await forged

    assert "nothing of yours" in said(answer)
    assert len(thread_texts(scene, card)) == 2


async def test_passing_is_an_answer_and_a_second_press_changes_nothing(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    first = await scene.ada.click(card, label="Pass this time")
    second = await scene.ada.click(card, label="Pass this time")

    assert "full answer" in said(first)
    assert said(second) == said(first)


async def test_passing_after_an_answer_leaves_the_answer(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "I am here.")

    answer = await scene.ada.click(card, label="Pass this time")

    assert "that stands" in said(answer)
    assert "I am here." in thread_texts(scene, card)[0]


async def test_an_answer_after_passing_counts(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.ada.click(card, label="Pass this time")

    await scene.check_in(scene.ada, card, "Changed my mind.")

    assert "Changed my mind." in thread_texts(scene, card)[0]


async def test_the_same_form_sent_twice_stands_once(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    first = await scene.ada.click(card, label="Check in")
    second = await scene.ada.click(card, label="Check in")

    await scene.ada.submit_modal(first, {"words": "Once.", "share": "everyone"})
    await scene.ada.submit_modal(second, {"words": "Once.", "share": "everyone"})

    assert len(thread_texts(scene, card)) == 1


async def test_words_of_spaces_only_are_refused_in_a_sentence(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    answer = await scene.check_in(scene.ada, card, " \n ​ ")

    assert "no words yet" in said(answer)
    assert scene.checkins.threads == []


async def test_writing_ahead_joins_the_next_round_when_it_opens(scene: Scene) -> None:
    await scene.begin()
    form = await scene.ada.slash(scene.checkins, "checkin")
    assert form.modal is not None
    assert form.modal["title"] == "Write ahead"

    kept = await scene.ada.submit_modal(form, {"words": "Before anyone.", "share": "everyone"})
    assert "Kept for the next round" in said(kept)
    card = await scene.open_round()
    await scene.later(seconds=10)

    assert "Before anyone." in thread_texts(scene, card)[0]


async def test_what_was_written_ahead_can_be_changed_before_and_after_it_joins(scene: Scene) -> None:
    await scene.begin()
    form = await scene.ada.slash(scene.checkins, "checkin")
    kept = await scene.ada.submit_modal(form, {"words": "First draft.", "share": "everyone"})

    again = await press_answer(scene, kept, "Change it")
    assert "First draft." in str(again.modal)
    await scene.ada.submit_modal(again, {"words": "Second draft.", "share": "everyone"})
    card = await scene.open_round()
    await scene.later(seconds=10)
    assert "Second draft." in thread_texts(scene, card)[0]

    joined = await press_answer(scene, kept, "Change it")
    assert "Second draft." in str(joined.modal)
    await scene.ada.submit_modal(joined, {"words": "Third draft.", "share": "everyone"})
    assert "Third draft." in thread_texts(scene, card)[0]


@pytest.mark.parametrize(("share", "told"), [("hosts", "Only the hosts"), ("me", "Only you")])
async def test_writing_ahead_says_who_will_read_it(scene: Scene, share: str, told: str) -> None:
    await scene.begin()
    form = await scene.ada.slash(scene.checkins, "checkin")

    kept = await scene.ada.submit_modal(form, {"words": "Between us.", "share": share})

    assert told in said(kept)
    assert "thread" not in said(kept)


async def test_a_need_leads_to_asking_for_it_whoever_may_read_the_words(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()

    public = await scene.check_in(scene.ada, card, "Help wanted.", need=True)
    private = await scene.check_in(scene.bo, card, "Help wanted.", need=True, share="me")

    assert "*Ask for it*" in said(public)
    assert "*Ask for it*" in said(private)
    assert "*Ask for it*" not in said(await scene.check_in(scene.host, card, "All is well."))
