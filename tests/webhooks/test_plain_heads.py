"""The heads of webhooks and of their responses: what http.client would send and read."""

import http.client
import io
from typing import Any

import pytest
from urllib3.connection import HTTPConnection

from mock_sendpilot.final_response import FinalResponse
from mock_sendpilot.webhooks.deadline import POOLS

BODY = b'{"a": 1}'
CONNECTION: Any = POOLS["http"].ConnectionCls


class Reader:
    """In place of a socket: has received all that comes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._content))


class Writer:
    """In place of a socket: keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def settimeout(self, _seconds: float) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def fields_of(response: http.client.HTTPResponse) -> tuple[object, ...]:
    response.begin()
    return (
        (response.version, response.status, response.reason),
        response.headers.items(),
        (response.headers.get_payload(), [type(one) for one in response.headers.defects]),
        (response.length, response.chunked, response.will_close),
        response.read(),
        response.isclosed(),
    )


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4", id="plain"),
        pytest.param(b"HTTP/1.1 200 \r\ncontent-length:4", id="without a reason and blanks"),
        pytest.param(b"HTTP/1.1 500 It failed\r\nContent-Length: \t4", id="an error"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0", id="no body"),
        pytest.param(b"HTTP/1.1 205 R\r\nContent-Length: 0", id="205"),
        pytest.param(b"HTTP/1.1 204 No\r\nContent-Length: 4", id="204"),
        pytest.param(b"HTTP/1.1 304 No\r\nContent-Length: 4", id="304"),
        pytest.param(b"HTTP/1.1 310 Odd\r\nContent-Length: 4", id="310"),
        pytest.param(
            b"HTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4", id="1xx"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4", id="two lengths"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -4", id="a negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"1" * 5000, id="a long length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: 1", id="no length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close", id="close"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive", id="keep"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 4", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: 1  \r\nX: 2\r\nContent-Length: 4", id="repeated"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 4", id="folded"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Length: 4", id="Latin-1"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 4\n", id="without carriage returns"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 4", id="no colon"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n4",
            id="chunked",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000 + b"\r\nContent-Length: 4", id="a long head"
        ),
    ],
)
def test_a_response_is_read_as_http_client_reads_it(head: bytes) -> None:
    answer: Any = Reader(head + b"\r\n\r\nbody\r\n0\r\n\r\n")
    ours = CONNECTION.response_class(answer, method="POST")
    theirs = FinalResponse(answer, method="POST")

    assert _result(ours) == _result(theirs)


def _result(response: http.client.HTTPResponse) -> object:
    try:
        return fields_of(response)
    except http.client.HTTPException as error:
        return type(error)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"User-Agent": "a", "X-One": "1", "x-two": ""}, id="plain"),
        pytest.param({"X": "1", "Host": "example.org", "Accept-Encoding": "gzip"}, id="replaced"),
        pytest.param({"X": "caf\xe9", "Y": "2"}, id="Latin-1"),
        pytest.param({}, id="none"),
    ],
)
def test_a_request_has_the_headers_that_urllib3_would_send(headers: dict[str, str]) -> None:
    headers = {**headers, "Content-Length": str(len(BODY))}

    assert _sent(CONNECTION, headers) == _sent(HTTPConnection, headers)


@pytest.mark.parametrize("value", ["a\r\nB: 1", "a\nB: 1", "\u20ac"])
def test_a_header_that_cannot_be_sent_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid header value|latin-1"):
        _sent(CONNECTION, {"X": value, "Content-Length": "8"})


def _sent(connection_class: type, headers: dict[str, str]) -> tuple[bytes, list[bytes], bytes]:
    connection = connection_class("127.0.0.1", 8000)
    connection.sock = writer = Writer()
    connection.request("POST", "/path?q=1", body=BODY, headers=headers)
    head, _, body = writer.sent.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    return line, sorted(lines), body
