"""The interface between a sandbox and its emulator, which runs in this process or elsewhere."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import SendPilotError
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import EventPattern, RequestPattern
from mock_sendpilot.states.snapshots import Snapshot, WorkspaceState
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.faults import Fault, Faults
from mock_sendpilot.traffic.journal import RequestJournal
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import SentWebhook, Stage
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.waiting import WaitResult
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.models import Campaign, Lead, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from flask import Flask

    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.webhooks.triggers import TriggerRequest


class EmulatorUnavailable(SendPilotError):
    """The emulator that runs elsewhere cannot be reached or used, or has lost the workspace."""


class NotInThisProcess(SendPilotError):
    """An object of the emulator was asked for, and the emulator runs elsewhere."""

    def __init__(self, name: str, origin: str, *, instead: str) -> None:
        super().__init__(
            f"{name} is an object of an emulator in this process, and this one runs at {origin}: "
            f"{instead}, or run without --sendpilot-url and SENDPILOT_URL"
        )


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    """A workspace to be read, with its webhooks and its faults.

    Of an emulator that runs elsewhere it is a copy of this moment; changes of it go nowhere.
    """

    workspace: Workspace
    outbox: Outbox
    faults: Faults


class Backend(Protocol):
    """A workspace on an emulator: to be read, changed, waited for, and removed."""

    @property
    def workspace_id(self) -> str:
        """The id of the workspace."""

    @property
    def api_key(self) -> str:
        """The key that opens the workspace."""

    @property
    def contract(self) -> Contract:
        """The contract of the workspace."""

    @property
    def is_open(self) -> bool:
        """True until `close`."""

    @property
    def journal(self) -> RequestJournal:
        """The requests with a key of the workspace."""

    @property
    def unknown_requests(self) -> RequestJournal:
        """The requests without a known key."""

    def view(self) -> WorkspaceView:
        """Return the workspace as it is now; after `close`, as it was then."""

    # --- contents -----------------------------------------------------------------------------

    def put_campaign(self, campaign: Campaign) -> None:
        """Add a campaign."""

    def put_sender(self, sender: Sender, connected_urls: Iterable[str]) -> None:
        """Add a sender with its connections."""

    def connect(self, sender_id: str, linkedin_url: str) -> None:
        """Make a person a connection of a sender."""

    def add_lead(self, values: Mapping[str, Any]) -> Lead:
        """Add a lead of the fields of its schema; id and profile URL may be left out."""

    def set_credits(self, balance: Balance) -> None:
        """Set the credits."""

    def simulate(
        self, action: str, target_id: str, *, text: str | None, sender_id: str | None
    ) -> Any:
        """Do an action, and return its lead, campaign or job."""

    # --- webhooks -----------------------------------------------------------------------------

    def add_endpoint(
        self,
        url: str,
        *,
        secret: str | None,
        event_types: Sequence[str] | None,
        settings: EndpointSettings,
    ) -> Endpoint:
        """Add an endpoint."""

    def rotate_secret(self, endpoint_id: str, secret: str | None) -> Endpoint:
        """Give an endpoint a new secret."""

    def set_enabled(self, endpoint_id: str, *, enabled: bool) -> Endpoint:
        """Enable or disable an endpoint."""

    def send_test_event(self, endpoint_id: str, event_type: str | None) -> SentWebhook:
        """Send sample data to an endpoint."""

    def trigger(self, request: "TriggerRequest", *, with_effects: bool) -> SentWebhook:
        """Send an event, or do what causes it."""

    def resend(self, event_id: str) -> None:
        """Make one more attempt of each delivery of an event."""

    def resend_delivery(self, delivery_id: str) -> None:
        """Make one more attempt of a delivery."""

    def remove_disruption(self, disruption_id: str) -> None:
        """Let a disruption meet no further delivery."""

    def arm_disruption(
        self,
        kind: str,
        *,
        endpoint_id: str | None,
        pattern: EventPattern,
        times: int | None,
        options: Mapping[str, Any],
    ) -> Disruption:
        """Arm a disruption."""

    def arm_delivery_chaos(
        self, random_seed: str, *, rate: float, kinds: Sequence[str], endpoint_id: str | None
    ) -> Disruption:
        """Arm a mix of disruptions."""

    # --- requests -----------------------------------------------------------------------------

    def arm_fault(
        self,
        *effects: Effect,
        pattern: RequestPattern,
        times: int | None,
        probability: float,
        random_seed: str | None = None,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Fault:
        """Arm a fault; of several effects, one is drawn for each request."""

    def remove_fault(self, fault_id: str) -> None:
        """Disarm and forget a fault."""

    def add_api_key(self, key: str) -> bool:
        """Let another key open the workspace; return False if it did already."""

    def remove_api_key(self, key: str) -> None:
        """Remove a key that was added."""

    # --- the clock ----------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time that the clock shows."""

    def is_frozen(self) -> bool:
        """Return whether the clock is frozen."""

    def freeze(self) -> None:
        """Freeze the clock."""

    def resume(self) -> None:
        """Let the clock run on."""

    def advance(self, duration: timedelta, *, timeout_seconds: float) -> int:
        """Let time pass, and return the number of tasks that have run."""

    def set_clock(self, moment: datetime) -> int:
        """Let the time up to a moment pass, and return the number of tasks that have run."""

    # --- waits --------------------------------------------------------------------------------

    def wait_for_events(
        self,
        pattern: EventPattern,
        *,
        count: int,
        after: str | None,
        timeout_seconds: float,
        stage: Stage,
    ) -> WaitResult:
        """Wait until events have reached a stage."""

    def wait_until_idle(self, *, timeout_seconds: float) -> bool:
        """Wait until no task is running or due; return whether that was so in time."""

    # --- lifetime -----------------------------------------------------------------------------

    def state(self) -> WorkspaceState:
        """Return all of the workspace as it is now."""

    def reset(self, *, keeps_endpoints: bool) -> None:
        """Put the workspace back to its seed."""

    def take_snapshot(self) -> Snapshot:
        """Return the workspace as it is now, to be restored."""

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""

    def close(self) -> None:
        """Remove the workspace; a second time does nothing."""


