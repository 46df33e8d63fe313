"""`mock-sendpilot trigger`, with a running server."""

import json
import socket

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.webhooks.event_log import EventLog
from tests.cli.commands import invoke

LEAD = "lead_abc123"  # REPLY_RECEIVED
EVENT = "lead.status.changed"


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke("trigger", *arguments, "--url", server.origin)


def log(server: EmulatorServer) -> EventLog:
    return server.emulator.outbox(server.emulator.workspaces()[0]).events


def test_a_triggered_event_is_printed_in_a_line(server: EmulatorServer) -> None:
    result = run(server, EVENT, "--lead", LEAD)
    (event,) = log(server).all()

    expected = (
        f"{event.event_id}: {EVENT}\n"
        "  no endpoint wants it; add one with: mock-sendpilot endpoints add URL\n"
    )
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")
    assert event.origin == "trigger"


def test_a_chosen_subject_is_printed_with_the_option_to_choose_another(
    server: EmulatorServer,
) -> None:
    result = run(server, EVENT)
    (event,) = log(server).all()

    assert result.stdout.splitlines()[:2] == [
        f"{event.event_id}: {EVENT}",
        f"  about {LEAD}; choose another with --lead",
    ]
    assert (result.exit_code, event.lead_id) == (0, LEAD)


def test_a_chosen_subject_is_in_the_json(server: EmulatorServer) -> None:
    result = run(server, "campaign.started", "--json")

    assert json.loads(result.stdout)["chosen"] == {"campaignId": "camp_xyz789"}


def test_an_option_sets_the_text_of_an_event(server: EmulatorServer) -> None:
    run(server, "message.received", "--text", "Call me")

    assert log(server).all()[0].data["replyPreview"] == "Call me"


def test_disabled_endpoints_that_want_the_event_are_printed(server: EmulatorServer) -> None:
    endpoints = server.emulator.outbox(server.emulator.workspaces()[0]).endpoints
    endpoints.add("http://127.0.0.1:9/", event_types=["message.sent"], is_enabled=False)
    every = endpoints.add("http://127.0.0.1:9/", is_enabled=False)
    this = endpoints.add("http://127.0.0.1:9/", event_types=[EVENT], is_enabled=False)
    result = run(server, EVENT, "--lead", LEAD)

    assert result.stdout.splitlines()[1:] == [
        f"  {one.id} is disabled; enable it with: mock-sendpilot endpoints enable {one.id}"
        for one in (every, this)
    ]


def test_disabled_endpoints_that_want_other_events_are_not_printed(server: EmulatorServer) -> None:
    endpoints = server.emulator.outbox(server.emulator.workspaces()[0]).endpoints
    endpoints.add("http://127.0.0.1:9/", event_types=["message.sent"], is_enabled=False)

    assert "  no endpoint wants it; add one" in run(server, EVENT, "--lead", LEAD).stdout


def test_each_delivery_is_printed_in_a_line(server: EmulatorServer) -> None:
    workspace = server.emulator.workspaces()[0]
    workspace.scheduler.freeze()
    endpoint = server.emulator.outbox(workspace).endpoints.add("http://127.0.0.1:9/")
    result = run(server, EVENT, "--lead", LEAD)

    assert result.stdout.splitlines()[1:] == [f"  to {endpoint.id}: pending"]


