"""The voice or stage channel a live circle meets in, and what follows when it is gone."""

import contextlib
from typing import Any

import discord

from bot.services.circle_views import CircleView
from bot.store.circles import Circle
from bot.store.deliveries import Delivery
from cogs.hands import Hands


class Places:
    """Looks whether circles' channels are there still."""

    def __init__(self, hands: Hands) -> None:
        self._bot = hands.bot
        self._cards = hands.app.circle_cards

    async def of(self, delivery: Delivery, view: CircleView) -> CircleView:
        """Return a circle as it is shown; the place of one whose channel was deleted is still to be chosen."""
        if view.circle.place_id is None:
            return view
        with contextlib.suppress(discord.Forbidden):  # it is there, though Kith may not look into it
            if await self.channel(view.circle) is None:
                return await self._cards.without_place(delivery)
        return view

    async def channel(self, circle: Circle) -> Any:
        """Return the channel a circle meets in; None where it has none, or that was deleted."""
        if circle.place_id is None:
            return None
        try:
            return self._bot.get_channel(circle.place_id) or await self._bot.fetch_channel(circle.place_id)
        except discord.NotFound:
            return None
