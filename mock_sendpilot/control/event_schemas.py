"""The schemas of events: as they are listed, told in full, and triggered."""

from typing import Any

import orjson
from marshmallow import fields, post_load

from mock_sendpilot.api.fields import (
    Boolean,
    CamelCaseSchema,
    Choice,
    JsonObject,
    QueryNumber,
    Text,
    Timestamp,
)
from mock_sendpilot.control.schemas import DeliverySummary, Strict, last_outcome
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.deliveries import Attempt
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.triggers import TriggerRequest
from mock_sendpilot.world.events import ORIGINS

_MOST_WAIT_SECONDS = 30


class EventQuery(Strict):
    """The query of GET /_emulate/events."""

    event_type = Text()
    lead_id = Text()
    origin = Choice(ORIGINS)
    page = QueryNumber(1, 1_000_000, load_default=1)
    limit = QueryNumber(1, 100, load_default=50)


class ChangesQuery(Strict):
    """The query of GET /_emulate/events/changes; without `since`, from now on.

    `log` names the log that `since` is a number of.
    """

    since = QueryNumber(0, 999_999_999)
    log = Text()
    wait_seconds = QueryNumber(0, _MOST_WAIT_SECONDS, load_default=0)


class TriggerSchema(Strict):
    """The body of POST /_emulate/events."""

    event_type = Text(required=True)
    lead_id = Text(allow_none=True)
    campaign_id = Text(allow_none=True)
    job_id = Text(allow_none=True)
    sender_id = Text(allow_none=True)
    overrides = JsonObject(load_default=dict)
    text = Text(may_be_empty=True, allow_none=True)
    with_effects = Boolean(load_default=False)

    @post_load
    def _trigger(self, data: dict[str, Any], **_: object) -> tuple[TriggerRequest, bool]:
        """Return the trigger, and whether it has the effects of its cause."""
        with_effects = data.pop("with_effects")
        return TriggerRequest(**data), with_effects


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


class EventSummary(CamelCaseSchema):
    """An event in a list."""

    id = fields.String(attribute="event_id")
    event_type = fields.String()
    sequence = fields.Integer()
    occurred_at = Timestamp()
    lead_id = fields.String()
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
