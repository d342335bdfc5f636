"""What every command, button and form shares: one error boundary, one way to answer.

Buttons, selects and forms carry all they need in their ``custom_id``, ``noun:id:verb``; the rest is read from the
database. So they outlive restarts, and views are only drawings: each is stopped before it is sent, which keeps
discord.py from holding on to it. ``Pressed`` sends what people press to the method that asked for it.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import Busy, Refusal
from bot.language import _, speaking
from bot.services.people import Person
from bot.services.words import given_back

if TYPE_CHECKING:
    from bot.client import KithBot

log = logging.getLogger(__name__)

T = TypeVar("T")

Interaction = discord.Interaction["KithBot"]
Handler = Callable[[Interaction, int], Awaitable[None]]

ACKNOWLEDGE_WITHIN = 2.0
"""Seconds after which Discord is told that the answer comes later; it gives up after three."""

_PRESSED = re.compile(r"(?P<noun>[a-z_]+):(?P<id>\d+):(?P<verb>[a-z_]+)")
_UNKNOWN_INTERACTION = 10062
_ALREADY_ACKNOWLEDGED = 40060


class Noun(commands.Cog):
    """A cog: one noun's commands, and the buttons and forms marked with ``@press``."""

    def __init__(self, bot: "KithBot") -> None:
        self.bot = bot
        self.app = bot.app

    async def cog_load(self) -> None:
        """Register the methods marked with ``@press``."""
        for name in dir(self):
            method = getattr(self, name)
            for pressed in getattr(method, "presses", ()):
                self.bot.pressed[pressed] = method


def press(*names: str) -> Callable[[T], T]:
    """Mark a method as what answers buttons, selects or forms named ``noun:verb``."""

    def mark(method: T) -> T:
        cast(Any, method).presses = names
        return method

    return mark


def pressed_name(noun: str, row_id: int | None, verb: str) -> str:
    """Return the ``custom_id`` of something lasting; it fits Discord's 100 characters."""
    return f"{noun}:{row_id or 0}:{verb}"


async def meet_press(interaction: Interaction) -> None:
    """Answer a button, a select or a form; anything not of Kith's making is left alone."""
    found = _PRESSED.fullmatch(str((interaction.data or {}).get("custom_id", "")))
    if found is None:
        return
    with speaking(str(interaction.locale)):
        try:
            handler = interaction.client.pressed.get(f"{found['noun']}:{found['verb']}")
            if handler is None:
                raise Refusal(_("That button is from an earlier time and does nothing now. /help shows what there is."))
            await handler(interaction, int(found["id"]))
        except Exception as error:  # noqa: BLE001 -- the boundary: whatever happened, the member gets a sentence
            await explain(interaction, error)


async def explain(interaction: Interaction, error: Exception) -> None:
    """Tell a member what went wrong: a refusal's own sentence, else a reference number that is in the log.

    The words they wrote in a form come back with it, since the form is closed.
    """
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(cause, Refusal):
        sentence = cause.sentence
    elif isinstance(cause, app_commands.CheckFailure):
        sentence = _("That command works inside a server, not in direct messages.")
    elif isinstance(cause, TimeoutError):
        log.warning("interaction %s found the database slow", interaction.id)
        sentence = _("Kith is slow at the moment. Nothing was lost; please try again in a minute.")
    elif isinstance(cause, Busy):
        log.error("interaction %s found the database out of reach: %s", interaction.id, cause)
        sentence = _("Kith can't reach its records just now, so nothing was kept. Please try again in a minute.")
    else:
        reference = secrets.token_hex(3)
        log.error("interaction %s failed, reference %s", interaction.id, reference, exc_info=cause)
        sentence = _(
            "Something went wrong on Kith's side, not yours. Please try again; if it happens again, tell the person "
            "who runs Kith this reference: {reference}"
        ).format(reference=reference)
    if not isinstance(cause, Refusal) and interaction.type is discord.InteractionType.modal_submit:
        sentence = given_back(sentence, words_of(interaction)).sentence
    await say(interaction, sentence)


