"""Hints in the responses of Flask, and those on a request for which there is no route."""

import re

from flask import Response, current_app, request
from werkzeug.routing import Rule

from mock_sendpilot.api.exchange import Exchange
from mock_sendpilot.api.hints import HINT_HEADER, REMARK, append_hints, header_text
from mock_sendpilot.paths import VENDOR_PREFIX

_PARAMETER = re.compile(r"<.*?>")


def set_hint(response: Response, hint: str, *, remark: str) -> Response:
    """Set the hint of a response, if there is one, and the remark of its line in the log."""
    request.environ[REMARK] = header_text(remark)
    if hint:
        response.headers[HINT_HEADER] = header_text(hint)
    return response


def append_to_response(exchange: Exchange, response: Response) -> Response:
    """Append the hints of an operation to that of its response."""
    hint = append_hints(exchange, response.headers.get(HINT_HEADER, ""))
    if hint:
        response.headers[HINT_HEADER] = hint
    return response


def hint_on_route(path: str, method: str) -> str:
    """Return a hint on the routes that were probably meant by a request without a route.

    They are those of the same path with other methods, also if `/v1` is missing; otherwise all
    that begin alike.
    """
    routes = _routes_of(path) or _routes_of(VENDOR_PREFIX + path.removeprefix("/api"))
    if routes:
        likely = [route for route in routes if route.startswith(f"{method} ")] or routes
        return f"did you mean {', '.join(likely)}?"
    # `/_emulate` has its own routes, and a client of the vendor has no use for them.
    prefix = "/" + path.split("/")[1] if path.startswith("/_") else VENDOR_PREFIX
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith(prefix)]
    return f"there are: {', '.join(route for rule in rules for route in _routes(rule))}"


def _routes_of(path: str) -> list[str]:
    adapter = current_app.url_map.bind("")
    routes: set[str] = set()
    for method in adapter.allowed_methods(path):
        rule, _ = adapter.match(path, method, return_rule=True)
        routes.update(_routes(rule))
    return sorted(routes)


def _routes(rule: Rule) -> list[str]:
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return [f"{method} {_PARAMETER.sub('{id}', rule.rule)}" for method in methods]
