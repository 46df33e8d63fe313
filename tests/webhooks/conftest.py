"""A workspace with a manual clock, and a receiver."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import Delivery, DeliveryFilter
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.models import ApiKey, Campaign, Lead
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.support import SECRET

START = datetime(2026, 6, 1, 9, 0, tzinfo=timezone.utc)


def seed_of_one_lead(contract: str = "documented", **options: str) -> WorkspaceSeed:
    campaign = Campaign(
        id="camp_1", name="C", status="started", sender_ids=(), created_at=START, updated_at=START
    )
    lead = Lead(
        id="lead_1",
        linkedin_url="https://www.linkedin.com/in/ida-holm",
        status="PENDING",
        campaign_id="camp_1",
        created_at=START,
        updated_at=START,
    )
    return WorkspaceSeed(
        id="ws_1",
        name="W",
        contract=named_contract(contract, options.items()),
        api_keys=(ApiKey(key="key_1"),),
        campaigns=(campaign,),
        leads=(lead,),
    )


@dataclass(frozen=True)
class World:
    """A workspace with one lead, and short calls on it."""

    workspace: Workspace
    outbox: Outbox

    def add_endpoint(self, url: str, **options: object) -> Endpoint:
        return self.outbox.endpoints.add(url, **{"secret": SECRET, **options})  # type: ignore[arg-type]

    def change(self, status: str, **options: str) -> None:
        self.workspace.store.set_lead_status("lead_1", status=status, **options)

    def advance(self, seconds: float = 0) -> int:
        return self.workspace.advance(timedelta(seconds=seconds))

    def deliveries(self, **wanted: str) -> list[Delivery]:
        """Return the matching deliveries, oldest first."""
        return self.outbox.log.select(DeliveryFilter(**wanted))[::-1]

    @property
    def elapsed_seconds(self) -> float:
        return (self.workspace.clock.now() - START).total_seconds()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def slow_emulator() -> Iterator[Emulator]:
    """An emulator whose attempts have the vendor's timeout of 30 s."""
    emulator = Emulator(random_seed="tests")
    yield emulator
    emulator.close()


@pytest.fixture
def world(slow_emulator: Emulator, request: pytest.FixtureRequest) -> World:
    """A world on a manual clock. Its contract is the parameter of an indirect fixture."""
    contract = getattr(request, "param", "documented")
    seed = seed_of_one_lead(contract)
    workspace = slow_emulator.add_workspace(seed, clock=ManualClock(START))
    return World(workspace, slow_emulator.outbox(workspace))


@pytest.fixture
def live_world(slow_emulator: Emulator) -> World:
    """A world on the system's clock."""
    workspace = slow_emulator.add_workspace(seed_of_one_lead())
    return World(workspace, slow_emulator.outbox(workspace))
