"""Pages in a browser: accessibility, live pages, the keyboard, and a silent console."""

import re
import time
from collections.abc import Iterable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.api.expect import LEAD
from tests.dashboard.conftest import OpenTab
from tests.dashboard.xss import ATTEMPTS
from tests.support import Api, eventually, over_a_socket

PAGES = (
    "/ws_demo",
    "/ws_demo/leads",
    "/ws_demo/leads/lead_abc123",
    "/ws_demo/campaigns",
    "/ws_demo/campaigns/camp_xyz789",
    "/ws_demo/inbox/2-OVp-y-UNyFXBYvx0FqmQ",
    "/ws_demo/jobs",
    "/ws_demo/faults",
    "/ws_demo/contract",
    "/ws_demo/world",
)
OPEN_AND_SHORTEN = """() => {
  document.querySelectorAll("main details").forEach((one) => (one.open = true));
  const rows = "tbody tr:nth-child(n+9), .conversations li:nth-child(n+9)";
  document.querySelectorAll(rows).forEach((row) => row.remove());
  const codes = [...document.querySelectorAll("pre code")].slice(2);
  codes.forEach((code) => (code.textContent = code.textContent.slice(0, 80)));
}"""
"""Opens what is folded, and removes what is like the rest: axe takes its time for each element."""
QUICKLY = {"resultTypes": ["violations"], "preload": False}
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    **QUICKLY,
}
APPEARANCE = {
    "runOnly": [
        "color-contrast",
        "link-in-text-block",
        "target-size",
        "scrollable-region-focusable",
    ],
    **QUICKLY,
}
"""The rules whose outcome depends on the colors and the width."""


@pytest.fixture
def api(server: EmulatorServer) -> Api:
    return over_a_socket(server.origin)


def lead_status(emulator: Emulator) -> str:
    return emulator.workspace("ws_demo").store.lead("lead_abc123").status


def assert_accessible(page: Page, paths: Iterable[str]) -> None:
    """Run axe on pages: in light on a desktop, and in dark on a phone, which they have to fit."""
    origin = page.url.split("/ws_demo")[0]
    for path in paths:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(origin + path)
        page.evaluate(OPEN_AND_SHORTEN)
        run_axe(page, path)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.set_viewport_size({"width": 360, "height": 900})
        run_axe(page, path, APPEARANCE)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def run_axe(page: Page, path: str, options: dict[str, object] = AXE) -> None:
    results = Axe().run(page, options=options)
    assert results.violations_count == 0, f"{path}: {results.generate_report()}"


def test_axe_finds_nothing_wrong(open_tab: OpenTab, api: Api) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    api("GET", "/v1/leads/lead_x")
    search = {"name": "Founders", "filters": {"jobTitles": ["Founder"]}, "limit": 25}
    api("POST", "/v1/lead-database/searches", json=search)
    assert_accessible(open_tab(PAGES[0]), PAGES)


def test_a_change_is_soon_on_a_second_tab(open_tab: OpenTab, api: Api) -> None:
    first, second = open_tab("/ws_demo/leads/lead_abc123"), open_tab("/ws_demo/leads")
    seconds = []
    for status, text in (("DONE", "Done"), ("OPPORTUNITY", "Opportunity"), ("PENDING", "Pending")):
        api("PATCH", f"{LEAD}/status", json={"status": status})
        replied_at = time.perf_counter()
        expect(first.locator("[data-live=head] .chip")).to_contain_text(text)
        expect(second.locator("#row-1 .chip").first).to_contain_text(text)
        seconds.append(time.perf_counter() - replied_at)
    assert sorted(seconds)[1] < 3  # which a browser waits before it listens again


def test_a_lead_is_changed_with_the_keyboard_alone(open_tab: OpenTab, emulator: Emulator) -> None:
    page = open_tab("/ws_demo/leads")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("#row-1 a")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("lead_abc123")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("John Doe")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "new-status":
            break
    page.keyboard.type("DONE")
    page.keyboard.press("Tab")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The status is set.")
    expect(page.locator("[data-live=history]")).to_contain_text("by keyboard")
    assert lead_status(emulator) == "DONE"


