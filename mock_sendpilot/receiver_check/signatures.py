"""Checks that a receiver accepts valid signatures: any scheme it verifies, raw bytes, rotation."""

import json
from dataclasses import replace

import orjson

from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED, Finding, worst
from mock_sendpilot.receiver_check.profile import Profile, SchemeSet, join_schemes
from mock_sendpilot.receiver_check.responses import expect_accepted
from mock_sendpilot.webhooks.disruption_kinds import FORGED_SECRET, altered_body
from mock_sendpilot.webhooks.signing import MULTI_SIGNATURE_SCHEMES

_UNVERIFIED = Finding(INCONCLUSIVE, "it accepts altered events, so any signature would do")


def verifies_scheme(profile: Profile, _client: TestClient) -> Finding:
    """Judge which signature schemes the receiver verifies."""
    if not profile.verifies_signatures:
        fix = "Verify every request before you do anything else with it."
        return Finding(FAILED, "none: it accepts unsigned and forged events", fix)
    names = " or ".join(map(join_schemes, profile.scheme_sets))
    are_needed = len(profile.scheme_sets[0]) > 1
    return Finding(PASSED, f"{names}, only if both are present" if are_needed else names)


def verifies_raw_body(profile: Profile, client: TestClient) -> Finding:
    """Send bodies that differ once they are parsed and serialized again."""
    findings = []
    for schemes in _verified(profile, client):
        request = client.request(profile.event_type, schemes=schemes)
        event = orjson.loads(request.body)
        event["data"]["linkedinUrl"] += "-grüße-你好-👋"
        escaped = json.dumps(event, separators=(",", ":")).encode()
        letters = client.expect_accepted(
            replace(request, body=orjson.dumps(event)), control=replace(request, body=escaped)
        )
        findings.append(letters.about(f"{join_schemes(schemes)}, letters beyond ASCII"))
        request = client.request(profile.event_type, schemes=schemes)
        body = request.body.replace(b'":', b'" : ', 3) + b"\n"
        spaces = client.expect_accepted(replace(request, body=body), control=request)
        findings.append(spaces.about(f"{join_schemes(schemes)}, extra whitespace"))
    return worst(findings) if findings else _UNVERIFIED


def accepts_first_signature(profile: Profile, client: TestClient) -> Finding:
    """Send two signatures, of which the receiver can verify the first."""
    return _accepts_one_of(profile, client, (client.target.secret, FORGED_SECRET))


def accepts_second_signature(profile: Profile, client: TestClient) -> Finding:
    """Send two signatures, of which the receiver can verify the second."""
    return _accepts_one_of(profile, client, (FORGED_SECRET, client.target.secret))


def _accepts_one_of(profile: Profile, client: TestClient, secrets: tuple[str, str]) -> Finding:
    if not any(MULTI_SIGNATURE_SCHEMES.issuperset(schemes) for schemes in profile.scheme_sets):
        return Finding(INCONCLUSIVE, "the documented header cannot carry two signatures")
    findings = []
    for schemes in _verified(profile, client):
        if MULTI_SIGNATURE_SCHEMES.issuperset(schemes):
            request = client.request(profile.event_type, schemes=schemes)
            response = client.send(replace(request, secrets=secrets))
            findings.append(expect_accepted(response).about(join_schemes(schemes)))
    return worst(findings) if findings else _UNVERIFIED


def _verified(profile: Profile, client: TestClient) -> list[SchemeSet]:
    """Return the schemes under which the receiver rejects an altered body.

    Under others it would accept any bytes, so that acceptance says nothing.
    """
    verified = []
    for schemes in profile.scheme_sets:
        request = client.request(profile.event_type, schemes=schemes)
        altered = replace(request, sent_body=altered_body(request.body))
        if not client.send(altered).is_accepted:
            verified.append(schemes)
    return verified
