"""Threads made ready for a summary, for tests."""

from collections.abc import Sequence
from datetime import timedelta

from bot.thread import Line, Point, Somebody, Source, Thread
from tests.fakes import MONDAY_MORNING

PEOPLE = 3
FIRST_MESSAGE = 7000
"""The id of the message before the first."""


def thread_of(*words: str, language: str = "en") -> Thread:
    """Return a thread in which three people wrote these lines in turn; line 1 is message 7001."""
    return Thread(
        lines=tuple(
            Line(
                number=number,
                source=Source(70, FIRST_MESSAGE + number, 100 + number % PEOPLE),
                person=number % PEOPLE + 1,
                words=each,
                written_at=MONDAY_MORNING + timedelta(minutes=number),
            )
            for number, each in enumerate(words, 1)
        ),
        people=tuple(Somebody(number + 1, 100 + number, f"Name{number}", spoke=True) for number in range(PEOPLE)),
        language=language,
    )


def long_thread(lines: int, length: int = 300) -> Thread:
    """Return a thread of so many lines of ``length`` plain letters, each of which is told from the others."""
    return thread_of(*(f"Line {number} asks who could host? ".ljust(length, "x") for number in range(1, lines + 1)))


def cited(points: Sequence[Point]) -> set[int]:
    """Return the numbers of the lines that points rest on."""
    return {source.message_id - FIRST_MESSAGE for point in points for source in point.sources}
