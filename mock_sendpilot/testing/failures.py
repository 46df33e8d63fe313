"""What fails a test that waits, and why nothing came."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.webhooks.endpoints import Endpoint

_THIS_MACHINE = ("127.0.0.1", "localhost")


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


class NotIdle(AssertionError):
    """Something was still at work or due when the time to wait was over."""

    def __init__(self, scheduler: Scheduler, within: float) -> None:
        due = scheduler.next_due()
        text = f"due at {iso_milliseconds(due.at)}: {due.about}" if due else "a task is at work"
        now = iso_milliseconds(scheduler.clock.now())
        if scheduler.is_frozen:
            super().__init__(f"not idle: the clock stands still at {now}, {text}; advance it")
        else:
            super().__init__(f"not idle within {within:g} s: it is {now}, {text}")


def why_it_does_not_come(emulator: Emulator, url: str) -> Iterator[str]:
    """What there is to say of a receiver that waits in vain, a line each.

    Args:
        emulator: whose endpoints are looked through.
        url: the receiver's.
    """
    endpoints = list(_endpoints_at(emulator, url))
    if not endpoints:
        added = "was it added with sendpilot.add_endpoint(sendpilot_receiver.url)?"
        yield f"no endpoint points there: {added}"
    for workspace, endpoint in endpoints:
        yield f"there points {endpoint!r}"
        scheduler = workspace.scheduler
        if scheduler.stands_still:
            yield f"its clock stands still at {iso_milliseconds(scheduler.clock.now())}: advance it"


def _endpoints_at(emulator: Emulator, url: str) -> Iterator[tuple[Workspace, Endpoint]]:
    port = urlsplit(url).port
    for workspace in emulator.workspaces():
        for endpoint in emulator.outbox(workspace).endpoints.all():
            parts = urlsplit(endpoint.url)
            if parts.port == port and parts.hostname in _THIS_MACHINE:
                yield workspace, endpoint
