"""`/_emulate/deliveries`: what was sent, to whom, and what came back."""

from flask import Blueprint, Response

from mock_sendpilot.api.access import current_emulator, of_workspace
from mock_sendpilot.api.envelope import reply
from mock_sendpilot.api.paging import Page, load_query
from mock_sendpilot.control.schemas import DeliveryDetail, DeliveryQuery, DeliverySummary
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.webhooks.deliveries import DeliveryFilter, DeliveryLog

deliveries = Blueprint("deliveries", __name__)


@deliveries.get("/deliveries")
@of_workspace
def list_deliveries(workspace: Workspace) -> Response:
    """The deliveries that match the filters, newest first."""
    query = load_query(DeliveryQuery())
    page, limit = query.pop("page"), query.pop("limit")
    found = Page(_log(workspace).select(DeliveryFilter(**query)), page, limit)
    rows = DeliverySummary(many=True).dump(found.items)
    return reply({"deliveries": rows, "pagination": found.pagination})


@deliveries.get("/deliveries/<opaque:delivery_id>")
@of_workspace
def get_delivery(workspace: Workspace, delivery_id: str) -> Response:
    """One delivery with each of its attempts."""
    return reply(DeliveryDetail().dump(_log(workspace).get(delivery_id)))


def _log(workspace: Workspace) -> DeliveryLog:
    return current_emulator().outbox(workspace).log
