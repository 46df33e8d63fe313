"""Contract options: the matters on which the vendor's documents disagree, and their values.

A source is one of these: the published page, which has a hand-written half and an OpenAPI half; the
older pages, to which it belongs, and the newer ones; the older and the newest specification; and
clients, whose public code shows what the service did in production.

An observed behavior is a switch that is off in every contract but `observed`, which is `live` with
all of them on. `strict` has the value of each option that accepts and promises least of all
sources, or that of `live` where none is less.
"""

from collections.abc import Mapping
from typing import Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.lazy_dataclass import dataclass

DOCUMENTED, EXAMPLE, SCHEMA, LIVE = "documented", "example", "schema", "live"
STRICT, OBSERVED = "strict", "observed"
ABOUT: Mapping[str, str] = {
    DOCUMENTED: "the published page, both halves at once; it satisfies a client of either half",
    EXAMPLE: "only the hand-written half of that page: three statuses, the five-key response",
    SCHEMA: "only its OpenAPI half: six statuses, `note`, the four-key response",
    LIVE: "what the service does now, as the newest specification and clients show",
    STRICT: "for each option the value that accepts and promises the least, of all sources",
    OBSERVED: "`live`, with everything that clients met in production and hardly anybody expects",
}
"""The sources that each contract stands for."""


@dataclass(frozen=True, slots=True)
class PatchBody:
    """The fields that PATCH reads; at least one of `any_of` must be present."""

    fields: tuple[str, ...]
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadEvents:
    """The fields of the events of a lead's change; without `tag_fields` there is no tag event."""

    status_fields: tuple[str, ...]
    tag_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventTexts:
    """The keys of messages and replies in events, and the length of their texts (None for all)."""

    message_key: str
    reply_key: str
    max_characters: int | None


@dataclass(frozen=True, slots=True)
class LimitFault:
    """A 500 for pages of at least `min_limit` conversations, perhaps only with `accountId`."""

    min_limit: int
    needs_account: bool

    def __str__(self) -> str:
        with_account = ", with accountId" if self.needs_account else ""
        return f"500 from limit {self.min_limit} on{with_account}"


def value_text(value: object) -> str:
    """Return the value of a contract option in words."""
    if isinstance(value, PatchBody):
        return f"{value_text(value.fields)} (at least one of: {value_text(value.any_of)})"
    if isinstance(value, LeadEvents):
        tags = value_text(value.tag_fields) if value.tag_fields else "no such event"
        return f"status event: {value_text(value.status_fields)}; tag event: {tags}"
    if isinstance(value, EventTexts):
        count = value.max_characters
        amount = "in full" if count is None else f"the first {count} characters"
        return f"{value.message_key}, {value.reply_key}: {amount}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@dataclass(frozen=True, slots=True)
class ContractOption:
    """A matter on which the documents disagree, or which they leave open, and its values.

    `by_contract` has a value for each named contract, by its name; `extra_values` has further ones.
    """

    about: str
    source: str
    by_contract: Mapping[str, Any]
    extra_values: Mapping[str, Any]

    def values(self) -> Mapping[str, Any]:
        """Return every value by its name."""
        return {**self.by_contract, **self.extra_values}


def _option(
    about: str,
    source: str,
    *,
    documented: object,
    example: object = None,
    schema: object = None,
    live: object = None,
    strict: object = None,
    observed: object = None,
    extras: Mapping[str, object] | None = None,
) -> ContractOption:
    """Make an option.

    A value that is left out is that of `documented`; for `strict` and `observed`, that of `live`.
    """
    # None stands for "left out", so it can be a value only where `documented` is None too.
    live = documented if live is None else live
    by_contract = {
        DOCUMENTED: documented,
        EXAMPLE: documented if example is None else example,
        SCHEMA: documented if schema is None else schema,
        LIVE: live,
        STRICT: live if strict is None else strict,
        OBSERVED: live if observed is None else observed,
    }
    return ContractOption(about, source, by_contract, extras or {})


_STATUS_EVENT = ("leadId", "campaignId", "linkedinUrl", "previousStatus", "newStatus")
_PAGE_REPLY = ("id", "linkedinUrl", "previousStatus", "status", "updatedAt")
_OPENAPI_REPLY = ("success", "leadId", "status", "message")
_LEAD = ("id", "linkedinUrl", "status", "firstName", "lastName", "title", "company", "campaignId")
_TIMES = ("createdAt", "updatedAt")
_COUNTERS = ("connectionsSent", "messagesSent", "repliesReceived")
_CAMPAIGN = ("id", "name", "status", "type", "totalLeads")
_SENDERS = ("linkedInSenderIds",)
_LEGACY_NAMES = tuple(words.LEGACY_EVENT_TYPES.get(name, name) for name in words.EVENT_TYPES)

