"""What learning circles are given, in prompts/<language>/circles/: themes, briefs for each role, and the bell."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, Strict

from bot.deck import ENGLISH, DeckError, Element, draw_card, prompts_folder, read_checked
from bot.formats import (
    IN_BRACES,
    LONGEST_SAY,
    ON_ONE_LINE,
    TITLE_MENDING,
    Id,
    Line,
    Role,
    Say,
    Shape,
    Title,
    misplaced,
    says_something,
)

# How many themes English must have at least. A translation may have fewer.
THEMES = 20


@dataclass(frozen=True)
class Theme:
    """What a circle is about; its id stays the same in every language and release."""

    id: str
    title: str
    intention: str
    opening: str
    questions: tuple[str, str]
    closing: str
    elements: frozenset[Element]
    depth: int

    def fill(self, words: str) -> str:
        """Put this theme's parts where the words of a step or of the bell leave room for them.

        A paragraph with room for a part this theme lacks is left out: a circle of somebody's own has only a title,
        and an intention where they gave one.
        """
        question, second_question = self.questions
        parts = {
            "theme": self.title,
            "intention": self.intention,
            "opening": self.opening,
            "question": question,
            "second_question": second_question,
            "closing": self.closing,
        }
        said = [each for each in words.split("\n\n") if all(parts[place] for place in IN_BRACES.findall(each))]
        return IN_BRACES.sub(lambda found: parts[found[1]], "\n\n".join(said))


@dataclass(frozen=True)
class Brief:
    """What whoever takes a role is told in private: what it is, then line by line what it asks, live and in writing."""

    role: Role
    what: str
    live: tuple[str, ...]
    written: tuple[str, ...]

    def asks(self, *, live: bool) -> tuple[str, ...]:
        """What it asks in a live circle, or in a written one."""
        return self.live if live else self.written


@dataclass(frozen=True)
class CircleDeck:
    """What one language has of its own; any part may be empty, but for English."""

    themes: Mapping[str, Theme]
    briefs: Mapping[Role, Brief]
    bells: tuple[str, ...]


class CircleDecks:
    """The deck of each language, as it stood in the folder when loaded. What one lacks is given in English."""

    def __init__(self, decks: Mapping[str, CircleDeck]) -> None:
        """Keep ``decks``, by language; the English one must be whole."""
        self._decks = decks
        self._english = decks[ENGLISH]

    @classmethod
    def load(cls, folder: Path) -> "CircleDecks":
        """Read circles/themes.toml and circles/roles.toml in each of ``folder``'s sub-folders. Raises DeckError."""
        folders = sorted({file.parent for file in folder.glob("*/circles/*.toml")} | {folder / ENGLISH / "circles"})
        decks = {circles.parent.name: _read_deck(circles) for circles in folders}
        _check_whole(folder / ENGLISH / "circles", decks[ENGLISH])
        return cls(decks)

    def theme(self, language: str, theme_id: str) -> Theme | None:
        """The theme of that id, in English where ``language`` lacks it; None where English does too."""
        return self._own(language).themes.get(theme_id) or self._english.themes.get(theme_id)

    def themes(self, language: str) -> list[Theme]:
        """All themes of a language, in their order; one without themes borrows from English."""
        return list((self._own(language).themes or self._english.themes).values())

    def titled(self, language: str, title: str) -> Theme | None:
        """The theme that is called so, whatever the capitals and spaces; None where there is none."""
        wanted = " ".join(title.split()).casefold()
        return next((each for each in self.themes(language) if each.title.casefold() == wanted), None)

    def draw_theme(
        self,
        language: str,
        *,
        used: Mapping[str, datetime],
        now: datetime,
        rng: random.Random,
        element: Element | None = None,
    ) -> Theme:
        """Choose a theme that touches ``element``, unused for 26 weeks.

        ``used`` says when this community last used each id. Where nothing fits, the element is given up;
        where everything was used, the one used longest ago comes again. A language without themes borrows
        from English.
        """
        return draw_card(self.themes(language), used=used, now=now, rng=rng, element=element)

    def brief(self, language: str, role: Role) -> Brief:
        """What whoever takes ``role`` is told in private."""
        return self._own(language).briefs.get(role) or self._english.briefs[role]

    def bells(self, language: str) -> tuple[str, ...]:
        """What may be said when someone rings the bell, with room for the theme's parts."""
        return self._own(language).bells or self._english.bells

    def _own(self, language: str) -> CircleDeck:
        return self._decks.get(language, self._english)


@cache
def our_circle_decks() -> CircleDecks:
    """Return the decks that come with Kith, read once a process. Raises DeckError when a file can't be used."""
    return CircleDecks.load(prompts_folder())


