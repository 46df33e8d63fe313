"""Interceptions beside libraries that mock HTTP, close the network or freeze time.

Each library is started before the interception and within it.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import freezegun
import httpx
import pook
import pytest
import pytest_socket
import requests
import requests_mock
import responses
import respx
import time_machine
import vcr

from mock_sendpilot.testing.interception import intercept
from mock_sendpilot.testing.sandbox import Sandbox

VENDOR = "https://api.sendpilot.ai/v1/leads"
OTHER = "https://crm.example/contacts"
Enter = Callable[[Callable[[], AbstractContextManager[Any]]], Any]


@pytest.fixture(params=["library first", "interception first"])
def enter(request: pytest.FixtureRequest, sendpilot: Sandbox) -> Iterator[Enter]:
    """Start a library before the interception or within it, and end both in that order."""
    with ExitStack() as stack:

        def start(library: Callable[[], AbstractContextManager[Any]]) -> Any:
            if request.param == "library first":
                made = stack.enter_context(library())
                stack.enter_context(intercept(sendpilot))
            else:
                stack.enter_context(intercept(sendpilot))
                made = stack.enter_context(library())
            return made

        yield start


def test_responses_mocks_its_own_and_passes_the_vendor_on(enter: Enter, sendpilot: Sandbox) -> None:
    mock = enter(responses.RequestsMock)
    mock.get(OTHER, json=[])
    mock.add_passthru("https://api.sendpilot.ai")

    assert requests.get(OTHER, timeout=10).json() == []
    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200


def test_responses_refuses_what_it_does_not_know(enter: Enter) -> None:
    enter(responses.RequestsMock)

    with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
        requests.get(VENDOR, timeout=10)


def test_requests_mock_passes_the_vendor_on(enter: Enter, sendpilot: Sandbox) -> None:
    mock = enter(requests_mock.Mocker)
    mock.get(OTHER, json=[])
    mock.get(re.compile("api.sendpilot.ai"), real_http=True)

    assert requests.get(OTHER, timeout=10).json() == []
    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_respx_mocks_its_own_and_passes_the_vendor_on(
    enter: Enter, sendpilot: Sandbox, using: str
) -> None:
    mock = enter(lambda: respx.mock(using=using))
    mock.get(OTHER).respond(json=[])
    mock.route(host="api.sendpilot.ai").pass_through()

    assert httpx.get(OTHER).json() == []
    assert httpx.get(VENDOR, headers=sendpilot.headers).status_code == 200


def test_vcrpy_records_the_sandbox_under_the_url_of_the_vendor(
    enter: Enter, sendpilot: Sandbox, tmp_path: Path
) -> None:
    path = str(tmp_path / "cassette.yaml")
    cassette = enter(lambda: vcr.use_cassette(path))

    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200
    assert httpx.get(VENDOR, headers=sendpilot.headers).status_code == 200
    assert [request.uri for request in cassette.requests] == [VENDOR, VENDOR]
    assert len(sendpilot.requests) == 2


def test_vcrpy_replays_what_it_has(enter: Enter, sendpilot: Sandbox, tmp_path: Path) -> None:
    path = str(tmp_path / "cassette.yaml")
    with intercept(sendpilot), vcr.use_cassette(path):
        requests.get(VENDOR, headers=sendpilot.headers, timeout=10)
    enter(lambda: vcr.use_cassette(path))

    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200
    assert len(sendpilot.requests) == 1


@contextmanager
def _only_this_machine() -> Iterator[None]:
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    try:
        yield
    finally:
        pytest_socket._remove_restrictions()


@contextmanager
def _no_sockets() -> Iterator[None]:
    pytest_socket.disable_socket()
    try:
        yield
    finally:
        pytest_socket.enable_socket()


def test_pytest_socket_lets_the_sandbox_through(enter: Enter, sendpilot: Sandbox) -> None:
    enter(_only_this_machine)

    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200
    assert httpx.get(VENDOR, headers=sendpilot.headers).status_code == 200


def test_pytest_socket_that_refuses_every_socket_lets_requests_through_that_need_none(
    enter: Enter, sendpilot: Sandbox
) -> None:
    enter(_no_sockets)

    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200
    assert httpx.get(VENDOR, headers=sendpilot.headers).status_code == 200
    with pytest.raises((pytest_socket.SocketBlockedError, UserWarning), match="tried to use"):
        requests.get(OTHER, timeout=10)


@pytest.mark.parametrize("freeze", [freezegun.freeze_time, time_machine.travel])
def test_frozen_time_does_not_stop_an_interception(
    enter: Enter, sendpilot: Sandbox, freeze: Callable[..., AbstractContextManager[Any]]
) -> None:
    enter(lambda: freeze(dt.datetime(2001, 2, 3, tzinfo=dt.timezone.utc)))

    for _ in range(2):
        assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200
        assert httpx.get(VENDOR, headers=sendpilot.headers).status_code == 200


def test_pook_passes_the_vendor_on(enter: Enter, sendpilot: Sandbox) -> None:
    enter(pook.use)
    pook.get(OTHER).reply(200).json([])
    pook.enable_network("api.sendpilot.ai")

    assert requests.get(OTHER, timeout=10).json() == []
    assert requests.get(VENDOR, headers=sendpilot.headers, timeout=10).status_code == 200
