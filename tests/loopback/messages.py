"""Requests about messages."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import islice

from tests.loopback import payloads
from tests.loopback.people import JSON, Channel, Message
from tests.loopback.rest import Request, route
from tests.loopback.world import ApiError, World

V2 = 1 << 15  # IS_COMPONENTS_V2


def shown(world: World, message: Message) -> JSON:
    """Return ``message`` as the bot may see it."""
    return payloads.message(message, worded=world.worded(message))


def check(body: JSON, flags: int) -> None:
    """Refuse a body that Discord would refuse. Raises ApiError: 50006, 50035.

    Source: Discord's documentation, "Create Message".
    """
    content = body.get("content") or ""
    if flags & V2 and (content or body.get("embeds")):
        raise ApiError(400, 50035, "content and embeds cannot be used with IS_COMPONENTS_V2")
    if len(content) > 2000:
        raise ApiError(400, 50035, "content: Must be 2000 or fewer in length.")
    if len(str(body.get("nonce") or "")) > 25:
        raise ApiError(400, 50035, "nonce: Must be 25 or fewer in length.")
    if not (content or any(body.get(key) for key in ("components", "embeds", "files", "poll"))):
        raise ApiError(400, 50006, "Cannot send an empty message")


@route("POST", "/channels/*/messages")
def _create(world: World, request: Request) -> JSON:
    channel = world.channel(request.id())
    in_thread = channel.parent is not None
    world.channel(channel.id, "send_messages_in_threads" if in_thread else "send_messages")
    body: JSON = request.body or {}
    check(body, body.get("flags") or 0)
    if body.get("enforce_nonce"):
        earlier = world.remembered(channel, world.bot, str(body.get("nonce")))
        if earlier is not None:
            return shown(world, earlier)
    return shown(world, world.keep(channel, world.bot, body))


@route("GET", "/channels/*/messages")
def _history(world: World, request: Request) -> list[JSON]:
    channel = world.channel(request.id())
    if not world.may(channel, "read_message_history"):
        return []
    limit = int(request.params.get("limit", 50))
    if not 1 <= limit <= 100:
        raise ApiError(400, 50035, "limit: int value should be between 1 and 100.")
    return [shown(world, message) for message in _page(channel, request.params, limit)]


def _page(channel: Channel, params: dict[str, str], limit: int) -> list[Message]:
    """Return a page of history, newest first."""
    kept = channel.messages
    if "after" in params:
        return _after(kept, int(params["after"]), limit)[::-1]
    if "before" in params:
        return _before(kept, bisect_left(kept, int(params["before"]), key=_id), limit)
    if "around" in params:
        middle = int(params["around"])
        newer = _after(kept, middle, limit // 2)[::-1]
        return newer + _before(kept, bisect_right(kept, middle, key=_id), limit - len(newer))
    return _before(kept, len(kept), limit)


def _id(message: Message) -> int:
    return message.id


def _standing(messages: Iterable[Message], limit: int) -> list[Message]:
    return list(islice((message for message in messages if not message.deleted), limit))


def _after(kept: list[Message], message_id: int, limit: int) -> list[Message]:
    start = bisect_right(kept, message_id, key=_id)
    return _standing((kept[place] for place in range(start, len(kept))), limit)


def _before(kept: list[Message], end: int, limit: int) -> list[Message]:
    return _standing((kept[place] for place in range(end - 1, -1, -1)), limit)


@route("GET", "/channels/*/messages/*")
def _read(world: World, request: Request) -> JSON:
    channel = world.channel(request.id(), "read_message_history")
    return shown(world, world.message(channel, request.id(1)))


@route("PATCH", "/channels/*/messages/*")
def _edit(world: World, request: Request) -> JSON:
    message = world.message(world.channel(request.id()), request.id(1))
    if message.author is not world.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    world.rewrite(message, request.body)
    return shown(world, message)


@route("DELETE", "/channels/*/messages/*")
def _delete(world: World, request: Request) -> None:
    channel = world.channel(request.id())
    message = world.message(channel, request.id(1))
    if message.author is not world.bot:
        world.channel(channel.id, "manage_messages")
    world.delete(message)


@route("POST", "/channels/*/typing")
def _typing(world: World, request: Request) -> None:
    world.channel(request.id(), "send_messages")
