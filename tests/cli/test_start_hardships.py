"""`mock-sendpilot start` where things are not as they should be."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_start import COMMAND, Start, environment, refused, start

__all__ = ["start"]


def test_an_unread_standard_error_blocks_nobody(start: Start) -> None:
    running = start()
    for _ in range(1500):  # more than a pipe holds
        assert running.ask("GET", f"/v1/leads/{'x' * 60}", key=None).status == 401
    before = time.perf_counter()
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(timeout=10)
    assert time.perf_counter() - before < 1
    assert running.process.returncode == 0


def test_a_burst_of_signals_ends_it_cleanly(start: Start) -> None:
    running = start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        if running.process.poll() is None:
            running.process.send_signal(number)
    running.process.communicate(timeout=10)
    assert running.process.returncode == 0


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
        "mock_sendpilot.cli.options",
        "mock_sendpilot.cli.stopping",
        "mock_sendpilot.emulator",
        "mock_sendpilot.server",
        "flask",
    ],
)
def test_an_interruption_while_it_starts_leaves_no_traceback(tmp_path: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_it_starts_with_standard_output_closed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["bash", "-c", f"exec {' '.join(COMMAND)} --port 0 --log-level info >&-"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    process.terminate()
    errors = process.communicate(timeout=10)[1]
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param(
            {"port": True}, "'port': expected one value, got a boolean", id="port is a boolean"
        ),
        pytest.param({"port": {"a": 1}}, "'port': expected one value", id="port is a table"),
        pytest.param({"no_control": 1}, "'no_control': expected true or false", id="flag is 1"),
        pytest.param({"webhook": [None]}, "'webhook': expected texts", id="webhook is null"),
        pytest.param({"log_level": None}, "'log_level': expected one value", id="level is null"),
        pytest.param({"webhook_timeout": "nan"}, "expected a finite number, got nan", id="nan"),
        pytest.param({"cors_origin": "["}, "expected * or an origin such as http", id="origin"),
        pytest.param({"control_token": "é"}, "expected printable ASCII", id="token"),
        pytest.param(
            {"fixtures": "\0"}, "'fixtures' must not contain the character NUL", id="path"
        ),
        pytest.param({"host": "a\0b"}, "'host' must not contain the character NUL", id="host"),
        pytest.param({"webhook": ["\0"]}, "'webhook' must not contain the character", id="webhook"),
    ],
)
def test_a_config_value_that_cannot_be_is_refused_with_a_reason(
    tmp_path: Path, config: dict[str, object], message: str
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(config))
    code, errors = refused(tmp_path, "--config", "c.json")
    assert (code, message in errors, "Traceback" in errors) == (2, True, False), errors


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        pytest.param({"control_token": ["SECRETX"]}, "an array", id="token in an array"),
        pytest.param({"webhook_secret": {"a": "SECRETX"}}, "a table", id="secret in a table"),
        pytest.param({"webhook": [{"secret": "SECRETX"}]}, "a table", id="webhook as a table"),
        pytest.param({"no_control": "SECRETX"}, "a text", id="flag"),
    ],
)
def test_a_value_that_is_refused_is_not_shown_since_it_may_be_a_secret(
    tmp_path: Path, config: dict[str, object], kind: str
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(config))
    code, errors = refused(tmp_path, "--config", "c.json")
    assert (code, f", got {kind}" in errors, "SECRETX" in errors) == (2, True, False), errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--fixtures", "/proc/self/mem"], "cannot read /proc/self/mem", id="fixtures"),
        pytest.param(["--host", "a..b"], "cannot listen on a..b", id="host"),
    ],
)
def test_what_cannot_be_read_or_bound_is_told(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    own = {"workspaces": [{"id": "w", "name": "W", "apiKeys": [{"key": "own"}]}]}
    (tmp_path / "own.json").write_text(json.dumps(own))
    fixtures = [] if "--fixtures" in arguments else ["--fixtures", "own.json", "--no-control"]
    code, errors = refused(tmp_path, *arguments, *fixtures)
    assert (code, message in errors, "Traceback" in errors) == (1, True, False), errors


def test_a_port_variable_of_a_container_link_is_told_apart(tmp_path: Path) -> None:
    """Kubernetes and docker links set NAME_PORT to an address for a service of that name."""
    process = subprocess.Popen(
        [*COMMAND, "--json"],
        cwd=tmp_path,
        env=environment(MOCK_SENDPILOT_PORT="tcp://10.0.0.1:7363", MOCK_SENDPILOT_HOST="127.0.0.2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    errors = process.communicate(timeout=10)[1]
    assert line, errors
    assert json.loads(line)["origin"] == "http://127.0.0.2:7363"
