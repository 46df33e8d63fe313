"""The matcher of events and requests; failures print the nearest miss field by field."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import zip_longest
from typing import Any, Protocol, TypeVar

import orjson

from mock_sendpilot.lazy_dataclass import dataclass

_MAX_LISTED = 10
_MAX_MISS_LENGTH, _MAX_SUMMARY_LENGTH, _MAX_RAW_LENGTH = 1000, 200, 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventPattern:
    """A pattern of events: a type (None for any) and values that `data` must have.

    Keys are the vendor's, or the same in snake case: `lead_id` matches `leadId`. The events of
    searches and extractions have keys in snake case, which match as they are.
    """

    event_type: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def matches(self, body: bytes) -> bool:
        """Return whether the body of an event matches."""
        return self.matches_event(parse_event(body))

    def matches_event(self, event: Mapping[str, Any] | None) -> bool:
        """Return whether a parsed event matches; None stands for a body that is no event."""
        # Not `not self.misses(…)`: it is called for every event and every waiting thread, and the
        # sentences would cost more than the comparison.
        if event is None:
            return False
        if self.event_type is not None and self.event_type != event.get("eventType"):
            return False
        data = event.get("data", {})
        for key, value in self.values.items():
            name = key if key in data else camel_case(key)
            if name not in data or not _is_same(data[name], value):
                return False
        return True

    def misses(self, body: bytes) -> list[str]:
        """Return a sentence for each part of the pattern that the body of an event misses."""
        event = parse_event(body)
        if event is None:
            return ["the body is no JSON object with an object `data`"]
        misses = []
        if self.event_type is not None and event.get("eventType") != self.event_type:
            misses.append(f"eventType is {event.get('eventType')!r}, not {self.event_type!r}")
        data = event.get("data", {})
        for key, value in self.values.items():
            name = key if key in data else camel_case(key)
            if name not in data:
                misses.append(f"data has no key {name!r} (it has {', '.join(data)})")
            elif not _is_same(data[name], value):
                misses.append(f"data.{name} is {data[name]!r}, not {value!r}")
        return misses

    def failure(
        self,
        bodies: Sequence[bytes],
        *,
        timeout_seconds: float | None,
        notes: Sequence[str] = (),
        noun: str = "webhook",
    ) -> str:
        """Return the lines of a failed expectation: the nearest miss, and the latest bodies.

        Args:
            bodies: the bodies of the events that came, oldest first.
            timeout_seconds: how long the caller has waited; None if it has not.
            notes: further lines, printed first.
            noun: `webhook` or `event`.
        """
        values = "".join(f", {key}={value!r}" for key, value in self.values.items())
        event_type = "of any type" if self.event_type is None else repr(self.event_type)
        timeout = "" if timeout_seconds is None else f" within {timeout_seconds:g} s"
        return _failure(
            [f"no {noun} {event_type}{values}{timeout}", *(f"  {note}" for note in notes)],
            bodies,
            nearest=self._nearest_miss(bodies),
            misses=self.misses,
            summary=_summary,
        )

    def _nearest_miss(self, bodies: Sequence[bytes]) -> bytes | None:
        """Return the body with the fewest misses, the latest of several.

        If some bodies match (one came where two were expected), another type is no near miss.
        """
        misses = [body for body in bodies if not self.matches(body)]
        if len(misses) < len(bodies):
            of_type = EventPattern(self.event_type)
            misses = [body for body in misses if of_type.matches(body)]
        return min(reversed(misses), key=lambda body: len(self.misses(body)), default=None)


ANY_EVENT = EventPattern()


class RequestFacts(Protocol):
    """A request to be matched."""

    @property
    def method(self) -> str:
        """The method, such as `PATCH`."""

    @property
    def path(self) -> str:
        """The path."""

    @property
    def operation(self) -> str | None:
        """The id of the operation that serves it, if one does."""

    @property
    def query(self) -> Mapping[str, Any]:
        """The parameters of the query, as texts or lists of texts."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def json(self) -> Any:
        """The body as JSON; None for any other body."""

    def summary(self) -> str:
        """Return a line about it."""


