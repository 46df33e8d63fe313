"""Actions are one transaction: nobody sees half of one, and nothing concurrent is lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.events import CampaignChanged
from tests.world.outreach_world import (
    make_world,
    word_for,
)


def test_a_started_campaign_and_its_enrolled_leads_change_together() -> None:
    world = make_world(status="draft")
    sequences, store = world.workspace.sequences, world.workspace.store
    states: list[tuple[str, bool]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with store.transaction():
                campaign = store.campaign("camp_1")
                states.append((campaign.status, sequences.has_enrolled("camp_1")))

    reading = threading.Thread(target=read)
    reading.start()
    try:
        world.act("start")
    finally:
        stop.set()
        reading.join(10)

    assert set(states) <= {("draft", False), ("started", True)}
    assert world.campaign.status == "started"


def test_the_events_of_a_reaction_come_after_those_of_the_action() -> None:
    world = make_world()
    words = world.words()

    assert words[-1] == "campaign.finished"
    changes = [event.change for event in world.events]
    assert [isinstance(one, CampaignChanged) for one in changes].count(True) == 1
    assert word_for(changes[-2]) == world.lead.status


def test_setting_credits_does_not_undo_a_concurrent_payment(sendpilot: Sandbox) -> None:
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
