"""A contract that tells which of its options are read."""

from dataclasses import fields

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS, Contract, named_contract
from mock_sendpilot.contracts.options import OPTIONS
from mock_sendpilot.contracts.watched import watched

LIVE = CONTRACTS["live"]


def test_an_option_that_is_read_is_told_once() -> None:
    read: list[str] = []
    contract = watched(LIVE, read.append)
    assert contract.note_fault is contract.note_fault is LIVE.note_fault
    assert read == ["note_fault"]


def test_every_option_but_the_names_of_events_is_told() -> None:
    read: list[str] = []
    contract = watched(LIVE, read.append)
    values = [getattr(contract, field.name) for field in fields(Contract)]
    assert values == [getattr(LIVE, field.name) for field in fields(Contract)]
    assert set(read) == set(OPTIONS) - {"event_types"}


@pytest.mark.parametrize("other", [LIVE, watched(LIVE, print)], ids=["plain", "watched"])
def test_a_watched_contract_equals_the_one_it_watches(other: Contract) -> None:
    read: list[str] = []
    contract = watched(LIVE, read.append)
    assert contract == other
    assert other == contract
    assert hash(contract) == hash(other)
    assert contract != named_contract("live", [("note_fault", "on")])
    assert contract != "live"
    assert read == []


def test_the_plain_contract_of_a_watched_one_is_not_watched() -> None:
    read: list[str] = []
    contract = watched(watched(LIVE, read.append), read.append)
    assert contract.plain is LIVE
    assert LIVE.plain is LIVE
    assert contract.plain.note_fault is False
    assert read == []
