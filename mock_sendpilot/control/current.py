"""The objects that a request to the control API works on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.errors import LimitExceeded
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace

MAX_WAITING_REQUESTS = 128
_EXTENSION = "mock_sendpilot.waiting_requests"


def outbox_of(workspace: Workspace) -> Outbox:
    """Return the endpoints, events, deliveries and disruptions of a workspace."""
    return current_emulator().outbox(workspace)


def allow_waiting(app: Flask, *, max_requests: int = MAX_WAITING_REQUESTS) -> None:
    """Let requests to an app wait, so many at a time that threads are left for other requests."""
    app.extensions[_EXTENSION] = max_requests, threading.Semaphore(max_requests)


@contextmanager
def waiting(seconds: float) -> Iterator[None]:
    """Hold a place among the waiting requests; a request that waits no seconds needs none.

    Raises:
        LimitExceeded: all places are taken.
    """
    if not seconds:
        yield
        return
    places: threading.Semaphore
    max_requests, places = current_app.extensions[_EXTENSION]
    if not places.acquire(blocking=False):
        raise LimitExceeded(
            "Too many requests wait at once",
            retry_after_seconds=1,
            hint=f"{max_requests} requests wait already; end some of them, or ask without waiting",
        )
    try:
        yield
    finally:
        places.release()
