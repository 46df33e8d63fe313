"""The queries of control routes: a route names the schema of its query, and otherwise has none."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from flask import Response, current_app, request

from mock_sendpilot.api.parsing import query_parameters
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.world.workspace import Workspace

_SCHEMA = "query_schema"
_MAX_NAME_LENGTH = 80

P = ParamSpec("P")


def takes_query(
    schema: type[Strict],
) -> Callable[
    [Callable[Concatenate[Workspace, dict[str, Any], P], Response]],
    Callable[Concatenate[Workspace, P], Response],
]:
    """Pass a view the parameters of the query as a schema loads them; below `with_workspace`."""

    def decorate(
        view: Callable[Concatenate[Workspace, dict[str, Any], P], Response],
    ) -> Callable[Concatenate[Workspace, P], Response]:
        @wraps(view)
        def with_query(workspace: Workspace, /, *args: P.args, **parameters: P.kwargs) -> Response:
            return view(workspace, schema().load(query_parameters()), *args, **parameters)

        setattr(with_query, _SCHEMA, schema)  # `wraps` hands it on to what is around the view
        return with_query

    return decorate


def refuse_unknown_query() -> None:
    """Refuse a query for a route that takes none: a filter in vain would pass for one that works.

    Raises:
        InvalidInput: it names the first parameter.
    """
    if not request.query_string or hasattr(
        current_app.view_functions[request.endpoint or ""], _SCHEMA
    ):
        return
    for name in query_parameters():
        raise InvalidInput(
            f"query: unknown parameter {name[:_MAX_NAME_LENGTH]!r}; this route takes none"
        )
