"""Which words two texts share, whatever their form, and whatever people type."""

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.services.matching import LONGEST_STEM, stems
from tests.test_hostile_text import HOSTILE


@pytest.mark.parametrize(
    ("language", "offered", "called"),
    [
        ("en", "facilitation", "Who has facilitated a difficult meeting?"),
        ("en", "Listening", "I would like somebody who LISTENS."),
        ("en", "systems thinking", "Is this a system, or only a habit?"),
        ("en", "conflict", "two conflicts/three"),
        ("en", "women’s circles", "A women's group."),
        ("de", "Geschichten erzählen", "Ich suche eine Geschichte."),
        ("de", "Straßenfeste", "STRASSENFEST am Sonntag"),
        ("fr", "écouter", "Qui écoutera ?"),
        ("hi", "किताबें", "किताब"),
        ("th", "การฟัง", "การฟัง"),
        ("en", "cafe\u0301s", "A new CAFÉ"),
    ],
)
def test_words_meet_whatever_their_form(language: str, offered: str, called: str) -> None:
    assert stems(offered, language).keys() & stems(called, language).keys()


@pytest.mark.parametrize(
    ("language", "offered", "called"),
    [
        ("en", "being there for you", "Could someone be there when I need you?"),
        ("en", "help with budgets", "I need help with the garden"),
        ("en", "Tom's bread", "Anna's s"),
        ("de", "Hilfe bei Anträgen", "Wer kann mir bei etwas helfen?"),
        ("de", "Ideen für alle", "Alles für die Katz"),
    ],
)
def test_words_every_call_has_match_nothing(language: str, offered: str, called: str) -> None:
    assert not stems(offered, language).keys() & stems(called, language).keys()


def test_a_stem_stands_with_the_word_as_it_was_written_first() -> None:
    found = stems("Hosting a Circle, hosted circles", "en")

    assert list(found.values()) == ["Hosting", "Circle"]


def test_words_with_nothing_to_say_leave_nothing() -> None:
    assert stems("", "en") == stems("... 🎨 a i' '", "en") == stems("the and of", "en") == {}


def test_a_language_nobody_knows_keeps_plain_words() -> None:
    assert stems("Gathering the GATHERED", "xx-nonsense!") == {
        "gathering": "Gathering",
        "the": "the",
        "gathered": "GATHERED",
    }


def test_whatever_is_typed_makes_stems_the_database_takes() -> None:
    @settings(max_examples=150, deadline=None)
    @example("\ufdfa" * 80, "en")
    @example("ß" * 80, "de")
    @example("’''’a’’", "fr")
    @given(
        st.one_of(st.text(max_size=300), st.sampled_from(HOSTILE)),
        st.sampled_from(["en", "de", "fr", "ar", "hi", "tr", "el", "zh", "", "x"]),
    )
    def found(typed: str, language: str) -> None:
        for stem, written in stems(typed, language).items():
            assert 0 < len(stem) <= LONGEST_STEM
            assert written in typed
            stem.encode()

    found()


def test_stemmers_are_not_loaded_before_they_are_needed() -> None:
    program = "import sys, bot.__main__, bot.services.matching; sys.exit('snowballstemmer' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
