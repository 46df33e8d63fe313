"""A listener and its forwarder, with servers that are lost, restarted or silent."""

import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from svix.webhooks import Webhook

from mock_sendpilot.cli.client import Client, Reply, RequestFailed, RequestRefused
from mock_sendpilot.cli.listener import (
    ConnectionLost,
    ConnectionRestored,
    EventsChanged,
    Forwarder,
    Listener,
    ListeningEnded,
    Registration,
    Update,
    growing_pauses,
)
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import SUCCEEDED, DeliveryFilter
from mock_sendpilot.webhooks.forwarding import ForwardingLimits
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.triggers import send_test_event
from tests.cli.commands import LEAD, NOWHERE
from tests.support import DEMO_KEY, eventually

SUCCESSFUL = DeliveryFilter(state=SUCCEEDED)
Kind = TypeVar("Kind", bound=Update)


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Start listeners, with short waits."""
    started: list[Listener] = []
    waits = {"wait_seconds": 1, "forward_wait_seconds": 1, "timeout_seconds": 0.5}

    def begin(server: EmulatorServer, forward_to: str | None = None) -> Listener:
        settings = None if forward_to is None else {"url": forward_to, "forwarded": True}
        client = Client(server.origin, DEMO_KEY)
        started.append(Listener(client, settings, **waits))  # type: ignore[arg-type]
        started[-1].start()
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def outbox_of(emulator: Emulator) -> Outbox:
    return emulator.outbox(emulator.workspaces()[0])


def change(emulator: Emulator, status: str) -> None:
    emulator.workspaces()[0].store.set_lead_status(LEAD, status=status)


def until(listener: Listener, kind: type[Kind]) -> Kind:
    """Wait for the first update of this kind."""
    while True:
        update = listener.next_update()
        if isinstance(update, kind):
            return update


def wait_for_status(listener: Listener, status: str) -> None:
    """Wait for a change to this status."""
    while True:
        events = until(listener, EventsChanged).events
        if any(event["body"]["data"].get("newStatus") == status for event in events):
            return


def test_a_lost_connection_is_restored_with_the_missed_events(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    with EmulatorServer(emulator) as server:
        listener = listen(server)
        change(emulator, "DONE")
        wait_for_status(listener, "DONE")
    lost = until(listener, ConnectionLost)
    change(emulator, "OPPORTUNITY")
    with EmulatorServer(emulator, port=server._http.port):
        back = until(listener, ConnectionRestored)
        wait_for_status(listener, "OPPORTUNITY")

    assert f"{server.origin} does not answer: " in lost.reason
    assert back == ConnectionRestored(is_restarted=False, endpoint=None)


def test_a_lost_connection_is_one_update(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    with EmulatorServer(emulator) as server:
        listener = listen(server)
    until(listener, ConnectionLost)
    with socket.create_server(("127.0.0.1", server._http.port)) as stalled:
        stalled.settimeout(10)
        connection, _ = stalled.accept()  # so it has tried again
        connection.close()
    with EmulatorServer(emulator, port=server._http.port):
        update = listener.next_update()

    assert isinstance(update, ConnectionRestored)


def test_a_silent_server_is_lost(emulator: Emulator, listen: Callable[..., Listener]) -> None:
    with EmulatorServer(emulator) as server:
        listener = listen(server)
    until(listener, ConnectionLost)
    with EmulatorServer(emulator, port=server._http.port):
        until(listener, ConnectionRestored)
    with socket.create_server(("127.0.0.1", server._http.port)):
        until(listener, ConnectionLost)
    with EmulatorServer(emulator, port=server._http.port):
        until(listener, ConnectionRestored)


def test_missed_events_are_forwarded(
    emulator: Emulator,
    receiver: WebhookReceiver,
    listen: Callable[..., Listener],
) -> None:
    outbox_of(emulator).forwarding.limits = ForwardingLimits(silence_seconds=0.05)
    change(emulator, "IRRELEVANT")  # before it began
    with EmulatorServer(emulator) as server:
        listener = listen(server, receiver.url)
        assert listener.endpoint is not None
        endpoint_id, secret = listener.endpoint["id"], listener.endpoint["secret"]
        change(emulator, "DONE")
        eventually(lambda: outbox_of(emulator).log.select(SUCCESSFUL), timeout=10)
    until(listener, ConnectionLost)
    endpoints, queue = outbox_of(emulator).endpoints, outbox_of(emulator).forwarding.of(endpoint_id)
    eventually(lambda: not queue._listener_count, timeout=10)
    change(emulator, "OPPORTUNITY")
    eventually(lambda: not endpoints.get(endpoint_id).is_enabled, timeout=10)
    change(emulator, "PENDING")  # makes no delivery any more
    queue.limits = ForwardingLimits(silence_seconds=5)
    with EmulatorServer(emulator, port=server._http.port):
        receiver.wait_for(count=3, timeout=10)
        listener.stop()

    received = receiver.received
    statuses = [one.data["newStatus"] for one in received]
    assert statuses == ["DONE", "OPPORTUNITY", "PENDING"]
    for webhook in received:
        Webhook(secret).verify(webhook.body, dict(webhook.headers))


def test_a_restarted_server_gets_the_endpoint_with_the_same_secret(
    make_emulator: Callable[..., Emulator],
    receiver: WebhookReceiver,
    listen: Callable[..., Listener],
) -> None:
    first, second = make_emulator(), make_emulator()
    with EmulatorServer(first) as server:
        listener = listen(server, receiver.url)
        assert listener.endpoint is not None
        secret = listener.endpoint["secret"]
        change(first, "DONE")
        receiver.wait_for(count=1, timeout=10)
    until(listener, ConnectionLost)
    change(second, "OPPORTUNITY")  # before the endpoint exists
    other = outbox_of(second).endpoints.add(NOWHERE, event_types=["message.sent"])
    send_test_event(second.workspaces()[0], outbox_of(second), other.id, None)
    with EmulatorServer(second, port=server._http.port):
        back = until(listener, ConnectionRestored)
        receiver.wait_for(count=2, timeout=10)
        change(second, "IRRELEVANT")
        receiver.wait_for(count=3, timeout=10)
        (_, made) = outbox_of(second).endpoints.all()
        listener.stop()

    assert back.is_restarted
    assert back.endpoint is not None
    assert (back.endpoint["id"], made.secret) == (made.id, secret)
    received = receiver.received
    statuses = [one.data["newStatus"] for one in received]
    assert statuses == ["DONE", "OPPORTUNITY", "IRRELEVANT"]


def test_a_deleted_endpoint_ends_it(
    emulator: Emulator, receiver: WebhookReceiver, listen: Callable[..., Listener]
) -> None:
    with EmulatorServer(emulator) as server:
        listener = listen(server, receiver.url)
        assert listener.endpoint is not None
        outbox_of(emulator).remove_endpoint(listener.endpoint["id"])
        ended = until(listener, ListeningEnded)

    assert "Webhook endpoint not found" in ended.reason


def test_an_api_key_that_is_unknown_after_a_restart_ends_it(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    with EmulatorServer(emulator) as server:
        listener = listen(server)
    empty = Emulator()
    with EmulatorServer(empty, port=server._http.port):
        ended = until(listener, ListeningEnded)
    empty.close()

    assert "no workspace has this key" in ended.reason


def test_a_server_that_does_not_answer_at_the_start_is_an_error(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    server = EmulatorServer(emulator)
    server.stop()

    with pytest.raises(RequestFailed, match="does not answer"):
        listen(server)


# --- the forwarder --------------------------------------------------------------------------------

REGISTRATION = Registration("log_1", "ep_1")


@dataclass(frozen=True)
class FakeClient(Client):
    """A client whose requests for forwarded webhooks raise an error, or return nothing."""

    url: str = "http://127.0.0.1:9"
    api_key: str = "YOUR_API_KEY"
    error: Exception | None = None
    log: str = "log_1"
    paths: list[str] = field(default_factory=list)

    def request_or_none(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        self.paths.append(path)
        if self.error is not None:
            raise self.error

    def request(self, *_: Any, **__: Any) -> Reply:
        return Reply(self.url, {"log": self.log})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(RequestRefused("the endpoint is gone"), "the endpoint is gone", id="refused"),
        pytest.param(KeyError("url"), "forwarding: KeyError('url')", id="another version"),
        pytest.param(ValueError("base64"), "forwarding: ValueError('base64')", id="no base64"),
        pytest.param(MemoryError(), "forwarding: MemoryError()", id="no memory"),
    ],
)
def test_an_error_ends_the_forwarder_with_a_reason(error: Exception, reason: str) -> None:
    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    Forwarder(FakeClient(error=error), REGISTRATION, reasons.put)

    assert reasons.get(timeout=5) == reason


@pytest.mark.parametrize(
    ("error", "log"),
    [
        pytest.param(RequestFailed("the server is gone"), "log_1", id="no answer"),
        pytest.param(RequestRefused("no such endpoint"), "log_3", id="restarted"),
    ],
)
def test_a_lost_or_restarted_server_does_not_end_the_forwarder(error: Exception, log: str) -> None:
    client = FakeClient(error=error, log=log)
    reasons: list[str] = []
    forwarder = Forwarder(client, REGISTRATION, reasons.append)
    eventually(lambda: client.paths)
    forwarder.resume(Registration("log_2", "ep_2"))
    eventually(lambda: "/endpoints/ep_2/forwarding?waitSeconds=5" in client.paths)
    forwarder.stop()

    assert reasons == []


def test_the_thread_of_a_stopped_forwarder_ends() -> None:
    before = set(threading.enumerate())
    forwarder = Forwarder(FakeClient(), REGISTRATION, lambda _reason: None)
    forwarder.stop()

    eventually(lambda: set(threading.enumerate()) <= before)


def test_pauses_grow_up_to_ten_seconds() -> None:
    pauses = growing_pauses()

    assert [next(pauses) for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
