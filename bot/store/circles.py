"""Learning circles: each circle, who comes, who holds a role, and where a running one stands."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from bot.formats import Role
from bot.store.columns import one_of, reference, row_id, snowflake
from bot.store.communities import Community, are_tended
from bot.store.rhythms import Way


class CircleState(StrEnum):
    """A circle is planned until it begins, and running until it is closed; a planned one may be cancelled."""

    PLANNED = "planned"
    RUNNING = "running"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Circle(SQLModel, table=True):
    """One learning circle, unique per rhythm and local date when it comes of a rhythm, else proposed by a member.

    ``theme_id`` is that of the deck; the words are kept, so that a theme may change without changing the circle.
    ``place_id`` is the voice or stage channel of a live one, or ``link`` where it meets elsewhere. ``room`` is for how
    many. Nothing is due after ``next_at`` is empty; ``stage`` counts what the planned circle has come past on its way
    (see the hosting service). ``hostless``: nobody took the hosting, so anyone may press *Next*.

    ``message_id`` is the card, and the thread's id. ``event_id`` is Discord's scheduled event. While it runs, ``step``
    is the step of its format it is at (-1: not begun), which ends ``step_ends_at``; ``panel_id`` is the message with
    the buttons, ``rings`` counts the bell. The versions count what card, event and panel have shown, ``said`` what
    the thread was told.
    """

    __table_args__ = (
        UniqueConstraint("rhythm_id", "day"),
        Index("ix_circle_next_at", "state", "next_at"),
        Index("ix_circle_starts_at", "community_id", "state", "starts_at"),
    )

    id: int | None = row_id()
    community_id: int = snowflake(foreign_key="community.id")
    rhythm_id: int | None = reference("rhythm.id", default=None)
    day: date | None = None
    proposer_id: int | None = snowflake(default=None, index=True)
    request_id: int | None = snowflake(default=None, unique=True)
    theme_id: str | None = Field(default=None, max_length=80)
    title: str = Field(max_length=100)
    intention: str = Field(default="", max_length=300)
    opening: str = Field(default="", max_length=300)
    question: str = Field(default="", max_length=300)
    second_question: str = Field(default="", max_length=300)
    closing: str = Field(default="", max_length=300)
    tag: str | None = Field(default=None, max_length=20)
    format_id: str = Field(max_length=80)
    way: Way = one_of(Way)
    place_id: int | None = snowflake(default=None)
    link: str = Field(default="", max_length=200)
    room: int | None = None
    starts_at: datetime
    state: CircleState = one_of(CircleState, default=CircleState.PLANNED)
    hostless: bool = False
    stage: int = 0
    next_at: datetime | None = None
    channel_id: int | None = snowflake(default=None)
    message_id: int | None = snowflake(default=None, unique=True)
    version: int = 0
    event_id: int | None = snowflake(default=None)
    event_version: int = 0
    step: int = -1
    step_ends_at: datetime | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    panel_id: int | None = snowflake(default=None)
    panel_version: int = 0
    rings: int = 0
    said: int = 0


class CircleRole(SQLModel, table=True):
    """Who holds a role in a circle, and to whom they offer it in a swap; each role is held once."""

    circle_id: int = reference("circle.id", primary_key=True)
    role: Role = one_of(Role, primary_key=True)
    community_id: int = snowflake()
    member_id: int = snowflake(index=True)
    offered_to: int | None = snowflake(default=None)
    taken_at: datetime


class ComingKind(StrEnum):
    """What a member answered on a circle's card."""

    COMING = "coming"
    MAYBE = "maybe"
    NOT = "not this time"


class Coming(SQLModel, table=True):
    """One member's answer to a circle. Those who come and find no room wait, in the order of ``answered_at``.

    ``member_id`` is empty once the member was forgotten.
    """

    __table_args__ = (
        UniqueConstraint("circle_id", "member_id"),
        Index("ix_coming_member_id", "member_id", "community_id"),
    )

    id: int | None = row_id()
    circle_id: int = reference("circle.id")
    community_id: int = snowflake()
    member_id: int | None = snowflake(default=None)
    kind: ComingKind = one_of(ComingKind)
    answered_at: datetime


class HostInvitation(SQLModel, table=True):
    """That a member was invited to host a circle, in which wave, and whether they said not this time.

    Someone who gave the hosting back without having been invited is noted in wave 0, so that nobody invites them.
    """

    circle_id: int = reference("circle.id", primary_key=True)
    member_id: int = snowflake(primary_key=True)
    community_id: int = snowflake()
    wave: int
    invited_at: datetime
    declined: bool = False


class SeatState(StrEnum):
    """Where a member is while the talking piece goes round."""

    WAITING = "waiting"
    HOLDS = "holds"
    SPOKE = "spoke"
    PASSED = "passed"
    SILENT = "silent"
    SKIPPED = "skipped"


