"""How circles go on without those who leave: the server, the circle, or Kith."""

import pytest
from sqlmodel import Session, select

from bot.app import App
from bot.errors import Refusal
from bot.formats import Role
from bot.services.people import Person
from bot.store.circles import CircleRole, CircleState, Coming, ComingKind, HostInvitation
from bot.store.members import HostingWish
from bot.store.rhythms import Way
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
    HOUR,
    at,
    begun,
    come,
    groups,
    holder,
    invited,
    kinds_of_words,
    proposed,
    roles,
    row,
    running,
    seats,
    speak,
    to_step,
    words,
    would_host,
)
from tests.fakes import FixedClock

ELSEWHERE = HERE + 50


async def coming(app: App, circle_id: int) -> list[int]:
    """Return who comes to a circle and has room."""
    return (await app.circles.find(HERE, circle_id)).coming


def told_of_room(app: App, circle_id: int) -> list[int | None]:
    """Return who was planned to be told that a place has opened for them, in order."""

    def read(session: Session) -> list[int | None]:
        said = [each.partition(":")[2] for each in words(app, circle_id) if each.startswith("room:")]
        return [session.get_one(Coming, int(each)).member_id for each in said]

    return app.database.run_now(read)[0]


async def full(app: App, *waiting: int) -> int:
    """Announce a circle with room for ADA, who hosts it, and BO, for which these wait."""
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA, room=2)
    await come(app, circle_id, BO, *waiting)
    assert told_of_room(app, circle_id) == []
    return circle_id


async def test_the_seat_of_someone_who_left_the_server_goes_to_who_waits_longest_and_they_are_told_once(
    either_app: App,
) -> None:
    circle_id = await full(either_app, CY, DEE)
    await begun(either_app, ELSEWHERE)

    await either_app.responses.gone(ELSEWHERE, BO)
    assert await coming(either_app, circle_id) == [ADA, BO]
    for _twice in range(2):
        await either_app.responses.gone(HERE, BO)

    assert await coming(either_app, circle_id) == [ADA, CY]
    assert told_of_room(either_app, circle_id) == [CY]


async def test_whoever_makes_room_lets_the_next_know_and_nobody_is_told_of_what_they_did_themselves(
    app: App, clock: FixedClock
) -> None:
    circle_id = await full(app, CY, DEE)

    await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.MAYBE)
    assert told_of_room(app, circle_id) == [CY]
    clock.advance(HOUR)
    await come(app, circle_id, BO)
    await app.circles.take(HERE, Person(GUS), circle_id, Role.GUARDIAN)
    assert told_of_room(app, circle_id) == [CY]
    await app.circles.answer(HERE, Person(CY), circle_id, ComingKind.NOT)
    assert told_of_room(app, circle_id) == [CY, DEE]
    await app.members.forget(HERE, DEE)

    assert told_of_room(app, circle_id) == [CY, None, BO]
    assert await coming(app, circle_id) == [ADA, BO, GUS]


async def test_nobody_is_told_of_room_where_there_is_enough_or_the_circle_is_over(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, people=3)
    await app.responses.gone(HERE, BO)
    assert await coming(app, circle_id) == [ADA, CY]
    assert "room" not in kinds_of_words(app, circle_id)

    over = await proposed(app, ADA, room=2)
    await come(app, over, BO, CY)
    await app.circles.cancel(HERE, Person(ADA), over)
    await app.members.forget(HERE, BO)
    assert told_of_room(app, over) == []


async def test_the_hosting_of_someone_who_left_is_free_and_others_are_invited_to_it(
    either_app: App, clock: FixedClock
) -> None:
    await begun(either_app)
    would_host(either_app, ADA, CY)
    circle_id = await proposed(either_app, ADA)
    await come(either_app, circle_id, BO)
    await either_app.circles.take(HERE, Person(BO), circle_id, Role.GUARDIAN)
    await either_app.circles.offer(HERE, Person(BO), circle_id, Role.GUARDIAN, ADA)
    await at(either_app, clock, row(either_app, circle_id).starts_at - 2 * DAY)
    assert invited(either_app, circle_id) == {}

    await either_app.responses.gone(HERE, ADA)

    assert roles(either_app, circle_id) == {"guardian": BO}
    assert invited(either_app, circle_id) == {0: [ADA], 1: [CY]}
    assert kinds_of_words(either_app, circle_id)[-2:] == ["invite", "free"]
    [guardian] = either_app.database.run_now(lambda session: session.exec(select(CircleRole)).all())[0]
    assert guardian.offered_to is None


