"""Discord's rate limits: 50 requests a second in all, and a bucket for each channel."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.loopback.rest import Request

EXEMPT = ("/interactions/", "/webhooks/")  # bound to the interaction, not to the bot


@dataclass(slots=True)
class Window:
    """How many requests are left until ``ends``, on the monotonic clock."""

    ends: float
    left: int


@dataclass(slots=True)
class Limits:
    """What one bot may ask for; a route of a channel is ``bucket`` requests each ``bucket_seconds``."""

    everywhere: int = 50
    bucket: int = 5
    bucket_seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic
    _all: Window = field(default_factory=lambda: Window(0, 0))
    _buckets: dict[tuple[str, str, str], Window] = field(default_factory=dict[tuple[str, str, str], Window])

    def take(self, request: Request, template: str) -> tuple[float, bool, dict[str, str]]:
        """Count a request; return seconds to wait (0: go on), whether the wait is global, and headers."""
        if request.path.startswith(EXEMPT):
            return 0, False, {}
        now = self.clock()
        if now >= self._all.ends:
            self._all = Window(now + 1, self.everywhere)
        if self._all.left <= 0:
            return self._all.ends - now, True, {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        self._all.left -= 1
        if not request.path.startswith("/channels/"):
            return 0, False, {}
        return self._take_from_bucket(request, template, now)

    def _take_from_bucket(self, request: Request, template: str, now: float) -> tuple[float, bool, dict[str, str]]:
        key = (request.method, template, request.ids[0])
        window = self._buckets.get(key)
        if window is None or now >= window.ends:
            window = self._buckets[key] = Window(now + self.bucket_seconds, self.bucket)
        over = window.left <= 0
        window.left -= not over
        wait = window.ends - now
        headers = {
            "X-RateLimit-Limit": str(self.bucket),
            "X-RateLimit-Remaining": str(window.left),
            "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": f"{abs(hash((request.method, template))):x}",
        }
        if over:
            headers["X-RateLimit-Scope"] = "user"
        return wait if over else 0, False, headers
