"""Who is together in the groups of a circle, who asks and turns away, and which thread is theirs."""

import pytest

from bot.app import App
from bot.services.groups import grouped
from bot.services.people import Person
from bot.store.circles import ComingKind
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    CY,
    DEE,
    EVE,
    FAY,
    GUS,
    HERE,
    PEOPLE,
    away,
    come,
    groups,
    kinds_of_words,
    press,
    running,
    seats,
    threads,
    to_step,
    words,
    worth_saying,
)
from tests.fakes import FixedClock

TROIKA, ALL = "troika-consulting", "1-2-4-all"


@pytest.mark.parametrize(
    ("people", "size", "sizes"),
    [
        *((1, size, [1]) for size in (2, 3, 4)),
        *((2, size, [2]) for size in (2, 3, 4)),
        (3, 2, [3]),
        (5, 2, [3, 2]),
        (6, 2, [2, 2, 2]),
        (3, 3, [3]),
        (4, 3, [2, 2]),
        (5, 3, [3, 2]),
        (7, 3, [3, 2, 2]),
        (8, 3, [3, 3, 2]),
        (10, 3, [3, 3, 2, 2]),
        (11, 3, [3, 3, 3, 2]),
        (3, 4, [3]),
        (5, 4, [5]),
        (6, 4, [3, 3]),
        (7, 4, [4, 3]),
        (9, 4, [3, 3, 3]),
        (11, 4, [4, 4, 3]),
    ],
)
def test_groups_are_as_even_as_may_be_and_nobody_is_alone(people: int, size: int, sizes: list[int]) -> None:
    formed = grouped(range(people), size)

    assert [len(each) for each in formed.values()] == sizes
    assert [each for members in formed.values() for each in members] == list(range(people))


async def test_groups_of_three_stay_together_and_each_of_them_turns_away_once(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 6, way=Way.WRITTEN, format_id=TROIKA)
    await to_step(app, circle_id, "asking", 1)
    formed = groups(app, circle_id)
    turned_away: list[int | None] = []
    for turn in (1, 2, 3):
        await to_step(app, circle_id, "turning-away", turn)
        turned_away += away(app, circle_id)
        assert groups(app, circle_id) == formed
        assert kinds_of_words(app, circle_id).count("open") == 2 * (turn - 1)
        await to_step(app, circle_id, "turning-back", turn)
        assert kinds_of_words(app, circle_id).count("open") == 2 * turn
    await press(app, circle_id)

    assert sorted(each for each in turned_away if each is not None) == sorted(PEOPLE[:6])
    assert threads(app, circle_id) == [
        *((2, number, False) for number in (0, 1)),
        *((step, number, True) for step in (4, 8, 12) for number in (0, 1)),
    ]


@pytest.mark.parametrize("way", Way)
async def test_whoever_asks_is_settled_as_a_turn_begins_and_is_the_one_who_turns_away(
    either_app: App, clock: FixedClock, way: Way
) -> None:
    circle_id = await running(either_app, clock, 5, way=way, format_id=TROIKA)
    asked: list[list[int | None]] = []
    for turn in (1, 2, 3):
        await to_step(either_app, circle_id, "asking", turn)
        asked.append(away(either_app, circle_id))
        for _step in ("clarifying", "turning-away", "turning-back"):
            await press(either_app, circle_id)
            assert away(either_app, circle_id) == asked[-1]

    assert groups(either_app, circle_id) == [[ADA, BO, CY], [DEE, EVE]]
    assert asked == [[ADA, DEE], [BO, EVE], [CY]]  # both of the two have had their turn


async def test_whoever_comes_late_to_a_turn_asks_in_a_later_one_and_who_leaves_is_followed_while_there_is_time(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock, 3, way=Way.WRITTEN, format_id=TROIKA)
    await to_step(app, circle_id, "asking", 2)
    assert away(app, circle_id) == [BO]
    await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.NOT)
    await come(app, circle_id, DEE)
    await press(app, circle_id)
    assert (groups(app, circle_id), away(app, circle_id)) == ([[ADA, CY, DEE]], [CY])
    await press(app, circle_id)
    await app.circles.answer(HERE, Person(CY), circle_id, ComingKind.NOT)
    await press(app, circle_id)
    assert (groups(app, circle_id), away(app, circle_id)) == ([[ADA, DEE]], [])
    await press(app, circle_id)

    assert away(app, circle_id) == [DEE]


