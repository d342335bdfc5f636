"""Very many communities due at the same minute: opening their rounds, and saying so."""

import time
from dataclasses import dataclass

from bot import courier
from bot.app import assemble
from bot.clock import SystemClock
from bot.services.checkins import AT_ONCE
from tests.bench.databases import Kind
from tests.bench.programs import kith, running, until
from tests.bench.report import Table
from tests.bench.seed import add_communities, writing
from tests.loopback.limits import Limits
from tests.loopback.rest import Request
from tests.loopback.server import Discord

UNPACED = 1_000_000
ALLOWED = 50
"""Requests a second Discord takes from a bot."""


@dataclass(frozen=True)
class Delivered:
    """How a crowd's cards went out; ``refused`` counts answers of 429."""

    a_second: float
    refused: int


async def crowding(databases: list[Kind], communities: int, sample: int) -> Table:
    """Measure how quickly rounds open and go out when very many are due at once."""
    rows: list[tuple[str, ...]] = []
    for kind in databases:
        async with Discord() as server:
            opening, delivered = await _crowd(server, kind, communities, UNPACED)
        rows.append((f"{kind.name}: opening {communities:,} rounds", f"{opening:.1f} s"))
        rows.append((f"{kind.name}: delivering {communities:,} cards without a pace", f"{delivered.a_second:.0f}/s"))
    for kind in databases:
        async with Discord(limits=Limits()) as server:
            _opening, delivered = await _crowd(server, kind, sample, courier.PER_SECOND)
        share = f"{delivered.a_second:.1f}/s, {delivered.a_second / ALLOWED:.0%} of {ALLOWED}"
        rows.append((f"{kind.name}: delivering {sample:,} cards within Discord's limits", share))
        rows.append((f"{kind.name}: answers of 429 meanwhile", str(delivered.refused)))
    note = (
        f"Opening: rounds are drawn, written and planned in transactions of {AT_ONCE}. Without a pace: the courier's "
        f"own ({courier.PER_SECOND} sends a second) is lifted in that process, and the server answers at once. Within "
        f"Discord's limits: the courier's own pace, a smaller sample, and a server that refuses what Discord would."
    )
    return Table(f"{communities:,} communities due at the same minute", ("", "found"), rows, note)


async def _crowd(server: Discord, kind: Kind, communities: int, per_second: int) -> tuple[float, Delivered]:
    server.gateway.announce = False
    guilds = [server.add_guild(channels=("check-ins",), host_role=False) for _ in range(communities)]
    now = SystemClock().now()
    with kind.fresh() as url:
        with writing(url) as session:
            places = [(guild.id, guild.channel("check-ins").id) for guild in guilds]
            add_communities(session, places, now, now.replace(second=0, microsecond=0))
        opening = await _open_rounds(url)
        return opening, await _deliver(server, kind, url, communities, per_second)


async def _open_rounds(url: str) -> float:
    """Open all that is due, and return the seconds it took."""
    app = assemble(url, SystemClock())
    try:
        began = time.perf_counter()
        await app.checkins.tend()
        return time.perf_counter() - began
    finally:
        app.database.close()


async def _deliver(server: Discord, kind: Kind, url: str, communities: int, per_second: int) -> Delivered:
    """Run Kith until every card is posted."""
    posts = Posts(server)
    async with running(server, kith(url, kind.name, per_second=per_second)) as bot:
        await until(lambda: posts.count() >= communities, bot.process, seconds=60 + communities / 20)
    times = [each.at for each in server.requests if is_post(each)]
    assert len(times) == communities, f"{len(times)} cards for {communities} communities"
    refused = sum(each.status == 429 for each in server.requests)
    return Delivered((len(times) - 1) / (times[-1] - times[0]), refused)


def is_post(request: Request) -> bool:
    """Tell whether a request posted a message."""
    return request.status == 200 and request.method == "POST" and request.path.endswith("/messages")


class Posts:
    """Counts a server's posts, each looked at once."""

    def __init__(self, server: Discord) -> None:
        self._requests = server.requests
        self._seen = 0
        self._posts = 0

    def count(self) -> int:
        """Return how many messages were posted so far."""
        while self._seen < len(self._requests) and self._requests[self._seen].status is not None:
            self._posts += is_post(self._requests[self._seen])
            self._seen += 1
        return self._posts
