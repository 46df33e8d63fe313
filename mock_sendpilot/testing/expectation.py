"""Expectations of webhooks: what is looked for, and how near what came was to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A webhook of this type whose `data` holds these values.

    Keywords are the vendor's keys in snake case: `lead_id` is looked for as `leadId`.
    """

    event_type: str
    values: Mapping[str, Any]

    def misses(self, body: Mapping[str, Any]) -> list[str]:
        """What does not fit, a sentence each; nothing where all fits."""
        data = body.get("data", {})
        misses = []
        if body.get("eventType") != self.event_type:
            misses.append(f"eventType is {body.get('eventType')!r}, not {self.event_type!r}")
        for key, value in self.values.items():
            name = camel_case(key)
            if name not in data:
                misses.append(f"data has no key {name!r} (it has {', '.join(data)})")
            elif data[name] != value:
                misses.append(f"data.{name} is {data[name]!r}, not {value!r}")
        return misses

    def failure(self, bodies: Iterable[bytes], *, within: float, note: str = "") -> WebhookNotSeen:
        """An error that lists what came, and takes the nearest of it apart."""
        values = "".join(f", {key}={value!r}" for key, value in self.values.items())
        lines = [f"no webhook {self.event_type!r}{values} within {within:g} s"]
        parsed = [orjson.loads(body) for body in bodies]
        lines += [f"  came: {_summary(body)}" for body in parsed] or ["  nothing came"]
        if parsed:
            nearest = min(parsed, key=lambda body: len(self.misses(body)))
            lines.append(f"  nearest miss: {_summary(nearest)}")
            lines += [f"    {miss}" for miss in self.misses(nearest)]
        return WebhookNotSeen("\n".join([*lines, f"  {note}"] if note else lines))


def camel_case(name: str) -> str:
    """`lead_id` as `leadId`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _summary(body: Mapping[str, Any]) -> str:
    return f"{body.get('eventType')} {orjson.dumps(body.get('data')).decode()}"
