"""The count afterwards: what the rows say was said, against what stands on Discord."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.clock import SystemClock
from bot.store.calls import CallState
from bot.store.checkins import CheckIn
from bot.store.deliveries import DRAWN_ANEW, WAITING, Delivery, DeliveryKind, DeliveryState
from tests.crash.community import Crowd
from tests.crash.count_calls import doubled_calls, lost_calls, text_of
from tests.loopback.people import Message

NEEDLESS = {"private", "nobody-shared", "never-posted", "met", "ended", "no-longer", "never-said"}
"""Why a delivery may end unsaid when nothing went wrong: its words were taken back before they were shown, or what it
was about came to its end."""


@dataclass(frozen=True)
class Tally:
    """``lost`` and ``doubled`` name what ought not to be; ``deliveries`` counts those planned, ``said`` those sent.

    ``calls`` counts those that were sent.
    """

    deliveries: int
    said: int
    calls: int = 0
    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])


async def tally(crowd: Crowd) -> Tally:
    """Compare all rows with all messages."""
    deliveries, rounds, check_ins = await crowd.deliveries(), await crowd.rounds(), await crowd.check_ins()
    born = crowd.server.born
    standing = {message.id: message for messages in born.values() for message in messages if not message.deleted}
    shown = {each.message_id for each in rounds} | {each.weaving_id for each in rounds}
    shown |= {each.message_id for each in check_ins}
    sent = [each for each in deliveries if each.state is DeliveryState.SENT]
    shown |= {each.message_id for each in sent if each.kind in (DeliveryKind.NOTE, *DRAWN_ANEW)}
    calls = [each for each in await crowd.calls() if each.state is not CallState.DRAFT]
    shown |= {message_id for each in calls for message_id in (each.message_id, each.door_id)}
    shown.discard(None)
    lost = [f"{each.kind} {each.id} ended {each.state} {each.reason}" for each in deliveries if not _well(each)]
    lost += [f"message {message_id} is in the rows only" for message_id in shown if message_id not in standing]
    lost += [f"round {each.id} has no card" for each in rounds if each.message_id is None]
    lost += [*_unseen(check_ins, standing), *lost_calls(calls, await crowd.rungs(), deliveries, standing)]
    doubled = [f"delivery {number} made {len(made)} messages" for number, made in born.items() if len(made) > 1]
    doubled += [f"message {message_id} is on Discord only" for message_id in standing if message_id not in shown]
    doubled += doubled_calls(calls, deliveries, crowd.server)
    return Tally(len(deliveries), len(sent), len(calls), lost, doubled)


def _well(delivery: Delivery) -> bool:
    if delivery.state is DeliveryState.SKIPPED:
        return delivery.reason in NEEDLESS
    waits = delivery.state in WAITING and delivery.due_at > SystemClock().now()
    return waits or delivery.state is DeliveryState.SENT


def _unseen(check_ins: Sequence[CheckIn], standing: dict[int, Message]) -> Iterator[str]:
    for each in check_ins:
        message = standing.get(each.message_id or 0)
        if each.public and (message is None or each.words not in text_of(message)):
            yield f"check-in {each.id} does not show its words"
        if not each.public and message is not None:
            yield f"check-in {each.id} was taken back and is still shown"
