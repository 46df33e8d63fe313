"""The URLs that searches and extractions bring along: endpoints until their events are delivered.

They are not signed, since no secret for them is known of.
"""

import threading

from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.world.events import Event


class JobEndpoints:
    """Those of one workspace; each has the id of its job. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}
        self._open_events: dict[str, set[str]] = {}  # by job id, those that are not delivered yet

    def __contains__(self, endpoint_id: str) -> bool:
        return endpoint_id in self._endpoints

    def find(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint of that job, or None."""
        return self._endpoints.get(endpoint_id)

    def ids(self) -> list[str]:
        """The ids of all."""
        return list(self._endpoints)

    def for_event(self, event: Event) -> list[Endpoint]:
        """The URL that the job of an event has brought along, if it has."""
        if event.job_id is None or event.webhook_url is None or event.options.endpoint_id:
            return []
        endpoint = Endpoint(
            id=event.job_id,
            url=event.webhook_url,
            secret="",
            event_types=None,
            is_enabled=True,
            created_at=event.occurred_at,
        )
        with self._lock:
            self._endpoints[endpoint.id] = endpoint
            self._open_events.setdefault(endpoint.id, set()).add(event.id)
        return [endpoint]

    def forget(self, endpoint_id: str, event_id: str) -> bool:
        """An event is delivered; forget the URL if it was its last, and tell whether it was."""
        with self._lock:
            events = self._open_events.get(endpoint_id, set())
            events.discard(event_id)
            if events or endpoint_id not in self._endpoints:
                return False
            del self._endpoints[endpoint_id], self._open_events[endpoint_id]
            return True
