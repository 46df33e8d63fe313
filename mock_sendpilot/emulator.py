"""The emulator: workspaces found by API key, each wired from its events to its webhooks."""

import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from mock_sendpilot import signals
from mock_sendpilot.api_keys import ApiKeys
from mock_sendpilot.changes import ALL, DELIVERIES, Changes
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.errors import InvalidInput, NotAllowed, NotFound
from mock_sendpilot.json_text import check_seed
from mock_sendpilot.scheduling.clock import SteadyClock, WorkspaceClock
from mock_sendpilot.scheduling.workers import Workers
from mock_sendpilot.states.snapshots import Snapshot, Snapshots, WorkspaceState, load_state
from mock_sendpilot.traffic.faults import Faults
from mock_sendpilot.traffic.journal import MAX_ENTRIES, RequestJournal
from mock_sendpilot.webhooks.deliveries import MAX_FINISHED
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS, HttpSender
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.signing import new_secret
from mock_sendpilot.workspace_entry import WorkspaceEntry, new_faults
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.models import ApiKey, RateLimit
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

PAUSE_TIMEOUT_SECONDS = 5.0
"""The longest time to wait for the moment of a state."""


class Emulator:
    """Workspaces that do not know each other, in memory; no network until a webhook is due.

    Attributes:
        keys: the API keys of all workspaces, and what they open.
        unknown_requests: the journal of the requests without a known API key.
        default_secret: the signing secret of endpoints that are added without one, in workspaces
            that are loaded or reset from now on; with None each gets a new one.

    Args:
        contract: the contract of workspaces whose seed has none.
        random_seed: the same seed gives the same ids and signing secrets; without one each start
            differs, and nobody can work out a secret from the ids.
        timeout_seconds: how long a webhook receiver has for its response.
        max_finished: the number of finished deliveries that the log of a workspace keeps.
        rate_limit: the limit of API keys that have none of their own.
        max_requests: the number of requests that the journal of a workspace keeps; 0 for none.
        http_sender: makes the POSTs of webhooks, in place of one with `timeout_seconds`.
    """

    def __init__(
        self,
        *,
        contract: Contract = CONTRACTS[DOCUMENTED],
        random_seed: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        max_finished: int = MAX_FINISHED,
        rate_limit: RateLimit | None = None,
        max_requests: int = MAX_ENTRIES,
        http_sender: HttpSender | None = None,
    ) -> None:
        self.contract = contract
        self._random_seed = secrets.token_hex(16) if random_seed is None else random_seed
        self._secret_bytes = (
            secrets.token_bytes if random_seed is None else Ids(random_seed).random_bytes
        )
        self._is_replay = random_seed is not None
        self._max_finished = max_finished
        self._rate_limit = rate_limit
        self._max_requests = max_requests
        self.keys = ApiKeys()
        self.default_secret: str | None = None
        self.unknown_requests = RequestJournal("nokey", max_entries=max_requests)
        self._system_clock = SteadyClock()
        self._workers = Workers(self._system_clock)
        self._http_sender = http_sender or HttpSender(timeout_seconds=timeout_seconds)
        self._lock = threading.Lock()
        self._replacing = threading.Lock()  # one workspace is replaced at a time
        self._entries: dict[str, WorkspaceEntry] = {}
        # One receiver for all workspaces: to disconnect one receiver blinker looks through all.
        signals.event_recorded.connect(self._enqueue)
        for signal in signals.OF_DELIVERIES:
            signal.connect(self._note_delivery)

    def workspaces(self) -> list[Workspace]:
        """Return all workspaces, oldest first."""
        with self._lock:
            return [entry.workspace for entry in self._entries.values()]

    def workspace(self, workspace_id: str) -> Workspace:
        """Return the workspace of that id, as it is since its latest reset.

        Raises:
            NotFound: there is none.
        """
        entry = self._entries.get(workspace_id)
        if entry is None:
            hint = f"this emulator has no workspace {workspace_id[:80]!r}"
            raise NotFound("Workspace not found", hint=hint)
        return entry.workspace

    def api_keys(self, workspace: Workspace) -> list[ApiKey]:
        """Return the keys of a workspace; none if it was removed."""
        entry = self._entries.get(workspace.id)
        return [] if entry is None else list(entry.api_keys)

    def add_key(self, workspace: Workspace, api_key: ApiKey) -> None:
        """Let another key open a workspace; it raises what `add_workspace` does."""
        with self._lock:
            entry = self._entries[workspace.id]
            self.keys.add(replace(entry, api_keys=(api_key,)).accesses())
            self._entries[workspace.id] = replace(entry, api_keys=(*entry.api_keys, api_key))

    def remove_key(self, workspace: Workspace, api_key: ApiKey) -> None:
        """Remove a key, unless the workspace was removed, and the key with it."""
        with self._lock:
            if entry := self._entries.get(workspace.id):
                kept = tuple(one for one in entry.api_keys if one != api_key)
                self._entries[workspace.id] = replace(entry, api_keys=kept)
                self.keys.remove([api_key])

    def outbox(self, workspace: Workspace) -> Outbox:
        """Return the outbox of a workspace: its endpoints and deliveries."""
        return self._entries[workspace.id].outbox

    def journal(self, workspace: Workspace) -> RequestJournal:
        """Return the request journal of a workspace."""
        return self._entries[workspace.id].journal

    def changes(self, workspace_id: str) -> Changes:
        """Return the changes of a workspace, which survive a reset; of an unknown one, none."""
        entry = self._entries.get(workspace_id)
        return Changes() if entry is None else entry.changes

    def note_request(self, workspace_id: str | None, method: str) -> None:
        """Note a request in the changes of its workspace; without a known key, in those of all."""
        if workspace_id is not None:
            self.changes(workspace_id).note_request(is_reading=method in {"GET", "HEAD"})
            return
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            entry.changes.note_request(is_reading=True)

    def faults(self, workspace: Workspace) -> Faults:
        """Return the faults of a workspace."""
        return self._entries[workspace.id].faults

    def new_secret(self) -> str:
        """Return a signing secret, for endpoints of several workspaces to share."""
        return new_secret(self._secret_bytes)

    @property
    def workers(self) -> Workers:
        """The threads that send the webhooks of running clocks."""
        return self._workers

    @property
    def pending_count(self) -> int:
        """The number of deliveries of all workspaces that are still to be attempted."""
        with self._lock:
            return sum(entry.outbox.log.pending_count for entry in self._entries.values())

    def load(
        self, seeds: Iterable[WorkspaceSeed], *, endpoints: Sequence[EndpointSeed] = ()
    ) -> None:
        """Add seeded workspaces, all or none of them.

        Args:
            seeds: the seeds of the workspaces.
            endpoints: more endpoints of every workspace, with event types of any contract.

        Raises:
            InvalidInput, NotAllowed: as for `add_workspace`.
        """
        with self._all_or_none() as added:
            for seed in seeds:
                added.append(self._add(seed, None))
            for workspace in added:
                self.add_endpoints(workspace, endpoints)
        for workspace in added:  # only now, so that every endpoint gets the first events
            workspace.begin()

    def add_endpoints(self, workspace: Workspace, endpoints: Iterable[EndpointSeed]) -> None:
        """Add endpoints, whose event types may have the names of any contract.

        Raises:
            InvalidInput: one is invalid.
        """
        own_type = workspace.contract.own_event_type
        for endpoint in endpoints:
            types = endpoint.event_types
            names = None if types is None else tuple(map(own_type, types))
            self.outbox(workspace).endpoints.add_seeded(replace(endpoint, event_types=names))

    def add_workspace(
        self, seed: WorkspaceSeed, *, clock: WorkspaceClock | None = None
    ) -> Workspace:
        """Add a workspace.

        Args:
            seed: the contents of the workspace.
            clock: its clock; a `ManualClock` is frozen until `Workspace.advance`.

        Raises:
            InvalidInput: an id or key is taken, or the seed does not fit together.
            NotAllowed: everybody knows a key, and a server is open to others.
        """
        workspace = self._add(seed, clock)
        workspace.begin()
        return workspace

    def reset(
        self,
        workspace: Workspace,
        *,
        seed: WorkspaceSeed | None = None,
        keeps_endpoints: bool = True,
    ) -> Workspace:
        """Put a workspace back to its seed; return the object that takes its place.

        Its id and its API keys stay; its request journal is emptied and its faults are removed.
        What is in progress ends in the object before, which is closed: no change, event or attempt
        of it reaches the new one.

        Args:
            workspace: the workspace.
            seed: other contents, which are its seed from now on.
            keeps_endpoints: keep its endpoints, with ids and secrets, instead of its seed's.

        Raises:
            NotFound: the workspace was removed.
            InvalidInput: the seed does not fit together.
        """
        with self._replacing:
            before = self.workspace(workspace.id)
            if seed is None:
                seed = before.seed
            else:
                check_seed(seed)
                seed = replace(seed, id=before.id, api_keys=before.seed.api_keys)
            after = self._make(seed, None)
            outbox = self._make_outbox(after, seed.endpoints)
            if keeps_endpoints:
                outbox.endpoints.keep(self.outbox(before).endpoints.all())
            self._replace(before, after, outbox)
            self.journal(after).remove_all()
        after.begin()
        return after

    def snapshots(self, workspace: Workspace) -> Snapshots:
        """Return the snapshots of a workspace; they survive a reset."""
        return self._entries[workspace.id].snapshots

    def take_snapshot(self, workspace: Workspace, *, name: str | None = None) -> Snapshot:
        """Take a snapshot of a workspace; it changes nothing.

        Raises:
            NotFound: the workspace was removed.
            InvalidInput: there are too many snapshots, or as for `state`.
        """
        return self.snapshots(workspace).add(self.state(workspace), name)

    def state(
        self, workspace: Workspace, *, timeout_seconds: float = PAUSE_TIMEOUT_SECONDS
    ) -> WorkspaceState:
        """Return the state of a workspace at one moment.

        Changes and events wait meanwhile. An attempt in flight is still to be made in it.

        Raises:
            NotFound: the workspace was removed.
            InvalidInput: an event is being published, or an attempt recorded, for that long.
        """
        with self._replacing:
            current = self.workspace(workspace.id)
            outbox = self.outbox(current)
            accesses = [self.keys.find(one.key) for one in self.api_keys(current)]
            with (
                outbox.paused(timeout_seconds=timeout_seconds),
                current.paused(timeout_seconds=timeout_seconds),
            ):
                return WorkspaceState(
                    world=current.state(),
                    outbox=outbox.state(),
                    faults=self.faults(current).state(),
                    rate_limits={
                        access.api_key.key: access.limiter.state()
                        for access in accesses
                        if access is not None and access.limiter is not None
                    },
                )

    def restore(self, workspace: Workspace, state: WorkspaceState) -> Workspace:
        """Go on from a state, as the workspace would have gone on then; return the new object.

        Its id, API keys and request journal stay. What is in progress ends as at a reset.

        Raises:
            NotFound: the workspace was removed.
            InvalidInput: the state does not fit together.
        """
        with self._replacing:
            before = self.workspace(workspace.id)
            after, outbox = self._make_from(state, before.seed, state.world.clock.now)
            self._replace(before, after, outbox)
            self._load_traffic(after, state)
        after.start(self._workers)
        return after

    def load_states(self, states: Iterable[WorkspaceState]) -> None:
        """Add the workspaces of states, all or none of them.

        A clock that ran has run on since then, as the real time has.

        Raises:
            InvalidInput: an id or key is taken, or a state does not fit together.
            NotAllowed: everybody knows a key, and a server is open to others.
        """
        with self._all_or_none() as added:
            for state in states:
                clock, seed = state.world.clock, state.world.seed
                # Not below zero: the clock of the machine may have been set back meanwhile.
                elapsed = max(self._system_clock.now() - clock.real_time, timedelta())
                starts_at = clock.now if clock.is_frozen else clock.now + elapsed
                workspace, outbox = self._make_from(state, seed, starts_at)
                self._register(workspace, outbox, seed.api_keys)
                self._load_traffic(workspace, state)
                added.append(workspace)
        for workspace in added:
            workspace.start(self._workers)

    def _make_from(
        self, state: WorkspaceState, own: WorkspaceSeed, starts_at: datetime
    ) -> tuple[Workspace, Outbox]:
        world = state.world
        workspace = Workspace(
            replace(world.seed.without_contents(), id=own.id, api_keys=own.api_keys),
            contract=world.contract,
            clock=WorkspaceClock(
                self._system_clock, starts_at=starts_at, is_frozen=world.clock.is_frozen
            ),
            random_seed=world.random_seed,
        )
        outbox = self._make_outbox(workspace)
        load_state(state, workspace, outbox)
        return workspace, outbox

    def _load_traffic(self, workspace: Workspace, state: WorkspaceState) -> None:
        self.faults(workspace).load(state.faults)
        for api_key in self.api_keys(workspace):
            access, limit_state = self.keys.find(api_key.key), state.rate_limits.get(api_key.key)
            if limit_state is not None and access is not None and access.limiter is not None:
                access.limiter.load(limit_state)

    def merge(
        self, workspace: Workspace, seed: WorkspaceSeed, *, balance: Balance | None = None
    ) -> None:
        """Add the contents of a seed to a workspace: see `Workspace.merge`; also its endpoints.

        Raises:
            InvalidInput: it does not fit together; then nothing has changed.
        """
        check_seed(seed)
        outbox = self.outbox(workspace)
        for endpoint in seed.endpoints:
            outbox.endpoints.check(endpoint)
        workspace.merge(seed, balance=balance)
        for endpoint in seed.endpoints:
            outbox.endpoints.add_seeded(endpoint)

    def remove_workspace(self, workspace: Workspace) -> None:
        """Remove a workspace, its keys and its waiting deliveries."""
        with self._lock:
            entry = self._entries.get(workspace.id)
            if entry is None or entry.workspace is not workspace:
                return
            del self._entries[workspace.id]
            self.keys.remove(entry.api_keys)
        entry.changes.note(ALL)
        entry.journal.close()
        entry.outbox.close()
        self._workers.forget(workspace.scheduler)

    def close(self, *, timeout_seconds: float = 1.0) -> None:
        """Stop, once the running attempts have ended or the time is over."""
        # First, so that attempts in flight end now and the workers need not wait for receivers.
        self._http_sender.begin_to_close()
        for workspace in self.workspaces():
            self.outbox(workspace).end_waits()
            self.journal(workspace).close()
        self._workers.stop(timeout_seconds=timeout_seconds)
        for workspace in self.workspaces():
            self.remove_workspace(workspace)
        signals.event_recorded.disconnect(self._enqueue)
        for signal in signals.OF_DELIVERIES:
            signal.disconnect(self._note_delivery)
        self._http_sender.close()

    def _enqueue(self, workspace: Workspace, *, event: Event) -> None:
        """Give an event to the outbox of its workspace, if this emulator has that workspace."""
        # The signal belongs to all emulators of the process, and a change that began before a reset
        # may end after it.
        entry = self._entries.get(workspace.id)
        if entry is not None and entry.workspace is workspace:
            entry.outbox.enqueue(event)
            entry.changes.note_event(event)

    def _note_delivery(self, workspace: Workspace, **_: object) -> None:
        entry = self._entries.get(workspace.id)
        if entry is not None and entry.workspace is workspace:
            entry.changes.note(DELIVERIES)

    def _replace(self, before: Workspace, after: Workspace, outbox: Outbox) -> None:
        """Let the keys of a workspace open another object from now on, and close the one before."""
        # Closed first: nothing of it may be sent once the new one has its place.
        self.outbox(before).close()
        with self._lock:
            entry = self._entries.get(before.id)
            if entry is None or entry.workspace is not before:
                raise NotFound("Workspace not found", hint=f"{before.id!r} was removed meanwhile")
            entry = replace(entry, workspace=after, outbox=outbox, faults=new_faults(after))
            self._entries[before.id] = entry
            self.keys.replace(entry.accesses())
        entry.changes.note(ALL)
        self._workers.forget(before.scheduler)

    def _add(self, seed: WorkspaceSeed, clock: WorkspaceClock | None) -> Workspace:
        check_seed(seed)
        workspace = self._make(seed, clock)
        self._register(workspace, self._make_outbox(workspace, seed.endpoints), seed.api_keys)
        return workspace

    def _make(self, seed: WorkspaceSeed, clock: WorkspaceClock | None) -> Workspace:
        if clock is None:
            clock = WorkspaceClock(
                self._system_clock, starts_at=seed.starts_at, is_frozen=seed.is_frozen
            )
        else:
            clock.run_with(self._system_clock)  # the workers wait by this clock
            # A reset makes a new clock that begins where this one did.
            seed = replace(seed, starts_at=clock.now(), is_frozen=clock.is_frozen)
        random_seed = f"{self._random_seed}/{seed.random_seed or seed.id}"
        if (known := self._entries.get(seed.id)) and known.workspace.seed is seed:
            random_seed = known.workspace.random_seed  # of a state, perhaps another emulator's
        return Workspace(
            seed,
            contract=self.contract,
            clock=clock,
            random_seed=random_seed,
            workers=self._workers,
        )

    def _make_outbox(self, workspace: Workspace, seeded: Iterable[EndpointSeed] = ()) -> Outbox:
        outbox = Outbox(
            workspace,
            self._http_sender,
            max_finished=self._max_finished,
            # Ids can be guessed from others of the same seed; a signing secret must not be.
            secret_bytes=workspace.ids.random_bytes if self._is_replay else secrets.token_bytes,
            default_secret=self.default_secret,
        )
        for endpoint in seeded:
            outbox.endpoints.add_seeded(endpoint)
        return outbox

    def _register(self, workspace: Workspace, outbox: Outbox, api_keys: Sequence[ApiKey]) -> None:
        limited = (replace(one, rate_limit=one.rate_limit or self._rate_limit) for one in api_keys)
        entry = WorkspaceEntry(
            workspace=workspace,
            outbox=outbox,
            journal=RequestJournal(max_entries=self._max_requests),
            faults=new_faults(workspace),
            snapshots=Snapshots(),
            changes=Changes(),
            api_keys=tuple({one.key: one for one in limited}.values()),
        )
        with self._lock:
            if workspace.id in self._entries:
                raise InvalidInput(f"there is a workspace {workspace.id!r} already")
            self.keys.add(entry.accesses())
            self._entries[workspace.id] = entry

    @contextmanager
    def _all_or_none(self) -> Iterator[list[Workspace]]:
        """Give a list for added workspaces, which are removed if a later one is refused."""
        added: list[Workspace] = []
        try:
            yield added
        except (InvalidInput, NotAllowed):
            for workspace in added:
                self.remove_workspace(workspace)
            raise
