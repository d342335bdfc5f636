"""A summary of a made-up thread, with which someone who sets Kith up sees what theirs would look like and cost."""

import asyncio
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.app import App
from bot.cleaning import prepared
from bot.model import Failure
from bot.services.summary_showing import SummaryView
from bot.store.communities import Community
from bot.store.summaries import Summary, SummaryPerson, SummaryPoint, SummarySource, SummaryState, Unmodelled
from bot.summariser import PROMPTS
from bot.thread import Findings, Message, Reading

SAMPLE = PROMPTS / "sample.toml"
LANGUAGE = "en"
DISCORD_EPOCH = 1_420_070_400_000
"""Milliseconds since 1970 at which Discord's ids begin, which hold the time something was written."""


@dataclass(frozen=True)
class Tried:
    """What became of a try: the draft, the seconds it took, the tokens it cost, and why the model did not answer."""

    view: SummaryView
    seconds: float
    tokens: int
    failure: Failure | None = None

    @property
    def unmodelled(self) -> Unmodelled | None:
        """Why it was made without the model."""
        return self.view.summary.unmodelled


def made_up(now: datetime) -> Reading:
    """Return the made-up thread as if it had been written up to now, a message a minute."""
    rows: list[dict[str, Any]] = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))["messages"]
    people = {name: number for number, name in enumerate(dict.fromkeys(each["by"] for each in rows), 1)}
    times = [now - timedelta(minutes=len(rows) - place) for place in range(len(rows))]
    ids = [id_at(each) for each in times]
    return Reading(
        tuple(
            Message(
                id=ids[place],
                channel_id=0,
                author_id=people[each["by"]],
                names=(each["by"],),
                words=each["words"],
                written_at=times[place],
                reply_to=ids[int(each["answers"]) - 1] if "answers" in each else None,
                welcomed=each.get("welcomed", 0),
            )
            for place, each in enumerate(rows)
        )
    )


def id_at(instant: datetime) -> int:
    """Return the id of a message written at an instant."""
    return (int(instant.timestamp() * 1000) - DISCORD_EPOCH) << 22


async def try_out(app: App, community: Community, asker_id: int, reading: Reading) -> Tried:
    """Return a summary of the made-up thread, made with the model if there is one: no member's words are in it.

    It counts for the community's month as any other.
    """
    loop, before = asyncio.get_running_loop(), await app.model_uses.spending(community.id)
    began = loop.time()
    thread = await asyncio.to_thread(prepared, reading, frozenset[int](), LANGUAGE)
    findings = await app.summariser.make(community.id, thread, allowed=True)
    seconds = loop.time() - began
    after = await app.model_uses.spending(community.id)
    model = app.summariser.model if findings.unmodelled is Unmodelled.FAILED else None
    summary = Summary(
        community_id=community.id,
        thread_id=0,
        parent_id=0,
        asker_id=asker_id,
        state=SummaryState.DRAFT,
        unmodelled=findings.unmodelled,
        language=findings.language,
        after_id=reading.messages[0].id,
        up_to_id=reading.messages[-1].id,
        messages=findings.messages,
        skipped=findings.skipped,
        made_at=app.clock.now(),
    )
    return Tried(
        view=_view(community, summary, findings),
        seconds=seconds,
        tokens=after.spent - before.spent,
        failure=model.failure if model is not None else None,
    )


def _view(community: Community, summary: Summary, findings: Findings) -> SummaryView:
    """Return findings as a draft shows them, though they are kept nowhere."""
    points = [
        (
            SummaryPoint(summary_id=0, heading=point.heading, place=place, words=point.words),
            [
                SummarySource(point_id=0, summary_id=0, channel_id=0, message_id=each.message_id)
                for each in point.sources
            ],
        )
        for place, point in enumerate(findings.points)
    ]
    people = {
        each.number: SummaryPerson(summary_id=0, number=each.number, name=each.name, spoke=each.spoke)
        for each in findings.people
    }
    return SummaryView(community, summary, points, people)
