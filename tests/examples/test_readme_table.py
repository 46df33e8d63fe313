"""The table "I want to…" of the README: each command is run, each call of a fixture evaluated."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.standalone import sandbox
from tests.cli.commands import EVENT, LEAD, Process, invoke
from tests.examples.documents import ROOT
from tests.support import without_plugins

SECRET = "whsec_dGVzdHMgb2YgdGhlIHRhYmxlIGluIHRoZSBSRUFETUU="
HEADING = "## I want to…"
PROCESSES: Mapping[str, str] = {"start": "baseUrl", "listen": "Ctrl+C stops it", "exec": "for http"}
"""Commands that are processes of their own, and what they print once they are ready."""
LEFT_OUT: Mapping[str, str] = {
    "sendpilot.webhooks.wait_for(…)": "event",
    "sendpilot.check_receiver(app, secret=…)": repr(SECRET),
    "sendpilot.explore(app, probe=…)": "dict, examples=1",
    "sendpilot.add_campaign(id, sequence=…)": '[{"step": "connect"}]',
    "sendpilot.save_evidence(…)": '"evidence.html"',
    "sendpilot.set_credits(purchased=…)": "100",
    "sendpilot.assert_requested(…)": '"GET", "/v1/leads"',
    "sendpilot.webhooks.matching(…) == []": '"campaign.paused"',
    "sendpilot.add_lead(…)": 'lead_id="lead_of_mine"',
}
"""The arguments in the place of the dots. A new call with dots needs its own here."""

PREPARED = f"""
import pytest
import requests
from flask import Flask

import mock_sendpilot


@pytest.fixture
def prepared(sendpilot, sendpilot_receiver):
    app = Flask(__name__)
    app.add_url_rule("/webhooks", view_func=lambda: "", methods=["POST"])
    lead = sendpilot.add_lead(lead_id="lead_1", status="MESSAGE_SENT")
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.trigger("{EVENT}", lead_id=lead)
    ask = lambda: requests.get(
        f"{{sendpilot.base_url}}/leads", headers={{"X-API-Key": sendpilot.api_key}}, timeout=10
    )
    ask()
    yield sendpilot, lead, app, "{EVENT}", "duplicate", "camp_1"
    ask()  # which takes the fault of a call that has armed one
"""
"""A lead, an endpoint, and a request that has been made, for the test of each call."""


def rows() -> Iterator[tuple[str, list[str], list[str]]]:
    """The wish, the commands and the calls of each row."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition(HEADING)[2]
    for line in table.partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and "---" not in line and cells[1] != "command":
            yield cells[0], re.findall(r"`(.+?)`", cells[1]), re.findall(r"`(.+?)`", cells[2])


COMMANDS = [
    (wish, text.removeprefix("mock-sendpilot "))
    for wish, texts, _ in rows()
    for text in texts
    if " " in text
]
CALLS = [text for _, _, texts in rows() for text in texts]


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


def test_the_table_has_rows_with_commands_and_calls() -> None:
    assert len(COMMANDS) >= 15
    assert len(CALLS) >= 15


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [pytest.param(text, id=f"{wish}: {text}") for wish, text in COMMANDS]
)
def test_a_command_of_the_table_works(
    tmp_path: Path, server: EmulatorServer, receiver: WebhookReceiver, command: str
) -> None:
    (tmp_path / "world.json").write_bytes((ROOT / "fixtures" / "demo.json").read_bytes())
    (tmp_path / "staging.toml").write_text('contract = "live"\n', encoding="utf-8")
    words = {"URL": receiver.url, "SECRET": SECRET, "EVENT": EVENT, "LEAD": LEAD}
    words |= {"KIND": "duplicate", "FILE": "state.json", "ID": LEAD}
    name, *arguments = [words.get(word, word) for word in shlex.split(command)]
    if name == "start":
        arguments += ["--json", "--port", "0"]
    if name == "exec":  # there is no project with npm here
        arguments = ["--", "sh", "-c", "echo for $SENDPILOT_BASE_URL"]
    if name == "check-client":  # nor a client
        arguments = ["--", "sh", "-c", "echo for $SENDPILOT_BASE_URL"]
    if name == "replay":
        with sandbox() as made:
            arguments = [str(made.save_evidence(tmp_path / "evidence.html"))]
    if name == "explore":  # nor an app that believes something
        arguments = [receiver.url, "--probe", "echo {}", "--examples", "1"]
    if name not in {"start", "exec", "explore", "replay", "check-client", "check-receiver"}:
        arguments += ["--url", server.origin]
    if name in PROCESSES:
        process = Process(name, *arguments, cwd=tmp_path)
        try:
            assert process.line(PROCESSES[name])
            process.end()
        finally:
            process.kill()
    else:
        # Who does nothing fails the check: that is a result, too.
        verdicts = {"explore", "check-client", "check-receiver"}
        expected = {0, 1} if name in verdicts else {0}
        result = invoke(name, *arguments)
        assert result.exit_code in expected, result.output


@pytest.mark.slow
def test_the_calls_of_the_table_work(pytester: pytest.Pytester) -> None:
    tests = []
    for number, call in enumerate(CALLS):
        code = call.replace("…", LEFT_OUT.get(call, "…"))
        parameters = f"prepared, {code}" if code.isidentifier() else "prepared"
        statement = f"{code} pass" if code.endswith(":") else f"assert ({code}) is not False"
        tests.append(f"""
def test_{number}({parameters}):
    sendpilot, lead, app, event, kind, id = prepared
    app_or_url = app

    def sync(base_url, api_key):
        requests.get(f"{{base_url}}/leads", headers={{"X-API-Key": api_key}}, timeout=1)

    {statement}
""")
    pytester.makepyfile(PREPARED + "".join(tests))

    result = pytester.runpytest_subprocess(
        "-W", "error", *without_plugins(beside=["mock_sendpilot"])
    )

    assert result.parseoutcomes() == {"passed": len(CALLS)}, result.stdout.str()