# A switch has names of its own, although every contract's name is also a value of each option.
_SWITCH: Mapping[str, object] = {"on": True, "off": False}
# The delays of the pages: with the first attempt six in all. The pages also say five attempts, so
# `strict` has one delay less.
_RETRY_DELAYS = (5, 30, 120, 900, 3600)
# What clients saw in May 2026, and in June and July.
_LIMIT_50 = LimitFault(50, needs_account=False)
_LIMIT_100 = LimitFault(100, needs_account=True)

OPTIONS: Mapping[str, ContractOption] = {
    "patch_statuses": _option(
        "statuses that PATCH accepts",
        "both halves of the published page, the older page of the webhook, and clients of today",
        documented=words.LEAD_STATUSES_WEBHOOK_PAGE,
        example=words.LEAD_STATUSES_PAGE_PROSE,
        schema=words.LEAD_STATUSES_OPENAPI_EARLIER,
        live=words.LEAD_STATUSES_ACCEPTED,
        strict=words.LEAD_STATUSES_OUTCOME,
    ),
    "patch_body": _option(
        "fields of the PATCH body",
        "both halves of the published page, and the newest specification",
        documented=PatchBody(("status", "note"), ("status",)),
        example=PatchBody(("status",), ("status",)),
        live=PatchBody(("status", "customLeadStatus", "note"), ("status", "customLeadStatus")),
        strict=PatchBody(("status",), ("status",)),
    ),
    "patch_reply": _option(
        "keys of the PATCH response, in order",
        "both halves of the published page, and the newest specification",
        documented=(*_PAGE_REPLY, "success", "leadId", "message"),
        example=_PAGE_REPLY,
        schema=_OPENAPI_REPLY,
        live=_OPENAPI_REPLY,
    ),
    "lead_events": _option(
        "data of the lead events",
        "the older and the newer pages of the webhooks",
        documented=LeadEvents((*_STATUS_EVENT, "changedBy"), ()),
        live=LeadEvents(
            _STATUS_EVENT, ("leadId", "linkedinUrl", "previousTag", "newTag", "campaignId")
        ),
    ),
    "event_types": _option(
        "names of the twelve events",
        "the older and the newer pages of the webhooks",
        documented=_LEGACY_NAMES,
        live=words.EVENT_TYPES,
    ),
    "signatures": _option(
        "signature schemes of a webhook request",
        "the pages, and clients that receive the headers of Svix",
        documented=("documented", "svix"),
        example=("documented",),
        live=("svix",),
        extras={"standardwebhooks": ("standardwebhooks",)},
    ),
    "retry_delays_seconds": _option(
        "seconds to wait before each further attempt; the page also says five attempts in all",
        "the pages; `svix` is the schedule of Svix",
        documented=_RETRY_DELAYS,
        strict=_RETRY_DELAYS[:-1],
        extras={"svix": (5, 300, 1800, 7200, 18000, 36000, 36000)},
    ),
    "list_needs_campaign": _option(
        "whether GET /v1/leads requires campaignId",
        "the older pages, and the newest specification",
        documented=False,
        live=True,
    ),
    "list_statuses": _option(
        "statuses that GET /v1/leads filters by",
        "the older page of the webhook, the older and the newest specification",
        documented=words.LEAD_STATUSES_WEBHOOK_PAGE,
        example=words.LEAD_STATUSES_OPENAPI_EARLIER,
        schema=words.LEAD_STATUSES_OPENAPI_EARLIER,
        live=words.LEAD_STATUSES_OPENAPI_LATER,
        strict=words.LEAD_STATUSES_OPENAPI_EARLIER,
    ),
    "leads_per_post": _option(
        "number of leads that one POST /v1/leads accepts",
        "the older pages, and the newest specification",
        documented=100,
        live=1000,
        strict=100,
    ),
    "lead_fields": _option(
        "keys of a lead, in order, with or without senderId",
        "the older pages, and the newest specification",
        documented=(*_LEAD, "senderId", *_TIMES),
        example=(*_LEAD, *_TIMES),
        schema=(*_LEAD, *_TIMES),
        strict=(*_LEAD, *_TIMES),
    ),
    "lead_ids": _option(
        "style of the ids of new leads: that of the pages, or the cuids of the service",
        "the pages, and an example of the newest specification",
        documented="prefixed",
        live="cuid",
    ),
    "post_status_code": _option(
        "status code of a successful POST; the documents list 200 and 201 without a choice",
        "the pages",
        documented=201,
        extras={"200": 200},
    ),
    "validation_message": _option(
        "sentences of a 400: in `errors` (a name that is invented), nowhere, or as `message`, "
        "either as a list or in one text with what was found",
        "the pages, and answers to a client",
        documented="errors",
        strict="bare",
        extras={name: name for name in ("errors", "bare", "list", "detailed")},
    ),
    "event_texts": _option(
        "texts in the events of messages and replies: previews of 100 characters, or all",
        "the older and the newer pages of the webhooks",
        documented=EventTexts("messagePreview", "replyPreview", 100),
        live=EventTexts("message", "reply", None),
    ),
    "campaign_list": _option(
        "keys of the campaign list: the campaigns and the paging",
        "the examples of the older pages, and both specifications",
        documented=("campaigns", "pagination"),
        example=("data", "meta"),
    ),
    "campaign_statuses": _option(
        "spelling of campaign statuses",
        "the examples of the older pages, and clients",
        documented=words.CAMPAIGN_STATUSES,
        example=words.CAMPAIGN_STATUSES_UPPER_CASE,
    ),
    "campaign_filters": _option(
        "words that GET /v1/campaigns filters by",
        "the text of the older pages, and both specifications",
        documented=("all", "active", "started", "paused", "draft", "finished"),
        example=words.CAMPAIGN_FILTERS_PROSE,
        schema=words.CAMPAIGN_FILTERS,
        live=words.CAMPAIGN_FILTERS,
    ),
    "campaign_item": _option(
        "keys of a campaign in the list, in order",
        "the examples of the older pages, and clients",
        documented=("id", "name", "status", "totalLeads", *_COUNTERS, *_TIMES),
        example=("id", "name", "status", "totalLeads", *_TIMES),
        strict=("id", "name", "status", "totalLeads", *_TIMES),
    ),
    "campaign_detail": _option(
        "keys of a single campaign, in order: flat counters, `metrics`, or both",
        "the examples of the older pages, the older and the newest specification",
        documented=(*_CAMPAIGN, *_COUNTERS, "metrics", *_SENDERS, "description", *_TIMES),
        example=("id", "name", "status", "totalLeads", "metrics", *_TIMES),
        schema=(*_CAMPAIGN, *_COUNTERS, *_SENDERS, "description", *_TIMES),
        live=(*_CAMPAIGN, "leadsContacted", *_COUNTERS, *_SENDERS, *_TIMES),
    ),
    "repeat_action": _option(
        "pausing a paused campaign, or resuming a started one: 400, or accepted",
        "unknown",
        documented="refused",
        extras={"accepted": "accepted"},
    ),
    "direct_send_moves_status": _option(
        "whether a message sent over the API moves the lead to MESSAGE_SENT, as one of a sequence "
        "does",
        "a client that relies daily on its not doing so",
        documented=False,
        extras=_SWITCH,
    ),
    "opening_message_id": _option(
        "id of the message that opens a conversation: its own, or that of the conversation",
        "one client in production",
        documented="own",
        live="conversation",
        extras={"own": "own", "conversation": "conversation"},
    ),
    "internal_recipients": _option(
        "sending to a URL with an internal id (ACoAA…): refused, or accepted",
        "one client in production",
        documented="refused",
        extras={"accepted": "accepted"},
    ),
    "participant_urls": _option(
        "profile URLs in conversations: public, or internal (ACoAA…)",
        "clients in production",
        documented="public",
        strict="internal",
        observed="internal",
        extras={"internal": "internal"},
    ),
    "event_urls": _option(
        "linkedinUrl in events: as elsewhere, or in/<slug>?miniProfileUrn=…",
        "one note of a client, unconfirmed",
        documented="public",
        extras={"mini_profile": "mini_profile"},
    ),
    "trailing_space": _option(
        "whether texts of messages end in a blank",
        "one client in production",
        documented=False,
        strict=True,
        observed=True,
        extras=_SWITCH,
    ),
    "conversations_limit_fault": _option(
        "whether conversations answer 500: at `limit` 100 with accountId (June and July 2026), or "
        "from `limit` 50 on (May 2026)",
        "clients in production",
        documented=None,
        strict=_LIMIT_50,
        observed=_LIMIT_100,
        extras={"on": _LIMIT_100, "from_50": _LIMIT_50, "off": None},
    ),
    "conversations_end_fault": _option(
        "whether conversations past the last page answer 500",
        "one note of a client, unconfirmed",
        documented=False,
        strict=True,
        observed=True,
        extras=_SWITCH,
    ),
    "note_fault": _option(
        "whether a connection request with a note of a sender without Premium answers 500 and is "
        "not sent; otherwise it is sent without the note",
        "one client in production",
        documented=False,
        strict=True,
        observed=True,
        extras=_SWITCH,
    ),
    "send_fault": _option(
        "whether a message that is sent answers 500 all the same, so that a retry sends it twice",
        "one client in production",
        documented=False,
        extras=_SWITCH,
    ),
    "disable_on_410": _option(
        "whether a receiver's 410 disables its endpoint",
        "unknown; Svix does so",
        documented=False,
        extras=_SWITCH,
    ),
    "disable_after_failing_days": _option(
        "whether an endpoint that has failed for five days is disabled",
        "unknown; Svix does so",
        documented=False,
        extras=_SWITCH,
    ),
    "honor_retry_after": _option(
        "whether Retry-After of a receiver's 429 or 503 delays the next attempt",
        "unknown",
        documented=False,
        extras=_SWITCH,
    ),
    "retry_after": _option(
        "whether a 429 has Retry-After",
        "unknown; one client copes without it",
        documented=True,
        strict=False,
        extras=_SWITCH,
    ),
}
