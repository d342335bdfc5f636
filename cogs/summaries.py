"""/summary, *Summarise from here*, the buttons and the form of a draft, and what makes a summary outdated."""

import asyncio
import contextlib
from collections.abc import Collection, Generator
from datetime import timedelta

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, locale_str
from discord.utils import utcnow

from bot.cleaning import prepared
from bot.errors import Refusal
from bot.language import _
from bot.services.summary_terms import Terms
from bot.services.words import given_back
from bot.summariser import LONG, MODEL_WITHIN
from cogs import summary_cards, summary_forms
from cogs.cards import drawing
from cogs.summary_place import may_write, place_of, readable_by, require_posting, require_reading
from cogs.support import (
    Interaction,
    Noun,
    answers,
    asked_by,
    community_of,
    in_a_moment,
    open_form,
    person_of,
    press,
    redraw,
    show,
    within_time,
    words_of,
)
from cogs.thread_reader import ThreadReader

MOST_LISTED = 15
MODEL_DONE_WITHIN = 43.0
"""Seconds after which the model is waited for no longer, so that whoever asks has an answer within 45."""
JUST_NOW = timedelta(minutes=10)
"""How long ago a message may have been edited for an event to be of that edit, and not of a pin or a thread."""


class Summaries(Noun):
    """Threads are gathered: drafts for those who ask, and what they publish."""

    being_made: set[int]
    """Drafts being made again at this moment, by their ids."""
    changed: list[set[int]]
    """For each thread that is gathered at this moment, the messages that were changed or deleted meanwhile."""

    async def cog_load(self) -> None:
        """Register the presses, and the message menu, which discord.py knows no decorator for in a cog."""
        await super().cog_load()
        self.being_made, self.changed = set(), []
        menu = app_commands.ContextMenu(name=locale_str("Summarise from here"), callback=self.from_here)
        self.bot.tree.add_command(menu)

    @app_commands.command(name="summary", description=locale_str("Gather this thread; only you see the draft"))
    @app_commands.describe(what=locale_str("Something else than a draft"))
    @app_commands.choices(
        what=[
            Choice(name=locale_str("the summaries kept"), value="past"),
            Choice(name=locale_str("keep this thread out of summaries"), value="confidential"),
        ]
    )
    @app_commands.guild_only()
    async def summary(self, interaction: Interaction, what: Choice[str] | None = None) -> None:
        """Gather the thread, or do what was chosen."""
        if what is None:
            await show(interaction, await within_time(interaction, self._gather(interaction)))
        elif what.value == "past":
            await show(interaction, await within_time(interaction, self._past(interaction)))
        else:
            await self._make_confidential(interaction)

    @app_commands.guild_only()
    async def from_here(self, interaction: Interaction, message: discord.Message) -> None:
        """Gather a thread or channel from a message on."""
        await show(interaction, await within_time(interaction, self._gather(interaction, message)))

    async def _gather(self, interaction: Interaction, chosen: discord.Message | None = None) -> ui.LayoutView:
        place = place_of(interaction)
        if chosen is None and place.thread_id == place.parent_id:
            raise Refusal(
                _(
                    "/summary gathers a whole thread, and this is a channel. Choose *Summarise from here* on the "
                    "message to begin with: it is in the message's menu, under Apps."
                )
            )
        if chosen is None and not self.bot.reads_messages:
            raise Refusal(
                _(
                    "Whoever runs Kith has not let it read messages: that is *Message Content Intent* in Discord's "
                    "developer portal. Until then *Summarise from here*, in a message's menu under Apps, gathers what "
                    "I may read: that message, check-ins, and messages that mention me."
                )
            )
        require_reading(interaction)
        after_id = chosen.id - 1 if chosen else None
        terms = await self.app.summaries.terms(
            community_of(interaction), person_of(interaction), place, after_id=after_id
        )
        with self._noting_changes() as changed:
            return await self._make(interaction, terms, changed, chosen=chosen)

    async def _make(
        self,
        interaction: Interaction,
        terms: Terms,
        changed: Collection[int],
        *,
        chosen: discord.Message | None = None,
        summary_id: int | None = None,
        agreed: bool = False,
        wanted: bool = True,
    ) -> ui.LayoutView:
        """Read, and make a draft; of a long thread that has not been ``agreed`` to, show the price first."""
        community_id, loop = terms.community.id, asyncio.get_running_loop()
        ends = loop.time() + MODEL_DONE_WITHIN
        posted = await self.app.summaries.posted(community_id, terms.place)
        reading = await ThreadReader(self.bot, terms, posted).read(chosen)
        terms.require_part(each.author_id for each in reading.messages)
        thread = await asyncio.to_thread(prepared, reading, terms.left_out, terms.community.language)
        if not thread.lines:
            raise Refusal(nothing_words(terms))
        up_to_id = reading.messages[-1].id
        if wanted and not agreed and terms.model and (tokens := self.app.summariser.price(thread)) > LONG:
            spending = await self.app.model_uses.spending(community_id)
            if spending.left:
                kept = summary_id or (await self.app.summaries.begin(terms, up_to_id, interaction.id)).id
                return summary_cards.price_panel(kept, len(thread.lines), tokens, spending, again=bool(summary_id))

        async def sending() -> None:
            nonlocal summary_id
            if summary_id is None:
                summary_id = (await self.app.summaries.begin(terms, up_to_id, interaction.id)).id
            assert summary_id is not None
            await self.app.summaries.tell_thread(terms, summary_id, thread.language)

        within = min(MODEL_WITHIN, ends - loop.time()) if reading.known else 0  # no name goes to it that is not known
        findings = await self.app.summariser.make(
            community_id, thread, allowed=terms.model, wanted=wanted, within=within, sending=sending
        )
        if summary_id is None:
            view = await self.app.summaries.keep(terms, up_to_id, findings, interaction.id, changed)
        else:
            view = await self.app.summaries.remake(terms, summary_id, up_to_id, findings, changed)
        return summary_cards.draft_panel(view)

    @press("summary:again")
    async def make_again(self, interaction: Interaction, summary_id: int) -> None:
        """Make a draft anew, with what was written since; of a long one the price is shown again."""
        await self._remake(interaction, summary_id)

    @press("summary:go")
    async def go_on(self, interaction: Interaction, summary_id: int) -> None:
        """Make a draft whose price was agreed to."""
        await self._remake(interaction, summary_id, agreed=True)

    @press("summary:plain")
    async def gather_plainly(self, interaction: Interaction, summary_id: int) -> None:
        """Make a draft without the model."""
        await self._remake(interaction, summary_id, wanted=False)

    @press("summary:show")
    async def show_draft(self, interaction: Interaction, summary_id: int) -> None:
        """Show a draft again."""
        view = await within_time(interaction, self.app.summaries.find(*asked_by(interaction), summary_id))
        await redraw(interaction, summary_cards.draft_panel(view))

    async def _remake(
        self, interaction: Interaction, summary_id: int, *, agreed: bool = False, wanted: bool = True
    ) -> None:
        if summary_id in self.being_made:
            raise Refusal(at_it_words())
        self.being_made.add(summary_id)
        try:
            made = self._made_anew(interaction, summary_id, agreed=agreed, wanted=wanted)
            await redraw(interaction, await within_time(interaction, made))
        finally:
            self.being_made.discard(summary_id)

    async def _made_anew(
        self, interaction: Interaction, summary_id: int, *, agreed: bool, wanted: bool
    ) -> ui.LayoutView:
        require_reading(interaction)
        terms = await self.app.summaries.again(*asked_by(interaction), summary_id)
        with self._noting_changes() as changed:
            return await self._make(interaction, terms, changed, summary_id=summary_id, agreed=agreed, wanted=wanted)

    @contextlib.contextmanager
    def _noting_changes(self) -> Generator[set[int]]:
        """Note which messages are changed or deleted while a thread is gathered."""
        changed: set[int] = set()
        self.changed.append(changed)
        try:
            yield changed
        finally:
            self.changed = [each for each in self.changed if each is not changed]

    @press("summary:edit")
    async def edit(self, interaction: Interaction, summary_id: int) -> None:
        """Open the form with a draft."""
        if summary_id in self.being_made:
            raise Refusal(at_it_words())
        view = await in_a_moment(self.app.summaries.find(*asked_by(interaction), summary_id))
        await open_form(interaction, summary_forms.edit_form(view))

    @press("summary:rewrite")
    async def rewrite(self, interaction: Interaction, summary_id: int) -> None:
        """Put what the asker wrote in a draft's place."""
        await redraw(interaction, await within_time(interaction, self._rewritten(interaction, summary_id)))

    async def _rewritten(self, interaction: Interaction, summary_id: int) -> ui.LayoutView:
        asked = asked_by(interaction)
        if summary_id in self.being_made:  # what is made would take the place of these words
            raise given_back(at_it_words(), words_of(interaction))
        try:
            view = await self.app.summaries.find(*asked, summary_id)
        except Refusal as gone:
            raise given_back(gone.sentence, words_of(interaction)) from gone
        points = summary_forms.points_written(view, answers(interaction))
        return summary_cards.draft_panel(await self.app.summaries.edit(*asked, summary_id, points))

    @press("summary:publish")
    async def publish(self, interaction: Interaction, summary_id: int) -> None:
        """Post a draft in its thread."""
        require_reading(interaction)
        require_posting(interaction)
        community_id, person = asked_by(interaction)
        writes = may_write(interaction, interaction.permissions)
        if not writes and not await in_a_moment(self.app.communities.hosted_by(community_id, person)):
            raise Refusal(_("You may not write here now, so I don't post it for you. Ask a host for a summary."))
        published = await within_time(interaction, self.app.summaries.publish(community_id, person, summary_id))
        words = _("It is on its way to {thread}.").format(thread=f"<#{published.thread_id}>")
        await redraw(interaction, drawing(ui.TextDisplay(words)))

    @press("summary:discard")
    async def discard(self, interaction: Interaction, summary_id: int) -> None:
        """Throw a draft away."""
        gone = await within_time(interaction, self.app.summaries.discard(*asked_by(interaction), summary_id))
        words = _("Thrown away; nobody else has seen it. /summary gathers the thread whenever you like.")
        if not gone:
            words = _("There is no draft here any more: it was published or thrown away before.")
        await redraw(interaction, drawing(ui.TextDisplay(words)))

    async def _past(self, interaction: Interaction) -> ui.LayoutView:
        readable = readable_by(interaction)
        here = (interaction.channel_id or 0) if interaction.permissions.read_message_history else 0
        found = await self.app.summaries.past(community_of(interaction), here, readable, MOST_LISTED)
        return summary_cards.past_panel(found)

    async def _make_confidential(self, interaction: Interaction) -> None:
        """Keep the thread out of summaries, in front of everyone there."""
        place = place_of(interaction)
        if place.thread_id == place.parent_id:
            raise Refusal(_("A thread can be kept out of summaries, and this is a channel. Type it in the thread."))
        await self._mark(interaction, place.thread_id)

    @press("summary:confidential")
    async def make_confidential(self, interaction: Interaction, thread_id: int) -> None:
        """Keep one of Kith's own threads out of summaries; 0 is the thread of the message that was pressed."""
        await self._mark(interaction, thread_id or (interaction.message.id if interaction.message else 0))

    async def _mark(self, interaction: Interaction, thread_id: int) -> None:
        if not interaction.permissions.send_messages_in_threads:
            raise Refusal(_("Those who may write in a thread can keep it out of summaries. Ask one of them."))
        community_id, person = asked_by(interaction)
        if await in_a_moment(self.app.summaries.mark_confidential(community_id, thread_id)):
            await self._tell(interaction, thread_id, _("This thread is confidential now: Kith makes no summary of it."))
            return
        host = await in_a_moment(self.app.communities.hosted_by(community_id, person))
        await show(interaction, summary_cards.confidential_panel(thread_id, host=host))

    @press("summary:lift")
    async def allow_again(self, interaction: Interaction, thread_id: int) -> None:
        """Let summaries be made of a thread again, in front of everyone there."""
        await in_a_moment(self.app.summaries.lift_confidential(*asked_by(interaction), thread_id))
        await self._tell(interaction, thread_id, _("A host allows summaries of this thread again."))

    async def _tell(self, interaction: Interaction, thread_id: int, words: str) -> None:
        """Say something silently in a thread, as the answer to whoever pressed or typed there."""
        view = drawing(ui.TextDisplay(words))
        if interaction.channel_id == thread_id:
            await interaction.response.send_message(view=view, silent=True)
            return
        with contextlib.suppress(discord.HTTPException):  # what counts is kept; the one who pressed reads it anyway
            await self.bot.get_partial_messageable(thread_id).send(view=view, silent=True)
        await show(interaction, drawing(ui.TextDisplay(words + f"\n-# <#{thread_id}>")))

    @Noun.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Note that words were changed; a pin or a link's preview changes none, nor do apps, Kith among them."""
        edited_at = payload.message.edited_at
        if (
            payload.guild_id is not None
            and edited_at
            and not payload.message.author.bot
            and utcnow() - edited_at < JUST_NOW
        ):
            self._note_changed([payload.message_id])
            await self.app.summaries.sources_changed(payload.guild_id, [payload.message_id])

    @Noun.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Note that a message is gone."""
        await self._note_gone(payload.guild_id, [payload.message_id])

    @Noun.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Note that many messages are gone."""
        await self._note_gone(payload.guild_id, payload.message_ids)

    async def _note_gone(self, community_id: int | None, message_ids: Collection[int]) -> None:
        if community_id is not None:
            self._note_changed(message_ids)
            await self.app.summaries.messages_gone(community_id, message_ids)

    def _note_changed(self, message_ids: Collection[int]) -> None:
        for each in self.changed:
            each.update(message_ids)

    @Noun.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Note that a thread is gone."""
        await self.app.summaries.thread_gone(payload.guild_id, payload.thread_id)

    @Noun.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Note that a channel is gone, of which a part may have been gathered."""
        await self.app.summaries.thread_gone(channel.guild.id, channel.id)


def at_it_words() -> str:
    """Return what somebody reads while their draft is being made again."""
    return _("I am at it already. It takes up to a minute, and then stands where you pressed.")


def nothing_words(terms: Terms) -> str:
    """Return what somebody reads where nothing was found to gather."""
    if terms.previous is None:
        return _(
            "I found no words here that I could gather. What apps post does not count, nor pictures, nor the words of "
            "those who want theirs left out."
        )
    words = _("Nothing new was written here since the last summary.")
    if terms.previous.message_id is None:
        return words
    return words + " " + _("It is here: {link}").format(link=summary_cards.summary_link(terms.previous))
