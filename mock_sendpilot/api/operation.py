"""Operations: the scope, schemas and sources of each route of the vendor's API.

A view is decorated with its `Operation`. The decorator checks key and scope, loads query and body
with the operation's schemas, and dumps what the view returns. The specification and the coverage
table are made from the same object. None of this needs Flask, which a server imports when a
request needs it (`dispatch.py`).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from marshmallow import Schema

from mock_sendpilot.api.authorization import authorize
from mock_sendpilot.api.exchange import CURRENT_EXCHANGE, Exchange, json_content
from mock_sendpilot.api.fields import Request
from mock_sendpilot.api.hints import add_hint, hint_on_ignored
from mock_sendpilot.api.parsing import json_object, query_parameters
from mock_sendpilot.api.serialization import Serializer, serializer
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.traffic.journal import OPERATION_ID

if TYPE_CHECKING:
    from flask import Flask

S = TypeVar("S", bound=Schema)
SchemaSource = type[S] | Callable[[Contract], S]
"""A schema that is the same under every contract, or a function that makes it for a contract."""

View = Callable[..., object]

Perform = Callable[[Exchange, dict[str, str]], tuple[int, bytes]]
"""A function that performs an operation and returns its status and JSON.

The second argument is the parameters of the path.
"""

OPERATION = "operation"
"""The attribute of a view of Flask that holds its `Operation`."""
PERFORM = "perform"
"""The attribute of a view of Flask that holds its `Perform`."""

# The sources of what is known of the vendor's API.
NEWEST_SPECIFICATION = "the newest specification"
OLDER_SPECIFICATION = "the older specification"
PAGES = "the documentation pages"
CLIENTS = "clients in production"

_SCHEMAS = "mock_sendpilot.schemas"
_OPERATIONS = "mock_sendpilot.operations"
_SERIALIZERS = "mock_sendpilot.serializers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        id: its name in the vendor's newest specification.
        scope: the scope that the key must have; None for any key.
        sources: where its behavior is known from.
        response: the schema of a success.
        query, body: the schemas of the request.
        errors: the statuses that the vendor documents, apart from 401 and 429.
        events: the events that it can cause, by their newest names.
        invented: what the emulator adds where the vendor says nothing.
    """

    id: str
    scope: str | None
    sources: tuple[str, ...]
    response: SchemaSource[Schema]
    query: SchemaSource[Request] | None = None
    body: SchemaSource[Request] | None = None
    errors: tuple[int, ...] = ()
    events: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handler:
    """The view of a route, and how a request is answered with it.

    Attributes:
        view: the view; its name and docstring are those of the route.
        perform: answers a request.
        operation: the operation that it serves; None for a route that is not the vendor's.
    """

    view: View
    perform: Perform
    operation: Operation | None = None


def serves(operation: Operation) -> Callable[[View], Handler]:
    """Make a view serve an operation.

    The view gets the workspace, the parameters of its path, and the fields of query and body as
    keywords. It returns an object for the schema of the response, or an `Alternative`.
    """

    def decorate(view: View) -> Handler:
        return Handler(view, partial(_perform_as_current, operation, view), operation)

    return decorate


def _perform_as_current(
    operation: Operation, view: View, exchange: Exchange, parameters: dict[str, str]
) -> tuple[int, bytes]:
    before = CURRENT_EXCHANGE.set(exchange)
    try:
        return _perform(operation, view, exchange, parameters)
    finally:
        CURRENT_EXCHANGE.reset(before)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A result for another schema than that of its operation's response."""

    schema: SchemaSource[Schema]
    result: object


def _perform(
    operation: Operation, view: View, exchange: Exchange, parameters: dict[str, str]
) -> tuple[int, bytes]:
    environ = exchange.environ
    # Before the key is checked: the journal names the operation of a 401, too.
    environ[OPERATION_ID] = operation.id
    # The key before query and body, as NestJS has it: guards run before pipes. Only the key says
    # under which contract the others are checked.
    workspace = authorize(exchange, operation.scope).workspace
    contract = workspace.contract
    schemas = _schemas_of(operation, contract, exchange.extensions)
    query = _load(schemas.query, "query parameters", query_parameters(environ))
    body = {}
    if schemas.body is not None:
        body = _load(schemas.body, "fields of the body", json_object(environ))
    result = view(workspace, **parameters, **query, **body)
    serialize = schemas.serialize
    if isinstance(result, Alternative):
        serialize = _cached_serializer(result.schema, contract, exchange.extensions)
        result = result.result
    status = contract.post_status_code if environ["REQUEST_METHOD"] == "POST" else 200
    return status, json_content(serialize(result))


@dataclass(frozen=True, slots=True)
class _Schemas:
    """The schemas of an operation under a contract."""

    query: Request | None
    body: Request | None
    serialize: Serializer


def _schemas_of(operation: Operation, contract: Contract, extensions: dict[str, Any]) -> _Schemas:
    """Return the schemas of an operation, made once for each app."""
    contract = contract.plain  # of a watched one: who makes a schema does not use all of it yet
    cache: dict[Any, _Schemas] = extensions.setdefault(_OPERATIONS, {})
    schemas = cache.get((operation.id, contract))
    if schemas is None:
        query, body = operation.query, operation.body
        schemas = cache[operation.id, contract] = _Schemas(
            query=None if query is None else cached_schema(query, contract, extensions),
            body=None if body is None else cached_schema(body, contract, extensions),
            serialize=_cached_serializer(operation.response, contract, extensions),
        )
    return schemas


def _load(schema: Request | None, noun: str, values: dict[str, Any]) -> dict[str, Any]:
    # Before the values are checked, and also for a route that takes none: a 400 has the hint, too.
    add_hint(hint_on_ignored(noun, values, () if schema is None else schema.json_keys))
    return {} if schema is None else schema.load(values)


def operation_ids(app: "Flask") -> list[str]:
    """Return the ids of all operations of the vendor's API."""
    found = (getattr(view, OPERATION, None) for view in app.view_functions.values())
    return sorted(one.id for one in found if isinstance(one, Operation))


def cached_schema(source: SchemaSource[S], contract: Contract, extensions: dict[str, Any]) -> S:
    """Return the schema for a contract, made once for each app and kept in its extensions."""
    cache: dict[Any, Any] = extensions.setdefault(_SCHEMAS, {})
    key = source, contract.plain
    schema: S | None = cache.get(key)
    if schema is None:
        schema = cache[key] = make_schema(source, contract.plain)
    return schema


def forget_schemas(extensions: Mapping[str, Any], contract: Contract) -> None:
    """Drop the schemas that were made for this very contract, which nobody needs any longer."""
    for name in (_SCHEMAS, _OPERATIONS, _SERIALIZERS):
        cache: dict[Any, Any] = extensions.get(name, {})
        for key in [key for key in list(cache) if key[1] is contract]:
            cache.pop(key, None)


def _cached_serializer(
    source: SchemaSource[Schema], contract: Contract, extensions: dict[str, Any]
) -> Serializer:
    cache: dict[Any, Serializer] = extensions.setdefault(_SERIALIZERS, {})
    key = source, contract.plain
    serialize = cache.get(key)
    if serialize is None:
        serialize = cache[key] = serializer(cached_schema(source, contract, extensions))
    return serialize


def make_schema(source: SchemaSource[S], contract: Contract) -> S:
    """Make the schema for a contract."""
    return source() if isinstance(source, type) else source(contract)
