"""The events: a list, one event with its deliveries, and a form that triggers one."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, request

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.dashboard.rendering import ListPage, render, with_workspace
from mock_sendpilot.dashboard.webhooks import DeliveriesPage
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.webhooks import payloads
from mock_sendpilot.webhooks.event_log import EventFilter, SentWebhook
from mock_sendpilot.world.events import ORIGINS
from mock_sendpilot.world.samples import sample_event
from mock_sendpilot.world.workspace import Workspace

events = Blueprint("events", __name__)

_MAX_LATEST = 8
_MAX_SUGGESTIONS = 50
_KINDS: Mapping[type, str] = {bool: "switch", int: "number", float: "number", str: ""}
"""The kinds of fields of a form by the type of an example; of any other it is JSON."""


class EventsPage(ListPage, DeliveriesPage):
    """The events."""

    template = "events.html"
    title = "Events"
    origins = ORIGINS

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.event_type = request.args.get("event") or None
        self.origin = request.args.get("origin") or None
        self.lead_id = request.args.get("lead", "").strip() or None

    @property
    def is_filtered(self) -> bool:
        """True if not all events are listed."""
        return bool(self.event_type or self.origin or self.lead_id)

    @cached_property
    def found(self) -> list[str]:
        """The ids of the events of all pages, newest first; no body is made of them."""
        criteria = EventFilter(self.event_type, self.lead_id, self.origin)
        newest_first = reversed(self.outbox.events.state())
        return [one.sent.event_id for one in newest_first if criteria.matches(one.sent)]

    @cached_property
    def rows(self) -> list[SentWebhook]:
        """The events of this page."""
        ids = self.found[self.first - 1 : self.first - 1 + self.per_page]
        return [self.outbox.events.get(event_id) for event_id in ids]

    @property
    def total(self) -> int:
        """The number of events on all pages."""
        return len(self.found)


class EventPage(DeliveriesPage):
    """One event."""

    template = "event.html"

    def __init__(self, workspace: Workspace, event_id: str) -> None:
        super().__init__(workspace)
        self.event = self.outbox.events.get(event_id)
        self.title = self.event.event_type

    @property
    def cause_url(self) -> str | None:
        """The URL of the page of the cause, if it has one."""
        cause = self.event.cause
        if cause is None or cause.id is None:
            return None
        return self.url("events" if cause.id.startswith("evt_") else "requests", cause.id)


@dataclass(frozen=True, slots=True)
class Field:
    """A key of the data of an event: the name of its field in the form, and an example."""

    key: str
    kind: str
    example: Any

    @property
    def name(self) -> str:
        """The name of the field."""
        suffix = f":{self.kind}" if self.kind else ""
        return f"body.overrides.{self.key}{suffix}"


class TriggerPage(DeliveriesPage):
    """The form that triggers an event, made from its example body."""

    template = "trigger.html"
    title = "Trigger an event"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        wanted = request.args.get("event") or words.LEAD_UPDATED
        own = workspace.contract.own_event_type(wanted)
        self.event_type = own if own in self.examples else next(iter(self.examples))

    @cached_property
    def examples(self) -> dict[str, dict[str, Any]]:
        """An example body of each event under the contract, by event type."""
        contract = self.workspace.contract
        bodies = {}
        for name in words.EVENT_TYPES:
            event = sample_event(name, workspace_id=self.workspace.id)
            event_type = payloads.event_type(event, contract)
            if event_type is not None:
                bodies[event_type] = dict(payloads.content(event, event_type, contract))
        return bodies

    @property
    def example(self) -> dict[str, Any]:
        """The example body of the event."""
        return self.examples[self.event_type]

    @property
    def subject(self) -> tuple[str, str]:
        """The name of the field for what the event is about, and its label."""
        name = words.EVENT_TYPES[self.workspace.contract.event_types.index(self.event_type)]
        if name.startswith("campaign."):
            return "campaignId", "Campaign"
        if name in {words.SEARCH_COMPLETED, words.EXTRACTION_COMPLETED}:
            return "jobId", "Job"
        return "leadId", "Lead"

    @property
    def suggestions(self) -> Iterator[tuple[str, str]]:
        """Ids of subjects, with their names."""
        kind = self.subject[0]
        if kind == "campaignId":
            yield from ((one.id, one.name) for one in self.store.campaigns()[:_MAX_SUGGESTIONS])
        elif kind == "leadId":
            leads, _ = self.store.lead_slice(0, _MAX_SUGGESTIONS)
            yield from ((one.id, one.full_name or one.id) for one in leads)
        else:
            jobs = (*self.workspace.searches.all(), *self.workspace.extractions.all())
            yield from ((one.id, one.name) for one in jobs[-_MAX_SUGGESTIONS:])

    @property
    def fields(self) -> Iterator[Field]:
        """The keys of its data, as fields of the form."""
        for key, example in self.example["data"].items():
            if key != self.subject[0]:
                yield Field(key, _KINDS.get(type(example), "json"), example)

    @property
    def latest(self) -> list[SentWebhook]:
        """The latest events, newest first."""
        return self.outbox.events.select(EventFilter(), count=_MAX_LATEST)

    @property
    def command(self) -> str:
        """The command that triggers the event."""
        return self.curl("POST", self.control("events"), {"eventType": self.event_type})


@events.get("/<opaque:workspace_id>/events")
@with_workspace
def list_events(workspace: Workspace) -> Response:
    """Show the events that match the filters."""
    return render(EventsPage(workspace))


@events.get("/<opaque:workspace_id>/events/<opaque:event_id>")
@with_workspace
def show_event(workspace: Workspace, event_id: str) -> Response:
    """Show one event."""
    return render(EventPage(workspace, event_id))


@events.get("/<opaque:workspace_id>/trigger")
@with_workspace
def show_trigger(workspace: Workspace) -> Response:
    """Show the form that triggers an event."""
    return render(TriggerPage(workspace))
