"""The request journal: the latest requests for the vendor's API and their responses, in order.

Every request pays for its entry, and few entries are ever read. So an entry keeps the bytes of a
request and makes dictionaries and texts of them when somebody asks.
"""

import itertools
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from itertools import takewhile
from typing import Any, NamedTuple

import orjson

from mock_sendpilot.errors import NotFound
from mock_sendpilot.json_text import bytes_to_keep
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.redaction import redacted_headers
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.scheduling.lazy_condition import LazyCondition
from mock_sendpilot.traffic.wsgi_request import (
    MAX_BODY_BYTES,
    json_or_none,
    request_body,
    request_headers,
    request_path,
    request_query,
)

MAX_ENTRIES = 2000
MAX_BYTES = 4_000_000
OPERATION_ID = "mock_sendpilot.operation"
"""The key of the WSGI environment for the id of the operation that serves the request."""
FAULT_ID = "mock_sendpilot.fault"
"""The key of the WSGI environment for the id of the fault that has hit the request."""
FAULT_EFFECT = "mock_sendpilot.fault_effect"
"""The key of the WSGI environment for the effect of that fault, in words."""
FAULT_SECONDS = "mock_sendpilot.fault_seconds"
"""The key of the WSGI environment for the latency of that fault."""
REQUEST_ID = "mock_sendpilot.request_id"
"""The key of the WSGI environment for the value of `X-Request-Id`."""
NO_RESPONSE = "mock_sendpilot.no_response"
"""The key that the WSGI environment has if that fault keeps the response from the client."""

_ENTRY_BYTES = 500  # of one without any text
_MAX_DIGITS = 15


