"""Who talks with whom in a step of a circle: groups formed, kept, joined, and whose turn it is to ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.formats import Format, Kind, Step
from bot.services.circle_showing import say_in_circle
from bot.store.circles import Circle, CircleGroup, Seat, Way, circle_key, groups_in, have_asked
from bot.store.circles_ahead import seats_in


@dataclass(frozen=True)
class Group:
    """One group of a step: who is in it, and who of them asks this turn."""

    number: int
    members: tuple[int, ...]
    asker: int | None = None

    @property
    def parts(self) -> bool:
        """Whether the others go on without the asker who turns away; one alone would have nobody to talk to."""
        return self.asker is not None and len(self.members) > 2


def groups_of(seats: Sequence[Seat]) -> list[Group]:
    """Return a step's groups."""
    found: dict[int, list[Seat]] = {}
    for each in seats:
        found.setdefault(each.number, []).append(each)
    return [
        Group(
            number,
            tuple(each.member_id for each in members if each.member_id is not None),
            next((each.member_id for each in members if each.away), None),
        )
        for number, members in sorted(found.items())
    ]


def grouped(people: Sequence[int], size: int) -> dict[int, list[int]]:
    """Return groups of a size by their number, as even as may be, and none of them one person alone.

    Fours may be threes and threes twos, which is better than one that is too large; with an odd number one of the
    twos is three.
    """
    if not people:
        return {}
    number = max(1, min(-(-len(people) // size), len(people) // _fewest(size)))
    each_has, over = divmod(len(people), number)
    groups: dict[int, list[int]] = {}
    start = 0
    for each in range(number):
        end = start + each_has + (each < over)
        groups[each] = list(people[start:end])
        start = end
    return groups


def _fewest(size: int) -> int:
    return max(size - 1, 2)


def kept_groups(before: Sequence[Seat], people: Sequence[int], size: int) -> dict[int, list[int]]:
    """Return the groups of the step before, each under its number, without those who are gone.

    Someone left alone joins the smallest group, and so do those who came since, unless they are enough for groups of
    their own.
    """
    groups = {group.number: [each for each in group.members if each in people] for group in groups_of(before)}
    free = max(groups, default=-1) + 1
    placed = {each for members in groups.values() for each in members}
    alone: list[int] = []
    for number, members in list(groups.items()):
        if not members or (len(members) == 1 and len(groups) > 1):
            alone += groups.pop(number)
    fresh = [each for each in people if each not in placed]
    if groups and len(fresh) < _fewest(size):
        alone, fresh = alone + fresh, []
    if not groups:
        alone, fresh = [], [*alone, *fresh]
    for each in alone:
        min(groups.values(), key=len).append(each)
    return groups | {free + number: members for number, members in grouped(fresh, size).items()}


def joined_groups(pairs: Mapping[int, list[int]]) -> dict[int, list[int]]:
    """Return groups joined two by two; the last of an odd number joins the two before it."""
    each = [pairs[number] for number in sorted(pairs)]
    joined = [[*one, *other] for one, other in zip(each[::2], each[1::2], strict=False)]
    if len(each) % 2:
        joined[-1:] = [[*joined[-1], *each[-1]]] if joined else [each[-1]]
    return dict(enumerate(joined))


def group_at(session: Session, group: CircleGroup, step: int) -> Group | None:
    """Return the group a thread is for, as it is in a step."""
    groups = groups_of(seats_in(session, group.circle_id, step))
    return next((each for each in groups if each.number == group.number), None)


def spoken_to(what: str, group: CircleGroup, step: Step | None, among: Group) -> list[int]:
    """Return whom a word in a group's thread is for: while the others go on elsewhere, whoever turns away."""
    turns_away = what == "step" and step is not None and step.kind is Kind.AWAY and among.parts
    if what == "open" or turns_away:
        return [each for each in among.members if each == among.asker]
    return [each for each in among.members if not group.away or each != among.asker]


def form_groups(session: Session, circle: Circle, format_: Format, people: Sequence[int], now: datetime) -> None:
    """Form a step's groups. Steps of one turn keep those of the step before; groups of twice the size join them.

    With each turn another of a group asks.
    """
    step = format_.steps[circle.step]
    assert step.size is not None
    groups = _groups_from_before(session, circle, format_, people) or grouped(people, step.size)
    askers = _askers(session, circle, format_, groups)
    seated = [(number, each) for number, members in groups.items() for each in members]
    for place, (number, member_id) in enumerate(seated):
        session.add(
            Seat(
                circle_id=circle_key(circle),
                step=circle.step,
                place=place,
                number=number,
                member_id=member_id,
                away=member_id in askers,
            )
        )
    session.flush()
    if circle.way is Way.WRITTEN:
        for each in groups_of(seats_in(session, circle.id, circle.step)):
            _say_to_group(session, circle, step, each, now)


def open_groups(session: Session, circle: Circle, step: int | None, now: datetime) -> None:
    """Plan that those who were away may read what was said without them, once their group's step is over."""
    for group in groups_in(session, circle.id):
        if group.away and not group.opened and (step is None or group.step < step):
            group.opened = True
            say_in_circle(session, circle, f"open:{group.id}", now)


def _groups_from_before(
    session: Session, circle: Circle, format_: Format, people: Sequence[int]
) -> dict[int, list[int]]:
    """Return the groups that go on from the step before; none when this step's are formed anew."""
    step, earlier = format_.steps[circle.step], format_.steps[circle.step - 1]
    if not circle.step or step.size is None or earlier.size is None:
        return {}
    kept = kept_groups(seats_in(session, circle.id, circle.step - 1), people, earlier.size)
    if step.turn is not None and earlier.size == step.size:
        return kept
    return joined_groups(kept) if earlier.size * 2 == step.size else {}


def _askers(session: Session, circle: Circle, format_: Format, groups: Mapping[int, Sequence[int]]) -> set[int]:
    """Return who of each group asks in a step: whoever did in this turn's step before, or as it begins the next.

    Someone who leaves once the others think it over has no follower in that turn.
    """
    step, earlier = format_.steps[circle.step], format_.steps[circle.step - 1]
    until = format_.asks_until(step.turn)
    if until is None:
        return set()
    before = seats_in(session, circle.id, circle.step - 1) if earlier.turn == step.turn else ()
    asking, asked = {each.member_id for each in before if each.away}, have_asked(session, circle.id)
    askers: set[int] = set()
    for members in groups.values():
        asks = next((each for each in members if each in asking), None)
        if asks is None and circle.step <= until:
            asks = next((each for each in members if each not in asked), None)
        askers |= set() if asks is None else {asks}
    return askers


def without_turn(session: Session, circle: Circle, format_: Format) -> list[int]:
    """Return whom no turn to ask came to, once the last turn is nearly over: there were too many in their group."""
    step, after = format_.steps[circle.step], format_.steps[circle.step + 1 : circle.step + 2]
    if format_.asks_until(step.turn) is None or any(each.turn is not None for each in after):
        return []
    asked = have_asked(session, circle.id)
    here = [each.member_id for each in seats_in(session, circle.id, circle.step)]
    return [each for each in here if each is not None and each not in asked]


def _say_to_group(session: Session, circle: Circle, step: Step, group: Group, now: datetime) -> None:
    """Plan that a group hears in its thread what the step is for. One that goes on without its asker has another."""
    thread = _thread_of(session, circle, group)
    parts = step.kind is Kind.AWAY and group.parts
    if parts or thread is None:
        fresh = CircleGroup(circle_id=circle_key(circle), step=circle.step, number=group.number, away=parts)
        session.add(fresh)
        session.flush()
        say_in_circle(session, circle, f"group:{fresh.id}", now)
    if thread is not None:
        say_in_circle(session, circle, f"step:{thread.id}.{circle.step}", now)


def _thread_of(session: Session, circle: Circle, group: Group) -> CircleGroup | None:
    """Return a group's thread, if there is one that all of it are in."""
    made = [each for each in groups_in(session, circle.id) if each.number == group.number and not each.away]
    if not made:
        return None
    inside = {each.member_id for each in seats_in(session, circle.id, made[-1].step) if each.number == group.number}
    return made[-1] if inside.issuperset(group.members) else None
