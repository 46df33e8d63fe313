"""Search for any id or text: straight to what has that id, else to the leads that match."""

from contextlib import suppress
from http import HTTPStatus

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.dashboard.rendering import Page, with_workspace
from mock_sendpilot.errors import NotFound
from mock_sendpilot.traffic.trace_index import TraceIndex
from mock_sendpilot.world.workspace import Workspace

finding = Blueprint("finding", __name__)


@finding.get("/<opaque:workspace_id>/find")
@with_workspace
def find(workspace: Workspace) -> Response:
    """Go to the page of the id, or to the leads that match the text."""
    text = request.args.get("q", "").strip()
    page = Page(workspace)
    return redirect(_page_of(page, text) or page.url("leads", q=text), HTTPStatus.SEE_OTHER)


def _page_of(page: Page, text: str) -> str | None:
    workspace = page.workspace
    for section, find_one in (
        ("leads", workspace.store.lead),
        ("campaigns", workspace.store.campaign),
        ("jobs", workspace.job_runner),
        ("endpoints", page.outbox.endpoints.get),
        ("deliveries", page.outbox.log.get),
        ("events", page.outbox.events.get),
        ("requests", page.journal.get),
        ("requests", current_emulator().unknown_requests.get),
    ):
        with suppress(NotFound):
            find_one(text)
            return page.url(section, text)
    has_conversation = any(one.id == text for one in workspace.inbox.conversations())
    if has_conversation:
        return page.url("inbox", text)
    # An X-Request-Id, a message id, an attempt or a trace id; no id has a space.
    index = TraceIndex(page.outbox, (current_emulator().unknown_requests, page.journal))
    is_known = bool(text) and " " not in text and bool(index.ids_of(text))
    return page.url("trace", text) if is_known else None
