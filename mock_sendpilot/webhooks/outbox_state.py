"""The state of a workspace's webhooks at one moment: frozen, and enough to go on from there."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.webhooks.deliveries import AttemptTrigger, Delivery
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import LoggedEvent
from mock_sendpilot.world.state import Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptState:
    """A planned attempt; one in flight is planned still, since nobody knows its outcome."""

    delivery_id: str
    trigger: AttemptTrigger
    number: int
    is_held: bool
    """True if it waits for a later delivery to overtake it."""
    task: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEndpointState:
    """The URL of a job, and the events that are not yet delivered to it."""

    endpoint: Endpoint
    event_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """The endpoints, events, deliveries, planned attempts and disruptions of a workspace."""

    endpoints: tuple[Endpoint, ...]
    job_endpoints: tuple[JobEndpointState, ...]
    events: tuple[LoggedEvent, ...]
    deliveries: tuple[Delivery, ...]
    finished_ids: tuple[str, ...]
    """The ids of finished deliveries, in the order in which the log drops them."""
    attempts: tuple[AttemptState, ...]
    failing_since: Mapping[str, datetime]
    disruptions: tuple[Disruption, ...]
    event_counts: Mapping[str, int]
    attempt_counts: Mapping[str, int]


class Gate:
    """A passage that many threads may be in, until it is closed for a moment.

    What an attempt changes is changed within the passage. So while it is closed each attempt is
    either planned, or recorded with everything that follows from it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside_count = 0
        self._is_closed = False

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Wait until the gate is open, and be inside."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_closed)
            self._inside_count += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside_count -= 1
                if self._is_closed:
                    self._changed.notify_all()

    @contextmanager
    def closed(self, *, timeout_seconds: float) -> Iterator[None]:
        """Close the gate, and wait until nobody is inside.

        Raises:
            InvalidInput: somebody still is after the timeout.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._is_closed)
            self._is_closed = True
            is_empty = self._changed.wait_for(lambda: not self._inside_count, timeout_seconds)
        try:
            if not is_empty:
                raise InvalidInput(
                    f"an attempt is being recorded for {timeout_seconds:g} s, perhaps since a "
                    "receiver of the signal waits; try again afterwards"
                )
            yield
        finally:
            with self._changed:
                self._is_closed = False
                self._changed.notify_all()
