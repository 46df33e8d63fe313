"""Faults that hit requests, over a socket."""

import http.client
import json
import time
from collections.abc import Iterator

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.faults import Faults
from mock_sendpilot.traffic.journal import RequestJournal
from mock_sendpilot.world.workspace import Workspace
from tests.support import DEMO_KEY, OTHER_KEY, Api, Reply, in_process, over_a_socket

LEAD = "/v1/leads/lead_abc123"


@pytest.fixture
def workspace(emulator: Emulator) -> Workspace:
    return emulator.keys.open(DEMO_KEY).workspace


@pytest.fixture
def faults(emulator: Emulator, workspace: Workspace) -> Faults:
    return emulator.faults(workspace)


@pytest.fixture
def journal(emulator: Emulator, workspace: Workspace) -> RequestJournal:
    return emulator.journal(workspace)


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    with EmulatorServer(emulator) as server:
        yield over_a_socket(server.origin)


def change(api: Api, **options: object) -> Reply:
    return api("PATCH", f"{LEAD}/status", json={"status": "DONE"}, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Validation failed"),
        (401, "Invalid API key"),
        (403, "API key does not have permission to access this workspace"),
        (404, "Lead not found"),
        (409, "Conflict"),
        (429, "Rate limit exceeded"),
        (500, "Internal server error"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
    ],
)
def test_a_status_comes_in_the_vendors_envelope_and_nothing_is_done(
    api: Api, faults: Faults, workspace: Workspace, status: int, message: str
) -> None:
    faults.arm(Effect(status=status))
    reply = change(api)

    assert (reply.status, reply.json["statusCode"], reply.json["message"]) == (
        status,
        status,
        message,
    )
    assert ("retry-after" in reply.headers) == (status == 429)
    assert workspace.store.lead("lead_abc123").status != "DONE"
    assert change(api).status == 200


def test_the_journal_has_the_operation_of_a_request_that_no_view_serves(
    api: Api, faults: Faults, journal: RequestJournal
) -> None:
    faults.arm(Effect(status=503))
    change(api)
    assert journal.all()[-1].operation == "leads.updateStatus"


def test_an_answer_is_lost_after_its_effect(
    api: Api, faults: Faults, workspace: Workspace, journal: RequestJournal
) -> None:
    faults.arm(Effect(status=500, after_effect=True))
    assert change(api).status == 500
    assert workspace.store.lead("lead_abc123").status == "DONE"
    assert len(journal.all()[-1].events) == 1


def test_a_retry_after_is_sent(api: Api, faults: Faults) -> None:
    faults.arm(Effect(status=503, retry_after=7))
    assert change(api).headers["retry-after"] == "7"


def test_latency_and_status_combine(api: Api, faults: Faults, journal: RequestJournal) -> None:
    faults.arm(Effect(status=503, latency_seconds=0.2))
    began_at = time.perf_counter()
    assert change(api).status == 503
    assert time.perf_counter() - began_at >= 0.2
    assert journal.all()[-1].duration_seconds >= 0.2


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        pytest.param(Effect(reset="before"), ConnectionResetError, id="reset"),
        pytest.param(Effect(reset="body"), ConnectionResetError, id="reset in the body"),
        pytest.param(Effect(empty=True), http.client.RemoteDisconnected, id="empty"),
        pytest.param(Effect(truncate=True), http.client.IncompleteRead, id="truncate"),
    ],
)
def test_a_connection_breaks(
    api: Api, faults: Faults, effect: Effect, error: type[Exception]
) -> None:
    faults.arm(effect)
    with pytest.raises(error):
        api("GET", "/v1/leads")
    assert api("GET", "/v1/leads").status == 200


def test_a_malformed_body_has_the_right_length(api: Api, faults: Faults) -> None:
    faults.arm(Effect(malformed=True))
    with pytest.raises(json.JSONDecodeError):
        json.loads(api("GET", "/v1/leads").body)


def test_another_content_type_is_sent(api: Api, faults: Faults) -> None:
    faults.arm(Effect(content_type="text/html"))
    reply = api("GET", "/v1/leads")
    assert reply.headers["content-type"] == "text/html"
    assert reply.json["leads"]


def test_a_field_is_missing(api: Api, faults: Faults) -> None:
    faults.arm(Effect(change={"missing": ["leads.id"]}))
    assert "id" not in api("GET", "/v1/leads").json["leads"][0]


def test_a_page_is_repeated(api: Api, faults: Faults) -> None:
    first = api("GET", "/v1/leads?limit=1&page=1").json
    faults.arm(Effect(page="repeated"))
    assert api("GET", "/v1/leads?limit=1&page=2").json == first
    assert api("GET", "/v1/leads?limit=1&page=2").json != first


