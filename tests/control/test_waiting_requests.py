"""Requests that wait: only so many at a time that others are served."""

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.control.guard import allow_waiting
from mock_sendpilot.emulator import Emulator
from tests.support import Api, in_process

ENDPOINT = {"url": "http://127.0.0.1:9/", "forwarded": True}


def api_with_places(emulator: Emulator, count: int) -> Api:
    """Requests to an app in which so many requests may wait."""
    app = create_app(emulator)
    allow_waiting(app, max_requests=count)
    return in_process(app.test_client())


@pytest.fixture
def full(emulator: Emulator) -> Api:
    """An app where all places are taken."""
    return api_with_places(emulator, 0)


def queue(api: Api) -> str:
    return f"/_emulate/endpoints/{api('POST', '/_emulate/endpoints', json=ENDPOINT).json['id']}"


def test_one_more_is_refused_with_the_reason(full: Api) -> None:
    reply = full("POST", "/_emulate/wait", json={"idle": True})

    assert (reply.status, reply.headers["retry-after"]) == (429, "1")
    assert reply.json["message"] == "Too many requests wait at once"
    assert "0 requests wait already" in reply.headers["x-emulator-hint"]


def test_the_limit_holds_for_every_request_that_waits(full: Api) -> None:
    paths = ("/_emulate/events/changes?waitSeconds=1", f"{queue(full)}/forwarding?waitSeconds=1")
    assert [full("GET", path).status for path in paths] == [429, 429]


def test_a_request_that_does_not_wait_is_served(full: Api) -> None:
    replies = (
        full("POST", "/_emulate/wait", json={"timeoutSeconds": 0}),
        full("GET", "/_emulate/events/changes"),
        full("GET", f"{queue(full)}/forwarding"),
    )
    assert [reply.status for reply in replies] == [200, 200, 204]


def test_a_place_is_free_again_when_the_wait_is_over(emulator: Emulator) -> None:
    api = api_with_places(emulator, 1)
    late = {"eventType": "message.sent", "timeoutSeconds": 0.01}
    invalid = {"eventType": "nonsense", "timeoutSeconds": 0.01}

    assert [api("POST", "/_emulate/wait", json=late).status for _ in range(3)] == [409] * 3
    assert [api("POST", "/_emulate/wait", json=invalid).status for _ in range(3)] == [400] * 3


def test_waiting_for_what_is_new_fills_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    target = f"{queue(api)}/forwarding"
    with caplog.at_level("INFO", logger="mock_sendpilot.access"):
        for path in (target, "/_emulate/events/changes", "/_emulate/requests/changes"):
            assert api("GET", f"{path}?waitSeconds=0").status in {200, 204}
        api("GET", "/_emulate/events")

    assert [line.split()[1] for line in caplog.messages] == ["/_emulate/events"]
