"""A workspace of a sandbox on an emulator that runs elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.control.api_keys import api_key_id
from mock_sendpilot.control.faults import pattern_json
from mock_sendpilot.control.seed_export import (
    export_campaign,
    export_credits,
    export_lead,
    export_part,
)
from mock_sendpilot.errors import AdvanceTimedOut, NotFound
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.matching import EventPattern, RequestPattern
from mock_sendpilot.scheduling.clock import SystemClock, iso_milliseconds
from mock_sendpilot.scheduling.durations import format_duration
from mock_sendpilot.scheduling.scheduler import MAX_ADVANCE_SECONDS
from mock_sendpilot.states.serialization import dump_states
from mock_sendpilot.states.snapshots import Snapshot, WorkspaceState
from mock_sendpilot.testing.backends.control_api import ControlApi, segment
from mock_sendpilot.testing.backends.copies import JournalCopy, read_state, view_of
from mock_sendpilot.testing.backends.local import lead_with_id
from mock_sendpilot.testing.backends.protocol import EmulatorUnavailable, WorkspaceView
from mock_sendpilot.testing.backends.waits import Waits
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.faults import Fault, Faults
from mock_sendpilot.webhooks import triggers
from mock_sendpilot.webhooks.disruption_kinds import CHAOS
from mock_sendpilot.webhooks.disruptions import Disruption, Disruptions
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import SentWebhook, Stage
from mock_sendpilot.webhooks.waiting import WaitResult
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.models import Campaign, Lead, Sender

_MARGIN_SECONDS = 10.0


class RemoteBackend:
    """A workspace that is read and changed over the control API.

    Args:
        api: the control API of the emulator.
        workspace_id: the id of the workspace.
        api_key: the key of the workspace.
        contract: the contract of the workspace.
    """

    def __init__(
        self, api: ControlApi, workspace_id: str, api_key: str, contract: Contract
    ) -> None:
        self._api = api
        self.workspace_id = workspace_id
        self.api_key = api_key
        self.contract = contract
        self._last: bytes | None = None
        """The state at the end."""
        self._is_open = True
        self._waits = Waits(self._request, self.view)
        self.journal = JournalCopy(self._requests_since)
        self.unknown_requests = JournalCopy(self._unknown_requests_since, prefix="nokey")

    @property
    def is_open(self) -> bool:
        """True until `close`."""
        return self._is_open

    def view(self) -> WorkspaceView:
        """Return a copy of the workspace as it is now."""
        __tracebackhide__ = True
        view = view_of(self.state())
        self.contract = view.workspace.contract  # a reset by somebody else may have changed it
        return view

    def put_state(self, state: WorkspaceState) -> None:
        """Go on from a state."""
        __tracebackhide__ = True
        self._request("PUT", "/state", dump_states([state]))

    def _state(self) -> bytes:
        __tracebackhide__ = True
        if self._last is not None:
            return self._last
        return self._api.fetch("GET", "/_emulate/state", api_key=self.api_key)

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None, **options: Any
    ) -> Any:
        __tracebackhide__ = True
        return self._api.request(method, path, body, api_key=self.api_key, **options)

    # --- contents -----------------------------------------------------------------------------

    def put_campaign(self, campaign: Campaign) -> None:
        """Add a campaign."""
        __tracebackhide__ = True
        self._request("POST", "/campaigns", export_campaign(campaign, ()))

    def put_sender(self, sender: Sender, connected_urls: Iterable[str]) -> None:
        """Add a sender with its connections."""
        __tracebackhide__ = True
        part = export_part(sender)
        premium, limits = part.pop("isPremium"), export_part(part.pop("dailyLimits"))
        body = {**part, "premium": premium, "limits": limits, "connections": [*connected_urls]}
        self._request("POST", "/senders", body)

    def connect(self, sender_id: str, linkedin_url: str) -> None:
        """Make a person a connection of a sender."""
        __tracebackhide__ = True
        path = f"/senders/{segment(sender_id)}/connections"
        self._request("POST", path, {"linkedinUrl": linkedin_url})

    def add_lead(self, values: Mapping[str, Any]) -> Lead:
        """Add a lead."""
        __tracebackhide__ = True
        copy = self.view().workspace
        # The copy refuses what a workspace in this process refuses; the route would replace a lead.
        lead = lead_with_id(values, copy)
        copy.store.put_lead(lead)
        part = export_lead(lead, None)
        del part["behavior"]
        if not values.get("id"):
            # The emulator draws it, so that the next one is another.
            del part["id"]
            if not values.get("linkedin_url"):
                del part["linkedinUrl"]
        added = self._request("POST", "/leads", part)
        return self.view().workspace.store.lead(added["id"])

    def set_credits(self, balance: Balance) -> None:
        """Set the credits."""
        __tracebackhide__ = True
        self._request("POST", "/credits", export_credits(balance))

    def simulate(
        self, action: str, target_id: str, *, text: str | None, sender_id: str | None
    ) -> Any:
        """Do an action, and return its lead, campaign or job."""
        __tracebackhide__ = True
        body = {"action": action}
        body |= {} if text is None else {"text": text}
        body |= {} if sender_id is None else {"senderId": sender_id}
        if action in words.LEAD_ACTIONS:
            self._request("POST", f"/leads/{segment(target_id)}/simulate", body)
            return self.view().workspace.store.lead(target_id)
        if action in words.CAMPAIGN_ACTIONS:
            self._request("POST", f"/campaigns/{segment(target_id)}/simulate", {"action": action})
            return self.view().workspace.store.campaign(target_id)
        self._request("POST", f"/jobs/{segment(target_id)}/simulate", body)
        return self.view().workspace.job_runner(target_id).get(target_id)

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
        __tracebackhide__ = True
        body = {"url": url, **export_part(settings), "headers": dict(settings.headers)}
        body |= {} if secret is None else {"secret": secret}
        body |= {} if event_types is None else {"events": list(event_types)}
        return self._endpoint(self._request("POST", "/endpoints", body)["id"])

    def rotate_secret(self, endpoint_id: str, secret: str | None) -> Endpoint:
        """Give an endpoint a new secret."""
        __tracebackhide__ = True
        path = f"/endpoints/{segment(endpoint_id)}/rotate-secret"
        self._request("POST", path, {"secret": secret})
        return self._endpoint(endpoint_id)

    def set_enabled(self, endpoint_id: str, *, enabled: bool) -> Endpoint:
        """Enable or disable an endpoint."""
        __tracebackhide__ = True
        self._request("PATCH", f"/endpoints/{segment(endpoint_id)}", {"enabled": enabled})
        return self._endpoint(endpoint_id)

    def _endpoint(self, endpoint_id: str) -> Endpoint:
        __tracebackhide__ = True
        return self.view().outbox.endpoints.get(endpoint_id)

    def send_test_event(self, endpoint_id: str, event_type: str | None) -> SentWebhook:
        """Send sample data to an endpoint."""
        __tracebackhide__ = True
        path = f"/endpoints/{segment(endpoint_id)}/test"
        sent = self._request("POST", path, {"eventType": event_type})
        return self.view().outbox.events.get(sent["id"])

    def trigger(self, request: triggers.TriggerRequest, *, with_effects: bool) -> SentWebhook:
        """Send an event, or do what causes it."""
        __tracebackhide__ = True
        # The route would choose a subject.
        triggers.require_subject(self.contract, request)
        body = {
            "eventType": request.event_type,
            "leadId": request.lead_id,
            "campaignId": request.campaign_id,
            "jobId": request.job_id,
            "senderId": request.sender_id,
            "overrides": {
                key: plain_json(value, f"overrides.{key}")
                for key, value in request.overrides.items()
            },
            "text": request.text,
            "withEffects": with_effects,
        }
        sent = self._request("POST", "/events", body)
        return self.view().outbox.events.get(sent["id"])

    def resend(self, event_id: str) -> None:
        """Make one more attempt of each delivery of an event."""
        __tracebackhide__ = True
        self._request("POST", f"/events/{segment(event_id)}/resend")

    def resend_delivery(self, delivery_id: str) -> None:
        """Make one more attempt of a delivery."""
        __tracebackhide__ = True
        self._request("POST", f"/deliveries/{segment(delivery_id)}/resend")

    def remove_disruption(self, disruption_id: str) -> None:
        """Let a disruption meet no further delivery."""
        __tracebackhide__ = True
        self._request("DELETE", f"/disruptions/{segment(disruption_id)}")

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
        __tracebackhide__ = True
        # Refused here, in the words of a workspace in this process.
        self._unarmed_disruptions().arm(
            kind, endpoint_id=endpoint_id, pattern=pattern, times=times, options=options
        )
        return self._arm_disruption(
            {
                "kind": kind,
                "endpointId": endpoint_id,
                "eventType": pattern.event_type,
                "match": dict(pattern.values),
                "times": times,
                **options,
            }
        )

    def arm_delivery_chaos(
        self, random_seed: str, *, rate: float, kinds: Sequence[str], endpoint_id: str | None
    ) -> Disruption:
        """Arm a mix of disruptions."""
        __tracebackhide__ = True
        # The route takes no kinds for all of them.
        self._unarmed_disruptions().arm_chaos(
            random_seed, rate=rate, kinds=tuple(kinds), endpoint_id=endpoint_id
        )
        return self._arm_disruption(
            {
                "kind": CHAOS,
                "endpointId": endpoint_id,
                "rate": rate,
                "randomSeed": random_seed,
                "kinds": list(kinds),
            }
        )

    def _unarmed_disruptions(self) -> Disruptions:
        return Disruptions(self.contract, ids=Ids(""), clock=SystemClock())

    def _arm_disruption(self, body: Mapping[str, Any]) -> Disruption:
        __tracebackhide__ = True
        armed = self._request("POST", "/disruptions", body)
        return self.view().outbox.disruptions.get(armed["id"])

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
        """Arm a fault."""
        __tracebackhide__ = True
        Faults(ids=Ids(""), clock=SystemClock()).arm(
            *effects,
            pattern=pattern,
            times=times,
            probability=probability,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        body: dict[str, Any] = {
            "pattern": pattern_json(pattern),
            "times": times,
            "probability": probability,
            **({"effect": effects[0].json} if len(effects) == 1 else {"chaos": True}),
        }
        body |= {} if random_seed is None else {"randomSeed": random_seed}
        body |= {} if starts_at is None else {"from": iso_milliseconds(starts_at)}
        body |= {} if ends_at is None else {"until": iso_milliseconds(ends_at)}
        armed = self._request("POST", "/faults", body)
        return self.view().faults.get(armed["id"])

    def remove_fault(self, fault_id: str) -> None:
        """Disarm and forget a fault."""
        __tracebackhide__ = True
        self._request("DELETE", f"/faults/{segment(fault_id)}")

    def add_api_key(self, key: str) -> bool:
        """Let another key open the workspace."""
        __tracebackhide__ = True
        known = self._request("GET", "/api-keys")["apiKeys"]
        if api_key_id(key) in {one["id"] for one in known}:
            return False
        self._request("POST", "/api-keys", {"key": key, "name": "intercepted"})
        return True

    def remove_api_key(self, key: str) -> None:
        """Remove a key that was added."""
        __tracebackhide__ = True
        with suppress(NotFound):
            self._request("DELETE", f"/api-keys/{api_key_id(key)}")

    # --- the clock ----------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time that the clock shows."""
        __tracebackhide__ = True
        return self.view().workspace.clock.now()

    def is_frozen(self) -> bool:
        """Return whether the clock is frozen."""
        __tracebackhide__ = True
        return self.view().workspace.clock.is_frozen

    def freeze(self) -> None:
        """Freeze the clock."""
        __tracebackhide__ = True
        self._request("POST", "/clock", {"freeze": True})

    def resume(self) -> None:
        """Let the clock run on."""
        __tracebackhide__ = True
        self._request("POST", "/clock", {"resume": True})

    def advance(self, duration: timedelta, *, timeout_seconds: float) -> int:
        """Let time pass."""
        __tracebackhide__ = True
        if duration < timedelta():
            # The copy refuses it in the words of a workspace in this process.
            return self.view().workspace.scheduler.advance(duration)
        return self._turn_clock({"advance": format_duration(duration)}, timeout_seconds)

    def set_clock(self, moment: datetime) -> int:
        """Let the time up to a moment pass."""
        __tracebackhide__ = True
        return self._turn_clock({"set": moment.isoformat(timespec="microseconds")}, None)

    def _turn_clock(self, turn: dict[str, Any], timeout_seconds: float | None) -> int:
        __tracebackhide__ = True
        seconds = MAX_ADVANCE_SECONDS
        if timeout_seconds is not None:
            seconds = turn["timeoutSeconds"] = min(timeout_seconds, MAX_ADVANCE_SECONDS)
        reply = self._request(
            "POST",
            "/clock",
            turn,
            accepts=[HTTPStatus.CONFLICT],
            timeout_seconds=seconds + _MARGIN_SECONDS,
        )
        task_count: int = reply["elapsed"]["tasks"]
        if reply["failure"]:
            raise AdvanceTimedOut.reported(
                reply["failure"],
                task_count=task_count,
                left_count=reply["left"]["tasks"],
                held_up_by=reply["left"]["heldUpBy"],
            )
        return task_count

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
        __tracebackhide__ = True
        return self._waits.for_events(
            pattern, count=count, after=after, timeout_seconds=timeout_seconds, stage=stage
        )

    def wait_until_idle(self, *, timeout_seconds: float) -> bool:
        """Wait until no task is running or due."""
        __tracebackhide__ = True
        return self._waits.until_idle(timeout_seconds=timeout_seconds)

    def _requests_since(self, since: int, seconds: float) -> Any:
        return self._waits.later("/requests/changes", {"since": since}, seconds)

    def _unknown_requests_since(self, since: int, seconds: float) -> Any:
        query = {"since": since, "withoutKey": "true"}
        return self._waits.later("/requests/changes", query, seconds)

    # --- lifetime -----------------------------------------------------------------------------

    def state(self) -> WorkspaceState:
        """Return all of the workspace as it is now."""
        __tracebackhide__ = True
        return read_state(self._state(), self._api.origin)

    def reset(self, *, keeps_endpoints: bool) -> None:
        """Put the workspace back to its seed."""
        __tracebackhide__ = True
        self._request("POST", "/reset", {"keepEndpoints": keeps_endpoints})

    def take_snapshot(self) -> Snapshot:
        """Return the workspace as it is now."""
        __tracebackhide__ = True
        taken = self._request("POST", "/snapshots", {})
        content = self._api.fetch(
            "GET", f"/_emulate/snapshots/{segment(taken['id'])}/state", api_key=self.api_key
        )
        state = read_state(content, self._api.origin)
        return Snapshot(
            id=taken["id"], name=taken["name"], taken_at=state.world.clock.now, state=state
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        __tracebackhide__ = True
        self.put_state(snapshot.state)

    def close(self) -> None:
        """Remove the workspace, unless somebody else has, or the emulator is gone."""
        __tracebackhide__ = True
        if not self._is_open:
            return
        self._is_open = False
        with suppress(EmulatorUnavailable):
            # A closed sandbox is still read, such as by an assertion after its `with` block.
            self._last = self._state()
            self.journal.keep()
        with suppress(EmulatorUnavailable, NotFound):
            self._request("DELETE", f"/workspaces/{segment(self.workspace_id)}")
