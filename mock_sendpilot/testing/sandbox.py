"""The fixture `sendpilot`: a workspace of the test's own; and `sendpilot_factory`."""

import itertools
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mock_sendpilot.api.fields import Choice, Text
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.control.fields import ProfileUrl
from mock_sendpilot.control.seed_loading import (
    load_campaign,
    load_credits,
    load_sender,
    load_value,
)
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.paths import VENDOR_PREFIX
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.states.snapshots import Snapshot
from mock_sendpilot.testing.aio import AsyncSandbox, refuse_in_event_loop
from mock_sendpilot.testing.arguments import Subject, as_tuple, check_seconds, id_of
from mock_sendpilot.testing.backends.protocol import Backend, Host
from mock_sendpilot.testing.failures import NotIdle
from mock_sendpilot.testing.recorded_events import RecordedEvents, SentWebhooks
from mock_sendpilot.testing.reruns.trials import current_trial
from mock_sendpilot.testing.sandbox_checks import SandboxChecks
from mock_sendpilot.testing.sandbox_clock import SandboxClock
from mock_sendpilot.testing.sandbox_exploration import SandboxExploration
from mock_sendpilot.testing.sandbox_options import (
    OptionSource,
    SandboxOptions,
    call_source,
    chosen_options,
    workspace_seed,
)
from mock_sendpilot.testing.sandbox_traffic import RecordedRequests, SandboxTraffic
from mock_sendpilot.webhooks.deliveries import describe_failed_attempts
from mock_sendpilot.world.linkedin import made_up_profile_url
from mock_sendpilot.world.models import Campaign, Lead, Sender, Step

if TYPE_CHECKING:
    from typing_extensions import Self

_ACTIONS = (*words.LEAD_ACTIONS, *words.CAMPAIGN_ACTIONS, *words.JOB_ACTIONS)


