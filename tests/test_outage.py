"""Discord down, refusing, slow or forgetful: Kith's own REST client against the loopback server, driven by hand."""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot import courier
from bot.app import App
from bot.client import KithBot
from bot.clock import SystemClock
from bot.services.checkins import Answer
from bot.services.people import Person
from bot.services.rhythms import Beat
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState
from bot.store.members import Share
from tests.fakes import FixedClock
from tests.loopback.launch import point_discord_at
from tests.loopback.limits import Limits
from tests.loopback.payloads import walk
from tests.loopback.people import Channel, Guild
from tests.loopback.rest import Request
from tests.loopback.server import Discord, Loss

ADMIN = Person(1, manages=True)
STEP = timedelta(minutes=2)
A_REST = timedelta(minutes=10)
WEEK_AGO = timedelta(days=7)
OUTAGE = timedelta(days=2)

_requests = itertools.count(1)


@dataclass
class Place:
    """Kith, a Discord and a clock, moved by the test. The clock is a week behind, so that it never passes Discord's."""

    server: Discord
    app: App
    bot: KithBot
    clock: FixedClock

    async def community(self, *, opens_in: timedelta = timedelta(minutes=1)) -> Guild:
        """Let Kith begin in a new community whose check-in opens then."""
        guild = self.server.add_guild()
        at = self.clock.now() + opens_in
        await self.app.communities.choose(
            guild.id,
            ADMIN,
            checkins_channel_id=guild.channel("check-ins").id,
            circles_channel_id=guild.channel("circles").id,
            host_role_id=guild.role("host").id,
        )
        beat = Beat(weekday=at.weekday(), at=at.time())
        await self.app.rhythms.set_first(guild.id, ADMIN, beat, next(_requests))
        await self.app.communities.begin(guild.id, ADMIN)
        return guild

    async def open_round(self) -> Guild:
        """Return a new community whose first card stands."""
        guild = await self.community()
        await self.later(timedelta(minutes=2))
        assert len(texts(guild.channel("check-ins"))) == 1
        return guild

    async def write(self, guild: Guild, words: Sequence[str]) -> None:
        """Let members write in the open round, one after the other."""
        form = await self.app.checkins.form(guild.id, 1)
        assert form.round is not None
        for each in words:
            member = self.server.add_member(guild)
            await self.app.checkins.write(guild.id, member.id, form.round.id, Answer(each, Share.EVERYONE))
            self.clock.advance(timedelta(seconds=1))

    async def later(self, time: timedelta, step: timedelta = STEP) -> None:
        """Let time pass, doing what falls due on the way."""
        await self.bot.tick()
        ends = self.clock.now() + time
        while self.clock.now() < ends:
            self.clock.advance(min(step, ends - self.clock.now()))
            await self.bot.tick()
        await self.bot.tick()  # what the last one planned

    async def deliveries(self, kind: DeliveryKind, guild: Guild) -> Sequence[Delivery]:
        """Return a community's deliveries of one kind."""
        wanted = select(Delivery).where(Delivery.kind == kind, Delivery.community_id == guild.id)
        return await self.app.database.run(lambda session: session.exec(wanted.order_by(col(Delivery.id))).all())

    async def ends(self, kind: DeliveryKind, guild: Guild) -> list[tuple[DeliveryState, str]]:
        """Return how a community's deliveries of one kind ended."""
        return [(each.state, each.reason) for each in await self.deliveries(kind, guild)]

    def posts(self, since: int = 0) -> list[Request]:
        """Return the messages Kith tried to send, from the ``since``-th request on."""
        return [
            each for each in self.server.requests[since:] if each.method == "POST" and each.path.endswith("/messages")
        ]


