"""`check_receiver`: the verdict on a receiver, for a test."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.examination import examine
from mock_sendpilot.receiver_check.probes import url_probe
from mock_sendpilot.receiver_check.report import Report
from mock_sendpilot.receiver_check.target import MAX_LATENCY_SECONDS, TIMEOUT_SECONDS, Probe, Target
from mock_sendpilot.scheduling.clock import ProcessClock, SystemClock
from mock_sendpilot.testing.serving import AppServer, Receiver, checked_path
from mock_sendpilot.urls import url_problems
from mock_sendpilot.world.endpoint_settings import PROCESS, WALL

_CLOCKS: Mapping[str, type[SystemClock]] = {PROCESS: ProcessClock, WALL: SystemClock}


def check_receiver(
    receiver: Receiver,
    *,
    secret: str,
    contract: Contract,
    path: str | None = None,
    scheme: str | Sequence[str] | None = None,
    probe: str | Callable[[], Any] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    max_latency: float = MAX_LATENCY_SECONDS,
    lead_id: str | None = None,
    signature_clock: str = PROCESS,
) -> Report:
    """Deliver a graded series of events to a receiver: `assert report.passed, str(report)`.

    The keywords but for the contract are those of `Sandbox.check_receiver`, which tells of them.

    Raises:
        InvalidInput: a bad URL, path, secret, scheme, lead id or signature clock, or a probe that
            shows nothing.
    """
    if signature_clock not in _CLOCKS:
        expected = " or ".join(_CLOCKS)
        raise InvalidInput(f"signature_clock: expected {expected}, got {signature_clock!r}")
    clock = _CLOCKS[signature_clock]()
    schemes = (scheme,) if isinstance(scheme, str) else tuple(scheme or ())

    def target(origin: str, url: str) -> Target:
        return Target(
            url=url,
            secret=secret,
            contract=contract,
            schemes=schemes,
            timeout_seconds=timeout,
            max_latency_seconds=max_latency,
            probe=_probe(probe, origin, timeout),
            lead_id=lead_id,
        )

    if isinstance(receiver, str):
        return examine(target("", receiver), clock=clock)
    path = checked_path(path)
    with AppServer(receiver) as server:
        return examine(target(server.origin, f"{server.origin}{path}"), clock=clock)


def _probe(
    probe: str | Callable[[], Any] | None, origin: str, timeout_seconds: float
) -> Probe | None:
    if probe is None or not isinstance(probe, str):
        return probe
    url = f"{origin}{probe}" if probe.startswith("/") else probe
    problems = url_problems(url)
    if problems:
        raise InvalidInput(*(f"the probe {problem}" for problem in problems))
    return url_probe(url, timeout_seconds=timeout_seconds)
