"""The options of markers, of calls of `sendpilot_factory` and of the ini file."""

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from mock_sendpilot import EmulatorServer, InvalidInput, Sandbox, SandboxFactory
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.sandbox_options import (
    SandboxOptions,
    chosen_options,
    marker_sources,
    sandbox_options,
)
from tests.testing.strangers import run

LIST_FAILS = {"pattern": {"operation": "leads.list"}, "effect": {"status": 503}}
SEED = {
    "contract": {"name": "live", "options": {"patch_reply": "example"}},
    "clock": {"startsAt": "2025-03-01T09:00:00Z", "frozen": True},
    "senders": [
        {
            "id": "sender_1",
            "name": "Eva",
            "status": "active",
            "linkedinUrl": "https://www.linkedin.com/in/eva",
        }
    ],
    "campaigns": [{"id": "camp_1", "name": "Spring", "status": "started"}],
    "leads": [
        {
            "id": "lead_1",
            "linkedinUrl": "https://www.linkedin.com/in/ida-holm",
            "campaignId": "camp_1",
            "status": "PENDING",
        }
    ],
}


def marked(
    item: pytest.Item, server: EmulatorServer, *marks: pytest.MarkDecorator
) -> SandboxOptions:
    """Return the options of a test with these markers, the nearest first."""
    for mark in reversed(marks):
        item.add_marker(mark, append=False)
    return chosen_options(marker_sources(item), host=LocalHost(server))


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        pytest.param(
            pytest.mark.sendpilot("life"),
            "unknown contract 'life'; did you mean 'live'?",
            id="contract",
        ),
        pytest.param(
            pytest.mark.sendpilot(42), "contract: expected one of documented, ", id="type"
        ),
        pytest.param(
            pytest.mark.sendpilot(patch_replay="x"),
            "unknown option 'patch_replay'; did you mean 'patch_reply'?",
            id="option",
        ),
        pytest.param(
            pytest.mark.sendpilot(start_at="x"), "did you mean 'starts_at'?", id="own option"
        ),
        pytest.param(pytest.mark.sendpilot(patch_reply="x"), "patch_reply 'x'; ", id="value"),
        pytest.param(
            pytest.mark.sendpilot("live", "example"),
            "expected one positional argument, the contract, got 2: 'live', 'example'; "
            "name each option, such as patch_reply='example'",
            id="position",
        ),
        pytest.param(
            pytest.mark.sendpilot("live", contract="schema"),
            "expected one contract, got two: 'live' and 'schema'",
            id="twice",
        ),
        pytest.param(
            pytest.mark.sendpilot(starts_at=1),
            "starts_at: expected a datetime with a time zone",
            id="no time",
        ),
        pytest.param(
            pytest.mark.sendpilot(starts_at="2026-01-01T00:00:00"),
            "starts_at: expected a time with a zone",
            id="no zone",
        ),
        pytest.param(
            pytest.mark.sendpilot(starts_at="9999-01-01"),
            "from the year 1970 on and before 9000, got '9999-01-01'",
            id="far",
        ),
        pytest.param(
            pytest.mark.sendpilot(frozen="no"),
            "frozen: expected True or False, got 'no'",
            id="frozen",
        ),
        pytest.param(
            pytest.mark.sendpilot(random_seed=1),
            "random_seed: expected a text, got 1",
            id="random seed",
        ),
        pytest.param(
            pytest.mark.sendpilot(seed=7),
            "seed: expected the path of a seed, or the contents of a workspace",
            id="seed",
        ),
        pytest.param(
            pytest.mark.sendpilot(seed="no.json"),
            f"seed: cannot read {Path(__file__).parent / 'no.json'}: No such file",
            id="no seed",
        ),
        pytest.param(
            pytest.mark.sendpilot(seed={"leds": []}),
            "seed: unknown field 'leds'; did you mean 'leads'?",
            id="seed field",
        ),
        pytest.param(
            pytest.mark.sendpilot(seed={"leads": [{**SEED["leads"][0]}]}),  # type: ignore[index]
            "seed.leads[0].campaignId: expected the id of a campaign of this workspace (none)",
            id="seed reference",
        ),
        pytest.param(
            pytest.mark.sendpilot(faults={"effect": {"status": 503}}),
            'faults: expected a list such as [{"pattern": ',
            id="faults",
        ),
        pytest.param(
            pytest.mark.sendpilot(faults=[LIST_FAILS, {"effct": {}}]),
            "faults[1]: unknown field 'effct'; did you mean 'effect'?",
            id="fault field",
        ),
        pytest.param(
            pytest.mark.sendpilot(faults=[{"effect": {"stauts": 503}}]),
            "faults[0]: effect: unknown field 'stauts'; did you mean 'status'?",
            id="effect",
        ),
        pytest.param(
            pytest.mark.sendpilot(faults=[{**LIST_FAILS, "pattern": {"operation": "lead.list"}}]),
            "operation: the API has no operation 'lead.list'; did you mean 'leads.list'?",
            id="operation",
        ),
        pytest.param(
            pytest.mark.sendpilot(faults=[{**LIST_FAILS, "times": -1}]),
            "faults[0].times: expected a whole number from 1 to",
            id="times",
        ),
    ],
)
def test_a_marker_is_refused_in_words(
    request: pytest.FixtureRequest,
    sendpilot_server: EmulatorServer,
    decorator: pytest.MarkDecorator,
    message: str,
) -> None:
    place = re.escape(f"@pytest.mark.sendpilot of {request.node.nodeid}: ")
    with pytest.raises(InvalidInput, match=f"^{place}.*{re.escape(message)}"):
        marked(request.node, sendpilot_server, decorator)


