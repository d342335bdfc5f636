"""Prints what happens, as it happens: days, doings, cards, threads, and what only one member sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.rehearsal.drawing import (
    Barred,
    Names,
    Row,
    accent_of,
    buttons_of,
    card,
    form_rows,
    fresh_controls,
    marked_up,
    texts_of,
)
from bot.rehearsal.people import CAST, COMMUNITY, Part

WIDEST = 100
PRIVATE = "┊ "
THREAD = "│ "
ROUND_THREAD, CALL_THREAD = "the thread", "the call's thread"
CIRCLE_THREAD, GROUP_THREAD = "the circle's thread", "the group's thread"
CIRCLE_CARDS = "#circles"
INDENT = 7
NO_BUTTONS = "(no buttons any more)"
SHORT = 3
"""Lines up to which a private answer, or a change of a card, is told in one."""
LONG = 10
"""Lines from which on a panel leaves out what an earlier one has shown, as what a role asks does at any length."""
OF_A_ROLE = "[Offer it to someone]"
AS_IT_WILL_BE = "as you see it here"
"""What is said above a card that comes at once, and so need not be shown before."""
SUMMARY = "What was said here"
"""The first line of a summary."""
COLOURS = ("green", "yellow", "magenta", "blue", "cyan", "bright_red", "bright_green", "bright_magenta")


@dataclass(frozen=True)
class Seen:
    """A message as it stands: where it is, who wrote it, and who sees it (``only``: nobody but that member)."""

    id: int
    place: str
    author: str
    content: str
    components: list[dict[str, Any]]
    files: tuple[str, ...] = ()
    thread: bool = False
    only: str | None = None
    direct: bool = False
    answers: str | None = None


def paper() -> Console:
    """Return the terminal, at most 100 columns wide; plain when the output goes to a file."""
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    return console


def print_heading(console: Console, weeks: str) -> None:
    """Print who rehearses. It needs nothing of Kith or Discord, so it can come at once."""
    console.print(Rule(style="bold"))
    console.print(Text(f"{COMMUNITY}, {weeks}", "bold"))
    console.print(
        "Eight bakers learned sourdough together. What happens when the course is over? "
        "They are invented; Kith is real and runs here on a simulated Discord. Nothing leaves this machine."
    )
    console.print()
    table = Table.grid(padding=(0, 2))
    for part in CAST:
        table.add_row(name_of(part), part.place, Text(part.about, "dim"))
    console.print(Padding(table, (0, 0, 0, 2)))
    console.print()
    console.print(
        Text.assemble(
            "Times are those of Ghent. Cards have a frame, threads a ",
            (THREAD.strip(), "bold"),
            " at the left, and what only one member sees a ",
            (PRIVATE.strip(), "bold"),
            ".",
        ),
        style="dim",
    )


def name_of(part: Part) -> Text:
    """Return a person's name in their colour."""
    return Text(part.name, f"bold {COLOURS[CAST.index(part)]}")


