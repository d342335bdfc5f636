"""What members and hosts do with /rhythm."""

from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord import InteractionResult, MemberActor

from tests.discord.scene import Scene, labels_of, said


def labels(result: InteractionResult) -> list[str]:
    """Return the labels of the buttons on a private answer."""
    assert result.response is not None
    return labels_of(result.response._message.components)  # pyright: ignore[reportPrivateUsage] -- the raw parts, as sent


async def press(actor: MemberActor, result: InteractionResult, label: str) -> InteractionResult:
    """Press a button on a private answer, as the member who got it."""
    assert result.response is not None
    return await actor.click(result.response, label=label)


def panel(result: InteractionResult) -> str:
    """Return what the private panel of an answer shows now."""
    assert result.response is not None
    return said(result)


async def test_a_member_reads_the_rule_and_the_next_three_dates(scene: Scene) -> None:
    await scene.begin(zone="Europe/Berlin")

    answer = await scene.ada.slash(scene.checkins, "rhythm list")

    assert answer.ephemeral
    assert "**Check-in: every " in said(answer)
    assert "(Europe/Berlin)" in said(answer)
    assert said(answer).count("<t:") == 3
    assert said(answer).count(":F>") == 3
    assert labels(answer) == []


async def test_before_there_is_a_rhythm_the_list_says_how_one_is_made(scene: Scene) -> None:
    answer = await scene.ada.slash(scene.checkins, "rhythm list")

    assert "/rhythm add" in said(answer)


async def test_a_host_adds_a_rhythm(scene: Scene) -> None:
    await scene.begin()

    answer = await scene.host.slash(
        scene.checkins, "rhythm add", weekday=3, time="9.30pm", every=2, turn="-1", zone="asia/tokyo"
    )

    assert "Check-in: the last Thursday of every 2 months at 21:30 (Asia/Tokyo)" in said(answer)
    assert said(answer).count("<t:") == 3
    assert len(await scene.app.rhythms.overview(scene.guild.id)) == 2


async def test_a_rhythm_added_before_begin_says_that_nothing_is_posted_yet(scene: Scene) -> None:
    answer = await scene.admin.slash(scene.checkins, "rhythm add", weekday=0)

    assert "Check-in: every Monday at 09:00 (UTC)" in said(answer)
    assert "Nothing is posted before *Begin*" in said(answer)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"time": "half nine"}, "Write it as 09:00"),
        ({"time": "25:00"}, "Write it as 09:00"),
        ({"zone": "Atlantis"}, "such as Europe/Berlin"),
        ({"every": 13, "turn": "1"}, "1 to 12 months"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_what_to_write(
    scene: Scene, options: dict[str, Any], told: str
) -> None:
    await scene.begin()

    added = await scene.host.slash(scene.checkins, "rhythm add", weekday=0, **options)
    moved = await scene.host.slash(scene.checkins, "rhythm move", **options)

    assert told in said(added)
    assert told in said(moved)
    assert len(await scene.app.rhythms.overview(scene.guild.id)) == 1


async def test_a_sixth_rhythm_is_refused(scene: Scene) -> None:
    for weekday in range(5):
        await scene.admin.slash(scene.checkins, "rhythm add", weekday=weekday)

    answer = await scene.admin.slash(scene.checkins, "rhythm add", weekday=5)

    assert "five rhythms already" in said(answer)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("add", {"weekday": 0}),
        ("move", {"time": "10"}),
        ("skip", {}),
        ("pause", {"until": "2030-01-01"}),
        ("resume", {}),
        ("end", {}),
    ],
)
async def test_only_hosts_change_rhythms(scene: Scene, command: str, options: dict[str, Any]) -> None:
    await scene.begin()
    before = said(await scene.ada.slash(scene.checkins, "rhythm list"))

    answer = await scene.ada.slash(scene.checkins, f"rhythm {command}", **options)

    assert "Hosts can change this" in said(answer)
    assert labels(answer) == []
    assert said(await scene.ada.slash(scene.checkins, "rhythm list")) == before


async def test_a_host_moves_a_rhythm_and_the_next_round_opens_then(scene: Scene) -> None:
    await scene.begin()

    answer = await scene.host.slash(scene.checkins, "rhythm move", time="21h")

    assert "at 21:00 (UTC)" in said(answer)
    await scene.open_round()
    assert scene.env.now().hour == 21


