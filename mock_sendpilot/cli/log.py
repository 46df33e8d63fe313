"""The log of the server: lines on standard error, written by a thread of their own.

Whoever starts the server may not read what it writes. Then the pipe fills up and a write blocks; it
must block nobody but that thread, so lines that find no room are dropped.
"""

import logging
import os
import queue
import sys
import threading
from datetime import datetime, timezone

import orjson

from mock_sendpilot.redaction import redacted
from mock_sendpilot.scheduling.clock import iso_milliseconds

_MOST_WAITING = 10_000
_FLUSH_SECONDS = 0.25


class TextFormatter(logging.Formatter):
    """Lines for people: the time of day and the message, without secrets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the traceback where there is one."""
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """Lines for programs: an object each, with date and time in UTC, without secrets.

    A record may bring members of its own as `extra={"fields": …}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        facts = {
            "time": iso_milliseconds(moment),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _writable(record.getMessage()),
            **{
                name: _writable(value) if isinstance(value, str) else value
                for name, value in getattr(record, "fields", {}).items()
            },
        }
        if record.exc_info:
            facts["traceback"] = _writable(self.formatException(record.exc_info))
        return orjson.dumps(facts).decode()


class StderrLog(logging.Handler):
    """Formats in the caller's thread and writes in its own; never waits for the reader."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
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
                os.write(2, line.encode("utf-8", "backslashreplace") + b"\n")
        except OSError:  # nobody listens any more
            return
        finally:
            self._is_written.set()


def _writable(text: str) -> str:
    """Return a text without secrets and without what UTF-8 cannot hold."""
    return redacted(text).encode("utf-8", "backslashreplace").decode()


def log_to_stderr(level: str, *, as_json: bool) -> StderrLog:
    """Send the log of this process to standard error from this level on."""
    handler = StderrLog(JsonFormatter() if as_json else TextFormatter())
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
