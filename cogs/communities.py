"""Placeholder while the cog is being written."""

from typing import Any


async def setup(bot: Any) -> None:
    """Nothing yet."""