async def test_moving_nothing_is_refused_with_what_could_change(scene: Scene) -> None:
    await scene.begin()

    answer = await scene.host.slash(scene.checkins, "rhythm move")

    assert "weekday, time, every, turn or zone" in said(answer)


async def test_a_rhythm_moved_an_hour_later_just_after_it_came_does_not_come_again(scene: Scene) -> None:
    await scene.begin()
    await scene.open_round()
    later = (scene.env.now() + timedelta(hours=1)).strftime("%H:%M")

    await scene.host.slash(scene.checkins, "rhythm move", time=later)
    await scene.later(days=5)

    assert len(scene.messages(scene.checkins)) == 1


async def test_one_of_several_rhythms_is_chosen_from_a_list_in_words(scene: Scene) -> None:
    await scene.begin()
    await scene.host.slash(scene.checkins, "rhythm add", weekday=4, time="18:00")

    unsaid = await scene.host.slash(scene.checkins, "rhythm skip")
    offered = await scene.host.autocomplete(scene.checkins, "rhythm skip", "rhythm", "friday at 18")
    typed = await scene.host.slash(scene.checkins, "rhythm skip", rhythm="the Friday one")
    picked = await scene.host.slash(scene.checkins, "rhythm skip", rhythm=offered[0]["value"])

    assert "more than one rhythm" in said(unsaid)
    assert [each["name"] for each in offered] == ["Check-in: every Friday at 18:00 (UTC)"]
    assert "Pick one from the list" in said(typed)
    assert "every Friday" in said(picked)


async def test_another_communitys_rhythm_is_refused(scene: Scene) -> None:
    await scene.begin()
    others = scene.env.create_guild("The Potters")
    room = others.create_text_channel("room")
    admins = others.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    potter = others.add_member(scene.env.create_user("piet"), roles=[admins])
    [theirs] = await scene.app.rhythms.overview(scene.guild.id)

    offered = await potter.autocomplete(room, "rhythm end", "rhythm", "")
    answer = await potter.slash(room, "rhythm end", rhythm=str(theirs.rhythm.id))

    assert offered == []
    assert "That rhythm has ended" in said(answer)
    assert len(await scene.app.rhythms.overview(scene.guild.id)) == 1


async def test_a_skipped_date_is_left_out_once_and_resume_brings_it_back(scene: Scene) -> None:
    await scene.begin()

    skipped = await scene.host.slash(scene.checkins, "rhythm skip")
    again = await scene.host.slash(scene.checkins, "rhythm skip")
    resumed = await scene.host.slash(scene.checkins, "rhythm resume")

    assert "Left out: <t:" in said(skipped)
    assert "/rhythm resume brings it back" in said(skipped)
    assert said(skipped).count("<t:") == 4
    assert "left out already" in said(again)
    assert "Left out" not in said(resumed)
    await scene.later(hours=2)
    assert len(scene.cards()) == 1


async def test_after_the_skipped_date_the_rhythm_comes_by_itself(scene: Scene) -> None:
    await scene.begin()

    await scene.host.slash(scene.checkins, "rhythm skip")

    await scene.later(days=6)
    assert scene.cards() == []
    await scene.open_round()
    assert "Left out" not in said(await scene.ada.slash(scene.checkins, "rhythm list"))


async def test_a_paused_rhythm_rests_until_the_date_picked_from_words(scene: Scene) -> None:
    await scene.begin()

    offered = await scene.host.autocomplete(scene.checkins, "rhythm pause", "until", "in 4 weeks")
    answer = await scene.host.slash(scene.checkins, "rhythm pause", until=offered[0]["value"])

    assert len(offered) == 1
    assert "It rests until" in said(answer)
    assert "4 dates are left out" in said(answer)
    assert "Resting until" in said(await scene.ada.slash(scene.checkins, "rhythm list"))
    await scene.later(days=27)
    assert scene.cards() == []
    await scene.open_round()


async def test_a_typed_date_is_offered_in_words_and_taken(scene: Scene) -> None:
    await scene.begin()
    day = (scene.env.now() + timedelta(days=3)).date()

    offered = await scene.host.autocomplete(scene.checkins, "rhythm pause", "until", day.isoformat())
    answer = await scene.host.slash(scene.checkins, "rhythm pause", until=day.isoformat())

    assert [each["value"] for each in offered] == [day.isoformat()]
    assert str(day.year) in offered[0]["name"]
    assert "Left out: <t:" in said(answer)


