"""The emulator: workspaces found by API key, each wired from its events to its webhooks."""

import secrets
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.errors import InvalidApiKey, InvalidInput, NotAllowed, NotFound
from mock_sendpilot.json_text import check_seed
from mock_sendpilot.key_access import Access, KeyRule, new_access, new_faults
from mock_sendpilot.scheduling.clock import SteadyClock, WorkspaceClock
from mock_sendpilot.scheduling.workers import Workers
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.states.snapshots import Snapshot, Snapshots, WorkspaceState, load_state
from mock_sendpilot.traffic.faults import Faults
from mock_sendpilot.traffic.journal import MAX_ENTRIES, RequestJournal
from mock_sendpilot.webhooks.deliveries import MAX_FINISHED
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS, HttpSender
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.signing import new_secret
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
        unknown_requests: the journal of the requests without a known API key.

    Args:
        contract: the contract of workspaces whose seed has none.
        random_seed: the same seed gives the same ids and signing secrets; without one each start
            differs, and nobody can work out a secret from the ids.
        timeout_seconds: how long a webhook receiver has for its response.
        max_finished: the number of finished deliveries that the log of a workspace keeps.
        rate_limit: the limit of API keys that have none of their own.
        max_requests: the number of requests that the journal of a workspace keeps; 0 for none.
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
        self.unknown_requests = RequestJournal("nokey", max_entries=max_requests)
        self._system_clock = SteadyClock()
        self._workers = Workers(self._system_clock)
        self._http_sender = HttpSender(timeout_seconds=timeout_seconds)
        self._lock = threading.Lock()
        self._replacing = threading.Lock()  # one workspace is replaced at a time
        self._accesses: dict[str, Access] = {}
        self._keys_by_workspace: dict[str, tuple[str, ...]] = {}
        self._key_rules: list[KeyRule] = []
        self._outboxes: dict[str, Outbox] = {}
        self._workspaces: dict[str, Workspace] = {}
        self._snapshots: dict[str, Snapshots] = {}
        self._journals: dict[str, RequestJournal] = {}
        self._faults: dict[str, Faults] = {}
        # One receiver for all workspaces: to disconnect one receiver blinker looks through all.
        event_recorded.connect(self._enqueue)

    def access(self, key: str | None) -> Access:
        """Return the workspace that an API key opens.

        Raises:
            InvalidApiKey: no key, or one that is unknown, revoked or expired. The vendor has one
                message for all four.
        """
        access = self._accesses.get(key or "")
        if access is None:
            hint = "no workspace has this key" if key else "send the key as the header X-API-Key"
            raise InvalidApiKey("Invalid API key", hint=hint)
        if access.api_key.is_revoked:
            raise InvalidApiKey("Invalid API key", hint="this key is revoked")
        expires_at = access.api_key.expires_at
        if expires_at is not None and expires_at <= access.workspace.clock.now():
            raise InvalidApiKey("Invalid API key", hint="this key has expired")
        return access

    def find_access(self, key: str | None) -> Access | None:
        """Return what an API key belongs to, also if it is revoked or expired; None if unknown."""
        return self._accesses.get(key or "")

    def workspaces(self) -> list[Workspace]:
        """Return all workspaces, oldest first."""
        with self._lock:
            return list(self._workspaces.values())

    def workspace(self, workspace_id: str) -> Workspace:
        """Return the workspace of that id, as it is since its latest reset.

        Raises:
            NotFound: there is none.
        """
        workspace = self._workspaces.get(workspace_id)
        if workspace is None:
            hint = f"this emulator has no workspace {workspace_id[:80]!r}"
            raise NotFound("Workspace not found", hint=hint)
        return workspace

    def api_keys(self, workspace: Workspace) -> list[ApiKey]:
        """Return the keys of a workspace."""
        with self._lock:
            keys = self._keys_by_workspace.get(workspace.id, ())
            return [self._accesses[key].api_key for key in keys]

    def add_key_rule(self, rule: KeyRule) -> None:
        """Check the existing API keys with a function, and every key that is added later.

        Raises:
            NotAllowed: the rule refuses an existing key.
        """
        with self._lock:
            rule(self._accesses)
            self._key_rules.append(rule)

    def remove_key_rule(self, rule: KeyRule) -> None:
        """Remove a rule; do nothing if it was not added."""
        with self._lock, suppress(ValueError):
            self._key_rules.remove(rule)

    def outbox(self, workspace: Workspace) -> Outbox:
        """Return the outbox of a workspace: its endpoints and deliveries."""
        return self._outboxes[workspace.id]

    def journal(self, workspace: Workspace) -> RequestJournal:
        """Return the request journal of a workspace."""
        return self._journals[workspace.id]

    def faults(self, workspace: Workspace) -> Faults:
        """Return the faults of a workspace."""
        return self._faults[workspace.id]

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
            return sum(outbox.log.pending_count for outbox in self._outboxes.values())

    def load(
        self, seeds: Iterable[WorkspaceSeed], *, endpoints: Sequence[EndpointSeed] = ()
    ) -> None:
        """Add seeded workspaces, all or none of them.

        Args:
            seeds: the seeds of the workspaces.
            endpoints: endpoints that every workspace gets as well as its own; their event types
                may have the names of any contract.

        Raises:
            InvalidInput, NotAllowed: as for `add_workspace`.
        """
        added: list[Workspace] = []
        try:
            for seed in seeds:
                added += [self._add(seed, None)]
            for workspace in added:
                self.add_endpoints(workspace, endpoints)
        except (InvalidInput, NotAllowed):
            for workspace in added:
                self.remove_workspace(workspace)
            raise
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
            keeps_endpoints: whether its endpoints stay, with their ids and secrets; else it has
                those of its seed.

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
            outbox = self._make_outbox(after)
            for endpoint in seed.endpoints:
                outbox.endpoints.add_seeded(endpoint)
            if keeps_endpoints:
                outbox.endpoints.keep(self.outbox(before).endpoints.all())
            self._replace(before, after, outbox)
            self.journal(after).remove_all()
        after.begin()
        return after

    def snapshots(self, workspace: Workspace) -> Snapshots:
        """Return the snapshots of a workspace; they survive a reset."""
        return self._snapshots[workspace.id]

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
            with (
                outbox.paused(timeout_seconds=timeout_seconds),
                current.paused(timeout_seconds=timeout_seconds),
            ):
                return WorkspaceState(
                    world=current.state(),
                    outbox=outbox.state(),
                    faults=self._faults[current.id].state(),
                    rate_limits={
                        key: limiter.state()
                        for key in self._keys_by_workspace[current.id]
                        if (limiter := self._accesses[key].limiter) is not None
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
        added: list[Workspace] = []
        try:
            for state in states:
                clock, seed = state.world.clock, state.world.seed
                elapsed = max(self._system_clock.now() - clock.real_time, timedelta())
                starts_at = clock.now if clock.is_frozen else clock.now + elapsed
                workspace, outbox = self._make_from(state, seed, starts_at)
                self._register(workspace, outbox, seed.api_keys)
                self._load_traffic(workspace, state)
                added.append(workspace)
        except (InvalidInput, NotAllowed):
            for workspace in added:
                self.remove_workspace(workspace)
            raise
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
        for key in self._keys_by_workspace[workspace.id]:
            limiter, limit_state = self._accesses[key].limiter, state.rate_limits.get(key)
            if limiter is not None and limit_state is not None:
                limiter.load(limit_state)

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
            if self._workspaces.get(workspace.id) is not workspace:
                return
            del self._workspaces[workspace.id]
            outbox = self._outboxes.pop(workspace.id)
            journal = self._journals.pop(workspace.id)
            del self._snapshots[workspace.id]
            del self._faults[workspace.id]
            for key in self._keys_by_workspace.pop(workspace.id):
                del self._accesses[key]
        journal.close()
        outbox.close()
        self._workers.forget(workspace.scheduler)

    def close(self, *, timeout_seconds: float = 1.0) -> None:
        """Stop, once the running attempts have ended or the time is over."""
        self._http_sender.begin_to_close()
        for workspace in self.workspaces():
            self.outbox(workspace).end_waits()
            self.journal(workspace).close()
        self._workers.stop(timeout_seconds=timeout_seconds)
        for workspace in self.workspaces():
            self.remove_workspace(workspace)
        event_recorded.disconnect(self._enqueue)
        self._http_sender.close()

    def _enqueue(self, workspace: Workspace, *, event: Event) -> None:
        """Give an event to the outbox of its workspace, if this emulator has that workspace."""
        outbox = self._outboxes.get(workspace.id)
        # In this order, since another thread may remove the workspace between the two.
        if outbox is not None and self._workspaces.get(workspace.id) is workspace:
            outbox.enqueue(event)

    def _replace(self, before: Workspace, after: Workspace, outbox: Outbox) -> None:
        """Let the keys of a workspace open another object from now on, and close the one before."""
        # Closed first: nothing of it may be sent once the new one has its place.
        self.outbox(before).close()
        with self._lock:
            if self._workspaces.get(before.id) is not before:
                raise NotFound("Workspace not found", hint=f"{before.id!r} was removed meanwhile")
            self._workspaces[before.id] = after
            self._outboxes[before.id] = outbox
            journal = self._journals[before.id]
            faults = self._faults[before.id] = new_faults(after)
            for key in self._keys_by_workspace[before.id]:
                self._accesses[key] = new_access(
                    after, self._accesses[key].api_key, journal, faults
                )
        self._workers.forget(before.scheduler)

    def _add(self, seed: WorkspaceSeed, clock: WorkspaceClock | None) -> Workspace:
        check_seed(seed)
        workspace = self._make(seed, clock)
        outbox = self._make_outbox(workspace)
        for endpoint in seed.endpoints:
            outbox.endpoints.add_seeded(endpoint)
        self._register(workspace, outbox, seed.api_keys)
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
        return Workspace(
            seed,
            contract=self.contract,
            clock=clock,
            random_seed=f"{self._random_seed}/{seed.random_seed or seed.id}",
            workers=self._workers,
        )

    def _make_outbox(self, workspace: Workspace) -> Outbox:
        return Outbox(
            workspace,
            self._http_sender,
            max_finished=self._max_finished,
            secret_bytes=workspace.ids.random_bytes if self._is_replay else secrets.token_bytes,
        )

    def _register(self, workspace: Workspace, outbox: Outbox, api_keys: Sequence[ApiKey]) -> None:
        with self._lock:
            if workspace.id in self._workspaces:
                raise InvalidInput(f"there is a workspace {workspace.id!r} already")
            if any(api_key.key in self._accesses for api_key in api_keys):
                raise InvalidInput(
                    f"an API key of workspace {workspace.id!r} belongs to another workspace"
                )
            for rule in self._key_rules:
                rule([api_key.key for api_key in api_keys])
            self._workspaces[workspace.id] = workspace
            self._outboxes[workspace.id] = outbox
            self._snapshots[workspace.id] = Snapshots()
            journal = self._journals[workspace.id] = RequestJournal(max_entries=self._max_requests)
            faults = self._faults[workspace.id] = new_faults(workspace)
            for api_key in api_keys:
                limited = replace(api_key, rate_limit=api_key.rate_limit or self._rate_limit)
                self._accesses[api_key.key] = new_access(workspace, limited, journal, faults)
            keys = tuple(dict.fromkeys(api_key.key for api_key in api_keys))
            self._keys_by_workspace[workspace.id] = keys
