"""What the language model costs a community: set aside before anything is sent, settled by what the server reports."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from bot.clock import Clock
from bot.database import Database, transaction
from bot.store.communities import community_of, one_at_a_time
from bot.store.summaries import ModelUse, tokens_this_month


@dataclass(frozen=True)
class Spending:
    """Tokens a community may use in this month (UTC), and has used or set aside."""

    budget: int
    spent: int

    @property
    def left(self) -> int:
        """How many tokens are left this month."""
        return max(0, self.budget - self.spent)


class ModelUses:
    """Keeps count of tokens, so that no community goes over its month's budget, however many ask at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def spending(self, session: Session, community_id: int) -> Spending:
        """Return what a community has used of this month's budget."""
        return spending_of(session, community_id, self._clock.now())

    @transaction
    def reserve(self, session: Session, community_id: int, tokens: int) -> int | None:
        """Set tokens aside for one request and return its id, or None when they go beyond the month's budget."""
        now = self._clock.now()
        one_at_a_time(session, community_id)
        if spending_of(session, community_id, now).left < tokens:
            return None
        use = ModelUse(community_id=community_id, month=month_of(now), reserved=tokens)
        session.add(use)
        session.flush()
        return use.id

    @transaction
    def settle(self, session: Session, use_id: int, used: int | None) -> None:
        """Keep what a request used, as its server reports it; ``None`` leaves what was set aside."""
        session.get_one(ModelUse, use_id).used = used


def spending_of(session: Session, community_id: int, now: datetime) -> Spending:
    """Return what a community has used of this month's budget."""
    budget = community_of(session, community_id, now).monthly_tokens
    return Spending(budget, tokens_this_month(session, community_id, month_of(now)))


def month_of(now: datetime) -> date:
    """Return the first day of an instant's month, in UTC."""
    return now.date().replace(day=1)
