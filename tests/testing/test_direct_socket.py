"""Intercepted requests that need no network: they are answered in the thread of their client."""

import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import httpx
import pytest
import requests
import urllib3
from flask import request

from mock_sendpilot import signals
from mock_sendpilot.testing.direct_socket import DirectSocket
from mock_sendpilot.testing.interception import intercept
from mock_sendpilot.testing.sandbox import Sandbox

VENDOR = "https://api.sendpilot.ai/v1"
VARYING = re.compile(rb"(Date|X-Request-Id): [^\r]+|req_\w+|\d{4}-\d\d-\d\dT[\d:.]+Z")
Get = Callable[[str, dict[str, str]], int]


@pytest.fixture
def intercepted() -> Iterator[Sandbox]:
    """The vendor's host, intercepted for a server of the test's own."""
    with intercept() as sandbox:
        yield sandbox


@pytest.fixture
def threads(intercepted: Sandbox) -> list[threading.Thread]:
    """The threads in which requests are answered, in order."""
    found: list[threading.Thread] = []
    intercepted.server.app.before_request(lambda: found.append(threading.current_thread()))
    return found


def _urllib_request(url: str, headers: dict[str, str]) -> int:
    try:
        with urlopen(Request(url, headers=headers), timeout=5) as response:
            return int(response.status)
    except HTTPError as error:
        error.close()
        return error.code


CLIENTS: dict[str, Get] = {
    "requests": lambda url, headers: requests.get(url, headers=headers, timeout=5).status_code,
    "httpx": lambda url, headers: httpx.get(url, headers=headers).status_code,
    "urllib3": lambda url, headers: urllib3.request("GET", url, headers=headers).status,
    "urllib.request": _urllib_request,
}


@pytest.mark.parametrize("get", CLIENTS.values(), ids=CLIENTS)
def test_a_request_is_answered_in_the_thread_of_its_client(
    intercepted: Sandbox, threads: list[threading.Thread], get: Get
) -> None:
    assert get(f"{VENDOR}/leads", intercepted.headers) == 200
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("get", CLIENTS.values(), ids=CLIENTS)
def test_a_request_that_a_fault_may_hit_goes_over_a_connection(
    intercepted: Sandbox, threads: list[threading.Thread], get: Get
) -> None:
    intercepted.fail_next(503, after_effect=True)

    assert get(f"{VENDOR}/leads", intercepted.headers) == 503
    assert get(f"{VENDOR}/leads", intercepted.headers) == 200
    assert [thread is threading.current_thread() for thread in threads] == [False, True]


def test_a_kept_connection_carries_both_kinds_of_requests(
    intercepted: Sandbox, threads: list[threading.Thread]
) -> None:
    with requests.Session() as session:
        for number in range(6):
            if number % 2:
                intercepted.fail_next(503, after_effect=True)
            response = session.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)
            assert response.status_code == (503 if number % 2 else 200)

    assert [thread is threading.current_thread() for thread in threads] == [True, False] * 3


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param("reset", requests.ConnectionError, id="reset"),
        pytest.param("hang", requests.ReadTimeout, id="hang"),
        pytest.param("truncate", requests.exceptions.RequestException, id="truncate"),
    ],
)
def test_a_request_whose_header_asks_for_a_fault_goes_over_a_connection(
    intercepted: Sandbox, words: str, error: type[Exception]
) -> None:
    headers = {**intercepted.headers, "X-Emulator-Fault": words}

    with requests.Session() as session:
        with pytest.raises(error):
            session.get(f"{VENDOR}/leads", headers=headers, timeout=0.3)
        later = session.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)

    assert later.status_code == 200


def test_a_fault_that_is_armed_during_a_request_breaks_its_connection(
    intercepted: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intercepted.server, "needs_connection", lambda _request: False)
    fault = intercepted.fault("leads.list", reset="before")
    with fault, pytest.raises(requests.ConnectionError):
        requests.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)


def test_a_call_of_the_control_api_goes_over_a_connection(
    intercepted: Sandbox, threads: list[threading.Thread]
) -> None:
    url = "https://api.sendpilot.ai/_emulate/clock"

    assert requests.get(url, headers=intercepted.headers, timeout=5).status_code == 200
    assert threads[0] is not threading.current_thread()


def test_a_receiver_of_a_signal_can_change_what_the_request_has_changed(
    intercepted: Sandbox,
) -> None:
    lead = intercepted.add_lead(lead_id="lead_1", status="MESSAGE_SENT")
    url = f"{VENDOR}/leads/{lead.id}/status"
    statuses = iter(["REPLY_RECEIVED", "DONE"])

    def change(_: object, **__: Any) -> None:
        for status in statuses:
            body = {"status": status}
            requests.patch(url, json=body, headers=intercepted.headers, timeout=5)

    with signals.event_recorded.connected_to(change, sender=intercepted.workspace):
        response = requests.patch(
            url, json={"status": "OPPORTUNITY"}, headers=intercepted.headers, timeout=5
        )

    assert response.status_code == 200
    assert [event.data["newStatus"] for event in intercepted.events] == [
        "OPPORTUNITY",
        "REPLY_RECEIVED",
        "DONE",
    ]


def test_requests_of_many_threads_do_not_meet(intercepted: Sandbox) -> None:
    def change(number: int) -> str:
        lead = intercepted.add_lead(lead_id=f"lead_{number}", status="MESSAGE_SENT")
        with requests.Session() as session:
            for status in ("REPLY_RECEIVED", "OPPORTUNITY", "DONE"):
                response = session.patch(
                    f"{VENDOR}/leads/{lead.id}/status",
                    json={"status": status},
                    headers=intercepted.headers,
                    timeout=5,
                )
            return f"{response.json()['id']} {response.json()['previousStatus']}"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(change, range(40)))

    assert found == [f"lead_{number} OPPORTUNITY" for number in range(40)]
    assert len(intercepted.requests) == 120


