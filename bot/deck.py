"""The decks of questions in prompts/: read and checked once, then drawn from."""

import random
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError
from pydantic_core import ErrorDetails

ENGLISH = "en"
SUMMARIES = "summary"
"""The folder that holds what summaries are made with, in whichever language."""
REPEAT_AFTER = timedelta(weeks=26)
LONGEST_TEXT = 200


class Element(StrEnum):
    """The three elements a community of practice lives by."""

    WORK = "work"
    LEARNING = "learning"
    RELATIONSHIP = "relationship"


TAGS: Mapping[frozenset[Element], str] = {
    frozenset({Element.WORK}): "work",
    frozenset({Element.LEARNING}): "learning",
    frozenset({Element.RELATIONSHIP}): "relationship",
    frozenset({Element.WORK, Element.LEARNING}): "innovation",
    frozenset({Element.WORK, Element.RELATIONSHIP}): "sustainability",
    frozenset({Element.RELATIONSHIP, Element.LEARNING}): "kinship",
    frozenset(Element): "purpose",
}

# How many questions English must have at least, so that a weekly draw never runs dry.
# A translation may have fewer.
SIZES: Mapping[str, int] = {
    "arriving": 24,
    "leaving": 16,
    "work": 16,
    "learning": 16,
    "relationship": 16,
    "innovation": 12,
    "sustainability": 12,
    "kinship": 12,
    "purpose": 12,
}

# A check-in opens a week: every set suits it but "leaving", which looks back at time just spent together.
CHECK_IN_SETS: frozenset[str] = frozenset(SIZES) - {"leaving"}


class DeckError(Exception):
    """A file in prompts/ that can't be used, said in a sentence that names the place and how to mend it."""


@dataclass(frozen=True)
class Question:
    """One question of a deck; its id stays the same in every language and release."""

    id: str
    text: str
    set: str
    elements: frozenset[Element]
    depth: int

    @property
    def tag(self) -> str:
        """The word for where this question's elements overlap, such as "kinship"."""
        return TAGS[self.elements]


class Card(Protocol):
    """What a deck is made of: something that can be drawn."""

    @property
    def id(self) -> str: ...
    @property
    def elements(self) -> frozenset[Element]: ...
    @property
    def depth(self) -> int: ...


AnyCard = TypeVar("AnyCard", bound=Card)
Shape = TypeVar("Shape", bound=BaseModel)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z]+(-[a-z0-9]+)+$")
    text: str = Field(max_length=LONGEST_TEXT, pattern=r"^\S(.*\S)?$")
    elements: list[Annotated[Element, Strict(False)]] = Field(min_length=1, max_length=len(Element))
    depth: int = Field(ge=1, le=3)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    set: str
    question: list[_Entry] = Field(min_length=1)


_MENDING: Mapping[str, str] = {
    "set": 'Begin the file with the name of its set, such as set = "work".',
    "question": "Start each question with a line that says [[question]].",
    "id": 'Give it an id of the set\'s name and a few plain words, such as id = "work-next-step".',
    "text": f"Write its text on one line, of 1 to {LONGEST_TEXT} characters, with no space at either end.",
    "elements": 'List one to three of "work", "learning" and "relationship" as its elements.',
    "depth": "Set its depth to 1 (light), 2 (middle) or 3 (deep).",
}


class Decks:
    """Every question in every language, as it stood in the folder when loaded."""

    def __init__(self, questions: Mapping[str, Mapping[str, Question]]) -> None:
        """Keep ``questions``: by language, then by id."""
        self._questions = questions

    @classmethod
    def load(cls, folder: Path) -> "Decks":
        """Read each language's sets, one file a set, from ``folder``'s sub-folders.

        A sub-folder without a TOML file of its own is not a language, nor is that of summaries. Raises DeckError.
        """
        folders = sorted({file.parent for file in folder.glob("*/*.toml")} - {folder / SUMMARIES})
        questions = {language.name: _read_language(language) for language in folders}
        if ENGLISH not in questions:
            raise DeckError(
                f"{folder / ENGLISH} has no decks. Put the English ones there: other languages lean on them."
            )
        _check_sizes(folder / ENGLISH, questions[ENGLISH])
        return cls(questions)

    def languages(self) -> tuple[str, ...]:
        """The languages that have decks, in alphabetical order."""
        return tuple(sorted(self._questions))

    def count(self, language: str) -> int:
        """How many questions ``language`` has of its own."""
        return len(self._questions.get(language, {}))

    def question(self, language: str, question_id: str) -> Question | None:
        """The question of that id, in English where ``language`` lacks it; None where English does too."""
        for deck in (self._questions.get(language, {}), self._questions[ENGLISH]):
            if question_id in deck:
                return deck[question_id]
        return None

    def draw(
        self,
        language: str,
        *,
        used: Mapping[str, datetime],
        now: datetime,
        rng: random.Random,
        element: Element | None = None,
        depth: int | None = None,
        sets: Collection[str] = CHECK_IN_SETS,
        retired: Collection[str] = (),
    ) -> Question:
        """Choose a question that touches ``element``, no deeper than ``depth``, unused for 26 weeks.

        ``used`` says when this community last used each id. Where nothing fits, the depth is given up
        first, then the element; where everything was used, the one used longest ago comes again.
        A language with nothing left in ``sets`` borrows from English. Retired questions never come:
        raises DeckError when there is no other.
        """
        pool = self._pool(language, sets, retired)
        return draw_card(pool, used=used, now=now, rng=rng, element=element, depth=depth)

    def _pool(self, language: str, sets: Collection[str], retired: Collection[str]) -> list[Question]:
        for deck in (self._questions.get(language, {}), self._questions[ENGLISH]):
            pool = [each for each in deck.values() if each.set in sets and each.id not in retired]
            if pool:
                return pool
        names = ", ".join(sorted(sets))
        raise DeckError(f"Every question in these sets is retired: {names}. Bring at least one back.")


