"""Contracts are data, and say what is wrong with an option."""

import pytest

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import CONTRACTS, Contract, named_contract
from mock_sendpilot.contracts.options import OPTIONS, LimitFault, PatchBody
from mock_sendpilot.errors import InvalidInput

STRICT, OBSERVED, LIVE = CONTRACTS["strict"], CONTRACTS["observed"], CONTRACTS["live"]


def test_there_are_six() -> None:
    assert list(CONTRACTS) == ["documented", "example", "schema", "live", "strict", "observed"]


def values_apart_from_live(contract: Contract) -> dict[str, object]:
    """The options on which a contract is not as `live`."""
    found = {key: getattr(contract, key) for key in OPTIONS}
    return {key: value for key, value in found.items() if value != getattr(LIVE, key)}


def test_strict_takes_and_promises_the_least_that_any_source_does() -> None:
    assert values_apart_from_live(STRICT) == {
        "patch_statuses": (
            "OPPORTUNITY", "MEETING_BOOKED", "DONE", "UNSUBSCRIBED", "IRRELEVANT",
        ),
        "patch_body": PatchBody(("status",), ("status",)),
        "retry_delays_seconds": (5, 30, 120, 900),
        "list_statuses": (
            "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "REPLY_RECEIVED",
            "DONE",
        ),
        "leads_per_post": 100,
        "lead_fields": CONTRACTS["schema"].lead_fields,
        "validation_message": "bare",
        "campaign_item": CONTRACTS["example"].campaign_item,
        "participant_urls": "internal",
        "trailing_space": True,
        "conversations_limit_fault": LimitFault(50, is_of_account=False),
        "conversations_end_fault": True,
        "note_fault": True,
        "retry_after": False,
    }  # fmt: skip
    assert STRICT.list_needs_campaign


def test_observed_is_live_with_what_clients_saw_in_production() -> None:
    assert values_apart_from_live(OBSERVED) == {
        "participant_urls": "internal",
        "trailing_space": True,
        "conversations_limit_fault": LimitFault(100, is_of_account=True),
        "conversations_end_fault": True,
        "note_fault": True,
    }


@pytest.mark.parametrize("key", OPTIONS)
@pytest.mark.parametrize("name", CONTRACTS)
def test_a_point_can_be_set_to_the_reading_of_another_contract(key: str, name: str) -> None:
    contract = named_contract("documented", [(key, name)])
    assert getattr(contract, key) == getattr(CONTRACTS[name], key)
    assert contract.name == f"documented+{key}={name}"


@pytest.mark.parametrize("key", OPTIONS)
def test_a_point_leaves_the_others_alone(key: str) -> None:
    contract = named_contract("documented", [(key, "live")])
    others = set(OPTIONS) - {key}
    assert all(getattr(contract, o) == getattr(CONTRACTS["documented"], o) for o in others)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        pytest.param("life", [], "unknown contract 'life'; did you mean 'live'?", id="contract"),
        pytest.param(
            "live",
            [("patch_rely", "schema")],
            "unknown contract option 'patch_rely'; did you mean 'patch_reply'?",
            id="option",
        ),
        pytest.param(
            "live",
            [("signatures", "svixx")],
            "unknown value for signatures 'svixx'; it must be one of: documented, example, schema",
            id="value",
        ),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(
    name: str, settings: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        named_contract(name, settings)
    assert str(caught.value).startswith(message)


def test_each_contract_has_a_name_for_each_event() -> None:
    for contract in CONTRACTS.values():
        assert len(set(contract.event_types)) == len(words.EVENT_TYPES)


def test_the_older_contracts_use_the_older_names() -> None:
    assert CONTRACTS["documented"].event_type("reply.received") == "message.received"
    assert CONTRACTS["live"].event_type("reply.received") == "reply.received"
