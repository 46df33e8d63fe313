"""The world of a sandbox: campaigns, senders, leads, and what happens to them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mock_sendpilot.control.outreach_schemas import steps_of
from mock_sendpilot.domain.credits import Balance
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.linkedin import EXPECTED, normal_profile_url
from mock_sendpilot.domain.models import Campaign, DailyLimits, Lead, Sender
from mock_sendpilot.domain.outreach.sequences import Step
from mock_sendpilot.domain.progress import CONNECTED
from mock_sendpilot.domain.vocabulary import LEAD_STATUSES
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.testing.sandbox_parts import check_names, step_by_hand

CAMPAIGN_ID = "camp_test"
SENDER_ID = "sender_test"


class SandboxWorld:
    """What can be put into a sandbox's workspace, done to it, and looked up."""

    workspace: Workspace

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
        campaign = new_campaign(campaign_id, name or campaign_id, status, now)
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


def new_campaign(campaign_id: str, name: str, status: str, now: datetime) -> Campaign:
    """A campaign of the sandbox's sender."""
    return Campaign(
        id=campaign_id,
        name=name,
        status=status,
        sender_ids=(SENDER_ID,),
        created_at=now,
        updated_at=now,
    )
