"""Failures of a test that waits, and the reasons why nothing came."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.contracts.vocabulary import EXTRACTION_COMPLETED, SEARCH_COMPLETED
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.webhooks.deliveries import describe_failed_attempts
from mock_sendpilot.webhooks.outbox import Outbox

_JOB_EVENTS = (SEARCH_COMPLETED, EXTRACTION_COMPLETED)
_THIS_MACHINE = ("127.0.0.1", "localhost")


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


class RequestNotSeen(AssertionError):
    """The expected requests did not come, or others did; the message shows the nearest miss."""


class UnconsumedFault(AssertionError):
    """A fault has hit fewer requests than it was to hit; the message shows the nearest miss."""


class NotIdle(AssertionError):
    """Something was still running or due when the wait timed out."""

    def __init__(self, scheduler: Scheduler, timeout: float, notes: Sequence[str] = ()) -> None:
        due = scheduler.next_due()
        text = f"due at {iso_milliseconds(due.at)}: {due.about}" if due else "a task is running"
        now = iso_milliseconds(scheduler.clock.now())
        if scheduler.clock.is_frozen:
            first = f"not idle: the clock is frozen at {now}, {text}; advance it"
        else:
            first = f"not idle within {timeout:g} s: it is {now}, {text}"
        super().__init__("\n".join([first, *(f"  {note}" for note in notes)]))


def reasons_for_silence(emulator: Emulator, url: str) -> Iterator[str]:
    """Yield the reasons why no webhook comes to a receiver, a line each.

    Args:
        emulator: the emulator with the endpoints.
        url: the URL of the receiver.
    """
    port = urlsplit(url).port
    endpoints = [
        (workspace, endpoint)
        for workspace in emulator.workspaces()
        for endpoint in emulator.outbox(workspace).endpoints.all()
        if _is_local_port(endpoint.url, port)
    ]
    if not endpoints:
        added = "was it added with sendpilot.add_endpoint(sendpilot_receiver.url)?"
        yield f"no endpoint points there: {added}"
    for workspace, endpoint in endpoints:
        yield f"{endpoint!r} points there"
        scheduler = workspace.scheduler
        if scheduler.is_stopped:
            yield f"its clock is frozen at {iso_milliseconds(scheduler.clock.now())}: advance it"
    outboxes = [emulator.outbox(workspace) for workspace in emulator.workspaces()]
    yield from describe_failed_attempts(one for outbox in outboxes for one in outbox.log.all())


def no_endpoint(outbox: Outbox, contract: Contract, event_type: str | None) -> str | None:
    """Return a message if no endpoint can ever get an event of this type, or any; else None.

    A search or an extraction may have a URL of its own: its events can always be sent.
    """
    if event_type in {contract.event_type(name) for name in _JOB_EVENTS}:
        return None
    endpoints = outbox.endpoints.all()
    if any(one.is_enabled if event_type is None else one.wants(event_type) for one in endpoints):
        return None
    purpose = "" if event_type is None else f" for {event_type}"
    first = (
        f"no endpoint is registered{purpose}: call add_endpoint(...), or assert what happened with "
        "sendpilot.events"
    )
    others = [
        f"  there is {endpoint!r}"
        + (f": {endpoint.disabled_reason}" if endpoint.disabled_reason else "")
        for endpoint in endpoints
    ]
    return "\n".join([first, *others])


def _is_local_port(url: str, port: int | None) -> bool:
    parts = urlsplit(url)
    return parts.port == port and parts.hostname in _THIS_MACHINE
