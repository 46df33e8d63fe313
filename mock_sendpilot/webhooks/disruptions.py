"""The disruptions of a workspace as resources: armed, matched, consumed, and askable afterwards."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.matching import ANY_EVENT, EventPattern
from mock_sendpilot.webhooks.chaos import CHAOS_KINDS, Chaos
from mock_sendpilot.webhooks.deliveries import AppliedDisruption
from mock_sendpilot.webhooks.disruption import (
    CHAOS,
    OLD_SECRET,
    RENAMED_EVENT,
    SIGNATURE_KINDS,
    check_kind,
    checked_options,
)
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.payloads import Payload, event_type, payload
from mock_sendpilot.world.events import Event

ARMED, CONSUMED = "armed", "consumed"
MAX_TIMES = 1_000_000
_MAX_DISRUPTIONS, _MAX_MATCHES = 1000, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A delivery that was disrupted, and by which kind: with chaos, the one that was drawn."""

    delivery_id: str
    event_id: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """What is to befall the next deliveries that fit. `times` is None for all of them."""

    id: str
    kind: str
    armed_at: datetime
    endpoint_id: str | None = None
    pattern: EventPattern = ANY_EVENT
    times: int | None = 1
    options: Mapping[str, float] = field(default_factory=dict)
    chaos: Chaos | None = None
    random_seed: str | None = None
    match_count: int = 0
    matches: tuple[Match, ...] = ()
    """The latest."""

    def __repr__(self) -> str:
        met = f"{self.match_count} of {'all' if self.times is None else self.times}"
        return f"<Disruption {self.kind} {self.id}: {self.state}, {met}>"

    @property
    def state(self) -> str:
        """Whether it waits for more."""
        is_over = self.times is not None and self.match_count >= self.times
        return CONSUMED if is_over else ARMED


