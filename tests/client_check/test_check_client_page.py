"""The page on check-client names every check, with why it matters and how to fix it."""

import re
from pathlib import Path

import pytest

from mock_sendpilot.cli.check_client import check_client
from mock_sendpilot.client_check.checks import CHECKS, ClientCheck
from tests.client_check.test_planted_faults import MISTAKES
from tests.client_check.test_right_clients import RIGHT

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "check-client.md").read_text(
    encoding="utf-8"
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_each_check_has_its_row(check: ClientCheck) -> None:
    assert f"| `{check.id}` | {check.title} | {check.why} | {check.fix} |" in PAGE


def test_the_rows_are_in_the_order_of_the_checks() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)
    assert listed == [check.id for check in CHECKS]


def test_each_option_of_the_command_is_named() -> None:
    options = [option for parameter in check_client.params for option in parameter.opts]
    assert [one for one in options if one.startswith("--") and f"`{one}" not in PAGE] == []


def test_the_numbers_of_planted_mistakes_and_right_clients_are_those_of_the_tests() -> None:
    mistakes = len({client for client, *_ in MISTAKES})

    assert f"{mistakes} clients with one mistake each" in PAGE
    assert (len(RIGHT), "Five correct clients" in PAGE) == (5, True)
