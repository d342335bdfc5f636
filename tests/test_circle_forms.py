"""The forms of circles: what they ask, what is read from them, and that they fit Discord in every language."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import pytest
from discord import ui

from bot.app import App
from bot.calendar import Slot, Turn
from bot.circle_deck import our_circle_decks
from bot.errors import Refusal
from bot.formats import Role, our_formats
from bot.language import speaking
from bot.services.people import Person
from bot.services.rhythm_kinds import Holding
from bot.services.rhythms import MOST_RHYTHMS, Beat, RhythmView
from bot.store.circles import Circle, Harvest
from bot.store.rhythms import Rhythm, RhythmKind, Way
from cogs import circle_forms, circle_lists
from cogs.rhythm_panels import list_panel, standing_words
from tests.discord.scene import text_of
from tests.fakes import MONDAY_MORNING
from tests.official import rule_problems
from tests.test_fits import sizes, spoken_languages

LONGEST_ZONE = "America/Argentina/ComodRivadavia"
HERE, HOST = 700, Person(1, manages=True)


def forms() -> Iterator[ui.Modal]:
    """Draw every form of circles, filled in as much as it can be."""
    circle = Circle(
        id=2**62, community_id=1, title="x", format_id="x", way=Way.LIVE, starts_at=MONDAY_MORNING + timedelta(days=9)
    )
    harvest = Harvest(
        circle_id=1, community_id=1, lines="x" * 900, question="x" * 300, thanks="x" * 300, written_at=MONDAY_MORNING
    )
    yield circle_forms.propose_form(2**62, LONGEST_ZONE, MONDAY_MORNING)
    yield circle_forms.propose_form(2**62, LONGEST_ZONE, MONDAY_MORNING, "https://" + "x" * 192, "x" * 100)
    yield circle_forms.move_form(circle, LONGEST_ZONE, MONDAY_MORNING)
    for role in Role:
        yield circle_forms.offer_form(2**62, role)
    yield circle_forms.harvest_form(2**62, harvest)
    yield circle_forms.harvest_form(2**62, None)
    yield circle_forms.wish_form(2**62)


@spoken_languages
def test_every_form_of_circles_fits(language: str) -> None:
    with speaking(language):
        for form in forms():
            drawn = form.to_dict()
            assert rule_problems("POST", "/interactions/1/t/callback", {"type": 9, "data": drawn}) == []
            assert list(sizes(drawn)) == []


@pytest.mark.parametrize("way", list(Way))
def test_whoever_takes_a_role_reads_what_that_role_asks_and_no_other(way: Way) -> None:
    circle = Circle(id=1, community_id=1, title="x", format_id="x", way=way, starts_at=MONDAY_MORNING)
    briefs = {role: our_circle_decks().brief("en", role) for role in Role}
    for role, brief in briefs.items():
        text = text_of(circle_lists.role_panel(circle, role, "Thank you.").to_components())

        assert [each for each in Role if briefs[each].what in text] == [role]
        assert all(f"- {each}" in text for each in brief.asks(live=way is Way.LIVE))


def test_the_time_to_move_is_there_as_the_member_s_clock_shows_it() -> None:
    circle = Circle(
        id=1, community_id=1, title="x", format_id="x", way=Way.LIVE, starts_at=MONDAY_MORNING + timedelta(days=1)
    )

    assert "2026-11-03 09:00" in str(circle_forms.move_form(circle, "Europe/Berlin", MONDAY_MORNING).to_dict())


def test_for_how_many_is_a_number_from_two_to_ninety_nine_or_nothing() -> None:
    assert circle_forms.read_room(" ") is None
    assert circle_forms.read_room(" 8 ") == 8
    for typed in ("1", "100", "eight", "-3", "٨", "2.5"):
        with pytest.raises(Refusal, match="from 2 to 99"):
            circle_forms.read_room(typed)


def test_a_link_is_a_whole_address() -> None:
    assert circle_forms.check_link("https://meet.example/room") == "https://meet.example/room"
    for typed in (
        "meet.example",
        "http://meet.example",
        "https://meet.example/a b",
        "https://" + "x" * 200,
        "https://" + "[" * 190,
    ):
        with pytest.raises(Refusal, match="begins with https"):
            circle_forms.check_link(typed)


async def begun(app: App, **choices: Any) -> None:
    """Set a community up."""
    await app.communities.choose(HERE, HOST, checkins_channel_id=701, **choices)


async def add(app: App, holding: Holding, kind: RhythmKind = RhythmKind.CIRCLE, request_id: int = 1) -> Any:
    """Add a rhythm for the first Tuesday of every month."""
    return await app.rhythms.add(HERE, HOST, Beat(weekday=1), request_id, kind, holding)


async def test_a_rhythm_of_circles_keeps_how_they_are_held_and_there_may_be_several(app: App) -> None:
    await begun(app, circles_channel_id=7)

    written = await add(app, Holding())
    live = await add(app, Holding("story-circle", place_id=9, room=8), request_id=2)
    again = await add(app, Holding("story-circle", place_id=9, room=8), request_id=2)
    elsewhere = await add(app, Holding("story-circle", link="https://meet.example/_hearth_"), request_id=3)

    assert (written.rhythm.format_id, written.rhythm.way) == ("check-in-circle", Way.WRITTEN)
    assert (live.rhythm.format_id, live.rhythm.way) == ("story-circle", Way.LIVE)
    assert (live.rhythm.place_id, live.rhythm.link, live.rhythm.room) == (9, "", 8)
    assert again.rhythm.id == live.rhythm.id
    assert (elsewhere.rhythm.way, elsewhere.rhythm.place_id) == (Way.LIVE, None)
    assert "Story circle · live at https://meet.example/_hearth_" in standing_words(elsewhere)
    assert len(await app.rhythms.overview(HERE)) == 3


@spoken_languages
def test_as_many_rhythms_as_there_may_be_with_the_longest_links_fit_in_one_list(language: str) -> None:
    slots = [Slot(MONDAY_MORNING.date() + timedelta(weeks=each), MONDAY_MORNING) for each in range(3)]
    rhythm = Rhythm(
        community_id=1,
        kind=RhythmKind.CIRCLE,
        weekday=3,
        every=12,
        turn=Turn.MONTH,
        nth=-1,
        anchor=MONDAY_MORNING.date(),
        at=time(18, 30),
        zone=LONGEST_ZONE,
        paused_until=date(2027, 9, 30),
        format_id="what-i-need-from-you",
        way=Way.LIVE,
        link=circle_forms.check_link("https://" + "_" * 192),
        room=99,
    )
    with speaking(language):
        panel = list_panel([RhythmView(rhythm, slots, slots, begun=False)] * MOST_RHYTHMS, host=True)

    drawn = {"components": panel.to_components(), "flags": 1 << 15}
    assert rule_problems("POST", "/channels/1/messages", drawn) == []


async def test_circles_need_their_channel_and_a_format_that_is_there(app: App) -> None:
    await begun(app)
    with pytest.raises(Refusal, match="no channel for circles"):
        await add(app, Holding())
    await begun(app, circles_channel_id=7)
    with pytest.raises(Refusal, match="don't know that format"):
        await add(app, Holding("dancing"))
    with pytest.raises(Refusal, match="belong to learning circles"):
        await add(app, Holding(room=8), RhythmKind.CHECKIN)
    with pytest.raises(Refusal, match="belong to learning circles"):
        await add(app, Holding(link="https://meet.example"), RhythmKind.CHECKIN)
    with pytest.raises(Refusal, match="Choose a channel, or write an address"):
        await add(app, Holding(place_id=9, link="https://meet.example"))
    for each in our_formats().all("en"):
        if not each.written:
            with pytest.raises(Refusal, match="does not suit"):
                await add(app, Holding(each.id))
    assert await app.rhythms.overview(HERE) == []


async def test_a_rhythm_of_circles_is_announced_a_week_before_as_the_outlook_says(app: App) -> None:
    await begun(app, circles_channel_id=7)
    await app.rhythms.set_first(HERE, HOST, Beat(weekday=3), 2)
    await app.communities.begin(HERE, HOST)

    view = await add(app, Holding())
    outlook = await app.communities.outlook(HERE, 40)

    announced = [each.at for each in outlook.to_come if each.what == "announce"]
    assert announced[:2] == [slot.instant - timedelta(days=7) for slot in view.coming[:2]]
    assert [each.what for each in outlook.to_come].count("turn") == 0
