"""What is kept about a member in circles: how it is given out to them, and how it is forgotten."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.circle_deck import our_circle_decks
from bot.formats import Role
from bot.services.circle_cards import NAMELESS, what_of
from bot.services.circle_showing import say_in_circle, show_circle, show_panel
from bot.services.hosting import give_back
from bot.services.leaving import tell_who_moved_up
from bot.services.running import format_of, hand_on
from bot.store.circles import (
    Circle,
    CircleRole,
    CircleState,
    Coming,
    Harvest,
    HostInvitation,
    Seat,
    SeatState,
    Wish,
    who_comes,
)
from bot.store.communities import Community
from bot.store.deliveries import DeliveryKind
from bot.store.said_again import said_in_circles, say_again

OVER = (CircleState.CLOSED, CircleState.CANCELLED)


def circle_words_kept(session: Session, community_id: int, member_id: int) -> int:
    """Return in how many circles words of a member's are kept: proposed, gathered or wished."""
    kept = {each.id for each in _proposed(session, community_id, member_id)}
    kept |= {each.circle_id for each in _harvests(session, community_id, member_id)}
    kept |= {each.circle_id for each in _wishes(session, community_id, member_id)}
    return len(kept)


def circles_export(session: Session, community_id: int, member_id: int) -> dict[str, Any]:
    """Return everything kept about a member in circles, as plain values for a JSON file. Others are not named."""
    roles = session.exec(
        select(CircleRole).where(
            CircleRole.community_id == community_id,
            (col(CircleRole.member_id) == member_id) | (col(CircleRole.offered_to) == member_id),
        )
    )
    return {
        "circles_proposed": [
            {
                "circle": each.id,
                "title": each.title,
                "intention": each.intention,
                "link": each.link,
                "begins_at": _iso(each.starts_at),
            }
            for each in _proposed(session, community_id, member_id)
        ],
        "circles_answered": [
            {"circle": each.circle_id, "answer": each.kind.value, "answered_at": _iso(each.answered_at)}
            for each in _answers(session, community_id, member_id)
        ],
        "roles_in_circles": [
            {
                "circle": each.circle_id,
                "role": each.role.value,
                "taken_at": _iso(each.taken_at),
                "offered_to_you_by_its_holder": each.member_id != member_id,
            }
            for each in roles
        ],
        "invitations_to_host": [
            {
                "circle": each.circle_id,
                "wave": each.wave,
                "invited_at": _iso(each.invited_at),
                "not_this_time": each.declined,
            }
            for each in _invitations(session, community_id, member_id)
        ],
        "seats_in_circles": [
            {
                "circle": each.circle_id,
                "step": each.step,
                "place": each.place,
                "group": each.number,
                "turn_to_ask": each.away,
                "talking_piece": each.state.value,
                "held_until": _iso(each.holds_until),
            }
            for each in _seats(session, community_id, member_id)
        ],
        "harvests": [
            {
                "circle": each.circle_id,
                "lines": each.lines,
                "question_that_stays": each.question,
                "thanks": each.thanks,
                "written_at": _iso(each.written_at),
                "message_id": str(each.message_id) if each.message_id else None,
            }
            for each in _harvests(session, community_id, member_id)
        ],
        "wishes": [
            {"circle": each.circle_id, "words": each.words} for each in _wishes(session, community_id, member_id)
        ],
    }


def forget_circles(session: Session, community: Community, member_id: int, now: datetime) -> None:
    """Erase a member from circles: their words, their roles, and their name in all others' sight.

    That somebody came stays, without a name; what Kith said of it is drawn anew. A role they held is free, the talking
    piece they held goes on, whoever waited for room has it, and a circle to come that was to meet at a link of theirs
    does not take place.
    """
    proposed = {_forget_proposer(session, community, each, now) for each in _proposed(session, community.id, member_id)}
    touched = set(proposed)
    had_room = _rooms(session, community.id, member_id)
    for answer in _answers(session, community.id, member_id):
        touched.add(answer.circle_id)
        answer.member_id = None
        answer.answered_at = session.get_one(Circle, answer.circle_id).starts_at  # so that it tells nothing
    session.flush()
    touched |= _forget_roles(session, community.id, member_id, now)
    for circle, before in had_room:
        tell_who_moved_up(session, circle, before, now)
    for seat in _seats(session, community.id, member_id):  # once they are nobody's choice for the next step
        touched.add(seat.circle_id)
        _forget_seat(session, community, seat, now)
    for harvest in _harvests(session, community.id, member_id):
        harvest.harvester_id, harvest.lines, harvest.question, harvest.thanks = None, "", "", ""
        say_in_circle(session, session.get_one(Circle, harvest.circle_id), f"gathered:{harvest.version}", now)
        harvest.version += 1
    invited = {each.circle_id for each in _invitations(session, community.id, member_id)}
    for table in (HostInvitation, Wish):
        theirs = col(table.community_id) == community.id, col(table.member_id) == member_id
        session.connection().execute(delete(table).where(*theirs))
    for circle_id in sorted(touched):
        circle = session.get_one(Circle, circle_id)
        show_circle(session, circle, now, event=circle.state not in OVER)
        if circle.panel_version:
            show_panel(session, circle, now)
    _say_anew(session, community.id, touched | invited, proposed, now)


