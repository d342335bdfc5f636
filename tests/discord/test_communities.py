"""What someone who manages the server does with /setup, and what it refuses."""

from dataclasses import dataclass
from typing import Any

import discord
import pytest
from simcord import InteractionResult, MemberActor
from simcord.backend.errors import SetupError

from tests.discord.scene import Scene, labels_of, said, text_of, walk


@dataclass
class Panel:
    """The set-up panel on someone's screen."""

    scene: Scene
    who: MemberActor
    result: InteractionResult

    @property
    def parts(self) -> list[dict[str, Any]]:
        """What the panel's message is made of now."""
        assert self.result.response is not None
        shown = self.result.response
        return self.scene.env.backend.get_message(shown.channel_id, shown.id).components

    @property
    def text(self) -> str:
        """What can be read on it."""
        return text_of(self.parts)

    @property
    def labels(self) -> list[str]:
        """The buttons on it."""
        return labels_of(self.parts)

    def chosen(self, name: str) -> list[int]:
        """Return what a select shows as chosen."""
        found = walk(self.parts, lambda part: part if part.get("custom_id") == f"setup:0:{name}" else None)
        defaults: list[dict[str, Any]] = found[0].get("default_values") or []
        return [int(each["id"]) for each in defaults]

    async def click(self, label: str) -> InteractionResult:
        """Press a button of the panel."""
        assert self.result.response is not None
        return await self.who.click(self.result.response, label=label)

    async def press(self, verb: str) -> InteractionResult:
        """Press the button of the panel that does this."""
        assert self.result.response is not None
        return await self.who.click(self.result.response, custom_id=f"setup:0:{verb}")

    async def pick(self, name: str, *values: Any) -> InteractionResult:
        """Choose in a select of the panel."""
        assert self.result.response is not None
        return await self.who.select(self.result.response, values, custom_id=f"setup:0:{name}")

    async def fill(self, verb: str, **values: Any) -> InteractionResult:
        """Open one of the panel's forms and send it in."""
        return await self.who.submit_modal(await self.press(verb), values)


async def start(scene: Scene, who: MemberActor | None = None, **options: Any) -> Panel:
    """Run /setup start."""
    who = who or scene.admin
    return Panel(scene, who, await who.slash(scene.circles, "setup start", **options))


def another_admin(scene: Scene) -> MemberActor:
    """Add a second person who manages the server."""
    return scene.member(
        "noor", roles=[scene.guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))]
    )


def posted(scene: Scene) -> int:
    """Return how many messages everyone can see."""
    return sum(len(scene.messages(each)) for each in (scene.checkins, scene.circles, scene.calls))


async def delete_channels(scene: Scene) -> None:
    """Leave the server with a lobby only."""
    scene.guild.create_text_channel("lobby")
    for channel in (scene.checkins, scene.calls):
        scene.env.backend.delete_channel(channel.id)
    await scene.env.settle()


def channel_names(scene: Scene) -> list[str]:
    """Return the names of the server's channels."""
    return sorted(scene.guild.channels)


def deny(scene: Scene, channel_id: int, **permissions: bool) -> None:
    """Take permissions from everyone in a channel."""
    from simcord.backend.models import Overwrite
    from simcord.enums import OverwriteType

    _allow, denied = discord.PermissionOverwrite(**permissions).pair()
    overwrite = Overwrite(target_id=scene.guild.id, type=OverwriteType.ROLE, deny=denied.value)
    scene.env.backend.set_overwrite(channel_id, overwrite)


async def test_a_hurried_admin_picks_one_channel_and_begins(scene: Scene) -> None:
    panel = await start(scene, zone="Europe/Berlin")
    assert panel.result.ephemeral
    assert "choose a channel for check-ins" in panel.text
    assert "every Monday at 09:00 (Europe/Berlin)" in panel.text

    await panel.pick("checkins", scene.checkins)
    assert "All that is needed is there" in panel.text
    assert panel.chosen("checkins") == [scene.checkins.id]
    await panel.click("Preview and begin")
    await scene.later(days=8)
    assert posted(scene) == 0
    await panel.click("Begin")

    assert "Kith has begun here" in panel.text
    assert "The next check-in comes <t:" in panel.text
    card = await scene.open_round()
    assert card.channel.id == scene.checkins.id


async def test_the_preview_is_the_card_to_come_with_its_buttons_at_rest(scene: Scene) -> None:
    panel = await start(scene)
    await panel.pick("checkins", scene.checkins)
    await panel.pick("bell", scene.hosts)

    await panel.click("Preview and begin")

    buttons = walk(
        panel.parts, lambda part: (part["label"], part.get("disabled", False)) if part["type"] == 2 else None
    )
    assert buttons == [("Check in", True), ("Pass this time", True), ("Begin", False), ("Back", False)]
    preview = panel.text
    await panel.click("Back")
    assert "Set Kith up" in panel.text
    await panel.click("Preview and begin")
    assert panel.text == preview
    await panel.click("Begin")
    await scene.open_round()
    for line in scene.messages(scene.checkins)[0].text.split("\n"):
        assert line in preview


