"""The inbox API: senders, conversations with their messages, connection requests, sending."""

from dataclasses import replace
from typing import Any

from marshmallow import fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Choice,
    QueryNumber,
    Request,
    Text,
    Timestamp,
)
from mock_sendpilot.api.operation import (
    CLIENTS,
    NEWEST_SPECIFICATION,
    OLDER_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.api.paging import MAX_PER_PAGE, Page, continue_after
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import NotFound, ServiceFault
from mock_sendpilot.world.inbox import (
    RECEIVED,
    SENT,
    Conversation,
    Message,
    Participant,
    internal_id,
)
from mock_sendpilot.world.limits import MESSAGES
from mock_sendpilot.world.outreach import SentMessage, SentRequest
from mock_sendpilot.world.workspace import Workspace

inbox = Resource("inbox")

_CONVERSATIONS_PER_PAGE = 20
_MESSAGES_PER_PAGE = 50
_MAX_PAGE = 1_000_000  # no limit is documented: only what no inbox has is refused
_MAX_PREVIEW_CHARACTERS = 100  # in the documentation pages and both specifications
_DIRECTIONS = (SENT, RECEIVED)
_INTERNAL_PROFILE = "https://www.linkedin.com/in/"
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


class _Person(CamelCaseSchema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    profile_url = fields.String(required=True)


class _Participant(_Person):
    profile_picture = fields.String()  # left out when there is none


class _LastMessage(CamelCaseSchema):
    content = fields.String(required=True)
    sent_at = Timestamp(required=True)
    direction = Choice(_DIRECTIONS, required=True)


class _Conversation(CamelCaseSchema):
    id = fields.String(required=True)
    account_id = fields.String(attribute="sender_id", required=True)
    participants = fields.List(fields.Nested(_Participant), required=True)
    last_message = fields.Nested(_LastMessage, required=True, allow_none=True)
    last_activity_at = Timestamp(required=True)
    unread_count = fields.Integer(required=True)
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class _ConversationPaging(CamelCaseSchema):
    """A token, or with `page` the number of the page and the totals of the list."""

    continuation_token = fields.String(allow_none=True)
    page = fields.Integer()
    limit = fields.Integer(required=True)
    total = fields.Integer()
    total_pages = fields.Integer()
    has_more = fields.Boolean(required=True)


class _ConversationList(CamelCaseSchema):
    conversations = fields.List(fields.Nested(_Conversation), required=True)
    pagination = fields.Nested(_ConversationPaging, required=True)


class _ConversationsQuery(Request):
    """`page` is the older way, by which a client in production still pages."""

    account_id = Text()
    limit = QueryNumber(1, MAX_PER_PAGE, load_default=_CONVERSATIONS_PER_PAGE)
    continuation_token = Text()
    page = QueryNumber(1, _MAX_PAGE, metadata={"description": "pages in place of tokens, from 1"})


@inbox.get("/inbox/conversations")
@serves(
    Operation(
        id="inbox.listConversations",
        scope=words.INBOX_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES, CLIENTS),
        query=_ConversationsQuery,
        response=_ConversationList,
        errors=(400, 404, 500),
        invented=("the scope", "what the token holds", "page goes before continuationToken"),
    )
)
def list_conversations(
    workspace: Workspace,
    *,
    limit: int,
    account_id: str | None = None,
    continuation_token: str | None = None,
    page: int | None = None,
) -> dict[str, Any]:
    """List the conversations of one account or of all, the latest activity first."""
    contract = workspace.contract
    if account_id is not None and workspace.store.sender(account_id) is None:
        raise NotFound("Account not found", hint=_unknown_account(account_id))
    fault = contract.conversations_limit_fault
    is_faulty = fault is not None and (account_id is not None or not fault.needs_account)
    if fault is not None and is_faulty and limit >= fault.min_limit:
        raise ServiceFault("Internal server error", hint="conversations_limit_fault is on")
    with workspace.store.transaction():
        all_conversations = workspace.inbox.conversations(account_id)
    if page is None:
        part = continue_after(
            continuation_token, all_conversations, limit, lambda one: one.position
        )
        items = part.items
        pagination = {
            "continuation_token": part.token,
            "limit": limit,
            "has_more": part.token is not None,
        }
    else:
        numbered = Page(all_conversations, page, limit)
        items = numbered.items
        has_more = page < numbered.pagination["total_pages"]
        pagination = {**numbered.pagination, "has_more": has_more}
        if page > 1 and not items and contract.conversations_end_fault:
            raise ServiceFault("Internal server error", hint="conversations_end_fault is on")
    return {
        "conversations": [_conversation(each, workspace) for each in items],
        "pagination": pagination,
    }


def _conversation(conversation: Conversation, workspace: Workspace) -> dict[str, Any]:
    contract, participant = workspace.contract, conversation.participant
    person = _person(participant, contract)
    # A person who is a lead has one picture, in whichever place the seed has it.
    picture = participant.profile_picture_url or next(
        (
            lead.profile_picture_url
            for lead in workspace.store.leads_of(participant.profile_url)
            if lead.profile_picture_url
        ),
        None,
    )
    if picture is not None:
        person["profile_picture"] = picture
    last = conversation.last_message
    if last is not None:
        last = replace(last, content=_content(last, contract)[:_MAX_PREVIEW_CHARACTERS])
    return {
        "id": conversation.id,
        "sender_id": conversation.sender_id,
        "participants": [person],
        "last_message": last,
        "last_activity_at": conversation.last_activity_at,
        "unread_count": conversation.unread_count,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }


class _Message(CamelCaseSchema):
    id = fields.String(required=True)
    content = fields.String(required=True)
    sender = fields.Nested(_Person, required=True)
    recipient = fields.Nested(_Person, required=True)
    direction = Choice(_DIRECTIONS, required=True)
    sent_at = Timestamp(required=True)
    read_status = Choice(words.READ_STATUSES, required=True)
    content_type = fields.String(required=True)


class _MessagePaging(CamelCaseSchema):
    has_more = fields.Boolean(required=True)
    continuation_token = fields.String()  # left out on the last page


class _MessageList(CamelCaseSchema):
    conversation_id = fields.String(required=True)
    messages = fields.List(fields.Nested(_Message), required=True)
    pagination = fields.Nested(_MessagePaging, required=True)


class _MessagesQuery(Request):
    account_id = Text(required=True)
    limit = QueryNumber(1, MAX_PER_PAGE, load_default=_MESSAGES_PER_PAGE)
    continuation_token = Text()


@inbox.get("/inbox/conversations/<opaque:conversation_id>/messages")
@serves(
    Operation(
        id="inbox.listMessages",
        scope=words.INBOX_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES, CLIENTS),
        query=_MessagesQuery,
        response=_MessageList,
        errors=(400, 404),
        invented=("the scope", "what the token holds", "attachments are never there"),
    )
)
def list_messages(
    workspace: Workspace,
    conversation_id: str,
    *,
    account_id: str,
    limit: int,
    continuation_token: str | None = None,
) -> dict[str, Any]:
    """List the messages of a conversation, oldest first."""
    contract = workspace.contract
    sender = workspace.store.sender(account_id)
    if sender is None:
        raise NotFound("Conversation or account not found", hint=_unknown_account(account_id))
    with workspace.store.transaction():
        conversation = workspace.inbox.conversation(conversation_id, account_id)
        # Messages are only ever added at the end, so the index is a position that stays.
        numbered = list(enumerate(workspace.inbox.messages(conversation_id)))
    part = continue_after(continuation_token, numbered, limit, lambda one: (one[0], one[1].id))
    account = Participant(
        id=internal_id(sender.linkedin_url), name=sender.name, profile_url=sender.linkedin_url
    )
    us, them = _person(account, contract), _person(conversation.participant, contract)
    messages = [
        {
            "id": message.id,
            "content": _content(message, contract),
            "sender": us if message.direction == SENT else them,
            "recipient": them if message.direction == SENT else us,
            "direction": message.direction,
            "sent_at": message.sent_at,
            "read_status": message.read_status,
            "content_type": message.content_type,
        }
        for _, message in part.items
    ]
    pagination: dict[str, Any] = {"has_more": part.token is not None}
    if part.token is not None:
        pagination["continuation_token"] = part.token
    return {
        "conversation_id": conversation.id,
        "messages": messages,
        "pagination": pagination,
    }


