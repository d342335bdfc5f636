"""What every table shares: names of constraints and kinds of columns."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, Integer
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

ROW_ID = BigInteger().with_variant(Integer, "sqlite")


def row_id() -> Any:
    """Return a primary key the database counts up itself; ``None`` until the row is written."""
    return Field(default=None, primary_key=True, sa_type=ROW_ID)


def snowflake(**options: Any) -> Any:
    """Return a column for one of Discord's identifiers (64 bits, never counted up here)."""
    if options.get("primary_key"):
        options["sa_column_kwargs"] = {"autoincrement": False}
    return Field(sa_type=BigInteger, **options)


def reference(target: str, **options: Any) -> Any:
    """Return a column that names a row of another table, such as ``rounds.id``."""
    return Field(foreign_key=target, sa_type=ROW_ID, **options)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


def one_of(kind: type[StrEnum], **options: Any) -> Any:
    """Return a column that holds one of an enumeration's values, checked by the database."""
    column = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=kind.__name__.lower(),
        values_callable=_values,
    )
    return Field(sa_type=column, **options)  # pyright: ignore[reportArgumentType] -- a type instance is taken too
