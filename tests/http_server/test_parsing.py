"""The quick way of the parser: the same outcome as the way of waitress."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waitress.adjustments import Adjustments

from mock_sendpilot.http_server.parsing import Parser

ADJUSTMENTS = Adjustments(max_request_body_size=100_001, max_request_header_size=400)
MANY = settings(max_examples=600, deadline=None, database=None, derandomize=True)
HOST = "Host: 127.0.0.1"
USUAL = (
    b"PATCH /v1/leads/lead_1/status?x=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nX-API-Key: sp_1\r\nContent-Length: 17\r\n\r\n"
    b'{"status":"DONE"}'
)
FACTS = (
    "body_bytes_received", "chunked", "command", "completed", "connection_close",
    "content_length", "empty", "expect_continue", "fragment", "header_bytes_received", "headers",
    "headers_finished", "is_discarded", "path", "proxy_netloc", "proxy_scheme", "query",
    "request_uri", "rest", "url_scheme", "version",
)  # fmt: skip


class SlowParser(Parser):
    def _take_usual(self, data: bytes) -> int:
        del data
        return 0


def outcome(
    parser_class: type[Parser], *pieces: bytes, max_body_bytes: int = 100_000
) -> dict[str, Any]:
    """Return what is known of a request that comes in pieces, without what comes after it."""
    parser = parser_class(ADJUSTMENTS)
    parser.max_body_bytes = lambda path: max_body_bytes if path == "/" else 100_000
    for piece in pieces:
        rest = piece
        while rest and not parser.completed:
            rest = rest[parser.received(rest) :]
    facts = {name: getattr(parser, name, None) for name in FACTS}
    error = None if parser.error is None else (parser.error.code, parser.error.body)
    facts |= {"error": error, "header items": list(parser.headers.items())}
    if not parser.is_discarded:
        stream = parser.get_body_stream()
        facts |= {"body": stream.read(), "body again": stream.seek(0) == 0 and stream.read()}
    parser.close()
    return facts


def is_usual(data: bytes) -> bool:
    return Parser(ADJUSTMENTS)._take_usual(data) > 0


methods = st.sampled_from(["GET", "PATCH", "HEAD", "get", "M-SEARCH", ""])
targets = st.one_of(
    st.sampled_from(
        ["/", "/v1/leads/lead_1", "//x/y", "/a//b", "/a%2Fb", "http://h/x", "*", "/a;b"]
    ),
    st.text("/ab.~_-?=&%+#: \t\xe9", max_size=12).map("/{}".format),
)
versions = st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.1 ", ""])
names = st.sampled_from(
    ["Host", "X-API-Key", "x-api-key", "X_Y", "Connection", "Expect", "Transfer-Encoding", "A b"]
)
values = st.sampled_from(
    ["a", "close", "Keep-Alive", "100-continue", "chunked", "", " a", "a ", "a b", "a\tb", "\xe9"]
)
header_lines = st.builds(
    "{}{}{}".format, names, st.sampled_from([": ", ": ", ":", " : ", ":\t", "\r\n "]), values
)
lengths = st.sampled_from(["", "0", "2", "2", "3", "02", "+2", "x", "100001", "1" * 12])
line_ends = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r"])


@MANY
@given(
    line=st.tuples(methods, targets, versions),
    headers=st.lists(header_lines, max_size=3),
    length=lengths,
    line_end=line_ends,
    body=st.sampled_from([b"", b"{}", b"{}", b"{}GET / HTTP/1.1\r\n\r\n", b"2\r\n{}\r\n0\r\n\r\n"]),
    max_body_bytes=st.sampled_from([100_000, 1]),
    cut=st.sampled_from(["one", "head, body", "in the body", "in the head"]),
)
def test_any_request_has_the_same_outcome(
    *,
    line: tuple[str, str, str],
    headers: list[str],
    length: str,
    line_end: str,
    body: bytes,
    max_body_bytes: int,
    cut: str,
) -> None:
    lines = [" ".join(line), HOST, *headers, *([f"Content-Length: {length}"] if length else [])]
    head = line_end.join([*lines, "", ""]).encode("latin-1")
    pieces = {
        "one": [head + body],
        "head, body": [head, body],
        "in the body": [head + body[:1], body[1:]],
        "in the head": [head[:-3], head[-3:] + body],
    }[cut]

    assert outcome(Parser, *pieces, max_body_bytes=max_body_bytes) == outcome(
        SlowParser, *pieces, max_body_bytes=max_body_bytes
    )


@MANY
@given(data=st.data())
def test_a_usual_request_with_a_changed_byte_has_the_same_outcome(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(USUAL) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = USUAL[:index] + bytes([byte]) + USUAL[index + data.draw(st.integers(0, 1)) :]

    assert outcome(Parser, changed) == outcome(SlowParser, changed)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(USUAL, id="a PATCH"),
        pytest.param(USUAL[:-1], id="half of a body"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", id="a GET"),
        pytest.param(b"GET /v1/leads?page=2 HTTP/1.1\r\nAccept: */*\r\n\r\n", id="with a query"),
    ],
)
def test_a_usual_request_takes_the_quick_way(data: bytes) -> None:
    assert is_usual(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(USUAL[:60], id="half of the headers"),
        pytest.param(USUAL + b"G", id="two at once"),
        pytest.param(USUAL.replace(b"lead_1", b"lead%201"), id="an encoded path"),
        pytest.param(USUAL.replace(b"Host", b"Expect"), id="Expect"),
        pytest.param(USUAL.replace(b"Host", b"X-API-Key"), id="a header that comes twice"),
        pytest.param(USUAL.replace(b"sp_1", b"x" * 400), id="long headers"),
    ],
)
def test_an_unusual_request_takes_the_way_of_waitress(data: bytes) -> None:
    assert not is_usual(data)
