"""`check_receiver`: the check of a receiver, for a test; and the probes that tests give."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.checks import run_checks
from mock_sendpilot.receiver_check.report import ReceiverReport
from mock_sendpilot.receiver_check.target import (
    MAX_LATENCY_SECONDS,
    Target,
    command_probe,
    url_probe,
)
from mock_sendpilot.scheduling.clock import ProcessClock, SystemClock
from mock_sendpilot.testing.serving import AppServer, Receiver, checked_path
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS
from mock_sendpilot.world.endpoint_settings import PROCESS, WALL

ProbeSource = Callable[[], Any] | str | Sequence[str]
"""A probe: a function, a URL or a path of the app, or a command with its arguments."""
_CLOCKS: Mapping[str, type[SystemClock]] = {PROCESS: ProcessClock, WALL: SystemClock}


def check_receiver(
    receiver: Receiver,
    *,
    secret: str,
    contract: Contract,
    path: str | None = None,
    scheme: str | Sequence[str] | None = None,
    probe: ProbeSource | None = None,
    timeout: float = TIMEOUT_SECONDS,
    max_latency: float = MAX_LATENCY_SECONDS,
    lead_id: str | None = None,
    signature_clock: str = PROCESS,
) -> ReceiverReport:
    """Check a receiver: `assert report.passed, str(report)`.

    Except for the contract, the arguments are those of `Sandbox.check_receiver`.

    Raises:
        InvalidInput: the URL, path, secret, scheme, lead id or signature clock is invalid, or the
            probe returns no count.
    """
    if signature_clock not in _CLOCKS:
        expected = " or ".join(_CLOCKS)
        raise InvalidInput(f"signature_clock: expected {expected}, got {signature_clock!r}")
    clock = _CLOCKS[signature_clock]()

    def check(url: str, *, origin: str = "") -> ReceiverReport:
        target = Target(
            url=url,
            secret=secret,
            contract=contract,
            schemes=(scheme,) if isinstance(scheme, str) else tuple(scheme or ()),
            timeout_seconds=timeout,
            max_latency_seconds=max_latency,
            probe=(
                None if probe is None else probe_of(probe, origin=origin, timeout_seconds=timeout)
            ),
            lead_id=lead_id,
        )
        return run_checks(target, clock=clock)

    if isinstance(receiver, str):
        return check(receiver)
    # An app has a path of its own for webhooks; that of a URL is part of it.
    path = checked_path(path)
    with AppServer(receiver) as server:
        return check(f"{server.origin}{path}", origin=server.origin)


def probe_of(source: ProbeSource, *, origin: str, timeout_seconds: float) -> Callable[[], Any]:
    """Return the probe that somebody has given as a function, a URL, a path or a command.

    Args:
        source: it.
        origin: the origin of the app that has the path.
        timeout_seconds: the time for an answer of a URL, or for a command.

    Raises:
        InvalidInput: it is none of these, or the URL is invalid.
    """
    if callable(source):
        return source
    if isinstance(source, str):
        url = f"{origin}{source}" if source.startswith("/") else source
        problems = url_problems(url)
        if problems:
            raise InvalidInput(*(f"the probe: {problem}" for problem in problems))
        return url_probe(url, timeout_seconds=timeout_seconds)
    command = list(source) if isinstance(source, Sequence) else []
    if not command or not all(isinstance(one, str) for one in command):
        raise InvalidInput(
            "the probe: expected a function, a URL, a path of the app, or a command as a list of "
            f"texts, got {source!r:.80}"
        )
    return command_probe(command, timeout_seconds=timeout_seconds)
