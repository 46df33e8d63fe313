"""Signals of a workspace's events and deliveries. Connect to them with `sender=` a workspace.

Receivers run in the thread that made the change, before the response is sent, so they must be
quick: put the event on a queue and return. Its exceptions are logged and go no further. There is
not always a context of Flask, so `flask.request` is not for them.
"""

import logging
import threading
from typing import Any

from blinker import NamedSignal, Namespace

_signals = Namespace()

event_recorded = _signals.signal("event-recorded")
"""A change was committed. Sender: the `Workspace`. Keyword: `event`, the `Event`."""

deliveries_queued = _signals.signal("deliveries-queued")
"""An event has a body and its deliveries, which may be none. Sender: the `Workspace`.
Keywords: `event`, `payload`, and `deliveries`, a list."""

delivery_attempted = _signals.signal("delivery-attempted")
"""An attempt has ended, well or badly. Sender: the `Workspace`. Keyword: `delivery`."""

delivery_cancelled = _signals.signal("delivery-cancelled")
"""A delivery ends because its endpoint did. Sender: the `Workspace`. Keyword: `delivery`."""

delivery_dropped = _signals.signal("delivery-dropped")
"""A disruption drops a delivery: it is never attempted. Sender: the `Workspace`. Keyword:
`delivery`."""

request_answered = _signals.signal("request-answered")
"""A request to the vendor's API has its response. Sender: the `Workspace`; None without a known API
key. Keyword: `entry`, the `JournalEntry`. Without a request journal it is not sent."""

option_read = _signals.signal("option-read")
"""An option of the contract mattered for the first time in a workspace. Sender: the `Workspace`.
Keyword: `option`, its name. Only workspaces that are made while somebody receives it send it."""

OF_DELIVERIES = (delivery_attempted, delivery_cancelled)
"""The signals after which deliveries have changed.

`deliveries_queued` is not one: a receiver of it makes every event pay for a body.
"""

_PACKAGE = __name__.partition(".")[0]
_logger = logging.getLogger(__name__)


def has_foreign_receivers(sender: object) -> bool:
    """Return whether code outside this package receives the events of `sender` as they happen."""
    return any(
        str(getattr(receiver, "__module__", "")).partition(".")[0] != _PACKAGE
        for signal in (event_recorded, deliveries_queued)
        for receiver in signal.receivers_for(sender)
    )


def send(signal: NamedSignal, sender: object, **facts: Any) -> None:
    """Send a signal; the exception of one receiver neither stops the others nor the caller."""
    for receiver in signal.receivers_for(sender):
        try:
            receiver(sender, **facts)
        except BaseException as error:
            # In the main thread Ctrl+C and `pytest.fail` must reach the caller. In a thread of the
            # server or of the workers they would end only that thread.
            is_to_end = not isinstance(error, Exception)
            if is_to_end and threading.current_thread() is threading.main_thread():
                raise
            _logger.exception("a receiver of the signal %r failed", signal.name)
