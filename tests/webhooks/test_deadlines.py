"""Deadlines of responses, also over TLS, and connections that must not be used again."""

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks import deadline
from mock_sendpilot.webhooks.deliveries import Attempt
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import read_request
from tests.webhooks.conftest import World

Serve = Callable[[socket.socket, threading.Event], None]


@pytest.fixture
def _trusted(authority_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority_bundle))


@contextmanager
def tls_receiver(authority: trustme.CA, serve: Serve) -> Iterator[str]:
    """Serve one connection over TLS, until the end of the context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                read_request(secured)
                serve(secured, done)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            done.set()
            thread.join(10)


def attempt_at(world: World, url: str, *, timeout: float = 20) -> Attempt:
    world.add_endpoint(url, settings=EndpointSettings(timeout_seconds=timeout))
    world.change("DONE")
    world.advance()
    return world.deliveries()[0].attempts[0]


def _fine(connection: socket.socket, _done: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


def _trickling(connection: socket.socket, done: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(500):
        if done.wait(0.02):
            return
        connection.sendall(b"x")


def _trickling_body(connection: socket.socket, done: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(500):
        if done.wait(0.02):
            return
        connection.sendall(b"x")


@pytest.mark.usefixtures("_trusted")
def test_a_response_over_tls_is_read(world: World, authority: trustme.CA) -> None:
    with tls_receiver(authority, _fine) as url:
        attempt = attempt_at(world, url)

    assert attempt.is_success
    assert attempt.response is not None
    assert attempt.response.body == b"hi"


@pytest.mark.usefixtures("_trusted")
def test_a_trickling_head_over_tls_ends_at_the_timeout(world: World, authority: trustme.CA) -> None:
    with tls_receiver(authority, _trickling) as url:
        began = SystemClock.running_seconds()
        attempt = attempt_at(world, url, timeout=0.4)
        took = SystemClock.running_seconds() - began

    assert attempt.error == "no response within 0.4 s"
    assert took < 8


@pytest.mark.usefixtures("_trusted")
def test_a_trickling_body_over_tls_is_cut_at_the_timeout(
    world: World, authority: trustme.CA
) -> None:
    with tls_receiver(authority, _trickling_body) as url:
        began = SystemClock.running_seconds()
        attempt = attempt_at(world, url, timeout=0.4)
        took = SystemClock.running_seconds() - began

    assert attempt.response is not None
    assert attempt.response.is_truncated
    assert took < 8


def test_an_untrusted_certificate_is_refused(world: World, authority: trustme.CA) -> None:
    with tls_receiver(authority, _fine) as url:
        attempt = attempt_at(world, url)

    assert attempt.response is None
    assert attempt.error is not None
    assert "certificate verify failed" in attempt.error
    assert "set REQUESTS_CA_BUNDLE to its file where the webhooks are sent from" in attempt.error


@pytest.mark.parametrize("is_tls", [False, True])
@pytest.mark.usefixtures("_trusted")
def test_nothing_is_sent_to_a_name_that_resolves_to_a_link_local_address(
    world: World, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, *, is_tls: bool
) -> None:
    monkeypatch.setattr(deadline, "is_link_local", lambda address: address == "127.0.0.1")
    served: list[bytes] = []

    def noting(connection: socket.socket, _done: threading.Event) -> None:
        served.append(b"something came")

    with tls_receiver(authority, noting) as url:
        attempt = attempt_at(world, url if is_tls else url.replace("https", "http"))

    assert attempt.error == "nothing is sent to the link-local address 127.0.0.1"
    assert served == []


def test_a_connection_that_is_reset_at_once_is_recorded_as_reset(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """urllib3 ignores the reset and goes on to read from a socket that is None."""

    def reset(*_: object, **__: object) -> socket.socket:
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    monkeypatch.setattr(deadline, "connected", reset)

    attempt = attempt_at(world, "http://127.0.0.1:9/")

    assert attempt.error == os.strerror(errno.ECONNRESET)


def test_a_connection_is_not_used_again_after_a_204_with_a_body(world: World) -> None:
    requests: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                for number in range(2):
                    connection, _address = listener.accept()
                    with connection:
                        while content := connection.recv(65536):
                            if content.endswith(b"}}"):
                                requests.append(number)
                                head = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"
                                connection.sendall(head + b"hello")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        world.add_endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        world.change("A")
        world.change("B")
        world.advance()
        listener.shutdown(socket.SHUT_RDWR)
    world.outbox.close()
    thread.join(5)

    assert [one.state for one in world.deliveries()] == ["succeeded", "succeeded"]
    assert requests == [0, 1]
