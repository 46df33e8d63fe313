"""The search for a schedule that ends badly, and for the smallest one: hypothesis does both."""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.explorer.steps import (
    EVENTS,
    Advance,
    Change,
    Schedule,
    Step,
    Together,
    has_races,
)
from mock_sendpilot.scheduling.clock import SystemClock

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NOT_INSTALLED = "exploring needs hypothesis: pip install 'mock_sendpilot[explore]'"
_RACE_TRIES = 4
_MAX_SHRINK_SECONDS = 4.0


class _EndsBadly(Exception):
    """The schedule that was played ends badly."""


class Search:
    """A search for the smallest schedule that ends badly.

    Args:
        ends_badly: plays a schedule, and returns whether it ended badly.
        on_found: called when the first one is found, before it is shrunk.

    Attributes:
        first: the first one that was found, or None.
    """

    def __init__(
        self, ends_badly: Callable[[Schedule], bool], *, on_found: Callable[[], None]
    ) -> None:
        self._ends_badly = ends_badly
        self._on_found = on_found
        self._smallest: Schedule | None = None
        self.first: Schedule | None = None
        self._outcomes: dict[Schedule, bool] = {}
        self._shrink_until = 0.0

    def run(
        self, schedules: "SearchStrategy[Schedule]", *, examples: int, random_seed: str
    ) -> Schedule | None:
        """Return the smallest schedule that ends badly, or None.

        Args:
            schedules: the strategy to draw from.
            examples: the number of schedules to play.
            random_seed: the same one draws the same schedules.
        """
        number = int.from_bytes(hashlib.sha256(random_seed.encode()).digest()[:8], "big")
        with suppress(_EndsBadly), tempfile.TemporaryDirectory() as folder:
            _run_quietly(self._play, schedules, examples=examples, seed=number, folder=folder)
        return None if self._smallest is None else self._without_rest(self._smallest)

    def _play(self, schedule: Schedule) -> None:
        """Play a drawn schedule; raise an exception if it ends badly."""
        if self._smallest is not None and SystemClock.running_seconds() > self._shrink_until:
            return  # hypothesis then finds nothing smaller, and ends
        if self._is_bad(schedule):
            if self._smallest is None:
                self._shrink_until = SystemClock.running_seconds() + _MAX_SHRINK_SECONDS
                self.first = schedule
                self._on_found()
            if self._smallest is None or _size(schedule) <= _size(self._smallest):
                self._smallest = schedule
            raise _EndsBadly

    def _is_bad(self, schedule: Schedule) -> bool:
        """Play a schedule, several times if it has a race and something was found already."""
        known = self._outcomes.get(schedule)
        if known is not None and (known or not has_races(schedule)):
            return known
        tries = _RACE_TRIES if self._smallest is not None and has_races(schedule) else 1
        outcome = any(self._ends_badly(schedule) for _ in range(tries))
        self._outcomes[schedule] = outcome
        return outcome

    def _without_rest(self, schedule: Schedule) -> Schedule:
        """Return a schedule of which nothing more can be left out or made simpler."""
        deadline = SystemClock.running_seconds() + _MAX_SHRINK_SECONDS
        is_smaller = True
        while is_smaller and SystemClock.running_seconds() < deadline:
            is_smaller = False
            for candidate in _smaller(schedule):
                if self._outcomes.get(candidate) is not False and self._is_bad(candidate):
                    schedule, is_smaller = candidate, True
                    break
        return schedule


def _smaller(schedule: Schedule) -> "list[Schedule]":
    """Return the schedules with a step less, or with a simpler step."""
    found: list[Schedule] = []
    for index, step in enumerate(schedule):
        before, after = schedule[:index], schedule[index + 1 :]
        if len(schedule) > 1:
            found.append((*before, *after))
        found += [(*before, simpler, *after) for simpler in _simpler(step)]
    return found


def _simpler(step: Step) -> Sequence[Step]:
    if isinstance(step, Together):
        parts = [step.first, step.second] if step.second else [step.first]
        alone: list[Step] = [*parts]
        return [*alone, *([replace(step, second=None)] if step.second else [])]
    if isinstance(step, EVENTS):
        plain = replace(step, disrupted=None, killed=None)
        changed = Change(lead=step.lead, status="DONE", disrupted=step.disrupted)
        others: list[Step] = (
            [] if isinstance(step, Change) else [replace(changed, killed=step.killed)]
        )
        return [*([plain] if plain != step else []), *others]
    if isinstance(step, Advance) and step.seconds > 1:
        return [Advance(seconds=1)]
    return []


def _size(schedule: Schedule) -> int:
    return sum(2 if isinstance(step, Together) and step.second else 1 for step in schedule)


def _run_quietly(
    play: Callable[[Schedule], None],
    schedules: "SearchStrategy[Schedule]",
    *,
    examples: int,
    seed: int,
    folder: str,
) -> None:
    """Run hypothesis without its database, its deadlines, its health checks and its output.

    Raises:
        InvalidInput: it is not installed.
    """
    try:
        import hypothesis
        from hypothesis import configuration, reporting
        from hypothesis.errors import HypothesisException
    except ImportError as error:
        raise InvalidInput(NOT_INSTALLED) from error
    settings: Any = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    run = hypothesis.seed(seed)(settings(hypothesis.given(schedules)(play)))
    # What it keeps beside its database goes into its folder, which is in the working directory.
    before = getattr(configuration, "__hypothesis_home_directory", None)
    configuration.set_hypothesis_home_dir(folder)
    try:
        with reporting.with_reporter(lambda _text: None):
            run()
    except HypothesisException:
        # Such as one about a race, which does not end badly each time: the smallest is known.
        pass
    finally:
        configuration.set_hypothesis_home_dir(before)
