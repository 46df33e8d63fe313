"""Runs deliveries: attempt by attempt, each at its time, until one succeeds or none is left."""

import logging
from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from mock_sendpilot.scheduling.clock import ProcessClock
from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.signals import delivery_attempted, delivery_cancelled, send
from mock_sendpilot.webhooks.deliveries import (
    CANCELLED,
    EXHAUSTED,
    MAX_BODY_BYTES,
    PENDING,
    SUCCEEDED,
    AppliedDisruption,
    Attempt,
    AttemptTrigger,
    Delivery,
)
from mock_sendpilot.webhooks.disruption_kinds import DUPLICATE, REORDER, alter
from mock_sendpilot.webhooks.disruptions import ReorderedDeliveries
from mock_sendpilot.webhooks.endpoints import Endpoint, EndpointHealth
from mock_sendpilot.webhooks.forwarding import LISTENER_GONE, NO_LISTENER
from mock_sendpilot.webhooks.http_sender import HttpSender, SendResult
from mock_sendpilot.webhooks.signing import OutgoingRequest
from mock_sendpilot.webhooks.state import WebhookState
from mock_sendpilot.world.endpoint_settings import PROCESS, VIRTUAL
from mock_sendpilot.world.workspace import Workspace

FAILED = "failed"
"""How an attempt ends that is no success; its delivery may still succeed."""
_logger = logging.getLogger(__name__)


