"""What a workspace has sent: the list behind `sendpilot.webhooks`."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import orjson

from mock_sendpilot.domain.clock import SystemClock, iso_milliseconds
from mock_sendpilot.domain.events import Event
from mock_sendpilot.domain.signals import deliveries_queued, delivery_attempted, delivery_cancelled
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.testing.expectation import Expectation, WebhookNotSeen
from mock_sendpilot.webhooks.deliveries import PENDING, Delivery
from mock_sendpilot.webhooks.endpoints import check_endpoint
from mock_sendpilot.webhooks.payloads import Payload


@dataclass(frozen=True, slots=True)
class SentWebhook:
    """One event as it was sent, with its delivery to each endpoint that wanted it."""

    event_id: str
    event_type: str
    body: bytes
    deliveries: tuple[Delivery, ...]

    @property
    def is_sent(self) -> bool:
        """Whether each endpoint that wanted it has had its first attempt, or was ended."""
        return all(one.attempts or one.state != PENDING for one in self.deliveries)

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

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._changed = threading.Condition()
        self._queued: dict[str, SentWebhook] = {}  # by event id, in the order of the events
        deliveries_queued.connect(self._on_queued, sender=workspace)
        delivery_attempted.connect(self._on_delivery, sender=workspace)
        delivery_cancelled.connect(self._on_delivery, sender=workspace)

    def wait_for(self, event_type: str, *, within: float = 2.0, **values: Any) -> SentWebhook:  # noqa: ANN401
        """The first webhook of this type whose data holds these values, waiting if need be.

        While the clock of the workspace is frozen nothing is sent, and there is no waiting.

        Args:
            event_type: such as `lead.status.changed`.
            within: seconds of real time.
            values: keys of `data` in snake case, such as `lead_id="lead_abc123"`.

        Raises:
            InvalidInput: the workspace's contract has no such event type.
            WebhookNotSeen: none was sent in time; it shows what was sent, and the nearest miss.
        """
        __tracebackhide__ = True
        return self.wait_for_all(event_type, count=1, within=within, **values)[0]

    def wait_for_all(
        self,
        event_type: str,
        *,
        count: int,
        within: float = 2.0,
        **values: Any,  # noqa: ANN401
    ) -> list[SentWebhook]:
        """The same for so many webhooks: the first `count` that fit, in their order.

        Raises:
            InvalidInput, WebhookNotSeen: as for `wait_for`.
        """
        __tracebackhide__ = True
        check_endpoint(self._workspace.contract, event_types=[event_type])
        wanted = Expectation(event_type, values)
        is_frozen = self._workspace.timekeeper.clock.is_frozen
        deadline = SystemClock.running_seconds() + (0 if is_frozen else within)
        looked_at: dict[str, SentWebhook] = {}
        fitting: dict[str, SentWebhook] = {}
        while len(fitting) < count:
            news = self._news_since(looked_at, deadline)
            if news is None:
                raise self._failure(wanted, within, count, len(fitting))
            for webhook in news:
                looked_at[webhook.event_id] = webhook
                if webhook.is_sent and not wanted.misses(webhook.body):
                    fitting[webhook.event_id] = webhook
        return list(fitting.values())[:count]

    def _news_since(
        self, looked_at: dict[str, SentWebhook], deadline: float
    ) -> list[SentWebhook] | None:
        """What is new or has changed, waiting for it if need be; None when the time is over."""
        with self._changed:
            while True:
                news = [
                    webhook
                    for webhook in self._queued.values()
                    if looked_at.get(webhook.event_id) is not webhook
                ]
                remaining = deadline - SystemClock.running_seconds()
                if news or remaining <= 0:
                    return news or None
                self._changed.wait(remaining)

    def _failure(
        self, wanted: Expectation, within: float, count: int, found: int
    ) -> WebhookNotSeen:
        sent = self._sent()
        waiting = len(self._queued) - len(sent)
        notes = [f"{found} of {count} came"] if count > 1 else []
        notes += [f"{waiting} more wait for their first attempt"] if waiting else []
        notes += self._note_on_the_clock()
        bodies = [webhook.body for webhook in sent]
        return wanted.failure(bodies, within=within, note="; ".join(notes))

    def _note_on_the_clock(self) -> list[str]:
        keeper = self._workspace.timekeeper
        if not keeper.clock.is_frozen:
            return []
        due_at = keeper.agenda.next_due_at()
        due = f"is due at {iso_milliseconds(due_at)}: advance the clock" if due_at else "is due"
        still = f"the clock stands still at {iso_milliseconds(keeper.clock.now())}"
        return [f"{still}, and {'the next task' if due_at else 'nothing'} {due}"]

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

    def _sent(self) -> list[SentWebhook]:
        with self._changed:
            queued = list(self._queued.values())
        return [webhook for webhook in queued if webhook.is_sent]

    def _on_queued(
        self, _workspace: Workspace, event: Event, payload: Payload, deliveries: list[Delivery]
    ) -> None:
        sent = SentWebhook(event.id, payload.event_type, payload.body, tuple(deliveries))
        with self._changed:
            self._queued[event.id] = sent
            self._changed.notify_all()

    def _on_delivery(self, _workspace: Workspace, delivery: Delivery) -> None:
        with self._changed:
            before = self._queued.get(delivery.event_id)
            if before is not None:
                now = tuple(delivery if o.id == delivery.id else o for o in before.deliveries)
                self._queued[delivery.event_id] = replace(before, deliveries=now)
                self._changed.notify_all()
