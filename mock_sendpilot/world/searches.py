"""Searches of the lead database: they find people that fit their filters (section (b) 14).

A search costs one credit for each person it finds; as many as its limit are taken when it starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.credits import Credits
from mock_sendpilot.world.events import SearchCompleted
from mock_sendpilot.world.filter_matching import Filters, username
from mock_sendpilot.world.jobs import FoundLead, Pace, Search
from mock_sendpilot.world.people import found_lead
from mock_sendpilot.world.running_jobs import MOST_LEADS, RunningJobs
from mock_sendpilot.world.wanted import Wanted, wanted

_Plan = tuple[list[FoundLead], Wanted]


class Searches(RunningJobs[Search]):
    """The searches of a workspace.

    Args:
        context: of the workspace.
        balance: its credits.
        pace: how fast searches go.
        people: those who are in the lead database before the made-up ones.
    """

    kind = "search"
    not_found = "Search not found"
    too_expensive = "Insufficient quota"

    def __init__(
        self,
        context: WorkspaceContext,
        balance: Credits,
        pace: Pace,
        *,
        people: Sequence[FoundLead],
    ) -> None:
        super().__init__(context, balance, pace)
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
            name: for people to read.
            limit: how many people to find, from 1; it finds no more than `MOST_LEADS`.
            filters: of the vendor's kinds; they are kept as they are given.
            webhook_url: where its event is sent besides the endpoints.

        Raises:
            CreditsExhausted: there are fewer credits than `limit`.
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
        """One credit for each person that is asked for."""
        return job.limit

    def _used(self, job: Search) -> int:
        return job.found

    def _count(self, job: Search, plan: _Plan) -> int:
        ours, others = plan
        most = min(job.limit, MOST_LEADS)
        return min(most, len(ours) + others.count(most))

    def _leads(self, _job: Search, plan: _Plan, start: int, stop: int) -> tuple[FoundLead, ...]:
        ours, others = plan
        indexes = range(max(start, len(ours)), stop)
        made_up = (found_lead(self._seed, index - len(ours), others) for index in indexes)
        return (*ours[start:stop], *made_up)

    def _plan(self, job: Search) -> _Plan:
        """The people of the seed that fit, and what all others are made of."""
        filters = Filters(job.filters)
        ours = [person for person in self._people if filters.fit(person)]
        others = wanted(job.filters)
        if others.usernames is not None:  # those of the seed are not made up a second time
            known = {username(person.linkedin_url).casefold() for person in ours}
            rest = tuple(name for name in others.usernames if name.casefold() not in known)
            others = replace(others, usernames=rest)
        return ours, others

    def _completion(self, job: Search) -> SearchCompleted:
        return SearchCompleted(job)
