"""The results of reruns, which the workers of pytest-xdist send to the controller as plain data."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, field
from typing import Any, Final, Literal

from mock_sendpilot.lazy_dataclass import dataclass

Outcome = Literal["failed", "passed", "same"]
FAILED: Final = "failed"
PASSED: Final = "passed"
SAME: Final = "same"
"""The outcome of a rerun that passed without another reply or webhook than before."""

State = Literal["rerun", "untouched", "not repeatable"]
RERUN: Final = "rerun"
UNTOUCHED: Final = "untouched"
"""The state of a test without a sandbox, or whose sandbox nothing was asked of."""
NOT_REPEATABLE: Final = "not repeatable"
"""The state of a test that failed when it was run again without any change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """One rerun of a test.

    Attributes:
        test: the node id of the test.
        change: the id of the change, such as `post_status_code=schema`.
        reason: the first line of the failure.
        difference: the first reply or webhook that differs from before, in words; None for none.
        is_of_test: True if the test itself, not the app, names what is unknown under the change.
    """

    test: str
    change: str
    outcome: Outcome
    reason: str = ""
    difference: str | None = None
    is_of_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedItem:
    """A test that passed, and what became of it."""

    test: str
    state: State
    reason: str = ""


@dataclass(slots=True)
class Results:
    """The results of a matrix, or of drift.

    Attributes:
        changes: facts about each change that was tried, as JSON, by its id.
        candidates: the ids of all changes that could have been tried.
    """

    tests: list[TestedItem] = field(default_factory=list)
    reruns: list[Rerun] = field(default_factory=list)
    changes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    candidates: set[str] = field(default_factory=set)

    def of_change(self, change: str) -> list[Rerun]:
        """Return the reruns under a change."""
        return [one for one in self.reruns if one.change == change]

    def outcome(self, change: str) -> Outcome:
        """Return `failed` if any test failed, `same` if no reply differed in any; else `passed`."""
        outcomes = {one.outcome for one in self.of_change(change)}
        return FAILED if FAILED in outcomes else PASSED if PASSED in outcomes else SAME

    def with_outcome(self, outcome: Outcome) -> list[str]:
        """Return the ids of the changes with an outcome, in order."""
        return [one for one in self.changes if self.outcome(one) == outcome]

    def with_state(self, state: State) -> list[TestedItem]:
        """Return the tests in a state."""
        return [one for one in self.tests if one.state == state]

    def as_data(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "tests": [asdict(one) for one in self.tests],
            "reruns": [asdict(one) for one in self.reruns],
            "changes": {name: dict(facts) for name, facts in self.changes.items()},
            "candidates": sorted(self.candidates),
        }

    def add_data(self, data: Mapping[str, Any]) -> None:
        """Add the results of another process."""
        self.tests += [TestedItem(**one) for one in data["tests"]]
        self.reruns += [Rerun(**one) for one in data["reruns"]]
        self.changes.update(data["changes"])
        self.candidates.update(data["candidates"])

    def sort(self, order: Iterable[str]) -> None:
        """Put tests and reruns in the order of node ids, and changes in that of these ids."""
        places = {name: number for number, name in enumerate(order)}
        self.tests.sort(key=lambda one: one.test)
        self.reruns.sort(key=lambda one: one.test)
        known = sorted(self.changes.items(), key=lambda pair: places.get(pair[0], len(places)))
        self.changes = dict(known)
