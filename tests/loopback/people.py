"""What a simulated Discord is made of: servers, roles, members, channels and messages, as plain objects."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import discord

JSON = dict[str, Any]

TEXT, DIRECT, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12


def bits(*names: str) -> int:
    """Return the permission bits of ``names``, as discord.py calls them."""
    chosen = 0
    for name in names:
        chosen |= discord.Permissions.VALID_FLAGS[name]
    return chosen


EVERYTHING = discord.Permissions.all().value
OF_BOTS = EVERYTHING & ~bits("administrator", "mention_everyone")
OF_EVERYONE = bits(
    "view_channel",
    "read_message_history",
    "send_messages",
    "send_messages_in_threads",
    "create_public_threads",
    "create_private_threads",
    "embed_links",
    "attach_files",
    "add_reactions",
    "use_application_commands",
)


@dataclass(slots=True, eq=False)
class User:
    """Someone with an account, in a server or not."""

    id: int
    name: str
    bot: bool = False


@dataclass(slots=True, eq=False)
class Role:
    """A role; a server's @everyone role has the server's id."""

    id: int
    name: str
    permissions: int = 0
    managed: bool = False
    mentionable: bool = False


@dataclass(slots=True, eq=False)
class Member:
    """A user in one server."""

    user: User
    guild: "Guild"
    joined: datetime
    roles: list[Role] = field(default_factory=list[Role])

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id


@dataclass(slots=True, eq=False)
class Overwrite:
    """What one channel grants or denies to a role or a member."""

    of_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, eq=False)
class Message:
    """A message as Discord keeps it; a deleted one stays here, marked.

    ``at`` is on the monotonic clock; ``pinged`` are the ids of members it notified by name, ``pinged_roles`` of roles.
    """

    id: int
    channel: "Channel"
    author: User
    at: float
    time: datetime
    content: str = ""
    components: list[JSON] = field(default_factory=list[JSON])
    embeds: list[JSON] = field(default_factory=list[JSON])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    flags: int = 0
    nonce: str | None = None
    pinged: list[int] = field(default_factory=list[int])
    pinged_roles: list[int] = field(default_factory=list[int])
    reference: JSON | None = None
    application_id: int | None = None
    edited: datetime | None = None
    thread: "Channel | None" = None
    deleted: bool = False

    @property
    def channel_id(self) -> int:
        """The id of the channel or thread it is in."""
        return self.channel.id


@dataclass(slots=True, eq=False)
class Channel:
    """A channel, a thread (it has a parent) or a direct conversation (it has no server).

    ``messages`` only ever grows, in order of id.
    """

    id: int
    name: str
    kind: int
    created: datetime
    guild: "Guild | None" = None
    parent: "Channel | None" = None
    owner_id: int = 0
    topic: str | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    messages: list[Message] = field(default_factory=list[Message])
    people: dict[int, datetime] = field(default_factory=dict[int, datetime])
    recipient: User | None = None
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    archives_after: int = 1440

    @property
    def shown(self) -> list[Message]:
        """The messages nobody deleted, oldest first."""
        return [message for message in self.messages if not message.deleted]


@dataclass(slots=True, eq=False)
class Guild:
    """A server, with the bot in it."""

    id: int
    name: str
    owner_id: int
    created: datetime
    roles: dict[int, Role] = field(default_factory=dict[int, Role])
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])
    threads: dict[int, Channel] = field(default_factory=dict[int, Channel])
    members: dict[int, Member] = field(default_factory=dict[int, Member])

    def channel(self, name: str) -> Channel:
        """Return the channel called ``name``."""
        return next(channel for channel in self.channels.values() if channel.name == name)

    @property
    def owner(self) -> Member:
        """The member who may do everything."""
        return self.members[self.owner_id]

    def role(self, name: str) -> Role:
        """Return the role called ``name``."""
        return next(role for role in self.roles.values() if role.name == name)


def permissions_of(member: Member, channel: Channel) -> int:
    """Return what ``member`` may do in ``channel``; a thread follows its parent.

    Source: Discord's documentation, "Permissions", overwrites.
    """
    guild, place = member.guild, channel.parent or channel
    if member.id == guild.owner_id:
        return EVERYTHING
    granted = guild.roles[guild.id].permissions
    for role in member.roles:
        granted |= role.permissions
    if granted & bits("administrator"):
        return EVERYTHING
    if not place.overwrites:
        return granted
    allow = deny = 0
    for target, overwrite in place.overwrites.items():
        if target == guild.id:
            granted = granted & ~overwrite.deny | overwrite.allow
        elif any(role.id == target for role in member.roles):
            allow, deny = allow | overwrite.allow, deny | overwrite.deny
    granted = granted & ~deny | allow
    own = place.overwrites.get(member.id)
    return granted & ~own.deny | own.allow if own else granted


def sees(member: Member, channel: Channel) -> bool:
    """Whether ``member`` can see ``channel``; a private thread is for those in it and those who manage threads.

    Source: Discord's documentation, "Threads", private threads.
    """
    granted = permissions_of(member, channel)
    if not granted & bits("view_channel"):
        return False
    return channel.kind != PRIVATE_THREAD or member.id in channel.people or bool(granted & bits("manage_threads"))
