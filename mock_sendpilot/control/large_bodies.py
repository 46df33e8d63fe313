"""The bodies with a seed or a state, which are larger than any other."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Flask, Response, current_app, request

from mock_sendpilot.api.parsing import MAX_BODY_BYTES

_LOCK = "mock_sendpilot.large_bodies"

P = ParamSpec("P")


def allow_large_bodies(app: Flask) -> None:
    """Let views of an app take large bodies."""
    app.extensions[_LOCK] = threading.Lock()


def takes_large_body(view: Callable[P, Response]) -> Callable[P, Response]:
    """Let one request at a time call a view with a large body.

    The objects of a body occupy several times its length until they are replaced by the workspace.
    """

    @wraps(view)
    def alone(*args: P.args, **parameters: P.kwargs) -> Response:
        if (request.content_length or 0) <= MAX_BODY_BYTES:
            return view(*args, **parameters)
        with current_app.extensions[_LOCK]:
            return view(*args, **parameters)

    return alone
