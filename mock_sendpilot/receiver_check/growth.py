"""Growth: by how much the numbers and lengths that a probe shows have changed."""

import math
import re
from collections.abc import Iterator, Mapping, Sized
from decimal import Decimal

from mock_sendpilot.scheduling.clock import SystemClock

Growth = Mapping[str, float]
"""From the way to a number or a length to its change, which is not 0."""
_ALONE = re.compile(r"(?<![\w.:+-])\d{1,18}(?:\.\d{1,9})?(?!\w|[:+-]|\.\d)")
_NAMED_AS_ID = re.compile(r"(?:^|[._])id$|(?:Id|ID)$")
_SCALES = (1, 10**3, 10**6, 10**9)  # seconds to nanoseconds
_DAYS_NEAR_NOW = 2 * 24 * 3600
_LARGEST = 2**63
_MOST_TIMES = 4
_LENGTH, _LINES = " length", " lines"


def growth(before: object, after: object) -> Growth:
    """By how much each number and each length has changed, if it has.

    Numbers are such as stand alone, or in a text between other words. What tells a time or is named
    as an id is no count of anything. Within lists lengths alone count: rows move, and have ids.
    """
    return dict(_changes(before, after, "", is_row=False))


def multiples(one: Growth, more: Growth) -> Mapping[str, int]:
    """How many times what there is in `one` is in `more`: 1 to 4, where it can be told."""
    return {
        key: count
        for key, change in one.items()
        for count in range(1, _MOST_TIMES + 1)
        if math.isclose(more.get(key, 0), count * change, rel_tol=1e-6)
    }


def is_length(path: str) -> bool:
    """Whether it is the way to a length, which no clock moves."""
    return path.endswith((_LENGTH, _LINES))


def _changes(
    before: object, after: object, path: str, *, is_row: bool
) -> Iterator[tuple[str, float]]:
    if isinstance(before, str) and isinstance(after, str):
        yield from () if is_row else _changes_of_text(before, after, path)
    elif isinstance(before, Sized) and isinstance(after, Sized):
        yield from _difference(len(before), len(after), path + _LENGTH)
        is_row = is_row or not isinstance(before, Mapping)
        for step, one, other in _parts(before, after):
            yield from _changes(one, other, path + step, is_row=is_row)
    elif not is_row and not _NAMED_AS_ID.search(path):
        yield from _difference(before, after, path)


def _parts(before: object, after: object) -> Iterator[tuple[str, object, object]]:
    """What is in both, with the step that leads to it; of lists only if no row has come or gone."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from ((f".{key}", before[key], after[key]) for key in before if key in after)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        pairs = zip(before, after, strict=True) if len(before) == len(after) else ()
        yield from ((f"[{place}]", *pair) for place, pair in enumerate(pairs))


def _changes_of_text(before: str, after: str, path: str) -> Iterator[tuple[str, float]]:
    """Its lines; and if they are as many as before, the numbers that stand alone."""
    lines = before.count("\n"), after.count("\n")
    yield from _difference(*lines, path + _LINES)
    earlier, later = _ALONE.findall(before), _ALONE.findall(after)
    if lines[0] == lines[1] and len(earlier) == len(later):
        for place, (one, other) in enumerate(zip(earlier, later, strict=True)):
            yield from _difference(_parsed(one), _parsed(other), f"{path} {place}")


def _parsed(text: str) -> float:
    return float(text) if "." in text else int(text)


def _difference(before: object, after: object, path: str) -> Iterator[tuple[str, float]]:
    earlier, later = _number(before), _number(after)
    if earlier is None or later is None or earlier == later:
        return
    if not (_is_time(earlier) and _is_time(later)):
        yield path, later - earlier


def _number(value: object) -> float | None:
    """A number that can be counted with; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value) if isinstance(value, Decimal) else value
    return number if abs(number) < _LARGEST else None


def _is_time(number: float) -> bool:
    """Whether it is a moment of these days, as Unix time."""
    now = SystemClock().now().timestamp()
    return any(abs(number / scale - now) < _DAYS_NEAR_NOW for scale in _SCALES)
