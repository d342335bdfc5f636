"""The simulated Discord a rehearsal plays on: people act, time passes, and whatever changes is told."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import discord
import simcord
from simcord import ChannelHandle, InteractionResult, MemberActor, ResponseMessage, RoleHandle
from sqlmodel import Session, col, select

from bot.app import App
from bot.client import KithBot
from bot.database import transaction
from bot.errors import Refusal
from bot.rehearsal.clock import EnvClock
from bot.rehearsal.drawing import buttons_of, control, walked
from bot.rehearsal.names import Names
from bot.rehearsal.people import CAST, COMMUNITY, ZONE, Part
from bot.rehearsal.simulated import SimulatedDiscord
from bot.rehearsal.transcript import CALL_THREAD, Seen, Transcript
from bot.store.calls import Call, CallState, Response, ResponseKind
from bot.store.circles import Circle
from bot.store.rhythms import RhythmKind, rhythms_of

FIRST_DAY = date(2026, 3, 19)
SPOKEN = (0, 19, 20, 23)
"""Discord's types of messages that say something; the others note that a thread was made and such."""
RADIO_GROUP, USER_SELECT = 21, 5


class Astray(Exception):
    """The month did not go as it should; the sentence says where."""


class Ear(logging.Handler):
    """Keeps the errors Kith logs, so that none goes by unnoticed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one error."""
        self.heard.append(record.getMessage())


class Director:
    """Knows what is to come, and lays out the next question, so that what the people say answers it."""

    def __init__(self, app: App) -> None:
        self.database = app.database

    @transaction
    def lay_out(self, session: Session, community_id: int, question_id: str) -> None:
        """Keep a question for the next round."""
        for rhythm in rhythms_of(session, community_id):
            if rhythm.kind is RhythmKind.CHECKIN:
                rhythm.question_id = question_id

    @transaction
    def call_due(self, session: Session, community_id: int) -> datetime | None:
        """Return when a call goes on next by itself: a rung of its ladder is due, or a lease runs out."""
        ours = (Call.community_id == community_id, Call.state == CallState.OPEN)
        rungs = select(Call.next_at).where(*ours, col(Call.next_at).is_not(None))
        leases = (
            select(Response.ends_at)
            .join(Call, col(Call.id) == col(Response.call_id))
            .where(*ours, Response.kind == ResponseKind.WITH_YOU)
        )
        due = [*session.exec(rungs), *session.exec(leases)]
        return min((each for each in due if each is not None), default=None)

    @transaction
    def circle_due(self, session: Session, community_id: int) -> datetime | None:
        """Return when a circle goes on next by itself."""
        ours = (Circle.community_id == community_id, col(Circle.next_at).is_not(None))
        return min((each for each in session.exec(select(Circle.next_at).where(*ours)) if each), default=None)


