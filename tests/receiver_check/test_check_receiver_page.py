"""The page on check-receiver names every check, with why it matters and how to fix it."""

import re
from pathlib import Path

import pytest

from mock_sendpilot.cli.check_receiver import check_receiver
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.receiver_check.checks import (
    AFTER_EVENTS,
    BEFORE_EVENTS,
    ReceiverCheck,
    checks_for,
)

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "check-receiver.md").read_text(
    encoding="utf-8"
)
OF_EVENTS = next(c for c in checks_for(named_contract("live")) if c.id.startswith("event:"))


def row(check: ReceiverCheck) -> str:
    """A check as a row of the table."""
    level = " (warning)" if check.severity == "warned" else ""
    return f"| `{check.id}` | {check.title}{level} | {check.why} | {check.fix} |"


@pytest.mark.parametrize("check", [*BEFORE_EVENTS, *AFTER_EVENTS], ids=lambda check: check.id)
def test_each_check_has_its_row(check: ReceiverCheck) -> None:
    assert row(check) in PAGE


def test_the_checks_of_each_event_share_a_row() -> None:
    expected = row(OF_EVENTS).replace("message.sent", "…")
    assert expected in PAGE


def test_the_rows_are_in_the_order_of_the_checks() -> None:
    listed = re.findall(r"^\| `(\w+(?::…)?)` \|", PAGE, flags=re.MULTILINE)
    before, after = ([check.id for check in part] for part in (BEFORE_EVENTS, AFTER_EVENTS))
    assert listed == [*before, "event:…", *after]


def test_each_option_of_the_command_is_named() -> None:
    options = [option for parameter in check_receiver.params for option in parameter.opts]
    assert [one for one in options if one.startswith("--") and f"`{one}" not in PAGE] == []