class JournalEntry:
    """A request and its response. Keys and other secrets in its headers and query are masked.

    Args:
        entry_id: the id, unique in its journal, such as `req_12`.
        environ: the WSGI environment of the request, after the app has read it.
        response: the status line, the headers and the body of the response.
        at: the time by the workspace's clock.
        received: the real time, in seconds since 1970.
        duration_seconds: until the response was sent, with the latency of a fault.
        api_key_name: the name of the API key; None without a known key.
        events: the ids of the events that the request caused.

    Attributes:
        id: the id, unique in its journal; the numbers of ids are in the order of arrival.
        number: counts the entries of the journal from 1, in the order in which they ended.
        at: the time by the workspace's clock.
        duration_seconds: until the response was made.
        api_key_name: the name of the API key; None without a known key.
        size: the bytes that the entry takes up, more or less.
    """

    __slots__ = (
        "_body",
        "_packed",
        "_received",
        "_response_body",
        "_unpacked",
        "api_key_name",
        "at",
        "duration_seconds",
        "id",
        "number",
        "size",
    )

    def __init__(
        self,
        entry_id: str,
        environ: Mapping[str, Any],
        response: tuple[str, Sequence[tuple[str, str]], bytes],
        *,
        at: datetime,
        received: float,
        duration_seconds: float,
        api_key_name: str | None,
        events: Sequence[str],
    ) -> None:
        status, headers, content = response
        self.id = entry_id
        self.number = 0  # until the journal has the entry
        self.at = at
        self._received = received
        self.duration_seconds = duration_seconds
        self.api_key_name = api_key_name
        # One object instead of fifty: less to make, to keep, and for the garbage collector to see.
        # What is no text, such as the streams of the server, becomes null.
        packed = orjson.dumps((environ, status, headers, events), default=lambda _: None)
        self._packed = bytes_to_keep(packed)
        self._unpacked: _Facts | None = None
        # One byte beyond the limit says that something was cut off.
        body = request_body(environ, MAX_BODY_BYTES + 1)
        self._body = body
        self._response_body = bytes_to_keep(content[: MAX_BODY_BYTES + 1])
        self.size = _ENTRY_BYTES + len(packed) + len(body) + len(self._response_body)

    def __repr__(self) -> str:
        return f"<JournalEntry {self.id} {self.summary()}>"

    @property
    def received_at(self) -> datetime:
        """The real time."""
        return datetime.fromtimestamp(self._received, tz=timezone.utc)

    @property
    def method(self) -> str:
        """The method, such as `PATCH`."""
        method: str = self._facts.environ["REQUEST_METHOD"]
        return method

    @property
    def operation(self) -> str | None:
        """The id of the operation that served it, such as `leads.updateStatus`, or None."""
        return self._facts.environ.get(OPERATION_ID)

    @property
    def request_id(self) -> str:
        """The `X-Request-Id` that the client sent; else `id`."""
        request_id: str = self._facts.environ.get(REQUEST_ID, self.id)
        return request_id

    @property
    def fault(self) -> str | None:
        """The id of the fault that has hit it, or None; `header` for one that it asked for."""
        return self._facts.environ.get(FAULT_ID)

    @property
    def fault_effect(self) -> str | None:
        """The effect of that fault in words, such as `status=503`; None if the fault has none."""
        return self._facts.environ.get(FAULT_EFFECT)

    @property
    def status(self) -> int | None:
        """The status of the response; None if a fault has kept the response from the client."""
        is_lost = NO_RESPONSE in self._facts.environ
        return None if is_lost else int(self._facts.status[:3])

    @property
    def events(self) -> tuple[str, ...]:
        """The ids of the events that it caused, in order."""
        return tuple(self._facts.events)

    @property
    def path(self) -> str:
        """The path, such as `/v1/leads/lead_1`; an encoded slash stays encoded."""
        return request_path(self._facts.environ)

    @property
    def query(self) -> dict[str, Any]:
        """The parameters of the query, as texts; one that is repeated is a list."""
        return request_query(self._facts.environ)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request."""
        return request_headers(self._facts.environ)

    @property
    def body(self) -> bytes:
        """The body of the request, or its first 64 kB."""
        return self._body[:MAX_BODY_BYTES]

    @property
    def is_body_truncated(self) -> bool:
        """True if the body of the request was longer."""
        return len(self._body) > MAX_BODY_BYTES

    @property
    def json(self) -> Any:
        """The body of the request as JSON; None for any other body."""
        return json_or_none(self.body)

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers of the response."""
        return redacted_headers(dict(self._facts.headers))

    @property
    def response_body(self) -> bytes:
        """The body of the response, or its first 64 kB."""
        return self._response_body[:MAX_BODY_BYTES]

    @property
    def is_response_body_truncated(self) -> bool:
        """True if the body of the response was longer."""
        return len(self._response_body) > MAX_BODY_BYTES

    @property
    def response_json(self) -> Any:
        """The body of the response as JSON; None for any other body."""
        return json_or_none(self.response_body)

    def mentions(self, text: str) -> bool:
        """Return whether the request has a text, such as an id; quick, for it unpacks nothing."""
        needle = text.encode()
        return needle in self._packed or needle in self._body

    @property
    def _facts(self) -> "_Facts":
        if self._unpacked is None:
            self._unpacked = _Facts(*orjson.loads(self._packed))
        return self._unpacked

    def summary(self) -> str:
        """Return method, path, query, body and status on one line."""
        query = "&".join(
            f"{name}={one}"
            for name, value in self.query.items()
            for one in (value if isinstance(value, list) else [value])
        )
        target = f"{self.path}?{query}" if query else self.path
        body = f" {self.body.decode('utf-8', 'replace')}" if self.body else ""
        outcome = "no response" if self.status is None else self.status
        # The effect, and not the id: a fault of a `with` block is gone when a test has failed.
        fault = f" (fault {self.fault_effect})" if self.fault_effect else ""
        return f"{self.method} {target}{body} -> {outcome}{fault}"


class _Facts(NamedTuple):
    """The packed part of an entry."""

    environ: dict[str, Any]
    status: str
    headers: list[tuple[str, str]]
    events: list[str]


