"""`/_emulate/deliveries`: what was sent to which endpoint, and what came back."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from marshmallow import fields

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import CamelCaseSchema, Choice, QueryNumber, Text, Timestamp
from mock_sendpilot.api.paging import Page, Pagination
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.query import takes_query
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.redaction import redacted_headers
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.deliveries import STATES, Attempt, Delivery, DeliveryFilter
from mock_sendpilot.world.workspace import Workspace

deliveries = Blueprint("deliveries", __name__)


class DeliveryQuery(Strict):
    """The query of GET /_emulate/deliveries."""

    state = Choice(STATES)
    endpoint_id = Text()
    event_type = Text()
    lead_id = Text()
    event_id = Text()
    page = QueryNumber(1, 1_000_000, load_default=1)
    limit = QueryNumber(1, 100, load_default=50)


class ResendFailed(Strict):
    """The body of POST /_emulate/deliveries/resend."""

    since = Timestamp(required=True)


def last_outcome(attempts: Sequence[Attempt]) -> int | str | None:
    """Return the status of the last response, or the last error; None without an attempt."""
    if not attempts:
        return None
    last = attempts[-1]
    return last.response.status_code if last.response else last.error


class DeliverySummary(CamelCaseSchema):
    """A delivery in a list."""

    # Without attempts: with their bodies a list could have megabytes.
    id = fields.String()
    state = fields.String()
    endpoint_id = fields.String()
    event_id = fields.String()
    event_type = fields.String()
    lead_id = fields.String()
    created_at = Timestamp()
    next_attempt_at = Timestamp()
    reason = fields.String()
    disruption = fields.Function(
        lambda delivery: (
            delivery.disruption
            and {"id": delivery.disruption.disruption_id, "kind": delivery.disruption.kind}
        )
    )
    attempt_count = fields.Function(lambda delivery: len(delivery.attempts))
    last_outcome = fields.Function(lambda delivery: last_outcome(delivery.attempts))


class DeliveryDetail(DeliverySummary):
    """A delivery with its attempts."""

    attempts = fields.Function(
        lambda delivery: [_attempt(attempt, delivery.body) for attempt in delivery.attempts]
    )


def _attempt(attempt: Attempt, body: bytes) -> dict[str, Any]:
    sent_body = body if attempt.sent_body is None else attempt.sent_body
    response = attempt.response
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "disruption": attempt.disruption,
        "at": iso_milliseconds(attempt.started_at),
        "sentAt": iso_milliseconds(attempt.sent_at),
        "signedAt": iso_milliseconds(attempt.signed_at),
        "durationMs": round(attempt.duration_seconds * 1000, 1),
        "request": {
            "method": "POST",
            "url": attempt.url,
            "headers": redacted_headers(attempt.request_headers),
            "body": sent_body.decode("utf-8", "replace"),
            "truncated": len(sent_body) < attempt.sent_bytes,
        },
        "response": response
        and {
            "status": response.status_code,
            "headers": redacted_headers(response.headers),
            "body": response.body.decode("utf-8", "replace"),
            "truncated": response.is_truncated,
        },
        "error": attempt.error,
    }


@deliveries.get("/deliveries")
@with_workspace
@takes_query(DeliveryQuery)
def list_deliveries(workspace: Workspace, query: dict[str, Any]) -> Response:
    """Return the deliveries that match the filters, newest first."""
    page, limit = query.pop("page"), query.pop("limit")
    outbox = current_emulator().outbox(workspace)
    # A misspelled event type would match nothing, and look as if nothing had been sent.
    outbox.check_target(None, EventPattern(query.get("event_type")))
    found = Page(outbox.log.select(DeliveryFilter(**query)), page, limit)
    rows = DeliverySummary(many=True).dump(found.items)
    return json_response({"deliveries": rows, "pagination": Pagination().dump(found.pagination)})


@deliveries.get("/deliveries/<opaque:delivery_id>")
@with_workspace
def get_delivery(workspace: Workspace, delivery_id: str) -> Response:
    """Return a delivery with each of its attempts."""
    return json_response(
        DeliveryDetail().dump(current_emulator().outbox(workspace).log.get(delivery_id))
    )


@deliveries.post("/deliveries/<opaque:delivery_id>/resend")
@with_workspace
def resend_delivery(workspace: Workspace, delivery_id: str) -> Response:
    """Queue one more attempt of a delivery; it is made after the response."""
    return queued_reply([current_emulator().outbox(workspace).resend(delivery_id)])


@deliveries.post("/deliveries/resend")
@with_workspace
def resend_failed(workspace: Workspace) -> Response:
    """Queue one more attempt of each delivery since a time that has failed so far."""
    since = ResendFailed().load(json_object())["since"]
    return queued_reply(current_emulator().outbox(workspace).resend_failed(since))


@deliveries.post("/events/<opaque:event_id>/resend")
@with_workspace
def resend_event(workspace: Workspace, event_id: str) -> Response:
    """Queue one more attempt of each delivery of an event."""
    return queued_reply(current_emulator().outbox(workspace).resend_event(event_id))


def queued_reply(queued: Sequence[Delivery]) -> Response:
    """Return 202 with deliveries that are queued."""
    rows = DeliverySummary(many=True).dump(queued)
    return json_response({"deliveries": rows}, HTTPStatus.ACCEPTED)
