"""The guard: names in Host, origins and the token of the control API."""

from collections.abc import Callable, Iterator

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.control.hosts import Hosts
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.api.expect import LEAD, assert_error, assert_no_route
from tests.support import Api, in_process, over_a_socket

CONTROL = "/_emulate/endpoints"
HINT = "x-emulator-hint"


@pytest.fixture
def api_behind(emulator: Emulator) -> Callable[[Guard], Api]:
    """Asks the demo world behind a guard."""

    def make(guard: Guard) -> Api:
        return in_process(create_app(emulator, guard=guard).test_client())

    return make


# --- Host ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:7363",
        "192.168.1.20:80",
        "[::1]",
        "[::1]:7363",
        "[fe80::1]",
        "localhost",
        "localhost:7363",
        "LocalHost",
        "localhost.",
        "sendpilot.localhost:7363",
    ],
)
def test_addresses_and_localhost_are_let_through(api: Api, host: str) -> None:
    assert api("GET", LEAD, headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("evil.example", "evil.example"),
        ("evil.example:7363", "evil.example"),
        ("EVIL.example.", "evil.example"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("localhost.evil.example", "localhost.evil.example"),
        ("notlocalhost", "notlocalhost"),
        ("localhost@evil.example", "evil.example"),
        ("127.1", "127.1"),
        ("0x7f000001", "0x7f000001"),
        ("emulator", "emulator"),
    ],
)
def test_any_other_name_is_403_with_the_option_in_the_hint(api: Api, host: str, name: str) -> None:
    reply = api("GET", LEAD, headers={"Host": host})

    assert_error(reply, 403, f"Host {name!r} is not allowed")
    hint = f"if {name!r} is this emulator, start it with --allowed-host {name}"
    assert reply.headers[HINT] == hint


ODD_HOSTS = [
    "[bad",
    "[::1",
    "127.0.0.1:99999999",
    "localhost:abc",
    "[::1]:-1",
    "localhost:0x50",
    "xn--.localhost",
    "xn--\x80.localhost",
]


def test_a_host_with_a_blank_is_403(api: Api) -> None:
    assert_error(api("GET", LEAD, headers={"Host": "a b"}), 403, "Host 'a b' is not allowed")


@pytest.mark.parametrize("path", ["/v1/leads", "/api/v1/leads", CONTROL, "/health", "/", "/nope"])
def test_the_host_is_checked_before_everything_else(api: Api, path: str) -> None:
    reply = api("GET", path, key=None, headers={"Host": "evil.example"})

    assert_error(reply, 403, "Host 'evil.example' is not allowed")


@pytest.mark.parametrize("host", ["sendpilot.test", "SendPilot.Test:7363", "sendpilot.test."])
def test_an_allowed_host_is_let_through_in_any_spelling(
    api_behind: Callable[[Guard], Api], host: str
) -> None:
    api = api_behind(Guard(hosts=Hosts(["Sendpilot.TEST"])))

    assert api("GET", LEAD, headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["a.sendpilot.test", "sendpilot.test.evil.example", "test"])
def test_an_allowed_host_allows_no_other(api_behind: Callable[[Guard], Api], host: str) -> None:
    api = api_behind(Guard(hosts=Hosts(["sendpilot.test"])))
    reply = api("GET", LEAD, headers={"Host": host})

    assert_error(reply, 403, f"Host {host!r} is not allowed")


def test_a_star_allows_every_host(api_behind: Callable[[Guard], Api]) -> None:
    api = api_behind(Guard(hosts=Hosts(["*"])))

    assert api("GET", LEAD, headers={"Host": "evil.example"}).status == 200


@pytest.mark.parametrize(
    "host", ["api.sendpilot.ai", "API.SendPilot.AI", "api.sendpilot.ai:443", "api.sendpilot.ai."]
)
def test_the_vendors_own_name_is_let_through(api: Api, host: str) -> None:
    assert api("GET", LEAD, headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["sendpilot.ai", "app.sendpilot.ai", "api.sendpilot.ai.evil.com"])
def test_no_other_name_like_the_vendors_is_let_through(api: Api, host: str) -> None:
    assert_error(api("GET", LEAD, headers={"Host": host}), 403, f"Host {host!r} is not allowed")


# --- Origin -------------------------------------------------------------------------------------


def test_the_control_api_serves_requests_without_an_origin(api: Api) -> None:
    assert api("GET", CONTROL).status == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:7363", "http://localhost:7363"),
        ("127.0.0.1:7363", "http://127.0.0.1:7363"),
        ("[::1]:7363", "http://[::1]:7363"),
    ],
)
def test_the_emulators_own_pages_may_use_the_control_api(api: Api, host: str, origin: str) -> None:
    assert api("GET", CONTROL, headers={"Host": host, "Origin": origin}).status == 200


