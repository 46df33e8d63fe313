"""The entry of a workspace: all that the emulator has for it."""

from mock_sendpilot.api_keys import Access
from mock_sendpilot.changes import Changes
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.states.snapshots import Snapshots
from mock_sendpilot.traffic.faults import Faults
from mock_sendpilot.traffic.journal import RequestJournal
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.limits import RateLimiter
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceEntry:
    """A workspace with all that the emulator has for it; a reset replaces a part of it."""

    workspace: Workspace
    outbox: Outbox
    journal: RequestJournal
    faults: Faults
    snapshots: Snapshots
    changes: Changes
    api_keys: tuple[ApiKey, ...]

    def accesses(self) -> list[Access]:
        """Return what each key opens, with nothing used of its rate limit."""
        clock = self.workspace.clock
        return [
            Access(
                self.workspace,
                api_key,
                self.journal,
                self.faults,
                RateLimiter(clock, api_key.rate_limit) if api_key.rate_limit else None,
            )
            for api_key in self.api_keys
        ]


def new_faults(workspace: Workspace) -> Faults:
    """Return the faults of a workspace, none of them armed."""
    return Faults(ids=workspace.ids, clock=workspace.clock)