class _Theme(Shape):
    id: Id
    title: Title
    intention: Line
    opening: Line
    questions: list[Line] = Field(min_length=2, max_length=2)
    closing: Line
    elements: list[Annotated[Element, Strict(False)]] = Field(min_length=1, max_length=len(Element))
    depth: int = Field(ge=1, le=3)


class _Themes(Shape):
    themes: list[_Theme] = Field(min_length=1)


class _Ask(Shape):
    live: Line
    written: Line


class _Brief(Shape):
    id: Annotated[Role, Strict(False)]
    what: Say
    asks: list[Line | _Ask] = Field(min_length=3, max_length=5)


class _Roles(Shape):
    bells: list[Say] = Field(min_length=1)
    briefs: list[_Brief] = Field(min_length=1)


_THEME_MENDING: Mapping[str, str] = {
    "themes": "Start each theme with a line that says [[themes]].",
    "id": 'Give it an id of plain words, such as id = "small-beginnings".',
    "title": TITLE_MENDING,
    "intention": f"Write its intention as one sentence {ON_ONE_LINE}",
    "opening": f"Write its opening {ON_ONE_LINE}",
    "questions": f"Write two questions, each {ON_ONE_LINE}",
    "closing": f"Write its closing {ON_ONE_LINE}",
    "elements": 'List one to three of "work", "learning" and "relationship" as its elements.',
    "depth": "Set its depth to 1 (light), 2 (middle) or 3 (deep).",
}
_ROLE_MENDING: Mapping[str, str] = {
    "bells": f"List what may be said when the bell rings, each in 1 to {LONGEST_SAY} characters.",
    "briefs": "Start each brief with a line that says [[briefs]].",
    "id": f"Use one of these: {', '.join(Role)}.",
    "what": f"Write what the role is, in 1 to {LONGEST_SAY} characters.",
    "asks": (
        "Write what the role asks, in three to five lines, each as words or as "
        f'{{ live = "words", written = "words" }}, {ON_ONE_LINE}'
    ),
}


def _read_deck(folder: Path) -> CircleDeck:
    themes, roles = folder / "themes.toml", folder / "roles.toml"
    for file in sorted(folder.glob("*.toml")):
        if file not in (themes, roles):
            raise DeckError(f"{file}: Kith looks for no file of this name. Call it themes.toml or roles.toml.")
    briefs, bells = _read_roles(roles) if roles.exists() else ({}, ())
    return CircleDeck(_read_themes(themes) if themes.exists() else {}, briefs, bells)


def _read_themes(file: Path) -> dict[str, Theme]:
    themes: dict[str, Theme] = {}
    for entry in read_checked(file, _Themes, "themes", _THEME_MENDING).themes:
        if entry.id in themes:
            raise DeckError(f"{file}, {entry.id}: this id is there twice. Give one of them another id.")
        question, second_question = entry.questions
        themes[entry.id] = Theme(
            id=entry.id,
            title=entry.title,
            intention=entry.intention,
            opening=entry.opening,
            questions=(question, second_question),
            closing=entry.closing,
            elements=frozenset(entry.elements),
            depth=entry.depth,
        )
    return themes


def _read_roles(file: Path) -> tuple[dict[Role, Brief], tuple[str, ...]]:
    content = read_checked(file, _Roles, "briefs", _ROLE_MENDING)
    for number, bell in enumerate(content.bells, 1):
        fault = misplaced(bell)
        if "{intention}" not in bell:
            fault = "the bell must say {intention}. Add it where the intention is said again."
        if not says_something(bell):
            fault = "without an intention it says nothing. Begin it with a paragraph that has no place to fill."
        if fault:
            raise DeckError(f"{file}, bell {number}: {fault}")
    briefs: dict[Role, Brief] = {}
    for entry in content.briefs:
        if entry.id in briefs:
            raise DeckError(f"{file}, {entry.id}: this brief is there twice. Take one of them out.")
        live = tuple(each if isinstance(each, str) else each.live for each in entry.asks)
        written = tuple(each if isinstance(each, str) else each.written for each in entry.asks)
        briefs[entry.id] = Brief(entry.id, entry.what, live, written)
    return briefs, tuple(content.bells)


def _check_whole(folder: Path, deck: CircleDeck) -> None:
    """Hold English to having everything, since other languages lean on it."""
    if len(deck.themes) < THEMES:
        raise DeckError(f"{folder / 'themes.toml'}: it has {len(deck.themes)} of at least {THEMES} themes. Add some.")
    lacking = [role for role in Role if role not in deck.briefs]
    if lacking:
        raise DeckError(f"{folder / 'roles.toml'}: it has no brief for {', '.join(lacking)}. Add one for each.")
