"""Probes: what they show decides whether a second delivery had an effect."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import trustme
from werkzeug.wrappers import Request, Response

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.receiver_check.probes import ProbeFailed, look, url_probe
from mock_sendpilot.receiver_check.report import Report
from mock_sendpilot.testing.receiver_check import check_receiver
from tests.receiver_check import later_receivers as later
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import LIVE, blemishes
from tests.support import SECRET
from tests.webhooks.test_http_sender import raw_receiver

REPEATED = ("idempotent", "concurrent_duplicate")


def examined(
    receiver: r.Receiver, probe: "str | Callable[[], Any]", *, max_latency: float = 5.0
) -> Report:
    return check_receiver(
        receiver, secret=SECRET, contract=LIVE, probe=probe, max_latency=max_latency
    )


def repeated(report: Report) -> list[str]:
    """How the checks came out that look at the probe."""
    return [report.result(check_id).outcome for check_id in REPEATED]


def test_a_path_of_the_app_can_be_the_probe() -> None:
    assert blemishes(examined(r.Receiver(), "/effects")) == {}


def test_a_second_effect_is_seen_at_a_path_of_the_app() -> None:
    report = examined(r.ActsOnEveryDelivery(), "/effects")

    assert blemishes(report) == dict.fromkeys(REPEATED, "failed")


def test_a_url_can_be_the_probe() -> None:
    receiver = r.ActsOnEveryDelivery()
    with HttpServer(receiver) as server:
        report = examined(receiver, f"{server.origin}/effects")

    assert report.result("idempotent").outcome == "failed"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(len, id="a number"),
        pytest.param(lambda effects: set(range(len(effects))), id="a set"),
        pytest.param(lambda effects: {"leads": [{"events": effects}]}, id="nested"),
        pytest.param(lambda effects: f"{len(effects)} events", id="a text"),
        pytest.param(lambda effects: "\n".join(["x"] * len(effects)), id="lines"),
    ],
)
def test_what_a_function_shows_may_have_any_form(shown: Callable[[list[str]], object]) -> None:
    receiver = r.ActsOnEveryDelivery()

    report = examined(receiver, lambda: shown(receiver.effects))

    assert blemishes(report) == dict.fromkeys(REPEATED, "failed")


def test_where_effects_cannot_be_counted_two_at_once_look_like_one() -> None:
    receiver = r.LooksUpBeforeItActs()

    report = examined(receiver, lambda: receiver.effects[-1:])

    assert blemishes(report) == {}
    assert "no number of effects" in report.result("concurrent_duplicate").seen


class ActsOnRepliesAlone(r.ActsOnEveryDelivery):
    def act(self, event: dict[str, Any]) -> None:
        if event["eventType"] == "reply.received":
            super().act(event)


def test_another_event_is_tried_where_the_first_has_no_effect() -> None:
    receiver = ActsOnRepliesAlone()

    report = examined(receiver, lambda: receiver.effects, max_latency=0.2)

    assert repeated(report) == ["failed", "failed"]


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        pytest.param(lambda: 7, "does not show what events do", id="always the same"),
        pytest.param(count().__next__, "changes by itself", id="always another"),
    ],
)
def test_a_probe_that_tells_nothing_leaves_it_open(probe: Callable[[], Any], says: str) -> None:
    report = examined(r.ActsOnEveryDelivery(), probe, max_latency=0.1)

    assert repeated(report) == ["inconclusive", "inconclusive"]
    assert says in report.result("idempotent").seen
    assert "Have the probe show the effects" in report.result("idempotent").fix


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        pytest.param("/webhooks", "the probe answered 401, not 200", id="an answer that is no 200"),
        pytest.param("http://127.0.0.1:1/", "the probe gave no answer", id="no answer"),
    ],
)
def test_a_probe_that_shows_nothing_ends_it_before_it_begins(probe: str, says: str) -> None:
    receiver = r.Receiver()

    with pytest.raises(InvalidInput, match=f"{says}.*; no event was sent"):
        examined(receiver, probe)

    assert receiver.effects == []


def test_a_probe_that_shows_nothing_any_more_is_a_failure() -> None:
    report = examined(later.HasABrokenProbe(), "/effects")

    assert blemishes(report) == dict.fromkeys(REPEATED, "failed")
    assert report.result("idempotent").seen == "the probe answered 500, not 200, unlike before"
    assert "See that the probe answers" in report.result("idempotent").fix


def test_what_a_probe_of_the_user_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        examined(r.Receiver(), lambda: 1 / 0)


def test_a_look_is_a_copy() -> None:
    effects = ["one"]
    before = look(lambda: effects)
    effects.append("two")

    assert before == ["one"]


def test_what_cannot_be_copied_is_looked_at_as_text() -> None:
    def shown() -> Iterator[int]:
        yield 1

    assert look(shown).startswith("<generator")


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
    ("path", "shown"),
    [
        pytest.param("/json?a=1", {"query": "a=1"}, id="JSON"),
        pytest.param("", "2 effects", id="text"),
    ],
)
def test_a_url_shows_its_body(origin: str, path: str, shown: object) -> None:
    assert url_probe(f"{origin}{path}", timeout_seconds=5)() == shown


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param("/événements?zoë=ø", "/%C3%A9v%C3%A9nements?zo%C3%AB=%C3%B8", id="letters"),
        pytest.param("/a%20b?c=%2F", "/a%20b?c=%2F", id="quoted already"),
    ],
)
def test_a_url_is_quoted_where_it_has_to_be(path: str, asked: str) -> None:
    seen: list[str] = []

    @Request.application
    def app(request: Request) -> Response:
        seen.append(request.environ["REQUEST_URI"])
        return Response("1")

    with HttpServer(app) as server:
        url_probe(f"{server.origin}{path}", timeout_seconds=5)()

    assert seen == [asked]


def test_a_host_that_is_none_is_told_in_words() -> None:
    probe = url_probe(f"http://{'a' * 70}.invalid/", timeout_seconds=5)

    with pytest.raises(ProbeFailed, match=r"the probe gave no answer: .*label"):
        probe()


def test_interim_responses_before_the_answer_are_read_past() -> None:
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
def test_an_answer_that_comes_letter_by_letter_has_one_deadline(beginning: bytes) -> None:
    began = perf_counter()
    with raw_receiver(beginning, trickles=True) as url:
        probe = url_probe(url, timeout_seconds=0.2)

        with pytest.raises(ProbeFailed, match=r"the probe gave no answer within 0\.2 s"):
            probe()

    assert perf_counter() - began < 2


class _TlsServer(ThreadingHTTPServer):
    context: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True), address

    def handle_error(self, *_: object) -> None:
        pass


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[1]")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def tls_url(authority: trustme.CA) -> Iterator[str]:
    with _TlsServer(("127.0.0.1", 0), _Answers) as server:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server.context)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_an_https_url_is_asked_over_tls_with_the_authority_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tls_url: str, authority_bundle: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority_bundle))

    assert url_probe(tls_url, timeout_seconds=5)() == [1]


def test_a_certificate_that_nobody_vouches_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, tls_url: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)

    with pytest.raises(ProbeFailed, match=r"gave no answer: .*CERTIFICATE_VERIFY_FAILED"):
        url_probe(tls_url, timeout_seconds=5)()
