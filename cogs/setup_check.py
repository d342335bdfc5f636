"""How Kith stands in a server: what it may do there, what it lacks and where to grant it, what it will do."""

import platform
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot import __version__
from bot.language import _
from bot.services.communities import Outlook, ToCome
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind
from cogs import cards
from cogs.words import reason_words

MOST_WENT_WRONG = 5
NEEDED = (
    "view_channel",
    "send_messages",
    "create_public_threads",
    "send_messages_in_threads",
    "read_message_history",
)
"""What Kith needs in each of its channels."""
NEEDED_WITH_PRIVATE = ("view_channel", "send_messages", "create_public_threads", "create_private_threads", *NEEDED[3:])
"""What it needs in those for calls and circles: calls to hosts and to people named, and groups of written circles,
live in private threads."""
NEEDED_FOR_EVENTS = {
    discord.ChannelType.voice: ("view_channel", "connect"),
    discord.ChannelType.stage_voice: ("view_channel", "connect", "manage_channels", "mute_members", "move_members"),
}
"""What Discord asks of whoever makes an event in a voice or stage channel, beside *Create Events*:
https://docs.discord.com/developers/resources/guild-scheduled-event"""
MOST_PLACES = 3
"""Voice and stage channels named for what they lack."""


def permission_words(names: list[str]) -> str:
    """Return permissions as Discord's settings call them."""
    words = {
        "view_channel": _("View Channel"),
        "send_messages": _("Send Messages"),
        "create_public_threads": _("Create Public Threads"),
        "create_private_threads": _("Create Private Threads"),
        "send_messages_in_threads": _("Send Messages in Threads"),
        "read_message_history": _("Read Message History"),
        "connect": _("Connect"),
        "manage_channels": _("Manage Channels"),
        "mute_members": _("Mute Members"),
        "move_members": _("Move Members"),
        "send_polls": _("Create Polls"),
    }
    return ", ".join(words[name] for name in names)


def lacking(channel: discord.abc.GuildChannel, needed: Sequence[str] = NEEDED) -> list[str]:
    """Return the permissions Kith needs in a channel and lacks; where it can't see or join it, that comes first."""
    given = channel.permissions_for(channel.guild.me)
    for first in ("view_channel", "connect"):
        if first in needed and not getattr(given, first):
            return [first]
    return [name for name in needed if not getattr(given, name)]


def role_name(guild: discord.Guild) -> str:
    """Return the name under which Discord's settings list Kith's permissions."""
    role = guild.self_role
    return discord.utils.escape_markdown(role.name if role else guild.me.display_name)


def card(
    outlook: Outlook, guild: discord.Guild | None, intents: discord.Intents, *, reads_messages: bool
) -> ui.LayoutView:
    """Draw the check."""
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay("## " + _("How Kith stands here") + "\n" + _begun_words(outlook.community)),
        ui.Separator(),
    ]
    if guild is None:
        waiting = _("Discord hasn't told me about this server's channels yet. Run /setup check again in a minute.")
        parts.append(ui.TextDisplay(waiting))
    else:
        needs = _("In each channel I need: {permissions}; in those for calls and circles also {private}.").format(
            permissions=permission_words(list(NEEDED)), private=permission_words(["create_private_threads"])
        )
        lines = [*_channel_lines(outlook.community, guild), *_place_lines(outlook, guild)]
        parts += [ui.TextDisplay(f"-# {needs}"), ui.TextDisplay("\n".join(lines))]
        if roles := _role_lines(outlook.community, guild):
            parts.append(ui.TextDisplay("\n".join(roles)))
    parts += [ui.Separator(), ui.TextDisplay("**" + _("What comes next") + "**\n" + _coming_words(outlook.to_come))]
    if outlook.went_wrong:
        parts.append(
            ui.TextDisplay("**" + _("What I could not say lately") + "**\n" + _wrong_words(outlook.went_wrong))
        )
    parts += [ui.Separator(), ui.TextDisplay(_about_words(outlook, intents, reads_messages=reads_messages))]
    return cards.drawing(ui.Container(*parts))


