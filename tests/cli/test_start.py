"""`mock-sendpilot start` as a process of its own, as its user starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.support import SECRET, over_a_socket

Start = Callable[..., "Running"]
COMMAND = [sys.executable, "-m", "mock_sendpilot", "start"]


class Running:
    """A started server; `facts` is its line of JSON."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        self.facts: dict[str, Any] = json.loads(line)
        self.ask = over_a_socket(self.facts["origin"])

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


def environment(**settings: str) -> dict[str, str]:
    ours = {key for key in os.environ if key.startswith("MOCK_SENDPILOT_")}
    unwanted = {*ours, "PYTHONUNBUFFERED"}  # nobody has that who runs it
    plain = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {**plain, **settings}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start it on a free port with `--json`, in an empty folder."""
    started: list[Running] = []

    def begin(*arguments: str, stdin: str | None = None, **settings: str) -> Running:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", "--json", *arguments],
            cwd=tmp_path,
            env=environment(**settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if stdin is not None:
            assert process.stdin is not None
            process.stdin.write(stdin)
            process.stdin.close()
            process.stdin = None
        started.append(Running(process))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.end()
        for stream in (running.process.stdin, running.process.stdout, running.process.stderr):
            if stream is not None:
                stream.close()


def refused(tmp_path: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Start what cannot be started: exit code and standard error."""
    done = subprocess.run(
        [*COMMAND, "--port", "0", *arguments],
        cwd=tmp_path,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stderr


def test_it_starts_with_the_demo_world_in_an_empty_folder(start: Start) -> None:
    running = start()
    assert running.ask("GET", "/v1/leads/lead_abc123").json["status"] == "REPLY_RECEIVED"
    assert running.facts["contract"] == "documented"
    assert [w["apiKeys"] for w in running.facts["workspaces"]] == [
        ["YOUR_API_KEY"],
        ["YOUR_OTHER_API_KEY"],
    ]
    assert running.facts["baseUrl"] == running.facts["origin"] + "/v1"
    assert running.facts["controlUrl"] == running.facts["origin"] + "/_emulate"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_within_a_second(start: Start, number: int) -> None:
    running = start()
    before = time.perf_counter()
    code, errors = running.end(number)
    assert time.perf_counter() - before < 1
    assert (code, "Traceback" in errors) == (0, False)


def test_a_receiver_that_hangs_does_not_keep_it_from_ending(start: Start) -> None:
    with WebhookReceiver() as receiver, receiver.hold_responses():
        running = start("--webhook", receiver.url)
        running.ask("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
        receiver.wait_for(count=1)
        before = time.perf_counter()
        assert running.end()[0] == 0
        assert time.perf_counter() - before < 1


def test_the_webhook_flag_sends_every_workspaces_events(start: Start) -> None:
    with WebhookReceiver() as receiver:
        running = start("--webhook", receiver.url, "--webhook-secret", SECRET)
        running.ask("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
        assert receiver.wait_for("lead.status.changed").is_signed_with(SECRET)
        other = running.ask("GET", "/v1/leads/x", key="YOUR_OTHER_API_KEY")
        assert other.status == 404
        secrets = [w["endpoints"][0]["secret"] for w in running.facts["workspaces"]]
        assert secrets == [SECRET, SECRET]


def test_a_webhook_can_be_for_some_events_only(start: Start) -> None:
    running = start("--empty", "--webhook", "http://127.0.0.1:9000/x#message.sent,campaign.paused")
    (workspace,) = running.facts["workspaces"]
    assert workspace["endpoints"][0]["url"] == "http://127.0.0.1:9000/x"
    assert workspace["endpoints"][0]["events"] == ["message.sent", "campaign.paused"]


def test_a_secret_is_made_and_shown_when_none_is_given(start: Start) -> None:
    running = start("--empty", "--webhook", "http://127.0.0.1:9000/x")
    assert running.facts["workspaces"][0]["endpoints"][0]["secret"].startswith("whsec_")


def test_the_same_random_seed_gives_the_same_secret(start: Start) -> None:
    flags = ("--empty", "--webhook", "http://127.0.0.1:9000/x", "--random-seed", "42")
    secrets = [start(*flags).facts["workspaces"][0]["endpoints"][0]["secret"] for _ in range(2)]
    assert secrets[0] == secrets[1]


def test_contract_and_points_are_chosen_by_flags(start: Start) -> None:
    running = start("--contract", "live", "--contract-option", "patch_reply=example")
    assert running.facts["contract"] == "live+patch_reply=example"
    reply = running.ask("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
    assert list(reply.json) == ["id", "linkedinUrl", "previousStatus", "status", "updatedAt"]


def test_fixtures_come_from_a_file_or_from_standard_input(start: Start, tmp_path: Path) -> None:
    world = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "k"}]}]}
    (tmp_path / "world.json").write_text(json.dumps(world))
    from_file = start("--fixtures", "world.json")
    from_stdin = start("--fixtures", "-", stdin=json.dumps(world))
    for running in (from_file, from_stdin):
        assert running.ask("GET", "/v1/leads", key="k").json["leads"] == []


