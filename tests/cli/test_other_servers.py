"""The commands before a server that is another one, that is slow, or that speaks TLS."""

import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from mock_sendpilot.cli import client, main
from mock_sendpilot.cli.client import Response, send_request
from tests.webhooks.test_http_sender import raw_receiver

READY = b'{"status":"ok","version":"1","workspaces":1,"pendingDeliveries":0}'
EVENT = "evt_1780304400000_k3v9q2x7d"
COMMANDS = (
    ["clock", "show"],
    ["clock", "show", "--json"],
    ["clock", "freeze"],
    ["clock", "advance", "1h"],
    ["deliveries", "list"],
    ["deliveries", "show", "dlv_1"],
    ["disrupt", "drop"],
    ["disruptions", "list"],
    ["disruptions", "remove", "dis_1"],
    ["disruptions", "remove", "--all"],
    ["endpoints", "list"],
    ["endpoints", "show", "ep_1"],
    ["endpoints", "show", "ep_1", "--print-secret"],
    ["endpoints", "add", "http://127.0.0.1:9/"],
    ["endpoints", "disable", "ep_1"],
    ["endpoints", "rotate-secret", "ep_1"],
    ["endpoints", "test", "ep_1"],
    ["endpoints", "delete", "ep_1"],
    ["events", "list"],
    ["events", "list", "--json"],
    ["events", "show", EVENT],
    ["listen"],
    ["listen", "--forward-to", "http://127.0.0.1:9/"],
    ["resend", "dlv_1"],
    ["resend", "--since", "2026-06-01T09:00:00Z"],
    ["simulate", "reply", "lead_1"],
    ["trigger", "message.sent", "--lead", "lead_1"],
    ["wait"],
    ["wait", "--event", "message.sent"],
)
KEYLESS = [
    one for one in COMMANDS if "--json" not in one and one[1:2] not in (["delete"], ["remove"])
]


def run(url: str, *arguments: str, **variables: str) -> Result:
    runner = CliRunner(env={"REQUESTS_CA_BUNDLE": None, "SSL_CERT_FILE": None, **variables})
    return runner.invoke(main, [*arguments, "--url", url], prog_name="mock-sendpilot")


