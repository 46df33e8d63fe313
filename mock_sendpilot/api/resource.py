"""Resources: the routes of the vendor's API and of the server's health, by topic.

They are those of a `Blueprint` of Flask (`flask_views.py`), and can be found without it
(`dispatch.py`).
"""

from collections.abc import Callable
from typing import NamedTuple

from mock_sendpilot.api.operation import Handler


class Route(NamedTuple):
    """A route. Its path is below that of the API, with parameters as Flask has them."""

    method: str
    path: str
    handler: Handler


class Resource:
    """The routes of one resource.

    Args:
        name: its name, with which those of its views begin in Flask.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.routes: tuple[Route, ...] = ()

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """Return a decorator that adds a route for GET."""
        return self._adding("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        """Return a decorator that adds a route for POST."""
        return self._adding("POST", path)

    def patch(self, path: str) -> Callable[[Handler], Handler]:
        """Return a decorator that adds a route for PATCH."""
        return self._adding("PATCH", path)

    def _adding(self, method: str, path: str) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.routes += (Route(method, path, handler),)
            return handler

        return add
