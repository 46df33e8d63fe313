"""Durations as people write them: `90s`, `1h30m`, `2d`."""

import re
from datetime import timedelta

from mock_sendpilot.errors import InvalidInput

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(w|d|h|m|s)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
LONGEST = timedelta(days=36525)
EXPECTED = "a duration such as 90s, 30m, 1h30m or 2d"


def parse_duration(text: str) -> timedelta:
    """The duration that a text such as `1h30m` tells: weeks, days, hours, minutes, seconds.

    Raises:
        InvalidInput: it tells none, or more than a hundred years.
    """
    if not _WHOLE.fullmatch(text):
        raise InvalidInput(f"must be {EXPECTED}; it was {text[:60]!r}")
    try:
        parts = [timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(text)]
        total = sum(parts, timedelta())
    except OverflowError:
        total = timedelta.max
    if total > LONGEST:
        raise InvalidInput(f"must be {EXPECTED}, at most 100 years; it was {text[:60]!r}")
    return total


def written(duration: timedelta) -> str:
    """A duration as `parse_duration` reads it, in whole seconds: `1d6h`."""
    seconds = round(duration.total_seconds())
    parts = []
    for letter, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts) or "0s"
