"""The formats of learning circles, in prompts/<language>/formats/: read and checked once.

Adding a format is adding a file: its name is the format's id.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from bot.deck import ENGLISH, DeckError, prompts_folder, read_checked

LONGEST_TITLE = 60
LONGEST_LINE = 200
LONGEST_SAY = 600
LEAST_MINUTES, MOST_MINUTES = 30, 90
MOST_HOURS = 14 * 24

FIRST_STEP = "arriving"
LAST_STEPS = ("harvest", "closing")

# What a theme has that a step's words may leave room for, in braces.
PLACES = ("theme", "intention", "opening", "question", "second_question", "closing")
IN_BRACES = re.compile(r"\{([^{}]*)\}")


class Kind(StrEnum):
    """How those in the circle take part in a step."""

    TOGETHER = "together"  # anyone speaks
    SILENCE = "silence"  # each by themselves
    ROUND = "round"  # the talking piece goes round once: speak, pass or keep silence
    GROUPS = "groups"  # groups formed from who is there
    AWAY = "away"  # in groups, while the one who asks this turn turns away


class Role(StrEnum):
    """What a member can take on in a circle; a co-host stands beside the host for a first time."""

    HOST = "host"
    GUARDIAN = "guardian"
    HARVESTER = "harvester"
    CO_HOST = "co-host"


@dataclass(frozen=True)
class Step:
    """One step of a circle; ``turn`` counts from 1 where the step belongs to a turn that passes on."""

    id: str
    title: str
    say: str
    minutes: int
    hours: int
    kind: Kind
    size: int | None
    turn: int | None


@dataclass(frozen=True)
class Format:
    """A way to hold a circle, step by step; the steps of a turn stand there once for every turn.

    A live circle goes by its steps' minutes, a written one by their hours. Which of the two it suits is said
    by ``live`` and ``written``: at least one.
    """

    id: str
    title: str
    what: str
    people: tuple[int, int]
    roles: tuple[Role, ...]
    live: bool
    written: bool
    steps: tuple[Step, ...]

    def asks_until(self, turn: int | None) -> int | None:
        """Tell until which step somebody's turn to ask may still begin; ``None`` in a turn in which nobody asks."""
        numbers = [number for number, step in enumerate(self.steps) if turn is not None and step.turn == turn]
        away = next((number for number in numbers if self.steps[number].kind is Kind.AWAY), None)
        return None if away is None else max(numbers[0], away - 1)

    @property
    def live_minutes(self) -> int:
        """How long it takes live."""
        return sum(step.minutes for step in self.steps)

    @property
    def written_hours(self) -> int:
        """How long it takes in writing, at most."""
        return sum(step.hours for step in self.steps)


def _paragraphs(text: str) -> str:
    """Join the lines of each paragraph, so that a file may break them where it likes."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Title = Annotated[str, Field(max_length=LONGEST_TITLE, pattern=r"^\S(.*\S)?$")]
Line = Annotated[str, Field(max_length=LONGEST_LINE, pattern=r"^\S(.*\S)?$")]
Say = Annotated[str, AfterValidator(_paragraphs), Field(min_length=1, max_length=LONGEST_SAY)]


class Shape(BaseModel):
    """What is written in a file: nothing more, and nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Step(Shape):
    id: Id
    title: Title
    say: Say
    minutes: int = Field(0, ge=1, le=40)
    hours: int = Field(0, ge=1, le=72)
    kind: Annotated[Kind, Strict(False)]
    size: int | None = Field(None, ge=2, le=4)
    turn: bool = False


class _File(Shape):
    title: Title
    what: Line
    people: list[Annotated[int, Field(ge=2)]] = Field(min_length=2, max_length=2)
    roles: list[Annotated[Role, Strict(False)]] = Field(min_length=1)
    live: bool = True
    written: bool = True
    turns: int = Field(1, ge=2, le=6)
    steps: list[_Step] = Field(min_length=2)


