"""The gateway: who is connected, and what they are told."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from tests.loopback import payloads
from tests.loopback.people import JSON
from tests.loopback.world import World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 9, 10, 11
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12


@dataclass(slots=True, eq=False)
class Session:
    """One connected bot; ``told`` is what it was sent last, so that it can resume."""

    id: str
    intents: int
    count: int = 0
    told: deque[tuple[int, bytes]] = field(default_factory=lambda: deque[tuple[int, bytes]](maxlen=1000))
    outbox: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue[bytes])

    def tell(self, event: str, data: object) -> None:
        """Send one event."""
        self.count += 1
        packet = orjson.dumps({"op": DISPATCH, "t": event, "s": self.count, "d": data})
        self.told.append((self.count, packet))
        self.outbox.put_nowait(packet)

    def wants(self, event: str, data: JSON) -> bool:
        """Whether the session's intents cover ``event``."""
        if event.startswith("MESSAGE_"):
            return bool(self.intents & (GUILD_MESSAGES if "guild_id" in data else DIRECT_MESSAGES))
        if event.startswith(("CHANNEL_", "THREAD_", "GUILD_")):
            return bool(self.intents & GUILDS)
        return True


class Gateway:
    """Answers bots that connect by WebSocket.

    ``identifies`` counts log-ins; ``refuse_with`` is a code (4004, 4014) every log-in is closed with;
    without ``announce`` a bot is told of no server when it logs in.
    """

    def __init__(self, world: World, token: str) -> None:
        self.world, self.token = world, token
        self.url = ""
        self.identifies = 0
        self.resumes = 0
        self.refuse_with: int | None = None
        self.announce = True
        self.heartbeat_seconds = 41.25
        self.ready = asyncio.Event()
        self._sessions: dict[str, Session] = {}
        self._sockets: dict[web.WebSocketResponse, Session | None] = {}

    @property
    def connected(self) -> list[Session]:
        """The sessions connected now."""
        return [session for session in self._sockets.values() if session is not None]

    def dispatch(self, event: str, data: JSON) -> None:
        """Tell every connected session that wants to know."""
        sessions = [session for session in self.connected if session.wants(event, data)]
        if sessions:
            written = orjson.Fragment(orjson.dumps(data))
            for session in sessions:
                session.tell(event, written)

    async def close(self, code: int = 1001) -> None:
        """Close every connection; bots then resume by themselves."""
        self.ready.clear()
        for socket in list(self._sockets):
            await socket.close(code=code)

    def forget(self) -> None:
        """Refuse to let closed sessions resume."""
        self._sessions.clear()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hold one connection until it ends."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._sockets[socket] = None
        outbox: asyncio.Queue[bytes] = asyncio.Queue()
        writer = asyncio.create_task(_write(socket, outbox))
        try:
            outbox.put_nowait(_packet(HELLO, {"heartbeat_interval": round(self.heartbeat_seconds * 1000)}))
            async for packet in socket:
                if packet.type is WSMsgType.TEXT:
                    await self._hear(socket, outbox, orjson.loads(packet.data))
        finally:
            del self._sockets[socket]
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            if not self.connected:
                self.ready.clear()
        return socket

    async def _hear(self, socket: web.WebSocketResponse, outbox: asyncio.Queue[bytes], packet: JSON) -> None:
        op, data = packet["op"], packet["d"]
        if op == HEARTBEAT:
            outbox.put_nowait(_packet(HEARTBEAT_ACK, None))
        elif op == IDENTIFY:
            self.identifies += 1
            refusal = self.refuse_with or (None if data["token"] == self.token else 4004)
            if refusal is not None:
                await socket.close(code=refusal)
                return
            self._welcome(socket, outbox, data)
        elif op == RESUME:
            self._resume(socket, outbox, data)

    def _welcome(self, socket: web.WebSocketResponse, outbox: asyncio.Queue[bytes], data: JSON) -> None:
        world = self.world
        session = Session(f"session{world.snowflake()}", data["intents"], outbox=outbox)
        self._sessions[session.id] = self._sockets[socket] = session
        guilds = list(world.guilds.values()) if self.announce else []
        session.tell(
            "READY",
            {
                "v": 10,
                "user": payloads.user(world.bot),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": self.url,
                "shard": data.get("shard", [0, 1]),
                "application": {"id": str(world.bot.id), "flags": 0},
                "private_channels": [],
                "user_settings": {},
                "relationships": [],
                "presences": [],
                "session_type": "normal",
            },
        )
        for guild in guilds:
            session.tell("GUILD_CREATE", payloads.guild_created(guild, world.bot))
        self.ready.set()

    def _resume(self, socket: web.WebSocketResponse, outbox: asyncio.Queue[bytes], data: JSON) -> None:
        session = self._sessions.get(data["session_id"])
        if session is None:
            outbox.put_nowait(_packet(INVALID_SESSION, False))
            return
        self.resumes += 1
        session.outbox = outbox
        self._sockets[socket] = session
        for number, packet in session.told:
            if number > (data["seq"] or 0):
                outbox.put_nowait(packet)
        session.tell("RESUMED", {})
        self.ready.set()


def _packet(op: int, data: Any) -> bytes:
    return orjson.dumps({"op": op, "t": None, "s": None, "d": data})


async def _write(socket: web.WebSocketResponse, outbox: asyncio.Queue[bytes]) -> None:
    with suppress(ConnectionError):
        while True:
            packet = await outbox.get()
            await socket.send_str(packet.decode())
