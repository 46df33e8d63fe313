"""A command as a process group: its signals, its terminal, and its end with all it has started."""

import errno
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any

GRACE_SECONDS = 5.0
"""Less than CI runners and Docker give: 7.5 to 10 seconds."""

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_OF_SIGNALS = 128
_POLL_SECONDS = 0.1
FORWARDED = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
)
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
_IS_POSIX = os.name == "posix"


class CannotRun(Exception):
    """A command that cannot be started.

    Args:
        message: the reason.
        code: the exit code that shells have for it.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ProcessGroup:
    """A running command and what it starts, in a process group of its own.

    It has the standard streams of this process. At a terminal it is in the foreground, as if a
    shell had started it. What leaves the group on purpose, such as a daemon, is left alone.

    Args:
        command: the program and its arguments.
        variables: its environment.
        forwards_signals: from now on, send what asks this process to end to the group instead.
            Only the main thread may do so.
        grace_seconds: how long it may take to end after SIGTERM, before it is killed.
        output: a file for what it prints; it then has no standard input, and no terminal.

    Attributes:
        was_asked_to_end: whether a signal was forwarded to it.

    Raises:
        CannotRun: with the reason.
    """

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        *,
        forwards_signals: bool = False,
        grace_seconds: float = GRACE_SECONDS,
        output: IO[bytes] | None = None,
    ) -> None:
        self._grace_seconds = grace_seconds
        self._kill_at: float | None = None
        self._statuses: queue.Queue[int | None] = queue.Queue()
        self._terminal = _foreground_terminal() if output is None else None
        self._early_signals: list[int] = []
        self.was_asked_to_end = False
        self._is_started = False
        for number in FORWARDED if forwards_signals else ():
            # Who runs this below nohup wants it to survive.
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
                # Before the start, or a signal could end this process alone.
                signal.signal(number, self._forward)
        # In the background of a terminal these signals would stop it at its first read.
        with _ignored("SIGTTIN", "SIGTTOU") if self._terminal is None else nullcontext():
            self._process = _start(command, variables, output)
        self._is_started = True
        self._resume()
        for number in self._early_signals:
            self.send_signal(number)
        threading.Thread(target=self._watch, name="mock-sendpilot-exec", daemon=True).start()

    def send_signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal; kill the group if it has not ended some time later.

        SIGINT has no such limit: a program may ask what to do, or go on.
        """
        self._send(number)
        if number != signal.SIGINT and self._kill_at is None:
            self._kill_at = time.monotonic() + self._grace_seconds

    def wait(self, *, must_end: Callable[[], bool] | None = None) -> int:
        """Wait for the end of the command; return its exit code, or 128 + N for signal N.

        Args:
            must_end: called several times a second; once it is true, the group is asked to end.
        """
        is_asked = False
        while True:
            try:
                status = self._statuses.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if not is_asked and must_end is not None and must_end():
                    is_asked = True
                    self.send_signal()
                if self._kill_at is not None and time.monotonic() > self._kill_at:
                    self._send(_KILL)
                continue
            if status is not None:
                return status if status >= 0 else _OF_SIGNALS - status
            self._suspend()

    def end(self) -> None:
        """End what the command has left running, and take the terminal back."""
        if not _IS_POSIX:
            if self._process.poll() is None:
                self._process.kill()
            return
        self._take_terminal()
        if self._is_left():
            self._send(signal.SIGTERM)
            self._send(signal.SIGCONT)  # what is stopped does not end
            deadline = time.monotonic() + self._grace_seconds
            while self._is_left() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS / 10)
            self._send(_KILL)

    def _forward(self, number: int, _frame: object) -> None:
        self.was_asked_to_end = True
        if self._is_started:
            self.send_signal(number)
        else:
            self._early_signals.append(number)

    def _watch(self) -> None:
        """Put what becomes of the command into the queue: None for a stop, or its end."""
        if not _IS_POSIX:
            self._statuses.put(self._process.wait())
            return
        status = None
        while status is None:
            _, number = os.waitpid(self._process.pid, os.WUNTRACED)
            status = None if os.WIFSTOPPED(number) else os.waitstatus_to_exitcode(number)
            if status is not None:
                self._process.returncode = status
            self._statuses.put(status)

    def _suspend(self) -> None:
        """Stop this process after the command was stopped (Ctrl+Z), and go on with it."""
        if self._terminal is None:  # the process that stopped it continues it
            return
        self._take_terminal()
        os.kill(os.getpid(), signal.SIGSTOP)
        with suppress(OSError):
            if os.tcgetpgrp(self._terminal) != os.getpgrp():  # continued with `bg`
                self._send(signal.SIGCONT)
                return
        self._resume()

    def _resume(self) -> None:
        """Give the terminal to the command, and let it go on if it has missed it."""
        if self._terminal is not None:
            with suppress(OSError):  # it has ended already, or the terminal is gone
                os.tcsetpgrp(self._terminal, self._process.pid)
            self._send(signal.SIGCONT)

    def _take_terminal(self) -> None:
        if self._terminal is not None:
            with suppress(OSError), _ignored("SIGTTOU"):  # it would stop this process
                os.tcsetpgrp(self._terminal, os.getpgrp())

    def _send(self, number: int) -> None:
        with suppress(OSError):  # nobody is left
            if _IS_POSIX:
                os.killpg(self._process.pid, number)
            else:
                self._process.terminate()

    def _is_left(self) -> bool:
        """Return whether anything of the group runs."""
        try:
            os.killpg(self._process.pid, 0)
        except OSError:
            return False
        # The first process of many a container waits for no orphans, which then stay as zombies.
        statuses = list(Path("/proc").glob("[0-9]*/stat"))
        return not statuses or any(_runs_in(self._process.pid, path) for path in statuses)


