"""Contracts: what the vendor's contradicting documents each promise, as data.

A `Contract` names every point on which the documents differ. Six are given names; each point can
also be set alone, to the reading of another contract or to one of its own extra choices.
Code reads the points; it never asks which contract it has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.options import (
    DOCUMENTED,
    EXAMPLE,
    LIVE,
    OBSERVED,
    POINTS,
    SCHEMA,
    STRICT,
    EventTexts,
    LeadEvents,
    LimitFault,
    PatchBody,
)
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.suggestions import did_you_mean


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
    event_texts: EventTexts
    campaign_list: tuple[str, str]
    campaign_statuses: tuple[str, ...]
    campaign_filters: tuple[str, ...]
    campaign_item: tuple[str, ...]
    campaign_detail: tuple[str, ...]
    repeat_action: str
    direct_send_moves_status: bool
    opening_message_id: str
    internal_recipients: str
    participant_urls: str
    event_urls: str
    trailing_space: bool
    conversations_limit_fault: LimitFault | None
    conversations_end_fault: bool
    note_fault: bool
    send_fault: bool
    retry_after: bool
    disable_on_410: bool
    disable_after_failing_days: bool
    honor_retry_after: bool

    def __hash__(self) -> int:
        """Of the name alone, which tells every point: it is asked for with every request."""
        return hash(self.name)

    def event_type(self, current_name: str) -> str:
        """What this contract calls the event that is called `current_name` today."""
        return self.event_types[words.EVENT_TYPES.index(current_name)]

    def own_event_type(self, name: str) -> str:
        """Its own name for an event that some contract calls `name`; an unknown name as it is."""
        current = next((new for new, old in words.LEGACY_EVENT_TYPES.items() if old == name), name)
        return self.event_type(current) if current in words.EVENT_TYPES else name


def _named(name: str) -> Contract:
    return Contract(name=name, **{key: point.readings[name] for key, point in POINTS.items()})


CONTRACTS: Mapping[str, Contract] = {
    name: _named(name) for name in (DOCUMENTED, EXAMPLE, SCHEMA, LIVE, STRICT, OBSERVED)
}


def named_contract(name: str, settings: Iterable[tuple[str, str]] = ()) -> Contract:
    """The contract of that name, with single points set to another choice.

    Args:
        name: `documented`, `example`, `schema`, `live`, `strict` or `observed`.
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
    guess = did_you_mean(found, names)
    return f"unknown {what} {found[:80]!r}; {guess}it must be one of: {', '.join(names)}"


if {field.name for field in fields(Contract)} - {"name"} != set(POINTS):  # pragma: no cover
    raise AssertionError("a contract's fields and POINTS must name the same things")
