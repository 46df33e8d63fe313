"""The endpoints of a soak: those that stay, and those that come, are disabled, enabled and go."""

import itertools
import random
import threading
from dataclasses import dataclass, field

from benchmarks.soak.behavior import HOSTILE, STEADY
from benchmarks.soak.connection import Connection, Reply
from benchmarks.soak.ledger import MESSAGE_SENT, STATUS_CHANGED, Ledger
from benchmarks.soak.pace import Pace
from benchmarks.soak.receivers import Receivers

_MAX_CHURNED = 4
_PAUSE_SECONDS = 0.7
_JOIN_SECONDS = 60.0
_STAYING_DELAYS = (0.2, 1.0, 5.0)
_CHURNED_DELAYS: tuple[tuple[float, ...], ...] = ((), (0.1,), (0, 0, 0.5), (2.0, 30.0))
_TIMEOUT_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Turn:
    """An endpoint was made, enabled, disabled or removed: between a request and its reply."""

    is_on: bool
    sent: float
    answered: float


@dataclass(slots=True)
class Endpoint:
    """An endpoint as it was asked for, and when it was on."""

    id: str
    path: str
    receiver: str
    delays: tuple[float, ...]
    concurrency: int = 1
    event_types: tuple[str, ...] | None = None
    turns: list[Turn] = field(default_factory=list)

    def is_on(self, began: float, ended: float) -> bool | None:
        """Return whether it was on all the time, or off all the time; None is neither for sure."""
        state = False
        for turn in self.turns:
            if turn.answered <= began:
                state = turn.is_on
            elif turn.sent <= ended:
                return None
        return state

    @property
    def stays(self) -> bool:
        """Return whether it was never disabled or removed."""
        return all(turn.is_on for turn in self.turns)

    def wants(self, event_type: str) -> bool:
        """Return whether it is for events of this type."""
        return self.event_types is None or event_type in self.event_types


class Endpoints:
    """Makes and changes the endpoints of a soak, in a thread of its own.

    Args:
        port: of the server.
        ledger: where problems go.
        pace: says when to stop.
        receivers: where endpoints lead.
        seed: of what is drawn.

    Attributes:
        by_id: every endpoint that there ever was.
    """

    def __init__(
        self, port: int, ledger: Ledger, pace: Pace, receivers: Receivers, seed: int
    ) -> None:
        self.by_id: dict[str, Endpoint] = {}
        self._connection = Connection(port, ledger)
        self._ledger = ledger
        self._pace = pace
        self._receivers = receivers
        self._chance = random.Random(f"{seed}/endpoints")
        self._numbers = itertools.count(1)
        self._churned: list[Endpoint] = []
        self._thread = threading.Thread(target=self._churn, name="endpoints", daemon=True)

    def make_steady(self) -> None:
        """Make the endpoint whose receiver is always well."""
        self._make(STEADY, _STAYING_DELAYS)

    def make_hostile(self) -> None:
        """Make an endpoint for each receiver that is not."""
        for name in HOSTILE:
            self._make(name, _STAYING_DELAYS, concurrency=4 if name == "trickling" else 1)

    def start(self) -> None:
        """Begin to add, disable, enable and remove endpoints."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join(_JOIN_SECONDS)
        if self._thread.is_alive():
            self._ledger.complain("the thread of endpoints still waits for a reply")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _churn(self) -> None:
        while not self._pace.is_over:
            self._pace.rest(self._chance.uniform(0.2, 2) * _PAUSE_SECONDS)
            if len(self._churned) < _MAX_CHURNED and self._chance.random() < 0.5:
                self._add()
            elif self._churned:
                self._change(self._chance.choice(self._churned))

    def _add(self) -> None:
        event_types = self._chance.choice((None, (STATUS_CHANGED,), (STATUS_CHANGED, MESSAGE_SENT)))
        made = self._make(
            self._chance.choice(HOSTILE),
            self._chance.choice(_CHURNED_DELAYS),
            concurrency=self._chance.choice((1, 1, 3)),
            event_types=event_types,
        )
        if made is not None:
            self._churned.append(made)

    def _make(
        self,
        receiver: str,
        delays: tuple[float, ...],
        *,
        concurrency: int = 1,
        event_types: tuple[str, ...] | None = None,
    ) -> Endpoint | None:
        path = f"/endpoint{next(self._numbers)}"
        body: dict[str, object] = {
            "url": self._receivers.url(receiver, path),
            "retryDelaysSeconds": delays,
            "timeoutSeconds": _TIMEOUT_SECONDS,
            "concurrency": concurrency,
        }
        if event_types is not None:
            body["events"] = event_types
        reply = self._connection.call("POST", "/_emulate/endpoints", body)
        if not reply.is_success:
            return None
        made = Endpoint(reply.json["id"], path, receiver, delays, concurrency, event_types)
        _note(made, reply, is_on=True)
        self.by_id[made.id] = made
        return made

    def _change(self, endpoint: Endpoint) -> None:
        path = f"/_emulate/endpoints/{endpoint.id}"
        if self._chance.random() < 0.25:
            _note(endpoint, self._connection.call("DELETE", path), is_on=False)
            self._churned.remove(endpoint)
        elif self._chance.random() < 0.2:
            self._connection.call("POST", f"{path}/rotate-secret", {}, allow=(400,))
        else:
            is_on = not endpoint.turns[-1].is_on
            _note(endpoint, self._connection.call("PATCH", path, {"enabled": is_on}), is_on=is_on)


def _note(endpoint: Endpoint, reply: Reply, *, is_on: bool) -> None:
    endpoint.turns.append(Turn(is_on, reply.began, reply.ended))
