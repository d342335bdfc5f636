"""Empty databases for one measurement each; nobody else's tables are touched."""

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bot.database import migrate

_numbers = count(1)


@dataclass(frozen=True)
class Kind:
    """A kind of database; ``fresh`` yields the address of a migrated, empty one, gone afterwards."""

    name: str
    fresh: Callable[[], AbstractContextManager[str]]


def kinds(postgresql: str | None) -> list[Kind]:
    """Return SQLite, and PostgreSQL when the address of one is given."""
    found = [Kind("SQLite", _sqlite)]
    if postgresql is not None:
        found.append(Kind("PostgreSQL", lambda: _postgresql(postgresql)))
    return found


@contextmanager
def _sqlite() -> Generator[str]:
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'kith.db'}"
        migrate(make_url(url))
        yield url


@contextmanager
def _postgresql(server: str) -> Generator[str]:
    """Make a database of its own on the server, and drop it."""
    name = f"kith_bench_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            url = make_url(server).set(database=name).difference_update_query(["options"])  # no schema but its own
            migrate(url)
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
