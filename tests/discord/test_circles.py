"""What members do with /circle: propose, look, move, cancel, and let circles come round."""

import copy
from datetime import datetime, timedelta
from typing import Any

import discord
import pytest
from simcord import InteractionResult, MemberActor

from bot.circle_deck import our_circle_decks
from bot.formats import Role
from bot.services.circle_views import CircleView
from bot.services.circles import NewCircle
from bot.services.people import Person
from bot.store.circles import CircleState
from bot.store.rhythms import Way
from tests.discord.scene import Scene, Seen, discord_press, labels_of, said
from tests.discord.test_calls import remember_interactions


async def open_form(scene: Scene, who: MemberActor, **options: Any) -> InteractionResult:
    """Open the form of /circle."""
    panel = await who.slash(scene.circles, "circle", **options)
    return panel if options else await press(who, panel, "Propose one")


async def fill(who: MemberActor, form: InteractionResult, when: str, **values: Any) -> InteractionResult:
    """Send the form in."""
    assert form.modal is not None, said(form)
    return await who.submit_modal(form, {"when": when, "format": ["check-in-circle"], **values})


async def press(who: MemberActor, answer: InteractionResult, label: str) -> InteractionResult:
    """Press a button on a private answer."""
    assert answer.response is not None
    return await who.click(answer.response, label=label)


def labels(answer: InteractionResult) -> list[str]:
    """Return the labels of the buttons on a private answer."""
    assert answer.response is not None
    return labels_of(answer.response._message.components)  # pyright: ignore[reportPrivateUsage] -- the raw parts, as sent


def person(scene: Scene, who: MemberActor) -> Person:
    """Return a member as services know people."""
    return Person(who.id, frozenset([scene.hosts.id]) if who is scene.host else frozenset())


async def planned(scene: Scene, who: MemberActor, request_id: int = 77, **values: Any) -> CircleView:
    """Have a member propose a written circle in two days; return it."""
    usual: dict[str, Any] = {
        "starts_at": scene.env.now() + timedelta(days=2),
        "format_id": "check-in-circle",
        "way": Way.WRITTEN,
        "title": "Opening well",
    }
    view = await scene.app.circles.propose(scene.guild.id, person(scene, who), NewCircle(**usual | values), request_id)
    await scene.tick()
    return view


def card(scene: Scene) -> discord.Message:
    """Return the newest card in the channel for circles."""
    return scene.message(scene.circles, cards(scene)[-1].id)


def cards(scene: Scene) -> list[Seen]:
    """Return the cards in the channel for circles."""
    return [each for each in scene.messages(scene.circles) if "Learning circle" in each.text]


async def coming(scene: Scene) -> list[CircleView]:
    """Return the circles to come."""
    return await scene.app.circles.upcoming(scene.guild.id, 50)


async def test_a_member_proposes_a_circle_sees_its_card_and_learns_what_it_asks(scene: Scene) -> None:
    early = await open_form(scene, scene.ada)
    assert "has not begun" in said(await fill(scene.ada, early, "tomorrow 18:30", title="My words"))
    await scene.begin(zone="Europe/Berlin")

    empty = await scene.ada.slash(scene.circles, "circle")
    assert "No circle is to come" in said(empty)
    form = await press(scene.ada, empty, "Propose one")
    assert "Europe/Berlin" in str(form.modal)
    answer = await fill(scene.ada, form, "tomorrow 18:30", title="Opening well", room="8")
    await scene.tick()

    assert answer.ephemeral
    assert f"on its way to {scene.circles.mention}" in said(answer)
    assert "## Opening well" in said(answer)
    assert "you are its co-host" in said(answer)  # it is her first time
    assert "\n- " in said(answer)  # the brief
    [view] = await coming(scene)
    at = view.circle.starts_at
    assert (at - scene.env.now() < timedelta(days=2), at.minute, view.circle.room) == (True, 30, 8)
    assert list(view.roles) == [Role.CO_HOST]
    assert len(cards(scene)) == 1
    listed = said(await scene.bo.slash(scene.circles, "circle"))
    assert f"<t:{int(at.timestamp())}:F>" in listed
    assert "free: host" in listed


