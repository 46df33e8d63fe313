"""Operations: what each route of the vendor's API takes, gives and is known from.

A view is decorated with its `Operation`. The decorator checks key and scope, loads query and body
with the operation's schemas, and dumps what the view returns. The specification and the coverage
table are made from the same object.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, current_app, request
from marshmallow import Schema

from mock_sendpilot.api.access import vendor_access
from mock_sendpilot.api.body import json_object
from mock_sendpilot.api.envelope import reply
from mock_sendpilot.api.ignored_names import add_hint, hint_on_ignored
from mock_sendpilot.api.paging import query_parameters
from mock_sendpilot.contracts.contract import Contract

SchemaOf = Callable[[Contract], Schema]
"""Makes a schema under a contract; called once for each contract of an app."""

View = Callable[..., object]
_CACHE = "mock_sendpilot.schemas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        id: its name in the vendor's newest specification.
        scope: what the key must carry; None for any key.
        source: where what is known of it comes from, as in the reconstructed contract.
        reply: the schema of a success.
        query, body: the schemas of what it takes.
        errors: statuses that the vendor tells of, besides 401 and 429.
        events: what it can make happen, by today's names.
        invented: what the emulator adds where the vendor tells nothing.
    """

    id: str
    scope: str | None
    source: str
    reply: SchemaOf
    query: SchemaOf | None = None
    body: SchemaOf | None = None
    errors: tuple[int, ...] = ()
    events: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()


OPERATION = "operation"
"""The attribute of a view that holds its `Operation`."""


def serves(operation: Operation) -> Callable[[View], Callable[..., Response]]:
    """Make a view serve an operation.

    The view gets the workspace, the parameters of its path, and as keywords what query and body
    hold. It returns what the reply's schema dumps, or a `Response`.
    """

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def served(**parameters: str) -> Response:
            workspace = vendor_access(operation.scope).workspace
            contract = workspace.contract
            given = {**_query(operation, contract), **_body(operation, contract)}
            answer = view(workspace, **parameters, **given)
            if isinstance(answer, Response):
                return answer
            return dumped(operation.reply, answer, contract)

        setattr(served, OPERATION, operation)
        return served

    return decorate


def _query(operation: Operation, contract: Contract) -> dict[str, Any]:
    given = query_parameters()
    shape = None if operation.query is None else schema(operation.query, contract)
    add_hint(hint_on_ignored("query parameters", given, shape.fields if shape else ()))
    return shape.load(given) if shape else {}


def _body(operation: Operation, contract: Contract) -> dict[str, Any]:
    if operation.body is None:
        return {}
    shape, given = schema(operation.body, contract), json_object()
    add_hint(hint_on_ignored("fields of the body", given, shape.fields))
    loaded: dict[str, Any] = shape.load(given)
    return loaded


def dumped(shape: SchemaOf, answer: object, contract: Contract) -> Response:
    """What the schema of a reply makes of an answer; 201 after a POST, unless told otherwise."""
    status = contract.post_status_code if request.method == "POST" else 200
    return reply(schema(shape, contract).dump(answer), status)


def schema(shape: SchemaOf, contract: Contract) -> Schema:
    """The schema under a contract, made once."""
    cache: dict[Any, Schema] = current_app.extensions.setdefault(_CACHE, {})
    key = shape, contract
    found = cache.get(key)
    if found is None:
        found = cache[key] = shape(contract)
    return found