def test_flags_come_before_the_environment_and_that_before_the_file(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text(
        'contract = "schema"\nrandom_seed = "from file"\n[contract_option]\nlead_ids = "live"\n'
    )
    from_file = start("--config", "c.toml")
    from_environment = start("--config", "c.toml", MOCK_SENDPILOT_CONTRACT="example")
    from_flag = start("--config", "c.toml", "--contract", "live", MOCK_SENDPILOT_CONTRACT="example")
    names = [r.facts["contract"] for r in (from_file, from_environment, from_flag)]
    assert names == ["schema+lead_ids=live", "example+lead_ids=live", "live+lead_ids=live"]


def test_a_config_file_may_be_json_and_named_by_the_environment(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "c.json").write_text('{"contract": "live", "webhook": ["http://127.0.0.1:9/a"]}')
    running = start("--empty", MOCK_SENDPILOT_CONFIG="c.json")
    assert running.facts["contract"] == "live"
    assert running.facts["workspaces"][0]["endpoints"][0]["url"] == "http://127.0.0.1:9/a"


def test_fixtures_of_a_config_file_are_looked_for_beside_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    world = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "k"}]}]}
    (tmp_path / "sub" / "world.json").write_text(json.dumps(world))
    (tmp_path / "sub" / "c.toml").write_text('fixtures = "world.json"\nwebhook = "http://a/"\n')
    running = start("--config", "sub/c.toml")
    assert running.facts["workspaces"][0]["id"] == "w"
    assert running.facts["workspaces"][0]["endpoints"][0]["url"] == "http://a/"


@pytest.mark.parametrize("name", ["lead.status.changed", "lead.updated"])
def test_a_webhooks_events_may_bear_the_names_of_any_contract(start: Start, name: str) -> None:
    running = start("--webhook", f"http://127.0.0.1:9000/x#{name}")
    events = [workspace["endpoints"][0]["events"] for workspace in running.facts["workspaces"]]
    assert events == [["lead.status.changed"], ["lead.updated"]]


def test_a_refused_request_is_logged_with_the_reason(start: Start) -> None:
    running = start()
    running.ask("PATCH", "/v1/leads/lead_abc123/status", json={"status": "done"})
    running.ask("GET", "/v1/leads", key=None)
    _, errors = running.end()
    assert 'it was "done" (did you mean DONE?)' in errors
    assert "send the key as the header X-API-Key" in errors


