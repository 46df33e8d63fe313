"""The connections of a soak, each in a thread: mixed calls with pauses."""

import random
import threading
from collections.abc import Callable
from functools import partial

from benchmarks.soak.changes import Changes
from benchmarks.soak.connection import Connection
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.pace import Pace
from benchmarks.soak.reads import Reads
from benchmarks.soak.world import CONNECTION_COUNT

_PAUSE_SECONDS = 0.3
_JOIN_SECONDS = 120.0


class Callers:
    """Sixteen connections that call until the pace ends.

    Args:
        port: of the server.
        ledger: where they note what they see.
        pace: of all.
        seed: of what they draw.
    """

    def __init__(self, port: int, ledger: Ledger, pace: Pace, seed: int) -> None:
        self._pace = pace
        self._ledger = ledger
        self._callers = []
        for number in range(CONNECTION_COUNT):
            chance = random.Random(f"{seed}/{number}")
            connection = Connection(port, ledger)
            changes = Changes(number, connection, ledger, chance)
            reads = Reads(connection, ledger, chance)
            self._callers.append((connection, (changes, reads, chance)))
        self._threads: list[threading.Thread] = []

    def fill(self, change_count: int, read_count: int) -> None:
        """Change leads and list them as fast as may be, so many times in all."""

        def call(changes: Changes, reads: Reads, chance: random.Random) -> None:
            for make, count in ((changes.change_own, change_count), (reads.list_leads, read_count)):
                for _ in range(count // len(self._callers) + 1):
                    make()
                    self._pace.rest_about(0, chance)

        self._start([partial(call, *parts) for _, parts in self._callers])
        self.join()

    def start(self) -> None:
        """Let all of them make their mixed calls."""

        def work(changes: Changes, reads: Reads, chance: random.Random) -> None:
            calls, weights = zip(*_mix(changes, reads), strict=True)
            while not self._pace.is_over:
                chance.choices(calls, weights)[0]()
                self._pace.rest_about(_PAUSE_SECONDS, chance)

        self._start([partial(work, *parts) for _, parts in self._callers])

    def join(self) -> None:
        """Wait for all of them to end."""
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
            if thread.is_alive():
                self._ledger.complain(f"{thread.name} still waits for a reply")

    def close(self) -> None:
        """Close the connections."""
        for connection, _ in self._callers:
            connection.close()

    def _start(self, targets: list[Callable[[], None]]) -> None:
        self._threads = [
            threading.Thread(target=self._guarded(target), name=f"connection {number}", daemon=True)
            for number, target in enumerate(targets)
        ]
        for thread in self._threads:
            thread.start()

    def _guarded(self, target: Callable[[], None]) -> Callable[[], None]:
        """Make a problem of what a thread raises, so that it is not lost with it."""

        def run() -> None:
            try:
                target()
            except Exception as error:  # recorded as an unforeseen reply
                self._ledger.complain(f"a connection gave up: {type(error).__name__}: {error}")

        return run


def _mix(changes: Changes, reads: Reads) -> list[tuple[Callable[[], None], int]]:
    """Return what a connection does, and how often."""
    return [
        (changes.patch_own, 18),
        (changes.patch_shared, 8),
        (changes.send, 5),
        (changes.reply, 4),
        (changes.trigger, 4),
        (changes.apply, 3),
        (changes.connect, 2),
        (changes.add_leads, 2),
        (changes.search, 1),
        (changes.toggle_campaign, 1),
        (reads.list_leads, 10),
        (reads.get_lead, 10),
        (reads.conversations, 6),
        (reads.account, 8),
        (reads.control, 8),
        (reads.wait, 4),
        (reads.resend_delivery, 2),
        (reads.resend_event, 1),
        (reads.test_endpoint, 1),
        (reads.disrupt, 2),
        (reads.advance, 1),
    ]
