"""Outreach: what senders and people do to each other, whoever causes it.

The API, the campaigns that run by themselves and the steps made by hand all come here: so each act
moves the lead, fills the conversation, counts for campaign and quota, and makes its events. The
event of the act comes before that of the lead's change; the vendor documents no order.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from mock_sendpilot.errors import InvalidInput, Problem, SenderNotActive
from mock_sendpilot.world import progress, quotas
from mock_sendpilot.world.behavior import Behaviors
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.events import (
    ConnectionRequestAccepted,
    ConnectionRequestSent,
    MessageSent,
    ReplyReceived,
)
from mock_sendpilot.world.inbox import RECEIVED, SENT, Inbox, Message
from mock_sendpilot.world.models import Contact, Lead, Sender
from mock_sendpilot.world.quotas import Quotas
from mock_sendpilot.world.sequences import filled

AUTOMATION = "automation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A connection request that was made, or was not needed."""

    id: str
    contact: Contact
    was_connected: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message that was sent, and where it stands."""

    message: Message
    conversation_id: str
    contact: Contact


class Outreach:
    """The acts; each belongs into a transaction of the store."""

    def __init__(
        self, context: WorkspaceContext, *, inbox: Inbox, daily_quotas: Quotas, behaviors: Behaviors
    ) -> None:
        self._store = context.store
        self._inbox = inbox
        self._quotas = daily_quotas
        self._clock = context.clock
        self._ids = context.ids
        self._contract = context.contract
        self._behaviors = behaviors

    # --- who ---------------------------------------------------------------------------------

    def active_sender(self, sender_id: str) -> Sender:
        """The sender of that id.

        Raises:
            InvalidInput: there is none; the vendor answers 400 and not 404.
            SenderNotActive: it cannot send.
        """
        sender = self._store.sender(sender_id)
        if sender is None:
            expected = "senderId must be the id of a sender of this workspace"
            raise InvalidInput(Problem(expected, f"it was {sender_id[:80]!r}"))
        if sender.status != "active":
            hint = f"sender {sender.id!r} is {sender.status}; only an active one sends"
            raise SenderNotActive("Sender is not active", hint=hint)
        return sender

    def contact(
        self, sender_id: str, linkedin_url: str, *, lead: Lead | None, campaign_id: str | None
    ) -> Contact:
        """A sender and a person; a lead that is not named is the sender's own of that person."""
        if campaign_id is not None:
            self._store.campaign(campaign_id)
        if lead is None:
            known = self._store.leads_of(linkedin_url)
            own = [one for one in known if one.sender_id in (None, sender_id)]
            enrolled = [
                one for one in own if one.campaign_id and campaign_id in (None, one.campaign_id)
            ]
            without = [one for one in own if one.campaign_id is None]
            lead = next(iter([*enrolled, *without]), None)
        if campaign_id is None and lead is not None:
            campaign_id = lead.campaign_id
        return Contact(
            sender_id=sender_id, linkedin_url=linkedin_url, lead=lead, campaign_id=campaign_id
        )

    def named_lead(self, lead_id: str | None, linkedin_url: str) -> Lead | None:
        """The lead that a request names, which must be the recipient."""
        if lead_id is None:
            return None
        lead = self._store.lead(lead_id)
        if lead.linkedin_url != linkedin_url:
            found = f"{lead_id!r} is {lead.linkedin_url}"
            raise InvalidInput(Problem("leadId must be a lead of the recipient", found))
        return lead

    # --- what senders do ---------------------------------------------------------------------

    def request_connection(
        self, contact: Contact, *, note: str | None = None, by: str = "api"
    ) -> SentRequest:
        """Ask a person to connect. To one who is connected already nothing is sent."""
        sender = self.active_sender(contact.sender_id)
        now = self._clock.now()
        request_id = self._ids.prefixed("conn")
        standing = self._store.connection(contact.sender_id, contact.linkedin_url)
        if standing == progress.CONNECTED:
            return SentRequest(id=request_id, contact=contact, was_connected=True, at=now)
        self._insist_on_reachable(contact)
        if standing == progress.REQUESTED:
            expected = "recipientLinkedinUrl must not have an open request of this sender already"
            raise InvalidInput(Problem(expected, f"{contact.linkedin_url} has not answered yet"))
        self._quotas.use(sender, quotas.CONNECTIONS)
        self._store.set_connection(sender.id, contact.linkedin_url, progress.REQUESTED)
        if contact.lead is None:  # the service's events always have a lead id
            person = self._store.add_person(contact.linkedin_url, sender.id)
            contact = replace(contact, lead=person)
        self._count(contact, connections_sent=1)
        sent_note = note if sender.is_premium else None
        self._store.record(ConnectionRequestSent(contact, sent_note or None))
        contact = self._move(contact, "CONNECTION_SENT", by)
        return SentRequest(id=request_id, contact=contact, was_connected=False, at=now)

    def send_message(
        self,
        contact: Contact,
        text: str,
        *,
        step: int | None = None,
        by: str = "api",
        moves_status: bool = True,
    ) -> SentMessage:
        """Send a message to a person who is connected.

        Args:
            contact: who sends it, and to whom.
            text: the whole text.
            step: the number of its step in a sequence, if a sequence sends it.
            by: who is named in the event of the lead's change.
            moves_status: whether the lead's status says afterwards that it was sent.
        """
        sender = self.active_sender(contact.sender_id)
        self._insist_on_reachable(contact)
        self._insist_on_connection(contact)
        self._quotas.use(sender, quotas.MESSAGES)
        message = self._write(contact, text, SENT)
        self._count(contact, messages_sent=1)
        self._store.record(MessageSent(contact, text, step))
        if moves_status:
            is_followup = (
                step is not None and contact.lead and contact.lead.status == "MESSAGE_SENT"
            )
            contact = self._move(contact, "FOLLOWUP_SENT" if is_followup else "MESSAGE_SENT", by)
        conversation = self._inbox.id_of_pair(contact.sender_id, contact.linkedin_url) or ""
        return SentMessage(message=message, conversation_id=conversation, contact=contact)

    # --- what people do ----------------------------------------------------------------------

    def accept_connection(self, contact: Contact) -> Contact:
        """The person accepts, or turns out to be connected already."""
        self._store.set_connection(contact.sender_id, contact.linkedin_url, progress.CONNECTED)
        self._count(contact, connections_accepted=1)
        self._store.record(ConnectionRequestAccepted(contact, self._clock.now()))
        return self._move(contact, "CONNECTION_ACCEPTED", AUTOMATION)

    def receive_reply(self, contact: Contact, text: str) -> Contact:
        """The person answers."""
        self._write(contact, text, RECEIVED)
        self._count(contact, replies_received=1)
        self._store.record(ReplyReceived(contact, text))
        return self._move(contact, "REPLY_RECEIVED", AUTOMATION)

    # --- what follows ------------------------------------------------------------------------

    def set_status(self, lead: Lead, *statuses: str) -> Lead:
        """Give a lead the first of these statuses that the contract knows."""
        known = [one for one in statuses if one in self._contract.list_statuses]
        if not known:
            return lead
        return self._store.change_lead(lead, changed_by=AUTOMATION, status=known[0])

    def _move(self, contact: Contact, status: str, by: str) -> Contact:
        lead = contact.lead
        if lead is None:
            return contact
        known = status if status in self._contract.list_statuses else lead.status
        after = progress.moved(lead.status, known)
        if after != lead.status:
            lead = self._store.change_lead(lead, changed_by=by, status=after)
        return replace(contact, lead=lead)

    def _insist_on_connection(self, contact: Contact) -> None:
        standing = self._store.connection(contact.sender_id, contact.linkedin_url)
        if standing != progress.CONNECTED:
            because = "its request is not accepted yet" if standing else "no request was sent"
            expected = (
                "recipientLinkedinUrl must be a first-degree connection of sender "
                f"{contact.sender_id!r}"
            )
            raise InvalidInput(Problem(expected, f"{contact.linkedin_url} is none: {because}"))

    def _write(self, contact: Contact, text: str, direction: str) -> Message:
        return self._inbox.add(
            contact.sender_id,
            contact.linkedin_url,
            contact.lead.full_name if contact.lead else "",
            text=text,
            direction=direction,
            at=self._clock.now(),
        )

    def _count(self, contact: Contact, **more: int) -> None:
        """Count in the lead's campaign; one that is only named counts where the lead has none."""
        lead = contact.lead if contact.lead and contact.lead.campaign_id else None
        campaign_id = lead.campaign_id if lead else contact.campaign_id
        if campaign_id is None:
            return
        campaign = self._store.campaign(campaign_id)
        counters = campaign.counters
        changes = {name: getattr(counters, name) + count for name, count in more.items()}
        if lead is not None and self._store.mark_contacted(lead):
            changes["leads_contacted"] = counters.leads_contacted + 1
        self._store.change_campaign(campaign, counters=replace(counters, **changes))

    def _insist_on_reachable(self, contact: Contact) -> None:
        if self._behaviors.of(contact).is_unreachable:
            expected = "recipientLinkedinUrl must be a profile that can be reached"
            raise InvalidInput(Problem(expected, f"{contact.linkedin_url} is not"))


def words_for(text: str, lead: Lead | None) -> str:
    """A text with the names of a lead filled in."""
    first, last = (lead.first_name, lead.last_name) if lead else (None, None)
    return filled(text, first_name=first, last_name=last)