def test_a_triggered_event_is_json_with_the_option(server: EmulatorServer) -> None:
    result = run(server, "lead.updated", "--lead", LEAD, "--json")
    (event,) = log(server).all()

    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert json.loads(result.stdout)["body"] == event.json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("DONE", "DONE", id="text"),
        pytest.param("7", 7, id="number"),
        pytest.param('"7"', "7", id="text that looks like a number"),
        pytest.param("null", None, id="null"),
        pytest.param("true", True, id="boolean"),
        pytest.param('{"a": [1]}', {"a": [1]}, id="object"),
        pytest.param("a=b", "a=b", id="another equals sign"),
        pytest.param("[" * 150 + "]" * 150, json.loads("[" * 150 + "]" * 150), id="deep"),
        pytest.param("NaN", "NaN", id="no JSON"),
        pytest.param("\udcff", "?", id="half a character"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_value_is_json_or_a_text(server: EmulatorServer, text: str, value: object) -> None:
    run(server, EVENT, "--lead", LEAD, "--set", f"newStatus={text}", "--set", "changedBy=me")
    data = log(server).all()[0].data

    assert (data["newStatus"], data["changedBy"]) == (value, "me")


def test_an_event_without_effects_changes_nothing_else(server: EmulatorServer) -> None:
    run(server, EVENT, "--lead", LEAD, "--set", "newStatus=DONE")

    assert server.emulator.workspaces()[0].store.lead(LEAD).status == "REPLY_RECEIVED"


def test_an_event_with_effects_is_caused(server: EmulatorServer) -> None:
    result = run(server, EVENT, "--lead", LEAD, "--set", "newStatus=DONE", "--with-effects")

    assert result.exit_code == 0
    assert server.emulator.workspaces()[0].store.lead(LEAD).status == "DONE"
    assert [event.origin for event in log(server).all()] == ["change"]


def test_options_name_a_campaign_a_job_and_another_sender(server: EmulatorServer) -> None:
    searches = server.emulator.workspaces()[0].searches
    job_id = searches.start(name="S", limit=3, filters={}).id
    server.emulator.workspaces()[0].scheduler.freeze()
    run(server, "campaign.paused", "--campaign", "camp_xyz789")
    run(server, "lead_database.search.completed", "--job", job_id)
    run(server, "message.sent", "--lead", LEAD, "--sender", "sender_tom")
    paused, completed, sent = log(server).all()

    assert paused.data["campaignId"] == "camp_xyz789"
    assert completed.data["search_id"] == job_id
    assert sent.data["senderId"] == "sender_tom"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(
            ["campaign.paused", "--lead", LEAD], "--campaign is required", id="no campaign"
        ),
        pytest.param(
            ["lead_database.search.completed"],
            "--job is required: this workspace has no search; start one with POST",
            id="no search",
        ),
        pytest.param([EVENT, "--text", "Hi"], "--text cannot be set: lead.status", id="no text"),
        pytest.param(
            ["message.sent", "--text", "Hi", "--set", "messagePreview=Hi"],
            "--text and --set messagePreview exclude each other",
            id="text twice",
        ),
        pytest.param([EVENT, "--lead", "lead_x"], "Lead not found", id="unknown lead"),
        pytest.param(["lead.update", "--lead", LEAD], "did you mean", id="unknown event"),
        pytest.param(
            [EVENT, "--lead", LEAD, "--set", "newstatus=DONE"],
            "did you mean 'newStatus'?",
            id="unknown key",
        ),
        pytest.param(
            [EVENT, "--lead", LEAD, "--with-effects"],
            "--set newStatus is required",
            id="nothing to do",
        ),
        pytest.param(["lead.tag.updated", "--lead", LEAD], "live does", id="no such event"),
        pytest.param([EVENT, "--lead", LEAD, "--api-key", "nope"], "no workspace has", id="key"),
    ],
)
def test_a_refusal_of_the_server_is_exit_code_1_with_the_reason(
    server: EmulatorServer, arguments: list[str], reason: str
) -> None:
    result = run(server, *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("mock-sendpilot: ")
    assert reason in result.stderr
    assert log(server).all() == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param([], "Missing argument 'EVENT'", id="no event"),
        pytest.param([EVENT, "--set", "DONE"], "expected KEY=VALUE, got 'DONE'", id="no equals"),
        pytest.param([EVENT, "--set", "=DONE"], "expected KEY=VALUE, got '=DONE'", id="no key"),
        pytest.param(
            [EVENT, "--set", f"newStatus={'[' * 500}{']' * 500}"],
            "newStatus expected at most 200 nested levels",
            id="deep",
        ),
        pytest.param([EVENT, "--url", "127.0.0.1"], "--url: expected a URL", id="url"),
    ],
)
def test_invalid_arguments_are_exit_code_2(arguments: list[str], reason: str) -> None:
    result = invoke("trigger", *arguments)

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


def test_a_server_that_does_not_answer_is_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    arguments = ["trigger", EVENT, "--lead", LEAD, "--url", url]
    result = CliRunner().invoke(main, arguments, prog_name="mock-sendpilot")

    assert result.exit_code == 1
    assert f"{url} does not answer" in result.stderr
    assert "mock-sendpilot start, or name another one with --url" in result.stderr
