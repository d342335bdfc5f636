"""Decks: what is in them, how they are checked, which question comes next."""

import random
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deck import (
    CHECK_IN_SETS,
    LONGEST_TEXT,
    REPEAT_AFTER,
    SIZES,
    TAGS,
    DeckError,
    Decks,
    Element,
    Question,
    prompts_folder,
)
from tests.fakes import MONDAY_MORNING

WEEK = timedelta(weeks=1)
DECKS = Decks.load(prompts_folder())

ENTRIES = [
    (file.stem, entry)
    for file in sorted(prompts_folder().glob("en/*.toml"))
    for entry in tomllib.loads(file.read_text("utf-8"))["question"]
]
QUESTIONS = [found for _, entry in ENTRIES if (found := DECKS.question("en", entry["id"]))]

AMERICAN = re.compile(
    r"\b(\w*(color|favor|honor|labor|neighbor|behavior|flavor)\w*|\w+iz(e|es|ed|ing|ation)"
    r"|center\w*|theater|gotten|practic(ed|ing)|to practice|traveling|canceled|fulfill|skillful|gray)\b",
    re.IGNORECASE,
)
CLOSED = re.compile(
    r"(^|[.?] )(is|are|was|were|do|does|did|have|has|had|can|could|would|will|should|may|might)\b",
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def draw(
    decks: Decks = DECKS,
    language: str = "en",
    *,
    used: Mapping[str, datetime] | None = None,
    element: Element | None = None,
    depth: int | None = None,
    sets: frozenset[str] = CHECK_IN_SETS,
    retired: frozenset[str] = frozenset(),
    seed: int = 1,
) -> Question:
    return decks.draw(
        language,
        used=used or {},
        now=MONDAY_MORNING,
        rng=random.Random(seed),
        element=element,
        depth=depth,
        sets=sets,
        retired=retired,
    )


def ids_where(holds: Callable[[Question], bool]) -> frozenset[str]:
    return frozenset(each.id for each in QUESTIONS if holds(each))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the English decks that a test may spoil."""
    shutil.copytree(prompts_folder() / "en", tmp_path / "en")
    return tmp_path


def spoil(folder: Path, before: str, after: str) -> None:
    """Change the first ``before`` in the English work.toml."""
    file = folder / "en" / "work.toml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")


def translate(folder: Path, language: str, *entries: tuple[str, str]) -> Decks:
    """Give ``language`` a work deck of these ids and texts."""
    tables = "".join(
        f'[[question]]\nid = "{name}"\ntext = "{text}"\nelements = ["work"]\ndepth = 1\n' for name, text in entries
    )
    (folder / language).mkdir()
    (folder / language / "work.toml").write_text(f'set = "work"\n{tables}', "utf-8")
    return Decks.load(folder)


# What is in the decks


def test_english_has_the_promised_number_of_questions_in_every_set():
    assert Counter(name for name, _ in ENTRIES) == SIZES
    assert [each.id for each in QUESTIONS] == [entry["id"] for _, entry in ENTRIES]


def test_every_question_is_short_calm_and_ends_as_a_sentence():
    for question in QUESTIONS:
        assert len(question.text) <= 110 <= LONGEST_TEXT, question.id
        assert question.text[-1] in "?.", question.id
        assert "!" not in question.text, question.id


def test_no_question_can_be_answered_with_yes_or_no():
    assert [each.text for each in QUESTIONS if CLOSED.search(each.text)] == []


def test_questions_are_spelt_the_british_way():
    assert [each.text for each in QUESTIONS if AMERICAN.search(each.text)] == []


def test_no_two_questions_are_alike():
    wordings = [(each.id, " ".join(words(each.text)), set(words(each.text))) for each in QUESTIONS]
    for (one, text, its_words), (other, other_text, other_words) in combinations(wordings, 2):
        assert text != other_text, (one, other)
        assert len(its_words & other_words) <= 0.5 * len(its_words | other_words), (one, other)


@pytest.mark.parametrize("name", SIZES)
def test_a_set_has_many_ways_to_begin_and_more_light_questions_than_deep(name: str):
    questions = [each for each in QUESTIONS if each.set == name]
    depths = Counter(each.depth for each in questions)
    openings = Counter(words(each.text)[0] for each in questions)

    assert max(openings.values()) <= 0.4 * len(questions)
    assert min(depths[1], depths[2]) >= depths[3] >= 2


def test_the_tag_of_a_question_is_where_its_elements_overlap():
    for question in QUESTIONS:
        assert question.tag == (question.set if question.set in TAGS.values() else TAGS[question.elements])


def test_check_ins_use_every_set_but_the_one_that_looks_back():
    assert frozenset(SIZES) - CHECK_IN_SETS == {"leaving"}


# How decks are checked


@pytest.mark.parametrize(
    ("before", "after", "place", "remedy"),
    [
        ("depth = 1", "depth = 4", "work-ordinary-day", "1 (light), 2 (middle) or 3 (deep)"),
        ("depth = 1", 'depth = "1"', "work-ordinary-day", "1 (light), 2 (middle) or 3 (deep)"),
        ("depth = 1\n", "", "work-ordinary-day", '"depth" is missing'),
        ("depth = 1", "depth = 1\nmood = 2", "work-ordinary-day", 'does not know "mood"'),
        ('["work"]', "[]", "work-ordinary-day", 'one to three of "work", "learning" and "relationship"'),
        (
            '["work"]',
            '["play"]',
            "work-ordinary-day",
            'one to three of "work", "learning" and "relationship"',
        ),
        ('["work"]', '["learning"]', "work-ordinary-day", "move it to learning.toml"),
        ('text = "Where', f'text = "{"Where " * 40}', "work-ordinary-day", "1 to 200 characters"),
        ('text = "Where', r'text = "Where\n', "work-ordinary-day", "on one line"),
        ('text = "Where', 'text = " Where', "work-ordinary-day", "no space at either end"),
        ('id = "work-ordinary-day"\n', "", "question 1", '"id" is missing'),
        ('id = "work-ordinary-day"', "id = 7", "7", "work-next-step"),
        ("work-ordinary-day", "work-workbench", "work-workbench", "there twice"),
        ("work-ordinary-day", "home-ordinary-day", "home-ordinary-day", 'must begin with "work-"'),
        ("work-ordinary-day", "Work day", "Work day", "work-next-step"),
        ('set = "work"', 'set = "play"', "work.toml", "Use one of these: arriving"),
        ('set = "work"', 'set = "learning"', "work.toml", "Name the file learning.toml"),
        ('set = "work"', "", "work.toml", "Begin the file with the name of its set"),
        ('set = "work"', "set = work", "work.toml", "not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_file_its_entry_and_a_remedy(
    folder: Path, before: str, after: str, place: str, remedy: str
):
    spoil(folder, before, after)

    with pytest.raises(DeckError) as told:
        Decks.load(folder)

    assert str(folder / "en" / "work.toml") in str(told.value)
    assert place in str(told.value)
    assert remedy in str(told.value)


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b'set = "work"\n[question]\nid = "work-a"\n', "[[question]]"),
        (b'set = "work"\nquestion = ["Why?"]\n', 'question 1: "question" is not as it should be'),
        (b'set = "work"\n', '"question" is missing'),
        ('set = "work" # caf\u00e9'.encode("latin-1"), "Save it again as UTF-8"),
    ],
)
def test_a_file_of_another_shape_is_told_with_its_name_and_a_remedy(folder: Path, content: bytes, remedy: str):
    file = folder / "en" / "work.toml"
    file.write_bytes(content)

    with pytest.raises(DeckError) as told:
        Decks.load(folder)

    assert str(file) in str(told.value)
    assert remedy in str(told.value)


def test_a_byte_order_mark_does_no_harm(folder: Path):
    file = folder / "en" / "work.toml"
    file.write_text(file.read_text("utf-8"), "utf-8-sig")

    assert Decks.load(folder).question("en", "work-workbench")


def test_english_may_grow_but_not_shrink(folder: Path):
    file = folder / "en" / "work.toml"
    whole = file.read_text("utf-8")
    more = '\n[[question]]\nid = "work-new"\ntext = "How?"\nelements = ["work"]\ndepth = 1\n'

    file.write_text(whole + more, "utf-8")
    assert Decks.load(folder).question("en", "work-new")

    file.write_text(whole[: whole.rindex("[[question]]")], "utf-8")
    with pytest.raises(DeckError, match=r"work\.toml: the set has 15 of at least 16 questions\. Add some"):
        Decks.load(folder)


def test_a_folder_without_english_is_refused(tmp_path: Path):
    with pytest.raises(DeckError, match="has no decks"):
        Decks.load(tmp_path)


def test_a_folder_without_decks_is_not_a_language(folder: Path):
    (folder / "en" / "formats").mkdir(exist_ok=True)
    (folder / "en" / "formats" / "story.toml").write_text("minutes = 5", "utf-8")
    (folder / "notes").mkdir()

    assert Decks.load(folder).languages() == ("en",)


# Which question comes next


def test_a_translated_question_is_given_in_its_language_and_others_in_english(folder: Path):
    decks = translate(folder, "nl", ("work-workbench", "Wat ligt er op je werkbank?"))

    translated = decks.question("nl", "work-workbench")
    lent = decks.question("nl", "work-courage")

    assert decks.languages() == ("en", "nl")
    assert translated is not None
    assert translated.text == "Wat ligt er op je werkbank?"
    assert lent == decks.question("fr", "work-courage") == decks.question("en", "work-courage")
    assert decks.question("nl", "work-unheard-of") is None


def test_a_draw_speaks_the_language_of_the_community(folder: Path):
    decks = translate(folder, "nl", ("work-workbench", "Wat ligt er op je werkbank?"))

    assert draw(decks, "nl").text == "Wat ligt er op je werkbank?"
    assert draw(decks, "fr") == draw(decks, "en")


def test_a_language_with_nothing_left_borrows_from_english(folder: Path):
    decks = translate(folder, "nl", ("work-workbench", "Wat ligt er op je werkbank?"))
    only_one = frozenset({"work-workbench"})

    assert draw(decks, "nl", sets=frozenset({"leaving"})).set == "leaving"
    assert draw(decks, "nl", retired=only_one).id != "work-workbench"


@settings(deadline=None)
@given(
    element=st.none() | st.sampled_from(Element),
    depth=st.none() | st.integers(1, 3),
    sets=st.sets(st.sampled_from(sorted(CHECK_IN_SETS - {"arriving"})), min_size=1).map(frozenset),
    seed=st.integers(0, 999),
)
def test_a_draw_honours_element_depth_and_sets_where_it_can(
    element: Element | None, depth: int | None, sets: frozenset[str], seed: int
):
    question = draw(element=element, depth=depth, sets=sets, seed=seed)

    touching = ids_where(lambda each: each.set in sets and (element is None or element in each.elements))
    assert question.set in sets
    if touching:
        assert question.id in touching
        assert depth is None or question.depth <= depth


def test_the_same_seed_draws_the_same_question():
    assert draw(seed=7) == draw(seed=7)
    assert len({draw(seed=seed).id for seed in range(50)}) > 20


def test_depth_is_given_up_before_the_element():
    light_work = ids_where(lambda each: Element.WORK in each.elements and each.depth == 1)

    question = draw(used=dict.fromkeys(light_work, MONDAY_MORNING - WEEK), element=Element.WORK, depth=1)

    assert Element.WORK in question.elements
    assert question.depth > 1


def test_the_element_is_given_up_before_a_question_comes_again():
    all_work = ids_where(lambda each: Element.WORK in each.elements)

    question = draw(used=dict.fromkeys(all_work, MONDAY_MORNING - WEEK), element=Element.WORK, depth=1)

    assert Element.WORK not in question.elements


def test_when_everything_was_used_the_one_used_longest_ago_comes_again():
    used = dict.fromkeys(ids_where(lambda _: True), MONDAY_MORNING - WEEK)
    used["kinship-over-tea"] = MONDAY_MORNING - 2 * WEEK
    used["leaving-thanks"] = MONDAY_MORNING - 3 * WEEK

    assert draw(used=used, element=Element.WORK).id == "kinship-over-tea"


@pytest.mark.parametrize(("since", "comes"), [(REPEAT_AFTER, True), (REPEAT_AFTER - timedelta(seconds=1), False)])
def test_a_question_may_come_again_after_twenty_six_weeks(since: timedelta, comes: bool):
    used = dict.fromkeys(ids_where(lambda each: each.set == "work"), MONDAY_MORNING - WEEK)
    used["work-courage"] = MONDAY_MORNING - since

    question = draw(used=used, element=Element.WORK, sets=frozenset({"work", "kinship"}))

    assert (question.id == "work-courage") is comes


def test_a_retired_question_never_comes():
    all_but_one = ids_where(lambda each: each.set == "work") - {"work-courage"}
    used = {"work-courage": MONDAY_MORNING}

    assert draw(used=used, sets=frozenset({"work"}), retired=all_but_one).id == "work-courage"
    with pytest.raises(DeckError, match="these sets is retired: work"):
        draw(sets=frozenset({"work"}), retired=all_but_one | {"work-courage"})


@settings(deadline=None)
@given(
    wishes=st.lists(
        st.tuples(st.none() | st.sampled_from(Element), st.none() | st.integers(1, 3)),
        min_size=20,
        max_size=80,
    ),
    sets=st.sets(st.sampled_from(sorted(SIZES)), min_size=1).map(frozenset),
    retired=st.sets(st.sampled_from([each.id for each in QUESTIONS]), max_size=10).map(frozenset),
    seed=st.integers(0, 999),
)
def test_week_after_week_nothing_comes_again_within_twenty_six_weeks_while_there_is_another(
    wishes: list[tuple[Element | None, int | None]], sets: frozenset[str], retired: frozenset[str], seed: int
):
    rng = random.Random(seed)
    pool = ids_where(lambda each: each.set in sets) - retired
    used: dict[str, datetime] = {}
    for week, (element, depth) in enumerate(wishes):
        now = MONDAY_MORNING + week * WEEK

        question = DECKS.draw(
            "en", used=used, now=now, rng=rng, element=element, depth=depth, sets=sets, retired=retired
        )

        assert question.id in pool
        if question.id in used and now - used[question.id] < REPEAT_AFTER:
            assert len(pool) < 26
            assert used[question.id] == min(used.values())
            assert used.keys() == pool
        used[question.id] = now


def test_a_weekly_check_in_never_comes_again_within_twenty_six_weeks_even_for_one_element():
    used: dict[str, datetime] = {}
    rng = random.Random(3)
    for week in range(150):
        now = MONDAY_MORNING + week * WEEK

        question = DECKS.draw("en", used=used, now=now, rng=rng, element=Element.LEARNING)

        assert Element.LEARNING in question.elements
        assert question.id not in used or now - used[question.id] >= REPEAT_AFTER
        used[question.id] = now
