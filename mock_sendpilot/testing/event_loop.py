"""Waiting in a test with an event loop: in another thread, so that the loop goes on."""

import inspect
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mock_sendpilot.errors import SendPilotError

if TYPE_CHECKING:
    from types import FrameType

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
        with suppress(RuntimeError):  # the loop has ended, and with it whoever awaited this
            loop.call_soon_threadsafe(lambda: None if outcome.done() else give(value))

    context = copy_context()
    name = "mock-sendpilot-wait"
    threading.Thread(target=partial(context.run, run), name=name, daemon=True).start()
    try:
        return await outcome
    except (AssertionError, SendPilotError) as error:
        raise error.with_traceback(None) from None


def _is_called_by_coroutine(frame: "FrameType | None") -> bool:
    while frame is not None:
        if frame.f_code.co_flags & _COROUTINE:
            return True
        frame = frame.f_back
    return False
