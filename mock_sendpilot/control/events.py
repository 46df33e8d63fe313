"""`/_emulate/events`: what has happened and how it was told; events made by hand."""

from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.paging import Page, Pagination
from mock_sendpilot.api.parsing import json_object, query_parameters
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.control.event_schemas import (
    ChangedEvent,
    ChangesQuery,
    EventDetail,
    EventQuery,
    EventSummary,
    TriggerSchema,
)
from mock_sendpilot.control.waiting_room import waiting
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.webhooks.event_log import EventFilter
from mock_sendpilot.webhooks.triggers import choose_subject, trigger_event
from mock_sendpilot.world.workspace import Workspace

events = Blueprint("events", __name__)


@events.get("/events")
@with_workspace
def list_events(workspace: Workspace) -> Response:
    """The events that match the filters, newest first."""
    query = EventQuery().load(query_parameters())
    page, limit = query.pop("page"), query.pop("limit")
    wanted, outbox = EventFilter(**query), outbox_of(workspace)
    outbox.check_target(None, EventPattern(wanted.event_type))
    newest_first = reversed(outbox.events.all())
    found = Page([one for one in newest_first if wanted.matches(one)], page, limit)
    rows = EventSummary(many=True).dump(found.items)
    return json_response({"events": rows, "pagination": Pagination().dump(found.pagination)})


@events.get("/events/changes")
@with_workspace
def list_changes(workspace: Workspace) -> Response:
    """The events that have come or whose deliveries have changed, as soon as there are some."""
    query = ChangesQuery().load(query_parameters())
    log = outbox_of(workspace).events
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
    """One event with its body and its deliveries."""
    return json_response(EventDetail().dump(outbox_of(workspace).events.get(event_id)))


@events.post("/events")
@with_workspace
def create_event(workspace: Workspace) -> Response:
    """Tell one of the twelve events of something that is there; or do what causes it.

    Where it is not said of what, something suitable is taken, and the answer names it as `chosen`.
    """
    wanted, with_effects = TriggerSchema().load(json_object())
    about = choose_subject(workspace, wanted, with_effects=with_effects)
    sent = trigger_event(workspace, outbox_of(workspace), about, with_effects=with_effects)
    answer = EventDetail().dump(sent)
    chosen = {
        camel_case(name): getattr(about, name)
        for name in ("lead_id", "campaign_id", "job_id")
        if getattr(about, name) != getattr(wanted, name)
    }
    return json_response({**answer, "chosen": chosen} if chosen else answer, HTTPStatus.CREATED)
