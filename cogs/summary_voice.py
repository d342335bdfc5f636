"""Says what belongs to summaries: the published one in its thread, and that words went to the model."""

import discord

from bot.courier import Needless, Said, marker_of
from bot.store.deliveries import Delivery, DeliveryKind
from cogs import summary_cards
from cogs.hands import Draw, Hands, Sayings


class SummaryVoice:
    """Says what belongs to summaries."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._cards = hands.app.summary_cards

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {DeliveryKind.SUMMARY: self._say_summary, DeliveryKind.SUMMARY_NOTICE: self._say_notice}

    async def _say_summary(self, delivery: Delivery) -> Said:
        view = await self._cards.card(delivery)
        summary = view.summary
        if summary.message_id is None and view.kept_out:
            return await self._hands.said_earlier(delivery, summary.thread_id, summary.parent_id, "confidential")
        if summary.message_id is None:
            return await self._post(
                delivery,
                summary.thread_id,
                summary.parent_id,
                lambda marker: summary_cards.published_card(view, marker),
            )
        card = summary_cards.published_card(view, marker_of(delivery))
        try:
            return await self._hands.awake(summary.thread_id, self._hands.edit, summary.message_id, card)
        except discord.NotFound as error:
            raise Needless("card-gone") from error

    async def _say_notice(self, delivery: Delivery) -> Said:
        view = await self._cards.notice(delivery)
        return await self._post(
            delivery,
            view.summary.thread_id,
            view.summary.parent_id,
            lambda marker: summary_cards.notice(view, marker),
        )

    async def _post(self, delivery: Delivery, thread_id: int, parent_id: int, draw: Draw) -> Said:
        """Post silently, also in a thread at rest, which goes back to rest after."""

        async def post(there: int) -> Said:
            return await self._hands.post(delivery, there, draw, parent_id=parent_id, silent=True)

        return await self._hands.awake(thread_id, post)