@contextmanager
def _ignored(*names: str) -> Iterator[None]:
    """Ignore signals meanwhile, as do processes that are started meanwhile."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _foreground_terminal() -> int | None:
    """Return the descriptor of the terminal that this process has for itself.

    With its output in a pipe it shares the terminal, for example with a pager.
    """
    with suppress(OSError):
        if _IS_POSIX and os.isatty(0) and os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp():
            return 0
    return None


def _runs_in(group: int, status: Path) -> bool:
    """Return whether the process of a file /proc/N/stat is in a group, and no zombie."""
    try:
        state, _, number, *_ = status.read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:  # it has ended
        return False
    return int(number) == group and state not in {"Z", "X"}


def _start(
    command: Sequence[str], variables: Mapping[str, str], output: IO[bytes] | None
) -> "subprocess.Popen[bytes]":
    options: dict[str, Any] = {}
    if output is not None:
        options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
    if not _IS_POSIX:  # npm is npm.cmd
        command = [shutil.which(command[0]) or command[0], *command[1:]]
    if sys.version_info >= (3, 11):
        options["process_group"] = 0 if _IS_POSIX else None
    elif _IS_POSIX:
        options["preexec_fn"] = os.setpgrp
    try:
        return subprocess.Popen(command, env=variables, **options)
    except OSError as error:
        raise CannotRun(*_reason(command[0], error)) from error


def _reason(program: str, error: OSError) -> tuple[str, int]:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        reason = os.strerror(error.errno) if error.errno else str(error)
        if error.errno == errno.ENOEXEC:
            reason += "; does it begin with a line such as #!/bin/sh?"
        return f"{program}: cannot be run: {reason}", NOT_EXECUTABLE
    if Path(program).exists() and os.sep in program:
        return f"{program}: cannot be run: its interpreter does not exist", NOT_EXECUTABLE
    remedy = ""
    if " " in program:
        remedy = f"; the program and its arguments are words of their own: -- {program}"
    return f"{program}: command not found{remedy}", NOT_FOUND
