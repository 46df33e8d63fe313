"""A receiver to check, and the limits it has to meet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
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
