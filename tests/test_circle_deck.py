"""What circles are given: themes, briefs and bells, and how all that is said in a circle is written."""

import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from bot.circle_deck import THEMES, CircleDecks, our_circle_decks
from bot.deck import REPEAT_AFTER, DeckError, Element, prompts_folder
from bot.formats import IN_BRACES, LONGEST_SAY, PLACES, Role, our_formats
from tests.fakes import MONDAY_MORNING
from tests.test_deck import AMERICAN, CLOSED, QUESTIONS, words

WEEK = timedelta(weeks=1)
DECKS = our_circle_decks()
FORMATS = our_formats().all("en")
THEME_IDS = re.findall(r'^id = "(.+)"$', (prompts_folder() / "en/circles/themes.toml").read_text("utf-8"), re.MULTILINE)
ALL_THEMES = [theme for each in THEME_IDS if (theme := DECKS.theme("en", each))]


def said() -> Iterator[tuple[str, str]]:
    """Everything that is said in a circle or to those who carry one, with the place it is said at."""
    for found in FORMATS:
        yield found.id, found.what
        yield from ((f"{found.id}, {step.id}", step.say) for step in found.steps if step.turn in (None, 1))
    for theme in ALL_THEMES:
        for text in (theme.title, theme.intention, theme.opening, *theme.questions, theme.closing):
            yield theme.id, text
    for role in Role:
        brief = DECKS.brief("en", role)
        yield from ((role, text) for text in (brief.what, *dict.fromkeys((*brief.live, *brief.written))))
    yield from (("bell", bell) for bell in DECKS.bells("en"))


