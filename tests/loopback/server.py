"""A Discord on 127.0.0.1, for programs that must really be started, killed and timed."""

import asyncio
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any, Self, TypeVar, cast

import orjson
from aiohttp import BodyPartReader, web

from tests.loopback import payloads
from tests.loopback.commands import command_data
from tests.loopback.forms import chosen_in, filled_in, picked_in
from tests.loopback.gateway import Gateway
from tests.loopback.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    FORM,
    OPEN_FORM,
    Interaction,
    InteractiveWorld,
)
from tests.loopback.limits import Limits
from tests.loopback.people import JSON, Channel, Member, Message, User
from tests.loopback.rest import Request, handler_of, template_of
from tests.loopback.threads import OPENING
from tests.loopback.world import ApiError

T = TypeVar("T")
API = "/api/v10"
JSON_TYPE = {"Content-Type": "application/json"}  # exactly so, or discord.py reads it as text
VIA = {"Via": "1.1 loopback"}  # without it discord.py takes a 429 for a ban
CODES = {403: 50013, 404: 10003}


class Loss(Enum):
    """How an answer is lost: the connection is closed in good order, or reset."""

    CLOSED = auto()
    RESET = auto()


class Discord(InteractiveWorld):
    """The simulated Discord and its faults, all changeable while it runs.

    ``requests`` is every request in order of arrival. ``lose_answer(request)`` says whether what was just
    done shall stay unanswered. ``status_for(method, path)`` is a status to answer instead of doing anything.
    ``latency`` is seconds between doing and answering. ``limits`` enforces Discord's. ``unserved`` are
    requests no route answers; they get a 501, which discord.py does not retry.
    """

    def __init__(
        self,
        *,
        token: str = "MTAwMDAwMDAwMDAwMDAwMDAx.loopback.token",
        nonce_seconds: float = 180,
        message_content: bool = True,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(nonce_seconds=nonce_seconds, message_content=message_content)
        self.token = token
        self.limits = limits
        self.latency = 0.0
        self.lose_answer: Callable[[Request], Loss | None] = lambda _request: None
        self.status_for: Callable[[str, str], int | None] = lambda _method, _path: None
        self.requests: list[Request] = []
        self.unserved: list[Request] = []
        self.gateway = Gateway(self, token)
        self.emit = self._emit
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Listen on a free port, or on the same one as before ``stop``."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = cast("tuple[str, int]", self._runner.addresses[0])[1]
        self.gateway.url = f"ws://127.0.0.1:{self.port}/gw"

    async def stop(self) -> None:
        """Be unreachable; what is remembered stays."""
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @contextmanager
    def in_thread(self) -> Generator[Callable[[Coroutine[Any, Any, T]], T]]:
        """Serve from a thread; yields a function that runs one of this object's coroutines there."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="loopback")
        thread.start()

        def run(what: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(what, loop).result()

        try:
            asyncio.run_coroutine_threadsafe(self.start(), loop).result()
            yield run
        finally:
            asyncio.run_coroutine_threadsafe(self.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _emit(self, event: str, data: JSON) -> None:
        if self._loop is None or not self.gateway.connected:
            return
        if threading.get_ident() == self._thread:
            self.gateway.dispatch(event, data)
        else:
            self._loop.call_soon_threadsafe(self.gateway.dispatch, event, data)

    async def connected(self, seconds: float = 20.0) -> None:
        """Wait until a bot has logged in to the gateway. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            await self.gateway.ready.wait()

    async def slash(
        self,
        command: str,
        by: Member | User,
        channel: Channel,
        options: Mapping[str, object] | None = None,
        *,
        focused: str | None = None,
    ) -> Interaction:
        """Let someone send a command, by its full name (``rhythm pause``).

        Options are plain values, members, channels or roles. With ``focused`` they are still typing that one.
        Raises LookupError when the bot has registered no such command or option.
        """
        guild = by.guild.id if isinstance(by, Member) else None
        data = command_data(self.commands, guild, command, options or {}, focused)
        return await self.interaction(AUTOCOMPLETE if focused else COMMAND, data, by, channel)

    async def menu(self, name: str, message: Message, by: Member) -> Interaction:
        """Let someone pick ``name`` from a message's menu; the bot then gets the message with its words."""
        data = command_data(self.commands, by.guild.id, name, {}, None, kind=3)
        data["target_id"] = str(message.id)
        data["resolved"] = {"messages": {str(message.id): payloads.message(message)}}
        return await self.interaction(COMMAND, data, by, message.channel)

    async def press(
        self, message: Message, custom_id: str, by: Member | User, values: Sequence[object] = ()
    ) -> Interaction:
        """Let someone press a button, or choose ``values`` in a select: its options', or members, roles, channels.

        Raises LookupError when the message shows no such thing, or shows it disabled.
        """
        for part in payloads.walk(message.components):
            if part.get("custom_id") == custom_id and not part.get("disabled"):
                break
        else:
            raise LookupError(custom_id)
        data: JSON = {"custom_id": custom_id, "component_type": part["type"], "id": part["id"]}
        if part["type"] != 2:
            data["values"] = chosen_in(part, values)
            if resolved := payloads.resolved(picked_in([part | data], message.channel.guild)):
                data["resolved"] = resolved
        return await self.interaction(COMPONENT, data, by, message.channel, message)

    async def submit(self, form: Interaction, by: Member | User, values: Mapping[str, object]) -> Interaction:
        """Let someone send the form that ``form`` was answered with, filled in by custom_id.

        Radio groups, checkbox groups and selects take the values of their options; user, role and channel selects
        take members, roles and channels. Raises LookupError and ValueError for what a client would not send.
        """
        if form.kind != OPEN_FORM:
            raise LookupError("no form was opened")
        parts = filled_in(form.data, values)
        data: JSON = {"custom_id": form.data["custom_id"], "components": parts}
        if resolved := payloads.resolved(picked_in(parts, form.channel.guild)):
            data["resolved"] = resolved
        return await self.interaction(FORM, data, by, form.channel, form.clicked)

    async def interaction(
        self,
        kind: int,
        data: JSON,
        by: Member | User,
        channel: Channel,
        clicked: Message | None = None,
        *,
        seconds: float = 5.0,
    ) -> Interaction:
        """Tell the bot of an interaction and wait for its first answer.

        The same one is delivered twice with ``gateway.dispatch("INTERACTION_CREATE", made.payload)``.
        Raises LookupError when no bot is connected, TimeoutError when it keeps silent for ``seconds``.
        """
        if not self.gateway.connected:
            raise LookupError("no bot is connected")
        made = self.began(kind, data, by, channel, clicked)
        self.gateway.dispatch("INTERACTION_CREATE", made.payload)
        async with asyncio.timeout(seconds):
            await made.answered.wait()
        return made

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/gw":
            return await self.gateway.serve(request)
        asked = Request(
            request.method,
            path.removeprefix(API),
            dict(request.query),
            await _body(request),
            time.monotonic(),
        )
        self.requests.append(asked)
        status, answer, headers = self._decide(asked, request.headers.get("Authorization"))
        if self.latency:
            await asyncio.sleep(self.latency)
        loss = self.lose_answer(asked)
        if loss is not None:
            _cut(request, loss)
            return web.Response()
        asked.status = status
        if status == 204:
            return web.Response(status=204, headers=VIA | headers)
        return web.Response(body=orjson.dumps(answer), status=status, headers=JSON_TYPE | VIA | headers)

    def _decide(self, asked: Request, authorization: str | None) -> tuple[int, Any, dict[str, str]]:
        template = template_of(asked)
        if authorization != f"Bot {self.token}" and not asked.path.startswith(("/interactions/", "/webhooks/")):
            return 401, {"message": "401: Unauthorized", "code": 0}, {}
        forced = self.status_for(asked.method, asked.path)
        if forced is not None:
            return forced, {"message": "on request", "code": CODES.get(forced, 0), "retry_after": 0.5}, {}
        headers: dict[str, str] = {}
        if self.limits is not None:
            wait, everywhere, headers = self.limits.take(asked, template)
            if wait:
                slow = {"message": "You are being rate limited.", "retry_after": wait, "global": everywhere}
                return 429, slow, headers | {"Retry-After": f"{wait:.3f}"}
        return *self._do(asked, template), headers

    def _do(self, asked: Request, template: str) -> tuple[int, Any]:
        if asked.path == "/gateway/bot":
            start: JSON = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
            return 200, {"url": self.gateway.url, "shards": 1, "session_start_limit": start}
        handler = handler_of(asked.method, template)
        if handler is None:
            self.unserved.append(asked)
            return 501, {"message": f"loopback serves no {asked.method} {template}", "code": 0}
        try:
            answer = handler(self, asked)
        except ApiError as refusal:
            return refusal.status, {"message": refusal.sentence, "code": refusal.code}
        if answer is None:
            return 204, None
        return (201 if template in OPENING else 200), answer


def some_posts_lost(probability: float, how: Loss, seed: int = 0) -> Callable[[Request], Loss | None]:
    """Return a ``lose_answer`` that loses messages' receipts, with ``probability``, in a repeatable order."""
    dice = random.Random(seed)

    def lose(request: Request) -> Loss | None:
        is_post = request.method == "POST" and request.path.endswith("/messages")
        return how if is_post and dice.random() < probability else None

    return lose


async def _body(request: web.BaseRequest) -> Any:
    if request.content_type.startswith("multipart/"):
        return await _multipart(request)
    raw = await request.read()
    return orjson.loads(raw) if raw else None


async def _multipart(request: web.BaseRequest) -> JSON:
    body: JSON = {}
    files: dict[str, bytes] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        if part.name == "payload_json":
            body = orjson.loads(content)
        else:
            files[part.filename or "file"] = content
    body.get("data", body)["files"] = files
    return body


def _cut(request: web.BaseRequest, loss: Loss) -> None:
    transport = request.transport
    if transport is None:
        return
    if loss is Loss.RESET:
        plug: socket.socket = transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
