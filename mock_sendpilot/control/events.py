"""`/_emulate/events`: what has happened and who was sent it; events triggered by hand."""

from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Response
from marshmallow import fields

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import (
    Boolean,
    CamelCaseSchema,
    Choice,
    JsonObject,
    QueryNumber,
    Text,
    Timestamp,
)
from mock_sendpilot.api.paging import Page, Pagination
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.deliveries import DeliverySummary, last_outcome
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.guard import MAX_POLL_SECONDS, waiting
from mock_sendpilot.control.query import takes_query
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.event_log import EventFilter
from mock_sendpilot.webhooks.triggers import (
    SubjectRequired,
    TriggerRequest,
    choose_subject,
    trigger_event,
)
from mock_sendpilot.world.events import ORIGINS
from mock_sendpilot.world.workspace import Workspace

events = Blueprint("events", __name__)


class EventQuery(Strict):
    """The query of GET /_emulate/events."""

    event_type = Text()
    lead_id = Text()
    origin = Choice(ORIGINS)
    page = QueryNumber(1, 1_000_000, load_default=1)
    limit = QueryNumber(1, 100, load_default=50)


class ChangesQuery(Strict):
    """The query of GET /_emulate/events/changes; without `since`, from now on.

    `log` is the id of the log that counted to `since`.
    """

    since = QueryNumber(0, 999_999_999)
    log = Text()
    wait_seconds = QueryNumber(0, MAX_POLL_SECONDS, load_default=0)


class Trigger(Strict):
    """The body of POST /_emulate/events."""

    event_type = Text(required=True)
    lead_id = Text(allow_none=True)
    campaign_id = Text(allow_none=True)
    job_id = Text(allow_none=True)
    sender_id = Text(allow_none=True)
    overrides = JsonObject(load_default=dict)
    text = Text(may_be_empty=True, allow_none=True)
    with_effects = Boolean(load_default=False)


class EventSummary(CamelCaseSchema):
    """An event in a list."""

    id = fields.String(attribute="event_id")
    event_type = fields.String()
    sequence = fields.Integer()
    occurred_at = Timestamp()
    lead_id = fields.String()
    origin = fields.String()
    cause = fields.Function(
        lambda webhook: webhook.cause and {"kind": webhook.cause.kind, "id": webhook.cause.id}
    )
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
    # The bytes as they were signed: parsed and written again they might differ.
    body = fields.Function(lambda webhook: orjson.Fragment(webhook.body))


class ChangedEvent(EventSummary):
    """An event with its body and a summary of each attempt, for those who watch."""

    deliveries = fields.Function(
        lambda webhook: [_delivery_with_attempts(one) for one in webhook.deliveries]
    )
    body = fields.Function(lambda webhook: orjson.Fragment(webhook.body))


def _delivery_with_attempts(delivery: Delivery) -> dict[str, Any]:
    # Without headers and bodies: it is sent to each who watches, again after each attempt.
    applied, due_at = delivery.disruption, delivery.next_attempt_at
    return {
        "id": delivery.id,
        "endpointId": delivery.endpoint_id,
        "state": delivery.state,
        "reason": delivery.reason,
        "disruption": applied
        and {
            "id": applied.disruption_id,
            "kind": applied.kind,
            "options": dict(applied.options),
        },
        "nextAttemptAt": iso_milliseconds(due_at) if due_at else None,
        "attempts": [
            {
                "number": attempt.number,
                "trigger": attempt.trigger,
                "disruption": attempt.disruption,
                "url": attempt.url,
                "at": iso_milliseconds(attempt.started_at),
                "durationMs": round(attempt.duration_seconds * 1000, 1),
                "success": attempt.is_success,
                "outcome": last_outcome([attempt]),
            }
            for attempt in delivery.attempts
        ],
    }


@events.get("/events")
@with_workspace
@takes_query(EventQuery)
def list_events(workspace: Workspace, query: dict[str, Any]) -> Response:
    """Return the events that match the filters, newest first."""
    page, limit = query.pop("page"), query.pop("limit")
    event_filter, outbox = EventFilter(**query), current_emulator().outbox(workspace)
    outbox.check_target(None, EventPattern(event_filter.event_type))
    newest_first = reversed(outbox.events.all())
    found = Page([one for one in newest_first if event_filter.matches(one)], page, limit)
    rows = EventSummary(many=True).dump(found.items)
    return json_response({"events": rows, "pagination": Pagination().dump(found.pagination)})


@events.get("/events/changes")
@with_workspace
@takes_query(ChangesQuery)
def list_changes(workspace: Workspace, query: dict[str, Any]) -> Response:
    """Return the events that are new or whose deliveries have changed, once there are any."""
    log = current_emulator().outbox(workspace).events
    since = query.get("since", log.latest_change)
    if query.get("log", log.id) != log.id:  # the server was restarted: all of its log is new
        since = 0
    seconds = query["wait_seconds"]
    with waiting(seconds):
        found, latest = log.changed_since(since, timeout_seconds=seconds)
    return json_response(
        {"events": ChangedEvent(many=True).dump(found), "latest": latest, "log": log.id}
    )


@events.get("/events/<opaque:event_id>")
@with_workspace
def get_event(workspace: Workspace, event_id: str) -> Response:
    """Return an event with its body and its deliveries."""
    return json_response(
        EventDetail().dump(current_emulator().outbox(workspace).events.get(event_id))
    )


@events.post("/events")
@with_workspace
def create_event(workspace: Workspace) -> Response:
    """Send an event about an existing lead, campaign or job; or do what causes it.

    A subject that the body leaves out is chosen, and the reply names it as `chosen`.
    """
    body = Trigger().load(json_object())
    with_effects = body.pop("with_effects")
    requested = TriggerRequest(**body)
    outbox = current_emulator().outbox(workspace)
    try:
        trigger = choose_subject(workspace, requested, with_effects=with_effects)
        sent = trigger_event(workspace, outbox, trigger, with_effects=with_effects)
    except SubjectRequired as error:
        raise InvalidInput(f"{camel_case(error.field)} is required: {error.reason}") from None
    reply = EventDetail().dump(sent)
    chosen = {
        camel_case(name): getattr(trigger, name)
        for name in ("lead_id", "campaign_id", "job_id")
        if getattr(trigger, name) != getattr(requested, name)
    }
    return json_response({**reply, "chosen": chosen} if chosen else reply, HTTPStatus.CREATED)
