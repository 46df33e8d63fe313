"""The keys that the `data` of events has, so that a misspelt one is refused and not waited for."""

from collections.abc import Iterable
from datetime import datetime, timezone

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.endpoints import check_endpoint
from mock_sendpilot.webhooks.payloads import change_data
from mock_sendpilot.world.samples import sample_change

_ANY_TIME = datetime(2026, 6, 1, tzinfo=timezone.utc)
_LIKELY = {"timeout_seconds": "timeout", "event": "event_type", "events": "event_type"}
"""What people write for an option of the pytest fixture."""


def data_keys(contract: Contract, event_type: str | None = None) -> list[str]:
    """The keys that events of this type, or of any, may have under a contract."""
    names = zip(contract.event_types, words.EVENT_TYPES, strict=True)
    changes = [sample_change(name, _ANY_TIME) for own, name in names if event_type in {None, own}]
    return list(dict.fromkeys(k for one in changes for k in change_data(one, _ANY_TIME, contract)))


def check_pattern(
    contract: Contract, pattern: EventPattern, *, options: Iterable[str] = ()
) -> None:
    """Refuse a pattern that no event of the contract can ever fit.

    Args:
        contract: whose events.
        pattern: its keys are the vendor's, or the same in snake case.
        options: what else can be named beside the keys, for those who misspelt one of these.

    Raises:
        InvalidInput: an unknown event type, or a key that its data never has.
    """
    if pattern.event_type is not None:
        check_is_sent(contract, pattern.event_type)
    known = data_keys(contract, pattern.event_type) if pattern.values else []
    unknown = [key for key in pattern.values if camel_case(key) not in known]
    check_keys(pattern.event_type, unknown, known, options=options)


def check_is_sent(contract: Contract, event_type: str) -> None:
    """Insist on an event that is sent under a contract, by its name there.

    Raises:
        InvalidInput: there is no such event, or only under other contracts.
    """
    check_endpoint(contract, event_types=[event_type])
    is_of_tags = event_type == contract.event_type(words.LEAD_TAG_UPDATED)
    if is_of_tags and not contract.lead_events.tag_fields:
        raise InvalidInput(
            f"contract {contract.name!r} does not send {event_type!r}; live does, and any other "
            "with lead_events=live (start --contract-set)"
        )


def check_keys(
    event_type: str | None,
    given: Iterable[str],
    known: list[str],
    *,
    options: Iterable[str] = (),
    where: str = "",
) -> None:
    """Refuse a key that is not known, and name the nearest.

    Raises:
        InvalidInput: it names the keys there are.
    """
    for key in given:
        if key in known:
            continue
        likely = [*options, *known]
        meant = _LIKELY.get(key, key)
        guess = did_you_mean(meant if meant in likely else key, likely)
        raise InvalidInput(
            f"{where}data of {event_type or 'events'} has no key {key[:80]!r}; {guess}"
            f"it has: {', '.join(known)}"
        )
