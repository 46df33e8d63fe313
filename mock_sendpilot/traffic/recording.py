"""WSGI middleware that gives each request an id, and writes the request journal.

Not an `after_request` of Flask, which is skipped when a view raises what no handler takes.
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.signals import request_answered, send
from mock_sendpilot.traffic.journal import (
    FAULT_SECONDS,
    REQUEST_ID,
    JournalEntry,
    RequestJournal,
)
from mock_sendpilot.traffic.wsgi_request import traceparent
from mock_sendpilot.world.causes import Cause, Work
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID_HEADER = "X-Request-Id"
_REQUEST_ID_FORMAT = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_FAILED = "500 Internal Server Error"


class _Access(Protocol):
    """The workspace that an API key opens, and its journal."""

    @property
    def workspace(self) -> Workspace: ...
    @property
    def api_key(self) -> ApiKey: ...
    @property
    def journal(self) -> RequestJournal: ...


class Recording:
    """WSGI middleware that makes each request below a path an entry of its workspace's journal.

    Args:
        app: the app.
        prefix: the beginning of the paths that are recorded, with a slash at the end.
        find_access: returns what an API key opens, also if it is revoked or expired; None if the
            key is unknown.
        unknown: the journal of the requests without a known key.
        note: called after each entry with the id of its workspace, if any, and the method.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        prefix: str,
        find_access: Callable[[str | None], _Access | None],
        unknown: RequestJournal,
        note: Callable[[str | None, str], None],
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._find_access = find_access
        self._unknown = unknown
        self._note = note
        self._system_clock = SystemClock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and record it together with its response."""
        if not environ["PATH_INFO"].startswith(self._prefix):
            return self._app(environ, start_response)
        access = self._find_access(environ.get("HTTP_X_API_KEY"))
        journal = self._unknown if access is None else access.journal
        started_at = SystemClock.running_seconds()
        received = self._system_clock.seconds()
        entry_id = journal.new_id()
        environ[REQUEST_ID] = request_id = _own_request_id(environ) or entry_id
        work = Work(Cause("request", entry_id, traceparent(environ)))
        workspace = None if access is None else access.workspace
        at = self._system_clock.now() if workspace is None else workspace.clock.now()
        earlier = None if workspace is None else workspace.causes.begin(work)
        status: str = _FAILED  # if the app raises an exception before it has started a response
        headers: list[tuple[str, str]] = []
        content = b""

        def start(
            line: str, fields: list[tuple[str, str]], *error: Any
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = line, [*fields, (REQUEST_ID_HEADER, request_id)]
            return start_response(line, headers, *error)

        try:
            body = self._app(environ, start)
            try:
                content = b"".join(body)  # a view that streams works until here
            finally:
                if hasattr(body, "close"):
                    body.close()
        finally:
            if workspace is not None:
                workspace.causes.begin(earlier)
            if journal.is_recording:
                entry = JournalEntry(
                    entry_id,
                    environ,
                    (status, headers, content),
                    at=at,
                    received=received,
                    duration_seconds=(
                        SystemClock.running_seconds() - started_at + environ.get(FAULT_SECONDS, 0.0)
                    ),
                    api_key_name=None if access is None else access.api_key.name,
                    events=work.event_ids,
                )
                journal.add(entry)
                if request_answered.receivers:
                    send(request_answered, workspace, entry=entry)
            self._note(None if workspace is None else workspace.id, environ["REQUEST_METHOD"])
        return [content] if content else []


def _own_request_id(environ: "WSGIEnvironment") -> str | None:
    """Return the id that the client has given its request; None without one that is usable."""
    own: str | None = environ.get("HTTP_X_REQUEST_ID")
    # It comes back in the response, in lists and in terminals, so it must be short and plain.
    return own if own and _REQUEST_ID_FORMAT.fullmatch(own) else None
