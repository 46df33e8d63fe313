"""Likeness: what the answers to one event, three times the same, tell of what was done."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import orjson

from mock_sendpilot.receiver_check.answers import Answer, printable
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED, WARNED, Finding

_Said = Mapping[str, Any]
"""What an answer says, part by part: from the way to a value to the value."""
_MISSING = object()
_WORDS = re.compile(r"\w+|[^\w\s]")
_MOST_ROWS = 1_000_000_000  # a larger number is a time
_TRY_PROBE = "a probe would show what was done"
_FIX = (
    "Keep the eventIds that were done (with a unique constraint), and do nothing for one that is "
    "there. If the number in the answers counts requests, give a probe."
)


def of_answers(same: Sequence[Answer], fresh: Answer) -> Finding:
    """What the answers say of a receiver that accepted them all.

    Args:
        same: to one event, three times.
        fresh: to another one, after them.

    A receiver that knows the event again may say so: the second and the third time, and not of
    another event. One that acts each time may say so, too: with the number of a new row. What is
    only new in every answer is a time, or the id of a request, and tells nothing.
    """
    first, second, third = said = [_said(answer) for answer in same]
    noise = _differing(second, third)
    telling = [path for path in _differing(first, second) if path not in noise]
    if telling and all(_tells_alike(path, first, second, _said(fresh)) for path in telling):
        return Finding(PASSED, f"it answers repetitions otherwise; {_TRY_PROBE}")
    if any(_counts_up([one.get(path) for one in said]) for path in noise):
        created = all(answer.status_code == HTTPStatus.CREATED for answer in same)
        seen = f"a new number each time, as if for new rows: {', '.join(map(_shown, same))}"
        return Finding(FAILED if created else WARNED, seen, _FIX)
    if noise or telling:
        return Finding(INCONCLUSIVE, f"the answers differ, but not in what they say; {_TRY_PROBE}")
    return Finding(INCONCLUSIVE, f"the answers are alike; {_TRY_PROBE}")


def _tells_alike(path: str, first: _Said, second: _Said, fresh: _Said) -> bool:
    """Whether a new event is answered as the first time, and not as the second."""
    if (path in first) != (path in second):
        return (path in first) == (path in fresh)
    return bool(fresh.get(path, _MISSING) == first[path])


def _differing(one: _Said, other: _Said) -> list[str]:
    paths = dict.fromkeys((*one, *other))
    return [path for path in paths if one.get(path, _MISSING) != other.get(path, _MISSING)]


def _counts_up(values: Sequence[object]) -> bool:
    numbers = [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
    if len(numbers) < len(values) or max(numbers) >= _MOST_ROWS:
        return False
    return all(later == one + 1 for one, later in pairwise(numbers))


def _said(answer: Answer) -> _Said:
    try:
        body = orjson.loads(answer.body)
    except ValueError:
        text = answer.body.decode("utf-8", "replace")
        body = [int(word) if word.isdecimal() else word for word in _WORDS.findall(text)]
    return {"status": answer.status_code, **dict(_parts(body, "body"))}


def _parts(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Every value that holds no others, with the way to it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _parts(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _parts(one, f"{path}[{number}]")
    else:
        yield path, value


def _shown(answer: Answer) -> str:
    return f"{answer.status_code} {printable(answer.body[:60].decode('utf-8', 'replace'))}"
