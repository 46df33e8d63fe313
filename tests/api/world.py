"""A workspace whose clock is frozen, for what the API sends to people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.backends.local import LocalBackend
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.world.models import ApiKey, Campaign, DailyLimits, Lead, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.support import DEMO_KEY, Api

SEND = "/v1/inbox/send/lead/"


START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
NINE = "2026-06-01T09:00:00.000Z"
HOUR = timedelta(hours=1)
PEOPLE = "https://www.linkedin.com/in/"
IDA, STRANGER = f"{PEOPLE}ida-holm", f"{PEOPLE}jo-berg"
SAM = Sender(
    id="sam",
    name="Sam",
    linkedin_url=f"{PEOPLE}sam",
    status="active",
    is_premium=True,
    daily_limits=DailyLimits(connections=2, messages=2),
)
SENDERS = (
    SAM,
    replace(SAM, id="basic", is_premium=False),
    replace(SAM, id="disconnected", status="disconnected"),
    replace(SAM, id="rate_limited", status="rate_limited"),
)
CAMPAIGN = Campaign(
    id="camp_1",
    name="C",
    status="started",
    sender_ids=("sam",),
    created_at=START,
    updated_at=START,
)
LEAD = Lead(
    id="lead_1",
    linkedin_url=IDA,
    status="PENDING",
    campaign_id="camp_1",
    sender_id="sam",
    first_name="Ida",
    last_name="Holm",
    created_at=START,
    updated_at=START,
)
WHO = {"leadId": "lead_1", "campaignId": "camp_1", "linkedinUrl": IDA}


@dataclass(frozen=True)
class World:
    """A workspace whose clock is frozen: one campaign with the lead Ida."""

    workspace: Workspace
    api: Api
    sent: RecordedEvents

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(webhook.event_type, webhook.data) for webhook in self.sent]

    def types(self, after: timedelta = timedelta()) -> list[str]:
        self.workspace.advance(after)
        return [webhook.event_type for webhook in self.sent]

    @property
    def lead(self) -> Lead:
        return self.workspace.store.lead("lead_1")

    @property
    def counts(self) -> dict[str, int]:
        """The counters of the campaign that are not 0."""
        counters = self.workspace.store.campaign("camp_1").counters
        counts = {name: getattr(counters, name) for name in counters.__slots__}
        return {name: count for name, count in counts.items() if count}

    def used(self, kind: str) -> int:
        senders = self.api("GET", "/v1/senders/quotas").json["senders"]
        return int(senders[0]["quotas"][kind]["used"])


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(serve: "Callable[[Emulator], Api]") -> Iterator[MakeWorld]:
    """Worlds under a contract: `make_world("live", lead={"status": "DONE"})`."""
    emulators: list[Emulator] = []

    def make(
        contract: str = "documented",
        *,
        lead: dict[str, Any] | None = None,
        connections: tuple[str, ...] = (),
        **options: str,
    ) -> World:
        emulator = Emulator(random_seed="tests", contract=named_contract(contract, options.items()))
        emulators.append(emulator)
        seed = WorkspaceSeed(
            id="ws_1",
            name="W",
            api_keys=(ApiKey(key=DEMO_KEY),),
            senders=SENDERS,
            campaigns=(CAMPAIGN, replace(CAMPAIGN, id="camp_2")),
            leads=(replace(LEAD, **(lead or {})),),
            connections={sender.id: connections for sender in SENDERS},
        )
        workspace = emulator.add_workspace(seed, clock=ManualClock(START))
        return World(workspace, serve(emulator), RecordedEvents(LocalBackend(emulator, workspace)))

    yield make
    for emulator in emulators:
        emulator.close()
