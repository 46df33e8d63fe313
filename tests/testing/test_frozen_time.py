"""In a test that freezes or travels in time nothing stalls, and nothing spins."""

import gc
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone

import freezegun
import pytest
import requests
import time_machine
from svix.webhooks import Webhook

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.failures import NotIdle, WebhookNotSeen
from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox

EVENT = "lead.status.changed"
LONG_AGO = datetime(2001, 2, 3, tzinfo=timezone.utc)
FAR_AHEAD = datetime(2101, 2, 3, tzinfo=timezone.utc)
Travel = Callable[[], AbstractContextManager[object]]
_TRAVELS: dict[str, Travel] = {
    "freezegun, past": lambda: freezegun.freeze_time(LONG_AGO),
    "freezegun, future": lambda: freezegun.freeze_time(FAR_AHEAD),
    "time-machine, still": lambda: time_machine.travel(LONG_AGO, tick=False),
    "time-machine, ticking": lambda: time_machine.travel(FAR_AHEAD, tick=True),
}


class Stopwatch:
    """Real seconds, and those of the processor; held by a class, where freezegun does not look."""

    _running = staticmethod(time.perf_counter)
    _busy = staticmethod(time.process_time)

    def __init__(self) -> None:
        gc.collect()  # or it comes while the watch runs, and takes long in a long session
        self._began, self._was_busy = self._running(), self._busy()

    @property
    def seconds(self) -> float:
        return self._running() - self._began

    @property
    def busy_seconds(self) -> float:
        return self._busy() - self._was_busy


@pytest.fixture(params=_TRAVELS)
def travel(request: pytest.FixtureRequest) -> Travel:
    return _TRAVELS[request.param]


def close(sendpilot: Sandbox) -> str:
    lead = sendpilot.add_lead()
    url = f"{sendpilot.base_url}/leads/{lead.id}/status"
    body = {"status": "DONE"}
    requests.patch(url, json=body, headers=sendpilot.headers, timeout=10).raise_for_status()
    return lead.id


def post(sendpilot: Sandbox, path: str, body: dict[str, object]) -> requests.Response:
    url = f"{sendpilot.origin}/_emulate{path}"
    return requests.post(url, json=body, headers=sendpilot.headers, timeout=30)


