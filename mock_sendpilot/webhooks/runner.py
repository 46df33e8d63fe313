"""Run deliveries: attempt by attempt, each at its time, until one succeeds or none is left."""

import hashlib
import logging
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mock_sendpilot.json_text import bytes_to_keep
from mock_sendpilot.lazy_dataclass import dataclass
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
from mock_sendpilot.webhooks.state import AttemptState, Gate, WebhookState
from mock_sendpilot.world.endpoint_settings import PROCESS, TRACEPARENT, VIRTUAL
from mock_sendpilot.world.state import Planned, Replanning
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from mock_sendpilot.webhooks.stages import Stages

FAILED = "failed"
"""The outcome of an attempt without success; its delivery may still succeed."""
_SPAN_ID_LENGTH = 16
_logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _PlannedAttempt:
    """An attempt that is queued or in flight. Several of a delivery may be alike."""

    delivery_id: str
    trigger: AttemptTrigger
    number: int
    task: Task | None = None


class DeliveryRunner:
    """The attempts and the retry schedule of one workspace.

    Args:
        workspace: has the contract and the scheduler.
        http_sender: makes the POSTs.
        state: the webhooks of the workspace.

    Attributes:
        stages: act on each attempt from now on; None by default.
        change_body: returns the body to sign and send in place of the one of an event type; None by
            default.
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
        self._planned: dict[_PlannedAttempt, None] = {}  # queued or in flight, oldest first
        self.gate = Gate()
        self.stages: Stages | None = None
        self.change_body: Callable[[str, bytes], bytes] | None = None

    def schedule(self, delivery: Delivery) -> None:
        """Queue the next attempt of a delivery, if it has one."""
        if delivery.next_attempt_at is None:
            return
        endpoint = self.endpoint_of(delivery)
        if endpoint is None or not endpoint.is_enabled:
            self._cancel_without_endpoint(delivery.id)
            return
        task = self._queue(delivery, endpoint, due_at=delivery.next_attempt_at)
        if not delivery.attempts and delivery.disruption and delivery.disruption.kind == REORDER:
            self._reordered.hold(delivery, task)

    def attempts_state(self) -> tuple[AttemptState, ...]:
        """While the gate is closed: return the planned attempts, also those in flight."""
        held_ids = self._reordered.held_ids()
        return tuple(
            AttemptState(
                delivery_id=one.delivery_id,
                trigger=one.trigger,
                number=one.number,
                is_held=one.trigger == "schedule" and one.delivery_id in held_ids,
                task=Planned(one.task.due_at, one.task.order),
            )
            for one in list(self._planned)
            if one.task is not None and not one.task.is_cancelled
        )

    def due_count(self, now: datetime) -> int:
        """Return the number of attempts that are queued and due by then."""
        tasks = [one.task for one in list(self._planned) if one.task is not None]
        return sum(not task.is_cancelled and task.due_at <= now for task in tasks)

    def health_state(self) -> dict[str, datetime]:
        """Return since when endpoints have been failing."""
        return self._health.state()

    def load(
        self, attempts: Iterable[AttemptState], failing_since: Mapping[str, datetime]
    ) -> Iterator[Replanning]:
        """Go on with other deliveries; yield how to plan their attempts again."""
        self._health.load(failing_since)
        scheduled_ids = set()
        for one in attempts:
            if one.trigger == "schedule":
                scheduled_ids.add(one.delivery_id)
            yield one.task.order, partial(self._plan_again, one)
        for delivery in self._log.all():
            # A delivery that was being queued when the state was taken.
            if delivery.state == PENDING and delivery.id not in scheduled_ids:
                yield sys.maxsize, partial(self.schedule, delivery)

    def _plan_again(self, attempt: AttemptState) -> None:
        delivery = self._log.find(attempt.delivery_id)
        endpoint = None if delivery is None else self.endpoint_of(delivery)
        if delivery is None or endpoint is None:
            return
        task = self._queue(
            delivery,
            endpoint,
            due_at=attempt.task.due_at,
            trigger=attempt.trigger,
            number=attempt.number,
        )
        if attempt.is_held:
            self._reordered.hold(delivery, task)

    def send_again(
        self, delivery: Delivery, endpoint: Endpoint, trigger: AttemptTrigger = "resend"
    ) -> None:
        """Queue one more attempt, due now, outside the retry schedule."""
        self._queue(delivery, endpoint, due_at=self._workspace.clock.now(), trigger=trigger)

    def cancel(self, endpoint_id: str, reason: str) -> None:
        """Cancel the pending deliveries to an endpoint."""
        self._workspace.scheduler.drop(endpoint_id)  # its tasks would only keep the workspace busy
        self._reordered.forget(endpoint_id)
        for planned in list(self._planned):
            if planned.task is not None and planned.task.is_cancelled:
                self._planned.pop(planned, None)
        for delivery in self._log.cancel_pending(endpoint_id, reason):
            self._publish_cancelled(delivery)

    def reset_health(self, endpoint_id: str) -> None:
        """Forget the failures of an endpoint."""
        self._health.reset(endpoint_id)

    def endpoint_of(self, delivery: Delivery) -> Endpoint | None:
        """Return the endpoint of a delivery, or None if it was removed."""
        endpoint_id = delivery.endpoint_id
        return self._endpoints.find(endpoint_id) or self._job_endpoints.find(endpoint_id)

    def _queue(
        self,
        delivery: Delivery,
        endpoint: Endpoint,
        *,
        due_at: datetime,
        trigger: AttemptTrigger = "schedule",
        number: int | None = None,
    ) -> Task:
        number = delivery.scheduled_count + 1 if number is None else number
        planned = _PlannedAttempt(delivery.id, trigger, number)
        self._planned[planned] = None  # before its task, which may run at once
        name = f"attempt {number}" if trigger == "schedule" else f"a {trigger}"
        planned.task = self._workspace.scheduler.add(
            partial(self._run, planned),
            due_at=due_at,
            lane=self._lane(endpoint),
            about=f"{name} of {delivery.event_type} to {_without_query(endpoint.url)}",
            width=endpoint.settings.concurrency,
            is_attempt=True,
            subject=delivery.lead_id,
        )
        return planned.task

    def _lane(self, endpoint: Endpoint) -> Hashable:
        """Return the lane of an endpoint; the jobs' own URLs of one host share one."""
        # Many jobs with URLs of one host must not become as many requests at one time.
        is_of_job = endpoint.id in self._job_endpoints
        return ("jobs", urlsplit(endpoint.url).netloc) if is_of_job else endpoint.id

    def _run(self, planned: "_PlannedAttempt") -> None:
        """Make an attempt. A scheduled one is left out if it is not the next of the schedule."""
        try:
            self._make(planned)
        finally:
            self._planned.pop(planned, None)

    def _make(self, planned: "_PlannedAttempt") -> None:
        delivery_id, trigger, number = planned.delivery_id, planned.trigger, planned.number
        delivery = self._log.find(delivery_id)
        if delivery is None:
            return
        # A resend may have succeeded since it was queued.
        if trigger == "schedule" and (
            delivery.state != PENDING or delivery.scheduled_count != number - 1
        ):
            return
        endpoint = self.endpoint_of(delivery)
        if endpoint is None or not endpoint.is_enabled:
            self._cancel_without_endpoint(delivery_id)
            return
        attempt = self._attempt(delivery, endpoint, trigger, number)
        with self.gate.passage():
            # Others may have changed the delivery during the attempt, so it is read again here.
            attempted = self._log.change(
                delivery_id, lambda current: self._with_attempt(current, attempt, endpoint)
            )
            self._planned.pop(planned, None)
            if attempted is not None:
                self._follow_up(attempted, endpoint)

    def _attempt(
        self, delivery: Delivery, endpoint: Endpoint, trigger: AttemptTrigger, number: int
    ) -> Attempt:
        started_at = self._workspace.clock.now()
        request = self._request(delivery, endpoint, started_at)
        applied = _disruption_of_attempt(delivery, trigger, number)
        if applied is not None:
            request = alter(request, applied)
        result = self._send(request, endpoint)
        is_other_body = request.content != delivery.body
        return Attempt(
            number=0,  # set when it is added to the others, which may be more by then
            started_at=started_at,
            sent_at=result.sent_at,
            signed_at=request.signed_at,
            duration_seconds=result.duration_seconds,
            url=endpoint.url,
            request_headers=result.headers,
            trigger=trigger,
            disruption=None if applied is None else applied.kind,
            sent_body=bytes_to_keep(request.content[:MAX_BODY_BYTES]) if is_other_body else None,
            sent_bytes=len(request.content),
            response=result.response,
            error=result.error,
        )

    def _request(self, delivery: Delivery, endpoint: Endpoint, now: datetime) -> OutgoingRequest:
        settings = endpoint.settings
        schemes = settings.signatures or self._workspace.contract.signatures
        # Receivers compare the timestamp with their own clock, hence the real time by default.
        if settings.signature_clock == VIRTUAL:
            signed_at = now
        elif settings.signature_clock == PROCESS:
            signed_at = ProcessClock().now()
        else:
            signed_at = self._http_sender.wall_time()
        body = delivery.body
        if self.change_body is not None:
            body = self.change_body(delivery.event_type, body)
        return OutgoingRequest(
            url=endpoint.url,
            body=body,
            message_id=delivery.message_id,
            schemes=schemes if endpoint.secret else (),  # the URL of a job has no secret
            secrets=(endpoint.secret, *endpoint.older_secrets(now)),
            signed_at=signed_at,
            extra_headers={**settings.headers, **self._traceparent(delivery, endpoint)},
            stages=self.stages,
        )

    def _traceparent(self, delivery: Delivery, endpoint: Endpoint) -> dict[str, str]:
        """Return the header by which an attempt belongs to the trace of its request, if any."""
        if not endpoint.settings.pass_traceparent:
            return {}
        cause = self._events.cause(delivery.event_id)
        if cause is None or cause.traceparent is None:
            return {}
        _, trace_id, _, flags = cause.traceparent.split("-")
        # Not at random: the same calls send the same bytes.
        own = f"{delivery.id}:{len(delivery.attempts) + 1}"
        span_id = hashlib.sha256(own.encode()).hexdigest()[:_SPAN_ID_LENGTH]
        return {TRACEPARENT: f"00-{trace_id}-{span_id}-{flags}"}

    def _send(self, request: OutgoingRequest, endpoint: Endpoint) -> SendResult:
        timeout_seconds = endpoint.settings.timeout_seconds or self._http_sender.timeout_seconds
        if endpoint.is_forwarded:
            return self._forwarding.send(
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

    def _with_attempt(self, delivery: Delivery, attempt: Attempt, endpoint: Endpoint) -> Delivery:
        """Return the delivery after an attempt. It may have been cancelled in the meantime."""
        attempt = replace(attempt, number=len(delivery.attempts) + 1)
        attempts = *delivery.attempts, attempt
        if attempt.is_success:
            return replace(
                delivery, attempts=attempts, state=SUCCEEDED, next_attempt_at=None, reason=None
            )
        delivery = replace(delivery, attempts=attempts)
        if delivery.state != PENDING or attempt.trigger != "schedule":
            return delivery
        number = delivery.scheduled_count
        delays = endpoint.settings.retry_delays_seconds
        if delays is None:
            delays = self._workspace.contract.retry_delays_seconds
        if number > len(delays):
            return replace(delivery, state=EXHAUSTED, next_attempt_at=None)
        delay = self._health.retry_delay(attempt, timedelta(seconds=delays[number - 1]))
        return replace(delivery, next_attempt_at=self._workspace.clock.now() + delay)

    def _follow_up(self, delivery: Delivery, endpoint: Endpoint) -> None:
        """Count and publish the latest attempt of a delivery, and queue what follows from it."""
        attempt = delivery.attempts[-1]
        _log_attempt(delivery, attempt)
        self._counters.count_attempt(SUCCEEDED if attempt.is_success else FAILED)
        if attempt.trigger == "schedule":
            if delivery.state == EXHAUSTED:
                _logger.warning("delivery %s is exhausted", delivery.id)
                self._counters.count_attempt(EXHAUSTED)
            self.schedule(delivery)
            if delivery.scheduled_count == 1 and delivery.state != CANCELLED:
                self._queue_duplicates(delivery, endpoint)
                self._release_overtaken(delivery)
        # First the log, then the signal: its receivers look at the log.
        self._events.note_change(delivery.event_id)
        send(delivery_attempted, self._workspace, delivery=delivery)
        if endpoint.id not in self._job_endpoints:
            self._update_health(endpoint.id, attempt)
        elif delivery.is_over and self._job_endpoints.close(endpoint.id, delivery.event_id):
            self._http_sender.forget(endpoint.id)

    def _queue_duplicates(self, delivery: Delivery, endpoint: Endpoint) -> None:
        applied = delivery.disruption
        if applied is not None and applied.kind == DUPLICATE:
            for _ in range(int(applied.options["copies"])):
                self.send_again(delivery, endpoint, "duplicate")

    def _release_overtaken(self, delivery: Delivery) -> None:
        for overtaken in self._reordered.release_overtaken_by(delivery):
            # Its own time has passed, so it goes before all that was queued after it.
            due_at = overtaken.delivery.created_at
            self._workspace.scheduler.bring_forward(overtaken.task, due_at=due_at)

    def _update_health(self, endpoint_id: str, attempt: Attempt) -> None:
        """Note an attempt, and disable its endpoint if the contract says so."""
        reason = self._health.reason_to_disable(endpoint_id, attempt)
        if attempt.error == NO_LISTENER:
            reason = LISTENER_GONE
        if reason is not None:
            _logger.warning("endpoint %s is disabled: %s", endpoint_id, reason)
            self._endpoints.disable(endpoint_id, reason)
            self.cancel(endpoint_id, f"the endpoint was disabled: {reason}")

    def _cancel_without_endpoint(self, delivery_id: str) -> None:
        """Cancel a delivery whose endpoint was removed or disabled after it was queued."""
        delivery = self._log.cancel(delivery_id, "the endpoint is gone or disabled")
        if delivery is not None:
            self._publish_cancelled(delivery)

    def _publish_cancelled(self, delivery: Delivery) -> None:
        self._events.note_change(delivery.event_id)
        send(delivery_cancelled, self._workspace, delivery=delivery)


def _disruption_of_attempt(
    delivery: Delivery, trigger: AttemptTrigger, number: int
) -> AppliedDisruption | None:
    """Return the disruption of a delivery if it concerns an attempt: the first scheduled ones."""
    applied = delivery.disruption
    if applied is None or trigger != "schedule":
        return None
    return applied if number <= applied.options.get("attempts", 0) else None


def _log_attempt(delivery: Delivery, attempt: Attempt) -> None:
    outcome = attempt.response.status_code if attempt.response else attempt.error
    _logger.info(
        "webhook %s to %s, attempt %d: %s, %.0f ms%s",
        delivery.event_type,
        _without_query(attempt.url),
        attempt.number,
        str(outcome).encode("unicode_escape").decode(),  # a receiver must not write to the terminal
        attempt.duration_seconds * 1000,
        f", disrupted: {attempt.disruption}" if attempt.disruption else "",
    )


def _without_query(url: str) -> str:
    """Return a URL as it may be logged: many receivers take a token in the query."""
    return url.partition("?")[0]
