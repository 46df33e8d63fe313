"""The log of the server: lines on standard error, written by a thread of their own.

Whoever starts the server may not read what it writes. Then the pipe fills up and a write blocks; it
must block nobody but that thread, so lines that find no room are dropped.
"""

import logging
import os
import queue
import sys
import threading

from mock_sendpilot.domain.redaction import redacted

_MOST_WAITING = 10_000
_FLUSH_SECONDS = 0.25


class StderrLog(logging.Handler):
    """Formats in the caller's thread and writes in its own; never waits for the reader."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._is_written = threading.Event()
        threading.Thread(target=self._write, name="mock-sendpilot-log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Put a line on the queue, or drop it when the queue is full."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            return

    def finish(self) -> None:
        """Wait a moment for the lines that are still to be written."""
        try:
            self._lines.put_nowait(None)
        except queue.Full:
            return
        self._is_written.wait(_FLUSH_SECONDS)

    def _write(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                os.write(2, redacted(line).encode("utf-8", "backslashreplace") + b"\n")
        except OSError:  # nobody listens any more
            return
        finally:
            self._is_written.set()


def log_to_stderr(level: str) -> StderrLog:
    """Send the log of this process to standard error from this level on."""
    handler = StderrLog()
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return handler


def write_line(text: str) -> None:
    """A line on standard output, which may be closed or full: then nobody wants to read it."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = None  # nothing is to be flushed at exit
