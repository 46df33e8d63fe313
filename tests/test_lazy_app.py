"""The app of a server grows when somebody asks for more than the vendor's API."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from flask import Flask

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.lazy_app import LazyApp, Stage
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
    return notes_of(monkeypatch, "mock_sendpilot.app", "create_app")


def notes_of(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> list[str]:
    """Return a list that gets the name of each thread that calls a function which makes an app."""
    found: list[str] = []
    create_app = getattr(import_module(module), name)

    def create(*args: object, **options: object) -> Flask:
        found.append(threading.current_thread().name)
        app: Flask = create_app(*args, **options)
        return app

    monkeypatch.setattr(f"{module}.{name}", create)
    return found


def test_flask_does_not_log_as_the_parent_of_all_loggers(server: EmulatorServer) -> None:
    assert server.app.logger.name == "mock_sendpilot.app"


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
    ("path", "is_needed"),
    [
        *((path, False) for path in HEALTH_PATHS),
        ("/v1/leads", False),
        ("/api/v1/leads/lead_abc123", False),
        ("/v1/leads/lead_abc123/status", False),
        ("/v1/leads/lead_abc123/statuses", True),
        ("/v1/leads/", True),
        ("/v1/me", True),
        ("/api/v1/campaigns", True),
    ],
)
def test_the_first_app_serves_leads(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch, path: str, is_needed: bool
) -> None:
    makings = notes_of(monkeypatch, "mock_sendpilot.vendor_app", "create_vendor_app")
    with EmulatorServer(server.emulator) as another:
        over_a_socket(another.origin)("GET", path)
    assert bool(makings) is is_needed


@pytest.mark.parametrize(
    "path",
    [
        *HEALTH_PATHS,
        *("/v1/leads", "/v1/leads/lead_abc123", "/v1/leads/no", "/v1/leads/lead_abc123/status"),
        *("/v1/leads/", "/v1/leads/a%2Fb", "/v1/leads/a/b/c", "/api/v1/leads/status"),
        *("/v1/me", "/api/v1/campaigns", "/v1/nothing", "/v1/"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "PATCH"])
def test_every_stage_gives_the_same_response(api: Api, method: str, path: str) -> None:
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

    app = LazyApp([Stage(bool, lambda: Flask("first")), Stage(bool, make)])
    with pytest.raises(ImportError, match="the disk is gone"):
        app.at(-1)
    assert app.at(-1) is complete


def test_the_app_of_a_server_answers_its_requests(server: EmulatorServer, api: Api) -> None:
    requests: list[str] = []
    server.app.before_request(lambda: requests.append("request"))
    api("GET", "/v1/leads")
    assert requests == ["request"]