def _begun_words(community: Community) -> str:
    if community.begun_at is None:
        return _("It has not begun, so nothing is posted. /setup start ends with *Begin*.")
    return _("It began {when}.").format(when=cards.stamp(community.begun_at, "D"))


def _channel_lines(community: Community, guild: discord.Guild) -> list[str]:
    return [
        _channel_line(_("Check-ins"), community.checkins_channel_id, guild, NEEDED),
        _channel_line(_("Circles"), community.circles_channel_id, guild, NEEDED_WITH_PRIVATE),
        _channel_line(_("Calls"), community.calls_channel_id, guild, NEEDED_WITH_PRIVATE),
        *_poll_lines(community, guild),
        _line(_("Events"), _event_words(guild)),
    ]


def _line(name: str, words: str) -> str:
    return f"**{name}** · {words}"


def _poll_lines(community: Community, guild: discord.Guild) -> list[str]:
    channel = guild.get_channel(community.circles_channel_id or 0)
    if channel is None:
        return []
    words = _("hosts can have a poll made of what members wish to happen next.")
    if lacking(channel, ["send_polls"]):
        words = _("hosts do without a poll of what members wish to happen next. To have it: {grant}").format(
            grant=_grant_words(channel, ["send_polls"])
        )
    return [_line(_("Polls"), words)]


def _place_lines(outlook: Outlook, guild: discord.Guild) -> list[str]:
    """Return where circles are to meet and an event can't be made, with what to allow there."""
    if not guild.me.guild_permissions.create_events:
        return []
    lines: list[str] = []
    for channel in filter(None, map(guild.get_channel, sorted(outlook.places))):
        if lacks := lacking(channel, NEEDED_FOR_EVENTS.get(channel.type, ())):
            words = _("circles in {channel} take place without an event. To have them: {grant}").format(
                channel=channel.mention, grant=_grant_words(channel, lacks)
            )
            lines.append(_line(_("Events"), words))
    return lines[:MOST_PLACES]


def _grant_words(channel: discord.abc.GuildChannel, lacks: list[str]) -> str:
    return _("Open {channel} → Edit channel → Permissions → {role}, and allow *{lacks}*.").format(
        channel=channel.mention, role=role_name(channel.guild), lacks=permission_words(lacks)
    )


def _event_words(guild: discord.Guild) -> str:
    if guild.me.guild_permissions.create_events:
        return _("I can make an event for each live circle.")
    return _(
        "live circles take place without an event. To have them, open Server Settings → Roles → {role}, and allow "
        "*Create Events*."
    ).format(role=role_name(guild))


def _channel_line(name: str, channel_id: int | None, guild: discord.Guild, needed: Sequence[str]) -> str:
    if channel_id is None:
        return f"**{name}** · " + _("no channel yet; /setup start chooses one.")
    channel = guild.get_channel(channel_id)
    if not isinstance(channel, discord.TextChannel):
        return f"**{name}** · " + _("the channel is gone. Choose another with /setup start.")
    lacks = lacking(channel, needed)
    if not lacks:
        return f"**{name}** · {channel.mention} · " + _("all I need is there.")
    given = channel.permissions_for(guild.me)
    has = permission_words([each for each in needed if getattr(given, each)]) or _("nothing")
    return (
        f"**{name}** · {channel.mention} · "
        + _("lacks *{lacks}*.").format(lacks=permission_words(lacks))
        + f"\n{_grant_words(channel, lacks)}\n-# "
        + _("Has: {permissions}.").format(permissions=has)
    )


