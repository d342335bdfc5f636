"""Requests about threads: opened from messages or in a channel, public or private, and who is in them."""

from datetime import UTC, datetime

from tests.loopback import payloads
from tests.loopback.people import DIRECT, JSON, PRIVATE_THREAD, PUBLIC_THREAD, Channel, Message, sees
from tests.loopback.rest import Request, guild_of, member_of, route
from tests.loopback.world import ApiError, World

OPENING = ("/channels/*/messages/*/threads", "/channels/*/threads")
"""Where threads are opened, which Discord answers with 201."""


@route("POST", "/channels/*/messages/*/threads")
def _thread_from_message(world: World, request: Request) -> JSON:
    channel = world.channel(request.id(), "create_public_threads")
    message = world.message(channel, request.id(1))
    if message.thread is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    return payloads.channel(_open(world, channel, request.body, message, PUBLIC_THREAD))


@route("POST", "/channels/*/threads")
def _thread(world: World, request: Request) -> JSON:
    kind = request.body.get("type", PRIVATE_THREAD)
    need = "create_private_threads" if kind == PRIVATE_THREAD else "create_public_threads"
    channel = world.channel(request.id(), need)
    return payloads.channel(_open(world, channel, request.body, None, kind))


def _open(world: World, channel: Channel, body: JSON, start: Message | None, kind: int) -> Channel:
    if channel.kind == DIRECT or channel.parent is not None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if not 1 <= len(body["name"]) <= 100:
        raise ApiError(400, 50035, "name: Must be between 1 and 100 in length.")
    thread = world.open_thread(channel, body["name"], start, kind)
    thread.invitable = body.get("invitable", True)
    thread.archives_after = body.get("auto_archive_duration") or thread.archives_after
    return thread


@route("GET", "/guilds/*/threads/active")
def _active(world: World, request: Request) -> JSON:
    guild = guild_of(world, request)
    bot = guild.members[world.bot.id]
    threads = [thread for thread in guild.threads.values() if not thread.archived and sees(bot, thread)]
    return {
        "threads": [payloads.channel(thread) for thread in threads],
        "members": [payloads.thread_member(thread, bot.id) for thread in threads if bot.id in thread.people],
        "has_more": False,
    }


def _the_thread(world: World, request: Request, *needs: str) -> Channel:
    thread = world.channel(request.id(), *needs)
    if thread.parent is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return thread


@route("GET", "/channels/*/thread-members")
def _members(world: World, request: Request) -> list[JSON]:
    _the_thread(world, request)
    raise ApiError(403, 50001, "Missing Access")  # the list needs the members intent, which no bot has here


@route("GET", "/channels/*/thread-members/*")
def _member(world: World, request: Request) -> JSON:
    thread = _the_thread(world, request)
    if request.id(1) not in thread.people:
        raise ApiError(404, 10007, "Unknown Member")
    return payloads.thread_member(thread, request.id(1))


@route("PUT", "/channels/*/thread-members/*")
def _add(world: World, request: Request) -> None:
    thread = _the_thread(world, request, "send_messages_in_threads")
    assert thread.guild
    member = member_of(world, thread.guild, request.id(1))
    if thread.archived:
        raise ApiError(400, 50083, "Thread is archived")
    thread.people.setdefault(member.id, datetime.now(UTC))


@route("DELETE", "/channels/*/thread-members/*")
def _remove(world: World, request: Request) -> None:
    thread = _the_thread(world, request)
    if thread.owner_id != world.bot.id or thread.kind != PRIVATE_THREAD:
        world.channel(thread.id, "manage_threads")
    thread.people.pop(request.id(1), None)
