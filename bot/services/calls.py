"""Calls to peers: writing one, sending it, and seeing what waits."""

import statistics
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.ladder import climb, show_call, with_it
from bot.services.people import Person, is_host, require_begun
from bot.services.words import check_words
from bot.store.calls import (
    Audience,
    Call,
    CallState,
    Help,
    Response,
    Urgency,
    call_of,
    calls_since,
    draft_of,
    oldest_open_call,
    open_calls_seen_by,
    responders_since,
    response_of,
    responses_to,
)
from bot.store.checkins import CheckIn
from bot.store.communities import Community, community_of

MOST_NAMED = 10
"""People a caller can name; each is added to the private thread with a request of its own."""
MEASURED = timedelta(days=90)
FEWEST_PEOPLE = 5
"""A number about fewer people or calls than this could point at somebody, so it is hidden."""


@dataclass(frozen=True)
class NewCall:
    """What a member wrote in the form; ``named`` counts only for people they name."""

    words: str
    helps: Sequence[Help]
    urgency: Urgency
    audience: Audience
    named: Sequence[int] = ()


@dataclass(frozen=True)
class CallForm:
    """What the form starts with: the member's draft if there is one, and whom it names; or only words."""

    draft: Call | None
    named: list[int] = field(default_factory=list[int])
    words: str = ""


@dataclass(frozen=True)
class Preview:
    """A call as it will be seen, before it is sent; ``missing``: what keeps it from being sent, in words.

    ``edition`` is a number that differs once anything in it was changed.
    """

    community: Community
    call: Call
    named: list[int]
    missing: str = ""

    @property
    def edition(self) -> int:
        """The number by which a preview that was changed elsewhere since is told from the draft as it stands."""
        call = self.call
        shown = f"{call.help}:{call.urgency}:{call.audience}:{sorted(self.named)}:{call.words}"
        return zlib.crc32(shown.encode()) % 2**30 + 1


@dataclass(frozen=True)
class Sent:
    """A call that is sent; ``again``: it was before."""

    call: Call
    again: bool = False


@dataclass(frozen=True)
class Waiting:
    """An open call as it is listed, and how many people are with it."""

    call: Call
    with_it: int


@dataclass(frozen=True)
class Measures:
    """How calls fare in a community, without those to people named; what is too few to show is empty.

    The last three look back 90 days: ``answered`` is a share from 0 to 1.
    """

    open: int
    oldest: datetime | None
    called: int
    first_answer: timedelta | None
    answered: float | None
    responders: int | None


