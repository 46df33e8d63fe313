"""Manual actions: single actions of senders and recipients, made at once through the same code.

Each refuses what cannot happen, and says why. An action stands for a step of a sequence: so a
message moves the lead's status, unlike one that is sent over the API.
"""

from collections.abc import Callable, Mapping

from mock_sendpilot.errors import InvalidInput, SendPilotError
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.models import DEFAULT_REPLY, Contact, Lead
from mock_sendpilot.world.outreach import AUTOMATION, Outreach, fill_in_names
from mock_sendpilot.world.recipients import RecipientModel

_DEFAULT_MESSAGE = "Hi {{firstName}}, do you have ten minutes this week?"
_Action = Callable[[Contact, str | None], object]
_Check = Callable[[Contact], object]
ACTIONS = (
    "connection_sent",
    "accept_connection",
    "withdraw_connection",
    "message_sent",
    "reply",
    "unreachable",
    "done",
)


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
            "accept_connection": (self._require_request, self._accept_connection),
            "withdraw_connection": (self._require_request, self._withdraw_connection),
            "message_sent": (outreach.check_message, self._send_message),
            "reply": (self._require_connection, self._reply),
            "unreachable": (_allow, self._become_unreachable),
            "done": (_allow, lambda contact, _text: recipients.end(contact, "DONE")),
        }

    def act(
        self, lead_id: str, action: str, *, text: str | None = None, sender_id: str | None = None
    ) -> Lead:
        """Perform an action and return the lead after it.

        Args:
            lead_id: the id of the lead.
            action: one of `ACTIONS`.
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
            return {action: self._obstacle(lead_id, action) for action in ACTIONS}

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

    def _accept_connection(self, contact: Contact, _text: str | None) -> None:
        self._recipients.accept(contact)

    def _withdraw_connection(self, contact: Contact, _text: str | None) -> None:
        self._recipients.withdraw_request(contact)

    def _send_message(self, contact: Contact, text: str | None) -> None:
        message = fill_in_names(text or _DEFAULT_MESSAGE, contact.lead)
        self._outreach.send_message(contact, message, by=AUTOMATION)

    def _reply(self, contact: Contact, text: str | None) -> None:
        self._recipients.reply(contact, text or DEFAULT_REPLY)

    def _become_unreachable(self, contact: Contact, _text: str | None) -> None:
        self._recipients.cancel_responses(contact)
        self._recipients.end(contact, "PROFILE_UNREACHABLE")

    def _require_connection(self, contact: Contact) -> None:
        connection = self._connection(contact)
        if connection != lead_progress.CONNECTED:
            found = "a request that waits" if connection else "nothing"
            steps = "accept_connection" if connection else "connection_sent and accept_connection"
            raise InvalidInput(
                f"action needs a connection; {_pair(contact)} there is {found}; do {steps} first"
            )

    def _require_request(self, contact: Contact) -> None:
        connection = self._connection(contact)
        if connection is None:
            raise InvalidInput(
                f"action needs a request that waits, and {_pair(contact)} there is none; "
                "do connection_sent first"
            )
        if connection == lead_progress.CONNECTED:
            raise InvalidInput(
                f"action needs a request that waits; {_pair(contact)} there is a connection already"
            )

    def _connection(self, contact: Contact) -> str | None:
        return self._store.connection(contact.sender_id, contact.linkedin_url)


def _allow(_contact: Contact) -> None:
    """Allow an action that can always happen."""


def _pair(contact: Contact) -> str:
    return f"between sender {contact.sender_id!r} and {contact.linkedin_url}"
