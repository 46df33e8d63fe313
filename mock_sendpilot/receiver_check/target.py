"""The receiver to check, the limits of its responses, and the probe that counts its effects."""

import http.client
import io
import os
import ssl
import subprocess
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import Any, cast
from urllib.parse import quote, urlsplit

import orjson

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.final_response import FinalResponse
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.network import connected, own_copy
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS
from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret
from mock_sendpilot.world.endpoint_settings import signatures_problem

MAX_LATENCY_SECONDS = 5.0
Probe = Callable[[], float | list[Any]]
"""A function that returns the number of effects so far, or a list of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A receiver to check.

    Args:
        url: the URL of its route for webhooks.
        secret: its signing secret, `whsec_…`.
        contract: the contract with the names and bodies of the events.
        schemes: the signature schemes it may verify; by default the contract's.
        timeout_seconds: the time it has for a response.
        max_latency_seconds: the time a response, and its effect, should take at most.
        probe: a function that counts its effects.
        lead_id: the id of a lead it knows; by default a made-up one.

    Raises:
        InvalidInput: the URL, secret, schemes or lead id are invalid.
    """

    url: str
    secret: str
    contract: Contract
    schemes: tuple[str, ...] = ()
    timeout_seconds: float = TIMEOUT_SECONDS
    max_latency_seconds: float = MAX_LATENCY_SECONDS
    probe: Probe | None = None
    lead_id: str | None = None

    def __post_init__(self) -> None:
        problems = [f"the URL: {problem}" for problem in url_problems(self.url)]
        if not is_secret(self.secret):
            problems.append(f"the secret: expected {SECRET_FORMAT}")
        schemes_problem = signatures_problem(self.schemes or None)
        if schemes_problem:
            problems.append(schemes_problem)
        id_problem = lead_id_problem(self.lead_id or "")
        if id_problem:
            problems.append(f"the lead id: {id_problem}")
        if problems:
            raise InvalidInput(*problems)

    @property
    def candidate_schemes(self) -> tuple[str, ...]:
        """The schemes the receiver may verify."""
        return self.schemes or self.contract.signatures


def lead_id_problem(lead_id: str) -> str | None:
    """Return the problem of a lead id, or None; one from a command line can have any bytes."""
    try:
        lead_id.encode()
    except UnicodeEncodeError:
        return f"expected UTF-8, got {lead_id!r}"
    return None


_MAX_BODY_BYTES = 5_000_000
_SAFE_IN_A_PATH = "/?%:@!$&'()*+,;=~"
"""Characters that are not quoted; `%` is one, so that a quoted URL is not quoted twice."""


class ProbeFailed(Exception):
    """A probe returned no count; the text says why."""


def url_probe(url: str, *, timeout_seconds: float) -> Probe:
    """Return a probe that sends a GET and returns the JSON, or the text, of the response.

    Args:
        url: a valid URL; letters beyond ASCII are quoted.
        timeout_seconds: the time for the complete response.

    The probe raises `ProbeFailed` without a response in time, and for any status but 200.
    """

    def get() -> Any:
        try:
            status, body = _get(url, timeout_seconds)
        except TimeoutError as error:
            raise ProbeFailed(f"the probe did not respond within {timeout_seconds:g} s") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ProbeFailed(f"the probe did not respond: {error}") from error
        if status != http.HTTPStatus.OK:
            raise ProbeFailed(f"expected status 200 from the probe, got {status}")
        return _json_or_text(body)

    return get


def command_probe(command: Sequence[str], *, timeout_seconds: float) -> Probe:
    """Return a probe that runs a command and returns the JSON, or the text, that it prints.

    Args:
        command: the program and its arguments.
        timeout_seconds: the time for the whole of it; then it is killed.

    The probe raises `ProbeFailed` for a command that cannot be run, fails, or takes too long.
    """
    name = command[0]

    def run() -> Any:
        # Files instead of pipes: a child of the command that holds a pipe would be waited for.
        with TemporaryFile() as output, TemporaryFile() as errors:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    timeout=timeout_seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                message = f"the probe {name} did not end within {timeout_seconds:g} s"
                raise ProbeFailed(message) from error
            except OSError as error:
                raise ProbeFailed(f"the probe {name} cannot be run: {error.strerror}") from error
            output.seek(0)
            errors.seek(0)
            if done.returncode:
                lines = errors.read(_MAX_BODY_BYTES).decode("utf-8", "replace").split("\n")
                last = next((line for line in reversed(lines) if line.strip()), "")
                raise ProbeFailed(f"the probe {name} exited with {done.returncode}: {last:.300}")
            return _json_or_text(output.read(_MAX_BODY_BYTES))

    return run


def _json_or_text(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def effect_count(probe: Probe) -> float:
    """Return the number of effects a probe counts now.

    Raises:
        ProbeFailed: it returns neither a number nor a list.
    """
    value: object = probe()
    if isinstance(value, list):
        return len(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    kind = type(value).__name__
    raise ProbeFailed(f"expected a number or a list of effects from the probe, got {kind}")


class _Reader(io.RawIOBase):
    """A reader of a socket with one deadline: the socket's own timeout restarts with each byte."""

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
        """Return the file that an HTTPResponse reads from."""
        return io.BufferedReader(self)


def _get(url: str, timeout_seconds: float) -> tuple[int, bytes]:
    """Return the status and the body of the response to a GET."""
    deadline = SystemClock.running_seconds() + timeout_seconds
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection = _connection(url, timeout_seconds)
    try:
        headers = {"Accept": "application/json, */*", "Connection": "close"}
        connection.request("GET", quote(path, safe=_SAFE_IN_A_PATH), headers=headers)
        response = FinalResponse(cast("Any", _Reader(connection.sock, deadline)))
        response.begin()
        return response.status, response.read(_MAX_BODY_BYTES)
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
    # The variable that requests, and so the sender of webhooks, reads.
    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)
    connection = client.HTTPSConnection(host, parts.port, context=context)
    made = connected(host, connection.port, timeout_seconds=timeout_seconds)
    try:
        connection.sock = context.wrap_socket(made, server_hostname=host)
    except Exception:
        made.close()
        raise
    return connection
