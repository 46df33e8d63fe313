"""Single steps made by hand: what a sender or a person does, now, through the same code.

Each refuses what cannot happen, and says why. A step stands for one of a sequence: so a message
moves the lead's status, unlike one that is sent over the API.
"""

from collections.abc import Callable, Mapping

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.world import progress
from mock_sendpilot.world.acts import AUTOMATION, Outreach, words_for
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.models import Contact, Lead
from mock_sendpilot.world.responses import Responses
from mock_sendpilot.world.sequences import DEFAULT_REPLY

_DEFAULT_MESSAGE = "Hi {{firstName}}, do you have ten minutes this week?"
_Step = Callable[[Contact, str | None], Contact]
ACTIONS = (
    "connection_sent",
    "accept_connection",
    "withdraw_connection",
    "message_sent",
    "reply",
    "unreachable",
    "done",
)


class ByHand:
    """The steps of a workspace's leads."""

    def __init__(self, context: WorkspaceContext, outreach: Outreach, responses: Responses) -> None:
        self._store = context.store
        self._outreach = outreach
        self._responses = responses
        self._steps: Mapping[str, _Step] = {
            "connection_sent": self._send_connection,
            "accept_connection": self._accept_connection,
            "withdraw_connection": self._withdraw_connection,
            "message_sent": self._send_message,
            "reply": self._reply,
            "unreachable": self._become_unreachable,
            "done": self._finish,
        }

    def act(
        self, lead_id: str, action: str, *, text: str | None = None, sender_id: str | None = None
    ) -> Lead:
        """Make one step.

        Args:
            lead_id: whose.
            action: one of `ACTIONS`.
            text: the note, message or reply.
            sender_id: the lead's own, unless another is named.

        Returns:
            The lead after it.

        Raises:
            NotFound: the workspace has no such lead.
            InvalidInput: it cannot happen.
            SenderNotActive, LimitExceeded: the sender cannot do it now.
        """
        with self._store.transaction():
            lead = self._store.lead(lead_id)
            sender = sender_id or lead.sender_id
            if sender is None:
                raise InvalidInput(f"senderId is required: lead {lead.id!r} has no sender")
            contact = self._outreach.contact(
                sender, lead.linkedin_url, lead=lead, campaign_id=lead.campaign_id
            )
            self._steps[action](contact, text)
        return self._store.lead(lead_id)  # after the campaign has reacted to it

    def _send_connection(self, contact: Contact, text: str | None) -> Contact:
        request = self._outreach.request_connection(contact, note=text, by=AUTOMATION)
        if request.was_connected:
            raise InvalidInput(f"{contact.linkedin_url} is connected already")
        self._responses.expect_acceptance(request.contact)
        return request.contact

    def _accept_connection(self, contact: Contact, _text: str | None) -> Contact:
        self._insist_on_request(contact)
        return self._responses.accept(contact)

    def _withdraw_connection(self, contact: Contact, _text: str | None) -> Contact:
        self._insist_on_request(contact)
        return self._responses.withdraw(contact)

    def _send_message(self, contact: Contact, text: str | None) -> Contact:
        words = words_for(text or _DEFAULT_MESSAGE, contact.lead)
        return self._outreach.send_message(contact, words, by=AUTOMATION).contact

    def _reply(self, contact: Contact, text: str | None) -> Contact:
        self._insist_on_connection(contact)
        return self._responses.reply(contact, text or DEFAULT_REPLY)

    def _become_unreachable(self, contact: Contact, _text: str | None) -> Contact:
        self._responses.forget(contact)
        return self._responses.give_up(contact, "PROFILE_UNREACHABLE")

    def _finish(self, contact: Contact, _text: str | None) -> Contact:
        return self._responses.give_up(contact, "DONE")

    def _insist_on_request(self, contact: Contact) -> None:
        standing = self._standing(contact)
        if standing is None:
            raise InvalidInput(
                f"action needs a request that waits, and {_pair(contact)} there is none; "
                "do connection_sent first"
            )
        if standing == progress.CONNECTED:
            raise InvalidInput(
                f"action needs a request that waits; {_pair(contact)} there is a connection already"
            )

    def _insist_on_connection(self, contact: Contact) -> None:
        standing = self._standing(contact)
        if standing != progress.CONNECTED:
            found = "a request that waits" if standing else "nothing"
            raise InvalidInput(
                f"action needs a connection; {_pair(contact)} there is {found}; "
                "do accept_connection first"
            )

    def _standing(self, contact: Contact) -> str | None:
        return self._store.connection(contact.sender_id, contact.linkedin_url)


def _pair(contact: Contact) -> str:
    return f"between sender {contact.sender_id!r} and {contact.linkedin_url}"
