"""A simulated Discord's memory, and what may be changed in it by a test."""

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

from tests.loopback import payloads
from tests.loopback.people import (
    DIRECT,
    JSON,
    OF_BOTS,
    OF_EVERYONE,
    TEXT,
    Channel,
    Guild,
    Member,
    Message,
    Overwrite,
    Role,
    User,
    bits,
    permissions_of,
    sees,
)

EPOCH = 1_420_070_400_000  # Discord counts milliseconds from 2015
EPHEMERAL = 1 << 6
MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")


class ApiError(Exception):
    """Discord's answer to a request it will not carry out."""

    def __init__(self, status: int, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence


class World:
    """Everything the simulated Discord remembers.

    ``emit`` is called with each gateway event; ``nonce_seconds`` is how long a nonce is remembered;
    without ``message_content`` the bot sees no words but its own, as an unprivileged one does.
    """

    def __init__(self, *, nonce_seconds: float = 180, message_content: bool = True) -> None:
        self.nonce_seconds = nonce_seconds
        self.message_content = message_content
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, User] = {}
        self.commands: dict[int | None, list[JSON]] = {}
        self.emit: Callable[[str, JSON], None] = lambda _event, _data: None
        self._last_id = 0
        self._names = count(1)
        self._nonces: dict[tuple[int, int, str], Message] = {}
        self._direct: dict[int, Channel] = {}
        self.bot = self.add_user("Kith", bot=True)

    def snowflake(self) -> int:
        """Return an id greater than all before, which tells its time as Discord's do."""
        self._last_id = max(self._last_id + 1, (time.time_ns() // 1_000_000 - EPOCH) << 22)
        return self._last_id

    def add_user(self, name: str, *, bot: bool = False) -> User:
        """Make an account."""
        person = User(self.snowflake(), name, bot)
        self.users[person.id] = person
        return person

    def add_guild(
        self,
        name: str | None = None,
        channels: Iterable[str] = ("check-ins", "circles", "calls"),
        *,
        host_role: bool = True,
    ) -> Guild:
        """Make a server with an owner, the bot, text channels and a role called host, which anyone may mention."""
        guild_id, now = self.snowflake(), datetime.now(UTC)
        owner = self.add_user(f"owner{next(self._names)}")
        guild = Guild(guild_id, name or f"community {len(self.guilds) + 1}", owner.id, now)
        guild.roles[guild_id] = Role(guild_id, "@everyone", OF_EVERYONE)
        self.guilds[guild_id] = guild
        if host_role:
            self.add_role(guild, "host").mentionable = True
        own = self.add_role(guild, self.bot.name, permissions=OF_BOTS)
        own.managed = True
        guild.members[owner.id] = Member(owner, guild, now)
        guild.members[self.bot.id] = Member(self.bot, guild, now, [own])
        for each in channels:
            self.add_channel(guild, each)
        return guild

    def add_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        """Make a role."""
        role = Role(self.snowflake(), name, permissions)
        guild.roles[role.id] = role
        return role

    def add_member(self, guild: Guild, name: str | None = None, roles: Iterable[Role] = ()) -> Member:
        """Let someone new join."""
        person = self.add_user(name or f"member{next(self._names)}")
        member = Member(person, guild, datetime.now(UTC), list(roles))
        guild.members[person.id] = member
        return member

    def leave(self, member: Member) -> None:
        """Let someone leave, and with the server its threads; a bot without the members intent hears nothing of it."""
        del member.guild.members[member.id]
        for thread in member.guild.threads.values():
            thread.people.pop(member.id, None)

    def add_channel(self, guild: Guild, name: str, kind: int = TEXT) -> Channel:
        """Make a channel, which the bot hears of if it is connected."""
        channel = Channel(self.snowflake(), name, kind, datetime.now(UTC), guild)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.emit("CHANNEL_CREATE", payloads.channel(channel))
        return channel

    def forbid(self, channel: Channel, *names: str) -> None:
        """Deny the bot the permissions ``names`` in ``channel``."""
        channel.overwrites[self.bot.id] = Overwrite(True, deny=bits(*names))
        self.emit("CHANNEL_UPDATE", payloads.channel(channel))

    def unforbid(self, channel: Channel) -> None:
        """Take back what was denied to the bot in ``channel``."""
        channel.overwrites.pop(self.bot.id, None)
        self.emit("CHANNEL_UPDATE", payloads.channel(channel))

    def say(self, channel: Channel, by: Member | User, words: str) -> Message:
        """Let a person write in ``channel``. Raises LookupError when they can't see it."""
        if isinstance(by, Member) and not sees(by, channel):
            raise LookupError(f"{by.user.name} can't see {channel.name}")
        author = by.user if isinstance(by, Member) else by
        return self.keep(channel, author, {"content": words})

    def direct(self, person: User) -> Channel:
        """Return the bot's conversation with ``person``."""
        if person.id not in self._direct:
            channel = Channel(self.snowflake(), "", DIRECT, datetime.now(UTC), recipient=person)
            self._direct[person.id] = self.channels[channel.id] = channel
        return self._direct[person.id]

    def channel(self, channel_id: int, *needs: str) -> Channel:
        """Return a channel in which the bot has all permissions ``needs``.

        Raises ApiError: 10003 unknown, 50001 not to be seen by the bot, 50013 a permission is missing.
        """
        channel = self.channels.get(channel_id)
        if channel is None:
            raise ApiError(404, 10003, "Unknown Channel")
        if channel.guild is not None:
            if not sees(channel.guild.members[self.bot.id], channel):
                raise ApiError(403, 50001, "Missing Access")
            if not self.may(channel, *needs):
                raise ApiError(403, 50013, "Missing Permissions")
        return channel

    def may(self, channel: Channel, *names: str) -> bool:
        """Whether the bot has all permissions ``names`` in ``channel``."""
        if channel.guild is None:
            return True
        wanted = bits(*names)
        return permissions_of(channel.guild.members[self.bot.id], channel) & wanted == wanted

    def message(self, channel: Channel, message_id: int) -> Message:
        """Return a message that nobody deleted. Raises ApiError: 10008."""
        place = bisect_left(channel.messages, message_id, key=lambda each: each.id)
        found = channel.messages[place : place + 1]
        if not found or found[0].id != message_id or found[0].deleted:
            raise ApiError(404, 10008, "Unknown Message")
        return found[0]

    def keep(self, channel: Channel, author: User, body: JSON, *, silent: bool = False) -> Message:
        """Keep a message of ``author``, and tell the bot unless ``silent``."""
        message = self.draft(channel, author, body)
        channel.messages.append(message)
        channel.archived = False
        if channel.parent is not None and channel.guild is not None:
            for each in (author.id, *message.pinged):  # who writes in a thread or is mentioned there is in it
                if each in channel.guild.members:
                    channel.people.setdefault(each, message.time)
        if message.nonce is not None:
            self._nonces[channel.id, author.id, message.nonce] = message
        if not silent:
            self.emit("MESSAGE_CREATE", payloads.message_event(message, worded=self.worded(message)))
        return message

    def draft(self, channel: Channel, author: User, body: JSON) -> Message:
        """Return a message of ``author`` that stands in no channel, as ephemeral ones do."""
        nonce = body.get("nonce")
        message = Message(
            self.snowflake(),
            channel,
            author,
            time.monotonic(),
            datetime.now(UTC),
            nonce=None if nonce is None else str(nonce),
            reference=body.get("message_reference"),
        )
        self.write(message, body)
        return message

    def write(self, message: Message, body: JSON) -> None:
        """Put what ``body`` says into ``message``, and leave what it is silent about."""
        if "content" in body:
            message.content = body["content"] or ""
        if "components" in body:
            message.components = payloads.numbered(body["components"] or [])
        if "embeds" in body:
            message.embeds = body["embeds"] or []
        if "flags" in body:
            message.flags = body["flags"] or 0
        if "files" in body:
            message.files = body["files"]
        message.pinged = _pinged(message, MENTION, "users", body.get("allowed_mentions"))
        named = _pinged(message, ROLE_MENTION, "roles", body.get("allowed_mentions"))
        message.pinged_roles = [each for each in named if self._rings(message, each)]

    def _rings(self, message: Message, role_id: int) -> bool:
        """Whether a mention of a role reaches those who have it: it is for all to mention, or the author may anyway."""
        guild = message.channel.guild
        role = guild.roles.get(role_id) if guild else None
        if guild is None or role is None:
            return False
        author = guild.members.get(message.author.id)
        may = author is not None and permissions_of(author, message.channel) & bits("mention_everyone")
        return role.mentionable or bool(may)

    def rewrite(self, message: Message, body: JSON) -> None:
        """Edit ``message``, and tell the bot."""
        self.write(message, body)
        message.edited = datetime.now(UTC)
        if not message.flags & EPHEMERAL:
            self.emit("MESSAGE_UPDATE", payloads.message_event(message, worded=self.worded(message)))

    def delete(self, message: Message) -> None:
        """Take ``message`` out of sight, and tell the bot."""
        message.deleted = True
        event: JSON = {"id": str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild is not None:
            event["guild_id"] = str(message.channel.guild.id)
        self.emit("MESSAGE_DELETE", event)

    def open_thread(self, parent: Channel, name: str, start: Message | None, kind: int) -> Channel:
        """Open a thread; one that starts from a message has the message's id."""
        now = datetime.now(UTC)
        thread_id = start.id if start else self.snowflake()
        thread = Channel(thread_id, name, kind, now, parent.guild, parent, self.bot.id)
        thread.people[self.bot.id] = now
        assert parent.guild
        parent.guild.threads[thread_id] = self.channels[thread_id] = thread
        if start is not None:
            start.thread = thread
        self.emit("THREAD_CREATE", payloads.channel(thread) | {"newly_created": True})
        return thread

    def remembered(self, channel: Channel, author: User, nonce: str) -> Message | None:
        """Return the message sent with ``nonce`` within the nonce window."""
        message = self._nonces.get((channel.id, author.id, nonce))
        if message is None or time.monotonic() - message.at >= self.nonce_seconds:
            return None
        return message

    def worded(self, message: Message) -> bool:
        """Whether the bot may see what ``message`` says."""
        return (
            self.message_content
            or message.author is self.bot
            or message.channel.kind == DIRECT
            or self.bot.id in message.pinged
        )


def _pinged(message: Message, mention: re.Pattern[str], kind: str, allowed: Mapping[str, Any] | None) -> list[int]:
    texts = [message.content, *(str(part.get("content", "")) for part in payloads.walk(message.components))]
    named = [int(each) for text in texts if "<@" in text for each in mention.findall(text)]
    if not named or allowed is None or kind in allowed.get("parse", ()):
        return named
    chosen = {int(each) for each in cast("list[str]", allowed.get(kind, []))}
    return [each for each in named if each in chosen]
