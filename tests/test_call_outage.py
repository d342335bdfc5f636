"""Calls while Discord, or Kith, is down: every overdue rung is said in order, late and saying so, and none twice."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.services.calls import NewCall
from bot.store.calls import Audience, Call, Help, Urgency
from bot.store.deliveries import DeliveryKind, DeliveryState
from tests.loopback.people import PRIVATE_THREAD, Channel, Guild
from tests.loopback.rest import Request
from tests.loopback.server import Loss
from tests.test_outage import ADMIN, OUTAGE, Place, place, texts, unavailable

__all__ = ["place"]

HERE = timedelta(minutes=4)
WORDS = "Who knows how to open a circle?"


async def community(place: Place, *offers: str) -> tuple[Guild, list[int]]:
    """Return a new community with a channel for calls, and a member for each of these offers."""
    guild = await place.community(opens_in=timedelta(days=6))
    await place.app.communities.choose(guild.id, ADMIN, calls_channel_id=guild.channel("calls").id)
    members = [place.server.add_member(guild).id for _offer in offers]
    for member_id, offer in zip(members, offers, strict=True):
        if offer:
            await place.app.members.choose(guild.id, member_id, offer=offer)
    return guild, members


async def send(place: Place, guild: Guild, caller_id: int, named: Sequence[int] = (), **choices: Any) -> Call:
    """Send a call that is needed today, to the people named if there are any."""
    usual: dict[str, Any] = {"audience": Audience.NAMED if named else Audience.EVERYONE}
    new = NewCall(WORDS, [Help.LISTEN], Urgency.TODAY, named=named, **usual | choices)
    preview = await place.app.calls.write(guild.id, caller_id, new)
    assert preview.call.id is not None
    return (await place.app.calls.send(guild.id, caller_id, preview.call.id)).call


def said(channel: Channel) -> list[str]:
    """Return what Kith said in a channel, without the cards' many lines."""
    return [text.replace("\n", " ") for text in texts(channel)]


@pytest.mark.parametrize("kith_is_up", [True, False])
async def test_two_days_later_every_overdue_rung_is_said_in_order_and_says_so(place: Place, kith_is_up: bool) -> None:
    guild, (ada, bo, cy) = await community(place, "", "opening circles", "drawing maps")
    await send(place, guild, ada)
    await place.later(HERE)
    before = len(place.server.requests)

    if kith_is_up:
        place.server.status_for = unavailable
        await place.later(OUTAGE, step=timedelta(hours=1))
        place.server.status_for = lambda _method, _path: None
    else:
        place.clock.advance(OUTAGE)
    await place.later(timedelta(minutes=30))

    (thread,) = guild.threads.values()
    first, others, caller = [each for each in said(thread) if "still with you" not in each]
    (still,) = [each for each in said(thread) if "still with you" in each]
    assert f"<@{bo}> offers *opening circles*" in first
    assert f"<@{cy}> offers other things" in others
    assert f"<@{ada}>, your call still stands" in caller
    _card, hosts = said(guild.channel("calls"))
    assert "has not met a person yet" in hosts
    late = ["This was to come" in each for each in (first, others, still, hosts, caller)]
    assert late == [False, True, True, True, True]
    sent = [each for each in place.posts(before) if each.status == 200 and "still with you" not in str(each.body)]
    assert [each.path.split("/")[2] for each in sent] == [
        str(thread.id),
        str(guild.channel("calls").id),
        str(thread.id),
    ]
    assert await place.ends(DeliveryKind.RUNG, guild) == [(DeliveryState.SENT, "")] * 4


async def test_receipts_that_are_lost_double_neither_a_private_thread_nor_what_is_said_in_it(place: Place) -> None:
    guild, (ada, bo) = await community(place, "", "")
    lost: list[str] = []

    def lose_the_first(request: Request) -> Loss | None:
        once = f"{request.method} {request.path} {request.body}"
        if request.method not in ("POST", "PUT") or once in lost:
            return None
        lost.append(once)
        return Loss.RESET

    place.server.lose_answer = lose_the_first
    await send(place, guild, ada, [bo])
    await place.later(timedelta(minutes=30))

    (thread,) = guild.threads.values()
    assert thread.kind == PRIVATE_THREAD
    assert set(thread.people) == {place.server.bot.id, ada, bo}
    card, asked = said(thread)
    assert WORDS in card
    assert f"<@{bo}>, <@{ada}> asks you by name." in asked
    assert texts(guild.channel("calls")) == []
    assert len(lost) >= 5


async def test_receipts_that_are_lost_double_no_card_no_thread_and_no_rung(place: Place) -> None:
    guild, (ada, _bo) = await community(place, "", "opening circles")
    place.server.lose_answer = lambda request: (
        Loss.CLOSED if request.method == "POST" and len(place.server.requests) % 2 else None
    )

    for audience in (Audience.EVERYONE, Audience.HOSTS):
        await send(place, guild, ada, audience=audience)
        await place.later(timedelta(minutes=30))

    place.server.lose_answer = lambda _request: None
    await place.later(timedelta(minutes=30))
    card, door = said(guild.channel("calls"))
    assert WORDS in card
    assert f"<@&{guild.role('host').id}> A call has come in for the hosts." in door
    public, private = (said(each) for each in guild.threads.values())
    assert len(public) == len(private) == 1
    assert "offers *opening circles*" in public[0]
    assert WORDS in private[0]


async def test_a_call_that_ended_before_it_could_be_posted_is_not_posted(place: Place) -> None:
    guild, (ada,) = await community(place, "")
    place.server.status_for = unavailable
    for named in ([], [5]):
        call = await send(place, guild, ada, named)
        await place.later(timedelta(minutes=10))
        await place.app.responses.gone(guild.id, ada)
        await place.later(timedelta(minutes=1))
        assert call.message_id is None

    place.server.status_for = lambda _method, _path: None
    await place.later(timedelta(minutes=30))

    assert texts(guild.channel("calls")) == []
    assert not guild.threads
    ends = await place.ends(DeliveryKind.CALL, guild)
    assert {state for state, _reason in ends} == {DeliveryState.SKIPPED}
