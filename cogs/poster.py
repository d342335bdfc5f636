"""The courier's hands: says each kind of delivery on Discord, and finds its own messages again.

Only REST is used, so nothing waits for the gateway.
"""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import ui

from bot import courier
from bot.courier import Impossible, Needless, Outage, Said, Unreadable, marker_of, nonce_of
from bot.language import _, speaking
from bot.services.rounds import Post
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind, Priority
from cogs import cards

if TYPE_CHECKING:
    from bot.client import KithBot

Draw = Callable[[int], ui.LayoutView]

LOOK_BACK = 1000
"""Messages read at the most to find an earlier attempt's."""
CLOCKS_APART = timedelta(minutes=10)
"""How far Discord's clock and this machine's may be apart when messages are looked for by time."""
THREAD_NAME = 100
WEEK_IN_MINUTES = 10080

_UNKNOWN_MESSAGE = 10008
_THREAD_IS_THERE = 160004
_THREAD_IS_ARCHIVED = 50083
_CLOSED_MESSAGES = 50007


class Poster:
    """Says deliveries; one method a kind, each drawn from the rows as they are at that moment."""

    def __init__(self, bot: "KithBot") -> None:
        self._bot = bot
        self._app = bot.app
        self._sayings: dict[DeliveryKind, Callable[[Delivery], Awaitable[Said]]] = {
            DeliveryKind.ROUND: self._say_round,
            DeliveryKind.CHECK_IN: self._say_check_in,
            DeliveryKind.WEAVING: self._say_weaving,
            DeliveryKind.REMINDER: self._say_reminder,
            DeliveryKind.QUIET: self._say_quiet,
            DeliveryKind.NOTE: self._say_note,
        }

    async def say(self, delivery: Delivery) -> Said:
        """Say one delivery. Raises what the courier expects in place of Discord's errors."""
        try:
            return await self._sayings[delivery.kind](delivery)
        except discord.NotFound as error:
            raise Impossible("card-gone" if error.code == _UNKNOWN_MESSAGE else "channel-gone") from error
        except discord.Forbidden as error:
            raise Impossible("closed-messages" if error.code == _CLOSED_MESSAGES else "no-access") from error
        except (discord.DiscordServerError, discord.RateLimited, aiohttp.ClientError, OSError) as error:
            raise Outage from error
        except discord.HTTPException as error:
            if error.status in (401, 429):
                raise Outage from error
            raise Impossible("refused") from error

    async def _say_round(self, delivery: Delivery) -> Said:
        card = await self._app.rounds.card(delivery)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(card.community.language):
                return cards.round_card(card, marker)

        if card.round.message_id is not None and card.round.channel_id is not None:
            return await self._redraw(card.round.channel_id, card.round.message_id, draw(marker_of(delivery)))
        bell = card.community.bell_role_id
        channel_id = required(card.round.channel_id)  # where an earlier attempt went, whatever the hosts chose since
        return await self._post(delivery, channel_id, draw, role=bell, silent=bell is None)

    async def _say_check_in(self, delivery: Delivery) -> Said:
        shown = await self._app.rounds.post(delivery)
        thread_id = required(shown.round.message_id)
        if not shown.shown:
            return await self._take_out(delivery, shown, thread_id)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(shown.community.language):
                return cards.post(shown, marker)

        if (message_id := shown.check_in.message_id) is not None:
            try:
                return await self._awake(thread_id, self._edit, message_id, draw(marker_of(delivery)))
            except discord.NotFound as error:
                if error.code != _UNKNOWN_MESSAGE:
                    raise
                if delivery.attempt == 1:
                    raise Needless("post-gone") from error
            # an earlier attempt took it out unrecorded, and its member has written again since
        if not shown.round.threaded:
            await self._make_thread(shown)
        try:
            return await self._post(delivery, thread_id, draw, parent_id=shown.round.channel_id, silent=True)
        except discord.NotFound:
            if not shown.round.threaded:
                raise
        await self._make_thread(shown)  # someone deleted the thread; the card still has room for one
        return await self._post(delivery, thread_id, draw, parent_id=shown.round.channel_id, silent=True)

    async def _take_out(self, delivery: Delivery, shown: Post, thread_id: int) -> Said:
        """Remove a check-in from its thread, also one that an earlier attempt may have left there unrecorded."""
        message_id = shown.check_in.message_id
        try:
            if message_id is None:
                thread = self._bot.get_partial_messageable(thread_id, guild_id=delivery.community_id)
                message_id = await self._earlier(delivery, thread, required(shown.round.channel_id))
            if message_id is None:
                raise Needless("private")
            return await self._awake(thread_id, self._remove, message_id)
        except discord.NotFound as error:
            raise Needless("thread-gone") from error
        except discord.Forbidden as error:
            raise Impossible("not-removed") from error

    async def _awake(self, thread_id: int, work: Callable[..., Awaitable[Said]], *what: Any) -> Said:
        """Change a message in a thread; one at rest (archived) is woken for it and rests again afterwards."""
        try:
            return await work(thread_id, *what)
        except discord.HTTPException as error:
            if error.code != _THREAD_IS_ARCHIVED:
                raise
        thread = await self._bot.fetch_channel(thread_id)
        if not isinstance(thread, discord.Thread):
            raise Impossible("channel-gone")
        await thread.edit(archived=False)
        said = await work(thread_id, *what)
        with contextlib.suppress(discord.HTTPException):  # it goes back to rest by itself after a week
            await thread.edit(archived=True)
        return said

    async def _make_thread(self, shown: Post) -> None:
        channel_id = required(shown.round.channel_id)
        channel = self._bot.get_channel(channel_id) or await self._bot.fetch_channel(channel_id)
        if not isinstance(channel, discord.TextChannel):
            raise Impossible("channel-gone")
        card = channel.get_partial_message(required(shown.round.message_id))
        with speaking(shown.community.language):
            name = _("Check-in: {question}").format(question=shown.round.question)
        try:
            await card.create_thread(name=shortened(name, THREAD_NAME), auto_archive_duration=WEEK_IN_MINUTES)
        except discord.HTTPException as error:
            if error.code != _THREAD_IS_THERE:
                raise
        courier.checkpoint("threaded")

    async def _say_weaving(self, delivery: Delivery) -> Said:
        woven = await self._app.rounds.weaving(delivery)
        channel_id = required(woven.round.channel_id)
        if woven.round.weaving_id is None and woven.round.threaded:
            await self._note_replies(woven.community, required(woven.round.message_id))
            woven = await self._app.rounds.weaving(delivery)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(woven.community.language):
                return cards.weaving(woven, marker)

        if woven.round.weaving_id is not None:
            return await self._redraw(channel_id, woven.round.weaving_id, draw(marker_of(delivery)))
        if not woven.heard:  # all of it was taken back since an earlier attempt
            earlier = await self._earlier(delivery, self._bot.get_partial_messageable(channel_id), channel_id)
            if earlier is None:
                raise Needless("nobody-shared")
            return Said(channel_id, earlier)
        return await self._post(delivery, channel_id, draw, silent=True)

    async def _note_replies(self, community: Community, thread_id: int) -> None:
        """Count replies that came while Kith was away; where the thread can't be read, those seen will do."""
        thread = self._bot.get_partial_messageable(thread_id, guild_id=community.id)
        try:
            messages = [each async for each in thread.history(limit=LOOK_BACK) if not each.author.bot]
        except (discord.Forbidden, discord.NotFound):
            return
        replies = [(each.author.id, named) for each in messages if (named := replied_to(each))]
        if replies:
            await self._app.rounds.note_replies(community.id, thread_id, replies)

    async def _say_reminder(self, delivery: Delivery) -> Said:
        reminded = await self._app.rounds.reminder(delivery)
        guild = self._bot.get_guild(reminded.community.id) or await self._bot.fetch_guild(reminded.community.id)
        try:
            await guild.fetch_member(reminded.member_id)
        except discord.NotFound as error:
            raise Needless("left") from error
        messages = await self._bot.create_dm(discord.Object(reminded.member_id))

        def draw(marker: int) -> ui.LayoutView:
            with speaking(reminded.language):
                return cards.reminder_card(reminded, marker)

        return await self._post(delivery, messages.id, draw, private=True)

    async def _say_quiet(self, delivery: Delivery) -> Said:
        asked = await self._app.rounds.quiet(delivery)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(asked.community.language):
                return cards.quiet(asked, marker)

        if asked.posted is not None:
            try:
                return await self._edit(*asked.posted, draw(marker_of(delivery)))
            except (discord.NotFound, discord.Forbidden) as error:  # the hosts know what they decided
                raise Needless("card-gone") from error
        channel_id = required(asked.community.checkins_channel_id)
        return await self._post(delivery, channel_id, draw, role=asked.community.host_role_id)

    async def _say_note(self, delivery: Delivery) -> Said:
        """Tell the hosts in the first of the community's channels that takes it."""
        told = await self._app.rounds.note(delivery)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(told.community.language):
                return cards.note(told, marker)

        community = told.community
        for channel_id in (
            community.checkins_channel_id,
            community.circles_channel_id,
            community.calls_channel_id,
        ):
            if channel_id is not None:
                try:
                    return await self._post(delivery, channel_id, draw, role=community.host_role_id)
                except (discord.Forbidden, discord.NotFound, Impossible):
                    continue
        raise Impossible("no-access")

    async def _post(
        self,
        delivery: Delivery,
        channel_id: int,
        draw: Draw,
        *,
        role: int | None = None,
        silent: bool = False,
        parent_id: int | None = None,
        private: bool = False,
    ) -> Said:
        """Send a message once: an earlier attempt's message counts when it is there."""
        channel = self._bot.get_partial_messageable(channel_id, guild_id=None if private else delivery.community_id)
        if delivery.attempt > 1:
            try:
                earlier = await self._earlier(delivery, channel, None if private else parent_id or channel_id)
            except Unreadable:
                if delivery.priority == Priority.RITUAL:
                    raise
                earlier = None
            if earlier is not None:
                return Said(channel_id, earlier)
            if delivery.expires_at is not None and delivery.expires_at <= self._app.clock.now():
                raise Needless("too-late")
        courier.checkpoint("reconciled")
        mentions = discord.AllowedMentions(roles=[discord.Object(role)]) if role else discord.AllowedMentions.none()
        message = await channel.send(
            view=draw(marker_of(delivery)),
            nonce=nonce_of(delivery),
            allowed_mentions=mentions,
            silent=silent,
        )
        return Said(channel_id, message.id)

    async def _earlier(
        self, delivery: Delivery, channel: discord.PartialMessageable, readable_id: int | None
    ) -> int | None:
        """Return the message an earlier attempt left. Raises Unreadable where the channel can't be read to tell."""
        if readable_id is None or await self._can_read(delivery.community_id, readable_id):
            return await self._find(delivery, channel)
        raise Unreadable

    async def _find(self, delivery: Delivery, channel: discord.PartialMessageable) -> int | None:
        """Return the message an earlier attempt left in a channel. Raises Unreadable when it is too busy to tell."""
        assert delivery.first_claimed_at is not None and self._bot.user is not None
        marker, seen = marker_of(delivery), 0
        async for message in channel.history(
            limit=LOOK_BACK, after=delivery.first_claimed_at - CLOCKS_APART, oldest_first=True
        ):
            seen += 1
            if message.author.id == self._bot.user.id and marker in ids(message):
                return message.id
        if seen == LOOK_BACK and delivery.priority == Priority.RITUAL:
            raise Unreadable
        return None

    async def _can_read(self, community_id: int, channel_id: int) -> bool:
        """Tell whether history can be read: where it can't, Discord answers with an empty list, not an error."""
        assert self._bot.user is not None
        guild = self._bot.get_guild(community_id)
        if guild is not None and (channel := guild.get_channel(channel_id)) is not None:
            return channel.permissions_for(guild.me).read_message_history
        guild = await self._bot.fetch_guild(community_id)
        me = await guild.fetch_member(self._bot.user.id)
        for channel in await guild.fetch_channels():
            if channel.id == channel_id:
                return channel.permissions_for(me).read_message_history
        raise Impossible("channel-gone")

    async def _edit(self, channel_id: int, message_id: int, view: ui.LayoutView) -> Said:
        channel = self._bot.get_partial_messageable(channel_id)
        await channel.get_partial_message(message_id).edit(view=view, allowed_mentions=discord.AllowedMentions.none())
        return Said(channel_id, message_id)

    async def _redraw(self, channel_id: int, message_id: int, view: ui.LayoutView) -> Said:
        """Edit a card, unless somebody deleted it: then that is what they wanted."""
        try:
            return await self._edit(channel_id, message_id, view)
        except discord.NotFound as error:
            if error.code == _UNKNOWN_MESSAGE:
                raise Needless("card-gone") from error
            raise

    async def _remove(self, channel_id: int, message_id: int) -> Said:
        with contextlib.suppress(discord.NotFound):  # it is gone already, as asked
            await self._bot.get_partial_messageable(channel_id).get_partial_message(message_id).delete()
        return Said(channel_id, None)


def replied_to(message: discord.Message) -> set[int]:
    """Return the ids of the message and the people a message answers; readable without its words."""
    answered = {user.id for user in message.mentions}
    if message.reference is not None and message.reference.message_id is not None:
        answered.add(message.reference.message_id)
    return answered


def ids(message: discord.Message) -> set[int | None]:
    """Return the ids of a message's outermost components."""
    return {getattr(part, "id", None) for part in message.components}


def required(row_id: int | None) -> int:
    """Return an id that has to be there. Raises Impossible when the channel was never chosen."""
    if row_id is None:
        raise Impossible("channel-gone")
    return row_id


def shortened(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters, cut at a word where it is too long."""
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + "…"
