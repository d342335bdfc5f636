"""What the model costs: set aside before anything is sent, settled by what is reported, and never over the budget."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.app import App, assemble
from bot.model import Model
from bot.store.summaries import Heading, Unmodelled
from bot.summariser import FEWEST_LINES, MOST_POINTS, PART_TOKENS, line_words, tokens_in
from tests.conversations import cited, long_thread, thread_of
from tests.fakes import FixedClock
from tests.loopback.model import (
    Answering,
    Asked,
    ModelServer,
    cutting,
    derived,
    failing,
    pointing,
    saying,
    silent,
    together,
    well,
)
from tests.modelled import HERE, about, give_budget, model_on, parts_asked, spent, uses
from tests.peers import hurry

SHORT = thread_of(*(f"Could somebody bring chair {number}?" for number in range(9)))
LONG = long_thread(200, 280)
"""Four parts, of which the oldest is the shortest."""


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


MEASURED = {
    "English": ("I could host in May, but I need somebody who takes notes. Does anyone know where we left the "
                "list of questions from last time?", 28),
    "German": ("Das übernehme ich gern. Könntest du mir bis Donnerstag die Unterlagen schicken, damit ich mich "
               "vorbereiten kann? Schöne Grüße", 39),
    "emoji": ("🎉🎉🎉 🙏🏽 👩‍👩‍👧‍👦 🫶🏻 🧑‍💻🏳️‍🌈 💜✨🔥🥳🤝🏾 ❤️‍🔥 👀 ☕️", 105),
    "Chinese": ("我可以在五月主持,但需要有人做记录。有人知道上次的问题清单放在哪里了吗?谢谢大家的帮助,下次见。", 51),
    "Japanese": ("五月の司会は私がやります。でも議事録を取ってくれる人が必要です。前回の質問リストはどこにありますか?",
                 55),
    "Korean": ("오월에 제가 진행할 수 있지만 기록해 줄 사람이 필요합니다. 지난번 질문 목록이 어디에 있는지 아시는 분?",
               60),
    "Thai": ("ฉันสามารถเป็นเจ้าภาพในเดือนพฤษภาคมได้ แต่ต้องการคนจดบันทึก ขอบคุณมาก", 113),
    "Arabic": ("يمكنني الاستضافة في مايو، لكنني أحتاج إلى من يدوّن الملاحظات. شكرا جزيلا لكم", 74),
    "code": ("x = {'a': [1, 2, 3]}; for i in range(10): print(f'{i}: {x!r}') # ;;; >>> != === (){}[]", 45),
}  # fmt: skip
"""The most that any of these tokenizers counted: GPT-4's, GPT-4o's, Mistral's two, DeepSeek's and Claude 2's."""


@pytest.mark.parametrize("script", MEASURED)
def test_no_tokenizer_counts_more_than_was_estimated(script: str) -> None:
    text, counted = MEASURED[script]

    assert counted <= tokens_in(text) <= 3 * counted


async def test_tokens_are_set_aside_before_anything_is_sent_and_settled_by_the_report(
    kith: App, server: ModelServer
) -> None:
    before: list[int] = []

    async def watched(asked: Asked, writer: asyncio.StreamWriter) -> None:
        before.append(await spent(kith))
        await well(asked, writer)

    server.script = [watched]
    price = kith.summariser.price(SHORT)

    assert (await kith.summariser.make(HERE, SHORT, allowed=True)).unmodelled is None

    (use,) = await uses(kith)
    assert before == [use.reserved] == [price]
    assert use.used is not None and use.used == await spent(kith) < use.reserved
    assert tokens_in(server.asked[0].body.decode()) + 1200 >= use.reserved - 10  # nothing is sent that isn't counted


NONSENSE: list[Any] = [
    None, {}, [], "many", {"total_tokens": None}, {"total_tokens": -5}, {"total_tokens": 0}, {"total_tokens": True},
    {"total_tokens": "1000"}, {"total_tokens": 12.5}, {"total_tokens": 10**12}, {"prompt_tokens": 7},
]  # fmt: skip


async def test_without_a_report_that_makes_sense_what_was_set_aside_is_spent(kith: App, server: ModelServer) -> None:
    price = kith.summariser.price(SHORT)
    for made, usage in enumerate(NONSENSE, 1):
        server.script = [saying(pointing("Person 2 asked for a chair.", 1), usage)]

        assert (await kith.summariser.make(HERE, SHORT, allowed=True)).unmodelled is None

        assert await spent(kith) == made * price, usage


