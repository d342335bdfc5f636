"""Calls to peers: the call, the rungs of its ladder, the members' responses, the words relayed for the nameless."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, and_, case, func, or_, text
from sqlmodel import Field, Session, SQLModel, col, select

from bot.store.columns import one_of, reference, row_id, snowflake
from bot.store.communities import Community, are_tended


class Help(StrEnum):
    """What would help."""

    LISTEN = "listen"
    THINK_ALONG = "think along"
    SHOW_ME = "show me"
    HANDS = "hands"
    INTRODUCE_ME = "introduce me"


class Urgency(StrEnum):
    """By when; it sets the pace of the ladder."""

    TODAY = "today"
    WEEK = "this week"
    NO_HURRY = "no hurry"


class Audience(StrEnum):
    """Who may see a call. ``NAMED`` are the people the caller names; ``NAMELESS`` is everyone, without the name."""

    EVERYONE = "everyone"
    HOSTS = "hosts"
    NAMED = "named"
    NAMELESS = "nameless"


HOSTS_RUNG = 3
"""From this rung on a call has come to the hosts."""
OPEN_TO_ALL = (Audience.EVERYONE, Audience.NAMELESS)


class CallState(StrEnum):
    """A call is a draft until it is sent, and open until its caller says otherwise: no timer ends it."""

    DRAFT = "draft"
    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class Call(SQLModel, table=True):
    """One request to peers, and how far up the ladder it is.

    A member has one draft at a time. ``caller_id`` is empty once the caller was forgotten, and once a nameless call
    has ended. ``help`` holds values of Help, parted by commas. ``rung`` is the last rung reached (-1: none yet).
    While a call is open, ``next_at`` is when its next rung is due, or (``accompanied``: the caller said that someone
    is with them, or a responder that it is done) when the caller is asked how it stands; it is empty exactly while
    somebody is with it on a lease. ``held``: a reply has held the coming rung already. ``answers`` counts how
    often it was answered. ``message_id`` is the card; ``thread_id`` the thread that belongs to it, which a private
    call lives in. ``door_id`` is the message in the calls channel by which hosts reach a hosts' call. ``version``
    counts what the card has shown, ``said`` what the thread was told.
    """

    __table_args__ = (
        Index("ix_call_next_at", "state", "next_at"),
        Index("ix_call_community_id", "community_id", "state", "opened_at"),
        Index("ix_call_caller_id", "caller_id", "community_id"),
        Index(
            "uq_call_draft",
            "community_id",
            "caller_id",
            unique=True,
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
    )

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id")
    caller_id: int | None = snowflake(default=None)
    state: CallState = one_of(CallState, default=CallState.DRAFT)
    words: str = Field(default="", max_length=1000)
    help: str = Field(default="", max_length=60)
    urgency: Urgency = one_of(Urgency, default=Urgency.WEEK)
    audience: Audience = one_of(Audience, default=Audience.EVERYONE)
    written_at: datetime
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    rung: int = -1
    next_at: datetime | None = None
    held: bool = False
    accompanied: bool = False
    first_answer_at: datetime | None = None
    answers: int = 0
    helped: bool | None = None
    learning: str = Field(default="", max_length=300)
    channel_id: int | None = snowflake(default=None)
    message_id: int | None = snowflake(default=None, unique=True)
    thread_id: int | None = snowflake(default=None, unique=True)
    door_id: int | None = snowflake(default=None)
    version: int = 0
    said: int = 0

    @property
    def helps(self) -> list[Help]:
        """What would help, in the order of the form."""
        return [Help(each) for each in self.help.split(",") if each]

    @property
    def nameless(self) -> bool:
        """Whether nobody may learn who asks."""
        return self.audience is Audience.NAMELESS

    @property
    def private(self) -> bool:
        """Whether it lives in a private thread, out of everyone's sight."""
        return self.audience not in OPEN_TO_ALL


