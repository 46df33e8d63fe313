"""`sendpilot.requests`, and the assertions on it."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot import InvalidInput, NotFound, RequestNotSeen, Sandbox
from mock_sendpilot.testing.aio import EventLoopBlocked
from tests.support import Api, over_a_socket

PATH = "/v1/leads/{id}/status"


@pytest.fixture
def call(sendpilot: Sandbox) -> Callable[..., int]:
    """Makes a request with the key of the test, and returns the status."""
    api: Api = over_a_socket(sendpilot.origin)

    def make(method: str, path: str, **options: Any) -> int:
        return api(method, path, key=sendpilot.api_key, **options).status

    return make


@pytest.fixture
def changed(sendpilot: Sandbox, call: Callable[..., int]) -> str:
    """The id of a lead, whose status was changed by the first request."""
    lead = sendpilot.add_lead(lead_id="lead_1")
    call("PATCH", f"/v1/leads/{lead.id}/status", json={"status": "DONE"})
    return lead.id


@pytest.mark.usefixtures("changed")
def test_requests_are_a_sequence_oldest_first(sendpilot: Sandbox, call: Callable[..., int]) -> None:
    call("GET", "/v1/leads")
    assert [one.operation for one in sendpilot.requests] == ["leads.updateStatus", "leads.list"]
    assert sendpilot.requests[-1].path == "/v1/leads"
    assert len(sendpilot.requests[0:1]) == 1
    assert repr(sendpilot.requests) == (
        "<RecordedRequests 2: PATCH /v1/leads/lead_1/status, GET /v1/leads>"
    )


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(("PATCH", PATH), id="placeholder"),
        pytest.param(("patch", "/v1/leads/lead_1/status"), id="path"),
        pytest.param(("PATCH",), id="method"),
        pytest.param(("leads.updateStatus",), id="operation"),
    ],
)
@pytest.mark.usefixtures("changed")
def test_a_request_is_found_by_its_target(sendpilot: Sandbox, target: tuple[str, ...]) -> None:
    (found,) = sendpilot.assert_requested(*target, json={"status": "DONE"}, times=1)
    assert sendpilot.requests.matching(*target) == [found]
    assert sendpilot.requests.wait_for(*target) is found


def test_a_missing_request_fails_with_the_nearest_miss(sendpilot: Sandbox, changed: str) -> None:
    with pytest.raises(RequestNotSeen) as caught:
        sendpilot.assert_requested("PATCH", PATH, json={"status": "NEW"})
    assert str(caught.value).splitlines()[:3] == [
        f"no request PATCH {PATH}, json={{'status': 'NEW'}}",
        f'  nearest miss: PATCH /v1/leads/{changed}/status {{"status":"DONE"}} -> 200',
        "    json.status is 'DONE', not 'NEW'",
    ]


@pytest.mark.usefixtures("changed")
def test_too_many_requests_fail_with_all_of_them(
    sendpilot: Sandbox, call: Callable[..., int]
) -> None:
    call("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
    with pytest.raises(RequestNotSeen) as caught:
        sendpilot.assert_requested("leads.updateStatus", times=1)
    first, *lines = str(caught.value).splitlines()
    assert first == "expected 1 request leads.updateStatus, got 2"
    assert [line.split(":")[0].strip() for line in lines] == ["req_1", "req_2"]


@pytest.mark.usefixtures("changed")
def test_too_few_requests_fail_with_the_count(sendpilot: Sandbox) -> None:
    with pytest.raises(RequestNotSeen, match=r"expected 2 requests .*, got 1"):
        sendpilot.assert_requested("leads.updateStatus", times=2)


@pytest.mark.usefixtures("changed")
def test_a_request_that_must_not_come_fails(sendpilot: Sandbox) -> None:
    sendpilot.assert_not_requested("leads.list")
    with pytest.raises(RequestNotSeen, match="expected no request PATCH"):
        sendpilot.assert_not_requested("PATCH", PATH)


def test_a_failure_mentions_requests_without_a_known_key(sendpilot: Sandbox) -> None:
    over_a_socket(sendpilot.origin)("GET", "/v1/leads", key="sp_of_production")
    with pytest.raises(RequestNotSeen, match="without a known API key: 1, last GET /v1/l"):
        sendpilot.assert_requested("leads.list")


def test_a_later_request_is_waited_for(sendpilot: Sandbox, call: Callable[..., int]) -> None:
    later = threading.Timer(0.05, call, args=("GET", "/v1/leads?limit=2"))
    later.start()
    assert sendpilot.requests.wait_for("leads.list", query={"limit": 2}, timeout=10).status == 200
    later.join()


@pytest.mark.usefixtures("changed")
def test_only_requests_after_the_named_one_count(
    sendpilot: Sandbox, call: Callable[..., int]
) -> None:
    first = sendpilot.requests.wait_for("PATCH", PATH)
    with pytest.raises(RequestNotSeen, match="within 0 s"):
        sendpilot.requests.wait_for("PATCH", PATH, after=first, timeout=0)
    call("PATCH", "/v1/leads/lead_1/status", json={"status": "DONE"})
    assert sendpilot.requests.wait_for("PATCH", PATH, after=first.id).id == "req_2"


@pytest.mark.usefixtures("changed")
def test_a_wait_for_several_says_how_many_came(sendpilot: Sandbox) -> None:
    with pytest.raises(RequestNotSeen, match="1 of 2 came"):
        sendpilot.requests.wait_for("PATCH", PATH, count=2, timeout=0)


@pytest.mark.usefixtures("changed")
def test_a_wait_is_awaited_in_a_coroutine(sendpilot: Sandbox) -> None:
    async def wait() -> str:
        return (await sendpilot.aio.requests.wait_for("PATCH", PATH)).id

    assert asyncio.run(wait()) == "req_1"


def test_a_wait_that_blocks_the_event_loop_is_refused(sendpilot: Sandbox) -> None:
    async def wait() -> None:
        sendpilot.requests.wait_for("GET")

    with pytest.raises(EventLoopBlocked, match=r"await sendpilot\.aio\.requests\.wait_for"):
        asyncio.run(wait())


@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param(("leads.lists",), "did you mean 'leads.list'", id="operation"),
        pytest.param(("GETT", "/v1/leads"), "did you mean 'GET'", id="method"),
        pytest.param(("GET", "/leads"), "path: expected one such as", id="path"),
        pytest.param(("/v1/leads",), "or a method and a path", id="a path alone"),
    ],
)
def test_a_target_that_cannot_match_is_refused(
    sendpilot: Sandbox, target: tuple[str, ...], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        sendpilot.requests.matching(*target)


def test_an_unknown_request_is_no_start_of_a_wait(sendpilot: Sandbox) -> None:
    with pytest.raises(NotFound):
        sendpilot.requests.wait_for("GET", after="req_9")


def test_zero_times_is_refused(sendpilot: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="times"):
        sendpilot.assert_requested("GET", times=0)
