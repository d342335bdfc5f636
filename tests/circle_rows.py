"""A community with circles, for tests of their rules: how it is set up, and what the rows say."""

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session, col, select

from bot.app import App
from bot.courier import Needless
from bot.formats import our_formats
from bot.services.circles import NewCircle
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.circles import (
    Circle,
    CircleGroup,
    ComingKind,
    Seat,
    SeatState,
    answers_to,
    invited_to_host,
    roles_in,
    seats_in,
)
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.members import HostingWish, saved_member
from bot.store.rhythms import Way
from tests.fakes import FixedClock

HERE, CIRCLES = 700, 7
"""The community and its channel for circles: the one in which a FakeVoice says everything."""
HOST = Person(1, manages=True)
ADA, BO, CY, DEE, EVE, FAY, GUS = 11, 12, 13, 14, 15, 16, 17
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
PEOPLE = (ADA, BO, CY, DEE, EVE, FAY, GUS, 18, 19, 20, 21, 22)
FORMATS = {each.id: each for each in our_formats().all("en")}
_requests = count(5000)


async def begun(app: App, community_id: int = HERE, circles_channel_id: int | None = CIRCLES) -> None:
    """Set a community up that has a channel for circles."""
    places: dict[str, Any] = {"checkins_channel_id": community_id + 1, "circles_channel_id": circles_channel_id}
    await app.communities.choose(community_id, HOST, zone="Europe/Berlin", **places)
    await app.rhythms.set_first(community_id, HOST, Beat(weekday=1), request_id=community_id)
    await app.communities.begin(community_id, HOST)


async def proposed(app: App, by: int = ADA, *, within: timedelta = 10 * DAY, **chosen: Any) -> int:
    """Let a member propose a circle that starts within that time; return its id."""
    values: dict[str, Any] = {"format_id": "check-in-circle", "way": Way.LIVE} | chosen
    new = NewCircle(app.clock.now() + within, **values)
    view = await app.circles.propose(HERE, Person(by), new, next(_requests))
    assert view.circle.id is not None
    return view.circle.id


def would_host(app: App, *member_ids: int, **chosen: Any) -> None:
    """Let members wish to host who have done so before; the first named did so longest ago."""

    def write(session: Session) -> None:
        for number, member_id in enumerate(member_ids):
            member = saved_member(session, HERE, member_id)
            member.hosting, member.has_hosted = HostingWish.HOST, True
            member.hosted_at = app.clock.now() - WEEK * (100 - number)
            for name, value in chosen.items():
                setattr(member, name, value)

    app.database.run_now(write)


async def at(app: App, clock: FixedClock, moment: datetime) -> None:
    """Let it become that moment, and Kith do what is due."""
    clock.set(moment)
    await app.circles.tend()


def row(app: App, circle_id: int) -> Circle:
    """Return a circle as it is kept."""
    return app.database.run_now(lambda session: session.get_one(Circle, circle_id))[0]


def circles(app: App) -> list[Circle]:
    """Return all circles, oldest first."""
    return app.database.run_now(lambda session: list(session.exec(select(Circle).order_by(col(Circle.id)))))[0]


def words(app: App, circle_id: int) -> list[str]:
    """Return what was planned to be said in a circle's thread, in order: ``invite:1``."""
    return [each.key.split(":", 1)[1] for each in planned(app, circle_id, DeliveryKind.CIRCLE_WORD)]


def kinds_of_words(app: App, circle_id: int) -> list[str]:
    """Return the first word of each thing planned to be said in a circle's thread, in order: ``invite``."""
    return [each.split(":")[0] for each in words(app, circle_id)]


async def worth_saying(app: App, circle_id: int) -> list[str]:
    """Return the first word of each thing planned to be said in a circle's thread that is worth saying now."""
    found: list[str] = []
    for each in planned(app, circle_id, DeliveryKind.CIRCLE_WORD):
        each.attempt = 1
        with suppress(Needless):
            found.append((await app.circle_cards.word(each)).what)
    return found


def planned(app: App, circle_id: int, kind: DeliveryKind) -> list[Delivery]:
    """Return what was planned to be said about a circle, in order."""

    def read(session: Session) -> list[Delivery]:
        wanted = select(Delivery).where(Delivery.kind == kind, Delivery.subject_id == circle_id)
        return list(session.exec(wanted.order_by(col(Delivery.id))))

    return app.database.run_now(read)[0]


