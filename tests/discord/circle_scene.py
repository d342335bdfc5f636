"""A circle on simulated Discord: how tests let one be planned and run, and where they find what is shown of it."""

from datetime import timedelta
from itertools import count
from typing import Any

from simcord import ChannelHandle, MemberActor
from sqlmodel import Session, select

from bot.services.circles import NewCircle
from bot.services.people import Person
from bot.store.circles import Circle, CircleGroup, ComingKind, groups_in
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.rhythms import Way
from tests.discord.scene import Scene, Seen

TURNING_AWAY = 4
"""The first step of a troika in which somebody turns away."""
REQUESTS = count(1)


def host(scene: Scene) -> Person:
    """Return the host, as services know people."""
    return Person(scene.host.id, frozenset({scene.hosts.id}))


async def plan(scene: Scene, *coming: MemberActor, **values: Any) -> int:
    """Have the host plan a written circle in ten days to which these come; return its id once its card is there."""
    usual: dict[str, Any] = {
        "starts_at": scene.env.now() + timedelta(days=10),
        "format_id": "check-in-circle",
        "way": Way.WRITTEN,
        "title": "Opening *well*",
        "intention": "To begin together.",
    }
    new = NewCircle(**usual | values)
    view = await scene.app.circles.propose(scene.guild.id, host(scene), new, next(REQUESTS))
    assert view.circle.id is not None
    for member in coming:
        await scene.app.circles.answer(scene.guild.id, Person(member.id), view.circle.id, ComingKind.COMING)
    await scene.tick()
    return view.circle.id


async def run(scene: Scene, *coming: MemberActor, **values: Any) -> int:
    """Have a circle planned, and let it begin at its time; return its id."""
    circle_id = await plan(scene, *coming, starts_at=scene.env.now() + timedelta(minutes=30), **values)
    await scene.later(minutes=30)
    await scene.app.circling.begin(scene.guild.id, host(scene), circle_id)
    await scene.tick()
    return circle_id


def row(scene: Scene, circle_id: int) -> Circle:
    """Return a circle as it stands now."""
    return scene.app.database.run_now(lambda session: session.get_one(Circle, circle_id))[0]


def card(scene: Scene, circle_id: int) -> Seen:
    """Return a circle's card."""
    return next(each for each in scene.messages(scene.circles) if each.id == row(scene, circle_id).message_id)


def place(scene: Scene, channel_id: int | None) -> ChannelHandle:
    """Return a channel or thread."""
    assert channel_id is not None
    return ChannelHandle(scene.env, scene.guild, scene.env.backend.get_channel(channel_id))


def in_thread(scene: Scene, circle_id: int) -> list[Seen]:
    """Return what stands in a circle's thread."""
    said = scene.messages(place(scene, row(scene, circle_id).message_id))
    return [each for each in said if each.components_raw]


def panel(scene: Scene, circle_id: int) -> Seen:
    """Return a circle's panel."""
    return next(each for each in in_thread(scene, circle_id) if each.id == row(scene, circle_id).panel_id)


def settled(scene: Scene, kind: DeliveryKind) -> list[Delivery]:
    """Return what became of all deliveries of a kind, in order."""

    def read(session: Session) -> list[Delivery]:
        return list(session.exec(select(Delivery).where(Delivery.kind == kind)).all())

    return scene.app.database.run_now(read)[0]


def groups(scene: Scene, circle_id: int) -> list[CircleGroup]:
    """Return the threads of a circle's groups."""
    return scene.app.database.run_now(lambda session: list(groups_in(session, circle_id)))[0]


def notes(scene: Scene) -> list[str]:
    """Return what the hosts were told could not be said of circles."""
    told = [each.text for each in scene.messages(scene.checkins) if "note for the hosts" in each.text]
    return [each for each in told if "circle" in each]