Request = TypeVar("Request", bound=RequestFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPattern:
    """A pattern of requests; what it leaves out may be anything.

    Attributes:
        method: the method, in upper case.
        path: the path; `{name}` stands for any one segment.
        operation: the id of an operation.
        query: parameters that the query must have; None for one that must be absent.
        headers: headers that the request must have, in any case; None for one that must be absent.
        json: what the body must contain: of an object these members, of a list each item.
    """

    method: str | None = None
    path: str | None = None
    operation: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    json: Any = None

    def __str__(self) -> str:
        """Return it as failures name it."""
        target = [part for part in (self.operation, self.method, self.path) if part]
        parts = [
            f"{name}={value!r}"
            for name in ("query", "headers", "json")
            if (value := getattr(self, name))
        ]
        return ", ".join([" ".join(target) or "to any path", *parts])

    def matches(self, request: RequestFacts) -> bool:
        """Return whether a request matches."""
        return next(self._misses(request), None) is None

    def misses(self, request: RequestFacts) -> list[str]:
        """Return a sentence for each part of the pattern that a request misses."""
        return list(self._misses(request))

    def near_misses(self, requests: Sequence[Request]) -> list[Request]:
        """Return the requests that do not match, the nearest first, the latest of several."""
        others = [one for one in reversed(requests) if not self.matches(one)]
        return sorted(others, key=self._distance)

    def failure(
        self, requests: Sequence[RequestFacts], *, headline: str, notes: Sequence[str] = ()
    ) -> str:
        """Return the lines of a failed expectation: the nearest miss, and the latest requests."""
        return _failure(
            [headline, *(f"  {note}" for note in notes)],
            requests,
            nothing="no request came with the key of this workspace",
            nearest=next(iter(self.near_misses(requests)), None),
            misses=self.misses,
            summary=lambda request, max_length: _shortened(request.summary(), max_length),
        )

    def _misses(self, request: RequestFacts) -> Iterator[str]:
        # One after the other, so that a caller that only wants to know stops at the first.
        if self.method not in {None, request.method}:
            yield f"method is {request.method!r}, not {self.method!r}"
        if self.operation not in {None, request.operation}:
            yield f"operation is {request.operation!r}, not {self.operation!r}"
        if self.path is not None and _path_distance(self.path, request.path):
            yield f"path is {request.path!r}, not {self.path!r}"
        if self.query:
            yield from _members_missed("query", self.query, request.query, convert=_query_text)
        if self.headers:
            actual = {name.lower(): value for name, value in request.headers.items()}
            expected = {name.lower(): value for name, value in self.headers.items()}
            yield from _members_missed("headers", expected, actual, convert=str)
        if self.json is not None:
            yield from _json_misses("json", self.json, request.json)

    def _distance(self, request: RequestFacts) -> tuple[int, int]:
        """Return how far a request is from the pattern: another path is farther than any body."""
        target = int(self.method not in {None, request.method})
        target += int(self.operation not in {None, request.operation})
        if self.path is not None:
            target += _path_distance(self.path, request.path)
        return target, len(self.misses(request))


ANY_REQUEST = RequestPattern()


def camel_case(name: str) -> str:
    """Return a name in snake_case as the vendor writes keys: `lead_id` as `leadId`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def parse_event(body: bytes) -> dict[str, Any] | None:
    """Parse the body of an event; return None for any other body."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("data", {}), dict):
        return None
    return event


def _is_same(value: Any, expected: Any) -> bool:
    # In Python `True == 1`, in JSON it is not.
    return bool(value == expected) and isinstance(value, bool) == isinstance(expected, bool)


def _path_distance(pattern: str, path: str) -> int:
    """Return the number of segments that differ; a placeholder is like any segment."""
    return sum(
        expected != segment
        and not (segment and expected and expected[0] == "{" and expected[-1] == "}")
        for expected, segment in zip_longest(pattern.split("/"), path.split("/"))
    )


def _members_missed(
    noun: str,
    expected: Mapping[str, Any],
    actual: Mapping[str, Any],
    *,
    convert: Callable[[Any], Any],
) -> Iterator[str]:
    for name, value in expected.items():
        if value is None:
            if name in actual:
                yield f"{noun} has {name!r}: {actual[name]!r}"
        elif name not in actual:
            yield f"{noun} has no {name!r} (it has {', '.join(actual) or 'none'})"
        elif actual[name] != convert(value):
            yield f"{noun}.{name} is {actual[name]!r}, not {convert(value)!r}"


def _query_text(value: Any) -> Any:
    """Return a value as a query has it: a text, or a list of texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_query_text(one) for one in value] if isinstance(value, list | tuple) else str(value)


def _json_misses(place: str, expected: Any, actual: Any) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            if key in actual:
                yield from _json_misses(f"{place}.{key}", value, actual[key])
            else:
                yield f"{place} has no key {key!r} (it has {', '.join(actual) or 'none'})"
    elif isinstance(expected, list | tuple) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{place} has {len(actual)} items, not {len(expected)}"
            return
        for index, (value, item) in enumerate(zip(expected, actual, strict=True)):
            yield from _json_misses(f"{place}[{index}]", value, item)
    elif not _is_same(actual, expected):
        yield f"{place} is {actual!r}, not {expected!r}"


def _failure(
    lines: list[str],
    candidates: Sequence[T],
    *,
    nearest: T | None,
    misses: Callable[[T], list[str]],
    summary: Callable[[T, int], str],
    nothing: str = "nothing came",
) -> str:
    """Return the lines with the nearest miss, field by field, and the latest candidates."""
    if nearest is not None:
        lines.append(f"  nearest miss: {summary(nearest, _MAX_MISS_LENGTH)}")
        lines += [f"    {miss}" for miss in misses(nearest)]
    if not candidates:
        lines.append(f"  {nothing}")
    elif list(candidates) != [nearest]:
        total = "" if len(candidates) <= _MAX_LISTED else f"; the latest of {len(candidates)}"
        lines.append(f"  came{total}:")
        latest = candidates[-_MAX_LISTED:]
        lines += [f"    {summary(one, _MAX_SUMMARY_LENGTH)}" for one in latest]
    return "\n".join(lines)


def _summary(body: bytes, max_length: int) -> str:
    event = parse_event(body)
    if event is None:
        return repr(body[:_MAX_RAW_LENGTH])
    text = f"{event.get('eventType')} {orjson.dumps(event.get('data')).decode()}"
    return _shortened(text, max_length)


def _shortened(text: str, max_length: int) -> str:
    return text if len(text) <= max_length else f"{text[:max_length]}…"
