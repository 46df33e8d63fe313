"""The schemas of events: as they are listed, told in full, and triggered."""

from typing import Any

import orjson
from marshmallow import Schema, fields, post_load

from mock_sendpilot.api.fields import Boolean, Choice, JsonObject, QueryNumber, Text, Timestamp
from mock_sendpilot.control.schemas import DeliverySummary, Strict, last_outcome
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.deliveries import Attempt
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.triggers import Trigger
from mock_sendpilot.world.events import ORIGINS

_MOST_WAIT_SECONDS = 30


class EventQuery(Strict):
    """The query of GET /_emulate/events."""

    eventType = Text(attribute="event_type")  # noqa: N815 - as the vendor spells
    leadId = Text(attribute="lead_id")  # noqa: N815
    origin = Choice(ORIGINS)
    page = QueryNumber(1, 1_000_000, load_default=1)
    limit = QueryNumber(1, 100, load_default=50)


class ChangesQuery(Strict):
    """The query of GET /_emulate/events/changes; without `since`, from now on.

    `log` names the log that `since` is a number of.
    """

    since = QueryNumber(0, 999_999_999)
    log = Text()
    waitSeconds = QueryNumber(  # noqa: N815
        0, _MOST_WAIT_SECONDS, attribute="wait_seconds", load_default=0
    )


class TriggerSchema(Strict):
    """The body of POST /_emulate/events."""

    eventType = Text(required=True, attribute="event_type")  # noqa: N815
    leadId = Text(attribute="lead_id", allow_none=True)  # noqa: N815
    campaignId = Text(attribute="campaign_id", allow_none=True)  # noqa: N815
    jobId = Text(attribute="job_id", allow_none=True)  # noqa: N815
    senderId = Text(attribute="sender_id", allow_none=True)  # noqa: N815
    overrides = JsonObject(load_default=dict)
    text = Text(may_be_empty=True, allow_none=True)
    withEffects = Boolean(attribute="with_effects", load_default=False)  # noqa: N815

    @post_load
    def _trigger(self, data: dict[str, Any], **_: object) -> tuple[Trigger, bool]:
        """Return the trigger, and whether it has the effects of its cause."""
        with_effects = data.pop("with_effects")
        return Trigger(**data), with_effects


def _followed(webhook: SentWebhook) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "endpointId": one.endpoint_id,
            "state": one.state,
            "reason": one.reason,
            "disruption": {"id": it.disruption_id, "kind": it.kind, "options": dict(it.options)}
            if (it := one.disruption)
            else None,
            "nextAttemptAt": iso_milliseconds(one.next_attempt_at) if one.next_attempt_at else None,
            "attempts": [_attempt(attempt) for attempt in one.attempts],
        }
        for one in webhook.deliveries
    ]


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "disruption": attempt.disruption,
        "url": attempt.url,
        "at": iso_milliseconds(attempt.started_at),
        "durationMs": round(attempt.duration_seconds * 1000, 1),
        "success": attempt.is_success,
        "outcome": last_outcome([attempt]),
    }


class EventSummary(Schema):
    """An event in a list."""

    id = fields.String(attribute="event_id")
    eventType = fields.String(attribute="event_type")  # noqa: N815
    sequence = fields.Integer()
    occurredAt = Timestamp(attribute="occurred_at")  # noqa: N815
    leadId = fields.String(attribute="lead_id")  # noqa: N815
    origin = fields.String()
    deliveries = fields.Function(
        lambda webhook: [
            {"id": one.id, "endpointId": one.endpoint_id, "state": one.state}
            for one in webhook.deliveries
        ]
    )


class EventDetail(EventSummary):
    """An event with its body and its deliveries."""

    deliveries = fields.Function(
        lambda webhook: DeliverySummary(many=True).dump(webhook.deliveries)
    )
    body = fields.Function(lambda webhook: orjson.loads(webhook.body))


class ChangedEvent(EventSummary):
    """An event with each attempt in short, for those who watch."""

    deliveries = fields.Function(_followed)
    body = fields.Function(lambda webhook: orjson.loads(webhook.body))
