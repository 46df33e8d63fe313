"""Extractions: people taken out of LinkedIn searches (section (b) 17); each URL in turn gives one.

An extraction costs one credit for each person, and with enrichment one more for each whose e-mail
address was looked for, found or not: the sample of the vendor's page has 95 enriched and 100
charged. As many as it may need are taken when it starts. About one person in ten has no address.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from mock_sendpilot.world.events import ExtractionCompleted
from mock_sendpilot.world.jobs import ExtractedLead, Extraction
from mock_sendpilot.world.people import extracted_lead, title_of
from mock_sendpilot.world.running_jobs import MOST_LEADS, RunningJobs
from mock_sendpilot.world.wanted import Wanted, wanted


class Extractions(RunningJobs[Extraction]):
    """The extractions of a workspace."""

    kind = "extraction"
    not_found = "Campaign not found"
    too_expensive = "Insufficient credits"

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
            name: for people to read.
            limit: how many people to extract, from 1; it extracts no more than `MOST_LEADS`.
            urls: LinkedIn searches, at least one. A job title in the query is everybody's.
            mode: whether e-mail addresses are looked for, too.
            url_type: what kind of searches they are; it makes no difference here.
            webhook_url: where its event is sent besides the endpoints.

        Raises:
            CreditsExhausted: there are fewer credits than it may need.
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
        """One credit for each person that is asked for, two with enrichment."""
        return job.limit * (2 if job.enriches else 1)

    def _used(self, job: Extraction) -> int:
        return job.extracted + job.enrichments_tried

    def _plan(self, job: Extraction) -> tuple[str, list[Wanted]]:
        """A seed of all URLs together, and what each is after."""
        seed = hashlib.sha256("\n".join((self._seed, *job.urls)).encode()).hexdigest()
        return seed, [_wanted_by(url) for url in job.urls]

    def _count(self, job: Extraction, _plan: object) -> int:
        return min(job.limit, MOST_LEADS)

    def _leads(
        self, job: Extraction, plan: tuple[str, list[Wanted]], start: int, stop: int
    ) -> tuple[ExtractedLead, ...]:
        seed, searches = plan
        return tuple(
            extracted_lead(seed, index, searches[index % len(searches)], enriches=job.enriches)
            for index in range(start, stop)
        )

    def _completion(self, job: Extraction) -> ExtractionCompleted:
        return ExtractionCompleted(job)


def _wanted_by(url: str) -> Wanted:
    """What a search is after; one key for all of a job, so that no two of its people are alike."""
    title = title_of(url)
    filters = {"job_titles": [title], "job_title_match_mode": "exact"} if title else {}
    return replace(wanted(filters), key="", has_fixed_titles=True)
