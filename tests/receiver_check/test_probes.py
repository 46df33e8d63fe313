"""Probes: functions and URLs that count effects."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import trustme
from werkzeug.wrappers import Request, Response

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.receiver_check.report import ReceiverReport
from mock_sendpilot.receiver_check.target import ProbeFailed, url_probe
from tests.receiver_check import receivers as r
from tests.receiver_check.async_receivers import HasABrokenProbe
from tests.receiver_check.test_planted_faults import ACTS_TWICE, check, problems
from tests.webhooks.test_http_sender import raw_receiver


def effect_outcomes(report: ReceiverReport) -> list[str]:
    """Return the outcomes of the checks that count effects."""
    return [report.result(check_id).outcome for check_id in ACTS_TWICE]


def test_a_path_of_the_app_can_be_the_probe() -> None:
    assert problems(check(r.Receiver(), "/effects")) == {}


def test_a_second_effect_is_found_by_a_path_of_the_app() -> None:
    assert problems(check(r.ActsOnEveryDelivery(), "/effects")) == ACTS_TWICE


def test_a_url_can_be_the_probe() -> None:
    receiver = r.ActsOnEveryDelivery()
    with HttpServer(receiver) as server:
        report = check(receiver, f"{server.origin}/effects")

    assert problems(report) == ACTS_TWICE


def test_a_function_that_returns_a_number_can_be_the_probe() -> None:
    receiver = r.ActsOnEveryDelivery()

    assert problems(check(receiver, lambda: len(receiver.effects))) == ACTS_TWICE


@pytest.mark.parametrize(
    ("probe", "problem"),
    [
        pytest.param("/webhooks", "expected status 200 from the probe, got 401", id="status"),
        pytest.param("http://127.0.0.1:1/", "the probe did not respond", id="no response"),
        pytest.param(dict, "expected a number or a list of effects .*, got dict", id="object"),
        pytest.param(lambda: "7", "expected a number or a list of effects .*, got str", id="text"),
        pytest.param(lambda: True, "expected a number or a list .*, got bool", id="boolean"),
    ],
)
def test_a_probe_without_a_count_is_refused_before_an_event_is_sent(
    probe: Any, problem: str
) -> None:
    receiver = r.Receiver()

    with pytest.raises(InvalidInput, match=f"{problem}.*; no event was sent"):
        check(receiver, probe)

    assert receiver.effects == []


def test_a_probe_that_breaks_during_the_check_is_a_failure() -> None:
    report = check(HasABrokenProbe(), "/effects")

    assert problems(report) == ACTS_TWICE
    assert report.result("idempotent").observed == (
        "expected status 200 from the probe, got 500, unlike before"
    )
    assert "Keep the probe available" in report.result("idempotent").fix


def test_an_exception_of_the_probe_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        check(r.Receiver(), lambda: 1 / 0)


@pytest.fixture
def origin() -> Iterator[str]:
    @Request.application
    def app(request: Request) -> Response:
        if request.path == "/json":
            return Response(json.dumps({"query": request.query_string.decode()}))
        return Response("2 effects")

    with HttpServer(app) as server:
        yield server.origin


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("/json?a=1", {"query": "a=1"}, id="JSON"),
        pytest.param("", "2 effects", id="text"),
    ],
)
def test_a_url_probe_returns_the_body(origin: str, path: str, value: object) -> None:
    assert url_probe(f"{origin}{path}", timeout_seconds=5)() == value


@pytest.mark.parametrize(
    ("path", "requested"),
    [
        pytest.param("/événements?zoë=ø", "/%C3%A9v%C3%A9nements?zo%C3%AB=%C3%B8", id="letters"),
        pytest.param("/a%20b?c=%2F", "/a%20b?c=%2F", id="quoted already"),
    ],
)
def test_a_url_is_quoted_if_necessary(path: str, requested: str) -> None:
    requests: list[str] = []

    @Request.application
    def app(request: Request) -> Response:
        requests.append(request.environ["REQUEST_URI"])
        return Response("1")

    with HttpServer(app) as server:
        url_probe(f"{server.origin}{path}", timeout_seconds=5)()

    assert requests == [requested]


def test_an_invalid_host_is_a_failure_of_the_probe() -> None:
    probe = url_probe(f"http://{'a' * 70}.invalid/", timeout_seconds=5)

    with pytest.raises(ProbeFailed, match=r"the probe did not respond: .*label"):
        probe()


def test_interim_responses_are_skipped() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7"
    with raw_receiver(interim + final) as url:
        assert url_probe(url, timeout_seconds=5)() == 7


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", id="head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", id="body"),
    ],
)
def test_a_trickling_response_has_one_deadline(beginning: bytes) -> None:
    began = perf_counter()
    with raw_receiver(beginning, trickles=True) as url:
        probe = url_probe(url, timeout_seconds=0.2)

        with pytest.raises(ProbeFailed, match=r"the probe did not respond within 0\.2 s"):
            probe()

    assert perf_counter() - began < 20


class _TlsServer(ThreadingHTTPServer):
    context: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True), address

    def handle_error(self, *_: object) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[1]")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def tls_url(authority: trustme.CA) -> Iterator[str]:
    with _TlsServer(("127.0.0.1", 0), _Handler) as server:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server.context)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_an_https_url_is_verified_with_the_authority_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tls_url: str, authority_bundle: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority_bundle))

    assert url_probe(tls_url, timeout_seconds=5)() == [1]


def test_an_untrusted_certificate_is_refused(monkeypatch: pytest.MonkeyPatch, tls_url: str) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)

    with pytest.raises(ProbeFailed, match=r"did not respond: .*CERTIFICATE_VERIFY_FAILED"):
        url_probe(tls_url, timeout_seconds=5)()
