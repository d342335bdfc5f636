"""Gathers a thread plainly, without a model: what was asked and what waits, who will do what, links, what was welcomed.

It quotes what people wrote, sentence by sentence, and judges nothing but by simple signs: a question mark, a reply, a
reaction, a wording by which people commit themselves.
"""

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cache

from bot.database import ROOT
from bot.sentences import sentences_in
from bot.store.summaries import Heading, Unmodelled
from bot.thread import Findings, Line, Point, Thread

WORDINGS = ROOT / "prompts" / "summary" / "wordings"
MOST_POINTS = 6
"""Points under one heading; the latest are kept."""
LONGEST_QUOTE = 200
FEWEST_WORDS = 2
"""Words a sentence has at least to be quoted."""
ASKS = ("?", "？", "؟")


def gathered(thread: Thread, why: Unmodelled) -> Findings:
    """Return what a thread holds, gathered without a model; ``why`` says the reason for doing so."""
    said = [(line, _sentences(line, thread.language)) for line in thread.lines]
    questions = [(line, each) for line, all_ in said for each in all_ if each.endswith(ASKS)]
    waiting = [(line, each) for line, each in questions if not _answered(line, thread.lines)]
    committing = _wording(thread.language, "commitments", but="not_meant")
    commitments = [(line, each) for line, all_ in said for each in all_ if not each.endswith(ASKS) and committing(each)]
    points = [
        *_points(Heading.ASKED, [each for each in questions if each not in waiting]),
        *_points(Heading.OPEN, waiting),
        *_points(Heading.COMMITMENTS, commitments),
        *_link_points(thread.lines),
        *_points(Heading.WELCOMED, _welcomed(said)),
    ]
    return Findings(
        language=thread.language,
        points=tuple(points),
        people=thread.people,
        messages=len(thread.lines),
        cut=not thread.whole,
        unmodelled=why,
    )


def _sentences(line: Line, language: str) -> list[str]:
    return [each for each in sentences_in(line.words, language) if len(re.findall(r"\w+", each)) >= FEWEST_WORDS]


def _answered(asked: Line, lines: Sequence[Line]) -> bool:
    """Tell whether somebody else replied to a line, named its writer after it, or wrote next without asking."""
    later = [each for each in lines if each.number > asked.number and each.person != asked.person]
    replied = any(
        each.reply_to == asked.number or (asked.person is not None and asked.person in each.mentions) for each in later
    )
    return replied or (bool(later) and later[0].reply_to is None and not later[0].words.endswith(ASKS))


def _welcomed(said: Sequence[tuple[Line, list[str]]]) -> list[tuple[Line, str]]:
    """Return what most people reacted to, in the order it was written."""
    found = sorted((each for each in said if each[0].welcomed), key=lambda each: -each[0].welcomed)[:MOST_POINTS]
    return sorted([(line, line.words) for line, _all in found], key=lambda each: each[0].number)


def _points(heading: Heading, found: Sequence[tuple[Line, str]]) -> list[Point]:
    return [
        Point(heading, _with_writer(line, f"“{_shortened(words)}”"), (line.source,))
        for line, words in found[-MOST_POINTS:]
    ]


def _link_points(lines: Sequence[Line]) -> list[Point]:
    found = {link: line for line in lines for link in line.links if len(link) <= LONGEST_QUOTE}
    return [
        Point(Heading.LINKS, _with_writer(line, link), (line.source,))
        for link, line in list(found.items())[-MOST_POINTS:]
    ]


def _with_writer(line: Line, words: str) -> str:
    return words if line.person is None else f"Person {line.person}: {words}"


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_QUOTE else words[: LONGEST_QUOTE - 1].rsplit(" ", 1)[0] + "…"


def _wording(language: str, kind: str, *, but: str) -> Callable[[str], bool]:
    """Return what tells whether a sentence holds one of a language's wordings, and none of those ``but``."""
    wordings = _wordings(language)
    wanted, unwanted = _any_of(wordings[kind]), _any_of(wordings[but])
    return lambda sentence: bool(wanted.search(sentence)) and not unwanted.search(sentence)


def _any_of(wordings: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wordings))})(?!\w)", re.IGNORECASE)


@cache
def _wordings(language: str) -> dict[str, list[str]]:
    """Return a language's wordings, or the English ones."""
    file = WORDINGS / f"{language}.toml"
    return tomllib.loads((file if file.exists() else WORDINGS / "en.toml").read_text(encoding="utf-8"))
