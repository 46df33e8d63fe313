"""Traces, with requests over a socket and a receiver that makes requests itself."""

import http.client
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from mock_sendpilot import Sandbox
from mock_sendpilot.errors import NotFound
from mock_sendpilot.traffic.trace_tree import Trace, TraceNode

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
Reaction = Callable[[dict[str, str], dict[str, Any]], object]
"""A reaction to the headers, in lower-case names, and the body of a webhook."""


Shape = tuple[str, list[Any]]
"""The kind of a node, and the shapes of its children."""


class Receiver:
    """An app that reacts to each webhook before it responds, with these statuses in turn."""

    def __init__(self, react: Reaction, *statuses: int) -> None:
        self._react = react
        self._statuses = list(statuses)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        self._react(headers, orjson.loads(body))
        status = self._statuses.pop(0) if self._statuses else 204
        start_response(f"{status} Status", [("Content-Length", "0")])
        return []


def call(
    sendpilot: Sandbox,
    method: str,
    path: str,
    json: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
) -> str:
    """Make a request over a socket, and return its `X-Request-Id`."""
    connection = http.client.HTTPConnection(urlsplit(sendpilot.origin).netloc, timeout=10)
    sent = {"X-API-Key": key or sendpilot.api_key, "Content-Type": "application/json"}
    body = None if json is None else orjson.dumps(json)
    try:
        connection.request(method, path, body, {**sent, **(headers or {})})
        response = connection.getresponse()
        response.read()
        return response.headers["X-Request-Id"]
    finally:
        connection.close()


def close(sendpilot: Sandbox, lead_id: str, **headers: str) -> str:
    path = f"/v1/leads/{lead_id}/status"
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(sendpilot, "PATCH", path, {"status": "DONE"}, headers=own)


def shape(node: TraceNode) -> Shape:
    """Return the kinds of a tree, as nested pairs."""
    return (node.kind, [shape(child) for child in node.children])


def only(trace: Trace, kind: str) -> TraceNode:
    (node,) = (one for one in trace.nodes() if one.kind == kind)
    return node


def later_request(trace: Trace) -> TraceNode:
    """Return the request that an attempt led to."""
    (node,) = (one for one in trace.nodes() if one.cause == "attempt")
    return node


def ignore(_headers: dict[str, str], _event: dict[str, Any]) -> None:
    """React with nothing."""


CHAIN: Shape = ("request", [("event", [("delivery", [("attempt", [])])])])


@pytest.mark.parametrize("kind", ["request", "event", "delivery", "attempt"])
def test_a_trace_has_the_whole_chain_whatever_part_it_is_asked_for_by(
    sendpilot: Sandbox, kind: str
) -> None:
    lead = sendpilot.add_lead()
    sendpilot.add_endpoint(Receiver(ignore))
    request_id = close(sendpilot, lead.id)
    sendpilot.wait_until_idle()
    whole = sendpilot.trace(request_id)
    assert shape(whole.roots[0]) == CHAIN

    part = only(whole, kind)
    found = sendpilot.trace(part.id)
    assert [one.id for one in found.nodes()] == [one.id for one in whole.nodes()]
    assert [one.id for one in found.nodes() if one.is_match] == [part.id]


