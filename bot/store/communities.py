"""Communities (Discord servers), and the few values Kith remembers for itself."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, update
from sqlmodel import Field, Session, SQLModel, col

from bot.database import insert_if_new
from bot.store.columns import one_of, snowflake

MONTHLY_TOKENS = 200_000
"""What a community may spend on the model in a month unless it says otherwise: some forty summaries of long threads."""


class Summarising(StrEnum):
    """Who may ask for a summary."""

    HOSTS = "hosts"
    TAKING_PART = "taking part"
    """Hosts, and whoever wrote in the thread."""


class Community(SQLModel, table=True):
    """One Discord server.

    Nothing is posted before ``begun_at`` is set, nor while ``left_at`` is (the bot was removed). ``language``
    and ``zone`` are those of public posts. With ``model_on``, words may go to the language model for summaries, for
    up to ``monthly_tokens`` a month.
    """

    id: int = snowflake(primary_key=True)
    language: str = Field(default="en", max_length=10)
    zone: str = Field(default="UTC", max_length=64)
    purpose: str = Field(default="", max_length=300)
    checkins_channel_id: int | None = snowflake(default=None)
    circles_channel_id: int | None = snowflake(default=None)
    calls_channel_id: int | None = snowflake(default=None)
    host_role_id: int | None = snowflake(default=None)
    bell_role_id: int | None = snowflake(default=None)
    created_at: datetime
    begun_at: datetime | None = None
    left_at: datetime | None = None
    model_on: bool = False
    summarising: Summarising = one_of(Summarising, default=Summarising.TAKING_PART)
    monthly_tokens: int = MONTHLY_TOKENS

    @property
    def tended(self) -> bool:
        """Whether Kith posts here at all."""
        return self.begun_at is not None and self.left_at is None


class Remembered(SQLModel, table=True):
    """A value Kith keeps for itself between starts, such as the hash of the commands it registered."""

    name: str = Field(primary_key=True, max_length=60)
    value: str


def are_tended() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that Kith posts in a community at all."""
    return col(Community.begun_at).is_not(None), col(Community.left_at).is_(None)


def community_of(session: Session, community_id: int, now: datetime) -> Community:
    """Return the community's row, made when it isn't there yet."""
    community = session.get(Community, community_id)
    if community is None:
        defaults = Community(id=community_id, created_at=now)
        insert_if_new(session, Community, defaults.model_dump())
        community = session.get_one(Community, community_id)
    return community


def one_at_a_time(session: Session, community_id: int) -> None:
    """Let transactions that count a community's rows follow one another: of two at once, one is run again."""
    touched = update(Community).where(col(Community.id) == community_id).values(left_at=Community.left_at)
    session.connection().execute(touched)