async def test_begin_before_anything_is_chosen_says_what_is_missing(scene: Scene) -> None:
    panel = await start(scene)
    await panel.click("Preview and begin")

    refused = await panel.click("Begin")

    assert "Not yet: choose a channel for check-ins" in said(refused)
    assert (await scene.app.communities.find(scene.guild.id)).begun_at is None


async def test_the_second_of_two_admins_is_told_that_it_has_begun(scene: Scene) -> None:
    first, second = await start(scene), await start(scene, another_admin(scene))
    await first.pick("checkins", scene.checkins)
    for panel in (first, second):
        await panel.click("Preview and begin")

    await first.click("Begin")
    await second.click("Begin")

    assert "Kith has begun here" in first.text
    assert "It has begun already" in second.text
    assert "The next check-in comes <t:" in second.text
    assert len(await scene.app.rhythms.overview(scene.guild.id)) == 1


async def test_what_two_admins_choose_at_once_is_all_kept(scene: Scene) -> None:
    first, second = await start(scene), await start(scene, another_admin(scene))

    await first.pick("checkins", scene.checkins)
    await second.pick("hosts", scene.hosts)
    await first.pick("calls", scene.calls)

    community = await scene.app.communities.find(scene.guild.id)
    assert (community.checkins_channel_id, community.calls_channel_id) == (scene.checkins.id, scene.calls.id)
    assert community.host_role_id == scene.hosts.id
    assert first.chosen("hosts") == [scene.hosts.id]


async def test_after_begin_the_panel_changes_things_at_once(scene: Scene) -> None:
    await scene.begin()
    panel = await start(scene)
    assert "Kith has begun here" in panel.text

    await panel.pick("checkins", scene.circles)
    await panel.pick("hosts")
    await panel.fill("ask_rhythm", weekday=["3"], at="18.30")

    assert "every Thursday at 18:30" in panel.text
    community = await scene.app.communities.find(scene.guild.id)
    assert (community.checkins_channel_id, community.host_role_id) == (scene.circles.id, None)


async def test_the_panel_works_after_a_restart(scene: Scene) -> None:
    panel = await start(scene)
    await scene.restart()

    await panel.pick("checkins", scene.checkins)
    await panel.click("Preview and begin")
    await scene.restart()
    await panel.click("Begin")

    assert "Kith has begun here" in panel.text


# Language, zone, purpose, rhythm


async def test_languages_and_zones_are_offered_while_typing(scene: Scene) -> None:
    async def offered(option: str, typed: str) -> list[str]:
        choices = await scene.admin.autocomplete(scene.circles, "setup start", option, typed)
        return [choice["value"] for choice in choices]

    assert await offered("language", "engl") == ["en"]
    assert await offered("language", "klingon") == []
    assert (await offered("zone", "berl"))[0] == "Europe/Berlin"
    assert len(await offered("zone", "")) == 25


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"zone": "Atlantis"}, "I don't know that time zone. Name a large city"),
        ({"zone": "Lond"}, "Did you mean Europe/London"),
        ({"language": "Klingon"}, "I don't speak that language yet"),
    ],
)
async def test_a_zone_or_language_nobody_knows_is_refused_in_a_sentence(
    scene: Scene, options: dict[str, Any], sentence: str
) -> None:
    refused = await start(scene, **options)

    assert sentence in said(refused.result)
    assert "Set Kith up" in (await start(scene, zone="lisbon", language="English")).text


async def test_the_forms_keep_what_is_written_and_show_it_again(scene: Scene) -> None:
    panel = await start(scene)

    await panel.fill("ask_place", language=["de"], zone="Nairobi")
    await panel.fill("ask_purpose", purpose="We keep *practising* @everyone")
    await panel.fill("ask_rhythm", weekday=["2"], at="7pm")

    assert "Deutsch · Africa/Nairobi" in panel.text
    assert "every Wednesday at 19:00 (Africa/Nairobi)" in panel.text
    assert r"\*practising\*" in panel.text
    assert "@everyone" not in panel.text
    form = await panel.press("ask_purpose")
    assert form.modal is not None
    assert form.modal["components"][0]["component"]["value"] == "We keep *practising* @everyone"


@pytest.mark.parametrize(
    ("verb", "values", "sentence"),
    [
        ("ask_place", {"language": ["en"], "zone": "Mordor"}, "I don't know that time zone"),
        ("ask_rhythm", {"weekday": ["0"], "at": "late"}, "I don't read that as a time of day"),
    ],
)
async def test_what_a_form_cant_keep_is_said_beside_the_panel(
    scene: Scene, verb: str, values: dict[str, Any], sentence: str
) -> None:
    panel = await start(scene)
    before = panel.text

    refused = await panel.fill(verb, **values)

    assert sentence in said(refused)
    assert panel.text == before


