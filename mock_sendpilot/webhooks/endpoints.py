"""Webhook endpoints: where events go, which of them, and the secret they are signed with."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.errors import InvalidInput, NotFound
from mock_sendpilot.domain.urls import url_problems
from mock_sendpilot.webhooks.signing import WANTED_OF_A_KEY, is_secret

_MOST_TYPES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A subscription. `event_types` is None for all events."""

    id: str
    url: str
    secret: str
    event_types: tuple[str, ...] | None
    is_enabled: bool
    created_at: datetime
    disabled_reason: str | None = None
    """Why it disabled itself; None when somebody else did, or it is enabled."""

    def wants(self, event_type: str) -> bool:
        """Whether an event of this type is sent here."""
        return self.is_enabled and (self.event_types is None or event_type in self.event_types)


class Endpoints:
    """The endpoints of one workspace, in the order in which they were made.

    Args:
        contract: says which event types there are.
        new_id: gives the id of a new endpoint.
        new_secret: gives a secret where none is brought along.
        now: gives the time.
    """

    def __init__(
        self,
        *,
        contract: Contract,
        new_id: Callable[[], str],
        new_secret: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._contract = contract
        self._new_id = new_id
        self._new_secret = new_secret
        self._now = now
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}

    def add(
        self,
        url: str,
        *,
        secret: str | None = None,
        event_types: Iterable[str] | None = None,
        is_enabled: bool = True,
    ) -> Endpoint:
        """Make an endpoint.

        Raises:
            InvalidInput: a URL, secret or event type that cannot be; it says what would do.
        """
        types = None if event_types is None else tuple(event_types)
        check_endpoint(self._contract, url=url, secret=secret, event_types=types)
        endpoint = Endpoint(
            id=self._new_id(),
            url=url,
            secret=self._new_secret() if secret is None else secret,
            event_types=types,
            is_enabled=is_enabled,
            created_at=self._now(),
        )
        with self._lock:
            self._endpoints[endpoint.id] = endpoint
        return endpoint

    def update(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """Change some fields of an endpoint, by their names in `Endpoint`.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: as for `add`.
        """
        check_endpoint(
            self._contract,
            url=changes.get("url"),
            secret=changes.get("secret"),
            event_types=changes.get("event_types"),
        )
        with self._lock:
            endpoint = replace(self.get(endpoint_id), **changes)
            self._endpoints[endpoint_id] = endpoint
        return endpoint

    def remove(self, endpoint_id: str) -> None:
        """Forget an endpoint.

        Raises:
            NotFound: there is no such endpoint.
        """
        with self._lock:
            self.get(endpoint_id)
            del self._endpoints[endpoint_id]

    def get(self, endpoint_id: str) -> Endpoint:
        """The endpoint of that id.

        Raises:
            NotFound: there is no such endpoint.
        """
        endpoint = self.find(endpoint_id)
        if endpoint is None:
            hint = f"this workspace has no webhook endpoint {endpoint_id[:80]!r}"
            raise NotFound("Webhook endpoint not found", hint=hint)
        return endpoint

    def find(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint of that id, or None."""
        return self._endpoints.get(endpoint_id)

    def all(self) -> list[Endpoint]:
        """All of them, oldest first."""
        with self._lock:
            return list(self._endpoints.values())


def check_endpoint(
    contract: Contract,
    *,
    url: str | None = None,
    secret: str | None = None,
    event_types: Iterable[str] | None = None,
) -> None:
    """Check what is given of an endpoint.

    Raises:
        InvalidInput: a URL, secret or event type that cannot be; it says what would do.
    """
    problems = [] if url is None else [f"url {problem}" for problem in url_problems(url)]
    problems += [] if event_types is None else _types_problems(tuple(event_types), contract)
    if secret is not None and not is_secret(secret):
        problems.append(f"secret must be {WANTED_OF_A_KEY}")
    if problems:
        raise InvalidInput(*problems)


def _types_problems(types: tuple[str, ...], contract: Contract) -> list[str]:
    if len(types) > _MOST_TYPES:
        return [f"events must name at most {_MOST_TYPES} event types; it has {len(types)}"]
    if not types:
        return ["events must name at least one event type; leave it out to receive all of them"]
    return [_type_problem(name, contract) for name in types if name not in contract.event_types]


def _type_problem(name: str, contract: Contract) -> str:
    called = contract.own_event_type(name)
    if called != name:
        return f"events: contract {contract.name!r} calls {name!r} by the name {called!r}"
    name = name[:100]
    near = get_close_matches(name, contract.event_types, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    known = ", ".join(contract.event_types)
    return f"events: unknown event type {name!r}; {guess}it must be one of: {known}"
