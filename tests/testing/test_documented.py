"""The page of the fixtures names everything they offer, with every parameter."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.testing.recorded_events import SentWebhooks
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_clock import SandboxClock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "fixtures.md").read_text(encoding="utf-8")
OF_A_SEQUENCE = {"count", "index"}
OF_THE_PLUGIN = {"close", "start", "stop", "workspace", "staged", "renew"}
"""Names that the fixtures and the explorer call, and the emulator's own object beneath."""


def public(thing: object) -> set[str]:
    names = {name for name in dir(thing) if not name.startswith("_")}
    return names - OF_THE_PLUGIN - (OF_A_SEQUENCE if isinstance(thing, SentWebhooks) else set())


@pytest.fixture
def things(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> list[object]:
    received = ReceivedWebhook("/", {}, b'{"eventType": "x", "eventId": "y", "data": {}}')
    return [sendpilot, sendpilot.webhooks, sendpilot.clock, sendpilot_receiver, received]


def test_each_name_is_in_the_page(things: list[object]) -> None:
    missing = [name for one in things for name in public(one) if not _is_named(name)]

    assert missing == []


@pytest.mark.parametrize("kind", [Sandbox, SentWebhooks, SandboxClock, WebhookReceiver])
def test_each_parameter_is_in_the_page(kind: type) -> None:
    missing = [
        f"{name}({parameter}=)"
        for name in public(kind) - OF_A_SEQUENCE
        for parameter in _keywords(getattr(kind, name))
        if not re.search(rf"`{name}\([^`]*\b{parameter}=", PAGE)
    ]

    assert missing == []


@pytest.mark.parametrize("kind", [Sandbox, SentWebhooks, SandboxClock, WebhookReceiver])
def test_each_method_has_a_docstring(kind: type) -> None:
    silent = [name for name in public(kind) if not inspect.getdoc(getattr(kind, name))]

    assert silent == []


def _is_named(name: str) -> bool:
    return re.search(rf"`{name}\b", PAGE) is not None


def _keywords(method: object) -> Iterator[str]:
    if inspect.isfunction(method):
        for name, parameter in inspect.signature(method).parameters.items():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                yield name
