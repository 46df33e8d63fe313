"""Standard output that is full, closed, gone, or of another encoding."""

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mock_sendpilot.cli.groups import exit_on_output_error
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.server import EmulatorServer
from tests.cli.commands import PROGRAM, environment

COMMAND = shlex.join(PROGRAM)
OFFLINE = ("contracts list", "contracts show live --json", "--help", "start --help", "--version")
ONLINE = ("clock show", "events list --json", "listen", "disruptions list --json")


def shell(line: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["bash", "-c", line],
        env=environment(**variables),
        capture_output=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("arguments", [*OFFLINE, *ONLINE])
def test_a_file_that_cannot_grow_is_exit_code_1_with_the_reason(
    server: EmulatorServer, tmp_path: Path, arguments: str
) -> None:
    line = f"ulimit -f 0; {COMMAND} {arguments} >{shlex.quote(str(tmp_path / 'out'))}"
    done = shell(line, MOCK_SENDPILOT_URL=server.origin)

    expected = b"mock-sendpilot: cannot write the output: File too large\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.mark.parametrize("arguments", ["contracts list", "contracts show life"])
def test_a_command_ends_with_1_when_not_even_the_reason_can_be_written(
    tmp_path: Path, arguments: str
) -> None:
    out, errors = (shlex.quote(str(tmp_path / name)) for name in ("out", "errors"))
    done = shell(f"ulimit -f 0; {COMMAND} {arguments} >{out} 2>{errors}")

    assert done.returncode == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_exit_code_1_with_the_reason(
    number: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # it is let go of, and put back
    with pytest.raises(SystemExit) as ended:
        exit_on_output_error(OSError(number, "No room"))

    assert ended.value.code == 1
    expected = "mock-sendpilot: cannot write the output: No room\n"
    assert capfd.readouterr().err == expected


def test_an_error_that_is_not_about_the_output_is_raised() -> None:
    with pytest.raises(OSError, match="Too many open files"):
        exit_on_output_error(OSError(errno.EMFILE, "Too many open files"))


@pytest.mark.parametrize("arguments", [*OFFLINE, "clock show", "events list --json"])
def test_a_closed_output_is_ignored(server: EmulatorServer, arguments: str) -> None:
    done = shell(f"{COMMAND} {arguments} >&-", MOCK_SENDPILOT_URL=server.origin)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", ["contracts list", "start --help"])
def test_a_closed_pipe_ends_a_command_quietly(arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(
            [*PROGRAM, *arguments.split()],
            env=environment(),
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, b"")


def test_a_character_that_the_encoding_lacks_is_escaped(server: EmulatorServer) -> None:
    outbox = server.emulator.outbox(server.emulator.workspaces()[0])
    outbox.disruptions.arm("drop", pattern=EventPattern(None, {"note": "and so on…"}))
    line = f"{COMMAND} disruptions list --url {server.origin}"
    done = shell(line, PYTHONIOENCODING="latin-1")

    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"and so on\u2026" in done.stdout