class Stage:
    """One community on a simulated Discord with Kith in it, told as it goes."""

    def __init__(self, env: simcord.Env, app: App, bot: KithBot, transcript: Transcript) -> None:
        self.env, self.app, self.bot, self.transcript = env, app, bot, transcript
        self.zone = ZoneInfo(ZONE)
        self._director = Director(app)
        self._seen: dict[int, Seen] = {}
        self._errors = 0
        self._ear = Ear()
        logging.getLogger().addHandler(self._ear)
        env.backend.subscribers.insert(0, self._speak_their_language)
        self.guild = env.create_guild(COMMUNITY)
        self.hosts = self.guild.create_role("Hosts", mentionable=True)
        self._admins = self.guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
        self.kitchen = self.guild.create_text_channel("kitchen-table")
        self.hearth = self.guild.create_voice_channel("hearth")
        self.people = {part.name: self._arrive(part) for part in CAST}
        self._locales = {self.people[part.name].id: part.locale for part in CAST}

    def _arrive(self, part: Part) -> MemberActor:
        roles = [role for role, held in ((self.hosts, part.hosts), (self._admins, part.manages)) if held]
        return self.guild.add_member(self.env.create_user(part.name.lower(), global_name=part.name), roles=roles)

    def _speak_their_language(self, event: str, payload: Any) -> None:
        """Give each interaction the locale of whoever acts, which the simulation leaves at English."""
        if event == "INTERACTION_CREATE":
            user = payload["member"]["user"] if "member" in payload else payload["user"]
            payload["locale"] = self._locales.get(int(user["id"]), "en-GB")

    def leave(self) -> None:
        """Stop listening."""
        logging.getLogger().removeHandler(self._ear)

    async def question(self, question_id: str) -> None:
        """Choose what the next round asks."""
        await self._director.lay_out(self.guild.id, question_id)

    async def until(self, day: date, at: str, zone: str = ZONE) -> None:
        """Let time pass up to a moment, doing what falls due on the way, at its instant."""
        hour, minute = map(int, at.split(":"))
        target = datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)
        while (due := await self.next_due()) is not None and due <= target:
            await self.pass_time(max(timedelta(seconds=1), due - self.env.now()))
        await self.pass_time(max(timedelta(0), target - self.env.now()))

    async def next_due(self) -> datetime | None:
        """Return when Kith will do something next."""
        outlook = await self.app.communities.outlook(self.guild.id)
        due: list[datetime | None] = [each.at for each in outlook.to_come[:1]]
        due += [await self._director.call_due(self.guild.id), await self._director.circle_due(self.guild.id)]
        return min((each for each in due if each is not None), default=None)

    async def pass_time(self, by: timedelta) -> bool:
        """Let time pass, do what is due, and tell what changed; return whether anything did."""
        await self.env.advance_time(by.total_seconds())
        await self.bot.tick()
        await self.env.settle()
        return self.look()

    async def says(self, who: str, channel: ChannelHandle, words: str, answering: str | None = None) -> None:
        """Let someone write, in answer to what someone else wrote there."""
        reply_to = None if answering is None else self.post_by(channel, answering)
        await self.people[who].send(channel, words, reply_to=reply_to)
        self.look()

    async def types(
        self, who: str, command: str, *, how: str = "types", where: ChannelHandle | None = None, **options: Any
    ) -> InteractionResult:
        """Let someone type a command, at the kitchen table where nothing else is said."""
        place = "" if where is None else f"in {self.names.channel(where.id)}: "
        self.transcript.did(who, how, place + " ".join([f"/{command}", *self._typed(command, options)]))
        result = await self.people[who].slash(where or self.kitchen, command, **options)
        self.look()
        return result

    def _typed(self, command: str, options: dict[str, Any]) -> Iterator[str]:
        """Yield the options of a command as they look when one picks them."""
        found: Any = self.bot.tree
        for name in command.split():
            found = found.get_command(name)
        choices = {part.display_name: part.choices for part in found.parameters}
        for name, value in options.items():
            picked = self.names.channel(value.id) if isinstance(value, ChannelHandle) else value
            yield f"{name}: {next((each.name for each in choices[name] if each.value == value), picked)}"

    async def presses(
        self, who: str, message: ResponseMessage | InteractionResult, name: str, *, how: str = "presses"
    ) -> InteractionResult:
        """Let someone press the button named ``noun:verb`` on a message."""
        message = self._shown(message)
        button = self._part(message, name)
        self.transcript.did(who, how, control(button, self.names))
        result = await self.people[who].click(message, custom_id=button["custom_id"])
        self.look()
        return result

    async def picks(
        self, who: str, message: ResponseMessage | InteractionResult, name: str, value: RoleHandle | str
    ) -> None:
        """Let someone choose a role, or what stands there, in the menu named ``noun:verb``."""
        message = self._shown(message)
        menu = self._part(message, name)
        labels = {each["value"]: each["label"] for each in menu.get("options", [])}
        self.transcript.did(who, f"picks {labels[value] if isinstance(value, str) else value.name}")
        await self.people[who].select(message, [value], custom_id=menu["custom_id"])
        self.look()

    async def fills_in(self, who: str, form: InteractionResult, **values: Any) -> InteractionResult:
        """Let someone send a form in; what they leave alone stays as it was filled in."""
        if form.modal is None:
            raise Astray(f"{who} was shown no form")
        filled = prefilled(form.modal) | values
        self.transcript.filled_in(who, form.modal, filled)
        parts = {part["custom_id"]: part for part in walked(form.modal["components"]) if "custom_id" in part}
        sent = {name: value for name, value in filled.items() if name in parts}
        for name in sent:
            if parts[name]["type"] == USER_SELECT:
                sent[name] = [self.people[each] for each in sent[name]]
        result = await self.people[who].submit_modal(form, sent)
        self.look()
        return result

    async def checks_in(self, who: str, words: str, *, how: str = "presses", **values: Any) -> InteractionResult:
        """Let someone answer the open round by its card's button."""
        form = await self.presses(who, self.card(), "round:open", how=how)
        return await self.fills_in(who, form, words=words, **values)

    @property
    def names(self) -> Names:
        """What things are called."""
        return Names(self.env)

    @property
    def checkins(self) -> ChannelHandle:
        """The channel for check-ins."""
        return self.channel("check-ins")

    @property
    def calls(self) -> ChannelHandle:
        """The channel for calls."""
        return self.channel("calls")

    def channel(self, name: str) -> ChannelHandle:
        """Return a channel. Raises Astray."""
        channels = self.env.backend.channels.values()
        found = next((each for each in channels if each.name == name and not each.is_thread), None)
        if found is None:
            raise Astray(f"there is no channel called {name}")
        return ChannelHandle(self.env, self.guild, found)

    @property
    def thread(self) -> ChannelHandle:
        """The thread of the latest check-in card."""
        return ChannelHandle(self.env, self.guild, self.env.backend.get_channel(self.card().id))

    @property
    def call_thread(self) -> ChannelHandle:
        """The newest thread of a call, public or private. Raises Astray."""
        return self.newest_thread(CALL_THREAD)

    def newest_thread(self, place: str) -> ChannelHandle:
        """Return the newest of the threads that are called so. Raises Astray."""
        channels = self.env.backend.channels.values()
        threads = [each for each in channels if each.is_thread and self.names.channel(each.id) == place]
        if not threads:
            raise Astray(f"nothing has led to {place} yet")
        return ChannelHandle(self.env, self.guild, max(threads, key=lambda each: each.id))

    def card(self, name: str = "round:open") -> ResponseMessage:
        """Return the latest message for everyone, wherever it is, that has the button ``noun:verb``."""
        said = (stored for messages in self.env.backend.messages.values() for stored in messages.values())
        found = [each for each in said if not each.is_ephemeral and found_part(each.components, name)]
        if not found:
            raise Astray(f"no card with the button {name} was posted")
        return ResponseMessage(self.env, max(found, key=lambda each: each.id))

    def post_by(self, channel: ChannelHandle, who: str) -> ResponseMessage:
        """Return the latest message that is someone's, or shows their check-in."""
        member = self.people[who]
        for stored in reversed(self.env.backend.messages[channel.id].values()):
            if stored.author_id == member.id or f"**{member.mention}" in str(stored.components):
                return ResponseMessage(self.env, stored)
        raise Astray(f"nothing of {who}'s stands in the thread")

    def guild_events(self) -> list[Any]:
        """Return Discord's own events of the community."""
        return list(self.env.backend.guilds[self.guild.id].scheduled_events.values())

    def _shown(self, message: ResponseMessage | InteractionResult) -> ResponseMessage:
        if isinstance(message, ResponseMessage):
            return message
        shown = message.response or next(iter(message.followups), None)
        if shown is None:
            raise Astray("a command or button was not answered")
        return shown

    def _part(self, message: ResponseMessage, name: str) -> dict[str, Any]:
        found = found_part(message.components, name)
        if found is None:
            raise Astray(f"the message has no {name} to press")
        return found

    def look(self) -> bool:
        """Tell what changed on Discord since the last look; return whether anything did. Raises Astray."""
        now = {seen.id: seen for seen in self._everything()}
        changes = 0
        for seen in sorted(now.values(), key=lambda each: (each.only is None, each.id)):
            before = self._seen.get(seen.id)
            if before is None:
                self.transcript.appeared(seen)
            elif before != seen:
                self.transcript.changed(before, seen)
            changes += before != seen
        for message_id in [each for each in self._seen if each not in now]:
            self.transcript.removed(self._seen[message_id])
            changes += 1
        self._seen = now
        self._require_no_error()
        return changes > 0

    def _everything(self) -> Iterator[Seen]:
        backend, names = self.env.backend, self.names
        for channel_id, messages in backend.messages.items():
            channel = backend.channels.get(channel_id)
            if channel is None:
                continue
            for stored in messages.values():
                if stored.type not in SPOKEN:
                    continue
                only = None
                if stored.is_ephemeral:
                    only = int((stored.interaction_metadata or {})["user"]["id"])
                elif channel.guild_id is None:
                    only = next(user for user, each in backend.dm_channels.items() if each == channel_id)
                seen = Seen(
                    id=stored.id,
                    place=names.channel(channel_id),
                    author=names.user(stored.author_id),
                    content=stored.content,
                    components=stored.components,
                    files=tuple(each["filename"] for each in stored.attachments),
                    thread=channel.is_thread,
                    only=None if only is None else names.user(only),
                    direct=channel.guild_id is None,
                )
                yield replace(seen, answers=self._answered(stored.reference))

    def _answered(self, reference: dict[str, Any] | None) -> str | None:
        """Return whose words a message answers."""
        if reference is None or "message_id" not in reference:
            return None
        stored = self.env.backend.messages[int(reference["channel_id"])].get(int(reference["message_id"]))
        if stored is None:
            return None
        people = {f"**{actor.mention}": name for name, actor in self.people.items()}
        shown = next((name for sign, name in people.items() if sign in str(stored.components)), None)
        return shown or self.names.user(stored.author_id)

    def _require_no_error(self) -> None:
        errors = self.env.errors[self._errors :]
        self._errors += len(errors)
        for error in errors:
            if not isinstance(getattr(error, "original", error), Refusal):
                raise Astray(f"Kith raised {type(error).__name__}: {error}") from error
        if self._ear.heard:
            heard, self._ear.heard = self._ear.heard, []
            raise Astray(f"Kith logged an error: {heard[0]}")