def draw_card(
    pool: Sequence[AnyCard],
    *,
    used: Mapping[str, datetime],
    now: datetime,
    rng: random.Random,
    element: Element | None = None,
    depth: int | None = None,
) -> AnyCard:
    """Choose from ``pool``, which must not be empty, by the rules that ``Decks.draw`` promises."""
    fresh = [each for each in pool if each.id not in used or now - used[each.id] >= REPEAT_AFTER]
    touching = [each for each in fresh if element is None or element in each.elements]
    fitting = [each for each in touching if depth is None or each.depth <= depth]
    for choice in (fitting, touching, fresh):
        if choice:
            return rng.choice(choice)
    return min(pool, key=lambda each: used[each.id])


def prompts_folder() -> Path:
    """The folder prompts/ that stands beside the bot package."""
    return Path(__file__).resolve().parent.parent / "prompts"


@cache
def our_decks() -> Decks:
    """Return the decks that come with Kith, read once a process. Raises DeckError when a file can't be used."""
    return Decks.load(prompts_folder())


def _read_language(folder: Path) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    for file in sorted(folder.glob("*.toml")):
        for question in _read_set(file):
            if question.id in questions:
                raise DeckError(f"{file}, {question.id}: this id is there twice. Give one of them another id.")
            questions[question.id] = question
    return questions


def _read_set(file: Path) -> Iterator[Question]:
    content = read_checked(file, _File, "question", _MENDING)
    if content.set not in SIZES:
        raise DeckError(f'{file}: "{content.set}" is not a set. Use one of these: {", ".join(SIZES)}.')
    if content.set != file.stem:
        raise DeckError(f'{file}: it holds the set "{content.set}". Name the file {content.set}.toml.')
    for entry in content.question:
        question = Question(entry.id, entry.text, content.set, frozenset(entry.elements), entry.depth)
        _check_place(file, question)
        yield question


def read_checked(file: Path, shape: type[Shape], entries: str, mending: Mapping[str, str]) -> Shape:
    """Read a TOML file into ``shape``, whose list ``entries`` holds what the file is for.

    Raises DeckError, with the remedy that ``mending`` has for the field at fault.
    """
    try:
        # Some editors put a byte order mark first, which TOML does not know.
        raw = tomllib.loads(file.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DeckError(f"{file}: it is not UTF-8 text. Save it again as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise DeckError(f"{file}: it is not valid TOML. Mend what the reader tripped over: {error}.") from error
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DeckError(_in_plain_words(file, first, raw, entries, mending)) from error


def _in_plain_words(
    file: Path, fault: ErrorDetails, raw: dict[str, Any], entries: str, mending: Mapping[str, str]
) -> str:
    """Say what is wrong, where it stands and how to mend it."""
    field, *inside = fault["loc"]
    place = str(file)
    if inside and field == entries:
        number, *fields = inside
        field = fields[0] if fields else field
        name = raw[entries][number].get("id") if fields else None
        entry = entries.removesuffix("s")
        place = f"{file}, {name or f'{entry} {int(number) + 1}'}"
    if fault["type"] == "extra_forbidden":
        return f'{place}: Kith does not know "{field}". Correct its spelling, or take it out.'
    what = "is missing" if fault["type"] == "missing" else "is not as it should be"
    return f'{place}: "{field}" {what}. {mending[str(field)]}'


def _check_place(file: Path, question: Question) -> None:
    """Hold a question to the set it stands in: the id begins with it, an element's set has its elements."""
    if not question.id.startswith(f"{question.set}-"):
        raise DeckError(f'{file}, {question.id}: the id must begin with "{question.set}-". Add that in front.')
    if question.set in TAGS.values() and question.tag != question.set:
        wanted = next(elements for elements, tag in TAGS.items() if tag == question.set)
        listed = ", ".join(f'"{each}"' for each in Element if each in wanted)
        raise DeckError(
            f"{file}, {question.id}: its elements are those of {question.tag}. "
            f"Write elements = [{listed}], or move it to {question.tag}.toml."
        )


def _check_sizes(folder: Path, questions: Mapping[str, Question]) -> None:
    for name, size in SIZES.items():
        found = sum(each.set == name for each in questions.values())
        if found < size:
            raise DeckError(
                f"{folder / name}.toml: the set has {found} of at least {size} questions. "
                "Add some; one that should no longer come can be retired instead of removed."
            )