def new_panels(app: App, circle_id: int) -> int:
    """Return how many messages a circle's panel was planned to be."""
    return sum(each.key.endswith(":new") for each in planned(app, circle_id, DeliveryKind.PANEL))


def roles(app: App, circle_id: int) -> dict[str, int]:
    """Return who holds which role."""

    def read(session: Session) -> dict[str, int]:
        return {role.value: held.member_id for role, held in roles_in(session, circle_id).items()}

    return app.database.run_now(read)[0]


def may_come(app: App, circle_id: int) -> list[int | None]:
    """Return who may come to a circle."""

    def read(session: Session) -> list[int | None]:
        return [each.member_id for each in answers_to(session, circle_id) if each.kind is ComingKind.MAYBE]

    return app.database.run_now(read)[0]


def invited(app: App, circle_id: int) -> dict[int, list[int]]:
    """Return who was invited to host a circle, by wave."""

    def read(session: Session) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for each in invited_to_host(session, circle_id):
            found.setdefault(each.wave, []).append(each.member_id)
        return {wave: sorted(members) for wave, members in found.items()}

    return app.database.run_now(read)[0]


def seats(app: App, circle_id: int, step: int | None = None) -> list[Seat]:
    """Return who sits where in a step, by default the one a circle is at."""

    def read(session: Session) -> list[Seat]:
        there = session.get_one(Circle, circle_id).step if step is None else step
        return list(seats_in(session, circle_id, there))

    return app.database.run_now(read)[0]


def holder(app: App, circle_id: int) -> int | None:
    """Return who holds the talking piece."""
    return next((each.member_id for each in seats(app, circle_id) if each.state is SeatState.HOLDS), None)


def groups(app: App, circle_id: int, step: int | None = None) -> list[list[int]]:
    """Return who is together in the groups of a step."""
    found: dict[int, list[int]] = {}
    for each in seats(app, circle_id, step):
        assert each.member_id is not None
        found.setdefault(each.number, []).append(each.member_id)
    return [found[number] for number in sorted(found)]


def away(app: App, circle_id: int, step: int | None = None) -> list[int | None]:
    """Return who turns away in a step."""
    return [each.member_id for each in seats(app, circle_id, step) if each.away]


def threads(app: App, circle_id: int) -> list[tuple[int, int, bool]]:
    """Return for each thread of a group its step, its number, and whether it is without the asker."""

    def read(session: Session) -> list[tuple[int, int, bool]]:
        made = session.exec(select(CircleGroup).where(CircleGroup.circle_id == circle_id).order_by(col(CircleGroup.id)))
        return [(each.step, each.number, each.away) for each in made]

    return app.database.run_now(read)[0]


async def come(app: App, circle_id: int, *member_ids: int) -> None:
    """Let members come to a circle, in this order."""
    for member_id in member_ids:
        await app.circles.answer(HERE, Person(member_id), circle_id, ComingKind.COMING)


def change(app: App, circle_id: int, **values: Any) -> None:
    """Change a circle's row behind the services' back."""

    def write(session: Session) -> None:
        circle = session.get_one(Circle, circle_id)
        for name, value in values.items():
            setattr(circle, name, value)

    app.database.run_now(write)


async def running(app: App, clock: FixedClock, people: int = 3, **chosen: Any) -> int:
    """Let a circle of so many begin at its time, ADA being its host; return its id."""
    await begun(app)
    would_host(app, ADA)
    circle_id = await proposed(app, ADA, within=HOUR, **chosen)
    await come(app, circle_id, *PEOPLE[1:people])
    await at(app, clock, row(app, circle_id).starts_at)
    await app.circling.begin(HERE, Person(ADA), circle_id)
    return circle_id


async def press(app: App, circle_id: int, by: int = ADA) -> None:
    """Let a member press *Next* at the step a circle is at."""
    await app.circling.next(HERE, Person(by), circle_id, row(app, circle_id).step)


async def to_step(app: App, circle_id: int, wanted: str, turn: int | None = None) -> None:
    """Let the host go on until the step of that id."""
    format_ = FORMATS[row(app, circle_id).format_id]
    while not ((step := format_.steps[row(app, circle_id).step]).id == wanted and step.turn in (turn, None)):
        await press(app, circle_id)


async def speak(app: App, circle_id: int, done: SeatState = SeatState.SPOKE) -> int | None:
    """Let whoever holds the talking piece do something with it; return who it was."""
    member_id = holder(app, circle_id)
    assert member_id is not None
    await app.circling.speak(HERE, Person(member_id), circle_id, done)
    return member_id
