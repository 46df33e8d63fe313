"""Waiting in a test with an event loop: `sendpilot.aio` and `sendpilot_receiver.aio`.

The calls that wait do so in another thread, so that the event loop goes on.
"""

import inspect
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from contextvars import copy_context
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from mock_sendpilot.errors import SendPilotError
from mock_sendpilot.receiver_check.target import ProbeFailed

if TYPE_CHECKING:
    from types import FrameType

    from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
    from mock_sendpilot.testing.receiver_check import ProbeSource
    from mock_sendpilot.testing.recorded_events import RecordedEvents
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.sandbox_clock import SandboxClock
    from mock_sendpilot.testing.sandbox_traffic import RecordedRequests
    from mock_sendpilot.traffic.journal import JournalEntry
    from mock_sendpilot.webhooks.event_log import SentWebhook
    from mock_sendpilot.world.models import Lead

P = ParamSpec("P")
T = TypeVar("T")
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE


class EventLoopBlocked(RuntimeError):
    """A call that waits was made in a coroutine, whose event loop would stand still meanwhile."""


def refuse_in_event_loop(twin: str) -> None:
    """Refuse a call that waits, if a coroutine of a running event loop has made it.

    A loop may also run beside code that is not asynchronous, such as that of Playwright's
    synchronous API, which switches between stacks: there nothing can be awaited.

    Args:
        twin: what to await instead.

    Raises:
        EventLoopBlocked: with that advice.
    """
    __tracebackhide__ = True
    asyncio = sys.modules.get("asyncio")  # importing it takes longer than a short test
    if asyncio is None:
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # none is running
        return
    if _is_called_by_coroutine(inspect.currentframe()):
        name = twin.rpartition(".")[2]
        raise EventLoopBlocked(
            f"{name} would stop the event loop of this test, and with it an app that runs in it: "
            f"write await {twin}(...)"
        )


def awaitable(call: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make the twin of a call that waits: it is awaited, and waits in a thread."""

    @wraps(call)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        return await in_thread(call, *args, **kwargs)

    return twin


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call in a thread of its own; its failure has no frames of that thread.

    Not in a thread of the loop's own pool: that has few, which the app may need for what is waited
    for, and the end of the loop waits for them, also after the wait was cancelled.
    """
    __tracebackhide__ = True
    import asyncio  # already imported where a loop runs

    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = call(*args, **kwargs)
        except BaseException as error:  # it is raised where the call is awaited
            settle(outcome.set_exception, error)
        else:
            settle(outcome.set_result, result)

    def settle(give: Callable[[Any], None], value: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it all that awaited this
            loop.call_soon_threadsafe(lambda: None if outcome.done() else give(value))

    context = copy_context()
    name = "mock-sendpilot-wait"
    threading.Thread(target=partial(context.run, run), name=name, daemon=True).start()
    try:
        return await outcome
    except (AssertionError, SendPilotError) as error:
        raise error.with_traceback(None) from None


class AsyncEvents:
    """The waiting call of `sendpilot.events` or of `sendpilot.webhooks`."""

    def __init__(self, events: "RecordedEvents") -> None:
        self._events = events

    @overload
    async def wait_for(
        self,
        event_type: str,
        *,
        count: None = None,
        after: "SentWebhook | str | None" = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> "SentWebhook": ...
    @overload
    async def wait_for(
        self,
        event_type: str,
        *,
        count: int,
        after: "SentWebhook | str | None" = None,
        timeout: float = 2.0,
        **values: Any,
    ) -> "list[SentWebhook]": ...
    async def wait_for(
        self, event_type: str, *, count: int | None = None, **options: Any
    ) -> "SentWebhook | list[SentWebhook]":
        """Wait as `wait_for` of the list does, while the event loop goes on."""
        __tracebackhide__ = True
        wait: Callable[..., SentWebhook | list[SentWebhook]] = self._events.wait_for
        return await in_thread(wait, event_type, count=count, **options)


class AsyncRequests:
    """The waiting call of `sendpilot.requests`."""

    def __init__(self, requests: "RecordedRequests") -> None:
        self._requests = requests

    @overload
    async def wait_for(
        self, target: str, path: str | None = None, *, count: None = None, **options: Any
    ) -> "JournalEntry": ...
    @overload
    async def wait_for(
        self, target: str, path: str | None = None, *, count: int, **options: Any
    ) -> "list[JournalEntry]": ...
    async def wait_for(
        self, target: str, path: str | None = None, *, count: int | None = None, **options: Any
    ) -> "JournalEntry | list[JournalEntry]":
        """Wait as `wait_for` of the list itself does, while the event loop goes on."""
        __tracebackhide__ = True
        wait: Callable[..., JournalEntry | list[JournalEntry]] = self._requests.wait_for
        return await in_thread(wait, target, path, count=count, **options)


class AsyncClock:
    """The calls of `sendpilot.clock` that send webhooks: `advance` and `set`."""

    def __init__(self, clock: "SandboxClock") -> None:
        # Freezing and resuming wait for nothing, so they have no twin.
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
        check_client: as that of the sandbox; the sync runs in the thread that waits.
        deliver_all: as that of the sandbox.
        explore: as that of the sandbox; the probe and the other functions are called in a thread.
        assert_converges: as that of the sandbox; an asynchronous probe is awaited.
    """

    def __init__(self, sandbox: "Sandbox") -> None:
        self.events = AsyncEvents(sandbox.events)
        self.webhooks = AsyncEvents(sandbox.webhooks)
        self.requests = AsyncRequests(sandbox.requests)
        self.clock = AsyncClock(sandbox.clock)
        self._sandbox = sandbox
        self.wait_until_idle = awaitable(sandbox.wait_until_idle)
        self.check_receiver = awaitable(sandbox.check_receiver)
        self.check_client = awaitable(sandbox.check_client)
        self.deliver_all = awaitable(sandbox.deliver_all)
        self.explore = awaitable(sandbox.explore)

    async def assert_converges(
        self,
        probe: "ProbeSource",
        *,
        leads: "Iterable[Lead | str] | None" = None,
        timeout: float = 5.0,
    ) -> None:
        """Wait as `assert_converges` of the sandbox does, while the event loop goes on.

        What an asynchronous probe returns is awaited in the event loop. Any other probe is called
        in the thread that waits.
        """
        __tracebackhide__ = True
        import asyncio  # already imported where a loop runs

        loop = asyncio.get_running_loop()

        async def result_of(value: Awaitable[Any]) -> Any:
            return await value

        def call() -> Any:
            # Called in the waiting thread, so that a probe that is not asynchronous blocks no loop.
            value = probe() if callable(probe) else None
            if not inspect.isawaitable(value):
                return value
            future = asyncio.run_coroutine_threadsafe(result_of(value), loop)
            try:
                return future.result(timeout)
            except FutureTimeoutError:
                future.cancel()
                raise ProbeFailed(f"the probe did not return within {timeout:g} s") from None

        await in_thread(
            self._sandbox.assert_converges,
            call if callable(probe) else probe,
            leads=leads,
            timeout=timeout,
        )


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


def _is_called_by_coroutine(frame: "FrameType | None") -> bool:
    while frame is not None:
        if frame.f_code.co_flags & _COROUTINE:
            return True
        frame = frame.f_back
    return False
