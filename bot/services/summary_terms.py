"""On what terms a thread may be summarised."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, select

from bot.errors import Refusal
from bot.language import _
from bot.services.people import Person
from bot.store.calls import Call
from bot.store.communities import Community
from bot.store.summaries import Summary, is_confidential


@dataclass(frozen=True)
class Place:
    """A thread or channel: the channel whose permissions say who reads it, and whether only those let in may."""

    thread_id: int
    parent_id: int
    private: bool = False


@dataclass(frozen=True)
class Terms:
    """On what terms someone may have a thread summarised.

    ``after_id``: what was written up to that message is left out, since the ``previous`` summary has it or the asker
    begins later; all if empty. ``took_part`` are those known to have written there before. ``model``: the community
    lets words go to the model.
    """

    community: Community
    asker: Person
    place: Place
    host: bool
    after_id: int | None
    previous: Summary | None
    left_out: frozenset[int]
    took_part: frozenset[int]
    model: bool

    def require_part(self, authors: Iterable[int | None]) -> None:
        """Raise Refusal unless the asker is a host or wrote in the thread."""
        if not self.host and self.asker.member_id not in {*authors, *self.took_part}:
            raise Refusal(
                _(
                    "Hosts, and those who wrote in a thread, can have it summarised. I found no words of yours here; "
                    "ask a host, or someone who took part."
                )
            )


@dataclass(frozen=True)
class Posted:
    """Words of a member's that Kith posted for them, such as a check-in, by the message they stand in."""

    channel_id: int
    message_id: int
    member_id: int
    words: str


def require_open(session: Session, community: Community, place: Place) -> None:
    """Raise Refusal for a thread that is confidential, or a call's that is not for everyone."""
    if is_confidential(session, community.id, place.thread_id):
        raise Refusal(_("This thread is confidential, so no summary is made of it. What is said here stays here."))
    call = session.exec(
        select(Call).where(Call.community_id == community.id, Call.thread_id == place.thread_id)
    ).one_or_none()
    if call is not None and call.private:
        raise Refusal(_("This call is only for those it was sent to, so no summary is made of its thread."))
