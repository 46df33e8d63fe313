"""The named contracts, and single options set to other values."""

import pytest

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import CONTRACTS, Contract, named_contract
from mock_sendpilot.contracts.options import OPTIONS, LimitFault, PatchBody
from mock_sendpilot.errors import InvalidInput

STRICT, OBSERVED, LIVE = CONTRACTS["strict"], CONTRACTS["observed"], CONTRACTS["live"]


def test_six_contracts_have_names() -> None:
    assert list(CONTRACTS) == ["documented", "example", "schema", "live", "strict", "observed"]


def values_apart_from_live(contract: Contract) -> dict[str, object]:
    """Return the options whose values differ from those of `live`."""
    values = {key: getattr(contract, key) for key in OPTIONS}
    return {key: value for key, value in values.items() if value != getattr(LIVE, key)}


def test_strict_accepts_and_promises_the_least_of_all_sources() -> None:
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
        "conversations_limit_fault": LimitFault(50, needs_account=False),
        "conversations_end_fault": True,
        "note_fault": True,
        "retry_after": False,
    }  # fmt: skip
    assert STRICT.list_needs_campaign


def test_observed_is_live_with_the_quirks_of_production() -> None:
    assert values_apart_from_live(OBSERVED) == {
        "participant_urls": "internal",
        "trailing_space": True,
        "conversations_limit_fault": LimitFault(100, needs_account=True),
        "conversations_end_fault": True,
        "note_fault": True,
    }


@pytest.mark.parametrize("key", OPTIONS)
@pytest.mark.parametrize("name", CONTRACTS)
def test_an_option_can_have_its_value_in_another_contract(key: str, name: str) -> None:
    contract = named_contract("documented", [(key, name)])
    assert getattr(contract, key) == getattr(CONTRACTS[name], key)
    assert contract.name == f"documented+{key}={name}"


@pytest.mark.parametrize("key", OPTIONS)
def test_an_option_leaves_the_others_alone(key: str) -> None:
    contract = named_contract("documented", [(key, "live")])
    others = set(OPTIONS) - {key}
    assert all(getattr(contract, o) == getattr(CONTRACTS["documented"], o) for o in others)


@pytest.mark.parametrize(
    ("name", "options", "message"),
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
            "unknown value for signatures 'svixx'; expected one of: documented, example, schema",
            id="value",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_a_list_of_known_ones(
    name: str, options: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        named_contract(name, options)
    assert str(caught.value).startswith(message)


def test_each_contract_has_a_name_for_each_event() -> None:
    for contract in CONTRACTS.values():
        assert len(set(contract.event_types)) == len(words.EVENT_TYPES)


def test_older_contracts_use_the_older_names() -> None:
    assert CONTRACTS["documented"].event_type("reply.received") == "message.received"
    assert CONTRACTS["live"].event_type("reply.received") == "reply.received"
