"""A listener before servers that are lost, restarted or stalled."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from svix.webhooks import Webhook

from mock_sendpilot.cli.client import Client, RequestFailed
from mock_sendpilot.cli.listener import (
    ConnectionLost,
    ConnectionRestored,
    EventsChanged,
    Listener,
    ListeningEnded,
    Update,
)
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import SUCCEEDED, DeliveryFilter
from mock_sendpilot.webhooks.forwarding import ForwardingLimits
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.webhooks.triggers import send_test_event
from tests.support import DEMO_KEY, eventually

LEAD = "lead_abc123"  # REPLY_RECEIVED
EVENT = "lead.status.changed"
SUCCESSFUL = DeliveryFilter(state=SUCCEEDED)
Kind = TypeVar("Kind", bound=Update)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


@contextmanager
def serving(emulator: Emulator, port: int = 0) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator, port=port) as running:
        yield running


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Begin to listen, with short waits."""
    begun: list[Listener] = []

    def begin(server: EmulatorServer, forward_to: str | None = None) -> Listener:
        wanted = None if forward_to is None else {"url": forward_to, "forwarded": True}
        where = Client(server.origin, DEMO_KEY, None)
        begun.append(Listener(where, wanted, wait_seconds=1, timeout_seconds=0.5))
        begun[-1].start()
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def outbox_of(emulator: Emulator) -> Outbox:
    return emulator.outbox(emulator.workspaces()[0])


def change(emulator: Emulator, status: str) -> None:
    emulator.workspaces()[0].store.set_lead_status(LEAD, status=status)


def until(listener: Listener, kind: type[Kind]) -> Kind:
    """The first news of this kind."""
    while True:
        update = listener.next_update()
        if isinstance(update, kind):
            return update


def heard(listener: Listener, status: str) -> None:
    """Wait until it has heard of a change to this status."""
    while True:
        events = until(listener, EventsChanged).events
        if any(event["body"]["data"].get("newStatus") == status for event in events):
            return


def test_after_a_lost_connection_it_hears_of_what_came_meanwhile(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    with serving(emulator) as server:
        listener = listen(server)
        change(emulator, "DONE")
        heard(listener, "DONE")
    lost = until(listener, ConnectionLost)
    change(emulator, "OPPORTUNITY")
    with serving(emulator, server._http.port):
        back = until(listener, ConnectionRestored)
        heard(listener, "OPPORTUNITY")

    assert f"{server.origin} does not answer: " in lost.reason
    assert back == ConnectionRestored(is_restarted=False, endpoint=None)


def test_a_loss_is_news_once(emulator: Emulator, listen: Callable[..., Listener]) -> None:
    with serving(emulator) as server:
        listener = listen(server)
    until(listener, ConnectionLost)
    with socket.create_server(("127.0.0.1", server._http.port)) as stalled:
        stalled.settimeout(10)
        connection, _ = stalled.accept()  # so it has tried again
        connection.close()
    with serving(emulator, server._http.port):
        update = listener.next_update()

    assert isinstance(update, ConnectionRestored)


def test_a_server_that_is_silent_is_lost(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    with serving(emulator) as server:
        listener = listen(server)
    until(listener, ConnectionLost)
    with serving(emulator, server._http.port):
        until(listener, ConnectionRestored)
    with socket.create_server(("127.0.0.1", server._http.port)):
        until(listener, ConnectionLost)
    with serving(emulator, server._http.port):
        until(listener, ConnectionRestored)


def test_events_that_came_while_nobody_listened_are_forwarded(
    emulator: Emulator,
    receiver: WebhookReceiver,
    listen: Callable[..., Listener],
) -> None:
    outbox_of(emulator).forwarding.limits = ForwardingLimits(silence_seconds=0.05)
    change(emulator, "IRRELEVANT")  # before it began
    with serving(emulator) as server:
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
    with serving(emulator, server._http.port):
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
    with serving(first) as server:
        listener = listen(server, receiver.url)
        assert listener.endpoint is not None
        secret = listener.endpoint["secret"]
        change(first, "DONE")
        receiver.wait_for(count=1, timeout=10)
    until(listener, ConnectionLost)
    change(second, "OPPORTUNITY")  # before the endpoint is there
    other = outbox_of(second).endpoints.add("http://127.0.0.1:9/", event_types=["message.sent"])
    send_test_event(second.workspaces()[0], outbox_of(second), other.id, None)
    with serving(second, server._http.port):
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


def test_an_endpoint_that_somebody_removed_ends_it(
    emulator: Emulator, receiver: WebhookReceiver, listen: Callable[..., Listener]
) -> None:
    with serving(emulator) as server:
        listener = listen(server, receiver.url)
        assert listener.endpoint is not None
        outbox_of(emulator).remove_endpoint(listener.endpoint["id"])
        ended = until(listener, ListeningEnded)

    assert "Webhook endpoint not found" in ended.reason


def test_a_key_that_a_restarted_server_does_not_know_ends_it(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    with serving(emulator) as server:
        listener = listen(server)
    empty = Emulator()
    with serving(empty, server._http.port):
        ended = until(listener, ListeningEnded)
    empty.close()

    assert "no workspace has this key" in ended.reason


def test_a_server_that_is_not_there_at_the_beginning_is_an_error(
    emulator: Emulator, listen: Callable[..., Listener]
) -> None:
    server = EmulatorServer(emulator)
    server.stop()

    with pytest.raises(RequestFailed, match="does not answer"):
        listen(server)
