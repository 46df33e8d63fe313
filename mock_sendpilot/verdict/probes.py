"""Probes: ways to see from outside what a receiver has done."""

import copy
import http.client
import os
import re
import ssl
import threading
from collections.abc import Iterator, Mapping, Sized
from typing import Any
from urllib.parse import urlsplit

import orjson

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.verdict.target import Probe

_POLL_SECONDS = 0.02
_STILL_SECONDS = 0.05
_LONGEST_ANSWER = 5_000_000
_MOST_EFFECTS = 100_000_000  # what is greater is a time or an id
_ALONE = re.compile(r"(?<![\w.:+-])\d{1,8}(?![\w.:+-])")


class ProbeFailed(Exception):
    """The probe showed nothing; the text says why."""


def url_probe(url: str, *, timeout_seconds: float) -> Probe:
    """A probe that is a GET; it shows the body, parsed where it is JSON.

    The probe raises:
        ProbeFailed: no answer, or not a 200.
    """

    def look() -> Any:  # noqa: ANN401 - whatever the user's app shows
        connection = _connection(url, timeout_seconds)
        parts = urlsplit(url)
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        try:
            connection.request("GET", path, headers={"Accept": "application/json, */*"})
            answer = connection.getresponse()
            status, body = answer.status, answer.read(_LONGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise ProbeFailed(f"the probe gave no answer: {error}") from error
        finally:
            connection.close()
        if status != http.HTTPStatus.OK:
            raise ProbeFailed(f"the probe answered {status}, not 200")
        return _parsed(body)

    return look


def look(probe: Probe) -> Any:  # noqa: ANN401
    """What a probe shows now; a copy, since it may be the very list that the receiver fills."""
    shown = probe()
    try:
        return copy.deepcopy(shown)
    except Exception:  # noqa: BLE001 - what cannot be copied can still be shown
        return repr(shown)


def look_until_changed(probe: Probe, before: object, *, within_seconds: float) -> tuple[Any, float]:
    """What it shows once that differs from `before`, or at the end; and the seconds it took."""
    began = SystemClock.running_seconds()
    while True:
        shown = look(probe)
        took = SystemClock.running_seconds() - began
        if shown != before or took >= within_seconds:
            return shown, took
        pause(_POLL_SECONDS)


def look_until_settled(probe: Probe, *, within_seconds: float) -> Any:  # noqa: ANN401
    """What it shows once that stands still: what came before may still be at work.

    Raises:
        ProbeFailed: it never does.
    """
    deadline = SystemClock.running_seconds() + within_seconds
    shown = look(probe)
    while True:
        pause(_STILL_SECONDS)
        before, shown = shown, look(probe)
        if shown == before:
            return shown
        if SystemClock.running_seconds() > deadline:
            raise ProbeFailed("what the probe shows changes by itself")


def pause(seconds: float) -> None:
    """Do nothing, in real time."""
    threading.Event().wait(seconds)


def growth(before: object, after: object) -> dict[str, int]:
    """By how much each number and each length has changed, if it has."""
    earlier, later = _counts(before), _counts(after)
    changes = {key: later[key] - earlier[key] for key in earlier.keys() & later.keys()}
    return {key: change for key, change in changes.items() if change}


def _counts(shown: object) -> dict[str, int]:
    """The numbers in it; in a text, those that stand alone."""
    if not isinstance(shown, str):
        return dict(_numbers(shown, ""))
    numbers = {f" {place}": int(one) for place, one in enumerate(_ALONE.findall(shown))}
    return {" lines": shown.count("\n"), **numbers}


def _numbers(value: object, path: str) -> Iterator[tuple[str, int]]:
    """Every whole number and every length in a value, each with the way to it."""
    if isinstance(value, int) and value < _MOST_EFFECTS:
        yield path, int(value)
    elif isinstance(value, Mapping):
        yield f"{path} length", len(value)
        for key, one in value.items():
            yield from _numbers(one, f"{path}.{key}")
    elif isinstance(value, Sized) and not isinstance(value, str | bytes):
        yield f"{path} length", len(value)
        for number, one in enumerate(value if isinstance(value, list | tuple) else ()):
            yield from _numbers(one, f"{path}[{number}]")


def _connection(url: str, timeout_seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)
        return http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_seconds, context=context
        )
    return http.client.HTTPConnection(host, parts.port, timeout=timeout_seconds)


def _parsed(body: bytes) -> Any:  # noqa: ANN401
    try:
        return orjson.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
