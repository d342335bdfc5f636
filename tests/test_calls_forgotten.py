"""What a member can take away of calls, their own and others', and what is left of them once they were forgotten."""

import json
from typing import Any

from simcord import MemberActor

from bot.services.calls import NewCall
from bot.services.people import Person
from bot.services.responses import Later
from bot.store.calls import Audience, Help, Response, Urgency
from tests.discord.scene import Scene
from tests.discord.test_keepers import let_a_turn_begin
from tests.test_privacy import BOOKKEEPING, columns, public, rows_about, shown_in

OF_CALLS = {"call_id", "rhythm_id", "request_id", "said", "turns", "answers"}
"""More columns that say nothing about a member: whose row it is, and how often something was said."""
OPEN, ANSWERED, WITHDRAWN = "Open-7f3a", "Answered-9c1d", "Withdrawn-2b6e"
DRAFT, NAMELESS, RELAYED, NAMED = "Draft-5a8f", "Nameless-41c7", "Relayed-90be", "Named-77d0"
LEARNED, OFFER = "Learned-3e55", "weaving-6b08"
WORDS = (OPEN, ANSWERED, DRAFT, NAMELESS, RELAYED, NAMED, LEARNED, OFFER)


async def send(scene: Scene, caller: MemberActor, words: str, *named: MemberActor, **choices: Any) -> int:
    """Send a call, see it said, and return its id."""
    usual: dict[str, Any] = {"audience": Audience.NAMED if named else Audience.EVERYONE}
    new = NewCall(words, [Help.HANDS], Urgency.WEEK, named=[each.id for each in named], **usual | choices)
    preview = await scene.app.calls.write(scene.guild.id, caller.id, new)
    assert preview.call.id is not None
    await scene.app.calls.send(scene.guild.id, caller.id, preview.call.id)
    await scene.tick()
    return preview.call.id


async def let_much_be_asked(scene: Scene) -> None:
    """Let Ada ask in every way: a call that is open, answered, withdrawn, a draft, nameless, and to somebody named."""
    place, ada, bo = scene.guild.id, Person(scene.ada.id), Person(scene.bo.id)
    await send(scene, scene.ada, OPEN)
    answered = await send(scene, scene.ada, ANSWERED)
    await scene.app.responses.with_you(place, bo, answered)
    await scene.app.callers.answered(place, ada, answered)
    await scene.app.callers.helped(place, ada, answered)
    await scene.app.callers.learned(place, ada, answered, LEARNED)
    withdrawn = await send(scene, scene.ada, WITHDRAWN)
    await scene.app.callers.withdraw(place, ada, withdrawn)
    nameless = await send(scene, scene.ada, NAMELESS, audience=Audience.NAMELESS)
    await scene.app.callers.relay(place, ada, nameless, RELAYED, 5)
    await send(scene, scene.ada, NAMED, scene.bo)
    await scene.app.calls.write(place, scene.ada.id, NewCall(DRAFT, [Help.LISTEN], Urgency.TODAY, Audience.EVERYONE))


async def let_much_be_answered(scene: Scene, cleo: MemberActor) -> None:
    """Let Ada answer in every way: with it, later, not me, handed back, done; named, thought of, and thinking."""
    place, ada, responses = scene.guild.id, Person(scene.ada.id), scene.app.responses
    await send(scene, scene.bo, "Who is weaving?")  # asked, and silent
    await responses.with_you(place, ada, await send(scene, scene.bo, "One."))
    await responses.later(place, ada, await send(scene, scene.bo, "Two."), Later.TOMORROW)
    await responses.not_me(place, ada, await send(scene, scene.bo, "Three."))
    handed_back = (await responses.with_you(place, ada, await send(scene, scene.bo, "Four."))).response
    assert handed_back is not None
    await responses.hand_back(place, ada, handed_back.id or 0)
    met = await send(scene, scene.bo, "Five.")
    done = (await responses.with_you(place, ada, met)).response
    assert done is not None
    await responses.done(place, ada, done.id or 0)
    await scene.app.callers.answered(place, Person(scene.bo.id), met)
    await responses.know_someone(place, Person(cleo.id), await send(scene, scene.bo, "Six."), ada)
    await responses.know_someone(place, ada, await send(scene, scene.bo, "Seven."), Person(cleo.id))
    await send(scene, scene.bo, "Eight.", scene.ada)
    await scene.app.members.choose(place, scene.ada.id, asks_a_month=1)
    await send(scene, cleo, "Nine.")  # as keeper she is asked all the same


async def begin(scene: Scene) -> None:
    """Set Kith up with Ada as keeper of calls, at noon, when people may be asked."""
    await let_a_turn_begin(scene, scene.ada)
    await scene.later(hours=(12 - scene.env.now().hour) % 24)
    await scene.app.members.choose(scene.guild.id, scene.ada.id, offer=OFFER, asks_a_month=10, about="Ada-1d2c")


async def test_a_members_part_in_calls_can_be_taken_away_and_is_then_forgotten_also_after_months(scene: Scene) -> None:
    ada, cleo = str(scene.ada.id), scene.member("cleo")
    await begin(scene)
    await let_much_be_asked(scene)
    await let_much_be_answered(scene, cleo)
    await scene.later(days=1)
    await scene.later(days=1)  # the keeper is asked

    about = await rows_about(scene.app, ada, *WORDS)
    file = json.dumps(await scene.app.members.export(scene.guild.id, scene.ada.id), ensure_ascii=False)

    assert set(about) == {"Member", "Offer", "OfferStem", "Call", "Response", "Relay", "KeeperTurn"}
    assert len(about["Response"]) >= 9
    assert [
        (name, column, value)
        for name, rows in about.items()
        for row in rows
        if not isinstance(row, Response) or row.member_id == scene.ada.id  # of whom she thought of, only that she did
        for column, value in columns(row).items()
        if column not in BOOKKEEPING | OF_CALLS and not shown_in(file, value)
    ] == []
    assert all(mark in file for mark in WORDS)
    assert '"people_you_thought_of": 1' in file
    assert "Seven." not in file
    said = "\n".join(public(scene))
    missing = [mark for mark in (*WORDS, "Ada-1d2c", "you keep calls this week") if mark not in said]
    assert missing == [DRAFT]
    assert WITHDRAWN not in said

    await scene.later(days=100)  # long after what was said of check-ins is tidied away
    await scene.app.members.forget(scene.guild.id, scene.ada.id)
    await scene.tick()

    assert await rows_about(scene.app, ada, *WORDS) == {}
    said = "\n".join(public(scene))
    left = [mark for mark in (scene.ada.mention, *WORDS, WITHDRAWN, "Ada-1d2c") if mark in said]
    assert left == []
    assert scene.bo.mention in said
    kept = json.dumps(await scene.app.members.export(scene.guild.id, scene.bo.id), ensure_ascii=False)
    assert all(f"{each}." in kept for each in ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"))

    await scene.app.members.forget(scene.guild.id, scene.bo.id)
    await scene.app.members.forget(scene.guild.id, cleo.id)
    await scene.tick()
    assert await rows_about(scene.app, str(scene.bo.id), str(cleo.id)) == {}
    left = [each for each in public(scene) if scene.bo.mention in each or cleo.mention in each]
    assert left == []
