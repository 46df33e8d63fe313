"""Unknown routes, ids of any shape, and the methods HEAD and OPTIONS."""

import socket
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.api.expect import LEAD, STATUS, assert_error, assert_no_route
from tests.support import DEMO_KEY, OTHER_KEY, Api, over_a_socket

pytestmark = pytest.mark.over_a_socket_too

UNKNOWN_ROUTES = [
    pytest.param("PUT", STATUS, id="wrong method for the status"),
    pytest.param("POST", STATUS, id="POST of the status"),
    pytest.param("GET", STATUS, id="GET of the status"),
    pytest.param("PUT", LEAD, id="PUT of a lead"),
    pytest.param("PATCH", LEAD, id="PATCH of a lead"),
    pytest.param("DELETE", LEAD, id="DELETE of a lead"),
    pytest.param("DELETE", "/v1/leads", id="DELETE of the list"),
    pytest.param("PATCH", "/v1/leads", id="PATCH of the list"),
    pytest.param("TRACE", LEAD, id="TRACE"),
    pytest.param("PURGE", LEAD, id="a method of somebody's own"),
    pytest.param("POST", "/v1/campaigns/camp_xyz789/pause", id="invented route"),
    pytest.param("GET", "/v1/inbox", id="another invented route"),
    pytest.param("GET", "/v1/senders", id="a third"),
    pytest.param("POST", "/v1/inbox/messages", id="the one that a client tried"),
    pytest.param("POST", "/v1/inbox/senders", id="POST of the senders"),
    pytest.param("DELETE", "/v1/inbox/senders", id="DELETE of the senders"),
    pytest.param("GET", "/v1", id="the base alone"),
    pytest.param("GET", "/v2/leads", id="another version"),
    pytest.param("GET", "/leads", id="no version"),
    pytest.param("GET", "/api/leads", id="api without version"),
    pytest.param("GET", "/V1/leads", id="upper case"),
    pytest.param("GET", "/v1/lead/lead_abc123", id="singular"),
    pytest.param("GET", "/v1//leads", id="two slashes"),
    pytest.param("GET", "/v1/leads//lead_abc123", id="two slashes before the id"),
    pytest.param("PATCH", "/v1/leads//status", id="empty id"),
    pytest.param("GET", "/v1/leads/a/b", id="raw slash in an id"),
    pytest.param("PATCH", "/v1/leads/a/b/status", id="raw slash in the id of a PATCH"),
    pytest.param("GET", "/v1%2Fleads", id="encoded separator"),
    pytest.param("GET", "/v1/leads%2Flead_abc123", id="encoded separator before the id"),
    pytest.param("GET", "/v1/nope/%C3%BC%20%00%FF", id="odd characters"),
    pytest.param("GET", "/v1/nope/" + "x" * 5000, id="long"),
    pytest.param("GET", "/_emulate/nope", id="unknown control route"),
    pytest.param("GET", "/favicon.ico", id="icon"),
]
STRANGE_IDS = [
    pytest.param("nope", id="unknown"),
    pytest.param("a%2Fb", id="encoded slash"),
    pytest.param("%2F", id="only a slash"),
    pytest.param("lead_abc123%2F", id="encoded slash at the end"),
    pytest.param(".", id="dot"),
    pytest.param("..", id="dots"),
    pytest.param("%2E%2E", id="encoded dots"),
    pytest.param("..%2F..%2Fetc%2Fpasswd", id="traversal"),
    pytest.param("%25", id="percent"),
    pytest.param("lead%255Fabc123", id="encoded twice"),
    pytest.param("%", id="bare percent"),
    pytest.param("%zz", id="no hex"),
    pytest.param("lead_abc123%00", id="NUL"),
    pytest.param("lead_abc123%0A", id="line feed"),
    pytest.param("lead_abc123%20", id="blank"),
    pytest.param("%FF%FE", id="not UTF-8"),
    pytest.param("%F0%9F%99%82", id="emoji"),
    pytest.param("lead_abc123;x=1", id="semicolon"),
    pytest.param("lead_abc123%3Ffull=1", id="encoded question mark"),
    pytest.param("x" * 10_240, id="10 kB"),
    pytest.param("%C3%BC" * 1000, id="much that is encoded"),
]


