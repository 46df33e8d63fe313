"""The plugin that pytest gets with `--sendpilot-cov`: it counts, merges and reports."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from mock_sendpilot.coverage.recorder import Recorder
from mock_sendpilot.coverage.report import CoverageReport, coverage_report
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.redaction import redacted
from mock_sendpilot.testing.coverage_options import (
    COV,
    COVERAGE_PLUGIN,
    FAIL_UNDER,
    HTML,
    JSON,
    OMIT_SETTING,
)
from mock_sendpilot.testing.emulator_url import url_of_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _pytest.terminal import TerminalReporter

_WORKER_OUTPUT = "sendpilot_coverage"
_MAX_PERCENT = 100


def register(config: pytest.Config) -> None:
    """Count from now on, and report at the end of the run.

    Raises:
        pytest.UsageError: an option that cannot be followed; it says which and why.
    """
    elsewhere = url_of_run(config)
    if elsewhere is not None:
        place, url = elsewhere
        raise pytest.UsageError(
            f"{COV}: expected an emulator of the tests' own, got {redacted(url)} by {place}: an "
            "emulator elsewhere counts nothing; leave out one of the two"
        )
    if hasattr(config, "workerinput"):
        plugin: object = WorkerPlugin(config)
    else:
        plugin = CoveragePlugin(config)
    config.pluginmanager.register(plugin, COVERAGE_PLUGIN)


class _Counting:
    """The counts of a process of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._recorder = Recorder()
        self._recorder.start()

    @contextmanager
    def paused(self) -> "Iterator[None]":
        """Count nothing meanwhile."""
        self._recorder.stop()
        try:
            yield
        finally:
            self._recorder.start()

    def pytest_unconfigure(self) -> None:
        """Count no longer."""
        self._recorder.stop()


class WorkerPlugin(_Counting):
    """The plugin of a worker of pytest-xdist, which gives its counts to the process that asked."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Give the counts to the other process."""
        self._recorder.wait_for_attempts()
        output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
        output[_WORKER_OUTPUT] = self._recorder.counts()


class CoveragePlugin(_Counting):
    """The plugin of the process that was started."""

    def __init__(self, config: pytest.Config) -> None:
        self._fail_under: float | None = config.getoption(FAIL_UNDER)
        self._files = {one: config.getoption(one) for one in (HTML, JSON)}
        self._omit: list[str] = config.getini(OMIT_SETTING)
        _check(self._fail_under, self._files, self._omit)
        super().__init__(config)
        self._of_workers: list[Mapping[str, int]] = []
        self._lost_workers = 0
        self._report: CoverageReport | None = None
        self._remarks: list[tuple[str, bool]] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the counts of a worker of pytest-xdist that has ended."""
        counts = getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT)
        if counts is None:
            self._lost_workers += 1
        else:
            self._of_workers.append(counts)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the files, and let the run fail under the share that was asked for."""
        if self._config.option.collectonly:
            return
        self._recorder.wait_for_attempts()
        counts = [self._recorder.counts(), *self._of_workers]
        self._report = coverage_report(counts, omit=self._omit)
        if self._lost_workers:
            self._remark(f"{self._lost_workers} workers ended without their counts", is_bad=True)
        has_failed = self._is_under(self._report)
        for option, write in ((HTML, _write_html), (JSON, _write_json)):
            path = self._files[option]
            if path is not None:
                has_failed |= not self._write(Path(path), write, self._report)
        if has_failed and exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        """Print what was met and what was not."""
        report = self._report
        if report is None:
            return
        terminalreporter.section("coverage of the SendPilot integration", sep="-")
        if self._config.getoption(COV):
            for line in (*report.table(), *report.missed_lines(shows_all=self._is_verbose)):
                terminalreporter.line(line)
            terminalreporter.line("")
        else:
            terminalreporter.line(report.table()[-1])
        for text, is_bad in self._remarks:
            terminalreporter.line(text, red=is_bad, bold=is_bad)

    @property
    def _is_verbose(self) -> bool:
        return bool(self._config.getoption("verbose") > 0)

    def _remark(self, text: str, *, is_bad: bool = False) -> None:
        self._remarks.append((text, is_bad))

    def _is_under(self, report: CoverageReport) -> bool:
        if self._fail_under is None:
            return False
        is_under = report.percent < self._fail_under
        needed = f"Required SendPilot coverage of {self._fail_under:g} %"
        # Cut, and not rounded: 39.999 % would be printed as the 40 % that were not reached.
        total = f"Total coverage: {int(report.percent * 100) / 100:.2f} %"
        if is_under:
            self._remark(f"FAIL {needed} not reached. {total}", is_bad=True)
        else:
            self._remark(f"{needed} reached. {total}")
        return is_under

    def _write(self, path: Path, write: Any, report: CoverageReport) -> bool:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, report)
        except OSError as error:
            self._remark(f"cannot write {path}: {error.strerror}", is_bad=True)
            return False
        self._remark(f"coverage written to {path}")
        return True


def _check(fail_under: float | None, files: "Mapping[str, str | None]", omit: list[str]) -> None:
    """Refuse before the first test what would fail after the last one."""
    if fail_under is not None and not 0 <= fail_under <= _MAX_PERCENT:
        raise pytest.UsageError(f"{FAIL_UNDER}: expected a percentage, got {fail_under:g}")
    for option, path in files.items():
        if path is not None and (not path or Path(path).is_dir()):
            raise pytest.UsageError(f"{option}: expected the path of a file, got {path!r}")
    try:
        coverage_report((), omit=omit)
    except InvalidInput as error:
        raise pytest.UsageError(f"{OMIT_SETTING}: {error}") from None


def _write_json(path: Path, report: CoverageReport) -> None:
    path.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2) + b"\n")


def _write_html(path: Path, report: CoverageReport) -> None:
    from mock_sendpilot.coverage.page import page

    path.write_text(page(report), encoding="utf-8")
