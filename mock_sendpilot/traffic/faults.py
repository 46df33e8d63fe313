"""The faults of a workspace: armed, matched to requests, consumed, and listed afterwards.

Chaos is a fault too: a mix of effects, drawn from a seed.
"""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import ANY_REQUEST, RequestFacts, RequestPattern
from mock_sendpilot.scheduling.clock import Clock, iso_milliseconds
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.world.ids import Ids

ARMED, CONSUMED = "armed", "consumed"
MAX_TIMES = 1_000_000
DEFAULT_RATE = 0.2
_MAX_FAULTS, _MAX_MATCHES = 1000, 1000
CHAOS_EFFECTS = (
    Effect(status=429, retry_after=1),
    Effect(status=500),
    Effect(status=502),
    Effect(status=503),
    Effect(status=504),
    Effect(reset="before"),
    Effect(empty=True),
    Effect(truncate=True),
    Effect(malformed=True),
    Effect(latency_seconds={"uniform": [0.05, 0.5]}),
)
"""The mix of chaos. A client that retries what is safe to repeat survives all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMatch:
    """A request that was hit, and the effect: under chaos, the one that was drawn."""

    at: datetime
    method: str
    path: str
    operation: str | None
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of the next requests that match, `times` of them; None for all.

    Attributes:
        effects: what happens to the request; one of several is drawn.
        probability: the share of matching requests that are hit.
        starts_at, ends_at: hit requests from and until these times by the workspace's clock.
    """

    id: str
    effects: tuple[Effect, ...]
    armed_at: datetime
    random_seed: str
    pattern: RequestPattern = ANY_REQUEST
    times: int | None = 1
    probability: float = 1.0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    match_count: int = 0
    matches: tuple[FaultMatch, ...] = ()
    """The latest matches."""

    def __repr__(self) -> str:
        progress = f"{self.match_count} of {'all' if self.times is None else self.times}"
        return f"<Fault {self.id} ({self.summary()}): {self.state}, {progress}>"

    def summary(self) -> str:
        """Return its effect and pattern in words."""
        effect = "chaos" if len(self.effects) > 1 else str(self.effects[0])
        target = "any request" if self.pattern == ANY_REQUEST else self.pattern
        return f"{effect} for {target}"

    @property
    def state(self) -> str:
        """`armed`, or `consumed` if it will hit no more requests."""
        is_over = self.times is not None and self.match_count >= self.times
        return CONSUMED if is_over else ARMED


