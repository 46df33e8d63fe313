"""Checks that a receiver accepts events: valid ones, soon, unusual ones, and each of them once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.receiver_check.client import TestClient, event_types
from mock_sendpilot.receiver_check.effects import Effect, expect_one_effect
from mock_sendpilot.receiver_check.findings import expect_accepted
from mock_sendpilot.receiver_check.profile import USUAL_EVENT_TYPE, Profile, join_schemes
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, Finding, worst
from mock_sendpilot.webhooks.disruption_kinds import (
    with_extra_fields,
    with_unknown_type,
    without_optional_fields,
)
from mock_sendpilot.world.endpoint_settings import SIGNATURE_SCHEMES
from mock_sendpilot.world.events import SearchCompleted
from mock_sendpilot.world.samples import SAMPLE_SEARCH

_MINUTE = timedelta(minutes=1)
_TYPES_WITH_OPTIONAL_FIELDS = (words.MESSAGE_SENT, words.CONNECTION_REQUEST_SENT)
_LARGE_LEAD_COUNT = 2700  # 1 MB
_NOTICE_SECONDS = 0.05  # for the receiver to notice that the connection is closed


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
        if response.is_accepted:  # a rejection is quick, and not what is timed
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


def tolerates_reordering(profile: Profile, client: TestClient) -> Finding:
    """Send a newer event about a lead, and then an older one."""
    now = client.now()
    older = client.request(profile.event_type, occurred_at=now - _MINUTE)
    newer = client.request(profile.event_type, occurred_at=now)
    findings = [
        expect_accepted(client.send(newer)).about("the newer one"),
        expect_accepted(client.send(older)).about("the older one"),
    ]
    return worst(findings)


def tolerates_unknown_event(profile: Profile, client: TestClient) -> Finding:
    """Send an event of a type that no contract has."""
    return _tolerates(profile, client, with_unknown_type)


def tolerates_extra_fields(profile: Profile, client: TestClient) -> Finding:
    """Send an event with an extra field in its envelope, and one in its data."""
    return _tolerates(profile, client, with_extra_fields)


def _tolerates(profile: Profile, client: TestClient, change: Callable[[bytes], bytes]) -> Finding:
    request = client.request(profile.event_type)
    return expect_accepted(client.send(replace(request, body=change(request.body))))


def tolerates_missing_fields(profile: Profile, client: TestClient) -> Finding:
    """Send events without the fields that are sometimes missing."""
    findings = []
    for event_type in dict.fromkeys((profile.event_type, *_TYPES_WITH_OPTIONAL_FIELDS)):
        request = client.request(event_type)
        short = replace(request, body=without_optional_fields(request.body))
        finding = client.expect_accepted(short, control=client.request(event_type))
        findings.append(finding.about(client.target.contract.event_type(event_type)))
    return worst(findings)


def accepts_large_event(profile: Profile, client: TestClient) -> Finding:
    """Send a search that found many people, or a usual event with as many spaces."""
    (lead,) = SAMPLE_SEARCH.leads
    leads = tuple(replace(lead, id=f"ldb_{number}") for number in range(_LARGE_LEAD_COUNT))
    change = SearchCompleted(replace(SAMPLE_SEARCH, limit=_LARGE_LEAD_COUNT, leads=leads))
    request = client.request(words.SEARCH_COMPLETED, change=change)
    size = len(request.body)
    finding = client.expect_accepted(request, control=client.request(words.SEARCH_COMPLETED))
    if finding.outcome == INCONCLUSIVE:
        request = client.request(profile.event_type)
        finding = client.expect_accepted(
            replace(request, body=request.body + b" " * size),
            control=replace(request, body=request.body + b" "),
        )
    return finding.about(f"{size / 1_000_000:.1f} MB")


def survives_broken_connection(profile: Profile, client: TestClient) -> Finding:
    """Close a connection in the middle of a body, and send a valid event."""
    client.send(replace(client.request(profile.event_type), breaks_off=True))
    threading.Event().wait(_NOTICE_SECONDS)  # not time.sleep, which tests like to patch
    finding = expect_accepted(client.send(client.request(profile.event_type)))
    return finding.about("the event after it") if finding.outcome == FAILED else finding


def is_idempotent(profile: Profile, client: TestClient) -> Finding:
    """Send an event, and once it has had its effect, its duplicate and another event.

    Nobody can tell how long to wait for an effect that should not come. When the effect of the
    other event shows, that of the duplicate would show as well.
    """
    event_type = _event_type(profile)
    original, duplicate = client.attempts(client.request(event_type))
    finding = expect_one_effect(
        client, profile.effect, lambda: expect_accepted(client.send(original))
    )
    if finding.outcome == FAILED:
        return finding

    def send() -> Finding:
        again = expect_accepted(client.send(duplicate)).about("the second time")
        other = expect_accepted(client.send(client.request(event_type))).about("another event")
        return worst([again, other])

    return expect_one_effect(client, profile.effect, send)


def tolerates_concurrent_duplicate(profile: Profile, client: TestClient) -> Finding:
    """Send an event and its duplicate at the same time."""

    def send() -> Finding:
        attempts = client.attempts(client.request(_event_type(profile)))
        one, other = map(expect_accepted, client.send_together(attempts))
        return worst([one.about("one"), other.about("the other")])

    return expect_one_effect(client, profile.effect, send)


def _event_type(profile: Profile) -> str:
    effect = profile.effect
    return effect.event_type if isinstance(effect, Effect) else profile.event_type
