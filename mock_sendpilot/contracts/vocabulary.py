"""The vendor's vocabulary: every word on the wire, once.

The sources are those of `options.py`: the published page and its two halves, the older and the
newer pages, the older and the newest specification, and clients in production.
"""

from collections.abc import Mapping

# --- lead status -----------------------------------------------------------------------------

LEAD_STATUSES_OPENAPI_EARLIER = (
    "PENDING",
    "CONNECTION_SENT",
    "CONNECTION_ACCEPTED",
    "MESSAGE_SENT",
    "REPLY_RECEIVED",
    "DONE",
)
"""The older specification and the OpenAPI half of the published page: filter and PATCH body."""

LEAD_STATUSES_WEBHOOK_PAGE = (
    "PENDING",
    "CONNECTION_SENT",
    "CONNECTION_ACCEPTED",
    "MESSAGE_SENT",
    "REPLY_RECEIVED",
    "OPPORTUNITY",
    "NOT_INTERESTED",
    "DONE",
)
"""The webhook pages `lead-status-changed` (older) and `lead-updated` (newer)."""

LEAD_STATUSES_PAGE_PROSE = ("OPPORTUNITY", "NOT_INTERESTED", "DONE")
"""The hand-written half of the published page."""

LEAD_STATUSES_OUTCOME = (
    "OPPORTUNITY",
    "MEETING_BOOKED",
    "DONE",
    "UNSUBSCRIBED",
    "IRRELEVANT",
)
"""The PATCH body of the newest specification."""

LEAD_STATUSES_ACCEPTED = (
    *LEAD_STATUSES_OUTCOME,
    "NOT_INTERESTED",
    "PENDING",
    "CONNECTION_SENT",
    "CONNECTION_ACCEPTED",
    "MESSAGE_SENT",
    "REPLY_RECEIVED",
)
"""The PATCH body as the service accepts it: the five of the newest specification; NOT_INTERESTED,
which a client sends; and the five of a sequence, which that specification refuses, although the
service accepted two of them every day in July 2026."""

LEAD_STATUSES_OPENAPI_LATER = (
    "PENDING",
    "PROCESSING",
    "MESSAGE_SENT",
    "CONNECTION_SENT",
    "CONNECTION_ACCEPTED",
    "CONNECTION_ALREADY_SENT",
    "REPLY_RECEIVED",
    "FOLLOWUP_SENT",
    "BLOCKED",
    "PROFILE_UNREACHABLE",
    "RATE_LIMITED",
    "FAILED",
    "SUCCESS",
    "UNSUBSCRIBED",
    "IRRELEVANT",
    "SKIPPED",
    "DONE",
    "MEETING_BOOKED",
    "OPPORTUNITY",
    "LIKED_POST",
    "MESSAGE_SCHEDULED",
    "CONNECTION_SCHEDULED",
    "LIKE_POST_SCHEDULED",
    "VIEW_PROFILE_SCHEDULED",
    "CONNECTED",
    "CONNECTION_WITHDRAWN",
    "WITHDRAWAL_SCHEDULED",
    "WITHDRAWAL_NOT_POSSIBLE",
    "NOT_CONNECTED",
    "ICP_MATCH",
    "ICP_NOT_MATCH",
    "PROFILE_VIEWED",
    "STARTED",
    "STOPPED",
    "WAITING",
)
"""The filter of the lead list in the newest specification: 35 statuses."""

# The newest specification has NOT_INTERESTED as a custom status only; a client still sets it.
LEAD_STATUSES = (*LEAD_STATUSES_OPENAPI_LATER, "NOT_INTERESTED")
"""Every status of a lead in any contract."""

CUSTOM_LEAD_STATUSES = (
    "LEAD",
    "INTERESTED",
    "MEETING_BOOKED",
    "MEETING_COMPLETE_NOT_CLOSED",
    "CLOSED",
    "WRONG_PERSON",
    "NOT_INTERESTED",
    "NO_RESPONSE",
)
"""The `customLeadStatus` of the newest specification."""

# --- other resources --------------------------------------------------------------------------

