"""Plans what cards and threads show: a round's, a keeper's. Each change of a row plans one more look at it."""

from datetime import datetime

from sqlmodel import Session

from bot.services.summary_showing import outdate
from bot.store.checkins import CheckIn, Round
from bot.store.deliveries import DeliveryKind, Priority, plan
from bot.store.keepers import KeeperTurn

ANEW = ":anew"
"""Ends the key of the delivery that posts a keeper's card once more, so that whoever keeps now is told of it."""


def show_round(session: Session, shown: Round, due_at: datetime, *, expires_at: datetime | None = None) -> None:
    """Plan that a round's card shows where the round stands; the first time posts it."""
    assert shown.id is not None
    plan(
        session,
        DeliveryKind.ROUND,
        shown.id,
        key=str(shown.version),
        community_id=shown.community_id,
        due_at=due_at,
        expires_at=expires_at,
    )
    shown.version += 1


def show_weaving(session: Session, woven: Round, due_at: datetime, *, expires_at: datetime | None = None) -> None:
    """Plan that a round's weaving shows who was heard; the first time posts it."""
    assert woven.id is not None
    plan(
        session,
        DeliveryKind.WEAVING,
        woven.id,
        key=str(woven.weaving_version),
        community_id=woven.community_id,
        due_at=due_at,
        expires_at=expires_at,
    )
    woven.weaving_version += 1


def show_check_in(session: Session, shown: CheckIn, due_at: datetime) -> None:
    """Plan that the round's thread shows a check-in as it stands, or no longer does; summaries of it are outdated."""
    session.flush()
    if not shown.public and shown.version == 0:
        return  # nothing of it was ever planned to be seen
    assert shown.id is not None
    if shown.message_id is not None:
        outdate(session, shown.community_id, [shown.message_id], due_at)
    plan(
        session,
        DeliveryKind.CHECK_IN,
        shown.id,
        key=str(shown.version),
        community_id=shown.community_id,
        due_at=due_at,
        priority=Priority.WORDS,
    )
    shown.version += 1


def show_turn(
    session: Session, shown: KeeperTurn, due_at: datetime, *, anew: bool = False, expires_at: datetime | None = None
) -> None:
    """Plan that the card of a keeper's turn shows who keeps; the first time, and ``anew``, posts it."""
    assert shown.id is not None
    plan(
        session,
        DeliveryKind.KEEPER,
        shown.id,
        key=f"{shown.version}{ANEW if anew else ''}",
        community_id=shown.community_id,
        due_at=due_at,
        expires_at=expires_at,
    )
    shown.version += 1


def erase(session: Session, check_in: CheckIn, now: datetime) -> None:
    """Remove a check-in's words from the row and, where it was shown, from the thread and the weaving."""
    was_public = check_in.public
    check_in.words, check_in.arriving, check_in.need, check_in.replied_at = "", None, False, None
    if check_in.round_id is not None and was_public:
        show_check_in(session, check_in, now)
        woven = session.get(Round, check_in.round_id)
        if woven is not None and woven.weaving_version:  # also while it is on its way
            show_weaving(session, woven, now)
