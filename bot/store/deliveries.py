"""Deliveries: what must be said, as rows."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Index, Integer, SmallInteger, String, UniqueConstraint, and_, bindparam, or_, text
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.database import PLANNED, insert_if_new, insert_those_new
from bot.store.calls import OPEN_TO_ALL, Call
from bot.store.checkins import CheckIn
from bot.store.columns import one_of, row_id, snowflake


class DeliveryKind(StrEnum):
    """What is to be said, and so what ``subject_id`` names."""

    ROUND = "round"
    """A round's card: posted once, later edited to show where the round stands. Subject: the round."""
    CHECK_IN = "check-in"
    """A check-in in the round's thread: posted, edited or removed. Subject: the check-in."""
    WEAVING = "weaving"
    """What closes a round. Subject: the round."""
    REMINDER = "reminder"
    """A direct message about an open round; the key is the member's id. Subject: the round."""
    QUIET = "quiet"
    """Asks the hosts whether a rhythm still serves. Subject: the rhythm."""
    NOTE = "note"
    """Tells the hosts that something could not be said. Subject: that delivery."""
    CALL = "call"
    """A call's card: posted once, later edited to show where the call stands. Subject: the call."""
    DOOR = "door"
    """The message in the calls channel by which hosts reach a hosts' call, posted and edited. Subject: the call."""
    RUNG = "rung"
    """One rung of a call's ladder; the key is its number. Subject: the call."""
    WORD = "word"
    """Anything else said in a call's thread; the key is ``n:what:id``. Subject: the call."""
    KEEPER = "keeper"
    """Whose turn it is to keep calls: posted once, later edited. Subject: the keeper's turn."""
    CIRCLE = "circle"
    """A circle's card: posted once, later edited to show who comes and how it stands. Subject: the circle."""
    EVENT = "event"
    """A live circle's scheduled event on Discord, made and kept in step. Subject: the circle."""
    PANEL = "panel"
    """A running circle's step and buttons: a new message a step, edited meanwhile. Subject: the circle."""
    CIRCLE_WORD = "circle-word"
    """Anything else said in a circle's thread; the key is ``n:what:about``. Subject: the circle."""
    SUMMARY = "summary"
    """A published summary: posted once, later edited as what it rests on goes. Subject: the summary."""
    SUMMARY_NOTICE = "summary-notice"
    """Tells a thread that words of it went to the model, and at whose asking. Subject: the summary."""


class Priority(IntEnum):
    """Who goes first when much is due: calls, then people's words, then rituals."""

    CALL = 0
    WORDS = 1
    RITUAL = 2


class DeliveryState(StrEnum):
    """Where a delivery stands; the last four are final."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    NEEDS_REVIEW = "needs review"


WAITING = (DeliveryState.PENDING, DeliveryState.CLAIMED)
IS_WAITING = text("state IN ('pending', 'claimed')")
"""What the index for the order of deliveries still to be said is limited to."""
OF_CALLS = (DeliveryKind.CALL, DeliveryKind.DOOR, DeliveryKind.RUNG, DeliveryKind.WORD)
OF_CIRCLES = (DeliveryKind.EVENT, DeliveryKind.PANEL, DeliveryKind.CIRCLE_WORD)
"""What belongs to a circle beside its card."""
IN_THREADS_OF_CALLS = (DeliveryKind.RUNG, DeliveryKind.WORD)
DRAWN_ANEW = (*IN_THREADS_OF_CALLS, DeliveryKind.CIRCLE_WORD, DeliveryKind.PANEL)
"""Kinds whose messages only their deliveries know, so that these are kept for as long as the messages stand."""
UNSAID = (DeliveryState.SKIPPED, DeliveryState.FAILED, DeliveryState.NEEDS_REVIEW)
AGAIN = "~"
"""Stands in the key of a delivery that draws anew what an earlier one said, after that one's key."""
NEW = ":new"
"""Ends the key of a circle's panel that is to be a new message, below what was said since the last."""
FIRST = "0"
"""The key of the delivery that posts what later ones with the same subject edit."""


