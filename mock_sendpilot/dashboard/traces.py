"""The trace: a chain from a request to the responses of receivers, and the details of one part."""

from functools import cached_property
from operator import attrgetter

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.dashboard.deliveries import AttemptView, attempt_views
from mock_sendpilot.dashboard.rendering import render, with_workspace
from mock_sendpilot.dashboard.waterfall import WIDTH, Waterfall, waterfall
from mock_sendpilot.dashboard.webhooks import DeliveriesPage
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.traffic.trace import trace, trace_of_failures
from mock_sendpilot.traffic.trace_tree import TraceNode
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.workspace import Workspace

traces = Blueprint("traces", __name__)

_MAX_LATEST = 20
_MAX_FAILURES = 10
_MAX_SEARCHED = 500


class TracesPage(DeliveriesPage):
    """The latest chains, to choose one."""

    template = "traces.html"
    section = "trace"
    title = "Trace"

    @property
    def failures(self) -> list[TraceNode]:
        """The attempts, and the requests of receivers, that failed last, the latest first."""
        unknown = current_emulator().unknown_requests
        trees = trace_of_failures(
            self.outbox, self.journal, unknown=unknown, max_count=_MAX_FAILURES
        )
        failed = [node for node in trees.nodes() if node.is_match and node.real_at is not None]
        return sorted(failed, key=attrgetter("real_at"), reverse=True)

    @property
    def latest(self) -> list[JournalEntry]:
        """The latest requests that have caused events, newest first."""
        newest_first = self.journal.all()[: -_MAX_SEARCHED - 1 : -1]
        return [entry for entry in newest_first if entry.events][:_MAX_LATEST]

    @property
    def example(self) -> str:
        """A request that begins a chain."""
        leads, _ = self.store.lead_slice(0, 1)
        if not leads:
            return self.curl("GET", self.api("campaigns"))
        status = self.workspace.contract.patch_statuses[-1]
        return self.curl("PATCH", self.api("leads", leads[0].id, "status"), {"status": status})


class TracePage(DeliveriesPage):
    """One chain, and the details of one of its nodes."""

    template = "trace.html"
    section = "trace"
    width = WIDTH

    def __init__(self, workspace: Workspace, an_id: str) -> None:
        super().__init__(workspace)
        self.id = an_id
        self.title = f"Trace of {an_id}"
        self.trace = trace(
            an_id,
            workspace,
            self.outbox,
            self.journal,
            unknown=current_emulator().unknown_requests,
        )

    @cached_property
    def waterfall(self) -> Waterfall:
        """The rows of the chain."""
        return waterfall(self.trace)

    @cached_property
    def node(self) -> TraceNode | None:
        """The node whose details are open: the one that was chosen, or what the id stands for."""
        nodes = list(self.trace.nodes())
        chosen = request.args.get("node", "")
        by_id = {node.id: node for node in nodes}
        matches = [node for node in nodes if node.is_match]
        return by_id.get(chosen) or next(iter(matches or nodes), None)

    @property
    def entry(self) -> JournalEntry | None:
        """The request of the node."""
        if not self._is("request"):
            return None
        for journal in (self.journal, current_emulator().unknown_requests):
            for entry in journal.all():
                if self.node and entry.id == self.node.id:
                    return entry
        return None

    @property
    def event(self) -> SentWebhook | None:
        """The event of the node."""
        return self.outbox.events.get(self.node.id) if self._is("event") and self.node else None

    @property
    def delivery(self) -> Delivery | None:
        """The delivery of the node, or of its attempt."""
        return self.outbox.log.find(self.node.id.partition(":")[0]) if self.node else None

    @property
    def attempt(self) -> AttemptView | None:
        """The attempt of the node."""
        delivery = self.delivery
        if not self._is("attempt") or delivery is None or self.node is None:
            return None
        number = self.node.id.rpartition(":")[2]
        endpoint = self.outbox.endpoints.find(delivery.endpoint_id)
        views = attempt_views(delivery, endpoint)
        return next((one for one in views if str(one.attempt.number) == number), None)

    def node_url(self, node: TraceNode) -> str | None:
        """Return the URL of the page of a node; None if the logs have it no longer."""
        if node.is_missing:
            return None
        section = {"request": "requests", "event": "events"}.get(node.kind, "deliveries")
        return self.url(section, node.id.partition(":")[0])

    def _is(self, kind: str) -> bool:
        node = self.node
        return node is not None and node.kind == kind and not node.is_missing


@traces.get("/<opaque:workspace_id>/trace")
@with_workspace
def list_traces(workspace: Workspace) -> AnyResponse:
    """Show the latest chains; or the one with the id that somebody looks for."""
    page = TracesPage(workspace)
    wanted = request.args.get("id", "").strip()
    return redirect(page.url("trace", wanted), 303) if wanted else render(page)


@traces.get("/<opaque:workspace_id>/trace/<opaque:an_id>")
@with_workspace
def show_trace(workspace: Workspace, an_id: str) -> Response:
    """Show the chain with what an id stands for."""
    return render(TracePage(workspace, an_id))
