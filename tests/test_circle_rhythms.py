"""The circles a rhythm announces, and what they are about."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.app import App
from bot.calendar import Turn
from bot.circle_deck import our_circle_decks
from bot.deck import Element
from bot.services.circle_views import draw_theme
from bot.services.people import Person
from bot.services.rhythm_kinds import Holding
from bot.services.rhythms import Beat
from bot.store.circles import Circle, CircleState
from bot.store.communities import community_of
from bot.store.deliveries import DeliveryKind
from bot.store.rhythms import RhythmKind, Way
from tests.circle_rows import (
    ADA,
    DAY,
    HERE,
    HOST,
    HOUR,
    WEEK,
    at,
    begun,
    circles,
    planned,
    proposed,
    row,
    words,
)
from tests.fakes import MONDAY_MORNING, FixedClock

THURSDAY_TEN = Beat(weekday=3, at=time(10), zone="UTC")
"""First on 5 November, three days after MONDAY_MORNING."""


async def outcomes(*works: Awaitable[Any]) -> list[Any]:
    """Return what each of several simultaneous works returned or refused."""
    return await asyncio.gather(*works, return_exceptions=True)


async def of_rhythm(app: App, beat: Beat = THURSDAY_TEN, holding: Holding | None = None) -> int:
    """Add a rhythm of circles; return its id."""
    view = await app.rhythms.add(HERE, HOST, beat, 4000, RhythmKind.CIRCLE, holding or Holding(place_id=8, room=6))
    assert view.rhythm.id is not None
    return view.rhythm.id


def days(app: App) -> list[str]:
    """Return the dates circles were announced for, in that order."""
    return [each.starts_at.date().isoformat() for each in circles(app)]


async def test_a_rhythm_announces_each_circle_a_week_ahead_and_once(either_app: App, clock: FixedClock) -> None:
    await begun(either_app)
    rhythm_id = await of_rhythm(either_app)

    await outcomes(either_app.circles.tend(), either_app.circles.tend())
    assert days(either_app) == ["2026-11-05"]  # it is new, and so announced late
    await at(either_app, clock, datetime(2026, 11, 5, 9, 59, tzinfo=UTC))
    assert days(either_app) == ["2026-11-05"]
    for minutes in range(5):
        await at(either_app, clock, datetime(2026, 11, 5, 10, minutes, tzinfo=UTC))
    assert days(either_app) == ["2026-11-05", "2026-11-12"]

    circle = circles(either_app)[1]
    assert (circle.rhythm_id, circle.way, circle.place_id, circle.room) == (rhythm_id, Way.LIVE, 8, 6)
    assert circle.starts_at == datetime(2026, 11, 12, 10, tzinfo=UTC)


async def test_the_circles_of_a_rhythm_with_a_link_are_live_and_meet_there(either_app: App) -> None:
    await begun(either_app)
    await of_rhythm(either_app, holding=Holding(link="https://meet.example/hearth"))

    await either_app.circles.tend()

    [circle] = circles(either_app)
    assert (circle.way, circle.place_id, circle.link) == (Way.LIVE, None, "https://meet.example/hearth")


async def test_a_monthly_rhythm_is_announced_a_week_ahead_too(app: App, clock: FixedClock) -> None:
    await begun(app)
    await of_rhythm(app, Beat(weekday=3, at=time(10), zone="UTC", turn=Turn.MONTH, nth=3))

    for number in range(90):
        await at(app, clock, MONDAY_MORNING + number * DAY)

    announced = [planned(app, each.id or 0, DeliveryKind.CIRCLE)[0].due_at.date() for each in circles(app)]
    assert days(app) == ["2026-11-19", "2026-12-17", "2027-01-21"]
    assert [day.isoformat() for day in announced] == ["2026-11-13", "2026-12-11", "2027-01-15"]


async def test_kith_off_for_weeks_announces_no_circle_that_is_over(app: App, clock: FixedClock) -> None:
    await begun(app)
    await of_rhythm(app)
    await app.circles.tend()

    for _tick in range(2):
        await at(app, clock, MONDAY_MORNING + 4 * WEEK)

    assert days(app) == ["2026-11-05", "2026-12-03"]
    first = circles(app)[0]
    assert (first.state, words(app, first.id or 0)) == (CircleState.CANCELLED, [])


@pytest.mark.parametrize("what", ["skip", "pause", "move"])
async def test_a_skipped_paused_or_moved_rhythm_leaves_the_announced_circle_alone(
    app: App, clock: FixedClock, what: str
) -> None:
    await begun(app)
    rhythm_id = await of_rhythm(app)
    await app.circles.tend()

    if what == "skip":
        await app.rhythms.skip_once(HERE, HOST, rhythm_id)
    if what == "pause":
        await app.rhythms.pause(HERE, HOST, rhythm_id, date(2026, 11, 27))
    if what == "move":
        await app.rhythms.move(HERE, HOST, rhythm_id, Beat(weekday=4))
    for number in range(30):
        await at(app, clock, MONDAY_MORNING + number * DAY)

    assert days(app)[:2] == ["2026-11-05", {"skip": "2026-11-19", "pause": "2026-12-03", "move": "2026-11-13"}[what]]
    assert len(set(days(app))) == len(days(app))


async def test_a_theme_touches_the_driest_element_and_does_not_come_back_within_26_weeks(
    app: App, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(app)
    deck = our_circle_decks()
    drawn: list[str] = []
    for _number in range(20):
        circle_id = await proposed(app, within=HOUR)
        drawn.append(row(app, circle_id).theme_id or "")
        clock.advance(HOUR)
        await app.circling.begin(HERE, Person(ADA), circle_id)
        await app.circling.close(HERE, Person(ADA), circle_id)
        clock.advance(8 * DAY)
    assert len(set(drawn)) == 20

    def touch_all_but_learning(session: Session) -> None:
        for each in session.exec(select(Circle)):
            each.tag, each.theme_id = "sustainability", None
            each.starts_at = clock.now() - DAY

    def draw(session: Session) -> list[bool]:
        community = community_of(session, HERE, clock.now())
        themes = [draw_theme(session, community, clock.now()) for _number in range(60)]
        return [Element.LEARNING in each.elements for each in themes]

    app.database.run_now(touch_all_but_learning)
    of_all = sum(Element.LEARNING in theme.elements for each in drawn if (theme := deck.theme("en", each))) / 20
    always = random.Random(1)
    monkeypatch.setattr("bot.services.circle_views.random.Random", lambda: always)
    touching = app.database.run_now(draw)[0]
    assert of_all + 0.1 < sum(touching) / 60 < 1  # half of the time


async def test_a_cancelled_circles_theme_may_come_again(app: App) -> None:
    await begun(app)
    circle_id = await proposed(app)
    await app.circles.cancel(HERE, HOST, circle_id)
    themes = our_circle_decks()
    used = row(app, circle_id).theme_id

    for _number in range(19):
        await proposed(app)

    assert used is not None and themes.theme("en", used) is not None
    left = {each.theme_id for each in circles(app)[1:]}
    assert len(left) == 19


async def test_a_community_left_and_joined_again_hears_nothing_of_circles_that_are_past(
    app: App, clock: FixedClock
) -> None:
    await begun(app)
    circle_id = await proposed(app)
    await app.communities.left(HERE)
    await at(app, clock, MONDAY_MORNING + 30 * DAY)
    assert row(app, circle_id).state is CircleState.PLANNED

    await app.communities.returned(HERE)
    await app.circles.tend()

    assert row(app, circle_id).state is CircleState.CANCELLED
    assert words(app, circle_id) == []
