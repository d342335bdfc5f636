"""Members: what each of them chose."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from bot.database import insert_if_new
from bot.store.columns import one_of, snowflake

ASKS_A_MONTH = 3
"""How often a member is asked at the most in 30 days, unless they said otherwise."""


class Share(StrEnum):
    """Who may see an answer."""

    EVERYONE = "everyone"
    HOSTS = "hosts"
    ME = "me"


class HostingWish(StrEnum):
    """Whether a member would like to host circles."""

    HOST = "host"
    CO_HOST = "co-host"
    NOT_NOW = "not now"


class Member(SQLModel, table=True):
    """One member's choices in one community; no row means that all of them are the defaults.

    ``zone`` falls back to the community's. Away members are back on ``away_until`` (a date in their zone).
    Reminders come by direct message at ``reminder_hour`` (0–23) in their zone, to those who asked for them.
    ``about`` is their line about themselves; they are asked to respond to calls at most ``asks_a_month`` times in 30
    days. Those who ``keeps`` take turns as keeper of calls; ``kept_at`` is when their last turn began.
    ``hosted_at`` is when they last hosted or co-hosted a circle; until they ``has_hosted`` once, they co-host.
    ``left_out``: their words, and their name, are left out of summaries.
    """

    community_id: int = snowflake(primary_key=True, foreign_key="community.id")
    member_id: int = snowflake(primary_key=True)
    language: str | None = Field(default=None, max_length=10)
    zone: str | None = Field(default=None, max_length=64)
    away_until: date | None = None
    reminders: bool = False
    reminder_hour: int = 9
    share: Share = one_of(Share, default=Share.EVERYONE)
    about: str = Field(default="", max_length=200)
    asks_a_month: int = ASKS_A_MONTH
    keeps: bool = False
    kept_at: datetime | None = None
    hosting: HostingWish = one_of(HostingWish, default=HostingWish.NOT_NOW)
    has_hosted: bool = False
    hosted_at: datetime | None = None
    left_out: bool = False


def member_of(session: Session, community_id: int, member_id: int) -> Member:
    """Return the member's choices, unsaved defaults when none were made yet."""
    found = session.get(Member, (community_id, member_id))
    return found or Member(community_id=community_id, member_id=member_id)


def choices_of(session: Session, community_id: int, member_ids: Collection[int]) -> Sequence[Member]:
    """Return the choices of those among some members of a community who made any."""
    return session.exec(
        select(Member).where(Member.community_id == community_id, col(Member.member_id).in_(member_ids))
    ).all()


def saved_member(session: Session, community_id: int, member_id: int) -> Member:
    """Return the member's row to change, made with the defaults when it isn't there yet."""
    insert_if_new(session, Member, Member(community_id=community_id, member_id=member_id).model_dump())
    return session.get_one(Member, (community_id, member_id))


def one_choice_at_a_time(session: Session, community_id: int, member_id: int) -> None:
    """Let transactions that count what a member has follow one another: of two at once, one is run again."""
    saved_member(session, community_id, member_id)
    theirs = (col(Member.community_id) == community_id, col(Member.member_id) == member_id)
    session.connection().execute(update(Member).where(*theirs).values(keeps=Member.keeps))


def members_who_would_host(session: Session, community_id: int) -> Sequence[Member]:
    """Return the members who would host or co-host circles, those who never did first, then the longest ago."""
    found = session.exec(
        select(Member).where(Member.community_id == community_id, Member.hosting != HostingWish.NOT_NOW)
    ).all()
    return sorted(found, key=lambda each: (each.hosted_at is not None, each.hosted_at, each.member_id))


def left_out_of_summaries(session: Session, community_id: int) -> frozenset[int]:
    """Return who wants their words left out of summaries."""
    found = select(Member.member_id).where(Member.community_id == community_id, col(Member.left_out).is_(True))
    return frozenset(session.exec(found))


def members_who_want_reminders(session: Session, community_id: int) -> Sequence[Member]:
    """Return the members of a community who asked to be reminded."""
    return session.exec(
        select(Member).where(Member.community_id == community_id, col(Member.reminders).is_(True))
    ).all()
