"""Checks that a receiver accepts valid signatures, and rejects forged and outdated requests."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import orjson

from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.findings import expect_accepted, expect_rejected
from mock_sendpilot.receiver_check.profile import Profile, SchemeSet, join_schemes
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, Finding, worst
from mock_sendpilot.webhooks.disruption_kinds import FORGED_SECRET, altered_body
from mock_sendpilot.webhooks.signing import MULTI_SIGNATURE_SCHEMES, OutgoingRequest, SignedRequest

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
        # The control has the same letters in ASCII, as \u escapes: a receiver that accepts it has
        # no trouble with this event itself.
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


Forge = Callable[[OutgoingRequest], OutgoingRequest | SignedRequest]
_HOUR = timedelta(hours=1)
_GARBAGE = "garbage"


def rejects_missing_signature(profile: Profile, client: TestClient) -> Finding:
    """Judge the response to an event without signature headers."""
    response = profile.unsigned_response
    return expect_rejected(response or client.send(client.request(profile.event_type, schemes=())))


def rejects_wrong_secret(profile: Profile, client: TestClient) -> Finding:
    """Send an event signed with another secret."""
    return _rejects(profile, client, lambda request: replace(request, secrets=(FORGED_SECRET,)))


def rejects_altered_body(profile: Profile, client: TestClient) -> Finding:
    """Send events that were altered after signing: another lead, and an extra space."""

    def add_letter(request: OutgoingRequest) -> OutgoingRequest:
        return replace(request, sent_body=altered_body(request.body))

    def add_space(request: OutgoingRequest) -> OutgoingRequest:
        return replace(request, sent_body=request.body.replace(b":", b": ", 1))

    letter = _rejects(profile, client, add_letter, "an extra letter")
    return worst([letter, _rejects(profile, client, add_space, "an extra space")])


def rejects_stale_timestamp(profile: Profile, client: TestClient) -> Finding:
    """Send an event signed an hour ago."""
    return _rejects(profile, client, lambda one: replace(one, signed_at=one.signed_at - _HOUR))


def rejects_future_timestamp(profile: Profile, client: TestClient) -> Finding:
    """Send an event signed an hour ahead."""
    return _rejects(profile, client, lambda one: replace(one, signed_at=one.signed_at + _HOUR))


def rejects_malformed_signature(profile: Profile, client: TestClient) -> Finding:
    """Send events with one signature header malformed or missing."""
    findings = []
    for schemes in profile.scheme_sets:
        signed = client.request(profile.event_type, schemes=schemes)
        # The headers of the signature are those that an unsigned request lacks.
        unsigned_headers = replace(signed, schemes=()).headers()
        for header in filter(lambda name: name not in unsigned_headers, signed.headers()):
            for case, change in _malformations(header, schemes):
                forge = partial(_with_header, header=header, change=change)
                findings.append(_rejects_under(schemes, profile, client, forge, case))
    return worst(findings)


def _with_header(
    request: OutgoingRequest, *, header: str, change: Callable[[str], str | None]
) -> SignedRequest:
    """Return the signed request with one header changed, or without it if `change` returns None."""
    signed = request.signed()
    headers = dict(signed.headers)
    value = change(headers.pop(header))
    return replace(signed, headers=headers if value is None else {**headers, header: value})


def _malformations(
    header: str, schemes: SchemeSet
) -> Iterator[tuple[str, Callable[[str], str | None]]]:
    """Yield ways to malform a signature header, each with its name."""
    yield f"garbage in {header}", lambda _: _GARBAGE
    if schemes != ("documented",):  # without its only header nothing is signed
        yield f"without {header}", lambda _: None
    if header == "Webhook-Signature":
        yield "garbage for the time", lambda value: f"t={_GARBAGE},{value.partition(',')[2]}"
        yield "a time and no signature", lambda value: value.partition(",")[0]


def _rejects(profile: Profile, client: TestClient, forge: Forge, case: str = "") -> Finding:
    """Send the same forgery under each set of schemes that the receiver verifies."""
    return worst([_rejects_under(one, profile, client, forge, case) for one in profile.scheme_sets])


def _rejects_under(
    schemes: SchemeSet, profile: Profile, client: TestClient, forge: Forge, case: str
) -> Finding:
    request = client.request(profile.event_type, schemes=schemes)
    finding = expect_rejected(client.send(forge(request)))
    return finding.about(f"{join_schemes(schemes)}, {case}" if case else join_schemes(schemes))
