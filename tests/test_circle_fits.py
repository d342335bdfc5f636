"""Whatever the language, the format and the words, everything that is said about circles fits what Discord takes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from discord import ui

from bot.formats import LONGEST_LINE, Format, Kind, Role, our_formats
from bot.language import speaking
from bot.services.circle_cards import CirclePanel, CircleWord
from bot.services.circle_views import CircleView
from bot.services.groups import groups_of
from bot.store.circles import Circle, CircleGroup, CircleRole, CircleState, Harvest, Seat, SeatState
from bot.store.rhythms import Way
from cogs import circle_cards, circle_panel, circle_words
from tests.discord.scene import text_of
from tests.fakes import MONDAY_MORNING
from tests.official import rule_problems
from tests.test_call_fits import HIGHEST, a_call
from tests.test_fits import COMMUNITY, sizes, spoken_languages
from tests.test_hostile_text import HOSTILE

CROWD = [HIGHEST - each for each in range(100)]
ID = 10**12
"""A circle's id longer than any there will be."""


def a_circle(**values: Any) -> Circle:
    """Return a circle with all that may stand in it, in the longest words of members' and of the deck."""
    usual: dict[str, Any] = {
        "id": ID,
        "community_id": HIGHEST,
        "format_id": "check-in-circle",
        "way": Way.LIVE,
        "starts_at": MONDAY_MORNING,
        "channel_id": HIGHEST,
        "message_id": HIGHEST,
        "panel_id": HIGHEST,
        "step_ends_at": MONDAY_MORNING,
        "title": "*" * 100,
        "intention": "*" * 300,
        "tag": "sustainability",
    }
    lines = ("opening", "question", "second_question", "closing")
    lengthy: dict[str, Any] = dict.fromkeys(lines, "x" * LONGEST_LINE)
    return Circle(**lengthy | usual | values)


def a_view(found: Format, people: int = 100, **values: Any) -> CircleView:
    """Return a circle as it is shown, with everyone in it."""
    circle = a_circle(format_id=found.id, **values)
    roles = {
        each: CircleRole(circle_id=ID, role=each, community_id=1, member_id=HIGHEST, taken_at=MONDAY_MORNING)
        for each in Role
    }
    return CircleView(COMMUNITY, circle, found, roles, CROWD[:people], CROWD[:people])


def views(found: Format) -> Iterator[CircleView]:
    """Return a circle in each state, each way and place, with everyone and with nobody."""
    places: list[dict[str, Any]] = [{"way": Way.WRITTEN}, {"place_id": HIGHEST}, {"link": "_" * 200}, {"room": 100}]
    for state in CircleState:
        for place in places:
            yield a_view(found, state=state, **place)
            yield replace(a_view(found, 0, state=state, hostless=True, tag=None, **place), roles={})


def panels(found: Format) -> Iterator[CirclePanel]:
    """Return the panel of every step, live and in writing, with few people and with many."""
    for way in Way:
        for people in (0, 4, 100):
            for number, step in enumerate(found.steps):
                view = a_view(found, people, way=way, state=CircleState.RUNNING, step=number)
                seats = [
                    Seat(
                        circle_id=ID,
                        step=number,
                        place=place,
                        number=place // (step.size or 4),
                        member_id=member_id,
                        away=step.kind is Kind.AWAY and place % 3 == 0,
                        state=SeatState.WAITING if place else SeatState.HOLDS,
                        holds_until=MONDAY_MORNING,
                    )
                    for place, member_id in enumerate(CROWD[:people])
                ]
                groups = groups_of(seats)
                threads = {each.number: HIGHEST for each in groups}
                shown = CirclePanel(view, step, number + 1, len(found.steps), seats, groups, threads, posts=True)
                yield replace(shown, confidential=people > 4)
    for state in CircleState:
        yield CirclePanel(a_view(found, state=state), None, 0, len(found.steps))