@pytest.mark.parametrize(
    "start", ["2025-03-01", "2025-03-01T00:00:00Z", datetime(2025, 3, 1, tzinfo=timezone.utc)]
)
def test_a_marker_has_a_contract_and_a_start(
    request: pytest.FixtureRequest, sendpilot_server: EmulatorServer, start: object
) -> None:
    decorator = pytest.mark.sendpilot(
        "live", patch_reply="example", starts_at=start, frozen=True, random_seed="7"
    )
    options = marked(request.node, sendpilot_server, decorator)

    assert options.contract.name == "live+patch_reply=example"
    assert options.starts_at == datetime(2025, 3, 1, tzinfo=timezone.utc)
    assert (options.is_frozen, options.random_seed) == (True, "7")


def test_without_a_marker_the_contract_is_documented() -> None:
    options = sandbox_options()

    assert (options.contract.name, options.starts_at) == ("documented", None)


@pytest.mark.parametrize(
    ("near", "far", "contract"),
    [
        pytest.param({}, {"contract": "live"}, "live", id="of the class"),
        pytest.param({"contract": "schema"}, {"contract": "live"}, "schema", id="of the test"),
        pytest.param(
            {"patch_reply": "example"},
            {"contract": "live", "patch_reply": "schema"},
            "live+patch_reply=schema+patch_reply=example",
            id="option of the test",
        ),
        pytest.param(
            {"contract": "live"},
            {"contract": "schema", "patch_reply": "example"},
            "live",
            id="options belong to their contract",
        ),
    ],
)
def test_the_nearest_marker_sets_the_contract(
    request: pytest.FixtureRequest,
    sendpilot_server: EmulatorServer,
    near: dict[str, Any],
    far: dict[str, Any],
    contract: str,
) -> None:
    marks = pytest.mark.sendpilot(**near), pytest.mark.sendpilot(**far)
    assert marked(request.node, sendpilot_server, *marks).contract.name == contract


@pytest.mark.sendpilot(seed=SEED)
def test_a_seed_is_the_contents_of_the_workspace(sendpilot: Sandbox) -> None:
    assert [lead.id for lead in sendpilot.leads()] == ["lead_1"]
    assert sendpilot.workspace.contract.name == "live+patch_reply=example"
    assert sendpilot.clock.now.isoformat() == "2025-03-01T09:00:00+00:00"
    assert sendpilot.clock.is_frozen
    added = sendpilot.add_lead()
    assert (added.campaign_id, added.sender_id) == ("camp_1", "sender_1")


@pytest.mark.sendpilot("schema", seed=SEED, starts_at="2026-01-01", frozen=False)
def test_contract_and_clock_of_the_marker_come_before_those_of_its_seed(sendpilot: Sandbox) -> None:
    assert sendpilot.workspace.contract.name == "schema"
    assert sendpilot.clock.now.year == 2026
    assert not sendpilot.clock.is_frozen


@pytest.mark.sendpilot(seed={"senders": [], "campaigns": []})
def test_an_empty_seed_leaves_a_campaign_and_a_sender(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    assert (lead.campaign_id, lead.sender_id) == ("camp_test", "sender_test")


@pytest.mark.sendpilot("documented", seed=SEED, faults=[LIST_FAILS])
def test_a_reset_brings_back_the_seed_and_the_faults(sendpilot: Sandbox) -> None:
    def statuses() -> list[int]:
        url = f"{sendpilot.base_url}/leads"
        return [
            requests.get(url, headers=sendpilot.headers, timeout=5).status_code for _ in range(2)
        ]

    assert statuses() == [503, 200]
    sendpilot.add_lead()
    sendpilot.reset()
    assert [lead.id for lead in sendpilot.leads()] == ["lead_1"]
    assert statuses() == [503, 200]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("{", "not valid JSON", id="no JSON"),
        pytest.param("[]", "expected a seed with one workspace, such as", id="no seed"),
        pytest.param('{"workspaces": [{}, {}]}', ", got 2 workspaces", id="two"),
    ],
)
def test_a_file_without_one_workspace_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "world.json"
    file.write_text(content)
    with pytest.raises(InvalidInput, match=re.escape(message)):
        sandbox_options(seed=file)