class Calls:
    """Keeps calls while they are written, and lists them. All look-ups are within one community."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def form(self, session: Session, community_id: int, member_id: int, words: str = "") -> CallForm:
        """Return what the form starts with: the member's draft, or the given words.

        Raises Refusal where calls have no channel yet, or Kith has not begun.
        """
        self._tended(session, community_id)
        draft = draft_of(session, community_id, member_id)
        if words or draft is None:
            return CallForm(None, words=words)
        return CallForm(draft, named_in(session, draft))

    @transaction
    def change(self, session: Session, community_id: int, member_id: int, call_id: int) -> CallForm:
        """Return the form filled in with the member's draft. Raises Refusal once that was sent or thrown away."""
        draft = draft_of(session, community_id, member_id)
        if draft is not None and draft.id == call_id:
            return CallForm(draft, named_in(session, draft))
        sent = call_of(session, community_id, call_id)
        if sent is not None and sent.caller_id == member_id:
            raise Refusal(
                _("It is sent, so it stays as it is. You can add words in its thread, or withdraw it and ask anew.")
            )
        raise Refusal(_("There is nothing to change here any more. /call opens a new form."))

    @transaction
    def form_from_check_in(self, session: Session, community_id: int, member_id: int, check_in_id: int) -> CallForm:
        """Return the form filled in with the words of a member's own check-in. Raises Refusal as ``form`` does."""
        self._tended(session, community_id)
        check_in = session.get(CheckIn, check_in_id)
        own = check_in is not None and (check_in.community_id, check_in.member_id) == (community_id, member_id)
        return CallForm(None, words=check_in.words if check_in is not None and own else "")

    @transaction
    def write(self, session: Session, community_id: int, member_id: int, new: NewCall) -> Preview:
        """Keep a call as the member's draft and return how it will look; written twice it stands once.

        Raises Refusal for empty words, more than 1,000 characters, or where calls have no channel.
        """
        words, now = check_words(new.words), self._clock.now()
        community = self._tended(session, community_id)
        fresh = Call(community_id=community_id, caller_id=member_id, written_at=now)
        insert_if_new(session, Call, fresh.model_dump(exclude={"id"}))
        draft = draft_of(session, community_id, member_id)
        assert draft is not None
        draft.words, draft.written_at = words, now
        draft.help = ",".join(each for each in Help if each in new.helps)
        draft.urgency, draft.audience = new.urgency, new.audience
        session.connection().execute(delete(Response).where(col(Response.call_id) == draft.id))
        if draft.audience is Audience.NAMED:
            for named_id in [each for each in dict.fromkeys(new.named) if each != member_id][:MOST_NAMED]:
                session.add(
                    Response(community_id=community_id, call_id=row_id_of(draft), member_id=named_id, named=True)
                )
        session.flush()
        return self._preview(session, community, draft)

    @transaction
    def preview(self, session: Session, community_id: int, member_id: int) -> Preview:
        """Return how the member's draft will look. Raises Refusal when there is none."""
        draft = draft_of(session, community_id, member_id)
        if draft is None:
            raise Refusal(_("There is nothing to send. /call opens the form."))
        return self._preview(session, community_of(session, community_id, self._clock.now()), draft)

    def _preview(self, session: Session, community: Community, draft: Call) -> Preview:
        named = named_in(session, draft)
        missing = ""
        if draft.audience is Audience.NAMED and not named:
            missing = _(
                "You chose *people I name*, and nobody is named yet. *Change it* lets you pick them; bots don't count."
            )
        return Preview(community, draft, named, missing)

    @transaction
    def send(
        self, session: Session, community_id: int, member_id: int, call_id: int, edition: int | None = None
    ) -> Sent:
        """Open a member's draft: plan its card and reach the first rung, in one commit. Sent twice it opens once.

        Raises Refusal when something is missing, when there is no such draft of theirs, or when it was changed since
        the ``edition`` they saw.
        """
        call, now = call_of(session, community_id, call_id), self._clock.now()
        if call is None or call.caller_id != member_id:
            raise Refusal(_("There is nothing to send. /call opens the form."))
        if call.state is not CallState.DRAFT:
            return Sent(call, again=True)
        community = self._tended(session, community_id)
        preview = self._preview(session, community, call)
        if edition not in (None, preview.edition):
            raise Refusal(_("You have changed this call since. *Change it* opens it as it stands now; send that one."))
        if preview.missing:
            raise Refusal(preview.missing)
        call.state, call.opened_at, call.next_at = CallState.OPEN, now, now
        call.channel_id = community.calls_channel_id
        show_call(session, call, now)
        climb(session, community, call, now)
        return Sent(call)

    @transaction
    def discard(self, session: Session, community_id: int, member_id: int, call_id: int) -> bool:
        """Erase a member's draft; tell whether there was one."""
        draft = draft_of(session, community_id, member_id)
        if draft is None or draft.id != call_id:
            return False
        erase_draft(session, draft)
        return True

    @transaction
    def waiting(self, session: Session, community_id: int, person: Person, skip: int, limit: int) -> list[Waiting]:
        """Return the open calls a person may see, oldest first, after the first ``skip``."""
        host = is_host(community_of(session, community_id, self._clock.now()), person)
        seen = open_calls_seen_by(session, community_id, person.member_id, host=host, skip=skip, limit=limit)
        return [Waiting(call, len(with_it(session, call))) for call in seen]

    @transaction
    def own(self, session: Session, community_id: int, member_id: int, skip: int, limit: int) -> list[Waiting]:
        """Return a member's own open calls, oldest first, after the first ``skip``."""
        own = open_calls_seen_by(session, community_id, member_id, host=False, skip=skip, limit=limit, own=True)
        return [Waiting(call, len(with_it(session, call))) for call in own]

    @transaction
    def measures(self, session: Session, community_id: int, person: Person) -> Measures:
        """Return how calls fare here. Raises Refusal for someone who doesn't host."""
        now = self._clock.now()
        if not is_host(community_of(session, community_id, now), person):
            raise Refusal(
                _("Hosts can look at this. If you would like to host, ask someone who runs this server for the role.")
            )
        called = calls_since(session, community_id, now - MEASURED)
        waits = [answered_at - opened_at for _state, opened_at, answered_at in called if answered_at and opened_at]
        responders = responders_since(session, community_id, now - MEASURED)
        open_, oldest = oldest_open_call(session, community_id)
        enough = len(called) >= FEWEST_PEOPLE
        return Measures(
            open=open_,
            oldest=oldest,
            called=len(called),
            first_answer=median(waits) if len(waits) >= FEWEST_PEOPLE else None,
            answered=sum(state is CallState.ANSWERED for state, *_times in called) / len(called) if enough else None,
            responders=responders if responders >= FEWEST_PEOPLE else None,
        )

    def _tended(self, session: Session, community_id: int) -> Community:
        community = community_of(session, community_id, self._clock.now())
        require_begun(community)
        if community.calls_channel_id is None:
            raise Refusal(
                _("Calls have no channel yet. Someone with *Manage Server* can choose one in /setup start; try then.")
            )
        return community


def visible_call(session: Session, community_id: int, person: Person, call_id: int, now: datetime) -> Call:
    """Return a call that was sent, to someone who may see it. Raises Refusal, the same for what isn't there."""
    call = call_of(session, community_id, call_id)
    community = community_of(session, community_id, now)
    if call is None or call.state is CallState.DRAFT or not _may_see(session, community, call, person):
        raise Refusal(_("That call is not here for you. /call open lists those you can answer."))
    return call


def _may_see(session: Session, community: Community, call: Call, person: Person) -> bool:
    if not call.private or call.caller_id == person.member_id:
        return True
    if call.audience is Audience.HOSTS:
        return is_host(community, person)
    return response_of(session, call.id, person.member_id) is not None


def named_in(session: Session, call: Call) -> list[int]:
    """Return the ids of the people a call names."""
    return [each.member_id for each in responses_to(session, call.id) if each.named and each.member_id is not None]


def erase_draft(session: Session, draft: Call) -> None:
    """Remove a draft and whom it names."""
    session.connection().execute(delete(Response).where(col(Response.call_id) == draft.id))
    session.delete(draft)


def row_id_of(call: Call) -> int:
    """Return the id of a call that is written."""
    assert call.id is not None
    return call.id


def median(waits: Sequence[timedelta]) -> timedelta:
    """Return the middle one of some times."""
    return timedelta(seconds=statistics.median(each.total_seconds() for each in waits))
