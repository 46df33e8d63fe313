"""A sandbox says what is wrong with what it is told, and draws the same chance again."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot.domain.contracts import CONTRACTS
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.sandbox import Sandbox

Act = Callable[[Sandbox], Any]


@pytest.mark.parametrize(
    ("act", "says"),
    [
        pytest.param(
            lambda box: box.add_lead(firstname="Ida"), "did you mean 'first_name'?", id="lead"
        ),
        pytest.param(
            lambda box: box.add_sender("s", premium=True), "did you mean 'is_premium'?", id="sender"
        ),
        pytest.param(
            lambda box: box.add_sender("s", limits={"message": 1}), "'messages'", id="limits"
        ),
        pytest.param(
            lambda box: box.add_campaign("c", sequence=[{"stp": "connect"}]),
            r"sequence\[0\]: unknown field 'stp'; did you mean 'step'",
            id="sequence",
        ),
        pytest.param(
            lambda box: box.add_campaign("c", sequence=["connect"]),
            r"sequence\[0\]: must be a JSON object",
            id="no step",
        ),
        pytest.param(lambda box: box.simulate("answer", "x"), "it was 'answer'", id="action"),
    ],
)
def test_what_is_not_right_is_refused_with_a_reason(
    sendpilot: Sandbox, act: Act, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        act(sendpilot)


def test_a_campaign_can_be_paused_by_hand(sendpilot: Sandbox) -> None:
    assert sendpilot.simulate("pause", sendpilot.campaign_id).status == "paused"


def test_a_job_can_be_ended_by_hand(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    search = sendpilot.workspace.searches.start(name="s", limit=2, filters={})

    assert sendpilot.simulate("fail", search.id, text="Too busy").error_message == "Too busy"


def test_credits_can_be_set(sendpilot: Sandbox) -> None:
    sendpilot.set_credits(subscription=3, purchased=4)

    assert sendpilot.workspace.credits.balance().available == 7


def people(server: EmulatorServer, random_seed: str) -> list[str]:
    box = Sandbox(server, CONTRACTS["live"], random_seed=random_seed)
    search = box.workspace.searches.start(name="s", limit=3, filters={})
    found = box.workspace.searches.complete(search.id).leads
    box.close()
    return [one.full_name for one in found]


def test_the_same_random_seed_gives_the_same_chance(sendpilot_server: EmulatorServer) -> None:
    assert people(sendpilot_server, "a") == people(sendpilot_server, "a")
    assert people(sendpilot_server, "a") != people(sendpilot_server, "b")


def test_keys_of_searches_are_looked_for_as_they_stand(sendpilot: Sandbox) -> None:
    search = sendpilot.workspace.searches.start(name="s", limit=1, filters={})

    event = "lead_database.search.completed"
    webhook = sendpilot.webhooks.wait_for(event, search_id=search.id, total_leads_found=1)
    assert webhook.data["search_name"] == "s"
