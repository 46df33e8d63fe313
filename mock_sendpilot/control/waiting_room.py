"""The requests that wait for something to happen: so many at most, that others are served."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from mock_sendpilot.errors import LimitExceeded

MOST_WAITING = 128
_EXTENSION = "mock_sendpilot.waiting_room"


def add_waiting_room(app: Flask) -> None:
    """Let requests wait."""
    app.extensions[_EXTENSION] = threading.Semaphore(MOST_WAITING)


@contextmanager
def waiting(seconds: float) -> Iterator[None]:
    """Hold a place while waiting so long; who does not wait needs none.

    Raises:
        LimitExceeded: all places are taken.
    """
    if not seconds:
        yield
        return
    places: threading.Semaphore = current_app.extensions[_EXTENSION]
    if not places.acquire(blocking=False):
        hint = f"{MOST_WAITING} requests wait already; end some of them, or ask without waiting"
        raise LimitExceeded("Too many requests wait at once", retry_after_seconds=1, hint=hint)
    try:
        yield
    finally:
        places.release()
