"""What is kept about a member in circles: given out to them, and forgotten."""

import json
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlmodel import Session, SQLModel, col, select

from bot.app import App
from bot.formats import Role
from bot.services.circle_views import CircleView
from bot.services.circles import NewCircle
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store import TABLES
from bot.store.circles import Circle, CircleRole, CircleState, ComingKind, Harvest, Seat, SeatState, Wish
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.members import HostingWish
from bot.store.rhythms import Way
from tests.fakes import MONDAY_MORNING, FixedClock

HERE, HOST = 700, Person(1, manages=True)
ADA, BO, CY = Person(4_711_001), Person(4_711_002), Person(4_711_003)
SOON = MONDAY_MORNING + timedelta(days=2)
Row = TypeVar("Row", bound=SQLModel)
BOOKKEEPING = {"id", "community_id", "circle_id", "request_id", "version"}


async def begun(app: App) -> None:
    """Set a community up."""
    await app.communities.choose(HERE, HOST, checkins_channel_id=701, circles_channel_id=7)
    await app.rhythms.set_first(HERE, HOST, Beat(weekday=3), 1)
    await app.communities.begin(HERE, HOST)


async def proposed(app: App, who: Person, request_id: int = 2, **values: Any) -> CircleView:
    """Propose a written check-in circle in two days."""
    usual: dict[str, Any] = {"starts_at": SOON, "format_id": "check-in-circle", "way": Way.WRITTEN}
    return await app.circles.propose(HERE, who, NewCircle(**usual | values), request_id)


def number(view: CircleView) -> int:
    """Return a circle's id."""
    assert view.circle.id is not None
    return view.circle.id


def rows(app: App, table: type[Row]) -> list[Row]:
    """Return all rows of a table."""
    return app.database.run_now(lambda session: list(session.exec(select(table))))[0]


def about(app: App, *marks: str) -> dict[str, list[SQLModel]]:
    """Return, by table, the rows in which one of these texts stands in any column."""
    found = {table.__name__: [row for row in rows(app, table) if holds(row, marks)] for table in TABLES}
    return {name: those for name, those in found.items() if those}


def holds(row: SQLModel, marks: tuple[str, ...]) -> bool:
    """Tell whether one of these texts stands in any column of a row."""
    values = str({name: getattr(row, name) for name in type(row).model_fields})
    return any(mark in values for mark in marks)


def said(app: App, kind: DeliveryKind) -> list[str]:
    """Return the keys of what was planned to be said of circles, in order."""

    def read(session: Session) -> list[str]:
        return list(session.exec(select(Delivery.key).where(Delivery.kind == kind).order_by(col(Delivery.id))))

    return app.database.run_now(read)[0]


async def run_to_the_round(app: App, clock: FixedClock, circle_id: int) -> list[Seat]:
    """Begin a circle at its time and go on until the talking piece goes round; return who sits where."""
    clock.set(SOON)
    await app.circles.tend()
    await app.circling.begin(HERE, HOST, circle_id)
    for step in range(5):
        if seats := [each for each in rows(app, Seat) if each.circle_id == circle_id]:
            return sorted(seats, key=lambda each: each.place)
        await app.circling.next(HERE, HOST, circle_id, step)
    raise AssertionError("no talking piece goes round")


async def lived_through(app: App, clock: FixedClock) -> int:
    """Let Ada propose, come, hold roles, sit in a round, gather and wish; return the circle's id."""
    await begun(app)
    await app.members.choose(HERE, ADA.member_id, hosting=HostingWish.HOST)
    circle_id = number(await proposed(app, ADA, title="Title-3f1a"))
    await app.circles.take(HERE, HOST, circle_id, Role.HOST)
    await app.circles.take(HERE, ADA, circle_id, Role.HARVESTER)
    await app.circles.answer(HERE, BO, circle_id, ComingKind.COMING)
    await run_to_the_round(app, clock, circle_id)
    await app.circling.close(HERE, HOST, circle_id)
    await app.circling.harvest(HERE, ADA, circle_id, lines="Lines-8b2c", question="Question-5d", thanks="Thanks-9e")
    await app.circling.wish(HERE, ADA, circle_id, "Wish-7a4d")
    return circle_id


MARKS = ("Title-3f1a", "Lines-8b2c", "Question-5d", "Thanks-9e", "Wish-7a4d")


async def test_everything_kept_of_circles_is_given_out_to_the_member_and_to_nobody_else(
    app: App, clock: FixedClock
) -> None:
    await lived_through(app, clock)

    kept = await app.members.export(HERE, ADA.member_id)
    file = json.dumps(kept, ensure_ascii=False)
    bos = json.dumps(await app.members.export(HERE, BO.member_id), ensure_ascii=False)

    unsaid = [
        (name, column)
        for name, those in about(app, str(ADA.member_id)).items()
        if name not in ("Circle", "Delivery")
        for row in those
        for column in type(row).model_fields
        if column not in BOOKKEEPING and not shown_in(file, getattr(row, column))
    ]
    assert unsaid == []
    assert all(mark in file for mark in MARKS)
    assert kept["choices"]["hosting_circles"] == "host"
    assert str(BO.member_id) not in file
    assert not any(mark in bos for mark in MARKS)
    assert (await app.members.find(HERE, ADA.member_id)).circles == 1


