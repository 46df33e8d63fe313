"""The context of a workspace: the parts that its objects share."""

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import WorkspaceClock
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.world.causes import Causes
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceContext:
    """The shared parts of one workspace.

    Attributes:
        store: its leads, campaigns and senders, and the one lock of all its state.
        clock: its clock.
        ids: the source of all its ids.
        contract: the contract by which the vendor answers.
        scheduler: its tasks.
        causes: the causes of its events and tasks.
        random_seed: the seed of all chance; the same seed gives the same behavior.
    """

    store: Store
    clock: WorkspaceClock
    ids: Ids
    contract: Contract
    scheduler: Scheduler
    causes: Causes
    random_seed: str
