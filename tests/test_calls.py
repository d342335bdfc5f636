"""Calls while they are written, and what waits."""

import asyncio

import pytest

from bot.app import App
from bot.errors import Refusal
from bot.services.calls import FEWEST_PEOPLE, MEASURED, MOST_NAMED, NewCall
from bot.services.people import Person
from bot.services.responses import Later
from bot.store.calls import Audience, Call, CallState, Help, Response, Urgency
from bot.store.deliveries import Delivery
from tests.fakes import FixedClock
from tests.peers import ADA, ADMIN, BO, CLEO, DAN, DAY, EVE, FAY, HAL, HERE, HOST, HOUR, Peers, person

pytestmark = pytest.mark.usefixtures("hurried")
WORDS = NewCall("Who will listen?", [Help.HANDS, Help.LISTEN], Urgency.WEEK, Audience.EVERYONE)


@pytest.fixture
async def peers(app: App, clock: FixedClock) -> Peers:
    """A community in which nobody offers anything."""
    return await Peers(app, clock).begin()


async def test_a_draft_is_kept_and_written_over_until_it_is_sent_once(either_app: App, clock: FixedClock) -> None:
    peers = await Peers(either_app, clock).begin()
    calls = peers.app.calls

    first = await calls.write(HERE, ADA, NewCall("Hm", [], Urgency.TODAY, Audience.NAMED, [BO]))
    second = await calls.write(HERE, ADA, WORDS)
    assert first.call.id == second.call.id
    assert second.call.helps == [Help.LISTEN, Help.HANDS]
    assert peers.rows(Response) == []  # whom it named no longer counts

    sent = [await calls.send(HERE, ADA, second.call.id or 0) for _twice in range(2)]
    assert [each.again for each in sent] == [False, True]
    await peers.beat()
    assert peers.names(second.call.id or 0) == ["card"]


async def test_a_draft_is_seen_by_nobody_and_can_be_thrown_away(peers: Peers) -> None:
    call = (await peers.app.calls.write(HERE, ADA, WORDS)).call
    assert call.id is not None

    with pytest.raises(Refusal, match="not here for you"):
        await peers.app.responses.with_you(HERE, person(BO), call.id)
    with pytest.raises(Refusal, match="nothing to send"):
        await peers.app.calls.send(HERE, BO, call.id)
    assert not await peers.app.calls.discard(HERE, BO, call.id)
    assert await peers.app.calls.discard(HERE, ADA, call.id)
    assert not await peers.app.calls.discard(HERE, ADA, call.id)
    assert peers.rows(Call) == []
    with pytest.raises(Refusal, match="nothing to send"):
        await peers.app.calls.preview(HERE, ADA)


async def test_a_sent_call_can_not_be_thrown_away_or_changed(peers: Peers) -> None:
    call = await peers.call()

    assert not await peers.app.calls.discard(HERE, ADA, call)
    with pytest.raises(Refusal, match="stays as it is"):
        await peers.app.calls.change(HERE, ADA, call)


async def test_the_form_starts_with_the_draft_or_the_words_given(peers: Peers) -> None:
    named = NewCall("Who will listen?", [], Urgency.TODAY, Audience.NAMED, [BO, ADA, BO])
    await peers.app.calls.write(HERE, ADA, named)

    form = await peers.app.calls.form(HERE, ADA)
    assert form.draft is not None
    assert (form.draft.words, form.named) == ("Who will listen?", [BO])
    given = await peers.app.calls.form(HERE, ADA, words="From my check-in")
    assert (given.draft, given.words) == (None, "From my check-in")
    assert (await peers.app.calls.form(HERE, BO)).draft is None


async def test_a_preview_that_was_changed_elsewhere_since_is_not_sent(peers: Peers) -> None:
    seen = await peers.app.calls.write(HERE, ADA, WORDS)
    await peers.app.calls.write(HERE, ADA, NewCall("Something else", [], Urgency.WEEK, Audience.EVERYONE))

    with pytest.raises(Refusal, match="changed this call since"):
        await peers.app.calls.send(HERE, ADA, seen.call.id or 0, seen.edition)
    assert (await peers.app.calls.preview(HERE, ADA)).call.state is CallState.DRAFT


