"""Makes summaries: with the language model where a community lets it and its budget reaches, else by plain gathering.

A long thread goes in parts, the newest first, whose points are then joined. Nothing is believed that the model says:
each point has to rest on messages that were sent to it.
"""

import asyncio
import json
import string
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, cast

from babel import Locale, UnknownLocaleError
from pydantic import BaseModel, Field, ValidationError

from bot.cleaning import tame
from bot.database import ROOT
from bot.errors import Refusal
from bot.gathering import gathered
from bot.model import Failure, Model, ModelFailed, Question
from bot.services.model_uses import ModelUses
from bot.store.summaries import Heading, Unmodelled
from bot.thread import Findings, Line, Point, Thread

PROMPTS = ROOT / "prompts" / "summary"
HEADINGS = (Heading.ASKED, Heading.OFFERED, Heading.OPEN, Heading.COMMITMENTS, Heading.THANKS)

PART_TOKENS = 5_600
"""Estimated tokens of lines in one request, so that it fits a window of 8,192 with instructions and answer."""
ANSWER_TOKENS = 1_200
LONG = 20_000
"""Estimated tokens from which on a summary's price is shown before anything is sent."""
FEWEST_LINES = 5
"""A part that the budget cuts shorter than this is not worth its price."""
MODEL_WITHIN = 28.0
"""Seconds for all requests of one summary; with the reading of the thread it stays under 45."""
JOIN_WITHIN = 8.0
"""Of these, the seconds kept for the request that joins the parts."""
AT_ONCE = 4
RETRY_AFTER = 1.0
LONGEST_RETRY = 5.0
MOST_POINTS = 4
LONGEST_WORDS = 200
PLAIN = string.ascii_letters.encode() + b" "
MOST_SOURCES = 3

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [each.value for each in HEADINGS],
    "properties": {
        each.value: {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["words", "messages"],
                "properties": {
                    "words": {"type": "string"},
                    "messages": {"type": "array", "items": {"type": "integer"}},
                },
            },
        }
        for each in HEADINGS
    },
}


Sending = Callable[[], Awaitable[None]]
Found = list[Point] | Unmodelled
"""Points, or why there are none."""
Asking = Callable[[Question, Sequence[Line], float], Awaitable[Found]]


class _Said(BaseModel):
    """One point as the model gives it."""

    words: str
    messages: list[int] = Field(min_length=1)


