"""WSGI middleware that writes the request journal.

Not an `after_request` of Flask, which is skipped when a view raises what no handler takes.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.traffic.journal import FAULT_SECONDS, JournalEntry, RequestJournal
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        prefix: str,
        find_access: Callable[[str | None], _Access | None],
        unknown: RequestJournal,
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._find_access = find_access
        self._unknown = unknown
        self._system_clock = SystemClock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and record it together with its response."""
        if not environ["PATH_INFO"].startswith(self._prefix):
            return self._app(environ, start_response)
        access = self._find_access(environ.get("HTTP_X_API_KEY"))
        journal = self._unknown if access is None else access.journal
        if not journal.is_recording:
            return self._app(environ, start_response)
        started_at = SystemClock.running_seconds()
        received = self._system_clock.seconds()
        workspace = None if access is None else access.workspace
        at = self._system_clock.now() if workspace is None else workspace.clock.now()
        event_ids: list[str] = []
        earlier = None if workspace is None else workspace.note_events(event_ids)
        status: str = _FAILED
        headers: list[tuple[str, str]] = []
        content = b""

        def start(
            line: str, fields: list[tuple[str, str]], *error: Any
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = line, fields
            return start_response(line, fields, *error)

        try:
            body = self._app(environ, start)
            try:
                content = b"".join(body)
            finally:
                if hasattr(body, "close"):
                    body.close()
        finally:
            if workspace is not None:
                workspace.note_events(earlier)
            entry = JournalEntry(
                environ,
                (status, headers, content),
                at=at,
                received=received,
                duration_seconds=(
                    SystemClock.running_seconds() - started_at + environ.get(FAULT_SECONDS, 0.0)
                ),
                api_key_name=None if access is None else access.api_key.name,
                events=event_ids,
            )
            journal.add(entry)
        return [content] if content else []
