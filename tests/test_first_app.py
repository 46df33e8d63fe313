"""The app that a server begins with: its replies are those of Flask, which it seldom needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import flask
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.control.guard import Guard
from mock_sendpilot.control.hosts import Hosts
from mock_sendpilot.first_app import create_first_app
from mock_sendpilot.paths import HEALTH_PATHS, is_leads_or_health_path
from mock_sendpilot.vendor_app import create_leads_app
from mock_sendpilot.world.store import Store
from tests.api.expect import LEAD, READ_KEY, STATUS
from tests.api.test_dispatch import (
    BODIES,
    DONE,
    JSON_TYPE,
    World,
    case,
    copy_of,
    make_world,
    request,
    variations,
)
from tests.api.test_every_operation import OPERATIONS

JSON = {"CONTENT_TYPE": JSON_TYPE}
TARGETS = [
    *(one.request.partition(" ")[::2] for name, one in OPERATIONS.items() if "leads." in name),
    ("GET", f"{LEAD}?full=yes&page=2"),
    ("PUT", "/v1/leads"),
    *(("GET", path) for path in HEALTH_PATHS),
]


@dataclass
class First(World):
    """A world with the first app of a server, and the apps of Flask that it has made."""

    made: list[Flask]


def make_first() -> First:
    world, hosts = make_world(), Hosts()
    made: list[Flask] = []

    def make_flask_app() -> Flask:
        made.append(create_leads_app(world.emulator, guard=Guard(hosts=hosts)))
        return made[-1]

    app = create_first_app(world.emulator, hosts=hosts, make_flask_app=make_flask_app)
    return First(app, world.emulator, world.workspace, made)


@pytest.fixture
def first() -> Iterator[First]:
    world = make_first()
    yield world
    world.emulator.close()


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[World, World]]:
    """Two equal worlds; the second leaves everything to Flask."""
    ours, flasks = make_first(), make_world()
    flasks.app.teardown_appcontext(lambda _: None)
    yield ours, flasks
    ours.emulator.close()
    flasks.emulator.close()


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(target=st.sampled_from(TARGETS), body=st.sampled_from(BODIES), variation=variations)
def test_a_request_is_answered_as_by_flask_alone(
    pair: tuple[World, World], target: tuple[str, str], body: bytes, variation: dict[str, Any]
) -> None:
    ours, flasks = pair
    sent = case(target, body, **variation)
    if not is_leads_or_health_path(sent["PATH_INFO"]):  # a later app of the server answers those
        return
    # The input can be read once.
    assert ours(copy_of(sent)) == flasks(copy_of(sent))

    assert ours.journal == flasks.journal


@pytest.mark.parametrize(
    "sent",
    [
        *(pytest.param(partial(request, "GET", path), id=path) for path in HEALTH_PATHS),
        pytest.param(partial(request, "GET", "/v1/leads?full=true"), id="leads"),
        pytest.param(partial(request, "GET", "/v1/leads?wrong=1"), id="leads with a hint"),
        pytest.param(partial(request, "GET", f"/api{LEAD}"), id="a lead"),
        pytest.param(partial(request, "PATCH", STATUS, DONE, **JSON), id="PATCH"),
    ],
)
def test_a_usual_request_needs_no_flask(first: First, sent: Callable[[], dict[str, Any]]) -> None:
    status, _, _ = first(sent())

    assert (status, first.made) == ("200 OK", [])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(partial(request, "GET", "/v1/leads/unknown"), 404, id="404"),
        pytest.param(partial(request, "GET", "/v1/leads", key=None), 401, id="401"),
        pytest.param(partial(request, "PATCH", STATUS, DONE, key=READ_KEY, **JSON), 403, id="403"),
        pytest.param(partial(request, "PATCH", STATUS, b"{}", **JSON), 400, id="400"),
        pytest.param(partial(request, "PATCH", STATUS, b"[", **JSON), 400, id="invalid JSON"),
    ],
)
def test_a_refusal_needs_no_flask(
    first: First, sent: Callable[[], dict[str, Any]], status: int
) -> None:
    reply = first(sent())

    assert (int(reply[0][:3]), first.made) == (status, [])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(partial(request, "HEAD", "/v1/leads"), 200, id="HEAD"),
        pytest.param(partial(request, "PUT", "/v1/leads"), 404, id="no route"),
        pytest.param(partial(request, "PATCH", STATUS, DONE), 400, id="no JSON"),
        pytest.param(partial(request, "GET", "/readyz", HTTP_HOST="evil.example"), 403, id="host"),
    ],
)
def test_unusual_requests_make_one_app_of_flask(
    first: First, sent: Callable[..., dict[str, Any]], status: int
) -> None:
    replies = [first(sent()) for _ in range(2)]

    assert [int(reply[0][:3]) for reply in replies] == [status] * 2
    assert len(first.made) == 1


def test_a_400_is_the_same_for_a_path_with_a_second_slash_at_its_beginning(first: First) -> None:
    plain, other = (first(request("PATCH", path, b"{}", **JSON)) for path in (STATUS, f"/{STATUS}"))

    assert (other[0], other[2]) == (plain[0], plain[2])


def test_signals_of_flask_are_sent_to_who_receives_them(first: First) -> None:
    paths: list[str] = []
    first(request("GET", LEAD))
    with flask.request_finished.connected_to(lambda *_, **__: paths.append(flask.request.path)):
        first(request("GET", "/v1/leads"))
    first(request("GET", LEAD))

    assert (paths, len(first.made)) == (["/v1/leads"], 1)


def test_signals_of_its_own_app_are_sent_to_who_receives_them(first: First) -> None:
    paths: list[str] = []
    first(request("GET", "/v1/leads/unknown%41"))  # it makes the app
    with flask.request_finished.connected_to(
        lambda *_, **__: paths.append(flask.request.path), sender=first.made[0]
    ):
        first(request("GET", LEAD))

    assert paths == [LEAD]


def test_receivers_of_another_app_leave_a_request_without_flask(first: First) -> None:
    def note(*_: object, **__: object) -> None: ...

    with flask.request_started.connected_to(note, sender=Flask("another")):
        first(request("GET", LEAD))

    assert first.made == []


def test_a_fault_is_recorded_with_its_operation(first: First) -> None:
    reply = first(request("GET", "/v1/leads", HTTP_X_EMULATOR_FAULT="status=503"))

    assert reply[0] == "503 Service Unavailable"
    assert first.journal[-1][1] == "leads.list"


def test_flask_answers_for_a_fault_of_the_emulator(
    first: First, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def fail(_store: object, lead_id: str) -> None:
        calls.append(lead_id)
        raise RuntimeError("a fault of the emulator")

    monkeypatch.setattr(Store, "lead", fail)
    status, _, _ = first(request("GET", LEAD))

    assert (status, calls) == ("500 Internal Server Error", ["lead_abc123"])
    assert len(first.made) == 1
