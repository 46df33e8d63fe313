"""Reason phrases are those of a Node server."""

import http.client
from urllib.parse import urlsplit

import pytest
from flask import Flask

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.server import EmulatorServer
from tests.support import DEMO_KEY

OF_NODE = {  # the `http.STATUS_CODES` of Node 22
    100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints", 200: "OK",
    201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
    205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported",
    226: "IM Used", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 304: "Not Modified", 305: "Use Proxy", 307: "Temporary Redirect",
    308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Payload Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
    417: "Expectation Failed", 418: "I'm a Teapot", 421: "Misdirected Request",
    422: "Unprocessable Entity", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
    426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
    509: "Bandwidth Limit Exceeded", 510: "Not Extended", 511: "Network Authentication Required",
}  # fmt: skip


@pytest.mark.parametrize("status", OF_NODE)
def test_a_status_has_the_phrase_of_node(status: int) -> None:
    assert reason_phrase(status) == OF_NODE[status]


def test_a_status_that_node_does_not_know_is_unknown() -> None:
    assert reason_phrase(599) == "unknown"


def status_line(
    server: HttpServer | EmulatorServer,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> str:
    connection = http.client.HTTPConnection(urlsplit(server.origin).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers={"X-API-Key": DEMO_KEY, **(headers or {})})
        reply = connection.getresponse()
        return f"{reply.status} {reply.reason}"
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        pytest.param("GET", "/v1/leads", {}, "200 OK", id="a success"),
        pytest.param("GET", "/v1/nope", {}, "404 Not Found", id="no such route"),
        pytest.param("GET", "/v1/leads/nope", {}, "404 Not Found", id="no such lead"),
        pytest.param("GET", "/v1/leads?page=0", {}, "400 Bad Request", id="a bad query"),
        pytest.param("GET", "/v1/me", {"X-API-Key": "x"}, "401 Unauthorized", id="a bad key"),
        pytest.param("GET", "/health", {"Host": "evil.example"}, "403 Forbidden", id="a host"),
        pytest.param("GET", "/docs/nope.js", {}, "404 Not Found", id="a file"),
    ],
)
def test_the_status_line_has_the_phrase_of_node(
    emulator: Emulator, method: str, path: str, headers: dict[str, str], expected: str
) -> None:
    with EmulatorServer(emulator) as server:
        assert status_line(server, method, path, headers=headers) == expected


def test_the_status_line_of_a_large_body_has_the_phrase_of_node(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        line = status_line(server, "POST", "/v1/leads", body=b"x" * 1_048_577)

    assert line == "413 Payload Too Large"


def test_a_request_that_the_app_never_sees_has_the_phrase_of_node(app: Flask) -> None:
    with HttpServer(app, speaks_for_vendor=True) as server:
        line = status_line(server, "GET", "/v1/leads", headers={"X-Long": "x" * 270_000})

    assert line == "431 Request Header Fields Too Large"


def test_an_embedded_app_has_the_phrase_of_node(app: Flask) -> None:
    assert app.test_client().get("/v1/nope").status == "404 Not Found"


def test_the_log_of_access_keeps_its_status(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="mock_sendpilot.access"):
        app.test_client().get("/v1/nope")

    assert "GET /v1/nope 404" in caplog.text