class Seat(SQLModel, table=True):
    """One member's place in one step: their turn with the talking piece, or their group.

    ``away``: the one whose turn it is to ask, and to turn away while the others of the group talk.
    """

    __table_args__ = (UniqueConstraint("circle_id", "step", "member_id"),)

    id: int | None = row_id()
    circle_id: int = reference("circle.id")
    step: int
    place: int
    number: int = 0
    member_id: int | None = snowflake(default=None, index=True)
    away: bool = False
    state: SeatState = one_of(SeatState, default=SeatState.WAITING)
    holds_until: datetime | None = None


class CircleGroup(SQLModel, table=True):
    """A group's own thread in a written circle, unique per circle, step and number.

    Groups keep theirs from step to step; one made ``away`` is without the asker, and ``opened`` once they may read it.
    """

    __table_args__ = (UniqueConstraint("circle_id", "step", "number"),)

    id: int | None = row_id()
    circle_id: int = reference("circle.id")
    step: int
    number: int
    thread_id: int | None = snowflake(default=None, unique=True)
    away: bool = False
    opened: bool = False


class Harvest(SQLModel, table=True):
    """What a circle's harvester gathered: three lines, a question that stays, thanks."""

    circle_id: int = reference("circle.id", primary_key=True)
    community_id: int = snowflake(index=True)
    harvester_id: int | None = snowflake(default=None)
    lines: str = Field(default="", max_length=900)
    question: str = Field(default="", max_length=300)
    thanks: str = Field(default="", max_length=300)
    written_at: datetime
    version: int = 0
    message_id: int | None = snowflake(default=None)


class Wish(SQLModel, table=True):
    """One member's private line on what wants to happen next, asked at the close of every fourth circle."""

    circle_id: int = reference("circle.id", primary_key=True)
    member_id: int = snowflake(primary_key=True)
    community_id: int = snowflake()
    words: str = Field(max_length=55)


def circle_of(session: Session, community_id: int, circle_id: int) -> Circle | None:
    """Return one of a community's circles, locked against other writers until the transaction ends."""
    return session.exec(
        select(Circle).where(Circle.id == circle_id, Circle.community_id == community_id).with_for_update()
    ).one_or_none()


