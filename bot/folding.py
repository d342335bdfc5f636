"""Words as they are compared: without what can't be seen, and alike however they are dressed up."""

import re
import tomllib
from functools import cache
from unicodedata import category, normalize

from bot.database import ROOT
from bot.services.words import visible

WORDINGS = ROOT / "prompts" / "summary" / "wordings"
WORD = re.compile(r"[^\W\d_]+|\d+")
"""Letters or digits in a row; what stands between them is no part of a word."""

_DOTS = re.compile(r"\.{3,}")
_ANSI = re.compile(r"\x1b\[[\d;]*[A-Za-z]")
_UNSEEN = re.compile(
    "[\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
)
"""Letters and marks that show nothing, joiners, and marks that are stacked on letters or strike them out; those that
belong to a letter are one with it already."""
_LOOKALIKES = str.maketrans("авекмнорстухѕіјԁԛԝһӏαεικνορτυχωɑɡıℓ", "abekmhopctyxsijdqwhlaeiknoptuxwagil")


def bare(words: str) -> str:
    """Return words without anything unseen, each letter in its plain form: no wide, bold or circled ones."""
    if words.isascii() and words.replace("\n", "").isprintable():
        return _DOTS.sub("…", words)
    text = normalize("NFKC", _ANSI.sub("", words).replace("\t", " ").replace("´", "'"))
    return _DOTS.sub("…", _UNSEEN.sub("", visible(text)))


def folded(word: str) -> str:
    """Return a word as it is compared: without capitals and accents, letters of other scripts as those they look like.

    What stands in for what matters only in that it does so everywhere.
    """
    if word.isascii():
        return word.lower()
    plain = normalize("NFD", normalize("NFKC", word).casefold()).translate(_LOOKALIKES)
    return "".join(each for each in plain if category(each) != "Mn")


def keys_of(words: str) -> list[str]:
    """Return the words in a text as they are compared."""
    return [folded(each) for each in WORD.findall(words)]


def has_wordings(language: str) -> bool:
    """Tell whether there are wordings of a language's own."""
    return (WORDINGS / f"{language}.toml").exists()


@cache
def wordings(language: str) -> dict[str, list[str]]:
    """Return a language's wordings, or the English ones."""
    file = WORDINGS / f"{language if has_wordings(language) else 'en'}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def listed(kind: str) -> frozenset[str]:
    """Return the words, as they are compared, that the wordings of all languages hold of a kind."""
    every = [wordings(file.stem)[kind] for file in sorted(WORDINGS.glob("*.toml"))]
    return frozenset(folded(each) for words in every for each in words)
