"""The app of a server grows when somebody asks for more than the vendor's API."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.lazy_app import LazyApp
from mock_sendpilot.paths import HEALTH_PATHS
from mock_sendpilot.server import EmulatorServer
from tests.support import DEMO_KEY, Api, over_a_socket

MORE = ("/", "/_emulate", "/_emulate/events", "/dashboard/", "/docs/", "/openapi.json", "/leads")


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as server:
        yield server


@pytest.fixture
def api(server: EmulatorServer) -> Api:
    return over_a_socket(server.origin)


@pytest.fixture
def makings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads in which a complete app was made."""
    from mock_sendpilot import app

    found: list[str] = []
    create_app = app.create_app

    def create(*args: object, **options: object) -> Flask:
        found.append(threading.current_thread().name)
        return create_app(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(app, "create_app", create)
    return found


@pytest.mark.parametrize(
    "path", [*HEALTH_PATHS, "/v1/leads", "/api/v1/leads", "/%761/leads", "/v1/nothing", "/v1//"]
)
def test_the_vendors_api_needs_no_complete_app(api: Api, makings: list[str], path: str) -> None:
    api("GET", path)
    assert makings == []


@pytest.mark.parametrize("path", MORE)
def test_other_paths_need_the_complete_app(api: Api, makings: list[str], path: str) -> None:
    api("GET", path)
    assert len(makings) == 1


@pytest.mark.parametrize(
    "path",
    [*HEALTH_PATHS, "/v1/leads", "/api/v1/campaigns", "/v1/nothing", "/v1/leads/a%2Fb", "/v1/"],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
def test_both_apps_give_the_same_response(api: Api, method: str, path: str) -> None:
    before = api(method, path)
    api("GET", "/_emulate")
    after = api(method, path)
    assert (after.status, after.headers.keys(), after.body) == (
        before.status,
        before.headers.keys(),
        before.body,
    )


def test_requests_that_come_together_get_one_app(api: Api, makings: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: api("GET", "/_emulate/events"), range(8)))
    assert ([reply.status for reply in replies], len(makings)) == ([200] * 8, 1)


def test_the_network_thread_does_not_make_the_complete_app(api: Api, makings: list[str]) -> None:
    api("GET", "/v1/leads", key=DEMO_KEY)
    api("GET", "/_emulate")
    assert makings == ["mock-sendpilot-http-handler"]


def test_a_failure_to_make_the_complete_app_is_that_of_one_request() -> None:
    complete = Flask("complete")
    outcomes: list[Flask | None] = [None, complete]

    def make() -> Flask:
        outcome = outcomes.pop(0)
        if outcome is None:
            raise ImportError("the disk is gone")
        return outcome

    app = LazyApp(Flask("vendor"), make)
    with pytest.raises(ImportError, match="the disk is gone"):
        _ = app.complete
    assert app.complete is complete


def test_the_app_of_a_server_answers_its_requests(server: EmulatorServer, api: Api) -> None:
    requests: list[str] = []
    server.app.before_request(lambda: requests.append("request"))
    api("GET", "/v1/leads")
    assert requests == ["request"]