def test_the_server_sees_the_port_that_the_client_has(intercepted: Sandbox) -> None:
    ports: list[str] = []
    intercepted.server.app.before_request(lambda: ports.append(request.environ["REMOTE_PORT"]))

    with requests.Session() as session:
        for _ in range(2):
            session.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)
    requests.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)

    assert ports[0] == ports[1] != ports[2]


def test_a_server_that_has_stopped_refuses_the_connection(intercepted: Sandbox) -> None:
    with requests.Session() as session:
        session.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)
        intercepted.server.stop()

        with pytest.raises(requests.ConnectionError):
            session.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)


# --- the same response ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/leads/nobody", "/v1/nothing"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_client_gets_the_response_that_it_gets_over_a_connection(
    intercepted: Sandbox, method: str, path: str
) -> None:
    direct, real = (
        requests.request(method, origin + path, headers=intercepted.headers, stream=True, timeout=5)
        for origin in ("https://api.sendpilot.ai", intercepted.origin)
    )

    assert _fields(direct) == _fields(real)


def _fields(response: requests.Response) -> tuple[object, ...]:
    original: Any = response.raw._original_response
    headers = original.msg
    for name in ("Date", "X-Request-Id"):
        headers.replace_header(name, "varies")
    return (
        (type(original), original.version, original.status, original.reason, original.code),
        (type(headers), headers.items(), headers.get_payload()),
        (original.length, original.chunked, original.will_close),
        (list(response.headers), response.raw.version, response.reason),
        VARYING.sub(b"", response.content),
        original.isclosed(),
    )


def test_a_response_is_printed_for_who_debugs_http_client(
    intercepted: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)

    requests.get(f"{VENDOR}/leads", headers=intercepted.headers, timeout=5)

    assert "header: Content-Type: application/json" in capsys.readouterr().out


# --- the same bytes -----------------------------------------------------------------------------

KEY = "X-API-Key: {key}\r\nHost: api.sendpilot.ai\r\n"
BODY = '{"status":"DONE"}'
RAW_REQUESTS = [
    pytest.param(f"GET /v1/leads HTTP/1.1\r\n{KEY}\r\n", id="GET"),
    pytest.param(f"HEAD /v1/leads HTTP/1.1\r\n{KEY}\r\n", id="HEAD"),
    pytest.param(f"GET /v1/leads HTTP/1.0\r\n{KEY}\r\n", id="HTTP/1.0"),
    pytest.param(f"GET /v1/leads HTTP/1.1\r\n{KEY}Connection: close\r\n\r\n", id="close"),
    pytest.param("GET /v1/leads HTTP/1.1\r\nHost: api.sendpilot.ai\r\n\r\n", id="no key"),
    pytest.param("GET /v1/leads HTTP/1.1\r\nHost: evil.example\r\n\r\n", id="foreign host"),
    pytest.param(f"GET /v1/nothing%2Fhere?a=b HTTP/1.1\r\n{KEY}\r\n", id="no route"),
    pytest.param(f"OPTIONS /v1/leads HTTP/1.1\r\n{KEY}\r\n", id="OPTIONS"),
    pytest.param(f"GET /v1/leads HTTP/1.1\r\n{KEY}no colon\r\n\r\n", id="malformed header"),
    pytest.param("nothing that is HTTP\r\n\r\n", id="no HTTP"),
    pytest.param(
        f"PATCH /v1/leads/lead_1/status HTTP/1.1\r\n{KEY}Content-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}",
        id="PATCH",
    ),
    pytest.param(
        f"PATCH /v1/leads/lead_1/status HTTP/1.1\r\n{KEY}Content-Type: application/json\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n",
        id="chunked",
    ),
    pytest.param(
        f"PATCH /v1/leads/lead_1/status HTTP/1.1\r\n{KEY}Content-Type: application/json\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
        id="Expect",
    ),
    pytest.param(f"GET /v1/leads HTTP/1.1\r\n{KEY}\r\n" * 2, id="pipelined"),
]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("raw", RAW_REQUESTS)
def test_a_response_has_the_bytes_that_come_over_a_connection(
    sendpilot: Sandbox, raw: str, size: int
) -> None:
    content = raw.replace("{key}", sendpilot.api_key).encode("latin-1")
    address = ("127.0.0.1", sendpilot.server.port)
    responses = []
    for connection in (
        socket.create_connection(address, 5),
        DirectSocket(sendpilot.server, port=1, timeout_seconds=5),
    ):
        sendpilot.reset()
        sendpilot.add_lead(lead_id="lead_1", status="MESSAGE_SENT")
        with connection:
            for start in range(0, len(content), size):
                connection.sendall(content[start : start + size])
            responses.append(VARYING.sub(b"", _read(connection, raw)))

    assert responses[0] == responses[1]


def _read(connection: socket.socket, raw: str) -> bytes:
    """Read the responses, as a client does: up to the length in their headers."""
    received = b""
    with connection.makefile("rb") as file:
        for _ in range(raw.count("HTTP/1.1\r\n") or 1):
            length = 0
            while line := file.readline():
                received += line
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                if line == b"\r\n" and b"100 Continue" not in received[-40:]:
                    break
            received += b"" if raw.startswith("HEAD") else file.read(length)
    return received
