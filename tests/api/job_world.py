"""A workspace for the tests of searches and extractions."""

from datetime import timedelta

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.models import ApiKey, JobTiming
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.conftest import NOW


def job_workspace(
    emulator: Emulator, api_keys: tuple[ApiKey, ...], *, subscription: int
) -> Workspace:
    """A workspace whose clock is frozen; its key is that of the demo, which is put away."""
    for demo in emulator.workspaces():
        emulator.remove_workspace(demo)
    timing = JobTiming(start_delay=timedelta(seconds=1), duration=timedelta(seconds=4))
    balance = Balance(subscription=subscription)
    seed = WorkspaceSeed(id="ws_1", name="W", api_keys=api_keys, job_timing=timing, credits=balance)
    return emulator.add_workspace(seed, clock=ManualClock(NOW))
