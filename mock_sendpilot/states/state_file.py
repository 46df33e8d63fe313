"""The state file of a server: saved every few seconds and at the end, whole or not at all."""

import logging
import os
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.states.serialization import dump_states, load_states
from mock_sendpilot.states.snapshots import WorkspaceState

SAVE_SECONDS = 2.0
_MIN_PAUSE_RATIO = 10
"""The least ratio of the pause after a save to the duration of the save."""
_logger = logging.getLogger(__name__)


class StateFile:
    """A file with the state of every workspace of an emulator.

    Args:
        path: the file; its directory must exist.
        save_seconds: the time between two saves, unless they take long.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, *, save_seconds: float = SAVE_SECONDS) -> None:
        self.path = path
        self._save_seconds = save_seconds
        self._is_ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._saved: list[WorkspaceState] | None = None

    def load(self) -> list[WorkspaceState] | None:
        """Return the states of the file; None if it does not exist yet.

        Raises:
            InvalidInput: it holds no states, or those of a newer version.
            OSError: it cannot be read.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return load_states(text)
        except InvalidInput as error:
            raise InvalidInput(*(f"{self.path}: {problem}" for problem in error.problems)) from None

    def save(self, emulator: Emulator) -> None:
        """Save the state of every workspace, unless nothing has changed.

        Raises:
            InvalidInput: a workspace is busy for long.
            OSError: the file cannot be written; then it is as it was.
        """
        states = [emulator.state(workspace) for workspace in emulator.workspaces()]
        comparable = [_without_time(state) for state in states]
        if comparable == self._saved:
            return
        _write(self.path, dump_states(states))
        self._saved = comparable

    def start(self, emulator: Emulator) -> None:
        """Save every few seconds in a thread, until `stop`."""
        self.save(emulator)  # here, so that a file that cannot be written ends the start
        self._thread = threading.Thread(
            target=self._run, args=(emulator,), name="mock-sendpilot state", daemon=True
        )
        self._thread.start()

    def stop(self, emulator: Emulator) -> None:
        """End the thread, and save for the last time."""
        self._is_ending.set()
        if self._thread is not None:
            self._thread.join()
        self._save_or_log(emulator)

    def _run(self, emulator: Emulator) -> None:
        pause = self._save_seconds
        while not self._is_ending.wait(pause):
            began_at = SystemClock.running_seconds()
            self._save_or_log(emulator)
            # To write 100,000 leads takes seconds of the interpreter, which requests need too.
            duration = SystemClock.running_seconds() - began_at
            pause = max(self._save_seconds, _MIN_PAUSE_RATIO * duration)

    def _save_or_log(self, emulator: Emulator) -> None:
        try:
            self.save(emulator)
        except (InvalidInput, OSError) as error:
            _logger.warning("the state was not saved to %s: %s", self.path, error)


def _without_time(state: WorkspaceState) -> WorkspaceState:
    """Return a state to compare with others: a running clock alone is no change."""
    clock = state.world.clock
    moment = clock.now if clock.is_frozen else clock.now.min  # any, but always the same
    clock = replace(clock, now=moment, real_time=moment)
    return replace(state, world=replace(state.world, clock=clock))


def _write(path: Path, content: bytes) -> None:
    """Replace a file by another content, in one step that survives a crash of the machine."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        # Readable by its owner alone, as mkstemp makes it: it holds keys and signing secrets.
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
