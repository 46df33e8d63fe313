"""Webhook endpoints: their URLs, event types and signing secrets, and their health.

The URL that a search or an extraction brings along is an endpoint of its own.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import Clock
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.deliveries import Attempt
from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret, new_secret
from mock_sendpilot.world.endpoint_settings import (
    DEFAULT_SETTINGS,
    EndpointSettings,
    settings_problems,
)
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.seed import EndpointSeed

SECRET_OVERLAP = timedelta(hours=24)
"""The time for which an old secret stays valid after a rotation, by the vendor's pages."""
_MAX_EVENT_TYPES = 100
_MAX_RETIRED = 20  # a header with a signature by each has about 1 kB
_SETTINGS = frozenset(setting.name for setting in fields(EndpointSettings))
_DISABLING_DAYS = 5  # as Svix does
_BUSY_STATUSES = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_MAX_DIGITS = 6  # 11 days; a longer number is a mistake, and a very long one no timedelta
_MAX_RETRY_AFTER = timedelta(seconds=10**_MAX_DIGITS)


@dataclass(frozen=True, slots=True)
class RetiredSecret:
    """A secret that was rotated out but is valid for some time still."""

    secret: str = field(repr=False)
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A subscription to events; `event_types` is None for all of them."""

    id: str
    url: str
    secret: str
    event_types: tuple[str, ...] | None
    is_enabled: bool
    created_at: datetime
    disabled_reason: str | None = None
    """The reason if the emulator disabled it; None if a user did, or if it is enabled."""
    settings: EndpointSettings = DEFAULT_SETTINGS
    is_forwarded: bool = False
    """True if a listener sends the requests to the URL: see `forwarding.py`."""
    retired_secrets: tuple[RetiredSecret, ...] = ()
    """The latest first; some may not be valid any longer."""

    def __repr__(self) -> str:
        types = "all events" if self.event_types is None else ", ".join(self.event_types)
        return f"<Endpoint {self.id} {self.url}: {types}{'' if self.is_enabled else ', disabled'}>"

    def older_secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that are valid next to `secret`."""
        return tuple(old.secret for old in self.retired_secrets if now < old.valid_until)

    def wants(self, event_type: str) -> bool:
        """Return whether events of this type are sent here."""
        return self.is_enabled and (self.event_types is None or event_type in self.event_types)


