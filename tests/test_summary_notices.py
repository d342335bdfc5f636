"""A thread is told that words of it go to the model, before they go, and whatever becomes of what they went for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
from sqlmodel import Session, select

from bot.app import App, assemble
from bot.courier import Outage
from bot.errors import Refusal
from bot.model import FAILURES_IN_A_ROW
from bot.services.people import Person
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.summaries import SummaryPerson, SummaryPoint, SummarySource, Unmodelled
from bot.thread import Findings
from cogs import summary_cards
from tests.conversations import long_thread
from tests.discord.scene import text_of
from tests.fakes import FakeVoice, FixedClock
from tests.loopback.model import ModelServer, failing, silent, well
from tests.modelled import HERE, THREAD, give_budget, model_on, spent
from tests.peers import BO, DAY, HOST
from tests.test_summaries import FOUND, communities, draft, kept, terms_of
from tests.test_summaries import THREAD as PLACE_ID

__all__ = ["communities"]


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """Return a model's server."""
    async with ModelServer() as listening:
        yield listening


@pytest.fixture
async def kith(either_app: App, clock: FixedClock, server: ModelServer) -> AsyncIterator[App]:
    """Return Kith with a model on that server."""
    either_app.summariser.model = model_on(server, clock)
    yield either_app
    await either_app.summariser.close()


async def begun(app: App, person: Person = HOST, *, told: bool = True, request_id: int = 1) -> int:
    """Begin a summary, and plan that its thread is told of the model; return its id."""
    terms = await terms_of(app, person)
    summary = await app.summaries.begin(terms, 7_002, request_id)
    assert summary.id is not None
    if told:
        await app.summaries.tell_thread(terms, summary.id, "de")
    return summary.id


async def make(app: App) -> Findings:
    """Let the model be asked as a command does it, for a summary that is begun when the words go."""

    async def sending() -> None:
        await begun(app)

    return await app.summariser.make(HERE, THREAD, allowed=True, sending=sending)


async def heard(app: App) -> list[str]:
    """Say what is due, and return what threads were told of the model."""
    texts: list[str] = []

    async def hear(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.SUMMARY_NOTICE:
            view = summary_cards.notice(await app.summary_cards.notice(delivery), 1)
            texts.append(text_of(view.to_components()))
        else:
            await app.summary_cards.card(delivery)

    voice = FakeVoice()
    voice.meet = hear
    await app.courier.tend(voice)
    return texts


def words_kept(app: App) -> int:
    """Return how many points, sources and people are kept of all summaries."""

    def count(session: Session) -> int:
        return sum(len(session.exec(select(each)).all()) for each in (SummaryPoint, SummarySource, SummaryPerson))

    return app.database.run_now(count)[0]


async def test_a_draft_thrown_away_at_once_keeps_nothing_but_what_its_thread_is_told(either_app: App) -> None:
    number = await begun(either_app)
    await either_app.summaries.remake(await terms_of(either_app), number, 7_002, FOUND)
    assert words_kept(either_app) == 9

    assert await either_app.summaries.discard(HERE, HOST, number)

    assert words_kept(either_app) == 0
    assert not await either_app.summaries.discard(HERE, HOST, number)
    for asked in (either_app.summaries.find, either_app.summaries.again, either_app.summaries.publish):
        with pytest.raises(Refusal, match="gone"):
            await asked(HERE, HOST, number)
    [text] = await heard(either_app)
    assert text.startswith(f"-# <@{HOST.member_id}> asked a language model")
    assert kept(either_app) == []


async def test_whoever_is_forgotten_before_the_thread_is_told_is_not_named(either_app: App) -> None:
    await begun(either_app, Person(BO))
    await either_app.members.forget(HERE, BO)

    [text] = await heard(either_app)

    assert str(BO) not in text
    assert "Jemand hat ein Sprachmodell gebeten" in text
    assert kept(either_app) == []


async def test_a_thread_made_confidential_while_the_model_is_asked_is_told_and_keeps_no_draft(either_app: App) -> None:
    terms, number = await terms_of(either_app), await begun(either_app)
    await either_app.summaries.mark_confidential(HERE, PLACE_ID)

    with pytest.raises(Refusal, match="confidential"):
        await either_app.summaries.remake(terms, number, 7_002, FOUND)

    assert len(await heard(either_app)) == 1
    assert kept(either_app) == []


async def test_no_word_of_a_thread_made_confidential_before_goes_to_the_model(kith: App, server: ModelServer) -> None:
    terms, number, before = await terms_of(kith), await begun(kith, told=False), asyncio.all_tasks()
    await give_budget(kith, 1_000_000)

    async def sending() -> None:
        await kith.summaries.mark_confidential(HERE, PLACE_ID)
        await kith.summaries.tell_thread(terms, number, "en")

    with pytest.raises(Refusal, match="confidential"):
        await kith.summariser.make(HERE, long_thread(200, 280), allowed=True, sending=sending)

    assert (server.connections, await heard(kith)) == (0, [])
    await asyncio.gather(*asyncio.all_tasks() - before, return_exceptions=True)  # the thread's other parts
    assert await spent(kith) == 0


@pytest.mark.parametrize("ending", ["discarded", "confidential", "forgotten"])
async def test_of_what_ends_as_its_words_go_the_thread_is_told_or_no_word_goes(either_app: App, ending: str) -> None:
    terms = await terms_of(either_app)
    for request_id in range(6):
        number = await begun(either_app, told=False, request_id=request_id)
        ends: dict[str, Callable[[], Awaitable[object]]] = {
            "discarded": partial(either_app.summaries.discard, HERE, HOST, number),
            "confidential": partial(either_app.summaries.mark_confidential, HERE, PLACE_ID),
            "forgotten": partial(either_app.members.forget, HERE, HOST.member_id),
        }

        ended, gone = await asyncio.gather(
            ends[ending](), either_app.summaries.tell_thread(terms, number, "en"), return_exceptions=True
        )

        assert not isinstance(ended, BaseException)
        assert (len(await heard(either_app)), type(gone)) in [(1, type(None)), (0, Refusal)]
        assert kept(either_app) == []
        await either_app.summaries.lift_confidential(HERE, HOST, PLACE_ID)


async def test_however_often_a_summary_is_made_its_thread_is_told_once(either_app: App) -> None:
    terms, number = await terms_of(either_app), await begun(either_app)

    await asyncio.gather(*(either_app.summaries.tell_thread(terms, number, "en") for _time in range(3)))
    assert len(await heard(either_app)) == 1
    await either_app.summaries.tell_thread(terms, number, "en")

    assert await heard(either_app) == []


async def test_a_thread_is_told_though_kith_died_while_the_model_was_asked(
    kith: App, server: ModelServer, clock: FixedClock
) -> None:
    server.script = [silent]
    making = asyncio.create_task(make(kith))
    async with asyncio.timeout(5):
        await server.arrived.wait()
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)

    after = assemble(kith.database.url.render_as_string(hide_password=False), clock)
    try:
        assert len(await heard(after)) == 1
        [number] = kept(after)
        assert number is not None
        with pytest.raises(Refusal, match="nothing in it to publish"):
            await after.summaries.publish(HERE, HOST, number)
        assert (await after.summaries.again(HERE, HOST, number)).after_id is None
        clock.advance(DAY)
        await after.summaries.tend()
        assert kept(after) == []
    finally:
        after.database.close()