class Summariser:
    """Makes what a summary consists of from a thread that is made ready for it."""

    def __init__(self, model: Model | None, uses: ModelUses) -> None:
        self.model = model
        self._uses = uses

    async def close(self) -> None:
        """Let go of the connections to the model."""
        if self.model is not None:
            await self.model.close()

    def price(self, thread: Thread) -> int:
        """Return the tokens, estimated at the most, that a thread's summary takes of the budget; 0 without a model."""
        if self.model is None:
            return 0
        parts = parts_of(thread.lines)
        joined = cost(self._joining(thread, [])) + PART_TOKENS if len(parts) > 1 else 0
        return sum(cost(self._asking(thread, part)) for part in parts) + joined

    async def make(
        self,
        community_id: int,
        thread: Thread,
        *,
        allowed: bool,
        wanted: bool = True,
        within: float = MODEL_WITHIN,
        sending: Sending | None = None,
    ) -> Findings:
        """Return a summary of a thread; ``allowed``: the community lets words go to the model; ``wanted``: the asker.

        Never fails for the model's sake, nor waits for it longer than ``within`` seconds: then it is a plain
        gathering, which says why. ``sending`` is done once, before the first word goes; none goes if it refuses.
        """
        if self.model is None:
            why = Unmodelled.NONE
        elif not allowed:
            why = Unmodelled.OFF
        elif not wanted or not thread.lines:
            why = Unmodelled.CHOSEN
        else:
            made = await self._modelled(community_id, thread, within, sending)
            if isinstance(made, Findings):
                return made
            why = made
        return await asyncio.to_thread(gathered, thread, why)

    async def _modelled(
        self, community_id: int, thread: Thread, within: float, sending: Sending | None
    ) -> Findings | Unmodelled:
        """Return what the model found, or why it found nothing."""
        ends = asyncio.get_running_loop().time() + within
        left = (await self._uses.spending(community_id)).left
        parts = await asyncio.to_thread(self._affordable, thread, left)
        if not parts:
            return Unmodelled.BUDGET
        ask = partial(self._ask, community_id, _once(sending))
        answered = list(zip(parts, await self._ask_all(ask, thread, parts, ends), strict=True))
        found = [(part, points) for part, points in reversed(answered) if not isinstance(points, Unmodelled)]
        points: Sequence[Point] = [each for _part, of_part in found for each in of_part]
        if not points:
            spent = all(of_part is Unmodelled.BUDGET for _part, of_part in answered)
            return Unmodelled.BUDGET if spent else Unmodelled.FAILED
        if len(found) > 1:
            points = await self._join(ask, thread, [of_part for _part, of_part in found], ends)
        messages = sum(len(part) for part, _points in found)
        return Findings(
            language=thread.language,
            points=tuple(points),
            people=thread.people,
            messages=messages,
            skipped=len(thread.lines) - messages,
            cut=not thread.whole,
        )

    def _affordable(self, thread: Thread, left: int) -> list[list[Line]]:
        """Return the parts, newest first, that a budget reaches for; the last of them may be cut short."""
        parts: list[list[Line]] = []
        for part in parts_of(thread.lines):
            price = cost(self._asking(thread, part))
            if price > left:
                room = left - cost(self._asking(thread, []))
                cut = parts_of(part, room)[0] if room > 0 else part[:0]
                return [*parts, cut] if len(cut) >= FEWEST_LINES else parts
            left -= price
            parts.append(part)
        return parts

    async def _ask_all(self, asking: Asking, thread: Thread, parts: Sequence[list[Line]], ends: float) -> list[Found]:
        """Return each part's points, or why it has none; a few are asked about at once, until the time is over.

        None is begun that would not end in time if it took as long as the slowest before it: it would cost its tokens,
        and the model would seem to fail.
        """
        gate = asyncio.Semaphore(AT_ONCE)
        last = ends - JOIN_WITHIN if len(parts) > 1 else ends
        loop = asyncio.get_running_loop()
        slowest = 0.0

        async def ask(part: list[Line]) -> Found:
            nonlocal slowest
            async with gate:
                began = loop.time()
                if began + slowest > last:
                    return Unmodelled.FAILED
                points = await asking(self._asking(thread, part), part, last)
                slowest = max(slowest, loop.time() - began)
                return points

        return await asyncio.gather(*map(ask, parts))

    async def _join(self, ask: Asking, thread: Thread, parts: list[list[Point]], ends: float) -> Sequence[Point]:
        """Return the points of several parts, oldest first, brought together: by the model, else the latest of each."""
        sent = _fitting(parts, {line.source.message_id: line.number for line in thread.lines})
        cited = {source.message_id for point in sent.values() for source in point.sources}
        lines = [line for line in thread.lines if line.source.message_id in cited]
        joined = await ask(self._joining(thread, sent), lines, ends)
        if joined and not isinstance(joined, Unmodelled):
            return joined
        every = [point for part in parts for point in part]
        return [point for each in HEADINGS for point in [one for one in every if one.heading is each][-MOST_POINTS:]]

    async def _ask(
        self, community_id: int, sending: Sending, question: Question, lines: Sequence[Line], ends: float
    ) -> Found:
        """Return the points the model finds in lines, asked once more where that may help, or why it finds none."""
        assert self.model is not None
        loop = asyncio.get_running_loop()
        for last_try in (False, True):
            if loop.time() >= ends or self.model.rests:
                break
            use = await self._uses.reserve(community_id, cost(question))
            if use is None:
                return Unmodelled.BUDGET
            try:
                await sending()
                answer = await self.model.ask(question, ends - loop.time())
            except Refusal:
                await self._uses.settle(use, 0)
                raise
            except ModelFailed as failed:
                await self._uses.settle(use, failed.used)
                wait = RETRY_AFTER if failed.wait is None else failed.wait
                if last_try or not failed.again or wait > min(LONGEST_RETRY, ends - loop.time()):
                    break
                await asyncio.sleep(wait)
            else:
                await self._uses.settle(use, answer.tokens)
                points = points_in(answer.text, lines)
                if points is not None:
                    return points
                self.model.failure = Failure.NONSENSE
                break
        return Unmodelled.FAILED

    def _asking(self, thread: Thread, part: Sequence[Line]) -> Question:
        return Question(_filled("part", thread.language), "\n".join(map(line_words, part)), SCHEMA, ANSWER_TOKENS)

    def _joining(self, thread: Thread, points: Iterable[str]) -> Question:
        return Question(_filled("join", thread.language), "\n".join(points), SCHEMA, ANSWER_TOKENS)


def _once(sending: Sending | None) -> Sending:
    """Return what does it when first awaited, and lets all others wait for that."""
    done: asyncio.Future[None] | None = None

    async def once() -> None:
        nonlocal done
        if sending is not None:
            done = done or asyncio.ensure_future(sending())
            await done

    return once