def test_stopping_tells_what_was_still_pending(start: Start) -> None:
    running = start("--webhook", "http://127.0.0.1:9/")
    running.ask("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
    assert "stopped; deliveries still pending: 1" in running.end()[1]


def test_requests_are_logged_a_line_each_without_the_key(start: Start) -> None:
    running = start()
    running.ask("GET", "/v1/leads/lead_abc123?full=true")
    _, errors = running.end()
    (line,) = [line for line in errors.splitlines() if "lead_abc123" in line]
    assert "GET /v1/leads/lead_abc123?full=true 200" in line
    assert "YOUR_API_KEY" not in errors


def test_the_banner_shows_what_one_needs(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--webhook", "http://127.0.0.1:9000/hooks"],
        cwd=tmp_path,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    shown = ""
    while "Ctrl+C" not in shown:
        shown += process.stdout.readline()
    process.terminate()
    process.communicate(timeout=10)
    for text in (
        "/v1",
        "/_emulate",
        "documented",
        "YOUR_API_KEY",
        "YOUR_OTHER_API_KEY",
        "61 leads",
        "http://127.0.0.1:9000/hooks",
        "whsec_",
        "curl -X PATCH http://127.0.0.1:",
        "/v1/leads/lead_abc123/status",
    ):
        assert text in shown
    assert "\x1b" not in shown  # no colour where no person looks


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["--contract", "life"], 2, "did you mean 'live'?", id="contract"),
        pytest.param(
            ["--contract-option", "patch_reply"], 2, "expected OPTION=VALUE", id="no value"
        ),
        pytest.param(["--contract-option", "a=b"], 2, "unknown contract option 'a'", id="option"),
        pytest.param(["--fixtures", "none.json"], 2, "does not exist", id="no file"),
        pytest.param(["--fixtures", "bad.json"], 1, "$.workspaces[0].id: must be", id="bad seed"),
        pytest.param(["--fixtures", "bad.json", "--empty"], 2, "exclude each other", id="both"),
        pytest.param(
            ["--webhook-secret", SECRET],
            2,
            "--webhook-secret requires --webhook",
            id="secret alone",
        ),
        pytest.param(["--config", "list.toml"], 2, "'port': expected one value", id="config list"),
        pytest.param(["--webhook", "ftp://x"], 2, "must be an absolute http", id="webhook"),
        pytest.param(["--webhook", "http://x#nope"], 2, "unknown event type 'nope'", id="event"),
        pytest.param(
            ["--config", "bad.toml"],
            2,
            "unknown option 'prot'; did you mean 'port'?",
            id="config key",
        ),
        pytest.param(["--config", "broken.toml"], 2, "cannot be read", id="config syntax"),
        pytest.param(["--host", "0.0.0.0"], 1, "an API key that everybody knows", id="exposed key"),
        pytest.param(["--host", "0.0.0.0"], 1, "the control API is open", id="exposed control"),
        pytest.param(
            ["--host", "192.0.2.1", "--no-control", "--fixtures", "own.json"],
            1,
            "cannot listen on 192.0.2.1",
            id="foreign address",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "bad.json").write_text('{"workspaces": [{"name": "W", "apiKeys": []}]}')
    own = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "own"}]}]}
    (tmp_path / "own.json").write_text(json.dumps(own))
    (tmp_path / "bad.toml").write_text("prot = 1\n")
    (tmp_path / "list.toml").write_text("port = [1]\n")
    (tmp_path / "broken.toml").write_text("port = = 1\n")
    found, errors = refused(tmp_path, *arguments)
    assert (found, message in errors) == (code, True), errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_told_with_a_way_out(start: Start, tmp_path: Path) -> None:
    port = start().facts["origin"].rpartition(":")[2]
    code, errors = refused(tmp_path, "--port", port)
    assert code == 1
    assert "Address already in use; --port 0 picks a free port" in errors


def test_chaos_tells_its_seed(start: Start) -> None:
    facts = start("--chaos", "0.25").facts["chaos"]
    assert (facts["rate"], len(facts["randomSeed"])) == (0.25, 8)


def test_the_same_seed_of_chaos_disrupts_the_same_events_alike(start: Start) -> None:
    def kinds() -> list[str]:
        server = start("--chaos", "0.5:42", "--webhook", "http://127.0.0.1:9/nobody")
        for _ in range(12):
            event = {"eventType": "message.sent", "leadId": "lead_abc123"}
            server.ask("POST", "/_emulate/events", json=event)
        (chaos,) = server.ask("GET", "/_emulate/disruptions").json["disruptions"]
        return [match["kind"] for match in chaos["matches"]]

    assert kinds() == kinds() != []


@pytest.mark.parametrize("text", ["2", "-0.1", "nan", "much", "", ":42"])
def test_a_share_that_cannot_be_is_refused(text: str) -> None:
    done = subprocess.run(
        [*COMMAND, f"--chaos={text}"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "expected RATE[:SEED]" in done.stderr
