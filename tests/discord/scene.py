"""A community on simulated Discord: what tests of members' doings start from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import discord
import simcord
from simcord import ChannelHandle, GuildHandle, InteractionResult, MemberActor, RoleHandle
from simcord.results import to_discord_message

from bot.app import App
from bot.calendar import Turn
from bot.client import KithBot
from bot.services.people import Person
from bot.services.rhythms import Beat


@dataclass
class Scene:
    """One community: an admin, a host, members, three channels. ``begin`` sets Kith up in it."""

    env: simcord.Env
    app: App
    bot: KithBot
    guild: GuildHandle = field(init=False)
    hosts: RoleHandle = field(init=False)
    admin: MemberActor = field(init=False)
    host: MemberActor = field(init=False)
    ada: MemberActor = field(init=False)
    bo: MemberActor = field(init=False)
    checkins: ChannelHandle = field(init=False)
    circles: ChannelHandle = field(init=False)
    calls: ChannelHandle = field(init=False)

    def __post_init__(self) -> None:
        """Arrange the community."""
        self.guild = self.env.create_guild("The Weavers")
        self.hosts = self.guild.create_role("Hosts")
        admins = self.guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
        self.checkins = self.guild.create_text_channel("check-ins")
        self.circles = self.guild.create_text_channel("circles")
        self.calls = self.guild.create_text_channel("calls")
        self.admin = self.member("mira", roles=[admins])
        self.host = self.member("hanno", roles=[self.hosts])
        self.ada = self.member("ada")
        self.bo = self.member("bo")

    def member(self, name: str, **options: Any) -> MemberActor:
        """Add a member."""
        return self.guild.add_member(self.env.create_user(name), **options)

    @property
    def person(self) -> Person:
        """The admin, as services know people."""
        return Person(self.admin.id, manages=True)

    async def begin(self, **choices: Any) -> None:
        """Set Kith up through its services: channels, hosts, and a weekly check-in due in one hour."""
        await self.app.communities.choose(
            self.guild.id,
            self.person,
            checkins_channel_id=self.checkins.id,
            circles_channel_id=self.circles.id,
            calls_channel_id=self.calls.id,
            host_role_id=self.hosts.id,
            **choices,
        )
        soon = self.env.now() + timedelta(hours=1)
        beat = Beat(weekday=soon.weekday(), at=soon.time().replace(second=0, microsecond=0), turn=Turn.WEEK)
        await self.app.rhythms.set_first(self.guild.id, self.person, beat, request_id=1)
        await self.app.communities.begin(self.guild.id, self.person)

    async def open_round(self) -> discord.Message:
        """Let time pass, doing what falls due on the way, until the next round opens; return its card."""
        before = set(self.cards())
        for _step in range(20):
            outlook = await self.app.communities.outlook(self.guild.id)
            await self.env.advance_time(max(0.0, (outlook.to_come[0].at - self.env.now()).total_seconds()))
            await self.tick()
            new = [card for card in self.cards() if card not in before]
            if new:
                return self.message(self.checkins, new[-1])
        raise AssertionError("no round opened")

    def cards(self) -> list[int]:
        """Return the ids of messages in the check-in channel that have a *Check in* button, oldest first."""
        return [each.id for each in self.messages(self.checkins) if "round:" in str(each.components_raw)]

    def messages(self, channel: ChannelHandle) -> list["Seen"]:
        """Return what everyone can read in a channel, oldest first."""
        stored = [each for each in self.env.backend.messages[channel.id].values() if not each.is_ephemeral]
        return [Seen(each.id, text_of(each.components) or each.content, each.components) for each in stored]

    def message(self, channel: ChannelHandle, message_id: int) -> discord.Message:
        """Return one message as discord.py sees it."""
        return to_discord_message(self.env, self.env.backend.get_message(channel.id, message_id))

    def thread(self, card: discord.Message) -> ChannelHandle:
        """Return the thread made from a card."""
        return ChannelHandle(self.env, self.guild, self.env.backend.get_channel(card.id))

    async def later(self, **time: float) -> None:
        """Let time pass (as ``timedelta`` takes it), then do what is due."""
        await self.env.advance_time(timedelta(**time).total_seconds())
        await self.tick()

    async def restart(self) -> None:
        """Stop Kith and start a new one over the same database."""
        await self.env.restart_bot(bot := KithBot(self.app))
        self.bot = bot

    async def admin_deletes(self, message: discord.Message) -> None:
        """Delete a message as someone with every permission would."""
        self.env.backend.delete_message(message.channel.id, message.id)
        await self.env.settle()

    async def tick(self) -> None:
        """Do what is due now, as the scheduler would."""
        await self.bot.tick()
        await self.env.settle()

    async def check_in(self, actor: MemberActor, card: discord.Message, words: str, **values: Any) -> InteractionResult:
        """Press *Check in* on a card and send the form in."""
        form = await actor.click(card, label="Check in")
        assert form.modal is not None, said(form)
        return await actor.submit_modal(form, {"share": chosen(form, "share"), "words": words, **values})


@dataclass(frozen=True)
class Seen:
    """A message as a reader sees it: its text, and its raw components."""

    id: int
    text: str
    components_raw: list[dict[str, Any]]


def thread_texts(scene: Scene, card: discord.Message) -> list[str]:
    """Return what stands in a card's thread."""
    if card.id not in scene.env.backend.channels:
        return []
    return [each.text for each in scene.messages(scene.thread(card)) if each.text]


def buttons(scene: Scene, message: discord.Message) -> list[str]:
    """Return the labels of the buttons a message has now."""
    return labels_of(scene.env.backend.get_message(message.channel.id, message.id).components)


async def discord_press(scene: Scene, custom_id: str) -> InteractionResult:
    """Press a button with this id as Bo, on a message that really has it."""
    channel = scene.bot.get_partial_messageable(scene.circles.id)
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.ActionRow(discord.ui.Button(label="old", custom_id=custom_id)))
    view.stop()
    message = await channel.send(view=view)
    await scene.env.settle()
    return await scene.bo.click(scene.message(scene.circles, message.id), label="old")


def said(result: InteractionResult) -> str:
    """Return the text of what a member was answered, first answer and follow-ups."""
    parts = [result.response] if result.response else []
    answers = [each.message for each in [*parts, *result.followups]]
    return "\n".join(text_of([dict(part.to_dict()) for part in each.components]) or each.content for each in answers)


def chosen(form: InteractionResult, name: str) -> str | None:
    """Return what a form's radio group has chosen beforehand; a real client sends that in."""
    groups = walk((form.modal or {})["components"], lambda part: part if part.get("custom_id") == name else None)
    return next((option["value"] for option in groups[0]["options"] if option.get("default")), None)


def text_of(components: list[dict[str, Any]]) -> str:
    """Return all text in a message's components, line by line."""
    return "\n".join(walk(components, lambda part: part.get("content") if part.get("type") == 10 else None))


def labels_of(components: list[dict[str, Any]]) -> list[str]:
    """Return the labels of a message's buttons."""
    return walk(components, lambda part: part.get("label") if part.get("type") == 2 else None)


def walk(components: list[dict[str, Any]], take: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """Return what ``take`` finds in each component, outermost first."""
    found: list[Any] = []
    for part in components:
        if (taken := take(part)) is not None:
            found.append(taken)
        single = [part[name] for name in ("accessory", "component") if part.get(name)]
        inner = [*part.get("components", []), *single]
        found += walk(inner, take)
    return found
