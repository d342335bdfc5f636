"""The courier's hands: what saying any delivery takes on Discord, and finding Kith's own messages again.

Only REST is used, so nothing waits for the gateway.
"""

import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot import courier
from bot.courier import Impossible, Needless, NotYet, Said, Unreadable, marker_of, nonce_of
from bot.language import speaking
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind, Priority

if TYPE_CHECKING:
    from bot.client import KithBot

Draw = Callable[[int], ui.LayoutView]
"""Draws a message, given the id that marks it."""
Sayings = Mapping[DeliveryKind, Callable[[Delivery], Awaitable[Said]]]
"""What says each kind of delivery."""

LOOK_BACK = 1000
"""Messages read at the most to find an earlier attempt's."""
CLOCKS_APART = timedelta(minutes=10)
"""How far Discord's clock and this machine's may be apart when messages are looked for by time."""
READ_BACK = timedelta(seconds=5)
"""So long it may take until a message Discord has accepted can be read back."""
THREAD_NAME = 100
WEEK_IN_MINUTES = 10080

UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_USER = 10013
THREAD_IS_THERE = 160004
THREAD_IS_ARCHIVED = 50083
CLOSED_MESSAGES = 50007


class Hands:
    """Posts, edits, removes and finds messages, for whatever kind of delivery."""

    def __init__(self, bot: "KithBot") -> None:
        self.bot = bot
        self.app = bot.app

    async def post(
        self,
        delivery: Delivery,
        channel_id: int,
        draw: Draw,
        *,
        role: int | None = None,
        users: Collection[int] = (),
        silent: bool = False,
        parent_id: int | None = None,
        private: bool = False,
    ) -> Said:
        """Send a message once: an earlier attempt's message counts when it is there.

        It may mention one role and those ``users``, by id, and nobody else.
        """
        channel = self.bot.get_partial_messageable(channel_id, guild_id=None if private else delivery.community_id)
        if delivery.attempt > 1:
            try:
                earlier = await self.earlier(delivery, channel, None if private else parent_id or channel_id)
            except Unreadable:
                if delivery.priority == Priority.RITUAL:
                    raise
                earlier = None
            if earlier is not None:
                return Said(channel_id, earlier)
            if delivery.expires_at is not None and delivery.expires_at <= self.app.clock.now():
                raise Needless("too-late")
        courier.checkpoint("reconciled")
        mentions = discord.AllowedMentions(
            everyone=False,
            roles=[discord.Object(role)] if role else False,
            users=[discord.Object(each) for each in users] or False,
        )
        message = await channel.send(
            view=draw(marker_of(delivery)),
            nonce=nonce_of(delivery),
            allowed_mentions=mentions,
            silent=silent,
        )
        return Said(channel_id, message.id)

    async def earlier(
        self, delivery: Delivery, channel: discord.PartialMessageable, readable_id: int | None
    ) -> int | None:
        """Return the message an earlier attempt left. Raises Unreadable where the channel can't be read to tell."""
        if readable_id is None or await self.can_read(delivery.community_id, readable_id):
            return await self.find(delivery, channel)
        raise Unreadable

    async def said_earlier(
        self, delivery: Delivery, channel_id: int | None, readable_id: int | None, moot: str
    ) -> Said:
        """Return what an earlier attempt said of something that is not to be said any more. Raises Needless."""
        if channel_id is None:
            raise Needless(moot)
        channel = self.bot.get_partial_messageable(channel_id, guild_id=delivery.community_id)
        found = None
        with contextlib.suppress(Unreadable, discord.NotFound):
            found = await self.earlier(delivery, channel, readable_id)
        since = delivery.first_claimed_at
        if found is None and since is not None and self.app.clock.now() - since < READ_BACK:
            raise NotYet
        if found is None:
            raise Needless(moot)
        return Said(channel_id, found)

    async def find(self, delivery: Delivery, channel: discord.PartialMessageable) -> int | None:
        """Return the message an earlier attempt left in a channel. Raises Unreadable when it is too busy to tell."""
        assert delivery.first_claimed_at is not None and self.bot.user is not None
        marker, seen = marker_of(delivery), 0
        async for message in channel.history(
            limit=LOOK_BACK, after=delivery.first_claimed_at - CLOCKS_APART, oldest_first=True
        ):
            seen += 1
            if message.author.id == self.bot.user.id and marker in ids(message):
                return message.id
        if seen == LOOK_BACK and delivery.priority == Priority.RITUAL:
            raise Unreadable
        return None

    async def can_read(self, community_id: int, channel_id: int) -> bool:
        """Tell whether history can be read: where it can't, Discord answers with an empty list, not an error."""
        assert self.bot.user is not None
        guild = self.bot.get_guild(community_id)
        if guild is not None and (channel := guild.get_channel(channel_id)) is not None:
            return channel.permissions_for(guild.me).read_message_history
        guild = await self.bot.fetch_guild(community_id)
        me = await guild.fetch_member(self.bot.user.id)
        for channel in await guild.fetch_channels():
            if channel.id == channel_id:
                return channel.permissions_for(me).read_message_history
        raise Impossible("channel-gone")

    async def edit(self, channel_id: int, message_id: int, view: ui.LayoutView) -> Said:
        """Change a message; nobody is notified of it."""
        channel = self.bot.get_partial_messageable(channel_id)
        await channel.get_partial_message(message_id).edit(view=view, allowed_mentions=discord.AllowedMentions.none())
        return Said(channel_id, message_id)

    async def redraw(self, channel_id: int, message_id: int, view: ui.LayoutView) -> Said:
        """Edit a card, unless somebody deleted it: then that is what they wanted."""
        try:
            return await self.edit(channel_id, message_id, view)
        except discord.NotFound as error:
            if error.code == UNKNOWN_MESSAGE:
                raise Needless("card-gone") from error
            raise

    async def remove(self, channel_id: int, message_id: int) -> Said:
        """Remove a message."""
        with contextlib.suppress(discord.NotFound):  # it is gone already, as asked
            await self.bot.get_partial_messageable(channel_id).get_partial_message(message_id).delete()
        return Said(channel_id, None)

    async def awake(self, thread_id: int, work: Callable[..., Awaitable[Said]], *what: Any, rests: bool = True) -> Said:
        """Change or post a message in a thread; one at rest (archived) is woken for it, and ``rests`` again after."""
        try:
            return await work(thread_id, *what)
        except discord.HTTPException as error:
            if error.code != THREAD_IS_ARCHIVED:
                raise
        thread = await self.bot.fetch_channel(thread_id)
        if not isinstance(thread, discord.Thread):
            raise Impossible("channel-gone")
        await thread.edit(archived=False)
        said = await work(thread_id, *what)
        if rests:
            with contextlib.suppress(discord.HTTPException):  # it goes back to rest by itself after a week
                await thread.edit(archived=True)
        return said

    async def make_thread(self, channel_id: int, message_id: int, name: str) -> None:
        """Make the thread of a message; one that is there already will do."""
        channel = self.bot.get_channel(channel_id) or await self.bot.fetch_channel(channel_id)
        if not isinstance(channel, discord.TextChannel):
            raise Impossible("channel-gone")
        card = channel.get_partial_message(message_id)
        try:
            await card.create_thread(name=shortened(name, THREAD_NAME), auto_archive_duration=WEEK_IN_MINUTES)
        except discord.HTTPException as error:
            if error.code != THREAD_IS_THERE:
                raise
        courier.checkpoint("threaded")

    async def post_under(
        self,
        delivery: Delivery,
        channel_id: int,
        card_id: int,
        name: str,
        draw: Draw,
        *,
        users: Collection[int] = (),
        silent: bool = False,
    ) -> Said:
        """Post in a card's thread, which bears the card's id; one at rest is woken, one that is gone made anew."""

        async def post(thread_id: int) -> Said:
            return await self.post(delivery, thread_id, draw, parent_id=channel_id, users=users, silent=silent)

        try:
            return await self.awake(card_id, post, rests=False)
        except discord.NotFound:
            await self.make_thread(channel_id, card_id, name)
        return await post(card_id)

    async def private_thread(
        self, community_id: int, parent_id: int, name: str, number: str, *, look: bool, make: bool = True
    ) -> int | None:
        """Return the private thread of Kith's whose name ends with ``number``, by which alone it is found again.

        ``look``: there may be one; ``make``: else one is made, of that name and number.
        """
        assert self.bot.user is not None
        guild = self.bot.get_guild(community_id) or await self.bot.fetch_guild(community_id)
        if look:
            for each in await guild.active_threads():
                is_ours = (each.owner_id, each.parent_id) == (self.bot.user.id, parent_id)
                if is_ours and each.is_private() and each.name.endswith(number):
                    return each.id
        if not make:
            return None
        channel = self.bot.get_channel(parent_id) or await self.bot.fetch_channel(parent_id)
        if not isinstance(channel, discord.TextChannel):
            raise Impossible("channel-gone")
        thread = await channel.create_thread(
            name=f"{shortened(name, THREAD_NAME - len(number) - 1)} {number}",
            type=discord.ChannelType.private_thread,
            invitable=False,
            auto_archive_duration=WEEK_IN_MINUTES,
        )
        courier.checkpoint("threaded")
        return thread.id

    async def let_in(self, thread_id: int, people: Collection[int]) -> None:
        """Let people into a private thread; who can't see its channel stays out. Raises Forbidden when all do."""
        refusals: list[discord.Forbidden] = []
        for member_id in people:
            try:
                await self.bot.http.add_user_to_thread(thread_id, member_id)
            except discord.Forbidden as error:
                refusals.append(error)
        if refusals and len(refusals) == len(people):
            raise refusals[0]

    async def here(self, community_id: int, people: Collection[int]) -> list[int]:
        """Return those who are part of the server, and note of the others that they have left."""
        here: list[int] = []
        for member_id in people:
            if await self.is_here(community_id, member_id):
                here.append(member_id)
            else:
                await self.app.responses.gone(community_id, member_id)
        return here

    async def is_here(self, community_id: int, member_id: int) -> bool:
        """Tell whether someone is still part of a server."""
        guild = self.bot.get_guild(community_id) or await self.bot.fetch_guild(community_id)
        try:
            await guild.fetch_member(member_id)
        except discord.NotFound as error:
            if error.code not in (
                UNKNOWN_MEMBER,
                UNKNOWN_USER,
            ):  # such as an unknown server, which tells nothing of them
                raise
            return False
        return True


def drawn(community: Community, draw: Draw) -> Draw:
    """Return a way to draw something in a community's language."""

    def draw_it(marker: int) -> ui.LayoutView:
        with speaking(community.language):
            return draw(marker)

    return draw_it


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
