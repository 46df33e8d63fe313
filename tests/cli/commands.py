"""Commands as their users call them: in this process, or as processes of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from tests.support import eventually, over_a_socket

PROGRAM = (sys.executable, "-m", "mock_sendpilot")
EVENT = "lead.status.changed"
LEAD = "lead_abc123"  # REPLY_RECEIVED, of sender_maria
NOWHERE = "http://127.0.0.1:9/"
_SECONDS = 20


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of this process without those of the commands, and with others."""
    # Output that is not buffered would hide what is missing a flush.
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    ours = {key for key in plain if key.startswith("MOCK_SENDPILOT_")}
    return {**{key: value for key, value in plain.items() if key not in ours}, **variables}


def invoke(*arguments: str, stdin: str | bytes | None = None, **variables: str | None) -> Result:
    """Run a command in this process."""
    ours = {key: None for key in os.environ if key.startswith("MOCK_SENDPILOT_")}
    runner = CliRunner(env={**ours, **variables})
    return runner.invoke(main, arguments, input=stdin, prog_name="mock-sendpilot")


class Process:
    """A command as a process of its own; `lines` are those it has printed so far."""

    def __init__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        prefix: tuple[str, ...] = (),
        reads_errors: bool = True,
        **variables: str,
    ) -> None:
        self.process = subprocess.Popen(
            [*prefix, *PROGRAM, *arguments],
            cwd=cwd,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._readers = [self._reader(self.process.stdout, self.lines)]
        if reads_errors:
            self._readers.append(self._reader(self.process.stderr, self.errors))

    def line(self, text: str) -> str:
        """Wait for the first line that has a text."""
        eventually(
            lambda: [one for one in self.lines if text in one] or not self._is_running(),
            timeout=_SECONDS,
        )
        found = [one for one in self.lines if text in one]
        assert found, "\n".join(self.errors)
        return found[0]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return exit code and standard error."""
        if self._is_running():
            self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return exit code and standard error."""
        self.process.wait(_SECONDS)
        for reader in self._readers:
            reader.join(_SECONDS)
            assert not reader.is_alive(), "something that it has started still runs"
        return self.process.returncode, "\n".join(self.errors)

    def kill(self) -> None:
        """End it, whatever it does."""
        if self._is_running():
            self.process.kill()
        self.ended()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _is_running(self) -> bool:
        return self.process.poll() is None

    def _reader(self, stream: IO[str], lines: list[str]) -> threading.Thread:
        def read() -> None:
            with stream:
                while line := stream.readline():
                    lines.append(line.rstrip("\n"))

        thread = threading.Thread(target=read)
        thread.start()
        return thread


class ServerProcess(Process):
    """`mock-sendpilot start --json` on a free port; `facts` is its line of JSON."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        super().__init__("start", "--port", "0", "--json", *arguments, **options)
        self.facts: dict[str, Any] = json.loads(self.line('"version"'))
        self.request = over_a_socket(self.facts["origin"])
