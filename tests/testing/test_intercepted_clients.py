"""Eight HTTP clients with the vendor's URL hard-coded, all intercepted."""

import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from mock_sendpilot.testing.interception import LeakedRequest, intercept, no_leaks
from mock_sendpilot.testing.sandbox import Sandbox
from tests.testing.http_clients import EIGHT_CLIENTS, Client

VENDOR = "https://api.sendpilot.ai/v1"
Make = Callable[[], Client]


@pytest.fixture(params=list(EIGHT_CLIENTS.values()), ids=list(EIGHT_CLIENTS))
def make_client(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Clients of one kind, made where a test wants them made."""
    made: list[Client] = []

    def make() -> Client:
        made.append(request.param())
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Make, sendpilot_intercepted: Sandbox) -> Client:
    """A client that is made within the interception."""
    return make_client()


def test_a_get_reaches_the_sandbox_under_the_url_of_the_vendor(
    client: Client, sendpilot: Sandbox
) -> None:
    response = client.send("GET", f"{VENDOR}/leads?limit=1", sendpilot.headers)

    assert (response.status, response.url) == (200, f"{VENDOR}/leads?limit=1")
    (request,) = sendpilot.requests
    assert request.headers["Host"] == "api.sendpilot.ai"


def test_a_patch_changes_the_lead(client: Client, sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(status="REPLY_RECEIVED")
    url = f"{VENDOR}/leads/{lead.id}/status"

    response = client.send("PATCH", url, sendpilot.headers, json={"status": "DONE"})

    assert response.json["previousStatus"] == "REPLY_RECEIVED"
    assert sendpilot.lead(lead).status == "DONE"


def test_a_fault_is_answered(client: Client, sendpilot: Sandbox) -> None:
    sendpilot.fail_next(503)

    assert client.send("GET", f"{VENDOR}/leads", sendpilot.headers).status == 503


def test_a_reset_breaks_the_connection(client: Client, sendpilot: Sandbox) -> None:
    with sendpilot.fault(reset=True), pytest.raises(client.broken):
        client.send("GET", f"{VENDOR}/leads", sendpilot.headers)


def test_a_slow_response_is_a_timeout(client: Client, sendpilot: Sandbox) -> None:
    with sendpilot.fault(latency=30.0), pytest.raises(client.timed_out):
        client.send("GET", f"{VENDOR}/leads", sendpilot.headers, timeout=0.1)


def test_a_body_is_streamed(client: Client, sendpilot: Sandbox) -> None:
    for _ in range(100):
        sendpilot.add_lead()
    started_at = time.monotonic()
    with sendpilot.fault(trickle=3000):  # so the whole body takes more than ten seconds
        assert client.first_byte(f"{VENDOR}/leads?limit=100", sendpilot.headers) == b"{"
    assert time.monotonic() - started_at < 5


def test_a_connection_is_kept_within_the_interception(make_client: Make) -> None:
    ports: set[str] = set()
    with intercept() as sandbox:
        sandbox.server.app.before_request(lambda: ports.add(_port()))
        client = make_client()
        for _ in range(3):
            assert client.send("GET", f"{VENDOR}/leads", sandbox.headers).status == 200

    keeps_connections = "UrllibRequest" not in type(client).__name__
    assert len(ports) == (1 if keeps_connections else 3)


def test_a_client_that_was_made_before_is_intercepted(
    make_client: Make, sendpilot: Sandbox
) -> None:
    client = make_client()
    with intercept(sendpilot):
        assert client.send("GET", f"{VENDOR}/leads", sendpilot.headers).status == 200


def test_a_kept_connection_does_not_outlive_the_interception(make_client: Make) -> None:
    client = make_client()
    with intercept() as sandbox:
        client.send("GET", f"{VENDOR}/leads", sandbox.headers)

    with pytest.raises(LeakedRequest, match=r"api\.sendpilot\.ai"), no_leaks():
        client.send("GET", f"{VENDOR}/leads", {})


def test_the_next_interception_gets_the_requests_of_the_same_client(make_client: Make) -> None:
    client = make_client()
    for _ in range(2):
        with intercept() as sandbox:
            assert client.send("GET", f"{VENDOR}/leads", sandbox.headers).status == 200


def test_the_inner_of_two_interceptions_gets_the_requests(make_client: Make) -> None:
    client = make_client()
    with intercept() as outer, intercept() as inner:
        assert client.send("GET", f"{VENDOR}/leads", inner.headers).status == 200
        assert client.send("GET", f"{VENDOR}/leads", outer.headers).status == 401


def test_the_outer_of_two_interceptions_goes_on_when_the_inner_has_ended(
    make_client: Make,
) -> None:
    client = make_client()
    with intercept() as outer:
        with intercept() as inner:
            client.send("GET", f"{VENDOR}/leads", inner.headers)
        assert client.send("GET", f"{VENDOR}/leads", outer.headers).status == 200


def test_a_host_of_somebody_else_is_left_alone(client: Client, sendpilot: Sandbox) -> None:
    response = client.send("GET", f"{sendpilot.origin}/health", {})

    assert (response.status, response.url) == (200, f"{sendpilot.origin}/health")


@pytest.fixture
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://127.0.0.1:9")  # nobody listens there
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    # urlopen keeps the proxies of its first call for the whole process, and so for later tests.
    monkeypatch.setattr(urllib.request, "_opener", None)


@pytest.mark.usefixtures("_proxy")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_not_used_for_the_host_of_the_vendor(
    make_client: Make, sendpilot_intercepted: Sandbox, scheme: str
) -> None:
    url = f"{scheme}://api.sendpilot.ai/v1/leads"

    response = make_client().send("GET", url, sendpilot_intercepted.headers)

    assert response.status == 200
    assert sendpilot_intercepted.requests[0].headers["Host"] == "api.sendpilot.ai"


def test_a_guard_refuses_the_host_of_the_vendor(make_client: Make) -> None:
    client = make_client()
    with pytest.raises(LeakedRequest, match=r"leaked to .* at tests.*http_clients\.py"), no_leaks():
        client.send("GET", f"{VENDOR}/leads", {})


@pytest.mark.usefixtures("_proxy")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_guard_refuses_it_behind_a_proxy_too(make_client: Make, scheme: str) -> None:
    client = make_client()
    with pytest.raises(LeakedRequest), no_leaks():
        client.send("GET", f"{scheme}://api.sendpilot.ai/v1/leads", {})


def _port() -> str:
    from flask import request

    return str(request.environ["REMOTE_PORT"])
