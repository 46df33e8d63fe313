"""An exploration: the search, the story of what it found, and the moment it became inevitable."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.explorer.generated_test import generated_test, schedule_as_json
from mock_sendpilot.explorer.playing import Played, Player, Subject
from mock_sendpilot.explorer.search import NOT_INSTALLED, Search
from mock_sendpilot.explorer.steps import (
    Change,
    Schedule,
    Step,
    has_races,
    needs_restart,
    undisturbed,
)
from mock_sendpilot.explorer.story import (
    Row,
    diagram_rows,
    numbered,
    svg_diagram,
    text_diagram,
    wrapped,
)
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock

if TYPE_CHECKING:
    from mock_sendpilot.testing.sandbox import Sandbox

EXAMPLES = 300
_TRIES = 5
_PLAIN_STATUS = "DONE"
Phase = Literal["exploring", "shrinking"]
Progress = Callable[[int, Phase], object]
"""A function that is called with the number of schedules played so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A schedule that ends badly, the smallest that was found.

    Attributes:
        steps: the schedule.
        starts_at: the time at its start.
        problem: what was wrong in the end.
        inevitable_step: the number of the step after which it could not end well any more; 0 if it
            needs no disruption.
        sentences: the story.
        rows: the rows of the sequence diagram.
        test: a pytest test that fails for the same reason.
    """

    steps: Schedule
    starts_at: datetime
    problem: str
    inevitable_step: int
    sentences: tuple[str, ...]
    rows: tuple[Row, ...]
    test: str

    @property
    def story(self) -> str:
        """The numbered sentences, what was wrong in the end, and since when it had to be."""
        if self.inevitable_step == 0:
            moment = "It needs no disruption: the same events without one end the same way."
        else:
            moment = (
                f"It became inevitable with step {self.inevitable_step}: without the disruptions\n"
                "after it, it ends the same way."
            )
        lines = [line for one in self.sentences for line in wrapped(one)]
        return "\n".join([*lines, "", self.problem, "", moment])

    @property
    def diagram(self) -> str:
        """The sequence diagram as text."""
        return text_diagram(self.rows)

    @property
    def svg(self) -> str:
        """The sequence diagram as an SVG document."""
        return svg_diagram(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """The result of an exploration.

    Attributes:
        found: the smallest schedule that ends badly, or None.
        examples: the number of schedules played until one was found, or in all.
        random_seed: the seed of the search: the same one draws the same schedules.
        contract: the name of the contract.
        seconds: the real time it took.
    """

    found: Found | None
    examples: int
    random_seed: str
    contract: str
    seconds: float

    @property
    def passed(self) -> bool:
        """True if nothing was found."""
        return self.found is None

    def __str__(self) -> str:
        count = "1 schedule" if self.examples == 1 else f"{self.examples} schedules"
        seed = f"random seed {self.random_seed!r}, {self.seconds:.1f} s"
        if self.found is None:
            return f"nothing found in {count} ({seed})"
        return "\n\n".join(
            [
                f"found in {count} ({seed}), shrunk to {_steps(self.found.steps)}:",
                self.found.story,
                self.found.diagram,
                "As a test:",
                self.found.test,
            ]
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, from which it can be replayed."""
        document: dict[str, Any] = {
            "found": self.found is not None,
            "examples": self.examples,
            "randomSeed": self.random_seed,
            "contract": self.contract,
            "seconds": round(self.seconds, 3),
        }
        if self.found is not None:
            document |= {
                **schedule_as_json(self.found.steps, self.found.starts_at),
                "story": list(self.found.sentences),
                "problem": self.found.problem,
                "inevitableStep": self.found.inevitable_step,
                "diagram": self.found.diagram,
                "test": self.found.test,
            }
        return document


def _steps(schedule: Schedule) -> str:
    return "1 step" if len(schedule) == 1 else f"{len(schedule)} steps"


