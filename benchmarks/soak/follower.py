"""Reads the log of events as it grows: it keeps the latest 5,000 events alone."""

import threading

from benchmarks.soak.connection import Connection
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.pace import Pace
from benchmarks.soak.records import PENDING, Event, delivery_of, event_of

_PAUSE_SECONDS = 0.5
_JOIN_SECONDS = 60.0


class Follower:
    """Follows the log in a thread of its own.

    Args:
        port: of the server.
        ledger: where problems go.
        pace: gets to know how many deliveries are pending.

    Attributes:
        events: every event so far, by its id.
    """

    def __init__(self, port: int, ledger: Ledger, pace: Pace) -> None:
        self.events: dict[str, Event] = {}
        self._connection = Connection(port, ledger)
        self._ledger = ledger
        self._pace = pace
        self._latest = 0
        self._log_id = ""
        self._pending: set[str] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def finish(self) -> None:
        """Read what is left, and stop."""
        self._is_over.set()
        self._thread.join(_JOIN_SECONDS)
        if self._thread.is_alive():
            self._ledger.complain("the thread that reads the log still waits for a reply")
            return
        self._read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _follow(self) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            self._read()

    def _read(self) -> None:
        reply = self._connection.call("GET", f"/_emulate/events/changes?since={self._latest}")
        if not reply.is_success:
            return
        if self._log_id not in {"", reply.json["log"]}:
            self._ledger.complain("the server has begun another log")
        self._log_id, self._latest = reply.json["log"], reply.json["latest"]
        for row in reply.json["events"]:
            event = self.events.setdefault(row["id"], event_of(row))
            for delivery in map(delivery_of, row["deliveries"]):
                event.deliveries[delivery.id] = delivery
                (self._pending.add if delivery.state == PENDING else self._pending.discard)(
                    delivery.id
                )
        self._pace.pending_count = len(self._pending)
