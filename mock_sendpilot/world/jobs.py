"""Jobs: searches of the lead database and extractions from LinkedIn, on the clock.

The people that a job finds depend only on the seed, its request and the index. So its progress is
computed from the clock when it is read, and its end is its only task. The credits that it may cost
are spent when it starts, and those that it did not need are given back when it is over. A job whose
work raises an exception fails, and the traceback is logged. The timing of jobs, and that they find
people in four steps, is invented.
"""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from mock_sendpilot.contracts.vocabulary import JOB_ACTIONS
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.world.causes import Cause
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.credits import Credits, Payment
from mock_sendpilot.world.events import ExtractionCompleted, SearchCompleted
from mock_sendpilot.world.filters import SearchFilters, linkedin_username
from mock_sendpilot.world.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_RUNNING,
    AnyJob,
    ExtractedLead,
    Extraction,
    FoundLead,
    JobTiming,
    Search,
)
from mock_sendpilot.world.people import (
    Criteria,
    criteria_for,
    extracted_lead,
    found_lead,
    job_title_in,
)
from mock_sendpilot.world.state import JobsState, Replanning, planned

if TYPE_CHECKING:
    from mock_sendpilot.scheduling.task_queue import Task

MAX_LEADS = 10_000
"""The people of a job, whatever its limit: no `offset` reaches further into its results."""
MAX_ENDED_JOBS, _MAX_ENDED_LEADS = 200, 100_000
"""The jobs that are kept after their end, and the people that they have found in all."""
_STEPS = 4
_logger = logging.getLogger(__name__)


