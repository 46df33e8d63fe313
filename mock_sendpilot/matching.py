"""The matcher of events: patterns, and failures that print the nearest miss field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

_MAX_BODIES = 10
_MAX_MISS_LENGTH, _MAX_SUMMARY_LENGTH, _MAX_RAW_LENGTH = 1000, 200, 200


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
        lines = [f"no {noun} {event_type}{values}{timeout}", *(f"  {note}" for note in notes)]
        nearest = self._nearest_miss(bodies)
        if nearest is not None:
            lines.append(f"  nearest miss: {_summary(nearest, _MAX_MISS_LENGTH)}")
            lines += [f"    {miss}" for miss in self.misses(nearest)]
        if not bodies:
            lines.append("  nothing came")
        elif list(bodies) != [nearest]:
            total = "" if len(bodies) <= _MAX_BODIES else f"; the latest of {len(bodies)}"
            lines.append(f"  came{total}:")
            latest = bodies[-_MAX_BODIES:]
            lines += [f"    {_summary(body, _MAX_SUMMARY_LENGTH)}" for body in latest]
        return "\n".join(lines)

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


def camel_case(name: str) -> str:
    """Return `leadId` for `lead_id`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def parse_event(body: bytes) -> dict[str, Any] | None:
    """Parse the body of an event; return None if it is none."""
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


def _summary(body: bytes, max_length: int) -> str:
    event = parse_event(body)
    if event is None:
        return repr(body[:_MAX_RAW_LENGTH])
    text = f"{event.get('eventType')} {orjson.dumps(event.get('data')).decode()}"
    return text if len(text) <= max_length else f"{text[:max_length]}…"
