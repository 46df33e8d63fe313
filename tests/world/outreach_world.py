"""A workspace whose campaign has a sequence, on a clock that the test moves."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.world.events import (
    CampaignChanged,
    Change,
    ConnectionRequestAccepted,
    ConnectionRequestSent,
    Event,
    LeadStatusChanged,
    MessageSent,
    ReplyReceived,
)
from mock_sendpilot.world.models import Behavior, Campaign, Lead, Sender, Step
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = "https://www.linkedin.com/in/"
SENDER = Sender(id="sender_1", name="Sam", linkedin_url=f"{PEOPLE}sam", status="active")
REQUEST = Step(
    kind="connect", after=HOUR, response_rate=1.0, responds_after=(4 * HOUR,) * 2, expires_after=DAY
)
FIRST = Step(
    kind="message",
    after=2 * HOUR,
    text="Hi {{firstName}}",
    response_rate=0.0,
    responds_after=(3 * HOUR,) * 2,
    answers=("Call me",),
)
SECOND = replace(FIRST, after=DAY, text="And?", expires_after=2 * DAY)
SEQUENCE = (REQUEST, FIRST, SECOND)
CAMPAIGN = Campaign(
    id="camp_1",
    name="C",
    status="started",
    sender_ids=("sender_1",),
    created_at=START,
    updated_at=START,
    sequence=SEQUENCE,
)
LEAD = Lead(
    id="lead_1",
    linkedin_url=f"{PEOPLE}ida-holm",
    status="PENDING",
    campaign_id="camp_1",
    sender_id="sender_1",
    first_name="Ida",
    created_at=START,
    updated_at=START,
)
REPLIES = Behavior(replies=True)
ACCEPTED = [(1, "request"), (1, "CONNECTION_SENT"), (5, "acceptance"), (5, "CONNECTION_ACCEPTED")]
UNANSWERED = [*ACCEPTED, (7, "message 2"), (7, "MESSAGE_SENT"), (31, "message 3")]

DONE_IN_OLDER = [("documented", "DONE"), ("example", "DONE"), ("schema", "DONE")]


def word_for(change: Change) -> str:
    """Return a change in a word or two."""
    if isinstance(change, LeadStatusChanged):
        return change.lead.status
    if isinstance(change, CampaignChanged):
        return change.event_type
    if isinstance(change, MessageSent):
        return f"message {change.sequence_step}"
    kinds: dict[type, str] = {
        ConnectionRequestSent: "request",
        ConnectionRequestAccepted: "acceptance",
        ReplyReceived: "reply",
    }
    return kinds[type(change)]


def hours_of(event: Event) -> float:
    """Return the hours since the start, without the millisecond between events of one moment."""
    return round((event.occurred_at - START) / HOUR, 4)


@dataclass(eq=False)
class World:
    """A workspace, and its events."""

    workspace: Workspace
    events: list[Event]

    def receive(self, _workspace: Workspace, event: Event) -> None:
        self.events.append(event)

    def history(self, duration: timedelta = 60 * DAY) -> list[tuple[float, str]]:
        """Advance, and return hours since the start and a word for each event."""
        self.workspace.advance(duration)
        return [(hours_of(event), word_for(event.change)) for event in self.events]

    def words(self, duration: timedelta = 60 * DAY, lead_id: str | None = None) -> list[str]:
        """Advance, and return a word for each event."""
        self.workspace.advance(duration)
        events = [event for event in self.events if lead_id in (None, event.lead_id)]
        return [word_for(event.change) for event in events]

    @property
    def lead(self) -> Lead:
        return self.workspace.store.lead("lead_1")

    @property
    def campaign(self) -> Campaign:
        return self.workspace.store.campaign("camp_1")

    def act(self, action: str) -> None:
        """Start, pause, resume or finish the campaign."""
        self.workspace.campaigns.change("camp_1", action, by="api")


def make_world(
    *leads: Lead,
    contract: str = "live",
    sender: Sender = SENDER,
    behaviors: dict[str, Behavior] | None = None,
    connections: tuple[str, ...] = (),
    random_seed: str = "1",
    **campaign: Any,
) -> World:
    seed = WorkspaceSeed(
        id="ws_1",
        name="W",
        api_keys=(),
        senders=(sender,),
        connections={"sender_1": connections},
        campaigns=(replace(CAMPAIGN, **campaign),),
        leads=leads or (LEAD,),
        behaviors=behaviors or {},
    )
    clock = ManualClock(START)
    workspace = Workspace(seed, contract=CONTRACTS[contract], clock=clock, random_seed=random_seed)
    world = World(workspace, [])
    event_recorded.connect(world.receive, sender=workspace)
    workspace.begin()
    return world


def lead(number: int, slug: str = "", **changes: Any) -> Lead:
    slug = slug or f"person-{number}"
    return replace(LEAD, id=f"lead_{number}", linkedin_url=PEOPLE + slug, **changes)
