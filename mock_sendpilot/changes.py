"""Numbers of the latest changes in a workspace by topic, and a wake-up for those who watch.

Who shows a workspace compares numbers and looks again. So a change costs the same whether nobody
watches or many do, and nothing is kept of it.
"""

import secrets
import threading
from collections.abc import Callable, Mapping

from mock_sendpilot.world import events
from mock_sendpilot.world.events import Event

ALL = "all"
"""The topic of a change that may be of anything, such as a reset."""
LEADS, CAMPAIGNS, INBOX, JOBS = "leads", "campaigns", "inbox", "jobs"
EVENTS, DELIVERIES, ENDPOINTS = "events", "deliveries", "endpoints"
REQUESTS, FAULTS, DISRUPTIONS = "requests", "faults", "disruptions"
CLOCK, SNAPSHOTS = "clock", "snapshots"
TOPICS = (
    *(ALL, LEADS, CAMPAIGNS, INBOX, JOBS, EVENTS, DELIVERIES, ENDPOINTS),
    *(REQUESTS, FAULTS, DISRUPTIONS, CLOCK, SNAPSHOTS),
)
_EVENT_TOPICS: Mapping[type[events.Change], tuple[str, ...]] = {
    events.LeadStatusChanged: (EVENTS, LEADS),
    events.LeadTagChanged: (EVENTS, LEADS),
    events.MessageSent: (EVENTS, LEADS, INBOX),
    events.ReplyReceived: (EVENTS, LEADS, INBOX),
    events.ConnectionRequestSent: (EVENTS, LEADS),
    events.ConnectionRequestAccepted: (EVENTS, LEADS),
    events.CampaignChanged: (EVENTS, CAMPAIGNS),
    events.SearchCompleted: (EVENTS, JOBS),
    events.ExtractionCompleted: (EVENTS, JOBS),
}
_BY_REQUEST = (REQUESTS, LEADS, CAMPAIGNS, INBOX, JOBS)


class Changes:
    """The changes of one workspace. Any thread may call any method.

    Attributes:
        id: unique for each object, to tell the numbers of different servers apart.
    """

    __slots__ = ("_latest", "_lock", "_numbers", "_watchers", "id")

    def __init__(self) -> None:
        self.id = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._latest = 0
        self._numbers: dict[str, int] = {}
        self._watchers: tuple[Callable[[], None], ...] = ()

    @property
    def latest(self) -> int:
        """The number of the latest change."""
        return self._latest

    @property
    def watcher_count(self) -> int:
        """The number of those who watch."""
        return len(self._watchers)

    def note(self, *topics: str) -> None:
        """Note a change of these topics, and wake those who watch."""
        with self._lock:
            self._latest = number = self._latest + 1
            for topic in topics:
                self._numbers[topic] = number
            for wake in self._watchers:  # within the lock: after `unwatch` there is no call
                wake()

    def note_event(self, event: Event) -> None:
        """Note an event that was recorded and whose deliveries, if any, were queued."""
        self.note(DELIVERIES, *_EVENT_TOPICS[type(event.change)])

    def note_request(self, *, is_reading: bool) -> None:
        """Note a request for the vendor's API; not every change that one makes is an event."""
        self.note(*((REQUESTS,) if is_reading else _BY_REQUEST))

    def since(self, number: int) -> tuple[list[str], int]:
        """Return the topics that have changed since a number, and the number of the latest."""
        with self._lock:
            return [name for name, one in self._numbers.items() if one > number], self._latest

    def watch(self, wake: Callable[[], None]) -> None:
        """Call a function at each change. It must be quick, and must not note a change."""
        with self._lock:
            self._watchers = (*self._watchers, wake)

    def unwatch(self, wake: Callable[[], None]) -> None:
        """Call a function no more."""
        with self._lock:
            self._watchers = tuple(one for one in self._watchers if one != wake)