def found_part(components: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """Return the button or menu named ``noun:verb``, whatever row it is about."""
    noun, verb = name.split(":")
    for part in buttons_of(components):
        custom_id = str(part.get("custom_id", ""))
        if custom_id.startswith(f"{noun}:") and custom_id.endswith(f":{verb}"):
            return part
    return None


def prefilled(form: dict[str, Any]) -> dict[str, Any]:
    """Return what a form holds before anyone touches it; a real client sends that in."""
    values: dict[str, Any] = {}
    for part in walked(form["components"]):
        if "custom_id" not in part:
            continue
        chosen = [option["value"] for option in part.get("options", []) if option.get("default")]
        if part.get("type") == RADIO_GROUP and chosen:
            values[part["custom_id"]] = chosen[0]
        elif chosen:
            values[part["custom_id"]] = chosen
        elif part.get("value"):
            values[part["custom_id"]] = part["value"]
    return values


def set_up(bot: KithBot, clock: EnvClock) -> simcord.Env:
    """Return a simulated Discord that stands just before the first day, with a bot called Kith."""
    env = SimulatedDiscord(bot)
    env.backend.edit_bot_profile("Kith")
    first = datetime.combine(FIRST_DAY, time(19, 20), ZoneInfo(ZONE))
    env.backend.advance_clock((first - env.now()).total_seconds())
    clock.env = env
    return env
