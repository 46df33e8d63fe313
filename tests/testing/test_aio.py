"""A test with an event loop: what waits is awaited, so that an app in that loop can answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import Any

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.report import ReceiverReport
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.testing.aio import EventLoopBlocked
from mock_sendpilot.testing.failures import NotIdle, WebhookNotSeen
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from tests.support import SECRET

EVENT = "message.sent"
Call = Callable[[Sandbox, WebhookReceiver], object]
CALLS = [
    pytest.param(
        lambda box, _: box.webhooks.wait_for(EVENT), "sendpilot.aio.webhooks.wait_for", id="webhook"
    ),
    pytest.param(
        lambda box, _: box.events.wait_for(EVENT), "sendpilot.aio.events.wait_for", id="event"
    ),
    pytest.param(
        lambda box, _: box.requests.wait_for("leads.list"),
        "sendpilot.aio.requests.wait_for",
        id="request",
    ),
    pytest.param(
        lambda box, _: box.assert_converges(dict), "sendpilot.aio.assert_converges", id="converges"
    ),
    pytest.param(
        lambda box, _: box.clock.advance("1h"), "sendpilot.aio.clock.advance", id="advance"
    ),
    pytest.param(lambda box, _: box.clock.set("2999-01-01"), "sendpilot.aio.clock.set", id="set"),
    pytest.param(lambda box, _: box.wait_until_idle(), "sendpilot.aio.wait_until_idle", id="idle"),
    pytest.param(
        lambda box, receiver: box.check_receiver(receiver.url, secret=SECRET),
        "sendpilot.aio.check_receiver",
        id="check_receiver",
    ),
    pytest.param(
        lambda _, receiver: receiver.wait_for(EVENT),
        "sendpilot_receiver.aio.wait_for",
        id="received",
    ),
    pytest.param(
        lambda _, receiver: receiver.wait_for(count=1),
        "sendpilot_receiver.aio.wait_for",
        id="count",
    ),
]


@asynccontextmanager
async def app_in_this_loop() -> AsyncIterator[str]:
    """An app that answers 204 in the running loop; its URL."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
        await reader.readexactly(int(length.rpartition(b":")[2]))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks"


def trigger(sendpilot: Sandbox) -> str:
    return sendpilot.trigger(EVENT, lead_id=sendpilot.add_lead()).event_id


@pytest.mark.parametrize(("call", "twin"), CALLS)
def test_a_call_that_waits_is_refused_in_a_coroutine_with_advice(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, call: Call, twin: str
) -> None:
    async def test() -> None:
        call(sendpilot, sendpilot_receiver)

    with pytest.raises(EventLoopBlocked, match=rf"it: write await {twin}\(\.\.\.\)$"):
        asyncio.run(test())


def test_the_advice_is_given_to_a_helper_that_a_coroutine_calls(sendpilot: Sandbox) -> None:
    def helper() -> None:
        sendpilot.wait_until_idle()

    async def test() -> None:
        helper()

    with pytest.raises(EventLoopBlocked):
        asyncio.run(test())


@pytest.mark.parametrize("twin", [case.values[1] for case in CALLS])
def test_the_advised_call_can_be_awaited(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, twin: str
) -> None:
    fixture, _, path = twin.partition(".")
    things = {"sendpilot": sendpilot, "sendpilot_receiver": sendpilot_receiver}

    assert iscoroutinefunction(attrgetter(path)(things[fixture]))


def test_a_thread_of_an_asynchronous_test_may_wait(sendpilot: Sandbox) -> None:
    asyncio.run(asyncio.to_thread(sendpilot.wait_until_idle))


def test_a_synchronous_test_may_wait_beside_a_loop_that_is_suspended(sendpilot: Sandbox) -> None:
    """As with Playwright's synchronous API, which leaves a loop on another stack."""
    loop = asyncio.new_event_loop()
    asyncio._set_running_loop(loop)
    try:
        trigger(sendpilot)
        assert sendpilot.events.wait_for(EVENT).event_type == EVENT
    finally:
        asyncio._set_running_loop(None)
        loop.close()


def awaited(
    sendpilot: Sandbox, test: Callable[[str], Coroutine[Any, Any, Any]], **settings: Any
) -> Any:
    """Run a test with an endpoint in its own loop."""

    async def run() -> Any:
        async with app_in_this_loop() as url:
            sendpilot.add_endpoint(url, secret=SECRET, **settings)
            return await test(url)

    return asyncio.run(run())


