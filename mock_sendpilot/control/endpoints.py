"""`/_emulate/endpoints`: the webhook endpoints of the workspace of the API key.

The vendor has no route for them: there they are made in the dashboard.
"""

from http import HTTPStatus

from flask import Blueprint, Response
from marshmallow import fields
from marshmallow.validate import Length

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import (
    Boolean,
    CamelCaseSchema,
    SecretText,
    Text,
    Timestamp,
)
from mock_sendpilot.api.parsing import json_object, optional_json_object
from mock_sendpilot.control.deliveries import queued_reply
from mock_sendpilot.control.endpoint_schema import EndpointSchema, SettingsSchema
from mock_sendpilot.control.events import EventDetail
from mock_sendpilot.control.fields import EventTypes, Strict, list_of
from mock_sendpilot.redaction import masked, redacted_headers
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.triggers import send_test_event
from mock_sendpilot.world.workspace import Workspace

endpoints = Blueprint("endpoints", __name__)

MAX_EVENTS = 500
"""The number of events that one request may have delivered."""


class NewEndpoint(EndpointSchema):
    """The body of POST /_emulate/endpoints."""

    is_forwarded = Boolean(data_key="forwarded")


class EndpointChanges(SettingsSchema):
    """The body of PATCH /_emulate/endpoints/{id}: any of the fields."""

    url = Text()
    secret = SecretText()
    event_types = EventTypes(data_key="events", allow_none=True)
    is_enabled = Boolean(data_key="enabled")


class Rotation(Strict):
    """The body of POST /_emulate/endpoints/{id}/rotate-secret; without a secret one is made."""

    secret = SecretText(allow_none=True)


class MissedEvents(Strict):
    """The body of POST /_emulate/endpoints/{id}/deliveries: the ids of recorded events."""

    event_ids = list_of(Text(), required=True, validate=Length(1, MAX_EVENTS))


class EndpointTest(Strict):
    """The body of POST /_emulate/endpoints/{id}/test; by default an event that it wants."""

    event_type = Text(allow_none=True)


class EndpointReply(CamelCaseSchema):
    """An endpoint, its secrets cut short; null leaves a setting to the contract or the server."""

    id = fields.String()
    url = fields.String()
    event_types = fields.Raw(data_key="events")
    is_enabled = fields.Boolean(data_key="enabled")
    secret = fields.Function(lambda endpoint: masked(endpoint.secret))
    retired_secrets = fields.Function(
        lambda endpoint: [
            {"secret": masked(one.secret), "validUntil": iso_milliseconds(one.valid_until)}
            for one in endpoint.retired_secrets
        ]
    )
    is_forwarded = fields.Boolean(data_key="forwarded")
    disabled_reason = fields.String()
    retry_delays_seconds = fields.Raw(attribute="settings.retry_delays_seconds")
    timeout_seconds = fields.Raw(attribute="settings.timeout_seconds")
    signatures = fields.Raw(attribute="settings.signatures")
    concurrency = fields.Raw(attribute="settings.concurrency")
    signature_clock = fields.Raw(attribute="settings.signature_clock")
    headers = fields.Function(lambda endpoint: redacted_headers(endpoint.settings.headers))
    pass_traceparent = fields.Raw(attribute="settings.pass_traceparent")
    created_at = Timestamp()


@endpoints.get("/endpoints")
@with_workspace
def list_endpoints(workspace: Workspace) -> Response:
    """Return all endpoints, oldest first."""
    found = current_emulator().outbox(workspace).endpoints.all()
    return json_response({"endpoints": EndpointReply(many=True).dump(found)})


@endpoints.post("/endpoints")
@with_workspace
def create_endpoint(workspace: Workspace) -> Response:
    """Make an endpoint; the reply has the whole secret."""
    body = NewEndpoint().load(json_object())
    endpoint = current_emulator().outbox(workspace).endpoints.add(body.pop("url"), **body)
    # As in the vendor's dashboard, which displays a new secret once.
    reply = {**EndpointReply().dump(endpoint), "secret": endpoint.secret}
    return json_response(reply, HTTPStatus.CREATED)


@endpoints.get("/endpoints/<opaque:endpoint_id>")
@with_workspace
def get_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Return an endpoint."""
    endpoint = current_emulator().outbox(workspace).endpoints.get(endpoint_id)
    return json_response(EndpointReply().dump(endpoint))


@endpoints.get("/endpoints/<opaque:endpoint_id>/secret")
@with_workspace
def get_secret(workspace: Workspace, endpoint_id: str) -> Response:
    """Return the whole signing secret."""
    endpoint = current_emulator().outbox(workspace).endpoints.get(endpoint_id)
    return json_response({"secret": endpoint.secret})


@endpoints.patch("/endpoints/<opaque:endpoint_id>")
@with_workspace
def update_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Change an endpoint; disabling it cancels what is pending for it."""
    changes = EndpointChanges().load(json_object())
    endpoint = current_emulator().outbox(workspace).update_endpoint(endpoint_id, changes)
    return json_response(EndpointReply().dump(endpoint))


@endpoints.delete("/endpoints/<opaque:endpoint_id>")
@with_workspace
def delete_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Remove an endpoint, and cancel what is pending for it."""
    current_emulator().outbox(workspace).remove_endpoint(endpoint_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@endpoints.post("/endpoints/<opaque:endpoint_id>/rotate-secret")
@with_workspace
def rotate_secret(workspace: Workspace, endpoint_id: str) -> Response:
    """Give an endpoint a new secret; the old one stays valid for 24 hours.

    The reply has the whole new secret.
    """
    secret = Rotation().load(optional_json_object()).get("secret")
    endpoint = current_emulator().outbox(workspace).endpoints.rotate(endpoint_id, secret)
    return json_response({**EndpointReply().dump(endpoint), "secret": endpoint.secret})


@endpoints.post("/endpoints/<opaque:endpoint_id>/deliveries")
@with_workspace
def deliver_events(workspace: Workspace, endpoint_id: str) -> Response:
    """Deliver recorded events that an endpoint has missed.

    Events that it has or does not want, and those that the log does not hold, are left out.
    """
    outbox = current_emulator().outbox(workspace)
    if outbox.endpoints.get(endpoint_id).is_forwarded:
        # A listener may ask for what it has missed before it takes its first request. Without
        # this the attempts would fail at once, since nobody was listening.
        outbox.forwarding_queue(endpoint_id).note_listener()
    event_ids = dict.fromkeys(MissedEvents().load(json_object())["event_ids"])
    queued = [outbox.deliver(event_id, endpoint_id) for event_id in event_ids]
    return queued_reply([delivery for delivery in queued if delivery is not None])


@endpoints.post("/endpoints/<opaque:endpoint_id>/test")
@with_workspace
def test_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Send an endpoint an event with sample data, as the vendor's dashboard can."""
    event_type = EndpointTest().load(optional_json_object()).get("event_type")
    sent = send_test_event(workspace, current_emulator().outbox(workspace), endpoint_id, event_type)
    return json_response(EventDetail().dump(sent), HTTPStatus.CREATED)
