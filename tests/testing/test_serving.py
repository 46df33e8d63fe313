"""Somebody else's app, served for a test: WSGI and ASGI, what is neither, and the lifespan."""

import asyncio
import functools
import http.client
import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import flask
import freezegun
import orjson
import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.asgi_bridge import AppNotStarted, AsgiApp, AsgiBridge
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.serving import AppServer
from tests.receiver_check.verification import by_svix
from tests.support import SECRET, Reply, eventually, over_a_socket

EVENT = "message.sent"


def request(app: Any, method: str = "POST", path: str = "/hook", body: bytes = b"{}") -> Reply:
    with AppServer(app) as server:
        return over_a_socket(server.origin)(method, path, body=body, key=None)


async def answer(send: Any, status: int = 200, *parts: bytes, headers: Any = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


# --- kinds of apps ------------------------------------------------------------------------------


def wsgi(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"WSGI"]


def wsgi_of_any_arguments(*arguments: Any) -> Iterable[bytes]:
    return wsgi(*arguments)


class WsgiClass:
    """As in PEP 3333: an app whose calls make what is iterated over."""

    def __init__(self, _environ: Any, start_response: Any) -> None:
        start_response("200 OK", [])

    def __iter__(self) -> Any:
        return iter([b"WSGI"])


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return wsgi(environ, start_response)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    await answer(send, 200, b"ASGI")


async def asgi_with_a_setting(setting: str, scope: Any, receive: Any, send: Any) -> None:
    await answer(send, 200, setting.encode())


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asgi(scope, receive, send)


class AsgiMiddleware:
    """A wrapper that is not itself asynchronous."""

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return asgi(scope, receive, send)


@pytest.mark.parametrize(
    ("served", "body"),
    [
        pytest.param(wsgi, b"WSGI", id="WSGI function"),
        pytest.param(wsgi_of_any_arguments, b"WSGI", id="WSGI of any arguments"),
        pytest.param(WsgiClass, b"WSGI", id="WSGI class"),
        pytest.param(WsgiObject(), b"WSGI", id="WSGI object"),
        pytest.param(asgi, b"ASGI", id="ASGI function"),
        pytest.param(AsgiObject(), b"ASGI", id="ASGI object"),
        pytest.param(AsgiMiddleware(), b"ASGI", id="ASGI without async"),
        pytest.param(functools.partial(asgi_with_a_setting, "ASGI"), b"ASGI", id="ASGI partial"),
    ],
)
def test_an_app_is_served_as_what_it_is(served: Any, body: bytes) -> None:
    reply = request(served)

    assert (reply.status, reply.body) == (200, body)


def factory() -> flask.Flask:
    return flask.Flask("made")


async def no_app(_environ: Any, _start_response: Any) -> None:
    """Asynchronous, and of two arguments: neither the one nor the other."""


class Asgi2:
    """An app of ASGI 2, which is called twice."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> None:
        """Answer nothing."""


class OfAnotherServer:
    """Callable, as an app of aiohttp is, but only by that server."""

    def __call__(self) -> "OfAnotherServer":
        return self


@pytest.mark.parametrize(
    ("served", "name"),
    [
        pytest.param(None, "an object of builtins.NoneType", id="None"),
        pytest.param(9000, "an object of builtins.int", id="port"),
        pytest.param(factory, "the function factory; call it", id="factory"),
        pytest.param(no_app, "the function no_app", id="async of two"),
        pytest.param(Asgi2, r"the class .*\.Asgi2", id="ASGI 2"),
        pytest.param(OfAnotherServer(), r"an object of .*\.OfAnotherServer", id="other server"),
    ],
)
def test_an_object_that_cannot_be_served_is_refused_by_name(
    sendpilot: Sandbox, served: Any, name: str
) -> None:
    expected = rf"^expected a URL, a WSGI app .* or an ASGI app .*, got {name}"
    with pytest.raises(InvalidInput, match=expected):
        sendpilot.add_endpoint(served)
    with pytest.raises(InvalidInput, match=expected):
        sendpilot.check_receiver(served, secret=SECRET)


# --- a request ----------------------------------------------------------------------------------


def test_an_asgi_app_sees_the_request() -> None:
    received: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            received.update(scope, message=await receive())
            await answer(
                send, 201, b"a", b"b", headers=[(b"X-Odd", b"\xe9"), (b"Connection", b"x")]
            )

    reply = request(app, "PUT", "/caf%C3%A9/a%2Fb?q=%201", b"body")

    assert (reply.status, reply.body, reply.headers["x-odd"]) == (201, b"ab", "\u00e9")
    assert reply.headers["connection"] != "x"
    assert (received["method"], received["path"], received["query_string"]) == (
        "PUT",
        "/caf\u00e9/a/b",
        b"q=%201",
    )
    assert received["raw_path"] == b"/caf%C3%A9/a%2Fb"
    assert dict(received["headers"])[b"content-length"] == b"4"
    assert received["message"] == {"type": "http.request", "body": b"body", "more_body": False}


def test_the_answer_does_not_wait_for_what_an_app_does_after_it() -> None:
    may_end, has_ended = threading.Event(), threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await receive()
            await answer(send, 204)
            assert (await receive())["type"] == "http.disconnect"
            await asyncio.to_thread(may_end.wait, 10)
            has_ended.set()

    with AppServer(app) as server:
        reply = over_a_socket(server.origin)("POST", "/hook", key=None)
        had_ended = has_ended.is_set()
        may_end.set()

    assert (reply.status, had_ended) == (204, False)
    assert has_ended.is_set()


def crash() -> None:
    raise KeyError("plan")


async def raises_at_once(scope: Any, receive: Any, send: Any) -> None:
    crash()


async def raises_in_the_middle(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    crash()


async def raises_after_its_500(scope: Any, receive: Any, send: Any) -> None:
    """As Starlette does."""
    await answer(send, 500, b"Internal Server Error")
    crash()


async def returns_in_the_middle(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def exits(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        sys.exit("no configuration")


async def sends_what_nobody_knows(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.zstd"})


@pytest.mark.parametrize(
    ("served", "body"),
    [
        pytest.param(raises_at_once, "KeyError: 'plan'", id="at once"),
        pytest.param(raises_in_the_middle, "KeyError: 'plan'", id="in the middle"),
        pytest.param(raises_after_its_500, "KeyError: 'plan'", id="after a 500"),
        pytest.param(exits, "SystemExit: no configuration", id="exit"),
        pytest.param(
            returns_in_the_middle,
            "RuntimeError: the app returned without a complete response",
            id="no end",
        ),
        pytest.param(
            sends_what_nobody_knows,
            "RuntimeError: unexpected message 'http.response.zstd' of an ASGI app",
            id="unknown message",
        ),
    ],
)
def test_an_asgi_app_that_fails_is_answered_with_a_500_that_says_how(
    served: AsgiApp, body: str
) -> None:
    reply = request(served)

    assert (reply.status, reply.body.decode()) == (500, body)


def test_an_asgi_app_that_exits_once_answers_the_next_request() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/exit":
                sys.exit()
            await answer(send, 204)

    with AppServer(app) as server:
        api = over_a_socket(server.origin)
        assert [api("GET", path, key=None).status for path in ("/exit", "/")] == [500, 204]


def test_a_500_of_the_apps_own_stays_as_it_is() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await answer(send, 503, b"busy")

    reply = request(app)

    assert (reply.status, reply.body) == (503, b"busy")


def test_an_exception_after_the_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await answer(send, 204)
            crash()

    with caplog.at_level(logging.WARNING):
        assert request(app).status == 204
    assert "the app raised an exception after its response" in caplog.text
    assert "KeyError: 'plan'" in caplog.text


# --- lifespan -----------------------------------------------------------------------------------


class Lifespan:
    """An app that notes its lifespan, and answers with what it has put into its state."""

    def __init__(self, startup: str = "complete", shutdown: str = "complete") -> None:
        self.startup, self.shutdown = startup, shutdown
        self.noted: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await answer(send, 200, scope["state"]["made"])
            return
        assert scope["type"] == "lifespan"
        while True:
            kind = (await receive())["type"]
            self.noted.append(kind)
            scope["state"]["made"] = b"at startup"
            how = self.startup if kind == "lifespan.startup" else self.shutdown
            if how == "never":
                await asyncio.Event().wait()
            await send({"type": f"{kind}.{how}", "message": "Traceback\n  ...\nOSError: no db\n"})
            if kind == "lifespan.shutdown":
                return


def test_the_lifespan_of_an_app_begins_and_ends_with_its_server() -> None:
    app = Lifespan()
    with AppServer(app) as server:
        began = list(app.noted)
        reply = over_a_socket(server.origin)("GET", "/", key=None)

    assert began == ["lifespan.startup"]
    assert reply.body == b"at startup"
    assert app.noted == ["lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize(
    ("startup", "seconds", "message"),
    [
        pytest.param("failed", 20, "the startup of the app failed: OSError: no db", id="failed"),
        pytest.param("never", 0.1, "the startup of the app took longer than 0.1 s", id="never"),
    ],
)
def test_an_app_that_does_not_start_is_an_error_in_words(
    startup: str, seconds: float, message: str
) -> None:
    bridge = AsgiBridge(Lifespan(startup), startup_seconds=seconds, shutdown_seconds=0.1)
    with pytest.raises(AppNotStarted, match=f"^{message}$"):
        bridge.start()


def test_an_app_that_exits_in_its_startup_is_an_error_in_words() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        sys.exit("no configuration")

    with pytest.raises(AppNotStarted, match="startup of the app failed: SystemExit: no config"):
        AsgiBridge(app).start()


def test_an_endpoint_of_an_app_that_does_not_start_is_none(sendpilot: Sandbox) -> None:
    with pytest.raises(AppNotStarted):
        sendpilot.add_endpoint(Lifespan("failed"))

    assert sendpilot.backend.view().outbox.endpoints.all() == []


@pytest.mark.parametrize(
    ("shutdown", "seconds", "message"),
    [
        pytest.param("failed", 20, "the shutdown of the app failed: Traceback", id="failed"),
        pytest.param("never", 0.1, "the shutdown of the app took longer than 0.1 s", id="never"),
    ],
)
def test_a_shutdown_that_fails_is_logged_and_holds_nobody_up(
    caplog: pytest.LogCaptureFixture, shutdown: str, seconds: float, message: str
) -> None:
    bridge = AsgiBridge(Lifespan(shutdown=shutdown), shutdown_seconds=seconds)
    with caplog.at_level(logging.WARNING), bridge:
        pass

    assert message in caplog.text


def test_a_request_that_hangs_ends_with_the_server() -> None:
    is_hanging, was_cancelled = threading.Event(), threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            is_hanging.set()
            try:
                await asyncio.Event().wait()
            finally:
                was_cancelled.set()

    server = AppServer(app, shutdown_seconds=60)  # which are not for requests
    server.start()
    connection = http.client.HTTPConnection(server.origin.partition("//")[2], timeout=20)
    connection.request("GET", "/")
    assert is_hanging.wait(10)
    began = time.monotonic()
    server.stop()
    connection.close()

    assert was_cancelled.is_set()
    assert time.monotonic() - began < 20
    eventually(lambda: not [one for one in threading.enumerate() if "asgi" in one.name])


def test_an_app_that_blocks_its_loop_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    may_end = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await answer(send, 204)
            may_end.wait(20)

    bridge = AsgiBridge(app, shutdown_seconds=0.05)
    bridge.start()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    bridge(environ, lambda *_: lambda _: None)
    with caplog.at_level(logging.WARNING):
        bridge.stop()
    may_end.set()

    assert "the app blocks its event loop and was left running" in caplog.text


def test_timers_of_an_app_run_while_the_test_freezes_the_time() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(0.01)
            await answer(send, 204)

    with freezegun.freeze_time("2001-02-03"):
        assert request(app).status == 204


# --- in a test ----------------------------------------------------------------------------------


def flask_app(paths: list[str]) -> flask.Flask:
    app = flask.Flask("receiver")

    @app.post("/<path:path>")
    def receive(path: str) -> tuple[str, int]:
        paths.append(path)
        return "", 204

    return app


def noting(paths: list[str]) -> AsgiApp:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            paths.append(scope["path"].strip("/"))
            await answer(send, 204)

    return app


def trigger(sendpilot: Sandbox) -> None:
    sendpilot.trigger(EVENT, lead_id=sendpilot.add_lead())


@pytest.mark.parametrize("make", [flask_app, noting], ids=["WSGI", "ASGI"])
def test_an_app_gets_webhooks_for_the_length_of_a_test(
    sendpilot: Sandbox, make: Callable[[list[str]], Any]
) -> None:
    paths: list[str] = []
    app = make(paths)
    first = sendpilot.add_endpoint(app)
    second = sendpilot.add_endpoint(app, path="/others?token=1")
    trigger(sendpilot)
    webhook = sendpilot.webhooks.wait_for(EVENT, timeout=20)
    sendpilot.close()

    assert [one.state for one in webhook.deliveries] == ["succeeded", "succeeded"]
    assert sorted(paths) == ["others", "webhooks"]
    assert second.url == first.url.replace("/webhooks", "/others?token=1")
    with pytest.raises(OSError, match=r"refused|10061"):
        over_a_socket(first.url.rpartition("/")[0])("POST", "/webhooks", key=None)


def test_an_app_of_several_endpoints_is_started_once(sendpilot: Sandbox) -> None:
    app = Lifespan()
    sendpilot.add_endpoint(app)
    sendpilot.add_endpoint(app, path="/others")
    sendpilot.close()

    assert app.noted == ["lifespan.startup", "lifespan.shutdown"]


def test_a_crash_of_an_app_stands_in_the_attempt(sendpilot: Sandbox) -> None:
    app = flask.Flask("receiver")
    app.testing = True

    @app.post("/webhooks")
    def receive() -> str:
        crash()
        return ""

    sendpilot.add_endpoint(app)
    trigger(sendpilot)
    sendpilot.webhooks.wait_for(EVENT, timeout=20)

    with pytest.raises(AssertionError, match=r"failed: the response was 500 \"KeyError: 'plan'\""):
        sendpilot.webhooks.wait_for(EVENT, count=2, timeout=0.01)


@pytest.mark.parametrize(
    ("served", "path", "says"),
    [
        pytest.param(
            wsgi, "webhooks", "expected a path that begins with /, got 'webhooks'", id="app"
        ),
        pytest.param(wsgi, 5, "expected a path that begins with /, got 5", id="number"),
        pytest.param(
            "http://127.0.0.1:9",
            "/x",
            "path: expected an app with it, got a URL; write '/x' at",
            id="URL",
        ),
    ],
)
def test_an_invalid_path_is_refused(sendpilot: Sandbox, served: Any, path: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        sendpilot.add_endpoint(served, path=path)


def test_an_asgi_app_is_checked_like_any_other_receiver(sendpilot: Sandbox) -> None:
    effects: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        if not by_svix(body, headers):
            await answer(send, 401)
            return
        event_id = orjson.loads(body)["eventId"]
        effects.extend([event_id] if event_id not in effects else [])
        await answer(send, 204)

    report = sendpilot.check_receiver(app, secret=SECRET, probe=lambda: len(effects))

    assert (report.failed, report.warned) == ((), ()), str(report)
    assert report.result("idempotent").outcome == "passed"
