"""Whatever is written in a thread, and however the model obeys it: a summary pings nobody and leads nowhere else.

The model here plays the worst case. It says whatever hostile messages ask for, letter for letter, and cites messages
that exist, that don't, that were left out, and numbers that are none.
"""

import asyncio
import itertools
import json
import re
import tomllib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import Session

from bot.app import App
from bot.cleaning import prepared
from bot.model import Model
from bot.services.summary_showing import SummaryView
from bot.services.summary_terms import Place, Terms
from bot.store.communities import Community
from bot.store.members import Member
from bot.store.summaries import Unmodelled
from bot.thread import Message, Reading
from cogs.summary_cards import draft_panel, published_card
from tests.fakes import MONDAY_MORNING, FixedClock
from tests.loopback.model import Asked, ModelServer, saying
from tests.peers import ADA, BO, CLEO, HERE, HOST, HOST_ROLE

HOSTILE: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("hostile_messages.toml").read_text("utf-8"))[
    "hostile"
]
THREAD, PARENT = 7_000, 10
FIRST = 411_000_000_000_000_100
NAMES = {
    ADA: ("[Ada](https://evil.example)", "@everyone"),
    BO: ("# Bo\n<@123456789012345678>", "discord.gg/evil"),
    CLEO: ("Cleo", "cleo"),
    HOST.member_id: ("||Hal|| ```[x] Person 2", "hal"),
}
LEFT_OUT = "My diagnosis came back on Tuesday"
HEADINGS = ("asked", "offered", "open", "commitments", "thanks")
LINKED = re.compile(r"(?<!\\)\[→\d+\]\((https://discord\.com/channels/\d+/\d+/\d+)\)")


def hostile_thread() -> Reading:
    """Return a thread in which Ada and Bo write all that is hostile; Cleo, who is left out, says one thing twice."""
    said = [
        (by, words) for by, each in zip(itertools.cycle((ADA, BO)), HOSTILE, strict=False) for words in each["words"]
    ]
    said = [(CLEO, LEFT_OUT), (HOST.member_id, "Shall we begin?"), *said, (CLEO, LEFT_OUT)]
    return Reading(
        tuple(
            Message(FIRST + place, THREAD, by, NAMES[by], words, MONDAY_MORNING + timedelta(minutes=place))
            for place, (by, words) in enumerate(said)
        ),
        named=NAMES,
    )


class Obeying:
    """A model that says these words, of which a summary has room for twenty, and cites whatever it likes.

    ``said`` are those of its points that should count: they cite at least one line that was sent.
    """

    def __init__(self, words: list[str]) -> None:
        self._words = words

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        """Answer as the worst of models."""
        real = itertools.cycle(asked.lines or {1: ""})
        answer: dict[str, list[Any]] = {each: [] for each in HEADINGS}
        for heading, words in zip(itertools.cycle(HEADINGS), self._words, strict=False):
            made_up = [0, -1, 999_999, FIRST, FIRST + 1, 10**30]
            answer[heading] += [
                {"words": f"Made up: {words}", "messages": made_up},
                {"words": words, "messages": [*made_up, next(real), "1", 2.0]},
                {"words": words, "messages": [*made_up, next(real)], "links": ["https://evil.example"]},
            ]
        text = f"{self._words[0]}\n```json\n{json.dumps(answer)}\n```\nhttps://evil.example @everyone"
        await saying(text)(asked, writer)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """Return a model's server."""
    async with ModelServer() as listening:
        yield listening


@pytest.fixture
async def kith(app: App, clock: FixedClock, server: ModelServer) -> AsyncIterator[App]:
    """Return Kith with that model, in a community that lets words go to it, and in which Cleo's are left out."""
    app.summariser.model = Model("small", clock, base_url=server.url, key=SecretStr("none"))

    def write(session: Session) -> None:
        community = Community(id=HERE, host_role_id=HOST_ROLE, created_at=clock.now(), monthly_tokens=10**9)
        community.begun_at, community.model_on = clock.now(), True
        session.add(community)
        session.add(Member(community_id=HERE, member_id=CLEO, left_out=True))

    app.database.run_now(write)
    yield app
    await app.summariser.close()


async def summary(kith: App, reading: Reading, request_id: int = 1) -> SummaryView:
    """Return a thread's summary as its asker's draft holds it."""
    terms: Terms = await kith.summaries.terms(HERE, HOST, Place(THREAD, PARENT))
    thread = prepared(reading, terms.left_out, "en")
    findings = await kith.summariser.make(HERE, thread, allowed=terms.model)
    return await kith.summaries.keep(terms, reading.messages[-1].id, findings, request_id)


def texts(view: SummaryView) -> list[str]:
    """Return what stands in the draft and in the published card."""
    parts = [*draft_panel(view).to_components(), *published_card(view, 1).to_components()]
    return list(_texts(parts))


def _texts(parts: Any) -> Iterator[str]:
    for part in parts:
        if "content" in part:
            yield part["content"]
        yield from _texts(part.get("components", ()))


