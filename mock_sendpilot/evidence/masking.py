"""Masking: no secret leaves a workspace in a file of evidence.

The keys and signing secrets of a workspace are known, so they are found wherever they stand, and
get a name of their own: a replay puts other ones in their place. Other secrets are known by their
form or by their name, as everywhere.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from mock_sendpilot.redaction import MASK, is_secret_name, redacted
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.testing.backends.protocol import Backend
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.signing import SECRET_PREFIX

KEY_NAME, SECRET_NAME, HEADER_NAME = "redacted-key", "redacted-secret", "redacted-header"
_NAMED = re.compile(rf"({KEY_NAME}|{SECRET_NAME})-(\d{{1,4}})")
_MIN_BEGINNING = 4
_MIN_END = 6
_CUT = "..."
"""The dots of pytest in place of the middle of a long text."""
_MIN_LENGTH = 8
"""A shorter key is no secret, and would be found in words."""


class Masks:
    """The names of the secrets of a workspace.

    Args:
        keys: its API keys.
        secrets: its signing secrets.
        headers: the secret values of headers of its endpoints.
    """

    def __init__(
        self, keys: Iterable[str], secrets: Iterable[str] = (), headers: Iterable[str] = ()
    ) -> None:
        self._names: dict[str, str] = {}
        for name, values in ((KEY_NAME, keys), (SECRET_NAME, secrets), (HEADER_NAME, headers)):
            distinct = dict.fromkeys(one for one in values if len(one) >= _MIN_LENGTH)
            for number, value in enumerate(distinct, start=1):
                for written in _ways_to_write(value):
                    self._names.setdefault(written, f"{name}-{number}")
        # The longest first: one may be the beginning of another.
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        beginnings = {re.escape(one[:_MIN_BEGINNING]) for one in longest_first}
        self._shortened = re.compile(
            rf"(?:{'|'.join(beginnings) or '(?!)'})[^\s'\"]*\.\.\.[^\s'\"]*"
        )

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return redacted(self._pattern.sub(lambda match: self._names[match.group()], text))

    def failure(self, text: str) -> str:
        """Return the text of a failure without secrets, also without those it has shortened."""
        first, *others = self._shortened.sub(MASK, self.text(text)).split(_CUT)
        return _CUT.join((first, *map(self._without_end, others)))

    @cached_property
    def _ends(self) -> frozenset[str]:
        return frozenset(
            one[start:] for one in self._names for start in range(1, len(one) - _MIN_END + 1)
        )

    def _without_end(self, text: str) -> str:
        """Return the text after a cut without the end of a secret that was cut."""
        longest = max(map(len, self._names), default=0)
        lengths = range(min(longest, len(text)), _MIN_END - 1, -1)
        length = next((one for one in lengths if text[:one] in self._ends), 0)
        return MASK + text[length:] if length else text

    def value(self, value: Any) -> Any:
        """Return a JSON value without secrets in its texts and in the names of its members."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(inner) for name, inner in value.items()}
        return [self.value(inner) for inner in value] if isinstance(value, list | tuple) else value

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers without secrets. Signatures stay: they are none."""
        return {
            name: MASK if is_secret_name(name) and MASK not in value else self.text(value)
            for name, value in headers.items()
        }


def _ways_to_write(value: str) -> Iterator[str]:
    """Yield the ways in which a secret is written in texts."""
    # An app takes the prefix off a signing secret, and what is left decodes to the key itself.
    rest = value.removeprefix(SECRET_PREFIX)
    forms = [value]
    if rest != value and len(rest) >= _MIN_LENGTH:
        forms.append(rest)
        with suppress(ValueError):
            forms += [repr(base64.b64decode(rest))[2:-1], base64.b64decode(rest).hex()]
    for one in forms:
        if len(one) >= _MIN_LENGTH:
            yield from (one, one.replace("/", "\\/"), quote(one, ""), quote_plus(one))


def masks_of(backend: Backend, state: WorkspaceState | None, bodies: Iterable[Any]) -> Masks:
    """Return the masks of a workspace.

    Args:
        backend: the workspace.
        state: its state at the beginning, whose secrets it may no longer have.
        bodies: the bodies of control requests, which may have brought others.
    """
    view = backend.view()
    endpoints = list(view.outbox.endpoints.all())
    seeds = [view.workspace.seed]
    keys = [backend.api_key]
    if state is not None:
        endpoints += [
            *state.outbox.endpoints,
            *(one.endpoint for one in state.outbox.job_endpoints),
        ]
        seeds.append(state.world.seed)
        keys += state.rate_limits
    keys += [one.key for seed in seeds for one in seed.api_keys]
    secrets = [one for endpoint in endpoints for one in _secrets(endpoint)]
    settings = [one.settings for endpoint in endpoints for one in (endpoint,)]
    headers = [value for one in settings for value in _secret_headers(one.headers)]
    for seed in seeds:
        secrets += [one.secret for one in seed.endpoints if one.secret]
    for body in bodies:
        if isinstance(body, Mapping):
            keys += [str(body["key"])] if body.get("key") else []
            secrets += [str(body["secret"])] if body.get("secret") else []
            headers += _secret_headers(body.get("headers") or {})
    return Masks(keys, secrets, headers)


def _secrets(endpoint: Endpoint) -> list[str]:
    return [endpoint.secret, *(one.secret for one in endpoint.retired_secrets)]


def _secret_headers(headers: Mapping[str, str]) -> list[str]:
    return [str(value) for name, value in headers.items() if is_secret_name(name)]


def unmasked(value: Any, *, secret: str | None) -> Any:
    """Return a JSON value with usable keys and secrets in place of the names of masked ones.

    Args:
        value: the value.
        secret: the signing secret of a receiver, in place of all of them; None makes some up.
    """
    if isinstance(value, str):
        return _NAMED.sub(lambda match: _made_up(match[1], int(match[2]), secret), value)
    if isinstance(value, Mapping):
        return {
            unmasked(name, secret=secret): unmasked(one, secret=secret)
            for name, one in value.items()
        }
    return [unmasked(one, secret=secret) for one in value] if isinstance(value, list) else value


def _made_up(name: str, number: int, secret: str | None) -> str:
    if name == KEY_NAME:
        return f"sp_test_replayed{number:024}"
    return secret or SECRET_PREFIX + base64.b64encode(f"replayed-{number:023}".encode()).decode()
