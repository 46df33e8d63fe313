"""Durations as people write them: `90s`, `1h30m`, `2d`."""

import re
from collections.abc import Mapping
from datetime import timedelta

from mock_sendpilot.errors import InvalidInput

_UNITS: Mapping[str, str] = {
    "w": "weeks",
    "d": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
}
# Digits are limited: a number of thousands of them would take long to convert, and means nothing.
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(w|d|h|m|s)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS: Mapping[str, int] = {"d": 86_400, "h": 3600, "m": 60}
MAX_DURATION = timedelta(days=36525)
DURATION_FORMAT = "a duration such as 90s, 30m, 1h30m or 2d"


def parse_duration(text: str) -> timedelta:
    """Parse a text such as `1h30m`: weeks, days, hours, minutes, seconds.

    Raises:
        InvalidInput: the text is no duration, or is longer than a hundred years.
    """
    if not _WHOLE.fullmatch(text):
        raise InvalidInput(f"expected {DURATION_FORMAT}, got {text[:60]!r}")
    try:
        parts = [timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(text)]
        total = sum(parts, timedelta())
    except OverflowError:
        total = timedelta.max
    if total > MAX_DURATION:
        raise InvalidInput(f"expected {DURATION_FORMAT}, at most 100 years, got {text[:60]!r}")
    return total


def format_duration(duration: timedelta) -> str:
    """Write a duration, which is not negative, so that `parse_duration` reads the same one."""
    seconds, parts = duration // timedelta(seconds=1), ""
    for unit, length in _SECONDS.items():
        count, seconds = divmod(seconds, length)
        parts += f"{count}{unit}" if count else ""
    fraction = f".{duration.microseconds:06}".rstrip("0").rstrip(".")
    return f"{parts}{seconds}{fraction}s" if seconds or fraction or not parts else parts
