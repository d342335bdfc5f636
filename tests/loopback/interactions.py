"""What people do with the bot, and the requests with which it answers them."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

from tests.loopback import payloads
from tests.loopback.messages import shown
from tests.loopback.people import JSON, Channel, Member, Message, User, permissions_of, sees
from tests.loopback.rest import TOKEN, Request, route
from tests.loopback.world import EPHEMERAL, ApiError, World

COMMAND, COMPONENT, AUTOCOMPLETE, FORM = 2, 3, 4, 5
SPEAK, SPEAK_LATER, UPDATE_LATER, UPDATE, CHOICES, OPEN_FORM = 4, 5, 6, 7, 8, 9


@dataclass(slots=True, eq=False)
class Interaction:
    """One thing a person did, and how the bot answered.

    ``answer`` is the whole first answer (``{"type": …, "data": …}``) and ``seconds`` what it took;
    ``message`` is the message the answer became (an ephemeral one stands in no channel).
    """

    id: int
    payload: JSON
    channel: Channel
    sent: float
    clicked: Message | None = None
    answer: JSON | None = None
    seconds: float = 0.0
    message: Message | None = None
    waiting: bool = False
    followups: list[Message] = field(default_factory=list[Message])
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    followed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def token(self) -> str:
        """What the bot names it by when it answers."""
        return f"{TOKEN}{self.id}"

    @property
    def kind(self) -> int:
        """The type of the first answer."""
        assert self.answer
        return self.answer["type"]

    @property
    def data(self) -> JSON:
        """The body of the first answer."""
        assert self.answer
        return self.answer.get("data") or {}

    async def done(self, seconds: float = 10.0) -> Message | None:
        """Wait until a deferred answer was filled in, and return the message. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            await self.settled.wait()
        return self.message


class Interactions:
    """Every interaction so far; an answer later than ``answer_seconds`` is refused, as on Discord."""

    def __init__(self) -> None:
        self.all: dict[int, Interaction] = {}
        self.answer_seconds = 3.0

    def of(self, request: Request) -> Interaction:
        """Return the interaction whose token is in the path. Raises ApiError: 10015."""
        found = self.all.get(int(request.ids[1].removeprefix(TOKEN)))
        if found is None or found.answer is None:
            raise ApiError(404, 10015, "Unknown Webhook")
        return found


class InteractiveWorld(World):
    """A world in which people press and type."""

    def __init__(self, *, nonce_seconds: float = 180, message_content: bool = True) -> None:
        super().__init__(nonce_seconds=nonce_seconds, message_content=message_content)
        self.interactions = Interactions()

    def began(
        self, kind: int, data: JSON, by: Member | User, channel: Channel, clicked: Message | None = None
    ) -> Interaction:
        """Note that someone did something, and return it with the event that tells the bot.

        Raises LookupError when they can't see where it is to be done.
        """
        if isinstance(by, Member) and not sees(by, channel):
            raise LookupError(f"{by.user.name} can't see {channel.name}")
        made = Interaction(self.snowflake(), {}, channel, time.monotonic(), clicked)
        made.payload = self._payload(made, kind, data, by)
        self.interactions.all[made.id] = made
        return made

    def _payload(self, made: Interaction, kind: int, data: JSON, by: Member | User) -> JSON:
        channel = made.channel
        payload: JSON = {
            "id": str(made.id),
            "application_id": str(self.bot.id),
            "type": kind,
            "data": data,
            "token": made.token,
            "version": 1,
            "channel_id": str(channel.id),
            "channel": payloads.channel(channel),
            "locale": "en-GB",
            "entitlements": [],
            "attachment_size_limit": 10_485_760,
        }
        if made.clicked is not None:
            payload["message"] = payloads.message(made.clicked)
        if isinstance(by, User):
            return payload | {"user": payloads.user(by), "context": 1, "authorizing_integration_owners": {}}
        guild = by.guild
        payload["channel"]["permissions"] = str(permissions_of(by, channel))
        return payload | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-GB", "features": []},
            "guild_locale": "en-GB",
            "member": payloads.member(by, channel),
            "app_permissions": str(permissions_of(guild.members[self.bot.id], channel)),
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild.id)},
        }


def _world(world: World) -> InteractiveWorld:
    return cast("InteractiveWorld", world)


