"""The schemas of the inbox API (sections (b) 8-13)."""

from dataclasses import dataclass

from marshmallow import Schema, fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import Choice, Request, Text, Timestamp, WholeNumber
from mock_sendpilot.api.paging import MOST_PER_PAGE
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.world.models import Sender
from mock_sendpilot.world.quotas import Quota

_CONVERSATIONS_PER_PAGE = 20
_MESSAGES_PER_PAGE = 50
_MAX_PAGE = 1_000_000  # no limit is documented: only what no inbox has is refused
_LONGEST_MESSAGE = 8000  # D1-D3, SA
_LONGEST_NOTE = 300  # D3
_DIRECTIONS = ("sent", "received")
_READ_STATUSES = ("read", "unread", "unknown")


class _Person(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    profileUrl = fields.String(attribute="profile_url", required=True)  # noqa: N815


class _Participant(_Person):
    profilePicture = fields.String()  # noqa: N815 - left out when there is none


class _LastMessage(Schema):
    content = fields.String(required=True)
    sentAt = Timestamp(attribute="sent_at", required=True)  # noqa: N815
    direction = Choice(_DIRECTIONS, required=True)


class _Conversation(Schema):
    id = fields.String(required=True)
    accountId = fields.String(attribute="sender_id", required=True)  # noqa: N815
    participants = fields.List(fields.Nested(_Participant), required=True)
    lastMessage = fields.Nested(  # noqa: N815
        _LastMessage, attribute="last_message", required=True, allow_none=True
    )
    lastActivityAt = Timestamp(attribute="last_activity_at", required=True)  # noqa: N815
    unreadCount = fields.Integer(attribute="unread_count", required=True)  # noqa: N815
    createdAt = Timestamp(attribute="created_at", required=True)  # noqa: N815
    updatedAt = Timestamp(attribute="updated_at", required=True)  # noqa: N815


class _ConversationPaging(Schema):
    """Of both ways to page: a token, or with `page` its number and those of the list."""

    continuationToken = fields.String(allow_none=True)  # noqa: N815
    page = fields.Integer()
    limit = fields.Integer(required=True)
    total = fields.Integer()
    totalPages = fields.Integer()  # noqa: N815
    hasMore = fields.Boolean(required=True)  # noqa: N815


class _ConversationList(Schema):
    conversations = fields.List(fields.Nested(_Conversation), required=True)
    pagination = fields.Nested(_ConversationPaging, required=True)


def conversation_list(_contract: Contract) -> Schema:
    """Conversations, the latest activity first."""
    return _ConversationList()


def conversations_query(_contract: Contract) -> Schema:
    """`page` is that of an older capture; with it there are pages, and no token."""
    return Request.from_dict(
        {
            "accountId": Text(attribute="account_id"),
            "limit": WholeNumber(1, MOST_PER_PAGE, load_default=_CONVERSATIONS_PER_PAGE),
            "continuationToken": Text(attribute="token"),
            "page": WholeNumber(
                1, _MAX_PAGE, metadata={"description": "pages in place of tokens, from 1"}
            ),
        }
    )()


class _Message(Schema):
    id = fields.String(required=True)
    content = fields.String(required=True)
    sender = fields.Nested(_Person, required=True)
    recipient = fields.Nested(_Person, required=True)
    direction = Choice(_DIRECTIONS, required=True)
    sentAt = Timestamp(attribute="sent_at", required=True)  # noqa: N815
    readStatus = Choice(_READ_STATUSES, attribute="read_status", required=True)  # noqa: N815
    contentType = fields.String(attribute="content_type", required=True)  # noqa: N815


class _MessagePaging(Schema):
    hasMore = fields.Boolean(required=True)  # noqa: N815
    continuationToken = fields.String()  # noqa: N815 - left out on the last page


class _MessageList(Schema):
    conversationId = fields.String(attribute="conversation_id", required=True)  # noqa: N815
    messages = fields.List(fields.Nested(_Message), required=True)
    pagination = fields.Nested(_MessagePaging, required=True)


def message_list(_contract: Contract) -> Schema:
    """The messages of a conversation, oldest first."""
    return _MessageList()


def messages_query(_contract: Contract) -> Schema:
    """The account has to be named."""
    return Request.from_dict(
        {
            "accountId": Text(attribute="account_id", required=True),
            "limit": WholeNumber(1, MOST_PER_PAGE, load_default=_MESSAGES_PER_PAGE),
            "continuationToken": Text(attribute="token"),
        }
    )()


@dataclass(frozen=True, slots=True)
class SenderToday:
    """A sender and the messages of its day."""

    sender: Sender
    messages: Quota


class _Sender(Schema):
    id = fields.String(attribute="sender.id", required=True)
    name = fields.String(attribute="sender.name", required=True)
    linkedinUrl = fields.String(attribute="sender.linkedin_url", required=True)  # noqa: N815
    status = Choice(words.SENDER_STATUSES, attribute="sender.status", required=True)
    dailyMessageLimit = fields.Integer(attribute="messages.limit", required=True)  # noqa: N815
    messagesSentToday = fields.Integer(attribute="messages.used", required=True)  # noqa: N815
    remainingMessages = fields.Integer(attribute="messages.remaining", required=True)  # noqa: N815


class _SenderList(Schema):
    senders = fields.List(fields.Nested(_Sender), required=True)
    total = fields.Integer(required=True)


def sender_list(_contract: Contract) -> Schema:
    """The senders: the four fields of the documents, and the three that production clients read."""
    return _SenderList()


def _recipient() -> Text:
    """The person's profile; the vendor says of anything else that it is no URL."""
    return Text(required=True, attribute="recipient_linkedin_url", rule=rules.MUST_BE_URL)


def connect_body(_contract: Contract) -> Schema:
    """A connection request."""
    return Request.from_dict(
        {
            "senderId": Text(required=True, attribute="sender_id"),
            "recipientLinkedinUrl": _recipient(),
            "message": Text(may_be_empty=True, allow_none=True, longest=_LONGEST_NOTE),
        }
    )()


class _SentRequest(Schema):
    success = fields.Constant(constant=True, required=True)
    requestId = fields.String(attribute="id", required=True)  # noqa: N815
    recipientLinkedinUrl = fields.String(  # noqa: N815
        attribute="contact.linkedin_url", required=True
    )
    status = fields.Function(
        lambda request: "already_connected" if request.was_connected else "sent",
        required=True,
        metadata={"enum": ["sent", "already_connected"]},
    )
    timestamp = Timestamp(attribute="at", required=True)


def connect_reply(_contract: Contract) -> Schema:
    """A connection request that was made, or was not needed."""
    return _SentRequest()


def _message_text() -> Text:
    return Text(required=True, longest=_LONGEST_MESSAGE)


def send_body(_contract: Contract) -> Schema:
    """A message to a profile."""
    return Request.from_dict(
        {
            "senderId": Text(required=True, attribute="sender_id"),
            "recipientLinkedinUrl": _recipient(),
            "message": _message_text(),
            "leadId": Text(attribute="lead_id", allow_none=True),
            "campaignId": Text(attribute="campaign_id", allow_none=True),
        }
    )()


def send_to_lead_body(_contract: Contract) -> Schema:
    """A message to a lead."""
    return Request.from_dict(
        {
            "senderId": Text(required=True, attribute="sender_id"),
            "message": _message_text(),
            "campaignId": Text(attribute="campaign_id", allow_none=True),
        }
    )()


class _SentMessage(Schema):
    success = fields.Constant(constant=True, required=True)
    messageId = fields.String(attribute="message.id", required=True)  # noqa: N815
    recipientLinkedinUrl = fields.String(  # noqa: N815
        attribute="contact.linkedin_url", required=True
    )
    leadId = fields.String(attribute="contact.lead.id")  # noqa: N815 - left out without a lead
    conversationId = fields.String(attribute="conversation_id", required=True)  # noqa: N815
    status = fields.Constant(constant="sent", required=True)
    timestamp = Timestamp(attribute="message.sent_at", required=True)


def sent_message(_contract: Contract) -> Schema:
    """A message that was sent."""
    return _SentMessage()
