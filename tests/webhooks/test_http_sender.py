"""The HTTP sender: responses and errors, and the parts of them that are recorded."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import Attempt
from tests.support import read_request, reserved_port
from tests.webhooks.conftest import START, World, seed_of_one_lead


@contextmanager
def raw_receiver(answer: bytes, *, lingers: bool = False, trickles: bool = False) -> Iterator[str]:
    """Send these bytes on one connection, and close it.

    It is closed at once; or at the end of the context if it `lingers` silently, or `trickles` a
    letter every 20 ms.
    """
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                read_request(connection)
                connection.sendall(answer)
                if lingers:
                    done.wait(10)
                for _ in range(500 if trickles else 0):
                    if done.wait(0.02):
                        break
                    connection.sendall(b"x")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            done.set()
            thread.join(10)


@contextmanager
def hurried_world(timeout_seconds: float) -> Iterator[World]:
    emulator = Emulator(random_seed="tests", timeout_seconds=timeout_seconds)
    workspace = emulator.add_workspace(seed_of_one_lead(), clock=ManualClock(START))
    yield World(workspace, emulator.outbox(workspace))
    emulator.close()


def attempt_at(world: World, url: str) -> Attempt:
    """Return the first attempt of a delivery to a URL."""
    world.add_endpoint(url)
    world.change("DONE")
    world.advance()
    (delivery,) = world.deliveries()
    return delivery.attempts[0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\x00\x1b[31mbinary\xff\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 abc OK\r\n\r\n", id="a status that is no number"),
        pytest.param(b"HTTP/1.1 42 OK\r\n\r\n", id="a status that is none"),
    ],
)
def test_a_response_that_is_not_http_is_quoted_in_printable_characters(answer: bytes) -> None:
    with raw_receiver(answer) as url, hurried_world(5) as world:
        attempt = attempt_at(world, url)

    assert attempt.error is not None
    assert attempt.error.startswith("the response is not HTTP: '")
    assert attempt.error.isprintable()


@pytest.mark.parametrize(
    ("status", "succeeds"),
    [
        pytest.param(200, True, id="200"),
        pytest.param(202, True, id="202"),
        pytest.param(204, True, id="204"),
        pytest.param(299, True, id="299"),
        pytest.param(301, False, id="301"),
        pytest.param(304, False, id="304"),
        pytest.param(400, False, id="400"),
        pytest.param(410, False, id="410"),
        pytest.param(500, False, id="500"),
    ],
)
def test_only_a_2xx_is_success(
    world: World, receiver: WebhookReceiver, status: int, *, succeeds: bool
) -> None:
    receiver.respond(status)
    attempt = attempt_at(world, receiver.url)
    assert attempt.is_success is succeeds
    assert attempt.response is not None
    assert attempt.response.status_code == status


def test_redirects_are_not_followed(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(307, headers={"Location": receiver.url})
    assert not attempt_at(world, receiver.url).is_success
    assert len(receiver.received) == 1


def test_proxies_of_the_environment_are_not_used(
    world: World, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert attempt_at(world, receiver.url).is_success


def test_an_attempt_records_request_and_response(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(418, headers={"X-Kind": "teapot"}, body=b"short and stout")
    attempt = attempt_at(world, receiver.url)
    assert (attempt.number, attempt.started_at, attempt.url) == (1, START, receiver.url)
    assert attempt.request_headers["Content-Type"] == "application/json"
    assert attempt.response is not None
    assert attempt.response.headers["X-Kind"] == "teapot"
    assert attempt.response.body == b"short and stout"
    assert not attempt.response.is_truncated
    assert attempt.error is None
    assert 0 < attempt.duration_seconds < 10


def test_the_first_20_kb_of_a_response_are_kept(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(200, body=b"x" * 50_000)
    attempt = attempt_at(world, receiver.url)
    assert attempt.response is not None
    assert attempt.response.body == b"x" * 20_000
    assert attempt.response.is_truncated
    assert attempt.is_success


def test_a_refused_connection_is_described(world: World) -> None:
    with reserved_port() as port:
        attempt = attempt_at(world, f"http://127.0.0.1:{port}/")
    assert attempt.response is None
    assert attempt.error == "Connection refused"


def test_an_attempt_without_a_response_ends_at_the_timeout() -> None:
    with hurried_world(0.2) as world, WebhookReceiver() as receiver, receiver.hold_responses():
        attempt = attempt_at(world, receiver.url)
        assert attempt.error == "no response within 0.2 s"
        assert attempt.duration_seconds >= 0.2


@pytest.mark.parametrize(
    "interim",
    [
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="100"),
        pytest.param(b"HTTP/1.1 102 Processing\r\n\r\n", id="102"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", id="103"),
        pytest.param(b"HTTP/1.1 199 Whatever\r\n\r\n", id="199"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n" * 3 + b"HTTP/1.1 100 Continue\r\n\r\n",
            id="several",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 503])
def test_interim_responses_are_skipped(world: World, interim: bytes, status: int) -> None:
    final = f"HTTP/1.1 {status} Any\r\nX-Final: yes\r\nContent-Length: 4\r\n\r\ndone".encode()
    with raw_receiver(interim + final, lingers=True) as url:
        attempt = attempt_at(world, url)
    assert attempt.response is not None
    assert (attempt.status_code, attempt.response.body) == (status, b"done")
    assert dict(attempt.response.headers) == {"X-Final": "yes", "Content-Length": "4"}


def test_only_the_first_headers_of_a_response_are_kept(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(200, headers={f"X-{number}": "x" * 5000 for number in range(80)})
    attempt = attempt_at(world, receiver.url)
    assert attempt.response is not None
    assert len(attempt.response.headers) == 50
    assert max(map(len, attempt.response.headers.values())) == 500


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", "Remote end closed connection without response", id="nothing"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", "SSH-2.0-x", id="another protocol"),
    ],
)
def test_a_response_that_is_not_http_is_described(world: World, answer: bytes, error: str) -> None:
    with raw_receiver(answer) as url:
        attempt = attempt_at(world, url)
    assert attempt.response is None
    assert attempt.error is not None
    assert error in attempt.error


def test_a_status_counts_even_if_the_body_breaks_off(world: World) -> None:
    with raw_receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") as url:
        attempt = attempt_at(world, url)
    assert attempt.is_success
    assert attempt.response is not None
    assert attempt.response.body == b"abc"
    assert attempt.response.is_truncated


@pytest.mark.parametrize(
    ("answer", "receiver_options"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", {"trickles": True}, id="a head that trickles"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\n\r\n", {"lingers": True}, id="an interim response alone"
        ),
    ],
)
def test_a_head_that_never_ends_fails_at_the_timeout(
    answer: bytes, receiver_options: dict[str, bool]
) -> None:
    with hurried_world(0.2) as world, raw_receiver(answer, **receiver_options) as url:
        attempt = attempt_at(world, url)
        assert attempt.error == "no response within 0.2 s"
        assert attempt.duration_seconds < 8  # what comes in ends after ten


@pytest.mark.parametrize(
    "receiver_options",
    [
        pytest.param({"trickles": True}, id="a body that trickles"),
        pytest.param({"lingers": True}, id="a body that stops"),
    ],
)
def test_a_body_that_never_ends_is_cut_at_the_timeout(receiver_options: dict[str, bool]) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\nabc"
    with hurried_world(0.2) as world, raw_receiver(answer, **receiver_options) as url:
        attempt = attempt_at(world, url)
        assert attempt.is_success
        assert attempt.response is not None
        assert attempt.response.is_truncated
        assert attempt.duration_seconds < 8  # what comes in ends after ten


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("receiver.invalid", id="a name that does not resolve"),
        pytest.param(f"{'a' * 70}.example", id="a name that is too long"),
    ],
)
def test_an_error_of_a_name_is_recorded_and_not_raised(world: World, host: str) -> None:
    attempt = attempt_at(world, f"http://{host}/")
    assert attempt.error
    assert attempt.response is None


def test_a_repeated_header_of_a_response_is_recorded_with_all_its_values(world: World) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n"
    with raw_receiver(answer) as url:
        attempt = attempt_at(world, url)
    assert attempt.response is not None
    assert attempt.response.headers["X-A"] == "1, 2"


def test_a_request_arrives_with_the_first_bytes_that_are_read(world: World) -> None:
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                received.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        attempt_at(world, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(10)
    (delivery,) = world.deliveries()
    assert received[0].endswith(b"\r\n\r\n" + delivery.body)


def test_an_endpoint_that_moves_gets_its_next_webhook_at_the_new_url(world: World) -> None:
    with WebhookReceiver() as before, WebhookReceiver() as after:
        endpoint = world.add_endpoint(before.url)
        world.change("DONE")
        world.advance()
        world.outbox.update_endpoint(endpoint.id, {"url": f"{after.url}moved"})
        world.change("MEETING_BOOKED")
        world.advance()
    assert [len(before.received), len(after.received)] == [1, 1]
