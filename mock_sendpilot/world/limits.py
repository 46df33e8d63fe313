"""Limits: the daily quotas of senders, and the HTTP rate limits of API keys.

The vendor documents that both exist and answer 429. The numbers of the quotas are invented, and so
is that a day begins at midnight UTC; there is no rate limit unless one is set.
"""

import re
import threading
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone

from mock_sendpilot.errors import InvalidInput, LimitExceeded
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import Clock
from mock_sendpilot.world.models import RateLimit, Sender

CONNECTIONS, MESSAGES, LIKES = "connections", "messages", "likes"
QUOTA_KINDS = (CONNECTIONS, MESSAGES, LIKES)
_MESSAGES: Mapping[str, str] = {
    CONNECTIONS: "Daily connection limit exceeded",
    MESSAGES: "Daily message limit exceeded",
    LIKES: "Daily like limit exceeded",  # invented: no operation likes anything
}
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
_RATE_LIMIT = re.compile(r"([1-9][0-9]{0,8})/([0-9]{0,5})([a-z]+)")
RATE_LIMIT_FORMAT = "requests in a window such as 60/min, 5/s or 100/10min"


@dataclass(frozen=True, slots=True)
class Quota:
    """The quota of a sender for one kind of action today."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def remaining(self) -> int:
        """The number of actions left."""
        return max(0, self.limit - self.used)


class Quotas:
    """The daily quotas of a workspace's senders."""

    __slots__ = ("_clock", "_used")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], tuple[date, int]] = {}

    def state(self) -> dict[tuple[str, str], tuple[date, int]]:
        """Return what was used, by sender and kind, with the day."""
        return dict(self._used)

    def load(self, state: Mapping[tuple[str, str], tuple[date, int]]) -> None:
        """Replace all counts."""
        self._used = dict(state)

    def quota(self, sender: Sender, kind: str) -> Quota:
        """Return a quota of a sender."""
        now = self._clock.now()
        today = now.date()
        # The day is kept with the count, so that no task has to reset it at midnight.
        day, used = self._used.get((sender.id, kind), (today, 0))
        limit: int = getattr(sender.daily_limits, kind)
        midnight = datetime.combine(today + timedelta(days=1), time(), tzinfo=timezone.utc)
        return Quota(limit, used if day == today else 0, midnight)

    def require(self, sender: Sender, kind: str) -> Quota:
        """Return a quota of a sender that is not used up.

        Raises:
            LimitExceeded: no action is left today.
        """
        quota = self.quota(sender, kind)
        if not quota.remaining:
            raise LimitExceeded(
                _MESSAGES[kind],
                retry_after_seconds=_rounded_up_seconds(quota.resets_at - self._clock.now()),
                hint=f"sender {sender.id!r} has a daily limit of {quota.limit} {kind}",
            )
        return quota

    def use(self, sender: Sender, kind: str) -> None:
        """Count one action. To be called within a transaction of the store.

        Raises:
            LimitExceeded: none is left today.
        """
        quota = self.require(sender, kind)
        self._used[sender.id, kind] = self._clock.now().date(), quota.used + 1


def parse_rate_limit(text: str) -> RateLimit:
    """Parse a text such as `60/min`.

    Raises:
        InvalidInput: the text is no rate limit.
    """
    match = _RATE_LIMIT.fullmatch(text)
    window_count = int(match[2] or 1) if match else 0
    if match is None or match[3] not in _WINDOWS or not window_count:
        raise InvalidInput(f"expected {RATE_LIMIT_FORMAT}, got {text[:60]!r}")
    return RateLimit(requests=int(match[1]), window_seconds=window_count * _WINDOWS[match[3]])


RateLimitState = tuple[datetime | None, int]


class RateLimiter:
    """The count of one key's requests. A window begins with the first request in it."""

    def __init__(self, clock: Clock, limit: RateLimit) -> None:
        self._clock = clock
        self._limit = limit
        self._window = timedelta(seconds=limit.window_seconds)
        # A lock of its own: requests are counted before their transaction, even those it refuses.
        self._lock = threading.Lock()
        self._window_began_at: datetime | None = None
        self._count = 0

    def state(self) -> RateLimitState:
        """Return the beginning of the window and the count of its requests."""
        with self._lock:
            return self._window_began_at, self._count

    def load(self, state: RateLimitState) -> None:
        """Go on with another window."""
        with self._lock:
            self._window_began_at, self._count = state

    def count(self) -> None:
        """Count one request.

        Raises:
            LimitExceeded: the window has no request left.
        """
        now = self._clock.now()
        with self._lock:
            began_at = self._window_began_at
            # A clock that was set back may show a time before the window: it begins again then.
            if began_at is None or not began_at <= now < began_at + self._window:
                began_at, self._count = now, 0
            self._window_began_at = began_at
            self._count += 1
            if self._count <= self._limit.requests:
                return
        limit = f"{self._limit.requests} requests in {self._limit.window_seconds} s"
        raise LimitExceeded(
            "Rate limit exceeded",
            retry_after_seconds=_rounded_up_seconds(began_at + self._window - now),
            hint=f"this key may make {limit}",
        )


def _rounded_up_seconds(duration: timedelta) -> int:
    # Up, since a client that waits that long shall find the window over.
    return -(-duration // timedelta(seconds=1))
