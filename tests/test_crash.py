"""A short run of the killing; ``make crash-test`` is the long one."""

import asyncio

from sqlalchemy.engine import make_url

from bot.database import is_sqlite
from tests.bench.databases import kinds
from tests.conftest import postgresql_url
from tests.crash.runs import killed_at_each_point, killed_at_random

KILLS = 4


async def test_killed_at_random_and_at_each_checkpoint_kith_loses_and_doubles_nothing(database_url: str) -> None:
    kind = kinds(None if is_sqlite(make_url(database_url)) else postgresql_url())[-1]

    with kind.fresh() as first, kind.fresh() as second:
        at_random, at_each_point = await asyncio.gather(
            killed_at_random(first, processes=2, kills=KILLS, seed=7, late=True), killed_at_each_point(second, seed=7)
        )

    for run in (at_random, at_each_point):
        assert (run.tally.lost, run.tally.doubled, run.errors) == ([], [], [])
        assert run.tally.said >= 8
        assert run.tally.calls >= 4
