"""Deliveries made hostile on purpose: each kind of disruption, and what it does.

What befalls a delivery as a whole (`duplicate`, `reorder`, `delay`, `drop`) is done by the courier;
every other kind alters the request of an attempt. All of it is invented: a vendor does not do it on
purpose, networks, proxies and people do.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.deliveries import AppliedDisruption
from mock_sendpilot.webhooks.signing import SECRET_PREFIX, OutgoingRequest

DUPLICATE, REORDER, DELAY, DROP = "duplicate", "reorder", "delay", "drop"
STALE_TIMESTAMP, WRONG_SECRET = "stale_timestamp", "wrong_secret"
MISSING_SIGNATURE, UNKNOWN = "missing_signature", "unknown_event"
OLD_SECRET, RENAMED_EVENT = "old_secret", "renamed_event"
SIGNATURE_KINDS = (STALE_TIMESTAMP, WRONG_SECRET, MISSING_SIGNATURE)
"""Kinds that what is not signed cannot have."""
CHAOS = "chaos"
FORGED_SECRET = SECRET_PREFIX + base64.b64encode(b"a secret that nobody has").decode()
UNKNOWN_EVENT = "emulator.unknown_event"
EXTRA_FIELD = "emulatorExtra"
_OPTIONAL = ("campaignId", "sequenceStep", "note")
"""Keys of `data` that clients have seen missing (section (c)); so is `workspaceId` beside it."""
_MAX_DELAY_SECONDS = 30 * 24 * 3600

Alteration = Callable[[OutgoingRequest, AppliedDisruption], OutgoingRequest]


@dataclass(frozen=True, slots=True)
class Option:
    """A number that a kind takes."""

    default: float
    lowest: float
    highest: float
    is_whole: bool = False


_ATTEMPTS = Option(1, 1, 100, is_whole=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of disruption; without an alteration the courier sees to it."""

    about: str
    alter: Alteration | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


def _altering(about: str, alter: Alteration, **options: Option) -> Kind:
    """A kind that alters the first attempts: one, unless `attempts` says how many."""
    return Kind(about, alter, {"attempts": _ATTEMPTS, **options})


