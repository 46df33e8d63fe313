"""Direct actions: single actions outside of campaigns, over the API or by hand.

Both refuse what cannot happen, and say why. They differ in what a message does: over the API it
leaves the lead's status as it is, unless the contract says otherwise; by hand it stands for a step
of a sequence, which moves the status.
"""

from collections.abc import Callable, Mapping

from mock_sendpilot.contracts.vocabulary import LEAD_ACTIONS
from mock_sendpilot.errors import InvalidInput, Problem, SendPilotError, ServiceFault
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, is_internal, normal_profile_url
from mock_sendpilot.world.models import DEFAULT_REPLY, Contact, Lead
from mock_sendpilot.world.outreach import (
    AUTOMATION,
    Outreach,
    SentMessage,
    SentRequest,
    fill_in_names,
)
from mock_sendpilot.world.recipients import RecipientModel

_URL = "recipientLinkedinUrl"
_DEFAULT_MESSAGE = "Hi {{firstName}}, do you have ten minutes this week?"
_Action = Callable[[Contact, str | None], object]
_Check = Callable[[Contact], object]


class DirectOutreach:
    """The direct outreach of a workspace."""

    def __init__(
        self, context: WorkspaceContext, outreach: Outreach, recipients: RecipientModel
    ) -> None:
        self._store = context.store
        self._outreach = outreach
        self._recipients = recipients
        self._contract = context.contract

    def connect(
        self, *, sender_id: str, recipient_linkedin_url: str, message: str | None = None
    ) -> SentRequest:
        """Send a connection request, which the person may accept later.

        Raises:
            InvalidInput: no such sender, no profile URL, or a request is open already.
            SenderNotActive: the sender cannot send.
            LimitExceeded: the sender has used its quota of the day.
            ServiceFault: the contract asks for one; nothing was sent.
        """
        with self._store.transaction():
            sender = self._outreach.active_sender(sender_id)
            url = self._profile_url(recipient_linkedin_url)
            if message and not sender.is_premium and self._contract.note_fault:
                hint = f"note_fault is on: sender {sender_id!r} is not Premium; nothing was sent"
                raise ServiceFault("Internal server error", hint=hint)
            contact = self._outreach.contact(sender_id, url, lead=None, campaign_id=None)
            request = self._outreach.request_connection(contact, note=message)
            if not request.was_connected:
                self._recipients.plan_acceptance(request.contact)
        return request

    def send_message(
        self,
        *,
        sender_id: str,
        recipient_linkedin_url: str,
        message: str,
        lead_id: str | None = None,
        campaign_id: str | None = None,
    ) -> SentMessage:
        """Send a message to a connected person.

        Raises:
            InvalidInput: no such sender, no profile URL, not connected, or another person's lead.
            NotFound: no such lead or campaign.
            SenderNotActive: the sender cannot send.
            LimitExceeded: the sender has used its quota of the day.
        """
        with self._store.transaction():
            self._outreach.active_sender(sender_id)
            url = self._profile_url(recipient_linkedin_url)
            lead = self._outreach.named_lead(lead_id, url)
            contact = self._outreach.contact(sender_id, url, lead=lead, campaign_id=campaign_id)
            return self._send(contact, message)

    def send_to_lead(
        self, lead_id: str, *, sender_id: str, message: str, campaign_id: str | None = None
    ) -> SentMessage:
        """Send a message to a lead, with `{{firstName}}` and `{{lastName}}` filled in.

        Raises:
            NotFound: no such lead or campaign.
            InvalidInput, SenderNotActive, LimitExceeded: as for `send_message`.
        """
        with self._store.transaction():
            lead = self._store.lead(lead_id)
            self._outreach.active_sender(sender_id)
            contact = self._outreach.contact(
                sender_id, lead.linkedin_url, lead=lead, campaign_id=campaign_id
            )
            return self._send(contact, fill_in_names(message, lead))

    def _send(self, contact: Contact, text: str) -> SentMessage:
        # Off in every named contract: a client relies on a message over the API moving nothing.
        moves_status = self._contract.direct_send_moves_status
        sent = self._outreach.send_message(contact, text, moves_status=moves_status)
        self._recipients.plan_reply(sent.contact)
        return sent

    def _profile_url(self, text: str) -> str:
        url = normal_profile_url(text)
        if url is None:
            # The vendor has this sentence for any mistake in a URL.
            rule = "recipientLinkedinUrl must be a URL address"
            got = repr(text[:80])
            raise InvalidInput(Problem.expected(PROFILE_URL_FORMAT, got=got, of=_URL, rule=rule))
        if is_internal(url) and self._contract.internal_recipients == "refused":
            got = f"the internal form {url}, which reaches nobody"
            raise InvalidInput(Problem.expected("the public profile URL", got=got, of=_URL))
        return url


