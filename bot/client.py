"""KithBot: the part of Kith that speaks with Discord."""

import hashlib
import logging
from datetime import date

import discord
import orjson
from discord import app_commands
from discord.ext import commands

from bot.app import App
from bot.language import ENGLISH, _, nearest, speak, speaking
from bot.scheduler import Scheduler
from cogs.calls import Calls
from cogs.checkins import CheckIns
from cogs.circles import Circles
from cogs.circling import Circling
from cogs.communities import Communities
from cogs.help import Help
from cogs.keepers import Keepers
from cogs.members import Members
from cogs.poster import Poster
from cogs.rhythms import Rhythms
from cogs.summaries import Summaries
from cogs.support import Handler, Interaction, explain, meet_press

log = logging.getLogger(__name__)

COGS = (Communities, Rhythms, CheckIns, Calls, Circles, Circling, Summaries, Members, Keepers, Help)
COMMANDS_KEPT_AS = "commands"

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    create_private_threads=True,
    read_message_history=True,
    create_events=True,
    send_polls=True,
    manage_channels=True,
)
"""What the invite link asks for.

Without *Create Events* live circles have no event, and without *Create Polls* hosts make none of what members wish to
happen next; *Manage Channels* is used only by *Make them for me*, and for events on a stage.
"""


def invite_url(application_id: int) -> str:
    """Return the link with which someone adds Kith to a server they manage."""
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))


class KithTree(app_commands.CommandTree["KithBot"]):
    """Commands answer in the member's language, and never without a sentence."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Speak the member's language for the rest of this command."""
        speak(str(interaction.locale))
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Tell the member what went wrong."""
        await explain(interaction, error)


class CommandWords(app_commands.Translator):
    """Names and descriptions of commands in the languages Kith speaks."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return words in ``locale``, or ``None`` for the English ones. What people type stays as it is."""
        if (language := nearest(str(locale))) == ENGLISH:
            return None
        is_picked = context.location.name == "choice_name" or isinstance(context.data, app_commands.ContextMenu)
        if context.location.name.endswith("_name") and not is_picked:
            return None
        with speaking(language):
            translated = _(string.message)
        return None if translated == string.message else translated


class KithBot(commands.Bot):
    """Kith on Discord. It asks for no privileged intent and mentions nobody unless a message says so by id."""

    def __init__(self, app: App, scheduler: Scheduler | None = None) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_messages = True  # who replied to whom; words come only with a mention, and are dropped
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=30.0,
            tree_cls=KithTree,
        )
        self.app = app
        self.pressed: dict[str, Handler] = {}
        self.reads_messages = False
        """Whether whoever runs Kith lets it read messages over REST; the gateway brings their words in no case."""
        self._scheduler = scheduler
        self._poster = Poster(self)
        self._left: set[int] = set()
        self._tidied: date | None = None

    async def setup_hook(self) -> None:
        """Load the cogs, register commands when they changed, and start tending: the gateway isn't needed for it."""
        flags = self.application_flags
        self.reads_messages = flags.gateway_message_content or flags.gateway_message_content_limited
        for cog in COGS:
            await self.add_cog(cog(self))
        await self.tree.set_translator(CommandWords())
        await self._register_commands()
        self._left = await self.app.communities.all_left()
        self.app.database.planned = self._deliver_soon
        if self._scheduler is not None:
            self._scheduler.start(self.beat)

    async def tick(self) -> None:
        """Do what is due now, and return when it is said."""
        await self.beat()
        await self.app.courier.tend(self._poster)

    async def beat(self) -> None:
        """Open, close and climb what is due; neither a long queue nor one that fails keeps the others waiting."""
        app = self.app
        tending = (app.responses, app.checkins, app.keepers, app.circles, app.summaries)
        for tend in [each.tend for each in tending]:
            try:
                await tend()
            except Exception:  # one bad moment must not keep the others from tending; what it missed is still due
                log.exception("tending failed; what is due stays due")
        self._deliver_soon()
        today = self.app.clock.now().date()
        if self._tidied != today:
            self._tidied = today
            await self.app.courier.tidy()

    def _deliver_soon(self) -> None:
        """Deliver what is due, such as what a member's doing has just planned, without waiting for the next beat."""
        self.loop.create_task(self._deliver(), name="deliver")

    async def _deliver(self) -> None:
        try:
            await self.app.courier.tend(self._poster)
        except Exception:  # one bad moment must not end the courier; what it missed is still due
            log.exception("delivering failed; what is due stays due")

    async def _register_commands(self) -> None:
        """Send the commands to Discord when they differ from those sent last (it allows few changes a day)."""
        assert self.tree.translator is not None
        payload = [
            await command.get_translated_payload(self.tree, self.tree.translator)
            for command in self.tree.get_commands()
        ]
        digest = hashlib.sha256(orjson.dumps([self.application_id, payload], option=orjson.OPT_SORT_KEYS)).hexdigest()
        if await self.app.communities.remembered(COMMANDS_KEPT_AS) == digest:
            return
        assert self.application_id is not None
        try:  # as the tree's own sync does, which would translate all of it again
            await self.http.bulk_upsert_global_commands(self.application_id, payload)
        except discord.HTTPException:
            log.exception("Discord did not take the commands; those it has go on working until the next start")
            return
        await self.app.communities.remember(COMMANDS_KEPT_AS, digest)
        log.info("registered %s commands", len(payload))

    async def on_interaction(self, interaction: Interaction) -> None:
        """Answer buttons, selects and forms; commands go through the tree."""
        if interaction.type in (discord.InteractionType.component, discord.InteractionType.modal_submit):
            await meet_press(interaction)

    async def on_message(self, message: discord.Message, /) -> None:
        """Kith has no text commands; replies in its threads are noted by the check-ins cog."""

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Go on where Kith had been removed and came back while it was not running."""
        if guild.id in self._left:
            self._left.discard(guild.id)
            await self.app.communities.returned(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Go on where Kith had been removed and is back."""
        self._left.discard(guild.id)
        await self.app.communities.returned(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Post nothing more in a server Kith was removed from."""
        self._left.add(guild.id)
        await self.app.communities.left(guild.id)

    async def close(self) -> None:
        """Stop tending, then leave Discord and the model's server."""
        self.app.database.planned = lambda: None
        if self._scheduler is not None:
            self._scheduler.stop()
        await super().close()
        await self.app.summariser.close()