class Host(Protocol):
    """An emulator that has the workspaces of sandboxes."""

    @property
    def origin(self) -> str:
        """The origin of the emulator."""

    @property
    def app(self) -> "Flask":
        """An app that knows the operations of the API."""

    @property
    def operations(self) -> Collection[str]:
        """The ids of all operations."""

    @property
    def server(self) -> "EmulatorServer":
        """The server in this process.

        Raises:
            NotInThisProcess: there is none.
        """

    def open(self, seed: WorkspaceSeed) -> Backend:
        """Add a workspace with the API key of its seed; its id is up to the emulator."""

    def views(self) -> list[WorkspaceView]:
        """Return the workspaces whose endpoints may be those of a receiver."""

    def receiver_notes(self, url: str) -> list[str]:
        """Return what may keep webhooks from a receiver in this process, a line each."""

    def check_can_reach_apps(self) -> None:
        """Require that the emulator can reach a server on 127.0.0.1 of this process.

        Raises:
            InvalidInput: it runs on another machine.
        """

    def own_workspace(self, view: WorkspaceView) -> Workspace:
        """Return the emulator's own object behind a view.

        Raises:
            NotInThisProcess: it is elsewhere.
        """

    def route_vendor_hosts(
        self, hosts: Iterable[str], *, unknown_key_hint: str
    ) -> "EmulatorServer | None":
        """Let requests for these hosts through that interception sends here.

        Args:
            hosts: their names.
            unknown_key_hint: the hint of a 401 for an unknown key.

        Returns:
            The server, if it is in this process.

        Raises:
            InvalidInput: the emulator refuses them.
        """
