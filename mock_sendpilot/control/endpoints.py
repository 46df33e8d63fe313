"""`/_emulate/endpoints`: the webhook endpoints of the workspace whose API key is sent along.

At the vendor's this is done in the dashboard; its API has no route for it.
"""

from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.parsing import json_object, optional_json_object
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.control.endpoint_schemas import (
    EndpointChanges,
    EndpointReply,
    MadeEndpoint,
    MissedEvents,
    Rotation,
    TestOfEndpoint,
)
from mock_sendpilot.control.event_schemas import EventDetail
from mock_sendpilot.control.schemas import DeliverySummary
from mock_sendpilot.webhooks.triggers import send_test_event
from mock_sendpilot.world.workspace import Workspace

endpoints = Blueprint("endpoints", __name__)


@endpoints.get("/endpoints")
@with_workspace
def list_endpoints(workspace: Workspace) -> Response:
    """All endpoints, oldest first."""
    found = outbox_of(workspace).endpoints.all()
    return json_response({"endpoints": EndpointReply(many=True).dump(found)})


@endpoints.post("/endpoints")
@with_workspace
def create_endpoint(workspace: Workspace) -> Response:
    """Make an endpoint; the only answer besides `/secret` that holds the whole secret."""
    wanted = MadeEndpoint().load(json_object())
    endpoint = outbox_of(workspace).endpoints.add(wanted.pop("url"), **wanted)
    answer = {**EndpointReply().dump(endpoint), "secret": endpoint.secret}
    return json_response(answer, HTTPStatus.CREATED)


@endpoints.get("/endpoints/<opaque:endpoint_id>")
@with_workspace
def get_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """One endpoint."""
    return json_response(EndpointReply().dump(outbox_of(workspace).endpoints.get(endpoint_id)))


@endpoints.get("/endpoints/<opaque:endpoint_id>/secret")
@with_workspace
def get_secret(workspace: Workspace, endpoint_id: str) -> Response:
    """The signing secret."""
    return json_response({"secret": outbox_of(workspace).endpoints.get(endpoint_id).secret})


@endpoints.patch("/endpoints/<opaque:endpoint_id>")
@with_workspace
def update_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Change an endpoint; disabling it cancels what is pending for it."""
    changes = EndpointChanges().load(json_object())
    return json_response(
        EndpointReply().dump(outbox_of(workspace).update_endpoint(endpoint_id, changes))
    )


@endpoints.delete("/endpoints/<opaque:endpoint_id>")
@with_workspace
def delete_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Forget an endpoint; what is pending for it is cancelled."""
    outbox_of(workspace).remove_endpoint(endpoint_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@endpoints.post("/endpoints/<opaque:endpoint_id>/rotate-secret")
@with_workspace
def rotate_secret(workspace: Workspace, endpoint_id: str) -> Response:
    """Give it a new secret, with the old one valid for 24 hours; answers the whole new secret."""
    wanted = Rotation().load(optional_json_object())
    endpoint = outbox_of(workspace).endpoints.rotate(endpoint_id, wanted.get("secret"))
    return json_response({**EndpointReply().dump(endpoint), "secret": endpoint.secret})


@endpoints.post("/endpoints/<opaque:endpoint_id>/deliveries")
@with_workspace
def deliver_events(workspace: Workspace, endpoint_id: str) -> Response:
    """Deliver recorded events that an endpoint has missed.

    Events that it has or does not want, and those that the log does not hold, are left out.
    """
    outbox = outbox_of(workspace)
    if outbox.endpoints.get(endpoint_id).is_forwarded:
        outbox.forwarding_queue(endpoint_id).note_listener()
    ids = MissedEvents().load(json_object())["event_ids"]
    made = [outbox.deliver(event_id, endpoint_id) for event_id in dict.fromkeys(ids)]
    rows = DeliverySummary(many=True).dump([one for one in made if one is not None])
    return json_response({"deliveries": rows}, HTTPStatus.ACCEPTED)


@endpoints.post("/endpoints/<opaque:endpoint_id>/test")
@with_workspace
def test_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Send it an event with sample data, as the vendor's dashboard can."""
    wanted = TestOfEndpoint().load(optional_json_object())
    outbox = outbox_of(workspace)
    sent = send_test_event(workspace, outbox, endpoint_id, wanted.get("event_type"))
    return json_response(EventDetail().dump(sent), HTTPStatus.CREATED)
