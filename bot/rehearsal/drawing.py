"""Draws on a terminal what Discord would show: marked-up text, cards, buttons, forms."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

TEXT, BUTTON, ROW, SECTION, SEPARATOR, CONTAINER, LABEL = 10, 2, 1, 9, 14, 17, 18
SELECTS = (3, 5, 6, 7, 8)
PRIMARY, DANGER, LINK = 1, 4, 5

_TOKENS = re.compile(
    r"(?P<escaped>\\[^\w\s])|\*\*(?P<bold>.+?)\*\*|(?<![\w*])\*(?P<italic>[^*\n]+)\*(?![\w*])|`(?P<code>[^`]+)`"
    r"|<@&(?P<role>\d+)>|<@!?(?P<user>\d+)>|<#(?P<channel>\d+)>|<t:(?P<unix>\d+)(?::(?P<style>\w))?>"
    r"|\[(?P<masked>[^\]\n]+)\]\(https?://[^)\s]+\)|(?P<message>https://discord\.com/channels/[\d/]+)"
)


class Names(Protocol):
    """Knows what ids are called, and what time it is where the reader is."""

    zone: ZoneInfo

    def user(self, user_id: int) -> str:
        """Return a person's name."""
        ...

    def role(self, role_id: int) -> str:
        """Return a role's name."""
        ...

    def channel(self, channel_id: int) -> str:
        """Return a channel's name."""
        ...

    def now(self) -> datetime:
        """Return the present instant."""
        ...


class Barred:
    """Something with a bar down its left side; a ``first`` bar may differ, as a time does."""

    def __init__(self, inner: RenderableType, bar: str, first: str | None = None) -> None:
        self.inner, self.bar, self.first = inner, bar, first

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render line by line, each after the bar, with nothing trailing."""
        room = options.update_width(max(20, options.max_width - len(self.bar)))
        for number, line in enumerate(console.render_lines(self.inner, room, pad=False)):
            yield Segment(self.first if self.first is not None and number == 0 else self.bar, Style(dim=True))
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                line[-1] = Segment(line[-1].text.rstrip(), line[-1].style)
            yield from line
            yield Segment.line()


@dataclass(frozen=True)
class Row:
    """One line of a message, which may be part of a quotation."""

    text: Text
    quoted: bool = False

    def __rich__(self) -> RenderableType:
        """Return what is printed; a quotation keeps its bar where it is wrapped."""
        return Barred(self.text, "▏ ") if self.quoted else self.text

    @property
    def plain(self) -> str:
        """The words alone."""
        return self.text.plain


def marked_up(source: str, names: Names) -> list[Row]:
    """Return a text as Discord shows it, line by line: headings, small print, quotations, names and times."""
    return [_row(line, names) for line in source.split("\n")]


def _row(line: str, names: Names) -> Row:
    if found := re.match(r"#{1,3} ", line):
        return Row(_inline(line[found.end() :], names, "bold"))
    if line.startswith("-# "):
        return Row(_inline(line[3:], names, "dim"))
    if line.startswith("> "):
        return Row(_inline(line[2:], names, ""), quoted=True)
    if line.startswith("- "):
        return Row(Text("• ").append_text(_inline(line[2:], names, "")))
    return Row(_inline(line, names, ""))


def _inline(line: str, names: Names, style: str) -> Text:
    shown, end = Text(style=style), 0
    for found in _TOKENS.finditer(line):
        shown.append(line[end : found.start()])
        shown.append_text(_token(found, names))
        end = found.end()
    shown.append(line[end:])
    return shown


def _token(found: re.Match[str], names: Names) -> Text:
    kind = found.lastgroup if found.lastgroup != "style" else "unix"
    value = found[kind or 0]
    match kind:
        case "escaped":
            return Text(value[1:])
        case "bold":
            return _inline(value, names, "bold")
        case "italic":
            return _inline(value, names, "italic")
        case "code":
            return Text(value, "bold")
        case "user":
            return Text(f"@{names.user(int(value))}", "bold")
        case "role":
            return Text(f"@{names.role(int(value))}", "bold")
        case "channel":
            return Text(names.channel(int(value)), "bold")
        case "masked":
            return Text(value, "underline")
        case "unix":
            return Text(clock_words(int(value), found["style"] or "f", names))
        case _:
            return Text("↗ to the message", "underline")


def clock_words(unix: int, style: str, names: Names) -> str:
    """Return an instant in words, as a reader in the community's zone sees it."""
    instant = datetime.fromtimestamp(unix, names.zone)
    if style == "R":
        return from_now((instant - names.now()).total_seconds())
    day = f"{instant:%A} {instant.day} {instant:%B}" if style == "F" else f"{instant.day} {instant:%B}"
    return {"t": f"{instant:%H:%M}", "D": day, "d": day}.get(style, f"{day}, {instant:%H:%M}")