class Delivery(SQLModel, table=True):
    """One thing to be said, once.

    It is said when ``due_at`` has come, not before ``not_before`` (set when an attempt failed), and is no longer
    worth saying after ``expires_at``. A claim holds until ``leased_until``; only the holder of ``claim`` may record
    its end. ``attempt`` above one means that an earlier attempt may have reached Discord. Deliveries of one kind
    and subject go out in the order they are due, then in that they were planned.
    """

    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "key"),
        Index("ix_delivery_due_at", "state", "due_at"),
        Index("ix_delivery_before", "kind", "subject_id", "id", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
        {"sqlite_autoincrement": True},  # an id makes the nonce and the marker: none may come twice, even once deleted
    )

    id: int | None = row_id()
    community_id: int = snowflake(index=True)
    kind: DeliveryKind = one_of(DeliveryKind)
    subject_id: int = snowflake()
    key: str = Field(default="", max_length=40)
    priority: Priority = Field(sa_type=SmallInteger)
    due_at: datetime
    not_before: datetime | None = None
    expires_at: datetime | None = None
    state: DeliveryState = one_of(DeliveryState, default=DeliveryState.PENDING)
    attempt: int = 0
    claim: str | None = Field(default=None, max_length=32)
    leased_until: datetime | None = None
    first_claimed_at: datetime | None = None
    channel_id: int | None = snowflake(default=None)
    message_id: int | None = snowflake(default=None)
    settled_at: datetime | None = None
    reason: str = Field(default="", max_length=40)


_NEW = {"state": DeliveryState.PENDING, "attempt": 0, "reason": ""}


def plan(
    session: Session,
    kind: DeliveryKind,
    subject_id: int,
    *,
    community_id: int,
    due_at: datetime,
    key: str = "",
    priority: Priority = Priority.RITUAL,
    expires_at: datetime | None = None,
) -> bool:
    """Write down something to be said, unless it was planned before; tell whether it is new."""
    session.flush()
    session.info[PLANNED] = True
    return insert_if_new(
        session,
        Delivery,
        {
            "kind": kind,
            "subject_id": subject_id,
            "key": key,
            "community_id": community_id,
            "due_at": due_at,
            "priority": priority,
            "expires_at": expires_at,
            **_NEW,
        },
    )


def plan_all(session: Session, deliveries: Sequence[dict[str, Any]]) -> None:
    """Write down, in this order, what is to be said and was not planned before; each is given as ``plan`` takes it."""
    session.flush()
    if deliveries:
        session.info[PLANNED] = True
        insert_those_new(session, Delivery, [each | _NEW for each in deliveries])


def deliveries_due(session: Session, now: datetime, limit: int, but_not_in: Collection[int] = ()) -> Sequence[Delivery]:
    """Return deliveries to claim: due, not held by a living claim, first of their subject, their round's card said.

    Calls before rituals, then the longest due, and none of the communities ``but_not_in``. Rows another process
    is claiming are passed over.
    """
    return session.exec(_due(), params={"now": now, "limit": limit, "but_not_in": list(but_not_in)}).all()


@cache
def _due() -> SelectOfScalar[Delivery]:
    """Return the question for ``deliveries_due``: to put it together takes longer than to answer it."""
    earlier = aliased(Delivery)
    an_earlier_one_waits = (
        select(earlier.id)
        .where(
            earlier.kind == Delivery.kind,
            earlier.subject_id == Delivery.subject_id,
            col(earlier.id) < col(Delivery.id),
            _waits(earlier),
            earlier.due_at <= Delivery.due_at,
        )
        .exists()
    )
    return (
        select(Delivery)
        .where(
            _waits(Delivery),
            Delivery.due_at <= bindparam("now"),
            or_(col(Delivery.not_before).is_(None), col(Delivery.not_before) <= bindparam("now")),
            or_(col(Delivery.state) == DeliveryState.PENDING, col(Delivery.leased_until) <= bindparam("now")),
            # Reminders of one round go to different people: they need not wait for each other.
            or_(col(Delivery.kind) == DeliveryKind.REMINDER, ~an_earlier_one_waits),
            ~_its_card_waits(),
            col(Delivery.community_id).not_in(bindparam("but_not_in", expanding=True)),
        )
        .order_by(col(Delivery.priority), col(Delivery.due_at), col(Delivery.id))
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(skip_locked=True)
    )