async def test_people_named_are_needed_and_at_most_ten(peers: Peers) -> None:
    nobody = await peers.app.calls.write(HERE, ADA, NewCall("Hm", [], Urgency.WEEK, Audience.NAMED, [ADA]))
    assert nobody.missing
    with pytest.raises(Refusal, match="nobody is named yet"):
        await peers.app.calls.send(HERE, ADA, nobody.call.id or 0)

    many = await peers.app.calls.write(HERE, ADA, NewCall("Hm", [], Urgency.WEEK, Audience.NAMED, range(200, 230)))
    assert len(many.named) == MOST_NAMED


@pytest.mark.parametrize(("words", "why"), [("  ", "no words"), ("x" * 1001, "1 character over")])
async def test_words_have_to_fit(peers: Peers, words: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        await peers.app.calls.write(HERE, ADA, NewCall(words, [], Urgency.WEEK, Audience.EVERYONE))
    assert peers.rows(Call) == []


async def test_calls_need_a_channel_and_that_kith_has_begun(peers: Peers) -> None:
    with pytest.raises(Refusal, match="not begun"):
        await peers.app.calls.form(HERE + 1, ADA)

    draft = await peers.app.calls.write(HERE, ADA, WORDS)
    await peers.app.communities.choose(HERE, ADMIN, calls_channel_id=None)
    for press in (
        peers.app.calls.form(HERE, ADA),
        peers.app.calls.write(HERE, ADA, WORDS),
        peers.app.calls.send(HERE, ADA, draft.call.id or 0),
    ):
        with pytest.raises(Refusal, match="no channel yet"):
            await press


async def test_sending_is_one_commit_with_what_is_to_be_said(peers: Peers) -> None:
    peers.offer("listening", BO)
    draft = await peers.app.calls.write(HERE, ADA, WORDS)
    assert peers.rows(Delivery) == []

    await peers.app.calls.send(HERE, ADA, draft.call.id or 0)

    assert [(each.kind.value, each.key) for each in peers.rows(Delivery)] == [("call", "0"), ("rung", "0")]


async def test_each_sees_the_calls_that_are_for_them_oldest_first(peers: Peers, clock: FixedClock) -> None:
    made: list[int] = []
    for audience in (Audience.EVERYONE, Audience.HOSTS, Audience.NAMED, Audience.NAMELESS):
        made.append(await peers.call(audience=audience, named=[BO]))
        clock.advance(HOUR)
    everyone, hosts, named, nameless = made

    seen = [
        [each.call.id for each in await peers.app.calls.waiting(HERE, one, 0, 25)]
        for one in (person(ADA), person(BO), person(CLEO), HOST)
    ]

    assert seen == [made, [everyone, named, nameless], [everyone, nameless], [everyone, hosts, nameless]]
    assert [each.call.id for each in await peers.app.calls.waiting(HERE, person(ADA), 1, 2)] == [hosts, named]
    assert await peers.app.calls.waiting(HERE + 1, HOST, 0, 25) == []
    assert [each.call.id for each in await peers.app.calls.own(HERE, ADA, 0, 25)] == made
    assert await peers.app.calls.own(HERE, BO, 0, 25) == []


async def test_private_calls_grow_by_nobody_who_may_not_see_them(peers: Peers) -> None:
    named = await peers.call(audience=Audience.NAMED, named=[BO])
    hosts = await peers.call(audience=Audience.HOSTS)

    with pytest.raises(Refusal, match="Only the people its caller named"):
        await peers.app.responses.know_someone(HERE, person(BO), named, person(DAN))
    with pytest.raises(Refusal, match="Only hosts"):
        await peers.app.responses.know_someone(HERE, HOST, hosts, person(DAN))
    await peers.app.responses.know_someone(HERE, HOST, hosts, Person(DAN, manages=True))


@pytest.mark.parametrize(("audience", "within", "outside"), [(Audience.NAMED, BO, HAL), (Audience.HOSTS, HAL, BO)])
async def test_a_private_call_is_only_for_those_it_is_for(
    peers: Peers, audience: Audience, within: int, outside: int
) -> None:
    call = await peers.call(audience=audience, named=[BO])

    for press in (
        peers.app.responses.with_you(HERE, person(outside), call),
        peers.app.responses.not_me(HERE, person(outside), call),
        peers.app.responses.later(HERE, person(outside), call, Later.DAYS),
        peers.app.responses.enter(HERE, person(outside), call),
    ):
        with pytest.raises(Refusal, match="not here for you"):
            await press
    await peers.with_you(call, within)


async def test_calls_of_another_community_are_not_there(peers: Peers) -> None:
    call = await peers.call()
    response = await peers.with_you(call, BO)

    with pytest.raises(Refusal, match="not here for you"):
        await peers.app.responses.with_you(HERE + 1, person(FAY), call)
    with pytest.raises(Refusal):
        await peers.app.responses.done(HERE + 1, person(BO), response)
    with pytest.raises(Refusal):
        await peers.app.callers.answered(HERE + 1, person(ADA), call)


async def test_ended_calls_do_not_wait(peers: Peers) -> None:
    call = await peers.call()
    await peers.with_you(call, BO)
    assert [each.with_it for each in await peers.app.calls.waiting(HERE, person(CLEO), 0, 25)] == [1]

    await peers.app.callers.answered(HERE, person(ADA), call)

    assert await peers.app.calls.waiting(HERE, person(CLEO), 0, 25) == []


async def test_measures_hide_what_is_too_few_to_show(peers: Peers, clock: FixedClock) -> None:
    responders = [BO, CLEO, DAN, EVE, FAY]
    for count, responder in enumerate(responders, 1):
        call = await peers.call()
        clock.advance(count * HOUR)
        await peers.with_you(call, responder)
        shown = await peers.app.calls.measures(HERE, HOST)
        hidden = (shown.first_answer, shown.answered, shown.responders) == (None, None, None)
        assert hidden == (count < FEWEST_PEOPLE)

    measures = await peers.app.calls.measures(HERE, HOST)
    assert (measures.open, measures.called, measures.responders) == (5, 5, 5)
    assert measures.first_answer == 3 * HOUR
    assert measures.answered == 0.0
    clock.advance(MEASURED + DAY)
    assert (await peers.app.calls.measures(HERE, HOST)).called == 0


async def test_measures_leave_out_calls_to_people_named_and_are_for_hosts(peers: Peers) -> None:
    await peers.call(audience=Audience.NAMED, named=[BO])

    measures = await peers.app.calls.measures(HERE, HOST)
    assert (measures.open, measures.oldest, measures.called) == (0, None, 0)
    with pytest.raises(Refusal, match="Hosts can"):
        await peers.app.calls.measures(HERE, person(BO))


async def test_sending_at_the_same_time_from_two_places_opens_one_call(either_app: App, clock: FixedClock) -> None:
    peers = await Peers(either_app, clock).begin()
    draft = await peers.app.calls.write(HERE, ADA, WORDS)

    sent = await asyncio.gather(*(peers.app.calls.send(HERE, ADA, draft.call.id or 0) for _twice in range(3)))
    await peers.beat()

    assert sorted(each.again for each in sent) == [False, True, True]
    assert peers.names(draft.call.id or 0) == ["card"]


async def test_one_who_writes_twice_at_the_same_time_has_one_draft(either_app: App, clock: FixedClock) -> None:
    peers = await Peers(either_app, clock).begin()

    await asyncio.gather(*(peers.app.calls.write(HERE, ADA, WORDS) for _twice in range(3)))

    assert len(peers.rows(Call)) == 1
