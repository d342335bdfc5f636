"""Time: nobody waits for a model longer than agreed, nor at all for others' summaries; one that is slow may be well."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.model import FAILURES_IN_A_ROW, LEFT_ALONE, Failure, Question
from bot.store.summaries import Unmodelled
from bot.summariser import AT_ONCE, parts_of
from bot.thread import Findings
from tests.conversations import cited, long_thread
from tests.fakes import FixedClock
from tests.loopback.model import (
    Answering,
    Asked,
    ModelServer,
    failing,
    pointing,
    saying,
    silent,
    together,
    trickling,
    well,
)
from tests.modelled import HERE, THREAD, about, give_budget, model_on, parts_asked, summary, uses


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """Return a model's server."""
    async with ModelServer() as listening:
        yield listening


@pytest.fixture
async def kith(app: App, clock: FixedClock, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """Return Kith with a model that was asked once, as the first takes longer; Kith asks again without a pause."""
    monkeypatch.setattr("bot.summariser.RETRY_AFTER", 0.0)
    app.summariser.model = model_on(server, clock)
    await app.summariser.model.ask(Question("", "", {}, 1), within=10)
    server.asked.clear()
    yield app
    await app.summariser.close()


@pytest.fixture
async def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what lets seconds pass on the event loop at once, so that nobody has to wait for a slow model."""
    loop = asyncio.get_running_loop()
    passed: list[float] = []
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + sum(passed))
    return passed.append


async def watched(making: Coroutine[Any, Any, Findings]) -> tuple[Findings, float]:
    """Return what is made, and the longest that anybody else had to wait meanwhile."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    findings = await making
    ticking.cancel()
    return findings, longest


@pytest.mark.parametrize("answering", [silent, trickling()], ids=["never", "a byte at a time"])
async def test_a_model_that_takes_too_long_is_waited_for_no_longer_than_agreed(
    kith: App, server: ModelServer, answering: Answering
) -> None:
    server.script = [answering]
    began = time.monotonic()

    findings = await summary(kith, within=0.3)

    assert 0.3 <= time.monotonic() - began < 2
    assert findings.unmodelled is Unmodelled.FAILED
    assert kith.summariser.model is not None and kith.summariser.model.failure is Failure.SLOW
    assert len(server.asked) == 1


async def test_a_server_is_asked_again_when_it_wants_to_be(kith: App, server: ModelServer) -> None:
    server.script = [failing(429, retry_after="0.2"), well]
    began = time.monotonic()

    assert (await summary(kith)).unmodelled is None
    assert time.monotonic() - began >= 0.2


async def test_a_server_that_wants_to_be_asked_after_the_time_is_over_is_not(kith: App, server: ModelServer) -> None:
    server.script = [failing(429, retry_after="3"), well]
    began = time.monotonic()

    assert (await summary(kith, within=2)).unmodelled is Unmodelled.FAILED
    assert time.monotonic() - began < 1


async def test_parts_that_fail_together_are_one_failure(kith: App, server: ModelServer, clock: FixedClock) -> None:
    async def fails_a_second_later(asked: Asked, writer: asyncio.StreamWriter) -> None:
        clock.advance(timedelta(seconds=1))
        await failing(401)(asked, writer)

    server.script = [together(AT_ONCE, fails_a_second_later)]
    await give_budget(kith, 1_000_000)
    many = await kith.summariser.make(HERE, long_thread(200, 280), allowed=True)
    assert many.unmodelled is Unmodelled.FAILED and len(server.asked) == AT_ONCE > FAILURES_IN_A_ROW

    server.script = [well]
    assert (await summary(kith)).unmodelled is None


async def test_a_model_that_keeps_failing_is_left_alone_for_five_minutes(
    kith: App, server: ModelServer, clock: FixedClock
) -> None:
    server.script = [failing(401)]
    for _each in range(FAILURES_IN_A_ROW + 2):
        assert (await summary(kith)).unmodelled is Unmodelled.FAILED
    assert len(server.asked) == FAILURES_IN_A_ROW

    server.script = [well]
    clock.advance(LEFT_ALONE - timedelta(seconds=1))
    assert (await summary(kith)).unmodelled is Unmodelled.FAILED
    assert len(server.asked) == FAILURES_IN_A_ROW

    clock.advance(timedelta(seconds=1))
    assert (await summary(kith)).unmodelled is None
    assert len(server.asked) == FAILURES_IN_A_ROW + 1


async def test_failures_with_an_answer_between_them_are_not_in_a_row(kith: App, server: ModelServer) -> None:
    server.script = [failing(401), failing(401), well, failing(401), failing(401), well]

    made = [(await summary(kith)).unmodelled for _each in range(6)]

    assert made == [Unmodelled.FAILED, Unmodelled.FAILED, None, Unmodelled.FAILED, Unmodelled.FAILED, None]


async def test_parts_not_answered_in_time_are_left_out_and_said(
    kith: App, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.summariser.JOIN_WITHIN", 0.3)
    monkeypatch.setattr("bot.summariser.AT_ONCE", 2)
    server.script = [about(*range(1, 101), answering=silent)]
    began = time.monotonic()

    findings = await kith.summariser.make(HERE, long_thread(300), allowed=True, within=0.8)

    assert time.monotonic() - began < 1.5
    assert findings.unmodelled is None
    assert 100 <= findings.skipped < 200 and findings.messages == 300 - findings.skipped
    assert min(cited(findings.points)) > 100
    assert not server.asked[-1].lines  # there was time left to join the others
    assert len(await uses(kith)) == len(server.asked)  # what was not asked costs nothing


async def test_a_slow_model_is_asked_no_more_than_it_answers_in_time(
    kith: App, server: ModelServer, pass_time: Callable[[float], None]
) -> None:
    thread = long_thread(600, 280)
    parts = parts_of(thread.lines)
    turn = asyncio.Barrier(AT_ONCE)
    seconds = iter((8, 5, 8, 8))  # two turns and the joining; a third turn would end after the 20 there are for parts

    async def slowly(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if not asked.lines or await turn.wait() == AT_ONCE - 1:
            pass_time(next(seconds))
        await (well if asked.lines else saying(pointing("Person 2 asked who could host.", 600)))(asked, writer)

    server.script = [slowly]
    findings = await kith.summariser.make(HERE, thread, allowed=True)

    assert kith.summariser.model is not None and kith.summariser.model.failure is None
    assert len(parts) == 3 * AT_ONCE and len(parts_asked(server)) == 2 * AT_ONCE
    assert findings.skipped == sum(map(len, parts[2 * AT_ONCE :]))
    assert [each.words for each in findings.points] == ["Person 2 asked who could host."]  # as the model joined them
    costs = await uses(kith)
    assert len(costs) == len(server.asked) and all(each.used for each in costs)

    server.script = [well]
    assert (await kith.summariser.make(HERE + 1, THREAD, allowed=True)).unmodelled is None


async def test_an_endless_answer_doesnt_keep_the_others_waiting(kith: App, server: ModelServer) -> None:
    words = [{"words": "-a." * 100_000, "messages": list(range(50_000))}, *[{"words": "x"}] * 10_000]
    server.script = [saying(json.dumps({"asked": words}))]

    findings, longest = await watched(summary(kith))

    assert findings.unmodelled is None
    assert longest < 0.25


async def test_a_thread_of_thousands_is_made_in_parts_without_keeping_others_waiting(
    kith: App, server: ModelServer
) -> None:
    await give_budget(kith, 5_000_000)
    thread = long_thread(2_000)

    findings, longest = await watched(kith.summariser.make(HERE, thread, allowed=True))

    assert findings.unmodelled is None and findings.skipped == 0
    assert len(parts_asked(server)) > 30
    assert longest < 0.25
