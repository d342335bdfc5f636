"""What a community chooses, begins with, and is told about itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from bot.app import App, assemble
from bot.calendar import zone_suggestions
from bot.errors import Refusal
from bot.services.communities import SetUp, check_language, check_purpose, check_zone
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.rhythms import Rhythm
from tests.fakes import MONDAY_MORNING, FixedClock

HERE = 1000
ROOM = 2000
ADMIN = Person(1, manages=True)
OTHER_ADMIN = Person(2, manages=True)
MEMBER = Person(3)
ALL_WELL = {ROOM: True}


async def begun(app: App) -> SetUp:
    """Begin with one channel and the proposed rhythm."""
    await app.communities.start(HERE, ADMIN, zone="Europe/Berlin")
    await app.communities.choose(HERE, ADMIN, checkins_channel_id=ROOM)
    return await app.communities.begin(HERE, ADMIN)


async def test_starting_proposes_mondays_at_nine_in_the_communitys_zone(app: App) -> None:
    set_up = await app.communities.start(HERE, ADMIN, zone="Europe/Berlin")

    assert set_up.rhythm is not None
    assert (set_up.rhythm.weekday, f"{set_up.rhythm.at:%H:%M}", set_up.rhythm.zone) == (0, "09:00", "Europe/Berlin")
    assert set_up.community.begun_at is None


async def test_starting_again_and_from_two_sides_proposes_one_rhythm(either_app: App) -> None:
    started = [either_app.communities.start(HERE, person) for person in (ADMIN, OTHER_ADMIN) * 4]

    panels = await asyncio.gather(*started)

    assert len(await either_app.rhythms.overview(HERE)) == 1
    assert all(panel.rhythm is not None for panel in panels)


async def test_a_rhythm_ended_before_begin_is_not_proposed_again(app: App) -> None:
    await app.communities.start(HERE, ADMIN)
    await app.rhythms.end(HERE, ADMIN, None)

    set_up = await app.communities.start(HERE, ADMIN)

    assert set_up.rhythm is None
    assert "choose the first rhythm" in set_up.missing


async def test_a_rhythm_moved_on_the_panel_is_the_same_rhythm(app: App) -> None:
    await app.communities.start(HERE, ADMIN)
    await app.rhythms.set_first(HERE, ADMIN, Beat(weekday=2), request_id=7)

    set_up = await app.communities.start(HERE, ADMIN)

    assert set_up.rhythm is not None
    assert set_up.rhythm.weekday == 2
    assert len(await app.rhythms.overview(HERE)) == 1


async def test_what_was_chosen_is_kept_and_another_zone_moves_the_rhythm(app: App) -> None:
    await app.communities.start(HERE, ADMIN)

    set_up = await app.communities.choose(HERE, ADMIN, zone="europe/berlin", purpose="  We keep\n practising. ")

    assert set_up.community.zone == "Europe/Berlin"
    assert set_up.community.purpose == "We keep practising."
    assert set_up.rhythm is not None
    assert set_up.rhythm.zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"zone": "Atlantis"}, "I don't know that time zone. Name a large city"),
        ({"zone": "Berl"}, "Did you mean Europe/Berlin"),
        ({"zone": " "}, "I don't know that time zone"),
        ({"language": "tlh"}, "I don't speak that language yet. Choose one of these: English"),
        ({"purpose": "x" * 301}, "A purpose fits in 300 characters; this one has 301."),
        ({"host_role_id": HERE}, "That role is everyone"),
        ({"bell_role_id": HERE}, "That role is everyone"),
        ({"calls_channel_id": 5}, "That channel is gone"),
    ],
)
async def test_a_choice_that_cant_be_kept_says_what_to_do_and_changes_nothing(
    app: App, choice: dict[str, str | int], sentence: str
) -> None:
    before = (await app.communities.choose(HERE, ADMIN, zone="Asia/Tokyo")).community.model_dump()

    with pytest.raises(Refusal, match=sentence):
        await app.communities.choose(HERE, ADMIN, channels=ALL_WELL, **choice)

    assert (await app.communities.find(HERE)).model_dump() == before


async def test_a_choice_refused_keeps_nothing_of_those_made_with_it(app: App) -> None:
    with pytest.raises(Refusal):
        await app.communities.start(HERE, ADMIN, zone="Asia/Tokyo", language="Klingon")

    assert (await app.communities.find(HERE)).zone == "UTC"


def test_every_zone_is_known_by_its_name_and_well_known_cities_by_theirs() -> None:
    assert [check_zone(zone) for zone in zone_suggestions("")] == zone_suggestions("")
    assert check_zone("berlin") == "Europe/Berlin"
    assert check_zone(" Buenos Aires ") == "America/Argentina/Buenos_Aires"


def test_a_language_is_known_by_code_and_by_name() -> None:
    assert check_language("en") == check_language("English") == "en"


def test_a_purpose_loses_what_cant_be_seen() -> None:
    assert check_purpose("\u202eWe\u200b mend\x00 things") == "We mend things"


async def test_someone_who_doesnt_manage_the_server_can_do_none_of_it(app: App) -> None:
    await begun(app)

    for tried in (
        app.communities.start(HERE, MEMBER),
        app.communities.choose(HERE, MEMBER, zone="Asia/Tokyo"),
        app.communities.set_up(HERE, MEMBER),
        app.communities.preview(HERE, MEMBER),
        app.communities.begin(HERE, MEMBER),
        app.communities.check(HERE, MEMBER),
    ):
        with pytest.raises(Refusal, match="Manage Server"):
            await tried
    assert (await app.communities.find(HERE)).zone == "Europe/Berlin"


async def test_begin_names_all_that_is_missing(app: App) -> None:
    with pytest.raises(Refusal, match=r"Not yet: choose a channel for check-ins.*; choose the first rhythm\."):
        await app.communities.begin(HERE, ADMIN)

    assert (await app.communities.find(HERE)).begun_at is None


@pytest.mark.parametrize(
    ("channels", "sentence"), [({}, "is gone"), ({ROOM: False}, "setup check shows what to allow")]
)
async def test_begin_waits_for_a_channel_in_which_it_can_do_its_work(
    app: App, channels: dict[int, bool], sentence: str
) -> None:
    await app.communities.start(HERE, ADMIN)
    await app.communities.choose(HERE, ADMIN, checkins_channel_id=ROOM)

    with pytest.raises(Refusal, match=sentence):
        await app.communities.begin(HERE, ADMIN, channels=channels)

    assert (await app.communities.begin(HERE, ADMIN, channels=ALL_WELL)).begun_now


async def test_two_admins_who_begin_at_once_begin_once(either_app: App) -> None:
    await either_app.communities.start(HERE, ADMIN)
    await either_app.communities.choose(HERE, ADMIN, checkins_channel_id=ROOM)

    begun = await asyncio.gather(*(either_app.communities.begin(HERE, each) for each in (ADMIN, OTHER_ADMIN) * 4))

    assert [each.begun_now for each in begun].count(True) == 1
    assert {each.community.begun_at for each in begun} == {MONDAY_MORNING}


async def test_the_preview_asks_what_the_first_round_will_ask(app: App, clock: FixedClock) -> None:
    await app.communities.start(HERE, ADMIN, zone="Europe/Berlin")
    await app.communities.choose(HERE, ADMIN, checkins_channel_id=ROOM)
    first, second = [(await app.communities.preview(HERE, ADMIN)).card for _look in range(2)]
    await app.communities.begin(HERE, ADMIN)

    assert first is not None
    assert second is not None
    assert first.round.question == second.round.question
    clock.set(first.round.opens_at)
    await app.checkins.tend()
    form = await app.checkins.form(HERE, MEMBER.member_id)
    assert form.round is not None
    assert (form.round.question, form.round.closes_at) == (first.round.question, first.round.closes_at)


async def test_there_is_no_preview_without_a_rhythm(app: App) -> None:
    with pytest.raises(Refusal, match="No check-in is coming yet"):
        await app.communities.preview(HERE, ADMIN)


async def test_the_outlook_shows_the_next_ten_things_once_it_has_begun(either_app: App) -> None:
    await either_app.communities.start(HERE, ADMIN)
    assert (await either_app.communities.check(HERE, ADMIN)).to_come == []

    await begun(either_app)
    outlook = await either_app.communities.check(HERE, ADMIN)

    assert [thing.what for thing in outlook.to_come] == ["open"] * 10
    assert outlook.to_come[0].at == datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    assert outlook.database.startswith(("SQLite 3.", "PostgreSQL 1"))


async def test_a_bot_that_was_sent_away_and_comes_back_goes_on_at_the_next_date(app: App, clock: FixedClock) -> None:
    await begun(app)
    await app.communities.left(HERE)
    clock.advance(timedelta(days=16))
    await app.checkins.tend()
    assert (await app.communities.check(HERE, ADMIN)).to_come == []

    await app.communities.returned(HERE)
    await app.checkins.tend()

    outlook = await app.communities.check(HERE, ADMIN)
    assert outlook.to_come[0].at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


async def test_several_processes_may_remember_the_same_thing_at_once(either_app: App) -> None:
    others = [
        assemble(either_app.database.url.render_as_string(hide_password=False), either_app.clock) for _ in range(3)
    ]

    await asyncio.gather(*(each.communities.remember("commands", "hash") for each in [either_app, *others] * 3))

    assert await either_app.communities.remembered("commands") == "hash"
    for each in others:
        each.database.close()


async def test_a_question_kept_from_a_preview_is_not_asked_when_another_rhythm_asked_it_meanwhile(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    first = (await app.communities.preview(HERE, ADMIN)).card
    assert first is not None
    kept = first.round.question_id
    tomorrow = clock.now() + timedelta(days=1)
    other = await app.rhythms.add(HERE, ADMIN, Beat(weekday=tomorrow.weekday(), at=tomorrow.time()), request_id=7)

    def already_asked(session: Session) -> None:
        session.get_one(Rhythm, other.rhythm.id).question_id = kept

    await app.database.run(already_asked)
    again = (await app.communities.preview(HERE, ADMIN)).card

    assert again is not None
    assert again.round.question_id != kept
