"""How summaries look: in their thread, as a draft, as one line of a list; and what is said around them."""

from datetime import datetime
from typing import Any

import discord
from discord import ui
from discord.utils import snowflake_time

from bot.language import _, languages, ngettext, speaking
from bot.services.model_uses import Spending
from bot.services.summary_showing import SummaryView
from bot.store.summaries import PERSON, Heading, Summary, SummaryPerson, SummaryPoint, SummarySource, Unmodelled
from cogs.cards import drawing, lasting_button, message_link, plain, stamp
from cogs.words import number_words

ROOM = 3300
"""Characters a summary takes at the most: a message holds 4,000, and a draft has words of its own around it."""
MOST_LINKS = 2
MOST_NAMED = 20


def language_of(view: SummaryView) -> str:
    """Return the language a summary is shown in: its thread's if Kith speaks it, else the community's."""
    language = view.summary.language
    return language if language in languages() else view.community.language


def headings_of(summary: Summary) -> dict[Heading, str]:
    """Return the headings of a summary's kind with their words, in their order."""
    if summary.unmodelled is None:
        return {
            Heading.ASKED: _("What was asked"),
            Heading.OFFERED: _("What was offered"),
            Heading.OPEN: _("Still open"),
            Heading.COMMITMENTS: _("Commitments"),
            Heading.THANKS: _("Thanks"),
        }
    return {
        Heading.ASKED: _("Questions"),
        Heading.OPEN: _("Nobody has answered yet"),
        Heading.COMMITMENTS: _("Commitments"),
        Heading.LINKS: _("Links"),
        Heading.WELCOMED: _("Most welcomed"),
    }


def summary_card(view: SummaryView, marker: int | None) -> ui.Container[Any]:
    """Draw a summary as its thread shows it; of one that is too long the last points stay out, and it says so."""
    with speaking(language_of(view)):
        return ui.Container(*map(ui.TextDisplay[Any], _fitting_blocks(view)), id=marker)


def _fitting_blocks(view: SummaryView) -> list[str]:
    """Return the words of a summary a heading a block, which Discord sets apart."""
    titles = headings_of(view.summary)
    beginning = [each for each in (_header(view), _spoke_words(view)) if each]
    lines: dict[Heading, list[str]] = {heading: [] for heading in titles}
    for point, sources in view.points:
        lines[point.heading].append(_line(view, point, sources))
    unshown = 0
    while True:
        blocks = [f"**{titles[heading]}**\n" + "\n".join(each) for heading, each in lines.items() if each]
        all_blocks = [*beginning, *blocks, "\n".join(f"-# {each}" for each in _footer(view, unshown))]
        if len("\n".join(all_blocks)) <= ROOM or not blocks:
            return all_blocks
        max(lines.values(), key=len).pop()
        unshown += 1


def _header(view: SummaryView) -> str:
    summary = view.summary
    count = ngettext("{count} message", "{count} messages", summary.messages)
    count = count.format(count=number_words(summary.messages))
    begins, ends = _begins(summary), snowflake_time(summary.up_to_id or summary.thread_id)
    if summary.cut or summary.skipped:
        span = _("{messages} up to {end}").format(messages=count, end=stamp(ends, "f"))
    else:
        span = _("{messages}, {begin} to {end}").format(messages=count, begin=stamp(begins, "f"), end=stamp(ends, "f"))
    if summary.unmodelled is None:
        made = _("Gathered with a language model, for {name}.")
    else:
        made = _("Gathered without a language model, for {name}: these are people's own sentences.")
    made = made.format(name=f"<@{summary.asker_id}>" if summary.asker_id else _("someone"))
    lines = ["### " + _("What was said here"), f"-# {span}. {made}"]
    if view.previous is not None and view.previous.message_id is not None:
        lines.append("-# " + _("What came before: {link}").format(link=summary_link(view.previous)))
    return "\n".join(lines)


def _begins(summary: Summary) -> datetime:
    return snowflake_time(summary.after_id or summary.thread_id)


def _spoke_words(view: SummaryView) -> str:
    """Return who wrote, in a plain gathering."""
    names = [name_of(each) for each in view.people.values() if each.spoke and each.name]
    if view.summary.unmodelled is None or not names:
        return ""
    if len(names) > MOST_NAMED:
        names = [*names[:MOST_NAMED], _("and others")]
    return "**" + _("Who spoke") + "**\n" + ", ".join(names)


def name_of(person: SummaryPerson | None) -> str:
    """Return somebody's name as it stands, or *someone* where it is not to be told."""
    return plain(person.name) if person is not None and person.name else _("someone")


def _line(view: SummaryView, point: SummaryPoint, sources: list[SummarySource]) -> str:
    words = PERSON.sub(lambda found: name_of(view.people.get(int(found[1]))), plain(point.words))
    numbers = view.numbers
    links = [
        f"[→{numbers[each.message_id]}]({message_link(view.community.id, each.channel_id, each.message_id)})"
        for each in sources[:MOST_LINKS]
    ]
    if point.added:
        asker = view.summary.asker_id
        links = [_("(added by {name})").format(name=f"<@{asker}>") if asker else _("(added by hand)")]
    return " ".join(["-", words, *links])


