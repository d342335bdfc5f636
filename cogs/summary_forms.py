"""The form in which a draft's asker edits it: a paragraph a heading, a line a point, messages by their number."""

import re
from collections.abc import Mapping
from zlib import crc32

import discord
from discord import ui

from bot.language import _
from bot.services.summary_showing import SummaryView
from bot.services.words import given_back, visible
from bot.store.summaries import LONGEST_POINT, PERSON, Heading, SummaryPoint, SummarySource
from bot.thread import Point, Source
from cogs.summary_cards import headings_of
from cogs.support import pressed_name

LONGEST_FIELD = 4000
MOST_POINTS = 40
_NUMBERS = re.compile(r"\s*\[\s*→?(\d+(?:\s*,\s*\d+)*)\s*\]")
_BULLET = re.compile(r"^\s*[-*•]\s+")


def edit_form(view: SummaryView) -> ui.Modal:
    """Draw the form, filled in with the draft."""
    modal = ui.Modal(title=_("Edit the draft"), custom_id=pressed_name("summary", view.summary.id, "rewrite"))
    for heading, title in headings_of(view.summary).items():
        lines = [_line(view, point, sources) for point, sources in view.points if point.heading is heading]
        field: ui.TextInput[ui.Modal] = ui.TextInput(
            custom_id=f"{heading}:{_edition(view)}",
            style=discord.TextStyle.paragraph,
            required=False,
            max_length=LONGEST_FIELD,
            default="\n".join(lines)[:LONGEST_FIELD] or None,
        )
        words = _("A point a line; [3] names its message. Without a number it stands as yours.")
        modal.add_item(ui.Label(text=title, description=words, component=field))
    return modal


def _line(view: SummaryView, point: SummaryPoint, sources: list[SummarySource]) -> str:
    names = _names(view)
    own = _NUMBERS.sub(r" (\1)", point.words)  # a number of its own would be read as a message's
    words = PERSON.sub(lambda found: names.get(int(found[1]), found[0]), own)
    numbers = ", ".join(dict.fromkeys(str(view.numbers[each.message_id]) for each in sources))
    return f"- {words} [{numbers}]" if numbers else f"- {words}"


def _names(view: SummaryView) -> dict[int, str]:
    """Return the names people have in the form, each only once so that it leads back; without letters it is none."""
    found: dict[int, str] = {}
    for number, person in view.people.items():
        name = person.name
        while name in found.values():
            name += f" ({number})"
        if any(map(str.isalpha, name)):
            found[number] = name
    return found


def _edition(view: SummaryView) -> int:
    """Return what tells whether the numbers and the names in a form still mean the same messages and people."""
    return crc32(repr((list(view.numbers), _names(view))).encode())


def points_written(view: SummaryView, written: Mapping[str, object]) -> list[Point]:
    """Return the points a form was sent in with. Raises Refusal, with the words, where they can't be taken."""
    fields = {heading: str(written.get(f"{heading}:{_edition(view)}") or "") for heading in headings_of(view.summary)}
    everything = "\n".join(str(each) for each in written.values() if each)
    if not any(f"{heading}:{_edition(view)}" in written for heading in fields):
        raise given_back(
            _("This draft was changed since you opened the form. Open it again, and take over what is yours."),
            everything,
        )
    points = [
        point
        for heading, text in fields.items()
        for line in visible(text).split("\n")
        if (point := _point(view, heading, line)) is not None
    ]
    if any(len(each.words) > LONGEST_POINT for each in points):
        words = _("A line has room for {limit} characters, and one of these is longer. Cut it in two, or shorten it.")
        raise given_back(words.format(limit=LONGEST_POINT), everything)
    if len(points) > MOST_POINTS:
        words = _("There is room for {limit} lines, and these are {count}. Take out what matters least.")
        raise given_back(words.format(limit=MOST_POINTS, count=len(points)), everything)
    return points


def _point(view: SummaryView, heading: Heading, line: str) -> Point | None:
    """Return what a line says, people by number again, and on which of the draft's messages it rests."""
    known = {view.numbers[each.message_id]: each for _point, sources in view.points for each in sources}
    text = _numbered(view, _BULLET.sub("", line))
    given = [int(each) for found in _NUMBERS.findall(text) for each in found.split(",")]
    sources = [known[number] for number in dict.fromkeys(given) if number in known]
    words = " ".join(_NUMBERS.sub("", text).split())
    if not words:
        return None
    return Point(
        heading,
        words,
        tuple(Source(each.channel_id, each.message_id, each.author_id) for each in sources),
        added=not sources,
    )


def _numbered(view: SummaryView, text: str) -> str:
    """Return a line with people by number in place of the names they have in the form."""
    numbers = {name: number for number, name in _names(view).items()}
    if not numbers:
        return text
    names = "|".join(re.escape(each) for each in sorted(numbers, key=len, reverse=True))
    any_of_them = re.compile(rf"(?<!\w)(?:Person \d+|{names})(?!\w)")
    return any_of_them.sub(lambda found: f"Person {numbers[found[0]]}" if found[0] in numbers else found[0], text)