def _unknown_account(account_id: str) -> str:
    return f"no sender of this workspace has the id {account_id[:80]!r}"


def _person(person: Participant, contract: Contract) -> dict[str, Any]:
    """Return a person with its profile URL; under some contracts that has LinkedIn's own id."""
    # No lead has that URL, so a client in production finds the lead by its name.
    is_internal = contract.participant_urls == "internal"
    url = _INTERNAL_PROFILE + person.id if is_internal else person.profile_url
    return {"id": person.id, "name": person.name, "profile_url": url}


def _content(message: Message, contract: Contract) -> str:
    """Return the text of a message; a client in production has seen a blank at its end."""
    return f"{message.content} " if contract.trailing_space else message.content


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


class _NewMessage(Request):
    sender_id = Text(required=True)
    recipient_linkedin_url = Text(required=True, rule=rules.MUST_BE_URL)
    message = Text(required=True, max_length=_MAX_MESSAGE_CHARACTERS)
    # For tracking alone, say the pages: the URL decides who gets the message.
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
        body=_NewMessage,
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


class _NewMessageToLead(Request):
    sender_id = Text(required=True)
    message = Text(required=True, max_length=_MAX_MESSAGE_CHARACTERS)
    campaign_id = Text(allow_none=True)


@inbox.post("/inbox/send/lead/<opaque:lead_id>")
@serves(
    Operation(
        id="inbox.sendMessageToLead",
        scope=words.INBOX_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES),
        body=_NewMessageToLead,
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