class Rung(SQLModel, table=True):
    """One rung a call has reached, unique per call and number: 0 to 3, and from 4 on one a week.

    ``due_at`` is when it was due, ``reached_at`` when Kith got there. A rung with nobody to ask was ``skipped``.
    """

    call_id: int = reference("call.id", primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    due_at: datetime
    reached_at: datetime
    skipped: bool = False


class ResponseKind(StrEnum):
    """What a member answered to a call; silent while they were only named or asked."""

    SILENT = "silent"
    WITH_YOU = "with you"
    LATER = "later"
    NOT_ME = "not me"
    DONE = "done"
    HANDED_BACK = "handed back"
    LEFT = "left"


class Response(SQLModel, table=True):
    """One member's part in one call: named by the caller, asked by Kith or thought of by a peer, and their answer.

    ``asked_at`` and ``rung`` are set once they were asked; ``why`` is the offer that matched. ``with you`` is a
    lease: its nudge is planned for two days on, and without a word after it ends ``ends_at``. ``turns`` counts leases
    and later times, so that each has a nudge of its own. ``member_id`` is empty once the member was forgotten.
    """

    __table_args__ = (
        UniqueConstraint("call_id", "member_id"),
        Index("ix_response_member_id", "member_id", "community_id", "asked_at"),
        Index("ix_response_ends_at", "kind", "ends_at"),
    )

    id: int | None = row_id()
    community_id: int = snowflake()
    call_id: int = reference("call.id")
    member_id: int | None = snowflake(default=None)
    named: bool = False
    thought_of_by: int | None = snowflake(default=None)
    rung: int | None = None
    asked_at: datetime | None = None
    why: str = Field(default="", max_length=80)
    kind: ResponseKind = one_of(ResponseKind, default=ResponseKind.SILENT)
    answered_at: datetime | None = None
    ends_at: datetime | None = None
    later_at: datetime | None = None
    turns: int = 0


class Relay(SQLModel, table=True):
    """Words a nameless caller had Kith say in the call's thread; empty once they were taken back."""

    id: int | None = row_id()
    call_id: int = reference("call.id", index=True)
    words: str = Field(default="", max_length=1000)
    written_at: datetime
    request_id: int = snowflake(unique=True)
    message_id: int | None = snowflake(default=None)


def call_of(session: Session, community_id: int, call_id: int) -> Call | None:
    """Return one of a community's calls, locked against other writers until the transaction ends."""
    return session.exec(
        select(Call).where(Call.id == call_id, Call.community_id == community_id).with_for_update()
    ).one_or_none()


def draft_of(session: Session, community_id: int, member_id: int) -> Call | None:
    """Return the call a member has written and not sent yet, locked against other writers, such as its sending."""
    theirs = (Call.community_id == community_id, Call.caller_id == member_id, Call.state == CallState.DRAFT)
    return session.exec(select(Call).where(*theirs).with_for_update()).one_or_none()


def call_with_thread(session: Session, community_id: int, thread_id: int) -> Call | None:
    """Return the call a thread belongs to."""
    return session.exec(
        select(Call).where(Call.thread_id == thread_id, Call.community_id == community_id).with_for_update()
    ).one_or_none()


def calls_by(session: Session, community_id: int, member_id: int) -> Sequence[Call]:
    """Return everything one member asks or asked for in a community, oldest first."""
    return session.exec(
        select(Call).where(Call.caller_id == member_id, Call.community_id == community_id).order_by(col(Call.id))
    ).all()


def open_calls_seen_by(
    session: Session, community_id: int, member_id: int, *, host: bool, skip: int, limit: int, own: bool = False
) -> Sequence[Call]:
    """Return a community's open calls that a member may see, or only their ``own``, oldest first."""
    part = select(Response.id).where(Response.call_id == Call.id, Response.member_id == member_id)
    seen = [col(Call.caller_id) == member_id]
    if not own:
        seen.append(col(Call.audience).in_(OPEN_TO_ALL))
        seen.append(and_(col(Call.audience) == Audience.NAMED, part.exists()))
        if host:
            seen.append(col(Call.audience) == Audience.HOSTS)
    return session.exec(
        select(Call)
        .where(Call.community_id == community_id, Call.state == CallState.OPEN, or_(*seen))
        .order_by(col(Call.opened_at), col(Call.id))
        .offset(skip)
        .limit(limit)
    ).all()


def calls_for_everyone(session: Session, community_id: int, limit: int, from_rung: int = -1) -> Sequence[Call]:
    """Return the open calls everyone in a community may see and whose card is there, from a rung on.

    Those which have come to the hosts first, then the oldest.
    """
    return session.exec(
        select(Call)
        .where(
            Call.community_id == community_id,
            Call.state == CallState.OPEN,
            col(Call.audience).in_(OPEN_TO_ALL),
            col(Call.message_id).is_not(None),
            Call.rung >= from_rung,
        )
        .order_by(case((col(Call.rung) >= HOSTS_RUNG, 0), else_=1), col(Call.opened_at), col(Call.id))
        .limit(limit)
    ).all()


def calls_since(
    session: Session, community_id: int, since: datetime
) -> list[tuple[CallState, datetime | None, datetime | None]]:
    """Return the calls sent in a community since then, without those to people named or withdrawn.

    Of each: how it stands, when it was sent, and when somebody first answered.
    """
    found = session.exec(
        select(Call.state, col(Call.opened_at), col(Call.first_answer_at)).where(
            Call.community_id == community_id,
            col(Call.state).in_([CallState.OPEN, CallState.ANSWERED]),
            col(Call.opened_at) > since,
            Call.audience != Audience.NAMED,
        )
    ).all()
    return [(CallState(state), opened_at, answered_at) for state, opened_at, answered_at in found]


def oldest_open_call(session: Session, community_id: int) -> tuple[int, datetime | None]:
    """Return how many calls are open, and since when the oldest is, without those to people named."""
    return session.exec(
        select(func.count(), func.min(Call.opened_at)).where(
            Call.community_id == community_id, Call.state == CallState.OPEN, Call.audience != Audience.NAMED
        )
    ).one()


def responders_since(session: Session, community_id: int, since: datetime) -> int:
    """Return how many different people were with callers since then, without calls to people named."""
    return session.exec(
        select(func.count(func.distinct(Response.member_id)))
        .join(Call, col(Call.id) == Response.call_id)
        .where(
            Call.community_id == community_id,
            Call.audience != Audience.NAMED,
            col(Call.opened_at) > since,
            col(Response.kind).in_([ResponseKind.WITH_YOU, ResponseKind.DONE]),
        )
    ).one()


def calls_due(session: Session, now: datetime, limit: int) -> Sequence[Call]:
    """Return open calls whose next rung is due, in communities Kith tends, the longest due first.

    Rows another process works on are passed over.
    """
    return session.exec(
        select(Call)
        .join(Community, col(Community.id) == Call.community_id)
        .where(Call.state == CallState.OPEN, col(Call.next_at) <= now, *are_tended())
        .order_by(col(Call.next_at), col(Call.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Call)
    ).all()


def leases_run_out(session: Session, now: datetime, limit: int) -> Sequence[Response]:
    """Return responses whose lease has ended in silence; rows another process works on are passed over."""
    return session.exec(
        select(Response)
        .join(Community, col(Community.id) == Response.community_id)
        .where(Response.kind == ResponseKind.WITH_YOU, col(Response.ends_at) <= now, *are_tended())
        .order_by(col(Response.ends_at), col(Response.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Response)
    ).all()


def responses_to(session: Session, call_id: int | None) -> Sequence[Response]:
    """Return everyone's part in a call, in the order they came to it."""
    return session.exec(select(Response).where(Response.call_id == call_id).order_by(col(Response.id))).all()


def response_of(session: Session, call_id: int | None, member_id: int) -> Response | None:
    """Return one member's part in a call."""
    return session.exec(
        select(Response).where(Response.call_id == call_id, Response.member_id == member_id)
    ).one_or_none()


def responses_by(session: Session, community_id: int, member_id: int) -> Sequence[Response]:
    """Return one member's part in all calls of a community, oldest first."""
    return session.exec(
        select(Response)
        .where(Response.member_id == member_id, Response.community_id == community_id)
        .order_by(col(Response.id))
    ).all()


def thought_of_by(session: Session, community_id: int, member_id: int) -> Sequence[Response]:
    """Return the parts in calls that began with one member thinking of another."""
    return session.exec(
        select(Response).where(Response.thought_of_by == member_id, Response.community_id == community_id)
    ).all()


def times_asked(session: Session, community_id: int, member_id: int, since: datetime) -> int:
    """Return how often a member was asked in a community since then."""
    return session.exec(
        select(func.count())
        .select_from(Response)
        .where(
            Response.member_id == member_id,
            Response.community_id == community_id,
            col(Response.asked_at) > since,
        )
    ).one()


def relays_of(session: Session, call_id: int | None) -> Sequence[Relay]:
    """Return what was relayed for a call's nameless caller, in order."""
    return session.exec(select(Relay).where(Relay.call_id == call_id).order_by(col(Relay.id))).all()


def relay_said_for(session: Session, request_id: int) -> Relay | None:
    """Return the words an interaction asked to be relayed."""
    return session.exec(select(Relay).where(Relay.request_id == request_id)).one_or_none()
