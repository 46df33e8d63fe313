"""Contracts: what the vendor's contradicting documents each promise, as data.

A `Contract` has a value for every option on which the documents differ. Six contracts have names;
each option can also be set alone, to its value in another contract or to an extra value of its own.
Code reads the options; it never asks which contract it has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.options import (
    DOCUMENTED,
    EXAMPLE,
    LIVE,
    OBSERVED,
    OPTIONS,
    SCHEMA,
    STRICT,
    EventTexts,
    LeadEvents,
    LimitFault,
    PatchBody,
)
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class Contract:
    """A value for every contract option; `name` is for people to read.

    The fields are the options of `options.OPTIONS`, which says what each is about, by which source.
    """

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
        """Hash the name alone, which implies every value."""
        # Schemas are cached by contract, so each request needs the hash, and 36 fields take long.
        return hash(self.name)

    @property
    def plain(self) -> "Contract":
        """The contract itself; of one that is watched, the one that nobody watches."""
        return self

    @property
    def parts(self) -> tuple[str, dict[str, str]]:
        """The name of the contract, and the options that are set alone: see `named_contract`."""
        name, *options = self.name.split("+")
        return name, dict(option.split("=", 1) for option in options)

    def event_type(self, current_name: str) -> str:
        """Return the name in this contract of the event with that current name."""
        return self.event_types[words.EVENT_TYPES.index(current_name)]

    def own_event_type(self, name: str) -> str:
        """Return the name in this contract of an event that any contract calls `name`.

        An unknown name is returned as it is.
        """
        current = next((new for new, old in words.LEGACY_EVENT_TYPES.items() if old == name), name)
        return self.event_type(current) if current in words.EVENT_TYPES else name

    def own_event_types(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return event types by their names in this contract, without those it does not have."""
        own_names = map(self.own_event_type, names)
        return tuple(name for name in own_names if name in self.event_types)


CONTRACTS: Mapping[str, Contract] = {
    name: Contract(name=name, **{key: one.by_contract[name] for key, one in OPTIONS.items()})
    for name in (DOCUMENTED, EXAMPLE, SCHEMA, LIVE, STRICT, OBSERVED)
}


def named_contract(name: str, options: Iterable[tuple[str, str]] = ()) -> Contract:
    """Return the contract of that name, with single options set to other values.

    Args:
        name: `documented`, `example`, `schema`, `live`, `strict` or `observed`.
        options: pairs of an option and its value, such as `("patch_reply", "schema")`.

    Raises:
        InvalidInput: an unknown contract, option or value; the message lists the known ones.
    """
    contract = CONTRACTS.get(name)
    if contract is None:
        raise InvalidInput(_unknown("contract", name, CONTRACTS))
    for key, value in options:
        name_of_value = str(value)
        if key not in OPTIONS:
            raise InvalidInput(_unknown("contract option", key, OPTIONS))
        values = OPTIONS[key].values()
        if name_of_value not in values:
            raise InvalidInput(_unknown(f"value for {key}", name_of_value, values))
        label = f"{contract.name}+{key}={name_of_value}"
        # An option has the name of its field: the check below makes sure of that.
        contract = replace(contract, name=label, **{key: values[name_of_value]})
    return contract


def _unknown(what: str, found: str, known: Iterable[str]) -> str:
    names = list(known)
    guess = did_you_mean(found, names)
    return f"unknown {what} {found[:80]!r}; {guess}expected one of: {', '.join(names)}"


if {field.name for field in fields(Contract)} - {"name"} != set(OPTIONS):  # pragma: no cover
    raise AssertionError("a contract's fields and OPTIONS must name the same things")
