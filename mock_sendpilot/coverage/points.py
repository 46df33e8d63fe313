"""Everything that a test suite can meet, as points: each is met or not, and counts the same."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.options import OPTIONS
from mock_sendpilot.contracts.vocabulary import (
    EVENT_TYPES,
    EXTRACTION_COMPLETED,
    LEAD_TAG_UPDATED,
    LEGACY_EVENT_TYPES,
    SEARCH_COMPLETED,
)
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.openapi import error_statuses, operations
from mock_sendpilot.traffic.effects import CHANGES, Effect
from mock_sendpilot.webhooks.disruption_kinds import KINDS, OLD_SECRET

SUCCESS = "2xx"
_SERVER_ERROR = 500

GROUPS: Mapping[str, str] = {
    "operations": "operations and their statuses",
    "retries": "requests made again",
    "faults": "effects of faults",
    "events": "events delivered",
    "deliveries": "outcomes of deliveries",
    "disruptions": "disruptions of deliveries",
    "contract": "values of contract options",
}
"""The groups of points, with their titles."""

RETRIES: Mapping[str, str] = {
    "429": "sendpilot.fail_next(429, retry_after=1)",
    "5xx": "sendpilot.fail_next(503)",
    "no_response": "with sendpilot.fault(reset=True, times=1): …",
    "broken_response": "with sendpilot.fault(truncate=True, times=1): …",
}
"""The failures after which a request may be made again, with the call that makes one."""

EFFECTS: Mapping[str, str] = {
    "status=429": "sendpilot.fail_next(429)",
    "status=4xx": "sendpilot.fail_next(403)",
    "status=5xx": "sendpilot.fail_next(503)",
    "retry_after": "sendpilot.fail_next(429, retry_after=2)",
    "after_effect": "sendpilot.fail_next(500, after_effect=True)",
    "latency": "with sendpilot.fault(latency=0.5): …",
    "hang": "with sendpilot.fault(hang=True): …",
    "reset": "with sendpilot.fault(reset=True): …",
    "empty": "with sendpilot.fault(empty=True): …",
    "truncate": "with sendpilot.fault(truncate=True): …",
    "malformed": "with sendpilot.fault(malformed=True): …",
    "content_type": 'with sendpilot.fault(content_type="text/html"): …',
    "trickle": "with sendpilot.fault(trickle=100): …",
    "page=stale": 'with sendpilot.fault("leads.list", page="stale"): …',
    "page=repeated": 'with sendpilot.fault("leads.list", page="repeated"): …',
    "missing": 'with sendpilot.fault("leads.list", change={"missing": "leads.title"}): …',
    "null": 'with sendpilot.fault("leads.list", change={"null": "leads.lastName"}): …',
    "retype": 'with sendpilot.fault("leads.list", change={"retype": "leads.id"}): …',
    "unknown": 'with sendpilot.fault("leads.list", change={"unknown": "leads.status"}): …',
    "extra": 'with sendpilot.fault("leads.list", change={"extra": {"added": 1}}): …',
}
"""The effects of faults, with the call that lets each hit a request."""

OUTCOMES: Mapping[str, str] = {
    "first_attempt": "sendpilot.add_endpoint(app)",
    "retry": "sendpilot_receiver.respond(503), then sendpilot.clock.advance(seconds=5)",
    "exhausted": "sendpilot_receiver.respond(503, times=6), then sendpilot.clock.advance(hours=2)",
    "resend": "sendpilot.resend(webhook)",
    "cancelled": "sendpilot.set_enabled(endpoint, enabled=False) before a retry",
    "3xx": 'sendpilot_receiver.respond(302, headers={"Location": "/"})',
    "4xx": "sendpilot_receiver.respond(400)",
    "410": "sendpilot_receiver.respond(410)",
    "5xx": "sendpilot_receiver.respond(500)",
    "timeout": "add_endpoint(url, timeout=1) and with sendpilot_receiver.hold_responses(): …",
    "no_connection": 'sendpilot.add_endpoint("http://127.0.0.1:9/")',
}
"""The outcomes of deliveries and of their attempts, with the call that leads to each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something that a test suite can meet.

    Attributes:
        id: its group, its subject and its value, such as `operations/leads.get/404`; in most
            groups there is no value.
        subject: such as `leads.get`.
        value: such as `404`; empty where the subject is met or not.
        hint: the call that meets it.
        about: the subject in words, for a subject of which nothing was met.
    """

    id: str
    subject: str
    value: str = ""
    hint: str
    about: str = ""

    @property
    def group(self) -> str:
        """The name of its group."""
        return self.id.partition("/")[0]


def all_points() -> tuple[Point, ...]:
    """Return all points, in the order in which they are reported."""
    return tuple(
        point
        for points in (
            _operations(),
            _flat("retries", RETRIES),
            _flat("faults", EFFECTS),
            _events(),
            _flat("deliveries", OUTCOMES),
            _flat("disruptions", {kind: _disrupting(kind) for kind in KINDS}),
            _options(),
        )
        for point in points
    )


def effect_names(effect: Effect) -> Iterator[str]:
    """Yield the names of the effects that an effect has, as in `EFFECTS`."""
    values = effect.json
    if effect.status is not None:
        yield f"status={status_class(effect.status)}"
    if effect.page is not None:
        yield f"page={effect.page}"
    yield from (name for name in CHANGES if name in effect.change)
    yield from (name for key, name in _EFFECT_KEYS.items() if key in values)


_EFFECT_KEYS: Mapping[str, str] = {
    "retryAfter": "retry_after",
    "afterEffect": "after_effect",
    "latencySeconds": "latency",
    "hang": "hang",
    "reset": "reset",
    "empty": "empty",
    "truncate": "truncate",
    "malformed": "malformed",
    "contentType": "content_type",
    "trickle": "trickle",
}


def status_class(status: int) -> str:
    """Return the class of an error that a client handles alike: `429`, `4xx` or `5xx`."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "429"
    return "5xx" if status >= _SERVER_ERROR else "4xx"


