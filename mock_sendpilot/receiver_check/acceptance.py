"""Checks that a receiver accepts valid events, and soon."""

from dataclasses import replace

from mock_sendpilot.receiver_check.client import TestClient, event_types
from mock_sendpilot.receiver_check.findings import (
    FAILED,
    INCONCLUSIVE,
    PASSED,
    Finding,
    expect_accepted,
)
from mock_sendpilot.receiver_check.profile import USUAL_EVENT_TYPE, Profile, join_schemes
from mock_sendpilot.world.endpoint_settings import SIGNATURE_SCHEMES


def acknowledges(profile: Profile, client: TestClient) -> Finding:
    """Judge the response to the first valid event, signed under all schemes of the contract."""
    finding = expect_accepted(profile.response)
    if finding.outcome == PASSED and profile.event_type != USUAL_EVENT_TYPE:
        return finding.about(client.target.contract.event_type(profile.event_type))
    if finding.outcome == PASSED or finding.fix:
        return finding
    if profile.response.has_no_route:
        fix = f"Check that {client.target.url} is the route and takes POST."
        return replace(finding, fix=fix)
    sent = client.target.candidate_schemes
    for scheme in SIGNATURE_SCHEMES:
        request = client.request(profile.event_type, schemes=(scheme,))
        if scheme not in sent and client.send(request).is_accepted:
            fix = (
                f"It verifies {scheme}, but {join_schemes(sent)} was sent. Check it with --scheme "
                f"{scheme} (or another contract), or have it verify {join_schemes(sent)}."
            )
            return replace(finding, fix=fix)
    fix = (
        "Read its log; check that it has the same secret, including whsec_, verifies the raw body, "
        f"and verifies {join_schemes(sent)}."
    )
    return replace(finding, fix=fix)


def acknowledges_event(_profile: Profile, client: TestClient, *, event_type: str) -> Finding:
    """Send an event of that type."""
    return expect_accepted(client.send(client.request(event_type)))


def responds_quickly(profile: Profile, client: TestClient) -> Finding:
    """Send an event of each type, and time the responses that accept it.

    The first event of all may have woken up the receiver: it may take longer.
    """
    limit = client.target.max_latency_seconds
    contract = client.target.contract
    seconds = {}
    for event_type in event_types(contract):
        response = client.send(client.request(event_type))
        if response.is_accepted:
            seconds[contract.event_type(event_type)] = response.seconds
    if not seconds:
        return Finding(INCONCLUSIVE, "no event was accepted any more")
    slowest = max(seconds, key=seconds.__getitem__)
    slow_count = sum(one > limit for one in seconds.values())
    if slow_count:
        return Finding(
            FAILED,
            f"{slowest} in {_duration(seconds[slowest])}; {slow_count} of {len(seconds)} responses "
            f"in more than {limit:g} s",
        )
    longest = _duration(seconds[slowest])
    if profile.response.seconds > limit:
        first = _duration(profile.response.seconds)
        return Finding(PASSED, f"the first in {first}, the others in {longest} at most")
    return Finding(PASSED, f"in {longest} at most")


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2g} s"
