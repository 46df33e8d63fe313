"""An app that can be held up, and two ways to call a server."""

import http.client
import socket
import threading
from collections.abc import Iterable
from typing import Any

from mock_sendpilot.http_server.server import HttpServer


class Gate:
    """A WSGI app: `/hold` waits until the gate is opened, `/large` answers 8 MB, others 4 bytes."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.held = 0
        self.calls = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            self.calls += 1
            self.held += environ["PATH_INFO"] == "/hold"
        if environ["PATH_INFO"] == "/hold":
            self.opened.wait(20)
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [LARGE if environ["PATH_INFO"] == "/large" else b"done"]


LARGE = b"x" * 8_000_000


def get(server: HttpServer, path: str, *, host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, server.port, timeout=20)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def connect(server: HttpServer, sent: bytes = b"") -> socket.socket:
    """Open a connection that takes little before it is read, and send some bytes."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262_144)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(sent)
    return connection


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def read_answer(connection: socket.socket) -> bytes:
    """Read an answer whose body is `done`; the connection stays open."""
    received = b""
    while not received.endswith(b"\r\n\r\ndone"):
        chunk = connection.recv(65536)
        assert chunk, received
        received += chunk
    return received


def talk(server: HttpServer, sent: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with connect(server, sent) as connection:
        return read_all(connection)