ON_ONE_LINE = f"on one line, of 1 to {LONGEST_LINE} characters, with no space at either end."
TITLE_MENDING = f"Write its title on one line, of 1 to {LONGEST_TITLE} characters, with no space at either end."
_MENDING: Mapping[str, str] = {
    "title": TITLE_MENDING,
    "what": f"Write what it is good for {ON_ONE_LINE}",
    "people": "Write the least and the most people it suits, such as people = [3, 8].",
    "roles": 'List "host", and "guardian" and "harvester" where it needs them.',
    "live": "Write live = false where it does not suit a live circle, or leave the line out.",
    "written": "Write written = false where it does not suit a written circle, or leave the line out.",
    "turns": "Write how often the steps with turn = true are gone through, 2 to 6 times, or leave the line out.",
    "steps": "Start each step with a line that says [[steps]]; there must be a first and a last.",
    "id": 'Give it an id of plain words, such as id = "first-round".',
    "say": f"Write what is said at this step, in 1 to {LONGEST_SAY} characters.",
    "minutes": "Give the step 1 to 40 minutes, which is how long it takes live.",
    "hours": "Give the step 1 to 72 hours, which is how long it takes in writing.",
    "kind": f"Use one of these: {', '.join(Kind)}.",
    "size": "Write for how many the groups are: 2, 3 or 4.",
    "turn": "Write turn = true where the step belongs to a turn, or leave the line out.",
}


class Formats:
    """Every format in every language, as they stood in the folder when loaded."""

    def __init__(self, formats: Mapping[str, Mapping[str, Format]]) -> None:
        """Keep ``formats``: by language, then by id."""
        self._formats = formats

    @classmethod
    def load(cls, folder: Path) -> "Formats":
        """Read each language's formats, one file a format, from ``folder``'s sub-folders. Raises DeckError."""
        files = sorted(folder.glob("*/formats/*.toml"))
        formats: dict[str, dict[str, Format]] = {}
        for file in files:
            formats.setdefault(file.parent.parent.name, {})[file.stem] = _read_format(file)
        if ENGLISH not in formats:
            place = folder / ENGLISH / "formats"
            raise DeckError(f"{place} has no formats. Put the English ones there: other languages lean on them.")
        for file in files:
            _check_translation(file, formats[file.parent.parent.name][file.stem], formats[ENGLISH].get(file.stem))
        return cls(formats)

    def all(self, language: str) -> tuple[Format, ...]:
        """Every format, in English where ``language`` lacks it, in alphabetical order of their ids."""
        formats = {**self._formats[ENGLISH], **self._formats.get(language, {})}
        return tuple(formats[each] for each in sorted(formats))

    def format(self, language: str, format_id: str) -> Format | None:
        """The format of that id, in English where ``language`` lacks it; None where English does too."""
        return self._formats.get(language, {}).get(format_id) or self._formats[ENGLISH].get(format_id)


@cache
def our_formats() -> Formats:
    """Return the formats that come with Kith, read once a process. Raises DeckError when a file can't be used."""
    return Formats.load(prompts_folder())


def misplaced(words: str) -> str | None:
    """Say what is wrong with the braces in ``words``, and how to mend it; None when nothing is."""
    places = ", ".join(f"{{{place}}}" for place in PLACES)
    for place in IN_BRACES.findall(words):
        if place not in PLACES:
            return f"Kith has nothing to put in the place of {{{place}}}. Use only {places}."
    if re.search(r"[{}]", IN_BRACES.sub("", words)):
        return f"a brace stands alone. Take it out, or use only {places}."
    return None


def says_something(words: str) -> bool:
    """Tell whether words still say something where a circle has nothing to put in their places but its theme.

    A paragraph with room for what a circle lacks is left out.
    """
    return any(set(IN_BRACES.findall(each)) <= {"theme"} for each in words.split("\n\n"))


