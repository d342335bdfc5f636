"""Summaries of threads: who may ask, what is kept of a draft, publishing, what lasts, and what no longer does."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.people import Person, is_host, require_begun, require_host
from bot.services.summary_showing import SummaryView, outdate, show_summary, take_out, view_of
from bot.services.summary_terms import Place, Posted, Terms, require_open
from bot.services.thread_showing import show_thread
from bot.store.calls import Call
from bot.store.checkins import CheckIn, CheckInKind, Round, Share
from bot.store.communities import Community, Summarising, community_of, one_at_a_time
from bot.store.deliveries import DeliveryKind, Priority, plan
from bot.store.members import left_out_of_summaries
from bot.store.summaries import (
    ConfidentialThread,
    Summary,
    SummaryPerson,
    SummaryPoint,
    SummarySource,
    SummaryState,
    hold_summary,
    latest_published,
    published_in,
    remove_points,
    remove_summary,
    summaries_standing_as,
    summary_of,
    summary_requested_by,
)
from bot.thread import Findings, Point

DRAFT_FOR = timedelta(days=1)
"""How long a draft waits for its asker's word before it is thrown away."""
NO_DRAFTS = (SummaryState.PUBLISHED, SummaryState.DISCARDED)


class Summaries:
    """Keeps summaries. A draft is its asker's alone until they publish it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def terms(
        self, session: Session, community_id: int, person: Person, place: Place, *, after_id: int | None = None
    ) -> Terms:
        """Return on what terms a person may have a thread summarised, from where the last summary ends.

        ``after_id`` begins elsewhere. Raises Refusal where it is confidential or only hosts may ask.
        """
        return self._terms(session, community_id, person, place, after_id)

    def _terms(self, session: Session, community_id: int, person: Person, place: Place, after_id: int | None) -> Terms:
        community = community_of(session, community_id, self._clock.now())
        require_begun(community)
        require_open(session, community, place)
        host = is_host(community, person)
        if not host and community.summarising is Summarising.HOSTS:
            raise Refusal(_("Here the hosts have threads summarised. Ask one of them for a summary of this one."))
        latest = latest_published(session, community_id, place.thread_id)
        follows = latest if after_id is None else None
        return Terms(
            community=community,
            asker=person,
            place=place,
            host=host,
            after_id=follows.up_to_id if follows is not None else after_id,
            previous=follows,
            left_out=left_out_of_summaries(session, community_id),
            took_part=_took_part(session, community_id, place.thread_id),
            model=community.model_on,
        )

    @transaction
    def posted(self, session: Session, community_id: int, place: Place) -> list[Posted]:
        """Return the words of members Kith posted in a thread, or on the card it belongs to, for all to read."""
        of_round = (
            select(CheckIn)
            .join(Round, col(Round.id) == CheckIn.round_id)
            .where(
                Round.community_id == community_id,
                Round.message_id == place.thread_id,
                CheckIn.kind == CheckInKind.ANSWERED,
                CheckIn.share == Share.EVERYONE,
                col(CheckIn.message_id).is_not(None),
            )
        )
        words = [
            Posted(place.thread_id, each.message_id, each.member_id, each.words)
            for each in session.exec(of_round)
            if each.message_id is not None and each.member_id is not None
        ]
        call = session.exec(
            select(Call).where(Call.community_id == community_id, Call.thread_id == place.thread_id)
        ).one_or_none()
        if call is not None and call.caller_id is not None and call.words and not call.nameless and call.message_id:
            words.append(Posted(call.channel_id or place.parent_id, call.message_id, call.caller_id, call.words))
        return words

    @transaction
    def begin(self, session: Session, terms: Terms, up_to_id: int, request_id: int) -> Summary:
        """Keep what a summary is to cover, until its price is agreed to or the model has answered."""
        earlier = summary_requested_by(session, terms.community.id, request_id)
        if earlier is not None:
            return earlier
        return self._new(session, terms, up_to_id, request_id, SummaryState.PRICED)

    @transaction
    def tell_thread(self, session: Session, terms: Terms, summary_id: int, language: str) -> None:
        """Plan that a thread is told that words of it, in this language, go to the model: once for each summary.

        To be called before they go. Raises Refusal when the thread has become confidential, or the draft is gone.
        """
        require_open(session, terms.community, terms.place)
        summary = self._own(session, terms.community.id, terms.asker, summary_id)
        hold_summary(session, summary_id)
        if summary.state is SummaryState.PRICED:
            summary.language = language
        plan(
            session,
            DeliveryKind.SUMMARY_NOTICE,
            summary_id,
            community_id=summary.community_id,
            due_at=self._clock.now(),
            priority=Priority.WORDS,
        )

    @transaction
    def keep(
        self,
        session: Session,
        terms: Terms,
        up_to_id: int,
        findings: Findings,
        request_id: int,
        changed: Collection[int] = (),
    ) -> SummaryView:
        """Keep a draft; the same request keeps one. ``changed`` are messages that changed since they were read.

        Raises Refusal where the thread has become confidential.
        """
        earlier = summary_requested_by(session, terms.community.id, request_id)
        if earlier is not None:
            return view_of(session, earlier)
        new = self._new(session, terms, up_to_id, request_id, SummaryState.DRAFT)
        return self._fill(session, new, findings, changed)

    @transaction
    def remake(
        self,
        session: Session,
        terms: Terms,
        summary_id: int,
        up_to_id: int,
        findings: Findings,
        changed: Collection[int] = (),
    ) -> SummaryView:
        """Put findings in a draft's place. Raises Refusal as ``keep`` does, and when it is no draft of the asker's."""
        require_open(session, terms.community, terms.place)
        summary = self._own(session, terms.community.id, terms.asker, summary_id)
        summary.after_id, summary.up_to_id = terms.after_id, up_to_id
        summary.previous_id = terms.previous.id if terms.previous else None
        return self._fill(session, summary, findings, changed)

    def _new(self, session: Session, terms: Terms, up_to_id: int, request_id: int, state: SummaryState) -> Summary:
        require_open(session, terms.community, terms.place)
        summary = Summary(
            community_id=terms.community.id,
            thread_id=terms.place.thread_id,
            parent_id=terms.place.parent_id,
            private=terms.place.private,
            asker_id=terms.asker.member_id,
            request_id=request_id,
            state=state,
            language=terms.community.language,
            after_id=terms.after_id,
            up_to_id=up_to_id,
            previous_id=terms.previous.id if terms.previous else None,
            made_at=self._clock.now(),
        )
        session.add(summary)
        session.flush()
        return summary

    def _fill(self, session: Session, summary: Summary, findings: Findings, changed: Collection[int]) -> SummaryView:
        """Write findings into a draft, and leave out whoever has asked for it since the thread was read."""
        now = self._clock.now()
        remove_points(session, summary.id)
        session.connection().execute(delete(SummaryPerson).where(col(SummaryPerson.summary_id) == summary.id))
        summary.state, summary.made_at, summary.unmodelled = SummaryState.DRAFT, now, findings.unmodelled
        summary.language, summary.messages = findings.language, findings.messages
        summary.skipped, summary.cut = findings.skipped, findings.cut
        summary.outdated = any(each.message_id in changed for point in findings.points for each in point.sources)
        assert summary.id is not None
        for person in findings.people:
            session.add(
                SummaryPerson(
                    summary_id=summary.id,
                    number=person.number,
                    member_id=person.member_id,
                    name=person.name[:100],
                    spoke=person.spoke,
                )
            )
        _write(session, summary, findings.points)
        take_out(session, [summary], left_out_of_summaries(session, summary.community_id), now)
        return view_of(session, summary)

    @transaction
    def find(self, session: Session, community_id: int, person: Person, summary_id: int) -> SummaryView:
        """Return a person's own draft, or one that waits for its price. Raises Refusal when there is none any more."""
        return view_of(session, self._own(session, community_id, person, summary_id))

    @transaction
    def again(self, session: Session, community_id: int, person: Person, summary_id: int) -> Terms:
        """Return on what terms a draft is made again: from where it began. Raises Refusal as ``terms`` does."""
        summary = self._own(session, community_id, person, summary_id)
        place = Place(summary.thread_id, summary.parent_id, summary.private)
        from_message = summary.after_id if summary.previous_id is None else None
        return self._terms(session, community_id, person, place, from_message)

    @transaction
    def edit(
        self, session: Session, community_id: int, person: Person, summary_id: int, points: Sequence[Point]
    ) -> SummaryView:
        """Put the asker's own wording in place of a draft's points."""
        summary = self._own(session, community_id, person, summary_id)
        remove_points(session, summary.id)
        _write(session, summary, points)
        take_out(session, [summary], left_out_of_summaries(session, community_id), self._clock.now())
        return view_of(session, summary)

    @transaction
    def publish(self, session: Session, community_id: int, person: Person, summary_id: int) -> Summary:
        """Let a draft be posted in its thread; publishing twice posts once.

        Raises Refusal when nothing is left in it, the thread has become confidential, or somebody published a summary
        that goes as far meanwhile.
        """
        one_at_a_time(session, community_id)
        summary = summary_of(session, community_id, summary_id)
        if summary is not None and summary.state is SummaryState.PUBLISHED and summary.asker_id == person.member_id:
            return summary
        summary = self._own(session, community_id, person, summary_id)
        community = session.get_one(Community, community_id)
        require_open(session, community, Place(summary.thread_id, summary.parent_id, summary.private))
        if not view_of(session, summary).points:
            raise Refusal(_("There is nothing in it to publish. *Edit* adds words of your own."))
        latest = latest_published(session, community_id, summary.thread_id)
        now = self._clock.now()
        if latest and latest.id != summary.previous_id and (latest.published_at or now) >= summary.made_at:
            raise Refusal(
                _(
                    "Somebody published a summary of this thread since you began yours. Read it first; *Make again* "
                    "then gathers what is new after it."
                )
            )
        summary.state, summary.published_at = SummaryState.PUBLISHED, now
        show_summary(session, summary, now)
        return summary

    @transaction
    def discard(self, session: Session, community_id: int, person: Person, summary_id: int) -> bool:
        """Throw a draft away; tell whether there was one."""
        summary = summary_of(session, community_id, summary_id)
        if summary is None or summary.asker_id != person.member_id or summary.state in NO_DRAFTS:
            return False
        remove_summary(session, summary)
        return True

    @transaction
    def past(
        self, session: Session, community_id: int, here: int, readable: Collection[int], limit: int
    ) -> list[Summary]:
        """Return published summaries, newest first: those of the thread ``here``, else all of ``readable`` channels."""
        of_this = published_in(session, community_id, thread_id=here, limit=limit)
        return list(of_this or published_in(session, community_id, readable=readable, limit=limit))

    @transaction
    def mark_confidential(self, session: Session, community_id: int, thread_id: int) -> bool:
        """Let no summary be made of a thread any more, and throw away its drafts; tell whether that is new."""
        now = self._clock.now()
        require_begun(community_of(session, community_id, now))
        marked = {"thread_id": thread_id, "community_id": community_id}
        for draft in session.exec(
            select(Summary).where(
                Summary.community_id == community_id,
                Summary.thread_id == thread_id,
                Summary.state != SummaryState.PUBLISHED,
            )
        ).all():
            remove_summary(session, draft)
        new = insert_if_new(session, ConfidentialThread, marked)
        if new:
            show_thread(session, community_id, thread_id, now)
        return new

    @transaction
    def lift_confidential(self, session: Session, community_id: int, person: Person, thread_id: int) -> None:
        """Let summaries be made of a thread again. Raises Refusal for anyone but hosts."""
        require_host(community_of(session, community_id, self._clock.now()), person)
        marked = session.get(ConfidentialThread, thread_id)
        if marked is not None and marked.community_id == community_id:
            session.delete(marked)
            show_thread(session, community_id, thread_id, self._clock.now())

    @transaction
    def sources_changed(self, session: Session, community_id: int, message_ids: Collection[int]) -> None:
        """Note that messages were changed: kept summaries that rest on them are outdated."""
        outdate(session, community_id, message_ids, self._clock.now())

    @transaction
    def messages_gone(self, session: Session, community_id: int, message_ids: Collection[int]) -> None:
        """Note that messages were deleted: so is a summary that stood as one; those that rest on them are outdated."""
        for summary in summaries_standing_as(session, community_id, message_ids):
            remove_summary(session, summary)
        outdate(session, community_id, message_ids, self._clock.now())

    @transaction
    def thread_gone(self, session: Session, community_id: int, thread_id: int) -> None:
        """Note that a thread is gone: its drafts go, and what was kept of it is outdated."""
        for summary in session.exec(
            select(Summary).where(Summary.community_id == community_id, Summary.thread_id == thread_id)
        ).all():
            if summary.state is SummaryState.PUBLISHED:
                summary.outdated = True
            else:
                remove_summary(session, summary)

    @transaction
    def tend(self, session: Session) -> None:
        """Throw away drafts that have waited for a day."""
        old = select(Summary).where(
            Summary.state != SummaryState.PUBLISHED, col(Summary.made_at) <= self._clock.now() - DRAFT_FOR
        )
        for draft in session.exec(old.limit(100)).all():
            remove_summary(session, draft)

    def _own(self, session: Session, community_id: int, person: Person, summary_id: int) -> Summary:
        summary = summary_of(session, community_id, summary_id)
        if summary is None or summary.asker_id != person.member_id or summary.state is SummaryState.DISCARDED:
            raise Refusal(_("That draft is gone; one is kept for a day. /summary makes a new one."))
        if summary.state is SummaryState.PUBLISHED:
            raise Refusal(_("That summary is published already; it stands in its thread."))
        return summary


def _took_part(session: Session, community_id: int, thread_id: int) -> frozenset[int]:
    """Return who wrote what the published summaries of a thread were made from."""
    heard = (
        select(SummaryPerson.member_id)
        .join(Summary, col(Summary.id) == SummaryPerson.summary_id)
        .where(
            Summary.community_id == community_id,
            Summary.thread_id == thread_id,
            Summary.state == SummaryState.PUBLISHED,
            col(SummaryPerson.spoke).is_(True),
        )
    )
    return frozenset(each for each in session.exec(heard) if each is not None)


def _write(session: Session, summary: Summary, points: Sequence[Point]) -> None:
    assert summary.id is not None
    for place, point in enumerate(points):
        row = SummaryPoint(
            summary_id=summary.id, heading=point.heading, place=place, words=point.words, added=point.added
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        for source in point.sources:
            session.add(
                SummarySource(
                    point_id=row.id,
                    summary_id=summary.id,
                    channel_id=source.channel_id,
                    message_id=source.message_id,
                    author_id=source.author_id,
                )
            )
    session.flush()
