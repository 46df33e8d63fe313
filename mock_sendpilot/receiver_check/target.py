"""What is examined, and by which measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret

SCHEMES = ("documented", "svix", "standardwebhooks")
SEVERAL_SIGNATURES = frozenset({"svix", "standardwebhooks"})
"""The schemes whose header can carry more than one signature."""
_ONE_HEADER = (
    "documented and standardwebhooks cannot be sent together: both use the header "
    "Webhook-Signature; check them one after the other"
)
TIMEOUT_SECONDS = 30.0
MAX_LATENCY_SECONDS = 5.0
Probe = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A receiver, and what it is to be sent.

    Args:
        url: where it takes webhooks.
        secret: `whsec_…`, which it has, too.
        contract: gives the names and bodies of the events.
        schemes: signature schemes that may be sent; by default the contract's.
        timeout_seconds: how long it has for an answer.
        max_latency_seconds: how long it should take at most.
        probe: shows what it has done so far, as any value that can be compared.
        lead_id: of a lead that it knows; by default one is made up.

    Raises:
        InvalidInput: a bad URL, secret, scheme or lead id.
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
        problems = [f"the URL {problem}" for problem in url_problems(self.url)]
        if not is_secret(self.secret):
            problems.append(f"the secret must be {SECRET_FORMAT}")
        problems += scheme_problems(self.schemes)
        problems += [f"the lead id {problem}" for problem in lead_id_problems(self.lead_id or "")]
        if problems:
            raise InvalidInput(*problems)

    @property
    def candidates(self) -> tuple[str, ...]:
        """The schemes that the receiver may verify."""
        return self.schemes or self.contract.signatures


def scheme_problems(schemes: Sequence[str]) -> list[str]:
    """What speaks against sending these schemes."""
    unknown = [scheme for scheme in schemes if scheme not in SCHEMES]
    if unknown:
        return [f"a scheme must be one of {', '.join(SCHEMES)}, not {unknown[0]!r}"]
    if {"documented", "standardwebhooks"} <= set(schemes):
        return [_ONE_HEADER]
    return []


def lead_id_problems(lead_id: str) -> list[str]:
    """What speaks against an id in the body of an event; a command line can hold any bytes."""
    try:
        lead_id.encode()
    except UnicodeEncodeError:
        return [f"must be UTF-8; it was {lead_id!r}"]
    return []
