"""A command in a process group: its exit code, its signals, and what it leaves running."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_sendpilot.cli.process_group import CannotRun, ProcessGroup
from tests.support import eventually

STUBBORN = "trap '' TERM; echo $$ > pid; while :; do sleep 0.02; done"
Run = Callable[..., ProcessGroup]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run commands in an empty folder, with half a second from SIGTERM to SIGKILL."""
    monkeypatch.chdir(tmp_path)
    started: list[ProcessGroup] = []

    def begin(*command: str) -> ProcessGroup:
        started.append(ProcessGroup(command, os.environ, grace_seconds=0.3))
        return started[-1]

    yield begin
    for one in started:
        one.end()


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that nobody has waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def pid_in(path: Path) -> int:
    eventually(lambda: path.exists() and path.read_text(encoding="utf-8").strip())
    return int(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("true", 0, id="success"),
        pytest.param("exit 7", 7, id="failure"),
        pytest.param("kill -TERM $$", 143, id="SIGTERM"),
        pytest.param("kill -KILL $$", 137, id="SIGKILL"),
    ],
)
def test_the_exit_code_is_that_of_the_command(run: Run, script: str, code: int) -> None:
    assert run("sh", "-c", script).wait() == code


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [
        pytest.param("no-such-program", 127, "no-such-program: command not found", id="missing"),
        pytest.param("./no-such-file", 127, "./no-such-file: command not found", id="no file"),
        pytest.param("npm test", 127, "words of their own: -- npm test", id="words in one"),
        pytest.param("./plain.txt", 126, "cannot be run: Permission denied", id="no program"),
        pytest.param(
            "./bare", 126, "does it begin with a line such as #!/bin/sh?", id="no shebang"
        ),
        pytest.param("./lost", 126, "its interpreter does not exist", id="no interpreter"),
        pytest.param(".", 126, "cannot be run: Permission denied", id="folder"),
    ],
)
def test_a_command_that_cannot_be_run_has_the_code_of_shells(
    run: Run, tmp_path: Path, program: str, code: int, reason: str
) -> None:
    for name, text in {"plain.txt": "", "bare": "true\n", "lost": "#!/no/such/sh\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o644 if name == "plain.txt" else 0o755)
    with pytest.raises(CannotRun) as refused:
        run(program)

    assert refused.value.code == code
    assert reason in refused.value.message


def test_a_command_that_ignores_sigterm_is_killed(run: Run, tmp_path: Path) -> None:
    group = run("sh", "-c", STUBBORN)
    pid = pid_in(tmp_path / "pid")
    group.send_signal(signal.SIGTERM)

    assert group.wait() == 137
    assert not is_running(pid)


def test_a_command_that_handles_sigint_is_not_killed(run: Run, tmp_path: Path) -> None:
    script = "trap 'sleep 0.5; exit 3' INT; touch ready; while :; do sleep 0.02; done"
    group = run("sh", "-c", script)
    eventually((tmp_path / "ready").exists)
    group.send_signal(signal.SIGINT)

    assert group.wait() == 3


@pytest.mark.parametrize("script", ["sleep 100", STUBBORN], ids=["plain", "ignores SIGTERM"])
def test_nothing_that_a_command_has_started_is_left(run: Run, tmp_path: Path, script: str) -> None:
    group = run("sh", "-c", f"sh -c 'echo $$ > pid; {script.replace(chr(39), chr(34))}' & exit 5")
    code = group.wait()
    pid = pid_in(tmp_path / "pid")
    group.end()

    assert code == 5
    eventually(lambda: not is_running(pid))


def test_a_stopped_grandchild_is_ended_without_being_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = "sh -c 'echo $$ > pid; kill -STOP $$' &"
    group = ProcessGroup(["sh", "-c", script], os.environ, grace_seconds=60)
    group.wait()
    pid = pid_in(tmp_path / "pid")
    before = time.perf_counter()
    group.end()

    eventually(lambda: not is_running(pid))
    assert time.perf_counter() - before < 30


def test_a_command_is_ended_when_it_must(run: Run, tmp_path: Path) -> None:
    must_end = threading.Event()
    group = run("sh", "-c", "touch ready; exec sleep 100")
    eventually((tmp_path / "ready").exists)
    must_end.set()

    assert group.wait(must_end=must_end.is_set) == 143


def test_a_flood_of_output_changes_nothing(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; sys.stdout.write('x' * 5_000_000); sys.exit(4)"

    assert run(sys.executable, "-c", program).wait() == 4
    assert len(capfd.readouterr().out) == 5_000_000


def test_a_signal_during_the_start_reaches_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It must not end this process, which would leave the command alone."""
    popen = subprocess.Popen
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.getsignal(number) for number in numbers}

    def start(*arguments: Any, **options: Any) -> "subprocess.Popen[bytes]":
        signal.raise_signal(signal.SIGTERM)
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    try:
        group = ProcessGroup(["sleep", "100"], os.environ, forwards_signals=True)
        code = group.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert code == 143