def test_a_webhook_to_the_own_loop_is_awaited(sendpilot: Sandbox) -> None:
    async def test(_url: str) -> None:
        first = trigger(sendpilot)
        webhook = await sendpilot.aio.webhooks.wait_for(EVENT, timeout=20)
        assert (webhook.event_id, webhook.deliveries[0].state) == (first, "succeeded")
        trigger(sendpilot)
        both = await sendpilot.aio.webhooks.wait_for(EVENT, count=2, timeout=20)
        (second,) = await sendpilot.aio.events.wait_for(EVENT, count=1, after=webhook, timeout=20)
        assert both == [webhook, both[1]]
        assert both[1].event_id == second.event_id

    awaited(sendpilot, test)


def test_an_advance_that_sends_to_the_own_loop_is_awaited(sendpilot: Sandbox) -> None:
    async def test(_url: str) -> None:
        sendpilot.clock.freeze()
        trigger(sendpilot)
        assert await sendpilot.aio.clock.advance(minutes=1) == 1
        trigger(sendpilot)
        assert await sendpilot.aio.clock.set("2999-01-01") == 1
        assert [one.deliveries[0].state for one in sendpilot.webhooks] == ["succeeded"] * 2

    awaited(sendpilot, test, timeout=20)


def test_idle_is_awaited(sendpilot: Sandbox) -> None:
    async def test(_url: str) -> None:
        trigger(sendpilot)
        await sendpilot.aio.wait_until_idle(timeout=20)
        assert len(sendpilot.webhooks) == 1

    awaited(sendpilot, test)


def test_the_check_of_a_receiver_in_the_same_loop_is_awaited(sendpilot: Sandbox) -> None:
    async def test(url: str) -> ReceiverReport:
        return await sendpilot.aio.check_receiver(url, secret=SECRET)

    report = awaited(sendpilot, test)

    assert report.result("acknowledges").outcome == "passed"


def test_a_webhook_at_a_receiver_is_awaited(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    async def test() -> None:
        sendpilot.add_endpoint(sendpilot_receiver.url)
        trigger(sendpilot)
        received = await sendpilot_receiver.aio.wait_for(EVENT, timeout=20)
        assert await sendpilot_receiver.aio.wait_for(count=1, timeout=20) == [received]

    asyncio.run(test())


def test_many_waits_leave_the_threads_of_the_loop_to_the_app(sendpilot: Sandbox) -> None:
    async def test() -> None:
        leads = [sendpilot.add_lead() for _ in range(40)]  # the loop's own pool has at most 32
        waits = asyncio.gather(
            *(sendpilot.aio.events.wait_for(EVENT, lead_id=one, timeout=20) for one in leads)
        )
        await asyncio.sleep(0)
        for lead in leads:
            sent = asyncio.to_thread(sendpilot.trigger, EVENT, lead_id=lead)
            await asyncio.wait_for(sent, timeout=10)
        assert [one.lead_id for one in await waits] == [lead.id for lead in leads]

    asyncio.run(test())


def test_a_wait_that_is_cancelled_does_not_hold_up_the_end_of_the_loop(
    sendpilot: Sandbox,
) -> None:
    async def test() -> None:
        wait = sendpilot.aio.events.wait_for(EVENT, timeout=10)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait, timeout=0.05)

    began = SystemClock.running_seconds()
    asyncio.run(test())
    assert SystemClock.running_seconds() - began < 5
    trigger(sendpilot)  # so that its thread ends


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(
            lambda box, _: box.aio.events.wait_for(EVENT, timeout=0.01), WebhookNotSeen, id="event"
        ),
        pytest.param(lambda box, _: box.aio.webhooks.wait_for(EVENT), WebhookNotSeen, id="webhook"),
        pytest.param(
            lambda _, receiver: receiver.aio.wait_for(EVENT, timeout=0.01),
            WebhookNotSeen,
            id="receiver",
        ),
        pytest.param(lambda box, _: box.aio.wait_until_idle(timeout=0.01), NotIdle, id="idle"),
        pytest.param(lambda box, _: box.aio.clock.advance("soon"), InvalidInput, id="advance"),
    ],
)
def test_an_awaited_wait_fails_as_the_other_does_without_the_frames_of_a_thread(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, call: Any, error: type[Exception]
) -> None:
    if error is NotIdle:
        sendpilot.clock.freeze()
        sendpilot.add_endpoint(sendpilot_receiver.url)
        trigger(sendpilot)

    async def test() -> None:
        await call(sendpilot, sendpilot_receiver)

    with pytest.raises(error) as failed:
        asyncio.run(test())
    assert "thread.py" not in str(failed.traceback[-1].path)
