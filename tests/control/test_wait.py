"""`/_emulate/wait`: answers when it is idle."""

import threading
from collections.abc import Iterator

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.api.expect import STATUS
from tests.control.expect import assert_invalid
from tests.support import Api, eventually

WAIT = "/_emulate/wait"


@pytest.fixture
def receiver(emulator: Emulator) -> Iterator[WebhookReceiver]:
    """Gets what the demo workspace sends."""
    with WebhookReceiver() as made:
        emulator.outbox(emulator.workspaces()[0]).endpoints.add(made.url)
        yield made


def test_the_wait_ends_at_once_while_nothing_is_due(api: Api) -> None:
    reply = api("POST", WAIT, json={})

    assert reply.status == 200
    clock = ["now", "frozen", "advancing", "running", "nextDueAt", "nextDue"]
    assert list(reply.json) == ["idle", *clock]
    assert reply.json["idle"] is True


def test_the_wait_ends_when_everything_is_sent(api: Api, receiver: WebhookReceiver) -> None:
    for status in ("DONE", "PENDING", "OPPORTUNITY"):
        api("PATCH", STATUS, json={"status": status})

    assert api("POST", WAIT, json={"idle": True, "timeoutSeconds": 10}).status == 200
    assert len(receiver.received) == 3


def test_a_retry_that_is_due_later_does_not_count(api: Api, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    api("PATCH", STATUS, json={"status": "DONE"})
    reply = api("POST", WAIT, json={"timeoutSeconds": 10})

    assert (reply.status, len(receiver.received)) == (200, 1)
    assert reply.json["nextDueAt"] > reply.json["now"]


def test_a_workspace_is_not_idle_while_a_receiver_hangs(
    api: Api, receiver: WebhookReceiver
) -> None:
    with receiver.hold_responses():
        api("PATCH", STATUS, json={"status": "DONE"})
        reply = api("POST", WAIT, json={"timeoutSeconds": 0.05})

    assert (reply.status, reply.json["idle"]) == (409, False)


def test_a_frozen_clock_is_not_waited_for(api: Api, receiver: WebhookReceiver) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    api("PATCH", STATUS, json={"status": "DONE"})
    reply = api("POST", WAIT, json={"timeoutSeconds": 60})

    assert (reply.status, reply.json["frozen"]) == (409, True)
    assert reply.json["nextDueAt"] <= reply.json["now"]
    assert receiver.received == []


def test_the_wait_ends_as_soon_as_the_last_response_comes(
    api: Api, receiver: WebhookReceiver
) -> None:
    replies: list[int] = []

    def wait() -> None:
        replies.append(api("POST", WAIT, json={"timeoutSeconds": 60}).status)

    with receiver.hold_responses():
        api("PATCH", STATUS, json={"status": "DONE"})
        waiting = threading.Thread(target=wait)
        waiting.start()
    waiting.join(10)

    eventually(lambda: replies == [200])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({"timeoutSeconds": -1}, "a number of seconds from 0 to 60", id="negative"),
        pytest.param({"timeoutSeconds": 61}, "a number of seconds from 0 to 60", id="too long"),
        pytest.param({"timeoutSeconds": "5"}, "a number of seconds", id="text"),
        pytest.param({"timeoutSeconds": True}, "a number of seconds", id="boolean"),
        pytest.param({"idle": False}, "idle: expected true", id="nothing to wait for"),
        pytest.param({"timeout": 1}, "did you mean 'timeoutSeconds'?", id="unknown"),
    ],
)
def test_an_invalid_wait_is_refused(api: Api, body: object, says: str) -> None:
    assert_invalid(api("POST", WAIT, json=body), says)