CAMPAIGN_STATUSES = ("started", "paused", "draft", "finished")
CAMPAIGN_STATUSES_UPPER_CASE = ("STARTED", "PAUSED", "DRAFT", "FINISHED")
"""The spelling in the examples of the older pages, in the same order."""
CAMPAIGN_FILTERS_PROSE = CAMPAIGN_STATUSES
"""The filter of the campaign list in the text of the older pages."""
CAMPAIGN_FILTERS = ("all", "active", "paused", "draft", "finished")
"""The same filter in both specifications: `active` finds campaigns that are `started`."""
SENDER_STATUSES = ("active", "disconnected", "rate_limited")
READ_STATUSES = ("read", "unread", "unknown")
SEARCH_STATUSES = ("pending", "processing", "completed", "failed")
EXTRACTION_STATUSES = ("PENDING", "RUNNING", "FINISHED", "FAILED")
EXTRACTION_MODES = ("extraction_only", "with_enrichment")
EXTRACTION_URL_TYPES = ("linkedin_search", "sales_navigator")

# --- scopes -----------------------------------------------------------------------------------

CAMPAIGNS_READ = "campaigns:read"
CAMPAIGNS_WRITE = "campaigns:write"
INBOX_READ = "inbox:read"
INBOX_WRITE = "inbox:write"
LEADS_READ = "leads:read"
LEADS_WRITE = "leads:write"
SENDERS_READ = "senders:read"
WORKSPACE_READ = "workspace:read"
SCOPES = (
    CAMPAIGNS_READ,
    CAMPAIGNS_WRITE,
    INBOX_READ,
    INBOX_WRITE,
    LEADS_READ,
    LEADS_WRITE,
    SENDERS_READ,
    WORKSPACE_READ,
)
"""The newest specification has `leads:read`, `senders:read` and `workspace:read`; the others are
invented."""

# --- events -----------------------------------------------------------------------------------

MESSAGE_SENT = "message.sent"
REPLY_RECEIVED = "reply.received"
CONNECTION_REQUEST_SENT = "connection_request.sent"
CONNECTION_REQUEST_ACCEPTED = "connection_request.accepted"
CAMPAIGN_STARTED = "campaign.started"
CAMPAIGN_PAUSED = "campaign.paused"
CAMPAIGN_RESUMED = "campaign.resumed"
CAMPAIGN_FINISHED = "campaign.finished"
LEAD_UPDATED = "lead.updated"
LEAD_TAG_UPDATED = "lead.tag.updated"
SEARCH_COMPLETED = "lead_database.search.completed"
EXTRACTION_COMPLETED = "lead_extractor.job.completed"
EVENT_TYPES = (
    MESSAGE_SENT,
    REPLY_RECEIVED,
    CONNECTION_REQUEST_SENT,
    CONNECTION_REQUEST_ACCEPTED,
    CAMPAIGN_STARTED,
    CAMPAIGN_PAUSED,
    CAMPAIGN_RESUMED,
    CAMPAIGN_FINISHED,
    LEAD_UPDATED,
    LEAD_TAG_UPDATED,
    SEARCH_COMPLETED,
    EXTRACTION_COMPLETED,
)
"""The current names, those of the newer pages; some had others: see `LEGACY_EVENT_TYPES`."""

LEGACY_EVENT_TYPES: Mapping[str, str] = {
    REPLY_RECEIVED: "message.received",
    CONNECTION_REQUEST_SENT: "connection.sent",
    CONNECTION_REQUEST_ACCEPTED: "connection.accepted",
    LEAD_UPDATED: "lead.status.changed",
}
"""The names in the older pages by current names, where they differ."""

# --- actions by hand, at `/_emulate/…/simulate` -----------------------------------------------

# These words are the emulator's own: at the vendor, people do this, in LinkedIn or the dashboard.
LEAD_ACTIONS = (
    "connection_sent",
    "accept_connection",
    "withdraw_connection",
    "message_sent",
    "reply",
    "unreachable",
    "done",
)
CAMPAIGN_ACTIONS = ("start", "pause", "resume", "finish")
JOB_ACTIONS = ("complete", "fail")
