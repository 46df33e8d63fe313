"""Outreach: the actions of senders and recipients, whatever causes them.

The API, the campaign sequences and the manual actions all call this module, so every action moves
the lead, adds to the conversation, counts for campaign and quota, and records its events. The event
of the action comes before that of the lead's change; the vendor documents no order.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mock_sendpilot.errors import InvalidInput, Problem, SenderNotActive
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world import lead_progress, limits
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.events import (
    ConnectionRequestAccepted,
    ConnectionRequestSent,
    MessageSent,
    ReplyReceived,
)
from mock_sendpilot.world.inbox import RECEIVED, SENT, Inbox, Message
from mock_sendpilot.world.models import Contact, Lead, Sender

AUTOMATION = "automation"
"""The `changedBy` of a change that no person made, a word of the vendor's first pages."""
_PLACEHOLDER = re.compile(r"\{\{\s*(firstName|lastName)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A connection request; it was not sent to a person who was connected already."""

    id: str
    contact: Contact
    was_connected: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message that was sent, and its conversation."""

    message: Message
    conversation_id: str
    contact: Contact


class Outreach:
    """The actions of a workspace's senders and recipients, each within a transaction.

    Args:
        context: the context of the workspace.
        inbox: the conversations.
        quotas: the daily quotas of the senders.
        is_unreachable: returns whether no sender can reach a person. A function, since recipients
            act by way of this class, which therefore does not know them.
    """

    __slots__ = ("_clock", "_contract", "_ids", "_inbox", "_is_unreachable", "_quotas", "_store")

    def __init__(
        self,
        context: WorkspaceContext,
        *,
        inbox: Inbox,
        quotas: limits.Quotas,
        is_unreachable: Callable[[Contact], bool],
    ) -> None:
        self._store = context.store
        self._inbox = inbox
        self._quotas = quotas
        self._clock = context.clock
        self._ids = context.ids
        self._contract = context.contract
        self._is_unreachable = is_unreachable

    # --- contacts ----------------------------------------------------------------------------

    def active_sender(self, sender_id: str) -> Sender:
        """Return the sender of that id.

        Raises:
            InvalidInput: no such sender; the vendor answers 400 and not 404.
            SenderNotActive: it cannot send.
        """
        sender = self._store.sender(sender_id)
        if sender is None:  # the vendor's documents have "sender not found" under 400
            expected, got = "the id of a sender of this workspace", repr(sender_id[:80])
            raise InvalidInput(Problem.expected(expected, got=got, of="senderId"))
        if sender.status != "active":
            hint = f"sender {sender.id!r} is {sender.status}; only an active one sends"
            raise SenderNotActive("Sender is not active", hint=hint)
        return sender

    def contact(
        self, sender_id: str, linkedin_url: str, *, lead: Lead | None, campaign_id: str | None
    ) -> Contact:
        """Return a sender and a person; without a `lead`, with the sender's lead of that person."""
        if campaign_id is not None:
            self._store.campaign(campaign_id)
        if lead is None:
            leads = self._store.leads_of(linkedin_url)
            # Another sender's lead of the same person has its own status and sequence.
            own = [one for one in leads if one.sender_id in (None, sender_id)]
            in_campaign = [
                one for one in own if one.campaign_id and campaign_id in (None, one.campaign_id)
            ]
            without_campaign = [one for one in own if one.campaign_id is None]
            # A lead of a campaign comes first: it takes the place of the sender's own record.
            lead = next(iter([*in_campaign, *without_campaign]), None)
        if campaign_id is None and lead is not None:
            campaign_id = lead.campaign_id
        return Contact(
            sender_id=sender_id, linkedin_url=linkedin_url, lead=lead, campaign_id=campaign_id
        )

    def named_lead(self, lead_id: str | None, linkedin_url: str) -> Lead | None:
        """Return the lead that a request names, which must be the recipient."""
        if lead_id is None:
            return None
        lead = self._store.lead(lead_id)
        if lead.linkedin_url != linkedin_url:
            got = f"{lead_id!r}, which is {lead.linkedin_url}"
            raise InvalidInput(Problem.expected("a lead of the recipient", got=got, of="leadId"))
        return lead

    # --- actions of senders ------------------------------------------------------------------

    def check_request(self, contact: Contact) -> None:
        """Check whether a connection request can be sent now.

        Raises:
            InvalidInput, SenderNotActive, LimitExceeded: it cannot; the error says why.
        """
        sender = self.active_sender(contact.sender_id)
        if self._connection(contact) == lead_progress.CONNECTED:
            raise InvalidInput(f"{contact.linkedin_url} is connected already")
        self._require_no_request(contact)
        self._quotas.require(sender, limits.CONNECTIONS)

    def check_message(self, contact: Contact) -> None:
        """Check whether a message can be sent now.

        Raises:
            InvalidInput, SenderNotActive, LimitExceeded: it cannot; the error says why.
        """
        sender = self.active_sender(contact.sender_id)
        self._require_connected(contact)
        self._quotas.require(sender, limits.MESSAGES)

    def request_connection(
        self, contact: Contact, *, note: str | None = None, by: str = "api"
    ) -> SentRequest:
        """Send a connection request, unless the person is connected already.

        Args:
            contact: the sender and the person.
            note: sent by Premium accounts only: by the newer pages it is otherwise left out.
            by: the cause that the event of the lead's change names.

        Raises:
            InvalidInput: a request is open already, or the person cannot be reached.
            SenderNotActive: the sender cannot send.
            LimitExceeded: the sender has used its quota of the day.
        """
        sender = self.active_sender(contact.sender_id)
        now = self._clock.now()
        request_id = self._ids.prefixed("conn")
        if self._connection(contact) == lead_progress.CONNECTED:
            return SentRequest(id=request_id, contact=contact, was_connected=True, at=now)
        self._require_no_request(contact)
        self._quotas.use(sender, limits.CONNECTIONS)
        self._store.set_connection(sender.id, contact.linkedin_url, lead_progress.REQUESTED)
        if contact.lead is None:  # the events of the service always have a lead id
            person = self._store.add_person(contact.linkedin_url, sender.id)
            contact = replace(contact, lead=person)
        self._count(contact, connections_sent=1)
        # The newer pages: the request goes out without the note, rather than not at all.
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
            contact: the sender and the person.
            text: the whole text.
            step: the number of the step, if a sequence sends it.
            by: the cause that the event of the lead's change names.
            moves_status: whether the lead's status changes.

        Raises:
            InvalidInput: the person is not connected, or cannot be reached.
            SenderNotActive: the sender cannot send.
            LimitExceeded: the sender has used its quota of the day.
        """
        sender = self.active_sender(contact.sender_id)
        self._require_connected(contact)
        self._quotas.use(sender, limits.MESSAGES)
        message = self._add_message(contact, text, SENT)
        self._count(contact, messages_sent=1)
        self._store.record(MessageSent(contact, text, step))
        if moves_status:
            is_followup = (
                step is not None and contact.lead and contact.lead.status == "MESSAGE_SENT"
            )
            contact = self._move(contact, "FOLLOWUP_SENT" if is_followup else "MESSAGE_SENT", by)
        conversation_id = self._inbox.id_of_pair(contact.sender_id, contact.linkedin_url) or ""
        return SentMessage(message=message, conversation_id=conversation_id, contact=contact)

    # --- actions of recipients ---------------------------------------------------------------

    def accept_connection(self, contact: Contact) -> Contact:
        """Accept a request; or record that the person was connected already.

        Of such a person one client is sent an acceptance that no request came before.
        """
        self._store.set_connection(contact.sender_id, contact.linkedin_url, lead_progress.CONNECTED)
        self._count(contact, connections_accepted=1)
        self._store.record(ConnectionRequestAccepted(contact, self._clock.now()))
        return self._move(contact, "CONNECTION_ACCEPTED", AUTOMATION)

    def receive_reply(self, contact: Contact, text: str) -> Contact:
        """Receive a reply of the person."""
        self._add_message(contact, text, RECEIVED)
        self._count(contact, replies_received=1)
        self._store.record(ReplyReceived(contact, text))
        return self._move(contact, "REPLY_RECEIVED", AUTOMATION)

    # --- effects -----------------------------------------------------------------------------

    def set_status(self, lead: Lead, *statuses: str) -> Lead:
        """Give a lead the first of these statuses that the contract has."""
        # Older contracts lack most statuses of the newest: FOLLOWUP_SENT, CONNECTION_WITHDRAWN, …
        known = [status for status in statuses if status in self._contract.list_statuses]
        if not known:
            return lead
        return self._store.change_lead(lead, changed_by=AUTOMATION, status=known[0])

    def _move(self, contact: Contact, status: str, by: str) -> Contact:
        lead = contact.lead
        if lead is None or status not in self._contract.list_statuses:
            return contact
        after = lead_progress.later_status(lead.status, status)
        if after != lead.status:
            lead = self._store.change_lead(lead, changed_by=by, status=after)
        return replace(contact, lead=lead)

    def _add_message(self, contact: Contact, text: str, direction: str) -> Message:
        return self._inbox.add(
            contact.sender_id,
            contact.linkedin_url,
            contact.lead.full_name if contact.lead else "",
            text=text,
            direction=direction,
            at=self._clock.now(),
        )

    def _count(self, contact: Contact, **counts: int) -> None:
        """Add to the counters of the lead's campaign, or else of the campaign in the request."""
        lead = contact.lead if contact.lead and contact.lead.campaign_id else None
        campaign_id = lead.campaign_id if lead else contact.campaign_id
        if campaign_id is None:
            return
        campaign = self._store.campaign(campaign_id)
        counters = campaign.counters
        changes = {name: getattr(counters, name) + count for name, count in counts.items()}
        if lead is not None and self._store.mark_contacted(lead):
            changes["leads_contacted"] = counters.leads_contacted + 1
        self._store.change_campaign(campaign, counters=replace(counters, **changes))

    def _connection(self, contact: Contact) -> str | None:
        return self._store.connection(contact.sender_id, contact.linkedin_url)

    def _require_no_request(self, contact: Contact) -> None:
        """Require a person who can be reached and has no open request of the sender."""
        self._require_reachable(contact)
        # The vendor does not document its answer to a second request while one is open.
        if self._connection(contact) == lead_progress.REQUESTED:
            problem = Problem.expected(
                "a person without an open request of this sender",
                got=f"{contact.linkedin_url}, who has not responded yet",
                of="recipientLinkedinUrl",
                rule="recipientLinkedinUrl must not have an open request of this sender already",
            )
            raise InvalidInput(problem)

    def _require_connected(self, contact: Contact) -> None:
        """Require a person who can be reached and is a connection of the sender."""
        self._require_reachable(contact)
        connection = self._connection(contact)
        if connection != lead_progress.CONNECTED:
            reason = "its request is not accepted yet" if connection else "no request was sent"
            expected = f"a first-degree connection of sender {contact.sender_id!r}"
            got = f"{contact.linkedin_url} ({reason})"
            raise InvalidInput(Problem.expected(expected, got=got, of="recipientLinkedinUrl"))

    def _require_reachable(self, contact: Contact) -> None:
        if self._is_unreachable(contact):
            expected, got = "a profile that can be reached", contact.linkedin_url
            raise InvalidInput(Problem.expected(expected, got=got, of="recipientLinkedinUrl"))


def fill_in_names(text: str, lead: Lead | None) -> str:
    """Replace `{{firstName}}` and `{{lastName}}`; unknown names leave nothing."""
    names = {
        "firstName": (lead and lead.first_name) or "",
        "lastName": (lead and lead.last_name) or "",
    }
    return _PLACEHOLDER.sub(lambda match: names[match[1]], text)