def test_a_call_has_a_seed_and_faults(sendpilot_factory: SandboxFactory) -> None:
    with sendpilot_factory(seed=SEED, faults=[LIST_FAILS]) as sandbox:
        reply = requests.get(f"{sandbox.base_url}/leads", headers=sandbox.headers, timeout=5)
        assert reply.status_code == 503
        assert sandbox.lead("lead_1").status == "PENDING"


INI = """
[pytest]
sendpilot_contract = live+patch_reply=example
sendpilot_seed = worlds/spring.json
sendpilot_starts_at = 2024-02-29
sendpilot_frozen = true
sendpilot_random_seed = of the suite
sendpilot_faults =
    {"pattern": {"operation": "leads.list"}, "effect": {"status": 502}}
    {"pattern": {"operation": "campaigns.list"}, "effect": {"status": 503}}
"""


def test_the_nearest_place_sets_each_option(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", pytest=INI)
    folder = pytester.mkdir("worlds")
    (folder / "spring.json").write_text(json.dumps({"workspaces": [SEED]}))
    tests = pytester.mkdir("tests")
    (tests / "here.json").write_text(json.dumps({"workspaces": [{"about": "empty"}]}))
    (tests / "test_places.py").write_text(
        """
import pytest, requests

pytestmark = pytest.mark.sendpilot(random_seed="of the module")

def leads(sendpilot):
    return requests.get(sendpilot.base_url + "/leads", headers=sendpilot.headers).status_code

def test_of_the_ini_file_and_the_module(sendpilot):
    assert sendpilot.workspace.contract.name == "live+patch_reply=example"
    assert sendpilot.lead("lead_1").id == "lead_1"
    assert sendpilot.clock.now.isoformat() == "2024-02-29T00:00:00+00:00"
    assert sendpilot.clock.is_frozen
    assert sendpilot.random_seed == "of the module"
    assert leads(sendpilot) == 502

@pytest.mark.sendpilot("schema", seed={"clock": {"startsAt": "2025-01-01T00:00:00Z"}}, faults=[])
class TestClass:
    def test_of_the_class(self, sendpilot):
        assert sendpilot.workspace.contract.name == "schema"
        assert sendpilot.leads() == []
        assert sendpilot.clock.now.year == 2025
        assert leads(sendpilot) == 200

    @pytest.mark.sendpilot(starts_at="2026-01-01", random_seed="of the test")
    def test_of_the_test(self, sendpilot):
        assert sendpilot.clock.now.year == 2026
        assert sendpilot.random_seed == "of the test"

def test_of_a_call(sendpilot_factory):
    with sendpilot_factory("documented", frozen=False, seed="worlds/spring.json") as sandbox:
        assert sandbox.workspace.contract.name == "documented"
        assert sandbox.random_seed == "of the suite"
        assert not sandbox.clock.is_frozen
"""
    )
    run(pytester).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("sendpilot_contract = life", "unknown contract 'life'", id="contract"),
        pytest.param("sendpilot_contract = live+x", "expected one such as live+", id="pair"),
        pytest.param("sendpilot_starts_at = soon", "starts_at: expected a datetime", id="time"),
        pytest.param("sendpilot_frozen = perhaps", "invalid truth value 'perhaps'", id="frozen"),
        pytest.param("sendpilot_seed = no.json", "seed: cannot read", id="seed"),
        pytest.param("sendpilot_faults = {status: 1}", "not valid JSON", id="faults"),
        pytest.param("sendpilot_faults = {}", "faults[[]0]: expected either effect", id="fault"),
    ],
)
def test_an_option_of_the_ini_file_is_refused_in_words(
    pytester: pytest.Pytester, line: str, message: str
) -> None:
    pytester.makefile(".ini", pytest=f"[pytest]\n{line}\n")
    pytester.makepyfile("def test_it(sendpilot): pass")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    option = line.partition(" ")[0]
    result.stdout.fnmatch_lines([f"E  *InvalidInput: {option} in pytest.ini: *{message}*"])


def test_a_fault_of_a_marker_that_hits_nothing_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.sendpilot(faults=[{LIST_FAILS}])
        def test_it(sendpilot):
            pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E*UnconsumedFault: the fault * hit 0 of 1"])
