"""`GET /v1/inbox/conversations` and the messages of one."""

import base64
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.inbox import RECEIVED
from tests.api.expect import assert_error, assert_invalid, assert_no_route
from tests.api.world import IDA, MakeWorld, World, make_world
from tests.conftest import NOW
from tests.support import OTHER_KEY, Api

__all__ = ["make_world"]

LIST = "/v1/inbox/conversations"
JOHN = "2-OVp-y-UNyFXBYvx0FqmQ"
MESSAGES = f"{LIST}/{JOHN}/messages?accountId=sender_maria"
JOHNS_URL = "https://www.linkedin.com/in/john-doe"
MARIAS_URL = "https://www.linkedin.com/in/maria-keller-sales"
BAD_TOKENS = [
    pytest.param("nope", id="a word"),
    pytest.param("%00", id="a control character"),
    pytest.param(quote(base64.b64encode(b'{"continuation":"2-none"}')), id="of another list"),
    pytest.param(quote(base64.b64encode(b'["continuation"]')), id="no object"),
    pytest.param(quote(base64.b64encode(b"{}")), id="an empty object"),
    pytest.param(quote(base64.b64encode(b'{"continuation":["a"]}')), id="a list in it"),
]


def listed(api: Api, **query: object) -> Any:
    reply = api("GET", f"{LIST}?{urlencode(query)}")
    assert reply.status == 200, reply.body
    return reply.json


def pages(api: Api, path: str, limit: int, between: Callable[[], None] | None = None) -> list[Any]:
    """All pages, from token to token; `between` is done once, after the first."""
    found = [api("GET", f"{path}&limit={limit}").json]
    if between is not None:
        between()
    while found[-1]["pagination"]["hasMore"]:
        token = quote(found[-1]["pagination"]["continuationToken"])
        found.append(api("GET", f"{path}&limit={limit}&continuationToken={token}").json)
    return found


def ids(pages_of: Iterable[Any], key: str = "conversations") -> list[str]:
    return [each["id"] for page in pages_of for each in page[key]]


# --- the list -----------------------------------------------------------------------------------


def test_a_conversation_has_the_vendors_keys_in_order(api: Api) -> None:
    (john,) = [one for one in listed(api, limit=100)["conversations"] if one["id"] == JOHN]
    (person,) = john.pop("participants")
    internal_id = person.pop("id")

    assert internal_id.startswith("ACoAA")
    assert person == {"name": "John Doe", "profileUrl": JOHNS_URL}
    assert list(john.items()) == [
        ("id", JOHN),
        ("accountId", "sender_maria"),
        (
            "lastMessage",
            {
                "content": "Call me Tuesday.",
                "sentAt": "2024-02-23T10:11:00.000Z",
                "direction": "received",
            },
        ),
        ("lastActivityAt", "2024-02-23T10:11:00.000Z"),
        ("unreadCount", 1),
        ("createdAt", john["createdAt"]),
        ("updatedAt", john["updatedAt"]),
    ]


def test_the_latest_activity_comes_first(api: Api) -> None:
    times = [one["lastActivityAt"] for one in listed(api, limit=100)["conversations"]]

    assert len(times) > 20
    assert times == sorted(times, reverse=True)


def test_a_page_has_20_conversations_by_default(api: Api) -> None:
    page = listed(api)

    assert list(page) == ["conversations", "pagination"]
    assert list(page["pagination"]) == ["continuationToken", "limit", "hasMore"]
    assert (len(page["conversations"]), page["pagination"]["limit"]) == (20, 20)
    assert page["pagination"]["hasMore"] is True


@pytest.mark.parametrize("limit", [1, 50, 100])
def test_a_page_has_at_most_limit_conversations(api: Api, limit: int) -> None:
    page = listed(api, limit=limit)

    assert page["pagination"]["limit"] == limit
    assert len(page["conversations"]) <= limit


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", ""])
def test_an_invalid_limit_is_400(api: Api, limit: str) -> None:
    reply = api("GET", f"{LIST}?limit={limit}")

    assert_invalid(reply, "limit: expected a whole number from 1 to 100")


