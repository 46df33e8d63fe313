"""The emulator: the workspaces, found by API key, each wired from its store to its webhooks."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.contracts.options import DOCUMENTED
from mock_sendpilot.errors import InvalidApiKey, InvalidInput, NotAllowed, ScopeMissing
from mock_sendpilot.json_text import check_seed
from mock_sendpilot.scheduling.clock import SteadyClock, WorkspaceClock
from mock_sendpilot.scheduling.workers import Workers
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.webhooks.deliveries import MAX_FINISHED
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS, HttpSender
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.signing import new_secret
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.models import ApiKey, RateLimit
from mock_sendpilot.world.rate_limits import RateLimiter
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

KeyRule = Callable[[Iterable[str]], None]
"""Raises at API keys that must not be added."""


@dataclass(frozen=True, slots=True)
class Access:
    """What an API key opens: a workspace, with the key's scopes."""

    workspace: Workspace
    api_key: ApiKey
    limiter: RateLimiter | None = None

    def require(self, scope: str) -> None:
        """Insist on a scope.

        Raises:
            ScopeMissing: the key does not carry it.
        """
        if not self.api_key.allows(scope):
            raise ScopeMissing(
                "API key does not have permission to access this workspace",
                hint=f"this key lacks the scope {scope!r}",
            )


