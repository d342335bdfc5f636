"""Says what belongs to circles: their cards, the panels of those that run, the words in their threads and groups.

A circle has a card in the channel for circles and a thread made from it, in which everything else is said. Groups of
a written circle have private threads of their own.
"""

import contextlib
from collections.abc import Collection, Generator
from dataclasses import replace

import discord

from bot.courier import Impossible, Needless, Said, marker_of
from bot.services.circle_cards import DELETED, OVER, CirclePanel, CircleWord
from bot.store.circles import Circle
from bot.store.deliveries import Delivery, DeliveryKind
from cogs import circle_cards, circle_panel, circle_words
from cogs.call_voice import REFUSED
from cogs.circle_places import Places
from cogs.hands import UNKNOWN_MESSAGE, Draw, Hands, Sayings, drawn, required

NO_CARD = "no-card"
JUST_LOOKED_FOR = "begun"
"""Before any other word Kith looks whether those it names are still part of the server; this follows a panel, for which
it has."""
FOR_EVERYONE = ("time", "waits", *DELETED)
"""Words that are worth saying though those they name have left."""
TELL_WHERE = ("tomorrow", "soon", "moved")
"""Words that say where a circle meets."""
MOST_LOOKED_FOR = 20
"""People looked for at a time: each takes a request of its own, and a message has seconds to go out."""


