"""The disruptions of a workspace: armed, matched to deliveries, consumed, and listed afterwards.

Chaos is a disruption too: a mix of kinds, drawn from a seed.
"""

import random
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import ANY_EVENT, EventPattern
from mock_sendpilot.scheduling.clock import Clock
from mock_sendpilot.scheduling.task_queue import Task
from mock_sendpilot.webhooks.deliveries import AppliedDisruption, Delivery
from mock_sendpilot.webhooks.disruption_kinds import (
    CHAOS,
    DROP,
    KINDS,
    OLD_SECRET,
    RENAMED_EVENT,
    SIGNATURE_KINDS,
    UNKNOWN_TYPE,
    check_kind,
    check_options,
)
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.payloads import Payload, event_type, payload
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.ids import Ids

ARMED, CONSUMED = "armed", "consumed"
MAX_TIMES = 1_000_000
_MAX_DISRUPTIONS, _MAX_MATCHES = 1000, 1000

_LOSING_KINDS = (DROP, UNKNOWN_TYPE, RENAMED_EVENT)
"""A correct receiver acknowledges an event that it does not know, and is not sent it again."""
CHAOS_KINDS = tuple(kind for kind in KINDS if kind not in _LOSING_KINDS)
"""The default mix, under which a correct receiver has every event in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A delivery that was disrupted, with its kind: under chaos, the one that was drawn."""

    delivery_id: str
    event_id: str
    kind: str
    at: datetime


