"""The objects that a request to the control API works on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app, request

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.errors import LimitExceeded
from mock_sendpilot.paths import VENDOR_PREFIX
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace

MAX_WAITING_REQUESTS = 128
MAX_SEED_BYTES = 64_000_000
"""The length of a body with a seed or a state; of other bodies it is 1 MB."""
_GUARD = "mock_sendpilot.guard"
_EXTENSION = "mock_sendpilot.waiting_requests"


def outbox_of(workspace: Workspace) -> Outbox:
    """Return the endpoints, events, deliveries and disruptions of a workspace."""
    return current_emulator().outbox(workspace)


def keep_guard(app: Flask, guard: Guard) -> None:
    """Let views of an app ask its guard."""
    app.extensions[_GUARD] = guard


def current_guard() -> Guard:
    """Return the guard of the app that serves this request."""
    guard: Guard = current_app.extensions[_GUARD]
    return guard


def workspace_reply(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as the control API shows it, without its keys."""
    emulator, store = current_emulator(), workspace.store
    outbox = emulator.outbox(workspace)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "plan": workspace.plan,
        "contract": workspace.contract.name,
        "baseUrl": f"{request.host_url.rstrip('/')}{VENDOR_PREFIX}",
        "clock": {
            "now": iso_milliseconds(workspace.clock.now()),
            "frozen": workspace.clock.is_frozen,
        },
        "senders": len(store.senders()),
        "campaigns": len(store.campaigns()),
        "leads": len(store.leads()),
        "endpoints": len(outbox.endpoints.all()),
        "pendingDeliveries": outbox.log.pending_count,
    }


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