def test_the_keys_are_listed(open_tab: OpenTab) -> None:
    page = open_tab("/ws_demo")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_hidden()


def test_sections_are_reached_by_their_first_letter(open_tab: OpenTab) -> None:
    page = open_tab("/ws_demo")
    for key, title in (("c", "Campaigns"), ("c", "Contract"), ("w", "Webhooks"), ("w", "World")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.locator("h1")).to_have_text(title)


def test_the_clock_is_advanced_by_a_button(open_tab: OpenTab, emulator: Emulator) -> None:
    clock = emulator.workspace("ws_demo").clock
    page = open_tab("/ws_demo")
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator(".top .clock-label").first).to_have_text("Workspace clock, frozen")
    before = clock.now()
    page.get_by_role("button", name="1 day").click()
    expect(page.locator(".toast").last).to_contain_text("Advanced by 1 day.")
    assert (clock.now() - before).days == 1


def test_an_error_stays_on_the_screen_with_the_sentence_of_the_api(
    open_tab: OpenTab, api: Api
) -> None:
    page = open_tab("/ws_demo/leads/lead_abc123")
    api("POST", "/_emulate/faults", json={"effect": {"status": 503}})
    page.get_by_role("button", name="Set status").click()
    expect(page.locator(".toast.bad")).to_contain_text("Service Unavailable")


def test_a_filter_works_while_one_types(open_tab: OpenTab) -> None:
    page = open_tab("/ws_demo/leads")
    page.locator("#q").press_sequentially("john d")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=john\+d$"))
    expect(page.locator("#q")).to_be_focused()


def test_text_in_a_field_survives_a_change(open_tab: OpenTab, api: Api) -> None:
    page = open_tab("/ws_demo/leads/lead_abc123")
    note = page.locator("#text-reply")
    note.fill("half a sent")
    api("PATCH", f"{LEAD}/status", json={"status": "NOT_INTERESTED"})
    expect(page.locator("[data-live=head] .chip")).to_contain_text("Not interested")
    expect(note).to_have_value("half a sent")
    expect(note).to_be_focused()


def test_an_id_is_copied(open_tab: OpenTab) -> None:
    page = open_tab("/ws_demo/leads/lead_abc123", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the id: lead_abc123").click()
    expect(page.locator(".toast")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "lead_abc123"


def test_attempts_to_be_more_than_text_are_text_in_a_browser_too(
    open_tab: OpenTab, api: Api, emulator: Emulator
) -> None:
    page = open_tab("/ws_demo/leads")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for number, text in enumerate(ATTEMPTS):
        lead = {
            "linkedinUrl": f"https://www.linkedin.com/in/attempt-{number}",
            "campaignId": "camp_spring7",
            "firstName": text,
        }
        assert api("POST", "/_emulate/leads", json=lead).status == 201
    page.goto(page.url + "?campaign=camp_spring7")  # drawn by the server,
    expect(page.locator("tbody tr").first).to_be_visible()
    api("POST", "/_emulate/credits", json={"used": 1})  # and by the script
    page.locator("#q").fill("<script>alert(1)</script>")
    expect(page.locator("tbody tr").first).to_be_visible()
    names = page.locator(".row-link").all_text_contents()
    assert "<script>alert(1)</script>" in names
    assert dialogs == []


def test_a_page_works_for_reading_without_the_script(open_tab: OpenTab, emulator: Emulator) -> None:
    page = open_tab("/ws_demo/leads/lead_abc123", java_script_enabled=False)
    page.locator("#new-status").select_option("DONE")
    page.get_by_role("button", name="Set status").click()
    expect(page.locator("[data-live=head] .chip")).to_contain_text("Done")
    assert lead_status(emulator) == "DONE"


def test_a_browser_logs_in_once(open_tab: OpenTab, emulator: Emulator) -> None:
    with EmulatorServer(emulator, control_token="a control token") as server:
        page = open_tab("/ws_demo/leads", origin=server.origin)
        run_axe(page, "login")
        page.get_by_label("Control token").fill("a control token")
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("h1")).to_have_text("Leads")
        page.goto(f"{server.origin}/dashboard/ws_demo")
        expect(page.locator("h1")).to_have_text("Demo Outreach")
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("h1")).to_have_text("Log in")
        page.close()  # before the server: a page says in the console that it is gone


