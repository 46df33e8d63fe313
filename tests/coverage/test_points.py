"""The points that can be met, and that each hint meets its point."""

import ast
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import fields
from typing import Any

import pytest
import requests

from mock_sendpilot.contracts.options import OPTIONS
from mock_sendpilot.contracts.vocabulary import EVENT_TYPES, EXTRACTION_COMPLETED, SEARCH_COMPLETED
from mock_sendpilot.coverage.points import (
    EFFECTS,
    GROUPS,
    RETRIES,
    all_points,
    effect_names,
    option_point,
    option_values,
)
from mock_sendpilot.coverage.recorder import Recorder
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.standalone import sandbox
from mock_sendpilot.traffic.effects import CHANGES, Effect, effect_from_json
from mock_sendpilot.webhooks.disruption_kinds import KINDS
from tests.support import eventually

POINTS = {point.id: point for point in all_points()}
LIVE = '@pytest.mark.sendpilot("live"), '
SEARCH = (
    "/lead-database/searches",
    {"name": "CFOs", "limit": 1, "filters": {"job_titles": ["CFO"]}},
)
EXTRACTION = (
    "/lead-extractor/campaigns",
    {
        "name": "CFOs",
        "limit": 1,
        "mode": "with_enrichment",
        "url_type": "linkedin_search",
        "urls": ["https://www.linkedin.com/search/results/people/"],
    },
)
EVERY_EFFECT = {
    "retryAfter": 1,
    "afterEffect": True,
    "latencySeconds": 1,
    "hang": True,
    "reset": True,
    "empty": True,
    "truncate": True,
    "malformed": True,
    "contentType": "text/html",
    "trickle": 5,
}


def test_each_point_exists_once() -> None:
    assert len(all_points()) == len(POINTS)


def test_every_group_has_points() -> None:
    counts = Counter(point.group for point in POINTS.values())
    assert list(counts) == list(GROUPS)
    assert counts["events"] == len(EVENT_TYPES) == 12
    assert counts["disruptions"] == len(KINDS)


def test_every_operation_has_a_success_and_errors() -> None:
    statuses: dict[str, set[str]] = {}
    for point in POINTS.values():
        if point.group == "operations":
            statuses.setdefault(point.subject, set()).add(point.value)
    assert len(statuses) == 23
    assert all({"2xx", "401", "429"} <= values for values in statuses.values())
    assert statuses["leads.updateStatus"] == {"2xx", "400", "401", "403", "404", "429"}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_value_of_an_option_is_a_point(option: str) -> None:
    points = {option_point(option, value) for value in OPTIONS[option].values().values()}
    assert points == {f"contract/{option}/{name}" for name in option_values(option)}
    assert points <= set(POINTS)


def test_a_value_has_the_shortest_of_its_names() -> None:
    assert list(option_values("note_fault")) == ["on", "off"]


def test_every_effect_of_a_fault_has_a_name() -> None:
    names = [
        *effect_names(Effect(status=429)),
        *effect_names(Effect(status=404)),
        *effect_names(Effect(status=599)),
        *effect_names(Effect(page="stale")),
        *effect_names(Effect(page="repeated")),
        *effect_names(effect_from_json({"change": {"extra": {"a": 1}}})),
        *effect_names(Effect(change={name: ["a"] for name in CHANGES if name != "extra"})),
    ]
    for key, value in EVERY_EFFECT.items():
        needed = {"status": 500} if key in {"retryAfter", "afterEffect"} else {}
        found = set(effect_names(effect_from_json({key: value, **needed}))) - {"status=5xx"}
        assert len(found) == 1
        names += found
    assert set(names) == set(EFFECTS)
    assert len(fields(Effect)) == len(EVERY_EFFECT) + len(("status", "change", "page"))


# --- hints ----------------------------------------------------------------------------------------


def call(hint: str, names: Mapping[str, object]) -> Any:
    """Make the call of a hint, whose arguments are literals and names."""
    expression = ast.parse(hint, mode="eval").body
    assert isinstance(expression, ast.Call)
    assert isinstance(expression.func, ast.Attribute)
    assert isinstance(expression.func.value, ast.Name)
    method = getattr(names[expression.func.value.id], expression.func.attr)
    arguments = [_value(one, names) for one in expression.args]
    return method(
        *arguments, **{str(one.arg): _value(one.value, names) for one in expression.keywords}
    )


