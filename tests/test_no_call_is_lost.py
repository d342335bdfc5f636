"""No call is ever lost or forgotten, whatever members, Discord and the machine do, and in whatever order."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import col

from bot import courier
from bot.app import assemble
from bot.errors import Refusal
from bot.services.call_cards import CallWord
from bot.services.calls import NewCall
from bot.services.ladder import CALLER, HOSTS, KEEPER
from bot.services.people import Person
from bot.services.responses import Later
from bot.store.calls import Audience, Call, CallState, Help, Response, ResponseKind, Rung, Urgency
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.members import ASKS_A_MONTH
from tests.conftest import prepare
from tests.fakes import THOROUGH, FixedClock
from tests.peers import ADMIN, CHANNEL, HERE, HOST_ROLE, MINUTE, Peers, hurry

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland")
HOSTS_HERE = (107, 108)
PEOPLE = {
    member_id: Person(member_id, frozenset({HOST_ROLE} if member_id in HOSTS_HERE else ()))
    for member_id in range(101, 109)
}
MONTH = timedelta(days=30)
A_LONG_TIME = timedelta(days=30)

T = TypeVar("T")
someone = st.sampled_from(sorted(PEOPLE))
which = st.integers(0, 20)


class Community(RuleBasedStateMachine):
    """A community of eight, of whom two host and three take turns as keeper, and a Discord that may fail it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'kith.db'}"
        prepare(self.url)
        self.clock = FixedClock()
        self.app = assemble(self.url, self.clock)
        self.peers = Peers(self.app, self.clock)
        self.voice, self.rows = self.peers.voice, self.peers.rows
        self.channel = CHANNEL
        self.here = set(PEOPLE)
        self.tended = True
        self.away: dict[int, date] = {}
        self.zones = {member_id: ZONES[member_id % len(ZONES)] for member_id in PEOPLE}
        self.asked: dict[int, list[datetime]] = defaultdict(list)
        self.seen: set[int | None] = set()

    def run(self, work: Awaitable[T]) -> T:
        """Do something to its end."""

        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    def do(self, work: Awaitable[T]) -> T | None:
        """Do something; what is refused has changed nothing."""
        try:
            return self.run(work)
        except Refusal:
            return None

    @initialize(audience=st.sampled_from(Audience), urgency=st.sampled_from(Urgency))
    def begin(self, audience: Audience, urgency: Urgency) -> None:
        """Set the community up, with a first call."""
        self.run(self.peers.begin(101, 102, 107))
        for member_id, zone in self.zones.items():
            self.peers.offer("listening" if member_id % 2 else "sewing", member_id, zone=zone)
        self.call(105, urgency, audience, [101, 106])

    @property
    def open(self) -> list[Call]:
        """The open calls."""
        return self.rows(Call, Call.state == CallState.OPEN)

    @property
    def leases(self) -> list[Response]:
        """The parts of those who are with a caller."""
        return self.rows(Response, Response.kind == ResponseKind.WITH_YOU)

    def a_call(self, number: int, *states: CallState) -> Any:
        """Return one of the calls in these states, else of the open ones."""
        calls = self.rows(Call, col(Call.state).in_(states or [CallState.OPEN]))
        return calls[number % len(calls)] if calls else None

    def someone_for(self, call: Call, number: int) -> Person | None:
        """Return somebody who may respond to a call, mostly."""
        parts = [each.member_id for each in self.rows(Response, Response.call_id == call.id)]
        fitting = {Audience.NAMED: parts, Audience.HOSTS: HOSTS_HERE}.get(call.audience, PEOPLE)
        found = [each for each in sorted(self.here) if each in fitting and (each != call.caller_id or call.nameless)]
        return PEOPLE[found[number % len(found)]] if found else None

    # What members do

    @precondition(lambda self: self.tended)
    @rule(
        member_id=someone,
        urgency=st.sampled_from(Urgency),
        audience=st.sampled_from(Audience),
        named=st.lists(someone, max_size=3),
    )
    def call(self, member_id: int, urgency: Urgency, audience: Audience, named: list[int]) -> None:
        """Write a call and send it, twice."""
        if member_id not in self.here:
            return
        new = NewCall("Is there someone for listening?", [Help.LISTEN], urgency, audience, named)
        preview = self.do(self.app.calls.write(HERE, member_id, new))
        assert preview is not None and preview.call.id is not None
        for _twice in range(2):
            self.do(self.app.calls.send(HERE, member_id, preview.call.id))

    @precondition(lambda self: self.tended and self.open)
    @rule(number=which, who=which, verb=st.sampled_from(["with_you", "with_you", "not_me", *Later]))
    def respond(self, number: int, who: int, verb: str) -> None:
        """Press *I'm with you*, *Not me* or *Later*, twice."""
        call, responses = self.a_call(number), self.app.responses
        if (person := self.someone_for(call, who)) is None:
            return
        for _twice in range(2):
            if isinstance(verb, Later):
                self.do(responses.later(HERE, person, call.id, verb))
            else:
                self.do(getattr(responses, verb)(HERE, person, call.id))

    @precondition(lambda self: self.tended and self.open)
    @rule(number=which)
    def everyone_asked_says_no(self, number: int) -> None:
        """Let all press *Not me* who were asked."""
        call = self.a_call(number)
        for each in self.rows(Response, Response.call_id == call.id, Response.kind == ResponseKind.SILENT):
            if each.member_id in self.here and each.rung is not None:
                self.do(self.app.responses.not_me(HERE, PEOPLE[each.member_id], call.id))

    @precondition(lambda self: self.tended and self.open)
    @rule(number=which, who=which, other_id=someone)
    def know_someone(self, number: int, who: int, other_id: int) -> None:
        """Think of somebody else."""
        call = self.a_call(number)
        if (person := self.someone_for(call, who)) is not None and other_id in self.here:
            self.do(self.app.responses.know_someone(HERE, person, call.id, PEOPLE[other_id]))

    @precondition(lambda self: self.tended and self.leases)
    @rule(number=which, verb=st.sampled_from(["done", "need_time", "hand_back"]))
    def tell_how_it_goes(self, number: int, verb: str) -> None:
        """Answer the question how a lease goes, or press its button early."""
        lease = self.leases[number % len(self.leases)]
        assert lease.member_id is not None
        self.do(getattr(self.app.responses, verb)(HERE, PEOPLE[lease.member_id], lease.id))

    @precondition(lambda self: self.tended)
    @rule(
        number=which,
        verb=st.sampled_from(["answered", "still_open", "accompanied", "not_really", "helped", "withdraw"]),
        stale=st.booleans(),
    )
    def the_caller_says(self, number: int, verb: str, stale: bool) -> None:
        """Press one of the caller's buttons, which may be stale."""
        fits = CallState.ANSWERED if verb in ("helped", "not_really") else CallState.OPEN
        call = self.a_call(number, *(CallState if stale else [fits]))
        if call is not None and call.caller_id in self.here:
            self.do(getattr(self.app.callers, verb)(HERE, PEOPLE[call.caller_id], call.id))

    @precondition(lambda self: self.tended and self.open)
    @rule(number=which, member_id=someone)
    def reply(self, number: int, member_id: int) -> None:
        """Write in a call's thread."""
        call = self.a_call(number)
        if call.thread_id is not None and member_id in self.here:
            self.do(self.app.responses.note_reply(HERE, call.thread_id, member_id))

    @rule(member_id=someone, days=st.integers(0, 20))
    def go_away_for_a_while(self, member_id: int, days: int) -> None:
        """Say when one is back; with no days, that is now."""
        if member_id not in self.here:
            return
        back = self.clock.now().astimezone(ZoneInfo(self.zones[member_id])).date() + timedelta(days)
        self.do(self.app.members.choose(HERE, member_id, away_until=back if days else None))
        self.away.pop(member_id, None)
        if days:
            self.away[member_id] = back

    @rule(member_id=someone, what=st.sampled_from(["leave", "leave", "come back", "be forgotten"]))
    def come_or_go(self, member_id: int, what: str) -> None:
        """Leave the server (three stay, among them a host), join it again, or let Kith forget all about one."""
        if what == "leave" and len(self.here) > 3 and member_id != HOSTS_HERE[0]:
            self.here.discard(member_id)
            self.do(self.app.responses.gone(HERE, member_id))
        elif what == "come back":
            self.here.add(member_id)
        elif what == "be forgotten":
            self.do(self.app.members.forget(HERE, member_id))
            for kept in (self.away, self.asked):
                kept.pop(member_id, None)
            self.zones[member_id] = ZONES[0]

    # What Discord, time and the machine do

    @rule(what=st.sampled_from(["channel deleted", "channel chosen", "down", "removed", "back", "restart", "well"]))
    def trouble(self, what: str) -> None:
        """Let the channel for calls be deleted, Discord be down or Kith taken off the server; or let that be over."""
        if what == "channel deleted":
            self.voice.channels.discard(self.channel)
        elif what == "down":
            self.voice.down = True
        elif what == "restart":
            self.restart()
        elif what in ("removed", "back"):
            self.tended = what == "back"
            self.do(self.app.communities.returned(HERE) if self.tended else self.app.communities.left(HERE))
        elif what == "channel chosen":
            self.channel += 1
            self.voice.channels.add(self.channel)
            self.do(self.app.communities.choose(HERE, ADMIN, calls_channel_id=self.channel))
        else:
            self.all_is_well()

    def all_is_well(self) -> None:
        """Let Discord be up, with a channel for calls and Kith on the server."""
        self.voice.down = False
        self.trouble("channel chosen")
        self.trouble("back")
        self.beat()

    def restart(self) -> None:
        """Stop Kith and start it again."""
        self.app.database.close()
        self.app = self.peers.app = assemble(self.url, self.clock)
        hurry(self.app)
        self.voice.cards = self.app.call_cards

    @rule(said=st.booleans())
    def crash(self, said: bool) -> None:
        """Let Kith die while something is being said: before Discord has it, or before that is recorded."""
        for claimed in self.run(self.app.courier.claim(3)):
            if said:
                try:
                    self.run(self.voice.say(claimed))
                except (courier.Needless, courier.Impossible, courier.Outage):
                    continue
        self.restart()

    @rule(hours=st.sampled_from([0.1, 2, 2, 4, 8, 20, 24, 48, 49, 72, 7 * 24]))
    def time_passes(self, hours: float) -> None:
        """Let hours or days pass, with Kith doing what falls due on the way."""
        ends = self.clock.now() + timedelta(hours=hours)
        self.live_until(ends)

    @rule(days=st.sampled_from([1, 3, 10, 25, 60]))
    def kith_is_off(self, days: int) -> None:
        """Let days pass in which Kith does nothing."""
        self.clock.advance(timedelta(days))
        self.beat()

    def live_until(self, ends: datetime) -> None:
        """Do each thing when it falls due; while nothing can be said, now and then."""
        seldom = (ends - self.clock.now()) / 4
        while (now := self.clock.now()) < ends:
            quiet = self.voice.down or not self.tended
            self.clock.set(min(ends, now + seldom if quiet else max(self.peers.next_thing(now) or ends, now + MINUTE)))
            self.beat()

    def beat(self) -> None:
        """Do what is due, as each of Kith's beats does."""
        self.run(self.peers.beat())
        if self.tended:
            now = self.clock.now()
            assert [each for each in self.open if each.next_at is not None and each.next_at <= now] == []
            assert self.rows(Response, Response.kind == ResponseKind.WITH_YOU, col(Response.ends_at) <= now) == []

    # What holds at every moment

    @invariant()
    def each_open_call_goes_on_or_a_person_is_with_it(self) -> None:
        """Hold that the next rung is planned, or else somebody has a lease whose end is."""
        leases: dict[int | None, list[Response]] = defaultdict(list)
        for each in self.leases:
            leases[each.call_id].append(each)
        calls = {each.id: each for each in self.open}
        assert leases.keys() <= calls.keys()
        for call_id, call in calls.items():
            assert (call.next_at is None) == bool(leases[call_id]), call
            for each in leases[call_id]:
                assert each.member_id is not None and each.ends_at is not None
                what = f":lease:{each.id}.{each.turns}"
                assert self.rows(Delivery, Delivery.subject_id == call_id, col(Delivery.key).endswith(what)), each
        for call in self.rows(Call, col(Call.state).in_([CallState.ANSWERED, CallState.WITHDRAWN])):
            assert call.next_at is None and not call.accompanied

    @property
    def rungs_said(self) -> list[CallWord]:
        """The rungs that were said, as they were."""
        words = [each.shown for each in self.voice.heard if isinstance(each.shown, CallWord)]
        return [each for each in words if each.what == "rung"]

    @invariant()
    def no_rung_is_skipped_or_comes_twice(self) -> None:
        """Hold that the rungs are a ladder, and that none was said twice."""
        rungs: dict[int | None, list[int]] = defaultdict(list)
        for each in self.rows(Rung):
            rungs[each.call_id].append(each.number)
        for call in self.rows(Call):
            assert rungs[call.id] == list(range(call.rung + 1))
        said = [(word.call.id, word.number) for word in self.rungs_said]
        assert len(said) == len(set(said)), said

    @invariant()
    def nobody_is_asked_too_often_or_while_away(self) -> None:
        """Hold it for each asking when it is first seen."""
        now = self.clock.now()
        for each in self.rows(Response, col(Response.rung).is_not(None)):
            if each.id in self.seen or each.member_id is None:
                continue
            self.seen.add(each.id)
            assert each.member_id in self.here, each
            today = now.astimezone(ZoneInfo(self.zones[each.member_id])).date()
            assert self.away.get(each.member_id, today) <= today, each
            assert each.rung == KEEPER or each.asked_at is not None
            if each.asked_at is not None:
                self.asked[each.member_id].append(each.asked_at)
        for member_id, instants in self.asked.items():
            for instant in instants:
                assert sum(instant - MONTH < each <= instant for each in instants) <= ASKS_A_MONTH, member_id

    @invariant()
    def calls_stay_with_those_they_are_for(self) -> None:
        """Hold that no caller is asked by name, and that private calls' people don't grow."""
        calls = {each.id: each for each in self.rows(Call)}
        for each in self.rows(Response, col(Response.member_id).is_not(None)):
            call = calls[each.call_id]
            assert each.member_id != call.caller_id or call.nameless
            assert call.audience is not Audience.NAMED or each.named
            assert call.audience is not Audience.HOSTS or each.member_id in HOSTS_HERE

    @invariant()
    def nobody_hears_of_a_call_twice(self) -> None:
        """Hold that each rung asked other people, and each person thought of is asked once."""
        asked = [(word.call.id, each.member_id) for word in self.rungs_said for each in word.asked]
        assert len(asked) == len(set(asked))
        words = [(each.delivery.subject_id, each.delivery.key.partition(":")[2]) for each in self.voice.heard]
        thought_of = [each for each in words if each[1].startswith("asked:")]
        assert len(thought_of) == len(set(thought_of))

    def teardown(self) -> None:
        """Give Discord time to be well; then each open call has been heard of by its hosts or its caller."""
        try:
            self.all_is_well()
            self.live_until(self.clock.now() + A_LONG_TIME)
            self.each_open_call_was_heard_lately()
        finally:
            self.runner.close()
            self.app.database.close()
            self.folder.cleanup()

    def each_open_call_was_heard_lately(self) -> None:
        """Hold it for each call, and that no rung's people were left out."""
        lately = self.clock.now() - timedelta(days=8)
        for call in self.open:
            about = [each.delivery for each in self.voice.heard if each.delivery.subject_id == call.id]
            told = [each for each in about if each.kind is DeliveryKind.RUNG or ":stands:" in each.key]
            assert any(each.due_at > lately for each in told), call
            rungs = {word.number for word in self.rungs_said if word.call.id == call.id}
            words = {each.key.partition(":")[2] for each in about}
            if not call.accompanied:
                assert call.rung >= CALLER
                assert HOSTS in rungs or call.audience is Audience.NAMED, call
                for each in self.rows(Response, Response.call_id == call.id, Response.kind == ResponseKind.SILENT):
                    assert each.rung is None or each.rung in rungs or f"asked:{each.id}" in words, each


@pytest.mark.usefixtures("hurried")
class TestNoCallIsLost(Community.TestCase):
    """Tried with different courses of events at each run."""

    settings = settings(
        max_examples=4 * THOROUGH, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
