"""/setup: the panel on which a community is set up, and the check of how Kith stands in it."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.app_commands import locale_str

from bot.calendar import zone_suggestions
from bot.errors import Refusal
from bot.language import _, language_name, languages, speaking
from bot.services.communities import Channels, SetUp
from bot.services.moments import read_time
from bot.services.rhythms import Beat
from bot.store.communities import Community
from bot.summary_try import made_up, try_out
from cogs import setup_check, setup_panel, summary_setup
from cogs.setup_panel import SELECTS, guild_of
from cogs.support import (
    Interaction,
    Noun,
    answers,
    community_of,
    in_a_moment,
    open_form,
    person_of,
    press,
    redraw,
    show,
    within_time,
)

_TOO_MANY_CHANNELS = 30013
SUGGESTED = 25
"""How many choices Discord shows while someone types."""


class Communities(Noun):
    """Someone who manages the server sets Kith up, and sees what it still needs."""

    group = app_commands.Group(
        name="setup",
        description=locale_str("Set Kith up in this server, and check how it stands"),
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )
    making: set[int]
    """Communities whose channels are being made at this moment; only saves a second click from making them twice."""

    async def cog_load(self) -> None:
        """Register what can be pressed."""
        await super().cog_load()
        self.making = set()

    @group.command(name="start", description=locale_str("Set Kith up, or change what was chosen"))
    @app_commands.describe(
        language=locale_str("The language of what Kith posts here"),
        zone=locale_str("Your community's time zone: type a city near you"),
    )
    async def start(self, interaction: Interaction, language: str | None = None, zone: str | None = None) -> None:
        """Open the set-up panel."""
        set_up = await within_time(
            interaction,
            self.app.communities.start(
                community_of(interaction),
                person_of(interaction),
                language=language,
                zone=zone,
                channels=channels_of(interaction),
            ),
        )
        await show(interaction, setup_panel.panel(set_up, guild_of(interaction)))

    @start.autocomplete("language")
    async def suggest_language(self, _interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the languages Kith speaks."""
        names = {code: language_name(code) for code in languages()}
        found = [code for code, name in names.items() if typed.lower() in f"{code} {name}".lower()]
        return [app_commands.Choice(name=names[code], value=code) for code in found[:SUGGESTED]]

    @start.autocomplete("zone")
    async def suggest_zone(self, _interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer time zones that hold what was typed."""
        return [app_commands.Choice(name=zone, value=zone) for zone in zone_suggestions(typed, SUGGESTED)]

    @group.command(name="check", description=locale_str("See what Kith may do, what it will do, and what it lacks"))
    async def check(self, interaction: Interaction) -> None:
        """Show how Kith stands here."""
        outlook = await within_time(
            interaction, self.app.communities.check(community_of(interaction), person_of(interaction))
        )
        reads = self.bot.reads_messages
        await show(
            interaction, setup_check.card(outlook, guild_of(interaction), self.bot.intents, reads_messages=reads)
        )

    @group.command(name="summaries", description=locale_str("Choose how threads are summarised, and see what it costs"))
    async def summaries(self, interaction: Interaction) -> None:
        """Open the panel for summaries."""
        await show(interaction, await within_time(interaction, self._summarising(interaction)))

    @press("setup:summaries")
    async def show_summaries(self, interaction: Interaction, _id: int) -> None:
        """Show the panel for summaries again."""
        await redraw(interaction, await within_time(interaction, self._summarising(interaction)))

    @press("setup:model_on")
    async def turn_model_on(self, interaction: Interaction, _id: int) -> None:
        """Let words of this community go to the model."""
        await redraw(interaction, await within_time(interaction, self._summarising(interaction, model_on=True)))

    @press("setup:model_off")
    async def turn_model_off(self, interaction: Interaction, _id: int) -> None:
        """Let none go there any more."""
        await redraw(interaction, await within_time(interaction, self._summarising(interaction, model_on=False)))

    @press("setup:askers")
    async def choose_askers(self, interaction: Interaction, _id: int) -> None:
        """Keep who may ask for summaries."""
        who = answers(interaction)["values"][0]
        await redraw(interaction, await within_time(interaction, self._summarising(interaction, summarising=who)))

    @press("setup:budget")
    async def choose_budget(self, interaction: Interaction, _id: int) -> None:
        """Keep how many tokens may be used in a month."""
        tokens = int(answers(interaction)["values"][0])
        await redraw(interaction, await within_time(interaction, self._summarising(interaction, monthly_tokens=tokens)))

    async def _summarising(self, interaction: Interaction, **choices: Any) -> ui.LayoutView:
        set_up = await self.app.communities.choose(community_of(interaction), person_of(interaction), **choices)
        spending = await self.app.model_uses.spending(set_up.community.id)
        reads = self.bot.reads_messages
        return summary_setup.panel(set_up.community, self.app.summariser.model, spending, reads=reads)

    @press("setup:try")
    async def try_summary(self, interaction: Interaction, _id: int) -> None:
        """Show a made-up thread, and then what a summary of it would look like and has cost."""
        set_up = await within_time(interaction, self._set_up(interaction))
        thread = made_up(self.app.clock.now())
        await redraw(interaction, summary_setup.made_up_thread(thread))
        tried = await try_out(self.app, set_up.community, interaction.user.id, thread)
        await show(interaction, summary_setup.tried_out(tried))

    @press("setup:show")
    async def show_panel(self, interaction: Interaction, _id: int) -> None:
        """Show the panel again."""
        await self._redraw(interaction, await within_time(interaction, self._set_up(interaction)))

    @press(*(f"setup:{verb}" for verb in SELECTS))
    async def pick(self, interaction: Interaction, _id: int) -> None:
        """Keep the channel or role that was picked, or that none is."""
        verb = str((interaction.data or {}).get("custom_id", "")).rpartition(":")[2]
        picked = next((int(value) for value in answers(interaction)["values"]), None)
        await self._choose(interaction, **{SELECTS[verb]: picked})

    @press("setup:ask_place")
    async def ask_place(self, interaction: Interaction, _id: int) -> None:
        """Open the form for language and time zone."""
        set_up = await in_a_moment(self._set_up(interaction))
        await open_form(interaction, setup_panel.place_form(set_up.community))

    @press("setup:place")
    async def place(self, interaction: Interaction, _id: int) -> None:
        """Keep the language and the time zone."""
        filled = answers(interaction)
        choices: dict[str, Any] = {"zone": str(filled["zone"])}
        if filled.get("language"):
            choices["language"] = filled["language"][0]
        await self._choose(interaction, **choices)

    @press("setup:ask_purpose")
    async def ask_purpose(self, interaction: Interaction, _id: int) -> None:
        """Open the form for the purpose."""
        set_up = await in_a_moment(self._set_up(interaction))
        await open_form(interaction, setup_panel.purpose_form(set_up.community))

    @press("setup:purpose")
    async def purpose(self, interaction: Interaction, _id: int) -> None:
        """Keep the purpose."""
        await self._choose(interaction, purpose=str(answers(interaction).get("purpose") or ""))

    @press("setup:ask_rhythm")
    async def ask_rhythm(self, interaction: Interaction, _id: int) -> None:
        """Open the form for the first rhythm."""
        set_up = await in_a_moment(self._set_up(interaction))
        await open_form(interaction, setup_panel.rhythm_form(set_up.rhythm))

    @press("setup:rhythm")
    async def rhythm(self, interaction: Interaction, _id: int) -> None:
        """Make the first rhythm, or move it."""
        filled = answers(interaction)
        beat = Beat(weekday=int(filled["weekday"][0]), at=read_time(str(filled["at"])))
        await within_time(
            interaction,
            self.app.rhythms.set_first(community_of(interaction), person_of(interaction), beat, interaction.id),
        )
        await self._redraw(interaction, await within_time(interaction, self._set_up(interaction)))

    @press("setup:make")
    async def make(self, interaction: Interaction, _id: int) -> None:
        """Make the channels that are still missing."""
        await self._redraw(interaction, await within_time(interaction, self._make_channels(interaction)))

    async def _make_channels(self, interaction: Interaction) -> SetUp:
        set_up = await self._set_up(interaction)
        guild = guild_of(interaction)
        if guild is None:
            raise Refusal(_("Discord hasn't told me about this server's channels yet. Please try again in a minute."))
        if guild.id in self.making:
            raise Refusal(_("I am making them already; the panel will show them in a moment."))
        self.making.add(guild.id)
        try:
            found = await found_or_made(guild, set_up.community)
        finally:
            self.making.discard(guild.id)
        return await self.app.communities.choose(
            guild.id, person_of(interaction), channels=channels_of(interaction), **found
        )

    @press("setup:preview")
    async def preview(self, interaction: Interaction, _id: int) -> None:
        """Show the coming check-in as people will see it."""
        set_up = await within_time(
            interaction,
            self.app.communities.preview(
                community_of(interaction), person_of(interaction), channels=channels_of(interaction)
            ),
        )
        await redraw(interaction, setup_panel.preview(set_up))

    @press("setup:begin")
    async def begin(self, interaction: Interaction, _id: int) -> None:
        """Let the rhythm start."""
        set_up = await within_time(
            interaction,
            self.app.communities.begin(
                community_of(interaction), person_of(interaction), channels=channels_of(interaction)
            ),
        )
        await self._redraw(interaction, set_up, answering_begin=True)

    def _set_up(self, interaction: Interaction) -> Any:
        return self.app.communities.set_up(
            community_of(interaction), person_of(interaction), channels=channels_of(interaction)
        )

    async def _choose(self, interaction: Interaction, **choices: Any) -> None:
        set_up = await within_time(
            interaction,
            self.app.communities.choose(
                community_of(interaction), person_of(interaction), channels=channels_of(interaction), **choices
            ),
        )
        await self._redraw(interaction, set_up)

    async def _redraw(self, interaction: Interaction, set_up: SetUp, *, answering_begin: bool = False) -> None:
        view = setup_panel.panel(set_up, guild_of(interaction), answering_begin=answering_begin)
        await redraw(interaction, view)


def channels_of(interaction: Interaction) -> Channels | None:
    """Return the server's text channels and whether Kith can do its work in each; None while they aren't known."""
    guild = guild_of(interaction)
    if guild is None:
        return None
    return {channel.id: not setup_check.lacking(channel) for channel in guild.text_channels}


async def found_or_made(guild: discord.Guild, community: Community) -> dict[str, int]:
    """Return a channel for each purpose that has none: the server's own of that name, else a new one.

    Stopped half-way, it finds what it made the next time. Raises Refusal when Discord doesn't let it.
    """
    with speaking(community.language):
        wanted = {
            "checkins_channel_id": (_("check-ins"), _("A question comes round here. A line is enough.")),
            "circles_channel_id": (_("circles"), _("Learning circles: when, what about, and who hosts.")),
            "calls_channel_id": (_("calls"), _("Ask peers for something. No call is left unanswered.")),
        }
    found: dict[str, int] = {}
    for column, (name, topic) in wanted.items():
        chosen = getattr(community, column)
        if chosen is not None and guild.get_channel(chosen) is not None:
            continue
        channel = discord.utils.get(guild.text_channels, name=name) or await _made(guild, name, topic)
        found[column] = channel.id
    return found


async def _made(guild: discord.Guild, name: str, topic: str) -> discord.TextChannel:
    not_allowed = Refusal(
        _(
            "I may not make channels here. Allow it in Server Settings → Roles → {role} → *Manage Channels*, or pick "
            "channels on the panel."
        ).format(role=setup_check.role_name(guild))
    )
    if not guild.me.guild_permissions.manage_channels:
        raise not_allowed
    try:
        return await guild.create_text_channel(name, topic=topic, reason=f"/setup: {_('Make them for me')}")
    except discord.Forbidden as error:
        raise not_allowed from error
    except discord.RateLimited as error:
        raise Refusal(
            _("Discord asks me to wait before I make more. Press *Make them for me* again in a few minutes.")
        ) from error
    except discord.HTTPException as error:
        if error.code != _TOO_MANY_CHANNELS:
            raise
        raise Refusal(_("This server has as many channels as Discord allows. Pick from those on the panel.")) from error
