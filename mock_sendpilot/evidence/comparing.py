"""The differences between what was recorded and what a replay makes of it, field by field."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

from mock_sendpilot.json_text import short_json
from mock_sendpilot.lazy_dataclass import dataclass

NOTHING = "(nothing)"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)|(?<!\d)\d{13}(?!\d)")
"""A time, or milliseconds since 1970, which ids of events have."""
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_OF_REPLY = ("status", "fault", "retryAfter", "contentType", "body")
_OF_ATTEMPT = ("trigger", "disruption", "status", "error", "sentBody")
_PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that came out otherwise.

    Attributes:
        where: the request, the event or the attempt.
        field: the field, with the path within a body.
        recorded: its value in the file, in short.
        replayed: its value now.
    """

    where: str
    field: str
    recorded: str
    replayed: str

    def as_json(self) -> dict[str, str]:
        """Return it as JSON."""
        return asdict(self)


class Comparison:
    """Compares the parts of two documents.

    Args:
        tolerance: the difference of times that is none. A clock that ran while it was recorded
            showed times between two requests that nobody has noted.
    """

    def __init__(self, tolerance: timedelta) -> None:
        self._tolerance = tolerance

    def reply(
        self, where: str, recorded: Mapping[str, Any], replayed: Mapping[str, Any]
    ) -> Iterator[Difference]:
        """Yield the differences of a response."""
        yield from self._fields(where, _OF_REPLY, recorded, replayed)

    def events(
        self, recorded: Sequence[Mapping[str, Any]], replayed: Sequence[Mapping[str, Any]]
    ) -> Iterator[Difference]:
        """Yield the differences of events, in their order, and of their deliveries."""
        for number, event in enumerate(recorded, start=1):
            where = f"event {number}, {event['type']}"
            if number > len(replayed):
                yield Difference(where, "event", str(event["id"]), NOTHING)
                continue
            other = replayed[number - 1]
            yield from self._fields(where, ("type", "id", "body"), event, other)
            yield from self._deliveries(where, event["deliveries"], other["deliveries"])
        for number, event in enumerate(replayed[len(recorded) :], start=len(recorded) + 1):
            yield Difference(f"event {number}", "event", NOTHING, str(event["type"]))

    def _deliveries(
        self, where: str, recorded: Sequence[Any], replayed: Sequence[Any]
    ) -> Iterator[Difference]:
        if len(recorded) != len(replayed):
            counts = str(len(recorded)), str(len(replayed))
            yield Difference(where, "deliveries", *counts)
        for one, other in zip(recorded, replayed, strict=False):
            place = f"{where} to {one['endpointId']}"
            mine, theirs = one["attempts"], other["attempts"]
            # What was pending in the end may have come a moment later.
            may_go_on = one["state"] == _PENDING
            if len(theirs) < len(mine) or (len(theirs) > len(mine) and not may_go_on):
                yield Difference(place, "attempts", str(len(mine)), str(len(theirs)))
            if one["state"] != other["state"] and not may_go_on:
                yield Difference(place, "state", _short(one["state"]), _short(other["state"]))
            for number, (attempt, again) in enumerate(zip(mine, theirs, strict=False), start=1):
                yield from self._fields(f"{place}, attempt {number}", _OF_ATTEMPT, attempt, again)

    def _fields(
        self, where: str, names: Sequence[str], recorded: Any, replayed: Any
    ) -> Iterator[Difference]:
        for name in names:
            mine, theirs = recorded[name], replayed[name]
            if name in {"body", "sentBody"}:
                mine, theirs = _parsed(mine), _parsed(theirs)
            for path, one, other in self._values(mine, theirs, name):
                yield Difference(where, path, _short(one), _short(other))

    def _values(self, recorded: Any, replayed: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
        if isinstance(recorded, dict) and isinstance(replayed, dict):
            for key in dict.fromkeys([*recorded, *replayed]):
                mine, theirs = recorded.get(key, _Missing), replayed.get(key, _Missing)
                yield from self._values(mine, theirs, f"{path}.{key}")
        elif isinstance(recorded, list) and isinstance(replayed, list):
            for index in range(max(len(recorded), len(replayed))):
                mine = recorded[index] if index < len(recorded) else _Missing
                theirs = replayed[index] if index < len(replayed) else _Missing
                yield from self._values(mine, theirs, f"{path}[{index}]")
        elif not self._is_same(recorded, replayed):
            yield path, recorded, replayed

    def _is_same(self, recorded: Any, replayed: Any) -> bool:
        if recorded == replayed and type(recorded) is type(replayed):
            return True
        if not (self._tolerance and isinstance(recorded, str) and isinstance(replayed, str)):
            return False
        if _TIME.sub("", recorded) != _TIME.sub("", replayed):
            return False
        pairs = zip(_TIME.findall(recorded), _TIME.findall(replayed), strict=False)
        return all(abs(_moment(one) - _moment(other)) <= self._tolerance for one, other in pairs)


class _Missing:
    """Stands for a member that one of the two does not have."""


def _moment(text: str) -> datetime:
    if text.isdecimal():
        return _EPOCH + int(text) * _MILLISECOND
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")[:32])
    except ValueError:  # of a body with a time that is none
        return _EPOCH


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _short(value: Any) -> str:
    return NOTHING if value is _Missing else short_json(value)
