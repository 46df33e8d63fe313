"""The inbox: the conversations of the senders, and the messages of one."""

from functools import cached_property

from flask import Blueprint, request
from werkzeug.wrappers import Response

from mock_sendpilot.dashboard.rendering import ListPage, render, with_workspace
from mock_sendpilot.errors import NotFound
from mock_sendpilot.world.inbox import Conversation, Message
from mock_sendpilot.world.models import Lead, Sender
from mock_sendpilot.world.workspace import Workspace

inbox = Blueprint("inbox", __name__)


class InboxPage(ListPage):
    """The conversations, the latest activity first, and one of them."""

    template = "inbox.html"
    section = "inbox"
    title = "Inbox"

    def __init__(self, workspace: Workspace, conversation_id: str | None = None) -> None:
        super().__init__(workspace)
        self.sender_id = request.args.get("sender") or None
        self.conversation_id = conversation_id
        if conversation_id is not None and self.conversation is None:
            raise NotFound("Conversation not found", hint=f"none has the id {conversation_id!r}")

    @cached_property
    def found(self) -> list[Conversation]:
        """The conversations of all pages."""
        return self.workspace.inbox.conversations(self.sender_id)

    @property
    def rows(self) -> list[Conversation]:
        """The conversations of this page."""
        return self.found[self.first - 1 : self.first - 1 + self.per_page]

    @property
    def total(self) -> int:
        """The number of conversations on all pages."""
        return len(self.found)

    @property
    def senders(self) -> list[Sender]:
        """All senders."""
        return self.store.senders()

    def sender_name(self, conversation: Conversation) -> str:
        """Return the name of the sender of a conversation."""
        sender = self.store.sender(conversation.sender_id)
        return sender.name if sender else conversation.sender_id

    @property
    def conversation(self) -> Conversation | None:
        """The conversation that is open."""
        everything = self.workspace.inbox.conversations()
        return next((one for one in everything if one.id == self.conversation_id), None)

    @property
    def messages(self) -> list[Message]:
        """The messages of the conversation that is open, oldest first."""
        conversation = self.conversation
        return list(self.workspace.inbox.messages(conversation.id)) if conversation else []

    @property
    def lead(self) -> Lead | None:
        """The lead that the open conversation is with, if any: first that of its sender."""
        conversation = self.conversation
        if conversation is None:
            return None
        leads = self.store.leads_of(conversation.participant.profile_url)
        own = [lead for lead in leads if lead.sender_id == conversation.sender_id]
        return next(iter(own or leads), None)


@inbox.get("/<opaque:workspace_id>/inbox")
@with_workspace
def list_conversations(workspace: Workspace) -> Response:
    """Show all conversations."""
    return render(InboxPage(workspace))


@inbox.get("/<opaque:workspace_id>/inbox/<opaque:conversation_id>")
@with_workspace
def show_conversation(workspace: Workspace, conversation_id: str) -> Response:
    """Show one conversation beside all."""
    return render(InboxPage(workspace, conversation_id))
