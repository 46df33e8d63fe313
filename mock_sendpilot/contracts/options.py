"""Contract options: what the vendor's documents disagree on, with the values of each.

The sources are section (e) of the reconstructed contract, whose row numbers stand beside the
options, and the sections on what clients observed. An observed behavior is a switch that is off in
every contract but `observed`, which is `live` with all of them on. `strict` has the value of each
option that accepts and promises least of all sources, or that of `live` where none is less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_sendpilot.contracts import vocabulary as words

DOCUMENTED, EXAMPLE, SCHEMA, LIVE = "documented", "example", "schema", "live"
STRICT, OBSERVED = "strict", "observed"


@dataclass(frozen=True, slots=True)
class PatchBody:
    """What PATCH reads: `fields` are looked at, at least one of `any_of` must be there."""

    fields: tuple[str, ...]
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadEvents:
    """The events of a lead's change. `tag_fields` is empty where the contract has no tag event."""

    status_fields: tuple[str, ...]
    tag_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventTexts:
    """How a message and a reply are told: under which key, and how much of them (None: all)."""

    message_key: str
    reply_key: str
    most_characters: int | None


@dataclass(frozen=True, slots=True)
class LimitFault:
    """A page of conversations from `lowest_limit` on is 500, perhaps only with `accountId`."""

    lowest_limit: int
    is_of_account: bool

    def __str__(self) -> str:
        with_account = ", with accountId" if self.is_of_account else ""
        return f"500 from limit {self.lowest_limit} on{with_account}"


