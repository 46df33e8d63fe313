"""The checks, in order: what each finds out, why it matters, and how to do better."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.receiver_check import acknowledging, enduring, refusing, repeating
from mock_sendpilot.receiver_check.deliverer import event_names
from mock_sendpilot.receiver_check.findings import FAILED, WARNED, Finding
from mock_sendpilot.receiver_check.visit import Visit

EACH_EVENT = "event"
"""The ids of the checks of each event begin with it: `event:lead.updated`."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a receiver. `level` is what a miss counts as: `failed` or `warned`."""

    id: str
    title: str
    why: str
    fix: str
    run: Callable[[Visit], Finding]
    level: str = FAILED
    is_gate: bool = False
    """Without it, nothing that follows makes sense."""


_FORGERY = "Anybody who learns the URL could make your app believe what never happened."
_KNOWN_SCHEME = (
    "Verify the raw bytes with the package svix or standardwebhooks, or as the vendor documents "
    "it, and answer 401 to what does not pass."
)
_ANY_SIGNATURE = (
    "Take every signature of the header (they are apart by a blank) and accept if one is right."
)
_OTHERS_COME = (
    "The vendor adds and renames events and fields without notice, and retries what fails."
)

BEFORE_EVENTS = (
    Check(
        "acknowledges",
        "acknowledges a valid event",
        "What is not answered with a 2xx in time counts as failed: it is sent again, and given up "
        "after the last attempt. Redirects are not followed.",
        "Answer 2xx to every event with a valid signature, at this URL.",
        acknowledging.acknowledges,
        is_gate=True,
    ),
    Check(
        "scheme",
        "verifies a signature scheme",
        "A receiver that looks at no signature takes events from anybody.",
        _KNOWN_SCHEME,
        acknowledging.finds_scheme,
    ),
    Check(
        "missing_signature",
        "refuses a missing signature",
        _FORGERY,
        "Refuse what lacks the signature headers: no header must not mean no check.",
        refusing.refuses_unsigned,
    ),
    Check(
        "wrong_secret",
        "refuses a wrong secret",
        _FORGERY,
        _KNOWN_SCHEME,
        refusing.refuses_wrong_secret,
    ),
    Check(
        "altered_body",
        "refuses an altered body",
        "A signature is of every byte; whoever could alter one could alter what the event says.",
        "Compute the signature over the raw bytes of the body, and over all of them.",
        refusing.refuses_altered,
    ),
    Check(
        "raw_body",
        "verifies the bytes as they came",
        "A body that is parsed and written again has other bytes as soon as there is an umlaut, an "
        "emoji or a blank in it: the event is refused, and lost after the last attempt.",
        "Verify the body before it is parsed: request.get_data() in Flask, request.body in Django, "
        "express.raw() in Express.",
        acknowledging.verifies_raw_body,
    ),
    Check(
        "stale_timestamp",
        "refuses a signature of an hour ago",
        "Whoever has recorded a request could send it again for ever.",
        "Compare the signed time with your clock and refuse beyond a tolerance of five minutes; "
        "every attempt of the vendor's is signed afresh.",
        refusing.refuses_stale,
    ),
    Check(
        "future_timestamp",
        "refuses a signature of an hour ahead",
        "A time far ahead outlives every tolerance, and tells that a clock is wrong.",
        "Let the tolerance hold in both directions.",
        refusing.refuses_future,
        WARNED,
    ),
    Check(
        "malformed_signature",
        "refuses garbled or missing headers",
        "What strangers send must neither pass nor crash: anybody could set off your alarms.",
        "Want every header, catch whatever the verification raises, and answer 401.",
        refusing.refuses_garbled,
    ),
    Check(
        "idempotent",
        "acts once on the same eventId",
        "Deliveries are at least once: a slow answer is enough, and the same event comes again.",
        "Keep the eventIds that were done (with a unique constraint); answer 2xx to one that is "
        "there, and do nothing.",
        repeating.is_idempotent,
    ),
    Check(
        "concurrent_duplicate",
        "tolerates the same event twice at once",
        "An attempt that timed out may still be at work when the next one comes.",
        "Let a unique constraint on eventId decide, not a look-up before the work; answer 2xx to "
        "the one that came second.",
        repeating.stands_simultaneous,
    ),
    Check(
        "out_of_order",
        "tolerates events in another order",
        "Retries let older events come after newer ones; a refusal only makes them come again.",
        "Compare the event's timestamp with what you have, ignore what is older, and answer 2xx.",
        repeating.stands_reordering,
    ),
    Check(
        "unknown_event",
        "tolerates an unknown event type",
        _OTHERS_COME,
        "Answer 2xx to event types that you do not know, and log them.",
        enduring.stands_unknown_event,
    ),
    Check(
        "extra_fields",
        "tolerates fields that it does not know",
        _OTHERS_COME,
        "Ignore fields that you do not know; do not validate against a closed schema.",
        enduring.stands_extra_fields,
    ),
    Check(
        "missing_fields",
        "tolerates the absence of optional fields",
        "workspaceId, campaignId, sequenceStep and note have been seen missing.",
        "Read them with a default.",
        enduring.stands_missing_fields,
    ),
)

AFTER_EVENTS = (
    Check(
        "rotation_first",
        "accepts two signatures, the first valid",
        "For a day after a rotation each request is signed with both secrets.",
        _ANY_SIGNATURE,
        enduring.accepts_first_signature,
    ),
    Check(
        "rotation_second",
        "accepts two signatures, the second valid",
        "For a day after a rotation each request is signed with both secrets; the one that you "
        "have may be the second.",
        _ANY_SIGNATURE,
        enduring.accepts_second_signature,
    ),
    Check(
        "large_event",
        "takes an event of 1 MB",
        "The event of a search that is completed has all its leads in it.",
        "Raise the limit of the body for this route, in the app and in the proxy before it.",
        enduring.stands_large_event,
        WARNED,
    ),
    Check(
        "broken_connection",
        "survives a connection that breaks off",
        "Networks fail in the middle of a request; the next one must not suffer from it.",
        "See what a request that ends too soon leaves behind: an open transaction, a lock, a "
        "worker that is gone.",
        enduring.survives_broken_connection,
    ),
    Check(
        "latency",
        "answers promptly",
        "What is slow now is too slow under load, and then every event comes twice.",
        "Keep the event (a table, a queue), answer 2xx, and do the work afterwards.",
        acknowledging.is_prompt,
        WARNED,
    ),
)


def checks_under(contract: Contract) -> tuple[Check, ...]:
    """All checks under a contract, in order, with one for each of its events."""
    events = [_of_event(name, contract.event_type(name)) for name in event_names(contract)]
    return (*BEFORE_EVENTS, *events, *AFTER_EVENTS)


def _of_event(name: str, event_type: str) -> Check:
    return Check(
        f"{EACH_EVENT}:{event_type}",
        f"acknowledges {event_type}",
        "Whoever subscribes to all events gets this one; what is not acknowledged comes again and "
        "again.",
        "Answer 2xx to every event of the contract, also to those that you do nothing with and to "
        "those of leads that you do not know.",
        partial(acknowledging.acknowledges_each, name=name),
    )
