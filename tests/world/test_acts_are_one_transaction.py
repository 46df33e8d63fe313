"""An act is one transaction: nobody sees half of it, and nothing concurrent is lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.events import CampaignChanged
from tests.world.walks import made, word


def test_a_campaign_that_is_started_and_its_enrolled_leads_are_seen_together() -> None:
    world = made(status="draft")
    simulation, store = world.workspace.sequences, world.workspace.store
    seen: list[tuple[str, bool]] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            with store.transaction():
                campaign = store.campaign("camp_1")
                seen.append((campaign.status, simulation.has_enrolled("camp_1")))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        world.act("start")
    finally:
        stop.set()
        looking.join(10)

    assert set(seen) <= {("draft", False), ("started", True)}
    assert world.campaign.status == "started"


def test_what_follows_from_an_act_comes_after_all_its_own_events() -> None:
    world = made()
    words = world.words()

    assert words[-1] == "campaign.finished"
    changes = [event.change for event in world.events]
    assert [isinstance(one, CampaignChanged) for one in changes].count(True) == 1
    assert word(changes[-2]) == world.lead.status


def test_credits_that_are_set_do_not_undo_what_is_spent_meanwhile(sendpilot: Sandbox) -> None:
    """A search spends 1 at the same time as the balance is set: either order is right."""
    workspace = sendpilot.workspace
    for _ in range(50):
        sendpilot.set_credits(subscription=100)
        with ThreadPoolExecutor(2) as pool:
            setting = pool.submit(sendpilot.set_credits, subscription=50)
            searching = pool.submit(workspace.searches.start, name="S", limit=1, filters={})
            setting.result()
            searching.result()
        assert workspace.credits.balance().available in {49, 50}


def test_setting_credits_waits_for_a_transaction(sendpilot: Sandbox) -> None:
    workspace = sendpilot.workspace
    with ThreadPoolExecutor(1) as pool:
        with workspace.store.transaction():
            before = workspace.credits.balance()
            setting = pool.submit(sendpilot.set_credits, subscription=7)
            assert not threading.Event().wait(0.05)
            assert workspace.credits.balance() == before != Balance(subscription=7)
        setting.result(5)

    assert workspace.credits.balance().available == 7