# Channels and roles


async def test_made_for_me_makes_what_is_missing_and_takes_what_is_there(scene: Scene) -> None:
    await delete_channels(scene)
    panel, other = await start(scene), await start(scene, another_admin(scene))

    await panel.click("Make them for me")
    await other.click("Make them for me")

    assert channel_names(scene) == ["calls", "check-ins", "circles", "lobby"]
    assert panel.chosen("circles") == [scene.circles.id]
    assert "Make them for me" not in panel.labels
    assert "All that is needed is there" in other.text


async def test_a_server_full_of_channels_is_told_so_and_a_second_try_works(scene: Scene) -> None:
    await delete_channels(scene)
    panel = await start(scene)
    scene.env.inject_error("POST", f"/guilds/{scene.guild.id}/channels", status=400, code=30013)

    stopped = await panel.click("Make them for me")
    await panel.click("Make them for me")

    assert "as many channels as Discord allows" in said(stopped)
    assert channel_names(scene) == ["calls", "check-ins", "circles", "lobby"]


async def test_without_manage_channels_it_says_what_to_allow_or_to_pick(scene: Scene) -> None:
    await delete_channels(scene)
    own = next(role for role in scene.env.backend.get_guild(scene.guild.id).roles.values() if role.managed)
    kept = discord.Permissions(own.permissions)
    kept.update(manage_channels=False)
    scene.env.backend.edit_role(scene.guild.id, own.id, {"permissions": kept.value})
    await scene.env.settle()
    panel = await start(scene)

    refused = await panel.click("Make them for me")

    assert "*Manage Channels*, or pick channels on the panel" in said(refused)
    await panel.pick("checkins", scene.circles)
    assert "All that is needed is there" in panel.text


async def test_a_channel_that_went_is_named_and_another_can_be_chosen(scene: Scene) -> None:
    panel = await start(scene)
    await panel.pick("checkins", scene.checkins)
    await panel.pick("calls", scene.calls)
    await panel.click("Preview and begin")
    await delete_channels(scene)

    refused = await panel.click("Begin")
    assert "the channel for check-ins is gone, so choose another" in said(refused)
    await panel.click("Back")
    assert panel.text.count("The channel chosen before is gone") == 2
    assert panel.chosen("checkins") == panel.chosen("calls") == []
    await panel.pick("checkins", scene.circles)
    await panel.click("Preview and begin")
    await panel.click("Begin")

    assert "Kith has begun here" in panel.text


async def test_begin_waits_until_kith_may_do_its_work_in_the_channel(scene: Scene) -> None:
    deny(scene, scene.checkins.id, create_public_threads=False)
    panel = await start(scene)
    await panel.pick("checkins", scene.checkins)
    await panel.click("Preview and begin")

    refused = await panel.click("Begin")

    assert f"I can't do my work in <#{scene.checkins.id}>, and /setup check shows what to allow" in said(refused)


async def test_a_role_that_went_is_named_and_everyone_is_no_role(scene: Scene) -> None:
    panel = await start(scene)
    await panel.pick("bell", scene.hosts)
    scene.env.backend.delete_role(scene.guild.id, scene.hosts.id)
    await scene.env.settle()

    refused = await panel.pick("hosts", scene.guild.default_role)
    assert "That role is everyone" in said(refused)
    panel = await start(scene)

    assert "The role chosen before is gone" in panel.text
    assert panel.chosen("bell") == []


# Who may


async def test_setup_is_not_offered_to_members_nor_in_direct_messages(scene: Scene) -> None:
    assert "setup start" in scene.admin.available_commands(scene.circles)
    assert "setup start" not in scene.ada.available_commands(scene.circles)
    with pytest.raises(SetupError, match="reason: context"):
        await scene.admin.user.slash("setup start")


async def test_a_member_whom_the_server_lets_run_the_command_is_still_refused(scene: Scene) -> None:
    command = scene.env.backend.find_command("setup", scene.guild.id, type=1)
    assert command is not None
    scene.guild.set_command_permissions(int(command["id"]), {scene.ada: True})

    for name in ("setup start", "setup check"):
        refused = await scene.ada.slash(scene.circles, name)
        assert "Only someone with the *Manage Server* permission" in said(refused)


async def test_someone_who_no_longer_manages_the_server_can_change_nothing_more(scene: Scene) -> None:
    panel = await start(scene)
    scene.env.backend.edit_member(scene.guild.id, scene.admin.id, {"role_ids": []})
    await scene.env.settle()

    refusals = [
        await panel.pick("checkins", scene.checkins),
        await panel.click("Make them for me"),
        await panel.click("Preview and begin"),
        await panel.press("ask_rhythm"),
    ]

    assert all("Manage Server" in said(each) for each in refusals)
    assert (await scene.app.communities.find(scene.guild.id)).checkins_channel_id is None