class Sandbox(SandboxExploration, SandboxTraffic, SandboxChecks):
    """A fresh workspace on a running server, isolated from all others; it has one campaign.

    Args:
        host: the emulator that gets the workspace, in this process or elsewhere.
        options: its contract, the start of its clock, and its random seed.
        random_seed: the random seed where the options have none; the same one gives the same
            people and behaviors.

    Attributes:
        base_url: the URL that replaces `https://api.sendpilot.ai/v1`.
        origin: the same without `/v1`.
        api_key: the key of this workspace, and of no other.
        headers: the key as a header, for any HTTP client.
        campaign_id: the campaign in which `add_lead` puts leads.
        sender_id: the sender of those leads.
        random_seed: the seed of all chance in this workspace.
        events: the events that were recorded.
        webhooks: the events that were sent.
        requests: the requests with its key.
        clock: the clock of this workspace, to be turned.
    """

    def __init__(
        self, host: Host, options: SandboxOptions, *, random_seed: str | None = None
    ) -> None:
        # Real chance, unlike all of the world: tests share a server, and keys must not collide.
        token = secrets.token_hex(8)
        trial = current_trial()
        if trial is not None:
            options = trial.options_for(options)
        self.origin = host.origin
        self.base_url = f"{host.origin}{VENDOR_PREFIX}"
        self.random_seed = options.random_seed or random_seed or token
        seed = workspace_seed(
            options,
            id_=f"ws_{token}",
            api_key=f"sp_test_{secrets.token_hex(16)}",
            random_seed=self.random_seed,
        )
        self.campaign_id = seed.campaigns[0].id
        self.sender_id = next(iter(seed.campaigns[0].sender_ids), seed.senders[0].id)
        self._host = host
        self._backend = host.open(seed)
        self.api_key = self._backend.api_key
        self.headers = {"X-API-Key": self.api_key}
        self._servers = {}
        self.events = RecordedEvents(self._backend)
        self.webhooks = SentWebhooks(self._backend)
        self.requests = RecordedRequests(
            self._backend.journal,
            unknown=self._backend.unknown_requests,
            operations=lambda: host.operations,
        )
        self.clock = SandboxClock(self._backend)
        self._options = options
        try:
            self._arm_faults(options)
        except BaseException:
            self._backend.close()
            raise
        if trial is not None:
            trial.opened(self, options)

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self._backend.workspace_id}, contract {self._backend.contract.name}>"

    @cached_property
    def aio(self) -> AsyncSandbox:
        """The calls that wait, to be awaited in a test with an event loop."""
        return AsyncSandbox(self)

    @property
    def backend(self) -> Backend:
        """The workspace behind all of this, for the plugin; its API may change."""
        return self._backend

    @property
    def host(self) -> Host:
        """The emulator behind all of this, for the plugin; its API may change."""
        return self._host

    @property
    def server(self) -> EmulatorServer:
        """The server.

        Raises:
            NotInThisProcess: the emulator runs elsewhere.
        """
        return self._host.server

    def add_campaign(
        self,
        campaign_id: str,
        *,
        name: str = "",
        status: str = "started",
        sequence: Iterable[Step | Mapping[str, Any]] = (),
        sender_ids: Iterable[Sender | str] | None = None,
        **details: Any,
    ) -> Campaign:
        """Add a campaign; with a sequence, written as in a seed, it takes its leads through it.

        Args:
            campaign_id: its id.
            name: by default the id.
            status: `started`, `paused`, `draft` or `finished`.
            sequence: its steps.
            sender_ids: its senders, by default the sandbox's own; they take turns with leads that
                the app adds.
            details: other fields of `Campaign`, such as `description`.

        Raises:
            InvalidInput: a field or a step is unknown or invalid; it says which and why.
            NotFound: there is no such sender.
        """
        senders = (self.sender_id,) if sender_ids is None else sender_ids
        values = {
            "id": campaign_id,
            "name": name or campaign_id,
            "status": status,
            "sender_ids": [self._sender_id(sender) for sender in senders],
            **details,
        }
        campaign = load_campaign(values, sequence, self.clock.now)
        self._backend.put_campaign(campaign)
        return campaign

    def add_sender(
        self,
        sender_id: str,
        *,
        name: str = "",
        status: str = "active",
        connections: str | Iterable[str] = (),
        limits: Mapping[str, int] | None = None,
        **details: Any,
    ) -> Sender:
        """Add a LinkedIn account, connected with these people.

        Args:
            sender_id: its id.
            name: by default the id.
            status: `active`, `disconnected` or `rate_limited`.
            connections: profile URLs.
            limits: the limits of a day, such as `{"messages": 1}`; also `connections` and `likes`.
            details: other fields of `Sender`, such as `is_premium`.

        Raises:
            InvalidInput: a field is unknown or invalid, or one of `connections` is no profile URL.
        """
        values = {
            "id": sender_id,
            "name": name or sender_id,
            "status": status,
            "linkedin_url": made_up_profile_url(sender_id),
            "limits": limits or {},
            "connections": as_tuple(connections),
            **details,
        }
        sender, connected_urls = load_sender(values)
        self._backend.put_sender(sender, connected_urls)
        return sender

    def connect(self, linkedin_url: str, *, sender_id: Sender | str | None = None) -> None:
        """Make a person a first-degree connection of a sender, by default the sandbox's own.

        Raises:
            InvalidInput: it is no profile URL.
            NotFound: there is no such sender.
        """
        url = load_value(ProfileUrl(), linkedin_url, "linkedin_url")
        sender = self._sender_id(self.sender_id if sender_id is None else sender_id)
        self._backend.connect(sender, url)

    def add_lead(
        self,
        linkedin_url: str | None = None,
        *,
        lead_id: str | None = None,
        status: str = "PENDING",
        campaign_id: Campaign | str | None = None,
        **details: Any,
    ) -> Lead:
        """Add a lead; what is left out is made up.

        Args:
            linkedin_url: the URL of the profile.
            lead_id: an id of your choice.
            status: its status.
            campaign_id: a campaign of `add_campaign`; by default the sandbox's own.
            details: other fields of `Lead`, such as `first_name` or `custom_fields`.

        Raises:
            InvalidInput: a field is unknown or invalid, the campaign does not exist, or the lead
                exists already.
            NotFound: there is no such sender.
        """
        campaign_id = self.campaign_id if campaign_id is None else campaign_id
        sender_id = details.pop("sender_id", self.sender_id)
        return self._backend.add_lead(
            {
                "id": lead_id,
                "linkedin_url": linkedin_url,
                "status": status,
                "campaign_id": id_of(campaign_id, "campaign_id"),
                "sender_id": None if sender_id is None else self._sender_id(sender_id),
                **details,
            }
        )

    def simulate(
        self,
        action: str,
        target_id: Subject | str,
        *,
        text: str | None = None,
        sender_id: Sender | str | None = None,
    ) -> Any:
        """Do a single action with all its effects.

        Args:
            action: of a lead `connection_sent`, `accept_connection`, `withdraw_connection`,
                `message_sent`, `reply`, `unreachable` or `done`; of a campaign `start`, `pause`,
                `resume` or `finish`; of a search or an extraction `complete` or `fail`.
            target_id: a lead, a campaign or a job, or its id.
            text: the note, the message, the reply or the error.
            sender_id: a sender other than the lead's own.

        Returns:
            The lead, the campaign or the job after it.

        Raises:
            NotFound: there is no such lead, campaign or job.
            InvalidInput: the action is unknown or cannot happen, or the text is invalid; it says
                why.
        """
        if action not in _ACTIONS and target_id in _ACTIONS:
            raise InvalidInput(
                f"action: expected the action first, then the target, got them in the other order; "
                f"write simulate({target_id!r}, …)"
            )
        action = load_value(Choice(_ACTIONS), action, "action")
        if text is not None:
            text = load_value(Text(may_be_empty=True), text, "text")
        target = id_of(target_id, "target_id")
        if action in words.LEAD_ACTIONS:
            sender = None if sender_id is None else self._sender_id(sender_id)
        # Ignoring it would hide that the test expects another action.
        elif sender_id is not None:
            raise InvalidInput(f"sender_id is for steps of a lead; {action!r} is none")
        else:
            sender = None
        return self._backend.simulate(action, target, text=text, sender_id=sender)

    def lead(self, lead_id: Lead | str) -> Lead:
        """Return a lead as it is now.

        Raises:
            NotFound: there is none of that id.
        """
        return self._backend.view().workspace.store.lead(id_of(lead_id, "lead_id"))

    def leads(self) -> list[Lead]:
        """Return all leads of campaigns, oldest first."""
        return self._backend.view().workspace.store.leads()

    def set_credits(self, *, subscription: int = 0, purchased: int = 0) -> None:
        """Set the credits for searches and extractions.

        Raises:
            InvalidInput: one is no whole number of 0 or more.
        """
        values = {"subscription": subscription, "purchased": purchased}
        self._backend.set_credits(load_credits(values, self.clock.now))

    def wait_until_idle(self, *, timeout: float = 5.0) -> None:
        """Wait until nothing is being sent or due; retries and steps that are due later may remain.

        Args:
            timeout: seconds of real time. With a frozen clock there is no waiting: what is due then
                needs `clock.advance()`.

        Raises:
            InvalidInput: a `timeout` that is no number of seconds.
            NotIdle: something is still running or due; it says what is due next.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.wait_until_idle` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.wait_until_idle")
        check_seconds("timeout", timeout)
        if not self._backend.wait_until_idle(timeout_seconds=timeout):
            view = self._backend.view()
            notes = describe_failed_attempts(view.outbox.log.all())
            raise NotIdle(view.workspace.scheduler, timeout, notes)

    def reset(self, *, keeps_endpoints: bool = True) -> None:
        """Put the workspace back to what it was at the start of the test.

        What is being sent ends without a trace in it.

        Args:
            keeps_endpoints: whether its endpoints stay, with their secrets.
        """
        self._backend.reset(keeps_endpoints=keeps_endpoints)
        # The start of the test had the faults of its marker, and a reset removes all.
        self._arm_faults(self._options)

    def snapshot(self) -> Snapshot:
        """Return the workspace as it is now, for `restore`; it changes nothing.

        Raises:
            InvalidInput: a receiver of a signal is handling an event or an attempt, and does not
                end; or the caller is one.
        """
        return self._backend.take_snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot: everything happens again as it would have happened then.

        What is being sent ends without a trace in it.
        """
        self._backend.restore(snapshot)

    def save_evidence(self, path: str | Path, *, title: str | None = None) -> Path:
        """Write what has happened in the workspace to one HTML file, which opens offline.

        Secrets are left out. In `mock_sendpilot.sandbox()`, and in pytest with
        `--sendpilot-artifacts`, `mock-sendpilot replay` can run the file again.

        Args:
            path: the file; its folder is made if need be.
            title: the title of the page; by default the random seed, the name of the test.

        Returns:
            The path.

        Raises:
            InvalidInput: the file cannot be written.
        """
        from mock_sendpilot.evidence.saving import save_sandbox

        path = Path(path)
        save_sandbox(path, self._backend, title=self.random_seed if title is None else title)
        return path

    def close(self) -> None:
        """Remove the workspace and stop serving its apps; a second time does nothing."""
        # First the workspace: nothing is sent to an app that is being stopped.
        self._backend.close()
        while self._servers:
            _, server = self._servers.popitem()
            server.stop()

    def _sender_id(self, sender: Sender | str) -> str:
        __tracebackhide__ = True
        sender_id = id_of(sender, "sender_id")
        store = self._backend.view().workspace.store
        if store.sender(sender_id) is None:
            known = ", ".join(sender.id for sender in store.senders())
            hint = f"no sender has the id {sender_id[:80]!r}; there are: {known}"
            raise NotFound("Sender not found", hint=hint)
        return sender_id


