"""What summaries cost: requests, tokens and time with a model, time and memory without, and what they import."""

import asyncio
import json
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session, select

from bot.app import App, assemble
from bot.cleaning import prepared
from bot.clock import SystemClock
from bot.model import Model
from bot.store.communities import MONTHLY_TOKENS, Community
from bot.store.summaries import ModelUse
from bot.thread import Reading
from tests.bench.conversation import conversation
from tests.bench.databases import Kind
from tests.bench.programs import ROOT
from tests.bench.report import Table, circumstances, percentile
from tests.loopback.model import Answering, Asked, ModelServer, derived, saying

TOKEN = re.compile(r"\w+|[^\w\s]")
TOKENS_A_WORD = 1.3
PLENTY = 5_000_000
"""The largest budget a community can choose."""
NEW = 0.1
"""Messages written since the first summary, as a share of those it was made from."""


@dataclass(frozen=True)
class Talk:
    """How long the threads are that are summarised, how often, and after how many seconds the server answers.

    ``slow`` is for the longest once more, whose time is then over before the model has seen all of it.
    """

    lengths: tuple[int, ...]
    times: int
    answers_after: float
    slow: float


@dataclass(frozen=True)
class Made:
    """What one summary took."""

    requests: int
    estimated: int
    answered: int
    """The estimate of those requests that were answered."""
    reported: int
    seconds: float
    skipped: int


async def summarising(databases: list[Kind], talk: Talk) -> Table:
    """Measure requests, tokens and seconds of summaries with a model, the first of a thread and the next."""
    rows: list[tuple[str, ...]] = []
    when = circumstances()
    with databases[0].fresh() as url:
        async with ModelServer() as server:
            model = Model("loopback", SystemClock(), base_url=server.url)
            app = assemble(url, SystemClock(), model)
            makes = _Making(app, server, talk.answers_after)
            try:
                await makes.summary(conversation(2), PLENTY)  # imports what the others have
                for length in talk.lengths:
                    first, new = _first_and_new(length)
                    rows.append(await makes.row(f"{length:,}", first, PLENTY, talk.times))
                    rows.append(await makes.row(f"{len(new.messages):,} more", new, PLENTY, talk.times))
                longest, _new = _first_and_new(talk.lengths[-1])
                rows.append(await makes.row(f"{talk.lengths[-1]:,}, usual budget", longest, MONTHLY_TOKENS, talk.times))
                makes.answers_after = talk.slow
                rows.append(await makes.row(f"{talk.lengths[-1]:,}, slow server", longest, PLENTY, 1))
            finally:
                await app.summariser.close()
                app.database.close()
    columns = ("messages", "requests", "estimated", "reported", "share", "s", "longest", "left out")
    return Table("Summaries with a model", columns, rows, _note(talk, when))


def _note(talk: Talk, when: str) -> str:
    lengths = [len(each.words) for each in conversation(talk.lengths[-1]).messages]
    spread = ", ".join(str(percentile([*map(float, lengths)], share)).removesuffix(".0") for share in (0.1, 0.5, 0.9))
    return (
        f"Made-up threads in English (`tests/bench/conversation.py`), of whose messages a tenth, a half and nine "
        f"tenths have at most {spread} characters. *More*: the next summary, of what was written since. *Usual "
        f"budget*: {MONTHLY_TOKENS:,} tokens a month, as a community has them at first; the others {PLENTY:,}. *Slow "
        f"server*: it takes {talk.slow:g} s for an answer, else {talk.answers_after:g}. *Estimated*: the tokens of "
        f"the whole thread before anything is sent, as its asker is told them when it is long, the most each answer "
        f"may take included. *Reported*: by a loopback server (`tests/loopback/model.py`), which is no model and has "
        f"no tokenizer: it counts words and punctuation marks of instructions, lines and its answer, {TOKENS_A_WORD} "
        f"tokens each. *Share*: of what was estimated for those requests that were answered. *s*: until the findings "
        f"are there, from what was read on (median and longest of {talk.times}; the last row once). What the first "
        f"summary imports comes on top, and reading the thread from Discord. *Left out*: messages, the oldest, that "
        f"budget or time did not reach. SQLite; {when}."
    )