class Disruptions:
    """Those of one workspace, oldest first; the oldest that fits a delivery is the one it gets.

    Args:
        contract: the workspace's.
        new_id: gives the id of a disruption.
        now: gives the time.
    """

    def __init__(
        self, contract: Contract, *, new_id: Callable[[], str], now: Callable[[], datetime]
    ) -> None:
        self._contract = contract
        self._other_contract = next(
            other for other in CONTRACTS.values() if other.event_types != contract.event_types
        )
        self._new_id = new_id
        self._now = now
        self._lock = threading.Lock()
        self._disruptions: dict[str, Disruption] = {}

    def arm(
        self,
        kind: str,
        *,
        endpoint_id: str | None = None,
        pattern: EventPattern = ANY_EVENT,
        times: int | None = 1,
        options: Mapping[str, float] | None = None,
    ) -> Disruption:
        """Let deliveries that are queued from now on be disrupted.

        Args:
            kind: one of `KINDS`.
            endpoint_id: only to this endpoint.
            pattern: only of events that fit.
            times: how many deliveries; None for all.
            options: numbers that the kind takes.

        Raises:
            InvalidInput: an unknown kind or option, or a number beyond its limits.
        """
        given = checked_options(kind, options or {})
        _check_times(times)
        return self._put(
            Disruption(
                id=self._new_id(),
                kind=kind,
                armed_at=self._now(),
                endpoint_id=endpoint_id,
                pattern=pattern,
                times=times,
                options=given,
            )
        )

    def arm_chaos(
        self,
        random_seed: str,
        *,
        rate: float,
        kinds: tuple[str, ...] = CHAOS_KINDS,
        endpoint_id: str | None = None,
        pattern: EventPattern = ANY_EVENT,
        times: int | None = None,
    ) -> Disruption:
        """Let a seeded mix loose on the deliveries that are queued from now on.

        Raises:
            InvalidInput: an unknown kind, or a rate that is no share.
        """
        _check_times(times)
        if not kinds:
            raise InvalidInput("kinds must name at least one kind; leave it out for the usual mix")
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise InvalidInput(f"rate must be a share from 0 to 1; it was {rate!r}")
        for kind in kinds:
            check_kind(kind)
        if len(set(kinds)) < len(kinds):
            raise InvalidInput("kinds must name each kind once")
        return self._put(
            Disruption(
                id=self._new_id(),
                kind=CHAOS,
                armed_at=self._now(),
                endpoint_id=endpoint_id,
                pattern=pattern,
                times=times,
                chaos=Chaos(random_seed, rate, kinds),
                random_seed=random_seed,
                options={"rate": rate},
            )
        )

    def all(self) -> list[Disruption]:
        """All of them, oldest first."""
        with self._lock:
            return list(self._disruptions.values())

    def get(self, disruption_id: str) -> Disruption:
        """The disruption of that id.

        Raises:
            NotFound: there is none.
        """
        found = self._disruptions.get(disruption_id)
        if found is None:
            hint = f"this workspace has no disruption {disruption_id[:80]!r}"
            raise NotFound("Disruption not found", hint=hint)
        return found

    def remove(self, disruption_id: str) -> None:
        """Disarm and forget a disruption.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            self.get(disruption_id)
            del self._disruptions[disruption_id]

    def remove_all(self) -> None:
        """Disarm and forget all of them."""
        with self._lock:
            self._disruptions.clear()

    def take(
        self, event: Event, sent: Payload, endpoint: Endpoint, delivery_id: str
    ) -> AppliedDisruption | None:
        """What is to befall a delivery; the disruption notes it."""
        if not self._disruptions:
            return None
        with self._lock:
            for disruption in self._disruptions.values():
                kind = self._fitting_kind(disruption, event, sent, endpoint)
                if kind is not None:
                    self._note(disruption, kind, event.id, delivery_id)
                    return self._applied(disruption, kind, event, endpoint)
        return None

    def _fitting_kind(
        self, disruption: Disruption, event: Event, sent: Payload, endpoint: Endpoint
    ) -> str | None:
        if disruption.state == CONSUMED or disruption.endpoint_id not in {None, endpoint.id}:
            return None
        if not disruption.pattern.matches(sent.body):
            return None
        if disruption.chaos is None:
            kinds: tuple[str, ...] = (disruption.kind,)
        else:
            kinds = disruption.chaos.kinds
        possible = [kind for kind in kinds if self._is_possible(kind, event, sent, endpoint)]
        if disruption.chaos is not None:
            return disruption.chaos.draw(endpoint.id, possible)
        return possible[0] if possible else None

    def _is_possible(self, kind: str, event: Event, sent: Payload, endpoint: Endpoint) -> bool:
        if kind in SIGNATURE_KINDS:
            return bool(endpoint.secret)
        if kind == OLD_SECRET:
            return bool(endpoint.retired_secrets)
        if kind == RENAMED_EVENT:
            return self._under_other_contract(event) not in {None, sent.body}
        return True

    def _under_other_contract(self, event: Event) -> bytes | None:
        name = event_type(event, self._other_contract)
        return None if name is None else payload(event, name, self._other_contract).body

    def _note(self, disruption: Disruption, kind: str, event_id: str, delivery_id: str) -> None:
        match = Match(delivery_id=delivery_id, event_id=event_id, kind=kind, at=self._now())
        self._disruptions[disruption.id] = replace(
            disruption,
            match_count=disruption.match_count + 1,
            matches=(*disruption.matches[-_MAX_MATCHES + 1 :], match),
        )

    def _applied(
        self, disruption: Disruption, kind: str, event: Event, endpoint: Endpoint
    ) -> AppliedDisruption:
        return AppliedDisruption(
            disruption_id=disruption.id,
            kind=kind,
            options=disruption.options if disruption.chaos is None else checked_options(kind, {}),
            other_body=self._under_other_contract(event) if kind == RENAMED_EVENT else None,
            old_secret=endpoint.retired_secrets[0].secret if kind == OLD_SECRET else None,
        )

    def _put(self, disruption: Disruption) -> Disruption:
        with self._lock:
            self._make_room()
            self._disruptions[disruption.id] = disruption
        return disruption

    def _make_room(self) -> None:
        """Forget the oldest that is consumed, if need be."""
        if len(self._disruptions) < _MAX_DISRUPTIONS:
            return
        consumed = (one.id for one in self._disruptions.values() if one.state == CONSUMED)
        oldest = next(consumed, None)
        if oldest is None:
            raise InvalidInput(f"{_MAX_DISRUPTIONS} disruptions are armed already; remove some")
        del self._disruptions[oldest]


def _check_times(times: int | None) -> None:
    is_whole = isinstance(times, int) and not isinstance(times, bool)
    if times is not None and not (is_whole and 1 <= times <= MAX_TIMES):
        raise InvalidInput(f"times must be a whole number from 1 to {MAX_TIMES}; it was {times!r}")
