"""What a published summary shows, from the rows as they stand, and what the rows remember once it was said."""

from sqlmodel import Session

from bot.courier import Needless, Said, Settle
from bot.database import Database, transaction
from bot.services.summary_showing import SummaryView, view_of
from bot.store.deliveries import Delivery, DeliveryKind
from bot.store.summaries import Summary, SummaryState, hold_summary, remove_summary


class SummaryCards:
    """Tells the courier's hands what to show of a summary. Each method raises Needless when that is nothing now."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def settle(self) -> dict[DeliveryKind, Settle]:
        """What to write when a delivery of each kind ended, in the same transaction."""
        return {DeliveryKind.SUMMARY: _settle, DeliveryKind.SUMMARY_NOTICE: _settle_notice}

    @transaction
    def card(self, session: Session, delivery: Delivery) -> SummaryView:
        """Return a published summary whole."""
        view = _view(session, delivery)
        if view.summary.state is not SummaryState.PUBLISHED:
            raise Needless("gone")
        return view

    @transaction
    def notice(self, session: Session, delivery: Delivery) -> SummaryView:
        """Return a summary of which the thread is told that words went to the model, whatever became of it."""
        return _view(session, delivery)


def _view(session: Session, delivery: Delivery) -> SummaryView:
    summary = session.get(Summary, delivery.subject_id)
    if summary is None:
        raise Needless("gone")
    view = view_of(session, summary)
    if not view.community.tended:
        raise Needless("left")
    return view


def _settle(session: Session, delivery: Delivery, said: Said | None) -> None:
    summary = session.get(Summary, delivery.subject_id)
    if summary is None or summary.state is SummaryState.DISCARDED:
        return
    if said is not None:
        summary.message_id = said.message_id or summary.message_id
    elif summary.message_id is None:
        summary.state, summary.published_at = SummaryState.DRAFT, None  # it stands nowhere, so none follows it


def _settle_notice(session: Session, delivery: Delivery, _said: Said | None) -> None:
    hold_summary(session, delivery.subject_id)
    summary = session.get(Summary, delivery.subject_id)
    if summary is not None and summary.state is SummaryState.DISCARDED:
        remove_summary(session, summary)
