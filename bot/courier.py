"""Delivers what is due to be said: claim → reconcile → send → record.

Every step may be cut short by a crash. A claim that ran out is taken again; an attempt that may have reached
Discord is looked for there before anything is sent; a stable nonce covers the moments in which a message that
was accepted can't be read back yet.
"""

import asyncio
import logging
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import delete
from sqlmodel import Session, col

from bot.clock import Clock
from bot.database import Database, transaction
from bot.store.deliveries import (
    DRAWN_ANEW,
    SETTLED_FOR,
    WAITING,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Priority,
    deliveries_due,
    plan,
    told_since,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
SEND_WITHIN = 20.0
"""Seconds one attempt may take; well inside the lease, so that its holder is the only one sending."""
AT_ONCE = 40
"""Deliveries under way at the same time in one process."""
AT_ONCE_EACH = 5
"""Of these, how many in one community: Discord takes five messages in five seconds in a channel. More would queue
there until their time is over, look like an outage, and keep every other community waiting."""

PER_SECOND = 45
"""Sends begun in a second; Discord allows a bot 50 requests a second in all."""
OUTAGE_AFTER = 5
"""Failures of Discord itself in a row after which the courier rests: in a community, or when so many communities
fail, everywhere."""
LONGEST_WAIT = timedelta(minutes=10)
NOTES_APART = timedelta(days=1)
"""Time between two notes to a community's hosts about the same kind of trouble; /setup check shows all of it."""
RITUAL_LATENESS = timedelta(hours=6)
"""How late a ritual may still be said."""
FAULTY_TRIES = 20
"""Attempts (some two hours) after which a delivery that a fault of Kith's keeps from going out is given up."""

MARKER_BASE = 1_000_000_000
"""Added to a delivery's id to make the integer id of its message's outermost component.

Discord keeps component ids (32 bits) and gives them back with the message, so they tell which delivery a message
is, whatever its text; the offset keeps them apart from those Discord counts up for the other components.
"""


def marker_of(delivery: Delivery) -> int:
    """Return the component id that marks this delivery's message."""
    assert delivery.id is not None
    return MARKER_BASE + delivery.id


def nonce_of(delivery: Delivery) -> str:
    """Return the nonce, at most 25 characters, that makes Discord refuse a second copy for a few minutes."""
    return f"d{delivery.id}"


def checkpoint(_step: str) -> None:
    """Mark a moment at which the process may die; crash tests replace this."""


@dataclass(frozen=True)
class Said:
    """It has been said; ``message_id`` is empty when it was an edit or a removal of what is gone anyway."""

    channel_id: int | None
    message_id: int | None


class Needless(Exception):
    """Nothing is to be said any more; ``reason`` is one word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYet(Exception):
    """Something else has to be said first."""


class Impossible(Exception):
    """Discord refuses, and would again; ``reason`` is one word the hosts' note is made from."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreadable(Exception):
    """An earlier attempt may have been said, and the channel can't be read to tell."""


class Outage(Exception):
    """Discord, or the way to it, is down; the same attempt may go through later."""


class Voice(Protocol):
    """The courier's hands: says one delivery on Discord."""

    async def say(self, delivery: Delivery) -> Said:
        """Say it, after looking for an earlier attempt's message when ``delivery.attempt`` is above one.

        Raises Needless, NotYet, Impossible, Unreadable or Outage.
        """
        ...


class Patience:
    """How long to leave Discord alone after failures in a row.

    Parts of Discord fail by themselves, so each community is counted for itself: one that fails gets one delivery
    at a time, then a rest, and keeps no other waiting. When several fail at once the rest is everyone's.
    ``failures`` holds the communities in trouble.
    """

    def __init__(self) -> None:
        self.failures: Counter[int] = Counter()
        self._rests: dict[int, datetime] = {}
        self._everywhere = 0
        self._rest: datetime | None = None

    def room(self, now: datetime) -> int:
        """Return how many deliveries may be under way: one while Discord is in doubt, none while resting."""
        if self._rest is not None and now < self._rest:
            return 0
        return 1 if self._everywhere else AT_ONCE

    def share(self, community_id: int, now: datetime) -> int:
        """Return how many deliveries may be under way in one community."""
        if community_id in self._rests and now < self._rests[community_id]:
            return 0
        return 1 if community_id in self.failures else AT_ONCE_EACH

    def failed(self, community_id: int, now: datetime) -> None:
        """Count a failure. Those that fail together count until the rest begins, so that a blip stays short."""
        if self.share(community_id, now):
            self.failures[community_id] += 1
            if (more := self.failures[community_id] - OUTAGE_AFTER) >= 0:
                self._rests[community_id] = now + backoff(more + 3)
        if self.room(now) and len(self.failures) >= OUTAGE_AFTER:
            self._everywhere += 1
            rest = backoff(self._everywhere + 2)
            self._rest = now + rest
            log.warning("Discord does not answer; trying again in %s s", int(rest.total_seconds()))

    def succeeded(self, community_id: int) -> None:
        """Forget a community's failures; after an outage everyone's, since Discord is back."""
        if self._everywhere:
            self.failures.clear()
            self._rests.clear()
            self._everywhere, self._rest = 0, None
        self.failures.pop(community_id, None)
        self._rests.pop(community_id, None)


Settle = Callable[[Session, Delivery, Said | None], None]
"""Told of a delivery's end inside the transaction that records it; ``None``: it was not said."""


class Courier:
    """Claims what is due and sees each delivery to its end.

    One instance runs per process; several processes may share a database, while their clocks differ by less than
    the lease and the time a send may take: 40 seconds.
    """

    def __init__(self, database: Database, clock: Clock, settle: dict[DeliveryKind, Settle]) -> None:
        self.database = database
        self._clock = clock
        self._settle = settle
        self._tending: asyncio.Task[None] | None = None
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._again = False
        self._patience = Patience()
        self._next_start = 0.0

    async def tend(self, voice: Voice) -> None:
        """Deliver everything due, until nothing is; a call while one is under way makes that one look again."""
        self._again = True
        if self._tending is None or self._tending.done():
            self._tending = asyncio.create_task(self._deliver_all(voice))
        await asyncio.shield(self._tending)

    async def _deliver_all(self, voice: Voice) -> None:
        while self._again or self._under_way:
            self._again = False
            for delivery in await self.claim(self._room(), self._shares()):
                self._under_way[asyncio.create_task(self._deliver(voice, delivery))] = delivery.community_id
            if self._under_way:
                done, _others = await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                self._note_errors(done)
                self._again = True

    def _room(self) -> int:
        """Return how many deliveries to claim; many at a time, since each claim is a transaction."""
        room = self._patience.room(self._clock.now()) - len(self._under_way)
        return room if room >= AT_ONCE // 2 or not self._under_way else 0

    def _shares(self) -> dict[int, int]:
        """Return how many more each community may have that has some under way, or is in trouble."""
        now, under_way = self._clock.now(), Counter(self._under_way.values())
        return {
            community_id: self._patience.share(community_id, now) - under_way[community_id]
            for community_id in {*under_way, *self._patience.failures}
        }

    def _note_errors(self, done: set[asyncio.Task[None]]) -> None:
        for task in done:
            del self._under_way[task]
            if error := task.exception():  # its claim runs out and it is tried again
                log.error("the end of a delivery could not be recorded", exc_info=error)

    @transaction
    def claim(self, session: Session, limit: int, shares: Mapping[int, int] | None = None) -> list[Delivery]:
        """Take up to ``limit`` due deliveries for this process, for as long as the lease lasts.

        No community gets more than its share: what ``shares`` says, else five. What was never tried and is too
        late by now is skipped on the way. (What was tried may have been said: only a look at the channel can tell.)
        """
        now = self._clock.now()
        claimed: list[Delivery] = []
        left = dict(shares or {})
        while (room := limit - len(claimed)) > 0:
            full = [community_id for community_id, share in left.items() if share <= 0]
            due = deliveries_due(session, now, room, full)
            for delivery in due:
                if delivery.attempt == 0 and expired(delivery, now):
                    self._end(session, delivery, DeliveryState.SKIPPED, "too-late")
                elif (share := left.get(delivery.community_id, AT_ONCE_EACH)) > 0:
                    left[delivery.community_id] = share - 1
                    claimed.append(self._take(delivery, now))
            if len(due) < room:
                break
        return claimed

    def _take(self, delivery: Delivery, now: datetime) -> Delivery:
        delivery.state = DeliveryState.CLAIMED
        delivery.claim = uuid.uuid4().hex
        delivery.leased_until = now + LEASE
        delivery.first_claimed_at = delivery.first_claimed_at or now
        delivery.attempt += 1
        return delivery

    async def _deliver(self, voice: Voice, delivery: Delivery) -> None:
        await self._pace()
        checkpoint("claimed")
        if not self._has_time(delivery):
            log.warning("delivery %s was held up; it is left to whoever claims it next", delivery.id)
            return
        try:
            async with asyncio.timeout(SEND_WITHIN):
                said = await voice.say(delivery)
        except Needless as outcome:
            await self._record(delivery, DeliveryState.SKIPPED, outcome.reason)
        except NotYet:
            await self._put_back(delivery, timedelta(seconds=5), begun=False)
        except Impossible as outcome:
            log.warning("delivery %s failed: %s (%s)", delivery.id, outcome.reason, outcome.__cause__)
            await self._record(delivery, DeliveryState.FAILED, outcome.reason)
        except Unreadable:
            await self._record(delivery, DeliveryState.NEEDS_REVIEW, "unsure")
        except (Outage, TimeoutError) as outcome:
            await self._meet_outage(delivery, outcome)
        except Exception:  # a fault in one card must not keep the others from going out
            log.exception("delivery %s (%s) met an unexpected error", delivery.id, delivery.kind)
            if delivery.attempt >= FAULTY_TRIES or expired(delivery, self._clock.now()):
                await self._record(delivery, DeliveryState.NEEDS_REVIEW, "fault")
            else:
                await self._put_back(delivery, backoff(delivery.attempt))
        else:
            checkpoint("said")
            self._patience.succeeded(delivery.community_id)
            await self._record(delivery, DeliveryState.SENT, "", said)
            checkpoint("recorded")

    def _has_time(self, delivery: Delivery) -> bool:
        """Tell whether the claim outlasts one attempt; that of a process which stood still for a while may not."""
        assert delivery.leased_until is not None
        return self._clock.now() + timedelta(seconds=SEND_WITHIN) <= delivery.leased_until

    async def _meet_outage(self, delivery: Delivery, outcome: Exception) -> None:
        log.info("delivery %s waits, Discord did not take it: %s", delivery.id, type(outcome).__name__)
        self._patience.failed(delivery.community_id, self._clock.now())
        await self._put_back(delivery, backoff(delivery.attempt))

    async def _pace(self) -> None:
        now = time.perf_counter()
        start = max(now, self._next_start)
        self._next_start = start + 1 / PER_SECOND
        if start > now:
            await asyncio.sleep(start - now)

    @transaction
    def _record(
        self, session: Session, claimed: Delivery, state: DeliveryState, reason: str, said: Said | None = None
    ) -> None:
        delivery = self._held(session, claimed)
        if delivery is not None:
            self._end(session, delivery, state, reason, said)

    @transaction
    def _put_back(self, session: Session, claimed: Delivery, wait: timedelta, *, begun: bool = True) -> None:
        delivery = self._held(session, claimed)
        if delivery is None:
            return
        delivery.state = DeliveryState.PENDING
        delivery.claim = delivery.leased_until = None
        delivery.not_before = self._clock.now() + wait
        if not begun:
            delivery.attempt -= 1

    def _held(self, session: Session, claimed: Delivery) -> Delivery | None:
        """Return the row while this process still holds it."""
        delivery = session.get(Delivery, claimed.id, with_for_update=True)
        if delivery is None or delivery.state is not DeliveryState.CLAIMED or delivery.claim != claimed.claim:
            log.warning("delivery %s was taken over before its end was recorded", claimed.id)
            return None
        return delivery

    def _end(
        self,
        session: Session,
        delivery: Delivery,
        state: DeliveryState,
        reason: str,
        said: Said | None = None,
    ) -> None:
        delivery.state = state
        delivery.reason = reason
        delivery.claim = delivery.leased_until = None
        delivery.settled_at = self._clock.now()
        if said is not None:
            delivery.channel_id, delivery.message_id = said.channel_id, said.message_id
        if settle := self._settle.get(delivery.kind):
            settle(session, delivery, said)
        if worth_a_note(delivery) and not told_since(session, delivery, self._clock.now() - NOTES_APART):
            assert delivery.id is not None
            plan(
                session,
                DeliveryKind.NOTE,
                delivery.id,
                community_id=delivery.community_id,
                due_at=self._clock.now(),
                priority=Priority.RITUAL,
            )

    @transaction
    def tidy(self, session: Session) -> None:
        """Forget deliveries that ended long ago, but for those whose messages may have to be drawn anew."""
        session.connection().execute(
            delete(Delivery).where(
                col(Delivery.state).not_in(WAITING),
                col(Delivery.kind).not_in(DRAWN_ANEW),
                col(Delivery.settled_at) < self._clock.now() - SETTLED_FOR,
            )
        )


def expired(delivery: Delivery, now: datetime) -> bool:
    """Tell whether a delivery is no longer worth saying."""
    return delivery.expires_at is not None and delivery.expires_at <= now


def worth_a_note(delivery: Delivery) -> bool:
    """Tell whether the hosts should hear that a delivery ended unsaid."""
    if delivery.kind in (DeliveryKind.NOTE, DeliveryKind.REMINDER):
        return False
    if delivery.state in (DeliveryState.FAILED, DeliveryState.NEEDS_REVIEW):
        return True
    return delivery.state is DeliveryState.SKIPPED and delivery.reason == "too-late"


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure: 2 s doubling to ten minutes, ± a tenth."""
    seconds = min(2.0 ** min(attempt, 20), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311 -- spreads retries, no secret
