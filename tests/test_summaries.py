"""Rules of summaries: whose a draft is, what is published, and who is left out however late they say so."""

import asyncio

import pytest
from sqlmodel import Session, select

from bot.app import App
from bot.errors import Refusal
from bot.services.people import Person
from bot.services.summary_showing import SummaryView
from bot.services.summary_terms import Place, Terms
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.summaries import Heading, Summary
from bot.thread import Findings, Point, Somebody, Source
from tests.fakes import FixedClock
from tests.peers import ADA, BO, CLEO, DAY, HERE, HOST, HOST_ROLE

THERE = 501
THREAD, PARENT = 7_000, 10
PLACE = Place(THREAD, PARENT)
BOTH = Source(THREAD, 7_001, ADA), Source(THREAD, 7_002, BO)
FOUND = Findings(
    language="en",
    points=(
        Point(Heading.ASKED, "Person 1: “Who sings?”", BOTH[:1]),
        Point(Heading.ASKED, "Person 2: “Who dances?”", BOTH[1:]),
        Point(Heading.OPEN, "Person 1 and Person 2 look for a song.", BOTH),
    ),
    people=(Somebody(1, ADA, "Ada", spoke=True), Somebody(2, BO, "Bo", spoke=True)),
    messages=2,
)


@pytest.fixture(autouse=True)
def communities(either_app: App, clock: FixedClock) -> None:
    """Let Kith tend two communities whose hosts have the same role."""

    def write(session: Session) -> None:
        for each in (HERE, THERE):
            session.add(Community(id=each, host_role_id=HOST_ROLE, created_at=clock.now(), begun_at=clock.now()))

    either_app.database.run_now(write)


async def terms_of(app: App, person: Person = HOST) -> Terms:
    """Return on what terms somebody has the thread summarised."""
    return await app.summaries.terms(HERE, person, PLACE)


async def draft(app: App, person: Person = HOST, request_id: int = 1, findings: Findings = FOUND) -> int:
    """Keep a draft and return its id."""
    view = await app.summaries.keep(await terms_of(app, person), 7_002, findings, request_id)
    assert view.summary.id is not None
    return view.summary.id


def kept(app: App) -> list[int | None]:
    """Return the ids of all summaries there are."""
    return app.database.run_now(lambda session: [each.id for each in session.exec(select(Summary)).all()])[0]


def planned(app: App, kind: DeliveryKind) -> list[Delivery]:
    """Return what is to be said of a kind."""
    return app.database.run_now(lambda session: list(session.exec(select(Delivery).where(Delivery.kind == kind))))[0]


def words_of(view: SummaryView) -> list[str]:
    """Return the words of a summary's points."""
    return [point.words for point, _sources in view.points]


async def test_of_two_who_publish_at_once_one_does(either_app: App) -> None:
    drafts = [(HOST, await draft(either_app)), (Person(BO), await draft(either_app, Person(BO), 2))]

    published = await asyncio.gather(
        *[either_app.summaries.publish(HERE, person, each) for person, each in drafts], return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in published) == ["Refusal", "Summary"]
    assert len(await either_app.summaries.past(HERE, THREAD, [], 5)) == 1


async def test_a_draft_published_and_thrown_away_at_once_is_one_of_both(either_app: App) -> None:
    number = await draft(either_app)

    published, gone = await asyncio.gather(
        either_app.summaries.publish(HERE, HOST, number),
        either_app.summaries.discard(HERE, HOST, number),
        return_exceptions=True,
    )

    assert isinstance(published, Refusal) is (gone is True)
    assert kept(either_app) == ([] if gone else [number])


async def test_whoever_leaves_their_words_out_while_a_draft_is_made_is_not_in_it(either_app: App) -> None:
    terms = await terms_of(either_app)
    await either_app.members.choose(HERE, BO, left_out=True)

    view = await either_app.summaries.keep(terms, 7_002, FOUND, 1)

    assert words_of(view) == ["Person 1: “Who sings?”", "Person 1 and Person 2 look for a song."]
    assert [each.author_id for _point, sources in view.points for each in sources] == [ADA, ADA]
    assert (view.people[1].name, view.people[2].name, view.people[2].member_id) == ("Ada", "", None)


async def test_whoever_is_forgotten_while_their_summary_is_on_its_way_is_not_named_in_it(either_app: App) -> None:
    number = await draft(either_app, Person(BO))
    await either_app.summaries.publish(HERE, Person(BO), number)
    await either_app.members.forget(HERE, BO)

    [delivery, *_more] = planned(either_app, DeliveryKind.SUMMARY)
    view = await either_app.summary_cards.card(delivery)

    assert view.summary.asker_id is None
    assert [each.member_id for each in view.people.values()] == [ADA, None]
    assert "dances" not in str(words_of(view))


async def test_a_thread_made_confidential_while_a_draft_is_made_keeps_none(either_app: App) -> None:
    terms = await terms_of(either_app)
    first = await draft(either_app)
    await either_app.summaries.mark_confidential(HERE, THREAD)

    with pytest.raises(Refusal, match="confidential"):
        await either_app.summaries.keep(terms, 7_002, FOUND, 2)
    with pytest.raises(Refusal, match="confidential"):
        await either_app.summaries.remake(terms, first, 7_002, FOUND)
    assert kept(either_app) == []


async def test_no_summary_is_reached_from_another_server(either_app: App) -> None:
    number = await draft(either_app)
    summaries = either_app.summaries

    for asked in (
        summaries.find(THERE, HOST, number),
        summaries.again(THERE, HOST, number),
        summaries.edit(THERE, HOST, number, []),
        summaries.publish(THERE, HOST, number),
    ):
        with pytest.raises(Refusal, match="gone"):
            await asked
    assert not await summaries.discard(THERE, HOST, number)
    await summaries.sources_changed(THERE, [7_001])
    await summaries.thread_gone(THERE, THREAD)
    assert not (await summaries.publish(HERE, HOST, number)).outdated
    await summaries.messages_gone(THERE, [7_001])
    assert await summaries.past(THERE, THREAD, [PARENT], 5) == []
    assert [each.outdated for each in await summaries.past(HERE, THREAD, [], 5)] == [False]
    await summaries.mark_confidential(HERE, THREAD)
    await summaries.lift_confidential(THERE, HOST, THREAD)
    with pytest.raises(Refusal, match="confidential"):
        await terms_of(either_app)


async def test_a_draft_waits_for_a_day(either_app: App, clock: FixedClock) -> None:
    number = await draft(either_app)
    clock.advance(DAY / 2)
    await either_app.summaries.tend()
    assert kept(either_app) == [number]

    clock.advance(DAY / 2)
    await either_app.summaries.tend()

    assert kept(either_app) == []
    assert await draft(either_app, request_id=2) != number, "old buttons would press on it"


async def test_the_same_request_keeps_one_draft(either_app: App) -> None:
    assert await draft(either_app) == await draft(either_app)
    assert len(kept(either_app)) == 1


async def test_those_take_part_of_whose_words_the_last_summary_was_made(either_app: App) -> None:
    await either_app.summaries.publish(HERE, HOST, await draft(either_app, findings=FOUND))

    (await terms_of(either_app, Person(BO))).require_part([])
    with pytest.raises(Refusal, match="no words of yours"):
        (await terms_of(either_app, Person(CLEO))).require_part([ADA, None])
