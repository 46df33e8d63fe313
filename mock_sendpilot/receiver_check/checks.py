"""The checks, in order: each with its title, the reason it matters, and the fix; and their run."""

from collections.abc import Callable
from contextlib import closing
from functools import partial

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check import acceptance, signatures
from mock_sendpilot.receiver_check.client import TestClient, event_types
from mock_sendpilot.receiver_check.profile import Profile, discover, join_schemes
from mock_sendpilot.receiver_check.report import ReceiverReport
from mock_sendpilot.receiver_check.target import ProbeFailed, Target
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.verdicts.check import Check
from mock_sendpilot.verdicts.findings import INCONCLUSIVE, WARNED, Finding
from mock_sendpilot.verdicts.report import Result
from mock_sendpilot.webhooks.http_sender import HttpSender

_MAX_HUNG_COUNT = 2  # each costs the whole timeout, and some fifty requests are to come


ReceiverCheck = Check[[Profile, TestClient]]
"""It sends requests to a receiver, and judges the responses."""

_FORGERY = "Anybody who learns the URL could send your app made-up events."
_VERIFY = (
    "Verify the raw body with the package svix or standardwebhooks, or as the vendor documents it, "
    "and answer 401 if that fails."
)
_TRY_EVERY_SIGNATURE = (
    "Try every signature in the header (separated by spaces), and accept if one is valid."
)
_CHANGES = "The vendor adds and renames events and fields without notice, and retries what fails."

BEFORE_EVENTS: tuple[ReceiverCheck, ...] = (
    Check(
        "acknowledges",
        "acknowledges a valid event",
        "An attempt without a 2xx in time counts as failed: it is retried, and the delivery is "
        "exhausted after the last attempt. Redirects are not followed.",
        "Answer 2xx to every event with a valid signature, at this URL.",
        acceptance.acknowledges,
    ),
    Check(
        "scheme",
        "verifies a signature scheme",
        "A receiver that verifies no signature accepts events from anybody.",
        _VERIFY,
        signatures.verifies_scheme,
    ),
    Check(
        "missing_signature",
        "rejects a missing signature",
        _FORGERY,
        "Reject requests without signature headers: a missing header must not skip the check.",
        signatures.rejects_missing_signature,
    ),
    Check(
        "wrong_secret",
        "rejects a wrong secret",
        _FORGERY,
        _VERIFY,
        signatures.rejects_wrong_secret,
    ),
    Check(
        "altered_body",
        "rejects an altered body",
        "A signature covers every byte; anybody who could alter one could alter the event.",
        "Compute the signature over the raw body, and over all of it.",
        signatures.rejects_altered_body,
    ),
    Check(
        "raw_body",
        "verifies the raw body",
        "A body that is parsed and serialized again has other bytes if it has an umlaut, an emoji "
        "or extra whitespace: the event is rejected, and lost after the last attempt.",
        "Verify the body before you parse it: request.get_data() in Flask, request.body in Django, "
        "express.raw() in Express.",
        signatures.verifies_raw_body,
    ),
    Check(
        "stale_timestamp",
        "rejects a signature from an hour ago",
        "Anybody who recorded a request could replay it forever.",
        "Compare the signed time with your clock, and reject beyond a tolerance of five minutes; "
        "every attempt of the vendor is signed afresh.",
        signatures.rejects_stale_timestamp,
    ),
    Check(
        "future_timestamp",
        "rejects a signature from an hour ahead",
        "A time far ahead outlasts every tolerance, and shows that a clock is wrong.",
        "Apply the tolerance in both directions.",
        signatures.rejects_future_timestamp,
        WARNED,
    ),
    Check(
        "malformed_signature",
        "rejects malformed or missing headers",
        "Requests from strangers must neither pass nor crash the app: anybody could set off your "
        "alarms.",
        "Require every header, catch whatever the verification raises, and answer 401.",
        signatures.rejects_malformed_signature,
    ),
    Check(
        "idempotent",
        "acts once on the same eventId",
        "Events are delivered at least once: after a slow response the same event comes again.",
        "Store the eventIds you have handled (with a unique constraint); answer 2xx to a known "
        "one, and do nothing.",
        acceptance.is_idempotent,
    ),
    Check(
        "concurrent_duplicate",
        "tolerates the same event twice at once",
        "An attempt that timed out may still be running when the next one arrives.",
        "Let a unique constraint on eventId decide, not a lookup before the work; answer 2xx to "
        "the second one.",
        acceptance.tolerates_concurrent_duplicate,
    ),
    Check(
        "out_of_order",
        "tolerates events out of order",
        "Retries deliver older events after newer ones; a rejected one only comes again.",
        "Compare the event's timestamp with what you have, ignore older events, and answer 2xx.",
        acceptance.tolerates_reordering,
    ),
    Check(
        "unknown_event",
        "tolerates an unknown event type",
        _CHANGES,
        "Answer 2xx to event types you do not know, and log them.",
        acceptance.tolerates_unknown_event,
    ),
    Check(
        "extra_fields",
        "tolerates unknown fields",
        _CHANGES,
        "Ignore fields you do not know; do not validate against a closed schema.",
        acceptance.tolerates_extra_fields,
    ),
    Check(
        "missing_fields",
        "tolerates missing optional fields",
        "Events without workspaceId, campaignId, sequenceStep or note have been observed.",
        "Read these fields with a default.",
        acceptance.tolerates_missing_fields,
    ),
)

