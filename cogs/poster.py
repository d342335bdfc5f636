"""Says what is due on Discord: how each kind of delivery is said, drawn from the rows as they are at that moment.

A voice says a few kinds, with the hands in ``cogs/hands.py``; ``VOICES`` names all there are.
"""

from typing import TYPE_CHECKING

import aiohttp
import discord
from discord import ui

from bot.courier import Impossible, Needless, Outage, Said, marker_of
from bot.language import _, speaking
from bot.services.keepers import KeeperCard
from bot.services.rounds import Post
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind
from cogs import cards
from cogs.call_voice import CallVoice
from cogs.circle_events import EventVoice
from cogs.circle_voice import CircleVoice
from cogs.hands import CLOSED_MESSAGES, LOOK_BACK, UNKNOWN_MESSAGE, Hands, Sayings, replied_to, required
from cogs.keeper_cards import keeper_card
from cogs.summary_voice import SummaryVoice

if TYPE_CHECKING:
    from bot.client import KithBot


class Poster:
    """Says deliveries, each with the voice its kind has."""

    def __init__(self, bot: "KithBot") -> None:
        hands = Hands(bot)
        self._sayings: Sayings = {kind: say for voice in VOICES for kind, say in voice(hands).sayings.items()}

    async def say(self, delivery: Delivery) -> Said:
        """Say one delivery. Raises what the courier expects in place of Discord's errors."""
        try:
            return await self._sayings[delivery.kind](delivery)
        except discord.NotFound as error:
            raise Impossible("card-gone" if error.code == UNKNOWN_MESSAGE else "channel-gone") from error
        except discord.Forbidden as error:
            raise Impossible("closed-messages" if error.code == CLOSED_MESSAGES else "no-access") from error
        except (discord.DiscordServerError, discord.RateLimited, aiohttp.ClientError, OSError) as error:
            raise Outage from error
        except discord.HTTPException as error:
            if error.status in (401, 429):
                raise Outage from error
            raise Impossible("refused") from error