@pytest.mark.parametrize("account", ["sender_maria", "sender_tom"])
def test_the_list_can_be_limited_to_one_account(api: Api, account: str) -> None:
    found = listed(api, limit=100, accountId=account)["conversations"]
    everything = listed(api, limit=100)["conversations"]

    assert {one["accountId"] for one in found} == {account}
    assert found == [one for one in everything if one["accountId"] == account]


def test_an_account_without_conversations_has_none(api: Api) -> None:
    page = listed(api, accountId="sender_lena")

    assert page["conversations"] == []
    assert page["pagination"] == {"continuationToken": None, "limit": 20, "hasMore": False}


def test_an_unknown_account_is_404(api: Api) -> None:
    assert_error(api("GET", f"{LIST}?accountId=sender_x"), 404, "Account not found")


def test_the_account_of_another_workspace_is_404(api: Api) -> None:
    reply = api("GET", f"{LIST}?accountId=sender_maria", key=OTHER_KEY)

    assert_error(reply, 404, "Account not found")


@pytest.mark.parametrize("limit", [1, 7, 20, 99])
def test_the_pages_hold_every_conversation_once(api: Api, limit: int) -> None:
    found = pages(api, f"{LIST}?", limit)

    assert ids(found) == ids(pages(api, f"{LIST}?", 100))
    assert len({*ids(found)}) == len(ids(found))


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(0, id="of the first page"),
        pytest.param(4, id="of the first page, its last"),
        pytest.param(12, id="of a later page"),
    ],
)
def test_a_message_between_two_pages_repeats_no_conversation(
    api: Api, emulator: Emulator, index: int
) -> None:
    workspace = emulator.workspaces()[0]
    chosen = workspace.inbox.conversations()[index]

    def message_comes_in() -> None:
        person = chosen.participant
        with workspace.store.transaction():
            workspace.inbox.add(
                chosen.sender_id, person.profile_url, "", text="Hi", direction=RECEIVED, at=NOW
            )

    everything = ids(pages(api, f"{LIST}?", 100))
    found = ids(pages(api, f"{LIST}?", 5, message_comes_in))

    assert [one for one in everything if one not in found] == ([chosen.id] if index > 4 else [])
    assert [one for one in found if found.count(one) > 1] == []


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_an_invalid_token_of_the_list_is_400(api: Api, token: str) -> None:
    reply = api("GET", f"{LIST}?continuationToken={token}")

    assert_invalid(reply, "continuationToken: expected")


def test_the_last_message_is_cut_to_100_characters(api: Api, emulator: Emulator) -> None:
    workspace = emulator.workspaces()[0]
    with workspace.store.transaction():
        workspace.inbox.add(
            "sender_maria", JOHNS_URL, "", text="é" * 101, direction=RECEIVED, at=NOW
        )

    assert listed(api, limit=1)["conversations"][0]["lastMessage"]["content"] == "é" * 100
    assert api("GET", MESSAGES).json["messages"][-1]["content"] == "é" * 101


# --- pictures -----------------------------------------------------------------------------------


def first_person(world: World) -> dict[str, str]:
    person: dict[str, str] = listed(world.api)["conversations"][0]["participants"][0]
    return person


def test_a_participant_has_the_picture_of_its_lead(make_world: MakeWorld) -> None:
    picture = "https://pictures.example/ida.jpg"
    world = make_world(lead={"profile_picture_url": picture}, connections=(IDA,))
    world.workspace.direct_outreach.send_to_lead("lead_1", sender_id="sam", message="Hi")

    person = first_person(world)
    assert list(person) == ["id", "name", "profileUrl", "profilePicture"]
    assert person["profilePicture"] == picture


def test_a_participant_without_a_picture_has_no_such_key(make_world: MakeWorld) -> None:
    world = make_world(connections=(IDA,))
    world.workspace.direct_outreach.send_to_lead("lead_1", sender_id="sam", message="Hi")

    assert "profilePicture" not in first_person(world)


# --- the documented rules -----------------------------------------------------------------------


def page(api: Api, number: int, limit: int, rest: str = "") -> Any:
    reply = api("GET", f"{LIST}?page={number}&limit={limit}{rest}")
    assert reply.status == 200, reply.body
    return reply.json


