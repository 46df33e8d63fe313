"""The header `traceparent`, passed on from a request to its webhooks by option."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.world.causes import Cause
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.webhooks.conftest import World

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST = Cause("request", "req_1", f"00-{TRACE_ID}-00f067aa0ba902b7-01")
PASSING = EndpointSettings(pass_traceparent=True, retry_delays_seconds=(1.0,))


@pytest.fixture
def change(world: World) -> Callable[[Cause | None], None]:
    """A change that a cause led to, and the attempts that follow from it."""

    def make(cause: Cause | None) -> None:
        with world.workspace.causes.working_for(cause):
            world.change("DONE")
        world.advance(10)

    return make


def test_each_attempt_is_a_span_of_the_trace_of_the_request(
    world: World, receiver: WebhookReceiver, change: Callable[[Cause | None], None]
) -> None:
    world.add_endpoint(receiver.url, settings=PASSING)
    receiver.respond(500, times=1)
    change(REQUEST)
    headers = [received.headers["traceparent"] for received in receiver.received]
    found = [re.fullmatch(rf"00-{TRACE_ID}-([0-9a-f]{{16}})-01", header) for header in headers]
    assert len({match[1] for match in found if match}) == 2
    (delivery,) = world.deliveries()
    assert [one.request_headers["traceparent"] for one in delivery.attempts] == headers


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        pytest.param(EndpointSettings(), REQUEST, id="not asked for"),
        pytest.param(PASSING, Cause("request", "req_1"), id="a request without one"),
        pytest.param(PASSING, None, id="no request"),
    ],
)
def test_other_webhooks_have_no_traceparent(
    world: World,
    receiver: WebhookReceiver,
    change: Callable[[Cause | None], None],
    settings: EndpointSettings,
    cause: Cause | None,
) -> None:
    world.add_endpoint(receiver.url, settings=settings)
    change(cause)
    (received,) = receiver.received
    assert "traceparent" not in received.headers


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        pytest.param(
            {"pass_traceparent": True, "headers": {"Traceparent": "x"}},
            "headers.traceparent: expected none with passTraceparent, which sets it",
            id="a header of the same name",
        ),
        pytest.param(
            {"pass_traceparent": 1}, "passTraceparent: expected true or false, got 1", id="a number"
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    world: World, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        world.add_endpoint("http://127.0.0.1:9/", settings=EndpointSettings(**settings))


def test_an_own_header_of_that_name_is_sent_as_it_is(
    world: World, receiver: WebhookReceiver, change: Callable[[Cause | None], None]
) -> None:
    settings = EndpointSettings(headers={"Traceparent": "own"})
    assert isinstance(world.add_endpoint(receiver.url, settings=settings), Endpoint)
    change(REQUEST)
    assert receiver.received[0].headers["traceparent"] == "own"
