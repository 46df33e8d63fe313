"""What a workspace has sent: the list behind `sendpilot.webhooks`."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import orjson

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.domain.events import Event
from mock_sendpilot.domain.signals import deliveries_queued, delivery_attempted
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.testing.expectation import Expectation
from mock_sendpilot.webhooks.deliveries import PENDING, Delivery
from mock_sendpilot.webhooks.endpoints import check_event_types
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.payloads import Payload


@dataclass(frozen=True, slots=True)
class SentWebhook:
    """One event as it was sent, with its delivery to each endpoint that wanted it."""

    event_id: str
    event_type: str
    body: bytes
    deliveries: tuple[Delivery, ...]

    @property
    def json(self) -> dict[str, Any]:
        """The whole body: `eventId, eventType, timestamp, workspaceId, data`."""
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed

    @property
    def data(self) -> dict[str, Any]:
        """The `data` of the body."""
        data: dict[str, Any] = self.json["data"]
        return data


class SentWebhooks(Sequence[SentWebhook]):
    """The webhooks of a workspace, oldest first.

    A webhook counts as sent when each endpoint that wants it has had its first attempt, and at once
    where there is no such endpoint. So after `wait_for` the app under test has handled it.
    """

    def __init__(self, workspace: Workspace, outbox: Outbox) -> None:
        self._workspace = workspace
        self._outbox = outbox
        self._changed = threading.Condition()
        self._queued: list[SentWebhook] = []
        deliveries_queued.connect(self._on_queued, sender=workspace)
        delivery_attempted.connect(self._on_attempted, sender=workspace)

    def wait_for(self, event_type: str, *, within: float = 2.0, **values: Any) -> SentWebhook:  # noqa: ANN401
        """The first webhook of this type whose data holds these values, waiting if need be.

        Args:
            event_type: such as `lead.status.changed`.
            within: seconds of real time.
            values: keys of `data` in snake case, such as `lead_id="lead_abc123"`.

        Raises:
            InvalidInput: the workspace's contract has no such event type.
            WebhookNotSeen: none was sent in time; it shows what was sent, and the nearest miss.
        """
        __tracebackhide__ = True
        check_event_types(self._workspace.contract, [event_type])
        wanted = Expectation(event_type, values)
        deadline = SystemClock.running_seconds() + within
        with self._changed:
            while (found := self._first(wanted)) is None:
                remaining = deadline - SystemClock.running_seconds()
                if remaining <= 0:
                    waiting = len(self._queued) - len(self._sent())
                    note = f"{waiting} more wait for their first attempt" if waiting else ""
                    bodies = [webhook.body for webhook in self._sent()]
                    raise wanted.failure(bodies, within=within, note=note)
                self._changed.wait(remaining)
            return found

    def __len__(self) -> int:
        return len(self._sent())

    def __iter__(self) -> Iterator[SentWebhook]:
        return iter(self._sent())

    @overload
    def __getitem__(self, index: int) -> SentWebhook: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SentWebhook]: ...
    def __getitem__(self, index: int | slice) -> SentWebhook | Sequence[SentWebhook]:
        return self._sent()[index]

    def __repr__(self) -> str:
        return f"<SentWebhooks {[webhook.event_type for webhook in self]}>"

    def _first(self, wanted: Expectation) -> SentWebhook | None:
        return next((sent for sent in self._sent() if not wanted.misses(sent.body)), None)

    def _sent(self) -> list[SentWebhook]:
        refreshed = [self._refreshed(webhook) for webhook in list(self._queued)]
        return [webhook for webhook in refreshed if all(map(_is_tried, webhook.deliveries))]

    def _refreshed(self, webhook: SentWebhook) -> SentWebhook:
        """The webhook with its deliveries as they are now."""
        find = self._outbox.log.find
        now = tuple(find(delivery.id) or delivery for delivery in webhook.deliveries)
        return SentWebhook(webhook.event_id, webhook.event_type, webhook.body, now)

    def _on_queued(
        self, _workspace: Workspace, event: Event, payload: Payload, deliveries: list[Delivery]
    ) -> None:
        with self._changed:
            sent = SentWebhook(event.id, payload.event_type, payload.body, tuple(deliveries))
            self._queued.append(sent)
            self._changed.notify_all()

    def _on_attempted(self, _workspace: Workspace, delivery: Delivery) -> None:
        del delivery
        with self._changed:
            self._changed.notify_all()


def _is_tried(delivery: Delivery) -> bool:
    return bool(delivery.attempts) or delivery.state != PENDING