class DeliveryRunner:
    """Attempts and the retry schedule of one workspace.

    Args:
        workspace: under whose contract, and on whose clock.
        http_sender: makes the attempts.
        state: of its webhooks.
    """

    def __init__(self, workspace: Workspace, http_sender: HttpSender, state: WebhookState) -> None:
        self._workspace = workspace
        self._http_sender = http_sender
        self._log = state.log
        self._events = state.events
        self._endpoints = state.endpoints
        self._job_endpoints = state.job_endpoints
        self._forwarding = state.forwarding
        self._counters = state.counters
        self._health = EndpointHealth(workspace.contract)
        self._reordered = ReorderedDeliveries()

    def schedule(self, delivery: Delivery) -> None:
        """Queue the next attempt of a delivery, if it is to have one."""
        if delivery.next_attempt_at is None:
            return
        endpoint = self.endpoint_of(delivery)
        if endpoint is None or not endpoint.is_enabled:
            self._end(delivery.id)
            return
        task = self._put(delivery, endpoint, due_at=delivery.next_attempt_at)
        if not delivery.attempts and delivery.disruption and delivery.disruption.kind == REORDER:
            self._reordered.hold(delivery, task)

    def send_again(
        self, delivery: Delivery, endpoint: Endpoint, trigger: AttemptTrigger = "resend"
    ) -> None:
        """Make one more attempt, now, outside the retry schedule."""
        self._put(delivery, endpoint, due_at=self._workspace.clock.now(), trigger=trigger)

    def cancel(self, endpoint_id: str, reason: str) -> None:
        """End what is pending for an endpoint."""
        self._workspace.scheduler.drop(endpoint_id)
        self._reordered.forget(endpoint_id)
        for delivery in self._log.cancel_pending(endpoint_id, reason):
            self._tell_of_end(delivery)

    def _end(self, delivery_id: str) -> None:
        """Cancel a delivery whose endpoint was there when it was queued, and is not any more."""
        delivery = self._log.cancel(delivery_id, "the endpoint is gone or disabled")
        if delivery is not None:
            self._tell_of_end(delivery)

    def _tell_of_end(self, delivery: Delivery) -> None:
        self._events.note_change(delivery.event_id)
        send(delivery_cancelled, self._workspace, delivery=delivery)

    def begin_anew(self, endpoint_id: str) -> None:
        """Forget that an endpoint has failed."""
        self._health.reset(endpoint_id)

    def _put(
        self,
        delivery: Delivery,
        endpoint: Endpoint,
        *,
        due_at: datetime,
        trigger: AttemptTrigger = "schedule",
    ) -> Task:
        number = delivery.scheduled_count + 1
        is_scheduled = trigger == "schedule"
        what = f"attempt {number}" if is_scheduled else f"a {trigger}"
        return self._workspace.scheduler.add(
            partial(self._attempt, delivery.id, number if is_scheduled else trigger),
            due_at=due_at,
            lane=self._lane(endpoint),
            about=f"{what} of {delivery.event_type} to {_without_query(endpoint.url)}",
            width=endpoint.settings.concurrency,
            is_attempt=True,
            subject=delivery.lead_id,
        )

    def endpoint_of(self, delivery: Delivery) -> Endpoint | None:
        """Where a delivery goes to, if that is there still."""
        endpoint_id = delivery.endpoint_id
        return self._endpoints.find(endpoint_id) or self._job_endpoints.find(endpoint_id)

    def _lane(self, endpoint: Endpoint) -> Hashable:
        """An endpoint is a lane; the jobs' own URLs of one host are one together."""
        is_of_job = endpoint.id in self._job_endpoints
        return ("jobs", urlsplit(endpoint.url).netloc) if is_of_job else endpoint.id

    def _attempt(self, delivery_id: str, occasion: int | AttemptTrigger) -> None:
        """Make the attempt of that number of the schedule, or one that another trigger asks for."""
        made = self._made(delivery_id, occasion)
        if made is not None:
            self._go_on(*made)

    def _made(
        self, delivery_id: str, occasion: int | AttemptTrigger
    ) -> tuple[Delivery, Endpoint] | None:
        """Make an attempt that is still to be made; the delivery after it, and its endpoint."""
        delivery = self._log.find(delivery_id)
        if delivery is None:
            return None
        if isinstance(occasion, int) and (
            delivery.state != PENDING or delivery.scheduled_count != occasion - 1
        ):
            return None
        endpoint = self.endpoint_of(delivery)
        if endpoint is None or not endpoint.is_enabled:
            self._end(delivery_id)
            return None
        attempt = self._attempted(delivery, endpoint, occasion)
        after = self._log.change(delivery_id, partial(self._after, endpoint, attempt=attempt))
        return None if after is None else (after, endpoint)

    def _attempted(
        self, delivery: Delivery, endpoint: Endpoint, occasion: int | AttemptTrigger
    ) -> Attempt:
        started_at = self._workspace.clock.now()
        request = self._request(delivery, endpoint, started_at)
        applied = _disruption_of(delivery, occasion)
        if applied is not None:
            request = alter(request, applied)
        result = self._posted(request, endpoint)
        return Attempt(
            number=0,  # it has one when it is added to the others
            started_at=started_at,
            sent_at=result.sent_at,
            signed_at=request.signed_at,
            duration_seconds=result.duration_seconds,
            url=endpoint.url,
            request_headers=result.headers,
            trigger=occasion if isinstance(occasion, str) else "schedule",
            disruption=None if applied is None else applied.kind,
            sent_body=None
            if request.content == delivery.body
            else request.content[:MAX_BODY_BYTES],
            sent_bytes=len(request.content),
            response=result.response,
            error=result.error,
        )

    def _posted(self, request: OutgoingRequest, endpoint: Endpoint) -> SendResult:
        timeout_seconds = endpoint.settings.timeout_seconds or self._http_sender.timeout_seconds
        if endpoint.is_forwarded:
            return self._forwarding.post(
                endpoint.id,
                request.signed(),
                timeout_seconds=timeout_seconds,
                wall_time=self._http_sender.wall_time,
            )
        return self._http_sender.send(
            request.signed(),
            connection=endpoint.id,
            max_connections=endpoint.settings.concurrency,
            timeout_seconds=timeout_seconds,
        )

    def _request(self, delivery: Delivery, endpoint: Endpoint, now: datetime) -> OutgoingRequest:
        settings = endpoint.settings
        schemes = settings.signatures or self._workspace.contract.signatures
        return OutgoingRequest(
            url=endpoint.url,
            body=delivery.body,
            message_id=delivery.message_id,
            schemes=schemes if endpoint.secret else (),
            secrets=(endpoint.secret, *endpoint.older_secrets(now)),
            signed_at=self._signing_time(settings.signature_clock, now),
            extra_headers=settings.headers,
        )

    def _signing_time(self, signature_clock: str, now: datetime) -> datetime:
        if signature_clock == VIRTUAL:
            return now
        if signature_clock == PROCESS:
            return ProcessClock().now()
        return self._http_sender.wall_time()

    def _after(self, endpoint: Endpoint, delivery: Delivery, *, attempt: Attempt) -> Delivery:
        """Where an attempt leaves its delivery, which others may have ended meanwhile."""
        attempt = replace(attempt, number=len(delivery.attempts) + 1)
        delivery = replace(delivery, attempts=(*delivery.attempts, attempt))
        if attempt.is_success:
            return replace(delivery, state=SUCCEEDED, next_attempt_at=None, reason=None)
        if delivery.state != PENDING or attempt.trigger != "schedule":
            return delivery
        number = delivery.scheduled_count
        delays = endpoint.settings.retry_delays_seconds
        if delays is None:
            delays = self._workspace.contract.retry_delays_seconds
        if number > len(delays):
            return replace(delivery, state=EXHAUSTED, next_attempt_at=None)
        wait = self._health.retry_delay(attempt, timedelta(seconds=delays[number - 1]))
        return replace(delivery, next_attempt_at=self._workspace.clock.now() + wait)

    def _go_on(self, delivery: Delivery, endpoint: Endpoint) -> None:
        """Do what follows from the latest attempt of a delivery."""
        attempt = delivery.attempts[-1]
        _log_attempt(delivery, attempt)
        self._counters.count_attempt(SUCCEEDED if attempt.is_success else FAILED)
        if attempt.trigger == "schedule":
            if delivery.state == EXHAUSTED:
                _logger.warning("delivery %s is exhausted", delivery.id)
                self._counters.count_attempt(EXHAUSTED)
            self.schedule(delivery)
            self._do_what_follows(delivery, endpoint)
        self._events.note_change(delivery.event_id)
        send(delivery_attempted, self._workspace, delivery=delivery)
        if endpoint.id not in self._job_endpoints:
            self._disable_if_it_should(endpoint.id, attempt)
        elif delivery.is_over and self._job_endpoints.close(endpoint.id, delivery.event_id):
            self._http_sender.forget(endpoint.id)

    def _do_what_follows(self, delivery: Delivery, endpoint: Endpoint) -> None:
        """After a first attempt: its duplicates, and what has waited to be overtaken by it."""
        if delivery.scheduled_count > 1 or delivery.state == CANCELLED:
            return
        applied = delivery.disruption
        if applied is not None and applied.kind == DUPLICATE:
            for _ in range(int(applied.options["copies"])):
                self.send_again(delivery, endpoint, "duplicate")
        for held in self._reordered.release_overtaken_by(delivery):
            # Its own time has passed: it comes before whatever was queued after it.
            self._workspace.scheduler.bring_forward(held.task, due_at=held.delivery.created_at)

    def _disable_if_it_should(self, endpoint_id: str, attempt: Attempt) -> None:
        reason = self._health.reason_to_disable(endpoint_id, attempt)
        if attempt.error == NO_LISTENER:
            reason = LISTENER_GONE
        if reason is not None:
            _logger.warning("endpoint %s is disabled: %s", endpoint_id, reason)
            self._endpoints.disable(endpoint_id, reason)
            self.cancel(endpoint_id, f"the endpoint was disabled: {reason}")


def _disruption_of(delivery: Delivery, occasion: int | AttemptTrigger) -> AppliedDisruption | None:
    """Return the disruption of an attempt: only of scheduled ones, and of the first of them."""
    applied = delivery.disruption
    if applied is None or isinstance(occasion, str):
        return None
    return applied if occasion <= applied.options.get("attempts", 0) else None


def _log_attempt(delivery: Delivery, attempt: Attempt) -> None:
    outcome = attempt.response.status_code if attempt.response else attempt.error
    _logger.info(
        "webhook %s to %s, attempt %d: %s, %.0f ms%s",
        delivery.event_type,
        _without_query(attempt.url),
        attempt.number,
        str(outcome).encode("unicode_escape").decode(),
        attempt.duration_seconds * 1000,
        f", disrupted: {attempt.disruption}" if attempt.disruption else "",
    )


def _without_query(url: str) -> str:
    """Return a URL as it may be logged: many receivers take a token in the query."""
    return url.partition("?")[0]
