"""Calls in one large community with a long past: the tick, who is asked, sending a call and seeing what waits."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.app import App, assemble
from bot.clock import SystemClock
from bot.services.calls import NewCall
from bot.services.ladder import climb
from bot.services.offers import fair_asking
from bot.services.people import Person
from bot.store.calls import Audience, Call, CallState, Help, Urgency, open_calls_seen_by, responses_to
from bot.store.communities import community_of
from bot.store.deliveries import WAITING, Delivery, DeliveryState
from bot.store.offers import NEVER, note_asked
from cogs.call_lists import ON_A_PAGE
from tests.bench.databases import Kind
from tests.bench.idle import how_found, tick
from tests.bench.report import Table, percentile
from tests.bench.seed import writing
from tests.bench.seed_calls import AWAY_FOR_LONG, COMMUNITY, WORDS, add_calls, word

COMMON, RARE = word(0), word(WORDS // 2)
LONG = " ".join(word(rank) for rank in range(90))
NOBODYS = "something nobody offers"
BOUND = 20
"""Milliseconds within which the tick and the asking are to be done, as a rule (p50) and on an idle machine."""
MEMBER_ID = 5
"""Whoever looks at what waits."""


@dataclass(frozen=True)
class Crowd:
    """How large the community is, and how often each thing is done in it."""

    members: int
    past_calls: int
    open_calls: int
    times: int


async def calling(databases: list[Kind], crowd: Crowd) -> Table:
    """Measure what calls cost where very many exist and few are due, and show that what is asked is found by index."""
    rows: list[tuple[str, ...]] = []
    for kind in databases:
        with kind.fresh() as url:
            with writing(url) as session:
                add_calls(session, SystemClock().now(), crowd.members, crowd.past_calls, crowd.open_calls)
            app = assemble(url, SystemClock())
            try:
                found = await _found(app, crowd.times)
            finally:
                app.database.close()
        rows += [(f"{kind.name}: {what}", how) for what, how in found]
    note = (
        f"One community of {crowd.members:,} members who offer three things each (a quarter of them the most common "
        f"one, one or two of them most others), {crowd.past_calls:,} past calls with four responses and ten settled "
        f"deliveries each, and {crowd.open_calls:,} open calls, on {SystemClock().now().date()}. Times are p50 / p99 / "
        f"longest of {crowd.times}, in ms; the tick and the asking are to take {BOUND} at most. How rows are "
        f"found is what the database itself says (`EXPLAIN`): each name is an index, by which it goes straight to the "
        f"rows it wants; *all of* is a table read whole, which PostgreSQL does with those of a few rows."
    )
    return Table("Calls in a very large community", ("", "found"), rows, note)


async def _found(app: App, times: int) -> list[tuple[str, str]]:
    """Return what was measured, and the indexes the questions were answered by."""
    calls = Calls(app)
    await app.database.run(calls.learn)
    measured = {
        "a tick, nothing due": lambda: tick(app),
        "a tick, one call due": calls.tick_with_one_due,
        "the climb in it, without the commit": calls.climb_alone,
        f"who is asked for *{COMMON}*": lambda: calls.asking(COMMON),
        "who is asked for a rare word": lambda: calls.asking(RARE),
        "who is asked for a call of 90 words": lambda: calls.asking(LONG),
        "who is asked where nobody offers it": lambda: calls.asking(NOBODYS, anyone=True),
        "who is asked where all who offer it are away": lambda: calls.asking(AWAY_FOR_LONG, anyone=True),
        "sending a call": calls.send,
        "/call open, the first page": lambda: calls.waiting(0),
        "/call open, the last page": lambda: calls.waiting(max(0, calls.seen - ON_A_PAGE)),
    }
    found: list[tuple[str, str]] = []
    for what, measure in measured.items():
        took = [await measure() for _number in range(times)]
        found.append((what, f"{percentile(took, 0.5):.1f} / {percentile(took, 0.99):.1f} / {max(took):.1f}"))
    found += await _how_found(app, "finding each {} due", lambda: tick(app))
    found += await _how_found(app, "who is asked, from {}", lambda: calls.asking(COMMON, anyone=True, limit=2000))
    found += await _how_found(app, "/call open, from {}", lambda: calls.waiting(0))
    return found


async def _how_found(app: App, name: str, work: Callable[[], Awaitable[object]]) -> list[tuple[str, str]]:
    """Return how each question was answered, the same once; that for the community itself is left out."""
    found = await how_found(app, work)
    return list(dict.fromkeys((name.format(table), how) for table, how in found if table != "community"))


class Calls:
    """Does one thing at a time with the calls of the community, and returns the milliseconds it took."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._caller_ids = count(2)
        self._resting: list[int] = []
        self._changed: int | None = None
        self.seen = 0

    def learn(self, session: Session) -> None:
        """Note the open calls that may be made due, and how many calls a member sees."""
        resting = select(Call.id).where(
            Call.state == CallState.OPEN,
            Call.audience == Audience.EVERYONE,
            Call.rung == 0,
            col(Call.next_at).is_not(None),
        )
        self._resting = [each for each in session.exec(resting) if each is not None]
        self.seen = len(open_calls_seen_by(session, COMMUNITY, MEMBER_ID, host=False, skip=0, limit=1_000_000))

    def _make_one_due(self, session: Session) -> None:
        """Bring one call's next rung to now, as if none had been due this hour."""
        self._settle(session)
        self._changed = self._resting.pop()
        due = session.get_one(Call, self._changed)
        due.next_at = self._app.clock.now()

    def _settle(self, session: Session) -> None:
        """Let all be said, and those asked for the call that changed last stand where they were: so many calls in
        one minute would leave nobody at the front of the order who is awake.
        """
        now = self._app.clock.now()
        for each in responses_to(session, self._changed):
            if each.member_id is not None:
                note_asked(session, COMMUNITY, [each.member_id], NEVER)
            each.asked_at = None
        waits = (col(Delivery.state).in_(WAITING), col(Delivery.due_at) <= now)
        session.connection().execute(
            update(Delivery).where(*waits).values(state=DeliveryState.SENT, settled_at=now, attempt=1)
        )

    async def tick_with_one_due(self) -> float:
        """Do what the tick does when one call's rung is due; who is asked next is looked for in it."""
        await self._app.database.run(self._make_one_due)
        return await tick(self._app)

    async def climb_alone(self) -> float:
        """Climb one rung in a transaction, and stop the clock before its end; it is undone."""

        def work(session: Session) -> float:
            self._settle(session)
            call, now = session.get_one(Call, self._resting.pop()), self._app.clock.now()
            with session.begin_nested() as undone:
                call.next_at = now
                session.flush()
                began = time.perf_counter()
                climb(session, community_of(session, COMMUNITY, now), call, now)
                session.flush()
                took = since(began)
                undone.rollback()
            return took

        return await self._app.database.run(work)

    async def asking(self, wanted: str, *, anyone: bool = False, limit: int = 3) -> float:
        """Look for those who may be asked."""

        def work(session: Session) -> float:
            now = self._app.clock.now()
            community = community_of(session, COMMUNITY, now)
            began = time.perf_counter()
            fair_asking(session, community, wanted, now, leave_out=(), limit=limit, anyone=anyone)
            return since(began)

        return await self._app.database.run(work)

    async def send(self) -> float:
        """Send a call written before."""
        caller_id = next(self._caller_ids)
        words = f"I prepare a gathering about {COMMON}. Could someone think along with me about {RARE}?"
        new = NewCall(words, [Help.THINK_ALONG], Urgency.WEEK, Audience.EVERYONE)
        await self._app.database.run(self._settle)
        written = await self._app.calls.write(COMMUNITY, caller_id, new)
        assert written.call.id is not None
        self._changed = written.call.id
        began = time.perf_counter()
        await self._app.calls.send(COMMUNITY, caller_id, written.call.id, written.edition)
        return since(began)

    async def waiting(self, skip: int) -> float:
        """List open calls to a member."""
        began = time.perf_counter()
        await self._app.calls.waiting(COMMUNITY, Person(MEMBER_ID), skip, ON_A_PAGE + 1)
        return since(began)


def since(began: float) -> float:
    """Return the milliseconds since then, a moment of ``time.perf_counter``."""
    return (time.perf_counter() - began) * 1000
