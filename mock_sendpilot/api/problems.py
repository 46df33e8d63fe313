"""The problems of an invalid request or seed, of the errors in which marshmallow nests them."""

from collections.abc import Iterator
from typing import Any

from marshmallow import ValidationError

from mock_sendpilot.errors import Problem

Keys = tuple[str | int, ...]
"""The place of a value in JSON: names and indexes, from the outside in."""


def problems_of(error: ValidationError) -> list[Problem]:
    """Return marshmallow's nested messages as sentences: the field and what is wrong with it."""
    problems = []
    for keys, message in _messages(error.messages):
        rule = getattr(message, "rule", message)
        subject = f"{_path(keys)}: " if keys else ""
        rule_subject = f"{_nest_path(keys)} " if keys else ""
        problems.append(Problem(f"{subject}{message}", rule=f"{rule_subject}{rule}"))
    return problems


def sentences(error: ValidationError, root: str) -> list[tuple[str, str]]:
    """Return each message with the path of its subject, such as `root.leads[3].status`."""
    return [(_path((root, *keys)), message) for keys, message in _messages(error.messages)]


def _messages(messages: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield each message with its place from nested dicts and lists."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _messages(inner, keys if key == "_schema" else (*keys, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _messages(inner, keys)
    else:
        yield keys, messages


def _path(keys: Keys) -> str:
    first, *rest = keys
    return str(first) + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)


def _nest_path(keys: Keys) -> str:
    """Return a place as NestJS writes it: `filters.each value in titles`."""
    *parents, last = keys
    if isinstance(last, int) and parents:
        last = f"each value in {parents.pop()}"
    return ".".join(map(str, (*parents, last)))
