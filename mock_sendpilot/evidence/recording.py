"""Recording: where a workspace began, and the calls that have changed it since.

Requests are not recorded here, since the journal has them. A step says after which of them it came.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from weakref import ReferenceType, ref

from mock_sendpilot.errors import AdvanceTimedOut, SendPilotError
from mock_sendpilot.evidence.control_calls import (
    RECORDED,
    RESTARTS,
    TURNS,
    ControlRequest,
    control_request,
)
from mock_sendpilot.evidence.control_listener import ControlListener
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.backends.protocol import Backend, Host
from mock_sendpilot.world.seed import WorkspaceSeed

if TYPE_CHECKING:
    from mock_sendpilot.explorer.exploring import Exploration

FORGOTTEN = "its test is over"
MAX_STEPS = 5000
"""The number of calls that are kept; with more, nothing can be replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStep:
    """A call that changed the workspace.

    Attributes:
        after: the number of the latest entry of the journal before it.
        at: the time by the workspace's clock.
        request: the request that repeats it.
    """

    after: int
    at: datetime
    request: ControlRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStep:
    """The clock was moved.

    Attributes:
        begin: the number of the latest entry of the journal before it.
        after: the same after it: those between were made in reaction to webhooks.
        at: the time by the workspace's clock at first.
        to: the time that it showed in the end.
    """

    begin: int
    after: int
    at: datetime
    to: datetime


Step = ControlStep | TurnStep


@dataclass(slots=True)
class Recording:
    """The state that a workspace began with, and its steps since.

    Attributes:
        state: the state at the beginning; None if it is not known.
        problem: the reason why it cannot be replayed; None if it can.
        first_number: the number of the latest entry of the journal before the beginning.
        first_unknown: the same of the journal of requests without a known key.
        attempt_counts: the number of attempts of each event before the beginning.
        steps: the steps, oldest first.
        exploration: the latest exploration, if there was one.
    """

    state: WorkspaceState | None = None
    problem: str | None = None
    first_number: int = 0
    first_unknown: int | None = None
    attempt_counts: Mapping[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    exploration: "Exploration | None" = None


class RecordingBackend:
    """A workspace whose changes are recorded; all else is that of the workspace itself.

    Args:
        backend: the workspace.

    Attributes:
        recording: what was recorded since the beginning.
        is_paused: True while nothing is recorded.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self.is_paused = False
        self.recording = Recording()
        self.begin()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._backend, name)
        return self._recorded(name, value) if name in RECORDED and not self.is_paused else value

    def begin(self) -> None:
        """Record from here on, and forget what was before."""
        recording = Recording()
        # An emulator elsewhere may be gone, and a receiver of a signal may take long.
        try:
            state = self._backend.state()
        except SendPilotError as error:
            recording.problem = f"the state at the beginning could not be read: {error}"
        else:
            recording.state = state
            counts: dict[str, int] = {one.sent.event_id: 0 for one in state.outbox.events}
            for delivery in state.outbox.deliveries:
                count = counts.get(delivery.event_id, 0)
                counts[delivery.event_id] = count + len(delivery.attempts)
            recording.attempt_counts = counts
        recording.first_number = self._backend.journal.latest
        recording.first_unknown = self._backend.unknown_requests.latest
        with self._lock:
            self.recording = recording

    def position(self) -> tuple[int, datetime]:
        """Return the number of the latest entry of the journal, and the time."""
        return self._backend.journal.latest, self._backend.now()

    def add_call(self, before: int, at: datetime, request: ControlRequest) -> None:
        """Add a call that was made after an entry of the journal, at a time."""
        self._add(ControlStep(after=before, at=at, request=request))

    def add_turn(self, before: int, at: datetime) -> None:
        """Add a move of the clock that began after an entry of the journal, at a time."""
        after, to = self.position()
        self._add(TurnStep(begin=before, after=after, at=at, to=to))

    def _add(self, step: Step) -> None:
        with self._lock:
            recording = self.recording
            if len(recording.steps) >= MAX_STEPS:
                recording.problem = f"there were more than {MAX_STEPS} calls"
                return
            recording.steps.append(step)

    def _recorded(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*arguments: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            if name in RESTARTS:
                result = method(*arguments, **options)
                self.begin()
                return result
            before, at = self.position()
            if name in TURNS:
                try:
                    result = method(*arguments, **options)
                except AdvanceTimedOut:
                    self.add_turn(before, at)  # it has moved nevertheless, and stopped somewhere
                    raise
                self.add_turn(before, at)
                return result
            result = method(*arguments, **options)
            request = control_request(self._backend, name, arguments, options, result)
            if request is not None:
                self.add_call(before, at, request)
            return result

        return call


class Recordings:
    """The workspaces that are recorded, as long as somebody uses them."""

    def __init__(self) -> None:
        self._opened: list[ReferenceType[RecordingBackend]] = []

    def add(self, backend: RecordingBackend) -> None:
        """Add a workspace."""
        self._opened = [*(one for one in self._opened if one() is not None), ref(backend)]

    def all(self) -> list[RecordingBackend]:
        """Return them, oldest first."""
        found = (one() for one in self._opened)
        return [one for one in found if one is not None]

    def discard(self, backend: RecordingBackend) -> None:
        """Forget a workspace, and what it was at the beginning: a long run has many of them."""
        self._opened = [one for one in self._opened if one() not in {None, backend}]
        backend.recording = Recording(problem=FORGOTTEN)

    def of_key(self, api_key: str | None) -> RecordingBackend | None:
        """Return the latest workspace with that API key; None for none."""
        newest_first = reversed(self.all())
        return next((one for one in newest_first if one.api_key == api_key), None)


class RecordingHost:
    """An emulator that records the workspaces of its sandboxes.

    Args:
        host: the emulator.
        recordings: gets the workspaces.
    """

    def __init__(self, host: Host, recordings: Recordings | None = None) -> None:
        self._host = host
        self._recordings = recordings or Recordings()
        self._listener = (
            ControlListener(host.app, self._recordings.of_key)
            if isinstance(host, LocalHost)
            else None
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def open(self, seed: WorkspaceSeed) -> Backend:
        """Add a workspace, and record it."""
        __tracebackhide__ = True
        backend = RecordingBackend(self._host.open(seed))
        self._recordings.add(backend)
        return cast("Backend", backend)


def recorded(host: Host, recordings: Recordings | None = None) -> Host:
    """Return an emulator that records the workspaces of its sandboxes."""
    return cast("Host", RecordingHost(host, recordings))


def recording_of(backend: object) -> Recording | None:
    """Return what is recorded of a workspace; None if nothing is."""
    return backend.recording if isinstance(backend, RecordingBackend) else None


@contextmanager
def paused(backend: object) -> Iterator[None]:
    """Record nothing in a `with` block, and begin again at its end, if a workspace is recorded."""
    if not isinstance(backend, RecordingBackend):
        yield
        return
    backend.is_paused = True
    try:
        yield
    finally:
        backend.is_paused = False
        backend.begin()
