"""The environment in which the vendor's host is the emulator, and other hosts are themselves."""

import http.server
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import trustme

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.tls.authority import Authority, TlsNotInstalled
from mock_sendpilot.tls.gateway import Gateway, NextProxy
from mock_sendpilot.tls.redirection import redirection
from tests.support import eventually

VENDOR = "https://api.sendpilot.ai"


class Page(http.server.BaseHTTPRequestHandler):
    """Answers with a word."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"other")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def other() -> Iterator[tuple[str, bytes]]:
    """The URL of another https server, and the certificate to trust."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://localhost:{server.server_port}/", authority.cert_pem.bytes()
    server.shutdown()
    server.server_close()
    thread.join()


def get(url: str, variables: dict[str, str]) -> requests.Response:
    """Send a request as a client with these variables does."""
    proxies = {"https": variables["HTTPS_PROXY"]}
    return requests.get(url, proxies=proxies, verify=variables["REQUESTS_CA_BUNDLE"], timeout=10)


def test_the_vendors_host_is_the_server(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server, redirection(server.port, {}) as variables:
        reply = get(f"{VENDOR}/health", variables)

    assert reply.json()["status"] == "ok"
    assert not Path(variables["SSL_CERT_FILE"]).exists()


def test_another_host_is_itself_and_what_was_trusted_is_trusted(
    other: tuple[str, bytes], tmp_path: Path
) -> None:
    url, certificate = other
    (tmp_path / "own.pem").write_bytes(certificate)
    for place in (tmp_path, tmp_path / "own.pem"):
        with redirection(9, {"REQUESTS_CA_BUNDLE": str(place)}) as variables:
            assert get(url, variables).text == "other"


def test_another_host_is_reached_by_the_proxy_of_the_user(
    other: tuple[str, bytes], tmp_path: Path
) -> None:
    url, certificate = other
    (tmp_path / "own.pem").write_bytes(certificate)
    with ExitStack() as stack:
        theirs = stack.enter_context(redirection(9, {}))
        proxy = theirs["HTTPS_PROXY"].replace("://", "://me:p%40ss@")
        environment = {"https_proxy": proxy, "SSL_CERT_FILE": str(tmp_path / "own.pem")}
        ours = stack.enter_context(redirection(9, environment))

        assert get(url, ours).text == "other"
        assert ours["HTTPS_PROXY"] != theirs["HTTPS_PROXY"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param("localhost:1", "502 Bad Gateway", id="nobody listens"),
        pytest.param("no-such-host.invalid:443", "502 Bad Gateway", id="no such host"),
        pytest.param("localhost:x", "502 Bad Gateway", id="no port"),
    ],
)
def test_a_host_that_cannot_be_reached_has_a_reason(target: str, reason: str) -> None:
    with redirection(9, {}) as variables:
        answer = answer_to(variables, f"CONNECT {target} HTTP/1.1\r\n\r\n")

    assert reason in answer
    assert f"mock-sendpilot: {target}: " in answer


def test_a_request_that_is_no_connect_is_refused() -> None:
    with redirection(9, {}) as variables:
        assert "405" in answer_to(variables, "GET http://example.com/ HTTP/1.1\r\n\r\n")


def answer_to(variables: dict[str, str], request: str) -> str:
    """Return the bytes that the proxy sends until it closes the connection."""
    port = int(variables["HTTPS_PROXY"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            return answer.read().decode()


@contextmanager
def server_that_resets() -> Iterator[int]:
    """A port whose connections are reset after some bytes of a response."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_client_sees_that_the_server_has_reset_the_connection() -> None:
    authority = Authority()
    trusting = ssl.create_default_context(cadata=authority.certificate.decode())
    # Some releases of Python 3.11 take any end of a stream for a proper one.
    trusting.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    with (
        server_that_resets() as port,
        Gateway(port, authority.server_context("localhost")) as gateway,
        socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=10) as plain,
        trusting.wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=False
        ) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ssl.SSLError, match=r"(?i)eof"):
            list(iter(lambda: connection.recv(4096), b""))


def test_connections_that_are_open_at_the_end_are_closed(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server, ExitStack() as stack:
        variables = stack.enter_context(redirection(server.port, {}))
        port = int(variables["HTTPS_PROXY"].rpartition(":")[2])
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(b"CONNECT api.sendpilot.ai:443 HTTP/1.1\r\n\r\n")
        assert b"200" in connection.recv(100)
        stack.close()

        eventually(lambda: connection.recv(100) == b"")
        connection.close()


@pytest.mark.parametrize(
    ("exceptions", "kept"),
    [
        pytest.param("localhost,127.0.0.1", "localhost,127.0.0.1", id="others"),
        pytest.param("*", "", id="all"),
        pytest.param("localhost, api.sendpilot.ai", "localhost", id="the host"),
        pytest.param(".sendpilot.ai,a.b", "a.b", id="its domain"),
        pytest.param("ai:443,*.sendpilot.ai,pilot.ai", "pilot.ai", id="parts of it"),
    ],
)
def test_no_exception_of_the_user_lets_the_vendors_host_through(exceptions: str, kept: str) -> None:
    with redirection(9, {"NO_PROXY": exceptions}) as variables:
        assert variables["NO_PROXY"] == kept
        assert "no_proxy" not in variables


def test_settings_of_the_user_for_node_and_python_stay(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_bytes(b"own certificate")
    environment = {
        "NODE_OPTIONS": "--no-warnings",
        "PYTHONPATH": "lib",
        "NODE_EXTRA_CA_CERTS": str(tmp_path / "own.pem"),
    }
    with redirection(9, environment) as variables:
        assert variables["NODE_OPTIONS"].startswith("--no-warnings --require ")
        assert variables["PYTHONPATH"].endswith(":lib")
        certificates = Path(variables["NODE_EXTRA_CA_CERTS"]).read_bytes()

    assert certificates.startswith(b"own certificate\n-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "http://", "http://h:port"])
def test_a_proxy_of_the_user_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"^HTTPS_PROXY: expected the URL of an HTTP proxy"):
        redirection(9, {"HTTPS_PROXY": url})


def test_a_proxy_without_a_scheme_is_an_http_proxy() -> None:
    assert NextProxy.from_url("proxy.example:3128") == NextProxy("http", "proxy.example", 3128)


def test_without_trustme_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(TlsNotInstalled, match=r"pip install 'mock_sendpilot\[tls\]'"):
        Authority()
