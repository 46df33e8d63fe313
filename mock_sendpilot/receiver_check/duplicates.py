"""Checks that a receiver handles each event once, even if it arrives twice."""

from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.effects import Effect, expect_one_effect
from mock_sendpilot.receiver_check.findings import FAILED, Finding, worst
from mock_sendpilot.receiver_check.profile import Profile
from mock_sendpilot.receiver_check.responses import expect_accepted


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
