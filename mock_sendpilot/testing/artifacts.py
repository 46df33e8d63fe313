"""The option `--sendpilot-artifacts`: a file of evidence for each failed test."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from mock_sendpilot.errors import InvalidInput, SendPilotError
from mock_sendpilot.evidence.document import WorkspaceEvidence
from mock_sendpilot.evidence.files import checked_folder, file_name
from mock_sendpilot.evidence.recording import Recordings, recorded
from mock_sendpilot.evidence.saving import save
from mock_sendpilot.testing.backends.protocol import Backend, Host
from mock_sendpilot.testing.reruns.trials import is_rerun

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter  # pytest has it itself since 8.4

    from mock_sendpilot.testing.sandbox import Sandbox

OPTION = "--sendpilot-artifacts"
_SECTION = "sendpilot evidence"
_FAILURES = pytest.StashKey[list[str]]()
_FACTORY = "sendpilot_factory"


class Artifacts:
    """Saves what happened in the sandboxes of a test that fails.

    Args:
        folder: the folder of the files.
        sandbox_key: the key of the sandbox in the stash of a node.
        fixture_of: returns the name of the fixture that makes the sandbox of a node.
    """

    def __init__(
        self,
        folder: Path,
        sandbox_key: "pytest.StashKey[Sandbox]",
        fixture_of: Callable[[object], str],
    ) -> None:
        self.folder = folder
        self._sandbox_key = sandbox_key
        self._fixture_of = fixture_of
        self._recordings = Recordings()

    def recorded(self, host: Host) -> Host:
        """Return an emulator that records the workspaces of its sandboxes."""
        return recorded(host, self._recordings)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Begin again with the sandboxes that tests share: the evidence is that of one test."""
        for backend in self._recordings.all():
            if not backend.is_open:
                self._recordings.discard(backend)
                continue
            with suppress(SendPilotError):  # an emulator elsewhere may be gone
                if not WorkspaceEvidence(cast("Backend", backend)).is_empty:
                    backend.begin()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Save the evidence of a test that has failed, and name the file in its report."""
        report = yield
        if report.failed and not is_rerun():
            failures = item.stash.setdefault(_FAILURES, [])
            failures.append(report.longreprtext)
            if text := self._saved(item, "\n\n".join(failures)):
                report.sections.append((_SECTION, text))
        return report

    def _saved(self, item: pytest.Item, failure: str) -> str:
        """Write the file of a test, and return its path, or why there is none.

        A test in whose sandboxes nothing has happened has none, and nothing to be said about it.
        """
        path = self.folder / file_name(item.nodeid)
        try:
            found = [one for one in self._evidence(item) if not one.is_empty]
            if not found:
                return ""
            explorations = (one.recording.exploration for one in found)
            exploration = next((one for one in explorations if one and one.found), None)
            save(
                path,
                found,
                title=item.nodeid,
                test=item.nodeid,
                failure=failure,
                exploration=exploration,
            )
        except SendPilotError as error:
            return f"there is none: {error}"
        return str(path)

    def _evidence(self, item: pytest.Item) -> Iterator[WorkspaceEvidence]:
        nodes = {
            id(sandbox.backend): node
            for node in item.listchain()
            if (sandbox := node.stash.get(self._sandbox_key, None)) is not None
        }
        for backend in self._recordings.all():
            node = nodes.get(id(backend))
            label = _FACTORY if node is None else self._fixture_of(node)
            yield WorkspaceEvidence(cast("Backend", backend), label=label)

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        """Say where the files are."""
        reports = [one for name in ("failed", "error") for one in terminalreporter.getreports(name)]
        paths = {
            text
            for report in reports
            for title, text in getattr(report, "sections", ())
            if title == _SECTION
        }
        if paths:
            count = "1 file" if len(paths) == 1 else f"{len(paths)} files"
            terminalreporter.write_line(f"{_SECTION}: {count} in {self.folder}")


def register_artifacts(
    config: pytest.Config,
    sandbox_key: "pytest.StashKey[Sandbox]",
    fixture_of: Callable[[object], str],
) -> Artifacts:
    """Save the evidence of a run of pytest in the folder that its option names.

    Raises:
        pytest.UsageError: it names none, or one that cannot be written to.
    """
    if not config.getoption(OPTION):
        raise pytest.UsageError(f"{OPTION}: expected a folder, got nothing")
    folder = config.invocation_params.dir / config.getoption(OPTION)
    try:
        artifacts = Artifacts(checked_folder(folder), sandbox_key, fixture_of)
    except InvalidInput as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    config.pluginmanager.register(artifacts, "mock_sendpilot_artifacts")
    return artifacts
