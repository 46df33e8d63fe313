"""The inbox: the conversations of the senders, each with one person.

It is guarded by the lock of the store: changes are made within a transaction.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import epoch_milliseconds
from mock_sendpilot.world.ids import Ids

SENT, RECEIVED = "sent", "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """The person in a conversation; `id` is the internal one of LinkedIn (`ACoAA…`)."""

    id: str
    name: str
    profile_url: str
    profile_picture_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, sent or received."""

    id: str
    content: str
    direction: str
    sent_at: datetime
    read_status: str = "read"
    content_type: str = "TEXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation of a sender with a person. `Inbox.messages` has its messages."""

    id: str
    sender_id: str
    participant: Participant
    created_at: datetime
    updated_at: datetime
    unread_count: int = 0
    last_message: Message | None = None

    @property
    def last_activity_at(self) -> datetime:
        """The time of the last message."""
        return self.updated_at if self.last_message is None else self.last_message.sent_at

    @property
    def position(self) -> tuple[int, str]:
        """The sort key in lists: the latest activity comes first."""
        # With the id, so that a page never repeats or skips one of two of the same moment.
        return -epoch_milliseconds(self.last_activity_at), self.id


class Inbox:
    """All conversations of a workspace.

    Args:
        ids: the source of ids for new messages and conversations.
        contract: says which id a message has that opens a conversation.
    """

    __slots__ = ("_contract", "_conversations", "_ids", "_ids_by_pair", "_messages")

    def __init__(self, ids: Ids, contract: Contract) -> None:
        self._ids = ids
        self._contract = contract
        self._conversations: dict[str, Conversation] = {}
        self._ids_by_pair: dict[tuple[str, str], str] = {}
        self._messages: dict[str, list[Message]] = {}

    def conversations(self, sender_id: str | None = None) -> list[Conversation]:
        """Return the conversations of a sender, or all, the latest activity first."""
        # A list, since a conversation may begin meanwhile: readers need not hold the lock.
        found = [
            one
            for one in list(self._conversations.values())
            if sender_id is None or one.sender_id == sender_id
        ]
        return sorted(found, key=lambda one: one.position)

    def conversation(self, conversation_id: str, sender_id: str) -> Conversation:
        """Return a conversation of a sender.

        Raises:
            NotFound: the sender has none of that id.
        """
        found = self._conversations.get(conversation_id)
        if found is None or found.sender_id != sender_id:
            hint = f"sender {sender_id[:80]!r} has no conversation {conversation_id[:80]!r}"
            raise NotFound("Conversation or account not found", hint=hint)
        return found

    def messages(self, conversation_id: str) -> Sequence[Message]:
        """Return the messages of a conversation, oldest first."""
        return list(self._messages[conversation_id])

    def state(self) -> tuple[tuple[Conversation, tuple[Message, ...]], ...]:
        """Within a transaction: return all conversations with their messages."""
        messages = self._messages
        return tuple((one, tuple(messages[one.id])) for one in self._conversations.values())

    def load(self, state: Sequence[tuple[Conversation, Sequence[Message]]]) -> None:
        """Replace all conversations."""
        self._conversations = {conversation.id: conversation for conversation, _ in state}
        self._messages = {conversation.id: list(messages) for conversation, messages in state}
        self._ids_by_pair = {
            (one.sender_id, one.participant.profile_url): one.id
            for one in self._conversations.values()
        }

    def put(self, conversation: Conversation, messages: Sequence[Message]) -> None:
        """Add a conversation with its messages."""
        last = messages[-1] if messages else None
        pair = conversation.sender_id, conversation.participant.profile_url
        self._conversations[conversation.id] = replace(conversation, last_message=last)
        self._ids_by_pair[pair] = conversation.id
        self._messages[conversation.id] = list(messages)

    def add(
        self,
        sender_id: str,
        linkedin_url: str,
        name: str,
        *,
        text: str,
        direction: str,
        at: datetime,
    ) -> Message:
        """Add a message to the conversation of a sender and a person, or begin one with it.

        Args:
            sender_id: the id of the sender.
            linkedin_url: the person, in the normal form of `linkedin.py`.
            name: the name of the person, for a conversation that begins.
            text: the whole text.
            direction: `SENT` or `RECEIVED`, as seen by the sender.
            at: the time of the message.
        """
        conversation = self._of_pair(sender_id, linkedin_url, name, at)
        is_received = direction == RECEIVED
        # One client found that only the first message of a conversation has its id.
        is_opening = not is_received and not self._messages[conversation.id]
        has_conversation_id = is_opening and self._contract.opening_message_id == "conversation"
        message = Message(
            id=conversation.id if has_conversation_id else self._ids.prefixed("msg"),
            content=text,
            direction=direction,
            sent_at=at,
            read_status="unread" if is_received else "read",
        )
        messages = self._messages[conversation.id]
        if not is_received and conversation.unread_count:  # the sender has read what it answers
            messages[:] = [replace(one, read_status="read") for one in messages]
        messages.append(message)
        self._conversations[conversation.id] = replace(
            conversation,
            last_message=message,
            updated_at=at,
            unread_count=conversation.unread_count + 1 if is_received else 0,
        )
        return message

    def id_of_pair(self, sender_id: str, linkedin_url: str) -> str | None:
        """Return the id of the conversation of a sender and a person, or None."""
        return self._ids_by_pair.get((sender_id, linkedin_url))

    def _of_pair(self, sender_id: str, linkedin_url: str, name: str, at: datetime) -> Conversation:
        known = self._ids_by_pair.get((sender_id, linkedin_url))
        if known is not None:
            return self._conversations[known]
        conversation = Conversation(
            id=conversation_id(self._ids.random_bytes),
            sender_id=sender_id,
            participant=participant(linkedin_url, name),
            created_at=at,
            updated_at=at,
        )
        self.put(conversation, ())
        return conversation


def conversation_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return an id like those of LinkedIn: `2-` and 22 characters of base64 for URLs."""
    return "2-" + base64.urlsafe_b64encode(random_bytes(16)).decode().rstrip("=")


def participant(
    linkedin_url: str, name: str = "", *, picture_url: str | None = None
) -> Participant:
    """Return the participant for a profile URL; a missing name is made from the slug."""
    slug = linkedin_url.rpartition("/")[2]
    return Participant(
        id=internal_id(linkedin_url),
        name=name or slug.replace("-", " ").title(),
        profile_url=linkedin_url,
        profile_picture_url=picture_url,
    )


def internal_id(linkedin_url: str) -> str:
    """Return an internal id in LinkedIn's style, always the same for a person."""
    # A hash, so that the person has the same id in all conversations without a table of ids.
    digest = hashlib.sha256(linkedin_url.encode()).digest()
    return "ACoAA" + base64.urlsafe_b64encode(digest).decode()[:27].replace("=", "A")
