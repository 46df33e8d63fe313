"""Each method of the fixture, on an emulator in this process and on one that runs elsewhere."""

import asyncio
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from mock_sendpilot import (
    AdvanceTimedOut,
    Emulator,
    EmulatorServer,
    InvalidInput,
    NotConverged,
    NotFound,
    NotIdle,
    RequestNotSeen,
    Sandbox,
    SandboxFactory,
    UnconsumedFault,
    WebhookNotSeen,
    WebhookReceiver,
)
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.backends.protocol import Host
from mock_sendpilot.testing.backends.remote import RemoteHost
from mock_sendpilot.testing.failures import timeline

IDA = "https://www.linkedin.com/in/ida-holm"
SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="
START = "2030-01-31T09:00:00Z"


@pytest.fixture(scope="module", params=["here", "elsewhere"])
def host(request: pytest.FixtureRequest, sendpilot_server: EmulatorServer) -> Iterator[Host]:
    if request.param == "here":
        yield LocalHost(sendpilot_server)
        return
    # Another random seed: the ids of a sandbox must not depend on the emulator that has it.
    emulator = Emulator(random_seed="another")
    with EmulatorServer(emulator) as server:
        yield RemoteHost(server.origin, control_token=None, random_seed="pytest")
    emulator.close()


@pytest.fixture
def factory(host: Host) -> Iterator[SandboxFactory]:
    made = SandboxFactory(host)
    yield made
    made.close()


@pytest.fixture
def sendpilot(factory: SandboxFactory) -> Sandbox:
    return factory(random_seed="table")


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


def call(sendpilot: Sandbox, method: str, path: str, **options: Any) -> requests.Response:
    url = f"{sendpilot.base_url}{path}"
    return requests.request(method, url, headers=sendpilot.headers, timeout=10, **options)


def close(sendpilot: Sandbox, lead_id: str) -> requests.Response:
    return call(sendpilot, "PATCH", f"/leads/{lead_id}/status", json={"status": "DONE"})


# --- contents -------------------------------------------------------------------------------------


def test_a_lead_is_added_and_read(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(first_name="Ida", custom_fields={"size": 3})

    assert sendpilot.lead(lead) == lead
    assert sendpilot.leads() == [lead]
    assert (lead.campaign_id, lead.sender_id) == (sendpilot.campaign_id, sendpilot.sender_id)
    assert lead.linkedin_url == f"https://www.linkedin.com/in/{lead.id}".replace("_", "-")
    assert call(sendpilot, "GET", f"/leads/{lead.id}").json()["firstName"] == "Ida"


def test_ids_depend_on_the_random_seed_alone(sendpilot: Sandbox) -> None:
    added = [sendpilot.add_lead().id, sendpilot.add_lead(lead_id="lead_1").id]

    assert added == ["lead_lxjv35f675ak", "lead_1"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"lead_id": "lead_1"}, "there is a lead 'lead_1' already"),
        ({"linkedin_url": IDA}, "the campaign has a lead .*ida-holm already"),
        ({"campaign_id": "camp_0"}, "there is no campaign 'camp_0'"),
        ({"status": "CLOSED"}, "status: expected one of PENDING"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
    ids=["id", "person", "campaign", "status", "field"],
)
def test_a_lead_that_cannot_be_is_refused(
    sendpilot: Sandbox, values: dict[str, Any], problem: str
) -> None:
    sendpilot.add_lead(IDA, lead_id="lead_1")

    with pytest.raises(InvalidInput, match=problem):
        sendpilot.add_lead(**values)


def test_an_unknown_lead_is_not_found(sendpilot: Sandbox) -> None:
    with pytest.raises(NotFound, match="no lead 'lead_0'"):
        sendpilot.lead("lead_0")


def test_a_campaign_takes_its_leads_through_its_sequence(factory: SandboxFactory) -> None:
    sendpilot = factory(frozen=True)
    sequence = [{"step": "connect", "after": "1h", "responseRate": 0}]
    campaign = sendpilot.add_campaign("camp_1", sequence=sequence, description="A test")
    lead = sendpilot.add_lead(campaign_id=campaign)

    assert sendpilot.clock.advance("2h") >= 1
    assert sendpilot.lead(lead).status == "CONNECTION_SENT"
    assert call(sendpilot, "GET", "/campaigns/camp_1").json()["description"] == "A test"


