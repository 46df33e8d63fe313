"""Snapshots: the states of whole workspaces, kept in memory by an id.

A state refers to the frozen objects of its workspace, so it takes little time and memory.
"""

import threading
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.traffic.faults import FaultsState
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.state import OutboxState
from mock_sendpilot.world.limits import RateLimitState
from mock_sendpilot.world.state import WorldState
from mock_sendpilot.world.workspace import Workspace

MAX_SNAPSHOTS = 100
"""The number of snapshots of a workspace."""
_MAX_LISTED, _MAX_NAME_LENGTH = 5, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceState:
    """The state of a workspace: its world, webhooks and faults, the rate limits of its API keys."""

    world: WorldState
    outbox: OutboxState
    faults: FaultsState
    rate_limits: Mapping[str, RateLimitState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state with an id, and a name for people."""

    id: str
    name: str | None
    taken_at: datetime
    """The time by the clock of the workspace."""
    state: WorkspaceState

    def __repr__(self) -> str:
        return f"<Snapshot {self.id} of {self.state.world.seed.id}>"


class Snapshots:
    """The snapshots of one workspace, oldest first. Any thread may call any method."""

    __slots__ = ("_latest", "_lock", "_snapshots")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Not of the workspace's source of ids: to take a snapshot must change nothing.
        self._latest = 0
        self._snapshots: dict[str, Snapshot] = {}

    def add(self, state: WorkspaceState, name: str | None) -> Snapshot:
        """Keep a state.

        Raises:
            InvalidInput: the workspace has too many snapshots.
        """
        with self._lock:
            if len(self._snapshots) >= MAX_SNAPSHOTS:
                raise InvalidInput(f"there are {MAX_SNAPSHOTS} snapshots already; remove some")
            self._latest += 1
            snapshot = Snapshot(
                id=f"snap_{self._latest}",
                name=name,
                taken_at=state.world.clock.now,
                state=state,
            )
            self._snapshots[snapshot.id] = snapshot
        return snapshot

    def all(self) -> list[Snapshot]:
        """Return all snapshots, oldest first."""
        with self._lock:
            return list(self._snapshots.values())

    def get(self, id_or_name: str) -> Snapshot:
        """Return the snapshot of that id, or else the only one of that name.

        Raises:
            NotFound: there is none.
            InvalidInput: several have that name.
        """
        with self._lock:
            return self._find(id_or_name)

    def remove(self, id_or_name: str) -> None:
        """Remove the snapshot of that id, or else the only one of that name.

        Raises:
            NotFound: there is none.
            InvalidInput: several have that name.
        """
        with self._lock:
            del self._snapshots[self._find(id_or_name).id]

    def _find(self, id_or_name: str) -> Snapshot:
        if id_or_name in self._snapshots:
            return self._snapshots[id_or_name]
        named = [one for one in self._snapshots.values() if one.name == id_or_name]
        if len(named) == 1:
            return named[0]
        wanted = repr(id_or_name[:_MAX_NAME_LENGTH])
        if named:
            latest = ", ".join(one.id for one in reversed(named[-_MAX_LISTED:]))
            raise InvalidInput(
                f"{len(named)} snapshots have the name {wanted}; name one by its id, the latest "
                f"first: {latest}"
            )
        names = [one.name for one in self._snapshots.values() if one.name is not None]
        guess = did_you_mean(id_or_name, [*self._snapshots, *names])
        hint = f"this workspace has no snapshot {wanted}; {guess}".rstrip("; ")
        raise NotFound("Snapshot not found", hint=hint)


def load_state(state: WorkspaceState, workspace: Workspace, outbox: Outbox) -> None:
    """Replace the contents of a new workspace by a state, and plan its tasks in their order.

    Raises:
        InvalidInput: the state does not fit together.
    """
    try:
        plans = [*workspace.load(state.world), *outbox.load(state.outbox)]
        # In the order of before: tasks that are due at the same time run in that of their adding.
        for _, plan in sorted(plans, key=itemgetter(0)):
            plan()
    except (LookupError, ValueError, OverflowError, NotFound) as error:
        raise InvalidInput(f"the state does not fit together: {error}") from error
    workspace.scheduler.begin_orders_at(state.world.task_count)
