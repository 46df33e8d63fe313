"""The overview: the clock, counts, activity over time, what is due next and what failed last."""

from collections import Counter
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from flask import Blueprint, Response

from mock_sendpilot.dashboard.charts import Chart, chart
from mock_sendpilot.dashboard.rendering import Page, render, with_workspace
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.redaction import redacted
from mock_sendpilot.scheduling.durations import format_duration
from mock_sendpilot.scheduling.scheduler import Due
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.event_log import EventFilter, SentWebhook
from mock_sendpilot.world.models import Campaign
from mock_sendpilot.world.workspace import Workspace

overview = Blueprint("overview", __name__)

ADVANCES = (("5 s", "5s"), ("1 min", "1m"), ("1 h", "1h"), ("1 day", "1d"))
"""The buttons that advance the clock: label and duration."""
_MAX_ROWS = 6
_MAX_SEARCHED = 200  # of requests, to find those that failed
_MIN_FAILURE = 400


@dataclass(frozen=True, slots=True)
class Failure:
    """A request or an attempt that failed; an attempt has no method, and not always a status."""

    at: datetime
    method: str
    about: str
    status: int | None
    outcome: str
    url: str


class OverviewPage(Page):
    """The overview of a workspace."""

    template = "overview.html"
    title = "Overview"
    advances = ADVANCES

    @property
    def lead_count(self) -> int:
        """The number of leads."""
        return self.store.lead_count()

    @cached_property
    def campaigns(self) -> list[Campaign]:
        """All campaigns."""
        return self.store.campaigns()

    @property
    def started_count(self) -> int:
        """The number of campaigns that are started."""
        return sum(campaign.status == "started" for campaign in self.campaigns)

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """All deliveries, oldest first."""
        return self.outbox.log.all()

    @property
    def delivery_states(self) -> Counter[str]:
        """The number of deliveries by state."""
        return Counter(delivery.state for delivery in self.deliveries)

    @property
    def event_count(self) -> int:
        """The number of events that the log has."""
        return len(self.outbox.events.times())

    @property
    def endpoint_count(self) -> int:
        """The number of endpoints."""
        return len(self.outbox.endpoints.all())

    @property
    def unread_count(self) -> int:
        """The number of unread messages."""
        return sum(one.unread_count for one in self.workspace.inbox.conversations())

    @property
    def is_empty(self) -> bool:
        """True if nothing has happened yet: no request, no event."""
        return not len(self.journal) and not self.event_count

    @property
    def chart(self) -> Chart:
        """The requests, events and attempts over the time of the workspace."""
        attempts = (attempt.started_at for one in self.deliveries for attempt in one.attempts)
        series = (
            ("Requests", (entry.at for entry in self.journal.all())),
            ("Events", self.outbox.events.times()),
            ("Attempts", attempts),
        )
        return chart(series, now=self.workspace.clock.now())

    @property
    def upcoming(self) -> list[Due]:
        """The tasks that are due next."""
        return self.scheduler.upcoming(_MAX_ROWS)

    @property
    def duration_to_next(self) -> str:
        """The duration until the first of them is due."""
        due = self.scheduler.next_due()
        remaining = due.at - self.workspace.clock.now() if due else timedelta()
        return format_duration(max(timedelta(), remaining))

    @property
    def latest_events(self) -> list[SentWebhook]:
        """The latest events, newest first."""
        return self.outbox.events.select(EventFilter(), count=_MAX_ROWS)

    @property
    def failures(self) -> list[Failure]:
        """The requests and attempts that failed last, newest first."""
        failed = [*self._failed_requests(), *self._failed_attempts()]
        return sorted(failed, key=lambda one: one.at, reverse=True)[:_MAX_ROWS]

    @property
    def example(self) -> str:
        """A command to begin with: the change of a lead that exists, or a new one."""
        leads, _ = self.store.lead_slice(0, 1)
        if leads:
            statuses = self.workspace.contract.patch_statuses
            status = "OPPORTUNITY" if "OPPORTUNITY" in statuses else statuses[-1]
            path = self.api("leads", leads[0].id, "status")
            return self.curl("PATCH", path, {"status": status})
        return self.curl("GET", self.api("campaigns"))

    def _failed_requests(self) -> list[Failure]:
        newest_first = islice(reversed(self.journal.all()), _MAX_SEARCHED)
        failed = (one for one in newest_first if (one.status or _MIN_FAILURE) >= _MIN_FAILURE)
        return [self._failed_request(entry) for entry in islice(failed, _MAX_ROWS)]

    def _failed_request(self, entry: JournalEntry) -> Failure:
        url = self.url("requests", entry.id)
        return Failure(entry.at, entry.method, entry.path, entry.status, "no response", url)

    def _failed_attempts(self) -> list[Failure]:
        failed = (
            (one, attempt)
            for one in reversed(self.deliveries)
            for attempt in one.attempts[-1:]
            if not attempt.is_success
        )
        return [self._failed_attempt(one, attempt) for one, attempt in islice(failed, _MAX_ROWS)]

    def _failed_attempt(self, delivery: Delivery, attempt: Attempt) -> Failure:
        about = f"{delivery.event_type} to {redacted(attempt.url)}"
        url = self.url("deliveries", delivery.id)
        outcome = attempt.error or "no response"
        return Failure(attempt.started_at, "", about, attempt.status_code, outcome, url)


@overview.get("/<opaque:workspace_id>")
@with_workspace
def show_overview(workspace: Workspace) -> Response:
    """Show the overview."""
    return render(OverviewPage(workspace))
