"""The webhooks: endpoints with their deliveries, and one endpoint with its settings."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property

from flask import Blueprint, Response, request

from mock_sendpilot.dashboard.formats import duration
from mock_sendpilot.dashboard.rendering import ListPage, Page, render, with_workspace
from mock_sendpilot.redaction import redacted
from mock_sendpilot.webhooks.deliveries import STATES, Delivery, DeliveryFilter
from mock_sendpilot.webhooks.disruption_kinds import CHAOS, KINDS
from mock_sendpilot.webhooks.endpoints import Endpoint, RetiredSecret
from mock_sendpilot.world.endpoint_settings import SIGNATURE_CLOCKS, SIGNATURE_SCHEMES
from mock_sendpilot.world.workspace import Workspace

webhooks = Blueprint("webhooks", __name__)

_MAX_LATEST = 20


class DeliveriesPage(Page):
    """A page that shows deliveries."""

    section = "webhooks"

    @property
    def event_types(self) -> tuple[str, ...]:
        """The names of the events under the contract."""
        return self.workspace.contract.event_types

    def target(self, delivery: Delivery) -> str:
        """Return the URL of the endpoint of a delivery, without secrets; else its id."""
        endpoint = self.outbox.endpoints.find(delivery.endpoint_id)
        endpoint = endpoint or self.outbox.job_endpoints.find(delivery.endpoint_id)
        if endpoint is not None:
            return redacted(endpoint.url)
        return redacted(delivery.attempts[-1].url if delivery.attempts else delivery.endpoint_id)

    def remaining(self, due_at: datetime) -> str:
        """Return the time until something is due."""
        return f"in {duration(max(timedelta(), due_at - self.workspace.clock.now()))}"

    @staticmethod
    def outcome(delivery: Delivery) -> str:
        """Return the outcome of the last attempt in a word or two."""
        if not delivery.attempts:
            return ""
        last = delivery.attempts[-1]
        return str(last.status_code) if last.response else last.error or "no response"


class WebhooksPage(ListPage, DeliveriesPage):
    """The endpoints, and the deliveries to all of them."""

    template = "webhooks.html"
    title = "Webhooks"
    states = STATES

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        arguments = request.args
        self.state = arguments.get("state") or None
        self.endpoint_id = arguments.get("endpoint") or None
        self.event_type = arguments.get("event") or None
        self.text = arguments.get("q", "").strip()

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """All endpoints, oldest first."""
        return self.outbox.endpoints.all()

    @property
    def is_filtered(self) -> bool:
        """True if not all deliveries are listed."""
        return bool(self.state or self.endpoint_id or self.event_type or self.text)

    @cached_property
    def found(self) -> list[Delivery]:
        """The deliveries of all pages, newest first."""
        criteria = DeliveryFilter(
            state=self.state, endpoint_id=self.endpoint_id, event_type=self.event_type
        )
        found = self.outbox.log.select(criteria)
        return [one for one in found if self.text in _ids(one)] if self.text else found

    @property
    def rows(self) -> list[Delivery]:
        """The deliveries of this page."""
        return self.found[self.first - 1 : self.first - 1 + self.per_page]

    @property
    def total(self) -> int:
        """The number of deliveries on all pages."""
        return len(self.found)

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """The numbers of deliveries by endpoint and state."""
        counts: dict[str, dict[str, int]] = {one.id: {} for one in self.endpoints}
        for delivery in self.outbox.log.all():
            states = counts.setdefault(delivery.endpoint_id, {})
            states[delivery.state] = states.get(delivery.state, 0) + 1
        return counts

    @property
    def example(self) -> str:
        """A command that adds an endpoint."""
        url = "http://127.0.0.1:9000/webhooks"
        return self.curl("POST", self.control("endpoints"), {"url": url})


class EndpointPage(DeliveriesPage):
    """One endpoint."""

    template = "endpoint.html"
    schemes = SIGNATURE_SCHEMES
    clocks = SIGNATURE_CLOCKS

    def __init__(self, workspace: Workspace, endpoint_id: str) -> None:
        super().__init__(workspace)
        self.endpoint = self.outbox.endpoints.get(endpoint_id)
        self.title = redacted(self.endpoint.url)

    @property
    def retired_secrets(self) -> Iterator[RetiredSecret]:
        """The secrets that were rotated out and are valid still."""
        now = self.workspace.clock.now()
        return (one for one in self.endpoint.retired_secrets if now < one.valid_until)

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of disruptions, with what each does."""
        return {**{name: kind.about for name, kind in KINDS.items()}, CHAOS: "any of the others"}

    @property
    def rows(self) -> list[Delivery]:
        """The latest deliveries, newest first."""
        return self.outbox.log.select(DeliveryFilter(endpoint_id=self.endpoint.id))[:_MAX_LATEST]

    @property
    def signature_schemes(self) -> tuple[str, ...]:
        """The schemes of its signatures: its own, or those of the contract."""
        return self.endpoint.settings.signatures or self.workspace.contract.signatures

    @property
    def retry_delays(self) -> list[float]:
        """The delays of its retries in seconds: its own, or those of the contract."""
        own = self.endpoint.settings.retry_delays_seconds
        return list(self.workspace.contract.retry_delays_seconds if own is None else own)


@webhooks.get("/<opaque:workspace_id>/webhooks")
@with_workspace
def list_webhooks(workspace: Workspace) -> Response:
    """Show the endpoints, and the deliveries that match the filters."""
    return render(WebhooksPage(workspace))


@webhooks.get("/<opaque:workspace_id>/endpoints/<opaque:endpoint_id>")
@with_workspace
def show_endpoint(workspace: Workspace, endpoint_id: str) -> Response:
    """Show one endpoint."""
    return render(EndpointPage(workspace, endpoint_id))


def _ids(delivery: Delivery) -> str:
    parts = (delivery.id, delivery.event_id, delivery.message_id, delivery.lead_id or "")
    return " ".join((*parts, delivery.event_type))
