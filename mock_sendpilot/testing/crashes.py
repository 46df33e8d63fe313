"""Serving somebody else's app: its exceptions are answered with 500, as in production.

Flask lets exceptions through while `app.testing` is set, which every test suite does, and a bare
WSGI callable always does.
"""

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_logger = logging.getLogger(__name__)


def crash_body(error: BaseException) -> bytes:
    """Return the body of the 500 that answers a crash: it names the exception."""
    return f"{type(error).__name__}: {error}".rstrip(": ").encode("utf-8", "replace")


def answering_crashes(app: "WSGIApplication") -> "WSGIApplication":
    """Wrap an app so that whatever it raises becomes a 500 that names the exception.

    The delivery log, a failed wait and a finding thus show it; the traceback goes to the log.
    `pytest.fail()` and `sys.exit()`, which are no `Exception`, are answered like all else: here
    nobody could see them either.
    """

    def wrapped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return _answer(app, environ, start_response)

    return wrapped


def _answer(
    app: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterator[bytes]:
    chunks: Iterable[bytes] = ()
    try:
        chunks = app(environ, start_response)
        yield from chunks
    except GeneratorExit:  # the client is gone
        raise
    except BaseException as error:
        _logger.warning("the app raised an exception", exc_info=error)
        body = crash_body(error)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
        ]
        # With the exception, WSGI replaces headers that are not sent yet, and raises if they are.
        start_response("500 Internal Server Error", headers, sys.exc_info())
        yield body
    finally:
        getattr(chunks, "close", lambda: None)()
