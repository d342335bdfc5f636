"""Kith's clock on a simulated Discord."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import simcord


class EnvClock:
    """The simulated Discord's own clock, so that both move together."""

    env: "simcord.Env | None" = None

    def now(self) -> datetime:
        """Return the simulation's instant, aware and in UTC."""
        return self.env.now() if self.env else datetime.now(UTC)
