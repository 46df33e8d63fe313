"""`sendpilot.aio` and `sendpilot_receiver.aio`: the calls that wait, to be awaited."""

from typing import TYPE_CHECKING, Any, overload

from mock_sendpilot.testing.event_loop import awaitable, in_thread
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.testing.recorded_requests import RecordedRequests
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.event_log import SentWebhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.sandbox_clock import SandboxClock


class AsyncEvents:
    """The waiting call of `sendpilot.events` or of `sendpilot.webhooks`."""

    def __init__(self, events: RecordedEvents) -> None:
        self._events = events

    @overload
    async def wait_for(
        self,
        event_type: str,
        *,
        count: None = None,
        after: SentWebhook | str | None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> SentWebhook: ...
    @overload
    async def wait_for(
        self,
        event_type: str,
        *,
        count: int,
        after: SentWebhook | str | None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> list[SentWebhook]: ...
    async def wait_for(
        self, event_type: str, *, count: int | None = None, **options: Any
    ) -> SentWebhook | list[SentWebhook]:
        """Wait as `wait_for` of the list does, while the event loop goes on."""
        __tracebackhide__ = True
        wait: Callable[..., SentWebhook | list[SentWebhook]] = self._events.wait_for
        return await in_thread(wait, event_type, count=count, **options)


class AsyncRequests:
    """The waiting call of `sendpilot.requests`."""

    def __init__(self, requests: RecordedRequests) -> None:
        self._requests = requests

    @overload
    async def wait_for(
        self, target: str, path: str | None = None, *, count: None = None, **options: Any
    ) -> JournalEntry: ...
    @overload
    async def wait_for(
        self, target: str, path: str | None = None, *, count: int, **options: Any
    ) -> list[JournalEntry]: ...
    async def wait_for(
        self, target: str, path: str | None = None, *, count: int | None = None, **options: Any
    ) -> JournalEntry | list[JournalEntry]:
        """Wait as `wait_for` of the list itself does, while the event loop goes on."""
        __tracebackhide__ = True
        wait: Callable[..., JournalEntry | list[JournalEntry]] = self._requests.wait_for
        return await in_thread(wait, target, path, count=count, **options)


class AsyncClock:
    """The calls of `sendpilot.clock` that send webhooks: `advance` and `set`."""

    def __init__(self, clock: "SandboxClock") -> None:
        self.advance = awaitable(clock.advance)
        self.set = awaitable(clock.set)


class AsyncSandbox:
    """The calls of `sendpilot` that wait, by the same names and with the same arguments.

    Attributes:
        events: `wait_for`.
        webhooks: `wait_for`.
        requests: `wait_for`.
        clock: `advance` and `set`.
        wait_until_idle: as that of the sandbox.
        check_receiver: as that of the sandbox.
    """

    def __init__(self, sandbox: "Sandbox") -> None:
        self.events = AsyncEvents(sandbox.events)
        self.webhooks = AsyncEvents(sandbox.webhooks)
        self.requests = AsyncRequests(sandbox.requests)
        self.clock = AsyncClock(sandbox.clock)
        self.wait_until_idle = awaitable(sandbox.wait_until_idle)
        self.check_receiver = awaitable(sandbox.check_receiver)


class AsyncReceiver:
    """The waiting call of `sendpilot_receiver`."""

    def __init__(self, receiver: "WebhookReceiver") -> None:
        self._receiver = receiver

    @overload
    async def wait_for(
        self,
        event_type: str | None = None,
        *,
        count: None = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> "ReceivedWebhook": ...
    @overload
    async def wait_for(
        self,
        event_type: str | None = None,
        *,
        count: int,
        timeout: float = 2.0,
        **values: Any,
    ) -> "list[ReceivedWebhook]": ...
    async def wait_for(
        self, event_type: str | None = None, *, count: int | None = None, **options: Any
    ) -> "ReceivedWebhook | list[ReceivedWebhook]":
        """Wait as `wait_for` of the receiver does, while the event loop goes on."""
        __tracebackhide__ = True
        wait: Callable[..., ReceivedWebhook | list[ReceivedWebhook]] = self._receiver.wait_for
        return await in_thread(wait, event_type, count=count, **options)