def sentences() -> Iterator[str]:
    """Every sentence we wrote, but for what is too short to be one."""
    for _, text in said():
        for sentence in re.split(r"(?<=[.?])\s+", text):
            if len(words(IN_BRACES.sub("", sentence))) > 2:
                yield sentence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the English circle deck that a test may spoil."""
    shutil.copytree(prompts_folder() / "en" / "circles", tmp_path / "en" / "circles")
    return tmp_path


def spoil(file: Path, before: str, after: str) -> None:
    """Change the first ``before`` in ``file``."""
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")


# What is in the circle decks


def test_there_are_twenty_themes_and_each_element_has_its_share():
    elements = Counter(element for theme in ALL_THEMES for element in theme.elements)
    places = Counter(theme.elements for theme in ALL_THEMES)

    assert len(ALL_THEMES) == len({theme.title for theme in ALL_THEMES}) == THEMES == 20
    assert min(elements[each] for each in Element) >= 6
    assert len(places) == 7
    assert min(places.values()) >= 2


def test_there_are_more_light_themes_than_deep():
    depths = Counter(theme.depth for theme in ALL_THEMES)

    assert min(depths[1], depths[2]) >= depths[3] >= 2


def test_a_theme_is_short_and_each_part_is_one_sentence():
    for theme in ALL_THEMES:
        assert theme.title[-1].isalpha(), theme.id
        for part in (theme.intention, theme.opening, theme.closing):
            assert re.findall(r"[.?]", part) == ["."], part
            assert part.endswith("."), part
        for question in theme.questions:
            assert len(question) <= 110, question
            assert re.findall(r"[.?]", question) == ["?"], question


def test_no_question_of_a_theme_can_be_answered_with_yes_or_no():
    assert [each for theme in ALL_THEMES for each in theme.questions if CLOSED.search(each)] == []


def test_no_question_of_a_theme_is_like_another_or_like_one_of_the_check_ins():
    asked = [each for theme in ALL_THEMES for each in theme.questions]
    drawn = [question.text for question in QUESTIONS]
    pairs = [*combinations(asked, 2), *((one, other) for one in asked for other in drawn)]

    for one, other in pairs:
        its_words, other_words = set(words(one)), set(words(other))
        assert len(its_words & other_words) <= 0.5 * len(its_words | other_words), (one, other)


def test_a_theme_fills_every_place_and_leaves_other_braces_alone():
    theme = ALL_THEMES[0]
    places = " ".join(f"{{{place}}}" for place in PLACES)

    assert theme.fill(places) == " ".join(
        (theme.title, theme.intention, theme.opening, *theme.questions, theme.closing)
    )
    assert [step.id for found in FORMATS for step in found.steps if "{" in theme.fill(step.say)] == []


def test_every_role_has_a_brief_that_speaks_of_before_during_and_after():
    for role in Role:
        brief = DECKS.brief("en", role)

        assert 2 <= len(re.findall(r"[.?](?=\s|$)", brief.what)) <= 3, role
        for asks in (brief.asks(live=True), brief.asks(live=False)):
            begun = [ask.split(":")[0] for ask in asks]
            assert 3 <= len(asks) <= 5
            assert begun == sorted(begun, key=["Before", "During", "After"].index)
            assert set(begun) == {"Before", "During", "After"}


def test_a_brief_names_no_role_that_a_format_may_lack_and_no_hour_in_writing():
    briefs = {role: DECKS.brief("en", role) for role in Role}

    for role in (Role.HOST, Role.CO_HOST, Role.GUARDIAN):
        told = " ".join((briefs[role].what, *briefs[role].live, *briefs[role].written))
        assert "harvester" not in told
        assert "guardian" not in told
    assert any("five minutes early" in ask for ask in briefs[Role.HOST].live)
    in_writing = " ".join(ask for each in briefs.values() for ask in each.written)
    assert not any(words in in_writing for words in ("minutes", "read out", "clock", "speaking"))


def test_the_bell_has_three_ways_to_say_the_intention_again():
    bells = DECKS.bells("en")

    assert len(bells) == 3
    assert all(bell.endswith(" {intention}") for bell in bells)


def test_a_circle_with_a_title_alone_loses_each_paragraph_that_leads_to_what_it_lacks():
    own = replace(ALL_THEMES[0], title="Our bread", intention="", opening="", questions=("", ""), closing="")
    said = {(found.id, step.id): own.fill(step.say) for found in FORMATS for step in found.steps}

    assert all(words and words[-1] in ".?" for words in said.values())
    assert "Welcome. Our theme: Our bread\n\nTake a moment" in said["check-in-circle", "arriving"]
    assert said["check-in-circle", "closing"].endswith("with thanks to all who listened.")
    assert "intention" not in " ".join(said.values())
    assert own.fill(DECKS.bells("en")[0]) == "Let us pause for three breaths."
    assert "To begin." in replace(own, intention="To begin.").fill(DECKS.bells("en")[0])


# How all of it is written


def test_no_sentence_comes_twice():
    assert [sentence for sentence, times in Counter(sentences()).items() if times > 1] == []


def test_everything_is_calm_and_spelt_the_british_way():
    for place, text in said():
        assert "!" not in text, place
        assert not AMERICAN.search(text), place


def test_what_is_said_at_a_step_fits_one_message_whatever_the_theme():
    longest = max(len(theme.fill(step.say)) for found in FORMATS for step in found.steps for theme in ALL_THEMES)

    assert longest <= 1000
    assert max(len(step.say) for found in FORMATS for step in found.steps) <= LONGEST_SAY


# How circle decks are checked


@pytest.mark.parametrize(
    ("name", "before", "after", "place", "remedy"),
    [
        ("themes", "depth = 1", "depth = 4", ", small-beginnings", "1 (light), 2 (middle) or 3 (deep)"),
        ("themes", '["work"]', '["play"]', ", small-beginnings", 'one to three of "work"'),
        ("themes", 'closing = "', 'ending = "', ", small-beginnings", '"closing" is missing'),
        ("themes", "    ", '    "Why?",\n    ', ", small-beginnings", "Write two questions"),
        ("themes", 'id = "plan-and-day"', 'id = "small-beginnings"', ", small-beginnings", "there twice"),
        ("themes", "[[themes]]", "[[theme]]", "", 'does not know "theme"'),
        ("roles", 'id = "guardian"', 'id = "host"', ", host", "there twice"),
        ("roles", 'id = "guardian"', 'id = "keeper"', ", keeper", "host, guardian, harvester, co-host"),
        ("roles", "{intention}", "{mood}", ", bell 1", "say {intention}"),
        ("roles", "{intention}", "{intention} {mood}", ", bell 1", "nothing to put in the place of {mood}"),
        ("roles", "bells", "gongs", "", '"bells" is missing'),
    ],
)
def test_a_mistake_in_a_circle_deck_is_told_with_its_file_its_entry_and_a_remedy(
    folder: Path, name: str, before: str, after: str, place: str, remedy: str
):
    file = folder / "en" / "circles" / f"{name}.toml"
    spoil(file, before, after)

    with pytest.raises(DeckError) as told:
        CircleDecks.load(folder)

    assert str(told.value).startswith(f"{file}{place}: ")
    assert remedy in str(told.value)


def test_a_folder_without_english_themes_is_refused(tmp_path: Path):
    with pytest.raises(DeckError, match=r"themes\.toml: it has 0 of at least 20 themes"):
        CircleDecks.load(tmp_path)


def test_english_must_be_whole_and_every_file_be_known(folder: Path):
    circles = folder / "en" / "circles"
    roles = circles / "roles.toml"
    roles.rename(circles / "role.toml")
    with pytest.raises(DeckError, match=r"role\.toml: Kith looks for no file of this name"):
        CircleDecks.load(folder)

    (circles / "role.toml").unlink()
    with pytest.raises(DeckError, match=r"roles\.toml: it has no brief for host, guardian, harvester, co-host"):
        CircleDecks.load(folder)


def test_a_language_has_its_own_circle_deck_and_the_rest_in_english(folder: Path):
    (folder / "nl" / "circles").mkdir(parents=True)
    own = folder / "nl" / "circles" / "themes.toml"
    themes = (folder / "en" / "circles" / "themes.toml").read_text("utf-8")
    own.write_text("[[themes]]".join(themes.split("[[themes]]")[:2]), "utf-8")
    spoil(own, 'title = "Small beginnings"', 'title = "Klein begin"')

    decks = CircleDecks.load(folder)
    drawn = decks.draw_theme("nl", used={}, now=MONDAY_MORNING, rng=random.Random(1))

    assert drawn.title == "Klein begin"
    assert decks.theme("nl", "good-enough") == decks.theme("en", "good-enough")
    assert decks.brief("nl", Role.HOST) == decks.brief("en", Role.HOST)
    assert decks.bells("nl") == decks.bells("fr") == decks.bells("en")
    assert decks.theme("nl", "unheard-of") is None


# Which theme comes next


def test_no_theme_comes_again_within_twenty_six_weeks_while_there_is_another():
    used: dict[str, datetime] = {}
    rng = random.Random(5)
    for week in range(len(THEME_IDS)):
        now = MONDAY_MORNING + week * WEEK
        theme = DECKS.draw_theme("en", used=used, now=now, rng=rng, element=Element.LEARNING)

        assert theme.id not in used
        assert (Element.LEARNING in theme.elements) is (week < 11)
        used[theme.id] = now

    assert used.keys() == set(THEME_IDS)
    first = min(used, key=lambda each: used[each])
    assert DECKS.draw_theme("en", used=used, now=MONDAY_MORNING + 21 * WEEK, rng=rng).id == first


@pytest.mark.parametrize(("since", "comes"), [(REPEAT_AFTER, True), (REPEAT_AFTER - timedelta(seconds=1), False)])
def test_a_theme_may_come_again_after_twenty_six_weeks(since: timedelta, comes: bool):
    used = dict.fromkeys(THEME_IDS[2:], MONDAY_MORNING - WEEK) | {THEME_IDS[0]: MONDAY_MORNING - since}

    drawn = {DECKS.draw_theme("en", used=used, now=MONDAY_MORNING, rng=random.Random(seed)).id for seed in range(20)}

    assert drawn == (set(THEME_IDS[:2]) if comes else {THEME_IDS[1]})