@dataclass(slots=True)
class Chaos:
    """Draw a kind of disruption for each delivery to an endpoint, or none.

    A draw depends on the seed, on the number of the endpoint among those of the deliveries so far,
    and on the number of the delivery to it. So a run with the same events is disrupted alike.

    Args:
        seed: the same seed draws the same again.
        rate: the share of deliveries that are disrupted, 0 to 1.
        kinds: the mix.
        endpoint_numbers: the numbers of the endpoints so far.
        delivery_counts: the deliveries to each so far.
    """

    seed: str
    rate: float
    kinds: tuple[str, ...]
    endpoint_numbers: dict[str, int] = field(default_factory=dict)
    delivery_counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    def copy(self) -> "Chaos":
        """Return chaos that goes on alike, whatever this one draws."""
        with self._lock:
            numbers, counts = dict(self.endpoint_numbers), dict(self.delivery_counts)
        return Chaos(self.seed, self.rate, self.kinds, numbers, counts)

    def draw(self, endpoint_id: str, possible_kinds: Sequence[str]) -> str | None:
        """Return the kind for the next delivery to an endpoint, or None."""
        with self._lock:
            # A number instead of the id, which may differ from run to run.
            number = self.endpoint_numbers.setdefault(endpoint_id, len(self.endpoint_numbers))
            count = self.delivery_counts.get(endpoint_id, 0) + 1
            self.delivery_counts[endpoint_id] = count
        generator = random.Random(f"{self.seed}/{number}/{count}")
        if generator.random() >= self.rate:
            return None
        return generator.choice(possible_kinds) if possible_kinds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """A disruption of the next deliveries that match, `times` of them; None for all."""

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
    """The latest matches."""

    def __repr__(self) -> str:
        progress = f"{self.match_count} of {'all' if self.times is None else self.times}"
        return f"<Disruption {self.kind} {self.id}: {self.state}, {progress}>"

    @property
    def state(self) -> str:
        """`armed`, or `consumed` if it will disrupt no more."""
        is_over = self.times is not None and self.match_count >= self.times
        return CONSUMED if is_over else ARMED


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An event on its way to an endpoint, which may be disrupted."""

    event: Event
    payload: Payload
    endpoint: Endpoint


class Disruptions:
    """The disruptions of one workspace, oldest first; a delivery gets the oldest that matches.

    Args:
        contract: the contract of the workspace.
        ids: the source of the ids of new disruptions.
        clock: the clock of the workspace.
    """

    __slots__ = ("_clock", "_contract", "_disruptions", "_ids", "_lock", "_other_contract")

    def __init__(self, contract: Contract, *, ids: Ids, clock: Clock) -> None:
        self._contract = contract
        # Any contract with other names will do: the vendor has had two sets of names.
        self._other_contract = next(
            other for other in CONTRACTS.values() if other.event_types != contract.event_types
        )
        self._ids = ids
        self._clock = clock
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
        """Arm a disruption of deliveries that are queued from now on.

        Args:
            kind: one of `KINDS`.
            endpoint_id: disrupt deliveries to this endpoint only.
            pattern: disrupt deliveries of events that match only.
            times: how many deliveries; None for all.
            options: the numbers that the kind takes.

        Raises:
            InvalidInput: an unknown kind or option, or a number outside its limits.
        """
        checked_options = check_options(kind, options or {})
        _check_times(times)
        return self._put(
            Disruption(
                id=self._ids.prefixed("dis"),
                kind=kind,
                armed_at=self._clock.now(),
                endpoint_id=endpoint_id,
                pattern=pattern,
                times=times,
                options=checked_options,
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
        """Arm a seeded mix of disruptions of deliveries that are queued from now on.

        Raises:
            InvalidInput: an unknown kind, or a rate that is no share.
        """
        _check_times(times)
        if not kinds:
            raise InvalidInput(
                "kinds: expected one at least, got none; leave it out for the usual mix"
            )
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise InvalidInput(f"rate: expected a share from 0 to 1, got {rate!r}")
        for kind in kinds:
            check_kind(kind)
        if len(set(kinds)) < len(kinds):
            raise InvalidInput("kinds must name each kind once")
        return self._put(
            Disruption(
                id=self._ids.prefixed("dis"),
                kind=CHAOS,
                armed_at=self._clock.now(),
                endpoint_id=endpoint_id,
                pattern=pattern,
                times=times,
                chaos=Chaos(random_seed, rate, kinds),
                random_seed=random_seed,
                options={"rate": rate},
            )
        )

    def all(self) -> list[Disruption]:
        """Return all disruptions, oldest first."""
        with self._lock:
            return list(self._disruptions.values())

    def state(self) -> tuple[Disruption, ...]:
        """Return all disruptions, which further draws of chaos do not change."""
        return tuple(map(_with_own_chaos, self.all()))

    def load(self, state: Iterable[Disruption]) -> None:
        """Replace all disruptions."""
        with self._lock:
            self._disruptions = {one.id: _with_own_chaos(one) for one in state}

    def get(self, disruption_id: str) -> Disruption:
        """Return the disruption of that id.

        Raises:
            NotFound: there is none.
        """
        disruption = self._disruptions.get(disruption_id)
        if disruption is None:
            hint = f"this workspace has no disruption {disruption_id[:80]!r}"
            raise NotFound("Disruption not found", hint=hint)
        return disruption

    def remove(self, disruption_id: str) -> None:
        """Disarm and remove a disruption.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            self.get(disruption_id)
            del self._disruptions[disruption_id]

    def remove_all(self) -> None:
        """Disarm and remove all disruptions."""
        with self._lock:
            self._disruptions.clear()

    def match(
        self, event: Event, payload: Payload, endpoint: Endpoint, delivery_id: str
    ) -> AppliedDisruption | None:
        """Return the disruption of a new delivery, and note the match; None if nothing matches."""
        if not self._disruptions:  # without the lock: the usual case must cost nothing
            return None
        candidate = _Candidate(event, payload, endpoint)
        with self._lock:
            for disruption in self._disruptions.values():
                kind = self._matching_kind(disruption, candidate)
                if kind is not None:
                    match = Match(
                        delivery_id=delivery_id, event_id=event.id, kind=kind, at=self._clock.now()
                    )
                    self._disruptions[disruption.id] = replace(
                        disruption,
                        match_count=disruption.match_count + 1,
                        matches=(*disruption.matches[-_MAX_MATCHES + 1 :], match),
                    )
                    return self._applied(disruption, kind, candidate)
        return None

    def _matching_kind(self, disruption: Disruption, candidate: _Candidate) -> str | None:
        endpoint_id = candidate.endpoint.id
        if disruption.state == CONSUMED or disruption.endpoint_id not in {None, endpoint_id}:
            return None
        if not disruption.pattern.matches(candidate.payload.body):
            return None
        kinds = (disruption.kind,) if disruption.chaos is None else disruption.chaos.kinds
        possible = [kind for kind in kinds if self._is_possible(kind, candidate)]
        if disruption.chaos is not None:
            # Drawn even if nothing is possible, so that the later draws stay the same.
            return disruption.chaos.draw(endpoint_id, possible)
        return possible[0] if possible else None

    def _is_possible(self, kind: str, candidate: _Candidate) -> bool:
        if kind in SIGNATURE_KINDS:
            return bool(candidate.endpoint.secret)
        if kind == OLD_SECRET:
            return bool(candidate.endpoint.retired_secrets)
        if kind == RENAMED_EVENT:  # some events have the same name and data under both contracts
            return self._other_body(candidate.event) not in {None, candidate.payload.body}
        return True

    def _other_body(self, event: Event) -> bytes | None:
        """Return the body of an event under a contract with other names, if it has the event."""
        name = event_type(event, self._other_contract)
        return None if name is None else payload(event, name, self._other_contract).body

    def _applied(
        self, disruption: Disruption, kind: str, candidate: _Candidate
    ) -> AppliedDisruption:
        retired = candidate.endpoint.retired_secrets
        return AppliedDisruption(
            disruption_id=disruption.id,
            kind=kind,
            options=disruption.options if disruption.chaos is None else check_options(kind, {}),
            other_body=self._other_body(candidate.event) if kind == RENAMED_EVENT else None,
            old_secret=retired[0].secret if kind == OLD_SECRET else None,
        )

    def _put(self, disruption: Disruption) -> Disruption:
        with self._lock:
            if len(self._disruptions) >= _MAX_DISRUPTIONS:
                # A consumed one is only history. One that is armed must not vanish unnoticed.
                consumed = (one.id for one in self._disruptions.values() if one.state == CONSUMED)
                oldest_id = next(consumed, None)
                if oldest_id is None:
                    raise InvalidInput(
                        f"{_MAX_DISRUPTIONS} disruptions are armed already; remove some"
                    )
                del self._disruptions[oldest_id]
            self._disruptions[disruption.id] = disruption
        return disruption


