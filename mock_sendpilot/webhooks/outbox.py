"""A workspace's outbox: turns each event into deliveries, and holds all that sending is about."""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.signals import deliveries_queued, send
from mock_sendpilot.webhooks.counters import Counters
from mock_sendpilot.webhooks.deliveries import (
    CANCELLED,
    DROPPED,
    MAX_FINISHED,
    Delivery,
    DeliveryFilter,
    DeliveryLog,
)
from mock_sendpilot.webhooks.disruption_kinds import DELAY, DROP, REORDER
from mock_sendpilot.webhooks.disruptions import Disruptions
from mock_sendpilot.webhooks.endpoints import Endpoint, Endpoints, JobEndpoints
from mock_sendpilot.webhooks.event_log import EventLog
from mock_sendpilot.webhooks.forwarding import LISTENER_GONE, ForwardingQueue, ForwardingQueues
from mock_sendpilot.webhooks.http_sender import HttpSender
from mock_sendpilot.webhooks.payloads import Payload, check_pattern, event_type, payload
from mock_sendpilot.webhooks.runner import DeliveryRunner
from mock_sendpilot.webhooks.signing import new_secret
from mock_sendpilot.webhooks.state import WebhookState
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.workspace import Workspace

_logger = logging.getLogger(__name__)


class Outbox:
    """Endpoints, events, deliveries and disruptions of one workspace.

    Args:
        workspace: whose events are sent, under its contract and on its clock.
        http_sender: makes the attempts.
        max_finished: how many finished deliveries the log keeps.
        secret_bytes: what signing secrets are made of. Those of a seeded generator could be worked
            out from the public ids that it gives.
    """

    def __init__(
        self,
        workspace: Workspace,
        http_sender: HttpSender,
        *,
        max_finished: int = MAX_FINISHED,
        secret_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._workspace = workspace
        self._http_sender = http_sender
        self.log = DeliveryLog(max_finished=max_finished)
        self.events = EventLog(workspace.contract, self.log)
        self.endpoints = Endpoints(
            contract=workspace.contract,
            new_id=partial(workspace.ids.prefixed, "ep"),
            new_secret=partial(new_secret, secret_bytes),
            now=workspace.clock.now,
        )
        self.job_endpoints = JobEndpoints()
        self.disruptions = Disruptions(
            workspace.contract,
            new_id=partial(workspace.ids.prefixed, "dis"),
            now=workspace.clock.now,
        )
        self.forwarding = ForwardingQueues(partial(workspace.ids.prefixed, "req"))
        self.counters = Counters()
        state = WebhookState(
            log=self.log,
            events=self.events,
            endpoints=self.endpoints,
            job_endpoints=self.job_endpoints,
            forwarding=self.forwarding,
            counters=self.counters,
        )
        self._runner = DeliveryRunner(workspace, http_sender, state)

    def update_endpoint(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """Change an endpoint; disabling it cancels what is pending for it."""
        if "is_enabled" in changes:
            changes = {**changes, "disabled_reason": None}
            self._runner.begin_anew(endpoint_id)
        endpoint = self.endpoints.update(endpoint_id, changes)
        if not endpoint.is_enabled:
            self._runner.cancel(endpoint_id, "the endpoint was disabled")
        return endpoint

    def forwarding_queue(self, endpoint_id: str) -> ForwardingQueue:
        """The queue of an endpoint, for its listener; one that was taken for gone is back now.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: it has none.
        """
        endpoint = self.endpoints.get(endpoint_id)
        if not endpoint.is_forwarded:
            raise InvalidInput(f"endpoint {endpoint_id!r} is not forwarded: the server sends to it")
        if not endpoint.is_enabled and endpoint.disabled_reason == LISTENER_GONE:
            self.update_endpoint(endpoint_id, {"is_enabled": True})
        return self.forwarding.of(endpoint_id)

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Forget an endpoint and cancel what is pending for it."""
        self.endpoints.remove(endpoint_id)
        self._runner.begin_anew(endpoint_id)
        self._runner.cancel(endpoint_id, "the endpoint was deleted")
        self._http_sender.forget(endpoint_id)
        self.forwarding.forget(endpoint_id)

    def resend(self, delivery_id: str) -> Delivery:
        """Make one more attempt of a delivery, now: the same event, signed afresh.

        If it succeeds so has the delivery; if not, nothing changes: neither its state nor when the
        schedule comes again.

        Raises:
            NotFound: the log has no such delivery.
            InvalidInput: its endpoint is gone or disabled.
        """
        delivery = self.log.get(delivery_id)
        endpoint = self._runner.endpoint_of(delivery)
        if endpoint is None or not endpoint.is_enabled:
            state = "gone" if endpoint is None else "disabled"
            raise InvalidInput(
                f"the endpoint of delivery {delivery_id!r} must be there and enabled; "
                f"{delivery.endpoint_id!r} is {state}"
            )
        self._runner.send_again(delivery, endpoint)
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

    def deliver(self, event_id: str, endpoint_id: str) -> Delivery | None:
        """Deliver an event that has been recorded to an endpoint that has missed it.

        Its listener was gone, or the endpoint is newer than the event. No disruption is applied.

        Returns:
            The delivery; None where the endpoint does not want the event, or has it already, or the
            log does not hold it.

        Raises:
            NotFound: there is no such endpoint.
        """
        endpoint = self.endpoints.get(endpoint_id)
        try:
            sent = self.events.get(event_id)
        except NotFound:
            return None
        own = (one for one in sent.deliveries if one.endpoint_id == endpoint_id)
        if not endpoint.wants(sent.event_type) or any(one.state != CANCELLED for one in own):
            return None
        delivery = self._new_delivery(
            endpoint,
            event_id=sent.event_id,
            message_id=sent.message_id,
            event_type=sent.event_type,
            lead_id=sent.lead_id,
            body=sent.body,
            sequence=sent.sequence,
        )
        self.log.put(delivery)
        self.events.add_delivery(event_id, delivery.id)
        self._runner.schedule(delivery)
        return delivery

    def check_target(
        self, endpoint_id: str | None, pattern: EventPattern, *, options: Iterable[str] = ()
    ) -> None:
        """Check what is to be looked for among deliveries; None is anything.

        Args:
            endpoint_id: one of this workspace.
            pattern: an event that its contract has.
            options: see `check_pattern`.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: the contract has no such event type, or key of its data.
        """
        if endpoint_id is not None:
            self.endpoints.get(endpoint_id)
        check_pattern(self._workspace.contract, pattern, options=options)

    def end_waits(self) -> None:
        """Let those who wait for events or for a listener wait no longer: all of it is to end."""
        self.events.close()
        self.forwarding.close()

    def close(self) -> None:
        """Send nothing more."""
        self.end_waits()
        self._workspace.scheduler.close()
        endpoints = [endpoint.id for endpoint in self.endpoints.all()]
        for endpoint_id in (*endpoints, *self.job_endpoints.ids()):
            self._http_sender.forget(endpoint_id)

    def _resend_all(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        oldest_first = sorted(deliveries, key=lambda one: one.created_at)
        return [self.resend(one.id) for one in oldest_first if self._is_open(one)]

    def _is_open(self, delivery: Delivery) -> bool:
        endpoint = self._runner.endpoint_of(delivery)
        return endpoint is not None and endpoint.is_enabled

    def enqueue(self, event: Event) -> None:
        """Make deliveries of an event that was recorded, and queue their first attempts."""
        name = event_type(event, self._workspace.contract)
        if name is None:
            return
        self.counters.count_event(name)
        wanting = [*self.endpoints.for_event(event, name), *self.job_endpoints.open_for(event)]
        is_watched = bool(deliveries_queued.has_receivers_for(self._workspace))
        is_light = event.job_id is None and not event.options.overrides
        if not wanting and _logger.isEnabledFor(logging.INFO):
            _log_without_endpoint(event, name, self.endpoints.all())
        if not wanting and not is_watched and is_light:
            self.events.put(event, name, None, ())
            return
        sent = payload(event, name, self._workspace.contract)
        deliveries = [self._delivery(event, sent, endpoint) for endpoint in wanting]
        for delivery in deliveries:
            self.log.put(delivery)
        self.events.put(event, name, sent.body, tuple(one.id for one in deliveries))
        facts = {"event": event, "payload": sent, "deliveries": deliveries}
        send(deliveries_queued, self._workspace, **facts)
        for delivery in deliveries:
            if delivery.state == DROPPED:
                self.job_endpoints.close(delivery.endpoint_id, event.id)
            self._runner.schedule(delivery)

    def _delivery(self, event: Event, sent: Payload, endpoint: Endpoint) -> Delivery:
        delivery = self._new_delivery(
            endpoint,
            event_id=event.id,
            message_id=event.message_id,
            event_type=sent.event_type,
            lead_id=event.lead_id,
            body=sent.body,
            sequence=event.sequence,
        )
        return self._disrupted(delivery, event, sent, endpoint)

    def _new_delivery(self, endpoint: Endpoint, **facts: Any) -> Delivery:
        now = self._workspace.clock.now()
        return Delivery(
            id=self._workspace.ids.prefixed("dlv"),
            endpoint_id=endpoint.id,
            created_at=now,
            next_attempt_at=now,
            **facts,
        )

    def _disrupted(
        self, delivery: Delivery, event: Event, sent: Payload, endpoint: Endpoint
    ) -> Delivery:
        applied = self.disruptions.match(event, sent, endpoint, delivery.id)
        if applied is None:
            return delivery
        delivery = replace(delivery, disruption=applied)
        if applied.kind == DROP:
            reason = f"dropped on purpose by disruption {applied.disruption_id}"
            return replace(delivery, state=DROPPED, next_attempt_at=None, reason=reason)
        if applied.kind in {DELAY, REORDER}:
            later = delivery.created_at + timedelta(seconds=applied.options["seconds"])
            return replace(delivery, next_attempt_at=later)
        return delivery


def _log_without_endpoint(event: Event, name: str, endpoints: list[Endpoint]) -> None:
    """Log an event that goes nowhere: a receiver may wait for it."""
    reason = "no endpoint wants it" if endpoints else "no endpoint"
    fields = {"eventType": name, "eventId": event.id, "leadId": event.lead_id}
    about = f", {event.lead_id}" if event.lead_id else ""
    _logger.info("%s: %s (%s%s)", name, reason, event.id, about, extra={"fields": fields})
