"""The count afterwards: what the rows say was said, against what stands on Discord."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.store.checkins import CheckIn
from bot.store.deliveries import Delivery, DeliveryKind, DeliveryState
from tests.crash.community import Crowd
from tests.loopback.payloads import walk
from tests.loopback.people import Message

NEEDLESS = {"private", "nobody-shared", "never-posted"}
"""Why a delivery may end unsaid when nothing went wrong: its words were taken back before they were shown."""


@dataclass(frozen=True)
class Tally:
    """``lost`` and ``doubled`` name what ought not to be; ``deliveries`` counts those planned, ``said`` those sent."""

    deliveries: int
    said: int
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
    shown |= {each.message_id for each in sent if each.kind is DeliveryKind.NOTE}
    shown.discard(None)
    lost = [f"{each.kind} {each.id} ended {each.state} {each.reason}" for each in deliveries if not _well(each)]
    lost += [f"message {message_id} is in the rows only" for message_id in shown if message_id not in standing]
    lost += [f"round {each.id} has no card" for each in rounds if each.message_id is None]
    lost += list(_unseen(check_ins, standing))
    doubled = [f"delivery {number} made {len(made)} messages" for number, made in born.items() if len(made) > 1]
    doubled += [f"message {message_id} is on Discord only" for message_id in standing if message_id not in shown]
    return Tally(len(deliveries), len(sent), lost, doubled)


def _well(delivery: Delivery) -> bool:
    if delivery.state is DeliveryState.SKIPPED:
        return delivery.reason in NEEDLESS
    return delivery.state is DeliveryState.SENT


def _unseen(check_ins: Sequence[CheckIn], standing: dict[int, Message]) -> Iterator[str]:
    for each in check_ins:
        message = standing.get(each.message_id or 0)
        if each.public and (message is None or each.words not in _text(message)):
            yield f"check-in {each.id} does not show its words"
        if not each.public and message is not None:
            yield f"check-in {each.id} was taken back and is still shown"


def _text(message: Message) -> str:
    return "\n".join(str(part.get("content", "")) for part in walk(message.components))