def _read_format(file: Path) -> Format:
    content = read_checked(file, _File, "steps", _MENDING)
    for fault in _faults_of_ends(content):
        raise DeckError(f"{file}: {fault}")
    for number, step in enumerate(content.steps):
        if any(step.id == other.id for other in content.steps[:number]):
            raise DeckError(f"{file}, {step.id}: this id is there twice. Give one of them another id.")
        for fault in _faults_of_step(step, content):
            raise DeckError(f"{file}, {step.id}: {fault}")
    found = Format(
        id=file.stem,
        title=content.title,
        what=content.what,
        people=(content.people[0], content.people[1]),
        roles=tuple(role for role in Role if role in content.roles),
        live=content.live,
        written=content.written,
        steps=tuple(_steps_in_order(content)),
    )
    for fault in _faults_of_whole(found):
        raise DeckError(f"{file}: {fault}")
    return found


def _steps_in_order(content: _File) -> Iterator[Step]:
    """Give the steps as they are gone through, those of a turn once for every turn."""
    for in_turn, run in groupby(content.steps, key=lambda step: step.turn):
        steps = list(run)
        for turn in range(1, content.turns + 1) if in_turn else (None,):
            for each in steps:
                yield Step(each.id, each.title, each.say, each.minutes, each.hours, each.kind, each.size, turn)


def _faults_of_ends(content: _File) -> Iterator[str]:
    first, last = content.steps[0], content.steps[-1]
    if first.id != FIRST_STEP or "{intention}" not in first.say:
        yield f'its first step must have the id "{FIRST_STEP}" and say {{intention}}. Begin the circle with that.'
    if last.id not in LAST_STEPS:
        ids = " or ".join(f'"{each}"' for each in LAST_STEPS)
        yield f"its last step must have the id {ids}. End the circle with that."
    runs = [in_turn for in_turn, _ in groupby(content.steps, key=lambda step: step.turn)]
    if runs.count(True) != (content.turns > 1):
        yield "turns = 3, or another number, goes with one run of steps that say turn = true. Write both, or neither."


def _faults_of_step(step: _Step, content: _File) -> Iterator[str]:
    if content.live and not step.minutes:
        yield f'"minutes" is missing. {_MENDING["minutes"]}'
    if content.written and not step.hours:
        yield f'"hours" is missing. {_MENDING["hours"]}'
    if (step.size is not None) != (step.kind in (Kind.GROUPS, Kind.AWAY)):
        yield f'"size" goes with the kinds groups and away, and with no other. {_MENDING["size"]}'
    if step.kind is Kind.AWAY and not (step.turn and step.size == 3):
        yield 'the kind "away" goes with size = 3 and turn = true. Write both.'
    if fault := misplaced(step.say):
        yield fault
    if not says_something(step.say):
        yield "in a circle without the deck's words it says nothing. Add a paragraph with no place but {theme}."


def _faults_of_whole(found: Format) -> Iterator[str]:
    least, most = found.people
    if least > most:
        yield f'"people" is not as it should be. {_MENDING["people"]}'
    if Role.HOST not in found.roles or Role.CO_HOST in found.roles:
        yield f'"roles" is not as it should be. {_MENDING["roles"]}'
    if not (found.live or found.written):
        yield "it is neither live nor written. Take out live = false or written = false."
    if found.live and not LEAST_MINUTES <= found.live_minutes <= MOST_MINUTES:
        yield (
            f"live it takes {found.live_minutes} minutes, with every turn. "
            f"Change its steps until it takes {LEAST_MINUTES} to {MOST_MINUTES}."
        )
    if found.written and found.written_hours > MOST_HOURS:
        yield (
            f"in writing it takes {found.written_hours} hours, with every turn. "
            f"Change its steps until it takes {MOST_HOURS} at most."
        )


def _check_translation(file: Path, found: Format, english: Format | None) -> None:
    """Hold a translated format to the steps of the English one: a circle goes on when its language is changed."""
    if english and [(each.id, each.kind, each.size) for each in found.steps] != [
        (each.id, each.kind, each.size) for each in english.steps
    ]:
        raise DeckError(
            f"{file}: its steps are not those of the English format of this name. "
            "Give them the same ids, kinds, sizes and turns, or name the file otherwise."
        )
