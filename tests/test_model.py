"""Whatever the model's server does, the asker gets a summary in time, and nothing goes where it should not."""

import asyncio
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App
from bot.client import KithBot
from bot.commands import log_plainly
from bot.model import LEFT_ALONE, Model
from bot.store.summaries import Heading, Unmodelled
from tests.conversations import cited, long_thread, thread_of
from tests.fakes import FixedClock
from tests.loopback.model import (
    Answering,
    ModelServer,
    bomb,
    completion,
    cutting,
    failing,
    huge,
    pointing,
    refusing,
    saying,
    sending,
    silent,
    well,
)
from tests.modelled import HERE, KEY, THREAD, model_on, summary
from tests.test_layers import BOT, COGS, importers


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """Return a model's server."""
    async with ModelServer() as listening:
        yield listening


@pytest.fixture
async def kith(app: App, clock: FixedClock, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """Return Kith with a model on that server, which asks again without a pause."""
    monkeypatch.setattr("bot.summariser.RETRY_AFTER", 0.0)
    app.summariser.model = model_on(server, clock)
    yield app
    await app.summariser.close()


FAILING: dict[str, tuple[Answering, int]] = {
    "busy": (failing(429, retry_after="0"), 2),
    "busy, until a date": (failing(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 2),
    "busy for long": (failing(429, retry_after="60"), 1),
    "busy forever": (failing(429, retry_after="inf"), 1),
    "out of quota": (failing(429, "insufficient_quota", retry_after="0"), 1),
    "a wrong key": (failing(401), 1),
    "no such place": (failing(404), 4),
    "nothing is fit": (failing(400), 4),
    "a fault": (failing(500), 2),
    "no upstream, as a page": (sending(b"<html>Bad gateway</html>", 502, "text/html"), 2),
    "a page": (sending(b"<html>Log in</html>", 200, "text/html"), 1),
    "cut JSON": (sending(completion("It ends he")[:-30]), 1),
    "bytes that are no text": (sending(b"\xff\xfe\x80{}"), 1),
    "nothing": (sending(b""), 1),
    "no content": (sending(b"", 204), 1),
    "an empty object": (sending(b"{}"), 1),
    "null": (sending(b"null"), 1),
    "choices null": (sending(b'{"choices": null}'), 1),
    "choices a number": (sending(b'{"choices": 7, "usage": [1]}'), 1),
    "no choice": (sending(b'{"choices": []}'), 1),
    "a choice that is null": (sending(b'{"choices": [null]}'), 1),
    "content null": (saying(None), 1),
    "content a list": (saying([{"type": "text", "text": "words"}]), 1),
    "content blank": (saying(" \n "), 1),
    "brackets without end": (sending(b"[" * 500_000), 1),
    "brackets without end, as an error": (sending(b'{"error":' * 100_000, 500), 2),
    "50 MB": (huge(), 1),
    "50 MB, as an error": (huge(500), 1),
    "a gzip bomb": (sending(bomb(), content_encoding="gzip"), 1),
    "a gzip bomb, as an error": (sending(bomb(), 500, content_encoding="gzip"), 2),
    "a redirect that leads nowhere": (sending(b"", 302, location="http://["), 1),
    "a reset in the middle": (cutting, 2),
    "words": (saying("I am sorry, I can't help with that."), 1),
    "another object": (saying('{"summary": "All is well."}'), 1),
    "lists that are none": (saying('{"asked": "who hosts", "open": {"words": 1}}'), 1),
    "points that are none": (saying('{"asked": [1, null, {"words": 5}, {"words": "x", "messages": "no"}]}'), 1),
    "points that rest on nothing": (saying(pointing("Person 1 asked for money.")), 1),
    "messages that are not there": (saying(pointing("Person 1 asked for money.", 0, 6, 99, -1, 10**30)), 1),
    "words that can't be seen": (saying(pointing("\u200b\u202e\ud800 https://a.example", 1)), 1),
    "a number without end": (saying('{"asked": ' + "7" * 100_000 + "}"), 1),
    "objects without end": (saying('{"asked": ' * 50_000 + "}" * 50_000), 1),
}


async def test_a_model_that_fails_leaves_a_plain_gathering_that_says_so(kith: App, server: ModelServer) -> None:
    for what, (answering, requests) in FAILING.items():
        server.script = [well]
        assert (await summary(kith)).unmodelled is None, f"after it failed, before {what}"
        server.asked.clear()
        server.script = [answering]

        async with asyncio.timeout(10):
            findings = await summary(kith)

        assert findings.unmodelled is Unmodelled.FAILED, what
        assert findings.messages == len(THREAD.lines), what
        assert {each.heading for each in findings.points} >= {Heading.ASKED, Heading.COMMITMENTS}, what
        assert len(server.asked) == requests, what


@pytest.mark.parametrize("address", ["127.0.0.1:9", "127.0.0.1:none", "[::1", "127.0.0.1:99999999", "a b", "a" * 300])
async def test_a_model_that_is_not_there_leaves_a_plain_gathering(kith: App, clock: FixedClock, address: str) -> None:
    kith.summariser.model = Model("small", clock, base_url=f"http://{address}", key=SecretStr("k\n\u2014"))
    assert (await summary(kith)).unmodelled is Unmodelled.FAILED

    kith.summariser.model = Model("small", clock, base_url=f"http://{address}")
    assert (await summary(kith)).unmodelled is Unmodelled.FAILED


async def test_what_a_model_says_in_the_form_asked_for_becomes_a_summary(kith: App, server: ModelServer) -> None:
    findings = await summary(kith)

    assert findings.unmodelled is None
    assert findings.skipped == 0 and findings.messages == len(THREAD.lines)
    assert cited(findings.points) == {1, 2, 3, 4, 5}
    assert {each.heading for each in findings.points} == {Heading.ASKED, Heading.OFFERED, Heading.THANKS}


@pytest.mark.parametrize(
    "text",
    [
        pointing("Person 2 asked who could host.", "1", 1.0, 1, 9),
        "Sure! Here it is:\n```json\n" + pointing("Person 2 asked who could host.", 1) + "\n```\nAnything else?",
        "<think>{what: now}</think>\n" + pointing("Person 2 asked who could host.", 1),
        json.dumps({"asked": [{"words": "Person 2 asked who could host.", "messages": [1], "sure": True}], "x": []}),
        '{"asked": [{"words": "Person 2 asked who could host.", "messages": [1]}, {"words": "Person 1 offe',
        '{"asked": [{"words": "Person 2 asked who could host.", "messages": [1]}], "offered": [',
    ],
    ids=["ids as strings and twice", "in fences", "thoughts before it", "more than asked for", "cut off", "cut later"],
)
async def test_an_answer_is_understood_as_small_models_give_it(kith: App, server: ModelServer, text: str) -> None:
    server.script = [sending(completion(text), kind="text/plain; charset=latin-1")]

    findings = await summary(kith)

    assert findings.unmodelled is None
    assert [(each.words, each.sources) for each in findings.points] == [
        ("Person 2 asked who could host.", (THREAD.lines[0].source,))
    ]


async def test_a_model_can_neither_mention_nor_link_nor_go_on_without_end(kith: App, server: ModelServer) -> None:
    hostile = (
        "@everyone <@1> <@&2> </ban:3> [click](https://evil.example) http://evil.example/x discord.gg/abc "
        "www.evil.example mail@evil.example <t:1:R> **bold** \u202ereversed\n\n# heading"
    )
    said = [{"words": f"{number} {hostile}", "messages": [1, 2, 3, 4, 5]} for number in range(50)]
    server.script = [saying(json.dumps({"asked": said, "thanks": [{"words": "-a." * 200_000, "messages": [1]}]}))]

    findings = await summary(kith)

    assert findings.unmodelled is None
    assert len(findings.points) == 5
    for point in findings.points:
        assert not any(each in point.words for each in ("@", "<", "://", "evil.example", "](", "\n", "\u202e"))
        assert len(point.words) <= 200 and len(point.sources) <= 3


async def test_the_shape_a_server_takes_is_found_once(kith: App, server: ModelServer) -> None:
    server.script = [refusing("response_format", "max_completion_tokens")]

    assert (await summary(kith)).unmodelled is None
    first = len(server.asked)
    assert (await summary(kith)).unmodelled is None

    assert [("response_format" in each.json, "max_tokens" in each.json) for each in server.asked[:first]] == [
        (True, True),
        (True, False),
        (False, True),
    ]
    assert len(server.asked) == first + 1
    assert server.asked[-1].json["max_tokens"] == 1200 and "response_format" not in server.asked[-1].json


async def test_a_server_that_takes_the_newer_limit_only_still_gets_the_schema(kith: App, server: ModelServer) -> None:
    server.script = [refusing("max_tokens", status=422)]

    assert (await summary(kith)).unmodelled is None
    assert (await summary(kith)).unmodelled is None

    assert [sorted(each.json) for each in server.asked] == [
        ["max_tokens", "messages", "model", "response_format"],
        *[["max_completion_tokens", "messages", "model", "response_format"]] * 2,
    ]


@pytest.mark.parametrize("failed", [failing(500), failing(429), cutting], ids=["fault", "busy", "reset"])
async def test_what_may_go_better_a_moment_later_is_asked_once_more(
    kith: App, server: ModelServer, failed: Answering
) -> None:
    server.script = [failed, well]

    assert (await summary(kith)).unmodelled is None
    assert len(server.asked) == 2
    assert server.asked[0].body == server.asked[1].body


@pytest.mark.parametrize("what", ["50 MB", "50 MB, as an error", "a gzip bomb", "a gzip bomb, as an error"])
async def test_an_answer_without_end_takes_no_memory(kith: App, server: ModelServer, what: str) -> None:
    await summary(kith)
    server.script = [FAILING[what][0]]
    tracemalloc.start(1)
    try:
        assert (await summary(kith)).unmodelled is Unmodelled.FAILED
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 6 * 2**20  # the megabyte read, joined, and what the server holds back of it


@pytest.fixture
def logging_of_a_run() -> Iterator[None]:
    """Let loggers be as ``kith run`` sets them with LOG_LEVEL=DEBUG."""
    names = ("bot", "cogs", "alembic", "apscheduler", "httpx2", "openai", "sqlalchemy", "discord")
    before = {name: logging.getLogger(name).level for name in names}
    log_plainly("DEBUG")
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("logging_of_a_run")
async def test_neither_key_nor_words_nor_answers_are_logged(
    kith: App,
    server: ModelServer,
    clock: FixedClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server.script = [well, *(answering for answering, _requests in FAILING.values()), well]
    for what in FAILING:
        await summary(kith)
        clock.advance(LEFT_ALONE)
        assert kith.summariser.model is not None and KEY not in repr(vars(kith.summariser.model)), what

    logged = caplog.text + "".join(capfd.readouterr())
    assert "gave no usable answer: refused" in logged
    for secret in (KEY, "sk-secret", "Zwetschge", "projector", "It went wrong", "127.0.0.1"):
        assert secret not in logged


async def test_nothing_but_the_question_is_sent_and_nowhere_else(
    kith: App, server: ModelServer, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ModelServer() as elsewhere:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, elsewhere.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OPENAI_BASE_URL", elsewhere.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-Other")
        kith.summariser.model = model_on(server, clock)
        assert (await summary(kith)).unmodelled is None
        for status in (301, 302, 307, 308):
            server.script = [sending(b"", status, location=f"{elsewhere.url}/chat/completions")]
            assert (await summary(kith)).unmodelled is Unmodelled.FAILED
            clock.advance(LEFT_ALONE)
        await kith.summariser.close()

        assert elsewhere.connections == 0

    asked = server.asked[0]
    assert asked.head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert asked.header["authorization"] == f"Bearer {KEY}"
    assert b"sk-Other" not in server.received
    assert sorted(asked.json) == ["max_tokens", "messages", "model", "response_format"]
    assert [each["role"] for each in asked.json["messages"]] == ["system", "user"]
    assert asked.lines == {line.number: line.words for line in THREAD.lines}
    assert not any(name in bytes(server.received).decode() for name in ("Name0", "7001", str(HERE)))


async def test_without_an_address_openais_own_is_asked_whatever_the_environment_says(
    kith: App, server: ModelServer, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.model_client.OPENAI", server.url)
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    kith.summariser.model = Model("small", clock, key=SecretStr(KEY))

    assert (await summary(kith)).unmodelled is None
    assert sorted(server.asked[0].json) == ["max_completion_tokens", "messages", "model", "response_format"]


async def test_without_a_key_none_is_taken_from_elsewhere(
    kith: App, server: ModelServer, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-Other")
    kith.summariser.model = Model("small", clock, base_url=server.url, key=SecretStr(""))

    assert (await summary(kith)).unmodelled is None
    assert server.asked[0].header["authorization"] == "Bearer none"


async def test_kith_asks_without_a_model_where_it_may_not_or_should_not(kith: App, server: ModelServer) -> None:
    off = await kith.summariser.make(HERE, THREAD, allowed=False)
    chosen = await kith.summariser.make(HERE, THREAD, allowed=True, wanted=False)
    empty = await kith.summariser.make(HERE, thread_of(), allowed=True)
    kith.summariser.model, model = None, kith.summariser.model
    none = await summary(kith)
    kith.summariser.model = model

    assert [each.unmodelled for each in (off, chosen, empty, none)] == [
        Unmodelled.OFF,
        Unmodelled.CHOSEN,
        Unmodelled.CHOSEN,
        Unmodelled.NONE,
    ]
    assert server.connections == 0


async def test_the_parts_of_a_long_thread_share_connections_that_are_closed_when_kith_stops(
    kith: App, server: ModelServer
) -> None:
    findings = await kith.summariser.make(HERE, long_thread(600), allowed=True)
    assert findings.unmodelled is None and len(server.asked) > 8
    assert server.connections <= 4

    await KithBot(kith).close()

    async with asyncio.timeout(2):
        await server.idle.wait()


async def test_kith_may_stop_while_a_model_is_asked(kith: App, server: ModelServer) -> None:
    server.script = [silent]
    making = asyncio.create_task(summary(kith))
    async with asyncio.timeout(2):
        await server.arrived.wait()

        await kith.summariser.close()

        assert (await making).unmodelled is Unmodelled.FAILED


def test_the_models_library_is_imported_with_the_first_question_only() -> None:
    assert importers([*BOT, *COGS], "openai", "httpx2") == {"bot/model_client.py"}
    assert importers([*BOT, *COGS], "bot.model_client") == set()
    assert "bot.model_client" in Path("bot/model.py").read_text("utf-8")
