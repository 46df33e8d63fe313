"""Expectations of webhooks: what is looked for, and how near what came was to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A webhook of this type whose `data` holds these values.

    Keywords are the vendor's keys in snake case: `lead_id` is looked for as `leadId`, but in the
    events of searches and extractions as it stands.
    """

    event_type: str
    values: Mapping[str, Any]

    def misses(self, body: bytes) -> list[str]:
        """What does not fit, a sentence each; nothing where all fits."""
        found = _parsed(body)
        if found is None:
            return ["the body is no JSON object with an object `data`"]
        misses = []
        if found.get("eventType") != self.event_type:
            misses.append(f"eventType is {found.get('eventType')!r}, not {self.event_type!r}")
        data = found.get("data", {})
        for key, value in self.values.items():
            name = key if key in data else camel_case(key)
            if name not in data:
                misses.append(f"data has no key {name!r} (it has {', '.join(data)})")
            elif data[name] != value:
                misses.append(f"data.{name} is {data[name]!r}, not {value!r}")
        return misses

    def failure(self, bodies: Sequence[bytes], *, within: float, note: str = "") -> WebhookNotSeen:
        """An error that lists what came, and takes the nearest of it apart."""
        values = "".join(f", {key}={value!r}" for key, value in self.values.items())
        lines = [f"no webhook {self.event_type!r}{values} within {within:g} s"]
        came = [f"  came: {_summary(body)}" for body in bodies] if len(bodies) != 1 else []
        lines += came if bodies else ["  nothing came"]
        if bodies:
            nearest = min(bodies, key=lambda body: len(self.misses(body)))
            lines.append(f"  nearest miss: {_summary(nearest)}")
            lines += [f"    {miss}" for miss in self.misses(nearest)]
        return WebhookNotSeen("\n".join([*lines, f"  {note}"] if note else lines))


def camel_case(name: str) -> str:
    """`lead_id` as `leadId`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("data", {}), dict):
        return None
    return found


def _summary(body: bytes) -> str:
    found = _parsed(body)
    if found is None:
        return repr(body[:200])
    return f"{found.get('eventType')} {orjson.dumps(found.get('data')).decode()}"