def _role_lines(community: Community, guild: discord.Guild) -> list[str]:
    channel = guild.get_channel(community.checkins_channel_id or 0)
    mentions_all = channel is not None and channel.permissions_for(guild.me).mention_everyone
    lines: list[str] = []
    for name, role_id in ((_("Hosts"), community.host_role_id), (_("Bell"), community.bell_role_id)):
        role = guild.get_role(role_id) if role_id else None
        if role_id and role is None:
            lines.append(f"**{name}** · " + _("the role is gone. Choose another with /setup start."))
        elif role is not None and not role.mentionable and not mentions_all:
            grant = _(
                "I can't mention this role, so nobody hears it. Open Server Settings → Roles → {role}, and turn on "
                "*Allow anyone to @mention this role*."
            ).format(role=discord.utils.escape_markdown(role.name))
            lines.append(f"**{name}** · {role.mention} · {grant}")
        elif role is not None:
            lines.append(f"**{name}** · {role.mention} · " + _("I can mention this role."))
    if not community.host_role_id:
        lines.append(
            f"**{_('Hosts')}** · " + _("no role yet, so those who manage the server host. /setup start chooses one.")
        )
    return lines


def _coming_words(to_come: list[ToCome]) -> str:
    if not to_come:
        return _("Nothing is planned.")
    return "\n".join(f"- {cards.stamp(thing.at)} · {what_words(thing.what)}" for thing in to_come)


def _wrong_words(went_wrong: list[Delivery]) -> str:
    return "\n".join(
        f"- {cards.stamp(each.due_at, 'f')} · {what_words(each.kind.value)}. {reason_words(each.reason)}"
        for each in went_wrong[:MOST_WENT_WRONG]
    )


def what_words(what: str) -> str:
    """Return the words for one thing Kith does."""
    return {
        "open": _("a check-in opens"),
        "close": _("a check-in closes"),
        "turn": _("a keeper's turn begins"),
        "announce": _("a learning circle is announced"),
        DeliveryKind.ROUND.value: _("a check-in's card"),
        DeliveryKind.CHECK_IN.value: _("a member's check-in"),
        DeliveryKind.WEAVING.value: _("the weaving of a round"),
        DeliveryKind.REMINDER.value: _("a reminder to someone who asked for it"),
        DeliveryKind.QUIET.value: _("a question to the hosts"),
        DeliveryKind.NOTE.value: _("a note to the hosts"),
        DeliveryKind.KEEPER.value: _("the card that says who keeps calls"),
        DeliveryKind.CALL.value: _("a call's card"),
        DeliveryKind.DOOR.value: _("the message that tells the hosts of a call"),
        DeliveryKind.RUNG.value: _("a call asks further"),
        DeliveryKind.WORD.value: _("a word in a call's thread"),
        DeliveryKind.CIRCLE.value: _("a circle's card"),
        DeliveryKind.EVENT.value: _("a live circle's event"),
        DeliveryKind.PANEL.value: _("the panel of a running circle"),
        DeliveryKind.CIRCLE_WORD.value: _("a word in a circle's thread"),
        DeliveryKind.SUMMARY.value: _("a summary in its thread"),
        DeliveryKind.SUMMARY_NOTICE.value: _("the word to a thread that a language model was asked to summarise it"),
    }.get(what, what)


def _about_words(outlook: Outlook, intents: discord.Intents, *, reads_messages: bool) -> str:
    versions = f"Kith {__version__} · discord.py {discord.__version__} · {outlook.database} · "
    asked = ", ".join(name for name, on in intents if on)
    reading = _(
        "Discord sends me the words only of messages that mention me, and so of most replies to my posts; "
        "I neither keep nor log them."
    )
    if reads_messages:
        reading += " " + _("When somebody asks for a summary I may read that thread, and keep only the summary.")
    else:
        reading += " " + _(
            "For summaries of whole threads, whoever runs me turns on *Message Content Intent* in Discord's developer "
            "portal and starts me anew."
        )
    return (
        f"-# {versions}Python {platform.python_version()}\n-# "
        + _("Intents: {intents}.").format(intents=asked)
        + f" {reading}"
    )
