"""Drift: replies and webhooks that have changed a little, one field at a time."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mock_sendpilot.client_check.changes import ENUMERATIONS
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import ANY_REQUEST, RequestPattern
from mock_sendpilot.testing.reruns.changes import Change
from mock_sendpilot.testing.reruns.results import Results
from mock_sendpilot.testing.reruns.trials import Trial
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import SandboxOptions
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.webhooks.deliveries import DROPPED

KINDS: Mapping[str, str] = {
    "missing": "is missing",
    "null": "is null",
    "retype": "has another type",
    "unknown": "has a new value",
}
"""The kinds of changes of the effect `change`, in words."""
_ENUMERATIONS = (
    *(path.rpartition(".")[2] for path in ENUMERATIONS),
    "eventType",
    "previousStatus",
    "newStatus",
)
"""Names of fields that have one of few values, also in webhooks."""
_NO_CHANGE = Effect(change={"missing": ["\0"]})
_OK = range(200, 300)
_ALL_PERCENT = 100
_FRACTION = 2**32


class Drift:
    """Reruns with one field of a reply or of a webhook changed.

    Args:
        percent: the share of the changes that is tried.
        seed: the seed by which they are drawn.

    Raises:
        InvalidInput: no percentage.
    """

    name = "drift"

    def __init__(self, *, percent: int, seed: str) -> None:
        if not 1 <= percent <= _ALL_PERCENT:
            raise InvalidInput(f"expected a whole number from 1 to 100, got {percent}")
        self.results = Results()
        self._percent = percent
        self._seed = seed
        self._noticed: set[str] = set()

    def control(self) -> Trial:
        """Return a trial whose sandboxes have a fault that changes nothing.

        It takes an id of the workspace, so that all other ids are those of the reruns to come.
        """
        return Trial(partial(_with_fault, effect=_NO_CHANGE, pattern=ANY_REQUEST))

    def changes(self, control: Trial) -> Iterator[Change]:
        """Yield the changes of fields that the sandboxes of a control run have sent.

        A change that a test of this process has noticed is not tried again.
        """
        kinds: dict[_Field, set[str]] = {}
        for sandbox, _ in control.sandboxes:
            for field, value in _fields(sandbox):
                kinds.setdefault(field, set()).update(_kinds_for(field, value))
        for field, possible in kinds.items():
            for kind in [kind for kind in KINDS if kind in possible]:
                change = _change(field, kind)
                self.results.candidates.add(change.id)
                if change.id not in self._noticed and self._is_drawn(change.id):
                    yield change

    def noticed(self, change: Change) -> None:
        """Note that a test has failed under a change, so that no other test has to."""
        self._noticed.add(change.id)

    def order(self) -> list[str]:
        """Return the ids of all candidates, by operation and field."""
        return sorted(self.results.candidates)

    def _is_drawn(self, change_id: str) -> bool:
        # Each by itself: whichever tests run, in whichever order and process, draw the same.
        digest = hashlib.sha256(f"{self._seed}/{change_id}".encode()).digest()
        share = int.from_bytes(digest[:4], "big") / _FRACTION
        return share * _ALL_PERCENT < self._percent


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the replies of an operation, or of the webhooks of an event type."""

    source: str
    path: str
    is_webhook: bool


def _kinds_for(field: _Field, value: Any) -> Iterator[str]:
    """Yield the kinds that change a value."""
    yield from ("missing", "retype")
    if value is not None:
        yield "null"
    if isinstance(value, str) and field.path.rpartition(".")[2] in _ENUMERATIONS:
        yield "unknown"


def _fields(sandbox: Sandbox) -> Iterator[tuple[_Field, Any]]:
    for entry in sandbox.backend.journal.all():
        if entry.operation is not None and entry.status in _OK:
            yield from _fields_of(entry.response_json, entry.operation, is_webhook=False)
    for event in sandbox.backend.view().outbox.events.all():
        # By the deliveries: a test may end before the attempt that it has received is recorded.
        if any(one.state != DROPPED for one in event.deliveries):
            yield from _fields_of(event.json, event.event_type, is_webhook=True)


def _fields_of(
    value: Any, source: str, *, is_webhook: bool, path: str = ""
) -> Iterator[tuple[_Field, Any]]:
    """Yield the fields of a JSON value; those of the items of a list are fields of the list."""
    if isinstance(value, list):
        for item in value:
            yield from _fields_of(item, source, is_webhook=is_webhook, path=path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "." in name:  # a place is written with dots
                continue
            place = f"{path}.{name}" if path else name
            yield _Field(source, place, is_webhook), inner
            yield from _fields_of(inner, source, is_webhook=is_webhook, path=place)


def _change(field: _Field, kind: str) -> Change:
    effect = Effect(change={kind: [field.path]})
    label = "webhook" if field.is_webhook else "reply"
    facts = {"of": label, "source": field.source, "field": field.path, "kind": kind}
    change_id = f"{field.source} {field.path} {kind}"
    if field.is_webhook:
        opened = partial(_change_webhooks, effect=effect, event_type=field.source)
        return Change(id=change_id, facts=facts, apply=_with_no_fault, opened=opened)
    pattern = RequestPattern(operation=field.source)
    return Change(
        id=change_id, facts=facts, apply=partial(_with_fault, effect=effect, pattern=pattern)
    )


def _with_fault(
    options: SandboxOptions, *, effect: Effect, pattern: RequestPattern
) -> SandboxOptions:
    fault = {"effects": (effect,), "pattern": pattern, "times": None, "probability": 1.0}
    return replace(options, faults=(*options.faults, fault))


def _with_no_fault(options: SandboxOptions) -> SandboxOptions:
    return _with_fault(options, effect=_NO_CHANGE, pattern=ANY_REQUEST)


def _change_webhooks(
    sandbox: Sandbox, _: SandboxOptions, *, effect: Effect, event_type: str
) -> None:
    def change_body(own_type: str, body: bytes) -> bytes:
        return effect.changed_body(body) if own_type == event_type else body

    sandbox.backend.view().outbox.change_bodies(change_body)