class ManualActions:
    """The manual actions of a workspace."""

    def __init__(
        self, context: WorkspaceContext, outreach: Outreach, recipients: RecipientModel
    ) -> None:
        self._store = context.store
        self._outreach = outreach
        self._recipients = recipients
        self._actions: Mapping[str, tuple[_Check, _Action]] = {
            "connection_sent": (outreach.check_request, self._send_connection),
            "accept_connection": (self._require_request, lambda who, _: recipients.accept(who)),
            "withdraw_connection": (
                self._require_request,
                lambda who, _: recipients.withdraw_request(who),
            ),
            "message_sent": (outreach.check_message, self._send_message),
            "reply": (
                self._require_connection,
                lambda who, text: recipients.reply(who, text or DEFAULT_REPLY),
            ),
            "unreachable": (_allow, self._become_unreachable),
            "done": (_allow, lambda who, _: recipients.end(who, "DONE")),
        }

    def act(
        self, lead_id: str, action: str, *, text: str | None = None, sender_id: str | None = None
    ) -> Lead:
        """Perform an action and return the lead after it.

        Args:
            lead_id: the id of the lead.
            action: one of `LEAD_ACTIONS`.
            text: the note, message or reply.
            sender_id: the id of a sender; by default the lead's own.

        Raises:
            NotFound: the workspace has no such lead.
            InvalidInput: the action cannot happen.
            SenderNotActive, LimitExceeded: the sender cannot send now.
        """
        with self._store.transaction():
            contact = self._contact(lead_id, sender_id)
            check, perform = self._actions[action]
            check(contact)
            perform(contact, text)
        # Read again: at the end of the transaction the campaign reacts, and may change the lead.
        return self._store.lead(lead_id)

    def obstacles(self, lead_id: str) -> dict[str, str | None]:
        """Return why each action of the lead's own sender cannot happen now; None if it can.

        Raises:
            NotFound: the workspace has no such lead.
        """
        with self._store.transaction():
            self._store.lead(lead_id)
            return {action: self._obstacle(lead_id, action) for action in LEAD_ACTIONS}

    def _obstacle(self, lead_id: str, action: str) -> str | None:
        check, _ = self._actions[action]
        try:
            check(self._contact(lead_id, None))
        except SendPilotError as error:
            return str(error)
        return None

    def _contact(self, lead_id: str, sender_id: str | None) -> Contact:
        lead = self._store.lead(lead_id)
        sender = sender_id or lead.sender_id
        if sender is None:
            raise InvalidInput(f"senderId is required: lead {lead.id!r} has no sender")
        return self._outreach.contact(
            sender, lead.linkedin_url, lead=lead, campaign_id=lead.campaign_id
        )

    def _send_connection(self, contact: Contact, text: str | None) -> None:
        request = self._outreach.request_connection(contact, note=text, by=AUTOMATION)
        self._recipients.plan_acceptance(request.contact)

    def _send_message(self, contact: Contact, text: str | None) -> None:
        message = fill_in_names(text or _DEFAULT_MESSAGE, contact.lead)
        self._outreach.send_message(contact, message, by=AUTOMATION)

    def _become_unreachable(self, contact: Contact, _text: str | None) -> None:
        self._recipients.cancel_responses(contact)
        self._recipients.end(contact, "PROFILE_UNREACHABLE")

    def _require_connection(self, contact: Contact) -> None:
        connection = self._connection(contact)
        if connection != lead_progress.CONNECTED:
            found = "an open request" if connection else "none"
            steps = "accept_connection" if connection else "connection_sent and accept_connection"
            raise InvalidInput(
                f"expected a connection of sender {contact.sender_id!r}, got {found}: "
                f"do {steps} first"
            )

    def _require_request(self, contact: Contact) -> None:
        connection = self._connection(contact)
        expected = f"expected an open request of sender {contact.sender_id!r}"
        if connection is None:
            raise InvalidInput(f"{expected}, got none: do connection_sent first")
        if connection == lead_progress.CONNECTED:
            raise InvalidInput(f"{expected}, got a connection")

    def _connection(self, contact: Contact) -> str | None:
        return self._store.connection(contact.sender_id, contact.linkedin_url)


def _allow(_contact: Contact) -> None:
    """Allow an action that can always happen."""
