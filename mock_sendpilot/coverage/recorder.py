"""Counts what the workspaces of this process meet, as it happens.

By signals, and not from the journals and logs: these drop the oldest, and end with a workspace.
"""

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mock_sendpilot import signals
from mock_sendpilot.api.operation import make_schema
from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.contracts.vocabulary import EVENT_TYPES
from mock_sendpilot.contracts.watched import watched
from mock_sendpilot.coverage.points import SUCCESS, effect_names, option_point, status_class
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import operations
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.scheduling.workers import THREAD_NAME
from mock_sendpilot.traffic.effects import Effect, effect_from_header
from mock_sendpilot.webhooks.deliveries import EXHAUSTED, Attempt, Delivery
from mock_sendpilot.webhooks.disruption_kinds import DUPLICATE

if TYPE_CHECKING:
    from mock_sendpilot.traffic.journal import JournalEntry
    from mock_sendpilot.world.workspace import Workspace

MAX_WAIT_SECONDS = 1.0
"""The longest time to wait for attempts in flight."""
_SUCCESSES = range(200, 300)
_FIRST_ERROR = 400
_TIMED_OUT = re.compile(r"no (connection|response) within|timed out")
_Request = tuple[str, str, str]


class Recorder:
    """Count how often each point is met by the workspaces that are made while it is started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._failed: WeakKeyDictionary[Workspace, dict[_Request, str]] = WeakKeyDictionary()
        self._receivers = (
            (signals.request_answered, self._note_request),
            (signals.option_read, self._note_option),
            (signals.delivery_attempted, self._note_attempt),
            (signals.delivery_cancelled, self._note_cancelled),
            (signals.delivery_dropped, self._note_dropped),
        )

    def start(self) -> None:
        """Begin to count."""
        for signal, receiver in self._receivers:
            signal.connect(receiver)

    def stop(self) -> None:
        """Count no longer."""
        for signal, receiver in self._receivers:
            signal.disconnect(receiver)

    def wait_for_attempts(self, *, timeout_seconds: float = MAX_WAIT_SECONDS) -> None:
        """Wait until the attempts in flight have ended, once all emulators are closed.

        A test often ends as soon as its app has the webhook, before the attempt has the response.
        """
        deadline = SystemClock.running_seconds() + timeout_seconds
        for thread in threading.enumerate():
            if thread.name.startswith(THREAD_NAME):
                thread.join(max(0.0, deadline - SystemClock.running_seconds()))

    def counts(self) -> dict[str, int]:
        """Return how often each point was met, by its id."""
        with self._lock:
            return dict(self._counts)

    def _count(self, *ids: str) -> None:
        with self._lock:
            self._counts.update(ids)

    # --- requests -----------------------------------------------------------------------------

    def _note_request(self, workspace: "Workspace | None", *, entry: "JournalEntry") -> None:
        operation, status = entry.operation, entry.status
        if operation is None:
            return
        effect = None if entry.fault_effect is None else effect_from_header(entry.fault_effect)
        if status is not None:
            name = SUCCESS if status in _SUCCESSES else str(status)
            self._count(f"operations/{operation}/{name}")
        if effect is not None:
            self._count(*(f"faults/{name}" for name in effect_names(effect)))
        if workspace is None:
            return
        self._note_retry(workspace, entry, _failure(status, effect))
        is_own = effect is None or effect.needs_app
        if status is not None and is_own:
            self._count(*self._schema_points(workspace.contract.plain, operation, status))

    def _note_retry(
        self, workspace: "Workspace", entry: "JournalEntry", failure: str | None
    ) -> None:
        request = entry.method, entry.path, str(entry.query)
        with self._lock:
            failed = self._failed.setdefault(workspace, {})
            earlier = failed.pop(request, None)
            if failure is not None:
                failed[request] = failure
        if earlier is not None:
            self._count(f"retries/{earlier}")

    def _schema_points(self, contract: Contract, operation: str, status: int) -> Iterator[str]:
        """Yield the points of the options that matter for the schemas of a request."""
        requests, responses = self._schema_options.get(operation, (frozenset(), frozenset()))
        options: frozenset[str] = frozenset()
        if status in _SUCCESSES:
            options = requests | responses
        elif status == HTTPStatus.BAD_REQUEST:
            options = requests
        for option in options:
            yield option_point(option, getattr(contract, option))

    @cached_property
    def _schema_options(self) -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
        """The options on which the schemas of an operation depend: of requests, of responses."""
        # A schema is made once for many requests, so no signal tells that it is used.
        emulator = Emulator()
        try:
            found = [operation for _, _, operation, _ in operations(create_app(emulator))]
        finally:
            emulator.close()
        by_operation = {}
        for operation in found:
            read_by_requests: set[str] = set()
            for source in (operation.query, operation.body):
                if source is not None:
                    make_schema(source, watched(CONTRACTS[DOCUMENTED], read_by_requests.add))
            read_by_responses: set[str] = set()
            make_schema(operation.response, watched(CONTRACTS[DOCUMENTED], read_by_responses.add))
            by_operation[operation.id] = frozenset(read_by_requests), frozenset(read_by_responses)
        return by_operation

    def _note_option(self, workspace: "Workspace", *, option: str) -> None:
        self._count(option_point(option, getattr(workspace.contract.plain, option)))

    # --- deliveries ---------------------------------------------------------------------------

    def _note_attempt(self, workspace: "Workspace", *, delivery: Delivery) -> None:
        attempt, contract = delivery.attempts[-1], workspace.contract.plain
        self._count(*(f"deliveries/{outcome}" for outcome in _outcomes(delivery, attempt)))
        applied = delivery.disruption
        # A duplicate has come only with its second attempt.
        if applied is not None and (applied.kind != DUPLICATE or attempt.trigger == DUPLICATE):
            self._count(f"disruptions/{applied.kind}")
        if attempt.is_success:
            current = EVENT_TYPES[contract.event_types.index(delivery.event_type)]
            self._count(f"events/{current}", option_point("event_types", contract.event_types))

    def _note_cancelled(self, _workspace: "Workspace", *, delivery: Delivery) -> None:
        del delivery
        self._count("deliveries/cancelled")

    def _note_dropped(self, _workspace: "Workspace", *, delivery: Delivery) -> None:
        applied = delivery.disruption
        if applied is not None:
            self._count(f"disruptions/{applied.kind}")


def _failure(status: int | None, effect: Effect | None) -> str | None:
    """Return the failure after which a request may be made again; None for no failure."""
    if status is None:
        return "no_response"
    if effect is not None and (effect.truncate or effect.malformed or effect.reset == "body"):
        return "broken_response"
    if status < _FIRST_ERROR:
        return None
    kind = status_class(status)
    return None if kind == "4xx" else kind


def _outcomes(delivery: Delivery, attempt: Attempt) -> Iterator[str]:
    """Yield the outcomes of the latest attempt of a delivery, and of the delivery with it."""
    if attempt.is_success:
        if attempt.trigger == "resend":
            yield "resend"
        elif attempt.trigger == "schedule":
            yield "first_attempt" if delivery.scheduled_count == 1 else "retry"
        return
    if attempt.trigger == "schedule" and delivery.state == EXHAUSTED:
        yield "exhausted"
    status = attempt.status_code
    if status is not None:
        yield "410" if status == HTTPStatus.GONE else f"{status // 100}xx"
    elif attempt.disruption is None:  # what a disruption does to an attempt is a point of its own
        yield "timeout" if _TIMED_OUT.search(attempt.error or "") else "no_connection"
