"""Adds kinds to a table's ``kind`` column, which the database holds to a list."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

KEPT = {"delivery": {"sqlite_autoincrement": True}}
"""What SQLite's copy of a table must not lose."""


def add_kinds(table: str, before: Sequence[str], new: Sequence[str]) -> None:
    """Let a table hold new kinds beside those of before."""
    name = f"{table}kind"
    given_out = _ids_given_out(table)
    with op.batch_alter_table(table, schema=None, table_kwargs=KEPT.get(table, {})) as batch_op:
        batch_op.alter_column(
            "kind",
            existing_type=sa.Enum(*before, name=name, native_enum=False, create_constraint=True, length=20),
            type_=sa.Enum(*before, *new, name=name, native_enum=False, create_constraint=True, length=20),
            existing_nullable=False,
        )
    _remember_ids(table, given_out)


def _ids_given_out(table: str) -> int:
    """Return the highest id a row ever had on SQLite, where that is counted beside the table."""
    if op.get_bind().dialect.name != "sqlite" or table not in KEPT:
        return 0
    counted = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table").bindparams(table=table)
    return op.get_bind().execute(counted).scalar() or 0


def _remember_ids(table: str, given_out: int) -> None:
    """Let no id come twice: SQLite's copy of the table knows only of those that are still there."""
    if not given_out:
        return
    op.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :table").bindparams(table=table))
    op.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :given)").bindparams(
            table=table, given=given_out
        )
    )
