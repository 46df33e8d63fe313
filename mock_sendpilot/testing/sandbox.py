"""What the fixture `sendpilot` gives: a workspace of the test's own."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.control.outreach_schemas import steps_of
from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.credits import Balance
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.finding.jobs import Pace
from mock_sendpilot.domain.linkedin import EXPECTED, normal_profile_url
from mock_sendpilot.domain.models import ApiKey, Campaign, DailyLimits, Lead, Sender
from mock_sendpilot.domain.outreach.sequences import Step
from mock_sendpilot.domain.progress import CONNECTED
from mock_sendpilot.domain.seed import WorkspaceSeed
from mock_sendpilot.domain.vocabulary import LEAD_STATUSES
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.failures import NotIdle
from mock_sendpilot.testing.sandbox_clock import SandboxClock
from mock_sendpilot.testing.sandbox_parts import check_names, step_by_hand
from mock_sendpilot.testing.sent_webhooks import SentWebhooks
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.event_log import SentWebhook

_QUICK = Pace(starts_after=timedelta(milliseconds=50), takes=timedelta(milliseconds=150))
CAMPAIGN_ID = "camp_test"
SENDER_ID = "sender_test"


class Sandbox:
    """A fresh workspace on a running server, isolated from all others; it has one campaign.

    Args:
        server: the server of the test session.
        contract: how the vendor is to answer here.
        random_seed: what chance is drawn from: the same one gives the same people and fates.

    Attributes:
        base_url: what replaces `https://api.sendpilot.ai/v1`.
        origin: the same without `/v1`.
        api_key: the key of this workspace, and of no other.
        headers: the key as a header, for any HTTP client.
        campaign_id: the campaign in which `add_lead` puts leads.
        sender_id: the sender of those leads.
        webhooks: what was sent.
        clock: the clock of this workspace, to be turned.
    """

    def __init__(
        self, server: EmulatorServer, contract: Contract, *, random_seed: str | None = None
    ) -> None:
        token = secrets.token_hex(8)
        self._emulator = server.emulator
        self.base_url = server.base_url
        self.origin = server.origin
        self.api_key = f"sp_test_{token}"
        self.headers = {"X-API-Key": self.api_key}
        self.campaign_id = CAMPAIGN_ID
        self.sender_id = SENDER_ID
        self.workspace = self._emulator.add_workspace(
            _seed(token, self.api_key, contract, random_seed)
        )
        self._outbox = self._emulator.outbox(self.workspace)
        self.webhooks = SentWebhooks(self.workspace, self._outbox.events)
        self.clock = SandboxClock(self.workspace.timekeeper)

    def __repr__(self) -> str:
        return f"<Sandbox {self.workspace.id}, contract {self.workspace.contract.name}>"

    def add_campaign(
        self,
        campaign_id: str,
        *,
        name: str = "",
        status: str = "started",
        sequence: Iterable[Step | Mapping[str, Any]] = (),
    ) -> Campaign:
        """Add a campaign; with a sequence, written as in a seed, it walks its leads through it.

        Raises:
            InvalidInput: a step is not right; it says which and why.
        """
        now = self.workspace.clock.now()
        campaign = _campaign(campaign_id, name or campaign_id, status, now)
        campaign = replace(campaign, sequence=steps_of(sequence))
        self.workspace.store.put_campaign(campaign)
        return campaign

    def add_sender(
        self,
        sender_id: str,
        *,
        name: str = "",
        status: str = "active",
        connections: Iterable[str] = (),
        limits: Mapping[str, int] | None = None,
        **details: Any,  # noqa: ANN401 - the other fields of `Sender`
    ) -> Sender:
        """Add a LinkedIn account, connected with these people.

        Args:
            sender_id: its id.
            name: by default the id.
            status: `active`, `disconnected` or `rate_limited`.
            connections: profile URLs.
            limits: what a day takes, such as `{"messages": 1}`; also `connections` and `likes`.
            details: other fields of `Sender`, such as `is_premium`.

        Raises:
            InvalidInput: one of `connections` is no profile URL, or a field is unknown.
        """
        check_names(details, Sender)
        check_names(limits or {}, DailyLimits)
        url = f"https://www.linkedin.com/in/{sender_id.replace('_', '-')}"
        defaults = {"linkedin_url": url, "daily_limits": DailyLimits(**(limits or {}))}
        sender = Sender(
            id=sender_id, name=name or sender_id, status=status, **{**defaults, **details}
        )
        self.workspace.store.put_sender(sender)
        for person in connections:
            self.connect(person, sender_id=sender_id)
        return sender

    def connect(self, linkedin_url: str, *, sender_id: str = SENDER_ID) -> None:
        """Make a person a first-degree connection of a sender.

        Raises:
            InvalidInput: it is no profile URL.
        """
        url = normal_profile_url(linkedin_url)
        if url is None:
            raise InvalidInput(f"linkedin_url must be {EXPECTED}; it was {linkedin_url!r}")
        self.workspace.store.set_connection(sender_id, url, CONNECTED)

    def add_lead(
        self,
        linkedin_url: str | None = None,
        *,
        lead_id: str | None = None,
        status: str = "PENDING",
        campaign_id: str = CAMPAIGN_ID,
        **details: Any,  # noqa: ANN401 - the other fields of `Lead`
    ) -> Lead:
        """Add a lead; what is not given is made up.

        Args:
            linkedin_url: whose profile.
            lead_id: an id of your choice.
            status: where it stands.
            campaign_id: one of `add_campaign`, else the sandbox's own.
            details: other fields of `Lead`, such as `first_name` or `custom_fields`.

        Raises:
            InvalidInput: no profile URL, no such status, campaign or field, or the lead is there
                already.
        """
        check_names(details, Lead)
        given_id = lead_id or self.workspace.ids.prefixed("lead")
        slug = given_id.replace("_", "-")
        url = normal_profile_url(linkedin_url or f"https://www.linkedin.com/in/{slug}")
        if url is None:
            raise InvalidInput(f"linkedin_url must be {EXPECTED}; it was {linkedin_url!r}")
        if status not in LEAD_STATUSES:
            raise InvalidInput(
                f"status must be one of {', '.join(LEAD_STATUSES)}; it was {status!r}"
            )
        now = self.workspace.clock.now()
        defaults = {"created_at": now, "updated_at": now, "sender_id": SENDER_ID}
        lead = Lead(
            id=given_id,
            linkedin_url=url,
            status=status,
            campaign_id=campaign_id,
            **{**defaults, **details},
        )
        self.workspace.store.put_lead(lead)
        self.workspace.simulation.begin([lead])
        return lead

    def simulate(self, action: str, target_id: str, *, text: str | None = None) -> Any:  # noqa: ANN401 - a lead, a campaign or a job
        """Make one step by hand, and what follows from it.

        Args:
            action: of a lead `connection_sent`, `accept_connection`, `withdraw_connection`,
                `message_sent`, `reply`, `unreachable` or `done`; of a campaign `start`, `pause`,
                `resume` or `finish`; of a search or an extraction `complete` or `fail`.
            target_id: whose step.
            text: the note, the message, the reply or the error.

        Returns:
            The lead, the campaign or the job after it.

        Raises:
            NotFound: there is no such lead, campaign or job.
            InvalidInput: there is no such action, or it cannot happen; it says why.
        """
        return step_by_hand(self.workspace, action, target_id, text=text)

    def lead(self, lead_id: str) -> Lead:
        """The lead as it is now.

        Raises:
            NotFound: there is none of that id.
        """
        return self.workspace.store.lead(lead_id)

    def leads(self) -> list[Lead]:
        """All leads, oldest first."""
        return self.workspace.store.leads()

    def set_credits(self, *, subscription: int = 0, purchased: int = 0) -> None:
        """What searches and extractions can spend from now on."""
        balance = Balance(subscription=subscription, purchased=purchased)
        self.workspace.credits.set(balance)

    def wait_until_idle(self, *, within: float = 5.0) -> None:
        """Wait until nothing is being sent or due; retries and steps that are due later may remain.

        Args:
            within: seconds of real time. With a frozen clock there is no waiting: what is due then
                needs `clock.advance()`.

        Raises:
            NotIdle: something is still at work or due; it says what is due next.
        """
        __tracebackhide__ = True
        if not self.workspace.timekeeper.wait_until_idle(within_seconds=within):
            raise NotIdle(self.workspace.timekeeper, within)

    def resend(self, webhook: SentWebhook) -> None:
        """Make one more attempt of each delivery of a webhook: the same event, signed afresh.

        Raises:
            NotFound: it had no endpoint to go to.
        """
        self._outbox.resend_event(webhook.event_id)

    def add_endpoint(
        self, url: str, *, secret: str | None = None, events: Iterable[str] | None = None
    ) -> Endpoint:
        """Have webhooks sent to a URL; the endpoint's `secret` is made unless it is given.

        Raises:
            InvalidInput: a bad URL or secret, or an event type that the contract does not know.
        """
        return self._outbox.endpoints.add(url, secret=secret, event_types=events)

    def close(self) -> None:
        """Forget the workspace."""
        self._emulator.remove_workspace(self.workspace)


def _seed(token: str, api_key: str, contract: Contract, random_seed: str | None) -> WorkspaceSeed:
    now = SystemClock().now()
    sender = Sender(
        id=SENDER_ID,
        name="Test Sender",
        linkedin_url="https://www.linkedin.com/in/test-sender",
        status="active",
    )
    return WorkspaceSeed(
        id=f"ws_{token}",
        random_seed=random_seed,
        name="Test",
        contract=contract,
        api_keys=(ApiKey(key=api_key),),
        senders=(sender,),
        pace=_QUICK,
        plan="test",
        campaigns=(_campaign(CAMPAIGN_ID, "Test campaign", "started", now),),
    )


def _campaign(campaign_id: str, name: str, status: str, now: datetime) -> Campaign:
    return Campaign(
        id=campaign_id,
        name=name,
        status=status,
        sender_ids=(SENDER_ID,),
        created_at=now,
        updated_at=now,
    )
