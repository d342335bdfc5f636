"""The buttons of a circle while it runs, and of what is gathered at its end."""

from datetime import timedelta

import discord
from discord import ui

from bot.errors import Refusal
from bot.language import _, speaking
from bot.services.circling import Pressed, WishesGathered
from bot.services.words import given_back
from bot.store.circles import Circle, CircleState, SeatState
from bot.store.rhythms import Way
from cogs import circle_forms, circle_lists
from cogs.cards import drawing, message_link, stamp
from cogs.circle_panel import STEPS_APART
from cogs.circles import verb_of
from cogs.support import (
    Interaction,
    Noun,
    answers,
    asked_by,
    community_of,
    in_a_moment,
    open_form,
    press,
    redraw,
    say,
    show,
    within_time,
)

POLL_FOR = timedelta(days=7)
DONE = {"spoke": SeatState.SPOKE, "pass": SeatState.PASSED, "silent": SeatState.SILENT}


class Circling(Noun):
    """Members carry a circle from step to step. The panel itself is redrawn by what each press plans."""

    @press("circle:begin")
    async def begin(self, interaction: Interaction, circle_id: int) -> None:
        """Let a circle begin."""
        done = await within_time(interaction, self.app.circling.begin(*asked_by(interaction), circle_id))
        words = _("It begins. The first step is on its way to the thread.")
        if done.again:
            words = _("It has begun already. The newest panel in the thread shows where it is.")
        await say(interaction, words)

    @press("step:next")
    async def next(self, interaction: Interaction, numbered: int) -> None:
        """Go on from the step the panel shows to the next."""
        circle_id, step = divmod(numbered, STEPS_APART)
        done = await within_time(interaction, self.app.circling.next(*asked_by(interaction), circle_id, step))
        if done.again:
            words = _(
                "The circle has gone on from that step already. The newest panel in the thread shows where it is."
            )
        elif done.circle.state is CircleState.CLOSED:
            words = _("That was the last step, and the circle is closed. Thank you for carrying it.")
        else:
            words = _("On to the next step; it is on its way to the thread.")
        await say(interaction, words)

    @press("circle:more_time")
    async def more_time(self, interaction: Interaction, circle_id: int) -> None:
        """Give the step two more minutes, or in writing two more hours."""
        done = await within_time(interaction, self.app.circling.more_time(*asked_by(interaction), circle_id))
        assert done.circle.step_ends_at is not None
        words = _("Two more minutes: it ends {when}.")
        if done.circle.way is Way.WRITTEN:
            words = _("Two more hours: it ends {when}.")
        await say(interaction, words.format(when=stamp(done.circle.step_ends_at, "R")))

    @press("circle:bell")
    async def ring(self, interaction: Interaction, circle_id: int) -> None:
        """Ring the bell."""
        community_id, _person = asked_by(interaction)
        done = await within_time(interaction, self.app.circling.ring(community_id, circle_id))
        words = _("The bell rings in the thread. Thank you for asking for a pause.")
        if done.again:
            words = _("The bell has just rung: the pause is there already. Thank you for asking for it.")
        await say(interaction, words)

    @press("circle:close")
    async def ask_to_close(self, interaction: Interaction, circle_id: int) -> None:
        """Ask whether a circle is to be closed."""
        await show(interaction, circle_lists.close_panel(circle_id))

    @press("circle:really_close")
    async def close(self, interaction: Interaction, circle_id: int) -> None:
        """Close a circle."""
        done = await within_time(interaction, self.app.circling.close(*asked_by(interaction), circle_id))
        words = _("The circle is closed. Thank you for carrying it; in its thread I ask for the harvest.")
        if done.again:
            words = _("The circle was closed already; in its thread I ask for the harvest.")
        await redraw(interaction, drawing(ui.TextDisplay(words)))

    @press("circle:spoke", "circle:pass", "circle:silent")
    async def speak(self, interaction: Interaction, circle_id: int) -> None:
        """Pass the talking piece on."""
        verb = verb_of(interaction)
        done = await within_time(interaction, self.app.circling.speak(*asked_by(interaction), circle_id, DONE[verb]))
        words = {
            "spoke": _("Thank you."),
            "pass": _("Passing is a full answer."),
            "silent": _("Your silence has its place here."),
        }[verb]
        if not done.round_over:
            after = _("The talking piece goes on.")
        elif done.circle.state is CircleState.CLOSED:
            after = _("Everyone has had the talking piece, and with that the circle is closed.")
        else:
            after = _("Everyone has had the talking piece; the next step is on its way to the thread.")
        await say(interaction, f"{words} {after}")

    @press("circle:harvest")
    async def ask_for_harvest(self, interaction: Interaction, circle_id: int) -> None:
        """Open the form of the harvest."""
        harvest = await in_a_moment(self.app.circling.harvest_so_far(*asked_by(interaction), circle_id))
        await open_form(interaction, circle_forms.harvest_form(circle_id, harvest))

    @press("circle:gather")
    async def gather(self, interaction: Interaction, circle_id: int) -> None:
        """Keep the harvest."""
        filled = answers(interaction)
        lines, question, thanks = (str(filled.get(each) or "") for each in ("lines", "question", "thanks"))
        gathering = self.app.circling.harvest(
            *asked_by(interaction), circle_id, lines=lines, question=question, thanks=thanks
        )
        await within_time(interaction, gathering)
        await say(interaction, _("Thank you. The harvest is on its way to the thread; you can change it there."))

    @press("circle:wish")
    async def ask_for_wish(self, interaction: Interaction, circle_id: int) -> None:
        """Ask what wants to happen next."""
        await open_form(interaction, circle_forms.wish_form(circle_id))

    @press("circle:wished")
    async def wish(self, interaction: Interaction, circle_id: int) -> None:
        """Keep a line on what wants to happen next."""
        done = await within_time(interaction, self._wish(interaction, circle_id))
        sentence = _("Thank you. Hosts can make a poll of all such lines; nobody sees whose is whose.")
        if done.again:
            sentence = _("Thank you. Your line is changed to this one.")
        await say(interaction, sentence)

    async def _wish(self, interaction: Interaction, circle_id: int) -> Pressed:
        words = str(answers(interaction).get("words") or "")
        view = await self.app.circles.find(community_of(interaction), circle_id)
        made, there = await self._poll(view.circle)
        if there:
            link = message_link(view.community.id, view.circle.channel_id, made)
            sentence = _(
                "The poll is made already and takes no more lines: {link}. The circle's thread has room for it."
            )
            raise given_back(sentence.format(link=link), words)
        return await self.app.circling.wish(*asked_by(interaction), circle_id, words)

    async def _poll(self, circle: Circle) -> tuple[int, bool]:
        """Return the poll made after a circle (0: none was), and whether it is there still."""
        made = int(await self.app.communities.remembered(f"poll:{circle.id}") or 0)
        if not made:
            return 0, False
        channel = self.bot.get_partial_messageable(circle.channel_id or 0, guild_id=circle.community_id)
        try:
            await channel.fetch_message(made)
        except discord.NotFound:
            return made, False
        except discord.Forbidden:
            return made, True  # Kith may not look, and another would be one too many
        return made, True

    @press("circle:poll")
    async def poll(self, interaction: Interaction, circle_id: int) -> None:
        """Publish what was wished as a poll, once; one that somebody deleted is made anew."""
        link, gathered = await within_time(interaction, self._published(interaction, circle_id))
        words = _("Here is the poll: {link}").format(link=link)
        if gathered.left_out:
            words += " " + _("A poll takes ten answers; the lines wished most often are in it.")
        await say(interaction, words)

    async def _published(self, interaction: Interaction, circle_id: int) -> tuple[str, WishesGathered]:
        gathered = await self.app.circling.wishes_gathered(*asked_by(interaction), circle_id)
        made, there = await self._poll(gathered.circle)
        if not there:
            made = await self._post(gathered, f"poll:{circle_id}:{made % 1_000_000}")
            await self.app.communities.remember(f"poll:{circle_id}", str(made))
        return message_link(gathered.community.id, gathered.circle.channel_id, made), gathered

    async def _post(self, gathered: WishesGathered, nonce: str) -> int:
        with speaking(gathered.community.language):
            poll = discord.Poll(_("What wants to happen next?"), POLL_FOR, multiple=True)
        for words in gathered.answers:
            poll.add_answer(text=words)
        channel = self.bot.get_partial_messageable(gathered.circle.channel_id or 0, guild_id=gathered.community.id)
        try:
            return (await channel.send(poll=poll, nonce=nonce)).id  # of two hosts at once, Discord takes one
        except (discord.Forbidden, discord.NotFound) as error:
            raise Refusal(
                _("I may not make a poll there yet. Allow me *Create Polls* in {channel}, then press it again.").format(
                    channel=f"<#{gathered.circle.channel_id}>"
                )
            ) from error