def from_now(seconds: float) -> str:
    """Return how far away something is, in the largest unit that fits."""
    size = abs(seconds)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if size >= length * (2 if unit == "day" else 1):
            count = round(size / length)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "just now"


def card(components: list[dict[str, Any]], names: Names, *, airy: bool = False) -> list[Row]:
    """Return a message's components, top to bottom; ``airy``: with room above the first buttons."""
    rows: list[Row] = []
    roomy = airy
    for number, part in enumerate(components):
        kind = part.get("type")
        if kind == TEXT:
            rows += marked_up(part["content"], names)
        elif kind == SECTION:
            rows += _section(part, names)
        elif kind == ROW:
            if number and roomy:
                rows.append(Row(Text()))
                roomy = False
            rows.append(Row(controls(part["components"], names)))
        elif kind == SEPARATOR:
            rows.append(Row(Text("· · ·", "dim")))
        elif kind == CONTAINER:
            rows += card(part["components"], names, airy=airy)
    return rows


def _section(part: dict[str, Any], names: Names) -> list[Row]:
    """Return a text with its button at the end of its first line."""
    first, *more = marked_up("\n".join(each["content"] for each in part["components"]), names)
    return [Row(first.text.append("  ").append_text(control(part["accessory"], names))), *more]


def fresh_controls(before: list[dict[str, Any]], now: list[dict[str, Any]], names: Names) -> Text | None:
    """Return the buttons and menus a message did not have before, if there are any."""
    old = [control(part, names).plain for part in before]
    fresh = [part for part in now if control(part, names).plain not in old]
    return controls(fresh, names) if fresh else None


def controls(parts: list[dict[str, Any]], names: Names) -> Text:
    """Return a row of buttons and menus, each in brackets."""
    return Text("  ").join(control(part, names) for part in parts)


def control(part: dict[str, Any], names: Names) -> Text:
    """Return one button, or a menu with what is chosen in it."""
    if part.get("type") in SELECTS:
        chosen = [option["label"] for option in part.get("options", []) if option.get("default")]
        for default in part.get("default_values", []):
            named = names.role if default["type"] == "role" else names.channel
            chosen.append(named(int(default["id"])))
        return Text(f"[{', '.join(chosen) or part.get('placeholder') or 'choose'} ▾]", "cyan")
    label = part.get("label") or "…"
    style = {PRIMARY: "bold blue", DANGER: "bold red"}.get(part.get("style", 2), "cyan")
    if part.get("disabled"):
        style = "dim"
    return Text(f"[{label}{' ↗' if part.get('style') == LINK else ''}]", style)


def walked(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every component, outermost first."""
    for part in components:
        yield part
        yield from walked(part.get("components", []))
        yield from walked(part[name] for name in ("accessory", "component") if part.get(name))


def texts_of(components: list[dict[str, Any]]) -> list[str]:
    """Return a message's blocks of text, as they were written."""
    return [part["content"] for part in walked(components) if part.get("type") == TEXT]


def buttons_of(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a message's buttons and menus."""
    return [part for part in walked(components) if part.get("type") in (BUTTON, *SELECTS)]


def accent_of(components: list[dict[str, Any]]) -> str:
    """Return the colour of a card's edge, as a style."""
    colour = next((part["accent_color"] for part in components if part.get("accent_color")), None)
    return "white" if colour is None else f"#{colour:06x}"


def form_rows(form: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield what someone put in each part of a form: its label, what stands there now, whether it is free text."""
    for part in form["components"]:
        if part.get("type") != LABEL:
            continue
        field = part["component"]
        value = values.get(field["custom_id"])
        if value in (None, "", False, [], field.get("value")):
            continue
        options = {option["value"]: option["label"] for option in field.get("options", [])}
        if value is True:
            yield part["label"], "yes", False
        elif options or isinstance(value, list):
            chosen = cast(list[str], value if isinstance(value, list) else [value])
            yield part["label"], ", ".join(options.get(each, each) for each in chosen), False
        else:
            yield part["label"], str(value), True