def test_a_numbered_page_has_the_totals_of_the_list(api: Api) -> None:
    total = page(api, 1, 1)["pagination"]["total"]

    assert list(page(api, 2, 10)["pagination"].items()) == [
        ("page", 2), ("limit", 10), ("total", total), ("totalPages", -(-total // 10)),
        ("hasMore", total > 20),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 7, 20, 100])
def test_the_numbered_pages_hold_every_conversation_once(api: Api, limit: int) -> None:
    found = [page(api, 1, limit)]
    while found[-1]["pagination"]["hasMore"]:
        found.append(page(api, len(found) + 1, limit))

    assert len(found) == found[0]["pagination"]["totalPages"]
    assert ids(found) == ids(pages(api, f"{LIST}?", 100))


def test_conversations_of_the_same_moment_are_on_one_page_each(
    api: Api, emulator: Emulator
) -> None:
    workspace = emulator.workspaces()[0]
    for number in range(9):
        url = f"https://www.linkedin.com/in/person-{number}"
        with workspace.store.transaction():
            workspace.inbox.add("sender_maria", url, "", text="Hi", direction=RECEIVED, at=NOW)
    found = [page(api, number, 2) for number in range(1, 6)]

    assert len({*ids(found)}) == len(ids(found)) == 10


@pytest.mark.parametrize("number", [99, 1_000_000])
def test_a_page_after_the_last_is_empty(api: Api, number: int) -> None:
    found = page(api, number, 10)

    assert found["conversations"] == []
    assert (found["pagination"]["page"], found["pagination"]["hasMore"]) == (number, False)


def test_a_page_of_one_account_counts_its_conversations(api: Api) -> None:
    found = page(api, 1, 100, "&accountId=sender_tom")

    assert found["pagination"]["total"] == len(found["conversations"])
    assert {one["accountId"] for one in found["conversations"]} == {"sender_tom"}


@pytest.mark.parametrize("number", ["0", "-1", "abc", "1.5", "", "1&page=2"])
def test_an_invalid_page_is_400(api: Api, number: str) -> None:
    assert api("GET", f"{LIST}?page={number}").status == 400


# --- messages -----------------------------------------------------------------------------------


def test_messages_are_listed_oldest_first(api: Api) -> None:
    reply = api("GET", MESSAGES)
    ours, theirs = reply.json["messages"]

    assert (reply.status, list(reply.json)) == (200, ["conversationId", "messages", "pagination"])
    assert reply.json["conversationId"] == JOHN
    assert reply.json["pagination"] == {"hasMore": False}
    assert list(theirs) == [
        "id", "content", "sender", "recipient", "direction", "sentAt", "readStatus", "contentType"
    ]  # fmt: skip
    assert ours["sentAt"] < theirs["sentAt"]
    assert (theirs["content"], theirs["contentType"]) == ("Call me Tuesday.", "TEXT")


def test_sender_and_recipient_follow_the_direction(api: Api) -> None:
    ours, theirs = api("GET", MESSAGES).json["messages"]

    assert (ours["direction"], theirs["direction"]) == ("sent", "received")
    assert (ours["sender"], ours["recipient"]) == (theirs["recipient"], theirs["sender"])
    assert list(ours["sender"]) == ["id", "name", "profileUrl"]
    assert (ours["sender"]["name"], ours["sender"]["profileUrl"]) == ("Maria Keller", MARIAS_URL)
    assert (ours["recipient"]["name"], ours["recipient"]["profileUrl"]) == ("John Doe", JOHNS_URL)


def test_a_message_that_was_not_read_is_unread(api: Api) -> None:
    statuses = [one["readStatus"] for one in api("GET", MESSAGES).json["messages"]]

    assert statuses == ["read", "unread"]


def test_the_account_is_required(api: Api) -> None:
    assert_invalid(api("GET", f"{LIST}/{JOHN}/messages"), "accountId: expected", "got nothing")


@pytest.mark.parametrize(
    ("conversation", "account"),
    [
        pytest.param("2-x", "sender_maria", id="conversation"),
        pytest.param(JOHN, "sender_tom", id="another account's"),
        pytest.param(JOHN, "sender_x", id="account"),
    ],
)
def test_an_unknown_conversation_or_account_is_404(
    api: Api, conversation: str, account: str
) -> None:
    reply = api("GET", f"{LIST}/{conversation}/messages?accountId={account}")

    assert_error(reply, 404, "Conversation or account not found")


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_pages_hold_every_message_once(api: Api, emulator: Emulator, limit: int) -> None:
    workspace = emulator.workspaces()[0]
    for number in range(60):
        with workspace.store.transaction():
            workspace.inbox.add(
                "sender_maria", JOHNS_URL, "", text=str(number), direction=RECEIVED, at=NOW
            )
    found = pages(api, MESSAGES, limit)

    contents = [one["content"] for page in found for one in page["messages"]]
    assert contents[2:] == [str(number) for number in range(60)]
    assert "continuationToken" not in found[-1]["pagination"]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_an_invalid_token_of_messages_is_400(api: Api, token: str) -> None:
    assert_invalid(api("GET", f"{MESSAGES}&continuationToken={token}"), "continuationToken")


def test_messages_cannot_be_posted_to_a_conversation(api: Api) -> None:
    path = f"{LIST}/{JOHN}/messages"
    assert_no_route(api("POST", path, json={}), "POST", path)


# --- observations of clients --------------------------------------------------------------------


def test_participants_can_have_internal_urls(api_under: Callable[..., Api]) -> None:
    api = api_under("live", participant_urls="internal")
    (person,) = listed(api)["conversations"][0]["participants"]
    (ours, _) = api("GET", MESSAGES).json["messages"]

    assert person["profileUrl"] == f"https://www.linkedin.com/in/{person['id']}"
    assert "/in/ACoAA" in ours["recipient"]["profileUrl"]


def test_texts_can_end_in_a_space(api_under: Callable[..., Api]) -> None:
    api = api_under("live", trailing_space="on")

    assert api("GET", MESSAGES).json["messages"][-1]["content"] == "Call me Tuesday. "
    assert listed(api)["conversations"][0]["lastMessage"]["content"].endswith(" ")


@pytest.mark.parametrize(
    ("value", "query", "status"),
    [
        pytest.param("on", "limit=99&accountId=sender_maria", 200, id="99 of an account"),
        pytest.param("on", "limit=100&accountId=sender_maria", 500, id="100 of an account"),
        pytest.param("on", "limit=100", 200, id="100 of all accounts"),
        pytest.param("from_50", "limit=49&accountId=sender_maria", 200, id="in May, 49"),
        pytest.param("from_50", "limit=50", 500, id="in May, 50"),
        pytest.param("from_50", "limit=100&accountId=sender_maria", 500, id="in May, 100"),
        pytest.param("off", "limit=100&accountId=sender_maria", 200, id="off"),
        pytest.param("live", "limit=100&accountId=sender_maria", 200, id="under live"),
        pytest.param("observed", "limit=100&accountId=sender_maria", 500, id="under observed"),
        pytest.param("observed", "limit=99&accountId=sender_maria", 200, id="under observed, 99"),
        pytest.param("strict", "limit=50", 500, id="under strict"),
    ],
)
def test_large_limits_can_fail(
    api_under: Callable[..., Api], value: str, query: str, status: int
) -> None:
    api = api_under("live", conversations_limit_fault=value)

    assert api("GET", f"{LIST}?{query}").status == status


@pytest.mark.parametrize(("number", "status"), [(1, 200), (2, 200), (3, 500), (9, 500)])
def test_pages_after_the_last_can_fail(
    api_under: Callable[..., Api], number: int, status: int
) -> None:
    api = api_under("live", conversations_end_fault="on")
    reply = api("GET", f"{LIST}?limit=20&page={number}")

    assert (reply.status, "Internal server error" in reply.body.decode()) == (status, status == 500)


def test_the_only_page_of_an_empty_inbox_does_not_fail(api_under: Callable[..., Api]) -> None:
    api = api_under("live", conversations_end_fault="on")

    assert api("GET", f"{LIST}?accountId=sender_lena&page=1").status == 200
    assert api("GET", f"{LIST}?accountId=sender_lena&page=2").status == 500
