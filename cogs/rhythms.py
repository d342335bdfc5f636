"""/rhythm: what comes when. Everyone may look; hosts change it, which the service checks."""

import re

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, Range, locale_str

from bot.calendar import Turn, local_day, zone_suggestions
from bot.errors import Refusal
from bot.formats import our_formats
from bot.language import _, nearest
from bot.services.communities import check_zone
from bot.services.moments import read_date, read_time
from bot.services.rhythm_kinds import Holding
from bot.services.rhythms import Beat, RhythmView
from bot.store.rhythms import RhythmKind
from cogs.cards import lasting_button
from cogs.circle_forms import check_link
from cogs.hands import shortened
from cogs.rhythm_panels import announced_words, date_suggestions, list_panel, rhythm_panel, shared_panel
from cogs.support import Interaction, Noun, community_of, in_a_moment, person_of, press, redraw, show, within_time
from cogs.words import date_words, rhythm_words

WEEKDAYS = [
    Choice(name=locale_str("Monday"), value=0),
    Choice(name=locale_str("Tuesday"), value=1),
    Choice(name=locale_str("Wednesday"), value=2),
    Choice(name=locale_str("Thursday"), value=3),
    Choice(name=locale_str("Friday"), value=4),
    Choice(name=locale_str("Saturday"), value=5),
    Choice(name=locale_str("Sunday"), value=6),
]
TURNS = [
    Choice(name=locale_str("weeks"), value="week"),
    Choice(name=locale_str("months, on the first such weekday"), value="1"),
    Choice(name=locale_str("months, on the second such weekday"), value="2"),
    Choice(name=locale_str("months, on the third such weekday"), value="3"),
    Choice(name=locale_str("months, on the fourth such weekday"), value="4"),
    Choice(name=locale_str("months, on the last such weekday"), value="-1"),
]
"""What ``every`` counts: weeks, or months with the place of the weekday in them."""

KINDS = [
    Choice(name=locale_str("check-ins"), value=RhythmKind.CHECKIN.value),
    Choice(name=locale_str("keeper of calls"), value=RhythmKind.KEEPER.value),
    Choice(name=locale_str("learning circles"), value=RhythmKind.CIRCLE.value),
]

WHAT = locale_str("What comes round: check-ins, turns of keeping calls, or learning circles")
FORMAT = locale_str("Circles: how they are held; pick one from the list")
PLACE = locale_str("Circles: the voice or stage channel they meet in; without one or a link, they are in writing")
LINK = locale_str("Circles: the address they meet at live, instead of in a channel")
ROOM = locale_str("Circles: for how many at the most; without a number for everyone")
WHICH = locale_str("Which rhythm; may be left out when there is only one")
WEEKDAY = locale_str("On which day of the week")
TIME = locale_str("At what time of day there, such as 09:00")
EVERY = locale_str("Every how many weeks (1 to 52) or months (1 to 12)")
TURN = locale_str("What is counted: weeks, or months")
ZONE = locale_str("The time zone: type a city near you")

_ROW_ID = re.compile(r"[0-9]{1,18}")


