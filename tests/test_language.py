"""Every sentence people read can be read in every language Kith speaks, and nothing is lost on the way."""

import ast
import asyncio
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from bot.app import App
from bot.errors import Refusal
from bot.language import LOCALES, _, language_name, languages, nearest, ngettext, speak, speaking, spoken

ROOT = Path(__file__).parent.parent
KEYWORDS = {**DEFAULT_KEYWORDS, "locale_str": None}

SHOWN = {
    "TextDisplay": {"content"},
    "Section": {"content"},
    "Button": {"label"},
    "lasting_button": {"label"},
    "Label": {"text", "description"},
    "Modal": {"title"},
    "TextInput": {"label", "placeholder"},
    "Select": {"placeholder"},
    "ChannelSelect": {"placeholder"},
    "RoleSelect": {"placeholder"},
    "UserSelect": {"placeholder"},
    "SelectOption": {"label", "description"},
    "RadioGroupOption": {"label", "description"},
    "Choice": {"name"},
    "command": {"description"},
    "Group": {"description"},
    "say": {"sentence"},
    "Refusal": {"sentence"},
}
"""What shows words to people, and the arguments it takes them by."""
FIRST = {"TextDisplay": 0, "Section": 0, "lasting_button": 0, "Refusal": 0, "say": 1}
"""Where those words stand when they are not named."""

PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
COMMAND = re.compile(r"(?<!\w)/(?:setup (?:start|check)|rhythm (?:add|end|list|move|pause|resume|skip)|[a-z]+)")
ANGLED = re.compile(r"<[^>]+>")
NAMED = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")
OPTION = re.compile(r"[a-z_]+|\{[a-z_]+\}")

others = pytest.mark.parametrize("language", languages()[1:])


def extracted() -> set[str | tuple[str, ...]]:
    """Return every sentence that stands in the sources."""
    return {
        message
        for folder in ("bot", "cogs")
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT / folder, keywords=KEYWORDS)
    }


@cache
def catalogue(language: str) -> Catalog:
    """Read a language's catalogue."""
    with (LOCALES / language / "LC_MESSAGES" / "kith.po").open("rb") as file:
        return read_po(file, locale=language)


def entries(language: str) -> list[Message]:
    """Return a catalogue's sentences, without its header."""
    return [each for each in catalogue(language) if each.id]


def forms(text: Any) -> tuple[str, ...]:
    """Return the forms of a sentence: one, or as many as it has for counts."""
    return (text,) if isinstance(text, str) else tuple(cast("tuple[str, ...]", text))


def pairs(language: str) -> Iterator[tuple[str, str]]:
    """Return each form in English with its translation; every form but the first translates the English plural."""
    for entry in entries(language):
        english, translated = forms(entry.id), forms(entry.string)
        yield english[0], translated[0]
        yield from ((english[-1], each) for each in translated[1:])


@others
def test_a_catalogue_holds_what_stands_in_the_sources_and_nothing_else(language: str) -> None:
    found, kept = {forms(each) for each in extracted()}, {forms(entry.id) for entry in entries(language)}

    assert found - kept == set(), "run `make words`, then translate these"
    assert kept - found == set(), "run `make words`: nobody says these any more"
    assert not catalogue(language).obsolete


@others
def test_every_sentence_is_translated_in_all_its_forms(language: str) -> None:
    whole = catalogue(language)

    for entry in entries(language):
        translated = forms(entry.string)
        assert not entry.fuzzy, entry.id
        assert len(translated) == (whole.num_plurals if entry.pluralizable else 1), entry.id
        assert all(each.strip() for each in translated), entry.id


@others
def test_a_translation_keeps_placeholders_commands_and_marks(language: str) -> None:
    for english, translated in pairs(language):
        for kept in (PLACEHOLDER, COMMAND, ANGLED):
            assert sorted(kept.findall(translated)) == sorted(kept.findall(english)), translated
        for mark in ("**", "\n", "\n> ", "-# ", "→"):
            assert translated.count(mark) == english.count(mark), translated
        assert translated == translated.strip() and "  " not in translated, translated
        assert translated[-1:] == english[-1:] or "." not in (translated[-1:], english[-1:]), translated


@others
def test_buttons_and_options_named_in_a_sentence_are_called_as_they_are_on_the_screen(language: str) -> None:
    shown = {entry.id: entry.string for entry in entries(language)}

    for english, translated in pairs(language):
        named = NAMED.findall(translated)
        assert len(named) == len(NAMED.findall(english)), translated
        for name in NAMED.findall(english):
            if name in shown or OPTION.fullmatch(name):
                assert shown.get(name, name) in named, translated