@pytest.mark.parametrize(("method", "path"), UNKNOWN_ROUTES)
def test_an_unknown_route_is_nests_404(api: Api, method: str, path: str) -> None:
    assert_no_route(api(method, path), method, path)


@pytest.mark.parametrize("key", [None, "sp_live_unknown"], ids=["no key", "bad key"])
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", STATUS), ("GET", "/v1/nope"), ("POST", "/v1/leads/a/b")]
)
def test_an_unknown_route_is_404_without_a_valid_key(
    api: Api, key: str | None, method: str, path: str
) -> None:
    assert_no_route(api(method, path, key=key), method, path)


def test_an_unknown_route_is_404_with_any_body(api: Api) -> None:
    reply = api("PUT", STATUS, body=b"{", headers={"Content-Type": "application/json"})

    assert_no_route(reply, "PUT", STATUS)


def test_the_message_of_an_unknown_route_has_the_query(api: Api) -> None:
    assert_no_route(api("GET", "/v1/nope?x=1&y=%20"), "GET", "/v1/nope?x=1&y=%20")


@pytest.mark.parametrize("lead_id", STRANGE_IDS)
def test_a_strange_lead_id_is_404(api: Api, lead_id: str) -> None:
    assert_error(api("GET", f"/v1/leads/{lead_id}"), 404, "Lead not found")


@pytest.mark.parametrize("lead_id", STRANGE_IDS)
def test_a_patch_of_a_strange_lead_id_is_404(api: Api, lead_id: str) -> None:
    reply = api("PATCH", f"/v1/leads/{lead_id}/status", json={"status": "DONE"})

    assert_error(reply, 404, "Lead not found")


def test_the_hint_quotes_the_id_in_ascii_on_one_short_line(api: Api) -> None:
    reply = api("GET", "/v1/leads/%0D%0AX:%C3%BC" + "x" * 500)

    hint = reply.headers["x-emulator-hint"]
    assert hint.startswith(r"this workspace has no lead '\r\nX:\xfcxxx")
    assert hint.isascii()
    assert len(hint) < 150


def test_the_lead_of_another_workspace_cannot_be_patched(api: Api) -> None:
    reply = api("PATCH", STATUS, key=OTHER_KEY, json={"status": "DONE"})

    assert_error(reply, 404, "Lead not found")
    assert api("GET", LEAD).json["status"] == "REPLY_RECEIVED"


def test_the_message_is_the_same_under_every_contract(api_under: Callable[..., Api]) -> None:
    for contract in ("documented", "example", "schema", "live"):
        assert_no_route(api_under(contract)("PUT", STATUS), "PUT", STATUS)


@pytest.mark.parametrize("target", [b"http://[bad/v1/leads", b"//[", b"*", b"/v1/leads?x=\xff"])
def test_a_target_that_is_no_url_causes_no_5xx(emulator: Emulator, target: bytes) -> None:
    with EmulatorServer(emulator) as server:
        port = urlsplit(server.origin).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.recv(100)

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 401 "))


@pytest.mark.parametrize(
    ("target", "encoded"),
    [
        pytest.param("/v1/lead-database/filters?search=ü", "?search=%C3%BC", id="query"),
        pytest.param("/v1/zürich", "/v1/z%C3%BCrich", id="path"),
        pytest.param("/v1/nope?q=🚀", "?q=%F0%9F%9A%80", id="emoji"),
        pytest.param("/v1/leads/a%20ü", "a%20%C3%BC", id="partly encoded"),
    ],
)
def test_raw_utf_8_in_the_target_equals_its_percent_encoding(
    emulator: Emulator, target: str, encoded: str
) -> None:
    with EmulatorServer(emulator) as server:
        raw = raw_get(server, target.encode())
        ascii_only = over_a_socket(server.origin)("GET", quote(target, safe="/?=%"))

    head, _, body = raw.partition(b"\r\n\r\n")
    assert quote(target, safe="/?=%").endswith(encoded)
    assert (int(head.split()[1]), body) == (ascii_only.status, ascii_only.body)
    assert ascii_only.status != 400


