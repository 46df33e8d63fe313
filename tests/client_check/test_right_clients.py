"""Clients that do everything right: the check accuses none of them."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot.client_check.checks import run_checks
from mock_sendpilot.client_check.sync import Limits
from mock_sendpilot.client_check.world import for_checks, small_seed, state_of
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.testing.client_check import FunctionSync
from tests.client_check import clients, right_clients

LIMITS = Limits(max_seconds=10, max_hang_seconds=2.5, retry_after_seconds=1)


RIGHT = [
    pytest.param(clients.Client.run, [], id="requests"),
    pytest.param(clients.LooksBeforeItSends.run, [], id="looks before it sends"),
    pytest.param(
        right_clients.with_urllib3_retries,
        ["continuation_token", "lost_answer", "error_after_effect"],
        id="urllib3 retries",
    ),
    pytest.param(
        right_clients.concurrently,
        ["lost_answer", "error_after_effect", "undone_post", "null_names"],
        id="concurrent",
    ),
    pytest.param(
        right_clients.through_the_vendors_url,
        [
            *("all_pages", "no_page_beyond_end", "continuation_token"),
            *("lost_answer", "error_after_effect", "undone_post"),
        ],
        id="the vendor's URL",
    ),
]


@pytest.mark.parametrize(("sync", "inconclusive"), RIGHT)
def test_a_right_client_is_not_accused(sync: Callable[..., Any], inconclusive: list[str]) -> None:
    state = for_checks(state_of(small_seed(named_contract("live"))).world, right_clients.API_KEY)
    report = run_checks(FunctionSync(sync), state, limits=LIMITS)

    assert report.passed, str(report)
    assert not report.warned, str(report)
    found = [result.id for result in report.with_outcome("inconclusive")]
    assert found == inconclusive, str(report)