def test_a_sender_has_limits_and_connections(sendpilot: Sandbox) -> None:
    sendpilot.add_sender("sender_1", limits={"messages": 1}, connections=[IDA], is_premium=True)
    sendpilot.connect("https://www.linkedin.com/in/bo-lund", sender_id="sender_1")
    message = {"senderId": "sender_1", "message": "Hello", "recipientLinkedinUrl": IDA}

    statuses = [call(sendpilot, "POST", "/inbox/send", json=message).status_code for _ in range(2)]

    assert statuses == [201, 429]


def test_a_connection_needs_a_sender(sendpilot: Sandbox) -> None:
    with pytest.raises(NotFound, match="no sender has the id 'sender_0'; there are: sender_test"):
        sendpilot.connect(IDA, sender_id="sender_0")


def test_credits_are_set(sendpilot: Sandbox) -> None:
    sendpilot.set_credits(subscription=5, purchased=7)

    assert sendpilot.backend.view().workspace.credits.balance().purchased == 7


@pytest.mark.parametrize(
    ("status", "action", "text", "event_type"),
    [
        ("CONNECTION_ACCEPTED", "reply", "Yes", "message.received"),
        ("CONNECTION_SENT", "accept_connection", None, "connection.accepted"),
    ],
)
def test_an_action_is_simulated(
    sendpilot: Sandbox, status: str, action: str, text: str | None, event_type: str
) -> None:
    lead = sendpilot.add_lead(status=status)

    after = sendpilot.simulate(action, lead, text=text)

    assert after == sendpilot.lead(lead)
    assert len(sendpilot.events.matching(event_type, lead_id=lead)) == 1


def test_a_campaign_is_paused(sendpilot: Sandbox) -> None:
    assert sendpilot.simulate("pause", sendpilot.campaign_id).status == "paused"


def test_an_action_that_cannot_happen_is_refused(sendpilot: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="sender_id is for steps of a lead"):
        sendpilot.simulate("pause", sendpilot.campaign_id, sender_id=sendpilot.sender_id)
    with pytest.raises(InvalidInput, match="action: expected one of"):
        sendpilot.simulate("dance", sendpilot.campaign_id)


# --- webhooks -------------------------------------------------------------------------------------


def test_a_webhook_is_sent_and_waited_for(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url, secret=SECRET, events="lead.status.changed")
    lead = sendpilot.add_lead()

    close(sendpilot, lead.id)

    event = sendpilot.events.wait_for("lead.status.changed", lead_id=lead)
    sent = sendpilot.webhooks.wait_for("lead.status.changed", new_status="DONE")
    assert event.event_id == sent.event_id
    assert receiver.received[0].is_signed_with(SECRET)
    assert [one.state for one in sent.deliveries] == ["succeeded"]
    assert sendpilot.webhooks.matching("lead.status.changed") == [sent]
    assert (len(sendpilot.events), len(sendpilot.webhooks)) == (1, 1)
    assert repr(sendpilot.webhooks) == "<SentWebhooks 1: lead.status.changed>"


def test_an_app_is_served_and_called(sendpilot: Sandbox) -> None:
    bodies = []

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        bodies.append(json.loads(environ["wsgi.input"].read()))
        start_response("204 No Content", [])
        return [b""]

    endpoint = sendpilot.add_endpoint(app, path="/hooks", headers={"X-Team": "a"})
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
    sendpilot.wait_until_idle()

    assert [body["eventType"] for body in bodies] == ["message.sent"]
    assert endpoint.url.endswith("/hooks")
    assert endpoint.settings.headers == {"X-Team": "a"}


def test_a_webhook_that_does_not_come_is_explained(
    sendpilot: Sandbox, receiver: WebhookReceiver
) -> None:
    with pytest.raises(WebhookNotSeen, match=r"no endpoint is registered for message.sent"):
        sendpilot.webhooks.wait_for("message.sent")
    sendpilot.add_endpoint(receiver.url)
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
    with pytest.raises(WebhookNotSeen, match=r"(?s)no event 'message.received' within 0.05 s.*"):
        sendpilot.events.wait_for("message.received", timeout=0.05)
    with pytest.raises(InvalidInput, match=r"message.received has no key 'colour'"):
        sendpilot.events.matching("message.received", colour="red")