def _fitting(parts: Sequence[Sequence[Point]], numbers: Mapping[int, int]) -> dict[str, Point]:
    """Return points as the model reads them, as many of each part as one request holds; at worst the newest only."""
    fitting: dict[str, Point] = {}
    for most in range(MOST_POINTS, 0, -1):
        fitting = {
            f"{point.heading.value}: {point.words} {[numbers[each.message_id] for each in point.sources]}": point
            for part in parts
            for point in _most_of_each(part, most)
        }
        if sum(tokens_in(each) + 1 for each in fitting) <= PART_TOKENS:
            return fitting
    room = PART_TOKENS
    newest = [each for each in reversed(fitting) if (room := room - tokens_in(each) - 1) >= 0]
    return {each: fitting[each] for each in reversed(newest)}


def _most_of_each(points: Sequence[Point], most: int) -> list[Point]:
    return [each for heading in HEADINGS for each in [one for one in points if one.heading is heading][:most]]


def tokens_in(text: str) -> int:
    """Return how many tokens a text has at the most: three plain letters or spaces make one, so does any other byte.

    That holds for what people write in any script, emoji included, with each tokenizer it was measured with, though
    not for letters thrown together, of which two may make a token.
    """
    whole = text.encode()
    other = len(whole.translate(None, PLAIN))
    return other - (other - len(whole)) // 3


def cost(question: Question) -> int:
    """Return the tokens a question takes at the most, its answer included."""
    return tokens_in(question.instructions + question.words + json.dumps(question.schema)) + question.most_tokens


def parts_of(lines: Sequence[Line], tokens: int = PART_TOKENS) -> list[list[Line]]:
    """Return lines in parts of at most so many estimated tokens, the newest part first, each in its order."""
    parts: list[list[Line]] = []
    room = 0
    for line in reversed(lines):
        size = _size(line)
        if not parts or size > room:
            parts.append([])
            room = tokens
        parts[-1].append(line)
        room -= size
    return [part[::-1] for part in parts]


def _size(line: Line) -> int:
    return tokens_in(line_words(line)) + 1


def line_words(line: Line) -> str:
    """Return a line as the model reads it."""
    writer = "Somebody" if line.person is None else f"Person {line.person}"
    answers = f", to [{line.reply_to}]" if line.reply_to is not None else ""
    return f"[{line.number}] {writer}{answers}: {line.words}"


def points_in(text: str, lines: Sequence[Line]) -> list[Point] | None:
    """Return the points in a model's answer that rest on some of these lines, with their words tamed.

    ``None`` when it isn't of the form that was asked for.
    """
    given = _object_in(text)
    if not any(heading.value in given for heading in HEADINGS):
        return None
    known = {line.number: line.source for line in lines}
    points: list[Point] = []
    seen: set[str] = set()
    for heading in HEADINGS:
        for each in _list_in(given, heading)[: 3 * MOST_POINTS]:
            try:
                said = _Said.model_validate(each)
            except ValidationError:
                continue
            words = tame(said.words, LONGEST_WORDS)
            sources = tuple(known[number] for number in dict.fromkeys(said.messages) if number in known)
            enough = sum(point.heading is heading for point in points) >= MOST_POINTS
            if words and sources and not enough and words not in seen:
                seen.add(words)
                points.append(Point(heading, words, sources[:MOST_SOURCES]))
    return points


def _object_in(text: str) -> dict[str, Any]:
    """Return the JSON object that stands in an answer, whatever stands around it; an empty one if there is none.

    Small servers leave a model's thoughts before its answer. One cut off at its most tokens keeps its whole points.
    """
    answer = text.rpartition("</think>")[2]
    whole = answer[answer.find("{") : answer.rfind("}") + 1]
    for each in (whole, whole + "]}"):
        try:
            found: Any = json.loads(each)
        except (ValueError, RecursionError):
            continue
        return cast(dict[str, Any], found) if isinstance(found, dict) else {}
    return {}


def _list_in(given: dict[str, Any], heading: Heading) -> list[Any]:
    listed: Any = given.get(heading.value)
    return cast(list[Any], listed) if isinstance(listed, list) else []


def _filled(name: str, language: str) -> str:
    filling = {"{most}": str(MOST_POINTS), "{longest}": str(LONGEST_WORDS), "{language}": language_words(language)}
    text = _instructions(name)
    for placeholder, words in filling.items():
        text = text.replace(placeholder, words)
    return text


@cache
def _instructions(name: str) -> str:
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8")


def language_words(code: str) -> str:
    """Return a language's English name, such as ``German`` for ``de``."""
    try:
        name = Locale.parse(code).english_name
    except (UnknownLocaleError, ValueError):
        name = None
    return name or "the language most of the lines are in"
