"""Stand-ins for the world outside Kith."""

from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


class FixedClock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the instant last set, aware and in UTC."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Make ``instant`` the present."""
        self._now = instant

    def advance(self, by: timedelta) -> None:
        """Move the present forward by ``by``."""
        self._now += by