def _value(node: ast.expr, names: Mapping[str, object]) -> Any:
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return getattr(names[node.value.id], node.attr)
    return ast.literal_eval(node)


def faulty(hint: str, made: Sandbox) -> AbstractContextManager[object]:
    """Arm the fault of a hint, for a block in which a request is made."""
    fault = call(hint.removeprefix("with ").removesuffix(": …"), {"sendpilot": made})
    return fault if isinstance(fault, AbstractContextManager) else nullcontext()


def list_leads(made: Sandbox, *, timeout: float = 10) -> None:
    """List the leads as a client that can give up."""
    with suppress(requests.RequestException):
        requests.get(f"{made.base_url}/leads", headers=made.headers, timeout=timeout)


@pytest.mark.parametrize("name", EFFECTS)
def test_the_hint_of_an_effect_meets_it(name: str, frozen: Sandbox, recorder: Recorder) -> None:
    frozen.add_lead()
    with faulty(EFFECTS[name].replace("latency=0.5", "latency=0.01"), frozen):
        list_leads(frozen, timeout=0.2 if name in {"hang", "trickle"} else 10)
    eventually(lambda: f"faults/{name}" in recorder.counts())


@pytest.mark.parametrize("name", RETRIES)
def test_the_hint_of_a_retry_meets_it(name: str, frozen: Sandbox, recorder: Recorder) -> None:
    with faulty(RETRIES[name], frozen):
        list_leads(frozen)
        assert f"retries/{name}" not in recorder.counts()
        list_leads(frozen)
    assert recorder.counts()[f"retries/{name}"] == 1


def test_the_hint_of_a_status_meets_it(frozen: Sandbox, recorder: Recorder) -> None:
    call(POINTS["operations/leads.list/403"].hint, {"sendpilot": frozen})
    list_leads(frozen)
    assert recorder.counts()["operations/leads.list/403"] == 1


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_hint_of_an_event_meets_it(event_type: str, recorder: Recorder) -> None:
    hint = POINTS[f"events/{event_type}"].hint
    contract = "live" if hint.startswith(LIVE) else None
    with WebhookReceiver() as receiver, sandbox(contract, frozen=True) as made:
        made.add_endpoint(receiver.url)
        names = {"sendpilot": made, "lead": made.add_lead(), "job_id": started(event_type, made)}
        call(hint.removeprefix(LIVE), names)
        made.clock.advance()
    assert recorder.counts()[f"events/{event_type}"] == 1


def started(event_type: str, made: Sandbox) -> str | None:
    """Start the job that an event is about, and return its id; None for other events."""
    request = {SEARCH_COMPLETED: SEARCH, EXTRACTION_COMPLETED: EXTRACTION}.get(event_type)
    if request is None:
        return None
    made.set_credits(subscription=100)
    path, body = request
    reply = requests.post(f"{made.base_url}{path}", json=body, headers=made.headers, timeout=5)
    job_id: str = reply.json()["id"]
    return job_id


@pytest.mark.parametrize("kind", KINDS)
def test_the_hint_of_a_disruption_meets_it(kind: str, frozen: Sandbox, recorder: Recorder) -> None:
    with WebhookReceiver() as receiver:
        endpoint = frozen.add_endpoint(receiver.url)
        for hint in POINTS[f"disruptions/{kind}"].hint.split(", then "):
            call(
                hint.replace('"slow_body"', '"slow_body", seconds=0.01'),
                {"sendpilot": frozen, "endpoint": endpoint},
            )
        frozen.trigger("lead.updated", lead_id=frozen.add_lead())
        frozen.clock.advance(minutes=1)
    assert recorder.counts()[f"disruptions/{kind}"] >= 1


@pytest.mark.parametrize("option", ["note_fault", "patch_reply"])
def test_the_hint_of_an_option_is_a_marker(option: str) -> None:
    hints = {point.hint for point in POINTS.values() if point.subject == option}
    assert hints == {f'@pytest.mark.sendpilot({option}="{name}")' for name in option_values(option)}
