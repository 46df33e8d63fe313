"""The world of a sandbox: campaigns, senders, leads, and what happens to them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mock_sendpilot.control.outreach_schemas import steps_of
from mock_sendpilot.errors import NotFound
from mock_sendpilot.testing.sandbox_checks import (
    Subject,
    as_tuple,
    check_fields,
    check_text,
    id_of,
    profile_url,
)
from mock_sendpilot.testing.sandbox_parts import step_by_hand
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.models import Campaign, DailyLimits, Lead, Sender, Step
from mock_sendpilot.world.workspace import Workspace

CAMPAIGN_ID = "camp_test"
SENDER_ID = "sender_test"


class SandboxWorld:
    """Leads, campaigns and senders of a sandbox, and steps by hand."""

    workspace: Workspace

    def add_campaign(
        self,
        campaign_id: str,
        *,
        name: str = "",
        status: str = "started",
        sequence: Iterable[Step | Mapping[str, Any]] = (),
        sender_ids: Iterable[Sender | str] = (SENDER_ID,),
        **details: Any,
    ) -> Campaign:
        """Add a campaign; with a sequence, written as in a seed, it takes its leads through it.

        Args:
            campaign_id: its id.
            name: by default the id.
            status: `started`, `paused`, `draft` or `finished`.
            sequence: its steps.
            sender_ids: who sends; they take turns with leads that the app adds.
            details: other fields of `Campaign`, such as `description`.

        Raises:
            InvalidInput: no such status or field, a field cannot have this value, or a step is not
                right; it says which and why.
            NotFound: there is no such sender.
        """
        check_fields(Campaign, {"id": campaign_id, "name": name, "status": status})
        details = check_fields(Campaign, details)
        now = self.workspace.clock.now()
        campaign = replace(
            new_campaign(campaign_id, name or campaign_id, status, now),
            sequence=steps_of(sequence),
            sender_ids=tuple(self._sender_id(one) for one in sender_ids),
            **details,
        )
        self.workspace.store.put_campaign(campaign)
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
            limits: what a day takes, such as `{"messages": 1}`; also `connections` and `likes`.
            details: other fields of `Sender`, such as `is_premium`.

        Raises:
            InvalidInput: one of `connections` is no profile URL, there is no such status or field,
                or a field cannot have this value.
        """
        check_fields(Sender, {"id": sender_id, "name": name, "status": status})
        details = check_fields(Sender, details)
        check_fields(DailyLimits, limits or {}, prefix="limits.")
        people = [profile_url(person) for person in as_tuple(connections)]
        url = profile_url(details.pop("linkedin_url", f"linkedin.com/in/{_slug(sender_id)}"))
        defaults = {"linkedin_url": url, "daily_limits": DailyLimits(**(limits or {}))}
        sender = Sender(
            id=sender_id, name=name or sender_id, status=status, **{**defaults, **details}
        )
        self.workspace.store.put_sender(sender)
        for person in people:
            self.connect(person, sender_id=sender_id)
        return sender

    def connect(self, linkedin_url: str, *, sender_id: Sender | str = SENDER_ID) -> None:
        """Make a person a first-degree connection of a sender.

        Raises:
            InvalidInput: it is no profile URL.
            NotFound: there is no such sender.
        """
        url = profile_url(linkedin_url)
        self.workspace.store.set_connection(self._sender_id(sender_id), url, CONNECTED)

    def add_lead(
        self,
        linkedin_url: str | None = None,
        *,
        lead_id: str | None = None,
        status: str = "PENDING",
        campaign_id: Campaign | str = CAMPAIGN_ID,
        **details: Any,
    ) -> Lead:
        """Add a lead; what is not given is made up.

        Args:
            linkedin_url: whose profile.
            lead_id: an id of your choice.
            status: where it stands.
            campaign_id: one of `add_campaign`, else the sandbox's own.
            details: other fields of `Lead`, such as `first_name` or `custom_fields`.

        Raises:
            InvalidInput: no profile URL, no such status, campaign or field, a field cannot have
                this value, or there is such a lead already.
            NotFound: there is no such sender.
        """
        given_id = lead_id or self.workspace.ids.prefixed("lead")
        sender_id = details.pop("sender_id", SENDER_ID)
        check_fields(Lead, {"id": given_id, "status": status})
        details = check_fields(Lead, details)
        now = self.workspace.clock.now()
        defaults = {"created_at": now, "updated_at": now}
        lead = Lead(
            id=given_id,
            linkedin_url=profile_url(linkedin_url or f"linkedin.com/in/{_slug(given_id)}"),
            status=status,
            campaign_id=id_of(campaign_id, "campaign_id"),
            sender_id=None if sender_id is None else self._sender_id(sender_id),
            **{**defaults, **details},
        )
        self.workspace.store.put_lead(lead)
        self.workspace.sequences.begin([lead])
        return lead

    def simulate(
        self,
        action: str,
        target_id: Subject | str,
        *,
        text: str | None = None,
        sender_id: Sender | str | None = None,
    ) -> Any:
        """Make one step by hand, and what follows from it.

        Args:
            action: of a lead `connection_sent`, `accept_connection`, `withdraw_connection`,
                `message_sent`, `reply`, `unreachable` or `done`; of a campaign `start`, `pause`,
                `resume` or `finish`; of a search or an extraction `complete` or `fail`.
            target_id: whose step: a lead, a campaign or a job, or its id.
            text: the note, the message, the reply or the error.
            sender_id: a sender other than the lead's own.

        Returns:
            The lead, the campaign or the job after it.

        Raises:
            NotFound: there is no such lead, campaign or job.
            InvalidInput: there is no such action, it cannot happen, or the text is none; it says
                why.
        """
        if text is not None:
            check_text("text", text)
        sender = None if sender_id is None else self._sender_id(sender_id)
        known_id = id_of(target_id, "target_id")
        return step_by_hand(self.workspace, action, known_id, text=text, sender_id=sender)

    def lead(self, lead_id: Lead | str) -> Lead:
        """The lead as it is now.

        Raises:
            NotFound: there is none of that id.
        """
        return self.workspace.store.lead(id_of(lead_id, "lead_id"))

    def leads(self) -> list[Lead]:
        """All leads of campaigns, oldest first."""
        return self.workspace.store.leads()

    def set_credits(self, *, subscription: int = 0, purchased: int = 0) -> None:
        """Set what searches and extractions can spend from now on.

        Raises:
            InvalidInput: it is no whole number, or less than 0.
        """
        check_fields(Balance, {"subscription": subscription, "purchased": purchased})
        balance = Balance(subscription=subscription, purchased=purchased)
        with self.workspace.store.transaction():
            self.workspace.credits.set(balance)

    def _sender_id(self, sender: Sender | str) -> str:
        sender_id = id_of(sender, "sender_id")
        if self.workspace.store.sender(sender_id) is None:
            known = ", ".join(sender.id for sender in self.workspace.store.senders())
            hint = f"no sender has the id {sender_id[:80]!r}; there are: {known}"
            raise NotFound("Sender not found", hint=hint)
        return sender_id


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


def _slug(known_id: str) -> str:
    return known_id.replace("_", "-")
