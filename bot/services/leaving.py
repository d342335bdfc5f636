"""How a circle goes on without someone: their roles are free, the talking piece goes on, whoever waited has room."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from bot.formats import Role
from bot.services.circle_showing import say_in_circle, show_circle, show_panel
from bot.services.hosting import give_back, invite
from bot.services.running import hand_on, holder
from bot.store.circles import (
    Circle,
    CircleRole,
    CircleState,
    Coming,
    ComingKind,
    Harvest,
    HostInvitation,
    SeatState,
    answer_of,
    circle_key,
    circle_of,
    invited_to_host,
    roles_in,
    seats_in,
    who_comes,
)
from bot.store.communities import Community, community_of
from bot.store.members import HostingWish, saved_member


def leave(session: Session, circle: Circle, member_id: int, now: datetime) -> None:
    """Free the roles of someone who doesn't come, and pass the talking piece on if they hold it."""
    for held in roles_in(session, circle.id).values():
        if held.member_id == member_id:
            free(session, circle, held, now)
    piece = holder(session, circle) if circle.state is CircleState.RUNNING else None
    if piece is not None and piece.member_id == member_id:
        hand_on(session, community_of(session, circle.community_id, now), circle, now, SeatState.SKIPPED)


def free(session: Session, circle: Circle, held: CircleRole, now: datetime) -> None:
    """Free a role in a circle to come or under way, and let the others know where it is the hosting."""
    before = who_comes(session, circle)
    give_back(session, circle, held, now)
    tell_who_moved_up(session, circle, before, now)  # someone who may come counts while they hold a role
    if held.role is Role.HOST and circle.state is CircleState.PLANNED:
        say_in_circle(session, circle, f"free:{circle.said}", now)
    if circle.panel_version:
        show_panel(session, circle, now)


def tell_who_moved_up(session: Session, circle: Circle, before: Collection[int], now: datetime) -> None:
    """Plan that those are told who waited for room and have some now, but were not among those who had ``before``."""
    session.flush()
    if circle.room is None or circle.state not in (CircleState.PLANNED, CircleState.RUNNING):
        return
    for member_id in who_comes(session, circle):
        answer = answer_of(session, circle.id, member_id)
        if answer is not None and member_id not in before:
            say_in_circle(session, circle, f"room:{answer.id}", now)


def gone_from_circles(session: Session, community_id: int, member_id: int, now: datetime) -> None:
    """Let no circle count any more on someone who has left the server, nor invite them to host.

    Should they come back, they may come again, and /me lets them be invited.
    """
    saved_member(session, community_id, member_id).hosting = HostingWish.NOT_NOW
    session.flush()
    community = community_of(session, community_id, now)
    for circle_id in _circles_counting_on(session, community_id, member_id):
        circle = circle_of(session, community_id, circle_id)
        if circle is not None:
            _go_on_without(session, community, circle, member_id, now)
    for held in _harvests_left_to(session, community_id, member_id):
        session.delete(held)  # so that others may gather it


def _go_on_without(session: Session, community: Community, circle: Circle, member_id: int, now: datetime) -> None:
    before = who_comes(session, circle)
    answer = answer_of(session, circle.id, member_id)
    if answer is not None and answer.kind is not ComingKind.NOT:
        answer.kind, answer.answered_at = ComingKind.NOT, now
    for held in roles_in(session, circle.id).values():
        if held.offered_to == member_id:
            held.offered_to = None
    seat = next((each for each in seats_in(session, circle.id, circle.step) if each.member_id == member_id), None)
    leave(session, circle, member_id, now)
    if seat is not None:
        session.delete(seat)
    tell_who_moved_up(session, circle, before, now)
    _end_invitation(session, community, circle, member_id, now)
    show_circle(session, circle, now)
    if circle.panel_version:
        show_panel(session, circle, now)


def _end_invitation(session: Session, community: Community, circle: Circle, member_id: int, now: datetime) -> None:
    """End what invites someone to host; where that leaves nobody invited, others are."""
    invited = session.get(HostInvitation, (circle_key(circle), member_id))
    if invited is None or invited.declined:
        return
    invited.declined = True
    session.flush()
    if all(each.declined for each in invited_to_host(session, circle.id)):
        invite(session, community, circle, now)


def _circles_counting_on(session: Session, community_id: int, member_id: int) -> list[int]:
    """Return which circles that run or are to come a member may come to, holds or is offered a role in, or may host."""
    answered = select(Coming.circle_id).where(Coming.member_id == member_id, Coming.kind != ComingKind.NOT)
    holding = select(CircleRole.circle_id).where(
        or_(col(CircleRole.member_id) == member_id, col(CircleRole.offered_to) == member_id)
    )
    invited = select(HostInvitation.circle_id).where(
        HostInvitation.member_id == member_id, col(HostInvitation.declined).is_(False)
    )
    parts = (col(Circle.id).in_(each) for each in (answered, holding, invited))
    found = session.exec(
        select(Circle.id)
        .where(
            Circle.community_id == community_id,
            col(Circle.state).in_([CircleState.PLANNED, CircleState.RUNNING]),
            or_(*parts),
        )
        .order_by(col(Circle.id))
    )
    return [each for each in found if each is not None]


def _harvests_left_to(session: Session, community_id: int, member_id: int) -> Sequence[CircleRole]:
    """Return a member's roles as harvester of circles that are closed and have no harvest yet."""
    return session.exec(
        select(CircleRole)
        .join(Circle, col(Circle.id) == CircleRole.circle_id)
        .where(
            Circle.community_id == community_id,
            Circle.state == CircleState.CLOSED,
            CircleRole.member_id == member_id,
            CircleRole.role == Role.HARVESTER,
            ~select(Harvest.circle_id).where(Harvest.circle_id == Circle.id).exists(),
        )
    ).all()
