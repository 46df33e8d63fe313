"""Disruptions of the transport: slow bodies, resets and wrong content types, and the retries."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import EXHAUSTED, PENDING, SUCCEEDED, AppliedDisruption
from mock_sendpilot.webhooks.disruption_kinds import KINDS
from tests.support import SECRET, eventually, read_request, reserved_port
from tests.webhooks.conftest import World
from tests.webhooks.disruption_checks import DAY, NEW_SECRET, arm, only_delivery, svix_accepts

MOVING = {"duplicate", "reorder", "delay", "drop"}
ALTERING = sorted(set(KINDS) - MOVING)
SWIFT: dict[str, dict[str, float]] = {"slow_body": {"seconds": 0.05}, "huge_body": {"bytes": 2000}}
"""Options that keep the tests fast."""


@dataclass
class RawRequest:
    """The bytes of one connection; `pieces` are the reads of the body."""

    head: bytes = b""
    pieces: list[bytes] = field(default_factory=list)
    is_reset: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def declared_length(self) -> int:
        headers = dict(line.split(": ", 1) for line in self.head.decode().split("\r\n")[1:] if line)
        return int(headers["Content-Length"])


@dataclass
class RawReceiver:
    """The URL of a receiver, and its connections so far."""

    url: str
    requests: list[RawRequest] = field(default_factory=list)


@contextmanager
def raw_receiver() -> Iterator[RawReceiver]:
    """Read each connection to the end of a request, and respond with 200."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver = RawReceiver(f"http://127.0.0.1:{listener.getsockname()[1]}/")

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(10)
                    request = RawRequest()
                    if not _read(connection, request):
                        return
                    receiver.requests.append(request)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            with socket.create_connection(listener.getsockname()):
                pass  # an empty connection ends the thread
            thread.join(10)


def _read(connection: socket.socket, request: RawRequest) -> bool:
    """Read a request; return whether there was one."""
    try:
        return _read_head(connection, request) and _read_body(connection, request)
    except ConnectionResetError:
        request.is_reset = True
        return True


def _read_head(connection: socket.socket, request: RawRequest) -> bool:
    while b"\r\n\r\n" not in request.head:
        piece = connection.recv(65536)
        if not piece:
            return False
        request.head += piece
    request.head, _, first = request.head.partition(b"\r\n\r\n")
    request.pieces += [first] if first else []
    return True


def _read_body(connection: socket.socket, request: RawRequest) -> bool:
    while len(request.body) < request.declared_length:
        piece = connection.recv(65536)
        if not piece:
            return True
        request.pieces.append(piece)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return True


# --- broken_connection ---------------------------------------------------------------------------


def test_a_broken_connection_is_reset_in_the_middle_of_the_body(world: World) -> None:
    with raw_receiver() as receiver:
        world.add_endpoint(receiver.url)
        arm(world, "broken_connection")
        world.change("DONE")
        world.advance()
        eventually(lambda: receiver.requests)

    (request,) = receiver.requests
    body = only_delivery(world).body
    assert request.is_reset
    assert request.declared_length == len(body)
    assert body.startswith(request.body)
    assert len(request.body) < len(body)


def test_the_log_says_that_the_connection_was_reset_on_purpose(world: World) -> None:
    with raw_receiver() as receiver:
        world.add_endpoint(receiver.url)
        arm(world, "broken_connection")
        world.change("DONE")
        world.advance()

    (attempt,) = only_delivery(world).attempts
    assert attempt.error == "the connection was reset in the middle of the body, on purpose"
    assert (attempt.response, attempt.disruption) == (None, "broken_connection")
    assert only_delivery(world).state == PENDING


def test_the_retry_after_a_broken_connection_arrives_intact(world: World) -> None:
    with raw_receiver() as receiver:
        world.add_endpoint(receiver.url)
        arm(world, "broken_connection")
        world.change("DONE")
        world.advance(5)

    _, retry = receiver.requests
    assert retry.body == only_delivery(world).body
    assert not retry.is_reset
    assert only_delivery(world).state == SUCCEEDED


