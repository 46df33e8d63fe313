"""Checks of a sandbox's arguments: names and values of fields, words, counts, ids of objects."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import plain_json, short_repr
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, normal_profile_url
from mock_sendpilot.world.models import ENROLLS, Campaign, Extraction, Lead, Search, Sender

Subject = Lead | Campaign | Sender | Search | Extraction
"""Objects that events are about; each may be passed in place of its id."""

_MOST = 10**12  # as in a seed
_MAX_SECONDS = 86_400
_WORDS: Mapping[tuple[type, str], tuple[str, ...]] = {
    (Campaign, "status"): words.CAMPAIGN_STATUSES,
    (Campaign, "enrolls"): ENROLLS,
    (Lead, "status"): words.LEAD_STATUSES,
    (Lead, "custom_lead_status"): words.CUSTOM_LEAD_STATUSES,
    (Sender, "status"): words.SENDER_STATUSES,
}
_EXPECTED: Mapping[type, str] = {
    str: "a text",
    int: f"a whole number from 0 to {_MOST}",
    bool: "True or False",
    datetime: "a datetime with a time zone",
    Mapping: "a dict",
    NoneType: "None",
}


def check_fields(model: type, values: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Refuse names that are no fields of the model, and values that its fields cannot have.

    Returns:
        The values as they can be kept: what is a dict is copied.

    Args:
        model: a dataclass of the domain.
        values: by the names of its fields.
        prefix: stands before the names in messages, such as `limits.`.

    Raises:
        InvalidInput: it says what was expected, and what comes nearest.
    """
    known = [field.name for field in fields(model)]
    hints = get_type_hints(model)
    kept = {}
    for name, value in values.items():
        if name not in known:
            raise InvalidInput(
                f"{model.__name__} has no field {name!r}; {did_you_mean(name, known)}"
                f"it has: {', '.join(known)}"
            )
        _check_value(f"{prefix}{name}", value, hints[name])
        if (model, name) in _WORDS and value is not None:
            check_word(f"{prefix}{name}", value, _WORDS[model, name])
        kept[name] = _kept(f"{prefix}{name}", value)
    return kept


def check_text(name: str, text: object) -> None:
    """Refuse what is no text, or one with half a character, which no JSON can hold.

    Raises:
        InvalidInput: it says what was expected.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"{name} must be a text; it was {short_repr(text)}")
    plain_json(text, name)


def check_word(name: str, word: str, known: Iterable[str]) -> None:
    """Refuse a word that is none of those known.

    Raises:
        InvalidInput: it names them, and the nearest.
    """
    known = tuple(known)
    if word not in known:
        guess = f"; {did_you_mean(str(word), known)}".rstrip("; ")
        expected = f"one of {', '.join(known)}"
        raise InvalidInput(f"{name} must be {expected}; it was {short_repr(word)}{guess}")


def check_count(name: str, count: object, *, most: int) -> None:
    """Refuse what is no whole number of 1 or more.

    Raises:
        InvalidInput: it says what was expected.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= most:
        expected = f"a whole number from 1 to {most}"
        raise InvalidInput(f"{name} must be {expected}; it was {short_repr(count)}")


def check_seconds(name: str, seconds: object) -> None:
    """Refuse what nobody can wait for: not a number, one below 0, or more than a day.

    Raises:
        InvalidInput: it says what was expected.
    """
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds <= _MAX_SECONDS:  # type: ignore[operator]
        expected = f"a number of seconds from 0 to {_MAX_SECONDS}"
        raise InvalidInput(f"{name}: expected {expected}, got {short_repr(seconds)}")


def profile_url(text: object) -> str:
    """A profile URL in its normal form.

    Raises:
        InvalidInput: it is none.
    """
    url = normal_profile_url(text) if isinstance(text, str) else None
    if url is None:
        raise InvalidInput(f"linkedin_url must be {PROFILE_URL_FORMAT}; it was {short_repr(text)}")
    return url


def id_of(thing: object, name: str, *, attribute: str = "id") -> str:
    """The id of a thing, of which the id alone may be given.

    Raises:
        InvalidInput: it is neither; the message calls it by this name.
    """
    found = thing if isinstance(thing, str) else getattr(thing, attribute, None)
    if not isinstance(found, str):
        raise InvalidInput(f"{name} must be an id, or what has one; it was {short_repr(thing)}")
    return found


def event_id_of(webhook: SentWebhook | str) -> str:
    """The id of an event, of which the id alone may be given."""
    return id_of(webhook, "webhook", attribute="event_id")


def as_tuple(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names, of which a single one may stand alone."""
    return (names,) if isinstance(names, str) else tuple(names)


def with_ids(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of `data`, with its id for each thing."""
    return {name: one.id if isinstance(one, Subject) else one for name, one in values.items()}


def _check_value(name: str, value: object, hint: Any) -> None:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    plain = tuple(get_origin(kind) or kind for kind in kinds)
    if not any(_fits(value, kind) for kind in plain):
        expected = " or ".join(_EXPECTED.get(kind, f"a {kind.__name__}") for kind in plain)
        raise InvalidInput(f"{name} must be {expected}; it was {short_repr(value)}")


def _kept(name: str, value: Any) -> Any:
    if isinstance(value, str | Mapping):
        return plain_json(value, name)
    if isinstance(value, datetime):
        try:
            iso_milliseconds(value)
        except OverflowError:
            raise InvalidInput(f"{name} must be between the years 1 and 9999 in UTC") from None
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        check_fields(type(value), parts, prefix=f"{name}.")
    return value


def _fits(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    if issubclass(kind, datetime):  # freezegun has another class of that name
        return isinstance(value, datetime) and value.tzinfo is not None
    return isinstance(value, kind)
