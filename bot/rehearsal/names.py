"""What people, roles and channels on the simulated Discord are called."""

from datetime import datetime
from zoneinfo import ZoneInfo

import simcord

from bot.rehearsal.people import ZONE
from bot.rehearsal.transcript import CALL_THREAD, CIRCLE_THREAD, GROUP_THREAD, ROUND_THREAD

CHECKINS, CALLS, CIRCLES = "check-ins", "calls", "circles"
"""The channels for each, as *Make them for me* names them."""
PRIVATE_THREAD = 12


class Names:
    """What the ids on the simulated Discord are called."""

    def __init__(self, env: simcord.Env) -> None:
        self._env = env
        self.zone = ZoneInfo(ZONE)

    def user(self, user_id: int) -> str:
        """Return a person's name."""
        user = self._env.backend.users[user_id]
        return user.global_name or user.name

    def role(self, role_id: int) -> str:
        """Return a role's name."""
        return next(
            (guild.roles[role_id].name for guild in self._env.backend.guilds.values() if role_id in guild.roles), "role"
        )

    def channel(self, channel_id: int) -> str:
        """Return a channel's name."""
        channels = self._env.backend.channels
        channel = channels.get(channel_id)
        if channel is None:
            return ROUND_THREAD
        if not channel.is_thread:
            return f"#{channel.name}"
        parent = channels.get(channel.parent_id or 0)
        in_circles = GROUP_THREAD if channel.type == PRIVATE_THREAD else CIRCLE_THREAD
        places = {CHECKINS: ROUND_THREAD, CALLS: CALL_THREAD, CIRCLES: in_circles}
        return places.get((parent.name if parent else None) or CHECKINS, f"“{channel.name}”")

    def now(self) -> datetime:
        """Return the simulation's instant."""
        return self._env.now()