FOREIGN = [
    "http://evil.example",
    "http://evil.example:7363",
    "http://localhost",
    "http://localhost:3000",
    "http://127.0.0.1:7363",
    "http://localhost:7363.evil.example",
    "null",
    "",
    "http://[bad",
]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_page_is_403(api: Api, method: str, origin: str) -> None:
    headers = {"Host": "localhost:7363", "Origin": origin}
    reply = api(method, CONTROL, headers=headers, json={"url": "http://127.0.0.1:1/"})

    assert_error(reply, 403, f"Origin {origin!r} may not use the control API")


def test_a_foreign_page_is_403_for_a_request_without_a_host(api: Api) -> None:
    reply = api("GET", CONTROL, headers={"Host": "", "Origin": "null"})

    assert_error(reply, 403, "Origin 'null' may not use the control API")


def test_a_foreign_page_makes_no_endpoint(api: Api) -> None:
    headers = {"Origin": "http://evil.example"}
    api("POST", CONTROL, headers=headers, json={"url": "http://evil.example/"})

    assert api("GET", CONTROL).json == {"endpoints": []}


@pytest.mark.parametrize("path", [LEAD, "/health"])
def test_the_vendors_api_ignores_the_origin(api: Api, path: str) -> None:
    assert api("GET", path, headers={"Origin": "http://evil.example"}).status == 200


# --- the token ----------------------------------------------------------------------------------


@pytest.fixture
def guarded(api_behind: Callable[[Guard], Api]) -> Api:
    return api_behind(Guard(control_token="s3cret"))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({"Authorization": ""}, id="empty"),
        pytest.param({"Authorization": "Bearer "}, id="no token"),
        pytest.param({"Authorization": "Bearer s3cre"}, id="too short"),
        pytest.param({"Authorization": "Bearer s3crett"}, id="too long"),
        pytest.param({"Authorization": "Bearer S3CRET"}, id="another case"),
        pytest.param({"Authorization": "s3cret"}, id="no scheme"),
        pytest.param({"Authorization": "Basic s3cret"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer ü"}, id="not ASCII"),
        pytest.param({"X-Control-Token": "s3cret"}, id="another header"),
    ],
)
def test_the_control_api_is_403_without_the_right_token(
    guarded: Api, headers: dict[str, str]
) -> None:
    reply = guarded("GET", CONTROL, headers=headers)

    assert_error(reply, 403, "The control API needs its token")
    hint = "send the header Authorization: Bearer <the token of --control-token>"
    assert reply.headers[HINT] == hint


def test_the_control_api_serves_requests_with_the_token(guarded: Api) -> None:
    assert guarded("GET", CONTROL, headers={"Authorization": "Bearer s3cret"}).status == 200


def test_the_token_does_not_replace_the_key(guarded: Api) -> None:
    reply = guarded("GET", CONTROL, key=None, headers={"Authorization": "Bearer s3cret"})

    assert_error(reply, 401, "Invalid API key")


def test_the_token_lets_no_foreign_page_through(guarded: Api) -> None:
    headers = {"Authorization": "Bearer s3cret", "Origin": "http://evil.example"}
    reply = guarded("GET", CONTROL, headers=headers)

    assert_error(reply, 403, "Origin 'http://evil.example' may not use the control API")


# --- behind a proxy -----------------------------------------------------------------------------

