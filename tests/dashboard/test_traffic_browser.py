"""Webhooks, requests and traces in a browser: live, accessible, and at a real receiver."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.dashboard.conftest import OpenTab
from tests.dashboard.test_browser import assert_accessible
from tests.dashboard.traffic import LEAD, add_endpoint, deliveries, set_status
from tests.support import Api, eventually, over_a_socket


@pytest.fixture
def api(server: EmulatorServer) -> Api:
    return over_a_socket(server.origin)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def test_axe_finds_nothing_wrong(open_tab: OpenTab, api: Api, receiver: WebhookReceiver) -> None:
    endpoint = add_endpoint(api, receiver.url, headers={"X-Env": "staging"})
    add_endpoint(api, "http://127.0.0.1:9/closed", enabled=False)
    receiver.respond(500, body={"error": "database is locked"})
    set_status(api)
    api("PATCH", f"{LEAD}/status", json={"status": "DON"})
    eventually(lambda: deliveries(api)[0]["attemptCount"])
    delivery = deliveries(api)[0]
    paths = (
        "webhooks",
        f"endpoints/{endpoint}",
        f"deliveries/{delivery['id']}",
        "events",
        f"events/{delivery['eventId']}",
        "trigger",
        "requests",
        "requests/req_2",
        "trace",
        f"trace/{delivery['id']}",
    )
    assert_accessible(open_tab("/ws_demo/webhooks"), [f"/ws_demo/{path}" for path in paths])


def test_a_delivery_is_followed_live(
    open_tab: OpenTab, api: Api, receiver: WebhookReceiver
) -> None:
    add_endpoint(api, receiver.url)
    tabs = [open_tab(f"/ws_demo/{path}") for path in ("webhooks", "requests", "trace/lead_abc123")]
    webhooks, requests, trace = tabs
    set_status(api)
    expect(webhooks.locator("#row-1 .chip")).to_contain_text("succeeded")
    expect(requests.locator("#row-1")).to_contain_text(f"{LEAD}/status")
    expect(trace.locator(".waterfall li")).to_have_count(4)


def test_an_endpoint_is_added_tested_edited_and_removed(
    open_tab: OpenTab, api: Api, receiver: WebhookReceiver
) -> None:
    page = open_tab("/ws_demo/webhooks")
    page.get_by_text("Add an endpoint").click()
    page.get_by_label("URL", exact=True).fill(receiver.url)
    page.get_by_label("message.received").check()
    page.get_by_role("button", name="Add", exact=True).click()
    endpoint = page.locator("#endpoint-1")
    expect(endpoint).to_contain_text("message.received")
    endpoint.get_by_role("button", name="Send test event").click()
    assert receiver.wait_for("message.received")
    endpoint.get_by_role("link").click()
    page.get_by_text("Edit", exact=True).click()
    page.get_by_label("message.sent").check()
    url = f"{receiver.url}/other"
    page.get_by_label("URL", exact=True).fill(url)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-live=settings]")).to_contain_text("message.sent, message.received")
    expect(page.get_by_label("URL", exact=True)).to_have_value(url)
    expect(page.get_by_label("message.sent")).to_be_checked()
    page.go_back()
    page.locator("#endpoint-1").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Go ahead").click()
    expect(page.locator("[data-live=endpoints]")).to_contain_text("No endpoint yet")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#endpoint-1")).to_contain_text("/other")


def test_an_event_is_triggered_by_its_form(
    open_tab: OpenTab, api: Api, receiver: WebhookReceiver
) -> None:
    add_endpoint(api, receiver.url)
    page = open_tab("/ws_demo/trigger")
    page.locator("#event").select_option("message.received")
    expect(page.locator("#form-title")).to_have_text("message.received")
    page.get_by_label("replyPreview").fill("Let's talk")
    page.get_by_role("button", name="Trigger").click()
    expect(page.locator("[data-live=latest]")).to_contain_text("message.received")
    assert receiver.wait_for().json["data"]["replyPreview"] == "Let's talk"


def test_a_trace_is_read_without_the_script(
    open_tab: OpenTab, api: Api, receiver: WebhookReceiver
) -> None:
    add_endpoint(api, receiver.url)
    receiver.respond(503, body="try later")
    set_status(api)
    eventually(lambda: deliveries(api)[0]["attemptCount"])
    page = open_tab("/ws_demo/trace/lead_abc123", java_script_enabled=False)
    page.locator(".waterfall a.row-link").nth(3).click()
    expect(page.locator("[data-live=details]")).to_contain_text("try later")
