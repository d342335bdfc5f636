"""What hosts do with the question whether a rhythm still serves."""

from datetime import timedelta

import discord
import pytest

from bot.store.rhythms import RhythmState
from tests.discord.scene import Scene, Seen, labels_of, said


def asked(scene: Scene) -> Seen:
    """Return the question to the hosts, as it stands now."""
    return [each for each in scene.messages(scene.checkins) if "still serve?" in each.text][-1]


async def until_quiet(scene: Scene) -> discord.Message:
    """Let two rounds pass without an answer; return the question to the hosts."""
    await scene.begin()
    await scene.open_round()
    await scene.open_round()
    await scene.later(days=7)
    return scene.message(scene.checkins, asked(scene).id)


@pytest.mark.parametrize(
    ("label", "told", "days_to_next"),
    [("Keep it", "goes on as it was", 7), ("Half as often", "less often", 14), ("Rest four weeks", "four weeks", 28)],
)
async def test_a_hosts_answer_to_the_quiet_question_counts_and_the_card_says_so(
    scene: Scene, label: str, told: str, days_to_next: int
) -> None:
    card = await until_quiet(scene)
    asked_at = scene.env.now()

    answer = await scene.host.click(card, label=label)

    assert answer.ephemeral
    assert told in said(answer)
    assert "hosts have decided: it goes on" in asked(scene).text
    assert labels_of(asked(scene).components_raw) == []
    await scene.later(days=days_to_next - 1)
    await scene.open_round()
    assert scene.env.now() - asked_at == timedelta(days=days_to_next)


async def test_a_host_may_end_the_rhythm_when_asked(scene: Scene) -> None:
    card = await until_quiet(scene)

    answer = await scene.host.click(card, label="End it")

    assert "It has ended" in said(answer)
    assert "this rhythm has ended" in asked(scene).text
    await scene.later(days=30)
    assert scene.messages(scene.checkins)[-1].id == card.id


async def test_the_first_hosts_answer_counts_and_the_others_are_told(scene: Scene) -> None:
    card = await until_quiet(scene)
    edit = f"/channels/{scene.checkins.id}/messages/{card.id}"
    scene.env.inject_error("PATCH", edit, status=403, code=50013)  # so that the buttons are still there

    await scene.host.click(card, label="Keep it")
    second = await scene.admin.click(card, label="End it")

    assert "has been answered already" in said(second)
    [view] = await scene.app.rhythms.overview(scene.guild.id)
    assert view.rhythm.state is RhythmState.ACTIVE
    assert not any("was not posted" in each.text for each in scene.messages(scene.checkins))


async def test_members_cannot_answer_for_the_hosts(scene: Scene) -> None:
    card = await until_quiet(scene)

    answer = await scene.ada.click(card, label="End it")

    assert "Hosts can change this" in said(answer)
    assert len(labels_of(asked(scene).components_raw)) == 4


async def test_the_quiet_question_is_answered_after_a_restart_too(scene: Scene) -> None:
    card = await until_quiet(scene)

    await scene.restart()
    answer = await scene.host.click(scene.message(scene.checkins, card.id), label="Keep it")

    assert "Thank you" in said(answer)
    assert labels_of(asked(scene).components_raw) == []


async def test_a_command_answers_the_quiet_question_as_well(scene: Scene) -> None:
    await until_quiet(scene)
    waiting = await scene.host.slash(scene.checkins, "rhythm list")
    skip = await scene.host.slash(scene.checkins, "rhythm skip")

    answer = await scene.host.slash(scene.checkins, "rhythm resume")

    assert "waits for the hosts' word" in said(waiting)
    assert "waiting for the hosts' word" in said(skip)
    assert "comes round again" in said(answer)
    assert "hosts have decided" in asked(scene).text
    assert labels_of(asked(scene).components_raw) == []


async def test_a_question_whose_card_was_deleted_is_answered_without_a_note(scene: Scene) -> None:
    card = await until_quiet(scene)
    await scene.admin_deletes(card)

    await scene.host.slash(scene.checkins, "rhythm resume")

    assert not any("was not posted" in each.text for each in scene.messages(scene.checkins))


async def test_once_the_host_role_is_gone_the_question_is_asked_and_answered_all_the_same(scene: Scene) -> None:
    await scene.begin()
    scene.env.backend.delete_role(scene.guild.id, scene.hosts.id)
    await scene.env.settle()
    await scene.open_round()
    await scene.open_round()

    await scene.later(days=7)

    card = scene.message(scene.checkins, asked(scene).id)
    assert labels_of(asked(scene).components_raw) == ["Keep it", "Half as often", "Rest four weeks", "End it"]
    assert "goes on as it was" in said(await scene.admin.click(card, label="Keep it"))


async def test_once_the_host_role_is_gone_a_note_is_told_all_the_same(scene: Scene) -> None:
    await scene.begin()
    scene.env.backend.delete_role(scene.guild.id, scene.hosts.id)
    await scene.env.settle()
    scene.env.inject_error("POST", f"/channels/{scene.checkins.id}/messages", status=403, code=50013, times=None)

    await scene.later(hours=2)

    assert "was not posted" in scene.messages(scene.circles)[-1].text