def _waits(table: type[Delivery]) -> ColumnElement[bool]:
    """Return the condition that a delivery is still to be said, in the words of the index that holds only such.

    Without that index SQLite, asked what is due, compared each with every other: ten seconds for 10,000 of them.
    """
    return col(table.state).in_(bindparam("waiting", list(WAITING), type_=String, expanding=True, literal_execute=True))


def _its_card_waits() -> ColumnElement[bool]:
    """Return the condition that a round's, call's or circle's card is still to come, in whose thread or wake it is.

    What is said in a circle comes below the panel of its step, but for the calls it hears before it begins.
    """
    card = aliased(Delivery)
    waits = (card.kind == DeliveryKind.ROUND, card.key == FIRST, _waits(card))
    of_its_round = select(card.id).where(card.subject_id == Delivery.subject_id, *waits)
    of_its_answer = (
        select(card.id)
        .join(CheckIn, col(CheckIn.round_id) == card.subject_id)
        .where(CheckIn.id == Delivery.subject_id, *waits)
    )
    of_its_call = select(card.id).where(
        card.subject_id == Delivery.subject_id,
        card.kind == DeliveryKind.CALL,
        _waits(card),
    )
    of_its_circle = select(card.id).where(
        card.subject_id == Delivery.subject_id,
        card.kind == DeliveryKind.CIRCLE,
        _waits(card),
    )
    of_its_panel = select(card.id).where(
        card.subject_id == Delivery.subject_id,
        card.kind == DeliveryKind.PANEL,
        col(card.key).like(f"%{NEW}"),
        _waits(card),
    )
    # One look-up by key each: as one, PostgreSQL compared every card with every other until it had new statistics.
    return or_(
        and_(col(Delivery.kind).in_([DeliveryKind.WEAVING, DeliveryKind.REMINDER]), of_its_round.exists()),
        and_(col(Delivery.kind) == DeliveryKind.CHECK_IN, of_its_answer.exists()),
        and_(col(Delivery.kind).in_([DeliveryKind.DOOR, DeliveryKind.RUNG, DeliveryKind.WORD]), of_its_call.exists()),
        and_(col(Delivery.kind).in_(OF_CIRCLES), of_its_circle.exists()),
        and_(
            col(Delivery.kind) == DeliveryKind.CIRCLE_WORD,
            col(Delivery.key).not_like("%:calls:%"),
            of_its_panel.exists(),
        ),
    )


def call_card_is_coming(session: Session, call_id: int) -> bool:
    """Tell whether a call's card is still to be posted or edited."""
    coming = select(Delivery.id).where(
        Delivery.kind == DeliveryKind.CALL, Delivery.subject_id == call_id, col(Delivery.state).in_(WAITING)
    )
    return session.exec(coming.limit(1)).one_or_none() is not None


def rungs_planned(session: Session, call_id: int | None) -> Sequence[Delivery]:
    """Return the deliveries that say a call's rungs, each for the first time or once more, in the order planned."""
    return session.exec(
        select(Delivery)
        .where(
            Delivery.kind == DeliveryKind.RUNG,
            Delivery.subject_id == call_id,
            col(Delivery.key).not_like(f"%{AGAIN}%"),
        )
        .order_by(col(Delivery.id))
    ).all()


def word_about(session: Session, call_id: int, what: str) -> Delivery | None:
    """Return the delivery that says something, such as ``relay:12``, in a call's thread; the latest that tries to."""
    found = words_about(session, call_id, what)
    return found[-1] if found else None


