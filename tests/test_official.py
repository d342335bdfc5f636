"""The checks of requests are themselves checked: what Discord takes passes, what it refuses is named."""

import copy
import io
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
import simcord
from discord import ui
from discord.app_commands import Translator, locale_str
from discord.ext import commands
from discord.http import handle_message_parameters

from tests.official import SKIPPED, VARIABLE, Official, check_requests, check_simcord, rule_problems

MESSAGES = "/channels/123/messages"
CALLBACK = "/interactions/123/a-token/callback"
COMMANDS = "/applications/123/guilds/456/commands"
EVENTS = "/guilds/456/scheduled-events"
GUILD_ONLY = discord.PrivacyLevel.guild_only
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

needs_description = pytest.mark.skipif(not os.environ.get(VARIABLE), reason=SKIPPED)


@pytest.fixture
def official() -> Official:
    """Discord's description, for tests that are skipped without it."""
    found = Official.from_environment()
    assert found is not None
    return found


class Card(ui.LayoutView):
    """A card with text, buttons and a select."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        answer: ui.Button[Card] = ui.Button(label="Check in", custom_id="round:1:answer")
        read: ui.Button[Card] = ui.Button(label="Read on", url="https://example.org/")
        row: ui.ActionRow[Card] = ui.ActionRow(answer, read)
        words = [discord.SelectOption(label="calm"), discord.SelectOption(label="busy", description="very")]
        pick: ui.ActionRow[Card] = ui.ActionRow(ui.Select(custom_id="round:1:arriving", options=words))
        people: ui.ActionRow[Card] = ui.ActionRow(ui.UserSelect(custom_id="round:1:people", max_values=3))
        text: ui.TextDisplay[Card] = ui.TextDisplay("**What did you try this week?**")
        line: ui.Separator[Card] = ui.Separator()
        self.add_item(ui.Container(text, line, row, pick, people, accent_colour=discord.Colour(0x446688)))


class Form(ui.Modal):
    """A form with every kind of part Kith uses."""

    def __init__(self) -> None:
        super().__init__(title="Check in", custom_id="round:1:form")
        words: ui.TextInput[Form] = ui.TextInput(
            custom_id="words", style=discord.TextStyle.long, max_length=1000, default="before", required=False
        )
        sharing: ui.RadioGroup[Form] = ui.RadioGroup(
            custom_id="share",
            options=[
                discord.RadioGroupOption(label="everyone", value="everyone", default=True),
                discord.RadioGroupOption(label="hosts", value="hosts"),
            ],
        )
        need: ui.Checkbox[Form] = ui.Checkbox(custom_id="need")
        self.add_item(ui.TextDisplay("What did you try this week?"))
        self.add_item(ui.Label(text="Your words", description="As long as you like", component=words))
        self.add_item(ui.Label(text="Share with", component=sharing))
        self.add_item(ui.Label(text="I need something", component=need))


def card() -> dict[str, Any]:
    """A message as discord.py sends it."""
    none = discord.AllowedMentions.none()
    with handle_message_parameters(view=Card(), nonce="d1", allowed_mentions=none) as parameters:
        return parameters.payload or {}


def form() -> dict[str, Any]:
    """A form as discord.py sends it in answer to an interaction."""
    return {"type": 9, "data": Form().to_dict()}


def command(name: str = "call", **fields: Any) -> dict[str, Any]:
    """A slash command that takes what is asked and, perhaps, by when."""
    options = [
        {"type": 3, "name": "what", "description": "What is alive", "required": True},
        {"type": 3, "name": "when", "description": "By when", "required": False},
    ]
    return {"name": name, "type": 1, "description": "Ask peers", "options": options} | fields


def event(start: datetime) -> dict[str, Any]:
    """A scheduled event in a voice channel."""
    place = {"privacy_level": 2, "entity_type": 2, "channel_id": 5}
    return {"name": "Circle", "scheduled_start_time": start.isoformat(), **place}


def changed(body: dict[str, Any], *steps: str | int, to: Any) -> dict[str, Any]:
    """Copy a body with one place in it changed."""
    copied = copy.deepcopy(body)
    place: Any = copied
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = to
    return copied


@needs_description
async def test_what_discord_py_sends_is_accepted(official: Official) -> None:
    localised = command(
        name_localizations={"de": "ruf", "fr": "appel"},
        description_localizations={"de": "Bitte um etwas"},
        default_member_permissions="32",
        contexts=[0],
    )
    deferred = {"type": 5, "data": {"flags": 64}}
    choices = {"type": 8, "data": {"choices": [{"name": "Oslo", "value": "Europe/Oslo"}]}}
    thread = {"name": "Round 1", "auto_archive_duration": 10080, "rate_limit_per_user": None}
    good = [
        ("POST", MESSAGES, None, card()),
        ("PATCH", f"{MESSAGES}/9", None, card()),
        ("POST", "/webhooks/1/token", {"wait": 1, "with_components": 1}, card()),
        ("PATCH", "/webhooks/1/token/messages/@original", None, {"content": "Kept."}),
        ("POST", CALLBACK, {"with_response": "1"}, {"type": 4, "data": {"content": "Kept.", "flags": 64}}),
        ("POST", CALLBACK, {"with_response": "1"}, deferred),
        ("POST", CALLBACK, {"with_response": "1"}, {"type": 6}),
        ("POST", CALLBACK, {"with_response": "1"}, {"type": 7, "data": card()}),
        ("POST", CALLBACK, {"with_response": "1"}, choices),
        ("POST", CALLBACK, {"with_response": "1"}, form()),
        ("PUT", COMMANDS, None, [localised, {"name": "Make a call of this", "type": 3}]),
        ("POST", f"{MESSAGES}/9/threads", None, thread),
        ("POST", "/users/@me/channels", None, {"recipient_id": 7}),
        ("POST", EVENTS, None, event(NOW + timedelta(days=1))),
        ("GET", MESSAGES, {"limit": 100, "after": 3}, None),
        ("POST", "/channels/123/typing", None, None),
        ("PUT", f"{MESSAGES}/9/reactions/%F0%9F%91%8D/@me", None, None),
        ("POST", "/channels/{channel_id}/messages", None, {"content": "A template for a path"}),
    ]
    assert check_requests(good, now=NOW) == []


@needs_description
async def test_what_the_description_refuses_is_named_with_its_place(official: Official) -> None:
    button = ("components", 0, "components", 2, "components", 0)
    select = ("components", 0, "components", 3, "components", 0)
    field = ("data", "components", 1)
    sharing = ("data", "components", 2, "component")
    bad: list[tuple[str, str, Any, Any, str]] = [
        ("POST", MESSAGES, None, changed(card(), *button, "style", to=99), "components[2].components[0]"),
        ("POST", MESSAGES, None, changed(card(), *button, "label", to="x" * 81), "components[0].label"),
        ("POST", MESSAGES, None, changed(card(), *select, "options", to=[]), "components[0].options"),
        ("POST", MESSAGES, None, changed(card(), "components", 0, "components", to=[{}]), "components[0]"),
        ("POST", MESSAGES, None, {"content": "a", "tts": "no"}, "body.tts"),
        ("POST", MESSAGES, None, None, "body: missing"),
        ("POST", CALLBACK, None, {"type": 4, "data": {"content": 1}}, "body.data.content"),
        ("POST", CALLBACK, None, {"type": 5, "data": {"flags": "64"}}, "body.data.flags"),
        ("POST", CALLBACK, None, {"type": 6, "data": []}, "body.data"),
        ("POST", CALLBACK, None, {"type": 7, "data": {"components": [{"type": 99}]}}, "components[0]"),
        ("POST", CALLBACK, None, {"type": 8, "data": {"choices": [{"name": "a"}]}}, "choices[0]"),
        ("POST", CALLBACK, None, {"type": 77}, "body"),
        ("POST", CALLBACK, None, changed(form(), *field, "component", "max_length", to=0), "max_length"),
        ("POST", CALLBACK, None, changed(form(), "data", "components", 2, "label", to=None), "[2].label"),
        ("POST", CALLBACK, None, changed(form(), *sharing, "options", to=[]), "[2].component.options"),
        ("PUT", COMMANDS, None, [command(description="x" * 101)], "body[0].description"),
        ("PUT", COMMANDS, None, [command(name_localizations={"de": "x" * 33})], "body[0].name_localizations"),
        ("POST", f"{MESSAGES}/9/threads", None, {"name": ""}, "body.name"),
        ("POST", f"{MESSAGES}/9/threads", None, {"name": "a", "auto_archive_duration": 5}, "auto_archive"),
        ("POST", "/users/@me/channels", None, {"recipient_id": "someone"}, "body.recipient_id"),
        ("POST", EVENTS, None, changed(event(NOW), "scheduled_start_time", to="Monday"), "start_time"),
        ("POST", "/channels/123/typing", None, {}, "body: the description has none"),
        ("POST", "/channels/123/moods", None, {}, "route: the description has no"),
        ("POST", "/channels/general/messages", None, {"content": "a"}, "path.channel_id"),
        ("GET", MESSAGES, {"limit": "101"}, None, "query.limit"),
        ("GET", MESSAGES, {"since": 3}, None, "'since'"),
    ]  # fmt: skip
    for method, path, params, body, named in bad:
        problems = official.problems(method, path, params, body)
        assert any(named in problem for problem in problems), (method, path, named, problems)


@needs_description
def test_ids_may_be_numbers(official: Official) -> None:
    mentions = {"parse": [], "users": [1, "2"]}
    assert official.problems("POST", MESSAGES, None, {"content": "a", "allowed_mentions": mentions}) == []
    assert official.problems("GET", MESSAGES, {"before": 5}, None) == []
    wrong = {"content": "a", "allowed_mentions": {"users": [-1, True]}}
    assert len(official.problems("POST", MESSAGES, None, wrong)) == 2


@needs_description
def test_permissions_may_be_text(official: Official) -> None:
    overwrite = {"type": 0, "allow": "1024", "deny": 2048}
    assert official.problems("PUT", "/channels/1/permissions/2", None, overwrite) == []
    assert official.problems("PUT", "/channels/1/permissions/2", None, overwrite | {"allow": "many"}) != []


@needs_description
@pytest.mark.parametrize(("value", "accepted"), [(1, True), ("0", True), ("true", True), (2, False)])
def test_booleans_in_the_address_may_be_numbers(official: Official, value: Any, accepted: bool) -> None:
    problems = official.problems("POST", "/webhooks/1/token", {"wait": value}, {"content": "a"})
    assert (problems == []) is accepted


@needs_description
async def test_an_upload_is_judged_by_its_payload(official: Official) -> None:
    with handle_message_parameters(file=discord.File(io.BytesIO(b"{}"), "mine.json")) as parameters:
        form_fields = {part["name"]: part["value"] for part in parameters.multipart or []}
    body = json.loads(form_fields["payload_json"])
    assert official.problems("POST", MESSAGES, None, body) == []
    assert official.problems("POST", MESSAGES, None, body | {"attachments": "mine.json"}) != []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"content": "x" * 2001}, ".content: more than 2,000"),
        ({"content": "", "embeds": [], "tts": False}, ": an empty message"),
        ({"embeds": [{"title": "x"}, {"fields": [{"name": "a", "value": "x" * 5999}]}]}, "6,000"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 2001}] * 2}, "4,000 characters"),
        ({"flags": 1 << 15, "components": [{"type": 17, "components": [{"type": 14}] * 40}]}, "41 parts"),
        ({"flags": 1 << 15, "components": [{"type": 14}], "content": "a"}, "not beside components v2"),
        ({"components": [{"type": 14}]}, "without their flag"),
        ({"components": [{"type": 1, "components": [{"type": 3, "custom_id": "a"}] * 2}]}, "twice"),
        ({"components": [{"type": 1, "components": [{"type": 2, "style": 1}]}]}, "without custom_id"),
        ({"components": [{"type": 1, "components": [{"type": 2, "style": 5}]}]}, "without url"),
        ({"components": [{"type": 1, "components": [{"type": 2, "style": 6}]}]}, "without sku_id"),
        ({"components": [{"type": 1, "components": [{"type": 3, "custom_id": "x" * 101}]}]}, "more than 100"),
        ({"content": "a", "nonce": "x" * 26}, "nonce: more than 25"),
    ],
)
def test_limits_of_a_message_hold_on_every_route(body: dict[str, Any], named: str) -> None:
    for path, sent in (
        (MESSAGES, body),
        ("/webhooks/1/token", body),
        (CALLBACK, {"type": 4, "data": body}),
        ("/channels/123/threads", {"name": "A post", "message": body}),
    ):
        problems = rule_problems("POST", path, sent)
        assert len(problems) == 1
        assert named in problems[0]


def test_an_edit_may_leave_everything_as_it_is() -> None:
    assert rule_problems("PATCH", f"{MESSAGES}/9", {"flags": 4}) == []
    assert rule_problems("POST", CALLBACK, {"type": 7, "data": {}}) == []
    assert rule_problems("PATCH", f"{MESSAGES}/9", {"content": "x" * 2001}) != []


def test_a_message_without_words_or_just_within_its_limits_is_accepted() -> None:
    full = {"type": 17, "components": [{"type": 10, "content": "x" * 100}] * 39}
    good: list[dict[str, Any]] = [
        {"message_reference": {"type": 1, "message_id": 2, "channel_id": 3}},
        {"attachments": [{"id": 0, "filename": "mine.json"}]},
        {"sticker_ids": [1]},
        {"content": "x" * 2000, "nonce": "x" * 25, "embeds": [{"description": "x" * 6000}]},
        {"flags": 1 << 15, "components": [full]},
        {"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 4000}]},
    ]
    for body in good:
        assert rule_problems("POST", MESSAGES, body) == []


async def test_limits_of_a_form_are_checked() -> None:
    part = {"type": 10, "content": "a"}
    twice = changed(form(), "data", "components", 3, "component", "custom_id", to="words")
    inputs = [{"type": 1, "components": [{"type": 4, "custom_id": "a", "label": "x" * 46}]}]
    bad = [
        (changed(form(), "data", "components", to=[part] * 6), "6 parts"),
        (changed(form(), "data", "components", to=[]), "0 parts"),
        (changed(form(), "data", "title", to="x" * 46), "body.data.title"),
        (changed(form(), "data", "custom_id", to="x" * 101), "body.data.custom_id"),
        (changed(form(), "data", "components", 1, "label", to="x" * 46), "components[1].label"),
        (changed(form(), "data", "components", to=inputs), "components[0].components[0].label"),
        (twice, "body.data.components[3].component.custom_id: 'words' stands there twice"),
    ]
    assert rule_problems("POST", CALLBACK, form()) == []
    for body, named in bad:
        problems = rule_problems("POST", CALLBACK, body)
        assert len(problems) == 1
        assert named in problems[0]


def test_names_and_order_of_a_command_are_checked() -> None:
    late = changed(command(), "options", 1, "required", to=True)
    late = changed(late, "options", 0, "required", to=False)
    nested = {"type": 1, "name": "Open", "description": "What waits"}
    bad = [
        (command("Call"), "body[0].name"),
        (command("my call"), "body[0].name"),
        (command(name_localizations={"de": "Ruf"}), "body[0].name_localizations.de"),
        (late, "body[0].options[1]: a required option after an optional one"),
        (command(options=[nested]), "body[0].options[0].name"),
    ]
    for body, named in bad:
        problems = rule_problems("PUT", COMMANDS, [body])
        assert len(problems) == 1
        assert named in problems[0]
    good = [command("appel-à-l'aide"), command("สวัสดี"), {"name": "Summarise from here", "type": 3}]
    assert rule_problems("PUT", COMMANDS, good) == []
    assert rule_problems("POST", COMMANDS, command("Call")) != []


def test_an_event_in_the_past_is_named() -> None:
    assert rule_problems("POST", EVENTS, event(NOW), now=NOW + timedelta(hours=1)) != []
    assert rule_problems("PATCH", f"{EVENTS}/1", event(NOW), now=NOW) != []
    assert rule_problems("POST", EVENTS, event(NOW), now=NOW - timedelta(hours=1)) == []
    assert rule_problems("POST", EVENTS, event(NOW)) == []


def test_a_request_is_named_without_the_description_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert check_requests([("POST", MESSAGES, None, {"content": ""})]) == [f"POST {MESSAGES}: body: an empty message"]
    assert check_requests([("POST", "/moods", None, {"content": ""})]) == []


class German(Translator):
    """Translates one word."""

    async def translate(self, string: locale_str, locale: discord.Locale, context: Any) -> str | None:
        """Return the German for a command's name."""
        return "ruf" if locale is discord.Locale.german and string.message == "call" else None


