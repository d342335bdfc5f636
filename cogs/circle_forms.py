"""The forms of circles: proposing and moving one, offering a role, the harvest, and what wants to happen next."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import ui

from bot.circle_deck import our_circle_decks
from bot.errors import Refusal
from bot.formats import Role, our_formats
from bot.language import _, spoken
from bot.services.circles import LONGEST_TITLE, NewCircle
from bot.services.circling import LONGEST_LINES, LONGEST_QUESTION, LONGEST_WISH
from bot.services.moments import read_moment
from bot.services.words import given_back
from bot.store.circles import Circle, Harvest
from bot.store.rhythms import Way
from cogs.cards import plain
from cogs.hands import shortened
from cogs.support import Interaction, answers, pressed_name

LONGEST_MOMENT = 40
LONGEST_LINK = 200
MOST_PEOPLE = 99
VERBS = {Role.HOST: "host", Role.GUARDIAN: "guardian", Role.HARVESTER: "harvester", Role.CO_HOST: "cohost"}
"""How each role is named in buttons."""


def propose_form(
    request_id: int, zone: str, now: datetime, link: str | None = None, theme: str | None = None
) -> ui.Modal:
    """Draw the form in which a circle is proposed; with a ``link``, it meets there instead of in a channel.

    ``theme`` is the title of one in the deck, which brings its questions by being called so.

    ``request_id`` goes into its name, so that the same form sent in twice proposes one circle.
    """
    form = ui.Modal(title=_("A learning circle"), custom_id=pressed_name("circle", request_id, "proposed"))
    parts: list[ui.Item[Any]] = [
        ui.Label(
            text=_("What about?"),
            description=_("In a few words. Left empty, I draw a theme; /circle theme lets you pick one.")
            if theme is None
            else _("This theme brings its questions. In words of your own, the circle is about those alone."),
            component=ui.TextInput(custom_id="title", required=False, max_length=LONGEST_TITLE, default=theme),
        ),
        _when_part(zone, now),
        ui.Label(
            text=_("How?"),
            component=ui.Select(
                custom_id="format",
                placeholder=_("Choose a format"),
                options=[
                    discord.SelectOption(label=each.title, value=each.id, description=shortened(each.what, 100))
                    for each in our_formats().all(spoken())
                ],
            ),
        ),
        _place_part(link),
        ui.Label(
            text=_("For how many?"),
            description=_("A number from 2 to 99. Left empty, there is room for everyone."),
            component=ui.TextInput(custom_id="room", required=False, max_length=2),
        ),
    ]
    for part in parts:
        form.add_item(part)
    return form


def _when_part(zone: str, now: datetime, at: datetime | None = None) -> ui.Item[Any]:
    example = now.astimezone(ZoneInfo(zone)).date().isoformat()
    return ui.Label(
        text=_("When?"),
        description=_("As clocks show it in {zone}.").format(zone=zone),
        component=ui.TextInput(
            custom_id="when",
            max_length=LONGEST_MOMENT,
            placeholder=_("{date} 18:30, or Tuesday 18:30").format(date=example),
            default=f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at else None,
        ),
    )


def _place_part(link: str | None) -> ui.Item[Any]:
    if link is not None:
        return ui.Label(
            text=_("Where?"),
            description=_("The address at which you meet live."),
            component=ui.TextInput(custom_id="link", max_length=LONGEST_LINK, default=link),
        )
    return ui.Label(
        text=_("Live, in which channel?"),
        description=_("Left empty, the circle is held in writing, in its thread."),
        component=_place_select(),
    )


def _place_select() -> ui.ChannelSelect[Any]:
    return ui.ChannelSelect(
        custom_id="place",
        required=False,
        min_values=0,
        channel_types=[discord.ChannelType.voice, discord.ChannelType.stage_voice],
        placeholder=_("A voice or stage channel"),
    )


def proposed_circle(interaction: Interaction, zone: str, now: datetime) -> NewCircle:
    """Return what was filled in. Raises Refusal for what can't be read, and gives the title back."""
    filled = answers(interaction)
    title, link = str(filled.get("title") or "").strip(), str(filled.get("link") or "").strip()
    place = next(iter(filled.get("place") or ()), None)
    try:
        return NewCircle(
            starts_at=read_moment(str(filled.get("when") or ""), zone, now),
            format_id=str(next(iter(filled.get("format") or ()), "")),
            way=Way.LIVE if place or link else Way.WRITTEN,
            title=title,
            place_id=int(place) if place else None,
            link=check_link(link) if link else "",
            room=read_room(str(filled.get("room") or "")),
        )
    except Refusal as refusal:
        raise given_back(refusal.sentence, title) from refusal