@dataclass(frozen=True, slots=True)
class ContractOption:
    """One thing that the documents disagree on or leave open, and the values it can have.

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

_SWITCH: Mapping[str, object] = {"on": True, "off": False}
_RETRY_DELAYS = (5, 30, 120, 900, 3600)
_FROM_FIFTY = LimitFault(50, is_of_account=False)
_HUNDRED_OF_ACCOUNT = LimitFault(100, is_of_account=True)

OPTIONS: Mapping[str, ContractOption] = {
    "patch_statuses": _option(
        "statuses that PATCH takes",
        "(e) 1",
        documented=words.LEAD_STATUSES_WEBHOOK_PAGE,
        example=words.LEAD_STATUSES_PAGE_PROSE,
        schema=words.LEAD_STATUSES_OPENAPI_EARLIER,
        live=words.LEAD_STATUSES_TAKEN_TODAY,
        strict=words.LEAD_STATUSES_OUTCOME,
    ),
    "patch_body": _option(
        "fields of the PATCH body",
        "(e) 2",
        documented=PatchBody(("status", "note"), ("status",)),
        example=PatchBody(("status",), ("status",)),
        live=PatchBody(("status", "customLeadStatus", "note"), ("status", "customLeadStatus")),
        strict=PatchBody(("status",), ("status",)),
    ),
    "patch_reply": _option(
        "keys of the PATCH reply, in order",
        "(e) 3",
        documented=(*_PAGE_REPLY, "success", "leadId", "message"),
        example=_PAGE_REPLY,
        schema=_OPENAPI_REPLY,
        live=_OPENAPI_REPLY,
    ),
    "lead_events": _option(
        "data of the lead events",
        "(e) 4",
        documented=LeadEvents((*_STATUS_EVENT, "changedBy"), ()),
        live=LeadEvents(
            _STATUS_EVENT, ("leadId", "linkedinUrl", "previousTag", "newTag", "campaignId")
        ),
    ),
    "event_types": _option(
        "names of the twelve events",
        "(e) 4 and 5",
        documented=_LEGACY_NAMES,
        live=words.EVENT_TYPES,
    ),
    "signatures": _option(
        "signature schemes of a webhook request",
        "(e) 6",
        documented=("documented", "svix"),
        example=("documented",),
        live=("svix",),
        extras={"standardwebhooks": ("standardwebhooks",)},
    ),
    "retry_delays_seconds": _option(
        "seconds to wait before each further attempt; the page also says five attempts in all",
        "(e) 7",
        documented=_RETRY_DELAYS,
        strict=_RETRY_DELAYS[:-1],
        extras={"svix": (5, 300, 1800, 7200, 18000, 36000, 36000)},
    ),
    "list_needs_campaign": _option(
        "whether GET /v1/leads requires campaignId", "(e) 8", documented=False, live=True
    ),
    "list_statuses": _option(
        "statuses that GET /v1/leads filters by",
        "(e) 9",
        documented=words.LEAD_STATUSES_WEBHOOK_PAGE,
        example=words.LEAD_STATUSES_OPENAPI_EARLIER,
        schema=words.LEAD_STATUSES_OPENAPI_EARLIER,
        live=words.LEAD_STATUSES_OPENAPI_LATER,
        strict=words.LEAD_STATUSES_OPENAPI_EARLIER,
    ),
    "leads_per_post": _option(
        "how many leads one POST /v1/leads takes", "(e) 10", documented=100, live=1000, strict=100
    ),
    "lead_fields": _option(
        "keys of a lead, in order: with or without senderId",
        "(e) 15",
        documented=(*_LEAD, "senderId", *_TIMES),
        example=(*_LEAD, *_TIMES),
        schema=(*_LEAD, *_TIMES),
        strict=(*_LEAD, *_TIMES),
    ),
    "lead_ids": _option(
        "style of the ids of new leads: as the pages write them, or cuid as the service gives them",
        "(a) Casing, time, ids",
        documented="prefixed",
        live="cuid",
    ),
    "post_status_code": _option(
        "status of a successful POST; the documents list 200 and 201 without saying which",
        "(a) Success codes",
        documented=201,
        extras={"200": 200},
    ),
    "validation_message": _option(
        "sentences of a 400: in `errors` (a name that is invented), nowhere, or as `message`, "
        "either as a list or in one text with what was found",
        "(a) Error envelope; (e) 21",
        documented="errors",
        strict="bare",
        extras={name: name for name in ("errors", "bare", "list", "detailed")},
    ),
    "event_texts": _option(
        "texts in the events of messages and replies: previews of 100 characters, or all",
        "(e) 5",
        documented=EventTexts("messagePreview", "replyPreview", 100),
        live=EventTexts("message", "reply", None),
    ),
    "campaign_list": _option(
        "keys of the campaign list: the campaigns and the paging",
        "(e) 11",
        documented=("campaigns", "pagination"),
        example=("data", "meta"),
    ),
    "campaign_statuses": _option(
        "spelling of campaign statuses",
        "(e) 12",
        documented=words.CAMPAIGN_STATUSES,
        example=words.CAMPAIGN_STATUSES_UPPER_CASE,
    ),
    "campaign_filters": _option(
        "words that GET /v1/campaigns filters by",
        "(e) 13",
        documented=("all", "active", "started", "paused", "draft", "finished"),
        example=words.CAMPAIGN_FILTERS_PROSE,
        schema=words.CAMPAIGN_FILTERS,
        live=words.CAMPAIGN_FILTERS,
    ),
    "campaign_item": _option(
        "keys of a campaign in the list, in order",
        "(b) 1",
        documented=("id", "name", "status", "totalLeads", *_COUNTERS, *_TIMES),
        example=("id", "name", "status", "totalLeads", *_TIMES),
        strict=("id", "name", "status", "totalLeads", *_TIMES),
    ),
    "campaign_detail": _option(
        "keys of a single campaign, in order: flat counters, `metrics`, or both",
        "(e) 14",
        documented=(*_CAMPAIGN, *_COUNTERS, "metrics", *_SENDERS, "description", *_TIMES),
        example=("id", "name", "status", "totalLeads", "metrics", *_TIMES),
        schema=(*_CAMPAIGN, *_COUNTERS, *_SENDERS, "description", *_TIMES),
        live=(*_CAMPAIGN, "leadsContacted", *_COUNTERS, *_SENDERS, *_TIMES),
    ),
    "repeat_action": _option(
        "pausing what is paused, or resuming what runs: 400, or accepted as it is",
        "(b) 3; unknown",
        documented="refused",
        extras={"accepted": "accepted"},
    ),
    "direct_send_moves_status": _option(
        "whether a message sent over the API moves the lead to MESSAGE_SENT, as those of a "
        "sequence do",
        "(e) 18; a client relied daily on its not doing so",
        documented=False,
        extras=_SWITCH,
    ),
    "opening_message_id": _option(
        "id of the message that opens a conversation: its own, or the conversation's as a client "
        "found",
        "(e) 19",
        documented="own",
        live="conversation",
        extras={"own": "own", "conversation": "conversation"},
    ),
    "internal_recipients": _option(
        "sending to a URL with an internal id (ACoAA…): refused, as a client found, or taken",
        "(b) 12; observed",
        documented="refused",
        extras={"taken": "taken"},
    ),
    "participant_urls": _option(
        "profile URLs in conversations: public, or internal (ACoAA…) as a client found",
        "(a) LinkedIn URLs; observed",
        documented="public",
        strict="internal",
        observed="internal",
        extras={"internal": "internal"},
    ),
    "event_urls": _option(
        "linkedinUrl in events: as elsewhere, or in/<slug>?miniProfileUrn=…, which a note claims",
        "(a) LinkedIn URLs; one weak source",
        documented="public",
        extras={"mini_profile": "mini_profile"},
    ),
    "trailing_space": _option(
        "whether texts of messages end in a blank, as a client found",
        "(b) 9; observed",
        documented=False,
        strict=True,
        observed=True,
        extras=_SWITCH,
    ),
    "conversations_limit_fault": _option(
        "whether conversations answer 500 at `limit` 100 with accountId, as clients found in June "
        "and July 2026, or from `limit` 50 on, as one found in May",
        "(b) 8; observed",
        documented=None,
        strict=_FROM_FIFTY,
        observed=_HUNDRED_OF_ACCOUNT,
        extras={"on": _HUNDRED_OF_ACCOUNT, "from_50": _FROM_FIFTY, "off": None},
    ),
    "conversations_end_fault": _option(
        "whether conversations past the last page answer 500, as a note tells",
        "(b) 8; observed",
        documented=False,
        strict=True,
        observed=True,
        extras=_SWITCH,
    ),
    "note_fault": _option(
        "whether a connection request with a note answers 500 and is not sent when the sender is "
        "not Premium, as a client found; else it is sent without the note",
        "(b) 11; observed",
        documented=False,
        strict=True,
        observed=True,
        extras=_SWITCH,
    ),
    "send_fault": _option(
        "whether a message that is sent answers 500 all the same, as a client found: a retry sends "
        "it twice",
        "(b) 12; observed",
        documented=False,
        extras=_SWITCH,
    ),
    "disable_on_410": _option(
        "whether a receiver's 410 disables its endpoint, as with Svix",
        "(c) Delivery; unknown",
        documented=False,
        extras=_SWITCH,
    ),
    "disable_after_failing_days": _option(
        "whether an endpoint that has failed for five days is disabled, as with Svix",
        "(c) Delivery; unknown",
        documented=False,
        extras=_SWITCH,
    ),
    "honor_retry_after": _option(
        "whether Retry-After of a receiver's 429 or 503 puts off the next attempt",
        "(c) Delivery; unknown",
        documented=False,
        extras=_SWITCH,
    ),
    "retry_after": _option(
        "whether a 429 has Retry-After; a client copes without it",
        "(a) Rate limits",
        documented=True,
        strict=False,
        extras=_SWITCH,
    ),
}