@dataclass(frozen=True, slots=True)
class FaultsState:
    """The faults of a workspace, and how often each has been drawn for each operation."""

    faults: tuple[Fault, ...]
    draw_counts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that hits a request: its id and effect, and the chance that belongs to it."""

    fault_id: str
    effect: Effect
    generator: random.Random


class Faults:
    """The faults of one workspace, oldest first.

    A request is hit by the oldest that matches and has `times`, or else by the newest without: a
    fault of all requests, such as that of a whole test suite, leaves room for the others.

    Args:
        ids: the source of the ids of new faults.
        clock: the clock of the workspace.
    """

    __slots__ = ("_clock", "_draw_counts", "_faults", "_ids", "_lock", "is_armed")

    def __init__(self, *, ids: Ids, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}
        self._draw_counts: Counter[tuple[str, str]] = Counter()
        self.is_armed = False
        """False if no fault can hit a request: then nothing has to be matched."""

    def arm(
        self,
        *effects: Effect,
        pattern: RequestPattern = ANY_REQUEST,
        times: int | None = 1,
        probability: float = 1.0,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        random_seed: str | None = None,
    ) -> Fault:
        """Arm a fault of requests from now on.

        Args:
            effects: what happens to a request; one of several is drawn.
            pattern: hit only requests that match.
            times: how many requests; None for all.
            probability: the share of matching requests that are hit.
            starts_at: hit requests from this time on, by the workspace's clock.
            ends_at: hit requests until this time, by the workspace's clock.
            random_seed: the same seed and requests are hit alike; by default the id of the fault.

        Raises:
            InvalidInput: a number is outside its limits, or the times are in the wrong order.
        """
        is_whole = isinstance(times, int) and not isinstance(times, bool)
        if times is not None and not (is_whole and 1 <= times <= MAX_TIMES):
            raise InvalidInput(
                f"times: expected a whole number from 1 to {MAX_TIMES}, got {times!r}"
            )
        is_number = isinstance(probability, int | float) and not isinstance(probability, bool)
        if not (is_number and 0 <= probability <= 1):
            raise InvalidInput(f"probability: expected a number from 0 to 1, got {probability!r}")
        if starts_at is not None and ends_at is not None and starts_at >= ends_at:
            first, last = iso_milliseconds(starts_at), iso_milliseconds(ends_at)
            raise InvalidInput(f"until: expected a time after {first}, got {last}")
        fault_id = self._ids.prefixed("fault")
        fault = Fault(
            id=fault_id,
            effects=effects,
            armed_at=self._clock.now(),
            random_seed=fault_id if random_seed is None else random_seed,
            pattern=pattern,
            times=times,
            probability=probability,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        with self._lock:
            if len(self._faults) >= _MAX_FAULTS:
                self._remove_oldest_consumed()
            self._faults[fault.id] = fault
            self.is_armed = True
        return fault

    def arm_chaos(
        self,
        random_seed: str,
        *,
        rate: float,
        pattern: RequestPattern = ANY_REQUEST,
        times: int | None = None,
    ) -> Fault:
        """Arm a seeded mix of effects that a client with retries survives.

        Raises:
            InvalidInput: the rate is no share, or `times` is outside its limits.
        """
        return self.arm(
            *CHAOS_EFFECTS, pattern=pattern, times=times, probability=rate, random_seed=random_seed
        )

    def all(self) -> list[Fault]:
        """Return all faults, oldest first."""
        with self._lock:
            return list(self._faults.values())

    def state(self) -> FaultsState:
        """Return all faults, and what their chance goes on from."""
        with self._lock:
            return FaultsState(tuple(self._faults.values()), dict(self._draw_counts))

    def load(self, state: FaultsState) -> None:
        """Replace all faults."""
        with self._lock:
            self._faults = {one.id: one for one in state.faults}
            self._draw_counts = Counter(state.draw_counts)
            self._note_state()

    def get(self, fault_id: str) -> Fault:
        """Return the fault of that id.

        Raises:
            NotFound: there is none.
        """
        fault = self._faults.get(fault_id)
        if fault is None:
            hint = f"this workspace has no fault {fault_id[:80]!r}"
            raise NotFound("Fault not found", hint=hint)
        return fault

    def remove(self, fault_id: str) -> None:
        """Disarm and remove a fault.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            self.get(fault_id)
            self._forget(fault_id)
            self._note_state()

    def remove_all(self) -> None:
        """Disarm and remove all faults."""
        with self._lock:
            self._faults.clear()
            self._draw_counts.clear()
            self._note_state()

    def unconsumed(self) -> list[Fault]:
        """Return the faults that were to hit a number of requests and have hit fewer."""
        return [one for one in self.all() if one.times is not None and one.state == ARMED]

    def match(self, request: RequestFacts) -> Hit | None:
        """Return the fault that hits a request, and note the match; None if none does."""
        if not self.is_armed:  # without the lock: the usual case must cost nothing
            return None
        now = self._clock.now()
        with self._lock:
            counted = [one for one in self._faults.values() if one.times is not None]
            standing = [one for one in self._faults.values() if one.times is None]
            for fault in (*counted, *reversed(standing)):
                if not self._may_hit(fault, request, now):
                    continue
                # Drawn for every request that matches, so that the later draws stay the same.
                generator = self._next_generator(fault, request)
                if generator.random() >= fault.probability:
                    continue
                effect = generator.choice(fault.effects)
                self._note_match(fault, request, effect, now)
                return Hit(fault.id, effect, generator)
        return None

    def _may_hit(self, fault: Fault, request: RequestFacts, now: datetime) -> bool:
        if fault.state == CONSUMED:
            return False
        if fault.starts_at is not None and now < fault.starts_at:
            return False
        if fault.ends_at is not None and now >= fault.ends_at:
            return False
        return fault.pattern.matches(request)

    def _next_generator(self, fault: Fault, request: RequestFacts) -> random.Random:
        # By the operation, and not by the path: ids in it may differ from run to run.
        operation = request.operation or request.method
        self._draw_counts[fault.id, operation] += 1
        count = self._draw_counts[fault.id, operation]
        return random.Random(f"{fault.random_seed}/{operation}/{count}")

    def _note_match(
        self, fault: Fault, request: RequestFacts, effect: Effect, now: datetime
    ) -> None:
        match = FaultMatch(
            at=now,
            method=request.method,
            path=request.path,
            operation=request.operation,
            effect=effect,
        )
        self._faults[fault.id] = replace(
            fault,
            match_count=fault.match_count + 1,
            matches=(*fault.matches[-_MAX_MATCHES + 1 :], match),
        )
        self._note_state()

    def _note_state(self) -> None:
        self.is_armed = any(one.state == ARMED for one in self._faults.values())

    def _remove_oldest_consumed(self) -> None:
        # A consumed one is only history. One that is armed must not vanish unnoticed.
        consumed = (one.id for one in self._faults.values() if one.state == CONSUMED)
        oldest_id = next(consumed, None)
        if oldest_id is None:
            raise InvalidInput(f"{_MAX_FAULTS} faults are armed already; remove some")
        self._forget(oldest_id)

    def _forget(self, fault_id: str) -> None:
        del self._faults[fault_id]
        for drawn in [one for one in self._draw_counts if one[0] == fault_id]:
            del self._draw_counts[drawn]
