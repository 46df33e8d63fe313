"""The pages of webhooks: what they show, and what their forms do at a real receiver."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.signing import verify
from tests.dashboard.conftest import GetPage, SubmitForm
from tests.dashboard.html import Document
from tests.dashboard.traffic import LEAD, add_endpoint, deliveries, set_status
from tests.support import SECRET, Api, ApiUnder, eventually

WEBHOOKS = "/ws_demo/webhooks"
HTML = {"Accept": "text/html"}


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def endpoint(api: Api, receiver: WebhookReceiver) -> str:
    return add_endpoint(api, receiver.url, retryDelaysSeconds=[600])


@pytest.fixture
def delivery(api: Api, endpoint: str) -> str:
    """A delivery that has succeeded."""
    set_status(api)
    return finished(api)


def finished(api: Api, *, attempts: int = 1) -> str:
    """The id of the latest delivery, once it has so many attempts."""
    eventually(lambda: deliveries(api)[0]["attemptCount"] >= attempts)
    return str(deliveries(api)[0]["id"])


def settings(api: Api, endpoint: str) -> Any:
    return api("GET", f"/_emulate/endpoints/{endpoint}").json


def codes(page: Document, label: str) -> list[str]:
    """The texts of the blocks of code with a label."""
    found = [one for one in page.all("pre") if one.attributes.get("aria-label") == label]
    return ["".join(one.text) for one in found]


# --- endpoints ----------------------------------------------------------------------------------


def test_a_world_without_endpoints_says_how_to_add_one(get_page: GetPage) -> None:
    text = get_page(WEBHOOKS).live("endpoints")
    assert "No endpoint yet" in text
    assert "/_emulate/endpoints" in text
    assert "mock-sendpilot listen" in text


def test_an_endpoint_is_added(api: Api, submit: SubmitForm, receiver: WebhookReceiver) -> None:
    reply = submit(WEBHOOKS, "Add", url=receiver.url, **{"events:list": "lead.status.changed"})
    assert reply.json["ok"], reply.json
    (added,) = api("GET", "/_emulate/endpoints").json["endpoints"]
    assert (added["url"], added["events"]) == (receiver.url, ["lead.status.changed"])
    set_status(api)
    assert receiver.wait_for("lead.status.changed").json["data"]["newStatus"] == "DONE"


def test_an_endpoint_shows_its_url_state_and_counts(
    api: Api, get_page: GetPage, delivery: str, receiver: WebhookReceiver
) -> None:
    text = get_page(WEBHOOKS).live("endpoints")
    assert f"{receiver.url} ✓enabled all events 1 succeeded" in text


def test_a_wrong_url_is_refused_with_the_sentence_of_the_api(submit: SubmitForm) -> None:
    reply = submit(WEBHOOKS, "Add", url="127.0.0.1:9000")
    assert not reply.json["ok"]
    assert "url:" in f"{reply.json['message']} {reply.json['hint']}"


@pytest.mark.parametrize("path", [WEBHOOKS, "endpoint"])
def test_an_endpoint_is_disabled_and_enabled(
    api: Api, submit: SubmitForm, endpoint: str, path: str
) -> None:
    path = WEBHOOKS if path == WEBHOOKS else f"/ws_demo/endpoints/{endpoint}"
    assert submit(path, "Disable").json["ok"]
    assert settings(api, endpoint)["enabled"] is False
    assert submit(path, "Enable").json["ok"]
    assert settings(api, endpoint)["enabled"] is True


def test_an_endpoint_is_removed_and_can_be_brought_back(
    api: Api, submit: SubmitForm, post_form: SubmitForm, endpoint: str
) -> None:
    undo = submit(WEBHOOKS, "Remove").json["undo"]
    assert api("GET", f"/_emulate/endpoints/{endpoint}").status == 404
    post_form("/ws_demo/call", {"call": f"POST /_emulate/snapshots/{undo}/restore"})
    assert api("GET", f"/_emulate/endpoints/{endpoint}").status == 200


def test_an_endpoint_is_edited(api: Api, submit: SubmitForm, endpoint: str) -> None:
    fields = {
        "url": "http://127.0.0.1:9/other",
        "events:list": "lead.status.changed",
        "signatures:list": "svix",
        "signatureClock": "virtual",
        "retryDelaysSeconds:json": "[1, 2]",
        "timeoutSeconds:json": "2.5",
        "concurrency:number": "3",
        "headers:json": '{"X-Env": "staging"}',
        "passTraceparent:switch": "on",
    }
    reply = submit(f"/ws_demo/endpoints/{endpoint}", "Save", **fields)
    assert reply.json["ok"], reply.json
    found = settings(api, endpoint)
    assert (found["url"], found["events"]) == (fields["url"], ["lead.status.changed"])
    assert (found["signatures"], found["signatureClock"]) == (["svix"], "virtual")
    assert (found["retryDelaysSeconds"], found["timeoutSeconds"]) == ([1, 2], 2.5)
    assert (found["concurrency"], found["passTraceparent"]) == (3, True)
    assert found["headers"] == {"X-Env": "staging"}


def test_saving_the_settings_as_they_are_changes_nothing(
    api: Api, get_page: GetPage, post_form: SubmitForm, receiver: WebhookReceiver
) -> None:
    own = {
        "events": ["lead.status.changed"],
        "headers": {"Authorization": "Bearer a-token-of-ours"},
        "signatures": ["svix"],
        "timeoutSeconds": 5,
        "passTraceparent": True,
        "signatureClock": "virtual",
    }
    endpoint = add_endpoint(api, receiver.url, **own)
    before = settings(api, endpoint)
    page = get_page(f"/ws_demo/endpoints/{endpoint}")
    (form,) = [one for one in page.all("form") if one.fields.get("body.url") == receiver.url]
    assert post_form("/ws_demo/call", form.sent_fields).json["ok"]
    assert settings(api, endpoint) == before


def test_the_secret_is_masked_until_it_is_opened(get_page: GetPage, endpoint: str) -> None:
    page = get_page(f"/ws_demo/endpoints/{endpoint}")
    (summary,) = [
        one
        for one in page.all("summary")
        if one.attributes.get("aria-label") == "Show the signing secret"
    ]
    assert "".join(summary.text).endswith("…")
    assert SECRET not in "".join(summary.text)
    assert SECRET in page.live("secret")


def test_the_secret_is_rotated(
    api: Api, get_page: GetPage, submit: SubmitForm, endpoint: str
) -> None:
    assert submit(f"/ws_demo/endpoints/{endpoint}", "Rotate").json["ok"]
    new = api("GET", f"/_emulate/endpoints/{endpoint}/secret").json["secret"]
    text = get_page(f"/ws_demo/endpoints/{endpoint}").live("secret")
    assert new != SECRET
    assert new in text
    assert f"{SECRET} valid until" in text


def test_a_secret_in_a_url_or_a_header_is_masked(
    api: Api, get_page: GetPage, receiver: WebhookReceiver
) -> None:
    headers = {"Authorization": "Bearer a-token-of-ours"}
    endpoint = add_endpoint(api, f"{receiver.url}?token=a-token-of-ours", headers=headers)
    assert "a-token-of-ours" not in get_page(WEBHOOKS).source
    page = get_page(f"/ws_demo/endpoints/{endpoint}")
    assert "a-token-of-ours" not in page.live("head")
    (summary,) = [one for one in page.all("summary") if "Authorization" in str(one.attributes)]
    assert "a-token-of-ours" not in "".join(summary.text)


@pytest.mark.parametrize("event", ["", "message.sent"])
def test_a_test_event_is_sent(
    submit: SubmitForm, endpoint: str, receiver: WebhookReceiver, event: str
) -> None:
    if event:
        reply = submit(f"/ws_demo/endpoints/{endpoint}", "Send", eventType=event)
    else:
        reply = submit(WEBHOOKS, "Send test event")
    assert reply.json["ok"], reply.json
    received = receiver.wait_for(event or None)
    assert verify(received.headers, received.body, secret=SECRET)


def test_the_next_delivery_is_disrupted(
    api: Api, submit: SubmitForm, get_page: GetPage, endpoint: str, receiver: WebhookReceiver
) -> None:
    path = f"/ws_demo/endpoints/{endpoint}"
    assert submit(path, "Arm", kind="altered_body").json["ok"]
    set_status(api)
    received = receiver.wait_for()
    assert not verify(received.headers, received.body, secret=SECRET)
    page = get_page(f"/ws_demo/deliveries/{finished(api)}")
    assert "✕not valid" in page.live("attempts")
    assert "Disrupted on purpose: altered body." in page.live("attempts")


# --- deliveries ---------------------------------------------------------------------------------


def test_deliveries_are_listed_with_state_outcome_and_endpoint(
    get_page: GetPage, delivery: str, receiver: WebhookReceiver
) -> None:
    rows = get_page(WEBHOOKS).live("rows")
    assert f"lead.status.changedlead_abc123 ✓succeeded {receiver.url}1 200" in rows


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("state=succeeded", True),
        ("state=pending", False),
        ("event=lead.status.changed", True),
        ("event=message.sent", False),
        ("endpoint=ep_other", False),
        ("q=lead_abc123", True),
        ("q=nothing", False),
        ("page=2", False),
    ],
)
def test_deliveries_are_filtered(
    get_page: GetPage, delivery: str, query: str, is_found: bool
) -> None:
    rows = get_page(f"{WEBHOOKS}?{query}").live("rows")
    assert ("lead_abc123" in rows) == is_found
    assert is_found or "No delivery matches" in rows or "past the last one" in rows


def test_long_lists_have_pages(api: Api, get_page: GetPage, endpoint: str) -> None:
    for number in range(51):
        set_status(api, ("DONE", "OPPORTUNITY")[number % 2])
    assert "1–50 of 51" in get_page(WEBHOOKS).live("rows")
    assert "51–51 of 51" in get_page(f"{WEBHOOKS}?page=2").live("rows")


def test_a_delivery_shows_its_attempts_and_the_responses(
    api: Api, get_page: GetPage, endpoint: str, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, headers={"X-Worker": "w7"}, body={"error": "database is locked"})
    set_status(api)
    page = get_page(f"/ws_demo/deliveries/{finished(api)}")
    attempts = page.live("attempts")
    assert "Attempt 1 ✕500" in attempts
    assert "X-Workerw7" in attempts
    assert '"error": "database is locked"' in attempts
    assert "Causeretry schedule" in attempts
    assert "in 10 min" in page.live("fields")


def test_a_receiver_that_is_gone_is_reported_in_words(api: Api, get_page: GetPage) -> None:
    add_endpoint(api, "http://127.0.0.1:9/closed")
    set_status(api)
    attempts = get_page(f"/ws_demo/deliveries/{finished(api)}").live("attempts")
    assert "The receiver has not responded." in attempts
    assert "refused" in attempts


def test_the_clock_is_advanced_to_the_next_attempt(
    api: Api, submit: SubmitForm, endpoint: str, receiver: WebhookReceiver
) -> None:
    receiver.respond(500)
    set_status(api)
    path = f"/ws_demo/deliveries/{finished(api)}"
    assert submit(path, "Advance the clock to it").json["ok"]
    assert deliveries(api)[0]["state"] == "succeeded"
    assert len(receiver.received) == 2


def test_a_delivery_is_sent_again(
    api: Api, get_page: GetPage, submit: SubmitForm, delivery: str, receiver: WebhookReceiver
) -> None:
    assert submit(f"/ws_demo/deliveries/{delivery}", "Resend").json["ok"]
    first, second = receiver.wait_for(count=2)
    assert first.body == second.body
    finished(api, attempts=2)
    attempts = get_page(f"/ws_demo/deliveries/{delivery}").live("attempts")
    assert "Attempt 2 ✓200 resend" in attempts
    assert attempts.index("Attempt 2") < attempts.index("Attempt 1")


def test_a_delivery_to_a_disabled_endpoint_cannot_be_sent_again(
    api: Api, get_page: GetPage, endpoint: str, delivery: str
) -> None:
    api("PATCH", f"/_emulate/endpoints/{endpoint}", json={"enabled": False})
    page = get_page(f"/ws_demo/deliveries/{delivery}")
    (button,) = [one for one in page.all("button") if "".join(one.text) == "Resend"]
    assert "disabled" in button.attributes
    assert button.attributes["title"] == "Its endpoint is disabled"


def test_a_delivery_shows_what_was_signed_and_that_it_is_valid(
    get_page: GetPage, delivery: str, receiver: WebhookReceiver
) -> None:
    page = get_page(f"/ws_demo/deliveries/{delivery}")
    (received,) = receiver.received
    headers = {name.lower(): value for name, value in received.headers.items()}
    time = headers["svix-timestamp"]
    body = received.body.decode()
    assert codes(page, "The text that is signed") == [
        f"{time}.{body}",
        f"{headers['svix-id']}.{time}.{body}",
    ]
    assert page.live("attempts").count("✓valid") == 2
    assert len(codes(page, "A script in Python that verifies it")) == 2
    assert SECRET not in page.source


def test_the_command_of_an_attempt_makes_it_once_more(
    api: Api, get_page: GetPage, receiver: WebhookReceiver
) -> None:
    headers = {"X-Note": "it's 'quoted'", "X-Auth-Token": "a-token-of-ours"}
    add_endpoint(api, receiver.url, headers=headers)
    set_status(api)
    page = get_page(f"/ws_demo/deliveries/{finished(api)}")
    label = "A command that makes this attempt again"
    (command,) = codes(page, label)
    assert "a-token-of-ours" not in command
    (full,) = codes(page, f"{label}, with its secrets")
    subprocess.run(["sh", "-c", full], check=True, capture_output=True, timeout=30)
    first, second = receiver.wait_for(count=2)
    assert first.body == second.body
    headers_again = {name.lower(): value for name, value in second.headers.items()}
    assert (headers_again["x-note"], headers_again["x-auth-token"]) == (
        "it's 'quoted'",
        "a-token-of-ours",
    )
    assert verify(second.headers, second.body, secret=SECRET)


@pytest.mark.parametrize("path", ["deliveries/dlv_x", "endpoints/ep_x", "events/evt_x"])
def test_a_page_of_nothing_says_so(get_page: GetPage, path: str) -> None:
    assert "not found" in get_page(f"/ws_demo/{path}", status=404).text


# --- events -------------------------------------------------------------------------------------


def test_events_are_listed_and_filtered(
    api: Api, get_page: GetPage, delivery: str, receiver: WebhookReceiver
) -> None:
    path = "/ws_demo/events"
    assert "lead_abc123 request ✓succeeded" in get_page(path).live("rows")
    assert "lead_abc123" in get_page(f"{path}?event=lead.status.changed").live("rows")
    assert "No event matches" in get_page(f"{path}?origin=test").live("rows")
    assert "No event matches" in get_page(f"{path}?lead=lead_x").live("rows")


def test_an_event_shows_its_body_its_cause_and_its_deliveries(
    api: Api, get_page: GetPage, delivery: str
) -> None:
    event_id = deliveries(api)[0]["eventId"]
    page = get_page(f"/ws_demo/events/{event_id}")
    assert '"newStatus": "DONE"' in page.text
    assert "Causerequest req_1" in page.text
    assert "✓succeeded" in page.live("rows")


def test_an_event_is_sent_again_to_all(
    api: Api, submit: SubmitForm, delivery: str, receiver: WebhookReceiver
) -> None:
    event_id = deliveries(api)[0]["eventId"]
    assert submit(f"/ws_demo/events/{event_id}", "Resend to all").json["ok"]
    assert len(receiver.wait_for(count=2)) == 2


def test_the_form_of_an_event_is_made_from_its_example(api: Api, get_page: GetPage) -> None:
    page = get_page("/ws_demo/trigger?event=message.received")
    names = [one.attributes.get("name", "") for one in page.elements]
    own = [name for name in names if name.startswith("body.overrides.")]
    assert "body.overrides.replyPreview" in own
    (example,) = codes(page, "An example body of the event")
    assert '"eventType": "message.received"' in example


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_event_of_a_contract_has_a_form_that_works(
    api_under: ApiUnder, contract: str
) -> None:
    api = api_under(contract)
    known = Document(api("GET", "/dashboard/ws_demo/trigger", key=None, headers=HTML).body.decode())
    names = ["".join(one.text).strip() for one in known.all("option")]
    event_types = [name for name in names if name in named_contract(contract).event_types]
    assert len(event_types) >= 11  # some contracts do not send `lead.tag.updated`
    for name in event_types:
        path = f"/dashboard/ws_demo/trigger?event={name}"
        page = Document(api("GET", path, key=None, headers=HTML).body.decode())
        assert page.live("form").startswith(name)


def test_an_event_is_triggered_with_data_of_ones_own(
    submit: SubmitForm, endpoint: str, receiver: WebhookReceiver
) -> None:
    path = "/ws_demo/trigger?event=message.received"
    fields = {"leadId": "lead_abc123", "overrides.replyPreview": "Let's talk"}
    reply = submit(path, "Trigger", **fields)
    assert reply.json["ok"], reply.json
    data = receiver.wait_for("message.received").json["data"]
    assert (data["leadId"], data["replyPreview"]) == ("lead_abc123", "Let's talk")


def test_an_event_with_effects_changes_the_world(api: Api, submit: SubmitForm) -> None:
    path = "/ws_demo/trigger?event=lead.status.changed"
    fields = {"leadId": "lead_abc123", "overrides.newStatus": "DONE", "withEffects:switch": "on"}
    assert submit(path, "Trigger", **fields).json["ok"]
    assert api("GET", LEAD).json["status"] == "DONE"
