"""Operations that run without Flask: the replies are Flask's, and what needs Flask gets it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any

import flask
import orjson
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mock_sendpilot.api.flask_dispatch import FlaskDispatch
from mock_sendpilot.api.operation import PERFORM
from mock_sendpilot.app import create_app
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.paths import RawPaths
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.models import ApiKey, RateLimit
from mock_sendpilot.world.workspace import Workspace
from tests.api.expect import READ_KEY, STATUS
from tests.api.test_every_operation import OPERATIONS
from tests.conftest import NOW
from tests.support import DEMO_KEY

JSON_TYPE = "application/json"
DONE = b'{"status":"DONE"}'
LOCAL = "localhost"
LIMITED_KEY = "key_limited"


@dataclass
class World:
    """The demo world at a time that stands still, and its app."""

    wsgi_app: Any
    emulator: Emulator
    workspace: Workspace

    def __call__(self, request: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        content, status, headers = run_wsgi_app(self.wsgi_app, dict(request))
        return status, list(headers), b"".join(content)

    @property
    def app(self) -> Flask:
        assert isinstance(self.wsgi_app, Flask)
        return self.wsgi_app

    @property
    def journal(self) -> list[tuple[str, str | None, int | None, tuple[str, ...]]]:
        """The latest entries."""
        access = self.emulator.keys.find(DEMO_KEY)
        assert access is not None
        entries = access.journal.all()[-2:]
        return [(one.id, one.operation, one.status, one.events) for one in entries]


def make_world() -> World:
    emulator = Emulator(random_seed="tests")
    seed = parse_seed(demo_text(), now=NOW)[0]
    keys = (
        *seed.api_keys,
        ApiKey(key=READ_KEY, scopes=frozenset({"leads:read"})),
        ApiKey(key=LIMITED_KEY, rate_limit=RateLimit(requests=3, window_seconds=60)),
    )
    workspace = emulator.add_workspace(replace(seed, api_keys=keys), clock=ManualClock(NOW))
    return World(create_app(emulator), emulator, workspace)


@pytest.fixture
def world() -> Iterator[World]:
    made = make_world()
    yield made
    made.emulator.close()


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[World, World]]:
    """Two equal worlds; the second leaves everything to Flask."""
    ours, flasks = make_world(), make_world()
    flasks.app.teardown_appcontext(lambda _: None)
    for one in (ours, flasks):
        one(request("GET", "/v1/leads"))  # before its first request an app may get more of them
    yield ours, flasks
    ours.emulator.close()
    flasks.emulator.close()


def request(
    method: str, target: str, body: bytes = b"", *, key: str | None = DEMO_KEY, **environ: str
) -> dict[str, Any]:
    """Return a request as a WSGI server makes it."""
    path, _, query = target.partition("?")
    builder = EnvironBuilder(method=method, data=body)
    sent = {
        **builder.get_environ(),
        "PATH_INFO": path,
        "REQUEST_URI": target,
        "QUERY_STRING": query,
        **({} if key is None else {"HTTP_X_API_KEY": key}),
        **environ,
    }
    builder.close()
    return sent


def case(
    method_and_target: tuple[str, str],
    body: bytes,
    *,
    method: str = "",
    prefix: str = "",
    suffix: str = "",
    **options: Any,
) -> dict[str, Any]:
    own_method, target = method_and_target
    options = {"CONTENT_TYPE": JSON_TYPE, **options}
    return request(method or own_method, f"{prefix}{target}{suffix}", body, **options)


def one_of(name: str, *values: str | None) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(values).map(lambda value: {name: value})


TARGETS = [
    *(one.request.partition(" ")[::2] for one in OPERATIONS.values()),
    ("GET", "/v1/leads/lead_abc123?full=yes"),
    ("PUT", "/v1/leads"),
    ("GET", "/"),
]
BODIES = [
    *(b"" if one.body is None else orjson.dumps(one.body) for one in OPERATIONS.values()),
    *(b"{}", b"[]", b"{", DONE, b'{"status":"?"}', b'{"status":"PENDING","note":"x","y":1}'),
]
variations = st.one_of(
    st.just({}),
    one_of("method", "GET", "HEAD", "OPTIONS", "POST", "PATCH", "DELETE"),
    one_of("suffix", "/", "//", "%2F", "%41", "/x", "\xe9", "?x=1", "&page=0"),
    one_of("prefix", "/", "/api", "http://host", "/v1"),
    one_of("key", None, "", "unknown", READ_KEY, LIMITED_KEY),
    one_of("CONTENT_TYPE", "", "text/plain", f"{JSON_TYPE}; charset=utf-8", "APPLICATION/JSON"),
    one_of("CONTENT_LENGTH", "", "1", "-1", "x", "9999999", "1" * 12),
    one_of("HTTP_HOST", "", "evil.example", "127.0.0.1:80", "[bad"),
    one_of("HTTP_X_REQUEST_ID", "mine", "not usable"),
)


@settings(max_examples=800, deadline=None, database=None, derandomize=True)
@given(target=st.sampled_from(TARGETS), body=st.sampled_from(BODIES), variation=variations)
def test_a_request_is_answered_as_by_flask_alone(
    pair: tuple[World, World], target: tuple[str, str], body: bytes, variation: dict[str, Any]
) -> None:
    ours, flasks = pair
    sent = case(target, body, **variation)
    # The input can be read once.
    assert ours(copy_of(sent)) == flasks(copy_of(sent))

    assert ours.journal == flasks.journal


def copy_of(sent: dict[str, Any]) -> dict[str, Any]:
    stream = sent["wsgi.input"]
    stream.seek(0)
    content = stream.read()
    return {**sent, "wsgi.input": type(stream)(content)}


@pytest.fixture
def flask_count(world: World) -> Callable[[dict[str, Any]], int]:
    """Send a request as the second one, and return how many of the two came to Flask."""
    count = 0

    def wsgi_app(environ: Any, start_response: Any) -> Iterable[bytes]:
        nonlocal count
        count += 1
        return Flask.wsgi_app(world.app, environ, start_response)

    dispatch = FlaskDispatch(
        world.app,
        wsgi_app,
        host_checks=world.app.before_request_funcs[None],
        is_known_host=lambda host: host == LOCAL,
    )

    def send(sent: dict[str, Any]) -> int:
        for one in (request("GET", "/v1/leads"), sent):
            run_wsgi_app(RawPaths(dispatch), dict(one))
        return count

    return send


@pytest.mark.parametrize(
    "name", [name for name, one in OPERATIONS.items() if "{" not in one.request]
)
def test_an_operation_needs_flask_only_for_the_first_request(
    flask_count: Callable[[dict[str, Any]], int], name: str
) -> None:
    operation = OPERATIONS[name]
    body = b"" if operation.body is None else orjson.dumps(operation.body)

    assert flask_count(case(operation.request.partition(" ")[::2], body, HTTP_HOST=LOCAL)) == 1


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(request("GET", "/v1/leads", HTTP_HOST="evil.example"), id="unknown host"),
        pytest.param(request("GET", "/v1/leads/a%2Fb", HTTP_HOST=LOCAL), id="encoded path"),
        pytest.param(request("HEAD", "/v1/leads", HTTP_HOST=LOCAL), id="HEAD"),
        pytest.param(request("GET", "/v1/leads/unknown", HTTP_HOST=LOCAL), id="404"),
        pytest.param(request("GET", "/v1/leads/", HTTP_HOST=LOCAL), id="slash at the end"),
        pytest.param(
            request("PATCH", STATUS, DONE, CONTENT_TYPE="text/plain", HTTP_HOST=LOCAL), id="no JSON"
        ),
    ],
)
def test_an_unusual_request_goes_to_flask(
    flask_count: Callable[[dict[str, Any]], int], sent: dict[str, Any]
) -> None:
    assert flask_count(sent) == 2


def after(call: Callable[[], None], reply: flask.Response) -> flask.Response:
    call()
    return reply


AROUND: dict[str, Callable[[Flask, Callable[[], None]], object]] = {
    "before_request": lambda app, call: app.before_request(call),
    "after_request": lambda app, call: app.after_request(partial(after, call)),
    "teardown_request": lambda app, call: app.teardown_request(lambda _: call()),
    "teardown_appcontext": lambda app, call: app.teardown_appcontext(lambda _: call()),
    "url_value_preprocessor": lambda app, call: app.url_value_preprocessor(lambda *_: call()),
    "of a blueprint": lambda app, call: app.before_request_funcs.update({"leads": [call]}),
}


@pytest.mark.parametrize("name", AROUND)
def test_functions_around_requests_are_called_for_every_request(world: World, name: str) -> None:
    calls: list[int] = []
    AROUND[name](world.app, lambda: calls.append(1))
    for _ in range(3):
        world(request("PATCH", STATUS, DONE, CONTENT_TYPE=JSON_TYPE))

    assert len(calls) == 3


@pytest.mark.parametrize("requests_before", [0, 2], ids=["before the first request", "later"])
def test_a_view_that_replaces_the_one_of_an_operation_is_called(
    world: World, requests_before: int
) -> None:
    calls: list[str] = []
    views = world.app.view_functions
    operation = views["leads.get_lead"]

    @wraps(operation)
    def noting(**parameters: str) -> Any:
        calls.append(parameters["lead_id"])
        return operation(**parameters)

    for _ in range(requests_before):
        world(request("GET", "/v1/leads"))
    views["leads.get_lead"] = noting
    for _ in range(2):
        assert world(request("GET", "/v1/leads/lead_abc123"))[0] == "200 OK"

    assert calls == ["lead_abc123"] * 2


def test_flask_signals_are_sent_also_to_late_receivers(world: World) -> None:
    paths: list[str] = []
    world(request("GET", "/v1/leads"))
    with flask.request_finished.connected_to(lambda *_, **__: paths.append(flask.request.path)):
        world(request("GET", "/v1/credits"))

    assert paths == ["/v1/credits"]


def test_receivers_of_another_app_leave_an_operation_without_flask(
    world: World, flask_count: Callable[[dict[str, Any]], int]
) -> None:
    def note(*_: object, **__: object) -> None: ...

    flask.request_started.connect(note, sender=world.app)
    flask.request_started.disconnect(note, sender=world.app)  # blinker keeps an empty entry
    with flask.request_started.connected_to(note, sender=Flask("another")):
        assert flask_count(request("GET", "/v1/credits", HTTP_HOST=LOCAL)) == 1


def test_a_test_client_keeps_the_context_of_a_request(world: World) -> None:
    client = world.app.test_client()
    client.get("/v1/leads", headers={"X-API-Key": DEMO_KEY})
    with client:
        client.get("/v1/leads", headers={"X-API-Key": DEMO_KEY})

        assert flask.request.path == "/v1/leads"


def test_an_operation_that_fails_is_performed_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def perform(*_: object) -> None:
        calls.append("performed")
        raise RuntimeError("a fault of the emulator")

    monkeypatch.setattr(world.app.view_functions["leads.get_lead"], PERFORM, perform)
    world(request("GET", "/v1/leads"))
    status, _, content = world(request("GET", "/v1/leads/lead_abc123"))

    assert calls == ["performed"]
    assert (status, orjson.loads(content)["statusCode"]) == ("500 Internal Server Error", 500)
