"""Contracts: what the vendor's contradicting documents each promise, as data.

A `Contract` names every point on which the documents differ. Four are given names; each point can
also be set alone, to the reading of another contract or to one of its own extra choices.
Code reads the points; it never asks which contract it has.

Source: section (e) of the reconstructed contract, whose row numbers stand in `POINTS`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.errors import InvalidInput

DOCUMENTED, EXAMPLE, SCHEMA, LIVE = "documented", "example", "schema", "live"


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
class Contract:
    """One reading of the vendor's documents; `name` is for people to read."""

    name: str
    patch_statuses: tuple[str, ...]
    patch_body: PatchBody
    patch_reply: tuple[str, ...]
    lead_events: LeadEvents
    event_types: tuple[str, ...]
    signatures: tuple[str, ...]
    retry_delays_seconds: tuple[int, ...]
    list_needs_campaign: bool
    list_statuses: tuple[str, ...]
    leads_per_post: int
    lead_fields: tuple[str, ...]
    lead_ids: str
    post_status_code: int
    validation_message: str

    def event_type(self, current_name: str) -> str:
        """What this contract calls the event that is called `current_name` today."""
        return self.event_types[words.EVENT_TYPES.index(current_name)]

    def own_event_type(self, name: str) -> str:
        """Its own name for an event that some contract calls `name`; an unknown name as it is."""
        current = next((new for new, old in words.LEGACY_EVENT_TYPES.items() if old == name), name)
        return self.event_type(current) if current in words.EVENT_TYPES else name


@dataclass(frozen=True, slots=True)
class Point:
    """One thing the documents disagree on (or leave open), and the readings to choose from.

    `readings` has one per named contract; `extras` are further ones, chosen only by name.
    """

    about: str
    source: str
    readings: Mapping[str, Any]
    extras: Mapping[str, Any]

    def choices(self) -> Mapping[str, Any]:
        """Every choice by name."""
        return {**self.readings, **self.extras}


def _point(
    about: str,
    source: str,
    *,
    documented: object,
    example: object = None,
    schema: object = None,
    live: object = None,
    extras: Mapping[str, object] | None = None,
) -> Point:
    """A reading that is left out is that of `documented`."""
    readings = {
        DOCUMENTED: documented,
        EXAMPLE: documented if example is None else example,
        SCHEMA: documented if schema is None else schema,
        LIVE: documented if live is None else live,
    }
    return Point(about, source, readings, extras or {})


_STATUS_EVENT = ("leadId", "campaignId", "linkedinUrl", "previousStatus", "newStatus")
_PAGE_REPLY = ("id", "linkedinUrl", "previousStatus", "status", "updatedAt")
_OPENAPI_REPLY = ("success", "leadId", "status", "message")
_LEAD = ("id", "linkedinUrl", "status", "firstName", "lastName", "title", "company", "campaignId")
_TIMES = ("createdAt", "updatedAt")
_LEGACY_NAMES = tuple(words.LEGACY_EVENT_TYPES.get(name, name) for name in words.EVENT_TYPES)

