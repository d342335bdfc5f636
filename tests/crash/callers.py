"""Members who call their peers, respond, and say how their calls stand: by typing and pressing, on Kith's processes.

What stays unanswered because a process was killed they do again, as people would.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from bot.store.calls import Audience, Call
from tests.crash.community import Crowd
from tests.loopback.interactions import OPEN_FORM, Interaction
from tests.loopback.payloads import walk
from tests.loopback.people import Channel, Guild, Member, Message
from tests.loopback.world import ApiError

TIRED = 40
"""Times someone does the same thing again before they give up; each takes a moment, or a process's start."""
A_MOMENT = 0.1
ANSWERS = ("with", "with", "later", "not_me", "not_me", "not_me")
"""What peers press on a card."""
STANDS = ("answered", "withdraw", "still_open", "yes", "not_yet", "helped", "not_really", "relay")
"""What callers press, where it is to be seen."""


class Callers:
    """``told`` counts the calls whose callers were told that they are sent; ``begun`` those anybody began to write."""

    def __init__(self, crowd: Crowd, dice: random.Random) -> None:
        self.begun = self.told = 0
        self._crowd, self._server, self._dice = crowd, crowd.server, dice

    @asynccontextmanager
    async def at_it(self) -> AsyncGenerator[None]:
        """Let them live as long as this lasts."""
        living = [asyncio.create_task(self._live(self._call)), asyncio.create_task(self._live(self._press))]
        try:
            yield
        finally:
            for each in living:
                each.cancel()
            ended = await asyncio.gather(*living, return_exceptions=True)
        faults = [each for each in ended if isinstance(each, Exception)]
        if faults:
            raise ExceptionGroup("what callers met", faults)

    async def _live(self, do: Callable[[Guild], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._dice.uniform(0, 4 * A_MOMENT))
            await do(self._dice.choice(list(self._crowd.communities)))

    async def _call(self, guild: Guild) -> None:
        """Write a call, look at it and send it, until told that it is sent."""
        caller, channel = self._server.add_member(guild), guild.channel("calls")
        audience, named = self._dice.choice(list(Audience)), self._dice.sample(self._crowd.communities[guild], 2)
        self.begun += 1
        filled = {
            "words": f"typed call of {caller.id}",
            "help": ["hands"],
            "urgency": "today",
            "audience": audience,
            "people": named,
        }
        form = await again(lambda: self._server.slash("call", caller, channel), lambda made: made.kind == OPEN_FORM)
        if form is None:
            return
        preview = await again(
            lambda: self._server.submit(form, caller, filled), lambda made: bool(button(made, "send"))
        )
        if preview is None or preview.message is None:
            return
        shown, send = preview.message, button(preview, "send")
        pressed = await again(
            lambda: self._server.press(shown, send, caller), lambda _made: not button(preview, "send")
        )
        if pressed is not None:
            self.told += 1

    async def _press(self, guild: Guild) -> None:
        """Let someone press something that is to be seen of a call that stands."""
        calls = [each for each in await self._crowd.calls() if each.community_id == guild.id and each.message_id]
        if not calls:
            return
        call = self._dice.choice(calls)
        asked = await self._in_thread(guild, call)
        with suppress(LookupError, TimeoutError, ApiError):  # it is gone meanwhile, or nobody answers: so be it
            who, message, custom_id = self._dice.choice([*self._on_card(guild, call), *asked])
            made = await self._server.press(message, custom_id, who)
            if made.kind == OPEN_FORM:
                await self._server.submit(made, who, {"words": f"said {made.id}"} if "relay" in custom_id else {})
            if sure := button(made, "really_withdraw"):
                assert made.message is not None
                await self._server.press(made.message, sure, who)

    def _on_card(self, guild: Guild, call: Call) -> list[tuple[Member, Message, str]]:
        card = self._server.message(self._place(guild, call), call.message_id or 0)
        peers = [each for each in self._crowd.communities[guild] if each.id != call.caller_id]
        caller = guild.members.get(call.caller_id or 0)
        can_press = [(self._dice.choice(peers), card, f"call:{call.id}:{self._dice.choice(ANSWERS)}")]
        if caller is not None and self._dice.random() < 0.3:
            can_press.append((caller, card, f"call:{call.id}:{self._dice.choice(STANDS)}"))
        return can_press

    async def _in_thread(self, guild: Guild, call: Call) -> list[tuple[Member, Message, str]]:
        """Return the questions in a call's thread, each with the one it is for."""
        thread = guild.threads.get(call.thread_id or 0)
        theirs = {each.id: each.member_id for each in await self._crowd.responses() if each.call_id == call.id}
        asked: list[tuple[Member, Message, str]] = []
        for message in thread.shown if thread is not None else []:
            for name in (str(part.get("custom_id", "")) for part in walk(message.components)):
                noun, _colon, rest = name.partition(":")
                row_id = int(rest.partition(":")[0] or 0)
                who = guild.members.get((theirs.get(row_id) if noun == "response" else call.caller_id) or 0)
                if who is not None and message.id != call.message_id:
                    asked.append((who, message, name))
        return asked

    def _place(self, guild: Guild, call: Call) -> Channel:
        return guild.threads[call.thread_id or 0] if call.private else guild.channels[call.channel_id or 0]


def button(made: Interaction, verb: str) -> str:
    """Return the id of a button a private answer has."""
    components = made.message.components if made.message is not None else []
    names = [str(part.get("custom_id", "")) for part in walk(components)]
    return next((name for name in names if name.endswith(f":{verb}")), "")


async def again(do: Callable[[], Awaitable[Interaction]], well: Callable[[Interaction], bool]) -> Interaction | None:
    """Do something until it went ``well``; ``None``: they gave up."""
    for _time in range(TIRED):
        with suppress(LookupError, TimeoutError):
            made = await do()
            if made.waiting:
                await made.done(seconds=3)
            if well(made):
                return made
        await asyncio.sleep(A_MOMENT)
    return None
