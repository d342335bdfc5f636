"""What members choose, when reminders are planned, and what forgetting does to rows that are under way."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.app import App
from bot.calendar import Turn
from bot.courier import LEASE, Outage, Said
from bot.errors import Refusal
from bot.services.checkins import Answer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.checkins import CheckIn, CheckInKind
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState
from bot.store.members import Member, Share
from bot.store.offers import Offer, OfferStem
from tests.fakes import MONDAY_MORNING, FixedClock

HERE = 10
MIRA = Person(1, manages=True)
ADA = 20_000_000_000_000_001
BO = 20_000_000_000_000_002
OPENS = MONDAY_MORNING + timedelta(hours=1)
CLOSES = OPENS + timedelta(days=4)


class Listener:
    """A voice that says everything; ``meanwhile`` happens after Discord took it and before that is recorded."""

    def __init__(self, meanwhile: Callable[[Delivery], Awaitable[Any]] | None = None) -> None:
        self.heard: list[Delivery] = []
        self._meanwhile = meanwhile

    async def say(self, delivery: Delivery) -> Said:
        """Take note of a delivery."""
        self.heard.append(delivery)
        if self._meanwhile is not None:
            await self._meanwhile(delivery)
        return Said(30, 1000 + (delivery.id or 0))

    @property
    def reminded(self) -> list[str]:
        """The keys of the reminders heard."""
        return [each.key for each in self.heard if each.kind is DeliveryKind.REMINDER]


async def begin(app: App, clock: FixedClock) -> int:
    """Set a community up, open its first round, Monday 09:00 UTC, and post its card; return the round's id."""
    await app.communities.choose(HERE, MIRA, checkins_channel_id=30)
    await app.rhythms.set_first(HERE, MIRA, Beat(weekday=0, at=time(9), turn=Turn.WEEK), request_id=1)
    await app.communities.begin(HERE, MIRA)
    clock.set(OPENS)
    await app.checkins.tend()
    listener = Listener()
    await app.courier.tend(listener)
    return listener.heard[0].subject_id


async def rows(app: App, table: Any) -> list[Any]:
    """Return all rows of a table."""

    def read(session: Session) -> list[Any]:
        return list(session.exec(select(table)))

    return await app.database.run(read)


async def planned_reminders(app: App) -> list[Delivery]:
    """Return the reminders there are rows of, oldest first."""
    found = [each for each in await rows(app, Delivery) if each.kind is DeliveryKind.REMINDER]
    return sorted(found, key=lambda each: each.id)


async def test_a_reminder_is_planned_at_the_members_own_hour_six_hours_before_the_end_at_the_latest(
    app: App, clock: FixedClock
) -> None:
    await app.members.choose(HERE, ADA, reminders=True, zone="Asia/Tokyo", reminder_hour=8)
    await app.members.choose(HERE, BO, reminders=True, zone="Asia/Tokyo", reminder_hour=13)

    await begin(app, clock)

    due = {each.key: each.due_at for each in await planned_reminders(app)}
    assert due[str(ADA)] == datetime(2026, 11, 5, 23, tzinfo=UTC)  # Friday 08:00 in Tokyo
    assert due[str(BO)] == datetime(2026, 11, 5, 4, tzinfo=UTC)  # Friday 13:00 would be five hours before the end


@pytest.mark.parametrize("choices", [{"reminder_hour": 15}, {"zone": "America/New_York"}])
async def test_another_hour_or_zone_moves_the_reminder(app: App, clock: FixedClock, choices: dict[str, Any]) -> None:
    await begin(app, clock)
    await app.members.choose(HERE, ADA, reminders=True)
    before = await planned_reminders(app)

    await app.members.choose(HERE, ADA, **choices)

    after = await planned_reminders(app)
    assert len(after) == 1
    assert after[0].due_at != before[0].due_at


async def test_a_reminder_that_came_is_not_planned_again_in_its_round(either_app: App, clock: FixedClock) -> None:
    await begin(either_app, clock)
    await either_app.members.choose(HERE, ADA, reminders=True, reminder_hour=0)
    listener = Listener()
    clock.set(CLOSES - timedelta(hours=9))
    await either_app.courier.tend(listener)
    assert listener.reminded == [str(ADA)]

    await either_app.members.choose(HERE, ADA, reminders=False)
    await either_app.members.choose(HERE, ADA, reminders=True, reminder_hour=2)
    clock.set(CLOSES - timedelta(hours=1))
    await either_app.courier.tend(listener)

    assert listener.reminded == [str(ADA)]
    assert len(await planned_reminders(either_app)) == 1


