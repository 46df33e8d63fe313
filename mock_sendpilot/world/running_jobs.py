"""The course of a job: pending, running, done or failed.

Whom a job finds depends on the seed, its request and the index alone, so its progress is a function
of the clock, worked out when somebody asks; its end is the only task. What it may cost is taken
when it starts, and what it did not need is given back when it is over. A job whose work raises has
failed, and the log has the traceback. How fast jobs go, and that they find in four steps, is
invented.
"""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.credits import Credits, Payment
from mock_sendpilot.world.events import ExtractionCompleted, SearchCompleted
from mock_sendpilot.world.jobs import (
    DONE,
    FAILED,
    RUNNING,
    Extraction,
    Pace,
    Search,
)

if TYPE_CHECKING:
    from mock_sendpilot.scheduling.task_queue import Task

MOST_LEADS = 10_000
"""No job finds more, whatever its limit: results cannot be read beyond it (`offset` ends there)."""
MOST_ENDED, _MOST_KEPT_LEADS = 200, 100_000
"""Of the jobs that are over so many are kept, with so many people in all."""
_STEPS = 4
_OVER = (DONE, FAILED)
_CRASHED = "Internal server error"
_logger = logging.getLogger(__name__)

Job = TypeVar("Job", Search, Extraction)


class RunningJobs(ABC, Generic[Job]):
    """The jobs of one kind in a workspace. Every method may be called from any thread."""

    kind: str
    not_found: str
    too_expensive: str

    def __init__(self, context: WorkspaceContext, balance: Credits, pace: Pace) -> None:
        self._store = context.store
        self._scheduler = context.scheduler
        self._clock = context.clock
        self._ids = context.ids
        self._seed = context.random_seed
        self._credits = balance
        self._pace = pace
        self._payments: dict[str, Payment] = {}  # of the jobs that are not over
        self._jobs: dict[str, Job] = {}
        self._plans: dict[str, Any] = {}  # of the jobs at work
        self._found: dict[str, tuple[Any, ...]] = {}  # of the jobs at work, as far as it was asked
        self._ends: dict[str, Task] = {}  # of the jobs at work
        self._ended_ids: deque[str] = deque()
        self._kept_leads = 0

    def get(self, job_id: str) -> Job:
        """Return the job of that id, as it is now; failed, if its work raises.

        Raises:
            NotFound: the workspace has no such job.
        """
        job = self._jobs.get(job_id)
        if job is None:
            hint = f"this workspace has no {self.kind} {job_id[:80]!r}"
            raise NotFound(self.not_found, hint=hint)
        if job.state in _OVER:
            return job
        with self._failing(job_id):
            return self._as_of_now(job)
        return self._jobs[job_id]

    def all(self) -> list[Job]:
        """Return the jobs that are kept, oldest first."""
        with self._store.transaction():
            job_ids = list(self._jobs)
        return [self.get(job_id) for job_id in job_ids if job_id in self._jobs]

    def has(self, job_id: str) -> bool:
        """Whether there is a job of that id."""
        return job_id in self._jobs

    def complete(self, job_id: str) -> Job:
        """Let a job find at once what it would find, and be done; or failed, if its work raises.

        Raises:
            NotFound: the workspace has no such job.
            InvalidInput: it is over already.
        """
        job = self._ongoing(job_id)
        with self._failing(job_id):
            complete = self._grown(job, _STEPS)
            with self._store.transaction():
                self._ongoing_record(job_id)
                self._finish(complete)
        return self.get(job_id)

    def fail(self, job_id: str, message: str) -> Job:
        """Let a job fail, keeping what it has found. The vendor documents no event for it.

        Raises:
            NotFound: the workspace has no such job.
            InvalidInput: it is over already.
        """
        job = self._ongoing(job_id)
        with self._store.transaction():
            self._ongoing_record(job_id)
            return self._fail(job, message)

    # --- what differs ---------------------------------------------------------------------------

    @abstractmethod
    def cost(self, job: Job) -> int:
        """How many credits a job may need: so many are taken when it starts."""

    @abstractmethod
    def _used(self, job: Job) -> int:
        """How many credits what it has found is worth."""

    @abstractmethod
    def _plan(self, job: Job) -> Any:
        """What takes time to find out about a job; it is done once, for the two below."""

    @abstractmethod
    def _count(self, job: Job, plan: Any) -> int:
        """How many people it is going to find."""

    @abstractmethod
    def _leads(self, job: Job, plan: Any, start: int, stop: int) -> tuple[Any, ...]:
        """The people it finds, from one index to before another."""

    @abstractmethod
    def _completion(self, job: Job) -> SearchCompleted | ExtractionCompleted:
        """What is told when it is done."""

    # --- the course -----------------------------------------------------------------------------

    def _begin(self, job: Job) -> Job:
        with self._store.transaction():
            payment = self._credits.spend(self.cost(job), message=self.too_expensive)
            self._payments[job.id] = payment
            self._jobs[job.id] = job
            self._ends[job.id] = self._scheduler.add(
                partial(self._end, job.id),
                due_at=job.created_at + self._pace.start_delay + self._pace.duration,
                lane=("job", job.id),
                about=f"the end of {self.kind} {job.id}",
            )
        return job

    def _end(self, job_id: str) -> None:
        job = self._jobs[job_id]
        with self._failing(job_id):
            complete = self._grown(job, _STEPS)
            with self._store.transaction():
                if self._jobs[job_id].state not in _OVER:  # nobody was quicker
                    self._finish(complete)

    def _as_of_now(self, job: Job) -> Job:
        """Return a job that is not over as it is by the clock."""
        running_for = self._clock.now() - job.created_at - self._pace.start_delay
        if running_for < timedelta():
            return job
        # The last step is the end, and that is for its task to bring about.
        duration = self._pace.duration
        step = running_for * _STEPS // duration if duration else _STEPS - 1
        return replace(self._grown(job, min(step, _STEPS - 1)), state=RUNNING)

    def _grown(self, job: Job, step: int) -> Job:
        """Return a job with what it has found after a step: always the same people."""
        plan: Any = self._plans.get(job.id)
        if plan is None:
            plan = self._plan(job)
            self._keep(self._plans, job.id, plan)
        count: int = self._count(job, plan) * step // _STEPS
        found: tuple[Any, ...] = self._found.get(job.id, ())
        if len(found) < count:
            found = (*found, *self._leads(job, plan, len(found), count))
            self._keep(self._found, job.id, found)
        return replace(job, leads=found[:count])

    def _keep(self, made: dict[str, Any], job_id: str, value: object) -> None:
        """Keep what was made for a job, unless it has ended meanwhile: nobody would forget it."""
        with self._store.transaction():
            if job_id in self._payments:
                made[job_id] = value

    @contextmanager
    def _failing(self, job_id: str) -> Iterator[None]:
        """Fail the job when its work raises. What it has found stays, and costs what it is worth.

        A refusal because the job is over is passed on. Other exceptions of a job that has ended
        meanwhile change nothing.
        """
        try:
            yield
        except Exception as error:
            with self._store.transaction():
                job = self._jobs.get(job_id)
                if job is None or job.state in _OVER:
                    if isinstance(error, InvalidInput):
                        raise
                    return
                found = self._found.get(job_id, ())
                self._fail(replace(job, leads=found), _CRASHED)
            _logger.exception("%s %s failed", self.kind, job_id)

    def _ongoing(self, job_id: str) -> Job:
        job = self.get(job_id)
        self._ongoing_record(job_id)
        return job

    def _ongoing_record(self, job_id: str) -> None:
        state = self._jobs[job_id].state
        if state in _OVER:
            raise InvalidInput(f"{self.kind} {job_id} must be pending or running; it is {state}")

    def _finish(self, job: Job) -> None:
        done = replace(job, state=DONE, completed_at=self._clock.now())
        completion = self._completion(done)  # it may raise, and then nothing has changed
        self._settle(done)
        self._store.record(completion)

    def _fail(self, job: Job, message: str) -> Job:
        now = self._clock.now()
        failed = replace(job, state=FAILED, completed_at=now, error_message=message)
        self._settle(failed)
        return failed

    def _settle(self, job: Job) -> None:
        self._credits.give_back(self._payments.pop(job.id), self.cost(job) - self._used(job))
        self._jobs[job.id] = job
        self._scheduler.cancel(self._ends.pop(job.id))
        self._plans.pop(job.id, None)
        self._found.pop(job.id, None)
        self._forget_the_oldest(job.id)

    def _forget_the_oldest(self, ended_id: str) -> None:
        self._ended_ids.append(ended_id)
        self._kept_leads += len(self._jobs[ended_id].leads)
        while len(self._ended_ids) > MOST_ENDED or self._kept_leads > _MOST_KEPT_LEADS:
            oldest = self._jobs.pop(self._ended_ids.popleft())
            self._kept_leads -= len(oldest.leads)