async def within_time(interaction: Interaction, work: Awaitable[T]) -> T:
    """Return what ``work`` returns; when it takes longer than Discord waits, say meanwhile that it is coming.

    The work goes on whatever becomes of the interaction.
    """
    task = asyncio.ensure_future(work)
    done, _waiting = await asyncio.wait({task}, timeout=ACKNOWLEDGE_WITHIN)
    if not done and not interaction.response.is_done():
        updates = interaction.type is discord.InteractionType.component and is_private_panel(interaction)
        await _acknowledged(interaction.response.defer(ephemeral=True, thinking=not updates))
    return await asyncio.shield(task)


def is_private_panel(interaction: Interaction) -> bool:
    """Tell whether a button was pressed on a message only its reader sees, such as a panel."""
    return interaction.message is not None and interaction.message.flags.ephemeral


async def say(interaction: Interaction, sentence: str) -> None:
    """Answer privately with a sentence."""
    text = discord.ui.LayoutView(timeout=None)
    text.add_item(discord.ui.TextDisplay(sentence))
    await show(interaction, text)


async def show(
    interaction: Interaction,
    view: discord.ui.LayoutView,
    *,
    file: discord.File | None = None,
) -> None:
    """Answer privately with a card. A lost acknowledgement is noted and undoes nothing."""
    view.stop()
    files = [file] if file else []
    if interaction.response.is_done():
        sending = interaction.followup.send(view=view, files=files, ephemeral=True)
    else:
        sending = interaction.response.send_message(view=view, files=files, ephemeral=True)
    await _acknowledged(sending)


async def redraw(interaction: Interaction, view: discord.ui.LayoutView) -> None:
    """Change the private panel a button was pressed on; elsewhere answer with a new one."""
    if not is_private_panel(interaction):
        await show(interaction, view)
        return
    view.stop()
    if interaction.response.is_done():
        sending: Awaitable[Any] = interaction.edit_original_response(view=view)
    else:
        sending = interaction.response.edit_message(view=view)
    await _acknowledged(sending)


async def open_form(interaction: Interaction, form: discord.ui.Modal) -> None:
    """Open a form, whose ``custom_id`` says what its answers are for."""
    form.stop()
    await _acknowledged(interaction.response.send_modal(form))


async def _acknowledged(sending: Awaitable[Any]) -> None:
    try:
        await sending
    except discord.HTTPException as error:
        if error.code not in (_UNKNOWN_INTERACTION, _ALREADY_ACKNOWLEDGED):
            raise
        log.info("an answer came too late for Discord; what was asked is done")
    except (aiohttp.ClientError, OSError):
        log.info("an answer was lost on the way; what was asked is done")


async def in_a_moment(work: Awaitable[T]) -> T:
    """Return what ``work`` returns, for answers that can't be announced first, such as forms.

    Raises TimeoutError after two seconds.
    """
    async with asyncio.timeout(ACKNOWLEDGE_WITHIN):
        return await work


def answers(interaction: Interaction) -> dict[str, Any]:
    """Return what was filled in or chosen: by part of a form, or under ``values`` for a select."""
    data = cast(dict[str, Any], interaction.data or {})
    if "values" in data:
        return {"values": data["values"]}
    found: dict[str, Any] = {}
    for part in data.get("components", []):
        for field in [part.get("component"), *part.get("components", [])]:
            if field and "custom_id" in field:
                found[field["custom_id"]] = field.get("values", field.get("value"))
    return found


def words_of(interaction: Interaction) -> str:
    """Return all that was typed into a form."""
    data = cast(dict[str, Any], interaction.data or {})
    fields: list[dict[str, Any]] = [each.get("component") or {} for each in data.get("components", [])]
    typed = [each.get("value") for each in fields if each.get("type") == discord.ComponentType.text_input.value]
    return "\n".join(filter(None, typed))


def community_of(interaction: Interaction) -> int:
    """Return the community an interaction belongs to. Raises Refusal in direct messages."""
    if interaction.guild_id is None:
        raise Refusal(_("That works inside a server, not in direct messages."))
    return interaction.guild_id


def person_of(interaction: Interaction) -> Person:
    """Return who asks, with the roles and permissions Discord sent along."""
    user = interaction.user
    roles = frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else frozenset[int]()
    return Person(user.id, roles, interaction.permissions.manage_guild)


def asked_by(interaction: Interaction) -> tuple[int, Person]:
    """Return the community, and who asks: what services want to know first."""
    return community_of(interaction), person_of(interaction)
