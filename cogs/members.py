"""/me: what a member chose and what is kept about them, on one private panel."""

import contextlib
import io
import json
from datetime import date
from typing import Any

import discord
from discord import app_commands, ui
from discord.app_commands import locale_str

from bot.calendar import zone_suggestions
from bot.errors import Refusal
from bot.language import _, nearest
from bot.services.members import Me, Mine, read_day
from bot.store.members import HostingWish, Share
from cogs import cards
from cogs.me_panel import WORDS_ON_A_PAGE, about_form, leaving_panel, me_panel, return_words, words_panel
from cogs.support import (
    Interaction,
    Noun,
    answers,
    community_of,
    in_a_moment,
    open_form,
    press,
    redraw,
    show,
    within_time,
)

NOT_AWAY = "no"
FILE_NAME = "my-kith-data.json"


class Members(Noun):
    """Members see and choose what is about themselves. Every panel is private and drawn from rows."""

    @app_commands.command(name="me", description=locale_str("What you chose, and everything Kith keeps about you"))
    @app_commands.describe(
        zone=locale_str("Your time zone: type a city near you"),
        away_until=locale_str("The day you are back; until then nobody asks or reminds you"),
        offer=locale_str("One more thing others may ask you for, in a word or a phrase"),
    )
    @app_commands.guild_only()
    async def me(
        self,
        interaction: Interaction,
        zone: str | None = None,
        away_until: str | None = None,
        offer: str | None = None,
    ) -> None:
        """Open the panel, after keeping what was chosen on the way."""
        given = {"zone": zone, "offer": offer}
        choices: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if away_until is not None:
            choices["away_until"] = None if means_here(away_until) else read_day(away_until)
        await show(interaction, me_panel(await self._choose(interaction, **choices)))

    @me.autocomplete("zone")
    async def suggest_zones(self, _interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Suggest time zones."""
        return [app_commands.Choice(name=zone, value=zone) for zone in zone_suggestions(typed)]

    @me.autocomplete("away_until")
    async def suggest_days(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Suggest days to be back on."""
        days = await self.app.members.days_to_return(community_of(interaction), interaction.user.id)
        offered = [app_commands.Choice(name=_("I am not away"), value=NOT_AWAY)]
        offered += [app_commands.Choice(name=return_words(day, wait), value=day.isoformat()) for day, wait in days]
        wanted = typed.strip().lower()
        found = [each for each in offered if wanted in each.name.lower() or wanted == each.value]
        return found or typed_day(wanted, days[0][0] - days[0][1])

    @me.autocomplete("offer")
    async def suggest_offers(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Suggest what others offer."""
        found = await self.app.members.suggested_offers(community_of(interaction), interaction.user.id, typed)
        return [app_commands.Choice(name=each, value=each) for each in found]

    @press("member:panel")
    async def open(self, interaction: Interaction, _id: int) -> None:
        """Go back to the panel."""
        await redraw(interaction, me_panel(await self._choose(interaction)))

    @press("member:here")
    async def come_back(self, interaction: Interaction, _id: int) -> None:
        """Note that a member is back."""
        await redraw(interaction, me_panel(await self._choose(interaction, away_until=None)))

    @press("member:ask_about")
    async def ask_about(self, interaction: Interaction, _id: int) -> None:
        """Open the form for a member's line about themselves."""
        me = await in_a_moment(self.app.members.find(community_of(interaction), interaction.user.id))
        await open_form(interaction, about_form(me.member))

    @press("member:about")
    async def choose_about(self, interaction: Interaction, _id: int) -> None:
        """Keep a member's line about themselves."""
        about = str(answers(interaction).get("about") or "")
        await redraw(interaction, me_panel(await self._choose(interaction, about=about)))

    @press("member:offer")
    async def take_back_offer(self, interaction: Interaction, _id: int) -> None:
        """Remove one of a member's offers."""
        number = int(answers(interaction)["values"][0])
        taking = self.app.members.take_back_offer(community_of(interaction), interaction.user.id, number)
        await redraw(interaction, me_panel(await within_time(interaction, taking)))

    @press("member:asks")
    async def choose_asks(self, interaction: Interaction, _id: int) -> None:
        """Keep how often a member may be asked."""
        times = int(answers(interaction)["values"][0])
        await redraw(interaction, me_panel(await self._choose(interaction, asks_a_month=times)))

    @press("member:keep")
    async def keep_calls(self, interaction: Interaction, _id: int) -> None:
        """Let a member take turns as keeper of calls."""
        await redraw(interaction, me_panel(await self._choose(interaction, keeps=True)))

    @press("member:keep_no_more")
    async def keep_no_more(self, interaction: Interaction, _id: int) -> None:
        """Let a member take no more turns as keeper of calls."""
        await redraw(interaction, me_panel(await self._choose(interaction, keeps=False)))

    @press("member:hosting")
    async def choose_hosting(self, interaction: Interaction, _id: int) -> None:
        """Keep whether a member would like to host circles."""
        wish = HostingWish(answers(interaction)["values"][0])
        await redraw(interaction, me_panel(await self._choose(interaction, hosting=wish)))

    @press("member:remind")
    async def remind(self, interaction: Interaction, _id: int) -> None:
        """Turn reminders on."""
        await redraw(interaction, me_panel(await self._choose(interaction, reminders=True)))

    @press("member:quiet")
    async def stop_reminding(self, interaction: Interaction, _id: int) -> None:
        """Turn reminders off."""
        await redraw(interaction, me_panel(await self._choose(interaction, reminders=False)))

    @press("member:hour")
    async def choose_hour(self, interaction: Interaction, _id: int) -> None:
        """Keep the hour reminders come at."""
        hour = int(answers(interaction)["values"][0])
        await redraw(interaction, me_panel(await self._choose(interaction, reminder_hour=hour)))

    @press("member:share")
    async def choose_share(self, interaction: Interaction, _id: int) -> None:
        """Keep who may see a member's answers when they don't say otherwise."""
        share = Share(answers(interaction)["values"][0])
        await redraw(interaction, me_panel(await self._choose(interaction, share=share)))

    @press("member:leave_out")
    async def leave_out(self, interaction: Interaction, _id: int) -> None:
        """Leave a member's words out of summaries, also of those that are kept."""
        await redraw(interaction, me_panel(await self._choose(interaction, left_out=True)))

    @press("member:let_in")
    async def let_in(self, interaction: Interaction, _id: int) -> None:
        """Let a member's words into summaries made from now on."""
        await redraw(interaction, me_panel(await self._choose(interaction, left_out=False)))

    @press("member:words")
    async def words(self, interaction: Interaction, skip: int) -> None:
        """Show a member their own check-ins, newest first, after the first ``skip``."""
        await redraw(interaction, words_panel(await within_time(interaction, self._words(interaction, skip)), skip))

    @press("member:back")
    async def take_back(self, interaction: Interaction, check_in_id: int) -> None:
        """Erase one of a member's own check-ins and show those that are left."""
        await within_time(
            interaction,
            self.app.checkins.take_back(community_of(interaction), interaction.user.id, check_in_id),
        )
        await redraw(interaction, words_panel(await self._words(interaction, 0), 0))

    @press("member:export")
    async def export(self, interaction: Interaction, _id: int) -> None:
        """Give a member everything kept about them, as a file."""
        kept = await within_time(interaction, self.app.members.export(community_of(interaction), interaction.user.id))
        written = json.dumps(kept, ensure_ascii=False, indent=2).encode()
        answer = cards.drawing(
            ui.TextDisplay(_("Everything Kith keeps about you in this community. Only you can see this file.")),
            ui.File(f"attachment://{FILE_NAME}"),
        )
        await show(interaction, answer, file=discord.File(io.BytesIO(written), FILE_NAME))

    @press("member:leave")
    async def ask_to_forget(self, interaction: Interaction, _id: int) -> None:
        """Say what would go and what would stay, and ask."""
        await redraw(interaction, leaving_panel(await self._choose(interaction)))

    @press("member:forget")
    async def forget(self, interaction: Interaction, _id: int) -> None:
        """Forget a member; a second press changes nothing."""
        await within_time(interaction, self.app.members.forget(community_of(interaction), interaction.user.id))
        words = _(
            "Kith has forgotten you here. Your posts are being removed from the threads, and your name from the "
            "weavings and from others' calls.\nYou are as welcome as before: if you check in again, Kith begins anew."
        )
        await redraw(interaction, cards.drawing(ui.Container(ui.TextDisplay(words))))

    async def _choose(self, interaction: Interaction, **choices: Any) -> Me:
        """Keep choices, and with them the language the member reads; return how things stand."""
        who = community_of(interaction), interaction.user.id
        if not choices:
            return await within_time(interaction, self.app.members.find(*who))
        language = nearest(str(interaction.locale))
        return await within_time(interaction, self.app.members.choose(*who, language=language, **choices))

    async def _words(self, interaction: Interaction, skip: int) -> list[Mine]:
        limit = WORDS_ON_A_PAGE + 1  # one more tells whether there are older ones
        return await self.app.members.words(community_of(interaction), interaction.user.id, skip, limit)


def means_here(typed: str) -> bool:
    """Tell whether someone chose, or typed, that they are not away."""
    return typed.strip().lower() in (NOT_AWAY, _("I am not away").lower())


def typed_day(typed: str, today: date) -> list[app_commands.Choice[str]]:
    """Return the date someone typed as the one suggestion, if it is a date to come."""
    with contextlib.suppress(Refusal):
        day = read_day(typed)
        if day > today:
            return [app_commands.Choice(name=return_words(day, day - today), value=day.isoformat())]
    return []
