"""`mock-sendpilot start`: the world that options, variables and the config file ask for."""

import json
import logging
from pathlib import Path

import pytest

from mock_sendpilot.cli.options import DEFAULT_PORT
from mock_sendpilot.cli.start import start as start_command
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.cli.commands import EVENT, LEAD, NOWHERE
from tests.cli.conftest import Start
from tests.support import SECRET

KEY = "sp_live_4f7c2a9e51d84b0c9a6e"
WORLD = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "own"}]}]}
DEMO_KEYS = ("YOUR_API_KEY", "YOUR_OTHER_API_KEY")


@pytest.fixture
def fixtures(tmp_path: Path) -> str:
    (tmp_path / "world.json").write_text(json.dumps(WORLD))
    return "world.json"


def test_an_empty_folder_starts_the_demo_world(start: Start) -> None:
    running = start()
    origin = running.facts["origin"]

    assert running.request("GET", f"/v1/leads/{LEAD}").json["status"] == "REPLY_RECEIVED"
    assert running.facts["contract"] == "documented"
    assert [one["apiKeys"] for one in running.facts["workspaces"]] == [[key] for key in DEMO_KEYS]
    assert running.facts["baseUrl"] == f"{origin}/v1"
    assert running.facts["controlUrl"] == f"{origin}/_emulate"


# --- where options come from ---------------------------------------------------------------------


def test_flags_come_before_variables_and_those_before_the_file(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text('contract = "schema"\n[contract_option]\nlead_ids = "live"\n')
    file, variable = ("--config", "c.toml"), {"MOCK_SENDPILOT_CONTRACT": "example"}
    started = [
        start(*file),
        start(*file, **variable),
        start(*file, "--contract", "live", **variable),
    ]

    assert [one.facts["contract"] for one in started] == [
        "schema+lead_ids=live",
        "example+lead_ids=live",
        "live+lead_ids=live",
    ]


def test_a_variable_names_a_config_file_in_json(start: Start, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"contract": "live", "webhook": ["http://127.0.0.1:9/a"]}')
    running = start("--empty", MOCK_SENDPILOT_CONFIG="c.json")

    assert running.facts["contract"] == "live"
    assert running.facts["workspaces"][0]["endpoints"][0]["url"] == "http://127.0.0.1:9/a"


def test_a_config_file_names_fixtures_in_its_own_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "world.json").write_text(json.dumps(WORLD))
    (tmp_path / "sub" / "c.toml").write_text('fixtures = "world.json"\nwebhook = "http://a/"\n')
    (workspace,) = start("--config", "sub/c.toml").facts["workspaces"]

    assert (workspace["id"], workspace["endpoints"][0]["url"]) == ("w", "http://a/")


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_fixtures_come_from_a_file_or_from_standard_input(
    start: Start, fixtures: str, source: str
) -> None:
    path, stdin = (fixtures, "") if source == "file" else ("-", json.dumps(WORLD))
    running = start("--fixtures", path, stdin=stdin)

    assert running.request("GET", "/v1/leads", key="own").json["leads"] == []


# --- contract, random seed, chaos ----------------------------------------------------------------


