"""What stands in the documents is so."""

import re
from pathlib import Path

import pytest
from discord import app_commands

from bot.client import PERMISSIONS, KithBot
from bot.deck import Decks, prompts_folder
from bot.settings import Settings
from tests.discord.scene import Scene

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
    for target in set(re.findall(r"`?make ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_every_permission_asked_for_is_explained() -> None:
    for name, asked in PERMISSIONS:
        if asked:
            words = name.replace("view_channel", "View Channels").replace("_", " ").title().replace(" In ", " in ")
            assert words in README, name


async def test_every_command_is_documented_and_in_help(scene: Scene) -> None:
    bot: KithBot = scene.bot
    names = {command.name for command in bot.tree.get_commands(type=None) if not isinstance(command, app_commands.ContextMenu)}

    assert names == set(re.findall(r"^\| `/(\w+)", README, re.MULTILINE))
    help_text = str(await scene.ada.slash(scene.checkins, "help"))
    assert help_text
    for name in names:
        assert f"/{name}" in CHANGELOG or f"`/{name}" in CHANGELOG


def test_the_number_of_questions_is_true() -> None:
    decks = Decks.load(prompts_folder())

    count = sum(1 for file in (prompts_folder() / "en").glob("*.toml") for line in file.read_text().splitlines() if line == "[[question]]")

    assert decks.languages() == ("en",)
    assert f"deck of\n  {count}" in README
