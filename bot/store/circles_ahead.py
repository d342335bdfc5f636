"""What each of several running circles is asked for, read for all of them at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from bot.formats import Role
from bot.store import circles, members
from bot.store.circles import Circle, CircleRole, Coming, Seat
from bot.store.members import Member

AHEAD = "ahead"
"""The key in ``Session.info`` of what was read ahead in this transaction."""


@dataclass(frozen=True)
class _Ahead:
    """What was read: of some circles by their id, and step; of members by their community and id."""

    roles: dict[int | None, dict[Role, CircleRole]]
    answers: dict[int | None, list[Coming]]
    seats: dict[tuple[int | None, int], list[Seat]]
    choices: dict[tuple[int, int], Member | None]


def read_ahead(session: Session, due: Sequence[Circle]) -> None:
    """Read who holds a role in these circles, what was answered to them, what those members chose, who sits in a step.

    Until the transaction ends the questions below are answered by it. So these circles run, nobody's role or answer
    changes meanwhile, and seats are taken in later steps only.
    """
    session.info.pop(AHEAD, None)
    if not due:
        return
    ids = [each.id for each in due]
    roles = session.exec(select(CircleRole).where(col(CircleRole.circle_id).in_(ids))).all()
    answers = session.exec(
        select(Coming).where(col(Coming.circle_id).in_(ids)).order_by(col(Coming.answered_at), col(Coming.id))
    ).all()
    seats = session.exec(
        select(Seat)
        .join(Circle, col(Circle.id) == Seat.circle_id)
        .where(col(Circle.id).in_(ids), Seat.step == Circle.step)
        .order_by(col(Seat.place), col(Seat.id))
    ).all()
    people = {(each.community_id, each.member_id) for each in (*roles, *answers) if each.member_id is not None}
    choices = session.exec(
        select(Member).where(
            col(Member.community_id).in_({community for community, _member in people}),
            col(Member.member_id).in_({member for _community, member in people}),
        )
    ).all()
    ahead = _Ahead(
        {each: {} for each in ids},
        {each: [] for each in ids},
        {(each.id, each.step): [] for each in due},
        dict.fromkeys(people) | {(each.community_id, each.member_id): each for each in choices},
    )
    for role in sorted(roles, key=lambda each: list(Role).index(each.role)):
        ahead.roles[role.circle_id][role.role] = role
    for answer in answers:
        ahead.answers[answer.circle_id].append(answer)
    for seat in seats:
        ahead.seats[seat.circle_id, seat.step].append(seat)
    session.info[AHEAD] = ahead


def _ahead(session: Session) -> _Ahead:
    return session.info.get(AHEAD) or _Ahead({}, {}, {}, {})


def roles_in(session: Session, circle_id: int | None) -> dict[Role, CircleRole]:
    """Return who holds which role in a circle."""
    known = _ahead(session).roles.get(circle_id)
    return circles.roles_in(session, circle_id) if known is None else known


def answers_to(session: Session, circle_id: int | None) -> Sequence[Coming]:
    """Return what members answered to a circle, in the order they did."""
    known = _ahead(session).answers.get(circle_id)
    return circles.answers_to(session, circle_id) if known is None else known


def seats_in(session: Session, circle_id: int | None, step: int) -> Sequence[Seat]:
    """Return who sits where in a step of a circle, in the order of the talking piece."""
    known = _ahead(session).seats.get((circle_id, step))
    return circles.seats_in(session, circle_id, step) if known is None else known


def choices_of(session: Session, community_id: int, member_ids: Collection[int]) -> Sequence[Member]:
    """Return the choices of those among some members of a community who made any."""
    known = _ahead(session).choices
    keys = [(community_id, each) for each in member_ids]
    if not known.keys() >= set(keys):
        return members.choices_of(session, community_id, member_ids)
    return [each for each in (known[key] for key in keys) if each is not None]
