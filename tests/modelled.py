"""A community whose summaries a model makes, for tests: what it asks, what that costs, and which parts were sent."""

import asyncio
from importlib import import_module

from pydantic import SecretStr
from sqlmodel import Session, select

from bot.app import App
from bot.clock import Clock
from bot.model import Model
from bot.store.communities import community_of
from bot.store.summaries import ModelUse
from bot.summariser import MODEL_WITHIN
from bot.thread import Findings
from tests.conversations import thread_of
from tests.loopback.model import Answering, Asked, ModelServer, well

HERE = 500
KEY = "sk-Secret-4711"
THREAD = thread_of(
    "Who could host in May?",
    "I will bring the projector.",
    "Where do we leave the list of questions?",
    "Thank you, Person 2.",
    "A word nobody else uses: Zwetschgenröster.",
)


def model_on(server: ModelServer, clock: Clock) -> Model:
    """Return a model on a server, its library imported before anything is timed."""
    import_module("bot.model_client")
    return Model("small", clock, base_url=server.url, key=SecretStr(KEY))


async def summary(kith: App, within: float = MODEL_WITHIN) -> Findings:
    """Return the summary of the short thread."""
    return await kith.summariser.make(HERE, THREAD, allowed=True, within=within)


async def give_budget(app: App, tokens: int) -> None:
    """Let the community use so many tokens a month."""

    def write(session: Session) -> None:
        community_of(session, HERE, app.clock.now()).monthly_tokens = tokens

    await app.database.run(write)


async def uses(app: App) -> list[ModelUse]:
    """Return every use of the model that is kept."""
    return await app.database.run(lambda session: list(session.exec(select(ModelUse).order_by("id"))))


async def spent(app: App) -> int:
    """Return what counts as spent this month."""
    return (await app.model_uses.spending(HERE)).spent


def about(*numbers: int, otherwise: Answering = well, answering: Answering) -> Answering:
    """Answer in a way of its own what is asked about any of these lines; about no line: what joins parts."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        meant = any(each in asked.lines for each in numbers) if numbers else not asked.lines
        await (answering if meant else otherwise)(asked, writer)

    return answer


def parts_asked(server: ModelServer) -> list[list[int]]:
    """Return the numbers of the lines in each request about a part, oldest first."""
    return sorted(sorted(each.lines) for each in server.asked if each.lines)
