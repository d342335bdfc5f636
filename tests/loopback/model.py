"""A language model's server on 127.0.0.1 that speaks Chat Completions, keeps every byte it is sent, and can misbehave.

``ModelServer`` answers each request with the next of its ``script``, and from then on with the last of it. What it can
answer stands below as functions: ``well`` and the ways in which servers are known to fail.
"""

import asyncio
import gzip
import json
import re
import struct
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self, cast

LINE = re.compile(r"\[(\d+)\] (?:Person (\d+)|Somebody)(?:, to \[\d+\])?: (.*)")
POINT = re.compile(r"(\w+): (.*) \[(\d+(?:, \d+)*)\]")
MEGABYTE = b"x" * 2**20
USAGE = {"prompt_tokens": 700, "completion_tokens": 300, "total_tokens": 1000}


@dataclass(frozen=True)
class Asked:
    """A request as it came: its head and its body, byte for byte."""

    head: bytes
    body: bytes

    @cached_property
    def json(self) -> dict[str, Any]:
        """What was asked."""
        return json.loads(self.body)

    @property
    def words(self) -> str:
        """The words it is about, without the instructions."""
        return self.json["messages"][-1]["content"]

    @property
    def lines(self) -> dict[int, str]:
        """The lines of a thread in it, by number; none when it asks to join points."""
        return {int(found[1]): found[3] for each in self.words.split("\n") if (found := LINE.fullmatch(each))}

    @property
    def header(self) -> Mapping[str, str]:
        """Its headers, by their names in small letters."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _colon, value in (each.partition(":") for each in lines if each)}


Answering = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ModelServer:
    """The server. ``asked`` are the whole requests in order of arrival, ``received`` each byte that ever came."""

    script: list[Answering] = field(default_factory=lambda: [well])
    asked: list[Asked] = field(default_factory=list[Asked])
    received: bytearray = field(default_factory=bytearray)
    connections: int = 0
    """How many were ever opened."""
    open: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is there."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no connection is open."""
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def url(self) -> str:
        """The address to put into the settings."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @contextmanager
    def in_thread(self) -> Generator[Self]:
        """Serve from a thread with a loop of its own, for tests whose loop has a time of its own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="model")
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result()
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self.idle.clear()
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                while (asked := await self._read(reader)) is not None:
                    self.asked.append(asked)
                    self.arrived.set()
                    answering = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                    await answering(asked, writer)
                    await writer.drain()
        finally:
            self.open -= 1
            if not self.open:
                self.idle.set()
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked | None:
        """Return the next request on a connection, or None when it ends."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.received += head
            length = int(Asked(head, b"").header.get("content-length", "0"))
            body = await reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            self.received += error.partial
            return None
        self.received += body
        return Asked(head, body)


def sending(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Answering:
    """Answer with these bytes, whatever is asked; ``retry_after="2"`` becomes a header."""

    async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(status, len(body), kind, headers) + body)

    return answer


def saying(text: Any, usage: Any = USAGE) -> Answering:
    """Answer that the model said this, and report its usage."""
    return sending(completion(text, usage))


def completion(text: Any, usage: Any = USAGE) -> bytes:
    """Return the body of an answer in which the model says this."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "small", "choices": [choice]}
    return json.dumps(body if usage is None else {**body, "usage": usage}).encode()


def pointing(words: str, *messages: Any, heading: str = "asked") -> str:
    """Return a model's words that make one point, citing these messages."""
    return json.dumps({heading: [{"words": words, "messages": list(messages)}]})


def failing(status: int, code: str | None = None, **headers: str) -> Answering:
    """Answer with an error as OpenAI's servers word it."""
    error = {"message": "It went wrong: sk-secret", "type": "error", "param": None, "code": code}
    return sending(json.dumps({"error": error}).encode(), status, **headers)


async def well(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer as a good model does: points derived from what was sent; in fences where no schema was asked for."""
    text = json.dumps(derived(asked))
    answer = text if "response_format" in asked.json else f"Here it is:\n```json\n{text}\n```"
    used = len(asked.body) // 5
    usage = {"prompt_tokens": used, "completion_tokens": len(text) // 5, "total_tokens": used + len(text) // 5}
    await saying(answer, usage)(asked, writer)


def derived(asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """Return points that rest on a request's lines, a few words of each line; or, joining, the points it was given."""
    points: dict[str, list[dict[str, Any]]] = {
        each: [] for each in ("asked", "offered", "open", "commitments", "thanks")
    }
    for number, words in asked.lines.items():
        heading = "asked" if "?" in words else "thanks" if "thank" in words.lower() else "offered"
        points[heading].append({"words": words[:80], "messages": [number]})
    for each in asked.words.split("\n") if not asked.lines else []:
        if found := POINT.fullmatch(each):
            points[found[1]].append({"words": found[2], "messages": [int(n) for n in found[3].split(", ")]})
    return {heading: of_it[-4:] for heading, of_it in points.items()}


def refusing(*fields: str, status: int = 400) -> Answering:
    """Answer well, but to no request that has one of these fields."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        unknown = [each for each in fields if each in asked.json]
        await (failing(status, "unsupported_parameter") if unknown else well)(asked, writer)

    return answer


def together(count: int, answering: Answering = well) -> Answering:
    """Answer only when so many requests are there at the same time."""
    barrier = asyncio.Barrier(count)

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await barrier.wait()
        await answering(asked, writer)

    return answer


async def silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def trickling(pause: float = 0.005) -> Answering:
    """Answer one byte at a time, so that no time-out between two bytes ever comes."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        body = completion("." * 100_000)
        for byte in _head(200, len(body), "application/json", {}) + body:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def huge(status: int = 200, megabytes: int = 50) -> Answering:
    """Answer with 50 MB."""

    async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(status, megabytes * len(MEGABYTE), "application/json", {}))
        for _each in range(megabytes):
            writer.write(MEGABYTE)
            await writer.drain()

    return answer


@cache
def bomb() -> bytes:
    """Return an answer that is well-formed, and 60 MB when it is unpacked."""
    return gzip.compress(completion(pointing("." * 60_000_000, 1)))


async def cutting(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of an answer."""
    body = completion("never told to the end")
    writer.write(_head(200, len(body), "application/json", {}) + body[: len(body) // 2])
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    cast(asyncio.Transport, writer.transport).abort()


def _head(status: int, length: int, kind: str, headers: Mapping[str, str]) -> bytes:
    given = {"Content-Type": kind, "Content-Length": str(length)}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(_head_lines(status, given)).encode("latin-1")


def _head_lines(status: int, headers: Mapping[str, str]) -> Iterator[str]:
    yield f"HTTP/1.1 {status} As scripted\r\n"
    yield from (f"{name}: {value}\r\n" for name, value in headers.items())
    yield "\r\n"