class CircleVoice:
    """Says what belongs to circles, but for their events."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._cards = hands.app.circle_cards
        self._places = Places(hands)

    @property
    def sayings(self) -> Sayings:
        """What says each kind."""
        return {
            DeliveryKind.CIRCLE: self._say_card,
            DeliveryKind.PANEL: self._say_panel,
            DeliveryKind.CIRCLE_WORD: self._say_word,
        }

    async def _say_card(self, delivery: Delivery) -> Said:
        view = await self._places.of(delivery, await self._cards.card(delivery))
        circle = view.circle
        draw = drawn(view.community, lambda marker: circle_cards.circle_card(view, marker))
        channel_id = required(circle.channel_id)
        if circle.message_id is not None:
            return await self._hands.redraw(channel_id, circle.message_id, draw(marker_of(delivery)))
        if circle.state in OVER:
            return await self._hands.said_earlier(delivery, channel_id, channel_id, "over")
        said = await self._hands.post(delivery, channel_id, draw)
        with _whatever_discord_refuses():  # what is said there next makes it, or tells
            await self._hands.make_thread(channel_id, required(said.message_id), circle.title)
        return said

    async def _say_panel(self, delivery: Delivery) -> Said:
        shown = await self._with_those_here(delivery, await self._cards.panel(delivery))
        circle = shown.view.circle
        if shown.posted is not None:
            former = drawn(shown.view.community, lambda _marker: circle_panel.former(shown))
            return await self._say_anew(*shown.posted, former(0))
        draw = drawn(shown.view.community, lambda marker: circle_panel.panel(shown, marker))
        if not shown.posts:
            return await self._edit(circle, required(circle.panel_id), draw(marker_of(delivery)))
        if shown.moot:
            return await self._hands.said_earlier(delivery, circle.message_id, circle.channel_id, shown.moot)
        said = await self._post(delivery, circle, draw)
        await self._still(shown, said)
        return said

    async def _with_those_here(self, delivery: Delivery, shown: CirclePanel) -> CirclePanel:
        """Return a panel as it stands once a circle that begins counts on nobody who has left the server."""
        if shown.moot or not (shown.posts and shown.number == 1):
            return shown
        holding = [each.member_id for each in shown.view.roles.values()]
        people = list(dict.fromkeys([*holding, *shown.view.coming]))[:MOST_LOOKED_FOR]
        if await self._hands.here(delivery.community_id, people) == people:
            return shown
        return await self._cards.panel(delivery)

    async def _still(self, shown: CirclePanel, said: Said) -> None:
        """Take the buttons off the panel before the one just posted; whether it is gone matters to nobody."""
        circle = shown.view.circle
        if circle.panel_id in (None, said.message_id):
            return
        draw = drawn(shown.view.community, lambda _marker: circle_panel.former(shown))
        with _whatever_discord_refuses(), contextlib.suppress(Needless):
            await self._edit(circle, required(circle.panel_id), draw(0))

    async def _say_word(self, delivery: Delivery) -> Said:
        word = await self._for_those_here(delivery, await self._cards.word(delivery))
        if word.what in TELL_WHERE:
            word = replace(word, view=await self._places.of(delivery, word.view))
        circle = word.view.circle
        draw = drawn(word.view.community, lambda marker: circle_words.circle_word(word, marker))
        if word.posted is not None:
            return await self._say_anew(*word.posted, draw(marker_of(delivery)))
        if word.what == "group":
            return await self._say_in_group(delivery, word, draw)
        if word.what in ("open", "step"):
            return await self._say_to_group(delivery, word, draw)
        if word.moot:
            return await self._hands.said_earlier(delivery, circle.message_id, circle.channel_id, word.moot)
        if word.harvest is not None and word.harvest.message_id is not None:
            return await self._edit(circle, word.harvest.message_id, draw(marker_of(delivery)))
        users = circle_words.mentioned(word)
        return await self._post(delivery, circle, draw, users, silent=word.what == "room")

    async def _for_those_here(self, delivery: Delivery, word: CircleWord) -> CircleWord:
        """Return a word once those of its people who have left the server are out of it. Raises Needless if all are."""
        if word.what == JUST_LOOKED_FOR or word.posted is not None or word.moot:
            return word
        people = word.members[:MOST_LOOKED_FOR]
        here = await self._hands.here(delivery.community_id, people)
        if here == people:
            return word
        word = await self._cards.word(delivery)
        named = [each for each in word.members if each in here or each not in people]
        if not (named or word.moot or word.what in FOR_EVERYONE):
            raise Needless("left")
        return replace(word, members=named)

    async def _say_in_group(self, delivery: Delivery, word: CircleWord, draw: Draw) -> Said:
        """Make a group's private thread, let its members in, and say there what it is for.

        Its name ends with the numbers of circle and group, by which an earlier attempt's is found again.
        """
        circle, group = word.view.circle, word.group
        assert group is not None
        parent_id = required(circle.channel_id)
        thread_id = group.thread_id or await self._hands.private_thread(
            delivery.community_id,
            parent_id,
            circle.title,
            f"({circle.id}.{group.id})",
            look=delivery.attempt > 1,
            make=not word.moot,
        )
        if word.moot:
            return await self._hands.said_earlier(delivery, thread_id, parent_id, word.moot)
        await self._hands.let_in(required(thread_id), word.members)
        users = circle_words.mentioned(word)
        return await self._hands.post(delivery, required(thread_id), draw, parent_id=parent_id, users=users)

    async def _say_to_group(self, delivery: Delivery, word: CircleWord, draw: Draw) -> Said:
        """Say something in a group's thread, and let those in whom it is for: whoever turned away may read it now."""
        thread_id, parent_id = word.group and word.group.thread_id, word.view.circle.channel_id
        if thread_id is None:
            raise Needless("no-thread")
        if word.moot:
            return await self._hands.said_earlier(delivery, thread_id, parent_id, word.moot)
        users = circle_words.mentioned(word)

        async def post(there: int) -> Said:
            await self._hands.let_in(there, word.members)
            return await self._hands.post(delivery, there, draw, parent_id=parent_id, users=users)

        return await self._hands.awake(thread_id, post, rests=False)

    async def _post(
        self, delivery: Delivery, circle: Circle, draw: Draw, users: Collection[int] = (), *, silent: bool = False
    ) -> Said:
        if circle.message_id is None:
            if circle.state in OVER:
                raise Needless("over")
            raise Impossible(NO_CARD)
        return await self._hands.post_under(
            delivery, required(circle.channel_id), circle.message_id, circle.title, draw, users=users, silent=silent
        )

    async def _say_anew(self, channel_id: int, message_id: int, view: discord.ui.LayoutView) -> Said:
        """Change what was said before; one that is gone, or its thread, was deleted by somebody, as they wanted."""
        try:
            return await self._hands.awake(channel_id, self._hands.edit, message_id, view)
        except discord.NotFound as error:
            raise Needless("card-gone") from error

    async def _edit(self, circle: Circle, message_id: int, view: discord.ui.LayoutView) -> Said:
        """Change a message in a circle's thread; one that is gone was deleted by somebody, as they wanted."""
        try:
            return await self._hands.awake(required(circle.message_id), self._hands.edit, message_id, view, rests=False)
        except discord.NotFound as error:
            raise Needless("card-gone" if error.code == UNKNOWN_MESSAGE else "thread-gone") from error


@contextlib.contextmanager
def _whatever_discord_refuses() -> Generator[None]:
    """Go on where Discord refuses something after what counts was said: said again, it would stand there twice."""
    try:
        yield
    except discord.HTTPException as error:
        if error.status not in REFUSED:
            raise
