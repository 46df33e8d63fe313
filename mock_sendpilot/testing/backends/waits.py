"""Waits for a workspace that runs elsewhere, in requests that no proxy gives up."""

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from mock_sendpilot.errors import LimitExceeded
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.testing.backends.protocol import WorkspaceView
from mock_sendpilot.webhooks.event_log import Stage
from mock_sendpilot.webhooks.waiting import WaitResult, wait_failure

_MAX_WAIT_SECONDS = 20.0  # proxies give up a request after 30 or 60 s
_MIN_WAIT_SECONDS = 1.0  # the routes that wait take whole seconds
_POLL_SECONDS, _RETRY_SECONDS = 0.02, 0.1


class Waits:
    """The waits of a workspace.

    Args:
        request: sends a request to the control API, with the key of the workspace.
        view: returns a copy of the workspace as it is now.
    """

    def __init__(self, request: Callable[..., Any], view: Callable[[], WorkspaceView]) -> None:
        self._request = request
        self._view = view

    def for_events(
        self,
        pattern: EventPattern,
        *,
        count: int,
        after: str | None,
        timeout_seconds: float,
        stage: Stage,
    ) -> WaitResult:
        """Wait until `count` events that match have reached a stage: see `wait_for_events`."""
        __tracebackhide__ = True
        deadline = SystemClock.running_seconds() + timeout_seconds
        changes = self._request("GET", "/events/changes")
        while True:
            # Read after the number of the latest change, so that no change goes unnoticed.
            view = self._view()
            events, scheduler = view.outbox.events, view.workspace.scheduler
            sequence = 0 if after is None else events.get(after).sequence
            found = events.wait_for(
                pattern, count=count, after=sequence, timeout_seconds=0, stage=stage
            )
            if len(found) >= count:
                return WaitResult(found)
            remaining = deadline - SystemClock.running_seconds()
            is_stopped = scheduler.is_stopped and stage is not Stage.RECORDED
            if remaining <= 0 or is_stopped:
                failure = wait_failure(
                    events,
                    scheduler,
                    pattern,
                    found_count=len(found),
                    count=count,
                    after=after,
                    timeout_seconds=timeout_seconds,
                    stage=stage,
                )
                return WaitResult(found, failure)
            query = {"since": changes["latest"], "log": changes["log"]}
            changes = self.later("/events/changes", query, remaining)

    def until_idle(self, *, timeout_seconds: float) -> bool:
        """Wait until no task is running or due; return whether that was so in time."""
        __tracebackhide__ = True
        deadline = SystemClock.running_seconds() + timeout_seconds
        while True:
            remaining = max(0.0, deadline - SystemClock.running_seconds())
            body = {"idle": True, "timeoutSeconds": min(remaining, _MAX_WAIT_SECONDS)}
            try:
                reply = self._request("POST", "/wait", body, accepts=[HTTPStatus.CONFLICT])
            except LimitExceeded:
                if remaining <= 0:
                    raise
                _pause(_RETRY_SECONDS)
                continue
            is_stopped = reply["frozen"] and not reply["advancing"] and not reply["running"]
            if reply["idle"] or is_stopped or remaining <= _MAX_WAIT_SECONDS:
                return bool(reply["idle"])

    def later(self, path: str, query: Mapping[str, object], seconds: float) -> Any:
        """Ask for what comes after a number, until there is something or the time is over."""
        __tracebackhide__ = True
        deadline = SystemClock.running_seconds() + seconds
        while True:
            remaining = deadline - SystemClock.running_seconds()
            is_long = remaining >= _MIN_WAIT_SECONDS
            wait_seconds = int(min(remaining, _MAX_WAIT_SECONDS)) if is_long else 0
            try:
                reply = self._request("GET", path, query={**query, "waitSeconds": wait_seconds})
            except LimitExceeded:  # all places for requests that wait are taken
                if remaining <= 0:
                    raise
                _pause(_RETRY_SECONDS)
                continue
            if remaining <= 0 or reply.get("events") or reply.get("requests"):
                return reply
            if not is_long:
                _pause(min(_POLL_SECONDS, remaining))


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)  # real time, whatever the test has frozen
