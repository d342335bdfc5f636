"""What nobody else reads, what a member can take away, and what is left of someone who was forgotten."""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from discord import app_commands
from simcord import BackendError, InteractionResult, MemberActor, SetupError
from sqlmodel import Session, SQLModel, col, select

from bot.app import App
from bot.services.checkins import Answer
from bot.services.offers import note_asked
from bot.store import TABLES
from bot.store.checkins import CheckIn, Round
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState
from bot.store.members import Share
from tests.discord.scene import Scene, said, thread_texts

BOOKKEEPING = {
    "id", "community_id", "round_id", "offer_id", "subject_id", "key", "version", "priority", "attempt",
    "claim", "leased_until", "first_claimed_at", "not_before", "expires_at",
}  # fmt: skip
"""Columns that say nothing about a member: how rows are numbered, ordered and worked on."""


async def rows_about(app: App, *marks: str) -> dict[str, list[SQLModel]]:
    """Return, by table, all rows in which one of these texts stands in any column."""

    def read(session: Session) -> dict[str, list[SQLModel]]:
        found = {table.__name__: list(session.exec(select(table))) for table in TABLES}
        return {
            name: about
            for name, rows in found.items()
            if (about := [row for row in rows if any(mark in str(columns(row)) for mark in marks)])
        }

    return await app.database.run(read)


def columns(row: SQLModel) -> dict[str, Any]:
    """Return a row's values by column."""
    return {name: getattr(row, name) for name in type(row).model_fields}


def shown_in(file: str, value: Any) -> bool:
    """Tell whether an exported file holds a column's value."""
    if value is None or isinstance(value, bool):
        return True
    return (value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)) in file


async def test_everything_kept_about_a_member_can_be_taken_away_and_is_then_forgotten(scene: Scene) -> None:
    ada, offered, about_her = str(scene.ada.id), "Weaving-4e7d", "About-6c2a"
    words = ("Ahead-7f3a", "Hosts-9c1d", "Public-2b6e", "Mine-5a8f", offered, about_her)
    away = (scene.env.now() + timedelta(days=60)).date()
    choices: dict[str, Any] = {
        "zone": "Africa/Nairobi",
        "language": "en",
        "reminders": True,
        "reminder_hour": 11,
        "share": Share.ME,
    }
    await scene.begin()
    await scene.app.members.choose(scene.guild.id, scene.ada.id, **choices)
    await scene.app.members.choose(
        scene.guild.id, scene.ada.id, offer=offered, about=about_her, asks_a_month=10, keeps=True
    )
    await scene.app.database.run(lambda session: note_asked(session, scene.guild.id, [scene.ada.id], scene.env.now()))
    await scene.app.checkins.write(scene.guild.id, scene.ada.id, None, Answer(words[0], Share.ME, "tender"))
    card = await scene.open_round()
    await scene.check_in(scene.bo, card, "Bo's own words.")
    second = await scene.open_round()
    await scene.check_in(scene.ada, second, words[1], share="hosts", arriving=["glad"], need=True)
    third = await scene.open_round()
    await scene.later(days=3, hours=22)  # she is reminded
    await scene.check_in(scene.ada, third, words[2], share="everyone")
    post = next(each for each in scene.thread(third).history() if words[2] in str(each.components))
    await scene.bo.send(scene.thread(third), "I hear you.", reply_to=post)
    fourth = await scene.open_round()
    await scene.check_in(scene.ada, fourth, words[3])
    await scene.app.members.choose(scene.guild.id, scene.ada.id, away_until=away)
    bos = (await scene.app.members.export(scene.guild.id, scene.bo.id))["check_ins"]

    about = await rows_about(scene.app, ada, *words)
    file = json.dumps(await scene.app.members.export(scene.guild.id, scene.ada.id), ensure_ascii=False)

    assert {name: len(rows) for name, rows in about.items()} == {
        "Member": 1,
        "CheckIn": 4,
        "Delivery": 4,
        "Offer": 1,
        "OfferStem": 2,
    }
    assert [
        (name, column)
        for name, rows in about.items()
        for row in rows
        for column, value in columns(row).items()
        if column not in BOOKKEEPING and not shown_in(file, value)
    ] == []
    assert all(mark in file for mark in (*words, away.isoformat(), "Africa/Nairobi", "tender", "glad"))
    assert "Bo's own words." not in file
    assert str(scene.bo.id) not in file

    await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.tick()

    assert await rows_about(scene.app, ada, *words) == {}
    assert [said_by_kith for said_by_kith in public(scene) if scene.ada.mention in said_by_kith] == []
    assert (await scene.app.members.export(scene.guild.id, scene.bo.id))["check_ins"] == bos
    counted = await rows_about(scene.app, "answered")
    assert len(counted["CheckIn"]) == 5  # four without a name, and Bo's


