"""Members read their own language in private; what a community shares is in the community's."""

from collections.abc import Iterator
from typing import Any

import discord
import pytest
import simcord.interactions
from simcord import MemberActor

from bot.language import spoken
from tests.discord.scene import Scene, buttons, discord_press, said, thread_texts
from tests.discord.test_communities import start
from tests.discord.test_reminders import direct_messages


@pytest.fixture(autouse=True)
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """Return the languages of members' clients by member, which a test fills; simcord itself knows English only."""
    languages: dict[int, str] = {}
    english = simcord.interactions.base_payload

    def payload(*given: Any, **named: Any) -> Any:
        record, sent = english(*given, **named)
        sent["locale"] = languages.get(named["user_id"], sent["locale"])
        return record, sent

    monkeypatch.setattr(simcord.interactions, "base_payload", payload)
    return languages


async def check_in(scene: Scene, who: MemberActor, card: discord.Message, words: str, **values: Any) -> str:
    """Check in on a German card, and return what the member is answered."""
    form = await who.click(card, label="Einchecken")
    return said(await who.submit_modal(form, {"share": "everyone", "words": words, **values}))


async def test_a_german_client_is_answered_in_german_where_the_community_speaks_english(
    scene: Scene, clients: dict[int, str]
) -> None:
    await scene.begin()
    clients[scene.ada.id] = "de"
    card = await scene.open_round()

    form = await scene.ada.click(card, label="Check in")
    thanked = await scene.ada.submit_modal(form, {"words": "Servus.", "share": "everyone"})

    assert form.modal is not None
    assert form.modal["title"] == "Einchecken"
    assert "Danke dir. Deine Worte sind auf dem Weg in den Thread." in said(thanked)
    assert buttons(scene, card) == ["Check in", "Pass this time"]
    assert "checks in" in thread_texts(scene, card)[0]


async def test_an_english_client_is_answered_in_english_where_the_community_speaks_german(scene: Scene) -> None:
    await scene.begin(language="de", zone="Europe/Berlin")
    card = await scene.open_round()

    passed = await scene.ada.click(card, label="Diesmal passe ich")
    listed = await scene.ada.slash(scene.checkins, "rhythm list")

    assert "Passing is a full answer" in said(passed)
    assert "**Check-in: every " in said(listed)
    assert "(Europe/Berlin)" in said(listed)
    assert buttons(scene, card) == ["Einchecken", "Diesmal passe ich"]


async def test_one_language_after_the_other_leaves_no_trace(scene: Scene, clients: dict[int, str]) -> None:
    await scene.begin()
    clients[scene.ada.id] = "de"
    card = await scene.open_round()

    answers = [said(await who.click(card, label="Pass this time")) for who in (scene.ada, scene.bo, scene.ada)]

    assert ["Danke" in each for each in answers] == [True, False, True]


async def test_a_german_communitys_card_thread_and_weaving_are_german(scene: Scene) -> None:
    await scene.begin(language="de")
    card = await scene.open_round()
    shown = scene.messages(scene.checkins)[-1].text
    assert "Check-in · " in shown
    assert "Offen bis <t:" in shown

    await check_in(scene, scene.ada, card, "Moin.", arriving=["curious"])
    assert str(scene.thread(card).name).startswith("Check-in: ")
    assert f"{scene.ada.mention} checkt ein und kommt neugierig an" in thread_texts(scene, card)[0]

    await scene.later(days=4, hours=1)
    weaving = scene.messages(scene.checkins)[-1].text
    assert "Diese Runde ist verwoben" in weaving
    assert f"Diesmal zu hören: {scene.ada.mention}" in weaving
    assert "Hierauf hat noch niemand geantwortet. Wer mag?" in weaving
    assert "Der nächste Check-in öffnet am <t:" in weaving
    assert buttons(scene, card) == ["Noch einchecken"]


async def test_a_german_communitys_hosts_are_asked_and_told_in_german(scene: Scene) -> None:
    await scene.begin(language="de")
    await scene.open_round()
    await scene.open_round()
    await scene.later(days=8)
    asked = scene.messages(scene.checkins)[-1]
    assert "Dient euch dieser Rhythmus noch?" in asked.text
    assert "Bisher: jeden " in asked.text

    answer = await scene.host.click(scene.message(scene.checkins, asked.id), label="Halb so oft")
    await scene.tick()

    assert "Thank you. It comes less often" in said(answer)
    assert "Es geht weiter, alle 2 Wochen am " in scene.messages(scene.checkins)[-1].text


