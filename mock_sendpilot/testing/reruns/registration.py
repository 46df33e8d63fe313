"""The start and the end of reruns: which kinds a run has, and their reports."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.emulator_url import url_of_run
from mock_sendpilot.testing.reruns.changes import Kind
from mock_sendpilot.testing.reruns.command_line import (
    DEFAULT_PERCENT,
    DEFAULT_SEED,
    DRIFT,
    DRIFT_PERCENT,
    DRIFT_SEED,
    MATRIX,
    MATRIX_OPTION,
    options_of,
)
from mock_sendpilot.testing.reruns.drift import Drift
from mock_sendpilot.testing.reruns.drift_report import DriftReport
from mock_sendpilot.testing.reruns.matrix import Matrix
from mock_sendpilot.testing.reruns.matrix_report import MatrixReport
from mock_sendpilot.testing.reruns.plugin import Reruns
from mock_sendpilot.testing.reruns.report import Report, counted, write_json, write_junit

T = TypeVar("T")

_PLUGIN, _SUMMARY = "sendpilot-reruns", "sendpilot-reruns-summary"
_OUTPUT = "mock_sendpilot_reruns"
"""The key for the results in what a worker of pytest-xdist sends to the controller."""


def register_reruns(config: pytest.Config) -> None:
    """Register the plugins of the kinds that the command line asks for.

    Raises:
        pytest.UsageError: options that are invalid or do not go together.
    """
    if config.option.collectonly:
        return
    kinds: list[Kind] = []
    reports: list[Callable[[], Report]] = []
    if _is_on(config, MATRIX):
        matrix = _made(MATRIX_OPTION, lambda: Matrix(config.getoption(MATRIX_OPTION)))
        kinds.append(matrix)
        reports.append(lambda: MatrixReport(matrix.results, matrix.options))
    if _is_on(config, DRIFT):
        percent, seed = config.getoption(DRIFT_PERCENT), config.getoption(DRIFT_SEED)
        drift = _made(
            DRIFT_PERCENT,
            lambda: Drift(
                percent=DEFAULT_PERCENT if percent is None else percent,
                seed=DEFAULT_SEED if seed is None else seed,
            ),
        )
        kinds.append(drift)
        reports.append(lambda: DriftReport(drift.results))
    if elsewhere := url_of_run(config):
        raise pytest.UsageError(
            f"--sendpilot-{kinds[0].name}: expected an emulator in this process, got "
            f"{' '.join(elsewhere)}; run without it: only here it can be seen what a test touches"
        )
    for kind in kinds:
        _check_files(config, kind.name)
    config.pluginmanager.register(Reruns(config, kinds), _PLUGIN)
    config.pluginmanager.register(Summary(config, kinds, reports), _SUMMARY)


def _is_on(config: pytest.Config, name: str) -> bool:
    if config.getoption(name):
        return True
    for other in options_of(name):
        if config.getoption(other):
            raise pytest.UsageError(f"{other}: expected {name} with it")
    return False


def _check_files(config: pytest.Config, name: str) -> None:
    """Refuse before the first test what cannot be written after the last one."""
    for form in ("json", "junit"):
        option = f"--sendpilot-{name}-{form}"
        path = config.getoption(option)
        if path is not None and (config.invocation_params.dir / path).is_dir():
            raise pytest.UsageError(f"{option}: expected the path of a file, got {path!r}")


def _made(option: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except InvalidInput as error:
        raise pytest.UsageError(f"{option}: {error}") from None


class Summary:
    """Gathers the results of all processes, and reports them.

    Args:
        config: the configuration of the run.
        kinds: what it runs tests again for.
        reports: make the report of each kind, of all results.
    """

    def __init__(
        self,
        config: pytest.Config,
        kinds: Sequence[Kind],
        reports: Sequence[Callable[[], Report]],
    ) -> None:
        self._config = config
        self._kinds = kinds
        self._reports = reports
        self._problems: list[str] = []
        self._lost_workers = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over the results of a worker; one that has crashed has none."""
        found = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if found is None:
            self._lost_workers += 1
            return
        for kind in self._kinds:
            kind.results.add_data(found[kind.name])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the results to the controller; there, write the files and set the exit status."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = {kind.name: kind.results.as_data() for kind in self._kinds}
            return
        for kind, make in zip(self._kinds, self._reports, strict=True):
            kind.results.sort(kind.order())
            report = make()
            self._write(report)
            is_strict = self._config.getoption(f"--sendpilot-{report.name}-strict")
            if is_strict and report.is_failed and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _write(self, report: Report) -> None:
        for form, write in (("json", write_json), ("junit", write_junit)):
            option = f"--sendpilot-{report.name}-{form}"
            name = self._config.getoption(option)
            if name is None:
                continue
            path = self._config.invocation_params.dir / Path(name)
            try:
                write(report, path)
            except OSError as error:
                self._problems.append(f"{option}: cannot write {path}: {error.strerror}")

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Show the reports."""
        for make in self._reports:
            report = make()
            terminalreporter.section(f"sendpilot {report.name}", "=")
            for text, color in report.lines():
                terminalreporter.write_line(text, **({color: True} if color else {}))
        if self._lost_workers:
            crashed = counted(self._lost_workers, "worker")
            self._problems.append(f"the reruns of {crashed} that crashed are missing")
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            self._problems.append("the run was interrupted: there are tests that were not rerun")
        for problem in self._problems:
            terminalreporter.write_line(problem, red=True)
