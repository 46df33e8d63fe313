"""The outbox of a workspace: it makes deliveries of events and has all parts of their sending."""

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.signals import deliveries_queued, delivery_dropped, send
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
from mock_sendpilot.webhooks.stages import Stages
from mock_sendpilot.webhooks.state import (
    JobEndpointState,
    OutboxState,
    WebhookCounters,
    WebhookState,
)
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.state import Replanning
from mock_sendpilot.world.workspace import Workspace

_logger = logging.getLogger(__name__)


class Outbox:
    """The endpoints, events, deliveries and disruptions of one workspace.

    Args:
        workspace: has the contract and the clock.
        http_sender: makes the POSTs.
        max_finished: how many finished deliveries the log keeps.
        secret_bytes: returns random bytes for signing secrets. Not those of the seeded generator by
            default: a secret could be computed from the ids that it makes, which are public.
        default_secret: the secret of endpoints that are added without one.
    """

    def __init__(
        self,
        workspace: Workspace,
        http_sender: HttpSender,
        *,
        max_finished: int = MAX_FINISHED,
        secret_bytes: Callable[[int], bytes] = secrets.token_bytes,
        default_secret: str | None = None,
    ) -> None:
        self._workspace = workspace
        self._http_sender = http_sender
        self.log = DeliveryLog(max_finished=max_finished)
        self.events = EventLog(workspace.contract, self.log)
        self.endpoints = Endpoints(
            contract=workspace.contract,
            ids=workspace.ids,
            secret_bytes=secret_bytes,
            clock=workspace.clock,
            default_secret=default_secret,
        )
        self.job_endpoints = JobEndpoints()
        self.disruptions = Disruptions(workspace.contract, ids=workspace.ids, clock=workspace.clock)
        self.forwarding = ForwardingQueues(workspace.ids)
        self.counters = WebhookCounters()
        state = WebhookState(
            log=self.log,
            events=self.events,
            endpoints=self.endpoints,
            job_endpoints=self.job_endpoints,
            forwarding=self.forwarding,
            counters=self.counters,
        )
        self._runner = DeliveryRunner(workspace, http_sender, state)

    @contextmanager
    def staged(self, stages: Stages) -> Iterator[None]:
        """Let `stages` act on the attempts that are made meanwhile."""
        self._runner.stages = stages
        try:
            yield
        finally:
            self._runner.stages = None

    def change_bodies(self, change_body: Callable[[str, bytes], bytes]) -> None:
        """Let a function make the bodies to send, of an event type and the usual body."""
        self._runner.change_body = change_body

    def due_count(self) -> int:
        """Return the number of attempts that are queued and due now."""
        return self._runner.due_count(self._workspace.clock.now())

    @contextmanager
    def paused(self, *, timeout_seconds: float) -> Iterator[None]:
        """Let no attempt be recorded meanwhile.

        Raises:
            InvalidInput: one is being recorded for that long.
        """
        with self._runner.gate.closed(timeout_seconds=timeout_seconds):
            yield

    def state(self) -> OutboxState:
        """Return everything, while outbox and workspace are paused."""
        deliveries, finished_ids = self.log.state()
        return OutboxState(
            endpoints=tuple(self.endpoints.all()),
            job_endpoints=tuple(
                JobEndpointState(endpoint=endpoint, event_ids=event_ids)
                for endpoint, event_ids in self.job_endpoints.state()
            ),
            events=self.events.state(),
            deliveries=deliveries,
            finished_ids=finished_ids,
            attempts=self._runner.attempts_state(),
            failing_since=self._runner.health_state(),
            disruptions=self.disruptions.state(),
            event_counts=dict(self.counters.events),
            attempt_counts=dict(self.counters.attempts),
        )

    def load(self, state: OutboxState) -> Iterator[Replanning]:
        """Replace the contents of this new outbox by the state of another one.

        Yields:
            How to plan the attempts again.
        """
        self.endpoints.load(state.endpoints)
        self.job_endpoints.load((one.endpoint, one.event_ids) for one in state.job_endpoints)
        self.log.load(state.deliveries, state.finished_ids)
        self.events.load(state.events)
        self.disruptions.load(state.disruptions)
        self.counters.load(state.event_counts, state.attempt_counts)
        yield from self._runner.load(state.attempts, state.failing_since)

    def enqueue(self, event: Event) -> None:
        """Make the deliveries of an event that was recorded, and queue their first attempts."""
        name = event_type(event, self._workspace.contract)
        if name is None:
            return
        self.counters.count_event(name)
        endpoints = [*self.endpoints.for_event(event, name), *self.job_endpoints.open_for(event)]
        if not endpoints and _logger.isEnabledFor(logging.INFO):
            _log_without_endpoint(event, name, self.endpoints.all())
        # Receivers of the signal get the body. The event of a job has all its leads, and overrides
        # may be of any size: of those the log keeps bytes rather than objects.
        is_watched = bool(deliveries_queued.has_receivers_for(self._workspace))
        is_small = event.job_id is None and not event.options.overrides
        if not endpoints and not is_watched and is_small:
            self.events.put(event, name, None, ())
            return
        sent = payload(event, name, self._workspace.contract)
        deliveries = [self._new_delivery(event, sent, endpoint) for endpoint in endpoints]
        # All of it is logged before anything is sent: the receiver of the webhook can look it up.
        for delivery in deliveries:
            self.log.put(delivery)
        self.events.put(event, name, sent.body, tuple(one.id for one in deliveries))
        facts = {"event": event, "payload": sent, "deliveries": deliveries}
        send(deliveries_queued, self._workspace, **facts)
        for delivery in deliveries:
            if delivery.state == DROPPED:  # no attempt will close it
                self.job_endpoints.close(delivery.endpoint_id, event.id)
                send(delivery_dropped, self._workspace, delivery=delivery)
            self._runner.schedule(delivery)

    def deliver(self, event_id: str, endpoint_id: str) -> Delivery | None:
        """Deliver a recorded event to an endpoint that has missed it.

        Its listener was gone, or the endpoint is newer than the event. Disruptions do not apply.

        Returns:
            The delivery. None if the endpoint does not want the event or has a delivery of it, or
            if the log no longer has the event.

        Raises:
            NotFound: there is no such endpoint.
        """
        endpoint = self.endpoints.get(endpoint_id)
        try:
            sent = self.events.get(event_id)
        except NotFound:
            return None
        # A cancelled one does not count: it ended when the listener was gone.
        own = (one for one in sent.deliveries if one.endpoint_id == endpoint_id)
        if not endpoint.wants(sent.event_type) or any(one.state != CANCELLED for one in own):
            return None
        now = self._workspace.clock.now()
        delivery = Delivery(
            id=self._workspace.ids.prefixed("dlv"),
            endpoint_id=endpoint.id,
            event_id=sent.event_id,
            message_id=sent.message_id,
            event_type=sent.event_type,
            lead_id=sent.lead_id,
            body=sent.body,
            created_at=now,
            sequence=sent.sequence,
            next_attempt_at=now,
        )
        self.log.put(delivery)
        self.events.add_delivery(event_id, delivery.id)
        self._runner.schedule(delivery)
        return delivery

    def resend(self, delivery_id: str) -> Delivery:
        """Make one more attempt of a delivery, now: the same event with a new signature.

        If it succeeds, the delivery has succeeded. If not, neither its state nor its next scheduled
        attempt changes.

        Raises:
            NotFound: the log has no such delivery.
            InvalidInput: its endpoint is gone or disabled.
        """
        delivery = self.log.get(delivery_id)
        endpoint = self._runner.endpoint_of(delivery)
        if endpoint is None or not endpoint.is_enabled:
            state = "gone" if endpoint is None else "disabled"
            raise InvalidInput(
                f"delivery {delivery_id!r}: expected an enabled endpoint, got "
                f"{delivery.endpoint_id!r}, which is {state}"
            )
        self._runner.send_again(delivery, endpoint)
        return delivery

    def resend_event(self, event_id: str) -> list[Delivery]:
        """Resend the deliveries of an event whose endpoints are enabled.

        Raises:
            NotFound: the log has no delivery of such an event.
        """
        found = self.log.select(DeliveryFilter(event_id=event_id))
        if not found:
            hint = f"this workspace's log has no delivery of an event {event_id[:80]!r}"
            raise NotFound("Event not found", hint=hint)
        return self._resend_all(found)

    def resend_failed(self, since: datetime) -> list[Delivery]:
        """Resend the deliveries that were queued since a time and have failed so far."""
        found = self.log.select(DeliveryFilter())
        return self._resend_all(one for one in found if one.has_failed and one.created_at >= since)

    def update_endpoint(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """Change an endpoint; to disable it cancels its pending deliveries.

        Args:
            endpoint_id: the endpoint.
            changes: new values by the names of fields of `Endpoint` and of its settings.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: an invalid URL, secret, event type or setting.
        """
        if "is_enabled" in changes:  # a user overrules the emulator
            changes = {**changes, "disabled_reason": None}
            self._runner.reset_health(endpoint_id)
        endpoint = self.endpoints.update(endpoint_id, changes)
        if not endpoint.is_enabled:
            self._runner.cancel(endpoint_id, "the endpoint was disabled")
        return endpoint

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Remove an endpoint and cancel its pending deliveries.

        Raises:
            NotFound: there is no such endpoint.
        """
        # First from the endpoints, so that no event is queued for it while the rest is cancelled.
        self.endpoints.remove(endpoint_id)
        self._runner.reset_health(endpoint_id)
        self._runner.cancel(endpoint_id, "the endpoint was deleted")
        self._http_sender.forget(endpoint_id)
        self.forwarding.remove(endpoint_id)

    def forwarding_queue(self, endpoint_id: str) -> ForwardingQueue:
        """Return the queue of an endpoint for its listener; enable it if its listener was gone.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: the endpoint is not forwarded.
        """
        endpoint = self.endpoints.get(endpoint_id)
        if not endpoint.is_forwarded:
            raise InvalidInput(f"endpoint {endpoint_id!r} is not forwarded: the server sends to it")
        if not endpoint.is_enabled and endpoint.disabled_reason == LISTENER_GONE:
            self.update_endpoint(endpoint_id, {"is_enabled": True})
        return self.forwarding.of(endpoint_id)

    def check_target(
        self, endpoint_id: str | None, pattern: EventPattern, *, options: Iterable[str] = ()
    ) -> None:
        """Refuse an endpoint or a pattern that no delivery can ever match.

        Args:
            endpoint_id: an endpoint of this workspace, or None for all.
            pattern: a pattern of events under its contract.
            options: see `check_pattern`.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: the contract has no such event type, or key of its data.
        """
        if endpoint_id is not None:
            self.endpoints.get(endpoint_id)
        check_pattern(self._workspace.contract, pattern, options=options)

    def end_waits(self) -> None:
        """End all waits for events and for listeners, before everything else ends."""
        self.events.close()
        self.forwarding.close()

    def close(self) -> None:
        """Send nothing more."""
        self.end_waits()  # first, so that no attempt waits for a listener any longer
        self._workspace.scheduler.close()
        endpoint_ids = [endpoint.id for endpoint in self.endpoints.all()]
        for endpoint_id in (*endpoint_ids, *self.job_endpoints.ids()):
            self._http_sender.forget(endpoint_id)

    def _new_delivery(self, event: Event, sent: Payload, endpoint: Endpoint) -> Delivery:
        """Return a delivery of an event, with its disruption if one matches."""
        now = self._workspace.clock.now()
        delivery = Delivery(
            id=self._workspace.ids.prefixed("dlv"),
            endpoint_id=endpoint.id,
            event_id=event.id,
            message_id=event.message_id,
            event_type=sent.event_type,
            lead_id=event.lead_id,
            body=sent.body,
            created_at=now,
            sequence=event.sequence,
            next_attempt_at=now,
        )
        applied = self.disruptions.match(event, sent, endpoint, delivery.id)
        if applied is None:
            return delivery
        delivery = replace(delivery, disruption=applied)
        if applied.kind == DROP:
            reason = f"dropped on purpose by disruption {applied.disruption_id}"
            return replace(delivery, state=DROPPED, next_attempt_at=None, reason=reason)
        if applied.kind in {DELAY, REORDER}:
            later = now + timedelta(seconds=applied.options["seconds"])
            return replace(delivery, next_attempt_at=later)
        return delivery

    def _resend_all(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Resend the deliveries whose endpoints are enabled, oldest first."""
        resent = []
        for delivery in sorted(deliveries, key=lambda one: one.created_at):
            endpoint = self._runner.endpoint_of(delivery)
            if endpoint is not None and endpoint.is_enabled:
                resent.append(self.resend(delivery.id))
        return resent


def _log_without_endpoint(event: Event, name: str, endpoints: list[Endpoint]) -> None:
    """Log an event that goes nowhere, for those who wait at a receiver for it."""
    reason = "no endpoint wants it" if endpoints else "no endpoint"
    fields = {"eventType": name, "eventId": event.id, "leadId": event.lead_id}
    about = f", {event.lead_id}" if event.lead_id else ""
    _logger.info("%s: %s (%s%s)", name, reason, event.id, about, extra={"fields": fields})
