"""/checkin, the buttons of a round's card, and the form behind them."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.app_commands import locale_str

from bot.language import _
from bot.services.checkins import ARRIVING, Answer, Form, Outcome, Written
from bot.services.words import LONGEST_WORDS
from bot.store.checkins import CheckInKind
from bot.store.members import Share
from cogs import cards
from cogs.hands import replied_to
from cogs.support import (
    Interaction,
    Noun,
    answers,
    community_of,
    in_a_moment,
    open_form,
    press,
    pressed_name,
    say,
    show,
    within_time,
)
from cogs.words import arriving_word


class CheckIns(Noun):
    """Members answer the round there is, or write ahead for the next."""

    @app_commands.command(name="checkin", description=locale_str("Answer this round's question, or write ahead"))
    @app_commands.guild_only()
    async def checkin(self, interaction: Interaction) -> None:
        """Open the form for the latest round; between rounds it writes ahead."""
        form = await in_a_moment(self.app.checkins.form(community_of(interaction), interaction.user.id))
        await open_form(interaction, check_in_form(form))

    @press("round:open")
    async def open(self, interaction: Interaction, round_id: int) -> None:
        """Open the form for the round of this card."""
        await self._adopt(interaction, round_id)
        form = await in_a_moment(self.app.checkins.form(community_of(interaction), interaction.user.id, round_id))
        await open_form(interaction, check_in_form(form))

    @press("round:write")
    async def write(self, interaction: Interaction, round_id: int) -> None:
        """Keep what was written in the form; ``round_id`` is 0 for writing ahead."""
        filled = answers(interaction)
        answer = Answer(
            words=str(filled.get("words") or ""),
            share=Share(filled.get("share") or Share.ME),
            arriving=next(iter(filled.get("arriving") or ()), None),
            need=bool(filled.get("need")),
        )
        written = await within_time(
            interaction,
            self.app.checkins.write(community_of(interaction), interaction.user.id, round_id or None, answer),
        )
        await show(interaction, thanks(written))

    @press("round:pass")
    async def pass_by(self, interaction: Interaction, round_id: int) -> None:
        """Note that a member passes."""
        stands = await within_time(
            interaction, self.app.checkins.pass_by(community_of(interaction), interaction.user.id, round_id)
        )
        if stands is CheckInKind.ANSWERED:
            await say(interaction, _("You have checked in already, and that stands. *Check in* shows your words."))
        else:
            await say(interaction, _("Thank you for saying so. Passing is a full answer; see you next time."))

    @press("checkin:back")
    async def take_back(self, interaction: Interaction, check_in_id: int) -> None:
        """Erase a member's own check-in."""
        await within_time(
            interaction,
            self.app.checkins.take_back(community_of(interaction), interaction.user.id, check_in_id),
        )
        await say(interaction, _("Taken back: your words are erased, and so is any post of them."))

    async def _adopt(self, interaction: Interaction, round_id: int) -> None:
        message = interaction.message
        if message is not None and not message.flags.ephemeral:
            await in_a_moment(
                self.app.rounds.adopt_card(community_of(interaction), round_id, message.channel.id, message.id)
            )

    @Noun.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Note that someone replied in a round's thread: to whom, never what."""
        if message.author.bot or message.guild is None or not isinstance(message.channel, discord.Thread):
            return
        if named := replied_to(message):
            await self.app.rounds.note_replies(message.guild.id, message.channel.id, [(message.author.id, named)])


def check_in_form(form: Form) -> ui.Modal:
    """Draw the form, filled in with what stands there already."""
    round_id = form.round.id if form.round else None
    modal = ui.Modal(
        title=_("Check in") if form.round else _("Write ahead"),
        custom_id=pressed_name("round", round_id, "write"),
    )
    before = form.check_in if form.check_in and form.check_in.kind is CheckInKind.ANSWERED else None
    if form.round:
        question = f"### {form.round.question}"
    else:
        question = _("No round is open. What you write here is kept and joins the next one when it opens.")
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(question),
        ui.Label(
            text=_("Your words"),
            component=ui.TextInput(
                custom_id="words",
                style=discord.TextStyle.paragraph,
                max_length=LONGEST_WORDS,
                default=before.words if before else None,
                placeholder=_("A line is enough."),
            ),
        ),
        ui.Label(
            text=_("Arriving"),
            description=_("How do you come in today? May be skipped."),
            component=ui.Select(
                custom_id="arriving",
                required=False,
                placeholder=_("Pick a word"),
                options=[
                    discord.SelectOption(
                        label=arriving_word(key),
                        value=key,
                        default=before is not None and before.arriving == key,
                    )
                    for key in ARRIVING
                ],
            ),
        ),
        ui.Label(
            text=_("Who may see it"),
            component=ui.RadioGroup(
                custom_id="share",
                options=[
                    discord.RadioGroupOption(label=label, value=share, default=share is form.share)
                    for share, label in share_words().items()
                ],
            ),
        ),
        ui.Label(
            text=_("I need something"),
            description=_("Tick this if a peer could help you with something."),
            component=ui.Checkbox(custom_id="need", default=bool(before and before.need)),
        ),
    ]
    for part in parts:
        modal.add_item(part)
    return modal


def share_words() -> dict[Share, str]:
    """Return the words for who may see an answer."""
    return {Share.EVERYONE: _("everyone"), Share.HOSTS: _("hosts"), Share.ME: _("only me")}


def thanks(written: Written) -> ui.LayoutView:
    """Draw what a member reads after writing: what became of it, and what they can still do."""
    check_in = written.check_in
    words = {
        Outcome.SHARED: _("Thank you. Your words are on their way to the thread."),
        Outcome.LATE: _("Late is welcome. Thank you."),
        Outcome.CHANGED: _("Changed. Thank you."),
        Outcome.AHEAD: _("Kept for the next round."),
        Outcome.KEPT: _("Thank you. It is kept."),
    }[written.outcome]
    if check_in.share is Share.HOSTS:
        words += " " + _("Only the hosts can read it.")
    elif check_in.share is Share.ME:
        words += " " + _("Only you can read it, in /me.")
    elif written.round is None:
        words += " " + _("It joins the thread when that opens; until then nobody sees it.")
    buttons = [
        cards.lasting_button(_("Change it"), "round", check_in.round_id, "open"),
        cards.lasting_button(_("Take it back"), "checkin", check_in.id, "back"),
    ]
    if check_in.need:
        words += "\n" + _(
            "You said that you need something. *Ask for it* begins a call with your words: you choose who sees it, "
            "and nothing is sent before you have looked at it."
        )
        ask = cards.lasting_button(_("Ask for it"), "call", check_in.id, "need", discord.ButtonStyle.primary)
        buttons.insert(0, ask)
    return cards.drawing(ui.TextDisplay(words), ui.ActionRow(*buttons))
