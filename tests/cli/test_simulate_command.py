"""`mock-sendpilot simulate`, with a running server."""

import json

import pytest
from click.testing import Result

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.cli.commands import invoke
from tests.support import reserved_port

ASKED = "lead_hb5qqh"  # CONNECTION_SENT, of sender_maria
ANSWERED = "lead_abc123"  # REPLY_RECEIVED, of sender_maria


def run(*arguments: str, **variables: str) -> Result:
    return invoke("simulate", *arguments, **variables)


def status(server: EmulatorServer, lead_id: str) -> str:
    return server.emulator.workspaces()[0].store.lead(lead_id).status


def test_a_step_of_a_lead_is_printed_in_a_line(server: EmulatorServer) -> None:
    result = run("accept_connection", ASKED, "--url", server.origin)

    expected = f"accept_connection: {ASKED} is CONNECTION_ACCEPTED\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")
    assert status(server, ASKED) == "CONNECTION_ACCEPTED"


def test_a_step_is_json_with_the_option(server: EmulatorServer) -> None:
    result = run("accept_connection", ASKED, "--url", server.origin, "--json")
    lead = json.loads(result.stdout)

    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert (lead["id"], lead["status"]) == (ASKED, "CONNECTION_ACCEPTED")


def test_an_option_sets_the_text_of_a_reply(server: EmulatorServer) -> None:
    run("reply", ANSWERED, "--text", "Tuesday, then", "--url", server.origin)
    newest = server.emulator.workspaces()[0].inbox.conversations()[0]

    assert newest.last_message is not None
    assert newest.last_message.content == "Tuesday, then"


def test_an_option_names_another_sender(server: EmulatorServer) -> None:
    result = run("connection_sent", ANSWERED, "--sender", "sender_tom", "--url", server.origin)

    assert result.exit_code == 0
    store = server.emulator.workspaces()[0].store
    assert store.connection("sender_tom", store.lead(ANSWERED).linkedin_url) == "requested"


def test_a_step_of_a_campaign_is_printed_in_a_line(server: EmulatorServer) -> None:
    result = run("pause", "camp_xyz789", "--url", server.origin)

    assert (result.exit_code, result.stdout) == (0, "pause: camp_xyz789 is paused\n")


@pytest.mark.parametrize(("action", "state"), [("complete", "done"), ("fail", "failed")])
def test_a_step_of_a_job_is_printed_in_a_line(
    server: EmulatorServer, action: str, state: str
) -> None:
    searches = server.emulator.workspaces()[0].searches
    job_id = searches.start(name="S", limit=3, filters={"job_titles": ["CFO"]}).id
    result = run(action, job_id, "--url", server.origin)

    assert (result.exit_code, result.stdout) == (0, f"{action}: {job_id} is {state}\n")


def test_an_option_sets_the_error_of_a_job(server: EmulatorServer) -> None:
    job_id = server.emulator.workspaces()[0].searches.start(name="S", limit=3, filters={}).id
    result = run("fail", job_id, "--text", "No luck", "--json", "--url", server.origin)

    assert json.loads(result.stdout)["errorMessage"] == "No luck"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["accept_connection", ANSWERED], "got a connection", id="cannot happen"),
        pytest.param(["reply", "lead_x"], "Lead not found", id="lead"),
        pytest.param(["reply", "a/b?c"], "Lead not found", id="odd id"),
        pytest.param(["pause", "camp_x"], "Campaign not found", id="campaign"),
        pytest.param(["complete", "search_x"], "not found", id="job"),
        pytest.param(
            ["resume", "camp_xyz789"], "expected a campaign that is paused", id="campaign status"
        ),
        pytest.param(
            ["reply", ANSWERED, "--api-key", "nope"], "no workspace has this key", id="wrong key"
        ),
    ],
)
def test_a_refusal_of_the_server_is_exit_code_1_with_the_reason(
    server: EmulatorServer, arguments: list[str], reason: str
) -> None:
    result = run(*arguments, "--url", server.origin)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("mock-sendpilot: ")
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(
            ["repyl", ANSWERED], "unknown value 'repyl'; did you mean 'reply'?", id="action"
        ),
        pytest.param(["reply"], "Missing argument 'ID'", id="no id"),
        pytest.param(["reply", ANSWERED, "--url", "127.0.0.1"], "--url: expected a URL", id="url"),
        pytest.param(
            ["reply", ANSWERED, "--url", "ftp://a.b"], "--url: expected a URL", id="scheme"
        ),
        pytest.param(
            ["reply", ANSWERED, "--url", "http://a:b"], "--url: expected a URL", id="port"
        ),
    ],
)
def test_invalid_arguments_are_exit_code_2(arguments: list[str], reason: str) -> None:
    result = run(*arguments)

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


def test_a_server_that_does_not_answer_is_exit_code_1_with_a_remedy() -> None:
    with reserved_port() as port:
        result = run("reply", ANSWERED, "--url", f"http://127.0.0.1:{port}")

    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert "start a server with: mock-sendpilot start" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 1), (["--control-token", "wrong"], 1), (["--control-token", "s3cret"], 0)],
    ids=["without", "wrong", "right"],
)
def test_a_server_with_a_control_token_requires_it(
    emulator: Emulator, arguments: list[str], code: int
) -> None:
    with EmulatorServer(emulator, control_token="s3cret") as server:
        result = run("done", ANSWERED, "--url", server.origin, *arguments)

    assert (result.exit_code, "needs its token" in result.stderr) == (code, code == 1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(
            [],
            "needs its token (set it with --control-token or MOCK_SENDPILOT_CONTROL_TOKEN)",
            id="none",
        ),
        pytest.param(
            ["--control-token", "wrong"],
            "needs its token (the token of --control-token or MOCK_SENDPILOT_CONTROL_TOKEN is "
            "not that of the server)",
            id="a wrong one",
        ),
    ],
)
def test_the_refusal_of_a_token_names_the_option_and_not_the_header(
    emulator: Emulator, arguments: list[str], reason: str
) -> None:
    with EmulatorServer(emulator, control_token="s3cret") as server:
        result = run("done", ANSWERED, "--url", server.origin, *arguments)

    assert reason in result.stderr
    assert "Authorization" not in result.stderr


def test_variables_set_the_url_the_token_and_the_key(emulator: Emulator) -> None:
    with EmulatorServer(emulator, control_token="s3cret") as server:
        result = run(
            "done",
            ANSWERED,
            MOCK_SENDPILOT_URL=server.origin,
            MOCK_SENDPILOT_CONTROL_TOKEN="s3cret",
            MOCK_SENDPILOT_API_KEY="YOUR_API_KEY",
        )

    assert result.exit_code == 0, result.stderr


def test_a_variable_sets_the_port(server: EmulatorServer) -> None:
    port = server.origin.rpartition(":")[2]

    assert run("done", ANSWERED, MOCK_SENDPILOT_PORT=port).exit_code == 0


def test_a_server_without_a_control_api_is_exit_code_1(emulator: Emulator) -> None:
    with EmulatorServer(emulator, has_control=False) as server:
        result = run("done", ANSWERED, "--url", server.origin)

    assert result.exit_code == 1
    assert "Cannot POST" in result.stderr


def test_its_help_has_an_example() -> None:
    assert "mock-sendpilot simulate reply lead_abc123" in run("--help").output
