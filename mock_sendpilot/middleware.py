"""The WSGI middleware around the vendor's API. None of it needs Flask."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mock_sendpilot.api.hints import REMARK
from mock_sendpilot.paths import CONTROL_PREFIX, DASHBOARD, RAW_PATH, VENDOR_PREFIX, RawPaths
from mock_sendpilot.redaction import redacted
from mock_sendpilot.traffic.injection import FaultInjection
from mock_sendpilot.traffic.journal import FAULT_ID
from mock_sendpilot.traffic.recording import Recording

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mock_sendpilot.emulator import Emulator

_MAX_PART_LENGTH = 200
_MAX_REMARK_LENGTH = 300
_access_logger = logging.getLogger("mock_sendpilot.access")


def with_middleware(
    app: "WSGIApplication",
    emulator: "Emulator",
    *,
    find_operation: Callable[[Mapping[str, Any]], str | None],
) -> RawPaths:
    """Return an app that records the requests to another one, logs them, and injects faults.

    Middleware instead of `after_request`, which Flask skips for an unhandled exception while a test
    suite has `app.testing` set. From the outside in: the path as it was sent, which all others
    match; the journal, which records injected faults like any response; the log; faults.

    Args:
        app: answers the requests.
        emulator: its workspaces have the journals and the faults.
        find_operation: returns the id of the operation of a WSGI environment, or None.
    """
    injection = FaultInjection(
        app,
        prefix=f"{VENDOR_PREFIX}/",
        find_access=emulator.keys.find,
        find_operation=find_operation,
    )
    recording = Recording(
        AccessLog(injection),
        prefix=f"{VENDOR_PREFIX}/",
        find_access=emulator.keys.find,
        unknown=emulator.unknown_requests,
        note=emulator.note_request,
    )
    return RawPaths(recording)


class AccessLog:
    """WSGI middleware that logs a line for each request; it costs nothing without a listener."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and log its status and duration."""
        level = logging.DEBUG if _keeps_itself_current(environ) else logging.INFO
        if not _access_logger.isEnabledFor(level):
            return self._app(environ, start_response)
        started_at = time.perf_counter()
        statuses: list[str] = []

        def record_status(status: str, *rest: object) -> Callable[[bytes], object]:
            statuses.append(status)
            return start_response(status, *rest)  # type: ignore[arg-type]

        body = self._app(environ, record_status)
        remark: str = environ.get(REMARK, "")[:_MAX_REMARK_LENGTH]
        if FAULT_ID in environ:
            remark = f"fault {environ[FAULT_ID]}; {remark}".rstrip("; ")
        fields = {
            "method": environ["REQUEST_METHOD"],
            "target": _target(environ),
            "status": int(statuses[0][:3]),
            "durationMs": round((time.perf_counter() - started_at) * 1000, 1),
            **({"remark": remark} if remark else {}),
        }
        line = "{method} {target} {status} {durationMs:.1f} ms".format_map(fields)
        _access_logger.log(
            level, "%s%s", line, f"  {remark}" if remark else "", extra={"fields": fields}
        )
        return body


def _keeps_itself_current(environ: "WSGIEnvironment") -> bool:
    """Return whether a page or a command asks for what is new, which would fill the log."""
    path: str = environ["PATH_INFO"]
    if path.startswith(f"{CONTROL_PREFIX}/"):
        return "waitSeconds=" in environ.get("QUERY_STRING", "")
    return path.startswith(f"{DASHBOARD}/")


def _target(environ: "WSGIEnvironment") -> str:
    """Return path and query as they were sent: shortened, on one line, without secrets."""
    target = environ[RAW_PATH][:_MAX_PART_LENGTH]
    if environ.get("QUERY_STRING"):
        target += f"?{environ['QUERY_STRING'][:_MAX_PART_LENGTH]}"
    # Escaped, since a path with a line break could forge a line of the log.
    return redacted(target.encode("unicode_escape").decode())
