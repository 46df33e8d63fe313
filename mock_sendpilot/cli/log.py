"""The log of the server: lines on standard error, written by a thread of their own.

If nobody reads standard error the pipe fills up, and a write blocks. It must block only that
thread, so lines are dropped when the queue is full.
"""

import logging
import os
import queue
import threading
from datetime import datetime, timezone

import orjson

from mock_sendpilot.redaction import redacted
from mock_sendpilot.scheduling.clock import iso_milliseconds

_MAX_WAITING_LINES = 10_000
_FLUSH_SECONDS = 0.25


class TextFormatter(logging.Formatter):
    """Formats lines for people: the time of day and the message, without secrets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with a traceback if the record has one."""
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """Formats lines for programs: objects with date and time in UTC, without secrets.

    A record adds members of its own with `extra={"fields": …}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, timezone.utc)
        members = {
            "time": iso_milliseconds(time),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _encodable(record.getMessage()),
            **{
                name: _encodable(value) if isinstance(value, str) else value
                for name, value in getattr(record, "fields", {}).items()
            },
        }
        if record.exc_info:
            members["traceback"] = _encodable(self.formatException(record.exc_info))
        return orjson.dumps(members).decode()


class StderrLog(logging.Handler):
    """A handler that formats in the caller's thread and writes in its own, without waiting."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._lines: queue.Queue[str | None] = queue.Queue(_MAX_WAITING_LINES)
        self._is_written = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or drop it when the queue is full."""
        if self._thread is None:  # the lock of the handler is held
            self._thread = threading.Thread(
                target=self._write, name="mock-sendpilot-log", daemon=True
            )
            self._thread.start()
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            return

    def finish(self) -> None:
        """Wait a moment for the queued lines to be written."""
        if self._thread is None:
            return
        try:
            self._lines.put_nowait(None)
        except queue.Full:
            return
        self._is_written.wait(_FLUSH_SECONDS)  # not forever: perhaps nobody reads

    def _write(self) -> None:
        try:
            # Not sys.stderr: Python aborts if a daemon thread is stuck in its buffer at exit.
            while (line := self._lines.get()) is not None:
                os.write(2, line.encode("utf-8", "backslashreplace") + b"\n")
        except OSError:  # the reader is gone
            return
        finally:
            self._is_written.set()


def _encodable(text: str) -> str:
    """Return a text without secrets, and with escapes for what UTF-8 cannot encode."""
    return redacted(text).encode("utf-8", "backslashreplace").decode()


def log_to_stderr(level: str, *, as_json: bool) -> StderrLog:
    """Log to standard error from this level on."""
    handler = StderrLog(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # waitress warns of each request that waits for a thread, however shortly.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return handler