def shown_in(file: str, value: Any) -> bool:
    """Tell whether an exported file holds a column's value."""
    if value is None or isinstance(value, bool):
        return True
    return (value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)) in file


async def test_whoever_is_forgotten_leaves_no_name_and_no_word_and_a_circle_that_counts_one(
    either_app: App, clock: FixedClock
) -> None:
    circle_id = await lived_through(either_app, clock)
    before = said(either_app, DeliveryKind.CIRCLE)

    await either_app.members.forget(HERE, ADA.member_id)
    await either_app.members.forget(HERE, ADA.member_id)

    assert about(either_app, str(ADA.member_id), *MARKS) == {}
    view = await either_app.circles.find(HERE, circle_id)
    assert (view.circle.title, view.circle.intention) == (view.format.title, "")
    assert len(said(either_app, DeliveryKind.CIRCLE)) == len(before) + 1
    assert said(either_app, DeliveryKind.CIRCLE_WORD)[-1].endswith("gathered:1")
    [harvest] = rows(either_app, Harvest)
    assert (harvest.lines, harvest.harvester_id) == ("", None)
    assert rows(either_app, Wish) == []
    assert ADA.member_id not in {each.member_id for each in rows(either_app, CircleRole)}


async def test_a_role_of_someone_forgotten_is_free_and_who_waited_has_room(app: App) -> None:
    await begun(app)
    circle_id = number(await proposed(app, HOST, room=2, starts_at=SOON + timedelta(days=30)))
    await app.circles.answer(HERE, ADA, circle_id, ComingKind.COMING)
    await app.circles.take(HERE, ADA, circle_id, Role.GUARDIAN)
    assert (await app.circles.answer(HERE, BO, circle_id, ComingKind.COMING)).view.circle.room == 2
    await app.circles.offer(HERE, ADA, circle_id, Role.GUARDIAN, CY.member_id)

    await app.members.forget(HERE, CY.member_id)
    assert [each.offered_to for each in rows(app, CircleRole)] == [None, None]
    await app.members.forget(HERE, ADA.member_id)

    view = await app.circles.find(HERE, circle_id)
    assert list(view.roles) == [Role.HOST]
    assert BO.member_id in view.coming
    assert view.waiting == []


async def test_a_circle_whose_host_is_forgotten_looks_for_another(app: App) -> None:
    await begun(app)
    circle_id = number(await proposed(app, HOST, starts_at=SOON + timedelta(days=30)))

    await app.members.forget(HERE, HOST.member_id)

    view = await app.circles.find(HERE, circle_id)
    assert (view.circle.state, view.roles, view.circle.proposer_id) == (CircleState.PLANNED, {}, None)
    assert [key.split(":")[1] for key in said(app, DeliveryKind.CIRCLE_WORD)] == ["free"]


async def test_the_talking_piece_of_someone_forgotten_goes_on(either_app: App, clock: FixedClock) -> None:
    await begun(either_app)
    circle_id = number(await proposed(either_app, HOST))
    for who in (ADA, BO):
        await either_app.circles.answer(HERE, who, circle_id, ComingKind.COMING)
    await run_to_the_round(either_app, clock, circle_id)
    await either_app.circling.speak(HERE, HOST, circle_id, SeatState.SPOKE)

    await either_app.members.forget(HERE, ADA.member_id)

    states = {each.member_id: each.state for each in rows(either_app, Seat)}
    assert states == {
        HOST.member_id: SeatState.SPOKE,
        None: SeatState.SKIPPED,
        BO.member_id: SeatState.HOLDS,
    }

    await either_app.members.forget(HERE, BO.member_id)  # nobody is left to hold it, so the circle goes on

    step = (await either_app.circles.find(HERE, circle_id)).circle.step
    assert step > max(each.step for each in rows(either_app, Seat) if each.state is SeatState.SPOKE)
    assert about(either_app, str(ADA.member_id), str(BO.member_id)) == {}


@pytest.mark.parametrize("link", ["", "https://meet.example/ada"])
async def test_a_circle_at_a_link_of_someone_forgotten_does_not_take_place(app: App, link: str) -> None:
    await begun(app)
    way = Way.LIVE if link else Way.WRITTEN
    circle_id = number(await proposed(app, ADA, link=link, way=way, starts_at=SOON + timedelta(days=30)))
    await app.circles.answer(HERE, BO, circle_id, ComingKind.COMING)

    await app.members.forget(HERE, ADA.member_id)

    [circle] = rows(app, Circle)
    assert circle.state is (CircleState.CANCELLED if link else CircleState.PLANNED)
    assert circle.link == ""