def test_a_broken_connection_does_not_break_the_one_that_is_kept(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    world.change("A")
    world.advance()
    arm(world, "broken_connection")
    world.change("B")
    world.change("C")
    world.advance()

    assert [webhook.json["data"]["newStatus"] for webhook in receiver.received] == ["A", "C"]
    assert [one.error for one in world.deliveries()[2].attempts] == [None]


# --- lost_response -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 500])
def test_a_lost_response_reaches_the_receiver(
    world: World, receiver: WebhookReceiver, status: int
) -> None:
    receiver.respond(status)
    world.add_endpoint(receiver.url)
    arm(world, "lost_response")
    world.change("DONE")
    world.advance()

    (webhook,) = receiver.received
    (attempt,) = only_delivery(world).attempts
    assert webhook.body == only_delivery(world).body
    assert svix_accepts(webhook, SECRET)
    assert attempt.error == f"the response was lost on purpose; it was {status}"
    assert (attempt.response, attempt.is_success) == (None, False)
    assert only_delivery(world).state == PENDING


def test_an_event_with_a_lost_response_is_retried(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "lost_response")
    world.change("DONE")
    world.advance(5)

    first, second = receiver.received
    assert first.body == second.body
    assert first.json["eventId"] == second.json["eventId"]
    assert only_delivery(world).state == SUCCEEDED


def test_the_connection_is_reset_once_the_response_begins(world: World) -> None:
    ends: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                read_request(connection)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
                try:
                    ends.append(repr(connection.recv(1)))
                except ConnectionResetError:
                    ends.append("reset")

        thread = threading.Thread(target=serve)
        thread.start()
        world.add_endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        arm(world, "lost_response")
        world.change("DONE")
        world.advance()
        thread.join(10)

    assert ends == ["reset"]


def test_a_receiver_that_is_down_loses_no_answer(world: World) -> None:
    with reserved_port() as port:
        world.add_endpoint(f"http://127.0.0.1:{port}/")
        arm(world, "lost_response")
        world.change("DONE")
        world.advance()

    assert only_delivery(world).attempts[0].error == "Connection refused"


# --- slow_body -----------------------------------------------------------------------------------


def test_a_slow_body_arrives_in_pieces_over_its_seconds(world: World) -> None:
    with raw_receiver() as receiver:
        world.add_endpoint(receiver.url)
        arm(world, "slow_body", seconds=0.5)
        world.change("DONE")
        world.advance()

    (request,) = receiver.requests
    (attempt,) = only_delivery(world).attempts
    assert 0.5 <= attempt.duration_seconds < 15
    assert len(request.pieces) > 3
    assert request.body == only_delivery(world).body


def test_the_log_has_the_duration_of_a_slow_body(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "slow_body", seconds=0.3)
    world.change("DONE")
    world.advance()

    (attempt,) = only_delivery(world).attempts
    assert 0.3 <= attempt.duration_seconds < 5
    assert (attempt.is_success, attempt.sent_body) == (True, None)
    assert svix_accepts(receiver.received[0], SECRET)


# --- wrong_content_type --------------------------------------------------------------------------


def test_a_wrong_content_type_changes_nothing_else(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "wrong_content_type")
    world.change("DONE")
    world.advance()

    (webhook,) = receiver.received
    assert webhook.headers["content-type"] == "text/plain"
    assert webhook.body == only_delivery(world).body
    assert svix_accepts(webhook, SECRET)


# --- every kind that alters an attempt -----------------------------------------------------------


def disrupted_endpoint(world: World, url: str, kind: str, **options: float) -> AppliedDisruption:
    """Add an endpoint whose first delivery has a disruption."""
    endpoint = world.add_endpoint(url)
    if kind == "old_secret":
        world.outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    arm(world, kind, **{**SWIFT.get(kind, {}), **options})
    world.change("DONE")
    applied = only_delivery(world).disruption
    assert applied is not None
    return applied


@pytest.mark.parametrize("kind", ALTERING)
def test_the_retry_of_a_disrupted_attempt_is_not_disrupted(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    receiver.respond(401)
    disrupted_endpoint(world, receiver.url, kind)
    if kind == "broken_connection":
        receiver._responses.clear()  # it is never sent the first attempt
    world.advance(5)

    delivery, last = only_delivery(world), receiver.received[-1]
    assert [one.disruption for one in delivery.attempts] == [kind, None]
    assert delivery.attempts[1].sent_body is None
    assert (delivery.state, last.body) == (SUCCEEDED, delivery.body)
    assert last.headers["content-type"] == "application/json"
    assert svix_accepts(last, NEW_SECRET if kind == "old_secret" else SECRET)


@pytest.mark.parametrize("kind", ALTERING)
def test_as_many_attempts_are_disrupted_as_requested(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    receiver.respond(401, times=99)
    disrupted_endpoint(world, receiver.url, kind, attempts=2)
    world.advance(DAY)

    delivery = only_delivery(world)
    assert [one.disruption for one in delivery.attempts] == [kind, kind, None, None, None, None]
    assert delivery.state == EXHAUSTED


@pytest.mark.parametrize("kind", ALTERING)
def test_a_resend_is_not_disrupted(world: World, receiver: WebhookReceiver, kind: str) -> None:
    receiver.respond(401, times=2)
    disrupted_endpoint(world, receiver.url, kind, attempts=100)
    world.advance()
    receiver._responses.clear()
    world.outbox.resend(only_delivery(world).id)
    world.advance()

    delivery, last = only_delivery(world), receiver.received[-1]
    assert [one.disruption for one in delivery.attempts] == [kind, None]
    assert last.body == delivery.body
    assert svix_accepts(last, NEW_SECRET if kind == "old_secret" else SECRET)


@pytest.mark.parametrize("kind", ALTERING)
def test_the_log_has_the_body_that_was_sent_instead(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    applied = disrupted_endpoint(world, receiver.url, kind)
    world.advance()

    has_another_body = kind in {
        "altered_body", "renamed_event", "unknown_event", "extra_fields", "missing_fields",
        "huge_body",
    }  # fmt: skip
    (attempt,) = only_delivery(world).attempts
    assert only_delivery(world).disruption == applied
    assert applied.kind == attempt.disruption == kind
    assert attempt.sent_body == (receiver.received[0].body if has_another_body else None)


@pytest.mark.parametrize("kind", ALTERING)
def test_by_default_one_attempt_is_disrupted(world: World, kind: str) -> None:
    applied = disrupted_endpoint(world, "https://a.example/", kind)
    assert applied.options["attempts"] == 1


def test_every_kind_is_tested() -> None:
    assert set(ALTERING) | MOVING == set(KINDS)
    assert {kind for kind, found in KINDS.items() if found.alter is None} == MOVING
