"""Every sentence people read, in their language.

English stands in the code; other languages are gettext catalogues in ``bot/locales/``.
"""

import gettext
import io
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of the languages Kith speaks, English first."""
    others = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())
    return (ENGLISH, *others)


def language_name(code: str) -> str:
    """Return what a language calls itself, such as *English*."""
    return Locale.parse(code).get_display_name(code) or code


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    source = LOCALES / language / "LC_MESSAGES" / "kith.po"
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def spoken() -> str:
    """Return the code of the language sentences are made in at the moment."""
    return _spoken.get()


@contextmanager
def speaking(language: str | None) -> Generator[None]:
    """Make sentences in ``language``, or in English where Kith doesn't speak it."""
    token = _spoken.set(nearest(language))
    try:
        yield
    finally:
        _spoken.reset(token)


def speak(language: str | None) -> None:
    """Make sentences in ``language`` from here on, in this task."""
    _spoken.set(nearest(language))


@cache
def nearest(locale: str | None) -> str:
    """Return the language Kith speaks for a locale such as ``de`` or ``en-GB``; English otherwise."""
    language = (locale or ENGLISH).replace("_", "-").split("-")[0].lower()
    return language if language in languages() else ENGLISH


def _(sentence: str) -> str:
    """Return ``sentence`` in the language spoken."""
    return _catalogue(_spoken.get()).gettext(sentence)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form of a sentence that fits ``count``, in the language spoken."""
    return _catalogue(_spoken.get()).ngettext(singular, plural, count)
