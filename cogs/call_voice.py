"""Says what belongs to calls: their cards, the hosts' doors, the rungs of the ladder, the words in their threads.

A call for everyone has a card in the channel for calls and a thread made from it. A private one lives, card and all,
in a private thread, and nothing of it is said elsewhere but a hosts' call's door.
"""

import contextlib
from collections.abc import Awaitable, Callable

import discord
from discord import ui

from bot.courier import Impossible, Needless, Said, marker_of
from bot.language import _, speaking
from bot.services.call_cards import NO_CARD, CallCard, CallWord
from bot.services.ladder import CALLER, HOSTS
from bot.services.words import help_word
from bot.store.calls import Call
from bot.store.deliveries import FIRST, Delivery, DeliveryKind
from cogs import call_cards, call_words
from cogs.hands import UNKNOWN_MESSAGE, Draw, Hands, Sayings, drawn, required

REFUSED = (400, 403, 404)
"""What Discord answers to what it would refuse again, such as one more thread than a server may have."""
Drawing = Callable[[CallWord, int | None], ui.LayoutView]


class CallVoice:
    """Says what belongs to calls."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._bot = hands.bot
        self._clock = hands.app.clock
        self._cards = hands.app.call_cards

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {
            DeliveryKind.CALL: self._say_card,
            DeliveryKind.DOOR: self._say_door,
            DeliveryKind.RUNG: self._say_rung,
            DeliveryKind.WORD: self._say_word,
        }

    async def _say_card(self, delivery: Delivery) -> Said:
        card = await self._cards.card(delivery)
        call = card.call
        draw = drawn(card.community, lambda marker: call_cards.call_card(card, marker))
        if call.message_id is not None:
            return await self._redraw(delivery, call, draw)
        if call.private:
            return await self._post_privately(delivery, card)
        channel_id = required(call.channel_id)
        if card.moot:
            return await self._hands.said_earlier(delivery, channel_id, channel_id, card.moot)
        said = await self._hands.post(delivery, channel_id, draw)
        try:
            await self._hands.make_thread(channel_id, required(said.message_id), _named(card))
        except discord.HTTPException as error:
            if error.status not in REFUSED:
                raise
        return said  # the card stands; what can't be said without a thread tells the hosts

    async def _redraw(self, delivery: Delivery, call: Call, draw: Draw) -> Said:
        """Edit a card where it stands; one that is gone comes anew with the next rung."""
        channel_id = required(call.thread_id if call.private else call.channel_id)
        try:
            return await self._hands.awake(
                channel_id, self._hands.edit, required(call.message_id), draw(marker_of(delivery))
            )
        except discord.NotFound as error:
            raise Needless("card-gone" if error.code == UNKNOWN_MESSAGE else "channel-gone") from error

    async def _post_privately(self, delivery: Delivery, card: CallCard) -> Said:
        """Make the private thread of a call, let in whom it is for, and post the card there."""
        people = [each for each in (card.call.caller_id, *card.named) if each is not None]
        here = await self._hands.here(delivery.community_id, people)
        if here != people:
            card = await self._cards.card(delivery)
        parent_id = required(card.call.channel_id)
        thread_id = await self._private_thread(delivery, card, parent_id)
        if card.moot:
            return await self._hands.said_earlier(delivery, thread_id, parent_id, card.moot)
        draw = drawn(card.community, lambda marker: call_cards.call_card(card, marker))

        async def post(thread_id: int) -> Said:
            await self._hands.let_in(thread_id, here)
            return await self._hands.post(delivery, thread_id, draw, parent_id=parent_id)

        return await self._hands.awake(required(thread_id), post, rests=False)

    async def _private_thread(self, delivery: Delivery, card: CallCard, parent_id: int) -> int | None:
        """Return a private call's thread: the one it has, an earlier attempt's, else a new one for a call that stands.

        Its name tells nothing of the call but its number, by which it is found again.
        """
        if card.call.thread_id is not None:
            return card.call.thread_id
        with speaking(card.community.language):
            name = _("A call")
        look = delivery.attempt > 1 or delivery.key != FIRST
        return await self._hands.private_thread(
            delivery.community_id, parent_id, name, f"({card.call.id})", look=look, make=not card.moot
        )

    async def _say_door(self, delivery: Delivery) -> Said:
        card = await self._cards.card(delivery)
        channel_id = required(card.call.channel_id)
        draw = drawn(card.community, lambda marker: call_cards.door(card, marker))
        if card.call.door_id is not None:
            return await self._hands.redraw(channel_id, card.call.door_id, draw(marker_of(delivery)))
        if card.call.thread_id is None:
            raise Needless(NO_CARD)
        if card.moot:
            return await self._hands.said_earlier(delivery, channel_id, channel_id, card.moot)
        return await self._hands.post(delivery, channel_id, draw, role=card.community.host_role_id)

    async def _say_rung(self, delivery: Delivery) -> Said:
        rung = await self._for_those_here(delivery, self._cards.rung)
        if rung.posted is None and rung.number == HOSTS:
            draw = drawn(rung.community, lambda marker: call_words.rung(rung, marker))
            channel_id = required(rung.call.channel_id)
            if rung.moot:
                return await self._hands.said_earlier(delivery, channel_id, channel_id, rung.moot)
            if rung.call.message_id is None:
                raise Impossible(NO_CARD)
            return await self._hands.post(delivery, channel_id, draw, role=rung.community.host_role_id)
        return await self._say_in_thread(delivery, rung, call_words.rung)

    async def _say_word(self, delivery: Delivery) -> Said:
        word = await self._for_those_here(delivery, self._cards.word)
        return await self._say_in_thread(delivery, word, call_words.word)

    async def _for_those_here(self, delivery: Delivery, look: Callable[[Delivery], Awaitable[CallWord]]) -> CallWord:
        """Return what is to be said once those who have left the server are out of it. Raises Needless."""
        word = await look(delivery)
        if word.posted is not None or word.moot:
            return word
        people = call_words.mentioned(word) if word.what not in call_words.TO_THE_RESPONDERS else []
        asks_caller = word.number >= CALLER or word.what in ("stands", "still")
        if asks_caller and word.call.caller_id is not None and not people:
            people = [word.call.caller_id]  # nameless: nobody else could ever end the call
        here = await self._hands.here(delivery.community_id, people)
        if here != people:
            word = await look(delivery)
            if not word.moot and set(call_words.mentioned(word)) - set(here):
                raise Needless("left")
        return word

    async def _say_in_thread(self, delivery: Delivery, word: CallWord, drawing: Drawing) -> Said:
        draw = drawn(word.community, lambda marker: drawing(word, marker))
        if word.posted is not None:
            channel_id, message_id = word.posted
            try:
                return await self._hands.awake(channel_id, self._hands.edit, message_id, draw(marker_of(delivery)))
            except discord.NotFound as error:
                raise Needless("card-gone") from error
        call = word.call
        if word.moot:
            return await self._hands.said_earlier(delivery, call.thread_id, call.channel_id, word.moot)
        if call.thread_id is None:
            raise Impossible(NO_CARD)

        users = call_words.mentioned(word)
        if not call.private:
            name = _named(word)
            return await self._hands.post_under(
                delivery, required(call.channel_id), call.thread_id, name, draw, users=users
            )

        async def post(thread_id: int) -> Said:
            if word.what == "asked":
                with contextlib.suppress(discord.Forbidden):
                    await self._hands.let_in(thread_id, users)
            return await self._hands.post(delivery, thread_id, draw, parent_id=call.channel_id, users=users)

        return await self._hands.awake(call.thread_id, post, rests=False)


def _named(shown: CallCard | CallWord) -> str:
    with speaking(shown.community.language):
        return thread_name(shown.call)


def thread_name(call: Call) -> str:
    """Return what would help: none of the words, which a thread's name and the server's log would keep for good."""
    helps = ", ".join(help_word(each) for each in call.helps)
    return _("A call: {helps}").format(helps=helps) if helps else _("A call")
