"""Conversations and messages as the inbox API tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mock_sendpilot.api.paging import Page, continue_after
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import NotFound, ServiceFault
from mock_sendpilot.world.inbox import SENT, Conversation, Message, Participant, internal_id
from mock_sendpilot.world.models import Sender
from mock_sendpilot.world.workspace import Workspace

_PREVIEW = 100
_INTERNAL = "https://www.linkedin.com/in/"


def conversation_page(
    workspace: Workspace,
    *,
    limit: int,
    account_id: str | None = None,
    token: str | None = None,
    page: int | None = None,
) -> dict[str, Any]:
    """A page of conversations: of that number if one is given, else those after the token.

    Raises:
        NotFound: the workspace has no such account.
        ServiceFault: a switch of the contract asks for one here.
    """
    contract = workspace.contract
    if account_id is not None and workspace.store.sender(account_id) is None:
        raise NotFound("Account not found", hint=_no_account(account_id))
    fault = contract.conversations_limit_fault
    is_faulty_account = fault is not None and (account_id is not None or not fault.is_of_account)
    if fault is not None and is_faulty_account and limit >= fault.lowest_limit:
        raise ServiceFault("Internal server error", hint="conversations_limit_fault is on")
    with workspace.store.transaction():
        found = workspace.inbox.conversations(account_id)
    items, pagination = (
        _by_token(found, limit, token) if page is None else _by_page(found, limit, page)
    )
    if contract.conversations_end_fault and page is not None and page > 1 and not items:
        raise ServiceFault("Internal server error", hint="conversations_end_fault is on")
    return {
        "conversations": [_conversation(one, workspace) for one in items],
        "pagination": pagination,
    }


def _by_token(
    found: Sequence[Conversation], limit: int, token: str | None
) -> tuple[Sequence[Conversation], dict[str, Any]]:
    part = continue_after(token, found, limit, lambda one: one.position)
    has_more = part.token is not None
    return part.items, {"continuationToken": part.token, "limit": limit, "hasMore": has_more}


def _by_page(
    found: Sequence[Conversation], limit: int, number: int
) -> tuple[Sequence[Conversation], dict[str, Any]]:
    """The older way, in which a client in production still pages."""
    page = Page(found, number, limit)
    return page.items, {**page.pagination, "hasMore": number < page.pagination["totalPages"]}


def message_page(
    workspace: Workspace,
    conversation_id: str,
    *,
    account_id: str,
    limit: int,
    token: str | None = None,
) -> dict[str, Any]:
    """A page of a conversation's messages.

    Raises:
        NotFound: the workspace has no such account, or the account no such conversation.
    """
    sender = workspace.store.sender(account_id)
    if sender is None:
        raise NotFound("Conversation or account not found", hint=_no_account(account_id))
    with workspace.store.transaction():
        conversation = workspace.inbox.conversation(conversation_id, account_id)
        found = list(enumerate(workspace.inbox.messages(conversation_id)))
    part = continue_after(token, found, limit, lambda one: (one[0], one[1].id))
    people = _both(sender, conversation.participant, workspace.contract)
    paging: dict[str, Any] = {"hasMore": part.token is not None}
    if part.token is not None:
        paging["continuationToken"] = part.token
    return {
        "conversation_id": conversation.id,
        "messages": [_message(one, people, workspace.contract) for _, one in part.items],
        "pagination": paging,
    }


def _no_account(account_id: str) -> str:
    return f"no sender of this workspace has the id {account_id[:80]!r}"


def _conversation(found: Conversation, workspace: Workspace) -> dict[str, Any]:
    contract = workspace.contract
    person = _participant(found.participant, contract)
    picture = found.participant.profile_picture_url or _picture_of_lead(found, workspace)
    if picture is not None:
        person["profilePicture"] = picture
    last = found.last_message
    if last is not None:
        last = replace(last, content=_content(last, contract)[:_PREVIEW])
    return {
        "id": found.id,
        "sender_id": found.sender_id,
        "participants": [person],
        "last_message": last,
        "last_activity_at": found.last_activity_at,
        "unread_count": found.unread_count,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def _picture_of_lead(found: Conversation, workspace: Workspace) -> str | None:
    leads = workspace.store.leads_of(found.participant.profile_url)
    return next((one.profile_picture_url for one in leads if one.profile_picture_url), None)


def _participant(person: Participant, contract: Contract) -> dict[str, Any]:
    is_internal = contract.participant_urls == "internal"
    return {
        "id": person.id,
        "name": person.name,
        "profile_url": _INTERNAL + person.id if is_internal else person.profile_url,
    }


def _message(
    message: Message, people: Mapping[str, dict[str, Any]], contract: Contract
) -> dict[str, Any]:
    is_ours = message.direction == SENT
    return {
        "id": message.id,
        "content": _content(message, contract),
        "sender": people["ours" if is_ours else "theirs"],
        "recipient": people["theirs" if is_ours else "ours"],
        "direction": message.direction,
        "sent_at": message.sent_at,
        "read_status": message.read_status,
        "content_type": message.content_type,
    }


def _both(sender: Sender, person: Participant, contract: Contract) -> dict[str, dict[str, Any]]:
    ours = Participant(
        id=internal_id(sender.linkedin_url), name=sender.name, profile_url=sender.linkedin_url
    )
    return {"ours": _participant(ours, contract), "theirs": _participant(person, contract)}


def _content(message: Message, contract: Contract) -> str:
    return f"{message.content} " if contract.trailing_space else message.content
