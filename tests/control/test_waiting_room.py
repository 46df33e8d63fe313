"""Requests that wait: so many at most, so that the others are served."""

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.control import waiting_room
from mock_sendpilot.emulator import Emulator
from tests.support import Api, in_process

ENDPOINT = {"url": "http://127.0.0.1:9/", "forwarded": True}


@pytest.fixture
def full(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A server where all places are taken."""
    monkeypatch.setattr(waiting_room, "MOST_WAITING", 0)
    return in_process(create_app(emulator).test_client())


def queue(api: Api) -> str:
    return f"/_emulate/endpoints/{api('POST', '/_emulate/endpoints', json=ENDPOINT).json['id']}"


def test_one_more_is_refused_and_told_why(full: Api) -> None:
    reply = full("POST", "/_emulate/wait", json={"idle": True})

    assert (reply.status, reply.headers["retry-after"]) == (429, "1")
    assert reply.json["message"] == "Too many requests wait at once"
    assert "0 requests wait already" in reply.headers["x-emulator-hint"]


def test_that_holds_for_all_that_wait(full: Api) -> None:
    paths = ("/_emulate/events/changes?waitSeconds=1", f"{queue(full)}/forwarding?waitSeconds=1")
    assert [full("GET", path).status for path in paths] == [429, 429]


def test_who_does_not_wait_is_served(full: Api) -> None:
    asked = (
        full("POST", "/_emulate/wait", json={"timeoutSeconds": 0}),
        full("GET", "/_emulate/events/changes"),
        full("GET", f"{queue(full)}/forwarding"),
    )
    assert [reply.status for reply in asked] == [200, 200, 204]


def test_a_place_is_free_again_when_the_wait_is_over(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "MOST_WAITING", 1)
    api = in_process(create_app(emulator).test_client())
    wanted = {"eventType": "message.sent", "timeoutSeconds": 0.01}

    assert [api("POST", "/_emulate/wait", json=wanted).status for _ in range(3)] == [409] * 3
    refused = {"eventType": "nonsense", "timeoutSeconds": 0.01}
    assert [api("POST", "/_emulate/wait", json=refused).status for _ in range(3)] == [400] * 3
