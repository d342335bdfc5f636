"""What members offer, and who is asked: those it fits, in turn, as often as they wish, awake and not away."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, text
from sqlmodel import Session, select

from bot.app import App
from bot.errors import Refusal
from bot.services.offers import Asked, check_offer, fair_asking, may_be_asked, note_asked, wakes_at
from bot.services.people import Person
from bot.store.calls import Call, Response
from bot.store.communities import community_of
from bot.store.offers import OfferStem
from tests.fakes import MONDAY_MORNING
from tests.test_hostile_text import HOSTILE

HERE = 10
MIRA = Person(1, manages=True)
ADA, BO, CLEO, DAN, EVE = range(101, 106)


async def offer(app: App, words: str, *members: int, **choices: Any) -> None:
    """Let members offer something, having made these choices."""
    for member_id in members:
        await app.members.choose(HERE, member_id, offer=words, **choices)


async def ask(app: App, wanted: str, now: datetime = MONDAY_MORNING, **options: Any) -> list[Asked]:
    """Return who would be asked in the community."""

    def found(session: Session) -> list[Asked]:
        given_options: dict[str, Any] = {"leave_out": (), **options}
        return fair_asking(session, community_of(session, HERE, now), wanted, now, **given_options)

    return await app.database.run(found)


async def ids(app: App, wanted: str, now: datetime = MONDAY_MORNING, **options: Any) -> list[int]:
    """Return the ids of those who would be asked."""
    return [each.member_id for each in await ask(app, wanted, now, **options)]


async def were_asked(app: App, member_id: int, *instants: datetime) -> None:
    """Note that a member was asked at these instants, each for a call of its own."""

    def note(session: Session) -> None:
        community_of(session, HERE, MONDAY_MORNING)
        for instant in instants:
            call = Call(community_id=HERE, written_at=instant)
            session.add(call)
            session.flush()
            assert call.id is not None
            session.add(Response(community_id=HERE, call_id=call.id, member_id=member_id, asked_at=instant))
            note_asked(session, HERE, [member_id], instant)

    await app.database.run(note)


async def rows(app: App, table: Any) -> list[Any]:
    """Return all rows of a table."""

    def read(session: Session) -> list[Any]:
        return list(session.exec(select(table)))

    return await app.database.run(read)


async def words_of(app: App, member_id: int) -> list[str]:
    """Return what a member offers."""
    return [each.words for each in (await app.members.find(HERE, member_id)).offers]


async def test_those_are_asked_whose_offers_share_a_word_and_are_told_which_offer_it_is(either_app: App) -> None:
    await offer(either_app, "bread", ADA)
    await offer(either_app, "Facilitating hard meetings", ADA)
    await offer(either_app, "facilitation", BO)
    await offer(either_app, "gardens", CLEO)

    asked = await ask(either_app, "Who facilitates a meeting with me?")

    assert asked == [Asked(ADA, "Facilitating hard meetings", "UTC"), Asked(BO, "facilitation", "UTC")]
    assert await ask(either_app, "the and of") == []
    assert await ask(either_app, "") == []


async def test_who_was_asked_longest_ago_is_asked_first(either_app: App) -> None:
    await offer(either_app, "budgets", ADA, BO, CLEO, DAN)
    await offer(either_app, "planning", CLEO)
    await were_asked(either_app, ADA, MONDAY_MORNING - timedelta(days=1))
    await were_asked(either_app, BO, MONDAY_MORNING - timedelta(days=9))

    first = await ids(either_app, "a budget and a plan")
    everyone = await ids(either_app, "a budget and a plan", limit=9)

    assert first == [CLEO, DAN, BO]
    assert everyone == [CLEO, DAN, BO, ADA]


async def test_an_offer_made_later_gives_nobody_a_better_turn(either_app: App) -> None:
    await were_asked(either_app, ADA, MONDAY_MORNING - timedelta(days=9))  # asked by name, without an offer
    await offer(either_app, "budgets", ADA, BO)

    assert await ids(either_app, "budget") == [BO, ADA]


async def test_nobody_is_asked_more_often_in_30_days_than_they_said(either_app: App) -> None:
    days = [MONDAY_MORNING - timedelta(days=each) for each in (1, 2, 29, 31)]
    await offer(either_app, "budgets", ADA, BO)
    await offer(either_app, "budgets", CLEO, asks_a_month=1)
    await offer(either_app, "budgets", DAN, asks_a_month=10)
    await offer(either_app, "budgets", EVE, asks_a_month=0)
    await were_asked(either_app, ADA, *reversed(days[1:]))
    await were_asked(either_app, BO, *reversed(days[:3]))
    await were_asked(either_app, CLEO, days[1])
    await were_asked(either_app, DAN, *reversed(days))

    asked = await ids(either_app, "budget", limit=9)

    assert asked == [ADA, DAN]
    allowed = {each: await allowed_to_ask(either_app, each) for each in (ADA, BO, CLEO, DAN, EVE, 999)}
    assert allowed == {ADA: True, BO: False, CLEO: False, DAN: True, EVE: False, 999: True}


async def allowed_to_ask(app: App, member_id: int, now: datetime = MONDAY_MORNING) -> bool:
    """Tell whether a member may be asked."""
    return await app.database.run(
        lambda session: may_be_asked(session, community_of(session, HERE, now), member_id, now)
    )


async def test_who_is_away_is_asked_again_on_the_day_they_named_in_their_own_zone(either_app: App) -> None:
    evening = datetime(2026, 11, 3, 20, tzinfo=UTC)  # Wednesday the 4th in Auckland, still the 3rd elsewhere
    wednesday = evening.date() + timedelta(days=1)
    await offer(either_app, "budgets", ADA, away_until=wednesday)
    await offer(either_app, "budgets", BO, away_until=wednesday, zone="Pacific/Auckland")

    assert await ids(either_app, "budget", evening) == [BO]
    assert [await allowed_to_ask(either_app, each, evening) for each in (ADA, BO)] == [False, True]
    assert await ids(either_app, "budget", evening + timedelta(hours=12)) == [ADA, BO]


async def test_people_are_asked_between_8_and_22_where_they_live(either_app: App) -> None:
    await either_app.communities.choose(HERE, MIRA, zone="Europe/Berlin")
    await offer(either_app, "budgets", ADA)
    await offer(either_app, "budgets", BO, zone="Asia/Tokyo")

    at = {hour: await ids(either_app, "budget", MONDAY_MORNING.replace(hour=hour)) for hour in (6, 7, 12, 13, 20, 21)}

    assert at == {6: [BO], 7: [ADA, BO], 12: [ADA, BO], 13: [ADA], 20: [ADA], 21: []}
    night = await ask(either_app, "budget", MONDAY_MORNING.replace(hour=21), asleep_too=True)
    assert [(each.member_id, each.zone) for each in night] == [(ADA, "Europe/Berlin"), (BO, "Asia/Tokyo")]


@pytest.mark.parametrize(
    ("zone", "now", "awake"),
    [
        ("UTC", datetime(2026, 11, 2, 8, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 2, 21, 59, tzinfo=UTC), datetime(2026, 11, 2, 21, 59, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 2, 22, tzinfo=UTC), datetime(2026, 11, 3, 8, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 2, 7, 59, 59, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 11, 2, 14, tzinfo=UTC), datetime(2026, 11, 2, 23, tzinfo=UTC)),
        (
            "Europe/Berlin",
            datetime(2026, 10, 24, 23, tzinfo=UTC),
            datetime(2026, 10, 25, 7, tzinfo=UTC),
        ),  # an hour more
        (
            "Pacific/Apia",
            datetime(2011, 12, 30, 9, tzinfo=UTC),
            datetime(2011, 12, 30, 18, tzinfo=UTC),
        ),  # a day skipped
    ],
)
def test_people_wake_at_the_next_8_o_clock_where_they_live(zone: str, now: datetime, awake: datetime) -> None:
    assert wakes_at(zone, now) == awake


async def test_with_anyone_those_follow_who_offer_something_else(either_app: App) -> None:
    await offer(either_app, "gardens", ADA, BO, CLEO)
    await offer(either_app, "budgets", CLEO, DAN)
    await either_app.members.choose(HERE, EVE, about="I offer nothing.")

    asked = await ask(either_app, "budget", leave_out={BO}, anyone=True, limit=9)

    assert [(each.member_id, each.why) for each in asked] == [(CLEO, "budgets"), (DAN, "budgets"), (ADA, "")]


async def test_what_is_offered_in_one_community_is_not_asked_for_in_another(either_app: App) -> None:
    await either_app.members.choose(HERE + 1, ADA, offer="budgets")

    assert await ids(either_app, "budget", anyone=True) == []
    assert await either_app.members.suggested_offers(HERE, BO, "") == []


async def test_however_many_cannot_be_asked_the_one_who_can_is_found(app: App) -> None:
    await offer(app, "budgets", *range(1000, 1020), asks_a_month=0)
    await offer(app, "budgets", 2000)

    assert await ids(app, "budget") == [2000]
    assert await ids(app, "zebras", anyone=True) == [2000]


async def test_another_language_finds_offers_by_its_own_stems(either_app: App) -> None:
    await offer(either_app, "Gärten", *range(1000, 1003))
    assert await ids(either_app, "ein Garten") == []

    await either_app.communities.choose(HERE, MIRA, language="de")

    assert await ids(either_app, "ein Garten") == [1000, 1001, 1002]
    await were_asked(either_app, 1000, MONDAY_MORNING)
    await either_app.communities.choose(HERE, MIRA, language="en")
    assert await ids(either_app, "Gärten") == [1001, 1002, 1000]
    assert len(await rows(either_app, OfferStem)) == 3


async def test_an_offer_stands_once_however_it_is_written(either_app: App) -> None:
    for words in ("Listening", "listening ", " LISTENING", "listening\nto\u202e stories"):
        await either_app.members.choose(HERE, ADA, offer=words)

    assert await words_of(either_app, ADA) == ["Listening", "listening to stories"]


async def test_a_sixth_offer_is_refused_with_what_to_do_and_keeps_nothing_beside_it(either_app: App) -> None:
    for words in ("one", "two", "three", "four", "five", "FIVE"):
        await either_app.members.choose(HERE, ADA, offer=words)

    with pytest.raises(Refusal, match="Take one back"):
        await either_app.members.choose(HERE, ADA, offer="six", zone="Asia/Tokyo")

    me = await either_app.members.find(HERE, ADA)
    assert [each.words for each in me.offers] == ["one", "two", "three", "four", "five"]
    assert me.zone == "UTC"


async def test_of_many_offers_at_once_five_are_kept(either_app: App) -> None:
    adding = [either_app.members.choose(HERE, ADA, offer=f"offer {number}") for number in range(8)]

    done = await asyncio.gather(*adding, return_exceptions=True)

    assert len(await words_of(either_app, ADA)) == 5
    assert [type(each) for each in done if isinstance(each, BaseException)] == [Refusal] * 3


async def test_an_offer_taken_back_is_gone_and_only_its_owner_takes_it_back(either_app: App) -> None:
    await offer(either_app, "budgets", ADA)
    number = (await either_app.members.find(HERE, ADA)).offers[0].id
    assert number is not None

    await either_app.members.take_back_offer(HERE, BO, number)
    await either_app.members.take_back_offer(HERE + 1, ADA, number)
    assert await ids(either_app, "budget") == [ADA]
    left = [await either_app.members.take_back_offer(HERE, ADA, number) for _press in range(2)]

    assert [each.offers for each in left] == [[], []]
    assert await rows(either_app, OfferStem) == []


@pytest.mark.parametrize(
    ("words", "sentence"), [("x" * 81, "1 character over"), ("x" * 90, "10 characters over"), (" \u200b\n", "no word")]
)
async def test_words_that_do_not_fit_are_refused(app: App, words: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        await app.members.choose(HERE, ADA, offer=words)


async def test_suggestions_are_what_others_offer_most_offered_first(either_app: App) -> None:
    await offer(either_app, "Budgets", ADA)
    await offer(either_app, "gardens", ADA, BO)
    await offer(either_app, "Gardens", CLEO)
    await offer(either_app, "bread", BO, EVE)

    assert await either_app.members.suggested_offers(HERE, DAN, "") == ["gardens", "bread", "Budgets"]
    assert await either_app.members.suggested_offers(HERE, DAN, " GARD") == ["gardens"]
    assert await either_app.members.suggested_offers(HERE, BO, "") == ["Budgets"]
    assert await either_app.members.suggested_offers(HERE, DAN, "\x00%_") == []


async def test_whatever_is_typed_an_offer_is_kept_on_one_line_or_refused(either_app: App) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.one_of(st.text(max_size=100), st.sampled_from(HOSTILE), st.just("\ufdfa" * 80)))
    def kept(typed: str) -> None:
        try:
            words = check_offer(typed)
        except Refusal:
            return
        assert 0 < len(words) <= 80
        assert "\n" not in words
        assert check_offer(words) == words
        typed_by_many.add(words)

    typed_by_many: set[str] = set()
    kept()
    for number, words in enumerate(sorted(typed_by_many)[:20]):
        await either_app.members.choose(HERE, 1000 + number, offer=words)
        assert await words_of(either_app, 1000 + number) == [words]


async def test_asking_walks_the_indexes_and_sorts_nothing(either_app: App) -> None:
    await offer(either_app, "budgets and gardens", ADA, BO)
    with statements(either_app) as asked:
        await ask(either_app, "budget, garden", anyone=True, limit=9)

    plans = [await plan_of(either_app, *each) for each in asked if "offer" in each[0]]

    assert len(plans) >= 4  # the first turns, a page for each word and one for anyone, and what the two offer
    for plan in plans:
        assert "SCAN offer" not in plan
        assert "SCAN response" not in plan
        assert "Seq Scan on" not in plan
    pages = [plan for plan in plans if "ix_offerstem_asked_at" in plan or "ix_offer_asked_at" in plan]
    assert len(pages) >= 4
    for plan in pages:
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan
        assert "ix_response_member_id" in plan or "wanted" in plan or "*VALUES*" in plan


@contextmanager
def statements(app: App) -> Generator[list[tuple[str, Any]]]:
    """Note the statements that reach the database meanwhile, with what they were given."""
    noted: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        noted.append((statement, parameters))

    event.listen(app.database.engine, "before_cursor_execute", note)
    yield noted
    event.remove(app.database.engine, "before_cursor_execute", note)


async def plan_of(app: App, statement: str, parameters: Any) -> str:
    """Return how the database goes about a statement; PostgreSQL as it would with many rows."""

    def explain(session: Session) -> str:
        connection: Connection = session.connection()
        if connection.dialect.name == "sqlite":
            return "\n".join(
                str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            )
        for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))

    return await app.database.run(explain)
