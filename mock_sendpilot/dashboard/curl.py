"""Commands that make a recorded request once more."""

import shlex
from collections.abc import Iterable, Mapping

_LEFT_OUT = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding", "x-api-key"}
)
"""Headers that curl sets itself, and the key, which is an argument of its own."""


def curl(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    lines: Iterable[str] = (),
) -> str:
    """Return the command that makes a request.

    Args:
        method: the method.
        url: the URL.
        headers: the headers; those that curl sets itself are left out.
        body: the body.
        lines: more arguments, quoted already.
    """
    parts = [f"curl -X {shlex.quote(method)} {shlex.quote(url)}", *lines]
    for name, value in headers.items():
        if name.lower() not in _LEFT_OUT:
            parts.append(f"-H {shlex.quote(f'{name}: {value}')}")
    if body:
        parts.append(f"--data-raw {shlex.quote(body.decode('utf-8', 'replace'))}")
    return " \\\n  ".join(parts)