@pytest.mark.parametrize(
    ("first", "free"),
    [(failing(429), True), (failing(500), False), (cutting, False)],
    ids=["refused before it was read", "a fault", "a reset in the middle"],
)
async def test_a_request_that_brought_nothing_is_spent_unless_the_server_surely_did_nothing(
    kith: App, server: ModelServer, first: Answering, free: bool
) -> None:
    server.script = [first, well]

    assert (await kith.summariser.make(HERE, SHORT, allowed=True)).unmodelled is None

    failed, answered = await uses(kith)
    assert failed.used == (0 if free else None)
    assert answered.used is not None


async def test_a_model_that_is_not_there_costs_nothing(kith: App, clock: FixedClock) -> None:
    kith.summariser.model = Model("small", clock, base_url="http://127.0.0.1:9")
    assert (await kith.summariser.make(HERE, SHORT, allowed=True)).unmodelled is Unmodelled.FAILED

    assert await spent(kith) == 0


async def test_the_price_that_is_shown_is_what_is_set_aside_at_the_most(kith: App, server: ModelServer) -> None:
    server.script = [lambda asked, writer: saying(json.dumps(many_points(asked)))(asked, writer)]
    for thread in (SHORT, LONG, thread_of(*["主持人在哪里🎉？" * 20] * 100, language="zh")):
        known = len(await uses(kith))
        price = kith.summariser.price(thread)

        assert (await kith.summariser.make(HERE, thread, allowed=True)).skipped == 0

        reserved = [each.reserved for each in (await uses(kith))[known:]]
        assert sum(reserved) <= price <= sum(reserved) + PART_TOKENS
        assert max(reserved) <= 8_192  # a small model's window


def many_points(asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """Return as many and as long points as a request may bring."""
    said = [{"words": f"{number} ".ljust(200, "。"), "messages": [number]} for number in list(asked.lines)[:20]]
    return {each.value: said[4 * place : 4 * place + 4] for place, each in enumerate(list(Heading)[:5])}


async def test_hosts_who_ask_at_once_never_go_over_the_budget(
    either_app: App, server: ModelServer, clock: FixedClock
) -> None:
    other = assemble(either_app.database.url.render_as_string(hide_password=False), clock)
    hurry(other)
    for each in (either_app, other):
        each.summariser.model = model_on(server, clock)
    price = either_app.summariser.price(SHORT)
    budget = 4 * price + price // 2
    await give_budget(either_app, budget)
    seen: list[int] = []

    async def watched(asked: Asked, writer: asyncio.StreamWriter) -> None:
        seen.append(await spent(either_app))
        await saying(pointing("Person 2 asked for a chair.", 1), None)(asked, writer)

    server.script = [together(4, watched)]  # none is answered before four are there

    try:
        async with asyncio.timeout(10):
            made = await asyncio.gather(
                *(each.summariser.make(HERE, SHORT, allowed=True) for each in (either_app, other) for _time in range(3))
            )

        assert sorted(str(each.unmodelled) for each in made) == [*["None"] * 4, "budget", "budget"]
        assert len(server.asked) == 4
        assert seen == [4 * price] * 4
        assert await spent(either_app) == 4 * price <= budget
    finally:
        for each in (either_app, other):
            await each.summariser.close()
        other.database.close()


async def test_however_many_set_tokens_aside_at_once_the_budget_holds(either_app: App, clock: FixedClock) -> None:
    other = assemble(either_app.database.url.render_as_string(hide_password=False), clock)
    hurry(other)
    await give_budget(either_app, 1_000)
    try:
        set_aside = await asyncio.gather(
            *(each.model_uses.reserve(HERE, 100) for _time in range(15) for each in (either_app, other))
        )
        assert len([each for each in set_aside if each is not None]) == 10
        assert await spent(either_app) == 1_000
    finally:
        other.database.close()


async def test_a_new_month_brings_a_new_budget(kith: App, server: ModelServer, clock: FixedClock) -> None:
    await give_budget(kith, kith.summariser.price(SHORT))
    server.script = [saying(pointing("Person 2 asked for a chair.", 1), None)]
    clock.set(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))

    made = [(await kith.summariser.make(HERE, SHORT, allowed=True)).unmodelled for _time in range(2)]
    clock.set(datetime(2026, 12, 1, tzinfo=UTC))
    made.append((await kith.summariser.make(HERE, SHORT, allowed=True)).unmodelled)

    assert made == [None, Unmodelled.BUDGET, None]
    assert len(server.asked) == 2