class RoundVoice:
    """Says what belongs to a round: its card, its check-ins, its weaving, its reminders."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._bot = hands.bot
        self._app = hands.app

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {
            DeliveryKind.ROUND: self._say_round,
            DeliveryKind.CHECK_IN: self._say_check_in,
            DeliveryKind.WEAVING: self._say_weaving,
            DeliveryKind.REMINDER: self._say_reminder,
        }

    async def _say_round(self, delivery: Delivery) -> Said:
        card = await self._app.rounds.card(delivery)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(card.community.language):
                return cards.round_card(card, marker)

        if card.round.message_id is not None and card.round.channel_id is not None:
            return await self._hands.redraw(card.round.channel_id, card.round.message_id, draw(marker_of(delivery)))
        bell = card.community.bell_role_id
        channel_id = required(card.round.channel_id)  # where an earlier attempt went, whatever the hosts chose since
        return await self._hands.post(delivery, channel_id, draw, role=bell, silent=bell is None)

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
                return await self._hands.awake(thread_id, self._hands.edit, message_id, draw(marker_of(delivery)))
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                if delivery.attempt == 1:
                    raise Needless("post-gone") from error
            # an earlier attempt took it out unrecorded, and its member has written again since
        if not shown.round.threaded:
            await self._make_thread(shown)
        try:
            return await self._hands.post(delivery, thread_id, draw, parent_id=shown.round.channel_id, silent=True)
        except discord.NotFound:
            if not shown.round.threaded:
                raise
        await self._make_thread(shown)  # someone deleted the thread; the card still has room for one
        return await self._hands.post(delivery, thread_id, draw, parent_id=shown.round.channel_id, silent=True)

    async def _take_out(self, delivery: Delivery, shown: Post, thread_id: int) -> Said:
        """Remove a check-in from its thread, also one that an earlier attempt may have left there unrecorded."""
        message_id = shown.check_in.message_id
        try:
            if message_id is None:
                thread = self._bot.get_partial_messageable(thread_id, guild_id=delivery.community_id)
                message_id = await self._hands.earlier(delivery, thread, required(shown.round.channel_id))
            if message_id is None:
                raise Needless("private")
            return await self._hands.awake(thread_id, self._hands.remove, message_id)
        except discord.NotFound as error:
            raise Needless("thread-gone") from error
        except discord.Forbidden as error:
            raise Impossible("not-removed") from error

    async def _make_thread(self, shown: Post) -> None:
        with speaking(shown.community.language):
            name = _("Check-in: {question}").format(question=shown.round.question)
        await self._hands.make_thread(required(shown.round.channel_id), required(shown.round.message_id), name)

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
            return await self._hands.redraw(channel_id, woven.round.weaving_id, draw(marker_of(delivery)))
        if not woven.heard and not woven.pressing:  # all of it was taken back since an earlier attempt
            earlier = await self._hands.earlier(delivery, self._bot.get_partial_messageable(channel_id), channel_id)
            if earlier is None:
                raise Needless("nobody-shared")
            return Said(channel_id, earlier)
        return await self._hands.post(delivery, channel_id, draw, silent=True)

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
        if not await self._hands.is_here(reminded.community.id, reminded.member_id):
            raise Needless("left")
        messages = await self._bot.create_dm(discord.Object(reminded.member_id))

        def draw(marker: int) -> ui.LayoutView:
            with speaking(reminded.language):
                return cards.reminder_card(reminded, marker)

        return await self._hands.post(delivery, messages.id, draw, private=True)


class KeeperVoice:
    """Says whose turn it is to keep calls."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._keepers = hands.app.keepers

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {DeliveryKind.KEEPER: self._say_keeper}

    async def _say_keeper(self, delivery: Delivery) -> Said:
        """Post a turn's card, silently and yet with the keeper's name called; later looks at it are edits."""
        card = await self._keepers.card(delivery)
        former = None if card.turn.message_id is None else (required(card.turn.channel_id), card.turn.message_id)
        if card.posts and not card.over:
            card = await self._with_someone_here(delivery, card)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(card.community.language):
                return keeper_card(card, marker)

        if not card.posts and former is not None:
            return await self._hands.redraw(*former, draw(marker_of(delivery)))
        channel_id = required(card.turn.channel_id)
        if card.over:  # it ended since an earlier attempt
            channel = self._hands.bot.get_partial_messageable(channel_id)
            if (earlier := await self._hands.earlier(delivery, channel, channel_id)) is None:
                raise Needless("over")
            return await self._hands.edit(channel_id, earlier, draw(marker_of(delivery)))
        users = [] if card.turn.keeper_id is None else [card.turn.keeper_id]
        said = await self._hands.post(delivery, channel_id, draw, users=users, silent=True)
        if former is not None:
            await self._hands.remove(*former)
        return said

    async def _with_someone_here(self, delivery: Delivery, card: KeeperCard) -> KeeperCard:
        """Pass the turn on, before it is told, from those who have left the server."""
        while (keeper_id := card.turn.keeper_id) is not None:
            if await self._hands.is_here(card.community.id, keeper_id):
                break
            await self._keepers.keeper_left(card.community.id, delivery.subject_id, keeper_id)
            card = await self._keepers.card(delivery)
        return card


class HostVoice:
    """Says what is for the hosts: whether a rhythm still serves, and what could not be said."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._app = hands.app

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {DeliveryKind.QUIET: self._say_quiet, DeliveryKind.NOTE: self._say_note}

    async def _say_quiet(self, delivery: Delivery) -> Said:
        asked = await self._app.rounds.quiet(delivery)

        def draw(marker: int) -> ui.LayoutView:
            with speaking(asked.community.language):
                return cards.quiet(asked, marker)

        if asked.posted is not None:
            try:
                return await self._hands.edit(*asked.posted, draw(marker_of(delivery)))
            except (discord.NotFound, discord.Forbidden) as error:  # the hosts know what they decided
                raise Needless("card-gone") from error
        channel_id = required(asked.community.checkins_channel_id)
        return await self._hands.post(delivery, channel_id, draw, role=asked.community.host_role_id)

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
                    return await self._hands.post(delivery, channel_id, draw, role=community.host_role_id)
                except (discord.Forbidden, discord.NotFound, Impossible):
                    continue
        raise Impossible("no-access")


VOICES = (RoundVoice, CallVoice, CircleVoice, EventVoice, SummaryVoice, KeeperVoice, HostVoice)
"""All voices there are; a new one is added here."""
