"""`/_emulate/endpoints/{id}/forwarding`: requests that a listener sends for the server."""

import base64
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from marshmallow import ValidationError, post_load, validates_schema

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import JsonObject, QueryNumber, Text, WholeNumber
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.guard import MAX_POLL_SECONDS, waiting
from mock_sendpilot.control.query import takes_query
from mock_sendpilot.webhooks.deliveries import MAX_TEXT_LENGTH, recorded_response
from mock_sendpilot.webhooks.forwarding import ForwardingResult
from mock_sendpilot.world.workspace import Workspace

forwarding = Blueprint("forwarding", __name__)


class ForwardingQuery(Strict):
    """The query of GET /_emulate/endpoints/{id}/forwarding."""

    wait_seconds = QueryNumber(0, MAX_POLL_SECONDS, load_default=0)


class ForwardingReport(Strict):
    """The result of a request: `status`, `headers` and `body` of its response, or `error`."""

    status = WholeNumber(100, 999)
    headers = JsonObject(load_default=dict)
    body = Text(may_be_empty=True, load_default="")
    error = Text()

    @validates_schema(skip_on_field_errors=True)
    def _require_one_of_two(self, data: dict[str, Any], **_: object) -> None:
        if ("status" in data) == ("error" in data):
            raise ValidationError("expected either status or error")

    @post_load
    def _make_result(self, data: dict[str, Any], **_: object) -> ForwardingResult:
        if "error" in data:
            return ForwardingResult(None, data["error"][:MAX_TEXT_LENGTH])
        headers = {str(name): str(value) for name, value in data["headers"].items()}
        response = recorded_response(data["status"], headers, data["body"].encode())
        return ForwardingResult(response, None)


@forwarding.get("/endpoints/<opaque:endpoint_id>/forwarding")
@with_workspace
@takes_query(ForwardingQuery)
def take_request(workspace: Workspace, query: dict[str, Any], endpoint_id: str) -> Response:
    """Return the next request, as soon as there is one; 204 when none comes in time."""
    wait_seconds = query["wait_seconds"]
    queue = current_emulator().outbox(workspace).forwarding_queue(endpoint_id)
    with waiting(wait_seconds):
        taken = queue.take(timeout_seconds=wait_seconds)
    if taken is None:
        return Response(status=HTTPStatus.NO_CONTENT)
    request = taken.request
    return json_response(
        {
            "id": taken.id,
            "url": request.url,
            "headers": dict(request.headers),
            # A disruption may have made a body that is no UTF-8.
            "content": base64.b64encode(request.content).decode(),
            "secondsToSend": request.seconds_to_send,
            "breaksOff": request.breaks_off,
            "losesResponse": request.loses_response,
            "timeoutSeconds": taken.timeout_seconds,
        }
    )


@forwarding.post("/endpoints/<opaque:endpoint_id>/forwarding/<opaque:request_id>")
@with_workspace
def complete_request(workspace: Workspace, endpoint_id: str, request_id: str) -> Response:
    """Take the result of a request that was forwarded."""
    result = ForwardingReport().load(json_object())
    current_emulator().outbox(workspace).forwarding_queue(endpoint_id).complete(request_id, result)
    return Response(status=HTTPStatus.NO_CONTENT)
