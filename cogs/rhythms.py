"""/rhythm: what comes when. Everyone may look; hosts change it, which the service checks."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import discord
from babel.dates import format_date
from discord import app_commands, ui
from discord.app_commands import Choice, Range, locale_str

from bot.calendar import Turn, local_day, zone_suggestions
from bot.errors import Refusal
from bot.language import _, ngettext, spoken
from bot.services.communities import check_zone
from bot.services.moments import read_date, read_time
from bot.services.rhythms import Beat, RhythmView
from bot.store.checkins import CheckIn, Round
from bot.store.rhythms import RhythmKind, RhythmState
from cogs.cards import drawing, lasting_button, quoted, stamp
from cogs.support import Interaction, Noun, community_of, in_a_moment, person_of, press, redraw, show, within_time
from cogs.words import arriving_word, rhythm_words

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
]

WHAT = locale_str("What comes round: check-ins, or turns of keeping calls")
WHICH = locale_str("Which rhythm; may be left out when there is only one")
WEEKDAY = locale_str("On which day of the week")
TIME = locale_str("At what time of day there, such as 09:00")
EVERY = locale_str("Every how many weeks (1 to 52) or months (1 to 12)")
TURN = locale_str("What is counted: weeks, or months")
ZONE = locale_str("The time zone: type a city near you")

REST_WEEKS = (1, 2, 3, 4, 6, 8, 12)
PAGE = 3400
"""Characters of shared words on one page; with the heading they stay under Discord's 4,000."""

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

    @rhythm.command(name="add", description=locale_str("Hosts: add a rhythm, of check-ins or of keeping calls"))
    @app_commands.describe(weekday=WEEKDAY, time=TIME, every=EVERY, turn=TURN, zone=ZONE, what=WHAT)
    @app_commands.choices(weekday=WEEKDAYS)
    @app_commands.choices(what=KINDS)
    @app_commands.choices(turn=TURNS)
    @app_commands.autocomplete(zone=zones)
    async def add(
        self,
        interaction: Interaction,
        weekday: int,
        time: str = "09:00",
        every: Range[int, 1, 52] = 1,
        turn: str = "week",
        zone: str | None = None,
        what: str = RhythmKind.CHECKIN,
    ) -> None:
        """Add a rhythm."""
        beat = typed_beat(weekday, time, every, turn, zone)
        added = await within_time(
            interaction,
            self.app.rhythms.add(
                community_of(interaction), person_of(interaction), beat, interaction.id, RhythmKind(what)
            ),
        )
        await show(interaction, rhythm_panel(added, _("A new rhythm.")))

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
        await show(interaction, rhythm_panel(moved, _("Moved. From now on it comes like this.")))

    @rhythm.command(name="skip", description=locale_str("Hosts: leave out the next date, once"))
    @app_commands.describe(rhythm=WHICH)
    @app_commands.autocomplete(rhythm=_rhythms)
    async def skip(self, interaction: Interaction, rhythm: str | None = None) -> None:
        """Leave out the next date."""
        skipped = await within_time(
            interaction,
            self.app.rhythms.skip_once(community_of(interaction), person_of(interaction), chosen(rhythm)),
        )
        await show(interaction, rhythm_panel(skipped, _("Skipped, this once.")))

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
        await show(interaction, rhythm_panel(paused, opening))

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
        opening = _("End this rhythm for good? What it has begun ends in its own time.")
        await show(interaction, rhythm_panel(meant, opening, buttons))

    @press("rhythm:finish")
    async def finish(self, interaction: Interaction, rhythm_id: int) -> None:
        """End a rhythm."""
        ended = await within_time(
            interaction, self.app.rhythms.end(community_of(interaction), person_of(interaction), rhythm_id)
        )
        await redraw(interaction, rhythm_panel(ended, _("It has ended. /rhythm add begins a new one.")))

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


def date_words(day: date) -> str:
    """Return a date in words, in the language spoken."""
    return format_date(day, "full", locale="en_GB" if spoken() == "en" else spoken())


def date_suggestions(today: date, typed: str) -> list[tuple[str, date]]:
    """Return dates to rest until, in words: the one typed, else those whose words hold what was typed."""
    try:
        day = read_date(typed)
    except Refusal:
        offered = [
            (
                ngettext("{date}, in {count} week", "{date}, in {count} weeks", weeks).format(
                    date=date_words(day := today + timedelta(weeks=weeks)), count=weeks
                ),
                day,
            )
            for weeks in REST_WEEKS
        ]
        return [(words, day) for words, day in offered if typed.strip().lower() in words.lower()]
    return [(date_words(day), day)]


