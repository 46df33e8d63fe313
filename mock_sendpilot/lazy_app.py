"""The app of a server, which grows when somebody asks for more than it serves."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Stage(NamedTuple):
    """An app that serves some paths, all those of the stages before included.

    Attributes:
        serves: returns whether the app answers requests for a path like the app of the last stage.
        make: makes the app.
    """

    serves: Callable[[str], bool]
    make: "Callable[[], WSGIApplication]"


class LazyApp:
    """A WSGI app that takes the place of a smaller one when a request needs it.

    Most of the code is the control API, the dashboard, and resources of the vendor that a client
    seldom needs first. Nobody waits at the start until they are imported.

    Args:
        stages: the smallest first, which is made at once; the last serves every path.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._number = 0
        self._app = stages[0].make()
        self._lock = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request to an app that can answer it."""
        number, path = self._number, environ["PATH_INFO"]
        while number < len(self._stages) - 1 and not self._stages[number].serves(path):
            number += 1
        return self.at(number)(environ, start_response)

    def at(self, number: int) -> "WSGIApplication":
        """Return the app of a stage or of a later one. It answers all requests from now on.

        A negative number counts from the last stage.
        """
        number %= len(self._stages)
        if number > self._number:
            with self._lock:  # two threads may need it at the same time
                if number > self._number:
                    self._app = self._stages[number].make()
                    self._number = number
        return self._app
