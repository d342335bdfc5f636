"""Reads a thread over REST for a summary: who wrote what, nothing of attachments, embeds, stickers, polls or forwards.

Kith keeps none of it. The gateway never brings words; it is asked only what people are called in this server.
"""

import asyncio
import contextlib
import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from discord.utils import as_chunks

from bot.errors import Refusal
from bot.language import _
from bot.services.summary_terms import Posted, Terms
from bot.thread import Message, Reading

if TYPE_CHECKING:
    from bot.client import KithBot

MOST_MESSAGES = 5000
"""Read at the most; what is older is left unread."""
READ_WITHIN = 12.0
"""Seconds for the messages."""
PEOPLE_WITHIN = 3.0
"""Seconds for the names people go by in this server and, at the same time, for who reacted."""
MOST_WELCOMED = 6
"""Messages of which it is looked up who reacted, where somebody wants to be left out; the others then count none."""
MOST_EMOJI = 5
ASKED_AT_ONCE = 100
"""People whose names Discord tells at once."""
WRITTEN = (discord.MessageType.default, discord.MessageType.reply)


@dataclass(frozen=True)
class _Written:
    """A message, in which channel it stands, and which member's words it holds."""

    message: discord.Message
    channel_id: int
    by: int


class ThreadReader:
    """Reads one thread, or a channel from a message on."""

    def __init__(self, bot: "KithBot", terms: Terms, posted: Sequence[Posted]) -> None:
        self._bot = bot
        self._terms = terms
        self._posted = {each.message_id: each for each in posted}

    async def read(self, chosen: discord.Message | None = None) -> Reading:
        """Return what was written, oldest first. Raises Refusal where Kith may not read.

        ``chosen`` is a message whose words Discord sent along, as it does for the one a menu was opened on.
        """
        found, whole = await self._messages()
        if chosen is not None:
            found = [chosen if each.id == chosen.id else each for each in found]
        written = list(filter(None, map(self._written, reversed(found))))
        named = {user.id: _names(user) for each in written for user in each.message.mentions if not user.bot}
        (here, known), welcomed = await asyncio.gather(
            self._names_here({each.by for each in written} | {*named, *self._terms.left_out}),
            self._welcomed([each.message for each in written]),
        )
        return Reading(
            messages=tuple(
                self._taken(each, here.get(each.by, ()), welcomed.get(each.message.id, 0)) for each in written
            ),
            whole=whole,
            named={**named, **here},
            known=known,
        )

    async def _messages(self) -> tuple[list[discord.Message], bool]:
        """Return messages, newest first, back to where the terms begin; tell whether that was reached in time.

        Raises TimeoutError when none came in time, and Refusal where Kith may not read.
        """
        place, after_id = self._terms.place, self._terms.after_id or 0
        channel = self._bot.get_partial_messageable(place.thread_id, guild_id=self._terms.community.id)
        found: list[discord.Message] = []
        try:
            async with asyncio.timeout(READ_WITHIN):
                async for message in channel.history(limit=MOST_MESSAGES + 1):
                    if message.id <= after_id:
                        return found, True
                    if len(found) == MOST_MESSAGES:
                        return found, False
                    found.append(message)
        except TimeoutError:
            if not found:
                raise
            return found, False
        except (discord.Forbidden, discord.NotFound) as error:
            raise Refusal(
                _(
                    "I can't read this thread, since I am not part of it. Mention me in it, which lets me in, and ask "
                    "again."
                )
            ) from error
        return found, True

    def _written(self, message: discord.Message, channel_id: int | None = None) -> _Written | None:
        """Return a message if a member wrote it, also where Kith posted it for them."""
        if message.type is discord.MessageType.thread_starter_message:
            begins = message.reference
            if begins is None or not isinstance(begins.resolved, discord.Message):
                return None  # it was deleted
            return self._written(begins.resolved, begins.channel_id)
        there = channel_id or self._terms.place.thread_id
        if (posted := self._posted.get(message.id)) is not None:
            return _Written(message, there, posted.member_id)
        if message.author.bot or message.webhook_id is not None or message.type not in WRITTEN:
            return None
        return _Written(message, there, message.author.id)

    async def _names_here(self, people: Collection[int]) -> tuple[dict[int, tuple[str, ...]], bool]:
        """Return the names people go by in this server, and whether all were told in time."""
        guild = self._bot.get_guild(self._terms.community.id)
        found: dict[int, tuple[str, ...]] = {}
        if guild is None:
            return found, False
        try:
            async with asyncio.timeout(PEOPLE_WITHIN):
                for some in as_chunks(sorted(people), ASKED_AT_ONCE):
                    members = await guild.query_members(user_ids=some, limit=ASKED_AT_ONCE, cache=False)
                    found |= {each.id: _names(each) for each in members}
        except TimeoutError:
            return found, False
        return found, True

    async def _welcomed(self, messages: Sequence[discord.Message]) -> dict[int, int]:
        """Return how many reactions messages have, without those of people who want to be left out.

        Where it can't be told in time whose they are, they count none.
        """
        counted = {each.id: sum(one.count for one in each.reactions) for each in messages if each.reactions}
        if not self._terms.left_out:
            return counted
        most = heapq.nlargest(MOST_WELCOMED, (each for each in messages if each.id in counted), lambda m: counted[m.id])
        heard: dict[int, int] = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PEOPLE_WITHIN):
                for each in most:
                    heard[each.id] = await self._heard_welcoming(each.reactions[:MOST_EMOJI])
        return heard

    async def _heard_welcoming(self, reactions: Iterable[discord.Reaction]) -> int:
        people: set[int] = set()
        try:
            for each in reactions:
                people |= {user.id async for user in each.users(limit=ASKED_AT_ONCE) if not user.bot}
        except discord.HTTPException:
            return 0
        return len(people - self._terms.left_out)

    def _taken(self, written: _Written, names: tuple[str, ...], welcomed: int) -> Message:
        message, posted = written.message, self._posted.get(written.message.id)
        reference = message.reference if message.type is discord.MessageType.reply else None
        return Message(
            id=message.id,
            channel_id=written.channel_id,
            author_id=written.by,
            names=names if names or posted else _names(message.author),
            words=posted.words if posted else message.content,
            written_at=message.created_at,
            reply_to=reference.message_id if reference else None,
            mentions=frozenset() if posted else frozenset(each.id for each in message.mentions if not each.bot),
            welcomed=welcomed,
        )


def _names(user: discord.User | discord.Member) -> tuple[str, ...]:
    """Return the names somebody goes by, the one people see first."""
    return tuple(dict.fromkeys(filter(None, (user.display_name, user.global_name, user.name))))