def words(found: Format) -> Iterator[CircleWord]:
    """Return everything said in a circle's thread, to everyone, to two and to nobody."""
    harvest = Harvest(
        circle_id=ID,
        community_id=1,
        harvester_id=HIGHEST,
        lines="*" * 900,
        question="*" * 300,
        thanks="*" * 300,
        written_at=MONDAY_MORNING,
    )
    seat = Seat(circle_id=ID, step=0, place=0, member_id=HIGHEST, holds_until=MONDAY_MORNING)
    longest = max(found.steps, key=lambda each: len(each.say))
    for what in circle_words.DRAWN:
        word = CircleWord(a_view(found, state=CircleState.RUNNING), what, "1", CROWD, step=longest, seat=seat)
        group = CircleGroup(circle_id=ID, step=0, number=0, away=True)
        full = replace(word, group=group, harvest=harvest, calls=[a_call()] * 5, offered=Role.HARVESTER)
        yield full
        yield replace(full, view=replace(full.view, roles={}), members=CROWD[:2], offered=Role.HOST)
        if what != "offer":
            yield replace(word, members=[], harvest=None, seat=None)


def drawings(found: Format) -> Iterator[ui.LayoutView]:
    """Draw all of it."""
    for view in views(found):
        yield circle_cards.circle_card(view, 1)
    for shown in panels(found):
        yield circle_panel.panel(shown, 1)
        yield circle_panel.former(shown)
    for word in words(found):
        yield circle_words.circle_word(word, 1)


@spoken_languages
def test_everything_that_is_said_about_circles_fits(language: str) -> None:
    with speaking(language):
        for found in our_formats().all(language):
            for view in drawings(found):
                drawn = {"components": view.to_components(), "flags": 1 << 15}
                assert rule_problems("POST", "/channels/1/messages", drawn) == []
                assert list(sizes(drawn)) == []


def test_hostile_words_of_circles_break_no_card_and_mention_nobody() -> None:
    found = our_formats().all("en")[0]
    for hostile in HOSTILE:
        kept = " ".join(hostile.split())
        own: dict[str, Any] = {
            "title": kept[:100],
            "intention": kept[:300],
            "link": kept[:200],
            "state": CircleState.RUNNING,
        }
        view = a_view(found, 2, step=0, **own)
        harvest = Harvest(circle_id=ID, community_id=1, lines=hostile[:900], written_at=MONDAY_MORNING)
        for drawn_view in (
            circle_cards.circle_card(view, 1),
            circle_panel.panel(CirclePanel(view, found.steps[0], 1, 5), 1),
            circle_words.circle_word(CircleWord(view, "bell", "1"), 1),
            circle_words.circle_word(CircleWord(view, "tomorrow", "1"), 1),
            circle_words.circle_word(CircleWord(view, "gathered", "1", harvest=harvest), 1),
        ):
            drawn = {"components": drawn_view.to_components(), "flags": 1 << 15}
            assert rule_problems("POST", "/channels/1/messages", drawn) == []
            assert "@everyone" not in text_of(drawn_view.to_components())


def test_every_step_says_the_circles_own_words_and_none_shouts() -> None:
    for found in our_formats().all("en"):
        for view in drawings(found):
            text = text_of(view.to_components())
            assert "None" not in text
            assert "{" not in text
            assert "!" not in text


@pytest.mark.parametrize("kept", ["to listen", ""])
def test_the_first_step_of_each_format_says_the_intention(kept: str) -> None:
    for found in our_formats().all("en"):
        view = a_view(found, 0, state=CircleState.RUNNING, step=0, intention=kept)
        text = text_of(circle_panel.panel(CirclePanel(view, found.steps[0], 1, 5), 1).to_components())
        assert ("to listen" in text) is bool(kept)


def test_as_many_as_a_circle_has_room_for_are_named_and_notified() -> None:
    word = CircleWord(a_view(our_formats().all("en")[0]), "tomorrow", "1", CROWD)
    text = text_of(circle_words.circle_word(word, 1).to_components())
    assert [each for each in CROWD if f"<@{each}>" in text] == circle_words.mentioned(word) == CROWD
    assert "and others" not in text

    more = replace(word, members=[*CROWD, 1])
    text = text_of(circle_words.circle_word(more, 1).to_components())
    assert circle_words.mentioned(more) == CROWD
    assert ", and others\n" in text