def test_only_later_events_count(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    first = sendpilot.trigger("message.sent", lead_id=lead)
    second = sendpilot.trigger("message.sent", lead_id=lead)

    assert sendpilot.events.wait_for("message.sent", after=first).event_id == second.event_id
    assert len(sendpilot.events.wait_for("message.sent", count=2)) == 2


def test_a_trigger_needs_its_subject(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()

    with pytest.raises(InvalidInput, match=r"lead_id is required: message.sent is about an"):
        sendpilot.trigger("message.sent")
    overrides = {"size": float("nan")}
    with pytest.raises(InvalidInput, match=r"overrides.size: .*JSON"):
        sendpilot.trigger("message.sent", lead_id=lead, overrides=overrides)


def test_a_trigger_has_overrides_or_effects(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()

    sent = sendpilot.trigger("message.sent", lead_id=lead, text="Hello")
    sendpilot.trigger(
        "lead.status.changed", lead_id=lead, overrides={"newStatus": "DONE"}, with_effects=True
    )

    assert "Hello" in json.dumps(sent.data)
    assert sendpilot.lead(lead).status == "DONE"


def test_an_endpoint_is_changed(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    endpoint = sendpilot.add_endpoint(receiver.url, secret=SECRET, retry_delays=[1, 2], timeout=3)

    rotated = sendpilot.rotate_secret(endpoint)
    disabled = sendpilot.set_enabled(endpoint, enabled=False)

    assert list(endpoint.settings.retry_delays_seconds or ()) == [1, 2]
    assert (endpoint.secret, rotated.retired_secrets[0].secret) == (SECRET, SECRET)
    assert rotated.secret != SECRET
    assert not disabled.is_enabled
    with pytest.raises(NotFound, match="no webhook endpoint 'ep_0'"):
        sendpilot.rotate_secret("ep_0")
    with pytest.raises(InvalidInput, match=r"unknown event type 'lead.danced'"):
        sendpilot.add_endpoint(receiver.url, events=["lead.danced"])


def test_a_test_event_is_sent_and_resent(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    endpoint = sendpilot.add_endpoint(receiver.url)

    sent = sendpilot.send_test_event(endpoint, "message.sent")
    sendpilot.wait_until_idle()
    sendpilot.resend(sent)
    sendpilot.wait_until_idle()

    assert len(receiver.wait_for("message.sent", count=2)) == 2
    with pytest.raises(NotFound, match="evt_0"):
        sendpilot.resend("evt_0")


def test_a_delivery_is_disrupted(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    lead = sendpilot.add_lead()
    armed = sendpilot.disrupt("duplicate", copies=2, lead_id=lead)

    sendpilot.trigger("message.sent", lead_id=lead)
    sendpilot.wait_until_idle()

    assert len(receiver.received) == 3
    assert (armed.state, sendpilot.disruption(armed).state) == ("armed", "consumed")


@pytest.mark.parametrize(
    ("disrupt", "problem"),
    [
        (lambda one: one.disrupt("duplicat"), "did you mean 'duplicate'"),
        (lambda one: one.disrupt("duplicate", times=0), "times: expected"),
        (lambda one: one.chaos(kinds=[]), "kind"),
        (lambda one: one.chaos(2), "rate"),
    ],
    ids=["kind", "times", "no kinds", "rate"],
)
def test_an_impossible_disruption_is_refused(
    sendpilot: Sandbox, disrupt: Any, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        disrupt(sendpilot)


def test_chaos_disrupts_a_share(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    endpoint = sendpilot.add_endpoint(receiver.url)
    chaos = sendpilot.chaos(1, kinds="drop", endpoint=endpoint, random_seed="a bad day")

    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
    sendpilot.wait_until_idle()

    assert sendpilot.disruption(chaos).match_count == 1
    assert receiver.received == []


def test_a_receiver_is_checked(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    report = sendpilot.check_receiver(receiver.url, secret=SECRET)

    assert not report.passed  # it verifies nothing


def test_an_app_converges(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)

    sendpilot.assert_converges(lambda: {lead.id: "DONE"})
    with pytest.raises(NotConverged, match="the app has 'PENDING', the emulator 'DONE'"):
        sendpilot.assert_converges(lambda: {lead.id: "PENDING"}, leads=[lead], timeout=0.05)


# --- requests and their faults --------------------------------------------------------------------


def test_requests_are_recorded(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    headers = {**sendpilot.headers, "X-Request-Id": "r-1"}
    requests.get(
        f"{sendpilot.base_url}/leads",
        params={"search": ["é&="], "limit": ["5"], "tag": ["a", "b"]},
        headers=headers,
        timeout=10,
    )
    close(sendpilot, lead.id)

    listed, closed = sendpilot.requests
    assert listed.query == {"search": "é&=", "limit": "5", "tag": ["a", "b"]}
    assert (listed.method, listed.path, listed.operation) == ("GET", "/v1/leads", "leads.list")
    assert (listed.request_id, listed.id, listed.number) == ("r-1", "req_1", 1)
    assert listed.headers["X-API-Key"] != sendpilot.api_key
    assert (closed.json, closed.status) == ({"status": "DONE"}, 200)
    assert closed.response_json["status"] == "DONE"
    assert closed.response_headers["Content-Type"].startswith("application/json")
    assert closed.events == (sendpilot.events[0].event_id,)
    assert closed.body == b'{"status": "DONE"}'
    assert sendpilot.requests.matching("leads.list") == [listed]
    assert sendpilot.requests.wait_for("PATCH", after=listed) is closed
    assert sendpilot.requests[-1] is closed
    assert len(sendpilot.requests) == 2
    assert repr(sendpilot.requests).startswith("<RecordedRequests 2: GET /v1/leads, PATCH")


def test_requests_are_asserted(sendpilot: Sandbox) -> None:
    close(sendpilot, "lead_0")

    sendpilot.assert_requested("leads.updateStatus", json={"status": "DONE"}, times=1)
    sendpilot.assert_not_requested("GET", "/v1/leads")
    with pytest.raises(RequestNotSeen, match=r'(?s)expected 2 .*got 1.*"DONE"'):
        sendpilot.assert_requested("leads.updateStatus", times=2)
    with pytest.raises(RequestNotSeen, match=r"no request leads.list within 0.05 s"):
        sendpilot.requests.wait_for("leads.list", timeout=0.05)
    with pytest.raises(InvalidInput, match=r"the API has no operation 'leads.dance'"):
        sendpilot.assert_requested("leads.dance")


def test_a_request_with_another_key_is_told(sendpilot: Sandbox) -> None:
    url = f"{sendpilot.base_url}/leads"
    requests.get(url, headers={"X-API-Key": "sp_other"}, timeout=10)

    with pytest.raises(RequestNotSeen, match="without a known API key: 1, last GET"):
        sendpilot.assert_requested("leads.list")


def test_the_next_request_fails(sendpilot: Sandbox) -> None:
    fault = sendpilot.fail_next(503, "leads.list", retry_after=7)

    replies = [call(sendpilot, "GET", "/leads") for _ in range(2)]

    assert [one.status_code for one in replies] == [503, 200]
    assert replies[0].headers["Retry-After"] == "7"
    (after,) = sendpilot.faults
    assert (after.id, after.state, after.match_count) == (fault.id, "consumed", 1)
    assert [one.fault for one in sendpilot.requests] == [fault.id, None]
    sendpilot.check_faults()


def test_a_fault_that_hits_nothing_is_an_error(sendpilot: Sandbox) -> None:
    sendpilot.fail_next(503, "leads.list")

    with pytest.raises(UnconsumedFault, match="hit 0 of 1"):
        sendpilot.check_faults()


def test_a_fault_holds_within_its_block(sendpilot: Sandbox) -> None:
    with (
        sendpilot.fault("leads.list", reset=True, times=1),
        pytest.raises(requests.RequestException),
    ):
        call(sendpilot, "GET", "/leads")
    assert call(sendpilot, "GET", "/leads").status_code == 200
    assert sendpilot.requests[0].status is None
    with (
        pytest.raises(UnconsumedFault, match="for any request hit no request"),
        sendpilot.fault(status=500),
    ):
        pass
    with pytest.raises(InvalidInput, match="unknown effect 'statu'"), sendpilot.fault(statu=5):
        pass


def test_api_chaos_hits_a_share(sendpilot: Sandbox) -> None:
    sendpilot.api_chaos(1, random_seed="a bad day")

    def status() -> int:
        try:
            return call(sendpilot, "GET", "/leads").status_code
        except requests.RequestException:
            return 0

    statuses = [status() for _ in range(10)]
    assert len(set(statuses)) > 1
    assert len(sendpilot.faults[0].matches) == 10


def test_faults_of_the_options_are_armed_also_after_a_reset(factory: SandboxFactory) -> None:
    sendpilot = factory(
        faults=[{"pattern": {"operation": "leads.list"}, "effect": {"status": 503}}]
    )

    first = call(sendpilot, "GET", "/leads").status_code
    sendpilot.reset()

    assert (first, call(sendpilot, "GET", "/leads").status_code) == (503, 503)


def test_a_trace_is_a_tree(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(receiver.url)
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)
    sendpilot.wait_until_idle()

    (root,) = sendpilot.trace(sendpilot.requests[-1]).roots
    ((event,), (delivery,)) = root.children, root.children[0].children
    assert (root.id, event.kind, delivery.kind) == ("req_1", "event", "delivery")
    assert [one.kind for one in delivery.children] == ["attempt"]
    with pytest.raises(NotFound, match="no request, event, delivery or attempt"):
        sendpilot.trace("lead_0")


# --- the clock ------------------------------------------------------------------------------------


def test_the_clock_is_turned(factory: SandboxFactory, receiver: WebhookReceiver) -> None:
    sendpilot = factory(starts_at=START, frozen=True)
    sendpilot.add_endpoint(receiver.url, retry_delays=[60])
    receiver.respond(503)
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())

    assert (sendpilot.clock.is_frozen, receiver.received) == (True, [])
    assert sendpilot.clock.advance(minutes=2) == 2
    assert len(receiver.received) == 2
    assert sendpilot.clock.now == datetime(2030, 1, 31, 9, 2, tzinfo=timezone.utc)
    sendpilot.clock.set("2030-02-01")
    assert sendpilot.clock.now == datetime(2030, 2, 1, tzinfo=timezone.utc)
    sendpilot.clock.resume()
    assert not sendpilot.clock.is_frozen
    sendpilot.clock.freeze()
    assert repr(sendpilot.clock).endswith("frozen>")


@pytest.mark.parametrize(
    ("turn", "problem"),
    [
        (lambda clock: clock.advance("an hour"), "duration: expected a duration"),
        (lambda clock: clock.advance(timedelta(seconds=-1)), "cannot go back|in the past"),
        (lambda clock: clock.set("2030-01-31T09:00:00"), "moment: expected a time with a zone"),
        (lambda clock: clock.advance(days=10**7), "9000|year"),
    ],
    ids=["text", "negative", "naive", "far"],
)
def test_an_impossible_turn_is_refused(factory: SandboxFactory, turn: Any, problem: str) -> None:
    sendpilot = factory(starts_at=START, frozen=True)

    with pytest.raises(InvalidInput, match=problem):
        turn(sendpilot.clock)


def test_an_advance_that_takes_too_long_says_what_is_left(
    factory: SandboxFactory, receiver: WebhookReceiver
) -> None:
    sendpilot = factory(frozen=True)
    sendpilot.add_endpoint(receiver.url)
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())

    with receiver.hold_responses(), pytest.raises(AdvanceTimedOut, match="held up by") as raised:
        sendpilot.clock.advance("1h", timeout=0.2)

    assert raised.value.left_count == 1
    assert len(raised.value.held_up_by) == 1


def test_a_wait_for_idleness_ends_or_says_what_is_due(factory: SandboxFactory) -> None:
    sendpilot = factory(frozen=True)
    sendpilot.wait_until_idle()
    sendpilot.add_endpoint("http://127.0.0.1:9/nobody")
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())

    with pytest.raises(NotIdle, match=r"not idle: the clock is frozen at .*; advance it"):
        sendpilot.wait_until_idle(timeout=0.1)


# --- lifetime -------------------------------------------------------------------------------------


def test_a_sandbox_has_a_seed_and_a_contract(factory: SandboxFactory) -> None:
    seed = {
        "senders": [{"id": "s_1", "name": "Bo", "linkedinUrl": IDA}],
        "campaigns": [{"id": "c_1", "name": "One", "senderIds": ["s_1"]}],
        "leads": [{"id": "l_1", "linkedinUrl": IDA, "campaignId": "c_1", "status": "DONE"}],
        "jobs": {"startDelay": "0s", "duration": "0s"},
    }
    sendpilot = factory("live", seed=seed, patch_reply="example", starts_at=START)

    assert (sendpilot.campaign_id, sendpilot.sender_id) == ("c_1", "s_1")
    assert sendpilot.lead("l_1").status == "DONE"
    assert repr(sendpilot).endswith("contract live+patch_reply=example>")
    assert re.match(r"<Sandbox ws_\w+, ", repr(sendpilot))
    assert sendpilot.clock.now.year == 2030


def test_a_reset_returns_to_the_start(sendpilot: Sandbox, receiver: WebhookReceiver) -> None:
    endpoint = sendpilot.add_endpoint(receiver.url)
    first = sendpilot.add_lead()
    close(sendpilot, first.id)

    sendpilot.reset()

    assert (sendpilot.leads(), list(sendpilot.requests), list(sendpilot.events)) == ([], [], [])
    assert sendpilot.set_enabled(endpoint, enabled=True).secret == endpoint.secret
    assert sendpilot.add_campaign("camp_1").id == "camp_1"
    sendpilot.reset(keeps_endpoints=False)
    with pytest.raises(NotFound):
        sendpilot.set_enabled(endpoint, enabled=True)


def test_a_snapshot_is_restored(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    snapshot = sendpilot.snapshot()
    runs = []
    for _ in range(2):
        close(sendpilot, lead.id)
        runs.append([event.event_id[-9:] for event in sendpilot.events])
        sendpilot.restore(snapshot)

    assert sendpilot.lead(lead).status == "PENDING"
    assert runs[0] == runs[1]
    assert snapshot.id == "snap_1"


def test_a_closed_sandbox_is_still_read(factory: SandboxFactory) -> None:
    with factory() as sendpilot:
        lead = sendpilot.add_lead()
        close(sendpilot, lead.id)

    assert sendpilot.lead(lead).status == "DONE"
    assert [one.status for one in sendpilot.requests] == [200]
    assert len(sendpilot.events.matching("lead.status.changed")) == 1
    assert call(sendpilot, "GET", "/leads").status_code == 401
    sendpilot.close()
    sendpilot.check_faults()


def test_workspaces_do_not_know_each_other(factory: SandboxFactory) -> None:
    one, other = factory(), factory()
    one.add_lead()

    assert other.leads() == []
    assert one.api_key != other.api_key


async def _awaited(sendpilot: Sandbox) -> bool:
    lead = sendpilot.add_lead()
    sent = sendpilot.trigger("message.sent", lead_id=lead)
    await sendpilot.aio.wait_until_idle()
    await sendpilot.aio.clock.advance("1s")
    await sendpilot.aio.assert_converges(lambda: {lead.id: "PENDING"})
    return (await sendpilot.aio.events.wait_for("message.sent")).event_id == sent.event_id


def test_calls_that_wait_can_be_awaited(sendpilot: Sandbox) -> None:
    assert asyncio.run(_awaited(sendpilot))


def test_a_failure_has_a_timeline(sendpilot: Sandbox) -> None:
    close(sendpilot, sendpilot.add_lead().id)

    lines = timeline(sendpilot.backend.view(), sendpilot.backend.journal)

    assert "req_1 PATCH" in lines[0]
    assert "lead.status.changed" in lines[1]
    assert "nothing is due" in lines[-1]


def test_a_client_is_checked_in_the_world_of_the_sandbox(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    found: set[str] = set()

    def sync(base_url: str, api_key: str) -> None:
        headers = {"X-API-Key": api_key}
        response = requests.get(f"{base_url}/leads/{lead.id}", headers=headers, timeout=0.2)
        response.raise_for_status()
        found.add(response.json()["id"])

    report = sendpilot.check_client(sync, max_hang=0.5)

    assert found == {lead.id}
    assert re.search(r"gave up waiting after \d+\.\d s", str(report))


def test_evidence_is_saved(sendpilot: Sandbox, tmp_path: Path) -> None:
    close(sendpilot, sendpilot.add_lead(lead_id="lead_1").id)

    page = sendpilot.save_evidence(tmp_path / "evidence.html").read_text(encoding="utf-8")
    assert "PATCH /v1/leads/lead_1/status" in page


def test_each_method_of_a_sandbox_is_in_this_table() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    names = {name for name, _ in inspect.getmembers(Sandbox) if not name.startswith("_")}
    # What needs an emulator in this process: tests/testing/test_remote.py has how it is refused.
    names -= {"workspace", "server", "host"}
    names -= {"explore", "at_once", "deliver_all", "staged", "disarm", "renew"}

    assert {name for name in names if f".{name}" not in text} == set()
