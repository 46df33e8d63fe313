"""`check_client`: the check of a client whose sync is a function, for a test."""

import ctypes
import inspect
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Literal

from mock_sendpilot.client_check.checks import run_checks
from mock_sendpilot.client_check.report import ClientReport
from mock_sendpilot.client_check.sync import Address, Ending, Limits, error_line
from mock_sendpilot.client_check.world import for_checks
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.interception import checked_hosts, route_to
from mock_sendpilot.world.state import WorldState

if TYPE_CHECKING:
    from typing_extensions import Self

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 0.5  # for the sync to end once its connections are closed


class SyncEnded(BaseException):
    """The end of a sync that would not end; no `except Exception` of it may swallow it."""


def check_client(
    sync: Callable[..., Any], *, world: WorldState, api_key: str, limits: Limits
) -> ClientReport:
    """Check a client; the arguments are those of `Sandbox.check_client`.

    Raises:
        InvalidInput: the sync is no function of two arguments or none, or a limit is invalid.
    """
    function = FunctionSync(sync)
    return run_checks(function, for_checks(world, api_key), limits=limits)


class FunctionSync:
    """A sync that is a function of `base_url` and `api_key`, or of nothing.

    It runs in the calling thread, since the objects of a test may belong to that: a database
    connection, an event loop. A function of nothing runs while the vendor's host is intercepted.

    Args:
        sync: the function; if it is asynchronous, it runs in an event loop of its own.

    Raises:
        InvalidInput: it takes other arguments.
    """

    def __init__(self, sync: Callable[..., Any]) -> None:
        self._sync = sync
        self._call_style = _call_style(sync)
        self.name = getattr(sync, "__qualname__", type(sync).__qualname__)

    def run(self, address: Address, must_end: Callable[[], bool]) -> Ending:
        """Run it to its end; when it must end, close its connections, then raise in its thread."""
        url, api_key = address.base_url, address.api_key
        arguments = (url, api_key) if self._call_style == "by position" else ()
        named = {"base_url": url, "api_key": api_key} if self._call_style == "by name" else {}
        route: AbstractContextManager[object] = nullcontext()
        if self._call_style == "without":
            route = route_to(address.server, checked_hosts(()))
        watch = _Watch(must_end, address.server.stop)
        error: str | None = None
        with watch:
            try:
                with route:
                    result = self._sync(*arguments, **named)
                    if inspect.isawaitable(result):
                        _await(result)
            except Exception as raised:
                error = error_line(f"{type(raised).__name__}: {raised}")
            except SystemExit as raised:
                if raised.code not in {None, 0}:
                    error = error_line(f"SystemExit: {raised.code}")
        return Ending(error, was_ended=watch.was_ended)


def _call_style(sync: Callable[..., Any]) -> Literal["by name", "by position", "without"]:
    """Return how a sync takes `base_url` and `api_key`, if it does at all."""
    expected = "a function sync(base_url, api_key), or one without arguments"
    if not callable(sync):
        raise InvalidInput(f"sync: expected {expected}, got {sync!r:.80}")
    signature = inspect.signature(sync)

    def can_be_called(*arguments: str, **named: str) -> bool:
        with suppress(TypeError):
            signature.bind(*arguments, **named)
            return True
        return False

    if can_be_called(base_url="", api_key=""):
        return "by name"
    kinds = {one.kind for one in signature.parameters.values()}
    # Defaults of other things, such as of `sync(limit=100, verbose=False)`, are no address.
    if can_be_called() and inspect.Parameter.VAR_POSITIONAL not in kinds:
        return "without"
    if can_be_called("", ""):
        return "by position"
    raise InvalidInput(f"sync: expected {expected}, got one with {signature}")


def _await(result: Any) -> None:
    import asyncio  # importing it takes longer than a short test

    async def wait() -> None:
        await result

    asyncio.run(wait())


class _Watch(AbstractContextManager["_Watch"]):
    """A block of the calling thread that is ended when it must end.

    Args:
        must_end: asked several times a second.
        close: closes the connections of what runs in the block.
    """

    def __init__(self, must_end: Callable[[], bool], close: Callable[[], object]) -> None:
        self._must_end = must_end
        self._close = close
        self._thread_id = threading.get_ident()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mock-sendpilot-sync")
        self.was_ended = False

    def __enter__(self) -> "Self":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        while True:
            # An exception may be on its way, and come at any line of this method; at the latest
            # in `join`, since a function that begins raises what is due. To take it back instead
            # leaves a flag set in CPython, with which a traced program stands still.
            with suppress(SyncEnded):
                with self._lock:
                    self._is_over.set()
                self._thread.join()
                break
        return kind is SyncEnded

    def _watch(self) -> None:
        while not self._is_over.wait(_POLL_SECONDS):
            if self._must_end():
                self.was_ended = True
                self._close()
                # Again and again: the sync may swallow it with a bare `except`.
                while not self._is_over.wait(_GRACE_SECONDS):
                    with self._lock:
                        if not self._is_over.is_set():
                            _raise_in(self._thread_id, SyncEnded)
                return


def _raise_in(thread_id: int, exception: type[BaseException]) -> None:
    """Raise an exception in a thread at its next line."""
    value = ctypes.py_object(exception)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), value)