def option_values(option: str) -> Mapping[str, Any]:
    """Return the different values of a contract option, each by its shortest name."""
    known = OPTIONS[option]
    found: dict[str, Any] = {}
    # A name of the option's own says more than that of a contract: `on`, and not `strict`.
    for name, value in {**known.extra_values, **known.by_contract}.items():
        if value not in found.values():
            found[name] = value
    return found


def option_point(option: str, value: object) -> str:
    """Return the id of the point of a contract option with a value."""
    name = next(name for name, known in option_values(option).items() if known == value)
    return f"contract/{option}/{name}"


def _operations() -> Iterator[Point]:
    emulator = Emulator()
    try:
        found = sorted(operations(create_app(emulator)), key=lambda one: one[2].id)
    finally:
        emulator.close()
    for rule, method, operation, _ in found:
        path = rule.rule.replace("<opaque:", "{").replace(">", "}")
        for status in (SUCCESS, *error_statuses(operation)):
            # A body of megabytes is refused alike by all, and is a fact of none of them.
            if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                continue
            request = f"{method} {path}"
            yield Point(
                id=f"operations/{operation.id}/{status}",
                subject=operation.id,
                value=str(status),
                hint=request if status == SUCCESS else _failing(status, operation.id),
                about=request,
            )


def _failing(status: object, operation_id: str) -> str:
    return f'sendpilot.fail_next({status}, "{operation_id}")'


def _disrupting(kind: str) -> str:
    rotating = "sendpilot.rotate_secret(endpoint), then " if kind == OLD_SECRET else ""
    return f'{rotating}sendpilot.disrupt("{kind}")'


def _events() -> Iterator[Point]:
    for name in EVENT_TYPES:
        older = LEGACY_EVENT_TYPES.get(name)
        yield Point(
            id=f"events/{name}",
            subject=f"{name} ({older})" if older else name,
            hint=_triggering(name),
        )


def _triggering(event_type: str) -> str:
    if event_type.startswith("campaign."):
        return f'sendpilot.trigger("{event_type}", campaign_id=sendpilot.campaign_id)'
    if event_type in {SEARCH_COMPLETED, EXTRACTION_COMPLETED}:
        return f'sendpilot.trigger("{event_type}", job_id=job_id)'
    needed = '@pytest.mark.sendpilot("live"), ' if event_type == LEAD_TAG_UPDATED else ""
    return f'{needed}sendpilot.trigger("{event_type}", lead_id=lead)'


def _options() -> Iterator[Point]:
    for option, known in OPTIONS.items():
        for name in option_values(option):
            yield Point(
                id=f"contract/{option}/{name}",
                subject=option,
                value=name,
                hint=f'@pytest.mark.sendpilot({option}="{name}")',
                about=known.about,
            )


def _flat(group: str, hints: Mapping[str, str]) -> Iterator[Point]:
    for name, hint in hints.items():
        yield Point(id=f"{group}/{name}", subject=name, hint=hint)
