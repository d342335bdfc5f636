"""Kith's command on a bare discord.py bot, the floor to measure from: ``python -m tests.bench.bare PORT``."""

import os
import sys
from typing import Any

import discord
from discord import app_commands, ui

from tests.loopback.launch import point_discord_at

WORDS = ("rested", "curious", "glad", "full", "tired", "tender", "restless", "grateful")


class CheckInForm(ui.Modal, title="Check in"):
    """A form of the same five parts as Kith's."""

    question = ui.TextDisplay[Any]("### What did you try since we last met?")
    words = ui.Label[ui.Modal](
        text="Your words", component=ui.TextInput(custom_id="words", style=discord.TextStyle.paragraph)
    )
    arriving = ui.Label[ui.Modal](
        text="Arriving",
        component=ui.Select(
            custom_id="arriving", required=False, options=[discord.SelectOption(label=each) for each in WORDS]
        ),
    )
    share = ui.Label[ui.Modal](
        text="Who may see it",
        component=ui.RadioGroup(
            custom_id="share",
            options=[discord.RadioGroupOption(label=each) for each in ("everyone", "hosts", "me")],
        ),
    )
    need = ui.Label[ui.Modal](text="I need something", component=ui.Checkbox(custom_id="need"))

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Thank, and keep nothing."""
        view = ui.LayoutView(timeout=None)
        view.add_item(ui.TextDisplay("Thank you."))
        row = ui.ActionRow[ui.LayoutView]()
        row.add_item(ui.Button(label="Change it", custom_id="change"))
        row.add_item(ui.Button(label="Take it back", custom_id="back"))
        view.add_item(row)
        view.stop()
        await interaction.response.send_message(view=view, ephemeral=True)


async def checkin(interaction: discord.Interaction) -> None:
    """Open the form."""
    await interaction.response.send_modal(CheckInForm())


class BareBot(discord.Client):
    """A client with one command, Kith's intents and no cache of members or messages."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True)
        super().__init__(
            intents=intents,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.tree = app_commands.CommandTree(self)
        self.tree.command(description="Answer this round's question")(checkin)

    async def setup_hook(self) -> None:
        """Register the command."""
        await self.tree.sync()


if __name__ == "__main__":
    point_discord_at(int(sys.argv[1]))
    BareBot().run(os.environ["DISCORD_TOKEN"], log_handler=None)
