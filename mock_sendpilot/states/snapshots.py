"""Snapshots: the states of whole workspaces, kept in memory by an id.

A state refers to the frozen objects of its workspace, so it takes little time and memory.
"""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.traffic.faults import FaultsState
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.state import OutboxState
from mock_sendpilot.world.limits import RateLimitState
from mock_sendpilot.world.state import WorldState
from mock_sendpilot.world.workspace import Workspace

MAX_SNAPSHOTS = 100
"""The number of snapshots of a workspace."""


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

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Not of the workspace's source of ids: to take a snapshot must change nothing.
        self._numbers = itertools.count(1)
        self._snapshots: dict[str, Snapshot] = {}

    def add(self, state: WorkspaceState, name: str | None) -> Snapshot:
        """Keep a state.

        Raises:
            InvalidInput: the workspace has too many snapshots.
        """
        with self._lock:
            if len(self._snapshots) >= MAX_SNAPSHOTS:
                raise InvalidInput(f"there are {MAX_SNAPSHOTS} snapshots already; remove some")
            snapshot = Snapshot(
                id=f"snap_{next(self._numbers)}",
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

    def get(self, snapshot_id: str) -> Snapshot:
        """Return the snapshot of that id.

        Raises:
            NotFound: there is none.
        """
        snapshot = self._snapshots.get(snapshot_id)
        if snapshot is None:
            hint = f"this workspace has no snapshot {snapshot_id[:80]!r}"
            # Not `self.all()`: `remove` holds the lock.
            named = [one.id for one in list(self._snapshots.values()) if one.name == snapshot_id]
            hint += f"; the id of the latest one with that name is {named[-1]!r}" if named else ""
            raise NotFound("Snapshot not found", hint=hint)
        return snapshot

    def remove(self, snapshot_id: str) -> None:
        """Remove a snapshot.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            self.get(snapshot_id)
            del self._snapshots[snapshot_id]


def load_state(state: WorkspaceState, workspace: Workspace, outbox: Outbox) -> None:
    """Take a state in place of the contents of a new workspace, and plan its tasks in their order.

    Raises:
        InvalidInput: the state does not fit together.
    """
    try:
        plans = [*workspace.load(state.world), *outbox.load(state.outbox)]
        for _, plan in sorted(plans, key=itemgetter(0)):
            plan()
    except (LookupError, ValueError, NotFound) as error:
        raise InvalidInput(f"the state does not fit together: {error}") from error
    workspace.scheduler.begin_orders_at(state.world.task_count)
