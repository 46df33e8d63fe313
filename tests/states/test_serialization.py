"""States as JSON: what is read again is what was written, and anything else is refused."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.states.serialization import FORMAT, dump_states, load_states
from tests.control.expect import assert_invalid
from tests.states.test_snapshots import OPERATIONS, Plan, World, operations, perform
from tests.support import OTHER_KEY, Api

LEAD = "lead_hb5qqh"


@settings(max_examples=40, deadline=None)
@given(before=operations, after=operations)
def test_a_workspace_goes_on_from_json_as_from_the_snapshot(before: Plan, after: Plan) -> None:
    world = World()
    try:
        perform(world, before)
        state = world.emulator.state(world.workspace)
        (read,) = load_states(dump_states([state]))
        expected = perform(world, after)

        world.emulator.restore(world.workspace, read)
        assert perform(world, after) == expected
        assert dump_states([read]) == dump_states([state])
    finally:
        world.emulator.close()


@pytest.fixture
def state() -> Iterator[Any]:
    world = World()
    perform(world, [(operation, number) for number in (0, 5) for operation in OPERATIONS])
    yield orjson.loads(dump_states([world.emulator.state(world.workspace)]))
    world.emulator.close()


def set_at(state: Any, path: str, value: object) -> bytes:
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    part = state
    for key in parents:
        part = part[key]
    part[last] = value
    return orjson.dumps(state)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        pytest.param(
            "format", FORMAT + 1, "format 2, of a newer version of mock_sendpilot", id="newer"
        ),
        pytest.param("format", "1", "$.format: expected 1, got '1'", id="no format"),
        pytest.param("workspaces", {}, "$.workspaces: expected an array", id="no array"),
        pytest.param("workspaces.0.world.clock.now", "noon", "clock.now: expected a", id="time"),
        pytest.param("workspaces.0.world.clock.isFrozen", 1, "expected a bool", id="boolean"),
        pytest.param("workspaces.0.world.contract", "liv", "expected a Contract", id="contract"),
        pytest.param("workspaces.0.world.balance.extra", 1, "unknown field 'extra'", id="field"),
        pytest.param("workspaces.0.world.balance", {}, "'subscription' is missing", id="missing"),
        pytest.param("workspaces.0.outbox.deliveries.0.body", "%", "expected a bytes", id="bytes"),
        pytest.param("workspaces.0.outbox.deliveries.0.state", "on", "expected one of", id="word"),
        pytest.param("workspaces.0.world.ids", [3], "expected an array of 3", id="length"),
        pytest.param(
            "workspaces.0.world.clock.now",
            "9999-12-31T23:59:59+00:00",
            "clock.now: expected a time from the year 1970 on and before 9000, got 9999-12-31",
            id="a time beyond every clock",
        ),
        pytest.param(
            "workspaces.0.world.store.campaigns.0.status",
            "running",
            "store.campaigns: expected one of started, paused, draft, finished as the status of "
            "'camp_1', got 'running'",
            id="a status of a campaign",
        ),
        pytest.param(
            "workspaces.0.world.seed.leads.0.status",
            "DOEN",
            "seed.leads: expected one of PENDING",
            id="a status of a lead",
        ),
        pytest.param(
            "workspaces.0.faults.faults.0.effects.0.latencySeconds",
            1e300,
            "faults.faults[0]: effect.latencySeconds: expected seconds from 0 to 3600",
            id="an effect",
        ),
        pytest.param(
            "workspaces.0.faults.faults.0.effects",
            [],
            "faults.faults[0].effects: expected at least one, got none",
            id="no effect",
        ),
    ],
)
def test_a_damaged_state_is_refused_with_its_place(
    state: Any, path: str, value: object, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_states(set_at(state, path, value))

    assert words in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"workspaces": []}'])
def test_a_text_that_is_no_state_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"\$: "):
        load_states(text)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        pytest.param("store.leadIdsByCampaign.camp_1", ["lead_none"], "lead_none", id="no lead"),
        pytest.param("store.leadIdsByCampaign.camp_1", [], "does not list 'lead_0'", id="missing"),
        pytest.param(
            "store.leadIdsByCampaign.camp_1.1",
            "lead_0",
            "lead 'lead_0' is listed already",
            id="listed twice",
        ),
        pytest.param("store.leads.lead_0.id", "lead_1", "has the key 'lead_0'", id="another id"),
        pytest.param("store.contacted", ["lead_none"], "lead_none", id="contacted"),
        pytest.param("ids.1.0", -1, "negative", id="source of ids"),
    ],
)
def test_a_state_that_does_not_fit_together_changes_nothing(
    state: Any, path: str, value: object, words: str
) -> None:
    set_at(state, f"workspaces.0.world.{path}", value)
    (read,) = load_states(orjson.dumps(state))
    world = World()
    before = world.outcome()
    with pytest.raises(InvalidInput, match=f"does not fit together: .*{words}"):
        world.emulator.restore(world.workspace, read)

    assert world.outcome() == before
    world.emulator.close()


def test_a_clock_that_ran_has_run_on_when_its_state_is_loaded() -> None:
    world = World()
    world.workspace.scheduler.resume()
    state = world.emulator.state(world.workspace)
    clock = state.world.clock
    earlier = replace(clock, real_time=clock.real_time.replace(year=clock.real_time.year - 1))
    other = Emulator()
    other.load_states([replace(state, world=replace(state.world, clock=earlier))])

    assert (other.workspaces()[0].clock.now() - clock.now).days >= 365
    world.emulator.close()
    other.close()


# --- over HTTP ------------------------------------------------------------------------------------


def test_a_state_is_put_back(api: Api) -> None:
    state = api("GET", "/_emulate/state").json
    api("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})
    reply = api("PUT", "/_emulate/state", json=state)

    assert (state["format"], reply.status) == (FORMAT, 200)
    assert api("GET", f"/v1/leads/{LEAD}").json["status"] == "CONNECTION_SENT"


def test_another_workspace_goes_on_with_a_state_under_its_own_key(api: Api) -> None:
    state = api("GET", "/_emulate/state").json
    reply = api("PUT", "/_emulate/state", json=state, key=OTHER_KEY)

    assert (reply.status, reply.json["id"] != "ws_demo") == (200, True)
    assert api("GET", f"/v1/leads/{LEAD}", key=OTHER_KEY).status == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "upgrade"),
        ({"workspaces": []}, "expected one workspace, got 0"),
        ({"workspaces": [{}]}, "$.workspaces[0]: 'world' is missing"),
    ],
)
def test_a_state_that_is_refused_changes_nothing(
    api: Api, changes: dict[str, Any], words: str
) -> None:
    api("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})
    state = api("GET", "/_emulate/state").json

    assert_invalid(api("PUT", "/_emulate/state", json={**state, **changes}), words)
    assert api("GET", f"/v1/leads/{LEAD}").json["status"] == "DONE"


@pytest.mark.parametrize(
    "effect",
    [
        {"status": 503, "retryAfter": 3, "afterEffect": True},
        {"status": 429, "retryAfter": 0},
        {"latencySeconds": 0.5},
        {"latencySeconds": {"uniform": [0, 1]}},
        {"reset": "body"},
        {"change": {"null": ["leads.id"]}},
    ],
)
def test_a_fault_is_part_of_a_state(api: Api, effect: dict[str, Any]) -> None:
    pattern = {"operation": "leads.list", "headers": {"X-Env": None}, "json": {"a": [1]}}
    body = {"pattern": pattern, "effect": effect, "times": None, "probability": 0.5}
    armed = api("POST", "/_emulate/faults", json=body)
    before = api("GET", "/_emulate/faults").json
    state = api("GET", "/_emulate/state").json
    api("POST", "/_emulate/reset")
    api("PUT", "/_emulate/state", json=state)

    assert armed.status == 201, armed.body
    assert api("GET", "/_emulate/faults").json == before
