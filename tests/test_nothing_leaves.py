"""Of what is written in a thread only what may go reaches the model's server: each byte it is sent is looked at.

The whole way is walked: simulated Discord with the thread, /summary in it, and a server that keeps what it gets.
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from simcord import ChannelHandle, MemberActor

from bot.model import Model
from bot.store.summaries import Unmodelled
from tests.discord.scene import Scene, said
from tests.discord.test_summaries import begin_thread
from tests.loopback.model import ModelServer

LEFT_OUT = "My diagnosis came back on Tuesday and I have told nobody at work"
SECRETS = (
    *("Zuleika", "Marchbanks", "zuleika.m_77", "Ottoline", "Fernsby", "fernsby", "Quillon", "Dünnebier", "dunnebier"),
    *("zuleika@example.org", "ottoline.f", "mailbox.example", "example.net", "secret-folder", "token=4711"),
    *("7946 0958", "79460958", "0151 2345678", "2345678", "passport", "a scan of it", "png", "The Weavers"),
    *("diagnosis", "came back", "told nobody", "at work", "pregnant", "sk-not-a-word"),
)
HIDDEN = "sk-not-a-word"
"""The key, which goes in one header and nowhere else."""


@pytest.fixture
async def server(scene: Scene) -> AsyncIterator[ModelServer]:
    """Give Kith a model, and return its server."""
    with ModelServer().in_thread() as running:
        model = Model("small", scene.app.clock, base_url=running.url, key=SecretStr(HIDDEN))
        scene.app.summariser.model = model
        yield running
        await model.close()


class Room:
    """A thread full of what has to stay there: Zuleika's words are left out, the others' names and ids are not told."""

    def __init__(self, scene: Scene, thread: ChannelHandle) -> None:
        self.scene = scene
        self.thread = thread
        self.zuleika = self._member("zuleika.m_77", "Zuleika", "Zuleika Marchbanks 🌿")
        self.ottoline = self._member("ottoline.f", "Ottoline Fernsby", None)
        self.quillon = self._member("quillon", None, "Dr. Quillon Dünnebier (Berlin)")

    def _member(self, name: str, global_name: str | None, nick: str | None) -> MemberActor:
        user = self.scene.env.create_user(name, global_name=global_name)
        return self.scene.guild.add_member(user, nick=nick)

    async def fill(self) -> None:
        """Let them write."""
        zuleika, ottoline, quillon, thread = self.zuleika, self.ottoline, self.quillon, self.thread
        first = await zuleika.send(thread, f"{LEFT_OUT}. Write to zuleika@example.org")
        await zuleika.send(thread, "I'm pregnant", attachments=[("passport-zuleika.png", b"a scan of it")])
        said_back = [
            f"> {LEFT_OUT}",
            f"**Zuleika** wrote “{LEFT_OUT.upper()}”, and before: I'm pregnant",
            "My diagnosis came\nback on Tuesday",
            "and I have told",
            "nobody at work",
            f"Zuleika's news, ZULEIKA, zuleika marchbanks, @zuleika.m_77, {zuleika.mention}, Marchbankskreis",
            "Z\u200buleika, 𝐙𝐮𝐥𝐞𝐢𝐤𝐚, Zulе\u0456k\u0430, Zu**leika**, ||Zuleika||",
        ]
        for each in said_back:
            await ottoline.send(thread, each)
        await quillon.send(
            thread,
            f"Who hosts in May, {ottoline.mention} or ottoline? Call +44 20 7946 0958 or 0151 2345678, or write to "
            "o.fernsby (at) mailbox.example; Dünnebier's folder: https://example.net/secret-folder?token=4711",
            reply_to=first,
            attachments=[("passport.png", b"a scan of it")],
        )
        await ottoline.send(
            thread,
            f"I will host, Quillon. Dunnebier knows the room: <#{self.scene.circles.id}>, <@&{self.scene.hosts.id}>, "
            f"<:quillon_waves:{zuleika.id}>, https://discord.com/channels/{self.scene.guild.id}/{thread.id}/{first.id}",
        )
        await self.scene.app.members.choose(self.scene.guild.id, zuleika.id, left_out=True)

    @property
    def ids(self) -> list[int]:
        """Every id there is: of the server, its members, its channels and the thread's messages."""
        scene = self.scene
        channels = [scene.guild.id, scene.circles.id, scene.hosts.id, self.thread.id]
        return [*channels, *scene.guild.member_ids(), *scene.env.backend.messages[self.thread.id]]


