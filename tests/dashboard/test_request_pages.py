"""The pages of requests and traces, and the search for an id."""

import shlex
import subprocess
from collections.abc import Iterator

import orjson
import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.control.world import WORLD, parsed
from tests.dashboard.conftest import GetPage
from tests.dashboard.html import Document
from tests.dashboard.traffic import LEAD, add_endpoint, deliveries, set_status
from tests.support import DEMO_KEY, Api, eventually, in_process, over_a_socket

REQUESTS = "/ws_demo/requests"
COMMAND = "A command that makes this request again"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def code(page: Document, label: str) -> str:
    (found,) = [one for one in page.all("pre") if one.attributes.get("aria-label") == label]
    return "".join(found.text)


def first_request(api: Api) -> str:
    return str(api("GET", "/_emulate/requests").json["requests"][-1]["id"])


# --- the journal --------------------------------------------------------------------------------


def test_a_journal_without_requests_says_how_to_make_one(get_page: GetPage) -> None:
    text = get_page(REQUESTS).live("rows")
    assert "No request yet" in text
    assert "curl -X GET http://localhost/v1/campaigns" in text


def test_requests_are_listed_with_their_hints(api: Api, get_page: GetPage) -> None:
    set_status(api)
    api("PATCH", f"{LEAD}/status", json={"status": "DON"})
    rows = get_page(REQUESTS).live("rows")
    assert rows.index("!400") < rows.index("✓200")
    assert f"PATCH {LEAD}/statusstatus: expected one of" in rows


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("", ["/v1/campaigns", f"{LEAD}/status", f"{LEAD}"]),
        ("q=/status", [f"{LEAD}/status"]),
        ("q=req_1", [f"{LEAD}"]),
        ("q=lead_x", []),
        ("method=PATCH", [f"{LEAD}/status"]),
        ("status=4", [f"{LEAD}/status"]),
        ("status=5", ["/v1/campaigns"]),
        ("fault=1", ["/v1/campaigns"]),
        ("status=none", []),
    ],
)
def test_requests_are_filtered(api: Api, get_page: GetPage, query: str, paths: list[str]) -> None:
    api("GET", LEAD)
    api("PATCH", f"{LEAD}/status", json={"status": "DON"})
    api("POST", "/_emulate/faults", json={"effect": {"status": 503}})
    api("GET", "/v1/campaigns")
    links = get_page(f"{REQUESTS}?{query}").all("a")
    rows = [one for one in links if one.attributes.get("class") == "row-link"]
    assert ["".join(one.text).split()[1] for one in rows] == paths


def test_requests_without_a_known_key_have_a_list_of_their_own(api: Api, get_page: GetPage) -> None:
    api("GET", "/v1/leads", key="sp_live_unknown")
    assert "1 request had no known API key" in get_page(REQUESTS).live("rows")
    page = get_page(f"{REQUESTS}?key=none")
    assert "!401" in page.live("rows")
    (link,) = [one for one in page.all("a") if one.attributes.get("class") == "row-link"]
    detail = get_page(link.attributes["href"].removeprefix("/dashboard"))
    assert "API keynone, or an unknown one" in detail.text


def test_a_refused_request_says_what_was_wrong(api: Api, get_page: GetPage) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DON"})
    text = get_page(f"{REQUESTS}/{first_request(api)}").text
    assert "What was wrong Validation failed" in text
    assert "status: expected one of" in text
    assert "(did you mean DONE?)" in text


def test_a_request_that_worked_has_its_remark(api: Api, get_page: GetPage) -> None:
    api("GET", "/v1/leads?pagesize=3")
    text = get_page(f"{REQUESTS}/{first_request(api)}").text
    assert "Note unknown query parameters are ignored: 'pagesize'" in text
    assert "What was wrong" not in text


def test_the_fault_that_hit_a_request_is_named(api: Api, get_page: GetPage) -> None:
    fault = api("POST", "/_emulate/faults", json={"effect": {"status": 503}}).json["id"]
    api("GET", "/v1/campaigns")
    path = f"{REQUESTS}/{first_request(api)}"
    assert f"Hit by fault {fault}:" in get_page(path).text
    api("DELETE", f"/_emulate/faults/{fault}")
    assert f"Hit by fault {fault}, which was removed" in get_page(path).text


def test_a_request_without_a_response_says_so(api: Api, get_page: GetPage) -> None:
    api("POST", "/_emulate/faults", json={"effect": {"reset": "before"}})
    with pytest.raises(ConnectionError):
        set_status(api)
    text = get_page(f"{REQUESTS}/{first_request(api)}").text
    assert "✕no response" in text
    assert "A fault kept the response from the client." in text


def test_a_request_shows_both_bodies_and_the_events_it_caused(api: Api, get_page: GetPage) -> None:
    page = get_page(f"{REQUESTS}/{set_status(api)}")
    assert '"status": "DONE"' in code(page, "The body of the request")
    assert "lead_abc123" in code(page, "The body of the response")
    assert "lead.status.changed lead_abc123 no endpoint" in page.live("caused")
    assert "Operationleads.updateStatus" in page.text


def test_the_key_is_left_out_of_the_command_unless_it_is_shown(emulator: Emulator) -> None:
    emulator.load(parsed(orjson.dumps(WORLD)))
    api = in_process(create_app(emulator).test_client())
    request_id = api("GET", "/v1/campaigns", key="key_a").headers["x-request-id"]
    path = f"/dashboard/ws_a/requests/{request_id}"
    page = Document(api("GET", path, headers={"Accept": "text/html"}).body.decode())
    assert "$MOCK_SENDPILOT_API_KEY" in code(page, COMMAND)
    assert "key_a" in code(page, f"{COMMAND}, with its secrets")


