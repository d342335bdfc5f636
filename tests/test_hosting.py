"""Who hosts a circle: invitations by rotation, first-timers, and what happens when nobody does."""

from datetime import timedelta

import pytest

from bot.app import App
from bot.errors import Refusal
from bot.formats import Role
from bot.services.people import Person
from bot.services.rhythm_kinds import Holding
from bot.services.rhythms import Beat
from bot.store.circles import ComingKind
from bot.store.deliveries import DeliveryKind
from bot.store.members import Member
from bot.store.rhythms import RhythmKind, Way
from tests.circle_rows import (
    ADA,
    BO,
    CY,
    DAY,
    DEE,
    EVE,
    FAY,
    GUS,
    HERE,
    HOST,
    HOUR,
    WEEK,
    at,
    begun,
    circles,
    invited,
    kinds_of_words,
    planned,
    proposed,
    roles,
    row,
    words,
    would_host,
)
from tests.fakes import MONDAY_MORNING, FixedClock

MINUTE = timedelta(minutes=1)
OLD_HANDS = (21, 22, 23, 24, 25, 26, 27)


async def of_rhythm(app: App, way: Way = Way.LIVE) -> int:
    """Announce the first circle of a weekly rhythm, exactly a week before its time; return its id."""
    holding = Holding(place_id=8 if way is Way.LIVE else None)
    await app.rhythms.add(HERE, HOST, Beat(weekday=0, zone="Europe/Berlin"), 4000, RhythmKind.CIRCLE, holding)
    await app.circles.tend()
    circle_id = circles(app)[0].id
    assert circle_id is not None
    return circle_id


def member(app: App, member_id: int) -> Member:
    """Return what is kept of a member."""
    return app.database.run_now(lambda session: session.get_one(Member, (HERE, member_id)))[0]


async def hosted(app: App, clock: FixedClock, circle_id: int, by: int) -> None:
    """Let a member host a circle from its time to its end."""
    await at(app, clock, row(app, circle_id).starts_at)
    await app.circling.begin(HERE, Person(by), circle_id)
    await app.circling.next(HERE, Person(by), circle_id, 0)
    await app.circling.close(HERE, Person(by), circle_id)


async def test_those_who_would_host_are_invited_least_recent_first_in_two_waves_and_nobody_twice(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, *OLD_HANDS)
    circle_id = await proposed(app)
    start = row(app, circle_id).starts_at

    await at(app, clock, start - WEEK - MINUTE)
    assert invited(app, circle_id) == {}
    await at(app, clock, start - WEEK)
    assert invited(app, circle_id) == {1: [21, 22, 23]}
    await at(app, clock, start - 3 * DAY - MINUTE)
    await at(app, clock, start - 3 * DAY)
    assert invited(app, circle_id) == {1: [21, 22, 23], 2: [24, 25, 26]}
    await at(app, clock, start - DAY)
    assert words(app, circle_id) == ["invite:1", "invite:2", f"tomorrow:{int(start.timestamp())}"]
    assert row(app, circle_id).hostless


async def test_an_invitation_nobody_answers_counts_as_asked_so_that_others_come_first_the_next_time(
    either_app: App, clock: FixedClock
) -> None:
    app = either_app
    await begun(app)
    would_host(app, *OLD_HANDS)
    first, second, third = [await proposed(app, within=days * DAY) for days in (8, 9, 10)]
    for circle_id in (first, second, third):
        await at(app, clock, row(app, circle_id).starts_at - WEEK)

    assert invited(app, first) == {1: [21, 22, 23]}
    assert invited(app, second) == {1: [24, 25, 26]}
    assert invited(app, third) == {1: [21, 22, 27]}


async def test_first_timers_take_turns_at_being_asked_to_co_host(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, BO, CY, has_hosted=False, hosted_at=None)
    first, second = [await proposed(app, ADA, within=days * DAY) for days in (8, 9)]
    for circle_id in (first, second):
        await app.circles.give_back(HERE, Person(ADA), circle_id, Role.CO_HOST)
        await at(app, clock, row(app, circle_id).starts_at - WEEK)

    assert (invited(app, first)[1], invited(app, second)[1]) == ([BO], [CY])


async def test_a_circle_announced_a_week_ahead_invites_at_once(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, *OLD_HANDS)
    clock.advance(MINUTE)
    await of_rhythm(app)
    assert invited(app, circles(app)[0].id or 0) == {1: [21, 22, 23]}
    assert circles(app)[0].starts_at == MONDAY_MORNING + WEEK


async def test_kith_off_over_both_waves_sends_one(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app, within=10 * DAY)
    would_host(app, *OLD_HANDS)

    await at(app, clock, MONDAY_MORNING + 8 * DAY)

    assert invited(app, circle_id) == {1: [21, 22, 23]}
    await at(app, clock, MONDAY_MORNING + 10 * DAY)
    assert kinds_of_words(app, circle_id).count("invite") == 1


async def test_those_away_now_or_then_and_those_who_host_another_are_left_out_or_come_last(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, BO, CY, DEE, EVE, FAY, GUS)
    would_host(app, CY, away_until=(MONDAY_MORNING + 30 * DAY).date())
    would_host(app, DEE, away_until=(MONDAY_MORNING + 4 * DAY).date())
    await proposed(app, BO, within=10 * DAY)
    circle_id = await proposed(app, ADA, within=10 * DAY)

    await at(app, clock, MONDAY_MORNING + 3 * DAY)
    assert invited(app, circle_id) == {1: [EVE, FAY, GUS]}
    await at(app, clock, MONDAY_MORNING + 7 * DAY)

    assert invited(app, circle_id) == {1: [EVE, FAY, GUS], 2: [BO, DEE]}


