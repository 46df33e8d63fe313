"""The sending half of the inbox API: senders, connection requests and messages."""

from typing import Any

from flask import Blueprint
from marshmallow import fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import CamelCaseSchema, Choice, Request, Text, Timestamp
from mock_sendpilot.api.operation import (
    CLIENTS,
    NEWEST_SPECIFICATION,
    OLDER_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import ServiceFault
from mock_sendpilot.world.limits import MESSAGES
from mock_sendpilot.world.outreach import SentMessage, SentRequest
from mock_sendpilot.world.workspace import Workspace

inbox = Blueprint("inbox", __name__)

_MAX_MESSAGE_CHARACTERS = 8000  # in the documentation pages and the older specification
_MAX_NOTE_CHARACTERS = 300  # in the documentation pages
_OPENING = "only a message that is sent, not one that is received, opens with the conversation's id"


class _Sender(CamelCaseSchema):
    """The four fields of the documents, and three that clients in production read."""

    id = fields.String(attribute="sender.id", required=True)
    name = fields.String(attribute="sender.name", required=True)
    linkedin_url = fields.String(attribute="sender.linkedin_url", required=True)
    status = Choice(words.SENDER_STATUSES, attribute="sender.status", required=True)
    daily_message_limit = fields.Integer(attribute="messages.limit", required=True)
    messages_sent_today = fields.Integer(attribute="messages.used", required=True)
    remaining_messages = fields.Integer(attribute="messages.remaining", required=True)


class _SenderList(CamelCaseSchema):
    senders = fields.List(fields.Nested(_Sender), required=True)
    total = fields.Integer(required=True)


@inbox.get("/inbox/senders")
@serves(
    Operation(
        id="inbox.listSenders",
        scope=words.INBOX_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, CLIENTS),
        response=_SenderList,
        invented=("the scope", "a day begins at midnight UTC, as for /v1/senders/quotas"),
    )
)
def list_senders(workspace: Workspace) -> dict[str, Any]:
    """List the LinkedIn accounts that can send, and their message quotas of the day."""
    senders = [
        {"sender": sender, "messages": workspace.quotas.quota(sender, MESSAGES)}
        for sender in workspace.store.senders()
    ]
    return {"senders": senders, "total": len(senders)}


class _ConnectionRequest(Request):
    sender_id = Text(required=True)
    recipient_linkedin_url = Text(required=True, rule=rules.MUST_BE_URL)
    message = Text(may_be_empty=True, allow_none=True, max_length=_MAX_NOTE_CHARACTERS)


class _SentRequest(CamelCaseSchema):
    success = fields.Constant(constant=True, required=True)
    request_id = fields.String(attribute="id", required=True)
    recipient_linkedin_url = fields.String(attribute="contact.linkedin_url", required=True)
    status = fields.Function(
        lambda request: "already_connected" if request.was_connected else "sent",
        required=True,
        metadata={"enum": ["sent", "already_connected"]},
    )
    timestamp = Timestamp(attribute="at", required=True)


@inbox.post("/inbox/connect")
@serves(
    Operation(
        id="inbox.sendConnectionRequest",
        scope=words.INBOX_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES, CLIENTS),
        body=_ConnectionRequest,
        response=_SentRequest,
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
def send_connection_request(workspace: Workspace, **body: str) -> SentRequest:
    """Ask a person to connect; a sender without Premium sends no note."""
    return workspace.direct_outreach.connect(**body)


class _Message(Request):
    sender_id = Text(required=True)
    recipient_linkedin_url = Text(required=True, rule=rules.MUST_BE_URL)
    message = Text(required=True, max_length=_MAX_MESSAGE_CHARACTERS)
    lead_id = Text(allow_none=True)
    campaign_id = Text(allow_none=True)


class _SentMessage(CamelCaseSchema):
    success = fields.Constant(constant=True, required=True)
    message_id = fields.String(attribute="message.id", required=True)
    recipient_linkedin_url = fields.String(attribute="contact.linkedin_url", required=True)
    lead_id = fields.String(attribute="contact.lead.id")  # left out without a lead
    conversation_id = fields.String(required=True)
    status = fields.Constant(constant="sent", required=True)
    timestamp = Timestamp(attribute="message.sent_at", required=True)


@inbox.post("/inbox/send")
@serves(
    Operation(
        id="inbox.sendMessage",
        scope=words.INBOX_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES, CLIENTS),
        body=_Message,
        response=_SentMessage,
        errors=(400, 403, 404, 429, 500),
        events=(words.MESSAGE_SENT,),
        invented=(
            "the scope",
            "404 for an unknown lead or campaign, 400 for a lead who is not the recipient",
            "403 when the sender is not active (one weak source)",
            _OPENING,
        ),
    )
)
def send_message(workspace: Workspace, **body: str) -> SentMessage:
    """Send a message to a first-degree connection."""
    sent = workspace.direct_outreach.send_message(**body)
    _raise_send_fault(workspace, sent)
    return sent


class _MessageToLead(Request):
    sender_id = Text(required=True)
    message = Text(required=True, max_length=_MAX_MESSAGE_CHARACTERS)
    campaign_id = Text(allow_none=True)


@inbox.post("/inbox/send/lead/<opaque:lead_id>")
@serves(
    Operation(
        id="inbox.sendMessageToLead",
        scope=words.INBOX_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES),
        body=_MessageToLead,
        response=_SentMessage,
        errors=(400, 403, 404, 429, 500),
        events=(words.MESSAGE_SENT,),
        invented=("the scope", "a name that is not known is filled in as nothing", _OPENING),
    )
)
def send_message_to_lead(workspace: Workspace, lead_id: str, **body: str) -> SentMessage:
    """Send a message to a lead; `{{firstName}}` and `{{lastName}}` are filled in."""
    sent = workspace.direct_outreach.send_to_lead(lead_id, **body)
    _raise_send_fault(workspace, sent)
    return sent


def _raise_send_fault(workspace: Workspace, sent: SentMessage) -> None:
    """Raise the error that the service has answered with for a message that it did send."""
    if workspace.contract.send_fault:
        hint = f"send_fault is on: message {sent.message.id} was sent all the same"
        raise ServiceFault("Internal server error", hint=hint)
