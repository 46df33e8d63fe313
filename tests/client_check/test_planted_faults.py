"""Clients with one mistake each: the check finds it."""

import pytest

from mock_sendpilot.client_check.checks import CHECKS
from mock_sendpilot.client_check.runs import Lab
from mock_sendpilot.client_check.sync import Limits
from mock_sendpilot.client_check.world import small_seed, state_of
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.testing.client_check import FunctionSync
from mock_sendpilot.verdicts.findings import Finding
from tests.client_check import clients as c

LIMITS = Limits(max_seconds=2.5, max_hang_seconds=0.8, retry_after_seconds=1)
MISTAKES = [
    (c.ReadsTheFirstPage, "all_pages", "failed"),
    (c.ReadsTwoPages, "all_pages", "failed"),
    (c.ReadsOneTokenPage, "all_pages", "failed"),
    (c.ReadsOnePageTooMany, "no_page_beyond_end", "warned"),
    (c.ForgetsTheToken, "no_page_beyond_end", "failed"),
    (c.MakesUpTokens, "continuation_token", "failed"),
    (c.IgnoresRetryAfter, "retry_after", "failed"),
    (c.TakesRetryAfterForMilliseconds, "retry_after", "failed"),
    (c.RequiresRetryAfter, "rate_limit", "warned"),
    (c.DoesNotRepeat, "short_outage", "warned"),
    (c.SwallowsFailures, "short_outage", "failed"),
    (c.ParsesBeforeItLooks, "html_error", "warned"),
    (c.DoesNotRepeatBrokenConnections, "connection_reset", "warned"),
    (c.DoesNotRepeatBrokenConnections, "truncated_body", "warned"),
    (c.NeverGivesUp, "gives_up", "failed"),
    (c.RepeatsTwentyTimes, "gives_up", "failed"),
    (c.RepeatsWithoutPause, "backs_off", "failed"),
    (c.PausesEquallyLong, "backs_off", "warned"),
    (c.HasNoTimeout, "timeout", "failed"),
    (c.SendsAgainWithoutALook, "lost_answer", "failed"),
    (c.SendsAgainAfterServerErrors, "error_after_effect", "failed"),
    (c.TakesEveryMessageForSent, "undone_post", "failed"),
    (c.RepeatsRefusedRequests, "refused_request", "failed"),
    (c.GoesOnWithoutAccess, "unauthorized", "failed"),
    (c.KnowsAllFields, "new_fields", "failed"),
    (c.KnowsAllStatuses, "unknown_values", "failed"),
    (c.NeedsNames, "null_names", "failed"),
]


def finding(client: type[c.Client], check_id: str) -> Finding:
    """Return what one check finds."""
    lab = Lab(FunctionSync(client.run), state_of(small_seed(named_contract("documented"))), LIMITS)
    (check,) = (one for one in CHECKS if one.id == check_id)
    return check.run(lab)


@pytest.mark.parametrize(
    ("client", "check_id", "outcome"),
    [pytest.param(*one, id=f"{one[0].__name__}-{one[1]}") for one in MISTAKES],
)
def test_each_mistake_is_found(client: type[c.Client], check_id: str, outcome: str) -> None:
    found = finding(client, check_id)

    assert found.outcome == outcome, found


def test_every_check_finds_a_mistake() -> None:
    assert {check.id for check in CHECKS} - {one[1] for one in MISTAKES} == {"completes"}