def test_each_node_says_what_it_was(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(lead_id="lead_1", status="REPLY_RECEIVED")
    endpoint = sendpilot.add_endpoint(Receiver(ignore, 500), retry_delays=[0.001])
    close(sendpilot, lead.id)
    sendpilot.clock.advance("1s")
    trace = sendpilot.trace("lead_1")
    assert [(one.kind, one.summary, one.has_failed) for one in trace.nodes()] == [
        ("request", 'PATCH /v1/leads/lead_1/status {"status":"DONE"} -> 200', False),
        ("event", "lead.status.changed lead_1: REPLY_RECEIVED -> DONE", False),
        ("delivery", f"to {endpoint.url}: succeeded", False),
        ("attempt", "attempt 1 -> 500", True),
        ("attempt", "attempt 2 -> 204", False),
    ]


# --- the calls that a receiver makes back -----------------------------------------------------


def test_a_request_that_brings_the_id_of_the_event_is_joined_to_its_attempt(
    sendpilot: Sandbox,
) -> None:
    lead, other = sendpilot.add_lead(), sendpilot.add_lead()
    sendpilot.add_endpoint(Receiver(ignore), events="lead.status.changed")
    close(sendpilot, lead.id)
    (webhook,) = sendpilot.webhooks.wait_for("lead.status.changed", count=1)
    # The receiver has responded by now, as one that works in the background.
    call(sendpilot, "GET", f"/v1/leads/{other.id}", headers={"X-Request-Id": webhook.event_id})
    back = later_request(sendpilot.trace(lead.id))
    assert (back.joined_by, back.summary) == ("requestId", f"GET /v1/leads/{other.id} -> 200")


def test_a_request_that_brings_the_message_id_of_svix_is_joined_to_its_attempt(
    sendpilot: Sandbox,
) -> None:
    lead, other = sendpilot.add_lead(), sendpilot.add_lead()

    def react(headers: dict[str, str], event: dict[str, Any]) -> None:
        if event["data"]["leadId"] == lead.id:
            close(sendpilot, other.id, X_Request_Id=headers["svix-id"])

    sendpilot.add_endpoint(Receiver(react))
    request_id = close(sendpilot, lead.id)
    sendpilot.wait_until_idle()
    (root,) = sendpilot.trace(request_id).roots
    assert shape(root) == (
        "request",
        [("event", [("delivery", [("attempt", [CHAIN])])])],
    )
    assert later_request(sendpilot.trace(request_id)).joined_by == "requestId"


def test_a_request_about_the_lead_while_the_attempt_is_running_is_joined_by_time(
    sendpilot: Sandbox,
) -> None:
    lead = sendpilot.add_lead()
    sendpilot.add_endpoint(
        Receiver(lambda _headers, _event: call(sendpilot, "GET", f"/v1/leads/{lead.id}"))
    )
    close(sendpilot, lead.id)
    sendpilot.wait_until_idle()
    back = later_request(sendpilot.trace(lead.id))
    assert (back.joined_by, back.summary) == ("time", f"GET /v1/leads/{lead.id} -> 200")


def test_a_request_about_another_lead_is_not_joined_by_time(sendpilot: Sandbox) -> None:
    lead, other = sendpilot.add_lead(lead_id="lead_1"), sendpilot.add_lead(lead_id="lead_12")
    sendpilot.add_endpoint(
        Receiver(lambda _headers, _event: call(sendpilot, "GET", f"/v1/leads/{other.id}"))
    )
    close(sendpilot, lead.id)
    sendpilot.wait_until_idle()
    assert [shape(one) for one in sendpilot.trace(lead.id).roots] == [CHAIN]


def test_a_request_after_the_attempt_is_not_joined_by_time(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    sendpilot.add_endpoint(Receiver(ignore))
    close(sendpilot, lead.id)
    sendpilot.wait_until_idle()
    call(sendpilot, "GET", f"/v1/leads/{lead.id}")
    assert [shape(one) for one in sendpilot.trace(lead.id).roots] == [CHAIN]


@pytest.mark.sendpilot(starts_at="2026-03-01T09:00:00.000700Z", frozen=True)
def test_an_event_of_whole_milliseconds_is_not_before_its_request(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)
    (request,) = sendpilot.trace(lead.id).roots
    (event,) = request.children
    assert event.at is not None
    assert request.at is not None
    assert event.at < request.at
    assert (request.offset_seconds, event.offset_seconds) == (0, 0)


def test_a_request_with_a_wrong_key_is_joined_by_what_it_brings(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()

    def react(_headers: dict[str, str], event: dict[str, Any]) -> None:
        own = {"X-Request-Id": event["eventId"]}
        call(sendpilot, "GET", "/v1/leads", headers=own, key="sp_of_production")

    sendpilot.add_endpoint(Receiver(react))
    close(sendpilot, lead.id)
    sendpilot.wait_until_idle()
    back = later_request(sendpilot.trace(lead.id))
    assert (back.summary, back.has_failed) == ("GET /v1/leads -> 401", True)
    assert (back.at, back.offset_seconds) == (None, None)


def test_each_request_of_a_retried_webhook_is_joined_to_the_attempt_before_it(
    sendpilot: Sandbox,
) -> None:
    lead = sendpilot.add_lead()

    def react(_headers: dict[str, str], event: dict[str, Any]) -> None:
        own = {"X-Request-Id": event["eventId"]}
        call(sendpilot, "GET", f"/v1/leads/{lead.id}", headers=own)

    sendpilot.add_endpoint(Receiver(react, 500, 500), retry_delays=[0.001, 0.001])
    request_id = close(sendpilot, lead.id)
    sendpilot.clock.advance("1m")
    attempt: Shape = ("attempt", [("request", [])])
    (root,) = sendpilot.trace(request_id).roots
    assert shape(root) == ("request", [("event", [("delivery", [attempt] * 3)])])


def test_a_request_with_the_traceparent_of_a_webhook_is_joined_to_its_attempt(
    sendpilot: Sandbox,
) -> None:
    lead, other = sendpilot.add_lead(), sendpilot.add_lead()

    def react(headers: dict[str, str], _event: dict[str, Any]) -> None:
        own = {"traceparent": headers["traceparent"]}
        call(sendpilot, "GET", f"/v1/leads/{other.id}", headers=own)

    sendpilot.add_endpoint(Receiver(react), pass_traceparent=True)
    close(sendpilot, lead.id, traceparent=TRACEPARENT)
    sendpilot.wait_until_idle()
    back = later_request(sendpilot.trace(lead.id))
    assert (back.joined_by, back.summary) == ("traceparent", f"GET /v1/leads/{other.id} -> 200")


@pytest.mark.parametrize(
    ("names_the_lead", "kinds"),
    [
        pytest.param(True, ["request", "event", "delivery", "attempt", "request"], id="the lead"),
        pytest.param(False, ["request", "event", "delivery", "attempt"], id="another lead"),
    ],
)
def test_a_later_request_of_the_same_trace_is_joined_if_it_names_the_lead(
    sendpilot: Sandbox, names_the_lead: bool, kinds: list[str]
) -> None:
    lead, other = sendpilot.add_lead(), sendpilot.add_lead()
    sendpilot.add_endpoint(Receiver(ignore), pass_traceparent=True)
    close(sendpilot, lead.id, traceparent=TRACEPARENT)
    sendpilot.wait_until_idle()
    path = f"/v1/leads/{lead.id if names_the_lead else other.id}"
    own = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}  # of the client of the receiver
    call(sendpilot, "GET", path, headers=own)
    assert [node.kind for node in sendpilot.trace(lead.id).nodes()] == kinds


# --- what leads to events without a request ---------------------------------------------------


@pytest.mark.sendpilot(frozen=True)
def test_the_steps_of_a_campaign_hang_on_the_request_that_started_it(sendpilot: Sandbox) -> None:
    sequence = [
        {"step": "connect", "after": "1h", "responseRate": 1.0, "respondsAfter": ["2h", "2h"]}
    ]
    sendpilot.add_campaign("camp_1", status="paused", sequence=sequence)
    lead = sendpilot.add_lead(campaign_id="camp_1")
    sendpilot.clock.advance("1h")  # the step is due, and held back
    request_id = call(sendpilot, "PATCH", "/v1/campaigns/camp_1", {"action": "resume"})
    sendpilot.clock.advance("1d")
    trace = sendpilot.trace(lead.id)
    assert trace.roots[0].id == request_id
    summaries = [one.summary.partition(" ")[0] for one in trace.nodes() if one.kind == "event"]
    assert summaries[:2] == ["campaign.resumed", "connection.sent"]
    assert "connection.accepted" in summaries
    assert {one.cause for one in trace.nodes() if one.is_match} == {"step", "response"}


@pytest.mark.parametrize("action", ["reply", "done"])
def test_a_simulated_event_says_so(sendpilot: Sandbox, action: str) -> None:
    lead = sendpilot.add_lead(status="CONNECTION_ACCEPTED")
    sendpilot.simulate(action, lead)
    for root in sendpilot.trace(lead.id).roots:
        assert (root.kind, root.cause) == ("event", "simulate")
        assert ", simulated, no endpoint wanted it" in root.summary


def test_the_end_of_a_search_hangs_on_the_request_that_started_it(sendpilot: Sandbox) -> None:
    sendpilot.set_credits(subscription=5)
    body = {"name": "S", "filters": {"job_titles": ["CTO"]}, "limit": 1}
    request_id = call(sendpilot, "POST", "/v1/lead-database/searches", body)
    sendpilot.clock.advance("1h")
    (search,) = sendpilot.workspace.searches.all()
    trace = sendpilot.trace(search.id)
    assert trace.roots[0].id == request_id
    assert only(trace, "event").cause == "job"


# --- names ------------------------------------------------------------------------------------


def test_requests_with_the_same_id_are_one_trace(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    for _ in range(2):
        close(sendpilot, lead.id, X_Request_Id="order-42")
    trace = sendpilot.trace("order-42")
    assert [root.id for root in trace.roots] == ["req_1", "req_2"]
    assert all(root.is_match for root in trace.roots)


def test_a_trace_is_found_by_the_trace_id_of_a_traceparent(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id, traceparent=TRACEPARENT)
    assert [root.id for root in sendpilot.trace(TRACE_ID).roots] == ["req_1"]


def test_an_object_can_be_passed_instead_of_its_id(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    sendpilot.add_endpoint(Receiver(ignore))
    close(sendpilot, lead.id)
    webhook = sendpilot.webhooks.wait_for("lead.status.changed")
    (request,) = sendpilot.requests
    for one in (lead, webhook, webhook.deliveries[0], request):
        assert sendpilot.trace(one).roots[0].id == "req_1"


def test_a_trace_of_a_lead_leaves_out_what_only_reads_it(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    call(sendpilot, "GET", f"/v1/leads/{lead.id}")
    refused = call(sendpilot, "PATCH", f"/v1/leads/{lead.id}/status", {"status": "WRONG"})
    assert [root.id for root in sendpilot.trace(lead.id).roots] == [refused]


def test_a_lead_that_nothing_has_happened_to_has_an_empty_trace(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    trace = sendpilot.trace(lead)
    assert trace.roots == ()
    assert str(trace) == f"nothing in the logs is about {lead.id}"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        pytest.param("lead_chekout", "did you mean 'lead_checkout'?", id="the nearest id"),
        pytest.param("xyz", "has the id 'xyz'", id="nothing near"),
        pytest.param("req_2", "has the id 'req_2'", id="a request to come"),
        pytest.param(f"lead_{'x' * 10_000}", "'lead_xxx", id="a very long one"),
    ],
)
def test_an_unknown_id_is_refused_with_the_nearest_one(
    sendpilot: Sandbox, wrong: str, hint: str
) -> None:
    lead = sendpilot.add_lead(lead_id="lead_checkout")
    close(sendpilot, lead.id)
    with pytest.raises(NotFound) as refusal:
        sendpilot.trace(wrong)
    assert hint in str(refusal.value)
    assert len(str(refusal.value)) < 500


def test_a_request_that_the_journal_has_dropped_is_said_to_be_dropped(sendpilot: Sandbox) -> None:
    call(sendpilot, "GET", "/v1/leads")
    sendpilot.backend.journal.remove_all()
    with pytest.raises(NotFound, match="the journal has dropped request 'req_1'"):
        sendpilot.trace("req_1")


# --- links that are broken --------------------------------------------------------------------


def test_an_event_whose_request_the_journal_has_dropped_says_so(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)
    sendpilot.backend.journal.remove_all()
    (root,) = sendpilot.trace(lead.id).roots
    assert (root.id, root.summary, root.is_missing) == (
        "req_1",
        "no longer in the request journal",
        True,
    )
    assert shape(root) == ("request", [("event", [])])
    (by_its_own_id,) = sendpilot.trace("req_1").roots
    assert (by_its_own_id.is_match, shape(by_its_own_id)) == (True, shape(root))


# --- bounds -----------------------------------------------------------------------------------


def test_other_effects_of_a_cause_are_only_counted(sendpilot: Sandbox) -> None:
    sequence = [{"step": "connect", "after": "1h"}]
    sendpilot.add_campaign("camp_1", status="paused", sequence=sequence)
    leads = [sendpilot.add_lead(campaign_id="camp_1") for _ in range(5)]
    sendpilot.clock.advance("1h")  # the steps are due, and held back
    call(sendpilot, "PATCH", "/v1/campaigns/camp_1", {"action": "resume"})
    sendpilot.clock.advance("1h")
    trace = sendpilot.trace(leads[0])
    (resumed,) = (one for one in trace.nodes() if one.summary.startswith("campaign.resumed"))
    assert resumed.omitted_count == 2 * 4  # a request and a status for each of the others


def test_a_long_chain_is_cut_at_both_ends(sendpilot: Sandbox) -> None:
    leads = [sendpilot.add_lead() for _ in range(80)]
    following = iter(leads[1:])

    def react(_headers: dict[str, str], event: dict[str, Any]) -> None:
        lead = next(following, None)
        if lead is not None:
            close(sendpilot, lead.id, X_Request_Id=event["eventId"])

    sendpilot.add_endpoint(Receiver(react))
    close(sendpilot, leads[0].id)
    sendpilot.webhooks.wait_for("lead.status.changed", leadId=leads[-1].id, timeout=30)
    trace = sendpilot.trace(leads[40].id)
    nodes = list(trace.nodes())
    assert len(trace.earlier_ids) == 1
    (cut_off,) = (one for one in nodes if one.omitted_count)
    assert cut_off.omitted_count == 1
    assert str(trace).endswith(f"1 more, in the trace of {cut_off.id}")
    assert len(nodes) < 70
    assert trace.lines()[0].strip() == f"{trace.earlier_ids[0]} led to this; see its trace"
