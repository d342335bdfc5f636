"""Keeps Discord's scheduled event of each live circle: made with its card, and in step with it from then on.

An event a person deleted is not made again. Where Kith may make none, the hosts are told once and the circle goes on.
Statuses and who may change them: https://docs.discord.com/developers/resources/guild-scheduled-event
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, cast

import discord

from bot import courier
from bot.courier import Impossible, Needless, Said
from bot.language import _, speaking
from bot.services.circle_cards import NO_EVENTS, OVER
from bot.services.circle_places import EVENT_GONE
from bot.services.circle_views import CircleView
from bot.store.circles import Circle, CircleState
from bot.store.deliveries import Delivery, DeliveryKind
from cogs.circle_cards import circle_link, length_words
from cogs.circle_places import Places
from cogs.hands import Hands, Sayings, shortened

UNKNOWN_EVENT = 10070
LONGEST_NAME = LONGEST_PLACE = 100
LONGEST_DESCRIPTION = 1000
OF_GUILD_ONLY = 2
"""The privacy level all events have."""


class Entity(IntEnum):
    """Where an event is."""

    STAGE = 1
    VOICE = 2
    EXTERNAL = 3


ENTITIES: dict[Any, Entity] = {discord.StageChannel: Entity.STAGE, discord.VoiceChannel: Entity.VOICE}


class Status(IntEnum):
    """Where an event stands; only the next one, or from scheduled to cancelled, can be asked for."""

    SCHEDULED = 1
    ACTIVE = 2
    COMPLETED = 3
    CANCELLED = 4


class EventVoice:
    """Makes the events of live circles, moves, starts, ends and cancels them."""

    def __init__(self, hands: Hands) -> None:
        self._bot = hands.bot
        self._hands = hands
        self._cards = hands.app.circle_cards
        self._clock = hands.app.clock
        self._places = Places(hands)

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {DeliveryKind.EVENT: self._say_event}

    async def _say_event(self, delivery: Delivery) -> Said:
        view = await self._places.of(delivery, await self._cards.card(delivery))
        try:
            return await self._keep_somewhere(delivery, view)
        except discord.NotFound as error:
            if error.code == UNKNOWN_EVENT:
                raise Needless(EVENT_GONE) from error
            raise
        except discord.Forbidden as error:
            if await self._cards.events_are_refused(delivery.community_id):
                raise Needless(NO_EVENTS) from error
            raise Impossible(NO_EVENTS) from error

    async def _keep_somewhere(self, delivery: Delivery, view: CircleView) -> Said:
        """Keep a circle's event, out of its voice or stage channel where Kith may make none in there."""
        try:
            return await self._keep(delivery, view)
        except discord.Forbidden:
            if view.circle.place_id is None:
                raise
        return await self._keep(delivery, view, outside=True)

    async def _keep(self, delivery: Delivery, view: CircleView, *, outside: bool = False) -> Said:
        """Bring a circle's event to where the circle stands; every request of an earlier attempt counts."""
        circle, guild_id = view.circle, delivery.community_id
        event = await self._event(delivery, circle)
        if event is None:
            if circle.state is not CircleState.PLANNED or circle.starts_at <= self._clock.now():
                raise Needless("over")
            if circle.message_id is None:
                raise Needless("no-card")  # its link is how people come from the event to the circle
            wanted = await self._wanted(view, outside=outside)
            created = await self._bot.http.create_guild_scheduled_event(guild_id, **wanted, privacy_level=OF_GUILD_ONLY)
            courier.checkpoint("evented")
            return Said(circle.place_id, int(created["id"]))
        event_id = int(event["id"])
        for changes in self._steps(event, circle.state, await self._wanted(view, outside=outside)):
            await self._bot.http.edit_scheduled_event(guild_id, event_id, **changes)
        return Said(circle.place_id, event_id)

    async def _event(self, delivery: Delivery, circle: Circle) -> Mapping[str, Any] | None:
        """Return the event a circle has, or that an earlier attempt made, which bears the address of its card."""
        guild_id = delivery.community_id
        if circle.event_id is not None:
            found = await self._bot.http.get_scheduled_event(guild_id, circle.event_id, False)
            return cast("Mapping[str, Any]", found)
        if delivery.attempt == 1 or circle.message_id is None:
            return None
        assert self._bot.user is not None
        for each in await self._bot.http.get_scheduled_events(guild_id, False):
            event = cast("Mapping[str, Any]", each)
            is_ours = int(event.get("creator_id") or 0) == self._bot.user.id
            if is_ours and (event.get("description") or "").endswith(circle_link(circle)):
                return event
        return None

    def _steps(self, event: Mapping[str, Any], state: CircleState, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the changes that bring an event to where its circle stands, one after the other."""
        status = Status(event["status"])
        if status in (Status.COMPLETED, Status.CANCELLED):
            return []
        if state is CircleState.PLANNED:
            changes = {} if status is Status.ACTIVE else _differences(event, wanted)
            return [changes] if changes else []
        if state is CircleState.CANCELLED and status is Status.SCHEDULED:
            return [{"status": Status.CANCELLED.value}]
        steps = [{"status": Status.ACTIVE.value}] if status is Status.SCHEDULED else []
        return [*steps, {"status": Status.COMPLETED.value}] if state in OVER else steps

    async def _wanted(self, view: CircleView, *, outside: bool) -> dict[str, Any]:
        """Return what a circle's event says; ``outside`` its channel, it only names that."""
        circle = view.circle
        ends_at = circle.starts_at + timedelta(minutes=view.format.live_minutes)
        wanted: dict[str, Any] = {
            "name": shortened(circle.title, LONGEST_NAME),
            "description": _description(view),
            "scheduled_start_time": circle.starts_at.isoformat(),
            "scheduled_end_time": ends_at.isoformat(),
        }
        channel = await self._places.channel(circle)
        entity = ENTITIES.get(type(channel), Entity.EXTERNAL)
        if outside or entity is Entity.EXTERNAL:
            name = "" if channel is None else str(channel)
            place = next((each for each in (name, circle.link) if 0 < len(each) <= LONGEST_PLACE), circle_link(circle))
            outer = {"entity_type": Entity.EXTERNAL.value, "channel_id": None, "entity_metadata": {"location": place}}
            return wanted | outer
        return wanted | {"entity_type": entity.value, "channel_id": str(circle.place_id)}


def _description(view: CircleView) -> str:
    """Return what an event says of its circle; it ends with the card's address, by which it is found again."""
    circle, link = view.circle, circle_link(view.circle)
    with speaking(view.community.language):
        how = _("{format}, {length}. All about it, and how to come:").format(
            format=view.format.title, length=length_words(circle.way, view.format)
        )
    return "\n\n".join(each for each in (circle.intention, f"{how} {link}") if each)[-LONGEST_DESCRIPTION:]


def _differences(event: Mapping[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what of an event is not as wanted; with a place goes all that says where it is."""
    changes = {key: wanted[key] for key in ("name", "description") if event.get(key) != wanted[key]}
    for key in ("scheduled_start_time", "scheduled_end_time"):
        if _instant(event.get(key)) != _instant(wanted[key]):
            changes[key] = wanted[key]
    if _place(event) != _place(wanted):
        changes |= {key: wanted[key] for key in ("entity_type", "channel_id", "entity_metadata") if key in wanted}
        changes["scheduled_end_time"] = wanted["scheduled_end_time"]
    return changes


def _place(event: Mapping[str, Any]) -> tuple[int, str | None, str | None]:
    metadata: Mapping[str, Any] = event.get("entity_metadata") or {}
    return event["entity_type"], event.get("channel_id"), metadata.get("location")


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
