"""A workspace's outbox: turns each event into deliveries and puts them on the agenda."""

import logging
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mock_sendpilot.domain.errors import InvalidInput, NotFound
from mock_sendpilot.domain.events import Event
from mock_sendpilot.domain.signals import (
    announce,
    deliveries_queued,
    delivery_attempted,
    delivery_cancelled,
    event_recorded,
)
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.webhooks.deliveries import (
    CANCELLED,
    EXHAUSTED,
    MOST_FINISHED,
    PENDING,
    SUCCEEDED,
    Attempt,
    Delivery,
    DeliveryFilter,
    DeliveryLog,
)
from mock_sendpilot.webhooks.dispatcher import Dispatcher
from mock_sendpilot.webhooks.endpoint_health import EndpointHealth
from mock_sendpilot.webhooks.endpoints import Endpoint, Endpoints
from mock_sendpilot.webhooks.payloads import Payload, event_type, payload
from mock_sendpilot.webhooks.signing import new_secret
from mock_sendpilot.webhooks.tally import Tally

FAILED = "failed"
"""How an attempt ends that is no success; its delivery may still succeed."""
_logger = logging.getLogger(__name__)


class Outbox:
    """Endpoints, deliveries and the retry schedule of one workspace.

    Args:
        workspace: whose events are sent, under its contract and on its clock.
        dispatcher: makes the attempts.
        most_finished: how many finished deliveries the log keeps.
    """

    def __init__(
        self, workspace: Workspace, dispatcher: Dispatcher, *, most_finished: int = MOST_FINISHED
    ) -> None:
        self._workspace = workspace
        self._dispatcher = dispatcher
        self.log = DeliveryLog(most_finished=most_finished)
        self.endpoints = Endpoints(
            contract=workspace.contract,
            new_id=partial(workspace.ids.prefixed, "ep"),
            new_secret=partial(new_secret, workspace.ids.random_bytes),
            now=workspace.clock.now,
        )
        self._endpoints_of_jobs: dict[str, Endpoint] = {}
        self.tally = Tally()
        self._health = EndpointHealth(workspace.contract)
        event_recorded.connect(self._enqueue, sender=workspace)

    def update_endpoint(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """Change an endpoint; disabling it cancels what is pending for it."""
        if "is_enabled" in changes:
            changes = {**changes, "disabled_reason": None}
            self._health.forget(endpoint_id)
        endpoint = self.endpoints.update(endpoint_id, changes)
        if not endpoint.is_enabled:
            self._cancel(endpoint_id, "the endpoint was disabled")
        return endpoint

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Forget an endpoint and cancel what is pending for it."""
        self.endpoints.remove(endpoint_id)
        self._health.forget(endpoint_id)
        self._cancel(endpoint_id, "the endpoint was deleted")
        self._dispatcher.forget(endpoint_id)

    def resend(self, delivery_id: str) -> Delivery:
        """Make one more attempt of a delivery, now: the same event, signed afresh.

        If it succeeds so has the delivery; if not, nothing changes: neither its state nor when the
        schedule comes again.

        Raises:
            NotFound: the log has no such delivery.
            InvalidInput: its endpoint is gone or disabled.
        """
        delivery = self.log.get(delivery_id)
        endpoint = self._endpoint(delivery)
        if endpoint is None or not endpoint.is_enabled:
            state = "gone" if endpoint is None else "disabled"
            raise InvalidInput(
                f"the endpoint of delivery {delivery_id!r} must be there and enabled; "
                f"{delivery.endpoint_id!r} is {state}"
            )
        self._workspace.agenda.add(
            partial(self._attempt, delivery_id, is_resend=True),
            due_at=self._workspace.clock.now(),
            lane=self._lane(delivery.endpoint_id),
        )
        return delivery

    def resend_event(self, event_id: str) -> list[Delivery]:
        """Resend every delivery of an event whose endpoint is still there and enabled.

        Raises:
            NotFound: the log has no delivery of such an event.
        """
        found = self.log.select(DeliveryFilter(event_id=event_id))
        if not found:
            hint = f"this workspace's log has no delivery of an event {event_id[:80]!r}"
            raise NotFound("Event not found", hint=hint)
        return self._resend_all(found)

    def resend_failed(self, since: datetime) -> list[Delivery]:
        """Resend what was queued since then and has failed so far."""
        found = self.log.select(DeliveryFilter())
        return self._resend_all(one for one in found if one.has_failed and one.created_at >= since)

    def _resend_all(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        oldest_first = sorted(deliveries, key=lambda one: one.created_at)
        return [self.resend(one.id) for one in oldest_first if self._is_open(one)]

    def _is_open(self, delivery: Delivery) -> bool:
        endpoint = self._endpoint(delivery)
        return endpoint is not None and endpoint.is_enabled

    def _endpoint(self, delivery: Delivery) -> Endpoint | None:
        of_job = self._endpoints_of_jobs.get(delivery.endpoint_id)
        return of_job or self.endpoints.find(delivery.endpoint_id)

    def close(self) -> None:
        """Send nothing more."""
        event_recorded.disconnect(self._enqueue, sender=self._workspace)
        self._workspace.agenda.close()
        for endpoint_id in (*self._endpoints_of_jobs, *(one.id for one in self.endpoints.all())):
            self._dispatcher.forget(endpoint_id)

    def _enqueue(self, _workspace: Workspace, event: Event) -> None:
        name = event_type(event, self._workspace.contract)
        if name is None:
            return
        self.tally.events[name] += 1
        wanting = [one for one in self.endpoints.all() if one.wants(name)]
        wanting += self._of_job(event)
        if not wanting and not deliveries_queued.has_receivers_for(self._workspace):
            return
        sent = payload(event, name, self._workspace.contract)
        deliveries = [self._delivery(event, sent, endpoint) for endpoint in wanting]
        for delivery in deliveries:
            self.log.put(delivery)
        facts = {"event": event, "payload": sent, "deliveries": deliveries}
        announce(deliveries_queued, self._workspace, **facts)
        for delivery in deliveries:
            self._schedule(delivery)

    def _of_job(self, event: Event) -> list[Endpoint]:
        """The URL that a job brought along; not signed, since no secret for it is known of."""
        job_id, url = event.job_id, event.webhook_url
        if job_id is None or url is None:
            return []
        endpoint = Endpoint(
            id=job_id,
            url=url,
            secret="",
            event_types=None,
            is_enabled=True,
            created_at=event.occurred_at,
        )
        self._endpoints_of_jobs[job_id] = endpoint
        return [endpoint]

    def _delivery(self, event: Event, sent: Payload, endpoint: Endpoint) -> Delivery:
        now = self._workspace.clock.now()
        return Delivery(
            id=self._workspace.ids.prefixed("dlv"),
            endpoint_id=endpoint.id,
            event_id=event.id,
            message_id=event.message_id,
            event_type=sent.event_type,
            lead_id=event.lead_id,
            body=sent.body,
            created_at=now,
            next_attempt_at=now,
        )

    def _schedule(self, delivery: Delivery) -> None:
        if delivery.next_attempt_at is not None:
            self._workspace.agenda.add(
                partial(self._attempt, delivery.id),
                due_at=delivery.next_attempt_at,
                lane=self._lane(delivery.endpoint_id),
            )

    def _lane(self, endpoint_id: str) -> Hashable:
        """An endpoint is a lane; the jobs' own URLs of one host are one together."""
        of_job = self._endpoints_of_jobs.get(endpoint_id)
        return endpoint_id if of_job is None else ("jobs", urlsplit(of_job.url).netloc)

    def _attempt(self, delivery_id: str, *, is_resend: bool = False) -> None:
        delivery = self.log.find(delivery_id)
        if delivery is None or (delivery.state != PENDING and not is_resend):
            return
        endpoint = self._endpoint(delivery)
        if endpoint is None or not endpoint.is_enabled:
            self._cancel(delivery.endpoint_id, "the endpoint is gone or disabled")
            return
        attempt = self._dispatcher.attempt(
            delivery,
            endpoint,
            schemes=self._workspace.contract.signatures if endpoint.secret else (),
            started_at=self._workspace.clock.now(),
            is_resend=is_resend,
        )
        self._finish(delivery_id, attempt)

    def _finish(self, delivery_id: str, attempt: Attempt) -> None:
        self.tally.attempts[SUCCEEDED if attempt.is_success else FAILED] += 1
        delivery = self.log.change(delivery_id, partial(self._after, attempt=attempt))
        if delivery is not None:
            if delivery.state != PENDING and delivery.endpoint_id in self._endpoints_of_jobs:
                del self._endpoints_of_jobs[delivery.endpoint_id]
                self._dispatcher.forget(delivery.endpoint_id)
            if not attempt.is_resend:
                self._schedule(delivery)
            announce(delivery_attempted, self._workspace, delivery=delivery)
            self._disable_if_it_should(delivery.endpoint_id, attempt)

    def _disable_if_it_should(self, endpoint_id: str, attempt: Attempt) -> None:
        reason = self._health.reason_to_disable(endpoint_id, attempt)
        if reason is not None and self.endpoints.find(endpoint_id) is not None:
            _logger.warning("endpoint %s is disabled: %s", endpoint_id, reason)
            changes = {"is_enabled": False, "disabled_reason": reason}
            self.endpoints.update(endpoint_id, changes)
            self._cancel(endpoint_id, f"the endpoint was disabled: {reason}")

    def _after(self, delivery: Delivery, *, attempt: Attempt) -> Delivery:
        """Where an attempt leaves its delivery, which may have been cancelled meanwhile."""
        delivery = replace(delivery, attempts=(*delivery.attempts, attempt))
        if attempt.is_success:
            return replace(delivery, state=SUCCEEDED, next_attempt_at=None, reason=None)
        if delivery.state == CANCELLED or attempt.is_resend:
            return delivery
        number = delivery.scheduled_count
        delays = self._workspace.contract.retry_delays_seconds
        if number > len(delays):
            _logger.warning("delivery %s is exhausted", delivery.id)
            self.tally.attempts[EXHAUSTED] += 1
            return replace(delivery, state=EXHAUSTED, next_attempt_at=None)
        wait = self._health.wait_for(attempt, timedelta(seconds=delays[number - 1]))
        return replace(delivery, next_attempt_at=self._workspace.clock.now() + wait)

    def _cancel(self, endpoint_id: str, reason: str) -> None:
        self._workspace.agenda.drop(endpoint_id)
        for delivery in self.log.cancel_pending(endpoint_id, reason):
            announce(delivery_cancelled, self._workspace, delivery=delivery)