class _Making:
    """Makes summaries in one community after another, each of which has its whole budget."""

    def __init__(self, app: App, server: ModelServer, answers_after: float) -> None:
        self.answers_after = answers_after
        self._app = app
        self._server = server
        server.script = [self._counted()]
        self._community_id = 0

    async def row(self, words: str, reading: Reading, budget: int, times: int) -> tuple[str, ...]:
        """Make a summary so many times, and return the row that tells of them."""
        made = [await self.summary(reading, budget) for _number in range(times)]
        seconds = [each.seconds for each in made]
        last = made[-1]
        return (
            words,
            str(last.requests),
            f"{last.estimated:,}",
            f"{last.reported:,}",
            f"{last.reported / last.answered:.0%}",
            f"{statistics.median(seconds):.2f}",
            f"{max(seconds):.2f}",
            f"{last.skipped:,}",
        )

    async def summary(self, reading: Reading, budget: int) -> Made:
        """Make one summary. Raises RuntimeError when it was not the model that made it."""
        self._community_id += 1
        here = Community(id=self._community_id, created_at=self._app.clock.now(), monthly_tokens=budget)
        await self._app.database.run(lambda session: session.add(here))
        asked_before = len(self._server.asked)
        began = time.perf_counter()
        thread = await asyncio.to_thread(prepared, reading, frozenset[int](), "en")
        estimated = self._app.summariser.price(thread)
        found = await self._app.summariser.make(self._community_id, thread, allowed=True)
        seconds = time.perf_counter() - began
        if found.unmodelled is not None:
            raise RuntimeError(f"no model made it: {found.unmodelled}")
        uses = await self._app.database.run(self._uses)
        return Made(
            requests=len(self._server.asked) - asked_before,
            estimated=estimated,
            answered=sum(reserved for reserved, used in uses if used is not None),
            reported=sum(used for _reserved, used in uses if used is not None),
            seconds=seconds,
            skipped=found.skipped,
        )

    def _uses(self, session: Session) -> Sequence[tuple[int, int | None]]:
        """Return the tokens set aside for each request of this community, and those reported."""
        uses = select(ModelUse.reserved, ModelUse.used)
        return session.exec(uses.where(ModelUse.community_id == self._community_id)).all()

    def _counted(self) -> Answering:
        """Answer after a while, and report tokens by a simple rule."""

        async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(self.answers_after)
            text = json.dumps(derived(asked))
            prompt = sum(_counted(each["content"]) for each in asked.json["messages"])
            usage = {"prompt_tokens": prompt, "completion_tokens": _counted(text)}
            await saying(text, usage | {"total_tokens": sum(usage.values())})(asked, writer)

        return answer


def _counted(text: str) -> int:
    return round(len(TOKEN.findall(text)) * TOKENS_A_WORD)


def _first_and_new(length: int) -> tuple[Reading, Reading]:
    """Return a thread of so many messages, and what was written in it afterwards."""
    whole = conversation(length + max(1, round(length * NEW)))
    first, new = whole.messages[:length], whole.messages[length:]
    return replace(whole, messages=first), replace(whole, messages=new)


async def gathering(talk: Talk) -> Table:
    """Measure how long plain gathering takes, and the memory it needs meanwhile."""
    rows: list[tuple[str, ...]] = []
    when = circumstances()
    for length in talk.lengths:
        found = [await alone("gathering", length) for _number in range(talk.times)]
        ready, gathered = ([each[name] for each in found] for name in ("ready", "gathered"))
        rows.append(
            (
                f"{length:,} messages",
                f"{statistics.median(ready) * 1000:.0f}",
                f"{statistics.median(gathered) * 1000:.0f}",
                f"{max(map(sum, zip(ready, gathered, strict=True))) * 1000:.0f}",
                f"{statistics.median(each['held'] for each in found):.1f}",
                f"{max(each['peak'] for each in found):.1f}",
            )
        )
    columns = (
        "",
        "made ready (ms)",
        "gathered (ms)",
        "both, longest",
        "messages as read (MB)",
        "peak beyond them (MB)",
    )
    note = (
        f"The same threads, each {talk.times} times in a process of its own that has the libraries imported already: "
        f"medians, and the largest peak of resident memory. *Made ready*: names, addresses and numbers taken out, the "
        f"language told; that comes before the model is asked, too. Reading from Discord comes on top; {when}."
    )
    return Table("Summaries without a model", columns, rows, note)


FIRST_USES = {
    "client": "the model's client",
    "language": "telling the language",
    "sentences": "finding where sentences end",
}


async def waking(times: int) -> Table:
    """Measure what a first summary imports: seconds and memory."""
    rows: list[tuple[str, ...]] = []
    when = circumstances()
    for name, words in FIRST_USES.items():
        found = [await alone(name) for _number in range(times)]
        seconds = [each["seconds"] for each in found]
        memory = [each["memory"] for each in found]
        rows.append(
            (
                words,
                str(times),
                f"{statistics.median(seconds) * 1000:.0f}",
                f"{max(seconds) * 1000:.0f}",
                f"{statistics.median(memory):.1f}",
                f"{max(memory):.1f}",
            )
        )
    note = (
        f"Each in a process of its own that has imported what `kith run` imports, so that what they share is there "
        f"already: the import, and the first use (a client made; a message looked at). The client comes with the first "
        f"question to a model, the other two with the first summary, and in a thread beside the rest; {when}."
    )
    columns = ("", "n", "ms, median", "longest", "MB, median", "most")
    return Table("What the first summary imports", columns, rows, note)


async def alone(*words: object) -> dict[str, Any]:
    """Measure something in a process of its own and return what it found. Raises RuntimeError when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.alone", *map(str, words), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    found, _errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{words}: ended with status {process.returncode}")
    return json.loads(found)
