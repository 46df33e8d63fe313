"""The contents made of a seed: its defaults, and loading all of it or nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import orjson
import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidApiKey, InvalidInput
from mock_sendpilot.world.models import ApiKey, Campaign, Lead, Sender
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from tests.conftest import NOW
from tests.control.world import WORLD, parsed, problems, world_with
from tests.support import in_process

WS = "workspaces[0]"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = Emulator(random_seed="tests")
    yield emulator
    emulator.close()


def small() -> list[WorkspaceSeed]:
    return parsed(orjson.dumps(WORLD))


def first(path: str, value: object) -> WorkspaceSeed:
    return parsed(world_with(path, value))[0]


# --- defaults -----------------------------------------------------------------------------------


def test_a_workspace_needs_no_more_than_id_name_and_keys() -> None:
    assert small()[1] == WorkspaceSeed(id="ws_b", name="B", api_keys=(ApiKey(key="key_b"),))


def test_a_key_without_scopes_may_do_everything() -> None:
    key = small()[0].api_keys[0]

    assert key == ApiKey(key="key_a", name="", scopes=None, is_revoked=False)
    assert key.allows("leads:write")


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(None, None), ([], frozenset()), (["leads:read"], frozenset({"leads:read"}))],
)
def test_a_key_has_the_scopes_of_the_seed(scopes: object, expected: frozenset[str] | None) -> None:
    assert first(f"{WS}.apiKeys[0].scopes", scopes).api_keys[0].scopes == expected


def test_a_key_can_be_revoked() -> None:
    assert first(f"{WS}.apiKeys[0].revoked", True).api_keys[0].is_revoked


def test_a_sender_is_active() -> None:
    url = "https://www.linkedin.com/in/sam"
    assert small()[0].senders == (
        Sender(id="snd_a", name="Sam", linkedin_url=url, status="active"),
    )


def test_a_campaign_is_started_and_as_old_as_the_start() -> None:
    assert small()[0].campaigns == (
        Campaign(
            id="camp_a",
            name="Campaign",
            status="started",
            sender_ids=("snd_a",),
            created_at=NOW,
            updated_at=NOW,
        ),
    )


def test_a_campaign_needs_no_senders() -> None:
    assert first(f"{WS}.campaigns[0].senderIds", []).campaigns[0].sender_ids == ()


def test_a_lead_is_pending_and_has_nothing_beyond_the_seed() -> None:
    assert small()[0].leads[0] == Lead(
        id="lead_a",
        linkedin_url="https://www.linkedin.com/in/ann",
        status="PENDING",
        campaign_id="camp_a",
        created_at=NOW,
        updated_at=NOW,
        custom_fields={},
    )


def test_an_endpoint_is_enabled_and_gets_everything() -> None:
    assert small()[0].endpoints == (
        EndpointSeed(
            url="http://127.0.0.1:9000/hooks", secret=None, event_types=None, is_enabled=True
        ),
    )


def test_a_missing_update_time_is_that_of_the_creation() -> None:
    lead = first(f"{WS}.leads[0].createdAt", "2024-02-24T15:30:00.000Z").leads[0]

    then = datetime(2024, 2, 24, 15, 30, tzinfo=timezone.utc)
    assert (lead.created_at, lead.updated_at) == (then, then)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-24T15:30:00.000Z",
        "2024-02-24T15:30:00Z",
        "2024-02-24T15:30:00+00:00",
        "2024-02-24T16:30:00+01:00",
        "2024-02-24T09:30:00.000000-06:00",
    ],
)
def test_a_time_may_have_any_offset(text: str) -> None:
    lead = first(f"{WS}.leads[0].updatedAt", text).leads[0]

    assert lead.updated_at == datetime(2024, 2, 24, 15, 30, tzinfo=timezone.utc)


def test_a_time_is_returned_in_utc(emulator: Emulator) -> None:
    emulator.load(parsed(world_with(f"{WS}.leads[0].createdAt", "2024-02-24T16:30:00+01:00")))
    api = in_process(create_app(emulator).test_client())

    lead = api("GET", "/v1/leads/lead_a", key="key_a").json
    assert lead["createdAt"] == "2024-02-24T15:30:00.000Z"


@pytest.mark.parametrize("depth", [100, 300, 1000])
def test_nested_custom_fields_can_be_read_back(emulator: Emulator, depth: int) -> None:
    nested = b'{"x":' + b"[" * depth + b"]" * depth + b"}"
    text = orjson.dumps(WORLD).replace(b'"lead_b"', b'"lead_b","customFields":' + nested)
    if depth > 100 and problems(text):
        return  # nested too deeply to be taken
    emulator.load(parsed(text))
    api = in_process(create_app(emulator).test_client())

    assert api("GET", "/v1/leads?full=true", key="key_a").status == 200


def test_profile_urls_are_brought_into_the_normal_form() -> None:
    seed = first(f"{WS}.leads[0].linkedinUrl", "http://uk.linkedin.com/in/Ann/?x=1")

    assert seed.leads[0].linkedin_url == "https://www.linkedin.com/in/ann"


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_workspace_may_name_its_contract(contract: str) -> None:
    assert first(f"{WS}.contract", contract).contract == CONTRACTS[contract]


def test_a_workspace_without_a_contract_has_the_emulators() -> None:
    emulator = Emulator(contract=named_contract("schema"))
    emulator.load(parsed(world_with(f"{WS}.contract", "live")))

    contracts = [workspace.contract.name for workspace in emulator.workspaces()]
    emulator.close()
    assert contracts == ["live", "schema"]


# --- all or nothing -----------------------------------------------------------------------------


def assert_empty(emulator: Emulator) -> None:
    assert emulator.workspaces() == []
    for key in ("key_a", "key_b"):
        with pytest.raises(InvalidApiKey):
            emulator.keys.open(key)


def test_a_seed_is_loaded_with_everything_in_it(emulator: Emulator) -> None:
    emulator.load(small())

    workspace = emulator.keys.open("key_a").workspace
    assert [lead.id for lead in workspace.store.leads()] == ["lead_a", "lead_b"]
    assert [campaign.id for campaign in workspace.store.campaigns()] == ["camp_a"]
    assert [sender.id for sender in workspace.store.senders()] == ["snd_a"]
    endpoints = emulator.outbox(workspace).endpoints.all()
    assert [endpoint.url for endpoint in endpoints] == ["http://127.0.0.1:9000/hooks"]


CLASHES: list[Any] = [
    pytest.param({"id": "ws_a"}, "there is a workspace 'ws_a' already", id="workspace id"),
    pytest.param(
        {"api_keys": (ApiKey(key="key_a"),)},
        "an API key of workspace 'ws_b' belongs to another workspace",
        id="key",
    ),
    pytest.param(
        {"leads": small()[0].leads[:1]}, "there is no campaign 'camp_a'", id="dangling lead"
    ),
    pytest.param(
        {"endpoints": (EndpointSeed(url="nope"),)}, "url: expected an absolute http", id="endpoint"
    ),
    pytest.param(
        {"endpoints": (EndpointSeed(url="http://h/", event_types=("lead.updated",)),)},
        "contract 'documented' calls 'lead.updated' by the name 'lead.status.changed'",
        id="event of another contract",
    ),
]


@pytest.mark.parametrize(("change", "message"), CLASHES)
def test_a_clash_of_the_second_workspace_leaves_none(
    emulator: Emulator, change: dict[str, Any], message: str
) -> None:
    one, two = small()

    with pytest.raises(InvalidInput, match=message):
        emulator.load([one, replace(two, **change)])
    assert_empty(emulator)


@pytest.mark.parametrize(("change", "message"), CLASHES)
def test_a_clash_leaves_earlier_workspaces_alone(
    emulator: Emulator, change: dict[str, Any], message: str
) -> None:
    one, two = small()
    emulator.load([one])

    with pytest.raises(InvalidInput, match=message):
        emulator.load([replace(two, **change)])
    assert [workspace.id for workspace in emulator.workspaces()] == ["ws_a"]
    assert len(emulator.keys.open("key_a").workspace.store.leads()) == 2


def test_an_invalid_endpoint_for_all_workspaces_leaves_none(emulator: Emulator) -> None:
    with pytest.raises(InvalidInput, match="url: expected an absolute http"):
        emulator.load(small(), endpoints=[EndpointSeed(url="nope")])
    assert_empty(emulator)


def test_a_valid_seed_can_be_loaded_after_a_clash(emulator: Emulator) -> None:
    one, two = small()
    with pytest.raises(InvalidInput):
        emulator.load([one, replace(two, id="ws_a")])
    emulator.load([one, two])

    assert [workspace.id for workspace in emulator.workspaces()] == ["ws_a", "ws_b"]