def _say_anew(session: Session, community_id: int, named: set[int], proposed: set[int], now: datetime) -> None:
    """Plan that what was said by name in some circles' threads is drawn anew, and former panels of those ``proposed``.

    So are all offers of roles: to whom one was that somebody else took is not kept.
    """
    for each in said_in_circles(session, community_id):
        if each.kind is DeliveryKind.PANEL:
            shown = session.get_one(Circle, each.subject_id).panel_id
            if each.subject_id in proposed and each.message_id not in (None, shown):
                say_again(session, each, now)
            continue
        what, _about = what_of(each)
        if what == "offer" or (each.subject_id in named and what not in NAMELESS):
            say_again(session, each, now)


def _rooms(session: Session, community_id: int, member_id: int) -> list[tuple[Circle, list[int]]]:
    """Return the circles a member answered to, each with who has room there."""
    there = [session.get_one(Circle, each.circle_id) for each in _answers(session, community_id, member_id)]
    return [(each, who_comes(session, each)) for each in there]


def _forget_proposer(session: Session, community: Community, circle: Circle, now: datetime) -> int:
    """Take a proposer's words out of a circle: what the deck has for its theme stands there again."""
    theme = our_circle_decks().theme(community.language, circle.theme_id or "")
    circle.title = theme.title if theme else format_of(community, circle).title
    circle.intention = theme.intention if theme else ""
    circle.proposer_id = None
    if circle.link and circle.state is CircleState.PLANNED:
        circle.state, circle.next_at, circle.ended_at = CircleState.CANCELLED, None, now
        say_in_circle(session, circle, f"cancelled:{circle.said}", now)
    circle.link = ""
    assert circle.id is not None
    return circle.id


def _forget_seat(session: Session, community: Community, seat: Seat, now: datetime) -> None:
    circle = session.get_one(Circle, seat.circle_id)
    held, seat.member_id = seat.state is SeatState.HOLDS, None
    session.flush()
    if held and circle.state is CircleState.RUNNING and circle.step == seat.step:
        hand_on(session, community, circle, now, SeatState.SKIPPED)


def _forget_roles(session: Session, community_id: int, member_id: int, now: datetime) -> set[int]:
    """Free the roles a member holds, and take back what was offered to them; return in which circles."""
    touched: set[int] = set()
    of_theirs = select(CircleRole).where(CircleRole.community_id == community_id)
    for offered in session.exec(of_theirs.where(CircleRole.offered_to == member_id)):
        offered.offered_to = None
    for held in session.exec(of_theirs.where(CircleRole.member_id == member_id)).all():
        circle = session.get_one(Circle, held.circle_id)
        touched.add(held.circle_id)
        if circle.state in OVER:
            session.delete(held)
            continue
        give_back(session, circle, held, now)
        if held.role is Role.HOST and circle.state is CircleState.PLANNED:
            say_in_circle(session, circle, f"free:{circle.said}", now)
    session.flush()
    return touched


def _proposed(session: Session, community_id: int, member_id: int) -> list[Circle]:
    theirs = select(Circle).where(Circle.community_id == community_id, Circle.proposer_id == member_id)
    return list(session.exec(theirs.order_by(col(Circle.id))))


def _answers(session: Session, community_id: int, member_id: int) -> list[Coming]:
    theirs = select(Coming).where(Coming.community_id == community_id, Coming.member_id == member_id)
    return list(session.exec(theirs.order_by(col(Coming.id))))


def _invitations(session: Session, community_id: int, member_id: int) -> list[HostInvitation]:
    theirs = select(HostInvitation).where(
        HostInvitation.community_id == community_id, HostInvitation.member_id == member_id
    )
    return list(session.exec(theirs.order_by(col(HostInvitation.circle_id))))


def _seats(session: Session, community_id: int, member_id: int) -> list[Seat]:
    theirs = (
        select(Seat)
        .join(Circle, col(Circle.id) == Seat.circle_id)
        .where(Circle.community_id == community_id, Seat.member_id == member_id)
    )
    return list(session.exec(theirs.order_by(col(Seat.id))))


def _harvests(session: Session, community_id: int, member_id: int) -> list[Harvest]:
    theirs = select(Harvest).where(Harvest.community_id == community_id, Harvest.harvester_id == member_id)
    return list(session.exec(theirs.order_by(col(Harvest.circle_id))))


def _wishes(session: Session, community_id: int, member_id: int) -> list[Wish]:
    theirs = select(Wish).where(Wish.community_id == community_id, Wish.member_id == member_id)
    return list(session.exec(theirs.order_by(col(Wish.circle_id))))


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None
