"""Jobs that take time: searches of the lead database, and extractions from LinkedIn.

The fields of what they find are the keys on the wire, in the vendor's order and spelling: snake
case, unlike all else in its API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"
"""What a job can be, whatever it is called on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast jobs go. The vendor tells nothing of it; these are quick enough to wait for."""

    start_delay: timedelta = timedelta(milliseconds=500)
    duration: timedelta = timedelta(milliseconds=1500)


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLead:
    """A person of the lead database (section (b) 16)."""

    id: str
    first_name: str
    last_name: str
    full_name: str
    email: str | None
    phone: str | None
    linkedin_url: str
    job_title: str
    company: str
    location: str
    country: str
    industry: str
    seniority: str
    company_linkedin_url: str | None
    website: str | None
    employees: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedLead:
    """A person of a LinkedIn search (section (b) 19); without enrichment there is no e-mail."""

    id: str
    linkedin_identifier: str
    linkedin_url: str
    first_name: str
    last_name: str
    full_name: str
    headline: str
    summary: str | None
    location: str
    city: str
    country: str
    profile_picture_url: str | None
    company: str
    job_position: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search of the lead database."""

    id: str
    name: str
    filters: Mapping[str, Any]
    limit: int
    created_at: datetime
    webhook_url: str | None = None
    state: str = PENDING
    completed_at: datetime | None = None
    error_message: str | None = None
    leads: tuple[FoundLead, ...] = ()

    @property
    def found(self) -> int:
        """How many people it has found so far."""
        return len(self.leads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """An extraction from LinkedIn searches; the vendor calls it a campaign, too."""

    id: str
    name: str
    mode: str
    url_type: str
    urls: tuple[str, ...]
    limit: int
    created_at: datetime
    webhook_url: str | None = None
    state: str = PENDING
    completed_at: datetime | None = None
    error_message: str | None = None
    leads: tuple[ExtractedLead, ...] = ()

    @property
    def enriches(self) -> bool:
        """Whether e-mail addresses are looked for."""
        return self.mode == "with_enrichment"

    @property
    def extracted(self) -> int:
        """How many people it has found so far."""
        return len(self.leads)

    @property
    def enriched(self) -> int:
        """For how many of them it has an e-mail address."""
        return sum(lead.email is not None for lead in self.leads)

    @property
    def enrichments_tried(self) -> int:
        """For how many of them it has looked for an e-mail address: each costs a credit."""
        return self.extracted if self.enriches else 0
