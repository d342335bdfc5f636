"""How a circle's card looks, in the community's language."""

from typing import Any

import discord
from discord import ui

from bot.circle_deck import Theme
from bot.formats import Format, Role
from bot.language import _, ngettext
from bot.services.circle_views import CircleView
from bot.store.circles import Circle, CircleState
from bot.store.rhythms import Way
from cogs.cards import ACCENTS, MOST_NAMED, drawing, lasting_button, message_link, plain, stamp
from cogs.words import tag_word

MOST_WAITING = 10
"""How many of those who wait for room a card names."""
HOURS_A_DAY = 24


def circle_card(view: CircleView, marker: int | None) -> ui.LayoutView:
    """Draw a circle: what it is about, when and how it meets, who holds it and who comes, and how it stands."""
    circle = view.circle
    eyebrow = "-# " + (
        _("Learning circle · {tag}").format(tag=tag_word(circle.tag)) if circle.tag else _("Learning circle")
    )
    parts: list[ui.Item[Any]] = [ui.TextDisplay(f"{eyebrow}\n## {plain(circle.title)}")]
    if circle.state is not CircleState.CANCELLED:
        said = [_theme_words(circle), _meeting_words(view), _people_words(view)]
        parts += [ui.TextDisplay(each) for each in said if each]
    if standing := _standing_words(view):
        parts.append(ui.TextDisplay(standing))
    return drawing(ui.Container(*parts, *_buttons(view), accent_colour=accent(circle), id=marker))


def accent(circle: Circle) -> int:
    """Return the colour of what a circle is about."""
    return ACCENTS.get(circle.tag or "", ACCENTS["learning"])


def filled(circle: Circle, words: str) -> str:
    """Put a circle's own words where those of a step or of the bell leave room for them, as they were written."""
    theme = Theme(
        id=circle.theme_id or "",
        title=plain(circle.title),
        intention=plain(circle.intention),
        opening=circle.opening,
        questions=(circle.question, circle.second_question),
        closing=circle.closing,
        elements=frozenset(),
        depth=1,
    )
    return theme.fill(words)


def role_word(role: Role) -> str:
    """Return the word people read for a role."""
    return {
        Role.HOST: _("host"),
        Role.CO_HOST: _("co-host"),
        Role.GUARDIAN: _("guardian"),
        Role.HARVESTER: _("harvester"),
    }[role]


def unhosted_words() -> str:
    """Return how it goes on in a circle that has no host to stand beside."""
    return _("Nobody hosts it yet. If it stays so, I carry the steps, and anyone may press *Next*.")


def people_in_line(member_ids: list[int], most: int = MOST_NAMED) -> str:
    """Return people's names in one line; beyond ``most``, that there are others."""
    names = [f"<@{each}>" for each in member_ids[:most]]
    if len(member_ids) > most:
        names.append(_("and others"))
    return ", ".join(names)


def circle_link(circle: Circle) -> str:
    """Return the address of a circle's card."""
    return message_link(circle.community_id, circle.channel_id, circle.message_id)


def panel_link(circle: Circle) -> str:
    """Return the address of a circle's panel, or of its thread while there is none."""
    if circle.panel_id is None:
        return f"<#{circle.message_id}>"
    return message_link(circle.community_id, circle.message_id, circle.panel_id)


def place_words(circle: Circle) -> str:
    """Return where a circle meets."""
    if circle.way is Way.WRITTEN:
        return _("in writing, in this card's thread")
    if circle.place_id is not None:
        return _("live, in {place}").format(place=f"<#{circle.place_id}>")
    if circle.link:
        return _("live: {place}").format(place=plain(circle.link))
    return _("live; where is still to be chosen")


def length_words(way: Way, found: Format) -> str:
    """Return how long a circle takes: minutes live, and days in writing, at the most."""
    if way is Way.LIVE:
        minutes = found.live_minutes
        return ngettext("about {count} minute", "about {count} minutes", minutes).format(count=minutes)
    days = -(-found.written_hours // HOURS_A_DAY)
    return ngettext("over {count} day at the most", "over {count} days at the most", days).format(count=days)


def _theme_words(circle: Circle) -> str:
    lines = [plain(circle.intention)] if circle.intention else []
    lines += [f"> {each}" for each in (circle.question, circle.second_question) if each]
    return "\n".join(lines)


def _meeting_words(view: CircleView) -> str:
    circle, found = view.circle, view.format
    when = _("**When:** {when} ({from_now})").format(
        when=stamp(circle.starts_at), from_now=stamp(circle.starts_at, "R")
    )
    how = _("**How:** {place}, {length}").format(place=place_words(circle), length=length_words(circle.way, found))
    what = _("**Format:** {title}. {what}").format(title=found.title, what=found.what)
    least, most = found.people
    if circle.room is None:
        suits = _("It suits {least} to {most} people.").format(least=least, most=most)
    else:
        suits = _("There is room for {count}.").format(count=circle.room)
    return f"{when}\n{how}\n{what}\n-# {suits}"


def _people_words(view: CircleView) -> str:
    lines: list[str] = []
    for role in (Role.HOST, Role.CO_HOST, Role.GUARDIAN, Role.HARVESTER):
        held = view.roles.get(role)
        if held is not None:
            lines.append(f"**{_begun(role_word(role))}:** <@{held.member_id}>")
        elif role in view.format.roles and _stands(view.circle):
            lines.append(f"**{_begun(role_word(role))}:** " + _("free"))
    if view.coming:
        lines.append(_("**Who comes:** {names}").format(names=people_in_line(view.coming)))
    if view.waiting:
        names = people_in_line(view.waiting, MOST_WAITING)
        lines.append(_("**Waiting for room:** {names}").format(names=names))
    return "\n".join(lines) or "-# " + _("Nobody has said yet that they come.")


def _begun(word: str) -> str:
    return word[:1].upper() + word[1:]


def _stands(circle: Circle) -> bool:
    return circle.state in (CircleState.PLANNED, CircleState.RUNNING)


def _standing_words(view: CircleView) -> str:
    circle = view.circle
    if circle.state is CircleState.CANCELLED:
        return _("This circle, planned for {when}, does not take place.").format(when=stamp(circle.starts_at))
    if circle.state is CircleState.CLOSED:
        return _("This circle is over. Thank you to everyone who was there.")
    if circle.state is CircleState.RUNNING:
        return _("**It is under way.** The thread shows where it is.")
    if circle.hostless:
        return "-# " + _("Nobody hosts this one, so I carry the steps, and anyone may press *Next*.")
    return ""


def _buttons(view: CircleView) -> list[ui.Item[Any]]:
    circle = view.circle
    if not _stands(circle):
        return []
    first = ui.ActionRow[Any](
        lasting_button(_("Come"), "circle", circle.id, "come", discord.ButtonStyle.primary),
        lasting_button(_("Maybe"), "circle", circle.id, "maybe"),
        lasting_button(_("Not this time"), "circle", circle.id, "not_this_time"),
    )
    labels = {
        Role.HOST: (_("I'll host"), "host"),
        Role.GUARDIAN: (_("Guardian"), "guardian"),
        Role.HARVESTER: (_("Harvester"), "harvester"),
    }
    roles = [
        lasting_button(label, "circle", circle.id, verb)
        for role, (label, verb) in labels.items()
        if role in view.format.roles
    ]
    return [first, ui.ActionRow(*roles)]
