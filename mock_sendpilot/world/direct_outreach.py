"""Direct outreach: connection requests and messages sent over the API, outside of campaigns."""

from mock_sendpilot.errors import InvalidInput, Problem, ServiceFault
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, is_internal, normal_profile_url
from mock_sendpilot.world.models import Contact
from mock_sendpilot.world.outreach import Outreach, SentMessage, SentRequest, fill_in_names
from mock_sendpilot.world.recipients import RecipientModel

_URL = "recipientLinkedinUrl"


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
            if message and self._contract.note_fault and not sender.is_premium:
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
