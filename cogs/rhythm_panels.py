"""How /rhythm looks: what comes when, what a change did, and what was shared with hosts."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from discord import ui

from bot.errors import Refusal
from bot.formats import our_formats
from bot.language import _, ngettext, spoken
from bot.services.moments import read_date
from bot.services.rhythms import RhythmView
from bot.store.checkins import CheckIn, Round
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState
from cogs.cards import drawing, lasting_button, quoted, stamp
from cogs.circle_lists import way_words
from cogs.words import arriving_word, date_words, rhythm_words

REST_WEEKS = (1, 2, 3, 4, 6, 8, 12)
PAGE = 3400
"""Characters of shared words on one page; with the heading they stay under Discord's 4,000."""


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


def announced_words(view: RhythmView) -> str:
    """Return what a change of a rhythm of circles leaves as it is."""
    if view.rhythm.kind is not RhythmKind.CIRCLE:
        return ""
    words = _("Circles are announced a week before. One that is announced stays as it is; /circle moves or cancels it.")
    return f"\n-# {words}"


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
    if view.rhythm.kind is RhythmKind.CIRCLE:
        yield "-# " + circles_words(view.rhythm)
        yield _("Not announced yet, as your clock shows it; /circle has those that are:")
    else:
        yield _("Next, as your clock shows it:")
    yield from (f"- {stamp(slot.instant)}" for slot in view.coming)
    if not view.begun:
        yield "-# " + _("Nothing is posted before *Begin* is pressed in /setup start.")


def circles_words(rhythm: Rhythm) -> str:
    """Return how the circles of a rhythm are held."""
    found = our_formats().format(spoken(), rhythm.format_id or "")
    words = [found.title] if found else []
    words.append(way_words(rhythm))
    if rhythm.room is not None:
        words.append(_("for {count} at the most").format(count=rhythm.room))
    return " · ".join(words)


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
