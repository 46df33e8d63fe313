"""The page of evidence: one HTML file that needs no network and runs no script."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mock_sendpilot.dashboard import formats
from mock_sendpilot.evidence.document import WorkspaceEvidence, text_of
from mock_sendpilot.evidence.files import DATA_ID, MAX_BYTES, embedded
from mock_sendpilot.evidence.recording import Step, TurnStep
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.testing.failures import TimelineRow, timeline_rows
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook

if TYPE_CHECKING:
    from mock_sendpilot.explorer.exploring import Exploration

_FOLDER = Path(__file__).parent
_DASHBOARD_STYLE = _FOLDER.parent / "dashboard" / "static" / "dashboard.css"
_TOO_LARGE = "the requests and the state at the beginning need more than the file may have"
_MAX_FAILURE_LENGTH = 20_000
_MARGIN = 2000  # longer than any secret


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a page shows: rows of each list, and characters of each body and header."""

    rows: int
    characters: int


_LIMITS = (
    Limits(400, 20_000),
    Limits(400, 4_000),
    Limits(200, 2_000),
    Limits(100, 1_000),
    Limits(40, 400),
    Limits(10, 200),
)
"""Tried one after the other, until the file is small enough."""


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a body on the page; `cut` says what is left out, if anything."""

    text: str
    cut: str = ""


class WorkspacePage:
    """A workspace as the page shows it.

    Args:
        evidence: what happened in it.
        number: its number on the page.
        limits: the numbers of its parts that fit on the page.
    """

    def __init__(self, evidence: WorkspaceEvidence, number: int, limits: Limits) -> None:
        self.label = evidence.label
        self.number = number
        self.contract = evidence.backend.contract.name
        self.random_seed = evidence.masks.text(evidence.view.workspace.random_seed)
        self.problem = evidence.recording.problem
        self.clock = evidence.view.workspace.clock
        self.first_clock = (
            None if evidence.recording.state is None else evidence.recording.state.world.clock
        )
        self.due = evidence.view.workspace.scheduler.next_due()
        self._evidence = evidence
        self._limits = limits
        rows = timeline_rows(evidence.entries, evidence.events)
        self.omitted_count = max(0, len(rows) - limits.rows)
        self.rows = rows[self.omitted_count :]
        self.entries = evidence.entries[-limits.rows :]
        self.unknown = evidence.unknown[-limits.rows :]
        self.steps = evidence.recording.steps[-limits.rows :]
        self.step_count = len(evidence.recording.steps)
        self.events = evidence.events[-limits.rows :]
        self.request_count, self.event_count = len(evidence.entries), len(evidence.events)
        self.attempt_count = sum(
            len(delivery.attempts) for event in evidence.events for delivery in event.deliveries
        )
        self.endpoints = evidence.view.outbox.endpoints.all()
        self._known = {one.id for one in self.entries} | {one.event_id for one in self.events}

    def anchor(self, id_: str) -> str:
        """Return the anchor of a request or an event."""
        return f"{self.number}-{id_}"

    def call(self, step: Step) -> str:
        """Return a call of the sandbox as a line."""
        if isinstance(step, TurnStep):
            return f"the clock is moved to {iso_milliseconds(step.to)}"
        request = step.request
        body = "" if request.body is None else f" {formats.json(request.body)}"
        return self.text(f"{request.method} {request.path}{body}")

    def target(self, row: TimelineRow) -> str | None:
        """Return the anchor of what a row is about; None if the page leaves it out."""
        if row.id in self._known:
            return self.anchor(row.id)
        for event in self.events:
            if any(delivery.id == row.id for delivery in event.deliveries):
                return self.anchor(event.event_id)
        return None

    def text(self, text: str, length: int = 300) -> str:
        """Return a text on one line, without secrets."""
        masked = self._evidence.masks.text(text)
        return masked if len(masked) <= length else f"{masked[:length]}…"

    def time(self, row: TimelineRow) -> str:
        """Return the time of a row."""
        return iso_milliseconds(row.at)[11:-1]

    def body(self, content: bytes, *, is_truncated: bool = False) -> Body:
        """Return a body, formatted if it is JSON, and cut if it is long."""
        limit = self._limits.characters
        whole = formats.pretty(text_of(content))
        # With a margin, so that no secret is cut in two before it is masked.
        text = self._evidence.masks.text(whole[: limit + _MARGIN])
        if len(whole) > limit:
            return Body(text[:limit], f"the first {limit:,} of {len(whole):,} characters")
        return Body(text, "the beginning, which is all that was kept" if is_truncated else "")

    def query(self, entry: JournalEntry) -> Body:
        """Return the parameters of a request."""
        return self.body(formats.json(entry.query).encode())

    def headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return headers without secrets."""
        limit = self._limits.characters
        masked = self._evidence.masks.headers(headers)
        return {name[:limit]: value[:limit] for name, value in masked.items()}

    def target_url(self, delivery: Delivery) -> str:
        """Return where a delivery goes."""
        urls = {one.id: one.url for one in self.endpoints}
        attempts = delivery.attempts
        return self.text(attempts[-1].url if attempts else urls.get(delivery.endpoint_id, ""))

    def sent(self, attempt: Attempt) -> Body | None:
        """Return a body other than that of the event; None if that was sent."""
        if attempt.sent_body is None:
            return None
        is_truncated = attempt.sent_bytes > len(attempt.sent_body)
        return self.body(attempt.sent_body, is_truncated=is_truncated)

    def entry_has_failed(self, entry: JournalEntry) -> bool:
        """Return whether a request got no response, or an error."""
        return entry.status is None or formats.tone_of_status(entry.status) != "good"

    def event_has_failed(self, event: SentWebhook) -> bool:
        """Return whether the last attempt of a delivery failed."""
        return any(delivery.has_failed for delivery in event.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The contents of a page other than its workspaces.

    Attributes:
        title: its title, such as the id of a test.
        failure: the text of the failure.
        document: the document that a replay reads.
        exploration: an exploration that has found something.
    """

    title: str
    failure: str
    document: Mapping[str, Any]
    exploration: "Exploration | None" = None


def render(facts: Facts, workspaces: Sequence[WorkspaceEvidence]) -> str:
    """Return the page, with less of the bodies until it is small enough."""
    document = dict(facts.document)
    data = embedded(document)
    if len(data) > MAX_BYTES * 6 // 10:
        for one in document["workspaces"]:
            one |= {"state": None, "steps": [], "events": []}
            one["problem"] = one["problem"] or _TOO_LARGE
        data = embedded(document)
    text = ""
    for limits in _LIMITS:
        if limits is not _LIMITS[-1] and len(data) + _size(workspaces, limits) > MAX_BYTES:
            continue
        text = _rendered(facts, document, _pages(workspaces, limits), data)
        if len(text.encode()) < MAX_BYTES:
            return text
    latest = workspaces
    while len(text.encode()) >= MAX_BYTES and len(latest) > 1:
        latest = latest[len(latest) // 2 :]  # a test fails at its end
        text = _rendered(facts, document, _pages(latest, _LIMITS[-1]), data)
    return text


def _pages(workspaces: Sequence[WorkspaceEvidence], limits: Limits) -> list[WorkspacePage]:
    return [WorkspacePage(one, number, limits) for number, one in enumerate(workspaces, start=1)]


def _size(workspaces: Sequence[WorkspaceEvidence], limits: Limits) -> int:
    """Return the least number of characters that the bodies of a page take."""
    bodies: list[bytes] = []
    for one in workspaces:
        for entry in one.entries[-limits.rows :]:
            bodies += [entry.body, entry.response_body]
        for event in one.events[-limits.rows :]:
            bodies.append(event.body)
            attempts = (one for delivery in event.deliveries for one in delivery.attempts)
            bodies += [one.response.body for one in attempts if one.response is not None]
    return sum(min(len(body), limits.characters) for body in bodies)


def _rendered(
    facts: Facts, document: Mapping[str, Any], pages: Sequence[WorkspacePage], data: str
) -> str:
    style = "".join(
        path.read_text("utf-8") for path in (_DASHBOARD_STYLE, _FOLDER / "evidence.css")
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    failure = facts.failure
    if len(failure) > _MAX_FAILURE_LENGTH:
        half = _MAX_FAILURE_LENGTH // 2
        cut = len(failure) - _MAX_FAILURE_LENGTH
        failure = f"{failure[:half]}\n… {cut:,} characters are left out …\n{failure[-half:]}"
    found = None if facts.exploration is None else facts.exploration.found
    picture = None if found is None else base64.b64encode(found.svg.encode()).decode()
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(formats.FILTERS)
    return environment.get_template("evidence.html").render(
        facts=facts,
        failure=failure,
        document=document,
        pages=pages,
        omitted_count=len(document["workspaces"]) - len(pages),
        found=found,
        picture=picture,
        # Both are ours: a style sheet of the package, and JSON that no tag can be in.
        style=Markup(style),  # noqa: S704
        style_hash=digest,
        data=Markup(data),  # noqa: S704
        data_id=DATA_ID,
    )