async def zones(_interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Offer time zones that hold what was typed."""
    return [Choice(name=zone, value=zone) for zone in zone_suggestions(typed)]


class Rhythms(Noun):
    """What comes round again, for everyone to see and for hosts to change."""

    rhythm = app_commands.Group(
        name="rhythm", description=locale_str("What comes when: see it, and as a host change it"), guild_only=True
    )

    async def _rhythms(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer the community's rhythms in words."""
        offered = [(rhythm_words(each.rhythm), str(each.rhythm.id)) for each in await self._overview(interaction)]
        return [Choice(name=words[:100], value=value) for words, value in offered if typed.lower() in words.lower()]

    async def _formats(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer the formats there are, with what each is good for."""
        wanted = typed.strip().lower()
        formats = our_formats().all(nearest(str(interaction.locale)))
        offered = [(f"{each.title}: {each.what}", each.id) for each in formats]
        return [Choice(name=shortened(words, 100), value=name) for words, name in offered if wanted in words.lower()]

    async def _dates(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer dates to rest until, counted from today where the rhythm is."""
        meant, views = interaction.namespace.rhythm, await self._overview(interaction)
        zone = next((each.rhythm.zone for each in views if meant in (None, str(each.rhythm.id))), "UTC")
        offered = date_suggestions(local_day(self.app.clock.now(), zone), typed)
        return [Choice(name=words[:100], value=day.isoformat()) for words, day in offered]

    async def _overview(self, interaction: Interaction) -> list[RhythmView]:
        try:
            return await in_a_moment(self.app.rhythms.overview(community_of(interaction)))
        except TimeoutError:  # no list is offered; the command itself will answer
            return []

    @rhythm.command(name="list", description=locale_str("See what comes when"))
    async def list_all(self, interaction: Interaction) -> None:
        """Show the rhythms there are."""
        await show(interaction, await within_time(interaction, self._listed(interaction)))

    @press("rhythm:list")
    async def back_to_list(self, interaction: Interaction, _none: int) -> None:
        """Show the rhythms again, on the same panel."""
        await redraw(interaction, await within_time(interaction, self._listed(interaction)))

    async def _listed(self, interaction: Interaction) -> ui.LayoutView:
        community_id = community_of(interaction)
        views = await self.app.rhythms.overview(community_id)
        return list_panel(views, host=await self.app.communities.hosted_by(community_id, person_of(interaction)))

    @rhythm.command(name="add", description=locale_str("Hosts: add a rhythm, of check-ins, keeping calls or circles"))
    @app_commands.rename(format_="format")
    @app_commands.describe(weekday=WEEKDAY, time=TIME, every=EVERY, turn=TURN, zone=ZONE, what=WHAT)
    @app_commands.describe(format_=FORMAT, place=PLACE, link=LINK, room=ROOM)
    @app_commands.choices(weekday=WEEKDAYS)
    @app_commands.choices(what=KINDS)
    @app_commands.choices(turn=TURNS)
    @app_commands.autocomplete(zone=zones, format_=_formats)
    async def add(
        self,
        interaction: Interaction,
        weekday: int,
        time: str = "09:00",
        every: Range[int, 1, 52] = 1,
        turn: str = "week",
        zone: str | None = None,
        what: str = RhythmKind.CHECKIN,
        format_: str | None = None,
        place: discord.VoiceChannel | discord.StageChannel | None = None,
        link: str | None = None,
        room: Range[int, 2, 99] | None = None,
    ) -> None:
        """Add a rhythm."""
        beat = typed_beat(weekday, time, every, turn, zone)
        at = "" if link is None else check_link(link.strip())
        holding = Holding(format_, place.id if place else None, at, room)
        asked = (community_of(interaction), person_of(interaction), beat, interaction.id, RhythmKind(what), holding)
        added = await within_time(interaction, self.app.rhythms.add(*asked))
        await show(interaction, rhythm_panel(added, _("A new rhythm.") + announced_words(added)))

    @rhythm.command(name="move", description=locale_str("Hosts: change when a rhythm comes round"))
    @app_commands.describe(rhythm=WHICH, weekday=WEEKDAY, time=TIME, every=EVERY, turn=TURN, zone=ZONE)
    @app_commands.choices(weekday=WEEKDAYS)
    @app_commands.choices(turn=TURNS)
    @app_commands.autocomplete(rhythm=_rhythms, zone=zones)
    async def move(
        self,
        interaction: Interaction,
        rhythm: str | None = None,
        weekday: int | None = None,
        time: str | None = None,
        every: Range[int, 1, 52] | None = None,
        turn: str | None = None,
        zone: str | None = None,
    ) -> None:
        """Change what was given; the rest stays."""
        beat = typed_beat(weekday, time, every, turn, zone)
        moved = await within_time(
            interaction,
            self.app.rhythms.move(community_of(interaction), person_of(interaction), chosen(rhythm), beat),
        )
        await show(
            interaction, rhythm_panel(moved, _("Moved. From now on it comes like this.") + announced_words(moved))
        )

    @rhythm.command(name="skip", description=locale_str("Hosts: leave out the next date, once"))
    @app_commands.describe(rhythm=WHICH)
    @app_commands.autocomplete(rhythm=_rhythms)
    async def skip(self, interaction: Interaction, rhythm: str | None = None) -> None:
        """Leave out the next date."""
        skipped = await within_time(
            interaction,
            self.app.rhythms.skip_once(community_of(interaction), person_of(interaction), chosen(rhythm)),
        )
        await show(interaction, rhythm_panel(skipped, _("Skipped, this once.") + announced_words(skipped)))

    @rhythm.command(name="pause", description=locale_str("Hosts: let a rhythm rest until a date"))
    @app_commands.describe(
        until=locale_str("The day from which it may come again: pick one, or write 2026-11-30"), rhythm=WHICH
    )
    @app_commands.autocomplete(until=_dates, rhythm=_rhythms)
    async def pause(self, interaction: Interaction, until: str, rhythm: str | None = None) -> None:
        """Let a rhythm rest."""
        paused = await within_time(
            interaction,
            self.app.rhythms.pause(
                community_of(interaction), person_of(interaction), chosen(rhythm), day := read_date(until)
            ),
        )
        if paused.left_out:
            opening = _("It rests until {date}.").format(date=date_words(day))
        else:
            opening = _("No date falls before {date}, so nothing is left out.").format(date=date_words(day))
        await show(interaction, rhythm_panel(paused, opening + announced_words(paused)))

    @rhythm.command(name="resume", description=locale_str("Hosts: wake a rhythm that was skipped, paused or waits"))
    @app_commands.describe(rhythm=WHICH)
    @app_commands.autocomplete(rhythm=_rhythms)
    async def resume(self, interaction: Interaction, rhythm: str | None = None) -> None:
        """Let a rhythm come at its next date."""
        resumed = await within_time(
            interaction,
            self.app.rhythms.resume(community_of(interaction), person_of(interaction), chosen(rhythm)),
        )
        await show(interaction, rhythm_panel(resumed, _("It comes round again; nothing is left out.")))

    @rhythm.command(name="end", description=locale_str("Hosts: end a rhythm for good"))
    @app_commands.describe(rhythm=WHICH)
    @app_commands.autocomplete(rhythm=_rhythms)
    async def end(self, interaction: Interaction, rhythm: str | None = None) -> None:
        """Ask whether to end a rhythm; a button does it."""
        meant = await within_time(
            interaction, self.app.rhythms.hosted(community_of(interaction), person_of(interaction), chosen(rhythm))
        )
        buttons = [
            lasting_button(_("End it"), "rhythm", meant.rhythm.id, "finish", discord.ButtonStyle.danger),
            lasting_button(_("Leave it"), "rhythm", meant.rhythm.id, "leave"),
        ]
        opening = _("End this rhythm for good? What it has begun ends in its own time.") + announced_words(meant)
        await show(interaction, rhythm_panel(meant, opening, buttons))

    @press("rhythm:finish")
    async def finish(self, interaction: Interaction, rhythm_id: int) -> None:
        """End a rhythm."""
        ended = await within_time(
            interaction, self.app.rhythms.end(community_of(interaction), person_of(interaction), rhythm_id)
        )
        await redraw(
            interaction, rhythm_panel(ended, _("It has ended. /rhythm add begins a new one.") + announced_words(ended))
        )

    @press("rhythm:leave")
    async def leave(self, interaction: Interaction, rhythm_id: int) -> None:
        """Change nothing, and say so."""
        left = await within_time(
            interaction, self.app.rhythms.hosted(community_of(interaction), person_of(interaction), rhythm_id)
        )
        await redraw(interaction, rhythm_panel(left, _("Nothing was changed.")))

    @press("rhythm:keep", "rhythm:slower", "rhythm:rest", "rhythm:end")
    async def answer_quiet(self, interaction: Interaction, rhythm_id: int) -> None:
        """Do what a host chose when asked whether a rhythm still serves.

        The public card is not edited here: the decision plans that in its own transaction, so that the card is
        redrawn through any crash, and also when a command decided.
        """
        choice = str((interaction.data or {}).get("custom_id")).rpartition(":")[2]
        decided = await within_time(
            interaction,
            self.app.rhythms.answer_quiet(community_of(interaction), person_of(interaction), rhythm_id, choice),
        )
        opening = {
            "keep": _("Thank you. It goes on as it was."),
            "slower": _("Thank you. It comes less often from now on."),
            "rest": _("Thank you. It rests for four weeks."),
            "end": _("Thank you. It has ended; /rhythm add begins a new one."),
        }[choice]
        await show(interaction, rhythm_panel(decided, opening))

    @press("rhythm:shared")
    async def shared(self, interaction: Interaction, page: int) -> None:
        """Show a host what members shared with hosts only, one page at a time."""
        latest, check_ins = await within_time(
            interaction, self.app.checkins.shared_with_hosts(community_of(interaction), person_of(interaction))
        )
        await redraw(interaction, shared_panel(latest, check_ins, page))


def typed_beat(weekday: int | None, time: str | None, every: int | None, turn: str | None, zone: str | None) -> Beat:
    """Return what a command's options say. Raises Refusal for a time or a zone that can't be read."""
    monthly = turn is not None and turn != Turn.WEEK
    return Beat(
        weekday=weekday,
        at=None if time is None else read_time(time),
        every=every,
        turn=Turn.MONTH if monthly else None if turn is None else Turn.WEEK,
        nth=int(turn) if turn is not None and monthly else None,
        zone=None if zone is None else check_zone(zone),
    )


def chosen(rhythm: str | None) -> int | None:
    """Return the id of the rhythm picked from the list. Raises Refusal for anything typed instead."""
    if rhythm is None:
        return None
    if not _ROW_ID.fullmatch(rhythm):
        raise Refusal(_("I don't know which rhythm that is. Pick one from the list that appears as you type."))
    return int(rhythm)