def words_about(session: Session, call_id: int, what: str) -> Sequence[Delivery]:
    """Return the deliveries that say something, such as ``learned:1``, in a call's thread, in the order planned."""
    return session.exec(
        select(Delivery)
        .where(Delivery.kind == DeliveryKind.WORD, Delivery.subject_id == call_id)
        .where(col(Delivery.key).like(f"%:{what}"))
        .order_by(col(Delivery.id))
    ).all()


def panel_followed(session: Session, delivery: Delivery) -> bool:
    """Tell whether a circle's panel that is to be posted or edited is to be a new message right after."""
    follows = select(Delivery.id).where(
        Delivery.kind == DeliveryKind.PANEL,
        Delivery.subject_id == delivery.subject_id,
        col(Delivery.id) > delivery.id,
        col(Delivery.key).like(f"%{NEW}"),
        col(Delivery.state).in_(WAITING),
    )
    return session.exec(follows.limit(1)).first() is not None


def event_settled_last(session: Session, community_id: int, refused: str) -> Delivery | None:
    """Return the latest event of a community's circles that was made or kept in step, or was ``refused``."""
    return session.exec(
        select(Delivery)
        .where(
            Delivery.community_id == community_id,
            Delivery.kind == DeliveryKind.EVENT,
            or_(
                col(Delivery.state) == DeliveryState.SENT,
                and_(col(Delivery.state) == DeliveryState.FAILED, col(Delivery.reason) == refused),
            ),
        )
        .order_by(col(Delivery.settled_at).desc(), col(Delivery.id).desc())
        .limit(1)
    ).one_or_none()


def told_since(session: Session, delivery: Delivery, since: datetime) -> bool:
    """Tell whether a community's hosts have had a note since then about the same kind and reason.

    All that is said in calls' threads is of one kind here.
    """
    alike = IN_THREADS_OF_CALLS if delivery.kind in IN_THREADS_OF_CALLS else (delivery.kind,)
    about = aliased(Delivery)
    notes = (
        select(Delivery.id)
        .join(about, col(about.id) == col(Delivery.subject_id))
        .where(
            Delivery.community_id == delivery.community_id,
            Delivery.kind == DeliveryKind.NOTE,
            Delivery.due_at > since,
            col(about.kind).in_(alike),
            about.reason == delivery.reason,
        )
    )
    return session.exec(notes.limit(1)).first() is not None


def deliveries_to_come(session: Session, community_id: int, limit: int) -> Sequence[Delivery]:
    """Return what a community will be told next, soonest first, without anything of private calls."""
    return session.exec(
        select(Delivery)
        .where(
            Delivery.community_id == community_id, col(Delivery.state).in_(WAITING), ~_is_of_a_private_call(OF_CALLS)
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
    ).all()


def _is_of_a_private_call(kinds: Collection[DeliveryKind]) -> ColumnElement[bool]:
    private = select(Call.id).where(Call.id == Delivery.subject_id, col(Call.audience).not_in(OPEN_TO_ALL))
    return and_(col(Delivery.kind).in_(kinds), private.exists())


def deliveries_that_went_wrong(session: Session, community_id: int, since: datetime) -> Sequence[Delivery]:
    """Return what could not be said in a community since then, newest first.

    Of private calls there is nothing but that their card or door failed, which only someone who may grant a
    permission can mend; it reads as any call's.
    """
    return session.exec(
        select(Delivery)
        .where(
            Delivery.community_id == community_id,
            col(Delivery.state).in_([DeliveryState.FAILED, DeliveryState.NEEDS_REVIEW]),
            col(Delivery.settled_at) >= since,
            ~_is_of_a_private_call(IN_THREADS_OF_CALLS),
        )
        .order_by(col(Delivery.settled_at).desc())
        .limit(10)
    ).all()


SETTLED_FOR = timedelta(days=90)
"""How long a delivery that has ended is kept, for the hosts' questions."""
