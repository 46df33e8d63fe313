"""The kinds of disruptions, and the alterations that each makes to the request of an attempt.

A vendor disrupts nothing on purpose: networks, proxies and people do. `duplicate`, `reorder`,
`delay` and `drop` concern a delivery as a whole, so the outbox and the runner apply them.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import timedelta
from typing import Any

import orjson

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.deliveries import AppliedDisruption
from mock_sendpilot.webhooks.signing import SECRET_PREFIX, OutgoingRequest

DUPLICATE, REORDER, DELAY, DROP = "duplicate", "reorder", "delay", "drop"
STALE_TIMESTAMP, WRONG_SECRET = "stale_timestamp", "wrong_secret"
MISSING_SIGNATURE, OLD_SECRET = "missing_signature", "old_secret"
RENAMED_EVENT, UNKNOWN_TYPE = "renamed_event", "unknown_event"
CHAOS = "chaos"
DEFAULT_RATE = 0.2
"""The share of deliveries that chaos disrupts."""
SIGNATURE_KINDS = (STALE_TIMESTAMP, WRONG_SECRET, MISSING_SIGNATURE)
"""Kinds that need an endpoint whose requests are signed."""

FORGED_SECRET = SECRET_PREFIX + base64.b64encode(b"a secret that nobody has").decode()
UNKNOWN_EVENT = "emulator.unknown_event"
EXTRA_FIELD = "emulatorExtra"
_OPTIONAL_KEYS = ("campaignId", "sequenceStep", "note")
"""Keys of `data` that a client of the vendor has seen missing, like `workspaceId` next to it."""
_MAX_DELAY_SECONDS = 30 * 24 * 3600

Alteration = Callable[[OutgoingRequest, AppliedDisruption], OutgoingRequest]


@dataclass(frozen=True, slots=True)
class Option:
    """A number that a kind takes."""

    default: float
    minimum: float
    maximum: float
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of disruption; `alter` is None where it concerns the delivery as a whole."""

    about: str
    alter: Alteration | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


def altered_body(body: bytes) -> bytes:
    """Return the event with one more letter in the first text of its data, such as `leadId`."""
    event = orjson.loads(body)
    # It stays a valid event: a receiver that does not verify it would process it.
    texts = (key for key, value in event["data"].items() if isinstance(value, str))
    key = next(texts, EXTRA_FIELD)
    event["data"][key] = event["data"].get(key, "") + "x"
    return orjson.dumps(event)


def with_unknown_type(body: bytes) -> bytes:
    """Return the event with a type that no contract has."""
    return orjson.dumps({**orjson.loads(body), "eventType": UNKNOWN_EVENT})


def with_extra_fields(body: bytes) -> bytes:
    """Return the event with one more field in the envelope and one in its data."""
    event = orjson.loads(body)
    event["data"][EXTRA_FIELD] = ["a field that was not there yesterday"]
    return orjson.dumps({**event, EXTRA_FIELD: {"added": True}})


def without_optional_fields(body: bytes) -> bytes:
    """Return the event without the fields that clients have seen missing."""
    event: dict[str, Any] = orjson.loads(body)
    event.pop("workspaceId", None)
    data = event["data"]
    event["data"] = {key: value for key, value in data.items() if key not in _OPTIONAL_KEYS}
    return orjson.dumps(event)


def padded(body: bytes, length: int) -> bytes:
    """Return the event with a field of data that brings its body to a length in bytes."""
    event = orjson.loads(body)
    event["data"][EXTRA_FIELD] = ""
    padding = max(0, length - len(orjson.dumps(event)))
    event["data"][EXTRA_FIELD] = "x" * padding
    return orjson.dumps(event)


def _attempt_kind(about: str, alter: Alteration, **options: Option) -> Kind:
    """Return a kind that alters the first attempts: one, unless `attempts` says how many."""
    return Kind(about, alter, {"attempts": Option(1, 1, 100, is_whole=True), **options})


def _body_kind(about: str, alter_body: Callable[[bytes], bytes]) -> Kind:
    """Return a kind that alters the body before it is signed."""
    return _attempt_kind(about, lambda request, _: replace(request, body=alter_body(request.body)))


