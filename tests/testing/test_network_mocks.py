"""Suites that replace the network: webhooks are neither swallowed nor recorded."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from mock_sendpilot.network import connected, is_loopback, own_copy
from mock_sendpilot.receiver_check.target import url_probe
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from tests.testing.network_mocks import MOCKS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", MOCKS)
def test_webhooks_arrive_and_are_no_calls_of_the_app(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, name: str
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    lead = sendpilot.add_lead()
    with MOCKS[name]() as recorded:
        sendpilot.trigger("message.sent", lead_id=lead.id)
        sendpilot_receiver.wait_for("message.sent", timeout=10)
        sendpilot.trigger("message.received", lead_id=lead.id)  # over the same connection
        sendpilot_receiver.wait_for("message.received", timeout=10)
        assert recorded() == []


@pytest.mark.parametrize("name", MOCKS)
def test_webhooks_arrive_when_everything_is_imported_during_the_patch(name: str) -> None:
    arguments = [sys.executable, "-m", "tests.testing.network_mocks", name]
    ended = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.stdout == "received 1, recorded 0\n", ended.stderr


@pytest.mark.parametrize("name", MOCKS)
def test_a_probe_is_no_call_of_the_app_either(
    sendpilot_receiver: WebhookReceiver, name: str
) -> None:
    sendpilot_receiver.respond(200, body=[7])
    with MOCKS[name]() as recorded:
        assert url_probe(sendpilot_receiver.url, timeout_seconds=10)() == [7]
        assert recorded() == []


def test_a_test_that_closes_the_network_closes_it_to_webhooks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def closed(*_: object) -> NoReturn:
        raise RuntimeError("the network is closed")

    monkeypatch.setattr(socket, "socket", closed)

    with pytest.raises(RuntimeError, match="the network is closed"):
        connected("192.0.2.1", 80, timeout_seconds=0.1)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        pytest.param("127.0.0.1", True, id="IPv4"),
        pytest.param("127.8.0.1", True, id="IPv4, the whole network"),
        pytest.param("::1", True, id="IPv6"),
        pytest.param("[::1]", True, id="IPv6 in brackets"),
        pytest.param("localhost", True, id="name"),
        pytest.param("app.localhost", False, id="name below"),
        pytest.param("localhost.", False, id="name with a dot"),
        pytest.param("localhost.example", False, id="another name"),
        pytest.param("192.168.0.1", False, id="private"),
        pytest.param("fe80::1%lo", False, id="link-local"),
        pytest.param("", False, id="empty"),
    ],
)
def test_loopback_is_recognized_by_address_and_by_name(host: str, *, is_here: bool) -> None:
    assert is_loopback(host) is is_here


def test_a_name_below_localhost_is_resolved_without_the_patches_of_a_test(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_the_system(*_: object) -> NoReturn:
        raise OSError("resolved by the system")

    monkeypatch.setattr("_socket.getaddrinfo", of_the_system)

    with pytest.raises(OSError, match="resolved by the system"):
        connected("app.localhost", 1, timeout_seconds=0.1)


def test_a_missing_module_has_no_copy() -> None:
    with pytest.raises(ModuleNotFoundError, match="no module named 'nowhere'"):
        own_copy("nowhere")