def rhythm_panel(view: RhythmView, opening: str, buttons: list[ui.Button[Any]] | None = None) -> ui.LayoutView:
    """Draw the answer to a command: what was done, and how the rhythm stands now."""
    parts: list[ui.Item[Any]] = [ui.TextDisplay(f"{opening}\n\n{standing_words(view)}")]
    if buttons:
        parts.append(ui.ActionRow(*buttons))
    return drawing(ui.Container(*parts))


def list_panel(views: list[RhythmView], *, host: bool) -> ui.LayoutView:
    """Draw all rhythms; for a host with the way to what was shared with hosts."""
    if views:
        parts: list[ui.Item[Any]] = [ui.TextDisplay(standing_words(view)) for view in views]
    else:
        parts = [ui.TextDisplay(_("There is no rhythm yet. A host can add one with /rhythm add."))]
    if host:
        parts.append(ui.ActionRow(lasting_button(_("Shared with hosts"), "rhythm", 0, "shared")))
    return drawing(ui.Container(*parts))


def standing_words(view: RhythmView) -> str:
    """Return a rhythm in words: what it brings, its rule, its next dates, and what else is true."""
    return "\n".join([f"**{rhythm_words(view.rhythm)}**", *_standing_lines(view)])


def _standing_lines(view: RhythmView) -> Iterator[str]:
    if view.rhythm.state is RhythmState.ENDED:
        yield _("This rhythm has ended.")
        return
    if view.rhythm.state is RhythmState.ASKING:
        yield _("It waits for the hosts' word, since the last two check-ins stayed quiet. /rhythm resume wakes it.")
        return
    if len(view.left_out) == 1:
        yield _("Left out: {when}. /rhythm resume brings it back.").format(when=stamp(view.left_out[0].instant))
    elif view.left_out and view.rhythm.paused_until:
        yield _("Resting until {date}: {count} dates are left out. /rhythm resume brings them back.").format(
            date=date_words(view.rhythm.paused_until), count=len(view.left_out)
        )
    yield _("Next, as your clock shows it:")
    yield from (f"- {stamp(slot.instant)}" for slot in view.coming)
    if not view.begun:
        yield "-# " + _("Nothing is posted before *Begin* is pressed in /setup start.")


def shared_panel(latest: Round | None, check_ins: list[CheckIn], page: int) -> ui.LayoutView:
    """Draw a page of what members shared with hosts only in the latest round."""
    heading = "### " + _("Shared with hosts")
    if latest is None:
        text = _("No round is there to look at yet.")
    elif not check_ins:
        text = _("Nobody shared words with hosts only in this round.")
    else:
        text = ""
    pages = paged([_shared_words(each) for each in check_ins])
    page = min(page, len(pages) - 1)
    buttons = [lasting_button(_("Back to the rhythms"), "rhythm", 0, "list")]
    if pages:
        text = "\n\n".join(pages[page])
        after = sum(len(each) for each in pages[page + 1 :])
        if page > 0:
            buttons.append(lasting_button(_("Earlier ones"), "rhythm", page - 1, "shared"))
        if after:
            text += "\n-# " + ngettext("{count} more follows.", "{count} more follow.", after).format(count=after)
            buttons.append(lasting_button(_("More"), "rhythm", page + 1, "shared"))
    question = f"\n-# {latest.question}" if latest else ""
    return drawing(ui.Container(ui.TextDisplay(heading + question), ui.TextDisplay(text), ui.ActionRow(*buttons)))


def _shared_words(check_in: CheckIn) -> str:
    heading = f"<@{check_in.member_id}>"
    if check_in.arriving is not None:
        heading = _("{name}, arriving {word}").format(name=heading, word=arriving_word(check_in.arriving))
    return f"**{heading}**\n{quoted(check_in.words)}"


def paged(entries: list[str]) -> list[list[str]]:
    """Return entries on as few pages as hold them in their order, at least one on each."""
    pages: list[list[str]] = []
    room = 0
    for entry in entries:
        size = len(entry.encode("utf-16-le")) // 2 + 2  # whichever way Discord counts an emoji, it fits
        if size > room:
            pages.append([])
            room = PAGE
        pages[-1].append(entry)
        room -= size
    return pages