def _with_own_chaos(disruption: Disruption) -> Disruption:
    chaos = disruption.chaos
    return disruption if chaos is None else replace(disruption, chaos=chaos.copy())


def _check_times(times: int | None) -> None:
    is_whole = isinstance(times, int) and not isinstance(times, bool)
    if times is not None and not (is_whole and 1 <= times <= MAX_TIMES):
        raise InvalidInput(f"times: expected a whole number from 1 to {MAX_TIMES}, got {times!r}")


@dataclass(frozen=True, slots=True)
class Reordered:
    """A delivery that waits for a later one to overtake it, and the task of its first attempt."""

    delivery: Delivery
    task: Task


class ReorderedDeliveries:
    """The reordered deliveries of a workspace, by endpoint. Any thread may call any method."""

    __slots__ = ("_held", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, list[Reordered]] = {}

    def hold(self, delivery: Delivery, task: Task) -> None:
        """Hold a delivery until a later one has overtaken it."""
        with self._lock:
            held = self._held.setdefault(delivery.endpoint_id, [])
            held.append(Reordered(delivery, task))

    def held_ids(self) -> set[str]:
        """Return the ids of all deliveries that are held."""
        with self._lock:
            return {one.delivery.id for held in self._held.values() for one in held}

    def release_overtaken_by(self, delivery: Delivery) -> list[Reordered]:
        """Release those that a delivery has overtaken, and return them, oldest first.

        An older delivery that was running already overtakes nothing. If the delivery was held
        itself, it is no longer.
        """
        with self._lock:
            held = self._held.pop(delivery.endpoint_id, [])
            # By sequence, not by time: on a frozen clock all of them may be due at the same time.
            later = [one for one in held if one.delivery.sequence > delivery.sequence]
            if later:
                self._held[delivery.endpoint_id] = later
        return [one for one in held if one.delivery.sequence < delivery.sequence]

    def forget(self, endpoint_id: str) -> None:
        """Hold nothing for an endpoint any longer."""
        with self._lock:
            self._held.pop(endpoint_id, None)