class RequestJournal:
    """The latest requests of one workspace, oldest first. Any thread may call any method.

    Args:
        prefix: the beginning of the ids.
        max_entries: how many entries it keeps; with 0 nothing is recorded.
        max_bytes: how many bytes of bodies, headers and the like it keeps.

    Attributes:
        id: unique for each journal, so that a client can tell its numbers from those of another.
        is_recording: True if it keeps anything at all.
    """

    def __init__(
        self, prefix: str = "req", *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES
    ) -> None:
        self.id = secrets.token_hex(8)  # not of the seeded generator, which a restart repeats
        self.is_recording = max_entries > 0
        self._prefix = prefix
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        # Made with the first entry: an empty one occupies 760 bytes.
        self._entries: deque[JournalEntry] | None = None
        self._bytes = 0
        self._latest = 0
        self._arrivals = itertools.count(1)
        self._lock = threading.Lock()
        self._changed = LazyCondition(self._lock)
        self._waiting_count = 0
        self._is_closed = False

    @property
    def latest(self) -> int:
        """The number of the latest entry."""
        return self._latest

    def add(self, entry: JournalEntry) -> None:
        """Add an entry, and drop the oldest ones beyond the limits."""
        with self._lock:
            entries = self._entries
            if entries is None:
                entries = self._entries = deque()
            self._latest = entry.number = self._latest + 1
            entries.append(entry)
            self._bytes += entry.size
            # The latest stays, however large it is: it has only just come.
            while len(entries) > 1 and (
                len(entries) > self._max_entries or self._bytes > self._max_bytes
            ):
                self._bytes -= entries.popleft().size
            if self._waiting_count:  # usually nobody waits, and the call would cost each request
                self._changed.notify_all()

    def new_id(self) -> str:
        """Return an id for the entry of a request that has arrived."""
        return f"{self._prefix}_{next(self._arrivals)}"

    def all(self) -> list[JournalEntry]:
        """Return all entries, oldest first."""
        with self._lock:
            return list(self._entries or ())

    def get(self, entry_id: str) -> JournalEntry:
        """Return the entry of that id.

        Raises:
            NotFound: there is none, or the journal has dropped it.
        """
        for entry in self.all():
            if entry.id == entry_id:
                return entry
        hint = f"the journal of this workspace has no request {entry_id[:80]!r}, or no longer"
        raise NotFound("Request not found", hint=hint)

    def has(self, entry_id: str) -> bool:
        """Return whether the entry of that id is, or was, one of this journal."""
        return entry_id.startswith(f"{self._prefix}_")

    def has_dropped(self, entry_id: str) -> bool:
        """Return whether there was an entry of that id that the journal no longer has."""
        prefix, _, number = entry_id.rpartition("_")
        is_number = number.isascii() and number.isdigit() and len(number) < _MAX_DIGITS
        was_here = prefix == self._prefix and is_number and 0 < int(number) <= self._latest
        return was_here and all(entry.id != entry_id for entry in self.all())

    def remove_all(self) -> None:
        """Remove all entries; the numbers go on."""
        with self._lock:
            self._entries = None
            self._bytes = 0

    def later_than(self, number: int, *, timeout_seconds: float = 0) -> list[JournalEntry]:
        """Return the entries after a number, oldest first; if there are none, wait for one."""
        deadline = SystemClock.running_seconds() + timeout_seconds
        with self._lock:
            while self._latest <= number and not self._is_closed:
                remaining = deadline - SystemClock.running_seconds()
                if remaining <= 0:
                    break
                self._waiting_count += 1
                try:
                    self._changed.wait(remaining)
                finally:
                    self._waiting_count -= 1
            newest_first = reversed(self._entries or ())
            return list(takewhile(lambda entry: entry.number > number, newest_first))[::-1]

    def wait_for(
        self, pattern: RequestPattern, *, count: int = 1, after: int = 0, timeout_seconds: float
    ) -> list[JournalEntry]:
        """Wait until `count` requests that match have been answered, and return the first of them.

        After the timeout, return those that have. Only requests with a number greater than `after`
        count.
        """
        deadline = SystemClock.running_seconds() + timeout_seconds
        found: list[JournalEntry] = []
        while True:
            remaining = max(0.0, deadline - SystemClock.running_seconds())
            later = self.later_than(after, timeout_seconds=remaining)
            found += [entry for entry in later if pattern.matches(entry)]
            if len(found) >= count or not later:
                return found[:count]
            after = later[-1].number

    def close(self) -> None:
        """End all waits, now and from now on."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._entries or ())

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self.all())