@pytest.fixture
async def place(app: App, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """Kith, logged in for REST only, on a Discord that works."""
    clock.set(SystemClock().now().replace(hour=9, minute=0, second=0, microsecond=0) - WEEK_AGO)
    monkeypatch.setattr(courier, "PER_SECOND", 1000)
    async with Discord(nonce_seconds=0) as server:
        point_discord_at(server.port, monkeypatch.setattr)
        bot = KithBot(app)
        await bot.login(server.token)
        yield Place(server, app, bot, clock)
        await bot.close()


def texts(channel: Channel) -> list[str]:
    """Return what stands in a channel, oldest first."""
    return ["\n".join(str(part.get("content", "")) for part in walk(message.components)) for message in channel.shown]


def thread(guild: Guild) -> list[str]:
    """Return what stands in the only thread."""
    (only,) = guild.threads.values()
    return texts(only)


def unavailable(_method: str, _path: str) -> int:
    """Answer everything with 503."""
    return 503


async def test_two_days_without_discord_lose_and_double_nothing(place: Place) -> None:
    guild = await place.open_round()
    missed = await place.community(opens_in=timedelta(hours=3))
    in_time = await place.community(opens_in=OUTAGE - timedelta(hours=1))
    words = [f"Word {number}." for number in range(8)]
    await place.write(guild, words)
    before = len(place.server.requests)

    place.server.status_for = unavailable
    await place.later(timedelta(hours=1), step=timedelta(minutes=1))
    await place.later(OUTAGE - timedelta(hours=1), step=A_REST)
    asked = len(place.server.requests) - before
    place.server.status_for = lambda _method, _path: None
    await place.later(timedelta(minutes=30))

    assert asked <= 3 * OUTAGE / timedelta(minutes=9)
    assert sorted(text.split("> ")[-1] for text in thread(guild)) == words
    assert len(texts(guild.channel("check-ins"))) == 1
    assert await place.ends(DeliveryKind.ROUND, missed) == [(DeliveryState.SKIPPED, "too-late")]
    (note,) = texts(missed.channel("check-ins"))
    assert "was not posted" in note
    assert len(texts(in_time.channel("check-ins"))) == 1
    assert "Open until" in texts(in_time.channel("check-ins"))[0]


async def test_a_server_that_cannot_be_reached_is_an_outage(place: Place) -> None:
    guild = await place.open_round()
    await place.write(guild, ["One.", "Two."])

    await place.server.stop()
    await place.later(timedelta(hours=3))
    await place.server.start()
    await place.later(timedelta(minutes=30))

    assert sorted(text.split("> ")[-1] for text in thread(guild)) == ["One.", "Two."]


async def test_words_that_were_changed_during_an_outage_are_shown_once_as_they_are_now(place: Place) -> None:
    guild = await place.open_round()
    await place.write(guild, ["First thought."])
    (member_id,) = {each.id for each in guild.members.values() if each.user.name.startswith("member")}
    form = await place.app.checkins.form(guild.id, member_id)
    assert form.round is not None

    place.server.status_for = unavailable
    await place.later(timedelta(hours=1))
    await place.app.checkins.write(guild.id, member_id, form.round.id, Answer("Second thought.", Share.EVERYONE))
    await place.later(timedelta(hours=1))
    place.server.status_for = lambda _method, _path: None
    await place.later(timedelta(minutes=30))

    assert [text.split("> ")[-1] for text in thread(guild)] == ["Second thought."]
    assert await place.ends(DeliveryKind.CHECK_IN, guild) == [(DeliveryState.SENT, "")] * 2


async def test_words_written_anew_while_their_removal_is_in_doubt_are_shown_once(place: Place) -> None:
    guild = await place.open_round()
    await place.write(guild, ["Taken back."])
    await place.later(timedelta(minutes=2))
    (posted,) = await place.deliveries(DeliveryKind.CHECK_IN, guild)
    (member_id,) = {each.id for each in guild.members.values() if each.user.name.startswith("member")}
    form = await place.app.checkins.form(guild.id, member_id)
    assert form.round is not None
    place.server.lose_answer = lambda request: Loss.CLOSED if request.method == "DELETE" else None

    await place.app.checkins.take_back(guild.id, member_id, posted.subject_id)
    await place.bot.tick()
    await place.app.checkins.write(guild.id, member_id, form.round.id, Answer("Written anew.", Share.EVERYONE))
    await place.later(timedelta(minutes=10))

    assert [text.split("> ")[-1] for text in thread(guild)] == ["Written anew."]
    assert {state for state, _reason in await place.ends(DeliveryKind.CHECK_IN, guild)} == {DeliveryState.SENT}


@pytest.mark.parametrize(("status", "reason"), [(403, "no-access"), (404, "channel-gone")])
async def test_a_refusal_is_asked_for_once_and_told_elsewhere(place: Place, status: int, reason: str) -> None:
    guild = await place.community()
    shut = f"/channels/{guild.channel('check-ins').id}"
    place.server.status_for = lambda _method, path: status if path.startswith(shut) else None

    await place.later(timedelta(hours=3))

    card, *notes = place.posts()
    assert card.path.startswith(shut)
    assert [each.path.startswith(shut) for each in notes] == [True, False]
    assert await place.ends(DeliveryKind.ROUND, guild) == [(DeliveryState.FAILED, reason)]
    (note,) = texts(guild.channel("circles"))
    assert "was not posted" in note
    assert f"<@&{guild.role('host').id}>" in note


async def test_hosts_are_told_elsewhere_even_when_telling_them_was_interrupted(place: Place) -> None:
    guild = await place.community()
    gone = guild.channel("check-ins")
    del guild.channels[gone.id], place.server.channels[gone.id]
    elsewhere = f"/channels/{guild.channel('circles').id}"
    place.server.status_for = lambda _method, path: 503 if path.startswith(elsewhere) else None
    await place.later(timedelta(minutes=4))

    place.server.status_for = lambda _method, _path: None
    await place.later(timedelta(minutes=30))

    assert len(texts(guild.channel("circles"))) == 1


async def test_a_receipt_that_is_lost_doubles_nothing(place: Place) -> None:
    guild = await place.open_round()
    lost: list[str] = []

    def lose_the_first(request: Request) -> Loss | None:
        is_post = request.method == "POST" and str(request.body) not in lost
        if is_post:
            lost.append(str(request.body))
        return Loss.RESET if is_post else None

    place.server.lose_answer = lose_the_first
    await place.write(guild, ["One.", "Two.", "Three."])
    await place.later(timedelta(minutes=30))

    assert len(lost) >= 4
    assert sorted(text.split("> ")[-1] for text in thread(guild)) == ["One.", "Three.", "Two."]


async def test_a_card_is_looked_for_where_it_went_even_when_the_hosts_chose_another_channel(place: Place) -> None:
    guild = await place.community()
    place.server.lose_answer = lambda request: Loss.RESET if request in place.posts() else None
    await place.later(timedelta(seconds=61), step=timedelta(seconds=61))

    await place.app.communities.choose(guild.id, ADMIN, checkins_channel_id=guild.channel("calls").id)
    place.server.lose_answer = lambda _request: None
    await place.later(timedelta(minutes=30))

    assert [len(texts(guild.channel(name))) for name in ("check-ins", "calls")] == [1, 0]
    assert await place.ends(DeliveryKind.ROUND, guild) == [(DeliveryState.SENT, "")]


async def test_without_read_message_history_a_card_in_doubt_is_left_to_the_hosts(place: Place) -> None:
    guild = await place.community()
    place.server.forbid(guild.channel("check-ins"), "read_message_history")
    place.server.lose_answer = lambda request: Loss.RESET if request in place.posts()[:1] else None

    await place.later(timedelta(minutes=30))

    card, note = texts(guild.channel("check-ins"))
    assert "Open until" in card
    assert "Read Message History" in note
    assert await place.ends(DeliveryKind.ROUND, guild) == [(DeliveryState.NEEDS_REVIEW, "unsure")]


async def test_without_read_message_history_peoples_words_are_sent_again(place: Place) -> None:
    guild = await place.open_round()
    await place.write(guild, ["Heard?"])
    place.server.forbid(guild.channel("check-ins"), "read_message_history")
    sent = len(place.posts())
    place.server.status_for = lambda method, path: (
        503 if method == "POST" and path.endswith("/messages") and len(place.posts()) == sent + 1 else None
    )

    await place.later(timedelta(minutes=30))

    assert [text.split("> ")[-1] for text in thread(guild)] == ["Heard?"]


async def test_a_card_in_doubt_that_someone_presses_a_button_on_gets_its_words_and_its_edits(place: Place) -> None:
    guild = await place.community()
    place.server.forbid(guild.channel("check-ins"), "read_message_history")
    place.server.lose_answer = lambda request: Loss.RESET if request in place.posts()[:1] else None
    await place.later(timedelta(minutes=30))
    card = guild.channel("check-ins").shown[0]
    form = await place.app.checkins.form(guild.id, 1)
    assert form.round is not None and form.round.id is not None

    await place.write(guild, ["Before."])
    await place.app.rounds.adopt_card(guild.id, form.round.id, card.channel.id, card.id)
    await place.later(timedelta(days=5), step=timedelta(hours=1))

    assert [text.split("> ")[-1] for text in thread(guild)] == ["Before."]
    assert "This round closed" in texts(guild.channel("check-ins"))[0]


async def test_discords_own_limits_are_kept_without_losing_or_doubling(place: Place) -> None:
    guild = await place.open_round()
    place.server.limits = Limits(everywhere=10, bucket=5, bucket_seconds=0.5)
    words = [f"Word {number:02}." for number in range(20)]

    await place.write(guild, words)
    await place.later(timedelta(minutes=10))

    refused = [each for each in place.server.requests if each.status == 429]
    assert sorted(text.split("> ")[-1] for text in thread(guild)) == words
    assert len(refused) <= 10


async def test_a_discord_too_slow_to_wait_for_doubles_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    guild = await place.open_round()
    monkeypatch.setattr(courier, "SEND_WITHIN", 0.2)
    place.server.latency = 0.25
    await place.write(guild, ["One.", "Two."])
    await place.later(timedelta(minutes=6))

    place.server.latency = 0.0
    await place.later(timedelta(minutes=30))

    assert sorted(text.split("> ")[-1] for text in thread(guild)) == ["One.", "Two."]
    assert await place.ends(DeliveryKind.CHECK_IN, guild) == [(DeliveryState.SENT, "")] * 2