def read_room(typed: str) -> int | None:
    """Return for how many a circle is, or None for everyone. Raises Refusal for anything but 2 to 99."""
    number = typed.strip()
    if not number:
        return None
    if not (number.isascii() and number.isdigit() and 2 <= int(number) <= MOST_PEOPLE):
        raise Refusal(
            _("For how many? Write a number from 2 to 99, or leave it empty: then there is room for everyone.")
        )
    return int(number)


def check_link(link: str) -> str:
    """Return the address a circle meets at. Raises Refusal unless it is a whole one, and not too long to be shown."""
    longest = max(len(link), len(plain(link)))
    if not link.startswith("https://") or longest > LONGEST_LINK or any(each.isspace() for each in link):
        raise Refusal(_("That link can't be opened as it stands. Copy the whole address; it begins with https://"))
    return link


def check_theme(language: str, chosen: str) -> str:
    """Return the title of a theme of the deck, by its id or its title. Raises Refusal where there is none such."""
    decks = our_circle_decks()
    theme = decks.theme(language, chosen) or decks.titled(language, chosen)
    if theme is None:
        raise given_back(
            _(
                "I know no such theme. Pick one from the list that appears as you type; with words of your own, press "
                "*Propose one* in /circle."
            ),
            chosen,
        )
    return theme.title


def move_form(circle: Circle, zone: str, now: datetime) -> ui.Modal:
    """Draw the form that moves one circle to another time, a live one also to another place."""
    form = ui.Modal(title=_("Move this circle"), custom_id=pressed_name("circle", circle.id, "moved"))
    form.add_item(_when_part(zone, now, circle.starts_at))
    if circle.way is Way.LIVE:
        stays = _("Left empty, it meets where it did.")
        form.add_item(ui.Label(text=_("In another channel?"), description=stays, component=_place_select()))
        link = ui.TextInput[Any](custom_id="link", required=False, max_length=LONGEST_LINK)
        form.add_item(ui.Label(text=_("Or at another address?"), description=stays, component=link))
    return form


def read_move(interaction: Interaction, zone: str, now: datetime) -> tuple[datetime, int | None, str]:
    """Return when and where a circle is moved to: a channel's id, or an address. Raises Refusal."""
    filled = answers(interaction)
    place, link = next(iter(filled.get("place") or ()), None), str(filled.get("link") or "").strip()
    if place and link:
        raise Refusal(_("A circle meets in one place. Choose a channel, or write an address."))
    at = read_moment(str(filled.get("when") or ""), zone, now)
    return at, int(place) if place else None, check_link(link) if link else ""


def offer_form(circle_id: int, role: Role) -> ui.Modal:
    """Draw the question to whom a role is offered."""
    verb = f"offered_{VERBS[role]}"
    form = ui.Modal(title=_("Offer it to someone"), custom_id=pressed_name("circle", circle_id, verb))
    form.add_item(
        ui.Label(
            text=_("Who might like to?"),
            description=_("I ask them in the circle's thread. It stays yours until they take it."),
            component=ui.UserSelect(custom_id="people", placeholder=_("Pick one person")),
        )
    )
    return form


def harvest_form(circle_id: int, harvest: Harvest | None) -> ui.Modal:
    """Draw the form of a circle's harvest, filled in with what was gathered before."""
    form = ui.Modal(title=_("The harvest"), custom_id=pressed_name("circle", circle_id, "gather"))
    parts = [
        ("lines", _("Three lines"), _("What you found, in words that others can use."), LONGEST_LINES, True),
        ("question", _("A question that stays"), _("It may be left empty."), LONGEST_QUESTION, False),
        ("thanks", _("Thanks"), _("To whom, and for what. It may be left empty."), LONGEST_QUESTION, False),
    ]
    for name, label, description, longest, required in parts:
        form.add_item(
            ui.Label(
                text=label,
                description=description,
                component=ui.TextInput(
                    custom_id=name,
                    style=discord.TextStyle.paragraph,
                    required=required,
                    max_length=longest,
                    default=(getattr(harvest, name) if harvest else None) or None,
                ),
            )
        )
    return form


def wish_form(circle_id: int) -> ui.Modal:
    """Draw the question what wants to happen next."""
    form = ui.Modal(title=_("What wants to happen next?"), custom_id=pressed_name("circle", circle_id, "wished"))
    form.add_item(
        ui.Label(
            text=_("In one line"),
            description=_("Only hosts see it, without your name; they may make a poll of all lines."),
            component=ui.TextInput(custom_id="words", max_length=LONGEST_WISH),
        )
    )
    return form