async def test_a_thread_is_told_though_the_model_failed(kith: App, server: ModelServer) -> None:
    server.script = [failing(401)]

    assert (await make(kith)).unmodelled is Unmodelled.FAILED

    assert len(await heard(kith)) == 1


async def test_a_thread_is_told_before_the_first_word_goes_and_of_many_parts_once(
    kith: App, server: ModelServer
) -> None:
    await give_budget(kith, 1_000_000)
    connections: list[int] = []

    async def sending() -> None:
        await asyncio.sleep(0.05)  # long enough for another part to run ahead
        connections.append(server.connections)

    findings = await kith.summariser.make(HERE, long_thread(200, 280), allowed=True, sending=sending)

    assert findings.unmodelled is None
    assert len(server.asked) > 2
    assert connections == [0]


async def test_where_no_word_goes_to_the_model_no_thread_is_told(kith: App, server: ModelServer) -> None:
    async def sending() -> None:
        pytest.fail("no word goes")

    model, kith.summariser.model = kith.summariser.model, None
    assert (await kith.summariser.make(HERE, THREAD, allowed=True, sending=sending)).unmodelled is Unmodelled.NONE
    kith.summariser.model = model
    await give_budget(kith, 10)
    assert (await kith.summariser.make(HERE, THREAD, allowed=True, sending=sending)).unmodelled is Unmodelled.BUDGET
    await give_budget(kith, 1_000_000)
    server.script = [failing(401)]
    for _time in range(FAILURES_IN_A_ROW):
        await kith.summariser.make(HERE, THREAD, allowed=True)
    server.script = [well]
    for allowed, wanted, within in ((False, True, 9), (True, False, 9), (True, True, 0), (True, True, 9)):  # it rests
        await kith.summariser.make(HERE, THREAD, allowed=allowed, wanted=wanted, within=within, sending=sending)
    assert len(server.asked) == FAILURES_IN_A_ROW


async def test_a_notice_that_can_not_be_said_yet_is_kept_for_as_long_as_it_takes(
    either_app: App, clock: FixedClock
) -> None:
    number = await begun(either_app)
    clock.advance(2 * DAY)
    for _time in range(2):
        await either_app.summaries.tend()
        assert kept(either_app) == [number]

    def gone(session: Session) -> None:
        session.get_one(Community, HERE).left_at = clock.now()

    either_app.database.run_now(gone)
    assert await heard(either_app) == []
    assert kept(either_app) == []


async def test_a_summary_published_and_deleted_before_its_notice_is_said_does_not_come_back(
    either_app: App, clock: FixedClock
) -> None:
    number = await draft(either_app)
    await either_app.summaries.tell_thread(await terms_of(either_app), number, "en")
    await either_app.summaries.publish(HERE, HOST, number)
    voice = FakeVoice()

    async def only_the_summary(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.SUMMARY_NOTICE:
            raise Outage

    voice.meet = only_the_summary
    await either_app.courier.tend(voice)
    [published] = await either_app.summaries.past(HERE, PLACE_ID, [], 5)
    assert published.message_id is not None
    await either_app.summaries.sources_changed(HERE, [7_001])
    await either_app.summaries.messages_gone(HERE, [published.message_id])
    assert words_kept(either_app) == 0

    assert await heard(either_app) == []  # it waits a moment, and the summary is not drawn anew
    clock.advance(DAY)
    assert len(await heard(either_app)) == 1

    assert await either_app.summaries.past(HERE, PLACE_ID, [], 5) == []
    assert kept(either_app) == []
