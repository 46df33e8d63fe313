"""The clock of a soak: frozen, advanced in small steps and resumed, again and again."""

import random
import threading
from typing import Any

from benchmarks.soak.connection import Connection, Reply
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.pace import Deadline, Pace

BUSY = ("is being advanced already", "cannot be advanced while something runs")
"""Reasons for which an advance may be refused."""
_JOIN_SECONDS = 60.0
_STEP = "1d"
_STEP_SECONDS = 20
_IDLE_SECONDS = 5


class Turning:
    """Turns the clock in a thread of its own.

    Args:
        port: of the server.
        ledger: where problems go.
        pace: says when to stop.
        seed: of what is drawn.

    Attributes:
        counts: how many advances were over in time, were not, and were refused.
    """

    def __init__(self, port: int, ledger: Ledger, pace: Pace, seed: int) -> None:
        self.counts = {"over": 0, "timed out": 0, "refused": 0}
        self._connection = Connection(port, ledger)
        self._ledger = ledger
        self._pace = pace
        self._chance = random.Random(f"{seed}/clock")
        self._latest = ""
        self._thread = threading.Thread(target=self._turn, name="clock", daemon=True)

    def start(self) -> None:
        """Begin to turn the clock."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join(_JOIN_SECONDS)
        if self._thread.is_alive():
            self._ledger.complain("the thread of the clock still waits for a reply")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def run_to_the_end(self, seconds: float) -> None:
        """Let the clock run, and advance it until nothing is due any more.

        Args:
            seconds: how long that may take.
        """
        deadline = Deadline(seconds)
        self._request(resume=True)
        found: dict[str, Any] = {}
        while not deadline.is_over:
            self._request(advance=_STEP, timeoutSeconds=min(_STEP_SECONDS, deadline.left))
            body = {"idle": True, "timeoutSeconds": min(_IDLE_SECONDS, deadline.left)}
            reply = self._connection.call("POST", "/_emulate/wait", body, allow=(409,))
            found = reply.json
            is_over = reply.is_success and found.get("nextDueAt") is None
            if is_over or not reply.status:
                return
        self._ledger.complain(f"not idle within {seconds:g} s: {found}")

    def _turn(self) -> None:
        while not self._pace.is_over:
            self._request(freeze=True)
            self._pace.rest(self._chance.uniform(0.1, 1))
            for _ in range(self._chance.randint(1, 4)):
                if not self._pace.is_over:
                    self._advance()
            self._request(resume=True)
            self._pace.rest(self._chance.uniform(0.5, 3))
            if self._chance.random() < 0.5:
                self._advance()
                self._pace.rest(self._chance.uniform(0.5, 2))

    def _advance(self) -> None:
        step = self._chance.choice(("0.3s", "1s", "3s", "10s", "1m"))
        self._request(advance=step, timeoutSeconds=self._chance.choice((0.1, 0.5, 2, 5)))

    def _request(self, **body: object) -> None:
        """Turn the clock, which must not go back by that."""
        reply = self._connection.call("POST", "/_emulate/clock", body, allow=(400, 409))
        if "advance" in body:
            self._count(reply)
        elif not reply.is_success:
            self._ledger.complain(f"the clock refused {body} with {reply.status}: {reply.json}")
        now = str(reply.json.get("now", self._latest))
        if now < self._latest:
            self._ledger.complain(f"the clock went back from {self._latest} to {now}")
        self._latest = max(now, self._latest)

    def _count(self, reply: Reply) -> None:
        outcomes = {200: "over", 409: "timed out"}
        self.counts[outcomes.get(reply.status, "refused")] += 1
        check_refusal(reply, self._ledger)


def check_refusal(reply: Reply, ledger: Ledger) -> None:
    """Make a problem of an advance that is refused for another reason than that one runs."""
    if reply.status == 400 and not any(reason in str(reply.json) for reason in BUSY):
        ledger.complain(f"an advance was refused: {reply.json}")