async def test_what_was_asked_when_kith_died_counts_as_spent(kith: App, server: ModelServer, clock: FixedClock) -> None:
    server.script = [silent]
    making = asyncio.create_task(kith.summariser.make(HERE, SHORT, allowed=True))
    async with asyncio.timeout(2):
        await server.arrived.wait()
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)

    after = assemble(kith.database.url.render_as_string(), clock)
    try:
        assert await spent(after) == kith.summariser.price(SHORT)
    finally:
        after.database.close()


@pytest.mark.parametrize("parts", [1.5, 2.5, 3.9])
async def test_the_newest_are_kept_where_the_budget_does_not_reach(
    kith: App, server: ModelServer, parts: float
) -> None:
    await give_budget(kith, int(parts * 7_500))

    findings = await kith.summariser.make(HERE, LONG, allowed=True)

    read = sorted(number for part in parts_asked(server) for number in part)
    assert read == list(range(201 - len(read), 201))
    assert 200 * (parts - 1) / 4 < len(read) < 200
    assert findings.unmodelled is None
    assert (findings.messages, findings.skipped) == (len(read), 200 - len(read))
    assert cited(findings.points) <= set(read)
    assert await spent(kith) <= int(parts * 7_500)


async def test_a_budget_for_a_few_lines_only_is_not_worth_asking(kith: App, server: ModelServer) -> None:
    instructions = kith.summariser.price(thread_of(""))
    line = tokens_in(line_words(LONG.lines[-1])) + 1

    await give_budget(kith, instructions + line * (FEWEST_LINES - 1))
    assert (await kith.summariser.make(HERE, LONG, allowed=True)).unmodelled is Unmodelled.BUDGET
    assert server.connections == 0

    await give_budget(kith, instructions + line * FEWEST_LINES)
    assert (await kith.summariser.make(HERE, LONG, allowed=True)).messages == FEWEST_LINES


async def test_the_parts_of_a_long_thread_are_joined(kith: App, server: ModelServer) -> None:
    findings = await kith.summariser.make(HERE, LONG, allowed=True)

    parts = parts_asked(server)
    assert [number for part in parts for number in part] == list(range(1, 201))
    (joining,) = [each for each in server.asked if not each.lines]
    points = joining.words.split("\n")
    assert points == sorted(points, key=lambda each: int(each.rpartition("[")[2][:-1]))
    assert len(points) == MOST_POINTS * len(parts) == 16
    assert "xxx" not in joining.words or all(len(each) < 120 for each in points)
    assert findings.skipped == 0
    assert cited(findings.points) == {197, 198, 199, 200}


@pytest.mark.parametrize(
    "bad",
    [failing(401), saying("No."), saying("{}"), saying(pointing("Person 1 left.", 1)), silent],
    ids=["refused", "words", "nothing", "what no point rests on", "never"],
)
async def test_where_joining_fails_the_latest_of_each_kind_are_kept(
    kith: App, server: ModelServer, monkeypatch: pytest.MonkeyPatch, bad: Answering
) -> None:
    monkeypatch.setattr("bot.summariser.JOIN_WITHIN", 0.3)
    server.script = [about(answering=bad)]

    findings = await kith.summariser.make(HERE, LONG, allowed=True, within=1)

    assert findings.unmodelled is None and findings.skipped == 0
    assert cited(findings.points) == {197, 198, 199, 200}
    assert len([each for each in server.asked if not each.lines]) == 1


async def test_where_the_budget_ends_with_the_parts_they_are_joined_all_the_same(
    kith: App, server: ModelServer, clock: FixedClock
) -> None:
    server.script = [lambda asked, writer: saying(json.dumps(derived(asked)), None)(asked, writer)]
    whole = await kith.summariser.make(HERE, LONG, allowed=True)
    *parts, _joining = [each.reserved for each in await uses(kith)]
    await give_budget(kith, sum(parts))
    clock.set(datetime(2026, 12, 1, tzinfo=UTC))
    server.asked.clear()

    findings = await kith.summariser.make(HERE, LONG, allowed=True)

    assert len(server.asked) == len(parts) and all(each.lines for each in server.asked)
    assert findings == whole
    assert await spent(kith) == sum(parts)


async def test_a_part_that_fails_is_left_out_and_said(kith: App, server: ModelServer) -> None:
    server.script = [about(100, answering=failing(401))]

    findings = await kith.summariser.make(HERE, LONG, allowed=True)

    (lost,) = [part for part in parts_asked(server) if 100 in part]
    assert findings.unmodelled is None
    assert (findings.messages, findings.skipped) == (200 - len(lost), len(lost))
    assert not cited(findings.points) & set(lost)