@pytest.mark.parametrize("until", ["soon", "2020-01-01", "2026-02-30", "9999-01-01"])
async def test_a_date_that_cannot_be_is_refused_with_one_that_can(scene: Scene, until: str) -> None:
    await scene.begin()

    answer = await scene.host.slash(scene.checkins, "rhythm pause", until=until)

    assert "such as 20" in said(answer) or "write it as 2026-11-30" in said(answer)


async def test_ending_asks_first_and_leave_it_changes_nothing(scene: Scene) -> None:
    await scene.begin()

    question = await scene.host.slash(scene.checkins, "rhythm end")
    assert labels(question) == ["End it", "Leave it"]
    await press(scene.host, question, "Leave it")

    assert "Nothing was changed" in panel(question)
    assert labels(question) == []
    await scene.later(hours=2)
    assert len(scene.cards()) == 1


async def test_an_ended_rhythm_comes_no_more(scene: Scene) -> None:
    await scene.begin()
    question = await scene.host.slash(scene.checkins, "rhythm end")

    await scene.restart()
    await press(scene.host, question, "End it")

    assert "It has ended" in panel(question)
    assert labels(question) == []
    await scene.later(days=8)
    assert scene.cards() == []
    assert "no rhythm yet" in said(await scene.ada.slash(scene.checkins, "rhythm list"))
    assert "no rhythm yet" in said(await scene.host.slash(scene.checkins, "rhythm resume"))


async def test_a_host_who_lost_the_role_meanwhile_does_not_end_it(scene: Scene) -> None:
    await scene.begin()
    question = await scene.host.slash(scene.checkins, "rhythm end")
    await lose_role(scene)

    answer = await press(scene.host, question, "End it")

    assert "Hosts can change this" in said(answer)
    assert len(await scene.app.rhythms.overview(scene.guild.id)) == 1


async def lose_role(scene: Scene) -> None:
    """Take the host's role away."""
    scene.env.backend.get_guild(scene.guild.id).members[scene.host.id].role_ids.remove(scene.hosts.id)
    await scene.env.settle()


async def test_hosts_read_what_was_shared_with_them_and_nothing_else(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Between us: **tired**.", share="hosts", arriving=["tired"])
    await scene.check_in(scene.bo, card, "For everyone.")

    listed = await scene.host.slash(scene.checkins, "rhythm list")
    await press(scene.host, listed, "Shared with hosts")

    text = panel(listed)
    assert listed.ephemeral
    assert f"**{scene.ada.mention}, arriving tired**\n> Between us: \\*\\*tired\\*\\*." in text
    assert "For everyone." not in text
    await press(scene.host, listed, "Back to the rhythms")
    assert "**Check-in: every " in panel(listed)


async def test_when_nothing_was_shared_with_hosts_they_are_told_so(scene: Scene) -> None:
    await scene.begin()
    before = await scene.host.slash(scene.checkins, "rhythm list")
    await press(scene.host, before, "Shared with hosts")
    await scene.open_round()

    after = await scene.host.slash(scene.checkins, "rhythm list")
    await press(scene.host, after, "Shared with hosts")

    assert "No round is there" in panel(before)
    assert "Nobody shared words" in panel(after)


async def test_much_shared_with_hosts_comes_in_pages_that_say_how_many_follow(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    writers = [scene.member(f"member{number}") for number in range(6)]
    for writer in writers:
        await scene.check_in(writer, card, "a*" * 500, share="hosts")

    listed = await scene.host.slash(scene.checkins, "rhythm list")
    await press(scene.host, listed, "Shared with hosts")
    seen = 0
    while "More" in labels(listed):
        assert len(panel(listed)) < 4000
        seen += panel(listed).count("<@")
        assert f"{6 - seen} more follow" in panel(listed)
        await press(scene.host, listed, "More")

    assert seen + panel(listed).count("<@") == 6
    await press(scene.host, listed, "Earlier ones")
    assert "More" in labels(listed)


async def test_someone_who_no_longer_hosts_does_not_read_what_was_shared(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Between us.", share="hosts")
    listed = await scene.host.slash(scene.checkins, "rhythm list")
    await lose_role(scene)

    answer = await press(scene.host, listed, "Shared with hosts")

    assert "Between us." not in said(answer)
    assert "ask someone who runs this server" in said(answer)
