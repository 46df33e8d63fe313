"""Processes that a benchmark starts, always ended again, and what the system knows of them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
NEEDS_PROC = "needs /proc/<pid>, which only Linux has"
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Started:
    """A process that listens; `facts` is the line of JSON that it printed when it was ready."""

    pid: int
    facts: dict[str, Any]

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 on which it listens."""
        return urlsplit(str(self.facts["origin"])).port or 0


@contextmanager
def running(
    *arguments: str, text: str = "", errors: IO[str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """`python` with these arguments and this standard input, ended with the context.

    Its standard error goes to the file `errors`; by default to that of this process.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env=_environment(),
    )
    try:
        if process.stdin is not None:
            process.stdin.write(text)
            process.stdin.close()
        yield process
    finally:
        _end(process)


@contextmanager
def listening(
    command: Sequence[str], *, cwd: Path, output: IO[str], settings: Mapping[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    """Another program's server, started in the directory `cwd` and ended with the context.

    It writes into the file `output`, since a pipe that nobody reads would hold it up. It has our
    environment and `settings`.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        cwd=cwd,
        env=_environment() | dict(settings),
    )
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def started(*arguments: str, text: str = "", errors: IO[str] | None = None) -> Iterator[Started]:
    """The same for a process that prints one line of JSON with its `origin` when it is ready."""
    with running(*arguments, text=text, errors=errors) as process:
        line = first_line(process)
        if not line:
            raise RuntimeError(f"{' '.join(arguments)} did not start")
        yield Started(process.pid, json.loads(line))


def first_line(process: "subprocess.Popen[str]") -> str:
    """Return the first line that a process prints; empty if it ends before, or takes too long."""
    if process.stdout is None:
        return ""
    patience = threading.Timer(_START_SECONDS, process.kill)
    patience.start()
    try:
        return process.stdout.readline()
    finally:
        patience.cancel()


def cpu_seconds(pid: int) -> float | None:
    """The user and system time of a process with all its threads so far."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    # The name in parentheses may hold blanks; utime and stime are the 12th and 13th after it.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def process_tree(pid: int) -> list[int]:
    """Return a process and all that it started, as far as they still run."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(fields[1])
    tree = [pid]
    for member in tree:  # grows meanwhile
        tree += [child for child, parent in parents.items() if parent == member]
    return tree


def resident_megabytes(pid: int) -> float | None:
    """Return the memory that a process occupies (VmRSS)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(sizes[0]) / 1024 if sizes else None


def _environment() -> dict[str, str]:
    """Ours, without settings that would change what is measured.

    With PYTHONDONTWRITEBYTECODE the modules of a checkout would be compiled at every start, while
    those of installed packages were compiled when they were installed.
    """
    unwanted = {key for key in os.environ if "SENDPILOT" in key.upper()}
    unwanted.add("PYTHONDONTWRITEBYTECODE")
    return {key: value for key, value in os.environ.items() if key not in unwanted}


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)
    if process.stdout is not None:
        process.stdout.close()
