"""What stands in the documents is so."""

import re
from pathlib import Path

import discord
import pytest

from bot.__main__ import command_line
from bot.app import App
from bot.client import PERMISSIONS, KithBot
from bot.commands import REASONS
from bot.deck import CHECK_IN_SETS, Decks, prompts_folder
from bot.rehearsal import SPAN
from bot.settings import Settings
from bot.store.checkins import CheckIn
from tests.discord.scene import Scene, said

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in README
    assert re.search(rf"^#? ?{name}=", EXAMPLE, re.MULTILINE)


def test_every_make_target_the_readme_names_is_there() -> None:
    targets = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert {one or other for one, other in targets} <= set(phony[1].split())


def test_every_permission_asked_for_is_explained() -> None:
    for name, asked in PERMISSIONS:
        if asked:
            assert REASONS[name][0] in README, name


async def test_every_command_is_documented_and_in_help(scene: Scene) -> None:
    names = {command.name for command in scene.bot.tree.get_commands(type=discord.AppCommandType.chat_input)}
    menus = [command.name for command in scene.bot.tree.get_commands(type=discord.AppCommandType.message)]

    assert all(f"*{name}*" in README for name in menus)
    assert names == set(re.findall(r"^\| `/(\w+)", README, re.MULTILINE))
    screen = said(await scene.admin.slash(scene.checkins, "help"))
    for name in names:
        assert f"/{name}" in screen
        assert f"/{name}" in CHANGELOG


def test_the_number_of_questions_is_true() -> None:
    counts = {file.stem: file.read_text().count("[[question]]") for file in (prompts_folder() / "en").glob("*.toml")}

    drawn = sum(count for name, count in counts.items() if name in CHECK_IN_SETS)
    kept = sum(count for name, count in counts.items() if name not in CHECK_IN_SETS)

    assert f"a deck of {drawn}, " in flat(README)
    assert f"({kept} more, for leaving, are kept for later.)" in flat(README)
    assert f"{drawn} questions in English" in CHANGELOG


def test_the_questions_are_in_english_only_as_the_documents_say() -> None:
    assert Decks.load(prompts_folder()).languages() == ("en",)
    assert "The questions exist in English only so far" in flat(README)


def test_every_date_and_choice_kept_about_a_check_in_is_named() -> None:
    named = {
        "member_id": "the member's Discord id",
        "words": "the words",
        "arriving": "the word they arrived with",
        "share": "with whom it is shared",
        "need": "*I need something* was ticked",
        "kind": "passed or taken back",
        "written_at": "when it was written",
        "edited_at": "edited",
        "replied_at": "first replied to",
        "message_id": "the ids of its messages",
    }
    counted = {"id", "community_id", "round_id", "version"}

    assert set(CheckIn.model_fields) == set(named) | counted
    kept = flat(README[README.index("**What is kept**") : README.index("**Who sees it.**")])
    for words in named.values():
        assert words in kept


def test_the_words_of_mentions_are_said_to_arrive_and_the_intent_for_all_others_is_not_asked_for(app: App) -> None:
    intents = KithBot(app).intents

    assert intents.guild_messages
    assert not intents.message_content
    assert "Discord sends Kith the words only of messages that mention it, and so of most replies" in flat(README)


def test_the_rehearsal_lasts_as_long_as_is_said() -> None:
    assert f"This plays {SPAN} in" in flat(README)
    assert f"see {SPAN} with Kith" in MAKEFILE
    assert f"play {SPAN} on a simulated Discord" in command_line().format_help()


def flat(text: str) -> str:
    """Return text as one line, since a paragraph may be broken anywhere."""
    return " ".join(text.split())