@contextmanager
def serving(
    status: int = 200, body: bytes = b"", *, kind: str = "text/html", **headers: str
) -> Iterator[http.server.ThreadingHTTPServer]:
    """A server that answers everything alike."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def url_of(server: http.server.ThreadingHTTPServer, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.server_port}"


# --- another server -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def web_site() -> Iterator[str]:
    with serving(200, b"<html>hello</html>") as server:
        yield url_of(server)


@pytest.fixture(scope="module")
def json_server() -> Iterator[str]:
    with serving(200, b'{"hello": "world"}', kind="application/json") as server:
        yield url_of(server)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_web_site_is_exit_code_1_for_every_command(web_site: str, arguments: list[str]) -> None:
    result = run(web_site, *arguments)

    problem = "is not a mock_sendpilot server: unexpected response with status 200"
    expected = f"mock-sendpilot: {web_site} {problem}\n"
    assert (result.exit_code, result.stderr) == (1, expected), result.exception
    assert "deleted" not in result.stdout
    assert "removed" not in result.stdout


@pytest.mark.parametrize("arguments", KEYLESS, ids=" ".join)
def test_a_server_with_other_keys_is_exit_code_1(json_server: str, arguments: list[str]) -> None:
    result = run(json_server, *arguments)

    assert result.exit_code == 1, result.exception
    assert f"{json_server} is not a mock_sendpilot server, or has another version" in result.stderr


@pytest.mark.parametrize("arguments", KEYLESS, ids=" ".join)
def test_a_server_that_answers_204_is_exit_code_1(arguments: list[str]) -> None:
    with serving(204) as server:
        result = run(url_of(server), *arguments)

    assert result.exit_code == 1, result.exception
    assert "is not a mock_sendpilot server: unexpected response with status 204" in result.stderr


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        pytest.param(
            500,
            {},
            "is not a mock_sendpilot server: unexpected response with status 500",
            id="error",
        ),
        pytest.param(
            404,
            {},
            "is not a mock_sendpilot server: unexpected response with status 404",
            id="not found",
        ),
        pytest.param(
            301,
            {"Location": "https://a.b/c"},
            "redirects (301) to https://a.b/c",
            id="moved",
        ),
    ],
)
def test_an_unexpected_status_is_printed(status: int, headers: dict[str, str], reason: str) -> None:
    with serving(status, b"<html></html>", **headers) as server:
        result = run(url_of(server), "clock", "show")

    assert (result.exit_code, reason in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        pytest.param(503, READY, "it answers 503", id="not yet"),
        pytest.param(404, b"", "it answers 404", id="not found"),
        pytest.param(200, b"<html></html>", "it is not a mock_sendpilot server", id="web site"),
        pytest.param(200, b'{"status":"ok"}', "it is not a mock_sendpilot server", id="other JSON"),
        pytest.param(200, b"[]", "it is not a mock_sendpilot server", id="array"),
    ],
)
def test_ready_checks_status_and_body(status: int, body: bytes, reason: str) -> None:
    with serving(status, body) as server:
        result = run(url_of(server), "ready")

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{url_of(server)} is not ready: {reason}" in result.stderr


# --- a slow one ---------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_timeout_is_not_printed_as_an_unreachable_server(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(*arguments: Any, **options: Any) -> Response:
        return send_request(*arguments, **{**options, "timeout_seconds": 0.05})

    monkeypatch.setattr(client, "send_request", impatient)
    result = run(silent, "clock", "show")

    problem = "has not answered within 0.05 s; it may still be processing the request"
    assert (result.exit_code, result.stderr) == (1, f"mock-sendpilot: {silent} {problem}\n")


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        pytest.param(["advance", "365d"], None, id="advance"),
        pytest.param(["set", "2999-01-01T00:00:00Z"], None, id="set"),
        pytest.param(["freeze"], None, id="freeze"),
        pytest.param(["resume"], None, id="resume"),
        pytest.param(["show"], 65.0, id="show"),
    ],
)
def test_a_change_of_the_clock_has_no_timeout(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], seconds: float | None
) -> None:
    timeouts: list[float | None] = []

    def respond(*_: object, timeout_seconds: float | None, **__: object) -> Response:
        timeouts.append(timeout_seconds)
        clock = b'{"now":"N","frozen":true,"running":[],"nextDueAt":null,"failure":null}'
        return Response(200, HTTPMessage(), clock)

    monkeypatch.setattr(client, "send_request", respond)
    result = run("http://127.0.0.1:9", "clock", *arguments)

    assert (result.exit_code, timeouts) == (0, [seconds])


def test_ready_waits_no_longer_than_the_option_says(silent: str) -> None:
    before = time.perf_counter()
    result = run(silent, "ready", "--wait", "0.2")
    took = time.perf_counter() - before

    assert (result.exit_code, took < 20) == (1, True), took  # a response has 65 s elsewhere
    assert "has not answered" in result.stderr


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture
def over_tls(authority: trustme.CA) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(200, READY) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield url_of(server, "https")


def test_interim_responses_of_a_proxy_are_skipped() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    length = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(READY)
    with raw_receiver(interim + length + READY) as url:
        assert run(url, "ready").exit_code == 0


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_server_with_a_trusted_certificate_is_reached_over_tls(
    over_tls: str, authority_bundle: Path, variable: str
) -> None:
    result = run(over_tls, "ready", **{variable: str(authority_bundle)})

    assert (result.exit_code, result.stdout) == (0, f"{over_tls} is ready\n"), result.stderr


@pytest.mark.parametrize("arguments", [["ready"], ["clock", "show"]], ids=" ".join)
def test_an_untrusted_certificate_is_exit_code_1_with_a_remedy(
    over_tls: str, arguments: list[str]
) -> None:
    result = run(over_tls, *arguments)

    assert result.exit_code == 1
    assert "has a certificate that is not trusted: " in result.stderr
    assert "REQUESTS_CA_BUNDLE or SSL_CERT_FILE" in result.stderr


def test_a_missing_bundle_of_certificates_is_exit_code_1(over_tls: str) -> None:
    result = run(over_tls, "clock", "show", REQUESTS_CA_BUNDLE="/nowhere.pem")

    assert result.exit_code == 1
    assert "REQUESTS_CA_BUNDLE: /nowhere.pem cannot be read" in result.stderr


# --- where it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "port"),
    [
        pytest.param("", 7363, id="empty"),
        pytest.param("tcp://10.0.0.1:7363", 7363, id="address of a container platform"),
        pytest.param("udp://10.0.0.1:53", 7363, id="another"),
        pytest.param("9999", 9999, id="number"),
    ],
)
def test_the_port_variable_is_read_as_start_reads_it(
    monkeypatch: pytest.MonkeyPatch, value: str, port: int
) -> None:
    urls: list[str] = []

    def respond(url: str, *_: object, **__: object) -> Response:
        urls.append(url)
        clock = b'{"now":"N","frozen":true,"running":[],"nextDueAt":null}'
        return Response(200, HTTPMessage(), clock)

    monkeypatch.setattr(client, "send_request", respond)
    variables = {"MOCK_SENDPILOT_PORT": value, "MOCK_SENDPILOT_URL": ""}
    result = CliRunner(env=variables).invoke(main, ["clock", "show"])

    assert (result.exit_code, urls) == (0, [f"http://127.0.0.1:{port}"])


@pytest.mark.parametrize("value", ["0", "65536", "seven"])
def test_an_invalid_port_variable_is_exit_code_2(value: str) -> None:
    variables = {"MOCK_SENDPILOT_PORT": value, "MOCK_SENDPILOT_URL": ""}
    result = CliRunner(env=variables).invoke(main, ["clock", "show"])

    assert result.exit_code == 2
    assert "MOCK_SENDPILOT_PORT: " in result.stderr


@pytest.mark.parametrize("json_text", ['{"now": 1}', '{"now":"N"}'], ids=["number", "no more keys"])
def test_json_is_printed_unchanged(json_text: str) -> None:
    with serving(200, json_text.encode(), kind="application/json") as server:
        result = run(url_of(server), "clock", "show", "--json")

    assert json.loads(result.stdout) == json.loads(json_text)