POINTS: Mapping[str, Point] = {
    "patch_statuses": _point(
        "statuses that PATCH takes",
        "(e) 1",
        documented=words.LEAD_STATUSES_WEBHOOK_PAGE,
        example=words.LEAD_STATUSES_PAGE_PROSE,
        schema=words.LEAD_STATUSES_OPENAPI_EARLIER,
        live=words.LEAD_STATUSES_OUTCOME,
    ),
    "patch_body": _point(
        "fields of the PATCH body",
        "(e) 2",
        documented=PatchBody(("status", "note"), ("status",)),
        example=PatchBody(("status",), ("status",)),
        live=PatchBody(("status", "customLeadStatus", "note"), ("status", "customLeadStatus")),
    ),
    "patch_reply": _point(
        "keys of the PATCH reply, in order",
        "(e) 3",
        documented=(*_PAGE_REPLY, "success", "leadId", "message"),
        example=_PAGE_REPLY,
        schema=_OPENAPI_REPLY,
        live=_OPENAPI_REPLY,
    ),
    "lead_events": _point(
        "data of the lead events",
        "(e) 4",
        documented=LeadEvents((*_STATUS_EVENT, "changedBy"), ()),
        live=LeadEvents(
            _STATUS_EVENT, ("leadId", "linkedinUrl", "previousTag", "newTag", "campaignId")
        ),
    ),
    "event_types": _point(
        "names of the twelve events",
        "(e) 4 and 5",
        documented=_LEGACY_NAMES,
        live=words.EVENT_TYPES,
    ),
    "signatures": _point(
        "signature schemes of a webhook request",
        "(e) 6",
        documented=("documented", "svix"),
        example=("documented",),
        live=("svix",),
        extras={"standardwebhooks": ("standardwebhooks",)},
    ),
    "retry_delays_seconds": _point(
        "seconds to wait before each further attempt",
        "(e) 7",
        documented=(5, 30, 120, 900, 3600),
        extras={"svix": (5, 300, 1800, 7200, 18000, 36000, 36000)},
    ),
    "list_needs_campaign": _point(
        "whether GET /v1/leads requires campaignId", "(e) 8", documented=False, live=True
    ),
    "list_statuses": _point(
        "statuses that GET /v1/leads filters by",
        "(e) 9",
        documented=words.LEAD_STATUSES_WEBHOOK_PAGE,
        example=words.LEAD_STATUSES_OPENAPI_EARLIER,
        schema=words.LEAD_STATUSES_OPENAPI_EARLIER,
        live=words.LEAD_STATUSES_OPENAPI_LATER,
    ),
    "leads_per_post": _point(
        "how many leads one POST /v1/leads takes", "(e) 10", documented=100, live=1000
    ),
    "lead_fields": _point(
        "keys of a lead, in order: with or without senderId",
        "(e) 15",
        documented=(*_LEAD, "senderId", *_TIMES),
        example=(*_LEAD, *_TIMES),
        schema=(*_LEAD, *_TIMES),
    ),
    "lead_ids": _point(
        "style of the ids of new leads: as the pages write them, or cuid as the service gives them",
        "(a) Casing, time, ids",
        documented="prefixed",
        live="cuid",
    ),
    "post_status_code": _point(
        "status of a successful POST; the documents list 200 and 201 without saying which",
        "(a) Success codes",
        documented=201,
        extras={"200": 200},
    ),
    "validation_message": _point(
        "`message` of a 400: with the detail, the vendor's two bare words, or a list of sentences",
        "(a) Error envelope",
        documented="detailed",
        extras={"bare": "bare", "list": "list"},
    ),
}


def _named(name: str) -> Contract:
    return Contract(name=name, **{key: point.readings[name] for key, point in POINTS.items()})


CONTRACTS: Mapping[str, Contract] = {
    name: _named(name) for name in (DOCUMENTED, EXAMPLE, SCHEMA, LIVE)
}


def named_contract(name: str, settings: Iterable[tuple[str, str]] = ()) -> Contract:
    """The contract of that name, with single points set to another choice.

    Args:
        name: `documented`, `example`, `schema` or `live`.
        settings: pairs of a point and the choice for it, such as `("patch_reply", "schema")`.

    Raises:
        InvalidInput: an unknown contract, point or choice; it says which are known.
    """
    contract = CONTRACTS.get(name)
    if contract is None:
        raise InvalidInput(_unknown("contract", name, CONTRACTS))
    for key, given in settings:
        choice = str(given)
        if key not in POINTS:
            raise InvalidInput(_unknown("contract point", key, POINTS))
        choices = POINTS[key].choices()
        if choice not in choices:
            raise InvalidInput(_unknown(f"choice for {key}", choice, choices))
        label = f"{contract.name}+{key}={choice}"
        # A point's name is the name of its field: `_named` above builds from the same keys.
        contract = replace(contract, name=label, **{key: choices[choice]})
    return contract


def _unknown(what: str, found: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(found, names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {found!r}; {guess}it must be one of: {', '.join(names)}"


if {field.name for field in fields(Contract)} - {"name"} != set(POINTS):  # pragma: no cover
    raise AssertionError("a contract's fields and POINTS must name the same things")