async def test_whoever_declined_or_gave_the_hosting_back_is_not_asked_again(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, ADA, BO)
    circle_id = await proposed(app, ADA, within=10 * DAY)
    with pytest.raises(Refusal, match="not invited"):
        await app.circles.decline(HERE, Person(BO), circle_id)

    await app.circles.give_back(HERE, Person(ADA), circle_id, Role.HOST)
    await at(app, clock, MONDAY_MORNING + 3 * DAY)
    first = await app.circles.decline(HERE, Person(BO), circle_id)
    again = await app.circles.decline(HERE, Person(BO), circle_id)
    await at(app, clock, MONDAY_MORNING + 7 * DAY)

    assert (first.again, again.again) == (False, True)
    assert words(app, circle_id) == ["free:0", "invite:1"]


async def test_not_this_time_after_all_frees_the_hosting_that_was_taken(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, BO)
    circle_id = await proposed(app, ADA, within=5 * DAY)
    await app.circles.take(HERE, Person(BO), circle_id, Role.HOST)

    await app.circles.decline(HERE, Person(BO), circle_id)

    assert roles(app, circle_id) == {"co-host": ADA}
    assert words(app, circle_id) == ["invite:1", "free:1"]


async def test_a_host_who_gives_back_late_is_followed_by_others_and_within_a_day_by_nobody(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, ADA, BO, CY)
    circle_id = await proposed(app, ADA, within=2 * DAY)
    assert invited(app, circle_id) == {}

    await app.circles.give_back(HERE, Person(ADA), circle_id, Role.HOST)
    assert invited(app, circle_id)[1] == [BO, CY]
    assert (words(app, circle_id)[-1], row(app, circle_id).hostless) == ("free:1", False)
    await app.circles.take(HERE, Person(BO), circle_id, Role.HOST)
    await at(app, clock, MONDAY_MORNING + DAY)
    await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.NOT)

    assert row(app, circle_id).hostless
    assert kinds_of_words(app, circle_id) == ["invite", "free", "tomorrow", "free"]
    await app.circles.take(HERE, Person(CY), circle_id, Role.HOST)
    assert not row(app, circle_id).hostless


async def test_a_first_timer_co_hosts_and_may_host_the_next(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, BO)
    circle_id = await proposed(app, BO, within=2 * DAY)

    taken = await app.circles.take(HERE, Person(CY), circle_id, Role.HOST)
    assert (taken.role, roles(app, circle_id)) == (Role.CO_HOST, {"host": BO, "co-host": CY})
    with pytest.raises(Refusal, match=f"<@{CY}> does so here"):
        await app.circles.take(HERE, Person(DEE), circle_id, Role.HOST)
    await hosted(app, clock, circle_id, BO)

    assert (member(app, CY).has_hosted, member(app, CY).hosted_at) == (True, clock.now())
    assert roles(app, await proposed(app, CY, within=2 * DAY)) == {"host": CY}


async def test_a_circle_closed_in_its_first_step_was_not_hosted(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app, CY, within=2 * DAY)
    clock.advance(2 * DAY)
    await app.circling.begin(HERE, Person(CY), circle_id)
    await app.circling.close(HERE, Person(CY), circle_id)

    assert roles(app, await proposed(app, CY, within=2 * DAY)) == {"co-host": CY}


async def test_a_community_of_first_timers_still_holds_circles(app: App, clock: FixedClock) -> None:
    await begun(app)
    would_host(app, BO, CY, has_hosted=False, hosted_at=None)
    clock.advance(MINUTE)
    circle_id = await of_rhythm(app)
    assert invited(app, circle_id) == {1: [BO]}

    await app.circles.take(HERE, Person(BO), circle_id, Role.HOST)
    start = row(app, circle_id).starts_at
    await at(app, clock, start - DAY)
    assert (roles(app, circle_id), row(app, circle_id).hostless) == ({"co-host": BO}, True)
    await hosted(app, clock, circle_id, BO)

    following = circles(app)[1].id or 0
    await app.circles.take(HERE, Person(BO), following, Role.HOST)
    assert roles(app, following) == {"host": BO}


async def test_a_host_of_the_community_hosts_at_once_and_a_co_host_may_move_up(app: App, clock: FixedClock) -> None:
    await begun(app)
    circle_id = await proposed(app, ADA)
    await app.circles.take(HERE, HOST, circle_id, Role.HOST)
    await app.circles.offer(HERE, HOST, circle_id, Role.HOST, ADA)
    await app.circles.take(HERE, Person(ADA), circle_id, Role.HOST)
    assert roles(app, circle_id) == {"host": 1, "co-host": ADA}  # their first time

    would_host(app, ADA)
    await app.circles.take(HERE, Person(ADA), circle_id, Role.HOST)
    assert roles(app, circle_id) == {"host": ADA}
    assert invited(app, circle_id) == {}
    await app.circles.take(HERE, Person(ADA), circle_id, Role.CO_HOST)
    assert roles(app, circle_id) == {"co-host": ADA}


async def test_a_circle_proposed_for_today_is_hostless_at_once_and_invites_at_once(app: App) -> None:
    await begun(app)
    would_host(app, *OLD_HANDS)

    circle_id = await proposed(app, ADA, within=HOUR)

    assert row(app, circle_id).hostless
    assert invited(app, circle_id) == {1: [21, 22, 23]}


async def test_the_card_comes_before_the_invitation(app: App) -> None:
    await begun(app)
    would_host(app, *OLD_HANDS)

    circle_id = await proposed(app, ADA, within=HOUR)

    card, invitation = (
        planned(app, circle_id, kind)[0].id or 0 for kind in (DeliveryKind.CIRCLE, DeliveryKind.CIRCLE_WORD)
    )
    assert card < invitation