async def test_two_who_come_late_are_a_group_of_their_own_and_one_joins_another(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 3, format_id=TROIKA)
    await to_step(app, circle_id, "asking", 1)
    await come(app, circle_id, DEE, EVE)
    await press(app, circle_id)
    assert (groups(app, circle_id), away(app, circle_id)) == ([[ADA, BO, CY], [DEE, EVE]], [ADA, DEE])

    await come(app, circle_id, FAY)
    await press(app, circle_id)

    assert (groups(app, circle_id), away(app, circle_id)) == ([[ADA, BO, CY], [DEE, EVE, FAY]], [ADA, DEE])


async def test_each_step_is_said_once_in_the_thread_a_group_is_in_and_two_need_no_other(
    app: App, clock: FixedClock
) -> None:
    circle_id = await running(app, clock, 5, way=Way.WRITTEN, format_id=TROIKA)
    await to_step(app, circle_id, "asking", 1)
    said: list[list[str]] = []
    for _step in ("clarifying", "turning-away", "turning-back", "asking"):
        before = len(words(app, circle_id))
        await press(app, circle_id)
        said.append(words(app, circle_id)[before:])

    assert threads(app, circle_id) == [(2, 0, False), (2, 1, False), (4, 0, True)]
    assert said == [
        ["step:1.3", "step:2.3"],
        ["group:3", "step:1.4", "step:2.4"],
        ["open:3", "step:1.5", "step:2.5"],
        ["step:1.6", "step:2.6"],
    ]
    assert (await worth_saying(app, circle_id))[-4:] == ["group", "open", "step", "step"]


async def test_a_live_circle_has_groups_and_no_threads(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 6, format_id=TROIKA)
    await to_step(app, circle_id, "turning-away", 1)

    assert (groups(app, circle_id), threads(app, circle_id)) == ([[ADA, BO, CY], [DEE, EVE, FAY]], [])


async def test_whoever_leaves_a_group_is_not_missed_and_whoever_comes_finds_one(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 6, way=Way.WRITTEN, format_id=TROIKA)
    await to_step(app, circle_id, "turning-away", 2)
    assert away(app, circle_id) == [BO, EVE]

    await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.NOT)
    await come(app, circle_id, GUS)
    await to_step(app, circle_id, "asking", 3)
    assert groups(app, circle_id) == [[ADA, CY, GUS], [DEE, EVE, FAY]]
    assert threads(app, circle_id)[-1] == (9, 0, False)  # GUS is not in the first one
    await to_step(app, circle_id, "turning-away", 3)

    assert away(app, circle_id) == [CY, FAY]  # ADA has had her turn


async def test_a_group_left_by_all_but_one_joins_another_whose_number_stays(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 6, way=Way.WRITTEN, format_id=TROIKA)
    await to_step(app, circle_id, "clarifying", 1)
    for member_id in (BO, CY):
        await app.circles.answer(HERE, Person(member_id), circle_id, ComingKind.NOT)
    await press(app, circle_id)

    assert {(each.number, each.member_id) for each in seats(app, circle_id)} == {
        (1, each) for each in (DEE, EVE, FAY, ADA)
    }


async def test_whoever_is_left_alone_by_everyone_stays_in_a_group(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 4, format_id=ALL)
    await to_step(app, circle_id, "pairs")
    for member_id in (BO, CY, DEE):
        await app.circles.answer(HERE, Person(member_id), circle_id, ComingKind.NOT)
    await press(app, circle_id)

    assert groups(app, circle_id) == [[ADA]]


async def test_pairs_join_to_fours_and_two_who_stay_a_pair_keep_their_thread(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, 5, way=Way.WRITTEN, format_id=ALL)
    await to_step(app, circle_id, "pairs")
    assert groups(app, circle_id) == [[ADA, BO, CY], [DEE, EVE]]
    await press(app, circle_id)
    assert groups(app, circle_id) == [[ADA, BO, CY, DEE, EVE]]
    assert threads(app, circle_id) == [(2, 0, False), (2, 1, False), (3, 0, False)]


@pytest.mark.parametrize(("people", "sizes"), [(2, [2]), (3, [3]), (6, [6]), (8, [4, 4]), (11, [5, 6]), (12, [4] * 3)])
async def test_pairs_are_never_parted(app: App, clock: FixedClock, people: int, sizes: list[int]) -> None:
    circle_id = await running(app, clock, people, format_id=ALL)
    await to_step(app, circle_id, "pairs")
    pairs = groups(app, circle_id)
    await press(app, circle_id)

    assert [len(each) for each in groups(app, circle_id)] == sizes
    assert all(any(set(pair) <= set(four) for four in groups(app, circle_id)) for pair in pairs)