def test_flags_choose_the_contract_and_its_options(start: Start) -> None:
    running = start("--contract", "live", "--contract-option", "patch_reply=example")
    reply = running.request("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})

    assert running.facts["contract"] == "live+patch_reply=example"
    assert list(reply.json) == ["id", "linkedinUrl", "previousStatus", "status", "updatedAt"]


def test_the_same_random_seed_gives_the_same_secret(start: Start) -> None:
    flags = ("--empty", "--webhook", "http://127.0.0.1:9000/x", "--random-seed", "42")
    secrets = [start(*flags).facts["workspaces"][0]["endpoints"][0]["secret"] for _ in range(2)]

    assert secrets[0] == secrets[1]


def test_chaos_has_a_random_seed_unless_one_is_given(start: Start) -> None:
    chaos = start("--chaos", "0.25").facts["chaos"]

    assert (chaos["rate"], len(chaos["randomSeed"])) == (0.25, 8)
    assert start("--chaos", "0.25:42").facts["chaos"] == {"rate": 0.25, "randomSeed": "42"}


def test_the_same_seed_of_chaos_disrupts_the_same_events_alike(start: Start) -> None:
    def kinds() -> list[str]:
        running = start("--chaos", "0.5:42", "--webhook", "http://127.0.0.1:9/nobody")
        for _ in range(12):
            event = {"eventType": "message.sent", "leadId": LEAD}
            running.request("POST", "/_emulate/events", json=event)
        (chaos,) = running.request("GET", "/_emulate/disruptions").json["disruptions"]
        return [match["kind"] for match in chaos["matches"]]

    assert kinds() == kinds() != []


# --- webhooks ------------------------------------------------------------------------------------


def test_the_webhook_flag_sends_the_events_of_every_workspace(
    start: Start, receiver: WebhookReceiver
) -> None:
    running = start("--webhook", receiver.url, "--webhook-secret", SECRET)
    running.request("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})

    assert receiver.wait_for(EVENT).is_signed_with(SECRET)
    assert running.request("GET", "/v1/leads/x", key="YOUR_OTHER_API_KEY").status == 404
    secrets = [one["endpoints"][0]["secret"] for one in running.facts["workspaces"]]
    assert secrets == [SECRET, SECRET]


def test_a_webhook_without_a_secret_gets_a_new_one(start: Start) -> None:
    (workspace,) = start("--empty", "--webhook", NOWHERE).facts["workspaces"]

    assert workspace["endpoints"][0]["secret"].startswith("whsec_")


def test_an_endpoint_that_is_added_later_has_the_secret_of_the_flag(start: Start) -> None:
    running = start("--webhook-secret", SECRET)
    added = running.request("POST", "/_emulate/endpoints", json={"url": NOWHERE}).json
    rotated = running.request("POST", f"/_emulate/endpoints/{added['id']}/rotate-secret").json

    assert added["secret"] == SECRET
    assert rotated["secret"] != SECRET


def test_a_webhook_may_want_only_some_events(start: Start) -> None:
    (workspace,) = start("--empty", "--webhook", f"{NOWHERE}x#message.sent,campaign.paused").facts[
        "workspaces"
    ]

    assert workspace["endpoints"][0]["url"] == f"{NOWHERE}x"
    assert workspace["endpoints"][0]["events"] == ["message.sent", "campaign.paused"]


@pytest.mark.parametrize("name", ["lead.status.changed", "lead.updated"])
def test_a_webhook_may_name_events_as_any_contract_does(start: Start, name: str) -> None:
    running = start("--webhook", f"{NOWHERE}#{name}")
    events = [workspace["endpoints"][0]["events"] for workspace in running.facts["workspaces"]]

    assert events == [["lead.status.changed"], ["lead.updated"]]


# --- an API key of one's own ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param(["--api-key", KEY], {}, id="flag"),
        pytest.param([], {"MOCK_SENDPILOT_API_KEY": KEY}, id="variable"),
    ],
)
def test_the_key_alone_opens_the_demo_world(
    start: Start, arguments: list[str], variables: dict[str, str]
) -> None:
    running = start(*arguments, **variables)

    assert running.request("GET", f"/v1/leads/{LEAD}", key=KEY).status == 200
    assert [workspace["apiKeys"] for workspace in running.facts["workspaces"]] == [[KEY]]
    for key in DEMO_KEYS:
        assert running.request("GET", "/v1/me", key=key).status == 401


@pytest.mark.parametrize("key", DEMO_KEYS)
def test_a_variable_with_a_key_of_the_demo_world_leaves_it_as_it_is(start: Start, key: str) -> None:
    running = start(MOCK_SENDPILOT_API_KEY=key)

    assert [running.request("GET", "/v1/me", key=one).status for one in DEMO_KEYS] == [200, 200]


def test_the_key_opens_the_empty_workspace(start: Start, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f'empty = true\napi_key = "{KEY}"\n')
    for running in (start("--empty", "--api-key", KEY), start("--config", "c.toml")):
        assert running.request("GET", "/v1/leads", key=KEY).json["leads"] == []
        assert running.request("GET", "/v1/leads").status == 401


@pytest.mark.parametrize(
    ("key", "warns"),
    [pytest.param(KEY, True, id="another key"), pytest.param("own", False, id="a key of the seed")],
)
def test_fixtures_ignore_the_variable_with_the_key_of_the_other_commands(
    start: Start, fixtures: str, caplog: pytest.LogCaptureFixture, key: str, warns: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        running = start("--fixtures", fixtures, MOCK_SENDPILOT_API_KEY=key)

    assert running.request("GET", "/v1/me", key="own").status == 200
    assert ("MOCK_SENDPILOT_API_KEY opens no workspace here" in caplog.text) is warns


def test_an_address_in_the_port_variable_is_the_default_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kubernetes and docker links set NAME_PORT to an address for a service of that name."""
    monkeypatch.setenv("MOCK_SENDPILOT_PORT", "tcp://10.0.0.1:7363")
    with start_command.make_context("start", []) as context:
        assert context.params["port"] == DEFAULT_PORT