class Explorer:
    """Explores an app in a sandbox, which is afterwards as it was before.

    Args:
        sandbox: the sandbox.
        subject: the app.
        kinds: the kinds of disruptions.
        max_steps: the largest number of steps of a schedule.
        starts_at: the time at the start of each schedule.
        on_progress: called with each schedule that is played.
    """

    def __init__(
        self,
        sandbox: "Sandbox",
        subject: Subject,
        *,
        kinds: Sequence[str] | None = None,
        max_steps: int | None = None,
        starts_at: datetime | None = None,
        on_progress: Progress = lambda _count, _phase: None,
    ) -> None:
        self._sandbox = sandbox
        self._subject = subject
        self._kinds = kinds
        self._max_steps = max_steps
        self._on_progress = on_progress
        start = starts_at or _start(sandbox.workspace.clock.now())
        self._player = Player(sandbox, subject, start)
        self._play_count = 0
        self._found_after: int | None = None

    def explore(self, *, examples: int, random_seed: str) -> Exploration:
        """Search for a schedule that ends badly.

        Raises:
            InvalidInput: hypothesis is not installed, or an option is invalid.
        """
        schedules = _strategy(
            self._sandbox.workspace.contract, self._subject, self._kinds, self._max_steps
        )
        began = SystemClock.running_seconds()
        search = Search(self._ends_badly, on_found=self._note_found)

        def find() -> Found | None:
            schedule = search.run(schedules, examples=examples, random_seed=random_seed)
            # An app that was slow only once may have made the search too hasty.
            candidates = [one for one in (schedule, search.first) if one is not None]
            described = (self._describe(one, random_seed) for one in candidates)
            return next(filter(None, described), None)

        found = self._restored(find)
        return self._result(found, random_seed, began)

    def replay(self, schedule: Schedule, *, random_seed: str = "") -> Exploration:
        """Play one schedule, and tell its story if it ends badly."""
        if needs_restart(schedule) and self._subject.restartable is None:
            raise InvalidInput(
                "this schedule restarts the receiver: say how, with restart= or --receiver"
            )
        began = SystemClock.running_seconds()

        self._play_count = 1
        found = self._restored(lambda: self._describe(schedule, random_seed))
        return self._result(found, random_seed, began)

    def _result(self, found: Found | None, random_seed: str, began: float) -> Exploration:
        return Exploration(
            found=found,
            examples=self._found_after or self._play_count,
            random_seed=random_seed,
            contract=self._sandbox.workspace.contract.name,
            seconds=SystemClock.running_seconds() - began,
        )

    def _restored(self, find: Callable[[], Found | None]) -> Found | None:
        before = self._sandbox.snapshot()
        # What goes wrong is the point of it: hundreds of warnings would hide the one story.
        logger = logging.getLogger("mock_sendpilot")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            return find()
        finally:
            logger.setLevel(level)
            self._sandbox.restore(before)

    def _ends_badly(self, schedule: Schedule) -> bool:
        self._play_count += 1
        self._on_progress(
            self._play_count, "exploring" if self._found_after is None else "shrinking"
        )
        if self._player.play(schedule).problem is None:
            return False
        if self._found_after is None and self._remembers_time():
            self._player.goes_on_in_time = True
            return self._player.play(schedule).problem is not None
        return True

    def _remembers_time(self) -> bool:
        """Return whether the app takes even a plain change for an old one, after other schedules.

        It has kept the time of an event, and schedules begin at the same time. That alone is not
        wrong: at the vendor's, time goes on.
        """
        if self._player.goes_on_in_time:
            return False
        return self._player.play((Change(lead=1, status=_PLAIN_STATUS),)).problem is not None

    def _note_found(self) -> None:
        self._found_after = self._play_count
        self._player.is_patient = False

    def _fails(self, schedule: Schedule) -> Played | None:
        """Play a schedule that should end badly, with patience; return None if it does not."""
        self._player.is_patient = True
        for _ in range(_TRIES if has_races(schedule) else 1):
            played = self._player.play(schedule)
            if played.problem is not None:
                return played
        return None

    def _describe(self, schedule: Schedule, random_seed: str) -> Found | None:
        played = self._fails(schedule)
        if played is None:  # a race that was met by chance, or an app that was slow only once
            return None
        contract = self._sandbox.workspace.contract
        self._player.is_patient = False
        inevitable = self._inevitable_step(schedule)
        return Found(
            steps=schedule,
            starts_at=played.starts_at,
            problem=played.problem or "",
            inevitable_step=inevitable,
            sentences=tuple(numbered(schedule, contract)),
            rows=tuple(diagram_rows(schedule, played, contract)),
            test=generated_test(
                schedule,
                played,
                self._subject,
                contract=contract,
                starts_at=played.starts_at,
                random_seed=random_seed,
            ),
        )

    def _inevitable_step(self, schedule: Schedule) -> int:
        """Return after how many steps the schedule ends badly even if nothing hostile follows."""
        for count in range(len(schedule)):
            rest = [undisturbed(step) for step in schedule[count:]]
            candidate: tuple[Step, ...] = (
                *schedule[:count],
                *(step for step in rest if step is not None),
            )
            tries = _TRIES if has_races(candidate) else 1
            if any(self._player.play(candidate).problem is not None for _ in range(tries)):
                return count
        return len(schedule)


def _start(now: datetime) -> datetime:
    """Return half past twelve on the last day of the last month.

    From there one step of time passes one o'clock, and another one midnight and the end of the
    month, where formats for people have another order than the time.
    """
    # No longer ago: an app may ignore what is old by its own clock.
    return now.replace(day=1, hour=12, minute=30, second=0, microsecond=0) - timedelta(days=1)


def _strategy(
    contract: Contract, subject: Subject, kinds: Sequence[str] | None, max_steps: int | None
) -> Any:
    try:
        from mock_sendpilot.testing import strategies
    except ImportError as error:
        raise InvalidInput(NOT_INSTALLED) from error
    own = [one for one in strategies.STATUSES if one in contract.patch_statuses]
    can_restart = subject.restartable is not None
    return strategies.schedules(
        max_steps=strategies.MAX_STEPS if max_steps is None else max_steps,
        statuses=own or contract.patch_statuses[-1:],
        kinds=strategies.KINDS if kinds is None else tuple(kinds),
        can_restart=can_restart,
        can_be_killed=can_restart and getattr(subject.restartable, "can_be_killed", False),
    )
