"""How a job goes: pending, running, done or failed, in steps on the agenda of its workspace.

A job is frozen: each step replaces it by one with more leads. What it may cost is taken when it
starts, and what it did not need is given back when it is over. A job whose work raises has failed,
and the log has the traceback. How fast jobs go, and that they find in four steps, is invented.
"""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from mock_sendpilot.domain.agenda import Agenda
from mock_sendpilot.domain.clock import Clock
from mock_sendpilot.domain.credits import Credits, Payment
from mock_sendpilot.domain.errors import InvalidInput, NotFound
from mock_sendpilot.domain.events import ExtractionCompleted, SearchCompleted
from mock_sendpilot.domain.finding.jobs import (
    DONE,
    FAILED,
    PENDING,
    RUNNING,
    Extraction,
    Pace,
    Search,
)
from mock_sendpilot.domain.ids import Ids
from mock_sendpilot.domain.store import Store

MOST_LEADS = 10_000
"""No job finds more, whatever its limit: results cannot be read beyond it (`offset` ends there)."""
MOST_ENDED, _MOST_KEPT_LEADS = 200, 100_000
"""Of the jobs that are over so many are kept, with so many people in all."""
_STEPS = 4
_OVER = (DONE, FAILED)
_CRASHED = "Internal server error"
_logger = logging.getLogger(__name__)

Job = TypeVar("Job", Search, Extraction)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSurroundings:
    """What jobs need of their workspace; the same seed and the same job find the same people."""

    store: Store
    agenda: Agenda
    clock: Clock
    ids: Ids
    pace: Pace
    credits: Credits
    seed: str


class RunningJobs(ABC, Generic[Job]):
    """The jobs of one kind in a workspace. Every method may be called from any thread."""

    kind: str
    not_found: str
    too_expensive: str

    def __init__(self, around: JobSurroundings) -> None:
        self._store = around.store
        self._agenda = around.agenda
        self._clock = around.clock
        self._ids = around.ids
        self._pace = around.pace
        self._credits = around.credits
        self._seed = around.seed
        self._payments: dict[str, Payment] = {}  # of the jobs that are not over
        self._jobs: dict[str, Job] = {}
        self._plans: dict[str, Any] = {}  # of the jobs at work
        self._ended_ids: deque[str] = deque()
        self._kept_leads = 0

    def get(self, job_id: str) -> Job:
        """The job of that id, as it is now.

        Raises:
            NotFound: the workspace has no such job.
        """
        job = self._jobs.get(job_id)
        if job is None:
            hint = f"this workspace has no {self.kind} {job_id[:80]!r}"
            raise NotFound(self.not_found, hint=hint)
        return job

    def all(self) -> list[Job]:
        """Return the jobs that are kept, oldest first."""
        with self._store.transaction():
            return list(self._jobs.values())

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
            self._find(job_id, step=_STEPS, of=job)
            with self._store.transaction():
                self._finish(self._ongoing(job_id))
        self._agenda.drop(_lane(job_id))
        return self.get(job_id)

    def fail(self, job_id: str, message: str) -> Job:
        """Let a job fail, keeping what it has found. The vendor documents no event for it.

        Raises:
            NotFound: the workspace has no such job.
            InvalidInput: it is over already.
        """
        with self._store.transaction():
            failed = self._fail(self._ongoing(job_id), message)
        self._agenda.drop(_lane(job_id))
        return failed

    # --- what differs ---------------------------------------------------------------------------

    @abstractmethod
    def cost(self, job: Job) -> int:
        """How many credits a job may need: so many are taken when it starts."""

    @abstractmethod
    def _used(self, job: Job) -> int:
        """How many credits what it has found is worth."""

    @abstractmethod
    def _plan(self, job: Job) -> Any:  # noqa: ANN401 - each kind of job has its own
        """What takes time to find out about a job; it is done once, for the two below."""

    @abstractmethod
    def _count(self, job: Job, plan: Any) -> int:  # noqa: ANN401
        """How many people it is going to find."""

    @abstractmethod
    def _leads(self, job: Job, plan: Any, start: int, stop: int) -> tuple[Any, ...]:  # noqa: ANN401
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
        starts_at = job.created_at + self._pace.starts_after
        lane = _lane(job.id)
        about = f"the course of {self.kind} {job.id}"
        self._agenda.add(partial(self._run, job.id), due_at=starts_at, lane=lane, about=about)
        for step in range(1, _STEPS + 1):
            due_at = starts_at + self._pace.takes * step / _STEPS
            task = partial(self._take_step, job.id, step)
            self._agenda.add(task, due_at=due_at, lane=lane, about=about)
        return job

    def _run(self, job_id: str) -> None:
        with self._store.transaction():
            job = self._jobs[job_id]
            if job.state == PENDING:
                self._jobs[job_id] = replace(job, state=RUNNING)

    def _take_step(self, job_id: str, step: int) -> None:
        job = self._jobs[job_id]
        if job.state in _OVER:
            return
        with self._failing(job_id):
            self._find(job_id, step=step, of=job)
            if step < _STEPS:
                return
            with self._store.transaction():
                job = self._jobs[job_id]
                if job.state not in _OVER:  # nobody was quicker
                    self._finish(job)

    @contextmanager
    def _failing(self, job_id: str) -> Iterator[None]:
        """Fail the job when its work raises. What it has found stays, and costs what it is worth.

        An exception about a job that is over, or gone, is passed on.
        """
        try:
            yield
        except Exception:
            with self._store.transaction():
                job = self._jobs.get(job_id)
                if job is None or job.state in _OVER:
                    raise
                self._fail(job, _CRASHED)
            _logger.exception("%s %s failed", self.kind, job_id)
            self._agenda.drop(_lane(job_id))

    def _find(self, job_id: str, *, step: int, of: Job) -> None:
        """Let a job have found its share of people. They are made up before the lock is taken."""
        plan = self._plans.get(job_id)
        if plan is None:
            plan = self._plans[job_id] = self._plan(of)
        seen = self._jobs[job_id]
        count = self._count(seen, plan) * step // _STEPS
        more = self._leads(seen, plan, len(seen.leads), count)
        with self._store.transaction():
            self._jobs[job_id] = self._grown(self._jobs[job_id], more, first=len(seen.leads))

    def _grown(self, job: Job, more: tuple[Any, ...], *, first: int) -> Job:
        if job.state in _OVER:
            return job
        return replace(job, leads=(*job.leads, *more[len(job.leads) - first :]))

    def _ongoing(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job.state in _OVER:
            raise InvalidInput(
                f"{self.kind} {job_id} must be pending or running; it is {job.state}"
            )
        return job

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
        self._plans.pop(job.id, None)
        self._forget_the_oldest(job.id)

    def _forget_the_oldest(self, ended_id: str) -> None:
        self._ended_ids.append(ended_id)
        self._kept_leads += len(self._jobs[ended_id].leads)
        while len(self._ended_ids) > MOST_ENDED or self._kept_leads > _MOST_KEPT_LEADS:
            oldest = self._jobs.pop(self._ended_ids.popleft())
            self._kept_leads -= len(oldest.leads)


def _lane(job_id: str) -> Hashable:
    return ("job", job_id)
