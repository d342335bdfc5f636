"""/me: what members choose, read, take away with them, and how they are forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from simcord import InteractionResult, MemberActor

from bot.services.checkins import Answer
from bot.store.members import Share
from tests.discord.scene import Scene, said, thread_texts


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


def drawn(panel: InteractionResult) -> str:
    """Return everything the panel consists of at the moment."""
    assert panel.response is not None
    return str(panel.response.components)


async def kept(scene: Scene, actor: MemberActor | None = None) -> dict[str, Any]:
    """Return what is kept about a member, Ada unless told otherwise."""
    return await scene.app.members.export(scene.guild.id, (actor or scene.ada).id)


async def test_the_panel_shows_the_defaults_to_the_member_alone(scene: Scene) -> None:
    panel = await open_panel(scene)

    assert panel.ephemeral
    assert "UTC, as the community" in said(panel)
    assert "**Away:** no" in said(panel)
    assert "Kith writes to you only if you ask" in said(panel)
    assert "No words of yours are kept" in said(panel)
    assert scene.messages(scene.checkins) == []


async def test_options_are_kept_at_once_with_the_language_the_member_reads(scene: Scene) -> None:
    back = (scene.env.now() + timedelta(days=10)).date().isoformat()

    panel = await open_panel(scene, zone="europe/berlin", away_until=back)

    assert "**Time zone:** Europe/Berlin" in said(panel)
    assert "back on" in said(panel)
    choices = (await kept(scene))["choices"]
    assert choices["time_zone"] == "Europe/Berlin"
    assert choices["away_until"] == back
    assert choices["language"] == "en"


async def test_looking_at_the_panel_keeps_nothing(scene: Scene) -> None:
    await open_panel(scene)

    assert (await kept(scene))["choices"]["language"] is None


async def test_an_unknown_zone_is_refused_and_nothing_beside_it_is_kept(scene: Scene) -> None:
    back = (scene.env.now() + timedelta(days=10)).date().isoformat()

    answer = await open_panel(scene, zone="Middle-earth/Shire", away_until=back)

    assert "don't know that time zone" in said(answer)
    assert (await kept(scene))["choices"]["away_until"] is None


@pytest.mark.parametrize("days", [-3, 0, 367])
async def test_a_day_that_is_past_or_too_far_is_refused(scene: Scene, days: int) -> None:
    day = (scene.env.now() + timedelta(days=days)).date().isoformat()

    answer = await open_panel(scene, away_until=day)

    assert "after today and within a year" in said(answer)
    assert (await kept(scene))["choices"]["away_until"] is None


@pytest.mark.parametrize("typed", ["soon", "2027-02-30", "<@1>"])
async def test_a_date_that_cannot_be_read_is_refused(scene: Scene, typed: str) -> None:
    answer = await open_panel(scene, away_until=typed)

    assert "Pick one from the list" in said(answer)


@pytest.mark.parametrize("typed", ["no", "I am not away"])
async def test_not_away_ends_being_away(scene: Scene, typed: str) -> None:
    await open_panel(scene, away_until=(scene.env.now() + timedelta(days=10)).date().isoformat())

    panel = await open_panel(scene, away_until=typed)

    assert "**Away:** no" in said(panel)
    assert (await kept(scene))["choices"]["away_until"] is None


async def test_a_member_who_is_back_early_says_so_with_a_button(scene: Scene) -> None:
    panel = await open_panel(scene, away_until=(scene.env.now() + timedelta(days=10)).date().isoformat())

    await press(scene, panel, "I am back")

    assert "**Away:** no" in said(panel)


async def test_zones_are_suggested_as_one_types(scene: Scene) -> None:
    choices = await scene.ada.autocomplete(scene.checkins, "me", "zone", "nairo")

    assert choices == [{"name": "Africa/Nairobi", "value": "Africa/Nairobi"}]


async def test_days_are_suggested_in_words_and_stand_for_dates(scene: Scene) -> None:
    tomorrow = (scene.env.now() + timedelta(days=1)).date()

    choices = await scene.ada.autocomplete(scene.checkins, "me", "away_until", "")

    assert choices[0] == {"name": "I am not away", "value": "no"}
    assert choices[1]["value"] == tomorrow.isoformat()
    assert str(tomorrow.year) in choices[1]["name"]
    assert "in 2 weeks" in str(choices)
    assert len(choices) <= 25


async def test_a_typed_date_is_suggested_in_words_and_a_past_one_is_not(scene: Scene) -> None:
    day = (scene.env.now() + timedelta(days=40)).date().isoformat()

    typed = await scene.ada.autocomplete(scene.checkins, "me", "away_until", day)
    past = await scene.ada.autocomplete(scene.checkins, "me", "away_until", "2020-01-01")
    nothing = await scene.ada.autocomplete(scene.checkins, "me", "away_until", "whenever")

    assert [each["value"] for each in typed] == [day]
    assert past == []
    assert nothing == []


async def test_each_choice_on_the_panel_is_kept_at_once_and_redraws_it(scene: Scene) -> None:
    panel = await open_panel(scene)

    await press(scene, panel, "Remind me")
    await choose(scene, panel, "hour", "18")
    await choose(scene, panel, "share", "hosts")

    assert "On: one for each round" in said(panel)
    choices = (await kept(scene))["choices"]
    assert choices["direct_message_reminders"] is True
    assert choices["reminder_hour"] == 18
    assert choices["answers_shared_with"] == "hosts"
    assert choices["language"] == "en"
    await press(scene, panel, "Stop reminders")
    assert "Kith writes to you only if you ask" in said(panel)


async def test_the_form_starts_with_who_may_see_it_as_chosen_on_the_panel(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await choose(scene, await open_panel(scene), "share", "me")

    await scene.check_in(scene.ada, card, "As I like it.")

    assert (await kept(scene))["check_ins"][0]["shared_with"] == "me"
    assert thread_texts(scene, card) == []


async def test_the_panel_still_answers_after_a_restart(scene: Scene) -> None:
    panel = await open_panel(scene)

    await scene.restart()
    await press(scene, panel, "Remind me")

    assert "On: one for each round" in said(panel)


async def test_the_command_is_not_offered_in_direct_messages(scene: Scene) -> None:
    commands = {command.name: command for command in scene.bot.tree.get_commands()}

    assert commands["me"].guild_only


async def test_my_words_shows_everything_i_wrote_whoever_may_see_it(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Only for my own eyes.", share="me")
    await scene.check_in(scene.bo, card, "Not Ada's.", share="me")
    next_card = await scene.open_round()
    await scene.check_in(scene.ada, next_card, "For the hosts.", share="hosts")
    panel = await open_panel(scene)
    assert "your words in 2 check-ins" in said(panel)

    await press(scene, panel, "My words")

    assert panel.ephemeral
    assert said(panel).index("For the hosts.") < said(panel).index("Only for my own eyes.")
    assert "shared with hosts" in said(panel)
    assert "only for you" in said(panel)
    assert "Not Ada's." not in said(panel)
    await press(scene, panel, "Back")
    assert "**Kept:**" in said(panel)


async def test_words_written_ahead_can_be_read_and_taken_back(scene: Scene) -> None:
    await scene.begin()
    await scene.app.checkins.write(scene.guild.id, scene.ada.id, None, Answer("Ahead of time.", Share.EVERYONE))
    panel = await open_panel(scene)
    await press(scene, panel, "My words")
    assert "Written ahead" in said(panel)

    await press(scene, panel, "Take it back")

    assert "No check-ins of yours" in said(panel)
    assert (await kept(scene))["check_ins"] == []


async def test_taking_back_from_my_words_removes_the_post_even_weeks_later(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Too much.")
    await scene.open_round()
    panel = await open_panel(scene)
    await press(scene, panel, "My words")

    await press(scene, panel, "Take it back")

    assert "Too much." not in said(panel)
    assert thread_texts(scene, card) == []


async def test_a_post_in_a_thread_at_rest_is_removed_and_the_thread_rests_again(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Long ago.")
    post = scene.thread(card).history()[-1]
    scene.env.inject_error("DELETE", f"/channels/{card.id}/messages/{post.id}", status=400, code=50083)

    await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.tick()

    assert thread_texts(scene, card) == []
    patched = [each.json for each in scene.env.http_requests if each.path == f"/channels/{card.id}" and each.json]
    assert [each["archived"] for each in patched] == [False, True]


async def test_a_post_that_may_not_be_removed_is_told_to_the_hosts(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Stuck.")
    post = scene.thread(card).history()[-1]
    scene.env.inject_error("DELETE", f"/channels/{card.id}/messages/{post.id}", status=403, code=50001)

    await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.tick()

    note = scene.messages(scene.checkins)[-1].text
    assert "still in the thread" in note
    assert "by hand" in note
    assert scene.ada.mention not in note


async def test_many_long_check_ins_come_in_pages_that_fit_a_message(scene: Scene) -> None:
    await scene.begin()
    for number in range(7):
        card = await scene.open_round()
        await scene.check_in(scene.ada, card, f"N{number}" + "\n*" * 499)

    panel = await open_panel(scene)
    await press(scene, panel, "My words")
    read = [said(panel)]
    while "Older words" in drawn(panel):
        await press(scene, panel, "Older words")
        read.append(said(panel))

    assert max(len(page) for page in read) <= 4000
    assert [number for number in range(7) if f"N{number}" in "".join(read)] == list(range(7))
    await press(scene, panel, "Latest words")
    assert said(panel) == read[0]


async def test_what_a_member_offers_is_shown_and_taken_back_on_the_panel(scene: Scene) -> None:
    await open_panel(scene, offer="Listening")
    panel = await open_panel(scene, offer="*grants*")
    assert "> Listening\n> \\*grants\\*" in said(panel)
    assert "Others see an offer when it is why you were asked" in said(panel)
    bread = await scene.bo.autocomplete(scene.checkins, "me", "offer", "LIST")
    assert bread == [{"name": "Listening", "value": "Listening"}]
    offers = (await scene.app.members.find(scene.guild.id, scene.ada.id)).offers

    await choose(scene, panel, "offer", str(offers[0].id))

    assert "Listening" not in said(panel)
    assert [each["words"] for each in (await kept(scene))["offers"]] == ["*grants*"]


async def test_an_offer_too_many_is_refused_with_what_to_do(scene: Scene) -> None:
    for number in range(5):
        await scene.app.members.choose(scene.guild.id, scene.ada.id, offer=f"offer {number}")

    answer = await open_panel(scene, offer="one more")

    assert "Take one back in /me first" in said(answer)


async def test_a_line_about_oneself_is_written_in_a_form_changed_and_taken_back(scene: Scene) -> None:
    panel = await open_panel(scene)
    form = await press(scene, panel, "Write it")
    await scene.ada.submit_modal(form, {"about": "I bake\nand @everyone listens"})
    assert "> I bake and @\u200beveryone listens" in said(panel)

    form = await press(scene, panel, "Change it")
    assert "I bake and @everyone listens" in str(form.modal)
    await scene.ada.submit_modal(form, {"about": ""})

    assert (await kept(scene))["choices"]["about_me"] == ""


async def test_members_say_how_often_they_may_be_asked_and_whether_they_keep_calls(scene: Scene) -> None:
    panel = await open_panel(scene)

    await choose(scene, panel, "asks", "0")
    await press(scene, panel, "Take turns")

    assert "I take turns" in said(panel)
    choices = (await kept(scene))["choices"]
    assert (choices["asked_at_most_in_30_days"], choices["takes_turns_as_keeper"]) == (0, True)
    await press(scene, panel, "No more turns")
    assert not (await kept(scene))["choices"]["takes_turns_as_keeper"]


async def test_a_member_leaves_their_words_out_of_summaries_and_lets_them_in_again(scene: Scene) -> None:
    panel = await open_panel(scene)
    assert "They may be in one, by your name." in drawn(panel)

    await press(scene, panel, "Leave my words out")
    assert (await kept(scene))["choices"]["words_left_out_of_summaries"] is True
    assert "they go into no summary and to no language model" in said(await open_panel(scene))

    await press(scene, await open_panel(scene), "Let them in")
    assert (await kept(scene))["choices"]["words_left_out_of_summaries"] is False