class SandboxFactory:
    """A maker of sandboxes for fixtures of any scope; at its end it closes those still open.

    Args:
        host: the emulator that gets the workspaces.
        defaults: the options that a call does not set, from pytest's ini file.
        folder: the folder that the path of a seed is relative to.
    """

    def __init__(
        self,
        host: Host,
        *,
        defaults: Callable[[], Iterable[OptionSource]] = tuple,
        folder: Path = Path(),
    ) -> None:
        self._host = host
        self._defaults = defaults
        self._folder = folder
        self._sandboxes: list[Sandbox] = []
        self._numbers = itertools.count(1)

    def __call__(
        self,
        contract: str | None = None,
        *,
        seed: str | Path | Mapping[str, Any] | None = None,
        starts_at: datetime | str | None = None,
        frozen: bool | None = None,
        random_seed: str | None = None,
        faults: Iterable[Mapping[str, Any]] | None = None,
        **options: object,
    ) -> Sandbox:
        """Make a fresh workspace; `with` closes it at the end of its block.

        What is left out is as in pytest's ini file.

        Args:
            contract: `documented`, `example`, `schema`, `live` or another contract.
            seed: the contents of the workspace, or the path of a seed with one workspace, relative
                to pytest's root folder.
            starts_at: the time that its clock shows at first, as for `sendpilot.clock.set`; also
                in the past.
            frozen: whether the clock starts frozen.
            random_seed: the seed of all chance; by default the number of this sandbox.
            faults: the faults of its requests, as the control API writes them.
            options: options of the contract with their values, such as `patch_reply="example"`.

        Raises:
            InvalidInput: an unknown contract, option or value; it says which are known.
        """
        __tracebackhide__ = True
        values = {
            "seed": seed,
            "starts_at": starts_at,
            "frozen": frozen,
            "random_seed": random_seed,
            "faults": None if faults is None else list(faults),
            **options,
        }
        call = call_source(contract, values, folder=self._folder)
        chosen = chosen_options([call, *self._defaults()], host=self._host)
        default_seed = f"sendpilot_factory/{next(self._numbers)}"
        sandbox = Sandbox(self._host, chosen, random_seed=default_seed)
        # A session makes many, and each that was closed would be kept alive by this list.
        still_open = [one for one in self._sandboxes if one.backend.is_open]
        self._sandboxes = [*still_open, sandbox]
        return sandbox

    def close(self) -> None:
        """Close every sandbox that is still open."""
        for sandbox in self._sandboxes:
            sandbox.close()
