"""The simulated Discord, without the waits that nobody needs."""

import simcord

LOOK_AGAIN = 0.001
"""Seconds until it is looked again whether Kith has come to the end of what it does; simcord's own are 0.05."""


class SimulatedDiscord(simcord.Env):
    """simcord's, which after each thing Kith did slept 50 ms to see whether a last step was still to come."""

    async def settle(self, timeout: float | None = None, idle: float = LOOK_AGAIN) -> None:  # noqa: ASYNC109 -- simcord's
        """Wait until Kith has nothing more to do by itself."""
        await super().settle(timeout, idle)

    async def _settle_internal(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 -- simcord's
        idle: float = LOOK_AGAIN,
        dispatch: str | None = None,
        _deadline: float | None = None,
    ) -> None:
        await super()._settle_internal(timeout=timeout, idle=idle, dispatch=dispatch, _deadline=_deadline)
