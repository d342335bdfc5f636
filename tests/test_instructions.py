"""The instructions a model is given: files whose placeholders are all filled, and which ask for what is understood."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import App
from bot.model import Model
from bot.summariser import HEADINGS, LONGEST_WORDS, MOST_POINTS, PROMPTS, SCHEMA, line_words, points_in
from tests.conversations import long_thread, thread_of
from tests.fakes import FixedClock
from tests.loopback.model import ModelServer

HERE = 500
FILES = sorted(PROMPTS.glob("*.md"))
EXAMPLE = re.compile(r"^\{.*\}$|\{\"words\".*?\}", re.MULTILINE)
"""JSON in the instructions: the empty answer on a line of its own, and one point."""


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """Return a model's server."""
    async with ModelServer() as listening:
        yield listening


@pytest.fixture
async def kith(app: App, clock: FixedClock, server: ModelServer) -> AsyncIterator[App]:
    """Return Kith with a model on that server."""
    app.summariser.model = Model("small", clock, base_url=server.url)
    yield app
    await app.summariser.close()


def placeholders(file: Path) -> set[str]:
    """Return what is to be filled in a file: words in braces."""
    return set(re.findall(r"\{(\w*)\}", file.read_text("utf-8")))


def test_there_are_instructions_for_a_part_and_for_joining() -> None:
    assert [file.name for file in FILES] == ["join.md", "part.md"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_file_says_how_much_is_wanted_and_in_which_language(file: Path) -> None:
    assert placeholders(file) == {"most", "longest", "language"}


@pytest.mark.parametrize(
    ("language", "named"),
    [("en", "in English,"), ("de", "in German,"), ("pt", "in Portuguese,"), ("xx", "in the language most of the"),
     ("", "in the language most of the"), ("not a code", "in the language most of the")],
)  # fmt: skip
async def test_each_placeholder_is_filled_before_anything_is_sent(
    kith: App, server: ModelServer, language: str, named: str
) -> None:
    thread = thread_of(*(line.words for line in long_thread(60).lines), language=language)

    assert (await kith.summariser.make(HERE, thread, allowed=True)).unmodelled is None

    sent = {each.json["messages"][0]["content"] for each in server.asked}
    assert len(sent) == len(FILES)
    for instructions in sent:
        assert named in instructions
        assert f"at most {MOST_POINTS} points" in instructions
        assert f"at most {LONGEST_WORDS} characters" in instructions
        left = EXAMPLE.sub("", instructions)
        assert "{" not in left and "}" not in left


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_answer_asked_for_is_the_one_that_is_understood(file: Path) -> None:
    examples = [json.loads(each) for each in EXAMPLE.findall(file.read_text("utf-8"))]
    answers = [each for each in examples if "words" not in each]
    points = [each for each in examples if "words" in each]

    assert answers == [{each.value: [] for each in HEADINGS}]
    assert list(SCHEMA["properties"]) == SCHEMA["required"] == list(answers[0])
    assert points_in(json.dumps(answers[0]), []) == []
    assert len(points) == 1
    (point,) = points_in(json.dumps({"asked": points}), thread_of(*["words"] * 20).lines) or []
    assert point.words == points[0]["words"]
    assert [each.message_id - 7000 for each in point.sources] == points[0]["messages"]


def test_the_lines_shown_are_the_lines_that_are_sent() -> None:
    part = (PROMPTS / "part.md").read_text("utf-8").split("\n")
    shown = [re.sub(r": .*", ": words", each) for each in part if re.match(r"\[\d+\] ", each)]
    lines = thread_of(*["words"] * 20).lines
    sent = [re.sub(r"Person \d+", "Person N", line_words(line)) for line in (lines[11], lines[12])]

    assert [re.sub(r"Person \d+", "Person N", each).replace(", to [12]", "") for each in shown] == sent
