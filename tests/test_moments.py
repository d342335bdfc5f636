"""A day and a time, as people type them."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.language import speaking
from bot.services.moments import read_moment

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
"""A Tuesday, at 19:00 in Berlin."""
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("typed", "day", "hour"),
    [
        ("2026-12-01 18:30", 1, 17),
        (" 2026-12-1,  6.30pm ", 1, 17),
        ("2026-12-01T18:30", 1, 17),
        ("1.12.2026 18:30", 1, 17),
        ("1. 12. 18h30", 1, 17),
        ("Tuesday 18:30", 1, 17),
        ("tue at 18:30", 1, 17),
        ("wednesday, 18:30", 25, 17),
        ("tomorrow 18:30", 25, 17),
        ("today 20:30", 24, 19),
        ("Tuesday 20:30", 24, 19),
    ],
)
def test_a_moment_is_read_as_people_write_it_and_as_their_clocks_show_it(typed: str, day: int, hour: int) -> None:
    moment = read_moment(typed, BERLIN, NOW)

    assert (moment.month, moment.day, moment.hour, moment.minute) == (12 if day == 1 else 11, day, hour, 30)


def test_a_date_without_a_year_is_the_next_one() -> None:
    assert read_moment("23.11. 18:30", BERLIN, NOW).year == 2027
    assert read_moment("24.11. 18:30", BERLIN, NOW).year == 2027
    assert read_moment("24.11. 20:30", BERLIN, NOW).year == 2026


def test_weekdays_are_read_in_the_language_spoken_and_in_english() -> None:
    with speaking("de"):
        assert read_moment("Mittwoch um 18:30", BERLIN, NOW) == read_moment("Wednesday 18:30", BERLIN, NOW)
        assert read_moment("Mi. 18:30", BERLIN, NOW) == read_moment("Wed 18:30", BERLIN, NOW)


@pytest.mark.parametrize(
    "typed", ["", "soon", "18:30", "Tuesday", "2026-12-01", "2026-13-01 18:30", "12/01/2026 18:30", "Tuesday 25:00"]
)
def test_anything_else_is_refused_with_what_to_write(typed: str) -> None:
    with pytest.raises(Refusal, match="2026-12-08 18:30; "):
        read_moment(typed, BERLIN, NOW)


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(typed: str) -> None:
    with suppress(Refusal):
        read_moment(typed, BERLIN, NOW)
