"""The app of a server, which grows when somebody asks for more than the vendor's API."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mock_sendpilot.paths import HEALTH_PATHS, is_vendor_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask


class LazyApp:
    """A WSGI app that makes the complete app when a request needs it.

    Most of the code is the control API and the dashboard. A client of the vendor's API does not
    wait until they are imported.

    Args:
        vendor_app: the app that serves the vendor's API and the health of the server.
        make_complete: makes an app that serves all, the same API included. It takes the place of
            the other.
    """

    def __init__(self, vendor_app: "Flask", make_complete: "Callable[[], Flask]") -> None:
        self._vendor_app = vendor_app
        self._make_complete = make_complete
        self._complete: Flask | None = None
        self._lock = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request to the app that can answer it."""
        app: WSGIApplication
        if self._complete is not None:
            app = self._complete
        elif is_vendor_path(path := environ["PATH_INFO"]) or path in HEALTH_PATHS:
            app = self._vendor_app
        else:
            app = self.complete
        return app(environ, start_response)

    @property
    def complete(self) -> "Flask":
        """The complete app, which answers every request from now on."""
        if self._complete is None:
            with self._lock:  # two threads may need it at the same time
                if self._complete is None:
                    self._complete = self._make_complete()
        return self._complete

    @property
    def latest(self) -> "Flask":
        """The app that answers requests for the vendor's API now."""
        return self._complete or self._vendor_app