def public(scene: Scene) -> list[str]:
    """Return every message of Kith's that others can reach, in any channel or thread."""
    stored = [each for channel in scene.env.backend.messages.values() for each in channel.values()]
    by_kith = [each for each in stored if not each.is_ephemeral and each.author_id == scene.env.backend.bot_user.id]
    assert any(each.components for each in by_kith)
    names = [str(channel.name) for channel in scene.env.backend.channels.values()]
    return [*(f"{each.content} {each.components} {each.embeds}" for each in by_kith), *names]


@asynccontextmanager
async def apart(scene: Scene, hers: set[int]) -> AsyncGenerator[None]:
    """Note which requests answered the member who writes, and so went to nobody else."""
    before = len(scene.env.http_requests)
    yield
    after = range(before, len(scene.env.http_requests))
    answers = ("/interactions/", "/webhooks/")
    hers.update(number for number in after if scene.env.http_requests[number].path.startswith(answers))


async def everything_answered_to(scene: Scene, actor: MemberActor) -> str:
    """Run every command as a member, press every button that comes, and return all that was answered."""
    answered: list[str] = []
    for command in sorted(scene.bot.tree.walk_commands(), key=lambda each: each.qualified_name):
        if isinstance(command, app_commands.Command):
            options = dict(filled(command))
            try:
                result = await actor.slash(scene.circles, command.qualified_name, **options)
            except (BackendError, SetupError):  # not offered to this member
                continue
            answered += [whole(result), *[text async for text in behind(actor, result)]]
    return "\n".join(answered)


def filled(command: "app_commands.Command[Any, ..., Any]") -> Iterator[tuple[str, Any]]:
    """Return something for each option a command requires."""
    for option in command.parameters:
        if option.required:
            yield option.name, option.choices[0].value if option.choices else 1 if option.type.value == 4 else "1"


async def behind(actor: MemberActor, result: InteractionResult) -> AsyncIterator[str]:
    """Press each button of an answer in turn, coming back to the same message where it is a panel."""
    pressed: set[str] = set()
    while result.response is not None:
        names = [name for name in custom_ids(result.response.components) if name not in pressed]
        if not names:
            return
        pressed.add(names[0])
        yield whole(await actor.click(result.response, custom_id=names[0])) + whole(result)


def custom_ids(components: list[dict[str, Any]]) -> list[str]:
    """Return the names of the buttons in a message, outermost first; those that change things for good last."""
    found: list[str] = []
    for part in components:
        if part.get("type") == 2 and "custom_id" in part and not part.get("disabled"):
            found.append(part["custom_id"])
        found += custom_ids([*part.get("components", []), *([part["accessory"]] if part.get("accessory") else [])])
    return [name for name in found if not name.endswith((":forget", ":end", ":begin"))]


def whole(result: InteractionResult) -> str:
    """Return all that an answer consists of: text, components, forms."""
    parts = [result.response] if result.response else []
    return "\n".join([said(result), str(result.modal), *[str(each.components) for each in [*parts, *result.followups]]])