class Endpoints:
    """The endpoints of one workspace, oldest first.

    Args:
        contract: names the event types.
        ids: the source of the ids of new endpoints.
        secret_bytes: returns random bytes for the secret of an endpoint that has none, and for a
            rotation.
        clock: the clock of the workspace.
        default_secret: the secret of endpoints that are added without one; None makes a new one
            for each.
    """

    def __init__(
        self,
        *,
        contract: Contract,
        ids: Ids,
        secret_bytes: Callable[[int], bytes],
        clock: Clock,
        default_secret: str | None = None,
    ) -> None:
        self._contract = contract
        self._ids = ids
        self._secret_bytes = secret_bytes
        self._default_secret = default_secret
        self._clock = clock
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
        """Add an endpoint.

        Raises:
            InvalidInput: an invalid URL, secret, event type or setting; it says what is valid.
        """
        types = None if event_types is None else tuple(event_types)
        url = "" if url is None else url  # only a change may leave it out
        check_endpoint(self._contract, url=url, secret=secret, event_types=types, settings=settings)
        # After a reset the seeded source of ids repeats those of the endpoints that were kept.
        while (endpoint_id := self._ids.prefixed("ep")) in self._endpoints:
            pass
        endpoint = Endpoint(
            id=endpoint_id,
            url=url,
            secret=secret or self._default_secret or new_secret(self._secret_bytes),
            event_types=types,
            is_enabled=is_enabled,
            created_at=self._clock.now(),
            settings=settings,
            is_forwarded=is_forwarded,
        )
        with self._lock:
            self._endpoints[endpoint.id] = endpoint
        return endpoint

    def add_seeded(self, endpoint: EndpointSeed) -> Endpoint:
        """Add an endpoint of a seed.

        Raises:
            InvalidInput: as for `add`.
        """
        return self.add(
            endpoint.url,
            secret=endpoint.secret,
            event_types=endpoint.event_types,
            is_enabled=endpoint.is_enabled,
            settings=endpoint.settings,
        )

    def check(self, endpoint: EndpointSeed) -> None:
        """Check an endpoint before it is added.

        Raises:
            InvalidInput: as for `add`.
        """
        check_endpoint(
            self._contract,
            url=endpoint.url,
            secret=endpoint.secret,
            event_types=endpoint.event_types,
            settings=endpoint.settings,
        )

    def update(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """Change fields of an endpoint, by their names in `Endpoint` and its settings.

        A new `secret` is valid at once, and the older ones no longer.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: as for `add`.
        """
        own = {name: value for name, value in changes.items() if name not in _SETTINGS}
        new_settings = {name: value for name, value in changes.items() if name in _SETTINGS}
        with self._lock:
            before = self.get(endpoint_id)
            settings = replace(before.settings, **new_settings)
            check_endpoint(
                self._contract,
                url=own.get("url"),
                secret=own.get("secret"),
                event_types=own.get("event_types"),
                settings=settings,
            )
            if "secret" in own:  # unlike a rotation, it replaces a secret that may have leaked
                own["retired_secrets"] = ()
            endpoint = replace(before, settings=settings, **own)
            self._endpoints[endpoint_id] = endpoint
        return endpoint

    def disable(self, endpoint_id: str, reason: str) -> None:
        """Disable an endpoint because of its receiver; do nothing if it was removed."""
        with self._lock:
            before = self._endpoints.get(endpoint_id)
            if before is not None:
                after = replace(before, is_enabled=False, disabled_reason=reason)
                self._endpoints[endpoint_id] = after

    def rotate(self, endpoint_id: str, secret: str | None = None) -> Endpoint:
        """Give an endpoint a new secret; the old one stays valid for 24 hours.

        Args:
            endpoint_id: the endpoint.
            secret: the new secret; by default one is made.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: the secret is invalid or already in use; or too many older ones are
                valid: a header with a signature by each would grow too long.
        """
        check_endpoint(self._contract, secret=secret)
        with self._lock:
            before = self.get(endpoint_id)
            if secret == before.secret:
                raise InvalidInput("secret: expected a new one, got the one in use")
            new = new_secret(self._secret_bytes) if secret is None else secret
            now = self._clock.now()
            valid = [
                old for old in before.retired_secrets if now < old.valid_until and old.secret != new
            ]
            if len(valid) >= _MAX_RETIRED:
                raise InvalidInput(
                    f"{_MAX_RETIRED} old secrets of this endpoint are still valid; "
                    "wait, or advance the clock, for up to 24 hours"
                )
            retired = (RetiredSecret(before.secret, now + SECRET_OVERLAP), *valid)
            endpoint = replace(before, secret=new, retired_secrets=retired)
            self._endpoints[endpoint_id] = endpoint
        return endpoint

    def remove(self, endpoint_id: str) -> None:
        """Remove an endpoint.

        Raises:
            NotFound: there is no such endpoint.
        """
        with self._lock:
            self.get(endpoint_id)
            del self._endpoints[endpoint_id]

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint of that id.

        Raises:
            NotFound: there is no such endpoint.
        """
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint is None:
            hint = f"this workspace has no webhook endpoint {endpoint_id[:80]!r}"
            raise NotFound("Webhook endpoint not found", hint=hint)
        return endpoint

    def find(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint of that id, or None."""
        return self._endpoints.get(endpoint_id)

    def keep(self, endpoints: Iterable[Endpoint]) -> None:
        """Replace the endpoints by those of an earlier state of the workspace.

        Event types that the contract does not have are left out. Endpoints that the emulator had
        disabled because of their receivers are enabled again.
        """
        kept = {}
        for endpoint in endpoints:
            types = endpoint.event_types
            if types is not None:
                types = self._contract.own_event_types(types)
            is_enabled = endpoint.is_enabled or endpoint.disabled_reason is not None
            kept[endpoint.id] = replace(
                endpoint, event_types=types, is_enabled=is_enabled, disabled_reason=None
            )
        with self._lock:
            self._endpoints = kept

    def load(self, endpoints: Iterable[Endpoint]) -> None:
        """Replace all endpoints, as they are."""
        with self._lock:
            self._endpoints = {endpoint.id: endpoint for endpoint in endpoints}

    def for_event(self, event: Event, event_type: str) -> list[Endpoint]:
        """Return the endpoints that an event is sent to; a test event has only one."""
        target_id = event.options.endpoint_id
        if target_id is not None:  # the vendor's dashboard tests an endpoint with any event type
            return [endpoint for endpoint in self.all() if endpoint.id == target_id]
        return [endpoint for endpoint in self.all() if endpoint.wants(event_type)]

    def all(self) -> list[Endpoint]:
        """Return all endpoints, oldest first."""
        with self._lock:
            return list(self._endpoints.values())


class JobEndpoints:
    """The URLs of the jobs of one workspace: endpoints until the events of the job are delivered.

    Each has the id of its job. Nothing to them is signed, since the vendor documents no secret for
    them. Any thread may call any method.
    """

    __slots__ = ("_endpoints", "_lock", "_open_events")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}
        # By job id. A job has several if its event is triggered by hand as well.
        self._open_events: dict[str, set[str]] = {}

    def __contains__(self, endpoint_id: str) -> bool:
        return endpoint_id in self._endpoints

    def find(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint of that job, or None."""
        return self._endpoints.get(endpoint_id)

    def ids(self) -> list[str]:
        """Return the ids of all."""
        return list(self._endpoints)

    def state(self) -> list[tuple[Endpoint, frozenset[str]]]:
        """Return all, each with the ids of its events that are not yet delivered."""
        with self._lock:
            return [(one, frozenset(self._open_events[one.id])) for one in self._endpoints.values()]

    def load(self, state: Iterable[tuple[Endpoint, frozenset[str]]]) -> None:
        """Replace all of them."""
        with self._lock:
            self._endpoints, self._open_events = {}, {}
            for endpoint, event_ids in state:
                self._endpoints[endpoint.id] = endpoint
                self._open_events[endpoint.id] = set(event_ids)

    def open_for(self, event: Event) -> list[Endpoint]:
        """Add the URL of the job that an event is about, and return it, if the job has one."""
        if event.job_id is None or event.webhook_url is None or event.options.endpoint_id:
            return []
        endpoint = Endpoint(
            id=event.job_id,
            url=event.webhook_url,
            secret="",
            event_types=None,
            is_enabled=True,
            created_at=event.occurred_at,
        )
        with self._lock:
            self._endpoints[endpoint.id] = endpoint
            self._open_events.setdefault(endpoint.id, set()).add(event.id)
        return [endpoint]

    def close(self, endpoint_id: str, event_id: str) -> bool:
        """Note that an event is over; return whether it was the last and the URL is removed."""
        with self._lock:
            events = self._open_events.get(endpoint_id, set())
            events.discard(event_id)
            if events or endpoint_id not in self._endpoints:
                return False
            del self._endpoints[endpoint_id], self._open_events[endpoint_id]
            return True


class EndpointHealth:
    """The effects of responses on the endpoints of a workspace: disabled, or retried later.

    The vendor documents neither (a client reports that its webhook "went silent"). Svix, which
    delivers for the vendor, does both, so each is an option of the contract, and off by default.
    """

    __slots__ = ("_contract", "_failing_since")

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._failing_since: dict[str, datetime] = {}

    def reason_to_disable(self, endpoint_id: str, attempt: Attempt) -> str | None:
        """Note an attempt; return a reason if its endpoint has to be disabled."""
        if attempt.is_success:
            self._failing_since.pop(endpoint_id, None)
            return None
        if attempt.status_code == HTTPStatus.GONE and self._contract.disable_on_410:
            return "the receiver responded with 410 Gone"
        # By the clock of the workspace, so that a test can advance it by five days.
        since = self._failing_since.setdefault(endpoint_id, attempt.started_at)
        is_long = attempt.started_at - since >= timedelta(days=_DISABLING_DAYS)
        if is_long and self._contract.disable_after_failing_days:
            return f"it has failed for {_DISABLING_DAYS} days"
        return None

    def retry_delay(self, attempt: Attempt, scheduled: timedelta) -> timedelta:
        """Return the scheduled delay, or a longer one that a busy receiver asked for."""
        if attempt.status_code not in _BUSY_STATUSES or not self._contract.honor_retry_after:
            return scheduled
        headers = attempt.response.headers if attempt.response else {}
        by_name = {name.lower(): value for name, value in headers.items()}
        return max(scheduled, _requested_delay(by_name.get("retry-after", ""), attempt.sent_at))

    def state(self) -> dict[str, datetime]:
        """Return since when endpoints have been failing."""
        return dict(self._failing_since)

    def load(self, state: Mapping[str, datetime]) -> None:
        """Go on with other failures."""
        self._failing_since = dict(state)

    def reset(self, endpoint_id: str) -> None:
        """Forget the failures of an endpoint."""
        self._failing_since.pop(endpoint_id, None)


def _requested_delay(retry_after: str, sent_at: datetime) -> timedelta:
    """Return the delay of a `Retry-After`: seconds or a date by the receiver's clock, else zero."""
    if retry_after.isdecimal() and retry_after.isascii() and len(retry_after) <= _MAX_DIGITS:
        return timedelta(seconds=int(retry_after))
    try:
        # A receiver computes a date by its own clock, so it is compared with the real time.
        delay = parsedate_to_datetime(retry_after) - sent_at
    except Exception:  # of several classes, for whatever a receiver may have sent
        return timedelta()
    return delay if delay < _MAX_RETRY_AFTER else timedelta()


def check_endpoint(
    contract: Contract,
    *,
    url: str | None = None,
    secret: str | None = None,
    event_types: Iterable[str] | None = None,
    settings: EndpointSettings | None = None,
) -> None:
    """Check those of the fields of an endpoint that are not None.

    Raises:
        InvalidInput: an invalid URL, secret, event type or setting; it says what is valid.
    """
    problems = [] if url is None else [f"url: {problem}" for problem in url_problems(url)]
    if event_types is not None:
        problems += _event_types_problems(tuple(event_types), contract)
    if secret is not None and not is_secret(secret):
        problems.append(f"secret: expected {SECRET_FORMAT}")
    if settings is not None:
        problems += settings_problems(settings)
    if problems:
        raise InvalidInput(*problems)


def _event_types_problems(types: tuple[str, ...], contract: Contract) -> list[str]:
    if len(types) > _MAX_EVENT_TYPES:
        return [f"events must name at most {_MAX_EVENT_TYPES} event types, got {len(types)}"]
    if not types:
        return ["events must name at least one event type; leave it out to receive all of them"]
    return [
        _event_type_problem(name, contract) for name in types if name not in contract.event_types
    ]


def _event_type_problem(name: str, contract: Contract) -> str:
    own_name = contract.own_event_type(name)
    if own_name != name:
        return f"events: contract {contract.name!r} calls {name!r} by the name {own_name!r}"
    name = name[:100]
    guess = did_you_mean(name, contract.event_types)
    known = ", ".join(contract.event_types)
    return f"events: unknown event type {name!r}; {guess}expected one of: {known}"