KINDS: Mapping[str, Kind] = {
    # The vendor delivers at least once, and names `eventId` as the key to recognize a duplicate.
    DUPLICATE: Kind(
        "is sent again after its first attempt",
        options={"copies": Option(1, 1, 10, is_whole=True)},
    ),
    REORDER: Kind(
        "is sent after the next one to its endpoint; at the latest after `seconds`",
        options={"seconds": Option(5, 0, _MAX_DELAY_SECONDS)},
    ),
    DELAY: Kind("is sent `seconds` later", options={"seconds": Option(5, 0, _MAX_DELAY_SECONDS)}),
    DROP: Kind("is never sent; the log says so"),
    STALE_TIMESTAMP: _attempt_kind(
        "is correctly signed, with a time `seconds` ago",
        lambda request, applied: replace(
            request, signed_at=request.signed_at - timedelta(seconds=applied.options["seconds"])
        ),
        seconds=Option(3600, -_MAX_DELAY_SECONDS, _MAX_DELAY_SECONDS),
    ),
    WRONG_SECRET: _attempt_kind(
        "is signed with a secret other than the endpoint's",
        lambda request, _: replace(request, secrets=(FORGED_SECRET,)),
    ),
    MISSING_SIGNATURE: _attempt_kind(
        "has no signature", lambda request, _: replace(request, schemes=())
    ),
    "altered_body": _attempt_kind(
        "is altered after it was signed",
        lambda request, _: replace(request, sent_body=altered_body(request.body)),
    ),
    # The documented header holds one signature alone, so some receivers are never sent both.
    OLD_SECRET: _attempt_kind(
        "is signed only with the secret before the last rotation",
        lambda request, applied: replace(request, secrets=(applied.old_secret or FORGED_SECRET,)),
    ),
    # The vendor has renamed events and keys before, without notice, and a client lost replies.
    RENAMED_EVENT: _attempt_kind(
        "has the name and data of another contract",
        lambda request, applied: replace(request, body=applied.other_body or request.body),
    ),
    UNKNOWN_TYPE: _body_kind(f"has the event type {UNKNOWN_EVENT}", with_unknown_type),
    "extra_fields": _body_kind("has fields that no document names", with_extra_fields),
    "missing_fields": _body_kind("lacks the optional fields", without_optional_fields),
    "huge_body": _attempt_kind(
        "has a body of `bytes`",
        lambda request, applied: replace(
            request, body=padded(request.body, int(applied.options["bytes"]))
        ),
        bytes=Option(1_000_000, 1000, 20_000_000, is_whole=True),
    ),
    "slow_body": _attempt_kind(
        "takes `seconds` to send",
        lambda request, applied: replace(request, seconds_to_send=applied.options["seconds"]),
        seconds=Option(3, 0, 25),  # within the 30 s that the vendor gives an attempt
    ),
    "broken_connection": _attempt_kind(
        "is reset in the middle of its body",
        lambda request, _: replace(request, breaks_off=True),
    ),
    # The most common cause of duplicates in production: the receiver has done its work already.
    "lost_response": _attempt_kind(
        "is received, but its connection is cut before the response is read",
        lambda request, _: replace(request, loses_response=True),
    ),
    "wrong_content_type": _attempt_kind(
        "has the content type text/plain",
        lambda request, _: replace(request, content_type="text/plain"),
    ),
}

_OPTIONS = tuple(named for kind in KINDS.values() for named in kind.options.items())
OPTIONS: Mapping[str, tuple[float, float]] = {
    name: (
        min(option.minimum for other, option in _OPTIONS if other == name),
        max(option.maximum for other, option in _OPTIONS if other == name),
    )
    for name, _ in _OPTIONS
}
"""Every option with its widest limits; a kind may have narrower ones."""


def alter(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    """Return the request as its disruption alters it."""
    alteration = KINDS[applied.kind].alter
    return request if alteration is None else alteration(request, applied)


def check_options(kind: str, options: Mapping[str, float]) -> Mapping[str, float]:
    """Return the options of a kind, with defaults for those that are left out.

    Raises:
        InvalidInput: an unknown kind or option, or a number outside its limits.
    """
    check_kind(kind)
    known = KINDS[kind].options
    for name, number in options.items():
        option = known.get(name)
        if option is None:
            names = ", ".join(known) or "no option"
            raise InvalidInput(f"{name} is no option of {kind!r}; it takes {names}")
        if not isinstance(number, int | float):
            raise InvalidInput(f"{name} of {kind!r}: expected a number, got {number!r}")
        if not option.minimum <= number <= option.maximum:
            limits = f"{option.minimum:.15g} to {option.maximum:.15g}"
            raise InvalidInput(f"{name} of {kind!r}: expected {limits}, got {number:.15g}")
        if option.is_whole and number != int(number):
            raise InvalidInput(f"{name} of {kind!r}: expected a whole number, got {number:.15g}")
    return {name: options.get(name, option.default) for name, option in known.items()}


def check_kind(kind: str) -> None:
    """Refuse an unknown kind.

    Raises:
        InvalidInput: suggests the nearest kind.
    """
    if kind not in KINDS:
        guess = did_you_mean(kind, KINDS)
        known = ", ".join((*KINDS, CHAOS))
        raise InvalidInput(f"unknown kind {kind[:80]!r}; {guess}expected one of: {known}")
