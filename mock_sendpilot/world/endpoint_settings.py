"""How one endpoint is delivered to, where that differs from what its contract says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SIGNATURE_SCHEMES = ("documented", "svix", "standardwebhooks")
WALL, VIRTUAL, PROCESS = "wall", "virtual", "process"
SIGNATURE_CLOCKS = (WALL, VIRTUAL, PROCESS)
"""Real time; what the clock of the workspace shows; and what the emulator's process shows, which is
real time unless a test in that process freezes it or travels."""
MOST_CONCURRENCY = 64
MOST_DELAYS, LONGEST_DELAY_SECONDS = 100, 30 * 24 * 3600
SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS = 0.1, 3600
MAX_HEADERS, MAX_HEADER_LENGTH = 20, 2000
RESERVED_HEADERS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""Names that are the emulator's own; so are those that begin like the signatures'."""
_RESERVED_PREFIXES = ("proxy-", "svix-", "webhook-")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """None stands for what the contract or the server says.

    `concurrency` is how many deliveries may be under way at one time; only with 1 does their order
    hold. `signature_clock` says which time stands in signatures. `headers` are sent with each
    attempt, and must not be changed in place.
    """

    retry_delays_seconds: tuple[float, ...] | None = None
    timeout_seconds: float | None = None
    signatures: tuple[str, ...] | None = None
    concurrency: int = 1
    signature_clock: str = WALL
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


DEFAULT_SETTINGS = EndpointSettings()


def settings_problems(settings: EndpointSettings) -> list[str]:
    """What cannot be of some settings, a sentence each."""
    checks = (
        _delays_problem(settings.retry_delays_seconds),
        _timeout_problem(settings.timeout_seconds),
        signatures_problem(settings.signatures),
        _concurrency_problem(settings.concurrency),
        None
        if settings.signature_clock in SIGNATURE_CLOCKS
        else f"signatureClock must be one of {', '.join(SIGNATURE_CLOCKS)}; "
        f"it was {settings.signature_clock!r}",
        _headers_problem(settings.headers),
    )
    return [problem for problem in checks if problem is not None]


def _concurrency_problem(count: object) -> str | None:
    if isinstance(count, int) and 1 <= count <= MOST_CONCURRENCY:
        return None
    return f"concurrency must be a whole number from 1 to {MOST_CONCURRENCY}; it was {count!r}"


def _delays_problem(delays: tuple[float, ...] | None) -> str | None:
    longest = LONGEST_DELAY_SECONDS
    if delays is None:
        return None
    if len(delays) <= MOST_DELAYS and all(_is_within(delay, 0, longest) for delay in delays):
        return None
    wanted = f"at most {MOST_DELAYS} numbers of seconds from 0 to {longest} (30 days)"
    return f"retryDelaysSeconds must be {wanted}"


def _timeout_problem(seconds: float | None) -> str | None:
    shortest, longest = SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS
    if seconds is None or _is_within(seconds, shortest, longest):
        return None
    return f"timeoutSeconds must be from {shortest} to {longest}; it was {seconds!r}"


def _is_within(number: object, lowest: float, highest: float) -> bool:
    return isinstance(number, int | float) and lowest <= number <= highest


def signatures_problem(schemes: tuple[str, ...] | None) -> str | None:
    """Return the problem of a choice of signature schemes, or None."""
    if schemes is None:
        return None
    known = ", ".join(SIGNATURE_SCHEMES)
    if not schemes or len(set(schemes)) < len(schemes) or not set(schemes) <= {*SIGNATURE_SCHEMES}:
        return f"signatures must name one or two different schemes out of {known}"
    if {"documented", "standardwebhooks"} <= set(schemes):
        return "signatures cannot be documented and standardwebhooks: both need Webhook-Signature"
    return None


def _headers_problem(headers: object) -> str | None:
    """Say what is wrong with the headers, without a value: it may be a secret."""
    if not isinstance(headers, Mapping):
        return "headers must be an object of texts by name, such as X-Env: staging"
    if len(headers) > MAX_HEADERS:
        return f"headers must be {MAX_HEADERS} at most; there are {len(headers)}"
    if len({str(name).lower() for name in headers}) < len(headers):
        return "headers must have each name once, whatever its letter case"
    problems = (_header_problem(name, value) for name, value in headers.items())
    return next((problem for problem in problems if problem), None)


def _header_problem(name: object, value: object) -> str | None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        return f"headers: expected the name of a header, such as X-Env; got {str(name)[:100]!r}"
    if name.lower() in RESERVED_HEADERS or name.lower().startswith(_RESERVED_PREFIXES):
        return f"headers.{name} is reserved: the emulator sets it itself"
    is_short = isinstance(value, str) and len(value) <= MAX_HEADER_LENGTH
    if is_short and _HEADER_VALUE.fullmatch(str(value)):
        return None
    return (
        f"headers.{name} must be a text of printable ASCII, without blanks at its ends, of at most "
        f"{MAX_HEADER_LENGTH} characters"
    )