async def test_where_all_who_were_invited_have_left_the_next_are_invited_and_they_never_again(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    would_host(app, BO, CY, DEE, EVE, FAY)
    circle_id = await proposed(app, GUS)  # who co-hosts it
    await at(app, clock, row(app, circle_id).starts_at - 7 * DAY)
    assert invited(app, circle_id) == {1: [BO, CY, DEE]}

    await app.responses.gone(HERE, BO)
    await app.responses.gone(HERE, CY)
    assert invited(app, circle_id) == {1: [BO, CY, DEE]}
    await app.responses.gone(HERE, DEE)

    assert invited(app, circle_id) == {1: [BO, CY, DEE], 2: [EVE, FAY]}
    assert declined(app) == {BO, CY, DEE}
    assert (await app.members.find(HERE, BO)).member.hosting is HostingWish.NOT_NOW
    other = await proposed(app, GUS, within=5 * DAY)
    assert invited(app, other) == {1: [EVE, FAY]}


def declined(app: App) -> set[int]:
    """Return who is not invited to host any more."""
    found = app.database.run_now(lambda session: session.exec(select(HostInvitation)).all())[0]
    return {each.member_id for each in found if each.declined}


async def test_a_circle_under_way_goes_on_without_a_host_who_left_and_anyone_carries_it(
    either_app: App, clock: FixedClock
) -> None:
    circle_id = await running(either_app, clock)
    with pytest.raises(Refusal, match="The host or the guardian"):
        await either_app.circling.next(HERE, Person(BO), circle_id, 0)

    await either_app.responses.gone(HERE, ADA)

    assert row(either_app, circle_id).hostless
    assert (await either_app.circling.next(HERE, Person(BO), circle_id, 0)).circle.step == 1
    assert [each.member_id for each in seats(either_app, circle_id)] == [BO, CY]


async def test_the_talking_piece_passes_over_those_who_left_and_where_all_did_the_circle_goes_on(
    either_app: App, clock: FixedClock
) -> None:
    circle_id = await running(either_app, clock, people=5, way=Way.WRITTEN)
    await to_step(either_app, circle_id, "first-round")
    await either_app.responses.gone(HERE, CY)
    assert await speak(either_app, circle_id) == ADA
    assert holder(either_app, circle_id) == BO

    await either_app.responses.gone(HERE, BO)
    assert holder(either_app, circle_id) == DEE
    assert [each.member_id for each in seats(either_app, circle_id)] == [ADA, DEE, EVE]
    step = row(either_app, circle_id).step
    for each in (DEE, EVE):
        await either_app.responses.gone(HERE, each)

    assert row(either_app, circle_id).step == step + 1


async def test_a_group_goes_on_without_someone_who_left(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock, people=6, format_id="troika-consulting", way=Way.WRITTEN)
    await to_step(app, circle_id, "asking", 1)
    assert groups(app, circle_id) == [[ADA, BO, CY], [DEE, EVE, FAY]]

    await app.responses.gone(HERE, EVE)

    assert groups(app, circle_id) == [[ADA, BO, CY], [DEE, FAY]]


async def test_what_a_harvester_who_left_did_not_gather_others_may(app: App, clock: FixedClock) -> None:
    circle_id = await running(app, clock)
    await app.circles.take(HERE, Person(BO), circle_id, Role.HARVESTER)
    await app.circling.close(HERE, Person(ADA), circle_id)
    with pytest.raises(Refusal, match="for this circle's harvester"):
        await gather(app, circle_id, ADA)

    await app.responses.gone(HERE, BO)

    await gather(app, circle_id, ADA)
    assert row(app, circle_id).state is CircleState.CLOSED


async def gather(app: App, circle_id: int, by: int) -> None:
    """Let a member gather a circle's harvest."""
    await app.circling.harvest(HERE, Person(by), circle_id, lines="Bread.", question="", thanks="")


async def test_someone_who_comes_back_may_come_again_and_waits_in_line(app: App, clock: FixedClock) -> None:
    circle_id = await full(app, CY)
    await app.responses.gone(HERE, BO)
    clock.advance(HOUR)

    answer = await app.circles.answer(HERE, Person(BO), circle_id, ComingKind.COMING)

    assert answer.waits
    assert await coming(app, circle_id) == [ADA, CY]
