"""Webhook endpoints: where events go, which of them, and the secrets they are signed with."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret
from mock_sendpilot.world.endpoint_settings import (
    DEFAULT_SETTINGS,
    EndpointSettings,
    settings_problems,
)
from mock_sendpilot.world.events import Event

SECRET_OVERLAP = timedelta(hours=24)
"""How long an old secret stays valid after a rotation (section (c), Delivery)."""
_MAX_EVENT_TYPES = 100
_MAX_RETIRED = 20
_SETTINGS = frozenset(one.name for one in fields(EndpointSettings))


@dataclass(frozen=True, slots=True)
class RetiredSecret:
    """A secret that was rotated out, and until when it is valid beside the new one."""

    secret: str = field(repr=False)
    valid_until: datetime


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
    settings: EndpointSettings = DEFAULT_SETTINGS
    is_forwarded: bool = False
    """Whether a listener takes the requests to the URL: see `forwarding.py`."""
    retired_secrets: tuple[RetiredSecret, ...] = ()
    """Those that were rotated out, the latest first; some may not be valid any more."""

    def __repr__(self) -> str:
        wants = "all events" if self.event_types is None else ", ".join(self.event_types)
        return f"<Endpoint {self.id} {self.url}: {wants}{'' if self.is_enabled else ', disabled'}>"

    def older_secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets that are valid besides `secret`."""
        return tuple(one.secret for one in self.retired_secrets if now < one.valid_until)

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
        settings: EndpointSettings = DEFAULT_SETTINGS,
        is_forwarded: bool = False,
    ) -> Endpoint:
        """Make an endpoint.

        Raises:
            InvalidInput: a URL, secret, event type or setting that cannot be; it says which would.
        """
        types = None if event_types is None else tuple(event_types)
        url = "" if url is None else url  # it cannot be left out, as when an endpoint is changed
        check_endpoint(self._contract, url=url, secret=secret, event_types=types, settings=settings)
        endpoint = Endpoint(
            id=self._new_id(),
            url=url,
            secret=self._new_secret() if secret is None else secret,
            event_types=types,
            is_enabled=is_enabled,
            created_at=self._now(),
            settings=settings,
            is_forwarded=is_forwarded,
        )
        with self._lock:
            self._endpoints[endpoint.id] = endpoint
        return endpoint

    def update(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """Change some fields of an endpoint, by their names in `Endpoint` and its settings.

        A new `secret` counts at once, and no older one any more.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: as for `add`.
        """
        own = {name: value for name, value in changes.items() if name not in _SETTINGS}
        with self._lock:
            before = self.get(endpoint_id)
            given = {name: value for name, value in changes.items() if name in _SETTINGS}
            settings = replace(before.settings, **given)
            check_endpoint(
                self._contract,
                url=own.get("url"),
                secret=own.get("secret"),
                event_types=own.get("event_types"),
                settings=settings,
            )
            if "secret" in own:
                own["retired_secrets"] = ()
            endpoint = replace(before, settings=settings, **own)
            self._endpoints[endpoint_id] = endpoint
        return endpoint

    def disable(self, endpoint_id: str, reason: str) -> None:
        """Disable an endpoint for what its receiver did, if it is there still."""
        with self._lock:
            before = self._endpoints.get(endpoint_id)
            if before is not None:
                after = replace(before, is_enabled=False, disabled_reason=reason)
                self._endpoints[endpoint_id] = after

    def rotate(self, endpoint_id: str, secret: str | None = None) -> Endpoint:
        """Give an endpoint a new secret; the old one stays valid for 24 hours beside it.

        Args:
            endpoint_id: whose.
            secret: the new one; one is made if it is left out.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: the secret cannot be, or is the one in use; or so many are valid already
                that a header with a signature by each would grow too long.
        """
        check_endpoint(self._contract, secret=secret)
        with self._lock:
            before = self.get(endpoint_id)
            if secret == before.secret:
                raise InvalidInput("secret must be another one than the one in use")
            new = self._new_secret() if secret is None else secret
            endpoint = replace(
                before,
                secret=new,
                retired_secrets=_retired(before, new, self._now()),
            )
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
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint is None:
            hint = f"this workspace has no webhook endpoint {endpoint_id[:80]!r}"
            raise NotFound("Webhook endpoint not found", hint=hint)
        return endpoint

    def find(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint of that id, or None."""
        return self._endpoints.get(endpoint_id)

    def for_event(self, event: Event, event_type: str) -> list[Endpoint]:
        """The endpoints that an event goes to; a test event to one alone."""
        only = event.options.endpoint_id
        if only is not None:
            return [endpoint for endpoint in self.all() if endpoint.id == only]
        return [endpoint for endpoint in self.all() if endpoint.wants(event_type)]

    def all(self) -> list[Endpoint]:
        """All of them, oldest first."""
        with self._lock:
            return list(self._endpoints.values())


def _retired(endpoint: Endpoint, new: str, now: datetime) -> tuple[RetiredSecret, ...]:
    """The secrets that are valid besides the new one, the latest first."""
    known = endpoint.retired_secrets
    valid = [one for one in known if now < one.valid_until and one.secret != new]
    if len(valid) >= _MAX_RETIRED:
        raise InvalidInput(
            f"{_MAX_RETIRED} secrets of this endpoint were rotated out and are valid still; "
            "wait, or advance the clock, for up to 24 hours"
        )
    return (RetiredSecret(endpoint.secret, now + SECRET_OVERLAP), *valid)


def check_endpoint(
    contract: Contract,
    *,
    url: str | None = None,
    secret: str | None = None,
    event_types: Iterable[str] | None = None,
    settings: EndpointSettings | None = None,
) -> None:
    """Check what is given of an endpoint.

    Raises:
        InvalidInput: a URL, secret, event type or setting that cannot be; it says what would do.
    """
    problems = [] if url is None else [f"url {problem}" for problem in url_problems(url)]
    problems += [] if event_types is None else _types_problems(tuple(event_types), contract)
    if secret is not None and not is_secret(secret):
        problems.append(f"secret must be {SECRET_FORMAT}")
    problems += [] if settings is None else settings_problems(settings)
    if problems:
        raise InvalidInput(*problems)


def _types_problems(types: tuple[str, ...], contract: Contract) -> list[str]:
    if len(types) > _MAX_EVENT_TYPES:
        return [f"events must name at most {_MAX_EVENT_TYPES} event types; it has {len(types)}"]
    if not types:
        return ["events must name at least one event type; leave it out to receive all of them"]
    return [_type_problem(name, contract) for name in types if name not in contract.event_types]


def _type_problem(name: str, contract: Contract) -> str:
    called = contract.own_event_type(name)
    if called != name:
        return f"events: contract {contract.name!r} calls {name!r} by the name {called!r}"
    name = name[:100]
    guess = did_you_mean(name, contract.event_types)
    known = ", ".join(contract.event_types)
    return f"events: unknown event type {name!r}; {guess}it must be one of: {known}"