FROM_ELSEWHERE = [
    pytest.param({"X-Forwarded-For": "203.0.113.7"}, id="X-Forwarded-For"),
    pytest.param({"X-Forwarded-For": "203.0.113.7, 127.0.0.1"}, id="through two proxies"),
    pytest.param({"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, id="made up by the client"),
    pytest.param({"X-Forwarded-For": "unknown"}, id="not told"),
    pytest.param({"X-Real-IP": "203.0.113.7"}, id="X-Real-IP"),
    pytest.param({"Forwarded": "for=203.0.113.7;proto=https"}, id="Forwarded"),
    pytest.param({"Forwarded": 'For="[2001:db8::7]:4711"'}, id="Forwarded, IPv6"),
    pytest.param({"Forwarded": "for=127.0.0.1, for=203.0.113.7"}, id="Forwarded twice"),
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
@pytest.mark.parametrize("path", [CONTROL, "/_emulate/workspaces", "/dashboard/"])
def test_a_client_elsewhere_behind_a_proxy_here_is_403(
    api: Api, path: str, headers: dict[str, str]
) -> None:
    reply = api("GET", path, headers=headers)

    assert reply.status == 403
    assert "Only clients on this machine may do this" in reply.body.decode()


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_a_client_elsewhere_behind_a_proxy_is_served_with_the_token(
    guarded: Api, headers: dict[str, str]
) -> None:
    headers = {"Authorization": "Bearer s3cret", **headers}

    assert guarded("GET", CONTROL, headers=headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Forwarded-For": "127.0.0.1"}, id="X-Forwarded-For"),
        pytest.param({"X-Forwarded-For": "::1, 127.0.0.1"}, id="through two proxies"),
        pytest.param({"X-Real-IP": "::ffff:127.0.0.1"}, id="X-Real-IP, mapped to IPv6"),
        pytest.param({"Forwarded": 'for="[::1]:4711"; by=127.0.0.1'}, id="Forwarded"),
        pytest.param({"Forwarded": "proto=http"}, id="Forwarded without an address"),
    ],
)
def test_a_client_here_behind_a_proxy_here_is_served(api: Api, headers: dict[str, str]) -> None:
    assert api("GET", CONTROL, headers=headers).status == 200


@pytest.mark.parametrize("path", [LEAD, "/health"])
def test_the_vendors_api_serves_clients_elsewhere(api: Api, path: str) -> None:
    assert api("GET", path, headers={"X-Forwarded-For": "203.0.113.7"}).status == 200


@pytest.mark.parametrize("path", [LEAD, "/health", "/"])
def test_no_other_route_needs_the_token(guarded: Api, path: str) -> None:
    assert guarded("GET", path).status == 200


def test_the_repr_of_a_guard_hides_the_token() -> None:
    assert "s3cret" not in repr(Guard(control_token="s3cret"))


# --- behind a server ----------------------------------------------------------------------------


@pytest.fixture
def served(emulator: Emulator) -> Iterator[Api]:
    with EmulatorServer(
        emulator, allowed_hosts=["sendpilot.test"], control_token="s3cret"
    ) as server:
        yield over_a_socket(server.origin)


def test_a_server_takes_its_allowed_hosts(served: Api) -> None:
    assert served("GET", LEAD, headers={"Host": "sendpilot.test"}).status == 200
    assert served("GET", LEAD, headers={"Host": "evil.example"}).status == 403


@pytest.mark.parametrize("host", ODD_HOSTS)
@pytest.mark.parametrize("path", ["/v1/leads", CONTROL, "/health", "/", "/docs/", "/nope"])
def test_a_malformed_host_is_403(emulator: Emulator, host: str, path: str) -> None:
    with EmulatorServer(emulator, allowed_hosts=["*"]) as server:
        reply = over_a_socket(server.origin)("GET", path, headers={"Host": host})

    assert_error(reply, 403, f"Host {host!r} is not allowed")
    assert reply.headers[HINT] == "expected a name or NAME:PORT as Host"


def test_a_server_without_a_token_hears_of_a_client_elsewhere(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        reply = over_a_socket(server.origin)(
            "GET", CONTROL, headers={"X-Forwarded-For": "203.0.113.7"}
        )

    assert_error(reply, 403, "Only clients on this machine may do this")


def test_a_server_takes_its_token(served: Api) -> None:
    assert served("GET", CONTROL).status == 403
    assert served("GET", CONTROL, headers={"Authorization": "Bearer s3cret"}).status == 200


def test_a_server_without_the_control_api_has_none_of_its_routes(emulator: Emulator) -> None:
    api = in_process(create_app(emulator, has_control=False).test_client())

    assert_no_route(api("GET", CONTROL), "GET", CONTROL)
    assert api("GET", LEAD).status == 200


def test_a_server_for_containers_answers_to_the_name_they_call_it_by() -> None:
    emulator = Emulator()
    emulator.add_workspace(WorkspaceSeed(id="ws_1", name="W", api_keys=(ApiKey(key="sp_own"),)))
    server = EmulatorServer(
        emulator, host="0.0.0.0", allowed_hosts=["host.docker.internal"], has_control=False
    )
    with server:
        api = over_a_socket(f"http://127.0.0.1:{server.port}")
        headers = {"Host": f"host.docker.internal:{server.port}"}
        reply = api("GET", "/v1/me", key="sp_own", headers=headers)
    emulator.close()

    assert reply.status == 200


def test_a_server_beyond_loopback_takes_the_vendors_name_only_if_it_is_allowed(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sendpilot.server.is_loopback", lambda _host: False)
    vendor = {"Host": "api.sendpilot.ai"}

    with EmulatorServer(emulator) as server:
        assert over_a_socket(server.origin)("GET", LEAD, headers=vendor).status == 403
    with EmulatorServer(emulator, allowed_hosts=["api.sendpilot.ai"]) as server:
        assert over_a_socket(server.origin)("GET", LEAD, headers=vendor).status == 200
