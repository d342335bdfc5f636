"""Who talks with whom in a step of a circle: groups formed, kept, joined, and whose turn it is to turn away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.store.circles import Seat

FEWEST = 3
"""Groups of four may be threes: that is better than one of seven."""


@dataclass(frozen=True)
class Group:
    """One group of a step: who is in it, and who turns away."""

    number: int
    members: tuple[int, ...]
    away: int | None = None


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
    """Return groups of a size by their number, as even as may be.

    Those left over make some of them one larger, so that nobody is alone; fours may also be threes.
    """
    if not people:
        return {}
    number = max(1, min(-(-len(people) // size), len(people) // min(size, FEWEST)))
    fewest, over = divmod(len(people), number)
    groups: dict[int, list[int]] = {}
    start = 0
    for each in range(number):
        end = start + fewest + (each < over)
        groups[each] = list(people[start:end])
        start = end
    return groups


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
    if groups and len(fresh) < size:
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


def asker(group: Sequence[int], times_away: Mapping[int, int]) -> int:
    """Return who of a group turns away now: the first of those who did so least often."""
    return min(group, key=lambda each: times_away.get(each, 0))
