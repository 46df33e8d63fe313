"""Run a test again, right after it has passed, under each change: a part of the pytest plugin.

A rerun is in the same process as its test, so the workers of pytest-xdist share them. It sets up
the fixtures of the function again; those of a wider scope stay as they are.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest
from _pytest.runner import runtestprotocol

from mock_sendpilot.api.operation import forget_schemas
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.redaction import redacted
from mock_sendpilot.testing.coverage_options import COVERAGE_PLUGIN
from mock_sendpilot.testing.pytest_plugin import HAS_FAILED
from mock_sendpilot.testing.reruns.changes import Change, Kind
from mock_sendpilot.testing.reruns.observations import Observed, first_difference, observed
from mock_sendpilot.testing.reruns.progress import Progress
from mock_sendpilot.testing.reruns.results import (
    FAILED,
    NOT_REPEATABLE,
    PASSED,
    RERUN,
    SAME,
    UNTOUCHED,
    Outcome,
    Rerun,
    TestedItem,
)
from mock_sendpilot.testing.reruns.shared import SharedSandboxes
from mock_sendpilot.testing.reruns.trials import Trial, under_way

_MAX_REASON = 200


class Reruns:
    """Runs tests again, and gathers the results."""

    def __init__(self, config: pytest.Config, kinds: Sequence[Kind]) -> None:
        self.kinds = kinds
        self._config = config
        self._progress = Progress(config)
        self._shared = SharedSandboxes()
        self._trial = Trial(is_rerun=False)
        self._stage: Literal["idle", "baseline", "rerun"] = "idle"
        self._reports: list[pytest.TestReport] = []
        self._subtests: list[pytest.TestReport] = []
        self._error: BaseException | None = None

    # --- a test -------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Any:
        """Run a test as usual, then again under each change."""
        if self._stage == "baseline":
            return None  # the usual way, with whatever other plugins make of it
        if self._stage == "rerun":
            self._reports = runtestprotocol(item, log=False, nextitem=nextitem)
            return True
        # pytest-timeout has begun to count for this test, and begins again for each run of it.
        cancel = getattr(item, "cancel_timeout", None)
        if callable(cancel):
            cancel()
        try:
            self._run_all(item)
        finally:
            self._stage = "idle"
            self._tear_down(item, nextitem)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the reports of a test that is run as usual."""
        if self._stage == "baseline":
            self._reports.append(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Keep the error of a rerun."""
        report = yield
        if self._stage == "rerun" and call.excinfo is not None and self._error is None:
            self._error = call.excinfo.value
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, request: pytest.FixtureRequest) -> None:
        """Note what a test finds: pytest sets up the fixtures of wider scopes first."""
        if self._stage == "baseline" and request.scope == "function":
            self._shared.note_before(self._trial.sandboxes)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Note what a test without fixtures of its own finds."""
        if self._stage == "baseline":
            self._shared.note_before(self._trial.sandboxes)

    def _run_all(self, item: pytest.Item) -> None:
        self._shared.begin_test()
        self._trial = Trial(is_rerun=False)
        self._stage, self._reports = "baseline", []
        with under_way(self._trial):
            _run(item)
        has_passed = all(
            one.outcome == "passed" and not hasattr(one, "wasxfail") for one in self._reports
        )
        is_ending = item.session.shouldstop or item.session.shouldfail
        made = self._trial.sandboxes
        shared = self._shared.note_after(made)
        if not has_passed or is_ending or not (made or shared):
            return
        self._stage = "rerun"
        sandboxes = [*shared, *(sandbox for sandbox, _ in made if sandbox not in shared)]
        before = observed(sandboxes, self._shared.starts())
        try:
            for kind in self.kinds:
                self._run_kind(item, kind, before)
        finally:
            self._shared.end()

    def _run_kind(self, item: pytest.Item, kind: Kind, before: Sequence[Observed]) -> None:
        add = kind.results.tests.append
        control = kind.control()
        self._rerun(item, control)
        changes = list(kind.changes(control))  # first, since its events read options, too
        after = self._observed(control)
        for sandbox, options in control.sandboxes:
            forget_schemas(sandbox.host.app.extensions, options.contract)
        if reason := self._failure():
            add(TestedItem(test=item.nodeid, state=NOT_REPEATABLE, reason=reason))
            return
        add(TestedItem(test=item.nodeid, state=RERUN if changes else UNTOUCHED))
        baseline = _Baseline.of(before, after)
        with self._progress.of_test(item.nodeid, kind.name, len(changes)) as step:
            for change in changes:
                rerun = self._run_changed(item, change, baseline)
                kind.results.reruns.append(rerun)
                kind.results.changes[change.id] = change.facts
                if rerun.outcome == FAILED:
                    kind.noticed(change)
                step(rerun)

    def _run_changed(self, item: pytest.Item, change: Change, baseline: "_Baseline") -> Rerun:
        trial = Trial(change.apply, opened=change.opened)
        self._rerun(item, trial)
        reason = self._failure()
        found = self._observed(trial)
        difference = baseline.difference(found)
        outcome: Outcome = FAILED
        if not reason:
            outcome = SAME if baseline.is_repeatable and difference is None else PASSED
        return Rerun(
            test=item.nodeid,
            change=change.id,
            outcome=outcome,
            reason=reason,
            difference=difference,
            is_of_test=isinstance(self._error, InvalidInput),
        )

    def _rerun(self, item: pytest.Item, trial: Trial) -> None:
        self._reports, self._subtests, self._error = [], [], None
        with (
            _unchanged(item),
            _unlogged(item.session, self._subtests),
            self._uncounted(),
            under_way(trial),
        ):
            self._shared.begin(trial)
            _run(item)

    def _uncounted(self) -> AbstractContextManager[None]:
        """Let the coverage be that of the usual runs."""
        coverage = self._config.pluginmanager.get_plugin(COVERAGE_PLUGIN)
        return nullcontext() if coverage is None else coverage.paused()

    def _observed(self, trial: Trial) -> Sequence[Observed]:
        return observed([sandbox for sandbox, _ in trial.sandboxes], self._shared.starts())

    def _failure(self) -> str:
        """Return the first line of the failure of the latest rerun; nothing if it passed."""
        for report in (*self._subtests, *self._reports):
            if report.failed:
                return _first_line(report, self._error)
            if report.skipped:
                return f"{report.when}: skipped"
        return ""

    def _tear_down(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """End the fixtures of a wider scope that the next test does not need."""
        state = item.session._setupstate
        call = pytest.CallInfo.from_call(
            lambda: state.teardown_exact(nextitem),
            when="teardown",
            reraise=(pytest.exit.Exception, KeyboardInterrupt),
        )
        if call.excinfo is not None:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)


@dataclass(frozen=True, slots=True)
class _Baseline:
    """The replies and webhooks without a change, and how far two such runs were alike.

    Where two differ, nothing can be said about the runs to come.
    """

    replies: Sequence[Observed]
    is_repeatable: bool
    is_exact: bool

    @classmethod
    def of(cls, first: Sequence[Observed], second: Sequence[Observed]) -> "_Baseline":
        """Compare two runs without a change."""
        is_exact = first_difference(first, second) is None
        is_repeatable = is_exact or first_difference(first, second, is_exact=False) is None
        return cls(second, is_repeatable, is_exact)

    def difference(self, found: Sequence[Observed]) -> str | None:
        """Return the first difference of a run; None for none, or if it cannot be said."""
        if not self.is_repeatable:
            return None
        return first_difference(self.replies, found, is_exact=self.is_exact)


def _run(item: pytest.Item) -> None:
    """Run a test as pytest does, so that all plugins have their part; collectors stay set up."""
    # The "next" is the parent: pytest tears down what is not on the way to it.
    item.ihook.pytest_runtest_protocol(item=item, nextitem=item.parent)


@contextmanager
def _unchanged(item: pytest.Item) -> Iterator[None]:
    """Put back what a run adds to a test and what its report has had already."""
    properties, sections = list(item.user_properties), list(item._report_sections)
    marks = [(node.stash, node.stash.get(HAS_FAILED, False)) for node in item.listchain()]
    try:
        yield
    finally:
        item.user_properties[:] = properties
        item._report_sections[:] = sections
        for stash, has_failed in marks:
            stash[HAS_FAILED] = has_failed


@contextmanager
def _unlogged(session: pytest.Session, reports: list[pytest.TestReport]) -> Iterator[None]:
    """Keep what a run reports by itself, as subtests do, from everybody who counts reports."""
    hooks_of = session.gethookproxy

    class Hooks:
        def __init__(self, path: Path) -> None:
            self._hooks = hooks_of(path)

        def __getattr__(self, name: str) -> Any:
            return self._log if name == "pytest_runtest_logreport" else getattr(self._hooks, name)

        def _log(self, report: pytest.TestReport) -> None:
            reports.append(report)

    with patch.object(session, "gethookproxy", Hooks):
        yield


def _first_line(report: pytest.TestReport, error: BaseException | None) -> str:
    """Return the first line of a failure; of several at the same time, that of the first."""
    crash = getattr(report.longrepr, "reprcrash", None)
    while inner := getattr(error, "exceptions", None):  # of a group; Python 3.10 has no such class
        error, crash = inner[0], None
    if crash is not None:
        text = str(crash.message)
    elif error is not None:
        text = f"{type(error).__name__}: {error}"
    else:
        text = str(report.longrepr)
    phase = "" if report.when == "call" else f"{report.when}: "
    line = redacted(f"{phase}{text.strip().partition(chr(10))[0].strip()}")
    return line if len(line) <= _MAX_REASON else f"{line[:_MAX_REASON]}…"
