"""Faults, the contract and the world in a browser: forms, undo, files and downloads."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.api.expect import LEAD
from tests.dashboard.conftest import OpenTab
from tests.support import Api, over_a_socket


@pytest.fixture
def api(server: EmulatorServer) -> Api:
    return over_a_socket(server.origin)


def test_a_fault_is_armed_and_its_hit_appears(open_tab: OpenTab, api: Api) -> None:
    page = open_tab("/ws_demo/faults")
    page.get_by_label("Operation").select_option("leads.get")
    page.get_by_label("Effect", exact=True).select_option("429, try again after 2 s")
    page.get_by_label("every matching request").check()
    page.get_by_role("button", name="Arm the fault").click()
    faults = page.locator("[data-live=faults]")
    expect(faults).to_contain_text("0 hits, no limit")
    assert api("GET", LEAD).status == 429
    expect(faults).to_contain_text("1 hit, no limit")
    faults.get_by_text("1 hit", exact=True).click()
    expect(faults.get_by_role("link", name=f"GET {LEAD}")).to_be_visible()
    faults.get_by_role("button", name="Disarm", exact=True).click()
    expect(faults).to_contain_text("No fault is armed")
    assert api("GET", LEAD).status == 200


def test_a_form_is_as_before_once_it_was_sent(open_tab: OpenTab, api: Api) -> None:
    page = open_tab("/ws_demo/faults")
    for count in (1, 2):
        page.get_by_label("every matching request").check()
        page.get_by_role("button", name="Arm the fault").click()
        expect(page.locator("[data-live=faults] li")).to_have_count(count)
        expect(page.get_by_label("every matching request")).not_to_be_checked()
    faults = api("GET", "/_emulate/faults").json["faults"]
    assert [one["times"] for one in faults] == [None, None]


def test_the_contract_is_switched_and_the_switch_undone(
    open_tab: OpenTab, emulator: Emulator
) -> None:
    def name() -> str:
        return emulator.workspace("ws_demo").contract.name

    page = open_tab("/ws_demo/contract")
    page.locator("input[value=live]").check()
    page.get_by_label("Value of patch_reply").select_option("example")
    page.get_by_role("button", name="Switch and reset").click()
    page.get_by_role("button", name="Go ahead").click()
    expect(page.locator("[data-live=head]")).to_contain_text("patch_reply = example")
    assert name() == "live+patch_reply=example"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-live=head]")).not_to_contain_text("patch_reply = example")
    assert name() == "documented"
    expect(page.locator("input[value=documented]")).to_be_checked()
    expect(page.get_by_label("Value of patch_reply")).to_have_value("")


def test_a_file_is_loaded_and_a_state_downloaded(
    open_tab: OpenTab, emulator: Emulator, tmp_path: Path
) -> None:
    def lead_count() -> int:
        return len(emulator.workspace("ws_demo").store.leads())

    before = lead_count()
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"campaigns": [], "leads": []}))
    page = open_tab("/ws_demo/world")
    with page.expect_download() as download:
        page.get_by_role("link", name="State").click()
    assert download.value.suggested_filename == "ws_demo-state.json"
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Load").click()
    page.get_by_role("button", name="Go ahead").click()
    expect(page.locator(".toast")).to_contain_text("The file is loaded.")
    assert lead_count() == 0
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-live=reset]")).to_contain_text(f"{before} leads")


def test_a_reset_without_the_script_asks_and_is_done(
    open_tab: OpenTab, emulator: Emulator, api: Api
) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    page = open_tab("/ws_demo/world", java_script_enabled=False)
    page.get_by_role("button", name="Reset to the seed").click()
    page.get_by_role("button", name="Go ahead").click()
    expect(page.locator("h1")).to_have_text("World")
    assert emulator.workspace("ws_demo").store.lead("lead_abc123").status != "DONE"
    expect(page.locator("[data-live=snapshots]")).to_contain_text("automatic, before POST")