async def test_words_for_hosts_or_for_oneself_show_up_nowhere_else(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ahead, hosts, mine, late = hers_alone = ("ahead-41c7aa", "hosts-90be12", "mine-77d0f3", "late-3e55b8")
    marks = (*hers_alone, beside := "beside-6b08ce")
    hers: set[int] = set()
    await scene.begin()
    async with apart(scene, hers):
        form = await scene.ada.slash(scene.circles, "checkin")
        await scene.ada.submit_modal(form, {"words": ahead, "share": "me"})
    for words, share in ((None, ""), (mine, "me"), (late, "me"), (hosts, "hosts")):
        card = await scene.open_round()
        await scene.check_in(scene.bo, card, "For all to read.")
        if words == late:
            await scene.later(days=4, hours=1)
            card = scene.message(scene.checkins, card.id)
        if words is not None:
            async with apart(scene, hers):
                form = await scene.ada.click(card, label="Check in late" if words == late else "Check in")
                await scene.ada.submit_modal(form, {"words": words, "share": share, "need": True})
        if words == hosts:
            async with apart(scene, hers):
                await scene.check_in(scene.member("cleo"), card, beside, share="me")
    await scene.later(days=4, hours=1)

    bos = await everything_answered_to(scene, scene.bo)
    hosts_own = await everything_answered_to(scene, scene.host)
    admins = await everything_answered_to(scene, scene.admin)
    exports = [
        str(await scene.app.members.export(scene.guild.id, each.id)) for each in (scene.bo, scene.host, scene.admin)
    ]
    async with apart(scene, hers):
        adas = await everything_answered_to(scene, scene.ada)

    assert [mark for mark in marks if mark in adas] == list(hers_alone)  # she reads them all herself
    assert [mark for mark in marks if mark in bos] == []
    assert [mark for mark in marks if mark in hosts_own] == [hosts]
    assert [mark for mark in marks if mark in admins] == [hosts]  # who manages the server is a host too
    assert [mark for mark in marks if mark in "".join([*public(scene), *exports])] == []
    assert [mark for mark in marks if mark in caplog.text] == []
    told = {mark for number, text in requests(scene) if number not in hers for mark in marks if mark in text}
    assert told == {hosts}  # to the hosts, in their panel
    to_all = [text for _number, text in requests(scene) if "/channels/" in text.split(" ")[0]]
    assert to_all != []
    assert [mark for mark in marks for text in to_all if mark in text] == []


def requests(scene: Scene) -> list[tuple[int, str]]:
    """Return every request Kith made, numbered: path and all it carried."""
    return [(number, f"{each.path} {vars_of(each)}") for number, each in enumerate(scene.env.http_requests)]


def vars_of(request: Any) -> str:
    """Return all that a request carried."""
    return " ".join(str(getattr(request, name)) for name in dir(request) if not name.startswith("_"))


async def undo_record(app: App, kind: DeliveryKind) -> None:
    """Put the rows back to the moment before the first saying of a kind was recorded, as a crash would leave them."""

    def undo(session: Session) -> None:
        first = col(Delivery.key) == "0"
        said_once = session.exec(select(Delivery).where(col(Delivery.kind) == kind, first)).one()
        said_once.state, said_once.claim = DeliveryState.CLAIMED, "gone"
        said_once.leased_until, said_once.settled_at = said_once.first_claimed_at, None
        said_once.channel_id = said_once.message_id = None
        if kind is DeliveryKind.WEAVING:
            session.get_one(Round, said_once.subject_id).weaving_id = None
            return
        check_in = session.get_one(CheckIn, said_once.subject_id)
        check_in.message_id = None
        assert check_in.round_id is not None
        session.get_one(Round, check_in.round_id).threaded = False

    await app.database.run(undo)


@pytest.mark.parametrize("how", ["kept for herself", "taken back", "forgotten"])
async def test_a_post_that_was_said_but_not_recorded_is_found_and_removed(scene: Scene, how: str) -> None:
    await scene.begin()
    card = await scene.open_round()
    answer = await scene.check_in(scene.ada, card, "Before the crash.")
    await undo_record(scene.app, DeliveryKind.CHECK_IN)

    if how == "kept for herself":
        await scene.check_in(scene.ada, card, "Before the crash.", share="me")
    if how == "taken back":
        assert answer.response is not None
        await scene.ada.click(answer.response, label="Take it back")
    if how == "forgotten":
        await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.tick()

    assert thread_texts(scene, card) == []


async def test_a_weaving_that_was_said_but_not_recorded_is_found_and_drawn_again(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "Heard.")
    await scene.later(days=4, hours=1)
    await undo_record(scene.app, DeliveryKind.WEAVING)

    await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.tick()

    weavings = [each.text for each in scene.messages(scene.checkins) if "woven" in each.text]
    assert len(weavings) == 1
    assert "taken back" in weavings[0]
    assert scene.ada.mention not in weavings[0]


async def test_late_words_made_private_leave_the_thread_and_the_weaving(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.bo, card, "In time.")
    await scene.later(days=4, hours=1)
    for share in ("everyone", "hosts"):
        form = await scene.ada.click(scene.message(scene.checkins, card.id), label="Check in late")
        await scene.ada.submit_modal(form, {"words": "Late.", "share": share})
        woven = scene.messages(scene.checkins)[-1].text
        assert (scene.ada.mention in woven) is (share == "everyone")

    assert len(thread_texts(scene, card)) == 1


async def test_words_taken_back_after_the_weaving_leave_it_too(scene: Scene) -> None:
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.bo, card, "Staying.")
    answer = await scene.check_in(scene.ada, card, "Going.")
    await scene.later(days=4, hours=1)
    assert answer.response is not None

    await scene.ada.click(answer.response, label="Take it back")

    woven = scene.messages(scene.checkins)[-1].text
    assert scene.bo.mention in woven
    assert scene.ada.mention not in woven
    assert len(thread_texts(scene, card)) == 1


async def test_an_export_holds_nothing_of_other_communities(app: App) -> None:
    await app.checkins.write(1, 77, None, Answer("Here.", Share.ME))
    await app.checkins.write(2, 77, None, Answer("There.", Share.ME))

    here = json.dumps(await app.members.export(1, 77))

    assert "Here." in here
    assert "There." not in here
