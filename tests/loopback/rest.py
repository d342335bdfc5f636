"""Which request is answered by what: the table of routes, and servers, channels and commands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from tests.loopback import payloads
from tests.loopback.people import JSON, TEXT, Guild, Member, Overwrite
from tests.loopback.world import ApiError, World

TOKEN = "aW50ZXJhY3Rpb24"  # every interaction's token begins with this


@dataclass(slots=True)
class Request:
    """One request that reached the server.

    ``path`` is without ``/api/v10``; ``at`` is on the monotonic clock, in seconds; ``status`` is None until
    it is answered, and stays None when the answer was lost.
    """

    method: str
    path: str
    params: dict[str, str]
    body: Any
    at: float
    status: int | None = None
    ids: list[str] = field(default_factory=list[str])

    def id(self, place: int = 0) -> int:
        """Return the ``place``-th id in the path."""
        return int(self.ids[place])


Handler = Callable[[World, Request], Any]
_TABLE: dict[tuple[str, str], Handler] = {}


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Register the function that answers ``method`` on ``template``, in which ``*`` stands for an id."""

    def register(handler: Handler) -> Handler:
        _TABLE[method, template] = handler
        return handler

    return register


def template_of(request: Request) -> str:
    """Return the path with ``*`` for each id, and keep the ids in the request."""
    parts = request.path.split("/")
    for place, part in enumerate(parts):
        if part.isdigit() or part.startswith(TOKEN):
            request.ids.append(part)
            parts[place] = "*"
    return "/".join(parts)


def handler_of(method: str, template: str) -> Handler | None:
    """Return what answers ``method`` on ``template``, if anything does."""
    return _TABLE.get((method, template))


def guild_of(world: World, request: Request) -> Guild:
    """Return the server the path speaks of. Raises ApiError: 10004."""
    guild = world.guilds.get(request.id())
    if guild is None:
        raise ApiError(404, 10004, "Unknown Guild")
    return guild


def member_of(world: World, guild: Guild, user_id: int) -> Member:
    """Return a member of a server. Raises ApiError: 10007 for those who are not in it, 10013 for nobody's id."""
    if user_id not in world.users:
        raise ApiError(404, 10013, "Unknown User")
    if user_id not in guild.members:
        raise ApiError(404, 10007, "Unknown Member")
    return guild.members[user_id]


@route("GET", "/users/@me")
def _myself(world: World, _request: Request) -> JSON:
    return payloads.user(world.bot)


@route("GET", "/users/*")
def _someone(world: World, request: Request) -> JSON:
    person = world.users.get(request.id())
    if person is None:
        raise ApiError(404, 10013, "Unknown User")
    return payloads.user(person)


@route("GET", "/oauth2/applications/@me")
@route("GET", "/applications/@me")
def _application(world: World, _request: Request) -> JSON:
    return payloads.application(world.bot)


@route("POST", "/users/@me/channels")
def _open_direct(world: World, request: Request) -> JSON:
    person = world.users.get(int(request.body["recipient_id"]))
    if person is None:
        raise ApiError(400, 50033, "Invalid Recipient(s)")
    return payloads.channel(world.direct(person))


@route("GET", "/guilds/*")
def _guild(world: World, request: Request) -> JSON:
    return payloads.guild(guild_of(world, request))


@route("GET", "/guilds/*/roles")
def _roles(world: World, request: Request) -> list[JSON]:
    return [payloads.role(role) for role in guild_of(world, request).roles.values()]


@route("GET", "/guilds/*/channels")
def _channels(world: World, request: Request) -> list[JSON]:
    return [payloads.channel(channel) for channel in guild_of(world, request).channels.values()]


@route("GET", "/guilds/*/members/*")
def _member(world: World, request: Request) -> JSON:
    return payloads.member(member_of(world, guild_of(world, request), request.id(1)))


@route("POST", "/guilds/*/channels")
def _make_channel(world: World, request: Request) -> JSON:
    kind = request.body.get("type", TEXT)
    return payloads.channel(world.add_channel(guild_of(world, request), request.body["name"], kind))


@route("GET", "/channels/*")
def _channel(world: World, request: Request) -> JSON:
    return payloads.channel(world.channel(request.id()))


@route("PATCH", "/channels/*")
def _edit_channel(world: World, request: Request) -> JSON:
    channel = world.channel(request.id())
    body: JSON = request.body
    needs = "manage_channels" if channel.parent is None else "manage_threads"
    if channel.owner_id != world.bot.id:
        world.channel(channel.id, needs)
    channel.name = body.get("name", channel.name)
    channel.topic = body.get("topic", channel.topic)
    channel.archived = body.get("archived", channel.archived)
    channel.locked = body.get("locked", channel.locked)
    channel.archives_after = body.get("auto_archive_duration", channel.archives_after)
    for each in cast("list[JSON]", body.get("permission_overwrites") or []):
        allow, deny = int(each.get("allow", 0)), int(each.get("deny", 0))
        channel.overwrites[int(each["id"])] = Overwrite(each["type"] == 1, allow, deny)
    world.emit("CHANNEL_UPDATE" if channel.parent is None else "THREAD_UPDATE", payloads.channel(channel))
    return payloads.channel(channel)


@route("GET", "/applications/*/commands")
@route("GET", "/applications/*/guilds/*/commands")
def _commands(world: World, request: Request) -> list[JSON]:
    return world.commands.get(_place(request), [])


@route("PUT", "/applications/*/commands")
@route("PUT", "/applications/*/guilds/*/commands")
def _set_commands(world: World, request: Request) -> list[JSON]:
    place = _place(request)
    known = {(each["name"], each.get("type", 1)): each["id"] for each in world.commands.get(place, [])}
    world.commands[place] = [
        _command(world, request, each, known.get((each["name"], each.get("type", 1)))) for each in request.body
    ]
    return world.commands[place]


def _place(request: Request) -> int | None:
    return request.id(1) if len(request.ids) > 1 else None


def _command(world: World, request: Request, command: JSON, known: str | None) -> JSON:
    given = {key: value for key, value in command.items() if value is not None}
    own: JSON = {
        "id": known or str(world.snowflake()),
        "application_id": str(world.bot.id),
        "version": str(world.snowflake()),
        "type": 1,
        "description": "",
        "default_member_permissions": None,
    }
    if (place := _place(request)) is not None:
        own["guild_id"] = str(place)
    return own | given