@route("POST", "/interactions/*/*/callback")
def _callback(world: World, request: Request) -> JSON | None:
    here = _world(world).interactions
    made = here.all.get(request.id())
    if made is None or made.token != request.ids[1]:
        raise ApiError(404, 10062, "Unknown interaction")
    if made.answer is not None:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    took = time.monotonic() - made.sent
    if took > here.answer_seconds:
        raise ApiError(404, 10062, "Unknown interaction")
    body: JSON = request.body
    _act(world, made, body["type"], body.get("data") or {})
    made.answer, made.seconds = body, took
    made.answered.set()
    if not made.waiting:
        made.settled.set()
    return _receipt(world, made, body["type"]) if request.params.get("with_response") == "1" else None


def _act(world: World, made: Interaction, kind: int, data: JSON) -> None:
    if kind == SPEAK:
        made.message = _speak(world, made, data)
    elif kind == SPEAK_LATER:
        made.message = world.draft(made.channel, world.bot, data)
        made.waiting = True
    elif kind in (UPDATE_LATER, UPDATE):
        if made.clicked is None:
            raise ApiError(400, 50035, "type: Value must be one of {4, 5, 9}.")
        made.message = made.clicked
        if kind == UPDATE:
            world.rewrite(made.clicked, data)


def _speak(world: World, made: Interaction, data: JSON) -> Message:
    if data.get("flags", 0) & EPHEMERAL:
        message = world.draft(made.channel, world.bot, data)
    else:
        message = world.keep(made.channel, world.bot, data)
    message.application_id = world.bot.id
    return message


def _receipt(world: World, made: Interaction, kind: int) -> JSON:
    told: JSON = {"id": str(made.id), "type": made.payload["type"]}
    answer: JSON = {"interaction": told}
    if kind in (SPEAK, SPEAK_LATER, UPDATE_LATER, UPDATE):
        assert made.message
        told["response_message_id"] = str(made.message.id)
        told["response_message_loading"] = made.waiting
        told["response_message_ephemeral"] = bool(made.message.flags & EPHEMERAL)
        answer["resource"] = {"type": kind, "message": shown(world, made.message)}
    return answer


def _original(made: Interaction) -> Message:
    if made.message is None or made.message.deleted:
        raise ApiError(404, 10008, "Unknown Message")
    return made.message


@route("GET", "/webhooks/*/*/messages/@original")
def _read_original(world: World, request: Request) -> JSON:
    return shown(world, _original(_world(world).interactions.of(request)))


@route("PATCH", "/webhooks/*/*/messages/@original")
def _edit_original(world: World, request: Request) -> JSON:
    made = _world(world).interactions.of(request)
    message = _original(made)
    if made.waiting:
        _fill_in(world, made, message, request.body)
    else:
        world.rewrite(message, request.body)
    return shown(world, message)


def _fill_in(world: World, made: Interaction, message: Message, body: JSON) -> None:
    """Turn *is thinking* into what was thought; only then does it stand in the channel."""
    made.waiting = False
    message.application_id = world.bot.id
    world.write(message, body | {"flags": message.flags | body.get("flags", 0)})
    if not message.flags & EPHEMERAL:
        made.message = world.keep(made.channel, world.bot, body)
    made.settled.set()


@route("DELETE", "/webhooks/*/*/messages/@original")
def _delete_original(world: World, request: Request) -> None:
    made = _world(world).interactions.of(request)
    _original(made).deleted = True
    made.settled.set()


@route("POST", "/webhooks/*/*")
def _follow_up(world: World, request: Request) -> JSON:
    made = _world(world).interactions.of(request)
    if made.waiting and made.message is not None:
        _fill_in(world, made, made.message, request.body)
        assert made.message
        return shown(world, made.message)
    made.followups.append(_speak(world, made, request.body))
    made.followed.set()
    return shown(world, made.followups[-1])


def _followup(made: Interaction, request: Request) -> Message:
    for message in made.followups:
        if message.id == request.id(2) and not message.deleted:
            return message
    return _original(made)


@route("GET", "/webhooks/*/*/messages/*")
def _read_followup(world: World, request: Request) -> JSON:
    return shown(world, _followup(_world(world).interactions.of(request), request))


@route("PATCH", "/webhooks/*/*/messages/*")
def _edit_followup(world: World, request: Request) -> JSON:
    message = _followup(_world(world).interactions.of(request), request)
    world.rewrite(message, request.body)
    return shown(world, message)


@route("DELETE", "/webhooks/*/*/messages/*")
def _delete_followup(world: World, request: Request) -> None:
    _followup(_world(world).interactions.of(request), request).deleted = True
