"""What services keep of check-ins."""

from datetime import timedelta

import pytest

from bot.app import App
from bot.errors import Refusal
from bot.services.checkins import Answer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.members import Share
from tests.fakes import FixedClock

HERE = 1000
ADA = 11
ADMIN = Person(1, manages=True)


async def open_round(app: App, clock: FixedClock) -> int:
    """Begin, let the first round open, and return its id."""
    await app.communities.choose(HERE, ADMIN, checkins_channel_id=2000)
    soon = clock.now() + timedelta(hours=1)
    await app.rhythms.set_first(HERE, ADMIN, Beat(weekday=soon.weekday(), at=soon.time()), request_id=1)
    await app.communities.begin(HERE, ADMIN)
    clock.advance(timedelta(hours=1))
    await app.checkins.tend()
    form = await app.checkins.form(HERE, ADA)
    assert form.round is not None
    assert form.round.id is not None
    return form.round.id


async def test_what_was_shared_with_hosts_stays_readable_when_the_next_round_opens(app: App, clock: FixedClock) -> None:
    round_id = await open_round(app, clock)
    await app.checkins.write(HERE, ADA, round_id, Answer("For the hosts.", Share.HOSTS))

    clock.advance(timedelta(days=7))
    await app.checkins.tend()

    _round, shared = await app.checkins.shared_with_hosts(HERE, ADMIN)
    assert [each.words for each in shared] == ["For the hosts."]


async def test_an_ended_rhythms_last_round_does_not_welcome_for_ever(app: App, clock: FixedClock) -> None:
    await open_round(app, clock)
    await app.rhythms.end(HERE, ADMIN, None)
    clock.advance(timedelta(days=5))
    await app.checkins.tend()

    with pytest.raises(Refusal, match="no check-in rhythm"):
        await app.checkins.form(HERE, ADA)


async def test_an_old_form_for_writing_ahead_never_replaces_an_answer_given_to_the_round(
    app: App, clock: FixedClock
) -> None:
    round_id = await open_round(app, clock)
    await app.checkins.write(HERE, ADA, round_id, Answer("My answer.", Share.EVERYONE))

    kept = await app.checkins.write(HERE, ADA, None, Answer("An older form.", Share.EVERYONE))

    assert kept.round is None
    form = await app.checkins.form(HERE, ADA, round_id)
    assert form.check_in is not None
    assert form.check_in.words == "My answer."