def test_a_page_is_stale(api: Api, faults: Faults) -> None:
    before = api("GET", LEAD).json
    change(api)
    faults.arm(Effect(page="stale"))
    assert api("GET", LEAD).json == before
    assert api("GET", LEAD).json["status"] == "DONE"


def test_a_page_without_an_earlier_one_is_the_usual_one(api: Api, faults: Faults) -> None:
    faults.arm(Effect(page="stale"))
    assert api("GET", LEAD).status == 200


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(RequestPattern(operation="leads.updateStatus"), 503, id="operation"),
        pytest.param(RequestPattern(operation="leads.get"), 200, id="another operation"),
        pytest.param(RequestPattern(path="/v1/leads/{id}/status"), 503, id="path"),
        pytest.param(RequestPattern(json={"status": "DONE"}), 503, id="JSON"),
        pytest.param(RequestPattern(json={"status": "NEW"}), 200, id="other JSON"),
    ],
)
def test_only_requests_that_match_are_hit(
    api: Api, faults: Faults, pattern: RequestPattern, expected: int
) -> None:
    faults.arm(Effect(status=503), pattern=pattern)
    assert change(api).status == expected


def test_other_workspaces_and_the_control_api_are_not_hit(api: Api, faults: Faults) -> None:
    faults.arm(Effect(status=503), times=None)
    assert api("GET", "/v1/me", key=OTHER_KEY).status == 200
    assert api("GET", "/_emulate/faults").status == 200
    assert api("GET", "/v1/leads", key="sp_unknown").status == 401


def test_a_header_asks_for_a_fault_of_one_request(api: Api, journal: RequestJournal) -> None:
    assert change(api, headers={"X-Emulator-Fault": "status=503; retry-after=2"}).status == 503
    assert change(api).status == 200
    assert [entry.fault for entry in journal] == ["header", None]


def test_a_header_consumes_no_fault(api: Api, faults: Faults) -> None:
    fault = faults.arm(Effect(status=500))
    assert change(api, headers={"X-Emulator-Fault": "status=503"}).status == 503
    assert faults.get(fault.id).state == "armed"


@pytest.mark.parametrize(
    ("header", "problem"),
    [("statsu=503", "did you mean 'status'?"), ("", "expected at least one of status")],
)
def test_a_header_that_is_not_valid_is_refused(api: Api, header: str, problem: str) -> None:
    reply = change(api, headers={"X-Emulator-Fault": header})
    assert reply.status == 400
    assert problem in reply.json["message"]


def test_a_header_sets_a_content_type_with_a_parameter(api: Api) -> None:
    fault = 'content-type="text/html; charset=utf-8"'
    reply = api("GET", LEAD, headers={"X-Emulator-Fault": fault})
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


def test_a_header_works_only_with_a_known_key(api: Api) -> None:
    reply = api("GET", "/v1/leads", key=None, headers={"X-Emulator-Fault": "status=503"})
    assert reply.status == 401


def test_the_journal_names_the_fault_and_the_response_that_was_sent(
    api: Api, faults: Faults, journal: RequestJournal
) -> None:
    fault = faults.arm(Effect(status=503))
    lost = faults.arm(Effect(empty=True))
    change(api)
    with pytest.raises(http.client.RemoteDisconnected):
        change(api)
    assert [(one.fault, one.status) for one in journal] == [(fault.id, 503), (lost.id, None)]
    assert journal.all()[-1].summary().endswith("-> no response (fault empty)")


def test_a_large_body_is_hit_as_well(api: Api, faults: Faults) -> None:
    faults.arm(Effect(empty=True))
    with pytest.raises(http.client.RemoteDisconnected):
        change(api, body=b" " * 100_000 + b"{}")


def test_a_hung_caller_does_not_slow_others(emulator: Emulator, faults: Faults) -> None:
    faults.arm(Effect(hang=True), times=200)
    with EmulatorServer(emulator) as server:
        hung = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(200)]
        for connection in hung:
            connection.request("GET", "/v1/leads", headers={"X-API-Key": DEMO_KEY})
        healthy = over_a_socket(server.origin)
        while healthy("GET", "/_emulate/faults").json["faults"][0]["state"] == "armed":
            pass
        assert [healthy("GET", LEAD).status for _ in range(20)] == [200] * 20
        for connection in hung:
            connection.close()


def test_without_our_server_a_broken_connection_is_an_exception(
    emulator: Emulator, faults: Faults
) -> None:
    faults.arm(Effect(reset="before"))
    faults.arm(Effect(latency_seconds=0.01))
    api = in_process(create_app(emulator).test_client())
    with pytest.raises(ConnectionResetError):
        change(api)
    assert change(api).status == 200


def test_a_reset_disarms_all_faults(
    api: Api, emulator: Emulator, faults: Faults, workspace: Workspace
) -> None:
    faults.arm(Effect(status=503), times=None)
    emulator.reset(workspace)
    assert change(api).status == 200
    assert emulator.faults(workspace).all() == []
