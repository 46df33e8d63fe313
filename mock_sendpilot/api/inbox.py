"""The inbox API: conversations, senders, connection requests and messages."""

from typing import Any

from flask import Blueprint

from mock_sendpilot.api import inbox_schemas as shapes
from mock_sendpilot.api.conversations import conversation_page, message_page
from mock_sendpilot.api.operation import Operation, serves
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import ServiceFault
from mock_sendpilot.world.acts import SentMessage, SentRequest
from mock_sendpilot.world.quotas import MESSAGES
from mock_sendpilot.world.workspace import Workspace

inbox = Blueprint("inbox", __name__)

_SENT = (words.MESSAGE_SENT,)
_OPENING = "only a message that is sent, not one that is received, opens with the conversation's id"


@inbox.get("/inbox/conversations")
@serves(
    Operation(
        id="inbox.listConversations",
        scope=words.INBOX_READ,
        source="(b) 8; D3, SA, SB, C2, C4",
        query=shapes.conversations_query,
        reply=shapes.conversation_list,
        errors=(400, 404, 500),
        invented=("the scope", "what the token holds", "page goes before continuationToken"),
    )
)
def list_conversations(workspace: Workspace, **query: Any) -> dict[str, Any]:
    """The conversations of one account or of all, the latest activity first."""
    return conversation_page(workspace, **query)


@inbox.get("/inbox/conversations/<opaque:conversation_id>/messages")
@serves(
    Operation(
        id="inbox.listMessages",
        scope=words.INBOX_READ,
        source="(b) 9; D3, SA, SB, C1, C2",
        query=shapes.messages_query,
        reply=shapes.message_list,
        errors=(400, 404),
        invented=("the scope", "what the token holds", "attachments are never there"),
    )
)
def list_messages(
    workspace: Workspace,
    conversation_id: str,
    **query: Any,
) -> dict[str, Any]:
    """The messages of a conversation, oldest first."""
    return message_page(workspace, conversation_id, **query)


@inbox.get("/inbox/senders")
@serves(
    Operation(
        id="inbox.listSenders",
        scope=words.INBOX_READ,
        source="(b) 10; C2, C7, SB, SA",
        reply=shapes.sender_list,
        invented=("the scope", "a day begins at midnight UTC, as for /v1/senders/quotas"),
    )
)
def list_senders(workspace: Workspace) -> dict[str, Any]:
    """The LinkedIn accounts that can send, and the messages of their day."""
    quota = workspace.quotas.quota
    found = [shapes.SenderToday(one, quota(one, MESSAGES)) for one in workspace.store.senders()]
    return {"senders": found, "total": len(found)}


@inbox.post("/inbox/connect")
@serves(
    Operation(
        id="inbox.sendConnectionRequest",
        scope=words.INBOX_WRITE,
        source="(b) 11; D3, SA, SB, C1",
        body=shapes.connect_body,
        reply=shapes.connect_reply,
        errors=(400, 403, 429, 500),
        events=(
            words.CONNECTION_REQUEST_SENT,
            words.CONNECTION_REQUEST_ACCEPTED,
            words.LEAD_UPDATED,
        ),
        invented=(
            "the scope",
            "a second request to the same person is 400 until the first is answered",
            "accepted after four hours, unless the slug or a behavior says otherwise",
            "403 when the sender is not active (one weak source)",
            "a person whom no campaign knows gets a lead with campaignId null, which no list has",
        ),
    )
)
def send_connection_request(workspace: Workspace, **wanted: str) -> SentRequest:
    """Ask a person to connect; a sender without Premium sends no note."""
    return workspace.correspondence.connect(**wanted)


@inbox.post("/inbox/send")
@serves(
    Operation(
        id="inbox.sendMessage",
        scope=words.INBOX_WRITE,
        source="(b) 12; D3, SA, SB, C1",
        body=shapes.send_body,
        reply=shapes.sent_message,
        errors=(400, 403, 404, 429, 500),
        events=_SENT,
        invented=(
            "the scope",
            "404 for an unknown lead or campaign, 400 for a lead who is not the recipient",
            "403 when the sender is not active (one weak source)",
            _OPENING,
        ),
    )
)
def send_message(workspace: Workspace, **wanted: str) -> SentMessage:
    """Send a message to a first-degree connection."""
    return _answered(workspace, workspace.correspondence.send(**wanted))


@inbox.post("/inbox/send/lead/<opaque:lead_id>")
@serves(
    Operation(
        id="inbox.sendMessageToLead",
        scope=words.INBOX_WRITE,
        source="(b) 13; D3, SA, SB",
        body=shapes.send_to_lead_body,
        reply=shapes.sent_message,
        errors=(400, 403, 404, 429, 500),
        events=_SENT,
        invented=("the scope", "a name that is not known is filled in as nothing", _OPENING),
    )
)
def send_message_to_lead(workspace: Workspace, lead_id: str, **wanted: str) -> SentMessage:
    """Send a message to a lead; `{{firstName}}` and `{{lastName}}` are filled in."""
    return _answered(workspace, workspace.correspondence.send_to_lead(lead_id, **wanted))


def _answered(workspace: Workspace, sent: SentMessage) -> SentMessage:
    """A message that was sent, unless the contract asks for the answer that it was not."""
    if workspace.contract.send_fault:
        hint = f"send_fault is on: message {sent.message.id} was sent all the same"
        raise ServiceFault("Internal server error", hint=hint)
    return sent
