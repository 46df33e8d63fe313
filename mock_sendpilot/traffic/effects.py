"""The effects of faults: what a caller gets instead of the usual response.

They are written in JSON, in the text of a header or a command, and as arguments in Python. All
three are read here, so that all are refused in the same words.
"""

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields
from json import JSONDecodeError, JSONDecoder
from typing import Any, Literal

import orjson

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.transmission import Ending, Part, Transmission
from mock_sendpilot.json_text import short_json
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import camel_case
from mock_sendpilot.suggestions import did_you_mean

MAX_LATENCY_SECONDS = 3600.0
UNKNOWN_VALUE = "UNKNOWN_VALUE"
CHANGES = ("missing", "null", "retype", "unknown", "extra")
PAGES = ("stale", "repeated")
_RESETS = ("before", "body")
_BREAKS = ("hang", "reset", "empty", "truncate")
_MAX_RETRY_AFTER = 86_400
_MIN_STATUS, _MAX_STATUS = 400, 599
_MAX_BYTES_PER_SECOND = 1_000_000
_SEPARATOR = re.compile(r"[;\s]+")
_WORD_NAME = re.compile(r"[^;=\s]+=")
_DECODER = JSONDecoder()
_HEADER_REMEDY = (
    "separate effects by ; and write a value with spaces or ; as a JSON string or object, such as "
    'content-type="text/html; charset=utf-8"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of a fault. Parts combine, such as a latency and a status.

    Attributes:
        status: the status of an error in the vendor's envelope, in place of the response.
        retry_after: seconds for the header `Retry-After` of that error.
        after_effect: do what the request asks for nevertheless; only the response is lost.
        latency_seconds: seconds until the response: a number, or a distribution as an object.
        hang: send nothing until the client gives up.
        reset: reset the connection `before` the response or in the middle of its `body`.
        empty: close the connection without a response.
        truncate: close the connection in the middle of the body.
        malformed: end the JSON of the body too early.
        content_type: another `Content-Type`.
        change: changes of the JSON of the body, by kind; each has the places it applies to.
        trickle: the number of bytes to send a second.
        page: send an earlier response: a `stale` one of the same request, or that of the request
            before (`repeated`).
    """

    status: int | None = None
    retry_after: int | None = None
    after_effect: bool = False
    latency_seconds: float | Mapping[str, Any] | None = None
    hang: bool = False
    reset: Literal["before", "body"] | None = None
    empty: bool = False
    truncate: bool = False
    malformed: bool = False
    content_type: str | None = None
    change: Mapping[str, Any] = field(default_factory=dict)
    trickle: int | None = None
    page: Literal["stale", "repeated"] | None = None

    def __str__(self) -> str:
        """Return it as in the header, such as `status=503; latency=2`."""
        return "; ".join(_words(self))

    @property
    def json(self) -> dict[str, Any]:
        """The effect as JSON, with the keys that it sets."""
        return {
            camel_case(one.name): value
            for one in fields(self)
            # Not `in (None, False)`, which has 0, the `Retry-After` of some services.
            if (value := getattr(self, one.name)) is not None and value is not False and value != {}
        }

    @property
    def needs_app(self) -> bool:
        """True if the app has to handle the request."""
        is_lost = self.status is not None or self.hang or self.reset == "before" or self.empty
        return self.after_effect or not is_lost

    def transmission(self, generator: random.Random) -> Transmission | None:
        """Return how the response is transmitted; None for as usual."""
        delay_seconds = _drawn(self.latency_seconds, generator)
        part: Part = "all"
        if self.reset == "before" or self.empty:
            part = "nothing"
        elif self.reset == "body" or self.truncate:
            part = "half"
        ending: Ending = "as usual"
        if self.hang:
            ending = "hang"
        elif self.reset:
            ending = "reset"
        elif part != "all":
            ending = "close"
        transmission = Transmission(
            delay_seconds=delay_seconds, part=part, bytes_per_second=self.trickle, ending=ending
        )
        return None if transmission == Transmission() else transmission

    def changed_body(self, body: bytes) -> bytes:
        """Return the body of a response with the changes of its JSON."""
        if self.change:
            try:
                value = orjson.loads(body)
            except orjson.JSONDecodeError:
                return body
            for kind, places in self.change.items():
                if kind == "extra":
                    value = {**value, **places} if isinstance(value, dict) else value
                else:
                    for place in places:
                        _change(value, place.split("."), _ALTERATIONS[kind])
            body = orjson.dumps(value)
        return body[:-1] if self.malformed else body


def effect_from_json(values: Mapping[str, Any]) -> Effect:
    """Return the effect that a JSON object describes.

    Raises:
        InvalidInput: a key is unknown, a value is invalid, or they exclude each other.
    """
    problems = []
    parts: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _READERS:
            guess = did_you_mean(key, _READERS)
            known = ", ".join(_READERS)
            problems.append(f"effect: unknown field {key[:80]!r}; {guess}known fields are: {known}")
            continue
        name, expected, read = _READERS[key]
        try:
            parts[name] = read(value)
        except (TypeError, ValueError):
            problems.append(f"effect.{key}: expected {expected}, got {short_json(value)}")
    if problems:
        raise InvalidInput(*problems)
    effect = Effect(**{name: value for name, value in parts.items() if value is not None})
    if not effect.json:
        raise InvalidInput(f"effect: expected at least one of {', '.join(_READERS)}")
    _check_combination(effect)
    return effect


def _check_combination(effect: Effect) -> None:
    breaks = [name for name in _BREAKS if getattr(effect, name)]
    if len(breaks) > 1:
        raise InvalidInput(f"effect: {' and '.join(breaks)} exclude each other")
    if effect.retry_after is not None and effect.status is None:
        raise InvalidInput("effect.retryAfter: expected a status with it, such as 429")
    if effect.after_effect and not (effect.status or breaks):
        raise InvalidInput(f"effect.afterEffect: expected a status, or one of {', '.join(_BREAKS)}")


def effect_from_words(words: Sequence[str]) -> Effect:
    """Return the effect that words describe, such as `status=503`, `latency=2` and `reset`.

    Raises:
        InvalidInput: as for `effect_from_json`.
    """
    values: dict[str, Any] = {}
    names: set[str] = set()
    for word in words:
        name, equals, text = (part.strip() for part in word.partition("="))
        if name not in WORDS:
            guess = did_you_mean(name, WORDS)
            raise InvalidInput(
                f"unknown effect {name[:80]!r}; {guess}it is one of {', '.join(WORDS)}"
            )
        if name in names:
            raise InvalidInput(f"{name}: expected once, got it again")
        names.add(name)
        if name in CHANGES:
            values.setdefault("change", {})[name] = _change_from_text(name, text)
        else:
            values[_WORD_KEYS[name]] = _value(text) if equals else True
    return effect_from_json(values)


def effect_from_header(text: str) -> Effect:
    """Return the effect that a header describes, such as `status=503; latency=2`.

    Semicolons or spaces separate the words. A value with either of them is a JSON string or a JSON
    object, such as `content-type="text/html; charset=utf-8"`.

    Raises:
        InvalidInput: as for `effect_from_words`, or a value is not complete.
    """
    try:
        return effect_from_words(_header_words(text))
    except InvalidInput as error:
        if _SEPARATOR.search(text.strip()):
            raise InvalidInput(*error.problems, _HEADER_REMEDY) from None
        raise


def _header_words(text: str) -> list[str]:
    words, position = [], 0
    while position < len(text):
        if separator := _SEPARATOR.match(text, position):
            position = separator.end()
            continue
        name = _WORD_NAME.match(text, position)
        begin = position if name is None else name.end()
        if text[begin : begin + 1] in {'"', "{"}:
            try:
                _, end = _DECODER.raw_decode(text, begin)
            except JSONDecodeError as error:
                found = short_json(text[begin:])
                raise InvalidInput(
                    f"{text[position:begin]}: expected a JSON string or object, got {found}"
                ) from error
        else:
            separator = _SEPARATOR.search(text, begin)
            end = len(text) if separator is None else separator.start()
        words.append(text[position:end])
        position = end
        if position < len(text) and not _SEPARATOR.match(text, position):
            found = short_json(text[position:])
            raise InvalidInput(f"expected ; after {words[-1][:80]}, got {found}")
    return words


def _change_from_text(kind: str, text: str) -> Any:
    value = _value(text) if text.startswith('"') else text
    names = [name.strip() for name in str(value).split(",")]
    if not all(names):
        example = "NAME" if kind == "extra" else "leads.id"
        raise InvalidInput(f"{kind}: expected {kind}={example}, got {short_json(text)}")
    return dict.fromkeys(names, True) if kind == "extra" else names


def _words(effect: Effect) -> list[str]:
    keys = {key: word for word, key in _WORD_KEYS.items()}
    words = []
    for key, value in effect.json.items():
        if key == "change":
            words += [f"{kind}={_word_text(','.join(one))}" for kind, one in value.items()]
        elif value is True:
            words.append(keys[key])
        else:
            text = orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
            words.append(f"{keys[key]}={text if isinstance(value, dict) else _word_text(text)}")
    return words


def _word_text(text: str) -> str:
    """Return a text as the value of a word: as a JSON string if it would end too early."""
    has_end = _SEPARATOR.search(text) or text.startswith(("{", '"'))
    return orjson.dumps(text).decode() if has_end else text


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


# --- reading --------------------------------------------------------------------------------------

# A reader raises TypeError or ValueError without words: `_READERS` says what was expected.


def _number(value: Any, minimum: float, maximum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not minimum <= value <= maximum:
        raise ValueError
    return value


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = _number(value, minimum, maximum)
        if number != int(number):
            raise ValueError
        return int(number)

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.isascii() or not value:
        raise ValueError
    return value


def _word(words: Sequence[str], *, default: str | None = None) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        if default is not None and isinstance(value, bool):
            return default if value else None
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _latency(value: Any) -> float | Mapping[str, Any]:
    if not isinstance(value, Mapping):
        return _number(value, 0, MAX_LATENCY_SECONDS)
    ((name, parameters),) = value.items()  # ValueError unless there is exactly one
    if name == "uniform":
        low, high = (_number(one, 0, MAX_LATENCY_SECONDS) for one in parameters)
        if low > high:
            raise ValueError
        return {"uniform": [low, high]}
    if name != "lognormal" or set(parameters) != {"median", "sigma"}:
        raise ValueError
    median = _number(parameters["median"], 0.000_001, MAX_LATENCY_SECONDS)
    return {"lognormal": {"median": median, "sigma": _number(parameters["sigma"], 0, 10)}}


def _changes(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not value or not set(value) <= set(CHANGES):
        raise ValueError
    read: dict[str, Any] = {}
    for kind, places in value.items():
        if kind == "extra":
            if not isinstance(places, Mapping):
                raise TypeError
            read[kind] = dict(places)
        else:
            several = [places] if isinstance(places, str) else list(places)
            if not several or not all(isinstance(one, str) and one for one in several):
                raise ValueError
            read[kind] = several
    return read


_READERS: Mapping[str, tuple[str, str, Callable[[Any], Any]]] = {
    "status": ("status", "a whole number from 400 to 599", _whole(_MIN_STATUS, _MAX_STATUS)),
    "retryAfter": (
        "retry_after",
        f"a whole number of seconds from 0 to {_MAX_RETRY_AFTER}",
        _whole(0, _MAX_RETRY_AFTER),
    ),
    "afterEffect": ("after_effect", "true or false", _flag),
    "latencySeconds": (
        "latency_seconds",
        'seconds from 0 to 3600, {"uniform": [low, high]} or {"lognormal": {"median", "sigma"}}',
        _latency,
    ),
    "hang": ("hang", "true or false", _flag),
    "reset": ("reset", "before or body", _word(_RESETS, default="before")),
    "empty": ("empty", "true or false", _flag),
    "truncate": ("truncate", "true or false", _flag),
    "malformed": ("malformed", "true or false", _flag),
    "contentType": ("content_type", "a media type such as text/html", _text),
    "change": (
        "change",
        'an object such as {"missing": ["leads.id"]}, with the kinds ' + ", ".join(CHANGES),
        _changes,
    ),
    "trickle": (
        "trickle",
        f"a whole number of bytes a second from 1 to {_MAX_BYTES_PER_SECOND}",
        _whole(1, _MAX_BYTES_PER_SECOND),
    ),
    "page": ("page", "stale or repeated", _word(PAGES)),
}
"""The keys of an effect in JSON: the attribute, what is expected, and a function that reads it."""

_WORD_KEYS: Mapping[str, str] = {
    "status": "status",
    "retry-after": "retryAfter",
    "after-effect": "afterEffect",
    "latency": "latencySeconds",
    "hang": "hang",
    "reset": "reset",
    "empty": "empty",
    "truncate": "truncate",
    "malformed": "malformed",
    "content-type": "contentType",
    "trickle": "trickle",
    "page": "page",
}
WORDS = (*_WORD_KEYS, *CHANGES)
"""The words of effects in the header and in commands."""


# --- doing ----------------------------------------------------------------------------------------


def _drawn(latency: float | Mapping[str, Any] | None, generator: random.Random) -> float:
    if latency is None:
        return 0.0
    if not isinstance(latency, Mapping):
        return latency
    if "uniform" in latency:
        return generator.uniform(*latency["uniform"])
    median, sigma = latency["lognormal"]["median"], latency["lognormal"]["sigma"]
    # The mean of the logarithm of a lognormal distribution is the logarithm of its median.
    return min(MAX_LATENCY_SECONDS, generator.lognormvariate(math.log(median), sigma))


def _change(value: Any, place: Sequence[str], alter: Callable[[dict[str, Any], str], None]) -> None:
    """Alter the member at a place; a list on the way stands for each of its items."""
    if isinstance(value, list):
        for item in value:
            _change(item, place, alter)
    elif isinstance(value, dict) and place[0] in value:
        if len(place) == 1:
            alter(value, place[0])
        else:
            _change(value[place[0]], place[1:], alter)


def _retyped(value: Any) -> Any:
    """Return a value of another JSON type."""
    if isinstance(value, str):
        return 0
    if isinstance(value, dict):
        return []
    if isinstance(value, list):
        return {}
    return "" if value is None else str(value)


def _set(make: Callable[[Any], Any]) -> Callable[[dict[str, Any], str], None]:
    def alter(parent: dict[str, Any], name: str) -> None:
        parent[name] = make(parent[name])

    return alter


def _remove(parent: dict[str, Any], name: str) -> None:
    del parent[name]


_ALTERATIONS: Mapping[str, Callable[[dict[str, Any], str], None]] = {
    "missing": _remove,
    "null": _set(lambda _: None),
    "retype": _set(_retyped),
    "unknown": _set(lambda _: UNKNOWN_VALUE),
}
