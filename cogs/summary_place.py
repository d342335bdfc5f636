"""Where a summary is asked for: which thread or channel that is, who may read there, and who may write."""

import discord

from bot.errors import Refusal
from bot.language import _
from bot.services.summary_terms import Place
from cogs.support import Interaction


def place_of(interaction: Interaction) -> Place:
    """Return the thread or channel an interaction is in."""
    channel = interaction.channel
    assert channel is not None
    if isinstance(channel, discord.Thread):
        return Place(channel.id, channel.parent_id, channel.is_private())
    return Place(channel.id, channel.id)


def require_reading(interaction: Interaction) -> None:
    """Raise Refusal unless the one who asks, and Kith, may read what was written in the channel."""
    if not (interaction.permissions.view_channel and interaction.permissions.read_message_history):
        raise Refusal(
            _("You may not read what was written here before, so I don't gather it for you. Ask a host for a summary.")
        )
    if not (interaction.app_permissions.view_channel and interaction.app_permissions.read_message_history):
        raise Refusal(
            _(
                "I may not read what was written here. Someone who manages this server can allow my role *View "
                "Channel* and *Read Message History* in this channel's permissions."
            )
        )


def require_posting(interaction: Interaction) -> None:
    """Raise Refusal unless Kith may write in the channel."""
    if not may_write(interaction, interaction.app_permissions):
        raise Refusal(
            _(
                "I may not write here, so the draft stays a draft. Someone who manages this server can allow my role "
                "*Send Messages* and *Send Messages in Threads* in this channel's permissions; then press *Publish* "
                "again."
            )
        )


def may_write(interaction: Interaction, given: discord.Permissions) -> bool:
    """Tell whether someone with these permissions may write where an interaction is."""
    in_thread = isinstance(interaction.channel, discord.Thread)
    return given.send_messages_in_threads if in_thread else given.send_messages


def readable_by(interaction: Interaction) -> list[int]:
    """Return the channels in which somebody may read what was written."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return []
    allowed = [(each.id, each.permissions_for(member)) for each in guild.channels]
    return [channel_id for channel_id, given in allowed if given.view_channel and given.read_message_history]
