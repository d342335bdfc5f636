"""What stands in the documents is so."""

import re
from pathlib import Path

import pytest

from bot.client import PERMISSIONS
from bot.deck import Decks, prompts_folder
from bot.settings import Settings
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
            words = (
                "View Channels" if name == "read_messages" else name.replace("_", " ").title().replace(" In ", " in ")
            )
            assert words in README, name


async def test_every_command_is_documented_and_in_help(scene: Scene) -> None:
    names = {command.name for command in scene.bot.tree.get_commands()}

    assert names == set(re.findall(r"^\| `/(\w+)", README, re.MULTILINE))
    screen = said(await scene.admin.slash(scene.checkins, "help"))
    for name in names:
        assert f"/{name}" in screen
        assert f"/{name}" in CHANGELOG


def test_the_number_of_questions_is_true() -> None:
    decks = Decks.load(prompts_folder())

    count = sum(file.read_text().count("[[question]]") for file in (prompts_folder() / "en").glob("*.toml"))

    assert decks.languages() == ("en",)
    assert f"deck of\n  {count}" in README