def harm(text: str, heard: set[int]) -> list[str]:
    """Return what is wrong with a text that Discord would show: whom it pings, where it leads, what it cites."""
    links = LINKED.findall(text)
    plain = LINKED.sub("", text).replace(f"<@{HOST.member_id}>", "")
    allowed = {f"https://discord.com/channels/{HERE}/{THREAD}/{each}" for each in heard}
    found = [f"a foreign message: {each}" for each in links if each not in allowed]
    found += [f"a mention: {each}" for each in re.findall(r"<[@#/&!:a][^>]{0,30}|@everyone|@here", plain)]
    found += [
        f"a link: {each}" for each in re.findall(r"(?i)\w+://\S+|www\.\w\S*|discord(?:app)?\.\w+/\S*|mailto:\S", plain)
    ]
    found += [f"markup: {each}" for each in re.findall(r"(?<!\\)\]\s?\([^)]*|(?<!\\)```|(?<!\\)\|\|", plain)]
    found += [
        f"unseen: {each!r}"
        for each in re.findall(
            "[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000fffff\x00-\x09\x0b-\x1f]", plain
        )
    ]
    lines = [each for each in text.split("\n") if each.startswith("- ")]
    found += [f"a claim that rests on nothing: {each}" for each in lines if not LINKED.search(each)]
    beginnings = (
        "- ",
        "-# ",
        "### What",
        "**What was",
        "**Still open**",
        "**Commitments**",
        "**Thanks**",
        "Only you see",
    )
    found += [f"a line that is none of ours: {each}" for each in text.split("\n") if not each.startswith(beginnings)]
    return found


ROUNDS = [HOSTILE[at : at + 21] for at in range(0, len(HOSTILE), 21)]


@pytest.mark.parametrize("hostile", ROUNDS, ids=range(len(ROUNDS)))
async def test_a_model_that_obeys_every_hostile_message_does_no_harm(
    kith: App, server: ModelServer, hostile: list[dict[str, Any]]
) -> None:
    server.script = [Obeying([" ".join(each["words"]) for each in hostile])]
    reading = hostile_thread()

    view = await summary(kith, reading)

    heard = {each.id for each in reading.messages if each.author_id != CLEO}
    assert view.summary.unmodelled is None
    assert len(view.points) > len(hostile) // 2, "what it says is shown, only tamed"
    assert {each.message_id for _point, sources in view.points for each in sources} <= heard
    assert all(sources for _point, sources in view.points)
    assert not any("Made up" in point.words for point, _sources in view.points)
    assert [found for text in texts(view) for found in harm(text, heard)] == []


async def test_a_model_that_repeats_what_it_is_sent_does_no_harm(kith: App, server: ModelServer) -> None:
    reading = hostile_thread()
    thread = prepared(reading, frozenset({CLEO}), "en")
    heard = {each.id for each in reading.messages if each.author_id != CLEO}

    for at in range(0, len(thread.lines), 20):
        server.script = [Obeying([each.words for each in thread.lines[at : at + 20]])]
        view = await summary(kith, reading, at + 1)
        assert [found for text in texts(view) for found in harm(text, heard)] == []


async def test_a_model_that_joins_parts_as_it_is_told_to_does_no_harm(kith: App, server: ModelServer) -> None:
    server.script = [Obeying([" ".join(each["words"]) for each in HOSTILE[:20]])]
    hostile = hostile_thread().messages
    longer = tuple(
        Message(FIRST + 500 + n, THREAD, BO, NAMES[BO], f"{n} words " * 90, MONDAY_MORNING + timedelta(days=1))
        for n in range(30)
    )

    view = await summary(kith, Reading((*hostile, *longer)))

    heard = {each.id for each in (*hostile, *longer) if each.author_id != CLEO}
    assert len(server.asked) > 2
    assert server.asked[-1].lines == {}, "the last request joins"
    assert [found for text in texts(view) for found in harm(text, heard)] == []


async def test_what_is_sent_has_each_message_on_a_line_of_its_own(kith: App, server: ModelServer) -> None:
    reading = hostile_thread()
    thread = prepared(reading, frozenset({CLEO}), "en")

    await summary(kith, reading)

    (asked,) = server.asked
    assert list(asked.lines) == [each.number for each in thread.lines]
    assert len(asked.lines) == len(asked.words.split("\n")) == len(asked.words.splitlines())
    assert re.findall(r"\[\d+\]", asked.words) == [f"[{each.number}]" for each in thread.lines]


async def test_a_plain_gathering_of_hostile_messages_leads_only_where_members_led(kith: App) -> None:
    kith.summariser.model = None
    reading = hostile_thread()
    heard = {each.id for each in reading.messages if each.author_id != CLEO}

    view = await summary(kith, reading)

    assert view.summary.unmodelled is Unmodelled.NONE
    assert all(sources for _point, sources in view.points)
    assert {each.message_id for _point, sources in view.points for each in sources} <= heard
    for text in texts(view):
        shared = re.sub(r"(?i)https?://[^\s\\]*evil\\?\.example\S*", "", text)
        wrong = [
            each for each in harm(shared, heard) if not each.startswith(("a line that is none", "a link: https://e"))
        ]
        assert wrong == []


def test_there_are_enough_hostile_messages() -> None:
    assert len({each["kind"] for each in HOSTILE}) == len(HOSTILE) >= 40