def test_raw_bytes_that_are_not_utf_8_are_accepted(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        head = raw_get(server, b"/v1/lead-database/filters?search=\xff").partition(b"\r\n")[0]

    assert head == b"HTTP/1.1 200 OK"


def raw_get(server: EmulatorServer, target: bytes) -> bytes:
    """Return the whole response to a GET whose target is sent as it is."""
    port = urlsplit(server.origin).port or 0
    headers = f"Host: localhost\r\nX-API-Key: {DEMO_KEY}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\n" + headers.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


# --- the hint on an unknown route ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        pytest.param("GET", "/leads", "did you mean GET /v1/leads?", id="without /v1"),
        pytest.param("GET", "/leads?page=2", "did you mean GET /v1/leads?", id="with a query"),
        pytest.param("GET", "/api/leads", "did you mean GET /v1/leads?", id="after /api"),
        pytest.param(
            "PATCH",
            "/leads/lead_abc123/status",
            "did you mean PATCH /v1/leads/{id}/status?",
            id="with an id",
        ),
        pytest.param(
            "PUT",
            "/v1/leads",
            "did you mean GET /v1/leads, POST /v1/leads?",
            id="another method",
        ),
        pytest.param("DELETE", "/leads", "did you mean GET /v1/leads, POST /v1/leads?", id="both"),
    ],
)
def test_a_hint_names_the_likely_route(api: Api, method: str, path: str, hint: str) -> None:
    reply = api(method, path)

    assert_no_route(reply, method, path)
    assert reply.headers["x-emulator-hint"] == hint


def test_a_hint_on_any_other_route_lists_all_routes(api: Api) -> None:
    hint = api("GET", "/v1/nope").headers["x-emulator-hint"]

    assert hint.startswith("there are: GET /v1/")
    assert "POST /v1/" in hint


@pytest.mark.parametrize("path", ["/v1/leads", LEAD, "/v1/campaigns", "/v1/me"])
def test_a_trailing_slash_is_ignored(api: Api, path: str) -> None:
    assert api("GET", f"{path}/").body == api("GET", path).body


def test_a_trailing_slash_of_a_patch_is_ignored(api: Api) -> None:
    assert api("PATCH", f"{STATUS}/", json={"status": "DONE"}).status == 200


# --- HEAD and OPTIONS ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        pytest.param("/v1/leads", "YOUR_API_KEY", 200, id="the list"),
        pytest.param("/v1/leads", None, 401, id="without a key"),
        pytest.param("/v1/leads/nope", "YOUR_API_KEY", 404, id="unknown lead"),
        pytest.param("/v1/leads?page=0", "YOUR_API_KEY", 400, id="bad query"),
        pytest.param(STATUS, "YOUR_API_KEY", 404, id="no GET there"),
    ],
)
def test_head_has_the_status_and_headers_of_get_and_no_body(
    api: Api, path: str, key: str | None, status: int
) -> None:
    get, head = api("GET", path, key=key), api("HEAD", path, key=key)

    assert (head.status, head.body) == (status, b"")
    assert head.headers["content-type"] == "application/json; charset=utf-8"
    if status == 200:
        assert head.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/leads", {"GET", "HEAD", "POST", "OPTIONS"}),
        (LEAD, {"GET", "HEAD", "OPTIONS"}),
        (STATUS, {"PATCH", "OPTIONS"}),
    ],
)
def test_options_lists_the_methods_and_needs_no_key(api: Api, path: str, methods: set[str]) -> None:
    reply = api("OPTIONS", path, key=None)

    assert (reply.status, reply.body) == (200, b"")
    assert set(reply.headers["allow"].split(", ")) == methods


def test_options_of_an_unknown_route_is_404(api: Api) -> None:
    assert_no_route(api("OPTIONS", "/v1/nope"), "OPTIONS", "/v1/nope")
