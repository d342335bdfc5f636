"""The count of calls: each has one card, one thread, each rung's message once, and shows how it stands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.store.calls import Call, CallState, Rung
from bot.store.deliveries import AGAIN, Delivery, DeliveryKind, DeliveryState
from tests.crash.community import CountingDiscord
from tests.loopback.payloads import walk
from tests.loopback.people import PRIVATE_THREAD, Message

ONCE = ("lease", "later", "relay", "thanks", "helped")
"""Words that are said once each of what stands after the colon."""


def lost_calls(
    calls: Sequence[Call], rungs: Sequence[Rung], deliveries: Sequence[Delivery], standing: Mapping[int, Message]
) -> Iterator[str]:
    """Name what is missing of calls that were sent."""
    planned = {(each.subject_id, each.key) for each in deliveries if each.kind is DeliveryKind.RUNG}
    for rung in rungs:
        if rung.number > 0 and not rung.skipped and (rung.call_id, str(rung.number)) not in planned:
            yield f"rung {rung.number} of call {rung.call_id} was never to be said"
    for call in calls:
        climbed = sorted(each.number for each in rungs if each.call_id == call.id)
        if climbed != list(range(call.rung + 1)):
            yield f"call {call.id} is on rung {call.rung} and has reached {climbed}"
        card = standing.get(call.message_id or 0)
        if card is None:
            if call.state is CallState.OPEN:
                yield f"call {call.id} has no card"
            continue
        shows = {CallState.ANSWERED: "**Answered**", CallState.WITHDRAWN: "Withdrawn"}.get(call.state, call.words)
        if shows not in text_of(card) or call.words not in text_of(card):
            yield f"the card of call {call.id} does not show that it is {call.state}"


def doubled_calls(calls: Sequence[Call], deliveries: Sequence[Delivery], server: CountingDiscord) -> Iterator[str]:
    """Name what there is twice of calls, and threads that are nobody's."""
    said = [each for each in deliveries if each.state is DeliveryState.SENT and AGAIN not in each.key]
    once = [
        *((each.subject_id, each.kind.value) for each in deliveries if each.id in server.born and _opens(each)),
        *((each.subject_id, each.key.partition(".")[0]) for each in said if each.kind is DeliveryKind.RUNG),
        *((each.subject_id, what) for each in said if each.kind is DeliveryKind.WORD and (what := _once(each))),
        *((each.caller_id, each.words) for each in calls if each.words),
    ]
    yield from (
        f"{what} of {subject} is there {many} times" for (subject, what), many in Counter(once).items() if many > 1
    )
    threads = {each.thread_id for each in calls}
    private = [thread for guild in server.guilds.values() for thread in guild.threads.values()]
    yield from (
        f"{each.name} is nobody's" for each in private if each.kind == PRIVATE_THREAD and each.id not in threads
    )


def _opens(delivery: Delivery) -> bool:
    return delivery.kind in (DeliveryKind.CALL, DeliveryKind.DOOR)


def _once(delivery: Delivery) -> str:
    _number, _colon, what = delivery.key.partition(":")
    return what if what.startswith(ONCE) else ""


def text_of(message: Message) -> str:
    """Return what stands in a message."""
    return "\n".join(str(part.get("content", "")) for part in walk(message.components))
