"""Patterns of requests as somebody writes them, checked against the operations there are."""

from collections.abc import Collection, Mapping
from typing import Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import short_repr
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.redaction import redacted_headers
from mock_sendpilot.suggestions import did_you_mean

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_PREFIX = "/v1/"
_EXAMPLE = "/v1/leads/{id}/status"


def request_pattern(
    operations: Collection[str],
    *,
    method: str | None = None,
    path: str | None = None,
    operation: str | None = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str | None] | None = None,
    json: Any = None,
) -> RequestPattern:
    """Return a pattern of requests for the vendor's API.

    Args:
        operations: the ids of the operations of that API.
        method: the method.
        path: the path from `/v1/` on, with `{name}` for any one segment.
        operation: the id of an operation.
        query: parameters that the query must have; None for one that must be absent.
        headers: headers that the request must have; None for one that must be absent.
        json: what the body must contain.

    Raises:
        InvalidInput: no request can ever match: an unknown method or operation, or a path that is
            not of the API.
    """
    __tracebackhide__ = True
    if method is not None and method.upper() not in METHODS:
        guess = did_you_mean(method, METHODS)
        known = ", ".join(METHODS)
        problem = f"method: expected one of {known}, got {short_repr(method)}; {guess}"
        raise InvalidInput(problem.rstrip("; "))
    if operation is not None and operation not in operations:
        guess = did_you_mean(operation, operations) or f"it has: {', '.join(operations)}"
        problem = f"operation: the API has no operation {short_repr(operation)}; {guess}"
        raise InvalidInput(problem.strip())
    if path is not None and not (path.startswith(_PREFIX) and "?" not in path):
        remedy = ""
        if "?" in path:
            remedy = "; put the query into query"
        elif _PREFIX in path:  # a URL
            remedy = f"; did you mean {short_repr(path[path.index(_PREFIX) :])}?"
        elif path.startswith("/") and not path.startswith("/v"):
            remedy = f"; did you mean {short_repr(f'/v1{path}')}?"
        raise InvalidInput(f"path: expected one such as {_EXAMPLE}, got {short_repr(path)}{remedy}")
    headers = headers or {}
    # Entries have the secrets of their headers masked, so those of a pattern are masked alike.
    present = redacted_headers({name: one for name, one in headers.items() if one is not None})
    return RequestPattern(
        method=None if method is None else method.upper(),
        path=path,
        operation=operation,
        query=query or {},
        headers={name: present.get(name) for name in headers},
        json=json,
    )
