"""Daily quotas of senders: how many connection requests and messages a day takes.

The vendor documents that there are such limits and that they answer 429; their numbers, and that a
day begins at midnight UTC, are invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from mock_sendpilot.errors import LimitExceeded
from mock_sendpilot.scheduling.clock import Clock
from mock_sendpilot.world.models import Sender

CONNECTIONS, MESSAGES, LIKES = "connections", "messages", "likes"
KINDS = (CONNECTIONS, MESSAGES, LIKES)
_MESSAGES: Mapping[str, str] = {
    CONNECTIONS: "Daily connection limit exceeded",
    MESSAGES: "Daily message limit exceeded",
    LIKES: "Daily like limit exceeded",  # invented: no operation likes anything
}


@dataclass(frozen=True, slots=True)
class Quota:
    """What a sender may still do today of one kind."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def remaining(self) -> int:
        """How many are left."""
        return max(0, self.limit - self.used)


class Quotas:
    """The quotas of a workspace's senders; `use` belongs into a transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], tuple[date, int]] = {}

    def quota(self, sender: Sender, kind: str) -> Quota:
        """How a sender stands today."""
        now = self._clock.now()
        day, used = self._used.get((sender.id, kind), (now.date(), 0))
        limit: int = getattr(sender.daily_limits, kind)
        return Quota(limit, used if day == now.date() else 0, _next_midnight(now))

    def use(self, sender: Sender, kind: str) -> None:
        """Count one.

        Raises:
            LimitExceeded: none is left today.
        """
        quota = self.quota(sender, kind)
        now = self._clock.now()
        if not quota.remaining:
            seconds = -((now - quota.resets_at) // timedelta(seconds=1))
            hint = f"sender {sender.id!r} has a daily limit of {quota.limit} {kind}"
            raise LimitExceeded(_MESSAGES[kind], retry_after_seconds=seconds, hint=hint)
        self._used[sender.id, kind] = now.date(), quota.used + 1


def _next_midnight(now: datetime) -> datetime:
    return datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=timezone.utc)
