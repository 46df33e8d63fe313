"""Running the checks of a receiver, in order, for as long as it responds."""

from collections.abc import Callable
from contextlib import closing

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.checks import checks_for
from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.findings import INCONCLUSIVE, Finding
from mock_sendpilot.receiver_check.profile import Profile, discover, join_schemes
from mock_sendpilot.receiver_check.report import Report, Result
from mock_sendpilot.receiver_check.target import ProbeFailed, Target
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.http_sender import HttpSender

_MAX_HUNG_COUNT = 2


def run_checks(
    target: Target,
    *,
    on_result: Callable[[Result], None] = lambda _: None,
    clock: SystemClock | None = None,
) -> Report:
    """Check a receiver.

    Args:
        target: the receiver.
        on_result: receives each result as soon as it is known.
        clock: the clock the receiver compares signatures with; by default real time.

    Raises:
        InvalidInput: the probe returns no count; no event was sent.
    """
    timeout = target.timeout_seconds
    with closing(HttpSender(timeout_seconds=timeout, wall_clock=clock)) as http_sender:
        client = TestClient(target, http_sender)
        began = SystemClock.running_seconds()
        try:
            profile = discover(client)
        except ProbeFailed as error:
            raise InvalidInput(f"{error}; no event was sent") from error
        results: list[Result] = []
        for check in checks_for(target.contract):
            obstacle = _obstacle(profile, client) if results else None
            finding = Finding(INCONCLUSIVE, obstacle) if obstacle else check.run(profile, client)
            finding = finding.with_severity(check.severity)
            ended = SystemClock.running_seconds()
            result = Result(
                id=check.id,
                title=check.title,
                outcome=finding.outcome,
                observed=finding.observed,
                why=check.why,
                fix=finding.fix or check.fix,
                duration_seconds=ended - began,  # of the first check, with the discovery
                is_tried=obstacle is None,
            )
            began = ended
            results.append(result)
            on_result(result)
    verified = profile.scheme_sets if profile.verifies_signatures else ()
    return Report(
        url=target.url,
        contract=target.contract.name,
        schemes=tuple(map(join_schemes, verified)),
        results=tuple(results),
    )


def _obstacle(profile: Profile, client: TestClient) -> str | None:
    """Return the reason to try no more checks, or None."""
    if not profile.acknowledges:
        return "not tried, since no valid event was acknowledged"
    if client.hung_count >= _MAX_HUNG_COUNT:
        limit = client.target.timeout_seconds
        return f"not tried, since two requests had no complete response within {limit:g} s"
    return None
