"""Patterns of events: what is looked for, and how near what came was to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

_MOST_SHOWN = 10
_LONGEST_MISS, _LONGEST_SUMMARY = 1000, 200


@dataclass(frozen=True, slots=True)
class EventPattern:
    """An event of this type (None: of any) whose `data` holds these values.

    Keys are the vendor's, or the same in snake case: `lead_id` is looked for as `leadId`, but in
    the events of searches and extractions as it stands.
    """

    event_type: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def misses(self, body: bytes) -> list[str]:
        """What does not fit, a sentence each; nothing where all fits."""
        return self.misses_in(parsed(body))

    def fits(self, found: Mapping[str, Any] | None) -> bool:
        """Return whether an event that was parsed fits; cheaper than its misses in words."""
        if found is None or self.event_type not in {None, found.get("eventType")}:
            return False
        data = found.get("data", {})
        for key, value in self.values.items():
            name = key if key in data else camel_case(key)
            if name not in data or not _is_same(data[name], value):
                return False
        return True

    def misses_in(self, found: Mapping[str, Any] | None) -> list[str]:
        """Return what does not fit in an event that was parsed; None is a body that is no event."""
        if found is None:
            return ["the body is no JSON object with an object `data`"]
        misses = []
        if self.event_type is not None and found.get("eventType") != self.event_type:
            misses.append(f"eventType is {found.get('eventType')!r}, not {self.event_type!r}")
        data = found.get("data", {})
        for key, value in self.values.items():
            name = key if key in data else camel_case(key)
            if name not in data:
                misses.append(f"data has no key {name!r} (it has {', '.join(data)})")
            elif not _is_same(data[name], value):
                misses.append(f"data.{name} is {data[name]!r}, not {value!r}")
        return misses

    def matches(self, body: bytes) -> bool:
        """Whether a body fits."""
        return self.fits(parsed(body))

    def failure(
        self,
        bodies: Sequence[bytes],
        *,
        timeout_seconds: float | None,
        notes: Sequence[str] = (),
        noun: str = "webhook",
    ) -> str:
        """Some lines that take the nearest of what came apart, and list the latest of it.

        Args:
            bodies: what came, oldest first.
            timeout_seconds: how long it was waited for; None where there was no waiting.
            notes: what else there is to say.
            noun: what is missed, `webhook` or `event`.
        """
        values = "".join(f", {key}={value!r}" for key, value in self.values.items())
        wanted = "of any type" if self.event_type is None else repr(self.event_type)
        waited = "" if timeout_seconds is None else f" within {timeout_seconds:g} s"
        lines = [f"no {noun} {wanted}{values}{waited}", *(f"  {note}" for note in notes)]
        nearest = self._nearest(bodies)
        if nearest is not None:
            lines.append(f"  nearest miss: {_summary(nearest, _LONGEST_MISS)}")
            lines += [f"    {miss}" for miss in self.misses(nearest)]
        if not bodies:
            lines.append("  nothing came")
        elif list(bodies) != [nearest]:
            of_all = "" if len(bodies) <= _MOST_SHOWN else f"; the latest of {len(bodies)}"
            lines.append(f"  came{of_all}:")
            lines += [f"    {_summary(body, _LONGEST_SUMMARY)}" for body in bodies[-_MOST_SHOWN:]]
        return "\n".join(lines)

    def _nearest(self, bodies: Sequence[bytes]) -> bytes | None:
        """Of those that miss least the latest; where some fit, only one of the same type."""
        missing = [body for body in bodies if not self.matches(body)]
        if len(missing) < len(bodies):
            missing = [body for body in missing if self._is_of_type(body)]
        return min(reversed(missing), key=lambda body: len(self.misses(body)), default=None)

    def _is_of_type(self, body: bytes) -> bool:
        found = parsed(body)
        return found is not None and self.event_type in {None, found.get("eventType")}


ANY_EVENT = EventPattern()


def _is_same(found: Any, wanted: Any) -> bool:
    """Whether two values of JSON are the same; to Python true is 1 as well."""
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def camel_case(name: str) -> str:
    """`lead_id` as `leadId`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def parsed(body: bytes) -> dict[str, Any] | None:
    """The event that a body is, or None if it is none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("data", {}), dict):
        return None
    return found


def _summary(body: bytes, longest: int) -> str:
    found = parsed(body)
    if found is None:
        return repr(body[:200])
    text = f"{found.get('eventType')} {orjson.dumps(found.get('data')).decode()}"
    return text if len(text) <= longest else f"{text[:longest]}…"
