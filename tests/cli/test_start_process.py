"""`mock-sendpilot start` as a process: its output, its log, signals and its end."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.cli.commands import LEAD, NOWHERE, PROGRAM, Process, environment
from tests.cli.conftest import StartProcess

KEY = "sp_live_4f7c2a9e51d84b0c9a6e"
COMMAND = (*PROGRAM, "start", "--port", "0")


# --- output --------------------------------------------------------------------------------------


def test_the_banner_has_addresses_keys_and_a_request_to_copy(tmp_path: Path) -> None:
    flags = ("start", "--port", "0", "--webhook", "http://127.0.0.1:9000/hooks")
    process = Process(*flags, cwd=tmp_path)
    process.line("Ctrl+C")
    process.end()
    banner = "\n".join(process.lines)

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
        f"/v1/leads/{LEAD}/status",
    ):
        assert text in banner
    assert "\x1b" not in banner  # no color in a pipe


@pytest.mark.parametrize(
    ("is_terminal", "arguments", "has_secrets"),
    [
        pytest.param(False, [], False, id="a pipe"),
        pytest.param(True, [], True, id="a terminal"),
        pytest.param(False, ["--show-secrets"], True, id="a pipe, with the option"),
    ],
)
def test_only_a_terminal_gets_secrets_without_the_option(
    tmp_path: Path, is_terminal: bool, arguments: list[str], has_secrets: bool
) -> None:
    ours, theirs = os.openpty() if is_terminal else os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "--empty", "--api-key", KEY, *arguments],
        cwd=tmp_path,
        env=environment(),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    printed = b""
    while b"Ctrl+C" not in printed:
        printed += os.read(ours, 4096)
    process.terminate()
    process.wait(timeout=10)
    os.close(ours)

    assert (KEY.encode() in printed) is has_secrets


def test_a_closed_standard_output_does_not_stop_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["bash", "-c", f"exec {shlex.join(COMMAND)} --log-level info >&-"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    process.terminate()

    assert "Traceback" not in process.communicate(timeout=10)[1]


# --- log -----------------------------------------------------------------------------------------


def test_each_request_is_logged_with_the_reason_of_a_refusal_and_without_secrets(
    start_process: StartProcess,
) -> None:
    running = start_process("--webhook", NOWHERE)
    running.request("GET", f"/v1/leads/{LEAD}?full=true")
    running.request("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "done"})
    running.request("GET", "/v1/leads", key=None)
    running.request("GET", f"/v1/leads?apiKey={KEY}&limit=3")
    running.request("POST", "/_emulate/endpoints", json={"url": f"ftp://me:{KEY}@h/"})
    running.request("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})
    _, log = running.end()

    for text in (
        f"GET /v1/leads/{LEAD}?full=true 200",
        'got "done" (did you mean DONE?)',
        "send the key as the header X-API-Key",
        "GET /v1/leads?apiKey=…&limit=3 200",
        "POST /_emulate/endpoints 400",
        "stopped; deliveries still pending: 1",
    ):
        assert sum(text in line for line in log.splitlines()) == 1, text
    assert "YOUR_API_KEY" not in log
    assert KEY not in log


def test_the_log_is_objects_with_the_option(start_process: StartProcess) -> None:
    running = start_process("--log-format", "json")
    running.request("GET", f"/v1/leads?apiKey={KEY}&limit=x")
    _, log = running.end()
    request, *_, stopped = [json.loads(line) for line in log.splitlines()]

    assert request["message"].startswith("GET /v1/leads?apiKey=…&limit=x 400 ")
    assert (request["method"], request["status"]) == ("GET", 400)
    assert request["target"] == "/v1/leads?apiKey=…&limit=x"
    assert "limit: expected" in request["remark"]
    assert isinstance(request["durationMs"], float)
    assert stopped["message"] == "stopped; deliveries still pending: 0"


def test_an_unread_standard_error_blocks_nothing(start_process: StartProcess) -> None:
    running = start_process(reads_errors=False)
    for _ in range(1500):  # more than a pipe holds
        assert running.request("GET", f"/v1/leads/{'x' * 60}", key=None).status == 401
    running.process.send_signal(signal.SIGTERM)

    assert running.process.wait(timeout=20) == 0


# --- its end -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param([signal.SIGINT], id="Ctrl+C"),
        pytest.param([signal.SIGTERM], id="SIGTERM"),
        pytest.param([signal.SIGINT, signal.SIGTERM] * 2, id="many"),
    ],
)
def test_signals_end_it_cleanly_and_soon_while_a_receiver_hangs(
    start_process: StartProcess, receiver: WebhookReceiver, numbers: list[int]
) -> None:
    with receiver.hold_responses():
        running = start_process("--webhook", receiver.url)
        running.request("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})
        receiver.wait_for(count=1)
        before = time.perf_counter()
        for number in numbers:
            if running.process.poll() is None:
                running.process.send_signal(number)
        code, errors = running.ended()

    assert time.perf_counter() - before < 15  # the webhook has 30 s
    assert (code, "Traceback" in errors) == (0, False)


INTERRUPTED = """
import os, runpy, signal, sys

class Interruption:
    def find_spec(self, name, *_):
        if name == module:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

module, sys.argv[1:] = sys.argv[1], ["start", "--port", "0"]
sys.meta_path.insert(0, Interruption())
runpy.run_module("mock_sendpilot", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "module",
    [
        "mock_sendpilot.cli",
        "click",
        "mock_sendpilot.cli.groups",
        "mock_sendpilot.cli.start",
        "mock_sendpilot.cli.start_options",
        "mock_sendpilot.cli.stopping",
        "mock_sendpilot.emulator",
        "mock_sendpilot.server",
        "marshmallow",
    ],
)
def test_an_interruption_of_an_import_leaves_no_traceback(tmp_path: Path, module: str) -> None:
    done = run_code(INTERRUPTED, module, folder=tmp_path)

    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def run_code(code: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


SWALLOWED = """
import importlib, os, signal
from mock_sendpilot.cli import main


class Thing:
    def __del__(self):  # Python swallows what the handler of the signal raises in it
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))


module = importlib.import_module("mock_sendpilot.cli.start")
module.give_back_large_blocks = lambda: Thing() and None
main(["start", "--port", "0"])
"""


def test_a_signal_whose_exception_python_swallows_ends_the_server(tmp_path: Path) -> None:
    done = run_code(SWALLOWED, folder=tmp_path)

    assert done.returncode == 0
    assert "Exception ignored in" in done.stderr