def test_a_closed_tab_gives_its_connection_back(open_tab: OpenTab, server: EmulatorServer) -> None:
    page = open_tab("/ws_demo")
    eventually(lambda: len(server._http._listener.held) == 1)
    page.close()
    eventually(lambda: not server._http._listener.held)


def test_a_hidden_tab_has_no_stream_and_is_current_when_it_is_shown_again(
    open_tab: OpenTab, api: Api, server: EmulatorServer
) -> None:
    held = server._http._listener.held
    page = open_tab("/ws_demo/leads/lead_abc123")
    eventually(lambda: len(held) == 1)
    hide(page, is_hidden=True)
    eventually(lambda: not held)
    api("PATCH", f"{LEAD}/status", json={"status": "NOT_INTERESTED"})
    hide(page, is_hidden=False)
    expect(page.locator("[data-live=head] .chip")).to_contain_text("Not interested")


def hide(page: Page, *, is_hidden: bool) -> None:
    page.evaluate(
        """(isHidden) => {
            Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


def test_time_is_shown_by_both_clocks(open_tab: OpenTab, api: Api) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True, "set": "2031-01-01T00:00:00.000Z"})
    page = open_tab("/ws_demo")
    clocks = page.locator(".top .now")
    expect(clocks).to_contain_text("Workspace clock, frozen 2031-01-01 00:00:00")
    expect(clocks).to_contain_text(re.compile(r"Real time, UTC\s+\d\d:\d\d:\d\d"))


def test_a_change_that_cannot_be_taken_back_asks_first_and_can_be_undone(
    open_tab: OpenTab, emulator: Emulator
) -> None:
    def status() -> str:
        return emulator.workspace("ws_demo").store.campaign("camp_xyz789").status

    page = open_tab("/ws_demo/campaigns/camp_xyz789")
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Cancel").click()
    assert status() == "started"
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Go ahead").click()
    expect(page.locator("[data-live=head] .chip")).to_contain_text("finished")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-live=head] .chip")).to_contain_text("started")
    assert status() == "started"


def test_a_page_says_when_the_server_is_gone_and_comes_back(
    open_tab: OpenTab, server: EmulatorServer, emulator: Emulator
) -> None:
    page = open_tab("/ws_demo", expected="ERR_")
    page.clock.install()
    page.reload()
    version = page.evaluate("document.body.dataset.version")
    port = server.port
    server.stop()
    offline = page.locator("#offline")

    def is_offline() -> bool:
        page.clock.fast_forward(1000)
        return offline.is_visible()

    eventually(is_offline)
    with EmulatorServer(emulator, port=port):
        page.clock.fast_forward(1000)
        expect(offline).to_be_hidden()
        assert page.evaluate("document.body.dataset.version") == version
        page.goto("about:blank")


def test_a_tab_says_when_another_has_removed_its_endpoint(open_tab: OpenTab, api: Api) -> None:
    reply = api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/"})
    path = f"/_emulate/endpoints/{reply.json['id']}"
    page = open_tab(f"/ws_demo/endpoints/{reply.json['id']}", expected="404")
    api("DELETE", path)
    expect(page.locator(".toast.bad")).to_contain_text("Webhook endpoint not found")
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    expect(page.locator(".toast.bad")).to_have_count(1)


def test_text_moves_along_when_a_change_puts_its_field_elsewhere(
    open_tab: OpenTab, api: Api
) -> None:
    page = open_tab("/ws_demo/leads/lead_abc123")
    first = page.locator(".steps li").first
    expect(first).to_have_attribute("id", "step-message_sent")
    reply = page.locator("#text-reply")
    reply.fill("half a sent")
    api("POST", "/_emulate/senders/sender_maria", json={"status": "disconnected"})
    page.evaluate("document.querySelector('#step-message_sent').remove()")
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    expect(first).to_have_attribute("id", "step-message_sent")
    expect(reply).to_have_value("half a sent")
