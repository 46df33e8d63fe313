"""The routes of Flask: ids that hold any character, and no URLs that are built."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import BaseConverter, Map, Rule


class OpaqueId(BaseConverter):
    """A path segment of any content: ids are opaque, and some hold `/` or `%`."""

    regex = "[^/]+"
    part_isolating = True  # Werkzeug takes any pattern with a slash for one that matches slashes

    def to_python(self, value: str) -> str:
        """Return the segment with its slashes and percent signs."""
        return value.replace("%2F", "/").replace("%25", "%")


class RawMap(Map):
    """A map of routes that does not merge two slashes into one.

    Werkzeug before 3.0.3 ignores `merge_slashes` of a rule.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(merge_slashes=False, strict_slashes=False, **options)
        self.converters["opaque"] = OpaqueId


class OneWayRule(Rule):
    """A route that builds no URLs.

    Werkzeug compiles a function for `url_for` for every route. That takes longer than everything
    else in the making of the app, and nothing here asks for URLs.
    """

    def _compile_builder(self, *_: object, **__: object) -> Callable[..., tuple[str, str]]:
        def build(*_: object, **__: object) -> tuple[str, str]:
            raise NotImplementedError("routes build no URLs")

        return build
