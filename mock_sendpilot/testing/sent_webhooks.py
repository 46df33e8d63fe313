"""The webhooks that a workspace has sent: the list behind `sendpilot.webhooks`."""

from typing import ClassVar

from mock_sendpilot.matching import EventPattern
from mock_sendpilot.testing.failures import WebhookNotSeen, no_endpoint
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.webhooks.event_log import SentWebhook, Stage


class SentWebhooks(RecordedEvents):
    """The webhooks of a workspace, oldest first: those of the latest 5,000 events that were sent.

    An event counts as sent when an endpoint wants it and each that does has had its first attempt.
    """

    _name: ClassVar[str] = "webhooks"
    _stage: ClassVar[Stage] = Stage.ATTEMPTED

    def _obstacle(self, pattern: EventPattern) -> str | None:
        if pattern.event_type is None or any(
            one.endpoint_count and not one.is_sent and pattern.matches(one.body)
            for one in self._all()
        ):
            return None
        return no_endpoint(self._outbox, self._workspace.contract, pattern.event_type)

    def _candidates(self) -> list[SentWebhook]:
        return [one for one in self._all() if one.endpoint_count]

    def _check_that_some_could_come(self, pattern: EventPattern) -> None:
        __tracebackhide__ = True
        if not self._outbox.endpoints.all():
            obstacle = no_endpoint(self._outbox, self._workspace.contract, pattern.event_type)
            if obstacle is not None:
                raise WebhookNotSeen(obstacle)
