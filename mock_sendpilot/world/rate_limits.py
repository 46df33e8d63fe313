"""The HTTP rate limit of an API key: so many requests in a window, on the workspace's clock.

The vendor documents the 429 and no numbers: there is no limit unless one is asked for.
"""

import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from mock_sendpilot.errors import InvalidInput, LimitExceeded
from mock_sendpilot.scheduling.clock import Clock
from mock_sendpilot.world.models import RateLimit

_WINDOWS: Mapping[str, int] = {
    "s": 1,
    "sec": 1,
    "min": 60,
    "m": 60,
    "h": 3600,
    "hour": 3600,
    "day": 86400,
    "d": 86400,
}
_TEXT = re.compile(r"([1-9][0-9]{0,8})/([0-9]{0,5})([a-z]+)")
RATE_LIMIT_FORMAT = "requests in a window such as 60/min, 5/s or 100/10min"


def parse_rate_limit(text: str) -> RateLimit:
    """The limit that a text such as `60/min` tells.

    Raises:
        InvalidInput: it tells none.
    """
    found = _TEXT.fullmatch(text)
    count = int(found[2] or 1) if found else 0
    if found is None or found[3] not in _WINDOWS or not count:
        raise InvalidInput(f"must be {RATE_LIMIT_FORMAT}; it was {text[:60]!r}")
    return RateLimit(requests=int(found[1]), window_seconds=count * _WINDOWS[found[3]])


class RateLimiter:
    """Counts the requests of one key. A window begins with the first request in it."""

    def __init__(self, clock: Clock, limit: RateLimit) -> None:
        self._clock = clock
        self._limit = limit
        self._window = timedelta(seconds=limit.window_seconds)
        self._lock = threading.Lock()
        self._began_at: datetime | None = None
        self._count = 0

    def count(self) -> None:
        """Count one request.

        Raises:
            LimitExceeded: the window has had all it takes.
        """
        now = self._clock.now()
        with self._lock:
            began_at = self._began_at
            if began_at is None or not began_at <= now < began_at + self._window:
                began_at, self._count = now, 0  # also when the clock was set back
            self._began_at = began_at
            self._count += 1
            if self._count <= self._limit.requests:
                return
            left = began_at + self._window - now
        limit = f"{self._limit.requests} requests in {self._limit.window_seconds} s"
        raise LimitExceeded(
            "Rate limit exceeded",
            retry_after_seconds=-(-left // timedelta(seconds=1)),
            hint=f"this key may make {limit}",
        )