def disrupted(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    """A request as its disruption has it."""
    alter = KINDS[applied.kind].alter
    return request if alter is None else alter(request, applied)


# --- signatures ----------------------------------------------------------------------------------


def _stale(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    age = timedelta(seconds=applied.options["seconds"])
    return replace(request, signed_at=request.signed_at - age)


def _wrong_secret(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, secrets=(FORGED_SECRET,))


def _unsigned(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, schemes=())


def _old_secret(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, secrets=(applied.old_secret or FORGED_SECRET,))


def _altered(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, sent_body=altered_body(request.body))


def altered_body(body: bytes) -> bytes:
    """The event with a letter more in the first text of its data, such as the lead's id."""
    event = orjson.loads(body)
    texts = (key for key, value in event["data"].items() if isinstance(value, str))
    key = next(texts, EXTRA_FIELD)
    event["data"][key] = event["data"].get(key, "") + "x"
    return orjson.dumps(event)


# --- bodies --------------------------------------------------------------------------------------


def _renamed(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, body=applied.other_body or request.body)


def _unknown(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, body=with_unknown_type(request.body))


def with_unknown_type(body: bytes) -> bytes:
    """The event under a type that no contract knows."""
    return orjson.dumps({**orjson.loads(body), "eventType": UNKNOWN_EVENT})


def _extra(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, body=with_extra_fields(request.body))


def with_extra_fields(body: bytes) -> bytes:
    """The event with a field more in the envelope and one in its data."""
    event = orjson.loads(body)
    event["data"][EXTRA_FIELD] = ["a field that was not there yesterday"]
    return orjson.dumps({**event, EXTRA_FIELD: {"added": True}})


def _missing(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, body=without_optional_fields(request.body))


def without_optional_fields(body: bytes) -> bytes:
    """The event without what clients have seen missing."""
    event: dict[str, Any] = orjson.loads(body)
    event.pop("workspaceId", None)
    event["data"] = {key: value for key, value in event["data"].items() if key not in _OPTIONAL}
    return orjson.dumps(event)


def _huge(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, body=padded(request.body, int(applied.options["bytes"])))


def padded(body: bytes, length: int) -> bytes:
    """The event with a field of data that brings it to so many bytes."""
    event = orjson.loads(body)
    event["data"][EXTRA_FIELD] = ""
    room = max(0, length - len(orjson.dumps(event)))
    event["data"][EXTRA_FIELD] = "x" * room
    return orjson.dumps(event)


# --- transport -----------------------------------------------------------------------------------


def _slow(request: OutgoingRequest, applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, seconds_to_send=applied.options["seconds"])


def _broken(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, breaks_off=True)


def _lost_answer(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, loses_answer=True)


def _wrong_type(request: OutgoingRequest, _applied: AppliedDisruption) -> OutgoingRequest:
    return replace(request, content_type="text/plain")


OPTIONS: Mapping[str, tuple[float, float]] = {
    "attempts": (1, 100),
    "copies": (1, 10),
    "seconds": (-_MAX_DELAY_SECONDS, _MAX_DELAY_SECONDS),
    "bytes": (1000, 20_000_000),
}
"""Every option with its widest limits; a kind may have narrower ones."""

KINDS: Mapping[str, Kind] = {
    DUPLICATE: Kind(
        "comes again after its first attempt", None, {"copies": Option(1, 1, 10, is_whole=True)}
    ),
    REORDER: Kind(
        "comes after the next one to its endpoint; at the latest after `seconds`",
        None,
        {"seconds": Option(5, 0, _MAX_DELAY_SECONDS)},
    ),
    DELAY: Kind("comes `seconds` later", None, {"seconds": Option(5, 0, _MAX_DELAY_SECONDS)}),
    DROP: Kind("is never sent; the log says so"),
    STALE_TIMESTAMP: _altering(
        "is rightly signed, with a time `seconds` ago",
        _stale,
        seconds=Option(3600, -_MAX_DELAY_SECONDS, _MAX_DELAY_SECONDS),
    ),
    WRONG_SECRET: _altering("is signed with a secret that is not the endpoint's", _wrong_secret),
    MISSING_SIGNATURE: _altering("has no signature", _unsigned),
    "altered_body": _altering("is altered after it was signed", _altered),
    OLD_SECRET: _altering("is signed with the secret before the last rotation alone", _old_secret),
    RENAMED_EVENT: _altering("has the name and data of another contract", _renamed),
    UNKNOWN: _altering(f"has the event type {UNKNOWN_EVENT}", _unknown),
    "extra_fields": _altering("has fields that nobody knows", _extra),
    "missing_fields": _altering("lacks the fields that are optional", _missing),
    "huge_body": _altering(
        "has `bytes` bytes", _huge, bytes=Option(1_000_000, 1000, 20_000_000, is_whole=True)
    ),
    "slow_body": _altering("takes `seconds` to send", _slow, seconds=Option(3, 0, 25)),
    "broken_connection": _altering("breaks off with a reset in the middle of its body", _broken),
    "lost_answer": _altering(
        "is received and answered, but the connection is cut before the answer is heard",
        _lost_answer,
    ),
    "wrong_content_type": _altering("says that it is text/plain", _wrong_type),
}


def checked_options(kind: str, given: Mapping[str, float]) -> Mapping[str, float]:
    """The numbers of a kind, with its own for those that are left out.

    Raises:
        InvalidInput: an unknown kind or option, or a number beyond its limits.
    """
    check_kind(kind)
    known = KINDS[kind].options
    for name, number in given.items():
        option = known.get(name)
        if option is None:
            takes = ", ".join(known) or "no option"
            raise InvalidInput(f"{name} is no option of {kind!r}; it takes {takes}")
        if not isinstance(number, int | float):
            raise InvalidInput(f"{name} of {kind!r} must be a number; it was {number!r}")
        if not option.lowest <= number <= option.highest:
            limits = f"from {option.lowest:.15g} to {option.highest:.15g}"
            raise InvalidInput(f"{name} of {kind!r} must be {limits}; it was {number:.15g}")
        if option.is_whole and number != int(number):
            raise InvalidInput(f"{name} of {kind!r} must be a whole number; it was {number:.15g}")
    return {name: given.get(name, option.default) for name, option in known.items()}


def check_kind(kind: str) -> None:
    """Insist on a kind that there is.

    Raises:
        InvalidInput: it names the nearest.
    """
    if kind not in KINDS:
        guess = did_you_mean(kind, KINDS)
        known = ", ".join((*KINDS, CHAOS))
        raise InvalidInput(f"unknown kind {kind[:80]!r}; {guess}it must be one of: {known}")
