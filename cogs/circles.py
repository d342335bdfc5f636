"""/circle, and the buttons of a circle before it begins: proposing, coming, roles, moving and cancelling."""

from discord import app_commands, ui
from discord.app_commands import Choice, locale_str

from bot.circle_deck import our_circle_decks
from bot.errors import Refusal
from bot.formats import Role
from bot.language import _, nearest
from bot.services.circle_views import CircleView
from bot.services.circles import MOST_COMING, Answer
from bot.services.words import given_back
from bot.store.circles import Circle, ComingKind
from bot.store.rhythms import Way
from cogs import circle_forms, circle_lists
from cogs.call_forms import someone_picked
from cogs.cards import drawing, stamp
from cogs.circle_cards import role_word, unhosted_words
from cogs.circle_forms import VERBS
from cogs.hands import shortened
from cogs.summary_place import readable_by
from cogs.support import (
    Interaction,
    Noun,
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

ROLES = {verb: role for role, verb in VERBS.items()}
LISTED = MOST_COMING * 2
"""Circles read for the list: more than can be proposed, since those of rhythms come on top."""
MOST_OFFERED = 25
"""Choices Discord shows as one types."""
GATHERED = 5
"""Circles that are over, of which the list shows what was gathered."""


async def themes(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Offer the themes of the deck that hold what was typed, with what each is for."""
    return [
        Choice(name=shortened(words, 100), value=each.id)
        for each in our_circle_decks().themes(nearest(str(interaction.locale)))
        if typed.strip().casefold() in (words := f"{each.title}: {each.intention}").casefold()
    ][:MOST_OFFERED]


class Circles(Noun):
    """Members see the circles to come, say whether they come, take roles, and propose circles of their own."""

    @app_commands.command(name="circle", description=locale_str("The learning circles to come; propose one"))
    @app_commands.describe(link=locale_str("Propose a live circle that meets at this address instead of in a channel"))
    @app_commands.describe(theme=locale_str("Propose a circle on this theme, which brings its questions; pick one"))
    @app_commands.autocomplete(theme=themes)
    @app_commands.guild_only()
    async def circle(self, interaction: Interaction, link: str | None = None, theme: str | None = None) -> None:
        """Show the circles to come; with a link or a theme, open the form."""
        if link is not None or theme is not None:
            await self._open_form(interaction, link, theme)
        else:
            await show(interaction, await within_time(interaction, self._listed(interaction, 0)))

    @press("circle:list")
    async def list_all(self, interaction: Interaction, skip: int) -> None:
        """Show the circles to come, on the same panel."""
        await redraw(interaction, await within_time(interaction, self._listed(interaction, skip)))

    async def _listed(self, interaction: Interaction, skip: int) -> ui.LayoutView:
        community_id, person = community_of(interaction), person_of(interaction)
        found = await self.app.circles.upcoming(community_id, LISTED)
        host = await self.app.communities.hosted_by(community_id, person)
        gathered = [] if skip else await self.app.circles.gathered(community_id, readable_by(interaction), GATHERED)
        return circle_lists.circles_panel(found, skip, person.member_id, host=host, gathered=gathered)

    @press("circle:show")
    async def show_one(self, interaction: Interaction, circle_id: int) -> None:
        """Show one circle as its card does."""
        await redraw(interaction, await within_time(interaction, self._shown(interaction, circle_id)))

    async def _shown(self, interaction: Interaction, circle_id: int) -> ui.LayoutView:
        community_id, person = community_of(interaction), person_of(interaction)
        view = await self.app.circles.find(community_id, circle_id)
        host = await self.app.communities.hosted_by(community_id, person)
        return circle_lists.one_panel(view, person.member_id, host=host)

    @press("circle:propose")
    async def propose(self, interaction: Interaction, _id: int) -> None:
        """Open the form."""
        await self._open_form(interaction)

    async def _open_form(self, interaction: Interaction, link: str | None = None, theme: str | None = None) -> None:
        link = None if link is None else circle_forms.check_link(link.strip())
        if theme is not None:
            community = await in_a_moment(self.app.communities.find(community_of(interaction)))
            theme = circle_forms.check_theme(community.language, theme)
        zone = await in_a_moment(self._zone(interaction))
        form = circle_forms.propose_form(interaction.id, zone, self.app.clock.now(), link, theme)
        await open_form(interaction, form)

    @press("circle:proposed")
    async def proposed(self, interaction: Interaction, request_id: int) -> None:
        """Announce a proposed circle, and tell its proposer what they took on."""
        view = await within_time(interaction, self._propose(interaction, request_id or interaction.id))
        role = role_held(view, interaction.user.id)
        await show(interaction, circle_lists.proposed_panel(view, role))
        if role is not None:
            await show(interaction, circle_lists.role_panel(view.circle, role, taken_words(role)))

    async def _propose(self, interaction: Interaction, request_id: int) -> CircleView:
        new = circle_forms.proposed_circle(interaction, await self._zone(interaction), self.app.clock.now())
        try:
            return await self.app.circles.propose(*asked_by(interaction), new, request_id)
        except Refusal as refusal:
            raise given_back(refusal.sentence, new.title) from refusal

    async def _zone(self, interaction: Interaction) -> str:
        return (await self.app.members.find(community_of(interaction), interaction.user.id)).zone

    @press("circle:come")
    async def come(self, interaction: Interaction, circle_id: int) -> None:
        """Note that a member comes."""
        answer = await self._answer(interaction, circle_id, ComingKind.COMING)
        if answer.waits:
            words = _(
                "There is no room just now, so you are on the waiting list. When someone makes room, whoever waits "
                "longest is in, and is told in the circle's thread."
            )
        elif answer.again:
            words = _("You had said so already: you come. {when}").format(when=when_words(answer.view.circle))
        else:
            words = _("Good that you come. {when}").format(when=when_words(answer.view.circle))
        await say(interaction, words)

    @press("circle:maybe")
    async def maybe(self, interaction: Interaction, circle_id: int) -> None:
        """Note that a member may come."""
        answer = await self._answer(interaction, circle_id, ComingKind.MAYBE)
        words = _("Noted: maybe. You can still come. {when}").format(when=when_words(answer.view.circle))
        if interaction.user.id in {each.member_id for each in answer.view.roles.values()}:
            words = _("Noted: maybe. You hold a role, so the circle counts on you until you give it back in /circle.")
        await say(interaction, words)

    @press("circle:not_this_time")
    async def not_this_time(self, interaction: Interaction, circle_id: int) -> None:
        """Note that a member passes."""
        answer = await self._answer(interaction, circle_id, ComingKind.NOT)
        words = _("Thank you for saying so; that is a full answer. If you had taken a role, it is free for others now.")
        if answer.again:
            words = _("You had said so already, and that is a full answer. Thank you.")
        await say(interaction, words)

    async def _answer(self, interaction: Interaction, circle_id: int, kind: ComingKind) -> Answer:
        return await within_time(interaction, self.app.circles.answer(*asked_by(interaction), circle_id, kind))

    @press("circle:host", "circle:guardian", "circle:harvester")
    async def take(self, interaction: Interaction, circle_id: int) -> None:
        """Take a role; pressed by the one who holds it, show what can be done with it."""
        await self._take(interaction, circle_id, ROLES[verb_of(interaction)])

    @press("circle:take_host", "circle:take_guardian", "circle:take_harvester", "circle:take_cohost")
    async def take_offered(self, interaction: Interaction, circle_id: int) -> None:
        """Take a role that somebody offers."""
        await self._take(interaction, circle_id, role_in(interaction))

    async def _take(self, interaction: Interaction, circle_id: int, asked: Role) -> None:
        answer = await within_time(interaction, self.app.circles.take(*asked_by(interaction), circle_id, asked))
        role = answer.role or asked
        if answer.again:
            opening = _("You hold this already: *{role}*. It can be given back, or offered to someone.").format(
                role=role_word(role)
            )
        elif role is not asked:
            opening = _("Thank you. The first time one stands beside a host, so you are this circle's co-host.")
        else:
            opening = taken_words(role)
        if role is Role.CO_HOST and Role.HOST not in answer.view.roles:
            opening += " " + unhosted_words()
        await show(interaction, circle_lists.role_panel(answer.view.circle, role, opening))

    @press("circle:free_host", "circle:free_guardian", "circle:free_harvester", "circle:free_cohost")
    async def give_back(self, interaction: Interaction, circle_id: int) -> None:
        """Free a role."""
        role = role_in(interaction)
        await within_time(interaction, self.app.circles.give_back(*asked_by(interaction), circle_id, role))
        words = _("Thank you for saying so. It is free for others now, and you are as welcome in the circle as before.")
        await redraw(interaction, drawing(ui.TextDisplay(words)))

    @press("circle:offer_host", "circle:offer_guardian", "circle:offer_harvester", "circle:offer_cohost")
    async def ask_whom(self, interaction: Interaction, circle_id: int) -> None:
        """Ask to whom a role is offered."""
        await open_form(interaction, circle_forms.offer_form(circle_id, role_in(interaction)))

    @press("circle:offered_host", "circle:offered_guardian", "circle:offered_harvester", "circle:offered_cohost")
    async def offer(self, interaction: Interaction, circle_id: int) -> None:
        """Offer a role to somebody, who is asked in the thread."""
        role, other = role_in(interaction), someone_picked(interaction)
        offering = self.app.circles.offer(*asked_by(interaction), circle_id, role, other.member_id)
        answer = await within_time(interaction, offering)
        words = _("I ask {name} in the circle's thread. It stays yours until they take it.")
        if answer.again:
            words = _("{name} has been asked already. It stays yours until they take it.")
        await say(interaction, words.format(name=f"<@{other.member_id}>"))

    @press("circle:decline")
    async def decline(self, interaction: Interaction, circle_id: int) -> None:
        """Note that somebody invited does not host this time."""
        answer = await within_time(interaction, self.app.circles.decline(*asked_by(interaction), circle_id))
        words = _("Thank you for saying so; that is a full answer. I ask you another time.")
        if answer.again:
            words = _("You had said so already, and that is a full answer. Thank you.")
        await say(interaction, words)

    @press("circle:move")
    async def ask_when(self, interaction: Interaction, circle_id: int) -> None:
        """Ask for the time, and the place, a circle is moved to."""
        view = await in_a_moment(self.app.circles.find(community_of(interaction), circle_id))
        zone = await in_a_moment(self._zone(interaction))
        await open_form(interaction, circle_forms.move_form(view.circle, zone, self.app.clock.now()))

    @press("circle:moved")
    async def move(self, interaction: Interaction, circle_id: int) -> None:
        """Move one circle."""
        view = await within_time(interaction, self._move(interaction, circle_id))
        words = _("It takes place {when}, {place}; those who come are told in its thread.")
        if view.circle.rhythm_id is not None:
            words += " " + _("Only this one: its rhythm stays as it is.")
        await say(
            interaction, words.format(when=stamp(view.circle.starts_at), place=circle_lists.way_words(view.circle))
        )

    async def _move(self, interaction: Interaction, circle_id: int) -> CircleView:
        moved_to = circle_forms.read_move(interaction, await self._zone(interaction), self.app.clock.now())
        return await self.app.circles.move(*asked_by(interaction), circle_id, *moved_to)

    @press("circle:cancel")
    async def ask_to_cancel(self, interaction: Interaction, circle_id: int) -> None:
        """Ask whether a circle is to be cancelled."""
        view = await within_time(interaction, self.app.circles.find(community_of(interaction), circle_id))
        await redraw(interaction, circle_lists.cancel_panel(view))

    @press("circle:really_cancel")
    async def cancel(self, interaction: Interaction, circle_id: int) -> None:
        """Cancel one circle."""
        await within_time(interaction, self.app.circles.cancel(*asked_by(interaction), circle_id))
        words = _("It is cancelled, and those who come are told in its thread. /circle shows the others.")
        await redraw(interaction, drawing(ui.TextDisplay(words)))


def verb_of(interaction: Interaction) -> str:
    """Return the verb in the name of what was pressed or sent in."""
    return str((interaction.data or {}).get("custom_id")).rpartition(":")[2]


def role_in(interaction: Interaction) -> Role:
    """Return the role a verb such as ``free_host`` ends with."""
    return ROLES[verb_of(interaction).rpartition("_")[2]]


def role_held(view: CircleView, member_id: int) -> Role | None:
    """Return the role a member holds in a circle."""
    return next((role for role, held in view.roles.items() if held.member_id == member_id), None)


def taken_words(role: Role) -> str:
    """Return what someone reads who has taken a role."""
    return {
        Role.HOST: _("Thank you, you host this circle."),
        Role.GUARDIAN: _("Thank you, you are this circle's guardian."),
        Role.HARVESTER: _("Thank you, you gather this circle's harvest."),
        Role.CO_HOST: _("Thank you, you are this circle's co-host."),
    }[role]


def when_words(circle: Circle) -> str:
    """Return when a circle begins, and where."""
    if circle.began_at is not None:
        return _("It is going on now.")
    if circle.way is Way.WRITTEN:
        return _("It begins {when}, in writing, in its thread.").format(when=stamp(circle.starts_at))
    return _("It begins {when}: {place}.").format(when=stamp(circle.starts_at), place=circle_lists.way_words(circle))
