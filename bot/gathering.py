"""Gathers a thread plainly, without a model: what was asked and what waits, who will do what, links, what was welcomed.

It quotes what people wrote, sentence by sentence, and judges nothing but by simple signs: a question mark, a reply, a
word two messages share, a reaction, a wording by which people commit themselves.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bot.cleaning import BETWEEN_LINES, cut
from bot.folding import WORD, folded, has_wordings, keys_of, listed, wordings
from bot.names import UNPARTED
from bot.sentences import sentences_in
from bot.store.summaries import LONGEST_POINT, Heading, Unmodelled
from bot.thread import Findings, Line, Point, Thread

MOST_POINTS = 6
"""Points under one heading; the latest are kept."""
MOST_WELCOMED = 4
LONGEST_QUOTE = 200
FEWEST_WORDS = 2
"""Words a sentence has at least to be quoted."""
LONGEST_ECHO = 3
"""Words up to which a question is taken for an echo (Outside in May?) unless it begins as questions do."""
SHORT = 6
"""Words up to which a commitment is quoted with what it leads on from."""
SAME = 4
"""Letters two words have in common at their beginning when they are about the same: hosting, hosts."""
SOON = 6
"""Lines within which one word in common is taken for an answer; later it takes two."""
LOOKED_BACK = 40
"""Lines after which a question is not thought to be answered unless somebody replies to it."""
ASKS = ("?", "؟")
QUOTES = {"de": "„{}“"}
"""How languages quote, but for those that do so as English does."""

_QUOTED = re.compile(r"[\"“„«»‹]([^\"“”„«»‹›]*)[\"”“«»›]")
_AFTER_END = re.compile(r"[^\w?؟]+$")
_BEFORE = re.compile(r"^[^\w\"“„«‘'(¿¡]+")
_LINK = re.compile(r"\s*[-–:>→]*\s*\(link\)")


@dataclass(frozen=True, eq=False)
class _Said:
    """A sentence, the line it stands in, and whether it asks something."""

    line: Line
    words: str
    asks: bool = False


def gathered(thread: Thread, why: Unmodelled) -> Findings:
    """Return what a thread holds, gathered without a model; ``why`` says the reason for doing so."""
    asking, committing = _asking(thread.language), _committing(thread.language)
    said = [_Said(line, each, asking(each)) for line in thread.lines for each in _sentences(line, thread.language)]
    questions = [each for each in said if each.asks]
    commitments = [each for each in said if not each.asks and committing(each.words)]
    open_ = _open(thread, said)
    waiting = [each for each in questions if each.line.number in open_]
    asked, waits = _latest(each for each in questions if each.line.number not in open_), _latest(waiting)
    promised = _latest(commitments)
    leading = _leading_to(promised, said, commitments)
    shown = {*asked, *waits, *promised, *leading.values()}
    links = _links(thread.lines, said, shown)
    shown |= {each for each, _link in links}
    quotes = QUOTES.get(thread.language, "“{}”")
    points = [
        *(_point(Heading.ASKED, each, quotes) for each in asked),
        *(_point(Heading.OPEN, each, quotes) for each in waits),
        *(_point(Heading.COMMITMENTS, each, quotes, leading.get(each)) for each in promised),
        *(_link_point(each, link, quotes) for each, link in links),
        *(_point(Heading.WELCOMED, each, quotes) for each in _welcomed(thread.lines, said, shown)),
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
    return [
        each
        for part in line.words.split(BETWEEN_LINES)
        for sentence in sentences_in(part, language)
        if (each := _BEFORE.sub("", sentence)) and _length(each) >= FEWEST_WORDS
    ]


def _asking(language: str) -> Callable[[str], bool]:
    """Return what tells whether a sentence asks something, and not only whether others agree."""
    begins, is_known = _any_of(language, "asks"), has_wordings(language)
    first = {folded(each) for each in wordings(language)["first_words"]}
    empty = {tuple(keys_of(each)) for each in wordings(language)["no_questions"]}

    def asks(sentence: str) -> bool:
        own = _AFTER_END.sub("", _QUOTED.sub(" ", sentence)).strip()
        if not own.endswith(ASKS):
            unended = not sentence.endswith((".", "!", ":", "…"))
            return unended and begins.match(_plain(own.rsplit(": ")[-1])) is not None
        whole, last = tuple(keys_of(own)), tuple(keys_of(re.split(r"[,;–—-]\s*", own)[-1]))
        if _length(own) < FEWEST_WORDS or whole in empty or last in empty:
            return False
        return not is_known or _length(own) > LONGEST_ECHO or not first.isdisjoint((*whole[:1], *last[:1]))

    return asks


def _committing(language: str) -> Callable[[str], bool]:
    """Return what tells whether somebody commits themselves in a sentence."""
    wanted, unwanted = _any_of(language, "commitments"), _any_of(language, "not_meant")

    def commits(sentence: str) -> bool:
        own = _plain(_QUOTED.sub(" ", sentence))
        return not own.rstrip().endswith(ASKS) and wanted.search(unwanted.sub(" ", own)) is not None

    return commits


def _leading_to(promised: Sequence[_Said], said: Sequence[_Said], commitments: Sequence[_Said]) -> dict[_Said, _Said]:
    """Return, for those so short that they say little alone (I'll do it), the sentence before in the same line."""
    short = {each for each in promised if _length(each.words) <= SHORT}
    telling = {each for each in said if not each.asks}.difference(commitments)
    return {
        each: before
        for before, each in pairwise(said)
        if each in short and before in telling and before.line is each.line and len(before.words) < LONGEST_QUOTE // 2
    }


def _open(thread: Thread, said: Sequence[_Said]) -> set[int]:
    """Return the lines with questions nobody has answered: by a reply, with words of theirs, or right after them."""
    asked: dict[int, set[str]] = {}
    for each in said:
        if each.asks:
            asked[each.line.number] = asked.get(each.line.number, set()) | _telling(each.words)
    asks_only = asked.keys() - {each.line.number for each in said if not each.asks}
    writers = {line.number: line.person for line in thread.lines}
    beside = _any_of(thread.language, "no_answers")
    open_ = set(asked)
    for line in thread.lines:
        if line.number not in asks_only:
            recent = {each: asked[each] for each in range(line.number - LOOKED_BACK, line.number) if each in open_}
            next_ = beside.search(_plain(line.words)) is None and not line.words.endswith(ASKS)
            open_ -= _answered_by(line, recent, writers, next_=next_)
    return open_


def _answered_by(line: Line, recent: dict[int, set[str]], writers: dict[int, int | None], *, next_: bool) -> set[int]:
    """Return the lines whose questions a line seems to answer, of the recent ones with what they are about.

    ``next_``: it may answer the one right before it though they have no word in common.
    """
    if line.reply_to is not None:
        return {line.reply_to} if writers.get(line.reply_to) != line.person else set()
    before = [number for number in recent if writers[number] != line.person]
    named = [number for number in before if writers[number] in line.mentions]
    words = _telling(line.words) if before else set[str]()
    common = [number for number in before if len(recent[number] & words) >= (1 if line.number - number <= SOON else 2)]
    return {*common, *named[-1:]} or {number for number in before if next_ and number == line.number - 1}


def _links(lines: Sequence[Line], said: Sequence[_Said], shown: set[_Said]) -> list[tuple[_Said, str]]:
    """Return the latest links, each once, the first of a line with the sentence around it unless that is shown."""
    found = {link: line for line in lines for link in line.links if len(link) <= LONGEST_QUOTE}
    around = {each.line.number: each for each in reversed(said) if "(link)" in each.words and each not in shown}
    latest = list(found.items())[-MOST_POINTS:]
    return [(around.pop(line.number, _Said(line, "")), link) for link, line in latest]


def _welcomed(lines: Sequence[Line], said: Sequence[_Said], shown: set[_Said]) -> list[_Said]:
    """Return what most people reacted to, in its order, without the sentences that are shown already."""
    fewest = min(2, max((each.welcomed for each in lines), default=0)) or 1
    left: dict[int, list[str]] = {}
    for each in said:
        if each not in shown:
            left.setdefault(each.line.number, []).append(each.words)
    found = [each for each in lines if each.welcomed >= fewest and each.number in left]
    found = sorted(found, key=lambda each: -each.welcomed)[:MOST_WELCOMED]
    return [_Said(each, " ".join(left[each.number])) for each in sorted(found, key=lambda each: each.number)]


def _latest(found: Iterable[_Said]) -> list[_Said]:
    """Return the latest of these; of what was said twice the last."""
    once = {tuple(keys_of(each.words)): each for each in found}
    return sorted(once.values(), key=lambda each: each.line.number)[-MOST_POINTS:]


def _point(heading: Heading, said: _Said, quotes: str, leading: _Said | None = None) -> Point:
    words = said.words if leading is None else f"{leading.words} {said.words}"
    return Point(heading, _with_writer(said.line, quotes.format(cut(words, LONGEST_QUOTE))), (said.line.source,))


def _link_point(said: _Said, link: str, quotes: str) -> Point:
    words = _with_writer(said.line, link)
    around = _LINK.sub("", said.words).strip(" :–-")
    room = LONGEST_POINT - len(words) - len(quotes.format(" "))
    if _length(around) > FEWEST_WORDS and room > LONGEST_POINT // 10:
        words += " " + quotes.format(cut(around, min(room, LONGEST_QUOTE)))
    return Point(Heading.LINKS, words, (said.line.source,))


def _with_writer(line: Line, words: str) -> str:
    return words if line.person is None else f"Person {line.person}: {words}"


def _telling(words: str) -> set[str]:
    """Return the words that tell what something is about, so far as their endings don't matter."""
    return {each[:SAME] for each in keys_of(words) if len(each) > 2 and each not in listed("commonest")}


def _length(words: str) -> int:
    """Return how many words these are; where nothing parts them, two letters count as one."""
    return sum(len(each) // 2 if UNPARTED.search(each) else 1 for each in WORD.findall(words))


def _plain(words: str) -> str:
    return words.replace("’", "'")


@cache
def _any_of(language: str, kind: str) -> re.Pattern[str]:
    """Return what finds a language's wordings of a kind."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wordings(language)[kind]))})(?!\w)", re.IGNORECASE)