async def test_a_note_to_the_hosts_of_a_german_community_is_german(scene: Scene) -> None:
    await scene.begin(language="de")
    scene.env.inject_error("POST", f"/channels/{scene.checkins.id}/messages", status=403, code=50013, times=None)

    await scene.later(hours=2)

    note = scene.messages(scene.circles)[-1].text
    assert "Eine Notiz für die Hosts." in note
    assert "/setup check zeigt, welche Berechtigung fehlt" in note


async def test_a_reminder_is_in_the_language_of_who_asked_for_it(scene: Scene, clients: dict[int, str]) -> None:
    await scene.begin()
    clients[scene.ada.id] = "de"
    panel = await scene.ada.slash(scene.checkins, "me")
    assert "Du in dieser Gemeinschaft" in said(panel)
    assert panel.response is not None
    await scene.ada.click(panel.response, label="Erinnere mich")
    await scene.open_round()

    await scene.later(days=3, hours=22)

    assert "Auch Passen ist eine ganze Antwort" in direct_messages(scene, scene.ada)[0]


async def test_setting_up_in_german_from_the_first_panel_to_the_check(scene: Scene, clients: dict[int, str]) -> None:
    clients[scene.admin.id] = "de"
    for channel in (scene.checkins, scene.calls):
        scene.env.backend.delete_channel(channel.id)
    await scene.env.settle()
    panel = await start(scene, language="Deutsch", zone="Berlin")
    assert "wähle einen Kanal für Check-ins" in panel.text
    assert "Ein Check-in jeden Montag um 09:00 Uhr (Europe/Berlin)" in panel.text

    await panel.click("Für mich anlegen")
    assert {"check-ins", "kreise", "rufe"} <= set(scene.guild.channels)
    await panel.click("Vorschau und beginnen")
    assert "Diesmal passe ich" in panel.labels
    await panel.click("Beginnen")
    assert "Kith hat hier begonnen" in panel.text

    checked = said(await scene.admin.slash(scene.circles, "setup check"))
    assert "alles, was ich brauche, ist da." in checked
    assert "ein Check-in öffnet" in checked


async def test_german_panels_are_german_throughout(scene: Scene, clients: dict[int, str]) -> None:
    await scene.begin(language="de")
    clients.update({scene.host.id: "de", scene.ada.id: "de", scene.bo.id: "de"})
    card = await scene.open_round()
    await check_in(scene, scene.ada, card, "Nur für euch.", share="hosts")

    refused = await scene.ada.slash(scene.checkins, "rhythm skip")
    helped = await scene.host.slash(scene.checkins, "help")
    moved = await scene.host.slash(scene.checkins, "rhythm move", time="21h")
    stale = await discord_press(scene, "round:7:nothing")

    assert "Das können Hosts ändern." in said(refused)
    assert "Kith begleitet diese Praxisgemeinschaft" in said(helped)
    assert "Verschoben." in said(moved) and "um 21:00 Uhr" in said(moved)
    assert "Dieser Knopf ist aus einer früheren Zeit" in said(stale)


async def test_dates_are_offered_in_german_and_found_by_german_words(scene: Scene, clients: dict[int, str]) -> None:
    await scene.begin()
    clients.update({scene.ada.id: "de", scene.host.id: "de"})

    away = await scene.ada.autocomplete(scene.checkins, "me", "away_until", "")
    paused = await scene.host.autocomplete(scene.checkins, "rhythm pause", "until", "wochen")

    assert away[0]["name"] == "Ich bin nicht abwesend"
    assert ", in 1 Tag" in away[1]["name"]
    assert ", in 2 Wochen" in paused[0]["name"]


async def test_commands_are_described_in_german_under_their_english_names(scene: Scene) -> None:
    registered = next(each.json for each in reversed(scene.env.http_requests) if each.path.endswith("/commands"))

    assert registered is not None
    menus = [each for each in registered if each["type"] == discord.AppCommandType.message.value]
    assert all(each["name_localizations"]["de"] != each["name"] for each in menus)
    described = list(walked([each for each in registered if each not in menus]))
    assert len(described) > 20
    for each in described:
        assert "de" not in (each.get("name_localizations") or {})
        assert 1 <= len(each["description_localizations"]["de"]) <= 100
        assert each["description_localizations"]["de"] != each["description"]
    weekdays = next(each["choices"] for each in described if each["name"] == "weekday")
    assert weekdays[0]["name_localizations"]["de"] == "Montag"


async def test_registering_commands_does_not_change_what_kith_speaks_afterwards(scene: Scene) -> None:
    await scene.bot.tree.sync()

    assert spoken() == "en"


def walked(commands: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return commands, their sub-commands and options."""
    for each in commands:
        yield each
        yield from walked(each.get("options") or [])