def test_the_command_makes_the_request_once_more(server: EmulatorServer, get_page: GetPage) -> None:
    api = over_a_socket(server.origin)
    headers = {"X-Note": "it's 'quoted'", "Idempotency-Key": "k1"}
    body = b'{"status": "DONE", "note": "it\'s $HOME `date`"}'
    sent = {**headers, "Content-Type": "application/json"}
    assert api("PATCH", f"{LEAD}/status", body=body, headers=sent).status == 200
    page = get_page(f"{REQUESTS}/{first_request(api)}")
    command = code(page, COMMAND).replace("http://localhost", server.origin)
    run = subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=30)
    assert b"lead_abc123" in run.stdout
    first, second = (
        api("GET", f"/_emulate/requests/{one['id']}").json["request"]
        for one in api("GET", "/_emulate/requests").json["requests"]
    )
    assert first["body"] == second["body"]
    assert {name: first["headers"].get(name) for name in headers} == headers
    assert shlex.split(command)[0] == "curl"
    assert DEMO_KEY in command


# --- the trace ----------------------------------------------------------------------------------


def test_a_trace_goes_from_the_call_to_the_response_of_the_receiver(
    api: Api, get_page: GetPage, receiver: WebhookReceiver
) -> None:
    add_endpoint(api, receiver.url)
    receiver.respond(200, body={"received": True})
    request = set_status(api)
    eventually(lambda: deliveries(api)[0]["attemptCount"])
    page = get_page(f"/ws_demo/trace/{request}")
    chain = page.live("chain")
    kinds = ("request", "event", "delivery", "attempt")
    places = [chain.index(kind) for kind in kinds]
    assert places == sorted(places)
    assert len(page.all("rect")) >= 4
    assert '"status": "DONE"' in page.live("details")
    delivery = deliveries(api)[0]["id"]
    details = get_page(f"/ws_demo/trace/{request}?node={delivery}:1").live("details")
    assert '"received": true' in details
    assert "✓200" in details


def test_each_row_of_a_trace_has_details_and_a_page(
    api: Api, get_page: GetPage, receiver: WebhookReceiver
) -> None:
    add_endpoint(api, receiver.url)
    set_status(api)
    eventually(lambda: deliveries(api)[0]["attemptCount"])
    page = get_page("/ws_demo/trace/lead_abc123")
    rows = [one for one in page.all("a") if one.attributes.get("class") == "row-link"]
    assert len(rows) == 4
    for row in rows:
        detail = get_page(row.attributes["href"].removeprefix("/dashboard"))
        (link,) = [one for one in detail.all("a") if "".join(one.text) == "Open its page"]
        get_page(link.attributes["href"].removeprefix("/dashboard"))


def test_a_trace_of_what_has_not_happened_is_empty(get_page: GetPage) -> None:
    chain = get_page("/ws_demo/trace/lead_abc123").live("chain")
    assert "The logs have nothing about it." in chain


def test_an_unknown_id_is_refused_with_the_nearest_one(get_page: GetPage) -> None:
    text = get_page("/ws_demo/trace/lead_abc124", status=404).text
    assert "did you mean 'lead_abc123'?" in text


def test_the_latest_chains_and_failures_are_listed(api: Api, get_page: GetPage) -> None:
    add_endpoint(api, "http://127.0.0.1:9/closed")
    request = set_status(api)
    eventually(lambda: deliveries(api)[0]["attemptCount"])
    page = get_page("/ws_demo/trace")
    assert f"PATCH {LEAD}/status✓200" in page.live("latest")
    assert "attempt 1 -> " in page.live("failed")
    assert f"/dashboard/ws_demo/trace/{request}" in page.source


def test_the_form_of_the_trace_leads_to_the_id(api: Api) -> None:
    reply = api("GET", "/dashboard/ws_demo/trace?id=lead_abc123", key=None)
    assert (reply.status, reply.headers["location"]) == (
        303,
        "/dashboard/ws_demo/trace/lead_abc123",
    )


# --- the search for an id -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "section"),
    [
        ("request", "requests"),
        ("event", "events"),
        ("delivery", "deliveries"),
        ("endpoint", "endpoints"),
        ("attempt", "trace"),
        ("message", "trace"),
        ("request id", "trace"),
        ("unknown", "requests"),
        ("nothing", "leads"),
    ],
)
def test_the_search_finds_any_id(
    api: Api, receiver: WebhookReceiver, kind: str, section: str
) -> None:
    endpoint = add_endpoint(api, receiver.url)
    headers = {"X-Request-Id": "checkout-42"}
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"}, headers=headers)
    api("GET", "/v1/leads", key="unknown")
    received = receiver.wait_for()
    eventually(lambda: deliveries(api)[0]["attemptCount"])
    delivery = deliveries(api)[0]
    unknown = api("GET", "/_emulate/requests?withoutKey=true").json["requests"][0]["id"]
    ids = {
        "request": first_request(api),
        "event": delivery["eventId"],
        "delivery": delivery["id"],
        "endpoint": endpoint,
        "attempt": f"{delivery['id']}:1",
        "message": received.headers["svix-id"],
        "request id": "checkout-42",
        "unknown": unknown,
        "nothing": "nothing-of-this",
    }
    from urllib.parse import quote

    reply = api("GET", f"/dashboard/ws_demo/find?q={quote(ids[kind])}", key=None)
    assert reply.headers["location"].startswith(f"/dashboard/ws_demo/{section}")
    assert api("GET", reply.headers["location"], key=None).status == 200
