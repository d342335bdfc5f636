"""/help: one screen."""

import asyncio
from collections.abc import Callable

import discord
from discord import app_commands, ui
from discord.app_commands import locale_str

from bot.language import _
from cogs.cards import drawing
from cogs.support import Interaction, Noun, community_of, person_of, show, within_time

MENTIONS_WITHIN = 1.0
"""Seconds Discord has to tell its ids of the commands, which make them clickable; names do as well."""


class Help(Noun):
    """Says what Kith is and what one can ask of it."""

    _mentions: dict[str, str]

    async def cog_load(self) -> None:
        """Start without the commands' ids; they are asked for when first needed."""
        await super().cog_load()
        self._mentions = {}

    @app_commands.command(name="help", description=locale_str("What Kith is, and what you can ask of it"))
    @app_commands.guild_only()
    async def help(self, interaction: Interaction) -> None:
        """Show the one screen."""
        await show(interaction, await within_time(interaction, self._screen(interaction)))

    async def _screen(self, interaction: Interaction) -> ui.LayoutView:
        host = await self.app.communities.hosted_by(community_of(interaction), person_of(interaction))
        return help_panel(await self._clickable(), host=host)

    async def _clickable(self) -> dict[str, str]:
        """Return the commands' mentions by name; those of before, or none, while Discord does not tell them."""
        if not self._mentions:
            try:
                async with asyncio.timeout(MENTIONS_WITHIN):
                    self._mentions = mentions_of(await self.bot.tree.fetch_commands())
            except (discord.HTTPException, TimeoutError, OSError):
                return {}
        return self._mentions


def mentions_of(commands: list[app_commands.AppCommand]) -> dict[str, str]:
    """Return the mention of each command and sub-command by its whole name."""
    found: dict[str, str] = {}
    for command in commands:
        found[command.name] = command.mention
        for part in command.options:
            if isinstance(part, app_commands.AppCommandGroup):
                found[part.qualified_name] = part.mention
    return found


def _call_lines(name: Callable[[str], str]) -> list[str]:
    """Return how calls work, in five lines."""
    return [
        _("{command} asks peers for something. You choose who may see it, and see it yourself before it goes.").format(
            command=name("call")
        ),
        _("Its card takes *I'm with you*, *Later*, *I know someone* and *Not me*: each is a full answer."),
        _(
            "While nobody is with the caller, Kith asks others in turn: those whose offers match, then more, this "
            "week's keeper, the hosts."
        ),
        _("Being with someone holds for two days; then you say *Done*, *Need time* or *Hand back*."),
        _("A call ends only when its caller says so. {command} with *open* lists what waits.").format(
            command=name("call")
        ),
    ]


def _circle_lines(name: Callable[[str], str]) -> list[str]:
    """Return how circles work, in three lines."""
    return [
        _("Hosts take turns: those who would like to host, in {command}, are invited a week before.").format(
            command=name("me")
        ),
        _("With nobody to host, anyone may press *Next*. *Bell* is for everyone: a pause."),
        _("Not coming, giving a role back, and staying silent are full answers too."),
    ]


def help_panel(mentions: dict[str, str], *, host: bool) -> ui.LayoutView:
    """Draw the screen; for hosts it has two more lines."""

    def name(command: str) -> str:
        return mentions.get(command, f"/{command}")

    lines = [
        _("Kith tends this community of practice, so that what we learned together goes on in our work."),
        _("It asks a question every so often, brings the answers together, and keeps quiet otherwise."),
        "",
        _("{command} answers this round's question. A line is enough, and passing is a full answer.").format(
            command=name("checkin")
        ),
        _("{command} shows what comes when.").format(command=name("rhythm list")),
        _("{command} shows the learning circles to come: say that you come, take a role, or propose one.").format(
            command=name("circle")
        ),
        _("{command} gathers a thread you wrote in. The draft is yours alone until you publish it there.").format(
            command=name("summary")
        ),
        _("{command} is yours: time zone, time away, what you offer, and all that Kith keeps about you.").format(
            command=name("me")
        ),
        _("{command} shows this screen.").format(command=name("help")),
        "",
        "**" + _("When they call, we respond") + "**",
        *(f"- {line}" for line in _call_lines(name)),
        "",
        "**" + _("Learning circles") + "**",
        *(f"- {line}" for line in _circle_lines(name)),
    ]
    if host:
        lines += [
            "",
            _("As a host you also have {add}, {move}, {skip}, {pause}, {resume} and {end}.").format(
                **{verb: name(f"rhythm {verb}") for verb in ("add", "move", "skip", "pause", "resume", "end")}
            ),
            _("With *Manage Server* you have {start}, and {check} when something does not come.").format(
                start=name("setup start"), check=name("setup check")
            ),
        ]
    return drawing(ui.Container(ui.TextDisplay("\n".join(lines))))
