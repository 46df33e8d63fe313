"""The public names, used as a stranger's project does; mypy reads this file as it reads theirs."""

import ast
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

import mock_sendpilot
from mock_sendpilot import (
    AdvanceTimedOut,
    ApiKey,
    AppNotStarted,
    Attempt,
    Campaign,
    Contract,
    Delivery,
    Emulator,
    EmulatorServer,
    EmulatorUnavailable,
    Endpoint,
    EndpointSeed,
    EventLoopBlocked,
    Exploration,
    Fault,
    InvalidInput,
    JournalEntry,
    Lead,
    LeakedRequest,
    LeakGuard,
    NotAllowed,
    NotConverged,
    NotDelivered,
    NotFound,
    NotIdle,
    NotInThisProcess,
    ReceivedWebhook,
    ReceiverProcess,
    RequestNotSeen,
    Sandbox,
    SandboxFactory,
    Sender,
    SendPilotError,
    SentWebhook,
    Snapshot,
    Trace,
    TraceNode,
    UnconsumedFault,
    WebhookNotSeen,
    WebhookReceiver,
    WorkspaceSeed,
    __version__,
    create_app,
    explore,
    intercept,
    named_contract,
    no_leaks,
    parse_seed,
    sandbox,
)
from tests.support import over_a_socket

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

NOW = datetime(2026, 3, 1, 9, tzinfo=timezone.utc)
KEY = "sp_test_public_names"


def seed() -> WorkspaceSeed:
    sender = Sender(
        id="sender_1",
        name="Sam",
        linkedin_url="https://www.linkedin.com/in/sam",
        status="ACTIVE",
    )
    campaign = Campaign(
        id="camp_1",
        name="Spring",
        status="ACTIVE",
        sender_ids=(sender.id,),
        created_at=NOW,
        updated_at=NOW,
    )
    lead = Lead(
        id="lead_1",
        linkedin_url="https://www.linkedin.com/in/ida-holm",
        status="CONNECTION_SENT",
        campaign_id=campaign.id,
        created_at=NOW,
        updated_at=NOW,
    )
    return WorkspaceSeed(
        id="ws_1",
        name="Mine",
        api_keys=(ApiKey(key=KEY),),
        contract=named_contract("live", [("patch_reply", "schema")]),
        senders=(sender,),
        campaigns=(campaign,),
        leads=(lead,),
        endpoints=(EndpointSeed(url="http://127.0.0.1:9/webhooks", is_enabled=False),),
    )


def test_a_workspace_of_objects_is_served() -> None:
    emulator = Emulator(random_seed="mine")
    emulator.load([seed()])
    with EmulatorServer(emulator) as server:
        assert_type(server, EmulatorServer)
        assert_type(server.base_url, str)
        reply = over_a_socket(server.origin)("GET", "/v1/leads/lead_1", key=KEY)
    emulator.close()

    assert reply.json["id"] == "lead_1"


def test_a_workspace_of_a_file_is_served_by_the_app() -> None:
    text = b'{"workspaces": [{"id": "ws_1", "name": "Mine", "apiKeys": [{"key": "sp_mine"}]}]}'
    seeds = parse_seed(text, now=NOW)
    assert_type(seeds, list[WorkspaceSeed])
    emulator = Emulator()
    emulator.load(seeds)
    reply = create_app(emulator).test_client().get("/v1/me", headers={"X-API-Key": "sp_mine"})
    emulator.close()

    assert reply.status_code == 200


def test_fixtures_and_what_they_return_have_types(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, sendpilot_factory: SandboxFactory
) -> None:
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url)
    lead = sendpilot.add_lead()
    sendpilot.trigger("message.received", lead_id=lead)
    webhook = sendpilot.webhooks.wait_for("message.received", lead_id=lead)
    received = sendpilot_receiver.wait_for("message.received")
    (delivery,) = webhook.deliveries
    with sendpilot_factory("live") as other, sandbox("live", frozen=True) as another:
        assert_type(other, Sandbox)
        assert_type(another, Sandbox)

    assert_type(endpoint, Endpoint)
    assert_type(lead, Lead)
    assert_type(webhook, SentWebhook)
    assert_type(sendpilot.snapshot(), Snapshot)
    assert_type(sendpilot.events.wait_for("message.received", count=1), list[SentWebhook])
    assert_type(received, ReceivedWebhook)
    assert_type(delivery, Delivery)
    assert_type(delivery.attempts, tuple[Attempt, ...])
    assert received.event_id == webhook.event_id


