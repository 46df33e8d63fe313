"""`check_receiver`: the verdict on a receiver, for a test."""

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Union

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.urls import url_problems
from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.testing.crashes import answering_crashes
from mock_sendpilot.verdict.examination import examine
from mock_sendpilot.verdict.probes import url_probe
from mock_sendpilot.verdict.report import Report
from mock_sendpilot.verdict.target import PROMPT_SECONDS, TIMEOUT_SECONDS, Probe, Target

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Receiver = Union[str, "WSGIApplication"]


class _ShownClock(SystemClock):
    """The time that this process shows, also where a test has frozen it or travels.

    A receiver within the process compares the time of a signature with that.
    """

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        return datetime.now(timezone.utc)


def check_receiver(
    receiver: Receiver,
    *,
    secret: str,
    contract: Contract,
    path: str = "/webhooks",
    scheme: str | Sequence[str] | None = None,
    probe: str | Callable[[], Any] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    prompt: float = PROMPT_SECONDS,
    lead_id: str | None = None,
) -> Report:
    """Deliver a graded series of events to a receiver: `assert report.passed, str(report)`.

    The keywords but for the contract are those of `Sandbox.check_receiver`, which tells of them.

    Signatures bear real time; for a WSGI app, that which the process shows, should a test have
    frozen it.

    Raises:
        InvalidInput: a bad URL, path, secret, scheme or lead id, or a probe that shows nothing.
    """
    schemes = (scheme,) if isinstance(scheme, str) else tuple(scheme or ())

    def target(origin: str, url: str) -> Target:
        return Target(
            url=url,
            secret=secret,
            contract=contract,
            schemes=schemes,
            timeout_seconds=timeout,
            prompt_seconds=prompt,
            probe=_probe(probe, origin, timeout),
            lead_id=lead_id,
        )

    if isinstance(receiver, str):
        return examine(target("", receiver))
    if not path.startswith("/"):
        raise InvalidInput(f"the path must begin with /, unlike {path!r}")
    with HttpServer(answering_crashes(receiver)) as server:
        return examine(target(server.origin, f"{server.origin}{path}"), clock=_ShownClock())


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
