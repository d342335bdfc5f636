"""Circles until they begin: proposed, of a rhythm, answered, moved and cancelled."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.errors import Refusal
from bot.formats import Role
from bot.services.circles import MOST_COMING, NewCircle
from bot.services.people import Person
from bot.store.circles import CircleState, ComingKind
from bot.store.deliveries import DeliveryKind
from bot.store.rhythms import Way
from tests.circle_rows import (
    ADA,
    BO,
    CIRCLES,
    CY,
    DAY,
    DEE,
    HERE,
    HOST,
    HOUR,
    WEEK,
    at,
    begun,
    circles,
    come,
    holder,
    invited,
    kinds_of_words,
    may_come,
    planned,
    proposed,
    roles,
    row,
    seats,
    words,
    would_host,
)
from tests.fakes import MONDAY_MORNING, FixedClock

ELSEWHERE = 701


async def outcomes(*works: Awaitable[Any]) -> list[Any]:
    """Return what each of several simultaneous works returned or refused."""
    return await asyncio.gather(*works, return_exceptions=True)


async def test_a_member_proposes_a_circle_and_everything_about_it_is_planned_in_one_commit(app: App) -> None:
    await begun(app)

    circle_id = await proposed(app, ADA, title=" What grows ", intention="To look.", room=8, place_id=9)

    circle = row(app, circle_id)
    assert (circle.title, circle.intention, circle.room, circle.channel_id) == ("What grows", "To look.", 8, CIRCLES)
    assert (circle.question, circle.closing, circle.tag, circle.theme_id) == ("", "", None, None)
    assert circle.next_at == circle.starts_at - WEEK
    assert [len(planned(app, circle_id, kind)) for kind in (DeliveryKind.CIRCLE, DeliveryKind.EVENT)] == [1, 1]
    view = await app.circles.find(HERE, circle_id)
    assert view.coming == [ADA]
    with pytest.raises(Refusal, match="/circle shows"):
        await app.circles.find(ELSEWHERE, circle_id)


async def test_a_theme_is_drawn_only_where_nobody_gave_a_title_and_is_chosen_by_its_own(app: App) -> None:
    await begun(app)

    drawn = row(app, await proposed(app))
    own = row(app, await proposed(app, title="Ours"))
    of_the_deck = row(app, await proposed(app, title=f" {drawn.title.upper()} ", intention="To begin again."))

    assert drawn.title and drawn.intention and drawn.question and drawn.closing and drawn.tag and drawn.theme_id
    assert (own.title, own.intention, own.opening, own.second_question) == ("Ours", "", "", "")
    assert (of_the_deck.theme_id, of_the_deck.title, of_the_deck.tag) == (drawn.theme_id, drawn.title, drawn.tag)
    assert (of_the_deck.question, of_the_deck.intention) == (drawn.question, "To begin again.")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"within": timedelta(minutes=19)}, "twenty minutes"),
        ({"within": -DAY}, "twenty minutes"),
        ({"within": 367 * DAY}, "within a year"),
        ({"format_id": "debate"}, "Choose another format"),
        ({"title": "x" * 101}, "room for 100"),
        ({"intention": "x" * 301}, "room for 300"),
        ({"room": 1}, "2 to 100"),
        ({"room": -1}, "2 to 100"),
        ({"room": 101}, "2 to 100"),
    ],
)
async def test_a_circle_that_cannot_be_is_refused_with_what_to_do_next(
    app: App, chosen: dict[str, Any], said: str
) -> None:
    await begun(app)

    with pytest.raises(Refusal, match=said):
        await proposed(app, **chosen)

    assert circles(app) == []


async def test_a_circle_needs_a_channel_and_a_community_that_has_begun(app: App) -> None:
    with pytest.raises(Refusal, match="/setup start"):
        await proposed(app)
    await begun(app, circles_channel_id=None)
    with pytest.raises(Refusal, match="no channel"):
        await proposed(app)


async def test_the_same_proposal_delivered_twice_announces_one_even_when_it_was_the_last_there_is_room_for(
    either_app: App, clock: FixedClock
) -> None:
    await begun(either_app)
    for _number in range(MOST_COMING - 1):
        await proposed(either_app)
    new = NewCircle(clock.now() + timedelta(minutes=20), "check-in-circle", Way.LIVE)

    first, again = await outcomes(*(either_app.circles.propose(HERE, Person(BO), new, 99) for _twice in range(2)))
    clock.advance(timedelta(minutes=1))
    late = await either_app.circles.propose(HERE, Person(BO), new, 99)
    others = await outcomes(*(either_app.circles.propose(HERE, Person(CY), new, each) for each in (100, 101)))

    assert first.circle.id == again.circle.id == late.circle.id
    assert len(circles(either_app)) == MOST_COMING
    assert all("Twenty circles" in str(each) or "twenty minutes" in str(each) for each in others)


async def test_of_two_last_proposals_at_once_one_finds_room(either_app: App, clock: FixedClock) -> None:
    await begun(either_app)
    for _number in range(MOST_COMING - 1):
        await proposed(either_app)
    new = NewCircle(clock.now() + DAY, "check-in-circle", Way.LIVE)

    made = await outcomes(*(either_app.circles.propose(HERE, Person(CY), new, each) for each in (100, 101, 102)))

    assert sum(isinstance(each, Refusal) for each in made) == 2
    assert len(circles(either_app)) == MOST_COMING


async def test_whoever_has_hosted_hosts_what_they_propose_and_a_first_timer_co_hosts(app: App) -> None:
    await begun(app)
    would_host(app, BO, hosting="not now")

    by_first_timer, by_old_hand = await proposed(app, ADA), await proposed(app, BO)

    assert roles(app, by_first_timer) == {"co-host": ADA}
    assert roles(app, by_old_hand) == {"host": BO}


async def test_a_first_timer_with_no_place_beside_the_host_is_told_so(app: App) -> None:
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA)
    await app.circles.take(HERE, Person(BO), circle_id, Role.HOST)

    with pytest.raises(Refusal, match=f"The first time one stands beside a host, and <@{BO}> does so here"):
        await app.circles.take(HERE, Person(CY), circle_id, Role.HOST)
    with pytest.raises(Refusal, match=f"<@{BO}> has taken that already"):
        await app.circles.take(HERE, Person(CY), circle_id, Role.CO_HOST)

    assert roles(app, circle_id) == {"host": ADA, "co-host": BO}


async def test_coming_maybe_and_not_this_time_are_told_apart_and_pressed_again_change_nothing(app: App) -> None:
    await begun(app)
    circle_id = await proposed(app)

    first = await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.MAYBE)
    cards = len(planned(app, circle_id, DeliveryKind.CIRCLE))
    again = await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.MAYBE)
    await app.circles.answer(HERE, Person(CY), circle_id, ComingKind.NOT)
    view = (await app.circles.answer(HERE, Person(DEE), circle_id, ComingKind.COMING)).view

    assert (first.again, again.again) == (False, True)
    assert (view.coming, may_come(app, circle_id), view.waiting) == ([ADA, DEE], [BO], [])
    assert len(planned(app, circle_id, DeliveryKind.CIRCLE)) == cards + 2


async def test_where_there_is_no_room_members_wait_in_the_order_they_came(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app, ADA, room=2)
    for member_id in (BO, CY, DEE):
        clock.advance(timedelta(minutes=1))
        answer = await app.circles.answer(HERE, Person(member_id), circle_id, ComingKind.COMING)
        assert answer.waits == (member_id != BO)
    clock.advance(timedelta(minutes=1))

    left = await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.MAYBE)
    clock.advance(timedelta(minutes=1))
    back = await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.COMING)

    assert (left.view.coming, left.view.waiting) == ([ADA, CY], [DEE])
    assert (back.view.coming, back.view.waiting, back.waits) == ([ADA, CY], [DEE, BO], True)


async def test_whoever_takes_a_role_has_room_and_takes_it_from_nobody(app: App) -> None:
    await begun(app)
    circle_id = await proposed(app, ADA, room=2)
    await come(app, circle_id, BO, CY)

    view = (await app.circles.take(HERE, Person(DEE), circle_id, Role.GUARDIAN)).view

    assert (view.coming, view.waiting) == ([ADA, BO, DEE], [CY])


async def test_many_at_once_find_their_places_and_none_is_lost(either_app: App) -> None:
    await begun(either_app)
    circle_id = await proposed(either_app, ADA, room=4)
    press = either_app.circles.answer

    await outcomes(*(press(HERE, Person(20 + number % 6), circle_id, ComingKind.COMING) for number in range(12)))
    view = await either_app.circles.find(HERE, circle_id)

    assert sorted([*view.coming, *view.waiting]) == [ADA, 20, 21, 22, 23, 24, 25]
    assert len(view.coming) == 4


async def test_of_two_who_take_a_role_at_once_one_has_it(either_app: App) -> None:
    await begun(either_app)
    circle_id = await proposed(either_app)
    take = either_app.circles.take

    one, other = await outcomes(*(take(HERE, Person(each), circle_id, Role.GUARDIAN) for each in (BO, CY)))

    assert sorted(isinstance(each, Refusal) for each in (one, other)) == [False, True]
    assert roles(either_app, circle_id)["guardian"] in (BO, CY)


async def test_a_role_is_given_back_and_offered_and_taken_over(app: App) -> None:
    await begun(app)
    circle_id = await proposed(app)
    await app.circles.take(HERE, Person(BO), circle_id, Role.HARVESTER)

    with pytest.raises(Refusal, match="nothing to give back"):
        await app.circles.give_back(HERE, Person(CY), circle_id, Role.HARVESTER)
    with pytest.raises(Refusal, match="That is you"):
        await app.circles.offer(HERE, Person(BO), circle_id, Role.HARVESTER, BO)
    await app.circles.offer(HERE, Person(BO), circle_id, Role.HARVESTER, CY)
    again = await app.circles.offer(HERE, Person(BO), circle_id, Role.HARVESTER, CY)
    with pytest.raises(Refusal, match=f"<@{BO}> has taken that"):
        await app.circles.take(HERE, Person(DEE), circle_id, Role.HARVESTER)
    await app.circles.take(HERE, Person(CY), circle_id, Role.HARVESTER)
    taken_twice = await app.circles.take(HERE, Person(CY), circle_id, Role.HARVESTER)

    assert (again.again, taken_twice.again) == (True, True)
    assert words(app, circle_id) == ["offer:harvester"]
    assert roles(app, circle_id) == {"harvester": CY, "co-host": ADA}
    await app.circles.give_back(HERE, Person(CY), circle_id, Role.HARVESTER)
    assert roles(app, circle_id) == {"co-host": ADA}


async def test_whoever_does_not_come_gives_up_their_roles_and_taking_one_means_coming(app: App) -> None:
    await begun(app)
    circle_id = await proposed(app)
    await app.circles.take(HERE, Person(BO), circle_id, Role.GUARDIAN)
    await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.NOT)
    assert roles(app, circle_id) == {"co-host": ADA}

    view = (await app.circles.take(HERE, Person(BO), circle_id, Role.GUARDIAN)).view

    assert view.coming == [ADA, BO]


async def test_a_moved_circle_says_so_once_and_asks_for_a_host_again_if_it_has_none(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    circle_id = await proposed(app, ADA, within=20 * HOUR)
    assert row(app, circle_id).hostless

    later = clock.now() + 10 * DAY
    await app.circles.move(HERE, Person(ADA), circle_id, later)
    await app.circles.move(HERE, HOST, circle_id, later)
    assert (row(app, circle_id).hostless, row(app, circle_id).next_at) == (False, later - WEEK)
    assert words(app, circle_id) == [f"moved:{int(later.timestamp())}"]

    would_host(app, BO)
    await app.circles.move(HERE, HOST, circle_id, clock.now() + 2 * DAY)
    assert invited(app, circle_id) == {1: [BO]}
    assert kinds_of_words(app, circle_id) == ["moved", "moved", "invite"]
    with pytest.raises(Refusal, match="Hosts can change this"):
        await app.circles.move(HERE, Person(CY), circle_id, later)
    with pytest.raises(Refusal, match="twenty minutes"):
        await app.circles.move(HERE, HOST, circle_id, clock.now())


async def test_shortly_before_its_time_a_circle_moves_to_another_place_and_is_as_far_as_it_was(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, BO, CY)
    circle_id = await proposed(app, BO, link="https://meet.example")
    await at(app, clock, row(app, circle_id).starts_at - timedelta(minutes=10))
    before, asked = row(app, circle_id), invited(app, circle_id)
    would_host(app, DEE, has_hosted=False)

    for place_id in (8, 8, None):
        await app.circles.move(HERE, HOST, circle_id, before.starts_at, place_id)
    after = row(app, circle_id)
    written = await proposed(app, way=Way.WRITTEN)
    await app.circles.move(HERE, HOST, written, row(app, written).starts_at, 8)

    assert (after.place_id, after.link) == (8, "")
    assert (after.stage, after.next_at, after.hostless) == (before.stage, before.next_at, before.hostless)
    assert kinds_of_words(app, circle_id).count("moved") == 1
    assert invited(app, circle_id) == asked
    assert (row(app, written).place_id, kinds_of_words(app, written)) == (None, [])


async def test_a_cancelled_circle_stays_cancelled_and_does_nothing_more(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app)
    with pytest.raises(Refusal, match="Hosts can change this"):
        await app.circles.cancel(HERE, Person(BO), circle_id)

    for _twice in range(2):
        await app.circles.cancel(HERE, Person(ADA), circle_id)
    for number in range(12):
        await at(app, clock, MONDAY_MORNING + number * DAY)

    circle = row(app, circle_id)
    assert (circle.state, circle.next_at) == (CircleState.CANCELLED, None)
    assert words(app, circle_id) == ["cancelled:0"]
    with pytest.raises(Refusal, match="does not take place"):
        await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.COMING)


async def test_a_circle_that_has_begun_is_neither_moved_nor_cancelled(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app, within=HOUR)
    clock.advance(HOUR)
    await app.circling.begin(HERE, Person(ADA), circle_id)

    for refused in (
        app.circles.move(HERE, HOST, circle_id, clock.now() + DAY),
        app.circles.cancel(HERE, HOST, circle_id),
    ):
        with pytest.raises(Refusal, match="begun already"):
            await refused
    await app.circling.close(HERE, Person(ADA), circle_id)
    with pytest.raises(Refusal, match="is over"):
        await app.circles.cancel(HERE, HOST, circle_id)


async def test_an_answer_after_the_beginning_joins_the_next_step_and_a_holder_who_leaves_hands_on(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    circle_id = await proposed(app, within=HOUR, format_id="story-circle")
    await come(app, circle_id, BO)
    clock.advance(HOUR)
    await app.circling.begin(HERE, Person(ADA), circle_id)
    await come(app, circle_id, CY)
    assert [each.member_id for each in seats(app, circle_id)] == [ADA, BO]

    await app.circles.answer(HERE, Person(ADA), circle_id, ComingKind.NOT)

    assert holder(app, circle_id) == BO
    for step in range(2):
        await app.circling.next(HERE, Person(BO), circle_id, step)
    assert [each.member_id for each in seats(app, circle_id)] == [BO, CY]