class Emulator:
    """Workspaces that do not know each other, in memory; no network until a webhook is due.

    Args:
        contract: for workspaces that bring none of their own.
        random_seed: the same seed gives the same ids and signing secrets; without one each start
            differs, and nobody can work out a secret from the ids.
        timeout_seconds: how long a webhook receiver has for its answer.
        max_finished: how many finished deliveries each workspace's log keeps.
        rate_limit: of every API key that has none of its own.
    """

    def __init__(
        self,
        *,
        contract: Contract = CONTRACTS[DOCUMENTED],
        random_seed: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        max_finished: int = MAX_FINISHED,
        rate_limit: RateLimit | None = None,
    ) -> None:
        self.contract = contract
        self._random_seed = secrets.token_hex(16) if random_seed is None else random_seed
        self._secret_bytes = (
            secrets.token_bytes if random_seed is None else Ids(random_seed).random_bytes
        )
        self._is_replay = random_seed is not None
        self._max_finished = max_finished
        self._rate_limit = rate_limit
        self._system_clock = SteadyClock()
        self._workers = Workers(self._system_clock)
        self._http_sender = HttpSender(timeout_seconds=timeout_seconds)
        self._lock = threading.Lock()
        self._accesses: dict[str, Access] = {}
        self._keys_by_workspace: dict[str, tuple[str, ...]] = {}
        # One receiver for all workspaces: to forget one of many costs blinker a look at each.
        event_recorded.connect(self._enqueue)
        self._key_rules: list[KeyRule] = []
        self._outboxes: dict[str, Outbox] = {}
        self._workspaces: dict[str, Workspace] = {}

    def access(self, key: str | None) -> Access:
        """What an API key opens.

        Raises:
            InvalidApiKey: no key, an unknown or a revoked one. The vendor has one message for all.
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

    def workspaces(self) -> list[Workspace]:
        """All workspaces, oldest first."""
        with self._lock:
            return list(self._workspaces.values())

    def api_keys(self, workspace: Workspace) -> list[ApiKey]:
        """The keys of a workspace."""
        with self._lock:
            keys = self._keys_by_workspace.get(workspace.id, ())
            return [self._accesses[key].api_key for key in keys]

    def add_key_rule(self, rule: KeyRule) -> None:
        """Check API keys with a function from now on: those that are there, and those to come.

        Raises:
            NotAllowed: the rule refuses a key that is there.
        """
        with self._lock:
            rule(self._accesses)
            self._key_rules.append(rule)

    def remove_key_rule(self, rule: KeyRule) -> None:
        """Forget a rule; do nothing where there is none."""
        with self._lock, suppress(ValueError):
            self._key_rules.remove(rule)

    def outbox(self, workspace: Workspace) -> Outbox:
        """The outbox of a workspace: its endpoints and deliveries."""
        return self._outboxes[workspace.id]

    def new_secret(self) -> str:
        """A signing secret, for endpoints of several workspaces to share."""
        return new_secret(self._secret_bytes)

    @property
    def pending_count(self) -> int:
        """How many deliveries of all workspaces are still to be attempted."""
        with self._lock:
            return sum(outbox.log.pending_count for outbox in self._outboxes.values())

    def load(
        self, seeds: Iterable[WorkspaceSeed], *, endpoints: Sequence[EndpointSeed] = ()
    ) -> None:
        """Add seeded workspaces, each with these endpoints besides its own; all or none of them.

        The event types of `endpoints` may bear the names of any contract.

        Raises:
            InvalidInput: as for `add_workspace`.
        """
        added: list[Workspace] = []
        try:
            for seed in seeds:
                added += [self._add(seed, None)]
            for workspace in added:
                self._add_endpoints(workspace, [_named_by(workspace, one) for one in endpoints])
        except (InvalidInput, NotAllowed):
            for workspace in added:
                self.remove_workspace(workspace)
            raise
        for workspace in added:  # not before every endpoint is there to hear of it
            workspace.begin()

    def add_workspace(
        self, seed: WorkspaceSeed, *, clock: WorkspaceClock | None = None
    ) -> Workspace:
        """Make a workspace as the seed says.

        Args:
            seed: what it starts with.
            clock: a `ManualClock` makes its time stand still until `Workspace.advance`.

        Raises:
            InvalidInput: an id or key is taken, or the seed does not fit together.
            NotAllowed: everybody knows a key, and a server is open to others.
        """
        workspace = self._add(seed, clock)
        workspace.begin()
        return workspace

    def _add(self, seed: WorkspaceSeed, clock: WorkspaceClock | None) -> Workspace:
        check_seed(seed)
        workspace = Workspace(
            seed,
            contract=self.contract,
            clock=self._clock_of(seed, clock),
            random_seed=f"{self._random_seed}/{seed.random_seed or seed.id}",
            workers=self._workers,
        )
        self._register(workspace, seed.api_keys)
        try:
            self._add_endpoints(workspace, seed.endpoints)
        except InvalidInput:
            self.remove_workspace(workspace)
            raise
        return workspace

    def remove_workspace(self, workspace: Workspace) -> None:
        """Forget a workspace, its keys and what it still had to send."""
        with self._lock:
            if self._workspaces.get(workspace.id) is not workspace:
                return
            del self._workspaces[workspace.id]
            outbox = self._outboxes.pop(workspace.id)
            for key in self._keys_by_workspace.pop(workspace.id):
                del self._accesses[key]
        outbox.close()
        self._workers.forget(workspace.scheduler)

    def close(self, *, timeout_seconds: float = 1.0) -> None:
        """Let the attempts at work finish, at most so long, and stop."""
        self._http_sender.begin_to_close()
        for workspace in self.workspaces():
            self.outbox(workspace).end_waits()
        self._workers.stop(timeout_seconds=timeout_seconds)
        for workspace in self.workspaces():
            self.remove_workspace(workspace)
        event_recorded.disconnect(self._enqueue)
        self._http_sender.close()

    def _enqueue(self, workspace: Workspace, *, event: Event) -> None:
        """Hand an event to the outbox of its workspace, if that is one of this emulator."""
        outbox = self._outboxes.get(workspace.id)
        # Looked up first: another thread may remove the workspace between the two.
        if outbox is not None and self._workspaces.get(workspace.id) is workspace:
            outbox.enqueue(event)

    def _register(self, workspace: Workspace, api_keys: Sequence[ApiKey]) -> None:
        outbox = Outbox(
            workspace,
            self._http_sender,
            max_finished=self._max_finished,
            secret_bytes=workspace.ids.random_bytes if self._is_replay else secrets.token_bytes,
        )
        with self._lock:
            if workspace.id in self._workspaces:
                raise InvalidInput(f"there is a workspace {workspace.id!r} already")
            taken = [api_key.key for api_key in api_keys if api_key.key in self._accesses]
            if taken:
                raise InvalidInput(
                    f"the API key of workspace {workspace.id!r} is another one's too"
                )
            for rule in self._key_rules:
                rule([api_key.key for api_key in api_keys])
            self._workspaces[workspace.id] = workspace
            self._outboxes[workspace.id] = outbox
            for api_key in api_keys:
                self._accesses[api_key.key] = self._opened(workspace, api_key)
            keys = tuple(dict.fromkeys(api_key.key for api_key in api_keys))
            self._keys_by_workspace[workspace.id] = keys

    def _clock_of(self, seed: WorkspaceSeed, clock: WorkspaceClock | None) -> WorkspaceClock:
        """One that runs with the clock by which the workers go."""
        if clock is None:
            starts_at, is_frozen = seed.starts_at, seed.is_frozen
            return WorkspaceClock(self._system_clock, starts_at=starts_at, is_frozen=is_frozen)
        clock.run_with(self._system_clock)
        return clock

    def _opened(self, workspace: Workspace, api_key: ApiKey) -> Access:
        limit = api_key.rate_limit or self._rate_limit
        api_key = replace(api_key, rate_limit=limit)
        limiter = RateLimiter(workspace.clock, limit) if limit else None
        return Access(workspace, api_key, limiter)

    def _add_endpoints(self, workspace: Workspace, endpoints: Iterable[EndpointSeed]) -> None:
        for endpoint in endpoints:
            self.outbox(workspace).endpoints.add(
                endpoint.url,
                secret=endpoint.secret,
                event_types=endpoint.event_types,
                is_enabled=endpoint.is_enabled,
                settings=endpoint.settings,
            )


def _named_by(workspace: Workspace, endpoint: EndpointSeed) -> EndpointSeed:
    """The endpoint with the event types as the workspace's contract calls them."""
    if endpoint.event_types is None:
        return endpoint
    names = tuple(workspace.contract.own_event_type(name) for name in endpoint.event_types)
    return replace(endpoint, event_types=names)
