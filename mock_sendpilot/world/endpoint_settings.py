"""The settings of a webhook endpoint that override those of its contract and of the server."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from mock_sendpilot.lazy_dataclass import dataclass

SIGNATURE_SCHEMES = ("documented", "svix", "standardwebhooks")
WALL, VIRTUAL, PROCESS = "wall", "virtual", "process"
SIGNATURE_CLOCKS = (WALL, VIRTUAL, PROCESS)
"""The clocks of signatures: real time, the clock of the workspace, and the clock of the emulator's
process, which is real time unless a test in that process freezes time or travels in it."""
MAX_CONCURRENCY = 64
MAX_DELAYS, MAX_DELAY_SECONDS = 100, 30 * 24 * 3600
MIN_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS = 0.1, 3600
MAX_HEADERS, MAX_HEADER_LENGTH = 20, 2000
TRACEPARENT = "traceparent"
"""The header of W3C Trace Context."""
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
"""Headers that the emulator sets itself, as well as those with a reserved prefix."""
# So that no header of a test passes for a signature.
_RESERVED_PREFIXES = ("proxy-", "svix-", "webhook-")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Of ASCII alone: there is no encoding of headers on which servers agree. Without line breaks, which
# would begin another header.
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """The settings of an endpoint; None stands for those of the contract or the server.

    `concurrency` is the number of deliveries that may run at the same time; only with 1 do they
    keep their order. `signature_clock` is one of `SIGNATURE_CLOCKS`. `headers` are sent with each
    attempt, and must not be changed in place. With `pass_traceparent` the webhooks of a request
    with a header `traceparent` have one of the same trace, which is invented.
    """

    retry_delays_seconds: tuple[float, ...] | None = None
    timeout_seconds: float | None = None
    signatures: tuple[str, ...] | None = None
    concurrency: int = 1
    signature_clock: str = WALL
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    pass_traceparent: bool = False


DEFAULT_SETTINGS = EndpointSettings()


def settings_problems(settings: EndpointSettings) -> list[str]:
    """Return a sentence for each setting that cannot be accepted; none if all are fine."""
    return [
        *_number_problems(settings),
        *_signature_problems(settings),
        *_header_problems(settings.headers),
        *_traceparent_problems(settings),
    ]


def _number_problems(settings: EndpointSettings) -> Iterator[str]:
    delays = settings.retry_delays_seconds
    if delays is not None and not (
        len(delays) <= MAX_DELAYS and all(_is_in(delay, 0, MAX_DELAY_SECONDS) for delay in delays)
    ):
        yield (
            f"retryDelaysSeconds: expected at most {MAX_DELAYS} numbers of seconds from 0 to "
            f"{MAX_DELAY_SECONDS} (30 days)"
        )
    timeout = settings.timeout_seconds
    if timeout is not None and not _is_in(timeout, MIN_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS):
        yield (
            f"timeoutSeconds: expected {MIN_TIMEOUT_SECONDS} to {MAX_TIMEOUT_SECONDS}, "
            f"got {timeout!r}"
        )
    # Python code may pass anything; JSON has been checked by the schema.
    count: object = settings.concurrency
    if not isinstance(count, int) or not 1 <= count <= MAX_CONCURRENCY:
        yield f"concurrency: expected a whole number from 1 to {MAX_CONCURRENCY}, got {count!r}"


def _is_in(number: object, minimum: float, maximum: float) -> bool:
    return isinstance(number, int | float) and minimum <= number <= maximum


def signatures_problem(schemes: tuple[str, ...] | None) -> str | None:
    """Return the problem of a choice of signature schemes, or None."""
    if schemes is None:
        return None
    is_repeated = len(set(schemes)) < len(schemes)
    if not schemes or is_repeated or not set(schemes) <= {*SIGNATURE_SCHEMES}:
        known = ", ".join(SIGNATURE_SCHEMES)
        return f"signatures: expected one or two different schemes out of {known}"
    # The vendor's scheme has taken the header of Standard Webhooks, with another format.
    if {"documented", "standardwebhooks"} <= set(schemes):
        return "signatures cannot be documented and standardwebhooks: both need Webhook-Signature"
    return None


def _signature_problems(settings: EndpointSettings) -> Iterator[str]:
    problem = signatures_problem(settings.signatures)
    if problem is not None:
        yield problem
    if settings.signature_clock not in SIGNATURE_CLOCKS:
        yield (
            f"signatureClock: expected one of {', '.join(SIGNATURE_CLOCKS)}, "
            f"got {settings.signature_clock!r}"
        )


def _header_problems(headers: object) -> Iterator[str]:
    """Yield the first problem of the headers, without their values: one may be a secret."""
    if not isinstance(headers, Mapping):
        yield "headers: expected an object of texts by name, such as X-Env: staging"
    elif len(headers) > MAX_HEADERS:
        yield f"headers: expected {MAX_HEADERS} at most, got {len(headers)}"
    elif len({str(name).lower() for name in headers}) < len(headers):
        yield "headers: expected each name once, whatever its letter case"
    else:
        problems = (_header_problem(name, value) for name, value in headers.items())
        yield from [problem for problem in problems if problem][:1]


def _traceparent_problems(settings: EndpointSettings) -> Iterator[str]:
    passes: object = settings.pass_traceparent
    if not isinstance(passes, bool):
        yield f"passTraceparent: expected true or false, got {passes!r:.80}"
    elif passes and TRACEPARENT in {str(name).lower() for name in settings.headers}:
        yield "headers.traceparent: expected none with passTraceparent, which sets it"


def _header_problem(name: object, value: object) -> str | None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        return f"headers: expected the name of a header, such as X-Env, got {str(name)[:100]!r}"
    if name.lower() in RESERVED_HEADERS or name.lower().startswith(_RESERVED_PREFIXES):
        return f"headers.{name} is reserved: the emulator sets it itself"
    is_short = isinstance(value, str) and len(value) <= MAX_HEADER_LENGTH
    if is_short and _HEADER_VALUE.fullmatch(str(value)):
        return None
    return (
        f"headers.{name}: expected a text of printable ASCII, without blanks at its ends, of at "
        f"most {MAX_HEADER_LENGTH} characters"
    )