def test_a_delay_on_a_running_clock_ends_in_time_without_spinning(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.add_endpoint(sendpilot_receiver.url)
        sendpilot.disrupt("delay", seconds=0.3)
        whole = Stopwatch()
        lead_id = close(sendpilot)
        watch = Stopwatch()
        sendpilot.webhooks.wait_for(EVENT, lead_id=lead_id, timeout=20)

    assert 0.3 <= whole.seconds < 15
    assert watch.busy_seconds < 0.12
    assert len(sendpilot_receiver.received) == 1


def test_a_retry_comes_in_time(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[0.1])
        sendpilot.disrupt("wrong_secret")
        sendpilot_receiver.respond(401)
        close(sendpilot)
        first, second = sendpilot_receiver.wait_for(count=2, timeout=20)

    assert first.headers["svix-id"] == second.headers["svix-id"]


def test_chaos_brings_every_event_in_the_end(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.add_endpoint(sendpilot_receiver.url)
        sendpilot.chaos(1, random_seed="1", kinds=["duplicate", "reorder", "delay", "extra_fields"])
        ids = {close(sendpilot) for _ in range(6)}
        sendpilot.clock.advance(minutes=1)

    assert {one.json["data"]["leadId"] for one in sendpilot_receiver.received} == ids


def test_a_wait_for_a_missing_webhook_ends_in_time_without_spinning(
    sendpilot: Sandbox, travel: Travel
) -> None:
    with travel():
        watch = Stopwatch()
        with pytest.raises(WebhookNotSeen, match="nothing came"):
            sendpilot.events.wait_for(EVENT, timeout=0.25)

    assert 0.25 <= watch.seconds < 15
    assert watch.busy_seconds < 0.12


def test_a_wait_at_the_server_ends_in_time_without_spinning(
    sendpilot: Sandbox, travel: Travel
) -> None:
    with travel():
        watch = Stopwatch()
        reply = post(sendpilot, "/wait", {"eventType": EVENT, "timeoutSeconds": 0.25})

    assert reply.status_code == 409
    assert 0.25 <= watch.seconds < 15
    assert watch.busy_seconds < 0.12


def test_a_wait_ends_when_the_event_comes(sendpilot: Sandbox, travel: Travel) -> None:
    replies: list[int] = []

    def wait() -> None:
        wanted = {"eventType": EVENT, "timeoutSeconds": 60}
        replies.append(post(sendpilot, "/wait", wanted).status_code)

    with travel():
        waiting = threading.Thread(target=wait)
        waiting.start()
        close(sendpilot)
        waiting.join(20)

    assert replies == [200]


def test_watching_for_changes_ends_when_something_comes(sendpilot: Sandbox, travel: Travel) -> None:
    answers: list[dict[str, list[object]]] = []
    url = f"{sendpilot.origin}/_emulate/events/changes?since=0&waitSeconds=30"
    with travel():
        watching = threading.Thread(
            target=lambda: answers.append(
                requests.get(url, headers=sendpilot.headers, timeout=40).json()
            )
        )
        watching.start()
        close(sendpilot)
        watching.join(20)

    assert len(answers[0]["events"]) == 1


def test_a_wait_at_a_receiver_ends_in_time_without_spinning(
    sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        watch = Stopwatch()
        with pytest.raises(WebhookNotSeen, match="nothing has reached"):
            sendpilot_receiver.wait_for(EVENT, timeout=0.25)

    assert 0.25 <= watch.seconds < 15
    assert watch.busy_seconds < 0.12


def test_a_wait_can_be_for_several_and_for_the_next_of_a_kind(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.add_endpoint(sendpilot_receiver.url)
        sendpilot.disrupt("delay", seconds=0.1, times=None)
        lead_ids = [close(sendpilot) for _ in range(3)]
        first = sendpilot.webhooks.wait_for(EVENT, timeout=20)
        second, third = sendpilot.webhooks.wait_for(EVENT, count=2, after=first, timeout=20)
        received = sendpilot_receiver.wait_for(EVENT, lead_id=third.lead_id, timeout=20)
        matching = sendpilot.webhooks.matching(EVENT)

    assert [one.lead_id for one in (first, second, third)] == lead_ids
    assert received.event_id == third.event_id
    assert len(matching) == 3


def test_a_wait_for_the_next_of_a_kind_ends_in_time(sendpilot: Sandbox, travel: Travel) -> None:
    with travel():
        close(sendpilot)
        first = sendpilot.events.wait_for(EVENT)
        close(sendpilot)
        watch = Stopwatch()
        with pytest.raises(WebhookNotSeen, match="1 of 2 came"):
            sendpilot.events.wait_for(EVENT, count=2, after=first, timeout=0.25)

    assert 0.25 <= watch.seconds < 15


def test_a_wait_until_idle_ends_in_time(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.add_endpoint(sendpilot_receiver.url)
        for _ in range(3):
            close(sendpilot)
        sendpilot.wait_until_idle(timeout=20)
        count = len(sendpilot_receiver.received)
        with sendpilot_receiver.hold_responses():
            close(sendpilot)
            watch = Stopwatch()
            with pytest.raises(NotIdle):
                sendpilot.wait_until_idle(timeout=0.25)

    assert count == 3
    assert 0.25 <= watch.seconds < 15


def test_the_clock_is_advanced_by_text_and_set_to_text(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.clock.freeze()
        sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[3600, 3600])
        sendpilot_receiver.respond(503, times=2)
        close(sendpilot)
        tasks = [sendpilot.clock.advance("1h"), sendpilot.clock.set("2999-01-01T00:00:00Z")]

    assert tasks == [2, 1]
    assert sendpilot.webhooks[0].deliveries[0].state == "succeeded"


def test_a_time_of_the_test_is_accepted_and_a_naive_one_refused(
    sendpilot: Sandbox, travel: Travel
) -> None:
    with travel():
        now = datetime.now(timezone.utc)
        lead = sendpilot.add_lead(created_at=now)
        with pytest.raises(InvalidInput, match="created_at: expected a time such as"):
            sendpilot.add_lead(created_at=now.replace(tzinfo=None))
        with pytest.raises(InvalidInput, match="moment: expected a time with a zone"):
            sendpilot.clock.set(now.replace(tzinfo=None))

    assert lead.created_at == now


def signing_year(received: ReceivedWebhook) -> int:
    seconds = int(received.headers["svix-timestamp"])
    return datetime.fromtimestamp(seconds, tz=timezone.utc).year


def test_a_signature_has_the_time_that_the_test_sees_when_it_is_made(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    with travel():
        expected = datetime.now(timezone.utc).year
        close(sendpilot)
        sendpilot_receiver.wait_for(count=1, timeout=20)
    close(sendpilot)
    shifted, real = sendpilot_receiver.wait_for(count=2, timeout=20)

    assert signing_year(shifted) == expected
    assert 2020 < signing_year(real) < 2100


def test_a_signature_can_have_real_time(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    with travel():
        sendpilot.add_endpoint(sendpilot_receiver.url, signature_clock="wall")
        close(sendpilot)
        (received,) = sendpilot_receiver.wait_for(count=1, timeout=20)

    assert 2020 < signing_year(received) < 2100


def test_a_receiver_in_the_process_can_verify(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, travel: Travel
) -> None:
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url)
    with travel():
        close(sendpilot)
        (received,) = sendpilot_receiver.wait_for(count=1, timeout=20)
        Webhook(endpoint.secret).verify(received.body, dict(received.headers))


def test_a_receiver_in_the_process_can_verify_by_the_clock_of_the_workspace(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    with freezegun.freeze_time(LONG_AGO):
        sendpilot.clock.set(LONG_AGO)
        endpoint = sendpilot.add_endpoint(sendpilot_receiver.url, signature_clock="virtual")
        close(sendpilot)
        (received,) = sendpilot_receiver.wait_for(count=1, timeout=20)
        Webhook(endpoint.secret).verify(received.body, dict(received.headers))
