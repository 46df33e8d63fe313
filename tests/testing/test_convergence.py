"""`sendpilot.assert_converges`: an app that works later agrees with the emulator in the end."""

import asyncio
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import flask
import pytest
import requests

from mock_sendpilot import InvalidInput, NotConverged, Sandbox, WebhookReceiver
from mock_sendpilot.testing.aio import EventLoopBlocked


class LateApp:
    """An app that acknowledges webhooks and applies them in a worker."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.queue: queue.Queue[Any] = queue.Queue()
        self.may_work = threading.Event()
        self.wsgi = flask.Flask("late")
        self.wsgi.post("/webhooks")(self._receive)
        self.wsgi.get("/leads")(lambda: {one: {"status": at} for one, at in self.statuses.items()})
        self._worker = threading.Thread(target=self._work)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self.may_work.set()
        self.queue.put(None)
        self._worker.join()

    def _receive(self) -> str:
        self.queue.put(flask.request.json)
        return ""

    def _work(self) -> None:
        while event := self.queue.get():
            self.may_work.wait(10)
            self.statuses[event["data"]["leadId"]] = event["data"]["newStatus"]


@pytest.fixture
def late_app() -> Iterator[LateApp]:
    made = LateApp()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def close(sendpilot: Sandbox) -> Callable[[str], None]:
    """Sets the status of a lead to DONE."""

    def patch(lead_id: str) -> None:
        url = f"{sendpilot.base_url}/leads/{lead_id}/status"
        requests.patch(url, json={"status": "DONE"}, headers=sendpilot.headers, timeout=5)

    return patch


def test_it_waits_until_the_worker_of_the_app_is_done(
    sendpilot: Sandbox, late_app: LateApp, close: Callable[[str], None]
) -> None:
    sendpilot.add_endpoint(late_app.wsgi)
    close(sendpilot.add_lead(lead_id="lead_1").id)
    calls: list[dict[str, str]] = []

    def probe() -> dict[str, str]:
        calls.append(dict(late_app.statuses))
        late_app.may_work.set()
        return calls[-1]

    sendpilot.assert_converges(probe)
    assert (calls[0], calls[-1]) == ({}, {"lead_1": "DONE"})


@pytest.mark.parametrize("kind", ["path", "url", "command"])
def test_a_probe_is_a_path_a_url_or_a_command(
    sendpilot: Sandbox, late_app: LateApp, close: Callable[[str], None], tmp_path: Path, kind: str
) -> None:
    late_app.may_work.set()
    endpoint = sendpilot.add_endpoint(late_app.wsgi)
    close(sendpilot.add_lead(lead_id="lead_1").id)
    view = tmp_path / "view.json"
    view.write_text('[{"id": "lead_1", "status": "DONE"}]')
    url = endpoint.url.replace("/webhooks", "/leads")
    command = [sys.executable, "-c", f"print(open({str(view)!r}).read())"]
    probes: dict[str, Any] = {"path": "/leads", "url": url, "command": command}

    sendpilot.assert_converges(probes[kind])


class Status(Enum):
    DONE = "DONE"


@pytest.mark.parametrize(
    "view",
    [
        pytest.param({"lead_1": "DONE"}, id="statuses"),
        pytest.param({"lead_1": Status.DONE}, id="a status of an enumeration"),
        pytest.param({"lead_1": {"status": "DONE", "first_name": "Ida"}}, id="fields"),
        pytest.param({"lead_1": {"id": "lead_1", "firstName": "Ida"}}, id="fields with the id"),
        pytest.param([{"leadId": "lead_1", "status": "DONE"}], id="a list"),
        pytest.param([{"id": "lead_1", "createdAt": "2026-03-01T09:00:00Z"}], id="a time"),
        pytest.param({"lead_1": {"customFields": {"tier": 1}}}, id="custom fields"),
    ],
)
def test_a_view_has_one_of_several_forms(sendpilot: Sandbox, view: Any) -> None:
    sendpilot.add_lead(
        lead_id="lead_1",
        status="DONE",
        first_name="Ida",
        custom_fields={"tier": 1},
        created_at="2026-03-01T09:00:00Z",
    )
    sendpilot.assert_converges(lambda: view, timeout=0)


def test_only_the_named_leads_are_compared(sendpilot: Sandbox) -> None:
    first, second = sendpilot.add_lead(), sendpilot.add_lead()
    sendpilot.assert_converges(lambda: {first.id: "PENDING"}, leads=[first], timeout=0)
    with pytest.raises(NotConverged, match=f"{second.id}: the app does not have it"):
        sendpilot.assert_converges(lambda: {first.id: "PENDING"}, leads=[second.id], timeout=0)


def test_a_named_lead_that_nobody_has_is_a_difference(sendpilot: Sandbox) -> None:
    with pytest.raises(NotConverged, match="lead_typo: neither the app nor the emulator has it"):
        sendpilot.assert_converges(dict, leads=["lead_typo"], timeout=0)


def test_a_failure_shows_each_field_and_the_webhooks_that_told_it(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, close: Callable[[str], None]
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[3600])
    sendpilot_receiver.respond(503)
    for lead_id in ("lead_1", "lead_2", "lead_3"):
        sendpilot.add_lead(lead_id=lead_id, first_name="Ida")
    close("lead_1")
    sendpilot.webhooks.wait_for("lead.status.changed")
    view = {
        "lead_1": {"status": "PENDING", "firstName": "Eva"},
        "lead_2": {"status": "PENDING"},
        "lead_9": {"status": "DONE"},
    }
    with pytest.raises(NotConverged) as caught:
        sendpilot.assert_converges(lambda: view, timeout=0.05)
    lines = re.sub(r"evt_\w+", "evt_1", str(caught.value)).splitlines()
    assert lines[:-1] == [
        "the app does not agree with the emulator about its leads within 0.05 s: 3 differ",
        "  lead_1: status: the app has 'PENDING', the emulator 'DONE'",
        "  lead_1: firstName: the app has 'Eva', the emulator 'Ida'",
        "    lead.status.changed evt_1: pending after 503",
        "  lead_3: the app does not have it; its status is 'PENDING'",
        "    no event is about it",
        "  lead_9: the app has it, and the emulator does not",
        "    no event is about it",
    ]
    assert re.match("  attempt 2 of lead.status.changed .* is due at ", lines[-1])


def test_webhooks_that_are_due_while_the_clock_is_frozen_fail_at_once(
    sendpilot: Sandbox, late_app: LateApp, close: Callable[[str], None]
) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(late_app.wsgi)
    close(sendpilot.add_lead(lead_id="lead_1").id)

    with pytest.raises(NotConverged, match=r"(?s)its leads: 1 differs.*frozen at .*: advance it"):
        sendpilot.assert_converges(lambda: late_app.statuses, timeout=60)

    sendpilot.clock.advance()
    late_app.may_work.set()
    sendpilot.assert_converges(lambda: late_app.statuses)


def test_a_webhook_that_is_still_being_sent_is_waited_for(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, close: Callable[[str], None]
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot.add_lead(lead_id="lead_1").id)
    calls: list[str] = []

    def probe() -> dict[str, str]:
        calls.append("called")
        return {"lead_1": "DONE", "lead_2": "DONE"}

    with sendpilot_receiver.hold_responses():
        close(sendpilot.add_lead(lead_id="lead_2").id)
        with pytest.raises(NotConverged, match=r"(?s)webhooks are still being sent.*still running"):
            sendpilot.assert_converges(probe, timeout=0.1)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        pytest.param(["no-such-command"], "cannot be run: No such file", id="unknown"),
        pytest.param([sys.executable, "-c", "1/0"], "exited with 1: ZeroDivisionError", id="fails"),
        pytest.param(
            [sys.executable, "-c", "import time; time.sleep(30)"],
            "did not end within 1 s",
            id="hangs",
        ),
    ],
)
def test_a_command_that_does_not_answer_is_a_failure_in_words(
    sendpilot: Sandbox, command: list[str], message: str
) -> None:
    with pytest.raises(NotConverged, match=f"about its leads within 0.1 s: the probe .*{message}"):
        sendpilot.assert_converges(command, timeout=0.1)


def test_a_url_that_answers_500_is_a_failure_in_words(
    sendpilot: Sandbox, late_app: LateApp
) -> None:
    sendpilot.add_endpoint(late_app.wsgi)
    with pytest.raises(NotConverged, match="expected status 200 from the probe, got 404"):
        sendpilot.assert_converges("/unknown", timeout=0.05)


def test_a_probe_that_raises_is_asked_again(sendpilot: Sandbox) -> None:
    rows = [{}, {}, {"lead_1": "DONE"}]
    sendpilot.add_lead(lead_id="lead_1", status="DONE")
    sendpilot.assert_converges(lambda: {"lead_1": rows.pop(0)["lead_1"]})
    with pytest.raises(NotConverged, match="the probe raised IndexError: pop from empty") as caught:
        sendpilot.assert_converges(lambda: rows.pop(0), timeout=0.05)
    assert isinstance(caught.value.__cause__, IndexError)


def test_a_probe_is_not_asked_in_a_busy_loop(sendpilot: Sandbox) -> None:
    calls: list[str] = []

    def probe() -> dict[str, str]:
        calls.append("called")
        return {"lead_1": "DONE"}

    with pytest.raises(NotConverged):
        sendpilot.assert_converges(probe, timeout=0.3)
    assert 2 <= len(calls) <= 7


@pytest.mark.parametrize(
    ("view", "message"),
    [
        pytest.param(None, r"expected a view of the leads such as .*\], got None", id="nothing"),
        pytest.param("<html>", "got '<html>'", id="text"),
        pytest.param({"leads": []}, r"got \[\] for a lead", id="a page"),
        pytest.param([{"status": "DONE"}], "got {'status': 'DONE'} in the list", id="no id"),
        pytest.param([7], "got 7 in the list", id="numbers"),
        pytest.param({7: "DONE"}, "expected the id of a lead, got 7", id="a number as id"),
        pytest.param(
            {"lead_1": {"stauts": "DONE"}},
            "no lead has the field 'stauts'; did you mean 'status'",
            id="field",
        ),
    ],
)
def test_a_view_of_another_form_is_refused_at_once(
    sendpilot: Sandbox, view: Any, message: str
) -> None:
    sendpilot.add_lead(lead_id="lead_1")
    with pytest.raises(InvalidInput, match=message.replace("\\\\\\\\", "\\\\")):
        sendpilot.assert_converges(lambda: view, timeout=60)


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        pytest.param(7, "expected a function, a URL, a path of the app, or a command", id="number"),
        pytest.param([], "expected a function, a URL", id="no command"),
        pytest.param("ftp://x", "the probe: ", id="url"),
        pytest.param("/leads", "expected a URL, since no app is served, got '/leads'", id="path"),
    ],
)
def test_a_probe_that_is_none_is_refused(sendpilot: Sandbox, probe: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        sendpilot.assert_converges(probe)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_an_asynchronous_probe_is_awaited_in_the_event_loop(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    thread = threading.get_ident()

    async def probe() -> dict[str, str]:
        assert threading.get_ident() == thread
        return {lead.id: "PENDING"}

    await sendpilot.aio.assert_converges(probe, timeout=5)
    await sendpilot.aio.assert_converges(lambda: {lead.id: "PENDING"})
    with pytest.raises(EventLoopBlocked, match=r"await sendpilot\.aio.assert_converges"):
        sendpilot.assert_converges(probe)


@pytest.mark.anyio
async def test_an_asynchronous_probe_that_hangs_is_given_up(sendpilot: Sandbox) -> None:
    with pytest.raises(NotConverged, match=r"the probe did not return within 0\.1 s"):
        await sendpilot.aio.assert_converges(asyncio.Event().wait, timeout=0.1)


def test_an_asynchronous_probe_needs_an_event_loop(sendpilot: Sandbox) -> None:
    async def probe() -> dict[str, str]:
        return {}

    with pytest.raises(InvalidInput, match=r"write await sendpilot\.aio\.assert_converges"):
        sendpilot.assert_converges(probe)
