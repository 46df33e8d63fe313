"""Replays: what a sandbox has recorded comes out again, and what is changed is named."""

import base64
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import flask
import pytest
import requests

from mock_sendpilot import (
    Emulator,
    EmulatorServer,
    InvalidInput,
    Sandbox,
    SandboxFactory,
    WebhookReceiver,
)
from mock_sendpilot.evidence.files import read
from mock_sendpilot.evidence.recording import recorded
from mock_sendpilot.evidence.replaying import Replay, replay_document
from mock_sendpilot.testing.backends.remote import RemoteHost
from tests.evidence.worlds import SECRET, call, close

IDA = "https://www.linkedin.com/in/ida-holm"
START = "2030-01-31T09:00:00Z"
Scenario = Callable[[Sandbox, WebhookReceiver], None]


def replayed(sendpilot: Sandbox, folder: Path, **options: Any) -> Replay:
    """Save a sandbox, and replay the file."""
    path = sendpilot.save_evidence(folder / "evidence.html")
    ((_, replay),) = replay_document(read(path), **options)
    return replay


def retries(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    receiver.respond(500, times=2)
    receiver.respond(503, headers={"Retry-After": "90"})
    sendpilot.add_endpoint(receiver.url)
    close(sendpilot, sendpilot.add_lead().id)
    sendpilot.clock.advance(hours=2)


def disruptions(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    lead = sendpilot.add_lead()
    for kind in ("duplicate", "reorder", "altered_body", "delay", "lost_response", "drop"):
        sendpilot.disrupt(kind)
        close(sendpilot, lead.id, "DONE")
        close(sendpilot, lead.id, "OPPORTUNITY")
        sendpilot.clock.advance(minutes=5)


def chaos(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    sendpilot.chaos(0.5)
    sendpilot.api_chaos(0.5)
    for _ in range(10):
        lead = sendpilot.add_lead()
        with suppress(requests.RequestException):  # a fault may break the connection
            call(sendpilot, "GET", "/leads")
        sendpilot.trigger("message.sent", lead_id=lead)
        sendpilot.clock.advance(minutes=1)


def faults(sendpilot: Sandbox, _receiver: WebhookReceiver) -> None:
    sendpilot.fail_next(status=429, retry_after=7)
    call(sendpilot, "GET", "/leads")
    with sendpilot.fault("leads.list", status=500):
        call(sendpilot, "GET", "/leads?status=DONE&status=PENDING")
    call(sendpilot, "GET", "/leads/a%2Fb%3Fc?\u00e4=%26")
    call(sendpilot, "POST", "/leads", data=b"{no json")


def endpoints(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    first = sendpilot.add_endpoint(receiver.url, secret=SECRET, headers={"X-Token": "t" * 20})
    second = sendpilot.add_endpoint(f"{receiver.url}/second", events="message.sent")
    sendpilot.rotate_secret(first)
    sendpilot.send_test_event(second)
    sent = sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
    sendpilot.set_enabled(second, enabled=False)
    sendpilot.clock.advance()
    sendpilot.resend(sent)
    sendpilot.disarm(sendpilot.disrupt("drop"))
    sendpilot.clock.advance()


def people(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    sender = sendpilot.add_sender("sender_2", connections=[IDA])
    sequence = [{"step": "connect"}, {"step": "message", "text": "Hi", "after": "1d"}]
    sendpilot.add_campaign("camp_2", sequence=sequence, sender_ids=[sender])
    sendpilot.set_credits(purchased=50)
    lead = sendpilot.add_lead(IDA, sender_id="sender_2", status="CONNECTION_ACCEPTED")
    sendpilot.simulate("reply", lead, text="Tell me more")
    body = {"campaignId": "camp_2", "leads": [{"linkedinUrl": f"{IDA}-{n}"} for n in range(5)]}
    call(sendpilot, "POST", "/leads", json=body)
    sendpilot.clock.advance(days=10)


def searches(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.set_credits(purchased=50)
    body = {"filters": {"jobTitles": ["CTO"]}, "webhookUrl": receiver.url, "limit": 5}
    call(sendpilot, "POST", "/lead-database/search", json=body)
    call(sendpilot, "POST", "/lead-database/searches", json=body)
    sendpilot.clock.advance(hours=1)


def everything_delivered(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    lead = sendpilot.add_lead()
    sendpilot.disrupt("drop")
    with sendpilot.at_once():
        close(sendpilot, lead.id, "DONE")
        close(sendpilot, lead.id, "OPPORTUNITY")
    sendpilot.deliver_all()


def control_api(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    def control(method: str, path: str, body: Any = None) -> Any:
        url = f"{sendpilot.origin}/_emulate{path}"
        reply = requests.request(method, url, json=body, headers=sendpilot.headers, timeout=10)
        assert reply.ok, reply.text
        return reply.json() if reply.content else None

    place = {"campaignId": sendpilot.campaign_id, "senderId": sendpilot.sender_id}
    control("POST", "/endpoints", {"url": receiver.url})
    lead = control("POST", "/leads", {**place, "status": "MESSAGE_SENT"})
    control("POST", f"/leads/{lead['id']}/simulate", {"action": "reply", "text": "Yes"})
    control("POST", "/disruptions", {"kind": "duplicate"})
    close(sendpilot, lead["id"])
    control("POST", "/clock", {"advance": "1h"})
    control("DELETE", "/disruptions")
    control("POST", "/reset", {})
    control("POST", "/leads", {**place, "id": "lead_1"})
    control("POST", "/clock", {"resume": True})
    close(sendpilot, "lead_1")


def restarts(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    close(sendpilot, sendpilot.add_lead(lead_id="lead_1").id)
    snapshot = sendpilot.snapshot()
    close(sendpilot, "lead_1", "OPPORTUNITY")
    sendpilot.restore(snapshot)
    sendpilot.clock.advance()
    sendpilot.reset()
    close(sendpilot, sendpilot.add_lead(lead_id="lead_1").id)
    sendpilot.clock.advance()


SCENARIOS = [
    *(retries, disruptions, chaos, faults, endpoints, people, searches),
    *(everything_delivered, restarts, control_api),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_everything_comes_out_as_recorded(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path, scenario: Scenario
) -> None:
    scenario(sandbox, sendpilot_receiver)

    replay = replayed(sandbox, tmp_path)
    assert replay.differences == ()
    assert replay.request_count == len(sandbox.requests)


@pytest.mark.parametrize("scenario", [retries, endpoints, people], ids=lambda one: one.__name__)
def test_everything_comes_out_under_another_contract(
    factory: SandboxFactory,
    sendpilot_receiver: WebhookReceiver,
    tmp_path: Path,
    scenario: Scenario,
) -> None:
    sandbox = factory("live", frozen=True)
    scenario(sandbox, sendpilot_receiver)

    assert replayed(sandbox, tmp_path).differences == ()


def test_a_clock_that_ran_is_replayed_in_an_instant(
    factory: SandboxFactory, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sandbox = factory()
    sendpilot_receiver.respond(500)
    sandbox.add_endpoint(sendpilot_receiver.url, retry_delays=[0.05, 3600])
    lead = sandbox.add_lead()
    for status in ("DONE", "OPPORTUNITY"):
        close(sandbox, lead.id, status)
    sent = sandbox.trigger("message.sent", lead_id=lead)
    sandbox.wait_until_idle()
    sandbox.resend(sent)
    sandbox.clock.freeze()
    sandbox.clock.advance(hours=1)
    sandbox.clock.resume()
    close(sandbox, lead.id, "MEETING_BOOKED")
    sandbox.wait_until_idle()

    assert replayed(sandbox, tmp_path).differences == ()


def test_requests_that_a_receiver_makes_are_made_again(sandbox: Sandbox, tmp_path: Path) -> None:
    app = flask.Flask(__name__)

    @app.post("/webhooks")
    def receive() -> tuple[str, int]:
        event = flask.request.json
        if event["eventType"] == "lead.status.changed" and event["data"]["newStatus"] == "DONE":
            close(sandbox, event["data"]["leadId"], "OPPORTUNITY")
        return "", 204

    sandbox.add_endpoint(app)
    close(sandbox, sandbox.add_lead().id)
    sandbox.clock.advance(minutes=1)
    call(sandbox, "GET", "/leads")

    replay = replayed(sandbox, tmp_path)
    assert replay.differences == ()
    assert (replay.request_count, replay.attempt_count) == (3, 2)


def test_a_difference_is_named_by_its_field(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    retries(sandbox, sendpilot_receiver)
    document = read(sandbox.save_evidence(tmp_path / "evidence.html"))
    (workspace,) = document["workspaces"]
    request = next(one for one in workspace["steps"] if one["step"] == "request")
    request["reply"]["status"] = 202
    request["reply"]["body"] = request["reply"]["body"].replace("true", "false")
    workspace["events"][0]["deliveries"][0]["attempts"][1]["trigger"] = "resend"

    ((_, replay),) = replay_document(document)
    differences = [(one.field, one.recorded, one.replayed) for one in replay.differences]
    assert differences == [
        ("status", "202", "200"),
        ("body.success", "false", "true"),
        ("trigger", '"resend"', '"schedule"'),
    ]


def test_a_receiver_that_is_mended_since_comes_out_otherwise(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sendpilot_receiver.respond(500)
    sandbox.add_endpoint(sendpilot_receiver.url, secret=SECRET)
    close(sandbox, sandbox.add_lead().id)
    sandbox.clock.advance(minutes=1)
    path = sandbox.save_evidence(tmp_path / "evidence.html")

    with WebhookReceiver() as receiver:
        ((_, replay),) = replay_document(read(path), url=receiver.url, secret=SECRET)
        (received,) = receiver.received
    assert received.is_signed_with(SECRET)
    assert [one.field for one in replay.differences] == ["attempts", "status"]


def test_a_receiver_that_is_as_it_was_comes_out_as_recorded(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    disruptions(sandbox, sendpilot_receiver)

    replay = replayed(sandbox, tmp_path, url=sendpilot_receiver.url)
    assert replay.differences == ()


def test_a_shared_sandbox_is_replayed_from_where_the_recording_began(
    sandbox: Sandbox, sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    sendpilot_receiver.respond(500)
    sandbox.add_endpoint(sendpilot_receiver.url)
    close(sandbox, sandbox.add_lead(lead_id="lead_1").id)
    sandbox.clock.advance()
    sandbox.backend.begin()  # type: ignore[attr-defined]
    close(sandbox, "lead_1", "OPPORTUNITY")
    sandbox.clock.advance(hours=1)

    replay = replayed(sandbox, tmp_path)
    assert replay.differences == ()
    assert (replay.request_count, replay.event_count, replay.attempt_count) == (1, 2, 3)


def test_requests_of_several_threads_can_be_replayed(sandbox: Sandbox, tmp_path: Path) -> None:
    leads = [sandbox.add_lead() for _ in range(8)]
    threads = [threading.Thread(target=close, args=(sandbox, one.id)) for one in leads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert replayed(sandbox, tmp_path).request_count == 8


def test_a_sandbox_that_was_not_recorded_cannot_be_replayed(
    sendpilot: Sandbox, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="cannot be replayed: its steps were not recorded"):
        replayed(sendpilot, tmp_path)


BOMB = base64.b64encode(zlib.compress(b" " * 101_000_000)).decode()
DAMAGES = [
    pytest.param(lambda one: one.update(state="AAAA"), "state at the beginning", id="state"),
    pytest.param(lambda one: one.pop("clock"), "damaged: KeyError", id="clock"),
    pytest.param(lambda one: one.update(steps=[{}]), "damaged: KeyError", id="steps"),
    pytest.param(lambda one: one.update(steps=None), "damaged: TypeError", id="no steps"),
    pytest.param(
        lambda one: one.update(steps=[{"step": "clock", "to": "soon"}]),
        "damaged: ValueError",
        id="a time that is none",
    ),
    pytest.param(
        lambda one: one.update(state=BOMB),
        "too large",
        id="a state that grows",
    ),
]


@pytest.mark.parametrize(("damage", "problem"), DAMAGES)
def test_a_damaged_document_is_refused(
    sandbox: Sandbox, tmp_path: Path, damage: Callable[[Any], object], problem: str
) -> None:
    document = read(sandbox.save_evidence(tmp_path / "evidence.html"))
    damage(document["workspaces"][0])

    with pytest.raises(InvalidInput, match=problem):
        replay_document(document)


def test_a_sandbox_on_an_emulator_elsewhere_is_replayed(
    sendpilot_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    emulator = Emulator()  # with real chance, like `mock-sendpilot start`
    with EmulatorServer(emulator) as server:
        host = RemoteHost(server.origin, control_token=None, random_seed="evidence")
        with SandboxFactory(recorded(host))(frozen=True) as sandbox:
            endpoints(sandbox, sendpilot_receiver)
            close(sandbox, sandbox.add_lead().id)
            replay = replayed(sandbox, tmp_path)
    emulator.close()

    assert replay.differences == ()
    assert (replay.request_count, replay.event_count) == (1, 3)