@others
def test_a_translation_speaks_as_kith_does(language: str) -> None:
    for _english, translated in pairs(language):
        assert "!" not in translated
        assert '"' not in translated and "'" not in translated, translated
        assert not re.search(r"\w[*:_·]in(nen)?\b", translated), translated


def test_german_is_informal() -> None:
    for _english, translated in pairs("de"):
        assert not re.search(r"\b(Sie|Ihnen|Ihren|Ihrem|Ihrer)\b", translated), translated


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        ("de-DE", "de"),
        ("de_AT", "de"),
        ("DE", "de"),
        ("en-GB", "en"),
        ("pt-BR", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_locale_gets_the_nearest_language(locale: str | None, language: str) -> None:
    assert nearest(locale) == language


def test_languages_are_offered_in_their_own_words() -> None:
    assert [language_name(code) for code in languages()] == ["English", "Deutsch"]


def test_speaking_nests_and_ends() -> None:
    with speaking("de"):
        assert _("Check in") == "Einchecken"
        with speaking("en"):
            assert _("Check in") == "Check in"
        assert _("Check in") == "Einchecken"

    assert _("Check in") == "Check in"


def test_speaking_ends_when_something_goes_wrong() -> None:
    with pytest.raises(RuntimeError), speaking("de"):
        raise RuntimeError

    assert spoken() == "en"


def test_a_language_kith_does_not_speak_becomes_english() -> None:
    with speaking("de"), speaking("tlh"):
        assert _("Check in") == "Check in"


def test_a_count_takes_its_form() -> None:
    with speaking("de"):
        said = [ngettext("every {day}", "every {count} weeks on {day}", count) for count in (1, 2)]

    assert said == ["jeden {day}", "alle {count} Wochen am {day}"]


def test_what_stands_in_no_catalogue_is_said_as_it_is() -> None:
    with speaking("de"):
        assert _("".join(["Said", " nowhere"])) == "Said nowhere"


async def test_each_task_speaks_its_own_language() -> None:
    ready = asyncio.Event()

    async def german() -> str:
        speak("de")
        await ready.wait()
        return _("Check in")

    waiting = asyncio.create_task(german())
    await asyncio.sleep(0)
    ready.set()

    assert (_("Check in"), await waiting) == ("Check in", "Einchecken")


async def test_a_service_refuses_in_the_language_of_who_asked(either_app: App) -> None:
    with pytest.raises(Refusal, match="Kith hat hier noch nicht begonnen"), speaking("de"):
        await either_app.checkins.form(1, 2)

    with pytest.raises(Refusal, match="Kith has not begun here yet"):
        await either_app.checkins.form(1, 2)


def test_no_words_reach_people_untranslated() -> None:
    files = [*sorted((ROOT / "cogs").rglob("*.py")), *sorted((ROOT / "bot" / "services").rglob("*.py"))]

    found = [f"{file.name}:{line}: {words}" for file in files for line, words in bare_words(file)]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        'raise Refusal("Not now.")',
        'ui.TextDisplay("-# " + "Hello there")',
        'ui.TextDisplay(f"**Hello {name}**")',
        'ui.Button(label="Go", custom_id=x)',
        'ui.TextInput(placeholder="Your words" if new else _("Again"))',
        '@app_commands.command(name="me", description="About you")\ndef me(): ...',
        '@app_commands.describe(zone="Your zone")\ndef me(): ...',
    ],
)
def test_the_search_for_untranslated_words_finds_them(source: str, tmp_path: Path) -> None:
    (file := tmp_path / "cog.py").write_text(source)

    assert list(bare_words(file))


def bare_words(file: Path) -> Iterator[tuple[int, str]]:
    """Return words a file shows people that went through no catalogue, with their line."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        shown = [each.value for each in node.keywords if each.arg in SHOWN.get(name, ()) or name == "describe"]
        if name in FIRST and len(node.args) > FIRST[name]:
            shown.append(node.args[FIRST[name]])
        for words in (literal for part in shown for literal in literals(part)):
            if re.search(r"[^\W\d_]{2}", words):
                yield node.lineno, words


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def literals(part: ast.expr) -> Iterator[str]:
    """Return the text written out in an expression, apart from what is handed to the catalogue."""
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        yield part.value
    elif isinstance(part, ast.Call):
        if called(part) in ("format", "join") and isinstance(part.func, ast.Attribute):
            yield from literals(part.func.value)
    elif not isinstance(part, ast.Compare):
        inner: list[Any] = list(ast.iter_child_nodes(part))
        yield from (words for each in inner if isinstance(each, ast.expr) for words in literals(each))
