"""The request journal: a list, and one request with its response and what was wrong with it."""

from functools import cached_property
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.control.exposure import is_public
from mock_sendpilot.dashboard.curl import curl
from mock_sendpilot.dashboard.rendering import ListPage, Page, render, with_workspace
from mock_sendpilot.errors import NotFound
from mock_sendpilot.traffic.faults import Fault
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.workspace import Workspace

requests = Blueprint("requests", __name__)

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
STATUSES = (
    ("2", "2xx, succeeded"),
    ("4", "4xx, refused"),
    ("5", "5xx, failed"),
    ("none", "no response"),
)
"""The values of the filter of statuses, with their labels."""
_HINT = "X-Emulator-Hint"
_MIN_FAILURE = 400
_KEY = "$MOCK_SENDPILOT_API_KEY"


class RequestsPage(ListPage):
    """The request journal."""

    template = "requests.html"
    section = "requests"
    title = "Requests"
    methods = METHODS
    statuses = STATUSES

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        arguments = request.args
        self.text = arguments.get("q", "").strip()
        self.method = arguments.get("method") or None
        self.status = arguments.get("status") or None
        self.is_without_key = arguments.get("key") == "none"
        self.has_fault = bool(arguments.get("fault"))

    @property
    def is_filtered(self) -> bool:
        """True if not all requests are listed."""
        return bool(self.text or self.method or self.status or self.has_fault)

    @cached_property
    def found(self) -> list[JournalEntry]:
        """The requests of all pages, newest first."""
        journal = current_emulator().unknown_requests if self.is_without_key else self.journal
        newest_first = journal.all()[::-1]
        if not self.is_filtered:  # an entry is unpacked only when somebody reads it
            return newest_first
        return [entry for entry in newest_first if self._matches(entry)]

    @property
    def rows(self) -> list[JournalEntry]:
        """The requests of this page."""
        return self.found[self.first - 1 : self.first - 1 + self.per_page]

    @property
    def total(self) -> int:
        """The number of requests on all pages."""
        return len(self.found)

    @property
    def example(self) -> str:
        """A request to begin with."""
        return self.curl("GET", self.api("campaigns"))

    @staticmethod
    def hint(entry: JournalEntry) -> str:
        """Return the hint of the response, if it has one."""
        return entry.response_headers.get(_HINT, "")

    def _matches(self, entry: JournalEntry) -> bool:
        if self.text and not (entry.mentions(self.text) or self.text == entry.id):
            return False
        if self.has_fault and entry.fault is None:
            return False
        return self.method in {None, entry.method} and self.status in {None, _class_of(entry)}


class RequestPage(Page):
    """One request."""

    template = "request.html"
    section = "requests"

    def __init__(self, workspace: Workspace, entry_id: str) -> None:
        super().__init__(workspace)
        unknown = current_emulator().unknown_requests
        journal = unknown if unknown.has(entry_id) else self.journal
        self.entry = journal.get(entry_id)
        self.title = f"{self.entry.method} {self.entry.path}"

    @property
    def hint(self) -> str:
        """The hint of the response: the nearest name, the remedy."""
        return self.entry.response_headers.get(_HINT, "")

    @property
    def is_failure(self) -> bool:
        """True without a response, or with a 4xx or 5xx."""
        status = self.entry.status
        return status is None or status >= _MIN_FAILURE

    @property
    def message(self) -> str:
        """The sentence of the error."""
        reply = self.entry.response_json
        found = reply.get("message") or reply.get("error") if isinstance(reply, dict) else None
        return "; ".join(map(str, found)) if isinstance(found, list) else str(found or "")

    @property
    def fault(self) -> Fault | None:
        """The fault that has hit the request, if it is armed still."""
        if self.entry.fault is None:
            return None
        try:
            return current_emulator().faults(self.workspace).get(self.entry.fault)
        except NotFound:
            return None

    @property
    def caused(self) -> list[SentWebhook]:
        """The events that it has caused, of those that the log has."""
        found = []
        for event_id in self.entry.events:
            try:
                found.append(self.outbox.events.get(event_id))
            except NotFound:
                continue
        return found

    @property
    def command(self) -> str:
        """The command that makes the request once more; a key that is not public is left out."""
        key = self._key
        return self._command(key if key and is_public(key) else _KEY)

    @property
    def full_command(self) -> str | None:
        """The command with the API key; None if the other has it, or if it is unknown."""
        key = self._key
        return self._command(key) if key and not is_public(key) else None

    @property
    def _key(self) -> str | None:
        keys = self.api_keys
        named = [key.key for key in keys if key.name == self.entry.api_key_name]
        return next(iter(named), None)

    def _command(self, key: str) -> str:
        entry = self.entry
        query = f"?{urlencode(entry.query, doseq=True)}" if entry.query else ""
        url = f"{request.host_url.rstrip('/')}{entry.path}{query}"
        lines = () if entry.api_key_name is None else (f'-H "X-API-Key: {key}"',)
        return curl(entry.method, url, entry.headers, entry.body, lines=lines)


@requests.get("/<opaque:workspace_id>/requests")
@with_workspace
def list_requests(workspace: Workspace) -> Response:
    """Show the requests that match the filters."""
    return render(RequestsPage(workspace))


@requests.get("/<opaque:workspace_id>/requests/<opaque:entry_id>")
@with_workspace
def show_request(workspace: Workspace, entry_id: str) -> Response:
    """Show one request."""
    return render(RequestPage(workspace, entry_id))


def _class_of(entry: JournalEntry) -> str:
    return "none" if entry.status is None else str(entry.status)[:1]
