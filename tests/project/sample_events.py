"""One event of each kind, made up, for the pages and tests that go through all twelve."""

from collections.abc import Mapping
from datetime import datetime, timezone

from mock_sendpilot.domain import events
from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.events import Change, Event
from mock_sendpilot.domain.finding.jobs import DONE, ExtractedLead, Extraction, FoundLead, Search
from mock_sendpilot.domain.models import Campaign, Contact, Lead

AT = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
_URL = "https://www.linkedin.com/in/ida-holm"
_NAME = {"first_name": "Ida", "last_name": "Holm", "full_name": "Ida Holm"}
_LEAD = Lead(
    id="lead_1",
    linkedin_url=_URL,
    status="OPPORTUNITY",
    campaign_id="camp_1",
    created_at=AT,
    updated_at=AT,
    sender_id="sender_1",
    custom_lead_status="INTERESTED",
)
_CONTACT = Contact(sender_id="sender_1", linkedin_url=_URL, lead=_LEAD, campaign_id="camp_1")
_CAMPAIGN = Campaign(
    id="camp_1",
    name="Nordic CFOs",
    status="started",
    sender_ids=("sender_1",),
    created_at=AT,
    updated_at=AT,
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
_SEARCH = Search(
    id="search_1",
    name="Q3 CFOs",
    filters={"job_titles": ["CFO"]},
    limit=1,
    created_at=AT,
    state=DONE,
    completed_at=AT,
    leads=(_FOUND,),
)
_EXTRACTION = Extraction(
    id="camp_x1",
    name="Founders",
    mode="with_enrichment",
    url_type="linkedin_search",
    urls=("https://www.linkedin.com/search/results/people/",),
    limit=1,
    created_at=AT,
    state=DONE,
    completed_at=AT,
    leads=(_EXTRACTED,),
)


def _campaign(event_type: str) -> events.CampaignChanged:
    return events.CampaignChanged(event_type, _CAMPAIGN, 120, "api")


CHANGES: Mapping[str, Change] = {
    words.MESSAGE_SENT: events.MessageSent(_CONTACT, "Good morning", 2),
    words.REPLY_RECEIVED: events.ReplyReceived(_CONTACT, "Call me Tuesday"),
    words.CONNECTION_REQUEST_SENT: events.ConnectionRequestSent(_CONTACT, "Hello"),
    words.CONNECTION_REQUEST_ACCEPTED: events.ConnectionRequestAccepted(_CONTACT, AT),
    words.CAMPAIGN_STARTED: _campaign(words.CAMPAIGN_STARTED),
    words.CAMPAIGN_PAUSED: _campaign(words.CAMPAIGN_PAUSED),
    words.CAMPAIGN_RESUMED: _campaign(words.CAMPAIGN_RESUMED),
    words.CAMPAIGN_FINISHED: _campaign(words.CAMPAIGN_FINISHED),
    words.LEAD_UPDATED: events.LeadStatusChanged(_LEAD, "REPLY_RECEIVED", "api"),
    words.LEAD_TAG_UPDATED: events.LeadTagChanged(_LEAD, None),
    words.SEARCH_COMPLETED: events.SearchCompleted(_SEARCH),
    words.EXTRACTION_COMPLETED: events.ExtractionCompleted(_EXTRACTION),
}
"""By today's name of the event."""


def sample_event(name: str) -> Event:
    """An event of this name."""
    return Event(
        id="evt_1780304400000_k3v9q2x7d",
        message_id="msg_2emulatorEmulatorEmulator01",
        sequence=1,
        occurred_at=AT,
        workspace_id="ws_1",
        change=CHANGES[name],
    )
