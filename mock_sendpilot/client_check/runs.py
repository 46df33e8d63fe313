"""Runs of a sync: each against a fresh world on a server of its own, with faults."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from mock_sendpilot.client_check.sync import Address, Limits, Sync
from mock_sendpilot.client_check.world import several_pages
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import ANY_REQUEST, RequestPattern
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.journal import JournalEntry, RequestJournal
from mock_sendpilot.world.seed import WorkspaceSeed

MAX_REQUESTS = 2000
"""The number of requests after which a run is ended: the journal keeps no more."""
_STOP_SECONDS = 0.2
_REFUSED = range(400, 500)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of the requests of a run: `times` of them, or all."""

    effect: Effect
    pattern: RequestPattern = ANY_REQUEST
    times: int | None = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a sync.

    Attributes:
        entries: the requests with its API key, in the order of their arrival.
        stranger: the first request with another key or none, in words.
        error: the error that it ended with, or None.
        was_ended: whether it had to be ended.
        seconds: the time it took.
        ended: the real time of its end, in seconds since 1970.
    """

    entries: tuple[JournalEntry, ...]
    stranger: str | None
    error: str | None
    was_ended: bool
    seconds: float
    ended: float

    @property
    def hits(self) -> tuple[JournalEntry, ...]:
        """The requests that a fault has hit."""
        return tuple(entry for entry in self.entries if entry.fault)

    @property
    def refused(self) -> tuple[JournalEntry, ...]:
        """The requests that the API itself has refused."""
        return tuple(one for one in self.entries if not one.fault and one.status in _REFUSED)

    def after(self, entry: JournalEntry) -> tuple[JournalEntry, ...]:
        """Return the requests that arrived after another."""
        return self.entries[self.entries.index(entry) + 1 :]

    def repeats(self, entry: JournalEntry) -> tuple[JournalEntry, ...]:
        """Return the later requests that are the same."""
        return tuple(one for one in self.after(entry) if key_of(one) == key_of(entry))


def key_of(entry: JournalEntry) -> tuple[Any, ...]:
    """Return what makes two requests the same."""
    return entry.method, entry.path, sorted(entry.query.items(), key=str), entry.body


def arrived(entry: JournalEntry) -> float:
    """Return the real time at which a request arrived, in seconds since 1970."""
    return entry.received_at.timestamp()


class Lab:
    """A place where a sync runs, once for each trouble.

    Args:
        sync: the sync.
        state: the world that each run begins with.
        limits: the limits of the check.
    """

    def __init__(self, sync: Sync, state: WorkspaceState, limits: Limits) -> None:
        self.limits = limits
        self._sync = sync
        self._state = state
        self.clock = SystemClock()

    @property
    def contract(self) -> Contract:
        """The contract of the world."""
        return self._state.world.contract

    @cached_property
    def undisturbed(self) -> Run:
        """The run in which all is well."""
        return self.run()

    @cached_property
    def paged(self) -> Run:
        """The run in which each list has three pages or more."""
        return self.run(contents=several_pages(self.undisturbed.entries, self._state))

    @cached_property
    def outage(self) -> Run:
        """The run in which the service is down for good."""
        return self.run(Trouble(Effect(status=503), times=None))

    @cached_property
    def first_read(self) -> JournalEntry | None:
        """The first request of the sync that reads; without one, the first that is a PATCH."""
        entries = self.undisturbed.entries
        reads = (one for one in entries if one.method == "GET")
        return next(reads, next((one for one in entries if one.method == "PATCH"), None))

    def run(
        self,
        *troubles: Trouble,
        contents: WorkspaceSeed | None = None,
        contract: Contract | None = None,
        has_enough: Callable[[Sequence[JournalEntry]], bool] = lambda _: False,
    ) -> Run:
        """Run the sync once.

        Args:
            troubles: the faults of its requests.
            contents: more contents of the world.
            contract: another contract.
            has_enough: whether it must end now; it gets the requests so far.
        """
        seed = replace(self._state.world.seed, contract=contract or self.contract)
        world = replace(self._state.world, contract=contract or self.contract, seed=seed)
        emulator = Emulator(contract=world.contract)
        server = EmulatorServer(emulator, has_control=False)
        try:
            emulator.load_states([replace(self._state, world=world)])
            (workspace,) = emulator.workspaces()
            if contents is not None:
                emulator.merge(workspace, contents)
            for one in troubles:
                emulator.faults(workspace).arm(one.effect, pattern=one.pattern, times=one.times)
            journal = emulator.journal(workspace)
            server.start()
            (api_key,) = emulator.api_keys(workspace)
            address = Address(server=server, api_key=api_key.key)
            return self._run(address, journal, has_enough)
        finally:
            server.stop(timeout_seconds=_STOP_SECONDS)
            emulator.close(timeout_seconds=_STOP_SECONDS)

    def _run(
        self,
        address: Address,
        journal: RequestJournal,
        has_enough: Callable[[Sequence[JournalEntry]], bool],
    ) -> Run:
        began = SystemClock.running_seconds()

        def must_end() -> bool:
            return (
                SystemClock.running_seconds() - began > self.limits.max_seconds
                or journal.latest >= MAX_REQUESTS
                or has_enough(journal.all())
            )

        ending = self._sync.run(address, must_end)
        seconds, ended = SystemClock.running_seconds() - began, self.clock.seconds()
        unknown = address.server.emulator.unknown_requests.all()
        return Run(
            entries=tuple(sorted(journal.all(), key=lambda one: int(one.id.rpartition("_")[2]))),
            stranger=unknown[0].summary() if unknown else None,
            error=ending.error,
            was_ended=ending.was_ended,
            seconds=seconds,
            ended=ended,
        )