class TinyBot(commands.Bot):
    """A bot that does a little of everything Kith does."""

    def __init__(self) -> None:
        super().__init__("!", intents=discord.Intents.default())
        self.tree.command(name="call", description="Ask peers")(_call)
        self.tree.command(name="export", description="What is kept")(_export)

    async def setup_hook(self) -> None:
        """Register the commands, with their German names."""
        await self.tree.set_translator(German())
        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer a submitted form, and the buttons on the card."""
        channel = interaction.channel
        if interaction.type is discord.InteractionType.modal_submit:
            assert isinstance(channel, discord.TextChannel)
            await interaction.response.defer(ephemeral=True, thinking=True)
            message = await channel.send(view=Card(), nonce="d1", silent=True)
            thread = await message.create_thread(name="Round 1")
            await thread.send("Heard.")
            await interaction.user.send("Your words are kept.")
            await interaction.edit_original_response(content="Kept.")
        elif interaction.type is discord.InteractionType.component:
            await interaction.response.edit_message(view=Card())


async def _call(interaction: discord.Interaction, when: str = "today") -> None:
    await interaction.response.send_modal(Form())


async def _export(interaction: discord.Interaction, ahead: int = 24) -> None:
    await interaction.response.defer(ephemeral=True)
    await interaction.followup.send(file=discord.File(io.BytesIO(b"{}"), "mine.json"), ephemeral=True)
    guild = interaction.guild
    assert guild is not None
    start = discord.utils.utcnow() + timedelta(hours=ahead)
    await guild.create_scheduled_event(
        name="Circle", start_time=start, channel=guild.voice_channels[0], privacy_level=GUILD_ONLY
    )


async def test_all_a_bot_sends_on_simcord_is_checked() -> None:
    async with simcord.run(TinyBot()) as env:
        # given a bot in a community
        guild = env.create_guild()
        channel = guild.create_text_channel("calls")
        guild.create_voice_channel("circle")
        member = guild.add_member(env.create_user("Ada"))
        # when a member uses it
        shown = await member.slash(channel, "call")
        await member.submit_modal(shown, {"words": "Found a key", "share": "hosts", "need": True})
        await member.click(channel.history()[0], label="Check in")
        await member.slash(channel, "export")
        await env.advance_time(timedelta(days=2).total_seconds())
        # then its commands, form, card, thread, direct message, file and event are what Discord takes
        bodies: list[Any] = [entry.json for entry in env.http_requests if entry.path.endswith("/callback")]
        assert [body["type"] for body in bodies] == [9, 5, 7, 5]
        assert check_simcord(env) == []
        # and an event simcord lets pass is named
        await member.slash(channel, "export", ahead=-1)
        assert [problem.split(": ")[:2] for problem in check_simcord(env)] == [
            [f"POST /guilds/{guild.id}/scheduled-events", "body.scheduled_start_time"]
        ]