def test_the_requests_of_a_sandbox_have_types(sendpilot: Sandbox) -> None:
    over_a_socket(sendpilot.origin)("GET", "/v1/leads", key=sendpilot.api_key)
    request = sendpilot.requests.wait_for("leads.list")

    assert_type(request, JournalEntry)
    assert_type(sendpilot.trace(request), Trace)
    assert_type(next(sendpilot.trace(request).nodes()), TraceNode)
    assert_type(sendpilot.requests.wait_for("GET", count=1), list[JournalEntry])
    assert_type(sendpilot.assert_requested("leads.list"), list[JournalEntry])
    assert_type(request.status, int | None)
    assert_type(request.events, tuple[str, ...])


def test_the_faults_of_a_sandbox_have_types(sendpilot: Sandbox) -> None:
    fault = sendpilot.fail_next(503, times=None)

    assert_type(fault, Fault)
    assert_type(sendpilot.faults, list[Fault])
    assert fault.state == "armed"


def test_an_exploration_has_types(sendpilot: Sandbox) -> None:
    exploration = explore(lambda _environ, _start: [], probe=dict, examples=1, timeout=0.2)
    process = ReceiverProcess(["python"], url=f"{sendpilot.origin}/webhooks")
    process.stop()

    assert_type(exploration, Exploration)
    assert_type(process, ReceiverProcess)
    assert not exploration.passed


def test_an_interception_and_a_guard_have_types(sendpilot: Sandbox) -> None:
    with intercept(sendpilot, api_key="sp_live", hosts=["api.example"]) as intercepted:
        assert_type(intercepted, Sandbox)
    with no_leaks(hosts=["api.example"]) as guard:
        assert_type(guard, LeakGuard)
    assert intercepted is sendpilot


@pytest.mark.parametrize(
    ("error", "fail"),
    [
        pytest.param(InvalidInput, lambda _: named_contract("no such"), id="a contract"),
        pytest.param(NotFound, lambda sandbox: sandbox.lead("lead_none"), id="a lead"),
        pytest.param(
            NotAllowed,
            lambda _: EmulatorServer(Emulator(), host="0.0.0.0"),
            id="a server that is open to others",
        ),
    ],
)
def test_an_error_of_the_emulated_world_is_caught_by_its_base(
    sendpilot: Sandbox, error: type[SendPilotError], fail: Callable[[Sandbox], object]
) -> None:
    with pytest.raises(SendPilotError) as caught:
        fail(sendpilot)

    assert isinstance(caught.value, error)


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (AdvanceTimedOut, SendPilotError),
        (AppNotStarted, RuntimeError),
        (EmulatorUnavailable, SendPilotError),
        (EventLoopBlocked, RuntimeError),
        (NotConverged, AssertionError),
        (NotDelivered, AssertionError),
        (LeakedRequest, AssertionError),
        (NotIdle, AssertionError),
        (NotInThisProcess, SendPilotError),
        (RequestNotSeen, AssertionError),
        (UnconsumedFault, AssertionError),
        (WebhookNotSeen, AssertionError),
    ],
)
def test_an_error_of_the_fixtures_has_the_base_that_its_kind_has(
    error: type[Exception], base: type[Exception]
) -> None:
    assert issubclass(error, base)


def test_the_version_and_a_contract_have_types() -> None:
    contract = named_contract("live")
    assert_type(contract, Contract)
    assert_type(__version__, str)
    assert contract.name == "live"


def test_every_public_name_is_used_here() -> None:
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    (names,) = (
        {alias.name for alias in node.names}
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "mock_sendpilot"
    )
    assert names == set(mock_sendpilot.__all__)


def test_every_public_name_is_offered_and_has_a_docstring() -> None:
    assert set(mock_sendpilot.__all__) <= set(dir(mock_sendpilot))
    things = {name: getattr(mock_sendpilot, name) for name in mock_sendpilot.__all__}
    assert [name for name, thing in things.items() if not thing.__doc__] == []


def test_the_name_of_no_public_thing_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Sandpit'"):
        mock_sendpilot.Sandpit  # noqa: B018 - asked for on purpose


def test_importing_the_package_loads_nothing_else_of_it() -> None:
    code = "import sys, mock_sendpilot; print(sorted(m for m in sys.modules if 'sendpilot' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = [name for name in ast.literal_eval(done.stdout) if "editable" not in name]
    assert ours == ["mock_sendpilot", "mock_sendpilot.version"]
