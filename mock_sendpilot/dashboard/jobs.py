"""The jobs: searches of the lead database and extractions, how far they are, and their ends."""

from datetime import datetime
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from mock_sendpilot.dashboard.rendering import Page, render, with_workspace
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.models import Extraction, Search
from mock_sendpilot.world.workspace import Workspace

jobs = Blueprint("jobs", __name__)

MAX_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class JobRow:
    """A search or an extraction as the list shows it.

    `obstacle` says why it cannot be ended by hand; `ends_at` is when it ends by itself.
    """

    kind: str
    job: Search | Extraction
    cost: int
    obstacle: str | None
    ends_at: datetime

    @property
    def found(self) -> int:
        """The number of people found so far."""
        return len(self.job.leads)


class JobsPage(Page):
    """The list of jobs."""

    template = "jobs.html"
    section = "jobs"
    title = "Jobs"

    @property
    def rows(self) -> list[JobRow]:
        """All jobs, newest first."""
        runners = (self.workspace.searches, self.workspace.extractions)
        rows = [self._row(job) for runner in runners for job in runner.all()]
        return sorted(rows, key=lambda row: row.job.created_at, reverse=True)

    @property
    def credits(self) -> int:
        """The credits that are left."""
        return self.workspace.credits.balance().available

    @property
    def example(self) -> str:
        """A command that starts a search."""
        body = {"name": "Founders in Berlin", "filters": {"jobTitles": ["Founder"]}, "limit": 25}
        return self.curl("POST", self.api("lead-database", "searches"), body)

    def _row(self, job: Search | Extraction) -> JobRow:
        timing = self.workspace.seed.job_timing
        ends_at = job.created_at + timing.start_delay + timing.duration
        if isinstance(job, Search):
            searches = self.workspace.searches
            obstacle = searches.obstacles(job.id)["complete"]
            return JobRow("search", job, searches.cost(job), obstacle, ends_at)
        extractions = self.workspace.extractions
        obstacle = extractions.obstacles(job.id)["complete"]
        return JobRow("extraction", job, extractions.cost(job), obstacle, ends_at)


class JobPage(JobsPage):
    """One job."""

    template = "job.html"
    max_people = MAX_PEOPLE

    def __init__(self, workspace: Workspace, job_id: str) -> None:
        super().__init__(workspace)
        self.job_id = job_id
        self.title = self.row.job.name

    @property
    def row(self) -> JobRow:
        """The job."""
        return self._row(self.workspace.job_runner(self.job_id).get(self.job_id))

    @property
    def question(self) -> Any:
        """The filters of a search, or the URLs of an extraction."""
        job = self.row.job
        return job.filters if isinstance(job, Search) else list(job.urls)


@jobs.get("/<opaque:workspace_id>/jobs")
@with_workspace
def list_jobs(workspace: Workspace) -> Response:
    """Show all jobs."""
    return render(JobsPage(workspace))


@jobs.get("/<opaque:workspace_id>/jobs/<opaque:job_id>")
@with_workspace
def show_job(workspace: Workspace, job_id: str) -> Response:
    """Show one job."""
    return render(JobPage(workspace, job_id))