class JobRunner(ABC, Generic[AnyJob]):
    """The jobs of one kind in a workspace. Every method may be called from any thread."""

    kind: str
    not_found_message: str
    too_expensive_message: str

    def __init__(self, context: WorkspaceContext, credits_: Credits, timing: JobTiming) -> None:
        self._store = context.store
        self._scheduler = context.scheduler
        self._clock = context.clock
        self._causes = context.causes
        self._ids = context.ids
        self._seed = context.random_seed
        self._credits = credits_
        self._timing = timing
        self._jobs: dict[str, AnyJob] = {}
        # The next four are of jobs that are not over.
        self._payments: dict[str, Payment] = {}
        self._plans: dict[str, Any] = {}
        self._found: dict[str, tuple[Any, ...]] = {}
        self._ends: dict[str, Task] = {}
        self._ended_ids: dict[str, None] = {}  # in order; an empty deque occupies 0.7 kB
        self._ended_lead_count = 0

    def state(self) -> JobsState[AnyJob]:
        """Within a transaction: return all jobs. The people found so far are found again."""
        return JobsState(
            jobs=tuple(self._jobs.values()),
            payments=dict(self._payments),
            ends={job_id: planned(end) for job_id, end in self._ends.items()},
            ended_ids=tuple(self._ended_ids),
        )

    def load(self, state: JobsState[AnyJob]) -> Iterator[Replanning]:
        """Replace all jobs; yield how to plan their ends again."""
        self._jobs = {job.id: job for job in state.jobs}
        self._payments = dict(state.payments)
        self._ended_ids = dict.fromkeys(state.ended_ids)
        self._ended_lead_count = sum(len(self._jobs[one].leads) for one in state.ended_ids)
        for job_id, end in state.ends.items():
            yield end.order, partial(self._queue_end, job_id, end.due_at, end.cause)

    def get(self, job_id: str) -> AnyJob:
        """Return the job of that id as it is now; it fails if its work raises an exception.

        Raises:
            NotFound: the workspace has no such job.
        """
        job = self._jobs.get(job_id)
        if job is None:
            hint = f"this workspace has no {self.kind} {job_id[:80]!r}"
            raise NotFound(self.not_found_message, hint=hint)
        if job.is_over:
            return job
        with self._failing(job_id):
            return self._at_present(job)
        return self._jobs[job_id]

    def all(self) -> list[AnyJob]:
        """Return the jobs that are kept, oldest first."""
        with self._store.transaction():
            job_ids = list(self._jobs)
        # Outside of the transaction, since it may have to make thousands of people.
        return [self.get(job_id) for job_id in job_ids if job_id in self._jobs]

    def has(self, job_id: str) -> bool:
        """Return whether a job of that id exists."""
        return job_id in self._jobs

    def complete(self, job_id: str) -> AnyJob:
        """Complete a job at once, with the people that it would find; or fail it.

        Raises:
            NotFound: the workspace has no such job.
            InvalidInput: the job is over.
        """
        job = self.get(job_id)
        self._require_ongoing(job_id)
        with self._failing(job_id):
            complete = self._after_step(job, _STEPS)
            with self._store.transaction():
                self._require_ongoing(job_id)  # another thread may have ended it meanwhile
                self._finish(complete)
        return self.get(job_id)

    def fail(self, job_id: str, message: str) -> AnyJob:
        """Fail a job, which keeps the people found so far. The vendor documents no event for it.

        Raises:
            NotFound: the workspace has no such job.
            InvalidInput: the job is over.
        """
        job = self.get(job_id)
        with self._store.transaction():
            self._require_ongoing(job_id)
            return self._fail(job, message)

    def obstacles(self, job_id: str) -> dict[str, str | None]:
        """Return why each action of a job cannot happen now; None if it can.

        Raises:
            NotFound: the workspace has no such job.
        """
        return dict.fromkeys(JOB_ACTIONS, self._obstacle(self.get(job_id)))

    # --- for subclasses -----------------------------------------------------------------------

    @abstractmethod
    def cost(self, job: AnyJob) -> int:
        """Return the credits that a job spends when it starts: all that it may cost."""

    @abstractmethod
    def _used(self, job: AnyJob) -> int:
        """Return the credits that a job has used for the people found."""

    @abstractmethod
    def _plan(self, job: AnyJob) -> Any:
        """Return the slow part of the work, done once for the next two methods."""

    @abstractmethod
    def _count(self, job: AnyJob, plan: Any) -> int:
        """Return the number of people that a job will find."""

    @abstractmethod
    def _leads(self, job: AnyJob, plan: Any, start: int, stop: int) -> tuple[Any, ...]:
        """Return the people that a job finds from index `start` to before `stop`."""

    @abstractmethod
    def _completion(self, job: AnyJob) -> SearchCompleted | ExtractionCompleted:
        """Return the change that its event is about."""

    def _begin(self, job: AnyJob) -> AnyJob:
        with self._store.transaction():
            payment = self._credits.spend(self.cost(job), message=self.too_expensive_message)
            self._payments[job.id] = payment
            self._jobs[job.id] = job
            due_at = job.created_at + self._timing.start_delay + self._timing.duration
            self._queue_end(job.id, due_at)
        return job

    def _queue_end(self, job_id: str, due_at: datetime, cause: Cause | None = None) -> None:
        self._ends[job_id] = self._scheduler.add(
            self._causes.task("job", partial(self._end, job_id), cause),
            due_at=due_at,
            lane=("job", job_id),
            about=f"the end of {self.kind} {job_id}",
        )

    # --- progress -----------------------------------------------------------------------------

    def _end(self, job_id: str) -> None:
        job = self._jobs[job_id]
        with self._failing(job_id):
            complete = self._after_step(job, _STEPS)
            with self._store.transaction():
                if not self._jobs[job_id].is_over:
                    self._finish(complete)

    def _at_present(self, job: AnyJob) -> AnyJob:
        elapsed = self._clock.now() - job.created_at - self._timing.start_delay
        if elapsed < timedelta():
            return job
        # The last step is left to the task of the end, which records the event.
        duration = self._timing.duration
        step = min(elapsed * _STEPS // duration, _STEPS - 1) if duration else _STEPS - 1
        return replace(self._after_step(job, step), state=JOB_RUNNING)

    def _after_step(self, job: AnyJob, step: int) -> AnyJob:
        """Return a job with the people found after a step: always the same ones."""
        # Two threads may do the work twice: both find the same people, and neither holds the lock.
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

    def _keep(self, values: dict[str, Any], job_id: str, value: object) -> None:
        """Keep a value for a job, unless the job has ended meanwhile and would never drop it."""
        with self._store.transaction():
            if job_id in self._payments:
                values[job_id] = value

    @contextmanager
    def _failing(self, job_id: str) -> Iterator[None]:
        """Fail a job when its work raises an exception; it keeps, and costs, the people found.

        If the job is over by then, an `InvalidInput` is for the caller, and other exceptions of the
        work that is no longer needed are dropped.
        """
        try:
            yield
        except Exception as error:
            with self._store.transaction():
                job = self._jobs.get(job_id)
                if job is None or job.is_over:
                    if isinstance(error, InvalidInput):
                        raise
                    return
                found = self._found.get(job_id, ())
                self._fail(replace(job, leads=found), "Internal server error")
            _logger.exception("%s %s failed", self.kind, job_id)

    def _require_ongoing(self, job_id: str) -> None:
        obstacle = self._obstacle(self._jobs[job_id])
        if obstacle is not None:
            raise InvalidInput(obstacle)

    def _obstacle(self, job: AnyJob) -> str | None:
        if not job.is_over:
            return None
        return f"{self.kind} {job.id}: expected one that is pending or running, got {job.state}"

    def _finish(self, job: AnyJob) -> None:
        done = replace(job, state=JOB_DONE, completed_at=self._clock.now())
        completion = self._completion(done)  # before any change, since it may raise
        self._settle(done)
        self._store.record(completion)

    def _fail(self, job: AnyJob, message: str) -> AnyJob:
        now = self._clock.now()
        failed = replace(job, state=JOB_FAILED, completed_at=now, error_message=message)
        self._settle(failed)
        return failed

    def _settle(self, job: AnyJob) -> None:
        """Replace a job by its end: give credits back, and drop the oldest of too many jobs."""
        self._credits.give_back(self._payments.pop(job.id), self.cost(job) - self._used(job))
        self._jobs[job.id] = job
        self._scheduler.cancel(self._ends.pop(job.id))
        self._plans.pop(job.id, None)
        self._found.pop(job.id, None)
        self._ended_ids[job.id] = None
        self._ended_lead_count += len(job.leads)
        while len(self._ended_ids) > MAX_ENDED_JOBS or self._ended_lead_count > _MAX_ENDED_LEADS:
            oldest_id = next(iter(self._ended_ids))
            del self._ended_ids[oldest_id]
            oldest = self._jobs.pop(oldest_id)
            self._ended_lead_count -= len(oldest.leads)


_SearchPlan = tuple[list[FoundLead], Criteria]


class Searches(JobRunner[Search]):
    """The searches of a workspace. Each person found costs one credit.

    Args:
        context: the context of the workspace.
        credits_: the credits of the workspace.
        timing: the timing of searches.
        people: people of the lead database who come before the made-up ones.
    """

    kind = "search"
    not_found_message = "Search not found"
    too_expensive_message = "Insufficient quota"

    def __init__(
        self,
        context: WorkspaceContext,
        credits_: Credits,
        timing: JobTiming,
        *,
        people: Sequence[FoundLead],
    ) -> None:
        super().__init__(context, credits_, timing)
        self._people = tuple(people)

    @property
    def people(self) -> tuple[FoundLead, ...]:
        """The people of the lead database who come before the made-up ones."""
        return self._people

    def add_people(self, people: Iterable[FoundLead]) -> None:
        """Within a transaction: add people to the lead database, or replace those of same ids."""
        self.load_people({one.id: one for one in (*self._people, *people)}.values())

    def load_people(self, people: Iterable[FoundLead]) -> None:
        """Replace all people."""
        self._people = tuple(people)

    def start(
        self,
        *,
        name: str,
        limit: int,
        filters: Mapping[str, Any],
        webhook_url: str | None = None,
    ) -> Search:
        """Start a search.

        Args:
            name: a name for people.
            limit: the number of people to find, from 1; no more than `MAX_LEADS` are found.
            filters: filters of the vendor's kinds; they are kept as they are.
            webhook_url: a URL to which its event is sent as well as to the endpoints.

        Raises:
            CreditsExhausted: fewer credits than `limit` are left.
        """
        search = Search(
            id=self._ids.prefixed("search"),
            name=name,
            limit=limit,
            filters=filters,
            webhook_url=webhook_url,
            created_at=self._clock.now(),
        )
        return self._begin(search)

    def cost(self, job: Search) -> int:
        """Return one credit for each person up to the limit."""
        return job.limit

    def _used(self, job: Search) -> int:
        return job.found

    def _plan(self, job: Search) -> _SearchPlan:
        """Return the matching people of the seed, and the criteria of all others."""
        filters = SearchFilters(job.filters)
        seeded = [person for person in self._people if filters.match(person)]
        criteria = criteria_for(job.filters)
        if criteria.usernames is not None:  # seeded people are not made up a second time
            known = {linkedin_username(person.linkedin_url).casefold() for person in seeded}
            rest = tuple(name for name in criteria.usernames if name.casefold() not in known)
            criteria = replace(criteria, usernames=rest)
        return seeded, criteria

    def _count(self, job: Search, plan: _SearchPlan) -> int:
        seeded, criteria = plan
        limit = min(job.limit, MAX_LEADS)
        return min(limit, len(seeded) + criteria.count(limit))

    def _leads(
        self, _job: Search, plan: _SearchPlan, start: int, stop: int
    ) -> tuple[FoundLead, ...]:
        seeded, criteria = plan
        made_up = (
            found_lead(self._seed, index - len(seeded), criteria)
            for index in range(max(start, len(seeded)), stop)
        )
        return (*seeded[start:stop], *made_up)

    def _completion(self, job: Search) -> SearchCompleted:
        return SearchCompleted(job)


_ExtractionPlan = tuple[str, list[Criteria]]


class Extractions(JobRunner[Extraction]):
    """The extractions of a workspace; each URL in turn gives one person.

    A person costs one credit, and with enrichment one more, whether an e-mail address is found or
    not: the sample on the vendor's page has 95 enriched and 100 charged. About one person in ten
    has no address.
    """

    kind = "extraction"
    not_found_message = "Campaign not found"
    too_expensive_message = "Insufficient credits"

    def start(
        self,
        *,
        name: str,
        limit: int,
        urls: Sequence[str],
        mode: str = "extraction_only",
        url_type: str = "linkedin_search",
        webhook_url: str | None = None,
    ) -> Extraction:
        """Start an extraction.

        Args:
            name: a name for people.
            limit: the number of people to extract, from 1; no more than `MAX_LEADS` are extracted.
            urls: LinkedIn searches, at least one. Everybody has the job title in the query, if any.
            mode: `extraction_only`, or `with_enrichment` to look for e-mail addresses.
            url_type: the kind of the searches; here it makes no difference.
            webhook_url: a URL to which its event is sent as well as to the endpoints.

        Raises:
            CreditsExhausted: fewer credits are left than it may cost.
        """
        extraction = Extraction(
            id=self._ids.prefixed("camp"),
            name=name,
            limit=limit,
            urls=tuple(urls),
            mode=mode,
            url_type=url_type,
            webhook_url=webhook_url,
            created_at=self._clock.now(),
        )
        return self._begin(extraction)

    def cost(self, job: Extraction) -> int:
        """Return one credit for each person up to the limit, two with enrichment."""
        return job.limit * (2 if job.enriches else 1)

    def _used(self, job: Extraction) -> int:
        return job.extracted + job.enrichments_tried

    def _plan(self, job: Extraction) -> _ExtractionPlan:
        """Return a seed for all URLs together, and the criteria of each."""
        seed = hashlib.sha256("\n".join((self._seed, *job.urls)).encode()).hexdigest()
        criteria = []
        for url in job.urls:
            title = job_title_in(url)
            filters = {"job_titles": [title], "job_title_match_mode": "exact"} if title else {}
            # One key for all URLs of a job, so that no two of its people are the same.
            criteria += [replace(criteria_for(filters), key="", has_fixed_titles=True)]
        return seed, criteria

    def _count(self, job: Extraction, _plan: _ExtractionPlan) -> int:
        return min(job.limit, MAX_LEADS)

    def _leads(
        self, job: Extraction, plan: _ExtractionPlan, start: int, stop: int
    ) -> tuple[ExtractedLead, ...]:
        seed, criteria = plan
        return tuple(
            extracted_lead(seed, index, criteria[index % len(criteria)], enriches=job.enriches)
            for index in range(start, stop)
        )

    def _completion(self, job: Extraction) -> ExtractionCompleted:
        return ExtractionCompleted(job)
