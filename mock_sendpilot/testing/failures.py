"""Failures of a test that waits, and the reasons why nothing came."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.contracts.vocabulary import EXTRACTION_COMPLETED, SEARCH_COMPLETED
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.webhooks.deliveries import describe_failed_attempts
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace

_OF_JOBS = (SEARCH_COMPLETED, EXTRACTION_COMPLETED)
_THIS_MACHINE = ("127.0.0.1", "localhost")


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


class NotIdle(AssertionError):
    """Something was still running or due when the timeout was over."""

    def __init__(self, scheduler: Scheduler, timeout: float, notes: Sequence[str] = ()) -> None:
        due = scheduler.next_due()
        text = f"due at {iso_milliseconds(due.at)}: {due.about}" if due else "a task is running"
        now = iso_milliseconds(scheduler.clock.now())
        if scheduler.clock.is_frozen:
            first = f"not idle: the clock is frozen at {now}, {text}; advance it"
        else:
            first = f"not idle within {timeout:g} s: it is {now}, {text}"
        super().__init__("\n".join([first, *(f"  {note}" for note in notes)]))


def why_it_does_not_come(emulator: Emulator, url: str) -> Iterator[str]:
    """Say why a receiver waits in vain, a line for each reason.

    Args:
        emulator: whose endpoints are looked through.
        url: the receiver's.
    """
    endpoints = list(_endpoints_at(emulator, url))
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
    """Say that no endpoint could ever get an event of this type, or any; None when one could.

    A search or an extraction may bring a URL of its own: its events could always be sent.
    """
    if event_type in {contract.event_type(name) for name in _OF_JOBS}:
        return None
    endpoints = outbox.endpoints.all()
    if any(one.is_enabled if event_type is None else one.wants(event_type) for one in endpoints):
        return None
    wanted = "" if event_type is None else f" for {event_type}"
    first = (
        f"no endpoint is registered{wanted}: call add_endpoint(...), or assert what happened with "
        "sendpilot.events"
    )
    others = [f"  there is {endpoint!r}{_why_disabled(endpoint)}" for endpoint in endpoints]
    return "\n".join([first, *others])


def _why_disabled(endpoint: Endpoint) -> str:
    return f": {endpoint.disabled_reason}" if endpoint.disabled_reason else ""


def _endpoints_at(emulator: Emulator, url: str) -> Iterator[tuple[Workspace, Endpoint]]:
    port = urlsplit(url).port
    for workspace in emulator.workspaces():
        for endpoint in emulator.outbox(workspace).endpoints.all():
            parts = urlsplit(endpoint.url)
            if parts.port == port and parts.hostname in _THIS_MACHINE:
                yield workspace, endpoint
