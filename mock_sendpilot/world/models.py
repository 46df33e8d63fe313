"""The things of the world, each frozen: a change replaces the object in its store.

Times are aware UTC datetimes; ids are opaque strings; URLs are in the normal form of `linkedin.py`.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from mock_sendpilot.lazy_dataclass import dataclass

# --- access -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The number of requests that an API key may make in a window, and its length."""

    requests: int
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a workspace. `scopes` is None for a key with all scopes."""

    key: str = field(repr=False)
    name: str = ""
    scopes: frozenset[str] | None = None
    is_revoked: bool = False
    expires_at: datetime | None = None
    rate_limit: RateLimit | None = None

    def allows(self, scope: str) -> bool:
        """Return whether the key has a scope."""
        return self.scopes is None or scope in self.scopes


# --- senders and campaigns ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLimits:
    """The limits of a sender for a day. The numbers are invented: the vendor gives none."""

    connections: int = 25
    messages: int = 100
    likes: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A LinkedIn account that a campaign sends from.

    `status` is one of `vocabulary.SENDER_STATUSES`: only an active one sends. A Premium account
    sends notes with its connection requests.
    """

    id: str
    name: str
    linkedin_url: str
    status: str
    is_premium: bool = False
    daily_limits: DailyLimits = DailyLimits()


CONNECT, MESSAGE = "connect", "message"
STEP_KINDS = (CONNECT, MESSAGE)
ENROLLS = ("all", "added", "none")
"""The leads of a campaign that its sequence takes: all, those that are added later, or none."""
DEFAULT_REPLY = "Thanks for reaching out. Let us talk next week."


# The vendor's sequences are made in its dashboard and are in none of its documents: the steps,
# their delays and their response rates are invented.
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a campaign sequence: a connection request or a message, and the response to it.

    Attributes:
        kind: `connect` or `message`.
        after: the delay since the step before, or for the first step since the lead was added.
        text: the note or the message; `{{firstName}}` and `{{lastName}}` are filled in.
        response_rate: the share of people who accept or reply, 0 to 1.
        responds_after: the shortest and the longest time until they do.
        answers: the texts of their replies; each person gives one of them.
        expires_after: how long a step waits for a response: a request is then withdrawn, and a
            sequence that ends with a message is done.
        done_after: how long a lead at the end of its sequence waits until it is DONE. The service
            was seen not to wait at all.
    """

    kind: str
    after: timedelta = timedelta(hours=1)
    text: str = ""
    response_rate: float = 0.5
    responds_after: tuple[timedelta, timedelta] = (timedelta(hours=2), timedelta(days=2))
    answers: tuple[str, ...] = (DEFAULT_REPLY,)
    expires_after: timedelta = timedelta(days=14)
    done_after: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The counts of what a campaign has done so far."""

    leads_contacted: int = 0
    connections_sent: int = 0
    connections_accepted: int = 0
    messages_sent: int = 0
    replies_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """An outreach campaign.

    `sequence` holds its steps for each lead while it is started; `enrolls` is one of `ENROLLS`;
    `status` is one of `vocabulary.CAMPAIGN_STATUSES`, however a contract spells it. The vendor
    shows no value of `type`: `outreach` is invented.
    """

    id: str
    name: str
    status: str
    sender_ids: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    type: str = "outreach"
    description: str | None = None
    counters: Counters = Counters()
    sequence: tuple[Step, ...] = ()
    enrolls: str = "all"