# The last one comes last because a receiver may be broken after it.
AFTER_EVENTS: tuple[ReceiverCheck, ...] = (
    Check(
        "rotation_first",
        "accepts two signatures, the first valid",
        "For a day after a rotation each request is signed with both secrets.",
        _TRY_EVERY_SIGNATURE,
        signatures.accepts_first_signature,
    ),
    Check(
        "rotation_second",
        "accepts two signatures, the second valid",
        "For a day after a rotation each request is signed with both secrets; yours may be the "
        "second.",
        _TRY_EVERY_SIGNATURE,
        signatures.accepts_second_signature,
    ),
    Check(
        "large_event",
        "accepts an event of 1 MB",
        "The event of a completed search contains all its leads.",
        "Raise the body limit of this route, in the app and in the proxy in front of it.",
        acceptance.accepts_large_event,
        WARNED,
    ),
    Check(
        "latency",
        "responds quickly",
        "A slow response is slower under load, and then every event comes twice.",
        "Store the event (a table, a queue), answer 2xx, and do the work afterwards.",
        acceptance.responds_quickly,
        WARNED,
    ),
    Check(
        "broken_connection",
        "survives a broken connection",
        "Networks fail in the middle of a request; the next request must not suffer from it.",
        "Look for what an incomplete request leaves behind: an open transaction, a lock, a dead "
        "worker.",
        acceptance.survives_broken_connection,
    ),
)


def checks_for(contract: Contract) -> tuple[ReceiverCheck, ...]:
    """Return all checks under a contract, in order, with one for each of its events."""
    events = (
        Check(
            f"event:{contract.event_type(event_type)}",
            f"acknowledges {contract.event_type(event_type)}",
            "A subscription to all events includes this one; without a 2xx it comes again and "
            "again.",
            "Answer 2xx to every event of the contract, also to those you ignore and to those "
            "about leads you do not know.",
            partial(acceptance.acknowledges_event, event_type=event_type),
        )
        for event_type in event_types(contract)
    )
    return (*BEFORE_EVENTS, *events, *AFTER_EVENTS)


def run_checks(
    target: Target,
    *,
    on_result: Callable[[Result], None] = lambda _: None,
    clock: SystemClock | None = None,
) -> ReceiverReport:
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
            # The first check says why no valid event was acknowledged, so nothing stops it.
            obstacle = _obstacle(profile, client) if results else None
            finding = Finding(INCONCLUSIVE, obstacle) if obstacle else check.run(profile, client)
            ended = SystemClock.running_seconds()
            # That of the first check includes the discovery.
            seconds = ended - began
            result = check.result(finding, seconds=seconds, is_tried=obstacle is None)
            began = ended
            results.append(result)
            on_result(result)
    verified = profile.scheme_sets if profile.verifies_signatures else ()
    return ReceiverReport(
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
