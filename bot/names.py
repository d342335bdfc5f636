"""Finds people's names in what others write, in whatever way they write them, and puts ``Person 3`` in their place.

Rather one word too many than a name: what may be a name counts as one.

- The whole name, and each part of it with three letters or more, in capitals or not, with accents or without, in
  letters that look alike, broken up by marks, written as one word, with an ending such as a possessive s.
- Names of two letters, parts of user names (blue_heron), and words that are names as well (``also_names`` in the
  wordings: Will, Hope, Mark) count with a capital only. Words that nobody is known by (``commonest`` and ``no_names``:
  the, she, host), numbers and single letters never do.
- Longer words that begin with a name of five letters (Aminakreis) become "someone": Martina is not Martin.
- A name two people share becomes "someone".
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TypeVar
from unicodedata import category

from bot.folding import WORD, bare, folded, listed

SHORTEST_PART = 3
LONG_NAME = 5
"""Letters from which on a longer word that begins with a name counts as a compound of it."""
SOMEONE = "someone"

_PLACE = 0xF0000
"""In a text that is being made ready people are single signs from here on, which nobody can type: Discord's members'
words come without signs for private use. The first is someone, the others are Person 1, 2 and so on."""
_PLACES = "\U000f0000-\U000ffffd"
_ENDINGS = ("s", "es", "ns", "chen", "lein")
_HUMP = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])")
_GAP = 3
"""Signs that may stand between two parts of a name."""
UNPARTED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Letters of scripts that leave no space between words, or join endings to them."""


def sign_of(number: int | None) -> str:
    """Return what stands for a person in a text that is being made ready; for someone without a number."""
    return chr(_PLACE + (number or 0))


def numbers_in(text: str) -> set[int]:
    """Return the numbers of the people a text that is being made ready names."""
    return {ord(each) - _PLACE for each in re.findall(f"[{_PLACES}]", text)} - {0}


def spelt(text: str) -> str:
    """Return a text with people as they are read: ``Person 3``, apart from the words around them."""
    text = re.sub(rf"(?<=\w)(?=[{_PLACES}])|(?<=[{_PLACES}])(?=[\w{_PLACES}])", " ", text)
    return re.sub(f"[{_PLACES}]", lambda found: _spelt(ord(found[0]) - _PLACE), text)


def _spelt(number: int) -> str:
    return f"Person {number}" if number else SOMEONE


_Key = TypeVar("_Key")


class Names:
    """The names of everyone in a thread, and what stands in their place."""

    def __init__(self, names: Mapping[int, Iterable[str]], numbers: Mapping[int, int]) -> None:
        self._numbers = numbers
        self._words: dict[str, str] = {}
        self._any_case: set[str] = set()
        self._rows: dict[str, dict[tuple[str, ...], str]] = {}
        self._unparted: dict[str, str] = {}
        self._met: dict[str, str | None] = {}
        for member_id, known in names.items():
            for name in known:
                self._learn(bare(name).strip(), self.of(member_id))
        self._long = {word: who for word, who in self._words.items() if len(word) >= LONG_NAME}
        whole = sorted(self._unparted, key=len, reverse=True)
        self._any_unparted = re.compile("|".join(map(re.escape, whole))) if whole else None

    def of(self, member_id: int) -> str:
        """Return the sign in place of somebody's name."""
        return sign_of(self._numbers.get(member_id))

    def _learn(self, name: str, who: str) -> None:
        words = WORD.findall(name)
        parts = [folded(each) for each in words]
        unparted = [each for each in words if UNPARTED.search(each)]
        if unparted or (not words and all(category(each) == "So" for each in name)):
            for each in {name, *unparted}:
                if len(each) > 1:
                    _note(self._unparted, each, who)
        if all(each.isdigit() or each in _no_names() for each in parts):
            return  # nobody stands for another by calling themselves Person 3
        if len(parts) > 1:
            _note(self._rows.setdefault(parts[0], {}), tuple(parts), who)
            if len("".join(parts)) >= LONG_NAME:
                _note(self._words, "".join(parts), who)
                self._any_case.add("".join(parts))
        for each in _spellings(words):
            if len(each) > 1 and not each.isdigit() and each not in _no_names():
                _note(self._words, each, who)
                if len(parts) == 1 or name != name.lower():
                    self._any_case.add(each)

    def replaced(self, text: str) -> str:
        """Return a text without anybody's name."""
        if self._any_unparted is not None:
            text = self._any_unparted.sub(lambda found: self._unparted[found[0]], text)
        found = list(WORD.finditer(text))
        keys = [folded(each[0]) for each in found]
        pieces: list[str] = []
        end = at = 0
        while at < len(found):
            count, who = self._row_at(found, keys, at)
            if who is None:
                count, who = 1, self._word(found[at][0], keys[at])
            if who is not None:
                pieces += [text[end : found[at].start()], who]
                end = found[at + count - 1].end()
            at += count
        return "".join([*pieces, text[end:]])

    def _row_at(self, found: list[re.Match[str]], keys: list[str], at: int) -> tuple[int, str | None]:
        """Return how many words from here on are the longest name of several, and whose it is."""
        rows = self._rows.get(keys[at])
        if rows is None:
            return 1, None
        here: tuple[str, ...] = ()
        best: tuple[int, str | None] = (1, None)
        for index in range(at, min(at + max(map(len, rows)), len(found))):
            if index > at and found[index].start() - found[index - 1].end() > _GAP:
                break
            here = (*here, keys[index])
            if here in rows:
                best = (len(here), rows[here])
        return best

    def _word(self, word: str, key: str) -> str | None:
        if word not in self._met:
            self._met[word] = self._looked_up(word, key)
        return self._met[word]

    def _looked_up(self, word: str, key: str) -> str | None:
        if key in _no_names():
            return None
        if (who := self._named(word, key)) is not None:
            return who
        for ending in _ENDINGS:
            stem = key[: -len(ending)] if key.endswith(ending) else ""
            if (who := self._named(word, stem, shortest=SHORTEST_PART)) is not None:
                return f"{who}'s" if ending == "s" else who
        if any(self._named(each, folded(each), shortest=SHORTEST_PART) for each in _HUMP.split(word)[1:]):
            return sign_of(None)
        compound = word[:1].isupper() and key not in listed("also_names")
        if compound and any(key[:length] in self._long for length in range(LONG_NAME, len(key))):
            return sign_of(None)
        return None

    def _named(self, word: str, key: str, shortest: int = 2) -> str | None:
        who = self._words.get(key) if len(key) >= shortest else None
        needs_capital = len(key) < SHORTEST_PART or key not in self._any_case or key in listed("also_names")
        return None if needs_capital and not word[:1].isupper() else who


def _spellings(words: Iterable[str]) -> set[str]:
    """Return the words of a name as they are compared; ü stands for u and ue."""
    spelt_out = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
    return {folded(each) for each in words} | {folded(each.lower().translate(spelt_out)) for each in words}


@cache
def _no_names() -> frozenset[str]:
    return listed("commonest") | listed("no_names")


def _note(known: dict[_Key, str], name: _Key, who: str) -> None:
    known[name] = who if known.get(name, who) == who else sign_of(None)
