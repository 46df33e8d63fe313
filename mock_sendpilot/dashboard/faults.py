"""Faults and disruptions: arm them, see what they have hit, disarm them; chaos of both kinds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice

import orjson
from flask import Blueprint, Response

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.dashboard.rendering import Page, current_dashboard, render, with_workspace
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.traffic.faults import DEFAULT_RATE, Fault
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.disruption_kinds import KINDS, OPTIONS
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.world.workspace import Workspace

faults = Blueprint("faults", __name__)

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_EFFECTS: Mapping[str, Sequence[tuple[str, Mapping[str, object]]]] = {
    "An error": (
        ("503 Service Unavailable", {"status": 503}),
        ("429, try again after 2 s", {"status": 429, "retryAfter": 2}),
        ("500 Internal Server Error", {"status": 500}),
        ("504, although the change is made", {"status": 504, "afterEffect": True}),
        ("401 Unauthorized", {"status": 401}),
    ),
    "The connection": (
        ("Reset before the response", {"reset": "before"}),
        ("Reset in the middle of the body", {"reset": "body"}),
        ("Closed without a response", {"empty": True}),
        ("No response until the client gives up", {"hang": True}),
    ),
    "Time": (
        ("Response after 2 s", {"latencySeconds": 2}),
        ("Response after 0.1 to 3 s", {"latencySeconds": {"uniform": [0.1, 3]}}),
        ("100 bytes a second", {"trickle": 100}),
    ),
    "The body": (
        ("JSON that ends too early", {"malformed": True}),
        ("HTML by its content type", {"contentType": "text/html"}),
        ("A field more", {"change": {"extra": {"emulatorExtra": True}}}),
        ("An earlier response", {"page": "stale"}),
    ),
}
"""The effects that the form offers, by group; any other can be written as JSON."""
_MAX_HITS = 8
_MAX_SEARCHED = 500  # of requests, for those that a fault has hit


@dataclass(frozen=True, slots=True)
class Hit:
    """A request or a delivery that was hit, the outcome, and the page that shows it."""

    about: str
    outcome: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Armed:
    """A fault or a disruption as the page shows it: `path` removes it."""

    id: str
    state: str
    effect: str
    target: str
    count: int
    times: int | None
    armed_at: datetime
    facts: Sequence[str]
    hits: Sequence[Hit]
    path: str
    random_seed: str
    share: float
    is_chaos: bool


class FaultsPage(Page):
    """The faults and disruptions of a workspace."""

    template = "faults.html"
    section = "faults"
    title = "Faults and disruptions"
    methods = METHODS
    kinds = KINDS
    options = OPTIONS
    default_rate = DEFAULT_RATE

    @property
    def effects(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield each group of effects: the label and the JSON of each."""
        for group, effects in _EFFECTS.items():
            yield group, [(label, orjson.dumps(effect).decode()) for label, effect in effects]

    @property
    def operations(self) -> list[str]:
        """The ids of the operations of the vendor's API."""
        return sorted(current_dashboard().operations())

    @property
    def endpoints(self) -> list[Endpoint]:
        """All endpoints."""
        return self.outbox.endpoints.all()

    @property
    def event_types(self) -> tuple[str, ...]:
        """The event types of the contract."""
        return self.workspace.contract.event_types

    @property
    def faults(self) -> list[Armed]:
        """The faults but for chaos, newest first."""
        return [one for one in self._faults if not one.is_chaos]

    @property
    def disruptions(self) -> list[Armed]:
        """The disruptions but for chaos, newest first."""
        return [one for one in self._disruptions if not one.is_chaos]

    @property
    def chaos(self) -> list[tuple[str, str, str, Armed | None, dict[str, str]]]:
        """Chaos of requests and of deliveries.

        For each: its name, what it does, the path that arms it, itself if it is on, and the fixed
        members of the body that arms it.
        """
        requests = "Errors, cut and slow responses. A client that retries survives all of it."
        deliveries = (
            "Duplicates, delays, bad signatures. A correct receiver has every event in the end."
        )
        return [
            ("API", requests, self.control("faults"), _on(self._faults), {"chaos:switch": "on"}),
            (
                "Deliveries",
                deliveries,
                self.control("disruptions"),
                _on(self._disruptions),
                {"kind": "chaos"},
            ),
        ]

    @cached_property
    def _faults(self) -> list[Armed]:
        found = current_emulator().faults(self.workspace).all()
        return [self._fault(one) for one in reversed(found)]

    @cached_property
    def _disruptions(self) -> list[Armed]:
        return [self._disruption(one) for one in reversed(self.outbox.disruptions.all())]

    def _fault(self, fault: Fault) -> Armed:
        is_chaos = len(fault.effects) > 1
        return Armed(
            id=fault.id,
            state=fault.state,
            effect="chaos" if is_chaos else str(fault.effects[0]),
            target=str(fault.pattern).replace("to any path", "any request"),
            count=fault.match_count,
            times=fault.times,
            armed_at=fault.armed_at,
            facts=list(_facts_of_fault(fault)),
            hits=[self._request(one) for one in self._requests_by_fault[fault.id][:_MAX_HITS]],
            path=self.control("faults", fault.id),
            random_seed=fault.random_seed,
            share=fault.probability,
            is_chaos=is_chaos,
        )

    def _disruption(self, disruption: Disruption) -> Armed:
        pattern = disruption.pattern
        endpoint = self.outbox.endpoints.find(disruption.endpoint_id or "")
        values = ", ".join(f"{name}={value}" for name, value in pattern.values.items())
        parts = (pattern.event_type or "any event", values)
        target = " with ".join(filter(None, parts))
        url = endpoint.url if endpoint else disruption.endpoint_id or "any endpoint"
        options = {} if disruption.chaos else disruption.options
        return Armed(
            id=disruption.id,
            state=disruption.state,
            effect=disruption.kind.replace("_", " "),
            target=f"{target} to {url}",
            count=disruption.match_count,
            times=disruption.times,
            armed_at=disruption.armed_at,
            facts=[f"{name} {value:g}" for name, value in options.items()],
            hits=[
                Hit(
                    match.delivery_id,
                    match.kind,
                    match.at,
                    self.url("deliveries", match.delivery_id),
                )
                for match in reversed(disruption.matches[-_MAX_HITS:])
            ],
            path=self.control("disruptions", disruption.id),
            random_seed=disruption.random_seed or "",
            share=disruption.chaos.rate if disruption.chaos else 1.0,
            is_chaos=disruption.chaos is not None,
        )

    @cached_property
    def _requests_by_fault(self) -> Mapping[str, list[JournalEntry]]:
        found: dict[str, list[JournalEntry]] = defaultdict(list)
        for entry in islice(reversed(self.journal.all()), _MAX_SEARCHED):
            if entry.fault is not None:
                found[entry.fault].append(entry)
        return found

    def _request(self, entry: JournalEntry) -> Hit:
        outcome = "no response" if entry.status is None else str(entry.status)
        url = self.url("requests", entry.id)
        return Hit(f"{entry.method} {entry.path}", outcome, entry.at, url)


def _on(armed: Iterable[Armed]) -> Armed | None:
    return next((one for one in armed if one.is_chaos and one.state == "armed"), None)


def _facts_of_fault(fault: Fault) -> Iterator[str]:
    if fault.probability < 1:
        yield f"{fault.probability * 100:.3g}% of the requests, drawn from {fault.random_seed}"
    if fault.starts_at is not None:
        yield f"from {fault.starts_at:%Y-%m-%d %H:%M:%S}"
    if fault.ends_at is not None:
        yield f"until {fault.ends_at:%Y-%m-%d %H:%M:%S}"


@faults.get("/<opaque:workspace_id>/faults")
@with_workspace
def show_faults(workspace: Workspace) -> Response:
    """Show faults and disruptions."""
    return render(FaultsPage(workspace))
