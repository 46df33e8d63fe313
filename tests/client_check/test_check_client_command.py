"""`mock-sendpilot check-client`, with commands that are processes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli.check_client import check_client
from tests.receiver_check.test_reports import parsed
from tests.support import eventually

READS_ONE_LEAD = """
import json, os, sys, urllib.request
url = os.environ["SENDPILOT_BASE_URL"] + "/leads/lead_ida"
request = urllib.request.Request(url, headers={"X-API-Key": os.environ["SENDPILOT_API_KEY"]})
try:
    json.load(urllib.request.urlopen(request, timeout=1))
except Exception as error:
    sys.exit(f"no lead: {error}")
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check_client, ["--no-tls", *arguments])


def test_a_command_that_completes_is_a_table_and_exit_code_0() -> None:
    result = run("--", sys.executable, "-S", "-c", READS_ONE_LEAD)

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[2].startswith("✓ completes a sync when all is well")
    assert "1 request in" in lines[2]
    assert "gave up at once: exit code 1: no lead: HTTP Error 503" in result.stdout


def test_the_last_line_of_a_command_that_fails_is_named() -> None:
    result = run("--", "sh", "-c", "echo first; echo no database >&2; exit 3")

    assert result.exit_code == 1
    assert "made no request; it ended with an error: exit code 3: no database" in result.stdout
    assert "20 more checks: not tried, since no sync completed" in result.stdout


def test_json_is_one_document() -> None:
    result = run("--json", "--contract", "live", "--", "sh", "-c", "echo noise")

    found = json.loads(result.stdout)
    assert (found["client"], found["contract"]) == ("sh -c 'echo noise'", "live")
    assert found["counts"] == {"passed": 0, "failed": 1, "warned": 0, "inconclusive": 20}


def test_junit_is_written_as_well(tmp_path: Path) -> None:
    path = tmp_path / "client.xml"
    run("--junit", str(path), "--", "true")

    suite = parsed(path.read_bytes())
    assert (suite.attrib["name"], suite.attrib["failures"]) == ("mock-sendpilot check-client", "1")
    assert suite[1].attrib["classname"] == "check_client"


def test_a_command_that_does_not_end_is_ended() -> None:
    result = run("--max-duration", "0.5", "--", "sleep", "60")

    assert "had not ended after" in result.stdout


def test_a_command_that_does_not_exist_is_wrong_usage() -> None:
    result = run("--", "no-such-command")

    assert result.exit_code == 2
    assert "no-such-command: command not found" in result.stderr


def test_the_world_can_be_a_seed(tmp_path: Path) -> None:
    leads = [
        {
            "id": "lead_own",
            "linkedinUrl": "https://www.linkedin.com/in/ida",
            "campaignId": "camp_own",
        }
    ]
    campaign = {"id": "camp_own", "name": "Own", "status": "started"}
    workspace = {"id": "ws_1", "name": "Own", "campaigns": [campaign], "leads": leads}
    seed = {"workspaces": [{**workspace, "apiKeys": [{"key": "sp_seeded"}]}]}
    path = tmp_path / "world.json"
    path.write_text(json.dumps(seed), encoding="utf-8")

    result = run("--fixtures", str(path), "--", "sh", "-c", "echo $SENDPILOT_API_KEY; exit 1")

    assert "exit code 1: sp_seeded" in result.stdout, result.output


def test_a_missing_seed_is_an_error() -> None:
    result = run("--fixtures", "nowhere.json", "--", "true")

    assert result.exit_code == 1
    assert "cannot read nowhere.json (--fixtures): No such file or directory" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_sigterm_ends_the_command_as_well(tmp_path: Path) -> None:
    started, ended = tmp_path / "started", tmp_path / "ended"
    script = f"trap 'touch {ended}; exit' TERM; touch {started}; while :; do sleep 0.05; done"
    command = [sys.executable, "-m", "mock_sendpilot", "check-client", "--no-tls", "--"]
    process = subprocess.Popen([*command, "sh", "-c", script], stdout=subprocess.DEVNULL)
    eventually(started.exists, timeout=20)

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=20) == 130
    assert ended.exists()
