"""Responses: their findings, and the fixes for them."""

from datetime import datetime, timezone

import pytest

from mock_sendpilot.receiver_check.findings import (
    ReceiverResponse,
    expect_accepted,
    expect_rejected,
)
from mock_sendpilot.verdicts.findings import Finding, Outcome, worst
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.http_sender import SendResult

NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)


def response(
    status: int | None, *, error: str | None = None, seconds: float = 0.01
) -> ReceiverResponse:
    """Return a response, or an error, of a receiver with a timeout of a second."""
    received = None
    if status is not None:
        received = Response(status_code=status, headers={}, body=b"", is_truncated=False)
    result = SendResult(
        sent_at=NOW, duration_seconds=seconds, headers={}, response=received, error=error
    )
    return ReceiverResponse(result, timeout_seconds=1.0)


@pytest.mark.parametrize(
    ("received", "outcome", "fix"),
    [
        pytest.param(response(200), "passed", None, id="2xx"),
        pytest.param(response(500), "failed", None, id="5xx"),
        pytest.param(response(302), "failed", "redirects are not followed", id="redirect"),
        pytest.param(response(429), "failed", "Do not limit the rate", id="rate limit"),
        pytest.param(
            response(None, error="certificate verify failed: self-signed certificate"),
            "failed",
            "set REQUESTS_CA_BUNDLE",
            id="certificate",
        ),
        pytest.param(
            response(None, error="Connection reset by peer"),
            "failed",
            "keeps connections open",
            id="reset",
        ),
        pytest.param(
            response(None, error="no response within 1 s", seconds=1.0),
            "failed",
            "Respond first and work afterwards",
            id="hung",
        ),
    ],
)
def test_only_a_2xx_accepts(received: ReceiverResponse, outcome: str, fix: str | None) -> None:
    finding = expect_accepted(received)

    assert finding.outcome == outcome
    assert finding.fix is None if fix is None else fix in str(finding.fix)


@pytest.mark.parametrize(
    ("received", "outcome"),
    [
        pytest.param(response(204), "failed", id="2xx"),
        pytest.param(response(400), "passed", id="400"),
        pytest.param(response(401), "passed", id="401"),
        pytest.param(response(429), "inconclusive", id="rate limit"),
        pytest.param(response(302), "warned", id="redirect"),
        pytest.param(response(500), "warned", id="5xx"),
        pytest.param(response(None, error="Connection reset by peer"), "warned", id="reset"),
    ],
)
def test_only_a_4xx_rejects(received: ReceiverResponse, outcome: str) -> None:
    assert expect_rejected(received).outcome == outcome


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param(("passed", "warned", "failed", "inconclusive"), "failed", id="failed"),
        pytest.param(("passed", "warned"), "warned", id="warned"),
        pytest.param(("passed", "inconclusive"), "inconclusive", id="inconclusive"),
    ],
)
def test_the_worst_of_several_findings_counts(
    outcomes: tuple[Outcome, ...], expected: Outcome
) -> None:
    assert worst([Finding(outcome, outcome) for outcome in outcomes]).outcome == expected