def circles_due(session: Session, now: datetime, limit: int) -> Sequence[Circle]:
    """Return planned and running circles something is due for, the longest due first.

    Only where Kith posts; rows another process works on are passed over.
    """
    return session.exec(
        select(Circle)
        .join(Community, col(Community.id) == Circle.community_id)
        .where(
            col(Circle.state).in_([CircleState.PLANNED, CircleState.RUNNING]),
            col(Circle.next_at) <= now,
            *are_tended(),
        )
        .order_by(col(Circle.next_at), col(Circle.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Circle)
    ).all()


def coming_circles(session: Session, community_id: int, limit: int) -> Sequence[Circle]:
    """Return a community's circles that run or are to come, soonest first."""
    return session.exec(
        select(Circle)
        .where(
            Circle.community_id == community_id,
            col(Circle.state).in_([CircleState.PLANNED, CircleState.RUNNING]),
        )
        .order_by(col(Circle.starts_at), col(Circle.id))
        .limit(limit)
    ).all()


def roles_in(session: Session, circle_id: int | None) -> dict[Role, CircleRole]:
    """Return who holds which role in a circle."""
    held = session.exec(select(CircleRole).where(CircleRole.circle_id == circle_id)).all()
    return {each.role: each for each in sorted(held, key=lambda each: list(Role).index(each.role))}


def answers_to(session: Session, circle_id: int | None) -> Sequence[Coming]:
    """Return what members answered to a circle, in the order they did."""
    return session.exec(
        select(Coming).where(Coming.circle_id == circle_id).order_by(col(Coming.answered_at), col(Coming.id))
    ).all()


def answer_of(session: Session, circle_id: int | None, member_id: int) -> Coming | None:
    """Return what one member answered to a circle."""
    return session.exec(
        select(Coming).where(Coming.circle_id == circle_id, Coming.member_id == member_id)
    ).one_or_none()


def invited_to_host(session: Session, circle_id: int | None) -> Sequence[HostInvitation]:
    """Return who was invited to host a circle."""
    return session.exec(select(HostInvitation).where(HostInvitation.circle_id == circle_id)).all()


def last_invited(session: Session, community_id: int) -> dict[int, datetime]:
    """Return when each member was last invited to host or co-host a circle of a community."""
    invited = select(HostInvitation.member_id, func.max(HostInvitation.invited_at)).where(
        HostInvitation.community_id == community_id
    )
    return dict(session.exec(invited.group_by(col(HostInvitation.member_id))).all())


def seats_in(session: Session, circle_id: int | None, step: int) -> Sequence[Seat]:
    """Return who sits where in a step of a circle, in the order of the talking piece."""
    return session.exec(
        select(Seat).where(Seat.circle_id == circle_id, Seat.step == step).order_by(col(Seat.place), col(Seat.id))
    ).all()


def have_asked(session: Session, circle_id: int | None) -> set[int]:
    """Return who has had a turn to ask in a circle."""
    seats = session.exec(select(Seat.member_id).where(Seat.circle_id == circle_id, col(Seat.away).is_(True)))
    return {each for each in seats if each is not None}


def hosting_now(session: Session, community_id: int) -> set[int]:
    """Return who hosts or co-hosts a circle that runs or is to come."""
    return set(
        session.exec(
            select(CircleRole.member_id)
            .join(Circle, col(Circle.id) == CircleRole.circle_id)
            .where(
                Circle.community_id == community_id,
                col(Circle.state).in_([CircleState.PLANNED, CircleState.RUNNING]),
                col(CircleRole.role).in_([Role.HOST, Role.CO_HOST]),
            )
        )
    )


def groups_in(session: Session, circle_id: int | None) -> Sequence[CircleGroup]:
    """Return the threads of a circle's groups."""
    return session.exec(
        select(CircleGroup)
        .where(CircleGroup.circle_id == circle_id)
        .order_by(col(CircleGroup.step), col(CircleGroup.number))
    ).all()


def themes_used(session: Session, community_id: int, since: datetime) -> dict[str, datetime]:
    """Return when each theme was taken last in a community, back to ``since``."""
    used = session.exec(
        select(Circle.theme_id, func.max(Circle.starts_at))
        .where(
            Circle.community_id == community_id,
            Circle.starts_at >= since,
            Circle.state != CircleState.CANCELLED,
            col(Circle.theme_id).is_not(None),
        )
        .group_by(Circle.theme_id)
    ).all()
    return {theme_id: at for theme_id, at in used if theme_id is not None}


def circle_tags_since(session: Session, community_id: int, since: datetime) -> Sequence[str]:
    """Return the elements or overlaps a community's circles since then were about."""
    tags = session.exec(
        select(Circle.tag).where(
            Circle.community_id == community_id,
            Circle.starts_at >= since,
            Circle.state != CircleState.CANCELLED,
            col(Circle.tag).is_not(None),
        )
    ).all()
    return [tag for tag in tags if tag is not None]


def circles_held(session: Session, community_id: int) -> int:
    """Return how many circles a community has held; one that was closed in its first step was not."""
    held = Circle.community_id == community_id, Circle.state == CircleState.CLOSED, Circle.step > 0
    return session.exec(select(func.count()).select_from(Circle).where(*held)).one()


def circle_requested_by(session: Session, community_id: int, request_id: int) -> Circle | None:
    """Return the circle an interaction proposed, whatever became of it since."""
    return session.exec(
        select(Circle).where(Circle.community_id == community_id, Circle.request_id == request_id)
    ).one_or_none()


def circle_of_rhythm(session: Session, rhythm_id: int | None, day: date) -> Circle:
    """Return the circle of a rhythm on a local date."""
    return session.exec(select(Circle).where(Circle.rhythm_id == rhythm_id, Circle.day == day)).one()


def harvest_of(session: Session, circle_id: int | None) -> Harvest | None:
    """Return what was gathered at the end of a circle."""
    return session.exec(select(Harvest).where(Harvest.circle_id == circle_id)).one_or_none()


def who_comes(session: Session, circle: Circle) -> list[int]:
    """Return who comes to a circle and has room, in the order they said so."""
    return with_room(circle, answers_to(session, circle.id), roles_in(session, circle.id))


def with_room(circle: Circle, answers: Sequence[Coming], roles: Mapping[Role, CircleRole]) -> list[int]:
    """Return who of those who come has room; whoever holds a role and may come has too, and takes it from nobody."""
    holding = {each.member_id for each in roles.values()}
    said = [each for each in answers if each.kind is ComingKind.COMING or each.member_id in holding]
    coming = [each.member_id for each in said if each.kind is not ComingKind.NOT and each.member_id is not None]
    if circle.room is None:
        return coming
    return coming[: circle.room] + [each for each in coming[circle.room :] if each in holding]


def circle_key(circle: Circle) -> int:
    """Return the id of a circle that is written."""
    assert circle.id is not None
    return circle.id


def seat_of(session: Session, seat_id: int) -> Seat | None:
    """Return one seat."""
    return session.get(Seat, seat_id)


def group_of(session: Session, group_id: int) -> CircleGroup | None:
    """Return one group's thread."""
    return session.get(CircleGroup, group_id)


def wishes_for(session: Session, community_id: int, circle_id: int) -> Sequence[Wish]:
    """Return what members of a community wish to happen next, said at the close of a circle."""
    return session.exec(select(Wish).where(Wish.circle_id == circle_id, Wish.community_id == community_id)).all()