async def test_a_form_sent_in_twice_proposes_one_circle_and_another_form_another(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.begin()
    form = await open_form(scene, scene.ada)
    delivered = remember_interactions(monkeypatch)
    await fill(scene.ada, form, "tomorrow 18:30")

    for later in (0, 1):  # delivered once more, and sent in once more
        again = copy.deepcopy(delivered[-1])
        again["id"] = str(int(again["id"]) + later)
        scene.bot._connection.parse_interaction_create(again)  # pyright: ignore[reportPrivateUsage] -- as Discord sends it again
        await scene.env.settle()
    assert len(await coming(scene)) == 1

    await fill(scene.ada, await open_form(scene, scene.ada), "tomorrow 20:30")
    assert len(await coming(scene)) == 2
    assert all(each.circle.title for each in await coming(scene))  # themes were drawn


@pytest.mark.parametrize(
    ("when", "values", "told"),
    [
        ("someday", {}, "Write it as"),
        ("today 00:01", {}, "twenty minutes from now"),
        ("tomorrow 18:30", {"room": "1"}, "from 2 to 99"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_what_to_write_and_the_title_is_given_back(
    scene: Scene, when: str, values: dict[str, Any], told: str
) -> None:
    await scene.begin()

    answer = await fill(scene.ada, await open_form(scene, scene.ada), when, title="Opening well", **values)

    assert told in said(answer)
    assert "Opening well" in said(answer)
    assert await coming(scene) == []


async def test_a_channel_or_a_link_makes_it_live(scene: Scene) -> None:
    await scene.begin()
    voice = scene.guild.create_voice_channel("the hearth")

    form = await open_form(scene, scene.ada)
    there = await fill(scene.ada, form, "tomorrow 18:30", place=[voice])
    form = await open_form(scene, scene.ada, link="https://meet.example/hearth")
    elsewhere = await fill(scene.ada, form, "tomorrow 20:30", link="https://meet.example/hearth")

    assert "among this server's events" in said(there)
    assert "among this server's events" in said(elsewhere)
    first, second = await coming(scene)
    assert (first.circle.way, first.circle.place_id, first.circle.link) == (Way.LIVE, voice.id, "")
    assert (second.circle.way, second.circle.place_id, second.circle.link) == (
        Way.LIVE,
        None,
        "https://meet.example/hearth",
    )
    assert "begins with https" in said(await scene.ada.slash(scene.circles, "circle", link="meet.example"))


async def test_a_theme_of_the_deck_is_picked_and_a_title_of_ones_own_stands_alone(scene: Scene) -> None:
    await scene.begin()
    theme = our_circle_decks().themes("en")[-1]

    offered = await scene.ada.autocomplete(scene.circles, "circle", "theme", theme.title.lower()[:12])
    form = await open_form(scene, scene.ada, theme=offered[0]["value"])
    await fill(scene.ada, form, "tomorrow 18:30", title=theme.title)
    form = await open_form(scene, scene.ada, theme=theme.title)
    await fill(scene.ada, form, "tomorrow 20:30", title=f"{theme.title}, and what else")
    refused = await scene.ada.slash(scene.circles, "circle", theme="something else")

    assert offered[0]["name"].startswith(f"{theme.title}: ")
    assert f"'value': '{theme.title}'" in str(form.modal)
    assert "brings its questions" in str(form.modal)
    chosen, own = [each.circle for each in await coming(scene)]
    assert (chosen.theme_id, chosen.intention, chosen.second_question) == (
        theme.id,
        theme.intention,
        theme.questions[1],
    )
    assert (own.theme_id, own.title, own.question) == (None, f"{theme.title}, and what else", "")
    assert "Pick one from the list" in said(refused)
    assert "something else" in said(refused)


async def test_the_list_has_pages_and_shows_what_may_be_changed_to_those_who_may(scene: Scene) -> None:
    await scene.begin()
    for number in range(6):
        at = scene.env.now() + timedelta(days=2 + number)
        await planned(scene, scene.ada, 100 + number, starts_at=at, title=f"Theme {number}")

    mine, others = await scene.ada.slash(scene.circles, "circle"), await scene.bo.slash(scene.circles, "circle")
    hosts = await scene.host.slash(scene.circles, "circle")

    assert labels(mine).count("Move") == labels(hosts).count("Cancel") == 5
    assert labels(others) == ["Look"] * 5 + ["Propose one", "Later ones"]
    assert "Theme 4" in said(others)
    assert "Theme 5" not in said(others)
    await scene.restart()
    await press(scene.bo, others, "Later ones")
    assert "Theme 5" in said(others)
    assert labels(others) == ["Look", "Propose one", "Sooner ones"]
    await press(scene.bo, others, "Look")
    assert "## Theme 5" in said(others)
    assert labels(others)[:3] == ["Come", "Maybe", "Not this time"]
    await press(scene.bo, others, "Circles to come")
    assert "Theme 0" in said(others)


async def test_one_circle_is_moved_and_cancelled_and_nothing_else(scene: Scene) -> None:
    await scene.begin()
    view = await planned(scene, scene.ada)
    before = view.circle.starts_at
    panel = await scene.ada.slash(scene.circles, "circle")

    form = await press(scene.ada, panel, "Move")
    assert f"{before:%Y-%m-%d %H:%M}" in str(form.modal)
    unread = await scene.ada.submit_modal(form, {"when": "later"})
    past = await scene.ada.submit_modal(await press(scene.ada, panel, "Move"), {"when": "2020-01-01 10:00"})
    later = (before + timedelta(days=3)).replace(hour=17, minute=15, second=0, microsecond=0)
    moved = await scene.ada.submit_modal(await press(scene.ada, panel, "Move"), {"when": f"{later:%Y-%m-%d %H:%M}"})
    await scene.tick()

    assert "Write it as" in said(unread)
    assert "twenty minutes from now" in said(past)
    assert f"It takes place <t:{int(later.timestamp())}:F>" in said(moved)
    assert (await starts(scene)) == [later]

    await scene.restart()
    await press(scene.ada, panel, "Cancel")
    assert "Cancel *Opening well*" in said(panel)
    assert (await starts(scene)) == [later]
    await press(scene.ada, panel, "Yes, cancel it")
    await scene.tick()
    assert "It is cancelled" in said(panel)
    assert await coming(scene) == []
    assert "does not take place" in said(await discord_press(scene, f"circle:{view.circle.id}:come"))


async def starts(scene: Scene) -> list[datetime]:
    """Return when the circles to come begin."""
    return [each.circle.starts_at for each in await coming(scene)]


async def test_others_may_neither_move_nor_cancel(scene: Scene) -> None:
    await scene.begin()
    view = await planned(scene, scene.ada)

    form = await discord_press(scene, f"circle:{view.circle.id}:move")
    later = f"{scene.env.now() + timedelta(days=3):%Y-%m-%d} 17:15"
    moved = await scene.bo.submit_modal(form, {"when": later})
    cancelled = await discord_press(scene, f"circle:{view.circle.id}:really_cancel")

    assert "Hosts can change this" in said(moved)
    assert "Hosts can change this" in said(cancelled)
    [still] = await coming(scene)
    assert (still.circle.state, still.circle.starts_at) == (CircleState.PLANNED, view.circle.starts_at)


async def test_a_host_adds_a_rhythm_of_circles_and_its_sentences_are_true(scene: Scene) -> None:
    unset = await scene.admin.slash(scene.circles, "rhythm add", weekday=1, what="circle")
    await scene.begin()
    voice = scene.guild.create_voice_channel("the hearth")

    def add(**options: Any) -> Any:
        return scene.host.slash(scene.circles, "rhythm add", weekday=1, time="18:30", what="circle", **options)

    wrong = await add(format="dancing")
    added = await add(turn="1", format="story-circle", place=voice, room=8)
    rhythm_id = str((await scene.app.rhythms.overview(scene.guild.id))[1].rhythm.id)
    moved = await scene.host.slash(scene.circles, "rhythm move", weekday=2, rhythm=rhythm_id)
    skipped = await scene.host.slash(scene.circles, "rhythm skip", rhythm=rhythm_id)
    resumed = await scene.host.slash(scene.circles, "rhythm resume", rhythm=rhythm_id)
    listed = await scene.ada.slash(scene.circles, "rhythm list")

    assert "no channel for circles" in said(unset)
    assert "don't know that format" in said(wrong)
    assert "Learning circle: the first Tuesday of every month at 18:30" in said(added)
    assert f"Story circle · live in {voice.mention} · for 8 at the most" in said(added)
    for answer in (added, moved, skipped):
        assert "One that is announced stays as it is" in said(answer)
    assert "the first Wednesday" in said(moved)
    assert "Left out: <t:" in said(skipped)
    assert "nothing is left out" in said(resumed)
    assert "Not announced yet" in said(listed)
    assert "Not announced yet" not in said(listed).split("Learning circle")[0]


async def test_a_host_adds_a_rhythm_of_circles_that_meet_at_a_link(scene: Scene) -> None:
    await scene.begin()
    voice = scene.guild.create_voice_channel("the hearth")

    def add(**options: Any) -> Any:
        return scene.host.slash(scene.circles, "rhythm add", weekday=1, what="circle", **options)

    broken = await add(link="meet.example/hearth")
    both = await add(link="https://meet.example/hearth", place=voice)
    added = await add(link=" https://meet.example/hearth ")
    await scene.tick()
    listed = await scene.ada.slash(scene.circles, "rhythm list")

    assert "begins with https://" in said(broken)
    assert "Choose a channel, or write an address" in said(both)
    for answer in (added, listed):
        assert "Check-in circle · live at https://meet.example/hearth" in said(answer)
    [view] = await coming(scene)
    assert (view.circle.way, view.circle.link) == (Way.LIVE, "https://meet.example/hearth")