# --- leads --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A person in a campaign. `custom_fields` must not be changed in place.

    Without a `campaign_id` it is the record of a person of no campaign to whom a sender has sent a
    connection request.
    """

    id: str
    linkedin_url: str
    status: str
    campaign_id: str | None
    created_at: datetime
    updated_at: datetime
    sender_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    company: str | None = None
    email: str | None = None
    custom_lead_status: str | None = None
    about: str | None = None
    connection_count: int | None = None
    follower_count: int | None = None
    industry: str | None = None
    is_open_profile: bool | None = None
    is_premium: bool | None = None
    location: str | None = None
    profile_picture_url: str | None = None
    website: str | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    """The note of the last status change. The vendor accepts one and shows it nowhere."""

    @property
    def full_name(self) -> str:
        """The first and last name as far as they are known."""
        return " ".join(name for name in (self.first_name, self.last_name) if name)

    def changed(self, **changes: Any) -> "Lead":
        """Return the lead with other values.

        Most requests change one, and `dataclasses.replace` takes twice as long: it calls `__init__`
        with a keyword for each field.
        """
        after = object.__new__(Lead)
        values = {name: getattr(self, name) for name in self.__slots__}
        for name, value in (values | changes).items():
            object.__setattr__(after, name, value)
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDraft:
    """A lead to be added: its URL, and other fields of `Lead` by name."""

    linkedin_url: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class LeadImport:
    """The result of adding leads. `rejected` pairs indexes of the list with reasons."""

    added: list[Lead] = field(default_factory=list)
    duplicate_count: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A sender and a person, with the person's lead and campaign if they are known."""

    sender_id: str
    linkedin_url: str
    lead: Lead | None = None
    campaign_id: str | None = None

    @classmethod
    def of(cls, lead: Lead, *, sender_id: str | None = None) -> "Contact":
        """Return a lead and a sender, by default its own, in the lead's campaign."""
        return cls(
            sender_id=sender_id or lead.sender_id or "",
            linkedin_url=lead.linkedin_url,
            lead=lead,
            campaign_id=lead.campaign_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """The behavior of a recipient. None leaves it to the response rate of the step.

    Attributes:
        accepts: whether the person accepts a connection request.
        accepts_after: the time until then.
        replies: whether the person replies to a message.
        replies_after: the time until then.
        reply: the text of the reply.
        is_unreachable: whether nothing can be sent to the person.
    """

    accepts: bool | None = None
    accepts_after: timedelta | None = None
    replies: bool | None = None
    replies_after: timedelta | None = None
    reply: str | None = None
    is_unreachable: bool = False


# --- jobs ---------------------------------------------------------------------------------------

JOB_PENDING, JOB_RUNNING, JOB_DONE, JOB_FAILED = "pending", "running", "done", "failed"
"""The states of a job; on the wire searches and extractions have other words for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTiming:
    """The timing of jobs. The vendor documents none; these times are short enough to wait for."""

    start_delay: timedelta = timedelta(milliseconds=500)
    duration: timedelta = timedelta(milliseconds=1500)


DEFAULT_JOB_TIMING = JobTiming()


# The fields of the next two classes are the keys on the wire, in the vendor's order and in snake
# case, unlike all other keys of its API.
@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLead:
    """A person of the lead database."""

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
    """A person of a LinkedIn search; an e-mail address needs enrichment."""

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
class Job:
    """A search or an extraction.

    Attributes:
        limit: the number of people to find, from 1.
        webhook_url: a URL to which its event is sent as well as to the endpoints.
        state: `JOB_PENDING`, `JOB_RUNNING`, `JOB_DONE` or `JOB_FAILED`.
        completed_at: the time of its end, done or failed.
        error_message: the reason why it failed.
    """

    id: str
    name: str
    limit: int
    created_at: datetime
    webhook_url: str | None = None
    state: str = JOB_PENDING
    completed_at: datetime | None = None
    error_message: str | None = None

    @property
    def is_over(self) -> bool:
        """Return whether the job is done or has failed."""
        return self.state in {JOB_DONE, JOB_FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Job):
    """A search of the lead database; `filters` must not be changed in place."""

    filters: Mapping[str, Any]
    leads: tuple[FoundLead, ...] = ()

    @property
    def found(self) -> int:
        """The number of people found so far."""
        return len(self.leads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction(Job):
    """An extraction from LinkedIn searches; the vendor calls it a campaign too.

    `mode` is one of `vocabulary.EXTRACTION_MODES`, `url_type` of `EXTRACTION_URL_TYPES`.
    """

    mode: str
    url_type: str
    urls: tuple[str, ...]
    leads: tuple[ExtractedLead, ...] = ()

    @property
    def enriches(self) -> bool:
        """Return whether it looks for e-mail addresses."""
        return self.mode == "with_enrichment"

    @property
    def extracted(self) -> int:
        """The number of people extracted so far."""
        return len(self.leads)

    @property
    def enriched(self) -> int:
        """The number of extracted people with an e-mail address."""
        return sum(lead.email is not None for lead in self.leads)

    @property
    def enrichments_tried(self) -> int:
        """The number of people whose e-mail address was looked for: each costs a credit."""
        return self.extracted if self.enriches else 0


AnyJob = TypeVar("AnyJob", Search, Extraction)
