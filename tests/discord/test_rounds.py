"""How a round goes on: closing, weaving, quiet, and what Discord may do to it."""

from datetime import timedelta

from tests.discord.scene import Scene, buttons, discord_press, said, thread_texts


async def test_a_closed_round_is_woven_with_those_who_were_heard_and_who_waits_for_a_reply(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Who has hosted online?")
    await scene.check_in(scene.bo, card, "All well.")
    await scene.check_in(scene.host, card, "Kept for hosts.", share="hosts")
    post = next(each for each in scene.thread(card).history() if "All well." in str(each.components))
    await scene.ada.send(scene.thread(card), "Glad to hear.", reply_to=post)

    await scene.later(days=4, hours=1)

    weaving = scene.messages(scene.checkins)[-1].text
    assert "woven" in weaving
    assert f"Heard this time: {scene.ada.mention}, {scene.bo.mention}" in weaving
    assert scene.host.mention not in weaving
    assert "Who will answer?" in weaving
    waiting = weaving.split("Who will answer?")[1]
    assert scene.ada.mention in waiting
    assert scene.bo.mention not in waiting
    assert "next check-in opens <t:" in weaving


async def test_a_reply_after_the_weaving_takes_the_answer_off_those_that_wait(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Who has hosted online?")
    post = scene.thread(card).history()[-1]
    await scene.later(days=4, hours=1)
    assert "Who will answer?" in scene.messages(scene.checkins)[-1].text

    await scene.bo.send(scene.thread(card), "I have.", reply_to=post)

    assert "Who will answer?" not in scene.messages(scene.checkins)[-1].text


async def test_a_round_without_public_words_closes_without_a_weaving(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.ada.click(card, label="Pass this time")
    await scene.check_in(scene.bo, card, "For me.", share="me")

    await scene.later(days=5)

    assert len(scene.messages(scene.checkins)) == 1
    assert buttons(scene, card) == ["Check in late"]


async def test_late_is_welcome_until_the_next_round_opens(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.later(days=5)

    form = await scene.ada.click(scene.message(scene.checkins, card.id), label="Check in late")
    answer = await scene.ada.submit_modal(form, {"words": "Sorry, harvest time.", "share": "everyone"})

    assert "Late is welcome" in said(answer)
    assert "late and welcome" in thread_texts(scene, card)[0]


async def test_words_given_in_time_stay_as_they_are_once_the_round_has_closed(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "As I said.")
    await scene.later(days=5)

    answer = await scene.ada.click(scene.message(scene.checkins, card.id), label="Check in late")

    assert answer.modal is None
    assert "has closed, so what you said in it stays" in said(answer)


async def test_who_answered_a_closed_round_writes_ahead_for_the_next(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "As I said.")
    await scene.later(days=5)

    form = await scene.ada.slash(scene.checkins, "checkin")
    kept = await scene.ada.submit_modal(form, {"words": "And for next week.", "share": "everyone"})

    assert "Kept for the next round" in said(kept)
    newer = await scene.open_round()
    await scene.later(seconds=10)
    assert "And for next week." in thread_texts(scene, newer)[0]


async def test_a_change_sent_after_the_round_closed_gives_the_words_back(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "As I said.")
    form = await scene.ada.click(card, label="Check in")
    await scene.later(days=5)

    answer = await scene.ada.submit_modal(form, {"words": "What I meant.", "share": "everyone"})

    assert "stays as it is" in said(answer)
    assert "What I meant." in said(answer)


async def test_a_form_sent_after_the_round_is_over_is_refused_and_gives_the_words_back(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    form = await scene.ada.click(card, label="Check in")
    await scene.open_round()

    answer = await scene.ada.submit_modal(form, {"words": "Written on the train.", "share": "everyone"})

    assert "over" in said(answer)
    assert "Written on the train." in said(answer)


async def test_a_press_on_a_card_from_last_month_answers_in_a_sentence(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    for _week in range(4):
        newer = await scene.open_round()
        await scene.bo.click(newer, label="Pass this time")
    assert buttons(scene, card) == []

    answer = await discord_press(scene, "round:1:open")

    assert "over" in said(answer)
    assert "/checkin" in said(answer)


async def test_two_quiet_rounds_and_the_hosts_are_asked_instead_of_a_third(scene: Scene) -> None:
    await scene.begin()
    await scene.open_round()
    await scene.open_round()

    await scene.later(days=8)

    asked = scene.messages(scene.checkins)[-1]
    assert "Does this rhythm still serve?" in asked.text
    assert scene.hosts.mention in asked.text
    await scene.later(days=30)
    assert scene.messages(scene.checkins)[-1].id == asked.id


async def test_a_pass_or_a_private_word_is_not_quiet(scene: Scene) -> None:
    await scene.begin()
    await scene.open_round()
    second = await scene.open_round()
    await scene.check_in(scene.ada, second, "Only for me.", share="me")

    third = await scene.open_round()

    assert "Check in" in buttons(scene, third)


async def test_buttons_and_open_forms_still_answer_after_a_restart(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    form = await scene.ada.click(card, label="Check in")

    await scene.restart()

    sent = await scene.ada.submit_modal(form, {"words": "Through the restart.", "share": "everyone"})
    passed = await scene.bo.click(scene.message(scene.checkins, card.id), label="Pass this time")
    assert "Thank you" in said(sent)
    assert "full answer" in said(passed)
    assert "Through the restart." in thread_texts(scene, card)[0]


async def test_a_card_that_may_not_be_posted_tells_the_hosts_in_another_channel(scene: Scene) -> None:
    await scene.begin()
    scene.env.inject_error("POST", f"/channels/{scene.checkins.id}/messages", status=403, code=50013, times=None)

    await scene.later(hours=2)

    note = scene.messages(scene.circles)[-1].text
    assert "was not posted" in note
    assert "/setup check" in note
    assert scene.hosts.mention in note


async def test_a_deleted_channel_tells_the_hosts_where_to_choose_another(scene: Scene) -> None:
    await scene.begin()
    scene.env.backend.delete_channel(scene.checkins.id)

    await scene.later(hours=2)

    note = scene.messages(scene.circles)[-1].text
    assert "gone" in note
    assert "/setup start" in note


async def test_an_answer_whose_card_was_deleted_is_kept_and_the_hosts_are_told(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    form = await scene.ada.slash(scene.checkins, "checkin")
    await scene.admin_deletes(card)

    answer = await scene.ada.submit_modal(form, {"words": "Still here.", "share": "everyone"})

    assert "Thank you" in said(answer)
    assert "words are kept" in scene.messages(scene.checkins)[-1].text


async def test_a_deleted_thread_is_made_anew_for_the_next_answer(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "First.")
    scene.env.backend.delete_channel(card.id)

    await scene.check_in(scene.bo, card, "Second.")

    assert [text.splitlines()[-1] for text in thread_texts(scene, card)] == ["> Second."]


async def test_without_a_rhythm_there_is_nothing_to_write_ahead_for(scene: Scene) -> None:
    await scene.begin()
    await scene.app.rhythms.end(scene.guild.id, scene.person, None)

    answer = await scene.ada.slash(scene.checkins, "checkin")

    assert "no check-in rhythm" in said(answer)


async def test_a_removed_bot_posts_nothing_and_goes_on_at_the_next_date_when_it_is_back(scene: Scene) -> None:
    await scene.begin()
    await scene.open_round()
    await scene.app.communities.left(scene.guild.id)
    await scene.later(days=20)
    assert len(scene.messages(scene.checkins)) == 1

    await scene.app.communities.returned(scene.guild.id)
    await scene.tick()
    assert len(scene.messages(scene.checkins)) == 1

    await scene.open_round()
    assert len(scene.messages(scene.checkins)) == 2


async def test_a_kick_and_a_new_invitation_are_noticed(scene: Scene) -> None:
    await scene.begin()

    scene.env.backend.remove_guild(scene.guild.id)
    await scene.env.settle()

    assert await scene.app.communities.all_left() == {scene.guild.id}


async def test_a_command_in_direct_messages_is_not_offered(scene: Scene) -> None:
    await scene.begin()

    commands = {command.name: command for command in scene.bot.tree.get_commands()}

    assert commands["checkin"].guild_only


async def test_a_reply_that_came_while_kith_was_away_still_counts(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Anyone?")
    post = scene.thread(card).history()[-1]
    scene.bot.dispatch = lambda *_args, **_kwargs: None  # pyright: ignore[reportUnknownLambdaType] -- no event reaches Kith while it is away
    await scene.bo.send(scene.thread(card), "Me.", reply_to=post)
    del scene.bot.dispatch

    await scene.later(days=4, hours=1)

    assert "Who will answer?" not in scene.messages(scene.checkins)[-1].text


async def test_the_hour_a_round_closes_is_four_days_later_on_the_same_clock(scene: Scene) -> None:
    await scene.begin(zone="Europe/Berlin")
    await scene.open_round()

    form = await scene.app.checkins.form(scene.guild.id, scene.ada.id)

    assert form.round is not None
    assert form.round.closes_at - form.round.opens_at == timedelta(days=4)


async def test_a_late_answer_is_among_those_that_wait_for_a_reply(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "In time.")
    await scene.later(days=4, hours=1)

    form = await scene.bo.click(scene.message(scene.checkins, card.id), label="Check in late")
    await scene.bo.submit_modal(form, {"words": "Late, with a question.", "share": "everyone"})

    waiting = scene.messages(scene.checkins)[-1].text.split("Who will answer?")[1]
    assert scene.bo.mention in waiting


async def test_a_form_for_writing_ahead_sent_after_the_round_opened_joins_it(scene: Scene) -> None:
    await scene.begin()
    form = await scene.ada.slash(scene.checkins, "checkin")
    card = await scene.open_round()

    await scene.ada.submit_modal(form, {"words": "Begun before the bell.", "share": "everyone"})

    assert "Begun before the bell." in thread_texts(scene, card)[0]


async def test_many_posts_refused_for_one_reason_are_one_note(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    scene.env.inject_error("POST", f"/channels/{card.id}/messages", status=403, code=50013, times=None)

    for number in range(5):
        await scene.check_in(scene.member(f"member{number}"), card, "Here.")
    await scene.later(minutes=1)

    notes = [each.text for each in scene.messages(scene.checkins) if "note for the hosts" in each.text]
    assert len(notes) == 1


async def test_a_post_refused_once_comes_when_the_round_closes(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    scene.env.inject_error("POST", f"/channels/{card.id}/messages", status=403, code=50013)
    await scene.check_in(scene.ada, card, "Heard at last.")
    assert thread_texts(scene, card) == []

    await scene.later(days=4, hours=1)

    assert "Heard at last." in thread_texts(scene, card)[0]


async def test_a_weaving_somebody_deleted_is_let_go_without_a_note(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Anyone?")
    post = scene.thread(card).history()[-1]
    await scene.later(days=4, hours=1)
    await scene.admin_deletes(scene.message(scene.checkins, scene.messages(scene.checkins)[-1].id))

    await scene.bo.send(scene.thread(card), "Me.", reply_to=post)

    assert not [each.text for each in scene.messages(scene.checkins) if "was not posted" in each.text]
    assert "Me." in thread_texts(scene, card)