class Transcript:
    """Tells the rehearsal, one line or card at a time."""

    def __init__(self, console: Console, names: Names) -> None:
        self._console = console
        self._names = names
        self._day: date | None = None
        self._parts = {part.name: part for part in CAST}
        self._forms: set[str] = set()
        self._panels: set[str] = set()
        self._circles: set[str] = set()
        self._cards: set[str] = set()

    def tell(self, words: str) -> None:
        """Say something the reader needs to know that nobody on Discord said."""
        self._turn_page()
        self._show([Text(words, "italic dim")], "")

    def did(self, who: str, *what: str | Text) -> None:
        """Tell what someone did."""
        self._turn_page()
        line = self._named(who)
        for each in what:
            line.append("" if str(each).startswith(",") else " ").append(each)
        self._at_once(line)

    def filled_in(self, who: str, form: dict[str, Any], values: dict[str, Any]) -> None:
        """Show a form as its only reader saw it: in full the first time, later without what the thread will show."""
        first = form["title"] not in self._forms
        self._forms.add(form["title"])
        rows = list(form_rows(form, values))
        if not first:
            public = values.get("share") == "everyone" or "audience" in values  # a call's preview follows
            chosen = [f"{label}: {value}" for label, value, free in rows if not (public and free)]
            self._show(
                [Text(f"{form['title']} · only {who} sees the form: ", "dim").append(" · ".join(chosen), "")], PRIVATE
            )
            return
        table = Table.grid(padding=(0, 2))
        for label, value, free in rows:
            table.add_row(Text(label, "dim"), Text(value, "italic" if free else ""))
        asked = [row for text in texts_of(form["components"]) for row in marked_up(text, self._names)]
        self._show([Text(f"{form['title']} · a form only {who} sees", "dim"), *asked, table], PRIVATE)

    def appeared(self, seen: Seen) -> None:
        """Show a new message."""
        self._turn_page()
        if seen.only is not None:
            self._private(seen)
        elif not seen.components:
            what = f"answers {seen.answers}" if seen.answers else "writes"
            self.did(seen.author, what, f"in {seen.place}")
            self._show(marked_up(seen.content, self._names), THREAD)
        elif seen.thread:
            self._in_thread(seen)
        else:
            title = Text.assemble(f"{self._clock()} ", (seen.author, "bold"), f" in {seen.place}")
            self._frame(self._news(card(seen.components, self._names, airy=True)), title, accent_of(seen.components))

    def _news(self, rows: list[Row]) -> list[Row]:
        """Return a card without the buttons it ends with, and what stands right above them, where both were shown."""
        told = list(rows)
        while not told[-1].plain.strip() or (len(told) > 1 and told[-1].plain in self._cards):
            told.pop()
        self._cards.update(row.plain for row in rows if not row.quoted)
        return told

    def _in_thread(self, seen: Seen) -> None:
        """Show what Kith says in a thread; of a circle's steps the first in full, of a summary what no draft showed."""
        rows = card(seen.components, self._names)
        title = Text.assemble((seen.author, "bold"), f" in {seen.place}")
        if seen.place in (CIRCLE_THREAD, GROUP_THREAD):
            fresh = [row for row in rows if row.plain and row.plain not in self._circles]
            is_step, is_first = rows[0].plain.startswith("Step "), "Step" not in self._circles
            self._circles.update([row.plain for row in rows] + (["Step"] if is_step else []))
            if is_step and not is_first:
                title.append(f" · {rows[0].plain} · {rows[1].plain}")
                said = [row for row in fresh if row not in rows[:2]]
                few = said[:1] + [row for row in said[1:] if row.plain.startswith(("• ", "The talking piece"))]
                rows = [row for row in few if not row.plain.startswith("Time for")]
            elif seen.place == GROUP_THREAD:
                rows = fresh
        if rows and rows[0].plain == SUMMARY:
            rows = [row for row in rows if row.plain not in self._panels]
            title.append(f" · {SUMMARY}, as drafted{', but for this' if rows else ''}")
        if seen.place != ROUND_THREAD:
            self._at_once(title)
        self._show(rows, THREAD)

    def changed(self, before: Seen, now: Seen) -> None:
        """Show what is new in a message; the whole of a private panel that has turned into another."""
        self._turn_page()
        old, new = texts_of(before.components), texts_of(now.components)
        if now.only is not None and old[:1] != new[:1]:
            self._private(now)
            return
        rows = [row for text in new if text not in old for row in marked_up(text, self._names)]
        if now.place in (CIRCLE_CARDS, CIRCLE_THREAD) or any(SUMMARY in text for text in new):
            stood = [row.plain for row in card(before.components, self._names)]
            rows = [row for row in rows if row.plain not in stood]
        buttons, before_buttons = buttons_of(now.components), buttons_of(before.components)
        if fresh := fresh_controls(before_buttons, buttons, self._names):
            rows.append(Row(fresh))
        elif before_buttons and not buttons and now.place != CIRCLE_THREAD:
            rows.append(Row(Text(NO_BUTTONS, "dim")))
        if not rows:
            return
        if now.only is not None:
            self._show([Text(f"only {now.only} sees this change", "dim"), *rows], PRIVATE)
        elif now.thread:
            where = f", in {now.place}" if now.place in (CALL_THREAD, CIRCLE_THREAD) else ""
            self._show([Text(f"now reads{where}", "dim"), *rows], THREAD)
        else:
            title = Text.assemble((now.author, "bold"), " edits its card")
            about = next((row for row in card(now.components, self._names) if row.text.style == "bold"), None)
            if about is not None and about.plain not in [row.plain for row in rows]:
                title.append(f" · {about.plain}", "dim")
                title.truncate(self._console.width - INDENT - 14, overflow="ellipsis")
            if fresh or len(rows) > SHORT or any(row.quoted or row.plain.startswith("• ") for row in rows):
                self._frame(rows, Text(f"{self._clock()} ").append_text(title), accent_of(now.components))
            else:
                said = [row.text for row in rows if row.plain != NO_BUTTONS]
                self._at_once(Text(" · ").join([title, *(said or [Text(NO_BUTTONS, "dim")])]))

    def removed(self, before: Seen) -> None:
        """Tell that a message is gone."""
        self._turn_page()
        first = marked_up(next(iter(texts_of(before.components)), before.content), self._names)[0]
        gone = Text("gone: ", "dim").append_text(first.text).append(" …", "dim")
        self._show([gone], THREAD if before.thread else "")

    def end(self, words: str) -> None:
        """Print the last line."""
        self._console.print()
        self._console.print(Rule(style="bold"))
        self._console.print(words)

    def _private(self, seen: Seen) -> None:
        """Show what one member sees: a sentence on one line; of a long panel what no earlier one has shown."""
        if seen.direct:
            self._at_once(Text.assemble((seen.author, "bold"), f" sends {seen.only} a direct message"))
        rows = card(seen.components, self._names) if seen.components else marked_up(seen.content, self._names)
        rows += [Row(Text(f"file: {name}", "dim")) for name in seen.files]
        if len(rows) <= SHORT and not any(row.quoted or row.plain.startswith("• ") for row in rows):
            if all(row.plain in self._panels for row in rows):
                return
            self._panels.update(row.plain for row in rows)
            line = Text(f"only {seen.only} sees: ", "dim")
            for row in rows:
                fits = len(line) + len(row.text) < self._console.width - INDENT - len(PRIVATE)
                line.append("" if line.plain.endswith(": ") else " " if fits else "\n").append_text(row.text)
            self._show([line], PRIVATE)
            return
        shown: list[RenderableType] = [Text(f"only {seen.only} sees this", "dim"), rows[0]]
        if AS_IT_WILL_BE in rows[0].plain:
            self._show(shown, PRIVATE)
            return
        long = len(rows) > LONG or OF_A_ROLE in rows[-1].plain
        is_summary = any(row.plain == SUMMARY for row in rows)
        shown += self._unread(rows[1:]) if long and not is_summary else rows[1:]
        self._panels.update(row.plain for row in rows if not row.quoted)
        self._show(shown, PRIVATE)

    def _unread(self, rows: Sequence[Row]) -> list[RenderableType]:
        """Return what no private panel has shown, with a sign for what is left out."""
        shown: list[RenderableType] = []
        left_out = False
        for row in rows:
            known = row.plain in self._panels
            if not known:
                shown.append(row)
            elif not left_out:
                shown.append(Text("…", "dim"))
            left_out = known
        return shown

    def _frame(self, rows: Sequence[RenderableType], title: Text, colour: str) -> None:
        panel = Panel(Group(*rows), title=title, title_align="left", border_style=colour, padding=(0, 1))
        self._console.print(Padding(panel, (0, 0, 0, INDENT)))

    def _show(self, rows: Sequence[RenderableType], bar: str) -> None:
        self._console.print(Barred(Group(*rows), " " * INDENT + bar))

    def _at_once(self, line: Text) -> None:
        self._console.print(Barred(line, " " * (INDENT + 2), f"{self._clock():{INDENT}}"))

    def _named(self, who: str) -> Text:
        part = self._parts[who]
        name = name_of(part)
        here = self._names.now().astimezone(self._names.zone)
        there = here.astimezone(ZoneInfo(part.zone))
        apart = abs((there.replace(tzinfo=None) - here.replace(tzinfo=None)).total_seconds())
        if apart > 3600:
            name.append(f" ({there:%H:%M} in {part.place})", "not bold dim")
        return name

    def _clock(self) -> str:
        return f"{self._names.now().astimezone(self._names.zone):%H:%M}"

    def _turn_page(self) -> None:
        today = self._names.now().astimezone(self._names.zone)
        if today.date() != self._day:
            self._day = today.date()
            self._console.print()
            self._console.print(Rule(Text(day_words(today), "bold"), align="left", style="dim"))


def day_words(instant: datetime) -> str:
    """Return a date for a heading."""
    return f"{instant:%A} {instant.day} {instant:%B %Y}"
