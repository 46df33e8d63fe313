"""A receiver in a process of its own, which a test kills and starts again."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.explorer.steps import MOMENTS, Moment
from mock_sendpilot.network import connected
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.stages import Stages

if TYPE_CHECKING:
    from typing_extensions import Self

    from mock_sendpilot.testing.sandbox import Sandbox

START_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.005
_READ_TIMEOUT_SECONDS = 0.05
_UNKNOWN_LATENCY_SECONDS = 0.002
_OUTPUT_BYTES = 2000
_TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


class ReceiverProcess(AbstractContextManager["ReceiverProcess"]):
    """A receiver that runs as a command within a `with` block.

    Args:
        command: the program and its arguments.
        url: the URL at which it takes webhooks.
        variables: its environment, by default that of this process.
        start_timeout: seconds until it accepts connections.

    Raises:
        InvalidInput: the URL is invalid.
    """

    can_be_killed = True

    def __init__(
        self,
        command: Sequence[str],
        *,
        url: str,
        variables: Mapping[str, str] | None = None,
        start_timeout: float = START_TIMEOUT_SECONDS,
    ) -> None:
        problems = url_problems(url)
        if problems:
            raise InvalidInput(*problems)
        self.command = tuple(command)
        self._host = urlsplit(url).hostname or ""
        self._port = urlsplit(url).port or 80
        self._variables = None if variables is None else dict(variables)
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] = TemporaryFile()  # noqa: SIM115 - it is closed by `stop`
        self.shortest_response_seconds = _UNKNOWN_LATENCY_SECONDS

    def __enter__(self) -> "Self":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the command, and wait until it accepts connections.

        Raises:
            InvalidInput: it cannot be run, ends, or does not listen in time; with its last output.
        """
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        try:
            self._process = subprocess.Popen(
                self.command,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                **options,
            )
        except OSError as error:
            raise InvalidInput(f"{self.command[0]}: cannot be run: {error.strerror}") from error
        deadline = SystemClock.running_seconds() + self._start_timeout
        while not self._accepts():
            if self._process.poll() is not None:
                code, reason = self._process.returncode, self._last_output()
                raise InvalidInput(f"{self.command[0]} ended with {code}: {reason}")
            if SystemClock.running_seconds() > deadline:
                self.kill()
                where = f"{self._host}:{self._port} within {self._start_timeout:g} s"
                raise InvalidInput(f"{self.command[0]}: nothing listens at {where}")
            threading.Event().wait(_POLL_SECONDS)

    def kill(self) -> None:
        """Kill the command and what it has started, with SIGKILL where there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        if sys.platform == "win32":
            process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self) -> None:
        """Kill the command and start it again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Kill the command for good."""
        self.kill()
        self._output.close()

    def killing(self, moment: Moment) -> Stages:
        """Return stages that kill the command in the next attempt, and start it again.

        Args:
            moment: `reading` (once it has read the body), `working` (halfway to its response),
                `answering` (before its response arrives) or `answered` (after its response).

        Raises:
            InvalidInput: there is no such moment.
        """
        if moment not in MOMENTS:
            raise InvalidInput(f"moment: expected one of {', '.join(MOMENTS)}, got {moment!r}")
        return _Killing(self, moment)

    @contextmanager
    def killed(self, sendpilot: "Sandbox", moment: Moment) -> Iterator[None]:
        """Kill the command in the first attempt of a `with` block, and start it again."""
        with sendpilot.staged(self.killing(moment)):
            yield

    def wait_until_read(self) -> None:
        """Wait until it has read what was sent to it, as far as the system tells."""
        deadline = SystemClock.running_seconds() + _READ_TIMEOUT_SECONDS
        tables = [path for path in _TCP_TABLES if path.exists()]
        if not tables:
            threading.Event().wait(_UNKNOWN_LATENCY_SECONDS / 2)
            return
        while any(self._has_unread(path) for path in tables):
            if SystemClock.running_seconds() > deadline:
                return

    def _has_unread(self, table: Path) -> bool:
        """Return whether a connection to its port has bytes that nobody has read."""
        port = f":{self._port:04X}"
        rows = (line.split() for line in table.read_text("ascii").splitlines()[1:])
        # The columns are: number, local address, remote address, state, queues as tx:rx.
        return any(
            row[1].endswith(port) and row[3] == "01" and int(row[4].partition(":")[2], 16)
            for row in rows
        )

    def _accepts(self) -> bool:
        try:
            connected(self._host, self._port, timeout_seconds=1).close()
        except OSError:
            return False
        return True

    def _last_output(self) -> str:
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - _OUTPUT_BYTES))
        lines = self._output.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"


class _Killing:
    """Kills a receiver at one moment of the first attempt, and starts it again."""

    def __init__(self, process: ReceiverProcess, moment: Moment) -> None:
        self._process = process
        self._moment: Moment | None = moment
        self._sent_at = 0.0

    def last_byte(self) -> None:
        """Do nothing."""

    def body_sent(self) -> None:
        """Kill it while it handles the request."""
        self._sent_at = SystemClock.running_seconds()
        if self._moment == "working":
            threading.Event().wait(self._process.shortest_response_seconds / 2)
        if self._moment in {"reading", "working"}:
            self._process.wait_until_read()
            self._kill()

    def response_begun(self) -> bool:
        """Kill it before its response has arrived, which is then lost."""
        if self._moment is None:
            return False
        process, seconds = self._process, SystemClock.running_seconds() - self._sent_at
        process.shortest_response_seconds = min(seconds, process.shortest_response_seconds * 10)
        is_now = self._moment == "answering"
        if is_now:
            self._kill()
        return is_now

    def response_read(self) -> None:
        """Kill it after its response."""
        if self._moment == "answered":
            self._kill()

    def ended(self) -> None:
        """Kill nothing in the attempts after this one."""
        self._moment = None

    def _kill(self) -> None:
        self._moment = None
        self._process.restart()


class FunctionRestart:
    """A receiver that a function restarts."""

    can_be_killed = False

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function

    def restart(self) -> None:
        """Call the function."""
        self.function()

    def killing(self, moment: Moment) -> Stages:
        """Refuse: a function of this process can interrupt no request.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput(f"killed {moment!r}: expected a ReceiverProcess as `restart`")