def forms(secret: str) -> set[bytes]:
    """Return how something may stand in what is sent: plain, escaped, or packed."""
    escaped = "".join(f"\\u{ord(each):04x}" for each in secret)
    plain = {secret, json.dumps(secret)[1:-1], escaped, quote(secret), secret.encode().hex()}
    packed = {base64.b64encode(b"\0" * shift + secret.encode())[-(-shift * 4 // 3) :] for shift in range(3)}
    return {each.lower().encode() for each in plain} | {re.sub(rb"[^=]?=*$", b"", each) for each in packed}


def leaked(received: bytes, secrets: list[str]) -> list[str]:
    """Return those of the secrets that stand in what was sent, in whatever form."""
    small = received.decode("utf-8", "replace").lower().encode()
    return [each for each in secrets if any(form in received or form in small for form in forms(each))]


async def test_nothing_that_tells_who_somebody_is_and_no_word_that_is_left_out_is_sent(
    scene: Scene, server: ModelServer
) -> None:
    room = Room(scene, await begin_thread(scene, model_on=True))
    await room.fill()

    draft = await room.quillon.slash(room.thread, "summary")

    assert "Gathered with a language model" in said(draft)
    (asked,) = server.asked
    head, key, after = bytes(server.received).partition(HIDDEN.encode())
    assert key and head.lower().endswith(b"authorization: bearer ")
    assert leaked(head + after, [*SECRETS, *map(str, room.ids)]) == []
    assert "who hosts in may, person 2 or person 2?" in asked.words.lower(), "what may go was sent"
    assert "I will host, Person 3" in asked.words
    assert asked.json.keys() <= {"model", "messages", "response_format", "max_tokens", "max_completion_tokens"}
    assert "simcord" not in str(asked.header) and "discord" not in str(asked.header).lower()


def test_a_secret_is_recognised_in_each_form() -> None:
    word = "Zuleika Dünnebier"
    hidden = (
        word,
        word.upper(),
        json.dumps(word),
        "".join(f"\\u{ord(each):04X}" for each in word),
        quote(word),
        base64.b64encode(word.encode()).decode(),
        base64.b64encode(f"x{word}y".encode()).decode(),
        base64.b64encode(f"xy{word}".encode()).decode(),
        word.encode().hex(),
    )

    assert [each for each in hidden if leaked(each.encode(), [word]) != [word]] == []


@pytest.mark.parametrize("reason", [*(each for each in Unmodelled if each is not Unmodelled.FAILED), "confidential"])
async def test_not_even_a_connection_is_opened_where_nothing_may_go(
    scene: Scene, server: ModelServer, reason: str
) -> None:
    thread = await begin_thread(scene, model_on=reason is not Unmodelled.OFF)
    await scene.ada.send(thread, "Who hosts in May?")
    if reason is Unmodelled.NONE:
        scene.app.summariser.model = None
    if reason is Unmodelled.BUDGET:
        spending = await scene.app.model_uses.spending(scene.guild.id)
        await scene.app.model_uses.reserve(scene.guild.id, spending.left)
    if reason == "confidential":
        await scene.app.summaries.mark_confidential(scene.guild.id, thread.id)

    answer = (
        await plain_summary(scene, thread)
        if reason is Unmodelled.CHOSEN
        else said(await scene.ada.slash(thread, "summary"))
    )

    assert ("confidential" if reason == "confidential" else "without a language model") in answer
    assert server.connections == 0
    assert server.received == b""


async def plain_summary(scene: Scene, thread: ChannelHandle) -> str:
    """Gather a long thread without the model, as its asker chose when they saw its price; return the draft."""
    for _time in range(61):
        scene.env.backend.create_message(thread.id, scene.ada.id, "We sat in silence. " * 100)
    priced = await scene.ada.slash(thread, "summary")
    assert "Nothing is sent yet" in said(priced)
    assert priced.response is not None
    return said(await scene.ada.click(priced.response, label="Gather without the model"))
