"""Probes: ways to see from outside what a receiver has done."""

import copy
import http.client
import io
import os
import ssl
import threading
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote, urlsplit

import orjson

from mock_sendpilot.final_response import FinalResponse
from mock_sendpilot.network import connected, own_copy
from mock_sendpilot.receiver_check.target import Probe
from mock_sendpilot.scheduling.clock import SystemClock

_POLL_SECONDS = 0.02
STILL_SECONDS = 0.05
_LONGEST_ANSWER = 5_000_000
_SAFE_IN_A_PATH = "/?%:@!$&'()*+,;=~"
"""What stays as it is, `%` included: what is quoted already is not quoted again."""


class ProbeFailed(Exception):
    """The probe showed nothing; the text says why."""


class NeverStill(ProbeFailed):
    """What the probe shows changes by itself, so that it tells nothing about events."""


def url_probe(url: str, *, timeout_seconds: float) -> Probe:
    """A probe that is a GET; it shows the body, parsed where it is JSON.

    Args:
        url: as `url_problems` allows it; letters beyond ASCII are quoted.
        timeout_seconds: for the whole answer.

    The probe raises:
        ProbeFailed: no whole answer in time, or not a 200.
    """

    def look() -> Any:
        try:
            status, body = _get(url, timeout_seconds)
        except TimeoutError as error:
            raise ProbeFailed(f"the probe gave no answer within {timeout_seconds:g} s") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ProbeFailed(f"the probe gave no answer: {error}") from error
        if status != http.HTTPStatus.OK:
            raise ProbeFailed(f"the probe answered {status}, not 200")
        return _parsed(body)

    return look


def look(probe: Probe) -> Any:
    """What a probe shows now; a copy, since it may be the very list that the receiver fills."""
    shown = probe()
    try:
        return copy.deepcopy(shown)
    except Exception:  # what cannot be copied can still be shown
        return repr(shown)


def look_until(probe: Probe, is_enough: Callable[[Any], object], *, within_seconds: float) -> Any:
    """What it shows once that is enough, or at the end."""
    began = SystemClock.running_seconds()
    while True:
        shown = look(probe)
        if is_enough(shown) or SystemClock.running_seconds() - began >= within_seconds:
            return shown
        pause(_POLL_SECONDS)


def look_until_still(
    probe: Probe, *, within_seconds: float, still_seconds: float = STILL_SECONDS
) -> Any:
    """What it shows once that stands still: what came before may still be at work.

    Args:
        probe: what is looked at.
        within_seconds: how long it may take.
        still_seconds: how long it has to stand still.

    Raises:
        NeverStill: it never does.
    """
    deadline = SystemClock.running_seconds() + within_seconds
    shown = look(probe)
    while True:
        pause(still_seconds)
        before, shown = shown, look(probe)
        if shown == before:
            return shown
        if SystemClock.running_seconds() > deadline:
            raise NeverStill("what the probe shows changes by itself")


def pause(seconds: float) -> None:
    """Do nothing, in real time."""
    threading.Event().wait(seconds)


class _Reader(io.RawIOBase):
    """Reads from a socket until a deadline: the socket's own timeout starts anew with each byte."""

    def __init__(self, connected: Any, deadline: float) -> None:
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self._deadline - SystemClock.running_seconds()
        if remaining <= 0:
            raise TimeoutError
        self._socket.settimeout(remaining)
        return int(self._socket.recv_into(buffer))

    def makefile(self, *_arguments: object) -> io.BufferedReader:
        """All that an HTTPResponse wants of a socket."""
        return io.BufferedReader(self)


def _get(url: str, timeout_seconds: float) -> tuple[int, bytes]:
    """Status and body of the answer to a GET."""
    deadline = SystemClock.running_seconds() + timeout_seconds
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection = _connection(url, timeout_seconds)
    try:
        accepted = {"Accept": "application/json, */*", "Connection": "close"}
        connection.request("GET", quote(path, safe=_SAFE_IN_A_PATH), headers=accepted)
        answer = FinalResponse(cast("Any", _Reader(connection.sock, deadline)))
        answer.begin()
        return answer.status, answer.read(_LONGEST_ANSWER)
    finally:
        connection.close()


def _connection(url: str, timeout_seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    # A copy: vcrpy replaces the classes for the whole process, and pook a method.
    client = own_copy("http.client")
    connection: http.client.HTTPConnection
    if parts.scheme == "http":
        connection = client.HTTPConnection(host, parts.port)
        connection.sock = connected(host, connection.port, timeout_seconds=timeout_seconds)
        return connection
    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)
    connection = client.HTTPSConnection(host, parts.port, context=context)
    made = connected(host, connection.port, timeout_seconds=timeout_seconds)
    try:
        connection.sock = context.wrap_socket(made, server_hostname=host)
    except Exception:
        made.close()
        raise
    return connection


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
