"""Somebody else's app that raises: it is served as it would be in production."""

import http.client
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import flask
import pytest
from svix.webhooks import Webhook

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.testing.receiver_check import check_receiver
from mock_sendpilot.testing.serving import answering_crashes, crash_body
from tests.support import SECRET

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

REJECTIONS = {
    "missing_signature", "wrong_secret", "altered_body", "stale_timestamp", "malformed_signature",
}  # fmt: skip


def get(app: "WSGIApplication") -> tuple[int, bytes]:
    """Return status and body of what a server of the wrapped app answers."""
    with HttpServer(answering_crashes(app)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request("GET", "/")
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()


def raising(error: BaseException) -> "WSGIApplication":
    def app(_environ: Any, _start_response: Any) -> Iterable[bytes]:
        raise error

    return app


def raises_while_iterated(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return (bytes(1 // number) for number in [0])


def returns_nothing(_environ: Any, _start_response: Any) -> Any:
    return None


def flask_app(*, testing: bool) -> flask.Flask:
    app = flask.Flask("receiver")
    app.testing = testing

    @app.post("/webhooks")
    def receive() -> tuple[str, int]:
        Webhook(SECRET).verify(flask.request.get_data(), dict(flask.request.headers))
        return "", 204

    return app


@pytest.mark.parametrize(
    ("wrapped", "body"),
    [
        pytest.param(raising(RuntimeError("a bug")), b"RuntimeError: a bug", id="when called"),
        pytest.param(raising(KeyError()), b"KeyError", id="without words"),
        pytest.param(
            raises_while_iterated,
            b"ZeroDivisionError: integer division or modulo by zero",
            id="while iterated",
        ),
        pytest.param(raising(SystemExit(3)), b"SystemExit: 3", id="sys.exit"),
        pytest.param(raising(pytest.fail.Exception("no")), b"Failed: no", id="pytest.fail"),
        pytest.param(
            returns_nothing, b"TypeError: 'NoneType' object is not iterable", id="no body"
        ),
    ],
)
def test_an_exception_is_answered_with_a_500_that_names_it(
    wrapped: "WSGIApplication", body: bytes
) -> None:
    assert get(wrapped) == (500, body)


def test_letters_that_cannot_be_encoded_are_replaced() -> None:
    assert crash_body(ValueError("caf\udce9")) == b"ValueError: caf?"


def test_an_exception_after_the_headers_ends_the_connection() -> None:
    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "8")])
        yield b"half"
        raise RuntimeError("a bug")

    with pytest.raises(http.client.IncompleteRead):
        get(app)


def test_an_app_that_does_not_raise_is_served_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("202 Accepted", [("Content-Length", "4")])
        return [b"do", b"ne"]

    assert get(app) == (202, b"done")
    assert caplog.records == []


def test_the_iterable_of_the_app_is_closed_once() -> None:
    closed: list[str] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            raise RuntimeError("a bug")

        def close(self) -> None:
            closed.append("closed")

    def app(_environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body()

    assert get(app)[0] == 500
    assert closed == ["closed"]


def test_the_traceback_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    get(raising(RuntimeError("a bug of the app")))

    assert "Traceback" in caplog.text
    assert "RuntimeError: a bug of the app" in caplog.text


@pytest.mark.parametrize("testing", [False, True])
def test_a_crash_is_no_rejection_in_process(*, testing: bool) -> None:
    report = check_receiver(flask_app(testing=testing), secret=SECRET, contract=CONTRACTS["live"])

    assert {result.id for result in report.warned} >= REJECTIONS, str(report)


def test_the_finding_names_the_exception() -> None:
    report = check_receiver(flask_app(testing=True), secret=SECRET, contract=CONTRACTS["live"])

    observed = report.result("missing_signature").observed
    assert "rejected by crashing: 500" in observed
    assert "WebhookVerificationError: Missing required headers" in observed