async def test_a_reminder_on_its_way_is_not_planned_beside_itself(either_app: App, clock: FixedClock) -> None:
    await begin(either_app, clock)
    await either_app.members.choose(HERE, ADA, reminders=True, reminder_hour=0)

    async def change_the_hour(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.REMINDER:
            await either_app.members.choose(HERE, ADA, reminder_hour=2)

    listener = Listener(change_the_hour)
    clock.set(CLOSES - timedelta(hours=9))
    await either_app.courier.tend(listener)
    clock.set(CLOSES - timedelta(hours=1))
    await either_app.courier.tend(listener)

    assert listener.reminded == [str(ADA)]
    assert [each.state for each in await planned_reminders(either_app)] == [DeliveryState.SENT]


async def test_a_reminder_that_may_have_come_is_not_planned_anew(app: App, clock: FixedClock) -> None:
    await begin(app, clock)
    await app.members.choose(HERE, ADA, reminders=True, reminder_hour=0)

    async def lose_the_answer(_delivery: Delivery) -> None:
        raise Outage

    clock.set(CLOSES - timedelta(hours=9))
    await app.courier.tend(Listener(lose_the_answer))
    tried = await planned_reminders(app)
    await app.members.choose(HERE, ADA, reminder_hour=2)

    assert [each.attempt for each in tried] == [1]
    assert [(each.id, each.attempt) for each in await planned_reminders(app)] == [(tried[0].id, 1)]


async def test_the_next_round_has_a_reminder_of_its_own(app: App, clock: FixedClock) -> None:
    await begin(app, clock)
    await app.members.choose(HERE, ADA, reminders=True)
    listener = Listener()

    for day in range(12):
        clock.set(OPENS + timedelta(days=day))
        await app.checkins.tend()
        await app.courier.tend(listener)

    assert listener.reminded == [str(ADA)] * 2


async def test_forgetting_a_member_whose_reminder_is_on_its_way_brings_nothing_back(
    either_app: App, clock: FixedClock
) -> None:
    await begin(either_app, clock)
    await either_app.members.choose(HERE, ADA, reminders=True)

    async def forget(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.REMINDER:
            await either_app.members.forget(HERE, ADA)

    clock.set(CLOSES - timedelta(hours=9))
    await either_app.courier.tend(Listener(forget))
    clock.advance(LEASE * 2)
    later = Listener()
    await either_app.courier.tend(later)

    assert later.reminded == []
    assert await planned_reminders(either_app) == []
    assert await rows(either_app, Member) == []


async def test_forgetting_a_member_whose_post_is_on_its_way_takes_it_out_again(
    either_app: App, clock: FixedClock
) -> None:
    round_id = await begin(either_app, clock)
    await either_app.checkins.write(HERE, ADA, round_id, Answer("On its way.", Share.EVERYONE))

    async def forget(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.CHECK_IN and delivery.key == "0":
            await either_app.members.forget(HERE, ADA)

    listener = Listener(forget)
    await either_app.courier.tend(listener)

    assert [each.key for each in listener.heard] == ["0", "1"]  # posted, then looked at again: it has to go
    shown = await either_app.rounds.post(listener.heard[1])
    assert not shown.shown
    assert (shown.check_in.words, shown.check_in.member_id) == ("", None)


async def test_forgetting_while_the_weaving_is_on_its_way_draws_it_again(either_app: App, clock: FixedClock) -> None:
    round_id = await begin(either_app, clock)
    for member in (ADA, BO):
        await either_app.checkins.write(HERE, member, round_id, Answer("Yes.", Share.EVERYONE))
    await either_app.courier.tend(Listener())
    clock.set(CLOSES)
    await either_app.checkins.tend()

    async def forget(delivery: Delivery) -> None:
        if delivery.kind is DeliveryKind.WEAVING and delivery.key == "0":
            await either_app.members.forget(HERE, ADA)

    listener = Listener(forget)
    await either_app.courier.tend(listener)

    woven = [each for each in listener.heard if each.kind is DeliveryKind.WEAVING]
    assert [each.key for each in woven] == ["0", "1"]
    assert (await either_app.rounds.weaving(woven[1])).heard == [BO]


async def test_forgetting_keeps_a_count_without_a_name_and_twice_changes_nothing(
    either_app: App, clock: FixedClock
) -> None:
    round_id = await begin(either_app, clock)
    await either_app.checkins.write(HERE, ADA, round_id, Answer("Mine.", Share.ME, need=True))
    await either_app.checkins.write(HERE, ADA, None, Answer("Ahead.", Share.EVERYONE))
    await either_app.checkins.pass_by(HERE, BO, round_id)

    erased = [await either_app.members.forget(HERE, member) for member in (ADA, ADA, BO)]

    assert erased == [2, 0, 0]
    left = [(each.kind, each.member_id, each.words, each.need) for each in await rows(either_app, CheckIn)]
    assert sorted(left) == [(CheckInKind.ANSWERED, None, "", False), (CheckInKind.PASSED, None, "", False)]


async def test_two_forgotten_members_may_both_have_answered_one_round(either_app: App, clock: FixedClock) -> None:
    round_id = await begin(either_app, clock)
    for member in (ADA, BO):
        await either_app.checkins.write(HERE, member, round_id, Answer("Here.", Share.EVERYONE))
        await either_app.members.forget(HERE, member)

    await either_app.checkins.write(HERE, ADA, round_id, Answer("Here again.", Share.EVERYONE))

    assert len(await rows(either_app, CheckIn)) == 3


async def test_one_community_forgets_and_another_does_not(app: App, clock: FixedClock) -> None:
    await begin(app, clock)
    await app.members.choose(HERE, ADA, zone="Europe/Berlin")
    await app.members.choose(HERE + 1, ADA, zone="Asia/Tokyo")
    await app.checkins.write(HERE + 1, ADA, None, Answer("Elsewhere.", Share.EVERYONE))

    await app.members.forget(HERE, ADA)

    assert (await app.members.find(HERE, ADA)).zone == "UTC"
    assert (await app.members.find(HERE + 1, ADA)).zone == "Asia/Tokyo"
    assert (await app.members.find(HERE + 1, ADA)).check_ins == 1


async def test_today_is_the_members_own_when_they_go_away(app: App, clock: FixedClock) -> None:
    clock.set(datetime(2026, 11, 2, 20, tzinfo=UTC))  # Tuesday already in Auckland

    with pytest.raises(Refusal, match="after today"):
        await app.members.choose(HERE, ADA, zone="Pacific/Auckland", away_until=date(2026, 11, 3))
    me = await app.members.choose(HERE, ADA, away_until=date(2026, 11, 3))

    assert me.away_until is not None


async def test_a_member_is_back_on_the_day_they_named(app: App, clock: FixedClock) -> None:
    await app.members.choose(HERE, ADA, away_until=(clock.now() + timedelta(days=2)).date())

    clock.advance(timedelta(days=1))
    still_away = await app.members.find(HERE, ADA)
    clock.advance(timedelta(days=1))
    back = await app.members.find(HERE, ADA)

    assert still_away.away_until is not None
    assert back.away_until is None


async def test_my_words_are_newest_first_and_leave_out_what_was_taken_back(app: App, clock: FixedClock) -> None:
    await begin(app, clock)
    form = await app.checkins.form(HERE, ADA)
    assert form.round is not None
    first = await app.checkins.write(HERE, ADA, form.round.id, Answer("First.", Share.ME))
    clock.advance(timedelta(minutes=1))
    await app.checkins.write(HERE, ADA, None, Answer("Ahead.", Share.ME))

    both = await app.members.words(HERE, ADA, 0, 5)
    assert first.check_in.id is not None
    await app.checkins.take_back(HERE, ADA, first.check_in.id)
    left = await app.members.words(HERE, ADA, 0, 5)

    assert [(each.check_in.words, each.question) for each in both] == [
        ("Ahead.", None),
        ("First.", form.round.question),
    ]
    assert [each.check_in.words for each in left] == ["Ahead."]
    assert await app.members.words(HERE, ADA, 1, 5) == []
    assert await app.members.words(HERE, BO, 0, 5) == []


@pytest.mark.parametrize(
    ("choices", "sentence"), [({"about": "x" * 201}, "1 character over"), ({"asks_a_month": 7}, "from the list")]
)
async def test_choices_that_do_not_fit_are_refused(app: App, choices: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        await app.members.choose(HERE, ADA, zone="Asia/Tokyo", **choices)

    assert (await app.members.find(HERE, ADA)).zone == "UTC"


async def test_what_a_member_offers_is_theirs_to_take_away_and_forgotten_with_them(either_app: App) -> None:
    await either_app.members.choose(HERE, ADA, offer="Writing grants", about="A line\u202e of\nmine.", keeps=True)
    await either_app.members.choose(HERE, BO, offer="writing")

    kept = await either_app.members.export(HERE, ADA)
    await either_app.members.forget(HERE, ADA)

    assert kept["choices"]["about_me"] == "A line of mine."
    assert kept["offers"] == [{"words": "Writing grants", "found_by": ["grant", "write"], "last_asked_at": None}]
    assert [each.member_id for each in await rows(either_app, Offer)] == [BO]
    assert [each.member_id for each in await rows(either_app, OfferStem)] == [BO]
    assert (await either_app.members.export(HERE, ADA))["offers"] == []


async def test_unwanted_reminders_leave_no_row(app: App, clock: FixedClock) -> None:
    await begin(app, clock)
    await app.members.choose(HERE, ADA, reminders=True)

    await app.members.choose(HERE, ADA, reminders=False)

    def waiting(session: Session) -> int:
        return len(session.exec(select(Delivery).where(col(Delivery.key) == str(ADA))).all())

    assert await app.database.run(waiting) == 0


async def test_the_number_of_a_forgotten_delivery_is_not_given_to_another(either_app: App, clock: FixedClock) -> None:
    round_id = await begin(either_app, clock)
    await either_app.members.choose(HERE, ADA, reminders=True)
    forgotten = (await planned_reminders(either_app))[0]
    await either_app.members.forget(HERE, ADA)

    await either_app.checkins.write(HERE, BO, round_id, Answer("Next.", Share.EVERYONE))

    assert forgotten.id is not None
    assert max(each.id for each in await rows(either_app, Delivery)) > forgotten.id