def _footer(view: SummaryView, unshown: int) -> list[str]:
    summary = view.summary
    lines: list[str] = []
    if summary.outdated:
        words = _("A message it rests on was changed or deleted since. Look there before you rely on it.")
        lines.append(f"**{words}**")
    if unshown:
        words = ngettext("{count} more point has no room here.", "{count} more points have no room here.", unshown)
        lines.append(words.format(count=unshown))
    if summary.skipped:
        words = ngettext(
            "{count} older message was left out, for time or budget.",
            "{count} older messages were left out, for time or budget.",
            summary.skipped,
        )
        lines.append(words.format(count=number_words(summary.skipped)))
    if summary.cut:
        lines.append(_("Still older messages were not read.") if summary.skipped else _("Older ones were not read."))
    lines.append(_("Whoever wants their words left out of summaries chooses so in /me."))
    return lines


def draft_panel(view: SummaryView) -> ui.LayoutView:
    """Draw a draft for its asker: how it will look, and what to do with it."""
    number = view.summary.id
    words = _("Only you see this draft. See whether it is fair to everyone, and change what isn't.")
    if why := _why_words(view.summary.unmodelled):
        words += "\n-# " + why
    if not view.points:
        words += "\n" + _("I found nothing in it that I could gather. *Edit* lets you write it yourself.")
    return drawing(
        ui.TextDisplay(words),
        summary_card(view, None),
        ui.ActionRow(
            lasting_button(_("Publish"), "summary", number, "publish", discord.ButtonStyle.primary),
            lasting_button(_("Edit"), "summary", number, "edit"),
            lasting_button(_("Make again"), "summary", number, "again"),
            lasting_button(_("Discard"), "summary", number, "discard"),
        ),
    )


def _why_words(unmodelled: Unmodelled | None) -> str:
    """Return why no model was used, as its asker reads it."""
    return {
        Unmodelled.NONE: _("Kith has no language model here, so I gathered without one."),
        Unmodelled.OFF: _("This community lets no words go to a language model; /setup summaries changes that."),
        Unmodelled.BUDGET: _("This month's budget for the language model is used up, so it was left out."),
        Unmodelled.FAILED: _("The language model gave no answer I could use. *Make again* asks it once more."),
    }.get(unmodelled or Unmodelled.CHOSEN, "")


def price_panel(
    summary_id: int | None, messages: int, tokens: int, spending: Spending, *, again: bool
) -> ui.LayoutView:
    """Draw what a long thread's summary takes, before anything is sent; ``again``: there is a draft to go back to."""
    words = [
        ngettext("It is long: {count} message.", "It is long: {count} messages.", messages).format(
            count=number_words(messages)
        ),
        _(
            "Sent to the language model it takes about {tokens} tokens. Of this month's {budget}, {left} are left."
        ).format(tokens=_thousands(tokens), budget=_thousands(spending.budget), left=_thousands(spending.left)),
    ]
    if tokens > spending.left:
        words.append(_("That reaches for its newest part only."))
    words.append(_("Nothing is sent yet. Either way takes up to a minute."))
    leave = (_("Back to the draft"), "show") if again else (_("Leave it"), "discard")
    return drawing(
        ui.TextDisplay("### " + _("Before I gather this") + "\n" + " ".join(words)),
        ui.ActionRow(
            lasting_button(_("Go on"), "summary", summary_id, "go", discord.ButtonStyle.primary),
            lasting_button(_("Gather without the model"), "summary", summary_id, "plain"),
            lasting_button(leave[0], "summary", summary_id, leave[1]),
        ),
    )


def _thousands(tokens: int) -> str:
    return number_words(round(tokens, -3) if tokens >= 1000 else tokens)


def notice(view: SummaryView, marker: int) -> ui.LayoutView:
    """Draw what a thread is told when words of it went to the model; true whatever became of the draft."""
    with speaking(language_of(view)):
        words = _(
            "{name} asked a language model to summarise what was said here. Only they see what comes of it, unless "
            "they publish it. Whoever wants their words left out chooses so in /me."
        ).format(name=f"<@{view.summary.asker_id}>" if view.summary.asker_id else _("Someone"))
    return drawing(ui.TextDisplay(f"-# {words}", id=marker))


def published_card(view: SummaryView, marker: int) -> ui.LayoutView:
    """Draw a summary for its thread."""
    return drawing(summary_card(view, marker))


def past_panel(found: list[Summary]) -> ui.LayoutView:
    """Draw a list of published summaries, newest first."""
    heading = "### " + _("Summaries kept here")
    lines = [past_line(each) for each in found if each.message_id is not None]
    if not lines:
        lines = [_("None yet that you can read. Typed in a thread, /summary gathers it.")]
    return drawing(ui.Container(ui.TextDisplay("\n".join([heading, *lines]))))


def past_line(summary: Summary) -> str:
    """Return one published summary as a line of a list: of which thread, from when, where it stands."""
    assert summary.published_at is not None
    parts = [f"<#{summary.thread_id}>", stamp(summary.published_at, "D"), summary_link(summary)]
    if summary.outdated:
        parts.append(_("outdated"))
    return "- " + " · ".join(parts)


def summary_link(summary: Summary) -> str:
    """Return the address of a published summary."""
    return message_link(summary.community_id, summary.thread_id, summary.message_id)


def confidential_panel(thread_id: int, *, host: bool) -> ui.LayoutView:
    """Draw that a thread is confidential already; hosts may lift it."""
    text: list[ui.Item[Any]] = [
        ui.TextDisplay(_("This thread is confidential already: Kith makes no summary of it. Hosts can lift that."))
    ]
    if host:
        text.append(ui.ActionRow(lasting_button(_("Allow summaries again"), "summary", thread_id, "lift")))
    return drawing(*text)
