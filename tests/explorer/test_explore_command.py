"""`mock-sendpilot explore`: what it prints and writes, and its exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_sendpilot.cli import main
from mock_sendpilot.testing.serving import AppServer
from tests.explorer import receivers as r
from tests.support import SECRET, reserved_port

APP = Path(__file__).parent / "stored_app.py"


@pytest.fixture
def served() -> Iterator[AppServer]:
    with AppServer(r.RejectsOlderEvents()) as server:
        yield server


@pytest.fixture
def right() -> Iterator[AppServer]:
    with AppServer(r.Receiver()) as server:
        yield server


def words(server: AppServer, *further: str) -> list[str]:
    origin = server.origin
    usual = ["--probe", f"{origin}/leads", "--secret", SECRET, "--timeout", "0.3", "--seed", "c"]
    return ["explore", f"{origin}/webhooks", *usual, *further]


def test_a_find_is_printed_and_written(
    cli_runner: CliRunner, served: AppServer, tmp_path: Path
) -> None:
    test, svg = tmp_path / "test_found.py", tmp_path / "found.svg"
    done = cli_runner.invoke(main, words(served, "--test", str(test), "--svg", str(svg)))

    assert done.exit_code == 1, done.output
    assert "(random seed 'c', " in done.stdout
    assert "never acknowledged" in done.stdout
    assert test.read_text(encoding="utf-8") in done.stdout
    assert svg.read_text(encoding="utf-8").startswith("<svg ")
    assert "\r" not in done.stderr


def test_a_find_is_replayed_from_its_file(
    cli_runner: CliRunner, served: AppServer, right: AppServer, tmp_path: Path
) -> None:
    file = tmp_path / "found.json"
    found = cli_runner.invoke(main, words(served, "--json"))
    file.write_text(found.stdout, encoding="utf-8")

    again = cli_runner.invoke(main, words(served, "--replay", str(file)))
    mended = cli_runner.invoke(main, words(right, "--replay", str(file)))

    assert json.loads(found.stdout)["found"]
    assert (again.exit_code, mended.exit_code) == (1, 0)
    assert json.loads(found.stdout)["story"][0] in " ".join(again.stdout.split())
    assert mended.stdout.startswith("nothing found in 1 schedule ")


def test_a_seed_is_replayed(cli_runner: CliRunner) -> None:
    with AppServer(r.CrashesOnUnknownEvents()) as server:
        first, again = (
            cli_runner.invoke(main, [*words(server)[:-2], "--json", option, "x7"])
            for option in ("--seed", "--replay")
        )

    assert json.loads(first.stdout)["steps"] == json.loads(again.stdout)["steps"]
    assert json.loads(again.stdout)["randomSeed"] == "x7"


def test_nothing_found_is_success(cli_runner: CliRunner, right: AppServer) -> None:
    done = cli_runner.invoke(main, words(right, "--examples", "5"))

    assert (done.exit_code, done.stdout[:16]) == (0, "nothing found in"), done.output


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [
        pytest.param(0, [b"1 of 5 schedules", b"5 of 5 schedules"], id="nothing found"),
        pytest.param(1, [b"found; shrinking it, "], id="something found"),
    ],
)
def test_a_terminal_is_told_how_far_it_is(
    served: AppServer, right: AppServer, exit_code: int, expected: list[bytes]
) -> None:
    ours, theirs = os.openpty()
    options = words(served) if exit_code else words(right, "--examples", "5")
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_sendpilot", *options],
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    printed = b""
    # On Linux a terminal without a writer ends with an error, elsewhere with nothing.
    with suppress(OSError):
        while text := os.read(ours, 4096):
            printed += text
    os.close(ours)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == exit_code, output
    assert [text for text in expected if text not in printed] == []
    assert printed.endswith(b" \r"), "the line is removed at the end"
    assert b"\r" not in output.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--replay", "pyproject.toml"], "expected a test", id="a file without steps"),
        pytest.param(["--kinds", "no"], "unknown kind 'no'", id="a kind"),
        pytest.param(["--probe", "http://127.0.0.1:9/"], "did not respond", id="no probe"),
        pytest.param(["--probe", " "], "expected a URL or a command", id="an empty probe"),
        pytest.param(["--probe", "'"], "expected a command", id="half a probe"),
        pytest.param(["--secret", "no"], "expected 'whsec_'", id="a secret"),
        pytest.param(["--test", "no/such/file"], "there is no folder", id="a folder"),
        pytest.param(["--receiver", "no-such-command"], "cannot be run", id="a command"),
    ],
)
def test_a_wrong_command_line_is_refused(
    cli_runner: CliRunner, right: AppServer, options: list[str], message: str
) -> None:
    done = cli_runner.invoke(main, words(right, *options))

    assert (done.exit_code, message in done.stderr) == (2, True), done.output


def test_an_app_that_does_not_run_is_named(cli_runner: CliRunner) -> None:
    done = cli_runner.invoke(main, ["explore", "http://127.0.0.1:9/", "--probe", "true"])

    assert done.exit_code == 2
    assert "http://127.0.0.1:9/: nothing answers there" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["works later"])
def test_a_process_that_loses_something_when_it_is_killed_is_found(
    cli_runner: CliRunner, tmp_path: Path, fault: str
) -> None:
    schedule = {
        "works later": {"step": "change", "lead": 1, "status": "DONE", "killed": "answered"},
    }
    file = tmp_path / "schedule.json"
    exit_codes: list[int] = []
    with reserved_port() as port:
        for name in (fault, "none"):
            file.write_text(json.dumps({"steps": [schedule[fault]]}), encoding="utf-8")
            database = tmp_path / f"{len(exit_codes)}.db"
            app = [sys.executable, str(APP), str(port), str(database), f"'{name}'"]
            origin = f"http://127.0.0.1:{port}"
            command = ["explore", f"{origin}/webhooks", "--probe", f"{origin}/leads"]
            further = ["--receiver", " ".join(app), "--timeout", "0.5", "--replay", str(file)]
            done = cli_runner.invoke(main, [*command, *further])
            exit_codes.append(done.exit_code)

    assert exit_codes == [1, 0], done.output
