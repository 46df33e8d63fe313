"""The facts that replies imply, and the requests that failed."""

import threading
from collections import Counter
from dataclasses import dataclass

STATUS_CHANGED = "lead.status.changed"
MESSAGE_SENT, MESSAGE_RECEIVED = "message.sent", "message.received"
CONNECTION_SENT, CONNECTION_ACCEPTED = "connection.sent", "connection.accepted"
SEARCH_COMPLETED = "lead_database.search.completed"
_MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Key:
    """The subject of an event, as far as it is known from a reply.

    `subject` is the profile URL of a person, or the id of a campaign or search.
    """

    event_type: str
    subject: str
    before: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        change = f" from {self.before} to {self.after}" if self.after else ""
        return f"{self.event_type} of {self.subject}{change}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event that an answered request has caused, or is going to cause.

    Attributes:
        began: when the request was sent.
        ended: when the reply had come; the event is in the log by then, unless `is_later`.
        event_id: of the event, where the reply says it.
        is_serial: nobody else changes the subject meanwhile, so order counts.
        is_later: the event comes when something is due.
    """

    key: Key
    began: float
    ended: float
    event_id: str | None = None
    is_serial: bool = True
    is_later: bool = False


class Ledger:
    """Facts, resends, disruptions and problems, noted by all threads of a soak."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.resends: Counter[str] = Counter()
        """Answered resends, by delivery."""
        self.walking: set[str] = set()
        """Profile URLs of the leads that a campaign moves by itself."""
        self.latencies: dict[str, list[float]] = {}
        """Seconds that replies took, by group of calls."""
        self.statuses: Counter[int] = Counter()
        self.problems: list[str] = []
        self.problem_count = 0
        self._lock = threading.Lock()

    def note(self, fact: Fact) -> None:
        """Add a fact."""
        self.facts.append(fact)

    def note_reply(self, status: int, group: str, seconds: float) -> None:
        """Count a reply to a call of a group."""
        with self._lock:
            self.statuses[status] += 1
            self.latencies.setdefault(group, []).append(seconds)

    def note_resends(self, delivery_ids: list[str]) -> None:
        """Count answered resends."""
        with self._lock:
            self.resends.update(delivery_ids)

    def complain(self, problem: str) -> None:
        """Add a problem; of very many the first ones are kept."""
        with self._lock:
            self.problem_count += 1
            if len(self.problems) < _MAX_PROBLEMS:
                self.problems.append(problem)
