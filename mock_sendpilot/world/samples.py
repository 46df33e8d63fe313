"""Samples: a change and an event of each type, made up or about something of a workspace."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.events import (
    CampaignChanged,
    Change,
    ConnectionRequestAccepted,
    ConnectionRequestSent,
    Event,
    ExtractionCompleted,
    LeadStatusChanged,
    LeadTagChanged,
    MessageSent,
    ReplyReceived,
    SearchCompleted,
)
from mock_sendpilot.world.models import (
    JOB_DONE,
    Campaign,
    Contact,
    ExtractedLead,
    Extraction,
    FoundLead,
    Lead,
    Search,
)

SAMPLE_AT = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
_URL = "https://www.linkedin.com/in/ida-holm"
# Two of each, for a lead that has one of them already: its event has to be about a change.
_OUTCOMES = ("OPPORTUNITY", "DONE")
_TAGS = ("INTERESTED", "MEETING_BOOKED")
_NAME: Mapping[str, str] = {"first_name": "Ida", "last_name": "Holm", "full_name": "Ida Holm"}
SAMPLE_LEAD = Lead(
    id="lead_1",
    linkedin_url=_URL,
    status="REPLY_RECEIVED",
    campaign_id="camp_1",
    created_at=SAMPLE_AT,
    updated_at=SAMPLE_AT,
    sender_id="sender_1",
)
SAMPLE_CAMPAIGN = Campaign(
    id="camp_1",
    name="Nordic CFOs",
    status="started",
    sender_ids=("sender_1",),
    created_at=SAMPLE_AT,
    updated_at=SAMPLE_AT,
)
_FOUND = FoundLead(
    id="ldb_1",
    **_NAME,
    email="ida@fjord.example",
    phone=None,
    linkedin_url=_URL,
    job_title="CFO",
    company="Fjord AS",
    location="Oslo",
    country="Norway",
    industry="Energy",
    seniority="C-Level",
    company_linkedin_url=None,
    website="https://fjord.example",
    employees="51-200",
)
_EXTRACTED = ExtractedLead(
    id="lx_1",
    linkedin_identifier="ida-holm",
    linkedin_url=_URL,
    **_NAME,
    headline="CFO at Fjord AS",
    summary=None,
    location="Oslo, Norway",
    city="Oslo",
    country="Norway",
    profile_picture_url=None,
    company="Fjord AS",
    job_position="CFO",
    email="ida@fjord.example",
)
SAMPLE_SEARCH = Search(
    id="search_1",
    name="Q3 CFOs",
    filters={"job_titles": ["CFO"]},
    limit=1,
    created_at=SAMPLE_AT,
    state=JOB_DONE,
    completed_at=SAMPLE_AT,
    leads=(_FOUND,),
)
SAMPLE_EXTRACTION = Extraction(
    id="camp_x1",
    name="Founders",
    mode="with_enrichment",
    url_type="linkedin_search",
    urls=("https://www.linkedin.com/search/results/people/",),
    limit=1,
    created_at=SAMPLE_AT,
    state=JOB_DONE,
    completed_at=SAMPLE_AT,
    leads=(_EXTRACTED,),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The subjects of samples; by default made-up ones."""

    lead: Lead = SAMPLE_LEAD
    campaign: Campaign = SAMPLE_CAMPAIGN
    total_leads: int = 120
    sender_id: str = SAMPLE_LEAD.sender_id or ""
    search: Search = SAMPLE_SEARCH
    extraction: Extraction = SAMPLE_EXTRACTION

    @property
    def contact(self) -> Contact:
        """The sender and the lead."""
        return Contact.of(self.lead, sender_id=self.sender_id)


SAMPLES = Subjects()


def sample_change(name: str, at: datetime = SAMPLE_AT, subjects: Subjects = SAMPLES) -> Change:
    """Return a change for the event of that current name.

    Args:
        name: one of `vocabulary.EVENT_TYPES`.
        at: the time of the change, where the event has it.
        subjects: the lead, campaign or job that it is about.
    """
    return _SAMPLE_MAKERS[name](subjects, at)


def sample_event(
    name: str,
    *,
    event_id: str = "evt_1780304400000_k3v9q2x7d",  # of `SAMPLE_AT`, in milliseconds
    message_id: str = "msg_2emulatorEmulatorEmulator01",
    at: datetime = SAMPLE_AT,
    workspace_id: str = "ws_1",
) -> Event:
    """Return a made-up event of that current name."""
    return Event(
        id=event_id,
        message_id=message_id,
        sequence=1,
        occurred_at=at,
        workspace_id=workspace_id,
        change=sample_change(name, at),
    )


def _status_changed(of: Subjects, _at: datetime) -> Change:
    before = of.lead.status
    after = replace(of.lead, status=_other(before, _OUTCOMES))
    return LeadStatusChanged(after, before, "api")


def _tag_changed(of: Subjects, _at: datetime) -> Change:
    before = of.lead.custom_lead_status
    after = replace(of.lead, custom_lead_status=_other(before, _TAGS))
    return LeadTagChanged(after, before)


def _other(word: str | None, choices: tuple[str, str]) -> str:
    return choices[1] if word == choices[0] else choices[0]


def _campaign_changed(name: str, of: Subjects, _at: datetime) -> Change:
    return CampaignChanged(name, of.campaign, of.total_leads, "api")


_SAMPLE_MAKERS: Mapping[str, Callable[[Subjects, datetime], Change]] = {
    words.MESSAGE_SENT: lambda of, _: MessageSent(of.contact, "Good morning", 2),
    words.REPLY_RECEIVED: lambda of, _: ReplyReceived(of.contact, "Call me Tuesday"),
    words.CONNECTION_REQUEST_SENT: lambda of, _: ConnectionRequestSent(of.contact, "Hello"),
    words.CONNECTION_REQUEST_ACCEPTED: lambda of, at: ConnectionRequestAccepted(of.contact, at),
    words.CAMPAIGN_STARTED: partial(_campaign_changed, words.CAMPAIGN_STARTED),
    words.CAMPAIGN_PAUSED: partial(_campaign_changed, words.CAMPAIGN_PAUSED),
    words.CAMPAIGN_RESUMED: partial(_campaign_changed, words.CAMPAIGN_RESUMED),
    words.CAMPAIGN_FINISHED: partial(_campaign_changed, words.CAMPAIGN_FINISHED),
    words.LEAD_UPDATED: _status_changed,
    words.LEAD_TAG_UPDATED: _tag_changed,
    words.SEARCH_COMPLETED: lambda of, _: SearchCompleted(of.search),
    words.EXTRACTION_COMPLETED: lambda of, _: ExtractionCompleted(of.extraction),
}
