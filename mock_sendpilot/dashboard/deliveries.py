"""One delivery: its attempts with the receiver's responses, and how to verify its signature."""

from collections.abc import Iterable
from datetime import timedelta

from flask import Blueprint, Response

from mock_sendpilot.dashboard.curl import curl
from mock_sendpilot.dashboard.rendering import render, with_workspace
from mock_sendpilot.dashboard.verification import Signature, signatures
from mock_sendpilot.dashboard.webhooks import DeliveriesPage
from mock_sendpilot.redaction import redacted, redacted_headers
from mock_sendpilot.scheduling.durations import format_duration
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.world.workspace import Workspace

deliveries = Blueprint("deliveries", __name__)


class AttemptView:
    """An attempt of a delivery, as pages show it."""

    def __init__(self, delivery: Delivery, attempt: Attempt, secrets: Iterable[str]) -> None:
        self.delivery = delivery
        self.attempt = attempt
        self._secrets = tuple(secrets)

    @property
    def body(self) -> bytes:
        """The body that was sent, or its beginning."""
        sent = self.attempt.sent_body
        return self.delivery.body if sent is None else sent

    @property
    def is_truncated(self) -> bool:
        """True if the log has only the beginning of the body."""
        return len(self.body) < self.attempt.sent_bytes

    @property
    def signatures(self) -> list[Signature]:
        """The signatures of the request; none if only the beginning of its body is known."""
        if self.is_truncated:
            return []
        return list(signatures(self.attempt.request_headers, self.body, self._secrets))

    @property
    def curl(self) -> str:
        """The command that makes the request once more, without secrets."""
        attempt = self.attempt
        headers = redacted_headers(attempt.request_headers)
        return curl("POST", redacted(attempt.url), headers, self.body)

    @property
    def full_curl(self) -> str | None:
        """The command with its secrets; None if it has none."""
        attempt = self.attempt
        command = curl("POST", attempt.url, attempt.request_headers, self.body)
        return None if command == self.curl else command


class DeliveryPage(DeliveriesPage):
    """One delivery."""

    template = "delivery.html"

    def __init__(self, workspace: Workspace, delivery_id: str) -> None:
        super().__init__(workspace)
        self.delivery = self.outbox.log.get(delivery_id)
        self.title = self.delivery.event_type

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint; None if it was removed, or belongs to a job."""
        return self.outbox.endpoints.find(self.delivery.endpoint_id)

    @property
    def attempts(self) -> list[AttemptView]:
        """The attempts, the latest first."""
        return attempt_views(self.delivery, self.endpoint)[::-1]

    @property
    def obstacle(self) -> str | None:
        """The reason why it cannot be sent again, or None."""
        endpoint = self.endpoint
        if endpoint is None:
            is_of_job = self.delivery.endpoint_id in self.outbox.job_endpoints
            return None if is_of_job else "Its endpoint was removed"
        return None if endpoint.is_enabled else "Its endpoint is disabled"

    @property
    def duration_to_next(self) -> str | None:
        """The duration until the next attempt, or None."""
        due_at = self.delivery.next_attempt_at
        if due_at is None:
            return None
        return format_duration(max(timedelta(), due_at - self.workspace.clock.now()))


def attempt_views(delivery: Delivery, endpoint: Endpoint | None) -> list[AttemptView]:
    """Return the attempts of a delivery, oldest first."""
    retired = endpoint.retired_secrets if endpoint else ()
    secrets = [endpoint.secret, *(one.secret for one in retired)] if endpoint else []
    return [AttemptView(delivery, attempt, secrets) for attempt in delivery.attempts]


@deliveries.get("/<opaque:workspace_id>/deliveries/<opaque:delivery_id>")
@with_workspace
def show_delivery(workspace: Workspace, delivery_id: str) -> Response:
    """Show one delivery."""
    return render(DeliveryPage(workspace, delivery_id))
