"""The routes of resources as Flask has them."""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from flask import Blueprint, Flask, Response, after_this_request, current_app, request
from werkzeug.exceptions import HTTPException

from mock_sendpilot.api.envelope import json_content_response
from mock_sendpilot.api.exchange import EXCHANGE, Exchange
from mock_sendpilot.api.operation import OPERATION, PERFORM, Handler, Operation
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.api.route_hints import append_to_response


def blueprint(resource: Resource) -> Blueprint:
    """Return the routes of a resource for an app of Flask."""
    routes = Blueprint(resource.name, __name__)
    # A view of its own for each handler, also if several paths lead to it.
    views = {handler: _view(handler) for _, _, handler in resource.routes}
    for method, path, handler in resource.routes:
        routes.add_url_rule(path, view_func=views[handler], methods=[method])
    return routes


def _view(handler: Handler) -> Callable[..., Response]:
    perform = handler.perform

    @wraps(handler.view)
    def serve(**parameters: str) -> Response:
        exchange: Exchange | None = request.environ.pop(EXCHANGE, None)
        if exchange is None:
            exchange = Exchange(request.environ, current_app.extensions)
        # The response to an error has the hints, too.
        after_this_request(partial(append_to_response, exchange))
        if exchange.error is not None:
            raise exchange.error
        status, content = perform(exchange, parameters)
        return json_content_response(content, status)

    setattr(serve, OPERATION, handler.operation)
    setattr(serve, PERFORM, perform)
    return serve


class OperationFinder:
    """Finds the operation of a request that Flask has not seen yet.

    Args:
        app: the app; it may get its routes later.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, environ: Mapping[str, Any]) -> str | None:
        """Return the id of the operation of a WSGI environment; None if no route has one."""
        routes = self._app.url_map.bind_to_environ(dict(environ))
        try:
            endpoint, _ = routes.match()
        except HTTPException:
            return None
        operation = getattr(self._app.view_functions[str(endpoint)], OPERATION, None)
        return operation.id if isinstance(operation, Operation) else None
