"""`mock-sendpilot exec` and `env`: an app finds the emulator by its environment."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mock_sendpilot.control.shipped_seeds import empty_seed
from mock_sendpilot.server import EmulatorServer
from tests.cli.commands import LEAD, NOWHERE, PROGRAM, Process, environment, invoke
from tests.cli.test_process_group import is_running, pid_in
from tests.support import SECRET, eventually, over_a_socket

APP = """
import hashlib, hmac, http.server, json, os, sys, urllib.request

received = []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time, digest = (part[2:] for part in self.headers["Webhook-Signature"].split(","))
        signed = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256)
        received.append((digest == signed.hexdigest(), json.loads(body)["eventType"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

def call(url, method, body):
    headers = {"X-API-Key": os.environ["SENDPILOT_API_KEY"], "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    return json.load(urllib.request.urlopen(request))

secret = os.environ["SENDPILOT_WEBHOOK_SECRET"]
app = http.server.HTTPServer(("127.0.0.1", 0), Handler)
url = f"http://127.0.0.1:{app.server_port}/"
call(os.environ["MOCK_SENDPILOT_URL"] + "/_emulate/endpoints", "POST", {"url": url})
call(os.environ["SENDPILOT_BASE_URL"] + "/leads/lead_abc123/status", "PATCH", {"status": "DONE"})
app.handle_request()
print(json.dumps(received))
sys.exit(9)
"""


def variables_of(*arguments: str, cwd: Path, **variables: str) -> dict[str, Any]:
    """Return the environment that a command has in `exec`."""
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [*PROGRAM, "exec", *arguments, sys.executable, "-c", program],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_app_gets_responses_and_signed_webhooks_by_its_environment(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "exec", "--", sys.executable, "-c", APP],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert json.loads(done.stdout) == [[True, "lead.status.changed"]]
    assert done.returncode == 9


def test_options_variables_and_the_config_file_make_the_world(tmp_path: Path) -> None:
    workspace = {"id": "w", "name": "W", "apiKeys": [{"key": "own"}]}
    world = {**workspace, "endpoints": [{"url": NOWHERE, "secret": SECRET}]}
    (tmp_path / "world.json").write_text(json.dumps({"workspaces": [world]}))
    # A port, as that of a server that runs all day, is of no use here.
    (tmp_path / "c.toml").write_text('fixtures = "world.json"\nport = 7363\n')
    found = variables_of(
        "--config", "c.toml", "--control-token", "tok", "--", cwd=tmp_path, SENDPILOT_API_KEY="real"
    )

    assert found["SENDPILOT_API_KEY"] == found["MOCK_SENDPILOT_API_KEY"] == "own"
    assert found["SENDPILOT_WEBHOOK_SECRET"] == SECRET
    assert found["MOCK_SENDPILOT_CONTROL_TOKEN"] == "tok"
    assert found["SENDPILOT_BASE_URL"] == f"{found['MOCK_SENDPILOT_URL']}/v1"
    assert not found["SENDPILOT_BASE_URL"].startswith("http://127.0.0.1:7363/")


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        pytest.param(
            ["--", "no-such-program"], 127, "no-such-program: command not found", id="127"
        ),
        pytest.param(["--empty"], 2, "Missing argument 'COMMAND...'", id="no command"),
        pytest.param(["--contract", "liv", "true"], 2, "did you mean 'live'?", id="wrong option"),
        pytest.param(["--port", "1", "true"], 2, "No such option", id="option of start"),
    ],
)
def test_a_command_that_does_not_run_has_a_reason(
    tmp_path: Path, arguments: list[str], code: int, reason: str
) -> None:
    process = Process("exec", *arguments, cwd=tmp_path)
    found, errors = process.ended()
    process.kill()

    assert (found, process.lines) == (code, [])
    assert reason in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_which_decides(tmp_path: Path, number: int) -> None:
    script = "trap 'echo stopping; exit 3' INT TERM; echo started; while :; do sleep 0.02; done"
    process = Process("exec", "--", "bash", "-c", script, cwd=tmp_path)
    process.line("started")
    code, errors = process.end(number)
    process.kill()

    assert (code, "Traceback" in errors) == (3, False)
    assert process.lines == ["started", "stopping"]


@pytest.mark.parametrize("command", ["exec", "start"])
def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path, command: str) -> None:
    """The parent is a shell, as that of a CI runner is."""
    words = {
        "exec": "exec -- sh -c 'echo $$ > pid; echo $MOCK_SENDPILOT_URL > url; sleep 100; true'",
        "start": "start --port 0 --json --exit-with-parent > url",
    }
    server = f"{shlex.join(PROGRAM)} {words[command]} & echo $! > server; wait"
    parent = subprocess.Popen(["sh", "-c", server], cwd=tmp_path, env=environment())
    eventually(lambda: (tmp_path / "url").exists() and (tmp_path / "url").read_text(), timeout=20)
    pids = [pid_in(path) for path in (tmp_path / "server", tmp_path / "pid") if path.exists()]
    assert all(map(is_running, pids))
    parent.kill()
    parent.wait()

    eventually(lambda: not any(map(is_running, pids)))


def test_a_command_at_a_terminal_reads_from_it_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    attach = (
        "import os, sys; t = os.open(sys.argv[1], os.O_RDWR); "
        "[os.dup2(t, number) for number in (0, 1, 2)]; os.execv(sys.argv[2], sys.argv[2:])"
    )
    # No shell: dash may miss a signal that comes while it starts a command.
    process = subprocess.Popen(
        [sys.executable, "-c", attach, os.ttyname(theirs), *PROGRAM, "exec", "cat"],
        cwd=tmp_path,
        env=environment(),
        start_new_session=True,
    )
    os.write(ours, b"it\n")
    printed = b""
    while printed.count(b"it") < 2:  # the echo of the terminal, and the output
        printed += os.read(ours, 4096)
    os.write(ours, b"\x03")
    try:
        code = process.wait(timeout=20)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)

    assert code == 130


# --- env ------------------------------------------------------------------------------------------


def test_env_is_for_eval(server: EmulatorServer, tmp_path: Path) -> None:
    server.emulator.outbox(server.emulator.workspaces()[0]).endpoints.add(NOWHERE, secret=SECRET)
    printed = invoke("env", "--url", server.origin, "--api-key", "YOUR_API_KEY").stdout
    script = f"{printed}\nenv | grep SENDPILOT | sort"
    done = subprocess.run(
        ["sh", "-c", script], env=environment(), capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == [
        "MOCK_SENDPILOT_API_KEY=YOUR_API_KEY",
        f"MOCK_SENDPILOT_URL={server.origin}",
        "SENDPILOT_API_KEY=YOUR_API_KEY",
        f"SENDPILOT_BASE_URL={server.base_url}",
        f"SENDPILOT_WEBHOOK_SECRET={SECRET}",
    ]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", "export SENDPILOT_API_KEY='it'\"'\"'s'"),
        ("fish", r"set -gx SENDPILOT_API_KEY 'it\'s'"),
        ("powershell", "$env:SENDPILOT_API_KEY = 'it''s'"),
        ("dotenv", "SENDPILOT_API_KEY=it's"),
    ],
)
def test_env_knows_the_syntax_of_shells(server: EmulatorServer, shell: str, line: str) -> None:
    server.emulator.load([empty_seed("it's")])
    result = invoke("env", "--url", server.origin, "--api-key", "it's", "--shell", shell)

    assert line in result.stdout.splitlines()
    assert result.stderr == "no endpoints, hence no SENDPILOT_WEBHOOK_SECRET\n"


def test_env_is_json_with_the_option(server: EmulatorServer) -> None:
    found = json.loads(invoke("env", "--url", server.origin, "--json").stdout)
    lead = over_a_socket(server.origin)("GET", f"/v1/leads/{LEAD}", key=found["SENDPILOT_API_KEY"])

    assert found["SENDPILOT_BASE_URL"] == server.base_url
    assert lead.status == 200


def test_env_of_no_server_is_exit_code_1() -> None:
    result = invoke("env", "--url", NOWHERE)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "start a server with: mock-sendpilot start" in result.stderr
