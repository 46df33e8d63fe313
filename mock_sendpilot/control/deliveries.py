"""`/_emulate/deliveries`: what was sent, to whom, and what came back."""

from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.paging import Page, Pagination
from mock_sendpilot.api.parsing import json_object, query_parameters
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.control.schemas import (
    DeliveryDetail,
    DeliveryQuery,
    DeliverySummary,
    ResendFailed,
)
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.webhooks.deliveries import Delivery, DeliveryFilter
from mock_sendpilot.world.workspace import Workspace

deliveries = Blueprint("deliveries", __name__)


@deliveries.get("/deliveries")
@with_workspace
def list_deliveries(workspace: Workspace) -> Response:
    """The deliveries that match the filters, newest first."""
    query = DeliveryQuery().load(query_parameters())
    page, limit = query.pop("page"), query.pop("limit")
    outbox = outbox_of(workspace)
    outbox.check_target(None, EventPattern(query.get("event_type")))
    found = Page(outbox.log.select(DeliveryFilter(**query)), page, limit)
    rows = DeliverySummary(many=True).dump(found.items)
    return json_response({"deliveries": rows, "pagination": Pagination().dump(found.pagination)})


@deliveries.get("/deliveries/<opaque:delivery_id>")
@with_workspace
def get_delivery(workspace: Workspace, delivery_id: str) -> Response:
    """One delivery with each of its attempts."""
    return json_response(DeliveryDetail().dump(outbox_of(workspace).log.get(delivery_id)))


@deliveries.post("/deliveries/<opaque:delivery_id>/resend")
@with_workspace
def resend_delivery(workspace: Workspace, delivery_id: str) -> Response:
    """One more attempt, now; it is made after this answer."""
    return _queued([outbox_of(workspace).resend(delivery_id)])


@deliveries.post("/deliveries/resend")
@with_workspace
def resend_failed(workspace: Workspace) -> Response:
    """One more attempt of all that was queued since a time and has failed so far."""
    since = ResendFailed().load(json_object())["since"]
    return _queued(outbox_of(workspace).resend_failed(since))


@deliveries.post("/events/<opaque:event_id>/resend")
@with_workspace
def resend_event(workspace: Workspace, event_id: str) -> Response:
    """One more attempt of each delivery of an event."""
    return _queued(outbox_of(workspace).resend_event(event_id))


def _queued(found: list[Delivery]) -> Response:
    rows = DeliverySummary(many=True).dump(found)
    return json_response({"deliveries": rows}, HTTPStatus.ACCEPTED)
