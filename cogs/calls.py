"""/call, *Make a call of this*, the buttons of a call's messages, and the forms behind them."""

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, locale_str

from bot.errors import Refusal
from bot.language import _
from bot.services.calls import CallForm
from bot.services.responses import LEASE, Later
from bot.services.words import LONGEST_WORDS
from bot.store.calls import Audience, Call, CallState, ResponseKind, Urgency
from cogs import call_forms, call_lists
from cogs.cards import drawing, stamp
from cogs.hands import THREAD_IS_ARCHIVED, shortened
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
    say,
    show,
    within_time,
)


class Calls(Noun):
    """Members call their peers, respond, and see what waits."""

    async def cog_load(self) -> None:
        """Register the presses, and the message menu, which discord.py knows no decorator for in a cog."""
        await super().cog_load()
        menu = app_commands.ContextMenu(name=locale_str("Make a call of this"), callback=self.make_of_message)
        self.bot.tree.add_command(menu)

    @app_commands.command(name="call", description=locale_str("Ask your peers for something, or see what waits"))
    @app_commands.rename(listed="open")
    @app_commands.describe(listed=locale_str("See a list in place of the form"))
    @app_commands.choices(
        listed=[
            Choice(name=locale_str("what still waits"), value="waiting"),
            Choice(name=locale_str("my own calls"), value="mine"),
        ]
    )
    @app_commands.guild_only()
    async def call(self, interaction: Interaction, listed: Choice[str] | None = None) -> None:
        """Open the form, or show a list."""
        if listed is None:
            await self._open_form(interaction)
        elif listed.value == "mine":
            await show(interaction, await within_time(interaction, self._own(interaction, 0)))
        else:
            await show(interaction, await within_time(interaction, self._waiting(interaction, 0)))

    @app_commands.guild_only()
    async def make_of_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Open the form with a message's words."""
        words = message.content.strip()
        if not words:
            raise Refusal(_("There are no words in that message to begin with. /call opens an empty form."))
        await self._open_form(interaction, shortened(words, LONGEST_WORDS))

    async def _open_form(self, interaction: Interaction, words: str = "") -> None:
        form = await in_a_moment(self.app.calls.form(community_of(interaction), interaction.user.id, words))
        await open_form(interaction, call_forms.call_form(form))

    @press("call:need")
    async def ask_for_it(self, interaction: Interaction, check_in_id: int) -> None:
        """Open the form with the words of a member's own check-in."""
        form: CallForm = await in_a_moment(
            self.app.calls.form_from_check_in(community_of(interaction), interaction.user.id, check_in_id)
        )
        await open_form(interaction, call_forms.call_form(form))

    @press("call:write")
    async def write(self, interaction: Interaction, _id: int) -> None:
        """Keep the draft and show how it will look."""
        new = call_forms.written_call(interaction)
        preview = await within_time(
            interaction, self.app.calls.write(community_of(interaction), interaction.user.id, new)
        )
        unheeded = bool(new.named) and new.audience is not Audience.NAMED
        await redraw(interaction, call_lists.preview_panel(preview, unheeded=unheeded))

    @press("call:change")
    async def change(self, interaction: Interaction, call_id: int) -> None:
        """Open the form with the draft again."""
        form = await in_a_moment(self.app.calls.change(community_of(interaction), interaction.user.id, call_id))
        await open_form(interaction, call_forms.call_form(form))

    @press("call:send")
    async def send(self, interaction: Interaction, call_id: int) -> None:
        """Send the draft, if it is still the one that was shown."""
        seen = call_lists.edition_seen(interaction.message)
        sent = await within_time(
            interaction, self.app.calls.send(community_of(interaction), interaction.user.id, call_id, seen)
        )
        await redraw(interaction, call_lists.sent_panel(call_lists.sent_words(sent.call, again=sent.again)))

    @press("call:discard")
    async def discard(self, interaction: Interaction, call_id: int) -> None:
        """Throw the draft away."""
        gone = await within_time(
            interaction, self.app.calls.discard(community_of(interaction), interaction.user.id, call_id)
        )
        words = _("Thrown away; nobody has seen it. /call opens the form whenever you like.")
        if not gone:
            words = _("There is no draft here any more: it was sent or thrown away before.")
        await redraw(interaction, call_lists.sent_panel(words))

    @press("call:waiting")
    async def waiting(self, interaction: Interaction, skip: int) -> None:
        """List the open calls a member may see."""
        await redraw(interaction, await within_time(interaction, self._waiting(interaction, skip)))

    async def _waiting(self, interaction: Interaction, skip: int) -> ui.LayoutView:
        community_id, person = community_of(interaction), person_of(interaction)
        found = await self.app.calls.waiting(community_id, person, skip, call_lists.ON_A_PAGE + 1)
        host = await self.app.communities.hosted_by(community_id, person)
        return call_lists.waiting_panel(found, skip, person.member_id, host=host)

    @press("call:mine")
    async def own(self, interaction: Interaction, skip: int) -> None:
        """List a member's own open calls."""
        await redraw(interaction, await within_time(interaction, self._own(interaction, skip)))

    async def _own(self, interaction: Interaction, skip: int) -> ui.LayoutView:
        member_id = interaction.user.id
        limit = call_lists.OWN_ON_A_PAGE + 1
        found = await self.app.calls.own(community_of(interaction), member_id, skip, limit)
        return call_lists.own_panel(found, skip, member_id)

    @press("call:measures")
    async def measures(self, interaction: Interaction, _id: int) -> None:
        """Show a host how calls fare."""
        measures = await within_time(
            interaction, self.app.calls.measures(community_of(interaction), person_of(interaction))
        )
        await redraw(interaction, call_lists.measures_panel(measures))

    @press("call:with")
    async def with_you(self, interaction: Interaction, call_id: int) -> None:
        """Note that a member is with the caller."""
        done = await within_time(interaction, self.app.responses.with_you(*asked_by(interaction), call_id))
        if done.again:
            words = _("You are with this call already. Thank you.")
        else:
            words = _("Thank you. The thread is told that you are there, and in two days I ask you how it goes.")
        await say(interaction, words + place_words(done.call))

    @press("call:later")
    async def ask_when(self, interaction: Interaction, call_id: int) -> None:
        """Ask when a member could come."""
        choices = await in_a_moment(self.app.responses.later_choices(*asked_by(interaction), call_id))
        await open_form(interaction, call_forms.later_form(call_id, choices))

    @press("call:come_later")
    async def come_later(self, interaction: Interaction, call_id: int) -> None:
        """Note when a member could come."""
        when = Later(answers(interaction).get("when") or Later.TOMORROW)
        done = await within_time(interaction, self.app.responses.later(*asked_by(interaction), call_id, when))
        assert done.response is not None and done.response.later_at is not None
        words = _("Thank you. I ask you {when}. Until then the call goes on asking others too.")
        await say(interaction, words.format(when=stamp(done.response.later_at, "f")))

    @press("call:know")
    async def ask_whom(self, interaction: Interaction, call_id: int) -> None:
        """Ask whom a member thinks of."""
        await in_a_moment(self.app.responses.open_to(*asked_by(interaction), call_id))
        await open_form(interaction, call_forms.someone_form(call_id))

    @press("call:ask_someone")
    async def ask_someone(self, interaction: Interaction, call_id: int) -> None:
        """Ask somebody a member thought of."""
        other = call_forms.someone_picked(interaction)
        done = await within_time(interaction, self.app.responses.know_someone(*asked_by(interaction), call_id, other))
        words = _("Thank you for thinking of {name}. I ask them in the thread, by day where they are.")
        if done.call.urgency is Urgency.TODAY:
            words = _("Thank you for thinking of {name}. I ask them in the thread now.")
        await say(interaction, words.format(name=f"<@{other.member_id}>"))

    @press("call:not_me")
    async def not_me(self, interaction: Interaction, call_id: int) -> None:
        """Note that a member passes."""
        done = await within_time(interaction, self.app.responses.not_me(*asked_by(interaction), call_id))
        words = _("Thank you for saying so. That is a full answer, and it helps the call find its person sooner.")
        if done.again:
            words = _("You had said so already, and that is a full answer. Thank you.")
        await say(interaction, words)

    @press("response:done")
    async def done(self, interaction: Interaction, response_id: int) -> None:
        """Note that a responder has done what they came for."""
        done = await within_time(interaction, self.app.responses.done(*asked_by(interaction), response_id))
        words = _("Thank you for being there. The caller is asked whether that answers the call.")
        if done.again:
            words = no_longer_with(done.response.kind if done.response else ResponseKind.LEFT)
        await say(interaction, words)

    @press("response:need_time")
    async def need_time(self, interaction: Interaction, response_id: int) -> None:
        """Renew a responder's lease."""
        done = await within_time(interaction, self.app.responses.need_time(*asked_by(interaction), response_id))
        words = _("Take your time. I ask you again {when}.").format(when=stamp(self.app.clock.now() + LEASE, "R"))
        if done.again:
            words = _("You have that time already, and I ask you again before it ends.")
        await say(interaction, words)

    @press("response:hand_back")
    async def hand_back(self, interaction: Interaction, response_id: int) -> None:
        """Let a responder go."""
        done = await within_time(interaction, self.app.responses.hand_back(*asked_by(interaction), response_id))
        if done.again:
            words = no_longer_with(done.response.kind if done.response else ResponseKind.LEFT)
        elif done.call.next_at is None or done.call.accompanied:
            words = _("Thank you for the time you gave. The caller is not left alone, and nobody is told of this.")
        else:
            words = _(
                "Thank you for the time you gave. The call goes on to others, and nobody is told who handed it back."
            )
        await say(interaction, words)

    @press("call:answered")
    async def answered(self, interaction: Interaction, call_id: int) -> None:
        """End a call on its caller's word."""
        done = await within_time(interaction, self.app.callers.answered(*asked_by(interaction), call_id))
        if done.again:
            words = _("It is noted as answered already.")
        elif done.call.nameless:
            words = _(
                "I am glad. Those who came are thanked in the thread, and I forget now that it was you who asked."
            )
        else:
            words = _("I am glad. Those who came are thanked in the thread; in a week I ask you there if it helped.")
        await say(interaction, words)

    @press("call:not_yet")
    async def not_yet(self, interaction: Interaction, call_id: int) -> None:
        """Note that nobody is with the caller yet."""
        done = await within_time(interaction, self.app.callers.not_yet(*asked_by(interaction), call_id))
        await say(interaction, open_words(done.call))

    @press("call:still_open")
    async def still_open(self, interaction: Interaction, call_id: int) -> None:
        """Note that a call still waits."""
        done = await within_time(interaction, self.app.callers.still_open(*asked_by(interaction), call_id))
        await say(interaction, open_words(done.call))

    @press("call:withdraw")
    async def ask_to_withdraw(self, interaction: Interaction, call_id: int) -> None:
        """Ask whether a call is to be withdrawn."""
        call = await within_time(interaction, self.app.callers.hold(*asked_by(interaction), call_id, CallState.OPEN))
        await show(interaction, call_lists.withdraw_panel(call))

    @press("call:really_withdraw")
    async def withdraw(self, interaction: Interaction, call_id: int) -> None:
        """Withdraw a call."""
        done = await within_time(interaction, self.app.callers.withdraw(*asked_by(interaction), call_id))
        words = _("Withdrawn, and its words are erased. You are welcome to ask again whenever you like.")
        if done.again:
            words = _("It was withdrawn before, and its words are erased.")
        await redraw(interaction, drawing(ui.TextDisplay(words)))

    @press("call:yes")
    async def accompanied(self, interaction: Interaction, call_id: int) -> None:
        """Note the caller's word that someone is with them."""
        done = await within_time(interaction, self.app.callers.accompanied(*asked_by(interaction), call_id))
        words = _("Good to know. I ask nobody else now, and in a week I ask you how it stands.")
        if done.again:
            words = _("That is noted already: someone is with you, and I ask nobody else now.")
        await say(interaction, words)

    @press("call:helped")
    async def helped(self, interaction: Interaction, call_id: int) -> None:
        """Note that an answered call helped; a line of what was learned is welcome."""
        done = await within_time(interaction, self.app.callers.helped(*asked_by(interaction), call_id))
        await show(interaction, call_lists.helped_panel(done.call))

    @press("call:not_really")
    async def not_really(self, interaction: Interaction, call_id: int) -> None:
        """Open a call again that did not help yet."""
        done = await within_time(interaction, self.app.callers.not_really(*asked_by(interaction), call_id))
        await say(interaction, _("Thank you for saying so.") + " " + open_words(done.call))

    @press("call:add_line")
    async def ask_for_a_line(self, interaction: Interaction, call_id: int) -> None:
        """Open the form for a line of learning."""
        call = await in_a_moment(self.app.callers.hold(*asked_by(interaction), call_id, CallState.ANSWERED))
        await open_form(interaction, call_forms.learned_form(call_id, call.learning))

    @press("call:learned")
    async def learned(self, interaction: Interaction, call_id: int) -> None:
        """Share a line of learning."""
        words = str(answers(interaction).get("words") or "")
        await within_time(interaction, self.app.callers.learned(*asked_by(interaction), call_id, words))
        await say(interaction, _("Thank you. Your line is on its way to the thread."))

    @press("call:relay")
    async def ask_what_to_say(self, interaction: Interaction, call_id: int) -> None:
        """Open the form for words that Kith says for a nameless caller."""
        await in_a_moment(self.app.callers.hold(*asked_by(interaction), call_id, CallState.OPEN))
        await open_form(interaction, call_forms.say_form(call_id))

    @press("call:say")
    async def relay(self, interaction: Interaction, call_id: int) -> None:
        """Say a nameless caller's words."""
        words = str(answers(interaction).get("words") or "")
        await within_time(interaction, self.app.callers.relay(*asked_by(interaction), call_id, words, interaction.id))
        await say(interaction, _("Your words are on their way to the thread, without your name."))

    @press("call:enter")
    async def enter(self, interaction: Interaction, call_id: int) -> None:
        """Let a host into the private thread of a hosts' call."""
        call = await within_time(interaction, self._let_in(interaction, call_id))
        await say(interaction, _("You are in: <#{thread}>. Thank you for looking.").format(thread=call.thread_id))

    async def _let_in(self, interaction: Interaction, call_id: int) -> Call:
        call = await self.app.responses.enter(*asked_by(interaction), call_id)
        try:
            thread = await self.bot.fetch_channel(call.thread_id or 0)
            assert isinstance(thread, discord.Thread)
            await self._add(thread, interaction.user)
        except discord.NotFound as error:
            raise Refusal(_("Its thread is not there. Wait a minute and try again, or look in /call open.")) from error
        except discord.Forbidden as error:
            raise Refusal(
                _(
                    "Discord keeps me from letting you into its thread. Someone with *Manage Server* can see in "
                    "/setup check what I may not do in {channel}, and whether you may see that channel; then try again."
                ).format(channel=f"<#{call.channel_id}>")
            ) from error
        return call

    async def _add(self, thread: discord.Thread, member: discord.abc.Snowflake) -> None:
        try:
            await thread.add_user(member)
        except discord.HTTPException as error:
            if error.code != THREAD_IS_ARCHIVED:
                raise
            await thread.edit(archived=False)
            await thread.add_user(member)

    @Noun.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Note that someone wrote in a call's thread, never what: all of these are threads that Kith made."""
        thread = message.channel
        if message.guild is None or not isinstance(thread, discord.Thread) or thread.owner_id != self._own_id:
            return
        if not message.author.bot and not message.is_system():
            await self.app.responses.note_reply(message.guild.id, thread.id, message.author.id)

    @property
    def _own_id(self) -> int:
        assert self.bot.user is not None
        return self.bot.user.id


def place_words(call: Call) -> str:
    """Return where to write to the caller, when that is there already."""
    return (
        ""
        if call.thread_id is None
        else " " + _("You can write to each other in {thread}.").format(thread=f"<#{call.thread_id}>")
    )


def no_longer_with(kind: ResponseKind) -> str:
    """Return what someone reads whose lease had ended before they pressed."""
    if kind is ResponseKind.DONE:
        return _("That is noted already. Thank you for being there.")
    return _("You are not with this call any more, so nothing is left to do. *I'm with you* takes it up again.")


def open_words(call: Call) -> str:
    """Return what a caller reads of a call that is open."""
    if call.next_at is None:
        return _("It stays open, and somebody is with you at the moment. If they can't go on, I ask others.")
    if call.accompanied:
        return _("It stays open. I ask nobody else for now, since someone has been with you.")
    return _("It stays open, and I go on asking others until you say that it is answered.")
