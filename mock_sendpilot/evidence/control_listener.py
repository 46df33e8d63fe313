"""Requests for the control API that a test makes by itself, noted for those who record.

Sandboxes in this process do not make any, so nothing is noted twice.
"""

from typing import TYPE_CHECKING, Any

from flask import Response, request, request_finished, request_started

from mock_sendpilot.evidence.control_calls import ControlRequest
from mock_sendpilot.testing.backends.control_api import CONTROL_PREFIX
from mock_sendpilot.traffic.wsgi_request import json_or_none, request_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask import Flask

    from mock_sendpilot.evidence.recording import RecordingBackend

_BEGUN = "mock_sendpilot.evidence"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_BEGINNINGS = ("/reset", "/state", "/seed", "/snapshots/")
_IGNORED = ("/workspaces", "/wait", "/requests", "/snapshots", "/forwarding", "/endpoints/listen")
_CLOCK = "/clock"
_FIRST_ERROR = 400
_MAX_BODY_BYTES = 1_000_000


class ControlListener:
    """Notes the requests that have changed a recorded workspace.

    Args:
        app: the app of the emulator.
        find: returns the recorded workspace that an API key opens.
    """

    def __init__(
        self, app: "Flask", find: "Callable[[str | None], RecordingBackend | None]"
    ) -> None:
        self._find = find
        # For as long as this object is kept: blinker holds methods weakly.
        request_started.connect(self._note_start, sender=app)
        request_finished.connect(self._note_end, sender=app)

    def _note_start(self, _app: "Flask", **_: Any) -> None:
        backend = self._backend()
        if backend is not None:
            request.environ[_BEGUN] = backend.position()

    def _note_end(self, _app: "Flask", response: Response, **_: Any) -> None:
        begun: tuple[int, datetime] | None = request.environ.get(_BEGUN)
        backend = self._backend()
        if begun is None or backend is None or response.status_code >= _FIRST_ERROR:
            return
        path, method = request.path.removeprefix(CONTROL_PREFIX), request.method
        body = json_or_none(request_body(request.environ, _MAX_BODY_BYTES))
        if path.startswith(_BEGINNINGS) and method != "DELETE":
            backend.begin()
        elif path.startswith(_IGNORED):
            return
        elif path == _CLOCK:
            backend.add_turn(*begun)
            for name in ("freeze", "resume"):
                if isinstance(body, dict) and body.get(name):
                    frozen = ControlRequest(method=method, path=path, body={name: True})
                    backend.add_call(*backend.position(), frozen)
        else:
            query = request.query_string.decode("latin-1")
            target = f"{path}?{query}" if query else path
            sent = ControlRequest(method=method, path=target, body=body)
            backend.add_call(*begun, sent)

    def _backend(self) -> "RecordingBackend | None":
        if request.method in _READING or not request.path.startswith(f"{CONTROL_PREFIX}/"):
            return None
        return self._find(request.headers.get("X-API-Key"))
