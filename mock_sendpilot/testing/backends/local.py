"""Workspaces on an emulator in this process."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.control.seed_loading import load_lead
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import NotFound
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.states.snapshots import Snapshot, WorkspaceState
from mock_sendpilot.testing.backends.protocol import WorkspaceView
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.faults import Fault
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import SentWebhook, Stage
from mock_sendpilot.webhooks.waiting import WaitResult, wait_for_events
from mock_sendpilot.world.causes import SIMULATED
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.linkedin import made_up_profile_url
from mock_sendpilot.world.models import ApiKey, Campaign, Lead, Sender
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from flask import Flask

    from mock_sendpilot.webhooks.triggers import TriggerRequest


class LocalHost:
    """The emulator of a server in this process.

    Args:
        server: the server, which is running.
    """

    def __init__(self, server: EmulatorServer) -> None:
        self.server = server
        self.origin = server.origin

    @property
    def app(self) -> "Flask":
        """The app of the server."""
        return self.server.app

    @cached_property
    def operations(self) -> Sequence[str]:
        """The ids of all operations."""
        return tuple(self.server.operations)

    def open(self, seed: WorkspaceSeed) -> "LocalBackend":
        """Add a workspace with the id and the API key of its seed."""
        emulator = self.server.emulator
        return LocalBackend(emulator, emulator.add_workspace(seed))

    def views(self) -> list[WorkspaceView]:
        """Return all workspaces of the emulator."""
        emulator = self.server.emulator
        return [
            WorkspaceView(one, emulator.outbox(one), emulator.faults(one))
            for one in emulator.workspaces()
        ]

    def receiver_notes(self, _url: str) -> list[str]:
        """Return nothing: whatever listens on 127.0.0.1 can be reached."""
        return []

    def check_can_reach_apps(self) -> None:
        """Do nothing: it is the same machine."""

    def own_workspace(self, view: WorkspaceView) -> Workspace:
        """Return the workspace itself, which the view has."""
        return view.workspace

    def route_vendor_hosts(self, hosts: Iterable[str], *, unknown_key_hint: str) -> EmulatorServer:
        """Allow further names of the server."""
        self.server.emulator.keys.unknown_hint = unknown_key_hint
        self.server.allow_hosts(hosts)
        return self.server


class LocalBackend:
    """A workspace of an emulator in this process, also after it was reset or restored.

    Args:
        emulator: the emulator that has the workspace.
        workspace: the workspace; it can be read still after it was removed.
    """

    def __init__(self, emulator: Emulator, workspace: Workspace) -> None:
        self._emulator = emulator
        self._view = self._view_of(workspace)
        self.workspace_id = workspace.id
        self.api_key = emulator.api_keys(workspace)[0].key
        self.journal = emulator.journal(workspace)
        self.unknown_requests = emulator.unknown_requests

    @property
    def contract(self) -> Contract:
        """The contract of the workspace."""
        return self._workspace.contract.plain

    @property
    def is_open(self) -> bool:
        """True until the workspace is removed."""
        return self.workspace_id in {one.id for one in self._emulator.workspaces()}

    def view(self) -> WorkspaceView:
        """Return the objects that now stand for the workspace."""
        try:
            current = self._emulator.workspace(self.workspace_id)
        except NotFound:
            # A closed sandbox is still read, such as by an assertion after its `with` block.
            return self._view
        if current is not self._view.workspace:
            self._view = self._view_of(current)
        return self._view

    def _view_of(self, workspace: Workspace) -> WorkspaceView:
        emulator = self._emulator
        return WorkspaceView(workspace, emulator.outbox(workspace), emulator.faults(workspace))

    @property
    def _workspace(self) -> Workspace:
        return self.view().workspace

    # --- contents -----------------------------------------------------------------------------

    def put_campaign(self, campaign: Campaign) -> None:
        """Add a campaign."""
        self._workspace.store.put_campaign(campaign)

    def put_sender(self, sender: Sender, connected_urls: Iterable[str]) -> None:
        """Add a sender with its connections."""
        self._workspace.store.put_sender(sender)
        for url in connected_urls:
            self.connect(sender.id, url)

    def connect(self, sender_id: str, linkedin_url: str) -> None:
        """Make a person a connection of a sender."""
        self._workspace.store.set_connection(sender_id, linkedin_url, CONNECTED)

    def add_lead(self, values: Mapping[str, Any]) -> Lead:
        """Add a lead."""
        workspace = self._workspace
        lead = lead_with_id(values, workspace)
        workspace.store.put_lead(lead)
        # As for a lead that the app adds: a started campaign takes it through its sequence.
        workspace.sequences.begin([lead])
        return lead

    def set_credits(self, balance: Balance) -> None:
        """Set the credits."""
        workspace = self._workspace
        with workspace.store.transaction():
            workspace.credits.set(balance)

    def simulate(
        self, action: str, target_id: str, *, text: str | None, sender_id: str | None
    ) -> Any:
        """Do an action, and return its lead, campaign or job."""
        workspace = self._workspace
        with workspace.causes.working_for(SIMULATED):
            if action in words.LEAD_ACTIONS:
                act = workspace.manual_actions.act
                return act(target_id, action, text=text, sender_id=sender_id)
            if action in words.CAMPAIGN_ACTIONS:
                return workspace.campaigns.change(target_id, action, by="user")
            runner = workspace.job_runner(target_id)
            if action == "complete":
                return runner.complete(target_id)
            return runner.fail(target_id, text or "The job failed")

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
        add = self.view().outbox.endpoints.add
        types = None if event_types is None else tuple(event_types)
        return add(url, secret=secret, event_types=types, settings=settings)

    def rotate_secret(self, endpoint_id: str, secret: str | None) -> Endpoint:
        """Give an endpoint a new secret."""
        return self.view().outbox.endpoints.rotate(endpoint_id, secret)

    def set_enabled(self, endpoint_id: str, *, enabled: bool) -> Endpoint:
        """Enable or disable an endpoint."""
        return self.view().outbox.update_endpoint(endpoint_id, {"is_enabled": enabled})

    def send_test_event(self, endpoint_id: str, event_type: str | None) -> SentWebhook:
        """Send sample data to an endpoint."""
        from mock_sendpilot.webhooks import triggers  # with all samples, which few tests need

        view = self.view()
        return triggers.send_test_event(view.workspace, view.outbox, endpoint_id, event_type)

    def trigger(self, request: "TriggerRequest", *, with_effects: bool) -> SentWebhook:
        """Send an event, or do what causes it."""
        from mock_sendpilot.webhooks import triggers

        view = self.view()
        return triggers.trigger_event(
            view.workspace, view.outbox, request, with_effects=with_effects
        )

    def resend(self, event_id: str) -> None:
        """Make one more attempt of each delivery of an event."""
        self.view().outbox.resend_event(event_id)

    def resend_delivery(self, delivery_id: str) -> None:
        """Make one more attempt of a delivery."""
        self.view().outbox.resend(delivery_id)

    def remove_disruption(self, disruption_id: str) -> None:
        """Let a disruption meet no further delivery."""
        self.view().outbox.disruptions.remove(disruption_id)

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
        return self.view().outbox.disruptions.arm(
            kind, endpoint_id=endpoint_id, pattern=pattern, times=times, options=options
        )

    def arm_delivery_chaos(
        self, random_seed: str, *, rate: float, kinds: Sequence[str], endpoint_id: str | None
    ) -> Disruption:
        """Arm a mix of disruptions."""
        arm = self.view().outbox.disruptions.arm_chaos
        return arm(random_seed, rate=rate, kinds=tuple(kinds), endpoint_id=endpoint_id)

    # --- requests -----------------------------------------------------------------------------

    def arm_fault(self, *effects: Effect, **options: Any) -> Fault:
        """Arm a fault."""
        return self.view().faults.arm(*effects, **options)

    def remove_fault(self, fault_id: str) -> None:
        """Disarm and forget a fault."""
        self.view().faults.remove(fault_id)

    def add_api_key(self, key: str) -> bool:
        """Let another key open the workspace."""
        workspace = self._workspace
        if key in {known.key for known in self._emulator.api_keys(workspace)}:
            return False
        self._emulator.add_key(workspace, ApiKey(key=key, name="intercepted"))
        return True

    def remove_api_key(self, key: str) -> None:
        """Remove a key that was added."""
        workspace = self._workspace
        for known in self._emulator.api_keys(workspace):
            if known.key == key:
                self._emulator.remove_key(workspace, known)

    # --- the clock ----------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time that the clock shows."""
        return self._workspace.clock.now()

    def is_frozen(self) -> bool:
        """Return whether the clock is frozen."""
        return self._workspace.clock.is_frozen

    def freeze(self) -> None:
        """Freeze the clock."""
        self._workspace.scheduler.freeze()

    def resume(self) -> None:
        """Let the clock run on."""
        self._workspace.scheduler.resume()

    def advance(self, duration: timedelta, *, timeout_seconds: float) -> int:
        """Let time pass."""
        return self._workspace.scheduler.advance(duration, timeout_seconds=timeout_seconds)

    def set_clock(self, moment: datetime) -> int:
        """Let the time up to a moment pass."""
        return self._workspace.set_clock(moment)

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
        view = self.view()
        return wait_for_events(
            view.outbox.events,
            view.workspace.scheduler,
            pattern,
            count=count,
            after=after,
            timeout_seconds=timeout_seconds,
            stage=stage,
        )

    def wait_until_idle(self, *, timeout_seconds: float) -> bool:
        """Wait until no task is running or due."""
        return self._workspace.scheduler.wait_until_idle(timeout_seconds=timeout_seconds)

    # --- lifetime -----------------------------------------------------------------------------

    def state(self) -> WorkspaceState:
        """Return all of the workspace as it is now."""
        return self._emulator.state(self._workspace)

    def reset(self, *, keeps_endpoints: bool) -> None:
        """Put the workspace back to its seed."""
        self._emulator.reset(self._workspace, keeps_endpoints=keeps_endpoints)

    def take_snapshot(self) -> Snapshot:
        """Return the workspace as it is now."""
        return self._emulator.take_snapshot(self._workspace)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        self._emulator.restore(self._workspace, snapshot.state)

    def close(self) -> None:
        """Remove the workspace."""
        self._emulator.remove_workspace(self._workspace)


def lead_with_id(values: Mapping[str, Any], workspace: Workspace) -> Lead:
    """Make a lead of the fields of its schema, and make up its id and its profile URL.

    Raises:
        InvalidInput: a field is unknown or invalid.
    """
    lead_id = values.get("id") or workspace.new_lead_id()
    url = values.get("linkedin_url") or made_up_profile_url(lead_id)
    return load_lead({**values, "id": lead_id, "linkedin_url": url}, workspace.clock.now())
