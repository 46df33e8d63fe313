"""The causes of events: the request or the simulation that a thread works for, or a task of before.

A request causes events, and they cause tasks: a step of a campaign, the response of a recipient,
the end of a job. Each event and each task keeps the id of what led to it, and nothing more, so
the chain can be followed as long as its parts are in their logs.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from mock_sendpilot.lazy_dataclass import dataclass

CauseKind = Literal["request", "step", "response", "job", "simulate", "trigger", "test"]


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of an event.

    `kind` is `request` for a request to the API; `step`, `response` and `job` for tasks on the
    clock: a step of a campaign, the response of a recipient, the end of a job; `simulate`,
    `trigger` and `test` for what somebody asked the emulator for.
    """

    kind: CauseKind
    id: str | None = None
    """The id of the request; of a task, that of the event or request that led to it, if known."""
    traceparent: str | None = None
    """The header `traceparent` of the request at the beginning of the chain."""


SIMULATED, TRIGGERED, TESTED = Cause("simulate"), Cause("trigger"), Cause("test")


class Work:
    """The work of a thread for one cause: the ids of the events that it has recorded, in order."""

    __slots__ = ("cause", "event_ids", "reacting_to")

    def __init__(self, cause: Cause | None) -> None:
        self.cause = cause
        self.event_ids: list[str] = []
        self.reacting_to: str | None = None
        """The id of the event to which the workspace is reacting."""


@dataclass(frozen=True, slots=True)
class CausedTask:
    """A task that works for its cause."""

    causes: "Causes"
    cause: Cause
    run: Callable[[], object]

    def __call__(self) -> None:
        """Run it."""
        with self.causes.working_for(self.cause):
            self.run()


class Causes:
    """The work of the threads in one workspace."""

    __slots__ = ("_work",)

    def __init__(self) -> None:
        self._work: dict[int, Work] = {}  # by thread

    def begin(self, work: Work | None) -> Work | None:
        """Let this thread work for a cause from now on; None ends it.

        Returns:
            The work of before, for the call that ends this one.
        """
        thread = threading.get_ident()
        earlier = self._work.get(thread)
        if work is None:
            self._work.pop(thread, None)
        else:
            self._work[thread] = work
        return earlier

    def current(self) -> Work | None:
        """Return the work of this thread."""
        return self._work.get(threading.get_ident())

    @contextmanager
    def working_for(self, cause: Cause | None) -> Iterator[None]:
        """Let this thread work for a cause meanwhile."""
        earlier = self.begin(Work(cause))
        try:
            yield
        finally:
            self.begin(earlier)

    def react(self, event_id: str, reaction: Callable[[], object]) -> None:
        """Let an event be the cause of the tasks that this thread plans in a reaction to it."""
        # Plain calls: every change pays for them, and a context manager costs three times as much.
        work = self._work.get(threading.get_ident())
        if work is None:
            with self.working_for(None):
                self.react(event_id, reaction)
            return
        work.reacting_to = event_id
        try:
            reaction()
        finally:
            work.reacting_to = None

    def task(
        self, kind: CauseKind, run: Callable[[], object], cause: Cause | None = None
    ) -> CausedTask:
        """Return a task that this thread plans.

        Args:
            kind: the kind of the task.
            run: the work.
            cause: the cause of a task that is planned again.
        """
        return CausedTask(self, cause or self._of_task(kind), run)

    def _of_task(self, kind: CauseKind) -> Cause:
        """Return the cause of the events of a task that this thread plans now.

        It leads to the event to which the workspace is reacting, or else to the latest event of
        this work. A task that plans another one and records nothing passes its own cause on.
        """
        work = self.current()
        if work is None:
            return Cause(kind)
        own = work.cause or Cause(kind)
        latest = work.event_ids[-1] if work.event_ids else own.id
        return Cause(kind, work.reacting_to or latest, own.traceparent)
