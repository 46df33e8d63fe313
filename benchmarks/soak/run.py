"""A soak from its beginning to its end."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from benchmarks.processes import started
from benchmarks.soak import world
from benchmarks.soak.arrival_account import arrival_problems
from benchmarks.soak.callers import Callers
from benchmarks.soak.delivery_account import delivery_problems
from benchmarks.soak.endpoints import Endpoints
from benchmarks.soak.event_account import event_problems
from benchmarks.soak.follower import Follower
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.pace import Deadline, Pace
from benchmarks.soak.receivers import Receivers
from benchmarks.soak.records import Event
from benchmarks.soak.samples import Row, Samples, sample_problems
from benchmarks.soak.turning import Turning

FILLING_COUNT = 5000
"""So many events and finished deliveries a log keeps: it is full before anything is measured."""
READ_COUNT = 2000
"""So many requests a journal keeps."""
_END_SECONDS = 240.0
_ARRIVE_SECONDS = 20.0
_MAX_SETTLE_SECONDS = 30.0
_MAX_LOG_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The findings of a soak."""

    ledger: Ledger
    events: list[Event]
    receivers: Receivers
    advances: dict[str, int]
    rows: list[Row]
    problems: list[str]


class Soak:
    """A server, its receivers, and all that is done to it.

    Args:
        seconds: how long the mixed calls are made.
        seed: of all that is drawn.
        say: shows how far it is.
    """

    def __init__(self, *, seconds: float, seed: int, say: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._seed = seed
        self._say = say
        self._ledger = Ledger()
        self._pace = Pace()
        self._receivers = Receivers(seed)

    def run(self) -> Outcome:
        """Do all of it, end what was started, and settle the accounts."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            rows = self._soaked(errors)
            errors.seek(0)
            log = errors.read()
        events = sorted(self._follower.events.values(), key=lambda event: event.sequence)
        self._say("settling the accounts")
        problems = [
            *self._ledger.problems,
            *self._receivers.problems,
            *event_problems(events, self._ledger),
            *delivery_problems(events, self._endpoints.by_id, self._ledger),
            *arrival_problems(
                events, self._endpoints.by_id, self._receivers.arrivals, self._receivers.unread
            ),
            *sample_problems(rows),
        ]
        if log:
            problems.append(f"the server has logged errors: {log[-_MAX_LOG_CHARACTERS:]}")
        return Outcome(self._ledger, events, self._receivers, self._turning.counts, rows, problems)

    def _soaked(self, errors: IO[str]) -> list[Row]:
        arguments = ("start", "--port", "0", "--json", "--log-level", "error", "--fixtures", "-")
        with ExitStack() as stack:
            self._receivers.start()
            stack.callback(self._receivers.stop)
            server = stack.enter_context(
                started("-m", "mock_sendpilot", *arguments, text=world.seed(), errors=errors)
            )
            self._begin(server.port)
            for part in (self._follower, self._endpoints, self._turning, self._callers):
                stack.callback(part.close)
            stack.callback(self._pace.end)
            self._fill()
            settle_seconds = min(_MAX_SETTLE_SECONDS, self._seconds / 4)
            samples = Samples(server.pid, settle_seconds=settle_seconds)
            self._mix(samples)
            self._end()
            return samples.rows()

    def _begin(self, port: int) -> None:
        ledger, pace, seed = self._ledger, self._pace, self._seed
        self._follower = Follower(port, ledger, pace)
        self._endpoints = Endpoints(port, ledger, pace, self._receivers, seed)
        self._turning = Turning(port, ledger, pace, seed)
        self._callers = Callers(port, ledger, pace, seed)

    def _fill(self) -> None:
        began = time.monotonic()
        self._follower.start()
        self._endpoints.make_steady()
        self._callers.fill(FILLING_COUNT, READ_COUNT)
        self._say(
            f"filled the log with {FILLING_COUNT} events and the journal with {READ_COUNT} pages "
            f"in {time.monotonic() - began:.1f} s"
        )

    def _mix(self, samples: Samples) -> None:
        self._endpoints.make_hostile()
        samples.start()
        for part in (self._callers, self._endpoints, self._turning):
            part.start()
        deadline = Deadline(self._seconds)
        while not deadline.is_over:
            self._pace.rest(min(1.0, deadline.left))
            self._say(f"{self._seconds - deadline.left:.0f} s: {self._figures()}")
        self._pace.end()
        for part in (self._callers, self._endpoints, self._turning):
            part.join()
        samples.stop()

    def _figures(self) -> str:
        return (
            f"{self._ledger.statuses.total()} calls, {len(self._follower.events)} events, "
            f"{self._receivers.count} arrivals, {self._pace.pending_count} pending, "
            f"{self._ledger.problem_count} problems"
        )

    def _end(self) -> None:
        self._say("running everything to its end")
        self._turning.run_to_the_end(_END_SECONDS)
        self._follower.finish()
        # What a receiver has not read yet belongs to an attempt that the log has.
        deadline = Deadline(_ARRIVE_SECONDS)
        count = -1
        while count != self._receivers.count and not deadline.is_over:
            count = self._receivers.count
            time.sleep(0.5)
