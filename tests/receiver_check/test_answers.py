"""Answers: what is said of them, and what is to be done."""

from datetime import datetime, timezone

import pytest

from mock_sendpilot.receiver_check.answers import Answer, acceptance, refusal
from mock_sendpilot.receiver_check.findings import Finding, gravest
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.http_sender import SendResult

NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)


def answered(status: int | None, *, error: str | None = None, took: float = 0.01) -> Answer:
    """An answer, or none, of a receiver that has a second."""
    response = None
    if status is not None:
        response = Response(status_code=status, headers={}, body=b"", is_truncated=False)
    result = SendResult(
        sent_at=NOW, duration_seconds=took, headers={}, response=response, error=error
    )
    return Answer(result, timeout_seconds=1.0)


@pytest.mark.parametrize(
    ("answer", "outcome", "fix"),
    [
        pytest.param(answered(200), "passed", None, id="2xx"),
        pytest.param(answered(500), "failed", None, id="5xx"),
        pytest.param(answered(302), "failed", "redirects are not followed", id="redirect"),
        pytest.param(answered(429), "failed", "Do not limit the rate", id="rate limit"),
        pytest.param(
            answered(None, error="certificate verify failed: self-signed certificate"),
            "failed",
            "set REQUESTS_CA_BUNDLE",
            id="certificate",
        ),
        pytest.param(
            answered(None, error="Connection reset by peer"),
            "failed",
            "does not close connections",
            id="reset",
        ),
        pytest.param(
            answered(None, error="no response within 1 s", took=1.0),
            "failed",
            "Answer first and work afterwards",
            id="hung",
        ),
    ],
)
def test_only_a_2xx_accepts(answer: Answer, outcome: str, fix: str | None) -> None:
    finding = acceptance(answer)

    assert finding.outcome == outcome
    assert finding.fix is None if fix is None else fix in str(finding.fix)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(answered(204), "failed", id="2xx"),
        pytest.param(answered(400), "passed", id="400"),
        pytest.param(answered(401), "passed", id="401"),
        pytest.param(answered(429), "inconclusive", id="rate limit"),
        pytest.param(answered(302), "warned", id="redirect"),
        pytest.param(answered(500), "warned", id="5xx"),
        pytest.param(answered(None, error="Connection reset by peer"), "warned", id="reset"),
    ],
)
def test_only_a_4xx_refuses(answer: Answer, outcome: str) -> None:
    assert refusal(answer).outcome == outcome


def test_the_gravest_of_several_findings_counts() -> None:
    found = [
        Finding(outcome, outcome) for outcome in ("passed", "warned", "failed", "inconclusive")
    ]

    assert gravest(found).outcome == "failed"
    assert gravest(found[:2]).outcome == "warned"
    assert gravest([found[0], found[3]]).outcome == "inconclusive"
