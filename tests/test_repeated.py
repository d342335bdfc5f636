"""What someone who is left out wrote goes also where others quote it, however they do."""

import re

import pytest

from bot.cleaning import cleaned
from tests.test_cleaning import AMINA, RUTH, heard, reading


def after_amina(theirs: str, *said: str) -> list[str]:
    """Return what is left of words Ruth says, message by message, after Amina, who is left out, wrote ``theirs``."""
    made = cleaned(reading((AMINA, theirs), *((RUTH, each) for each in said)), frozenset({AMINA}), "en")
    return [each.words for each in made.lines]


@pytest.mark.parametrize(
    "quoting",
    [
        "> I am leaving my job in March",
        ">>> I am leaving my job\nin March",
        "\u200b> I am leaving my job in March",
        "- > I am leaving my job in March",
        "> -# I am leaving my job in March\r\n> because",
        "She wrote “I am leaving my job in March”",
        'She wrote "i AM  leaving, my JOB in march!"',
        "**I am** leaving my *job in* March",
        "I a\u200bm lea\u00adving my job in March",
        "I ~ am ~ leaving ~ my ~ job ~ in ~ March",
        "І аm lеаving my jоb in Маrсh",
        "𝐈 𝐚𝐦 𝐥𝐞𝐚𝐯𝐢𝐧𝐠 𝐦𝐲 𝐣𝐨𝐛 in March",
        "I\nam\nleaving\nmy\njob\nin\nMarch",
        "||I am leaving my job in March||",
        "`I am leaving my job in March`",
        "[I am leaving my job in March](https://example.org)",
    ],
)
def test_what_repeats_someone_left_out_goes(quoting: str) -> None:
    (line,) = after_amina("I am leaving my job in March.", f"So it goes.\n{quoting}\n")[-1:]

    assert line.startswith("So it goes.")
    assert re.search(r"leaving|job|March", line, re.IGNORECASE) is None


@pytest.mark.parametrize(
    "quoting",
    [
        "> Gone\nMine.",
        "Mine.\n>>> Gone\nGone",
        "  > Gone\r\nMine.",
        "\u200b>Gone\nMine.",
        "1. > Gone\nMine.",
        "Mine.\n>>>Gone",
    ],
)
def test_lines_that_quote_go_whoever_wrote_them(quoting: str) -> None:
    assert heard(quoting) == "Mine."


def test_a_quotation_split_over_messages_goes() -> None:
    lines = after_amina("I am leaving my job in March.", "Hear this:", "I am leaving", "my job", "in March", "Sad.")

    assert " ".join(lines) == "Hear this: Sad."


def test_a_sentence_written_in_several_messages_is_known_as_one() -> None:
    thread = reading(
        (AMINA, "I am"), (AMINA, "leaving my"), (AMINA, "job"), (RUTH, "Oh: I am leaving my job, she says")
    )

    assert [each.words for each in cleaned(thread, frozenset({AMINA}), "en").lines] == ["Oh: …, she says"]


def test_short_messages_go_where_they_are_quoted() -> None:
    assert after_amina("I'm pregnant", "Amina told me: I'm pregnant") == ["someone told me: …"]
    assert after_amina("Yes.", "She just said “yes”.", "And yes, I agree.") == [
        "She just said “…”.",
        "And yes, I agree.",
    ]
    assert after_amina("Thank you", "Thank you, Sue.", "Her “thank you” was warm.") == [
        "Thank you, Sue.",
        "Her “…” was warm.",
    ]


def test_common_words_in_a_row_are_nobodys_own() -> None:
    assert after_amina("I do not think so.", "I do not think we should cancel.") == ["I do not think we should cancel."]
    assert after_amina("I am not well.", "I know that I am not well is what she wrote") == [
        "I know that … is what she wrote"
    ]
